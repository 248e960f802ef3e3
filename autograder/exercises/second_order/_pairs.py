"""Pairs s, y of steps and changes of slope, and what BFGS makes of them, in torch."""

import numpy as np

from autograder.judge import torch

# Below this share of |s||y| a pair says nothing of the curvature, and is refused.
CURVED = 1e-10


def curvature_pair(rng, n, *, short=1.0):
    """s and y of a bowl whose curvatures lie between 0.5 and 4, so that s.y is far from 0; |s| is about `short`."""
    s = short * rng.standard_normal(n)
    axes = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return s, axes @ (rng.uniform(0.5, 4.0, n) * (axes.T @ s))


def pair_along_axes(rng, n, cosine, *, s_size=1.0, y_size=1.0):
    """s and y along two axes, so that s.y is `cosine` |s||y| to the last bit, in whatever order one adds."""
    i, j = rng.permutation(n)[:2]
    s, y = np.zeros(n), np.zeros(n)
    s[i], y[i], y[j] = 1.0, cosine, rng.choice([-1.0, 1.0]) * np.sqrt(1 - cosine**2)
    return s_size * s, y_size * y


def updated(H_inv, s, y):
    """BFGS on tensors: Nocedal and Wright (6.17), H_inv itself where the pair is refused."""
    curvature = s @ y
    if curvature <= CURVED * torch.linalg.norm(s) * torch.linalg.norm(y):
        return H_inv
    V = torch.eye(len(s), dtype=s.dtype) - torch.outer(y, s) / curvature
    return V.T @ H_inv @ V + torch.outer(s, s) / curvature


def direction(grad, s_list, y_list):
    """-H grad with the dense H that BFGS makes of the pairs in order, from gamma I of the newest pair."""
    if not s_list:
        return -grad
    s, y = s_list[-1], y_list[-1]
    H_inv = s @ y / (y @ y) * torch.eye(len(grad), dtype=grad.dtype)
    for s, y in zip(s_list, y_list, strict=True):
        V = torch.eye(len(s), dtype=s.dtype) - torch.outer(y, s) / (s @ y)
        H_inv = V.T @ H_inv @ V + torch.outer(s, s) / (s @ y)
    return -H_inv @ grad
