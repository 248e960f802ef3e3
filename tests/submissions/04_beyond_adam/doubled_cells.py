# base: solved
# double: radam
# double: check_radam
# double: check_adamnorm
# drop: check_adam_mc
# drop: diffgrad
# drop: which_table
