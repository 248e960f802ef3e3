"""batchnorm_forward: batch normalization of (N, D) in training mode.

out = gamma * (x - mean) / sqrt(var + eps) + beta, mean and biased variance over the N samples (Ioffe and Szegedy 2015,
algorithm 1; lectures 000 to 004). Reference: torch.nn.functional.batch_norm(training=True), which is the same: PyTorch
normalizes with the biased variance and only remembers the unbiased one (`update_running`).
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw, output_and_cache
from autograder.exercises.batchnorm._slips import AFFINE, DDOF, DEFAULT_EPS, EPS
from autograder.judge import Case, Function, alternative, slips

EXERCISE = Function(
    draw=draw,
    reference=output_and_cache,
    returns=("out", None),
    section="1 · Make them so",
    typical={"n": 6, "d": 4},
    sizes={"n": "samples", "d": "features"},
    least={"n": 2},
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=5, d=3, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=6, d=4),
        Case("negative gamma, zero gamma", n=6, d=3, gamma="any sign"),
        Case("a batch of 64", n=64, d=5),
        Case("the default eps is 1e-5", n=6, d=3, eps=None, spread=1e-2),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("features of very different spread", n=10, d=5, spread="very different"),
        Case("a feature that is constant in the batch", n=6, d=3, constant=True),
        Case("a variance of 1e-11, far below eps", n=6, d=3, spread=3e-6),
        Case("a large offset, x + 1e6", n=8, d=4, offset=1e6, rounding=True),
        # A float32 near 1e4 is known to 5e-4, and a mean of such numbers not better: right code, loops and folded forms
        # included, is off by up to 1.5e-3 of the largest output. The one-pass variance is off by whole numbers.
        Case("a large offset in float32, x + 1e4", n=8, d=4, offset=1e4, dtype="float32", rtol=5e-3, rounding=True),
    ],
)


def right(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=0)
    centred = x - mean
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    return out, (x_hat, centred, std, gamma)


MISTAKES = slips("""
wrong_axis (core):
    x.mean(axis=0) -> x.mean(axis=1, keepdims=True)
    (centred**2).mean(axis=0) -> (centred**2).mean(axis=1, keepdims=True)
    Mean and variance go over the features of each sample (that is LayerNorm). BatchNorm takes each feature, a column of
    x, over the samples: `axis=0`.

whole_batch (core):
    x.mean(axis=0) -> x.mean()
    (centred**2).mean(axis=0) -> (centred**2).mean()
    One mean and one variance for all of x: say `axis=0`, so that each feature gets its own.

mean_not_subtracted: centred / std -> x / std
    The mean stays in: subtract it from x before dividing.
not_divided (core): centred / std -> centred
    x is centred and no more: divide by the standard deviation sqrt(var + eps).
not_normalized (core): centred / std -> x
    x is scaled and shifted as it came. First make every feature's mean 0 and its variance 1: that is x_hat.

one_pass_variance (detail): (centred**2).mean(axis=0) -> (x**2).mean(axis=0) - mean**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset, and only rounding is left
    (even a negative variance). Subtract the mean first, then square.

second_moment: (centred**2).mean(axis=0) -> (x**2).mean(axis=0)
    This is the mean of x^2, not the variance: subtract the mean first, then square.
in_place (detail): centred = x - mean -> x -= mean; centred = x
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*DDOF, *EPS, *AFFINE, *DEFAULT_EPS]


@alternative
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


@alternative
def folded(x, gamma, beta, *, eps=1e-5):
    """As a scale and a shift of x, the way PyTorch computes it on a CPU."""
    scale = np.asarray(gamma) / np.sqrt(np.var(x, axis=0) + eps)
    return x * scale + (beta - np.mean(x, axis=0) * scale), {"x": x}


HINTS = [
    "Each column of x is one feature. Which axis do the samples lie along, and which numbers describe a column?",
    "Subtract the column means, divide by the root of (biased variance + eps), then use gamma and beta. Put what you "
    "have computed into `cache`: the backward pass will want the normalized values, the spread and gamma.",
    "`centred = x - x.mean(axis=0)`, `std = np.sqrt((centred**2).mean(axis=0) + eps)`, `x_hat = centred / std`, "
    "`out = gamma * x_hat + beta`, `cache = (x_hat, centred, std, gamma)`.",
]
