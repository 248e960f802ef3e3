"""fold: batch normalization at inference as one scale and one shift.

scale = gamma / sqrt(var + eps), shift = beta - mean * scale (Ioffe and Szegedy 2015, algorithm 2, line 11; lecture 004).
Reference: torch.nn.functional.batch_norm(training=False): its value at x = 0 is the shift, its slope the scale.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    d = case.get("d")
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.uniform(0.3, 1.5, d) * rng.choice([-1.0, 1.0], d)
    mean = rng.uniform(0.5, 3.0, d) * rng.choice([-1.0, 1.0], d) + case.get("offset", 0.0)
    var = rng.uniform(0.2, 9.0, d) * case.get("var", 1.0)
    if case.get("any_sign"):
        gamma[0], gamma[-1] = -gamma[0], 0.0
    if case.get("dead"):
        var[0] = 0.0
    return {"gamma": gamma, "beta": beta, "mean": mean, "var": var}, {"eps": case.get("eps", 1e-5)}


def reference(gamma, beta, mean, var, eps):
    x = torch.zeros(1, len(gamma), dtype=gamma.dtype, requires_grad=True)
    out = F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)
    (slope,) = torch.autograd.grad(out.sum(), x)
    return slope[0], out[0]


def scale(gamma, beta, mean, var, eps):
    size = np.abs(gamma) / np.sqrt(var + eps)
    return {"scale": size, "shift": np.abs(beta) + np.abs(mean) * size}


def beta_scaled(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return scale, (beta - mean) * scale


def mean_sign(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return scale, beta + mean * scale


def mean_not_scaled(gamma, beta, mean, var, eps):
    return gamma / np.sqrt(var + eps), beta - mean


def mean_without_gamma(gamma, beta, mean, var, eps):
    return gamma / np.sqrt(var + eps), beta - mean / np.sqrt(var + eps)


def mean_not_divided(gamma, beta, mean, var, eps):
    return gamma / np.sqrt(var + eps), beta - mean * gamma


def mean_left_out(gamma, beta, mean, var, eps):
    return gamma / np.sqrt(var + eps), beta + 0 * mean


def beta_left_out(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return scale, -mean * scale


def eps_outside_root(gamma, beta, mean, var, eps):
    scale = gamma / (np.sqrt(var) + eps)
    return scale, beta - mean * scale


def eps_missing(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var)
    return scale, beta - mean * scale


def variance_not_rooted(gamma, beta, mean, var, eps):
    scale = gamma / (var + eps)
    return scale, beta - mean * scale


def order_swapped(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return beta - mean * scale, scale


def with_loops(gamma, beta, mean, var, eps):
    scale, shift = gamma.copy(), beta.copy()
    for j in range(gamma.size):
        scale[j] /= (var[j] + eps) ** 0.5
        shift[j] -= mean[j] * scale[j]
    return [scale, shift]


def through_the_inverse_root(gamma, beta, mean, var, eps):
    inverse = np.power(var + eps, -0.5)
    return gamma * inverse, beta - gamma * mean * inverse


def as_one_affine_map(gamma, beta, mean, var, eps):
    """Composes x - mean, / std, * gamma, + beta as (scale, shift) pairs."""
    scale, shift = np.ones_like(gamma), np.zeros_like(gamma)
    for factor, term in ((1.0, -mean), (1.0 / np.sqrt(var + eps), 0.0), (gamma, beta)):
        scale, shift = scale * factor, shift * factor + term
    return scale, shift


SECTION = "7 · Folding it away"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("scale", "shift"),
    scale=scale,
    cases=[
        Case("a few features", d=3),
        Case("64 features", d=64),
        Case("one feature", d=1),
        Case("negative gamma, zero gamma", d=4, any_sign=True),
        Case("another eps, 1e-2", d=4, eps=1e-2),
        Case("a feature whose variance is 0", d=3, dead=True),
        Case("variances of 1e-10, far below eps", d=3, var=1e-10),
        Case("a large mean, 1e4", d=3, offset=1e4),
    ],
    mistakes=[
        Mistake(
            "beta_scaled",
            beta_scaled,
            "`beta` is scaled. It is added after everything else: shift = beta - mean * scale.",
            SECTION,
        ),
        Mistake(
            "mean_sign",
            mean_sign,
            "The mean has the wrong sign. It is subtracted from x, so the shift is beta - mean * scale.",
            SECTION,
        ),
        Mistake(
            "mean_not_scaled",
            mean_not_scaled,
            "The mean goes into the shift as it is. It is subtracted from x before the scale, so it is scaled like x: "
            "mean * scale.",
            SECTION,
        ),
        Mistake(
            "mean_without_gamma",
            mean_without_gamma,
            "The mean is divided by the spread but not multiplied by gamma. It is scaled like x: mean * scale.",
            SECTION,
        ),
        Mistake(
            "mean_not_divided",
            mean_not_divided,
            "The mean is multiplied by gamma but not divided by the spread. It is scaled like x: mean * scale.",
            SECTION,
        ),
        Mistake(
            "mean_left_out",
            mean_left_out,
            "The shift is beta alone. At x = 0 the layer gives beta - mean * scale.",
            SECTION,
        ),
        Mistake("beta_left_out", beta_left_out, "`beta` is not used: it is part of the shift.", SECTION),
        Mistake(
            "eps_outside_root",
            eps_outside_root,
            "`eps` is added to the standard deviation. It belongs to the variance, inside the root, as in training.",
            SECTION,
        ),
        Mistake(
            "eps_missing",
            eps_missing,
            "`eps` is not used: the folded layer must divide by the same sqrt(var + eps) as the one it replaces.",
            SECTION,
        ),
        Mistake(
            "variance_not_rooted",
            variance_not_rooted,
            "The division is by the variance. The spread is its root: gamma / sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "order_swapped", order_swapped, "The two come back in the wrong order: first scale, then shift.", SECTION
        ),
    ],
    alternatives=[with_loops, through_the_inverse_root, as_one_affine_map],
    hints=[
        "Multiply out gamma * (x - mean) / sqrt(var + eps) + beta. What stands before x, and what is left?",
        "What stands before x is the scale. The mean is multiplied by the same scale, with a minus; beta is added as it is.",
        "`scale = gamma / np.sqrt(var + eps)`, `shift = beta - mean * scale`.",
    ],
)
