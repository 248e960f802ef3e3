"""color_cast: a tint, one number added to each channel.

out[n, c, i, j] = clip(x[n, c, i, j] + cast[c], 0, 1) (lecture 003, "color casting"). Reference: torch, broadcasting from
the channel axis.
"""

import numpy as np

from autograder.exercises.augmentation._images import images, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    shape = case.get("shape")
    x = images(rng, shape, *case.get("between", (0.0, 1.0)))
    size = case.get("size", 0.5)
    # Both signs, none near 0, no two alike.
    cast = rng.permutation(np.linspace(0.3, 1.0, shape[1])) * size * rng.choice([-1.0, 1.0], shape[1])
    if shape[1] > 1:
        cast[:2] = np.abs(cast[:2]) * [1, -1]
    return {"x": x, "cast": cast}, {}


def reference(x, cast):
    return (x + cast.view(1, -1, 1, 1)).clamp(0.0, 1.0)


def along_width(x, cast):
    return np.clip(x + cast, 0, 1)


def along_height(x, cast):
    return np.clip(x + cast[:, None], 0, 1)


def along_batch(x, cast):
    return np.clip(x + cast[:, None, None, None], 0, 1)


def not_clipped(x, cast):
    return x + cast[:, None, None]


def clipped_above_only(x, cast):
    return np.minimum(x + cast[:, None, None], 1)


def multiplies(x, cast):
    return np.clip(x * (1 + cast[:, None, None]), 0, 1)


def multiplies_by_cast(x, cast):
    return np.clip(x * cast[:, None, None], 0, 1)


def channels_reversed(x, cast):
    return np.clip(x + cast[::-1, None, None], 0, 1)


def mean_for_all(x, cast):
    return np.clip(x + cast.mean(), 0, 1)


def first_for_all(x, cast):
    return np.clip(x + cast[0], 0, 1)


def subtracts(x, cast):
    return np.clip(x - cast[:, None, None], 0, 1)


def keeps_brightness(x, cast):
    return np.clip(x + (cast - cast.mean())[:, None, None], 0, 1)


def mixes_with_cast(x, cast):
    return np.clip((x + cast[:, None, None]) / 2, 0, 1)


def channel_by_channel(x, cast):
    out = x.copy()
    for c, tint in enumerate(cast):
        out[:, c] = np.minimum(np.maximum(x[:, c] + tint, 0), 1)
    return out


def channels_at_the_end(x, cast):
    return np.clip(np.moveaxis(x, 1, -1) + cast, 0.0, 1.0).transpose(0, 3, 1, 2)


def outer_sum(x, cast):
    tint = np.einsum("c,hw->chw", cast, np.ones(x.shape[2:], x.dtype))
    return np.add(x, tint).clip(0, 1)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={"shape": (2, 3, 4, 5)},
    cases=[
        Case("a gentle tint, nothing to clip", shape=(2, 3, 4, 5), between=(0.3, 0.7), size=0.2),
        Case("a strong tint stays in [0, 1]", shape=(2, 3, 5, 4), size=0.9),
        Case("one image, one channel", shape=(1, 1, 4, 4)),
        Case("as many columns as channels", shape=(2, 3, 4, 3), weight=2),
        Case("as many rows as channels", shape=(2, 3, 3, 5)),
        Case("as many images as channels", shape=(4, 4, 3, 5)),
        Case("two channels, one pixel", shape=(3, 2, 1, 1)),
    ],
    mistakes=[
        Mistake(
            "along_width",
            along_width,
            "`cast` runs along the columns: NumPy lines up last axes, so x + cast tints columns (and fails where W is not "
            "C). Give it the shape (C, 1, 1).",
        ),
        Mistake(
            "along_height",
            along_height,
            "`cast` runs along the rows: shape (C, 1) lines up with H. Give it the shape (C, 1, 1).",
        ),
        Mistake(
            "along_batch",
            along_batch,
            "`cast` runs along the batch: each image has one tint for all its channels. Give it the shape (C, 1, 1).",
        ),
        Mistake(
            "leaves_range",
            not_clipped,
            "Values leave [0, 1]. Clip the sum with np.clip(..., 0, 1).",
        ),
        Mistake(
            "clipped_above_only",
            clipped_above_only,
            "Values go below 0 where the tint is negative. Both bounds: np.clip(..., 0, 1).",
        ),
        Mistake(
            "multiplies",
            multiplies,
            "The channels are multiplied by 1 + cast, so black gets no tint. The cast is added.",
        ),
        Mistake("multiplies_by_cast", multiplies_by_cast, "The channels are multiplied by the cast. It is added."),
        Mistake(
            "channels_reversed",
            channels_reversed,
            "The tints come in the reverse order (blue for red): cast[c] belongs to channel c.",
        ),
        Mistake(
            "mean_for_all",
            mean_for_all,
            "All channels get the mean of the cast: that is brightness, not colour. cast[c] belongs to channel c.",
        ),
        Mistake("first_for_all", first_for_all, "All channels get cast[0]. cast[c] belongs to channel c."),
        Mistake("wrong_sign", subtracts, "The cast is subtracted: a positive one makes its channel brighter."),
        Mistake(
            "keeps_brightness",
            keeps_brightness,
            "The cast's mean is taken away first, to keep the brightness. Add the cast as it is.",
        ),
        Mistake(
            "averages_with_cast",
            mixes_with_cast,
            "The result is the average of image and cast, so contrast is halved too. Add the cast, then clip.",
        ),
    ],
    alternatives=[channel_by_channel, channels_at_the_end, outer_sum],
    hints=[
        "cast has C numbers and x is (N, C, H, W). Along which axis do they belong?",
        "Broadcasting lines up last axes. Give the cast two more axes at the end, of length 1 each.",
        "`np.clip(x + cast[:, None, None], 0, 1)`.",
    ],
)
