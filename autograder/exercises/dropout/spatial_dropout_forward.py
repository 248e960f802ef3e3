"""spatial_dropout_forward: whole channels are dropped, each channel of each sample for itself.

out[n, c] = x[n, c] * mask[n, c] / (1 - p), mask 0 with probability p; test: out = x (Tompson et al. 2015, section 3.2;
torch.nn.functional.dropout2d). Judged by what any right layer gives: one factor for all pixels of a channel, support,
rate, independence, use of `rng`.
"""

import numpy as np

from autograder.exercises.dropout import _masks
from autograder.exercises.dropout._draws import agreement, close, draw_x, factors_of, tied
from autograder.exercises.dropout._noise import Noisy, asking, manners
from autograder.judge import Case, Finding, Procedure, alternative, slips
from autograder.judge.chance import counts_are_off
from autograder.judge.compare import RTOL

# The axes, beside that of the samples, along which a mask that is no mask of channels is the same.
INSIDE = {(): "single_pixels", (3,): "rows_of_pixels", (2,): "columns_of_pixels", (1,): "pixels_of_all_channels"}


def read(call, values):
    """The factor of each channel, (N, C)."""
    factors = factors_of(call, values)
    if isinstance(factors, Finding):
        return factors
    whole = factors[:, :, :1, :1]
    if close(factors, whole, RTOL[call.arrays[0].dtype.name]):
        return whole[:, :, 0, 0]
    # Of a single row one cannot tell columns from pixels.
    telling = call.train and factors.size >= 300 and min(factors.shape[1:]) > 1
    axes = tuple(axis for axis in tied(factors != 0, 1 - call.p) if axis)
    name = INSIDE.get(axes) if telling else None
    if name == "single_pixels":
        alike = (factors[..., :-1] != 0) == (factors[..., 1:] != 0)
        name = None if counts_are_off(alike.sum(), alike.size, agreement(1 - call.p)) else name
    if not call.train and 0 < np.count_nonzero(factors) < factors.size:
        return Finding("with train=False numbers are dropped", "active_at_test")
    return Finding("the pixels of a channel do not all share its fate", name)


LAYER = Noisy(
    name="spatial_dropout_forward",
    draw=draw_x,
    read=read,
    looks=_masks.looks(),
    coin=_masks.coin,
    ties=lambda axes, ndim: {(0,): "shared_by_batch", (1,): "whole_samples"}.get(axes),
)
USUAL = ((20, 25, 2, 4), 0.3)
SHAPES = [((6, 6, 6, 6), 0.4), ((1, 300, 2, 3), 0.4), ((300, 1, 3, 2), 0.3), ((15, 20, 1, 1), 0.4)]
SHAPES += [((1, 1, 5, 5), 0.4), ((12, 25, 1, 6), 0.3)]
PIXELS = [((60, 80, 2, 2), 0.4), ((50, 70, 2, 1), 0.2)]
LARGE = [((200, 200, 1, 2), 0.3), ((240, 240, 1, 1), 0.8)]
OFTEN = [((4, 6, 2, 2), 0.4), ((200, 200, 1, 1), 0.3)]
EXTREMES = [((3, 5, 2, 2), 0.0), ((80, 125, 2, 2), 0.99)]
TRAIN, TEST, OTHER = ((15, 20, 2, 4), 0.4, True), ((15, 20, 2, 4), 0.4, False), ((3, 4, 5, 6), 0.8, False)

EXERCISE = Procedure(
    section="6 · Spatial dropout",
    ask=asking(LAYER),
    cases=[
        Case("each channel is 0 or x / (1 - p), with all of its pixels", asks=["scale"], calls=PIXELS, weight=3),
        Case("channels are dropped with probability p", asks=["rate"], calls=LARGE, weight=2),
        Case("each channel of each sample decides for itself", mode="often", calls=OFTEN, weight=2),
        Case("all randomness comes from rng, anew at each call", mode="rng", calls=[USUAL], weight=2),
        Case("with train=False x comes back unchanged", mode="turns", calls=[TEST, OTHER, TRAIN], weight=6),
        Case("train, test, train: each call by its own mode", mode="turns", calls=[TRAIN, TEST, TRAIN], weight=3),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=EXTREMES, weight=0.5),
        *manners(USUAL, SHAPES, "any shape: a hypercube, one sample, one channel, one pixel, one row"),
    ],
)


def right(x, p, rng, *, train):
    if not train:
        return x, None
    shape = (*x.shape[:2], 1, 1)
    kept = rng.random(shape) >= p
    scale = 1 / (1 - p)
    mask = (kept * scale).astype(x.dtype)
    return x * mask, mask


MISTAKES = [
    *_masks.draws("channel", "(N, C, 1, 1)"),
    *_masks.scales("channel", "(N, C, 1, 1)"),
    *_masks.modes("channel"),
    _masks.buffered(right),
    *slips("""
single_pixels (core): shape = (*x.shape[:2], 1, 1) -> shape = x.shape
    Single pixels are dropped: that is plain dropout. A channel is there with all of its pixels or not at all: draw a
    mask of shape (N, C, 1, 1).

rows_of_pixels: shape = (*x.shape[:2], 1, 1) -> shape = (*x.shape[:3], 1)
    Single rows of pixels are dropped. A channel is there with all of its pixels or not at all: draw a mask of shape (N,
    C, 1, 1).

columns_of_pixels: shape = (*x.shape[:2], 1, 1) -> shape = (*x.shape[:2], 1, x.shape[3])
    Single columns of pixels are dropped. A channel is there with all of its pixels or not at all: draw a mask of shape
    (N, C, 1, 1).

pixels_of_all_channels: shape = (*x.shape[:2], 1, 1) -> shape = (len(x), 1, *x.shape[2:])
    Pixels are dropped, through all channels. It is the other way round: channels are dropped, with all of their pixels;
    the mask has the shape (N, C, 1, 1).

shared_by_batch: shape = (*x.shape[:2], 1, 1) -> shape = (1, x.shape[1], 1, 1)
    All samples of the batch lose the same channels. Every sample draws for itself: the mask has the shape (N, C, 1, 1),
    not (1, C, 1, 1).

whole_samples: shape = (*x.shape[:2], 1, 1) -> shape = (len(x), 1, 1, 1)
    A sample loses all of its channels or none. Every channel draws for itself: the mask has the shape (N, C, 1, 1), not
    (N, 1, 1, 1).
"""),
]


@alternative
def repeated(x, p, rng, *, train):
    """The mask written out for every pixel, as integers."""
    n, c, h, w = x.shape
    if not train:
        return x.copy(), None
    kept = rng.binomial(1, 1 - p, n * c)
    mask = np.repeat(kept, h * w).reshape(x.shape)
    return (x * mask / (1 - p)).astype(x.dtype), mask


@alternative
def channel_by_channel(x, p, rng, *, train):
    out = np.array(x)
    for n in range(len(x)):
        for c in range(x.shape[1]):
            if train and rng.uniform() < p:
                out[n, c] = 0
            elif train:
                out[n, c] /= 1 - p
    return [out, None]


HINTS = [
    "How many decisions are there to make for x of shape (N, C, H, W)?",
    "One for each channel of each sample. A mask of shape (N, C, 1, 1) broadcasts over the pixels; all else is as in "
    "dropout_forward.",
    "`mask = (rng.random((*x.shape[:2], 1, 1)) >= p).astype(x.dtype) / (1 - p)`, then `x * mask`.",
]
