"""inverse_time_decay: the learning rate falls as 1/t.

lr = lr0 / (1 + k t) (lecture 001; Robbins and Monro's condition holds). Reference: torch.optim.lr_scheduler.LambdaLR.
"""

from torch.optim.lr_scheduler import LambdaLR

from autograder.exercises.sgd._schedules import off_by_one, scale, sweep, torch_schedule
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return sweep(rng, case, k=case.get("k"))


def reference(lr0, t, k):
    return torch_schedule(lr0, t, lambda optimizer: LambdaLR(optimizer, lambda step: 1.0 / (1.0 + k * step)))


def no_one(lr0, t, *, k):
    return lr0 / (k * t) if k * t > 0 else lr0


def linear(lr0, t, *, k):
    return lr0 * (1 - k * t)


def exponential(lr0, t, *, k):
    import math

    return lr0 * math.exp(-k * t)


def square_root(lr0, t, *, k):
    return lr0 / (1 + k * t) ** 0.5


def k_outside(lr0, t, *, k):
    return lr0 / (1 + t) * k if t else lr0


def power(lr0, t, *, k):
    return lr0 * (1.0 + k * t) ** -1


def harmonic(lr0, t, *, k):
    return 1 / (1 / lr0 + k * t / lr0)


def what_is_lost(lr0, t, *, k):
    return lr0 - lr0 * k * t / (1 + k * t)


SECTION = "Schedules: large first, small later"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lr",),
    scale=scale,
    sweep="t",
    standard=("again",),
    cases=[
        Case("the first steps", ts=range(6), k=0.1),
        Case("a long run", ts=(10, 25, 60, 200), k=0.05),
        Case("a fast decay", ts=range(8), k=3.0),
        Case("k=0 keeps the rate", ts=(0, 1, 17), k=0.0),
    ],
    mistakes=[
        Mistake(
            "one_missing",
            no_one,
            "Without the 1 in the denominator the first steps explode: lr0 / (1 + k * t).",
            SECTION,
        ),
        *off_by_one(power, SECTION),
        Mistake("linear", linear, "lr0 * (1 - k * t) falls below zero. Divide by 1 + k * t.", SECTION),
        Mistake("exponential", exponential, "This is exponential decay; 1/t decay divides by 1 + k * t.", SECTION),
        Mistake("square_root", square_root, "No root is asked for: lr0 / (1 + k * t).", SECTION),
        Mistake("k_outside", k_outside, "`k` scales t, inside the denominator: lr0 / (1 + k * t).", SECTION),
    ],
    alternatives=[power, harmonic, what_is_lost],
    hints=[
        "The rate starts at lr0 and is half of it when k * t is 1.",
        "Divide by something that is 1 at the start and grows by k in each step.",
        "`lr0 / (1 + k * t)`.",
    ],
)
