"""sgd: one step of gradient descent.

w <- w - lr * grad (Robbins and Monro 1951; lectures 000, 001, 003). Reference: torch.optim.SGD, which is the same.
"""

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
    import numpy as np

    return np.subtract(w, np.multiply(grad, lr)), None


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
            "1. One step downhill",
        ),
        Mistake(
            "in_place",
            in_place,
            "`w -= ...` writes into the caller's array. Make a new one: `w - lr * grad`.",
            "1. One step downhill",
        ),
        Mistake(
            "no_learning_rate",
            forgets_lr,
            "The whole gradient is subtracted: the learning rate `lr` has to scale it first.",
            "1. One step downhill",
        ),
        Mistake(
            "returns_step",
            returns_the_step,
            "What comes back is the step alone. Return where it leads: `w` minus `lr * grad`.",
            "1. One step downhill",
        ),
    ],
    alternatives=[with_loops, through_numpy_functions],
    hints=[
        "The gradient points to where the loss grows fastest. Which way do you want to go, and how far?",
        "Scale the gradient by `lr`, and make a *new* array from `w`: the caller still needs the old one. Plain SGD "
        "remembers nothing, so `state` goes back as it came.",
        "`w = w - lr * grad`. (`w -= lr * grad` looks the same and overwrites the caller's array.)",
    ],
)
