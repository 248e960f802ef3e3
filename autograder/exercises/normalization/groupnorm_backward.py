"""groupnorm_backward: gradients of group normalization.

dx = (dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / std with dx_hat = gamma dout, the means over one group of
channels of one image, so that gamma stays inside them; dgamma and dbeta are each channel's sums over the images (Wu and
He 2018). Reference: autograd through torch.nn.functional.group_norm.
"""

import numpy as np

from autograder.exercises.normalization import groupnorm_forward
from autograder.exercises.normalization._parts import draw, gradient_scale
from autograder.exercises.normalization._slips import PARAMETERS
from autograder.judge import Case, Layer, Mistake, alternative, mistake, slips


def draw_both(rng, case):
    """The second of two forwards has another number of groups than the first."""
    if case.get("mode") != "again":
        return draw(rng, case)
    return [draw(rng, Case(case.title, **{**case.options, "groups": groups})) for groups in (3, 2)]


EXERCISE = Layer(
    functions=("groupnorm_forward", "groupnorm_backward"),
    draw=draw_both,
    reference=groupnorm_forward.reference,
    gradients=("x", "gamma", "beta"),
    scale=gradient_scale,
    section="5 · Channels in groups",
    typical=groupnorm_forward.EXERCISE.typical,
    sizes=groupnorm_forward.EXERCISE.sizes,
    forms=groupnorm_forward.EXERCISE.forms,
    cases=[
        *groupnorm_forward.EXERCISE.cases[:-1],
        # The forward's 1e6 would leave nothing of gradients but rounding.
        Case("a large offset, x + 1e4", n=2, c=6, h=4, w=5, groups=3, offset=1e4, rounding=True),
    ],
)


