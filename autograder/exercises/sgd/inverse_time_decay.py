"""inverse_time_decay: the learning rate falls as 1/t.

lr = lr0 / (1 + k t) (lecture 001; Robbins and Monro's condition holds). Reference: torch.optim.lr_scheduler.LambdaLR.
"""

import math

from autograder.exercises.sgd._schedules import LR0_MISSING, OFF_BY_ONE, schedule
from autograder.judge import Case, alternative, slips, torch

EXERCISE = schedule(
    lambda optimizer, k: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0 / (1.0 + k * t)),
    [
        Case("the first steps", ts=range(6), k=0.1),
        Case("a long run", ts=(10, 25, 60, 200), k=0.05),
        Case("a fast decay", ts=range(8), k=3.0),
        Case("k=0 keeps the rate", ts=(0, 1, 17), k=0.0),
    ],
)


def right(lr0, t, *, k):
    slowdown = 1 + k * t
    return lr0 / slowdown


MISTAKES = LR0_MISSING + OFF_BY_ONE
MISTAKES += slips("""
one_missing: 1 + k * t -> k * t
    or lr0 / slowdown -> lr0 / (k * t) if k * t else lr0
    Without the 1 in the denominator the first steps explode: lr0 / (1 + k * t).

no_brackets: lr0 / slowdown -> lr0 / 1 + k * t
    `lr0 / 1 + k * t` divides first, and then adds k * t. The denominator needs brackets: lr0 / (1 + k * t).

linear: lr0 / slowdown -> lr0 * (1 - k * t)
    or lr0 / slowdown -> lr0 * max(0.0, 1 - k * t)
    The rate falls in equal steps, lr0 * (1 - k * t), to zero and below. Divide by 1 + k * t.

exponential: lr0 / slowdown -> lr0 * math.exp(-k * t)
    This is exponential decay; 1/t decay divides by 1 + k * t.

square_root: lr0 / slowdown -> lr0 / slowdown**0.5
    or 1 + k * t -> 1 + k * t**0.5
    No root is asked for: lr0 / (1 + k * t).

compounded: lr0 / slowdown -> lr0 / math.prod(1 + k * s for s in range(t + 1))
    The rate of the step before is divided again in each step. Every rate is a share of lr0 itself: lr0 / (1 + k * t).

k_outside: lr0 / slowdown -> lr0 / (1 + t) * k if t else lr0
    or lr0 / slowdown -> lr0 / (1 + t) * k
    or 1 + k * t -> k * (1 + t)
    `k` scales t, inside the denominator: lr0 / (1 + k * t).

k_forgotten: 1 + k * t -> 1 + t
    `k` is not used: it says how fast the rate falls, lr0 / (1 + k * t).
""")


@alternative
def harmonic(lr0, t, *, k):
    return 1 / (1 / lr0 + k * t / lr0)


@alternative
def through_logarithms(lr0, t, *, k):
    return lr0 * math.exp(-math.log1p(k * t))


HINTS = [
    "The rate starts at lr0 and is half of it when k * t is 1.",
    "Divide by something that is 1 at the start and grows by k in each step.",
    "With k = 0.5 the rates are 1, 2/3, 1/2, 2/5, 1/3 of lr0: divided by 1, 1.5, 2, 2.5, 3.",
]
