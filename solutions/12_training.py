# %% [markdown]
# # 12 · Training: making it work
#
# **The question.** Everything is written and right, and the network does not learn, or not enough. Which number do you
# look at, what do you change, and how do you know that it helped?
#
# **You will be able to**
# - read from a loss, a curve, a gap what is wrong;
# - find a learning rate, search what else is to be chosen, and judge the choice on samples it was not made on;
# - get more out of a run: clipping, averages of weights, several models, features that others have learnt.
#
# **You need** 01_backprop and 02_sgd; section 10 is better with 09_penalties.
#
# **Left out:** training on several machines, half precision, searches that learn from their trials.
#
# **Time:** about 185 minutes.
#
# **Core path:** sections 1 to 8 and 10, without the exercises marked *optional*: about 135 minutes.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · Before the first step
#
# ### Idea
# The first number that a training prints is known before it is printed. A network that has learnt nothing holds all
# classes to be equally likely. If the first loss is another one, something is broken, and no rate will mend it.

# %% [markdown]
# ### Equation
#
# $$\mathrm{loss}_0 = -\ln \frac1K = \ln K$$
#
# - $K$ (`classes`): how many classes there are; $\ln 10 = 2.3026$ is the number in lecture 001's first line;
# - that is softmax with *natural* logarithms. The multi-class hinge loss of the lectures starts at $K - 1$: each wrong
#   class is as near as the right one, and pays the whole margin.


# %% exercise="initial_loss" core=1
def initial_loss(classes):
    """Return softmax cross-entropy where all classes are as likely.

    ln(classes). Lecture 001: 2.3026 for ten classes.

    Parameters
    ----------
    classes : int, at least 2

    Returns
    -------
    loss : float
    """
    ### BEGIN SOLUTION
    return float(np.log(classes))
    ### END SOLUTION


# %% check="initial_loss" points=2
check("initial_loss", initial_loss, points=2)

# %% [markdown]
# ### Picture
# One sound program and six broken ones, before the first step. Predict first: which of them does your number give
# away?

# %% demo="training_first_loss"
plots.training_first_loss(initial_loss)

# %% [markdown]
# ### Question
# Which three bugs go unnoticed, and what would find them?
#
# <details><summary>Answer</summary>
#
# Found: weights that are too large (11.1 on average), pixels that were not scaled (14.0), and a class that nobody has,
# which is nearly missed, 2.40.
#
# Not found: whatever says nothing *in the beginning* all the same, at 2.30. Two of them show when you train on 20
# samples, which a sound network learns by heart. A second softmax cannot get below $-\ln \frac{e}{e + 9} = 1.46$; zeros
# have no slope but in the last biases, so they learn how frequent each class is. Shuffled labels are learnt by heart as
# well: they show on validation samples alone.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# scores, y = torch.zeros(4, 10), torch.tensor([0, 3, 3, 9])
# torch.nn.functional.cross_entropy(scores, y), initial_loss(10)
# ```
#
# </details>

# %% [markdown]
# ## 2 · What curves say
#
# ### Idea
# A run that fails has a way to fail. Six of them can be told apart by four curves, and each asks for another cure.
# The order matters: whoever asks for the gap of a run that is full of nan gets nonsense.

# %% [markdown]
# ### Rules
#
# The first that holds (lectures 001, 003; the limits are this course's):
#
# 1. a training loss that is not finite, anywhere: *not a number*;
# 2. the last training loss is above the first: *rate too high*;
# 3. it has fallen by less than 5 % of the first: *rate too low*;
# 4. the validation accuracy jumps: the standard deviation of its differences from epoch to epoch, in the second half,
#    is above 0.05: *validation set too small*;
# 5. training minus validation accuracy, mean of the last quarter, is above 0.1: *overfitting*;
# 6. else: *underfitting*.
#
# A healthy run is not asked for: of a good one, too, you want to know what would make it better.


