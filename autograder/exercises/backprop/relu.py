"""relu and relu_backward: out = max(0, x), dx = dout where x > 0 and 0 elsewhere.

Lectures 001 and 002. At exactly 0 any number between 0 and 1 is a subgradient; PyTorch takes 0, and so do we.
Reference: torch.nn.functional.relu and autograd.
"""

import numpy as np
import torch.nn.functional as F

from autograder.exercises.backprop._activations import MASK_OF_FLOATS, SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def backward(dout, x):
    return dout * (x > 0)


def absolute(x):
    return np.abs(x)


def other_side(x):
    return np.minimum(x, 0)


def capped(x):
    return np.clip(x, 0, 6)


def capped_at_one(x):
    return np.clip(x, 0, 1)


def step(x):
    return (x > 0).astype(x.dtype)


def leaks(x):
    return np.where(x > 0, x, 0.01 * x)


def leaks_more(x):
    return np.where(x > 0, x, 0.1 * x)


def one_at_zero(dout, x):
    return dout * (x >= 0)


def half_at_zero(dout, x):
    return dout * np.heaviside(x, 0.5)


def of_dout(dout, x):
    return np.maximum(dout, 0)


def guided(dout, x):
    return dout * (x > 0) * (dout > 0)


def slopes_in_float64(dout, x):
    return dout * np.where(x > 0, 1.0, 0.0)


def times_the_output(dout, x):
    return dout * np.maximum(x, 0)


def nothing_blocked(dout, x):
    return dout.copy()


def times_the_sign(dout, x):
    return dout * np.sign(x)


def by_absolute_value(x):
    return (np.abs(x) + x) / 2


def by_heaviside(dout, x):
    return np.heaviside(x, 0) * dout


def by_mask(x):
    out = x.copy()
    out[x < 0] = 0.0
    return out


def zeros_written(dout, x):
    dx = np.array(dout)
    dx[x <= 0] = 0
    return dx


def one_by_one(x):
    return np.array([max(0.0, v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


def multiplied(x):
    return x * (x > 0)


def chosen(dout, x):
    return np.where(multiplied(x) > 0, dout, np.zeros_like(dout))


EXERCISE = Activation(
    functions=("relu", "relu_backward"),
    reference=F.relu,
    cases=[
        *SHAPES,
        Case("exactly 0: the derivative is taken to be 0", near=(0.0, -0.0, 0.5, -0.5), weight=2.0, only="backward"),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), only="forward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 20.0, -20.0)),
        Case("x = 1e-30 and x = -1e-30", near=(1e-30, -1e-30, 1e-8, -1e-8), relative=True),
    ],
    mistakes=[
        Mistake("absolute_value", (absolute, any_function), "This is |x|. Below 0 the output is 0, not -x."),
        Mistake("other_side", (other_side, any_function), "This is min(0, x): the side above 0 has to pass."),
        Mistake(
            "capped",
            (capped, any_function),
            "Large x are cut off. There is no ceiling: out = x for every positive x.",
        ),
        Mistake(
            "capped",
            (capped_at_one, any_function),
            "Large x are cut off. There is no ceiling: out = x for every positive x.",
        ),
        Mistake(
            "step",
            (step, any_function),
            "This is the derivative, 1 where x > 0. The output there is x itself.",
        ),
        Mistake(
            "leaks",
            (leaks, any_function),
            "Something comes through below 0: this is a leaky ReLU. The ReLU is exactly 0 there.",
        ),
        Mistake(
            "leaks",
            (leaks_more, any_function),
            "Something comes through below 0: this is a leaky ReLU. The ReLU is exactly 0 there.",
        ),
        Mistake(
            "gradient_at_zero",
            (any_function, one_at_zero),
            "At exactly 0 the gradient passes: `x >= 0` where `x > 0` is asked for. As in PyTorch, the derivative at 0 is "
            "taken to be 0.",
        ),
        Mistake(
            "gradient_at_zero",
            (any_function, half_at_zero),
            "At exactly 0 half of the gradient passes. As in PyTorch, the derivative at 0 is taken to be 0.",
        ),
        Mistake(
            "relu_of_dout",
            (any_function, of_dout),
            "The ReLU is applied to `dout`. What decides is where *x* was positive: there dout passes, whatever its sign.",
        ),
        Mistake(
            "blocks_negative_dout",
            (any_function, guided),
            "Negative `dout` is blocked too. Where x > 0, all of dout passes, whatever its sign.",
        ),
        Mistake(
            "times_the_output",
            (any_function, times_the_output),
            "dout is multiplied by the output. The derivative is 1 where x > 0, not x.",
        ),
        Mistake(
            "nothing_blocked",
            (any_function, nothing_blocked),
            "All of `dout` passes. Where x is not positive, the output does not move with x: the gradient is 0.",
        ),
        Mistake(
            "sign_of_x",
            (any_function, times_the_sign),
            "Below 0 the gradient is turned round: that is the derivative of |x|. Here it is 0.",
        ),
        *backward_mistakes(backward),
        Mistake("changes_dtype", (any_function, slopes_in_float64), MASK_OF_FLOATS),
    ],
    alternatives=[
        (by_absolute_value, by_heaviside),
        (by_mask, zeros_written),
        (one_by_one, backward),
        (multiplied, chosen),
    ],
    hints=[
        "Which elements pass unchanged, and which do not pass at all? The backward has the same answer.",
        "np.maximum compares two arrays, or an array and a number, element by element. For the backward make a mask of "
        "the elements of x that are positive; 0 itself is not.",
        "`np.maximum(x, 0)`; backward: `dout * (x > 0)`.",
    ],
)
