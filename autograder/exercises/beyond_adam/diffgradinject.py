"""diffgradinject: diffGrad whose first moment takes in the injected gradient of AdaInject.

m takes (g + dw g^2) / k, in the first step g;  v and the friction xi = 1 / (1 + exp(-|g_{t-1} - g_t|)) of the gradients
themselves;  w <- w - lr xi m_hat / (sqrt(v_hat) + eps) (Dubey et al. 2022). Reference: that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import hard_coded, only, without
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import RARE, V_INJECTED, cases, friction, injected_into, refilled, usual
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, k):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    taken = grad if t == 1 else (grad + (state["before"] - w) * grad.square()) / k
    m = beta1 * state.get("m", zero) + (1 - beta1) * taken
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    xi = torch.sigmoid((state.get("last", zero) - grad).abs())
    move = xi * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "before": w, "last": grad}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0),
    section="8 · The same for the others, again",
    typical={**SHORT, "k": 1.5},
    cases=cases(
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
    xi = 1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * injected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * xi * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "w": w.copy(), "g": grad.copy()}


MISTAKES = slips("""
friction_of_injected:
    state.get("g", 0.0) - grad -> state.get("g", 0.0) - injected
    grad.copy() -> np.array(injected)
    The friction compares injected gradients. It compares them as they came: only m takes in the injected one.
""")
MISTAKES += [*injected_into('{"t": t, "m": m, "v": v, "w": w.copy(), "g": grad.copy()}', brief=True), *V_INJECTED]
_FRICTION = ("no_friction", "no_abs", "previous_not_kept", "no_change_seen", "sigmoid_missing", "kept_as_an_alias")
MISTAKES += only(friction("injected"), *_FRICTION, "friction_of_the_negative", "starts_with_this_gradient")
MISTAKES += [*without(usual(right, first="injected"), *RARE), *hard_coded(lr=1e-3, k=2.0)]


@alternative
def pieces(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    (b1, b2), (t, m, v, last, before) = betas, state.get("all", (0, 0 * w, 0 * w, 0 * w, w))
    t, taken = t + 1, (grad + grad * grad * (before - w)) / (k if t else 1)
    m, v = m + (1 - b1) * (taken - m), v + (1 - b2) * (grad * grad - v)
    friction = 1 / (1 + np.exp(-abs(grad - last)))
    below = np.sqrt(v / (1 - b2**t)) + eps
    return [w - lr * friction * m / (1 - b1**t) / below, {"all": (t, m, v, np.array(grad), np.array(w))}]


HINTS = [
    "Three things in diffGrad look at the gradient: m, v and the friction. Which one should see the injected one?",
    "m alone. The state keeps copies of both, the last w and the last gradient.",
    "`adaminject` with `xi = 1 / (1 + np.exp(-np.abs(g - grad)))` before m_hat, g the last step's `grad`.",
]
