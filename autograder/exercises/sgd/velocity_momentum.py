"""velocity_momentum: momentum with the learning rate inside the velocity.

v <- momentum * v - lr * grad;  w <- w + v (lectures 001, 002; Sutskever et al. 2013). Reference: the formula, in torch;
torch.optim.SGD keeps lr outside and parts from it as soon as lr changes.
"""

import numpy as np

from autograder.judge import Case, Mistake, Optimizer, torch_steps


def reference(w, grad, state, *, lr, momentum):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w + v, {"v": v}


def lr_outside(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def subtracts_the_velocity(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w - v, {"v": v}


def flips_each_step(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w + v, {"v": -v}


def velocity_never_kept(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w + v, state


def lr_scales_everything(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - lr * grad
    return w + lr * v, {"v": v}


def damped(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - (1 - momentum) * lr * grad
    return w + v, {"v": v}


def from_its_own_w(w, grad, state, *, lr, momentum=0.9):
    w, v = state.get("at", (w, 0.0))
    v = momentum * v - lr * grad
    return w + v, {"at": (w + v, v)}


def positive_velocity(w, grad, state, *, lr, momentum=0.9):
    """Lecture 002's writing: v = momentum v + lr grad, w - v."""
    state = state or {"v": np.zeros_like(w)}
    v = momentum * state["v"] + lr * grad
    return w - v, {"v": v}


def from_the_last_move(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state["v"] if "v" in state else w * 0
    np.subtract(v, lr * grad, out=v)
    state["v"] = v
    return (v + w, state)


def without_a_velocity(w, grad, state, *, lr, momentum=0.9):
    new = w + momentum * state.get("move", 0.0) - lr * grad
    return new, {"move": new - w}


SECTION = "Momentum: a memory of slopes"

EXERCISE = Optimizer(
    reference=torch_steps(reference, momentum=0.9),
    cases=[
        Case("one step from rest", steps=1, shape=(3,), lr=0.1, momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), lr=0.1, momentum=0.9),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("another momentum and shape", shape=(2, 3, 2), lr=0.2, momentum=0.5),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9, weight=3),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
    mistakes=[
        Mistake(
            "lr_outside_velocity",
            lr_outside,
            "This is the other form, with `lr` outside the velocity. They agree while `lr` stays the same; asked for here "
            "is v = momentum * v - lr * grad, w = w + v.",
            SECTION,
        ),
        Mistake(
            "wrong_sign",
            subtracts_the_velocity,
            "The step goes uphill. One minus sign is enough, and it belongs in the velocity: v = momentum * v - lr * grad "
            "already points downhill, and is added: w = w + v.",
            SECTION,
        ),
        Mistake(
            "velocity_changes_sign",
            flips_each_step,
            "The velocity that is kept has the other sign than the one that was used, so it brakes in the next step.",
            SECTION,
        ),
        Mistake(
            "velocity_not_kept",
            velocity_never_kept,
            "Each step starts from velocity 0: the new velocity has to go into the returned state.",
            SECTION,
        ),
        Mistake("lr_twice", lr_scales_everything, "`lr` is already inside v: add v itself, not lr * v.", SECTION),
        Mistake(
            "damped_gradient",
            damped,
            "The gradient is scaled by `1 - momentum` besides `lr`: only lr * grad belongs into the velocity.",
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
    alternatives=[positive_velocity, from_the_last_move, without_a_velocity],
    hints=[
        "Here the velocity is the move itself: what is added to `w`.",
        "Old velocity times `momentum`, minus `lr * grad`. Then `w` plus that.",
        '`v = momentum * state.get("v", 0.0) - lr * grad`, then `w + v` and `{"v": v}`.',
    ],
)
