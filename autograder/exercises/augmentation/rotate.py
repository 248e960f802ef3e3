"""rotate: images turned counter-clockwise about their centre, size kept.

With u = j - cx and v = i - cy, the pixel at column j and row i shows x at (cx + cos(a) u - sin(a) v,
cy + sin(a) u + cos(a) v): counter-clockwise as displayed, rows going down (lectures 003, 004). Bilinear, pixels outside
count as 0. Reference: torch's affine_grid and grid_sample (align_corners=False), with the aspect ratio in theta, since
affine_grid counts from -1 to 1 along both sides. kornia.geometry.rotate does the same, and np.rot90 for 90 degrees.

Right solutions differ by rounding in the place that is asked for (1e-15 of a pixel; 1e-6 where places are float32). The
bilinear value with zeros outside is continuous everywhere, at the border too, so that is as much in the answer.
"""

import math

import numpy as np

from autograder.exercises.augmentation import _images
from autograder.judge import Case, alternative, slips


def draw(rng, case):
    x = _images.images(rng, case)
    angles = case.get("angles") or [float(sign * rng.uniform(15.0, 75.0)) for sign in (1, -1)]
    return [({"x": x, "degrees": degrees}, {}) for degrees in angles]


def reference(x, degrees):
    a = math.radians(degrees)
    return _images.affine(x, [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])


EXERCISE = _images.ImageFunction(
    draw=draw,
    reference=reference,
    section="2 · Between the pixels",
    sweep="degrees",
    typical={"shape": (2, 3, 5, 7), "framed": True, "angles": (37.0, -15.0)},
    cases=[
        Case("0 degrees change nothing", shape=(2, 3, 4, 5), angles=(0.0,), weight=0.5),
        Case("a quarter turn of a square: 90 degrees", shape=(2, 3, 5, 5), angles=(90.0,)),
        Case("half a turn: 180 degrees", shape=(2, 3, 4, 6), angles=(180.0,)),
        Case("37 degrees, a square image", shape=(2, 3, 6, 6), angles=(37.0,)),
        Case("-15 degrees, a square of odd size", shape=(2, 1, 7, 7), angles=(-15.0,)),
        Case("37 degrees, images wider than high", shape=(3, 3, 4, 7), angles=(37.0,), weight=2),
        Case("-15 degrees, images higher than wide", shape=(2, 3, 8, 5), angles=(-15.0,)),
        Case("90 and -90 degrees, not square", shape=(2, 2, 4, 8), angles=(90.0, -90.0)),
        Case("an angle like any other, both ways", shape=(2, 3, 6, 5)),
        Case("more than half a turn: 200 and 395 degrees", shape=(1, 1, 5, 6), angles=(200.0, 395.0)),
        Case("one image, one channel", shape=(1, 1, 5, 5), angles=(65.0,)),
    ],
)


def right(x, degrees):
    h, w = x.shape[2:]
    cx, cy = (w - 1) / 2, (h - 1) / 2
    a = np.deg2rad(degrees)
    u, v = np.arange(w) - cx, np.arange(h)[:, None] - cy
    px = cx + np.cos(a) * u - np.sin(a) * v
    py = cy + np.sin(a) * u + np.cos(a) * v
    left, top = np.floor(px).astype(int), np.floor(py).astype(int)
    out = np.zeros_like(x)
    for i, j in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        row, column = top + i, left + j
        weight = (1 - abs(py - row)) * (1 - abs(px - column))
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        out += weight * inside * x[:, :, row.clip(0, h - 1), column.clip(0, w - 1)]
    return out


