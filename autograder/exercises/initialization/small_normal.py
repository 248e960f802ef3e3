"""small_normal: small random weights of one spread, whatever the layer's size.

W ~ N(0, std^2) (lecture 000: small random numbers break the symmetry that zeros keep). Reference:
torch.nn.init.normal_(std=std). NumPy's `rng.normal(mean, scale, shape)` takes the standard deviation as its scale.
"""

import math

import numpy as np

from autograder.exercises.initialization._initializers import initializer, spread
from autograder.exercises.initialization._laws import COLUMN, KERNEL, SMALL, SQUARE, TALL, WIDE, Law
from autograder.exercises.initialization._manners import manners
from autograder.judge import alternative, slips

EXERCISE = initializer(
    Law("small_normal", "normal", lambda shape, std=0.01: std, defaults={"std": 0.01}, usual={"std": 0.05}),
    section="2 · All zeros",
    shapes=[*SMALL, (4,)],
    spreads=[
        spread("std is what is asked for", *((WIDE, {"std": std}) for std in (0.3, 2.5, 0.01, 1e-3)), weight=33.5),
        spread("other shapes too", (TALL, {"std": 0.4}), SQUARE, KERNEL, (COLUMN, {"std": 0.2}), weight=27),
    ],
)


def right(shape, rng, std=0.01):
    return std * rng.standard_normal(shape)


MISTAKES = manners(right, "normal") + slips("""
variance_for_std: std -> std**2
    The spread is std^2, the variance. A draw is multiplied by the standard deviation, and `rng.normal` takes it as its
    `scale`: hand over `std` itself.

root_of_std: std -> std**0.5
    The root of `std` is taken, as if it were a variance. It is the standard deviation already.

std_ignored (core): std -> 0.01
    or std -> 1.0
    `std` is not used: whatever it says, the weights have one and the same spread. Multiply by `std`.

scaled_by_fan: std -> std / math.sqrt(math.prod(shape[1:]))
    The spread depends on the layer's size. This initialiser knows nothing of fans: `std` is all (that it does not fit
    every layer is what the next ones mend).

default_std (detail): std=0.01 -> std=0.1
    or std=0.01 -> std=0.02
    or std=0.01 -> std=0.001
    or std=0.01 -> std=1.0
    The default of `std` is not 0.01.
""")


@alternative
def one_by_one(shape, rng, std=0.01):
    return np.array([std * rng.standard_normal() for _ in range(math.prod(shape))]).reshape(shape)


@alternative
def box_muller(shape, rng, std=0.01):
    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return std * radius * np.cos(2 * np.pi * rng.random(shape))


HINTS = [
    "Standard normal numbers have standard deviation 1. What makes it `std`?",
    "`rng.standard_normal(shape)` draws them all at once, each by itself.",
    "One product of two things. To test yours: 10,000 numbers at the default `std` lie within 0.05 of 0.",
]
