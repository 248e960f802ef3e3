"""adam: steps along the average gradient, in units of the root mean square gradient, both corrected for their start at 0.

m <- beta1 m + (1 - beta1) grad;  v <- beta2 v + (1 - beta2) grad^2;  m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t),
t from 1;  w <- w - lr m_hat / (sqrt(v_hat) + eps) (Kingma and Ba 2015, Algorithm 1; lectures 001, 003, with eps 1e-7).
Reference: torch.optim.Adam, which is the same. Lecture 002 has eps inside the root.
"""

import math

import numpy as np
import torch

from autograder.exercises.adam._adams import adam_with, betas_swapped, corrections, counts, denominators, moments
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Optimizer, torch_optimizer

RIGHT = adam_with()


def corrected_rate(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The paper's faster form, section 2: the corrections go into lr and eps."""
    beta1, beta2 = betas
    state["step"] = state.get("step", 0) + 1
    root = math.sqrt(1 - math.pow(beta2, state["step"]))
    rate = lr * root / (1 - math.pow(beta1, state["step"]))
    state["m"] = state.get("m", 0.0) + (1 - beta1) * (grad - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - beta2) * (grad * grad - state.get("v", 0.0))
    return w - rate * state["m"] / (np.sqrt(state["v"]) + eps * root), state


def weighted_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Both moments as weighted means of all gradients so far: with weights that sum to 1 nothing needs correction."""
    past = [*state.get("past", []), grad.copy()]

    def mean(values, beta):
        weights = [beta**k for k in range(len(values))][::-1]
        return sum(a * x for a, x in zip(weights, values, strict=True)) / sum(weights)

    first, second = mean(past, betas[0]), mean([g**2 for g in past], betas[1])
    return w - lr * first / (second**0.5 + eps), {"past": past}


def running_products(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """beta^t kept as a product, one factor a step; moments updated in place."""
    if "m" not in state:
        state.update(m=np.zeros_like(w), v=np.zeros_like(w), powers=[1.0, 1.0])
    state["powers"] = [power * beta for power, beta in zip(state["powers"], betas, strict=True)]
    for name, beta, new in (("m", betas[0], grad), ("v", betas[1], np.square(grad))):
        state[name] *= beta
        state[name] += (1 - beta) * new
    m_hat, v_hat = (state[name] / (1 - power) for name, power in zip("mv", state["powers"], strict=True))
    return [w - lr * (m_hat / (np.sqrt(v_hat) + eps)), state]


def element_by_element(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t, memory = state.get("all", (0, [(0.0, 0.0)] * w.size))
    new, kept = w.copy(), []
    for i, (m, v) in enumerate(memory):
        g = float(grad.flat[i])
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        new.flat[i] -= lr * m / (1 - betas[0] ** (t + 1)) / (math.sqrt(v / (1 - betas[1] ** (t + 1))) + eps)
        kept.append((m, v))
    return new, {"all": (t + 1, kept)}


EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.Adam, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    cases=[
        Case("one step goes lr far, however steep it is", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        Case("two steps: the moments and t carry over", steps=2, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        Case("120 steps with varying gradients", steps=120, lr=0.05, betas=(0.9, 0.999), eps=1e-8, weight=2),
        Case("other betas, another shape", shape=(2, 3, 2), lr=0.02, betas=(0.5, 0.9), eps=1e-6),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05)),
        Case("gradients of 0, at first and on the way: no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0)),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15)),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9)),
        Case("several parameters in turn, each with its state", mode="several", steps=12, betas=(0.8, 0.95)),
    ],
    mistakes=[
        *corrections(),
        *counts(RIGHT),
        betas_swapped(RIGHT),
        *denominators(),
        *moments(),
        *slips(RIGHT, "memory", lr=1e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7]),
    ],
    alternatives=[corrected_rate, weighted_history, running_products, element_by_element],
    hints=[
        "Momentum averages gradients, RMSProp their squares. Adam does both. Both averages start at 0: how much too small are "
        "they after one step, and after t?",
        "The state holds m, v and t. Raise t first, update both moments, then divide *copies* of them by 1 - beta^t: the next "
        "step needs the uncorrected ones.",
        "`m_hat = m / (1 - beta1**t)`, `v_hat = v / (1 - beta2**t)`, then `w - lr * m_hat / (np.sqrt(v_hat) + eps)` and "
        '`{"t": t, "m": m, "v": v}`, with t = 1 in the first step.',
    ],
)
