# base: solved
# double: check_batchnorm_forward
# double: check_batchnorm_backward
# drop: check_fold
