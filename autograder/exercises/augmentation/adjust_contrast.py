"""adjust_contrast: each image's differences from its own mean, multiplied.

out = clip(m + factor (x - m), 0, 1), m the mean of each image over C, H and W (lecture 003). Reference: the formula in
torch. torchvision takes the mean of the image in shades of gray, kornia.enhance.adjust_contrast multiplies around black.
"""

import numpy as np

from autograder.exercises.augmentation._images import scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """Images whose means and channels differ; `spread` is how far pixels lie from them."""
    shape, spread = case.get("shape"), case.get("spread", 0.3)
    means = rng.uniform(0.3, 0.7, (shape[0], 1, 1, 1)) + 0.2 * rng.uniform(-1.0, 1.0, (*shape[:2], 1, 1))
    noise = rng.uniform(-spread, spread, shape)
    # Squared: median and middle of the range are not the mean.
    x = np.clip(means + noise + 2 * noise**2, 0.0, 1.0)
    return [({"x": x, "factor": factor}, {}) for factor in case.get("factors")]


def reference(x, factor):
    m = x.mean(dim=(1, 2, 3), keepdim=True)
    return (m + factor * (x - m)).clamp(0.0, 1.0)


def about(m, x, factor):
    return np.clip(m + factor * (x - m), 0, 1)


def about_half(x, factor):
    return about(0.5, x, factor)


def about_black(x, factor):
    return about(0.0, x, factor)


def about_channels(x, factor):
    return about(x.mean(axis=(2, 3), keepdims=True), x, factor)


def about_batch(x, factor):
    return about(x.mean(), x, factor)


def about_batch_channels(x, factor):
    return about(x.mean(axis=(0, 2, 3), keepdims=True), x, factor)


def about_pixels(x, factor):
    return about(x.mean(axis=1, keepdims=True), x, factor)


def about_gray(x, factor):
    weights = np.array([0.299, 0.587, 0.114]) if x.shape[1] == 3 else np.full(x.shape[1], 1 / x.shape[1])
    gray = np.einsum("c,nchw->nhw", weights, x)
    return about(gray.mean(axis=(1, 2)).reshape(-1, 1, 1, 1).astype(x.dtype), x, factor)


def about_median(x, factor):
    return about(np.median(x, axis=(1, 2, 3), keepdims=True), x, factor)


def about_middle(x, factor):
    return about((x.min(axis=(1, 2, 3), keepdims=True) + x.max(axis=(1, 2, 3), keepdims=True)) / 2, x, factor)


def not_clipped(x, factor):
    m = x.mean(axis=(1, 2, 3), keepdims=True)
    return m + factor * (x - m)


def mean_not_added_back(x, factor):
    return np.clip(factor * (x - x.mean(axis=(1, 2, 3), keepdims=True)), 0, 1)


def one_plus_factor(x, factor):
    return about(x.mean(axis=(1, 2, 3), keepdims=True), x, 1 + factor)


def weights_swapped(x, factor):
    return about(x.mean(axis=(1, 2, 3), keepdims=True), x, 1 - factor)


def standardized(x, factor):
    m, std = x.mean(axis=(1, 2, 3), keepdims=True), x.std(axis=(1, 2, 3), keepdims=True)
    return np.clip(m + factor * (x - m) / (std + 1e-8), 0, 1)


def blended(x, factor):
    m = np.mean(x.reshape(len(x), -1), axis=1)[:, None, None, None]
    return np.clip(factor * x + (1 - factor) * m, 0, 1)


def image_by_image(x, factor):
    return np.stack([np.minimum(np.maximum((image - image.mean()) * factor + image.mean(), 0), 1) for image in x])


