# %% [markdown]
# # 06 · Before the first step: data and weights
#
# **The question.** Two networks, same layers, same data, same optimizer: one learns, the other guesses for ever. All
# that differs is the random numbers they started from. Which numbers are good ones?
#
# **You will be able to**
# - standardize and whiten data without looking at the test set;
# - predict how large a signal is after ten layers, before you build them;
# - write every initialiser of PyTorch that you will meet, and choose one;
# - recognise a dead start by its loss.
#
# **You need** 01_backprop (the chain rule on arrays) and 02_sgd (curvature limits `lr`); from section 1 on the
# [covariance](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/random-variables.html), for whitening its
# [eigendecomposition](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/eigendecomposition.html),
# and for section 8 what a [QR decomposition](https://en.wikipedia.org/wiki/QR_decomposition) is.
#
# **Left out:** normalising *inside* the network (07_batchnorm, 08_normalization).
#
# **Time:** about 190 minutes.
#
# **Core path:** sections 1 to 7, 10 and 11, without the exercises marked *optional*: about 130 minutes.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · Round data
#
# ### Idea
# A linear model is given a long, tilted cloud of points, far from the origin. With the best `lr` there is, its loss
# has hardly moved after 60 steps: the loss curves 974 times as much in one direction as in another. The network is not
# to blame. The data is, and data can be moved before anything is trained.

# %% [markdown]
# ### Equation
# Feature by feature, with the mean $\mu$ and the variance $\sigma^2$ of the *training* set:
#
# $$x \leftarrow \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}$$
#
# - $x$ (`x_train`, `x_test`): `(N, D)`, a row for each sample;
# - $\epsilon$ (`eps`): keeps a constant feature from being divided by 0.
#
# The test set is treated with the same two numbers. It stands for data that nobody has seen yet, so nothing may be
# measured on it.


# %% exercise="standardize" core=1
def standardize(x_train, x_test, eps=1e-8):
    """Return both sets with the training set's mean and spread removed.

    x -> (x - mean) / sqrt(var + eps), feature by feature, where mean and
    var are those of x_train alone: the test set is not known yet when
    they are measured. var divides by N. A feature that is constant in
    x_train becomes 0 there. (Lecture 000, data normalization.)

    Parameters
    ----------
    x_train : ndarray of shape (N, D)
    x_test : ndarray of shape (M, D); treated like x_train, never measured
    eps : float, positive; added to the variance, inside the root

    Returns
    -------
    x_train : ndarray of shape (N, D), dtype of x_train
    x_test : ndarray of shape (M, D), dtype of x_test
    """
    ### BEGIN SOLUTION
    mean = x_train.mean(axis=0)
    std = np.sqrt(x_train.var(axis=0) + eps)
    return (x_train - mean) / std, (x_test - mean) / std
    ### END SOLUTION


# %% check="standardize" points=4
check("standardize", standardize, points=4)

# %% [markdown]
# ### Equation
# Standardizing leaves the tilt. With the covariance $C = \frac1N X_c^T X_c = U \Lambda U^T$ of the centred data $X_c$:
#
# $$\text{PCA: } X_c\, U\, (\Lambda + \epsilon)^{-1/2}$$
#
# - $U$: the principal axes, as columns; $\Lambda$: the variances $\lambda$ along them, on a diagonal;
# - $\epsilon$: keeps directions in which nothing varies from being blown up.
#
# It turns the data into its own axes and has the covariance $I$ there (for $\epsilon = 0$).
#
# **Debug this.** A friend wants the largest variance first, and gets a covariance that is not $I$. Run, then say what
# is wrong before you write your own.


# %% demo="debug_whitening"
def whitened_by_a_friend(x):
    xc = x - x.mean(axis=0)
    lam, U = np.linalg.eigh(xc.T @ xc / len(x))
    lam, U = lam[::-1], U[::-1]
    return xc @ U / np.sqrt(lam)


