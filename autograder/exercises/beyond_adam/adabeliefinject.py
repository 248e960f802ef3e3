"""adabeliefinject: AdaBelief whose m takes in the injected gradient of AdaInject, and whose s measures the gradient.

m takes (g + dw g^2) / k, in the first step g;  s <- beta2 s + (1 - beta2)(g - m)^2 + eps with the gradient itself;
w <- w - lr m_hat / (sqrt(s_hat) + eps) (Dubey et al. 2022). Reference: that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded, only, without
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import cases, injected_into, refilled, usual
from autograder.exercises.beyond_adam.adabelief import BELIEF
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps, k):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    taken = grad if t == 1 else (grad + (state["before"] - w) * grad.square()) / k
    m = beta1 * state.get("m", zero) + (1 - beta1) * taken
    s = beta2 * state.get("s", zero) + (1 - beta2) * (grad - m).square() + eps
    move = m / (1 - beta1**t) / ((s / (1 - beta2**t)).sqrt() + eps)
    return w - lr * move, {"t": t, "m": m, "s": s, "before": w}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, k=2.0),
    section="8 · The same for the others, again",
    typical={**SHORT, "k": 1.5},
    cases=cases(
        Case("k=1, and long steps", steps=20, lr=0.3, weight=2, **SHORT, k=1.0),
        Case("other betas", shape=(2, 3, 2), steps=24, lr=0.1, betas=(0.5, 0.9), eps=TINY, k=3.0),
        refilled(**SHORT, k=2.0),
        defaults="the defaults are lr=1e-3, betas=(0.9, 0.999), eps=1e-16 and k=2",
        tiny=1e-6,
        extremes=(1e-12, 1.0, 30.0),
        k=3.0,
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, k=2.0):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected = (grad + (state["w"] - w) * grad * grad) / k if "w" in state else grad
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * injected
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat = m / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(s_hat) + eps)
    return w - step, {"t": t, "m": m, "s": s, "w": w.copy()}


MISTAKES = slips("""
surprise_of_the_injected: (grad - m) ** 2 -> (injected - m) ** 2
    The surprise is that of the injected gradient. It is that of the gradient itself: (grad - m)^2.

surprise_against_plain_m:
    -> raw = betas[0] * state.get("raw", 0.0) + (1 - betas[0]) * grad
    (grad - m) ** 2 -> (grad - raw) ** 2
    {"t": t, "m": m, "s": s, "w": w.copy()} -> {"t": t, "m": m, "s": s, "w": w.copy(), "raw": raw}
    The surprise is measured from a second average, of the gradients themselves. There is one m, of the injected
    gradients, and s measures from it.
""")
MISTAKES += injected_into('{"t": t, "m": m, "s": s, "w": w.copy()}', brief=True)
MISTAKES += without(BELIEF, "corrected_m", "old_and_new_m", "size_of_the_surprise", "eps_at_first_only")
MISTAKES += only(
    usual(right, "s", first="injected", square="(grad - m) ** 2"),
    *("uphill", "returns_step", "betas_swapped", "memory_not_kept", "keeps_own_w", "shared_memory", "shared_t"),
    *("no_square_root", "not_averaged", "no_bias_correction", "only_m_corrected", "only_v_corrected", "t_fixed_at_one"),
)
MISTAKES += hard_coded(lr=1e-3, k=2.0)


@alternative
def pieces(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, k=2.0):
    (b1, b2), (t, m, s, before) = betas, state.get("all", (0, np.zeros_like(w), np.zeros_like(w), w))
    taken = (grad + grad**2 * (before - w)) / (k if t else 1)
    t, m = t + 1, m + (1 - b1) * (taken - m)
    s = eps + s + (1 - b2) * ((m - grad) * (m - grad) - s)
    return [w - lr * m / (1 - b1**t) / (eps + (s / (1 - b2**t)) ** 0.5), {"all": (t, m, s, np.array(w))}]


HINTS = [
    "AdaBelief looks at the gradient twice: it is averaged, and it is compared with its average. Which of the two "
    "should see the injected one?",
    "m alone. The surprise is the gradient itself minus that m, squared.",
    "`adabelief` with `injected` in m, and `(grad - m) ** 2` as it was.",
]
