"""spatial_batchnorm_backward: gradients of batch normalization of images.

The gradients of (N*H*W, C), laid out as images again: dgamma and dbeta are summed over N, H and W (Ioffe and Szegedy
2015, section 3.2). Reference: autograd through torch.nn.functional.batch_norm(training=True) on four axes.
"""

import numpy as np

from autograder.exercises.batchnorm import spatial_batchnorm_forward
from autograder.exercises.batchnorm._batches import draw, gradient_scale, reference
from autograder.exercises.batchnorm._images import wrong_axes
from autograder.exercises.batchnorm._slips import CACHE, PARAMETERS
from autograder.judge import Case, Layer, alternative, slips

SECTION = "10 · Images: statistics for each channel"

EXERCISE = Layer(
    functions=("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
    draw=draw,
    reference=reference,
    gradients=("x", "gamma", "beta"),
    scale=gradient_scale,
    section=SECTION,
    typical=spatial_batchnorm_forward.EXERCISE.typical,
    sizes=spatial_batchnorm_forward.EXERCISE.sizes,
    forms=spatial_batchnorm_forward.EXERCISE.forms,
    cases=[
        Case("a few images, gamma 1 and beta 0", n=2, c=3, h=4, w=4, gamma="ones", beta="zeros"),
        Case("with a scale and a shift, not square", n=3, c=4, h=2, w=5),
        Case("as many channels as columns", n=3, c=4, h=3, w=4, gamma="any sign", weight=2),
        Case("one image", n=1, c=3, h=4, w=5),
        Case("one pixel", n=6, c=3, h=1, w=1),
        Case("the default eps", n=3, c=2, h=3, w=4, eps=None, spread=1e-2),
        Case("another eps, 1e-2", n=3, c=2, h=3, w=4, eps=1e-2, weight=2),
        Case("a channel that is constant", n=3, c=3, h=2, w=2, constant=True),
        Case("a variance of 1e-11, far below eps", n=2, c=3, h=2, w=3, spread=3e-6),
        Case("a large offset, x + 1e4", n=2, c=3, h=4, w=5, offset=1e4, rounding=True),
    ],
)


def backward(dout, cache):
    x_hat, _, std, gamma = cache
    N, C, H, W = dout.shape
    dout = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    n = N * H * W
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma / std * (dout - dbeta / n - x_hat * (dgamma / n))
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


forward = spatial_batchnorm_forward.right
right = forward, backward

MISTAKES = slips("""
divided_by_images: n = N * H * W -> n = N
    or n = N * H * W -> n = H * W
    or n = N * H * W -> n = dout.size
    The sums inside dx are divided by another number. The statistics were taken over all pixels of all images of one
    channel: N * H * W.

dout_reshaped: dout.transpose(0, 2, 3, 1).reshape(-1, C) -> dout.reshape(-1, C)
    dout is reshaped without moving C to the end, so its columns are no channels. Lay it out as x was:
    `transpose(0, 2, 3, 1)`, then reshape.

dx_reshaped: dx.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> dx.reshape(N, C, H, W)
    dx comes back by `reshape` alone, so its numbers stand in the wrong places. Reshape to (N, H, W, C), then
    `transpose(0, 3, 1, 2)`.

both_reshaped:
    dout.transpose(0, 2, 3, 1).reshape(-1, C) -> dout.reshape(-1, C)
    dx.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> dx.reshape(N, C, H, W)
    dout and dx go through `reshape` alone, while the forward moved C to the end: the columns of dout do not belong to
    those of x_hat. Transpose on the way there and on the way back.

rows_and_columns_swapped: dout.transpose(0, 2, 3, 1) -> dout.transpose(0, 3, 2, 1)
    H and W of dout change places on the way: `transpose(0, 3, 2, 1)` lays its pixels out column by column, and x_hat's
    row by row. Bring C to the end with `transpose(0, 2, 3, 1)`.

columns_returned: dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2) ->
    or dx.reshape(N, H, W, C).transpose(0, 3, 1, 2) -> dx.reshape(N, H, W, C)
    dx comes back with the channels last. It has the shape of x: reshape to (N, H, W, C), then `transpose(0, 3, 1, 2)`.

averaged_over_images: return dx, dgamma, dbeta -> return dx, dgamma / N, dbeta / N
    dgamma and dbeta are averaged over the images. Every pixel of every image uses the same gamma and beta: sum.

summed_over_images_only:
    n = N * H * W -> n = N * H * W; images = lambda columns: columns.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta -> return dx, images(dout * x_hat).sum(axis=0), images(dout).sum(axis=0)
    dgamma and dbeta still have a value for each pixel. gamma has shape (C,): sum over N, H and W.

keepdims (detail):
    return dx, dgamma, dbeta -> return dx, dgamma.reshape(1, -1, 1, 1), dbeta.reshape(1, -1, 1, 1)
    dgamma and dbeta have shape (1, C, 1, 1). A gradient has the shape of its parameter: (C,).

mean_branch_missing: dbeta / n -> 0
    The road through the mean is missing: each channel of dx must sum to 0 over N, H and W.
variance_branch_missing: x_hat * (dgamma / n) -> 0
    The road through the variance is missing: subtract what dout has along x_hat.
constant_statistics (core): dout - dbeta / n - x_hat * (dgamma / n) -> dout
    Mean and variance are treated as constants: dx is dout * gamma / std. They depend on every pixel of the channel.
plus_sign: dout - dbeta / n - x_hat * (dgamma / n) -> dout - dbeta / n + x_hat * (dgamma / n)
    The term with x_hat is added. Both terms take something away from dout: two minus signs.
gamma_forgotten: gamma / std -> 1 / std
    gamma is missing in dx.
not_divided_by_std: gamma / std -> gamma
    The division by std is missing in dx: gamma / sqrt(var + eps).
divided_by_variance: gamma / std -> gamma / std**2
    dx is divided by var + eps. One root is missing: gamma / sqrt(var + eps).

in_place (detail):
    dout = dout.transpose(0, 2, 3, 1).reshape(-1, C) -> given = dout; dout = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    return dx, dgamma, dbeta -> given[...] = dx; return given, dgamma, dbeta
    `dout[...] = ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*wrong_axes(backward=True), *PARAMETERS, *CACHE]


@alternative
def on_four_axes(dout, cache):
    x_hat, _, std, gamma = cache
    n, c, h, w = dout.shape
    x_hat = x_hat.reshape(n, h, w, c).transpose(0, 3, 1, 2)
    dx_hat = dout * gamma.reshape(1, -1, 1, 1)
    rest = dx_hat - dx_hat.mean((0, 2, 3), keepdims=True)
    rest = rest - x_hat * (dx_hat * x_hat).mean((0, 2, 3), keepdims=True)
    return rest / std[:, None, None], (dout * x_hat).sum((0, 2, 3)), np.einsum("nchw->c", dout)


@alternative
def channel_by_channel(dout, cache):
    x_hat, _, std, gamma = cache
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for c in range(dout.shape[1]):
        column, hat = dout[:, c].ravel(), x_hat[:, c]
        dgamma[c], dbeta[c] = column @ hat, column.sum()
        rest = column - column.mean() - hat * (column * hat).mean()
        dx[:, c] = (gamma[c] / std[c] * rest).reshape(dx[:, c].shape)
    return [dx, dgamma, dbeta]


HINTS = [
    "The forward laid the channels out as columns. dout has the shape of x: what has to happen to it first?",
    "Lay dout out as the forward laid out x, call one of your backward functions, and bring dx back to (N, C, H, W). "
    "dgamma and dbeta are ready.",
    "`columns = dout.transpose(0, 2, 3, 1).reshape(-1, c)`, `dx, dgamma, dbeta = batchnorm_backward_fast(columns, "
    "cache)`, `dx.reshape(n, h, w, c).transpose(0, 3, 1, 2)`.",
]
