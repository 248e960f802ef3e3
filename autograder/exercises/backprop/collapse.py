"""collapse: two linear layers without an activation are one.

(x @ W1 + b1) @ W2 + b2 = x @ (W1 @ W2) + (b1 @ W2 + b2). Lecture 002 asks why the max is needed, and writes columns:
W3 = W2 W1. Reference: torch.matmul.
"""

import numpy as np

from autograder.exercises.backprop._layers import bias, weights
from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    d, h, c = (case.get(name) for name in ("d", "h", "c"))
    return {"W1": weights(rng, d, h), "b1": bias(rng, h), "W2": weights(rng, h, c), "b2": bias(rng, c)}, {}


EXERCISE = Function(
    draw=draw,
    reference=lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W2 + b2),
    returns=("W", "b"),
    section="4 · Lines upon lines",
    typical={"d": 4, "h": 5, "c": 3},
    sizes={"d": "inputs", "h": "hidden units", "c": "outputs"},
    cases=[
        Case("two small layers", d=3, h=4, c=2),
        Case("wide ones", d=12, h=20, c=6),
        Case("all square", d=4, h=4, c=4),
        Case("as many outputs as inputs", d=3, h=5, c=3),
    ],
)


def right(W1, b1, W2, b2):
    W = W1 @ W2
    b = b1 @ W2 + b2
    return W, b


MISTAKES = slips("""
order_of_product: W1 @ W2 -> W2 @ W1
    The product is W2 @ W1. Samples are rows here, and x meets W1 first: x @ W1 @ W2. (Lecture 002 has columns, and so
    W2 W1.)

order_of_product:
    W1 @ W2 -> W2 @ W1
    b1 @ W2 -> W2 @ b1
    The products are the other way round, W2 @ W1 and W2 @ b1. Samples are rows here, and x meets W1 first: W1 @ W2, b1
    @ W2. (Lecture 002 has columns, and so W2 W1.)

b1_not_carried: b1 @ W2 + b2 -> b1 + b2
    b1 is added as it is. It is added before the second layer, and so goes through W2 as well: b1 @ W2 + b2.
b1_summed: b1 @ W2 + b2 -> b1.sum() + b2
    b1 is summed up. Each of its numbers goes through its own row of W2: b1 @ W2 + b2.
b1_lost: b1 @ W2 + b2 -> b2.copy()
    b1 is lost. It goes through the second layer too: b1 @ W2 + b2.
b2_lost: b1 @ W2 + b2 -> b1 @ W2
    b2 is lost: b1 @ W2 + b2.
b2_carried_too: b1 @ W2 + b2 -> (b1 + b2) @ W2
    b2 goes through W2 as well. It is added after the second layer, and stays as it is: b1 @ W2 + b2.
b1_wrong_way: b1 @ W2 -> W2 @ b1
    b1 goes through W2 the wrong way round, W2 @ b1. It is a row, like a sample: b1 @ W2.
b1_through_W1: b1 @ W2 -> W1 @ b1
    b1 is multiplied by W1. It comes after W1, and meets W2: b1 @ W2.
W_transposed: W1 @ W2 -> (W1 @ W2).T
    W is transposed: it is (D, C), so that x @ W fits.
b_keepdims (detail): b1 @ W2 + b2 -> (b1 @ W2 + b2)[None]
    b has shape (1, C). A bias is a vector here, (C,).

with_relu (core):
    W1 @ W2 -> np.maximum(W1, 0) @ W2
    b1 @ W2 -> np.maximum(b1, 0) @ W2
    There is a ReLU in it. The point is that there is none between the two layers: with one, they do not collapse.

elementwise (core):
    W1 @ W2 -> W1 * W2
    b1 @ W2 + b2 -> b1 * b2
    The weights are multiplied element by element. One map after the other is the matrix product, W1 @ W2.
""")


@alternative
def probed(W1, b1, W2, b2):
    """What comes out for 0 is the bias; for each unit vector, a row of W more."""

    def both(x):
        return (x @ W1 + b1) @ W2 + b2

    b = both(np.zeros(len(W1), W1.dtype))
    return both(np.eye(len(W1), dtype=W1.dtype)) - b, b


@alternative
def with_loops(W1, b1, W2, b2):
    W, b = np.zeros((W1.shape[0], W2.shape[1]), W1.dtype), b2.copy()
    for k in range(len(b1)):
        W += np.outer(W1[:, k], W2[k])
        b += b1[k] * W2[k]
    return W, b


HINTS = [
    "Write out (x @ W1 + b1) @ W2 + b2 without brackets. What stands with x, and what without?",
    "x stands with the product of both weights, in the order in which x meets them. The rest is the bias: two terms.",
    "`return W1 @ W2, b1 @ W2 + b2`.",
]
