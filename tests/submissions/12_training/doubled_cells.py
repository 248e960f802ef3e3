# base: solved
# double: log_uniform
# double: check_log_uniform
# double: clip_grad_norm
# double: check_ensemble_predict
# drop: check_ema_debiased
# drop: transfer_plan
# drop: best_of_forty
