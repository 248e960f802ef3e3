"""xavier_normal: normal weights with the variance 2 / (fan_in + fan_out).

std = gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 12). Lecture 001's Xavier is another:
1 / sqrt(fan_in), here called lecun_normal. Reference: torch.nn.init.xavier_normal_.
"""

from autograder.exercises.initialization import _xavier
from autograder.exercises.initialization._initializers import Law, Slip, initializer

SLIPS = (
    Slip(
        "uniform_bound_as_std",
        lambda shape, gain=1.0: 3**0.5 * _xavier.std(shape, gain),
        "The standard deviation is sqrt(6 / (fan_in + fan_out)): that is the bound of the uniform kind. A normal draw is "
        "multiplied by the standard deviation itself, with a 2.",
    ),
    *_xavier.slips(1.0),
)


def by_mean_fan(shape, rng, gain=1.0):
    import numpy as np

    mean_fan = np.mean(shape[:2]) * np.prod(shape[2:])
    return rng.normal(0.0, gain / np.sqrt(mean_fan), shape)


def in_two_halves(shape, rng, gain=1.0):
    """The sum of two independent normal arrays of half the variance."""
    import math

    variance = 2 * gain**2 / (math.prod(shape) / shape[1] + math.prod(shape) / shape[0])
    return math.sqrt(variance / 2) * (rng.standard_normal(shape) - rng.standard_normal(shape))


def by_quantiles(shape, rng, gain=1.0):
    from statistics import NormalDist

    import numpy as np

    area = np.prod(shape[2:], dtype=int)
    law = NormalDist(0.0, float(gain * (2 / (area * shape[0] + area * shape[1])) ** 0.5))
    return np.array([law.inv_cdf(u) for u in rng.uniform(1e-15, 1.0, shape).ravel().tolist()]).reshape(shape)


EXERCISE = initializer(
    Law("xavier_normal", "normal", _xavier.std, SLIPS),
    spreads=_xavier.SPREADS,
    alternatives=[by_mean_fan, in_two_halves, by_quantiles],
    hints=[
        "Forward, 1 / fan_in keeps the variance; backward, 1 / fan_out does. Xavier meets them half-way.",
        "One over the mean of the two fans is the *variance*: 2 / (fan_in + fan_out). The spread is its root, times `gain`.",
        "`std = gain * np.sqrt(2 / (fan_in + fan_out))`, then `std * rng.standard_normal(shape)`.",
    ],
)
