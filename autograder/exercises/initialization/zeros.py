"""zeros: weights that are all zero.

The first pitfall of lecture 000: every hidden unit computes the same, gets the same gradient and stays the same. Nothing is
drawn. Reference: torch.zeros.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake
from autograder.worker.wire import Rng


def draw(rng, case):
    seeds = rng.integers(2**31, size=len(case.get("shapes")))
    generators = [None if case.get("no_generator") else Rng(int(seed)) for seed in seeds]
    return [({"shape": shape, "rng": g}, {}) for shape, g in zip(case.get("shapes"), generators, strict=True)]


def reference(shape, rng):
    return torch.zeros(shape, dtype=torch.float64)


def tiny(shape, rng):
    return 1e-8 * rng.standard_normal(shape)


def ones(shape, rng):
    return np.ones(shape)


def flat(shape, rng):
    return np.zeros(int(np.prod(shape)))


def turned(shape, rng):
    return np.zeros(shape[::-1])


def per_unit(shape, rng):
    return np.zeros(shape[0])


def first_two_axes(shape, rng):
    return np.zeros(shape[:2])


def in_float32(shape, rng):
    return np.zeros(shape, dtype=np.float32)


def in_integers(shape, rng):
    return np.zeros(shape, dtype=int)


def filled(shape, rng):
    return np.full(shape, 0.0)


def from_a_list(shape, rng):
    values = [0.0]
    for size in shape:
        values = values * size
    return np.array(values).reshape(shape)


def negative_zeros(shape, rng):
    return -np.zeros(shape, order="F")


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("weights",),
    sweep="shape",
    standard=("again",),
    cases=[
        Case("dense layers", shapes=[(3, 5), (5, 3), (1, 4), (7, 1), (1, 1)]),
        Case("kernels", shapes=[(4, 3, 5, 2), (2, 3, 4)]),
        Case("biases", shapes=[(6,)]),
        Case("draws nothing: None will do for rng", shapes=[(3, 2)], no_generator=True),
    ],
    mistakes=[
        Mistake("ones", ones, "The weights are one. Zeros are asked for (ones leave all units alike just as well)."),
        Mistake("tiny", tiny, "The weights are tiny, but not zero: that is another initialiser, `small_normal`."),
        Mistake("flat", flat, "The array is flat. Give it the whole `shape`: `np.zeros(shape)`."),
        Mistake("transposed_shape", turned, "The shape is turned round. `shape` is that of the array to return."),
        Mistake("per_unit", per_unit, "One zero for each unit: those would be biases. Weights have the whole `shape`."),
        Mistake(
            "kernel_left_out", first_two_axes, "The kernel's axes are missing: `np.zeros(shape)`, whatever its length."
        ),
    ],
    alternatives=[filled, from_a_list, negative_zeros],
    hints=[
        "NumPy has a function of that name.",
        "It takes the shape, and gives float64 by itself. `rng` stands there only so that all initialisers are called alike.",
        "`np.zeros(shape)`.",
    ],
)
