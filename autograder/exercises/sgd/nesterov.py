"""nesterov: Nesterov's momentum, rearranged so that it needs the gradient at w only.

v <- momentum * v + grad;  w <- w - lr * (grad + momentum * v), with the new v (Nesterov 1983; lecture 001's rewrite
with the learning rate taken out of the velocity). Reference: torch.optim.SGD(nesterov=True).
"""

from autograder.exercises.sgd._velocity import OUTSIDE, velocity_slips
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("SGD", momentum=0.9, nesterov=True),
    section="6 · Nesterov: look before you leap",
    typical={"momentum": 0.8},
    cases=[
        Case("one step from rest", steps=1, shape=(3,), momentum=0.9),
        Case("two steps: the velocity carries over", steps=2, shape=(3,), momentum=0.9),
        Case("60 steps with varying gradients", lr=0.05, momentum=0.9),
        Case("the default momentum is 0.9", steps=10, shape=(5,), lr=0.05),
        Case("another momentum and shape", shape=(2, 3, 2), lr=0.2, momentum=0.5),
        Case("the learning rate changes on the way", lr=(0.1, 0.003, 0.05), momentum=0.9),
        Case("the caller changes w on the way", mode="moved", momentum=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum=0.8),
    ],
)


def right(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v + grad
    step = lr * (grad + momentum * v)
    return w - step, {"v": v}


MISTAKES = velocity_slips(right) + OUTSIDE
MISTAKES += slips("""
plain_momentum (core): grad + momentum * v -> v
    This walks exactly as plain momentum does. If you add momentum * v to the gradient, it has to be the *new* v
    (grad + momentum * v_prev is plain momentum's velocity, nothing more).

lr_inside_velocity (detail):
    momentum * v + grad -> momentum * v + lr * grad
    lr * (grad + momentum * v) -> lr * grad + momentum * v
    The learning rate is inside the velocity, as lecture 001 writes it. That is right until `lr` changes; here, as in
    PyTorch, v is free of lr and the whole step is scaled by it.

no_learning_rate: lr * (grad + momentum * v) -> grad + momentum * v
    The whole step is subtracted: `lr` has to scale it first.

velocities_swapped:
    v = momentum * v + grad -> old, v = v, momentum * v + grad
    grad + momentum * v -> (1 + momentum) * old - momentum * v
    The old and the new velocity have changed places: the new one is weighted 1 + momentum, the old one - momentum.

momentum_on_velocity: grad + momentum * v -> v + momentum * v
    The step is (1 + momentum) * v. Only one of the two terms is v: the other is the gradient, grad + momentum * v.
look_ahead_whole: grad + momentum * v -> grad + v
    The step adds the whole velocity to the gradient. Friction comes first: grad + momentum * v.
looks_back: grad + momentum * v -> grad - momentum * v
    The look-ahead has the wrong sign: grad - momentum * v looks back to where the ball came from.
keeps_look_ahead: {"v": v} -> {"v": grad + momentum * v}
    What is kept as velocity is the whole look-ahead step. Keep v alone.
uphill (core): w - step -> w + step
    The step goes uphill: it has to be subtracted from `w`.
""")


@alternative
def rearranged_with_both_velocities(w, grad, state, *, lr, momentum=0.9):
    """Lecture 001's -mu v_prev + (1 + mu) v, with v free of lr."""
    v_prev = -state.get("v", 0.0)
    v = momentum * v_prev - grad
    return w + lr * (-momentum * v_prev + (1 + momentum) * v), {"v": -v}


@alternative
def two_plain_steps(w, grad, state, *, lr, momentum=0.9):
    """Plain momentum's step, and the difference that the look-ahead makes."""
    old = state.get("v", 0.0)
    v = momentum * old + grad
    return w - lr * v - lr * momentum * (v - old), {"v": v}


HINTS = [
    "The velocity is updated just as in `momentum`. What changes is the direction of the step.",
    "Step along the gradient plus `momentum` times the velocity. Which velocity: the one before this gradient, or the "
    "one after? With the one before you would get plain momentum back: try it on paper.",
    '`v = momentum * state.get("v", 0.0) + grad`, then `w - lr * (grad + momentum * v)`.',
]
