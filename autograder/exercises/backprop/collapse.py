"""collapse: two linear layers without an activation are one.

(x @ W1 + b1) @ W2 + b2 = x @ (W1 @ W2) + (b1 @ W2 + b2). Lecture 002 asks why the max is needed, and writes columns:
W3 = W2 W1. Reference: torch.matmul.
"""

import numpy as np

from autograder.exercises.backprop._layers import bias, weights
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    d, h, c = (case.get(name) for name in ("d", "h", "c"))
    return {"W1": weights(rng, d, h), "b1": bias(rng, h), "W2": weights(rng, h, c), "b2": bias(rng, c)}, {}


def reference(W1, b1, W2, b2):
    return W1 @ W2, b1 @ W2 + b2


def other_order(W1, b1, W2, b2):
    return W2 @ W1, b1 @ W2 + b2


def other_order_everywhere(W1, b1, W2, b2):
    return W2 @ W1, W2 @ b1 + b2


def not_carried(W1, b1, W2, b2):
    return W1 @ W2, b1 + b2


def only_last_bias(W1, b1, W2, b2):
    return W1 @ W2, b2


def only_first_bias(W1, b1, W2, b2):
    return W1 @ W2, b1 @ W2


def wrong_way(W1, b1, W2, b2):
    return W1 @ W2, W2 @ b1 + b2


def through_first(W1, b1, W2, b2):
    return W1 @ W2, W1 @ b1 + b2


def as_columns(W1, b1, W2, b2):
    return (W1 @ W2).T, b1 @ W2 + b2


def keepdims(W1, b1, W2, b2):
    return W1 @ W2, (b1 @ W2 + b2)[None]


def with_relu(W1, b1, W2, b2):
    return np.maximum(W1, 0) @ W2, np.maximum(b1, 0) @ W2 + b2


def elementwise(W1, b1, W2, b2):
    return W1 * W2, b1 * b2


def probed(W1, b1, W2, b2):
    """What comes out for 0 is the bias; for each unit vector, a row of W more."""

    def both(x):
        return (x @ W1 + b1) @ W2 + b2

    b = both(np.zeros(len(W1), W1.dtype))
    return both(np.eye(len(W1), dtype=W1.dtype)) - b, b


def homogeneous(W1, b1, W2, b2):
    first = np.zeros((W1.shape[0] + 1, W1.shape[1] + 1), W1.dtype)
    first[:-1, :-1], first[-1, :-1], first[-1, -1] = W1, b1, 1
    both = first @ np.vstack([W2, b2])
    return [both[:-1], both[-1]]


def with_loops(W1, b1, W2, b2):
    W, b = np.zeros((W1.shape[0], W2.shape[1]), W1.dtype), b2.copy()
    for k in range(len(b1)):
        W += np.outer(W1[:, k], W2[k])
        b += b1[k] * W2[k]
    return W, b


def columns_and_back(W1, b1, W2, b2):
    return (W2.T @ W1.T).T, W2.T @ b1 + b2


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("W", "b"),
    typical={"d": 4, "h": 5, "c": 3},
    cases=[
        Case("two small layers", d=3, h=4, c=2),
        Case("wide ones", d=12, h=20, c=6),
        Case("all square", d=4, h=4, c=4),
        Case("as many outputs as inputs", d=3, h=5, c=3),
        Case("as many outputs as hidden units", d=3, h=5, c=5),
        Case("as many inputs as hidden units", d=4, h=4, c=2),
        Case("one hidden unit", d=4, h=1, c=3),
        Case("one input, one output", d=1, h=6, c=1),
    ],
    mistakes=[
        Mistake(
            "order_of_product",
            other_order,
            "The product is W2 @ W1. Samples are rows here, and x meets W1 first: x @ W1 @ W2. (Lecture 002 has columns, and "
            "so W2 W1.)",
        ),
        Mistake(
            "order_of_product",
            other_order_everywhere,
            "The products are the other way round, W2 @ W1 and W2 @ b1. Samples are rows here, and x meets W1 first: "
            "W1 @ W2, b1 @ W2. (Lecture 002 has columns, and so W2 W1.)",
        ),
        Mistake(
            "b1_not_carried",
            not_carried,
            "b1 is added as it is. It is added before the second layer, and so goes through W2 as well: b1 @ W2 + b2.",
        ),
        Mistake("b1_lost", only_last_bias, "b1 is lost. It goes through the second layer too: b1 @ W2 + b2."),
        Mistake("b2_lost", only_first_bias, "b2 is lost: b1 @ W2 + b2."),
        Mistake(
            "b1_wrong_way",
            wrong_way,
            "b1 goes through W2 the wrong way round, W2 @ b1. It is a row, like a sample: b1 @ W2.",
        ),
        Mistake("b1_through_W1", through_first, "b1 is multiplied by W1. It comes after W1, and meets W2: b1 @ W2."),
        Mistake("W_transposed", as_columns, "W is transposed: it is (D, C), so that x @ W fits."),
        Mistake("b_keepdims", keepdims, "b has shape (1, C). A bias is a vector here, (C,)."),
        Mistake(
            "with_relu",
            with_relu,
            "There is a ReLU in it. The point is that there is none between the two layers: with one, they do not collapse.",
        ),
        Mistake(
            "elementwise",
            elementwise,
            "The weights are multiplied element by element. One map after the other is the matrix product, W1 @ W2.",
        ),
    ],
    alternatives=[probed, homogeneous, with_loops, columns_and_back],
    hints=[
        "Write out (x @ W1 + b1) @ W2 + b2 without brackets. What stands with x, and what without?",
        "x stands with the product of both weights, in the order in which x meets them. The rest is the bias: two terms.",
        "`return W1 @ W2, b1 @ W2 + b2`.",
    ],
)
