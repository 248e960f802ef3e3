"""adaminject: Adam whose first moment takes in, besides the gradient, what the last step says about the slope.

t = 1: m takes g;  t > 1: m takes (g + dw g^2) / k, dw = the w given to the last step - the w given to this one;  v
takes g^2 in every step, the first too;  w <- w - lr m_hat / (sqrt(v_hat) + eps) (Dubey et al. 2022; lecture 003,
whose layout has v under "else"). Reference: that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import V_INJECTED, cases, injected_into, refilled, whole
from autograder.judge import Case, Optimizer, alternative, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, k):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    taken = grad if t == 1 else (grad + (state["before"] - w) * grad.square()) / k
    m = beta1 * state.get("m", zero) + (1 - beta1) * taken
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    move = m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "before": w}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0),
    section="7 · AdaInject: what the last step says",
    typical={**SHORT, "k": 1.5},
    cases=cases(
        Case("another k", steps=20, sizes=2.0, lr=0.2, weight=2, betas=(0.9, 0.99), eps=TINY, k=5.0),
        Case("k=1, and long steps", steps=20, lr=0.5, weight=2, **SHORT, k=1.0),
        refilled(**SHORT, k=2.0),
        defaults="the defaults are lr=1e-3, betas=(0.9, 0.999), eps=1e-8 and k=2",
        extremes=(1e-12, 1.0, 30.0),
        k=3.0,
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected = (grad + (state["w"] - w) * grad * grad) / k if "w" in state else grad
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * injected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "w": w.copy()}


MISTAKES = [*injected_into('{"t": t, "m": m, "v": v, "w": w.copy()}'), *V_INJECTED]
MISTAKES += [*whole(right, first="injected"), *hard_coded(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0)]


@alternative
def corrected_rate(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    """The state written to, the parts of the injection apart, Adam's corrections in the rate."""
    t = state["t"] = state.get("t", 0) + 1
    taken = grad
    if t > 1:
        taken = grad / k + (state["before"] - w) / k * np.square(grad)
    state["before"] = np.array(w)
    state["m"] = state.get("m", 0.0) + (1 - betas[0]) * (taken - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - betas[1]) * (grad * grad - state.get("v", 0.0))
    root = (1 - betas[1] ** t) ** 0.5
    return w - lr * root / (1 - betas[0] ** t) * state["m"] / (np.sqrt(state["v"]) + eps * root), state


@alternative
def lists(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    """All w and all gradients kept, the moments as sums over them."""
    ws, gs = [*state.get("ws", []), w + 0], [*state.get("gs", []), grad + 0]
    taken = [gs[0], *((g + (a - b) * g * g) / k for a, b, g in zip(ws, ws[1:], gs[1:], strict=False))]
    ages = range(len(gs) - 1, -1, -1)

    def mean(values, beta):
        return sum(beta**age * x for age, x in zip(ages, values, strict=True)) / sum(beta**age for age in ages)

    below = np.sqrt(mean([g * g for g in gs], betas[1])) + eps
    return [w - lr * mean(taken, betas[0]) / below, {"ws": ws, "gs": gs}]


HINTS = [
    "`inject` gives you a gradient, and Adam takes one. Which of the two moments should see the injected one?",
    "m takes in the injected gradient, v the square of `grad` itself, in the first step too. The state keeps a copy of "
    "w besides.",
    '`injected = (grad + (state["w"] - w) * grad**2) / k if "w" in state else grad`; then Adam with `injected` in m.',
]
