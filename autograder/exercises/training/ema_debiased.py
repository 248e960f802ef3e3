"""ema_debiased: the running average without the zeros that it started from.

avg / (1 - decay^t) after t >= 1 updates from zeros, 0 < decay < 1 (Kingma and Ba 2014, section 3): the weights of the
t samples in avg add up to 1 - decay^t. Reference: these weights written out and added up in torch.
"""

import math

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    """An average from zeros of `t` drawn arrays. Options: `shape`, `decay`, `ts`: a call each."""
    decay, calls = case.get("decay", 0.9), []
    for t in case.get("ts", (3,)):
        avg = np.zeros(case.get("shape", (4, 3)))
        for w in 1.0 + rng.standard_normal((min(t, 50), *avg.shape)):
            avg = decay * avg + (1 - decay) * w
        calls.append(({"avg": np.asarray(avg), "decay": decay, "t": t}, {}))
    return calls


def reference(avg, decay, t):
    """avg is the sum of (1 - decay) decay^(t - i) w_i, i = 1 .. t."""
    ages = torch.arange(t, dtype=torch.float64)
    weights = (1 - decay) * torch.tensor(decay, dtype=torch.float64) ** ages
    return avg / weights.sum()


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("avg",),
    section="7 · Averages of weights",
    typical={"shape": (4, 3), "decay": 0.9, "ts": (3,)},
    forms=[{"shape": shape} for shape in ((4, 4), (1, 5), (3, 1), (1,), (), (2, 3, 2))],
    cases=[
        Case("after one update: what went in", shape=(4,), decay=0.9, ts=(1,), weight=2),
        Case("after 2, 3 and 7 updates", shape=(3, 4), decay=0.9, ts=(2, 3, 7), weight=4),
        Case("decay=0.995, as in lecture 001", shape=(5,), decay=0.995, ts=(1, 10, 100), weight=2),
        Case("decay=0.5", shape=(4, 4), decay=0.5, ts=(2, 5)),
        Case("decay=0.25", shape=(3,), decay=0.25, ts=(1, 2, 3)),
        Case("after 5,000 updates nothing is left to correct", shape=(3,), decay=0.99, ts=(5000,), weight=0.5),
    ],
)


def right(avg, decay, t):
    missing = decay**t
    return avg / (1 - missing)


MISTAKES = slips("""
exponent_one_less: decay**t -> decay ** (t - 1)
    The exponent is t - 1. After t updates the weights add up to 1 - decay^t; at t = 1 yours divides by 0.
exponent_one_less: decay**t -> decay ** max(t - 1, 1)
    The exponent is t - 1. After t updates the weights add up to 1 - decay^t.
exponent_one_more: decay**t -> decay ** (t + 1)
    The exponent is t + 1. After t updates the weights add up to 1 - decay^t; t counts from 1.
t_left_out: decay**t -> decay
    `t` is left out: that is the correction of the first update, and later ones need less.
decay_times_t: decay**t -> decay * t
    decay is multiplied by t. It is raised to the power of t.
multiplied: avg / (1 - missing) -> avg * (1 - missing)
    It is multiplied by 1 - decay^t, which makes it smaller still. Divide.
divided_by_the_missing: avg / (1 - missing) -> avg / missing
    It is divided by decay^t, the share of the zeros. Divide by the share of what was averaged, 1 - decay^t.
root: 1 - missing -> math.sqrt(1 - missing)
    The root of 1 - decay^t is taken. That belongs to Adam's step, where the average of squares stands below a root.
not_corrected (core): avg / (1 - missing) -> 1.0 * avg
    Nothing is corrected: the average is still pulled to the zeros that it started from.
other_rate: decay**t -> (1 - decay) ** t
    The power is that of 1 - decay. What is left of the zeros is decay^t.
divided_by_rate: avg / (1 - missing) -> avg / (1 - decay) / t
    or avg / (1 - missing) -> avg / t
    It is divided by t. The weights fall with age; their sum is 1 - decay^t.
added: avg / (1 - missing) -> avg + missing
    or avg / (1 - missing) -> avg - missing
    Something is added. The average is too short by a factor: divide by 1 - decay^t.
exponential: decay**t -> math.exp(-decay * t)
    or decay**t -> math.exp(-(1 - decay) * t)
    This is an exponential, and only about the same. What is left of the zeros is decay^t.
decay_hard_coded: -> decay = 0.9
    or -> decay = 0.99
    or -> decay = 0.995
    or -> decay = 0.999
    `decay` makes no difference: use the argument, not a number of your own.
in_place (detail): return avg / (1 - missing) -> avg /= 1 - missing; return avg
    The caller's average is overwritten: `avg /= ...`. It goes on with the uncorrected one. Make a new array.
""")


@alternative
def accurately(avg, decay, t):
    return avg / -math.expm1(t * math.log(decay))


@alternative
def by_a_sum(avg, decay, t):
    total = 0.0
    for _ in range(t):
        total = decay * total + (1 - decay)
    return np.divide(avg, total, dtype=avg.dtype)


HINTS = [
    "Average a constant from zeros: after one update only 1 - decay of it has arrived. How much after t?",
    "What is missing shrinks by `decay` at each update: decay ** t. The rest has arrived.",
    "`avg / (1 - decay**t)`.",
]
