"""weight_scaling_softmax: one pass with scaled weights is the geometric mean of all thinned networks.

softmax((1 - p) x @ W + b) equals the normalised geometric mean of softmax((x * mask) @ W + b) over all 2^n masks of the
inputs, weighted by their probabilities; exact for a linear softmax (Hinton et al. 2012, section 2; Goodfellow, Bengio
and Courville 2016, section 7.12; lecture 004: "similar to training 2^n models"). The dropout is the vanilla one,
without 1 / (1 - p). Reference: the enumeration.
"""

import itertools

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips, torch


def draw(rng, case):
    n, inputs, classes = case.get("n"), case.get("d"), case.get("k")
    x = case.get("size", 1.0) * (rng.standard_normal((n, inputs)) + 0.5)
    W = rng.standard_normal((inputs, classes))
    if case.get("apart"):
        # Along the first class's weights: its score is certain to be large, whatever was drawn.
        x[-1] = case.get("apart") * W[:, 0] / (W[:, 0] @ W[:, 0])
    return {"x": x, "W": W, "b": rng.standard_normal(classes) + case.get("offset", 0.0), "p": case.get("p")}, {}


def all_masks(n, p):
    """All masks of n inputs, and their probabilities."""
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)
    return masks, (masks * (1 - p) + (1 - masks) * p).prod(dim=1)


def reference(x, W, b, p):
    masks, chance = all_masks(x.shape[1], p)
    scores = torch.einsum("ni,mi,ik->mnk", x, masks, W) + b
    return torch.softmax(torch.einsum("m,mnk->nk", chance, torch.log_softmax(scores, dim=-1)), dim=-1)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("probs",),
    section="11 · 2ⁿ networks for the price of one",
    typical={"n": 4, "d": 3, "k": 3, "p": 0.3},
    sizes={"n": "samples", "d": "inputs", "k": "classes"},
    cases=[
        Case("two inputs, two classes, p = 0.5", n=3, d=2, k=2, p=0.5),
        Case("a batch, p = 0.2", n=6, d=4, k=3, p=0.2, weight=2),
        Case("a batch, p = 0.7", n=3, d=6, k=5, p=0.7, weight=2),
        Case("ten inputs: 1,024 thinned networks", n=2, d=10, k=3, p=0.4),
        Case("p = 0: nothing is ever dropped", n=4, d=3, k=3, p=0.0, weight=0.5),
        Case("p = 0.99: little but b is left", n=4, d=3, k=3, p=0.99),
        Case("scores in the thousands", n=4, d=3, k=3, p=0.3, size=1e3, weight=2),
        Case("one sample's scores near 0, another's in the thousands", n=4, d=3, k=3, p=0.3, apart=3000.0),
        Case("b far from 0", n=4, d=3, k=3, p=0.3, offset=-2000.0),
    ],
)


def right(x, W, b, p):
    scores = (1 - p) * x @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


