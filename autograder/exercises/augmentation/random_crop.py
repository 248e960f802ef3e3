"""random_crop: a random cut, H x W, of each image with zeros around it.

Zeros `padding` wide around each image, then H rows and W columns from a row and a column drawn uniformly from
0..2 padding, independently, for each image anew (Krizhevsky 2009; He et al. 2016; lectures 003, 004). Judged by its
properties: every image must be one of the (2 padding + 1)^2 cuts, and the cuts uniform and independent.
torchvision.transforms.RandomCrop(size, padding) does the same to one image, and draws once for a batch.
"""

import copy

import numpy as np

from autograder.exercises.augmentation import _draws
from autograder.exercises.augmentation._images import SAME
from autograder.judge import Case, Finding, Mistake, Procedure
from autograder.judge.chance import FALSE_ALARM, GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL

SENTENCES = {
    "same_draw_for_batch": "All images of a batch are cut at the same place. Draw a row and a column for each image: "
    "`rng.integers(0, 2 * padding + 1, size=n)`.",
    "unchanged": "The images come back as they were at each call: cuts always begin at row and column `padding`. Draw "
    "where they begin.",
    "one_axis_only": "All images begin at the same row, or all at the same column. Draw both for each image.",
    "rows_equal_columns": "Row and column of a cut are always the same number, so images move along the diagonal. Draw "
    "them independently.",
    "range_ends_early": "The last place, 2 * padding, is never drawn: `rng.integers` leaves its upper end out. "
    "`rng.integers(0, 2 * padding + 1)`.",
    "range_starts_late": "Place 0 is never drawn: there are 2 * padding + 1 places, from 0 on.",
    "half_range": "Only places from 0 to `padding` are drawn. The padded image is 2 * padding larger, so there are "
    "2 * padding + 1 places.",
    "range_too_wide": "Images move by more than `padding`. Cuts begin at 0 to 2 * padding, moves of -padding to padding.",
    "not_uniform": "Some places are drawn more often than others. All of 0, 1, ..., 2 * padding are as likely, which "
    "rounding a float spoils at both ends: `rng.integers`.",
    "border_repeated": "The border is repeated around the image. Pad with zeros: `np.pad` without a mode.",
    "mirrored_frame": "The image is mirrored at its border. Pad with zeros: `np.pad` without a mode.",
    "wraps_around": "What leaves the image on one side comes back in on the other (`np.roll` does so). Zeros come in.",
    "crop_per_channel": "The channels of an image are cut at different places, so its colours come apart. One draw for "
    "an image, all channels alike.",
    "not_cut": "The padded images come back, larger than x. Cut H rows and W columns out of them.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}


def named(name):
    return Finding(SENTENCES[name], name)


# One draw for the whole batch gives this too, now and then.
STILL = Finding("all images of a batch come back as they were")


def cuts(out, x, padding, mode="constant", axes=(1, 4, 5)):
    """Which of the cuts each image can be, (N, places, places)."""
    frame = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), frame, frame), mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    return (np.abs(windows - out[:, :, None, None]) <= SAME).all(axis=axes)


def some(found):
    """Whether each image is some cut."""
    return found.any(axis=(-2, -1)).all()


def content(out, x, padding):
    """What is wrong with images that are no cuts of the padded ones, or all of them the middle one."""
    if some(cuts(out, x, padding)):
        by_chance = (2 * padding + 1.0) ** (-2 * len(x))
        return STILL if by_chance < FALSE_ALARM and np.abs(out - x).max() <= SAME else None
    # Enough to tell what else they are.
    out, x = out[:200], x[:200]
    frames = [("border_repeated", "edge"), ("mirrored_frame", "symmetric"), ("wraps_around", "wrap")]
    if padding < min(x.shape[2:]):
        frames.append(("mirrored_frame", "reflect"))
    fits = {name for name, mode in frames if some(cuts(out, x, padding, mode))}
    if some(cuts(out, x, padding, axes=(4, 5))):
        fits.add("crop_per_channel")
    if some(cuts(out, x, 2 * padding)):
        fits.add("range_too_wide")
    if len(fits) == 1:
        return named(fits.pop())
    return Finding(
        "an image is not a cut of the padded one: zeros around it, then H x W pixels that begin at a row and a column of "
        "0 to 2 * padding"
    )


def places(out, x, padding):
    """Row and column at which each image's cut begins; they are unique, since a part of the image always remains."""
    found = cuts(out, x, padding).reshape(len(x), -1).argmax(axis=1)
    return np.divmod(found, 2 * padding + 1)


