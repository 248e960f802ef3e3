"""Symmetric matrices of given curvatures, for the exercises that look at or learn a Hessian."""

import numpy as np


def basis(rng, n):
    """An orthogonal basis of n dimensions."""
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def symmetric(rng, eigenvalues):
    """A symmetric matrix with these eigenvalues, its axes drawn."""
    axes = basis(rng, len(eigenvalues))
    matrix = (axes * np.asarray(eigenvalues, float)) @ axes.T
    return (matrix + matrix.T) / 2
