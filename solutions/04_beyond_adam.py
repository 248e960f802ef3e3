# %% [markdown]
# # 04 · Beyond Adam: what its successors repair, and whether they do
#
# **The question.** Adam has known faults, and every year brings papers that mend one. What do they change, and does
# it help?
#
# **You will be able to**
# - write RAdam, diffGrad, AdaBelief, AdaNorm, AdaInject, moment centralization, and combine them;
# - say for each which line of Adam it changes;
# - tell an improvement from a shorter step;
# - read a table of results: points or percent, spread, one rate for all or one for each.
#
# **You need** 03_adam: Adam, its two moments and their correction.
#
# **Left out:** the step's direction (05_second_order), large networks, weight decay for each of these.
#
# **Time:** about 225 minutes.
#
# **Core path:** sections 1 to 6 and 13: about 130 minutes. Sections 7 to 12 are further methods, and a race.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# Adam and momentum, as you wrote them before: what follows is measured against them.


# %%
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of Adam, and the state."""
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", np.zeros_like(w)) + (1 - beta1) * grad
    v = beta2 * state.get("v", np.zeros_like(w)) + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, {"t": t, "m": m, "v": v}


def momentum(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of SGD with momentum, and the state."""
    v = momentum * state.get("v", np.zeros_like(w)) + grad
    return w - lr * v, {"v": v}


# %% [markdown]
# ## 1 · RAdam: when the root is not to be trusted
#
# ### Idea
# After one step $\hat v$ is a single squared slope. Adam divides by its root all the same, so the first steps are as
# long as later ones, and point wherever one noisy slope pointed. 02_sgd had a cure: a warm-up, with a length to tune.
# [Liu et al. (2020)](https://arxiv.org/abs/1908.03265) asked how many squares $\hat v$ stands for, and made the
# warm-up follow from that.

# %% [markdown]
# ### Equation
# $$\rho_\infty = \frac{2}{1 - \beta_2} - 1, \qquad \rho_t = \rho_\infty - \frac{2\, t\, \beta_2^t}{1 - \beta_2^t}$$
#
# $$r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\, \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\, \rho_t}}$$
#
# - $\rho_t$: how many slopes the average is worth after $t$ steps, $\rho_\infty$: in the end;
# - $r_t$: how far the root can be trusted. Below $\rho_t = 4$ it has no value; PyTorch asks for $\rho_t > 5$, and so
#   do we.


