"""shade: a shadow that deepens from left to right.

out[n, c, i, j] = x[n, c, i, j] ramp[j], the ramp going evenly from 1 in the first column to 1 - strength in the last
(lecture 004, "shade"). An image of one column stays as it is. Reference: torch.linspace.
"""

import numpy as np

from autograder.exercises.augmentation._images import UNCHANGED, ImageFunction, images
from autograder.judge import Case, alternative, slips, torch


def draw(rng, case):
    x = images(rng, case, 0.2, 1.0)
    return [({"x": x, "strength": strength}, {}) for strength in case.get("strengths")]


EXERCISE = ImageFunction(
    draw=draw,
    reference=lambda x, strength: x * torch.linspace(1.0, 1.0 - strength, x.shape[3], dtype=x.dtype),
    section="4 · Light and colour",
    sweep="strength",
    typical={"shape": (2, 3, 4, 5), "strengths": (0.6,)},
    cases=[
        Case("half the light is lost at the right", shape=(2, 1, 3, 5), strengths=(0.5,)),
        Case("other strengths, images wider than high", shape=(3, 3, 4, 7), strengths=(0.3, 0.8), weight=2),
        Case("images higher than wide", shape=(2, 3, 6, 3), strengths=(0.4,)),
        Case("a square image", shape=(1, 1, 5, 5), strengths=(0.7,)),
        Case("strength=1 ends in black", shape=(2, 3, 4, 4), strengths=(1.0,)),
        Case("strength=0 changes nothing", shape=(2, 3, 4, 4), strengths=(0.0,), weight=0.5),
        Case("one image of two columns", shape=(1, 1, 2, 2), strengths=(0.7,)),
        Case("a single column stays as it is", shape=(2, 1, 4, 1), strengths=(0.7,)),
    ],
)


def right(x, strength):
    w = x.shape[3]
    ramp = np.linspace(1, 1 - strength, w, dtype=x.dtype)
    return x * ramp


MISTAKES = UNCHANGED + slips("""
ramp_reversed: np.linspace(1, 1 - strength, w, dtype=x.dtype) -> np.linspace(1 - strength, 1, w, dtype=x.dtype)
    or x * ramp -> x * ramp[::-1]
    The shadow lies on the left. The ramp begins with 1, in column 0, and ends with 1 - strength.

along_height: w = x.shape[3] -> w = x.shape[2]
    x * ramp -> x * ramp[:, None]
    The shadow deepens from top to bottom: the ramp runs along H. It runs along W, the last axis.

ends_at_strength: 1 - strength -> strength
    The last column is multiplied by `strength`. It loses that share of its light: 1 - strength is left.

brighter: 1 - strength -> 1 + strength
    or 1 - strength -> 1 + strength
    x * ramp -> np.clip(x * ramp, 0, 1)
    The ramp rises to 1 + strength. It falls, to 1 - strength.

end_missing:
    np.linspace(1, 1 - strength, w, dtype=x.dtype) -> np.linspace(1, 1 - strength, w, endpoint=False, dtype=x.dtype)
    The ramp never reaches its end: it goes down by strength / W per column. From the first of W columns to the last
    there are W - 1 steps.

start_missing: np.linspace(1, 1 - strength, w, dtype=x.dtype) -> 1 - strength * np.arange(1, w + 1, dtype=x.dtype) / w
    The first column is dark already. The ramp is 1 there; j counts from 0, and there are W - 1 steps.

half_a_step_off:
    np.linspace(1, 1 - strength, w, dtype=x.dtype) -> 1 - strength * (np.arange(w, dtype=x.dtype) + 0.5) / w
    The ramp goes from the image's edge to its edge. It is 1 in the first column and 1 - strength in the last.

subtracts (core): x * ramp -> np.clip(x - (1 - ramp), 0, 1)
    or x * ramp -> x - (1 - ramp)
    The shadow is subtracted, so dark places become black. A shadow takes a share of the light: multiply.

evenly_darker (core): x * ramp -> x * (1 - strength)
    All columns are darkened alike. Only the last one is multiplied by 1 - strength, the first by 1.

ramp_squared: x * ramp -> x * ramp**2
    or x * ramp -> x * ramp * np.linspace(1, 1 - strength, x.shape[2], dtype=x.dtype)[:, None]
    The ramp is used twice. Each pixel is multiplied by it once, along W.

by_ratios:
    np.linspace(1, 1 - strength, w, dtype=x.dtype) -> np.geomspace(1, max(1 - strength, 1e-12), w).astype(x.dtype)
    Each column is darker than the one before by the same ratio. The ramp falls by equal differences: linspace.

strength_hard_coded: -> strength = 0.5
    `strength` makes no difference: a number stands in its place.

nan_for_one_column (detail):
    np.linspace(1, 1 - strength, w, dtype=x.dtype) -> 1 - strength * np.arange(w, dtype=x.dtype) / (w - 1)
    An image of one column gives nan: 0 / (W - 1) is 0 / 0 there. np.linspace gives 1.
""")


@alternative
def column_by_column(x, strength):
    out, w = x.copy(), x.shape[3]
    for j in range(1, w):
        out[..., j] *= 1 - strength * (j / (w - 1))
    return out


@alternative
def as_mixture(x, strength):
    dark = x * (1 - strength)
    t = np.linspace(0, 1, x.shape[-1]).astype(x.dtype)
    return (1 - t) * x + t * dark


HINTS = [
    "A shadow takes a share of the light. What is a pixel multiplied by in the first column, and what in the last?",
    "np.linspace goes from one number to another in W even steps, both ends included. The last axis of x is W, so "
    "shape (W,) lines up by itself.",
    "`ramp = np.linspace(1, 1 - strength, x.shape[3], dtype=x.dtype)`, then `x * ramp`.",
]
