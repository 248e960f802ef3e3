"""batchnorm_backward: gradients of batch normalization, staged along the graph.

dout -> dx_hat -> dvar -> dmean -> dx, and dgamma, dbeta as sums over the batch (Ioffe and Szegedy 2015, section 3;
lecture 004). Reference: autograd through torch.nn.functional.batch_norm(training=True).
"""

import numpy as np

from autograder.exercises.batchnorm import batchnorm_forward
from autograder.exercises.batchnorm._batches import draw, gradient_scale, reference
from autograder.exercises.batchnorm._slips import CACHE, PARAMETERS
from autograder.judge import Case, Layer, alternative, slips

EXERCISE = Layer(
    functions=("batchnorm_forward", "batchnorm_backward"),
    draw=draw,
    reference=reference,
    gradients=("x", "gamma", "beta"),
    scale=gradient_scale,
    section="4 · Backward, node by node",
    typical={"n": 6, "d": 4},
    sizes={"n": "samples", "d": "features"},
    least={"n": 2},
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=4, d=2, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=6, d=4),
        Case("negative gamma, zero gamma", n=6, d=3, gamma="any sign", weight=2),
        Case("a batch of 64", n=64, d=5),
        Case("the default eps", n=6, d=3, eps=None, spread=1e-2),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("features of very different spread", n=10, d=5, spread="very different"),
        Case("a feature that is constant in the batch", n=6, d=3, constant=True),
        Case("a variance of 1e-11, far below eps", n=6, d=3, spread=3e-6),
        Case("a large offset, x + 1e4", n=8, d=4, offset=1e4, rounding=True),
    ],
)


def backward(dout, cache):
    x_hat, centred, std, gamma = cache
    n = dout.shape[0]
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    dvar = -0.5 * (dx_hat * centred).sum(axis=0) / std**3
    dmean = -(dx_hat / std).sum(axis=0)
    dx = dx_hat / std + 2 * centred * dvar / n + dmean / n
    return dx, dgamma, dbeta


forward = batchnorm_forward.right
right = forward, backward

MISTAKES = slips("""
mean_branch_missing: dmean / n -> 0
    The road through the mean is missing: every x_i moves the mean, and with it all of x_hat. Add dmean / N; each column
    of dx must sum to 0.

variance_branch_missing: 2 * centred * dvar / n -> 0
    The road through the variance is missing: every x_i changes the spread that all of the column is divided by. Add
    2 (x_i - mean) / N * dvar.

constant_statistics (core): dx_hat / std + 2 * centred * dvar / n + dmean / n -> dx_hat / std
    Mean and variance are treated as constants: dx is dout * gamma / std. They depend on x, so two more roads lead from
    x to the loss.

variance_sign: -0.5 -> 0.5
    The road through the variance has the wrong sign: a larger variance makes x_hat smaller,
    dvar = -1/2 (var + eps)^(-3/2) * ...

mean_sign: -(dx_hat / std).sum(axis=0) -> (dx_hat / std).sum(axis=0)
    The road through the mean has the wrong sign: the mean is subtracted, so dmean = -sum(dx_hat / std).
variance_factor_two: 2 * centred -> centred
    The road through the variance is half as strong as it should be: the square's derivative is 2 (x_i - mean) / N.
half_missing: -0.5 -> -1
    dvar is twice too large: the derivative of (var + eps)^(-1/2) has a factor -1/2.

variance_power: std**3 -> std
    or std**3 -> std**2
    or std**3 -> std**1.5
    The exponent in dvar is off: the derivative of (var + eps)^(-1/2) is -1/2 (var + eps)^(-3/2), which is divided by
    std cubed.

branches_not_divided:
    2 * centred * dvar / n -> 2 * centred * dvar
    dmean / n -> dmean
    or dmean / n -> dmean
    or 2 * centred * dvar / n -> 2 * centred * dvar
    1/N is missing where dmean or dvar reaches x: each x_i is one N-th of the mean and of the variance.

gamma_forgotten: dout * gamma -> dout
    dx is computed from dout. The chain goes through gamma first: dx_hat = dout * gamma.

gamma_forgotten_on_a_road: dx_hat * centred -> dout * centred
    or (dx_hat / std).sum(axis=0) -> (dout / std).sum(axis=0)
    One of the roads starts from dout. All of them start from dx_hat = dout * gamma.

dvar_with_x_hat: dx_hat * centred -> dx_hat * x_hat
    dvar sums dx_hat times x_hat. What var divides is x - mean: sum dx_hat * (x - mean).
dmean_without_std: -(dx_hat / std).sum(axis=0) -> -dx_hat.sum(axis=0)
    dmean lacks the division by std: x_hat = (x - mean) / std.
direct_road_without_std: dx_hat / std + 2 * centred * dvar / n -> dx_hat + 2 * centred * dvar / n
    The direct road from x_hat to x lacks the division by std: x_hat = (x - mean) / std.

divided_by_n_minus_one: 2 * centred * dvar / n -> 2 * centred * dvar / (n - 1)
    The road through the variance is divided by N - 1, which belongs to an unbiased variance. The forward normalizes
    with the biased one: N.

divided_by_features: n = dout.shape[0] -> n = dout.shape[1]
    or n = dout.shape[0] -> n = dout.size
    The sums go over the samples, so N is `dout.shape[0]`, not the number of features or of all entries.

dgamma_with_x: (x_hat, centred, std, gamma) -> (x, centred, std, gamma)
    dgamma multiplies dout by x. What gamma was multiplied by is x_hat.
in_place (detail): dx_hat = dout * gamma -> dout *= gamma; dx_hat = dout
    `dout *= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*PARAMETERS, *CACHE]


@alternative
def with_jacobians(dout, cache):
    """The whole (N, N) Jacobian of each feature."""
    x_hat, _, std, gamma = cache
    dx, (n, d) = np.zeros_like(dout), dout.shape
    identity = np.eye(n, dtype=dout.dtype)
    for j in range(d):
        jacobian = gamma[j] / std[j] * (identity - 1 / n - np.outer(x_hat[:, j], x_hat[:, j]) / n)
        dx[:, j] = jacobian.T @ dout[:, j]
    return [dx, np.einsum("nd,nd->d", dout, x_hat), np.add.reduce(dout)]


@alternative
def projected(dout, cache):
    """Centring as a projection, done twice; keepdims inside, squeezed at the end."""
    x_hat, _, std, gamma = cache
    g = dout * gamma / std
    dx = g - g.mean(axis=0, keepdims=True)
    dx = dx - x_hat * (g * x_hat).mean(axis=0, keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)
    return dx, dgamma.squeeze(0), np.sum(dout, axis=0, keepdims=True).squeeze(0)


HINTS = [
    "Draw the graph: x goes into the mean, into the variance (through x - mean), and into x_hat directly. How many "
    "roads lead from one x_i to the loss?",
    "Walk back one node at a time, each gradient with the shape of its node: dx_hat (N, D), dvar (D,), dmean (D,), "
    "dx (N, D). Where the forward summed over the batch, the gradient goes to all N samples; where it broadcast, sum.",
    "`dx_hat = dout * gamma`; `dvar = -0.5 * (dx_hat * centred).sum(axis=0) / std**3`; "
    "`dmean = -(dx_hat / std).sum(axis=0)`; `dx = dx_hat / std + 2 * centred * dvar / n + dmean / n`.",
]
