# %% [markdown]
# # 09 · Penalties: a price on weights, labels and time
#
# **The question.** A network can learn more than is true. There are three ways to stop it (lecture 000): *constrain*
# it, shake it with *noise* that is averaged out at test, or tell it something you *know*. What does the first way buy?
#
# **You will be able to**
# - put a price on weights (L2, L1, both), or a fence around them;
# - soften labels, stop in time, and say which penalty stopping is;
# - train on a second task, on the worst neighbour of an image, with fewer weights.
#
# **You need** 01_backprop and 02_sgd; a little of 03_adam.
#
# **Left out:** noise (10_dropout), what you know of images (11_augmentation).
#
# **Time:** about 225 minutes.
#
# **Core path:** sections 1 to 3, 5 to 8, 10 and 12, without the exercises marked *optional*: about 140 minutes.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0


# From 01_backprop: you will need it in section 9.
def softmax_cross_entropy(scores, y):
    n = len(y)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dscores = np.exp(log_p)
    dscores[np.arange(n), y] -= 1
    return -log_p[np.arange(n), y].mean(), dscores / n


# %%
# From 03_adam, for a comparison.
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


# %% [markdown]
# ## 1 · Small weights
#
# ### Idea
# A network that has to pass through every single point bends sharply, and for that it needs large weights. So put a
# price on size: every weight pays, and only those that earn their price stay large.

# %% [markdown]
# ### Equation
#
# $$\text{value} = \lambda \sum_i w_i^2 \qquad\qquad \frac{\partial\, \text{value}}{\partial w_i} = 2 \lambda\, w_i$$
#
# - $\lambda$ (`lam`): the price, added to the loss with the value, to its gradient with the gradient;
# - the sum runs over *all* entries of $w$, whatever its shape.
#
# The idea is old: [Krogh and Hertz
# (1991)](https://proceedings.neurips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html) say why it works.
# The form without a half is the lectures' (000, 002, 003). PyTorch's `weight_decay` adds `weight_decay * w` to the gradient,
# so it is twice this $\lambda$.


# %% exercise="l2_penalty" core=1
def l2_penalty(w, lam):
    """Return the L2 penalty of some weights, and its gradient.

    value = lam * sum of w^2 over all entries, grad = 2 lam w. Lectures
    000, 002, 003: no factor 1/2. torch.optim's weight_decay is 2 lam.

    Parameters
    ----------
    w : ndarray of any shape
    lam : float, not negative

    Returns
    -------
    value : float
    grad : new ndarray, shape and dtype of w
    """
    ### BEGIN SOLUTION
    return lam * (w**2).sum(), 2 * lam * w
    ### END SOLUTION


# %% check="l2_penalty" points=2
check("l2_penalty", l2_penalty, points=2)

# %% [markdown]
# ### Picture
# 60 points of two noisy half moons. Lecture 002 says: *do not use the size of the network as a regulariser, use a
# stronger penalty instead*, and shows $\lambda = 0.001, 0.01, 0.1$. Above three sizes without a penalty, below the
# same with yours. Right: 2,000 new points, 12 seeds. Predict first: which is better, 3 units without a price or 20
# with one?

# %% demo="penalties_boundary"
widgets.moons_explorer(l2_penalty)

# %% [markdown]
# ### Question
# Is lecture 002 right? Look at the means, then at the bars. Then move `other points`.
#
# <details><summary>Answer</summary>
#
# In the mean, yes: 82.3 % with 3 units and no price, 83.3 % with 20, 85.4 % with 20 and $\lambda = 0.001$. Seed by
# seed, with the same points, that is 3.1 ± 3.0 points more than the small network has, and better for 11 of 12.
#
# But it does not show at a glance: the seeds differ by more than the means do, a small network gains from a price too
# (83.6 % at 0.003), and at $\lambda = 0.1$ all three sizes draw the same straight line, 80 %. "Stronger" has an end.
# What *is* clear: with a price, size hardly matters.
#
# </details>

# %% [markdown]
# ### Picture: curvature
# A penalty also *bends* the loss (lecture 003): all curvatures $h$ become $h + 2\lambda$. Here a valley with $h =
# 0.1$ and 10, and your gradient. Predict first: what does $\lambda = 0.1$ do to the condition number 100, and what
# does it cost?

# %% demo="penalties_curvature"
widgets.curvature_explorer(l2_penalty)

# %% [markdown]
# ### Question
# Which of the two weights pays, and why is the optimizer glad?
#
# <details><summary>Answer</summary>
#
# The condition falls to $(10 + 0.2)/(0.1 + 0.2) = 34$, and 240 steps become 80. The price: $w_1$, along which the
# loss is flat, goes from $-3$ to $-1$; $w_2$ loses 2 %. What the data hardly speak about is given up. In section 8
# that returns as a formula.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# `weight_decay` of an optimizer would be twice this `lam`.
#
# ```python
# import torch
#
# w = np.array([[1.0, -2.0], [0.5, 0.0]])
# t = torch.tensor(w, requires_grad=True)
# (0.3 * (t**2).sum()).backward()
# t.grad, l2_penalty(w, 0.3)[1]
# ```
#
# </details>

# %% [markdown]
# ## 2 · Few weights
#
# ### Idea
# Under L2 no weight is ever worth zero: near 0 the square costs next to nothing. To get *rid* of weights, the first
# bit of size must cost as much as the last.

# %% [markdown]
# ### Equation
#
# $$\text{L1:}\quad \lambda \sum_i |w_i|, \qquad
# \text{gradient } \lambda\, \mathrm{sign}(w_i), \quad \mathrm{sign}(0) = 0$$
# $$\text{elastic net:}\quad \lambda \sum_i \left(\beta\, w_i^2 + |w_i|\right)$$
#
# - $\beta$ (`beta`): the weight of the squares against the sizes; $\lambda$ multiplies both. The mixture is
#   [Zou and Hastie's (2005)](https://doi.org/10.1111/j.1467-9868.2005.00503.x).
#
# At 0 a size has a corner and no slope; 0 is one choice among all from $-1$ to 1 (a *subgradient*), and PyTorch's.


# %% exercise="l1_penalty" core=1
def l1_penalty(w, lam):
    """Return the L1 penalty of some weights, and a subgradient.

    value = lam * sum of |w| over all entries, grad = lam sign(w), which
    is 0 at 0, as autograd has it. Lectures 000, 002, 003. (For a
    matrix, np.linalg.norm(w, 1) is something else.)

    Parameters
    ----------
    w : ndarray of any shape
    lam : float, not negative

    Returns
    -------
    value : float
    grad : new ndarray, shape and dtype of w
    """
    ### BEGIN SOLUTION
    return lam * np.abs(w).sum(), lam * np.sign(w)
    ### END SOLUTION


