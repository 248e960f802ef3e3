"""Curvature: the exercises of 05_second_order."""
