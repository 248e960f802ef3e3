"""dropout_forward: inverted dropout, every unit of every sample for itself.

Training: out = x * mask / (1 - p), mask 0 with probability p; test: out = x (Srivastava et al. 2014, section 10;
torch.nn.functional.dropout; lecture 002). Lecture 003 writes p for the probability to keep. Judged by what any right
layer gives: support, rate, independence, use of `rng`.
"""

import numpy as np

from autograder.exercises.dropout._noise import (
    Noisy,
    asking,
    draw_x,
    factors_of,
    forward,
    mask_findings,
    mask_mistakes,
    mask_sentences,
    often_masks,
)
from autograder.judge import Case, Mistake, Procedure

SENTENCES = {
    **mask_sentences("unit"),
    "shared_by_batch": "All samples of the batch share one mask. Every sample draws its own: the mask has the shape of x, "
    "`rng.random(x.shape)`.",
    "shared_by_features": "All units of a sample are dropped together, or none. Every unit draws for itself: the mask has the "
    "shape of x, `rng.random(x.shape)`.",
    "whole_channels": "Whole channels are dropped: that is spatial dropout, a later exercise. Here every single unit draws for "
    "itself: the mask has the shape of x.",
}


def ties(axes, ndim):
    if axes == (0,):
        return "shared_by_batch"
    if axes == tuple(range(1, ndim)):
        return "shared_by_features"
    return "whole_channels" if axes == tuple(range(2, ndim)) else None


LAYER = Noisy(
    name="dropout_forward",
    sentences=SENTENCES,
    draw=draw_x,
    read=factors_of,
    judge=mask_findings,
    often=often_masks,
    ties=ties,
)


def choice(x, p, rng, *, train):
    """Drawn as booleans, set by index; the cache a dict."""
    if train is False:
        return x + 0, {}
    keep = rng.choice([True, False], size=x.shape, p=[1 - p, p])
    out = np.zeros_like(x)
    out[keep] = x[keep] / (1 - p)
    return [out, {"keep": keep, "p": p}]


def binomial(x, p, rng, *, train):
    if train:
        scaled = rng.binomial(1, 1 - p, x.shape) / (1 - p)
        return np.multiply(x, scaled, dtype=x.dtype, casting="same_kind"), (scaled, p)
    return x.copy(), (np.ones(x.shape), 0)


def one_by_one(x, p, rng, *, train):
    """Each unit by itself, in float32 where x is; more draws than needed."""
    if not train:
        return x, ()
    rng.random(3)
    mask = np.array([rng.uniform() > p for _ in range(x.size)], dtype=x.dtype).reshape(x.shape)
    return mask * (x * (1.0 / (1.0 - p))), (mask,)


def spawned(x, p, rng, *, train):
    """From a generator of its own, seeded by rng."""
    own = np.random.default_rng(rng.integers(2**63))
    return np.where(own.random(x.shape) < (p if train else 0), 0, x / (1 - (p if train else 0))).astype(x.dtype), own


EXERCISE = Procedure(
    ask=asking(LAYER),
    cases=[
        Case("each unit is 0 or x / (1 - p)", property="each", calls=[((15, 20), 0.4), ((20, 15), 0.2)], weight=2),
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
            "with train=False x comes back unchanged",
            property="test",
            calls=[((15, 20), 0.4), ((3, 4, 5, 6), 0.8), ((15, 20), 0.4)],
            weight=2,
        ),
        Case(
            "p = 0 drops nothing, p = 0.99 nearly all",
            property="each",
            calls=[((3, 5), 0.0), ((100, 100), 0.99)],
        ),
        Case("zeros in x stay zeros", property="zeros", shape=(31, 62), p=0.4),
        Case("float32 in, float32 out", property="each", calls=[((15, 20), 0.4)], dtype="float32"),
        Case("leaves x as it was", property="inputs", calls=[((15, 20), 0.4)]),
        Case("a later call leaves the first result as it was", property="kept", calls=[((15, 20), 0.4)]),
    ],
    mistakes=[
        *mask_mistakes(LAYER),
        Mistake("shared_by_batch", forward(shape=lambda x: x.shape[1:]), SENTENCES["shared_by_batch"]),
        Mistake(
            "shared_by_features",
            forward(shape=lambda x: x.shape[:1] + (1,) * (x.ndim - 1)),
            SENTENCES["shared_by_features"],
        ),
        Mistake(
            "whole_channels",
            forward(shape=lambda x: x.shape[:2] + (1,) * (x.ndim - 2)),
            SENTENCES["whole_channels"],
        ),
    ],
    alternatives=[choice, binomial, one_by_one, spawned],
    hints=[
        "At test time there is nothing to do. In training each unit needs a yes or no of its own: how do you get an array of "
        "them, with P(no) = p, from numbers that are uniform on [0, 1)?",
        "`rng.random(x.shape) >= p` is True with probability 1 - p. What is kept grows by 1 / (1 - p), so that the mean "
        "stays; give the mask the dtype of x.",
        "`if not train: return x, None`; `mask = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)`; "
        "`return x * mask, mask`.",
    ],
)