# %% check="l1_penalty" points=3
check("l1_penalty", l1_penalty, points=3)


# %% exercise="elastic_net" extra=1
def elastic_net(w, lam, beta):
    """Return the elastic net penalty of some weights, and its gradient.

    value = lam * sum of (beta w^2 + |w|) over all entries; the gradient
    of |w| at 0 is 0. Zou and Hastie (2005); lectures 000 and 003, with
    beta on the square. scikit-learn mixes differently.

    Parameters
    ----------
    w : ndarray of any shape
    lam, beta : float, not negative

    Returns
    -------
    value : float
    grad : new ndarray, shape and dtype of w
    """
    ### BEGIN SOLUTION
    value = lam * (beta * w**2 + np.abs(w)).sum()
    return value, lam * (2 * beta * w + np.sign(w))
    ### END SOLUTION


# %% check="elastic_net" points=3
check("elastic_net", elastic_net, points=3)

# %% [markdown]
# ### Picture
# Lecture 003's question: the input is $x = (1, 1, 1, 1)$, and $w_1 = (1, 0, 0, 0)$ and $w_2 = (\tfrac14, \tfrac14,
# \tfrac14, \tfrac14)$ give the same output. Which do you want? Here with two inputs: all weights on the line give the
# output 1. Predict first: where is each penalty lowest?

# %% demo="penalties_line"
plots.penalties_line(l2_penalty, l1_penalty, elastic_net)

# %% [markdown]
# ### Question
# What do L2, L1 and a fence $\|w\|_2 \le \tfrac12$ say of lecture 003's $w_1$ and $w_2$?
#
# <details><summary>Answer</summary>
#
# L2: 1 against 1/4, so $w_2$: it spreads the weights out. L1: 1 against 1, no opinion (between the two corners the
# line is flat). The fence forbids $w_1$, whose length is 1, and just allows $w_2$, of length 1/2. A network that
# listens to all inputs is harder to fool by one of them.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# w = np.array([[1.0, -2.0], [0.5, 0.0]])
# t = torch.tensor(w, requires_grad=True)
# (0.3 * (0.4 * t**2 + t.abs()).sum()).backward()
# t.grad, elastic_net(w, 0.3, 0.4)[1]
# ```
#
# </details>

# %% [markdown]
# ## 3 · Exactly zero
#
# ### Idea
# Train with the L1 gradient, and at the end *no* weight is zero: near 0 the step jumps across, back and forth, for
# ever. The subgradient knows which way 0 is, and not how near.

# %% [markdown]
# ### Equation
#
# So solve instead of step: the best trade between staying at $w$ and paying less is
#
# $$\arg\min_z\; \tfrac12 (z - w)^2 + \lambda |z| \;=\; \mathrm{sign}(w)\, \max(|w| - \lambda,\, 0)$$
#
# - all that is not larger than $\lambda$ in size becomes *exactly* 0, the rest comes nearer by $\lambda$.
#
# After a step of learning rate `lr` on the loss alone, the threshold is `lr * lam` (proximal gradient:
# [Parikh and Boyd 2014](https://doi.org/10.1561/2400000003)).


# %% exercise="soft_threshold" core=2
def soft_threshold(w, lam):
    """Return the weights that are worth their L1 penalty.

    argmin over z of (z - w)^2 / 2 + lam |z|, entry by entry:
    sign(w) max(|w| - lam, 0). Parikh and Boyd (2014), section 6.5.2;
    torch.nn.functional.softshrink. A proximal step with learning rate
    lr hands over lr * lam.

    Parameters
    ----------
    w : ndarray of any shape
    lam : float, not negative

    Returns
    -------
    z : new ndarray, shape and dtype of w; 0 where |w| <= lam
    """
    ### BEGIN SOLUTION
    return np.sign(w) * np.maximum(np.abs(w) - lam, 0)
    ### END SOLUTION


# %% check="soft_threshold" points=3
check("soft_threshold", soft_threshold, points=3)

# %% [markdown]
# ### Picture
# A regression with 30 features, 5 of which matter. Same penalty, same rate, same steps: once your L1 gradient, once
# your threshold. Predict first: how many exact zeros has each?

# %% demo="penalties_sparsity"
plots.penalties_sparsity(l1_penalty, soft_threshold, seed=SEED)

# %% [markdown]
# Now by hand: a quadratic with its minimum at the star, and where each penalty pulls it, by *your* steps. **First**
# find the $\lambda$ from which L1 takes $w_2$ away altogether. **Then** see what $\beta$ does to that.

# %% demo="penalties_ball"
widgets.ball_explorer(l2_penalty, soft_threshold)

# %% [markdown]
# ### Question
# Why does the path of L1 run into the axis and along it, and that of L2 never?
#
# <details><summary>Answer</summary>
#
# 20 of the 25 useless weights are exactly 0 by the threshold, none by the gradient, and none of the 5 is lost.
#
# The ball of L1 has corners on the axes: a contour that comes from a whole range of directions touches it there
# first. In numbers: at 0 the penalty pushes with a force up to $\lambda$, and a loss that pulls less than that cannot
# move the weight away. With $\beta = 0.5$, L1 takes $w_2$ at about 0.4, the elastic net at about 0.5, since its $w_1$
# shrinks too. A square pushes with $2\lambda w$, which is nothing at 0.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# w = np.array([[1.0, -2.0], [0.5, 0.0]])
# torch.nn.functional.softshrink(torch.tensor(w), 0.7), soft_threshold(w, 0.7)
# ```
#
# </details>

# %% [markdown]
# ## 4 · A fence instead of a price
#
# ### Idea
# A price is paid by all, the modest too. Sometimes you only want that nobody goes too far: with a large learning rate
# and dropout some units' weights run away. Draw a line, and leave those within it in peace.

# %% [markdown]
# ### Equation
#
# After each step, for the vector $v$ of the incoming weights of every unit
# ([Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), section 5.1; lecture 004):
#
# $$v \leftarrow \frac{c}{\|v\|_2}\, v \quad \text{if } \|v\|_2 > c$$
#
# - $c$ (`c`): the longest length allowed; the direction stays;
# - `axis`: the axis that is summed over for the length. For weights (in, out) it is 0.


