# %% [markdown]
# # 08 · Normalization: whose mean?
#
# **The question.** BatchNorm takes its mean over the batch, and pays for it: small batches, odd batches, recurrent
# networks. Whose mean could one take instead, and is a mean needed at all?
#
# **You will be able to**
# - write Layer, Instance, Group and Weight normalization, mean-only and decorrelated BatchNorm, forward and backward;
# - say which numbers share a mean, and so which samples hear of one another;
# - name BatchNorm's pitfalls, and what each of the others does about them;
# - judge a results table by its spread.
#
# **You need** 07_batchnorm, and for section 8 `zca_whiten` of 06_initialization, with the
# [eigendecomposition](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/eigendecomposition.html) of a covariance.
#
# **Left out:** RMSNorm, spectral normalization, convolutional networks.
#
# **Time:** about 190 minutes.
#
# **Core path:** sections 1 to 3, 5, 6, 9 and 10: about 120 minutes. Sections 4, 7 and 8 are further relatives; pictures that
# would show them do without.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# BatchNorm, as you wrote it in 07_batchnorm: what follows is measured against it.


# %%
def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return batch normalization of (N, D), and its cache."""
    centred = x - x.mean(axis=0)
    std = np.sqrt(np.mean(centred**2, axis=0) + eps)
    x_hat = centred / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def batchnorm_backward(dout, cache):
    """Return dx, dgamma, dbeta, in closed form."""
    x_hat, std, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dx = gamma / std * (dout - (dbeta + x_hat * dgamma) / len(dout))
    return dx, dgamma, dbeta


# %% [markdown]
# ## 1 · Rows instead of columns
#
# ### Idea
# With BatchNorm every sample is measured by its companions: take away the companions, and there is no answer.
# [Ba, Kiros and Hinton (2016)](https://arxiv.org/abs/1607.06450) turn the table by 90 degrees. Each sample is normalized
# over *its own features*: no batch, no running statistics, and training and inference are the same function.

# %% [markdown]
# ### Equation
#
# For one sample with features $x_1, \dots, x_D$ (Ba et al. 2016, equation 3):
#
# $$\mu = \frac1D\sum_j x_j \qquad \sigma^2 = \frac1D\sum_j (x_j - \mu)^2$$
#
# $$\hat x_j = \frac{x_j - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad \mathrm{out}_j = \gamma_j\,\hat x_j + \beta_j$$
#
# - $\mu$, $\sigma^2$: mean and biased variance of this sample;
# - $\gamma$, $\beta$ (`gamma`, `beta`): one of each for every *feature*, as before, shared by all samples;
# - $\epsilon$ (`eps`): inside the root.


# %% exercise="layernorm_forward" core=1
def layernorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return layer normalization, and its cache.

    out = gamma * (x - mean) / sqrt(var + eps) + beta, mean and biased
    variance of each row over its own features (Ba, Kiros and Hinton
    2016, equation 3). As F.layer_norm(x, (D,), gamma, beta, eps).

    Parameters
    ----------
    x : ndarray of shape (N, D), N >= 1, D >= 1
    gamma, beta : ndarray of shape (D,)
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=1, keepdims=True)
    var = np.mean(centred**2, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    return gamma * x_hat + beta, (x_hat, std, gamma)
    ### END SOLUTION


# %% check="layernorm_forward" points=5
check("layernorm_forward", layernorm_forward, points=5)

# %% [markdown]
# ### Picture
# Six samples of ten features; sample 1 was multiplied by 4, and 6 was added to sample 4. Predict first: which of the
# two layers takes that away?

# %% demo="norm_rows"
plots.norm_rows(layernorm_forward, seed=SEED)

# %% [markdown]
# ### Question
# One sample of a batch is watched. Five times something changes. Predict for each layer: does its output move? Then
# run.

# %% demo="norm_changes"
plots.norm_changes(layernorm_forward, seed=SEED)

# %% [markdown]
# <details><summary>Answer</summary>
#
# They are mirror images. BatchNorm does not notice a feature with another unit, LayerNorm does not notice a brighter
# or louder *sample*; each moves where the other stands. And a neighbour times 10 moves BatchNorm's output by 1.00,
# LayerNorm's by 0.
#
# The two tiny numbers are `eps`: it has a size, so the scale is not quite forgotten.
#
# What LayerNorm loses: with two features, any sample becomes $(+1, -1)$ or $(-1, +1)$. With one, only `beta` is left.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x, gamma, beta = torch.randn(4, 6), torch.rand(6), torch.rand(6)
# out = torch.nn.functional.layer_norm(x, (6,), gamma, beta)
# out, layernorm_forward(x.numpy(), gamma.numpy(), beta.numpy())[0]
# ```
#
# </details>

# %% [markdown]
# ## 2 · LayerNorm, backward
#
# ### Idea
# The roads are those of 07: through $\hat x$, through the variance, through the mean; only the sums run along the
# row. So BatchNorm's closed form with another `axis` should do. It nearly does, and the difference is the most
# frequent mistake in this notebook: in BatchNorm $\gamma$ is *constant* along the axis of the mean.

# %% [markdown]
# ### Equation
#
# With $d\hat x_j = \mathrm{dout}_j\,\gamma_j$, means over the features of one sample:
#
# $$dx_j = \frac{1}{\sqrt{\sigma^2 + \epsilon}}\Bigl(d\hat x_j - \frac1D\sum_k d\hat x_k
# - \hat x_j\,\frac1D\sum_k d\hat x_k\,\hat x_k\Bigr)$$
#
# $$d\gamma_j = \sum_n \mathrm{dout}_{nj}\,\hat x_{nj} \qquad d\beta_j = \sum_n \mathrm{dout}_{nj}$$
#
# Two kinds of sums: along the row where the statistics were taken, over the samples where a parameter was shared.


# %% exercise="layernorm_backward" core=2
def layernorm_backward(dout, cache):
    """Return the gradients of layer normalization.

    dx = (dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std
    with dx_hat = dout * gamma and means over the features of each row;
    dgamma and dbeta are sums over the samples.

    Parameters
    ----------
    dout : ndarray of shape (N, D); upstream gradient
    cache : what your layernorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dgamma, dbeta : ndarray of shape (D,); sums, no averages
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dx_hat = dout * gamma
    through_mean = dx_hat.mean(axis=1, keepdims=True)
    through_var = x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)
    return (dx_hat - through_mean - through_var) / std, dgamma, dbeta
    ### END SOLUTION


