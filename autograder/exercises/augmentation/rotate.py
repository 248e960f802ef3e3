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

from autograder.exercises.augmentation._images import (
    affine,
    centre,
    centred,
    hard_border,
    images,
    sample,
    sampling_mistakes,
    scale,
)
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    x = images(rng, case.get("shape"))
    angles = case.get("angles") or [float(sign * rng.uniform(15.0, 75.0)) for sign in (1, -1)]
    return [({"x": x, "degrees": degrees}, {}) for degrees in angles]


def reference(x, degrees):
    a = math.radians(degrees)
    return affine(x, [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])


def turned(x, a):
    """Places for an angle in radians."""
    (u, v), (cx, cy) = centred(x), centre(x)
    return cx + np.cos(a) * u - np.sin(a) * v, cy + np.sin(a) * u + np.cos(a) * v


def positions(x, degrees):
    return turned(x, np.deg2rad(degrees))


def clockwise(x, degrees):
    return sample(x, *positions(x, -degrees))


def in_radians(x, degrees):
    return sample(x, *turned(x, degrees))


def mirrored(x, degrees):
    (u, v), (cx, cy), a = centred(x), centre(x), np.deg2rad(degrees)
    return sample(x, cx + np.cos(a) * u + np.sin(a) * v, cy + np.sin(a) * u - np.cos(a) * v)


def both_signs_alike(x, degrees):
    (u, v), (cx, cy), a = centred(x), centre(x), np.deg2rad(degrees)
    return sample(x, cx + np.cos(a) * u + np.sin(a) * v, cy + np.sin(a) * u + np.cos(a) * v)


def stretched(x, degrees, wide, high):
    (u, v), (cx, cy), a = centred(x), centre(x), np.deg2rad(degrees)
    u, v = u / wide, v / high
    return sample(x, cx + wide * (np.cos(a) * u - np.sin(a) * v), cy + high * (np.sin(a) * u + np.cos(a) * v))


def without_aspect_ratio(x, degrees):
    h, w = x.shape[2:]
    return stretched(x, degrees, w, h)


def aspect_ratio_of_corners(x, degrees):
    h, w = x.shape[2:]
    return stretched(x, degrees, w - 1, h - 1)


def about(x, degrees, cx, cy):
    h, w = x.shape[2:]
    u, v, a = np.arange(w) - cx, np.arange(h)[:, None] - cy, np.deg2rad(degrees)
    return sample(x, cx + np.cos(a) * u - np.sin(a) * v, cy + np.sin(a) * u + np.cos(a) * v)


def centre_half_a_pixel_off(x, degrees):
    return about(x, degrees, x.shape[3] / 2, x.shape[2] / 2)