# %% exercise="max_norm" extra=2
def max_norm(w, c, axis):
    """Return the weights, with no vector along an axis longer than c.

    A vector with a Euclidean norm above c is scaled to norm c exactly,
    the others stay, zeros too. Srivastava et al. (2014), section 5.1;
    lecture 004. torch.renorm names the axis that is *kept* and divides
    by the norm + 1e-7.

    Parameters
    ----------
    w : ndarray of any shape with that axis
    c : float, positive
    axis : int, the axis that the norm sums over; may be negative

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    """
    ### BEGIN SOLUTION
    norms = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w * (c / np.maximum(norms, c))
    ### END SOLUTION


# %% check="max_norm" points=4
check("max_norm", max_norm, points=4)

# %% [markdown]
# ### Picture
# Left your fence, right one strong step of decay. Predict first: which vectors does each of them change?

# %% demo="penalties_fence"
plots.penalties_fence(max_norm)

# %% [markdown]
# ### Picture: with dropout
# The paper's reason for the fence: with it, dropout can be trained at larger rates. Here on 200 digits, with dropout
# 0.5. Predict first: at which rate does the fence begin to matter?

# %% demo="penalties_fence_rates"
plots.penalties_fence_rates(max_norm)

# %% [markdown]
# ### Question
# Would you use the larger rate?
#
# <details><summary>Answer</summary>
#
# At 0.3 the fence at 2 keeps what the run without one loses: about 90 % against 88 %. At 1 only the tight one
# survives, with about 70 % where the others are at 10 to 25 %. So the paper's mechanism shows.
#
# Its use does not, here: the best of all is about 90 % with a rate of 0.1 or 0.3, fence or none, and the tight fence
# costs 2 to 4 points where all goes well. It is insurance for steps that are too large.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# `dim` is the axis that is *kept*: 1 where `max_norm` has 0.
#
# ```python
# import torch
#
# w = np.array([[1.0, -2.0], [0.5, 0.0]])
# theirs = torch.renorm(torch.tensor(w), p=2, dim=1, maxnorm=1.5)
# theirs, max_norm(w, 1.5, 0)
# ```
#
# </details>

# %% [markdown]
# ## 5 · Decay
#
# ### Idea
# A penalty goes through the gradient, and what an optimizer does to gradients (velocities, denominators) it does to
# the penalty too. Or take the weights out of that game: let them fade by themselves.

# %% [markdown]
# ### Equation
#
# $$w \leftarrow w - \mathrm{lr}\; \mathrm{weight\_decay}\; w - \mathrm{lr}\; g$$
#
# - weight\_decay: *decoupled* decay (Loshchilov and Hutter 2019, and 03's `adamw`), times `lr` as PyTorch has it;
#   both terms come from the same $w$.
#
# For plain SGD that is a penalty in disguise. Of which $\lambda$? Set it equal to a step on loss $+ \lambda \sum w^2$
# and solve: that is the second exercise.


# %% exercise="decayed_sgd" core=1
def decayed_sgd(w, grad, state, *, lr, weight_decay):
    """Return w after a step of SGD with decoupled weight decay.

    w - lr * weight_decay * w - lr * grad, both from the w that is
    given. Loshchilov and Hutter (2019), with lr on the decay as in
    torch.optim (their equation has none); lecture 003.

    Parameters
    ----------
    w, grad : ndarray of the same shape, any
    state : dict, {} before the first step; nothing has to be kept
    lr : float, positive
    weight_decay : float, not negative

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    state : dict
    """
    ### BEGIN SOLUTION
    return w - lr * weight_decay * w - lr * grad, state
    ### END SOLUTION


# %% check="decayed_sgd" points=3
check("decayed_sgd", decayed_sgd, points=3)


# %% exercise="equivalent_l2" core=1
def equivalent_l2(weight_decay, lr):
    """Return the lam of l2_penalty that equals a decay, for plain SGD.

    Plain SGD on loss + lam * sum of w^2, at this lr, takes the steps of
    decayed_sgd with this weight_decay.

    Parameters
    ----------
    weight_decay : float, not negative
    lr : float, positive

    Returns
    -------
    lam : float
    """
    ### BEGIN SOLUTION
    return weight_decay / 2
    ### END SOLUTION


# %% check="equivalent_l2" points=2
check("equivalent_l2", equivalent_l2, points=2)

# %% [markdown]
# ### Picture
# Logistic regression, three optimizers. Each runs twice: on the loss with your penalty at `equivalent_l2`, and on the
# bare loss with decay. Left: how far the two drift apart. Right: how long the weights are. Predict first: for which
# optimizers is it the same?

# %% demo="penalties_decay"
plots.penalties_decay(
    decayed_sgd,
    l2_penalty,
    equivalent_l2,
    adam,
    seed=SEED,
)

# %% [markdown]
# ### Question
# With momentum, which of the two is the stronger, and by what factor? And with Adam: what does it make of the
# gradient of a penalty?
#
# <details><summary>Answer</summary>
#
# SGD: equal to the last digit. With momentum the penalty is collected in the velocity, which adds up to $1/(1 - 0.9)
# = 10$ times each gradient; the decay acts once. So the thick line falls to 1.3 where the thin one stays at 3.0.
#
# Adam divides the penalty's gradient by $\sqrt{\hat v}$ along with everything else. Here gradients are small, so that
# makes the penalty much *stronger* (1.3 against 5.6), and different for every weight. That is why `adamw` exists.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# Without momentum its L2 term is the same step.
#
# ```python
# import torch
#
# w, g = np.array([1.0, -2.0]), np.array([0.3, 0.1])
# t = torch.tensor(w, requires_grad=True)
# t.grad = torch.tensor(g)
# torch.optim.SGD([t], lr=0.1, weight_decay=0.4).step()
# t, decayed_sgd(w, g, {}, lr=0.1, weight_decay=0.4)[0]
# ```
#
# </details>

# %% [markdown]
# ## 6 · Doubt
#
# ### Idea
# A label says "this is a 3, with certainty 1". A softmax reaches 1 only with infinite scores, so a network that has
# everything right still goes on growing. Ask for less: for a little doubt.

