"""dropconnect_forward: a dense layer some of whose weights are dropped, one mask for the batch.

Training: out = x @ (W * mask / (1 - p)) + b, mask of W's shape, 0 with probability p; test: out = x @ W + b (Wan et al.
2013, section 3, who draw a mask for each sample and drop biases too; lecture 003). PyTorch has no such layer. Judged by
what any right layer gives: the weights that each sample sees are read off its output.
"""

import numpy as np

from autograder.exercises.dropout import _weights
from autograder.exercises.dropout._noise import (
    Noisy,
    asking,
    bernoulli,
    copied_generator,
    fixed_number,
    global_state,
    mask_findings,
    mask_sentences,
    often_masks,
)
from autograder.judge import Case, Mistake, Procedure

SENTENCES = {
    **mask_sentences("weight", "rng.random(W.shape)"),
    "drops_outputs": "Outputs are dropped, each with all of its weights: that is dropout behind the layer. Every weight draws for "
    "itself: the mask has the shape of W.",
    "drops_inputs": "Inputs are dropped, each with all of its weights: that is dropout before the layer. Every weight draws for "
    "itself: the mask has the shape of W.",
    "mask_per_sample": "Every sample has a mask of its own (as in the paper). Asked for here: one mask of W's shape for the whole "
    "batch, and one matrix product.",
    "bias_dropped": "b is dropped too. Only W is: add b as it is.",
    "bias_scaled": "b is scaled too. Only W is: add b as it is.",
    "active_at_test": "With train=False weights are still dropped. At test time out = x @ W + b.",
    "scales_at_test": "With train=False the weights are scaled. Inverted scaling is done in training; at test time out = x @ W + b.",
    "never_drops": "Nothing is dropped in training: out is x @ W + b. (Is `train` turned round?)",
    "scaled_twice": "The weights that are kept are divided by 1 - p twice. Once is enough.",
}


def read(arrays, values, p):
    return _weights.read(LAYER, arrays, values, p)


def draw(rng, shape, dtype):
    """W of one input is met by one sample, all others by a batch."""
    return (_weights.one_sample if shape[0] == 1 else _weights.draw)(rng, shape, dtype)


def ties(axes, ndim):
    return {(0,): "drops_outputs", (1,): "drops_inputs"}.get(axes)


LAYER = Noisy(
    name="dropconnect_forward",
    arguments=("x", "W", "b"),
    sentences=SENTENCES,
    draw=draw,
    read=read,
    judge=mask_findings,
    often=often_masks,
    ties=ties,
)


def connect(
    kept=bernoulli,
    scale=lambda p, mask: 1 / (1 - p),
    shape=lambda x, W: W.shape,
    test=lambda x, W, b, p: x @ W + b,
    ignores_train=False,
):
    """The layer in its pieces, right where they are left out."""

    def connect(x, W, b, p, rng, *, train):
        if not train and not ignores_train:
            return test(x, W, b, p), None
        mask = kept(shape(x, W), p, rng)
        with np.errstate(divide="ignore", invalid="ignore"):
            mask = (mask * scale(p, mask)).astype(x.dtype)
        if mask.ndim == 3:
            return np.einsum("nd,ndm->nm", x, W * mask) + b, mask
        return x @ (W * mask) + b, mask

    return connect


def drop(array, p, rng, train):
    """Inverted dropout of whatever it is given."""
    p = p if train else 0.0
    return array * ((rng.random(array.shape) >= p) / (1 - p)).astype(array.dtype)


def outputs(x, W, b, p, rng, *, train):
    return drop(x @ W + b, p, rng, train), None


def inputs(x, W, b, p, rng, *, train):
    return drop(x, p, rng, train) @ W + b, None


def bias_too(x, W, b, p, rng, *, train):
    return x @ drop(W, p, rng, train) + drop(b, p, rng, train), None


def bias_scaled(x, W, b, p, rng, *, train):
    return x @ drop(W, p, rng, train) + (b / (1 - p) if train else b), None


