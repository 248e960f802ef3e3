"""Helpers for students: data, gradients, landscapes, plots, training, widgets (NumPy only, never torch)."""