# %% [markdown]
# ### Equation
#
# $$t = (1 - \varepsilon)\, \text{one-hot}(y) + \frac{\varepsilon}{K}$$
# $$\mathrm{loss} = -\frac1N \sum_n \sum_k t_{nk} \log p_{nk}
# \qquad \frac{\partial\, \mathrm{loss}}{\partial\, \mathrm{scores}} = \frac{p - t}{N}$$
#
# - $\varepsilon$ (`eps`): what is taken from the label and shared by *all* $K$ classes, the true one too (Szegedy et
#   al. 2016, PyTorch);
# - $p$: softmax of the scores, each row by itself.
#
# Lecture 002 gives the label $\alpha$ and the rest $1 - \alpha$: $\alpha = 1 - \varepsilon + \varepsilon/K$.


# %% exercise="smooth_labels" core=1
def smooth_labels(y, classes, eps):
    """Return targets that leave a little to every class.

    (1 - eps) one-hot + eps / classes: the true class has 1 - eps +
    eps / classes, and rows sum to 1. Szegedy et al. (2016), section 7;
    torch's cross_entropy(label_smoothing=eps) mixes the same way.

    Parameters
    ----------
    y : ndarray of integers, shape (N,); labels from 0
    classes : int, K; not every class need occur in y
    eps : float in [0, 1]

    Returns
    -------
    targets : ndarray of float64, shape (N, classes)
    """
    ### BEGIN SOLUTION
    return (1 - eps) * np.eye(classes)[y] + eps / classes
    ### END SOLUTION


# %% check="smooth_labels" points=3
check("smooth_labels", smooth_labels, points=3)


# %% exercise="label_smoothing_loss" core=2
def label_smoothing_loss(scores, y, eps):
    """Return cross-entropy against smoothed labels, and its gradient.

    loss = - mean over N of sum over k of target_k log softmax_k, with
    the targets of smooth_labels; dscores = (softmax - target) / N.
    F.cross_entropy(scores, y, label_smoothing=eps). Scores may be large,
    and rows far apart: both stay finite.

    Parameters
    ----------
    scores : ndarray of shape (N, K)
    y : ndarray of integers, shape (N,)
    eps : float in [0, 1]; 0 is the loss of hard labels

    Returns
    -------
    loss : float
    dscores : ndarray of shape (N, K), dtype of scores
    """
    ### BEGIN SOLUTION
    n, classes = scores.shape
    targets = smooth_labels(y, classes, eps).astype(scores.dtype)
    shifted = scores - scores.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    log_p = shifted - np.log(total)
    return -(targets * log_p).sum() / n, (np.exp(log_p) - targets) / n
    ### END SOLUTION


# %% check="label_smoothing_loss" points=5
check("label_smoothing_loss", label_smoothing_loss, points=5)

# %% [markdown]
# ### Picture
# A network on 400 digits, trained with your loss. Left: how sure it is of test images, right and wrong answers apart.
# Middle: by how much the label's score leads. Right: the loss on the *hard* test labels. Predict first: at
# $\varepsilon = 0.1$, how large a lead is asked for?

# %% demo="penalties_smoothing"
widgets.smoothing_explorer(smooth_labels, label_smoothing_loss)

# %% [markdown]
# ### Question
# Compare $\varepsilon = 0$ and 0.1: accuracy, wrong answers given with over 90 % certainty, test loss. Is the network
# better?
#
# <details><summary>Answer</summary>
#
# The lead tends to $\log\frac{1 - \varepsilon + \varepsilon/K}{\varepsilon/K} = \log 91 = 4.5$, where the targets are
# met exactly; with hard labels it is about 15 and grows as long as you train. Of the 14 answers that are wrong at
# $\varepsilon = 0$, four have more than 90 %; at 0.1 none has.
#
# Accuracy: 96.1 and 96.4 %, one image of 359. The loss on hard labels is *worse*, 0.30 against 0.18, since right
# answers are held back too: it is 81 % sure on average, and 96 % of its answers are right. It is not better informed,
# only less sure. What that is good for you see at the end, where labels are wrong.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# scores, y = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 3.0]]), np.array([0, 1])
# theirs = torch.nn.functional.cross_entropy(
#     torch.tensor(scores), torch.tensor(y), label_smoothing=0.1
# )
# theirs, label_smoothing_loss(scores, y, 0.1)[0]
# ```
#
# </details>

# %% [markdown]
# ## 7 · When to stop
#
# ### Idea
# The training loss falls for ever, the validation loss falls and then rises. So stop at its lowest point. But the
# curve is noisy, and you cannot see the future: every rise could be the end, or only noise.

# %% [markdown]
# ### Procedure
#
# Epoch by epoch, with *best* starting at infinity ([Prechelt 1998](https://doi.org/10.1007/3-540-49430-8_3); Goodfellow et
# al. 2016, algorithm 7.1):
#
# 1. where loss $<$ best $-$ min\_delta, strictly, the epoch is better: remember loss and epoch;
# 2. where `epoch - best_epoch >= patience`, stop.
#
# - `patience`: so many epochs without a better one end it; `min_delta`: less than that is no gain.
#
# *best* is the last loss that was *accepted*, not the smallest seen. nan and infinity are not better, and cost
# patience (as in Keras).


# %% exercise="early_stopping" core=2
def early_stopping(val_losses, *, patience, min_delta=0.0):
    """Return the epoch to stop at, and the epoch whose weights to keep.

    best is infinite at first. Epoch e is better if its loss is below
    best - min_delta, strictly; then best is that loss. stop_epoch is
    the first e with e - best_epoch >= patience, else the last epoch;
    what comes after the stop does not count. Prechelt (1998); Keras
    reads patience the same way. nan is not better.

    Parameters
    ----------
    val_losses : list or ndarray, not empty; the first one is finite
    patience : int, at least 1
    min_delta : float, not negative

    Returns
    -------
    stop_epoch, best_epoch : int, counted from 0
    """
    ### BEGIN SOLUTION
    best, best_epoch = np.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch
    ### END SOLUTION


# %% check="early_stopping" points=5
check("early_stopping", early_stopping, points=5)

# %% [markdown]
# ### Picture
# Left: one noisy curve, your stop and your best. Right, over 100 such curves: how often a better epoch came within
# the next 50, and how many epochs were run. **First** predict the patience at which a better epoch is missed in one
# curve of ten. **Then** see what `min_delta` adds.

# %% demo="penalties_patience"
widgets.patience_explorer(early_stopping)

# %% [markdown]
# ### Question
# Is `min_delta` a remedy against noise? And what does patience cost?
#
# <details><summary>Answer</summary>
#
# With a patience of 5, 90 of 100 curves still had a better epoch to come; with 20 it is 14, with 30 only 3. The
# price: 36, 70 and 83 epochs.
#
# No: `min_delta` makes it stop *earlier*. At 0.03, the size of the noise, a patience of 20 misses 52 of 100. It saves
# time where the curve is flat; against noise, patience helps, or a larger validation set.
#
# </details>

