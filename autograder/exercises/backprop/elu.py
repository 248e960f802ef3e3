"""elu and elu_backward: out = x where x > 0, alpha * (exp(x) - 1) elsewhere.

Clevert et al. 2015, section 3; lecture 001. Its derivative is 1 above 0 and alpha * exp(x) below; at exactly 0
PyTorch takes alpha. The original writes the derivative with the output, out + alpha: a backward that is given the
input must not. Reference: torch.nn.functional.elu and autograd.
"""

import math

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, SECTION, shapes
from autograder.judge import Activation, Case, F, alternative, slips

EXERCISE = Activation(
    functions=("elu", "elu_backward"),
    reference=lambda x, alpha=1.0: F.elu(x, alpha),
    section=SECTION,
    cases=[
        *shapes(alpha=1.0),
        Case("the default alpha is 1", shape=(4, 3)),
        Case("another alpha, 0.5", shape=(6, 4), size=2.0, alpha=0.5, weight=2),
        Case("alpha larger than 1", shape=(6, 4), size=2.0, alpha=2.5, weight=2),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), alpha=2.0, only="forward"),
        Case("exactly 0: the derivative is taken to be alpha", near=(0.0, -0.0, 0.5, -0.5), alpha=2.0, only="backward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 30.0, -30.0), alpha=1.0),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 20.0, -20.0), alpha=1.0, dtype="float32"),
    ],
)


def elu(x, alpha=1.0):
    below = np.exp(np.minimum(x, 0)) - 1
    return np.where(x > 0, x, alpha * below)


def elu_backward(dout, x, alpha=1.0):
    slope = np.exp(np.minimum(x, 0))
    return dout * np.where(x > 0, 1, alpha * slope)


right = elu, elu_backward

MISTAKES = BACKWARD + slips("""
overflow (detail): np.where(x > 0, x, alpha * below) -> (x > 0) * x + alpha * (np.exp(x) - 1) * (x <= 0)
    Not finite for large x: exp(1000) is inf, and inf times the 0 of a mask is nan. Pick with np.where, or take the
    exponential of min(x, 0).

alpha_forgotten: alpha * below -> below
    `alpha` makes no difference: below 0 the curve is alpha * (exp(x) - 1).
alpha_everywhere: np.where(x > 0, x, alpha * below) -> alpha * np.where(x > 0, x, below)
    alpha is on both sides. Above 0 the output is x itself.
alpha_inside: np.exp(np.minimum(x, 0)) - 1 -> np.exp(np.minimum(x, 0) / alpha) - 1
    This is alpha * (exp(x / alpha) - 1), the CELU. The ELU has x alone in the exponent.
alpha_inside: alpha * below -> np.exp(alpha * np.minimum(x, 0)) - 1
    alpha is in the exponent. It is a factor outside: alpha * (exp(x) - 1).
minus_one_missing: np.exp(np.minimum(x, 0)) - 1 -> np.exp(np.minimum(x, 0))
    The two halves do not meet at 0: below it is alpha * (exp(x) - 1), with a minus 1.

minus_alpha: alpha * below -> below + 1 - alpha
    or alpha * below -> alpha * (below + 1) - 1
    alpha goes with one of the two terms alone. It is a factor of both: alpha * (exp(x) - 1).

alpha_forgotten_backward: alpha * slope -> slope
    The derivative below 0 has lost its alpha: it is alpha * exp(x).
alpha_everywhere_backward: np.where(x > 0, 1, alpha * slope) -> alpha * slope
    The backward has alpha on both sides. Where x > 0 the derivative is 1.

output_for_input: alpha * slope -> x + alpha
    The backward takes x for the output: x + alpha. It is given the input; the derivative below 0 is alpha * exp(x),
    which is *elu(x)* + alpha.

backward_overflow (detail): np.where(x > 0, 1, alpha * slope) -> (x > 0) + alpha * np.exp(x) * (x <= 0)
    The derivative is not finite for large x: exp(1000) is inf, and inf times the 0 of a mask is nan. Pick with
    np.where, or take the exponential of min(x, 0).

gradient_at_zero (detail): np.where(x > 0, 1, alpha * slope) -> np.where(x >= 0, 1, alpha * slope)
    At exactly 0 the derivative is 1 (`x >= 0`). As in PyTorch, it is taken to be alpha there: `x > 0`.
gradient_at_zero (detail): np.where(x > 0, 1, alpha * slope) -> (x > 0) + alpha * slope * (x < 0)
    At exactly 0 the derivative is 0: neither `x > 0` nor `x < 0` holds. As in PyTorch, it is taken to be alpha.
minus_one_kept: alpha * slope -> alpha * (slope - 1)
    The derivative still has the minus 1: a constant has no slope. It is alpha * exp(x).
alpha_inside_backward: alpha * slope -> np.exp(np.minimum(x, 0) / alpha)
    This is the derivative of the CELU, exp(x / alpha). That of the ELU is alpha * exp(x).
one_for_alpha_backward: alpha * slope -> elu(x, alpha) + 1
    The backward uses out + 1. Below 0 the derivative is alpha * exp(x) = out + alpha.
dead_below_zero (core): np.where(x > 0, 1, alpha * slope) -> (x > 0)
    No gradient comes through below 0: this is the ReLU's backward. There it is dout * alpha * exp(x).
decided_by_dout (core): np.where(x > 0, 1, alpha * slope) -> np.where(dout > 0, 1, alpha * slope)
    The backward looks at the sign of `dout`. What decides is the sign of *x*.
times_the_output (core): np.where(x > 0, 1, alpha * slope) -> elu(x, alpha)
    `dout` is multiplied by the output. The derivative is 1 where x > 0 and alpha * exp(x) elsewhere.
""")


@alternative
def both_sides_computed(x, alpha=1.0):
    """Overflows in the half that np.where throws away: a warning, no error."""
    return np.where(x > 0, x, alpha * np.expm1(x))


@alternative
def from_the_output(dout, x, alpha=1.0):
    out = both_sides_computed(x, alpha)
    return np.where(x > 0, dout, dout * (out + alpha))


@alternative
def one_by_one(x, alpha=1.0):
    out = [v if v > 0 else alpha * math.expm1(v) for v in x.ravel().tolist()]
    return np.array(out, dtype=x.dtype).reshape(x.shape)


HINTS = [
    "Two halves: the line x above 0, a curve below. What does the curve do at -1000, and what would it do at +1000, "
    "where nobody asked for it?",
    "np.where computes both halves before it picks. np.minimum(x, 0) keeps the exponential small, np.expm1 keeps the "
    "digits near 0. The derivatives are 1 and alpha * exp(x).",
    "`np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))`; backward: `dout * np.where(x > 0, 1, alpha * "
    "np.exp(np.minimum(x, 0)))`.",
]
