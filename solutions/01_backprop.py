# %% [markdown]
# # 01 · Backpropagation: whose fault was it?
#
# **The question.** A network has thousands of weights and one loss. Which weight is to blame, and by how much? And how
# do you know that your answer is right?
#
# **You will be able to**
# - check any gradient, by nothing but calling the function;
# - follow a gradient through any graph, forks included, and have a program do it;
# - write layers, activations and losses with their backward passes;
# - put them together into a network that learns, and say what each part is good for.
#
# **You need** Python, NumPy arrays, [matrix products](https://d2l.ai/chapter_preliminaries/linear-algebra.html) and the
# [chain rule](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/multivariable-calculus.html).
#
# **Left out:** better optimizers (02, 03), how to choose the first weights (06), convolutions.
#
# **Time:** about 320 minutes.
#
# **Core path:** sections 1 to 5, 7, 9 and 11, without the exercises marked *optional*: about 195 minutes, and all that
# the later notebooks build on.

# %% [markdown]
# **How to work here**
#
# 1. Go from top to bottom. Where a cell says `raise NotImplementedError`, delete that line and write the function that
#    the text above it describes, seldom more than ten lines.
# 2. Run the cell, then the `check` below it. It compares your function with PyTorch and says what is wrong, with an
#    example. Run it as often as you like: only your last version counts, and it will be graded on other numbers.
# 3. Stuck? Below each exercise are three folded hints, from gentle to nearly the answer.
#
# The pictures are drawn with *your* functions. One that you have not written yet is named, and nothing breaks.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0

# %% [markdown]
# ## 1 · Slopes by trial
#
# ### Idea
# Three networks learn handwritten digits: A, B and C. All losses fall, all accuracies end high. And yet two of the
# three follow a *wrong* gradient: there is a mistake in their code. Nothing crashed, nobody complained. Which is the
# right one?

# %% demo="suspects"
plots.backprop_suspects()

# %% [markdown]
# You cannot tell from these curves. So the first tool of this course is one that can: it measures a gradient by trial.
#
# ### Equation
#
# For a function $f$ of an array $x$, one entry at a time:
# [gradient checking](https://cs231n.github.io/neural-networks-3/#gradcheck), in lecture 001 too:
#
# $$g_i = \frac{f(x + h\,e_i) - f(x - h\,e_i)}{2h}$$
#
# - $g_i$: entry $i$ of the numerical gradient;
# - $e_i$: an array like $x$, 1 at entry $i$ and 0 elsewhere;
# - $h$ (`h`): the step width, small.
#
# The question is asked on *both* sides: a central difference.


# %% exercise="numerical_gradient" core=2
def numerical_gradient(f, x, h=1e-5):
    """Return the gradient of f at x by central differences.

    (f(x + h e_i) - f(x - h e_i)) / (2 h) for each entry i, where e_i is 1
    there and 0 elsewhere. The error is of order h**2.

    Parameters
    ----------
    f : function; takes an array of the shape of x, returns one number
    x : ndarray of any shape, () too; float64, float32 or integers. It is
        as before when the function returns.
    h : float, positive; half the distance between the two points

    Returns
    -------
    grad : ndarray of the shape of x; float64, whatever the dtype of x
    """
    ### BEGIN SOLUTION
    point = np.array(x, dtype=np.float64)  # a copy, with room for h
    grad = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        middle = point[index]
        point[index] = middle + h
        above = f(point)
        point[index] = middle - h
        below = f(point)
        point[index] = middle
        grad[index] = (above - below) / (2 * h)
    return grad
    ### END SOLUTION


# %% check="numerical_gradient" points=4
check("numerical_gradient", numerical_gradient, points=4)

# %% [markdown]
# ### Picture
# With this function alone something learns. A step against the slope, three hundred times: that is all of training, and
# the rest of the course makes it fast. The network has 16 weights, and asks your function for their slopes.


# %% demo="by_trial"
def by_trial(loss, w, steps, lr):
    walk = [w]
    for _ in range(steps):
        w = w - lr * numerical_gradient(loss, w)
        walk.append(w)
    return walk


plots.backprop_by_trial(by_trial)

# %% [markdown]
# ### Question
# Each of the 300 steps calls the loss 32 times. How often would it be for 1,000 weights, and for the 4,810 of the
# network at the end?
#
# <details><summary>Answer</summary>
#
# Twice for each weight: 2,000 and 9,620 calls for a single step. It works (the mean squared error falls from 1.2 to
# 0.04), but only in the small. The next section finds all slopes with one pass back.
#
# </details>

# %% [markdown]
# ### Equation
#
# Is a gradient of 0.001 wrong when it should be 0.002? Yes, by far; and 1000.001 for 1000.002 is fine. What counts is
# the difference *relative* to the size:
#
# $$\max_i\ \frac{|a_i - b_i|}{\max(10^{-8},\ |a_i| + |b_i|)}$$
#
# - $a$, $b$ (`a`, `b`): the two gradients. The largest error counts: an average would hide one wrong entry among
#   thousands. The $10^{-8}$ keeps two zeros from being divided by zero.


# %% exercise="relative_error" core=1
def relative_error(a, b):
    """Return the largest relative difference between a and b.

    max over all entries of |a - b| / max(1e-8, |a| + |b|): 0 where they
    are equal (both 0 too), 1 where the signs differ.

    Parameters
    ----------
    a, b : ndarray of one shape, or two numbers

    Returns
    -------
    error : float
    """
    ### BEGIN SOLUTION
    size = np.maximum(1e-8, np.abs(a) + np.abs(b))
    return np.max(np.abs(a - b) / size)
    ### END SOLUTION


# %% check="relative_error" points=2
check("relative_error", relative_error, points=2)

# %% [markdown]
# ### Picture
# Predict first: if a small $h$ is good, is $10^{-12}$ better than $10^{-5}$? Your two functions, on a function whose
# gradient is known exactly, for every $h$.

# %% demo="step_width"
plots.backprop_step_width(numerical_gradient, relative_error)

# %% [markdown]
# ### Question
# What goes wrong on either side of the valley? Why is the one-sided valley less deep, and at another place?
#
# <details><summary>Answer</summary>
#
# On the right the curve is no straight line: an error of order $h^2$, one-sided of order $h$. On the left it is
# rounding: $f$ has some 16 digits, and is divided by $h$. $10^{-16}/h$ equals $h^2$ at $h \approx 5\cdot10^{-6}$, and
# $h$ at $10^{-8}$.
#
# The networks: B is right. A forgets the mask of the ReLU on the way back, and *leads* for a while. C averages the
# gradient of the biases where it should add it up. A gradient check finds both.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `torch.autograd.gradcheck` does this comparison for any function of float64 tensors.
#
# ```python
# import torch
#
# x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
# torch.sin(x).sum().backward()
# x.grad, numerical_gradient(lambda x: np.sin(x).sum(), np.array([1.0, 2.0]))
# ```
#
# </details>

