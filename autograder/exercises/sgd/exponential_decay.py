"""exponential_decay: the learning rate decays with rate constant k.

lr = lr0 * exp(-k t) (lecture 001). Reference: torch.optim.lr_scheduler.ExponentialLR with gamma = exp(-k): PyTorch
names the factor of one step, the lecture the rate constant.
"""

import math

import numpy as np

from autograder.exercises.sgd._schedules import LR0_MISSING, OFF_BY_ONE, schedule
from autograder.judge import Case, alternative, slips, torch

EXERCISE = schedule(
    lambda optimizer, k: torch.optim.lr_scheduler.ExponentialLR(optimizer, math.exp(-k)),
    [
        Case("the first steps", ts=range(6), k=0.1),
        Case("a long run", ts=(10, 25, 60, 100), k=0.05),
        Case("a fast decay", ts=range(8), k=1.5),
        Case("k=0 keeps the rate", ts=(0, 1, 17), k=0.0),
    ],
)


def right(lr0, t, *, k):
    share = math.exp(-k * t)
    return lr0 * share


MISTAKES = LR0_MISSING + OFF_BY_ONE
MISTAKES += slips("""
k_as_factor: math.exp(-k * t) -> k**t
    `k` is used as the factor of each step (PyTorch's gamma, k ** t). It is a rate constant: exp(-k * t).

k_as_time: -k * t -> -t / k
    or -k * t -> (-t / k if k else 0.0)
    t is divided by `k`, as by a time constant. `k` is a rate: exp(-k * t) falls faster where `k` is larger.

one_minus_k: math.exp(-k * t) -> (1 - k) ** t
    (1 - k) ** t is exp(-k * t) for small k only. Use the exponential.
grows (core): math.exp(-k * t) -> math.exp(k * t)
    The rate grows: the exponent is -k * t.
base_two: math.exp(-k * t) -> 2 ** (-k * t)
    This halves every 1/k steps. The base asked for is e: exp(-k * t).
base_ten: math.exp(-k * t) -> 10 ** (-k * t)
    This falls to a tenth every 1/k steps. The base asked for is e: exp(-k * t).
inverse_time: lr0 * share -> lr0 / (1 + k * t)
    This is 1/t decay, lr0 / (1 + k t), the next exercise.
decays_once: -k * t -> -k * min(t, 1)
    The rate falls in the first step and never again: exp(-k) once for each of the t steps is exp(-k * t).
""")


@alternative
def in_log_space(lr0, t, *, k):
    return np.exp(np.log(lr0) - k * t)


@alternative
def step_by_step(lr0, t, *, k):
    for _ in range(t):
        lr0 *= math.exp(-k)
    return lr0


HINTS = [
    "What does the rate have to be at t = 0? And what happens to it in each step: minus something, or times something?",
    "Times exp(-k) in each step. After t steps?",
    "With k = 0.1 one step keeps 0.905 of the rate, and ten keep 0.368. `math.exp` gives both, without a loop.",
]
