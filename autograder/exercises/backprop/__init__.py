"""Networks, losses, gradients: the exercises of 01_backprop."""
