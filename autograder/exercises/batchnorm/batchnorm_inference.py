"""batchnorm_inference: batch normalization with remembered statistics, each sample on its own.

out = gamma * (x - running_mean) / sqrt(running_var + eps) + beta (Ioffe and Szegedy 2015, algorithm 2; lectures 000, 002,
004). Reference: torch.nn.functional.batch_norm(training=False), which is the same.
"""

import numpy as np
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    mean, var = rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d), rng.uniform(0.2, 9.0, d)
    mean = mean + case.get("offset", 0.0)
    x = rng.standard_normal((n, d)) * rng.uniform(0.5, 2.0, d) + mean + rng.uniform(0.3, 1.0, d)
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.uniform(0.3, 1.5, d) * rng.choice([-1.0, 1.0], d)
    if case.get("any_sign"):
        gamma[0], gamma[-1] = -gamma[0], 0.0
    if case.get("dead"):
        var[0] = 0.0
    eps = case.get("eps", 1e-5)
    positional = {"x": x, "gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    return positional, {} if eps is None else {"eps": eps}


def reference(x, gamma, beta, running_mean, running_var, eps=1e-5):
    return F.batch_norm(x, running_mean, running_var, gamma, beta, training=False, eps=eps)


def normalize(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def batch_statistics(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, gamma, beta, x.mean(0), x.var(0), eps)


def batch_mean(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, gamma, beta, x.mean(0), running_var, eps)


def batch_variance(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, gamma, beta, running_mean, x.var(0), eps)


def variance_not_rooted(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return gamma * (x - running_mean) / (running_var + eps) + beta


def eps_outside_root(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta


def eps_missing(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, gamma, beta, running_mean, running_var, 0.0)


def eps_ignored(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, gamma, beta, running_mean, running_var, 1e-5)


def affine_missing(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return normalize(x, 1.0, 0.0, running_mean, running_var, eps)


def beta_scaled(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return gamma * ((x - running_mean) / np.sqrt(running_var + eps) + beta)


def updates_first(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    mean = 0.9 * running_mean + 0.1 * x.mean(0)
    var = 0.9 * running_var + 0.1 * x.var(0, ddof=1 if len(x) > 1 else 0)
    return normalize(x, gamma, beta, mean, var, eps)


def in_place(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    x -= running_mean
    return gamma * x / np.sqrt(running_var + eps) + beta


def with_loops(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i][j] = (x[i][j] - running_mean[j]) / (running_var[j] + eps) ** 0.5 * gamma[j] + beta[j]
    return out


def folded(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    scale = gamma / np.sqrt(running_var + eps)
    return np.add(np.multiply(x, scale), beta - running_mean * scale)


def as_a_matrix(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return (x - running_mean[np.newaxis, :]) @ np.diag(gamma * (running_var + eps) ** -0.5) + beta.reshape(1, -1)


SECTION = "3 · One image at a time"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    standard=("float32", "again"),
    typical={"n": 6, "d": 4},
    cases=[
        Case("a few samples", n=5, d=3),
        Case("one sample alone", n=1, d=4),
        Case("a batch of 64", n=64, d=5),
        Case("one feature", n=4, d=1),
        Case("negative gamma, zero gamma", n=6, d=3, any_sign=True),
        Case("the default eps is 1e-5", n=6, d=3, eps=None),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("a feature whose running variance is 0", n=4, d=3, dead=True),
        Case("a large offset, 1e4", n=6, d=3, offset=1e4),
        Case("leaves its arguments as they were", n=6, d=4, mode="inputs", weight=2),
    ],
    mistakes=[
        Mistake(
            "batch_statistics",
            batch_statistics,
            "This is the training mode: mean and variance come from this batch, so an image's answer depends on its "
            "companions (and one image alone becomes beta). Use `running_mean` and `running_var`.",
            SECTION,
        ),
        Mistake(
            "batch_mean",
            batch_mean,
            "The mean is this batch's. At inference both statistics are the remembered ones.",
            SECTION,
        ),
        Mistake(
            "batch_variance",
            batch_variance,
            "The variance is this batch's. At inference both statistics are the remembered ones.",
            SECTION,
        ),
        Mistake(
            "variance_not_rooted",
            variance_not_rooted,
            "The division is by the running variance. The spread is its root: sqrt(running_var + eps).",
            SECTION,
        ),
        Mistake(
            "eps_outside_root",
            eps_outside_root,
            "`eps` is added to the standard deviation. It belongs to the variance, inside the root, as in training.",
            SECTION,
        ),
        Mistake(
            "eps_missing",
            eps_missing,
            "`eps` is not used: a feature whose running variance is 0 becomes infinite, and inference no longer matches "
            "training. Divide by sqrt(running_var + eps).",
            SECTION,
        ),
        Mistake(
            "eps_ignored",
            eps_ignored,
            "A fixed 1e-5 stands where `eps` should: use the one that training used.",
            SECTION,
        ),
        Mistake(
            "affine_missing",
            affine_missing,
            "This is x_hat. gamma and beta were learned and stay at inference: gamma * x_hat + beta.",
            SECTION,
        ),
        Mistake(
            "beta_scaled",
            beta_scaled,
            "`beta` is scaled by gamma. First the scale, then the shift: gamma * x_hat + beta.",
            SECTION,
        ),
        Mistake(
            "updates_first",
            updates_first,
            "This batch is mixed into the running statistics first. At inference they stand still.",
            SECTION,
        ),
        Mistake("in_place", in_place, "`x -= ...` writes into the caller's array. Make a new one.", SECTION),
    ],
    alternatives=[with_loops, folded, as_a_matrix],
    hints=[
        "The formula of training, with other statistics. Which ones do not depend on the batch?",
        "Subtract `running_mean`, divide by the root of (running_var + eps), then use gamma and beta. Nothing is computed "
        "from x's columns.",
        "`x_hat = (x - running_mean) / np.sqrt(running_var + eps)`, then `gamma * x_hat + beta`.",
    ],
)
