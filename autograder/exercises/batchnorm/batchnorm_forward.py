"""batchnorm_forward: batch normalization of (N, D) in training mode.

out = gamma * (x - mean) / sqrt(var + eps) + beta, mean and biased variance over the N samples (Ioffe and Szegedy 2015,
algorithm 1; lectures 000 to 004). Reference: torch.nn.functional.batch_norm(training=True), which is the same: PyTorch
normalizes with the biased variance and only remembers the unbiased one (`update_running`).
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw, forward, reference
from autograder.judge import Case, Function, Mistake


def outputs(x, gamma, beta, eps=1e-5):
    return reference(x, gamma, beta, eps), None


def ddof_one(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0, ddof=1) + eps) + beta, None


def eps_outside_root(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / (x.std(0) + eps) + beta, None


def eps_missing(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / x.std(0) + beta, None


def eps_ignored(x, gamma, beta, *, eps=1e-5):
    return forward(x, gamma, beta, eps=1e-5)


def wrong_axis(x, gamma, beta, *, eps=1e-5):
    x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
    return gamma * x_hat + beta, None


def whole_batch(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta, None


def gamma_missing(x, gamma, beta, *, eps=1e-5):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta, None


def beta_missing(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps), None


def affine_missing(x, gamma, beta, *, eps=1e-5):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + eps), None


def beta_scaled(x, gamma, beta, *, eps=1e-5):
    return gamma * ((x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta), None


def variance_not_rooted(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / (x.var(0) + eps) + beta, None


def mean_not_subtracted(x, gamma, beta, *, eps=1e-5):
    return gamma * x / np.sqrt(x.var(0) + eps) + beta, None


def one_pass_variance(x, gamma, beta, *, eps=1e-5):
    var = (x**2).mean(0) - x.mean(0) ** 2
    return gamma * (x - x.mean(0)) / np.sqrt(var + eps) + beta, None


def in_place(x, gamma, beta, *, eps=1e-5):
    x -= x.mean(0)
    x /= np.sqrt((x**2).mean(0) + eps)
    return gamma * x + beta, None


def with_loops(x, gamma, beta, *, eps=1e-5):
    out, cache = np.empty_like(x), {}
    n, d = x.shape
    for j in range(d):
        mean = sum(x[i, j] for i in range(n)) / n
        var = sum((x[i, j] - mean) ** 2 for i in range(n)) / n
        for i in range(n):
            out[i, j] = gamma[j] * (x[i, j] - mean) / (var + eps) ** 0.5 + beta[j]
        cache[j] = mean, var
    return [out, cache]


def staged(x, gamma, beta, *, eps=1e-5):
    """One operation a line, as a computational graph is drawn."""
    n, _ = x.shape
    mu = 1.0 / n * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = 1.0 / n * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    return gammax + beta, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)


def with_einsum(x, gamma, beta, *, eps=1e-5):
    n = len(x)
    mean = np.einsum("nd->d", x)[None] / n
    centred = x - mean
    inverse = (np.einsum("nd,nd->d", centred, centred) / n + eps) ** -0.5
    return np.einsum("nd,d,d->nd", centred, inverse, gamma) + beta, lambda: (centred, inverse)


def folded(x, gamma, beta, *, eps=1e-5):
    """As a scale and a shift of x, the way PyTorch computes it on a CPU."""
    scale = np.asarray(gamma) / np.sqrt(np.var(x, axis=0) + eps)
    return x * scale + (beta - np.mean(x, axis=0) * scale), {"x": x}


def transposed(x, gamma, beta, *, eps=1e-5):
    """Features along the rows, and another memory layout."""
    rows = x.T - x.T.mean(axis=1, keepdims=True)
    rows = rows / np.sqrt((rows * rows).mean(axis=1, keepdims=True) + eps)
    return (rows * gamma[:, None] + beta[:, None]).T, None


SECTION = "1 · Make them so"

EXERCISE = Function(
    draw=draw,
    reference=outputs,
    returns=("out", None),
    standard=("float32", "again"),
    typical={"n": 6, "d": 4},
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=5, d=3, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=6, d=4),
        Case("negative gamma, zero gamma", n=6, d=3, gamma="any sign"),
        Case("a batch of 64", n=64, d=5),
        Case("two samples", n=2, d=4),
        Case("one feature", n=7, d=1),
        Case("the default eps is 1e-5", n=6, d=3, eps=None),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("features of very different spread", n=10, d=5, spread="very different"),
        Case("a feature that is constant in the batch", n=6, d=3, constant=True),
        Case("a variance of 1e-10, far below eps", n=6, d=3, spread=1e-5, beta="zeros"),
        Case("a large offset, x + 1e6", n=8, d=4, offset=1e6),
        # A float32 near 1e4 is known to 5e-4, and a mean of such numbers not better: right code, loops and folded forms
        # included, is off by up to 1.5e-3 of the largest output. The one-pass variance is off by whole numbers.
        Case("a large offset in float32, x + 1e4", n=8, d=4, offset=1e4, dtype="float32", rtol=5e-3),
        Case("leaves its arguments as they were", n=6, d=4, mode="inputs", weight=2),
    ],
    mistakes=[
        Mistake(
            "ddof_one",
            ddof_one,
            "The variance is divided by N - 1. In training BatchNorm normalizes with the batch's own, biased variance: "
            "divide by N (`ddof=0`).",
            SECTION,
        ),
        Mistake(
            "eps_outside_root",
            eps_outside_root,
            "`eps` is added to the standard deviation. It belongs to the variance, inside the root: sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "eps_missing",
            eps_missing,
            "`eps` is not used: a feature that is the same in all samples has variance 0, and 0 / 0 is nan. Divide by "
            "sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "eps_ignored",
            eps_ignored,
            "A fixed 1e-5 stands where `eps` should: the caller may pass another one.",
            SECTION,
        ),
        Mistake(
            "wrong_axis",
            wrong_axis,
            "Mean and variance go over the features of each sample (that is LayerNorm). BatchNorm takes each feature, a "
            "column of x, over the samples: `axis=0`.",
            SECTION,
        ),
        Mistake(
            "whole_batch",
            whole_batch,
            "One mean and one variance for all of x: say `axis=0`, so that each feature gets its own.",
            SECTION,
        ),
        Mistake("gamma_missing", gamma_missing, "`gamma` is not used: it scales x_hat before beta is added.", SECTION),
        Mistake("beta_missing", beta_missing, "`beta` is not used: it shifts the scaled x_hat.", SECTION),
        Mistake(
            "affine_missing",
            affine_missing,
            "This is x_hat. The layer gives back a learned scale and shift: gamma * x_hat + beta.",
            SECTION,
        ),
        Mistake(
            "beta_scaled",
            beta_scaled,
            "`beta` is scaled by gamma. First the scale, then the shift: gamma * x_hat + beta.",
            SECTION,
        ),
        Mistake(
            "variance_not_rooted",
            variance_not_rooted,
            "The division is by the variance. The spread is its root: sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "mean_not_subtracted",
            mean_not_subtracted,
            "The mean stays in: subtract it from x before dividing.",
            SECTION,
        ),
        Mistake(
            "one_pass_variance",
            one_pass_variance,
            "E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset, and only rounding is "
            "left (even a negative variance). Subtract the mean first, then square.",
            SECTION,
        ),
        Mistake("in_place", in_place, "`x -= ...` writes into the caller's array. Make a new one.", SECTION),
    ],
    alternatives=[with_loops, staged, with_einsum, folded, transposed],
    hints=[
        "Each column of x is one feature. Which axis do the samples lie along, and which numbers describe a column?",
        "Subtract the column means, divide by the root of (biased variance + eps), then use gamma and beta. Put what you "
        "have computed into `cache`: the backward pass will want the normalized values, the spread and gamma.",
        "`centred = x - x.mean(axis=0)`, `std = np.sqrt((centred**2).mean(axis=0) + eps)`, `x_hat = centred / std`, "
        "`out = gamma * x_hat + beta`, `cache = (x_hat, centred, std, gamma)`.",
    ],
)
