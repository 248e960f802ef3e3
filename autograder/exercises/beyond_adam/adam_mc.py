"""adam_mc: Adam whose first moment is centred for the step.

m and v as in Adam;  u = m minus its mean over all axes but the first, where w has two or more, else m;  w <- w - lr u /
(1 - beta1^t) / (sqrt(v_hat) + eps);  v is that of the gradients as they came (Sadu, Dubey and Sreeja 2022, whose code
takes the mean of the whole array, of vectors too: a bias of one entry then never moves). Reference: that formula in
torch.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import cases, usual
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps):
    (beta1, beta2), t, zero = betas, state.get("t", 0) + 1, torch.zeros_like(grad)
    m = beta1 * state.get("m", zero) + (1 - beta1) * grad
    v = beta2 * state.get("v", zero) + (1 - beta2) * grad**2
    u = m - m.flatten(1).mean(1).reshape(-1, *[1] * (m.ndim - 1)) if m.ndim > 1 else m
    return w - lr * u / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps), {"t": t, "m": m, "v": v}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    section="9 · Moment centralization",
    typical=SHORT,
    cases=cases(
        Case("matrices", steps=16, shape=(3, 4), lr=0.1, weight=5, **SHORT),
        Case("square matrices", steps=16, shape=(4, 4), lr=0.1, weight=2, **SHORT),
        Case("convolutions: (3, 2, 2, 2)", steps=16, shape=(3, 2, 2, 2), lr=0.1, weight=8, **SHORT),
        Case("rows of one entry stand still", steps=6, shape=(5, 1), lr=0.1, betas=(0.5, 0.9), eps=TINY),
        Case("a single entry", steps=6, shape=(1, 1), lr=0.1, betas=(0.5, 0.9), eps=TINY),
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    u = m - m.mean(axis=tuple(range(1, m.ndim)), keepdims=True) if m.ndim > 1 else m
    m_hat = u / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


_MEAN = "m.mean(axis=tuple(range(1, m.ndim)), keepdims=True)"
_U = f"m - {_MEAN} if m.ndim > 1 else m"
_OF = "mean(axis=tuple(range(1, {0}.ndim)), keepdims=True) if {0}.ndim > 1 else 0"

MISTAKES = slips(f"""
not_centred (core): {_U} -> m
    This is plain Adam: m is not centred. Take off its mean over all axes but the first.

gradient_centred_for_both:
    -> grad = grad - (grad.{_OF.format("grad")})
    The gradient is centred before it goes into both moments. v keeps the squares of the gradients as they came.

step_centred:
    {_U} -> m
    w - step -> w - (step - (step.{_OF.format("step")}))
    The whole step is centred, after the division. It is m that is, above the line.

v_centred_too: np.sqrt(v_hat) -> np.sqrt(np.abs(v_hat - (v_hat.{_OF.format("v_hat")})))
    v is centred as well. Only m is.

mean_over_everything: {_MEAN} -> m.mean()
    The mean is taken over the whole array, as in the authors' code. Each row, w[i], has its own: over all axes but the
    first.

everything_centred: {_U} -> m - (m.mean() if m.size else 0)
    The mean is taken over the whole array, and of vectors too, as in the authors' code (a bias of one entry then never
    moves). Each row has its own mean, and vectors are left alone.

vectors_too: {_U} -> m - ({_MEAN} if m.ndim > 1 else m.mean() if m.size else 0)
    or {_U} -> m - ({_MEAN} if m.ndim > 1 else m.mean() if m.ndim and m.size else 0)
    or {_U} -> m - {_MEAN}
    Vectors are centred too. Only arrays of two or more axes are.

first_axis: {_MEAN} -> m.mean(axis=0, keepdims=True)
    The mean is over the first axis. It is over all others: each row, w[i], gets the mean 0.
last_axis_only: {_MEAN} -> m.mean(axis=-1, keepdims=True)
    or {_MEAN} -> m.mean(axis=1, keepdims=True)
    The mean is over one axis. Where there are more than two, it is over all but the first.
matrices_left_out: m.ndim > 1 -> m.ndim > 2
    or m.ndim > 1 -> m.ndim == 4
    Matrices are not centred. All arrays of two or more axes are.
sum_for_mean: {_MEAN} -> m.sum(axis=tuple(range(1, m.ndim)), keepdims=True)
    The sum is taken off. It is the mean.
weights_centred: w - step -> (w - step) - (w.{_OF.format("w")})
    The weights are centred. It is m that is.
""")
MISTAKES += [
    slip for slip in usual(right) if slip.name not in ("old_moments", "only_v_corrected", "no_bias_correction")
]
MISTAKES += slips(
    """
no_bias_correction (core):
    1 - beta1**t -> 1
    1 - beta2**t -> 1
    The bias correction is missing: divide u by 1 - beta1^t and v by 1 - beta2^t.
only_v_corrected: 1 - beta1**t -> 1
    m is not corrected: divide what is left of it by 1 - beta1^t.
""".replace("only_v", "\nonly_v")
)
MISTAKES += hard_coded(lr=1e-3, betas=(0.9, 0.999), eps=1e-8)


@alternative
def centred_average(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """m averages centred gradients, which is the same: centring is linear. v does not see them."""
    state["t"] = t = state.get("t", 0) + 1
    axes = tuple(range(1, grad.ndim))
    g = grad - np.mean(grad, axis=axes, keepdims=True) if axes else grad
    state["m"] = state.get("m", 0.0) + (1 - betas[0]) * (g - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - betas[1]) * (grad * grad - state.get("v", 0.0))
    root = (1 - betas[1] ** t) ** 0.5
    return w - lr * root / (1 - betas[0] ** t) * state["m"] / (np.sqrt(state["v"]) + eps * root), state


@alternative
def centred_and_kept(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The centred m is what is kept."""
    (b1, b2), (t, m, v) = betas, state.get("all", (0, np.zeros_like(w), np.zeros_like(w)))
    t, m, v = t + 1, b1 * m + (1 - b1) * grad, b2 * v + (1 - b2) * np.square(grad)
    if w.ndim >= 2:
        m = np.stack([row - row.mean() for row in m])
    return [w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), {"all": (t, m, v)}]


HINTS = [
    "Adam has two moments. Which one says where to go?",
    "m is centred for the step, before its correction, as v was in `moment_centralized_sgd`. The second moment sees "
    "`grad` as it came.",
    "`u = m - m.mean(axis=tuple(range(1, m.ndim)), keepdims=True)` where `m.ndim > 1`, else m; then Adam with u in "
    "place of m.",
]
