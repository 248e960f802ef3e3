# base: solved
# double: check_standardize
# double: orthogonal
# double: setup_1
# drop: check_zeros
# drop: gain
# drop: output_variance