# %% [markdown]
# ## 2 · The graph of a computation
#
# ### Idea
# The slope of a large formula can be derived on paper, once, with much paper; change the loss, and begin anew. Better
# ([CS231n](https://cs231n.github.io/optimization-2/), lecture 002): cut the formula into pieces so small that each one's
# slope is known. What remains is bookkeeping: who has used whom. It is drawn as a graph, values go through it from left to
# right, blame comes back from right to left.

# %% [markdown]
# ### Equation
#
# A node $n = n(u, v, \dots)$ knows how much it moves with each of its inputs, its *local* gradient. What it gets from
# those that use it is its *upstream* gradient $\partial f/\partial n$. It hands back to input $u$
#
# $$\frac{\partial f}{\partial n}\cdot\frac{\partial n}{\partial u}
# \qquad\text{and}\qquad
# \frac{\partial f}{\partial u} = \sum_{n\ \text{uses}\ u} \frac{\partial f}{\partial n}\cdot
# \frac{\partial n}{\partial u}$$
#
# Along a way, gradients are multiplied; where $u$ is used twice, the gradients of its ways **add up**. Three nodes have
# patterns that are worth knowing. What does each hand back, to each of its inputs? Derive it before you open the fold.
#
# <details><summary>The patterns</summary>
#
# | node | hands back | in a word |
# |---|---|---|
# | $u + v$ | the upstream gradient $d$ to both | distributes |
# | $u\,v$ | $d\,v$ to $u$, and $d\,u$ to $v$ | swaps |
# | $\max(u, v)$ | $d$ to the larger, 0 to the other | routes |
#
# </details>

# %% [markdown]
# By hand first. $f = (x + y)\max(y, z)$ has three nodes, and $y$ is used by two of them: name the sum $a$ and the
# maximum $b$. Write one line of code for each gradient, from $f$ back to $x$, $y$, $z$.


# %% exercise="graph_backward" core=2
def graph_backward(x, y, z):
    """Return the gradients of f = (x + y) * max(y, z), one for each node.

    With a = x + y and b = max(y, z), f is a * b: local gradient times
    upstream gradient, from f back; where a node is used twice the
    gradients add up (lecture 002). Where y and z are equal there is no
    slope, and nothing is asked (PyTorch gives half to each).

    Parameters
    ----------
    x, y, z : float, or ndarrays of one shape: f is then computed element
        by element

    Returns
    -------
    grads : dict; df/da, df/db, df/dx, df/dy and df/dz under the keys "a",
        "b", "x", "y" and "z", each of the shape of x
    """
    ### BEGIN SOLUTION
    a, b = x + y, np.maximum(y, z)
    da, db = b, a
    y_wins = y > z
    return {
        "a": da,
        "b": db,
        "x": da * 1,
        "y": da + db * y_wins,
        "z": db * (z > y),
    }
    ### END SOLUTION


# %% check="graph_backward" points=3
check("graph_backward", graph_backward, points=3)

# %% [markdown]
# ### Picture
# Your numbers on the graph, with $y$ the larger and with $z$. Predict first: what arrives at $y$ on the left?

# %% demo="graph"
plots.backprop_graph(graph_backward)

# %% [markdown]
# ### Question
# Raise $x$, $y$ or $z$ a little: which moves $f$ most, left and right? And $z$ has no gradient on the left: may it be
# changed as one likes?
#
# <details><summary>Answer</summary>
#
# $y$ on the left, with 3 + 4 = 7: it moves the sum and the maximum. On the right the maximum is $z$'s, which gets 4; $x$
# and $y$ get 5 each, by the sum alone. A gradient of 0 says *a little*: raise $z$ from -2 above 3, and it takes over.
# Units of a ReLU, $\max(0, x)$, live by this pattern.
#
# </details>

# %% [markdown]
# ### Idea
# Nobody writes such lines for a network with thousands of nodes. A program can: it needs the graph, each node's local
# gradients, and an *order*. A node may hand its gradient back when it is complete, after all that use it. By how far
# they lie from the end? That fails as soon as a short way and a long one meet. So go through the graph once, write each
# node down after its inputs, and read that list from its end: a *topological* order. With it each node has one turn,
# however many ways lead through it. (Forty forks in a row have $2^{40}$ ways.)


# %% exercise="backpropagate" extra=3
def backpropagate(graph, output):
    """Return the gradient of one node of a graph in each of its nodes.

    A node's gradient is the sum, over all its uses, of the user's
    gradient times the local one; the output's own is 1. A node has its
    turn when all that use it have had theirs (lecture 002; the order of
    PyTorch's autograd).

    >>> graph = {"x": [], "f": [("x", 3.0), ("x", 3.0)]}  # x * x at 3
    >>> backpropagate(graph, "f")
    {'x': 6.0, 'f': 1.0}

    Parameters
    ----------
    graph : dict; the name of each node -> its inputs, a list of pairs
        (name, local gradient), empty for a leaf. An input may be there
        twice; the nodes are listed in any order. It has no cycles, and is
        as before when the function returns.
    output : str; the node whose gradients are asked for

    Returns
    -------
    grads : dict of float; every node -> its gradient, 0.0 where the
        output does not depend on it
    """
    ### BEGIN SOLUTION
    order = []

    def visit(node):
        for name, _ in graph[node]:
            if name not in order:
                visit(name)
        order.append(node)

    visit(output)
    grads = dict.fromkeys(graph, 0.0) | {output: 1.0}
    for node in order[::-1]:
        for name, local in graph[node]:
            grads[name] += local * grads[node]
    return grads
    ### END SOLUTION


# %% check="backpropagate" points=5
check("backpropagate", backpropagate, points=5)

# %% [markdown]
# ### Picture
# Two samples, 1 with the target 0 and 3 with the target 3, and a model with one weight and one bias. All gradients are
# yours. Predict first: where does this graph fork?

# %% demo="engine"
plots.backprop_engine(backpropagate)

