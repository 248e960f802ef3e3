"""l2_penalty: the squares of the weights, and the gradient.

value = lam sum w^2, grad = 2 lam w (lectures 000, 002, 003: R(W) = ||W||_2^2, no 1/2; PyTorch's weight_decay adds
weight_decay * w to the gradient, so it is twice this lam). Reference: autograd.
"""

import numpy as np

from autograder.exercises.penalties._weights import FORMS, MANNERS, cases, draw
from autograder.judge import Function, alternative, slips, torch


def reference(w, lam):
    w = w.clone().requires_grad_()
    value = lam * (w**2).sum()
    return value.detach(), torch.autograd.grad(value, w)[0]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("value", "grad"),
    section="1 · Small weights",
    forms=FORMS,
    typical={"shape": (4, 3), "lam": 0.3},
    cases=cases(),
)


def right(w, lam):
    total = (w**2).sum()
    value = lam * total
    grad = 2 * lam * w
    return value, grad


MISTAKES = slips("""
half_in_the_value: lam * total -> lam * total / 2
    The value has a factor 1/2, as PyTorch's weight_decay has it. Here, as in the lectures, it is lam * sum(w^2).
half_in_both:
    lam * total -> lam * total / 2
    2 * lam * w -> lam * w
    Value and gradient have a factor 1/2, as PyTorch's weight_decay has it. Here, as in the lectures, they are
    lam * sum(w^2) and 2 * lam * w.
gradient_without_two: 2 * lam * w -> lam * w
    The gradient lacks the 2 of the square's derivative: 2 * lam * w.
norm_not_squared: (w**2).sum() -> np.sqrt((w**2).sum())
    This is the norm, and not its square: no root.
norm_not_squared:
    (w**2).sum() -> np.sqrt((w**2).sum())
    2 * lam * w -> lam * w / max(np.sqrt((w**2).sum()), 1e-300)
    This is the norm with its gradient, and not its square: no root.
operator_norm:
    (w**2).sum() -> (np.linalg.norm(w, 2) if w.ndim == 2 else np.sqrt((w**2).sum())) ** 2
    or (w**2).sum() -> np.linalg.norm(w, 2) if w.ndim == 2 else np.sqrt((w**2).sum())
    `np.linalg.norm(w, 2)` of a matrix is its largest singular value. Sum the squares of all entries.
absolute_values: (w**2).sum() -> np.abs(w).sum()
    The absolute values are summed, not the squares: that is the L1 penalty.
gradient_of_l1: 2 * lam * w -> lam * np.sign(w)
    The gradient is the L1 penalty's. A square's derivative is 2 w.
square_of_the_sum: (w**2).sum() -> w.sum() ** 2
    The sum is squared, and not what is summed.
""")
MISTAKES += MANNERS


@alternative
def with_loops(w, lam):
    total = 0.0
    grad = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        total += w[place] * w[place]
        grad[place] = lam * w[place] * 2
    return [lam * total, grad]


@alternative
def as_a_product(w, lam):
    flat = np.ravel(w)
    return lam * (flat @ flat), w * (lam + lam)


HINTS = [
    "Every weight counts, whatever the shape of w. What is the derivative of a square?",
    "`(w**2).sum()` sums over all axes; the gradient has the shape of w.",
    "`value = lam * (w**2).sum()`, `grad = 2 * lam * w`.",
]
