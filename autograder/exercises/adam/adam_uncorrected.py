"""adam_uncorrected: Adam without bias correction.

m <- beta1 m + (1 - beta1) grad;  v <- beta2 v + (1 - beta2) grad^2;  w <- w - lr m / (sqrt(v) + eps): what lectures 001 and
003 show before the full Adam, with eps 1e-7. Reference: the formula, in torch; torch.optim.Adam has no such switch.
"""

import numpy as np
import torch

from autograder.exercises.adam._adams import (
    adam_with,
    betas_swapped,
    corrected,
    denominators,
    moments,
    uncorrected,
)
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_steps


def reference(w, grad, state, *, lr, betas, eps):
    m = torch.lerp(state.get("m", torch.zeros_like(w)), grad, 1 - betas[0])
    v = torch.lerp(state.get("v", torch.zeros_like(w)), grad.square(), 1 - betas[1])
    return torch.addcdiv(w, m, v.sqrt() + eps, value=-lr), {"m": m, "v": v}


def only(one, two):
    """The correction of one moment alone: its beta as it is, the other's in place of 0."""

    def direction(t, m, v, grad, betas, eps):
        return corrected(t, m, v, grad, (betas[0] * one, betas[1] * two), eps)

    return adam_with(direction)


def weighted_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    past = [*state.get("past", []), grad.copy()]
    m = sum((1 - betas[0]) * betas[0] ** k * g for k, g in enumerate(past[::-1]))
    v = sum((1 - betas[1]) * betas[1] ** k * g**2 for k, g in enumerate(past[::-1]))
    return w - lr * m / (v**0.5 + eps), {"past": past}


def towards_the_new(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    m, v = state.get("moments", (np.zeros_like(w), np.zeros_like(w)))
    m = m + (1 - betas[0]) * (grad - m)
    v = v + (1 - betas[1]) * (grad * grad - v)
    return [w + m * (-lr / (np.sqrt(v) + eps)), {"moments": [m, v]}]


def factors_taken_out(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Fading sums; the shares 1 - beta come in at the end."""
    for name, beta, new in (("sum", betas[0], grad), ("squares", betas[1], grad**2)):
        state[name] = beta * state.get(name, 0.0) + new
    below = (1 - betas[1]) ** 0.5 * np.sqrt(state["squares"]) + eps
    return w - lr * (1 - betas[0]) * state["sum"] / below, state


RIGHT = adam_with(uncorrected)

EXERCISE = Optimizer(
    reference=torch_steps(reference, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    cases=[
        Case("one step: three times too long", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        Case("two steps: the moments carry over", steps=2, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        Case("60 steps with varying gradients", lr=0.05, betas=(0.9, 0.999), eps=1e-8),
        Case("other betas, another shape", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), eps=1e-6),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05)),
        Case("gradients of 0, at first and on the way: no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0)),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15)),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9)),
        Case("several parameters in turn, each with its state", mode="several", steps=12, betas=(0.8, 0.95)),
    ],
    mistakes=[
        Mistake(
            "corrected",
            adam_with(),
            "This is the full Adam. Here the moments are used as they are, to see what the correction is for: no division by "
            "1 - beta^t.",
        ),
        Mistake("m_corrected", only(1, 0), "m is divided by 1 - beta1^t. Here neither moment is corrected."),
        Mistake("v_corrected", only(0, 1), "v is divided by 1 - beta2^t. Here neither moment is corrected."),
        betas_swapped(RIGHT),
        *denominators(corrects=False),
        *moments(uncorrected),
        *slips(RIGHT, "moments", lr=1e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7]),
    ],
    alternatives=[weighted_history, towards_the_new, factors_taken_out],
    hints=[
        "Momentum averages gradients, RMSProp their squares. Use the first in place of the gradient, the second below the "
        "line.",
        "Two entries in the state, both 0 at the start, each with its own beta: beta of the old, 1 - beta of the new.",
        "`m = beta1 * m + (1 - beta1) * grad`, `v = beta2 * v + (1 - beta2) * grad**2`, then `w - lr * m / (np.sqrt(v) + "
        "eps)`.",
    ],
)
