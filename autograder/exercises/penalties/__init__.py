"""Penalties on weights, labels and time: the exercises of 09_penalties."""
