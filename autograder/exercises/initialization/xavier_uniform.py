"""xavier_uniform: weights uniform on (-bound, bound), with the variance 2 / (fan_in + fan_out).

bound = gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 16): sqrt(3) times the standard deviation,
since Var(U(-b, b)) = b^2 / 3. Lecture 001's Xavier is another: 1 / sqrt(fan_in), normal. Reference:
torch.nn.init.xavier_uniform_.
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
    Law("xavier_uniform", "uniform", lambda shape, gain=1.0: 3**0.5 * _xavier.std(shape, gain), _xavier.DEFAULTS),
    section="7 · There and back",
    spreads=_xavier.SPREADS,
)


def right(shape, rng, gain=1.0):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    std = gain * np.sqrt(2 / (fan_in + fan_out))
    bound = math.sqrt(3) * std
    return rng.uniform(-bound, bound, shape)


MISTAKES = [*_xavier.XAVIER, *manners(right, "uniform")]


@alternative
def sign_and_size(shape, rng, gain=1.0):
    variance = gain**2 / ((shape[0] + shape[1]) * math.prod(shape[2:]) / 2)
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0, math.sqrt(3 * variance), shape)


HINTS = [
    "Which standard deviation does Xavier ask for? And how far from 0 must a uniform distribution reach to have it?",
    "A uniform distribution on (-b, b) has variance b^2 / 3, so b = sqrt(3) * gain * sqrt(2 / (fan_in + fan_out)).",
    "To test yours: for (4, 2) the bound is 1, and no weight lies beyond. `rng.uniform` takes both ends and the shape.",
]