# %% exercise="diagnose" core=2
def diagnose(history):
    """Return what is wrong with a training run.

    "not a number", "rate too high", "rate too low", "validation set too
    small", "overfitting" or "underfitting": the first that holds, by
    the rules above. Lectures 001 and 003.

    Parameters
    ----------
    history : dict of ndarray, one entry an epoch: train_loss, val_loss,
        train_accuracy, val_accuracy (from 0 to 1), as in vars() of a
        helpers.training.History

    Returns
    -------
    diagnosis : str
    """
    ### BEGIN SOLUTION
    loss, val = history["train_loss"], history["val_accuracy"]
    if not np.isfinite(loss).all():
        return "not a number"
    if loss[-1] > loss[0]:
        return "rate too high"
    if loss[0] - loss[-1] < 0.05 * loss[0]:
        return "rate too low"
    if np.diff(val[len(val) // 2 :]).std() > 0.05:
        return "validation set too small"
    gap = (history["train_accuracy"] - val)[-(len(val) // 4) :].mean()
    return "overfitting" if gap > 0.1 else "underfitting"
    ### END SOLUTION


# %% check="diagnose" points=6
check("diagnose", diagnose, points=6)

# %% [markdown]
# ### Picture: guess the run
# **First** look and choose a guess; then see your function's verdict and the number it rests on. Six runs, each
# another one. **Then** move `doubt`: when does the verdict tip, and would you have said so?

# %% demo="training_guess"
widgets.guess_explorer(diagnose)

# %% [markdown]
# ### Picture: real runs
# Six runs on the digits, and what was done to them. Predict your function's six answers. One of them will be wrong.

# %% demo="training_runs"
plots.training_runs(diagnose)

# %% [markdown]
# ### Question
# Which verdict is wrong? Which number that you already know would have told?
#
# <details><summary>Answer</summary>
#
# The rate of 30. It has destroyed the network within its first epoch: after that the loss is about 60, and by *falling*
# to 2.31, as the rate does, it passes for learning. All that is left is a small gap, so "underfitting". Your
# `initial_loss` knows better: 2.30 is what a network has that knows nothing. (A rate of 1.5 ends above where it began,
# and is found.)
#
# In lecture 001's printed run, with a rate of 1e-6, the accuracy doubles while the loss falls by 0.007 %. Accuracy
# needs only that the right score is ahead by a hair.
#
# </details>

# %% [markdown]
# ### Picture: two cures
# Lecture 003: *a big gap: regularise more; no gap: a larger model*. Two sick runs on an invented script (that of
# 13_capstone), each with three cures. The numbers are the change on new samples, seed by seed. Predict first: which
# cure wins on each side?

# %% demo="training_cures"
plots.training_cures(diagnose)

# %% [markdown]
# ### Question
# Is the lecture right?
#
# <details><summary>Answer</summary>
#
# Half. No gap: four times the units win 5.4 ± 2.5 points, four times the steps 1.4 ± 1.3, a penalty 0.5 ± 0.7,
# which is nothing. A big gap: the penalty wins 1.2 ± 1.0 points of the 23 that are missing, hardly more than a larger
# model, 0.5 ± 0.8, which ought to have done harm. Eight times the samples win 8.9 ± 1.5.
#
# The gap says that samples are missing. A penalty is what one takes when there are none to be had; 11_augmentation
# makes some.
#
# </details>

# %% [markdown]
# ### Picture: how many samples
# Lecture 002: *more data, a smaller model*. Predict first: with 100 samples, which network is the better one, and
# with 3,200?

# %% demo="training_samples"
plots.training_samples(diagnose)

# %% [markdown]
# ### Question
# Where does the small network help? What does "underfitting" mean at the right end?
#
# <details><summary>Answer</summary>
#
# Nowhere. 72 units are better than 12 with 100 samples, by 7.5 ± 2.4 points on the same samples, and with 400, by 5.0 ±
# 1.5. With 3,200 it is 5.8 ± 7.2: one of the four small networks fails. Size is not what makes the gap here; 09_penalties
# found the same on the digits. More data is the half of the line that holds: from 71 to 87 %.
#
# At the right end the two curves meet: more samples would add little, more units or steps would. Left of that, more
# samples are what helps. The verdict is about what to do next, not about shame.
#
# </details>

# %% [markdown]
# ## 3 · The rate first
#
# ### Idea
# Of all that is to be chosen, the learning rate matters most, for Adam too (lecture 000). Trying one takes a run.
# Unless one run tries them all: begin far too low, raise the rate at every step, and watch where the loss begins to
# fall and where it explodes.

# %% [markdown]
# ### Procedure
#
# For $t = 0, \dots, T - 1$ ([Smith 2017](https://arxiv.org/abs/1506.01186); the geometric growth and the stop are fast.ai's):
#
# $$\mathrm{lr}_t = \mathrm{lr}_{\min} \left(\frac{\mathrm{lr}_{\max}}{\mathrm{lr}_{\min}}\right)^{t / (T - 1)}$$
#
# 1. ask for loss and gradient at $w$, once; record the rate and *this* loss, from before the step;
# 2. stop if the loss is not finite, or above 4 times the least so far: it is the last one recorded;
# 3. take one step of plain SGD with $\mathrm{lr}_t$.


# %% exercise="lr_range_test" core=2
def lr_range_test(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    """Return rates that grow from step to step, and the losses met.

    lr_t = lr_min (lr_max / lr_min)^(t / (steps - 1)), plain SGD;
    losses[t] is the loss before the step with lr_t. Ends after a loss
    that is not finite, or above 4 times the least so far: the last one
    recorded. Smith (2017), whose rate grows linearly.

    Parameters
    ----------
    loss_and_grad : function; loss_and_grad(w) -> (loss, gradient),
        another batch at each call, so call it once a step
    w : ndarray of any shape; stays as it is
    lr_min, lr_max : float, positive
    steps : int, at least 2

    Returns
    -------
    lrs, losses : ndarray of shape (steps,), or shorter
    """
    ### BEGIN SOLUTION
    lrs, losses = [], []
    for t in range(steps):
        lrs.append(lr_min * (lr_max / lr_min) ** (t / (steps - 1)))
        loss, grad = loss_and_grad(w)
        losses.append(loss)
        if not np.isfinite(loss) or loss > 4 * min(losses):
            break
        w = w - lrs[-1] * grad
    return np.array(lrs), np.array(losses)
    ### END SOLUTION


# %% check="lr_range_test" points=5
check("lr_range_test", lr_range_test, points=5)

# %% [markdown]
# ### Picture
# Left your test on the digits, for five first weights; right three epochs at the rate you choose. **First** predict
# from the left side: at which rate does the right side stand still, learn, explode? **Then** try.

# %% demo="training_range"
widgets.range_explorer(lr_range_test)

# %% [markdown]
# ### Question
# A common rule takes a tenth of the rate at which the loss is least (green). Is that the best rate?
#
# <details><summary>Answer</summary>
#
# It is a safe one: 0.08. After three epochs 0.1 has 89.0 ± 1.4 %, 0.3 has 93.2 ± 0.9 % and 1 still 93.1 ± 1.5 %; 0.01
# has 31 %, and 3 has destroyed everything. The loss is least where it is about to explode (0.8): there the rate grew so
# fast that the damage had no time to show. A tenth is a distance from the edge, not an optimum.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# The rates alone.
#
# ```python
# import torch
#
# optimizer = torch.optim.SGD([torch.zeros(1)], lr=1e-3)
# growth = (0.1 / 1e-3) ** (1 / 4)
# scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, growth)
# rates = []
# for _ in range(5):
#     rates.append(optimizer.param_groups[0]["lr"])
#     optimizer.step()
#     scheduler.step()
# flat = lr_range_test(
#     lambda w: (1.0, 0 * w), np.zeros(1), lr_min=1e-3, lr_max=0.1, steps=5
# )
# rates, flat[0]
# ```
#
# </details>

# %% [markdown]
# ## 4 · Where to look
#
# ### Idea
# Between 0.0001 and 1 lie four decades. A rate drawn uniformly from there is above 0.1 nine times out of ten, and
# below 0.001 once in a thousand times. What counts for a rate is the *factor*, so each decade should be as likely.

# %% [markdown]
# ### Equation
#
# $$x = e^{u}, \qquad u \sim U(\ln \mathrm{low},\; \ln \mathrm{high})$$
#
# - low, high (`low`, `high`): the ends, positive; not exponents
#   ([Bergstra and Bengio 2012](https://www.jmlr.org/papers/v13/bergstra12a.html)).
#
# Random *search* draws a point like that for each trial, every parameter by itself, and keeps the best. A trial whose
# value is nan has diverged, and never wins.


# %% exercise="log_uniform" core=1
def log_uniform(low, high, rng, size):
    """Return random numbers that are uniform on the logarithmic scale.

    exp of U(ln low, ln high): between any two of these numbers with the
    same ratio as many fall. Bergstra and Bengio (2012);
    scipy.stats.loguniform.

    Parameters
    ----------
    low, high : float, 0 < low < high
    rng : numpy.random.Generator; the only source of randomness
    size : int or tuple of int

    Returns
    -------
    x : ndarray of float64, of that shape
    """
    ### BEGIN SOLUTION
    return np.exp(rng.uniform(np.log(low), np.log(high), size))
    ### END SOLUTION


# %% check="log_uniform" points=3
check("log_uniform", log_uniform, points=3)

# %% [markdown]
# ### Picture
# 400 of your draws, and 400 uniform ones. Predict first: how many of the uniform ones are below 0.01?

# %% demo="training_draws"
plots.training_draws(log_uniform, seed=SEED)


# %% exercise="random_search" core=2
def random_search(objective, space, trials, rng):
    """Return the best of some random points, and all that were tried.

    For each trial a new dict, each parameter log-uniform between its
    ends and by itself. Less is better; nan never wins; of equally good
    ones the first does. Bergstra and Bengio (2012); lecture 001.

    Parameters
    ----------
    objective : function; objective(params) -> float, called `trials`
        times and no more
    space : dict; name -> (low, high), 0 < low < high
    trials : int, at least 1
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    best : dict; name -> float
    results : list of (params, value), in the order tried
    """
    ### BEGIN SOLUTION
    best, least, results = None, np.inf, []
    for _ in range(trials):
        params = {}
        for name, (low, high) in space.items():
            u = rng.uniform(np.log(low), np.log(high))
            params[name] = float(np.exp(u))
        value = objective(params)
        results.append((params, value))
        if best is None or value < least:
            best = params
            least = np.inf if np.isnan(value) else value
    return best, results
    ### END SOLUTION


# %% check="random_search" points=5
check("random_search", random_search, points=5)

# %% [markdown]
# ### Picture
# Rate by weight decay: white is good, and only one of the two matters. Left a grid of nine, middle your nine, and on
# the edges which values were tried. Right the least error so far, over 100 places of the range. Predict first: by how
# much is random better? **Then** choose 16 trials.
#
# (287 networks were trained once for this; the errors between them are interpolated.)

# %% demo="training_search"
widgets.search_explorer(random_search)

# %% [markdown]
# ### Question
# Why has a grid three rates for nine trials, and how much does that matter?
#
# <details><summary>Answer</summary>
#
# A grid repeats each rate for every weight decay, and here decay hardly matters: six of nine trials are wasted. Random
# search has nine rates.
#
# With nine trials that is less than one hopes: 9.5 against 10.8 % error on average, where single searches differ by
# 5 to 6; 53 of 100 searches end within one point of the best, 38 by the grid. With 16 it is plain: 70 and 36. The
# large loss is another one: the same search with *uniform* draws ends at 43 % error.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# Random numbers agree within a few percent: mean and spread of the logarithms.
#
# ```python
# import torch
#
# ends = torch.tensor([1e-4, 1.0]).log()
# theirs = torch.distributions.Uniform(*ends).sample((40_000,))
# ours = np.log(log_uniform(1e-4, 1.0, np.random.default_rng(0), 40_000))
# (theirs.mean(), theirs.std()), (ours.mean(), ours.std())
# ```
#
# </details>

# %% [markdown]
# ## 5 · How well it does
#
# ### Idea
# You choose by a number that was measured on a few samples. With 20 validation samples, one of them is 5 points. How
# far is such a number off, and how do you get a better one out of the same samples?

# %% [markdown]
# ### Equation
#
# Of $n$ samples each is right with probability $p$. The share that is right has the standard deviation of a binomial
# law over $n$:
#
# $$\sigma = \sqrt{\frac{p\,(1 - p)}{n}}$$
#
# *Cross-validation* (lecture 001) lets every sample validate once: cut a random order into $k$ parts whose sizes
# differ by at most one; each part validates a network that was trained on all the others.

# %% [markdown]
# ### Picture
# One run on the script, scored with $n$ samples; grey: $\pm\sigma$ around what 4,000 say. Predict first: from which
# $n$ does your `diagnose` no longer complain? And does the curve *stay* within the band?

# %% demo="training_validation_size"
widgets.validation_explorer(diagnose)

# %% [markdown]
# ### Question
# Look at the jumps, right: measured on the same samples every epoch, and on others each time. Which one do you see in
# your own runs, and what does it hide?
#
# <details><summary>Answer</summary>
#
# From 50 on, mostly: three of four sets of samples, at 100 too. With other samples every epoch the jumps follow the
# law: 0.14 for 20, 0.06 for 100, a third of it for ten times as many.
#
# With the same samples the curve is calmer: 0.08 for 20. Its error does not jump, it *stays*: of four sets of 20, one is
# 10 points too high on average, and above the truth in nearly every epoch; another is 7 points too low. A calm curve is
# not a true one. And from 500 on it is the network itself that jumps, by 0.02.
#
# </details>


# %% exercise="kfold" core=2
def kfold(n, k, rng):
    """Yield k pairs (train, val): each sample validates exactly once.

    The samples are shuffled; sizes of val differ by at most one; train
    is all the rest. Lecture 001; sklearn.model_selection.KFold with
    shuffle=True. A generator or a list of pairs.

    Parameters
    ----------
    n : int; number of samples
    k : int, 2 <= k <= n
    rng : numpy.random.Generator; the only source of randomness

    Yields
    ------
    train, val : ndarray of int; indices from 0 to n - 1
    """
    ### BEGIN SOLUTION
    folds = np.array_split(rng.permutation(n), k)
    for i, val in enumerate(folds):
        yield np.concatenate(folds[:i] + folds[i + 1 :]), val
    ### END SOLUTION


# %% check="kfold" points=4
check("kfold", kfold, points=4)

# %% [markdown]
# ### Picture
# 200 digits, five folds by your function, and 718 new images that say what was true. Left: how far the estimates are
# off. Right: once the choice is made, train anew on all 200 (lecture 004). Predict first: by what factor are five
# folds better than one split of 40?

# %% demo="training_folds"
plots.training_folds(kfold)

# %% [markdown]
# ### Question
# What do five folds cost, and what is the network on the right worth? Who has measured it?
#
# <details><summary>Answer</summary>
#
# The spread falls from 3.6 to 1.2 points. For 200 samples in place of 40 the law promises $\sqrt 5 = 2.2$; the rest is
# luck of twelve seeds. The price is five trainings.
#
# Training anew on all wins 1.1 ± 0.5 points, on every seed. Nobody has measured *that* network: all 200 were used. The
# folds speak of networks that saw a fifth less, so they promise a little too little, the better side to err on. (The
# dots lean to the right since these 718 images are a little harder: a test set is a sample, too.)
#
# </details>

# %% [markdown]
# ### Question (graded)
# You try 40 settings, each for one run, and score each on the same 200 validation samples. The best has 94.5 %, the
# one with your first guess 92 %. **Is the best setting better than your guess? What will it have on new samples, and
# what do you do before you hand the network over?** Use $\sigma$, and what becomes of the largest of 40 numbers that
# are all off by about $\sigma$. Four to six sentences.

# %% [markdown] answer="best_of_forty" points=4
# ### BEGIN SOLUTION
# With p about 0.93 and n = 200 one standard deviation is sqrt(0.93 * 0.07 / 200) = 0.018, so 94.5 and 92 % are 1.4 of
# them apart, seen one by one. Both were measured on the same samples, which makes the difference a little more certain
# than two independent numbers, but it was also the best of 40. If all 40 were equally good, the largest of 40 numbers
# would be about 2.2 standard deviations above the truth: 4 points, more than is seen here. So the data do not show that
# it is better.
#
# On new samples I expect less than 94.5 %, perhaps 92 to 93: what was chosen for being large is partly luck. Before I
# hand it over I compare the few best again, with several seeds and with folds, take one of them, train it anew on
# training and validation samples together, and measure once, on test samples that no choice has seen. A difference
# within the spread is no reason to prefer the more complicated setting.
# ### END SOLUTION

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# How many validate, and whether all do, once.
#
# ```python
# import torch
#
# theirs = torch.tensor_split(torch.randperm(11), 4)
# ours = [val for _, val in kfold(11, 4, np.random.default_rng(0))]
# sizes = sorted(map(len, theirs)), sorted(map(len, ours))
# every = torch.cat(theirs).sort()[0], np.sort(np.concatenate(ours))
# (sizes[0], every[0]), (sizes[1], every[1])
# ```
#
# </details>

# %% [markdown]
# ## 6 · A step that is too long
#
# ### Idea
# A loss has cliffs: for a hundred steps nothing happens, then one gradient is forty times as long and throws the
# weights to where they came from, or to infinity. The *direction* of that gradient is right. Only its length is not to
# be trusted.

# %% [markdown]
# ### Equation
#
# With $g$ all gradients of the network as one long vector
# ([Pascanu, Mikolov and Bengio 2013](https://arxiv.org/abs/1211.5063), algorithm 1):
#
# $$\mathrm{total} = \sqrt{\sum_{\text{arrays}} \sum_i g_i^2} \qquad
# g \leftarrow g \cdot \min\left(1,\; \frac{\mathrm{max\_norm}}{\mathrm{total} + 10^{-6}}\right)$$
#
# - *one* factor for all arrays, so that the direction stays; what is short stays as it is;
# - $10^{-6}$ is PyTorch's: so a gradient of exactly max\_norm is shortened, too, by a hair.


# %% exercise="clip_grad_norm" core=2
def clip_grad_norm(grads, max_norm):
    """Return all gradients, together no longer than max_norm.

    total = root of the sum of squares over all arrays; each array times
    min(1, max_norm / (total + 1e-6)). Pascanu, Mikolov and Bengio
    (2013), algorithm 1; torch.nn.utils.clip_grad_norm_. Squares of
    float32 numbers such as 1e30 are too large for float32.

    Parameters
    ----------
    grads : dict; name -> ndarray
    max_norm : float, positive

    Returns
    -------
    grads : new dict, arrays of the same names, shapes and dtypes
    total_norm : float, before clipping
    """
    ### BEGIN SOLUTION
    squares = [np.sum(g.astype(np.float64) ** 2) for g in grads.values()]
    total = float(np.sqrt(sum(squares)))
    scale = min(1.0, max_norm / (total + 1e-6))
    return {name: g * scale for name, g in grads.items()}, total
    ### END SOLUTION


# %% check="clip_grad_norm" points=5
check("clip_grad_norm", clip_grad_norm, points=5)

# %% [markdown]
# ### Picture
# Left a walk beside a wall. Middle a gradient of three arrays, clipped by your function as a whole, and array by
# array: how far it turns. Right the digits, three layers, at high rates. Predict first: how far up can the rate go?

# %% demo="training_clip"
plots.training_clip(clip_grad_norm)

# %% [markdown]
# ### Question
# What does clipping buy on the right, and what does it not? Would you see in a training loss that it is at work?
#
# <details><summary>Answer</summary>
#
# Rates of 0.2 and 0.4: 94.6 and 85.7 % with, 71 and 20 % without, and there 36 to 89 % from seed to seed. The best of
# all is 94.9 % at 0.1, where both agree: it buys safety, not accuracy, and at 0.8 not even that.
#
# Array by array the gradient turns by 36 degrees: it is no longer that of steepest descent. You would not see it
# in the loss. So record `total_norm`, which you return for that purpose: if every step is clipped, what you are running is
# a step of constant length.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# It changes the gradients in place, and returns the norm from before.
#
# ```python
# import torch
#
# ours = {"W": np.array([[3.0, 4.0]]), "b": np.array([12.0])}
# leaves = [torch.zeros(g.shape, dtype=torch.float64) for g in ours.values()]
# for leaf, g in zip(leaves, ours.values()):
#     leaf.grad = torch.tensor(g)
# norm = torch.nn.utils.clip_grad_norm_(leaves, 6.5)
# clipped, total = clip_grad_norm(ours, 6.5)
# ([leaf.grad for leaf in leaves], norm), (list(clipped.values()), total)
# ```
#
# </details>

# %% [markdown]
# ## 7 · Averages of weights
#
# ### Idea
# At a constant rate SGD does not arrive: it dances around the minimum. Each position is off, in another direction.
# Their *mean* is off by much less. So let it dance, and keep a running average on the side, which takes no part in
# training and is used for the test ([Polyak and Juditsky 1992](https://doi.org/10.1137/0330046); lecture 001).

# %% [markdown]
# ### Equation
#
# After each step
#
# $$\bar w \leftarrow \beta\, \bar w + (1 - \beta)\, w$$
#
# - $\beta$ (`decay`): 0.995 in lecture 001, so about the last 200 steps count. PyTorch's default is 0.999.
#
# Started as a *copy* of the weights, as PyTorch does, it needs no correction. Started at zeros, as Adam's means are, the
# weights of all $t$ terms add up to $1 - \beta^t$ only, so divide by that
# ([Kingma and Ba 2015](https://arxiv.org/abs/1412.6980), section 3).


# %% exercise="ema_update" core=1
def ema_update(avg, w, decay=0.995):
    """Return the running average of the weights, one step on.

    decay * avg + (1 - decay) * w. Lecture 001, with 0.995;
    torch.optim.swa_utils.get_ema_avg_fn, whose default is 0.999.

    Parameters
    ----------
    avg, w : ndarray of the same shape, any
    decay : float, 0 <= decay < 1

    Returns
    -------
    avg : new ndarray, shape and dtype of the old one
    """
    ### BEGIN SOLUTION
    return decay * avg + (1 - decay) * w
    ### END SOLUTION


# %% check="ema_update" points=3
check("ema_update", ema_update, points=3)


# %% exercise="ema_debiased" extra=1
def ema_debiased(avg, decay, t):
    """Return a running average without the zeros that it started from.

    avg / (1 - decay^t). Kingma and Ba (2015), section 3.

    Parameters
    ----------
    avg : ndarray of any shape, after t updates from zeros
    decay : float, 0 < decay < 1
    t : int, at least 1

    Returns
    -------
    avg : new ndarray, shape and dtype of the old one
    """
    ### BEGIN SOLUTION
    return avg / (1 - decay**t)
    ### END SOLUTION


# %% check="ema_debiased" points=2
check("ema_debiased", ema_debiased, points=2)

# %% [markdown]
# ### Picture
# Left and middle: a bowl with its minimum at the star, noise on every gradient, and your average from three starts.
# Right: a network on the script at a constant rate, its weights and their average. **First** predict which decay is
# best for 500 steps. **Then** try: what is wrong with 0.999?

# %% demo="training_average"
widgets.average_explorer(ema_update, ema_debiased)

# %% [markdown]
# ### Question
# What does the average win, and when does it lose?
#
# <details><summary>Answer</summary>
#
# 79.0 ± 1.1 % for the weights after 500 steps, 81.0 ± 1.2 % for their average at 0.99, and the same at 0.995; in the
# middle of the run, about 5 points. It smooths from step to step what the batches shake. It loses while the weights
# still come from far: in the first 70 steps.
#
# At 0.999 it is 75.8 %: an average over 1,000 steps still holds the random weights of the start, copied or not. Too
# much memory is a wrong start remembered. A rate that falls to zero calms the dance as well: section 10 compares them.
#
# </details>

# %% [markdown]
# ### Idea
# A running average has to be kept from the beginning. Often all that is left of a run are a few *checkpoints*, weights that
# were saved on the way. [Izmailov et al. (2018)](https://arxiv.org/abs/1803.05407) take their plain mean, and find it better
# than the last of them. It is a mean of numbers that belong together: the same weight, by its *name*, in each.


# %% exercise="average_checkpoints" extra=1
def average_checkpoints(checkpoints):
    """Return one network: the mean of several, name by name.

    Every checkpoint counts the same. Izmailov et al. (2018); lecture
    001. torch.optim.swa_utils.AveragedModel. (The running statistics of
    BatchNorm are not averaged but measured anew: update_bn.)

    Parameters
    ----------
    checkpoints : list of dict; name -> ndarray, the same names in each,
        perhaps in another order

    Returns
    -------
    params : dict; name -> new ndarray
    """
    ### BEGIN SOLUTION
    every = {name: [c[name] for c in checkpoints] for name in checkpoints[0]}
    return {name: np.mean(arrays, axis=0) for name, arrays in every.items()}
    ### END SOLUTION


# %% check="average_checkpoints" points=3
check("average_checkpoints", average_checkpoints, points=3)

# %% [markdown]
# ### Picture
# The straight way from one network to another, and your mean halfway: two checkpoints of one run, 160 steps apart, and
# two runs that began with other weights. All four are about as good. Predict both means.

# %% demo="training_between"
plots.training_between(average_checkpoints)

# %% [markdown]
# ### Question
# Why may you average the one pair and not the other?
#
# <details><summary>Answer</summary>
#
# One run: 79.0 ± 1.4 %, better than either end. Two runs: 55.5 ± 5.5 %, where each alone has 77 to 80.
#
# Hidden unit 7 of one network and unit 7 of another have nothing in common: the units of a layer may be put in any
# order, and each run has its own. The mean of two units that look for different things looks for neither. Checkpoints
# of one run have the same order. To use several runs together, average not their weights but what they say.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
# from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn
#
# a, b = np.array([1.0, 2.0]), np.array([3.0, -2.0])
# ema = get_ema_avg_fn(0.9)(torch.tensor(a), torch.tensor(b), None)
# mean = AveragedModel(torch.nn.ParameterList([torch.tensor(a)]))
# for w in (a, b):
#     mean.update_parameters(torch.nn.ParameterList([torch.tensor(w)]))
# both = average_checkpoints([{"w": a}, {"w": b}])["w"]
# (ema, mean.module[0]), (ema_update(a, b, 0.9), both)
# ```
#
# </details>

# %% [markdown]
# ## 8 · Several models
#
# ### Idea
# Train a few networks from other first weights and ask all of them. Lecture 001 promises two points for it. Where they
# are wrong they are wrong in different ways, and where one is unsure another may know.

# %% [markdown]
# ### Equation
#
# $$\hat y_n = \arg\max_k \frac1M \sum_{m=1}^{M} p^{(m)}_{nk}$$
#
# - $p^{(m)}$: probabilities of model $m$, rows that sum to 1; $M$ models.
#
# A vote would throw away how sure each one is. Averaging logarithms would let a single model say no.


# %% exercise="ensemble_predict" core=1
def ensemble_predict(probs):
    """Return the labels that several models find most likely together.

    The mean of the probabilities over the models, then the largest in
    each row, the lowest label at ties. Lecture 001.

    Parameters
    ----------
    probs : ndarray of shape (models, N, classes), rows sum to 1

    Returns
    -------
    labels : ndarray of int, shape (N,)
    """
    ### BEGIN SOLUTION
    return probs.mean(axis=0).argmax(axis=1)
    ### END SOLUTION


# %% check="ensemble_predict" points=3
check("ensemble_predict", ensemble_predict, points=3)

# %% [markdown]
# ### Picture
# The script again, five times: one model, five of its checkpoints as one, five models by majority and by your
# function. Right: a letter about which three models disagree. Predict first: how much of the ensemble's gain do the
# checkpoints have, which cost nothing?

# %% demo="training_ensemble"
plots.training_ensemble(average_checkpoints, ensemble_predict)

# %% [markdown]
# ### Question
# Is it "two points"? Why does the mean beat the majority?
#
# <details><summary>Answer</summary>
#
# More: 4.8 ± 1.0 points for five models, 4.2 ± 1.1 by majority, 3.0 ± 1.3 for five checkpoints of one run. These runs
# end at a high constant rate, and much of what is won is the shaking that the mean takes away. Where the weights are
# averages already, five models win less; section 10 shows how much.
#
# Right: two models find 0 a little more likely than 1, the third is sure that it is 1. The vote counts two against one.
# The mean hears that the two hardly care.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# probs = np.random.default_rng(0).dirichlet(np.ones(4), (3, 20))
# torch.tensor(probs).mean(0).argmax(1), ensemble_predict(probs)
# ```
#
# </details>

# %% [markdown]
# ## 9 · Borrowed features
#
# ### Idea
# You have ten samples of each class, and somewhere there is a network that was trained on thousands for another task.
# Its first layers know about strokes and edges. Keep them, and learn only what is new
# ([Donahue et al. 2014](https://arxiv.org/abs/1310.1531); lecture 003). Others publish such networks in *model zoos*; here we train our own, on ten other alphabets.

# %% [markdown]
# ### Equation
#
# *Freezing* puts some gradients to zero. A *linear probe* leaves the whole network alone, takes what a layer gives as
# features $h_n$, and learns the best linear classifier on them:
#
# $$\min_{W, b}\; -\frac1N \sum_n \log \mathrm{softmax}(h_n W + b)_{y_n} + \lambda \sum W^2$$
#
# - $\lambda$ (`weight_decay`): on $W$ alone, no factor 1/2, as in 01_backprop.
#
# That problem has one minimum, the batch is full, and there is no noise: lecture 001's place for L-BFGS
# (05_second_order). Any solver will do that arrives. Features far from 0 make the valley long: take their mean out
# first, and give it back through $b$.


# %% exercise="freeze" extra=1
def freeze(grads, names):
    """Return the gradients, with those of some parameters zero.

    With a zero gradient plain SGD leaves a weight alone. Zeros of the
    same shape and dtype, also where the gradient is nan or infinite.
    Lecture 003. (PyTorch's requires_grad_(False) gives None instead.)

    Parameters
    ----------
    grads : dict; name -> ndarray
    names : list, tuple or set of str; exact names, all of them in grads

    Returns
    -------
    grads : new dict with all names
    """
    ### BEGIN SOLUTION
    zeros = {name: np.zeros_like(grads[name]) for name in names}
    return grads | zeros
    ### END SOLUTION


# %% check="freeze" points=3
check("freeze", freeze, points=3)


# %% exercise="linear_probe" extra=3
def linear_probe(features, y, *, weight_decay=1e-2):
    """Return the best linear classifier on features.

    W and b of the least mean softmax cross-entropy + weight_decay *
    sum(W^2), b free, up to 1e-6 of its value, by any solver. Alain and
    Bengio (2016); Donahue et al. (2014), in lecture 003. The same as
    sklearn's LogisticRegression(C=1 / (2 * N * weight_decay)).

    Parameters
    ----------
    features : ndarray of shape (N, D)
    y : ndarray of int, shape (N,); each label from 0 to max(y) occurs
    weight_decay : float, positive

    Returns
    -------
    W : ndarray of shape (D, C), b : ndarray of shape (C,); C = max(y) + 1
    """
    ### BEGIN SOLUTION
    n, mean = len(features), features.mean(axis=0, dtype=np.float64)
    x = np.hstack([features - mean, np.ones((n, 1))])
    onehot = np.eye(np.max(y) + 1)[y]
    decay = np.full((x.shape[1], 1), 2 * weight_decay)
    decay[-1] = 0
    # Half the largest curvature of the data bounds that of softmax.
    lr = 1 / (np.linalg.norm(x, 2) ** 2 / (2 * n) + 2 * weight_decay)
    w = step = np.zeros((x.shape[1], onehot.shape[1]))
    since = 0
    for _ in range(5000):
        # Nesterov's step, whose momentum begins anew where it goes uphill.
        ahead = w + since / (since + 3) * step
        scores = x @ ahead
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        grad = x.T @ (p - onehot) / n + decay * ahead
        step, w = ahead - lr * grad - w, ahead - lr * grad
        since = since + 1 if (grad * step).sum() < 0 else 0
        if np.abs(grad).max() < 3e-6:
            break
    W, b = w[:-1], w[-1] - mean @ w[:-1]
    return W.astype(features.dtype), b.astype(features.dtype)
    ### END SOLUTION


# %% check="linear_probe" points=7
check("linear_probe", linear_probe, points=7)

# %% [markdown]
# ### Lecture 003's table
#
# | | similar data | different data |
# |---|---|---|
# | **little** | linear classifier | trouble |
# | **lots** | finetune few | finetune many |


# %% exercise="transfer_plan" extra=1
def transfer_plan(data, similarity):
    """Return what to do with a network that others have trained.

    "linear classifier", "finetune few", "finetune many" or "trouble",
    by the table above (lecture 003).

    Parameters
    ----------
    data : "little" or "lots"
    similarity : "similar" or "different"

    Returns
    -------
    plan : str

    Raises
    ------
    ValueError
        For any other word.
    """
    ### BEGIN SOLUTION
    table = {
        ("little", "similar"): "linear classifier",
        ("lots", "similar"): "finetune few",
        ("lots", "different"): "finetune many",
        ("little", "different"): "trouble",
    }
    if (data, similarity) not in table:
        raise ValueError(f"no plan for {data!r} and {similarity!r}")
    return table[data, similarity]
    ### END SOLUTION


# %% check="transfer_plan" points=3
check("transfer_plan", transfer_plan, points=3)

# %% [markdown]
# ### Picture: similar
# A network that tells 100 letters of ten alphabets apart, and an alphabet that it has never seen. Predict first: what
# is the borrowed network worth, in samples? (It takes a few seconds.)

# %% demo="training_transfer"
plots.training_transfer(freeze, linear_probe, transfer_plan)

# %% [markdown]
# ### Picture: different
# The same network, and now digits, twice as large. Predict first: which line is on top?

# %% demo="training_transfer_different"
plots.training_transfer(
    freeze,
    linear_probe,
    transfer_plan,
    similarity="different",
)

# %% [markdown]
# ### Question
# Go through the four fields of the table. Which of them do you see?
#
# <details><summary>Answer</summary>
#
# *Little, similar*: yes. Two samples of each letter and a linear classifier have 58.4 ± 4.6 %, from scratch 43.2 ±
# 3.4 %. With 10 (77 %) it is nearly where 40 are from scratch (79 %): borrowing is worth four times the samples.
#
# *Lots, similar*: no. With 40 the linear classifier (83.6 %) is as good as either tuning (83.4 %). *Little, different*:
# trouble indeed, nothing borrowed beats starting from scratch (71 %). *Lots, different*: of the borrowed ones "many" is
# best, 93.5 against 90.6 % for "few", but scratch has 93.8 %. These digits have nothing to learn from letters; a table
# like that is made of experience with photographs.
#
# </details>

# %% [markdown]
# ### Picture: layer by layer
# For trouble the lecture advises a linear classifier *from different stages*. Your probe on each layer of the source.
# Predict first: which layer for letters, which for digits?

# %% demo="training_layers"
plots.training_layers(linear_probe)

# %% [markdown]
# ### Question
# What do the two lines say about layers? And: would a weight that you freeze in the middle of a run stay under
# momentum, Adam, weight decay?
#
# <details><summary>Answer</summary>
#
# Letters: the later the better, 71.0 % on pixels, 74.0, 77.4, and 78.6 % on the 100 scores (give or take 2). Digits: the
# other way round, from 89.2 % on pixels down to 83.8 %. Each layer forgets what letters do not need. The advice is good;
# here the best stage is none.
#
# No. Momentum carries a velocity, Adam a mean of old gradients, and decay needs no gradient: all three move a weight
# whose gradient is zero. PyTorch skips a parameter whose gradient is *None*.
#
# </details>

# %% [markdown]
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# rng = np.random.default_rng(0)
# x, y = rng.standard_normal((30, 4)), np.arange(30) % 3
# W = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
# b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
# solver = torch.optim.LBFGS([W, b], max_iter=200, tolerance_grad=1e-8)
#
#
# def loss():
#     solver.zero_grad()
#     scores = torch.tensor(x) @ W + b
#     entropy = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
#     value = entropy + 0.1 * (W**2).sum()
#     value.backward()
#     return value
#
#
# solver.step(loss)
# W, linear_probe(x, y, weight_decay=0.1)[0]
# ```
#
# </details>

# %% [markdown]
# ## 10 · The network again
#
# ### Idea
# 800 letters of an alphabet, 64 units, 500 steps: the same work each time. What have the functions of this notebook
# made of it in the end?
#
# ### Picture
# Predict first: which line is the longest step?

# %% demo="training_before_and_after"
plots.training_before_and_after(
    lr_range_test,
    ema_update,
    ensemble_predict,
    linear_probe,
)

# %% [markdown]
# ### Question
# What would you do first, if you had one hour? And which gains do not add up?
#
# <details><summary>Answer</summary>
#
# The rate: 69.2 ± 0.8 to 83.1 ± 1.4 %, for one run of 100 steps. All the rest together is 3 points. The average has
# 84.9 ± 0.7, a rate that falls to zero 83.4 ± 0.4; both calm the same dance, so one of them will do. Five models add 1.3
# more at five times the cost, 86.2 ± 0.4: less than in section 8, where nothing was calm.
#
# A linear classifier on features of ten other alphabets is as good as one such network, 84.5 ± 0.8, without having
# changed a weight for these letters. In 13_capstone you will have what none of them has: letters that you turn and move
# yourself.
#
# </details>

# %% [markdown]
# ### Go further
# An open task, not graded. `helpers.data.script(7)` is another alphabet. Find a rate, a width and a weight decay for
# it with your `random_search`, with five folds of `kfold` as the objective, in less than two minutes. Write down *before*
# what gain over the first guess you expect, and with what spread; then measure both once on `x_test`. Did the estimate
# of the best trial come true, or was it too good, as the best of many is?

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | decay of the average | 0.995: lecture 001 | 0.999: PyTorch | in short runs |
# | its start | a copy of the weights: PyTorch | zeros, corrected: Adam | in the first $1/(1 - \beta)$ steps |
# | clipping | $\mathrm{total} + 10^{-6}$: PyTorch | if total > max_norm: Pascanu et al. | no |
# | first loss | $\ln K$, softmax | $K - 1$, the lectures' hinge loss | which loss you print |
# | rates in a range test | equal factors: fast.ai | equal steps: Smith (2017) | small rates get one step |
# | frozen weights | gradient zero | gradient None: PyTorch | with momentum, Adam, decay |
# | penalty of the probe | $\lambda \sum W^2$ on the mean loss | $C$ on the sum: scikit-learn | a factor $2N$ |
#
# <details><summary>Read on</summary>
#
# - [Karpathy (2019)](https://karpathy.github.io/2019/04/25/recipe/): a recipe for training neural networks, which lecture
#   003 recommends.
# - [Bergstra and Bengio (2012)](https://www.jmlr.org/papers/v13/bergstra12a.html): random search.
# - [Smith (2017)](https://arxiv.org/abs/1506.01186): range tests and cyclical rates.
# - [Pascanu, Mikolov and Bengio (2013)](https://arxiv.org/abs/1211.5063): cliffs, and clipping.
# - [Izmailov et al. (2018)](https://arxiv.org/abs/1803.05407): averages of weights along a run.
# - [Frankle et al. (2020)](https://arxiv.org/abs/1912.05671): between which networks the straight way is flat.
# - [Donahue et al. (2014)](https://arxiv.org/abs/1310.1531), [Razavian et al. (2014)](https://arxiv.org/abs/1403.6382)
#   and [Alain and Bengio (2016)](https://arxiv.org/abs/1610.01644): features that are borrowed, and probed.
# - [CS231n, babysitting a training](https://cs231n.github.io/neural-networks-3/#baby) and what follows it; d2l on
#   [choosing hyperparameters](https://d2l.ai/chapter_hyperparameter-optimization/hyperopt-intro.html) and on
#   [fine-tuning](https://d2l.ai/chapter_computer-vision/fine-tuning.html).
# - PyTorch: [averages of weights](https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema),
#   [`clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).
#
# </details>
#
# **Next:** 13_capstone puts everything together.
