# base: solved
# double: check_sgd
# double: momentum
# drop: linear_warmup
