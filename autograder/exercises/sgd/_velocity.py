"""What goes wrong in every optimizer with a velocity, whatever its formula.

Their right solutions say `momentum=0.9` in the signature and keep the velocity in `state["v"]`.
"""

from collections.abc import Callable

from autograder.exercises._optimizers import hard_coded, manners
from autograder.judge import Mistake, Slip, slips

SIGNATURE = slips("""
default_momentum (detail): momentum=0.9 -> momentum=0.0
    or momentum=0.9 -> momentum=0.99
    or momentum=0.9 -> momentum=0.5
    A call that leaves `momentum` out does not get 0.9. That default stands in the signature: `momentum=0.9`.

lr_hard_coded: -> lr = 0.1
    or -> lr = 0.01
    or -> lr = 0.001
    `lr` makes no difference to the step: a number stands in its place. Use the one that is passed in.
""")

# v = momentum * v + grad; ... w - step
OUTSIDE = slips("""
damped_gradient: momentum * v + grad -> momentum * v + (1 - momentum) * grad
    or v = momentum * v + grad -> v = momentum * v + (1 - momentum) * grad if state else grad
    The new gradient is scaled by `1 - momentum`. That is an average of gradients (Adam's first moment, PyTorch's
    dampening); momentum adds the whole gradient: v = momentum * v + grad.

no_friction: momentum * v + grad -> v + grad
    The old velocity is kept whole: multiply it by `momentum`, or the ball never slows down.
returns_step (core): w - step -> -step
    What comes back is the step alone. Return where it leads, `w` minus the step.
""")

# v = momentum * v - lr * grad; ... w + v
INSIDE = slips("""
no_learning_rate: lr * grad -> grad
    The whole gradient goes into the velocity: scale it by `lr` first.

damped_gradient: lr * grad -> (1 - momentum) * lr * grad
    or v = momentum * v - lr * grad -> v = momentum * v - (1 - momentum if state else 1) * lr * grad
    The gradient is scaled by `1 - momentum` besides `lr`: only lr * grad belongs into the velocity.

no_friction: momentum * v - lr * grad -> v - lr * grad
    The old velocity is kept whole: multiply it by `momentum`, or the ball never slows down.
returns_step (core): w + v -> v
    What comes back is the step alone. Return where it leads, `w` plus v.
""")


def velocity_slips(right: Callable) -> list[Mistake | Slip]:
    """The mistakes with the signature, and with the memory of a right function."""
    return [*SIGNATURE, *hard_coded(momentum=0.9), *manners(right, "velocity")]
