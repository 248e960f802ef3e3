# %% [markdown]
# # 10 · Noise as a regulariser: dropout and its relatives
#
# **The question.** A network with far more weights than images learns them by heart. Why does it help to break it at
# random, at every single step?
#
# **You will be able to**
# - write dropout both ways, forward and backward, and say which $p$ a book means;
# - drop weights, channels, or nothing at all (Gaussian noise) in its place;
# - read the spread of random passes, and know when not to trust it;
# - say what dropout is in a linear model: exactly, with no dice left.
#
# **You need** 01_backprop: caches, and the chain rule. 02_sgd for training.
#
# **Left out:** dropout in recurrent networks and attention, other noise (11_augmentation).
#
# **Time:** about 200 minutes.
#
# **Core path:** sections 1 to 4, 10 and 13: about 85 minutes. The relatives in between stand each for themselves.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · Dropout as it was invented
#
# ### Idea
# Here is a network with 19,210 weights, and 200 images of digits to train on. To make things worse, 20 of the 200
# labels are wrong. Look at what it does with them.

# %% demo="dropout_overfitting"
plots.dropout_overfitting()

# %% [markdown]
# It learns the wrong ones too. For that, units must conspire: one finds the pixels of *this* image, others correct it
# elsewhere. [Hinton's remedy (2012)](https://arxiv.org/abs/1207.0580): drop each unit with probability 1/2, newly drawn
# for each image and step. Nobody can then rely on a particular partner. At test all are present again, and that needs a
# correction.

# %% [markdown]
# ### Equation
#
# $$\text{training:}\quad \mathrm{out} = x \cdot m, \quad m \sim \mathrm{Bernoulli}(1 - p)
# \qquad\qquad \text{test:}\quad \mathrm{out} = (1 - p)\, x$$
#
# - $x$: the outputs of a layer, of any shape; the dot multiplies element by element;
# - $p$ (`p`): the probability to **drop** a unit, as in PyTorch;
# - $m$ (`mask`): 1 where a unit is kept, 0 where it is dropped; a draw of its own for every unit of every sample.
#
# The test pass gives each unit the value that it had on average: $\mathrm{E}[x \cdot m] = (1 - p)\, x$.
#
# All draws come from the generator `rng`. A seed inside your function would draw the same mask at every step.


# %% exercise="dropout_vanilla_train" core=1
def dropout_vanilla_train(x, p, rng):
    """Return x with some of its units dropped, and which were kept.

    out = x * mask; every unit has a draw of its own: mask is 0 with
    probability p and 1 otherwise, and nothing is scaled. Srivastava et
    al. (2014), section 4. Here, in PyTorch and in lecture 002 p is the
    probability to DROP; in theirs and lectures 003, 004, to keep.

    Parameters
    ----------
    x : ndarray of any shape
    p : float in [0, 1); probability that a unit is dropped
    rng : numpy.random.Generator; all draws come from it

    Returns
    -------
    out : ndarray, shape and dtype of x; x is left as it was
    mask : ndarray, shape of x; True (or 1) where a unit was kept
    """
    ### BEGIN SOLUTION
    mask = rng.random(x.shape) >= p
    return x * mask, mask
    ### END SOLUTION


# %% check="dropout_vanilla_train" points=3
check("dropout_vanilla_train", dropout_vanilla_train, points=3)


# %% exercise="dropout_vanilla_test" core=1
def dropout_vanilla_test(x, p):
    """Return what vanilla dropout makes of x at test time.

    out = x * (1 - p): nothing is dropped and nothing is random, but
    every unit is as large as it was on average in training. Srivastava
    et al. (2014), section 4; lectures 003 and 004, whose p, the
    probability to keep, is 1 - p here.

    Parameters
    ----------
    x : ndarray of any shape
    p : float in [0, 1); probability that a unit was dropped in training

    Returns
    -------
    out : ndarray, shape and dtype of x
    """
    ### BEGIN SOLUTION
    return x * (1 - p)
    ### END SOLUTION


# %% check="dropout_vanilla_test" points=2
check("dropout_vanilla_test", dropout_vanilla_test, points=2)

# %% [markdown]
# ### Picture
# Networks with two hidden layers, trained with your function. Then each is tested twice: with your test pass, and with
# the scale forgotten. Predict first: which of the two, loss or accuracy, tells you that something is missing?

# %% demo="dropout_forgotten_scale"
plots.dropout_forgotten_scale(dropout_vanilla_train, dropout_vanilla_test)

# %% [markdown]
# ### Question
# Up to $p = 0.5$ the accuracy hardly moves. Why? And why is the loss so much worse?
#
# <details><summary>Answer</summary>
#
# Without the scale, each hidden layer is $1/(1 - p)$ times too large. A ReLU network is nearly proportional to its
# input (biases apart), so the *order* of the scores stays, and with it the predicted label. But all scores are about
# $1/(1 - p)^2$ times too large, 4 times at $p = 0.5$: the softmax becomes far too sure, and pays for every mistake. A
# test that looks at accuracy alone misses this bug.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has the inverted form only. Here is this one, by hand; the two agree to a few percent.
#
# ```python
# import torch
#
# mask = torch.bernoulli(torch.full((300, 300), 1 - 0.3))
# rng = np.random.default_rng(SEED)
# mask.mean(), dropout_vanilla_train(np.ones((300, 300)), 0.3, rng)[1].mean()
# ```
#
# </details>

# %% [markdown]
# ## 2 · Inverted dropout
#
# ### Idea
# Whoever uses the network later must know that it was trained with dropout, and with which $p$. As you saw, forgetting
# it raises no error and hardly moves the accuracy. So put the correction where $p$ is known anyway: into training.

# %% [markdown]
# ### Equation
#
# $$\text{training:}\quad \mathrm{out} = \frac{x \cdot m}{1 - p} \qquad\qquad \text{test:}\quad \mathrm{out} = x$$
#
# - all symbols as before; which of the two is meant, `train` says.
#
# What is kept becomes larger, so that $\mathrm{E}[\mathrm{out}] = x$. This is `torch.nn.Dropout`, and what everybody
# means today. The `cache` holds whatever your backward pass will need in the next section: think of it now.


