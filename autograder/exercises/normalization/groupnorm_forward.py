"""groupnorm_forward: group normalization of (N, C, H, W).

Mean and biased variance of each group of C / groups neighbouring channels of each image; gamma and beta belong to the
channels (Wu and He 2018, equation 7; lecture 002). Reference: torch.nn.functional.group_norm.
"""

import numpy as np

from autograder.exercises.batchnorm._slips import DEFAULT_EPS, EPS
from autograder.exercises.normalization._parts import draw
from autograder.exercises.normalization._slips import AFFINE_OF_CHANNELS
from autograder.judge import Case, F, Function, alternative, mistake, slips


def reference(x, gamma, beta, groups, eps=1e-5):
    return F.group_norm(x, groups, gamma, beta, eps)


EXERCISE = Function(
    draw=draw,
    reference=lambda x, gamma, beta, groups, eps=1e-5: (reference(x, gamma, beta, groups, eps), None),
    returns=("out", None),
    section="5 · Channels in groups",
    typical={"n": 2, "c": 6, "h": 2, "w": 5, "groups": 3, "gamma": "any sign"},
    sizes={"n": "images", "c": "channels", "h": "rows", "w": "columns"},
    forms=[
        {"n": 4, "c": 4, "h": 4, "w": 4, "groups": 2},
        {"n": 1},
        {"c": 3},
        {"groups": 1},
        {"h": 1},
        {"w": 1},
        {"n": 1, "c": 2, "h": 1, "w": 1, "groups": 1},
    ],
    cases=[
        Case("two groups of three, gamma 1 and beta 0", n=2, c=6, h=3, w=4, groups=2, gamma="ones", beta="zeros"),
        Case("three groups of two, with a scale and a shift", n=3, c=6, h=2, w=5, groups=3, weight=2),
        Case("two groups of four, gamma of any sign", n=3, c=8, h=3, w=4, groups=2, gamma="any sign", weight=2),
        Case("as many channels as columns", n=2, c=6, h=3, w=6, groups=3, gamma="any sign", weight=2),
        Case("as many channels as rows, as many images as groups", n=3, c=6, h=6, w=4, groups=3, gamma="any sign"),
        Case("one group: LayerNorm", n=3, c=4, h=3, w=5, groups=1),
        Case("as many groups as channels: InstanceNorm", n=3, c=4, h=3, w=5, groups=4),
        Case("another eps, 1e-2", n=3, c=6, h=3, w=2, groups=3, eps=1e-2, weight=2),
        Case("the default eps is 1e-5", n=3, c=6, h=3, w=2, groups=3, eps=None, spread=1e-2),
        Case("images of very different spread", n=5, c=6, h=3, w=2, groups=2, spread="very different"),
        Case("an image that is one colour", n=3, c=6, h=2, w=2, groups=3, constant=True),
        Case("a variance of 1e-11, far below eps", n=2, c=6, h=2, w=3, groups=3, spread=3e-6),
        Case("a large offset, x + 1e6", n=2, c=6, h=4, w=5, groups=3, offset=1e6, rounding=True),
    ],
)