MISTAKES = slips("""
not_scaled (core): (1 - p) * x @ W -> x @ W
    Nothing is scaled: that is the network without dropout. Each input was there with probability 1 - p: scale by it.
scaled_by_p: (1 - p) * x @ W -> p * x @ W
    The weights are scaled by p. Here p is the probability to DROP: scale by 1 - p.
bias_scaled: (1 - p) * x @ W + b -> (1 - p) * (x @ W + b)
    b is scaled too. Only inputs are dropped; b is there in every thinned network.
inverted_scaling: (1 - p) * x @ W -> x @ W / (1 - p)
    The weights are divided by 1 - p: the wrong way. On average less of x is there, so the scores shrink.
root_of_keep: (1 - p) * x @ W -> (1 - p) ** 0.5 * x @ W
    The weights are scaled by sqrt(1 - p). The mean of a mask is 1 - p: scale by that.
scaled_twice: (1 - p) * x @ W -> (1 - p) ** 2 * x @ W
    The scores are scaled by 1 - p twice. Once is enough.
scales_b_not_W: (1 - p) * x @ W + b -> x @ W + (1 - p) * b
    b is scaled and W is not: it is the other way round.
bias_forgotten: (1 - p) * x @ W + b -> (1 - p) * x @ W
    b is missing.

always_half: (1 - p) * x @ W -> 0.5 * x @ W
    The weights are halved whatever p is, as if all masks were equally likely. A mask that keeps k of n inputs has
    probability (1 - p)^k p^(n - k).

exponentials: powers / powers.sum(axis=1, keepdims=True) -> powers
    or scores = scores - scores.max(axis=1, keepdims=True) ->
    powers / powers.sum(axis=1, keepdims=True) -> powers
    The exponentials are not divided by their sum over the classes.

softmax_over_samples:
    scores.max(axis=1, keepdims=True) -> scores.max(axis=0)
    powers.sum(axis=1, keepdims=True) -> powers.sum(axis=0)
    or powers.sum(axis=1, keepdims=True) -> powers.sum(axis=0)
    The softmax runs over the samples. The classes of each sample sum to 1: `axis=1`.

sum_of_all: powers.sum(axis=1, keepdims=True) -> powers.sum()
    The whole batch sums to 1. The classes of each sample do: `axis=1, keepdims=True`.

scores_returned:
    scores = scores - scores.max(axis=1, keepdims=True) ->
    return powers / powers.sum(axis=1, keepdims=True) -> return scores
    These are the scores. Their softmax is asked for.

logarithms:
    powers / powers.sum(axis=1, keepdims=True) -> scores - np.log(powers.sum(axis=1, keepdims=True))
    These are the logarithms of the probabilities.

scales_probabilities:
    (1 - p) * x @ W -> x @ W
    powers / powers.sum(axis=1, keepdims=True) -> (1 - p) * powers / powers.sum(axis=1, keepdims=True)
    The probabilities are scaled and no longer sum to 1. Scale the weights, before the softmax.

overflow (detail): scores = scores - scores.max(axis=1, keepdims=True) ->
    Large scores overflow in exp: nan. Subtract the largest score of each row first; that changes nothing else.

one_maximum_for_all (detail): scores.max(axis=1, keepdims=True) -> scores.max()
    The largest score of the whole batch is subtracted: rows that lie far below it become 0 / 0. Subtract each row's
    own.
""")


def of_all_masks(x, W, b, p):
    """Each thinned network's prediction, and the probability of its mask."""
    masks, chance = (t.numpy().astype(x.dtype) for t in all_masks(x.shape[1], p))
    return np.array([right(x * mask, W, b, 0.0) for mask in masks]), chance


@mistake(
    "This is the arithmetic mean of the thinned networks' probabilities. Weight scaling gives their geometric mean: "
    "the mean of the logarithms."
)
def arithmetic_mean(x, W, b, p):
    probs, chance = of_all_masks(x, W, b, p)
    return np.tensordot(chance, probs, 1)


@mistake("The geometric means do not sum to 1: divide each row by its sum.")
def not_normalised(x, W, b, p):
    probs, chance = of_all_masks(x, W, b, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(np.tensordot(chance, np.log(probs), 1))


@alternative
def pairwise(x, W, b, p):
    """1 / sum_l exp(s_l - s_k): the largest difference decides, overflow means 0."""
    scores = (x - p * x) @ W + b
    with np.errstate(over="ignore"):
        return 1 / np.exp(scores[:, None, :] - scores[:, :, None]).sum(axis=-1)


@alternative
def by_enumeration(x, W, b, p):
    """The geometric mean itself, in logarithms of scores without their normalisation (which cancels)."""
    masks, chance = (t.numpy() for t in all_masks(x.shape[1], p))
    mean = sum(c * ((x.astype(float) * mask) @ W + b) for c, mask in zip(chance.tolist(), masks, strict=True))
    powers = np.exp(mean - mean.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(x.dtype)


HINTS = [
    "The geometric mean is the mean of logarithms. Up to a term that all classes share, the logarithm of a softmax is "
    "the score: what is the mean of the scores (x * mask) @ W + b over the masks?",
    "The mean of mask is 1 - p: the mean score is (1 - p) * x @ W + b. The shared term goes when you normalise.",
    "`scores = (1 - p) * x @ W + b`; subtract `scores.max(axis=1, keepdims=True)`; `np.exp`; divide by the sum over "
    "axis 1, with keepdims.",
]
