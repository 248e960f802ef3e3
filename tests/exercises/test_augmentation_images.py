"""The checks of 11_augmentation's images: held-out wrong solutions lose points, right ones in other styles do not."""

import math

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.exercises.augmentation import _images, random_crop
from autograder.judge import judge
from autograder.judge.judging import LocalCaller

IDS = (
    "horizontal_flip",
    "shift",
    "random_crop",
    "cutout",
    "adjust_brightness",
    "adjust_contrast",
    "color_cast",
    "shade",
    "elastic_distort",
    "zoom",
    "rotate",
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On busy cores PyTorch's threads wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def verdict(exercise_id, *functions, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller(functions), points=10, seed=seed)


def frame(x, width):
    return np.pad(x, ((0, 0), (0, 0), (width, width), (width, width)))


def places(x):
    h, w = x.shape[2:]
    return np.arange(w), np.arange(h)[:, None]


# Wrong solutions


def flips_half_of_the_time(x):
    return x[..., ::-1].copy() if np.random.random() < 0.5 else x.copy()  # noqa: NPY002


def flips_in_place(x):
    x[:] = x[..., ::-1].copy()
    return x


def flips_into_float64(x):
    out = np.zeros(x.shape)
    out[:] = x[..., ::-1]
    return out


def flips_the_flat_image(x):
    return x.reshape(*x.shape[:2], -1)[..., ::-1].reshape(x.shape)


def swaps_first_and_last(x):
    out = x.copy()
    out[..., [0, -1]] = x[..., [-1, 0]]
    return out


def turns_square_images_only(x):
    return np.rot90(np.swapaxes(x, 2, 3), axes=(2, 3)) if x.shape[2] == x.shape[3] else x


def flips_one_channel(x):
    out = x.copy()
    out[:, 0] = x[:, 0, :, ::-1]
    return out


def black(x, *_):
    return np.zeros_like(x)


def only_one_image(x):
    return x[0, ..., ::-1]


def as_a_list(x):
    return x[..., ::-1].tolist()


def slices_that_fail_at_zero(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    out[:, :, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = x[:, :, max(-dy, 0) : -dy, max(-dx, 0) : -dx]
    return out


def slices_that_fail_far_out(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    out[:, :, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = x[
        :, :, max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)
    ]
    return out


def shift_of_sizes(x, dx, dy):
    return shift_by_index(x, abs(dx), abs(dy))


def shift_stops_at_the_border(x, dx, dy):
    h, w = x.shape[2:]
    return shift_by_index(x, max(min(dx, w - 1), 1 - w), max(min(dy, h - 1), 1 - h))


def shift_fills_with_gray(x, dx, dy):
    gone = shift_by_index(np.ones_like(x), dx, dy) == 0
    return np.where(gone, x.mean(), shift_by_index(x, dx, dy))


def shift_of_one_axis_clears_both(x, dx, dy):
    out = np.roll(x, (dy, dx), (2, 3))
    h, w = x.shape[2:]
    out[:, :, :dy] = 0
    out[:, :, :, :dx] = 0
    return out * (abs(dx) < w and abs(dy) < h)


def shift_into_float64(x, dx, dy):
    return np.zeros(x.shape) + shift_by_index(x, dx, dy)


def shift_without_zeros(x, dx, dy):
    h, w = x.shape[2:]
    return x[:, :, max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)]


def shift_of_the_first_image(x, dx, dy):
    return np.concatenate([shift_by_index(x[:1], dx, dy), x[1:]])


def cut_at(x, padding, rows, columns):
    h, w = x.shape[2:]
    padded = frame(x, padding)
    return np.stack([padded[k, :, i : i + h, j : j + w] for k, (i, j) in enumerate(zip(rows, columns, strict=True))])


def crops_pairs_alike(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, (len(x) + 1) // 2)).repeat(2, axis=1)[:, : len(x)]
    return cut_at(x, padding, rows, columns)


def crops_in_order(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    return cut_at(x, padding, np.sort(rows), columns)


def crops_that_follow_one_another(x, padding, rng):
    rows = rng.integers(0, 2 * padding + 1, len(x))
    return cut_at(x, padding, rows, (rows + rng.integers(0, 2, len(x))) % (2 * padding + 1))


def crops_with_a_favourite(x, padding, rng):
    """Place 0 is a tenth more likely."""
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    extra = rng.random(len(x)) < 0.1 / (2 * padding)
    return cut_at(x, padding, np.where(extra, 0, rows), columns)


def crops_that_always_move(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    still = (rows == padding) & (columns == padding)
    return cut_at(x, padding, np.where(still, 0, rows), columns)


def crops_the_first_half(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    rows[len(x) // 2 :] = columns[len(x) // 2 :] = padding
    return cut_at(x, padding, rows, columns)


def crops_from_two_generators(x, padding, rng):
    rows = rng.integers(0, 2 * padding + 1, len(x))
    return cut_at(x, padding, rows, np.random.default_rng().integers(0, 2 * padding + 1, len(x)))


def crops_rows_seeded(x, padding, rng):
    """The rows come from a fixed seed, the columns from rng: no two calls are alike, and yet."""
    rows = np.random.default_rng(1).integers(0, 2 * padding + 1, len(x))
    return cut_at(x, padding, rows, rng.integers(0, 2 * padding + 1, len(x)))


def crops_on_gray(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    return cut_at(x - 0.5, padding, rows, columns) + 0.5


def crops_without_padding(x, padding, rng):
    h, w = x.shape[2:]
    return x[:, :, padding : h - padding, padding : w - padding]


def crops_in_place(x, padding, rng):
    rows, columns = rng.integers(0, 2 * padding + 1, (2, len(x)))
    x[:] = cut_at(x, padding, rows, columns)
    return x


def crops_into_float64(x, padding, rng):
    out = np.zeros(x.shape)
    out[:] = cut_at(x, padding, *rng.integers(0, 2 * padding + 1, (2, len(x))))
    return out


BUFFERS = {}


def crops_into_a_buffer(x, padding, rng):
    out = BUFFERS.setdefault((x.shape, x.dtype), np.empty_like(x))
    out[:] = cut_at(x, padding, *rng.integers(0, 2 * padding + 1, (2, len(x))))
    return out


def holes(x, size, rows, columns, high=None):
    out = x.copy()
    for k, (r, c) in enumerate(zip(rows, columns, strict=True)):
        top, left = r - size // 2, c - size // 2
        out[k, :, max(top, 0) : max(top + (high or size), 0), max(left, 0) : max(left + size, 0)] = 0
    return out


def any_pixels(x, rng):
    return rng.integers(x.shape[2], size=len(x)), rng.integers(x.shape[3], size=len(x))


def holes_that_are_higher(x, size, rng):
    return holes(x, size, *any_pixels(x, rng), high=size + 1)


def holes_nearly_black(x, size, rng):
    done = holes(x, size, *any_pixels(x, rng))
    return np.where(done == 0, x.dtype.type(1e-3), done)


def holes_not_in_the_corner(x, size, rng):
    rows, columns = any_pixels(x, rng)
    corner = (rows == 0) & (columns == 0)
    return holes(x, size, np.where(corner, x.shape[2] - 1, rows), columns)


def holes_in_half_of_the_images(x, size, rng):
    done = holes(x, size, *any_pixels(x, rng))
    return np.where(rng.random((len(x), 1, 1, 1)) < 0.5, done, x)


def round_holes(x, size, rng):
    rows, columns = any_pixels(x, rng)
    i, j = np.arange(x.shape[2])[:, None], np.arange(x.shape[3])
    far = (i - rows[:, None, None]) ** 2 + (j - columns[:, None, None]) ** 2 > (size / 2) ** 2
    return x * far[:, None]


def holes_with_a_favourite(x, size, rng):
    """Row 0 is a tenth more likely."""
    rows, columns = any_pixels(x, rng)
    extra = rng.random(len(x)) < 0.1 / max(x.shape[2] - 1, 1)
    return holes(x, size, np.where(extra, 0, rows), columns)


def holes_that_wander(x, size, rng):
    """One draw for the batch, the next image's hole beside it."""
    k = np.arange(len(x))
    first = rng.integers(x.shape[2] * x.shape[3])
    pixels = (first + k) % (x.shape[2] * x.shape[3])
    return holes(x, size, pixels // x.shape[3], pixels % x.shape[3])


def holes_in_place(x, size, rng):
    x[:] = holes(x, size, *any_pixels(x, rng))
    return x


def holes_twice(x, size, rng):
    return holes(holes(x, size, *any_pixels(x, rng)), size, *any_pixels(x, rng))


def whole_rows(x, size, rng):
    out = x.copy()
    for k, r in enumerate(any_pixels(x, rng)[0]):
        out[k, :, max(r - size // 2, 0) : max(r - size // 2 + size, 0)] = 0
    return out


def holes_by_shuffling(x, size, rng):
    """Centres without replacement: the images of a batch share them out."""
    pixels = rng.permutation(x.shape[2] * x.shape[3])
    pixels = np.resize(pixels, len(x))
    return holes(x, size, pixels // x.shape[3], pixels % x.shape[3])


def clips_a_little_inside(x, delta):
    return np.clip(x + delta, 1e-6, 1 - 1e-6)


def clips_at_its_own_white(x, delta):
    return np.clip(x + delta, 0, max(x.max(), x.min() + 1e-3))


def leaves_black_alone(x, delta):
    return np.clip(np.where(x > 0.2, x + delta, x), 0, 1)


def squashes(x, delta):
    return 1 / (1 + np.exp(-4 * (x + delta - 0.5)))


def float64_delta(x, delta):
    return np.clip(x + np.float64(delta), 0, 1)


def brightens_in_place(x, delta):
    x += delta
    return np.clip(x, 0, 1)


def clips_twice(x, delta):
    return np.clip(np.clip(x, 0.1, 0.9) + delta, 0, 1)


def mean_of_a_batch_of_one(x, factor):
    return np.clip(x.mean() + factor * (x - x.mean()), 0, 1) if len(x) == 1 else np.clip(x * factor, 0, 1)


def mean_without_keepdims(x, factor):
    m = x.mean(axis=(1, 2, 3))
    m = m[:1] if len(m) != x.shape[3] else m
    return np.clip(m + factor * (x - m), 0, 1)


def mean_of_the_result_kept(x, factor):
    out = np.clip(x * factor, 0, 1)
    return np.clip(out + (x - out).mean(axis=(1, 2, 3), keepdims=True), 0, 1)


def contrast_without_noticing_one(x, factor):
    m = x.mean(axis=(1, 2, 3), keepdims=True)
    return np.clip(m + max(factor, 0.5) * (x - m), 0, 1)


def mean_in_float16(x, factor):
    m = x.mean(axis=(1, 2, 3), keepdims=True).astype(np.float16).astype(x.dtype)
    return np.clip(m + factor * (x - m), 0, 1)


def mean_of_rows(x, factor):
    m = x.mean(axis=(1, 3), keepdims=True)
    return np.clip(m + factor * (x - m), 0, 1)


def root_mean_square(x, factor):
    m = np.sqrt((x**2).mean(axis=(1, 2, 3), keepdims=True))
    return np.clip(m + factor * (x - m), 0, 1)


def three_channels_alone(x, cast):
    out = x.copy()
    for c in range(min(3, len(cast))):
        out[:, c] = x[:, c] + cast[c]
    return np.clip(out, 0, 1)


def casts_of_size(x, cast):
    return np.clip(x + np.abs(cast)[:, None, None], 0, 1)


def cast_by_reshape(x, cast):
    return np.clip(x + np.resize(cast, x.shape), 0, 1)


def cast_clipped_first(x, cast):
    return np.clip(x + np.clip(cast, 0, 1)[:, None, None], 0, 1)


def casts_in_place(x, cast):
    x += cast[:, None, None]
    return np.clip(x, 0, 1)


def cast_into_float64(x, cast):
    return np.clip(x + np.zeros(x.shape) + cast[:, None, None], 0, 1)


def cast_of_the_next(x, cast):
    return np.clip(x + np.roll(cast, 1)[:, None, None], 0, 1)


def ramp_along_both(x, strength):
    h, w = x.shape[2:]
    return (
        x * np.linspace(1, 1 - strength, h)[:, None].astype(x.dtype) * np.linspace(1, 1 - strength, w).astype(x.dtype)
    )


def ramp_of_the_flat_image(x, strength):
    return x * np.linspace(1, 1 - strength, x[0, 0].size, dtype=x.dtype).reshape(x.shape[2:])


def ramp_in_hundredths(x, strength):
    return x * np.round(np.linspace(1, 1 - strength, x.shape[3]), 2).astype(x.dtype)


def ramp_of_width_plus_one(x, strength):
    return x * np.linspace(1, 1 - strength, x.shape[3] + 1, dtype=x.dtype)[:-1]


def ramp_in_float64(x, strength):
    return x * np.linspace(1, 1 - strength, x.shape[3])


def ramp_in_place(x, strength):
    x *= np.linspace(1, 1 - strength, x.shape[3], dtype=x.dtype)
    return x


def ramp_to_half(x, strength):
    return x * np.linspace(1, 0.5, x.shape[3], dtype=x.dtype)


def ramp_of_the_width_for_squares(x, strength):
    ramp = np.linspace(1, 1 - strength, x.shape[2], dtype=x.dtype)
    return x * (ramp if x.shape[2] == x.shape[3] else ramp[:, None])


def bilinear(x, px, py, h=None, w=None, dtype=None):
    """The four neighbours one by one, zeros outside; another h or w moves the border."""
    px, py = (np.broadcast_to(p, (len(x), *x.shape[2:])) for p in (px, py))
    h, w = h or x.shape[2], w or x.shape[3]
    out = np.zeros(x.shape, dtype or x.dtype)
    for k in range(len(x)):
        for i, j in np.ndindex(*x.shape[2:]):
            left, top = math.floor(px[k, i, j]), math.floor(py[k, i, j])
            a, b = px[k, i, j] - left, py[k, i, j] - top
            for row, column, share in (
                (top, left, (1 - b) * (1 - a)),
                (top, left + 1, (1 - b) * a),
                (top + 1, left, b * (1 - a)),
                (top + 1, left + 1, a * b),
            ):
                if 0 <= row < h and 0 <= column < w:
                    out[k, :, i, j] += share * x[k, :, row, column]
    return out


def distorts_up_to_the_last(x, flow):
    """The last row and column count as outside."""
    j, i = places(x)
    return bilinear(x, j + flow[:, 0], i + flow[:, 1], x.shape[2] - 1, x.shape[3] - 1)


def distorts_within_a_square(x, flow):
    j, i = places(x)
    side = min(x.shape[2:])
    return bilinear(x, j + flow[:, 0], i + flow[:, 1], side, side)


def distorts_by_tenths(x, flow):
    j, i = places(x)
    return bilinear(x, j + np.round(flow[:, 0], 1), i + np.round(flow[:, 1], 1))


def distorts_short_ways_only(x, flow):
    j, i = places(x)
    near = np.clip(flow, -3, 3)
    return bilinear(x, j + near[:, 0], i + near[:, 1])


def distorts_into_float64(x, flow):
    j, i = places(x)
    return bilinear(x, j + flow[:, 0], i + flow[:, 1], dtype=np.float64)


def distorts_in_place(x, flow):
    j, i = places(x)
    flow[:, 0] += j
    flow[:, 1] += i
    return bilinear(x, flow[:, 0], flow[:, 1])


def mirrors_at_the_border(x, flow):
    j, i = places(x)
    h, w = x.shape[2:]
    px, py = np.abs(j + flow[:, 0]), np.abs(i + flow[:, 1])
    return bilinear(x, np.minimum(px, 2 * (w - 1) - px), np.minimum(py, 2 * (h - 1) - py))


def distorts_with_equal_weights(x, flow):
    j, i = places(x)
    return bilinear(x, np.floor(j + flow[:, 0]) + 0.5, np.floor(i + flow[:, 1]) + 0.5)


def zooms_to_whole_sizes(x, factor):
    """The enlarged image has a whole number of pixels, so the factor is not quite the one asked for."""
    j, i = places(x)
    h, w = x.shape[2:]
    across, down = max(round(w * factor), 1) / w, max(round(h * factor), 1) / h
    return bilinear(x, (w - 1) / 2 + (j - (w - 1) / 2) / across, (h - 1) / 2 + (i - (h - 1) / 2) / down)


def zooms_about_one_centre(x, factor):
    """The columns' centre for the rows too."""
    j, i = places(x)
    c = (x.shape[3] - 1) / 2
    return bilinear(x, c + (j - c) / factor, c + (i - c) / factor)


def zooms_without_zeros(x, factor):
    """np.interp goes on with the last value."""
    h, w = x.shape[2:]
    px = (w - 1) / 2 + (np.arange(w) - (w - 1) / 2) / factor
    py = (h - 1) / 2 + (np.arange(h) - (h - 1) / 2) / factor
    wide = np.apply_along_axis(lambda line: np.interp(px, np.arange(w), line), 3, x)
    return np.apply_along_axis(lambda line: np.interp(py, np.arange(h), line), 2, wide).astype(x.dtype)


def zooms_with_black_ends(x, factor):
    """np.interp(left=0, right=0)."""
    h, w = x.shape[2:]
    px = (w - 1) / 2 + (np.arange(w) - (w - 1) / 2) / factor
    py = (h - 1) / 2 + (np.arange(h) - (h - 1) / 2) / factor
    wide = np.apply_along_axis(lambda line: np.interp(px, np.arange(w), line, left=0, right=0), 3, x)
    return np.apply_along_axis(lambda line: np.interp(py, np.arange(h), line, left=0, right=0), 2, wide).astype(x.dtype)


def zooms_by_repeating(x, factor):
    times = max(int(factor), 1)
    h, w = x.shape[2:]
    large = x.repeat(times, axis=2).repeat(times, axis=3)
    i, j = (large.shape[2] - h) // 2, (large.shape[3] - w) // 2
    return large[:, :, i : i + h, j : j + w]


def zooms_into_another_size(x, factor):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def zooms_into_float64(x, factor):
    j, i = places(x)
    h, w = x.shape[2:]
    px, py = (w - 1) / 2 + (j - (w - 1) / 2) / factor, (h - 1) / 2 + (i - (h - 1) / 2) / factor
    return bilinear(x, px, py, dtype=np.float64)


def zooms_by_one_more(x, factor):
    j, i = places(x)
    h, w = x.shape[2:]
    return bilinear(x, (w - 1) / 2 + (j - (w - 1) / 2) / (1 + factor), (h - 1) / 2 + (i - (h - 1) / 2) / (1 + factor))


def turn(x, a, sample=bilinear, dtype=None):
    h, w = x.shape[2:]
    u, v = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2
    cos, sin = np.cos(a), np.sin(a)
    return sample(x, (w - 1) / 2 + cos * u - sin * v, (h - 1) / 2 + sin * u + cos * v, dtype=dtype)


def turns_by_a_short_pi(x, degrees):
    return turn(x, degrees * 3.14 / 180)


def turns_by_whole_degrees_of_ten(x, degrees):
    return turn(x, np.deg2rad(round(degrees, -1)))


def turns_half_way_at_most(x, degrees):
    return turn(x, np.deg2rad(degrees % 180))


def turns_one_way(x, degrees):
    return turn(x, np.deg2rad(abs(degrees)))


def turns_into_float64(x, degrees):
    return turn(x, np.deg2rad(degrees), dtype=np.float64)


def turns_within_a_circle(x, degrees):
    h, w = x.shape[2:]
    u, v = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2
    return turn(x, np.deg2rad(degrees)) * (u**2 + v**2 <= (max(h, w) / 2) ** 2)


def turns_to_the_nearest_pixel(x, degrees):
    def nearest(x, px, py, dtype):
        return bilinear(x, np.floor(px + 0.5), np.floor(py + 0.5))

    return turn(x, np.deg2rad(degrees), nearest)


def turns_the_canvas(x, degrees):
    return np.rot90(x, round(degrees / 90), axes=(2, 3))


def turns_by_small_angles(x, degrees):
    """cos a = 1, sin a = a."""
    h, w = x.shape[2:]
    u, v, a = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2, np.deg2rad(degrees)
    return bilinear(x, (w - 1) / 2 + u - a * v, (h - 1) / 2 + a * u + v)


def turns_about_a_truncated_centre(x, degrees):
    h, w = x.shape[2:]
    cx, cy, a = (w - 1) // 2, (h - 1) // 2, np.deg2rad(degrees)
    u, v = np.arange(w) - cx, np.arange(h)[:, None] - cy
    return bilinear(x, cx + np.cos(a) * u - np.sin(a) * v, cy + np.sin(a) * u + np.cos(a) * v)


WRONG = {
    "horizontal_flip": [
        flips_half_of_the_time,
        flips_in_place,
        flips_into_float64,
        flips_the_flat_image,
        swaps_first_and_last,
        turns_square_images_only,
        flips_one_channel,
        black,
        only_one_image,
        as_a_list,
    ],
    "shift": [
        slices_that_fail_at_zero,
        slices_that_fail_far_out,
        shift_of_sizes,
        shift_stops_at_the_border,
        shift_fills_with_gray,
        shift_of_one_axis_clears_both,
        shift_into_float64,
        shift_without_zeros,
        shift_of_the_first_image,
        black,
    ],
    "random_crop": [
        crops_pairs_alike,
        crops_in_order,
        crops_that_follow_one_another,
        crops_with_a_favourite,
        crops_that_always_move,
        crops_the_first_half,
        crops_from_two_generators,
        crops_rows_seeded,
        crops_on_gray,
        crops_without_padding,
        crops_in_place,
        crops_into_float64,
        crops_into_a_buffer,
        black,
    ],
    "cutout": [
        holes_that_are_higher,
        holes_nearly_black,
        holes_not_in_the_corner,
        holes_in_half_of_the_images,
        round_holes,
        holes_with_a_favourite,
        holes_that_wander,
        holes_in_place,
        holes_twice,
        whole_rows,
        holes_by_shuffling,
        black,
    ],
    "adjust_brightness": [
        clips_a_little_inside,
        clips_at_its_own_white,
        leaves_black_alone,
        squashes,
        float64_delta,
        brightens_in_place,
        clips_twice,
        black,
    ],
    "adjust_contrast": [
        mean_of_a_batch_of_one,
        mean_without_keepdims,
        mean_of_the_result_kept,
        contrast_without_noticing_one,
        mean_in_float16,
        mean_of_rows,
        root_mean_square,
        black,
    ],
    "color_cast": [
        three_channels_alone,
        casts_of_size,
        cast_by_reshape,
        cast_clipped_first,
        casts_in_place,
        cast_into_float64,
        cast_of_the_next,
        black,
    ],
    "shade": [
        ramp_along_both,
        ramp_of_the_flat_image,
        ramp_in_hundredths,
        ramp_of_width_plus_one,
        ramp_in_float64,
        ramp_in_place,
        ramp_to_half,
        ramp_of_the_width_for_squares,
        black,
    ],
    "elastic_distort": [
        distorts_up_to_the_last,
        distorts_within_a_square,
        distorts_by_tenths,
        distorts_short_ways_only,
        distorts_into_float64,
        distorts_in_place,
        mirrors_at_the_border,
        distorts_with_equal_weights,
        black,
    ],
    "zoom": [
        zooms_to_whole_sizes,
        zooms_about_one_centre,
        zooms_without_zeros,
        zooms_with_black_ends,
        zooms_by_repeating,
        zooms_into_another_size,
        zooms_into_float64,
        zooms_by_one_more,
        black,
    ],
    "rotate": [
        turns_by_a_short_pi,
        turns_by_whole_degrees_of_ten,
        turns_half_way_at_most,
        turns_one_way,
        turns_into_float64,
        turns_within_a_circle,
        turns_to_the_nearest_pixel,
        turns_the_canvas,
        turns_by_small_angles,
        turns_about_a_truncated_centre,
        black,
    ],
}


# Right solutions


def flip_by_half_a_turn(x):
    return np.rot90(x, 2, axes=(2, 3))[:, :, ::-1]


def flip_in_fortran_order(x):
    return np.asfortranarray(np.flip(x, -1))


def flip_image_by_image(x):
    return np.array([[[row[::-1] for row in channel] for channel in image] for image in x])


def flip_by_transposing(x):
    return np.swapaxes(np.swapaxes(x, 2, 3)[:, :, ::-1], 2, 3)


def shift_by_index(x, dx, dy):
    h, w = x.shape[2:]
    out = np.zeros_like(x)
    i, j = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
    inside = (i >= dy) & (i < h + dy) & (j >= dx) & (j < w + dx)
    out[:, :, i[inside], j[inside]] = x[:, :, i[inside] - dy, j[inside] - dx]
    return out


def shift_by_sampling(x, dx, dy):
    j, i = places(x)
    return bilinear(x, j - dx, i - dy)


def shift_in_steps(x, dx, dy):
    """A pixel at a time, one axis after the other."""
    for axis, by in ((3, dx), (2, dy)):
        for _ in range(abs(by)):
            x = np.roll(x, 1 if by > 0 else -1, axis=axis)
            edge = [slice(None)] * 4
            edge[axis] = slice(0, 1) if by > 0 else slice(-1, None)
            x[tuple(edge)] = 0
    return x.copy()


def shift_by_a_kernel(x, dx, dy):
    """Correlation with a single one, by the Fourier transform of a padded image: rounding of 1e-16."""
    h, w = x.shape[2:]
    if abs(dx) >= w or abs(dy) >= h:
        return np.zeros_like(x)
    kernel = np.zeros((2 * h, 2 * w))
    kernel[dy % (2 * h), dx % (2 * w)] = 1
    both = np.fft.fft2(np.pad(x, ((0, 0), (0, 0), (0, h), (0, w)))) * np.fft.fft2(kernel)
    return np.fft.ifft2(both).real[:, :, :h, :w].astype(x.dtype)


def crop_by_shifting(x, padding, rng):
    out = np.empty_like(x)
    for k, image in enumerate(x):
        dx, dy = rng.integers(-padding, padding, size=2, endpoint=True)
        out[k] = shift_by_index(image[None], dx, dy)[0]
    return out


def crop_by_sampling(x, padding, rng):
    j, i = places(x)
    moves = np.trunc(rng.random((2, len(x), 1, 1)) * (2 * padding + 1)) - padding
    return _images.sample(x, j + moves[0], i + moves[1])


def crop_by_selection_matrices(x, padding, rng):
    n, _, h, w = x.shape
    rows, columns = (rng.choice(np.arange(-padding, padding + 1), n) for _ in range(2))
    left = np.stack([np.eye(h, k=k) for k in rows]).astype(x.dtype)
    right = np.stack([np.eye(w, k=-k) for k in columns]).astype(x.dtype)
    return left[:, None] @ x @ right[:, None]


def crop_as_a_list(x, padding, rng):
    h, w = x.shape[2:]
    padded = frame(x, padding)
    found = []
    for k in range(len(x)):
        top, left = (rng.permutation(2 * padding + 1)[0] for _ in range(2))
        found.append(padded[k, :, top : top + h, left : left + w])
    return np.array(found)


def cutout_by_masks(x, size, rng):
    n, _, h, w = x.shape
    rows = np.arange(h) - rng.integers(h, size=n)[:, None] + size // 2
    columns = np.arange(w) - rng.integers(w, size=n)[:, None] + size // 2
    keep = 1 - np.einsum("nh,nw->nhw", (rows >= 0) & (rows < size), (columns >= 0) & (columns < size)).astype(x.dtype)
    return x * keep[:, None]


def cutout_pixel_by_pixel(x, size, rng):
    out = x.copy()
    h, w = x.shape[2:]
    for image in out:
        r, c = rng.integers(h), rng.integers(w)
        for i in range(r - size // 2, r - size // 2 + size):
            for j in range(c - size // 2, c - size // 2 + size):
                if 0 <= i < h and 0 <= j < w:
                    image[:, i, j] = 0
    return out


def cutout_by_flat_choice(x, size, rng):
    h, w = x.shape[2:]
    out = np.array(x)
    for k, centre in enumerate(rng.choice(h * w, size=len(x))):
        r, c = divmod(int(centre), w)
        rows = [i for i in range(r - size // 2, r - size // 2 + size) if 0 <= i < h]
        columns = [j for j in range(c - size // 2, c - size // 2 + size) if 0 <= j < w]
        out[np.ix_([k], range(x.shape[1]), rows, columns)] = 0
    return out


def brightness_by_the_median(x, delta):
    """The middle one of 0, x + delta and 1."""
    return np.median([np.zeros_like(x), x + delta, np.ones_like(x)], axis=0)


def brightness_by_conditions(x, delta):
    return np.piecewise(x + delta, [x + delta < 0, x + delta > 1], [0, 1, lambda v: v])


def brightness_in_loops(x, delta):
    return np.array([min(max(float(v) + delta, 0.0), 1.0) for v in x.flat], x.dtype).reshape(x.shape)


def contrast_in_two_parts(x, factor):
    flat = x.reshape(len(x), -1)
    m = flat @ np.full(flat.shape[1], 1 / flat.shape[1], x.dtype)
    out = flat + (factor - 1) * (flat - m[:, None])
    return np.minimum(1, np.maximum(0, out)).reshape(x.shape)


def contrast_by_mean_of_means(x, factor):
    m = x.mean(3).mean(2).mean(1)
    return np.stack([np.clip(mean + (image - mean) * factor, 0, 1) for image, mean in zip(x, m, strict=True)])


def contrast_in_double(x, factor):
    y = x.astype(np.float64)
    m = np.array([image.sum() / image.size for image in y]).reshape(-1, 1, 1, 1)
    return np.clip(m - factor * (m - y), 0, 1).astype(x.dtype)


def cast_by_reshaping(x, cast):
    n, c, h, w = x.shape
    return np.clip(x.reshape(n, c, h * w) + cast.reshape(1, c, 1), 0, 1).reshape(x.shape)


def cast_through_brightness(x, cast):
    return np.stack([np.clip(x[:, c] + cast[c], 0, 1) for c in range(len(cast))], axis=1)


def cast_swapped(x, cast):
    return np.maximum(np.minimum(np.swapaxes(np.swapaxes(x, 1, 3) + cast, 1, 3), 1), 0)


def shade_by_arange(x, strength):
    w = x.shape[3]
    return x - x * (strength * np.arange(w) / max(w - 1, 1)).astype(x.dtype)


def shade_by_a_line(x, strength):
    out = np.empty_like(x)
    for j, share in enumerate(np.linspace(0.0, 1.0, x.shape[3])):
        out[..., j] = x[..., j] * float(1 - strength * share)
    return out


def shade_by_einsum(x, strength):
    left = 1 - np.linspace(0, strength, x.shape[3])
    return np.einsum("nchw,w->nchw", x, left.astype(x.dtype))


def distort_pixel_by_pixel(x, flow):
    j, i = places(x)
    return bilinear(x, j + flow[:, 0], i + flow[:, 1])


def distort_in_two_steps(x, flow):
    """Between the columns of both rows first, in a wide frame of zeros."""
    n, _, h, w = x.shape
    j, i = places(x)
    px, py = np.clip(j + flow[:, 0], -2, w + 1) + 2, np.clip(i + flow[:, 1], -2, h + 1) + 2
    padded = np.pad(x, ((0, 0), (0, 0), (2, 3), (2, 3))).transpose(0, 2, 3, 1)
    k, left, top = np.arange(n)[:, None, None], px.astype(int), py.astype(int)
    a, b = (px - left)[..., None], (py - top)[..., None]
    rows = [padded[k, top + d, left] + a * (padded[k, top + d, left + 1] - padded[k, top + d, left]) for d in (0, 1)]
    return (rows[0] + b * (rows[1] - rows[0])).transpose(0, 3, 1, 2).astype(x.dtype)


def distort_by_a_sum_over_all(x, flow):
    h, w = x.shape[2:]
    j, i = places(x)
    out = 0
    for row in range(h):
        for column in range(w):
            share = np.clip(1 - np.abs(j + flow[:, 0] - column), 0, 1) * np.clip(1 - np.abs(i + flow[:, 1] - row), 0, 1)
            out = out + share[:, None] * x[:, :, row, column][:, :, None, None]
    return out.astype(x.dtype)


def zoom_in_torch_coordinates(x, factor):
    """From -1 to 1, and in x's precision."""
    h, w = x.shape[2:]
    s = ((2 * np.arange(w, dtype=x.dtype) + 1) / w - 1) / x.dtype.type(factor)
    t = ((2 * np.arange(h, dtype=x.dtype) + 1) / h - 1)[:, None] / x.dtype.type(factor)
    return bilinear(x, ((s + 1) * w - 1) / 2, ((t + 1) * h - 1) / 2)


def zoom_by_distorting(x, factor):
    n, _, h, w = x.shape
    j, i = places(x)
    flow = np.stack(np.broadcast_arrays((1 / factor - 1) * (j - (w - 1) / 2), (1 / factor - 1) * (i - (h - 1) / 2)))
    return distort_in_two_steps(x, np.tile(flow, (n, 1, 1, 1)))


def zoom_by_interp(x, factor):
    """np.interp on an image with zeros around, rows after columns."""
    out = frame(x, 1)
    for axis in (3, 2):
        n = x.shape[axis]
        at = ((np.arange(n) - (n - 1) / 2) / factor + (n - 1) / 2) + 1
        out = np.apply_along_axis(lambda line, at=at, n=n: np.interp(at, np.arange(n + 2), line), axis, out)
    return out.astype(x.dtype)


def rotate_by_distorting(x, degrees):
    n, _, h, w = x.shape
    u, v = np.meshgrid(np.arange(w) - (w - 1) / 2, np.arange(h) - (h - 1) / 2)
    a = np.pi * degrees / 180
    flow = np.stack([(np.cos(a) - 1) * u - np.sin(a) * v, np.sin(a) * u + (np.cos(a) - 1) * v])
    return distort_in_two_steps(x, np.repeat(flow[None], n, axis=0))


def rotate_with_exact_quarters(x, degrees):
    if degrees % 90 == 0 and x.shape[2] == x.shape[3]:
        return np.rot90(x, round(degrees / 90), axes=(2, 3)).copy()
    return turn(x, math.radians(degrees))


def rotate_by_polar_coordinates(x, degrees):
    h, w = x.shape[2:]
    v, u = np.mgrid[:h, :w] - np.reshape([(h - 1) / 2, (w - 1) / 2], (2, 1, 1))
    radius, angle = np.hypot(u, v), np.arctan2(v, u) + np.deg2rad(degrees)
    return bilinear(x, radius * np.cos(angle) + (w - 1) / 2, radius * np.sin(angle) + (h - 1) / 2)


def rotate_in_single_precision(x, degrees):
    """Places in x's precision: at 90 degrees they miss the pixels, and the border, by a rounding."""
    h, w = x.shape[2:]
    cos, sin = (x.dtype.type(f(np.deg2rad(degrees))) for f in (np.cos, np.sin))
    u = np.arange(w, dtype=x.dtype) - x.dtype.type((w - 1) / 2)
    v = (np.arange(h, dtype=x.dtype) - x.dtype.type((h - 1) / 2))[:, None]
    return bilinear(x, cos * u - sin * v + x.dtype.type((w - 1) / 2), sin * u + cos * v + x.dtype.type((h - 1) / 2))


RIGHT = {
    "horizontal_flip": [flip_by_half_a_turn, flip_in_fortran_order, flip_image_by_image, flip_by_transposing],
    "shift": [shift_by_index, shift_by_sampling, shift_in_steps, shift_by_a_kernel],
    "random_crop": [crop_by_shifting, crop_by_sampling, crop_by_selection_matrices, crop_as_a_list],
    "cutout": [cutout_by_masks, cutout_pixel_by_pixel, cutout_by_flat_choice],
    "adjust_brightness": [brightness_by_the_median, brightness_by_conditions, brightness_in_loops],
    "adjust_contrast": [contrast_in_two_parts, contrast_by_mean_of_means, contrast_in_double],
    "color_cast": [cast_by_reshaping, cast_through_brightness, cast_swapped],
    "shade": [shade_by_arange, shade_by_a_line, shade_by_einsum],
    "elastic_distort": [distort_pixel_by_pixel, distort_in_two_steps, distort_by_a_sum_over_all],
    "zoom": [zoom_in_torch_coordinates, zoom_by_distorting, zoom_by_interp],
    "rotate": [
        rotate_by_distorting,
        rotate_with_exact_quarters,
        rotate_by_polar_coordinates,
        rotate_in_single_precision,
    ],
}

# Thousands of images, some of them one by one: fewer seeds.
RANDOM = ("random_crop", "cutout")


def each_of(table):
    return [pytest.param(key, function, id=f"{key}-{function.__name__}") for key in IDS for function in table[key]]


@pytest.mark.parametrize(("exercise_id", "wrong"), each_of(WRONG))
def test_a_wrong_solution_loses_points(exercise_id, wrong):
    for seed in ("secret",) if exercise_id in RANDOM else ("public", "secret"):
        result = verdict(exercise_id, wrong, seed=seed)
        assert not result.passed
        assert result.points < 9.5


@pytest.mark.parametrize(("exercise_id", "right"), each_of(RIGHT))
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, right):
    for seed in ("public", "a", "b") if exercise_id in RANDOM else ("public", "a", "b", "c", "d", "e"):
        result = verdict(exercise_id, right, seed=seed)
        assert result.passed, str(result)
        assert result.points == 10


@pytest.mark.parametrize("exercise_id", IDS)
def test_a_black_image_or_the_image_itself_earns_little(exercise_id):
    for cheat in (black, lambda x, *_: x.copy()):
        assert verdict(exercise_id, cheat, seed="secret").points < 4.5


# As students write them, with other algebra than the bank's.


def rotates_with_scipy(x, degrees):
    from scipy import ndimage

    return ndimage.rotate(x, degrees, axes=(3, 2), reshape=False, order=1).astype(x.dtype)


def rotates_in_half_widths(x, degrees):
    """torch's affine_grid with cos and sin alone."""
    a = np.deg2rad(degrees)
    theta = torch.tensor([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0]]).expand(len(x), 2, 3)
    images = torch.tensor(x, dtype=torch.float64)
    grid = torch.nn.functional.affine_grid(theta, list(x.shape), align_corners=True)
    return torch.nn.functional.grid_sample(images, grid, align_corners=True).numpy().astype(x.dtype)


def rotates_radians(x, degrees):
    return turn(x, degrees)


def rotates_the_other_way(x, degrees):
    return turn(x, -math.radians(degrees))


def rotates_and_clamps(x, degrees):
    def clamped(x, px, py, dtype):
        return bilinear(x, np.clip(px, 0, x.shape[3] - 1), np.clip(py, 0, x.shape[2] - 1))

    return turn(x, np.deg2rad(degrees), clamped)


def zooms_inversely(x, factor):
    return zoom_by_interp(x, 1 / factor)


def crops_with_legacy_numpy(x, padding, rng):
    np.random.seed()  # noqa: NPY002
    rows, columns = np.random.randint(0, 2 * padding + 1, size=(2, len(x)))  # noqa: NPY002
    return cut_at(x, padding, rows, columns)


def crops_short_of_the_end(x, padding, rng):
    rows, columns = (rng.integers(0, 2 * padding, size=len(x)) for _ in range(2))
    return cut_at(x, padding, rows, columns)


def crops_once(x, padding, rng):
    top, left = rng.integers(0, 2 * padding + 1), rng.integers(0, 2 * padding + 1)
    h, w = x.shape[2:]
    return frame(x, padding)[:, :, top : top + h, left : left + w]


def holes_inside(x, size, rng):
    n, _, h, w = x.shape
    half = size // 2
    return holes(x, size, rng.integers(half, h - half, n), rng.integers(half, w - half, n))


def holes_by_plain_slices(x, size, rng):
    out = x.copy()
    for k, (r, c) in enumerate(zip(*any_pixels(x, rng), strict=True)):
        top, left = r - size // 2, c - size // 2
        out[k, :, top : top + size, left : left + size] = 0
    return out


def holes_of_the_mean(x, size, rng):
    done = holes(x, size, *any_pixels(x, rng))
    return np.where(done == 0, x.mean(), done)


@pytest.mark.parametrize(
    ("exercise_id", "wrong", "name"),
    [
        ("rotate", rotates_with_scipy, "hard_border"),
        ("rotate", rotates_in_half_widths, "aspect_ratio"),
        ("rotate", rotates_radians, "degrees_for_radians"),
        ("rotate", rotates_the_other_way, "clockwise"),
        ("rotate", rotates_and_clamps, "smears_border"),
        ("rotate", turns_to_the_nearest_pixel, "nearest_pixel"),
        ("zoom", zooms_inversely, "inverted"),
        ("zoom", zooms_without_zeros, "smears_border"),
        ("zoom", zooms_with_black_ends, "hard_border"),
        ("random_crop", crops_with_legacy_numpy, "global_generator"),
        ("random_crop", crops_short_of_the_end, "range_ends_early"),
        ("random_crop", crops_once, "same_draw_for_batch"),
        ("random_crop", crops_rows_seeded, "same_draw_each_call"),
        ("random_crop", crops_into_a_buffer, "overwrites_earlier_result"),
        ("random_crop", crops_in_place, "in_place"),
        ("random_crop", crops_into_float64, "changes_dtype"),
        ("cutout", holes_inside, "never_at_border"),
        ("cutout", holes_by_plain_slices, "negative_start"),
        ("cutout", holes_of_the_mean, "hole_not_black"),
        ("cutout", holes_in_place, "in_place"),
    ],
)
def test_a_mistake_is_named_in_a_students_own_words(exercise_id, wrong, name):
    assert name in verdict(exercise_id, wrong, seed="secret").mistakes


HOSTILE = [
    None,
    "text",
    3.0,
    [],
    [[1.0]],
    {"out": 1},
    np.array(5.0),
    np.zeros((0, 1, 2, 2)),
    lambda x: x.astype(int),
    lambda x: x.astype(bool),
    lambda x: x.astype(complex),
    lambda x: x.astype(np.float16),
    lambda x: x * np.nan,
    lambda x: x + np.inf,
    lambda x: np.full_like(x, np.finfo(x.dtype).max),
    lambda x: -np.full_like(x, np.finfo(x.dtype).max),
    lambda x: x[..., :-1],
    lambda x: x[None],
    lambda x: list(x),
    lambda x: x.astype(object),
]


@pytest.mark.parametrize("exercise_id", RANDOM)
@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_no_answer_stops_the_judge(exercise_id, answer):
    def function(x, argument, rng):
        return answer(x) if callable(answer) else answer

    result = verdict(exercise_id, function, seed="secret")
    assert result.points < 3
    assert all("got" not in case.message for case in result.cases)


def test_the_references_agree_with_kornia():
    kornia = pytest.importorskip("kornia")
    x = torch.rand(2, 3, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    flow = torch.randn(2, 2, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def reference(exercise_id, *arguments):
        return exercises.load(exercise_id).reference(*arguments)

    rows, columns = torch.meshgrid(torch.arange(5.0, dtype=x.dtype), torch.arange(8.0, dtype=x.dtype), indexing="ij")
    pairs = [
        (reference("rotate", x, 37.0), kornia.geometry.rotate(x, torch.tensor([37.0], dtype=x.dtype))),
        (reference("zoom", x, 0.7), kornia.geometry.scale(x, torch.tensor([[0.7, 0.7]], dtype=x.dtype))),
        (reference("shift", x, 2, -1), kornia.geometry.translate(x, torch.tensor([[2.0, -1.0]], dtype=x.dtype))),
        (reference("horizontal_flip", x), kornia.geometry.hflip(x)),
        (reference("adjust_brightness", x, 0.3), kornia.enhance.adjust_brightness(x, 0.3)),
        (
            reference("elastic_distort", x, flow),
            kornia.geometry.remap(x, columns + flow[:, 0], rows + flow[:, 1], align_corners=True),
        ),
    ]
    for ours, theirs in pairs:
        # kornia inverts matrices numerically.
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_quarter_turn_is_what_numpy_turns():
    x = np.random.default_rng(0).random((2, 3, 6, 6))
    turned = exercises.load("rotate").reference(torch.tensor(x), 90.0)
    assert np.allclose(turned, np.rot90(x, axes=(2, 3)), atol=1e-12)


def test_where_a_crop_begins_is_read_from_the_image():
    """Begun at 0 the image moves right and down, begun at 2 padding left and up."""
    x = np.arange(1.0, 21.0).reshape(1, 1, 4, 5)
    for dx, dy in ((2, 2), (-2, -2), (1, -2)):
        rows, columns = random_crop.places(shift_by_index(x, dx, dy), x, 2)
        assert (rows[0], columns[0]) == (2 - dy, 2 - dx)