def each_its_own(out, x, padding):
    """Names what is wrong with the draws."""
    wrong = content(out, x, padding)
    if wrong:
        return wrong
    rows, columns = places(out, x, padding)
    still = [len(np.unique(drawn)) == 1 for drawn in (rows, columns)]
    if all(still):
        return named("same_draw_for_batch")
    if any(still):
        return named("one_axis_only")
    if (rows == columns).all():
        return named("rows_equal_columns")
    last, seen = 2 * padding, [set(drawn.tolist()) for drawn in (rows, columns)]
    for name, first, end in (
        ("range_ends_early", 0, last),
        ("range_starts_late", 1, last + 1),
        ("half_range", 0, padding + 1),
    ):
        if all(drawn == set(range(first, end)) for drawn in seen):
            return named(name)
    if _draws.draws_are_off(rows, columns, (last + 1, last + 1)):
        return named("not_uniform")
    return None


def uniform(out, x, padding):
    """Sharp, with names for nothing: what has one shows in fewer images."""
    wrong = content(out, x, padding)
    if wrong:
        return wrong
    if _draws.draws_are_off(*places(out, x, padding), (2 * padding + 1, 2 * padding + 1)):
        return Finding("some cuts come more often than others, or rows, columns and images depend on one another")
    return None


def not_cut(shape, x, padding):
    """Names padded images that are not cut."""
    h, w = x.shape[2:]
    return named("not_cut") if shape == (*x.shape[:2], h + 2 * padding, w + 2 * padding) else None


def check_with(check):
    return lambda case, rng: _draws.each(
        "random_crop", case.get("calls"), rng, check, case.get("dtype", "float64"), not_cut
    )


SHAPE, PADDING = (64, 1, 4, 5), 3

