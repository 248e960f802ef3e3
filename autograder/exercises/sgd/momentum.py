"""momentum: gradient descent with a velocity, the learning rate outside.

v <- momentum * v + grad;  w <- w - lr * v (Polyak 1964; lectures 000, 003). Reference: torch.optim.SGD(momentum=...).
Lectures 001 and 002 keep the learning rate inside the velocity: the same path until lr changes.
"""

import numpy as np
import torch

from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def damped(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + (1 - momentum) * grad
    return w - lr * v, {"v": v}


def damped_after_the_first(w, grad, state, *, lr, momentum=0.9):
    """torch.optim.SGD(dampening=momentum)."""
    v = momentum * state["v"] + (1 - momentum) * grad if "v" in state else grad
    return w - lr * v, {"v": v}


def lr_inside(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + lr * grad
    return w - v, {"v": v}


def velocity_never_kept(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, state


def adds(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w + lr * v, {"v": v}


def steps_with_the_old_velocity(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0) + 0 * grad
    return w - lr * v, {"v": momentum * v + grad}


def looks_ahead(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * (grad + momentum * v), {"v": v}


def keeps_the_whole_velocity(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def first_step_damped(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state["v"] + grad if "v" in state else (1 - momentum) * grad
    return w - lr * v, {"v": v}


def from_its_own_w(w, grad, state, *, lr, momentum=0.9):
    w, v = state.get("at", (w, 0.0))
    v = momentum * v + grad
    return w - lr * v, {"at": (w - lr * v, v)}


def in_place(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    w -= lr * v
    return w, {"v": v}


def state_updated_in_place(w, grad, state, *, lr, momentum=0.9):
    if "buffer" not in state:
        state["buffer"] = np.zeros_like(w)
    state["buffer"] *= momentum
    state["buffer"] += grad
    return w - lr * state["buffer"], state


def sum_of_all_gradients(w, grad, state, *, lr, momentum=0.9):
    """v written out: the sum of momentum^k times the gradient k steps ago."""
    past = [*state.get("grads", []), grad.copy()]
    v = sum(momentum ** (len(past) - 1 - k) * g for k, g in enumerate(past))
    return w - lr * v, {"grads": past}


def from_the_last_move(w, grad, state, *, lr, momentum=0.9):
    """Without a velocity: the last move, rescaled to this step's lr."""
    last, last_lr = state.get("move", (0 * w, lr))
    move = momentum * last * (lr / last_lr) - lr * grad
    return w + move, {"move": (move, lr)}


SECTION = "Momentum: a memory of slopes"

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.SGD, momentum=0.9),
    cases=[
        Case("one step from rest", steps=1, shape=(3,), lr=0.1, momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), lr=0.1, momentum=0.9),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("a heavy ball, momentum=0.99", shape=(2, 3, 2), lr=0.01, momentum=0.99),
        Case("momentum=0 is plain gradient descent", steps=10, lr=0.1, momentum=0.0),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9, weight=2),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
    mistakes=[
        Mistake(
            "damped_gradient",
            damped,
            "The new gradient is scaled by `1 - momentum`. That is an average of gradients (Adam's first moment); "
            "momentum adds the whole gradient: v = momentum * v + grad.",
            SECTION,
        ),
        Mistake(
            "damped_gradient",
            damped_after_the_first,
            "Every new gradient but the first is scaled by `1 - momentum` (PyTorch's dampening). Momentum adds the whole "
            "gradient: v = momentum * v + grad.",
            SECTION,
        ),
        Mistake(
            "lr_inside_velocity",
            lr_inside,
            "The learning rate is inside the velocity (lectures 001 and 002). While `lr` stays the same nobody can tell, "
            "but when it changes your velocity still carries the old one. Here: v = momentum * v + grad, w = w - lr * v.",
            SECTION,
        ),
        Mistake(
            "velocity_not_kept",
            velocity_never_kept,
            "Each step starts from velocity 0, as plain SGD does: the new velocity has to go into the returned state.",
            SECTION,
        ),
        Mistake("adds_velocity", adds, "The step goes uphill: subtract `lr * v`.", SECTION),
        Mistake(
            "old_velocity",
            steps_with_the_old_velocity,
            "The step uses the velocity from before this gradient. Update v first, then step with the new one.",
            SECTION,
        ),
        Mistake(
            "nesterov",
            looks_ahead,
            "This is Nesterov's step (grad + momentum * v). Plain momentum steps along v itself.",
            SECTION,
        ),
        Mistake(
            "no_friction",
            keeps_the_whole_velocity,
            "The old velocity is kept whole: multiply it by `momentum`, or the ball never slows down.",
            SECTION,
        ),
        Mistake(
            "first_step_damped",
            first_step_damped,
            "The very first velocity is `(1 - momentum) * grad`. From rest, v = momentum * 0 + grad = grad.",
            SECTION,
        ),
        Mistake(
            "in_place",
            in_place,
            "The caller's array is overwritten: `w -= ...` writes into it, and so does `v *= ...` where v is the first "
            "`grad` itself. Make a new one.",
            SECTION,
        ),
        Mistake(
            "keeps_own_w",
            from_its_own_w,
            "The step starts from a `w` kept in the state. The `w` that is passed in counts: the caller may have changed it "
            "since.",
            SECTION,
        ),
    ],
    alternatives=[state_updated_in_place, sum_of_all_gradients, from_the_last_move],
    hints=[
        "Two numbers per weight now: where it is (`w`) and how fast it moves (the velocity). Where does the second one "
        "live between two calls?",
        '`state.get("v", 0.0)` is the velocity so far, and 0 before the first step. Update it, step along it, and return '
        "it in the new state.",
        '`v = momentum * state.get("v", 0.0) + grad`, then `w - lr * v` and `{"v": v}`. No `lr` inside `v`.',
    ],
)
