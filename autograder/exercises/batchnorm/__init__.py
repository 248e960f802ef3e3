"""Batch normalization: the exercises of 07_batchnorm."""
