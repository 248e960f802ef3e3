"""leaky_relu and leaky_relu_backward: out = x where x > 0, slope * x elsewhere.

Lecture 001: max(0.1 x, x). PyTorch's default slope is 0.01, and its derivative at exactly 0 is the slope. Reference:
torch.nn.functional.leaky_relu and autograd.
"""

import numpy as np
import torch.nn.functional as F

from autograder.exercises.backprop._activations import MASK_OF_FLOATS, SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def reference(x, slope=0.1):
    return F.leaky_relu(x, slope)


def forward(x, slope=0.1):
    return np.where(x > 0, x, slope * x)


def backward(dout, x, slope=0.1):
    return np.where(x > 0, dout, slope * dout)


def other_default(x, slope=0.01):
    return forward(x, slope)


def slope_ignored(x, slope=0.1):
    return forward(x)


def slope_ignored_for_pytorchs(x, slope=0.1):
    return forward(x, 0.01)


def slope_above(x, slope=0.1):
    return np.where(x > 0, slope * x, x)


def slope_everywhere(x, slope=0.1):
    return slope * x


def no_leak(x, slope=0.1):
    return np.maximum(x, 0)


def leak_turned(x, slope=0.1):
    return np.where(x > 0, x, -slope * x)


def floor_at_slope(x, slope=0.1):
    return np.maximum(x, slope)


def slope_added(x, slope=0.1):
    return np.maximum(x, 0) + slope * x


def other_default_backward(dout, x, slope=0.01):
    return backward(dout, x, slope)


def slope_ignored_backward(dout, x, slope=0.1):
    return backward(dout, x)


def slope_ignored_for_pytorchs_backward(dout, x, slope=0.1):
    return backward(dout, x, 0.01)


def slope_above_backward(dout, x, slope=0.1):
    return np.where(x > 0, slope * dout, dout)


def one_at_zero(dout, x, slope=0.1):
    return np.where(x >= 0, dout, slope * dout)


def nothing_at_zero(dout, x, slope=0.1):
    return dout * (x > 0) + slope * dout * (x < 0)


def no_leak_backward(dout, x, slope=0.1):
    return dout * (x > 0)


def by_dout(dout, x, slope=0.1):
    return np.where(dout > 0, dout, slope * dout)


def slopes_in_float64(dout, x, slope=0.1):
    return dout * np.where(x > 0, 1.0, slope)


def times_the_output(dout, x, slope=0.1):
    return dout * forward(x, slope)


def x_for_dout(dout, x, slope=0.1):
    return np.where(x > 0, dout, slope * x)


def leak_turned_backward(dout, x, slope=0.1):
    return np.where(x > 0, dout, -slope * dout)


def larger_of_both(x, slope=0.1):
    """As lecture 001 prints it; right for slopes up to 1."""
    return np.maximum(slope * x, x)


def mask_of_slopes(dout, x, slope=0.1):
    slopes = np.ones_like(x)
    slopes[x <= 0] = slope
    return slopes * dout


def two_relus(x, slope=0.1):
    return np.maximum(x, 0) - slope * np.maximum(-x, 0)


def two_masks(dout, x, slope=0.1):
    return dout * (x > 0) + slope * dout * (x <= 0)


def one_by_one(x, slope=0.1):
    out = np.copy(x)
    for index, value in np.ndenumerate(x):
        out[index] = value if value > 0 else value * slope
    return out


def by_lerp(dout, x, slope=0.1):
    passes = (x > 0).astype(dout.dtype)
    return dout * (slope + (1 - slope) * passes)


TURNED = "Below 0 the line goes up again: the slope's sign is turned. slope * x is negative there."

