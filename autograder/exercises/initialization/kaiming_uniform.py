"""kaiming_uniform: weights uniform on (-bound, bound) that keep the signal's size through a ReLU or its kind.

bound = sqrt(3) * gain(nonlinearity, a) / sqrt(fan) (He et al. 2015, equations 10, 14 and 15; the paper draws normal
weights, PyTorch offers both). Reference: torch.nn.init.kaiming_uniform_.
"""

from autograder.exercises.initialization import _kaiming
from autograder.exercises.initialization._initializers import Law, Slip, initializer


def scale(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return 3**0.5 * _kaiming.std(shape, a, mode, nonlinearity)


SLIPS = (
    Slip(
        "bound_without_sqrt3",
        _kaiming.std,
        "The bound is the standard deviation. A uniform distribution on (-b, b) spreads by b / sqrt(3) only: the bound is "
        "sqrt(3) times the standard deviation.",
    ),
    Slip(
        "variance_for_bound",
        lambda shape, **options: 3 * _kaiming.std(shape, **options) ** 2,
        "The root is missing: 3 * gain^2 / fan is the square of the bound, which is gain * sqrt(3 / fan).",
    ),
    *_kaiming.slips(3**0.5),
)


def known_gain(nonlinearity, a):
    return {"linear": 1, "relu": 2**0.5, "tanh": 5 / 3, "selu": 0.75, "leaky_relu": (2 / (1 + a * a)) ** 0.5}[
        nonlinearity
    ]


def from_unit_interval(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    import numpy as np

    fan = np.prod(shape[1:]) if mode == "fan_in" else np.prod(shape) / shape[1]
    return known_gain(nonlinearity, a) * (3 / fan) ** 0.5 * (2 * rng.random(shape) - 1)


def by_variance(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    import math

    fans = {"fan_in": math.prod(shape[1:]), "fan_out": shape[0] * math.prod(shape[2:])}
    variance = known_gain(nonlinearity, a) ** 2 / fans[mode]
    bound = math.sqrt(12 * variance) / 2
    return rng.uniform(low=-bound, high=bound, size=math.prod(shape)).reshape(shape)


def of_sorted_rows(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    """Uniform numbers stay so when they are shuffled."""
    import numpy as np

    bound = known_gain(nonlinearity, a) * np.sqrt(3 / (np.zeros(shape).size / shape[mode == "fan_out"]))
    weights = np.sort(rng.uniform(-bound, bound, np.zeros(shape).size))
    return rng.permutation(weights).reshape(shape)


EXERCISE = initializer(
    Law("kaiming_uniform", "uniform", scale, SLIPS),
    spreads=_kaiming.SPREADS,
    alternatives=[from_unit_interval, by_variance, of_sorted_rows],
    hints=[
        "The standard deviation is gain / sqrt(fan). How far must a uniform distribution reach to have it?",
        "`mode` picks one of the two fans, `gain(nonlinearity, a)` is the gain, and the bound is sqrt(3) times the spread.",
        "`bound = np.sqrt(3 / fan) * gain(nonlinearity, a)`, then `rng.uniform(-bound, bound, shape)`.",
    ],
)