# %% exercise="dropout_forward" core=2
def dropout_forward(x, p, rng, *, train):
    """Return x after inverted dropout, and what the backward needs.

    In training out = x * mask / (1 - p), where every unit has a draw
    of its own: mask is 0 with probability p and 1 otherwise. At test
    time out = x. As torch.nn.functional.dropout; lectures 002 and 003
    (whose p, in 003, is the probability to keep).

    Parameters
    ----------
    x : ndarray of any shape
    p : float in [0, 1); probability that a unit is dropped
    rng : numpy.random.Generator; all draws come from it
    train : bool; True while training, False at test time

    Returns
    -------
    out : ndarray, shape and dtype of x; x is left as it was
    cache : whatever your dropout_backward needs
    """
    ### BEGIN SOLUTION
    if not train:
        return x, None
    scaled = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)
    return x * scaled, scaled
    ### END SOLUTION


# %% check="dropout_forward" points=6
check("dropout_forward", dropout_forward, points=6)

# %% [markdown]
# ### Picture
# What a unit of the next layer is given: a weighted sum of 64 pixels, in many passes. Predict first: in which panel do
# training and test agree? And how does the noise, relative to the mean, compare between the two?

# %% demo="dropout_two_modes"
plots.dropout_two_modes(
    dropout_vanilla_train,
    dropout_vanilla_test,
    dropout_forward,
)

# %% [markdown]
# Now with your hands. **First**: how many passes does it take until the brightest pixel stays within 10 % of its value,
# at $p = 0.5$? And at 0.9? **Then** switch `train` off.

# %% demo="dropout_sliders"
widgets.dropout_explorer(dropout_forward)

# %% [markdown]
# ### Question
# Training and test agree in both panels, *on average*. In what do they differ all the same, and where would that
# matter?
#
# <details><summary>Answer</summary>
#
# In the spread: $x \sqrt{p/(1-p)}$ in training (the std relative to the mean is the same in both panels), none at test.
# After $n$ passes the mean is off by about $1/\sqrt{n}$ of that: 10 % needs about 100 passes at $p = 0.5$, and 900 at
# 0.9.
#
# Everything that is not linear sees the spread. Above all BatchNorm: it learns a variance that includes the noise, and
# at test the noise is gone ([Li et al. 2019](https://arxiv.org/abs/1801.05134); lecture 003 calls it a clash).
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# out = torch.nn.functional.dropout(torch.ones(300, 300), p=0.3)
# rng = np.random.default_rng(SEED)
# mine, _ = dropout_forward(np.ones((300, 300)), 0.3, rng, train=True)
# (out.max(), (out == 0).float().mean()), (mine.max(), (mine == 0).mean())
# ```
#
# </details>

# %% [markdown]
# ## 3 · Backward
#
# ### Idea
# A network whose forward pass dropped some units, and whose backward pass drops *others*, still trains somehow: no
# error, no nan, only gradients that belong to no network at all. Given its draw, dropout is a product with a constant.

# %% [markdown]
# ### Equation
#
# $$\mathrm{dx} = \mathrm{dout} \cdot \frac{m}{1 - p}$$
#
# - $\mathrm{dout}$, $\mathrm{dx}$: the loss's gradient in the output and in the input;
# - $m$: the mask of *that* forward pass, out of its cache. After a test pass, $\mathrm{dx} = \mathrm{dout}$.
#
# A pixel that is black, $x = 0$, and kept, has the gradient $\mathrm{dout}/(1-p)$ like any other: $x$ does not appear.


# %% exercise="dropout_backward" core=1
def dropout_backward(dout, cache):
    """Return the gradient of the loss in the input of dropout_forward.

    dx = dout * mask / (1 - p), with the mask of the forward pass that
    the cache comes from; dx = dout where that was a test pass.

    Parameters
    ----------
    dout : ndarray, shape of x; gradient of the loss in out
    cache : what dropout_forward returned beside out

    Returns
    -------
    dx : ndarray, shape and dtype of dout
    """
    ### BEGIN SOLUTION
    return dout if cache is None else dout * cache
    ### END SOLUTION


# %% check="dropout_backward" points=4
check("dropout_backward", dropout_forward, dropout_backward, points=4)

# %% [markdown]
# ### Picture
# One draw on one digit. The second panel nudges every pixel and looks at the loss, with the generator set back each
# time: the true slope. The last panel is your backward with the cache of *another* pass. Predict: how many of its 64
# entries are wrong?

# %% demo="dropout_gradient"
plots.dropout_gradient(dropout_forward, dropout_backward)

# %% [markdown]
# ### Question
# To check a gradient by differences, why must the generator be set back before each evaluation?
#
# <details><summary>Answer</summary>
#
# Otherwise the two losses belong to two different masks. Their difference is of the size of the noise, and divided by
# $2h$ it is enormous. (About half of the last panel is wrong: two independent masks disagree with probability
# $2p(1 - p)$.)
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# What is left of a gradient of ones is the mask, scaled.
#
# ```python
# import torch
#
# x = torch.randn(300, requires_grad=True)
# torch.nn.functional.dropout(x, p=0.3).sum().backward()
# rng = np.random.default_rng(SEED)
# _, cache = dropout_forward(np.ones(300), 0.3, rng, train=True)
# x.grad.unique(), np.unique(dropout_backward(np.ones(300), cache))
# ```
#
# </details>

# %% [markdown]
# ## 4 · Which p?
#
# ### Idea
# "p = 0.2" stands in a paper that you reimplement.
# [Srivastava et al. (2014)](https://jmlr.org/papers/v15/srivastava14a.html) keep a unit with probability $p$. PyTorch
# drops it. Lecture 004 keeps. Lecture 002 drops. Lecture 003 speaks of the probability of dropping, and its code keeps
# with `p`.
#
# ### Picture
# Your functions with 0.2, and with what 0.2 means to those who keep. Predict first: at a glance, would you notice in a
# training curve which one you have?

