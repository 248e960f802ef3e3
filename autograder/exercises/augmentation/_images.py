"""What the exercises on images share: drawn images, PyTorch's bilinear sampling, and the mistakes of several of them.

Pixel centres lie at whole numbers: column j and row i at (j, i), the image's centre at ((W - 1) / 2, (H - 1) / 2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge import F, Function, Mistake, slips, torch

# Square images hide what changes rows and columns, others hide what works by luck: both are asked, and lengths of 1.
FORMS = [
    {"shape": shape, "framed": False}
    for shape in ((4, 4, 4, 4), (2, 3, 5, 5), (1, 3, 4, 5), (3, 1, 4, 5), (3, 3, 1, 5), (3, 3, 4, 1), (1, 1, 1, 1))
]


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFunction(Function):
    """A function from images (N, C, H, W) to such images. Its cases have a `shape`, and `framed` as in `images`."""

    returns: tuple[str | None, ...] = ("out",)
    # Rounding is relative to white, also where the answer is nearly black.
    scale: Callable[..., Mapping[str, Any]] | None = lambda **_: {"out": 1.0}
    forms: Sequence[Mapping[str, Any]] = tuple(FORMS)
    # Not "range": images lie in [0, 1], and what cuts its result off there is right.
    standard: tuple[str, ...] = ("float32", "shapes", "layout", "ties", "inputs", "again")


def images(rng, case, low=0.05, high=0.95):
    """Images of one even noise; `framed` ones are black at the border, where what becomes of it does not show."""
    x = rng.uniform(low, high, case.get("shape"))
    if case.get("framed"):
        x[:, :, [0, -1]] = x[..., [0, -1]] = 0.0
    return x


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


def pushed(x, px, py):
    """The images with each pixel sent to the nearest one of a column px and a row py, which broadcast to (N, H, W)."""
    n, _, h, w = x.shape
    columns, rows = (np.broadcast_to(np.rint(p).astype(int), (n, h, w)) for p in (px, py))
    out = np.zeros_like(x)
    for k, i, j in np.ndindex(n, h, w):
        if 0 <= rows[k, i, j] < h and 0 <= columns[k, i, j] < w:
            out[k, :, rows[k, i, j], columns[k, i, j]] = x[k, :, i, j]
    return out


UNCHANGED = [Mistake("unchanged", lambda x, *_: x.copy(), "The images come back as they were.", degree="core")]

# Of `out` clipped in the last line.
CLIPPING = UNCHANGED + slips("""
leaves_range: np.clip(out, 0, 1) -> out
    Values leave [0, 1]: a pixel cannot be whiter than white. Clip what comes out with `np.clip(..., 0, 1)`.
clipped_above_only: np.clip(out, 0, 1) -> np.minimum(out, 1)
    Values go below 0: the lower bound is missing. `np.clip(..., 0, 1)`.
clipped_below_only: np.clip(out, 0, 1) -> np.maximum(out, 0)
    Values go above 1 (is the upper bound missing, or 255?). White is 1 here: `np.clip(..., 0, 1)`.

rescales: np.clip(out, 0, 1) -> (out - out.min()) / np.maximum(np.ptp(out), 1e-12)
    or np.clip(out, 0, 1) -> np.array([(image - image.min()) / np.maximum(np.ptp(image), 1e-12) for image in out])
    Images are stretched to fill [0, 1], which adds contrast. Clip: what is too bright becomes 1, the rest stays.

goes_round: np.clip(out, 0, 1) -> out % 1
    or np.clip(out, 0, 1) -> out - (out > 1) + (out < 0)
    What goes beyond white comes out nearly black: the values go round, as bytes do when they overflow. Clip them.

rounds_to_bytes (detail): np.clip(out, 0, 1) -> np.rint(np.clip(out, 0, 1) * 255) / 255
    or np.clip(out, 0, 1) -> np.floor(np.clip(out, 0, 1) * 255) / 255
    The values are rounded to 256 steps, as bytes have them. Images are floats here: keep them as they are.
""")

# Of the loop over the four pixels around (px, py).
SAMPLING = UNCHANGED + slips("""
nearest_pixel:
    1 - abs(py - row) -> row == np.rint(py)
    1 - abs(px - column) -> column == np.rint(px)
    Each pixel is copied from the nearest one, which tears edges into steps. Between pixels take the weighted mean of
    the four around.

