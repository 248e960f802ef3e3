"""tanh and tanh_backward: out = tanh(x), dx = dout * (1 - out^2).

Lecture 001. NumPy has it, and may be used; what it takes care of are large x, where the exponentials overflow.
Reference: torch.tanh and autograd.
"""

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, SECTION, shapes
from autograder.judge import Activation, Case, alternative, slips, torch

EXERCISE = Activation(
    functions=("tanh", "tanh_backward"),
    reference=lambda x: torch.tanh(x),
    section=SECTION,
    cases=[
        *shapes(),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 400.0, -400.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 50.0, -50.0), dtype="float32", weight=0.5),
    ],
)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dout, x):
    out = np.tanh(x)
    return dout * (1 - out**2)


right = tanh, tanh_backward

MISTAKES = BACKWARD + slips("""
overflow (detail): return np.tanh(x) -> return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    or return np.tanh(x) -> return (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1)
    or return np.tanh(x) -> return np.sinh(x) / np.cosh(x)
    Not finite for large x: exp(1000) is inf, and inf / inf is nan. Use exponentials of -|x| alone and put the sign
    back, or np.tanh.

half_as_steep: return np.tanh(x) -> return np.tanh(x / 2)
    This is tanh(x / 2): in terms of the sigmoid, tanh(x) = 2 sigmoid(2x) - 1, with a 2 inside as well.
is_sigmoid (core): return np.tanh(x) -> return 1 / (1 + np.exp(-x))
    This is the sigmoid, from 0 to 1. tanh goes from -1 to 1, and is 0 at 0.
sign_forward: return np.tanh(x) -> return np.tanh(-x)
    The curve falls: exp(x) and exp(-x) have changed places above the line. tanh has the sign of x.

turned_upside_down: return np.tanh(x) -> return 1 / np.tanh(x)
    This is 1 / tanh(x), which is infinite at 0: the fraction is the wrong way up. The difference of the exponentials
    stands above, their sum below.

output_for_input: out = np.tanh(x) -> out = x
    The backward takes x for the output: 1 - x^2. It is given the input; 1 - out^2 needs out = tanh(x).
square_missing: out**2 -> out
    The derivative is 1 - out^2: the square is missing.
square_of_all: 1 - out**2 -> (1 - out) ** 2
    The difference is squared, (1 - out)^2. It is the output alone: 1 - out^2.
derivative_of_sigmoid: 1 - out**2 -> out * (1 - out)
    out * (1 - out) is the derivative of the sigmoid. That of tanh is 1 - out^2.
sign: 1 - out**2 -> 1 + out**2
    The derivative has a plus where a minus belongs: 1 - out^2, at most 1.
tanh_twice: out = np.tanh(x) -> out = np.tanh(np.tanh(x))
    tanh is taken twice in the backward. `x` is the input: apply tanh to it once.
""")


@alternative
def from_exponentials(x):
    small = np.exp(-2 * np.abs(x))
    return np.sign(x) * (1 - small) / (1 + small)


@alternative
def two_factors(dout, x):
    out = np.tanh(x)
    return (dout - dout * out) * (1 + out)


@alternative
def with_cosh(dout, x):
    return dout / np.square(np.cosh(np.clip(x, -40, 40)))


HINTS = [
    "NumPy has the function itself. For the derivative: what does it become when you write it with the output?",
    "The derivative of tanh is 1 - tanh(x)^2. `dout` comes in, dx goes out: multiply element by element.",
    "`np.tanh(x)`; backward: `dout * (1 - np.tanh(x) ** 2)`.",
]