# %% check="layernorm_backward" points=6
check(
    "layernorm_backward",
    layernorm_forward,
    layernorm_backward,
    points=6,
)

# %% [markdown]
# ### Picture
# Your gradients against central differences of your own forward; beside them, two wrong ones.

# %% demo="norm_gradient_check"
plots.norm_gradient_check(layernorm_forward, layernorm_backward)

# %% [markdown]
# ### Question
# What is the sum of each *row* of your `dx`, for any `dout`? And of each column? When is it right to take $\gamma$
# out of the means?
#
# <details><summary>Answer</summary>
#
# Each row sums to 0: adding one number to a whole sample changes nothing. Columns sum to nothing in particular, since
# samples do not know of each other.
#
# $\gamma$ may leave the means where it is the same for all that share them: in BatchNorm and InstanceNorm, and at the
# start of a training, when $\gamma = 1$ everywhere. So this mistake passes a first test, and shows after some steps.
# In the picture, with $\gamma$ between 0.5 and 2, it is wrong in every row.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, dout = torch.nn.LayerNorm(6), torch.randn(4, 6)
# layer.weight.data = torch.rand(6)
# x = torch.randn(4, 6, requires_grad=True)
# layer(x).backward(dout)
# gamma = layer.weight.detach().numpy()
# _, cache = layernorm_forward(x.detach().numpy(), gamma, np.zeros(6))
# dx, dgamma, dbeta = layernorm_backward(dout.numpy(), cache)
# (x.grad, layer.weight.grad, layer.bias.grad), (dx, dgamma, dbeta)
# ```
#
# </details>

# %% [markdown]
# ## 3 · Who shares a mean?
#
# ### Idea
# Images `(N, C, H, W)` leave a choice. [Wu and He (2018)](https://arxiv.org/abs/1803.08494) draw it as a cube (figure 2;
# lecture 002 shows it): colour the entries that are averaged together, and a method is nothing but a colouring.
#
# ### Equation
#
# $$\mu = \frac{1}{|S|}\sum_{(n, c, h, w) \in S} x_{nchw}$$
#
# - $S$: all entries that share a mean with a given one. A kind of normalization says which indices run freely.


# %% exercise="norm_axes" core=1
def norm_axes(kind):
    """Return the axes of (N, C, H, W) that share a mean.

    So that x.mean(norm_axes(kind), keepdims=True) is what is taken
    away: "batch" as F.batch_norm, "layer" as F.group_norm(x, 1), the
    whole image, "instance" as F.instance_norm. Wu and He (2018),
    figure 2.

    Parameters
    ----------
    kind : str; "batch", "layer" or "instance"

    Returns
    -------
    axes : tuple of int

    Raises
    ------
    ValueError : another kind, "group" too: no axes of x give it
    """
    ### BEGIN SOLUTION
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}
    if kind not in axes:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(axes)}")
    return axes[kind]
    ### END SOLUTION


# %% check="norm_axes" points=4
check("norm_axes", norm_axes, points=4)

# %% [markdown]
# ### Picture
# One pixel of three images with four channels, and all that share a mean with it, by your axes.

# %% demo="norm_shared"
plots.norm_shared(norm_axes)

# %% [markdown]
# ### Question
# A batch of 32 images with 64 channels of 56 x 56. For each kind: how many means are there, and how many numbers go
# into each? Which kinds are left for a batch of one?
#
# <details><summary>Answer</summary>
#
# Batch: 64 means of $32 \cdot 56^2 = 100{,}352$ numbers. Layer: 32 of $64 \cdot 56^2 = 200{,}704$. Instance:
# $32 \cdot 64 = 2048$ of 3136.
#
# With one image, layer and instance are what they were. Batch is still defined, but has become instance.
#
# A trap in the name: "layer" in Wu and He's figure shares over C, H and W. Transformers and ConvNeXt say LayerNorm
# and share over C alone; `F.layer_norm` gives every *element* its own $\gamma$.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x = torch.randn(3, 4, 5, 5)
# axes = norm_axes("instance")
# mean, var = x.mean(axes, keepdim=True), x.var(axes, False, keepdim=True)
# mine = (x - mean) / (var + 1e-5) ** 0.5
# torch.nn.functional.instance_norm(x), mine
# ```
#
# </details>

# %% [markdown]
# ## 4 · Every image by itself
#
# ### Idea
# A photograph at dusk has other means and variances than the same at noon, channel by channel. If that is just what
# you do *not* want to know, take it away from each image alone.
# [Ulyanov, Vedaldi and Lempitsky (2016)](https://arxiv.org/abs/1607.08022) did, for pictures in the style of a painter.

