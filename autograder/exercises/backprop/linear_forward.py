"""linear_forward: out = x @ W + b, a sample in each row.

Lecture 002 writes W x for one column; torch.nn.functional.linear keeps W as (out, in) and computes x @ W.T + b, which
is the reference here, given W.T.
"""

import numpy as np
import torch.nn.functional as F

from autograder.exercises.backprop._layers import draw_linear
from autograder.judge import Case, Function, Mistake


def reference(x, W, b):
    return F.linear(x, W.T, b), None


def transposed(x, W, b):
    return x @ W.T + b, None


def no_bias(x, W, b):
    return x @ W, None


def bias_for_each_sample(x, W, b):
    return x @ W + b[:, None], None


def bias_subtracted(x, W, b):
    return x @ W - b, None


def bias_before(x, W, b):
    return (x + b) @ W, None


def bias_times(x, W, b):
    return (x @ W) * b, None


def with_relu(x, W, b):
    return np.maximum(x @ W + b, 0), None


def as_columns(x, W, b):
    return (x @ W + b).T, None


def elementwise(x, W, b):
    return x * W + b, None


def with_einsum(x, W, b):
    return np.einsum("nd,dm->nm", x, W) + b[None], (x, W, b)


def with_loops(x, W, b):
    out = np.empty((len(x), len(b)), x.dtype)
    for i, row in enumerate(x):
        for j, offset in enumerate(b):
            out[i, j] = sum(row * W[:, j]) + offset
    return [out, {"x": x, "W": W}]


def with_a_column_of_ones(x, W, b):
    ones = np.ones((x.shape[0], 1), x.dtype)
    return np.hstack([x, ones]) @ np.vstack([W, b]), lambda dout: None


EXERCISE = Function(
    draw=draw_linear,
    reference=reference,
    returns=("out", None),
    typical={"n": 5, "d": 4, "m": 3},
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("one sample", n=1, d=5, m=3),
        Case("one input", n=6, d=1, m=4),
        Case("one output", n=6, d=4, m=1),
        Case("a large offset, x + 1e4", n=5, d=4, m=3, offset=1e4),
    ],
    mistakes=[
        Mistake(
            "W_transposed",
            transposed,
            "W is transposed: it is (D, M) here, (in, out), so that x @ W fits as it is. (PyTorch keeps the transpose.)",
        ),
        Mistake("bias_missing", no_bias, "The bias is missing: + b."),
        Mistake(
            "bias_for_each_sample",
            bias_for_each_sample,
            "b is added down the rows: every sample gets another one. Each *output* has its own bias, so (M,) is added to "
            "(N, M) as it is.",
        ),
        Mistake("bias_subtracted", bias_subtracted, "b is subtracted. It is added: x @ W + b."),
        Mistake(
            "bias_before", bias_before, "b is added to x, before the weights. It belongs to the outputs: x @ W + b."
        ),
        Mistake("bias_times", bias_times, "b multiplies the outputs. It is added: x @ W + b."),
        Mistake(
            "with_relu",
            with_relu,
            "Negative outputs are cut off. A linear layer has no activation of its own.",
        ),
        Mistake("as_columns", as_columns, "The output is transposed: samples stay in the rows, (N, M)."),
        Mistake(
            "elementwise",
            elementwise,
            "x * W multiplies element by element. Each output is a sum over all inputs: x @ W.",
        ),
    ],
    alternatives=[with_einsum, with_loops, with_a_column_of_ones],
    hints=[
        "Write the shapes under the symbols: (N, D), (D, M), (M,). Which product gives (N, M)?",
        "`@` is the matrix product. A bias of shape (M,) is added to every row by itself. What will the backward need?",
        "`return x @ W + b, (x, W)`.",
    ],
)
