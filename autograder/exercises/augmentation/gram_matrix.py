"""gram_matrix: which channels of a layer's features are active together, summed over the picture.

G_ab = sum over pixels of f_a f_b / (C H W), for each sample (Gatys, Ecker and Bethge 2016, section 2.2; the division is
Johnson, Alahi and Fei-Fei 2016, and PyTorch's tutorial on style transfer; Gatys divides the loss by 4 C^2 (H W)^2
instead). Lecture 004 names style transfer among the augmentations. Reference: torch.einsum.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    shape = case.get("shape")
    # Each sample and channel of its own size: what is shared between them shows.
    size = rng.uniform(0.5, 2.0, (*shape[:2], 1, 1)) * case.get("size", 1.0)
    f = size * (rng.standard_normal(shape) + case.get("offset", 0.4))
    if case.get("steps"):
        f = f * np.logspace(0, -6, shape[0])[:, None, None, None]
    return {"f": f}, {}


def reference(f):
    _, c, h, w = f.shape
    return torch.einsum("nahw,nbhw->nab", f, f) / (c * h * w)


def scale(f):
    # Rounding is as large as the terms of each sum, also where they cancel.
    flat = np.abs(f).astype(np.float64).reshape(*f.shape[:2], -1)
    return {"gram": flat @ flat.transpose(0, 2, 1) / np.prod(f.shape[1:])}


def flattened(f):
    return f.reshape(*f.shape[:2], -1)


def sums(f):
    flat = flattened(f)
    return flat @ flat.transpose(0, 2, 1)


def over_pixels(f):
    return sums(f) / (f.shape[2] * f.shape[3])


def over_channels(f):
    return sums(f) / f.shape[1]


def over_everything(f):
    return sums(f) / f.size


def of_the_loss(f):
    return sums(f) / (2 * np.prod(f.shape[1:])) ** 2


def covariance(f):
    flat = flattened(f)
    flat = flat - flat.mean(axis=2, keepdims=True)
    return flat @ flat.transpose(0, 2, 1) / np.prod(f.shape[1:])


def correlation(f):
    flat = flattened(f)
    flat = flat / np.linalg.norm(flat, axis=2, keepdims=True)
    return flat @ flat.transpose(0, 2, 1)


def of_pixels(f):
    flat = flattened(f)
    return flat.transpose(0, 2, 1) @ flat / np.prod(f.shape[1:])


def of_samples(f):
    flat = f.reshape(len(f), -1)
    return flat @ flat.T / np.prod(f.shape[1:])


def of_the_batch(f):
    return np.einsum("nahw,nbhw->ab", f, f) / np.prod(f.shape[1:])


def mean_of_the_batch(f):
    return of_the_batch(f) / len(f)


def channels_reshaped_last(f):
    n, c, h, w = f.shape
    flat = f.reshape(n, h * w, c)
    return flat.transpose(0, 2, 1) @ flat / (c * h * w)


def element_by_element(f):
    n, c, h, w = f.shape
    out = np.zeros((n, c, c), f.dtype)
    for i in range(n):
        for a in range(c):
            for b in range(a, c):
                out[i, a, b] = out[i, b, a] = np.vdot(f[i, a], f[i, b]) / (c * h * w)
    return out


def through_tensordot(f):
    grams = [np.tensordot(sample, sample, axes=([1, 2], [1, 2])) for sample in f]
    return np.stack(grams) / f[0].size


def scaled_first(f):
    n, c, h, w = f.shape
    columns = f.transpose(0, 2, 3, 1).reshape(n, h * w, c) / (c * h * w) ** 0.5
    return np.swapaxes(columns, 1, 2) @ columns


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("gram",),
    scale=scale,
    cases=[
        Case("three channels of 4 x 4 features", shape=(2, 3, 4, 4)),
        Case("features that are no square", shape=(2, 4, 3, 5), weight=2),
        Case("one sample", shape=(1, 3, 2, 6)),
        Case("one channel: its mean square", shape=(3, 1, 4, 3)),
        Case("more channels than pixels", shape=(2, 6, 1, 3)),
        Case("a single pixel", shape=(3, 4, 1, 1)),
        Case("far from zero", shape=(2, 3, 4, 6), offset=100.0),
        Case("each sample by itself, a million times smaller too", shape=(4, 3, 3, 4), steps=True),
        Case("tiny features", shape=(2, 3, 4, 5), size=1e-9),
    ],
    mistakes=[
        Mistake("not_divided", sums, "The sum over the pixels is not divided. Divide by C * H * W."),
        Mistake(
            "channels_not_divided", over_pixels, "Divided by H * W alone: the number of channels C belongs there too."
        ),
        Mistake(
            "pixels_not_divided", over_channels, "Divided by C alone: the number of pixels, H * W, belongs there too."
        ),
        Mistake(
            "divided_by_batch",
            over_everything,
            "Divided by all elements of the batch. Each sample has a Gram matrix of its own: divide by C * H * W, without N.",
        ),
        Mistake(
            "divided_as_the_loss",
            of_the_loss,
            "Divided by (2 C H W)^2: that is what Gatys et al. divide the *loss* by. The matrix is divided by C H W.",
        ),
        Mistake(
            "mean_subtracted",
            covariance,
            "This is a covariance: the mean of each channel is subtracted. The Gram matrix takes the features as they are.",
        ),
        Mistake(
            "normalised",
            correlation,
            "Each channel is divided by its norm. How strong a channel is belongs to the style: divide by C * H * W alone.",
        ),
        Mistake(
            "of_pixels",
            of_pixels,
            "Pixels are compared with pixels, shape (N, H W, H W). Sum *over* the pixels: the matrix is for channels, "
            "(N, C, C).",
        ),
        Mistake(
            "of_samples",
            of_samples,
            "Samples are compared with samples, shape (N, N). Each sample gets its own matrix for its channels, (N, C, C).",
        ),
        Mistake(
            "summed_over_batch", of_the_batch, "All samples are summed into one matrix. Each has its own: (N, C, C)."
        ),
        Mistake(
            "averaged_over_batch",
            mean_of_the_batch,
            "All samples are averaged into one matrix. Each has its own: (N, C, C).",
        ),
        Mistake(
            "reshaped_without_transpose",
            channels_reshaped_last,
            "`reshape(N, H * W, C)` mixes channels and pixels: it only cuts the numbers anew. Reshape to (N, C, H * W), "
            "which keeps each channel together.",
        ),
    ],
    alternatives=[element_by_element, through_tensordot, scaled_first],
    hints=[
        "Lay the pixels of each channel in one long row. What product of matrices compares every row with every other?",
        "`f.reshape(n, c, h * w)` has one row for each channel; `@` works sample by sample on arrays of three dimensions.",
        "`flat @ flat.transpose(0, 2, 1) / (c * h * w)`.",
    ],
)
