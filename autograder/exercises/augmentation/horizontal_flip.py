"""horizontal_flip: images mirrored left to right, all of them.

out[n, c, i, j] = x[n, c, i, W - 1 - j] (lectures 003, 004). Reference: torch.flip(x, [3]).
"""

import numpy as np
import torch

from autograder.exercises.augmentation._images import images, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return {"x": images(rng, case.get("shape"))}, {}


def reference(x):
    return torch.flip(x, [3])


def upside_down(x):
    return x[:, :, ::-1]


def half_turn(x):
    return np.flip(x, axis=(2, 3))


def channels_reversed(x):
    return np.fliplr(x)


def batch_reversed(x):
    return np.flipud(x)


def everything_reversed(x):
    return np.flip(x)


def also_channels(x):
    return np.flip(x, axis=(1, 3))


def unchanged(x):
    return x.copy()


def one_column_off(x):
    return np.roll(x[..., ::-1], 1, axis=3)


def first_image_only(x):
    out = x.copy()
    out[0] = x[0, :, :, ::-1]
    return out


def every_second_image(x):
    out = x.copy()
    out[::2] = x[::2, :, :, ::-1]
    return out


def pixel_by_pixel(x):
    out = np.empty_like(x)
    for j in range(x.shape[3]):
        out[..., j] = x[..., -1 - j]
    return out


def reversed_index(x):
    return np.take(x, range(x.shape[-1])[::-1], axis=-1)


def exchange_matrix(x):
    return x @ np.eye(x.shape[3], dtype=x.dtype)[::-1]


def view(x):
    return x[..., ::-1]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={"shape": (3, 3, 4, 5)},
    cases=[
        Case("a square image", shape=(1, 1, 4, 4)),
        Case("colour images that are wider than high", shape=(4, 3, 4, 6), weight=2),
        Case("images that are higher than wide", shape=(3, 2, 7, 3)),
        Case("a single row", shape=(2, 3, 1, 5)),
        Case("a single column stays as it is", shape=(3, 3, 4, 1)),
    ],
    mistakes=[
        Mistake(
            "vertical_flip",
            upside_down,
            "The image is upside down: axis 2 is the rows. Left and right are the last axis, 3.",
        ),
        Mistake(
            "both_axes",
            half_turn,
            "Rows and columns are both reversed: that is half a turn. Reverse the last axis alone.",
        ),
        Mistake(
            "flips_channels",
            channels_reversed,
            "The channels are reversed (blue for red), not the columns. `np.fliplr` reverses axis 1, which holds the "
            "channels here; columns are axis 3.",
        ),
        Mistake(
            "reverses_batch",
            batch_reversed,
            "The images come in the reverse order, each as it was: that is axis 0. Reverse axis 3.",
        ),
        Mistake(
            "flips_everything",
            everything_reversed,
            "All four axes are reversed, images and channels too: `np.flip` without an axis. Say `axis=3`.",
        ),
        Mistake(
            "flips_columns_and_channels",
            also_channels,
            "Columns and channels are both reversed. The colours of a mirrored image stay: reverse axis 3 alone.",
        ),
        Mistake("unchanged", unchanged, "The images come back as they were."),
        Mistake(
            "one_column_off",
            one_column_off,
            "The mirrored image is off by one column: column j shows column W - 1 - j, so the first shows the last.",
        ),
        Mistake("first_image_only", first_image_only, "Only the first image is mirrored. All of the batch are."),
        Mistake(
            "every_second_image",
            every_second_image,
            "Only every second image is mirrored. This function mirrors all; the chance comes with random_apply.",
        ),
    ],
    alternatives=[pixel_by_pixel, reversed_index, exchange_matrix, view],
    hints=[
        "x has the axes (N, C, H, W). Which of them runs from left to right?",
        "A slice with step -1 goes through an axis backwards. The other three axes stay.",
        "`x[:, :, :, ::-1].copy()`; the copy makes it an array of its own, not a view of x.",
    ],
)
