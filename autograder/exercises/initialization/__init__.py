"""Data and weights before training: the exercises of 06_initialization."""
