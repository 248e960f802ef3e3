"""xavier_uniform: weights uniform on (-bound, bound), with the variance 2 / (fan_in + fan_out).

bound = gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 16): sqrt(3) times the standard deviation,
since Var(U(-b, b)) = b^2 / 3. Lecture 001's Xavier is another: 1 / sqrt(fan_in), normal. Reference:
torch.nn.init.xavier_uniform_.
"""

from autograder.exercises.initialization import _xavier
from autograder.exercises.initialization._initializers import Law, Slip, initializer


def scale(shape, gain=1.0):
    return 3**0.5 * _xavier.std(shape, gain)


ROOT = "The root is missing: 6 / (fan_in + fan_out) is the square of the bound. bound = gain * sqrt(6 / (fan_in + fan_out))."
SLIPS = (
    Slip(
        "bound_without_sqrt3",
        _xavier.std,
        "The bound is the standard deviation. A uniform distribution on (-b, b) spreads by b / sqrt(3) only: the bound is "
        "sqrt(3) times the standard deviation.",
    ),
    Slip("variance_for_bound", lambda shape, gain=1.0: 3 * _xavier.std(shape, gain) ** 2, ROOT),
    Slip("variance_for_bound", lambda shape, gain=1.0: 3 * gain * _xavier.std(shape) ** 2, ROOT),
    Slip(
        "three_outside_root",
        lambda shape, gain=1.0: 3 * _xavier.std(shape, gain),
        "The bound is 3 times the standard deviation. It is sqrt(3) times: the variance of U(-b, b) is b^2 / 3.",
    ),
    *_xavier.slips(3**0.5),
)


def from_unit_interval(shape, rng, gain=1.0):
    import numpy as np

    fans = (shape[0] + shape[1]) * np.prod(shape[2:])
    return gain * (6 / fans) ** 0.5 * (1 - 2 * rng.random(shape))


def sign_and_size(shape, rng, gain=1.0):
    import math

    variance = gain**2 / ((shape[0] + shape[1]) * math.prod(shape[2:]) / 2)
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0, math.sqrt(3 * variance), shape)


def entry_by_entry(shape, rng, gain=1.0):
    import numpy as np

    weights = np.zeros(shape)
    area = weights[0, 0].size
    bound = gain * np.sqrt(6) / np.sqrt(shape[0] * area + shape[1] * area)
    for index in np.ndindex(*shape):
        weights[index] = rng.uniform(-bound, bound)
    return weights


EXERCISE = initializer(
    Law("xavier_uniform", "uniform", scale, SLIPS),
    spreads=_xavier.SPREADS,
    alternatives=[from_unit_interval, sign_and_size, entry_by_entry],
    hints=[
        "Which standard deviation does Xavier ask for? And how far from 0 must a uniform distribution reach to have it?",
        "A uniform distribution on (-b, b) has variance b^2 / 3, so b = sqrt(3) * gain * sqrt(2 / (fan_in + fan_out)).",
        "`bound = gain * np.sqrt(6 / (fan_in + fan_out))`, then `rng.uniform(-bound, bound, shape)`.",
    ],
)
