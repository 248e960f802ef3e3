"""momentum: gradient descent with a velocity, the learning rate outside.

v <- momentum * v + grad;  w <- w - lr * v (Polyak 1964; lectures 000, 003). Reference: torch.optim.SGD(momentum=...).
Lectures 001 and 002 keep the learning rate inside the velocity: the same path until lr changes.
"""

import numpy as np

from autograder.exercises.sgd._velocity import OUTSIDE, velocity_slips
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("SGD", momentum=0.9),
    section="5 · Momentum: a memory of slopes",
    typical={"momentum": 0.8},
    cases=[
        Case("one step from rest", steps=1, shape=(3,), momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), momentum=0.9),
        Case("60 steps with varying gradients", lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("a heavy ball, momentum=0.99", shape=(2, 3, 2), lr=0.01, momentum=0.99),
        Case("momentum=0 is plain gradient descent", steps=10, momentum=0.0),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9, weight=3),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
)


def right(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v + grad
    step = lr * v
    return w - step, {"v": v}


MISTAKES = velocity_slips(right) + OUTSIDE
MISTAKES += slips("""
lr_inside_velocity (detail):
    momentum * v + grad -> momentum * v + lr * grad
    lr * v -> v
    The learning rate is inside the velocity (lectures 001 and 002). While `lr` stays the same nobody can tell, but
    when it changes your velocity still carries the old one. Here: v = momentum * v + grad, w = w - lr * v.

lr_twice: momentum * v + grad -> momentum * v + lr * grad
    `lr` scales the gradient and the velocity. It comes once, outside: v = momentum * v + grad, w = w - lr * v.
no_learning_rate: lr * v -> v
    The whole velocity is subtracted: `lr` has to scale it first.
shares_swapped: momentum * v + grad -> (1 - momentum) * v + momentum * grad
    `momentum` is the share of the old velocity that is kept, and the gradient is added whole: v = momentum * v + grad.
first_step_damped: v = momentum * v + grad -> v = momentum * v + grad if state else (1 - momentum) * grad
    The very first velocity is `(1 - momentum) * grad`. From rest, v = momentum * 0 + grad = grad.
old_velocity: v = momentum * v + grad; step = lr * v -> step = lr * v; v = momentum * v + grad
    The step uses the velocity from before this gradient. Update v first, then step with the new one.
gradient_twice: lr * v -> lr * (grad + v)
    The step adds the gradient to a velocity that holds it already. Step along v alone.
nesterov: lr * v -> lr * (grad + momentum * v)
    This is Nesterov's step (grad + momentum * v). Plain momentum steps along v itself.
adds_velocity (core): w - step -> w + step
    The step goes uphill: subtract `lr * v`.
in_place (detail): return w - step, {"v": v} -> w -= step; return w, {"v": v}
    The caller's array is overwritten: by `w -= ...`, or by `v *= ...` where v is the first `grad` itself.
""")


@alternative
def sum_of_all_gradients(w, grad, state, *, lr, momentum=0.9):
    """v written out: the sum of momentum^k times the gradient k steps ago."""
    past = [*state.get("grads", []), grad.copy()]
    v = sum(momentum ** (len(past) - 1 - k) * g for k, g in enumerate(past))
    return w - lr * v, {"grads": past}


@alternative
def from_the_last_move(w, grad, state, *, lr, momentum=0.9):
    """Without a velocity: the last move, rescaled to this step's lr; the state written in place."""
    last, last_lr = state.get("move", (np.zeros_like(w), lr))
    state["move"] = momentum * last * (lr / last_lr) - lr * grad, lr
    return w + state["move"][0], state


HINTS = [
    "Two numbers per weight now: where it is (`w`) and how fast it moves (the velocity). Where does the second one "
    "live between two calls?",
    '`state.get("v", 0.0)` is the velocity so far, and 0 before the first step. Update it, step along it, and return '
    "it in the new state.",
    "With a gradient of 1 at each step, momentum = 0.9 and lr = 0.1 the velocity is 1, 1.9, 2.71, and w falls by a "
    "tenth of each. If yours begins with 0.1, something is scaled that should not be.",
]
