"""amsgrad: Adam whose second moment never falls.

m and v as in Adam;  v_max <- max(v_max, v);  w <- w - lr m_hat / (sqrt(v_max / (1 - beta2^t)) + eps) (Reddi, Kale and Kumar
2018). Reference: torch.optim.Adam(amsgrad=True), which takes the maximum of v before its correction. The paper's Algorithm
2 corrects nothing; others take the maximum of the corrected v, which is largest in the first steps and holds on to them.
"""

import numpy as np
import torch

from autograder.exercises.adam._adams import (
    adam_with,
    average,
    betas_swapped,
    corrections,
    counts,
    denominators,
    moments,
)
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer

RIGHT = adam_with(largest=True)


def variant(maximum):
    """Another maximum: maximum(old, v, correction, grad) -> (the second moment that is used, what is kept of it)."""

    def wrong(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        t = state.get("t", 0) + 1
        m = average(state.get("m", 0.0 * w), grad, betas[0])
        v = average(state.get("v", 0.0 * w), grad**2, betas[1])
        correction = 1 - betas[1] ** t
        v_hat, largest = maximum(state.get("max", 0.0 * w), v, correction, state.get("v", 0.0 * w))
        new = w - lr * m / (1 - betas[0] ** t) / (np.sqrt(v_hat) + eps)
        return new, {"t": t, "m": m, "v": v, "max": largest}

    return wrong


def of_the_corrected(old, v, correction, before):
    largest = np.maximum(old, v / correction)
    return largest, largest


def corrected_twice(old, v, correction, before):
    largest = np.maximum(old, v / correction)
    return largest / correction, largest


def of_the_last_two(old, v, correction, before):
    return np.maximum(before, v) / correction, old


def of_the_past(old, v, correction, before):
    return (old if old.any() else v) / correction, np.maximum(old, v)


def smallest(old, v, correction, before):
    least = np.minimum(old, v) if old.any() else v
    return least / correction, least


def one_for_all(old, v, correction, before):
    largest = np.maximum(old, v.max())
    return largest / correction, largest


def averages_the_maximum_on(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t = state.get("t", 0) + 1
    m = average(state.get("m", 0.0 * w), grad, betas[0])
    v = state.get("v", 0.0 * w)
    v = np.maximum(v, average(v, grad**2, betas[1]))
    new = w - lr * m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return new, {"t": t, "m": m, "v": v}


def maximum_of_roots(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The root grows with v: the maximum of roots is the root of the maximum."""
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    state["root"] = np.maximum(state.get("root", 0.0), np.sqrt(state["v"]))
    below = state["root"] / (1 - betas[1] ** t) ** 0.5 + eps
    return w - lr / (1 - betas[0] ** t) * state["m"] / below, state


def with_where(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    memory = state.get("memory", [0] + [np.zeros_like(w)] * 3)
    t, m, v, top = memory[0] + 1, *memory[1:]
    m = m + (1 - betas[0]) * (grad - m)
    v = v + (1 - betas[1]) * (grad * grad - v)
    top = np.where(v > top, v, top)
    step = m / (1 - betas[0] ** t) / ((top / (1 - betas[1] ** t)) ** 0.5 + eps)
    return w - lr * step, {"memory": [t, m, v, top]}


def all_second_moments(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The maximum over the list of all v so far."""
    m, vs = state.get("m", 0 * w), state.get("vs", [0 * w])
    m, vs = betas[0] * m + (1 - betas[0]) * grad, [*vs, betas[1] * vs[-1] + (1 - betas[1]) * np.square(grad)]
    t = len(vs) - 1
    below = np.sqrt(np.max(vs, axis=0) / (1 - betas[1] ** t)) + eps
    return w - lr * (m / (1 - betas[0] ** t)) / below, {"m": m, "vs": vs}


EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.Adam, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, amsgrad=True),
    cases=[
        Case("one step is Adam's", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        Case("two steps: moments, maximum and t carry over", steps=2, shape=(3,), lr=0.1, betas=(0.9, 0.9), eps=1e-8),
        Case("120 steps with varying gradients", steps=120, lr=0.05, betas=(0.9, 0.999), eps=1e-8),
        Case(
            "gradients that shrink: the largest moment stays",
            shape=(2, 3, 2),
            lr=0.05,
            betas=(0.8, 0.9),
            sizes=(3.0, 0.3, 0.03),
            weight=3,
        ),
        Case("gradients that grow: the maximum follows", steps=30, lr=0.05, betas=(0.8, 0.95), sizes=(0.03, 0.3, 3.0)),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, sizes=(1.0, 0.1), weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05)),
        Case("gradients of 0, at first and on the way: no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0)),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15)),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9)),
        Case("several parameters in turn, each with its state", mode="several", steps=12, betas=(0.8, 0.9)),
    ],
    mistakes=[
        Mistake(
            "maximum_of_corrected",
            variant(of_the_corrected),
            "The maximum is taken of the corrected v. That is largest in the very first steps, and they never fade. Here, as "
            "in PyTorch: maximum of v itself, then divide by 1 - beta2^t.",
        ),
        Mistake(
            "maximum_of_corrected",
            variant(corrected_twice),
            "v is corrected before the maximum and after it. Once is enough: take the maximum of v itself, then correct.",
        ),
        Mistake(
            "no_maximum",
            adam_with(),
            "This is Adam: when the gradients shrink, v falls and the steps grow. Keep the largest v so far, and divide by "
            "its root.",
        ),
        Mistake(
            "maximum_averaged_on",
            averages_the_maximum_on,
            "The maximum takes the place of v in the state, so the next average starts from it. Keep two: v goes on as in "
            "Adam, v_max beside it.",
        ),
        Mistake(
            "maximum_not_kept",
            variant(of_the_last_two),
            "Only this v and the one before are compared. Keep the maximum itself in the state.",
        ),
        Mistake(
            "maximum_of_the_past",
            variant(of_the_past),
            "The step uses the maximum from before this gradient. Update it with the new v first.",
        ),
        Mistake(
            "minimum", variant(smallest), "The smallest v is kept, which makes the steps longer. Keep the largest."
        ),
        Mistake(
            "one_maximum_for_all",
            variant(one_for_all),
            "All weights share one maximum (`v.max()`, `max(...)`). Take it element by element: np.maximum(v_max, v).",
        ),
        *corrections(largest=True),
        *counts(RIGHT),
        betas_swapped(RIGHT),
        *denominators(largest=True),
        *moments(largest=True),
        *slips(RIGHT, "memory", lr=1e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7]),
    ],
    alternatives=[maximum_of_roots, with_where, all_second_moments],
    hints=[
        "In Adam a rare, large gradient is forgotten, and the steps grow again. What would make sure that they never do?",
        "One more entry in the state: the largest v so far, element by element. v itself goes on as in Adam. What you divide "
        "by is that maximum, corrected like v.",
        "`v_max = np.maximum(v_max, v)`, then `v_hat = v_max / (1 - beta2**t)`; everything else is Adam.",
    ],
)
