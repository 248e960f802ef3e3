"""spatial_dropout_forward: whole channels are dropped, each channel of each sample for itself.

out[n, c] = x[n, c] * mask[n, c] / (1 - p), mask 0 with probability p; test: out = x (Tompson et al. 2015, section 3.2;
torch.nn.functional.dropout2d). Judged by what any right layer gives: one factor for all pixels of a channel, support,
rate, independence, use of `rng`.
"""

import numpy as np

from autograder.exercises.dropout._noise import (
    Noisy,
    asking,
    bernoulli,
    close,
    draw_x,
    factors_of,
    forward,
    mask_findings,
    mask_mistakes,
    mask_sentences,
    often_masks,
    tied,
)
from autograder.judge import Case, Finding, Mistake, Procedure
from autograder.judge.compare import RTOL

SENTENCES = {
    **mask_sentences("channel", "rng.random((N, C, 1, 1))"),
    "single_pixels": "Single pixels are dropped: that is plain dropout. A channel is there with all of its pixels or not at all: "
    "draw a mask of shape (N, C, 1, 1).",
    "rows_of_pixels": "Single rows of pixels are dropped. A channel is there with all of its pixels or not at all: draw a mask "
    "of shape (N, C, 1, 1).",
    "columns_of_pixels": "Single columns of pixels are dropped. A channel is there with all of its pixels or not at all: draw a "
    "mask of shape (N, C, 1, 1).",
    "pixels_of_all_channels": "Pixels are dropped, through all channels. It is the other way round: channels are dropped, with all "
    "of their pixels; the mask has the shape (N, C, 1, 1).",
    "shared_by_batch": "All samples of the batch lose the same channels. Every sample draws for itself: the mask has the shape "
    "(N, C, 1, 1), not (1, C, 1, 1).",
    "whole_samples": "A sample loses all of its channels or none. Every channel draws for itself: the mask has the shape "
    "(N, C, 1, 1), not (N, 1, 1, 1).",
}
# Which axes a mask that is no mask of channels is the same along.
INSIDE = {(): "single_pixels", (3,): "rows_of_pixels", (2,): "columns_of_pixels", (1,): "pixels_of_all_channels"}


def read(arrays, values, p):
    """The factor of each channel, (N, C)."""
    factors = factors_of(arrays, values, p)
    if isinstance(factors, Finding):
        return factors
    whole = factors[:, :, :1, :1]
    if close(factors, whole, RTOL[arrays[0].dtype.name]):
        return whole[:, :, 0, 0]
    # Of a single row one cannot tell columns from pixels.
    telling = factors.size >= 300 and min(factors.shape[1:]) > 1
    name = INSIDE.get(tied(factors != 0, p)) if telling else None
    return LAYER.say(name) if name else Finding("the pixels of a channel do not all share its fate")


def ties(axes, ndim):
    return {(0,): "shared_by_batch", (1,): "whole_samples"}.get(axes)


LAYER = Noisy(
    name="spatial_dropout_forward",
    sentences=SENTENCES,
    draw=draw_x,
    read=read,
    judge=mask_findings,
    often=often_masks,
    ties=ties,
)


def channels(x):
    return (*x.shape[:2], 1, 1)


def repeated(x, p, rng, *, train):
    """The mask written out for every pixel, as integers."""
    n, c, h, w = x.shape
    if not train:
        return x.copy(), None
    kept = rng.binomial(1, 1 - p, n * c)
    mask = np.repeat(kept, h * w).reshape(x.shape)
    return (x * mask / (1 - p)).astype(x.dtype), mask


def channel_by_channel(x, p, rng, *, train):
    out = np.array(x)
    for n in range(len(x)):
        for c in range(x.shape[1]):
            if train and rng.uniform() < p:
                out[n, c] = 0
            elif train:
                out[n, c] /= 1 - p
    return [out, None]


def by_einsum(x, p, rng, *, train):
    drop = p if train else 0.0
    scale = np.where(rng.random(x.shape[:2]) < drop, 0.0, 1 / (1 - drop)).astype(x.dtype)
    return np.einsum("nchw,nc->nchw", x, scale), scale


def shaped(last):
    """A mask of x's batch and channels, or of other axes."""
    return forward(bernoulli, shape=last)


EXERCISE = Procedure(
    ask=asking(LAYER),
    cases=[
        Case(
            "each channel is 0 or x / (1 - p), with all of its pixels",
            property="each",
            calls=[((15, 20, 3, 4), 0.4), ((20, 15, 4, 3), 0.2)],
            weight=2,
        ),
        Case(
            "any shape: one sample, one channel, one pixel, one row",
            property="each",
            calls=[
                ((1, 300, 2, 3), 0.4),
                ((300, 1, 3, 2), 0.3),
                ((15, 20, 1, 1), 0.4),
                ((1, 1, 5, 5), 0.4),
                ((12, 25, 1, 6), 0.3),
            ],
        ),
        Case(
            "channels are dropped with probability p",
            property="each",
            calls=[((200, 200, 1, 2), 0.3), ((240, 240, 1, 1), 0.8)],
            weight=2,
        ),
        Case("each channel of each sample decides for itself", property="often", shape=(4, 6, 2, 2), p=0.4, weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", shape=(15, 20, 2, 2), p=0.4, weight=2),
        Case(
            "with train=False x comes back unchanged",
            property="test",
            calls=[((15, 20, 2, 2), 0.4), ((3, 4, 5, 6), 0.8), ((15, 20, 2, 2), 0.4)],
            weight=2,
        ),
        Case(
            "p = 0 drops nothing, p = 0.99 nearly all",
            property="each",
            calls=[((3, 5, 2, 2), 0.0), ((100, 100, 2, 2), 0.99)],
        ),
        Case("float32 in, float32 out", property="each", calls=[((15, 20, 2, 2), 0.4)], dtype="float32"),
        Case("leaves x as it was", property="inputs", calls=[((15, 20, 2, 2), 0.4)]),
        Case("a later call leaves the first result as it was", property="kept", calls=[((15, 20, 2, 2), 0.4)]),
    ],
    mistakes=[
        *mask_mistakes(LAYER, channels),
        Mistake("single_pixels", shaped(lambda x: x.shape), SENTENCES["single_pixels"]),
        Mistake("rows_of_pixels", shaped(lambda x: (*x.shape[:3], 1)), SENTENCES["rows_of_pixels"]),
        Mistake(
            "columns_of_pixels",
            shaped(lambda x: (*x.shape[:2], 1, x.shape[3])),
            SENTENCES["columns_of_pixels"],
        ),
        Mistake(
            "pixels_of_all_channels",
            shaped(lambda x: (len(x), 1, *x.shape[2:])),
            SENTENCES["pixels_of_all_channels"],
        ),
        Mistake("shared_by_batch", shaped(lambda x: (1, x.shape[1], 1, 1)), SENTENCES["shared_by_batch"]),
        Mistake("whole_samples", shaped(lambda x: (len(x), 1, 1, 1)), SENTENCES["whole_samples"]),
    ],
    alternatives=[repeated, channel_by_channel, by_einsum],
    hints=[
        "How many decisions are there to make for x of shape (N, C, H, W)?",
        "One for each channel of each sample. A mask of shape (N, C, 1, 1) broadcasts over the pixels; all else is as in "
        "dropout_forward.",
        "`mask = (rng.random((*x.shape[:2], 1, 1)) >= p).astype(x.dtype) / (1 - p)`, then `x * mask`.",
    ],
)
