"""small_normal: small random weights of one spread, whatever the layer's size.

W ~ N(0, std^2) (lecture 000: small random numbers break the symmetry that zeros keep). Reference:
torch.nn.init.normal_(std=std). NumPy's `rng.normal(mean, scale, shape)` takes the standard deviation as its scale.
"""

from autograder.exercises.initialization._initializers import (
    COLUMN,
    KERNEL,
    SMALL_SHAPES,
    TALL,
    WIDE,
    Law,
    Slip,
    fans,
    initializer,
)
from autograder.judge import Case


def scale(shape, std=0.01):
    return std


def by_the_fan(shape, std=0.01):
    return std / fans(shape)[0] ** 0.5


STD_IGNORED = "`std` is not used: whatever it says, the weights have one and the same spread. Multiply by `std`."

SLIPS = (
    Slip(
        "variance_for_std",
        lambda shape, std=0.01: std**2,
        "The spread is std^2, the variance. A draw is multiplied by the standard deviation, and `rng.normal` takes it as "
        "its `scale`: hand over `std` itself.",
    ),
    Slip(
        "root_of_std",
        lambda shape, std=0.01: std**0.5,
        "The root of `std` is taken, as if it were a variance. It is the standard deviation already.",
    ),
    Slip("std_ignored", lambda shape, std=0.01: 0.01, STD_IGNORED),
    Slip("std_ignored", lambda shape, std=0.01: 1.0, STD_IGNORED),
    Slip(
        "scaled_by_fan",
        by_the_fan,
        "The spread depends on the layer's size. This initialiser knows nothing of fans: `std` is all (that it does not "
        "fit every layer is what the next ones mend).",
    ),
)


def normal(shape, rng, std=0.01):
    return rng.normal(scale=std, size=shape)


def one_by_one(shape, rng, std=0.01):
    import math

    import numpy as np

    return np.array([std * rng.standard_normal() for _ in range(math.prod(shape))]).reshape(shape)


def box_muller(shape, rng, std=0.01):
    import numpy as np

    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return std * radius * np.cos(2 * np.pi * rng.random(shape))


EXERCISE = initializer(
    Law("small_normal", "normal", scale, SLIPS),
    shapes=[*SMALL_SHAPES, (4,)],
    spreads=[
        Case("std is 0.01 where it is left out", property="spread", calls=[WIDE, TALL], names=False),
        Case(
            "std is what is asked for",
            property="spread",
            calls=[(WIDE, {"std": 0.3}), (TALL, {"std": 2.5}), (WIDE, {"std": 1e-3})],
            weight=2,
        ),
        Case(
            "kernels and single inputs too", property="spread", calls=[(KERNEL, {"std": 0.05}), (COLUMN, {"std": 0.2})]
        ),
    ],
    alternatives=[normal, one_by_one, box_muller],
    hints=[
        "Standard normal numbers have standard deviation 1. What makes it `std`?",
        "`rng.standard_normal(shape)` draws them all at once, each by itself.",
        "`std * rng.standard_normal(shape)`.",
    ],
)
