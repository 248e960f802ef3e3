# %% [markdown]
# # 02 · Walking downhill: gradient descent and its variants
#
# **The question.** You feel the slope under your feet and see nothing else. How far do you step, and what is
# worth remembering from the steps before?
#
# **You will be able to**
# - write SGD, momentum and Nesterov, and say when their printed forms agree;
# - tell from the curvature how large a step may be, before taking one;
# - tell a minimum from a saddle, and slope from noise;
# - plan a learning rate over a whole training run;
# - write the loop that trains any network.
#
# **You need** NumPy, the
# [gradient](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/multivariable-calculus.html) of a function of
# several variables, and for sections 2 and 3 the
# [eigenvalues](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/eigendecomposition.html) of a symmetric
# matrix.
#
# **Left out:** a step size for each weight (03_adam), curvature in the step (05_second_order), proofs.
#
# **Time:** about 210 minutes.
#
# **Core path:** sections 1, 2, 4 to 7 and 9, without the exercises marked *optional*: about 150 minutes.

# %%
import math

import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · One step
#
# ### Idea
# A long, narrow valley, 25 times as steep across as along. A walker in fog has one reading: the slope underfoot.
# The simplest thing to do with it is to step against it, a fixed fraction of it, again and again.
# It works, and it goes visibly wrong in two ways, both of which you are about to draw.

# %% [markdown]
# ### Equation
#
# $$w \leftarrow w - \mathrm{lr}\; g$$
#
# - $w$ (`w`): the parameters, where you stand;
# - $g$ (`grad`): the gradient of the loss $L$ at $w$, which points uphill;
# - $\mathrm{lr}$ (`lr`): the learning rate, or step size.
#
# Every optimizer of this course has the same shape: `name(w, grad, state, *, lr, ...)` takes one step and
# returns the new `w` and its memory `state`, a dict that is `{}` before the first step. Plain gradient descent
# has nothing to remember.


# %% exercise="sgd" core=1
def sgd(w, grad, state, *, lr):
    """Return w after one step of gradient descent, and the state.

    w <- w - lr * grad. As torch.optim.SGD(lr=lr). Neither w nor grad
    may change: PyTorch steps in place, the course never does.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; not used, returned as it came
    lr : float, positive; step size

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    step = -lr * grad
    w = w + step
    return w, state
    ### END SOLUTION


# %% check="sgd" points=3
check("sgd", sgd, points=3)

# %% [markdown]
# ### Picture
# Three step sizes in the same valley, each with the same number of steps.

# %% demo="sgd_bowl"
plots.step_sizes(sgd, lrs=(0.005, 0.06, 0.0795))

# %% [markdown]
# ### Question
# The largest of the three bounces between the walls. What happens at `lr=0.081`? Predict, then run
# `plots.step_sizes(sgd, lrs=[0.081])` in a cell of your own. And: along the valley floor the largest step was the best
# of the three. Why can no single `lr` be right for both directions?
#
# <details><summary>Answer</summary>
#
# Across, one step multiplies $w_2$ by $1 - 25\,\mathrm{lr} = -1.025$: after 40 steps it is 2.7 times as far out, and
# the loss has grown from 81 to 292. Along, it multiplies $w_1$ by $1 - \mathrm{lr}$, so there every larger rate is a
# better one: 40 steps leave $w_1$ at $-7.4$, $-0.76$ and $-0.33$.
#
# One step would do along the floor with `lr` = 1, and across with `lr` = 1/25. A single number can suit one of them.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# The loop is PyTorch's whole way of training. Later folds use both functions.
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
# torch_steps(torch.optim.SGD, lr=0.1), my_steps(sgd, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 2 · How large is too large?
#
# ### Idea
# Between 0.0795 and 0.081 something broke, suddenly. The learning rate has a cliff, and you can work out where
# it stands without taking a single step: the curvature tells.

# %% [markdown]
# ### Equation
#
# Near a minimum every smooth loss is a bowl, $L(w) \approx \tfrac12 w^\top H w$, with gradient $Hw$. The
# Hessian $H$ is the matrix of second derivatives, its eigenvalues $\lambda_i$ are the curvatures along
# its own axes. A step of gradient descent multiplies the $i$-th coordinate by a constant:
#
# $$w_i \leftarrow (1 - \mathrm{lr}\,\lambda_i)\; w_i$$
#
# When does that shrink, and when does it for *all* axes? Work out on paper the `lr` above which it fails, then code it.
#
# <details><summary>Derivation</summary>
#
# It shrinks while $|1 - \mathrm{lr}\,\lambda_i| < 1$. For $\lambda_i > 0$ that is $\mathrm{lr}\,\lambda_i < 2$. The
# steepest axis is the first to fail: $\mathrm{lr} < 2/\lambda_{\max}$.
#
# </details>


# %% exercise="largest_stable_lr" core=1
def largest_stable_lr(H):
    """Return the step size at which gradient descent stops converging.

    Below it gradient descent on w' H w / 2 shrinks along every axis of
    H, above it grows along one. A valley may lie across the coordinates.

    Parameters
    ----------
    H : ndarray of shape (d, d); Hessian, symmetric, positive definite

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(H)  # ascending
    steepest = eigenvalues[-1]
    return float(2 / steepest)
    ### END SOLUTION


# %% check="largest_stable_lr" points=3
check("largest_stable_lr", largest_stable_lr, points=3)

# %% [markdown]
# ### Picture
# Your `sgd` on either side of your threshold, in the valley of section 1; and how many steps it takes to come
# 1000 times closer, for every step size up to there.

# %% demo="sgd_threshold"
plots.stability_threshold(sgd, largest_stable_lr)

