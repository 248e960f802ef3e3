"""mean_only_batchnorm_forward: batch normalization that centres and does not divide.

out = x - mean + beta, the mean of each feature over the samples (Salimans and Kingma 2016, section 4; lecture 004):
weight normalization takes care of the scale. Reference: torch.
"""

import numpy as np

from autograder.exercises.batchnorm import _batches
from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    positional, _ = _batches.draw(rng, case)
    return {"x": positional["x"], "beta": positional["beta"]}, {}


def reference(x, beta):
    return x - x.mean(0) + beta


EXERCISE = Function(
    draw=draw,
    reference=lambda x, beta: (reference(x, beta), None),
    returns=("out", None),
    section="7 · The mean alone",
    typical={"n": 6, "d": 4},
    sizes={"n": "samples", "d": "features"},
    # What is left of a difference is known to the size of x.
    scale=lambda x, beta: {"out": max(1.0, np.abs(x).max(initial=0.0))},
    cases=[
        Case("a few samples", n=5, d=3, weight=2),
        Case("beta 0", n=6, d=4, beta="zeros"),
        Case("a batch of 64", n=64, d=5),
        Case("as many samples as features", n=4, d=4, weight=2),
        Case("one sample: beta is all that is left", n=1, d=4),
        Case("features of very different spread", n=8, d=5, spread="very different"),
        Case("a feature that is constant in the batch", n=6, d=3, constant=True),
        Case("a large offset, x + 1e6", n=8, d=4, offset=1e6),
    ],
)


def right(x, beta):
    n = len(x)
    mean = x.mean(axis=0)
    out = x - mean + beta
    return out, n


MISTAKES = slips("""
over_the_features (core): x.mean(axis=0) -> x.mean(axis=1, keepdims=True)
    The mean goes over the features of each sample. It is each feature's own, over the samples: `axis=0`.
whole_batch (core): x.mean(axis=0) -> x.mean()
    One mean for all of x: say `axis=0`, so that each feature gets its own.

divided_too (core): x - mean + beta -> (x - mean) / np.sqrt(x.var(axis=0) + 1e-5) + beta
    or x - mean + beta -> (x - mean) / (x.std(axis=0) + 1e-5) + beta
    or x - mean + beta -> (x - mean) / np.sqrt(x.var(axis=0) + 1e-8) + beta
    or x - mean + beta -> (x - mean) / x.std(axis=0) + beta
    x is divided by its deviation too: that is BatchNorm. Here the mean is taken away, and nothing is divided.

beta_vanishes (core): x - mean + beta -> x - mean
    or x.mean(axis=0) -> (x + beta).mean(axis=0)
    beta has no effect: it is left out, or added before the mean is taken away, which takes it away again. Centre first,
    then add beta.

mean_not_subtracted (core): x - mean + beta -> x + beta
    The mean stays in: x - mean + beta.
mean_added: x - mean + beta -> x + mean + beta
    The mean is added. It is taken away.
beta_subtracted: x - mean + beta -> x - mean - beta
    beta is taken away. It is added.
sum_subtracted: x.mean(axis=0) -> x.sum(axis=0)
    The sum is taken away, not the mean: divide by N.
median_subtracted: x.mean(axis=0) -> np.median(x, axis=0)
    The median is taken away, not the mean.
in_place (detail): n = len(x) -> n = len(x); given = x; x = x.copy(); given -= x.mean(axis=0)
    `x -= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(x, beta):
    out = np.empty_like(x)
    for j in range(x.shape[1]):
        mean = sum(x[:, j]) / len(x)
        out[:, j] = [value - mean + beta[j] for value in x[:, j]]
    return [out, None]


@alternative
def as_a_product(x, beta):
    """Centred by a matrix."""
    n = len(x)
    centring = np.eye(n, dtype=x.dtype) - np.full((n, n), 1 / n, x.dtype)
    return centring @ x + beta, {"n": n}


HINTS = [
    "BatchNorm without its division, and without gamma. Which axis does the mean go over?",
    "Take each column's mean away, then add beta. Hardly anything is left for the cache.",
    "`out = x - x.mean(axis=0) + beta`; `cache = len(x)` is enough.",
]
