"""spatial_batchnorm_backward: gradients of batch normalization of images.

The gradients of (N*H*W, C), laid out as images again: dgamma and dbeta are summed over N, H and W (Ioffe and Szegedy
2015, section 3.2). Reference: autograd through torch.nn.functional.batch_norm(training=True) on four axes.
"""

import numpy as np

from autograder.exercises.batchnorm._batches import backward, draw, gradient_scale, reference, to_columns, to_images
from autograder.exercises.batchnorm._batches import forward as forward_of_columns
from autograder.judge import Case, Layer, Mistake

AXES = (0, 2, 3)


def forward(x, gamma, beta, *, eps=1e-5):
    out, cache = forward_of_columns(to_columns(x), gamma, beta, eps=eps)
    return to_images(out, x.shape), cache


def forward_per_pixel(x, gamma, beta, *, eps=1e-5):
    n, _, h, w = x.shape
    out, cache = forward_of_columns(x.reshape(n, -1), gamma.repeat(h * w), beta.repeat(h * w), eps=eps)
    return out.reshape(x.shape), cache


def forward_ddof_one(x, gamma, beta, *, eps=1e-5):
    columns = to_columns(x)
    centred = columns - columns.mean(0)
    std = np.sqrt(columns.var(0, ddof=1) + eps)
    return to_images(gamma * centred / std + beta, x.shape), (columns, centred, centred / std, std, gamma)


def right(dout, cache):
    dx, dgamma, dbeta = backward(to_columns(dout), cache)
    return to_images(dx, dout.shape), dgamma, dbeta


def projected(dout, cache, count, *, by_mean=True, by_std=True):
    """dx with another divisor of the sums, or without one of them."""
    _, _, x_hat, std, gamma = cache
    columns, (_, dgamma, dbeta) = to_columns(dout), right(dout, cache)
    dx = gamma / std * (columns - by_mean * dbeta / count - by_std * x_hat * dgamma / count)
    return to_images(dx, dout.shape), dgamma, dbeta


def divided_by_images(dout, cache):
    return projected(dout, cache, dout.shape[0])


