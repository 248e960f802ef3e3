"""What the exercises on images share: drawn images, PyTorch's bilinear sampling, and NumPy pieces for the mistakes.

Pixel centres lie at whole numbers: column j and row i at (j, i), the image's centre at ((W - 1) / 2, (H - 1) / 2).
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.judge import Finding, Mistake

# Copied or blackened pixels have no rounding to speak of; the drawn values lie 1e-3 and more apart.
SAME = 1e-6


def images(rng, shape, low=0.05, high=0.95):
    """Images of one even noise."""
    return rng.uniform(low, high, shape)


def distinct_images(rng, shape):
    """Images in which no value comes twice, none of them 0: each pixel tells where it came from."""
    n, pixels = shape[0], int(np.prod(shape[1:]))
    return (rng.permuted(np.tile(np.arange(pixels), (n, 1)), axis=1).reshape(shape) + 1.0) / pixels


def scale(**_):
    """Rounding is relative to white, also where the answer is nearly black."""
    return {"out": 1.0}


def centred(x):
    """Columns and rows counted from the centre, shapes (W,) and (H, 1)."""
    h, w = x.shape[2:]
    return np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2


def centre(x):
    """The centre's column and row."""
    h, w = x.shape[2:]
    return (w - 1) / 2, (h - 1) / 2


def affine(x, matrix):
    """torch's affine_grid and grid_sample with a map of pixels about the centre, [[xx, xy], [yx, yy]].

    affine_grid counts from -1 to 1 along both sides, so what mixes columns and rows needs the aspect ratio.
    """
    h, w = x.shape[2:]
    (xx, xy), (yx, yy) = matrix
    theta = torch.tensor([[xx, xy * h / w, 0.0], [yx * w / h, yy, 0.0]], dtype=x.dtype).expand(len(x), 2, 3)
    return bilinear(x, F.affine_grid(theta, list(x.shape), align_corners=False))


def bilinear(x, grid):
    """torch's sampling with zeros outside: between the border and the first pixel outside the image fades."""
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def fetch(x, rows, columns, outside="zeros"):
    """The pixels at whole rows and columns, each of shape (N, H, W); `outside` is "zeros", "edge" or "wrap"."""
    n, _, h, w = x.shape
    inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    rows, columns = (rows % h, columns % w) if outside == "wrap" else (rows.clip(0, h - 1), columns.clip(0, w - 1))
    found = np.moveaxis(x[np.arange(n)[:, None, None], :, rows, columns], -1, 1)
    return found * inside[:, None] if outside == "zeros" else found


def sample(x, px, py, outside="zeros", whole=np.floor):
    """Bilinear sampling in NumPy, right as it stands; px and py broadcast to (N, H, W)."""
    px, py = (np.broadcast_to(p, (len(x), *x.shape[2:])) for p in (px, py))
    left, top = whole(px).astype(int), whole(py).astype(int)
    a, b = (px - left)[:, None], (py - top)[:, None]
    upper = (1 - a) * fetch(x, top, left, outside) + a * fetch(x, top, left + 1, outside)
    lower = (1 - a) * fetch(x, top + 1, left, outside) + a * fetch(x, top + 1, left + 1, outside)
    return ((1 - b) * upper + b * lower).astype(x.dtype)


def nearest(x, px, py):
    """The nearest pixel, without interpolation."""
    px, py = (np.broadcast_to(p, (len(x), *x.shape[2:])) for p in (px, py))
    return fetch(x, np.rint(py).astype(int), np.rint(px).astype(int))


def hard_border(x, px, py, slack=0.0):
    """Zero as soon as a point leaves the outermost pixel centres."""
    h, w = x.shape[2:]
    inside = (px >= -slack) & (px <= w - 1 + slack) & (py >= -slack) & (py <= h - 1 + slack)
    inside = np.broadcast_to(inside, (len(x), h, w))[:, None]
    return (inside * sample(x, px, py, "edge")).astype(x.dtype)


def truncated_tents(x, px, py):
    """Weights 1 - |distance|, which go below 0 where `int` has found the wrong four pixels."""
    px, py = (np.broadcast_to(p, (len(x), *x.shape[2:])) for p in (px, py))
    left, top = px.astype(int), py.astype(int)
    out = np.zeros_like(x)
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        out += ((1 - abs(py - row)) * (1 - abs(px - column)))[:, None] * fetch(x, row, column)
    return out


def sampling_mistakes(positions):
    """The mistakes of bilinear sampling, for an exercise whose points are positions(x, argument) -> px, py."""
    truncates = (
        "Left of the image and above it, `int` and `astype(int)` round towards 0, so the four pixels are the wrong ones. "
        "Use np.floor first."
    )
    kinds = [
        (
            "nearest_pixel",
            nearest,
            "Each pixel is copied from the nearest one, which tears edges into steps. Between pixels take the weighted "
            "mean of the four around.",
        ),
        (
            "hard_border",
            hard_border,
            "Points just outside the outermost pixel centres count as black at once. There, too, take the mean of four "
            "pixels, those outside being 0: the border fades over one pixel. (scipy.ndimage: mode='grid-constant'.)",
        ),
        (
            "smears_border",
            lambda x, px, py: sample(x, px, py, "edge"),
            "Outside the image the border pixels go on for ever: clipped indices alone repeat them. Pixels outside count "
            "as 0.",
        ),
        (
            "wraps_around",
            lambda x, px, py: sample(x, px, py, "wrap"),
            "What leaves the image on one side comes back in on the other: an index of -1 is the last pixel, in NumPy. "
            "Pixels outside count as 0.",
        ),
        ("truncates", lambda x, px, py: sample(x, px, py, whole=np.trunc), truncates),
        ("truncates", truncated_tents, truncates),
    ]
    return [
        Mistake(name, lambda x, argument, wrong=wrong: wrong(x, *positions(x, argument)), sentence)
        for name, wrong, sentence in kinds
    ]


def as_images(value, x, name):
    """What came as float64 images like x, or the finding that says what else came."""
    if not isinstance(value, np.ndarray):
        return Finding(f"{name} must return a NumPy array", got=type(value).__name__)
    if value.shape != x.shape:
        return Finding(f"{name} must return an array of the shape of x, {x.shape}", got=str(value.shape))
    if value.dtype != x.dtype:
        if x.dtype == np.float32 and value.dtype == np.float64:
            return Finding(
                "Float32 goes in and float64 comes out: a new array is made without x's dtype. `np.zeros_like(x)` and "
                "`x.copy()` have it.",
                "changes_dtype",
            )
        return Finding(f"{name} must keep the dtype of x, {x.dtype}", got=str(value.dtype))
    if not np.isfinite(value).all():
        return Finding(f"{name} gives values that are not finite")
    return value.astype(np.float64)
