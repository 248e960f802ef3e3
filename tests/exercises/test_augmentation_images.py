"""The image half of augmentation: held-out versions, wrong and right."""

import math

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.exercises.augmentation import _draws, cutout, elastic_distort, random_crop, shift

from .versions import Versions, verdict_on

versions = Versions()
RANDOM = ("random_crop", "cutout")
IDS = (
    *RANDOM,
    "horizontal_flip",
    "shift",
    "adjust_brightness",
    "adjust_contrast",
    "color_cast",
    "shade",
    "elastic_distort",
    "zoom",
    "rotate",
)


def places(x):
    h, w = x.shape[2:]
    return np.arange(w), np.arange(h)[:, None]


def sampled(x, px, py, dtype=None):
    """The four neighbours one by one, zeros outside."""
    n, _, h, w = x.shape
    px, py = (np.broadcast_to(p, (n, h, w)) for p in (px, py))
    out = np.zeros(x.shape, dtype or x.dtype)
    for k, i, j in np.ndindex(n, h, w):
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


def turned(x, a, sample=sampled):
    h, w = x.shape[2:]
    u, v = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2
    return sample(x, (w - 1) / 2 + np.cos(a) * u - np.sin(a) * v, (h - 1) / 2 + np.sin(a) * u + np.cos(a) * v)


# ---------------------------------------------------------------------------- horizontal_flip

versions.edits(
    "horizontal_flip",
    """
in_place = in_place: return x[:, :, :, ::-1].copy() -> x[:] = x[:, :, :, ::-1].copy(); return x
into_float64 = changes_dtype: x[:, :, :, ::-1] -> x[:, :, :, ::-1].astype(np.float64)
flat_image = both_axes: x[:, :, :, ::-1] -> x.reshape(*x.shape[:2], -1)[..., ::-1].reshape(x.shape)
ends_alone: x[:, :, :, ::-1] -> x[..., [-1, *range(1, x.shape[3] - 1), 0][: x.shape[3]]]
square_images_only: x[:, :, :, ::-1] -> (x[:, :, :, ::-1] if x.shape[2] == x.shape[3] else x)
first_channel: x[:, :, :, ::-1] -> np.concatenate([x[:, :1, :, ::-1], x[:, 1:]], axis=1)
one_image: return x[:, :, :, ::-1].copy() -> return x[0, :, :, ::-1]
as_a_list: x[:, :, :, ::-1].copy() -> x[:, :, :, ::-1].tolist()
""",
)


@versions.wrong("horizontal_flip", remembers=True)
def every_second_time():
    calls = []

    def flip(x):
        calls.append(1)
        return x[..., ::-1].copy() if len(calls) % 2 else x.copy()

    return flip


@versions.right("horizontal_flip")
def by_half_a_turn(x):
    return np.rot90(x, 2, axes=(2, 3))[:, :, ::-1]


@versions.right("horizontal_flip")
def in_fortran_order(x):
    return np.asfortranarray(np.flip(x, -1))


@versions.right("horizontal_flip")
def row_by_row(x):
    return np.array([[[row[::-1] for row in channel] for channel in image] for image in x])


@versions.right("horizontal_flip")
def by_transposing(x):
    return np.swapaxes(np.swapaxes(x, 2, 3)[:, :, ::-1], 2, 3)


@versions.right("horizontal_flip")
def column_after_column(x):
    out = np.empty_like(x)
    for j in range(x.shape[3]):
        out[..., j] = x[..., -1 - j]
    return out


@versions.right("horizontal_flip")
def taken(x):
    return np.take(x, range(x.shape[-1])[::-1], axis=-1)


# ---------------------------------------------------------------------------- shift

versions.edits(
    "shift",
    """
stops_at_the_border:
    np.arange(w) - dx -> np.arange(w) - max(min(dx, w - 1), 1 - w)
    np.arange(h)[:, None] - dy -> np.arange(h)[:, None] - max(min(dy, h - 1), 1 - h)
fills_with_gray: pixel * inside -> np.where(inside, pixel, x.mean())
into_float64 = changes_dtype: pixel * inside -> np.zeros(x.shape) + pixel * inside
without_zeros: pixel * inside -> x[:, :, max(-dy, 0) : h - max(dy, 0), max(-dx, 0) : w - max(dx, 0)]
in_place = in_place: return pixel * inside -> x[:] = pixel * inside; return x
limits_swapped:
    row < h -> row < w
    column < w -> column < h
""",
)


