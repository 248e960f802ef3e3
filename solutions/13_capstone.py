# %% [markdown]
# # 13 · Capstone: the best network you can train in NumPy
#
# **The question.** You have written every part. How good a network do they make together?
#
# **You will be able to**
# - bring the parts of a training run together, and judge each by what it gains;
# - see from numbers what is missing: samples, time, noise, a temperature;
# - hand over a predictor that others can rely on.
#
# **You need** NumPy and what you wrote in 01, 02, 03, 06, 07, 10 and 11; a piece that is missing is lent to you.
#
# **Left out:** anything but NumPy. At grading there is neither scikit-learn nor SciPy.
#
# **Time:** about 240 minutes, and as many as you like after that.

# %%
import numpy as np

from autograder import check, pieces
from helpers import data, plots
from helpers.practice import practice

SEED = 0

# %% [markdown]
# ## 1 · A script that nobody has seen
#
# ### Idea
# Somewhere people write with ten letters of three curved strokes each. You get 800 samples, in as many hands, and have to read 4,000 others. The letters on which you are graded
# are drawn when grading begins: nobody has seen them, so nothing can be learned by heart. What you hand in is not a trained network. It is a *training* that works on an alphabet that you do not know.
#
# To practise, there are as many other alphabets as you like: `data.script(1)`, `data.script(2)`, and so on. Tune on several. What is best on one may be luck.

# %% [markdown]
# ### Picture
# A row is a letter, each sample in another hand: strokes wobble, the letter is turned, slanted, scaled, moved; pen, ink and paper differ.

# %% demo="capstone_script"
plots.capstone_script(seeds=(0, 1))

# %%
d = data.script(1)
d

# %% [markdown]
# ### Question
# Guess before you measure: how many of a hundred unseen samples does the *mean image* of each letter get right, as the nearest of ten? A network with one hidden layer? How many
# samples would you need, and what could you do if there are no more?
#
# <details><summary>Answer</summary>
#
# Three of four, with the means; five of six with a plain network, which soon knows all 800 samples by heart. The gap says *overfitting*: what is missing is samples. You cannot get
# more, but you know what a hand changes, and can make them. It is worth more than any other step here: see section 4.
#
# </details>

# %% [markdown]
# ## 2 · What is asked
#
# ### Idea
# One function trains, and returns another one that predicts:
#
# - `train(x, y, rng) -> predict`: `x` (800, 1, 16, 16), floats in [0, 1]; `y` integers from 0 to 9;
# - `predict(x) -> p`: for (N, 1, 16, 16), any N, probabilities (N, 10).
#
# Whatever `predict` needs to know, it takes from inside `train` (a *closure*).

# %% [markdown]
# The smallest solution there is: the mean image of each letter, and how near it is. `practice` trains on three alphabets that anybody may see and prints what the check will
# measure, with the spread between alphabets.


# %% demo="capstone_nearest_mean"
def nearest_mean(x, y, rng):
    means = np.stack([x[y == k].mean(axis=0).ravel() for k in range(10)])

    def predict(images):
        rows = images.reshape(len(images), -1)
        nearness = rows @ means.T - (means**2).sum(axis=1) / 2
        p = np.exp(1.5 * (nearness - nearness.max(axis=1, keepdims=True)))
        return p / p.sum(axis=1, keepdims=True)

    return predict


practice(nearest_mean)

# %% [markdown]
# ### Points
#
# | part | from ... to | points |
# |---|---|--:|
# | accuracy on unseen samples | 10 %: 0, 50: 10, 72: 20, 80: 30, 88: 40, 93: 50, 96: 60 | 60 |
# | the same, moved by up to 2 pixels | 45 %: 0, 65: 5, 85: 10 | 10 |
# | the same, with noise of standard deviation 0.3 | 65 %: 0, 75: 5, 85: 10 | 10 |
# | as sure as it is right: calibration error (ECE) | 0.15: 0, 0.05: 10 | 10 |
# | what you owe whoever uses it | 2.5 each | 10 |
#
# Between two rungs points grow linearly, in whole points. The last two lines count from 72 % accuracy. You owe: probabilities (or nothing counts at all); an answer that does not depend
# on the other images of its batch; with the same `rng` the same predictions; arguments left as they were.