# %% demo="dropout_readings"
plots.dropout_readings(dropout_forward, dropout_backward, p=0.2)

# %% [markdown]
# ### Question
# A network does not learn at all with somebody's "dropout 0.2". What do you look at first? And for which $p$ would
# nobody ever notice?
#
# <details><summary>Answer</summary>
#
# At the share of zeros behind the layer, counted as in the picture: 20 % or 80 %. (The factor on what is kept, 1.25 or
# 5, tells it too.) At $p = 0.5$ both readings are the same, which is why the confusion lives on.
#
# </details>

# %% [markdown]
# ## 5 · DropConnect: dropping weights
#
# ### Idea
# To drop a unit is to drop all the weights that leave it, at once. That is coarse: the smallest layers lose the most.
# [Wan et al. (2013)](https://proceedings.mlr.press/v28/wan13.html) drop each weight by itself. But a mask for every
# weight *and* every sample would be $N$ times the size of $W$, so here the whole batch shares one. What does that cost?

# %% [markdown]
# ### Equation
#
# $$S = \frac{m}{1 - p}, \qquad \mathrm{out} = x\,(W \cdot S) + b$$
# $$\mathrm{dx} = \mathrm{dout}\,(W \cdot S)^\top, \qquad \mathrm{dW} = (x^\top \mathrm{dout}) \cdot S, \qquad
# \mathrm{db} = \sum_n \mathrm{dout}_n$$
#
# - $W$, $b$: weights (D, M) and biases (M,) of a dense layer; $b$ is never dropped;
# - $m$: now of the shape of $W$; $S$ is all ones at test.


# %% exercise="dropconnect_forward" extra=2
def dropconnect_forward(x, W, b, p, rng, *, train):
    """Return a dense layer's output with some weights dropped.

    In training out = x @ (W * mask / (1 - p)) + b: every weight has a
    draw of its own, mask is 0 with probability p and 1 otherwise, and
    ONE mask of the shape of W serves the whole batch. b is never
    dropped. At test time out = x @ W + b. Wan et al. (2013), who draw
    a mask for each sample and approximate the test pass; lecture 003.

    Parameters
    ----------
    x : ndarray of shape (N, D)
    W : ndarray of shape (D, M)
    b : ndarray of shape (M,)
    p : float in [0, 1); probability that a weight is dropped
    rng : numpy.random.Generator; all draws come from it
    train : bool; True while training, False at test time

    Returns
    -------
    out : ndarray of shape (N, M), dtype of x
    cache : whatever your dropconnect_backward needs
    """
    ### BEGIN SOLUTION
    scaled = np.ones_like(W)
    if train:
        scaled = (rng.random(W.shape) >= p).astype(W.dtype) / (1 - p)
    return x @ (W * scaled) + b, (x, W, scaled)
    ### END SOLUTION


# %% check="dropconnect_forward" points=4
check("dropconnect_forward", dropconnect_forward, points=4)


# %% exercise="dropconnect_backward" extra=2
def dropconnect_backward(dout, cache):
    """Return the gradients of dropconnect_forward in x, W and b.

    With S = mask / (1 - p) of the forward pass (all ones at test):
    dx = dout @ (W * S).T, dW = (x.T @ dout) * S, db = sum of dout over
    the batch. Wan et al. (2013), section 3.

    Parameters
    ----------
    dout : ndarray of shape (N, M); gradient of the loss in out
    cache : what dropconnect_forward returned beside out

    Returns
    -------
    dx : ndarray of shape (N, D)
    dW : ndarray of shape (D, M)
    db : ndarray of shape (M,)
    """
    ### BEGIN SOLUTION
    x, W, scaled = cache
    dx = dout @ (W * scaled).T
    return dx, (x.T @ dout) * scaled, dout.sum(axis=0)
    ### END SOLUTION


# %% check="dropconnect_backward" points=4
check(
    "dropconnect_backward",
    dropconnect_forward,
    dropconnect_backward,
    points=4,
)

# %% [markdown]
# ### Picture
# Left: in each pass, how far the noise pushes one image of a zero, and another. Middle: the noise in the gradient of
# $W$, against the size of the batch. Right: your backward against central differences. Predict the middle: which lines
# fall?

# %% demo="dropout_connect"
plots.dropout_connect(
    dropout_forward,
    dropconnect_forward,
    dropconnect_backward,
)

# %% [markdown]
# ### Question
# What does a larger batch buy you with one mask for all? What does the paper get for its $N$ masks?
#
# <details><summary>Answer</summary>
#
# Nothing, as far as the dropping goes: two zeros are pushed in the same direction, so the average over the batch does
# not average the noise out. It stays at $\sqrt{p/(1-p)}$ of the gradient (1 at the picture's $p = 0.5$), for 64 images
# as for one. With a mask for each sample it falls as $1/\sqrt{N}$, like that of dropout. The price is a different $W$
# for every sample: no single matrix product any more.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Dropout on the weights, which PyTorch has no layer for. Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# W, F = torch.ones(300, 200), torch.nn.functional
# out = torch.eye(300) @ F.dropout(W, p=0.3)  # shows the weights themselves
# given = np.eye(300), W.numpy(), np.zeros(200), 0.3, np.random.default_rng(SEED)
# mine, _ = dropconnect_forward(*given, train=True)
# (out == 0).float().mean(), (mine == 0).mean()
# ```
#
# </details>

# %% [markdown]
# ## 6 · Spatial dropout
#
# ### Idea
# In an image, a dropped pixel is hardly lost: its neighbours say what it was. The next convolution averages over them,
# and dropout only makes it a little noisy. To take information away, drop a whole *channel*
# ([Tompson et al. 2015](https://arxiv.org/abs/1411.4280)).

