"""linear_forward: out = x @ W + b, a sample in each row.

Lecture 002 writes W x for one column; torch.nn.functional.linear keeps W as (out, in) and computes x @ W.T + b, which
is the reference here, given W.T.
"""

import numpy as np

from autograder.exercises.backprop._layers import SIZES, draw_linear
from autograder.judge import Case, F, Function, alternative, slips

EXERCISE = Function(
    draw=draw_linear,
    reference=lambda x, W, b: (F.linear(x, W.T, b), None),
    returns=("out", None),
    section="3 · One layer, backwards",
    typical={"n": 5, "d": 4, "m": 3},
    sizes=SIZES,
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("a large offset, x + 1e4", n=5, d=4, m=3, offset=1e4),
    ],
)


def right(x, W, b):
    out = x @ W + b
    return out, (x, W)


MISTAKES = slips("""
W_transposed: x @ W -> x @ W.T
    W is transposed: it is (D, M) here, (in, out), so that x @ W fits as it is. (PyTorch keeps the transpose.)
bias_missing: x @ W + b -> x @ W
    The bias is missing: + b.

bias_for_each_sample: x @ W + b -> x @ W + b[:, None]
    b is added down the rows: every sample gets another one. Each *output* has its own bias, so (M,) is added to (N, M)
    as it is.

bias_subtracted: x @ W + b -> x @ W - b
    b is subtracted. It is added: x @ W + b.
bias_before: x @ W + b -> (x + b) @ W
    b is added to x, before the weights. It belongs to the outputs: x @ W + b.
bias_times: x @ W + b -> (x @ W) * b
    b multiplies the outputs. It is added: x @ W + b.

bias_summed: x @ W + b -> x @ W + b.sum()
    or x @ W + b -> x @ W + b.mean()
    All outputs get one and the same bias. Each has its own: (M,) is added to (N, M) as it is.

divided: x @ W + b -> (x @ W + b) / len(x)
    or x @ W + b -> x @ W / len(x) + b
    The output is divided by the number of samples. Each sample has an output of its own: there is no mean here.

with_relu (core): x @ W + b -> np.maximum(x @ W + b, 0)
    Negative outputs are cut off. A linear layer has no activation of its own.
as_columns: x @ W + b -> (x @ W + b).T
    The output is transposed: samples stay in the rows, (N, M).
elementwise (core): x @ W -> x * W
    x * W multiplies element by element. Each output is a sum over all inputs: x @ W.
""")


@alternative
def with_loops(x, W, b):
    out = np.empty((len(x), len(b)), x.dtype)
    for i, row in enumerate(x):
        for j, offset in enumerate(b):
            out[i, j] = sum(row * W[:, j]) + offset
    return [out, {"x": x, "W": W}]


@alternative
def with_a_column_of_ones(x, W, b):
    ones = np.ones((x.shape[0], 1), x.dtype)
    return np.hstack([x, ones]) @ np.vstack([W, b]), lambda dout: None


HINTS = [
    "Write the shapes under the symbols: (N, D), (D, M), (M,). Which product gives (N, M)?",
    "`@` is the matrix product. A bias of shape (M,) is added to every row by itself. What will the backward need?",
    "`return x @ W + b, (x, W)`.",
]
