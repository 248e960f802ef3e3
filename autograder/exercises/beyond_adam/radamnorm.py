"""radamnorm: RAdam whose first moment alone takes in the corrected gradient of AdaNorm, from the first step on.

s of AdaNorm from grad;  m <- beta1 m + (1 - beta1) s;  v of the gradients as they came;  then radam's step, the early
ones, lr m_hat, with this m too (Dubey et al. 2023; lecture 003, Table 1). In the authors' published code e is 0 before
every step, so that nothing is ever corrected: RAdam itself. Reference: the formula in torch.
"""

import math

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded, without
from autograder.exercises.beyond_adam._family import NORM, V_CORRECTED, falling, rectified_steps, scaled
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, gamma):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    n = grad.square().sum().sqrt()
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    s = e / n * grad if 0 < n < e else grad
    m = beta1 * state.get("m", zero) + (1 - beta1) * s
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    longest = 2 / (1 - beta2) - 1
    rho = longest - 2 * t * beta2**t / (1 - beta2**t)
    move = m / (1 - beta1**t)
    if rho > 5:
        r2 = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
        move = move * (r2 * (1 - beta2**t)) ** 0.5 / (v.sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "e": e}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95),
    section="6 · The same for the others",
    typical=NORM,
    cases=falling(
        Case("a norm that falls in the first five steps", steps=8, sizes=(3.0, 0.3, 0.3, 0.3), weight=3, **NORM),
        Case("beta2 = 0.8: the switch is at step 7", steps=16, lr=0.05, betas=(0.9, 0.8), eps=TINY, gamma=0.6),
        Case("beta2 = 0.5: never", steps=16, lr=0.05, betas=(0.7, 0.5), eps=TINY, gamma=0.6),
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    rho_inf = 2 / (1 - beta2) - 1
    faded = beta2**t
    rho = rho_inf - 2 * t * faded / (1 - faded)
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    if rho > 5:
        r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        step = lr * m_hat * r * math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
    else:
        step = lr * m_hat
    return w - step, {"t": t, "m": m, "v": v, "e": e}


MISTAKES = slips("""
corrected_once_rectified: (1 - beta1) * corrected -> (1 - beta1) * (corrected if rho > 5 else grad)
    or (1 - beta1) * corrected -> (1 - beta1) * (corrected if t > 5 else grad)
    m takes in the corrected gradient only once the steps are rectified. It does so from the first step on.
""")
MISTAKES += [*V_CORRECTED, *without(scaled('{"t": t, "m": m, "v": v, "e": e}', right, brief=True), "shared_history")]
MISTAKES += [*rectified_steps(right, "corrected", brief=True), *hard_coded(lr=1e-3, gamma=0.95)]


@alternative
def factor_first(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """The factor of the step, an array or 1, is made before m is touched."""
    (b1, b2), (t, m, v, e) = betas, state.get("all", (0, 0 * w, 0 * w, 0.0))
    t, v, size = t + 1, v + (1 - b2) * (np.square(grad) - v), float(np.linalg.norm(grad))
    most, left, factor = 2 / (1 - b2) - 1, 1 - b2**t, 1.0
    rho = most - 2 * t * b2**t / left
    if rho > 5:
        square = left * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)
        factor = square**0.5 / (np.sqrt(v) + eps)
    e = gamma * e + (1 - gamma) * size
    m = b1 * m + (1 - b1) * (grad if e <= size or size == 0 else e / size * grad)
    return w - lr / (1 - b1**t) * factor * m, {"all": (t, m, v, e)}


HINTS = [
    "RAdam's early steps have no root, so what is above the line is all that there is. Which m should they take?",
    "m takes in the corrected gradient from the first step on, v the gradient as it came. Then the two cases of "
    "`radam`, with that m in both.",
    "`radam` with `corrected` in m. Keep e in the state with t, m and v: set to 0 in every step it would never be "
    "above the norm.",
]
