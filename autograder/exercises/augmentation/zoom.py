"""zoom: images enlarged about their centre, size kept.

The pixel at column j and row i shows x at (cx + (j - cx) / factor, cy + (i - cy) / factor), with the centre ((W - 1) / 2,
(H - 1) / 2); bilinear, pixels outside count as 0 (lecture 004). Reference: torch's affine_grid and grid_sample
(align_corners=False). kornia.geometry.transform.scale does the same.
"""

import numpy as np

from autograder.exercises.augmentation._images import affine, centre, centred, images, sample, sampling_mistakes, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    x = images(rng, case.get("shape"))
    return [({"x": x, "factor": factor}, {}) for factor in case.get("factors")]


def reference(x, factor):
    return affine(x, [[1 / factor, 0.0], [0.0, 1 / factor]])


def positions(x, factor):
    (u, v), (cx, cy) = centred(x), centre(x)
    return cx + u / factor, cy + v / factor


def inverted(x, factor):
    return sample(x, *positions(x, 1 / factor))


def about_the_corner(x, factor):
    h, w = x.shape[2:]
    return sample(x, np.arange(w) / factor, np.arange(h)[:, None] / factor)


def about_the_corner_of_the_image(x, factor):
    """As an image is resized (pixel edges, not centres, are kept), and cut at the upper left."""
    h, w = x.shape[2:]
    return sample(x, (np.arange(w) + 0.5) / factor - 0.5, (np.arange(h)[:, None] + 0.5) / factor - 0.5)


def centre_half_a_pixel_off(x, factor):
    h, w = x.shape[2:]
    return sample(x, w / 2 + (np.arange(w) - w / 2) / factor, h / 2 + (np.arange(h)[:, None] - h / 2) / factor)


def centre_is_a_pixel(x, factor):
    h, w = x.shape[2:]
    cx, cy = w // 2, h // 2
    return sample(x, cx + (np.arange(w) - cx) / factor, cy + (np.arange(h)[:, None] - cy) / factor)


def centres_swapped(x, factor):
    h, w = x.shape[2:]
    cx, cy = (h - 1) / 2, (w - 1) / 2
    return sample(x, cx + (np.arange(w) - cx) / factor, cy + (np.arange(h)[:, None] - cy) / factor)


def not_about_the_centre(x, factor):
    """Counted from the centre, and never counted back."""
    u, v = centred(x)
    return sample(x, u / factor, v / factor)


def corners_stay(x, factor):
    """The enlarged image's outermost pixel centres lie on the image's."""
    (u, v), (cx, cy) = centred(x), centre(x)
    h, w = x.shape[2:]
    return sample(x, cx + u * (w - 1) / (factor * w - 1), cy + v * (h - 1) / (factor * h - 1))


def columns_only(x, factor):
    px, _ = positions(x, factor)
    return sample(x, px, np.arange(x.shape[2])[:, None])


def by_area(x, factor):
    return sample(x, *positions(x, np.sqrt(factor)))


def shrinks_only_where_asked_to_enlarge(x, factor):
    return sample(x, *positions(x, max(factor, 1.0)))


def tents(x, factor):
    """A matrix for the rows and one for the columns."""
    px, py = positions(x, factor)
    across = np.maximum(0, 1 - np.abs(px[:, None] - np.arange(x.shape[3])))
    down = np.maximum(0, 1 - np.abs(py - np.arange(x.shape[2])))
    return (down @ x @ across.T).astype(x.dtype)


def pixel_by_pixel(x, factor):
    h, w = x.shape[2:]
    frame = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            px, py = (2 * j - w + 1) / (2 * factor) + (w + 1) / 2, (2 * i - h + 1) / (2 * factor) + (h + 1) / 2
            if 0 <= px < w + 1 and 0 <= py < h + 1:
                left, top = int(px), int(py)
                a, b = px - left, py - top
                row = frame[:, :, top, left] * (1 - a) + frame[:, :, top, left + 1] * a
                below = frame[:, :, top + 1, left] * (1 - a) + frame[:, :, top + 1, left + 1] * a
                out[:, :, i, j] = row * (1 - b) + below * b
    return out


