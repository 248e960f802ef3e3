"""dropout_vanilla_test: x scaled to what it was on average in training.

out = x * (1 - p) (Srivastava et al. 2014, section 4; lectures 003 and 004, whose p is 1 - p here). PyTorch has inverted
dropout only. Reference: the mean over both fates of a unit, x with probability 1 - p and 0 with probability p.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    shape, size = case.get("shape"), case.get("size", 1.0)
    return {"x": size * (rng.standard_normal(shape) + 0.3), "p": case.get("p")}, {}


def reference(x, p):
    fates = torch.stack([x, torch.zeros_like(x)])
    return torch.tensordot(torch.tensor([1 - p, p], dtype=x.dtype), fates, dims=1)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    section="1 · Dropout as it was invented",
    typical={"shape": (4, 3), "p": 0.2},
    forms=[{"shape": (4, 4)}, {"shape": (1, 5)}, {"shape": (3, 1)}, {"shape": (1,)}, {"shape": (2, 2, 2, 2)}],
    cases=[
        Case("a vector, p = 0.25", shape=(4,), p=0.25),
        Case("a batch, p = 0.2", shape=(5, 3), p=0.2, weight=2),
        Case("a batch, p = 0.7", shape=(3, 6), p=0.7, weight=2),
        Case("p = 0.5", shape=(4, 4), p=0.5),
        Case("images", shape=(2, 3, 4, 5), p=0.3),
        Case("p = 0 changes nothing", shape=(4, 3), p=0.0, weight=0.5),
        Case("p = 0.999 leaves a thousandth", shape=(4, 3), p=0.999),
        Case("tiny numbers", shape=(4, 3), p=0.6, size=1e-30),
    ],
)


def right(x, p):
    return x * (1 - p)


MISTAKES = slips("""
unchanged (core): x * (1 - p) -> x
    x comes back as it was. Vanilla dropout scales nothing in training, so at test time, with every unit there, x has to
    shrink to its mean.

scaled_by_p: x * (1 - p) -> x * p
    x is multiplied by p. Here p is the probability to DROP (in lectures 003 and 004: to keep); a unit was there with
    probability 1 - p.

divided: x * (1 - p) -> x / (1 - p)
    x is divided by 1 - p and grows. In training a unit was x with probability 1 - p and else 0; its mean is smaller
    than x.

divided_by_p: x * (1 - p) -> x / p
    x is divided by p. The mean of a unit that is there with probability 1 - p?
still_random (core): x * (1 - p) -> x * (np.random.default_rng(0).random(x.shape) >= p)
    Units are still dropped. At test time nothing is random: every unit is there.
dropped_and_scaled (core): x * (1 - p) -> x * (1 - p) * (np.random.default_rng(0).random(x.shape) >= p)
    Units are still dropped, and then scaled too. At test time every unit is there, times 1 - p.
root_of_keep: x * (1 - p) -> x * (1 - p) ** 0.5
    x is multiplied by sqrt(1 - p), which keeps the mean square. Dropout keeps the mean: multiply by 1 - p.
always_half: x * (1 - p) -> x * 0.5
    x is halved whatever p is: multiply by 1 - p.
scaled_twice: x * (1 - p) -> x * (1 - p) ** 2
    x is multiplied by 1 - p twice. Once is enough.
drop_added: x * (1 - p) -> x * (1 + p)
    x is multiplied by 1 + p and grows. Its mean in training was (1 - p) * x.
""")


@alternative
def as_a_mean(x, p):
    return np.average([x, np.zeros_like(x)], axis=0, weights=[1 - p, p]).astype(x.dtype)


@alternative
def one_by_one(x, p):
    return np.array([value * (1.0 - p) for value in x.ravel()], dtype=x.dtype).reshape(x.shape)


HINTS = [
    "In training a unit was x sometimes and 0 otherwise. What was it on average?",
    "x with probability 1 - p, 0 with probability p: the mean is (1 - p) * x + p * 0.",
    "`return x * (1 - p)`.",
]
