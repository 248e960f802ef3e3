"""dropout_penalty: what inverted dropout on the inputs adds to the squared loss of a linear model.

p / (1 - p) * mean_i sum_j x_ij^2 w_j^2, exact in expectation (Srivastava et al. 2014, section 9.1; Wager, Wang and
Liang 2013; lecture 004: "something similar to dropout"). Reference: the expectation itself, over all 2^D masks weighted
by their probabilities, minus the loss without dropout.
"""

import itertools

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    x = case.get("size", 1.0) * (rng.standard_normal((n, d)) + case.get("offset", 0.3))
    return {"x": x, "w": rng.standard_normal(d) * case.get("weights", 1.0), "p": case.get("p")}, {}


def reference(x, w, p):
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=x.shape[1])), dtype=x.dtype)
    chance = (masks * (1 - p) + (1 - masks) * p).prod(dim=1)
    predictions = (masks / (1 - p) * w) @ x.T
    # The target drops out of the difference: the mean over all masks of what differs is 0.
    return (chance @ (predictions - x @ w) ** 2).mean()


def scale(x, w, p):
    # Right code sums terms of one sign, the enumeration does not: rounding relative to the largest prediction. At p = 0
    # too, where all that is left of the reference is the square of a rounding error.
    return {"penalty": max(p / (1 - p), 1e-20) * float(((np.abs(x) @ np.abs(w)) ** 2).mean())}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("penalty",),
    scale=scale,
    section="10 · What dropout is in a linear model",
    typical={"n": 4, "d": 3, "p": 0.3},
    sizes={"n": "samples", "d": "inputs"},
    cases=[
        Case("a batch, p = 0.2", n=5, d=3, p=0.2),
        Case("a batch, p = 0.7", n=6, d=4, p=0.7, weight=2),
        Case("p = 0.5", n=4, d=2, p=0.5),
        Case("many samples", n=200, d=3, p=0.3),
        Case("nine inputs", n=7, d=9, p=0.4),
        Case("inputs far from 0", n=8, d=4, p=0.3, offset=20.0),
        Case("tiny inputs", n=8, d=4, p=0.3, size=1e-12),
        Case("p = 0: no penalty", n=4, d=3, p=0.0, weight=0.5),
        Case("p = 0.99", n=4, d=3, p=0.99),
        Case("w = 0: no penalty", n=4, d=3, p=0.4, weights=0.0, weight=0.5),
    ],
)


def right(x, w, p):
    factor = p / (1 - p)
    terms = (x * w) ** 2
    return factor * terms.sum(axis=1).mean()


MISTAKES = slips("""
vanilla_factor: p / (1 - p) -> p * (1 - p)
    The factor is p (1 - p), the variance of the mask. Inverted dropout divides the mask by 1 - p, and its variance by
    (1 - p)^2: p / (1 - p).

p_is_keep_probability: p / (1 - p) -> (1 - p) / p
    The factor is (1 - p) / p: p is taken for the probability to keep. Here it is the probability to drop: p / (1 - p).
factor_p: p / (1 - p) -> p
    The factor is p. It is the variance of mask / (1 - p), which is p / (1 - p).
factor_missing: p / (1 - p) -> 1.0
    The factor is missing: p / (1 - p), the variance of mask / (1 - p).
keep_squared: p / (1 - p) -> p / (1 - p) ** 2
    The factor is p / (1 - p)^2: one 1 - p cancels, p (1 - p) / (1 - p)^2.

second_moment: p / (1 - p) -> 1 / (1 - p)
    The factor is 1 / (1 - p), the mean square of mask / (1 - p). What is added to the loss is its variance, p / (1 -
    p).

summed: terms.sum(axis=1).mean() -> terms.sum()
    The samples are summed. Like the loss, the penalty is a mean over them: divide by N.
mean_of_all: terms.sum(axis=1).mean() -> terms.mean()
    The inputs are averaged too. Each adds to the penalty: sum over j, mean over the samples only.

mean_over_inputs: terms.sum(axis=1).mean() -> terms.sum(axis=0).mean()
    The sum runs over the samples and the mean over the inputs. It is the other way round: sum over j, `axis=1`, mean
    over the samples.

without_x (core): (x * w) ** 2 -> (np.ones_like(x) * w) ** 2
    The inputs are not used: that is plain L2. Dropping a large input does more harm; w_j^2 is weighted by the mean of
    x_ij^2.

squared_prediction: terms.sum(axis=1).mean() -> ((x @ w) ** 2).mean()
    The prediction x @ w is squared: first the sum, then the square. Inputs are dropped independently: square each x_ij
    w_j, then sum.

x_not_squared: (x * w) ** 2 -> np.abs(x) * w**2
    or (x * w) ** 2 -> x * w**2
    x is not squared: x_ij^2 w_j^2.

w_not_squared: (x * w) ** 2 -> x**2 * np.abs(w)
    or (x * w) ** 2 -> x**2 * w
    w is not squared: x_ij^2 w_j^2.

squares_missing: (x * w) ** 2 -> np.abs(x * w)
    or (x * w) ** 2 -> x * w
    The products are not squared: (x_ij w_j)^2.

with_half: p / (1 - p) -> p / (1 - p) / 2
    A factor 1/2 is too much: the loss here is the mean of (y - x @ w)^2, without one.
mean_before_square: (x * w) ** 2 -> np.broadcast_to(x.mean(axis=0) * w, x.shape) ** 2
    x is averaged over the samples before it is squared. Square first: mean of x_ij^2.
variance_of_x: (x * w) ** 2 -> ((x - x.mean(axis=0)) * w) ** 2
    The variance of each input is used, as if x were centred. It is the mean of x_ij^2 itself.
""")


@alternative
def with_loops(x, w, p):
    total = 0.0
    for row in x:
        for value, weight in zip(row.tolist(), w.tolist(), strict=True):
            total += (value * weight) ** 2
    return total * p / (1.0 - p) / x.shape[0]


@alternative
def gram(x, w, p):
    """The diagonal of x^T x, as a quadratic form."""
    strength = np.diag(np.diag(x.T @ x)) / len(x)
    return np.array(p / (1 - p)) * (w @ strength @ w)


HINTS = [
    "For one sample and one input: what are the mean and the variance of x * mask / (1 - p) * w?",
    "The mean is right, so what is added is the variance, x^2 w^2 * p / (1 - p). Independent inputs: variances add up. "
    "Then the mean over the samples.",
    "`p / (1 - p) * np.mean(np.sum((x * w) ** 2, axis=1))`.",
]
