# Check and solution stand twice, the second solution wrong.
# base: solved
# double: check_sgd
# double: sgd
# double: why
