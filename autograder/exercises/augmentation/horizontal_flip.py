"""horizontal_flip: images mirrored left to right, all of them.

out[n, c, i, j] = x[n, c, i, W - 1 - j] (lectures 003, 004). Reference: torch.flip(x, [3]).
"""

import numpy as np

from autograder.exercises.augmentation._images import UNCHANGED, ImageFunction, images
from autograder.judge import Case, alternative, slips, torch

EXERCISE = ImageFunction(
    draw=lambda rng, case: ({"x": images(rng, case)}, {}),
    reference=lambda x: torch.flip(x, [3]),
    section="1 · The same thing, elsewhere",
    typical={"shape": (3, 3, 4, 5)},
    cases=[
        Case("a square image", shape=(1, 1, 4, 4)),
        Case("colour images that are wider than high", shape=(4, 3, 4, 6), weight=2),
        Case("images that are higher than wide", shape=(3, 2, 7, 3)),
        Case("a single row", shape=(2, 3, 1, 5)),
        Case("a single column stays as it is", shape=(3, 3, 4, 1), weight=0.5),
    ],
)


def right(x):
    return x[:, :, :, ::-1].copy()


MISTAKES = UNCHANGED + slips("""
vertical_flip: x[:, :, :, ::-1] -> x[:, :, ::-1]
    The image is upside down: axis 2 is the rows. Left and right are the last axis, 3.
both_axes: x[:, :, :, ::-1] -> x[:, :, ::-1, ::-1]
    Rows and columns are both reversed: that is half a turn. Reverse the last axis alone.

flips_channels: x[:, :, :, ::-1] -> x[:, ::-1]
    The channels are reversed (blue for red), not the columns. `np.fliplr` reverses axis 1, which holds the channels
    here; columns are axis 3.

reverses_batch: x[:, :, :, ::-1] -> x[::-1]
    The images come in the reverse order, each as it was: that is axis 0. Reverse axis 3.
flips_everything: x[:, :, :, ::-1] -> np.flip(x)
    All four axes are reversed, images and channels too: `np.flip` without an axis. Say `axis=3`.
flips_columns_and_channels: x[:, :, :, ::-1] -> x[:, ::-1, :, ::-1]
    Columns and channels are both reversed. The colours of a mirrored image stay: reverse axis 3 alone.

transposed: x[:, :, :, ::-1] -> x.swapaxes(2, 3)
    or x[:, :, :, ::-1] -> np.rot90(x, axes=(2, 3))
    Rows and columns change places, as `.T` and `np.rot90` have it. Every row stays where it is: reverse axis 3.

one_column_off: x[:, :, :, ::-1] -> np.roll(x[..., ::-1], 1, axis=3)
    The mirrored image is off by one column: column j shows column W - 1 - j, so the first shows the last.
first_image_only: x[:, :, :, ::-1] -> np.concatenate([x[:1, :, :, ::-1], x[1:]])
    Only the first image is mirrored. All of the batch are.
every_second_image: x[:, :, :, ::-1] -> np.array([x[k, ..., :: -1 if k % 2 == 0 else 1] for k in range(len(x))])
    Only every second image is mirrored. This function mirrors all; the chance comes with random_apply.
""")


@alternative
def exchange_matrix(x):
    return x @ np.eye(x.shape[3], dtype=x.dtype)[::-1]


@alternative
def view(x):
    return x[..., ::-1]


HINTS = [
    "x has the axes (N, C, H, W). Which of them runs from left to right?",
    "A slice with step -1 goes through an axis backwards. The other three axes stay.",
    "`x[:, :, :, ::-1].copy()`; the copy makes it an array of its own, not a view of x.",
]
