# base: solved
# double: newton_step
# double: newton_step
# double: check_newton_step
# double: check_bfgs_update
# drop: check_backtracking
# drop: bfgs_update
# drop: why_noise_breaks_pairs
