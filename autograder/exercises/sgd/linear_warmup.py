"""linear_warmup: the learning rate climbs to lr0 in equal steps, then stays.

lr = lr0 * min(1, (t + 1) / warmup), t from 0: the first step already moves (Goyal et al. 2017). Reference:
torch.optim.lr_scheduler.LinearLR(start_factor=1/warmup, total_iters=warmup - 1).
"""

import numpy as np
from torch.optim.lr_scheduler import LinearLR

from autograder.exercises.sgd._schedules import scale, sweep, torch_schedule
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return sweep(rng, case, warmup=case.get("warmup"))


def reference(lr0, t, warmup):
    if warmup == 1:
        return lr0
    make = lambda optimizer: LinearLR(optimizer, 1.0 / warmup, 1.0, warmup - 1)  # noqa: E731
    return torch_schedule(lr0, t, make)


def starts_at_zero(lr0, t, *, warmup):
    return lr0 * min(1.0, t / warmup)


def climbs_for_ever(lr0, t, *, warmup):
    return lr0 * (t + 1) / warmup


def one_above_lr0(lr0, t, *, warmup):
    return lr0 * (t + 1) / warmup if t <= warmup else lr0


def one_too_long(lr0, t, *, warmup):
    return lr0 * min(1.0, (t + 1) / (warmup + 1))


def no_warmup(lr0, t, *, warmup):
    return lr0


def falls_to_zero_after(lr0, t, *, warmup):
    return lr0 * (t + 1) / warmup if t < warmup else 0.0


def two_levels(lr0, t, *, warmup):
    return lr0 / warmup if t < warmup else lr0


def from_zero_to_full(lr0, t, *, warmup):
    return lr0 * min(1.0, t / (warmup - 1))


def with_a_branch(lr0, t, *, warmup):
    if t + 1 >= warmup:
        return lr0
    return lr0 / warmup + t * lr0 / warmup


def clipped(lr0, t, *, warmup):
    return np.minimum(lr0, lr0 * (1 + t) / warmup)


def linspace(lr0, t, *, warmup):
    return np.linspace(0, lr0, warmup + 1)[min(t + 1, warmup)]


SECTION = "Schedules: large first, small later"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lr",),
    scale=scale,
    sweep="t",
    standard=("again",),
    cases=[
        Case("climbs from the first step", ts=range(10), warmup=10),
        Case("stays at lr0 afterwards", ts=(3, 4, 5, 6, 50), warmup=5),
        Case("a long warm-up", ts=(0, 1, 50, 98, 99, 100, 101), warmup=100),
        Case("warmup=1 is no warm-up", ts=(0, 1, 2), warmup=1),
    ],
    mistakes=[
        Mistake(
            "starts_at_zero",
            starts_at_zero,
            "At t = 0 the rate is 0, so the first step is lost. t counts from 0: (t + 1) / warmup.",
            SECTION,
        ),
        Mistake("no_ceiling", climbs_for_ever, "The rate climbs past lr0: it stops there, min(1, ...).", SECTION),
        Mistake(
            "no_ceiling",
            one_above_lr0,
            "At t = warmup the rate is above lr0: the climb ends at t = warmup - 1. min(1, ...) needs no such care.",
            SECTION,
        ),
        Mistake("one_too_long", one_too_long, "The climb takes warmup + 1 steps: divide by warmup.", SECTION),
        Mistake("no_warmup", no_warmup, "The rate is lr0 from the start: nothing warms up.", SECTION),
        Mistake("zero_after_warmup", falls_to_zero_after, "After the warm-up the rate stays at lr0.", SECTION),
        Mistake(
            "two_levels", two_levels, "The rate jumps at the end. It should climb by lr0 / warmup a step.", SECTION
        ),
        Mistake(
            "zero_to_full",
            from_zero_to_full,
            "The climb arrives at lr0 in time, but its first step has rate 0 and is lost: it starts at lr0 / warmup.",
            SECTION,
        ),
    ],
    alternatives=[with_a_branch, clipped, linspace],
    hints=[
        "With warmup = 4 the rates are 1/4, 2/4, 3/4, 4/4, 4/4, ... of lr0.",
        "The t-th step, counted from 0, is the (t + 1)-th one. And nothing is larger than lr0.",
        "`lr0 * min(1.0, (t + 1) / warmup)`.",
    ],
)
