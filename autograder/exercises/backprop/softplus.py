"""softplus and softplus_backward: out = log(1 + exp(x)), dx = dout * sigmoid(x).

Dugas et al. 2001; Glorot et al. 2011: a smooth ReLU. torch.nn.functional.softplus returns x itself above its
threshold, 20, where the two differ by less than 3e-9; the reference here is the formula itself, torch.logaddexp(0,
x), and autograd.
"""

import math

import numpy as np
import torch

from autograder.exercises.backprop._activations import SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def reference(x):
    return torch.logaddexp(torch.zeros_like(x), x)


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def forward(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def backward(dout, x):
    return dout * sigmoid(x)


def overflows(x):
    return np.log(1 + np.exp(x))


def overflows_with_log1p(x):
    return np.log1p(np.exp(x))


def digits_lost(x):
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))


def sign_inside(x):
    return np.logaddexp(0, -x)


def base_two(x):
    return forward(x) / np.log(2).astype(x.dtype)


def is_relu(x):
    return np.maximum(x, 0)


def linear_too_early(x):
    return np.where(x > 10, x, np.log1p(np.exp(np.minimum(x, 10))))


def x_is_the_output(dout, x):
    return dout * (1 - np.exp(-x))


def overflows_backward(dout, x):
    return dout * np.exp(x) / (1 + np.exp(x))


def of_the_relu(dout, x):
    return dout * (x > 0)


def of_the_sigmoid(dout, x):
    return dout * sigmoid(x) * (1 - sigmoid(x))


def falling(dout, x):
    return dout * sigmoid(-x)


def times_the_output(dout, x):
    return dout * forward(x)


def one_over(dout, x):
    return dout * sigmoid(-np.abs(x))


def from_numpy(x):
    return np.logaddexp(0, x)


def in_logarithms(dout, x):
    return np.exp(-np.logaddexp(0, -x)) * dout


def with_a_threshold(x):
    """PyTorch's way; np.where computes the half that overflows too."""
    return np.where(x > 20, x, np.log1p(np.exp(x)))


def from_the_output(dout, x):
    return -dout * np.expm1(-with_a_threshold(x))


def one_by_one(x):
    out = [max(v, 0.0) + math.log1p(math.exp(-abs(v))) for v in x.ravel().tolist()]
    return np.array(out, dtype=x.dtype).reshape(x.shape)


def through_tanh(dout, x):
    return dout * (0.5 + 0.5 * np.tanh(x / 2))


EXERCISE = Activation(
    functions=("softplus", "softplus_backward"),
    reference=reference,
    cases=[
        *SHAPES,
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 200.0, -200.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 60.0, -60.0), dtype="float32"),
        Case("a little more than x between 8 and 18", near=(9.0, 11.5, 13.0, 16.0), relative=True, only="forward"),
        Case("about exp(x), not 0, at x = -50", near=(-45.0, -50.0, -55.0), relative=True, only="forward"),
    ],
    mistakes=[
        Mistake(
            "overflow",
            (overflows, any_function),
            "Infinite for large x: exp(1000) is. Take x itself out of the logarithm: "
            "log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). And np.log1p keeps the digits where exp is small.",
        ),
        Mistake(
            "overflow",
            (overflows_with_log1p, any_function),
            "Infinite for large x: exp(1000) is. Take x itself out of the logarithm: "
            "log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).",
        ),
        Mistake(
            "loses_small_values",
            (digits_lost, any_function),
            "Far below 0 the result is exactly 0 where it is about exp(x): 1 + exp(x) is rounded to 1. np.log1p(z) computes "
            "log(1 + z) without that.",
        ),
        Mistake("sign", (sign_inside, any_function), "The curve falls: the exponent is x, not -x."),
        Mistake("base_two", (base_two, any_function), "The logarithm has base 2. It is the natural one, np.log."),
        Mistake(
            "is_relu",
            (is_relu, any_function),
            "This is the ReLU. The softplus is smooth: log 2 at 0, and never exactly 0.",
        ),
        Mistake(
            "linear_too_early",
            (linear_too_early, any_function),
            "The curve is replaced by x from 10 on, where the two still differ by 5e-5. The formula with exp(-|x|) needs no "
            "threshold.",
        ),
        Mistake(
            "output_for_input",
            (any_function, x_is_the_output),
            "The backward takes x for the output: 1 - exp(-x). It is given the input; the derivative is sigmoid(x).",
        ),
        Mistake(
            "backward_overflow",
            (any_function, overflows_backward),
            "The derivative is not finite at x = 1000: exp(x) is inf there, and inf / inf is nan. Use your stable sigmoid.",
        ),
        Mistake(
            "derivative_of_relu",
            (any_function, of_the_relu),
            "This is the ReLU's backward, a step. The softplus has a smooth derivative: sigmoid(x).",
        ),
        Mistake(
            "derivative_of_sigmoid",
            (any_function, of_the_sigmoid),
            "One derivative too many: s * (1 - s) is that of the sigmoid. The softplus's is the sigmoid itself.",
        ),
        Mistake(
            "sign_backward",
            (any_function, falling),
            "The derivative falls with x. It rises from 0 to 1: sigmoid(x), with exp(-x) below.",
        ),
        Mistake(
            "times_the_output",
            (any_function, times_the_output),
            "dout is multiplied by softplus(x). The derivative of the softplus is sigmoid(x).",
        ),
        Mistake(
            "one_half_only",
            (any_function, one_over),
            "With exp(-|x|) alone both sides of 0 get the same derivative. Below 0 it is s / (1 + s), above 1 / (1 + s), "
            "where s = exp(-|x|).",
        ),
        *backward_mistakes(backward),
    ],
    alternatives=[
        (forward, backward),
        (from_numpy, in_logarithms),
        (with_a_threshold, from_the_output),
        (one_by_one, through_tanh),
    ],
    hints=[
        "For large x, log(1 + exp(x)) is almost x. What is left when you take x out of the logarithm?",
        "log(1 + exp(x)) = x + log(1 + exp(-x)). Use this for x > 0 and the other form below: only exp(-|x|) is left. "
        "np.log1p(z) is log(1 + z) without rounding. The derivative is an old friend.",
        "`np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))`; backward: `dout * sigmoid(x)`.",
    ],
)
