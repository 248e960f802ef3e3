"""adam_uncorrected: Adam without bias correction.

m <- beta1 m + (1 - beta1) grad;  v <- beta2 v + (1 - beta2) grad^2;  w <- w - lr m / (sqrt(v) + eps): what lectures 001
and 003 show before the full Adam, with eps 1e-7. Reference: the formula, in torch; torch.optim.Adam has no such switch.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, TINY, common_cases, denominator, hard_coded, manners
from autograder.exercises.adam._family import LARGE_EPS, MOMENTS, SHORT, USUAL
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def reference(w, grad, state, *, lr, betas, eps):
    m = torch.lerp(state.get("m", torch.zeros_like(w)), grad, 1 - betas[0])
    v = torch.lerp(state.get("v", torch.zeros_like(w)), grad.square(), 1 - betas[1])
    return torch.addcdiv(w, m, v.sqrt() + eps, value=-lr), {"m": m, "v": v}


EXERCISE = Optimizer(
    reference=torch_steps(reference, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    section="4 · Adam, almost",
    typical=SHORT,
    cases=[
        Case("one step: three times too long", steps=1, shape=(3,), lr=0.1, **USUAL),
        Case("two steps: the moments carry over", steps=2, shape=(3,), lr=0.1, **USUAL),
        Case("60 steps with varying gradients", lr=0.05, weight=2, **USUAL),
        Case("other betas, another shape", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), eps=TINY),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, **LARGE_EPS, weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        *common_cases(**SHORT),
    ],
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    step = lr * m / (np.sqrt(v) + eps)
    return w - step, {"m": m, "v": v}


MISTAKES = [*STEP, *denominator("v"), *MOMENTS]
MISTAKES += slips("""
corrected (core):
    -> t = state.get("t", 0) + 1
    lr * m -> lr * m / (1 - beta1**t)
    np.sqrt(v) -> np.sqrt(v / (1 - beta2**t))
    {"m": m, "v": v} -> {"m": m, "v": v, "t": t}
    This is the full Adam. Here the moments are used as they are, to see what the correction is for: no division by
    1 - beta^t.

m_corrected:
    -> t = state.get("t", 0) + 1
    lr * m -> lr * m / (1 - beta1**t)
    {"m": m, "v": v} -> {"m": m, "v": v, "t": t}
    m is divided by 1 - beta1^t. Here neither moment is corrected.

v_corrected:
    -> t = state.get("t", 0) + 1
    np.sqrt(v) -> np.sqrt(v / (1 - beta2**t))
    {"m": m, "v": v} -> {"m": m, "v": v, "t": t}
    v is divided by 1 - beta2^t. Here neither moment is corrected.

old_moments:
    lr * m -> lr * state.get("m", 0 * m)
    np.sqrt(v) -> np.sqrt(state.get("v", 0 * v))
    The step uses the moments from before this gradient. Update them first.
""")
MISTAKES += manners(right, "moments")
MISTAKES += hard_coded(lr=[1e-3, 0.01, 0.1, 1.0], betas=(0.9, 0.999), eps=[1e-8, 1e-7])


@alternative
def weighted_history(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    past = [*state.get("past", []), grad.copy()]
    m = sum((1 - betas[0]) * betas[0] ** k * g for k, g in enumerate(past[::-1]))
    v = sum((1 - betas[1]) * betas[1] ** k * g**2 for k, g in enumerate(past[::-1]))
    return w - lr * m / (v**0.5 + eps), {"past": past}


@alternative
def factors_taken_out(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Fading sums; the shares 1 - beta come in at the end."""
    for name, beta, new in (("sum", betas[0], grad), ("squares", betas[1], grad**2)):
        state[name] = beta * state.get(name, 0.0) + new
    below = (1 - betas[1]) ** 0.5 * np.sqrt(state["squares"]) + eps
    return w - lr * (1 - betas[0]) * state["sum"] / below, state


HINTS = [
    "Momentum averages gradients, RMSProp their squares. Use the first in place of the gradient, the second below the "
    "line.",
    "Two entries in the state, both 0 at the start, each with its own beta: beta of the old, 1 - beta of the new.",
    'With the defaults and an even gradient the steps are 3.16, 4.25, 4.95 times lr. The state is `{"m": m, "v": v}`; '
    "nothing counts the steps.",
]
