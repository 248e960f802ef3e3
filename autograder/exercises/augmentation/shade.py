"""shade: a shadow that deepens from left to right.

out[n, c, i, j] = x[n, c, i, j] ramp[j], the ramp going evenly from 1 in the first column to 1 - strength in the last
(lecture 004, "shade"). An image of one column stays as it is. Reference: torch.linspace.
"""

import numpy as np
import torch

from autograder.exercises.augmentation._images import images, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    x = images(rng, case.get("shape"), 0.2, 1.0)
    return [({"x": x, "strength": strength}, {}) for strength in case.get("strengths")]


def reference(x, strength):
    return x * torch.linspace(1.0, 1.0 - strength, x.shape[3], dtype=x.dtype)


def line(x, start, end):
    return np.linspace(start, end, x.shape[3], dtype=x.dtype)


def from_the_right(x, strength):
    return x * line(x, 1 - strength, 1)


def turned_round(x, strength):
    return x * line(x, 1, 1 - strength)[::-1]


def from_the_top(x, strength):
    return x * np.linspace(1, 1 - strength, x.shape[2], dtype=x.dtype)[:, None]


def down_to_strength(x, strength):
    return x * line(x, 1, strength)


def brighter(x, strength):
    return x * line(x, 1, 1 + strength)


def brighter_clipped(x, strength):
    return np.clip(x * line(x, 1, 1 + strength), 0, 1)


def last_column_too_bright(x, strength):
    return x * np.linspace(1, 1 - strength, x.shape[3], endpoint=False, dtype=x.dtype)


def first_column_too_dark(x, strength):
    w = x.shape[3]
    return x * (1 - strength * np.arange(1, w + 1, dtype=x.dtype) / w)


def from_pixel_centres(x, strength):
    w = x.shape[3]
    return x * (1 - strength * (np.arange(w, dtype=x.dtype) + 0.5) / w)


def subtracts(x, strength):
    return np.clip(x - strength * line(x, 0, 1), 0, 1)


def subtracts_beyond(x, strength):
    return x - strength * line(x, 0, 1)


def evenly_darker(x, strength):
    return x * (1 - strength)


def not_even(x, strength):
    return x * line(x, 1, 1 - strength) ** 2


def by_ratios(x, strength):
    return x * np.geomspace(1, max(1 - strength, 1e-12), x.shape[3]).astype(x.dtype)


def nan_for_one_column(x, strength):
    w = x.shape[3]
    with np.errstate(all="ignore"):
        return x * (1 - strength * (np.arange(w, dtype=x.dtype) / np.asarray(w - 1, x.dtype)))


def column_by_column(x, strength):
    out, w = x.copy(), x.shape[3]
    for j in range(1, w):
        out[..., j] *= 1 - strength * (j / (w - 1))
    return out


def as_mixture(x, strength):
    dark = x * (1 - strength)
    t = np.linspace(0, 1, x.shape[-1]).astype(x.dtype)
    return (1 - t) * x + t * dark


def diagonal_matrix(x, strength):
    return x @ np.diag(np.interp(np.arange(x.shape[3]), [0, max(x.shape[3] - 1, 1)], [1, 1 - strength])).astype(x.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    sweep="strength",
    typical={"shape": (2, 3, 4, 5), "strengths": (0.6,)},
    cases=[
        Case("half the light is lost at the right", shape=(2, 1, 3, 5), strengths=(0.5,)),
        Case("other strengths, images wider than high", shape=(3, 3, 4, 7), strengths=(0.3, 0.8), weight=2),
        Case("images higher than wide", shape=(2, 3, 6, 3), strengths=(0.4,)),
        Case("strength=1 ends in black", shape=(2, 3, 4, 4), strengths=(1.0,)),
        Case("strength=0 changes nothing", shape=(2, 3, 4, 4), strengths=(0.0,)),
        Case("one image of two columns", shape=(1, 1, 2, 2), strengths=(0.7,)),
        Case("a single column stays as it is", shape=(2, 1, 4, 1), strengths=(0.7,)),
    ],
    mistakes=[
        Mistake(
            "ramp_reversed",
            from_the_right,
            "The shadow lies on the left. The ramp begins with 1, in column 0, and ends with 1 - strength.",
        ),
        Mistake(
            "ramp_reversed",
            turned_round,
            "The shadow lies on the left. The ramp begins with 1, in column 0, and ends with 1 - strength.",
        ),
        Mistake(
            "along_height",
            from_the_top,
            "The shadow deepens from top to bottom: the ramp runs along H. It runs along W, the last axis.",
        ),
        Mistake(
            "ends_at_strength",
            down_to_strength,
            "The last column is multiplied by `strength`. It loses that share of its light: 1 - strength is left.",
        ),
        Mistake(
            "brighter",
            brighter,
            "The ramp rises to 1 + strength, and values leave [0, 1]. It falls, to 1 - strength.",
        ),
        Mistake(
            "brighter",
            brighter_clipped,
            "The ramp rises to 1 + strength. It falls, to 1 - strength.",
        ),
        Mistake(
            "end_missing",
            last_column_too_bright,
            "The ramp never reaches its end: it goes down by strength / W per column. From the first of W columns to the "
            "last there are W - 1 steps.",
        ),
        Mistake(
            "start_missing",
            first_column_too_dark,
            "The first column is dark already. The ramp is 1 there; j counts from 0, and there are W - 1 steps.",
        ),
        Mistake(
            "half_a_step_off",
            from_pixel_centres,
            "The ramp goes from the image's edge to its edge. It is 1 in the first column and 1 - strength in the last.",
        ),
        Mistake(
            "subtracts",
            subtracts,
            "The shadow is subtracted, so dark places become black. A shadow takes a share of the light: multiply.",
        ),
        Mistake(
            "subtracts",
            subtracts_beyond,
            "The shadow is subtracted, and values go below 0. A shadow takes a share of the light: multiply.",
        ),
        Mistake(
            "evenly_darker",
            evenly_darker,
            "All columns are darkened alike. Only the last one is multiplied by 1 - strength, the first by 1.",
        ),
        Mistake("ramp_squared", not_even, "The ramp is squared, or used twice. It falls evenly, in equal steps."),
        Mistake(
            "by_ratios",
            by_ratios,
            "Each column is darker than the one before by the same ratio. The ramp falls by equal differences: linspace.",
        ),
        Mistake(
            "nan_for_one_column",
            nan_for_one_column,
            "An image of one column gives nan: 0 / (W - 1) is 0 / 0 there. np.linspace gives 1.",
        ),
    ],
    alternatives=[column_by_column, as_mixture, diagonal_matrix],
    hints=[
        "A shadow takes a share of the light. What is a pixel multiplied by in the first column, and what in the last?",
        "np.linspace goes from one number to another in W even steps, both ends included. The last axis of x is W, so "
        "shape (W,) lines up by itself.",
        "`ramp = np.linspace(1, 1 - strength, x.shape[3], dtype=x.dtype)`, then `x * ramp`.",
    ],
)