def right(x, gamma, beta, groups, *, eps=1e-5):
    N, C, H, W = x.shape
    parts = x.reshape(N, groups, C // groups, H, W)
    mean = parts.mean(axis=(2, 3, 4), keepdims=True)
    centred = parts - mean
    var = (centred**2).mean(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (centred / std).reshape(N, C, H, W)
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    return out, (x_hat, std, gamma, groups)


MISTAKES = slips("""
channels_for_groups (core): x.reshape(N, groups, C // groups, H, W) -> x.reshape(N, C // groups, groups, H, W)
    `groups` is taken as the number of channels in a group. It is the number of groups: each has C / groups channels.

groups_ignored (core):
    x.reshape(N, groups, C // groups, H, W) -> x.reshape(N, 1, C, H, W)
    `groups` is not used: all channels of an image share their statistics (that is LayerNorm). Each group has its own.

groups_ignored (core):
    x.reshape(N, groups, C // groups, H, W) -> x.reshape(N, C, 1, H, W)
    `groups` is not used: each channel has its own statistics (that is InstanceNorm). The channels of a group share
    theirs.

batch_statistics (core):
    parts.mean(axis=(2, 3, 4), keepdims=True) -> parts.mean(axis=(0, 2, 3, 4), keepdims=True)
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> (centred**2).mean(axis=(0, 2, 3, 4), keepdims=True)
    The images of the batch share their statistics. GroupNorm takes each image by itself: leave axis 0 out of the mean.

across_the_groups (core):
    parts.mean(axis=(2, 3, 4), keepdims=True) -> parts.mean(axis=(1, 3, 4), keepdims=True)
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> (centred**2).mean(axis=(1, 3, 4), keepdims=True)
    The mean goes across the groups, axis 1, and not over the channels within one, axis 2.

pixels_apart (core):
    parts.mean(axis=(2, 3, 4), keepdims=True) -> parts.mean(axis=2, keepdims=True)
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> (centred**2).mean(axis=2, keepdims=True)
    Each pixel has a mean of its own, over the channels of a group. All pixels of the group share one: axes 2, 3 and 4.

ddof_one (detail):
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> parts.var(axis=(2, 3, 4), keepdims=True, ddof=1)
    The variance is divided by one less than there are numbers in the group. It is the biased one (`ddof=0`).

mean_not_subtracted: centred / std -> parts / std
    The mean stays in: subtract it from x before dividing.
not_divided (core): centred / std -> centred
    x is centred and no more: divide by the standard deviation sqrt(var + eps).
not_normalized (core): centred / std -> parts
    x is scaled and shifted as it came. First make mean 0 and variance 1 of every group of every image: that is x_hat.

one_gamma_per_group:
    -> gamma, beta = (np.repeat(one[:groups], len(one) // groups) for one in (gamma, beta))
    or -> gamma, beta = (np.repeat(one.reshape(groups, -1)[:, 0], len(one) // groups) for one in (gamma, beta))
    The channels of a group share one gamma and beta. The statistics are the group's, gamma and beta each channel's own.

one_pass_variance (detail):
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> (parts**2).mean(axis=(2, 3, 4), keepdims=True) - mean**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset, and only rounding is left
    (even a negative variance). Subtract the mean first, then square.

second_moment: (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> (parts**2).mean(axis=(2, 3, 4), keepdims=True)
    This is the mean of x^2, not the variance: subtract the mean first, then square.
in_place (detail): centred = parts - mean -> x -= np.repeat(mean[:, :, 0], C // groups, axis=1); centred = parts
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*EPS, *AFFINE_OF_CHANNELS, *DEFAULT_EPS]


@mistake(
    "The groups are interleaved: channel k went into group k mod groups. A group is made of neighbours: channels "
    "k C/groups to (k + 1) C/groups - 1, as `reshape(N, groups, C // groups, H, W)` has them.",
    degree="core",
)
def interleaved(x, gamma, beta, groups, *, eps=1e-5):
    N, C, H, W = x.shape
    parts = x.reshape(N, C // groups, groups, H, W)
    centred = parts - parts.mean(axis=(1, 3, 4), keepdims=True)
    std = np.sqrt((centred**2).mean(axis=(1, 3, 4), keepdims=True) + eps)
    x_hat = (centred / std).reshape(N, C, H, W)
    return gamma[:, None, None] * x_hat + beta[:, None, None], None


@alternative
def with_loops(x, gamma, beta, groups, *, eps=1e-5):
    out, size = np.empty_like(x), x.shape[1] // groups
    for image, result in zip(x, out, strict=True):
        for k in range(groups):
            part = slice(k * size, (k + 1) * size)
            hat = (image[part] - image[part].mean()) / np.sqrt(image[part].var() + eps)
            result[part] = gamma[part, None, None] * hat + beta[part, None, None]
    return [out, None]


@alternative
def as_rows(x, gamma, beta, groups, *, eps=1e-5):
    """LayerNorm of N * groups rows."""
    rows = x.reshape(len(x) * groups, -1)
    rows = rows - np.mean(rows, axis=1, keepdims=True)
    rows = rows / np.sqrt(np.mean(rows * rows, axis=1, keepdims=True) + eps)
    return np.einsum("nchw,c->nchw", rows.reshape(x.shape), gamma) + beta.reshape(1, -1, 1, 1), rows


HINTS = [
    "InstanceNorm with every `C // groups` neighbouring channels taken together. What shape makes a group an axis of "
    "its own?",
    "Reshape x to (N, groups, C // groups, H, W), take mean and biased variance over the last three axes, and "
    "reshape back before gamma and beta come, which belong to the channels. `groups` goes into the cache.",
    "`parts = x.reshape(n, groups, c // groups, h, w)`, `centred = parts - parts.mean(axis=(2, 3, 4), "
    "keepdims=True)`, `std = np.sqrt((centred**2).mean(axis=(2, 3, 4), keepdims=True) + eps)`, `x_hat = (centred / "
    "std).reshape(x.shape)`, `out = gamma[:, None, None] * x_hat + beta[:, None, None]`.",
]
