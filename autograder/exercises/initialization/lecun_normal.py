"""lecun_normal: normal weights whose sum over the inputs keeps the inputs' variance.

W ~ N(0, 1 / fan_in) (LeCun et al. 1998, section 4.6). Lecture 001 calls it Xavier initialization and divides by
sqrt(fan_in); Glorot and Bengio's, which PyTorch calls Xavier, weighs both fans. Reference: torch.nn.init's fans, and
kaiming_normal_(nonlinearity="linear"), which has the same law.
"""

import math

import numpy as np

from autograder.exercises.initialization._initializers import initializer, spread
from autograder.exercises.initialization._laws import COLUMN, KERNEL, ROW, SIGNAL, SQUARE, TALL, WIDE, Law, fans
from autograder.exercises.initialization._manners import manners
from autograder.exercises.initialization.fan_in_and_fan_out import right as fan_in_and_fan_out
from autograder.judge import alternative, slips

EXERCISE = initializer(
    Law("lecun_normal", "normal", lambda shape: fans(shape)[0] ** -0.5),
    section="5 · Calibrated",
    spreads=[
        spread("the spread of a layer with more inputs than units", WIDE, ROW, weight=17.5),
        spread("the spread of a layer with more units than inputs", TALL, COLUMN, SQUARE, weight=17.5),
        spread("the spread of kernels", KERNEL, SIGNAL, weight=25.5),
    ],
)


def right(shape, rng):
    fan_in, _ = fan_in_and_fan_out(shape)
    std = 1 / np.sqrt(fan_in)
    return std * rng.standard_normal(shape)


MISTAKES = manners(right, "normal") + slips("""
variance_for_std: np.sqrt(fan_in) -> fan_in
    The spread is 1 / fan_in, which is the variance. A standard deviation is its root: divide by sqrt(fan_in).

fan_out_for_fan_in: fan_in, _ = fan_in_and_fan_out(shape) -> _, fan_in = fan_in_and_fan_out(shape)
    This is 1 / sqrt(fan_out). What keeps the signal's size on the way forward is the number of inputs of a unit,
    `shape[1]` times the kernel's area.

kernel_area_left_out: fan_in_and_fan_out(shape) -> shape[1], shape[0]
    The kernel's area is left out: a unit of a convolution sums over in * height * width inputs. Use
    `fan_in_and_fan_out`.

pytorch_xavier: 1 / np.sqrt(fan_in) -> math.sqrt(2 / sum(fan_in_and_fan_out(shape)))
    This is PyTorch's Xavier, with both fans. Here only fan_in counts: 1 / sqrt(fan_in), as in lecture 001.
kaiming: 1 / np.sqrt(fan_in) -> np.sqrt(2 / fan_in)
    This is Kaiming's sqrt(2 / fan_in), which makes up for a ReLU. LeCun's has no 2.
multiplied: 1 / np.sqrt(fan_in) -> np.sqrt(fan_in)
    The weights are multiplied by sqrt(fan_in), which makes the sum larger still. Divide.
number_of_weights: np.sqrt(fan_in) -> np.sqrt(math.prod(shape))
    The weights are divided by the root of their number. A unit sums over its own inputs only: fan_in.

last_axis: fan_in_and_fan_out(shape) -> shape[-1], shape[0]
    `shape[-1]` is taken for the inputs. In (out, in, *kernel) the last axis of a convolution is the kernel's: use
    `fan_in_and_fan_out`.

not_scaled (core): 1 / np.sqrt(fan_in) -> 1.0
    The weights are not scaled: divide them by sqrt(fan_in).
""")


@alternative
def row_by_row(shape, rng):
    fan_in = np.zeros(shape)[0].size
    return np.stack([rng.standard_normal(shape[1:]) / fan_in**0.5 for _ in range(shape[0])])


@alternative
def turned_rows(shape, rng):
    """A normal array stays one when it is drawn in another layout, in flat form, and from a child generator."""
    flat = rng.spawn(1)[0].standard_normal(math.prod(shape))
    return (flat.reshape(shape[::-1]) / math.prod(shape[1:]) ** 0.5).T


HINTS = [
    "A unit adds up fan_in products. How large may each be, so that the sum is as large as one input?",
    "Variances add up: fan_in * Var(w) = 1. Which standard deviation is that?",
    "To test yours: (7, 100) has a spread of 0.1, whatever the 7 is, and so has (8, 4, 5, 5), where a unit adds up 100 "
    "products.",
]