# %% [markdown]
# ### Budget
#
# `train` may take 60 seconds of *processor time* on one thread, all of `predict` 10; on a slow machine both are stretched. Who needs more gets nothing, so keep to half of
# it. The check below says how much you used. All points can be had for about 20 seconds.
#
# Packages: NumPy alone. scikit-learn and SciPy are not there when you are graded, so a support vector machine from a shelf is an ImportError. (`helpers.data` works as always.)

# %% [markdown]
# ## 3 · Your pieces
#
# ### Idea
# You have most of it already. The next cell looks into your other notebooks and puts your functions into a new cell below itself; where you have not written one, the course's
# solution stands in, if it is on this machine. It says which is whose. Run the new cell, and keep it: what is graded is this notebook alone.

# %% demo="capstone_pieces"
pieces(
    "softmax_cross_entropy",
    "minibatches",
    "cosine_decay",
    "adam",
    "kaiming_normal",
    "batchnorm_forward",
    "batchnorm_backward",
    "update_running",
    "batchnorm_inference",
    "dropout_forward",
    "dropout_backward",
    "elastic_distort",
)

# %% [markdown]
# Your functions were judged for being right, in float64. Here they also have to be quick: convert images and weights to `np.float32` once, at the beginning, and look that
# nothing turns them back. `kaiming_normal((out, in), rng)` is in PyTorch's layout: `.T` for `x @ W`.

# %% [markdown]
# ## 4 · The training
#
# ### Idea
# Begin small, and measure each step with `practice(train)`: it trains on three alphabets, and prints what your check will measure, with its spread. A step that gains less than the spread has
# not gained anything yet.
#
# 1. Ten scores from one linear layer, softmax, mini-batches.
# 2. A hidden layer, Adam, BatchNorm, dropout. *Where is the gap between training and unseen samples?*
# 3. In each epoch, samples that are turned, slanted, scaled, bent and moved anew.
# 4. A rate that falls to zero; a running average of the weights (0.99 of the old, 0.01 of the new at each step), which predicts.
# 5. Noise of a random strength on the images.


