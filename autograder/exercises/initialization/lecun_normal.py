"""lecun_normal: normal weights whose sum over the inputs keeps the inputs' variance.

W ~ N(0, 1 / fan_in) (LeCun et al. 1998, section 4.6). Lecture 001 calls it Xavier initialization and divides by
sqrt(fan_in); Glorot and Bengio's, which PyTorch calls Xavier, weighs both fans. Reference: torch.nn.init's fans, and
kaiming_normal_(nonlinearity="linear"), which has the same law.
"""

from autograder.exercises.initialization._initializers import (
    COLUMN,
    KERNEL,
    ROW,
    SIGNAL,
    TALL,
    WIDE,
    Law,
    Slip,
    fans,
    initializer,
)
from autograder.judge import Case


def scale(shape):
    return fans(shape)[0] ** -0.5


SLIPS = (
    Slip(
        "variance_for_std",
        lambda shape: 1 / fans(shape)[0],
        "The spread is 1 / fan_in, which is the variance. A standard deviation is its root: divide by sqrt(fan_in).",
    ),
    Slip(
        "fan_out_for_fan_in",
        lambda shape: fans(shape)[1] ** -0.5,
        "This is 1 / sqrt(fan_out). What keeps the signal's size on the way forward is the number of inputs of a unit, "
        "`shape[1]` times the kernel's area.",
    ),
    Slip(
        "kernel_area_left_out",
        lambda shape: shape[1] ** -0.5,
        "The kernel's area is left out: a unit of a convolution sums over in * height * width inputs. Use "
        "`fan_in_and_fan_out`.",
    ),
    Slip(
        "pytorch_xavier",
        lambda shape: (2 / sum(fans(shape))) ** 0.5,
        "This is PyTorch's Xavier, with both fans. Here only fan_in counts: 1 / sqrt(fan_in), as in lecture 001.",
    ),
    Slip(
        "kaiming",
        lambda shape: (2 / fans(shape)[0]) ** 0.5,
        "This is Kaiming's sqrt(2 / fan_in), which makes up for a ReLU. LeCun's has no 2.",
    ),
    Slip("not_scaled", lambda shape: 1.0, "The weights are not scaled: divide them by sqrt(fan_in)."),
)


def by_variance(shape, rng):
    import numpy as np

    return rng.normal(0.0, np.sqrt(1 / np.prod(shape[1:])), size=shape)


def row_by_row(shape, rng):
    import numpy as np

    fan_in = np.zeros(shape)[0].size
    return np.stack([rng.standard_normal(shape[1:]) / fan_in**0.5 for _ in range(shape[0])])


def turned_rows(shape, rng):
    """A normal array stays one when it is drawn in another layout, in flat form, and from a child generator."""
    import math

    flat = rng.spawn(1)[0].standard_normal(math.prod(shape))
    return (flat.reshape(shape[::-1]) / math.prod(shape[1:]) ** 0.5).T


EXERCISE = initializer(
    Law("lecun_normal", "normal", scale, SLIPS),
    spreads=[
        Case("the spread of a layer with more inputs than units", property="spread", calls=[WIDE, ROW]),
        Case("the spread of a layer with more units than inputs", property="spread", calls=[TALL, COLUMN]),
        Case("the spread of kernels", property="spread", calls=[KERNEL, SIGNAL], weight=2),
    ],
    alternatives=[by_variance, row_by_row, turned_rows],
    hints=[
        "A unit adds up fan_in products. How large may each be, so that the sum is as large as one input?",
        "Variances add up: fan_in * Var(w) = 1. Which standard deviation is that?",
        "`fan_in, _ = fan_in_and_fan_out(shape)`, then `rng.standard_normal(shape) / np.sqrt(fan_in)`.",
    ],
)
