"""dropout_forward: inverted dropout, every unit of every sample for itself.

Training: out = x * mask / (1 - p), mask 0 with probability p; test: out = x (Srivastava et al. 2014, section 10;
torch.nn.functional.dropout; lecture 002). Lecture 003 writes p for the probability to keep. Judged by what any right
layer gives: support, rate, independence, use of `rng`.
"""

import numpy as np

from autograder.exercises.dropout import _masks
from autograder.exercises.dropout._draws import draw_x, factors_of
from autograder.exercises.dropout._noise import Noisy, asking, manners
from autograder.judge import Case, Procedure, alternative

LAYER = Noisy(
    name="dropout_forward",
    draw=draw_x,
    read=factors_of,
    looks=_masks.looks(),
    coin=_masks.coin,
    ties=_masks.shared,
    by_shape=_masks.BY_SHAPE,
)
USUAL = ((20, 25), 0.3)
SHAPES = [((18, 18), 0.4), ((30, 4, 3, 3), 0.4), ((300,), 0.4), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.4)]
LARGE = [((200, 200), 0.3), ((240, 240), 0.8)]
TRAIN, TEST, IMAGES = ((15, 20), 0.4, True), ((15, 20), 0.4, False), ((3, 4, 5, 6), 0.8, False)

EXERCISE = Procedure(
    section="2 · Inverted dropout",
    ask=asking(LAYER),
    cases=[
        Case("each unit is 0 or x / (1 - p)", asks=["scale"], calls=[((60, 80), 0.4), ((50, 70), 0.2)], weight=3),
        Case("units are dropped with probability p", asks=["rate"], calls=LARGE, weight=2),
        Case("each unit decides for itself", mode="often", calls=[((4, 6), 0.4), ((200, 200), 0.3)], weight=2),
        Case("all randomness comes from rng, anew at each call", mode="rng", calls=[USUAL], weight=2),
        Case("with train=False x comes back unchanged", mode="turns", calls=[TEST, IMAGES, TRAIN], weight=6),
        Case("train, test, train: each call by its own mode", mode="turns", calls=[TRAIN, TEST, TRAIN], weight=3),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=[((3, 5), 0.0), ((80, 125), 0.99)], weight=0.5),
        *manners(USUAL, SHAPES, "any shape: vectors, images, a square, lengths of 1"),
    ],
)


def right(x, p, rng, *, train):
    if not train:
        return x, None
    shape = x.shape
    kept = rng.random(shape) >= p
    scale = 1 / (1 - p)
    mask = (kept * scale).astype(x.dtype)
    return x * mask, mask


MISTAKES = [
    *_masks.draws("unit", "x.shape"),
    *_masks.scales("unit", "x.shape"),
    *_masks.modes("unit"),
    *_masks.SHARED,
    _masks.buffered(right),
]


@alternative
def choice(x, p, rng, *, train):
    """Drawn as booleans, set by index; the cache a dict."""
    if train is False:
        return x + 0, {}
    keep = rng.choice([True, False], size=x.shape, p=[1 - p, p])
    out = np.zeros_like(x)
    out[keep] = x[keep] / (1 - p)
    return [out, {"keep": keep, "p": p}]


@alternative
def one_by_one(x, p, rng, *, train):
    """Each unit by itself, in float32 where x is; more draws than needed."""
    if not train:
        return x, ()
    rng.random(3)
    mask = np.array([rng.uniform() > p for _ in range(x.size)], dtype=x.dtype).reshape(x.shape)
    return mask * (x * (1.0 / (1.0 - p))), (mask,)


HINTS = [
    "At test time there is nothing to do. In training each unit needs a yes or no of its own: how do you get an array "
    "of them, with P(no) = p, from numbers that are uniform on [0, 1)?",
    "`rng.random(x.shape) >= p` is True with probability 1 - p. What is kept grows by 1 / (1 - p), so that the mean "
    "stays; give the mask the dtype of x.",
    "`if not train: return x, None`; `mask = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)`; "
    "`return x * mask, mask`.",
]
