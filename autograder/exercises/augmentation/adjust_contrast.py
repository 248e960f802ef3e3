"""adjust_contrast: each image's differences from its own mean, multiplied.

out = clip(m + factor (x - m), 0, 1), m the mean of each image over C, H and W (lecture 003). Reference: the formula in
torch. torchvision takes the mean of the image in shades of gray, kornia.enhance.adjust_contrast multiplies about 0.
"""

import numpy as np

from autograder.exercises.augmentation._images import CLIPPING, ImageFunction
from autograder.judge import Case, alternative, mistake, slips


def draw(rng, case):
    """Images whose means and channels differ; `spread` is how far pixels lie from them."""
    shape, spread, (low, high) = case.get("shape"), case.get("spread", 0.3), case.get("between", (0.0, 1.0))
    means = rng.uniform(0.3, 0.7, (shape[0], 1, 1, 1)) + 0.2 * rng.uniform(-1.0, 1.0, (*shape[:2], 1, 1))
    noise = rng.uniform(-spread, spread, shape)
    # Squared: median and middle of the range are not the mean.
    x = low + (high - low) * np.clip(means + noise + 2 * noise**2, 0.0, 1.0)
    return [({"x": x, "factor": factor}, {}) for factor in case.get("factors")]


def reference(x, factor):
    m = x.mean(dim=(1, 2, 3), keepdim=True)
    return (m + factor * (x - m)).clamp(0.0, 1.0)


EXERCISE = ImageFunction(
    draw=draw,
    reference=reference,
    section="4 · Light and colour",
    sweep="factor",
    typical={"shape": (3, 3, 4, 5), "spread": 0.05, "factors": (1.1, 0.4)},
    cases=[
        Case("one image, a little less contrast", shape=(1, 1, 4, 5), factors=(0.7,)),
        Case("a little more, nothing to clip", shape=(2, 3, 4, 5), spread=0.05, factors=(1.2,)),
        Case("each image has its own mean", shape=(4, 1, 5, 4), factors=(0.5,)),
        Case("one mean for all channels of an image", shape=(3, 3, 4, 6), factors=(0.5, 1.5), weight=2),
        Case("much more contrast stays in [0, 1]", shape=(3, 3, 5, 4), factors=(4.0, 50.0), weight=3),
        Case("factor=1 changes nothing", shape=(2, 3, 4, 4), factors=(1.0,), weight=0.5),
        Case("factor=0 leaves one even gray", shape=(2, 3, 4, 4), factors=(0.0,)),
        Case("two channels, one row", shape=(2, 2, 1, 5), factors=(0.6, 5.0)),
        Case("pixels beyond 0 and 1 count too", shape=(2, 3, 4, 4), between=(-0.8, 1.8), factors=(0.9,), weight=0.5),
    ],
)


def right(x, factor):
    m = x.mean(axis=(1, 2, 3), keepdims=True)
    out = m + factor * (x - m)
    return np.clip(out, 0, 1)


MISTAKES = CLIPPING + slips("""
about_half: x.mean(axis=(1, 2, 3), keepdims=True) -> 0.5
    The contrast turns about 0.5, so dark images become black. Turn about the image's own mean: its brightness stays.

about_black (core): x.mean(axis=(1, 2, 3), keepdims=True) -> 0.0
    The image is only multiplied by `factor`, so its brightness changes with it. Multiply its differences from its
    mean.

mean_of_channels: axis=(1, 2, 3) -> axis=(2, 3)
    Each channel has its own mean, which takes the colours away as well. One mean for each image: over axes 1, 2 and 3.

mean_of_batch: x.mean(axis=(1, 2, 3), keepdims=True) -> x.mean()
    One mean for the whole batch: an image would depend on its neighbours. Each image has its own: `axis=(1, 2, 3),
    keepdims=True`.

mean_of_batch_channels: axis=(1, 2, 3) -> axis=(0, 2, 3)
    The mean is taken over the batch, as BatchNorm does. Each image has its own, over its channels, rows and columns:
    axes 1, 2 and 3.

mean_of_pixels: axis=(1, 2, 3) -> axis=1
    Each pixel has its own mean, over its channels: that changes the saturation, not the contrast. Average over axes 1,
    2 and 3.

mean_of_rows: axis=(1, 2, 3) -> axis=3
    or axis=(1, 2, 3) -> axis=(1, 3)
    or axis=(1, 2, 3) -> axis=2
    or axis=(1, 2, 3) -> axis=(1, 2)
    Each row, or each column, has its own mean. One mean for each image: over axes 1, 2 and 3.

median: x.mean(axis=(1, 2, 3), keepdims=True) -> np.median(x, axis=(1, 2, 3), keepdims=True)
    The contrast turns about the image's median. Its mean is asked for.

middle_of_range:
    x.mean(axis=(1, 2, 3), keepdims=True) -> (x.min((1, 2, 3)) + x.max((1, 2, 3))).reshape(-1, 1, 1, 1) / 2
    The contrast turns about the middle between darkest and brightest pixel. The mean is asked for.

mean_without_keepdims: keepdims=True -> keepdims=False
    The means have shape (N,) and line up with the columns, not with the images (and fail where W is not N). With
    `keepdims=True` they have shape (N, 1, 1, 1).

mean_not_added_back: m + factor * (x - m) -> factor * (x - m)
    The mean is subtracted and never added again: the image is nearly black. m + factor * (x - m).
mean_not_subtracted: factor * (x - m) -> factor * x
    The mean is added to the image, and was not subtracted before: m + factor * (x - m).
one_plus_factor: factor * (x - m) -> (1 + factor) * (x - m)
    The differences are multiplied by 1 + factor. A factor of 1 has to leave the image as it is.
weights_swapped: factor * (x - m) -> (1 - factor) * (x - m)
    Image and mean have changed places: `factor` belongs to x and 1 - factor to the mean.

divides_by_std: factor * (x - m) -> factor * (x - m) / (x.std(axis=(1, 2, 3), keepdims=True) + 1e-8)
    The differences are divided by the standard deviation too: images come out with one contrast. Only `factor`
    multiplies them.
""")


@mistake(
    "The mean is that of the image in shades of gray, 0.299 R + 0.587 G + 0.114 B, as torchvision has it. Here all "
    "channels count alike."
)
def mean_of_gray(x, factor):
    weights = np.array([0.299, 0.587, 0.114]) if x.shape[1] == 3 else np.full(x.shape[1], 1 / x.shape[1])
    m = (weights @ x.mean(axis=(2, 3)).T).reshape(-1, 1, 1, 1).astype(x.dtype)
    return np.clip(m + factor * (x - m), 0, 1)


@alternative
def blended(x, factor):
    m = np.mean(x.reshape(len(x), -1), axis=1)[:, None, None, None]
    return np.clip(factor * x + (1 - factor) * m, 0, 1)


@alternative
def image_by_image(x, factor):
    return np.stack([np.minimum(np.maximum((image - image.mean()) * factor + image.mean(), 0), 1) for image in x])


HINTS = [
    "With no contrast at all an image is one even gray. Which gray keeps its brightness?",
    "Its mean m, one number for each image: over axes 1, 2 and 3, with `keepdims=True`. Stretch the differences from "
    "it, and keep what comes out in [0, 1].",
    "`m = x.mean(axis=(1, 2, 3), keepdims=True)`, then `np.clip(m + factor * (x - m), 0, 1)`.",
]
