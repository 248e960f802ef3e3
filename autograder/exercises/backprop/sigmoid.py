"""sigmoid and sigmoid_backward: out = 1 / (1 + exp(-x)), dx = dout * out * (1 - out).

Lectures 001 and 002, which write it as it stands: right in float64, where 1 / inf is 0. Written with exp(x) on both
sides of the fraction it is inf / inf at x = 1000. Reference: torch.sigmoid and autograd.
"""

import numpy as np
import torch

from autograder.exercises.backprop._activations import SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def forward(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def backward(dout, x):
    out = forward(x)
    return dout * out * (1 - out)


def overflows(x):
    return np.exp(x) / (1 + np.exp(x))


def through_tanh(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def sign_missing(x):
    return 1 / (1 + np.exp(x))


def is_tanh(x):
    return np.tanh(x)


def x_is_the_output(dout, x):
    return dout * x * (1 - x)


def backward_overflows(dout, x):
    return dout * np.exp(-x) / (1 + np.exp(-x)) ** 2


def second_factor_missing(dout, x):
    return dout * forward(x)


def derivative_of_tanh(dout, x):
    return dout * (1 - forward(x) ** 2)


def twice_through(dout, x):
    out = forward(forward(x))
    return dout * out * (1 - out)


def as_printed(x):
    return 1 / (1 + np.exp(-x))


def even_derivative(dout, x):
    return dout / (4 * np.cosh(x / 2) ** 2)


def in_logarithms(x):
    return np.exp(-np.logaddexp(0, -x))


def product_of_both_sides(dout, x):
    return forward(x) * forward(-x) * dout


def on_two_masks(x):
    out = np.empty_like(x)
    right = x >= 0
    out[right] = 1 / (1 + np.exp(-x[right]))
    power = np.exp(x[~right])
    out[~right] = power / (power + 1)
    return out


def one_by_one(dout, x):
    dx = np.zeros(x.shape, dtype=x.dtype)
    for index in np.ndindex(x.shape):
        s = float(on_two_masks(x[index][None])[0])
        dx[index] = float(dout[index]) * (s - s * s)
    return dx


EXERCISE = Activation(
    functions=("sigmoid", "sigmoid_backward"),
    reference=torch.sigmoid,
    cases=[
        *SHAPES,
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 300.0, -300.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 60.0, -60.0), dtype="float32"),
        Case("about exp(x), not 0, at x = -50", near=(-45.0, -50.0, -55.0), relative=True, only="forward"),
    ],
    mistakes=[
        Mistake(
            "overflow",
            (overflows, any_function),
            "Not finite for large x: exp(1000) is inf, and inf / inf is nan. Take the exponential of -|x| alone, which is at "
            "most 1, and write each side of 0 with it.",
        ),
        Mistake(
            "loses_small_values",
            (through_tanh, any_function),
            "Far below 0 the result is exactly 0 where it is about exp(x): 1 plus something near -1 has lost its digits. "
            "For x < 0 use exp(x) / (1 + exp(x)).",
        ),
        Mistake(
            "sign",
            (sign_missing, any_function),
            "The curve falls: the minus sign in exp(-x) is missing.",
        ),
        Mistake(
            "is_tanh",
            (is_tanh, any_function),
            "This is tanh, from -1 to 1. The sigmoid goes from 0 to 1, and is 1/2 at 0.",
        ),
        Mistake(
            "output_for_input",
            (any_function, x_is_the_output),
            "The backward takes x for the output: x * (1 - x). It is given the input; out * (1 - out) needs "
            "out = sigmoid(x).",
        ),
        Mistake(
            "backward_overflow",
            (any_function, backward_overflows),
            "The derivative is not finite at x = -1000: exp(-x) is inf there, and inf / inf is nan. out * (1 - out) holds no "
            "large number.",
        ),
        Mistake(
            "factor_missing",
            (any_function, second_factor_missing),
            "dx is dout * out: the factor (1 - out) is missing.",
        ),
        Mistake(
            "derivative_of_tanh",
            (any_function, derivative_of_tanh),
            "1 - out^2 is the derivative of tanh. The sigmoid's is out * (1 - out).",
        ),
        Mistake(
            "sigmoid_twice",
            (any_function, twice_through),
            "The sigmoid is taken twice in the backward. `x` is the input: apply sigmoid to it once.",
        ),
        *backward_mistakes(backward),
    ],
    alternatives=[
        (forward, backward),
        (as_printed, even_derivative),
        (in_logarithms, product_of_both_sides),
        (on_two_masks, one_by_one),
    ],
    hints=[
        "exp overflows for large positive arguments only. Which sign of x makes exp(-x) dangerous, and which exp(x)?",
        "exp(-|x|) never exceeds 1. With it, sigmoid is 1 / (1 + exp(-|x|)) for x >= 0 and "
        "exp(-|x|) / (1 + exp(-|x|)) below. For the backward, write the derivative with the output.",
        "`small = np.exp(-np.abs(x))`, then `np.where(x >= 0, 1, small) / (1 + small)`; "
        "backward: `out = sigmoid(x)`, `dout * out * (1 - out)`.",
    ],
)
