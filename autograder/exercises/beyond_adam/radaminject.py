"""radaminject: RAdam whose first moment takes in the injected gradient of AdaInject, from the second step on.

m takes (g + dw g^2) / k, in the first step g;  v of the gradients themselves;  then radam's step, the early ones, lr
m_hat, with this m too (Dubey et al. 2022, whose published code begins to inject in the third step). Reference: the
formula in torch.
"""

import math

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import V_INJECTED, cases, injected_into, rectified_steps, refilled
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, k):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    taken = grad if t == 1 else (grad + (state["before"] - w) * grad.square()) / k
    m = beta1 * state.get("m", zero) + (1 - beta1) * taken
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    longest = 2 / (1 - beta2) - 1
    rho = longest - 2 * t * beta2**t / (1 - beta2**t)
    move = m / (1 - beta1**t)
    if rho > 5:
        r2 = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
        move = move * (r2 * (1 - beta2**t)) ** 0.5 / (v.sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "before": w}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0),
    section="8 · The same for the others, again",
    typical={**SHORT, "k": 1.5},
    cases=cases(
        Case("k=1, and long steps", steps=12, lr=0.3, weight=2, **SHORT, k=1.0),
        Case("beta2 = 0.8: the switch is at step 7", steps=16, lr=0.05, betas=(0.9, 0.8), eps=TINY, k=1.5),
        Case("beta2 = 0.5: never", steps=16, lr=0.05, betas=(0.7, 0.5), eps=TINY, k=1.5),
        refilled(**SHORT, k=2.0),
        defaults="the defaults are lr=1e-3, betas=(0.9, 0.999), eps=1e-8 and k=2",
        extremes=(1e-12, 1.0, 3.0),
        k=3.0,
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected = (grad + (state["w"] - w) * grad * grad) / k if "w" in state else grad
    rho_inf = 2 / (1 - beta2) - 1
    faded = beta2**t
    rho = rho_inf - 2 * t * faded / (1 - faded)
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * injected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    if rho > 5:
        r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        step = lr * m_hat * r * math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
    else:
        step = lr * m_hat
    return w - step, {"t": t, "m": m, "v": v, "w": w.copy()}


MISTAKES = slips("""
injected_once_rectified: (1 - beta1) * injected -> (1 - beta1) * (injected if rho > 5 else grad)
    m takes in the injected gradient only once the steps are rectified. It does so from the second step on.
""")
MISTAKES += [*injected_into('{"t": t, "m": m, "v": v, "w": w.copy()}', brief=True), *V_INJECTED]
MISTAKES += [*rectified_steps(right, "injected", brief=True), *hard_coded(lr=1e-3, k=2.0)]


@alternative
def factor_first(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    (b1, b2), (t, m, v, before) = betas, state.get("all", (0, 0 * w, 0 * w, w))
    taken = (grad + np.square(grad) * (before - w)) / (k if t else 1)
    t, v, m = t + 1, v + (1 - b2) * (np.square(grad) - v), b1 * m + (1 - b1) * taken
    most, left, factor = 2 / (1 - b2) - 1, 1 - b2**t, 1.0
    rho = most - 2 * t * b2**t / left
    if rho > 5:
        square = left * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)
        factor = square**0.5 / (np.sqrt(v) + eps)
    return w - lr / (1 - b1**t) * factor * m, {"all": (t, m, v, w + 0)}


HINTS = [
    "RAdam's early steps have no root, so what is above the line is all that there is. Which m should they take?",
    "m takes in the injected gradient from the second step on, v the gradient itself. Then the two cases of `radam`, "
    "with that m in both.",
    '`radam` with `injected` in m, and `"w": w.copy()` in the state.',
]