EXERCISE = Activation(
    functions=("leaky_relu", "leaky_relu_backward"),
    reference=reference,
    cases=[
        *SHAPES,
        Case("another slope, 0.3", shape=(6, 4), slope=0.3),
        Case("PyTorch's slope, 0.01", shape=(6, 4), slope=0.01),
        Case("slope 0: the ReLU", shape=(3, 4), slope=0.0),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), slope=0.2, only="forward"),
        Case("exactly 0: the derivative is taken to be slope", near=(0.0, -0.0, 0.5, -0.5), slope=0.2, only="backward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 20.0, -20.0)),
    ],
    mistakes=[
        Mistake(
            "default_slope",
            (other_default, any_function),
            "The default slope is 0.01, as in PyTorch. Asked for here is that of lecture 001, 0.1.",
        ),
        Mistake(
            "default_slope_backward",
            (any_function, other_default_backward),
            "The backward's default slope is 0.01, as in PyTorch. Asked for here is that of lecture 001, 0.1, as in the "
            "forward.",
        ),
        Mistake(
            "slope_ignored",
            (slope_ignored, any_function),
            "`slope` makes no difference: use the argument, not a number of your own.",
        ),
        Mistake(
            "slope_ignored",
            (slope_ignored_for_pytorchs, any_function),
            "`slope` makes no difference: use the argument, not a number of your own.",
        ),
        Mistake(
            "slope_ignored_backward",
            (any_function, slope_ignored_backward),
            "`slope` makes no difference in the backward: use the argument, as the forward does.",
        ),
        Mistake(
            "slope_ignored_backward",
            (any_function, slope_ignored_for_pytorchs_backward),
            "`slope` makes no difference in the backward: use the argument, as the forward does.",
        ),
        Mistake(
            "slope_on_positive_side",
            (slope_above, any_function),
            "The slope is on the positive side. Positive x pass unchanged; the slope is for those below 0.",
        ),
        Mistake(
            "slope_on_positive_side_backward",
            (any_function, slope_above_backward),
            "The backward puts the slope on the positive side. Where x > 0, dout passes unchanged; below, slope * dout.",
        ),
        Mistake(
            "slope_everywhere",
            (slope_everywhere, any_function),
            "The slope is on both sides: that is a straight line. Positive x pass unchanged.",
        ),
        Mistake(
            "slope_added",
            (slope_added, any_function),
            "Positive x come out as (1 + slope) * x: slope * x is added on both sides. It is for those below 0 alone.",
        ),
        Mistake(
            "no_leak",
            (no_leak, any_function),
            "Nothing comes through below 0: this is the plain ReLU. There the output is slope * x.",
        ),
        Mistake(
            "no_leak_backward",
            (any_function, no_leak_backward),
            "No gradient comes through below 0: this is the plain ReLU's backward. There it is slope * dout.",
        ),
        Mistake("leak_turned", (leak_turned, any_function), TURNED),
        Mistake(
            "leak_turned_backward",
            (any_function, leak_turned_backward),
            "Below 0 the gradient changes its sign. The line rises there too, only slower: slope * dout.",
        ),
        Mistake(
            "floor_at_slope",
            (floor_at_slope, any_function),
            "This is max(slope, x), a floor at the height of the slope. It is a line: max(slope * x, x).",
        ),
        Mistake(
            "gradient_at_zero",
            (any_function, one_at_zero),
            "At exactly 0 the derivative is 1 (`x >= 0`). As in PyTorch, it is taken to be slope there: `x > 0`.",
        ),
        Mistake(
            "gradient_at_zero",
            (any_function, nothing_at_zero),
            "At exactly 0 the derivative is 0: neither `x > 0` nor `x < 0` holds. As in PyTorch, it is taken to be slope.",
        ),
        Mistake(
            "decided_by_dout",
            (any_function, by_dout),
            "The backward looks at the sign of `dout`. What decides is the sign of *x*.",
        ),
        Mistake(
            "times_the_output",
            (any_function, times_the_output),
            "dout is multiplied by the output. The derivative is 1 where x > 0 and slope elsewhere.",
        ),
        Mistake(
            "x_for_dout",
            (any_function, x_for_dout),
            "Below 0 the backward returns slope * x. It is a gradient that goes back: slope * dout.",
        ),
        *backward_mistakes(backward),
        Mistake("changes_dtype", (any_function, slopes_in_float64), MASK_OF_FLOATS),
    ],
    alternatives=[
        (larger_of_both, mask_of_slopes),
        (two_relus, two_masks),
        (one_by_one, by_lerp),
        (forward, backward),
    ],
    hints=[
        "Two straight lines that meet at 0. What is the slope of each, and what does that make of `dout`?",
        "np.where(condition, this, that) picks element by element: x or slope * x. The backward picks dout or slope * dout "
        "by the same condition, x > 0.",
        "`np.where(x > 0, x, slope * x)`; backward: `np.where(x > 0, dout, slope * dout)`.",
    ],
)