def from_sums(x, factor):
    m = np.einsum("nchw->n", x) / x[0].size
    out = np.swapaxes(np.swapaxes(x, 0, 3) * factor + (m - factor * m), 0, 3)
    return out.clip(0.0, 1.0).astype(x.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    sweep="factor",
    typical={"shape": (3, 3, 4, 5), "factors": (1.7, 0.4)},
    cases=[
        Case("one image, a little less contrast", shape=(1, 1, 4, 5), factors=(0.7,)),
        Case("a little more, nothing to clip", shape=(2, 3, 4, 5), spread=0.05, factors=(1.2,)),
        Case("each image has its own mean", shape=(4, 1, 5, 4), factors=(0.5,)),
        Case("one mean for all channels of an image", shape=(3, 3, 4, 6), factors=(0.5, 1.5), weight=2),
        Case("much more contrast stays in [0, 1]", shape=(3, 3, 5, 4), factors=(4.0,)),
        Case("factor=1 changes nothing", shape=(2, 3, 4, 4), factors=(1.0,)),
        Case("factor=0 leaves one even gray", shape=(2, 3, 4, 4), factors=(0.0,)),
        Case("two channels, one row", shape=(2, 2, 1, 5), factors=(0.6, 2.0)),
    ],
    mistakes=[
        Mistake(
            "about_half",
            about_half,
            "The contrast turns about 0.5, so dark images become black. Turn about the image's own mean: its brightness "
            "stays.",
        ),
        Mistake(
            "about_black",
            about_black,
            "The image is only multiplied by `factor`, so its brightness changes with it. Multiply its differences from "
            "its mean.",
        ),
        Mistake(
            "mean_of_channels",
            about_channels,
            "Each channel has its own mean, which takes the colours away as well. One mean for each image: over axes 1, 2 "
            "and 3.",
        ),
        Mistake(
            "mean_of_batch",
            about_batch,
            "One mean for the whole batch: an image would depend on its neighbours. Each image has its own: "
            "`axis=(1, 2, 3), keepdims=True`.",
        ),
        Mistake(
            "mean_of_batch_channels",
            about_batch_channels,
            "The mean is taken over the batch, as BatchNorm does. Each image has its own, over its channels, rows and "
            "columns: axes 1, 2 and 3.",
        ),
        Mistake(
            "mean_of_pixels",
            about_pixels,
            "Each pixel has its own mean, over its channels: that changes the saturation, not the contrast. Average over "
            "axes 1, 2 and 3.",
        ),
        Mistake(
            "mean_of_gray",
            about_gray,
            "The mean is that of the image in shades of gray, 0.299 R + 0.587 G + 0.114 B, as torchvision has it. Here all "
            "channels count alike.",
        ),
        Mistake("median", about_median, "The contrast turns about the image's median. Its mean is asked for."),
        Mistake(
            "middle_of_range",
            about_middle,
            "The contrast turns about the middle between darkest and brightest pixel. The mean is asked for.",
        ),
        Mistake(
            "leaves_range",
            not_clipped,
            "Values leave [0, 1] when the contrast grows. Clip what comes out with np.clip(..., 0, 1).",
        ),
        Mistake(
            "mean_not_added_back",
            mean_not_added_back,
            "The mean is subtracted and never added again: the image is nearly black. m + factor * (x - m).",
        ),
        Mistake(
            "one_plus_factor",
            one_plus_factor,
            "The differences are multiplied by 1 + factor. A factor of 1 has to leave the image as it is.",
        ),
        Mistake(
            "weights_swapped",
            weights_swapped,
            "Image and mean have changed places: `factor` belongs to x and 1 - factor to the mean.",
        ),
        Mistake(
            "divides_by_std",
            standardized,
            "The differences are divided by the standard deviation too: images come out with one contrast. Only `factor` "
            "multiplies them.",
        ),
    ],
    alternatives=[blended, image_by_image, from_sums],
    hints=[
        "With no contrast at all an image is one even gray. Which gray keeps its brightness?",
        "Its mean m, one number for each image: over axes 1, 2 and 3, with `keepdims=True`. Stretch the differences from "
        "it, and keep what comes out in [0, 1].",
        "`m = x.mean(axis=(1, 2, 3), keepdims=True)`, then `np.clip(m + factor * (x - m), 0, 1)`.",
    ],
)