ASK = {
    "content": check_with(content),
    "each": check_with(each_its_own),
    "uniform": check_with(uniform),
    "rng": lambda case, rng: _draws.from_rng_alone(
        "random_crop", SHAPE, PADDING, rng, content, places, named("unchanged")
    ),
    "inputs": lambda case, rng: _draws.leaves_images("random_crop", (4, 3, 4, 5), 2, rng),
    "kept": lambda case, rng: _draws.keeps_results("random_crop", SHAPE, PADDING, rng),
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def crop(x, padding, top, left, mode="constant"):
    """Right as it stands, for places drawn elsewhere."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    return windows[np.arange(len(x)), :, top, left]


def both(rng, padding, n):
    return rng.integers(0, 2 * padding + 1, (2, n))


def same_for_batch(x, padding, rng):
    i, j = rng.integers(0, 2 * padding + 1, 2)
    return crop(x, padding, [i] * len(x), [j] * len(x))


def unchanged(x, padding, rng):
    return x.copy()


def columns_only(x, padding, rng):
    return crop(x, padding, [padding] * len(x), rng.integers(0, 2 * padding + 1, len(x)))


def rows_drawn_once(x, padding, rng):
    return crop(x, padding, [rng.integers(0, 2 * padding + 1)] * len(x), rng.integers(0, 2 * padding + 1, len(x)))


def along_the_diagonal(x, padding, rng):
    start = rng.integers(0, 2 * padding + 1, len(x))
    return crop(x, padding, start, start)


def upper_end_left_out(x, padding, rng):
    return crop(x, padding, *rng.integers(0, max(2 * padding, 1), (2, len(x))))


def lower_end_left_out(x, padding, rng):
    return crop(x, padding, *rng.integers(min(1, padding), 2 * padding + 1, (2, len(x))))


def up_to_padding(x, padding, rng):
    return crop(x, padding, *rng.integers(0, padding + 1, (2, len(x))))


def twice_as_far(x, padding, rng):
    return crop(x, 2 * padding, *rng.integers(0, 4 * padding + 1, (2, len(x))))


def rounded(x, padding, rng):
    return crop(x, padding, *np.rint(rng.uniform(0, 2 * padding, (2, len(x)))).astype(int))


def bell(x, padding, rng):
    return crop(x, padding, *np.rint(rng.normal(padding, padding / 2, (2, len(x)))).clip(0, 2 * padding).astype(int))


def edge(x, padding, rng):
    return crop(x, padding, *both(rng, padding, len(x)), mode="edge")


def reflect(x, padding, rng):
    return crop(x, padding, *both(rng, padding, len(x)), mode="reflect")


def symmetric(x, padding, rng):
    return crop(x, padding, *both(rng, padding, len(x)), mode="symmetric")


def rolled(x, padding, rng):
    (n, _, h, w), (dy, dx) = x.shape, rng.integers(-padding, padding + 1, (2, len(x), 1, 1, 1))
    rows, columns = (np.arange(h)[:, None] - dy) % h, (np.arange(w) - dx) % w
    return x[np.arange(n)[:, None, None, None], np.arange(x.shape[1])[:, None, None], rows, columns]


def each_channel(x, padding, rng):
    return np.stack([crop(x[:, [c]], padding, *both(rng, padding, len(x)))[:, 0] for c in range(x.shape[1])], axis=1)


def padded_only(x, padding, rng):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def global_state(x, padding, rng):
    return crop(x, padding, *np.random.randint(0, 2 * padding + 1, (2, len(x))))  # noqa: NPY002


def unseeded_generator(x, padding, rng):
    return crop(x, padding, *both(np.random.default_rng(), padding, len(x)))


def fixed_seed(x, padding, rng):
    return crop(x, padding, *both(np.random.default_rng(0), padding, len(x)))


def copied_generator(x, padding, rng):
    return crop(x, padding, *both(copy.deepcopy(rng), padding, len(x)))


def image_by_image(x, padding, rng):
    """Moves a window of the image into zeros."""
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    for k in range(len(x)):
        dy, dx = (int(rng.integers(-padding, padding + 1)) for _ in range(2))
        rows, columns = slice(max(dy, 0), h + min(dy, 0)), slice(max(dx, 0), w + min(dx, 0))
        if abs(dy) < h and abs(dx) < w:
            out[k, :, rows, columns] = x[k, :, max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)]
    return out


def with_index_arrays(x, padding, rng):
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), x.dtype)
    padded[:, :, padding : padding + h, padding : padding + w] = x
    rows = rng.integers(2 * padding, size=(n, 1), endpoint=True) + np.arange(h)
    columns = np.floor(rng.random((n, 1)) * (2 * padding + 1)).astype(int) + np.arange(w)
    k, channel = np.arange(n)[:, None, None, None], np.arange(c)[:, None, None]
    return padded[k, channel, rows[:, None, :, None], columns[:, None, None, :]]


def all_windows(x, padding, rng):
    n = len(x)
    padded = np.pad(x, [(0, 0), (0, 0), (padding,) * 2, (padding,) * 2])
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    picked = rng.choice((2 * padding + 1) ** 2, size=n)
    return windows[np.arange(n), :, picked // (2 * padding + 1), picked % (2 * padding + 1)]


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("padding=0 changes nothing", property="content", calls=[((3, 2, 4, 5), 0)]),
        Case("each image is a cut of the padded one", property="content", calls=[((12, 3, 5, 7), 2)], weight=2),
        Case(
            "one image at a time, one channel",
            property="content",
            calls=[((1, 1, 4, 4), 1)] * 4 + [((1, 1, 6, 3), 2)] * 4,
        ),
        Case("a frame wider than the image", property="content", calls=[((12, 2, 3, 4), 5)]),
        Case(
            "each image has a cut of its own",
            property="each",
            calls=[((3000, 1, 4, 3), 2), *[((200, 1, 4, 3), 2)] * 2],
            weight=3,
        ),
        # 20,000 draws show a share of 1/3 that is off by 10 % for sure.
        Case("every cut is as likely", property="uniform", calls=[((20_000, 1, 2, 2), 1)], weight=2),
        Case("all randomness comes from rng, anew at each call", property="rng", weight=2),
        Case("float32 in, float32 out", property="content", calls=[((8, 3, 4, 5), 2)], dtype="float32"),
        Case("leaves its arguments as they were", property="inputs"),
        Case("an earlier result stays as it was", property="kept"),
    ],
    mistakes=[
        mistake("same_draw_for_batch", same_for_batch),
        mistake("unchanged", unchanged),
        mistake("one_axis_only", columns_only),
        mistake("one_axis_only", rows_drawn_once),
        mistake("rows_equal_columns", along_the_diagonal),
        mistake("range_ends_early", upper_end_left_out),
        mistake("range_starts_late", lower_end_left_out),
        mistake("half_range", up_to_padding),
        mistake("range_too_wide", twice_as_far),
        mistake("not_uniform", rounded),
        mistake("not_uniform", bell),
        mistake("border_repeated", edge),
        mistake("mirrored_frame", reflect),
        mistake("mirrored_frame", symmetric),
        mistake("wraps_around", rolled),
        mistake("crop_per_channel", each_channel),
        mistake("not_cut", padded_only),
        mistake("global_generator", global_state),
        mistake("global_generator", unseeded_generator),
        mistake("same_draw_each_call", fixed_seed),
        mistake("same_draw_each_call", copied_generator),
    ],
    alternatives=[image_by_image, with_index_arrays, all_windows],
    hints=[
        "`np.pad` puts a frame of zeros around rows and columns. How much larger is the image then, and at how many rows "
        "can a cut of H begin?",
        "At 2 * padding + 1 of them, and `rng.integers(0, 2 * padding + 1, size=n)` draws one for each image; the same for "
        "columns, drawn again. A loop over the images may do the cutting.",
        "`padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))`, then for each k "
        "`out[k] = padded[k, :, i : i + h, j : j + w]` with `i, j = top[k], left[k]`.",
    ],
)
