"""sigmoid and sigmoid_backward: out = 1 / (1 + exp(-x)), dx = dout * out * (1 - out).

Lectures 001 and 002, which write it as it stands: right in float64, where 1 / inf is 0. Written with exp(x) on both
sides of the fraction it is inf / inf at x = 1000. Reference: torch.sigmoid and autograd.
"""

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, SECTION, shapes
from autograder.judge import Activation, Case, alternative, slips, torch

EXERCISE = Activation(
    functions=("sigmoid", "sigmoid_backward"),
    reference=lambda x: torch.sigmoid(x),
    section=SECTION,
    cases=[
        *shapes(),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 300.0, -300.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 60.0, -60.0), dtype="float32", weight=0.5),
        Case("about exp(x), not 0, at x = -50", near=(-45.0, -50.0, -55.0), relative=True, only="forward"),
    ],
)


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def sigmoid_backward(dout, x):
    out = sigmoid(x)
    return dout * out * (1 - out)


right = sigmoid, sigmoid_backward

MISTAKES = BACKWARD + slips("""
overflow (detail): np.where(x >= 0, 1, small) / (1 + small) -> np.exp(x) / (1 + np.exp(x))
    Not finite for large x: exp(1000) is inf, and inf / inf is nan. Take the exponential of -|x| alone, which is at most
    1, and write each side of 0 with it.

loses_small_values (detail): np.where(x >= 0, 1, small) / (1 + small) -> 0.5 * (1 + np.tanh(0.5 * x))
    Far below 0 the result is exactly 0 where it is about exp(x): 1 plus something near -1 has lost its digits. For x <
    0 use exp(x) / (1 + exp(x)).

clipped (detail): np.abs(x) -> np.minimum(np.abs(x), 20)
    or np.abs(x) -> np.minimum(np.abs(x), 30)
    x is clipped, so that far out the result stands still. At -50 it is about exp(-50): exp(-|x|) needs no clipping.

sign: np.where(x >= 0, 1, small) / (1 + small) -> 1 / (1 + np.exp(x))
    The curve falls: the minus sign in exp(-x) is missing.
is_tanh (core): np.where(x >= 0, 1, small) / (1 + small) -> np.tanh(x)
    This is tanh, from -1 to 1. The sigmoid goes from 0 to 1, and is 1/2 at 0.

one_half_only: np.where(x >= 0, 1, small) -> 1
    or np.where(x >= 0, 1, small) -> small
    With exp(-|x|) both sides of 0 come out alike. Below 0 it is s / (1 + s), above 1 / (1 + s), where s = exp(-|x|).

output_for_input: sigmoid(x) -> x
    The backward takes x for the output: x * (1 - x). It is given the input; out * (1 - out) needs out = sigmoid(x).

backward_overflow (detail): dout * out * (1 - out) -> dout * np.exp(-x) / (1 + np.exp(-x)) ** 2
    The derivative is not finite at x = -1000: exp(-x) is inf there, and inf / inf is nan. out * (1 - out) holds no
    large number.

factor_missing: dout * out * (1 - out) -> dout * out
    dx is dout * out: the factor (1 - out) is missing.
factor_missing: dout * out * (1 - out) -> dout * (1 - out)
    dx is dout * (1 - out): the factor out is missing.
derivative_of_tanh: dout * out * (1 - out) -> dout * (1 - out**2)
    1 - out^2 is the derivative of tanh. The sigmoid's is out * (1 - out).
sigmoid_twice: sigmoid(x) -> sigmoid(sigmoid(x))
    The sigmoid is taken twice in the backward. `x` is the input: apply sigmoid to it once.
""")


@alternative
def as_printed(x):
    return 1 / (1 + np.exp(-x))


@alternative
def even_derivative(dout, x):
    return dout / (4 * np.cosh(x / 2) ** 2)


@alternative
def on_two_masks(x):
    out = np.empty_like(x)
    right = x >= 0
    out[right] = 1 / (1 + np.exp(-x[right]))
    power = np.exp(x[~right])
    out[~right] = power / (power + 1)
    return out


HINTS = [
    "exp overflows for large positive arguments only. Which sign of x makes exp(-x) dangerous, and which exp(x)?",
    "exp(-|x|) never exceeds 1. With it, sigmoid is 1 / (1 + exp(-|x|)) for x >= 0 and exp(-|x|) / (1 + exp(-|x|)) "
    "below. For the backward, write the derivative with the output.",
    "`small = np.exp(-np.abs(x))`, then `np.where(x >= 0, 1, small) / (1 + small)`; backward: `out = sigmoid(x)`, "
    "`dout * out * (1 - out)`.",
]
