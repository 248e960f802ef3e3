# base: solved
# double: soft_threshold
# double: check_soft_threshold
# double: early_stopping
# double: check_fgsm
# drop: check_ridge_shrinkage
# drop: elastic_net
# drop: three_ways
