"""maxout_backward: each element's gradient goes to the piece that won it, and to nobody else.

Goodfellow et al. 2013; lecture 001. dx collects what comes back through both pieces. Ties, which autograd would
split, are not drawn. Reference: autograd through torch.maximum.
"""

import numpy as np

from autograder.exercises.backprop import maxout_forward
from autograder.exercises.backprop._layers import SIZES, draw_maxout
from autograder.judge import Case, Layer, alternative, slips, torch


def scale(x, W1, b1, W2, b2, dout):
    """A piece that wins nowhere has the gradient 0, also where it is got as a difference of two sums."""
    weights, bias = abs(x).T @ abs(dout), abs(dout).sum(0)
    dx = abs(dout) @ np.maximum(abs(W1), abs(W2)).T
    return {"dx": dx, "dW1": weights, "dW2": weights, "db1": bias, "db2": bias}


EXERCISE = Layer(
    functions=("maxout_forward", "maxout_backward"),
    draw=draw_maxout,
    reference=lambda x, W1, b1, W2, b2: torch.maximum(x @ W1 + b1, x @ W2 + b2),
    gradients=("x", "W1", "b1", "W2", "b2"),
    scale=scale,
    section="6 · Units that die",
    typical={"n": 5, "d": 4, "m": 3},
    sizes=SIZES,
    # Where weights or biases are equal the pieces tie, and the gradient is a matter of taste.
    tied=("x", "dout"),
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("the first piece wins everywhere: no gradient for the second", n=6, d=3, m=4, winner=1),
        Case("the second piece wins everywhere: no gradient for the first", n=6, d=3, m=4, winner=2),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
)


def backward(dout, cache):
    x, W1, W2, won = cache
    d1 = dout * won
    d2 = dout * ~won
    dx = d1 @ W1.T + d2 @ W2.T
    dW1, dW2 = x.T @ d1, x.T @ d2
    db1, db2 = d1.sum(axis=0), d2.sum(axis=0)
    return dx, dW1, db1, dW2, db2


right = maxout_forward.right, backward

MISTAKES = slips("""
both_branches (core):
    dout * won -> dout
    dout * ~won -> dout
    The gradient is sent to both pieces. Only the one that won, element by element, moves the output: mask `dout` for
    each.

half_each (core):
    dout * won -> dout / 2
    dout * ~won -> dout / 2
    Each piece gets half of the gradient. The one that won gets all of it, the other one nothing.

one_piece_learns:
    dout * ~won -> dout * 0
    or dout * won -> dout * 0
    One piece never gets a gradient. Both do, each where it won.

branches_swapped:
    dout * won -> dout * ~won
    dout * ~won -> dout * won
    The gradient goes to the piece that lost. Exchange the masks.

bias_not_masked:
    d1.sum(axis=0) -> dout.sum(axis=0)
    d2.sum(axis=0) -> dout.sum(axis=0)
    db1 and db2 sum all of `dout`. A bias is part of its piece: sum the masked gradient, as for its weights.

weights_not_masked:
    x.T @ d1 -> x.T @ dout
    x.T @ d2 -> x.T @ dout
    dW1 and dW2 use all of `dout`. Each piece learns only where it won: use the masked gradient.

dx_not_masked: d1 @ W1.T + d2 @ W2.T -> dout @ W1.T + dout @ W2.T
    dx is gathered through both pieces with all of `dout`. Use the masked gradient of each.
dx_one_branch: d1 @ W1.T + d2 @ W2.T -> d1 @ W1.T
    dx holds only what comes back through the first piece. x feeds both: add the two.
dx_one_branch: d1 @ W1.T + d2 @ W2.T -> d2 @ W2.T
    dx holds only what comes back through the second piece. x feeds both: add the two.

dx_averaged: d1 @ W1.T + d2 @ W2.T -> (d1 @ W1.T + d2 @ W2.T) / 2
    or d1 @ W1.T + d2 @ W2.T -> (d1 @ W1.T + d2 @ W2.T) / len(dout)
    dx is divided. x feeds both pieces, and what comes back through them adds up; the 1/N comes with `dout`.

decided_by_dout (core): x, W1, W2, won = cache -> x, W1, W2, won = cache; won = dout > 0
    The sign of `dout` decides who gets it. What decides is which piece was larger in the forward.
mask_without_biases: first > second -> x @ W1 > x @ W2
    The mask compares x @ W1 with x @ W2. The biases helped to decide in the forward: keep its mask in the cache.

relu_masks (core):
    (x, W1, W2, first > second) -> (x, W1, W2, (first > 0, second > 0))
    dout * won -> dout * won[0]
    dout * ~won -> dout * won[1]
    Each piece gets the gradient where it is positive: those are the masks of two ReLUs. Here the larger piece gets it,
    of whatever sign.

one_piece_for_a_sample: first > second -> (first.sum(1) > second.sum(1))[:, None]
    All of a sample's gradient goes to one piece. Each output was decided on its own.

biases_averaged:
    d1.sum(axis=0) -> d1.mean(axis=0)
    d2.sum(axis=0) -> d2.mean(axis=0)
    db1 and db2 are averaged over the batch. Their contributions add up; the 1/N comes with dout, from the loss.

averaged:
    dW1, dW2 = x.T @ d1, x.T @ d2 -> dW1, dW2 = x.T @ d1 / len(dout), x.T @ d2 / len(dout)
    db1, db2 = d1.sum(axis=0), d2.sum(axis=0) -> db1, db2 = d1.mean(axis=0), d2.mean(axis=0)
    The parameters' gradients are divided by N. A layer does not know of the mean: the 1/N comes with dout.

keepdims (detail):
    d1.sum(axis=0) -> d1.sum(axis=0, keepdims=True)
    d2.sum(axis=0) -> d2.sum(axis=0, keepdims=True)
    db1 and db2 have shape (1, M). A gradient has the shape of its parameter, (M,): no `keepdims`.

order: dx, dW1, db1, dW2, db2 -> dx, dW1, dW2, db1, db2
    or dx, dW1, db1, dW2, db2 -> dW1, db1, dW2, db2, dx
    The gradients come back in another order than asked for: dx, dW1, db1, dW2, db2.
""")


@alternative
def one_by_one(dout, cache):
    x, W1, W2, won = cache
    dx, dW1, dW2 = np.zeros_like(x), np.zeros_like(W1), np.zeros_like(W2)
    db1, db2 = np.zeros_like(dout[0]), np.zeros_like(dout[0])
    for i, j in np.ndindex(dout.shape):
        W, dW, db = (W1, dW1, db1) if won[i, j] else (W2, dW2, db2)
        dx[i] += dout[i, j] * W[:, j]
        dW[:, j] += dout[i, j] * x[i]
        db[j] += dout[i, j]
    return dx, dW1, db1, dW2, db2


@alternative
def as_a_relu(dout, cache):
    """max(a, b) = b + relu(a - b)."""
    x, W1, W2, won = cache
    dgap = np.where(won, dout, np.zeros_like(dout))
    dsecond = dout - dgap
    return dgap @ W1.T + dsecond @ W2.T, x.T @ dgap, dgap.sum(0), x.T @ dsecond, dsecond.sum(0)


HINTS = [
    "If the piece that lost had been a little larger, would the output have changed? What does that say of its "
    "gradient?",
    "Keep a mask of where the first piece won. `dout` times the mask, and times its opposite, go into two ordinary "
    "linear backwards; x fed both.",
    "`d1, d2 = dout * won, dout * ~won`; `dx = d1 @ W1.T + d2 @ W2.T`; `x.T @ d1`, `d1.sum(axis=0)`, and the same "
    "with d2.",
]
