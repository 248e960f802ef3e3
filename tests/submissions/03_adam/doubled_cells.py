# base: solved
# double: adam
# double: adam
# double: check_adam
# double: check_adamw
# drop: check_amsgrad
# drop: adadelta
# drop: why_strength_cancels