# %% exercise="train"
def train(x, y, rng):
    """Return `predict`, a function that reads letters like those in x.

    Parameters
    ----------
    x : ndarray of shape (N, 1, 16, 16); images, floats in [0, 1]
    y : ndarray of int, shape (N,); their letters, 0 to 9
    rng : numpy Generator; the only source of randomness

    Returns
    -------
    predict : function
        predict(images) -> p, for images of shape (M, 1, 16, 16):
        probabilities of shape (M, 10).
    """
    ### BEGIN SOLUTION
    size, classes, epochs, batch = 16, 10, 220, 50
    x = x.astype(np.float32)
    one_hot = np.eye(classes, dtype=np.float32)[y]

    def warped(images):
        """Each image turned, slanted, scaled, bent and moved anew."""
        n = len(images)
        angle, slant = np.array([[0.21], [0.2]]) * rng.standard_normal((2, n))
        width, height = np.exp(0.12 * rng.standard_normal((2, n)))
        rows = [np.cos(angle) * width, slant - np.sin(angle)], [np.sin(angle), np.cos(angle) * height]
        steps = np.arange(size) - (size - 1) / 2
        grid = np.stack(np.meshgrid(steps, steps)).reshape(2, -1)
        places = np.einsum("abn,bp->nap", np.array(rows), grid) + (size - 1) / 2
        places = (places + rng.uniform(-2, 2, (n, 2, 1))).astype(np.float32)
        knots = np.linspace(0, size - 1, 4)[:, None]
        hats = np.maximum(0, 1 - np.abs(np.arange(size) - knots) / 5)
        field = np.einsum("ai,bj->abij", hats, hats).reshape(16, -1).astype(np.float32)
        places += 0.7 * rng.standard_normal((n, 2, 16), dtype=np.float32) @ field
        # A frame of paper around the image: outside there is nothing.
        places = np.clip(places, -1.99, size + 0.99) + 2
        corner = places.astype(int)
        right, down = (places - corner).astype(np.float32).transpose(1, 0, 2)
        wide = size + 4
        paper = np.pad(images[:, 0], ((0, 0), (2, 2), (2, 2))).reshape(n, -1)
        first = corner[:, 1] * wide + corner[:, 0]
        pixel = [np.take_along_axis(paper, first + k, 1) for k in (0, 1, wide, wide + 1)]
        upper = pixel[0] * (1 - right) + pixel[1] * right
        lower = pixel[2] * (1 - right) + pixel[3] * right
        return upper * (1 - down) + lower * down

    def noisy(rows):
        # Half of the images keep their paper.
        chance = rng.random((len(rows), 1), dtype=np.float32)
        strength = 0.4 * np.maximum(0, 2 * chance - 1)
        noise = rng.standard_normal(rows.shape, dtype=np.float32)
        return np.clip(rows + strength * noise, 0, 1)

    def softmax(scores):
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exponents / exponents.sum(axis=1, keepdims=True)

    widths = (size * size, 256, 256, classes)
    ins, outs = widths[:-1], widths[1:]
    layers = range(len(widths) - 2)
    w = [
        rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / shape[0]))
        for shape in zip(ins, outs, strict=True)
    ]
    gamma = [np.ones(width, np.float32) for width in widths[1:-1]]
    beta = [np.zeros(width, np.float32) for width in widths[1:-1]]
    b = np.zeros(classes, np.float32)
    params = [*w, *gamma, *beta, b]
    mean = [np.zeros(width, np.float32) for width in widths[1:-1]]
    var = [np.ones(width, np.float32) for width in widths[1:-1]]
    m, v, average = ([np.zeros_like(p) for p in params] for _ in range(3))
    total, t = epochs * -(-len(x) // batch), 0

    for _ in range(epochs):
        images = noisy(warped(x))
        for chosen in np.array_split(rng.permutation(len(x)), -(-len(x) // batch)):
            # Forward: linear, BatchNorm, ReLU, dropout, twice; then scores.
            a, caches = images[chosen], []
            for k in layers:
                z = a @ w[k]
                mu, spread = z.mean(axis=0), z.var(axis=0)
                share = max(0.02, 1 / (t + 1))
                mean[k] += share * (mu - mean[k])
                var[k] += share * (spread - var[k])
                scale = 1 / np.sqrt(spread + 1e-5)
                x_hat = (z - mu) * scale
                out = gamma[k] * x_hat + beta[k]
                mask = (rng.random(out.shape, dtype=np.float32) >= 0.05) / np.float32(0.95)
                caches.append((a, x_hat, scale, (out > 0) * mask))
                a = np.maximum(out, 0) * mask
            # Backward.
            d = (softmax(a @ w[-1] + b) - one_hot[chosen]) / np.float32(len(chosen))
            dw, dgamma, dbeta, db = [a.T @ d], [], [], d.sum(axis=0)
            d = d @ w[-1].T
            for k in reversed(layers):
                a, x_hat, scale, open_ = caches[k]
                d = d * open_
                dgamma.insert(0, (d * x_hat).sum(axis=0))
                dbeta.insert(0, d.sum(axis=0))
                d = d * gamma[k]
                d = scale * (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))
                dw.insert(0, a.T @ d)
                d = d @ w[k].T
            # Adam, its rate a cosine after a short warm-up; the average of the weights.
            lr = 2e-3 * (1 + np.cos(np.pi * t / total)) / 2 * min(1, (t + 1) / 20)
            t += 1
            correct = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            for k, (p, g) in enumerate(zip(params, [*dw, *dgamma, *dbeta, db], strict=True)):
                m[k] += np.float32(0.1) * (g - m[k])
                v[k] += np.float32(0.001) * (g * g - v[k])
                p -= np.float32(correct) * m[k] / (np.sqrt(v[k]) + np.float32(1e-8))
                average[k] += np.float32(max(0.01, 1 / t)) * (p - average[k])

    n = len(w)
    w, gamma, beta, b = average[:n], average[n : 2 * n - 1], average[2 * n - 1 : -1], average[-1]

    def predict(images):
        a = images.reshape(len(images), -1).astype(np.float32)
        for k in layers:
            x_hat = (a @ w[k] - mean[k]) / np.sqrt(var[k] + 1e-5)
            a = np.maximum(gamma[k] * x_hat + beta[k], 0)
        # Warped and noisy samples make it timid: the temperature was chosen on other alphabets.
        return softmax((a @ w[-1] + b) / 0.65)

    return predict
    ### END SOLUTION


# %% [markdown]
# To measure a step, in a cell of your own:
#
# ```python
# practice(train)                              # alphabets 1, 2, 3
# practice(train, alphabets=(4, 5), test=2000)
# ```
#
# The check trains once on its own alphabet, predicts 12,800 images in batches of many sizes, then trains twice more on 120 samples to see whether the same seed gives
# the same. It takes as long as your training.

# %% check="train" points=100
check("train", train, points=100)

# %% [markdown]
# ### Picture
# The check draws it: where you stand on the ladder, beside three plain solutions on the same alphabet; how sure against how right; accuracy against processor time; who is taken for whom.

# %% [markdown]
# ### Question
# Suppose that you have done step 2 and have 85 of 100 right. Training samples: all of them. Name two cures that the course has taught for this gap. Which gains more here, and why?
#
# <details><summary>Answer</summary>
#
# Regularise (dropout, weight decay, early stopping), or show more samples. Dropout and BatchNorm together gain about two of a hundred: dropout keeps the network from relying on accidents of 800 samples, and
# teaches it nothing about hands. Warped copies gain about twelve: each shows one more hand that you might meet. It works as far as your warps are what hands do. That is knowledge
# that you put in, and no network could get it from 800 samples.
#
# </details>

# %% [markdown]
# ## 5 · The last points
#
# ### Idea
# - **Calibration.** Hold out a fold, and choose the temperature `T` of `softmax(scores / T)` that has the least cross-entropy there. Augmented training is often *timid*: it met harder images than it is asked.
# - **Robustness.** Who never saw noise is misled by a little of it. Noise of *one* strength makes the network good at that strength; a random one is better.
# - **All of the data.** What you held out to choose by belongs into the last training (lecture 004).
# - **Several networks.** The mean of three networks' probabilities is better than each, and costs three times as much.
# - **Convolutions.** They know that a letter stays what it is when it moves. They also cost more processor time: watch the budget.

# %% [markdown]
# ### Question
# Your accuracy on alphabets 1, 2 and 3 went from 96.8 to 97.1 % when you changed the rate. Is the new rate better?
#
# <details><summary>Answer</summary>
#
# You cannot know yet. With 3,000 test images in all, one standard error of such an accuracy is $\sqrt{0.97 \cdot 0.03 / 3000}$, 0.3 of a hundred, as large as the gain, and another seed of the training moves it
# too. Compare on the same images with several seeds and alphabets, and look at the differences, pair by pair.
#
# </details>

# %% [markdown]
# ## What others reached
#
# `python -m bench.ladder` in the course's folder measures plain solutions by this check:
#
# | solution | right of 100 unseen |
# |---|--:|
# | the nearest mean | 75 |
# | softmax regression | 80 |
# | two layers, SGD | 83 |
# | + Adam, BatchNorm, dropout | 85 |
# | + warped samples, an average of the weights | 97 |
#
# Above 98: better than the authors. **Next:** nothing. You have written it all.