# %% [markdown]
# ### Question
# Find $dw$ and $db$ on their edges. What is done with the gradients of the two samples, and what would be wrong with
# the larger of them, or their mean?
#
# <details><summary>Answer</summary>
#
# The weight and the bias are used once for each sample, so they fork: 2 + 12 = 14 for $w$, 2 + 4 = 6 for $b$. The sum
# is what a small change of $w$ does to $L$, and nothing else is: try $w = 2.001$, and $L$ rises by 0.014. (A mean
# would come in by a $1/N$ in the loss.) The next section does just this, for matrices.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `retain_grad` keeps the gradients of nodes that are no leaves.
#
# ```python
# import torch
#
# x, y, z = torch.tensor([1.0, 3.0, 5.0]).requires_grad_().unbind()
# a, b = x + y, torch.maximum(y, z)
# nodes = {"a": a, "b": b, "x": x, "y": y, "z": z}
# for node in nodes.values():
#     node.retain_grad()
# (a * b).backward()
# mine = graph_backward(1.0, 3.0, 5.0)
# [node.grad for node in nodes.values()], [mine[name] for name in nodes]
# ```
#
# </details>

# %% [markdown]
# ## 3 · One layer, backwards
#
# ### Idea
# `numerical_gradient` tells the truth, but it calls $f$ twice for every weight. The network at the end of this
# notebook has 4,810 of them: nearly ten thousand forward passes for one step of training. Backpropagation needs one
# pass forward and one back.

# %% [markdown]
# ### Equation
#
# A linear layer, for a batch of $N$ samples, one a row:
#
# $$\mathrm{out}_{nm} = \sum_d x_{nd}\,W_{dm} + b_m \qquad\text{or}\qquad \mathrm{out} = xW + b$$
#
# - $x$ $(N, D)$: the input; $W$ $(D, M)$: the weights; $b$ $(M,)$: the bias, added to every row.
#
# Further on, somewhere, is a loss $L$. Its gradient by our output is given: $\mathrm{dout}_{nm} = \partial L /
# \partial\,\mathrm{out}_{nm}$ (`dout`). The chain rule sums over every way to reach $L$:
#
# $$dx_{nd} = \sum_m \mathrm{dout}_{nm} W_{dm} \qquad dW_{dm} = \sum_n x_{nd}\,\mathrm{dout}_{nm} \qquad
# db_m = \sum_n \mathrm{dout}_{nm}$$
#
# Each of them is one line of NumPy. Which one, you find by the shapes.

# %% [markdown]
# Every layer of this course is a pair. `name_forward` returns `(out, cache)`; the cache is yours, put into it whatever
# the way back will need. `name_backward(dout, cache)` returns a gradient for each input, of that input's shape.
#
# Here and in all that follows: float32 in, float32 out. `np.zeros(shape)` and `np.eye(C)` are float64, and so is what
# they touch; `np.zeros_like(x)` is like `x`. The checks look at it.


# %% exercise="linear_forward" core=1
def linear_forward(x, W, b):
    """Return x @ W + b, and the cache.

    One sample a row. The lectures write W x for one column; PyTorch's
    nn.Linear keeps W as (M, D) and computes x @ W.T + b.

    Parameters
    ----------
    x : ndarray of shape (N, D)
    W : ndarray of shape (D, M)
    b : ndarray of shape (M,)

    Returns
    -------
    out : ndarray of shape (N, M)
    cache : whatever linear_backward needs
    """
    ### BEGIN SOLUTION
    return x @ W + b, (x, W)
    ### END SOLUTION


# %% check="linear_forward" points=2
check("linear_forward", linear_forward, points=2)


# %% exercise="linear_backward" core=2
def linear_backward(dout, cache):
    """Return the gradients of a linear layer.

    Parameters
    ----------
    dout : ndarray of shape (N, M); gradient of the loss in out
    cache : what your linear_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dW : ndarray of shape (D, M)
    db : ndarray of shape (M,); a sum over the batch, no average
    """
    ### BEGIN SOLUTION
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)
    ### END SOLUTION


# %% check="linear_backward" points=5
check("linear_backward", linear_forward, linear_backward, points=5)

# %% [markdown]
# ### Picture
# The time for one gradient of the weights, by trial and by your backward. Then a gradient check, entry by entry: dark
# is agreement. Beside yours, two mistakes: each of them has a face.

# %% demo="cost"
plots.backprop_cost(
    numerical_gradient,
    linear_forward,
    linear_backward,
)

# %% demo="gradient_check"
plots.backprop_gradient_check(
    numerical_gradient,
    linear_forward,
    linear_backward,
    seed=SEED,
)

# %% [markdown]
# ### Question
# In the picture `W` is $(7, 7)$. What would have happened to the first mistake with a `W` of $(7, 3)$? What do you
# learn from that about choosing sizes for a test? And why is `db` a sum, not an average?
#
# <details><summary>Answer</summary>
#
# `dout @ W` would have stopped with an error: the shapes do not fit. So test with sizes that are all different: a
# square hides every forgotten transpose. And each of the $N$ rows got its own copy of `b`, so each adds its share of
# the blame. The $1/N$ of an average belongs to the loss, and `dout` brings it along.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layer, x, dout = torch.nn.Linear(3, 2), torch.randn(5, 3), torch.randn(5, 2)
# layer(x).backward(dout)
# W, b = (p.detach().numpy() for p in (layer.weight.T, layer.bias))
# _, dW, db = linear_backward(dout.numpy(), linear_forward(x.numpy(), W, b)[1])
# (layer.weight.grad.T, layer.bias.grad), (dW, db)
# ```
#
# </details>

# %% [markdown]
# ## 4 · Lines upon lines
#
# ### Idea
# One linear layer draws straight borders, and three spiral arms need bent ones. More layers, then? Two of
# them, or five: the next picture will show the very same straight borders. What a waste of weights.

# %% [markdown]
# ### Equation
#
# Put two layers in a row, and multiply out:
#
# $$(x W_1 + b_1)\,W_2 + b_2 = x\,W + b \qquad\text{for every } x$$
#
# - $W_1$ $(D, H)$, $b_1$ $(H,)$, $W_2$ $(H, C)$, $b_2$ $(C,)$: the two layers;
# - $W$ $(D, C)$, $b$ $(C,)$: the single layer that you are looking for.
#
# Lecture 002 writes samples as columns, $W_2 W_1 x$. With samples as rows, the order turns round.


