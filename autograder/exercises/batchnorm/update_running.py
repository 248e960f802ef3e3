"""update_running: running mean and variance after one more batch.

running <- (1 - momentum) * running + momentum * (the batch's), the variance with N - 1. Reference: torch.nn.BatchNorm1d
in training mode. Lecture 002 has the same weights but remembers the biased variance; Keras's momentum is the weight of
the old value.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    spread = case.get("spread", 1.0)
    x = rng.standard_normal((n, d)) * rng.uniform(1.0, 3.0, d) * spread + rng.uniform(1.0, 3.0, d)
    x = x + case.get("offset", 0.0)
    if case.get("first"):
        mean, var = np.zeros(d), np.ones(d)
    else:
        mean, var = rng.standard_normal(d) + case.get("offset", 0.0), rng.uniform(0.5, 9.0, d) * spread**2
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


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("running_mean", "running_var"),
    scale=scale,
    section="2 · A memory for later",
    typical={"n": 8, "d": 4, "momentum": 0.3},
    sizes={"n": "samples", "d": "features"},
    least={"n": 2},
    wide=("running_mean", "running_var", "x"),
    cases=[
        Case("the first batch, from mean 0 and variance 1", n=8, d=3, first=True, momentum=0.1),
        Case("a later batch", n=6, d=4, momentum=0.2),
        Case("a batch of 64", n=64, d=5, momentum=0.4),
        Case("the default momentum is 0.1", n=8, d=3, momentum=None),
        Case("another momentum, 0.01", n=8, d=3, momentum=0.01),
        Case("momentum=1 keeps the new batch only", n=8, d=3, momentum=1.0),
        Case("momentum=0 changes nothing", n=4, d=3, momentum=0.0),
        Case("as many samples as features", n=4, d=4, momentum=0.3),
        Case("features that hardly vary", n=6, d=3, spread=1e-3, momentum=0.4),
        Case("a large offset, x + 1e7", n=8, d=4, offset=1e7, momentum=0.2, rounding=True),
    ],
)


def right(running_mean, running_var, x, *, momentum=0.1):
    batch_mean = x.mean(axis=0)
    batch_var = x.var(axis=0, ddof=1)
    running_mean = (1 - momentum) * running_mean + momentum * batch_mean
    running_var = (1 - momentum) * running_var + momentum * batch_var
    return running_mean, running_var


MISTAKES = slips("""
momentum_swapped:
    (1 - momentum) * running_mean + momentum * batch_mean -> momentum * running_mean + (1 - momentum) * batch_mean
    (1 - momentum) * running_var + momentum * batch_var -> momentum * running_var + (1 - momentum) * batch_var
    `momentum` weighs the old value here (that is Keras's way). In PyTorch and in lectures 000 and 002 it is the weight
    of the new batch: (1 - momentum) * running + momentum * new.

biased_variance (detail): x.var(axis=0, ddof=1) -> x.var(axis=0)
    The variance that is remembered is divided by N (as in lecture 002). It stands for all data, so PyTorch remembers
    the unbiased one: N - 1, `ddof=1`.

never_updated (core): -> return running_mean, running_var
    The statistics come back as they went in: the new ones have to be returned.

only_one_updated: running_mean = (1 - momentum) * running_mean + momentum * batch_mean ->
    or running_var = (1 - momentum) * running_var + momentum * batch_var ->
    One of the two statistics comes back as it went in. Update both.

old_forgotten (core):
    (1 - momentum) * running_mean + momentum * batch_mean -> batch_mean
    (1 - momentum) * running_var + momentum * batch_var -> batch_var
    Only the last batch is remembered. The old statistics keep the weight 1 - momentum.

running_std: x.var(axis=0, ddof=1) -> x.std(axis=0, ddof=1)
    or x.var(axis=0, ddof=1) -> x.std(axis=0)
    or x.var(axis=0, ddof=1) -> np.sqrt(x.var(axis=0) + 1e-5)
    A standard deviation is mixed into `running_var`. Remember the variance, with N - 1; the root comes at inference.

eps_remembered (detail): momentum * batch_var -> momentum * (batch_var + 1e-5)
    or momentum * batch_var -> momentum * (batch_var + 1e-8)
    An `eps` goes into the variance that is remembered. It is added when the variance is used, at inference.

old_not_faded:
    (1 - momentum) * running_mean -> running_mean
    (1 - momentum) * running_var -> running_var
    The old value keeps its full weight, so the statistics grow with every batch: scale it by 1 - momentum.

new_not_weighted:
    momentum * batch_mean -> batch_mean
    momentum * batch_var -> batch_var
    The new batch goes in with its full weight, so the statistics grow: scale it by momentum.

order_swapped: return running_mean, running_var -> return running_var, running_mean
    The two statistics come back in the wrong order: first the mean, then the variance.

variance_about_running_mean: x.var(axis=0, ddof=1) -> ((x - running_mean) ** 2).sum(axis=0) / (len(x) - 1)
    or x.var(axis=0, ddof=1) -> ((x - running_mean) ** 2).mean(axis=0)
    The variance is taken about the running mean. The batch's variance is about the batch's own mean.

everything_corrected:
    x.var(axis=0, ddof=1) -> x.var(axis=0)
    return running_mean, running_var -> return running_mean, running_var * len(x) / (len(x) - 1)
    N / (N - 1) multiplies the old running variance too, which has it already, so it grows with every batch. Correct the
    batch's variance only.

corrected_twice: x.var(axis=0, ddof=1) -> x.var(axis=0, ddof=1) * len(x) / (len(x) - 1)
    The variance is corrected twice: `ddof=1` divides by N - 1 already, and N / (N - 1) does so once more.
correction_inverted: x.var(axis=0, ddof=1) -> x.var(axis=0) * (len(x) - 1) / len(x)
    The correction is upside down: a biased variance is too small, so the factor N / (N - 1) is larger than 1.

one_pass_variance (detail):
    x.var(axis=0, ddof=1) -> ((x**2).mean(axis=0) - batch_mean**2) * len(x) / (len(x) - 1)
    E[x^2] - E[x]^2 loses all digits when x has a large offset. Subtract the mean first, then square.

wrong_axis (core):
    x.mean(axis=0) -> x.mean(axis=1)
    x.var(axis=0, ddof=1) -> x.var(axis=1, ddof=1)
    The statistics go over the features of each sample (shape (N,), which fits only when N = D). Each feature is a
    column of x: `axis=0`.

whole_batch (core):
    x.mean(axis=0) -> x.mean()
    x.var(axis=0, ddof=1) -> x.var(ddof=1)
    One mean and one variance for all of x: say `axis=0`, so that each feature gets its own.

keepdims (detail): return running_mean, running_var -> return running_mean[None], running_var[None]
    The statistics come back with shape (1, D). They keep their shape (D,): no `keepdims`.

momentum_hard_coded: -> momentum = 0.1
    `momentum` makes no difference: a fixed 0.1 stands in its place. Use what is passed in; the default in the signature
    is enough.

default_momentum (detail): momentum=0.1 -> momentum=0.9
    or momentum=0.1 -> momentum=0.99
    or momentum=0.1 -> momentum=0.01
    The default of `momentum` is another number. It is 0.1, the weight of the new batch, as in PyTorch.

in_place (detail):
    (1 - momentum) * running_mean -> np.multiply(running_mean, 1 - momentum, out=running_mean)
    `running_mean += ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(running_mean, running_var, x, *, momentum=0.1):
    n, d = x.shape
    means, variances = running_mean.copy(), running_var.copy()
    for j in range(d):
        column = [float(value) for value in x[:, j]]
        mean = sum(column) / n
        means[j] = momentum * mean + (1 - momentum) * means[j]
        variances[j] = momentum * sum((v - mean) ** 2 for v in column) / (n - 1) + (1 - momentum) * variances[j]
    return [means, variances]


@alternative
def a_step_towards_the_batch(running_mean, running_var, x, *, momentum=0.1):
    mean = np.einsum("nd->d", x) / len(x)
    var = np.mean((x - mean) ** 2, axis=0) * (len(x) / (len(x) - 1))
    return running_mean + momentum * (mean - running_mean), running_var - momentum * (running_var - var)


HINTS = [
    "Two averages that fade: how much of the old one stays when the new batch has weight `momentum`?",
    "Compute the batch's mean and its variance (which of the two variances?), each of shape (D,). Mix each with the "
    "old one: (1 - momentum) * old + momentum * new.",
    "`x.mean(axis=0)` and `x.var(axis=0, ddof=1)`; then `(1 - momentum) * running_mean + momentum * batch_mean`, and "
    "the same for the variance.",
]
