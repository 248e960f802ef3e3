"""cosine_decay: half a cosine from lr0 down to lr_min.

lr = lr_min + (lr0 - lr_min) (1 + cos(pi t / t_max)) / 2 for t <= t_max, lr_min afterwards (Loshchilov and Hutter 2017,
without restarts). Reference: torch.optim.lr_scheduler.CosineAnnealingLR up to t_max; beyond it PyTorch climbs again, and
here it stays.
"""

import math

import numpy as np
from torch.optim.lr_scheduler import CosineAnnealingLR

from autograder.exercises.sgd._schedules import off_by_one, scale, sweep, torch_schedule
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    keywords = {"t_max": case.get("t_max")}
    if case.get("lr_min") is not None:
        keywords["lr_min"] = case.get("lr_min")
    return sweep(rng, case, **keywords)


def reference(lr0, t, t_max, lr_min=0.0):
    make = lambda optimizer: CosineAnnealingLR(optimizer, t_max, eta_min=lr_min)  # noqa: E731
    return torch_schedule(lr0, t, make) if t < t_max else lr_min


def climbs_again(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * t / t_max)) / 2


def no_half(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * t / t_max))


def forgets_minimum(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    return lr0 * (1 + math.cos(math.pi * t / t_max)) / 2


def adds_minimum(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    return lr_min + lr0 * (1 + math.cos(math.pi * t / t_max)) / 2


def clips_at_minimum(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    return max(lr_min, lr0 * (1 + math.cos(math.pi * t / t_max)) / 2)


def quarter_wave(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    return lr_min + (lr0 - lr_min) * math.cos(math.pi * t / (2 * t_max))


def ends_one_early(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max - 1)
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * t / (t_max - 1))) / 2


def restarts(lr0, t, *, t_max, lr_min=0.0):
    return climbs_again(lr0, t % t_max, t_max=t_max, lr_min=lr_min)


def zero_beyond(lr0, t, *, t_max, lr_min=0.0):
    return climbs_again(lr0, t, t_max=t_max, lr_min=lr_min) if t <= t_max else 0.0


def with_squares(lr0, t, *, t_max, lr_min=0.0):
    if t >= t_max:
        return lr_min
    return lr_min + (lr0 - lr_min) * math.cos(math.pi * t / t_max / 2) ** 2


def clipped_progress(lr0, t, *, t_max, lr_min=0.0):
    progress = np.clip(t / t_max, 0, 1)
    return 0.5 * (lr0 + lr_min) + 0.5 * (lr0 - lr_min) * np.cos(np.pi * progress)


def from_a_table(lr0, t, *, t_max, lr_min=0.0):
    share = (1 + np.cos(np.linspace(0, np.pi, t_max + 1))) / 2
    return (lr_min + (lr0 - lr_min) * share)[min(t, t_max)]


SECTION = "Schedules: large first, small later"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lr",),
    scale=scale,
    sweep="t",
    standard=("again",),
    cases=[
        Case("from the start to t_max", ts=range(21), t_max=20),
        Case("with a minimum", ts=(0, 1, 10, 15, 29, 30), t_max=30, lr_min=0.01),
        Case("stays at the minimum beyond t_max", ts=(12, 13, 18, 24, 36, 100), t_max=12, lr_min=0.02),
        Case("stays at 0 beyond t_max by default", ts=(9, 10, 11, 13, 20), t_max=10),
    ],
    mistakes=[
        Mistake(
            "climbs_after_t_max",
            climbs_again,
            "Beyond t_max the cosine climbs again (so does PyTorch's). Here the rate stays at lr_min: stop t at t_max.",
            SECTION,
        ),
        Mistake("half_missing", no_half, "1 + cos runs from 2 to 0: half of it is the factor.", SECTION),
        Mistake(
            "minimum_forgotten",
            forgets_minimum,
            "The schedule ends at 0 whatever lr_min says: only the part above lr_min, lr0 - lr_min, decays.",
            SECTION,
        ),
        Mistake(
            "minimum_added",
            adds_minimum,
            "lr_min is added to the whole curve, so it starts above lr0: scale lr0 - lr_min, then add lr_min.",
            SECTION,
        ),
        Mistake(
            "minimum_clipped",
            clips_at_minimum,
            "The curve is cut off at lr_min. It should arrive there smoothly: lr_min + (lr0 - lr_min) * half a cosine.",
            SECTION,
        ),
        Mistake(
            "quarter_wave",
            quarter_wave,
            "This is a quarter of a cosine: steepest at the end. Half a cosine, (1 + cos(pi t / t_max)) / 2, is flat "
            "at both ends.",
            SECTION,
        ),
        *off_by_one(with_squares, SECTION),
        Mistake("ends_early", ends_one_early, "The end comes one step early: at t = t_max, not t_max - 1.", SECTION),
        Mistake(
            "restarts",
            restarts,
            "At t_max the rate jumps back to lr0: that is the schedule with restarts (t % t_max). Here it stays at lr_min.",
            SECTION,
        ),
        Mistake("zero_after_t_max", zero_beyond, "Beyond t_max the rate is lr_min, not 0.", SECTION),
    ],
    alternatives=[with_squares, clipped_progress, from_a_table],
    hints=[
        "How far along are you, from 0 at the start to 1 at t_max and ever after?",
        "(1 + cos(pi * progress)) / 2 runs from 1 to 0. It scales what lies between lr_min and lr0.",
        "`progress = min(t / t_max, 1.0)`, then `lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * progress)) / 2`.",
    ],
)