# %% [markdown]
# ### Picture: and then with all images
# 150 digits to train and 50 to validate, a tenth of the labels wrong. Lecture 004: when the number of epochs is
# known, train anew on *all* 200, for best_epoch + 1 epochs. Predict first: which step wins more, stopping, or the 50
# images?

# %% demo="penalties_retrain"
plots.penalties_retrain(early_stopping)

# %% [markdown]
# ### Question
# What do you no longer know about the network that was trained anew?
#
# <details><summary>Answer</summary>
#
# Stopping wins about 6 points of test error (24 to 18 %), the 50 images about 2 more, on 5 of 6 seeds.
#
# When it should have stopped: no image is left to look at. It is a bet that the same number of passes fits, though a
# pass now has a third more steps.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# There is no early stopping in it, but a schedule that watches a loss the same way.
#
# ```python
# import torch
#
# losses = [3.0, 2.0, 2.5, 1.5, 1.5, 1.75]
# optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
# watch = torch.optim.lr_scheduler.ReduceLROnPlateau(
#     optimizer, threshold=0.0, threshold_mode="abs"
# )
# for loss in losses:
#     watch.step(loss)
# watch.best, losses[early_stopping(losses, patience=10)[1]]
# ```
#
# </details>

# %% [markdown]
# ## 8 · Stopping is a penalty
#
# ### Idea
# A walk that is stopped early has not come far from where it began: from 0, so its weights are small. Small weights
# are what L2 buys. Is that the same thing? For a quadratic one can compute it.

# %% [markdown]
# ### Equation
#
# On $\tfrac12 (w - w^*)^\top H (w - w^*)$, from $w = 0$, along each axis of $H$ by itself, with curvature $h$
# (Goodfellow et al. 2016, section 7.8). Each step of descent shrinks the rest of the way by $1 - \mathrm{lr}\, h$:
#
# $$\text{reached: } 1 - (1 - \mathrm{lr}\, h)^{\mathrm{steps}} \qquad\qquad
# \text{left by } \tfrac{\lambda}{2} |w|^2:\;\; \frac{h}{h + \lambda}$$
#
# - both are shares of $w^*$; steep axes come far, flat ones do not;
# - $\lambda$ (`lam`) here is the *textbook's*: twice that of your `l2_penalty`.


# %% exercise="gd_shrinkage" core=1
def gd_shrinkage(eigenvalues, lr, steps):
    """Return which share of the way descent has made along each axis.

    1 - (1 - lr h)^steps for descent from 0 on a quadratic with its
    minimum at w*, h an eigenvalue of its Hessian. Above lr h = 1 it
    overshoots, and the share passes 1. Goodfellow et al. (2016),
    section 7.8; lecture 004.

    Parameters
    ----------
    eigenvalues : ndarray of shape (D,); curvatures, not negative
    lr : float, positive, lr * h < 2
    steps : int, not negative

    Returns
    -------
    shares : ndarray of shape (D,), dtype of eigenvalues
    """
    ### BEGIN SOLUTION
    return 1 - (1 - lr * eigenvalues) ** steps
    ### END SOLUTION


# %% check="gd_shrinkage" points=3
check("gd_shrinkage", gd_shrinkage, points=3)


# %% exercise="ridge_shrinkage" core=1
def ridge_shrinkage(eigenvalues, lam):
    """Return which share of w* an L2 penalty leaves along each axis.

    h / (h + lam), where (w - w*) H (w - w*) / 2 + lam |w|^2 / 2 is
    lowest: the textbook's lam, twice that of l2_penalty. Goodfellow et
    al. (2016), equation 7.13; lecture 004.

    Parameters
    ----------
    eigenvalues : ndarray of shape (D,); curvatures, not negative
    lam : float, positive

    Returns
    -------
    shares : ndarray of shape (D,), dtype of eigenvalues
    """
    ### BEGIN SOLUTION
    return eigenvalues / (eigenvalues + lam)
    ### END SOLUTION


# %% check="ridge_shrinkage" points=2
check("ridge_shrinkage", ridge_shrinkage, points=2)

# %% [markdown]
# ### Equation: which penalty?
#
# Set the two equal and solve for $\lambda$, with $q = (1 - \mathrm{lr}\, h)^{\mathrm{steps}}$:
#
# $$\frac{h}{h + \lambda} = 1 - q \quad\Longrightarrow\quad \lambda = \frac{h\, q}{1 - q}$$
#
# For a flat axis, $h \to 0$, $q \approx 1 - \mathrm{lr}\, h\, \mathrm{steps}$, and $\lambda \to 1 / (\mathrm{lr}
# \cdot \mathrm{steps})$: the rule that lecture 004 and the book quote for all.


# %% exercise="matching_lam" extra=2
def matching_lam(eigenvalues, lr, steps):
    """Return, for each axis, the lam that shrinks as stopping does.

    ridge_shrinkage(h, lam) = gd_shrinkage(h, lr, steps): lam =
    h q / (1 - q) with q = (1 - lr h)^steps, and its limit
    1 / (lr * steps) at h = 0. Goodfellow et al. (2016), equation 7.45,
    has that limit for all; lecture 004.

    Parameters
    ----------
    eigenvalues : ndarray of shape (D,); curvatures, not negative
    lr : float, positive, lr * h < 1
    steps : int, at least 1

    Returns
    -------
    lam : ndarray of shape (D,), finite everywhere
    """
    ### BEGIN SOLUTION
    q = (1 - lr * eigenvalues) ** steps
    rest = np.where(eigenvalues > 0, 1 - q, 1)
    lam = eigenvalues * q / rest
    return np.where(eigenvalues > 0, lam, 1 / (lr * steps))
    ### END SOLUTION


# %% check="matching_lam" points=4
check("matching_lam", matching_lam, points=4)

# %% [markdown]
# ### Picture
# Left: both shares over the curvature, ridge with one $\lambda = 1/(\mathrm{lr} \cdot \mathrm{steps})$ for all, and
# with your own for each. Right: both walks in a plane. Predict first: is stopping the milder or the harsher of the
# two, and for which axes?

# %% demo="penalties_stopping"
widgets.stopping_explorer(gd_shrinkage, ridge_shrinkage, matching_lam)

