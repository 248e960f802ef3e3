"""layernorm_forward: layer normalization of (N, D).

out = gamma * (x - mean) / sqrt(var + eps) + beta, mean and biased variance of each sample over its own D features (Ba,
Kiros and Hinton 2016, equation 3; lectures 002 and 004). Reference: torch.nn.functional.layer_norm.
"""

import numpy as np

from autograder.exercises.batchnorm._slips import AFFINE, DEFAULT_EPS, EPS
from autograder.exercises.normalization._parts import draw
from autograder.exercises.normalization._slips import AFFINE_FIRST
from autograder.judge import Case, F, Function, alternative, slips


def reference(x, gamma, beta, eps=1e-5):
    return F.layer_norm(x, x.shape[1:], gamma, beta, eps)


EXERCISE = Function(
    draw=draw,
    reference=lambda x, gamma, beta, eps=1e-5: (reference(x, gamma, beta, eps), None),
    returns=("out", None),
    section="1 · Rows instead of columns",
    typical={"n": 4, "d": 6, "gamma": "any sign"},
    sizes={"n": "samples", "d": "features"},
    many="d",
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=3, d=5, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=4, d=6, weight=2),
        Case("negative gamma, zero gamma", n=3, d=6, gamma="any sign", weight=2),
        Case("as many samples as features", n=5, d=5, gamma="any sign", weight=2),
        Case("one sample alone", n=1, d=6),
        Case("one feature: nothing is left but beta", n=4, d=1),
        Case("the default eps is 1e-5", n=4, d=6, eps=None, spread=1e-2),
        Case("another eps, 1e-2", n=4, d=6, eps=1e-2, weight=2),
        Case("samples of very different spread", n=5, d=10, spread="very different"),
        Case("a sample whose features are all equal", n=3, d=6, constant=True),
        Case("a variance of 1e-11, far below eps", n=3, d=6, spread=3e-6),
        Case("a large offset, x + 1e6", n=4, d=8, offset=1e6, rounding=True),
        # As in batchnorm_forward: a mean of numbers near 1e4 is known to 5e-4 in float32.
        Case("a large offset in float32, x + 1e4", n=4, d=8, offset=1e4, dtype="float32", rtol=5e-3, rounding=True),
    ],
)


def right(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=1, keepdims=True)
    centred = x - mean
    var = (centred**2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    return out, (x_hat, std, gamma)


MISTAKES = slips("""
batch_statistics (core):
    x.mean(axis=1, keepdims=True) -> x.mean(axis=0)
    (centred**2).mean(axis=1, keepdims=True) -> (centred**2).mean(axis=0)
    Mean and variance go over the samples (that is BatchNorm). LayerNorm takes each sample, a row of x, over its own
    features: `axis=1`.

one_statistic_of_the_batch:
    (centred**2).mean(axis=1, keepdims=True) -> (centred**2).mean(axis=0)
    or x.mean(axis=1, keepdims=True) -> x.mean(axis=0)
    One of mean and variance goes over the samples. Both are the sample's own: `axis=1`.

whole_batch (core):
    x.mean(axis=1, keepdims=True) -> x.mean()
    (centred**2).mean(axis=1, keepdims=True) -> (centred**2).mean()
    One mean and one variance for all of x: say `axis=1, keepdims=True`, so that each sample gets its own.

along_the_columns:
    x.mean(axis=1, keepdims=True) -> x.mean(axis=1)
    (centred**2).mean(axis=1, keepdims=True) -> (centred**2).mean(axis=1)
    or x.mean(axis=1, keepdims=True) -> x.mean(axis=1)
    The mean of each row has shape (N,), and NumPy lines it up with the columns: an error, or wrong numbers where N = D.
    Keep the axis: `keepdims=True`.

ddof_one (detail): (centred**2).mean(axis=1, keepdims=True) -> x.var(axis=1, keepdims=True, ddof=1)
    The variance is divided by D - 1. It is the biased one: divide by D (`ddof=0`).

mean_not_subtracted: centred / std -> x / std
    The mean stays in: subtract it from x before dividing.

rms_norm:
    x - mean -> x
    The mean is not taken away, so the spread is the root of the mean square (that is RMSNorm). LayerNorm centres each
    sample first.

not_divided (core): centred / std -> centred
    x is centred and no more: divide by the standard deviation sqrt(var + eps).
not_normalized (core): centred / std -> x
    x is scaled and shifted as it came. First make every sample's mean 0 and its variance 1: that is x_hat.

one_pass_variance (detail):
    (centred**2).mean(axis=1, keepdims=True) -> (x**2).mean(axis=1, keepdims=True) - mean**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset, and only rounding is left
    (even a negative variance). Subtract the mean first, then square.

second_moment: (centred**2).mean(axis=1, keepdims=True) -> (x**2).mean(axis=1, keepdims=True)
    This is the mean of x^2, not the variance: subtract the mean first, then square.
in_place (detail): centred = x - mean -> x -= mean; centred = x
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*EPS, *AFFINE, *AFFINE_FIRST, *DEFAULT_EPS]


@alternative
def with_loops(x, gamma, beta, *, eps=1e-5):
    out = np.empty_like(x)
    for i, row in enumerate(x):
        mean = sum(row) / len(row)
        var = sum((value - mean) ** 2 for value in row) / len(row)
        for j, value in enumerate(row):
            out[i, j] = gamma[j] * (value - mean) / (var + eps) ** 0.5 + beta[j]
    return [out, None]


@alternative
def turned(x, gamma, beta, *, eps=1e-5):
    """BatchNorm of x.T."""
    columns = x.T
    hat = (columns - columns.mean(0)) / np.sqrt(columns.var(0) + eps)
    return np.multiply(hat.T, gamma) + beta, {"hat": hat}


HINTS = [
    "Each row of x is one sample. BatchNorm described its columns; which axis do the numbers of one sample lie along?",
    "Mean and biased variance of each row with `keepdims=True`, so that they stand beside the row; gamma and beta "
    "still belong to the features. Put what the backward pass will want into `cache`.",
    "`centred = x - x.mean(axis=1, keepdims=True)`, `std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)`, "
    "`x_hat = centred / std`, `out = gamma * x_hat + beta`, `cache = (x_hat, std, gamma)`.",
]
