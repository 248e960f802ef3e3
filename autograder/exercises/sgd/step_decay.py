"""step_decay: the learning rate falls by a factor every step_size steps.

lr = lr0 * gamma^(t // step_size), t from 0 (lecture 001). Reference: torch.optim.lr_scheduler.StepLR.
"""

import numpy as np
from torch.optim.lr_scheduler import StepLR

from autograder.exercises.sgd._schedules import scale, sweep, torch_schedule
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return sweep(rng, case, step_size=case.get("step_size"), gamma=case.get("gamma", 0.5))


def reference(lr0, t, step_size, gamma):
    return torch_schedule(lr0, t, lambda optimizer: StepLR(optimizer, step_size, gamma))


def no_stairs(lr0, t, *, step_size, gamma):
    return lr0 * gamma ** (t / step_size)


def one_early(lr0, t, *, step_size, gamma):
    return lr0 * gamma ** ((t + 1) // step_size)


def one_late(lr0, t, *, step_size, gamma):
    return lr0 * gamma ** (max(t - 1, 0) // step_size)


def one_late_from_minus_one(lr0, t, *, step_size, gamma):
    return lr0 * gamma ** ((t - 1) // step_size)


def linear_in_gamma(lr0, t, *, step_size, gamma):
    return lr0 * gamma * (t // step_size) if t >= step_size else lr0


def only_once(lr0, t, *, step_size, gamma):
    return lr0 * gamma if t >= step_size else lr0


def every_step(lr0, t, *, step_size, gamma):
    return lr0 * gamma**t


def with_a_loop(lr0, t, *, step_size, gamma):
    lr = lr0
    for step in range(1, t + 1):
        if step % step_size == 0:
            lr *= gamma
    return lr


def rounded_down(lr0, t, *, step_size, gamma):
    return lr0 * np.power(gamma, np.floor(t / step_size))


def from_stairs(lr0, t, *, step_size, gamma):
    return np.repeat(lr0 * gamma ** np.arange(t // step_size + 1.0), step_size)[t]


SECTION = "Schedules: large first, small later"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lr",),
    scale=scale,
    sweep="t",
    standard=("again",),
    cases=[
        Case("the whole staircase, steps of 10", ts=range(41), step_size=10),
        Case("the edges of a stair", ts=(6, 7, 8, 13, 14, 15, 20, 21, 22), step_size=7, gamma=0.1),
        Case("step_size=1 decays at every step", ts=range(9), step_size=1, gamma=0.9),
        Case("gamma=1 keeps the rate", ts=(0, 3, 4, 9, 12), step_size=4, gamma=1.0),
    ],
    mistakes=[
        Mistake(
            "no_staircase",
            no_stairs,
            "The rate falls at every step. A staircase stands still for `step_size` steps: the exponent is the whole "
            "number t // step_size, not t / step_size.",
            SECTION,
        ),
        Mistake(
            "one_step_early",
            one_early,
            "Each stair comes one step early: t counts from 0, so the first `step_size` steps have lr0. No t + 1.",
            SECTION,
        ),
        Mistake(
            "one_step_late",
            one_late,
            "Each stair comes one step late: at t = step_size the rate has already fallen once.",
            SECTION,
        ),
        Mistake(
            "one_step_late",
            one_late_from_minus_one,
            "Each stair comes one step late, and t = 0 lies one stair above lr0: t counts from 0. No t - 1.",
            SECTION,
        ),
        Mistake(
            "multiplies_by_count",
            linear_in_gamma,
            "The number of stairs is a factor. Decaying twice is gamma * gamma: a power, gamma ** count.",
            SECTION,
        ),
        Mistake("decays_once", only_once, "The rate falls once and never again: every `step_size` steps.", SECTION),
        Mistake("decays_every_step", every_step, "`step_size` is not used: the rate decays at every step.", SECTION),
    ],
    alternatives=[with_a_loop, rounded_down, from_stairs],
    hints=[
        "How many whole stairs of length `step_size` lie behind step t?",
        "Python's `//` counts them. Each one multiplies the rate by `gamma` once more.",
        "`lr0 * gamma ** (t // step_size)`.",
    ],
)
