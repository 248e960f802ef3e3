"""adamnorm: Adam whose first moment takes in the corrected gradient of AdaNorm, its second one the gradient as it is.

n = ||grad||;  e <- gamma e + (1 - gamma) n;  s = (e / n) grad where e > n > 0, else grad;  m <- beta1 m + (1 - beta1)
s;  v <- beta2 v + (1 - beta2) grad^2;  w <- w - lr m_hat / (sqrt(v_hat) + eps) (Dubey et al. 2023; lecture 003).
Reference: that formula in torch; tests compare it with pytorch_optimizer.AdaNorm (eps before the correction).
"""

import numpy as np

from autograder.exercises._optimizers import hard_coded
from autograder.exercises.beyond_adam._family import NORM, V_CORRECTED, falling, scaled, usual
from autograder.judge import Optimizer, alternative, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, gamma):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    n = grad.square().sum().sqrt()
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    s = e / n * grad if 0 < n < e else grad
    m = beta1 * state.get("m", zero) + (1 - beta1) * s
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    move = m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "e": e}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95),
    section="5 · AdaNorm: a memory of lengths",
    typical=NORM,
    cases=falling(),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "e": e}


MISTAKES = [*V_CORRECTED, *scaled('{"t": t, "m": m, "v": v, "e": e}', right), *usual(right, first="corrected")]
MISTAKES += hard_coded(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95)


@alternative
def in_two_steps(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """A state within the state, and Adam's corrections in the rate."""
    (b1, b2), norms = betas, state.setdefault("norms", [0.0])
    norms.append(gamma * norms[-1] + (1 - gamma) * float(np.sqrt((grad * grad).sum())))
    size = float(np.sqrt((grad * grad).sum()))
    longer = grad * max(1.0, norms[-1] / size) if size > 0 else grad
    t = len(norms) - 1
    state["m"] = state.get("m", 0.0) + (1 - b1) * (longer - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - b2) * (grad * grad - state.get("v", 0.0))
    root = (1 - b2**t) ** 0.5
    return w - lr * root / (1 - b1**t) * state["m"] / (np.sqrt(state["v"]) + eps * root), state


@alternative
def weighted_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """All gradients kept; norms, lengthened gradients and moments anew in each step."""
    past = [*state.get("past", []), np.array(grad)]
    e, longer = 0.0, []
    for g in past:
        n = float(np.linalg.norm(g))
        e += (1 - gamma) * (n - e)
        longer.append(g / n * e if 0 < n < e else g)
    ages = range(len(past) - 1, -1, -1)

    def mean(values, beta):
        return sum(beta**age * x for age, x in zip(ages, values, strict=True)) / sum(beta**age for age in ages)

    below = np.sqrt(mean([g * g for g in past], betas[1])) + eps
    return w - (lr * mean(longer, betas[0]) / below).astype(w.dtype), {"past": past}


HINTS = [
    "`adanorm` gives you a gradient, and Adam takes one. Which of Adam's two moments should see the lengthened one?",
    "m alone takes in the corrected gradient; v the square of `grad` as it came. Everything below is Adam's.",
    "`corrected, state = adanorm(grad, state, gamma=gamma)` hands back a new state: put e, m, v and t together into "
    "one. Then Adam with `corrected` in m and `grad**2` in v.",
]