# %% [markdown]
# ### Question
# Predict the fastest `lr` before you read it off on the right: the valley has curvatures 1 and 25; write
# $|1 - \mathrm{lr}\,\lambda|$ for both and make the larger one as small as you can. How close do you come, and which
# of the two axes shrinks faster there?
#
# <details><summary>Answer</summary>
#
# The two factors are equal where $1 - \mathrm{lr} = 25\,\mathrm{lr} - 1$, at $\mathrm{lr} = 2/26 \approx 0.0769$: both
# axes shrink by 12/13 a step, and 1000 times closer takes 87 steps. The measured best, 0.0762, needs 87 too. It lies a
# little below, where the steep axis shrinks faster (by 0.905 a step, the flat one by 0.924), and no wonder that costs
# nothing: the walk starts five times as far out along the flat axis. Only 2 % above, at 0.0784, it takes 130.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# valley, here = lambda w: (w[0] ** 2 + 25 * w[1] ** 2) / 2, torch.zeros(2)
# H = torch.autograd.functional.hessian(valley, here)
# 2 / torch.linalg.eigvalsh(H).max(), largest_stable_lr(H.numpy())
# ```
#
# </details>

# %% [markdown]
# ## 3 · Where the slope is zero
#
# ### Idea
# Gradient descent stops where the gradient is zero, and a zero gradient is no proof of having arrived. A saddle is flat
# too: a valley along one line, a ridge along another. [Dauphin et al. (2014)](https://arxiv.org/abs/1406.2572) argue
# that in high dimension saddles far outnumber minima. The slope cannot tell them apart; the curvature can.

# %% [markdown]
# ### Equation
#
# At a point with $g = 0$ look at the signs of the eigenvalues $\lambda_i$ of $H$:
#
# | eigenvalues | the point is |
# |---|---|
# | some positive, some negative | a `"saddle"` |
# | otherwise, if any is zero | `"degenerate"`: $H$ alone cannot tell |
# | all positive | a `"minimum"` |
# | all negative | a `"maximum"` |
#
# Computed eigenvalues are hardly ever exactly zero: one whose size is at most $10^{-8}$ of the largest size counts as
# zero.


