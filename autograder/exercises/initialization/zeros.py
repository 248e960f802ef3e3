"""zeros: weights that are all zero.

The first pitfall of lecture 000: every hidden unit computes the same, gets the same gradient and stays the same.
Nothing is drawn. Reference: torch.zeros.
"""

import math

import numpy as np

from autograder.judge import Case, Function, alternative, remembering, slips, torch
from autograder.worker.wire import Rng


def draw(rng, case):
    seeds = rng.integers(2**31, size=len(case.get("shapes")))
    generators = [None if case.get("no_generator") else Rng(int(seed)) for seed in seeds]
    return [({"shape": shape, "rng": g}, {}) for shape, g in zip(case.get("shapes"), generators, strict=True)]


EXERCISE = Function(
    draw=draw,
    reference=lambda shape, rng: torch.zeros(shape, dtype=torch.float64),
    returns=("weights",),
    sweep="shape",
    section="2 · All zeros",
    # There are no arrays among the arguments.
    standard=("again",),
    typical={"shapes": [(3, 5), (2, 3, 4)]},
    cases=[
        Case("dense layers", shapes=[(3, 5), (5, 3), (4, 4), (1, 4), (7, 1), (1, 1)]),
        Case("kernels", shapes=[(4, 3, 5, 2), (2, 3, 4), (3, 3, 3, 3), (1, 1, 1)]),
        Case("biases", shapes=[(6,), (1,)], weight=0.5),
        Case("draws nothing: None will do for rng", shapes=[(3, 2)], no_generator=True, weight=0.5),
    ],
)


def right(shape, rng):
    return np.zeros(shape)


MISTAKES = slips("""
ones (core): np.zeros(shape) -> np.ones(shape)
    The weights are one. Zeros are asked for (ones leave all units alike just as well).
tiny (core): np.zeros(shape) -> 1e-8 * rng.standard_normal(shape)
    The weights are tiny, but not zero: that is another initialiser, `small_normal`.
flat: np.zeros(shape) -> np.zeros(math.prod(shape))
    The array is flat. Give it the whole `shape`: `np.zeros(shape)`.
transposed_shape: np.zeros(shape) -> np.zeros(shape[::-1])
    The shape is turned round. `shape` is that of the array to return.
per_unit: np.zeros(shape) -> np.zeros(shape[0])
    One zero for each unit: those would be biases. Weights have the whole `shape`.
kernel_left_out: np.zeros(shape) -> np.zeros(shape[:2])
    The kernel's axes are missing: `np.zeros(shape)`, whatever its length.

not_float64 (detail): np.zeros(shape) -> np.zeros(shape, dtype=np.float32)
    or np.zeros(shape) -> np.zeros(shape, dtype=int)
    The zeros are of another dtype: initialisers return float64, which np.zeros gives by itself.
""")


@remembering(
    "One array is handed out again and again: what its caller writes into it stands there the next time. Make a new "
    "one at each call.",
    name="overwrites_earlier_result",
    degree="detail",
)
def one_array_for_each_shape():
    kept = {}
    return lambda shape, rng: kept.setdefault(shape, np.zeros(shape))


@alternative
def from_a_list(shape, rng):
    return np.array([0.0] * math.prod(shape)).reshape(shape)


HINTS = [
    "NumPy has a function of that name.",
    "It takes the shape, and gives float64 by itself. `rng` stands there so that all initialisers are called alike.",
    "`np.zeros(shape)`.",
]
