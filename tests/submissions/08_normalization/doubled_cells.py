# base: solved
# double: groupnorm_forward
# double: groupnorm_forward
# double: check_groupnorm_forward
# double: check_weightnorm_forward
# drop: check_instancenorm_forward
# drop: norm_axes
# drop: four_images