def rows_then_columns(x, factor):
    """np.interp along one axis after the other, on an image with a frame of zeros."""
    px, py = positions(x, factor)
    out = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for axis, places in ((3, px), (2, py.ravel())):
        grid = np.arange(-1, out.shape[axis] - 1)
        out = np.apply_along_axis(lambda line, g=grid, p=places: np.interp(p, g, line), axis, out)
    return out.astype(x.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    sweep="factor",
    typical={"shape": (2, 3, 5, 6), "factors": (1.6, 0.7)},
    cases=[
        Case("factor=1 changes nothing", shape=(2, 3, 4, 5), factors=(1.0,)),
        Case("twice as large", shape=(2, 3, 4, 6), factors=(2.0,), weight=2),
        Case("half as large, zeros around", shape=(2, 3, 7, 9), factors=(0.5,), weight=2),
        Case("a little larger, images higher than wide", shape=(2, 1, 9, 5), factors=(1.25,)),
        Case("a little smaller, images wider than high", shape=(3, 2, 4, 8), factors=(0.8,)),
        Case("a square of odd size, factor=3", shape=(1, 1, 5, 5), factors=(3.0,)),
        Case("a single row", shape=(2, 2, 1, 7), factors=(1.5, 0.75)),
        Case("very small: factor=0.1", shape=(2, 1, 5, 7), factors=(0.1,)),
        Case("very large: factor=50 shows the centre alone", shape=(2, 3, 4, 7), factors=(50.0,)),
    ],
    mistakes=[
        Mistake(
            "inverted",
            inverted,
            "A factor of 2 shrinks. Think backwards: the pixel at distance d from the centre shows what lies at "
            "d / factor.",
        ),
        Mistake(
            "about_the_corner",
            about_the_corner,
            "The upper left pixel stays, so the picture wanders off. Count from the centre: cx + (j - cx) / factor, the "
            "same for rows.",
        ),
        Mistake(
            "about_the_corner",
            about_the_corner_of_the_image,
            "The upper left corner stays: this is the enlarged image, cut there. Count from the centre: "
            "cx + (j - cx) / factor.",
        ),
        Mistake(
            "centre_half_a_pixel_off",
            centre_half_a_pixel_off,
            "The centre is taken at (W / 2, H / 2), half a pixel too far right and down. Pixels 0 to W - 1 have their "
            "centre at (W - 1) / 2.",
        ),
        Mistake(
            "centre_is_a_pixel",
            centre_is_a_pixel,
            "The centre is taken at W // 2, a whole number. With an even number of columns it lies between two: "
            "(W - 1) / 2.",
        ),
        Mistake(
            "centres_swapped",
            centres_swapped,
            "cx and cy have changed places: cx = (W - 1) / 2 belongs to the columns, cy = (H - 1) / 2 to the rows.",
        ),
        Mistake(
            "centre_not_added_back",
            not_about_the_centre,
            "The centre is subtracted and never added again: cx + (j - cx) / factor.",
        ),
        Mistake(
            "corners_stay",
            corners_stay,
            "The outermost pixel centres are laid on one another (align_corners=True), so the enlargement is not quite "
            "`factor`. Divide the distance from the centre by `factor`, no more.",
        ),
        Mistake("columns_only", columns_only, "Only columns are stretched: rows need the same."),
        Mistake(
            "by_area",
            by_area,
            "The area grows by `factor`, the sides by its root. Widths and heights are multiplied by `factor`.",
        ),
        Mistake(
            "never_shrinks",
            shrinks_only_where_asked_to_enlarge,
            "Factors below 1 change nothing. They shrink the picture, with zeros around.",
        ),
        *sampling_mistakes(positions),
    ],
    alternatives=[tents, pixel_by_pixel, rows_then_columns],
    hints=[
        "Think backwards. With factor 2, a pixel three columns right of the centre shows what was how far right of it?",
        "Column px = cx + (j - cx) / factor, with cx = (W - 1) / 2; the same for rows. Your elastic_distort fetches from "
        "there, if it is told how far that is from j: the flow is px - j.",
        "`u = np.arange(w) - (w - 1) / 2`, `flow = np.zeros((n, 2, h, w))`, `flow[:, 0] = u / factor - u`; the same with "
        "`v = np.arange(h)[:, None] - (h - 1) / 2` for `flow[:, 1]`, then elastic_distort(x, flow).",
    ],
)
