"""linear_backward: gradients of out = x @ W + b.

dx = dout @ W.T, dW = x.T @ dout, db = dout summed over the batch. Every sample uses the same W and b: their gradients
are sums; the 1/N comes with dout, from the loss. Reference: autograd.
"""

import numpy as np

from autograder.exercises.backprop import linear_forward
from autograder.exercises.backprop._layers import SIZES, draw_linear
from autograder.judge import Case, F, Layer, alternative, slips

EXERCISE = Layer(
    functions=("linear_forward", "linear_backward"),
    draw=draw_linear,
    reference=lambda x, W, b: F.linear(x, W.T, b),
    gradients=("x", "W", "b"),
    section="3 · One layer, backwards",
    typical={"n": 5, "d": 4, "m": 3},
    sizes=SIZES,
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
)


def backward(dout, cache):
    x, W = cache
    dx = dout @ W.T
    dW = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dW, db


right = linear_forward.right, backward

MISTAKES = slips("""
db_averaged: dout.sum(axis=0) -> dout.mean(axis=0)
    db is averaged over the batch. Every sample uses the same bias, so its contributions add up; the 1/N, if there is
    one, comes with dout from the loss.

dW_averaged: x.T @ dout -> x.T @ dout / len(dout)
    dW is divided by N. The product x.T @ dout sums over the samples, and so it stays; the 1/N comes with dout.

parameters_averaged:
    x.T @ dout -> x.T @ dout / len(dout)
    dout.sum(axis=0) -> dout.mean(axis=0)
    dW and db are divided by N. A layer does not know of the mean: the 1/N comes with dout, from the loss.

all_averaged: -> dout = dout / len(dout)
    All gradients are divided by N. A layer does not know of the mean: the 1/N comes with dout, from the loss.
dx_averaged: dout @ W.T -> dout @ W.T / len(dout)
    dx is divided by N. Each sample has its own row of dx, and nothing is averaged; the 1/N comes with dout.
dx_without_transpose: dout @ W.T -> dout @ W
    dx is dout @ W. On the way back W is walked from its outputs to its inputs: dout @ W.T. (Square matrices hide it.)
dx_transposed: dout @ W.T -> W @ dout.T
    dx is transposed: it has the shape of x, (N, D).
dW_transposed: x.T @ dout -> dout.T @ x
    dW is transposed. A gradient has the shape of its parameter, (D, M): x.T @ dout.
dW_without_transpose: x.T @ dout -> x @ dout
    dW is x @ dout. The sum has to go over the samples: x.T @ dout. (Square matrices hide it.)
dout_forgotten_in_dx: dout @ W.T -> np.ones_like(dout) @ W.T
    dx does not depend on `dout`: it is the derivative of out in x. The chain rule multiplies it by dout: dout @ W.T.
db_over_outputs: dout.sum(axis=0) -> dout.sum(axis=1)
    db is summed over the outputs, one number for each sample. Sum over the samples, axis 0: one for each output.
db_keepdims (detail): dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    db has shape (1, M). A gradient has the shape of its parameter, (M,): no `keepdims`.
db_not_summed: dout.sum(axis=0) -> dout
    db has a row for each sample. b serves the whole batch: sum over axis 0.

db_one_number: dout.sum(axis=0) -> np.full_like(dout[0], dout.sum())
    or dout.sum(axis=0) -> dout.sum()
    db is one number for all outputs: the sum has no axis. Sum over the samples alone, axis 0.

dout_forgotten_in_db: dout.sum(axis=0) -> np.ones_like(dout[0])
    db is 1 everywhere. That is the derivative of out in b; the chain rule multiplies it by dout, and sums.

order: return dx, dW, db -> return dW, db, dx
    or return dx, dW, db -> return dW, dx, db
    or return dx, dW, db -> return dx, db, dW
    The gradients come back in another order than asked for: dx, dW, db.
""")


@alternative
def with_einsum(dout, cache):
    x, W = cache
    return np.einsum("nm,dm->nd", dout, W), np.einsum("nd,nm->dm", x, dout), np.einsum("nm->m", dout)


@alternative
def sample_by_sample(dout, cache):
    x, W = cache
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(dout[0])
    for i in range(len(x)):
        dx[i] = W @ dout[i]
        dW += np.outer(x[i], dout[i])
        db += dout[i]
    return [dx, dW, db]


HINTS = [
    "Each gradient has the shape of what it belongs to: dx (N, D), dW (D, M), db (M,). Which products of dout (N, M) "
    "with x or W have these shapes?",
    "Only one arrangement of transposes fits each shape. b was added to every row: where the forward copies, the "
    "backward sums.",
    "`dout @ W.T`, `x.T @ dout`, `dout.sum(axis=0)`.",
]
