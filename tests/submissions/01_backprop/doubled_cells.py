# base: solved
# double: setup_1
# double: relu
# double: check_relu
# double: check_two_layer_loss
# drop: check_tanh
# drop: multiclass_hinge
# drop: linear_forward
