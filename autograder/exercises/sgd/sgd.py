"""sgd: one step of gradient descent.

w <- w - lr * grad (Robbins and Monro 1951; lectures 000, 001, 003). Reference: torch.optim.SGD, which is the same.
"""

import numpy as np
import torch

from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def adds(w, grad, state, *, lr):
    return w + lr * grad, state


def in_place(w, grad, state, *, lr):
    w -= lr * grad
    return w, state


def forgets_lr(w, grad, state, *, lr):
    return w - grad, state


def returns_the_step(w, grad, state, *, lr):
    return -lr * grad, state


def with_loops(w, grad, state, *, lr):
    new = w.copy()
    for i in range(w.size):
        new.flat[i] = w.flat[i] - lr * grad.flat[i]
    return [new, {"steps": state.get("steps", 0) + 1}]


def through_numpy_functions(w, grad, state, *, lr):
    return np.subtract(w, np.multiply(grad, lr)), None


def from_its_own_w(w, grad, state, *, lr):
    w = state.get("w", w) - lr * grad
    return w, {"w": w}


def in_recursion(w, grad, state, *, lr):
    if w.ndim == 0:
        return w - lr * grad, state
    return np.stack([in_recursion(a, b, state, lr=lr)[0] for a, b in zip(w, grad, strict=True)]), state


SECTION = "One step"

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.SGD),
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1),
        Case("one step with another learning rate", steps=1, shape=(2, 3), lr=1.5),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.05),
        Case("the learning rate changes on the way", shape=(2, 3, 2), lr=(0.1, 0.003, 0.5)),
        Case("the caller changes w on the way", mode="moved"),
        Case("several parameters in turn, each with its state", mode="several", steps=12),
    ],
    mistakes=[
        Mistake(
            "adds_gradient",
            adds,
            "The gradient points uphill, and your step follows it: `w + lr * grad` climbs. Descent subtracts.",
            SECTION,
        ),
        Mistake(
            "in_place",
            in_place,
            "The caller's array is overwritten: `w -= ...`, `grad *= ...` and `out=w` write into it. Make a new one: "
            "`w - lr * grad`.",
            SECTION,
        ),
        Mistake(
            "keeps_own_w",
            from_its_own_w,
            "The step starts from a `w` kept in the state. The `w` that is passed in counts: the caller may have changed it "
            "since.",
            SECTION,
        ),
        Mistake(
            "no_learning_rate",
            forgets_lr,
            "The whole gradient is subtracted: the learning rate `lr` has to scale it first.",
            SECTION,
        ),
        Mistake(
            "returns_step",
            returns_the_step,
            "What comes back is the step alone. Return where it leads: `w` minus `lr * grad`.",
            SECTION,
        ),
    ],
    alternatives=[with_loops, through_numpy_functions, in_recursion],
    hints=[
        "The gradient points to where the loss grows fastest. Which way do you want to go, and how far?",
        "Scale the gradient by `lr`, and make a *new* array from `w`: the caller still needs the old one. Plain SGD "
        "remembers nothing, so `state` goes back as it came.",
        "`w = w - lr * grad`. (`w -= lr * grad` looks the same and overwrites the caller's array.)",
    ],
)
