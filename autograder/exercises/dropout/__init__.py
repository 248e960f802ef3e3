"""Noise as a regulariser: the exercises of 10_dropout."""
