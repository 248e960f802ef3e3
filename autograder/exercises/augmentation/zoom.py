"""zoom: images enlarged about their centre, size kept.

The pixel at column j and row i shows x at (cx + (j - cx) / factor, cy + (i - cy) / factor), with the centre
((W - 1) / 2, (H - 1) / 2); bilinear, pixels outside count as 0 (lecture 004). Reference: torch's affine_grid and
grid_sample (align_corners=False). kornia.geometry.transform.scale does the same.
"""

import numpy as np

from autograder.exercises.augmentation import _images
from autograder.judge import Case, alternative, slips


def draw(rng, case):
    x = _images.images(rng, case)
    return [({"x": x, "factor": factor}, {}) for factor in case.get("factors")]


EXERCISE = _images.ImageFunction(
    draw=draw,
    reference=lambda x, factor: _images.affine(x, [[1 / factor, 0.0], [0.0, 1 / factor]]),
    section="2 · Between the pixels",
    sweep="factor",
    typical={"shape": (2, 3, 5, 6), "factors": (1.6, 0.7)},
    cases=[
        Case("factor=1 changes nothing", shape=(2, 3, 4, 5), factors=(1.0,), weight=0.5),
        Case("twice as large", shape=(2, 3, 4, 6), factors=(2.0,), weight=2),
        Case("half as large, zeros around", shape=(2, 3, 7, 9), factors=(0.5,), weight=2),
        Case("a little larger, images higher than wide", shape=(2, 1, 9, 5), factors=(1.25,)),
        Case("a little smaller, images wider than high", shape=(3, 2, 4, 8), factors=(0.8,)),
        Case("a square of odd size, factor=3", shape=(1, 1, 5, 5), factors=(3.0,)),
        Case("a single row", shape=(2, 2, 1, 7), factors=(1.5, 0.75)),
        Case("very small: factor=0.1", shape=(2, 1, 5, 7), factors=(0.1,)),
        Case("very large: factor=50 shows the centre alone", shape=(2, 3, 4, 7), factors=(50.0,)),
    ],
)


def right(x, factor):
    h, w = x.shape[2:]
    cx, cy = (w - 1) / 2, (h - 1) / 2
    u, v = np.arange(w) - cx, np.arange(h)[:, None] - cy
    px, py = cx + u / factor, cy + v / factor
    left, top = np.floor(px).astype(int), np.floor(py).astype(int)
    out = np.zeros_like(x)
    for i, j in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        row, column = top + i, left + j
        weight = (1 - abs(py - row)) * (1 - abs(px - column))
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        out += weight * inside * x[:, :, row.clip(0, h - 1), column.clip(0, w - 1)]
    return out


MISTAKES = _images.CENTRED + slips("""
inverted:
    u / factor -> u * factor
    v / factor -> v * factor
    A factor of 2 shrinks. Think backwards: the pixel at distance d from the centre shows what lies at d / factor.

forward_mapping: return out -> return _images.pushed(x, cx + u * factor, cy + v * factor)
    Pixels are sent to where they move, which leaves holes when the picture grows. Fetch instead: for each pixel of the
    result, ask where it comes from.

centre_not_added_back:
    cx + u / factor -> u / factor
    cy + v / factor -> v / factor
    The centre is subtracted and never added again: cx + (j - cx) / factor.

corners_stay:
    u / factor -> u * (w - 1) / (factor * w - 1)
    v / factor -> v * (h - 1) / (factor * h - 1)
    The outermost pixel centres are laid on one another (align_corners=True), so the enlargement is not quite `factor`.
    Divide the distance from the centre by `factor`, no more.

whole_sizes:
    u / factor -> u * w / max(round(w * factor), 1)
    v / factor -> v * h / max(round(h * factor), 1)
    or u / factor -> u * w / max(int(w * factor), 1)
    v / factor -> v * h / max(int(h * factor), 1)
    The enlarged picture has a whole number of rows and columns, so the enlargement is not quite `factor`. Divide the
    distance from the centre by `factor` itself.

columns_only: v / factor -> v
    Only columns are stretched: rows need the same.
rows_only: u / factor -> u
    Only rows are stretched: columns need the same.

by_area:
    u / factor -> u / factor**0.5
    v / factor -> v / factor**0.5
    The area grows by `factor`, the sides by its root. Widths and heights are multiplied by `factor`.

one_plus_factor:
    u / factor -> u / (1 + factor)
    v / factor -> v / (1 + factor)
    The picture grows by 1 + factor. A factor of 1 has to leave it as it is.

never_shrinks: -> factor = max(factor, 1.0)
    Factors below 1 change nothing. They shrink the picture, with zeros around.
""")


@alternative
def tents(x, factor):
    """A matrix for the rows and one for the columns."""
    h, w = x.shape[2:]
    px = (w - 1) / 2 + (np.arange(w) - (w - 1) / 2) / factor
    py = (h - 1) / 2 + (np.arange(h) - (h - 1) / 2) / factor
    across = np.maximum(0, 1 - np.abs(px[:, None] - np.arange(w)))
    down = np.maximum(0, 1 - np.abs(py[:, None] - np.arange(h)))
    return (down @ x @ across.T).astype(x.dtype)


@alternative
def rows_then_columns(x, factor):
    """np.interp along one axis after the other, on an image with a frame of zeros."""
    out = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for axis in (3, 2):
        n = x.shape[axis]
        places = (n - 1) / 2 + (np.arange(n) - (n - 1) / 2) / factor
        grid = np.arange(-1, n + 1)
        out = np.apply_along_axis(lambda line, g=grid, p=places: np.interp(p, g, line), axis, out)
    return out.astype(x.dtype)


HINTS = [
    "Think backwards. With factor 2, a pixel three columns right of the centre shows what was how far right of it?",
    "Column px = cx + (j - cx) / factor, with cx = (W - 1) / 2; the same for rows. Your elastic_distort fetches from "
    "there, if it is told how far that is from j: the flow is px - j.",
    "`u = np.arange(w) - (w - 1) / 2`, `flow = np.zeros((n, 2, h, w))`, `flow[:, 0] = u / factor - u`; the same with "
    "`v = np.arange(h)[:, None] - (h - 1) / 2` for `flow[:, 1]`, then elastic_distort(x, flow).",
]
