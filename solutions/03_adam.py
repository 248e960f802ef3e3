# %% [markdown]
# # 03 · A step size for every weight: AdaGrad to Adam
#
# **The question.** One rate for all weights is too large for some, too small for others. Can each weight find its
# own, from its past slopes alone?
#
# **You will be able to**
# - write AdaGrad, RMSProp, Adadelta, Adam, AMSGrad, AdamW and Nadam, and say what each added;
# - predict Adam's first step, and say how long the correction matters;
# - explain why L2 is no weight decay under Adam;
# - tell which `eps` a formula means, and when it matters.
#
# **You need** 02_sgd: momentum, and how the curvature limits `lr`.
#
# **Left out:** the successors (04_beyond_adam), curvature in the step (05_second_order), proofs.
#
# **Time:** about 215 minutes.
#
# **Core path:** sections 1, 2, 4, 5, 7 and 11: about 125 minutes. The others are variations, and what the lectures
# print.

# %%
import math

import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# Two optimizers of 02_sgd, as the measure of all that follows.


# %%
def sgd(w, grad, state, *, lr):
    """Return w after one step of gradient descent, and the state."""
    return w - lr * grad, state


def momentum(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of SGD with momentum, and the state."""
    v = momentum * state.get("v", np.zeros_like(w)) + grad
    return w - lr * v, {"v": v}


# %% [markdown]
# ## 1 · AdaGrad: every weight its own rate
#
# ### Idea
# In the valley of 02_sgd, 100 times as steep across as along, the best `lr` there is leaves SGD bouncing between the
# walls and creeping along the floor: too large for one weight, too small for the other. A weight that has seen steep
# slopes should take smaller steps, one that has seen shallow slopes larger ones.

# %% [markdown]
# ### Equation
#
# $$c \leftarrow c + g^2, \qquad w \leftarrow w - \mathrm{lr}\,\frac{g}{\sqrt{c} + \epsilon}$$
#
# - $w$, $g$, $\mathrm{lr}$ (`w`, `grad`, `lr`): as in 02_sgd; everything here happens element by element;
# - $c$ (the cache): the sum of all squared slopes of a weight, 0 before the first step; it lives in `state`;
# - $\epsilon$ (`eps`): a tiny number, so that nothing is divided by zero.
#
# [Duchi, Hazan and Singer (2011)](https://jmlr.org/papers/v12/duchi11a.html). A slope divided by slopes has no unit:
# multiply the loss by 1000, and no step changes. Weight by weight it reads as below. Write it for all weights at once.


# %%
def adagrad_by_loop(w, grad, state, *, lr=0.01, eps=1e-10):
    """Return w after one step of AdaGrad, weight by weight."""
    cache = dict(state.get("cache", {}))
    new = w.copy()
    for i in np.ndindex(w.shape):
        cache[i] = cache.get(i, 0.0) + grad[i] ** 2
        new[i] = w[i] - lr * grad[i] / (math.sqrt(cache[i]) + eps)
    return new, {"cache": cache}


# %% exercise="adagrad" core=1
def adagrad(w, grad, state, *, lr=0.01, eps=1e-10):
    """Return w after one step of AdaGrad, and the state.

    As adagrad_by_loop and torch.optim.Adagrad, without a loop: the state
    holds one array. Duchi, Hazan and Singer (2011); lectures 001 and 003.
    Lecture 000 prints no root, lecture 002 has eps inside it.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    eps : float, positive; keeps the quotient finite, outside the root

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    cache = state.get("cache", np.zeros_like(w)) + grad**2
    w = w - lr * grad / (np.sqrt(cache) + eps)
    return w, {"cache": cache}
    ### END SOLUTION


# %% check="adagrad" points=4
check("adagrad", adagrad, points=4)

# %% [markdown]
# ### Picture
# The loop and yours, for one step. Predict first: how many times as fast are arrays for 10,000 weights?

# %% demo="adam_speed"
plots.adam_speed(adagrad_by_loop, adagrad)

# %% [markdown]
# ### Question
# The network of section 11 has 2,410 weights in four arrays. What would a training of 340 steps cost by the loop?
#
# <details><summary>Answer</summary>
#
# Read the loop's time at 2,410 weights off the picture, some 2 ms, and take it 340 times: more than half a second, beside
# a hundredth for arrays. (In 02_sgd the ratio was larger still: a matrix product is one call for many multiplications;
# square, root and quotient are a call each.)
#
# </details>

# %% [markdown]
# ### Picture
# SGD at its best `lr`, and your AdaGrad. Then both again, with the same `lr`, in the same valley *turned by 30°*.
# Predict first: for which of the two does the turn change anything?

# %% demo="adam_valley"
plots.adam_valley(sgd, adagrad)

# %% [markdown]
# ### Question
# Where did AdaGrad's advantage go?
#
# <details><summary>Answer</summary>
#
# SGD knows nothing of axes: its walk turns with the valley, and its loss after 100 steps, 1.48, is the same to 13
# digits. AdaGrad's was $6 \cdot 10^{-11}$, and is 1.79 in the turned valley, behind SGD's. It has one rate for each
# *weight*, and in the turned valley each weight is a mixture of steep and shallow. Both caches grow alike, so nothing
# is left to tell apart. All methods of this notebook share this: they see single weights, never directions.
# (05_second_order does.)
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# The folds of the sections below use both functions.
#
# ```python
# import torch
#
#
# def torch_steps(optimizer, steps=5, **settings):
#     """Return w after steps down the loss sum(w**2), by PyTorch."""
#     w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
#     optimizer = optimizer([w], **settings)
#     for _ in range(steps):
#         optimizer.zero_grad()
#         (w**2).sum().backward()
#         optimizer.step()
#     return w.detach().numpy()
#
#
# def my_steps(step, steps=5, **settings):
#     """Return the same by a function of mine."""
#     w, state = np.array([1.0, -2.0]), {}
#     for _ in range(steps):
#         w, state = step(w, 2 * w, state, **settings)
#     return w
#
#
# torch_steps(torch.optim.Adagrad, lr=0.1), my_steps(adagrad, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 2 · RMSProp: a memory that forgets
#
# ### Idea
# AdaGrad's sum only grows, so its steps only shrink: on an even slope, step $t$ is $\mathrm{lr}/\sqrt{t}$ long. A
# weight that was steep for a while, long ago, pays for it to the end of training. So let the sum forget.

# %% [markdown]
# ### Equation
#
# $$c \leftarrow \alpha\, c + (1 - \alpha)\, g^2, \qquad w \leftarrow w - \mathrm{lr}\,\frac{g}{\sqrt{c} + \epsilon}$$
#
# - $\alpha$ (`alpha`): the share of the old average that is kept; it remembers about $1/(1 - \alpha)$ steps.
#
# Now $c$ is an *average* of squared slopes, and $\sqrt{c}$ their root mean square: hence the name. Tieleman and Hinton
# (2012) showed it on a [lecture slide](https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf) and
# never published it. They took $\alpha = 0.9$; PyTorch takes 0.99.


# %% [markdown]
# ### Debug this
# A colleague typed it, and reports: "The very first step throws the weights out by a million, whatever `lr` I take. If
# I start from a state that was saved in the middle of a run, all goes well." Which line is to blame, and for what? Say
# it in a sentence. Then write it right.


# %%
def rmsprop_of_a_colleague(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    average = state.get("average", np.zeros_like(w))
    step = lr * grad / (np.sqrt(average) + eps)
    average = alpha * average + (1 - alpha) * np.square(grad)
    return w - step, {"average": average}


# %% exercise="rmsprop" core=1
def rmsprop(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """Return w after one step of RMSProp, and the state.

    AdaGrad's step, with a running average of the squared slopes in place
    of their sum, 0 at the start. As torch.optim.RMSprop. Tieleman and
    Hinton (2012); lectures 001 and 003. Lecture 000 prints no root,
    lecture 002 has eps inside it.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    alpha : float in [0, 1); share of the average that is kept
    eps : float, positive; keeps the quotient finite, outside the root

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    cache = state.get("cache", np.zeros_like(w))
    cache = alpha * cache + (1 - alpha) * grad**2
    w = w - lr * grad / (np.sqrt(cache) + eps)
    return w, {"cache": cache}
    ### END SOLUTION


# %% check="rmsprop" points=4
check("rmsprop", rmsprop, points=4)

# %% [markdown]
# ### Question
# What was wrong, and why did the saved state hide it?
#
# <details><summary>Answer</summary>
#
# The step divides by the average from *before* this slope. In the first step that is 0, and $\epsilon = 10^{-8}$ is all
# that is left: a slope of 1 makes a step of $10^8\,\mathrm{lr}$. Later the average of before is nearly that of now, so a
# saved state is nearly right, and only a check of every step tells. The course's check knows it by name: run
# `check("rmsprop", rmsprop_of_a_colleague, points=4)` in a cell of your own.
#
# </details>

# %% [markdown]
# ### Picture
# Two weights, one with slopes of size 1, the other of 0.01. At the dotted line they change places. Drawn is the
# effective rate: how far your function goes, for each unit of slope. Predict first: what does each of the two do after
# the line?

# %% demo="adam_effective_rates"
plots.adam_effective_rates(adagrad, rmsprop)

# %% [markdown]
# ### Question
# Weight 2 slows down at once. How many steps should weight 1 need for its rate to rise from 0.01 to 1? And why do both
# begin with ten times the rate that they settle at?
#
# <details><summary>Answer</summary>
#
# Its $c$ must fall from 1 to $10^{-4}$, and can fall by 1 % a step: $0.99^t = 10^{-4}$ gives $t \approx 916$. Alarm
# takes a step, forgetting takes the memory's length, many times over. (The rate is then 0.7: new slopes
# count too.)
#
# After the first step $c = 0.01\, g^2$: the average starts at zero and has seen one slope in a hundred. Its root is
# $0.1\,|g|$, and the step ten times too long. RMSProp leaves it at that. Adam will not.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# torch_steps(torch.optim.RMSprop, lr=0.1), my_steps(rmsprop, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 3 · Adadelta: where did the learning rate go?
#
# ### Idea
# RMSProp's step is `lr` times a number without a unit, so `lr` is a *distance*: 0.01 is sensible for a weight of size
# 1, and absurd for one of size $10^{-6}$. [Zeiler (2012)](https://arxiv.org/abs/1212.5701) asked for a step that has
# the unit of $w$ by itself, and took the only thing at hand that has it: the weight's own last steps.

# %% [markdown]
# ### Equation
#
# $$\begin{aligned}
# c &\leftarrow \rho\, c + (1 - \rho)\, g^2 \\
# \delta &= \frac{\sqrt{d + \epsilon}}{\sqrt{c + \epsilon}}\; g \\
# d &\leftarrow \rho\, d + (1 - \rho)\, \delta^2 \\
# w &\leftarrow w - \mathrm{lr}\; \delta
# \end{aligned}$$
#
# - $\delta$: the step;  $d$: the average of its squares, the second entry of `state`;
# - $\rho$ (`rho`): what $\alpha$ was above;
# - $\epsilon$: *inside* both roots here. Without it in the numerator, the first step would be zero, and so all others.
#
# The paper has no `lr`. PyTorch adds one that scales the finished step; it stays out of $d$, and is 1 by default.


# %% exercise="adadelta" extra=2
def adadelta(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """Return w after one step of Adadelta, and the state.

    cache <- rho * cache + (1 - rho) * grad^2, then
    delta = sqrt(moved + eps) / sqrt(cache + eps) * grad, then
    moved <- rho * moved + (1 - rho) * delta^2, and w <- w - lr *
    delta. Both averages are 0 at the start, delta has no lr in it, and
    eps stands inside the roots. As torch.optim.Adadelta. Zeiler (2012),
    Algorithm 1, which has no lr.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; scales the whole step
    rho : float in [0, 1); share of both averages that is kept
    eps : float, positive; lets the first step leave 0, inside the roots

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    cache = state.get("cache", np.zeros_like(w))
    moved = state.get("moved", np.zeros_like(w))
    cache = rho * cache + (1 - rho) * grad**2
    delta = np.sqrt(moved + eps) / np.sqrt(cache + eps) * grad
    moved = rho * moved + (1 - rho) * delta**2
    return w - lr * delta, {"cache": cache, "moved": moved}
    ### END SOLUTION


# %% check="adadelta" points=5
check("adadelta", adadelta, points=5)

# %% [markdown]
# ### Picture
# Left: an even slope. Predict first: what happens to the length of the steps with a slope 100 times as steep? With an
# `eps` 100 times as large? Right: what that means in the valley.

# %% demo="adam_adadelta"
plots.adam_adadelta(adadelta)

# %% [markdown]
# ### Question
# Is the learning rate gone? And what would have to happen for the steps to become *shorter* again?
#
# <details><summary>Answer</summary>
#
# The slope's size does not matter, `eps` does: the first step is $\sqrt{\epsilon / (1 - \rho)}$ long. The rate has only
# moved, and taken a unit along: `eps` in the numerator is a squared distance.
#
# A step is about as long as the last ones, plus a little for `eps`, as long as slopes keep their size. It gets shorter
# only while slopes are smaller than their own recent average. Where they flip between two walls they are not: so with
# `eps` = 0.01 the walk arrives first, and leaves the valley again.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# torch_steps(torch.optim.Adadelta, lr=1.0), my_steps(adadelta, lr=1.0)
# ```
#
# </details>

# %% [markdown]
# ## 4 · Adam, almost
#
# ### Idea
# RMSProp divides by a smooth memory, and puts the raw, jittering slope of a single mini-batch on top. 02_sgd had a cure
# for jitter: momentum. Put a memory of slopes above and a memory of squares below. Then something goes wrong in the
# very first steps, and it is worth seeing.

# %% [markdown]
# ### Equation
#
# $$\begin{aligned}
# m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
# v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
# w &\leftarrow w - \mathrm{lr}\,\frac{m}{\sqrt{v} + \epsilon}
# \end{aligned}$$
#
# - $m$, $v$: first and second moment, the averages of slopes and of their squares, both 0 at the start. (This $v$ is no
#   velocity: it is what $c$ was above.)
# - $\beta_1, \beta_2$ (`betas`): the shares that are kept.
#
# All four lectures first print this much and call it Adam (000 without the root, 002 with $\epsilon$ inside it).


# %% exercise="adam_uncorrected" core=2
def adam_uncorrected(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of Adam without bias correction.

    m <- beta1 * m + (1 - beta1) * grad, v <- beta2 * v + (1 - beta2) *
    grad^2, then w <- w - lr * m / (sqrt(v) + eps); both moments are 0
    at the start. Lectures 001 and 003 show it before the full Adam,
    with eps 1e-7; torch.optim.Adam has no such switch.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; keeps the quotient finite, outside the root

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    w = w - lr * m / (np.sqrt(v) + eps)
    return w, {"m": m, "v": v}
    ### END SOLUTION


# %% check="adam_uncorrected" points=4
check("adam_uncorrected", adam_uncorrected, points=4)

# %% [markdown]
# ### Equation
# With $m = v = 0$ before it, the first step sees $m = (1 - \beta_1)\, g$ and $v = (1 - \beta_2)\, g^2$. True averages
# of what has been seen so far would be $g$ and $g^2$, and make a step of length $\mathrm{lr}$. By which factor is yours
# longer? Work it out on paper, for $\epsilon = 0$.


# %% exercise="first_step_ratio" core=2
def first_step_ratio(betas):
    """Return how long Adam's first step is without the correction.

    The length of the first step without bias correction, divided by
    its length with it, for eps = 0, as a function of the betas alone:
    it is the same for every gradient but 0. Kingma and Ba (2015),
    section 3.

    Parameters
    ----------
    betas : (beta1, beta2), floats in [0, 1)

    Returns
    -------
    ratio : float
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    return (1 - beta1) / (1 - beta2) ** 0.5
    ### END SOLUTION


# %% check="first_step_ratio" points=2
check("first_step_ratio", first_step_ratio, points=2)

# %% [markdown]
# ### Picture
# Your function's first ten steps on an even slope; the rings are your prediction for the first. Predict before you
# look: is the first step the longest?

# %% demo="adam_first_steps"
plots.adam_first_steps(adam_uncorrected, first_step_ratio)

# %% [markdown]
# ### Question
# With $\beta_1 = 0.9$, for which $\beta_2$ is the first step just right? Is all well then?
#
# <details><summary>Answer</summary>
#
# $(1 - \beta_1)^2 = 1 - \beta_2$ gives $\beta_2 = 0.99$. But the second step is already too long: $m$ recovers from its
# zero within 10 steps, $\sqrt{v}$ within hundreds. With the usual 0.999 the first step is 3.2 `lr` long, and the steps
# grow to 6.6 `lr`. No choice of `betas` mends what is a wrong average, except none at all, $\beta_1 = \beta_2 = 0$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has no Adam without the correction. But your ratio leads from its first step to yours (section 1's fold):
#
# ```python
# start, ratio = np.array([1.0, -2.0]), first_step_ratio((0.9, 0.999))
# step = torch_steps(torch.optim.Adam, steps=1, lr=0.1) - start
# ratio * step, my_steps(adam_uncorrected, steps=1, lr=0.1) - start
# ```
#
# </details>

# %% [markdown]
# ## 5 · Adam
#
# ### Idea
# An average that starts at zero is too small, and one knows by how much. On paper: what is $m$ after one, two, $t$ steps
# on an even slope $g$? By what must it be divided to be $g$? Is it the same for $v$, and if the slope is not even?

# %% [markdown]
# ### Equation
#
# $$w \leftarrow w - \mathrm{lr}\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}$$
#
# - $\hat m$, $\hat v$: the moments, each divided by what you found; used for the step, and *not* kept: `state` holds $m$
#   and $v$;
# - $t$: the number of this step, 1 for the first; it lives in `state` too.
#
# <details><summary>Derivation</summary>
#
# $m = (1 - \beta_1)\, g$ after one step, $\beta_1 (1 - \beta_1)\, g + (1 - \beta_1)\, g = (1 - \beta_1^2)\, g$ after two,
# and $(1 - \beta_1^t)\, g$ after $t$: the shares of all slopes so far add up to $1 - \beta_1^t$, whatever the slopes. So
# $\hat m = m / (1 - \beta_1^t)$ is an average in which the shares add up to 1, and so is $\hat v = v / (1 - \beta_2^t)$.
#
# </details>
#
# [Kingma and Ba (2015)](https://arxiv.org/abs/1412.6980), Algorithm 1. Adam is short for adaptive moments.


# %% exercise="adam" core=2
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of Adam, and the state.

    The moments of adam_uncorrected; for the step each is divided by what
    the shares of all gradients so far add up to. The state keeps the
    moments themselves, and the number of steps. As torch.optim.Adam.
    Kingma and Ba (2015), Algorithm 1; lectures 001 and 003 (eps 1e-7).
    Lecture 002 has eps inside the root.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, {"t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="adam" points=8
check("adam", adam, points=8)

# %% [markdown]
# ### Picture
# The first ten steps with and without correction. On the right, how much longer the uncorrected step is, in the long
# run. Lecture 001 says that the correction is "only relevant in first few iterations". Predict: how many are a few?

# %% demo="adam_correction"
plots.adam_correction(adam_uncorrected, adam)

# %% [markdown]
# ### Question
# Guess from the picture, then work it out: after how many steps is the uncorrected one within 5 %, with the default
# $\beta_2 = 0.999$?
#
# <details><summary>Answer</summary>
#
# $1/\sqrt{1 - \beta_2^t} < 1.05$ needs $t \approx 2400$: more than the whole training at the end of this notebook
# takes. It is few only compared with a million. What the missing correction does is a *burst* at the start, like a
# warm-up the wrong way round: the opposite of what 02_sgd found useful.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# torch_steps(torch.optim.Adam, lr=0.1), my_steps(adam, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 6 · AMSGrad: when Adam walks the wrong way
#
# ### Idea
# A weight sees the slopes $3, -1, -1, 3, -1, -1, \dots$ They add up to $+1$, so it should go down. Adam goes up, and
# stays there. [Reddi, Kale and Kumar (2018)](https://arxiv.org/abs/1904.09237) found it: a rare, large slope is divided
# by itself, and forgotten when the small ones get their turn. Their cure: never forget the largest.

# %% [markdown]
# ### Equation
#
# $$v_{\max} \leftarrow \max(v_{\max},\, v), \qquad
# w \leftarrow w - \mathrm{lr}\,\frac{\hat m}{\sqrt{v_{\max} / (1 - \beta_2^t)} + \epsilon}$$
#
# - $m$, $v$, $\hat m$: as in Adam; $v$ goes on as if nothing had happened;
# - $v_{\max}$: the largest $v$ so far, element by element, 0 at the start.
#
# The paper corrects neither moment. PyTorch corrects both, and takes the maximum *before* the correction: that is asked
# for here. (After it, the first few, much enlarged $\hat v$ would rule for ever.)


# %% exercise="amsgrad" extra=2
def amsgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of AMSGrad, and the state.

    The moments m and v as in Adam, and v_max <- max(v_max, v), element
    by element; then w <- w - lr * m_hat / (sqrt(v_max / (1 - beta2^t))
    + eps) with m_hat = m / (1 - beta1^t). The maximum is taken of v
    before its correction, and v itself goes on as in Adam. As
    torch.optim.Adam(amsgrad=True). Reddi, Kale and Kumar (2018),
    Algorithm 2, which corrects neither moment.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected maximum

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = np.maximum(state.get("v_max", np.zeros_like(w)), v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, {"t": t, "m": m, "v": v, "v_max": v_max}
    ### END SOLUTION


# %% check="amsgrad" points=5
check("amsgrad", amsgrad, points=5)

# %% [markdown]
# ### Picture
# Left: those slopes, with a memory of one or two steps. Right: a rare slope of $C$ among many of $-1$, at random,
# always with a positive mean; the longer the memory of $v$, the further right. The best $w$ is $-1$ everywhere. Predict
# first: is there a $\beta_2$ with which Adam is safe?

# %% demo="adam_wrong_way"
plots.adam_wrong_way(adam, amsgrad, seed=SEED)

# %% [markdown]
# ### Question
# What is the price of never forgetting? And why does hardly anybody meet the failure in practice?
#
# <details><summary>Answer</summary>
#
# For every $\beta_2$ there is a $C$, rare and large enough, that breaks Adam: Adam's three lines fall further and
# further right. But at the default $\beta_2 = 0.999$ it must come less than about once in a thousand steps and still
# decide the sum.
#
# The price: one freak slope shortens the steps of its weight for the rest of training. It is AdaGrad's disease
# again, in a mild form.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# by_torch = torch_steps(torch.optim.Adam, steps=50, lr=0.1, amsgrad=True)
# by_torch, my_steps(amsgrad, steps=50, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 7 · Two ways to shrink a weight
#
# ### Idea
# To keep weights small, add $\tfrac{\lambda}{2}\lVert w \rVert^2$ to the loss: every weight is pulled to zero, the
# harder the larger it is. SGD does that. Adam divides the pull by $\sqrt{\hat v}$ like everything else, so weights with
# large slopes hardly feel it, and weights without slopes are crushed.

# %% [markdown]
# ### Equation
#
# | function | step |
# |---|---|
# | `adam_l2` | Adam on $g + \lambda w$ in place of $g$ |
# | `adamw` | $w \leftarrow (1 - \mathrm{lr}\,\lambda)\, w$, then Adam on $g$ alone |
#
# - $\lambda$ (`weight_decay`): the strength. Where the lectures write $\lambda\lVert w\rVert^2$, without the half, the
#   gradient is $2\lambda w$; PyTorch adds $\lambda w$.
#
# `adamw` *decouples* the decay from the slopes ([Loshchilov and Hutter 2019](https://arxiv.org/abs/1711.05101)). Under
# plain SGD the two are one. You may call your `adam`; mind that `grad` stays as it was.


# %% exercise="adam_l2" core=1
def adam_l2(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
):
    """Return w after one step of Adam with an L2 penalty, and the state.

    grad + weight_decay * w takes the place of grad in Adam's step, in
    both moments: the gradient of the loss plus weight_decay / 2 *
    ||w||^2. As torch.optim.Adam(weight_decay=...). Where the lectures
    write lambda * ||w||^2, weight_decay is 2 lambda.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both; neither is
        modified
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    weight_decay : float, not negative; strength of the penalty

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    penalized = grad + weight_decay * w
    return adam(w, penalized, state, lr=lr, betas=betas, eps=eps)
    ### END SOLUTION


# %% check="adam_l2" points=4
check("adam_l2", adam_l2, points=4)


# %% exercise="adamw" core=1
def adamw(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=1e-2,
):
    """Return w after one step of AdamW, and the state.

    First w <- (1 - lr * weight_decay) * w, then Adam's step from there,
    whose moments see grad alone. As torch.optim.AdamW. Loshchilov and
    Hutter (2019), Algorithm 2, whose decay does not scale with lr but
    with a schedule's multiplier.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size, of the decay too
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    weight_decay : float, not negative; each step takes the share lr *
        weight_decay of w

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    decayed = (1 - lr * weight_decay) * w
    return adam(decayed, grad, state, lr=lr, betas=betas, eps=eps)
    ### END SOLUTION


# %% check="adamw" points=5
check("adamw", adamw, points=5)

# %% [markdown]
# ### Picture
# Weights that start at 1 and get slopes of pure noise, of many sizes. All have the same `weight_decay`. Predict the two
# curves first.

# %% demo="adam_decay"
plots.adam_decay(adam_l2, adamw, seed=SEED)

# %% [markdown]
# The same in a network: the digits are learnt with three strengths of decay. Drawn is what is left of the weights that
# leave each pixel. Some pixels at the border are lit in few images, three of them in none.

# %% demo="adam_dead_pixels"
plots.adam_dead_pixels(adam_l2, adamw)

# %% [markdown]
# ### Question (graded)
# Look at the pixels that are never lit. With `adam_l2` their weights are gone after training, and **just as thoroughly
# with `weight_decay = 0.0001` as with 0.01. Why does the strength not matter there?** Why does it matter for `adamw`?
# And why are the weights of bright pixels treated so differently by `adam_l2`? Four to six sentences; use the
# equations.

# %% [markdown] answer="why_strength_cancels" points=4
# ### BEGIN SOLUTION
# A pixel that is never lit gives its weights the gradient 0, so all that `adam_l2` sees there is $\lambda w$. Then
# $\hat m$ is about $\lambda w$ and $\sqrt{\hat v}$ about $\lambda |w|$, and $\lambda$ cancels in the quotient (as long
# as $\lambda |w|$ is far above `eps`): the weight walks to zero by about `lr` a step. With `lr = 0.003` and weights
# around 0.18 that takes some 60 of the 340 steps.
#
# `adamw` multiplies by $1 - \mathrm{lr}\,\lambda$ and keeps $\lambda$ out of both moments, so there the strength
# counts, and is the same for all weights.
#
# For a bright pixel $\sqrt{\hat v}$ is made of the loss's slopes, which are much larger than $\lambda w$: divided by
# them, the pull all but disappears.
# ### END SOLUTION

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# settings = {"lr": 0.1, "weight_decay": 0.5}
# l2 = torch_steps(torch.optim.Adam, **settings)
# decoupled = torch_steps(torch.optim.AdamW, **settings)
# (l2, decoupled), (my_steps(adam_l2, **settings), my_steps(adamw, **settings))
# ```
#
# </details>

# %% [markdown]
# ## 8 · Nadam: Nesterov again
#
# ### Idea
# The slope turns, and Adam walks on for six more steps: $m$ must first forget what it believed. Nesterov's remedy in
# 02_sgd was to count the newest slope once more, by itself.
# [Dozat (2016)](https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ) did the same to $\hat m$.

# %% [markdown]
# ### Equation
#
# $$\mu_t = \beta_1\,(1 - \tfrac12\, 0.96^{\,t\,\psi}), \qquad P_t = \mu_1 \mu_2 \cdots \mu_t$$
#
# $$\bar m = \frac{\mu_{t+1}}{1 - P_t\, \mu_{t+1}}\; m + \frac{1 - \mu_t}{1 - P_t}\; g, \qquad
# w \leftarrow w - \mathrm{lr}\,\frac{\bar m}{\sqrt{\hat v} + \epsilon}$$
#
# - $m$, $\hat v$, $t$: as in Adam;
# - $\mu_t$: a share that warms up from half of $\beta_1$ to $\beta_1$; $\psi$ (`momentum_decay`): how fast;
# - $P_t$: the product so far, what $\beta_1^t$ would be if $\mu$ stood still. Keep it in `state`.


# %% exercise="nadam" extra=3
def nadam(
    w,
    grad,
    state,
    *,
    lr=2e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    momentum_decay=4e-3,
):
    """Return w after one step of Nadam, and the state.

    The moments m and v as in Adam, t from 1, and a momentum that warms
    up, mu_t = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay)), with the
    product P_t = mu_1 * mu_2 * ... * mu_t. Then
    m_bar = mu_{t+1} * m / (1 - P_t * mu_{t+1}) + (1 - mu_t) * grad /
    (1 - P_t), and w <- w - lr * m_bar / (sqrt(v / (1 - beta2^t)) +
    eps). As torch.optim.NAdam. Dozat (2016), Algorithm 2, who has mu_t
    in place of beta1 in m too.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in [0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    momentum_decay : float, not negative; how fast mu_t rises to beta1

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    product = state.get("product", 1.0) * mu
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_bar = mu_next * m / (1 - product * mu_next)
    m_bar = m_bar + (1 - mu) * grad / (1 - product)
    w = w - lr * m_bar / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w, {"t": t, "product": product, "m": m, "v": v}
    ### END SOLUTION


# %% check="nadam" points=6
check("nadam", nadam, points=6)

# %% [markdown]
# ### Picture
# Left: the slope turns after step 30. Predict how many steps each of the two goes on uphill. Then two landscapes, and
# not one `lr` but a range of them: is Nadam *better*?

# %% demo="adam_nadam"
plots.adam_nadam(adam, nadam)

# %% [markdown]
# ### Question
# With PyTorch's $\psi = 0.004$ and $\beta_1 = 0.9$: what are $\mu_1$ and, roughly, the first $t$ with $\mu_t > 0.8$?
#
# <details><summary>Answer</summary>
#
# $\mu_1 \approx 0.45$. And $0.9\,(1 - \tfrac12\, 0.96^{x}) = 0.8$ gives $x \approx 36.8$, so
# $t = x / 0.004 \approx 9200$: a short training never gets there. Nadam turns at once because it weighs the newest
# slope with $1 - \mu \approx 0.55$, where Adam has $1 - \beta_1 = 0.1$. That is also why it is the less steady one at
# large `lr`: faster somewhere, and worse elsewhere.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# torch_steps(torch.optim.NAdam, lr=0.1), my_steps(nadam, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 9 · The race again
#
# ### Idea
# The landscapes of 02_sgd. A fair race is not one `lr` for all, since the rates do not even have the same unit. Each
# runs with every `lr` of a list and shows its best that stays on the map; the last row shows them all, the one shown
# above ringed. A line that ends has left for good.
#
# ### Picture
# Predict first: which landscape favours the adaptive ones, and which does momentum win? Which two names hide nearly the
# same walk?

# %% demo="adam_race"
optimizers = {
    "momentum": momentum,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "amsgrad": amsgrad,
    "nadam": nadam,
}
plots.adam_race(optimizers)

# %% [markdown]
# ### Question
# On the bowl RMSProp has long arrived when, near step 270, it leaps away. What happened?
#
# <details><summary>Answer</summary>
#
# At the minimum all slopes are tiny, so $c$ forgets: 1 % less at every step. The effective rate $\mathrm{lr}/\sqrt{c}$
# grows, quietly, until it passes the $2/\lambda_{\max}$ of 02_sgd. Then every step makes the error larger, until the
# slopes are large enough for $c$ to wake up. So adaptive methods need the schedules of 02_sgd just as much.
#
# Momentum wins in Rosenbrock's bent canyon, which follows no axis; the saddle, straight along the axes, is AdaGrad's
# and RMSProp's. `adam` and `amsgrad` hardly part.
#
# </details>

# %% [markdown]
# Now the dials. **First**: can you turn `adam` into `momentum`, with `eps` and `lr` alone? (`momentum` and `adadelta`
# do not listen to the sliders.) **Then**, from the start again: what does `beta2` = 0.5 do?

# %% demo="adam_sliders"
widgets.adam_explorer(optimizers)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Make `eps` so large that $\sqrt{\hat v}$ beside it hardly counts, such as 100. What is left is
# $w - \frac{\mathrm{lr}}{\epsilon} \hat m$: momentum with the rate $\mathrm{lr}\,(1 - \beta_1)/\epsilon$. On Beale
# momentum has 0.005, so `lr` = 5.6 comes close: after a burst, since the correction still lengthens the first steps,
# the losses run side by side.
#
# With $\beta_2 = 0.5$ the denominator follows the last two slopes. Near the minimum $m$, with its longer memory, is
# divided by tiny numbers, and Adam never comes to rest.
#
# </details>

# %% [markdown]
# ## 10 · One denominator, three ways
#
# ### Idea
# You wrote $\sqrt{c} + \epsilon$, or the like, six times. Look into the lectures, and you find three versions of that
# line, all called by the same names. They cannot all be right; are they even different?

# %% [markdown]
# ### Equation
#
# | denominator | AdaGrad, RMSProp | Adam |
# |---|---|---|
# | $c + \epsilon$, no root | lecture 000 | lecture 000 |
# | $\sqrt{c} + 10^{-7}$ | lectures 001, 003 | lectures 001, 003 |
# | $\sqrt{c + \epsilon}$ | lecture 002 | lecture 002 |
# | $\sqrt{c} + \epsilon$ | PyTorch: $10^{-10}$, $10^{-8}$ | PyTorch: $10^{-8}$ |
#
# Lectures 000 and 002 name no number; the pictures take $10^{-8}$.
#
# ### Picture
# The first step, for slopes of all sizes: your functions with two values of `eps`, and the two forms that yours cannot
# take. Predict first: at which size of the slope does each line bend?

# %% demo="adam_denominators"
plots.adam_denominators(adagrad, rmsprop, adam)

# %% [markdown]
# The same on the digits, with the loss multiplied by a constant: as if measured in other units, or averaged over more
# pixels. A good Adam should not care.

# %% demo="adam_tiny_gradients"
plots.adam_tiny_gradients(adam)

# %% [markdown]
# ### Question
# From which size of slopes on do three of the four agree? Which one is a misprint, and how can you tell from the units?
# And why does even that one learn at the factor $10^{-6}$?
#
# <details><summary>Answer</summary>
#
# Above about $10^{-3}$ (RMSProp: $10^{-2}$): in ordinary training nobody sees a difference. Inside the root, $10^{-8}$
# acts from slopes of $\sqrt{10^{-8}} = 10^{-4}$ down, 10,000 times earlier than outside.
#
# Without the root, slope over squared slope has the unit 1/slope: smaller slopes make longer steps, and every loss
# needs another `lr`. At $10^{-6}$ the cache is far below $\epsilon$, and the step is $\mathrm{lr}\,\hat m / \epsilon$:
# plain momentum, with a rate that happens to fit. (At 100, $\mathrm{lr}/|g|$ fits as well.)
#
# </details>

# %% [markdown]
# ## 11 · A real network
#
# ### Idea
# Is it better, then? The network with 2,410 weights learns the digits in 5 epochs with SGD, with momentum and with your
# Adam. Each gets the same eight rates and five seeds; the best rate is chosen on validation images, the verdict comes
# from test images. And the choice itself counts: how many of the rates would have done?
#
# ### Picture
# Predict first: which is best at its best rate, and by more than the spread over the seeds?

# %% demo="adam_digits"
contenders = {"sgd": sgd, "momentum": momentum, "adam": adam}
plots.adam_digits(contenders)

# %% [markdown]
# ### Question
# What would you report, if you had to be honest? And what of the tweet that 3e-4 is the best rate for Adam, quoted in
# lecture 000?
#
# <details><summary>Answer</summary>
#
# That the means differ by less than the spread over seeds: no winner here. Adam's range of good rates lies lower, and
# is about as wide as the others'. Its rates are no better, they are *elsewhere*.
#
# With 3e-4 Adam gets most digits wrong after 5 epochs. (The tweet's author called it a joke himself.) Adam needs tuning
# as everything does.
#
# </details>

# %% [markdown]
# ### Picture
# All pixels had the same unit so far. Now each is multiplied by a factor of its own, between 1/30 and 30: columns of a
# real table are in metres, euros and years. The information is the same. Predict first: what happens to each of the
# three, and to its best rate?

# %% demo="adam_digits_uneven"
plots.adam_digits(contenders, uneven=True)

# %% [markdown]
# ### Question
# Now there is a winner. Why here, and how would you help SGD without touching it?
#
# <details><summary>Answer</summary>
#
# The slope of a weight is proportional to its input, so the slopes in one layer differ by factors up to 1000: the
# valley of section 1, along the axes, in 2,048 dimensions. SGD must take a rate that the steepest survives, 10 times
# lower than before (momentum 30 times, Adam 3 times). Adam wins by far more than the spread.
#
# All three still lose against even units: Adam's `lr` is a distance, and weights of pixels in small units have further
# to go. The cure costs one line, dividing each pixel by its spread: 06_initialization.
#
# </details>

# %% [markdown]
# ## Go further
# *Nobody grades this; you can check all of it yourself.* Choose one.
#
# 1. **An optimizer of your own.** Keep `mine(w, grad, state, *, lr)`, and race it: `plots.adam_race({"adam": adam, "mine":
#    mine})`, then `plots.adam_digits({"adam": adam, "mine": mine})`, each at its best rate. Is it better by more than the
#    spread? Does it survive the uneven units of section 11 (`uneven=True`)?
# 2. **How wide is the range?** For every rate from $10^{-4}$ to 1 note whether a run of section 11's network gets 90 %:
#    for Adam, for momentum, and for Adam with a warm-up of 02_sgd. Five seeds each. `helpers.training.train` trains.
# 3. **Photos.** `from helpers import data, training`; `data.cifar10(flat=True)` (a download of 170 MB). Is Adam still no
#    better than momentum there? Give both the same number of rates to choose from.

# %%
# Your experiment.

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | denominator | root, `eps` outside: PyTorch; 001, 003 with 1e-7 | no root: 000; `eps` inside: 002 | always; for small slopes |
# | Adadelta's `eps` | inside both roots: paper, PyTorch | | it is the rate |
# | RMSProp's `alpha` | 0.99: PyTorch | 0.9: Hinton, 002 | memory of 100 or 10 steps |
# | Adam's correction | yes: paper, PyTorch, last form in 001 to 003 | first left out: 000 to 003 | for thousands of steps |
# | AMSGrad | maximum, then correction: PyTorch | no correction: paper | at the start |
# | decay of AdamW | times `lr`: PyTorch | not times `lr`: paper | when you tune `lr` |
# | L2 | adds $\lambda w$: PyTorch | $2 \lambda w$: lectures | factor 2 |
#
# <details><summary>Read on</summary>
#
# - [d2l, Adam](https://d2l.ai/chapter_optimization/adam.html) and the three chapters before it: AdaGrad, RMSProp and
#   Adadelta, with curves.
# - [CS231n, adaptive rates](https://cs231n.github.io/neural-networks-3/#ada): AdaGrad, RMSProp and Adam in a few lines each.
# - [Ruder (2016)](https://arxiv.org/abs/1609.04747): an overview of all of them, in one notation.
# - PyTorch: [`Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html),
#   [`AdamW`](https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html),
#   [`NAdam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html), each with its algorithm.
#
# </details>
#
# **Next:** 04_beyond_adam takes Adam's own weaknesses apart.