# %% [markdown]
# ### Question
# "Early stopping is equivalent to L2", says lecture 004. With *one* $\lambda$?
#
# <details><summary>Answer</summary>
#
# No. After 10 steps of 0.1 both agree for flat axes ($h = 0.01$: 1.0 % and 1.0 %), but the steep ones have arrived:
# at $h = 4$ descent has 99 %, ridge with $\lambda = 1$ 80 %. For the two to be equal each axis needs a $\lambda$ of
# its own, 0.024 for $h = 4$ and 0.79 for $h = 0.4$ (the crosses). Stopping spares what the data know well even more
# than L2 does: the same idea, another curve.
#
# And only for a quadratic, from 0, with plain descent.
#
# </details>

# %% [markdown]
# ### Question (graded)
# Lecture 000 knows three ways to regularise: constraints, noise that is averaged out at test, prior knowledge.
# **Where do L2, max-norm, early stopping and smoothed labels belong, and where does the answer depend on how you
# look?** Use the formulas of this section for one of them. Which is chosen by validation images, and why never by
# training images? Four to six sentences.

# %% [markdown] answer="three_ways" points=4
# ### BEGIN SOLUTION
# Max-norm is a constraint in the plain sense: a set of weights is forbidden, the others are free. L2 is a soft
# constraint: minimising loss + lam |w|^2 gives the minimum of the loss inside some ball. It is prior knowledge too:
# lam |w|^2 is minus the logarithm of a Gaussian around 0, so it says "weights are probably small".
#
# Early stopping constrains how far the weights can get from the start, at most about lr times steps times the slope.
# For a quadratic it is L2 with a lam for each axis: h q / (1 - q), about 1 / (lr steps) for flat ones. Because the
# walk begins at 0, it says the same thing about the weights in advance.
#
# Smoothed labels are knowledge about the labels (some are wrong or doubtful), and act as a constraint, since the
# scores' lead is bounded. They equal the average over labels that are replaced at random with probability eps, so
# they are noise that is already averaged out.
#
# All have one number (lam, c, steps, eps) that is chosen on validation images. The training loss is lowest with no
# constraint at all, so training images would always choose the weakest.
# ### END SOLUTION

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# Descent itself.
#
# ```python
# import torch
#
# h = torch.tensor([0.1, 1.0, 4.0], dtype=torch.float64)
# w = torch.zeros_like(h)
# for _ in range(10):
#     w = w - 0.1 * h * (w - 1)
# w, gd_shrinkage(h.numpy(), 0.1, 10)
# ```
#
# </details>

# %% [markdown]
# ## 9 · More than one task
#
# ### Idea
# 100 labelled digits say little about what a hidden layer should look for. But there are other questions about the
# same images, sometimes with cheaper answers. A trunk that serves two tasks cannot learn the first one by heart so
# easily.

# %% [markdown]
# ### Equation
#
# $$g = \sum_k \mathrm{weights}_k\; g_k$$
#
# - $g_k$: the gradient of task $k$'s loss in the shared weights; the weights count as they are, and need not add up
#   to 1. A negative one makes the trunk *forget* a task (gradient reversal).
#
# With two heads on one trunk ([Caruana 1997](https://doi.org/10.1023/A:1007379606734); lecture 002's auxiliary tasks),
# $h = \mathrm{relu}(x W_1 + b_1)$:
#
# $$\mathrm{loss} = \mathrm{CE}(h W_a + b_a,\; y) + \mathrm{weight}\; \frac1N \sum_n \sum_j (h W_b + b_b - z)_{nj}^2$$


# %% exercise="multitask_gradient" extra=1
def multitask_gradient(grads, weights):
    """Return what shared weights hear of several tasks.

    sum over k of weights[k] * grads[k], the gradient of the weighted
    sum of the losses; not normalised. Caruana (1997); lecture 002.

    Parameters
    ----------
    grads : list of ndarray of one shape, a task each
    weights : list of float, of either sign

    Returns
    -------
    grad : new ndarray, shape and dtype of each of grads
    """
    ### BEGIN SOLUTION
    return sum(w * g for w, g in zip(weights, grads, strict=True))
    ### END SOLUTION


# %% check="multitask_gradient" points=2
check("multitask_gradient", multitask_gradient, points=2)


# %% exercise="two_head_loss" extra=3
def two_head_loss(params, x, y, z, weight):
    """Return the loss of a network with two heads, and its gradients.

    h = relu(x W1 + b1). loss = softmax cross-entropy of h Wa + ba
    against y (mean over N) + weight * mean over N of sum over j of
    (h Wb + bb - z)^2. Caruana (1997); lecture 002's auxiliary tasks.

    Parameters
    ----------
    params : dict; W1 (D, H), b1 (H,), Wa (H, C), ba (C,), Wb (H, K),
        bb (K,)
    x : ndarray of shape (N, D)
    y : ndarray of integers, shape (N,); the main task
    z : ndarray of shape (N, K); the second task
    weight : float; of the second task

    Returns
    -------
    loss : float
    grads : dict, keys and shapes of params
    """
    ### BEGIN SOLUTION
    pre = x @ params["W1"] + params["b1"]
    h = np.maximum(pre, 0)
    loss, da = softmax_cross_entropy(h @ params["Wa"] + params["ba"], y)
    error = h @ params["Wb"] + params["bb"] - z
    loss += weight * (error**2).sum() / len(x)
    db = weight * 2 * error / len(x)
    dpre = (da @ params["Wa"].T + db @ params["Wb"].T) * (pre > 0)
    grads = {"W1": x.T @ dpre, "b1": dpre.sum(axis=0)}
    grads |= {"Wa": h.T @ da, "ba": da.sum(axis=0)}
    grads |= {"Wb": h.T @ db, "bb": db.sum(axis=0)}
    return loss, grads
    ### END SOLUTION


# %% check="two_head_loss" points=6
check("two_head_loss", two_head_loss, points=6)

# %% [markdown]
# ### Picture
# 100 digits with labels. The second task: has it a loop, and is it at least 5? Once on the same 100 images. Once on
# the 979 others, whose digit nobody tells: there the two gradients meet in your `multitask_gradient`. Predict first:
# in which case does the trunk learn something new?

# %% demo="penalties_two_heads"
plots.penalties_two_heads(multitask_gradient, two_head_loss)

