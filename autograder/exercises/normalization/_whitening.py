"""What the two halves of decorrelated batch normalization share: drawn batches, the symmetric root in torch."""

import numpy as np

from autograder.exercises.batchnorm._batches import draw_affine
from autograder.judge import torch


def draw(rng, case):
    """Features that go together, with gamma and beta.

    Options: `n` samples of `d` features; `offset` is added to x, `spread` multiplies it; `apart` makes the principal
    variances 1, 1/2, 1/4, ... of the largest, each clearly another one; `same` makes all features one; `gamma`, `beta`,
    `eps` as in batchnorm.
    """
    n, d = case.get("n"), case.get("d")
    turn, _ = np.linalg.qr(rng.standard_normal((d, d)))
    scores = rng.standard_normal((n, d))
    if case.get("apart"):
        scores = scores - scores.mean(0)
        scores = np.linalg.qr(scores)[0] * np.sqrt(n) if n > d else scores
        scores = scores * 2.0 * 0.75 ** np.arange(d) * rng.uniform(0.95, 1.05, d)
    x = (scores * np.linspace(2.0, 0.5, d) @ turn.T + rng.uniform(-1.0, 1.0, d)) * case.get("spread", 1.0)
    x = x + case.get("offset", 0.0)
    if case.get("same"):
        x = np.repeat(x[:, :1], d, axis=1)
    gamma, beta = draw_affine(rng, d, case.get("gamma"))
    if case.get("beta") == "zeros":
        beta = np.zeros(d)
    eps = case.get("eps", 1e-5)
    return {"x": x, "gamma": gamma, "beta": beta}, {} if eps is None else {"eps": eps}


def reference(x, gamma, beta, eps=1e-5):
    """The symmetric inverse root by eigenvectors."""
    centred = x - x.mean(0)
    cov = centred.T @ centred / len(x)
    variances, axes = torch.linalg.eigh(cov + eps * torch.eye(len(cov), dtype=x.dtype))
    return gamma * (centred @ axes / torch.sqrt(variances) @ axes.T) + beta
