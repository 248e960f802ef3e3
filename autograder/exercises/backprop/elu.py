"""elu and elu_backward: out = x where x > 0, alpha * (exp(x) - 1) elsewhere.

Clevert et al. 2015, section 3; lecture 001. Its derivative is 1 above 0 and alpha * exp(x) below; at exactly 0
PyTorch takes alpha. The original writes the derivative with the output, out + alpha: a backward that is given the
input must not. Reference: torch.nn.functional.elu and autograd.
"""

import math

import numpy as np
import torch.nn.functional as F

from autograder.exercises.backprop._activations import SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def reference(x, alpha=1.0):
    return F.elu(x, alpha)


def below(x):
    return np.minimum(x, 0)


def forward(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(below(x)))


def backward(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, alpha * np.exp(below(x)))


def overflows(x, alpha=1.0):
    return (x > 0) * x + alpha * (np.exp(x) - 1) * (x <= 0)


def overflows_with_expm1(x, alpha=1.0):
    return (x > 0) * x + alpha * np.expm1(x) * (x <= 0)


def digits_lost(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(below(x)) - 1))


def alpha_forgotten(x, alpha=1.0):
    return forward(x)


def alpha_everywhere(x, alpha=1.0):
    return alpha * forward(x)


def alpha_inside(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(below(x) / alpha))


def alpha_in_the_exponent(x, alpha=1.0):
    return np.where(x > 0, x, np.expm1(alpha * below(x)))


def no_minus_one(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.exp(below(x)))


def alpha_forgotten_backward(dout, x, alpha=1.0):
    return backward(dout, x)


def alpha_everywhere_backward(dout, x, alpha=1.0):
    return alpha * backward(dout, x)


def x_is_the_output(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, x + alpha)


def overflows_backward(dout, x, alpha=1.0):
    return dout * ((x > 0) + alpha * np.exp(x) * (x <= 0))


def one_at_zero(dout, x, alpha=1.0):
    return dout * np.where(x >= 0, 1, alpha * np.exp(below(x)))


def minus_one_kept(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, alpha * np.expm1(below(x)))


def alpha_inside_backward(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, np.exp(below(x) / alpha))


def output_without_alpha(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, forward(x, alpha) + 1)


def dead_below(dout, x, alpha=1.0):
    return dout * (x > 0)


def by_dout(dout, x, alpha=1.0):
    return dout * np.where(dout > 0, 1, alpha * np.exp(below(x)))


def both_sides_computed(x, alpha=1.0):
    """Overflows in the half that np.where throws away: a warning, no error."""
    return np.where(x > 0, x, alpha * np.expm1(x))


def from_the_output(dout, x, alpha=1.0):
    out = both_sides_computed(x, alpha)
    return np.where(x > 0, dout, dout * (out + alpha))


def two_terms(x, alpha=1.0):
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(0, x))


def on_masks(dout, x, alpha=1.0):
    dx = dout.copy()
    left = x <= 0
    dx[left] *= alpha * np.exp(x[left])
    return dx


def one_by_one(x, alpha=1.0):
    out = [v if v > 0 else alpha * math.expm1(v) for v in x.ravel().tolist()]
    return np.array(out, dtype=x.dtype).reshape(x.shape)


def one_by_one_backward(dout, x, alpha=1.0):
    pairs = zip(dout.ravel().tolist(), x.ravel().tolist(), strict=True)
    return np.array([d if v > 0 else d * alpha * math.exp(v) for d, v in pairs], dout.dtype).reshape(x.shape)


OVERFLOW = (
    "Not finite for large x: exp(1000) is inf, and inf times the 0 of a mask is nan. Pick with np.where, or take the "
    "exponential of min(x, 0)."
)

