"""dropout_penalty: what inverted dropout on the inputs adds to the squared loss of a linear model.

p / (1 - p) * mean_i sum_j x_ij^2 w_j^2, exact in expectation (Srivastava et al. 2014, section 9.1; Wager, Wang and Liang
2013; lecture 004: "something similar to dropout"). Reference: the expectation itself, over all 2^D masks weighted by
their probabilities, minus the loss without dropout.
"""

import itertools

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, d = case.get("shape")
    x = case.get("size", 1.0) * (rng.standard_normal((n, d)) + case.get("offset", 0.3))
    w = rng.standard_normal(d)
    return {"x": x, "w": np.zeros_like(w) if case.get("w") == "zero" else w, "p": case.get("p")}, {}


def reference(x, w, p):
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=x.shape[1])), dtype=x.dtype)
    chance = (masks * (1 - p) + (1 - masks) * p).prod(dim=1)
    predictions = (masks / (1 - p) * w) @ x.T
    # The target drops out of the difference: the mean over all masks of what differs is 0.
    return (chance @ (predictions - x @ w) ** 2).mean()


def scale(x, w, p):
    # Right code sums terms of one sign, the enumeration does not: rounding relative to the largest prediction.
    return {"penalty": p / (1 - p) * float(((np.abs(x) @ np.abs(w)) ** 2).mean())}


def each(x, w):
    return (x * w) ** 2


def vanilla(x, w, p):
    return float(p * (1 - p) * each(x, w).sum(1).mean())


def keep_probability(x, w, p):
    return float((1 - p) / p * each(x, w).sum(1).mean()) if p else float("inf")


def p_alone(x, w, p):
    return float(p * each(x, w).sum(1).mean())


def squared_keep(x, w, p):
    return float(p / (1 - p) ** 2 * each(x, w).sum(1).mean())


def inverse_keep(x, w, p):
    return float(each(x, w).sum(1).mean() / (1 - p))


def summed(x, w, p):
    return float(p / (1 - p) * each(x, w).sum())


def mean_of_all(x, w, p):
    return float(p / (1 - p) * each(x, w).mean())


def without_x(x, w, p):
    return float(p / (1 - p) * (w**2).sum())


def squared_prediction(x, w, p):
    return float(p / (1 - p) * ((x @ w) ** 2).mean())


def not_squared_x(x, w, p):
    return float(p / (1 - p) * (np.abs(x) * w**2).sum(1).mean())


def with_half(x, w, p):
    return float(p / (1 - p) / 2 * each(x, w).sum(1).mean())


def squared_mean(x, w, p):
    return float(p / (1 - p) * (x.mean(0) ** 2 * w**2).sum())


def variance(x, w, p):
    return float(p / (1 - p) * (x.var(0) * w**2).sum())


def square_missing(x, w, p):
    return float(p / (1 - p) * (np.abs(x * w)).sum(1).mean())


def by_columns(x, w, p):
    strength = np.mean(np.square(x), axis=0)
    return p / (1 - p) * (strength @ np.square(w))


def with_loops(x, w, p):
    total = 0.0
    for row in x:
        for value, weight in zip(row.tolist(), w.tolist(), strict=True):
            total += (value * weight) ** 2
    return total * p / (1.0 - p) / x.shape[0]


def gram(x, w, p):
    """The diagonal of x^T x, as a quadratic form."""
    return np.float64((1 / (1 - p) - 1) * (w @ np.diag(np.diag(x.T @ x)) @ w) / len(x))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("penalty",),
    scale=scale,
    typical={"shape": (4, 3), "p": 0.3},
    cases=[
        Case("one sample, two inputs", shape=(1, 2), p=0.5),
        Case("one input", shape=(5, 1), p=0.2),
        Case("a batch, p = 0.3", shape=(6, 4), p=0.3, weight=2),
        Case("a batch, p = 0.8", shape=(3, 7), p=0.8, weight=2),
        Case("many samples", shape=(200, 3), p=0.4),
        Case("inputs far from 0", shape=(8, 4), p=0.3, offset=20.0),
        Case("tiny inputs", shape=(8, 4), p=0.3, size=1e-12),
        Case("p = 0: no penalty", shape=(4, 3), p=0.0),
        Case("p = 0.99", shape=(4, 3), p=0.99),
        Case("w = 0: no penalty", shape=(4, 3), p=0.4, w="zero"),
    ],
    mistakes=[
        Mistake(
            "vanilla_factor",
            vanilla,
            "The factor is p (1 - p), the variance of the mask. Inverted dropout divides the mask by 1 - p, and its variance "
            "by (1 - p)^2: p / (1 - p).",
        ),
        Mistake(
            "p_is_keep_probability",
            keep_probability,
            "The factor is (1 - p) / p: p is taken for the probability to keep. Here it is the probability to drop: "
            "p / (1 - p).",
        ),
        Mistake("factor_p", p_alone, "The factor is p. It is the variance of mask / (1 - p), which is p / (1 - p)."),
        Mistake("keep_squared", squared_keep, "The factor is p / (1 - p)^2: one 1 - p cancels, p (1 - p) / (1 - p)^2."),
        Mistake(
            "second_moment",
            inverse_keep,
            "The factor is 1 / (1 - p), the mean square of mask / (1 - p). What is added to the loss is its variance, p / (1 - p).",
        ),
        Mistake(
            "summed", summed, "The samples are summed. Like the loss, the penalty is a mean over them: divide by N."
        ),
        Mistake(
            "mean_of_all",
            mean_of_all,
            "The inputs are averaged too. Each adds to the penalty: sum over j, mean over the samples only.",
        ),
        Mistake(
            "without_x",
            without_x,
            "The inputs are not used: that is plain L2. Dropping a large input does more harm; w_j^2 is weighted by the mean of "
            "x_ij^2.",
        ),
        Mistake(
            "squared_prediction",
            squared_prediction,
            "The prediction x @ w is squared: first the sum, then the square. Inputs are dropped independently: square each "
            "x_ij w_j, then sum.",
        ),
        Mistake("x_not_squared", not_squared_x, "x is not squared: x_ij^2 w_j^2."),
        Mistake("squares_missing", square_missing, "The products are not squared: (x_ij w_j)^2."),
        Mistake(
            "with_half", with_half, "A factor 1/2 is too much: the loss here is the mean of (y - x @ w)^2, without one."
        ),
        Mistake(
            "mean_before_square",
            squared_mean,
            "x is averaged over the samples before it is squared. Square first: mean of x_ij^2.",
        ),
        Mistake(
            "variance_of_x",
            variance,
            "The variance of each input is used, as if x were centred. It is the mean of x_ij^2 itself.",
        ),
    ],
    alternatives=[by_columns, with_loops, gram],
    hints=[
        "For one sample and one input: what are the mean and the variance of x * mask / (1 - p) * w?",
        "The mean is right, so what is added is the variance, x^2 w^2 * p / (1 - p). Independent inputs: variances add up. "
        "Then the mean over the samples.",
        "`p / (1 - p) * np.mean(np.sum((x * w) ** 2, axis=1))`.",
    ],
)
