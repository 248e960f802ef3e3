"""kaiming_normal: normal weights that keep the signal's size through a ReLU or its kind.

std = gain(nonlinearity, a) / sqrt(fan) (He et al. 2015, equations 10, 14 and 15). Reference:
torch.nn.init.kaiming_normal_.
"""

from autograder.exercises.initialization import _kaiming
from autograder.exercises.initialization._initializers import Law, Slip, initializer
from autograder.exercises.initialization.kaiming_uniform import known_gain

SLIPS = (
    Slip(
        "uniform_bound_as_std",
        lambda shape, **options: 3**0.5 * _kaiming.std(shape, **options),
        "The standard deviation is sqrt(3) times too large: that is the bound of the uniform kind. A normal draw is "
        "multiplied by the standard deviation itself, gain / sqrt(fan).",
    ),
    *_kaiming.slips(1.0),
)


def by_variance(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    import numpy as np

    fan = np.prod(shape[1:]) if mode == "fan_in" else np.prod(shape[2:]) * shape[0]
    return rng.normal(0.0, np.sqrt(known_gain(nonlinearity, a) ** 2 / fan), shape)


def units_one_by_one(shape, rng, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    import math

    import numpy as np

    fan = {"fan_in": math.prod(shape[1:]), "fan_out": math.prod(shape) // shape[1]}[mode]
    weights = np.empty(shape)
    for unit in weights:
        unit[...] = rng.standard_normal(unit.shape) * known_gain(nonlinearity, a) / fan**0.5
    return weights


def by_polar_coordinates(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    import numpy as np

    fan = np.prod(shape, dtype=float) / shape[1 if mode == "fan_out" else 0]
    radius = np.sqrt(rng.exponential(2.0, shape))
    return np.asfortranarray(
        radius * np.sin(rng.uniform(0, 2 * np.pi, shape)) * known_gain(nonlinearity, a) * fan**-0.5
    )


EXERCISE = initializer(
    Law("kaiming_normal", "normal", _kaiming.std, SLIPS),
    spreads=_kaiming.SPREADS,
    alternatives=[by_variance, units_one_by_one, by_polar_coordinates],
    hints=[
        "A ReLU sets half of its inputs to zero. By which factor must the weights be larger than LeCun's?",
        "`mode` picks one of the two fans, and `gain(nonlinearity, a)` says the factor.",
        "`std = gain(nonlinearity, a) / np.sqrt(fan)`, then `std * rng.standard_normal(shape)`.",
    ],
)
