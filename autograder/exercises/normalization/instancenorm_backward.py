"""instancenorm_backward: gradients of instance normalization.

dx = (dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / std with dx_hat = gamma dout, the means over the pixels of one
channel of one image; dgamma and dbeta are sums over the images and their pixels (Ulyanov et al. 2016). Reference:
autograd through torch.nn.functional.instance_norm.
"""

import numpy as np

from autograder.exercises.normalization import instancenorm_forward
from autograder.exercises.normalization._parts import draw, gradient_scale
from autograder.exercises.normalization._slips import PARAMETERS
from autograder.judge import Case, Layer, alternative, slips

EXERCISE = Layer(
    functions=("instancenorm_forward", "instancenorm_backward"),
    draw=draw,
    reference=instancenorm_forward.reference,
    gradients=("x", "gamma", "beta"),
    scale=lambda x, gamma, beta, dout, eps=1e-5: gradient_scale(x, gamma, beta, dout, x.shape[1], eps),
    section="4 · Every image by itself",
    typical=instancenorm_forward.EXERCISE.typical,
    sizes=instancenorm_forward.EXERCISE.sizes,
    forms=instancenorm_forward.EXERCISE.forms,
    cases=[
        *instancenorm_forward.EXERCISE.cases[:-1],
        # The forward's 1e6 would leave nothing of gradients but rounding.
        Case("a large offset, x + 1e4", n=2, c=3, h=4, w=5, offset=1e4, rounding=True),
    ],
)


def backward(dout, cache):
    x_hat, std, gamma = cache
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dx_hat = dout * gamma[:, None, None]
    through_mean = dx_hat.mean(axis=(2, 3), keepdims=True)
    through_var = x_hat * (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True)
    dx = (dx_hat - through_mean - through_var) / std
    return dx, dgamma, dbeta


forward = instancenorm_forward.right
right = forward, backward

MISTAKES = slips("""
means_over_the_batch:
    dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.mean(axis=(0, 2, 3), keepdims=True)
    (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    or dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.mean(axis=(0, 2, 3), keepdims=True)
    or (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    A mean inside dx goes over the images too, as in BatchNorm. The statistics were each image's own: over H and W
    alone.

means_over_channels:
    dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.mean(axis=(1, 2, 3), keepdims=True)
    (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).mean(axis=(1, 2, 3), keepdims=True)
    or dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.mean(axis=(1, 2, 3), keepdims=True)
    or (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).mean(axis=(1, 2, 3), keepdims=True)
    A mean inside dx goes over the channels too, as in LayerNorm. The statistics were each channel's own: over H and W
    alone.

constant_statistics (core): dx_hat - through_mean - through_var -> dx_hat
    Mean and variance are treated as constants: dx is dout * gamma / std. They depend on all pixels of the channel, so
    two more roads lead from x to the loss.

mean_branch_missing: dx_hat - through_mean - through_var -> dx_hat - through_var
    The road through the mean is missing: each channel of each image of dx must sum to 0.
variance_branch_missing: dx_hat - through_mean - through_var -> dx_hat - through_mean
    The road through the variance is missing: subtract what dx_hat has along x_hat, x_hat * mean(dx_hat * x_hat).
gamma_forgotten: dout * gamma[:, None, None] -> dout
    gamma is missing in dx: the chain goes through it first, dx_hat = dout * gamma.

gamma_along_columns: dout * gamma[:, None, None] -> dout * gamma
    `dout * gamma` lines gamma up with the last axis, W: right shapes only where W = C. It belongs to the channels:
    `gamma[:, None, None]`.

sums_for_means:
    dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.sum(axis=(2, 3), keepdims=True)
    (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).sum(axis=(2, 3), keepdims=True)
    or dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.sum(axis=(2, 3), keepdims=True)
    or (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).sum(axis=(2, 3), keepdims=True)
    A sum stands where a mean belongs: each pixel is one of H*W in the mean and in the variance.

plus_sign: dx_hat - through_mean - through_var -> dx_hat - through_mean + through_var
    or dx_hat - through_mean - through_var -> dx_hat + through_mean - through_var
    or dx_hat - through_mean - through_var -> dx_hat + through_mean + through_var
    A term is added. Both take something away from dx_hat: two minus signs.

not_divided_by_std: (dx_hat - through_mean - through_var) / std -> dx_hat - through_mean - through_var
    The division by std is missing in dx.
divided_by_variance: (dx_hat - through_mean - through_var) / std -> (dx_hat - through_mean - through_var) / std**2
    dx is divided by var + eps. One root is missing: divide by std.

eps_forgotten: (x_hat, std, gamma) -> (x_hat, np.sqrt(var), gamma)
    The forward divides by sqrt(var + eps), the backward by sqrt(var): one colour gives nan. Keep the std that the
    forward used in the cache.

eps_hard_coded (detail): (x_hat, std, gamma) -> (x_hat, np.sqrt(var + 1e-5), gamma)
    The backward has a fixed 1e-5 where the forward had `eps`: keep the std that the forward used in the cache.

in_place (detail): dx_hat = dout * gamma[:, None, None] -> dout *= gamma[:, None, None]; dx_hat = dout
    `dout *= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += PARAMETERS


@alternative
def picture_by_picture(dout, cache):
    x_hat, std, gamma = cache
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for i, c in np.ndindex(dout.shape[:2]):
        g, hat = dout[i, c], x_hat[i, c]
        dgamma[c] += (g * hat).sum()
        dbeta[c] += g.sum()
        dx[i, c] = gamma[c] / std[i, c] * (g - g.mean() - hat * (g * hat).mean())
    return [dx, dgamma, dbeta]


@alternative
def staged(dout, cache):
    """Node by node: the variance, the mean, then x; gamma taken out, which is one number along the pixels."""
    x_hat, std, gamma = cache
    n = dout[0, 0].size
    scale = gamma.reshape(1, -1, 1, 1) / std
    dvar = np.einsum("nchw,nchw->nc", dout, x_hat)[..., None, None]
    dmean = np.einsum("nchw->nc", dout)[..., None, None]
    dx = scale * (dout - dmean / n - x_hat * dvar / n)
    return dx, dvar.sum(0).ravel(), dmean.sum(0).ravel()


HINTS = [
    "Each picture of H x W numbers is a row of LayerNorm. Which axes do the means inside dx go along, and which ones "
    "the sums for gamma and beta?",
    "dx_hat = dout * gamma, lined up with the channels; take away its mean over H and W and what it has along x_hat, "
    "divide by std. dgamma and dbeta have shape (C,): all images use them.",
    "`dx = (dx_hat - dx_hat.mean(axis=(2, 3), keepdims=True) - x_hat * (dx_hat * x_hat).mean(axis=(2, 3), "
    "keepdims=True)) / std`; `dgamma = (dout * x_hat).sum(axis=(0, 2, 3))`.",
]
