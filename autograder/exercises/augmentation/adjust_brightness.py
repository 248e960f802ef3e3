"""adjust_brightness: delta added to every pixel, kept in [0, 1].

out = clip(x + delta, 0, 1) (lectures 003, 004). Reference: torch.clamp; kornia.enhance.adjust_brightness does the same,
torchvision's function of that name multiplies.
"""

import numpy as np

from autograder.exercises.augmentation._images import CLIPPING, ImageFunction, images
from autograder.judge import Case, alternative, slips


def draw(rng, case):
    x = images(rng, case, *case.get("between", (0.0, 1.0)))
    return [({"x": x, "delta": delta}, {}) for delta in case.get("deltas")]


EXERCISE = ImageFunction(
    draw=draw,
    reference=lambda x, delta: (x + delta).clamp(0.0, 1.0),
    section="4 · Light and colour",
    sweep="delta",
    typical={"shape": (3, 3, 4, 5), "between": (0.2, 0.7), "deltas": (0.25, -0.15)},
    cases=[
        Case("a little brighter, nothing to clip", shape=(2, 3, 4, 5), between=(0.2, 0.6), deltas=(0.15,)),
        Case("a little darker, nothing to clip", shape=(2, 3, 4, 5), between=(0.4, 0.9), deltas=(-0.25,)),
        Case("much brighter: nothing goes beyond 1", shape=(3, 3, 5, 4), deltas=(0.6,)),
        Case("much darker: nothing goes below 0", shape=(3, 3, 5, 4), deltas=(-0.6,)),
        Case("delta=0 changes nothing", shape=(2, 1, 4, 4), deltas=(0.0,), weight=0.5),
        Case("delta=1 is white, delta=-1 is black", shape=(2, 3, 3, 4), deltas=(1.0, -1.0)),
        Case("one image of one pixel", shape=(1, 1, 1, 1), between=(0.3, 0.5), deltas=(0.1, 0.9, -0.9)),
        Case(
            "pixels beyond 0 and 1 are clipped too", shape=(2, 3, 4, 4), between=(-0.8, 1.8), deltas=(0.3,), weight=0.5
        ),
    ],
)


def right(x, delta):
    out = x + delta
    return np.clip(out, 0, 1)


MISTAKES = CLIPPING + slips("""
multiplies (core): x + delta -> x * (1 + delta)
    The image is multiplied by 1 + delta (so torchvision does), which leaves black as it is. `delta` is added here.
multiplies_by_delta (core): x + delta -> x * delta
    The image is multiplied by `delta`. It is added here.
wrong_sign: x + delta -> x - delta
    `delta` is subtracted: a positive one makes brighter.
always_brighter: x + delta -> x + abs(delta)
    The sign of `delta` is lost: a negative one makes darker.
in_bytes: x + delta -> x + delta / 255
    `delta` is divided by 255. Images are floats in [0, 1] here, and so is `delta`.
clips_before_adding: np.clip(out, 0, 1) -> np.clip(x, 0, 1) + delta
    The image is clipped before `delta` is added, and values leave [0, 1] all the same. Add first, then clip.
""")


@alternative
def with_masks(x, delta):
    out = x + delta
    out[out > 1] = 1
    out[out < 0] = 0
    return out


@alternative
def limited_before(x, delta):
    """What is added is limited, not the sum."""
    return x + np.minimum(np.maximum(delta, -x), 1 - x)


HINTS = [
    "Brighter means that every pixel gains the same amount. What about one that is white already?",
    "Add, then limit what came out: nothing below 0, nothing above 1.",
    "`np.clip(x + delta, 0, 1)`.",
]
