"""maxout_forward: the larger of two linear maps, element by element.

out = max(x @ W1 + b1, x @ W2 + b2): Goodfellow et al. 2013 with two pieces; lecture 001. With W1 = b1 = 0 it is a
ReLU layer. Reference: torch.maximum.
"""

import numpy as np
import torch

from autograder.exercises.backprop._layers import draw_maxout
from autograder.judge import Case, Function, Mistake


def reference(x, W1, b1, W2, b2):
    return torch.maximum(x @ W1 + b1, x @ W2 + b2), None


def pieces(x, W1, b1, W2, b2):
    return x @ W1 + b1, x @ W2 + b2


def smaller(*arguments):
    return np.minimum(*pieces(*arguments)), None


def added(*arguments):
    return np.add(*pieces(*arguments)), None


def not_below_zero(*arguments):
    return np.maximum(np.maximum(*pieces(*arguments)), 0), None


def weights_first(x, W1, b1, W2, b2):
    return x @ np.maximum(W1, W2) + np.maximum(b1, b2), None


def no_biases(x, W1, b1, W2, b2):
    return np.maximum(x @ W1, x @ W2), None


def biases_after(x, W1, b1, W2, b2):
    return np.maximum(x @ W1, x @ W2) + np.maximum(b1, b2), None


def one_bias(x, W1, b1, W2, b2):
    return np.maximum(x @ W1, x @ W2) + b1, None


def larger_in_size(*arguments):
    first, second = pieces(*arguments)
    return np.where(abs(first) > abs(second), first, second), None


def one_piece_for_a_sample(*arguments):
    first, second = pieces(*arguments)
    return np.where((first.sum(1) > second.sum(1))[:, None], first, second), None


def over_units(*arguments):
    first, second = pieces(*arguments)
    return np.maximum(first.max(1), second.max(1)), None


def relu_each(*arguments):
    first, second = pieces(*arguments)
    return np.maximum(first, 0) + np.maximum(second, 0), None


def with_where(x, W1, b1, W2, b2):
    first, second = x.dot(W1) + b1, x.dot(W2) + b2
    won = first > second
    return np.where(won, first, second), (x, W1, W2, won)


def relu_of_the_difference(x, W1, b1, W2, b2):
    second = x @ W2 + b2
    gap = x @ W1 + b1 - second
    return [second + gap * (gap > 0), None]


def stacked(x, W1, b1, W2, b2):
    W, b = np.stack([W1, W2]), np.stack([b1, b2])
    return (np.einsum("nd,kdm->knm", x, W) + b[:, None]).max(axis=0), {"x": x}


EXERCISE = Function(
    draw=draw_maxout,
    reference=reference,
    returns=("out", None),
    typical={"n": 5, "d": 4, "m": 3},
    cases=[
        Case("a few samples", n=4, d=3, m=2),
        Case("a batch of 32", n=32, d=8, m=5),
        Case("one sample", n=1, d=4, m=6),
        Case("one input", n=8, d=1, m=3),
        Case("one output", n=8, d=4, m=1),
        Case("the first piece wins everywhere", n=6, d=3, m=4, winner=1),
        Case("the second piece wins everywhere", n=6, d=3, m=4, winner=2),
        Case("large inputs, 1e3", n=6, d=4, m=3, size=1e3),
    ],
    mistakes=[
        Mistake("smaller_one", smaller, "The smaller of the two is taken. Maxout keeps the larger, np.maximum."),
        Mistake("sum_of_pieces", added, "The two pieces are added. Maxout keeps the larger of them."),
        Mistake(
            "not_below_zero",
            not_below_zero,
            "Negative outputs are cut off. There is no 0 in the maximum: both pieces may be negative.",
        ),
        Mistake(
            "weights_compared",
            weights_first,
            "The maximum is taken of the weights. It is the two *outputs* that are compared, sample by sample.",
        ),
        Mistake("biases_missing", no_biases, "The biases are missing: each piece is x @ W + b."),
        Mistake(
            "biases_after",
            biases_after,
            "The biases are added after the maximum. Each belongs to its piece and helps to decide which one wins.",
        ),
        Mistake(
            "one_bias",
            one_bias,
            "b1 is added whichever piece wins. Each piece has its own bias, inside the maximum.",
        ),
        Mistake(
            "larger_in_size",
            larger_in_size,
            "The piece that is larger in absolute value is taken. The larger one is the one further up: -1, not -5.",
        ),
        Mistake(
            "one_piece_for_a_sample",
            one_piece_for_a_sample,
            "A sample takes all its outputs from one piece. Each output is decided on its own.",
        ),
        Mistake(
            "over_units",
            over_units,
            "One number is left of each sample. The maximum goes over the two pieces, not over the M outputs.",
        ),
        Mistake(
            "relu_of_each",
            relu_each,
            "This is the sum of two ReLUs. Maxout is the larger of the two linear maps; there is no 0 in it.",
        ),
    ],
    alternatives=[with_where, relu_of_the_difference, stacked],
    hints=[
        "Two linear layers read the same x. What does each output do with its two candidates?",
        "np.maximum compares two arrays element by element. For the backward, keep which of the two won, and what the "
        "gradients of a linear layer need.",
        "`first, second = x @ W1 + b1, x @ W2 + b2`, then `np.maximum(first, second), (x, W1, W2, first > second)`.",
    ],
)
