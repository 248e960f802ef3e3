"""fold: batch normalization at inference as one scale and one shift.

scale = gamma / sqrt(var + eps), shift = beta - mean * scale (Ioffe and Szegedy 2015, algorithm 2, line 11; lecture
004). Reference: torch.nn.functional.batch_norm(training=False): its value at x = 0 is the shift, its slope the scale.
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw_affine
from autograder.exercises.batchnorm._slips import EPS
from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    d = case.get("d")
    gamma, beta = draw_affine(rng, d, case.get("gamma"))
    mean = rng.uniform(0.5, 3.0, d) * rng.choice([-1.0, 1.0], d) + case.get("offset", 0.0)
    var = rng.uniform(0.2, 9.0, d) * case.get("var", 1.0)
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


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("scale", "shift"),
    scale=scale,
    section="7 · Folding it away",
    typical={"d": 4},
    sizes={"d": "features"},
    wide=("gamma", "beta", "mean", "var"),
    cases=[
        Case("a few features", d=3),
        Case("64 features", d=64),
        Case("negative gamma, zero gamma", d=4, gamma="any sign"),
        Case("another eps, 1e-2", d=4, eps=1e-2),
        Case("a feature whose variance is 0", d=3, dead=True),
        Case("variances below 1e-10, far below eps", d=3, var=1e-11),
        Case("a large mean, 1e4", d=3, offset=1e4),
    ],
)


def right(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return scale, shift


MISTAKES = slips("""
beta_scaled: beta - mean * scale -> (beta - mean) * scale
    `beta` is scaled. It is added after everything else: shift = beta - mean * scale.
mean_sign: beta - mean * scale -> beta + mean * scale
    The mean has the wrong sign. It is subtracted from x, so the shift is beta - mean * scale.

mean_not_scaled: mean * scale -> mean
    The mean goes into the shift as it is. It is subtracted from x before the scale, so it is scaled like x: mean *
    scale.

mean_without_gamma: mean * scale -> mean / np.sqrt(var + eps)
    The mean is divided by the spread but not multiplied by gamma. It is scaled like x: mean * scale.
mean_not_divided: mean * scale -> mean * gamma
    The mean is multiplied by gamma but not divided by the spread. It is scaled like x: mean * scale.
mean_left_out: beta - mean * scale -> beta + 0 * mean
    The shift is beta alone. At x = 0 the layer gives beta - mean * scale.
beta_left_out: beta - mean * scale -> -mean * scale
    `beta` is not used: it is part of the shift.
gamma_left_out: gamma / np.sqrt(var + eps) -> 1 / np.sqrt(var + eps)
    `gamma` is not used: the scale is gamma / sqrt(var + eps).
not_divided: gamma / np.sqrt(var + eps) -> gamma + 0 * var
    The scale is gamma alone. Dividing by the spread is part of it: gamma / sqrt(var + eps).
order_swapped: return scale, shift -> return shift, scale
    The two come back in the wrong order: first scale, then shift.
in_place (detail): return scale, shift -> beta[...] = shift; return scale, beta
    `beta -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += EPS


@alternative
def with_loops(gamma, beta, mean, var, eps):
    scale, shift = gamma.copy(), beta.copy()
    for j in range(gamma.size):
        scale[j] /= (var[j] + eps) ** 0.5
        shift[j] -= mean[j] * scale[j]
    return [scale, shift]


@alternative
def as_one_affine_map(gamma, beta, mean, var, eps):
    """Composes x - mean, / std, * gamma, + beta as (scale, shift) pairs."""
    scale, shift = np.ones_like(gamma), np.zeros_like(gamma)
    for factor, term in ((1.0, -mean), (1.0 / np.sqrt(var + eps), 0.0), (gamma, beta)):
        scale, shift = scale * factor, shift * factor + term
    return scale, shift


HINTS = [
    "Multiply out gamma * (x - mean) / sqrt(var + eps) + beta. What stands before x, and what is left?",
    "What stands before x is the scale. The mean is multiplied by the same scale, with a minus; beta is added as it "
    "is.",
    "`scale = gamma / np.sqrt(var + eps)`, `shift = beta - mean * scale`.",
]
