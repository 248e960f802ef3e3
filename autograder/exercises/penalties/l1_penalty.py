"""l1_penalty: the sizes of the weights, and a subgradient.

value = lam sum |w|, grad = lam sign(w), 0 at 0 (lectures 000, 002, 003). Reference: autograd, whose derivative of abs
at 0 is 0.
"""

import numpy as np

from autograder.exercises.penalties._weights import FORMS, MANNERS, cases, draw
from autograder.judge import Function, alternative, slips, torch


def reference(w, lam):
    w = w.clone().requires_grad_()
    value = lam * w.abs().sum()
    return value.detach(), torch.autograd.grad(value, w)[0]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("value", "grad"),
    section="2 · Few weights",
    forms=FORMS,
    typical={"shape": (4, 3), "lam": 0.3},
    cases=cases(),
)


def right(w, lam):
    total = np.abs(w).sum()
    value = lam * total
    grad = lam * np.sign(w)
    return value, grad


MISTAKES = slips("""
no_absolute_value: np.abs(w).sum() -> w.sum()
    The weights are summed with their signs, so that they cancel. Sum their sizes.
one_at_zero: np.sign(w) -> np.where(w >= 0, 1.0, -1.0).astype(w.dtype)
    or np.sign(w) -> np.where(w > 0, 1.0, -1.0).astype(w.dtype)
    The gradient at 0 is 1 or -1. It is taken to be 0 there: np.sign.
nan_at_zero: np.sign(w) -> w / np.abs(w)
    `w / abs(w)` is nan at 0. Take np.sign, which is 0 there.
gradient_of_l2: lam * np.sign(w) -> 2 * lam * w
    or lam * np.sign(w) -> lam * w
    The gradient is the L2 penalty's. An absolute value has the slope 1 or -1, however small the weight.
absolute_gradient: np.sign(w) -> np.abs(np.sign(w))
    The gradient has lost its sign: below 0 the size falls as w rises.
squares: np.abs(w).sum() -> (w**2).sum()
    The squares are summed, not the sizes: that is the L2 penalty.
operator_norm: np.abs(w).sum() -> np.linalg.norm(w, 1) if w.ndim == 2 else np.abs(w).sum()
    `np.linalg.norm(w, 1)` of a matrix is its largest column sum. Sum the sizes of all entries.
halved: return value, grad -> return value / 2, grad
    or return value, grad -> return value / 2, grad / 2
    There is a factor 1/2, which this penalty does not have.
""")
MISTAKES += MANNERS


@alternative
def with_loops(w, lam):
    value, grad = 0.0, np.zeros_like(w)
    for place in np.ndindex(w.shape):
        value += lam * abs(w[place])
        grad[place] = lam if w[place] > 0 else -lam if w[place] < 0 else 0.0
    return [value, grad]


@alternative
def by_comparison(w, lam):
    up, down = (w > 0).astype(w.dtype), (w < 0).astype(w.dtype)
    sign = up - down
    return lam * (w * sign).sum(), sign * lam


HINTS = [
    "The slope of |w| does not depend on how large w is, only on its side. And at 0?",
    "`np.abs(w).sum()` sums over all axes. NumPy has a function that is 1, -1, and 0 at 0.",
    "`value = lam * np.abs(w).sum()`, `grad = lam * np.sign(w)`.",
]