# %% exercise="collapse" core=1
def collapse(W1, b1, W2, b2):
    """Return the one linear layer that two in a row amount to.

    x @ W + b equals (x @ W1 + b1) @ W2 + b2 for every x (lecture 002,
    where x is a column and the product is therefore W2 W1).

    Parameters
    ----------
    W1 : ndarray of shape (D, H)
    b1 : ndarray of shape (H,)
    W2 : ndarray of shape (H, C)
    b2 : ndarray of shape (C,)

    Returns
    -------
    W : ndarray of shape (D, C)
    b : ndarray of shape (C,)
    """
    ### BEGIN SOLUTION
    return W1 @ W2, b1 @ W2 + b2
    ### END SOLUTION


# %% check="collapse" points=3
check("collapse", collapse, points=3)

# %% [markdown]
# ### Picture
# Networks of your linear layers, trained on the spirals. The dashed borders in the second panel are those of your
# single layer. In the last panel, one thing is new.

# %% demo="collapse_regions"
plots.backprop_collapse(linear_forward, linear_backward, collapse)

# %% [markdown]
# ### Question
# The percentages count new points. Guessing gives 33%. Would a hundred linear layers reach 60%? And what did the ReLU
# change?
#
# <details><summary>Answer</summary>
#
# No: a hundred collapse into one just as two do, and 50% is what one layer has to give. The ReLU bends: it is not
# linear, so nothing can be multiplied out any more. Every hidden unit adds a line along which the border may turn.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# two = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
# W, b = collapse(*[p.detach().numpy().T for p in two.parameters()])
# two(torch.ones(1, 4)), np.ones((1, 4)) @ W + b
# ```
#
# </details>

# %% [markdown]
# ## 5 · Six ways to bend
#
# ### Idea
# Any curve in place of the straight line prevents the collapse. But there are good and bad ones: with the one that
# textbooks began with, the gradient of a deep network is gone before it reaches the first layers. You will
# measure it.

# %% [markdown]
# ### Equation
#
# Element by element, $\mathrm{out} = f(x)$ and $dx = \mathrm{dout}\cdot f'(x)$. ELU is from
# [Clevert et al. (2015)](https://arxiv.org/abs/1511.07289); lectures 000 and 001 have the others too.
#
# | name | $f(x)$ | |
# |---|---|---|
# | `sigmoid` | $1 / (1 + e^{-x})$ | |
# | `tanh` | $(e^x - e^{-x}) / (e^x + e^{-x})$ | |
# | `relu` | $\max(0, x)$ | |
# | `leaky_relu` | $x$ for $x > 0$, else $s\,x$ | $s$: `slope` |
# | `elu` | $x$ for $x > 0$, else $\alpha\,(e^x - 1)$ | $\alpha$: `alpha` |
# | `softplus` | $\log(1 + e^x)$ | |
#

# %% [markdown]
# An activation keeps no cache: its backward gets `x`, what the forward was *given*, not what it returned. Where $f$ has
# a kink, at 0, take the slope from the left, as PyTorch does: 0 for `relu`, $s$ for `leaky_relu`, $\alpha$ for `elu`.
#
# **Mind large numbers.** `np.exp(1000)` is `inf`, and `inf / inf` is `nan`. An exponential is safe where its argument
# is not positive, and each of these formulas can be rewritten so that it is. `np.where` does not help by itself: it
# computes both sides before it chooses.
#
# From here on a cell may hold two functions. Each is checked by itself and is worth half of the points.


# %% exercise="sigmoid" core=2
def sigmoid(x):
    """Return 1 / (1 + exp(-x)), element by element (lectures 001, 002).

    Finite for every x, +-1000 too, and accurate relative to itself where
    it is small: sigmoid(-40) is about exp(-40), not 0.

    Parameters
    ----------
    x : ndarray of any shape

    Returns
    -------
    out : ndarray of the shape of x; between 0 and 1
    """
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)
    ### END SOLUTION


def sigmoid_backward(dout, x):
    """Return the gradient of the loss in x, for out = sigmoid(x).

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what sigmoid was given, not what it returned

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    out = sigmoid(x)
    return dout * out * (1 - out)
    ### END SOLUTION


# %% check="sigmoid" points=4
check("sigmoid", sigmoid, sigmoid_backward, points=4)


# %% exercise="tanh" extra=1
def tanh(x):
    """Return the hyperbolic tangent, element by element (lecture 001).

    (exp(x) - exp(-x)) / (exp(x) + exp(-x)), finite for every x. np.tanh may
    be used; it also keeps the digits of a tiny x, of which the quotient
    loses most (good to know, not asked for).

    Parameters
    ----------
    x : ndarray of any shape

    Returns
    -------
    out : ndarray of the shape of x; between -1 and 1
    """
    ### BEGIN SOLUTION
    return np.tanh(x)
    ### END SOLUTION


def tanh_backward(dout, x):
    """Return the gradient of the loss in x, for out = tanh(x).

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what tanh was given, not what it returned

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return dout * (1 - np.tanh(x) ** 2)
    ### END SOLUTION


# %% check="tanh" points=2
check("tanh", tanh, tanh_backward, points=2)


# %% exercise="relu" core=1
def relu(x):
    """Return max(0, x), element by element (lectures 001, 002).

    Parameters
    ----------
    x : ndarray of any shape

    Returns
    -------
    out : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


def relu_backward(dout, x):
    """Return the gradient of the loss in x, for out = relu(x).

    There is no slope at exactly 0; as in PyTorch, 0 is taken for it.

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what relu was given

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return dout * (x > 0)
    ### END SOLUTION


# %% check="relu" points=2
check("relu", relu, relu_backward, points=2)


# %% exercise="leaky_relu" extra=1
def leaky_relu(x, slope=0.1):
    """Return x where it is positive, slope * x elsewhere.

    max(slope * x, x) in lecture 001, with slope = 0.1 as there; PyTorch's
    default is 0.01.

    Parameters
    ----------
    x : ndarray of any shape
    slope : float in [0, 1]

    Returns
    -------
    out : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, x, slope * x)
    ### END SOLUTION


def leaky_relu_backward(dout, x, slope=0.1):
    """Return the gradient of the loss in x, for out = leaky_relu(x, slope).

    At exactly 0 the derivative is taken to be slope, as in PyTorch.

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what leaky_relu was given
    slope : float in [0, 1]

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, dout, slope * dout)
    ### END SOLUTION


# %% check="leaky_relu" points=2
check("leaky_relu", leaky_relu, leaky_relu_backward, points=2)


