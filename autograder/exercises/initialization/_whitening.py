"""What the two whitenings share: drawn data, their principal axes in torch, cases, and mistakes in the lines of both:

xc = x - x.mean(axis=0)
cov = xc.T @ xc / len(x)
lam, U = np.linalg.eigh(cov)
... xc @ U / np.sqrt(lam + eps)

The spectrum of what is drawn is exact and well separated: only then are the principal axes, their signs apart, a matter
of the data and not of rounding.
"""

import numpy as np

from autograder.judge import Case, slips, torch

SIZES = {"n": "samples", "d": "features"}
TYPICAL = {"n": 12, "d": 3}
CASES = (
    Case("three features", n=12, d=3),
    Case("six features", n=40, d=6),
    Case("a large eps shows where it stands", n=20, d=4, eps=0.5),
    Case("eps is 1e-5 where it is left out", n=20, d=3, smallest=2e-5, eps=None),
    Case("a constant feature", n=20, d=4, constant=True),
    # So many eigenvalues of 0 that np.linalg.eig makes some of them complex, on any machine.
    Case("more features than samples", n=5, d=24, eps=1e-3, weight=4),
    Case("one sample: nothing is left of it", n=1, d=3, weight=0.5),
    Case("a large offset, x + 1e6", n=30, d=4, offset=1e6, rounding=True),
    Case("variances from 1e4 to 1e-2", n=30, d=4, largest=1e4, smallest=1e-2),
)


def draw(rng, case):
    """Centred scores of exactly the wanted variances, turned, and moved.

    Options: `n`, `d`; `largest`, `smallest` variance; `offset`; `constant`: one feature that never changes.
    """
    n, d = case.get("n"), case.get("d")
    free = d - bool(case.get("constant"))
    rank = min(n - 1, free)
    scores = rng.standard_normal((n, rank))
    scores = np.sqrt(n) * np.linalg.qr(scores - scores.mean(axis=0))[0]
    variances = np.geomspace(case.get("largest", 9.0), case.get("smallest", 0.25), max(rank, 2))[:rank]
    axes = np.linalg.qr(rng.standard_normal((free, free)))[0][:, :rank]
    x = scores * np.sqrt(variances) @ axes.T
    mean = rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d) + case.get("offset", 0.0)
    if case.get("constant"):
        x = np.insert(x, 1, 0.0, axis=1)
        mean[1] = 3.0
    eps = case.get("eps", 1e-5)
    return {"x": x + mean}, {} if eps is None else {"eps": eps}


def reference(x, eps=1e-5):
    """The data in their principal axes, made even, largest variance first; and the axes, in the columns."""
    xc = x - x.mean(dim=0)
    variances, axes = torch.linalg.eigh(xc.T @ xc / len(x))
    return (xc @ axes / (variances.clamp(min=0.0) + eps).sqrt()).flip(1), axes.flip(1)


WHITENING = slips("""
no_centring (core): xc = x - x.mean(axis=0) -> xc = x
    or xc.T @ xc -> x.T @ x
    or xc @ U -> x @ U
    The mean is not taken away everywhere: a covariance is that of x minus its mean, and it is the centred x that is
    turned and scaled.

wrong_mean: x.mean(axis=0) -> x.mean()
    or x.mean(axis=0) -> x.mean(axis=1, keepdims=True)
    Each feature has a mean of its own, over the samples: `x.mean(axis=0)`.

divides_by_lambda: np.sqrt(lam + eps) -> (lam + eps)
    The axes are divided by the variance lambda. It is the standard deviation that becomes 1: divide by sqrt(lambda +
    eps).

multiplies_by_root: xc @ U / np.sqrt(lam + eps) -> xc @ U * np.sqrt(lam + eps)
    The axes are multiplied by sqrt(lambda + eps), which stretches what is long already. Divide.

singular_values: np.sqrt(lam + eps) -> np.sqrt(np.sqrt(len(x) * np.maximum(lam, 0)) + eps)
    or np.sqrt(lam + eps) -> (np.sqrt(len(x) * np.maximum(lam, 0)) + eps)
    The singular values of x stand where the variances should: those are their squares over N, lambda = S**2 / N.

eps_outside_root (detail): np.sqrt(lam + eps) -> (np.sqrt(np.maximum(lam, 0)) + eps)
    `eps` is added to sqrt(lambda). It belongs to lambda, inside the root: sqrt(lambda + eps).
eps_as_floor (detail): lam + eps -> np.maximum(lam, eps)
    `eps` is the least value of lambda here. It is added to each: sqrt(lambda + eps).

eps_missing: lam + eps -> lam
    or lam + eps -> np.maximum(lam, 1e-12)
    `eps` is not used. Data without spread in some direction (more features than samples, a constant one) have lambda =
    0 there: divide by sqrt(lambda + eps).

eps_hard_coded (detail): lam + eps -> lam + 1e-5
    A fixed 1e-5 stands where `eps` should: the caller may pass another one.
default_eps (detail): eps=1e-5 -> eps=1e-8
    The default of `eps` is not 1e-5.

ddof (detail): xc.T @ xc / len(x) -> xc.T @ xc / (len(x) - 1)
    or xc.T @ xc / len(x) -> xc.T @ xc / max(len(x) - 1, 1)
    The covariance divides by N - 1, as np.cov does by itself. Asked for here is the mean over the N samples.

sum_for_mean: xc.T @ xc / len(x) -> xc.T @ xc
    The covariance is not divided by N: xc.T @ xc is a sum over the samples.
one_pass_covariance (detail): xc.T @ xc / len(x) -> x.T @ x / len(x) - np.outer(x.mean(axis=0), x.mean(axis=0))
    E[x x^T] - mean mean^T loses its digits when x has a large offset. Subtract the mean first.
correlation: xc = x - x.mean(axis=0) -> xc = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    The features are standardised first, so the correlation is whitened. Use the covariance of x as it is.
""")
