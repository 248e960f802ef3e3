"""diffgradnorm: diffGrad whose first moment alone takes in the corrected gradient of AdaNorm.

s of AdaNorm from grad;  m <- beta1 m + (1 - beta1) s;  v and the friction xi = 1 / (1 + exp(-|g_{t-1} - g_t|)) of the
gradients as they came;  w <- w - lr xi m_hat / (sqrt(v_hat) + eps) (Dubey et al. 2023; lecture 003, Table 1).
Reference: that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import hard_coded, only, without
from autograder.exercises.beyond_adam._family import NORM, RARE, V_CORRECTED, falling, friction, refilled, scaled, usual
from autograder.judge import Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, gamma):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    n = grad.square().sum().sqrt()
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    s = e / n * grad if 0 < n < e else grad
    m = beta1 * state.get("m", zero) + (1 - beta1) * s
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    xi = torch.sigmoid((state.get("last", zero) - grad).abs())
    move = xi * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "v": v, "e": e, "last": grad}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95),
    section="6 · The same for the others",
    typical=NORM,
    cases=falling(refilled(**NORM)),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    xi = 1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * xi * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "e": e, "g": grad.copy()}


MISTAKES = slips("""
friction_of_corrected:
    state.get("g", 0.0) - grad -> state.get("g", 0.0) - corrected
    grad.copy() -> corrected.copy()
    The friction compares corrected gradients. It compares them as they came: only m takes in the corrected one.

friction_mixed: grad.copy() -> corrected.copy()
    or state.get("g", 0.0) - grad -> state.get("g", 0.0) - corrected
    The friction compares a gradient as it came with a corrected one. Both are those that came.
""")
MISTAKES += [*V_CORRECTED, *scaled('{"t": t, "m": m, "v": v, "e": e, "g": grad.copy()}', right, brief=True)]
_FRICTION = ("no_friction", "no_abs", "previous_not_kept", "no_change_seen", "sigmoid_missing", "kept_as_an_alias")
MISTAKES += only(friction("corrected"), *_FRICTION, "friction_of_the_negative", "starts_with_this_gradient")
MISTAKES += [*without(usual(right, first="corrected"), *RARE), *hard_coded(lr=1e-3, gamma=0.95)]


@alternative
def pieces(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """Adam's denominator and the friction in one product, the history as a float."""
    (b1, b2), last = betas, state.get("last", np.zeros_like(grad))
    size = float(np.sqrt(np.sum(grad * grad)))
    state["e"] = size + gamma * (state.get("e", 0.0) - size)
    longer = grad * (max(size, state["e"]) / size) if size else grad
    state["t"], state["last"] = state.get("t", 0) + 1, np.array(grad)
    state["m"] = longer + b1 * (state.get("m", 0.0) - longer)
    state["v"] = grad * grad + b2 * (state.get("v", 0.0) - grad * grad)
    below = (1 + np.exp(-abs(grad - last))) * (np.sqrt(state["v"] / (1 - b2 ** state["t"])) + eps)
    return w - lr / (1 - b1 ** state["t"]) * state["m"] / below, state


HINTS = [
    "Three things in diffGrad look at the gradient: m, v and the friction. Which one should see the lengthened one?",
    "m alone. v and both gradients of the friction are those that came, so the state keeps a copy of `grad`, not of "
    "the corrected one.",
    "`adamnorm` with `xi = 1 / (1 + np.exp(-np.abs(g - grad)))` before m_hat, g the last step's `grad`.",
]
