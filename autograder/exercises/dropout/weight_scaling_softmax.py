"""weight_scaling_softmax: one pass with scaled weights is the geometric mean of all thinned networks.

softmax((1 - p) x @ W + b) equals the normalised geometric mean of softmax((x * mask) @ W + b) over all 2^n masks of the
inputs, weighted by their probabilities; exact for a linear softmax (Hinton et al. 2012, section 2; Goodfellow, Bengio and
Courville 2016, section 7.12; lecture 004: "similar to training 2^n models"). The dropout is the vanilla one, without
1 / (1 - p). Reference: the enumeration.
"""

import itertools

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, inputs, classes = case.get("shape")
    x = case.get("size", 1.0) * (rng.standard_normal((n, inputs)) + 0.5)
    W = rng.standard_normal((inputs, classes))
    if case.get("apart"):
        # Along the first class's weights: its score is certain to be large, whatever was drawn.
        x[-1] = case.get("apart") * W[:, 0] / (W[:, 0] @ W[:, 0])
    return {
        "x": x,
        "W": W,
        "b": rng.standard_normal(classes) + case.get("offset", 0.0),
        "p": case.get("p"),
    }, {}


def all_masks(n, p):
    """All masks of n inputs, and their probabilities."""
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)
    return masks, (masks * (1 - p) + (1 - masks) * p).prod(dim=1)


def reference(x, W, b, p):
    masks, chance = all_masks(x.shape[1], p)
    scores = torch.einsum("ni,mi,ik->mnk", x, masks, W) + b
    return torch.softmax(torch.einsum("m,mnk->nk", chance, torch.log_softmax(scores, dim=-1)), dim=-1)


def scale(x, W, b, p):
    # The exponential turns rounding of the scores into that of the probabilities.
    scores = np.abs(x) @ np.abs(W) + np.abs(b)
    return {"probs": np.maximum(1.0, scores.max(1, keepdims=True) * 1e-2)}


def softmax(scores):
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def unscaled(x, W, b, p):
    return softmax(x @ W + b)


def by_drop_probability(x, W, b, p):
    return softmax(p * x @ W + b)


def bias_too(x, W, b, p):
    return softmax((1 - p) * (x @ W + b))


def inverted(x, W, b, p):
    return softmax(x @ W / (1 - p) + b)


def bias_only(x, W, b, p):
    return softmax(x @ W + (1 - p) * b)


def without_bias(x, W, b, p):
    return softmax((1 - p) * x @ W)


def enumerated(x, W, b, p, average):
    masks, chance = (t.numpy() for t in all_masks(x.shape[1], p))
    probs = [softmax((x * mask.astype(x.dtype)) @ W + b) for mask in masks]
    return average(np.array(probs), chance).astype(x.dtype)


def arithmetic_mean(x, W, b, p):
    return enumerated(x, W, b, p, lambda probs, chance: np.tensordot(chance, probs, 1))


def masks_equally_likely(x, W, b, p):
    return softmax(0.5 * x @ W + b)


def not_normalised(x, W, b, p):
    def geometric(probs, chance):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.exp(np.tensordot(chance, np.log(probs), 1))

    return enumerated(x, W, b, p, geometric)


def exponentials(x, W, b, p):
    with np.errstate(over="ignore"):
        return np.exp((1 - p) * x @ W + b)


def over_samples(x, W, b, p):
    scores = (1 - p) * x @ W + b
    scores = np.exp(scores - scores.max(axis=0))
    return scores / scores.sum(axis=0)


def summed_over_samples(x, W, b, p):
    scores = (1 - p) * x @ W + b
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=0)


def scores_returned(x, W, b, p):
    return (1 - p) * x @ W + b


def logarithms(x, W, b, p):
    scores = (1 - p) * x @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def scaled_probabilities(x, W, b, p):
    return (1 - p) * softmax(x @ W + b)


def overflows(x, W, b, p):
    with np.errstate(all="ignore"):
        scores = np.exp((1 - p) * x @ W + b)
        return scores / scores.sum(axis=1, keepdims=True)


def one_maximum(x, W, b, p):
    with np.errstate(all="ignore"):
        scores = (1 - p) * x @ W + b
        scores = np.exp(scores - scores.max())
        return scores / scores.sum(axis=1, keepdims=True)


def scaled_weights(x, W, b, p):
    scores = np.dot(x, W * (1 - p)) + b
    shifted = scores - np.max(scores, axis=-1)[:, None]
    return np.exp(shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True)))


def pairwise(x, W, b, p):
    """1 / sum_l exp(s_l - s_k): the largest difference decides, overflow means 0."""
    scores = (x - p * x) @ W + b
    with np.errstate(over="ignore"):
        return 1 / np.exp(scores[:, None, :] - scores[:, :, None]).sum(axis=-1)


