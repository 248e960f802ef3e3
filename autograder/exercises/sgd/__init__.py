"""Gradient descent and its variants: the exercises of 02_sgd."""
