"""dropout_vanilla_train: units dropped, nothing scaled; the mask comes back too.

out = x * mask, mask 0 with probability p and 1 otherwise, a draw for each unit (Srivastava et al. 2014, section 4,
whose p, as in lectures 003 and 004, is the probability to keep). PyTorch has inverted dropout only. Judged by what any
right function gives: support, rate, independence, use of `rng`, and a mask that tells what happened.
"""

from dataclasses import replace

import numpy as np

from autograder.exercises.dropout import _masks
from autograder.exercises.dropout._draws import as_like, close, draw_x, factors_of, idle
from autograder.exercises.dropout._noise import Noisy, asking, manners
from autograder.judge import Case, Finding, Procedure, alternative, slips


def mask_tells(layer, seen):
    """The mask that came back is 1 or True where a unit was kept; out / x with its rounding is as good."""
    mask, kept, p = seen.values[1], seen.factors != 0, seen.call.p
    if p and kept.size > 1 and kept.all():
        return [replace(idle(seen), hides=True)]
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        return [Finding("mask must be a NumPy array of booleans or numbers", got=type(mask).__name__)]
    mask = as_like(mask.astype(np.float64), seen.factors, "mask")
    if isinstance(mask, Finding):
        return [mask]
    if np.array_equal(mask, kept) or close(mask, seen.factors, 1e-4):
        return []
    if np.array_equal(mask, ~kept):
        return [Finding("mask is 1 where a unit was dropped", "mask_tells_dropped")]
    if np.array_equal(mask != 0, kept):
        scaled = p and close(mask[kept], 1 / (1 - p), 1e-4)
        return [Finding("mask is not 1 or True where a unit was kept", "mask_scaled" if scaled else None)]
    other = np.isin(mask, (0, 1)).all()
    return [Finding("out is not x * mask", "mask_drawn_again" if other else None)]


def at_zeros(call, values):
    """Units that are 0 by themselves are dropped and kept like all others."""
    mask = np.asarray(values[1])
    if mask.shape == call.arrays[0].shape and not mask.any():
        return [Finding("mask is 0 wherever x is 0 by itself", "mask_from_output")]
    return [Finding("where x is 0, out is not 0")] if np.any(values[0]) else []


LAYER = Noisy(
    name="dropout_vanilla_train",
    draw=draw_x,
    read=factors_of,
    looks={
        **_masks.looks(lambda p: 1.0, lambda p: {"scaled_in_training": 1 / (1 - p), "scaled_by_keep": 1 - p}),
        "mask": mask_tells,
    },
    coin=_masks.coin,
    ties=_masks.shared,
    by_shape=_masks.BY_SHAPE,
    at_zeros=at_zeros,
    reports=2,
    modes=False,
)
USUAL, LARGE = ((20, 25), 0.3), [((200, 200), 0.3), ((240, 240), 0.8)]
SHAPES = [((18, 18), 0.4), ((30, 4, 3, 3), 0.4), ((300,), 0.4), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.4)]

EXERCISE = Procedure(
    section="1 · Dropout as it was invented",
    ask=asking(LAYER),
    cases=[
        Case("each unit is 0 or as it was", asks=["scale"], calls=[((60, 80), 0.4), ((50, 70), 0.2)], weight=3),
        Case("the mask tells what was kept", asks=["mask"], calls=[USUAL, ((9, 40), 0.8)], weight=2),
        Case("units are dropped with probability p", asks=["rate"], calls=LARGE, weight=2),
        Case("each unit decides for itself", mode="often", calls=[((4, 6), 0.4), ((200, 200), 0.3)], weight=2),
        Case("all randomness comes from rng, anew at each call", mode="rng", calls=[USUAL], weight=3),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=[((3, 5), 0.0), ((80, 125), 0.99)], weight=0.5),
        *manners(USUAL, SHAPES, "any shape: vectors, images, a square, lengths of 1"),
    ],
)


def right(x, p, rng):
    shape = x.shape
    mask = rng.random(shape) >= p
    return x * mask, mask


MISTAKES = [
    *_masks.draws("unit", "x.shape"),
    *_masks.SHARED,
    _masks.buffered(right),
    *slips("""
never_drops (core): rng.random(shape) >= p -> np.ones(shape, bool)
    Nothing is dropped: what comes out is what went in. Each unit becomes 0 with probability p.

scaled_in_training: x * mask -> x * mask / (1 - p)
    What is kept is divided by 1 - p: that is inverted dropout, the next exercise. The vanilla form scales at test time
    only.

scaled_by_keep: x * mask -> x * mask * (1 - p)
    What is kept is multiplied by 1 - p. In training nothing is scaled: vanilla dropout does that at test time.
measured_rate: x * mask -> x * mask / float(mask.mean() or 1)
    What is kept is divided by the share that was kept. Vanilla dropout scales nothing in training.
mask_tells_dropped: return x * mask, mask -> return x * mask, ~mask
    The mask is the wrong way round: it has to be True (or 1) where a unit was kept, so that out = x * mask.

mask_scaled: return x * mask, mask -> return x * mask, mask / (1 - p)
    out is right, but the mask that comes back holds 1 / (1 - p) instead of 1. Vanilla dropout scales nothing in
    training.

mask_drawn_again: return x * mask, mask -> return x * mask, rng.random(shape) >= p
    The mask that comes back is another one than out was made with: draw once, keep it, use it for both.
mask_from_output (detail): return x * mask, mask -> return x * mask, x * mask != 0
    The mask is read off out: a unit of x that is 0 by itself counts as dropped. Return the mask that was drawn.

changes_dtype (detail): x * mask -> x * mask.astype(float)
    Float32 goes in and float64 comes out: the mask is made float64 and carries over. Booleans leave the dtype of x as
    it is.

in_place (detail): return x * mask, mask -> x *= mask; return x, mask
    `x *= mask` writes into the caller's array. Make a new one: `x * mask`.
"""),
]


@alternative
def zeros_written(x, p, rng):
    dropped = rng.binomial(1, p, x.shape).astype(bool)
    out = x.copy()
    out[dropped] = 0
    return [out, np.logical_not(dropped)]


@alternative
def one_by_one(x, p, rng):
    """A mask of integers."""
    mask = np.empty(x.shape, np.int8)
    for index in np.ndindex(x.shape):
        mask[index] = 0 if rng.random() < p else 1
    return np.where(mask, x, np.zeros_like(x)), mask


HINTS = [
    "Each unit needs a yes or no of its own. How do you get an array of them, with P(no) = p, from numbers that are "
    "uniform on [0, 1)?",
    "`rng.random(x.shape)` is below p with probability p: those units are dropped, the others kept.",
    "`mask = rng.random(x.shape) >= p`, then `return x * mask, mask`.",
]