cloud = np.random.default_rng(SEED).normal(size=(500, 2))
cloud = cloud @ [[3.0, 2.0], [0.0, 0.5]]
print(np.cov(whitened_by_a_friend(cloud).T, ddof=0).round(2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The variances are 0.15 and 68, not 1: `U[::-1]` reverses the *rows* of `U`. Axes are its columns, so it is
# `U[:, ::-1]`. The shapes are the same, so nothing crashes. (The sign of a column is free, the order of its entries is
# not.)
#
# </details>


# %% exercise="pca_whiten" extra=2
def pca_whiten(x, eps=1e-5):
    """Return x in its principal axes, each with variance 1.

    cov = U diag(lam) U^T is the covariance over the N samples (divided
    by N), lam in decreasing order; then out = xc U / sqrt(lam + eps),
    where xc is x minus its mean. The sign of each column is free.
    Reference: torch.linalg.eigh.

    Parameters
    ----------
    x : ndarray of shape (N, D); D may be larger than N
    eps : float, positive; added to each eigenvalue, inside the root

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x; the column of the largest
        eigenvalue first. The mean is not added back.
    """
    ### BEGIN SOLUTION
    xc = x - x.mean(axis=0)
    lam, U = np.linalg.eigh(xc.T @ xc / len(x))
    lam, U = lam[::-1], U[:, ::-1]
    return xc @ U / np.sqrt(lam + eps)
    ### END SOLUTION


# %% check="pca_whiten" points=5
check("pca_whiten", pca_whiten, points=5)

# %% [markdown]
# ### Equation
# PCA leaves the data turned, in axes that nobody has named. Lecture 004 whitens in the axes of $x$, with a
# *symmetric* matrix:
#
# $$\text{ZCA: } X_c\, C^{-1/2}, \qquad C^{-1/2}\, C\; C^{-1/2} = I$$
#
# **Derive it** before you code: write $C^{-1/2}$ with $U$ and $\Lambda$, and say what it adds to PCA.
#
# <details><summary>The derivation</summary>
#
# Try $S = U \Lambda^{-1/2} U^T$. It is symmetric, and with $U^T U = I$
#
# $$S\, C\, S = U \Lambda^{-1/2}\, U^T U\, \Lambda\, U^T U\, \Lambda^{-1/2} U^T = U U^T = I.$$
#
# So $X_c\, S$ is PCA's result, turned back by $U^T$. With $\epsilon$, $\Lambda + \epsilon$ stands for $\Lambda$.
#
# </details>


# %% exercise="zca_whiten" extra=2
def zca_whiten(x, eps=1e-5):
    """Return x whitened with as little change as possible.

    out = xc cov^(-1/2) with the symmetric root (lecture 004), where eps
    is added to each eigenvalue of cov: whitened, and in the axes of x.
    Of all whitenings it stays nearest to x, so a whitened image still
    looks like one.
    Reference: torch.linalg.eigh.

    Parameters
    ----------
    x : ndarray of shape (N, D); D may be larger than N
    eps : float, positive; added to each eigenvalue, inside the root

    Returns
    -------
    out : ndarray of shape (N, D), dtype of x. The mean is not added back.
    """
    ### BEGIN SOLUTION
    xc = x - x.mean(axis=0)
    lam, U = np.linalg.eigh(xc.T @ xc / len(x))
    return xc @ (U / np.sqrt(lam + eps)) @ U.T
    ### END SOLUTION


# %% check="zca_whiten" points=4
check("zca_whiten", zca_whiten, points=4)

# %% [markdown]
# ### Picture
# The cloud, and what your three functions make of it. The test points come from a place 2 higher. Follow the three
# numbered points, and predict first: by which of the functions will they be turned, or even mirrored?

# %% demo="initialization_clouds"
plots.initialization_clouds(standardize, pca_whiten, zca_whiten, seed=SEED)

# %% [markdown]
# The same with images. In the row `pca_whiten` the 64 numbers of a digit are drawn as if they were pixels.

# %% demo="initialization_digits"
plots.initialization_digits(pca_whiten, zca_whiten)

# %% [markdown]
# ### Question
# What would the second cloud look like if the test points were standardized by *their own* mean? Why is that wrong,
# though it looks better? And what does a large `eps` buy in the last row of digits?
#
# <details><summary>Answer</summary>
#
# The crosses would lie in the middle of the dots: the difference between the two sets, which the model should be told
# of, is gone. And the same image would become other numbers in other company.
#
# A principal axis has no sign, so PCA may mirror. Of all whitenings ZCA stays nearest. With `eps` = 0.1 the directions
# that hardly vary are not blown up: the digits keep their outlines, and the covariance is no longer $I$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# The singular value decomposition finds the axes without a covariance; their signs are free.
#
# ```python
# import torch
#
# x = torch.randn(50, 3, dtype=torch.float64) @ torch.rand(3, 3).double() + 2
# scaled = (x - x.mean(0)) / x.std(0, correction=0)
# U, _, _ = torch.linalg.svd(x - x.mean(0), full_matrices=False)
# yours = standardize(x.numpy(), x.numpy(), eps=0)[0], pca_whiten(x.numpy(), 0)
# (scaled, (len(x) ** 0.5 * U).abs()), (yours[0], np.abs(yours[1]))
# ```
#
# </details>

# %% [markdown]
# ## 2 · All zeros
#
# ### Idea
# Now the weights. Zero seems a fair start: no unit is preferred. But equal units get equal gradients, take equal steps
# and stay equal for ever. A layer of 16 units is then one unit, paid for 16 times. Let us count.

# %% [markdown]
# ### Equation
# Units $i$ and $k$ differ if
#
# $$\max_j |W_{ij} - W_{kj}| > \mathrm{tol}$$
#
# - $W$ (`W`): the weights, in PyTorch's layout `(out, in)`: row $i$ holds what unit $i$ multiplies its inputs with;
# - tol (`tol`): below it, a difference is rounding.
#
# From here on all weights have that layout. (The course's own layers have `(in, out)`; the pictures turn them.) Every
# initialiser is `name(shape, rng, ...)`: all randomness comes from `rng`.


# %% exercise="zeros" core=1
def zeros(shape, rng):
    """Return weights that are all zero (lecture 000's first pitfall).

    Parameters
    ----------
    shape : tuple of ints
    rng : numpy.random.Generator or None; nothing is drawn, it stands here
        so that all initialisers are called alike

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    return np.zeros(shape)
    ### END SOLUTION


# %% check="zeros" points=1
check("zeros", zeros, points=1)


# %% [markdown]
# **First slowly.** This counts right, entry by entry. Yours looks at whole rows at once, in a third of the lines; how
# much faster will it be for 60 units with 256 inputs? The cell behind your check measures it.


# %% demo="rows_slowly"
def distinct_rows_slowly(W, tol):
    groups = []
    for row in W:
        is_new = True
        for other in groups:
            is_equal = True
            for a, b in zip(row, other, strict=True):
                if abs(a - b) > tol:
                    is_equal = False
            if is_equal:
                is_new = False
        if is_new:
            groups.append(row)
    return len(groups)


# %% exercise="distinct_rows" core=2
def distinct_rows(W, tol):
    """Return how many different rows W has: hidden units that differ.

    Two rows are different if they differ by more than tol in at least
    one entry, max_j |W_ij - W_kj| > tol; all others belong to one group.
    Counted are the groups. (Rows of W are units: PyTorch's (out, in).)

    Parameters
    ----------
    W : ndarray of shape (out, in)
    tol : float, not negative

    Returns
    -------
    count : int; 1 if all units are the same, len(W) if all differ
    """
    ### BEGIN SOLUTION
    groups = []
    for row in W:
        if all(np.abs(row - other).max() > tol for other in groups):
            groups.append(row)
    return len(groups)
    ### END SOLUTION


# %% check="distinct_rows" points=4
check("distinct_rows", distinct_rows, points=4)

# %% demo="rows_speed"
W = np.random.default_rng(SEED).normal(size=(60, 256))
plots.speed_up(distinct_rows_slowly, distinct_rows, W, 0.01)

# %% [markdown]
# <details><summary>Answer</summary>
#
# About 20 times, where this was written. Both compare the same 1,770 pairs of rows; but the slow form makes 450,000
# comparisons in Python, one number each, and yours a few thousand calls that do a row each in compiled code. Loops over
# *units* are cheap, loops over *numbers* are not.
#
# </details>


# %% [markdown]
# ### Idea
# Lecture 000's next proposal: small random numbers. $W \sim N(0, \mathrm{std}^2)$, whatever the layer. It is one line,
# and you need it at once, to compare.


# %% exercise="small_normal" core=1
def small_normal(shape, rng, std=0.01):
    """Return small random weights, normal with mean 0.

    W ~ N(0, std^2), whatever the layer's size (lecture 000).

    Parameters
    ----------
    shape : tuple of ints
    rng : numpy.random.Generator; the only source of randomness
    std : float, positive; the standard deviation

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    return std * rng.standard_normal(shape)
    ### END SOLUTION


# %% check="small_normal" points=2
check("small_normal", small_normal, points=2)

# %% [markdown]
# ### Picture
# A network with one hidden layer learns the digits from five starts. Predict for each: how many units differ at the
# end? Mind the third and the fourth: there only *one* of the two layers is random.

# %% demo="initialization_symmetry"
plots.initialization_symmetry(zeros, small_normal, distinct_rows, seed=SEED)

# %% [markdown]
# ### Question
# Why is one random layer enough? And why does 0.1 in both layers learn a little, zero in both nothing at all?
#
# <details><summary>Answer</summary>
#
# A unit's gradient is its input times what comes back through its *outgoing* weights. If those differ, the first step
# parts the units. If the incoming ones differ, they were never equal.
#
# With 0.1 everywhere, 16 equal units still compute one useful feature: how much ink there is. With zeros the hidden
# activations are 0, so the second layer's gradient is 0; and its weights are 0, so nothing comes back to the first.
# Only the last biases move.
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
# W = torch.nn.init.normal_(torch.empty(400, 300), std=0.01)
# W.std(), small_normal((400, 300), np.random.default_rng(SEED)).std()
# ```
#
# </details>

# %% [markdown]
# ## 3 · Small random numbers
#
# ### Idea
# With one hidden layer, 0.01 times a normal number worked. Take ten layers, and the loss stays that of guessing,
# whatever the rate. To see why, watch the activations go through: nothing is trained yet, only passed on.

# %% [markdown]
# ### Equation
#
# $$h_0 = x, \qquad h_l = f(h_{l-1} W_l^T), \qquad l = 1, 2, \dots$$
#
# - $h_l$: the activations of layer $l$, `(N, units)`; $W_l$: its weights, `(out, in)`;
# - $f$ (`activation`): a function that you are given.
#
# Return the mean and the standard deviation of each $h_l$, over all its entries. The input $h_0$ is not counted.


# %% exercise="activation_statistics" core=2
def activation_statistics(x, weights, activation):
    """Return mean and standard deviation of each layer's activations.

    h_0 = x, h_l = activation(h_{l-1} W_l^T); the statistics are those of
    h_1, h_2, ... over all samples and units, the standard deviation
    dividing by their number (lecture 001's table of a deep tanh network).

    Parameters
    ----------
    x : ndarray of shape (N, D)
    weights : list of ndarrays of shape (out, in), PyTorch's layout
    activation : callable; takes an array, returns one of the same shape

    Returns
    -------
    means : ndarray of shape (len(weights),), dtype of x
    stds : ndarray of shape (len(weights),), dtype of x
    """
    ### BEGIN SOLUTION
    means, stds, h = [], [], x
    for W in weights:
        h = activation(h @ W.T)
        means.append(h.mean())
        stds.append(h.std())
    return np.array(means), np.array(stds)
    ### END SOLUTION


# %% check="activation_statistics" points=4
check("activation_statistics", activation_statistics, points=4)

# %% [markdown]
# ### Picture
# Ten tanh layers of 300 units, three sizes of weights. Above each histogram: your standard deviation. Predict first:
# which of the three rows can be trained?

# %% demo="initialization_layers"
plots.initialization_layers(small_normal, activation_statistics, seed=SEED)

# %% [markdown]
# ### Question
# The last row has a large, steady standard deviation. What is wrong with it all the same?
#
# <details><summary>Answer</summary>
#
# Nearly every unit sits at $-1$ or $+1$, where tanh is flat: its slope is nearly 0, and a gradient that comes back
# through it is multiplied by that. In the first row the slopes are all 1, but the *activations* are nearly 0, and a
# weight's gradient is a product with them. Too small or too large, both starve.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# A *hook* is called with whatever passes through a layer.
#
# ```python
# import torch
#
# stds = []
#
#
# def watch(layer, x, out):
#     stds.append(out.std(correction=0))
#
#
# x, tanh = torch.randn(50, 30), torch.nn.Tanh()
# net = torch.nn.Sequential(torch.nn.Linear(30, 30, bias=False), tanh)
# tanh.register_forward_hook(watch)
# net(x)
# weights = [net[0].weight.detach().numpy()]
# stds, activation_statistics(x.numpy(), weights, np.tanh)[1]
# ```
#
# </details>

# %% [markdown]
# ## 4 · The variance of a sum
#
# ### Idea
# Between 0.01 and 0.2 there is a right size. No search is needed: a unit is a sum of products, and the variance of
# that can be computed.

# %% [markdown]
# ### Equation
# For independent $w_i$, $x_i$ variances of products add up (lecture 000), and of one product
#
# $$\mathrm{Var}(w x) = \mathrm{E}[w^2 x^2] - \mathrm{E}[w x]^2$$
#
# - $n$ (`fan_in`): how many products a unit adds up;
# - $\mathrm{E}$ (`mean_w`, `mean_x`), $\mathrm{Var}$ (`var_w`, `var_x`): mean and variance, the same for all $i$.
#
# **Derive** the variance of the sum before you code, in these five numbers.
#
# <details><summary>The derivation</summary>
#
# Independent: $\mathrm{E}[w^2 x^2] = \mathrm{E}[w^2]\, \mathrm{E}[x^2]$ and $\mathrm{E}[w x] =
# \mathrm{E}[w]\, \mathrm{E}[x]$. With $\mathrm{E}[w^2] = \mathrm{Var}(w) + \mathrm{E}[w]^2$ the last products cancel:
#
# $$\mathrm{Var}(w x) = \mathrm{E}[w]^2\, \mathrm{Var}(x) + \mathrm{E}[x]^2\, \mathrm{Var}(w) +
# \mathrm{Var}(x)\, \mathrm{Var}(w)$$
#
# $n$ of them add up. With both means 0 this is the lecture's $n\, \mathrm{Var}(w)\, \mathrm{Var}(x)$.
#
# </details>


# %% exercise="output_variance" core=2
def output_variance(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    """Return the variance of a sum of fan_in products w_i x_i.

    All w_i and x_i are independent (lecture 000), so the variances of
    the products add up. With both means 0 the sum's variance is the
    lecture's fan_in Var(w) Var(x); here they may be anything.

    Parameters
    ----------
    var_x, var_w : float; variance of each input and of each weight
    fan_in : int; number of products in the sum
    mean_x, mean_w : float; mean of each input and of each weight

    Returns
    -------
    variance : float
    """
    ### BEGIN SOLUTION
    cross = mean_w**2 * var_x + mean_x**2 * var_w
    return fan_in * (cross + var_x * var_w)
    ### END SOLUTION


# %% check="output_variance" points=4
check("output_variance", output_variance, points=4)

# %% [markdown]
# ### Picture
# Left: sums of random products, measured, against your prediction. Right: your formula applied ten times over, and ten
# real layers. For which `std` does the right line stay level, with 400 units?

# %% demo="initialization_variance"
plots.initialization_variance(output_variance, small_normal, seed=SEED)

# %% [markdown]
# ### Question
# The weights have mean 0. Does the mean of the *inputs* matter then? Think of pixels between 0 and 1.
#
# <details><summary>Answer</summary>
#
# Yes: $\mathrm{E}[x]^2\, \mathrm{Var}(w)$ stays, and together the two remaining terms are
# $n\, \mathrm{Var}(w)\, \mathrm{E}[x^2]$. What a layer passes on is the *mean square* of its inputs, not their
# variance. That is what section 1 set to 1, and what section 6 will keep.
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
# w, x = 0.1 * torch.randn(20_000, 100), 1 + 2 * torch.randn(20_000, 100)
# (w * x).sum(1).var(), output_variance(2.0**2, 0.1**2, 100, mean_x=1.0)
# ```
#
# </details>

# %% [markdown]
# ## 5 · Calibrated
#
# ### Idea
# The variance is multiplied by $n\,\mathrm{Var}(w)$ in every layer. Ten layers make $(n\,\mathrm{Var}(w))^{10}$, so
# even a factor of 2 too much is 1000 too much. It has to be 1.

# %% [markdown]
# ### Equation
#
# $$W \sim N\Big(0, \frac{1}{\mathrm{fan_{in}}}\Big), \qquad
# \mathrm{fan_{in}} = \mathrm{in} \cdot \mathrm{area}, \quad \mathrm{fan_{out}} = \mathrm{out} \cdot \mathrm{area}$$
#
# - fan_in: inputs that one unit adds up; fan_out: units that one input feeds;
# - area: the product of a kernel's sizes, 1 for a dense layer. Shapes are PyTorch's, `(out, in, *kernel)`.
#
# [LeCun et al. (1998)](https://doi.org/10.1007/3-540-49430-8_2), section 4.6. The second argument of $N$ is a variance.
# Lecture 001 calls this "Xavier initialization"; section 7 measures what PyTorch calls so.


# %% exercise="fan_in_and_fan_out" core=1
def fan_in_and_fan_out(shape):
    """Return how many inputs feed a unit, and how many units an input feeds.

    In PyTorch's layout (out, in, *kernel):
    fan_in = in * area, fan_out = out * area, where area is the product
    of the kernel's sizes, 1 for a dense layer. As in torch.nn.init.

    (The course's own dense layers hold (in, out): pass W.T.shape.)

    Parameters
    ----------
    shape : tuple of at least two ints, (out, in, *kernel)

    Returns
    -------
    fan_in : int
    fan_out : int
    """
    ### BEGIN SOLUTION
    area = 1
    for size in shape[2:]:
        area *= size
    return shape[1] * area, shape[0] * area
    ### END SOLUTION


# %% check="fan_in_and_fan_out" points=3
check("fan_in_and_fan_out", fan_in_and_fan_out, points=3)


# %% exercise="lecun_normal" core=1
def lecun_normal(shape, rng):
    """Return normal weights with standard deviation 1 / sqrt(fan_in).

    W ~ N(0, 1 / fan_in) (LeCun et al. 1998, section 4.6). Lecture 001
    calls it Xavier initialization; PyTorch's Xavier is another one.

    Parameters
    ----------
    shape : tuple of ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    fan_in, _ = fan_in_and_fan_out(shape)
    return rng.standard_normal(shape) / np.sqrt(fan_in)
    ### END SOLUTION


# %% check="lecun_normal" points=3
check("lecun_normal", lecun_normal, points=3)

# %% [markdown]
# ### Picture
# Lecture 001 prints a table: ten tanh layers of 500 units, with this start. Rings are its numbers, the line is yours.
# If you did both functions right, they meet to within the luck of the draw; the right side shows how much luck there
# is.

# %% demo="initialization_table"
plots.initialization_table(lecun_normal, small_normal, activation_statistics)

# %% [markdown]
# ### Question
# The variance should stay at 1, and falls from 0.628² to 0.228². Whose fault is that? And why does it fall ever more
# slowly?
#
# <details><summary>Answer</summary>
#
# tanh's: $|\tanh z| < |z|$. The derivation assumes that a layer is linear, and so the lecture says. Near 0 tanh *is*
# linear, so the smaller the signal, the less it loses: the loss is of third order in $z$. It shrinks like a power of
# the depth, where `small_normal` shrinks exponentially.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# In PyTorch this start is Kaiming's with the gain of a linear layer. Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# W = torch.empty(400, 300)
# torch.nn.init.kaiming_normal_(W, nonlinearity="linear")
# W.std(), lecun_normal((400, 300), np.random.default_rng(SEED)).std()
# ```
#
# </details>

# %% [markdown]
# ## 6 · What the activation takes
#
# ### Idea
# A ReLU loses more than tanh. It sets half of a symmetric signal to zero, and halves its mean square: in every layer,
# however small the signal. After 30 layers $2^{-30}$ is left of the mean square.
# [He et al. (2015)](https://arxiv.org/abs/1502.01852) could not train 30 layers so, and put the factor back.

# %% [markdown]
# ### Equation
#
# $$\mathrm{std} = \frac{\mathrm{gain}}{\sqrt{\mathrm{fan}}}, \qquad
# \mathrm{gain}^2 = \frac{\mathrm{E}[z^2]}{\mathrm{E}[f(z)^2]}$$
#
# - std: of the weights; fan: fan_in or fan_out, as `mode` says. Section 7 explains the second;
# - gain: makes up for what the activation $f$ takes from a signal $z$ that is as often positive as negative.
#
# **Derive** the gain of a leaky ReLU of slope $a$ (`param`, `a`): $f(z) = z$ above 0, $a z$ below. And: weights that are
# uniform on $(-b, b)$, which $b$ (bound) gives them this std?
#
# <details><summary>The derivation</summary>
#
# Half of the mean square is above 0 and stays, the other half is multiplied by $a^2$: $\mathrm{E}[f(z)^2] = \tfrac12 (1 +
# a^2)\, \mathrm{E}[z^2]$. So $\mathrm{gain} = \sqrt{2 / (1 + a^2)}$, and $\sqrt 2$ for a ReLU.
#
# $\frac{1}{2b} \int_{-b}^{b} w^2\, dw = b^2/3$, so $b = \sqrt3\; \mathrm{std}$.
#
# </details>
#
# PyTorch's other gains (5/3 for tanh, 3/4 for SELU) are conventions: nothing above gives them.


# %% exercise="gain" core=1
def gain(nonlinearity, param=None):
    """Return the factor that makes up for what a nonlinearity takes away.

    As torch.nn.init.calculate_gain:

    - "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
      "conv_transpose2d", "conv_transpose3d", "sigmoid": 1
    - "tanh": 5 / 3
    - "selu": 3 / 4
    - "relu", "leaky_relu": what keeps the mean square of a symmetric
      signal (He et al. 2015, equations 10 and 15)

    Parameters
    ----------
    nonlinearity : str
    param : float or None; the slope of "leaky_relu", 0.01 if it is None;
        the others do not look at it

    Returns
    -------
    gain : float

    Raises
    ------
    ValueError
        if `nonlinearity` is none of the above
    """
    ### BEGIN SOLUTION
    slope = 0.01 if param is None else param
    gains = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "selu": 3 / 4}
    gains["relu"] = 2**0.5
    gains["leaky_relu"] = (2 / (1 + slope**2)) ** 0.5
    for d in (1, 2, 3):
        gains[f"conv{d}d"] = gains[f"conv_transpose{d}d"] = 1.0
    if nonlinearity not in gains:
        raise ValueError(f"nonlinearity={nonlinearity!r}: not in {[*gains]}")
    return gains[nonlinearity]
    ### END SOLUTION


# %% check="gain" points=3
check("gain", gain, points=3)


# %% exercise="kaiming_normal" core=2
def kaiming_normal(
    shape,
    rng,
    a=0.0,
    mode="fan_in",
    nonlinearity="leaky_relu",
):
    """Return normal weights with Kaiming's variance.

    W ~ N(0, std^2), std = gain(nonlinearity, a) / sqrt(fan) (He et al.
    2015, equations 10 and 14), as torch.nn.init.kaiming_normal_.

    Parameters
    ----------
    shape : tuple of ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness
    a : float; slope of the leaky ReLU behind this layer, 0 for a ReLU
    mode : "fan_in" keeps the variance forward, "fan_out" backward
    nonlinearity : str; a name that `gain` knows

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fan = fan_in if mode == "fan_in" else fan_out
    std = gain(nonlinearity, a) / np.sqrt(fan)
    return std * rng.standard_normal(shape)
    ### END SOLUTION


# %% check="kaiming_normal" points=4
check("kaiming_normal", kaiming_normal, points=4)


# %% exercise="kaiming_uniform" extra=2
def kaiming_uniform(
    shape,
    rng,
    a=0.0,
    mode="fan_in",
    nonlinearity="leaky_relu",
):
    """Return weights uniform on (-bound, bound), Kaiming's variance.

    Their standard deviation is that of kaiming_normal (He et al. 2015),
    as torch.nn.init.kaiming_uniform_.

    Parameters
    ----------
    shape : tuple of ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness
    a : float; slope of the leaky ReLU behind this layer, 0 for a ReLU
    mode : "fan_in" keeps the variance forward, "fan_out" backward
    nonlinearity : str; a name that `gain` knows

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fan = fan_in if mode == "fan_in" else fan_out
    bound = np.sqrt(3 / fan) * gain(nonlinearity, a)
    return rng.uniform(-bound, bound, shape)
    ### END SOLUTION


# %% check="kaiming_uniform" points=4
check("kaiming_uniform", kaiming_uniform, points=4)

# %% [markdown]
# ### Picture
# Thirty layers. Left: ReLUs, from three starts. Right: what is left in layer 30 for each activation, with a gain of 1
# and with yours. Predict first: for which activation does the gain do harm?

# %% demo="initialization_gain"
plots.initialization_gain(
    gain,
    lecun_normal,
    kaiming_normal,
    kaiming_uniform,
    activation_statistics,
    seed=SEED,
)

# %% [markdown]
# ### Question
# Read off the slope of `lecun_normal`, left: by which factor per layer does the root mean square fall? And what is
# special about SELU?
#
# <details><summary>Answer</summary>
#
# By $1/\sqrt2$ a layer, $2^{-15} \approx 3 \cdot 10^{-5}$ in all, as it must. Normal or uniform is all the same: only
# the variance counts.
#
# SELU ([Klambauer et al. 2017](https://arxiv.org/abs/1706.02515)) was built so that weights of variance 1/fan_in keep
# the signal at 1, by themselves. The gain of 3/4 breaks that; PyTorch's documentation says to take `"linear"` where
# self-normalising is wanted.
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
# W = torch.nn.init.kaiming_uniform_(torch.empty(400, 300))
# factor = torch.nn.init.calculate_gain("leaky_relu", 0.2)
# mine = kaiming_uniform((400, 300), np.random.default_rng(SEED))
# (factor, W.abs().max()), (gain("leaky_relu", 0.2), np.abs(mine).max())
# ```
#
# </details>

# %% [markdown]
# ## 7 · There and back
#
# ### Idea
# Gradients go the other way, $dh_{l-1} = dz_l\, W_l$, and add up over the *outputs*: to keep their variance you need
# 1/fan_out. Where a layer is not square you cannot have both.
# [Glorot and Bengio (2010)](https://proceedings.mlr.press/v9/glorot10a.html) split the difference.

# %% [markdown]
# ### Equation
#
# $$\mathrm{std} = \mathrm{gain} \sqrt{\frac{2}{\mathrm{fan_{in}} + \mathrm{fan_{out}}}}$$
#
# One over the *mean* of the two fans, as a variance. This is Xavier (Glorot's first name) in the paper, equations 12
# and 16, and in PyTorch. Lecture 001 gives the same name to $1/\sqrt{\mathrm{fan_{in}}}$, section 5's. For square
# layers they are one.


# %% exercise="xavier_normal" extra=1
def xavier_normal(shape, rng, gain=1.0):
    """Return normal weights with Xavier's variance.

    W ~ N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)): between
    what the way forward asks for, 1 / fan_in, and the way back,
    1 / fan_out (Glorot and Bengio 2010, equation 12), as
    torch.nn.init.xavier_normal_.

    Parameters
    ----------
    shape : tuple of ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness
    gain : float, positive

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_fan_out(shape)
    std = gain * np.sqrt(2 / (fan_in + fan_out))
    return std * rng.standard_normal(shape)
    ### END SOLUTION


# %% check="xavier_normal" points=3
check("xavier_normal", xavier_normal, points=3)


# %% exercise="xavier_uniform" core=2
def xavier_uniform(shape, rng, gain=1.0):
    """Return weights uniform on (-bound, bound), Xavier's variance.

    Their standard deviation is that of xavier_normal (Glorot and Bengio
    2010, equation 16), as torch.nn.init.xavier_uniform_.

    Parameters
    ----------
    shape : tuple of ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness
    gain : float, positive

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_fan_out(shape)
    bound = gain * np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)
    ### END SOLUTION


# %% check="xavier_uniform" points=3
check("xavier_uniform", xavier_uniform, points=3)

# %% [markdown]
# ### Picture
# Linear layers that halve in width, five times. Forward is read from the left, backward from the right. Predict first:
# by which factor per layer does the lecture's Xavier change the gradient, and PyTorch's the signal?

# %% demo="initialization_both_ways"
plots.initialization_both_ways(
    lecun_normal,
    xavier_uniform,
    xavier_normal,
    kaiming_normal,
    seed=SEED,
)

# %% [markdown]
# ### Question
# Work the factors out for a layer with fan_in = 2 fan_out. Which of the three would you choose?
#
# <details><summary>Answer</summary>
#
# Forward the variance is multiplied by $\mathrm{fan_{in}}\,\mathrm{Var}(w)$: 1 for the lecture's, $4/3$ for PyTorch's,
# 2 for fan_out. Backward by $\mathrm{fan_{out}}\,\mathrm{Var}(w)$: $1/2$, $2/3$, 1. Five layers make $32$ and $1/32$
# of the extremes.
#
# It rarely matters which. Either way one end is set right, and the other is off by the ratio of the first width to the
# last, once, and not by a factor per layer: He et al. (2015) say so too. The gain is what compounds without end.
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
# W = torch.nn.init.xavier_normal_(torch.empty(400, 100))
# W.std(), xavier_normal((400, 100), np.random.default_rng(SEED)).std()
# ```
#
# </details>

# %% [markdown]
# ## 8 · Orthogonal
#
# ### Idea
# The right variance keeps the *average* length. A random matrix still stretches some directions and flattens others,
# and thirty of them in a row flatten all but a few. A rotation stretches nothing. So draw rotations.

# %% [markdown]
# ### Equation
#
# $$A = Q R, \qquad W = \mathrm{gain} \cdot Q\, \mathrm{diag}(\mathrm{sign}\, R_{ii})$$
#
# - $A$: a tall or square matrix of standard normal numbers;
# - $Q$, $R$: its QR factors: orthonormal columns, and an upper triangle.
#
# For a wide $W$, factor a tall $A$ and transpose. A kernel's axes count as inputs: $W$ is flattened to (out, rest).
# Without the signs $W$ is orthogonal too, but not *evenly* random
# ([Mezzadri 2007](https://arxiv.org/abs/math-ph/0609050)). [Saxe et al. (2014)](https://arxiv.org/abs/1312.6120).
#
# **Debug this.** A friend's wide $W$ has the right shape, and rows of nearly any length: run. One word in the function
# is wrong. Which, and why does nobody see it where $W$ is square?


# %% demo="debug_orthogonal"
def wide_by_a_friend(rows, cols, rng):
    Q, R = np.linalg.qr(rng.standard_normal((cols, rows)))
    Q = Q * np.sign(np.diag(R))
    return Q.reshape(rows, cols)


W = wide_by_a_friend(3, 5, np.random.default_rng(SEED))
print(W.shape, (W @ W.T).round(2), sep="\n")

# %% [markdown]
# <details><summary>Answer</summary>
#
# `reshape`, where a transpose is meant. $Q$ is `(5, 3)`, with orthonormal *columns*; its transpose has them as rows.
# `reshape` cuts the same 15 numbers into other rows, which have nothing to do with each other. A square $Q$ is left as
# it is by `reshape(n, n)`, and its rows are orthonormal too. (A kernel's `reshape` at the end is right: it only splits
# the columns of a finished $W$.)
#
# </details>


# %% exercise="orthogonal" extra=3
def orthogonal(shape, rng, gain=1.0):
    """Return gain times a random (semi-)orthogonal matrix.

    W, flattened to (out, everything else), has W^T W = gain^2 I if it is
    tall or square, W W^T = gain^2 I if it is wide (Saxe et al. 2014), as
    torch.nn.init.orthogonal_. Every such matrix is equally likely: of a
    normal matrix's A = Q R take the Q whose R has a positive diagonal
    (Mezzadri 2007); np.linalg.qr chooses signs for its convenience.

    Parameters
    ----------
    shape : tuple of at least two ints, (out, in, *kernel)
    rng : numpy.random.Generator; the only source of randomness
    gain : float, positive

    Returns
    -------
    W : ndarray of that shape, float64
    """
    ### BEGIN SOLUTION
    rows = shape[0]
    cols = int(np.prod(shape[1:]))
    A = rng.standard_normal((max(rows, cols), min(rows, cols)))
    Q, R = np.linalg.qr(A)
    Q = Q * np.sign(np.diag(R))
    if rows < cols:
        Q = Q.T
    return gain * Q.reshape(shape)
    ### END SOLUTION


# %% check="orthogonal" points=6
check("orthogonal", orthogonal, points=6)

# %% [markdown]
# ### Picture
# Left: by how much products of 1, 10 and 30 layers stretch their directions. Right: all orthogonal matrices of four
# rows are equally likely only if the angles of their eigenvalues are spread evenly. (The angles 0 and π, real
# eigenvalues, are left out.)

# %% demo="initialization_orthogonal"
plots.initialization_orthogonal(orthogonal, lecun_normal, seed=SEED)

# %% [markdown]
# ### Question
# Thirty layers of `lecun_normal` keep the mean square of a signal. How can nearly all directions be flattened all the
# same?
#
# <details><summary>Answer</summary>
#
# A few directions are stretched by up to 6, and carry it. Whatever goes in, what comes out lies along those few:
# different inputs become alike.
#
# On the right: QR's sign convention makes $Q_{11}$ always negative. Nobody asked for that, and no look at $Q^T Q$ can
# show it.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Two different matrices, but with the same products of rows.
#
# ```python
# import torch
#
# W = torch.nn.init.orthogonal_(torch.empty(3, 5), gain=2.0)
# mine = orthogonal((3, 5), np.random.default_rng(SEED), gain=2.0)
# W @ W.T, mine @ mine.T
# ```
#
# </details>

# %% [markdown]
# ## 9 · All of them
#
# ### Picture
# Now the dials: start, activation, a factor on all weights, width. Below the histograms the signal on its way up, and
# the gradient on its way down.
#
# 1. `small_normal`, tanh: which factor keeps both lines level? Then halve the width: what must it be now?
# 2. relu: which starts keep both level, untouched?
# 3. `orthogonal`, linear, against `lecun_normal`, linear, at a width of 25, for several draws.
# 4. sigmoid: can you save the gradient at all?

# %% demo="initialization_sliders"
initializers = {
    "zeros": zeros,
    "small_normal": small_normal,
    "lecun_normal": lecun_normal,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "kaiming_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal,
    "orthogonal": orthogonal,
}
widgets.initialization_explorer(initializers, activation_statistics)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 1. About 7: 0.07 is $1/\sqrt{200}$. A little more (9) pays for what tanh takes. Half the width: $\sqrt2$ times as
#    much.
# 2. The two Kaimings. `orthogonal`, `lecun_normal` and the Xaviers need $\sqrt2$, `small_normal` needs 10.
# 3. `orthogonal` does not move at all; `lecun_normal` wanders, the more the narrower.
# 4. Four times the usual weights would do if its slope were 1/4 everywhere. It is less, so it takes about 10: but then
#    most units sit in the flat ends, and a few carry the whole gradient.
#
# </details>

# %% [markdown]
# ## 10 · Does it train?
#
# ### Idea
# All this was about networks that do nothing yet. Does it decide whether they learn? Six hidden layers of 64 ReLUs,
# the digits as they are, plain SGD. Every start gets three rates; the same batches for all.
#
# ### Picture
# Predict the order of the five curves first.

# %% demo="initialization_training"
plots.initialization_training(
    small_normal,
    lecun_normal,
    xavier_uniform,
    kaiming_normal,
    orthogonal,
)

# %% [markdown]
# ### Question (graded)
# The loss of `small_normal` (std = 0.01) stands at 2.30 for all rates. **Why at just this number? By which factor does
# each ReLU layer of 64 units shrink the signal, and what follows for the gradients of the weights? A friend wants to
# raise `lr` a thousandfold: does that help? Name two remedies that do.** Five to eight sentences, with numbers.

# %% [markdown] answer="why_it_stands_still" points=4
# ### BEGIN SOLUTION
# The signal has vanished on its way up: all ten scores are nearly 0, each class gets 1/10, and the loss is
# $\log 10 = 2.30$.
#
# A layer multiplies the mean square by $\frac12 \cdot 64 \cdot 0.01^2 = 0.0032$, so the signal by 0.057; six make
# $3 \cdot 10^{-8}$. Gradients shrink as much on their way back. A weight's gradient is the product of both, so every
# layer but its own shrinks it, wherever it is. Only the last biases get normal gradients, and learn how frequent the
# classes are.
#
# A thousandfold `lr` is far from the missing $10^7$, and throws those biases about. What helps: weights of the right
# variance (Kaiming, or orthogonal with gain $\sqrt2$), or a normalisation in every layer (07_batchnorm).
# ### END SOLUTION

# %% [markdown]
# ## 11 · Before and after
#
# ### Picture
# How deep can a network be before it fails to start? Predict where each line falls.

# %% demo="initialization_depth"
plots.initialization_depth(small_normal, lecun_normal, kaiming_normal)

# %% [markdown]
# And the whole way of this notebook, step by step: six hidden layers, five seeds. The last step is your `standardize`
# (with `eps` = 0.01, for pixels that are lit in a handful of images). Look at the means, and at how far the seeds
# scatter.

# %% demo="initialization_before_and_after"
plots.initialization_before_and_after(
    standardize,
    small_normal,
    lecun_normal,
    kaiming_normal,
)

# %% [markdown]
# ### Question
# What did `standardize` gain, though Kaiming's start had the right variance already? And what limits Kaiming at twelve
# layers?
#
# <details><summary>Answer</summary>
#
# Kaiming keeps the mean square, whatever it is: for raw pixels about 0.23, mostly a mean that all images share, so the
# images look alike from inside. Standardized, nearly all of it tells images apart. It learns faster, and the seeds
# scatter less.
#
# The right *average* is not the right stretch in every direction (section 8), and it holds for the first step only.
# What keeps it right while the weights move is the subject of 07_batchnorm.
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | | this notebook | elsewhere |
# |---|---|---|
# | "Xavier" | $\sqrt{2/(\mathrm{fan_{in}} + \mathrm{fan_{out}})}$ (2010 paper, PyTorch) | $1/\sqrt{\mathrm{fan_{in}}}$ (lecture 001), here `lecun_normal` |
# | layout of $W$ | `(out, in)` (PyTorch) | `(in, out)` (lecture 001, the course's layers): swaps the fans |
# | Kaiming's default | slope `a` = 0: $\sqrt2$ (`kaiming_normal_`) | `nn.Linear` calls it with `a` = $\sqrt5$: bound $1/\sqrt{\mathrm{fan_{in}}}$ |
# | whitening | $1/\sqrt{\lambda + \epsilon}$ | $1/(\sqrt\lambda + \epsilon)$, seen as well |
# | gain of tanh | 5/3 (PyTorch) | 1 (2010 paper) |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Weights are only right for the first step. Record `activation_statistics` of section 10's network at every tenth step
#   of its training: which start stays level the longest?
# - A residual network, $h_l = h_{l-1} + f(h_{l-1} W_l^T)$, of 30 layers: derive how fast the variance grows, choose a
#   start, and check the derivation with `activation_statistics`' numbers to a few percent.
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [CS231n, data and weights](https://cs231n.github.io/neural-networks-2/#datapre): whitening and the variance of a
#   sum, at a slower pace.
# - [d2l, numerical stability and initialization](https://d2l.ai/chapter_multilayer-perceptrons/numerical-stability-and-init.html).
# - [Kessy, Lewin and Strimmer (2018)](https://arxiv.org/abs/1512.00809): five whitenings, and what each of them is best
#   at.
# - PyTorch: [`torch.nn.init`](https://docs.pytorch.org/docs/stable/nn.init.html), with all formulas and gains.
#
# </details>
#
# **Next:** 07_batchnorm keeps right, while the weights move, what you have set right at the start.