MISTAKES = _images.CENTRED + slips("""
clockwise: np.deg2rad(degrees) -> -np.deg2rad(degrees)
    The picture turns clockwise. Rows go down and pixels are fetched, two changes of sign: fetch from (cos u - sin v,
    sin u + cos v).

sign_lost: np.deg2rad(degrees) -> np.deg2rad(abs(degrees))
    Negative angles turn the picture the same way as positive ones. They turn it clockwise.
degrees_for_radians: np.deg2rad(degrees) -> degrees
    `degrees` goes into np.cos as it is: NumPy's functions take radians. Use `np.deg2rad(degrees)`.

aspect_ratio:
    np.sin(a) * v -> np.sin(a) * v * w / h
    np.sin(a) * u -> np.sin(a) * u * h / w
    or np.sin(a) * v -> np.sin(a) * v * (w - 1) / max(h - 1, 1)
    np.sin(a) * u -> np.sin(a) * u * (h - 1) / max(w - 1, 1)
    Images that are not square come out sheared: rows and columns are counted from side to side (-1 to 1), units of
    different length. Turn in pixels: u = j - cx, v = i - cy.

mirrored:
    cx + np.cos(a) * u - np.sin(a) * v -> cx + np.cos(a) * u + np.sin(a) * v
    cy + np.sin(a) * u + np.cos(a) * v -> cy + np.sin(a) * u - np.cos(a) * v
    The picture is mirrored as well: one sign too many is changed. The row to fetch is cy + sin(a) u + cos(a) v.

sines_of_one_sign: cx + np.cos(a) * u - np.sin(a) * v -> cx + np.cos(a) * u + np.sin(a) * v
    Both sines have the same sign, which is no rotation but a shear. One of them is negative: cos(a) u - sin(a) v for
    the column.

rows_and_columns_swapped: py = cy + np.sin(a) * u + np.cos(a) * v -> py, px = px, cy + np.sin(a) * u + np.cos(a) * v
    The place's column is used as a row. Index x as [..., row, column], that is [..., y, x].

forward_mapping:
    return out -> return _images.pushed(x, cx + np.cos(a) * u + np.sin(a) * v, cy - np.sin(a) * u + np.cos(a) * v)
    Pixels are sent to where they turn, which leaves holes. Fetch instead: for each pixel of the result, ask where it
    comes from.

small_angles (core):
    cx + np.cos(a) * u - np.sin(a) * v -> cx + u - a * v
    cy + np.sin(a) * u + np.cos(a) * v -> cy + a * u + v
    The cosine is taken for 1 and the sine for the angle, which is nearly right for a few degrees only.

quarter_turns_only (core): return out -> return np.rot90(x, round(degrees / 90), axes=(2, 3))
    or return out -> return np.rot90(x, int(degrees // 90), axes=(2, 3))
    or a = np.deg2rad(degrees) -> a = 0; turned = np.rot90(x, round(degrees / 90), axes=(2, 3))
    return out -> return turned if turned.shape == x.shape else x
    Only quarter turns are made. np.rot90 serves as a test; any other angle needs sampling between pixels.

fits_the_frame:
    a = np.deg2rad(degrees) -> a = np.deg2rad(degrees); fit = abs(np.cos(a)) + abs(np.sin(a)) * max(h / w, w / h)
    np.arange(w) - cx -> fit * (np.arange(w) - cx)
    np.arange(h)[:, None] - cy -> fit * (np.arange(h)[:, None] - cy)
    The picture is shrunk until its corners fit. Keep its size: what turns out of the frame is lost.
""")


@alternative
def by_a_matrix(x, degrees):
    """One matrix from all pixels to all pixels."""
    n, c, h, w = x.shape
    a = degrees * math.pi / 180
    v, u = np.meshgrid(np.arange(h) - (h - 1) / 2, np.arange(w) - (w - 1) / 2, indexing="ij")
    around = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ np.stack([u.ravel(), v.ravel()])
    px, py = around[0] + (w - 1) / 2, around[1] + (h - 1) / 2
    across = np.maximum(0, 1 - np.abs(px[:, None] - np.arange(w)))
    down = np.maximum(0, 1 - np.abs(py[:, None] - np.arange(h)))
    weights = (down[:, :, None] * across[:, None, :]).reshape(h * w, h * w)
    return (x.reshape(n * c, h * w) @ weights.T).reshape(x.shape).astype(x.dtype)


@alternative
def pixel_by_pixel(x, degrees):
    h, w = x.shape[2:]
    out = np.zeros_like(x)
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    for i, j in np.ndindex(h, w):
        place = turn * complex(j - (w - 1) / 2, i - (h - 1) / 2)
        px, py = place.real + (w - 1) / 2, place.imag + (h - 1) / 2
        for row in (math.floor(py), math.floor(py) + 1):
            for column in (math.floor(px), math.floor(px) + 1):
                if 0 <= row < h and 0 <= column < w:
                    out[:, :, i, j] += (1 - abs(px - column)) * (1 - abs(py - row)) * x[:, :, row, column]
    return out


HINTS = [
    "Think backwards: for each pixel of the result, where was it before the turn? Count rows and columns from the "
    "centre, where the turn leaves things in place.",
    "With u = j - cx and v = i - cy fetch from column cx + cos(a) u - sin(a) v and row cy + sin(a) u + cos(a) v; a in "
    "radians. Your elastic_distort does the fetching: the flow is that place minus (j, i).",
    "`a = np.deg2rad(degrees)`, `u = np.arange(w) - (w - 1) / 2`, `v` alike as a column; then `flow[:, 0] = "
    "np.cos(a) * u - np.sin(a) * v - u` and `flow[:, 1] = np.sin(a) * u + np.cos(a) * v - v`.",
]