# %% [markdown]
# ### Equation
#
# $$\mathrm{out}_{nchw} = \frac{m_{nc}}{1 - p}\; x_{nchw}, \qquad m_{nc} \sim \mathrm{Bernoulli}(1 - p)$$
#
# - $n, c, h, w$: sample, channel, row, column;
# - $m_{nc}$: one draw for each channel of each sample. This is `torch.nn.Dropout2d`.


# %% exercise="spatial_dropout_forward" extra=2
def spatial_dropout_forward(x, p, rng, *, train):
    """Return images with whole channels dropped, and a cache.

    In training every channel of every sample has one draw: all of its
    pixels are 0 with probability p and x / (1 - p) otherwise. At test
    time out = x. As torch.nn.functional.dropout2d; Tompson et al.
    (2015), section 3.2.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
    p : float in [0, 1); probability that a channel is dropped
    rng : numpy.random.Generator; all draws come from it
    train : bool; True while training, False at test time

    Returns
    -------
    out : ndarray, shape and dtype of x; x is left as it was
    cache : whatever a backward would need; it is not looked at
    """
    ### BEGIN SOLUTION
    if not train:
        return x, None
    kept = rng.random((*x.shape[:2], 1, 1)) >= p
    scaled = kept.astype(x.dtype) / (1 - p)
    return x * scaled, scaled
    ### END SOLUTION


# %% check="spatial_dropout_forward" points=4
check("spatial_dropout_forward", spatial_dropout_forward, points=4)

# %% [markdown]
# ### Picture
# Left: four channels of one sample, and what both kinds leave at $p = 0.5$. Right: take a dropped pixel, and the mean
# of its eight neighbours after dropout. How well does that mean predict the pixel? Guess the correlation at $p = 0.5$.

# %% demo="dropout_channels"
plots.dropout_channels(dropout_forward, spatial_dropout_forward)

# %% [markdown]
# ### Question
# For which images would dropping pixels be enough? And what goes wrong if `m` has the shape (1, C, 1, 1)?
#
# <details><summary>Answer</summary>
#
# Where neighbours know nothing of each other, as in noise, or in the small maps of the last layers, where each "pixel"
# stands for a large region.
#
# With (1, C, 1, 1) all samples lose the same channels. That is the shared mask of the last section: the noise no longer
# averages out over the batch.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# The share of channels that are gone altogether. Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# x, rng = torch.ones(500, 50, 2, 2), np.random.default_rng(SEED)
# out = torch.nn.functional.dropout2d(x, p=0.3)
# mine, _ = spatial_dropout_forward(x.numpy(), 0.3, rng, train=True)
# (out.amax((2, 3)) == 0).float().mean(), (mine.max(axis=(2, 3)) == 0).mean()
# ```
#
# </details>

# %% [markdown]
# ## 7 · Gaussian dropout
#
# ### Idea
# Is it the *zeros* that help, or would any noise do? Srivastava et al. (2014, section 10) multiplied by Gaussian
# numbers of the same mean and variance, where nothing is ever dropped, and it worked as well.

# %% [markdown]
# ### Equation
#
# $$\mathrm{out} = x \cdot \xi, \qquad \xi \sim \mathcal{N}(1, v)$$
#
# - $\xi$: the noise, a draw for every unit; $v$: its *variance*, that of inverted dropout's factor $m/(1-p)$.
#
# **Derive** $v$ before you code: the mean of that factor is 1. What is its mean square?
#
# <details><summary>The derivation</summary>
#
# $m^2 = m$, so the mean square is $\frac{1}{(1-p)^2}(1-p) = \frac{1}{1-p}$. Take the square of the mean away:
# $v = \frac{1}{1-p} - 1 = \frac{p}{1-p}$.
#
# </details>


# %% exercise="gaussian_dropout_forward" extra=1
def gaussian_dropout_forward(x, p, rng):
    """Return x times Gaussian noise, and a cache.

    out = x * noise, a draw for every unit; noise is normal and has the
    mean, 1, and the VARIANCE of inverted dropout's mask / (1 - p).
    Srivastava et al. (2014), section 10 (whose p is 1 - p here).
    At test time there is nothing to do, so there is no `train`.

    Parameters
    ----------
    x : ndarray of any shape
    p : float in [0, 1); the drop probability that the noise stands for
    rng : numpy.random.Generator; all draws come from it

    Returns
    -------
    out : ndarray, shape and dtype of x; x is left as it was
    cache : whatever a backward would need; it is not looked at
    """
    ### BEGIN SOLUTION
    std = (p / (1 - p)) ** 0.5
    noise = (1 + std * rng.standard_normal(x.shape)).astype(x.dtype)
    return x * noise, noise
    ### END SOLUTION


# %% check="gaussian_dropout_forward" points=4
check("gaussian_dropout_forward", gaussian_dropout_forward, points=4)

# %% [markdown]
# ### Picture
# The factors themselves; their std; and what a unit in the next layer sees of them, as a sum over 64 pixels. Predict
# the third panel.

# %% demo="dropout_gaussian"
plots.dropout_gaussian(dropout_forward, gaussian_dropout_forward)

# %% [markdown]
# ### Question
# Why are the two so alike in the third panel? What can Gaussian noise do to a unit that dropout never does?
#
# <details><summary>Answer</summary>
#
# The central limit theorem: a sum of many independent terms is nearly Gaussian, whatever the terms are, and mean and
# variance are the same. Only few inputs, or one dominant weight, would show the difference.
#
# A Gaussian factor can be negative, here with a probability of 16 %: the unit says the opposite of what it saw. And it
# has a derivative in $p$, which a coin has not. The next section lives on that.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# noise = torch.distributions.Normal(1, (0.3 / 0.7) ** 0.5).sample((300, 300))
# rng = np.random.default_rng(SEED)
# mine, _ = gaussian_dropout_forward(np.ones((300, 300)), 0.3, rng)
# (noise.mean(), noise.std()), (mine.mean(), mine.std())
# ```
#
# </details>

