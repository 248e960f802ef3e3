"""diffgrad: Adam, and each weight's step is braked where its gradient has hardly changed since the last step.

m_hat, v_hat as in Adam;  xi = 1 / (1 + exp(-|g_{t-1} - g_t|)), g_0 = 0;  w <- w - lr xi m_hat / (sqrt(v_hat) + eps)
(Dubey et al. 2020; lecture 003). Reference: that formula in torch; tests compare it with pytorch_optimizer.DiffGrad,
which has eps before the correction. The authors' first code kept the gradient's own array, so that xi was always 1/2.
"""

import numpy as np

from autograder.exercises._optimizers import hard_coded
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import cases, friction, refilled, whole
from autograder.judge import Case, Optimizer, alternative, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps):
    (beta1, beta2), t = betas, state.get("t", 0) + 1
    zero = torch.zeros_like(grad)
    m = beta1 * state.get("m", zero) + (1 - beta1) * grad
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    xi = torch.sigmoid((state.get("last", zero) - grad).abs())
    move = xi * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "last": grad}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    section="3 · diffGrad: friction",
    typical=SHORT,
    cases=cases(
        Case("changes of many sizes", steps=24, sizes=(0.1, 3.0, 0.01, 1.0), lr=0.1, weight=2, **SHORT),
        refilled(**SHORT),
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    xi = 1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * xi * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "g": grad.copy()}


MISTAKES = [*friction(), *whole(right)]
MISTAKES += hard_coded(lr=[1e-3, 0.01], betas=(0.9, 0.999), eps=1e-8)


@alternative
def logistic_by_tanh(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The sigmoid as a tanh, Adam's corrections in the rate."""
    state["t"] = t = state.get("t", 0) + 1
    xi = (1 + np.tanh(np.abs(grad - state.get("last", 0.0)) / 2)) / 2
    state["last"] = np.array(grad)
    state["m"] = state.get("m", 0.0) + (1 - betas[0]) * (grad - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - betas[1]) * (grad * grad - state.get("v", 0.0))
    root = (1 - betas[1] ** t) ** 0.5
    return w - lr * root / (1 - betas[0] ** t) * xi * state["m"] / (np.sqrt(state["v"]) + eps * root), state


@alternative
def from_the_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """All gradients kept, as copies; the moments are sums over them."""
    past = [*state.get("past", []), grad + 0]
    t = len(past)
    m_hat, v_hat = (
        sum((1 - beta) * beta ** (t - 1 - k) * g**power for k, g in enumerate(past)) / (1 - beta**t)
        for beta, power in zip(betas, (1, 2), strict=True)
    )
    change = abs(past[-1] - past[-2]) if t > 1 else abs(grad)
    return w - lr * m_hat / (v_hat**0.5 + eps) / (1 + np.exp(-change)), {"past": past}


HINTS = [
    "Adam's step, times a number for each weight. What has the state to keep, so that you can see how much a slope "
    "has changed?",
    "xi is the sigmoid of the absolute change, between 1/2 and 1. Before the first step the gradient counts as 0. "
    "Keep a *copy* of grad: the caller may fill its array anew.",
    '`xi = 1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))`, then `lr * xi * m_hat / (np.sqrt(v_hat) + eps)`, '
    'and `"g": grad.copy()` goes into the state.',
]
