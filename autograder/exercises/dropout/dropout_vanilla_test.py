"""dropout_vanilla_test: x scaled to what it was on average in training.

out = x * (1 - p) (Srivastava et al. 2014, section 4; lectures 003 and 004, whose p is 1 - p here). PyTorch has inverted
dropout only. Reference: the mean over both fates of a unit, x with probability 1 - p and 0 with probability p.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    shape, size = case.get("shape"), case.get("size", 1.0)
    return {"x": size * (rng.standard_normal(shape) + 0.3), "p": case.get("p")}, {}


def reference(x, p):
    fates = torch.stack([x, torch.zeros_like(x)])
    return torch.tensordot(torch.tensor([1 - p, p], dtype=x.dtype), fates, dims=1)


def unchanged(x, p):
    return x


def by_drop_probability(x, p):
    return x * p


def divided(x, p):
    return x / (1 - p)


def divided_by_p(x, p):
    return x / p if p else x


def still_random(x, p):
    return x * (np.random.default_rng(0).random(x.shape) >= p)


def random_and_scaled(x, p):
    return x * (1 - p) * (np.random.default_rng(0).random(x.shape) >= p)


def variance_kept(x, p):
    return x * (1 - p) ** 0.5


def half(x, p):
    return x * 0.5


def scaled_twice(x, p):
    return x * (1 - p) ** 2


def subtracted(x, p):
    return x - p * x


def as_a_mean(x, p):
    return np.average([x, np.zeros_like(x)], axis=0, weights=[1 - p, p]).astype(x.dtype)


def one_by_one(x, p):
    return np.array([value * (1.0 - p) for value in x.ravel()], dtype=x.dtype).reshape(x.shape)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    typical={"shape": (4, 3), "p": 0.2},
    cases=[
        Case("a vector, p = 0.25", shape=(4,), p=0.25),
        Case("a batch, p = 0.2", shape=(5, 3), p=0.2, weight=2),
        Case("a batch, p = 0.7", shape=(3, 6), p=0.7, weight=2),
        Case("p = 0.5", shape=(4, 4), p=0.5),
        Case("images", shape=(2, 3, 4, 5), p=0.3),
        Case("one number", shape=(1, 1), p=0.9),
        Case("p = 0 changes nothing", shape=(4, 3), p=0.0),
        Case("p = 0.999 leaves a thousandth", shape=(4, 3), p=0.999),
        Case("tiny numbers", shape=(4, 3), p=0.6, size=1e-30),
    ],
    mistakes=[
        Mistake(
            "unchanged",
            unchanged,
            "x comes back as it was. Vanilla dropout scales nothing in training, so at test time, with every unit there, x "
            "has to shrink to its mean.",
        ),
        Mistake(
            "scaled_by_p",
            by_drop_probability,
            "x is multiplied by p. Here p is the probability to DROP (in lectures 003 and 004: to keep); a unit was there "
            "with probability 1 - p.",
        ),
        Mistake(
            "divided",
            divided,
            "x is divided by 1 - p and grows. In training a unit was x with probability 1 - p and else 0; its mean is smaller "
            "than x.",
        ),
        Mistake(
            "divided_by_p", divided_by_p, "x is divided by p. The mean of a unit that is there with probability 1 - p?"
        ),
        Mistake(
            "still_random",
            still_random,
            "Units are still dropped. At test time nothing is random: every unit is there.",
        ),
        Mistake(
            "dropped_and_scaled",
            random_and_scaled,
            "Units are still dropped, and then scaled too. At test time every unit is there, times 1 - p.",
        ),
        Mistake(
            "root_of_keep",
            variance_kept,
            "x is multiplied by sqrt(1 - p), which keeps the mean square. Dropout keeps the mean: multiply by 1 - p.",
        ),
        Mistake("always_half", half, "x is halved whatever p is: multiply by 1 - p."),
        Mistake("scaled_twice", scaled_twice, "x is multiplied by 1 - p twice. Once is enough."),
    ],
    alternatives=[subtracted, as_a_mean, one_by_one],
    hints=[
        "In training a unit was x sometimes and 0 otherwise. What was it on average?",
        "x with probability 1 - p, 0 with probability p: the mean is (1 - p) * x + p * 0.",
        "`return x * (1 - p)`.",
    ],
)
