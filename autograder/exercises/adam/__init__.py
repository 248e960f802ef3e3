"""Adaptive learning rates: the exercises of 03_adam."""
