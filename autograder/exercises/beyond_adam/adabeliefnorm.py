"""adabeliefnorm: AdaBelief whose m takes in the corrected gradient of AdaNorm, and whose s measures grad itself.

s_t of AdaNorm from grad;  m <- beta1 m + (1 - beta1) s_t;  s <- beta2 s + (1 - beta2)(grad - m)^2 + eps;  w <- w - lr
m_hat / (sqrt(s_hat) + eps) (Dubey et al. 2023; lecture 003, Table 1). As pytorch_optimizer; the authors' published code
has the corrected gradient in both. Reference: the formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded, only, without
from autograder.exercises.beyond_adam._family import NORM, falling, scaled, usual
from autograder.exercises.beyond_adam.adabelief import BELIEF
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, gamma):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    n = grad.square().sum().sqrt()
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    m = beta1 * state.get("m", zero) + (1 - beta1) * (e / n * grad if 0 < n < e else grad)
    s = beta2 * state.get("s", zero) + (1 - beta2) * (grad - m).square() + eps
    move = m / (1 - beta1**t) / ((s / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "s": s, "e": e}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, gamma=0.95),
    section="6 · The same for the others",
    typical=NORM,
    cases=falling(
        Case("other betas", shape=(2, 3, 2), steps=24, lr=0.02, betas=(0.5, 0.9), eps=TINY, gamma=0.7),
        defaults="the defaults are lr=1e-3, betas=(0.9, 0.999), eps=1e-16 and gamma=0.95",
        tiny=3e-6,
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, gamma=0.95):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat = m / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(s_hat) + eps)
    return w - step, {"t": t, "m": m, "s": s, "e": e}


MISTAKES = slips("""
surprise_of_the_corrected: (grad - m) ** 2 -> (corrected - m) ** 2
    The surprise is that of the corrected gradient, as in the authors' published code. It is that of the gradient as it
    came: (grad - m)^2.

surprise_against_plain_m:
    -> raw = betas[0] * state.get("raw", 0.0) + (1 - betas[0]) * grad
    (grad - m) ** 2 -> (grad - raw) ** 2
    {"t": t, "m": m, "s": s, "e": e} -> {"t": t, "m": m, "s": s, "e": e, "raw": raw}
    The surprise is measured from a second average, of the gradients as they came. There is one m, of the corrected
    gradients, and s measures from it.

moment_corrected_after:
    (1 - beta1) * corrected -> (1 - beta1) * grad
    m / (1 - beta1**t) -> m * (e / n if e > n > 0 else 1) / (1 - beta1**t)
    or (1 - beta1) * corrected -> (1 - beta1) * grad
    m_hat = m / (1 - beta1**t) -> m = m * (e / n if e > n > 0 else 1); m_hat = m / (1 - beta1**t)
    or (1 - beta1) * corrected -> (1 - beta1) * grad
    (grad - m) ** 2 -> (grad - (m := m * (e / n if e > n > 0 else 1))) ** 2
    or n = np.linalg.norm(grad) -> m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad; n = np.linalg.norm(m)
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected ->
    m / (1 - beta1**t) -> m * (e / n if e > n > 0 else 1) / (1 - beta1**t)
    The correction is applied to m, after the averaging. It is the gradient that is corrected, before it goes into m.

only_surprise_corrected:
    (1 - beta1) * corrected -> (1 - beta1) * grad
    (grad - m) ** 2 -> (corrected - m) ** 2
    s takes the corrected gradient, and m the one that came. It is the other way round.
""")
MISTAKES += without(scaled('{"t": t, "m": m, "s": s, "e": e}', right, brief=True), "shared_history")
MISTAKES += without(BELIEF, "corrected_m", "old_and_new_m", "size_of_the_surprise", "eps_at_first_only")
MISTAKES += only(usual(right, "s", first="corrected", square="(grad - m) ** 2"), "uphill", "returns_step")
MISTAKES += only(
    usual(right, "s", first="corrected", square="(grad - m) ** 2"),
    *("no_square_root", "not_averaged", "no_bias_correction", "only_m_corrected", "only_v_corrected", "t_fixed_at_one"),
    *("betas_swapped", "memory_not_kept", "keeps_own_w", "shared_memory", "shared_t"),
)
MISTAKES += hard_coded(lr=1e-3, gamma=0.95)


@alternative
def pieces(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, gamma=0.95):
    """A tuple as state, differences for averages, the length as a float."""
    (b1, b2), (t, m, s, e) = betas, state.get("all", (0, np.zeros_like(w), np.zeros_like(w), 0.0))
    n = float(np.sqrt(np.vdot(grad, grad)))
    t, e = t + 1, e + (1 - gamma) * (n - e)
    m = m + (1 - b1) * ((grad * (e / n) if n and e > n else grad) - m)
    s = eps + s + (1 - b2) * ((m - grad) * (m - grad) - s)
    return [w - lr * m / (1 - b1**t) / (eps + (s / (1 - b2**t)) ** 0.5), {"all": (t, m, s, e)}]


HINTS = [
    "AdaBelief looks at the gradient twice: it is averaged, and it is compared with its average. Which of the two "
    "should see the lengthened one?",
    "m alone. The surprise is the gradient as it came minus that m, squared.",
    "`adabelief` with `corrected` in m, and `(grad - m) ** 2` as it was.",
]
