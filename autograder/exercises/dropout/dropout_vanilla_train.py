"""dropout_vanilla_train: units dropped, nothing scaled; the mask comes back too.

out = x * mask, mask 0 with probability p and 1 otherwise, a draw for each unit (Srivastava et al. 2014, section 4, whose
p, as in lectures 003 and 004, is the probability to keep). PyTorch has inverted dropout only. Judged by what any right
function gives: support, rate, independence, use of `rng`, and a mask that tells what happened.
"""

import numpy as np

from autograder.exercises.dropout._noise import (
    Noisy,
    as_like,
    asking,
    bernoulli,
    close,
    copied_generator,
    draw_x,
    factors_of,
    fixed_number,
    global_state,
    mask_findings,
    mask_sentences,
    often_masks,
)
from autograder.exercises.dropout.dropout_forward import SENTENCES as INVERTED
from autograder.exercises.dropout.dropout_forward import ties
from autograder.judge import Case, Finding, Mistake, Procedure

GENERAL = ("keep_and_drop_swapped", "scaled_by_keep", "fixed_number", "global_generator", "same_draw_each_call")
SENTENCES = {
    **{name: mask_sentences("unit")[name] for name in GENERAL},
    **{name: INVERTED[name] for name in ("shared_by_batch", "shared_by_features", "whole_channels")},
    "scaled_by_keep": "What is kept is multiplied by 1 - p. In training nothing is scaled: vanilla dropout does that at test time.",
    "never_drops": "Nothing is dropped: what comes out is what went in. Each unit becomes 0 with probability p.",
    "scaled_in_training": "What is kept is divided by 1 - p: that is inverted dropout, the next exercise. The vanilla form scales at "
    "test time only.",
    "measured_rate": "What is kept is divided by the share that was kept. Vanilla dropout scales nothing in training.",
    "mask_tells_dropped": "The mask is the wrong way round: it has to be True (or 1) where a unit was kept, so that out = x * mask.",
    "mask_scaled": "out is right, but the mask that comes back holds 1 / (1 - p) instead of 1. Vanilla dropout scales nothing in "
    "training.",
    "mask_drawn_again": "The mask that comes back is another one than out was made with: draw once, keep it, use it for both.",
    "mask_from_output": "The mask is read off out: a unit of x that is 0 by itself counts as dropped. Return the mask that was drawn.",
}


def read(arrays, values, p):
    """The factors, if the mask agrees with them."""
    factors = factors_of(arrays, values, p)
    mask = values[1]
    if isinstance(factors, Finding):
        return factors
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        return Finding("mask must be a NumPy array of booleans or numbers", got=type(mask).__name__)
    mask = as_like(mask.astype(np.float64), factors, "mask")
    if isinstance(mask, Finding):
        return mask
    kept = factors != 0
    if np.array_equal(mask, kept) or close(mask, factors, 1e-4):
        return factors
    if np.array_equal(mask, ~kept):
        return LAYER.say("mask_tells_dropped")
    if np.array_equal(mask != 0, kept):
        scaled = p and close(mask[kept], 1 / (1 - p), 1e-4)
        return LAYER.say("mask_scaled") if scaled else Finding("mask must be 1 or True where a unit was kept")
    if np.isin(mask, (0, 1)).all():
        return LAYER.say("mask_drawn_again")
    return Finding("out is not x * mask")


def judge(layer, factors, p, dtype):
    return mask_findings(layer, factors, p, dtype, lambda p: 1.0, scales)


def often(layer, factors, p):
    return often_masks(layer, factors, p, lambda p: 1.0, scales)


def scales(p):
    return {"scaled_in_training": 1 / (1 - p), "scaled_by_keep": 1 - p}


LAYER = Noisy(
    name="dropout_vanilla_train",
    sentences=SENTENCES,
    draw=draw_x,
    read=read,
    judge=judge,
    often=often,
    ties=ties,
    reports=2,
    modes=False,
)


