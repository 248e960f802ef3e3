"""linear_backward: gradients of out = x @ W + b.

dx = dout @ W.T, dW = x.T @ dout, db = dout summed over the batch. Every sample uses the same W and b: their gradients
are sums; the 1/N comes with dout, from the loss. Reference: autograd.
"""

import numpy as np
import torch.nn.functional as F

from autograder.exercises.backprop._layers import draw_linear
from autograder.judge import Case, Layer, Mistake


def reference(x, W, b):
    return F.linear(x, W.T, b)


def forward(x, W, b):
    return x @ W + b, (x, W)


def right(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def averaged_bias(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW, db / len(dout)


def averaged_weights(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW / len(dout), db


def averaged_both(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW / len(dout), db / len(dout)


def averaged_all(dout, cache):
    return tuple(grad / len(dout) for grad in right(dout, cache))


def dx_without_transpose(dout, cache):
    _, dW, db = right(dout, cache)
    return dout @ cache[1], dW, db


def dx_transposed(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx.T, dW, db


def dW_transposed(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW.T, db


def dW_without_transpose(dout, cache):
    dx, _, db = right(dout, cache)
    return dx, cache[0] @ dout, db


def db_over_outputs(dout, cache):
    dx, dW, _ = right(dout, cache)
    return dx, dW, dout.sum(axis=1)


def db_keepdims(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW, db[None]


def db_not_summed(dout, cache):
    dx, dW, _ = right(dout, cache)
    return dx, dW, dout


def db_one_number(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW, np.full_like(db, dout.sum())


def db_ones(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW, np.ones_like(db)


def parameters_first(dout, cache):
    dx, dW, db = right(dout, cache)
    return dW, db, dx


def cache_of_all(x, W, b):
    return np.dot(x, W) + b, {"x": x, "W": W, "b": b}


def with_einsum(dout, cache):
    dx = np.einsum("nm,dm->nd", dout, cache["W"])
    dW = np.einsum("nd,nm->dm", cache["x"], dout)
    return dx, dW, np.einsum("nm->m", dout)


def sample_by_sample(dout, cache):
    x, W = cache
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(dout[0])
    for i in range(len(x)):
        dx[i] = W @ dout[i]
        dW += np.outer(x[i], dout[i])
        db += dout[i]
    return [dx, dW, db]


def closure(x, W, b):
    return x @ W + b, lambda dout: ((W @ dout.T).T, (dout.T @ x).T, np.ones(len(x), x.dtype) @ dout)


def call_the_closure(dout, cache):
    return cache(dout)


EXERCISE = Layer(
    functions=("linear_forward", "linear_backward"),
    draw=draw_linear,
    reference=reference,
    gradients=("x", "W", "b"),
    typical={"n": 5, "d": 4, "m": 3},
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("one sample", n=1, d=5, m=3),
        Case("one input", n=6, d=1, m=4),
        Case("one output", n=6, d=4, m=1),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
    mistakes=[
        Mistake(
            "db_averaged",
            (forward, averaged_bias),
            "db is averaged over the batch. Every sample uses the same bias, so its contributions add up; the 1/N, if there "
            "is one, comes with dout from the loss.",
        ),
        Mistake(
            "dW_averaged",
            (forward, averaged_weights),
            "dW is divided by N. The product x.T @ dout sums over the samples, and so it stays; the 1/N comes with dout.",
        ),
        Mistake(
            "parameters_averaged",
            (forward, averaged_both),
            "dW and db are divided by N. A layer does not know of the mean: the 1/N comes with dout, from the loss.",
        ),
        Mistake(
            "all_averaged",
            (forward, averaged_all),
            "All gradients are divided by N. A layer does not know of the mean: the 1/N comes with dout, from the loss.",
        ),
        Mistake(
            "dx_without_transpose",
            (forward, dx_without_transpose),
            "dx is dout @ W. On the way back W is walked from its outputs to its inputs: dout @ W.T. (Square matrices hide "
            "it.)",
        ),
        Mistake("dx_transposed", (forward, dx_transposed), "dx is transposed: it has the shape of x, (N, D)."),
        Mistake(
            "dW_transposed",
            (forward, dW_transposed),
            "dW is transposed. A gradient has the shape of its parameter, (D, M): x.T @ dout.",
        ),
        Mistake(
            "dW_without_transpose",
            (forward, dW_without_transpose),
            "dW is x @ dout. The sum has to go over the samples: x.T @ dout. (Square matrices hide it.)",
        ),
        Mistake(
            "db_over_outputs",
            (forward, db_over_outputs),
            "db is summed over the outputs, one number for each sample. Sum over the samples, axis 0: one for each output.",
        ),
        Mistake(
            "db_keepdims",
            (forward, db_keepdims),
            "db has shape (1, M). A gradient has the shape of its parameter, (M,): no `keepdims`.",
        ),
        Mistake(
            "db_not_summed",
            (forward, db_not_summed),
            "db has a row for each sample. b serves the whole batch: sum over axis 0.",
        ),
        Mistake(
            "db_one_number",
            (forward, db_one_number),
            "db is one number for all outputs: the sum has no axis. Sum over the samples alone, axis 0.",
        ),
        Mistake(
            "dout_forgotten_in_db",
            (forward, db_ones),
            "db is 1 everywhere. That is the derivative of out in b; the chain rule multiplies it by dout, and sums.",
        ),
        Mistake(
            "order",
            (forward, parameters_first),
            "The gradients come back in another order than asked for: dx, dW, db.",
        ),
    ],
    alternatives=[
        (forward, right),
        (cache_of_all, with_einsum),
        (forward, sample_by_sample),
        (closure, call_the_closure),
    ],
    hints=[
        "Each gradient has the shape of what it belongs to: dx (N, D), dW (D, M), db (M,). Which products of dout (N, M) with "
        "x or W have these shapes?",
        "Only one arrangement of transposes fits each shape. b was added to every row: where the forward copies, the "
        "backward sums.",
        "`dout @ W.T`, `x.T @ dout`, `dout.sum(axis=0)`.",
    ],
)
