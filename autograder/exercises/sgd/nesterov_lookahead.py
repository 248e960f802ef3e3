"""nesterov_lookahead: Nesterov's momentum with the gradient taken where the velocity is about to lead.

v <- momentum * v - lr * grad_fn(w + momentum * v);  w <- w + v (Nesterov 1983; Sutskever et al. 2013; lectures 000,
001). Reference: the formula, in torch, in a bowl that is steep near 0 and that each step tilts another way. Lecture 002
writes the velocity with the other sign, w - v, and therefore looks ahead at w - momentum * v: the same point.
"""

import numpy as np

from autograder.exercises.sgd._velocity import INSIDE, velocity_slips
from autograder.judge import Case, Optimizer, alternative, slips, torch_steps


def slope(w, tilt):
    """The gradient of 10 sqrt(1 + w^2) + w^2 / 2 + tilt w, in NumPy and in torch."""
    return 10 * w / (1 + w**2) ** 0.5 + w + tilt


def reference(w, tilt, state, *, lr, momentum):
    v = state.get("v", 0.0 * w)
    v = momentum * v - lr * slope(w + momentum * v, tilt)
    return w + v, {"v": v}


def grad_fn_of(tilt):
    """What the student's function is given in a step; it refuses what is no point."""

    def grad_fn(*points):
        if len(points) != 1 or not isinstance(points[0], np.ndarray | np.generic) or points[0].shape != tilt.shape:
            got = ", ".join(f"shape {p.shape}" if isinstance(p, np.ndarray) else type(p).__name__ for p in points)
            raise ValueError(f"grad_fn takes one array of shape {tilt.shape}, got {got or 'nothing'}")
        return np.asarray(slope(points[0], tilt), tilt.dtype)

    return grad_fn


EXERCISE = Optimizer(
    reference=torch_steps(reference, momentum=0.9),
    asked=grad_fn_of,
    section="6 · Nesterov: look before you leap",
    typical={"momentum": 0.8},
    cases=[
        Case("one step from rest", steps=1, shape=(3,), momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), lr=0.05, momentum=0.9),
        Case("60 steps", shape=(2, 2), lr=0.02, momentum=0.8),
        Case("60 steps with more friction", shape=(5,), lr=0.05, momentum=0.5),
        Case("the default momentum is 0.9", steps=15, shape=(3,), lr=0.02),
        Case("the learning rate changes on the way", steps=30, shape=(3,), lr=(0.05, 0.002, 0.02), momentum=0.9),
        Case("the caller changes w on the way", steps=30, shape=(3,), lr=0.02, momentum=0.8, mode="moved"),
        Case("several parameters in turn, each with its state", steps=12, shape=(3,), momentum=0.8, mode="several"),
    ],
)


def right(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    ahead = w + momentum * v
    grad = grad_fn(ahead)
    v = momentum * v - lr * grad
    return w + v, {"v": v}


MISTAKES = velocity_slips(right) + INSIDE
MISTAKES += slips("""
gradient_at_w (core): w + momentum * v -> w
    The gradient is taken at `w`: that is plain momentum. Nesterov asks where v is about to lead, w + momentum * v.

look_ahead_sign: w + momentum * v -> w - momentum * v
    The look-ahead has the wrong sign: with v = momentum * v - lr * grad the ball moves along +v, so ahead is
    w + momentum * v. (Lecture 002 writes w - momentum * v because its velocity has the other sign.)

whole_velocity_ahead: w + momentum * v -> w + v
    The gradient is taken at w + v. Friction comes first: the ball will only move by momentum * v.
returns_look_ahead: w + v -> w + momentum * v
    What comes back is a look-ahead point. The look-ahead only serves the gradient; the step is w + v.
steps_from_look_ahead: w + v -> ahead + v
    The step starts from the look-ahead point, so momentum * v is walked twice. Step from `w`.

lr_outside_velocity (detail):
    w + momentum * v -> w - lr * momentum * v
    momentum * v - lr * grad -> momentum * v + grad
    w + v -> w - lr * v
    `lr` is outside the velocity, which shows when it changes. Here: v = momentum * v - lr * gradient, w = w + v.

wrong_sign (core): momentum * v - lr * grad -> momentum * v + lr * grad
    The step goes uphill: the gradient is subtracted, v = momentum * v - lr * gradient.
""")


@alternative
def positive_velocity(w, grad_fn, state, *, lr, momentum=0.9):
    """Lecture 002's sign: v points uphill, so ahead is w - momentum v."""
    u = state["u"] if state else np.zeros_like(w)
    u = momentum * u + lr * grad_fn(w - momentum * u)
    return w - u, {"u": u}


@alternative
def from_the_previous_point(w, grad_fn, state, *, lr, momentum=0.9):
    ahead = w + momentum * state.get("move", w * 0)
    new = ahead - lr * grad_fn(ahead)
    return new, {"move": new - w}


HINTS = [
    "You know the velocity before you know the gradient. Where would the ball be if the slope did nothing?",
    "That point is `w + momentum * v`. Ask `grad_fn` there, then update the velocity as in `velocity_momentum`.",
    "On the loss w**2 / 2 `grad_fn` gives back the point itself. From w = 1 with lr = 0.1 and momentum = 0.9: to 0.9 "
    "with v = -0.1; then it is asked at 0.81, v is -0.171, and w 0.729.",
]