# %% exercise="classify_critical_point" extra=2
def classify_critical_point(H):
    """Return what kind of point the gradient vanishes at.

    By the signs of the eigenvalues of H. Those within 1e-8 of the
    largest in size (1e-8 * max abs eigenvalue) count as zero.

    Parameters
    ----------
    H : ndarray of shape (d, d), float64; Hessian, symmetric

    Returns
    -------
    kind : "minimum", "maximum", "saddle" (both signs occur), or
        "degenerate" (some are zero, the others have one sign)
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(H)
    zero = 1e-8 * np.abs(eigenvalues).max()
    up, down = np.any(eigenvalues > zero), np.any(eigenvalues < -zero)
    if up and down:
        return "saddle"
    if np.any(np.abs(eigenvalues) <= zero):
        return "degenerate"
    return "minimum" if up else "maximum"
    ### END SOLUTION


# %% check="classify_critical_point" points=5
check("classify_critical_point", classify_critical_point, points=5)

# %% [markdown]
# ### Picture
# Four flat points with your verdicts, and the time your `sgd` needs to leave the saddle when it starts a hair's breadth
# off the line that leads straight into it.

# %% demo="sgd_saddle"
plots.critical_points(sgd, classify_critical_point)

# %% [markdown]
# ### Question
# Predict first: starting 10 times closer to that line, does leaving take 10 times as long? And exactly on it? Read both
# off the right-hand picture. What might push a walker off such a line when a network is trained? (Section 4 has it.)
#
# <details><summary>Answer</summary>
#
# No: each step away from the line multiplies the distance by 1.1, so ten times closer costs
# $\ln 10 / \ln 1.1 \approx 24$ steps more, wherever one starts. From 0.1 it takes 19 steps, from $10^{-15}$ still only
# 357. Exactly on the line there is nothing to multiply: after 2000 steps the walk has not left, and never will.
#
# Noise pushes: the gradient of a few samples hardly ever points exactly along such a line.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Two curvatures with a negative product, the determinant, have different signs.
#
# ```python
# import torch
#
# ridge, here = lambda w: w[0] ** 2 - w[0] * w[1] - w[1] ** 2, torch.zeros(2)
# H = torch.autograd.functional.hessian(ridge, here)
# torch.linalg.det(H) < 0, classify_critical_point(H.numpy()) == "saddle"
# ```
#
# </details>

# %% [markdown]
# ## 4 · Mini-batches: a cheap, noisy slope
#
# ### Idea
# The loss is an average over all $N$ samples, so one honest gradient costs a pass over all the data. The average
# of a few samples drawn at random points the same way *on average*, at a fraction of the price. The price you do pay
# is noise: the walker now staggers.

# %% [markdown]
# ### Equation
#
# Linear regression, the smallest model that learns: predict $x_i \cdot w$ for the target $y_i$.
#
# $$L(w) = \frac{1}{2N}\sum_{i=1}^{N} (x_i \cdot w - y_i)^2$$
#
# - $x_i$: row $i$ of `x`, of shape $(N, D)$; $y_i$: entry $i$ of `y`, of shape $(N,)$.
#
# A mini-batch gradient is the gradient of the same mean over $B$ of the rows (`batch_size`): its size does not depend
# on $B$, and `lr` keeps its meaning. Below it is as one first writes it, number by number. It is right, and slow.
# Follow the shapes, and write it without a loop.


# %%
def gradient_by_loop(w, x, y):
    """Return the gradient of L, one number after the other."""
    grad = np.zeros(len(w))
    for i in range(len(y)):
        error = -y[i]
        for d in range(len(w)):
            error = error + x[i, d] * w[d]
        for d in range(len(w)):
            grad[d] = grad[d] + error * x[i, d] / len(y)
    return grad


# %% exercise="linear_regression_gradient" core=1
def linear_regression_gradient(w, x, y):
    """Return the gradient of half the mean squared error, for w.

    What gradient_by_loop returns, without a loop over samples or
    weights, and in the dtype of x. No bias. F.mse_loss has no 1/2, and so
    twice this gradient.

    Parameters
    ----------
    w : ndarray of shape (D,)
    x : ndarray of shape (N, D)
    y : ndarray of shape (N,)

    Returns
    -------
    grad : ndarray of shape (D,)
    """
    ### BEGIN SOLUTION
    error = x @ w - y
    total = x.T @ error
    return total / len(y)
    ### END SOLUTION


# %% check="linear_regression_gradient" points=3
check("linear_regression_gradient", linear_regression_gradient, points=3)

# %% [markdown]
# ### Picture
# The loop and yours, on the same numbers. Predict first: how many times as fast is it for 10 samples, and for 10,000?

# %% demo="gradient_speed"
plots.gradient_speed(gradient_by_loop, linear_regression_gradient)

# %% [markdown]
# ### Question
# Where does the loop's time go? And why do 10 samples cost yours about as much as 100?
#
# <details><summary>Answer</summary>
#
# Python looks at every number by itself: what type, which `+`, where to put the result; some 0.5 µs for a
# multiplication that takes the processor less than a nanosecond. NumPy asks once for a whole array: hundreds of times
# as fast for 10,000 samples. The asking itself takes some microseconds, and that is all one sees up to 100 samples. (If
# your two lines lie on each other, there is still a loop in yours.)
#
# </details>

# %% [markdown]
# One *epoch* shows every sample exactly once: shuffle the numbers $0 \dots N-1$, then cut the list into pieces of $B$.
# The last piece may be short; throwing it away would hide samples. The next epoch shuffles anew, with the generator
# `rng` that it is given, so that a run can be repeated.


# %% exercise="minibatches" core=2
def minibatches(n, batch_size, rng):
    """Yield index arrays that together are one epoch, in random order.

    As torch.utils.data.DataLoader(shuffle=True, drop_last=False).

    Parameters
    ----------
    n : int; number of samples
    batch_size : int, positive; size of each batch but maybe the last
    rng : numpy.random.Generator; the only source of randomness

    Yields
    ------
    batch : ndarray of int, shape (batch_size,) or shorter at the end
    """
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]
    ### END SOLUTION


# %% check="minibatches" points=5
check("minibatches", minibatches, points=5)

# %% [markdown]
# ### Picture
# The same start, the same `lr`, three batch sizes; each walk has seen the same number of samples. And, on the right,
# the noise itself: how far a mini-batch gradient lies from the gradient of all the data (root mean square). The two
# lines are predictions; can you say why the measured points follow the solid one?

# %% demo="sgd_jitter"
plots.minibatch_jitter(sgd, minibatches, linear_regression_gradient, seed=SEED)

# %% [markdown]
# ### Question (graded)
# With `batch_size=1` the path reaches the neighbourhood of the minimum and then never settles, although `lr` lies far
# below the threshold of section 2. **Why does it jitter there, and why does the walk on all the data not?** Name two
# changes that would make the jitter smaller, and what each costs. Four to six sentences; lean on the right-hand
# picture.

# %% [markdown] answer="why_jitter" points=4
# ### BEGIN SOLUTION
# At the minimum the samples' gradients add up to zero, but none of them is zero. A mini-batch is a random part of that
# sum, so its gradient is not zero there, and `lr` times the remainder is a random step, however long one has
# trained. The full gradient shrinks to zero on the way, so the walk on all the data comes to rest. (It is not the
# instability of section 2: the jitter does not grow.)
#
# Batches B times as large make the noise about sqrt(B) times smaller, as the picture shows, and cost B times the
# work per step. A smaller `lr` shortens every random step, and costs more steps to get there; a schedule pays that
# only towards the end.
# ### END SOLUTION

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x, y, w = torch.randn(10, 3), torch.randn(10), torch.zeros(3).requires_grad_()
# (torch.nn.functional.mse_loss(x @ w, y) / 2).backward()
# epoch = torch.utils.data.DataLoader(range(10), batch_size=4, shuffle=True)
# yours = linear_regression_gradient(np.zeros(3), x.numpy(), y.numpy())
# mine = minibatches(10, 4, np.random.default_rng(SEED))
# (w.grad, [len(b) for b in epoch]), (yours, [len(b) for b in mine])
# ```
#
# </details>

# %% [markdown]
# ## 5 · Momentum: a memory of slopes
#
# ### Idea
# Back in the fog, the valley now 100 times as steep across as along. Across it, the slope changes sign at every
# step; along it, it always says the same. Someone who averaged the last slopes would cancel the first and
# keep the second. A heavy ball does just that.

# %% [markdown]
# ### Equation
#
# $$v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \mathrm{lr}\; v$$
#
# - $v$: the velocity, zeros before the first step; it lives in `state`, under a key of your choice;
# - $\mu$ (`momentum`): what is kept of it, 0.9 if not said otherwise.
#
# Under a constant slope $v$ grows to $g / (1 - \mu)$: with $\mu = 0.9$, ten slopes in one step. The idea is
# [Polyak's (1964)](https://doi.org/10.1016/0041-5553%2864%2990137-5); the form is PyTorch's, and that of lectures 000
# and 003.


# %% exercise="momentum" core=2
def momentum(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of SGD with momentum, and the state.

    v <- momentum * v + grad, then w <- w - lr * v: lr stands outside
    the velocity. As torch.optim.SGD(lr=lr, momentum=momentum), no
    dampening. Polyak (1964); lectures 000 and 003.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    momentum : float in [0, 1); share of the velocity that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    v = state.get("v", np.zeros_like(w))
    v = momentum * v + grad
    w = w - lr * v
    return w, {"v": v}
    ### END SOLUTION


# %% check="momentum" points=5
check("momentum", momentum, points=5)

# %% [markdown]
# ### Picture
# Plain gradient descent at the best `lr` there is for it, against momentum.

# %% demo="momentum_bowl"
plots.momentum_paths(sgd, momentum)

# %% [markdown]
# ### Question
# Predict first: will the ball stop when it first reaches the minimum? And is more memory always better? Find in the
# right-hand picture which of the four values of $\mu$ is fastest, and what goes wrong with the largest.
#
# <details><summary>Answer</summary>
#
# It does not stop: what it has gathered carries it past the minimum. With $\mu = 0.9$ it is there after 14 steps, at a
# run, and turns round 2.6 units behind it.
#
# More memory helps up to a point. After 150 steps the loss is 0.2 without any, $10^{-4}$ for 0.5, about $10^{-13}$ for
# 0.8, then worse again, and 2.8 for 0.98: worse than no memory. A ball that forgets 2 % a step rolls to and fro like on
# ice, and loses its energy no faster than it forgets.
#
# </details>

# %% [markdown]
# ### Picture
# Lecture 002 warns of local minima. A ball has what a walker lacks, a run-up: here are two wells, a shallow one on the
# right. Then from 41 starts in a row. Predict first: does the ball always end in the deeper one?

# %% demo="momentum_wells"
plots.momentum_wells(sgd, momentum)

# %% [markdown]
# ### Question
# Which starts does the ball end better from, and which *worse*? What does it not know, in either case?
#
# <details><summary>Answer</summary>
#
# SGD ends in the well that it starts in. The ball leaves the shallow one when it comes from far up, from the five
# starts at 1.6 and beyond. But from -1.9 to -1.7 it leaves the *deep* one in the same way: five won, three lost. It
# knows how fast it is, not how deep a well is. Small bumps are what it does get over, and noise (section 4) helps too.
#
# </details>

# %% [markdown]
# ### Picture
# "Sometimes annealed over time, e.g. from 0.5 to 0.99" (lecture 001): little memory while the way is still to be
# found, much when it is clear. Four choices of $\mu$ in two valleys, with the same `lr` in each.

# %% demo="momentum_annealed"
plots.momentum_annealed(momentum)

# %% [markdown]
# ### Question
# Predict first: does the rising one beat all the constants? What happens to it at the end, and what to 0.99 from the
# start?
#
# <details><summary>Answer</summary>
#
# It beats 0.5 and 0.99 in both valleys. It beats 0.9 in the longer one (after 400 steps $7 \cdot 10^{-4}$ against
# $7 \cdot 10^{-3}$), and loses to it in the other ($5 \cdot 10^{-11}$ against $4 \cdot 10^{-17}$): 0.9 is about right
# there, and at the end the rising one swings on the ice. 0.99 does so from the start, with all the speed of the first
# fall. What rising saves is the search for the right constant, and part of it only. On section 9's digits (4 epochs, 3
# seeds) it got 90 % right at `lr` = 0.01, where 0.9 got 89 %, and at the best rate 93 % against 94 %: less than the
# spread of 2 % either way.
#
# </details>

# %% [markdown]
# ### The other form
# Lectures 001 and 002 put the learning rate inside the velocity. With the sign of lecture 001:
#
# $$v \leftarrow \mu\, v - \mathrm{lr}\; g, \qquad w \leftarrow w + v$$
#
# Now $v$ is the step itself, a displacement. (Lecture 002 writes $+\mathrm{lr}\,g$ and $w - v$: the same with $v$
# turned round.) The forms give the same $w$ at every step. Or do they? Write it, and measure.


# %% exercise="velocity_momentum" extra=1
def velocity_momentum(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of momentum in velocity form, and the state.

    v <- momentum * v - lr * grad, then w <- w + v: lr stands inside
    the velocity. Lecture 001. PyTorch has the other form, `momentum`
    above; the two are equal as long as lr stays the same.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    momentum : float in [0, 1); share of the velocity that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    v = state.get("v", np.zeros_like(w))
    v = momentum * v - lr * grad
    w = w + v
    return w, {"v": v}
    ### END SOLUTION


# %% check="velocity_momentum" points=3
check("velocity_momentum", velocity_momentum, points=3)

# %% [markdown]
# ### Picture
# Left: both forms on an even slope ($g = 1$ everywhere), with `lr` cut to a tenth at step 40. Right: the distance
# between them in the valley, with that cut and without it.

# %% demo="momentum_forms"
plots.momentum_forms(momentum, velocity_momentum)

# %% [markdown]
# ### Question
# Predict before you look: which of the forms obeys the cut at once, and which coasts on? For how many steps, roughly,
# if $\mu = 0.99$? A schedule tuned with one library may therefore behave differently with another.
#
# <details><summary>Answer</summary>
#
# `momentum` obeys at once: the new `lr` multiplies all of $v$, and the step shrinks tenfold. In `velocity_momentum` the
# old steps are already in $v$, made with the old `lr`; they fade by $\mu$ a step. Of what is too much a tenth is left
# after $\ln 10 / (-\ln\mu)$ steps: 22 for $\mu = 0.9$, about 230 for $\mu = 0.99$. With a constant `lr` the two differ
# by rounding only, $10^{-15}$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# settings = {"lr": 0.1, "momentum": 0.9}
# torch_steps(torch.optim.SGD, **settings), my_steps(momentum, **settings)
# ```
#
# </details>

# %% [markdown]
# ## 6 · Nesterov: look before you leap
#
# ### Idea
# The ball overshoots because it feels the slope where it *is*, when most of its next step is already decided:
# $\mu v$ comes whatever the slope says. So it may as well ask for the slope at the place where it is about to be,
# and brake one step earlier.

# %% [markdown]
# ### Equation
#
# Nesterov (1983), as [Sutskever et al. (2013)](https://proceedings.mlr.press/v28/sutskever13.html) write it:
#
# $$v \leftarrow \mu\, v - \mathrm{lr}\; g(w + \mu v), \qquad w \leftarrow w + v$$
#
# - $g(\cdot)$ (`grad_fn`): the gradient as a function of the place; it is asked at $w + \mu v$, not at $w$.
#
# **Mind the sign.** Lecture 002 asks at $\theta - \gamma v$. It is right there: its velocity points uphill ($v
# \leftarrow \gamma v +
# \alpha g$, $\theta \leftarrow \theta - v$), so minus looks ahead. Here, as in lectures 000 and 001, $v$ is the step
# itself, and plus looks ahead. Taking the plus of one form and the velocity of the other looks *back*.


# %% exercise="nesterov_lookahead" extra=2
def nesterov_lookahead(w, grad_fn, state, *, lr, momentum=0.9):
    """Return w after one step with Nesterov's look-ahead, and the state.

    v <- momentum * v - lr * grad_fn(w + momentum * v), then w <- w + v.
    Nesterov (1983) as written by Sutskever et al. (2013); lectures 000
    and 001. PyTorch has only the form of the next exercise.

    Parameters
    ----------
    w : ndarray of any shape
    grad_fn : function; grad_fn(w) -> gradient there, shape of w
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    momentum : float in [0, 1); share of the velocity that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    v = state.get("v", np.zeros_like(w))
    ahead = w + momentum * v
    v = momentum * v - lr * grad_fn(ahead)
    w = w + v
    return w, {"v": v}
    ### END SOLUTION