# %% exercise="elu" extra=2
def elu(x, alpha=1.0):
    """Return x where it is positive, alpha * (exp(x) - 1) elsewhere.

    Clevert et al. 2015; lecture 001. Finite for every x, +-1000 too. For
    tiny x, exp(x) - 1 loses most of its digits and np.expm1 keeps them
    (good to know, not asked for).

    Parameters
    ----------
    x : ndarray of any shape
    alpha : float, positive; the output falls to -alpha

    Returns
    -------
    out : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    ### END SOLUTION


def elu_backward(dout, x, alpha=1.0):
    """Return the gradient of the loss in x, for out = elu(x, alpha).

    At exactly 0 the derivative is taken to be alpha, as in PyTorch.

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what elu was given, not what it returned
    alpha : float, positive

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    slope = np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))
    return dout * slope
    ### END SOLUTION


# %% check="elu" points=3
check("elu", elu, elu_backward, points=3)


# %% exercise="softplus" extra=2
def softplus(x):
    """Return log(1 + exp(x)), element by element: a smooth relu.

    Finite for every x, +-1000 too, and accurate relative to itself where
    it is small: softplus(-40) is about exp(-40), not 0. (PyTorch returns x
    itself above 20; the two differ by less than 3e-9 there.)

    Parameters
    ----------
    x : ndarray of any shape

    Returns
    -------
    out : ndarray of the shape of x; positive
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    ### END SOLUTION


def softplus_backward(dout, x):
    """Return the gradient of the loss in x, for out = softplus(x).

    Parameters
    ----------
    dout : ndarray of the shape of x; gradient of the loss in out
    x : ndarray of any shape; what softplus was given, not what it returned

    Returns
    -------
    dx : ndarray of the shape of x
    """
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    return dout * np.where(x >= 0, 1, small) / (1 + small)
    ### END SOLUTION


# %% check="softplus" points=3
check("softplus", softplus, softplus_backward, points=3)

# %% [markdown]
# ### Picture
# All six, with the slope that your backward claims (dashed) and the slope that your forward really has (dots).

# %% demo="activations"
activations = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "elu": (elu, elu_backward),
    "softplus": (softplus, softplus_backward),
}
plots.backprop_activations(activations)

# %% [markdown]
# ### Question
# At $x = 0$ the dot of `relu` stands at 0.5, half-way up the step, where your backward returns 0. That of `leaky_relu`
# stands half-way up, too. Who is wrong, the dot or your backward?
#
# <details><summary>Answer</summary>
#
# Neither. At 0 there is no slope: 0 on the left, 1 on the right. The central difference takes a step to either
# side and reports the mean; PyTorch takes 0, by agreement. Remember this dot: a gradient check near a kink may raise a
# false alarm.
#
# </details>

# %% [markdown]
# ### Picture
# Three formulas, typed as textbooks print them, and yours. (For the sigmoid it is the other usual form,
# $e^x / (1 + e^x)$.) Predict first: where does each of them break?

# %% demo="extremes"
plots.backprop_extremes(sigmoid, softplus, elu)

# %% [markdown]
# ### Picture
# Twenty layers with random weights, of a size that is made for ReLU ($\sqrt{2/100}$,
# [He et al. 2015](https://arxiv.org/abs/1502.01852)). A gradient of size 1 starts at the end. How much of it arrives?
# Predict for sigmoid: its slope is 1/4 at the most.

# %% demo="depth"
plots.backprop_depth(activations)

# %% [markdown]
# ### Question
# By which factor does each layer of sigmoids shrink the gradient? Why does ReLU keep it, although half of its slopes
# are 0?
#
# <details><summary>Answer</summary>
#
# By about 0.3: these weights multiply a gradient by $\sqrt 2$, the slope by 1/4 or less, together at most 0.35. After
# twenty layers some $10^{-10}$ is left, and the first layers learn nothing: the *vanishing gradient*. ReLU's slopes
# are 1 or 0, half of each. In the square that is a factor 1/2, and the 2 in He's weights was chosen to make up for it.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x = torch.linspace(-3, 3, 7, requires_grad=True)
# out = torch.nn.functional.elu(x)
# out.backward(torch.ones(7))
# (out, x.grad), (elu(x.detach().numpy()), elu_backward(1, x.detach().numpy()))
# ```
#
# </details>

# %% [markdown]
# ## 6 · Units that die
#
# ### Idea
# A ReLU that is given negative numbers only has slope 0 everywhere: its weights never get a gradient again. It is
# dead. One step that was too long is enough. Below, a network with a hundred hidden units after five epochs, with a
# reasonable `lr` and one that is too large.

# %% demo="dead_units"
plots.backprop_dead_units()

# %% [markdown]
# ### Equation
#
# *Maxout* ([Goodfellow et al. 2013](https://arxiv.org/abs/1302.4389); lecture 001) has no flat side. It takes the
# larger of two linear layers, element by element:
#
# $$\mathrm{out} = \max(x W_1 + b_1,\ x W_2 + b_2)$$
#
# - $W_1$, $W_2$ $(D, M)$ and $b_1$, $b_2$ $(M,)$: the two pieces.
#
# On the way back, only the piece that won has had any influence on `out`. (Where both are level the check does not
# look.)


# %% exercise="maxout_forward" extra=1
def maxout_forward(x, W1, b1, W2, b2):
    """Return the larger of two linear maps, and the cache.

    out = max(x @ W1 + b1, x @ W2 + b2), element by element
    (Goodfellow et al. 2013 with two pieces; lecture 001).

    Parameters
    ----------
    x : ndarray of shape (N, D)
    W1, W2 : ndarray of shape (D, M)
    b1, b2 : ndarray of shape (M,)

    Returns
    -------
    out : ndarray of shape (N, M)
    cache : whatever maxout_backward needs
    """
    ### BEGIN SOLUTION
    first, second = x @ W1 + b1, x @ W2 + b2
    return np.maximum(first, second), (x, W1, W2, first > second)
    ### END SOLUTION


# %% check="maxout_forward" points=2
check("maxout_forward", maxout_forward, points=2)


# %% exercise="maxout_backward" extra=2
def maxout_backward(dout, cache):
    """Return the gradients of maxout.

    Element by element, the piece that was larger gets all of dout and the
    other one nothing.

    Parameters
    ----------
    dout : ndarray of shape (N, M); gradient of the loss in out
    cache : what your maxout_forward returned

    Returns
    -------
    dx : ndarray of shape (N, D)
    dW1 : ndarray of shape (D, M)
    db1 : ndarray of shape (M,)
    dW2 : ndarray of shape (D, M)
    db2 : ndarray of shape (M,)
    """
    ### BEGIN SOLUTION
    x, W1, W2, first_won = cache
    d1, d2 = dout * first_won, dout * ~first_won
    dx = d1 @ W1.T + d2 @ W2.T
    return dx, x.T @ d1, d1.sum(axis=0), x.T @ d2, d2.sum(axis=0)
    ### END SOLUTION


# %% check="maxout_backward" points=4
check("maxout_backward", maxout_forward, maxout_backward, points=4)

# %% [markdown]
# ### Picture
# One maxout unit with three choices of its two weights. The dashed line is your `dx`.

# %% demo="maxout"
plots.backprop_maxout(maxout_forward, maxout_backward)

# %% [markdown]
# ### Question
# Predict: can a maxout unit of two pieces become a tanh? A $\min(0, x)$? And what does it cost that it never dies?
#
# <details><summary>Answer</summary>
#
# Neither: the larger of two lines is always bent *upwards* (convex). Maxout has two weights where a ReLU has one: twice
# the memory and twice the work.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# There is no maxout in PyTorch: it is two layers and `torch.maximum`.
#
# ```python
# import torch
#
# x, one, two = torch.randn(5, 3), torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
# weights = [p.detach().numpy().T for f in (one, two) for p in f.parameters()]
# torch.maximum(one(x), two(x)), maxout_forward(x.numpy(), *weights)[0]
# ```
#
# </details>

# %% [markdown]
# ## 7 · What a mistake costs
#
# ### Idea
# The last layer gives each class a score. How wrong are they? The usual answer, typed as it is printed, works for
# scores of a few units. At 1000 it returns `nan`, and a single `nan` in a gradient turns every weight of the
# network into `nan`, for good.

# %% [markdown]
# ### Equation
#
# $$p_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}} \qquad L = -\frac1N\sum_i \log p_{i\,y_i}$$
#
# - $s_{ij}$ (`scores`, $(N, C)$): the score that sample $i$ gives class $j$;
# - $y_i$ (`y`): the true class; $p_{ij}$: the *softmax*, a probability.
#
# $L$ is the cross-entropy. Two things to do on paper. First: subtract the same number from all scores of a row. What
# changes? Which number makes every $e^s$ harmless? Second: write $-\log p_{i\,y_i} = -s_{i\,y_i} + \log\sum_k
# e^{s_{ik}}$ and take the derivative by $s_{ij}$, once for $j = y_i$, once for the others.


# %% exercise="softmax_cross_entropy" core=3
def softmax_cross_entropy(scores, y):
    """Return the mean cross-entropy of softmax(scores), and its gradient.

    p = exp(scores) / sum_j exp(scores_j) in each row;
    loss = mean over the N samples of -log p[i, y[i]]
    (PyTorch's F.cross_entropy). Finite for scores of any size, and for
    classes that are hopelessly improbable.

    Parameters
    ----------
    scores : ndarray of shape (N, C)
    y : ndarray of int, shape (N,); the true classes, 0 to C - 1

    Returns
    -------
    loss : float; the mean over the batch
    dscores : ndarray of shape (N, C); gradient of the loss in scores
    """
    ### BEGIN SOLUTION
    n = len(y)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(n), y].mean()
    dscores = np.exp(log_p)
    dscores[np.arange(n), y] -= 1
    return loss, dscores / n
    ### END SOLUTION


# %% check="softmax_cross_entropy" points=7
check("softmax_cross_entropy", softmax_cross_entropy, points=7)

# %% [markdown]
# ### Picture
# Left: a sample whose true class has the score $s$, while two others have 0. Right: the gradient of one sample.

# %% demo="softmax"
plots.backprop_softmax(softmax_cross_entropy)

# %% [markdown]
# ### Question
# Predict: what is the loss of a network that knows nothing and gives ten classes the same score? What is the sum of
# each row of `dscores`, and why?
#
# <details><summary>Answer</summary>
#
# $\log 10 \approx 2.303$. Look for this number at the first step of every training: a much larger loss means that the
# first weights are too large. The sum is 0: raising all scores together changes nothing, so there is no slope in that
# direction. What class $y$ wins, the others lose, each in proportion to its $p$.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# scores, y = torch.randn(4, 10, requires_grad=True), torch.tensor([3, 1, 4, 1])
# loss = torch.nn.functional.cross_entropy(scores, y)
# loss.backward()
# yours = softmax_cross_entropy(scores.detach().numpy(), y.numpy())
# (loss, scores.grad), yours
# ```
#
# </details>

# %% [markdown]
# ## 8 · A loss that can be satisfied
#
# ### Idea
# Softmax is never content: however far ahead the true class is, the gradient pushes on. The hinge loss asks for a
# margin, and then stops. The formula is short, and yet two libraries that claim to compute it may disagree by a factor
# of 10.

# %% [markdown]
# ### Equation
#
# ([Weston and Watkins 1999](https://www.elen.ucl.ac.be/Proceedings/esann/esannpdf/es1999-461.pdf); lectures 000, 002)
#
# $$L = \frac1N\sum_i \sum_{j \ne y_i} \max(0,\ s_{ij} - s_{i\,y_i} + \Delta)$$
#
# - $\Delta$ (`margin`): the lead that the true class should have.
#
# A term is above 0 where class $j$ comes too close. It pushes $s_{ij}$ down, *and* $s_{i\,y_i}$ up: count how many
# push. PyTorch's `F.multi_margin_loss` divides the sum by the number of classes $C$ as well.


# %% exercise="multiclass_hinge" extra=3
def multiclass_hinge(scores, y, margin=1.0):
    """Return the multiclass hinge (SVM) loss, and its gradient.

    loss_i = sum over j != y_i of max(0, s_ij - s_iy + margin), and loss
    is their mean over the N samples (Weston and Watkins 1999; lecture
    002). PyTorch's F.multi_margin_loss divides by C as well.

    Parameters
    ----------
    scores : ndarray of shape (N, C)
    y : ndarray of int, shape (N,); the true classes, 0 to C - 1
    margin : float, positive

    Returns
    -------
    loss : float; the mean over the batch
    dscores : ndarray of shape (N, C); gradient of the loss in scores
    """
    ### BEGIN SOLUTION
    rows = np.arange(len(y))
    lacking = scores - scores[rows, y][:, None] + margin
    lacking[rows, y] = 0
    dscores = (lacking > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    return np.maximum(lacking, 0).sum() / len(y), dscores / len(y)
    ### END SOLUTION


# %% check="multiclass_hinge" points=6
check("multiclass_hinge", multiclass_hinge, points=6)

# %% [markdown]
# ### Picture
# Left: both losses for one sample. Middle: your loss for random scores, and the same divided by $C$. Right: a linear
# classifier trained with one and with the other.

# %% demo="hinge"
plots.backprop_hinge(multiclass_hinge, softmax_cross_entropy, seed=SEED)

# %% [markdown]
# ### Question
# Which `lr` gives the divided loss the same training as `lr = 0.05` gives yours? Why exactly that one? And what would
# happen to a penalty on the weights, added to the loss, when the rest is divided by $C$?
#
# <details><summary>Answer</summary>
#
# `lr = 0.5`: ten classes, the gradient is a tenth, so ten times the step makes the very same steps (the rings around
# the dots). A penalty is not divided. Beside a loss that is ten times smaller it counts ten times as much: numbers for
# `lr` and `weight_decay` cannot be carried from one library to another without a look at the formula.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# scores, y = torch.randn(4, 10), torch.tensor([3, 1, 4, 1])
# divided = torch.nn.functional.multi_margin_loss(scores, y)
# 10 * divided, multiclass_hinge(scores.numpy(), y.numpy())[0]
# ```
#
# </details>

# %% [markdown]
# ## 9 · A network
#
# ### Idea
# You have all the parts. What goes wrong most often is none of them, but the joints: a mask taken from the wrong layer,
# a gradient overwritten, a penalty forgotten. Here is the whole way, there and back.

# %% [markdown]
# ### Equation
#
# (lecture 002, $f = W_2\max(0, W_1 x)$, with biases and samples as rows)
#
# $$z = x W_1 + b_1 \qquad h = \max(0, z) \qquad s = h W_2 + b_2$$
#
# $$L = \mathrm{cross\text{-}entropy}(s, y) + \lambda\Bigl(\sum W_1^2 + \sum W_2^2\Bigr)$$
#
# - $z$, $h$ $(N, H)$: the hidden layer before and after the ReLU; $s$ $(N, C)$: the scores;
# - $\lambda$ (`weight_decay`): what large weights cost. Biases are free.
#
# Call your own functions. On the way back, each gets what the one after it returned.


# %% exercise="two_layer_loss" core=3
def two_layer_loss(params, x, y, weight_decay):
    """Return the loss of a two-layer network, and all its gradients.

    scores = relu(x @ W1 + b1) @ W2 + b2, and
    loss = softmax cross-entropy (mean over the batch)
           + weight_decay * (sum(W1**2) + sum(W2**2)).
    Biases are not penalised (lecture 002's lambda R(W); PyTorch's
    weight_decay has half this gradient, and takes biases too).

    Parameters
    ----------
    params : dict of ndarray; W1 (D, H), b1 (H,), W2 (H, C), b2 (C,)
    x : ndarray of shape (N, D)
    y : ndarray of int, shape (N,); the true classes, 0 to C - 1
    weight_decay : float, 0 or larger

    Returns
    -------
    loss : float
    grads : dict of ndarray; the keys and shapes of params
    """
    ### BEGIN SOLUTION
    hidden_in, cache1 = linear_forward(x, params["W1"], params["b1"])
    hidden = relu(hidden_in)
    scores, cache2 = linear_forward(hidden, params["W2"], params["b2"])
    loss, dscores = softmax_cross_entropy(scores, y)
    grads = {}
    dhidden, grads["W2"], grads["b2"] = linear_backward(dscores, cache2)
    dhidden_in = relu_backward(dhidden, hidden_in)
    _, grads["W1"], grads["b1"] = linear_backward(dhidden_in, cache1)
    for name in ("W1", "W2"):
        loss += weight_decay * np.sum(params[name] ** 2)
        grads[name] = grads[name] + 2 * weight_decay * params[name]
    return loss, grads
    ### END SOLUTION


# %% check="two_layer_loss" points=8
check("two_layer_loss", two_layer_loss, points=8)

# %% [markdown]
# ### Picture
# A gradient check of the whole network, with two step widths. A column is a hidden unit. Look at unit 5.

# %% demo="two_layer_check"
plots.backprop_two_layer_check(numerical_gradient, two_layer_loss)

# %% [markdown]
# ### Question
# *Graded, 4 points.* For $h = 0.001$, unit 5 lights up; for $h = 10^{-5}$ it does not. Is there a mistake in the
# backward pass? What may have happened, and which other $h$ or input would you try to be sure? Then name one mistake
# that *no* gradient check can find, and say how you would find it. Four to eight sentences.

# %% [markdown] answer="what_a_check_proves" points=4
# ### BEGIN SOLUTION
# The backward pass is right: the narrow step agrees to eight digits in every entry. The wide step takes one sample
# across the kink of unit 5: its z is so near to 0 that z + h x and z - h x lie on different sides. The central
# difference then averages two slopes, and the backward reports the one that holds at z itself. To be sure I would make
# h smaller still, or check at another random input: an error at a kink goes away, a mistake in the code stays.
#
# A gradient check compares the backward with the forward of the same program. If the forward computes something else
# than was meant, and the backward is right for it, all is dark: a hinge loss divided by C, a penalty left out of both
# loss and gradient, labels in the wrong order. That is found by comparing the loss itself with another program or a
# known value, such as log C at the start.
# ### END SOLUTION

# %% [markdown]
# ### Picture
# What `weight_decay` adds to the gradient of each parameter, a dot for each.

# %% demo="weight_decay"
plots.backprop_weight_decay(two_layer_loss, seed=SEED)

# %% [markdown]
# ### Question
# Here $\lambda\sum W^2$ adds $2\lambda W$, and nothing to biases. PyTorch's optimizers take a `weight_decay` that adds
# $1\lambda w$ to *every* parameter they are given. Which number would you pass to PyTorch for our $\lambda = 0.001$?
#
# <details><summary>Answer</summary>
#
# 0.002 for the weights, and 0 for the biases, in a parameter group of their own.
#
# </details>

# %% [markdown]
# ### Picture
# The spirals again. Your network with 30 hidden units, plain gradient descent with `lr = 1`, at four moments.

# %% demo="boundary"
plots.backprop_boundary(two_layer_loss)

# %% [markdown]
# ### Question
# Play. Predict first: (1) How many hidden units does a border with one bend need? And what goes wrong with a single
# unit at start 0, but not at start 1? (2) With 100 units and 2000 steps, all of the points are right. What happens to
# the loss on new ones? (3) Find two sliders that prevent it, and one that hardly helps. (4) What does a `weight_decay`
# of 0.1 do to the border?

# %% demo="playground"
widgets.backprop_playground(two_layer_loss)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (1) Two: one unit gives a straight border. At start 0 that single unit died: its kink has moved past the points, on
# the side where it fires there are none, and nothing can move it any more. (2) It rises, while the loss on the 60
# points falls to nothing: the border goes out of its way for single points. (3) Fewer steps, or a `weight_decay` of
# 0.001. Fewer units, even 3, hardly help: lecture 002 advises to regularize a large network, not to shrink it. (4) It
# makes the border straight again: the weights are too small for bends.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# layers = [torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)]
# net, x, y = torch.nn.Sequential(*layers), torch.randn(3, 4), torch.arange(3)
# torch.nn.functional.cross_entropy(net(x), y).backward()
# weights = [p.detach().numpy().T for p in net.parameters()]
# params = dict(zip(("W1", "b1", "W2", "b2"), weights, strict=True))
# yours = two_layer_loss(params, x.numpy(), y.numpy(), weight_decay=0.0)[1]
# theirs = [p.grad.numpy().T for p in net.parameters()]
# theirs, [yours[name] for name in params]
# ```
#
# </details>

# %% [markdown]
# ## 10 · In twenty lines
#
# ### Idea
# Lecture 002 ends its recap with a whole network, training included, in about twenty lines of NumPy: one hidden
# layer of sigmoids, squared error, plain gradient descent, random numbers for data. Written anew, with your functions:


# %% demo="twenty_lines"
def twenty_lines(steps=1000, lr=1.0):
    rng = np.random.default_rng(SEED)
    x, y = rng.normal(size=(64, 100)), rng.normal(size=(64, 10))
    W1, b1 = rng.normal(size=(100, 50)) / 10, np.zeros(50)
    W2, b2 = rng.normal(size=(50, 10)) / 10, np.zeros(10)
    losses = []
    for _ in range(steps):
        z, cache1 = linear_forward(x, W1, b1)
        h = sigmoid(z)
        out, cache2 = linear_forward(h, W2, b2)
        losses.append(np.mean((out - y) ** 2))
        dout = 2 * (out - y) / out.size
        dh, dW2, db2 = linear_backward(dout, cache2)
        dz = sigmoid_backward(dh, z)
        _, dW1, db1 = linear_backward(dz, cache1)
        W1, b1 = W1 - lr * dW1, b1 - lr * db1
        W2, b2 = W2 - lr * dW2, b2 - lr * db2
    return losses


# %% demo="twenty_lines_loss"
plots.backprop_twenty_lines(twenty_lines)

# %% [markdown]
# ### Question
# The targets are random numbers that have nothing to do with `x`. And yet the loss goes far below 1, their variance.
# What has the network learned? What loss would you expect on 64 new samples? And what is the peak at the start?
#
# <details><summary>Answer</summary>
#
# It has learned 64 samples by heart: it has 5,560 parameters for 640 numbers. On new samples nothing can be right but
# by chance: at best 1, and more for a network that answers with confidence. A falling loss proves that gradients work,
# not that anything was understood.
#
# The peak: `lr = 1` is too long a step at first; with 0.5 there is none (02_sgd says why).
#
# </details>

# %% [markdown]
# ## 11 · Before and after
#
# ### Idea
# Is it worth it? Handwritten digits of 8 x 8 pixels: a single linear layer, and your two layers with a ReLU between.
# Your functions do everything, forward and back. Five seeds, each with its own first weights and its own division of
# the images. Each network may choose its `lr` from the same three, on the validation images of the first two seeds.
#
# ### Picture
# Predict first: how many of 100 new digits does the linear layer get right? And how many more do two layers? Look for a
# difference that is larger than its own spread.

# %% demo="before_and_after"
plots.backprop_before_and_after(
    linear_forward,
    linear_backward,
    relu,
    relu_backward,
    softmax_cross_entropy,
)

# %% [markdown]
# ### Question
# The linear layer does surprisingly well. Which share of its *mistakes* does the second layer remove? Why is it fairer
# to compare seed by seed than to compare the two means?
#
# <details><summary>Answer</summary>
#
# 96.2 % become 97.1 %: of ten errors two or three are gone. The means scatter by 0.9 and 0.6 points, the gain of 0.9 by
# 0.7: some divisions have harder test images than others, for both networks. Seed by seed this cancels, and what remains
# is the difference between the networks.
#
# </details>

# %% [markdown]
# ## Go further
# *Nobody grades this; you can check all of it yourself.* Choose one.
#
# 1. **A third layer.** Write `three_layer_loss(params, x, y)` with `W3` and `b3`. Your own `numerical_gradient` and
#    `relative_error` say whether it is right: below $10^{-6}$ in every parameter, for two random batches. Then train it
#    as section 11 does. Is it better than two layers, by more than the spread over five seeds?
# 2. **A larger engine.** Let each node of `backpropagate` hold an array and a function `backward(d)` in place of a
#    number, with nodes for `@`, `+` and `max`. Rebuild `two_layer_loss` from them: all gradients must agree to rounding.
# 3. **Photos.** `from helpers import data`; `data.cifar10(flat=True)` (a download of 170 MB) has 3,072 numbers an
#    image. What does your two-layer network get, 10 % being chance, and how do you know that the first loss is right?

# %%
# Your experiment.

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | samples | rows: $xW$ | columns: $Wx$ (002); PyTorch keeps $W$ as (out, in) | transposes |
# | `leaky_relu` | slope 0.1 (001) | PyTorch: 0.01 | as a default |
# | hinge | a sum over classes (000, 002) | PyTorch: divided by $C$ | for `lr`, and beside a penalty |
# | L2 penalty | gradient $2\lambda W$ (002) | PyTorch's `weight_decay`: $\lambda w$, biases too | factor 2 |
# | `softplus` | $\log(1 + e^x)$ everywhere | PyTorch: $x$ above 20 | below $10^{-8}$ |
#
# <details><summary>Read on</summary>
#
# - [CS231n, backpropagation](https://cs231n.github.io/optimization-2/): section 2 with more gates, from single numbers
#   up; its [linear classifiers](https://cs231n.github.io/linear-classify/) compare softmax and hinge loss.
# - [d2l, multilayer perceptrons](https://d2l.ai/chapter_multilayer-perceptrons/mlp.html) and
#   [backpropagation](https://d2l.ai/chapter_multilayer-perceptrons/backprop.html): the same in matrix calculus.
# - [Rumelhart, Hinton and Williams (1986)](https://doi.org/10.1038/323533a0): the four pages that made it known.
# - PyTorch: [autograd](https://docs.pytorch.org/docs/stable/notes/autograd.html),
#   [`cross_entropy`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html),
#   [`gradcheck`](https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html).
#
# </details>
#
# **Next:** 02_sgd asks how far to step along the gradient that you can now compute.
