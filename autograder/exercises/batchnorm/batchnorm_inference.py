"""batchnorm_inference: batch normalization with remembered statistics, each sample on its own.

out = gamma * (x - running_mean) / sqrt(running_var + eps) + beta (Ioffe and Szegedy 2015, algorithm 2; lectures 000,
002, 004). Reference: torch.nn.functional.batch_norm(training=False), which is the same.
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw_affine
from autograder.exercises.batchnorm._slips import AFFINE, DEFAULT_EPS, EPS, renamed
from autograder.judge import Case, F, Function, alternative, slips


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    mean = rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d) + case.get("offset", 0.0)
    var = rng.uniform(0.2, 9.0, d) * case.get("var", 1.0)
    x = rng.standard_normal((n, d)) * rng.uniform(0.5, 2.0, d) + mean + rng.uniform(0.3, 1.0, d)
    gamma, beta = draw_affine(rng, d, case.get("gamma"))
    if case.get("dead"):
        var[0] = 0.0
    eps = case.get("eps", 1e-5)
    positional = {"x": x, "gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    return positional, {} if eps is None else {"eps": eps}


def reference(x, gamma, beta, running_mean, running_var, eps=1e-5):
    return F.batch_norm(x, running_mean, running_var, gamma, beta, training=False, eps=eps)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    section="3 · One image at a time",
    typical={"n": 6, "d": 4},
    sizes={"n": "samples", "d": "features"},
    cases=[
        Case("a few samples", n=5, d=3),
        Case("one sample alone", n=1, d=4),
        Case("a batch of 64", n=64, d=5),
        Case("negative gamma, zero gamma", n=6, d=3, gamma="any sign"),
        # Near a variance of 1e-4, 1 % of eps is a thousandth of a thousandth: it shows.
        Case("the default eps is 1e-5", n=6, d=3, eps=None, var=1e-4),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("a feature whose running variance is 0", n=4, d=3, dead=True),
        Case("running variances below 1e-10, far below eps", n=4, d=3, var=1e-11),
        Case("a large offset, 1e4", n=6, d=3, offset=1e4),
    ],
)


def right(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    std = np.sqrt(running_var + eps)
    x_hat = (x - running_mean) / std
    return gamma * x_hat + beta


MISTAKES = slips("""
batch_mean: x - running_mean -> x - x.mean(axis=0)
    The mean is this batch's. At inference both statistics are the remembered ones.
batch_variance: running_var + eps -> x.var(axis=0) + eps
    The variance is this batch's. At inference both statistics are the remembered ones.

batch_statistics (core):
    running_var + eps -> x.var(axis=0) + eps
    x - running_mean -> x - x.mean(axis=0)
    This is the training mode: mean and variance come from this batch, so an image's answer depends on its companions
    (and one image alone becomes beta). Use `running_mean` and `running_var`.

updates_first:
    running_var + eps -> 0.9 * running_var + 0.1 * x.var(axis=0, ddof=int(len(x) > 1)) + eps
    x - running_mean -> x - (0.9 * running_mean + 0.1 * x.mean(axis=0))
    or running_var + eps -> 0.9 * running_var + 0.1 * x.var(axis=0) + eps
    x - running_mean -> x - (0.9 * running_mean + 0.1 * x.mean(axis=0))
    This batch is mixed into the running statistics first. At inference they stand still.

not_normalized (core): (x - running_mean) / std -> x
    x is scaled and shifted as it came. Normalize it first, with the running statistics: that is x_hat.
mean_not_subtracted: (x - running_mean) / std -> x / std
    The running mean stays in: subtract it from x before dividing.
not_divided: (x - running_mean) / std -> x - running_mean
    x is centred and no more: divide by sqrt(running_var + eps).
in_place (detail): x_hat = (x - running_mean) / std -> x -= running_mean; x_hat = x / std
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*renamed(EPS, "var", "running_var"), *AFFINE, *DEFAULT_EPS]


@alternative
def with_loops(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i][j] = (x[i][j] - running_mean[j]) / (running_var[j] + eps) ** 0.5 * gamma[j] + beta[j]
    return out


@alternative
def folded(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    scale = gamma / np.sqrt(running_var + eps)
    return np.add(np.multiply(x, scale), beta - running_mean * scale)


HINTS = [
    "The formula of training, with other statistics. Which ones do not depend on the batch?",
    "Subtract `running_mean`, divide by the root of (running_var + eps), then use gamma and beta. Nothing is computed "
    "from x's columns.",
    "`x_hat = (x - running_mean) / np.sqrt(running_var + eps)`, then `gamma * x_hat + beta`.",
]
