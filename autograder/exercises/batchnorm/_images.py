"""Batch normalization of images with statistics over the wrong axes, forward and backward."""

from collections.abc import Callable

import numpy as np

from autograder.exercises.batchnorm import _slips
from autograder.judge import Mistake

DDOF = _slips.renamed(_slips.DDOF, "N", "N*H*W")

_CHANNEL = (0, 2, 3)
_WRONG = {
    "per_pixel_statistics": (
        0,
        "Every pixel has its own mean and variance, over the images only. A channel is treated alike everywhere: take "
        "its statistics over N, H and W.",
    ),
    "per_image_statistics": (
        (2, 3),
        "Each image has its own statistics (that is InstanceNorm). Batch normalization takes all images together: N, H "
        "and W.",
    ),
    "layer_norm": (
        (1, 2, 3),
        "Each image is normalized over all its channels and pixels (that is LayerNorm). Batch normalization takes each "
        "channel by itself, over N, H and W.",
    ),
    "all_channels": (
        (0, 1, 2, 3),
        "One mean and variance for all channels together. Each channel has its own: leave axis 1 out of the mean.",
    ),
    "channels_last": (
        (0, 1, 2),
        "The statistics go over axes 0, 1 and 2, as if the channels came last. In (N, C, H, W) they are axis 1: take "
        "the mean over axes 0, 2 and 3.",
    ),
}


def wrong_axes(*, backward: bool = False) -> list[Mistake]:
    """The mistakes, of the forward alone or of both functions."""
    return [
        Mistake(name, over(axes) if backward else over(axes)[0], sentence, degree="core")
        for name, (axes, sentence) in _WRONG.items()
    ]


def over(axes: int | tuple[int, ...]) -> tuple[Callable, Callable]:
    """Normalization over these axes, with gamma and beta for each channel, and its backward."""

    def forward(x, gamma, beta, *, eps=1e-5):
        std = np.sqrt(x.var(axes, keepdims=True) + eps)
        x_hat = (x - x.mean(axes, keepdims=True)) / std
        return gamma[:, None, None] * x_hat + beta[:, None, None], (x_hat, std, gamma)

    def backward(dout, cache):
        x_hat, std, gamma = cache
        dx_hat = dout * gamma[:, None, None]
        rest = dx_hat - dx_hat.mean(axes, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axes, keepdims=True)
        return rest / std, (dout * x_hat).sum(_CHANNEL), dout.sum(_CHANNEL)

    return forward, backward
