"""elastic_net: both penalties, joined.

value = lam sum(beta w^2 + |w|), grad = lam (2 beta w + sign(w)) (Zou and Hastie 2005; lectures 000 and 003 have beta on
the square, lecture 002 leaves it out). Reference: autograd.
"""

import numpy as np

from autograder.exercises.penalties import _weights
from autograder.exercises.penalties._weights import FORMS, MANNERS
from autograder.judge import Case, Function, alternative, slips, torch


def reference(w, lam, beta):
    w = w.clone().requires_grad_()
    value = lam * (beta * w**2 + w.abs()).sum()
    return value.detach(), torch.autograd.grad(value, w)[0]


EXERCISE = Function(
    draw=_weights.draw,
    reference=reference,
    returns=("value", "grad"),
    section="2 · Few weights",
    forms=FORMS,
    typical={"shape": (4, 3), "lam": 0.3, "others": {"beta": 0.6}},
    cases=[
        *_weights.cases(beta=0.4),
        Case("beta = 0: L1 alone", shape=(4, 3), lam=0.3, others={"beta": 0.0}),
        Case("a large beta", shape=(4, 3), lam=0.3, others={"beta": 2.5}),
    ],
)


def right(w, lam, beta):
    total = (beta * w**2 + np.abs(w)).sum()
    value = lam * total
    grad = lam * (2 * beta * w + np.sign(w))
    return value, grad


MISTAKES = slips("""
beta_on_the_sizes:
    beta * w**2 + np.abs(w) -> w**2 + beta * np.abs(w)
    2 * beta * w + np.sign(w) -> 2 * w + beta * np.sign(w)
    beta stands at the absolute values. It belongs to the squares: beta * w^2 + |w|.
mixture:
    beta * w**2 + np.abs(w) -> beta * w**2 + (1 - beta) * np.abs(w)
    2 * beta * w + np.sign(w) -> 2 * beta * w + (1 - beta) * np.sign(w)
    or beta * w**2 + np.abs(w) -> (1 - beta) * w**2 + beta * np.abs(w)
    2 * beta * w + np.sign(w) -> 2 * (1 - beta) * w + beta * np.sign(w)
    The two are mixed with weights beta and 1 - beta, as scikit-learn does. Here, as in the lectures, it is
    beta * w^2 + |w|.
lam_on_one_term:
    value = lam * total -> value = (lam * beta * w**2 + np.abs(w)).sum()
    lam * (2 * beta * w + np.sign(w)) -> lam * 2 * beta * w + np.sign(w)
    or value = lam * total -> value = (beta * w**2 + lam * np.abs(w)).sum()
    lam * (2 * beta * w + np.sign(w)) -> 2 * beta * w + lam * np.sign(w)
    lam multiplies one of the two terms alone. It multiplies both.
beta_left_out:
    beta * w**2 + np.abs(w) -> w**2 + np.abs(w)
    2 * beta * w + np.sign(w) -> 2 * w + np.sign(w)
    beta is not used, as lecture 002 prints it: it weighs the squares.
gradient_of_one_term: 2 * beta * w + np.sign(w) -> 2 * beta * w
    or 2 * beta * w + np.sign(w) -> np.sign(w)
    The gradient is that of one of the two terms. It is the sum of both.
value_of_one_term (core): beta * w**2 + np.abs(w) -> beta * w**2
    or beta * w**2 + np.abs(w) -> np.abs(w)
    The value has one of the two terms. It is the sum of both.
gradient_without_two: 2 * beta * w + np.sign(w) -> beta * w + np.sign(w)
    The gradient lacks the 2 of the square's derivative: 2 * beta * w.
half_of_the_square: beta * w**2 + np.abs(w) -> beta * w**2 / 2 + np.abs(w)
    The square has a factor 1/2. Here it has none.
half_of_the_square:
    beta * w**2 + np.abs(w) -> beta * w**2 / 2 + np.abs(w)
    2 * beta * w + np.sign(w) -> beta * w + np.sign(w)
    The square has a factor 1/2, in value and gradient. Here it has none.
nan_at_zero: np.sign(w) -> w / np.abs(w)
    `w / abs(w)` is nan at 0. Take np.sign, which is 0 there.
one_at_zero: np.sign(w) -> np.where(w >= 0, 1.0, -1.0).astype(w.dtype)
    The gradient of |w| at 0 is 1. It is taken to be 0 there: np.sign.
no_absolute_value: np.abs(w) -> w
    The weights are summed with their signs, so that they cancel. Sum their sizes.
""")
MISTAKES += MANNERS


@alternative
def term_by_term(w, lam, beta):
    squares, sizes = np.square(w), np.sqrt(np.square(w))
    value = lam * beta * np.sum(squares) + lam * np.sum(sizes)
    return [value, lam * beta * 2 * w + lam * ((w > 0).astype(w.dtype) - (w < 0))]


@alternative
def with_loops(w, lam, beta):
    value, grad = 0.0, np.zeros_like(w)
    for place in np.ndindex(w.shape):
        size = abs(w[place])
        value += lam * size * (beta * size + 1)
        grad[place] = lam * (2 * beta * w[place] + np.sign(w[place]))
    return value, grad


HINTS = [
    "Two penalties in one sum. Which of them does beta belong to, and what does lam multiply?",
    "value is lam times the sum over beta * w^2 + |w|; the gradient is the sum of two gradients that you have written.",
    "`value = lam * (beta * w**2 + np.abs(w)).sum()`, `grad = lam * (2 * beta * w + np.sign(w))`.",
]
