"""step_decay: the learning rate falls by a factor every step_size steps.

lr = lr0 * gamma^(t // step_size), t from 0 (lecture 001). Reference: torch.optim.lr_scheduler.StepLR.
"""

import math

import numpy as np

from autograder.exercises.sgd._schedules import LR0_MISSING, schedule
from autograder.judge import Case, alternative, slips, torch

EXERCISE = schedule(
    lambda optimizer, step_size, gamma: torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma),
    [
        Case("the whole staircase, steps of 10", ts=range(41), step_size=10, gamma=0.5, weight=2),
        Case("the edges of a stair", ts=(6, 7, 8, 13, 14, 15, 20, 21, 22), step_size=7, gamma=0.1, weight=2),
        Case("step_size=1 decays at every step", ts=range(9), step_size=1, gamma=0.9),
        Case("gamma=1 keeps the rate", ts=(0, 3, 4, 9, 12), step_size=4, gamma=1.0),
    ],
)


def right(lr0, t, *, step_size, gamma):
    stairs = t // step_size
    return lr0 * gamma**stairs


MISTAKES = LR0_MISSING + slips("""
no_staircase (core): t // step_size -> t / step_size
    The rate falls at every step. A staircase stands still for `step_size` steps: t // step_size, not t / step_size.

not_rounded_down: t // step_size -> math.ceil(t / step_size)
    or t // step_size -> round(t / step_size)
    A stair counts before its end: the number of stairs is rounded up, or to the nearest. Round it down, t // step_size.

one_step_early: t // step_size -> (t + 1) // step_size
    Each stair comes one step early: t counts from 0, so the first `step_size` steps have lr0. No t + 1.

one_step_late: t // step_size -> max(t - 1, 0) // step_size
    or t // step_size -> (t - 1) // step_size
    Each stair comes one step late: t counts from 0, and at t = step_size the rate has already fallen once. No t - 1.

multiplies_by_count: lr0 * gamma**stairs -> lr0 * gamma * stairs if stairs else lr0
    or lr0 * gamma**stairs -> lr0 * gamma * stairs
    The number of stairs is a factor. Decaying twice is gamma * gamma: a power, gamma ** count.

decays_once: gamma**stairs -> (gamma if stairs else 1.0)
    The rate falls once and never again: it falls every `step_size` steps.
decays_every_step: t // step_size -> t
    `step_size` is not used: the rate decays at every step.
decays_at_multiples: gamma**stairs -> (gamma if t and t % step_size == 0 else 1.0)
    The rate falls at multiples of `step_size`, and is back at lr0 right after. Count the stairs, t // step_size.

gamma_hard_coded: -> gamma = 0.5
    or -> gamma = 0.1
    or -> gamma = 0.9
    `gamma` makes no difference: a number stands in its place. Use the one that is passed in.

grows (core): gamma**stairs -> gamma**-stairs
    The rate grows: each stair multiplies it by gamma, which is at most 1.
""")


@alternative
def with_a_loop(lr0, t, *, step_size, gamma):
    lr = lr0
    for step in range(1, t + 1):
        if step % step_size == 0:
            lr *= gamma
    return lr


@alternative
def rounded_down(lr0, t, *, step_size, gamma):
    return lr0 * np.power(gamma, math.floor(t / step_size))


HINTS = [
    "How many whole stairs of length `step_size` lie behind step t?",
    "Python's `//` counts them. Each one multiplies the rate by `gamma` once more.",
    "With step_size = 3 and gamma = 0.5 the rates are 1, 1, 1, 1/2, 1/2, 1/2, 1/4 of lr0: `//` makes 0, 0, 0, 1, 1, "
    "1, 2 of t.",
]
