"""maxout_backward: each element's gradient goes to the piece that won it, and to nobody else.

Goodfellow et al. 2013; lecture 001. dx collects what comes back through both pieces. Ties, which autograd would
split, are not drawn. Reference: autograd through torch.maximum.
"""

import numpy as np
import torch

from autograder.exercises.backprop._layers import draw_maxout
from autograder.judge import Case, Layer, Mistake


def reference(x, W1, b1, W2, b2):
    return torch.maximum(x @ W1 + b1, x @ W2 + b2)


def scale(x, W1, b1, W2, b2, dout):
    """A piece that wins nowhere has the gradient 0, also where it is got as a difference of two sums."""
    weights, bias = abs(x).T @ abs(dout), abs(dout).sum(0)
    dx = abs(dout) @ np.maximum(abs(W1), abs(W2)).T
    return {"dx": dx, "dW1": weights, "dW2": weights, "db1": bias, "db2": bias}


def forward(x, W1, b1, W2, b2):
    first, second = x @ W1 + b1, x @ W2 + b2
    return np.maximum(first, second), (x, W1, W2, first > second, b1, b2)


def of(d1, d2, cache):
    """The gradients when d1 and d2 reach the two pieces."""
    x, W1, W2 = cache[:3]
    return d1 @ W1.T + d2 @ W2.T, x.T @ d1, d1.sum(0), x.T @ d2, d2.sum(0)


def right(dout, cache):
    return of(dout * cache[3], dout * ~cache[3], cache)


def both_branches(dout, cache):
    return of(dout, dout, cache)


def half_each(dout, cache):
    return of(dout / 2, dout / 2, cache)


def swapped(dout, cache):
    return of(dout * ~cache[3], dout * cache[3], cache)


def mask_of_dout(dout, cache):
    return of(dout * (dout > 0), dout * (dout <= 0), cache)


def mask_without_biases(dout, cache):
    x, W1, W2 = cache[:3]
    won = x @ W1 > x @ W2
    return of(dout * won, dout * ~won, cache)


def relu_masks(dout, cache):
    x, W1, W2, _, b1, b2 = cache
    return of(dout * (x @ W1 + b1 > 0), dout * (x @ W2 + b2 > 0), cache)


def one_piece_for_a_sample(dout, cache):
    x, W1, W2, _, b1, b2 = cache
    won = ((x @ W1 + b1).sum(1) > (x @ W2 + b2).sum(1))[:, None]
    return of(dout * won, dout * ~won, cache)


def biases_not_masked(dout, cache):
    dx, dW1, _, dW2, _ = right(dout, cache)
    return dx, dW1, dout.sum(0), dW2, dout.sum(0)


def weights_not_masked(dout, cache):
    dx, _, db1, _, db2 = right(dout, cache)
    return dx, cache[0].T @ dout, db1, cache[0].T @ dout, db2


def dx_not_masked(dout, cache):
    return dout @ cache[1].T + dout @ cache[2].T, *right(dout, cache)[1:]


def dx_first_only(dout, cache):
    return (dout * cache[3]) @ cache[1].T, *right(dout, cache)[1:]


def dx_second_only(dout, cache):
    return (dout * ~cache[3]) @ cache[2].T, *right(dout, cache)[1:]


def averaged_biases(dout, cache):
    dx, dW1, db1, dW2, db2 = right(dout, cache)
    return dx, dW1, db1 / len(dout), dW2, db2 / len(dout)


def averaged(dout, cache):
    dx, *rest = right(dout, cache)
    return dx, *(grad / len(dout) for grad in rest)


def keepdims(dout, cache):
    dx, dW1, db1, dW2, db2 = right(dout, cache)
    return dx, dW1, db1[None], dW2, db2[None]


def weights_then_biases(dout, cache):
    dx, dW1, db1, dW2, db2 = right(dout, cache)
    return dx, dW1, dW2, db1, db2


def keep_everything(x, W1, b1, W2, b2):
    return np.maximum(x @ W1 + b1, x @ W2 + b2), {"x": x, "W": (W1, W2), "b": (b1, b2)}


def winner_by_argmax(dout, cache):
    x, pairs = cache["x"], list(zip(cache["W"], cache["b"], strict=True))
    winner = np.argmax([x @ W + b for W, b in pairs], axis=0)
    dx, grads = np.zeros_like(x), []
    for k, (W, _) in enumerate(pairs):
        d = np.where(winner == k, dout, 0)
        dx += d @ W.T
        grads += [x.T @ d, d.sum(axis=0)]
    return [dx, *grads]


def as_a_relu(x, W1, b1, W2, b2):
    """max(a, b) = b + relu(a - b)."""
    gap = x @ (W1 - W2) + (b1 - b2)
    return x @ W2 + b2 + np.maximum(gap, 0), (x, W1 - W2, W2, gap)


