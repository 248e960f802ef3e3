"""relu and relu_backward: out = max(0, x), dx = dout where x > 0 and 0 elsewhere.

Lectures 001 and 002. At exactly 0 any number between 0 and 1 is a subgradient; PyTorch takes 0, and so do we.
Reference: torch.nn.functional.relu and autograd.
"""

import numpy as np

from autograder.exercises.backprop._activations import BACKWARD, MASK_OF_FLOATS, SECTION, shapes
from autograder.judge import Activation, Case, F, Slip, alternative, slips

EXERCISE = Activation(
    functions=("relu", "relu_backward"),
    reference=lambda x: F.relu(x),
    section=SECTION,
    cases=[
        *shapes(),
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5), only="forward"),
        Case("exactly 0: the derivative is taken to be 0", near=(0.0, -0.0, 0.5, -0.5), only="backward"),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 20.0, -20.0), weight=2),
        Case("x = 1e-30 and x = -1e-30", near=(1e-30, -1e-30, 1e-8, -1e-8), relative=True),
    ],
)


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dout, x):
    return dout * (x > 0)


right = relu, relu_backward

MISTAKES = BACKWARD + slips("""
absolute_value (core): np.maximum(x, 0) -> np.abs(x)
    This is |x|. Below 0 the output is 0, not -x.
other_side (core): np.maximum(x, 0) -> np.minimum(x, 0)
    This is min(0, x): the side above 0 has to pass.

capped: np.maximum(x, 0) -> np.clip(x, 0, 6)
    or np.maximum(x, 0) -> np.clip(x, 0, 1)
    Large x are cut off. There is no ceiling: out = x for every positive x.

step (core): np.maximum(x, 0) -> (x > 0).astype(x.dtype)
    This is the derivative, 1 where x > 0. The output there is x itself.

leaks: np.maximum(x, 0) -> np.where(x > 0, x, 0.01 * x)
    or np.maximum(x, 0) -> np.where(x > 0, x, 0.1 * x)
    Something comes through below 0: this is a leaky ReLU. The ReLU is exactly 0 there.

gradient_at_zero (detail): x > 0 -> x >= 0
    At exactly 0 the gradient passes: `x >= 0` where `x > 0` is asked for. As in PyTorch, the derivative at 0 is taken
    to be 0.

gradient_at_zero (detail): x > 0 -> np.heaviside(x, 0.5)
    At exactly 0 half of the gradient passes. As in PyTorch, the derivative at 0 is taken to be 0.
relu_of_dout (core): dout * (x > 0) -> np.maximum(dout, 0)
    The ReLU is applied to `dout`. What decides is where *x* was positive: there dout passes, whatever its sign.
blocks_negative_dout: dout * (x > 0) -> dout * (x > 0) * (dout > 0)
    Negative `dout` is blocked too. Where x > 0, all of dout passes, whatever its sign.
times_the_output (core): dout * (x > 0) -> dout * np.maximum(x, 0)
    `dout` is multiplied by the output. The derivative is 1 where x > 0, not x.
nothing_blocked (core): dout * (x > 0) -> dout.copy()
    All of `dout` passes. Where x is not positive, the output does not move with x: the gradient is 0.
other_side_backward (core): x > 0 -> x < 0
    The gradient passes where x is negative, and is blocked where x is positive: the mask is the wrong way round.
sign_of_x (core): dout * (x > 0) -> dout * np.sign(x)
    Below 0 the gradient is turned round: that is the derivative of |x|. Here it is 0.
""")
MISTAKES += [
    Slip("changes_dtype", {"dout * (x > 0)": "dout * np.where(x > 0, 1.0, 0.0)"}, MASK_OF_FLOATS, degree="detail")
]


@alternative
def by_mask(x):
    out = x.copy()
    out[x < 0] = 0.0
    return out


@alternative
def one_by_one(x):
    return np.array([max(0.0, v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


@alternative
def zeros_written(dout, x):
    dx = np.array(dout)
    dx[x <= 0] = 0
    return dx


HINTS = [
    "Which elements pass unchanged, and which do not pass at all? The backward has the same answer.",
    "np.maximum compares two arrays, or an array and a number, element by element. For the backward make a mask of "
    "the elements of x that are positive; 0 itself is not.",
    "`np.maximum(x, 0)`; backward: `dout * (x > 0)`.",
]