# %% [markdown]
# ## 8 · Variational dropout: learn the rate
#
# ### Idea
# Why the same $p$ for all? Try to *learn* one for each weight from the training loss, and all go to 0: noise never
# lowers that loss. Something has to reward the noise. In a Bayesian reading, that is a divergence: what it costs to
# know a weight precisely.

# %% [markdown]
# ### Equation
#
# A weight of mean $\theta$ is drawn from $\mathcal{N}(\theta, \alpha\theta^2)$, with $\alpha = p/(1-p)$. Its divergence
# from a prior that prefers no scale has no closed form.
# [Molchanov, Ashukha and Vetrov (2017)](https://arxiv.org/abs/1701.05369) fitted
#
# $$\mathrm{KL} \approx k_1 - k_1\, \sigma(k_2 + k_3 \log\alpha) + \tfrac12 \log(1 + 1/\alpha)$$
#
# - $\sigma$: the sigmoid; $k_1 = 0.63576$, $k_2 = 1.87320$, $k_3 = 1.48695$;
# - $\log\alpha$ (`log_alpha`): *any* number. At $-1000$, $1/\alpha$ overflows, yet $\log(1 + 1/\alpha)$ is 1000.
#
# The paper's sign differs: its equation 14 is $-\mathrm{KL}$.


# %% exercise="variational_dropout_kl" extra=2
def variational_dropout_kl(log_alpha):
    """Return the KL divergence of variational dropout, per weight.

    KL = -(k1 sigmoid(k2 + k3 log_alpha) - log(1 + 1/alpha) / 2 - k1)
    with k1 = 0.63576, k2 = 1.87320, k3 = 1.48695: an approximation of
    the KL divergence between N(theta, alpha theta^2) and the
    log-uniform prior, up to a constant that makes it 0 for alpha ->
    infinity. Molchanov, Ashukha and Vetrov (2017), equation 14.

    Parameters
    ----------
    log_alpha : ndarray of any shape; logarithms of the noise variance
        relative to the weight's square, alpha = p / (1 - p). Any
        finite value, 1000 and -1000 too.

    Returns
    -------
    kl : ndarray, shape and dtype of log_alpha; finite, never negative
    """
    ### BEGIN SOLUTION
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    # A sigmoid in terms of tanh does not overflow.
    sigmoid = 0.5 * (1 + np.tanh(0.5 * (k2 + k3 * log_alpha)))
    log_term = 0.5 * np.logaddexp(0, -log_alpha)
    return k1 - k1 * sigmoid + log_term
    ### END SOLUTION


# %% check="variational_dropout_kl" points=5
check("variational_dropout_kl", variational_dropout_kl, points=5)

# %% [markdown]
# ### Picture
# Left and middle: your formula, and the true divergence by sampling. Right: a linear regression with 15 features, of
# which only 4 matter, where every weight has a rate of its own, learnt with your KL. Predict: where do the 4 go, and
# where the other 11?

# %% demo="dropout_kl"
plots.dropout_kl(variational_dropout_kl, seed=SEED)

# %% [markdown]
# ### Question
# A weight with $p$ near 1: what can you do with it at test? And what has happened to the red line that stays low?
#
# <details><summary>Answer</summary>
#
# Remove it: its noise is so large that it can carry nothing. The usual limit is $\log\alpha > 3$, $p > 0.95$, and in
# large networks most weights pass it: dropout that prunes.
#
# That feature correlates with the noise of these 60 samples, by chance, so keeping it pays. Nothing on training
# data can tell luck from truth.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has no divergence from a prior without a scale. Written out, with autograd for the way back:
#
# ```python
# import torch
#
# log_alpha = torch.linspace(-4, 4, 5, dtype=torch.float64)
# k1, k2, k3 = 0.63576, 1.87320, 1.48695
# kl = k1 - k1 * torch.sigmoid(k2 + k3 * log_alpha)
# kl = kl + torch.nn.functional.softplus(-log_alpha) / 2
# kl, variational_dropout_kl(log_alpha.numpy())
# ```
#
# </details>

# %% [markdown]
# ## 9 · MC dropout: does it know what it does not know?
#
# ### Idea
# Turn the test images by 90°: a network gets most of them wrong, and is over 90 % sure of it. A single pass cannot say
# "I have never seen this". [Gal and Ghahramani (2016)](https://arxiv.org/abs/1506.02142) leave dropout *on* at test and
# predict many times: where the thinned networks disagree, be careful.

# %% [markdown]
# ### Equation
#
# $$\mu = \frac1T \sum_{t=1}^{T} f_t(x), \qquad s = \sqrt{\frac1T \sum_{t=1}^{T} \big(f_t(x) - \mu\big)^2}$$
#
# - $f_t(x)$: `predict(x, rng)`, a pass with dropout on; the same `rng` goes into each, and moves on;
# - $T$ (`samples`): number of passes;
# - $\mu$, $s$ (`mean`, `std`): element by element, of the shape of one prediction; $s$ is the biased one.


# %% exercise="mc_dropout" extra=1
def mc_dropout(predict, x, samples, rng):
    """Return mean and standard deviation of random predictions.

    predict(x, rng) is called `samples` times, with dropout at work in
    it, and rng itself is passed on each time. The mean is the
    prediction; the standard deviation over the samples (biased: the
    mean of squares, not the sum over samples - 1) says how sure it is.
    Gal and Ghahramani (2016), equation 6.

    Parameters
    ----------
    predict : callable, predict(x, rng) -> ndarray of any shape (N, ...)
    x : ndarray of shape (N, ...)
    samples : int, at least 1; how often predict is called
    rng : numpy.random.Generator; handed to predict, not used otherwise

    Returns
    -------
    mean, std : ndarrays, shape and dtype of a prediction
    """
    ### BEGIN SOLUTION
    drawn = np.stack([predict(x, rng) for _ in range(samples)])
    return drawn.mean(axis=0), drawn.std(axis=0)
    ### END SOLUTION


