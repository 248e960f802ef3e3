"""amsgrad: Adam whose second moment never falls.

m and v as in Adam;  v_max <- max(v_max, v);  w <- w - lr m_hat / (sqrt(v_max / (1 - beta2^t)) + eps) (Reddi, Kale and
Kumar 2018). Reference: torch.optim.Adam(amsgrad=True), which takes the maximum of v before its correction. The paper's
Algorithm 2 corrects nothing; others take the maximum of the corrected v, which is largest in the first steps and holds
on to them.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, common_cases, hard_coded, manners
from autograder.exercises.adam._family import LARGE_EPS, SHORT, USUAL, adams, counts
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("Adam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8, amsgrad=True),
    section="6 · AMSGrad: when Adam walks the wrong way",
    typical=SHORT,
    cases=[
        Case("one step is Adam's", steps=1, shape=(3,), lr=0.1, **USUAL),
        Case("two steps: moments, maximum and t carry over", steps=2, shape=(3,), lr=0.1, betas=(0.9, 0.9), eps=TINY),
        Case("120 steps with varying gradients", steps=120, lr=0.05, **USUAL),
        Case("gradients that shrink: the largest moment stays", sizes=(3.0, 0.3, 0.03), lr=0.05, weight=3, **SHORT),
        Case("gradients that grow: the maximum follows", steps=30, sizes=(0.03, 0.3, 3.0), lr=0.05, **SHORT),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0, 0.1), lr=0.1, **LARGE_EPS, weight=2),
        Case("the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        *common_cases(**SHORT),
    ],
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    v_max = np.maximum(state.get("v_max", 0.0), v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v, "v_max": v_max}


MISTAKES = slips("""
no_maximum (core): v_max / (1 - beta2**t) -> v / (1 - beta2**t)
    This is Adam: when the gradients shrink, v falls and the steps grow. Keep the largest v so far, and divide by its
    root.

maximum_of_corrected (detail):
    np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), v / (1 - beta2**t))
    v_max / (1 - beta2**t) -> v_max
    The maximum is taken of the corrected v. That is largest in the very first steps, and they never fade. Here, as in
    PyTorch: maximum of v itself, then divide by 1 - beta2^t.

maximum_of_corrected: np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), v / (1 - beta2**t))
    v is corrected before the maximum and after it. Once is enough: take the maximum of v itself, then correct.

maximum_averaged_on: {"t": t, "m": m, "v": v, "v_max": v_max} -> {"t": t, "m": m, "v": v_max, "v_max": v_max}
    The maximum takes the place of v in the state, so the next average starts from it. Keep two: v goes on as in Adam,
    v_max beside it.

maximum_not_kept: state.get("v_max", 0.0) -> state.get("v", 0.0)
    Only this v and the one before are compared. Keep the maximum itself in the state.

maximum_of_the_past: v_max / (1 - beta2**t) -> state.get("v_max", v) / (1 - beta2**t)
    or v_max / (1 - beta2**t) -> state.get("v_max", 0 * v) / (1 - beta2**t)
    The step uses the maximum from before this gradient. Update it with the new v first.

minimum (core): np.maximum(state.get("v_max", 0.0), v) -> np.minimum(state.get("v_max", v), v)
    or np.maximum(state.get("v_max", 0.0), v) -> np.minimum(state.get("v_max", 0.0), v)
    The smallest v is kept, which makes the steps longer. Keep the largest.

one_maximum_for_all: np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), np.max(v, initial=0))
    All weights share one maximum (`v.max()`, `max(...)`). Take it element by element: np.maximum(v_max, v).
largest_gradient: np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), grad**2)
    The largest squared gradient is kept. Keep the largest v, the average of the squares.
maximum_of_m: lr * m_hat -> lr * np.maximum(state.get("m", 0.0), m) / (1 - beta1**t)
    The maximum is taken of m too. Only the second moment never falls.

keeps_corrected_moments:
    {"t": t, "m": m, "v": v, "v_max": v_max} -> {"t": t, "m": m_hat, "v": v / (1 - beta2**t), "v_max": v_max}
    The corrected moments go into the state and are averaged on, so they are corrected again and again. Keep m and v as
    they are; the corrected ones are for this step.
""")
MISTAKES += [*adams("v_max"), *counts(right), *manners(right, "memory")]
MISTAKES += hard_coded(lr=[1e-3, 0.01, 0.1, 1.0], betas=(0.9, 0.999), eps=[1e-8, 1e-7])


@alternative
def maximum_of_roots(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The root grows with v: the maximum of roots is the root of the maximum."""
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    state["root"] = np.maximum(state.get("root", 0.0), np.sqrt(state["v"]))
    below = state["root"] / (1 - betas[1] ** t) ** 0.5 + eps
    return w - lr / (1 - betas[0] ** t) * state["m"] / below, state


@alternative
def all_second_moments(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The maximum over the list of all v so far."""
    m, vs = state.get("m", 0 * w), state.get("vs", [0 * w])
    m, vs = betas[0] * m + (1 - betas[0]) * grad, [*vs, betas[1] * vs[-1] + (1 - betas[1]) * np.square(grad)]
    t = len(vs) - 1
    below = np.sqrt(np.max(vs, axis=0) / (1 - betas[1] ** t)) + eps
    return w - lr * (m / (1 - betas[0] ** t)) / below, {"m": m, "vs": vs}


HINTS = [
    "In Adam a rare, large gradient is forgotten, and the steps grow again. What would make sure that they never do?",
    "One more entry in the state: the largest v so far, element by element. v itself goes on as in Adam. What you "
    "divide by is that maximum, corrected like v.",
    "The state has four entries: t, m, v and v_max. With beta2 = 0.5 and gradients of 3, -1, -1 the v are 4.5, 2.75, "
    "1.875, and v_max stays 4.5.",
]
