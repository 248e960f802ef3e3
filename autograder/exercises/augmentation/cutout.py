"""cutout: a square hole of zeros in each image (DeVries and Taylor 2017; lecture 004).

A centre (r, c) uniform over the pixels, border included, for each image; rows r - size // 2 to r - size // 2 + size - 1
and the same columns become 0 in all channels, clipped at the border. Judged by its properties: every image must have one
of these H x W holes and be unchanged elsewhere, and the centres uniform and independent. (torchvision's RandomErasing and
kornia's keep the whole box inside, and draw its area.)
"""

import copy

import numpy as np

from autograder.exercises.augmentation import _draws
from autograder.exercises.augmentation._images import SAME
from autograder.judge import Case, Finding, Mistake, Procedure
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL

SENTENCES = {
    "same_draw_for_batch": "All images of a batch have the same hole. Draw a centre for each image: "
    "`rng.integers(0, h, size=n)`, and columns alike.",
    "never_at_border": "The whole hole always lies inside the image, so pixels near the border are hidden less often. The "
    "centre may be any pixel; what lies outside is clipped.",
    "rows_equal_columns": "Row and column of a centre are always the same number, so holes lie on the diagonal. Draw them "
    "independently.",
    "not_uniform": "Some centres come more often than others, or never. Every row 0 to H - 1 and every column 0 to W - 1 "
    "is as likely: `rng.integers(0, h)` leaves h out.",
    "hole_not_black": "The hole is filled with something else than 0 (the mean, noise). Zeros are asked for.",
    "hole_per_channel": "Each channel has a hole of its own. One centre for an image: all channels become 0 there.",
    "one_channel_only": "Only one channel becomes 0. The hole goes through all of them: `out[k, :, rows, columns] = 0`.",
    "keeps_the_hole_only": "Everything but the hole has become 0: the mask is the wrong way round.",
    "even_hole_shifted": "Holes of even size lie one row and column too far right and down. They begin at r - size // 2 and "
    "hold `size` rows.",
    "even_hole_too_large": "Holes of even size are one too large: r - size // 2 to r + size // 2, both included, are "
    "size + 1 rows. The last row is r - size // 2 + size - 1.",
    "odd_hole_too_small": "Holes of odd size are one too small: a slice leaves its end out, and size // 2 twice is "
    "size - 1. End it at r - size // 2 + size.",
    "size_is_radius": "`size` is taken for how far the hole reaches to each side. It is the whole side: half of it on each.",
    "negative_start": "Near the upper and left border holes are missing: a negative start of a slice counts from the end, "
    "in NumPy. Use `max(start, 0)`.",
    "centre_is_corner": "The hole begins at the pixel that was drawn. That pixel is its centre: begin at r - size // 2.",
    "rows_and_columns_swapped": "The row is drawn from the columns' range and the column from the rows'. Rows are axis 2, "
    "0 to H - 1.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}


def named(name):
    return Finding(SENTENCES[name], name)


def clipped(start, stop, length):
    return min(max(start, 0), length), min(max(stop, 0), length)


def as_slice(start, stop, length):
    return slice(start, stop).indices(length)[:2]


# Where a hole begins and ends on an axis, from its centre: the right rule, and others.
RULES = {
    "": lambda r, size, n: clipped(r - size // 2, r - size // 2 + size, n),
    "even_hole_shifted": lambda r, size, n: clipped(r - (size - 1) // 2, r - (size - 1) // 2 + size, n),
    "even_hole_too_large": lambda r, size, n: clipped(r - size // 2, r + size // 2 + 1, n),
    "odd_hole_too_small": lambda r, size, n: clipped(r - size // 2, r + size // 2, n),
    "size_is_radius": lambda r, size, n: clipped(r - size, r + size + 1, n),
    "size_is_radius, end left out": lambda r, size, n: clipped(r - size, r + size, n),
    "negative_start": lambda r, size, n: as_slice(r - size // 2, r - size // 2 + size, n),
    "centre_is_corner": lambda r, size, n: clipped(r, r + size, n),
}


def spans(rule, size, length, centres):
    """A mask along an axis for each centre."""
    masks = np.zeros((centres, length), bool)
    for r in range(centres):
        start, stop = RULES[rule](r, size, length)
        masks[r, start:stop] = True
    return masks


def centres(holes, size, rule="", swapped=False):
    """Row and column of each hole's centre by a rule; None where some hole is no hole by it."""
    h, w = holes.shape[1:]
    # A centre that was drawn from the other axis.
    ranges = (w, h) if swapped else (h, w)
    found = []
    for axis, length, most in ((2, h, ranges[0]), (1, w, ranges[1])):
        known = spans(rule, size, length, most)
        along = holes.any(axis=axis)
        # A hole that misses the image on one axis is empty on both.
        same = (along[:, None] == known).all(axis=2) | ~holes.any(axis=(1, 2))[:, None]
        found.append(same)
    rows, columns = found
    square = (holes == holes.any(axis=2)[:, :, None] & holes.any(axis=1)[:, None, :]).all(axis=(1, 2))
    can_be_empty = any((~spans(rule, size, n, m)).all(axis=1).any() for n, m in zip((h, w), ranges, strict=True))
    allowed = square & (holes.any(axis=(1, 2)) | can_be_empty)
    if not (allowed & rows.any(axis=1) & columns.any(axis=1)).all():
        return None
    return rows.argmax(axis=1), columns.argmax(axis=1)


def content(out, x, size):
    """What is wrong with images that do not have one hole each, and are as they were elsewhere."""
    changed = np.abs(out - x) > SAME
    holes = changed.any(axis=1)
    kept = ~(np.abs(out) <= SAME).all(axis=1)
    alike = (changed == holes[:, None]).all()
    if not alike:
        flat = changed.transpose(1, 0, 2, 3)
        if all(centres(channel, size) is not None for channel in flat):
            return named("hole_per_channel")
        if centres(holes, size) is not None and sum(channel.any() for channel in flat) == 1:
            return named("one_channel_only")
        return Finding("an image is changed outside its hole, or its channels differ")
    if (np.abs(out[changed.nonzero()]) > SAME).any():
        return (
            named("hole_not_black")
            if centres(holes, size) is not None
            else Finding("an image is changed, but not to 0")
        )
    if centres(holes, size) is not None:
        return None
    fits = {rule.split(",")[0] for rule in RULES if rule and centres(holes, size, rule) is not None}
    if centres(holes, size, swapped=True) is not None:
        fits.add("rows_and_columns_swapped")
    if centres(kept, size) is not None:
        fits.add("keeps_the_hole_only")
    if len(fits) == 1:
        return named(fits.pop())
    return Finding(
        "a hole is not the square asked for: rows r - size // 2 to r - size // 2 + size - 1 of some row r of the image, and "
        "the same for columns, clipped at the border"
    )


def places(out, x, size):
    """Row and column of each image's centre, where nothing is wrong."""
    return centres(np.abs(out[:, 0]) <= SAME, size)


def each_its_own(out, x, size):
    """Names what is wrong with the draws."""
    wrong = content(out, x, size)
    if wrong:
        return wrong
    (rows, columns), (h, w) = places(out, x, size), x.shape[2:]
    if len(np.unique(rows)) == len(np.unique(columns)) == 1:
        return named("same_draw_for_batch")
    if (rows == columns).all():
        return named("rows_equal_columns")
    first, after = size // 2, size - size // 2 - 1
    if all((drawn >= first).all() and (drawn < n - after).all() for drawn, n in ((rows, h), (columns, w))):
        return named("never_at_border")
    return named("not_uniform") if _draws.draws_are_off(rows, columns, (h, w)) else None


def uniform(out, x, size):
    """Sharp, with names for nothing: what has one shows in fewer images."""
    wrong = content(out, x, size)
    if wrong:
        return wrong
    if _draws.draws_are_off(*places(out, x, size), x.shape[2:]):
        return Finding("some centres come more often than others, or rows, columns and images depend on one another")
    return None


def check_with(check):
    return lambda case, rng: _draws.each("cutout", case.get("calls"), rng, check, case.get("dtype", "float64"))


ASK = {
    "content": check_with(content),
    "each": check_with(each_its_own),
    "uniform": check_with(uniform),
    "rng": lambda case, rng: _draws.from_rng_alone("cutout", (64, 1, 4, 5), 1, rng, content, places),
    "inputs": lambda case, rng: _draws.leaves_images("cutout", (4, 3, 4, 5), 2, rng),
    "kept": lambda case, rng: _draws.keeps_results("cutout", (64, 1, 4, 5), 1, rng),
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def draw_centres(x, rng):
    return rng.integers(0, x.shape[2], len(x)), rng.integers(0, x.shape[3], len(x))


def cut(x, size, rows, columns, rule="", fill=0.0):
    """Right as it stands; other rules are other mistakes."""
    h, w = x.shape[2:]
    down, across = (spans(rule, size, length, max(h, w)) for length in (h, w))
    hole = down[np.asarray(rows, int)][:, :, None] & across[np.asarray(columns, int)][:, None]
    return np.where(hole[:, None], np.reshape(fill, (-1, 1, 1, 1)).astype(x.dtype), x)


def by_rule(rule):
    return lambda x, size, rng: cut(x, size, *draw_centres(x, rng), rule=rule)


def same_for_batch(x, size, rng):
    r, c = rng.integers(x.shape[2]), rng.integers(x.shape[3])
    return cut(x, size, [r] * len(x), [c] * len(x))


def whole_holes(x, size, rng):
    starts = [rng.integers(0, max(n - size, 0) + 1, len(x)) + size // 2 for n in x.shape[2:]]
    return cut(x, size, *starts)


def on_the_diagonal(x, size, rng):
    r = rng.integers(0, min(x.shape[2:]), len(x))
    return cut(x, size, r, r)


def last_left_out(x, size, rng):
    return cut(x, size, *(rng.integers(0, max(n - 1, 1), len(x)) for n in x.shape[2:]))


def rounded(x, size, rng):
    return cut(x, size, *(np.rint(rng.uniform(0, n - 1, len(x))) for n in x.shape[2:]))


def filled_with_mean(x, size, rng):
    return cut(x, size, *draw_centres(x, rng), fill=x.mean(axis=(1, 2, 3)))


def filled_with_white(x, size, rng):
    return cut(x, size, *draw_centres(x, rng), fill=2.0)


def each_channel(x, size, rng):
    return np.stack([cut(x[:, [c]], size, *draw_centres(x, rng))[:, 0] for c in range(x.shape[1])], axis=1)


def first_channel(x, size, rng):
    out = x.copy()
    out[:, :1] = cut(x[:, :1], size, *draw_centres(x, rng))
    return out


def inverted(x, size, rng):
    return x - cut(x, size, *draw_centres(x, rng))


def ranges_swapped(x, size, rng):
    return cut(x, size, rng.integers(0, x.shape[3], len(x)), rng.integers(0, x.shape[2], len(x)))


def global_state(x, size, rng):
    h, w = x.shape[2:]
    return cut(x, size, np.random.randint(0, h, len(x)), np.random.randint(0, w, len(x)))  # noqa: NPY002


def unseeded_generator(x, size, rng):
    return cut(x, size, *draw_centres(x, np.random.default_rng()))


def fixed_seed(x, size, rng):
    return cut(x, size, *draw_centres(x, np.random.default_rng(0)))


def copied_generator(x, size, rng):
    return cut(x, size, *draw_centres(x, copy.deepcopy(rng)))


def with_distances(x, size, rng):
    """A pixel is in the hole where its distance from the centre of the hole is small enough."""
    h, w = x.shape[2:]
    shift = (size - 1) / 2 - size // 2
    rows = np.abs(np.arange(h) - (rng.integers(h, size=(len(x), 1)) + shift)) < size / 2
    columns = np.abs(np.arange(w) - (rng.integers(w, size=(len(x), 1)) + shift)) < size / 2
    return np.where(rows[:, None, :, None] & columns[:, None, None, :], x.dtype.type(0), x)


def image_by_image(x, size, rng):
    out = []
    h, w = x.shape[2:]
    for image in x:
        image = image.copy()
        pixel = int(rng.integers(h * w))
        top, left = pixel // w - size // 2, pixel % w - size // 2
        for i in range(max(top, 0), min(top + size, h)):
            image[:, i, max(left, 0) : max(left + size, 0)] = 0
        out.append(image)
    return np.array(out)


def in_a_frame(x, size, rng):
    """Holes in a larger image, which is then cut: nothing to clip."""
    n, h, w = len(x), *x.shape[2:]
    large = np.pad(x, ((0, 0), (0, 0), (size, size), (size, size)))
    starts = np.floor(rng.random((n, 2)) * (h, w)).astype(int) + size - size // 2
    for k, (i, j) in enumerate(starts):
        large[k, :, i : i + size, j : j + size] = 0
    return large[:, :, size : size + h, size : size + w]


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("a hole of one pixel", property="content", calls=[((60, 1, 3, 5), 1)]),
        Case("a hole of odd size, in all channels", property="content", calls=[((150, 3, 6, 8), 3)], weight=2),
        Case("a hole of even size", property="content", calls=[((150, 1, 8, 6), 4), ((150, 2, 7, 5), 2)], weight=2),
        Case("one image at a time", property="content", calls=[((1, 3, 5, 4), 3)] * 8),
        Case("twice as large as the image: nothing is left", property="content", calls=[((40, 2, 4, 3), 8)]),
        Case(
            "each image has a hole of its own, at the border too",
            property="each",
            calls=[((3000, 1, 4, 6), 3)],
            weight=3,
        ),
        # 20,000 draws show a share of 1/2 or 1/3 that is off by 10 %.
        Case("every pixel is as likely to be the centre", property="uniform", calls=[((20_000, 1, 2, 3), 1)], weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", weight=2),
        Case("float32 in, float32 out", property="content", calls=[((60, 3, 5, 6), 3)], dtype="float32"),
        Case("leaves its arguments as they were", property="inputs"),
        Case("an earlier result stays as it was", property="kept"),
    ],
    mistakes=[
        mistake("same_draw_for_batch", same_for_batch),
        mistake("never_at_border", whole_holes),
        mistake("rows_equal_columns", on_the_diagonal),
        mistake("not_uniform", last_left_out),
        mistake("not_uniform", rounded),
        mistake("hole_not_black", filled_with_mean),
        mistake("hole_not_black", filled_with_white),
        mistake("hole_per_channel", each_channel),
        mistake("one_channel_only", first_channel),
        mistake("keeps_the_hole_only", inverted),
        *(mistake(rule.split(",")[0], by_rule(rule)) for rule in RULES if rule),
        mistake("rows_and_columns_swapped", ranges_swapped),
        mistake("global_generator", global_state),
        mistake("global_generator", unseeded_generator),
        mistake("same_draw_each_call", fixed_seed),
        mistake("same_draw_each_call", copied_generator),
    ],
    alternatives=[with_distances, image_by_image, in_a_frame],
    hints=[
        "Draw a row and a column for each image, any pixel. Where does a hole of `size` rows around it begin, and what if "
        "that is above the image?",
        "It begins at r - size // 2. With a slice, start at `max(start, 0)`: a negative start counts from the end. Or make a "
        "mask, row >= start and row < start + size, which needs no clipping.",
        "For each k: `top = r - size // 2`, `left = c - size // 2`, then `out[k, :, max(top, 0) : max(top + size, 0), "
        "max(left, 0) : max(left + size, 0)] = 0` in a copy of x.",
    ],
)
