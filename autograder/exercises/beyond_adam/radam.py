"""radam: Adam whose first steps, with too few squares to trust, do without the root of v, and then grow into it.

rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t);  where rho_t > 5: w <- w - lr m_hat r_t
sqrt(1 - beta2^t) / (sqrt(v) + eps) with r_t^2 = (rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t);
else w <- w - lr m_hat (Liu et al. 2020, Algorithm 2, which switches at 4 and has no eps; named in lecture 003).
Reference: torch.optim.RAdam, which is the same.
"""

import math

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import cases, rectified_steps
from autograder.judge import Case, Optimizer, alternative, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("RAdam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    section="1 · RAdam: when the root is not to be trusted",
    typical=SHORT,
    cases=cases(
        Case("five steps without the root, then with it", steps=8, lr=0.1, betas=(0.9, 0.9), eps=TINY, weight=2),
        Case("beta2 = 0.8: the switch is at step 7", steps=16, lr=0.05, betas=(0.9, 0.8), eps=TINY),
        Case("beta2 = 0.5: never", steps=16, lr=0.05, betas=(0.7, 0.5), eps=TINY),
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    faded = beta2**t
    rho = rho_inf - 2 * t * faded / (1 - faded)
    if rho > 5:
        r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        step = lr * m_hat * r * math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
    else:
        step = lr * m_hat
    return w - step, {"t": t, "m": m, "v": v}


MISTAKES = rectified_steps(right)
MISTAKES += hard_coded(lr=[1e-3, 0.01], betas=(0.9, 0.999), eps=1e-8)


@alternative
def in_one_expression(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """A list as state, the square of r, the moments by their differences."""
    (b1, b2), (t, m, v) = betas, state.get("all", (0, 0 * w, 0 * w))
    t, m, v = t + 1, m + (1 - b1) * (grad - m), v + (1 - b2) * (np.square(grad) - v)
    longest, left = (1 + b2) / (1 - b2), 1 - b2**t
    rho = longest - 2 * t * (1 / left - 1)
    rate = lr / (1 - b1**t)
    if rho <= 5:
        return w - rate * m, {"all": (t, m, v)}
    square = (rho - 4) / (longest - 4) * (rho - 2) / (longest - 2) * longest / rho
    return w - rate * math.sqrt(square * left) * m / (eps + v**0.5), {"all": (t, m, v)}


@alternative
def in_place_of_the_state(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    if not state:
        state.update(t=0, m=np.zeros_like(w), v=np.zeros_like(w))
    state["t"] += 1
    for name, beta, new in (("m", betas[0], grad), ("v", betas[1], grad * grad)):
        state[name] *= beta
        state[name] += (1 - beta) * new
    m_hat = state["m"] / (1 - betas[0] ** state["t"])
    most = 2 / (1 - betas[1]) - 1
    fade = math.exp(state["t"] * math.log(betas[1]))
    rho = most - 2 * state["t"] * fade / (1 - fade)
    if not rho > 5:
        return w - lr * m_hat, state
    r = math.sqrt((rho - 4) * (rho - 2) * most) / math.sqrt((most - 4) * (most - 2) * rho)
    v_hat_root = (np.sqrt(state["v"]) + eps) / math.sqrt(1 - fade)
    return w - lr * r * m_hat / v_hat_root, state


HINTS = [
    "How many squared gradients has v seen after two steps? What would you divide by, if that is too few?",
    "Count first, update m and v, correct m. Then ask for r_t: you have a function for it. Where it is 0, the step is "
    "lr * m_hat, without any root.",
    "`r = rectification(t, beta2)`; where r is not 0, the step is `lr * m_hat * r * np.sqrt(1 - beta2**t) / "
    "(np.sqrt(v) + eps)`. (In float32 take `math.sqrt`, or `** 0.5`: NumPy's root of a Python number is float64.)",
]