def backward(dout, cache):
    x_hat, std, gamma, groups = cache
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dx_hat = dout * gamma[:, None, None]
    N, C, H, W = dout.shape
    grads = dx_hat.reshape(N, groups, C // groups, H, W)
    hats = x_hat.reshape(N, groups, C // groups, H, W)
    through_mean = grads.mean(axis=(2, 3, 4), keepdims=True)
    through_var = hats * (grads * hats).mean(axis=(2, 3, 4), keepdims=True)
    dx = ((grads - through_mean - through_var) / std).reshape(dout.shape)
    return dx, dgamma, dbeta


forward = groupnorm_forward.right
right = forward, backward

MISTAKES = slips("""
means_over_one_channel:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(3, 4), keepdims=True)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(3, 4), keepdims=True)
    or grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(3, 4), keepdims=True)
    or (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(3, 4), keepdims=True)
    A mean inside dx goes over one channel, as in InstanceNorm. The statistics were the whole group's: axes 2, 3 and 4.

means_over_the_image:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(1, 2, 3, 4), keepdims=True)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(1, 2, 3, 4), keepdims=True)
    or grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(1, 2, 3, 4), keepdims=True)
    or (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(1, 2, 3, 4), keepdims=True)
    A mean inside dx goes over the whole image, as in LayerNorm. The statistics were each group's own: axes 2, 3 and 4.

means_over_the_batch:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(0, 2, 3, 4), keepdims=True)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(0, 2, 3, 4), keepdims=True)
    or grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean(axis=(0, 2, 3, 4), keepdims=True)
    or (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean(axis=(0, 2, 3, 4), keepdims=True)
    A mean inside dx goes over the images too. The statistics were each image's own: axes 2, 3 and 4.

divided_by_pixels:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.sum(axis=(2, 3, 4), keepdims=True) / (H * W)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).sum(axis=(2, 3, 4), keepdims=True) / (H * W)
    The sums inside dx are divided by H * W. A group has C / groups channels of H * W pixels.

sums_for_means:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.sum(axis=(2, 3, 4), keepdims=True)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).sum(axis=(2, 3, 4), keepdims=True)
    or grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.sum(axis=(2, 3, 4), keepdims=True)
    or (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).sum(axis=(2, 3, 4), keepdims=True)
    A sum stands where a mean belongs: each number is one of C / groups * H * W in the mean and in the variance.

gamma_outside_the_means:
    dout * gamma[:, None, None] -> dout
    return dx, dgamma, dbeta -> return dx * gamma[:, None, None], dgamma, dbeta
    gamma is taken out of the means, as in BatchNorm's closed form. Each channel of the group has its own: average
    dx_hat = dout * gamma.

constant_statistics (core): grads - through_mean - through_var -> grads
    Mean and variance are treated as constants: dx is dout * gamma / std. They depend on all numbers of the group, so
    two more roads lead from x to the loss.

mean_branch_missing: grads - through_mean - through_var -> grads - through_var
    The road through the mean is missing: each group of each image of dx must sum to 0.
variance_branch_missing: grads - through_mean - through_var -> grads - through_mean
    The road through the variance is missing: subtract what dx_hat has along x_hat, x_hat * mean(dx_hat * x_hat).
gamma_forgotten: dout * gamma[:, None, None] -> dout
    gamma is missing in dx: the chain goes through it first, dx_hat = dout * gamma.

gamma_along_columns: dout * gamma[:, None, None] -> dout * gamma
    `dout * gamma` lines gamma up with the last axis, W: right shapes only where W = C. It belongs to the channels:
    `gamma[:, None, None]`.

plus_sign: grads - through_mean - through_var -> grads - through_mean + through_var
    or grads - through_mean - through_var -> grads + through_mean - through_var
    or grads - through_mean - through_var -> grads + through_mean + through_var
    A term is added. Both take something away from dx_hat: two minus signs.

not_divided_by_std: (grads - through_mean - through_var) / std -> grads - through_mean - through_var
    The division by std is missing in dx.
divided_by_variance: (grads - through_mean - through_var) / std -> (grads - through_mean - through_var) / std**2
    dx is divided by var + eps. One root is missing: divide by std.

one_gradient_per_group:
    return dx, dgamma, dbeta -> return dx, *(total.reshape(groups, -1).sum(1) for total in (dgamma, dbeta))
    dgamma and dbeta are summed over the channels of a group. gamma and beta belong to the channels: shape (C,).

eps_forgotten: (x_hat, std, gamma, groups) -> (x_hat, np.sqrt(var), gamma, groups)
    The forward divides by sqrt(var + eps), the backward by sqrt(var): one colour gives nan. Keep the std that the
    forward used in the cache.

eps_hard_coded (detail): (x_hat, std, gamma, groups) -> (x_hat, np.sqrt(var + 1e-5), gamma, groups)
    The backward has a fixed 1e-5 where the forward had `eps`: keep the std that the forward used in the cache.

in_place (detail): dx_hat = dout * gamma[:, None, None] -> dout *= gamma[:, None, None]; dx_hat = dout
    `dout *= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += PARAMETERS


def over(split, axes):
    """Another grouping in forward and backward: `split` gives the shape in which `axes` make a group."""

    def with_groups(x, gamma, beta, groups, *, eps=1e-5):
        parts = x.reshape(split(x.shape, groups))
        std = np.sqrt(parts.var(axes, keepdims=True) + eps)
        x_hat = (parts - parts.mean(axes, keepdims=True)) / std
        out = gamma[:, None, None] * x_hat.reshape(x.shape) + beta[:, None, None]
        return out, (x_hat, std, gamma)

    def its_backward(dout, cache):
        x_hat, std, gamma = cache
        grads = (dout * gamma[:, None, None]).reshape(x_hat.shape)
        rest = grads - grads.mean(axes, keepdims=True) - x_hat * (grads * x_hat).mean(axes, keepdims=True)
        dgamma = (dout * x_hat.reshape(dout.shape)).sum(axis=(0, 2, 3))
        return (rest / std).reshape(dout.shape), dgamma, dout.sum(axis=(0, 2, 3))

    return with_groups, its_backward


MISTAKES += [
    Mistake(
        "interleaved",
        over(lambda shape, groups: (shape[0], shape[1] // groups, groups, *shape[2:]), (1, 3, 4)),
        "The groups are interleaved, forward and backward: channel k went into group k mod groups. A group is made of "
        "neighbours, as `reshape(N, groups, C // groups, H, W)` has them.",
        degree="core",
    ),
    Mistake(
        "channels_for_groups",
        over(lambda shape, groups: (shape[0], shape[1] // groups, groups, *shape[2:]), (2, 3, 4)),
        "`groups` is taken as the number of channels in a group, forward and backward. It is the number of groups.",
        degree="core",
    ),
]


@mistake(
    "The backward's groups are interleaved: channel k in group k mod groups. A group is made of neighbours, in the "
    "backward as in the forward.",
    name="interleaved_backward",
)
def interleaved_backward(dout, cache):
    x_hat, std, gamma, groups = cache
    N, C, H, W = dout.shape
    parts = (dout * gamma[:, None, None]).reshape(N, C // groups, groups, H, W)
    hats = x_hat.reshape(N, C // groups, groups, H, W)
    rest = parts - parts.mean(axis=(1, 3, 4), keepdims=True)
    rest = rest - hats * (parts * hats).mean(axis=(1, 3, 4), keepdims=True)
    dx = rest.reshape(dout.shape) / np.repeat(std[:, :, 0], C // groups, axis=1)
    return dx, (dout * x_hat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


@alternative
def group_by_group(dout, cache):
    x_hat, std, gamma, groups = cache
    dx, size = np.zeros_like(dout), dout.shape[1] // groups
    for i in range(len(dout)):
        for k in range(groups):
            part = slice(k * size, (k + 1) * size)
            g, hat = dout[i, part] * gamma[part, None, None], x_hat[i, part]
            dx[i, part] = (g - g.mean() - hat * (g * hat).mean()) / std[i, k]
    return [dx, np.einsum("nchw,nchw->c", dout, x_hat), np.einsum("nchw->c", dout)]


@alternative
def as_rows(dout, cache):
    """LayerNorm of N * groups rows, staged."""
    x_hat, std, gamma, groups = cache
    shape = (len(dout) * groups, -1)
    g = (dout * gamma.reshape(1, -1, 1, 1)).reshape(shape)
    hat, spread = x_hat.reshape(shape), std.reshape(-1, 1)
    dvar = -0.5 * (g * hat).sum(1, keepdims=True) / spread**2
    dmean = -g.sum(1, keepdims=True) / spread
    dx = g / spread + 2 * hat * spread * dvar / g.shape[1] + dmean / g.shape[1]
    return dx.reshape(dout.shape), (dout * x_hat).sum((0, 2, 3)), dout.sum((0, 2, 3))


HINTS = [
    "InstanceNorm's backward with the channels of a group taken together. gamma is not constant along a group: where "
    "does it have to come in?",
    "dx_hat = dout * gamma first; then reshape it and x_hat to (N, groups, C // groups, H, W), take away the two "
    "means over the last three axes, divide by std, reshape back. dgamma and dbeta are each channel's own.",
    "`parts = dx_hat.reshape(n, groups, c // groups, h, w)`, `hats` likewise; `dx = ((parts - parts.mean(axis=(2, 3, "
    "4), keepdims=True) - hats * (parts * hats).mean(axis=(2, 3, 4), keepdims=True)) / std).reshape(dout.shape)`.",
]