# %% check="nesterov_lookahead" points=5
check("nesterov_lookahead", nesterov_lookahead, points=5)

# %% [markdown]
# ### Picture
# Your function in the narrow valley, three times: asked ahead, as it should be; asked where it stands, which is
# plain momentum; and asked behind, the wrong sign.

# %% demo="nesterov_signs"
plots.lookahead_signs(nesterov_lookahead)

# %% [markdown]
# ### Question
# Predict first: the wrong sign is a tiny change in the formula. Does it cost a little speed, or more than that, and
# along which axis? Then look at *ahead* and *on the spot*: their losses hardly differ here. Where do the walks?
#
# <details><summary>Answer</summary>
#
# Much more: *behind* diverges, along the steep axis. It meets the slope late, pushes when it should brake, and each
# swing is larger than the last; after 150 steps the loss is in the millions. Along the flat axis all three walk alike.
#
# *Ahead* and *on the spot* differ across: after 30 steps the first is within 0.004 of the floor, the second still
# swings by 0.15. Their losses are nearly the same because by then almost all of the loss is in the flat axis, where
# both stand at about $-0.25$ in the end.
#
# </details>

# %% [markdown]
# ### The same without a look ahead
# A training loop hands you `grad` at the `w` it holds; it cannot ask elsewhere. So hold the look-ahead point in its
# place: let $\theta = w + \mu v$ be the parameters, and $g$ the slope there. Where does one step take $\theta$? Substitute
# on paper, then put `lr` outside the velocity, as in `momentum`.
#
# <details><summary>Derivation</summary>
#
# With $v' = \mu v - \mathrm{lr}\,g$ and $w' = w + v'$ the new $\theta' = w' + \mu v' = \theta - \mu v + v' + \mu v'$
# $= \theta - \mathrm{lr}\,g + \mu v'$. Now $v = -\mathrm{lr}\,u$: the velocity is $u \leftarrow \mu u + g$, and
# $\theta \leftarrow \theta - \mathrm{lr}\,(g + \mu u)$ with the *new* $u$. It counts the slope once by itself and once,
# times $\mu$, within $u$.
#
# </details>