# %% [markdown]
# ### Equation
#
# $$\mu_{nc} = \frac{1}{HW}\sum_{h,w} x_{nchw} \qquad \sigma^2_{nc} = \frac{1}{HW}\sum_{h,w} (x_{nchw} - \mu_{nc})^2$$
#
# $$\mathrm{out}_{nchw} = \gamma_c\,\frac{x_{nchw} - \mu_{nc}}{\sqrt{\sigma^2_{nc} + \epsilon}} + \beta_c$$
#
# - $\gamma_c$, $\beta_c$: one for each channel, shape `(C,)`. NumPy lines such a vector up with the *last* axis,
#   which is $W$: where $W = C$ that is no error, only wrong.


# %% exercise="instancenorm_forward" extra=1
def instancenorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return instance normalization of images, and its cache.

    Mean and biased variance of each channel of each image, over H and
    W (Ulyanov et al. 2016). As F.instance_norm(x, weight=gamma,
    bias=beta, eps=eps): the image's own statistics, always.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), H * W >= 2
    gamma, beta : ndarray of shape (C,)
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=(2, 3), keepdims=True)
    var = np.mean(centred**2, axis=(2, 3), keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    return out, (x_hat, std, gamma)
    ### END SOLUTION


# %% check="instancenorm_forward" points=4
check("instancenorm_forward", instancenorm_forward, points=4)

# %% [markdown]
# ### Equation
# Section 2's, with the pixels of a channel in place of the features of a row. $\gamma_c$ is constant there. And mind
# the shapes: every image has statistics of its own, but all of them use the *same* $\gamma$.


# %% exercise="instancenorm_backward" extra=2
def instancenorm_backward(dout, cache):
    """Return the gradients of instance normalization.

    dx = (dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std
    with dx_hat = dout * gamma and means over H and W; dgamma and dbeta
    are sums over N, H and W.

    Parameters
    ----------
    dout : ndarray of shape (N, C, H, W); upstream gradient
    cache : what your instancenorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dgamma, dbeta : ndarray of shape (C,); sums, no averages
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma = cache
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dx_hat = dout * gamma[:, None, None]
    through_mean = dx_hat.mean(axis=(2, 3), keepdims=True)
    along = (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True)
    return (dx_hat - through_mean - x_hat * along) / std, dgamma, dbeta
    ### END SOLUTION


# %% check="instancenorm_backward" points=4
check(
    "instancenorm_backward",
    instancenorm_forward,
    instancenorm_backward,
    points=4,
)

# %% [markdown]
# ### Picture
# One photograph under three lights makes a batch of three. Predict first: which row will show three equal pictures?

# %% demo="norm_lights"
plots.norm_lights(instancenorm_forward)

# %% [markdown]
# ### Question
# Would you put InstanceNorm into a network that tells day from night? And why is the difference below the last row
# 0.001, and not 0?
#
# <details><summary>Answer</summary>
#
# No: brightness, contrast and tint are gone, and that was the answer. Where they are a nuisance (style transfer,
# other cameras) it is just right.
#
# `eps` again. The dark picture's variance is $0.35^2 \approx 0.12$ of the first one's, so the same `1e-5` is a larger
# share of it.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer = torch.nn.InstanceNorm2d(3, affine=True)
# layer.weight.data = torch.rand(3)
# x = torch.randn(2, 3, 5, 5, requires_grad=True)
# layer(x).sum().backward()
# gamma = layer.weight.detach().numpy()
# out, cache = instancenorm_forward(x.detach().numpy(), gamma, np.zeros(3))
# grads = instancenorm_backward(np.ones(x.shape), cache)
# (layer(x), layer.weight.grad, layer.bias.grad), (out, *grads[1:])
# ```
#
# </details>

# %% [markdown]
# ## 5 · Channels in groups
#
# ### Idea
# LayerNorm mixes all channels of an image, InstanceNorm none. Between them lies a number that can be chosen: Wu and
# He (2018) put neighbouring channels into groups, and each group has its own mean. No whole axes of `x` do that, so
# `norm_axes` had to refuse.

# %% [markdown]
# ### Equation
#
# $G$ groups (`groups`) of $C/G$ channels: group $k$ holds channels $k\,C/G$ to $(k+1)\,C/G - 1$ (Wu and He, equation
# 7). Mean and biased variance go over the channels *and* pixels of one group of one image, $(C/G) \cdot H \cdot W$
# numbers. $\gamma$ and $\beta$ still belong to the channels.
#
# A reshape makes the groups an axis. It cuts what is neighbouring in memory, and neighbours are what we want.


# %% exercise="groupnorm_forward" core=2
def groupnorm_forward(x, gamma, beta, groups, *, eps=1e-5):
    """Return group normalization of images, and its cache.

    Mean and biased variance over the consecutive channels of a group
    and their pixels (Wu and He 2018, equation 7). As
    F.group_norm(x, groups, gamma, beta, eps).

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), (C / groups) * H * W >= 2
    gamma, beta : ndarray of shape (C,)
    groups : int; how many groups, divides C
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    n, c, h, w = x.shape
    parts = x.reshape(n, groups, c // groups, h, w)
    centred = parts - parts.mean(axis=(2, 3, 4), keepdims=True)
    var = np.mean(centred**2, axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (centred / std).reshape(x.shape)
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    return out, (x_hat, std, gamma, groups)
    ### END SOLUTION


# %% check="groupnorm_forward" points=5
check("groupnorm_forward", groupnorm_forward, points=5)


# %% exercise="groupnorm_backward" core=2
def groupnorm_backward(dout, cache):
    """Return the gradients of group normalization.

    dx = (dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std
    with dx_hat = dout * gamma and means over each group of each image;
    dgamma and dbeta are each channel's sums over N, H and W.

    Parameters
    ----------
    dout : ndarray of shape (N, C, H, W); upstream gradient
    cache : what your groupnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dgamma, dbeta : ndarray of shape (C,); sums, no averages
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma, groups = cache
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    n, c, h, w = dout.shape
    shape = (n, groups, c // groups, h, w)
    grads = (dout * gamma[:, None, None]).reshape(shape)
    hats = x_hat.reshape(shape)
    along = (grads * hats).mean(axis=(2, 3, 4), keepdims=True)
    rest = grads - grads.mean(axis=(2, 3, 4), keepdims=True) - hats * along
    return (rest / std).reshape(dout.shape), dgamma, dbeta
    ### END SOLUTION


# %% check="groupnorm_backward" points=5
check(
    "groupnorm_backward",
    groupnorm_forward,
    groupnorm_backward,
    points=5,
)

# %% [markdown]
# ### Question
# All kinds at once; the fourth panel is *measured*: one pixel is changed, and what moves in your `groupnorm_forward`
# is coloured. Play, and predict first: (1) Which numbers of groups make the fourth panel one of the others? (2) Which
# slider changes only one panel? (3) Is $\gamma$ a constant along the mean, for 1, 2, 4, 8 groups?

# %% demo="sharing_explorer"
widgets.sharing_explorer(norm_axes, groupnorm_forward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) One group is layer (72 pixels), eight are instance (9); two and four lie between (36 and 18). (2) `groups`.
# Moving the pixel to another image moves the coloured parts of all but batch, where every image is coloured anyway.
# (3) Only for 8: with fewer, a group holds several channels, and each has its own $\gamma$. That is why $\gamma$ must
# stay inside the means here.
#
# If the fourth panel has stripes, your groups are interleaved.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, dout = torch.nn.GroupNorm(2, 6), torch.randn(2, 6, 5, 5)
# layer.weight.data = torch.rand(6)
# x = torch.randn(2, 6, 5, 5, requires_grad=True)
# layer(x).backward(dout)
# gamma = layer.weight.detach().numpy()
# out, cache = groupnorm_forward(x.detach().numpy(), gamma, np.zeros(6), 2)
# dx, dgamma, _ = groupnorm_backward(dout.numpy(), cache)
# (layer(x), x.grad, layer.weight.grad), (out, dx, dgamma)
# ```
#
# </details>

# %% [markdown]
# ## 6 · Length and direction
#
# ### Idea
# All of these normalize *activations*. [Salimans and Kingma (2016)](https://arxiv.org/abs/1602.07868) leave activations
# alone and rewrite the *weights*: a direction $v$, whose length does not matter, and a length $g$ of its own. No batch, no
# statistics, nothing to remember.

# %% [markdown]
# ### Equation
#
# For the weights $w$ of one unit (Salimans and Kingma, equations 2 and 3; lecture 004):
#
# $$w = \frac{g}{\lVert v \rVert}\, v \qquad
# dg = \frac{dw \cdot v}{\lVert v \rVert} \qquad
# dv = \frac{g}{\lVert v \rVert}\, dw - \frac{g\; dg}{\lVert v \rVert^2}\, v$$
#
# - $v$ (`v`): one row for each unit, shape `(out, in)`, PyTorch's layout;
# - $g$ (`g`): one number for each unit, of either sign, shape `(out,)`;
# - $dw$ (`dw`): gradient of the loss by $w$. There is no $\epsilon$.


# %% exercise="weightnorm_forward" core=1
def weightnorm_forward(v, g):
    """Return weights of given direction and length, and the cache.

    w_i = g_i * v_i / |v_i| for each row i (Salimans and Kingma 2016,
    equation 2; lecture 004). No eps. As
    torch.nn.utils.parametrizations.weight_norm with dim=0.

    Parameters
    ----------
    v : ndarray of shape (out, in); no row is 0
    g : ndarray of shape (out,); any sign

    Returns
    -------
    w : ndarray of shape (out, in), dtype of v
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    norms = np.sqrt((v**2).sum(axis=1, keepdims=True))
    w = g[:, None] * v / norms
    return w, (v, g, norms)
    ### END SOLUTION


# %% check="weightnorm_forward" points=4
check("weightnorm_forward", weightnorm_forward, points=4)


# %% exercise="weightnorm_backward" core=2
def weightnorm_backward(dw, cache):
    """Return the gradients by direction and length.

    dg_i = dw_i . v_i / |v_i|,
    dv_i = g_i / |v_i| * dw_i - g_i * dg_i / |v_i|^2 * v_i
    (Salimans and Kingma 2016, equation 3; lecture 004).

    Parameters
    ----------
    dw : ndarray of shape (out, in); gradient by w
    cache : what your weightnorm_forward returned

    Returns
    -------
    dv : ndarray of shape (out, in); at right angles to v, row by row
    dg : ndarray of shape (out,)
    """
    ### BEGIN SOLUTION
    v, g, norms = cache
    dg = (dw * v).sum(axis=1) / norms[:, 0]
    along = (g * dg)[:, None] / norms**2 * v
    dv = g[:, None] / norms * dw - along
    return dv, dg
    ### END SOLUTION


# %% check="weightnorm_backward" points=6
check(
    "weightnorm_backward",
    weightnorm_forward,
    weightnorm_backward,
    points=6,
)

# %% [markdown]
# ### Question
# SGD on $v$ in the plane; $dw$ stays the same, and `-dw` is where $w$ wants to point. $g$ is held at 1. Predict
# first: (1) Can $|v|$ ever get smaller? (2) What does a $v$ that starts 4 times as long do to the learning rate? (3)
# `lr` = 3, then 10: does it fly out? (4) `momentum` = 0.9: is the corner still right?

# %% demo="weightnorm_explorer"
widgets.weightnorm_explorer(weightnorm_forward, weightnorm_backward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) Never with plain SGD: $dv \perp v$, so $|v|^2$ grows by $\mathrm{lr}^2 |dv|^2$. (2) $dv$ is 4 times smaller and
# $v$ 4 times longer: the angle turns $4^2 = 16$ times slower. After 30 steps 43° of 70° are left, where this $v$ has
# arrived. (3) No. One step of `lr` = 10 throws $|v|$ to 9.5, and from then on the same `lr` is a small one: 14° are
# left, and fall slowly. It repairs itself, as in 07's section 9. (4) The *first* step is. Later the velocity points
# where earlier corners were: it overshoots, and $|v|$ grows to 6.0 in place of 1.1.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# `weight_norm` turns a layer's `weight` into two parameters: `original0` is $g$, of shape `(out, 1)`, `original1` is
# $v$.
#
# ```python
# import torch
#
# weight_norm = torch.nn.utils.parametrizations.weight_norm
# layer = weight_norm(torch.nn.Linear(5, 3))
# g = layer.parametrizations.weight.original0
# v = layer.parametrizations.weight.original1
# dw = torch.randn(3, 5)
# layer.weight.backward(dw)
# w, cache = weightnorm_forward(v.detach().numpy(), g.detach().numpy()[:, 0])
# dv, dg = weightnorm_backward(dw.numpy(), cache)
# (layer.weight, v.grad, g.grad[:, 0]), (w, dv, dg)
# ```
#
# </details>

# %% [markdown]
# ## 7 · The mean alone
#
# ### Idea
# WeightNorm fixes a unit's scale, but its mean still wanders. The same paper adds a BatchNorm that does nothing but
# centre. A mean is far less noisy than a variance, and cheap.

# %% [markdown]
# ### Equation
#
# For one feature over the batch (Salimans and Kingma, section 4; a row of lecture 004's table):
#
# $$\mathrm{out}_i = x_i - \frac1N\sum_k x_k + \beta$$
#
# - $\beta$ (`beta`): shape `(D,)`, added *after* the mean is gone. Before, it would vanish with it.
#
# Nothing is divided, and there is no $\gamma$. Lecture 004 writes a normalization as $\mathrm{Norm}(x, \mathcal X)$,
# with two Jacobians: by the sample $x$ itself, and by the whole batch $\mathcal X$. The backward needs both.


# %% exercise="mean_only_batchnorm_forward" extra=1
def mean_only_batchnorm_forward(x, beta):
    """Return mean-only batch normalization, and its cache.

    out = x - mean over the batch + beta; nothing is divided (Salimans
    and Kingma 2016, section 4).

    Parameters
    ----------
    x : ndarray of shape (N, D), N >= 1
    beta : ndarray of shape (D,)

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    out = x - x.mean(axis=0) + beta
    return out, None
    ### END SOLUTION


# %% check="mean_only_batchnorm_forward" points=3
check(
    "mean_only_batchnorm_forward",
    mean_only_batchnorm_forward,
    points=3,
)


# %% exercise="mean_only_batchnorm_backward" extra=1
def mean_only_batchnorm_backward(dout, cache):
    """Return the gradients of mean-only batch normalization.

    The mean depends on every x of its column: it is no constant.

    Parameters
    ----------
    dout : ndarray of shape (N, D); upstream gradient
    cache : what your mean_only_batchnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dbeta : ndarray of shape (D,); a sum, no average
    """
    ### BEGIN SOLUTION
    dbeta = dout.sum(axis=0)
    dx = dout - dout.mean(axis=0)
    return dx, dbeta
    ### END SOLUTION


# %% check="mean_only_batchnorm_backward" points=3
check(
    "mean_only_batchnorm_backward",
    mean_only_batchnorm_forward,
    mean_only_batchnorm_backward,
    points=3,
)

# %% [markdown]
# ### Picture
# One feature of a batch of eight, and the two roads of its gradient. Predict first: which bars on the left are all
# equally high?

# %% demo="norm_roads"
plots.norm_roads(
    mean_only_batchnorm_forward,
    mean_only_batchnorm_backward,
    batchnorm_forward,
    batchnorm_backward,
    seed=SEED,
)

# %% [markdown]
# ### Question
# Both `dx` sum to 0, whatever `dout` sums to. Who has taken the sum, and who would miss it? Compare 07's section 8.
#
# <details><summary>Answer</summary>
#
# The road through the batch. For the mean-only layer it is one and the same number for all, minus the mean of `dout`
# (here $3.87 / 8 = 0.48$); in BatchNorm it also leans with $\hat x$.
#
# A bias below the layer would get the sum as its gradient. It cannot change the output, so it must get 0; the naive
# gradient of 07 had only the first road, and $b$ ran away.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has no such layer; autograd differentiates the line.
#
# ```python
# import torch
#
# x, dout = torch.randn(8, 3, requires_grad=True), torch.randn(8, 3)
# beta = torch.zeros(3, requires_grad=True)
# out = x - x.mean(0) + beta
# out.backward(dout)
# mine, cache = mean_only_batchnorm_forward(x.detach().numpy(), np.zeros(3))
# grads = mean_only_batchnorm_backward(dout.numpy(), cache)
# (out, x.grad, beta.grad), (mine, *grads)
# ```
#
# </details>

# %% [markdown]
# ## 8 · Round clouds
#
# ### Idea
# BatchNorm makes every feature's variance 1, and leaves features that say the same thing twice: the cloud stays
# slanted. Lecture 004 names the whole thing, $\mathrm{Cov}^{-1/2}(x - \mathrm{E}\,x)$, before it simplifies.
# [Huang et al. (2018)](https://arxiv.org/abs/1804.08450) do not simplify.

# %% [markdown]
# ### Equation
#
# $$x_c = x - \mu_B \qquad S = \tfrac1N\, x_c^\top x_c \qquad \hat x = x_c\,(S + \epsilon I)^{-1/2} \qquad
# \mathrm{out} = \gamma\,\hat x + \beta$$
#
# - $S$: covariance of the batch, over $N$;
# - $(\cdot)^{-1/2}$: the *symmetric* inverse root. With $S = U \Lambda U^\top$ it is
#   $U (\Lambda + \epsilon I)^{-1/2}\, U^\top$: turn into the principal axes, divide, *turn back*. That is
#   `zca_whiten` of 06.
#
# `np.linalg.eigh` gives $\Lambda$ and $U$, whose *columns* are the axes.


# %% exercise="decorrelated_batchnorm_forward" extra=2
def decorrelated_batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return decorrelated batch normalization, and its cache.

    x_hat = xc @ (S + eps * I)^(-1/2), the symmetric root, with
    xc = x - mean and S = xc.T @ xc / N; out = gamma * x_hat + beta
    (Huang et al. 2018, section 3; lecture 004).

    Parameters
    ----------
    x : ndarray of shape (N, D), N >= 2
    gamma, beta : ndarray of shape (D,)
    eps : float, positive; added to the eigenvalues, inside the root

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=0)
    lam, U = np.linalg.eigh(centred.T @ centred / len(x))
    r = np.sqrt(lam + eps)
    x_hat = centred @ (U / r @ U.T)
    return gamma * x_hat + beta, (centred, U, r, x_hat, gamma)
    ### END SOLUTION


# %% check="decorrelated_batchnorm_forward" points=5
check(
    "decorrelated_batchnorm_forward",
    decorrelated_batchnorm_forward,
    points=5,
)

# %% [markdown]
# ### Question
# Four ways to treat one slanted cloud; the orange threads lead from each numbered point to where it was. Predict
# first: (1) Which of the four make the cloud round? (2) Which of these moves the points least? (3) Turn `eps` up to
# 1: what becomes of the round cloud?

# %% demo="whitening_explorer"
widgets.whitening_explorer(decorrelated_batchnorm_forward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) PCA, Cholesky, ZCA: correlation 0. BatchNorm leaves its 0.90. (2) ZCA: 0.78, against 1.06 and 1.27 with this
# cloud. It is the root that stays closest to the data, whatever the correlation; PCA turns the points into other
# axes, which may change places from one batch to the next, and the layer above would not know its features again.
#
# (3) Directions with a variance far below `eps` are no longer stretched. At `eps` = 1 yours has a correlation of 0.76
# again. PCA's stays 0: its axes are uncorrelated, however long they are.
#
# </details>

# %% [markdown]
# ### Question
# 64 pixels, batches of 500 digits and of 32. Predict: what is left of the distances between 32 digits in a batch of
# 32?

# %% demo="norm_distances"
plots.norm_distances(decorrelated_batchnorm_forward, seed=SEED)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nothing. All pairs are 7.98 to 8.00 apart, which is $\sqrt{2N}$ for $N = 32$: a round cloud of $N$ points in at
# least $N - 1$ dimensions is a regular simplex, whatever the points were. With 500 in the batch the same 32 are 6.17
# to 16.57 apart.
#
# 07's batch of two was the case $N = 2$, $D = 1$. So this layer wants batches well above the number of features, or
# features in small groups, as Huang et al. do.
#
# </details>

# %% [markdown]
# ### Equation
#
# *The hard one, for few points.* With $r = \sqrt{\lambda + \epsilon}$ and $d\hat x = \mathrm{dout}\,\gamma$, first
# back through the root, entry by entry in the axes of $U$, then through the covariance, then through the mean:
#
# $$A = \mathrm{sym}(x_c^\top\, d\hat x) \qquad
# dS = -\,U\left[\frac{(U^\top A\, U)_{ij}}{r_i\, r_j\,(r_i + r_j)}\right] U^\top$$
#
# $$dx_c = d\hat x\,(S + \epsilon I)^{-1/2} + \tfrac2N\, x_c\, dS \qquad dx = dx_c - \mathrm{mean}(dx_c)$$
#
# - $\mathrm{sym}(M) = (M + M^\top)/2$. No gap between eigenvalues is divided by, so equal ones do no harm.


# %% exercise="decorrelated_batchnorm_backward" extra=3
def decorrelated_batchnorm_backward(dout, cache):
    """Return the gradients of decorrelated batch normalization.

    dS = -U @ [(U.T @ sym(xc.T @ dx_hat) @ U)_ij / (r_i r_j (r_i +
    r_j))] @ U.T; dxc = dx_hat @ W + 2 / N * xc @ dS, where W is the
    root; dx = dxc - mean(dxc) (Huang et al. 2018, appendix A, in
    another form).

    Parameters
    ----------
    dout : ndarray of shape (N, D), N > D; upstream gradient
    cache : what your decorrelated_batchnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dgamma, dbeta : ndarray of shape (D,); sums, no averages
    """
    ### BEGIN SOLUTION
    centred, U, r, x_hat, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dx_hat = dout * gamma
    A = centred.T @ dx_hat
    A = (A + A.T) / 2
    dS = -U @ (U.T @ A @ U / (r[:, None] * r * (r[:, None] + r))) @ U.T
    dcentred = dx_hat @ (U / r @ U.T) + 2 * centred @ dS / len(dout)
    return dcentred - dcentred.mean(axis=0), dgamma, dbeta
    ### END SOLUTION


# %% check="decorrelated_batchnorm_backward" points=2
check(
    "decorrelated_batchnorm_backward",
    decorrelated_batchnorm_forward,
    decorrelated_batchnorm_backward,
    points=2,
)

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# Nor this one. Autograd through `eigh` needs eigenvalues that differ; your formula does not.
#
# ```python
# import torch
#
# x = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
# dout = torch.randn(20, 3, dtype=torch.float64)
# centred = x - x.mean(0)
# lam, U = torch.linalg.eigh(centred.T @ centred / 20)
# out = centred @ (U / (lam + 1e-5).sqrt()) @ U.T
# out.backward(dout)
# ones = np.ones(3)
# data = x.detach().numpy()
# mine, cache = decorrelated_batchnorm_forward(data, ones, 0 * ones)
# dx = decorrelated_batchnorm_backward(dout.numpy(), cache)[0]
# (out, x.grad), (mine, dx)
# ```
#
# </details>

# %% [markdown]
# ## 9 · BatchNorm's pitfalls
#
# ### Idea
# Lecture 003 lists three: its behaviour depends on how the batch is composed, it needs large batches, and it does not
# suit recurrent networks. All three come from one thing: samples hear of one another.
#
# ### Question
# One sample of a batch is dragged away along one feature; drawn is what becomes of *all* samples' feature 0. Predict
# first: (1) whose neighbours move? (2) Drag another feature: who still moves? (3) Batches of 2?

# %% demo="neighbours_explorer"
forwards = {
    "batchnorm": batchnorm_forward,
    "mean_only_batchnorm": mean_only_batchnorm_forward,
    "decorrelated_batchnorm": decorrelated_batchnorm_forward,
    "layernorm": layernorm_forward,
    "instancenorm": instancenorm_forward,
    "groupnorm": groupnorm_forward,
}
widgets.neighbours_explorer(forwards)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) The three that look at the batch. In the mean-only layer each neighbour is pushed by $20/8 = 2.5$; BatchNorm
# squeezes them together, by up to 1.60, since the outlier's spread becomes everybody's. (2) Decorrelated alone: its
# root mixes features. (3) BatchNorm's neighbour stands, at $\pm 1$ as ever, as long as nobody overtakes it: in a batch
# of two nothing but *which is larger* gets through. The mean-only one is pushed by half the distance.
#
# </details>

# %% [markdown]
# ### Picture
# Batches of 32 digits that hold one, two, five or ten *kinds* of digits. Left they come at test time, and somebody
# forgot to switch to inference. Right they come in training. Predict first: which is worse, and does LayerNorm mind?

# %% demo="norm_composition"
family = {
    "batchnorm": (batchnorm_forward, batchnorm_backward),
    "layernorm": (layernorm_forward, layernorm_backward),
    "groupnorm": (groupnorm_forward, groupnorm_backward),
    "weightnorm": (weightnorm_forward, weightnorm_backward),
    "mean_only_batchnorm": (
        mean_only_batchnorm_forward,
        mean_only_batchnorm_backward,
    ),
    "decorrelated_batchnorm": (
        decorrelated_batchnorm_forward,
        decorrelated_batchnorm_backward,
    ),
}
plots.norm_composition(family)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Left: on ten kinds at once nobody notices the bug. On a test set sorted by label the same network is wrong nine
# times in ten: what a batch has in common is what BatchNorm takes away, and that was the label. LayerNorm is as good
# as ever.
#
# Right: a batch of one kind cannot teach BatchNorm anything, for the same reason: guessing. Everybody suffers from
# such batches, since SGD is pulled from one kind to the next; with LayerNorm about half the digits are right all the
# same.
#
# </details>

# %% [markdown]
# ### Picture
# The whole family and the batch size (after Wu and He 2018, figure 1). InstanceNorm is missing: a unit is a channel
# of one pixel, and one pixel has no variance. Predict first: who rises at the left end?
# (`plots.norm_batch_sizes(family, long=True)` takes 600 steps and some minutes.)

# %% demo="norm_batch_sizes"
plots.norm_batch_sizes(family)

# %% [markdown]
# <details><summary>Answer</summary>
#
# All rise: a batch of 2 is a noisy slope, and as many steps have seen fewer digits. The line *none* shows how much
# that is; what counts is the distance to it. With 64, BatchNorm, Layer and GroupNorm halve the error. With 2,
# BatchNorm stands far above *none* (71 % against 45 %), Layer and GroupNorm a little below it. Decorrelated, with 32
# features, needs more than 16 samples, and it shows (section 8). The mean alone suffers less than BatchNorm at 2 (57
# %) and helps nowhere here; WeightNorm stays with *none*.
#
# After 600 steps (the long form) everybody has learnt, and the gains shrink: with 64, *none* has 4.1 %, BatchNorm 2.6 %,
# the mean alone 3.2 %, Layer and GroupNorm 3.7 % and 4.0 %. The cliff stays: with 2, BatchNorm has 58 %, *none* 15 %, and
# the mean alone, now, 14 %.
#
# </details>

# %% [markdown]
# ### Question
# A recurrent network uses the same weights at every time step. Which mean and variance should BatchNorm use at step
# $t$? Think before you run; the layer has random weights, and 64 sequences of 2 to 12 steps.

# %% demo="norm_time"
plots.norm_time(layernorm_forward, seed=SEED)

# %% [markdown]
# <details><summary>Answer</summary>
#
# One statistic for all steps is wrong for each: the spread goes from 0.48 to 1.53. One *per* step works in training,
# but its batch shrinks from 64 to 7, and a test sequence with 13 steps finds no statistic at all. LayerNorm takes it
# from the sequence itself, at any step: that is what it was made for (Ba et al. 2016), and why Transformers have it.
#
# The lecture's "cannot be used" is a little too strong: per-step statistics have been tried
# ([Cooijmans et al. 2017](https://arxiv.org/abs/1603.09025)).
#
# </details>

# %% [markdown]
# ## 10 · The table
#
# ### Idea
# Lecture 004 prints test errors on CIFAR-10 for five versions of one network, from 8.52 % to 7.31 %; no seeds, no
# spread. Here are the same five ways with *your* functions on the digits: 64-100-100-10, Adam, 40 epochs, `lr` to
# zero over the second half. For each seed all five share digits, first weights ($g = |v|$, $\beta = 0$) and batches.
#
# ### Picture
# First each way chooses its rate, on 300 validation digits. Predict: will it be the same one for all?

# %% demo="norm_rates"
plots.norm_rates(family)

# %% [markdown]
# Now the table, with the rates so chosen, and 497 test digits. Predict first: which of the published differences will
# be seen again, and what will be seen that the table does not print?
# (`plots.norm_table(family, long=True)`: ten seeds, three rates for all of them, 200 digits and 1,000; several
# minutes.)

# %% demo="norm_table"
plots.norm_table(family)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Neither its order nor its 1.2 points. With 200 digits all five lie between 7.0 % and 7.9 %, and each spreads by 0.4
# to 1.0 over the seeds. Paired with *normal*, seed by seed, the others are 0.4 to 0.9 lower, one and a half to three
# standard errors: a hint, and no order among the four. A test digit is 0.2 points.
#
# Ten seeds (the long form) say more. Paired with *normal*, BatchNorm is 1.17 ± 0.33 lower with 200 digits, and 0.56 ±
# 0.15 with 1,000 (1.67 % against 2.23 %); the two with a mean alone 0.70 ± 0.28, and 0.4 to 0.5 ± 0.1. So whatever looks
# at the batch is ahead, and which of the three is best stays open. WeightNorm by itself: 0.56 ± 0.16, and 0.02 ± 0.09.
#
# What shows at once is *speed*: a loss of 0.10 after 3 epochs with BatchNorm, 0.14 and 0.15 with the mean alone, 0.3 with
# neither. WeightNorm adds nothing to be seen. Digits are not CIFAR-10, and the published rows have no spread.
#
# </details>

# %% [markdown]
# ### Question (graded)
# You train a network on large images; four fit into a batch. **Which normalization do you choose, and which number
# would you print to convince a colleague who swears by BatchNorm?** Say which picture of this notebook supports you,
# what it does *not* show, and what you give up. Four to seven sentences.

# %% [markdown] answer="four_images" points=4
# ### BEGIN SOLUTION
# GroupNorm: it takes its statistics from one image, so it does not matter that only four come at once, and unlike
# InstanceNorm it keeps what the channels of a group have in common. The picture of batch sizes supports it: at 2
# BatchNorm's error is far above that of no normalization at all, GroupNorm's is not, and at 64 they are alike.
#
# But that was a small fully connected network on digits, a hundred steps long, with one learning rate for all; at 4
# the bands already overlap in part. And images have pixels: spatial BatchNorm averages over them too, so four images
# are more than four numbers.
#
# So I would print the test error of both with batches of four, each at its best rate, as mean and standard deviation
# over at least five seeds, and the paired difference with its standard error. I give up BatchNorm's folding into the
# weights at inference, and the noise of its batches, which may regularise.
# ### END SOLUTION

# %% [markdown]
# ## Where the books disagree
#
# | | this notebook | elsewhere |
# |---|---|---|
# | LayerNorm of images | over C, H, W, one $\gamma$ a channel (`F.group_norm`) | one an element (`F.layer_norm`) |
# | | | over C alone (Transformers, ConvNeXt) |
# | the two Jacobians | both, always | the naive gradient forgets the batch (004's warning) |
# | `eps` | inside the root | none (000, 001, a slide of 003); none in WeightNorm, here too |
# | InstanceNorm's statistics | the image's own, always | running ones on request (`track_running_stats`) |
# | decorrelated | one covariance for all features | groups of features (Huang et al. 2018) |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - RMSNorm ([Zhang and Sennrich 2019](https://arxiv.org/abs/1910.07467)), LayerNorm without the mean: forward and backward.
#   A check of your backward: `numerical_gradient` of 01_backprop. Put both in the place of `layernorm` in `family`: what
#   does section 9's picture of batch sizes lose?
# - Section 10's table with batches of 4 in place of 50, ten seeds, a rate chosen for each: which of the five ways gets
#   into trouble?
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [Wu and He (2018)](https://arxiv.org/abs/1803.08494): one figure for four of these, and the curve over batch sizes.
# - [Salimans and Kingma (2016)](https://arxiv.org/abs/1602.07868): the table of section 10.
# - [d2l, layer normalization](https://d2l.ai/chapter_convolutional-modern/batch-norm.html#layer-normalization): beside
#   BatchNorm, on a page.
# - PyTorch: [`LayerNorm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html),
#   [`GroupNorm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html),
#   [`weight_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html).
#
# </details>
#
# **Next:** 09_penalties asks the *loss* for simplicity.
