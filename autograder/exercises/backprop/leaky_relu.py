"""leaky_relu and leaky_relu_backward: out = x where x > 0, slope * x elsewhere.

Lecture 001: max(0.1 x, x). PyTorch's default slope is 0.01, and its derivative at exactly 0 is the slope. Reference:
torch.nn.functional.leaky_relu and autograd.
"""

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, MASK_OF_FLOATS, SECTION, shapes
from autograder.judge import Activation, Case, F, Slip, alternative, mistake, slips

EXERCISE = Activation(
    functions=("leaky_relu", "leaky_relu_backward"),
    reference=lambda x, slope=0.1: F.leaky_relu(x, slope),
    section=SECTION,
    cases=[
        *shapes(slope=0.1),
        Case("the default slope is 0.1", shape=(4, 3)),
        Case("another slope, 0.3", shape=(6, 4), slope=0.3),
        Case("PyTorch's slope, 0.01", shape=(6, 4), slope=0.01),
        Case("slope 0: the ReLU", shape=(3, 4), slope=0.0),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), slope=0.2, only="forward"),
        Case("exactly 0: the derivative is taken to be slope", near=(0.0, -0.0, 0.5, -0.5), slope=0.2, only="backward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 20.0, -20.0), slope=0.1),
    ],
)


def leaky_relu(x, slope=0.1):
    return np.where(x > 0, x, slope * x)


def leaky_relu_backward(dout, x, slope=0.1):
    return np.where(x > 0, dout, slope * dout)


right = leaky_relu, leaky_relu_backward

MISTAKES = BACKWARD + slips("""
slope_ignored: slope * x -> 0.1 * x
    or slope * x -> 0.01 * x
    `slope` makes no difference: use the argument, not a number of your own.

slope_ignored_backward: slope * dout -> 0.1 * dout
    or slope * dout -> 0.01 * dout
    `slope` makes no difference in the backward: use the argument, as the forward does.

slope_on_positive_side (core): np.where(x > 0, x, slope * x) -> np.where(x > 0, slope * x, x)
    The slope is on the positive side. Positive x pass unchanged; the slope is for those below 0.
slope_on_positive_side_backward (core): np.where(x > 0, dout, slope * dout) -> np.where(x > 0, slope * dout, dout)
    The backward puts the slope on the positive side. Where x > 0, `dout` passes unchanged; below, slope * dout.
slope_everywhere (core): np.where(x > 0, x, slope * x) -> slope * x
    The slope is on both sides: that is a straight line. Positive x pass unchanged.
slope_everywhere_backward (core): np.where(x > 0, dout, slope * dout) -> slope * dout
    The backward has the slope on both sides. Where x > 0, `dout` passes unchanged.
slope_added: np.where(x > 0, x, slope * x) -> np.maximum(x, 0) + slope * x
    Positive x come out as (1 + slope) * x: slope * x is added on both sides. It is for those below 0 alone.
no_leak (core): np.where(x > 0, x, slope * x) -> np.maximum(x, 0)
    Nothing comes through below 0: this is the plain ReLU. There the output is slope * x.
no_leak_backward (core): np.where(x > 0, dout, slope * dout) -> dout * (x > 0)
    No gradient comes through below 0: this is the plain ReLU's backward. There it is slope * dout.
leak_turned: slope * x -> -slope * x
    Below 0 the line goes up again: the slope's sign is turned. slope * x is negative there.
leak_turned_backward: slope * dout -> -slope * dout
    Below 0 the gradient changes its sign. The line rises there too, only slower: slope * dout.
floor_at_slope (core): np.where(x > 0, x, slope * x) -> np.maximum(x, slope)
    This is max(slope, x), a floor at the height of the slope. It is a line: max(slope * x, x).
constant_below: slope * x -> slope
    Below 0 the output is the slope itself, the same for every x. It is a line: slope * x.
slope_alone_backward: slope * dout -> slope
    Below 0 the backward returns the slope alone. The chain rule multiplies it by `dout`.
gradient_at_zero (detail): np.where(x > 0, dout, slope * dout) -> np.where(x >= 0, dout, slope * dout)
    At exactly 0 the derivative is 1 (`x >= 0`). As in PyTorch, it is taken to be slope there: `x > 0`.
gradient_at_zero (detail): np.where(x > 0, dout, slope * dout) -> dout * (x > 0) + slope * dout * (x < 0)
    At exactly 0 the derivative is 0: neither `x > 0` nor `x < 0` holds. As in PyTorch, it is taken to be slope.
decided_by_dout (core): np.where(x > 0, dout, slope * dout) -> np.where(dout > 0, dout, slope * dout)
    The backward looks at the sign of `dout`. What decides is the sign of *x*.
times_the_output (core): np.where(x > 0, dout, slope * dout) -> dout * leaky_relu(x, slope)
    `dout` is multiplied by the output. The derivative is 1 where x > 0 and slope elsewhere.
x_for_dout: slope * dout -> slope * x
    Below 0 the backward returns slope * x. It is a gradient that goes back: slope * dout.
""")
_IN_FLOAT64 = {"np.where(x > 0, dout, slope * dout)": "dout * np.where(x > 0, 1.0, slope)"}
MISTAKES += [Slip("changes_dtype", _IN_FLOAT64, MASK_OF_FLOATS, degree="detail")]


@mistake("The default slope is 0.01, as in PyTorch. Asked for here is that of lecture 001, 0.1.", degree="detail")
def default_slope(x, slope=0.01):
    return leaky_relu(x, slope)


@mistake(
    "The backward's default slope is 0.01, as in PyTorch. Asked for is that of lecture 001, 0.1, as in the forward.",
    degree="detail",
)
def default_slope_backward(dout, x, slope=0.01):
    return leaky_relu_backward(dout, x, slope)


@alternative
def larger_of_both(x, slope=0.1):
    """As lecture 001 prints it; right for slopes up to 1."""
    return np.maximum(slope * x, x)


@alternative
def mask_of_slopes(dout, x, slope=0.1):
    slopes = np.ones_like(x)
    slopes[x <= 0] = slope
    return slopes * dout


@alternative
def two_masks(dout, x, slope=0.1):
    return dout * (x > 0) + slope * dout * (x <= 0)


HINTS = [
    "Two straight lines that meet at 0. What is the slope of each, and what does that make of `dout`?",
    "np.where(condition, this, that) picks element by element: x or slope * x. The backward picks dout or slope * "
    "dout by the same condition, x > 0.",
    "`np.where(x > 0, x, slope * x)`; backward: `np.where(x > 0, dout, slope * dout)`.",
]
