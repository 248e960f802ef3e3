"""dropconnect_forward: a dense layer some of whose weights are dropped, one mask for the batch.

Training: out = x @ (W * mask / (1 - p)) + b, mask of W's shape, 0 with probability p; test: out = x @ W + b (Wan et al.
2013, section 3, who draw a mask for each sample and drop biases too; lecture 003). PyTorch has no such layer. Judged by
what any right layer gives: the weights that each sample sees are read off its output.
"""

import numpy as np

from autograder.exercises.dropout import _masks
from autograder.exercises.dropout._noise import asking, manners
from autograder.exercises.dropout._weights import LAYER
from autograder.judge import Case, Procedure, alternative, slips

USUAL = ((8, 60), 0.3)
SHAPES = [((20, 20), 0.4), ((30, 40), 0.3), ((1, 300), 0.4), ((80, 1), 0.4), ((1, 1), 0.4)]
BATCHES, LARGE = [USUAL, ((50, 70), 0.2)], [((20, 2000), 0.3), ((24, 2400), 0.8)]
TRAIN, TEST, WIDE = ((8, 60), 0.4, True), ((8, 60), 0.4, False), ((5, 70), 0.8, False)

EXERCISE = Procedure(
    section="5 · DropConnect: dropping weights",
    ask=asking(LAYER),
    cases=[
        Case("each weight is 0 or W / (1 - p)", asks=["scale"], calls=[((20, 240), 0.3), ((50, 70), 0.2)], weight=2.5),
        Case("all samples see the same weights; b stays", asks=["same", "bias"], calls=BATCHES, weight=1.5),
        Case("weights are dropped with probability p", asks=["rate"], calls=LARGE, weight=2),
        Case("each weight decides for itself", mode="often", calls=[((4, 6), 0.4), ((60, 200), 0.3)], weight=2.5),
        Case("all randomness comes from rng, anew at each call", mode="rng", calls=[USUAL], weight=2.5),
        Case("with train=False out is x @ W + b", mode="turns", calls=[TEST, WIDE, TRAIN], weight=9),
        Case("train, test, train: each call by its own mode", mode="turns", calls=[TRAIN, TEST, TRAIN], weight=3),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=[((5, 70), 0.0), ((50, 200), 0.99)], weight=0.5),
        *manners(USUAL, SHAPES, "any shape: square, one sample, one input, one output"),
    ],
)


def right(x, W, b, p, rng, *, train):
    if not train:
        return x @ W + b, None
    shape = W.shape
    kept = rng.random(shape) >= p
    scale = 1 / (1 - p)
    mask = (kept * scale).astype(x.dtype)
    return x @ (W * mask) + b, mask


MISTAKES = [
    *_masks.draws("weight", "W.shape"),
    *_masks.scales("weight", "W.shape"),
    _masks.buffered(right),
    *slips("""
never_drops (core): -> return x @ W + b, None
    Nothing is dropped in training: out is x @ W + b. (Is `train` turned round?)
active_at_test (core): if not train: return x @ W + b, None ->
    With train=False weights are still dropped. At test time out = x @ W + b.
scales_at_test: x @ W + b -> x @ (W * (1 - p)) + b
    With train=False the weights are scaled. Inverted scaling is done in training; at test time out = x @ W + b.
in_place (detail): return x @ (W * mask) + b, mask -> W *= mask; return x @ W + b, mask
    `W *= mask` writes into the caller's weights, and what is dropped once is lost. Make a new array: `W * mask`.

drops_outputs:
    shape = W.shape -> shape = (len(x), len(b))
    x @ (W * mask) + b -> x @ W * mask + b
    or shape = W.shape -> shape = (len(x), len(b))
    x @ (W * mask) + b -> (x @ W + b) * mask
    Outputs are dropped, each with all of its weights: that is dropout behind the layer. Every weight draws for itself:
    the mask has the shape of W.

drops_inputs:
    shape = W.shape -> shape = x.shape
    x @ (W * mask) -> (x * mask) @ W
    or shape = W.shape -> shape = (len(W), 1)
    Inputs are dropped, each with all of its weights: that is dropout before the layer. Every weight draws for itself:
    the mask has the shape of W.

mask_per_sample:
    shape = W.shape -> shape = (len(x), *W.shape)
    x @ (W * mask) -> np.einsum("nd,ndm->nm", x, W * mask)
    Every sample has a mask of its own (as in the paper). Asked for here: one mask of W's shape for the whole batch, and
    one matrix product.

bias_dropped: x @ (W * mask) + b -> x @ (W * mask) + b * (rng.random(b.shape) >= p) / (1 - p)
    b is dropped too. Only W is: add b as it is.
bias_missing: x @ (W * mask) + b -> x @ (W * mask)
    b is missing: add it as it is.
bias_scaled: x @ (W * mask) + b -> x @ (W * mask) + b * scale
    b is scaled too. Only W is: add b as it is.
"""),
]


@alternative
def by_copying(x, W, b, p, rng, *, train):
    """Zeros written into a copy of W."""
    weights = W.copy()
    if train:
        weights[rng.random(W.shape) < p] = 0
        weights /= 1 - p
    return np.add(np.dot(x, weights), b), {"x": x, "weights": weights}


@alternative
def difference(x, W, b, p, rng, *, train):
    """What is dropped is taken away again; right up to rounding."""
    if not train:
        return x @ W + b, []
    dropped = np.where(p > rng.uniform(0, 1, W.T.shape).T, W, 0).astype(W.dtype)
    return [(x @ W - x @ dropped) / (1 - p) + b, dropped]


HINTS = [
    "In dropout units are dropped, here the connections between them. How many are there, and which array holds them?",
    "Make a mask of the shape of W, scaled by 1 / (1 - p) as in dropout_forward, and use W * mask where W stood. b "
    "stays.",
    "`scaled = (rng.random(W.shape) >= p).astype(W.dtype) / (1 - p)` in training, ones at test time; then "
    "`out = x @ (W * scaled) + b` with cache `(x, W, scaled)`.",
]
