"""color_cast: a tint, one number added to each channel.

out[n, c, i, j] = clip(x[n, c, i, j] + cast[c], 0, 1) (lecture 003, "color casting"). Reference: torch, broadcasting
from the channel axis.
"""

import numpy as np

from autograder.exercises.augmentation._images import CLIPPING, ImageFunction, images
from autograder.judge import Case, alternative, slips


def draw(rng, case):
    shape, size = case.get("shape"), case.get("size", 0.5)
    x = images(rng, case, *case.get("between", (0.0, 1.0)))
    # Both signs, none near 0, no two alike.
    cast = rng.permutation(np.linspace(0.3, 1.0, shape[1])) * size * rng.choice([-1.0, 1.0], shape[1])
    if shape[1] > 1:
        cast[:2] = np.abs(cast[:2]) * [1, -1]
    return {"x": x, "cast": cast}, {}


EXERCISE = ImageFunction(
    draw=draw,
    reference=lambda x, cast: (x + cast.view(1, -1, 1, 1)).clamp(0.0, 1.0),
    section="4 · Light and colour",
    typical={"shape": (2, 3, 4, 5), "between": (0.3, 0.7), "size": 0.25},
    cases=[
        Case("a gentle tint, nothing to clip", shape=(2, 3, 4, 5), between=(0.3, 0.7), size=0.2),
        Case("a strong tint stays in [0, 1]", shape=(2, 3, 5, 4), size=0.9),
        Case("one image, one channel", shape=(1, 1, 4, 4)),
        Case("as many columns as channels", shape=(2, 3, 4, 3), between=(0.3, 0.7), size=0.3, weight=2),
        Case("as many rows as channels", shape=(2, 3, 3, 5), between=(0.3, 0.7), size=0.3),
        Case("as many images as channels", shape=(4, 4, 3, 5)),
        Case("two channels, one pixel", shape=(3, 2, 1, 1)),
        Case("seven channels", shape=(2, 7, 3, 4)),
        Case("pixels beyond 0 and 1 are clipped too", shape=(2, 3, 5, 5), between=(-0.8, 1.8), weight=0.5),
    ],
)


def right(x, cast):
    out = x + cast[:, None, None]
    return np.clip(out, 0, 1)


MISTAKES = CLIPPING + slips("""
along_width: cast[:, None, None] -> cast
    `cast` runs along the columns: NumPy lines up last axes, so x + cast tints columns (and fails where W is not C).
    Give it the shape (C, 1, 1).

along_height: cast[:, None, None] -> cast[:, None]
    `cast` runs along the rows: shape (C, 1) lines up with H. Give it the shape (C, 1, 1).
along_batch: cast[:, None, None] -> cast[:, None, None, None]
    `cast` runs along the batch: each image has one tint for all its channels. Give it the shape (C, 1, 1).
multiplies (core): x + cast[:, None, None] -> x * (1 + cast[:, None, None])
    The channels are multiplied by 1 + cast, so black gets no tint. The cast is added.
multiplies_by_cast (core): x + cast[:, None, None] -> x * cast[:, None, None]
    The channels are multiplied by the cast. It is added.
channels_reversed: cast[:, None, None] -> cast[::-1, None, None]
    The tints come in the reverse order (blue for red): cast[c] belongs to channel c.
mean_for_all (core): cast[:, None, None] -> cast.mean()
    All channels get the mean of the cast: that is brightness, not colour. cast[c] belongs to channel c.
first_for_all (core): cast[:, None, None] -> cast[0]
    All channels get cast[0]. cast[c] belongs to channel c.
wrong_sign: x + cast[:, None, None] -> x - cast[:, None, None]
    The cast is subtracted: a positive one makes its channel brighter.

only_brighter: cast[:, None, None] -> abs(cast[:, None, None])
    or cast[:, None, None] -> np.clip(cast, 0, 1)[:, None, None]
    A negative cast does not make its channel darker: its sign is lost, or it is cut off at 0.

keeps_brightness: cast[:, None, None] -> (cast - cast.mean())[:, None, None]
    The cast's mean is taken away first, to keep the brightness. Add the cast as it is.
averages_with_cast: x + cast[:, None, None] -> (x + cast[:, None, None]) / 2
    The result is the average of image and cast, so contrast is halved too. Add the cast, then clip.
three_channels_alone (detail): cast[:, None, None] -> (cast * (np.arange(len(cast)) < 3))[:, None, None]
    Only the first three channels get their tint. There may be any number of them.
""")


@alternative
def channel_by_channel(x, cast):
    out = x.copy()
    for c, tint in enumerate(cast):
        out[:, c] = np.minimum(np.maximum(x[:, c] + tint, 0), 1)
    return out


@alternative
def channels_at_the_end(x, cast):
    return np.clip(np.moveaxis(x, 1, -1) + cast, 0.0, 1.0).transpose(0, 3, 1, 2)


HINTS = [
    "cast has C numbers and x is (N, C, H, W). Along which axis do they belong?",
    "Broadcasting lines up last axes. Give the cast two more axes at the end, of length 1 each.",
    "`np.clip(x + cast[:, None, None], 0, 1)`.",
]