pixel_below:
    1 - abs(py - row) -> i == 0
    1 - abs(px - column) -> j == 0
    or np.floor(px).astype(int), np.floor(py).astype(int) -> px.astype(int), py.astype(int)
    1 - abs(py - row) -> i == 0
    1 - abs(px - column) -> j == 0
    Each pixel is copied from the one to the upper left of its place, the fraction cut off. Take the weighted mean of
    the four around.

weights_swapped:
    1 - abs(py - row) -> abs(py - row)
    1 - abs(px - column) -> abs(px - column)
    The weights are the wrong way round: the nearer a pixel, the more it counts. Of a column it is 1 - |px - column|.

weights_of_other_corners:
    1 - abs(py - row) -> 1 - abs(py - top - j)
    1 - abs(px - column) -> 1 - abs(px - left - i)
    The weights of the upper right and the lower left pixel have changed places.

equal_weights:
    1 - abs(py - row) -> 0.5
    1 - abs(px - column) -> 0.5
    The four pixels count alike. The nearer a pixel, the more it counts: 1 - |px - column| times 1 - |py - row|.

hard_border:
    row >= 0 -> py >= 0
    row < h -> py <= h - 1
    column >= 0 -> px >= 0
    column < w -> px <= w - 1
    or row >= 0 -> py >= -1e-9
    row < h -> py <= h - 1 + 1e-9
    column >= 0 -> px >= -1e-9
    column < w -> px <= w - 1 + 1e-9
    Points just outside the outermost pixel centres count as black at once. There, too, take the mean of four pixels,
    those outside being 0: the border fades over one pixel. (scipy.ndimage: `mode="grid-constant"`.)

last_row_outside:
    row < h -> row < h - 1
    column < w -> column < w - 1
    or row >= 0 -> top >= 0
    row < h -> top < h - 1
    column >= 0 -> left >= 0
    column < w -> left < w - 1
    The last row and the last column count as outside. They are H - 1 and W - 1: `row < h`, `column < w`, for each of
    the four pixels by itself.

smears_border: weight * inside -> weight
    Outside the image the border pixels go on for ever: clipped indices alone repeat them. Pixels outside count as 0.

wraps_around:
    weight * inside -> weight
    row.clip(0, h - 1) -> row % h
    column.clip(0, w - 1) -> column % w
    What leaves the image on one side comes back in on the other: an index of -1 is the last pixel, in NumPy. Pixels
    outside count as 0.

truncates: np.floor(px).astype(int), np.floor(py).astype(int) -> px.astype(int), py.astype(int)
    or np.floor(px).astype(int), np.floor(py).astype(int) -> px.astype(int), py.astype(int)
    1 - abs(py - row) -> py - top if i else 1 - (py - top)
    1 - abs(px - column) -> px - left if j else 1 - (px - left)
    Left of the image and above it, `int` and `astype(int)` round towards 0, so the four pixels are the wrong ones. Use
    `np.floor` first.
""")

# The same where places are counted from the centre: cx, cy = (w - 1) / 2, (h - 1) / 2.
CENTRED = SAMPLING + slips("""
centre_half_a_pixel_off: cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = w / 2, h / 2
    The centre is taken at (W / 2, H / 2), half a pixel too far right and down. Pixels 0 to W - 1 have their centre at
    (W - 1) / 2.

centre_is_a_pixel: cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = w // 2, h // 2
    or cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = (w - 1) // 2, (h - 1) // 2
    The centre is taken at a whole number, as `//` gives it. Of an even number of columns it lies between two:
    (W - 1) / 2.

about_the_corner: cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = 0, 0
    or cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = -0.5, -0.5
    The upper left corner stays where it is, so the picture wanders off. Count from the centre: u = j - (W - 1) / 2,
    v = i - (H - 1) / 2.

centres_swapped: cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx, cy = (h - 1) / 2, (w - 1) / 2
    cx and cy have changed places: cx = (W - 1) / 2 belongs to the columns, cy = (H - 1) / 2 to the rows.

one_centre_for_both: cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx = cy = (w - 1) / 2
    or cx, cy = (w - 1) / 2, (h - 1) / 2 -> cx = cy = (h - 1) / 2
    Rows and columns have the same centre, which is right for square images alone: cx = (W - 1) / 2, cy = (H - 1) / 2.
""")
