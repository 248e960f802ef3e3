"""update_running: running mean and variance after one more batch.

running <- (1 - momentum) * running + momentum * (the batch's), the variance with N - 1. Reference: torch.nn.BatchNorm1d
in training mode. Lecture 002 has the same weights but remembers the biased variance; Keras's momentum is the weight of the
old value.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    x = rng.standard_normal((n, d)) * rng.uniform(1.0, 3.0, d) + rng.uniform(1.0, 3.0, d) + case.get("offset", 0.0)
    if case.get("first"):
        mean, var = np.zeros(d), np.ones(d)
    else:
        mean, var = rng.standard_normal(d) + case.get("offset", 0.0), rng.uniform(0.5, 9.0, d)
    momentum = case.get("momentum", 0.1)
    keywords = {} if momentum is None else {"momentum": momentum}
    return {"running_mean": mean, "running_var": var, "x": x}, keywords


def reference(running_mean, running_var, x, momentum=0.1):
    layer = torch.nn.BatchNorm1d(x.shape[1], momentum=momentum, dtype=x.dtype)
    layer.running_mean.copy_(running_mean)
    layer.running_var.copy_(running_var)
    layer(x)
    return layer.running_mean, layer.running_var


def scale(running_mean, running_var, x, momentum=0.1):
    # The old mean and the batch's may cancel.
    return {"running_mean": np.abs(running_mean) + np.abs(x.astype(np.float64)).max(axis=0)}


def mix(old, new, momentum):
    return (1 - momentum) * old + momentum * new


def momentum_swapped(running_mean, running_var, x, *, momentum=0.1):
    return mix(x.mean(0), running_mean, momentum), mix(x.var(0, ddof=1), running_var, momentum)


def biased_variance(running_mean, running_var, x, *, momentum=0.1):
    return mix(running_mean, x.mean(0), momentum), mix(running_var, x.var(0), momentum)


def never_updated(running_mean, running_var, x, *, momentum=0.1):
    return running_mean, running_var


def keeps_nothing(running_mean, running_var, x, *, momentum=0.1):
    return x.mean(0), x.var(0, ddof=1)


def running_std(running_mean, running_var, x, *, momentum=0.1):
    return mix(running_mean, x.mean(0), momentum), mix(running_var, x.std(0, ddof=1), momentum)


def old_not_faded(running_mean, running_var, x, *, momentum=0.1):
    return running_mean + momentum * x.mean(0), running_var + momentum * x.var(0, ddof=1)


def order_swapped(running_mean, running_var, x, *, momentum=0.1):
    return mix(running_var, x.var(0, ddof=1), momentum), mix(running_mean, x.mean(0), momentum)


def about_the_running_mean(running_mean, running_var, x, *, momentum=0.1):
    spread = ((x - running_mean) ** 2).sum(0) / (len(x) - 1)
    return mix(running_mean, x.mean(0), momentum), mix(running_var, spread, momentum)


def everything_corrected(running_mean, running_var, x, *, momentum=0.1):
    n = len(x)
    return mix(running_mean, x.mean(0), momentum), mix(running_var, x.var(0), momentum) * n / (n - 1)


def one_pass_variance(running_mean, running_var, x, *, momentum=0.1):
    n, mean = len(x), x.mean(0)
    return mix(running_mean, mean, momentum), mix(running_var, ((x**2).mean(0) - mean**2) * n / (n - 1), momentum)


def wrong_axis(running_mean, running_var, x, *, momentum=0.1):
    return mix(running_mean, x.mean(1), momentum), mix(running_var, x.var(1, ddof=1), momentum)


def in_place(running_mean, running_var, x, *, momentum=0.1):
    running_mean += momentum * (x.mean(0) - running_mean)
    running_var += momentum * (x.var(0, ddof=1) - running_var)
    return running_mean, running_var


def with_loops(running_mean, running_var, x, *, momentum=0.1):
    n, d = x.shape
    means, variances = running_mean.copy(), running_var.copy()
    for j in range(d):
        column = [float(value) for value in x[:, j]]
        mean = sum(column) / n
        means[j] = momentum * mean + (1 - momentum) * means[j]
        variances[j] = momentum * sum((v - mean) ** 2 for v in column) / (n - 1) + (1 - momentum) * variances[j]
    return [means, variances]


def biased_then_corrected(running_mean, running_var, x, *, momentum=0.1):
    n = x.shape[0]
    mean = np.mean(x, axis=0, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=0) * (n / (n - 1))
    return running_mean * (1 - momentum) + momentum * mean.squeeze(0), running_var * (1 - momentum) + momentum * var


def a_step_towards_the_batch(running_mean, running_var, x, *, momentum=0.1):
    mean, var = np.einsum("nd->d", x) / len(x), np.var(x, axis=0, ddof=1)
    new_mean, new_var = running_mean.copy(), running_var.copy()
    new_mean += momentum * (mean - running_mean)
    new_var -= momentum * (running_var - var)
    return new_mean, new_var


def from_the_covariance(running_mean, running_var, x, *, momentum=0.1):
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / (len(x) - 1)
    return mix(running_mean, x.mean(axis=0), momentum), mix(running_var, np.diag(covariance), momentum)


SECTION = "2 · A memory for later"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("running_mean", "running_var"),
    scale=scale,
    standard=("float32", "again"),
    typical={"n": 8, "d": 4},
    cases=[
        Case("the first batch, from mean 0 and variance 1", n=8, d=3, first=True),
        Case("a later batch", n=6, d=4),
        Case("two samples, where N - 1 counts most", n=2, d=3),
        Case("a batch of 64", n=64, d=5),
        Case("one feature", n=5, d=1),
        Case("the default momentum is 0.1", n=8, d=3, momentum=None),
        Case("another momentum, 0.01", n=8, d=3, momentum=0.01),
        Case("momentum=1 keeps the new batch only", n=8, d=3, momentum=1.0),
        Case("momentum=0 changes nothing", n=4, d=3, momentum=0.0),
        Case("as many samples as features", n=4, d=4, momentum=0.3),
        Case("a large offset, x + 1e7", n=8, d=4, offset=1e7, weight=2),
        Case("leaves its arguments as they were", n=6, d=4, mode="inputs", weight=2),
    ],
    mistakes=[
        Mistake(
            "momentum_swapped",
            momentum_swapped,
            "`momentum` weighs the old value here (that is Keras's way). In PyTorch and in lectures 000 and 002 it is the "
            "weight of the new batch: (1 - momentum) * running + momentum * new.",
            SECTION,
        ),
        Mistake(
            "biased_variance",
            biased_variance,
            "The variance that is remembered is divided by N (as in lecture 002). It stands for all data, so PyTorch "
            "remembers the unbiased one: N - 1, `ddof=1`.",
            SECTION,
        ),
        Mistake(
            "never_updated",
            never_updated,
            "The statistics come back as they went in: the new ones have to be returned.",
            SECTION,
        ),
        Mistake(
            "old_forgotten",
            keeps_nothing,
            "Only the last batch is remembered. The old statistics keep the weight 1 - momentum.",
            SECTION,
        ),
        Mistake(
            "running_std",
            running_std,
            "A standard deviation is mixed into `running_var`. Remember the variance; the root comes at inference.",
            SECTION,
        ),
        Mistake(
            "old_not_faded",
            old_not_faded,
            "The old value keeps its full weight, so the statistics grow with every batch: scale it by 1 - momentum.",
            SECTION,
        ),
        Mistake(
            "order_swapped",
            order_swapped,
            "The two statistics come back in the wrong order: first the mean, then the variance.",
            SECTION,
        ),
        Mistake(
            "variance_about_running_mean",
            about_the_running_mean,
            "The variance is taken about the running mean. The batch's variance is about the batch's own mean.",
            SECTION,
        ),
        Mistake(
            "everything_corrected",
            everything_corrected,
            "N / (N - 1) multiplies the old running variance too, which has it already, so it grows with every batch. "
            "Correct the batch's variance only.",
            SECTION,
        ),
        Mistake(
            "one_pass_variance",
            one_pass_variance,
            "E[x^2] - E[x]^2 loses all digits when x has a large offset. Subtract the mean first, then square.",
            SECTION,
        ),
        Mistake(
            "wrong_axis",
            wrong_axis,
            "The statistics go over the features of each sample (shape (N,), which fits only when N = D). Each feature is "
            "a column of x: `axis=0`.",
            SECTION,
        ),
        Mistake(
            "in_place",
            in_place,
            "`running_mean += ...` writes into the caller's array. Make a new one.",
            SECTION,
        ),
    ],
    alternatives=[with_loops, biased_then_corrected, a_step_towards_the_batch, from_the_covariance],
    hints=[
        "Two averages that fade: how much of the old one stays when the new batch has weight `momentum`?",
        "Compute the batch's mean and its variance (which of the two variances?), each of shape (D,). Mix each with the "
        "old one: (1 - momentum) * old + momentum * new.",
        "`x.mean(axis=0)` and `x.var(axis=0, ddof=1)`; then `(1 - momentum) * running_mean + momentum * batch_mean`, and "
        "the same for the variance.",
    ],
)