# %% exercise="rectification" core=2
def rectification(t, beta2):
    """Return RAdam's factor r_t, 0.0 while there is none.

    rho_inf = 2 / (1 - beta2) - 1, rho_t = rho_inf - 2 * t * beta2^t /
    (1 - beta2^t); where rho_t > 5, r_t is the root of (rho_t - 4) *
    (rho_t - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho_t),
    else 0.0. As inside torch.optim.RAdam. Liu et al. (2020), section
    4, who ask for rho_t > 4.

    Parameters
    ----------
    t : int, from 1; number of the step
    beta2 : float in (0, 1); share of the second moment that is kept

    Returns
    -------
    r : float in [0, 1]
    """
    ### BEGIN SOLUTION
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return 0.0
    above = (rho - 4) * (rho - 2) * rho_inf
    return (above / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
    ### END SOLUTION


# %% check="rectification" points=3
check("rectification", rectification, points=3)

# %% [markdown]
# ### Equation
# $$w \leftarrow w - \mathrm{lr}\; \hat m\; r_t\, \frac{\sqrt{1 - \beta_2^t}}{\sqrt{v} + \epsilon}
# \quad\text{where } \rho_t > 5, \qquad\text{else}\quad w \leftarrow w - \mathrm{lr}\; \hat m$$
#
# - $m$, $v$, $\hat m$, $t$: as in Adam; both moments are updated in every step.
#
# Mind where $\epsilon$ stands: at the root of $v$ *before* its correction, as in PyTorch. The paper has none. Lecture
# 003 names RAdam and prints no formula.


# %% exercise="radam" core=2
def radam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of RAdam, and the state.

    The moments as in Adam, t from 1, m_hat = m / (1 - beta1^t). Where
    rho_t > 5: w <- w - lr * m_hat * r_t * sqrt(1 - beta2^t) / (sqrt(v)
    + eps); else w <- w - lr * m_hat. As torch.optim.RAdam. Liu et al.
    (2020), Algorithm 2, which asks for rho_t > 4 and has no eps.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of v, not corrected

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
    step = lr * m / (1 - beta1**t)
    r = rectification(t, beta2)
    if r > 0:
        step = step * r * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)
    return w - step, {"t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="radam" points=5
check("radam", radam, points=5)

# %% [markdown]
# ### Picture
# Left, your $r_t$. Right, the length of your first steps on even slopes of three sizes. Predict first: which of them
# can you tell apart, and until when?

# %% demo="beyond_rectification"
plots.beyond_rectification(rectification, radam)

# %% [markdown]
# ### Question
# How long is the warm-up with $\beta_2 = 0.999$? And what happens in the first five steps if all slopes are 100 times
# as steep?
#
# <details><summary>Answer</summary>
#
# $r_6 \approx 0.026$; it passes 0.5 at step 556 and 0.9 at step 2737. A training of 500 steps takes place inside the
# warm-up: RAdam at Adam's rate is then a much slower Adam.
#
# The first five steps have no root, so they are `lr` times the slope: 100 times as long. Adam would not notice
# another unit of the loss; RAdam does, five times, and with an unlucky unit five times are enough.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Of this notebook PyTorch has RAdam alone. Section 3's fold uses both functions.
#
# ```python
# import torch
#
#
# def torch_steps(optimizer, steps=20, **settings):
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
# def my_steps(step, steps=20, **settings):
#     """Return the same by a function of mine."""
#     w, state = np.array([1.0, -2.0]), {}
#     for _ in range(steps):
#         w, state = step(w, 2 * w, state, **settings)
#     return w
#
#
# torch_steps(torch.optim.RAdam, lr=0.1), my_steps(radam, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 2 · What Adam does near the end
#
# ### Idea
# Lecture 003 says what is wrong with Adam in three lines: no short-term gradient information, overshoots, oscillates
# near the optimum. That can be measured. Let it walk into a parabola, and note how far it runs beyond the minimum.
#
# ### Picture
# Predict first: Adam with half the `lr` is drawn too. Does it overshoot half as far, or less?

# %% demo="beyond_overshoot"
plots.beyond_overshoot({"adam": adam})

# %% [markdown]
# ### Question
# Why does it overshoot at all, when the slope is 0 at the minimum?
#
# <details><summary>Answer</summary>
#
# $m$ remembers. At the minimum it is still full of slopes from before, all pointing the same way, and $\sqrt{\hat
# v}$, which remembers even longer, has not yet noticed that slopes got small.
#
# With `lr` = 0.1 it runs 0.27 beyond, with 0.05 only 0.13, and below 0.02 hardly at all: it arrives slowly enough for
# $m$ to forget. Keep this in mind as the yardstick for all that follows: *a shorter step* overshoots less, too.
#
# </details>

# %% [markdown]
# ## 3 · diffGrad: friction
#
# ### Idea
# If a weight's slope hardly changes from one step to the next, diffGrad brakes; where it changes a lot, it lets go.
# [Dubey et al. (2020)](https://arxiv.org/abs/1909.11015) hoped that this brakes near the optimum, where slopes
# vanish.

# %% [markdown]
# ### Equation
# $$\xi = \frac{1}{1 + e^{-|g_{t-1} - g_t|}}, \qquad
# w \leftarrow w - \mathrm{lr}\; \xi\; \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$
#
# - $\xi$: the friction of each weight, between 1/2 (no change) and 1; lecture 003 calls the function AbsSig;
# - $g_{t-1}$: the last step's slope, 0 before the first step.
#
# The state has one more entry. Keep a *copy* of `grad`: a training loop may write its next slopes into the same array.


# %% exercise="diffgrad" core=1
def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of diffGrad, and the state.

    Adam's step times xi = 1 / (1 + exp(-|g_{t-1} - g_t|)), element by
    element, where g_0 = 0: w <- w - lr * xi * m_hat / (sqrt(v_hat) +
    eps). Neither moment has xi in it. Dubey et al. (2020); lecture
    003. Not in torch.optim.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
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
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    change = np.abs(state.get("g", np.zeros_like(w)) - grad)
    xi = 1 / (1 + np.exp(-change))
    w = w - lr * xi * m_hat / (np.sqrt(v_hat) + eps)
    return w, {"t": t, "m": m, "v": v, "g": grad.copy()}
    ### END SOLUTION


# %% check="diffgrad" points=5
check("diffgrad", diffgrad, points=5)

# %% [markdown]
# ### Picture
# Predict first: where does diffGrad's line run, compared with the two of Adam?

# %% demo="beyond_overshoot_diffgrad"
plots.beyond_overshoot({"adam": adam, "diffgrad": diffgrad})

# %% [markdown]
# Then the same with the loss multiplied by a constant, and the friction itself, for slopes of three sizes.

# %% demo="beyond_friction"
plots.beyond_friction(adam, diffgrad)

# %% [markdown]
# ### Question
# diffGrad overshoots half as far as Adam. Has it repaired the overshoot?
#
# <details><summary>Answer</summary>
#
# Here it walks as Adam with half the `lr` does: 0.134 beyond the minimum against 0.130. Here slopes change by less
# than 0.1 a step, so after the first one $\xi$ stays near 1/2 everywhere.
#
# And $\xi$ has no unit to compare with: 1/2 for slopes of 0.01, nearly 1 for slopes of 10. With the loss times 1000
# it *is* Adam, overshoot and all. In a network, whose slopes are mostly far below 1, it is close to Adam at half the
# rate.
#
# The authors' first code was just that: it kept the slope's own array, which the next slope overwrote. Your check
# looks for it (`kept_as_an_alias`).
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has no diffGrad, and none of what follows. But every step of yours can train a network of PyTorch's, in the
# clothes of an optimizer (with `lr` alone; the functions are those of section 1's fold):
#
# ```python
# class Mine(torch.optim.Optimizer):
#     def __init__(self, params, take_step, lr):
#         super().__init__(params, {"take_step": take_step, "lr": lr})
#
#     @torch.no_grad()
#     def step(self):
#         for group in self.param_groups:
#             for p in group["params"]:
#                 w, grad = p.detach().numpy(), p.grad.numpy()
#                 kept = self.state[p].get("kept", {})
#                 w, kept = group["take_step"](w, grad, kept, lr=group["lr"])
#                 p.copy_(torch.from_numpy(w))
#                 self.state[p]["kept"] = kept
#
#
# by_torch = torch_steps(lambda params, lr: Mine(params, diffgrad, lr), lr=0.1)
# by_torch, my_steps(diffgrad, lr=0.1)
# ```
#
# </details>

# %% [markdown]
# ## 4 · AdaBelief: the surprise
#
# ### Idea
# On a long, even slope there is nothing to fear, yet Adam divides by its size. [Zhuang et al.
# (2020)](https://arxiv.org/abs/2010.07468) divide by how far slopes fall from what was expected: large steps where
# $m$ foresees them, small ones where they surprise.

# %% [markdown]
# ### Equation
# $$s \leftarrow \beta_2\, s + (1 - \beta_2)\,(g - m)^2 + \epsilon, \qquad
# w \leftarrow w - \mathrm{lr}\, \frac{\hat m}{\sqrt{\hat s} + \epsilon}$$
#
# - $s$: in the place of $v$, with $\hat s = s / (1 - \beta_2^t)$;
# - $m$: the *new* one, with this slope already in it, not corrected;
# - $\epsilon$: twice. The one in $s$ stays there from step to step.
#
# Lecture 003, Algorithm 2, which names no value; the default here is $10^{-16}$, since it is added to squares.


# %% exercise="adabelief" core=1
def adabelief(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    """Return w after one step of AdaBelief, and the state.

    m <- beta1 * m + (1 - beta1) * grad, s <- beta2 * s + (1 - beta2) *
    (grad - m)^2 + eps with the new m; w <- w - lr * m_hat /
    (sqrt(s_hat) + eps), both corrected for their start. The eps in s
    stays in the state. Zhuang et al. (2020); lecture 003, Algorithm 2.
    Not in torch.optim.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to s in every step, and to its root

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = state.get("m", np.zeros_like(w))
    s = state.get("s", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * grad
    s = beta2 * s + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(s_hat) + eps)
    return w, {"t": t, "m": m, "s": s}
    ### END SOLUTION


# %% check="adabelief" points=5
check("adabelief", adabelief, points=5)

# %% [markdown]
# ### Picture
# A slope of 1 with more and more noise; and one with none at all. Predict first: where do the two lines on the left
# meet?

# %% demo="beyond_belief"
plots.beyond_belief(adam, adabelief)

# %% [markdown]
# ### Question
# By how much do AdaBelief's steps exceed Adam's where there is no noise? Is that the promised trust, or a danger?
#
# <details><summary>Answer</summary>
#
# Where noise drowns the slope, $(g - m)^2$ and $g^2$ are nearly the same, and so are the methods. Without noise only
# the first steps were a surprise, while $m$ started from 0; they fade, and the steps grow: 5 `lr` long after 100 of
# them, 10.7 after 400. So one `lr` means different lengths for the two, and a comparison with one `lr` for both
# compares step lengths.
#
# Without bound it would grow until $\epsilon$ stops it: that is what the one in $s$ is for.
#
# </details>

# %% [markdown]
# ## 5 · AdaNorm: a memory of lengths
#
# ### Idea
# Late in training slopes get small, and $m$ forgets the times when they were not. [Dubey et al.
# (2023)](https://arxiv.org/abs/2210.06364) keep a history of how *long* gradients usually are, and lengthen those
# that fall below it before they go into $m$.

# %% [markdown]
# ### Equation
# $$n = \lVert g \rVert, \qquad e \leftarrow \gamma\, e + (1 - \gamma)\, n, \qquad
# s = \begin{cases} (e/n)\, g & e > n > 0 \\ g & \text{else} \end{cases}$$
#
# - $n$: the L2 norm of the whole array, a matrix too: one number for each parameter of the network;
# - $e$: its history, 0 before the first step, and not corrected for that;
# - $\gamma$ (`gamma`): the share that is kept;  $s$: the corrected gradient.
#
# Lecture 003, AdamNorm. This much is a function of its own: it turns a gradient into another.


# %% exercise="adanorm" core=1
def adanorm(grad, state, *, gamma=0.95):
    """Return the gradient lengthened to its history, and the state.

    n = ||grad||, the L2 norm of the whole array; e <- gamma * e + (1 -
    gamma) * n, 0 before the first step; (e / n) * grad where e > n > 0,
    else grad. A gradient of 0 stays 0. Dubey et al. (2023); lecture
    003.

    Parameters
    ----------
    grad : ndarray of any shape
    state : dict; {} before the first step, then what you returned
    gamma : float in [0, 1); share of the history that is kept

    Returns
    -------
    corrected_grad : ndarray, shape and dtype of grad
    state : dict
    """
    ### BEGIN SOLUTION
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    return corrected, {"e": e}
    ### END SOLUTION


# %% check="adanorm" points=4
check("adanorm", adanorm, points=4)

# %% [markdown]
# ### Picture
# The first layer of the digits' network while Adam trains it, and your function on its gradients. Predict first:
# which share of the steps is lengthened, with $\gamma = 0.95$? And with 0, and 0.99?

# %% demo="beyond_norms"
plots.beyond_norms(adanorm)

# %% [markdown]
# ### Question
# "Where gradients get small late in training" was the idea. What do you see instead?
#
# <details><summary>Answer</summary>
#
# About every second step is lengthened, 54 % here, by 36 % on average: mini-batch norms jump about their mean, and
# half of them lie below it. Only the first 21 are safe, while $e$ climbs from 0. With $\gamma = 0$ there is no
# history and nothing happens; with 0.99 the climb takes 53 of the 120 steps.
#
# A step is never shortened. So whatever else it does, AdaNorm raises $\hat m$, and with it the length of steps.
#
# </details>

# %% [markdown]
# ### Equation
# AdamNorm is Adam with $s$ in one place:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, s, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# Only $m$ sees the corrected gradient; $v$ sees the one that came. You may call `adanorm`; mind that its state is
# `{"e": e}` alone, and yours holds more.


# %% exercise="adamnorm" core=1
def adamnorm(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    gamma=0.95,
):
    """Return w after one step of AdamNorm, and the state.

    Adam's step, whose m averages the corrected gradient of `adanorm`
    and whose v averages grad^2, the gradient as it came. Dubey et al.
    (2023); lecture 003. Not in torch.optim.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    gamma : float in [0, 1); share of the history of norms that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    corrected, norms = adanorm(grad, state, gamma=gamma)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * corrected
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, {**norms, "t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="adamnorm" points=4
check("adamnorm", adamnorm, points=4)

# %% [markdown]
# ## 6 · The same for the others
#
# ### Idea
# Lecture 003's table has four pairs: Adam, diffGrad, RAdam and AdaBelief, each without and with AdaNorm. You have the
# pieces.
#
# | function | $m$ takes | everything else |
# |---|---|---|
# | `diffgradnorm` | the corrected gradient | $v$ and both slopes of $\xi$: as they came |
# | `radamnorm` | the corrected one, in the early steps too | $v$: as it came |
# | `adabeliefnorm` | the corrected one | $s$ averages $(g - m)^2$ with $g$ as it came |


# %% exercise="diffgradnorm" core=1
def diffgradnorm(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    gamma=0.95,
):
    """Return w after one step of diffGrad with AdaNorm, and the state.

    diffGrad's step, whose m averages the corrected gradient of
    `adanorm`; v and the friction, both of its gradients, see the
    gradient as it came. Dubey et al. (2023); lecture 003, Table 1.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    gamma : float in [0, 1); share of the history of norms that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    corrected, norms = adanorm(grad, state, gamma=gamma)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * corrected
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    change = np.abs(state.get("g", np.zeros_like(w)) - grad)
    step = lr * m_hat / (np.sqrt(v_hat) + eps) / (1 + np.exp(-change))
    return w - step, {**norms, "t": t, "m": m, "v": v, "g": grad.copy()}
    ### END SOLUTION


# %% check="diffgradnorm" points=2
check("diffgradnorm", diffgradnorm, points=2)


# %% exercise="radamnorm" core=1
def radamnorm(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    gamma=0.95,
):
    """Return w after one step of RAdam with AdaNorm, and the state.

    RAdam's step, whose m averages the corrected gradient of `adanorm`
    from the first step on, and whose v averages grad^2. Dubey et al.
    (2023); lecture 003, Table 1.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of v, not corrected
    gamma : float in [0, 1); share of the history of norms that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    corrected, norms = adanorm(grad, state, gamma=gamma)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * corrected
    v = beta2 * v + (1 - beta2) * grad**2
    step = lr * m / (1 - beta1**t)
    r = rectification(t, beta2)
    if r > 0:
        step = step * r * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)
    return w - step, {**norms, "t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="radamnorm" points=3
check("radamnorm", radamnorm, points=3)


# %% exercise="adabeliefnorm" core=1
def adabeliefnorm(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-16,
    gamma=0.95,
):
    """Return w after one step of AdaBelief with AdaNorm, and the state.

    AdaBelief's step, whose m averages the corrected gradient of
    `adanorm`; s averages (grad - m)^2, with that m and with grad as it
    came. Dubey et al. (2023); lecture 003, Table 1. The authors'
    published code takes the corrected gradient in both.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to s in every step, and to its root
    gamma : float in [0, 1); share of the history of norms that is kept

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    corrected, norms = adanorm(grad, state, gamma=gamma)
    m = state.get("m", np.zeros_like(w))
    s = state.get("s", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * corrected
    s = beta2 * s + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(s_hat) + eps)
    return w, {**norms, "t": t, "m": m, "s": s}
    ### END SOLUTION


# %% check="adabeliefnorm" points=3
check("adabeliefnorm", adabeliefnorm, points=3)

# %% [markdown]
# ### Question
# In the authors' published code of RadamNorm, $e$ is set to 0 at the beginning of every step. Predict, without running
# anything: which known optimizer is that?
#
# <details><summary>Answer</summary>
#
# Then $e = 0.05\, n$, which is never above $n$: no gradient is ever corrected, and what remains is RAdam itself. Your
# check has this version among its mistakes, `never_scaled`. Remember it at the table.
#
# </details>

# %% [markdown]
# ## 7 · AdaInject: what the last step says
#
# ### Idea
# The short-term information that Adam lacks, another way: the last step itself. If $w$ has just moved down a lot, and
# slopes are steep, AdaInject adds that to what goes into $m$ ([Dubey et al. 2022](https://arxiv.org/abs/2109.12504)).

# %% [markdown]
# ### Equation
# $$\Delta w = w_{\text{last}} - w, \qquad
# s = \begin{cases} g & t = 1 \\ (g + \Delta w\; g^2)\, /\, k & t > 1 \end{cases}$$
#
# - $w_{\text{last}}$: the $w$ *given* to the last step, $w$: the one given to this one; if the caller moves it in
#   between, that counts;
# - $k$ (`k`): 2 in the authors' code;  $s$: the injected gradient.
#
# First as a function of its own, `inject`, twin of `adanorm`. Then $m$ takes $s$, and $v$ takes $g^2$, in every step.
# (The slide's layout has $v$ under "else": then the first step would divide by $\epsilon$.)


# %% exercise="inject" extra=1
def inject(w, grad, state, *, k=2.0):
    """Return the injected gradient, and the state.

    In the first step grad itself; then (grad + dw * grad^2) / k,
    element by element, where dw is the w given to the last step minus
    the w given to this one. Dubey et al. (2022), whose code has k = 2;
    lecture 003.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    k : float, positive

    Returns
    -------
    injected : ndarray, shape and dtype of grad
    state : dict
    """
    ### BEGIN SOLUTION
    if "w" not in state:
        return grad, {"w": w.copy()}
    injected = (grad + (state["w"] - w) * grad**2) / k
    return injected, {"w": w.copy()}
    ### END SOLUTION


# %% check="inject" points=3
check("inject", inject, points=3)


# %% exercise="adaminject" extra=1
def adaminject(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    k=2.0,
):
    """Return w after one step of AdamInject, and the state.

    Adam's step, whose m averages the injected gradient of `inject` and
    whose v averages grad^2, in the first step too. Dubey et al.
    (2022); lecture 003. Not in torch.optim.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    k : float, positive; the injected gradient is divided by it

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected, place = inject(w, grad, state, k=k)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * injected
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, {**place, "t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="adaminject" points=4
check("adaminject", adaminject, points=4)

# %% [markdown]
# ### Picture
# The parabola of section 2 again. Predict first: what does the division by $k = 2$ alone do to the steps?

# %% demo="beyond_overshoot_inject"
contenders = {"adam": adam, "diffgrad": diffgrad, "adaminject": adaminject}
plots.beyond_overshoot(contenders)

# %% [markdown]
# ### Question
# What would you have to compare AdaInject with, to see what the *injection* does?
#
# <details><summary>Answer</summary>
#
# With Adam whose $m$ takes $g/2$: but for the first step that is Adam at half the rate, the dotted line. Beside it
# AdaInject overshoots *more*, 0.152 against 0.130, and more so the larger the rate: $\Delta w\, g^2$ has the sign of
# the last step, and pushes on.
#
# The unit tells the same: $\Delta w\, g^2$ is a slope only if $w\,g$ has no unit. With the loss times 100 the
# injection grows 10,000-fold, the slope 100-fold.
#
# </details>

# %% [markdown]
# ## 8 · The same for the others, again
#
# ### Idea
# The paper has four: Adam, diffGrad, RAdam and AdaBelief, each with the injection; the lecture prints the first. As
# before: $m$ alone takes the injected gradient. $v$, both slopes of $\xi$ and $g$ in $(g - m)^2$ are those that came.


# %% exercise="diffgradinject" extra=1
def diffgradinject(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    k=2.0,
):
    """Return w after one step of diffGrad with AdaInject, and the state.

    diffGrad's step, whose m averages the injected gradient of `inject`;
    v and the friction see the gradient as it came. Dubey et al.
    (2022).

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of the corrected v
    k : float, positive; the injected gradient is divided by it

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected, place = inject(w, grad, state, k=k)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * injected
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    change = np.abs(state.get("g", np.zeros_like(w)) - grad)
    step = lr * m_hat / (np.sqrt(v_hat) + eps) / (1 + np.exp(-change))
    return w - step, {**place, "t": t, "m": m, "v": v, "g": grad.copy()}
    ### END SOLUTION


# %% check="diffgradinject" points=2
check("diffgradinject", diffgradinject, points=2)


# %% exercise="radaminject" extra=1
def radaminject(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    k=2.0,
):
    """Return w after one step of RAdam with AdaInject, and the state.

    RAdam's step, whose m averages the injected gradient of `inject`,
    from the second step on, and whose v averages grad^2. Dubey et al.
    (2022), whose published code begins to inject in the third step.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to the root of v, not corrected
    k : float, positive; the injected gradient is divided by it

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected, place = inject(w, grad, state, k=k)
    m = state.get("m", np.zeros_like(w))
    v = state.get("v", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * injected
    v = beta2 * v + (1 - beta2) * grad**2
    step = lr * m / (1 - beta1**t)
    r = rectification(t, beta2)
    if r > 0:
        step = step * r * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)
    return w - step, {**place, "t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="radaminject" points=2
check("radaminject", radaminject, points=2)


# %% exercise="adabeliefinject" extra=1
def adabeliefinject(
    w,
    grad,
    state,
    *,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-16,
    k=2.0,
):
    """Return w after one step of AdaBelief with AdaInject, and the state.

    AdaBelief's step, whose m averages the injected gradient of
    `inject`; s averages (grad - m)^2, with that m and with grad as it
    came. Dubey et al. (2022).

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
        of the second moment that are kept
    eps : float, positive; added to s in every step, and to its root
    k : float, positive; the injected gradient is divided by it

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    injected, place = inject(w, grad, state, k=k)
    m = state.get("m", np.zeros_like(w))
    s = state.get("s", np.zeros_like(w))
    m = beta1 * m + (1 - beta1) * injected
    s = beta2 * s + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(s_hat) + eps)
    return w, {**place, "t": t, "m": m, "s": s}
    ### END SOLUTION


# %% check="adabeliefinject" points=2
check("adabeliefinject", adabeliefinject, points=2)

# %% [markdown]
# ## 9 · Moment centralization
#
# ### Idea
# Lecture 003 names it without a formula: [Sadu, Dubey and Sreeja (2022)](https://arxiv.org/abs/2207.09066) take the
# mean off what is about to move the weights. So each row of a weight matrix keeps its mean, and the optimizer
# searches only among its differences.

# %% [markdown]
# ### Equation
# $$v \leftarrow \mu\, v + g, \qquad u = v - \operatorname{mean}_{1, 2, \dots}(v), \qquad w \leftarrow w - \mathrm{lr}\; u$$
#
# - $v$, $\mu$ (`momentum`): as in 02_sgd;
# - $u$: $v$ minus its mean over all axes *but the first*, where $w$ has two or more axes; vectors, such as biases,
#   are not centred: $u = v$.
#
# The first axis is one unit's in PyTorch's layout (out, in, ...), one input's in our dense layers, (in, out).
#
# The authors' code takes the mean over the whole array, and of vectors too: a bias of one entry then never moves.


# %% exercise="moment_centralized_sgd" extra=2
def moment_centralized_sgd(w, grad, state, *, lr, momentum=0.9):
    """Return w after one step of moment centralized SGD, and the state.

    v <- momentum * v + grad; u = v minus its mean over axes 1, 2, ...
    where w has two or more axes, else u = v; w <- w - lr * u. Sadu,
    Dubey and Sreeja (2022), whose code takes the mean of the whole
    array; named in lecture 003.

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
    v = momentum * state.get("v", np.zeros_like(w)) + grad
    u = v
    if v.ndim > 1:
        u = v - v.mean(axis=tuple(range(1, v.ndim)), keepdims=True)
    return w - lr * u, {"v": v}
    ### END SOLUTION


# %% check="moment_centralized_sgd" points=4
check("moment_centralized_sgd", moment_centralized_sgd, points=4)


# %% exercise="adam_mc" extra=2
def adam_mc(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Return w after one step of Adam with a centred moment, and the state.

    m and v as in Adam, both of the gradient as it came; u = m minus
    its mean over axes 1, 2, ... where w has two or more axes, else
    u = m; w <- w - lr * u / (1 - beta1^t) / (sqrt(v_hat) + eps). Sadu,
    Dubey and Sreeja (2022), whose code takes the mean of the whole
    array, of vectors too.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; step size
    betas : (beta1, beta2), floats in (0, 1); shares of the first and
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
    u = m
    if m.ndim > 1:
        u = m - m.mean(axis=tuple(range(1, m.ndim)), keepdims=True)
    root = np.sqrt(v / (1 - beta2**t)) + eps
    return w - lr * u / (1 - beta1**t) / root, {"t": t, "m": m, "v": v}
    ### END SOLUTION


# %% check="adam_mc" points=4
check("adam_mc", adam_mc, points=4)

# %% [markdown]
# ### Picture
# The digits, with `momentum` and with yours. Predict first: how far do the means of the rows move?

# %% demo="beyond_centred"
plots.beyond_centred(momentum, moment_centralized_sgd)

# %% [markdown]
# ### Question
# For `moment_centralized_sgd` it makes no difference whether you centre the gradient, $v$ as it is kept, or only $u$.
# Why? And why is it different for `adam_mc`?
#
# <details><summary>Answer</summary>
#
# The means of `momentum` move by up to 0.06, yours by rounding alone. Taking off a mean is linear, and doing it twice
# is doing it once. So it passes through the sum $\mu v + g$ unchanged, and all three are one function: your check
# lets all of them pass.
#
# Adam squares. Centre the gradient first, and $v$ averages other squares; centre the finished step, and each entry
# has been divided by its own root before. Three orders, three optimizers; with the middle one, asked for here, even
# the row means of $w$ move a little.
#
# </details>

# %% [markdown]
# ## 10 · The race
#
# ### Idea
# The landscapes of 02 again, each optimizer at its best `lr` of a list, as in 03_adam.
#
# ### Picture
# Predict first: on which landscape is there a clear winner?

# %% demo="beyond_race"
racers = {
    "adam": adam,
    "radam": radam,
    "diffgrad": diffgrad,
    "adabelief": adabelief,
    "adamnorm": adamnorm,
    "adaminject": adaminject,
}
plots.adam_race(racers)

# %% [markdown]
# Now the dials, for all of them: choose several with Ctrl or Cmd. **First**, on Beale: where does diffGrad keep up
# with Adam, and where does it fall behind? **Then**: what does `gamma` = 0 make of the Norms, and `k` = 1 of the
# Injects?

# %% demo="beyond_sliders"
everybody = racers | {
    "diffgradnorm": diffgradnorm,
    "radamnorm": radamnorm,
    "adabeliefnorm": adabeliefnorm,
    "diffgradinject": diffgradinject,
    "radaminject": radaminject,
    "adabeliefinject": adabeliefinject,
    "moment_centralized_sgd": moment_centralized_sgd,
    "adam_mc": adam_mc,
}
widgets.beyond_explorer(everybody)

# %% [markdown]
# <details><summary>Answer</summary>
#
# diffGrad keeps up where slopes are large, and takes half of Adam's steps where they are small, near the minimum. With
# `gamma` = 0 the Norms are the methods without; with `k` = 1 the Injects are *not*: the injection remains, and only its
# halving is gone.
#
# RAdam and AdaInject are lost at many rates where slopes are large, and so slow on all but the saddle: the one has
# five steps without a root, the other adds $\Delta w\, g^2$. Of the other four none wins on bowl and saddle: their
# best rates differ, their walks hardly. In Rosenbrock's canyon `adamnorm` is ahead; on Beale `diffgrad` is behind.
#
# </details>

# %% [markdown]
# ## 11 · A rate that is learnt
#
# ### Idea
# All these methods have an `lr`, and you have been choosing it by hand. The loss depends on it as it depends on $w$:
# so go downhill on `lr` too ([Baydin et al. 2018](https://arxiv.org/abs/1703.04782)).

# %% [markdown]
# ### Equation
# The last step was $w = w_{\text{last}} - \eta\, g_{t-1}$, so $\partial L / \partial \eta = -\, g_t \cdot g_{t-1}$, and
#
# $$\eta \leftarrow \eta + \alpha\; g_t \cdot g_{t-1}, \qquad w \leftarrow w - \eta\; g_t$$
#
# - $\eta$: the rate, one number for each parameter of the network, `lr` in the first step; it lives in `state` and
#   may become negative;
# - $\alpha$ (`hyper_lr`): the rate of the rate;
# - $g_t \cdot g_{t-1}$: the sum over all entries; the *new* $\eta$ makes the step.


# %% exercise="learned_sgd_lr" extra=1
def learned_sgd_lr(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    """Return w after one step of SGD that learns its rate, and the state.

    In the first step the rate is lr, which later steps do not read;
    then rate <- rate + hyper_lr * sum(g_t * g_{t-1}), over all
    entries. w <- w - rate * grad, with the new rate. It may become
    negative. Baydin et al. (2018), SGD-HD. No lecture has it.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what you returned
    lr : float, positive; the rate of the first step
    hyper_lr : float, not negative; step size of the rate itself

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    rate = state.get("rate", lr)
    rate = rate + hyper_lr * np.sum(grad * state.get("g", 0.0))
    return w - rate * grad, {"rate": rate, "g": grad.copy()}
    ### END SOLUTION


# %% check="learned_sgd_lr" points=4
check("learned_sgd_lr", learned_sgd_lr, points=4)

# %% [markdown]
# ### Picture
# A valley with curvatures 1 and 25, where SGD's best rate is 0.077 and anything above 0.08 flies out. Predict first:
# where do rates end that start at 0.0001?

# %% demo="beyond_learned_rate"
plots.beyond_learned_rate(learned_sgd_lr)

# %% [markdown]
# ### Question
# No start matters much any more. Is there nothing left to choose? Look at the right picture, at its end.
#
# <details><summary>Answer</summary>
#
# From 0.0001, 0.001 and 0.01 alike the rate is at 0.03 within two or three steps and ends near 0.04: plain SGD at
# 0.001 is left at a loss of 27, and this ends near $10^{-6}$. (The best fixed rate is still better: $10^{-12}$.)
#
# But $\alpha$ has taken `lr`'s place: at $3 \cdot 10^{-5}$ it is at its best, at $5.6 \cdot 10^{-5}$ the walk is lost
# within 6 steps. And $\alpha$ has a worse unit: with the loss times 10, `lr` should be 10 times smaller, $\alpha$
# 1000 times.
#
# </details>

# %% [markdown]
# ## 12 · A rule that is learnt
#
# ### Idea
# Lecture 000 says that even other networks can set the step, and no lecture has a formula. [Andrychowicz et al.
# (2016)](https://arxiv.org/abs/1606.04474) did it: *the whole rule* is a network, trained so that the losses of many
# small problems fall fast.
#
# Here it has 72 numbers: the last slope and three averages of slopes, divided by their root mean square, go in;
# direction and length of the step come out. It was trained on bowls, logistic regressions and small networks, 60
# steps each (`docs/learned_optimizer.py`). There is no `lr`.

# %% [markdown]
# ### Picture
# The digits' network is one it has not seen. Then two things that it was not trained for: ten times as many steps,
# and a bowl 1000 times as wide. Predict first: where does it beat your Adam at a rate that you did not tune, and
# where does it fail?

# %% demo="beyond_learned_rule"
plots.beyond_learned_rule(adam)

# %% [markdown]
# <details><summary>Answer</summary>
#
# On the digits it comes to a loss of 0.14 in 102 steps. Adam needs its rate within a few factors of the best to do
# better: 0.07 with 0.03, but 0.56 with 0.003 and 1.4 with 0.3. Not bad for a rule that has never seen an image, and
# has no dial.
#
# But it never comes to rest. It was rewarded for 60 fast steps, and after 600 it still jumps about at a loss of 0.01,
# where Adam has long arrived. And its step is a length that fits weights of size 1: in a bowl 1000 times as wide it
# crawls, just as any fixed `lr` does. What it was not trained for, it has not learnt.
#
# </details>

# %% [markdown]
# ## 13 · The table
#
# ### Idea
# Lecture 003 ends with a table of 36 comparisons, 35 of them in favour of AdaNorm. Two things to know before you
# believe a table: what its numbers are, and what would have come out if nothing had changed.
#
# ### Picture
# Its accuracies, as differences in points, and as what the arrows print. Predict first: "48.98 to 54.44 ($\uparrow$
# 11.15)": points or percent?

# %% demo="beyond_lecture_table"
plots.beyond_lecture_table()

# %% [markdown]
# ### Question
# How large are the differences, in points, for the four pairs? What is missing that you would need to judge them?
#
# <details><summary>Answer</summary>
#
# The arrows are *relative*: $100\,(54.44 - 48.98)/48.98 = 11.15$, a difference of 5.46 points. In points the means
# are 2.03, 0.58, 0.57 and 0.36; one of the 36 is a loss.
#
# They are means of three runs without a spread. For RAdam the differences go from 0.07 to 1.77 points, and if the
# columns came from the published code (section 6), both are the same optimizer: then this is what three runs differ
# by anyway.
#
# </details>

# %% [markdown]
# ### Picture
# Now your own table: the digits, a network of 2,410 weights, your eight optimizers. Both of a pair start from the
# same weights and see the same batches, so their difference can be taken run by run. First in haste: `lr` = 0.001 for
# everybody.

# %% demo="beyond_table_one_rate"
pairs = {
    "adam": adam,
    "adamnorm": adamnorm,
    "diffgrad": diffgrad,
    "diffgradnorm": diffgradnorm,
    "radam": radam,
    "radamnorm": radamnorm,
    "adabelief": adabelief,
    "adabeliefnorm": adabeliefnorm,
}
plots.beyond_table(pairs, one_rate=True)

# %% [markdown]
# Then with care: four rates each, the best one chosen on validation images, the verdict from test images. The last
# row is RAdam against itself with other seeds. Predict first: which of the differences will keep their sign?
# (`plots.beyond_table(pairs, long=True)` takes about a minute: two networks, 25 epochs, 10 seeds.)

# %% demo="beyond_table"
plots.beyond_table(pairs)

# %% [markdown]
# <details><summary>Answer</summary>
#
# In haste all four differences were positive. But RAdam had lost 11 points to itself: three seeds against three
# others, and all runs far from their end. With care signs go both ways. Now look at the rates above the picture: the
# large differences are those where the two of a pair were given *different* ones, and which rate is best was read off
# one run of each.
#
# The long form, with two runs to choose by, says the same more firmly. Of its eight differences six lie within two
# standard errors. The largest, RAdam on the small network, is +0.97 ± 0.20, a discovery; but RAdam got 0.01 and
# RadamNorm 0.03. With 0.03 for both it is +0.03 ± 0.11. RAdam against itself: +0.14 ± 0.29 and +0.33 ± 0.22. One test
# image is 0.28 points.
#
# </details>

# %% [markdown]
# ### Question (graded)
# You have two tables of the same optimizers: one `lr` for all, and one chosen for each. **Which of the two would you
# print, and what would you write below it?** Say why the first is so much in favour of the Norms, what the row
# "against itself" is for, and one thing that would have to be different for you to believe that AdaNorm helps. Five
# to seven sentences.

# %% [markdown] answer="which_table" points=4
# ### BEGIN SOLUTION
# The second. In the first every run was far too short for its rate: after 6 epochs at 0.001 the networks are still
# learning, and whatever makes steps longer looks better. AdaNorm only ever lengthens what goes into `m`, so with one
# small rate for all it wins each pair, and AdaBelief, whose steps are longer still, is ahead of all. That compares
# step lengths.
#
# With a rate chosen for each on validation images the differences have both signs, and the large ones come with
# different rates. The row "against itself" says what comes out when nothing was changed: a difference no larger than
# that is no result (in the first table it is 11 points, more than any other row). I would print means and standard
# deviations, the paired differences with their standard errors, the rates, the number of seeds, and that row.
#
# I would believe it if the paired difference were several standard errors at equal care for both rates, for more than
# one network, and larger than that of an optimizer against itself.
# ### END SOLUTION

# %% [markdown]
# ## Where papers, code and lectures disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | RAdam's switch | $\rho_t > 5$: PyTorch | $> 4$: paper | one step |
# | RAdam's `eps` | before the correction: PyTorch | none: paper | for small slopes |
# | diffGrad's $g_{t-1}$ | a copy | the array itself: first code | Adam at half the rate |
# | AdaBelief's `eps` | stays in $s$: lecture, paper; 1e-16 | 1e-8: AdaNorm's authors | for small slopes |
# | RadamNorm's $e$ | kept: lecture | 0 in every step: published code | is RAdam |
# | AdaBeliefNorm's $s$ | of the gradient | of the corrected one: published code | yes |
# | AdamInject's $v$ at $t = 1$ | $g^2$ | left out: the slide's layout | first step |
# | centring | all axes but the first | the whole array: published code | yes |
# | arrows in the table | | relative, not points | by a factor up to 2.4 |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Section 13's table with `weight_decay` in every optimizer, or with a rate that falls to 0 (02_sgd): does a difference
#   come that is larger than the one of RAdam against itself? Write down first what you would count as one.
# - Your own optimizer, from one line of Adam that you change: race it in section 10, then put it and `adam` into
#   `plots.beyond_table` as a pair.
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [Schmidt, Schneider and Hennig (2021)](https://arxiv.org/abs/2007.01547): fifteen optimizers, 50,000 runs, and no
#   winner.
# - [Choi et al. (2019)](https://arxiv.org/abs/1910.05446): how the order of optimizers follows from what was tuned.
# - [d2l, Adam](https://d2l.ai/chapter_optimization/adam.html): with Yogi, one more successor, and the fault that it mends.
# - PyTorch: [`RAdam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html), [the base class of
#   optimizers](https://docs.pytorch.org/docs/stable/optim.html#base-class).
#
# </details>
#
# **Next:** 05_second_order looks at the direction of the step.
