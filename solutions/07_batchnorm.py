# %% [markdown]
# # 07 · Batch normalization: make them so
#
# **The question.** A layer's input is another layer's output, so it wanders while the network learns. What happens if
# we force its mean and variance at every step, and what does that cost?
#
# **You will be able to**
# - write BatchNorm forward, backward (twice) and at inference, for vectors and for images;
# - say where its statistics come from, and where lectures and libraries disagree;
# - fold it away in a finished network;
# - tell what has been measured about *why* it helps from what has only been said.
#
# **You need** 01_backprop (the chain rule on arrays) and 02_sgd; mean and variance of a sample.
#
# **Left out:** Layer, Instance, Group and Weight normalization (08_normalization).
#
# **Time:** about 195 minutes.
#
# **Core path:** sections 1 to 5, 10 to 12 and 14, without the exercises marked *optional*: about 115 minutes.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · Make them so
#
# ### Idea
# A small network learns the digits. The next cell watches what the units of its last hidden layer are given, always on
# the same 256 images. The layers below keep changing, so the ground moves: medians wander off, some for good.
# [Ioffe and Szegedy (2015)](https://arxiv.org/abs/1502.03167) answer: subtract the mean of the mini-batch, divide by
# its standard deviation, unit by unit, *inside* the network.

# %% demo="drift_without"
plots.batchnorm_drift()

# %% [markdown]
# ### Equation
#
# For one feature, with values $x_1, \dots, x_N$ in the mini-batch $B$:
#
# $$\mu_B = \frac1N\sum_i x_i \qquad \sigma_B^2 = \frac1N\sum_i (x_i - \mu_B)^2$$
#
# $$\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} \qquad \mathrm{out}_i = \gamma\,\hat x_i + \beta$$
#
# - $\mu_B$, $\sigma_B^2$: mean and *biased* variance of the batch;
# - $\epsilon$ (`eps`): keeps the root away from 0;
# - $\gamma$, $\beta$ (`gamma`, `beta`): learned, they give back the scale and the place that we took.
#
# In code `x` is `(N, D)`, and each of the $D$ columns is treated on its own.