def centre_is_a_pixel(x, degrees):
    return about(x, degrees, x.shape[3] // 2, x.shape[2] // 2)


def about_the_corner(x, degrees):
    return about(x, degrees, 0, 0)


def centres_swapped(x, degrees):
    return about(x, degrees, *centre(x)[::-1])


def quarter_turns_only(x, degrees):
    """np.rot90 for the nearest quarter turn, of square images; others as they were."""
    quarters = round(degrees / 90)
    turned = np.rot90(x, quarters, axes=(2, 3))
    return turned.copy() if turned.shape == x.shape else x.copy()


def forward_mapping(x, degrees):
    (u, v), (cx, cy), a = centred(x), centre(x), np.deg2rad(degrees)
    h, w = x.shape[2:]
    columns = np.rint(cx + np.cos(a) * u + np.sin(a) * v).astype(int)
    rows = np.rint(cy - np.sin(a) * u + np.cos(a) * v).astype(int)
    out = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            if 0 <= rows[i, j] < h and 0 <= columns[i, j] < w:
                out[:, :, rows[i, j], columns[i, j]] = x[:, :, i, j]
    return out


def fits_the_frame(x, degrees):
    """Shrunk so that nothing is cut off."""
    h, w = x.shape[2:]
    a = np.deg2rad(degrees)
    across, down = abs(w * np.cos(a)) + abs(h * np.sin(a)), abs(w * np.sin(a)) + abs(h * np.cos(a))
    zoomed = max(across / w, down / h)
    (px, py), (cx, cy) = turned(x, a), centre(x)
    return sample(x, cx + zoomed * (px - cx), cy + zoomed * (py - cy))


def pixel_by_pixel(x, degrees):
    h, w = x.shape[2:]
    out = np.zeros_like(x)
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    for i in range(h):
        for j in range(w):
            place = turn * complex(j - (w - 1) / 2, i - (h - 1) / 2)
            px, py = place.real + (w - 1) / 2, place.imag + (h - 1) / 2
            for row in (math.floor(py), math.floor(py) + 1):
                for column in (math.floor(px), math.floor(px) + 1):
                    if 0 <= row < h and 0 <= column < w:
                        out[:, :, i, j] += (1 - abs(px - column)) * (1 - abs(py - row)) * x[:, :, row, column]
    return out


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


def in_float32(x, degrees):
    """Places in x's precision, in torch's coordinates from -1 to 1."""
    h, w = x.shape[2:]
    a = x.dtype.type(np.deg2rad(degrees))
    s = (2 * np.arange(w, dtype=x.dtype) + 1) / w - 1
    t = ((2 * np.arange(h, dtype=x.dtype) + 1) / h - 1)[:, None]
    sx, sy = np.cos(a) * s - np.sin(a) * t * h / w, np.sin(a) * s * w / h + np.cos(a) * t
    return sample(x, ((sx + 1) * w - 1) / 2, ((sy + 1) * h - 1) / 2)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    sweep="degrees",
    typical={"shape": (2, 3, 4, 6), "angles": (37.0, -15.0)},
    cases=[
        Case("0 degrees change nothing", shape=(2, 3, 4, 5), angles=(0.0,)),
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
    mistakes=[
        Mistake(
            "clockwise",
            clockwise,
            "The picture turns clockwise. Rows go down and pixels are fetched, two changes of sign: fetch from "
            "(cos u - sin v, sin u + cos v).",
        ),
        Mistake(
            "degrees_for_radians",
            in_radians,
            "`degrees` goes into np.cos as it is: NumPy's functions take radians. Use np.deg2rad(degrees).",
        ),
        Mistake(
            "aspect_ratio",
            without_aspect_ratio,
            "Images that are not square come out sheared: rows and columns are counted from -1 to 1, units of different "
            "length. Turn in pixels: u = j - cx, v = i - cy.",
        ),
        Mistake(
            "aspect_ratio",
            aspect_ratio_of_corners,
            "Images that are not square come out sheared: rows and columns are counted from corner to corner, units of "
            "different length. Turn in pixels: u = j - cx, v = i - cy.",
        ),
        Mistake(
            "centre_half_a_pixel_off",
            centre_half_a_pixel_off,
            "The picture turns about (W / 2, H / 2), half a pixel too far right and down. Pixels 0 to W - 1 have their "
            "centre at (W - 1) / 2.",
        ),
        Mistake(
            "centre_is_a_pixel",
            centre_is_a_pixel,
            "The picture turns about column W // 2 and row H // 2. With an even number the centre lies between two pixels: "
            "(W - 1) / 2.",
        ),
        Mistake(
            "about_the_corner",
            about_the_corner,
            "The picture turns about the upper left pixel. Count from the centre: u = j - (W - 1) / 2, "
            "v = i - (H - 1) / 2.",
        ),
        Mistake(
            "centres_swapped",
            centres_swapped,
            "cx and cy have changed places: cx = (W - 1) / 2 belongs to the columns, cy = (H - 1) / 2 to the rows.",
        ),
        Mistake(
            "mirrored",
            mirrored,
            "The picture is mirrored as well: one sign too many is changed. The row to fetch is cy + sin(a) u + cos(a) v.",
        ),
        Mistake(
            "sines_of_one_sign",
            both_signs_alike,
            "Both sines have the same sign, which is no rotation but a shear. One of them is negative: cos(a) u - "
            "sin(a) v for the column.",
        ),
        Mistake(
            "forward_mapping",
            forward_mapping,
            "Pixels are sent to where they turn, which leaves holes. Fetch instead: for each pixel of the result, ask "
            "where it comes from.",
        ),
        Mistake(
            "quarter_turns_only",
            quarter_turns_only,
            "Only quarter turns are made. np.rot90 serves as a test; any other angle needs sampling between pixels.",
        ),
        Mistake(
            "fits_the_frame",
            fits_the_frame,
            "The picture is shrunk until its corners fit. Keep its size: what turns out of the frame is lost.",
        ),
        Mistake(
            "hard_border",
            lambda x, degrees: hard_border(x, *positions(x, degrees), slack=1e-9),
            "Points just outside the outermost pixel centres count as black at once. There, too, take the mean of four "
            "pixels, those outside being 0: the border fades over one pixel.",
        ),
        *sampling_mistakes(positions),
    ],
    alternatives=[pixel_by_pixel, by_a_matrix, in_float32],
    hints=[
        "Think backwards: for each pixel of the result, where was it before the turn? Count rows and columns from the "
        "centre, where the turn leaves things in place.",
        "With u = j - cx and v = i - cy fetch from column cx + cos(a) u - sin(a) v and row cy + sin(a) u + cos(a) v; a in "
        "radians. Your elastic_distort does the fetching: the flow is that place minus (j, i).",
        "`a = np.deg2rad(degrees)`, `u = np.arange(w) - (w - 1) / 2`, `v` alike as a column; then `flow[:, 0] = "
        "np.cos(a) * u - np.sin(a) * v - u` and `flow[:, 1] = np.sin(a) * u + np.cos(a) * v - v`.",
    ],
)
