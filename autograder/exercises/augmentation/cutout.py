"""cutout: a square hole of zeros in each image (DeVries and Taylor 2017; lecture 004).

A centre (r, c) uniform over the pixels, border included, for each image; rows r - size // 2 to r - size // 2 + size - 1
and the same columns become 0 in all channels, clipped at the border. Judged by its properties: every image must have
one of these holes and be unchanged elsewhere, and the centres uniform and independent. (torchvision's RandomErasing
and kornia's keep the whole box inside, and draw its area.)
"""

import numpy as np

from autograder.exercises.augmentation._draws import DRAWS, SAME, RandomPlaces
from autograder.judge import Case, alternative, mistake, slips

# Which slice of an axis a hole takes, from its centre: the right rule, and others.
RULES = {
    "": lambda r, size: slice(max(r - size // 2, 0), r - size // 2 + size),
    "even_hole_shifted": lambda r, size: slice(max(r - (size - 1) // 2, 0), r - (size - 1) // 2 + size),
    "even_hole_too_large": lambda r, size: slice(max(r - size // 2, 0), r + size // 2 + 1),
    "odd_hole_too_small": lambda r, size: slice(max(r - size // 2, 0), r + size // 2),
    "size_is_radius": lambda r, size: slice(max(r - size, 0), r + size + 1),
    "size_is_radius, end left out": lambda r, size: slice(max(r - size, 0), r + size),
    "negative_start": lambda r, size: slice(r - size // 2, r - size // 2 + size),
    "centre_is_corner": lambda r, size: slice(r, r + size),
}


def spans(rule, size, length, centres):
    """A mask along an axis for each centre."""
    return np.array([[k in range(length)[RULES[rule](r, size)] for k in range(length)] for r in range(centres)])


def fits(may, must, size, rule="", swapped=False):
    """Which centres each image can have, (N, rows, columns): `may` holds all over the hole, `must` nowhere else."""
    n, h, w = may.shape
    down, across = spans(rule, size, h, w if swapped else h), spans(rule, size, w, h if swapped else w)
    hole = (down[:, None, :, None] & across[:, None]).reshape(-1, h * w).astype(np.float32)
    may, must = (one.reshape(n, -1).astype(np.float32) for one in (may, must))
    misses = (1 - may) @ hole.T + must @ (1 - hole).T
    return (misses == 0).reshape(n, len(down), len(across))


def regions(out, x):
    return np.abs(out) <= SAME, np.abs(out - x) > SAME


def places(out, x, size):
    black, changed = regions(out, x)
    return fits(black.all(axis=1), changed.any(axis=1), size)


def wrong_images(out, x, size):
    black, changed = regions(out, x)

    def some(may, must, **how):
        return fits(may, must, size, **how).any(axis=(1, 2)).all()

    touched = changed.any(axis=(0, 2, 3))
    looks = {
        "unchanged": not touched.any(),
        "hole_not_black": some(changed.all(axis=1), changed.any(axis=1)),
        "hole_per_channel": all(some(black[:, c], changed[:, c]) for c in range(len(touched))),
        "one_channel_only": touched.sum() == 1 and some(black[:, touched].all(axis=1), changed.any(axis=1)),
        "keeps_the_hole_only": some(~changed.any(axis=1), ~black.all(axis=1)),
        "rows_and_columns_swapped": some(black.all(axis=1), changed.any(axis=1), swapped=True),
    }
    looks |= {rule: some(black.all(axis=1), changed.any(axis=1), rule=rule) for rule in RULES if rule}
    return {name.split(",")[0] for name, alike in looks.items() if alike}


def wrong_places(rows, columns, x, size):
    first, after = size // 2, size - size // 2 - 1
    axes = zip((rows, columns), x.shape[2:], strict=True)
    inside = all((drawn >= first).all() and (drawn < length - after).all() for drawn, length in axes)
    return "never_at_border" if inside else None


EXERCISE = RandomPlaces(
    places=places,
    otherwise="a hole is not the square asked for, all black in an image that is as it was elsewhere: rows "
    "r - size // 2 to r - size // 2 + size - 1 of some row r, the same for columns, clipped at the border",
    wrong_images=wrong_images,
    wrong_places=wrong_places,
    section="5 · Crops and holes, at random",
    typical=2,
    cases=[
        Case("a hole of one pixel", calls=[((60, 1, 3, 5), 1)]),
        Case("a hole of odd size, in all channels", calls=[((150, 3, 6, 8), 3)], weight=1.5),
        Case("a hole of even size", calls=[((150, 1, 8, 6), 4), ((150, 2, 7, 5), 2)], weight=1.5),
        Case("one image at a time", calls=[((1, 3, 5, 4), 3)] * 8, weight=0.5),
        Case("twice as large as the image: nothing is left", calls=[((40, 2, 4, 3), 8)], weight=0.5),
        Case(
            "each image has a hole of its own, at the border too",
            draws="named",
            calls=[((3000, 1, 4, 6), 3)],
            weight=6,
        ),
        # 20,000 draws show a share of 1/2 or 1/3 that is off by 10 %.
        Case("every pixel is as likely to be the centre", draws="sharp", calls=[((20_000, 1, 2, 3), 1)], weight=2),
    ],
)


def right(x, size, rng):
    n, _, h, w = x.shape
    rows = rng.integers(0, h, size=n)
    columns = rng.integers(0, w, size=n)
    out = x.copy()
    for k in range(n):
        top, left = rows[k] - size // 2, columns[k] - size // 2
        down = slice(max(top, 0), top + size)
        across = slice(max(left, 0), left + size)
        out[k, :, down, across] = 0
    return out


MISTAKES = DRAWS + slips("""
unchanged (core): out[k, :, down, across] = 0 -> out[k, :, down, across] *= 1
    The images come back as they were: no hole is made in what is returned.

never_at_border:
    rng.integers(0, h, size=n) -> rng.integers(0, max(h - size, 0) + 1, size=n) + size // 2
    rng.integers(0, w, size=n) -> rng.integers(0, max(w - size, 0) + 1, size=n) + size // 2
    The whole hole always lies inside the image, so pixels near the border are hidden less often. The centre may be any
    pixel; what lies outside is clipped.

not_uniform:
    rng.integers(0, h, size=n) -> rng.integers(0, max(h - 1, 1), size=n)
    rng.integers(0, w, size=n) -> rng.integers(0, max(w - 1, 1), size=n)
    or rng.integers(0, h, size=n) -> np.rint(rng.uniform(0, h - 1, n)).astype(int)
    rng.integers(0, w, size=n) -> np.rint(rng.uniform(0, w - 1, n)).astype(int)
    Some centres come more often than others, or never. Every row 0 to H - 1 and every column 0 to W - 1 is as likely:
    `rng.integers(0, h)` leaves h out.

hole_not_black: out[k, :, down, across] = 0 -> out[k, :, down, across] = x[k].mean()
    or out[k, :, down, across] = 0 -> out[k, :, down, across] = 1
    The hole is filled with something else than 0 (the mean, noise). Zeros are asked for.

one_channel_only: out[k, :, down, across] = 0 -> out[k, 0, down, across] = 0
    Only one channel becomes 0. The hole goes through all of them: `out[k, :, rows, columns] = 0`.
keeps_the_hole_only (core): return out -> return x - out
    Everything but the hole has become 0: the mask is the wrong way round.

even_hole_shifted (detail):
    rows[k] - size // 2 -> rows[k] - (size - 1) // 2
    columns[k] - size // 2 -> columns[k] - (size - 1) // 2
    Holes of even size lie one row and column too far right and down. They begin at r - size // 2 and hold `size` rows.

even_hole_too_large (detail):
    top + size -> rows[k] + size // 2 + 1
    left + size -> columns[k] + size // 2 + 1
    Holes of even size are one too large: r - size // 2 to r + size // 2, both included, are size + 1 rows. The last
    row is r - size // 2 + size - 1.

odd_hole_too_small:
    top + size -> rows[k] + size // 2
    left + size -> columns[k] + size // 2
    Holes of odd size are one too small: a slice leaves its end out, and size // 2 twice is size - 1. End it at r -
    size // 2 + size.

size_is_radius:
    rows[k] - size // 2 -> rows[k] - size
    columns[k] - size // 2 -> columns[k] - size
    top + size -> rows[k] + size + 1
    left + size -> columns[k] + size + 1
    or rows[k] - size // 2 -> rows[k] - size
    columns[k] - size // 2 -> columns[k] - size
    top + size -> rows[k] + size
    left + size -> columns[k] + size
    `size` is taken for how far the hole reaches to each side. It is the whole side: half of it on each.

negative_start:
    max(top, 0) -> top
    max(left, 0) -> left
    Near the upper and left border holes are missing: a negative start of a slice counts from the end, in NumPy. Use
    `max(start, 0)`.

centre_is_corner:
    rows[k] - size // 2 -> rows[k]
    columns[k] - size // 2 -> columns[k]
    The hole begins at the pixel that was drawn. That pixel is its centre: begin at r - size // 2.

rows_and_columns_swapped:
    rng.integers(0, h, size=n) -> rng.integers(0, w, size=n)
    rng.integers(0, w, size=n) -> rng.integers(0, h, size=n)
    The row is drawn from the columns' range and the column from the rows'. Rows are axis 2, 0 to H - 1.
""")


@mistake("Each channel has a hole of its own. One centre for an image: all channels become 0 there.")
def hole_per_channel(x, size, rng):
    return np.concatenate([right(x[:, [c]], size, rng) for c in range(x.shape[1])], axis=1)


@alternative
def with_distances(x, size, rng):
    """A pixel is in the hole where its distance from the centre of the hole is small enough."""
    h, w = x.shape[2:]
    shift = (size - 1) / 2 - size // 2
    rows = np.abs(np.arange(h) - (rng.integers(h, size=(len(x), 1)) + shift)) < size / 2
    columns = np.abs(np.arange(w) - (rng.integers(w, size=(len(x), 1)) + shift)) < size / 2
    return np.where(rows[:, None, :, None] & columns[:, None, None, :], x.dtype.type(0), x)


@alternative
def in_a_frame(x, size, rng):
    """Holes in a larger image, which is then cut: nothing to clip."""
    n, h, w = len(x), *x.shape[2:]
    large = np.pad(x, ((0, 0), (0, 0), (size, size), (size, size)))
    starts = np.floor(rng.random((n, 2)) * (h, w)).astype(int) + size - size // 2
    for k, (i, j) in enumerate(starts):
        large[k, :, i : i + size, j : j + size] = 0
    return large[:, :, size : size + h, size : size + w]


HINTS = [
    "Draw a row and a column for each image, any pixel. Where does a hole of `size` rows around it begin, and what if "
    "that is above the image?",
    "It begins at r - size // 2. With a slice, start at `max(start, 0)`: a negative start counts from the end. Or make "
    "a mask, row >= start and row < start + size, which needs no clipping.",
    "For each k: `top = r - size // 2`, `left = c - size // 2`, then `out[k, :, max(top, 0) : top + size, "
    "max(left, 0) : left + size] = 0` in a copy of x.",
]
