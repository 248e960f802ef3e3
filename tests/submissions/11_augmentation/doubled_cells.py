# base: solved
# double: check_cutout
# double: mixup
# double: setup_1
# drop: check_shift
# drop: time_stretch
# drop: horizontal_flip
