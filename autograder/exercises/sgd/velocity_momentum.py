"""velocity_momentum: momentum with the learning rate inside the velocity.

v <- momentum * v - lr * grad;  w <- w + v (lectures 001, 002; Sutskever et al. 2013). Reference: the formula, in torch;
torch.optim.SGD keeps lr outside and parts from it as soon as lr changes.
"""

import numpy as np

from autograder.exercises.sgd._velocity import INSIDE, velocity_slips
from autograder.judge import Case, Optimizer, alternative, slips, torch_steps


def reference(w, grad, state, *, lr, momentum):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w + v, {"v": v}


EXERCISE = Optimizer(
    reference=torch_steps(reference, momentum=0.9),
    section="5 · Momentum: a memory of slopes",
    typical={"momentum": 0.8},
    cases=[
        Case("one step from rest", steps=1, shape=(3,), momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), momentum=0.9),
        Case("60 steps with varying gradients", lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("another momentum and shape", shape=(2, 3, 2), lr=0.2, momentum=0.5),
        # What the exercise is about: where lr stays the same, `momentum` gives the same path.
        Case("the learning rate falls once", steps=2, shape=(3,), lr=(0.1, 0.01), momentum=0.9, weight=2),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9, weight=3),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
)


def right(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v - lr * grad
    return w + v, {"v": v}


MISTAKES = velocity_slips(right) + INSIDE
MISTAKES += slips("""
lr_outside_velocity:
    momentum * v - lr * grad -> momentum * v - grad
    w + v -> w + lr * v
    `lr` is outside the velocity, which shows when it changes. Here: v = momentum * v - lr * grad, w = w + v.

lr_twice: w + v -> w + lr * v
    `lr` is already inside v: add v itself, not lr * v.
old_velocity: v = momentum * v - lr * grad; return w + v, {"v": v} -> return w + v, {"v": momentum * v - lr * grad}
    The step uses the velocity from before this gradient. Update v first, then add the new one.
nesterov: w + v -> w + momentum * v - lr * grad
    This looks ahead, as Nesterov's step does. Here the move is the velocity itself: w = w + v.
wrong_sign (core): w + v -> w - v
    The step goes uphill. One minus is enough: v = momentum * v - lr * grad points downhill, and is added: w = w + v.
velocity_changes_sign: {"v": v} -> {"v": -v}
    The velocity that is kept has the other sign than the one that was used, so it brakes in the next step.
""")


@alternative
def positive_velocity(w, grad, state, *, lr, momentum=0.9):
    """Lecture 002's writing: v = momentum v + lr grad, w - v."""
    state = state or {"v": np.zeros_like(w)}
    v = momentum * state["v"] + lr * grad
    return w - v, {"v": v}


@alternative
def without_a_velocity(w, grad, state, *, lr, momentum=0.9):
    new = w + momentum * state.get("move", 0.0) - lr * grad
    return new, {"move": new - w}


HINTS = [
    "Here the velocity is the move itself: what is added to `w`.",
    "Old velocity times `momentum`, minus `lr * grad`. Then `w` plus that.",
    "With a gradient of 1 at each step, momentum = 0.9 and lr = 0.1 the velocity is -0.1, -0.19, -0.271, and that is "
    "what is added to w.",
]
