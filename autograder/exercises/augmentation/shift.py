"""shift: images moved by whole pixels, zeros enter.

out[n, c, i, j] = x[n, c, i - dy, j - dx], 0 where that lies outside: right and down are positive (lecture 004).
Reference: torch.nn.functional.pad with zeros on the side that they enter from, cut back to H and W.
"""

import numpy as np
import torch.nn.functional as F

from autograder.exercises.augmentation._images import images, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    x = images(rng, case.get("shape"))
    dx, dy = case.get("by")
    return {"x": x, "dx": dx, "dy": dy}, {}


def reference(x, dx, dy):
    h, w = x.shape[2:]
    padded = F.pad(x, (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0)))
    return padded[:, :, max(-dy, 0) :, max(-dx, 0) :][:, :, :h, :w]


def moved(x, dx, dy, mode="constant"):
    """Right as it stands; other modes of np.pad are other mistakes."""
    h, w = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (abs(dy), abs(dy)), (abs(dx), abs(dx))), mode=mode)
    i, j = abs(dy) - dy, abs(dx) - dx
    return padded[:, :, i : i + h, j : j + w]


def rolled(x, dx, dy):
    return np.roll(x, (dy, dx), axis=(2, 3))


def both_signs(x, dx, dy):
    return moved(x, -dx, -dy)


def up_positive(x, dx, dy):
    return moved(x, dx, -dy)


def left_positive(x, dx, dy):
    return moved(x, -dx, dy)


def swapped(x, dx, dy):
    return moved(x, dy, dx)


def border_repeated(x, dx, dy):
    return moved(x, dx, dy, mode="edge")


def mirrored_in(x, dx, dy):
    return moved(x, dx, dy, mode="symmetric")


def old_pixels_stay(x, dx, dy):
    hole = moved(np.ones_like(x), dx, dy) == 0
    return np.where(hole, x, moved(x, dx, dy))


def columns_only(x, dx, dy):
    return moved(x, dx, 0)


def rows_only(x, dx, dy):
    return moved(x, 0, dy)


def channels_last(x, dx, dy):
    c, h = x.shape[1:3]
    out = np.zeros_like(x)
    for k in range(c):
        for i in range(h):
            if 0 <= k - dy < c and 0 <= i - dx < h:
                out[:, k, i] = x[:, k - dy, i - dx]
    return out


def wraps_when_far(x, dx, dy):
    """Rolls, then clears the strip that came in: rolled again where the strip would be wider than the image."""
    out = np.roll(x, (dy, dx), axis=(2, 3))
    h, w = x.shape[2:]
    out[:, :, : dy % h if dy > 0 else 0] = 0
    out[:, :, h - (-dy % h if dy < 0 else 0) :] = 0
    out[:, :, :, : dx % w if dx > 0 else 0] = 0
    out[:, :, :, w - (-dx % w if dx < 0 else 0) :] = 0
    return out


def pixel_by_pixel(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    for i in range(h):
        for j in range(w):
            if 0 <= i - dy < h and 0 <= j - dx < w:
                out[:, :, i, j] = x[:, :, i - dy, j - dx]
    return out


def shift_matrices(x, dx, dy):
    h, w = x.shape[2:]
    return np.eye(h, k=-dy, dtype=x.dtype) @ x @ np.eye(w, k=dx, dtype=x.dtype)


def roll_and_mask(x, dx, dy):
    h, w = x.shape[2:]
    i, j = np.arange(h)[:, None] - dy, np.arange(w) - dx
    return np.roll(x, [dy, dx], [2, 3]) * ((i >= 0) & (i < h) & (j >= 0) & (j < w))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={"shape": (3, 3, 5, 6), "by": (2, -1)},
    cases=[
        Case("two columns to the right: dx=2", shape=(2, 3, 5, 6), by=(2, 0)),
        Case("one column to the left: dx=-1", shape=(2, 3, 5, 6), by=(-1, 0)),
        Case("one row down: dy=1", shape=(2, 3, 5, 6), by=(0, 1)),
        Case("two rows up: dy=-2", shape=(2, 3, 5, 6), by=(0, -2)),
        Case("both at once: dx=3, dy=-1", shape=(3, 2, 4, 7), by=(3, -1), weight=2),
        Case("both at once: dx=-1, dy=2", shape=(3, 2, 7, 4), by=(-1, 2)),
        Case("dx=0, dy=0 changes nothing", shape=(2, 3, 4, 5), by=(0, 0)),
        Case("one image, one channel", shape=(1, 1, 4, 4), by=(1, 1)),
        Case("exactly out of sight: dx=5 on five columns", shape=(2, 1, 4, 5), by=(5, 0)),
        Case("out of sight: dy=-5 on four rows", shape=(2, 1, 4, 5), by=(1, -5)),
        Case("far out of sight: dx=12 on five columns", shape=(2, 1, 4, 5), by=(12, 0)),
    ],
    mistakes=[
        Mistake(
            "wraps_around",
            rolled,
            "What leaves on one side comes back in on the other: `np.roll` goes round. Zeros enter here.",
        ),
        Mistake(
            "opposite_direction",
            both_signs,
            "The picture moves the wrong way, in both directions. Positive is right and down: out at (i, j) shows x at "
            "(i - dy, j - dx).",
        ),
        Mistake(
            "dy_upwards",
            up_positive,
            "A positive `dy` moves the picture up. Rows count downwards, and positive is down.",
        ),
        Mistake("dx_to_the_left", left_positive, "A positive `dx` moves the picture to the left. Positive is right."),
        Mistake(
            "dx_and_dy_swapped",
            swapped,
            "`dx` moves rows and `dy` columns. x runs along the columns, axis 3; y along the rows, axis 2.",
        ),
        Mistake(
            "border_repeated",
            border_repeated,
            "The border is repeated where the picture has gone. Zeros enter there.",
        ),
        Mistake("mirrored_in", mirrored_in, "The picture's mirror image enters where it has gone. Zeros enter there."),
        Mistake(
            "old_pixels_stay",
            old_pixels_stay,
            "Where nothing has moved in, the old pixels still stand. Write into zeros (`np.zeros_like(x)`), not into a "
            "copy of x.",
        ),
        Mistake("columns_only", columns_only, "`dy` is not used: the rows stay."),
        Mistake("rows_only", rows_only, "`dx` is not used: the columns stay."),
        Mistake(
            "axes_of_channels_last",
            channels_last,
            "Channels and rows are moved. Images are (N, C, H, W): rows are axis 2, columns axis 3.",
        ),
        Mistake(
            "comes_back_when_far",
            wraps_when_far,
            "Moved by the image's size or more, the picture comes back. Nothing is left of it then: all zeros.",
        ),
    ],
    alternatives=[pixel_by_pixel, shift_matrices, roll_and_mask],
    hints=[
        "Where does the pixel that is shown at (i, j) come from? What if that place lies outside?",
        "Put zeros on the side that they enter from, `max(dx, 0)` columns on the left or `max(-dx, 0)` on the right, the "
        "same for rows; then cut H x W out of the larger image.",
        "`np.pad(x, ((0, 0), (0, 0), (max(dy, 0), up), (max(dx, 0), left)))` with `up, left = max(-dy, 0), max(-dx, 0)`; "
        "then rows `up : up + h` and columns `left : left + w`.",
    ],
)
