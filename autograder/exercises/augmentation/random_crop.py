"""random_crop: a random cut, H x W, of each image with zeros around it.

Zeros `padding` wide around each image, then H rows and W columns from a row and a column drawn uniformly from
0..2 padding, independently, for each image anew (Krizhevsky 2009; He et al. 2016; lectures 003, 004). Judged by its
properties: every image must be one of the (2 padding + 1)^2 cuts, and the cuts uniform and independent.
torchvision.transforms.RandomCrop(size, padding) does the same to one image, and draws once for a batch.
"""

import numpy as np

from autograder.exercises.augmentation._draws import DRAWS, SAME, RandomPlaces
from autograder.judge import Case, alternative, mistake, slips


def cuts(out, x, padding, mode="constant", axes=(1, 4, 5)):
    """Which of the cuts each image can be, (N, places, places); only one where the frame is narrower than the image."""
    frame = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), frame, frame), mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    return (np.abs(windows - out[:, :, None, None]) <= SAME).all(axis=axes)


def wrong_images(out, x, padding):
    def some(**how):
        return cuts(out, x, **{"padding": padding, **how}).any(axis=(-2, -1)).all()

    frames = {"border_repeated": ("edge",), "mirrored_frame": ("symmetric", "reflect"), "wraps_around": ("wrap",)}
    for name, modes in frames.items():
        if any(some(mode=mode) for mode in modes):
            yield name
    if some(axes=(4, 5)):
        yield "crop_per_channel"
    if some(padding=2 * padding):
        yield "range_too_wide"


def wrong_places(rows, columns, x, padding):
    last, seen = 2 * padding, [set(drawn.tolist()) for drawn in (rows, columns)]
    ranges = {"range_ends_early": (0, last), "range_starts_late": (1, last + 1), "half_range": (0, padding + 1)}
    return next((name for name, ends in ranges.items() if all(one == set(range(*ends)) for one in seen)), None)


def wrong_shape(shape, x, padding):
    wider = tuple(length + 2 * padding for length in x.shape)
    if padding and shape[:2] == wider[:2]:
        return "pads_all_axes"
    return "not_cut" if shape == x.shape[:2] + wider[2:] else None


EXERCISE = RandomPlaces(
    places=cuts,
    otherwise="an image is not a cut of the padded one: zeros around it, then H x W pixels that begin at a row and a "
    "column of 0 to 2 * padding",
    wrong_images=wrong_images,
    wrong_places=wrong_places,
    wrong_shape=wrong_shape,
    section="5 · Crops and holes, at random",
    typical=2,
    cases=[
        Case("padding=0 changes nothing", calls=[((3, 2, 4, 5), 0)], weight=0.5),
        Case("each image is a cut of the padded one", calls=[((40, 3, 5, 7), 2), ((12, 2, 6, 4), 1)], weight=2),
        Case("a square image, one channel", calls=[((1, 1, 4, 4), 1)] * 4 + [((8, 1, 5, 5), 2)]),
        Case("a frame wider than the image", calls=[((12, 2, 3, 4), 5)]),
        Case(
            "each image has a cut of its own",
            draws="named",
            calls=[((3000, 1, 4, 3), 2), *[((200, 1, 4, 3), 2)] * 2],
            weight=5,
        ),
        # 20,000 draws show a share of 1/3 that is off by 10 % for sure.
        Case("every cut is as likely", draws="sharp", calls=[((20_000, 1, 2, 2), 1)], weight=2),
    ],
)


def right(x, padding, rng):
    n, _, h, w = x.shape
    frame = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), frame, frame))
    rows, columns = rng.integers(0, 2 * padding + 1, size=(2, n))
    out = np.empty_like(x)
    for k in range(n):
        i, j = rows[k], columns[k]
        out[k] = padded[k, :, i : i + h, j : j + w]
    return out


