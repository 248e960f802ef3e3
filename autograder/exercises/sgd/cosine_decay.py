"""cosine_decay: half a cosine from lr0 down to lr_min.

lr = lr_min + (lr0 - lr_min) (1 + cos(pi t / t_max)) / 2 for t <= t_max, lr_min afterwards (Loshchilov and Hutter
2017, without restarts). Reference: torch.optim.lr_scheduler.CosineAnnealingLR up to t_max; beyond it PyTorch climbs
again, and here it stays.
"""

import math

import numpy as np

from autograder.exercises.sgd._schedules import LR0_MISSING, OFF_BY_ONE, schedule
from autograder.judge import Case, alternative, slips, torch

EXERCISE = schedule(
    lambda optimizer, t_max, lr_min=0.0: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, t_max, eta_min=lr_min),
    [
        Case("from the start to t_max", ts=range(21), t_max=20, lr_min=0.0),
        Case("with a minimum", ts=(0, 1, 10, 15, 29, 30), t_max=30, lr_min=0.01, weight=2),
        Case("stays at the minimum beyond t_max", ts=(12, 13, 18, 24, 36, 100), t_max=12, lr_min=0.02, weight=2),
        Case("stays at 0 beyond t_max by default", ts=(9, 10, 11, 13, 20), t_max=10),
    ],
    ends="t_max",
)


def right(lr0, t, *, t_max, lr_min=0.0):
    t = min(t, t_max)
    share = (1 + math.cos(math.pi * t / t_max)) / 2
    return lr_min + (lr0 - lr_min) * share


MISTAKES = LR0_MISSING + OFF_BY_ONE
MISTAKES += slips("""
climbs_after_t_max: t = min(t, t_max) ->
    Beyond t_max the cosine climbs again (so does PyTorch's). Here the rate stays at lr_min: stop t at t_max.
restarts: min(t, t_max) -> t % t_max
    At t_max the rate jumps back to lr0: that is the schedule with restarts (t % t_max). Here it stays at lr_min.
ends_early: t = min(t, t_max) -> t_max = t_max - 1; t = min(t, t_max)
    The end comes one step early: at t = t_max, not t_max - 1.
zero_after_t_max: t = min(t, t_max) -> if t > t_max: return 0.0
    Beyond t_max the rate is lr_min, not 0.
lr0_after_t_max: t = min(t, t_max) -> if t > t_max: return lr0
    Beyond t_max the rate jumps back to lr0. It stays where the cosine ended, at lr_min.
half_missing: (1 + math.cos(math.pi * t / t_max)) / 2 -> 1 + math.cos(math.pi * t / t_max)
    1 + cos runs from 2 to 0: half of it is the factor.
quarter_wave: (1 + math.cos(math.pi * t / t_max)) / 2 -> math.cos(math.pi * t / t_max / 2)
    This is a quarter of a cosine, steepest at the end. Half a cosine is flat at both: (1 + cos(pi t / t_max)) / 2.
whole_wave: math.pi * t -> 2 * math.pi * t
    This is a whole wave: at t_max the rate is back at lr0. Half a wave ends at its lowest point: cos(pi t / t_max).
pi_missing: math.pi * t -> t
    The cosine is asked for t / t_max, which is one radian at the end. Half a wave is pi of them: cos(pi t / t_max).
degrees: math.pi * t -> 180 * t
    The angle is in degrees, and the cosine takes radians: pi * t / t_max.
climbs (core): 1 + math.cos(math.pi * t / t_max) -> 1 - math.cos(math.pi * t / t_max)
    The rate climbs from lr_min to lr0: 1 - cos runs from 0 to 2, and 1 + cos the other way.
minimum_forgotten: lr_min + (lr0 - lr_min) * share -> lr0 * share
    The schedule ends at 0 whatever lr_min says: only the part above lr_min, lr0 - lr_min, decays.
minimum_added: lr_min + (lr0 - lr_min) * share -> lr_min + lr0 * share
    lr_min is added to the whole curve, so it starts above lr0: scale lr0 - lr_min, then add lr_min.
minimum_not_added: lr_min + (lr0 - lr_min) * share -> (lr0 - lr_min) * share
    The curve starts below lr0 and ends at 0: what decays is lr0 - lr_min, and lr_min comes on top.
minimum_clipped: lr_min + (lr0 - lr_min) * share -> max(lr_min, lr0 * share)
    The curve is cut off at lr_min. It should arrive there smoothly: lr_min + (lr0 - lr_min) * half a cosine.

default_lr_min (detail): lr_min=0.0 -> lr_min=0.001
    or lr_min=0.0 -> lr_min=1e-5
    or lr_min=0.0 -> lr_min=0.01
    A call that leaves `lr_min` out does not end at 0. That default stands in the signature: `lr_min=0.0`.
""")


@alternative
def with_squares(lr0, t, *, t_max, lr_min=0.0):
    if t >= t_max:
        return lr_min
    return lr_min + (lr0 - lr_min) * math.cos(math.pi * t / t_max / 2) ** 2


@alternative
def from_a_table(lr0, t, *, t_max, lr_min=0.0):
    share = (1 + np.cos(np.linspace(0, np.pi, t_max + 1))) / 2
    return (lr_min + (lr0 - lr_min) * share)[min(t, t_max)]


HINTS = [
    "How far along are you, from 0 at the start to 1 at t_max and ever after?",
    "(1 + cos(pi * progress)) / 2 runs from 1 to 0. It scales what lies between lr_min and lr0.",
    "`progress = min(t / t_max, 1.0)`, then `lr_min + (lr0 - lr_min) * (1 + np.cos(np.pi * progress)) / 2`.",
]