# %% check="mc_dropout" points=4
check("mc_dropout", mc_dropout, points=4)

# %% [markdown]
# ### Picture
# Left: a regression with data on two pieces of the line. Right: a network trained on upright digits is shown turned
# ones. Predict both red lines first: where should they rise?

# %% demo="dropout_uncertainty"
plots.dropout_uncertainty(mc_dropout, dropout_forward, dropout_backward)

# %% [markdown]
# ### Question
# Would you let this network read bank cheques? Look at the band for $|x| > 3$, and at the std from 30° to 90°.
#
# <details><summary>Answer</summary>
#
# The std rises away from the data, and the mean of many passes is less sure than a single one: both useful. But on the
# left the truth soon lies outside the band, and on the right the std *falls* again from 30° on, while ever more answers
# are wrong: a digit on its side looks like another digit, and the thinned networks share all their weights and most of
# their prejudices. A large std is a warning. A small one is no promise.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# A network stays in training mode until `eval()` is called; with the same seed both see the same masks.
#
# ```python
# import torch
#
# net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5))
# x = torch.randn(4, 3)
# torch.manual_seed(0)
# drawn = torch.stack([net(x) for _ in range(50)])
# torch.manual_seed(0)
# mine = mc_dropout(lambda x, rng: net(x).detach().numpy(), x, 50, None)
# (drawn.mean(0), drawn.std(0, correction=0)), mine
# ```
#
# </details>

# %% [markdown]
# ## 10 · What dropout is in a linear model
#
# ### Idea
# "It prevents co-adaptation" is a story. Can one compute what dropout does? For a linear model, yes: take the
# expectation over all masks, and the dice are gone.

# %% [markdown]
# ### Equation
#
# With inverted dropout on the input $x$ of a linear regression (Srivastava et al. 2014, section 9.1;
# [Wager et al. 2013](https://arxiv.org/abs/1307.1493)),
#
# $$\mathrm{E}\!\left[\frac1N \sum_i \big(y_i - \tilde x_i^\top w\big)^2\right] = \frac1N \sum_i (y_i - x_i^\top w)^2 +
# \text{dropout\_penalty}$$
#
# - $\tilde x_i$: sample $i$ after dropout;  $w$: the weights (D,);
# - $i$, $j$: sample and feature, $x_{ij}$.
#
# **Derive** the penalty before you code. Mean squared error of a random number: bias squared plus variance.
#
# <details><summary>The derivation</summary>
#
# There is no bias: $\mathrm{E}[\tilde x_i^\top w] = x_i^\top w$. Each feature has a draw of its own, so the variances
# of the terms $\tilde x_{ij} w_j$ add up, and section 7 gives one: $\frac{p}{1-p}\, x_{ij}^2\, w_j^2$. Together
#
# $$\text{dropout\_penalty} = \frac{p}{1-p}\, \frac1N \sum_i \sum_j x_{ij}^2\, w_j^2$$
#
# </details>


# %% exercise="dropout_penalty" core=2
def dropout_penalty(x, w, p):
    """Return what inverted dropout on x adds to a squared loss.

    The prediction of a linear model is x @ w. Returned is by how much
    inverted dropout on x raises the expectation of the mean over the
    samples of (y - x @ w)^2: an L2 penalty on w that is stronger where
    features are large. Srivastava et al. (2014), section 9.1; Wager et
    al. (2013).

    Parameters
    ----------
    x : ndarray of shape (N, D)
    w : ndarray of shape (D,)
    p : float in [0, 1); probability that an input is dropped

    Returns
    -------
    penalty : float
    """
    ### BEGIN SOLUTION
    return p / (1 - p) * np.mean(np.sum((x * w) ** 2, axis=1))
    ### END SOLUTION


# %% check="dropout_penalty" points=4
check("dropout_penalty", dropout_penalty, points=4)

# %% [markdown]
# ### Picture
# Left: your formula against the loss measured with your dropout. Right: nine uncorrelated features of very different
# sizes, all with the true weight 1. What is left of each weight under L2, and under the penalty? Predict both shapes.

# %% demo="dropout_linear_penalty"
plots.dropout_linear_penalty(dropout_forward, dropout_penalty)

# %% [markdown]
# ### Question (graded)
# Lecture 004 calls L2 "something similar to dropout". **What is similar, and what is not?** Use the equation to explain
# the two shapes on the right: why is the share $1 - p$, whatever the size of the feature? What changes for L2 if you
# measure a feature in centimetres instead of metres? And name one thing that dropout does in a deep network which no
# penalty on weights can express. Four to six sentences.

# %% [markdown] answer="dropout_and_l2" points=4
# ### BEGIN SOLUTION
# Both add a quadratic penalty that pulls the weights towards 0, so both shrink them. But L2 charges $\lambda w_j^2$ for
# every weight, dropout charges $\frac{p}{1-p} s_j w_j^2$ with $s_j$ the mean of $x_{ij}^2$: it is an L2 penalty on
# $w_j$ times the size of its feature.
#
# For uncorrelated features each weight minimises $s_j (1 - w_j)^2 + \frac{p}{1-p} s_j w_j^2$. Here $s_j$ cancels, and
# $w_j = 1 - p$. With L2 it is $s_j / (s_j + \lambda)$: small features lose nearly everything, large ones nothing.
#
# So L2 depends on units: in centimetres $x$ is 100 times larger, $s_j$ 10,000 times, and the weight is hardly shrunk
# any more. Dropout does not care.
#
# In a deep network the noise passes through nonlinear units, and its effect depends on the activations of each sample,
# and on the other weights: it is no function of the weights alone. It also makes units work without particular
# partners, and the network an average over thinned ones.
# ### END SOLUTION

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# Many draws: the two agree to a few percent.
#
# ```python
# import torch
#
# x, w = torch.randn(5, 8), torch.randn(8)
# noisy = torch.nn.functional.dropout(x.expand(20_000, 5, 8), p=0.3) @ w
# noisy.var(0).mean(), dropout_penalty(x.numpy(), w.numpy(), 0.3)
# ```
#
# </details>

