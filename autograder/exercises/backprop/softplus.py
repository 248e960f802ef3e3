"""softplus and softplus_backward: out = log(1 + exp(x)), dx = dout * sigmoid(x).

Dugas et al. 2001; Glorot et al. 2011: a smooth ReLU. torch.nn.functional.softplus returns x itself above its
threshold, 20, where the two differ by less than 3e-9; the reference here is the formula itself, torch.logaddexp(0,
x), and autograd.
"""

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, SECTION, shapes
from autograder.judge import Activation, Case, alternative, slips, torch

EXERCISE = Activation(
    functions=("softplus", "softplus_backward"),
    reference=lambda x: torch.logaddexp(torch.zeros_like(x), x),
    section=SECTION,
    cases=[
        *shapes(),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 200.0, -200.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 60.0, -60.0), dtype="float32", weight=0.5),
        Case("a little more than x, not x, from 8 to 17", near=(9.0, 11.5, 13.0, 16.0), relative=True, only="forward"),
        Case("a little less than 1, not 1, from 8 to 13", near=(9.0, 10.0, 12.0), only="backward"),
        Case("about exp(x), not 0, at x = -50", near=(-45.0, -50.0, -55.0), relative=True, only="forward", weight=0.5),
    ],
)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(dout, x):
    small = np.exp(-np.abs(x))
    slope = np.where(x >= 0, 1, small) / (1 + small)
    return dout * slope


right = softplus, softplus_backward

MISTAKES = BACKWARD + slips("""
overflow (detail): np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.log(1 + np.exp(x))
    Infinite for large x: exp(1000) is. Take x itself out of the logarithm: log(1 + exp(x)) = max(x, 0) + log(1 +
    exp(-|x|)). And np.log1p keeps the digits where exp is small.

overflow (detail): np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.log1p(np.exp(x))
    Infinite for large x: exp(1000) is. Take x itself out of the logarithm: log(1 + exp(x)) = max(x, 0) + log(1 +
    exp(-|x|)).

loses_small_values (detail): np.log1p(np.exp(-np.abs(x))) -> np.log(1 + np.exp(-np.abs(x)))
    Far below 0 the result is exactly 0 where it is about exp(x): 1 + exp(x) is rounded to 1. np.log1p(z) computes log(1
    + z) without that.

sign: np.maximum(x, 0) -> np.maximum(-x, 0)
    The curve falls: the exponent is x, not -x.
base_two: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.logaddexp(0, x) / float(np.log(2))
    The logarithm has base 2. It is the natural one, np.log.
is_relu (core): np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.maximum(x, 0)
    This is the ReLU. The softplus is smooth: log 2 at 0, and never exactly 0.
one_missing (core): np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> x.copy()
    This is log(exp(x)), x itself. The 1 beside the exponential is missing: log(1 + exp(x)).

linear_too_early (detail): np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.where(x > 10, x, np.logaddexp(0, x))
    or np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) -> np.where(x > 8, x, np.logaddexp(0, x))
    The curve is replaced by x from some x on, where the two still differ. The formula with exp(-|x|) needs no
    threshold.

linear_too_early_backward (detail): dout * slope -> dout * np.where(x > 8, 1, slope)
    or dout * slope -> dout * np.where(x > 10, 1, slope)
    The derivative is 1 from some x on, where it still differs from 1. The sigmoid needs no threshold.

output_for_input: dout * slope -> dout * (1 - np.exp(-x))
    The backward takes x for the output: 1 - exp(-x). It is given the input; the derivative is sigmoid(x).
backward_overflow (detail): np.where(x >= 0, 1, small) / (1 + small) -> np.exp(x) / (1 + np.exp(x))
    The derivative is not finite at x = 1000: exp(x) is inf there, and inf / inf is nan. Use your stable sigmoid.
derivative_of_relu (core): dout * slope -> dout * (x > 0)
    This is the ReLU's backward, a step. The softplus has a smooth derivative: sigmoid(x).
derivative_of_sigmoid: dout * slope -> dout * slope * (1 - slope)
    One derivative too many: s * (1 - s) is that of the sigmoid. The softplus's is the sigmoid itself.
sign_backward: dout * slope -> dout * (1 - slope)
    The derivative falls with x. It rises from 0 to 1: sigmoid(x), with exp(-x) below.
times_the_output (core): dout * slope -> dout * softplus(x)
    `dout` is multiplied by softplus(x). The derivative of the softplus is sigmoid(x).

one_half_only: np.where(x >= 0, 1, small) -> small
    With exp(-|x|) alone both sides of 0 get the same derivative. Below 0 it is s / (1 + s), above 1 / (1 + s), where s
    = exp(-|x|).
""")


@alternative
def with_a_threshold(x):
    """PyTorch's way; np.where computes the half that overflows too."""
    return np.where(x > 20, x, np.log1p(np.exp(x)))


@alternative
def from_the_output(dout, x):
    return -dout * np.expm1(-with_a_threshold(x))


@alternative
def through_tanh(dout, x):
    return dout * (0.5 + 0.5 * np.tanh(x / 2))


HINTS = [
    "For large x, log(1 + exp(x)) is almost x. What is left when you take x out of the logarithm?",
    "log(1 + exp(x)) = x + log(1 + exp(-x)). Use this for x > 0 and the other form below: only exp(-|x|) is left. "
    "np.log1p(z) is log(1 + z) without rounding. The derivative is an old friend.",
    "`np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))`; backward: `dout * sigmoid(x)`.",
]