WRONG = {
    "keep_and_drop_swapped": connect(lambda shape, p, rng: rng.random(shape) < p),
    "p_is_keep_probability": connect(lambda shape, p, rng: rng.random(shape) < p, lambda p, mask: 1 / np.float64(p)),
    "not_scaled": connect(scale=lambda p, mask: 1.0),
    "scaled_twice": connect(scale=lambda p, mask: 1 / (1 - p) ** 2),
    "scaled_by_keep": connect(scale=lambda p, mask: 1 - p),
    "divided_by_p": connect(scale=lambda p, mask: 1 / np.float64(p)),
    "measured_rate": connect(scale=lambda p, mask: 1 / np.mean(mask)),
    "fixed_number": connect(fixed_number),
    "never_drops": lambda x, W, b, p, rng, *, train: (x @ W + b, None),
    "active_at_test": connect(ignores_train=True),
    "scales_at_test": connect(test=lambda x, W, b, p: x @ (W * (1 - p)) + b),
    "global_generator": connect(global_state),
    "same_draw_each_call": connect(copied_generator),
    "drops_outputs": outputs,
    "drops_inputs": inputs,
    "mask_per_sample": connect(shape=lambda x, W: (len(x), *W.shape)),
    "bias_dropped": bias_too,
    "bias_scaled": bias_scaled,
}


def by_copying(x, W, b, p, rng, *, train):
    """Zeros written into a copy of W."""
    weights = W.copy()
    if train:
        weights[rng.random(W.shape) < p] = 0
        weights /= 1 - p
    return np.add(np.dot(x, weights), b), {"x": x, "weights": weights}


def difference(x, W, b, p, rng, *, train):
    """What is dropped is taken away again; right up to rounding."""
    if not train:
        return x @ W + b, []
    dropped = np.where(p > rng.uniform(0, 1, W.T.shape).T, W, 0).astype(W.dtype)
    return [(x @ W - x @ dropped) / (1 - p) + b, dropped]


def sample_by_sample(x, W, b, p, rng, *, train):
    p = p if train else 0.0
    kept = rng.choice([0.0, 1.0], W.shape, p=[p, 1 - p]).astype(W.dtype)
    rows = [sum(value * row for value, row in zip(sample, W * kept, strict=True)) / (1 - p) + b for sample in x]
    return np.array(rows, dtype=x.dtype), kept


BATCH = (8, 60)

EXERCISE = Procedure(
    ask=asking(LAYER),
    cases=[
        Case(
            "each weight is 0 or W / (1 - p), the same for all samples; b as it is",
            property="each",
            calls=[(BATCH, 0.4), ((20, 50), 0.2)],
            weight=3,
        ),
        Case(
            "any shape: one sample, one output, a wide layer", property="each", calls=[((40, 60), 0.3), ((1, 300), 0.4)]
        ),
        Case(
            "weights are dropped with probability p",
            property="each",
            calls=[((20, 2000), 0.3), ((24, 2400), 0.8)],
            weight=2,
        ),
        Case("each weight decides for itself", property="often", shape=(4, 6), p=0.4, weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", shape=BATCH, p=0.4, weight=2),
        Case(
            "with train=False out is x @ W + b",
            property="test",
            calls=[(BATCH, 0.4), ((5, 70), 0.8), (BATCH, 0.4)],
            weight=2,
        ),
        Case("p = 0 drops nothing, p = 0.99 nearly all", property="each", calls=[((5, 70), 0.0), ((20, 500), 0.99)]),
        Case("float32 in, float32 out", property="each", calls=[(BATCH, 0.4)], dtype="float32"),
        Case("leaves x, W and b as they were", property="inputs", calls=[(BATCH, 0.4)]),
        Case("a later call leaves the first result as it was", property="kept", calls=[(BATCH, 0.4)]),
    ],
    mistakes=[Mistake(name, function, SENTENCES[name]) for name, function in WRONG.items()],
    alternatives=[by_copying, difference, sample_by_sample],
    hints=[
        "In dropout units are dropped, here the connections between them. How many are there, and which array holds them?",
        "Make a mask of the shape of W, scaled by 1 / (1 - p) as in dropout_forward, and use W * mask where W stood. b stays.",
        "`scaled = (rng.random(W.shape) >= p).astype(W.dtype) / (1 - p)` in training, ones at test time; then "
        "`out = x @ (W * scaled) + b` with cache `(x, W, scaled)`.",
    ],
)
