"""shift: images moved by whole pixels, zeros enter.

out[n, c, i, j] = x[n, c, i - dy, j - dx], 0 where that lies outside: right and down are positive (lecture 004).
Reference: torch.nn.functional.pad with zeros on the side that they enter from, cut back to H and W.
"""

import numpy as np

from autograder.exercises.augmentation._images import UNCHANGED, ImageFunction, images
from autograder.judge import Case, F, alternative, mistake, slips


def draw(rng, case):
    x = images(rng, case)
    dx, dy = case.get("by")
    return {"x": x, "dx": dx, "dy": dy}, {}


def reference(x, dx, dy):
    h, w = x.shape[2:]
    padded = F.pad(x, (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0)))
    return padded[:, :, max(-dy, 0) :, max(-dx, 0) :][:, :, :h, :w]


EXERCISE = ImageFunction(
    draw=draw,
    reference=reference,
    section="1 · The same thing, elsewhere",
    typical={"shape": (3, 3, 5, 6), "by": (2, -1)},
    cases=[
        Case("two columns to the right: dx=2", shape=(2, 3, 5, 6), by=(2, 0)),
        Case("one column to the left: dx=-1", shape=(2, 3, 5, 6), by=(-1, 0)),
        Case("one row down: dy=1", shape=(2, 3, 5, 6), by=(0, 1)),
        Case("two rows up: dy=-2", shape=(2, 3, 5, 6), by=(0, -2)),
        Case("both at once: dx=3, dy=-1", shape=(3, 2, 4, 7), by=(3, -1), weight=2),
        Case("both at once: dx=-1, dy=2", shape=(3, 2, 7, 4), by=(-1, 2)),
        Case("dx=0, dy=0 changes nothing", shape=(2, 3, 4, 5), by=(0, 0), weight=0.5),
        Case("a square image", shape=(1, 1, 4, 4), by=(1, 2)),
        Case("exactly out of sight: dx=5 on five columns", shape=(2, 1, 4, 5), by=(5, 0)),
        Case("out of sight: dy=-5 on four rows", shape=(2, 1, 4, 5), by=(1, -5)),
        Case("far out of sight: dx=12 on five columns", shape=(2, 1, 4, 5), by=(12, 0)),
    ],
)


def right(x, dx, dy):
    h, w = x.shape[2:]
    row = np.arange(h)[:, None] - dy
    column = np.arange(w) - dx
    inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    pixel = x[:, :, row.clip(0, h - 1), column.clip(0, w - 1)]
    return pixel * inside


MISTAKES = UNCHANGED + slips("""
wraps_around: pixel * inside -> np.roll(x, (dy, dx), axis=(2, 3))
    What leaves on one side comes back in on the other: `np.roll` goes round. Zeros enter here.

opposite_direction: -> dx, dy = -dx, -dy
    The picture moves the wrong way, in both directions. Positive is right and down: out at (i, j) shows x at (i - dy,
    j - dx).

dy_upwards: np.arange(h)[:, None] - dy -> np.arange(h)[:, None] + dy
    A positive `dy` moves the picture up. Rows count downwards, and positive is down.
dx_to_the_left: np.arange(w) - dx -> np.arange(w) + dx
    A positive `dx` moves the picture to the left. Positive is right.
signs_lost: -> dx, dy = abs(dx), abs(dy)
    Negative `dx` and `dy` move the picture right and down too. They go left and up.
dx_and_dy_swapped: -> dx, dy = dy, dx
    `dx` moves rows and `dy` columns. x runs along the columns, axis 3; y along the rows, axis 2.
border_repeated: pixel * inside -> pixel
    The border is repeated where the picture has gone. Zeros enter there.

mirrored_in:
    row.clip(0, h - 1) -> np.minimum(row % (2 * h), (-1 - row) % (2 * h))
    column.clip(0, w - 1) -> np.minimum(column % (2 * w), (-1 - column) % (2 * w))
    pixel * inside -> pixel
    The picture's mirror image enters where it has gone. Zeros enter there.

old_pixels_stay: pixel * inside -> np.where(inside, pixel, x)
    Where nothing has moved in, the old pixels still stand. Write into zeros (`np.zeros_like(x)`), not into a copy of
    x.

columns_only: np.arange(h)[:, None] - dy -> np.arange(h)[:, None]
    `dy` is not used: the rows stay.
rows_only: np.arange(w) - dx -> np.arange(w)
    `dx` is not used: the columns stay.

comes_back_when_far (detail):
    np.arange(h)[:, None] - dy -> np.arange(h)[:, None] - int(np.fmod(dy, h))
    np.arange(w) - dx -> np.arange(w) - int(np.fmod(dx, w))
    Moved by the image's size or more, the picture comes back. Nothing is left of it then: all zeros.

first_image_only: pixel * inside -> np.concatenate([pixel[:1] * inside, x[1:]])
    Only the first image is moved. All of the batch are.
""")


@mistake("Channels and rows are moved. Images are (N, C, H, W): rows are axis 2, columns axis 3.")
def axes_of_channels_last(x, dx, dy):
    return right(x.transpose(0, 3, 1, 2), dx, dy).transpose(0, 2, 3, 1)


@alternative
def cut_from_zeros(x, dx, dy):
    h, w = x.shape[2:]
    up, left = max(-dy, 0), max(-dx, 0)
    padded = np.pad(x, ((0, 0), (0, 0), (max(dy, 0), up), (max(dx, 0), left)))
    return padded[:, :, up : up + h, left : left + w]


@alternative
def shift_matrices(x, dx, dy):
    h, w = x.shape[2:]
    return np.eye(h, k=-dy, dtype=x.dtype) @ x @ np.eye(w, k=dx, dtype=x.dtype)


HINTS = [
    "Where does the pixel that is shown at (i, j) come from? What if that place lies outside?",
    "Put zeros on the side that they enter from, `max(dx, 0)` columns on the left or `max(-dx, 0)` on the right, the "
    "same for rows; then cut H x W out of the larger image.",
    "`np.pad(x, ((0, 0), (0, 0), (max(dy, 0), up), (max(dx, 0), left)))` with `up, left = max(-dy, 0), max(-dx, 0)`; "
    "then rows `up : up + h` and columns `left : left + w`.",
]