MISTAKES = DRAWS + slips("""
unchanged (core): i, j = rows[k], columns[k] -> i = j = padding
    The images come back as they were at each call: cuts always begin at row and column `padding`. Draw where they
    begin.

range_ends_early: 2 * padding + 1 -> 2 * padding
    The last place, 2 * padding, is never drawn: `rng.integers` leaves its upper end out. `rng.integers(0, 2 * padding
    + 1)`.

range_starts_late:
    rng.integers(0, 2 * padding + 1, size=(2, n)) -> rng.integers(1, 2 * padding + 1, size=(2, n))
    Place 0 is never drawn: there are 2 * padding + 1 places, from 0 on.

half_range: 2 * padding + 1 -> padding + 1
    Only places from 0 to `padding` are drawn. The padded image is 2 * padding larger, so there are 2 * padding + 1
    places.

range_too_wide:
    frame = (padding, padding) -> frame = (2 * padding, 2 * padding)
    2 * padding + 1 -> 4 * padding + 1
    Images move by more than `padding`. Cuts begin at 0 to 2 * padding, moves of -padding to padding.

not_uniform:
    rng.integers(0, 2 * padding + 1, size=(2, n)) -> np.rint(rng.uniform(0, 2 * padding, (2, n))).astype(int)
    or rng.integers(0, 2 * padding + 1, size=(2, n)) -> rng.binomial(2 * padding, 0.5, (2, n))
    Some places are drawn more often than others. All of 0, 1, ..., 2 * padding are as likely, which rounding a float
    spoils at both ends: `rng.integers`.

border_repeated: np.pad(x, ((0, 0), (0, 0), frame, frame)) -> np.pad(x, ((0, 0), (0, 0), frame, frame), mode="edge")
    The border is repeated around the image. Pad with zeros: `np.pad` without a mode.

mirrored_frame: np.pad(x, ((0, 0), (0, 0), frame, frame)) -> np.pad(x, ((0, 0), (0, 0), frame, frame), "reflect")
    or np.pad(x, ((0, 0), (0, 0), frame, frame)) -> np.pad(x, ((0, 0), (0, 0), frame, frame), "symmetric")
    The image is mirrored at its border. Pad with zeros: `np.pad` without a mode.

wraps_around: out[k] = padded[k, :, i : i + h, j : j + w] -> out[k] = np.roll(x[k], (padding - i, padding - j), (1, 2))
    What leaves the image on one side comes back in on the other (`np.roll` does so). Zeros come in.
pads_all_axes: return out -> return np.pad(x, padding)[:, :, :h, :w]
    `np.pad(x, padding)` pads all four axes: there are more images and channels than in x. Pad rows and columns alone.
not_cut: return out -> return padded
    The padded images come back, larger than x. Cut H rows and W columns out of them.
""")


@mistake("The channels of an image are cut at different places, so its colours come apart. One draw serves them all.")
def crop_per_channel(x, padding, rng):
    return np.concatenate([right(x[:, [c]], padding, rng) for c in range(x.shape[1])], axis=1)


@alternative
def moved_into_zeros(x, padding, rng):
    """Image by image, a window of it."""
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    for k in range(len(x)):
        dy, dx = (int(rng.integers(-padding, padding + 1)) for _ in range(2))
        rows, columns = slice(max(dy, 0), h + min(dy, 0)), slice(max(dx, 0), w + min(dx, 0))
        if abs(dy) < h and abs(dx) < w:
            out[k, :, rows, columns] = x[k, :, max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)]
    return out


@alternative
def all_windows(x, padding, rng):
    padded = np.pad(x, [(0, 0), (0, 0), (padding,) * 2, (padding,) * 2])
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    picked = rng.choice((2 * padding + 1) ** 2, size=len(x))
    return windows[np.arange(len(x)), :, picked // (2 * padding + 1), picked % (2 * padding + 1)]


HINTS = [
    "`np.pad` puts a frame of zeros around rows and columns. How much larger is the image then, and at how many rows "
    "can a cut of H begin?",
    "At 2 * padding + 1 of them, and `rng.integers(0, 2 * padding + 1, size=n)` draws one for each image; the same for "
    "columns, drawn again. A loop over the images may do the cutting.",
    "`padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))`, then for each k "
    "`out[k] = padded[k, :, i : i + h, j : j + w]` with `i, j = rows[k], columns[k]`.",
]
