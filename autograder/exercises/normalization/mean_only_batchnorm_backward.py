"""mean_only_batchnorm_backward: gradients of batch normalization that only centres.

dx = dout - mean(dout), dbeta = sum(dout), both over the samples (Salimans and Kingma 2016, section 4: the gradient is
centred too). Reference: autograd through torch.
"""

import numpy as np

from autograder.exercises.normalization import mean_only_batchnorm_forward
from autograder.exercises.normalization.mean_only_batchnorm_forward import draw
from autograder.judge import Case, Layer, alternative, slips

EXERCISE = Layer(
    functions=("mean_only_batchnorm_forward", "mean_only_batchnorm_backward"),
    draw=draw,
    reference=mean_only_batchnorm_forward.reference,
    gradients=("x", "beta"),
    scale=lambda x, beta, dout: {"dx": np.abs(dout).max(axis=0), "dbeta": np.abs(dout).sum(axis=0)},
    section="7 · The mean alone",
    typical={"n": 6, "d": 4},
    sizes={"n": "samples", "d": "features"},
    cases=[
        Case("a few samples", n=5, d=3, weight=2),
        Case("beta 0", n=6, d=4, beta="zeros"),
        Case("a batch of 64", n=64, d=5),
        Case("as many samples as features", n=4, d=4, weight=2),
        Case("one sample: nothing comes back to x", n=1, d=4),
        Case("features of very different spread", n=8, d=5, spread="very different"),
    ],
)


def backward(dout, cache):
    dbeta = dout.sum(axis=0)
    dx = dout - dout.mean(axis=0)
    return dx, dbeta


forward = mean_only_batchnorm_forward.right
right = forward, backward

MISTAKES = slips("""
constant_mean (core): dout - dout.mean(axis=0) -> dout.copy()
    The mean is treated as a constant: dx is dout. Every x_i moves the mean, so the mean of dout is taken away.
mean_over_the_features: dout.mean(axis=0) -> dout.mean(axis=1, keepdims=True)
    The mean inside dx goes over the features. The forward's went over the samples, `axis=0`, and so does this.
one_mean: dout.mean(axis=0) -> dout.mean()
    One mean of all of dout is taken away. Each feature has its own: `axis=0`.
sum_subtracted: dout.mean(axis=0) -> dout.sum(axis=0)
    The sum of dout is taken away, not its mean: each x_i is one N-th of the mean.
mean_added: dout - dout.mean(axis=0) -> dout + dout.mean(axis=0)
    The mean of dout is added. The forward took the mean away, and so does the backward.
only_the_mean: dout - dout.mean(axis=0) -> -np.ones_like(dout) * dout.mean(axis=0)
    The direct road from out to x is missing: dx = dout - mean(dout).
dbeta_averaged: dout.sum(axis=0) -> dout.mean(axis=0)
    dbeta is averaged. All samples use the same beta: sum.

dbeta_zero: dout.sum(axis=0) -> np.zeros_like(dout[0])
    or return dx, dbeta -> return dx, dx.sum(axis=0)
    dbeta is 0, as if beta had been added before the mean was taken away. It is added after that: sum dout.

not_summed: return dx, dbeta -> return dx, dout.copy()
    dbeta still has a row for each sample: sum over `axis=0`.
dbeta_over_features: dout.sum(axis=0) -> dout.sum(axis=1)
    dbeta is summed over the features. beta belongs to them: sum over the samples, `axis=0`.
one_number: dout.sum(axis=0) -> dout.sum()
    dbeta is one number: say `axis=0`, so that every feature keeps its own.
keepdims (detail): dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    dbeta has shape (1, D). A gradient has the shape of its parameter: (D,).
dx_averaged: return dx, dbeta -> return dx / len(dout), dbeta
    dx is divided by N once more. If the loss is an average, its 1/N is in dout already.
order_swapped: return dx, dbeta -> return dbeta, dx
    The gradients come back in another order than asked for: dx, dbeta.
in_place (detail): -> given = dout; dout = dout.copy(); given -= dout.mean(axis=0)
    `dout -= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(dout, cache):
    dx, n = np.empty_like(dout), len(dout)
    totals = [sum(dout[i, j] for i in range(n)) for j in range(dout.shape[1])]
    for j, total in enumerate(totals):
        dx[:, j] = dout[:, j] - total / n
    return [dx, np.array(totals, dtype=dout.dtype)]


@alternative
def as_a_product(dout, cache):
    n = len(dout)
    centring = np.eye(n, dtype=dout.dtype) - np.full((n, n), 1 / n, dout.dtype)
    return centring.T @ dout, np.ones(n, dout.dtype) @ dout


HINTS = [
    "Two roads lead from x_i to the loss: directly, and through the mean, of which it is one N-th.",
    "What the forward did to x, the backward does to dout: it takes the column's mean away. beta was added to all "
    "samples, so dbeta is a sum.",
    "`dx = dout - dout.mean(axis=0)`, `dbeta = dout.sum(axis=0)`.",
]