@versions.wrong("shift")
def slices_that_fail_at_zero(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    out[:, :, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = x[:, :, max(-dy, 0) : -dy, max(-dx, 0) : -dx]
    return out


@versions.wrong("shift")
def slices_that_fail_far_out(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    rows, columns = slice(max(-dy, 0), h - max(dy, 0)), slice(max(-dx, 0), w - max(dx, 0))
    out[:, :, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = x[:, :, rows, columns]
    return out


@versions.wrong("shift")
def clears_the_upper_left_alone(x, dx, dy):
    out = np.roll(x, (dy, dx), (2, 3))
    h, w = x.shape[2:]
    out[:, :, :dy] = 0
    out[:, :, :, :dx] = 0
    return out * (abs(dx) < w and abs(dy) < h)


@versions.right("shift")
def pixel_by_pixel(x, dx, dy):
    out = np.zeros_like(x)
    h, w = x.shape[2:]
    for i, j in np.ndindex(h, w):
        if 0 <= i - dy < h and 0 <= j - dx < w:
            out[:, :, i, j] = x[:, :, i - dy, j - dx]
    return out


@versions.right("shift")
def rolled_and_masked(x, dx, dy):
    h, w = x.shape[2:]
    i, j = np.arange(h)[:, None] - dy, np.arange(w) - dx
    return np.roll(x, [dy, dx], [2, 3]) * ((i >= 0) & (i < h) & (j >= 0) & (j < w))


@versions.right("shift")
def by_sampling(x, dx, dy):
    j, i = places(x)
    return sampled(x, j - dx, i - dy)


@versions.right("shift")
def in_steps(x, dx, dy):
    """A pixel at a time, one axis after the other."""
    for axis, by in ((3, dx), (2, dy)):
        for _ in range(abs(by)):
            x = np.roll(x, 1 if by > 0 else -1, axis=axis)
            edge = [slice(None)] * 4
            edge[axis] = slice(0, 1) if by > 0 else slice(-1, None)
            x[tuple(edge)] = 0
    return x.copy()


@versions.right("shift")
def by_a_kernel(x, dx, dy):
    """Correlation with a single one, by the Fourier transform of a padded image: rounding of 1e-16."""
    h, w = x.shape[2:]
    if abs(dx) >= w or abs(dy) >= h:
        return np.zeros_like(x)
    kernel = np.zeros((2 * h, 2 * w))
    kernel[dy % (2 * h), dx % (2 * w)] = 1
    both = np.fft.fft2(np.pad(x, ((0, 0), (0, 0), (0, h), (0, w)))) * np.fft.fft2(kernel)
    return np.fft.ifft2(both).real[:, :, :h, :w].astype(x.dtype)


# ---------------------------------------------------------------------------- random_crop

versions.edits(
    "random_crop",
    """
legacy_numpy = global_generator:
    rng.integers(0, 2 * padding + 1, size=(2, n)) -> np.random.randint(0, 2 * padding + 1, (2, n))
two_generators = global_generator: columns[k] -> np.random.randint(2 * padding + 1)
rows_seeded = same_draw_each_call:
    -> seeded = np.random.default_rng(1)
    rows[k] -> seeded.integers(2 * padding + 1)
columns_follow_rows = not_uniform: columns[k] -> (rows[k] + columns[k] % 2) % (2 * padding + 1)
always_moves = not_uniform:
    i, j = rows[k], columns[k] -> i, j = (0, 0) if rows[k] == columns[k] == padding else (rows[k], columns[k])
first_half = not_uniform:
    i, j = rows[k], columns[k] -> i, j = (rows[k], columns[k]) if k < n // 2 else (padding, padding)
a_favourite: rows[k] -> rows[k] * (20 * padding * rng.random() > 1)
pairs_alike:
    rows[k] -> rows[k // 2]
    columns[k] -> columns[k // 2]
rows_in_order: out = np.empty_like(x) -> out = np.empty_like(x); rows = np.sort(rows)
on_gray: np.pad(x, ((0, 0), (0, 0), frame, frame)) -> np.pad(x - 0.5, ((0, 0), (0, 0), frame, frame)) + 0.5
without_padding: return out -> return x[:, :, padding : h - padding, padding : w - padding]
in_place = in_place: out = np.empty_like(x) -> out = x
into_float64 = changes_dtype: np.empty_like(x) -> np.empty(x.shape)
square_images_only: padded[k, :, i : i + h, j : j + w] -> padded[k, :, i : i + w, j : j + h]
""",
)


@versions.wrong("random_crop", "overwrites_earlier_result", remembers=True)
def into_a_buffer():
    buffers = {}

    def crop(x, padding, rng):
        out = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[:] = random_crop.right(x, padding, rng)
        return out

    return crop


@versions.wrong("random_crop", "same_draw_each_call", remembers=True)
def draws_once_for_each_shape():
    drawn = {}

    def crop(x, padding, rng):
        key = x.shape, padding
        drawn.setdefault(key, int(rng.integers(2**31)))
        return random_crop.right(x, padding, np.random.default_rng(drawn[key]))

    return crop


@versions.right("random_crop")
def with_index_arrays(x, padding, rng):
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), x.dtype)
    padded[:, :, padding : padding + h, padding : padding + w] = x
    rows = rng.integers(2 * padding, size=(n, 1), endpoint=True) + np.arange(h)
    columns = np.floor(rng.random((n, 1)) * (2 * padding + 1)).astype(int) + np.arange(w)
    k, channel = np.arange(n)[:, None, None, None], np.arange(c)[:, None, None]
    return padded[k, channel, rows[:, None, :, None], columns[:, None, None, :]]


@versions.right("random_crop")
def by_distorting(x, padding, rng):
    moves = np.trunc(rng.random((len(x), 2, 1, 1)) * (2 * padding + 1)) - padding
    return elastic_distort.right(x, np.broadcast_to(moves, (len(x), 2, *x.shape[2:])))


@versions.right("random_crop")
def by_selection_matrices(x, padding, rng):
    n, _, h, w = x.shape
    rows, columns = (rng.choice(np.arange(-padding, padding + 1), n) for _ in range(2))
    left = np.stack([np.eye(h, k=k) for k in rows]).astype(x.dtype)
    right = np.stack([np.eye(w, k=-k) for k in columns]).astype(x.dtype)
    return left[:, None] @ x @ right[:, None]


@versions.right("random_crop")
def as_a_list(x, padding, rng):
    h, w = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    found = []
    for k in range(len(x)):
        top, left = (rng.permutation(2 * padding + 1)[0] for _ in range(2))
        found.append(padded[k, :, top : top + h, left : left + w])
    return np.array(found)


# ---------------------------------------------------------------------------- cutout

versions.edits(
    "cutout",
    """
higher_than_wide: top + size -> top + size + 1
nearly_black = hole_not_black: out[k, :, down, across] = 0 -> out[k, :, down, across] = 1e-3
mean_of_the_batch = hole_not_black: return out -> return np.where(out == 0, x.mean(), out).astype(x.dtype)
inside = never_at_border:
    rng.integers(0, h, size=n) -> rng.integers(size // 2, h - size // 2, size=n)
    rng.integers(0, w, size=n) -> rng.integers(size // 2, w - size // 2, size=n)
not_in_the_corner = not_uniform: rows[k] -> rows[k] if rows[k] + columns[k] else h - 1
a_favourite: rows[k] -> rows[k] * (10 * (h - 1) * rng.random() > 1)
half_of_the_images: out[k, :, down, across] = 0 -> out[k, :, down, across] *= rng.integers(2)
whole_rows: out[k, :, down, across] = 0 -> out[k, :, down] = 0
wandering:
    rng.integers(0, h, size=n) -> rng.integers(0, h * w) + np.arange(n)
    rows[k] -> rows[k] // w % h
    columns[k] -> rows[k] % w
two_holes:
    return out -> return out * ((np.arange(h) - rng.integers(0, h, size=(n, 1))) ** 2 > size**2 / 4)[:, None, :, None]
in_place = in_place: x.copy() -> x
into_float64 = changes_dtype: x.copy() -> x.astype(float)
""",
)


@versions.wrong("cutout")
def round_holes(x, size, rng):
    rows, columns = rng.integers(x.shape[2], size=len(x)), rng.integers(x.shape[3], size=len(x))
    i, j = np.arange(x.shape[2])[:, None], np.arange(x.shape[3])
    far = (i - rows[:, None, None]) ** 2 + (j - columns[:, None, None]) ** 2 > (size / 2) ** 2
    return x * far[:, None]


@versions.wrong("cutout")
def without_replacement(x, size, rng):
    """The images of a batch share the centres out."""
    h, w = x.shape[2:]
    out = x.copy()
    for k, pixel in enumerate(np.resize(rng.permutation(h * w), len(x))):
        top, left = pixel // w - size // 2, pixel % w - size // 2
        out[k, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return out


@versions.right("cutout")
def row_by_row_in_each_image(x, size, rng):
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


@versions.right("cutout")
def by_masks(x, size, rng):
    n, _, h, w = x.shape
    rows = np.arange(h) - rng.integers(h, size=n)[:, None] + size // 2
    columns = np.arange(w) - rng.integers(w, size=n)[:, None] + size // 2
    keep = 1 - np.einsum("nh,nw->nhw", (rows >= 0) & (rows < size), (columns >= 0) & (columns < size)).astype(x.dtype)
    return x * keep[:, None]


@versions.right("cutout")
def every_pixel_asked(x, size, rng):
    out = x.copy()
    h, w = x.shape[2:]
    for image in out:
        r, c = rng.integers(h), rng.integers(w)
        for i in range(r - size // 2, r - size // 2 + size):
            for j in range(c - size // 2, c - size // 2 + size):
                if 0 <= i < h and 0 <= j < w:
                    image[:, i, j] = 0
    return out


@versions.right("cutout")
def by_flat_choice(x, size, rng):
    h, w = x.shape[2:]
    out = np.array(x)
    for k, centre in enumerate(rng.choice(h * w, size=len(x))):
        r, c = divmod(int(centre), w)
        rows = [i for i in range(r - size // 2, r - size // 2 + size) if 0 <= i < h]
        columns = [j for j in range(c - size // 2, c - size // 2 + size) if 0 <= j < w]
        out[np.ix_([k], range(x.shape[1]), rows, columns)] = 0
    return out


# ---------------------------------------------------------------------------- light and colour

versions.edits(
    "adjust_brightness",
    """
a_little_inside: np.clip(out, 0, 1) -> np.clip(out, 1e-6, 1 - 1e-6)
its_own_white: np.clip(out, 0, 1) -> np.clip(out, 0, max(x.max(), x.min() + 1e-3))
black_stays: x + delta -> np.where(x > 0.2, x + delta, x)
squashed: np.clip(out, 0, 1) -> 1 / (1 + np.exp(-4 * (out - 0.5)))
clipped_twice: x + delta -> np.clip(x, 0.1, 0.9) + delta
into_float64 = changes_dtype: x + delta -> x + np.float64(delta)
in_place = in_place: out = x + delta -> x += delta; out = x
""",
)

versions.edits(
    "adjust_contrast",
    """
right_for_one_image: x.mean(axis=(1, 2, 3), keepdims=True) -> x.mean() if len(x) == 1 else 0.0
first_mean:
    x.mean(axis=(1, 2, 3), keepdims=True) -> x.mean(axis=(1, 2, 3))[: x.shape[3] if len(x) == x.shape[3] else 1]
mean_kept_after_clipping:
    m + factor * (x - m) -> np.clip(factor * x, 0, 1)
    np.clip(out, 0, 1) -> np.clip(out + (x - out).mean(axis=(1, 2, 3), keepdims=True), 0, 1)
factor_half_at_least: factor * (x - m) -> max(factor, 0.5) * (x - m)
root_mean_square: x.mean(axis=(1, 2, 3), keepdims=True) -> np.sqrt((x**2).mean(axis=(1, 2, 3), keepdims=True))
in_float16: out = m + factor * (x - m) -> m = np.float16(m).astype(x.dtype); out = m + factor * (x - m)
in_place = in_place: out = m + factor * (x - m) -> x -= m; out = m + factor * x
into_float64 = changes_dtype: m + factor * (x - m) -> m + np.float64(factor) * (x - m)
""",
)

versions.edits(
    "color_cast",
    """
resized: cast[:, None, None] -> np.resize(cast, x.shape)
of_the_next: cast[:, None, None] -> np.roll(cast, 1)[:, None, None]
into_float64 = changes_dtype: x + cast[:, None, None] -> x + np.zeros(x.shape) + cast[:, None, None]
in_place = in_place: out = x + cast[:, None, None] -> x += cast[:, None, None]; out = x
axis_of_that_length:
    cast[:, None, None] -> cast.reshape([1, -1, 1, 1] if x.shape[3] != len(cast) else [1, 1, 1, -1])
""",
)

versions.edits(
    "shade",
    """
of_the_flat_image:
    np.linspace(1, 1 - strength, w, dtype=x.dtype) ->\
 np.linspace(1, 1 - strength, x[0, 0].size, dtype=x.dtype).reshape(x.shape[2:])
in_hundredths: x * ramp -> x * np.round(ramp, 2)
one_column_more = end_missing:
    np.linspace(1, 1 - strength, w, dtype=x.dtype) -> np.linspace(1, 1 - strength, w + 1, dtype=x.dtype)[:-1]
into_float64 = changes_dtype: dtype=x.dtype ->
in_place = in_place: return x * ramp -> x *= ramp; return x
right_for_squares:
    w = x.shape[3] -> w = x.shape[2]
    x * ramp -> x * (ramp if x.shape[2] == x.shape[3] else ramp[:, None])
""",
)


@versions.right("adjust_brightness")
def middle_of_three(x, delta):
    """The middle one of 0, x + delta and 1."""
    return np.median([np.zeros_like(x), x + delta, np.ones_like(x)], axis=0)


@versions.right("adjust_brightness")
def by_conditions(x, delta):
    return np.piecewise(x + delta, [x + delta < 0, x + delta > 1], [0, 1, lambda v: v])


@versions.right("adjust_brightness")
def number_by_number(x, delta):
    return np.array([min(max(float(v) + delta, 0.0), 1.0) for v in x.flat], x.dtype).reshape(x.shape)


@versions.right("adjust_brightness")
def image_by_image(x, delta):
    return np.stack([np.maximum(0, np.minimum(1, image + delta)) for image in x])


@versions.right("adjust_contrast")
def from_sums(x, factor):
    m = np.einsum("nchw->n", x) / x[0].size
    out = np.swapaxes(np.swapaxes(x, 0, 3) * factor + (m - factor * m), 0, 3)
    return out.clip(0.0, 1.0).astype(x.dtype)


@versions.right("adjust_contrast")
def flattened(x, factor):
    flat = x.reshape(len(x), -1)
    m = flat @ np.full(flat.shape[1], 1 / flat.shape[1], x.dtype)
    out = flat + (factor - 1) * (flat - m[:, None])
    return np.minimum(1, np.maximum(0, out)).reshape(x.shape)


@versions.right("adjust_contrast")
def mean_of_means(x, factor):
    m = x.mean(3).mean(2).mean(1)
    return np.stack([np.clip(mean + (image - mean) * factor, 0, 1) for image, mean in zip(x, m, strict=True)])


@versions.right("adjust_contrast")
def in_double(x, factor):
    y = x.astype(np.float64)
    m = np.array([image.sum() / image.size for image in y]).reshape(-1, 1, 1, 1)
    return np.clip(m - factor * (m - y), 0, 1).astype(x.dtype)


@versions.right("color_cast")
def reshaped(x, cast):
    n, c, h, w = x.shape
    return np.clip(x.reshape(n, c, h * w) + cast.reshape(1, c, 1), 0, 1).reshape(x.shape)


@versions.right("color_cast")
def channels_stacked(x, cast):
    return np.stack([np.clip(x[:, c] + cast[c], 0, 1) for c in range(len(cast))], axis=1)


@versions.right("color_cast")
def axes_swapped(x, cast):
    return np.maximum(np.minimum(np.swapaxes(np.swapaxes(x, 1, 3) + cast, 1, 3), 1), 0)


@versions.right("color_cast")
def outer_sum(x, cast):
    tint = np.einsum("c,hw->chw", cast, np.ones(x.shape[2:], x.dtype))
    return np.add(x, tint).clip(0, 1)


@versions.right("shade")
def by_arange(x, strength):
    w = x.shape[3]
    return x - x * (strength * np.arange(w) / max(w - 1, 1)).astype(x.dtype)


@versions.right("shade")
def column_by_column(x, strength):
    out = np.empty_like(x)
    for j, share in enumerate(np.linspace(0.0, 1.0, x.shape[3])):
        out[..., j] = x[..., j] * float(1 - strength * share)
    return out


@versions.right("shade")
def by_einsum(x, strength):
    left = 1 - np.linspace(0, strength, x.shape[3])
    return np.einsum("nchw,w->nchw", x, left.astype(x.dtype))


@versions.right("shade")
def diagonal_matrix(x, strength):
    return x @ np.diag(np.interp(np.arange(x.shape[3]), [0, max(x.shape[3] - 1, 1)], [1, 1 - strength])).astype(x.dtype)


# ---------------------------------------------------------------------------- elastic_distort, zoom, rotate

versions.edits(
    "elastic_distort",
    """
within_a_square:
    row < h -> row < min(h, w)
    column < w -> column < min(h, w)
by_tenths: -> flow = np.round(flow, 1)
short_ways_only: -> flow = np.clip(flow, -3, 3)
into_float64 = changes_dtype: np.zeros_like(x) -> np.zeros(x.shape)
in_place = in_place: px = np.arange(w) + flow[:, 0] -> flow[:, 0] += np.arange(w); px = flow[:, 0]
limits_swapped:
    row < h -> row < w
    column < w -> column < h
""",
)

versions.edits(
    "zoom",
    """
into_float64 = changes_dtype: np.zeros_like(x) -> np.zeros(x.shape)
twice_as_many_pixels: return out -> return x.repeat(2, axis=2).repeat(2, axis=3)
never_below_a_half: -> factor = max(factor, 0.5)
""",
)

versions.edits(
    "rotate",
    """
a_short_pi: np.deg2rad(degrees) -> degrees * 3.14 / 180
whole_tens: np.deg2rad(degrees) -> np.deg2rad(round(degrees, -1))
half_way_at_most: np.deg2rad(degrees) -> np.deg2rad(degrees % 180)
within_a_circle: return out -> return out * (u**2 + v**2 <= (max(h, w) / 2) ** 2)
into_float64 = changes_dtype: np.zeros_like(x) -> np.zeros(x.shape)
rounded_up_from_a_half = nearest_pixel:
    1 - abs(py - row) -> row == np.floor(py + 0.5)
    1 - abs(px - column) -> column == np.floor(px + 0.5)
places_clamped = smears_border:
    px = cx + np.cos(a) * u - np.sin(a) * v -> px = (cx + np.cos(a) * u - np.sin(a) * v).clip(0, w - 1)
    py = cy + np.sin(a) * u + np.cos(a) * v -> py = (cy + np.sin(a) * u + np.cos(a) * v).clip(0, h - 1)
""",
)


@versions.wrong("elastic_distort")
def mirrors_at_the_border(x, flow):
    j, i = places(x)
    h, w = x.shape[2:]
    px, py = np.abs(j + flow[:, 0]), np.abs(i + flow[:, 1])
    return sampled(x, np.minimum(px, 2 * (w - 1) - px), np.minimum(py, 2 * (h - 1) - py))


def interpolated(x, factor, **ends):
    """np.interp along columns, then along rows; it goes on with the last value."""
    for axis in (3, 2):
        n = x.shape[axis]
        at = (n - 1) / 2 + (np.arange(n) - (n - 1) / 2) / factor
        x = np.apply_along_axis(lambda line, at=at, n=n: np.interp(at, np.arange(n), line, **ends), axis, x)
    return x


@versions.wrong("zoom", "smears_border")
def without_zeros(x, factor):
    return interpolated(x, factor).astype(x.dtype)


@versions.wrong("zoom", "hard_border")
def with_black_ends(x, factor):
    return interpolated(x, factor, left=0, right=0).astype(x.dtype)


@versions.wrong("zoom")
def repeated_pixels(x, factor):
    times = max(int(factor), 1)
    h, w = x.shape[2:]
    large = x.repeat(times, axis=2).repeat(times, axis=3)
    i, j = (large.shape[2] - h) // 2, (large.shape[3] - w) // 2
    return large[:, :, i : i + h, j : j + w]


@versions.wrong("rotate", "hard_border")
def with_scipy(x, degrees):
    from scipy import ndimage

    return ndimage.rotate(x, degrees, axes=(3, 2), reshape=False, order=1).astype(x.dtype)


@versions.wrong("rotate", "aspect_ratio")
def in_half_widths(x, degrees):
    """torch's affine_grid with cos and sin alone."""
    a = np.deg2rad(degrees)
    theta = torch.tensor([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0]]).expand(len(x), 2, 3)
    images = torch.tensor(np.ascontiguousarray(x), dtype=torch.float64)
    grid = torch.nn.functional.affine_grid(theta, list(x.shape), align_corners=True)
    return torch.nn.functional.grid_sample(images, grid, align_corners=True).numpy().astype(x.dtype)


@versions.right("elastic_distort")
def one_by_one(x, flow):
    j, i = places(x)
    return sampled(x, j + flow[:, 0], i + flow[:, 1])


@versions.right("elastic_distort")
def in_two_steps(x, flow):
    """Between the columns of both rows first, in a wide frame of zeros."""
    n, _, h, w = x.shape
    j, i = places(x)
    px, py = np.clip(j + flow[:, 0], -2, w + 1) + 2, np.clip(i + flow[:, 1], -2, h + 1) + 2
    padded = np.pad(x, ((0, 0), (0, 0), (2, 3), (2, 3))).transpose(0, 2, 3, 1)
    k, left, top = np.arange(n)[:, None, None], px.astype(int), py.astype(int)
    a, b = (px - left)[..., None], (py - top)[..., None]
    rows = [padded[k, top + d, left] + a * (padded[k, top + d, left + 1] - padded[k, top + d, left]) for d in (0, 1)]
    return (rows[0] + b * (rows[1] - rows[0])).transpose(0, 3, 1, 2).astype(x.dtype)


@versions.right("elastic_distort")
def sum_over_all_pixels(x, flow):
    h, w = x.shape[2:]
    j, i = places(x)
    out = 0
    for row, column in np.ndindex(h, w):
        share = np.clip(1 - np.abs(j + flow[:, 0] - column), 0, 1) * np.clip(1 - np.abs(i + flow[:, 1] - row), 0, 1)
        out = out + share[:, None] * x[:, :, row, column][:, :, None, None]
    return out.astype(x.dtype)


@versions.right("elastic_distort")
def cut_off_at_black_and_white(x, flow):
    return np.clip(in_two_steps(x, flow), 0, 1)


@versions.right("zoom")
def in_torch_coordinates(x, factor):
    """From -1 to 1, and in x's precision."""
    h, w = x.shape[2:]
    s = ((2 * np.arange(w, dtype=x.dtype) + 1) / w - 1) / x.dtype.type(factor)
    t = ((2 * np.arange(h, dtype=x.dtype) + 1) / h - 1)[:, None] / x.dtype.type(factor)
    return sampled(x, ((s + 1) * w - 1) / 2, ((t + 1) * h - 1) / 2)


@versions.right("zoom")
def zoom_by_distorting(x, factor):
    n, _, h, w = x.shape
    j, i = places(x)
    flow = np.stack(np.broadcast_arrays((1 / factor - 1) * (j - (w - 1) / 2), (1 / factor - 1) * (i - (h - 1) / 2)))
    return in_two_steps(x, np.tile(flow, (n, 1, 1, 1)))


@versions.right("zoom")
def framed_pixel_by_pixel(x, factor):
    h, w = x.shape[2:]
    frame = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros_like(x)
    for i, j in np.ndindex(h, w):
        px, py = (2 * j - w + 1) / (2 * factor) + (w + 1) / 2, (2 * i - h + 1) / (2 * factor) + (h + 1) / 2
        if 0 <= px < w + 1 and 0 <= py < h + 1:
            left, top = int(px), int(py)
            a, b = px - left, py - top
            row = frame[:, :, top, left] * (1 - a) + frame[:, :, top, left + 1] * a
            below = frame[:, :, top + 1, left] * (1 - a) + frame[:, :, top + 1, left + 1] * a
            out[:, :, i, j] = row * (1 - b) + below * b
    return out


@versions.right("rotate")
def rotate_by_distorting(x, degrees):
    n, _, h, w = x.shape
    u, v = np.meshgrid(np.arange(w) - (w - 1) / 2, np.arange(h) - (h - 1) / 2)
    a = np.pi * degrees / 180
    flow = np.stack([(np.cos(a) - 1) * u - np.sin(a) * v, np.sin(a) * u + (np.cos(a) - 1) * v])
    return in_two_steps(x, np.repeat(flow[None], n, axis=0))


@versions.right("rotate")
def with_exact_quarters(x, degrees):
    if degrees % 90 == 0 and x.shape[2] == x.shape[3]:
        return np.rot90(x, round(degrees / 90), axes=(2, 3)).copy()
    return turned(x, math.radians(degrees))


@versions.right("rotate")
def in_polar_coordinates(x, degrees):
    h, w = x.shape[2:]
    v, u = np.mgrid[:h, :w] - np.reshape([(h - 1) / 2, (w - 1) / 2], (2, 1, 1))
    radius, angle = np.hypot(u, v), np.arctan2(v, u) + np.deg2rad(degrees)
    return sampled(x, radius * np.cos(angle) + (w - 1) / 2, radius * np.sin(angle) + (h - 1) / 2)


@versions.right("rotate")
def in_single_precision(x, degrees):
    """Places in x's precision: at 90 degrees they miss the pixels, and the border, by a rounding."""
    h, w = x.shape[2:]
    cos, sin = (x.dtype.type(f(np.deg2rad(degrees))) for f in (np.cos, np.sin))
    u = np.arange(w, dtype=x.dtype) - x.dtype.type((w - 1) / 2)
    v = (np.arange(h, dtype=x.dtype) - x.dtype.type((h - 1) / 2))[:, None]
    return sampled(x, cos * u - sin * v + x.dtype.type((w - 1) / 2), sin * u + cos * v + x.dtype.type((h - 1) / 2))


@versions.right("rotate")
def in_torch_coordinates_too(x, degrees):
    h, w = x.shape[2:]
    a = x.dtype.type(np.deg2rad(degrees))
    s = (2 * np.arange(w, dtype=x.dtype) + 1) / w - 1
    t = ((2 * np.arange(h, dtype=x.dtype) + 1) / h - 1)[:, None]
    sx, sy = np.cos(a) * s - np.sin(a) * t * h / w, np.sin(a) * s * w / h + np.cos(a) * t
    return sampled(x, ((sx + 1) * w - 1) / 2, ((sy + 1) * h - 1) / 2)


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


def black(x, *_):
    return np.zeros_like(x)


@pytest.mark.parametrize("exercise_id", IDS)
def test_a_black_image_or_the_image_itself_earns_little(exercise_id):
    for cheat in (black, lambda x, *_: x.copy()):
        verdict = verdict_on(exercise_id, cheat, seed="secret")
        assert verdict.points < 4.5
        assert verdict.mistakes == ["unchanged"] * (cheat is not black)


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
def test_no_answer_stops_the_judge(exercise_id):
    for answer in HOSTILE:
        verdict = verdict_on(exercise_id, lambda x, *_, a=answer: a(x) if callable(a) else a, seed="secret")
        assert verdict.points < 3
        assert all("got" not in case.message for case in verdict.cases)


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
        rows, columns = _draws.places_of(random_crop.cuts(shift.right(x, dx, dy), x, 2))
        assert (rows[0], columns[0]) == (2 - dy, 2 - dx)


def test_where_a_hole_lies_is_read_from_the_image():
    x = np.arange(1.0, 21.0).reshape(1, 1, 4, 5)
    for r, c in np.ndindex(4, 5):
        out = x.copy()
        out[..., max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2] = 0
        rows, columns = _draws.places_of(cutout.places(out, x, 3))
        assert (rows[0], columns[0]) == (r, c)