def through_the_relu(dout, cache):
    x, W, W2, gap = cache
    dgap = np.where(gap > 0, dout, np.zeros_like(dout))
    dsecond = dout - dgap
    return dgap @ (W + W2).T + dsecond @ W2.T, x.T @ dgap, dgap.sum(0), x.T @ dsecond, dsecond.sum(0)


def one_by_one(dout, cache):
    x, W1, W2, won, *_ = cache
    dx, dW1, dW2 = np.zeros_like(x), np.zeros_like(W1), np.zeros_like(W2)
    db1, db2 = np.zeros_like(dout[0]), np.zeros_like(dout[0])
    for i, j in np.ndindex(dout.shape):
        W, dW, db = (W1, dW1, db1) if won[i, j] else (W2, dW2, db2)
        dx[i] += dout[i, j] * W[:, j]
        dW[:, j] += dout[i, j] * x[i]
        db[j] += dout[i, j]
    return dx, dW1, db1, dW2, db2


EXERCISE = Layer(
    functions=("maxout_forward", "maxout_backward"),
    draw=draw_maxout,
    reference=reference,
    gradients=("x", "W1", "b1", "W2", "b2"),
    scale=scale,
    typical={"n": 5, "d": 4, "m": 3},
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("one sample", n=1, d=4, m=6),
        Case("one input", n=8, d=1, m=3),
        Case("one output", n=8, d=4, m=1),
        Case("the first piece wins everywhere: no gradient for the second", n=6, d=3, m=4, winner=1),
        Case("the second piece wins everywhere: no gradient for the first", n=6, d=3, m=4, winner=2),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
    mistakes=[
        Mistake(
            "both_branches",
            (forward, both_branches),
            "The gradient is sent to both pieces. Only the one that won, element by element, moves the output: mask `dout` "
            "for each.",
        ),
        Mistake(
            "half_each",
            (forward, half_each),
            "Each piece gets half of the gradient. The one that won gets all of it, the other one nothing.",
        ),
        Mistake(
            "branches_swapped",
            (forward, swapped),
            "The gradient goes to the piece that lost. Exchange the masks.",
        ),
        Mistake(
            "bias_not_masked",
            (forward, biases_not_masked),
            "db1 and db2 sum all of `dout`. A bias is part of its piece: sum the masked gradient, as for its weights.",
        ),
        Mistake(
            "weights_not_masked",
            (forward, weights_not_masked),
            "dW1 and dW2 use all of `dout`. Each piece learns only where it won: use the masked gradient.",
        ),
        Mistake(
            "dx_not_masked",
            (forward, dx_not_masked),
            "dx is gathered through both pieces with all of `dout`. Use the masked gradient of each.",
        ),
        Mistake(
            "dx_one_branch",
            (forward, dx_first_only),
            "dx holds only what comes back through the first piece. x feeds both: add the two.",
        ),
        Mistake(
            "dx_one_branch",
            (forward, dx_second_only),
            "dx holds only what comes back through the second piece. x feeds both: add the two.",
        ),
        Mistake(
            "decided_by_dout",
            (forward, mask_of_dout),
            "The sign of `dout` decides who gets it. What decides is which piece was larger in the forward.",
        ),
        Mistake(
            "mask_without_biases",
            (forward, mask_without_biases),
            "The mask compares x @ W1 with x @ W2. The biases helped to decide in the forward: keep its mask in the cache.",
        ),
        Mistake(
            "relu_masks",
            (forward, relu_masks),
            "Each piece gets the gradient where it is positive: those are the masks of two ReLUs. Here the larger piece gets "
            "it, of whatever sign.",
        ),
        Mistake(
            "one_piece_for_a_sample",
            (forward, one_piece_for_a_sample),
            "All of a sample's gradient goes to one piece. Each output was decided on its own.",
        ),
        Mistake(
            "biases_averaged",
            (forward, averaged_biases),
            "db1 and db2 are averaged over the batch. Their contributions add up; the 1/N comes with dout, from the loss.",
        ),
        Mistake(
            "averaged",
            (forward, averaged),
            "The parameters' gradients are divided by N. A layer does not know of the mean: the 1/N comes with dout.",
        ),
        Mistake(
            "keepdims",
            (forward, keepdims),
            "db1 and db2 have shape (1, M). A gradient has the shape of its parameter, (M,): no `keepdims`.",
        ),
        Mistake(
            "order",
            (forward, weights_then_biases),
            "The gradients come back in another order than asked for: dx, dW1, db1, dW2, db2.",
        ),
    ],
    alternatives=[
        (forward, right),
        (keep_everything, winner_by_argmax),
        (as_a_relu, through_the_relu),
        (forward, one_by_one),
    ],
    hints=[
        "If the piece that lost had been a little larger, would the output have changed? What does that say of its gradient?",
        "Keep a mask of where the first piece won. `dout` times the mask, and times its opposite, go into two ordinary linear "
        "backwards; x fed both.",
        "`d1, d2 = dout * won, dout * ~won`; `dx = d1 @ W1.T + d2 @ W2.T`; `x.T @ d1`, `d1.sum(axis=0)`, and the same with d2.",
    ],
)
