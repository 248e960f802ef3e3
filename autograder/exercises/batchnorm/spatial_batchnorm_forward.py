"""spatial_batchnorm_forward: batch normalization of images, one mean and variance for each channel.

The statistics go over N, H and W, so that every pixel of a channel is treated alike (Ioffe and Szegedy 2015, section
3.2; lecture 002). Reference: torch.nn.functional.batch_norm(training=True) on four axes (torch.nn.BatchNorm2d).
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw, output_and_cache
from autograder.exercises.batchnorm._images import DDOF, wrong_axes
from autograder.exercises.batchnorm._slips import AFFINE, DEFAULT_EPS, EPS
from autograder.judge import Case, Function, alternative, slips

EXERCISE = Function(
    draw=draw,
    reference=output_and_cache,
    returns=("out", None),
    section="10 · Images: statistics for each channel",
    typical={"n": 3, "c": 4, "h": 2, "w": 5},
    sizes={"n": "images", "c": "channels", "h": "rows", "w": "columns"},
    # One pixel of one image has no variance, so not all four are 1.
    forms=[{"n": 4, "c": 4, "h": 4, "w": 4}, {"n": 1}, {"c": 1}, {"h": 1}, {"w": 1}, {"n": 2, "c": 1, "h": 1, "w": 1}],
    cases=[
        Case("a few images, gamma 1 and beta 0", n=2, c=3, h=4, w=4, gamma="ones", beta="zeros"),
        Case("with a scale and a shift, not square", n=3, c=4, h=2, w=5),
        Case("as many channels as columns", n=3, c=4, h=3, w=4, gamma="any sign"),
        Case("one image", n=1, c=3, h=4, w=5),
        Case("one pixel", n=6, c=3, h=1, w=1),
        Case("another eps, 1e-2", n=3, c=2, h=3, w=4, eps=1e-2, weight=2),
        Case("the default eps is 1e-5", n=3, c=2, h=3, w=4, eps=None, spread=1e-2),
        Case("a channel that is constant", n=3, c=3, h=2, w=2, constant=True),
        Case("a variance of 1e-11, far below eps", n=2, c=3, h=2, w=3, spread=3e-6),
        Case("a large offset, x + 1e6", n=2, c=3, h=4, w=5, offset=1e6, rounding=True),
    ],
)


def right(x, gamma, beta, *, eps=1e-5):
    N, C, H, W = x.shape
    columns = x.transpose(0, 2, 3, 1).reshape(-1, C)
    centred = columns - columns.mean(axis=0)
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, (x_hat, centred, std, gamma)


MISTAKES = slips("""
reshape_without_transpose (core):
    x.transpose(0, 2, 3, 1).reshape(-1, C) -> x.reshape(-1, C)
    out.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> out.reshape(x.shape)
    `x.reshape(-1, C)` on (N, C, H, W) moves no axis: its columns mix the channels. First bring C to the end,
    `x.transpose(0, 2, 3, 1)`, then reshape.

reshape_there_without_transpose: x.transpose(0, 2, 3, 1).reshape(-1, C) -> x.reshape(-1, C)
    The way back is right, the way there is not: `x.reshape(-1, C)` mixes the channels. First bring C to the end,
    `x.transpose(0, 2, 3, 1)`, then reshape.

reshape_back_without_transpose: out.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> out.reshape(x.shape)
    The way there is right, the way back is not: `reshape(x.shape)` cuts the columns in the wrong places. Reshape to
    (N, H, W, C), then `transpose(0, 3, 1, 2)`.

channels_last_returned: out.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> out.reshape(N, H, W, C)
    or out.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> out
    The result stays laid out with the channels last. Bring it back to (N, C, H, W): reshape to (N, H, W, C), then
    `transpose(0, 3, 1, 2)`.

rows_and_columns_swapped: x.transpose(0, 2, 3, 1) -> x.transpose(0, 3, 2, 1)
    H and W change places on the way: `transpose(0, 3, 2, 1)` lays the pixels out column by column, and the way back
    reads them row by row. Bring C to the end with `transpose(0, 2, 3, 1)`.

affine_along_width:
    gamma * x_hat + beta -> x_hat
    out.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> gamma * out.reshape(N, H, W, C).transpose(0, 3, 1, 2) + beta
    gamma and beta are broadcast along W, the last axis (which fits only when W = C). Give them shape (C, 1, 1).

mean_not_subtracted: centred / std -> (centred + columns.mean(axis=0)) / std
    The mean stays in: subtract it from x before dividing.
not_normalized (core): centred / std -> columns
    x is scaled and shifted as it came. First make every channel's mean 0 and its variance 1: that is x_hat.
eps_not_passed_on (detail): var + eps -> var + 1e-5
    The result is that of eps = 1e-5, whatever is asked for. Pass `eps` on to your batchnorm_forward.
in_place (detail): N, C, H, W = x.shape -> N, C, H, W = x.shape; x -= x.mean(axis=(0, 2, 3), keepdims=True)
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*wrong_axes(), *DDOF, *(slip for slip in EPS if slip.name != "eps_ignored"), *AFFINE, *DEFAULT_EPS]


@alternative
def with_loops(x, gamma, beta, *, eps=1e-5):
    out = x.copy()
    for c in range(x.shape[1]):
        pixels = x[:, c]
        mean = pixels.mean()
        var = sum(float(((image - mean) ** 2).sum()) for image in pixels) / pixels.size
        out[:, c] = gamma[c] * (pixels - mean) / (var + eps) ** 0.5 + beta[c]
    return [out, None]


@alternative
def over_three_axes(x, gamma, beta, *, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3)), np.var(x, axis=(0, 2, 3))
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return np.einsum("nchw,c->nchw", x, scale) + shift.reshape(1, -1, 1, 1), (mean, var)


HINTS = [
    "What plays the role of a feature here, and what are its samples?",
    "Lay the channels out as columns: C to the end, then one row for each pixel of each image. Your batchnorm_forward "
    "does the rest; then undo both steps in reverse order.",
    "`columns = x.transpose(0, 2, 3, 1).reshape(-1, c)`, `out, cache = batchnorm_forward(columns, gamma, beta, "
    "eps=eps)`, `out.reshape(n, h, w, c).transpose(0, 3, 1, 2)`.",
]