def mean_branch_missing(dout, cache):
    return projected(dout, cache, dout.size // dout.shape[1], by_mean=False)


def variance_branch_missing(dout, cache):
    return projected(dout, cache, dout.size // dout.shape[1], by_std=False)


def constant_statistics(dout, cache):
    return projected(dout, cache, 1, by_mean=False, by_std=False)


def dout_reshaped(dout, cache):
    dx, dgamma, dbeta = backward(dout.reshape(-1, dout.shape[1]), cache)
    return to_images(dx, dout.shape), dgamma, dbeta


def dx_reshaped(dout, cache):
    dx, dgamma, dbeta = backward(to_columns(dout), cache)
    return dx.reshape(dout.shape), dgamma, dbeta


def both_reshaped(dout, cache):
    dx, dgamma, dbeta = backward(dout.reshape(-1, dout.shape[1]), cache)
    return dx.reshape(dout.shape), dgamma, dbeta


def columns_returned(dout, cache):
    return backward(to_columns(dout), cache)


def per_pixel(dout, cache):
    dx, dgamma, dbeta = backward(dout.reshape(len(dout), -1), cache)
    c = dout.shape[1]
    return dx.reshape(dout.shape), dgamma.reshape(c, -1).sum(1), dbeta.reshape(c, -1).sum(1)


def averaged(dout, cache):
    dx, dgamma, dbeta = right(dout, cache)
    count = dout.size // dout.shape[1]
    return dx, dgamma / count, dbeta / count


def averaged_over_images(dout, cache):
    dx, dgamma, dbeta = right(dout, cache)
    return dx, dgamma / len(dout), dbeta / len(dout)


def summed_over_images(dout, cache):
    dx, _, _ = right(dout, cache)
    return dx, (dout * to_images(cache[2], dout.shape)).sum(0), dout.sum(0)


def keepdims(dout, cache):
    dx, dgamma, dbeta = right(dout, cache)
    return dx, dgamma.reshape(1, -1, 1, 1), dbeta.reshape(1, -1, 1, 1)


def gamma_forgotten(dout, cache):
    _, dgamma, dbeta = right(dout, cache)
    return right(dout, (*cache[:4], np.ones_like(cache[4])))[0], dgamma, dbeta


def order_swapped(dout, cache):
    dx, dgamma, dbeta = right(dout, cache)
    return dx, dbeta, dgamma


def in_place(dout, cache):
    _, dgamma, dbeta = right(dout, cache)
    dout[...] = right(dout, cache)[0]
    return dout, dgamma, dbeta


def cached_images(x, gamma, beta, *, eps=1e-5):
    mean, var = x.mean(AXES, keepdims=True), x.var(AXES, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    out = gamma.reshape(1, -1, 1, 1) * x_hat + beta.reshape(1, -1, 1, 1)
    return out, {"x_hat": x_hat, "std": std, "gamma": gamma}


def without_columns(dout, cache):
    """All on four axes, keepdims inside, squeezed at the end."""
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    dx_hat = dout * gamma.reshape(1, -1, 1, 1)
    rest = dx_hat - dx_hat.mean(AXES, keepdims=True) - x_hat * (dx_hat * x_hat).mean(AXES, keepdims=True)
    dgamma = (dout * x_hat).sum(AXES, keepdims=True)
    return rest / std, dgamma.squeeze(axis=AXES), np.einsum("nchw->c", dout)


def cached_columns(x, gamma, beta, *, eps=1e-5):
    out, cache = forward(x, gamma, beta, eps=eps)
    return [out, [cache, x.shape]]


def through_columns(dout, cache):
    columns_cache, (n, c, h, w) = cache
    dx, dgamma, dbeta = backward(np.moveaxis(dout, 1, -1).reshape(n * h * w, c), columns_cache)
    return [np.ascontiguousarray(np.moveaxis(dx.reshape(n, h, w, c), -1, 1)), dgamma, dbeta]


def cached_channels(x, gamma, beta, *, eps=1e-5):
    out, caches = np.empty_like(x), []
    for c in range(x.shape[1]):
        column = x[:, c].reshape(-1, 1)
        y, cache = forward_of_columns(column, gamma[c : c + 1], beta[c : c + 1], eps=eps)
        out[:, c] = y.reshape(x[:, c].shape)
        caches.append(cache)
    return out, tuple(caches)


def channel_by_channel(dout, cache):
    dx, dgamma, dbeta = np.zeros_like(dout), [], []
    for c, one in enumerate(cache):
        d, g, b = backward(dout[:, c].reshape(-1, 1), one)
        dx[:, c] = d.reshape(dx[:, c].shape)
        dgamma.append(g)
        dbeta.append(b)
    return dx, np.concatenate(dgamma), np.concatenate(dbeta)


SECTION = "10 · Images: statistics for each channel"

EXERCISE = Layer(
    functions=("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
    draw=draw,
    reference=reference,
    gradients=("x", "gamma", "beta"),
    scale=gradient_scale,
    typical={"shape": (3, 4, 2, 5)},
    cases=[
        Case("a few images, gamma 1 and beta 0", shape=(2, 3, 4, 4), gamma="ones", beta="zeros"),
        Case("with a scale and a shift, not square", shape=(3, 4, 2, 5)),
        Case("as many channels as columns", shape=(3, 4, 3, 4), gamma="any sign", weight=2),
        Case("one image", shape=(1, 3, 4, 5)),
        Case("one channel", shape=(3, 1, 4, 4)),
        Case("one pixel", shape=(6, 3, 1, 1)),
        Case("another eps, 1e-2", shape=(3, 2, 3, 4), eps=1e-2, weight=2),
        Case("a channel that is constant", shape=(3, 3, 2, 2), constant=True),
        Case("a large offset, x + 1e4", shape=(2, 3, 4, 5), offset=1e4),
    ],
    mistakes=[
        Mistake(
            "divided_by_images",
            (forward, divided_by_images),
            "The sums are divided by the number of images. The statistics were taken over all pixels: N * H * W.",
            SECTION,
        ),
        Mistake(
            "dout_reshaped",
            (forward, dout_reshaped),
            "dout is reshaped without moving C to the end, so its columns are no channels. Lay it out as x was: "
            "`transpose(0, 2, 3, 1)`, then reshape.",
            SECTION,
        ),
        Mistake(
            "dx_reshaped",
            (forward, dx_reshaped),
            "dx comes back by `reshape` alone, so its numbers stand in the wrong places. Reshape to (N, H, W, C), then "
            "`transpose(0, 3, 1, 2)`.",
            SECTION,
        ),
        Mistake(
            "both_reshaped",
            (forward, both_reshaped),
            "dout and dx go through `reshape` alone, while the forward moved C to the end: the columns of dout do not "
            "belong to those of x_hat. Transpose on the way there and on the way back.",
            SECTION,
        ),
        Mistake(
            "columns_returned",
            (forward, columns_returned),
            "dx comes back as (N*H*W, C). It has the shape of x: reshape to (N, H, W, C), then `transpose(0, 3, 1, 2)`.",
            SECTION,
        ),
        Mistake(
            "per_pixel_statistics",
            (forward_per_pixel, per_pixel),
            "Every pixel has its own mean and variance, over the images only. A channel is treated alike everywhere: take "
            "its statistics over N, H and W.",
            SECTION,
        ),
        Mistake(
            "averaged_gradients",
            (forward, averaged),
            "dgamma and dbeta are averaged over the pixels. Every pixel uses the same gamma and beta: sum.",
            SECTION,
        ),
        Mistake(
            "averaged_over_images",
            (forward, averaged_over_images),
            "dgamma and dbeta are averaged over the images. Every pixel of every image uses the same gamma and beta: sum.",
            SECTION,
        ),
        Mistake(
            "summed_over_images_only",
            (forward, summed_over_images),
            "dgamma and dbeta still have a value for each pixel. gamma has shape (C,): sum over N, H and W.",
            SECTION,
        ),
        Mistake(
            "keepdims",
            (forward, keepdims),
            "dgamma and dbeta have shape (1, C, 1, 1). A gradient has the shape of its parameter: (C,).",
            SECTION,
        ),
        Mistake(
            "mean_branch_missing",
            (forward, mean_branch_missing),
            "The road through the mean is missing: each channel of dx must sum to 0 over N, H and W.",
            SECTION,
        ),
        Mistake(
            "variance_branch_missing",
            (forward, variance_branch_missing),
            "The road through the variance is missing: subtract what dout has along x_hat.",
            SECTION,
        ),
        Mistake(
            "constant_statistics",
            (forward, constant_statistics),
            "Mean and variance are treated as constants: dx is dout * gamma / std. They depend on every pixel of the "
            "channel.",
            SECTION,
        ),
        Mistake("gamma_forgotten", (forward, gamma_forgotten), "gamma is missing in dx.", SECTION),
        Mistake(
            "ddof_one",
            (forward_ddof_one, right),
            "The variance in your forward is divided by N*H*W - 1. BatchNorm normalizes with the biased variance.",
            SECTION,
        ),
        Mistake(
            "order_swapped",
            (forward, order_swapped),
            "dgamma and dbeta come back in the wrong order: dx, dgamma, dbeta.",
            SECTION,
        ),
        Mistake(
            "in_place",
            (forward, in_place),
            "`dout[...] = ...` writes into the caller's array. Make a new one.",
            SECTION,
        ),
    ],
    alternatives=[
        (cached_images, without_columns),
        (cached_columns, through_columns),
        (cached_channels, channel_by_channel),
    ],
    hints=[
        "The forward laid the channels out as columns. dout has the shape of x: what has to happen to it first?",
        "Lay dout out as the forward laid out x, call one of your backward functions, and bring dx back to (N, C, H, W). "
        "dgamma and dbeta are ready.",
        "`columns = dout.transpose(0, 2, 3, 1).reshape(-1, c)`, `dx, dgamma, dbeta = batchnorm_backward_fast(columns, "
        "cache)`, `dx.reshape(n, h, w, c).transpose(0, 3, 1, 2)`.",
    ],
)
