"""nesterov: Nesterov's momentum, rearranged so that it needs the gradient at w only.

v <- momentum * v + grad;  w <- w - lr * (grad + momentum * v), with the new v (Nesterov 1983; lecture 001's rewrite with
the learning rate taken out of the velocity). Reference: torch.optim.SGD(nesterov=True).
"""

import torch

from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def plain(w, grad, state, *, lr, momentum=0.9):
    v_prev = state.get("v", 0.0)
    v = momentum * v_prev + grad
    return w - lr * (grad + momentum * v_prev), {"v": v}


def lr_inside(w, grad, state, *, lr, momentum=0.9):
    v_prev = state.get("v", 0.0)
    v = momentum * v_prev - lr * grad
    return w - momentum * v_prev + (1 + momentum) * v, {"v": v}


def velocities_swapped(w, grad, state, *, lr, momentum=0.9):
    v_prev = state.get("v", 0.0)
    v = momentum * v_prev + grad
    return w - lr * ((1 + momentum) * v_prev - momentum * v), {"v": v}


def adds_momentum_to_velocity(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * (v + momentum * v), {"v": v}


def looks_back(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * (grad - momentum * v), {"v": v}


def keeps_the_look_ahead(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    step = grad + momentum * v
    return w - lr * step, {"v": step}


def velocity_never_kept(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * (grad + momentum * v), state


def from_its_own_w(w, grad, state, *, lr, momentum=0.9):
    w, v = state.get("at", (w, 0.0))
    v = momentum * v + grad
    w = w - lr * (grad + momentum * v)
    return w, {"at": (w, v)}


def rearranged_with_both_velocities(w, grad, state, *, lr, momentum=0.9):
    """Lecture 001's -mu v_prev + (1 + mu) v, with v free of lr."""
    v_prev = -state.get("v", 0.0)
    v = momentum * v_prev - grad
    return w + lr * (-momentum * v_prev + (1 + momentum) * v), {"v": -v}


def expanded(w, grad, state, *, lr, momentum=0.9):
    v = momentum**2 * state.get("v", 0.0)
    new = {"v": momentum * state.get("v", 0.0) + grad}
    return w - lr * v - lr * (1 + momentum) * grad, new


def two_plain_steps(w, grad, state, *, lr, momentum=0.9):
    """Plain momentum's step, and the difference that the look-ahead makes."""
    old = state.get("v", 0.0)
    v = momentum * old + grad
    return w - lr * v - lr * momentum * (v - old), {"v": v}


SECTION = "Nesterov: look before you leap"

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.SGD, momentum=0.9, nesterov=True),
    cases=[
        Case("one step from rest", steps=1, shape=(3,), lr=0.1, momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), lr=0.1, momentum=0.9),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("another momentum and shape", shape=(2, 3, 2), lr=0.2, momentum=0.5),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
    mistakes=[
        Mistake(
            "plain_momentum",
            plain,
            "This walks exactly as plain momentum does. If you add momentum * v to the gradient, it has to be the *new* v "
            "(grad + momentum * v_prev is plain momentum's velocity, nothing more).",
            SECTION,
        ),
        Mistake(
            "lr_inside_velocity",
            lr_inside,
            "The learning rate is inside the velocity, as lecture 001 writes it. That is right until `lr` changes; here, as "
            "in PyTorch, v is free of lr and the whole step is scaled by it.",
            SECTION,
        ),
        Mistake(
            "velocities_swapped",
            velocities_swapped,
            "The old and the new velocity have changed places: the new one is weighted 1 + momentum, the old one "
            "- momentum.",
            SECTION,
        ),
        Mistake(
            "momentum_on_velocity",
            adds_momentum_to_velocity,
            "The step is (1 + momentum) * v. Only one of the two terms is v: the other is the gradient, "
            "grad + momentum * v.",
            SECTION,
        ),
        Mistake(
            "looks_back",
            looks_back,
            "The look-ahead has the wrong sign: grad - momentum * v looks back to where the ball came from.",
            SECTION,
        ),
        Mistake(
            "keeps_look_ahead",
            keeps_the_look_ahead,
            "What is kept as velocity is the whole look-ahead step. Keep v alone.",
            SECTION,
        ),
        Mistake(
            "velocity_not_kept",
            velocity_never_kept,
            "Each step starts from velocity 0: the new velocity has to go into the returned state.",
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
    alternatives=[rearranged_with_both_velocities, expanded, two_plain_steps],
    hints=[
        "The velocity is updated just as in `momentum`. What changes is the direction of the step.",
        "Step along the gradient plus `momentum` times the velocity. Which velocity: the one before this gradient, or the "
        "one after? With the one before you would get plain momentum back: try it on paper.",
        '`v = momentum * state.get("v", 0.0) + grad`, then `w - lr * (grad + momentum * v)`.',
    ],
)
