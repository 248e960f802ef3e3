"""moment_centralized_sgd: momentum whose step has mean 0 over the inputs of each unit.

v <- momentum v + grad;  u = v minus its mean over all axes but the first, where w has two or more, else u = v;
w <- w - lr u (Sadu, Dubey and Sreeja 2022; named in lecture 003). Centring is linear: it makes no difference whether v,
u or a centred gradient is what is kept. The authors' code takes the mean of the whole array, of vectors too.
Reference: that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, common_cases, hard_coded, manners
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, momentum):
    v = momentum * state.get("v", torch.zeros_like(grad)) + grad
    u = v - v.flatten(1).mean(1).reshape(-1, *[1] * (v.ndim - 1)) if v.ndim > 1 else v
    return w - lr * u, {"v": v}


EXERCISE = Optimizer(
    reference=torch_steps(update, momentum=0.9),
    section="9 · Moment centralization",
    typical={"momentum": 0.7},
    cases=[
        Case("one step of a matrix", steps=1, shape=(3, 4), lr=0.1, momentum=0.9, weight=2),
        Case("two steps: the velocity carries over", steps=2, shape=(4, 4), lr=0.1, momentum=0.9),
        Case("60 steps of a matrix", shape=(3, 4), lr=0.05, momentum=0.9, weight=3),
        Case("convolutions: (3, 2, 2, 2)", steps=20, shape=(3, 2, 2, 2), lr=0.1, momentum=0.8, weight=6),
        Case("a vector is not centred", steps=12, shape=(5,), lr=0.1, momentum=0.8, weight=4),
        Case("rows of one entry stand still", steps=8, shape=(5, 1), lr=0.1, momentum=0.8),
        Case("a row, and a single entry", steps=8, shape=(1, 1), lr=0.1, momentum=0.8),
        Case("momentum=0", steps=8, shape=(3, 2, 2), lr=0.1, momentum=0.0),
        Case("the default of momentum is 0.9", steps=8, shape=(4, 3), lr=0.1),
        *common_cases(steps=24, momentum=0.7),
    ],
)


def right(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    u = v - v.mean(axis=tuple(range(1, v.ndim)), keepdims=True) if v.ndim > 1 else v
    step = lr * u
    return w - step, {"v": v}


_MEAN = "v.mean(axis=tuple(range(1, v.ndim)), keepdims=True)"
_U = f"v - {_MEAN} if v.ndim > 1 else v"
_OF = "mean(axis=tuple(range(1, {0}.ndim)), keepdims=True) if {0}.ndim > 1 else 0"

MISTAKES = slips(f"""
not_centred (core): {_U} -> v
    This is plain momentum: the step is not centred. Take off the mean over all axes but the first.

mean_over_everything: {_MEAN} -> v.mean()
    The mean is taken over the whole array, as in the authors' code. Each row, w[i], has its own: over all axes but the
    first.

everything_centred: {_U} -> v - (v.mean() if v.size else 0)
    The mean is taken over the whole array, and of vectors too, as in the authors' code (a bias of one entry then never
    moves). Each row has its own mean, and vectors are left alone.

vectors_too: {_U} -> v - ({_MEAN} if v.ndim > 1 else v.mean() if v.size else 0)
    or {_U} -> v - ({_MEAN} if v.ndim > 1 else v.mean() if v.ndim and v.size else 0)
    or {_U} -> v - {_MEAN}
    Vectors are centred too. Only arrays of two or more axes are.

first_axis: {_MEAN} -> v.mean(axis=0, keepdims=True)
    or {_MEAN} -> v.mean(axis=tuple(range(v.ndim - 1)), keepdims=True)
    The mean is over the first axis. It is over all others: each row, w[i], gets the mean 0.

last_axis_only: {_MEAN} -> v.mean(axis=-1, keepdims=True)
    or {_MEAN} -> v.mean(axis=1, keepdims=True)
    The mean is over one axis. Where there are more than two, it is over all but the first.
last_two_axes (detail): {_MEAN} -> v.mean(axis=tuple(range(v.ndim - 2 if v.ndim > 2 else 1, v.ndim)), keepdims=True)
    The mean is over the last two axes. It is over all but the first.
matrices_left_out: v.ndim > 1 -> v.ndim > 2
    or v.ndim > 1 -> v.ndim == 4
    Matrices are not centred. All arrays of two or more axes are.

weights_centred: w - step -> (x := w - lr * v) - (x.{_OF.format("x")})
    The new weights are centred. It is the step that is, so that the mean of each row stays what it was.
old_velocity_centred:
    {_U} -> (x := v - grad) - (x.{_OF.format("x")}) + grad
    Only the old velocity is centred, and the new gradient added as it came. Centre their sum.

sum_for_mean: {_MEAN} -> v.sum(axis=tuple(range(1, v.ndim)), keepdims=True)
    The sum is taken off. It is the mean.
mean_added: v - {_MEAN} -> v + {_MEAN}
    The mean is added. It is taken off.
mean_alone: v - {_MEAN} -> {_MEAN} + 0 * v
    The step is the mean itself. It is what is left when the mean is taken off.
standardised: v - {_MEAN} -> (v - {_MEAN}) / (v.std(axis=tuple(range(1, v.ndim)), keepdims=True) + 1e-8)
    or v - {_MEAN} -> (v - {_MEAN}) / (v.std(axis=tuple(range(1, v.ndim)), keepdims=True) + 1e-5)
    The step is divided by the standard deviation as well. Only the mean is taken off.

averaged: momentum * state.get("v", 0.0) + grad -> momentum * state.get("v", 0.0) + (1 - momentum) * grad
    v is an average. Here, as in `momentum` of 02_sgd, the gradient counts in full.

lr_in_the_velocity (detail):
    momentum * state.get("v", 0.0) + grad -> momentum * state.get("v", 0.0) + lr * grad
    lr * u -> u
    `lr` is inside the velocity: right until `lr` changes. Multiply the finished u by it.

nesterov: lr * u -> lr * (momentum * u + grad - (grad.{_OF.format("grad")}))
    The step looks ahead, as Nesterov's. Asked for is plain momentum.
""")
MISTAKES += [*STEP, *manners(right, "velocity"), *hard_coded(lr=[0.1, 0.01], momentum=[0.9])]


@alternative
def centred_gradient(w, grad, state, *, lr, momentum=0.9):
    """Only gradients are centred, before they go in: centring is linear."""
    g = grad
    if grad.ndim >= 2:
        g = (grad.reshape(len(grad), -1) - grad.reshape(len(grad), -1).mean(axis=1)[:, None]).reshape(grad.shape)
    v = momentum * state.get("velocity", np.zeros_like(w)) + g
    return w - lr * v, {"velocity": v}


@alternative
def row_by_row(w, grad, state, *, lr, momentum=0.9):
    """The centred velocity is what is kept, in place."""
    if "u" not in state:
        state["u"] = np.zeros_like(w)
    state["u"] *= momentum
    state["u"] += grad
    if w.ndim > 1:
        for row in state["u"]:
            row -= row.mean()
    return [w - lr * state["u"], state]


HINTS = [
    "A weight matrix has a row for each unit. What would it take, so that no step moves the mean of a row?",
    "v as in momentum. From it take off its mean over all axes but the first, with the axes kept, if there is more "
    "than one axis. The rest is momentum.",
    "`v.mean(axis=tuple(range(1, v.ndim)), keepdims=True)`, where `v.ndim > 1`.",
]