# %% [markdown]
# ### Question
# Why does the same task help so differently?
#
# <details><summary>Answer</summary>
#
# On the same images the answers of the second task follow from the labels: nothing new is said, and the gain, 0.8 ±
# 1.0 points, cannot be told from nothing. On other images it is 2.9 ± 1.3 points: each says something about shapes
# that the 100 did not show. The second task is a way to use data that the first one cannot use. (Both are small
# against the 3 points by which seeds differ, hence the comparison seed by seed.)
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# The gradient of a weighted sum of losses.
#
# ```python
# import torch
#
# w = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
# (2.0 * (w**2).sum() - 0.5 * w.sum()).backward()
# ours = [2 * np.array([1.0, 2.0]), np.ones(2)]
# w.grad, multitask_gradient(ours, [2.0, -0.5])
# ```
#
# </details>

# %% [markdown]
# ## 10 · A push in the worst direction
#
# ### Idea
# Random noise of ±0.1 on every pixel hardly bothers a network. Now push every pixel by 0.1 in the direction that
# hurts: about 4 of 10 digits turn wrong, and you still read all of them.

# %% [markdown]
# ### Equation
#
# The slope of the loss in the *pixels* says where that is (Goodfellow, Shlens and Szegedy 2015; clipped:
# [Kurakin et al. 2017](https://arxiv.org/abs/1607.02533)):
#
# $$\mathrm{fgsm}(x) = \mathrm{clip}\big(x + \varepsilon\, \mathrm{sign}(\nabla_x J),\; 0,\; 1\big)$$
#
# and a loss that fears it is a regulariser (section 6 of that paper; lecture 004):
#
# $$\alpha\, J(x) + (1 - \alpha)\, J\big(\mathrm{fgsm}(x)\big)$$
#
# - $J$: the loss, with the gradient $\nabla_x J$ *at $x$*; $\varepsilon$ (`eps`): how far each pixel may go;
# - $\alpha$ (`alpha`): the share of the clean image.


# %% exercise="fgsm" core=1
def fgsm(x, grad_x, eps):
    """Return the image that is a little worse in every pixel.

    clip(x + eps sign(grad_x), 0, 1); pixels without a slope stay. The
    fast gradient sign method, Goodfellow, Shlens and Szegedy (2015),
    section 4; clipped as in Kurakin et al. (2017).

    Parameters
    ----------
    x : ndarray of any shape, in [0, 1]
    grad_x : ndarray of that shape; gradient of the loss in x
    eps : float, not negative

    Returns
    -------
    x : new ndarray, shape and dtype of x, in [0, 1]
    """
    ### BEGIN SOLUTION
    return np.clip(x + eps * np.sign(grad_x), 0, 1)
    ### END SOLUTION


# %% check="fgsm" points=3
check("fgsm", fgsm, points=3)


# %% exercise="adversarial_loss" core=2
def adversarial_loss(loss_and_grad, x, eps, *, alpha=0.5):
    """Return the loss, mixed with the loss of the attacked image.

    alpha J(x) + (1 - alpha) J(fgsm(x, grad J(x), eps)). Goodfellow,
    Shlens and Szegedy (2015), section 6; lecture 004.

    Parameters
    ----------
    loss_and_grad : function; loss_and_grad(x) -> (loss, gradient in x)
    x : ndarray of any shape, in [0, 1]
    eps : float, not negative
    alpha : float in [0, 1]; share of the clean image

    Returns
    -------
    loss : float
    """
    ### BEGIN SOLUTION
    clean, grad_x = loss_and_grad(x)
    attacked, _ = loss_and_grad(fgsm(x, grad_x, eps))
    return alpha * clean + (1 - alpha) * attacked
    ### END SOLUTION


# %% check="adversarial_loss" points=4
check("adversarial_loss", adversarial_loss, points=4)

# %% [markdown]
# ### Picture
# A digit, your push, and what the network says to both. Right: three networks under attack, trained on images, on
# images with random ±0.1, and with your `adversarial_loss`. **First** predict how much random pushes protect.
# **Then** find the smallest `eps` that turns the 3.

# %% demo="penalties_adversarial"
widgets.adversarial_explorer(fgsm, adversarial_loss)

# %% [markdown]
# ### Question
# Why is noise of the same size no protection?
#
# <details><summary>Answer</summary>
#
# The 3 turns into a 7 at 0.05. At 0.1 the plain network keeps 56 %, the one trained with noise 60 %, yours 74 %; on
# clean images all three have 95 to 96 %.
#
# 64 pixels, each moved by $\varepsilon$: in a direction drawn at random the slopes cancel, and the loss moves like
# $\varepsilon \sqrt{64}$ times a typical slope. In the direction of the signs all add up: $\varepsilon \cdot 64$
# times. In a space of many dimensions, random is never the worst.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x, g = np.array([0.0, 0.95, 0.5]), np.array([-1.0, 1e-9, 0.0])
# theirs = torch.clamp(torch.tensor(x) + 0.1 * torch.tensor(g).sign(), 0, 1)
# theirs, fgsm(x, g, 0.1)
# ```
#
# </details>

# %% [markdown]
# ## 11 · Fewer weights
#
# ### Idea
# After training, most weights are small. Do they do anything? Take them away and see (Han et al. 2015). That is not
# to prevent overfitting but to make networks small; the price that you paid in section 3 turns out to have prepared
# it.

# %% [markdown]
# ### Equation
#
# $$w_i \leftarrow 0 \quad\text{for the } \mathrm{int}(\mathrm{sparsity} \cdot n)
# \text{ entries with the smallest } |w_i|$$
#
# - $n$: the number of all entries; the ranking is over the whole array, not row by row;
# - sparsity (`sparsity`): the share that becomes 0. Zeros that are there already count.


# %% exercise="magnitude_prune" extra=2
def magnitude_prune(w, sparsity):
    """Return the weights without the smallest ones.

    The int(sparsity * w.size) entries that are smallest in size, over
    the whole array, become 0. Han et al. (2015); lecture 004.
    torch.nn.utils.prune.l1_unstructured with that int as its amount.

    Parameters
    ----------
    w : ndarray of any shape
    sparsity : float in [0, 1]; share of the entries that become 0

    Returns
    -------
    w : new ndarray, shape and dtype of the old one
    """
    ### BEGIN SOLUTION
    flat = w.copy().ravel()
    order = np.argsort(np.abs(flat))
    flat[order[: int(sparsity * w.size)]] = 0
    return flat.reshape(w.shape)
    ### END SOLUTION


# %% check="magnitude_prune" points=4
check("magnitude_prune", magnitude_prune, points=4)