def sample_by_sample(x, W, b, p):
    rows = []
    for sample in x:
        scores = sample * (1 - p) @ W + b
        powers = np.exp(scores - max(scores))
        rows.append(powers / sum(powers))
    return np.stack(rows)


def by_enumeration(x, W, b, p):
    """The geometric mean itself, in logarithms of scores without their normalisation (which cancels)."""
    masks, chance = (t.numpy() for t in all_masks(x.shape[1], p))
    mean = sum(c * ((x.astype(float) * mask) @ W + b) for c, mask in zip(chance.tolist(), masks, strict=True))
    return softmax(mean).astype(x.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("probs",),
    typical={"shape": (4, 3, 3), "p": 0.3},
    cases=[
        Case("two inputs, two classes, p = 0.5", shape=(3, 2, 2), p=0.5),
        Case("one sample, p = 0.3", shape=(1, 5, 4), p=0.3),
        Case("a batch, p = 0.2", shape=(6, 4, 3), p=0.2, weight=2),
        Case("a batch, p = 0.7", shape=(3, 6, 5), p=0.7, weight=2),
        Case("ten inputs: 1,024 thinned networks", shape=(2, 10, 3), p=0.4),
        Case("one input", shape=(5, 1, 3), p=0.3),
        Case("p = 0: nothing is ever dropped", shape=(4, 3, 3), p=0.0),
        Case("p = 0.99: little but b is left", shape=(4, 3, 3), p=0.99),
        Case("scores in the thousands", shape=(4, 3, 3), p=0.3, size=1e3, weight=2),
        Case("one sample's scores near 0, another's in the thousands", shape=(4, 3, 3), p=0.3, apart=3000.0),
        Case("b far from 0", shape=(4, 3, 3), p=0.3, offset=-2000.0),
    ],
    mistakes=[
        Mistake(
            "not_scaled",
            unscaled,
            "Nothing is scaled: that is the network without dropout. Each input was there with probability 1 - p: scale by it.",
        ),
        Mistake(
            "scaled_by_p",
            by_drop_probability,
            "The weights are scaled by p. Here p is the probability to DROP: scale by 1 - p.",
        ),
        Mistake(
            "bias_scaled",
            bias_too,
            "b is scaled too. Only inputs are dropped; b is there in every thinned network.",
        ),
        Mistake(
            "inverted_scaling",
            inverted,
            "The weights are divided by 1 - p: the wrong way. On average less of x is there, so the scores shrink.",
        ),
        Mistake("scales_b_not_W", bias_only, "b is scaled and W is not: it is the other way round."),
        Mistake("bias_forgotten", without_bias, "b is missing."),
        Mistake(
            "arithmetic_mean",
            arithmetic_mean,
            "This is the arithmetic mean of the thinned networks' probabilities. Weight scaling gives their geometric mean: the "
            "mean of the logarithms.",
        ),
        Mistake(
            "always_half",
            masks_equally_likely,
            "The weights are halved whatever p is, as if all masks were equally likely. A mask that keeps k of n inputs has "
            "probability (1 - p)^k p^(n - k).",
        ),
        Mistake(
            "not_normalised",
            not_normalised,
            "The geometric means do not sum to 1: divide each row by its sum.",
        ),
        Mistake("exponentials", exponentials, "The exponentials are not divided by their sum over the classes."),
        Mistake(
            "softmax_over_samples",
            over_samples,
            "The softmax runs over the samples. The classes of each sample sum to 1: `axis=1`.",
        ),
        Mistake(
            "softmax_over_samples",
            summed_over_samples,
            "The sum runs over the samples. The classes of each sample sum to 1: `axis=1`.",
        ),
        Mistake("scores_returned", scores_returned, "These are the scores. Their softmax is asked for."),
        Mistake("logarithms", logarithms, "These are the logarithms of the probabilities."),
        Mistake(
            "scales_probabilities",
            scaled_probabilities,
            "The probabilities are scaled and no longer sum to 1. Scale the weights, before the softmax.",
        ),
        Mistake(
            "overflow",
            overflows,
            "Large scores overflow in exp: nan. Subtract the largest score of each row first; that changes nothing else.",
        ),
        Mistake(
            "one_maximum_for_all",
            one_maximum,
            "The largest score of the whole batch is subtracted: rows that lie far below it become 0 / 0. Subtract each row's "
            "own.",
        ),
    ],
    alternatives=[scaled_weights, pairwise, sample_by_sample, by_enumeration],
    hints=[
        "The geometric mean is the mean of logarithms. Up to a term that all classes share, the logarithm of a softmax is the "
        "score: what is the mean of the scores (x * mask) @ W + b over the masks?",
        "The mean of mask is 1 - p: the mean score is (1 - p) * x @ W + b. The shared term goes when you normalise.",
        "`scores = (1 - p) * x @ W + b`; subtract `scores.max(axis=1, keepdims=True)`; `np.exp`; divide by the sum over axis 1, "
        "with keepdims.",
    ],
)
