"""kaiming_uniform: weights uniform on (-bound, bound) that keep the signal's size through a ReLU or its kind.

bound = sqrt(3) * gain(nonlinearity, a) / sqrt(fan) (He et al. 2015, equations 10, 14 and 15; the paper draws normal
weights, PyTorch offers both). Reference: torch.nn.init.kaiming_uniform_.
"""

import math

import numpy as np

from autograder.exercises.initialization import _kaiming
from autograder.exercises.initialization._initializers import initializer
from autograder.exercises.initialization._laws import Law
from autograder.exercises.initialization._manners import manners
from autograder.exercises.initialization.fan_in_and_fan_out import right as fan_in_and_fan_out
from autograder.exercises.initialization.gain import right as gain
from autograder.judge import alternative

EXERCISE = initializer(
    Law(
        "kaiming_uniform",
        "uniform",
        lambda *args, **options: 3**0.5 * _kaiming.std(*args, **options),
        _kaiming.DEFAULTS,
        _kaiming.USUAL,
    ),
    section="6 · What the activation takes",
    spreads=_kaiming.SPREADS,
)


def right(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fan = fan_in if mode == "fan_in" else fan_out
    std = gain(nonlinearity, a) / np.sqrt(fan)
    bound = math.sqrt(3) * std
    return rng.uniform(-bound, bound, shape)


MISTAKES = [*_kaiming.KAIMING, *manners(right, "uniform")]


@alternative
def of_sorted_rows(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    """Uniform numbers stay so when they are shuffled."""
    size = math.prod(shape)
    bound = gain(nonlinearity, a) * np.sqrt(3 / (size / shape[mode == "fan_out"]))
    return rng.permutation(np.sort(rng.uniform(-bound, bound, size))).reshape(shape)


HINTS = [
    "The standard deviation is gain / sqrt(fan). How far must a uniform distribution reach to have it?",
    "`mode` picks one of the two fans, `gain(nonlinearity, a)` is the gain, and the bound is sqrt(3) times the spread.",
    "To test yours: for (100, 6) the bound is 1, and no weight lies beyond. `rng.uniform` takes both ends.",
]