# %% exercise="nesterov" core=2
def nesterov(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of Nesterov momentum, and the state.

    The walk of nesterov_lookahead, seen at its look-ahead points: w is
    such a point, and grad the gradient there. lr stands outside the
    velocity, as in `momentum`. As torch.optim.SGD(nesterov=True).
    Lecture 001 has lr inside: the same, as long as lr stays the same.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    momentum : float in [0, 1); share of the velocity that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    v = state.get("v", np.zeros_like(w))
    v = momentum * v + grad
    w = w - lr * (grad + momentum * v)
    return w, {"v": v}
    ### END SOLUTION


# %% check="nesterov" points=5
check("nesterov", nesterov, points=5)

# %% [markdown]
# ### Picture
# Your two Nesterovs from one start, on Rosenbrock's banana. The crosses are the look-ahead points $w + \mu v$ of
# the first; on the right, their distance from the second.

# %% demo="nesterov_twins"
plots.nesterov_twins(nesterov_lookahead, nesterov)

# %% [markdown]
# ### Question
# Predict first: `nesterov` gets $g$ at its own `w`, and nothing ahead of it. Where, then, did the look-ahead go?
#
# <details><summary>Answer</summary>
#
# Into `w`. What `nesterov` calls `w` is the other's look-ahead point $w + \mu v$: the distance is rounding, $10^{-15}$,
# while from the other's own $w$ it stays 0.02 and less away. So it does ask for the slope ahead; it just never stands
# anywhere else. When training ends, the weights that you keep are those look-ahead points.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# With both functions of section 1's fold:
#
# ```python
# settings = {"lr": 0.1, "momentum": 0.9}
# by_torch = torch_steps(torch.optim.SGD, nesterov=True, **settings)
# by_torch, my_steps(nesterov, **settings)
# ```
#
# </details>

# %% [markdown]
# ## 7 · Schedules: large first, small later
#
# ### Idea
# Section 4 left a walker who staggers around the minimum: a large `lr` arrives soon and never settles, a small one
# settles and is long in arriving. Nobody said that `lr` has to be one number. And at the very start, where the
# ground may be steeper than later, even a good `lr` may be too much: hence the warm-up.

# %% [markdown]
# ### Equation
#
# Let $t = 0, 1, 2, \dots$ count the steps (`t`) and $\mathrm{lr}_0$ be the base rate (`lr0`). Then $\mathrm{lr}(t)$ is
#
# | schedule | $\mathrm{lr}(t)$ |
# |---|---|
# | step | $\mathrm{lr}_0\,\gamma^{\lfloor t/s \rfloor}$, with $\gamma$ `gamma` and $s$ `step_size` |
# | exponential | $\mathrm{lr}_0\, e^{-kt}$, with $k$ `k` |
# | inverse time | $\mathrm{lr}_0 / (1 + kt)$ |
# | cosine | half a cosine from $\mathrm{lr}_0$ down to $\mathrm{lr}_{\min}$ at $T$ (`t_max`); from there on flat |
# | linear warm-up | an even ramp in $u$ (`warmup`) steps, the last of which has $\mathrm{lr}_0$; from there on flat |
#
# Five short functions, each with a trap of its own. Of the last two you find the formula yourself. The cosine is from
# [Loshchilov and Hutter (2017)](https://arxiv.org/abs/1608.03983);
# [Goyal et al. (2017)](https://arxiv.org/abs/1706.02677) made the ramp popular.


# %% exercise="step_decay" core=1
def step_decay(lr0, t, *, step_size, gamma):
    """Return the learning rate at step t: a staircase.

    lr0 * gamma ** floor(t / step_size). As
    torch.optim.lr_scheduler.StepLR.

    Parameters
    ----------
    lr0 : float, positive; rate at t = 0
    t : int; steps taken so far
    step_size : int, positive; steps on one stair
    gamma : float in (0, 1]; factor from one stair to the next

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    stair = t // step_size
    return lr0 * gamma**stair
    ### END SOLUTION


# %% check="step_decay" points=2
check("step_decay", step_decay, points=2)


# %% exercise="exponential_decay" extra=1
def exponential_decay(lr0, t, *, k):
    """Return the learning rate at step t: the same share lost each step.

    lr0 * exp(-k t), lecture 001. PyTorch's ExponentialLR takes the
    factor gamma = exp(-k) in place of the rate k.

    Parameters
    ----------
    lr0 : float, positive; rate at t = 0
    t : int; steps taken so far
    k : float, not negative; decay rate per step

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    remains = math.exp(-k * t)
    return lr0 * remains
    ### END SOLUTION


# %% check="exponential_decay" points=1
check("exponential_decay", exponential_decay, points=1)


# %% exercise="inverse_time_decay" extra=1
def inverse_time_decay(lr0, t, *, k):
    """Return the learning rate at step t: halved at t = 1 / k.

    lr0 / (1 + k t), lecture 001. In PyTorch a LambdaLR.

    Parameters
    ----------
    lr0 : float, positive; rate at t = 0
    t : int; steps taken so far
    k : float, not negative; decay rate per step

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    slowdown = 1 + k * t
    return lr0 / slowdown
    ### END SOLUTION


# %% check="inverse_time_decay" points=1
check("inverse_time_decay", inverse_time_decay, points=1)


# %% [markdown]
# ### Debug this
# A colleague wrote the cosine, and reports: "With `lr0` = 0.1 and `lr_min` = 0.01 the log says 0.11 at the first step.
# And when I let the run go on beyond `t_max`, the loss, which was flat by then, rises again." There are two mistakes.
# Name them in a word each before you write it right.


# %%
def cosine_of_a_colleague(lr0, t, *, t_max, lr_min=0.0):
    wave = np.cos(np.pi * t / t_max) / 2
    return lr_min + lr0 * (0.5 + wave)


# %% exercise="cosine_decay" core=2
def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    """Return the learning rate at step t: half a cosine, then flat.

    lr0 at t = 0, half-way between lr0 and lr_min at t_max / 2, lr_min
    at t_max and from there on. Loshchilov and Hutter (2017), eq. 5,
    without restarts. PyTorch's CosineAnnealingLR is the same up to
    t_max; beyond, it does something else.

    Parameters
    ----------
    lr0 : float, positive; rate at t = 0
    t : int; steps taken so far
    t_max : int, positive; step at which lr_min is reached
    lr_min : float, not negative; the last rate

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    t = min(t, t_max)
    share = (1 + math.cos(math.pi * t / t_max)) / 2
    return lr_min + (lr0 - lr_min) * share
    ### END SOLUTION


# %% check="cosine_decay" points=3
check("cosine_decay", cosine_decay, points=3)

# %% [markdown]
# ### Question
# Which were they, and which sentence of the report told you of which?
#
# <details><summary>Answer</summary>
#
# `lr_min` is added on top of the whole curve, where only `lr0 - lr_min` should fall: hence 0.11. And nothing stops the
# cosine at its lowest point: beyond `t_max` it climbs (as PyTorch's does). The check knows both by name: run
# `check("cosine_decay", cosine_of_a_colleague, points=3)` in a cell of your own.
#
# </details>


# %% exercise="linear_warmup" core=1
def linear_warmup(lr0, t, *, warmup):
    """Return the learning rate at step t: a ramp up to lr0, then flat.

    The first `warmup` rates rise evenly, and the last of them is lr0.
    None is 0: that would waste a step. With warmup = 4 the first is a
    quarter of lr0. As torch.optim.lr_scheduler.LinearLR with
    start_factor 1 / warmup and total_iters = warmup - 1.

    Parameters
    ----------
    lr0 : float, positive; rate at the end of the ramp
    t : int; steps taken so far
    warmup : int, positive; steps on the ramp

    Returns
    -------
    lr : float
    """
    ### BEGIN SOLUTION
    share = (t + 1) / warmup
    return lr0 * min(1.0, share)
    ### END SOLUTION


# %% check="linear_warmup" points=2
check("linear_warmup", linear_warmup, points=2)

# %% [markdown]
# ### Picture
# Your five schedules. Below them the walker of section 4 with a large rate, a small one, and one that falls from large
# to nothing; the thin lines without a colour are the two constant rates again, with batches drawn *with* replacement.

# %% demo="schedule_shapes"
plots.schedules(
    step_decay,
    exponential_decay,
    inverse_time_decay,
    cosine_decay,
    linear_warmup,
)

# %% demo="schedule_floor"
plots.schedule_floor(
    sgd,
    minibatches,
    linear_regression_gradient,
    cosine_decay,
    seed=SEED,
)

# %% [markdown]
# ### Question
# Predict first: the constant rates stop at different heights above the minimum. If `lr` is ten times smaller, how many
# times lower is the floor: 10, or 100? Compare the thin lines with the coloured ones: what does an epoch that
# shows every sample exactly once do to the noise? And which rate would you choose if you had to stop after 10 epochs?
#
# <details><summary>Answer</summary>
#
# With independent draws the floor is proportional to `lr`, and the thin lines keep to it: $4 \cdot 10^{-3}$ against
# $3 \cdot 10^{-4}$, 13 times. An epoch in which every sample comes once lets much of the noise cancel within the epoch,
# and the smaller the rate, the better: $2 \cdot 10^{-3}$ against $3 \cdot 10^{-5}$, about 70 times.
#
# After 10 epochs the large rate stands at $1.5 \cdot 10^{-3}$, the small one at $3.6 \cdot 10^{-2}$: better large.
# Better still a cosine that ends there; with `epochs=10` you can see it reach $2 \cdot 10^{-5}$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
# schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
# rates = []
# for _ in range(9):
#     rates += schedule.get_last_lr()
#     optimizer.step()
#     schedule.step()
# rates, [cosine_decay(0.1, t, t_max=8) for t in range(9)]
# ```
#
# </details>

# %% [markdown]
# ## 8 · The race
#
# ### Idea
# Four landscapes, one `lr` and `momentum` for each. *Bowl*: the valley of section 5. *Saddle*: a ridge to fall off.
# *Rosenbrock*: a curved canyon, easy to find and hard to follow. *Beale*: plateaus and a sharp corner.
#
# ### Picture
# Predict first: five names, but how many different walks? Which two coincide exactly, and which two nearly?
#
# <details><summary>Answer</summary>
#
# Three. `momentum` and `velocity_momentum` coincide, as `lr` is constant. The two Nesterovs walk the same way, one a
# look-ahead in front of the other. `sgd` is alone: last on three, and on the saddle late to leave, then quick. Nesterov
# swings less on the bowl, on the saddle and on Beale's function; on Rosenbrock plain momentum is a little ahead of it.
#
# </details>

# %% demo="sgd_race"
optimizers = {
    "sgd": sgd,
    "momentum": momentum,
    "velocity_momentum": velocity_momentum,
    "nesterov_lookahead": nesterov_lookahead,
    "nesterov": nesterov,
}
plots.race(optimizers)

# %% [markdown]
# ### Question
# Before you touch the sliders: choose the bowl and compute the `lr` at which plain SGD leaves it. Does momentum leave
# it at a smaller or a larger one? Then find the setting that wins on each landscape. Is there one that wins everywhere?
#
# <details><summary>Answer</summary>
#
# The bowl's curvatures are 1 and 100, so SGD leaves it at `lr` = 0.02. Momentum leaves it later, at
# $2(1 + \mu)/100$ = 0.038 for $\mu = 0.9$: it averages away the flips. Nesterov leaves it *sooner*, at
# $2(1 + \mu)/(1 + 2\mu)/100 \approx 0.0136$, for it trusts the slope ahead.
#
# None wins everywhere: the bowl's `lr` throws every walk off Rosenbrock's canyon, and Rosenbrock's crawls through the
# bowl. That is why the rate is the first thing to tune.
#
# </details>

# %% demo="sgd_sliders"
widgets.optimizer_race(optimizers)

# %% [markdown]
# ## 9 · A real network
#
# ### Idea
# Two dimensions are a cartoon. Does any of this survive in a network with 2,410 weights? One thing is missing: what puts
# batches, gradients, steps and schedule together. Lectures 001 and 003 name its four lines: *sample* a batch, *forward*
# for the loss, *backward* for the gradients, *update*. Write them for any network: it comes as a dict of parameters and
# a function that knows the first two.


# %% exercise="training_loop" core=2
def training_loop(params, loss_and_grads, step, batches, schedule):
    """Return the parameters after training, and the loss of each batch.

    For each batch in turn: loss and gradients at the parameters of now;
    the rate schedule(t), where t counts the batches before it; one step
    for every parameter, each with a state of its own, {} at first.
    Lectures 001 and 003; the loop that one writes around
    torch.optim.Optimizer.step.

    Parameters
    ----------
    params : dict of ndarray; neither it nor its arrays are changed
    loss_and_grads : function; loss_and_grads(params, batch) -> (loss,
        grads), grads a dict with the keys of params. It takes what time
        there is: ask once for each batch
    step : an optimizer; step(w, grad, state, lr=lr) -> (w, state)
    batches : iterable; can be read once, as a generator can
    schedule : function; schedule(t) -> lr, with t from 0

    Returns
    -------
    params : dict of ndarray
    losses : list of float; one for each batch, before its step
    """
    ### BEGIN SOLUTION
    now, losses = dict(params), []
    states = {name: {} for name in now}
    for t, batch in enumerate(batches):
        loss, grads = loss_and_grads(now, batch)
        losses.append(loss)
        lr = schedule(t)
        for name, grad in grads.items():
            stepped = step(now[name], grad, states[name], lr=lr)
            now[name], states[name] = stepped
    return now, losses
    ### END SOLUTION


# %% check="training_loop" points=5
check("training_loop", training_loop, points=5)

# %% [markdown]
# ### Picture
# Your loop trains a network on 8 x 8 handwritten digits in four ways: SGD or Nesterov, at a constant rate or on a
# schedule.
# To be fair, each of the four may choose its `lr` from the same list, by the error on validation data; only then is it
# judged on test data. Five random seeds, since one run proves nothing.


# %% demo="sgd_digits"
def warmup_then_cosine(t, *, lr0, steps):
    """Return the rate at step t: a short ramp, then half a cosine."""
    ramp = linear_warmup(lr0, t, warmup=max(1, steps // 20))
    return cosine_decay(ramp, t, t_max=steps)


plots.digits_before_and_after(
    training_loop,
    sgd,
    nesterov,
    minibatches,
    warmup_then_cosine,
    seeds=range(5),
)

# %% [markdown]
# ### Question
# Predict first: what gains more, the training loss or the accuracy on unseen digits? Is the gain in accuracy larger
# than the spread over the seeds? Which did more for it, the memory or the schedule? And why does Nesterov break down at
# an `lr` that plain SGD survives?
#
# <details><summary>Answer</summary>
#
# The training loss: from 0.12 to 0.013, nine times lower, with memory and schedule together. The accuracy on test
# digits goes from 93.3 to 95.6 %, a third of the errors gone; that is about three times the spread over the seeds (0.5
# to 0.7). Memory alone gives 1.3, the schedule alone 0.9 with a spread of 1.4: these five seeds cannot tell which did
# more.
#
# At `lr` = 1 Nesterov's steps are $1 / (1 - \mu) = 10$ times as long under a steady slope, and its limit on a steep
# axis is $1.36/\lambda_{\max}$ in place of $2/\lambda_{\max}$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x, y = torch.randn(40, 3).double(), torch.randn(40).double()
# batches = list(minibatches(40, 8, np.random.default_rng(SEED)))
# w, losses = torch.zeros(3).double().requires_grad_(), []
# optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
# for batch in batches:
#     loss = ((x[batch] @ w - y[batch]) ** 2).mean() / 2
#     optimizer.zero_grad()
#     loss.backward()
#     optimizer.step()
#     losses.append(loss.item())
#
#
# def loss_and_grads(params, rows):
#     """Return the same loss, and its gradient."""
#     some = params["w"], x.numpy()[rows], y.numpy()[rows]
#     loss = np.mean((some[1] @ some[0] - some[2]) ** 2) / 2
#     return loss, {"w": linear_regression_gradient(*some)}
#
#
# problem = {"w": np.zeros(3)}, loss_and_grads, momentum, batches
# mine, my_losses = training_loop(*problem, lambda t: 0.1)
# (w, losses), (mine["w"], my_losses)
# ```
#
# </details>

# %% [markdown]
# ## Go further
# *Nobody grades this; you can check all of it yourself.* Choose one.
#
# 1. **Photos.** `from helpers import data, training`: `data.cifar10(flat=True)` (a download of 170 MB) has 3,072 numbers
#    an image, and `training.mlp_loss(params, x, y)` gives loss and gradients of `training.init_mlp([3072, 100, 10], rng)`.
#    Train it by your `training_loop`. The first loss must be near $\log 10$, chance is 10 %; some 50 % on unseen images
#    is what such a network can do. Do section 9's four ways come in the same order?
# 2. **A schedule of your own.** Find one that ends below "nesterov, schedule" on the digits:
#    `plots.digits_before_and_after(training_loop, sgd, nesterov, minibatches, yours)`. By more than the spread? Choose it
#    on validation digits, and look at the test digits once.
# 3. **Gradients that are too long.** Wrap `step` so that a gradient longer than 1 is cut to 1. Which of section 9's
#    rates survive now that did not before?

# %%
# Your experiment.

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | momentum | `lr` outside $v$: PyTorch, lectures 000, 003 | inside: 001, 002 | when `lr` changes |
# | sign of $v$ | uphill in `momentum`, downhill in `velocity_momentum` | 002: uphill, `lr` inside | for the look-ahead |
# | Nesterov | both forms; PyTorch has the rearranged | 000, 001, 002: look-ahead | which point is `w` |
# | cosine | flat after `t_max` | PyTorch climbs again | after `t_max` |
# | squared error | $1/(2N)$ | PyTorch: $1/N$ | factor 2 |
#
# <details><summary>Read on</summary>
#
# - [Goh (2017), Why momentum really works](https://doi.org/10.23915/distill.00006): sections 2 and 5 with sliders, and
#   the whole theory of quadratics.
# - [d2l, stochastic gradient descent](https://d2l.ai/chapter_optimization/sgd.html),
#   [momentum](https://d2l.ai/chapter_optimization/momentum.html) and
#   [schedules](https://d2l.ai/chapter_optimization/lr-scheduler.html).
# - [CS231n, parameter updates](https://cs231n.github.io/neural-networks-3/#update): all of this on one page.
# - [Robbins and Monro (1951)](https://doi.org/10.1214/aoms/1177729586): how a rate has to fall for the noise to die
#   out.
# - PyTorch: [`SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html),
#   [how to adjust the rate](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
#
# </details>
#
# **Next:** 03_adam gives every weight a step size of its own.
