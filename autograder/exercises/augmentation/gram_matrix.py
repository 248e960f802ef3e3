"""gram_matrix: which channels of a layer's features are active together, summed over the picture.

G_ab = sum over pixels of f_a f_b / (C H W), for each sample (Gatys, Ecker and Bethge 2016, section 2.2; the division is
Johnson, Alahi and Fei-Fei 2016, and PyTorch's tutorial on style transfer; Gatys divides the loss by 4 C^2 (H W)^2
instead). Lecture 004 names style transfer among the augmentations. Reference: torch.einsum.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n, c, h, w = (case.get(length) for length in "nchw")
    # Each sample and channel of its own size: what is shared between them shows.
    size = rng.uniform(0.5, 2.0, (n, c, 1, 1)) * case.get("size", 1.0)
    f = size * (rng.standard_normal((n, c, h, w)) + case.get("offset", 0.4))
    if case.get("steps"):
        f = f * np.logspace(0, -6, n)[:, None, None, None]
    return {"f": f}, {}


def reference(f):
    _, c, h, w = f.shape
    return torch.einsum("nahw,nbhw->nab", f, f) / (c * h * w)


def scale(f):
    # Rounding is as large as the terms of each sum, also where they cancel.
    flat = np.abs(f).astype(np.float64).reshape(*f.shape[:2], -1)
    return {"gram": flat @ flat.transpose(0, 2, 1) / np.prod(f.shape[1:])}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("gram",),
    section="8 · Another style",
    scale=scale,
    sizes={"n": "samples", "c": "channels", "h": "rows", "w": "columns"},
    typical={"n": 2, "c": 4, "h": 3, "w": 5},
    cases=[
        Case("three channels of 4 x 4 features", n=2, c=3, h=4, w=4),
        Case("features that are no square", n=2, c=4, h=3, w=5, weight=2),
        Case("one sample", n=1, c=3, h=2, w=6),
        Case("one channel: its mean square", n=3, c=1, h=4, w=3),
        Case("more channels than pixels", n=2, c=6, h=1, w=3),
        Case("far from zero", n=2, c=3, h=4, w=6, offset=100.0),
        Case("each sample by itself, a million times smaller too", n=4, c=3, h=3, w=4, steps=True),
        Case("tiny features", n=2, c=3, h=4, w=5, size=1e-9),
    ],
)


def right(f):
    n, c, h, w = f.shape
    flat = f.reshape(n, c, h * w)
    products = flat @ flat.transpose(0, 2, 1)
    return products / (c * h * w)


MISTAKES = slips("""
not_divided: products / (c * h * w) -> products
    The sum over the pixels is not divided. Divide by C * H * W.
channels_not_divided (detail): c * h * w -> h * w
    Divided by H * W alone: the number of channels C belongs there too.
pixels_not_divided: c * h * w -> c
    Divided by C alone: the number of pixels, H * W, belongs there too.
divided_by_batch: c * h * w -> n * c * h * w
    Divided by all elements of the batch. Each sample has a Gram matrix of its own: divide by C * H * W, without N.
divided_as_the_loss (detail): c * h * w -> (2 * c * h * w) ** 2
    Divided by (2 C H W)^2: that is what Gatys et al. divide the *loss* by. The matrix is divided by C H W.

height_for_width (detail): c * h * w -> c * h * h
    or c * h * w -> c * w * w
    The picture is taken to be a square. The number of its pixels is H * W.

mean_subtracted (core): f.reshape(n, c, h * w) -> (f - f.mean(axis=(2, 3), keepdims=True)).reshape(n, c, h * w)
    This is a covariance: the mean of each channel is subtracted. The Gram matrix takes the features as they are.
normalised: products / (c * h * w) -> products / np.sqrt(np.einsum("naa,nbb->nab", products, products))
    Each channel is divided by its norm. How strong a channel is belongs to the style: divide by C * H * W alone.
of_pixels (core): flat @ flat.transpose(0, 2, 1) -> flat.transpose(0, 2, 1) @ flat
    Pixels are compared with pixels, shape (N, H W, H W). Sum *over* the pixels: the matrix is for channels, (N, C, C).
of_samples (core): flat @ flat.transpose(0, 2, 1) -> f.reshape(n, -1) @ f.reshape(n, -1).T
    Samples are compared with samples, shape (N, N). Each sample gets its own matrix for its channels, (N, C, C).
summed_over_batch: flat @ flat.transpose(0, 2, 1) -> (flat @ flat.transpose(0, 2, 1)).sum(axis=0)
    All samples are summed into one matrix. Each has its own: (N, C, C).
averaged_over_batch: flat @ flat.transpose(0, 2, 1) -> (flat @ flat.transpose(0, 2, 1)).mean(axis=0)
    All samples are averaged into one matrix. Each has its own: (N, C, C).

outer_of_means (core): products / (c * h * w) -> flat.mean(axis=2)[:, :, None] * flat.mean(axis=2)[:, None] / c
    Each channel is averaged first, and the averages multiplied. Multiply pixel by pixel, then sum: what matters is
    which channels are active in the *same* place.

reshaped_without_transpose:
    f.reshape(n, c, h * w) -> f.reshape(n, h * w, c)
    flat @ flat.transpose(0, 2, 1) -> flat.transpose(0, 2, 1) @ flat
    `reshape(N, H * W, C)` mixes channels and pixels: it only cuts the numbers anew. Reshape to (N, C, H * W), which
    keeps each channel together.
""")


@alternative
def element_by_element(f):
    n, c, h, w = f.shape
    out = np.zeros((n, c, c), f.dtype)
    for i in range(n):
        for a in range(c):
            for b in range(a, c):
                out[i, a, b] = out[i, b, a] = np.vdot(f[i, a], f[i, b]) / (c * h * w)
    return out


@alternative
def scaled_first(f):
    n, c, h, w = f.shape
    columns = f.transpose(0, 2, 3, 1).reshape(n, h * w, c) / (c * h * w) ** 0.5
    return np.swapaxes(columns, 1, 2) @ columns


HINTS = [
    "Lay the pixels of each channel in one long row. What product of matrices compares every row with every other?",
    "`f.reshape(n, c, h * w)` has one row for each channel; `@` works sample by sample on arrays of three dimensions.",
    "`flat @ flat.transpose(0, 2, 1) / (c * h * w)`.",
]