# %% [markdown]
# ### Equation
# And in a classifier? For logistic regression, the loss of sample $i$ is $A(x_i^\top w) - y_i\, x_i^\top w$ with $A(z) =
# \log(1 + e^z)$. Noise that is right on average leaves the second part alone, so dropout adds $\mathrm{E}[A(\tilde
# x_i^\top w)] - A(x_i^\top w)$. Expand $A$ to second order
# ([Wager, Wang and Liang 2013](https://arxiv.org/abs/1307.1493), section 3):
#
# $$\approx \frac12\, A''(x_i^\top w)\, \mathrm{Var}(\tilde x_i^\top w) =
# \frac12\, s_i (1 - s_i)\, \frac{p}{1-p} \sum_j x_{ij}^2\, w_j^2$$
#
# - $s_i$: the predicted probability; $s_i (1 - s_i) = A''$: the *Fisher weight* of the sample.
#
# Summed over samples it is $\frac{p}{2 (1-p)} \sum_j I_{jj}\, w_j^2$, where $I_{jj} = \frac1N \sum_i s_i (1 - s_i)\,
# x_{ij}^2$ is the diagonal of the Fisher information. This is lecture 004's sentence: L2 "after scaling the features by
# the inverse diagonal Fisher information", by its root.

# %% [markdown]
# ### Picture
# Your `dropout_penalty` gives this form, too: each $x_i$ is multiplied by $\sqrt{s_i (1 - s_i) / 2}$ first. Predict: for
# which weights does a second-order expansion fail, small ones or large ones? And who pays nothing?

# %% demo="dropout_fisher"
plots.dropout_fisher(dropout_forward, dropout_penalty)

# %% [markdown]
# <details><summary>Answer</summary>
#
# For large ones, and late: up to weights 12 times as large the form is within a tenth of the measured loss. At 30 times
# it says 0.48 where 1.06 is measured: a sample far from the boundary lies where $A$ is flat, and the expansion does not
# see that a mask may carry it across. Plain L2 on the scaled features (dots) would charge 19 there.
#
# Samples that are decided pay nothing, $s (1 - s) \to 0$: so this penalty is lowest for weights that are *sure*. L2
# knows no samples, and the squared loss charges all of them alike.
#
# </details>

# %% [markdown]
# ## 11 · 2ⁿ networks for the price of one
#
# ### Idea
# Dropping $n$ units leaves one of $2^n$ thinned networks. To predict with all of them would take longer than anybody
# lives. Yet in section 1 a single pass with scaled activations did the job. An approximation, or more? For one kind of
# network it is *exact*.

# %% [markdown]
# ### Equation
#
# Vanilla dropout on the inputs of a linear softmax, $P_m = \mathrm{softmax}\big((x \cdot m)\, W + b\big)$:
#
# $$\frac{1}{Z} \prod_m P_m^{\,\pi(m)} = \mathrm{softmax}\big((1 - p)\, x\, W + b\big)$$
#
# - $\pi(m)$: probability of the mask $m$; the product runs over all $2^n$ masks: a *geometric* mean;
# - $Z$: makes the classes sum to 1 again.
#
# The logarithm of a softmax is linear in the scores, up to a constant that $Z$ takes out; and the mean of a linear
# function is the function of the mean. Let no score be too large for `np.exp`.


# %% exercise="weight_scaling_softmax" extra=2
def weight_scaling_softmax(x, W, b, p):
    """Return the prediction of all thinned networks at once.

    Vanilla dropout (no 1 / (1 - p)) drops each INPUT of a linear
    softmax with probability p: softmax((x * mask) @ W + b). The
    geometric mean of these predictions over all 2^n masks, weighted
    by their probabilities and normalised to sum 1, is exactly
    softmax((1 - p) * x @ W + b): one pass with scaled weights. Hinton
    et al. (2012); Goodfellow, Bengio and Courville (2016), section
    7.12.

    Parameters
    ----------
    x : ndarray of shape (N, n)
    W : ndarray of shape (n, K)
    b : ndarray of shape (K,)
    p : float in [0, 1); probability that an input is dropped

    Returns
    -------
    probs : ndarray of shape (N, K), rows sum to 1; finite for any size
        of the scores
    """
    ### BEGIN SOLUTION
    scores = (1 - p) * x @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    return probs / probs.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% check="weight_scaling_softmax" points=5
check("weight_scaling_softmax", weight_scaling_softmax, points=5)

# %% [markdown]
# ### Picture
# Left: your one pass against both means over all 256 masks of 8 inputs, at $p = 0.3$. Right: the largest error with a
# hidden ReLU layer, where the hidden units are dropped, and where the inputs are dropped as well. Predict: which of the
# three is exact?

# %% demo="dropout_ensemble"
plots.dropout_ensemble(weight_scaling_softmax)

# %% [markdown]
# ### Question
# Why is the second one still exact, and the third not?
#
# <details><summary>Answer</summary>
#
# Hidden units that go straight into a softmax *are* the inputs of a linear softmax: nothing random happens before them.
# The error of $3 \cdot 10^{-16}$ is rounding. Once the inputs are dropped too, the noise passes a ReLU, and the mean of
# a ReLU is not the ReLU of the mean: a probability is off by up to 0.11. In deep networks weight scaling is an
# approximation, and its only excuse is that it works.
#
# On the left, the arithmetic mean, which MC dropout takes, is less extreme than yours: it is the more careful of the
# two.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# All eight masks of three inputs, each as likely as the others at $p = 0.5$:
#
# ```python
# import torch
#
# x, W, b = torch.randn(4, 3), torch.randn(3, 5), torch.randn(5)
# masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
# logs = torch.log_softmax((x * masks[:, None]) @ W + b, dim=-1).mean(0)
# mine = weight_scaling_softmax(x.numpy(), W.numpy(), b.numpy(), 0.5)
# torch.softmax(logs, dim=-1), mine
# ```
#
# </details>

