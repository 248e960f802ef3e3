"""linear_warmup: the learning rate climbs to lr0 in equal steps, then stays.

lr = lr0 * min(1, (t + 1) / warmup), t from 0: the first step already moves (Goyal et al. 2017). Reference:
torch.optim.lr_scheduler.LinearLR(start_factor=1/warmup, total_iters=warmup - 1).
"""

import numpy as np

from autograder.exercises.sgd._schedules import LR0_MISSING, schedule
from autograder.judge import Case, alternative, slips, torch

EXERCISE = schedule(
    lambda optimizer, warmup: torch.optim.lr_scheduler.LinearLR(optimizer, 1.0 / warmup, 1.0, warmup - 1),
    [
        Case("climbs from the first step", ts=range(10), warmup=10),
        Case("stays at lr0 afterwards", ts=(3, 4, 5, 6, 50), warmup=5),
        Case("a long warm-up", ts=(0, 1, 50, 98, 99, 100, 101), warmup=100),
        Case("warmup=1 is no warm-up", ts=(0, 1, 2), warmup=1),
    ],
)


def right(lr0, t, *, warmup):
    share = (t + 1) / warmup
    return lr0 * min(1.0, share)


MISTAKES = LR0_MISSING + slips("""
starts_at_zero: (t + 1) / warmup -> t / warmup
    At t = 0 the rate is 0, so the first step is lost. t counts from 0: (t + 1) / warmup.

zero_to_full: (t + 1) / warmup -> t / (warmup - 1)
    or lr0 * min(1.0, share) -> lr0 * t / (warmup - 1) if t < warmup - 1 else lr0
    or lr0 * min(1.0, share) -> np.linspace(0, lr0, warmup)[t] if t < warmup else lr0
    The climb arrives at lr0 in time, but its first step has rate 0 and is lost: it starts at lr0 / warmup.

one_too_long: (t + 1) / warmup -> (t + 1) / (warmup + 1)
    The climb takes warmup + 1 steps: divide by warmup.

no_ceiling: min(1.0, share) -> share
    or lr0 * min(1.0, share) -> lr0 * share if t <= warmup else lr0
    The rate climbs past lr0: the ramp ends at t = warmup - 1. min(1, ...) stops it there.

ceiling_of_one: lr0 * min(1.0, share) -> min(1.0, lr0 * share)
    The rate stops at 1. It stops at lr0, whatever that is: lr0 * min(1, ...).
floor_not_ceiling: min(1.0, share) -> max(1.0, share)
    max(1, ...) never goes below lr0, and climbs on for ever: the share is at most 1, min(1, ...).
no_warmup (core): min(1.0, share) -> 1.0
    The rate is lr0 from the start: nothing warms up.
zero_after_warmup: min(1.0, share) -> (share if share <= 1 else 0.0)
    After the warm-up the rate stays at lr0.

two_levels: min(1.0, share) -> (1 / warmup if t < warmup else 1.0)
    or min(1.0, share) -> (1 / warmup if t < warmup - 1 else 1.0)
    The rate jumps at the end. It should climb by lr0 / warmup a step.

whole_numbers: (t + 1) / warmup -> (t + 1) // warmup
    `//` cuts the fraction off, so the rate is 0 until the end. Divide with `/`.
""")


@alternative
def clipped(lr0, t, *, warmup):
    return np.minimum(lr0, lr0 * (1 + t) / warmup)


@alternative
def linspace(lr0, t, *, warmup):
    return np.linspace(0, lr0, warmup + 1)[min(t + 1, warmup)]


HINTS = [
    "With warmup = 4 the rates are 1/4, 2/4, 3/4, 4/4, 4/4, ... of lr0.",
    "The t-th step, counted from 0, is the (t + 1)-th one. And nothing is larger than lr0.",
    "`lr0 * min(1.0, (t + 1) / warmup)`.",
]
