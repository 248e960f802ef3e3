"""ema_update: the running average of the weights, one step on.

decay avg + (1 - decay) w (Polyak and Juditsky 1992 average all; lecture 001: 0.995 and 0.005). The average starts as a
copy of the weights, as PyTorch's does, and needs no correction. Reference: torch.optim.swa_utils.get_ema_avg_fn, whose
default decay is 0.999.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    """`shape`; `decay` (None: not passed); `apart`: how far w is from avg."""
    shape = case.get("shape", (4, 3))
    avg = np.asarray(rng.standard_normal(shape))
    w = np.asarray(avg + case.get("apart", 2.0) * rng.standard_normal(shape))
    decay = case.get("decay", 0.9)
    return {"avg": avg, "w": w}, {} if decay is None else {"decay": decay}


def reference(avg, w, decay=0.995):
    return torch.optim.swa_utils.get_ema_avg_fn(decay)(avg, w, None)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("avg",),
    section="7 · Averages of weights",
    typical={"shape": (4, 3), "decay": 0.9},
    forms=[{"shape": shape} for shape in ((4, 4), (1, 5), (3, 1), (1,), (), (2, 3, 2))],
    cases=[
        Case("a vector, decay=0.9", shape=(5,), decay=0.9, weight=2),
        Case("a matrix, decay=0.7", shape=(4, 3), decay=0.7, weight=2),
        Case("a square matrix, decay=0.99", shape=(4, 4), decay=0.99, weight=2),
        Case("decay=0.995, as in lecture 001", shape=(3, 4), decay=0.995),
        Case("decay=0.999, as in PyTorch, weights far away", shape=(6,), decay=0.999, apart=100.0),
        Case("decay=0 forgets all: the weights", shape=(3, 2), decay=0.0, weight=0.5),
        Case("weights that stand still", shape=(3, 2), decay=0.8, apart=0.0, weight=0.5),
        Case("the default decay is 0.995", shape=(5,), decay=None, weight=0.5),
    ],
)


def right(avg, w, decay=0.995):
    new = decay * avg + (1 - decay) * w
    return new


MISTAKES = slips("""
sides_swapped (core): decay * avg + (1 - decay) * w -> (1 - decay) * avg + decay * w
    The sides are swapped: nearly all of the average is the newest weights. decay belongs to the average so far.
running_sum: decay * avg + (1 - decay) * w -> decay * avg + w
    or decay * avg + (1 - decay) * w -> avg + w
    The weights go in with their full weight, and the average grows. They get 1 - decay.
not_decayed: decay * avg + (1 - decay) * w -> avg + (1 - decay) * w
    The average so far keeps its full weight, and grows. It gets decay.
plain_mean: decay * avg + (1 - decay) * w -> (avg + w) / 2
    or decay * avg + (1 - decay) * w -> 0.5 * avg + 0.5 * w
    `decay` is not used: this is the mean of the two.
step_sign: decay * avg + (1 - decay) * w -> avg - (1 - decay) * (w - avg)
    or decay * avg + (1 - decay) * w -> decay * avg - (1 - decay) * w
    The sign is wrong: the average moves away from the weights. It moves towards them.
the_weights (core): decay * avg + (1 - decay) * w -> 1.0 * w
    The weights come back: nothing is averaged.
nothing_happens (core): decay * avg + (1 - decay) * w -> 1.0 * avg
    The average stays where it is.
default_decay (detail): decay=0.995 -> decay=0.999
    or decay=0.995 -> decay=0.99
    or decay=0.995 -> decay=0.9
    or decay=0.995 -> decay=0.9999
    or decay=0.995 -> decay=0.95
    or decay=0.995 -> decay=0.005
    or decay=0.995 -> decay=0.5
    The default of `decay` is another one than 0.995, lecture 001's. (PyTorch's is 0.999.)
decay_hard_coded: -> decay = 0.995
    or -> decay = 0.999
    or -> decay = 0.9
    or -> decay = 0.99
    `decay` makes no difference: use the argument, not a number of your own.
squares_averaged: decay * avg + (1 - decay) * w -> decay * avg + (1 - decay) * w**2
    The squares of the weights are averaged, as Adam does with gradients. Here it is the weights themselves.
corrected: return new -> return new / (1 - decay)
    It is divided by 1 - decay, a correction for an average that started at 0. This one starts as a copy of the weights.
in_place (detail): new = decay * avg + (1 - decay) * w -> avg *= decay; avg += (1 - decay) * w; new = avg
    The caller's average is overwritten: `avg *= decay`. Make a new array.
""")


@alternative
def towards_the_weights(avg, w, decay=0.995):
    return avg + (1.0 - decay) * (w - avg)


@alternative
def back_from_the_weights(avg, w, decay=0.995):
    return np.add(w, decay * (avg - w), dtype=avg.dtype)


HINTS = [
    "The average is a little of the new weights, and nearly all of what it was. Which is decay?",
    "decay belongs to the average so far, the rest, 1 - decay, to the weights: the two add up to 1.",
    "`decay * avg + (1 - decay) * w`.",
]
