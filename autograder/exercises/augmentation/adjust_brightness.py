"""adjust_brightness: delta added to every pixel, kept in [0, 1].

out = clip(x + delta, 0, 1) (lectures 003, 004). Reference: torch.clamp; kornia.enhance.adjust_brightness does the same,
torchvision's function of that name multiplies.
"""

import numpy as np

from autograder.exercises.augmentation._images import images, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    x = images(rng, case.get("shape"), *case.get("between", (0.0, 1.0)))
    return [({"x": x, "delta": delta}, {}) for delta in case.get("deltas")]


def reference(x, delta):
    return (x + delta).clamp(0.0, 1.0)


def not_clipped(x, delta):
    return x + delta


def clipped_above_only(x, delta):
    return np.minimum(x + delta, 1)


def clipped_below_only(x, delta):
    return np.maximum(x + delta, 0)


def multiplies(x, delta):
    return np.clip(x * (1 + delta), 0, 1)


def multiplies_by_delta(x, delta):
    return np.clip(x * delta, 0, 1)


def darker(x, delta):
    return np.clip(x - delta, 0, 1)


def always_brighter(x, delta):
    return np.clip(x + abs(delta), 0, 1)


def in_bytes(x, delta):
    return np.clip(x + delta / 255, 0, 1)


def rescaled(x, delta):
    out = x + delta
    low, high = out.min(axis=(1, 2, 3), keepdims=True), out.max(axis=(1, 2, 3), keepdims=True)
    return (out - low) / np.maximum(high - low, 1e-12)


def goes_round(x, delta):
    out = x + delta
    return out - (out > 1) + (out < 0)


def with_masks(x, delta):
    out = x + delta
    out[out > 1] = 1
    out[out < 0] = 0
    return out


def limited_before(x, delta):
    """What is added is limited, not the sum."""
    return x + np.minimum(np.maximum(delta, -x), 1 - x)


def image_by_image(x, delta):
    return np.stack([np.maximum(0, np.minimum(1, image + delta)) for image in x])


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    sweep="delta",
    typical={"shape": (3, 3, 4, 5), "deltas": (0.4, -0.3)},
    cases=[
        Case("a little brighter, nothing to clip", shape=(2, 3, 4, 5), between=(0.2, 0.6), deltas=(0.15,)),
        Case("a little darker, nothing to clip", shape=(2, 3, 4, 5), between=(0.4, 0.9), deltas=(-0.25,)),
        Case("much brighter: nothing goes beyond 1", shape=(3, 3, 5, 4), deltas=(0.6,)),
        Case("much darker: nothing goes below 0", shape=(3, 3, 5, 4), deltas=(-0.6,)),
        Case("delta=0 changes nothing", shape=(2, 1, 4, 4), deltas=(0.0,)),
        Case("delta=1 is white, delta=-1 is black", shape=(2, 3, 3, 4), deltas=(1.0, -1.0)),
        Case("one image of one pixel", shape=(1, 1, 1, 1), between=(0.3, 0.5), deltas=(0.1, 0.9, -0.9)),
    ],
    mistakes=[
        Mistake(
            "leaves_range",
            not_clipped,
            "Values leave [0, 1]: a pixel cannot be whiter than white. Clip the sum with np.clip(..., 0, 1).",
        ),
        Mistake(
            "clipped_above_only",
            clipped_above_only,
            "Values go below 0: a negative `delta` needs the lower bound too. np.clip(..., 0, 1).",
        ),
        Mistake(
            "clipped_below_only",
            clipped_below_only,
            "Values go above 1 (is the upper bound missing, or 255?). White is 1 here: np.clip(..., 0, 1).",
        ),
        Mistake(
            "multiplies",
            multiplies,
            "The image is multiplied by 1 + delta (so torchvision does), which leaves black as it is. `delta` is added "
            "here.",
        ),
        Mistake("multiplies_by_delta", multiplies_by_delta, "The image is multiplied by `delta`. It is added here."),
        Mistake("wrong_sign", darker, "`delta` is subtracted: a positive one makes brighter."),
        Mistake("always_brighter", always_brighter, "The sign of `delta` is lost: a negative one makes darker."),
        Mistake(
            "in_bytes",
            in_bytes,
            "`delta` is divided by 255. Images are floats in [0, 1] here, and so is `delta`.",
        ),
        Mistake(
            "rescales",
            rescaled,
            "Each image is stretched to fill [0, 1], which undoes the change and adds contrast. Clip: what is too bright "
            "becomes 1, the rest stays.",
        ),
        Mistake(
            "goes_round",
            goes_round,
            "What goes beyond white comes out nearly black: the values go round, as bytes do when they overflow. Clip "
            "the sum.",
        ),
    ],
    alternatives=[with_masks, limited_before, image_by_image],
    hints=[
        "Brighter means that every pixel gains the same amount. What about one that is white already?",
        "Add, then limit what came out: nothing below 0, nothing above 1.",
        "`np.clip(x + delta, 0, 1)`.",
    ],
)
