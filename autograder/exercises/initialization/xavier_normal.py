"""xavier_normal: normal weights with the variance 2 / (fan_in + fan_out).

std = gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 12). Lecture 001's Xavier is another:
1 / sqrt(fan_in), here called lecun_normal. Reference: torch.nn.init.xavier_normal_.
"""

import math

import numpy as np

from autograder.exercises.initialization import _xavier
from autograder.exercises.initialization._initializers import initializer
from autograder.exercises.initialization._laws import Law
from autograder.exercises.initialization._manners import manners
from autograder.exercises.initialization.fan_in_and_fan_out import right as fan_in_and_fan_out
from autograder.judge import alternative

EXERCISE = initializer(
    Law("xavier_normal", "normal", _xavier.std, _xavier.DEFAULTS),
    section="7 · There and back",
    spreads=_xavier.SPREADS,
)


def right(shape, rng, gain=1.0):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    std = gain * np.sqrt(2 / (fan_in + fan_out))
    return std * rng.standard_normal(shape)


MISTAKES = [*_xavier.XAVIER, *manners(right, "normal")]


@alternative
def in_two_halves(shape, rng, gain=1.0):
    """The sum of two independent normal arrays of half the variance."""
    variance = 2 * gain**2 / (math.prod(shape) / shape[1] + math.prod(shape) / shape[0])
    return math.sqrt(variance / 2) * (rng.standard_normal(shape) - rng.standard_normal(shape))


HINTS = [
    "Forward, 1 / fan_in keeps the variance; backward, 1 / fan_out does. Xavier meets them half-way.",
    "One over the mean of the two fans is the *variance*: 2 / (fan_in + fan_out). The spread is its root, times "
    "`gain`.",
    "To test yours: the shape (30, 20) has the variance 2 / 50, a spread of 0.2, and `gain=2` doubles the spread.",
]
