"""sgd: one step of gradient descent.

w <- w - lr * grad (Robbins and Monro 1951; lectures 000, 001, 003). Reference: torch.optim.SGD, which is the same.
"""

import numpy as np

from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("SGD"),
    section="1 · One step",
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1),
        Case("one step with another learning rate", steps=1, shape=(2, 3), lr=1.5),
        Case("60 steps with varying gradients", lr=0.05),
        Case("the learning rate changes on the way", shape=(2, 3, 2), lr=(0.1, 0.003, 0.5)),
        Case("the caller changes w on the way", mode="moved"),
        Case("several parameters in turn, each with its state", mode="several", steps=12),
    ],
)


def right(w, grad, state, *, lr):
    step = lr * grad
    return w - step, state


MISTAKES = slips("""
adds_gradient (core): w - step -> w + step
    The gradient points uphill, and your step follows it: `w + lr * grad` climbs. Descent subtracts.

in_place (detail): return w - step, state -> w -= step; return w, state
    or lr * grad -> np.multiply(grad, lr, out=grad)
    The caller's array is overwritten: `w -= ...`, `grad *= ...` and `out=w` write into it. Make a new one.

keeps_own_w (detail):
    step = lr * grad -> w = state.get("w", w); step = lr * grad
    return w - step, state -> return w - step, {"w": w - step}
    The step starts from a `w` kept in the state. The one passed in counts: the caller may have changed it since.

no_learning_rate: lr * grad -> grad
    The whole gradient is subtracted: the learning rate `lr` has to scale it first.

lr_hard_coded: lr * grad -> 0.1 * grad
    or lr * grad -> 0.01 * grad
    or lr * grad -> 0.001 * grad
    `lr` makes no difference to the step: a number stands in its place. Use the one that is passed in.

returns_step (core): w - step -> -step
    What comes back is the step alone. Return where it leads: `w` minus `lr * grad`.
scales_w: w - step -> lr * (w - grad)
    `lr` scales `w` too. It belongs to the gradient alone: `w - lr * grad`.
""")


@alternative
def with_loops(w, grad, state, *, lr):
    new = w.copy()
    for i in range(w.size):
        new.flat[i] = w.flat[i] - lr * grad.flat[i]
    return [new, {"steps": state.get("steps", 0) + 1}]


@alternative
def through_numpy_functions(w, grad, state, *, lr):
    return np.subtract(w, np.multiply(grad, lr)), None


HINTS = [
    "The gradient points to where the loss grows fastest. Which way do you want to go, and how far?",
    "Scale the gradient by `lr`, and make a *new* array from `w`: the caller still needs the old one. Plain SGD "
    "remembers nothing, so `state` goes back as it came.",
    "From w = 1 with grad = 2 and lr = 0.1 it goes to 0.8. The array that was passed in still holds 1: `w -= ...` "
    "would write into it.",
]
