"""instancenorm_forward: instance normalization of (N, C, H, W).

Mean and biased variance of each channel of each image, over its pixels; gamma and beta belong to the channels (Ulyanov,
Vedaldi and Lempitsky 2016, equation 4; lecture 002). Reference: torch.nn.functional.instance_norm.
"""

import numpy as np

from autograder.exercises.batchnorm._slips import DEFAULT_EPS, EPS
from autograder.exercises.normalization._parts import draw
from autograder.exercises.normalization._slips import AFFINE_OF_CHANNELS
from autograder.judge import Case, F, Function, alternative, slips


def reference(x, gamma, beta, eps=1e-5):
    return F.instance_norm(x, weight=gamma, bias=beta, eps=eps)


EXERCISE = Function(
    draw=draw,
    reference=lambda x, gamma, beta, eps=1e-5: (reference(x, gamma, beta, eps), None),
    returns=("out", None),
    section="4 · Every image by itself",
    typical={"n": 3, "c": 4, "h": 2, "w": 5, "gamma": "any sign"},
    sizes={"n": "images", "c": "channels", "h": "rows", "w": "columns"},
    # One pixel has no variance, so not both of the last are 1.
    forms=[{"n": 4, "c": 4, "h": 4, "w": 4}, {"n": 1}, {"c": 1}, {"h": 1}, {"w": 1}, {"n": 1, "c": 1, "h": 1, "w": 2}],
    cases=[
        Case("a few images, gamma 1 and beta 0", n=2, c=3, h=4, w=4, gamma="ones", beta="zeros"),
        Case("with a scale and a shift, not square", n=3, c=4, h=2, w=5, weight=2),
        Case("as many channels as columns", n=3, c=4, h=3, w=4, gamma="any sign", weight=2),
        Case("as many channels as rows and images", n=4, c=4, h=4, w=3, gamma="any sign", weight=2),
        Case("one image", n=1, c=3, h=4, w=5),
        Case("one channel", n=3, c=1, h=4, w=5),
        Case("another eps, 1e-2", n=3, c=2, h=3, w=4, eps=1e-2, weight=2),
        Case("the default eps is 1e-5", n=3, c=2, h=3, w=4, eps=None, spread=1e-2),
        Case("images of very different spread", n=5, c=3, h=3, w=4, spread="very different"),
        Case("an image that is one colour", n=3, c=3, h=2, w=2, constant=True),
        Case("a variance of 1e-11, far below eps", n=2, c=3, h=2, w=3, spread=3e-6),
        Case("a large offset, x + 1e6", n=2, c=3, h=4, w=5, offset=1e6, rounding=True),
    ],
)


def right(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=(2, 3), keepdims=True)
    centred = x - mean
    var = (centred**2).mean(axis=(2, 3), keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    return out, (x_hat, std, gamma)


MISTAKES = slips("""
batch_too (core):
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(0, 2, 3), keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=(0, 2, 3), keepdims=True)
    The statistics of a channel go over all images (that is BatchNorm). InstanceNorm takes each image by itself: over H
    and W alone.

channels_too (core):
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(1, 2, 3), keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=(1, 2, 3), keepdims=True)
    The statistics of an image go over all its channels (that is LayerNorm). InstanceNorm takes each channel by itself:
    over H and W alone.

whole_batch (core):
    x.mean(axis=(2, 3), keepdims=True) -> x.mean()
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean()
    One mean and one variance for all of x. Each channel of each image has its own: `axis=(2, 3)`.

over_rows_only (core):
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=2, keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=2, keepdims=True)
    or x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=3, keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=3, keepdims=True)
    The statistics go over one of the two axes of the picture. Take all pixels of the channel: `axis=(2, 3)`.

channels_last (core):
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(1, 2), keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=(1, 2), keepdims=True)
    The statistics go over axes 1 and 2, as if the channels came last. In (N, C, H, W) the pixels are axes 2 and 3.

ddof_one (detail):
    (centred**2).mean(axis=(2, 3), keepdims=True) -> x.var(axis=(2, 3), keepdims=True, ddof=1)
    The variance is divided by H*W - 1. It is the biased one: divide by H*W (`ddof=0`).

mean_not_subtracted: centred / std -> x / std
    The mean stays in: subtract it from x before dividing.
not_divided (core): centred / std -> centred
    x is centred and no more: divide by the standard deviation sqrt(var + eps).
not_normalized (core): centred / std -> x
    x is scaled and shifted as it came. First make mean 0 and variance 1 of every channel of every image: that is x_hat.

one_pass_variance (detail):
    (centred**2).mean(axis=(2, 3), keepdims=True) -> (x**2).mean(axis=(2, 3), keepdims=True) - mean**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset, and only rounding is left
    (even a negative variance). Subtract the mean first, then square.

second_moment: (centred**2).mean(axis=(2, 3), keepdims=True) -> (x**2).mean(axis=(2, 3), keepdims=True)
    This is the mean of x^2, not the variance: subtract the mean first, then square.
in_place (detail): centred = x - mean -> x -= mean; centred = x
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*EPS, *AFFINE_OF_CHANNELS, *DEFAULT_EPS]


@alternative
def with_loops(x, gamma, beta, *, eps=1e-5):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            picture = x[i, c]
            out[i, c] = gamma[c] * (picture - picture.mean()) / np.sqrt(picture.var() + eps) + beta[c]
    return [out, None]


@alternative
def as_rows(x, gamma, beta, *, eps=1e-5):
    """LayerNorm of N*C rows of H*W numbers."""
    n, c, h, w = x.shape
    rows = np.reshape(x, (n * c, h * w))
    rows = rows - np.mean(rows, 1, keepdims=True)
    rows = rows / np.sqrt(np.mean(rows * rows, 1, keepdims=True) + eps)
    out = np.tile(gamma, n)[:, None] * rows + np.tile(beta, n)[:, None]
    return out.reshape(x.shape), {"rows": rows}


HINTS = [
    "One channel of one image is one picture of H x W numbers. Which axes do its pixels lie along?",
    "Mean and biased variance over H and W with `keepdims=True`; gamma and beta have shape (C,) and must be lined up "
    "with axis 1.",
    "`centred = x - x.mean(axis=(2, 3), keepdims=True)`, `std = np.sqrt((centred**2).mean(axis=(2, 3), "
    "keepdims=True) + eps)`, `out = gamma[:, None, None] * centred / std + beta[:, None, None]`.",
]
