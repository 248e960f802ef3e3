"""exponential_decay: the learning rate decays with rate constant k.

lr = lr0 * exp(-k t) (lecture 001). Reference: torch.optim.lr_scheduler.ExponentialLR with gamma = exp(-k): PyTorch names
the factor of one step, the lecture the rate constant.
"""

import math

from torch.optim.lr_scheduler import ExponentialLR

from autograder.exercises.sgd._schedules import off_by_one, scale, sweep, torch_schedule
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return sweep(rng, case, k=case.get("k"))


def reference(lr0, t, k):
    return torch_schedule(lr0, t, lambda optimizer: ExponentialLR(optimizer, math.exp(-k)))


def k_as_gamma(lr0, t, *, k):
    return lr0 * k**t


def one_minus_k(lr0, t, *, k):
    return lr0 * (1 - k) ** t


def grows(lr0, t, *, k):
    return lr0 * math.exp(k * t)


def base_two(lr0, t, *, k):
    return lr0 * 2 ** (-k * t)


def hyperbolic(lr0, t, *, k):
    return lr0 / (1 + k * t)


def divides(lr0, t, *, k):
    import numpy as np

    return lr0 / np.exp(k * t)


def in_log_space(lr0, t, *, k):
    return math.exp(math.log(lr0) - k * t)


def step_by_step(lr0, t, *, k):
    for _ in range(t):
        lr0 *= math.exp(-k)
    return lr0


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
        Case("a long run", ts=(10, 25, 60, 100), k=0.05),
        Case("a fast decay", ts=range(8), k=1.5),
        Case("k=0 keeps the rate", ts=(0, 1, 17), k=0.0),
    ],
    mistakes=[
        Mistake(
            "k_as_factor",
            k_as_gamma,
            "`k` is used as the factor of each step (PyTorch's gamma, k ** t). It is a rate constant: exp(-k * t).",
            SECTION,
        ),
        Mistake(
            "one_minus_k",
            one_minus_k,
            "(1 - k) ** t is exp(-k * t) for small k only. Use the exponential.",
            SECTION,
        ),
        Mistake("grows", grows, "The rate grows: the exponent is -k * t.", SECTION),
        *off_by_one(divides, SECTION),
        Mistake("base_two", base_two, "This halves every 1/k steps. The base asked for is e: exp(-k * t).", SECTION),
        Mistake("inverse_time", hyperbolic, "This is 1/t decay, lr0 / (1 + k t), the next exercise.", SECTION),
    ],
    alternatives=[divides, in_log_space, step_by_step],
    hints=[
        "What does the rate have to be at t = 0? And what happens to it in each step: minus something, or times something?",
        "Times exp(-k) in each step. After t steps?",
        "`lr0 * np.exp(-k * t)`.",
    ],
)
