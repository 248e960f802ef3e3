"""kaiming_normal: normal weights that keep the signal's size through a ReLU or its kind.

std = gain(nonlinearity, a) / sqrt(fan) (He et al. 2015, equations 10, 14 and 15). Reference:
torch.nn.init.kaiming_normal_.
"""

import numpy as np

from autograder.exercises.initialization import _kaiming
from autograder.exercises.initialization._initializers import initializer
from autograder.exercises.initialization._laws import Law
from autograder.exercises.initialization._manners import manners
from autograder.exercises.initialization.fan_in_and_fan_out import right as fan_in_and_fan_out
from autograder.exercises.initialization.gain import right as gain
from autograder.judge import alternative

EXERCISE = initializer(
    Law("kaiming_normal", "normal", _kaiming.std, _kaiming.DEFAULTS, _kaiming.USUAL),
    section="6 · What the activation takes",
    spreads=_kaiming.SPREADS,
)


def right(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fan = fan_in if mode == "fan_in" else fan_out
    std = gain(nonlinearity, a) / np.sqrt(fan)
    return std * rng.standard_normal(shape)


MISTAKES = [*_kaiming.KAIMING, *manners(right, "normal")]


@alternative
def by_polar_coordinates(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan = np.prod(shape, dtype=float) / shape[1 if mode == "fan_out" else 0]
    radius = np.sqrt(rng.exponential(2.0, shape))
    return np.asfortranarray(radius * np.sin(rng.uniform(0, 2 * np.pi, shape)) * gain(nonlinearity, a) * fan**-0.5)


HINTS = [
    "A ReLU sets half of its inputs to zero. By which factor must the weights be larger than LeCun's?",
    "`mode` picks one of the two fans, and `gain(nonlinearity, a)` says the factor.",
    'To test yours: the shape (100, 50) has a spread of sqrt(2 / 50) = 0.2, and 0.141 with `mode="fan_out"`. Draw '
    "standard normal numbers once, and multiply.",
]