# %% [markdown]
# ## 12 · Two things that are said of it
#
# ### Idea
# Lecture 004: dropout "works well with max-norm regularization". A large learning rate explores more, and noise makes
# it throw weights far out; a fence lets one keep the rate ([Srivastava et al.
# 2014](https://jmlr.org/papers/v15/srivastava14a.html), section 5.1). Here is the fence of 09_penalties.


# %%
def max_norm(w, c, axis):
    """Return the weights, no vector along the axis longer than c."""
    norms = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w * (c / np.maximum(norms, c))


# %% [markdown]
# ### Picture
# The 200 images, at three learning rates. Predict: what does the fence change for dropout, and at which rate?

# %% demo="dropout_fence"
plots.dropout_fence(dropout_forward, dropout_backward, max_norm)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It saves the large rate: at 0.1 dropout alone falls to 38 ± 13 %, with the fence it has 61 ± 3 %; at 0.05, 78 ± 8 %
# become 84 ± 2 %. Dropout bears *smaller* rates than a network without it.
#
# That the pair is better than each alone does not show: the best of three rates gives 82.8 % with neither or with
# dropout, 83.4 % with both, and 85.4 % with the fence by itself, on four seeds that spread by 1 to 2 points, after 200
# steps. (The next section trains longer, and there dropout gains.)
#
# </details>

# %% [markdown]
# ### Idea
# Lectures 003 and 004: dropout "prevents co-adaptation" of units. That can be tested. If units depend on particular
# partners, then taking some units away must hurt. But *where* does the dependence sit: in the units, what they look at,
# or only in the last layer, which adds them up? So let the units that are left have a new last layer.
#
# ### Picture
# One hidden layer, 1,000 digits, 95 to 96 % either way. Left, what units look at, from the same first weights. Middle,
# units are removed. Right, two numbers of six networks each. Predict: which of the four lines fall?

# %% demo="dropout_partners"
plots.dropout_partners(dropout_forward, dropout_backward)

# %% [markdown]
# ### Question
# So, does dropout prevent co-adaptation?
#
# <details><summary>Answer</summary>
#
# In the last layer, yes. As they are, half of the units give 76.5 ± 4.1 % without dropout, 89.1 ± 2.5 % with. In the *units*,
# no: with a new last layer both have 94.2 ± 0.6 %, and the lines lie on each other down to a tenth. Every unit that plain
# training found is as useful by itself; it was only counted on.
#
# Dropout does change what units do, on all seeds: 68 % of the activations are silent in place of 45 %
# ([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), section 7.2, found that too), and filters
# are smoother, 3.01 in place of 3.19 (noise has 3.5). Eyes do not see that, on the left: the famous figure of clean
# strokes needs larger images.
#
# </details>

# %% [markdown]
# ## 13 · The digits again
#
# ### Idea
# Back to the 200 images of section 1, with 20 wrong labels. The same network, the same first weights and batches,
# without dropout and with yours on its 256 hidden units. $p$ is chosen on validation images, the verdict comes
# from test images; each of the 8 seeds has other images to train on.
#
# ### Picture
# Predict first: how many of the wrong labels will it still learn? Look for the gap, and whether it closes from above or
# from below.

# %% demo="dropout_digits_wrong_labels"
plots.dropout_before_and_after(dropout_forward, dropout_backward, wrong=20)

# %% [markdown]
# ### Picture
# The same with all labels right. How much of the gain do you expect to see again?

# %% demo="dropout_digits"
plots.dropout_before_and_after(dropout_forward, dropout_backward)

# %% [markdown]
# ### Question
# What would you report, if you had to be honest? When is dropout worth trying?
#
# <details><summary>Answer</summary>
#
# With wrong labels: about four points better, on every seed, and three quarters of the wrong labels refused. The gap
# closes from both sides: training accuracy falls towards the 90 % that are true, test accuracy rises. With clean
# labels: half a point, less than the seeds differ. What is missing there is images, and noise on hidden units
# adds none.
#
# Dropout helps where a network has room to learn what is not true. It costs training time and a number to choose, and
# too large a $p$ ruins everything, as section 4 showed.
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | $p$ | to drop: PyTorch; 002, 003 in words | to keep: 2014 paper, 004, 003 in code | unless $p = 0.5$ |
# | the scale | $1/(1-p)$ in training: PyTorch, 002, 003 | at test: 2014 paper, 004, 003 first | whoever forgets it loses |
# | DropConnect's mask | one for the batch | one for each sample: paper | noise does not average out |
# | DropConnect at test | mean weights | samples of a fitted Gaussian: paper | little |
# | KL | positive: a cost | $-\mathrm{KL}$: 2017 paper's equation 14 | sign of the loss |
# | dropout and L2 | equal only if all features have the same size | "something similar": 004 | units |
# | co-adaptation | in the last layer alone: section 12 | prevented: 003, 004 | for the story |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Section 12's test for two hidden layers: remove units of the *first*, and train all that lies above anew. Does the
#   answer stay? A check of your code: with no unit removed and no training the accuracy is the old one, exactly.
# - `data.cifar10()` gives 60,000 small photographs. Take 1,000, and look for the gain of section 13.
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [d2l, dropout](https://d2l.ai/chapter_multilayer-perceptrons/dropout.html) and
#   [CS231n, regularization](https://cs231n.github.io/neural-networks-2/#reg).
# - [Goodfellow, Bengio and Courville (2016)](https://www.deeplearningbook.org/contents/regularization.html), section
#   7.12: sections 1 and 11 as theory.
# - [Kingma, Salimans and Welling (2015)](https://arxiv.org/abs/1506.02557): where section 8 begins.
# - PyTorch: [`Dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html),
#   [`Dropout2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html).
#
# </details>
#
# **Next:** 11_augmentation makes noise that looks like new images.
