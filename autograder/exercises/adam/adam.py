"""adam: steps along the average gradient, in units of the root mean square gradient, both corrected for their start.

m <- beta1 m + (1 - beta1) grad;  v <- beta2 v + (1 - beta2) grad^2;  m_hat = m / (1 - beta1^t), v_hat = v / (1 -
beta2^t), t from 1;  w <- w - lr m_hat / (sqrt(v_hat) + eps) (Kingma and Ba 2015, Algorithm 1; lectures 001, 003, with
eps 1e-7).
Reference: torch.optim.Adam, which is the same. Lecture 002 has eps inside the root.
"""

import math

import numpy as np

from autograder.exercises._optimizers import TINY, common_cases, hard_coded, manners
from autograder.exercises.adam._family import LARGE_EPS, SHORT, USUAL, adams, counts
from autograder.judge import Case, Optimizer, alternative, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("Adam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    section="5 · Adam",
    typical=SHORT,
    cases=[
        Case("one step goes lr far, however steep it is", steps=1, shape=(3,), lr=0.1, **USUAL),
        Case("two steps: the moments and t carry over", steps=2, shape=(3,), lr=0.1, **USUAL),
        Case("120 steps with varying gradients", steps=120, lr=0.05, weight=2, **USUAL),
        Case("other betas, another shape", shape=(2, 3, 2), lr=0.02, betas=(0.5, 0.9), eps=TINY),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, **LARGE_EPS, weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        *common_cases(**SHORT),
    ],
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


MISTAKES = [*adams(), *counts(right), *manners(right, "memory")]
MISTAKES += hard_coded(lr=[1e-3, 0.01, 0.1, 1.0], betas=(0.9, 0.999), eps=[1e-8, 1e-7])


@alternative
def corrected_rate(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The paper's faster form, section 2: the corrections go into lr and eps."""
    beta1, beta2 = betas
    state["step"] = state.get("step", 0) + 1
    root = math.sqrt(1 - math.pow(beta2, state["step"]))
    rate = lr * root / (1 - math.pow(beta1, state["step"]))
    state["m"] = state.get("m", 0.0) + (1 - beta1) * (grad - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - beta2) * (grad * grad - state.get("v", 0.0))
    return w - rate * state["m"] / (np.sqrt(state["v"]) + eps * root), state


@alternative
def weighted_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Both moments as weighted means of all gradients so far: with weights that sum to 1 nothing needs correction."""
    past = [*state.get("past", []), grad.copy()]

    def mean(values, beta):
        weights = [beta**k for k in range(len(values))][::-1]
        return sum(a * x for a, x in zip(weights, values, strict=True)) / sum(weights)

    first, second = mean(past, betas[0]), mean([g**2 for g in past], betas[1])
    return w - lr * first / (second**0.5 + eps), {"past": past}


HINTS = [
    "Momentum averages gradients, RMSProp their squares. Adam does both. Both averages start at 0: how much too small "
    "are they after one step, and after t?",
    "The state holds m, v and t. Raise t first, update both moments, then divide *copies* of them by 1 - beta^t: the "
    "next step needs the uncorrected ones.",
    "`m_hat = m / (1 - beta1**t)`, `v_hat = v / (1 - beta2**t)`, then `w - lr * m_hat / (np.sqrt(v_hat) + eps)` and "
    '`{"t": t, "m": m, "v": v}`, with t = 1 in the first step.',
]