# %% exercise="batchnorm_forward" core=2
def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return batch normalization in training mode, and its cache.

    out = gamma * (x - mean) / sqrt(var + eps) + beta, where mean and
    var are those of this batch (Ioffe and Szegedy 2015, algorithm 1).
    var divides by N, as in F.batch_norm(x, ..., training=True).

    Parameters
    ----------
    x : ndarray of shape (N, D), N >= 2
    gamma, beta : ndarray of shape (D,)
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x
    cache : anything; what your two backward functions will need
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=0)
    std = np.sqrt(np.mean(centred**2, axis=0) + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    cache = (x_hat, centred, std, gamma)
    return out, cache
    ### END SOLUTION


# %% check="batchnorm_forward" points=6
check("batchnorm_forward", batchnorm_forward, points=6)

# %% [markdown]
# ### Picture
# Three features with other places and spreads go in. Your function takes the differences away; `gamma` and `beta` can
# give any of them back.

# %% demo="features"
plots.batchnorm_features(batchnorm_forward, seed=SEED)

# %% [markdown]
# ### Question
# Predict, then run: what is `out` for a feature that is the *same* in every sample of the batch? And what for a
# batch of two samples, at a distance of 0.1, of 1, of 1000?

# %% demo="extremes"
plots.batchnorm_extremes(batchnorm_forward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A constant feature is 0 after centring, so `out` is `beta`: `eps` has saved the division. Two samples become $+1$ and
# $-1$ *whatever their distance*, unless it is so small that `eps` counts. All that is left of two numbers is which
# one is larger. Keep that for section 11.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x, gamma, beta = torch.randn(8, 3), torch.rand(3), torch.rand(3)
# batch_norm = torch.nn.functional.batch_norm
# out = batch_norm(x, None, None, gamma, beta, training=True)
# out, batchnorm_forward(x.numpy(), gamma.numpy(), beta.numpy())[0]
# ```
#
# </details>

# %% [markdown]
# ## 2 · A memory for later
#
# ### Idea
# Now ask the finished network about a single image. A batch of one has variance 0 and is its own mean: nothing would be
# left of it. And who wants an answer that depends on which other images happened to be in the queue? So,
# while training, we keep a memory of what batches look like.

# %% [markdown]
# ### Equation
#
# After every batch, with $\alpha$ (`momentum`) the weight of the **new** one:
#
# $$\hat\mu \leftarrow (1 - \alpha)\,\hat\mu + \alpha\,\mu_B \qquad
# \hat\sigma^2 \leftarrow (1 - \alpha)\,\hat\sigma^2 + \alpha\,\frac{N}{N-1}\,\sigma_B^2$$
#
# - $\hat\mu$, $\hat\sigma^2$: `running_mean`, `running_var`.
#
# Two traps. Lectures 000 and 002 and PyTorch put $\alpha$ on the new batch, Keras puts its `momentum=0.99` on the old
# value. And PyTorch *divides* by the biased deviation but *remembers* the unbiased variance; lecture 002
# remembers the biased one. We do as PyTorch does.


# %% exercise="update_running" core=1
def update_running(running_mean, running_var, x, *, momentum=0.1):
    """Return running mean and variance after one more batch.

    running = (1 - momentum) * running + momentum * statistic of x, the
    variance with N - 1, as torch.nn.BatchNorm1d. Lecture 002 takes the
    biased variance; Keras gives momentum to the old value.

    Parameters
    ----------
    running_mean, running_var : ndarray of shape (D,); not modified
    x : ndarray of shape (N, D), N >= 2
    momentum : float in [0, 1]; weight of the new batch

    Returns
    -------
    running_mean, running_var : ndarray of shape (D,)
    """
    ### BEGIN SOLUTION
    batch_mean = x.mean(axis=0)
    batch_var = x.var(axis=0, ddof=1)
    running_mean = (1 - momentum) * running_mean + momentum * batch_mean
    running_var = (1 - momentum) * running_var + momentum * batch_var
    return running_mean, running_var
    ### END SOLUTION


# %% check="update_running" points=4
check("update_running", update_running, points=4)

# %% [markdown]
# ### Picture
# Batches of 8 from a distribution with mean 3 and variance 4. On the left, your running mean in two readings of the
# momentum. On the right, your running variance, and what lecture 002's biased one remembers.

# %% demo="running"
plots.batchnorm_running(update_running, seed=SEED)

# %% [markdown]
# ### Question
# `running_var` starts at 1. Predict: with `momentum=0.1`, after how many batches is less than one percent of that
# start left? And with 0.01?
#
# <details><summary>Answer</summary>
#
# $0.9^t < 0.01$ from $t = 44$ on, $0.99^t < 0.01$ from $t = 459$ on. After a short training a network is tested with
# statistics that still remember the guess they started from.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, x = torch.nn.BatchNorm1d(3, momentum=0.1), 5 + torch.randn(8, 3)
# layer(x)
# mine = update_running(np.zeros(3), np.ones(3), x.numpy(), momentum=0.1)
# (layer.running_mean, layer.running_var), mine
# ```
#
# </details>

# %% [markdown]
# ## 3 · One image at a time
#
# ### Idea
# In training, an image's output depends on its companions. At inference it must not.
#
# ### Equation
#
# $$\mathrm{out} = \gamma\,\frac{x - \hat\mu}{\sqrt{\hat\sigma^2 + \epsilon}} + \beta$$
#
# Section 1's formula, with the remembered $\hat\mu$ and $\hat\sigma^2$. They are constants now, so this is one fixed
# affine map for each feature.


# %% exercise="batchnorm_inference" core=1
def batchnorm_inference(
    x,
    gamma,
    beta,
    running_mean,
    running_var,
    *,
    eps=1e-5,
):
    """Return batch normalization at inference, each sample on its own.

    out = gamma * (x - running_mean) / sqrt(running_var + eps) + beta,
    as F.batch_norm(x, ..., training=False).

    Parameters
    ----------
    x : ndarray of shape (N, D), N >= 1
    gamma, beta : ndarray of shape (D,)
    running_mean, running_var : ndarray of shape (D,); not modified
    eps : float, positive; the one used in training

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x
    """
    ### BEGIN SOLUTION
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * x_hat + beta
    return out
    ### END SOLUTION


# %% check="batchnorm_inference" points=3
check("batchnorm_inference", batchnorm_inference, points=3)

# %% [markdown]
# ### Picture
# The *same* sample, put into 300 random batches of each size: a dot is its output in training mode. The line is what
# your inference says.

# %% demo="companions"
plots.batchnorm_companions(
    batchnorm_forward,
    batchnorm_inference,
    update_running,
    seed=SEED,
)

# %% [markdown]
# ### Question
# Play. Predict first: (1) With a batch of 128 and no offset the two lines nearly agree. What does an offset, data that
# has moved since the training, do to each of them? (2) Which sliders can never bring the modes together or apart?

# %% demo="explorer"
widgets.batchnorm_explorer(
    batchnorm_forward,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) In training mode the batch's mean moves along and takes the offset out again: the outputs stay where they were,
# the line moves. At inference the line stays, and the outputs move. Neither is wrong: one hides that the data has
# changed, the other is misled by it. (2) `beta` moves both by the same amount. `gamma` stretches both, and their
# difference with them, but never to 0.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `eval()` is what people forget: it makes the layer use what it remembers.
#
# ```python
# import torch
#
# layer, x = torch.nn.BatchNorm1d(3), 5 + torch.randn(8, 3)
# layer(x)
# layer.eval()
# memory = layer.running_mean.numpy(), layer.running_var.numpy()
# layer(x), batchnorm_inference(x.numpy(), np.ones(3), np.zeros(3), *memory)
# ```
#
# </details>

# %% [markdown]
# ## 4 · Backward, node by node
#
# ### Idea
# Each $x_i$ reaches the loss by three roads: through its own $\hat x_i$, through the variance, and through the mean;
# by the last two it moves *every* output of its column. Forget a road and nothing crashes. The gradient is
# just wrong.

# %% [markdown]
# ### Equation
#
# $\mathrm{dout}$ is given, $d\cdot$ is "gradient of the loss by", sums run over the batch (the paper's section 3;
# lecture 004):
#
# $$d\hat x_i = \mathrm{dout}_i\,\gamma \qquad
# d\sigma_B^2 = -\tfrac12\,(\sigma_B^2+\epsilon)^{-3/2}\sum_i d\hat x_i\,(x_i-\mu_B)$$
#
# $$d\mu_B = -\frac{1}{\sqrt{\sigma_B^2+\epsilon}}\sum_i d\hat x_i - \frac{2}{N}\,d\sigma_B^2\sum_i (x_i-\mu_B)$$
#
# $$dx_i = \frac{d\hat x_i}{\sqrt{\sigma_B^2+\epsilon}} + \frac{2}{N}\,d\sigma_B^2\,(x_i-\mu_B) + \frac1N\,d\mu_B$$
#
# $$d\gamma = \sum_i \mathrm{dout}_i\,\hat x_i \qquad d\beta = \sum_i \mathrm{dout}_i$$


# %% exercise="batchnorm_backward" core=3
def batchnorm_backward(dout, cache):
    """Return the gradients of batch normalization, node by node.

    In the order of lecture 004: dx_hat, dvar, dmean, dx, and dgamma,
    dbeta. Mean and variance depend on x: they are no constants.

    Parameters
    ----------
    dout : ndarray of shape (N, D); upstream gradient
    cache : what your batchnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dgamma, dbeta : ndarray of shape (D,); sums, no averages
    """
    ### BEGIN SOLUTION
    x_hat, centred, std, gamma = cache
    n = dout.shape[0]
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    dvar = -0.5 * (dx_hat * centred).sum(axis=0) / std**3
    dmean = -(dx_hat / std).sum(axis=0) - 2 * dvar * centred.mean(axis=0)
    dx = dx_hat / std + 2 * centred * dvar / n + dmean / n
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm_backward" points=8
check(
    "batchnorm_backward",
    batchnorm_forward,
    batchnorm_backward,
    points=8,
)

# %% [markdown]
# ### Picture
# The same as a graph, drawn as in 01_backprop, with your numbers at its ends: $x$ forks, and so does $c$. Follow the
# third sample from $\mathrm{dout}$ back to $x$, by all three roads.

# %% demo="backward_graph"
plots.batchnorm_graph(batchnorm_forward, batchnorm_backward)

# %% [markdown]
# ### Picture
# Your gradients against central differences of your own forward, entry by entry. Dark is rounding noise. Beside
# it, what the map looks like when roads are left out: a mistake like this has a face.

# %% demo="gradient_check"
plots.batchnorm_gradient_check(batchnorm_forward, batchnorm_backward)

# %% [markdown]
# ### Question
# Predict the sum of each column of `dx`, for any `dout`. Why must it be so?
#
# <details><summary>Answer</summary>
#
# Zero. Adding the same number to a whole column changes nothing in `out`, so the loss has no slope in that direction.
# Stretching the column about its mean changes nothing either (for `eps` = 0), so $\sum_i dx_i\,\hat x_i = 0$ too.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, dout = torch.nn.BatchNorm1d(3), torch.randn(8, 3)
# x = torch.randn(8, 3, requires_grad=True)
# layer(x).backward(dout)
# cache = batchnorm_forward(x.detach().numpy(), np.ones(3), np.zeros(3))[1]
# mine = batchnorm_backward(dout.numpy(), cache)
# (x.grad, layer.weight.grad, layer.bias.grad), mine
# ```
#
# </details>

# %% [markdown]
# ## 5 · Backward, in one line
#
# ### Idea
# Most of the staged computation cancels. What is left has a meaning: from `dout`, take away the two parts that
# normalization would undo anyway.

# %% [markdown]
# ### Equation
#
# $$dx_i = \frac{\gamma}{\sqrt{\sigma_B^2+\epsilon}}
# \Bigl(\mathrm{dout}_i - \frac1N\sum_j \mathrm{dout}_j - \frac{\hat x_i}{N}\sum_j \mathrm{dout}_j\,\hat x_j\Bigr)$$
#
# The two sums are $d\beta$ and $d\gamma$, which you have already. Derive it on paper before you type it: put
# $d\sigma_B^2$ and $d\mu_B$ into $dx_i$, and use $\sum_i (x_i - \mu_B) = 0$.


# %% exercise="batchnorm_backward_fast" core=3
def batchnorm_backward_fast(dout, cache):
    """Return the gradients of batch normalization, in closed form.

    dx = gamma / sqrt(var + eps)
         * (dout - dbeta / N - x_hat * dgamma / N),
    the same numbers as batchnorm_backward, in fewer passes.

    Parameters
    ----------
    dout : ndarray of shape (N, D); upstream gradient
    cache : what your batchnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dgamma, dbeta : ndarray of shape (D,); sums, no averages
    """
    ### BEGIN SOLUTION
    x_hat, _, std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma / std * (dout - dbeta / n - x_hat * (dgamma / n))
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm_backward_fast" points=7
check(
    "batchnorm_backward_fast",
    batchnorm_forward,
    batchnorm_backward_fast,
    points=7,
)

# %% [markdown]
# ### Picture
# Both functions on a batch of (512, 512), a stroke for each of 25 calls. Measured on this machine, now, and not graded.

# %% demo="timing"
plots.batchnorm_timing(
    batchnorm_forward,
    batchnorm_backward,
    batchnorm_backward_fast,
)

# %% [markdown]
# ### Question
# Both add and multiply the same numbers. Where does the time go? Then predict what section 1's picture looks like with
# your layer, and run.
#
# <details><summary>Answer</summary>
#
# Mostly into passes over memory: every operation on an `(N, D)` array reads and writes two megabytes. Count them in
# both functions and compare with the ratio in the picture.
#
# </details>

# %% demo="drift"
plots.batchnorm_drift(batchnorm_forward, batchnorm_backward_fast)

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, dout = torch.nn.BatchNorm1d(3), torch.randn(8, 3)
# x = torch.randn(8, 3, requires_grad=True)
# layer(x).backward(dout)
# cache = batchnorm_forward(x.detach().numpy(), np.ones(3), np.zeros(3))[1]
# x.grad, batchnorm_backward_fast(dout.numpy(), cache)[0]
# ```
#
# </details>

# %% [markdown]
# ## 6 · Population statistics
#
# ### Idea
# A running average forgets: it knows the last few dozen batches, made by weights that were still moving. The 2015 paper
# waits until the training is over, sends $K$ batches of $m$ samples through the finished network, and
# averages.

# %% [markdown]
# ### Equation
#
# (the paper's algorithm 2; lecture 004)
#
# $$\mathrm{E}[x] = \frac1K\sum_k \mu_k \qquad \mathrm{Var}[x] = \frac{m}{m-1}\cdot\frac1K\sum_k \sigma_k^2$$
#
# - $\mu_k$, $\sigma_k^2$: mean and *biased* variance of batch $k$.
#
# Deviations from a batch's own mean are smaller than those from the true mean, on average by $(m-1)/m$ in the square.
# The factor repairs that.


# %% exercise="population_statistics" extra=1
def population_statistics(batch_means, batch_vars, m):
    """Return mean and variance, estimated from K batches of size m.

    mean = average of the batch means, var = m / (m - 1) * average of
    the batch variances (Ioffe and Szegedy 2015, algorithm 2).

    Parameters
    ----------
    batch_means, batch_vars : ndarray of shape (K, D); biased variances
    m : int, at least 2; samples in each batch

    Returns
    -------
    mean, var : ndarray of shape (D,)
    """
    ### BEGIN SOLUTION
    mean = batch_means.mean(axis=0)
    var = m / (m - 1) * batch_vars.mean(axis=0)
    return mean, var
    ### END SOLUTION


# %% check="population_statistics" points=3
check("population_statistics", population_statistics, points=3)

# %% [markdown]
# ### Picture
# A known variance of 4, estimated from 500 batches of each size, for 40 features: mean and range.

# %% demo="population"
plots.batchnorm_population(population_statistics, seed=SEED)

# %% [markdown]
# ### Question
# Predict: from which batch size on could you forget $m/(m-1)$ and never notice?
#
# <details><summary>Answer</summary>
#
# The factor is 2 for $m = 2$, 1.07 for 16 and 1.008 for 128, and its root is what the outputs see: 1.004 for 128. For
# $m = 2$ they are too large by $\sqrt2$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With `momentum=None` the layer keeps plain averages over all batches.
#
# ```python
# import torch
#
# layer, batches = torch.nn.BatchNorm1d(3, momentum=None), torch.randn(20, 4, 3)
# for batch in batches:
#     layer(batch)
# means, variances = batches.mean(1), batches.var(1, correction=0)
# mine = population_statistics(means.numpy(), variances.numpy(), 4)
# (layer.running_mean, layer.running_var), mine
# ```
#
# </details>

# %% [markdown]
# ## 7 · Folding it away
#
# ### Idea
# At inference, BatchNorm multiplies by fixed numbers and adds fixed numbers. So does the linear layer before it. Two
# affine maps are one: in a deployed network BatchNorm costs nothing, because it is no longer there.
#
# ### Equation
#
# (the last line of the paper's algorithm 2; lecture 004)
#
# $$\mathrm{scale} = \frac{\gamma}{\sqrt{\mathrm{Var}[x]+\epsilon}} \qquad
# \mathrm{shift} = \beta - \mathrm{E}[x]\cdot\mathrm{scale} \qquad \mathrm{out} = \mathrm{scale}\cdot x +
# \mathrm{shift}$$


# %% exercise="fold" extra=1
def fold(gamma, beta, mean, var, eps):
    """Return scale and shift that do what inference does.

    scale = gamma / sqrt(var + eps), shift = beta - mean * scale, so
    that batchnorm_inference is scale * x + shift (lecture 004).

    Parameters
    ----------
    gamma, beta : ndarray of shape (D,)
    mean, var : ndarray of shape (D,); population or running
    eps : float, positive; the one used in training

    Returns
    -------
    scale, shift : ndarray of shape (D,)
    """
    ### BEGIN SOLUTION
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return scale, shift
    ### END SOLUTION


# %% check="fold" points=3
check("fold", fold, points=3)

# %% [markdown]
# ### Equation
#
# Before it stands a linear layer $x = uW + b$. We look for one that does both:
#
# $$u\,W' + b' = \mathrm{scale}\cdot(u\,W + b) + \mathrm{shift} \qquad \text{for every } u$$
#
# $W$ is `(in, out)` in this course, so each output has a *column*. PyTorch stores `(out, in)`.


# %% exercise="fold_into_linear" extra=2
def fold_into_linear(W, b, scale, shift):
    """Return the one linear layer that replaces two.

    u @ W_new + b_new = scale * (u @ W + b) + shift for every u. As
    torch.nn.utils.fuse_linear_bn_weights, whose W is (out, in).

    Parameters
    ----------
    W : ndarray of shape (in, out); not modified
    b : ndarray of shape (out,); not modified
    scale, shift : ndarray of shape (out,)

    Returns
    -------
    W : ndarray of shape (in, out)
    b : ndarray of shape (out,)
    """
    ### BEGIN SOLUTION
    W = W * scale
    b = b * scale + shift
    return W, b
    ### END SOLUTION


# %% check="fold_into_linear" points=3
check("fold_into_linear", fold_into_linear, points=3)

# %% [markdown]
# ### Picture
# A linear layer with BatchNorm, and your folded one: the outputs against each other, and the time that each takes.

# %% demo="folding"
plots.batchnorm_folding(batchnorm_inference, fold, fold_into_linear)

# %% [markdown]
# ### Question
# Could you fold BatchNorm *while training*? And what becomes of the bias $b$ of a linear layer that is followed by
# BatchNorm?
#
# <details><summary>Answer</summary>
#
# No: scale and shift would be other numbers for every batch. And $b$ is subtracted again with the mean: it does
# nothing, and `beta` has taken its place. What becomes of such a $b$ when the gradient does not know this is the next
# section.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# linear, norm = torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)
# norm(5 + torch.randn(8, 3))
# fused = torch.nn.utils.fuse_linear_bn_eval(linear.eval(), norm.eval())
# of_norm = norm.weight, norm.bias, norm.running_mean, norm.running_var
# scale, shift = fold(*(p.detach().numpy() for p in of_norm), norm.eps)
# W, b = linear.weight.detach().numpy().T, linear.bias.detach().numpy()
# (fused.weight.T, fused.bias), fold_into_linear(W, b, scale, shift)
# ```
#
# </details>

# %% [markdown]
# ## 8 · Centring that forgets
#
# ### Idea
# Why go through the statistics in the backward pass at all? Hold the mean fixed there, as if it were a constant, and
# see what happens on the smallest example there is (the paper's section 2; lecture 004).
#
# ### Equation
#
# A bias $b$, then centring, over a batch $x_1, \dots, x_N$:
#
# $$\mathrm{out}_i = x_i + b - \frac1N\sum_j (x_j + b) \qquad \text{naive } db = \sum_i \mathrm{dout}_i$$
#
# The true gradient is $\sum_i \mathrm{dout}_i \cdot \partial\,\mathrm{out}_i/\partial b$, with $b$ in *both* places.


# %% exercise="naive_centering_step" extra=2
def naive_centering_step(b, grad_out, lr):
    """Return b after one naive step, and the true gradient.

    out = x + b - mean(x + b). The naive gradient, sum(grad_out), holds
    the mean fixed; the true one goes through it (lecture 004).

    Parameters
    ----------
    b : float
    grad_out : ndarray of shape (N,); gradient of the loss by out
    lr : float, positive; step size

    Returns
    -------
    b_next : float; b - lr * naive gradient
    true_grad : float; gradient of the loss by b
    """
    ### BEGIN SOLUTION
    naive_grad = grad_out.sum()
    through_mean = grad_out.size * grad_out.mean()
    b_next = b - lr * naive_grad
    true_grad = naive_grad - through_mean
    return b_next, true_grad
    ### END SOLUTION


# %% check="naive_centering_step" points=3
check("naive_centering_step", naive_centering_step, points=3)

# %% [markdown]
# ### Picture
# 200 steps down the naive gradient of a loss that would like the outputs to be 2.

# %% demo="centering"
plots.batchnorm_centering(naive_centering_step)

# %% [markdown]
# ### Question
# The steps above had `lr = 0.05`. Predict, then run: does a tenth of it save us?

# %% demo="centering_slowly"
plots.batchnorm_centering(naive_centering_step, lr=0.005)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. The outputs never change, so the naive gradient never changes from $-2$, and $b$ walks on at constant speed: to 20
# in 200 steps, or to 2. A smaller `lr` makes it slower, not bounded.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `detach` is how one holds something fixed in PyTorch, and how this mistake gets into real code.
#
# ```python
# import torch
#
# b, x, dout = torch.zeros(1, requires_grad=True), torch.randn(8), torch.randn(8)
# (x + b - (x + b).mean().detach()).backward(dout)
# -0.1 * b.grad, [naive_centering_step(0.0, dout.numpy(), lr=0.1)[0]]
# ```
#
# </details>

# %% [markdown]
# ### Idea
# So the gradient must go through the statistics. The paper (section 2; lecture 004) writes a layer that normalizes $x$
# by a whole set $\mathcal X$ of samples as $\hat x = \mathrm{Norm}(x, \mathcal X)$: it has *two* Jacobians, and $b$
# ran away because the second one was left out.
#
# ### Equation
#
# $$\frac{\partial\, \mathrm{Norm}(x, \mathcal X)}{\partial x} \qquad\text{and}\qquad
# \frac{\partial\, \mathrm{Norm}(x, \mathcal X)}{\partial \mathcal X}$$
#
# For centring, the sample itself gives 1 and each sample of the set $-\frac1N$. For one feature of BatchNorm
# ($\gamma = 1$), with both roads in one:
#
# $$\frac{\partial \hat x_i}{\partial x_j} = \frac{1}{\sqrt{\sigma_B^2 + \epsilon}}
# \Bigl(\underbrace{\delta_{ij}}_{x} - \underbrace{\tfrac1N - \tfrac1N\, \hat x_i\, \hat x_j}_{\mathcal X}\Bigr)$$
#
# Multiply it by $\mathrm{dout}_i$, sum over $i$, and section 5's line stands there.

# %% [markdown]
# ### Idea
# What the paper wanted first was *whitening*: all features at once, over the whole training set,
#
# $$\hat x = \mathrm{Cov}(x)^{-1/2}\,(x - \mathrm{E}\,x), \qquad \mathrm{Cov}(x) = \mathrm{E}\,x x^\top -
# \mathrm{E}\,x\; \mathrm{E}\,x^\top$$
#
# Both Jacobians of that are needed at every step. Two simplifications make BatchNorm of it (section 3): each feature
# by itself, and the mini-batch for $\mathcal X$.
#
# ### Question
# A layer of 100 units, 50,000 images, batches of 64. What does each of the two simplifications save? And why does
# the second one need the first?
#
# <details><summary>Answer</summary>
#
# Without the first: a covariance of $100 \cdot 101 / 2 = 5{,}050$ numbers in place of 100 variances, and its inverse
# root, about $100^3$ operations, with a derivative. Without the second: all 50,000 images go through the network for a
# single step, and again backward, since all are in $\mathcal X$.
#
# 64 samples give a covariance of rank 63 at most: in 37 of 100 directions nothing varies, and there is no inverse root
# (only $\epsilon$'s). A variance needs two samples. Whitening returns, in 08_normalization, as decorrelated BatchNorm.
#
# </details>

# %% [markdown]
# ## 9 · The scale of the weights
#
# ### Idea
# Multiply a layer's weights by 10. Without BatchNorm it is another network. With it, the 10 is divided out again, and
# only the *gradient* notices.
#
# ### Equation
#
# For $a > 0$, $\epsilon = 0$ and the layer's input $u$ (the paper's section 3.3; lecture 004):
#
# $$\mathrm{BN}(u\,(aW)) = \mathrm{BN}(u\,W) \qquad
# \frac{\partial\,\mathrm{BN}(u\,(aW))}{\partial\,(aW)} = \frac1a\cdot\frac{\partial\,\mathrm{BN}(u\,W)}{\partial\,W}$$


# %% exercise="scale_invariance_gap" extra=3
def scale_invariance_gap(W, u, dout, a):
    """Return how outputs and gradient change with the scale of W.

    Compares BN(u @ (a W)) with BN(u @ W), gamma = 1, beta = 0, eps = 0,
    by your batchnorm_forward and one of your backward functions.

    Parameters
    ----------
    W : ndarray of shape (in, out); not modified
    u : ndarray of shape (N, in), N >= 2
    dout : ndarray of shape (N, out); upstream, the same for both
    a : float, not 0

    Returns
    -------
    output_gap : float; largest absolute difference of the outputs
    gradient_ratio : float; norm of the gradient by a W over that by W
    """

    ### BEGIN SOLUTION
    def normalized(weights):
        ones = np.ones(weights.shape[1], dtype=u.dtype)
        out, cache = batchnorm_forward(u @ weights, ones, 0 * ones, eps=0.0)
        dx, _, _ = batchnorm_backward(dout, cache)
        return out, u.T @ dx

    out, grad = normalized(W)
    scaled_out, scaled_grad = normalized(a * W)
    output_gap = np.max(np.abs(scaled_out - out))
    gradient_ratio = np.linalg.norm(scaled_grad) / np.linalg.norm(grad)
    return output_gap, gradient_ratio
    ### END SOLUTION


# %% check="scale_invariance_gap" points=5
check("scale_invariance_gap", scale_invariance_gap, points=5)

# %% [markdown]
# ### Picture
# Your function for $a$ from 0.01 to 100. Then the same factors in a *network*: all hidden layers start from He's
# weights times $a$, and are trained with one and the same `lr`.

# %% demo="scale"
plots.batchnorm_scale(scale_invariance_gap, seed=SEED)

# %% demo="start_scales"
plots.batchnorm_start_scales(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# ### Question
# Predict both numbers for $a = -2$, then run. And why does the network with BatchNorm suffer from $a = 100$, when its
# outputs at the start are the same?

# %% demo="negative_scale"
plots.batchnorm_negative_scale(scale_invariance_gap, a=-2.0)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\mathrm{BN}(-z) = -\mathrm{BN}(z)$, since the root has no sign: the outputs turn over, and the gap is twice the
# largest of them. The gradient's norm changes by $1/|a| = 0.5$. The lecture's equations need $a > 0$.
#
# With $a = 100$ the gradient is 100 times smaller and the weights 100 times larger: a step of SGD turns them
# $a^2 = 10^4$ times less. The hidden weights stand still; only `gamma`, `beta` and the last layer learn.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# u, W, dout = torch.randn(16, 5), torch.randn(5, 3), torch.randn(16, 3)
# norms = []
# for a in (1, 10):
#     scaled = (a * W).requires_grad_()
#     layer = torch.nn.BatchNorm1d(3, eps=1e-12)  # 0 is not allowed
#     layer(u @ scaled).backward(dout)
#     norms.append(scaled.grad.norm())
# mine = scale_invariance_gap(W.numpy(), u.numpy(), dout.numpy(), 10)
# norms[1] / norms[0], mine[1]
# ```
#
# </details>

# %% [markdown]
# ## 10 · Images: statistics for each channel
#
# ### Idea
# A convolution uses the same weights at every pixel, so normalization should do the same at every pixel: one mean and
# one variance for each *channel*, over all images, rows and columns.

# %% [markdown]
# ### Equation
#
# For `x` of shape `(N, C, H, W)`:
#
# $$\mu_c = \frac{1}{NHW}\sum_{n,h,w} x_{nchw} \qquad \gamma,\ \beta \text{ of shape } (C,)$$
#
# The rest stays. So make the channels the columns of an `(N*H*W, C)` matrix, and call what you have. The trap:
# `reshape` never moves an axis. It cuts the same long row of numbers into other pieces.


# %% exercise="spatial_batchnorm_forward" core=2
def spatial_batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    """Return batch normalization of images in training mode, and cache.

    Mean and biased variance over N, H and W, as F.batch_norm for four
    axes (Ioffe and Szegedy 2015, section 3.2). You may call your
    batchnorm_forward.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), N * H * W >= 2
    gamma, beta : ndarray of shape (C,)
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    cache : anything; what your backward will need
    """
    ### BEGIN SOLUTION
    n, c, h, w = x.shape
    columns = x.transpose(0, 2, 3, 1).reshape(-1, c)
    out, cache = batchnorm_forward(columns, gamma, beta, eps=eps)
    out = out.reshape(n, h, w, c).transpose(0, 3, 1, 2)
    return out, cache
    ### END SOLUTION


# %% check="spatial_batchnorm_forward" points=4
check(
    "spatial_batchnorm_forward",
    spatial_batchnorm_forward,
    points=4,
)


# %% exercise="spatial_batchnorm_backward" extra=2
def spatial_batchnorm_backward(dout, cache):
    """Return the gradients of batch normalization of images.

    You may call one of your backward functions, in the layout of your
    forward.

    Parameters
    ----------
    dout : ndarray of shape (N, C, H, W); upstream gradient
    cache : what your spatial_batchnorm_forward returned

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dgamma, dbeta : ndarray of shape (C,); sums over N, H and W
    """
    ### BEGIN SOLUTION
    n, c, h, w = dout.shape
    columns = dout.transpose(0, 2, 3, 1).reshape(-1, c)
    dx, dgamma, dbeta = batchnorm_backward_fast(columns, cache)
    dx = dx.reshape(n, h, w, c).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="spatial_batchnorm_backward" points=5
check(
    "spatial_batchnorm_backward",
    spatial_batchnorm_forward,
    spatial_batchnorm_backward,
    points=5,
)

# %% [markdown]
# ### Picture
# Change *one* pixel and mark every output that moves: those share its statistics. Measured with your function, beside
# two traps.

# %% demo="shared"
plots.batchnorm_shared(spatial_batchnorm_forward, seed=SEED)

# %% [markdown]
# ### Question
# Predict: is spatial BatchNorm in training mode defined for a batch of *one* image of 32 x 32? What does it lose?
#
# <details><summary>Answer</summary>
#
# Yes: 1024 values for each channel are plenty. But each image then loses its own brightness and contrast, channel by
# channel. That is InstanceNorm, in 08_normalization.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, x = torch.nn.BatchNorm2d(3), torch.randn(4, 3, 5, 5)
# layer(x), spatial_batchnorm_forward(x.numpy(), np.ones(3), np.zeros(3))[0]
# ```
#
# </details>

# %% [markdown]
# ## 11 · Does it train better?
#
# ### Idea
# Now the measurement. Four hidden layers of 64 units, plain SGD, the digits; with your BatchNorm and without, with the
# same first weights and the same batches. Every line is a mean over seeds, with the range from the worst to the best.
#
# ### Picture
# Predict before you run: by which factor does the range of usable learning rates grow?

# %% demo="learning_rates"
plots.batchnorm_learning_rates(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# About tenfold, at the upper end. Without it, 0.03 to 0.3 reach four fifths or more, and at 1 nothing is learnt. With
# it, 0.03 to 3 all reach nine tenths, and 10 is too much.
#
# </details>

# %% [markdown]
# ### Picture
# The price. Predict: with batches of 2, is it the *training* that fails, or only the running statistics? To find out,
# the same trained network is also judged with the statistics of all the validation images at once.

# %% demo="batch_sizes"
plots.batchnorm_batch_sizes(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# ### Question
# What do you read from the two lines with BatchNorm, and why does it happen?
#
# <details><summary>Answer</summary>
#
# They lie close together, with batches of two both near 20 %, where the network without BatchNorm has 61 %. So the
# running statistics are not the culprit: the training itself fails, and section 1 says why. In a batch of two every
# unit is $+1$ or $-1$: only *which image is larger* gets through, and that changes with the companion. Note that all
# runs take the same number of steps, so a small batch has also seen fewer images; the line without BatchNorm shows
# how much that costs. From batches of 8 on BatchNorm is ahead.
#
# </details>

# %% [markdown]
# ## 12 · But why?
#
# ### Idea
# Ioffe and Szegedy (2015) explain it by *internal covariate shift*: the drift of section 1, which BatchNorm stops.
# [Santurkar et al. (2018)](https://arxiv.org/abs/1805.11604) dispute that. They add noise *after* BatchNorm, so that
# the inputs of the next layer shift at every step, and it still trains well. They find instead that BatchNorm makes the
# loss smoother.
#
# ### Picture
# A small version of their experiment: after your BatchNorm every unit is multiplied by a random number in
# [0.5, 1.5] and moved by one in [-0.5, 0.5], new ones at every step. Predict the order of the three curves.

# %% demo="shifted"
plots.batchnorm_shifted(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# ### Picture
# And is the loss *smoother*? At every tenth step of such a training, walk along the gradient of the batch, as far as
# `lr` = 1: which losses does one meet, which share of the fall that the slope promised comes true, and where does the
# gradient point there? (After their figure 4; the shifts stand still during a walk.) Predict: which of the two others
# will the shifted network resemble?

# %% demo="smoothness"
plots.batchnorm_smoothness(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The steady one. At a distance of 0.1 both have 84 to 87 % of the promised fall, and a gradient that has hardly turned
# (cosine 0.90 to 0.93, the same for all four seeds). Without BatchNorm it is 49 ± 17 %, the cosine is 0.0 ± 0.3, and
# further on the loss *rises*, from step 70 on by more than 1. So smoothness goes with the learning rates of section 11,
# and steadiness does not.
#
# It is no proof. A gradient through BatchNorm is at right angles to the weights (section 9): a long step makes them
# longer and is forgiven. How much of this smoothness is only that, the picture cannot say.
#
# </details>

# %% [markdown]
# ### Question
# *Graded, 4 points.* Name one measurement of this notebook that fits the explanation of 2015, and one that does not fit
# it. Which other effects, also measured here, could explain the wider range of learning rates? And what would you
# measure next, to decide between them? Four to eight sentences.

# %% [markdown] answer="why_it_works" points=4
# ### BEGIN SOLUTION
# The two drift pictures fit: without BatchNorm the units' medians wander, with it they stay, and that network learns
# faster. The experiment with random shifts does not fit: there the inputs jump about ten times as far in a step as
# in the plain network, and it learns no worse than the plain one, at first even faster. So steady inputs cannot be
# the whole reason.
#
# Two other candidates: the loss is smoother along the gradient, with the shifts just as without them, so a longer step
# still does what the slope promised. And the scale of the weights: large weights get a gradient of 1/a, so after a
# step that was too long the next one turns the weights less. That would let high learning rates repair themselves.
#
# The two may be one. Next I would set the weights back to their old length after every step, and measure along the
# gradient again, and the range of learning rates: if both shrink, it was the scale.
# ### END SOLUTION

# %% [markdown]
# ## 13 · In place of dropout?
#
# ### Idea
# A sample's output depends on its companions, and those are drawn anew at every step: noise. Ioffe and Szegedy (2015,
# section 3.4) say that it regularises, and lecture 004 draws the consequence: *dropout layers can be removed*. Dropout
# is 10_dropout's subject; all that matters here is that it sets half of the units to 0, others at every step.
#
# ### Picture
# 200 digits, two hidden layers of 64 units: nothing, dropout, BatchNorm, both. Triangles are training images, dots are
# test images; the bar between is the gap. Predict for each panel: does BatchNorm close the gap? May dropout go?

# %% demo="in_place_of_dropout"
plots.batchnorm_and_dropout(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# All labels right: dropout may go, but BatchNorm is not why. Dropout costs 2.6 ± 0.7 points here (seed by seed, ±
# standard error). BatchNorm gains 0.1 ± 0.4, with dropout 0.8 ± 0.5, and the gap is 9.6 points in place of 9.7. (With
# 100 units, batches of 10 and twice as many steps BatchNorm gains 1.3 ± 0.3: smaller batches, more noise.)
#
# 20 labels wrong: BatchNorm learns them all by heart, a gap of 17 points; it is 2.8 ± 1.1 ahead of nothing, which is not
# finished learning them. Dropout refuses them. Both together are best, 7.8 ± 1.8 ahead, and taking dropout out again
# would cost 5 points.
#
# So the noise of batches is a weak regulariser. Ioffe and Szegedy measured on a million images, with nothing to be
# learnt by heart in a few passes.
#
# </details>

# %% [markdown]
# ## 14 · Before and after
#
# ### Picture
# Your layer in a whole network. Both networks may choose their best learning rate of four, on the validation images.
# They are judged on test images that chose nothing. Predict the difference after 15 steps, and at the end.

# %% demo="before_and_after"
plots.batchnorm_before_and_after(
    batchnorm_forward,
    batchnorm_backward_fast,
    batchnorm_inference,
    update_running,
)

# %% [markdown]
# ### Question
# How much of the difference at the beginning is left at the end? What would you tell a friend: does BatchNorm make a
# network *better*, or *faster and more forgiving*?
#
# <details><summary>Answer</summary>
#
# After 15 steps it is 90 % against 38 %, and without BatchNorm a seed may have anything from 9 % to 56 %. After 300
# steps one point is left of those fifty on the validation images, two on the test images: 96.5 % against 94.4 %, a
# difference of 2.0 with a spread of 0.4. Three seeds are too few to say more: with ten it is 2.8 with a spread of 1.2.
#
# So: faster for sure, 30 steps for what takes the other more than 150 (95 %), and more forgiving, as section 11
# measured. Better only a little, on a network that without it was not finished yet.
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | | this notebook | elsewhere |
# |---|---|---|
# | `momentum` | weight of the new batch (000, 002, PyTorch: 0.1) | of the old value (Keras: 0.99) |
# | remembered variance | $N/(N-1)$ times the biased one (PyTorch; 004) | biased (002) |
# | statistics for inference | running average (000, 002, PyTorch) | a pass over the data after training (2015 paper, 004) |
# | `eps` | `1e-5` (PyTorch) | `1e-3` (Keras) |
# | place | before the ReLU (2015 paper, 004) | also seen after it |
# | why it helps | open; measured in sections 9, 11, 12 | internal covariate shift (2015), a smoother loss (2018) |
# | dropout beside it | helps where labels are wrong | can be removed (001, 003, 004) |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Section 12's next measurement: after each step set the columns of every hidden `W` back to their old length, and walk
#   along the gradient again. A check of your code: the outputs of the network must not change by more than rounding.
# - `data.cifar10()` gives 60,000 small photographs. Does the factor of ten in section 11 hold there?
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [d2l, batch normalization](https://d2l.ai/chapter_convolutional-modern/batch-norm.html): with convolutions, on
#   larger images.
# - [Bjorck et al. (2018)](https://arxiv.org/abs/1806.02375): the range of learning rates as the reason, measured layer by
#   layer.
# - [CS231n, batch normalization](https://cs231n.github.io/neural-networks-2/#batchnorm): a paragraph.
# - PyTorch: [`BatchNorm1d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html),
#   [`BatchNorm2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html).
#
# </details>
#
# **Next:** 08_normalization takes the mean over something else than the batch.