def train(
    kept=bernoulli,
    scale=lambda p, mask: 1.0,
    shape=lambda x: x.shape,
    mask_of=lambda mask, out, p, rng: mask,
):
    """The function in its pieces, right where they are left out."""

    def train(x, p, rng):
        mask = np.broadcast_to(kept(shape(x), p, rng), x.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            out = (x * mask * scale(p, mask)).astype(x.dtype)
        return out, mask_of(mask, out, p, rng)

    return train


WRONG = {
    "keep_and_drop_swapped": train(lambda shape, p, rng: rng.random(shape) < p),
    "scaled_in_training": train(scale=lambda p, mask: 1 / (1 - p)),
    "scaled_by_keep": train(scale=lambda p, mask: 1 - p),
    "measured_rate": train(scale=lambda p, mask: 1 / np.mean(mask)),
    "never_drops": train(lambda shape, p, rng: np.ones(shape, bool)),
    "mask_tells_dropped": train(mask_of=lambda mask, out, p, rng: ~mask),
    "mask_scaled": train(mask_of=lambda mask, out, p, rng: mask / (1 - p)),
    "mask_drawn_again": train(mask_of=lambda mask, out, p, rng: rng.random(mask.shape) >= p),
    "mask_from_output": train(mask_of=lambda mask, out, p, rng: out != 0),
    "fixed_number": train(fixed_number),
    "global_generator": train(global_state),
    "same_draw_each_call": train(copied_generator),
    "shared_by_batch": train(shape=lambda x: x.shape[1:]),
    "shared_by_features": train(shape=lambda x: x.shape[:1] + (1,) * (x.ndim - 1)),
    "whole_channels": train(shape=lambda x: x.shape[:2] + (1,) * (x.ndim - 2)),
}


def floats(x, p, rng):
    """A mask of 0.0 and 1.0 in x's dtype."""
    mask = (rng.uniform(size=x.shape) > p).astype(x.dtype)
    return x * mask, mask


def zeros_written(x, p, rng):
    dropped = rng.binomial(1, p, x.shape).astype(bool)
    out = x.copy()
    out[dropped] = 0
    return [out, np.logical_not(dropped)]


def one_by_one(x, p, rng):
    mask = np.empty(x.shape, np.int8)
    for index in np.ndindex(x.shape):
        mask[index] = 0 if rng.random() < p else 1
    return np.where(mask, x, np.zeros_like(x)), mask


EXERCISE = Procedure(
    ask=asking(LAYER),
    cases=[
        Case("each unit is 0 or as it was", property="each", calls=[((15, 20), 0.4), ((20, 15), 0.2)], weight=2),
        Case(
            "any shape: vectors, images, one sample, one feature",
            property="each",
            calls=[((30, 4, 3, 3), 0.4), ((300,), 0.4), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.4)],
        ),
        Case(
            "units are dropped with probability p",
            property="each",
            calls=[((200, 200), 0.3), ((240, 240), 0.8)],
            weight=2,
        ),
        Case("each unit decides for itself", property="often", shape=(4, 6), p=0.4, weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", shape=(15, 20), p=0.4, weight=2),
        Case(
            "p = 0 drops nothing, p = 0.99 nearly all",
            property="each",
            calls=[((3, 5), 0.0), ((100, 100), 0.99)],
        ),
        Case("the mask tells what was kept, also where x is 0", property="zeros", shape=(31, 62), p=0.4),
        Case("float32 in, float32 out", property="each", calls=[((15, 20), 0.4)], dtype="float32"),
        Case("leaves x as it was", property="inputs", calls=[((15, 20), 0.4)]),
        Case("a later call leaves the first result as it was", property="kept", calls=[((15, 20), 0.4)]),
    ],
    mistakes=[Mistake(name, function, SENTENCES[name]) for name, function in WRONG.items()],
    alternatives=[floats, zeros_written, one_by_one],
    hints=[
        "Each unit needs a yes or no of its own. How do you get an array of them, with P(no) = p, from numbers that are "
        "uniform on [0, 1)?",
        "`rng.random(x.shape)` is below p with probability p: those units are dropped, the others kept.",
        "`mask = rng.random(x.shape) >= p`, then `return x * mask, mask`.",
    ],
)