# %% [markdown]
# ### Picture
# Networks trained with your soft threshold, with your L2, and not at all, pruned by you. Left: the first layer's
# weights and the cut. Middle: what 12 units still see. Right: accuracy at once (thin), and after 50 more steps with
# the pruned weights held at 0 (thick). Predict first: how many can go?

# %% demo="penalties_pruning"
widgets.pruning_explorer(magnitude_prune, soft_threshold, l2_penalty)

# %% [markdown]
# ### Question
# Where do L1 and L2 part? What do the 50 steps show about the network that was never trained?
#
# <details><summary>Answer</summary>
#
# With L1, 63 % of the first layer are 0 before anybody cuts, and 90 % can go at once for two points of accuracy (96
# to 94 %); with L2 the same cut leaves 76 %. 50 steps more repair most of it: about 93 % for both.
#
# 50 steps alone bring the untrained network to 90 %, and to 61 % when 90 % of its weights are gone: the *largest* of
# random weights are no good choice. What training leaves large is.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# `amount` may be a number of weights, or a share, which is rounded.
#
# ```python
# import torch
# from torch.nn.utils import prune
#
# layer = torch.nn.Linear(6, 4)
# w = layer.weight.detach().numpy().copy()
# prune.l1_unstructured(layer, "weight", amount=12)
# layer.weight, magnitude_prune(w, 0.5)
# ```
#
# </details>

# %% [markdown]
# ## 12 · The network again
#
# ### Idea
# Lecture 002 has one more line: *more data, smaller model*. Both close the gap between training and test. So does a
# price. Is that the same?
#
# ### Picture
# Networks of three sizes on 50, 200 and 1,000 digits, and the largest with your L2. Predict first: which has the
# smallest gap on 50 images? And which the best test accuracy?

# %% demo="penalties_more_data"
plots.penalties_more_data(l2_penalty)

# %% [markdown]
# ### Question
# Which half of the lecture's line do you see?
#
# <details><summary>Answer</summary>
#
# More data: the gap falls from about 19 to 4 points, and accuracy rises from 81 to 95 %. Nothing else in this
# notebook does as much.
#
# Smaller model: the other way round. 10 units have the *largest* gap (24 points on 50 images) and the worst accuracy
# everywhere. With gradient descent and clean labels, large networks do not overfit as counting weights would have it.
# So here the lecture's other line holds: size is not the regulariser.
#
# </details>

# %% [markdown]
# ### Picture: everything you wrote
# 200 digits, 20 of the labels wrong. The same network, first weights and batches, alone and with each of your
# regularisers. Strengths are chosen on validation images, verdicts come from test images, seed by seed. Predict
# first: who wins?
#
# (`long=True` takes ten seeds and up to five strengths, about a minute.)

# %% demo="penalties_digits_wrong_labels"
plots.penalties_digits(
    l2_penalty,
    l1_penalty,
    soft_threshold,
    max_norm,
    label_smoothing_loss,
    early_stopping,
    adversarial_loss,
    wrong=20,
)

# %% [markdown]
# The same with all labels right. How much of it do you expect to see again?

# %% demo="penalties_digits"
plots.penalties_digits(
    l2_penalty,
    l1_penalty,
    soft_threshold,
    max_norm,
    label_smoothing_loss,
    early_stopping,
    adversarial_loss,
)

# %% [markdown]
# ### Question
# What would you tell somebody who asks whether regularisation helps?
#
# <details><summary>Answer</summary>
#
# With a tenth of the labels wrong: yes, all of them, on every seed, by 2 to 9 points (from 80 %), and no two exclude
# each other. There is something not to learn.
#
# With clean labels: L2, L1, fence and stopping gain half a point or less, which these seeds cannot tell from nothing.
# Smoothed labels and attacked images gain about 2, on all four seeds: they say something *about the problem*, that a
# label is not certain, that 0.1 in a pixel does not change a digit. That is lecture 000's third way, and
# 11_augmentation has more of it.
#
# Each was given two strengths only, and the attacked images took twice the work. With up to five strengths and ten
# seeds (`long=True`) the gains with wrong labels are 2.0 to 6.7 points, on nine seeds or ten; with clean labels
# smoothed ones gain 1.4 ± 1.0 and attacked images 0.9 ± 1.7 (± standard deviation), the others 0.4 or less.
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | L2 | $\lambda \sum w^2$: lectures | $\tfrac{\lambda}{2}\lvert w \rvert^2$: PyTorch, textbook, section 8 | factor 2 |
# | $\lVert W \rVert_1$, $\lVert W \rVert_2^2$ | over entries: 000 | `np.linalg.norm`: operator norms | for matrices |
# | elastic net | $\beta$ on the square: 000, 003 | no $\beta$: 002; a mixture: scikit-learn | strength |
# | who pays | weights | biases too: 002's $\theta$, PyTorch | little |
# | decoupled decay | times `lr`: PyTorch | not: Loshchilov and Hutter | when `lr` falls |
# | smoothed labels | $\varepsilon/K$ for all | $\alpha$ and $1 - \alpha$: 002 | for small $K$ |
# | nan while stopping | costs patience: Keras | stops at once: PyTorch Lightning | when it diverges |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Section 12's comparison with *two* of your regularisers at once, each strength chosen on validation images: do the
#   gains add up? Start with smoothed labels and L2.
# - `data.cifar10()` gives 60,000 small photographs. Take 1,000 of them, and the same once more with all labels
#   shuffled: there nothing can help on test images, and what seems to is the spread.
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [Goodfellow, Bengio and Courville (2016)](https://www.deeplearningbook.org/contents/regularization.html), chapter 7:
#   sections 1, 7, 8 and 10 as theory.
# - [Loshchilov and Hutter (2019)](https://arxiv.org/abs/1711.05101): why decay is not L2.
# - [Szegedy et al. (2016)](https://arxiv.org/abs/1512.00567), section 7: smoothed labels.
# - [Goodfellow, Shlens and Szegedy (2015)](https://arxiv.org/abs/1412.6572): pushes, and why they work.
# - [Han et al. (2015)](https://arxiv.org/abs/1506.02626): pruning and training on.
# - [CS231n, regularization](https://cs231n.github.io/neural-networks-2/#reg) and
#   [d2l, weight decay](https://d2l.ai/chapter_linear-regression/weight-decay.html).
# - PyTorch: [`weight_decay` of `SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html),
#   [`label_smoothing`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html),
#   [pruning](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.prune.l1_unstructured.html).
#
# </details>
#
# **Next:** 10_dropout takes the second way: noise.
