# base: solved
# double: dropout_forward
# double: check_dropout_forward
# double: check_dropout_backward
# drop: check_dropout_penalty
# drop: dropconnect_forward
# drop: variational_dropout_kl
