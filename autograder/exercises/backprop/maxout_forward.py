"""maxout_forward: the larger of two linear maps, element by element.

out = max(x @ W1 + b1, x @ W2 + b2): Goodfellow et al. 2013 with two pieces; lecture 001. With W1 = b1 = 0 it is a
ReLU layer. Reference: torch.maximum.
"""

import numpy as np

from autograder.exercises.backprop._layers import SIZES, draw_maxout
from autograder.judge import Case, Function, alternative, slips, torch

EXERCISE = Function(
    draw=draw_maxout,
    reference=lambda x, W1, b1, W2, b2: (torch.maximum(x @ W1 + b1, x @ W2 + b2), None),
    returns=("out", None),
    section="6 · Units that die",
    typical={"n": 5, "d": 4, "m": 3},
    sizes=SIZES,
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("as many samples as inputs and outputs", n=4, d=4, m=4),
        Case("the first piece wins everywhere", n=6, d=3, m=4, winner=1),
        Case("the second piece wins everywhere", n=6, d=3, m=4, winner=2),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
)


def right(x, W1, b1, W2, b2):
    first = x @ W1 + b1
    second = x @ W2 + b2
    out = np.maximum(first, second)
    return out, (x, W1, W2, first > second)


MISTAKES = slips("""
smaller_one: np.maximum(first, second) -> np.minimum(first, second)
    The smaller of the two is taken. Maxout keeps the larger, np.maximum.
sum_of_pieces (core): np.maximum(first, second) -> first + second
    The two pieces are added. Maxout keeps the larger of them.
mean_of_pieces (core): np.maximum(first, second) -> (first + second) / 2
    The two pieces are averaged. Maxout keeps the larger of them.
not_below_zero: np.maximum(first, second) -> np.maximum(np.maximum(first, second), 0)
    Negative outputs are cut off. There is no 0 in the maximum: both pieces may be negative.
weights_compared: np.maximum(first, second) -> x @ np.maximum(W1, W2) + np.maximum(b1, b2)
    The maximum is taken of the weights. It is the two *outputs* that are compared, sample by sample.
biases_missing: np.maximum(first, second) -> np.maximum(x @ W1, x @ W2)
    The biases are missing: each piece is x @ W + b.

biases_missing: x @ W1 + b1 -> x @ W1
    or x @ W2 + b2 -> x @ W2
    A bias is missing: each piece is x @ W + b, with its own b.

biases_swapped: np.maximum(first, second) -> np.maximum(x @ W1 + b2, x @ W2 + b1)
    The biases have changed places: b1 belongs to x @ W1, b2 to x @ W2.
biases_after: np.maximum(first, second) -> np.maximum(x @ W1, x @ W2) + np.maximum(b1, b2)
    The biases are added after the maximum. Each belongs to its piece and helps to decide which one wins.

one_bias: np.maximum(first, second) -> np.maximum(x @ W1, x @ W2) + b1
    or np.maximum(first, second) -> np.maximum(x @ W1, x @ W2) + b2
    One bias is added whichever piece wins. Each piece has its own, inside the maximum.

larger_in_size: np.maximum(first, second) -> np.where(abs(first) > abs(second), first, second)
    The piece that is larger in absolute value is taken. The larger one is the one further up: -1, not -5.
one_piece_for_a_sample: np.maximum(first, second) -> np.where(first.sum(1) > second.sum(1), first.T, second.T).T
    A sample takes all its outputs from one piece. Each output is decided on its own.
over_units (core): np.maximum(first, second) -> np.maximum(first.max(axis=1), second.max(axis=1))
    One number is left of each sample. The maximum goes over the two pieces, not over the M outputs.
relu_of_each (core): np.maximum(first, second) -> np.maximum(first, 0) + np.maximum(second, 0)
    This is the sum of two ReLUs. Maxout is the larger of the two linear maps; there is no 0 in it.
""")


@alternative
def relu_of_the_difference(x, W1, b1, W2, b2):
    second = x @ W2 + b2
    gap = x @ W1 + b1 - second
    return [second + gap * (gap > 0), None]


@alternative
def stacked(x, W1, b1, W2, b2):
    W, b = np.stack([W1, W2]), np.stack([b1, b2])
    return (np.einsum("nd,kdm->knm", x, W) + b[:, None]).max(axis=0), {"x": x}


HINTS = [
    "Two linear layers read the same x. What does each output do with its two candidates?",
    "np.maximum compares two arrays element by element. For the backward, keep which of the two won, and what the "
    "gradients of a linear layer need.",
    "`first, second = x @ W1 + b1, x @ W2 + b2`, then `np.maximum(first, second), (x, W1, W2, first > second)`.",
]