EXERCISE = Activation(
    functions=("elu", "elu_backward"),
    reference=reference,
    cases=[
        *SHAPES,
        Case("another alpha, 0.5", shape=(6, 4), size=2.0, alpha=0.5),
        Case("alpha larger than 1", shape=(6, 4), size=2.0, alpha=2.5),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), alpha=2.0, only="forward"),
        Case("exactly 0: the derivative is taken to be alpha", near=(0.0, -0.0, 0.5, -0.5), alpha=2.0, only="backward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 30.0, -30.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 20.0, -20.0), dtype="float32"),
        Case("alpha * x, not 0, at x = -1e-18", near=(-1e-18, 1e-18, -1e-17), alpha=1.5, relative=True, only="forward"),
    ],
    mistakes=[
        Mistake("overflow", (overflows, any_function), OVERFLOW),
        Mistake("overflow", (overflows_with_expm1, any_function), OVERFLOW),
        Mistake(
            "loses_small_values",
            (digits_lost, any_function),
            "Just below 0 the result is exactly 0 where it should be alpha * x: exp(x) is rounded to 1 before the 1 is "
            "taken away. np.expm1 computes exp(x) - 1 without that.",
        ),
        Mistake(
            "alpha_forgotten",
            (alpha_forgotten, any_function),
            "`alpha` makes no difference: below 0 the curve is alpha * (exp(x) - 1).",
        ),
        Mistake(
            "alpha_everywhere",
            (alpha_everywhere, any_function),
            "alpha is on both sides. Above 0 the output is x itself.",
        ),
        Mistake(
            "alpha_inside",
            (alpha_inside, any_function),
            "This is alpha * (exp(x / alpha) - 1), the CELU. The ELU has x alone in the exponent.",
        ),
        Mistake(
            "alpha_inside",
            (alpha_in_the_exponent, any_function),
            "alpha is in the exponent. It is a factor outside: alpha * (exp(x) - 1).",
        ),
        Mistake(
            "minus_one_missing",
            (no_minus_one, any_function),
            "The two halves do not meet at 0: below it is alpha * (exp(x) - 1), with a minus 1.",
        ),
        Mistake(
            "alpha_forgotten_backward",
            (any_function, alpha_forgotten_backward),
            "The derivative below 0 has lost its alpha: it is alpha * exp(x).",
        ),
        Mistake(
            "alpha_everywhere_backward",
            (any_function, alpha_everywhere_backward),
            "The backward has alpha on both sides. Where x > 0 the derivative is 1.",
        ),
        Mistake(
            "output_for_input",
            (any_function, x_is_the_output),
            "The backward takes x for the output: x + alpha. It is given the input; the derivative below 0 is "
            "alpha * exp(x), which is *elu(x)* + alpha.",
        ),
        Mistake("backward_overflow", (any_function, overflows_backward), OVERFLOW),
        Mistake(
            "gradient_at_zero",
            (any_function, one_at_zero),
            "At exactly 0 the derivative is 1 (`x >= 0`). As in PyTorch, it is taken to be alpha there: `x > 0`.",
        ),
        Mistake(
            "minus_one_kept",
            (any_function, minus_one_kept),
            "The derivative still has the minus 1: a constant has no slope. It is alpha * exp(x).",
        ),
        Mistake(
            "alpha_inside_backward",
            (any_function, alpha_inside_backward),
            "This is the derivative of the CELU, exp(x / alpha). That of the ELU is alpha * exp(x).",
        ),
        Mistake(
            "one_for_alpha_backward",
            (any_function, output_without_alpha),
            "The backward uses out + 1. Below 0 the derivative is alpha * exp(x) = out + alpha.",
        ),
        Mistake(
            "dead_below_zero",
            (any_function, dead_below),
            "No gradient comes through below 0: this is the ReLU's backward. There it is dout * alpha * exp(x).",
        ),
        Mistake(
            "decided_by_dout",
            (any_function, by_dout),
            "The backward looks at the sign of `dout`. What decides is the sign of *x*.",
        ),
        *backward_mistakes(backward),
    ],
    alternatives=[
        (forward, backward),
        (both_sides_computed, from_the_output),
        (two_terms, on_masks),
        (one_by_one, one_by_one_backward),
    ],
    hints=[
        "Two halves: the line x above 0, a curve below. What does the curve do at -1000, and what would it do at +1000, "
        "where nobody asked for it?",
        "np.where computes both halves before it picks. np.minimum(x, 0) keeps the exponential small, np.expm1 keeps the "
        "digits near 0. The derivatives are 1 and alpha * exp(x).",
        "`np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))`; backward: "
        "`dout * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))`.",
    ],
)
