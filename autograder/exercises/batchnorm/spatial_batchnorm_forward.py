"""spatial_batchnorm_forward: batch normalization of images, one mean and variance for each channel.

The statistics go over N, H and W, so that every pixel of a channel is treated alike (Ioffe and Szegedy 2015, section 3.2;
lecture 002). Reference: torch.nn.functional.batch_norm(training=True) on four axes (torch.nn.BatchNorm2d).
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw, forward, reference, to_columns, to_images
from autograder.judge import Case, Function, Mistake


def outputs(x, gamma, beta, eps=1e-5):
    return reference(x, gamma, beta, eps), None


def over(axes, x, gamma, beta, eps, ddof=0):
    """Normalized over these axes, with gamma and beta for each channel."""
    x_hat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True, ddof=ddof) + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None], None


def per_pixel(x, gamma, beta, *, eps=1e-5):
    return over(0, x, gamma, beta, eps)


def per_image(x, gamma, beta, *, eps=1e-5):
    return over((2, 3), x, gamma, beta, eps)


def all_channels(x, gamma, beta, *, eps=1e-5):
    return over((0, 1, 2, 3), x, gamma, beta, eps)


def channels_last(x, gamma, beta, *, eps=1e-5):
    return over((0, 1, 2), x, gamma, beta, eps)


def ddof_one(x, gamma, beta, *, eps=1e-5):
    return over((0, 2, 3), x, gamma, beta, eps, ddof=1)


def reshaped(x, gamma, beta, *, eps=1e-5):
    out, _ = forward(x.reshape(-1, x.shape[1]), gamma, beta, eps=eps)
    return out.reshape(x.shape), None


def reshaped_back(x, gamma, beta, *, eps=1e-5):
    out, _ = forward(to_columns(x), gamma, beta, eps=eps)
    return out.reshape(x.shape), None


def rows_and_columns_swapped(x, gamma, beta, *, eps=1e-5):
    out, _ = forward(x.transpose(0, 3, 2, 1).reshape(-1, x.shape[1]), gamma, beta, eps=eps)
    return to_images(out, x.shape), None


def affine_along_width(x, gamma, beta, *, eps=1e-5):
    x_hat = (x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(x.var((0, 2, 3), keepdims=True) + eps)
    return gamma * x_hat + beta, None


def affine_missing(x, gamma, beta, *, eps=1e-5):
    return over((0, 2, 3), x, np.ones_like(gamma), np.zeros_like(beta), eps)


def eps_outside_root(x, gamma, beta, *, eps=1e-5):
    x_hat = (x - x.mean((0, 2, 3), keepdims=True)) / (x.std((0, 2, 3), keepdims=True) + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None], None


def eps_not_passed_on(x, gamma, beta, *, eps=1e-5):
    return over((0, 2, 3), x, gamma, beta, 1e-5)


def in_place(x, gamma, beta, *, eps=1e-5):
    x -= x.mean((0, 2, 3), keepdims=True)
    x_hat = x / np.sqrt((x**2).mean((0, 2, 3), keepdims=True) + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None], None


def with_loops(x, gamma, beta, *, eps=1e-5):
    out = x.copy()
    for c in range(x.shape[1]):
        pixels = x[:, c]
        mean = pixels.mean()
        var = sum(float(((image - mean) ** 2).sum()) for image in pixels) / pixels.size
        out[:, c] = gamma[c] * (pixels - mean) / (var + eps) ** 0.5 + beta[c]
    return [out, None]


def through_columns(x, gamma, beta, *, eps=1e-5):
    out, cache = forward(to_columns(x), gamma, beta, eps=eps)
    return to_images(out, x.shape), {"shape": x.shape, "columns": cache}


def channels_first(x, gamma, beta, *, eps=1e-5):
    """A row for each channel: (C, N*H*W)."""
    swapped = np.swapaxes(x, 0, 1)
    rows = swapped.reshape(x.shape[1], -1)
    rows = rows - rows.mean(1)[:, None]
    rows = rows * (gamma / np.sqrt(np.einsum("cp,cp->c", rows, rows) / rows.shape[1] + eps))[:, None] + beta[:, None]
    return rows.reshape(swapped.shape).swapaxes(0, 1), lambda: rows


def over_three_axes(x, gamma, beta, *, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3)), np.var(x, axis=(0, 2, 3))
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return np.einsum("nchw,c->nchw", x, scale) + shift.reshape(1, -1, 1, 1), (mean, var)


SECTION = "10 · Images: statistics for each channel"

EXERCISE = Function(
    draw=draw,
    reference=outputs,
    returns=("out", None),
    standard=("float32", "again"),
    typical={"shape": (3, 4, 2, 5)},
    cases=[
        Case("a few images, gamma 1 and beta 0", shape=(2, 3, 4, 4), gamma="ones", beta="zeros"),
        Case("with a scale and a shift, not square", shape=(3, 4, 2, 5)),
        Case("as many channels as columns", shape=(3, 4, 3, 4), gamma="any sign"),
        Case("one image", shape=(1, 3, 4, 5)),
        Case("one channel", shape=(3, 1, 4, 4)),
        Case("one pixel", shape=(6, 3, 1, 1)),
        Case("another eps, 1e-2", shape=(3, 2, 3, 4), eps=1e-2, weight=2),
        Case("the default eps is 1e-5", shape=(3, 2, 3, 4), eps=None),
        Case("a channel that is constant", shape=(3, 3, 2, 2), constant=True),
        Case("a large offset, x + 1e6", shape=(2, 3, 4, 5), offset=1e6),
        Case("leaves its arguments as they were", shape=(3, 4, 2, 5), mode="inputs", weight=2),
    ],
    mistakes=[
        Mistake(
            "per_pixel_statistics",
            per_pixel,
            "Every pixel has its own mean and variance, over the images only. A channel is treated alike everywhere: take "
            "its statistics over N, H and W.",
            SECTION,
        ),
        Mistake(
            "reshape_without_transpose",
            reshaped,
            "`x.reshape(-1, C)` on (N, C, H, W) moves no axis: its columns mix the channels. First bring C to the end, "
            "`x.transpose(0, 2, 3, 1)`, then reshape.",
            SECTION,
        ),
        Mistake(
            "reshape_back_without_transpose",
            reshaped_back,
            "The way there is right, the way back is not: `reshape(x.shape)` cuts the columns in the wrong places. Reshape "
            "to (N, H, W, C), then `transpose(0, 3, 1, 2)`.",
            SECTION,
        ),
        Mistake(
            "rows_and_columns_swapped",
            rows_and_columns_swapped,
            "H and W change places on the way: `transpose(0, 3, 2, 1)` lays the pixels out column by column, and the way "
            "back reads them row by row. Bring C to the end with `transpose(0, 2, 3, 1)`.",
            SECTION,
        ),
        Mistake(
            "per_image_statistics",
            per_image,
            "Each image has its own statistics (that is InstanceNorm). Batch normalization takes all images together: N, H "
            "and W.",
            SECTION,
        ),
        Mistake(
            "all_channels",
            all_channels,
            "One mean and variance for all channels together. Each channel has its own: leave axis 1 out of the mean.",
            SECTION,
        ),
        Mistake(
            "channels_last",
            channels_last,
            "The statistics go over axes 0, 1 and 2, as if the channels came last. In (N, C, H, W) they are axis 1: take "
            "the mean over axes 0, 2 and 3.",
            SECTION,
        ),
        Mistake(
            "affine_along_width",
            affine_along_width,
            "gamma and beta are broadcast along W, the last axis (which fits only when W = C). Give them shape "
            "(C, 1, 1).",
            SECTION,
        ),
        Mistake(
            "affine_missing",
            affine_missing,
            "This is x_hat. The layer gives back a learned scale and shift for each channel.",
            SECTION,
        ),
        Mistake(
            "ddof_one",
            ddof_one,
            "The variance is divided by N*H*W - 1. In training BatchNorm normalizes with the biased variance: `ddof=0`.",
            SECTION,
        ),
        Mistake(
            "eps_outside_root",
            eps_outside_root,
            "`eps` is added to the standard deviation. It belongs to the variance, inside the root: sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "eps_not_passed_on",
            eps_not_passed_on,
            "The result is that of eps = 1e-5, whatever is asked for. Pass `eps` on to your batchnorm_forward.",
            SECTION,
        ),
        Mistake("in_place", in_place, "`x -= ...` writes into the caller's array. Make a new one.", SECTION),
    ],
    alternatives=[with_loops, through_columns, channels_first, over_three_axes],
    hints=[
        "What plays the role of a feature here, and what are its samples?",
        "Lay the channels out as columns: C to the end, then one row for each pixel of each image. Your batchnorm_forward "
        "does the rest; then undo both steps in reverse order.",
        "`columns = x.transpose(0, 2, 3, 1).reshape(-1, c)`, `out, cache = batchnorm_forward(columns, gamma, beta, "
        "eps=eps)`, `out.reshape(n, h, w, c).transpose(0, 3, 1, 2)`.",
    ],
)
