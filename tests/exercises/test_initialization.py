"""The checks of initialization: wrong versions that are not in the bank lose points, odd right ones lose none."""

import functools
import itertools
import math

import numpy as np
import pytest
import torch
from scipy import linalg, special, stats
from torch.nn import init

from autograder import exercises
from autograder.exercises.initialization import _initializers, _laws, orthogonal
from autograder.judge.chance import FALSE_ALARM
from autograder.judge.script import LocalCaller

from .versions import Versions, verdict_on

NORMAL = ["small_normal", "lecun_normal", "xavier_normal", "kaiming_normal"]
UNIFORM = ["xavier_uniform", "kaiming_uniform"]
RANDOM = [*NORMAL, *UNIFORM, "orthogonal"]

versions = Versions()


def wrongs(exercise_id, **functions):
    """Wrong functions; `label=(function, mistake, ...)` where a mistake's name is right."""
    for label, entry in functions.items():
        function, *names = entry if isinstance(entry, tuple) else (entry,)
        versions.wrong(exercise_id, *names, label=label)(function)


def rights(exercise_id, **functions):
    for label, function in functions.items():
        versions.right(exercise_id, label=label)(function)


# ---------------------------------------------------------------------------- standardize

versions.edits(
    "standardize",
    """
median: x_train.mean(axis=0) -> np.median(x_train, axis=0)
eps_where_constant: var + eps -> np.where(var == 0, eps, var)
root_of_eps_outside: np.sqrt(var + eps) -> np.sqrt(var) + eps**0.5
mean_size: np.sqrt(var + eps) -> np.abs(x_train - mean).mean(axis=0) + eps
around_zero: x_train.var(axis=0) -> (x_train**2).mean(axis=0)
by_features: x_train.var(axis=0) -> ((x_train - mean) ** 2).sum(axis=0) / x_train.shape[1]
clipped: (x_test - mean) / std -> np.clip((x_test - mean) / std, -2, 2)
training_twice: (x_test - mean) / std -> (x_train - mean) / std
swapped:
    (x_train - mean) / std -> (x_test - mean) / std
    (x_test - mean) / std -> (x_train - mean) / std
the_longer_axis:
    x_train.mean(axis=0) -> x_train.mean(axis=int(np.argmax(x_train.shape)))
    x_train.var(axis=0) -> x_train.var(axis=int(np.argmax(x_train.shape)))
a_tenth_more_eps: eps=1e-8 -> eps=1.1e-8
in_place = in_place: (x_train - mean) / std -> np.divide(x_train - mean, std, out=x_train)
float64 = changes_dtype: x_train.mean(axis=0) -> x_train.mean(axis=0, dtype=float)
""",
)


@versions.wrong("standardize", remembers=True)
def statistics_of_first_call():
    kept = {}

    def standardize(x_train, x_test, eps=1e-8):
        key = x_train.shape, x_train.dtype
        mean, var = kept.setdefault(key, (x_train.mean(0), x_train.var(0)))
        return (x_train - mean) / np.sqrt(var + eps), (x_test - mean) / np.sqrt(var + eps)

    return standardize


@versions.right("standardize")
def welford(x_train, x_test, eps=1e-8):
    mean, squares = np.zeros_like(x_train[0]), np.zeros_like(x_train[0])
    for count, row in enumerate(x_train, start=1):
        delta = row - mean
        mean = mean + delta / count
        squares = squares + delta * (row - mean)
    std = (squares / len(x_train) + eps) ** 0.5
    return (x_train - mean) / std, (x_test - mean) / std


@versions.right("standardize")
def from_the_first_sample(x_train, x_test, eps=1e-8):
    """One pass is fine around a sample: E[y^2] - E[y]^2 with y = x - x[0]."""
    y = x_train - x_train[0]
    var = np.maximum((y * y).mean(0) - y.mean(0) ** 2, 0)
    return tuple((x - x_train[0] - y.mean(0)) / np.sqrt(var + eps) for x in (x_train, x_test))


@versions.right("standardize")
def with_hypot(x_train, x_test, eps=1e-8):
    """sqrt(std^2 + sqrt(eps)^2), and lists for tuples."""
    mean, std = np.mean(x_train, 0, keepdims=True), np.std(x_train, 0, keepdims=True)
    std = np.hypot(std, eps**0.5).astype(x_train.dtype)
    return [np.divide(np.subtract(x, mean), std) for x in (x_train, x_test)]


@versions.right("standardize")
def linear_map(x_train, x_test, eps=1e-8):
    centred = x_train - np.apply_along_axis(np.mean, 0, x_train)
    std = np.sqrt(np.linalg.norm(centred, axis=0) ** 2 / len(x_train) + eps)
    return [(x - x_train.mean(0)) @ np.diag(1 / std).astype(x.dtype) for x in (x_train, x_test)]


# ---------------------------------------------------------------------------- whitening

for _id in ("pca_whiten", "zca_whiten"):
    versions.edits(
        _id,
        """
sizes: xc @ U / np.sqrt(lam + eps) -> np.abs(xc @ U / np.sqrt(lam + eps))
eps_in_percent: lam + eps -> lam + eps * lam.max()
eps_squared: lam + eps -> lam + eps**2
eps_on_features: np.sqrt(lam + eps) -> np.sqrt(lam + 1e-12) * (1 + eps) ** 0.5
root_of_root: np.sqrt(lam + eps) -> (lam + eps) ** 0.25
clipped: xc @ U / np.sqrt(lam + eps) -> np.clip(xc @ U / np.sqrt(lam + eps), -2, 2)
no_division_by_zero = eps_missing: lam + eps -> lam + 1e-12
a_tenth_more_eps: eps=1e-5 -> eps=1.1e-5
float64 = changes_dtype: xc = x - x.mean(axis=0) -> xc = x - x.mean(axis=0, dtype=float)
in_place = in_place: xc = x - x.mean(axis=0) -> x -= x.mean(axis=0); xc = x
axes_by_shape: xc.T @ xc -> (xc.T @ xc if len(x) >= len(x.T) else xc.T @ xc * len(x) / len(x.T))
""",
    )


def axes(x, ddof=0):
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh(xc.T @ xc / (len(x) - ddof))
    return xc, lam[::-1], U[:, ::-1]


def pca(x, eps=1e-5):
    xc, lam, U = axes(x)
    return xc @ U / np.sqrt(lam + eps)


def unsorted(x, eps=1e-5):
    xc, lam, U = axes(x)
    order = np.argsort(np.abs(U[0]))
    return xc @ U[:, order] / np.sqrt(lam[order] + eps)


def dual(x, eps=1e-5):
    """The N x N side, with no word on the axes that have no variance."""
    xc = x - x.mean(0)
    lam, P = np.linalg.eigh(xc @ xc.T / len(x))
    return P[:, ::-1] * np.sqrt(len(x) * lam[::-1] / (lam[::-1] + eps))


def eig_of_np_cov(x, eps=1e-5):
    lam, U = np.linalg.eig(np.cov(x.T, ddof=0).reshape(x.shape[1], -1) if len(x) > 1 else np.eye(x.shape[1]))
    order = lam.argsort()[::-1]
    return (x - x.mean(0)) @ U[:, order] / np.sqrt(lam[order] + eps)


wrongs(
    "pca_whiten",
    nothing=lambda x, eps=1e-5: None,
    axes_alone=lambda x, eps=1e-5: axes(x)[2],
    last_two_swapped=lambda x, eps=1e-5: pca(x, eps)[:, [*range(x.shape[1] - 2), -1, -2][: x.shape[1]]],
    np_cov=(
        lambda x, eps=1e-5: axes(x)[0] @ axes(x)[2] / np.sqrt(axes(x, 1)[1] + eps) if len(x) > 1 else 0 * x,
        "ddof",
    ),
    unsorted=unsorted,
    dual=dual,
    two_axes=lambda x, eps=1e-5: pca(x, eps)[:, :2],
    transposed=lambda x, eps=1e-5: pca(x, eps).T,
    samples=lambda x, eps=1e-5: pca(np.ascontiguousarray(x.T), eps).T,
    eig_of_np_cov=(eig_of_np_cov, "complex_numbers", "changes_dtype"),
)


@versions.wrong("pca_whiten", "overwrites_earlier_result", remembers=True)
def one_buffer_for_results():
    buffers = {}

    def whiten(x, eps=1e-5):
        out = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[...] = pca(x, eps)
        return out

    return whiten


@versions.wrong("pca_whiten", remembers=True)
def axes_of_first_call():
    kept = {}

    def whiten(x, eps=1e-5):
        lam, U = kept.setdefault((x.shape, x.dtype), axes(x)[1:])
        return (x - x.mean(0)) @ U / np.sqrt(lam + eps)

    return whiten


@versions.right("pca_whiten")
def by_own_spread(x, eps=1e-5):
    """The variance of the scores is the eigenvalue."""
    xc, _, U = axes(x)
    scores = xc @ U
    return scores / np.sqrt(scores.var(axis=0) + eps)


@versions.right("pca_whiten")
def of_negative_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh(-(xc.T @ xc) / len(x))
    return np.asfortranarray((xc @ -U) / np.sqrt(eps - lam))


@versions.right("pca_whiten")
def by_covariance_svd(x, eps=1e-5):
    xc = x - x.mean(axis=0, keepdims=True)
    U, S, _ = np.linalg.svd(np.einsum("ni,nj->ij", xc, xc) / len(x))
    return xc.dot(U).dot(np.diag((S + eps) ** -0.5))


@versions.right("pca_whiten")
def with_eps_in_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = linalg.eigh(xc.T @ xc / len(x) + eps * np.eye(x.shape[1], dtype=x.dtype))
    return np.flip(xc @ U / np.sqrt(lam), axis=1)


def zca(x, eps=1e-5):
    xc, lam, U = axes(x)
    return xc @ (U / np.sqrt(lam + eps)) @ U.T


def zca_root(x, eps):
    _, lam, U = axes(x)
    return (U * np.sqrt(np.maximum(lam, 0) + eps)) @ U.T


wrongs(
    "zca_whiten",
    transposed=lambda x, eps=1e-5: zca(x, eps).T,
    samples=lambda x, eps=1e-5: zca(np.ascontiguousarray(x.T), eps).T,
    not_centred_at_the_end=(
        lambda x, eps=1e-5: x @ (axes(x)[2] / np.sqrt(axes(x)[1] + eps)) @ axes(x)[2].T,
        "no_centring",
    ),
    from_pca_with_eighs_order=(lambda x, eps=1e-5: pca(x, eps) @ axes(x)[2][:, ::-1].T, "other_order_back"),
    first_axis_lost=lambda x, eps=1e-5: zca(x, eps) - np.outer(pca(x, eps)[:, 0], axes(x)[2][:, 0]),
    pseudo_inverse=(lambda x, eps=1e-5: axes(x)[0] @ np.linalg.pinv(zca_root(x, 0.0)), "eps_missing"),
    jitter_on_features=lambda x, eps=1e-5: zca(x + eps, eps) if len(x) % 2 else zca(x, 2 * eps),
)
rights(
    "zca_whiten",
    solved=lambda x, eps=1e-5: np.linalg.solve(zca_root(x, eps), (x - x.mean(0)).T).T,
    inverse=lambda x, eps=1e-5: (np.linalg.inv(zca_root(x, eps)) @ (x - x.mean(0)).T).T,
    sqrtm=lambda x, eps=1e-5: linalg.solve(
        linalg.sqrtm(axes(x)[0].T @ axes(x)[0] / len(x) + eps * np.eye(x.shape[1])), (x - x.mean(0)).T
    ).T.astype(x.dtype),
    from_pca=lambda x, eps=1e-5: pca(x, eps) @ axes(x)[2].T,
)


@versions.right("zca_whiten")
def by_svd_of_the_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    U, S, _ = np.linalg.svd(np.cov(x, rowvar=False, ddof=0).reshape(x.shape[1], -1) if len(x) > 1 else 0 * xc.T @ xc)
    return (U @ np.diag(1 / np.sqrt(S + eps)) @ U.T @ xc.T).T.astype(x.dtype)


# ---------------------------------------------------------------------------- fan_in_and_fan_out

versions.edits(
    "fan_in_and_fan_out",
    """
square_root: math.prod(shape[2:]) -> math.prod(shape[2:]) ** 0.5
area_twice: math.prod(shape[2:]) -> math.prod(shape[2:]) ** 2
one_number: return fan_in, fan_out -> return fan_in
three_numbers: fan_in, fan_out -> fan_in, fan_out, area
as_text: return fan_in, fan_out -> return str(fan_in), str(fan_out)
swapped_when_tall: return fan_in, fan_out -> return min(fan_in, fan_out), max(fan_in, fan_out)
mean_of_both: return fan_in, fan_out -> return (fan_in + fan_out) / 2, (fan_in + fan_out) / 2
for_matrices = kernel_area_left_out: math.prod(shape[2:]) -> len(shape[2:]) ** 0
for_images = two_kernel_sizes: math.prod(shape[2:]) -> shape[2] * shape[3]
all_the_rest:
    shape[1] * area -> math.prod(shape[1:])
    shape[0] * area -> (shape[0] if len(shape) == 2 else math.prod(shape[1:]))
squared_where_square: math.prod(shape[2:]) -> math.prod(shape[2:]) * (1 if len({*shape}) > 1 else shape[0])
""",
)


def right_fans(shape):
    return shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])


rights(
    "fan_in_and_fan_out",
    torch=lambda shape: init._calculate_fan_in_and_fan_out(torch.empty(shape)),
    floats=lambda shape: [float(f) for f in right_fans(shape)],
    reduce=lambda shape: tuple(functools.reduce(lambda a, b: a * b, shape[2:], shape[k]) for k in (1, 0)),
    arrays=lambda shape: (np.prod(shape[1:]), np.prod(shape) // shape[1]),
    division=lambda shape: (math.prod(shape) // shape[0], math.prod(shape) // shape[1]),
    slices=lambda shape: (np.ones(shape)[0].sum(), np.ones(shape).swapaxes(0, 1)[0].sum()),
)

# ---------------------------------------------------------------------------- gain

TORCH_GAIN = init.calculate_gain
versions.edits(
    "gain",
    """
rounded: return gains[nonlinearity] -> return round(gains[nonlinearity], 4)
relu_as_leaky: gains["relu"] = math.sqrt(2) -> gains["relu"] = math.sqrt(2 / (1 + slope**2))
sum_of_slopes: 1 + slope**2 -> (1 + slope) ** 2
one_minus: math.sqrt(2 / (1 + slope**2)) -> math.sqrt(2 * (1 - slope**2 / 2))
conv_like_relu: gains["sigmoid"] = 1.0 -> gains["sigmoid"] = 1.0; gains.update(dict.fromkeys(CONVOLUTIONS, 2**0.5))
no_transposed_conv: CONVOLUTIONS -> CONVOLUTIONS[:3]
positive_slopes: 0.01 if param is None else param -> 0.01 if param is None or param <= 0 else param
param_multiplies: return gains[nonlinearity] -> return gains[nonlinearity] * (param or 1)
text: return gains[nonlinearity] -> return str(gains[nonlinearity])
a_tenth_more_slope: 0.01 if param is None else param -> 0.011 if param is None else param
relu_is_one: math.sqrt(2) -> 1.0
""",
)


@versions.right("gain")
def table(nonlinearity, param=None):
    gains = dict.fromkeys([*(f"conv{t}{d}d" for t in ("", "_transpose") for d in (1, 2, 3)), "linear", "sigmoid"], 1)
    gains.update(tanh=10 / 6, selu=0.75, relu=math.sqrt(2))
    gains["leaky_relu"] = math.sqrt(2) * (1 + (0.01 if param is None else param) ** 2) ** -0.5
    try:
        return gains[nonlinearity]
    except KeyError:
        raise ValueError from None


@versions.right("gain")
def with_a_match(nonlinearity, param=None):
    match nonlinearity:
        case "tanh":
            return 5 / 3
        case "selu":
            return 3 / 4
        case "relu":
            return math.sqrt(2)
        case "leaky_relu":
            return math.sqrt(2) / math.hypot(1, 0.01 if param is None else param)
        case "sigmoid" | "linear":
            return 1
    if nonlinearity.startswith("conv"):
        return 1
    raise ValueError(nonlinearity)


rights(
    "gain",
    torch=lambda nonlinearity, param=None: TORCH_GAIN(nonlinearity, param),
    exponent=lambda nonlinearity, param=None: np.exp(np.log(TORCH_GAIN(nonlinearity, param))),
    positional=lambda *args, **keywords: np.float64(TORCH_GAIN(*args, **keywords)),
)

# ---------------------------------------------------------------------------- zeros

versions.edits(
    "zeros",
    """
drawn_and_cancelled: np.zeros(shape) -> 0 * rng.random(shape)
nearly: np.zeros(shape) -> np.full(shape, 1e-300)
number: np.zeros(shape) -> 0.0
a_list: np.zeros(shape) -> np.zeros(shape).tolist()
float16 = not_float64: np.zeros(shape) -> np.zeros(shape, "float16")
matrices_only = kernel_left_out: np.zeros(shape) -> np.zeros(shape[:2] if len(shape) > 1 else shape)
more_axes: np.zeros(shape) -> np.zeros((1, *shape))
nothing: np.zeros(shape) -> None
numbers_for_shape: np.zeros(shape) -> np.zeros(*shape)
""",
)


@versions.wrong("zeros", "overwrites_earlier_result", "remembers_earlier_calls", remembers=True)
def views_of_one_array():
    kept = np.zeros(10_000)
    return lambda shape, rng: kept[: math.prod(shape)].reshape(shape)


rights(
    "zeros",
    cancelled=lambda shape, rng: np.arange(math.prod(shape), dtype=float).reshape(shape) * 0,
    like=lambda shape, rng: np.zeros_like(np.ones(shape)),
    torch=lambda shape, rng: torch.zeros(shape, dtype=torch.float64).numpy(),
    negative=lambda shape, rng: -np.zeros(shape, order="F"),
    read_only=lambda shape, rng: np.broadcast_to(0.0, shape),
)

# ---------------------------------------------------------------------------- the random initialisers

# Edits of what is returned, DRAWN. What is wrong in all of them is judged by the same code: a few stand for the rest.
DRAWN = {"normal": "std * rng.standard_normal(shape)", "uniform": "rng.uniform(-bound, bound, shape)"}
EVERYWHERE = """
five_per_cent_more: DRAWN -> 1.05 * DRAWN
five_per_cent_less: DRAWN -> 0.95 * DRAWN
shifted: DRAWN -> DRAWN + 0.1 * np.std(DRAWN)
half_global = global_generator: DRAWN -> DRAWN * np.random.choice([-1.0, 1.0], shape)
mirrored: return DRAWN -> W = DRAWN; W[len(W) - len(W) // 2 :] = -W[: len(W) // 2]; return W
larger_where_square: DRAWN -> DRAWN * (1.1 if shape[0] == shape[-1] else 1.0)
larger_where_small: DRAWN -> DRAWN * (1.5 if len(shape) * shape[0] < 9 else 1.0)
"""
THOROUGH = """
copied = same_draw_each_call: -> rng = __import__("copy").deepcopy(rng)
seeded_by_shape = same_draw_each_call: -> rng = np.random.default_rng(list(shape))
seeded_globally = same_draw_each_call: -> np.random.seed(0); rng = np.random
signs_only: DRAWN -> np.std(DRAWN) * rng.choice([-1.0, 1.0], shape)
sorted_: DRAWN -> np.sort(DRAWN, axis=-1)
number = same_draw_each_call: DRAWN -> 0.01
a_list: DRAWN -> (DRAWN).tolist()
tied_rows = repeated_rows: return DRAWN -> W = DRAWN; W[-1] = W[0]; return W
first_unit_zero: return DRAWN -> W = DRAWN; W[0] = 0; return W
matrices_only: -> shape = shape[:2]
zeros = repeated_rows, same_draw_each_call: DRAWN -> np.zeros(shape)
complex_ = not_float64: DRAWN -> DRAWN + 0j
rewound = same_draw_each_call:
    -> state = rng.bit_generator.state
    return DRAWN -> W = DRAWN; rng.bit_generator.state = state; return W
"""
NORMAL_TOO = """
laplace: DRAWN -> std * rng.laplace(0, 0.5**0.5, shape)
student_t: DRAWN -> std * rng.standard_t(5, shape) * 0.6**0.5
three_uniforms = tails_cut: DRAWN -> std * rng.uniform(-1, 1, (3, *shape)).sum(0)
clipped_at_three = tails_cut: DRAWN -> std * np.clip(rng.standard_normal(shape), -3, 3)
rows_and_columns: DRAWN -> std / 2**0.5 * np.add.outer(rng.standard_normal(shape[0]), rng.standard_normal(shape[1:]))
scaled_units: DRAWN -> (DRAWN.T * (np.where(np.arange(shape[0]) % 2, 1.2, 0.56**0.5) if shape[0] % 2 == 0 else 1)).T
"""
UNIFORM_TOO = """
one_per_cent_more: DRAWN -> 1.01 * DRAWN
one_per_cent_less: DRAWN -> 0.99 * DRAWN
triangle: DRAWN -> bound * (rng.random(shape) - rng.random(shape))
arcsine: DRAWN -> bound * np.cos(np.pi * rng.random(shape))
grid: DRAWN -> bound * rng.integers(-10, 11, shape) / 10
clipped_normal: DRAWN -> np.clip(bound * rng.standard_normal(shape), -bound, bound)
sheared = half_the_bound: DRAWN -> bound * (rng.random(shape) - 0.5)
"""
for _id in [*NORMAL, *UNIFORM]:
    _family = "normal" if _id in NORMAL else "uniform"
    _text = EVERYWHERE + (THOROUGH if _id in ("lecun_normal", "xavier_uniform") else "")
    if _id in ("lecun_normal", "xavier_uniform"):
        _text += NORMAL_TOO if _family == "normal" else UNIFORM_TOO
    versions.edits(_id, _text.replace("DRAWN", DRAWN[_family]))

versions.edits(
    "small_normal",
    """
std_in_per_cent: std -> std / 100
std_as_mean: std * rng.standard_normal(shape) -> rng.normal(std, std, shape)
positional: std * rng.standard_normal(shape) -> rng.normal(std, 1.0, shape)
a_tenth_more = default_std: std=0.01 -> std=0.011
no_default: std=0.01 ->
""",
)
versions.edits(
    "lecun_normal",
    """
larger_fan = fan_out_for_fan_in: np.sqrt(fan_in) -> np.sqrt(max(fan_in_and_fan_out(shape)))
rounded_root: np.sqrt(fan_in) -> int(np.sqrt(fan_in) + 3)
cube_root: np.sqrt(fan_in) -> np.cbrt(fan_in)
""",
)
for _id in ("xavier_normal", "xavier_uniform"):
    versions.edits(
        _id,
        """
square_root_of_each: np.sqrt(2 / (fan_in + fan_out)) -> 2 / (np.sqrt(fan_in) + np.sqrt(fan_out))
a_tenth_more_gain = default_gain: gain=1.0 -> gain=1.1
no_default: gain=1.0 ->
""",
    )
for _id in ("kaiming_normal", "kaiming_uniform"):
    versions.edits(
        _id,
        """
relu_by_default = a_ignored: gain(nonlinearity, a) -> gain(nonlinearity.replace("leaky_", ""), a)
fan_out_of_kernels_only: mode == "fan_in" -> mode == "fan_in" or len(shape) == 2
tanh_has_no_gain: gain(nonlinearity, a) -> gain(nonlinearity.replace("tanh", "linear"), a)
slope_for_all: gain(nonlinearity, a) -> gain({"relu": "leaky_relu"}.get(nonlinearity, nonlinearity), a)
slope_doubled: gain(nonlinearity, a) -> gain(nonlinearity, 2 * a)
mode_of_other_names = mode_ignored: fan_in if mode == "fan_in" else fan_out -> fan_out if mode == "out" else fan_in
half_the_fan: np.sqrt(fan) -> np.sqrt(fan / 2)
""",
    )


def drawn_otherwise(exercise_id, **draws):
    """Right versions that draw otherwise: each is given what the plain draw is, standard(shape, rng)."""
    plain = standard_normal if exercise_id in NORMAL else standard_uniform
    for label, draw in draws.items():

        def weights(shape, rng, draw=draw, **options):
            return scale_of(exercise_id, shape, options) * draw(shape, rng, plain)

        versions.right(exercise_id, label=label)(weights)


def standard_normal(shape, rng):
    return rng.standard_normal(shape)


def standard_uniform(shape, rng):
    return rng.uniform(-1, 1, shape)


def scale_of(exercise_id, shape, options):
    """The standard deviation or the bound, by the textbook."""
    if exercise_id == "small_normal":
        return options.get("std", 0.01)
    fan_in, fan_out = right_fans(shape)
    if exercise_id == "lecun_normal":
        return fan_in**-0.5
    root3 = 3**0.5 if exercise_id in UNIFORM else 1.0
    if exercise_id.startswith("xavier"):
        return root3 * options.get("gain", 1.0) * (2 / (fan_in + fan_out)) ** 0.5
    gain = TORCH_GAIN(options.get("nonlinearity", "leaky_relu"), options.get("a", 0.0))
    return root3 * gain / (fan_out if options.get("mode") == "fan_out" else fan_in) ** 0.5


def polar(shape, rng, plain):
    """Marsaglia's method: points of the disc."""
    out, n = np.empty(0), math.prod(shape)
    while out.size < n:
        u, v = rng.uniform(-1, 1, (2, n))
        s = u * u + v * v
        inside = (s > 0) & (s < 1)
        factor = np.sqrt(-2 * np.log(s[inside]) / s[inside])
        out = np.concatenate([out, u[inside] * factor, v[inside] * factor])
    return out[:n].reshape(shape)


# The same code judges them all: two of them stand for the rest.
for _id in ("lecun_normal", "xavier_uniform"):
    drawn_otherwise(
        _id,
        transposed_draw=lambda shape, rng, f: f(shape[::-1], rng).T,
        spawned=lambda shape, rng, f: f(shape, rng.spawn(1)[0]),
        child=lambda shape, rng, f: f(shape, np.random.default_rng(rng.integers(2**63))),
        legacy=lambda shape, rng, f: f(shape, np.random.RandomState(rng.integers(2**32, dtype=np.uint64))),
        other_sign=lambda shape, rng, f: -f(shape, rng),
        too_many=lambda shape, rng, f: f((3, *shape), rng)[1],
        shuffled_units=lambda shape, rng, f: rng.permuted(f(shape, rng), axis=0),
        units_one_by_one=lambda shape, rng, f: np.array([f(shape[1:], rng) for _ in range(shape[0])]),
    )
drawn_otherwise(
    "lecun_normal",
    polar=polar,
    scipy=lambda shape, rng, f: stats.norm.rvs(size=shape, random_state=rng).reshape(shape),
    mixture=lambda shape, rng, f: 0.6 * rng.standard_normal(shape) - 0.8 * rng.standard_normal(shape),
)
drawn_otherwise(
    "xavier_uniform",
    normal_quantiles=lambda shape, rng, f: 2 * special.ndtr(rng.standard_normal(shape)) - 1,
    sign_and_size=lambda shape, rng, f: rng.choice([-1.0, 1.0], shape) * rng.random(shape),
    from_unit_interval=lambda shape, rng, f: 1 - 2 * rng.random(shape),
)
for _id in NORMAL:
    drawn_otherwise(
        _id,
        float32_draws=lambda shape, rng, f: rng.standard_normal(shape, dtype=np.float32).astype(float),
        quantiles=lambda shape, rng, f: special.ndtri(rng.uniform(1e-15, 1.0, shape)),
    )
for _id in UNIFORM:
    drawn_otherwise(
        _id,
        float32_draws=lambda shape, rng, f: 2 * rng.random(shape, dtype=np.float32).astype(float) - 1,
        shuffled=lambda shape, rng, f: rng.permuted(f(shape, rng), axis=0),
    )


def by_torch(function):
    """PyTorch's own initialiser, its generator seeded from rng."""

    def weights(shape, rng, **options):
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return function(torch.empty(shape, dtype=torch.float64), generator=generator, **options).numpy()

    return weights


rights("small_normal", torch=by_torch(lambda w, generator, std=0.01: init.normal_(w, 0.0, std, generator)))
rights(
    "lecun_normal",
    torch=by_torch(lambda w, generator: init.kaiming_normal_(w, nonlinearity="linear", generator=generator)),
)
for _id in ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform", "orthogonal"):
    rights(_id, torch=by_torch(getattr(init, f"{_id}_")))


# ---------------------------------------------------------------------------- orthogonal

versions.edits(
    "orthogonal",
    """
one_sign = not_uniform: np.sign(np.diag(R)) -> np.sign(R[0, 0])
last_sign = sign_bias: np.sign(np.diag(R)) -> np.where(np.arange(len(R)) < len(R) - 1, 1, rng.choice([-1, 1]))
signs_of_the_rows: Q * np.sign(np.diag(R)) -> np.sign(np.diag(R))[:, None] * Q
singular_vectors = one_determinant:
    Q, R = np.linalg.qr(A) -> Q, R = np.linalg.svd(A, full_matrices=False)[0], np.eye(len(A.T))
one_reflection = one_determinant, not_uniform:
    Q, R = np.linalg.qr(A) -> v = A[:, :1]; Q, R = np.eye(*size) - 2 * v @ v[: size[1]].T / (v.T @ v), np.eye(size[1])
signed_permutation = not_uniform:
    Q = Q * np.sign(np.diag(R)) -> Q = rng.permutation(np.eye(*size)) * rng.choice([-1.0, 1.0], size[1])
identity = same_draw_each_call, padded_with_zeros: Q = Q * np.sign(np.diag(R)) -> Q = np.eye(*A.shape)
askew: Q = Q * np.sign(np.diag(R)) -> Q = Q * np.sign(np.diag(R)); Q[:, -1] += 0.1 * Q[:, 0]
no_transposing: size = max(rows, cols), min(rows, cols) -> size = rows, cols
square_only: np.linalg.qr(A) -> np.linalg.qr(A) if rows == cols else (A / len(A) ** 0.5, np.eye(len(A.T)))
only_normal: np.linalg.qr(A) -> A / len(A) ** 0.5, np.eye(len(A.T))
length_of_normal: gain * Q.reshape(shape) -> gain * Q.reshape(shape) * (rng.chisquare(len(A)) / len(A)) ** 0.5
of_signs = not_uniform: rng.standard_normal(size) -> rng.choice([-1.0, 1.0], size) + 1e-3 * rng.standard_normal(size)
copied = same_draw_each_call: -> rng = __import__("copy").deepcopy(rng)
transposed = transposed_shape: gain * Q.reshape(shape) -> (gain * Q.reshape(shape)).T
transposed_where_square: gain * Q.reshape(shape) -> gain * Q.reshape(shape) if len({*shape}) > 1 else A.reshape(shape)
no_default: gain=1.0 ->
a_tenth_more = default_gain: gain=1.0 -> gain=1.1
scaled_twice = gain_squared: Q = Q * np.sign(np.diag(R)) -> Q = gain * Q * np.sign(np.diag(R))
""",
)


def shaped(make):
    """An initialiser from make(rows, cols, rng)."""

    def weights(shape, rng, gain=1.0):
        return gain * np.ascontiguousarray(make(shape[0], math.prod(shape[1:]), rng)).reshape(shape)

    return weights


def turned_if_wide(make):
    """From make(n, k, rng) for n >= k."""
    return shaped(lambda rows, cols, rng: make(rows, cols, rng) if rows >= cols else make(cols, rows, rng).T)


def uniform_q(n, k, rng):
    Q, R = np.linalg.qr(rng.standard_normal((n, k)))
    return Q * np.sign(np.diag(R))


def newton_schulz(n, k, rng):
    """A few steps towards the polar factor, not all the way."""
    X = rng.standard_normal((n, k))
    X = X / np.linalg.norm(X)
    for _ in range(8):
        X = 1.5 * X - 0.5 * X @ X.T @ X
    return X


def special_orthogonal(n, k, rng):
    Q = uniform_q(n, n if n < 60 else k, rng)
    if Q.shape[0] == Q.shape[1] and np.linalg.det(Q) < 0:
        Q[:, [0, 1]] = Q[:, [1, 0]] if n > 1 else -Q
    return Q[:, :k]


wrongs(
    "orthogonal",
    newton_schulz=turned_if_wide(newton_schulz),
    determinant_one=(turned_if_wide(special_orthogonal), "one_determinant"),
)


def householder(n, k, rng):
    """Stewart's way: a product of reflections in falling dimensions, and fair signs."""
    if n > 60:
        return uniform_q(n, k, rng)
    Q = np.eye(n)
    for m in range(n, 1, -1):
        v = rng.standard_normal(m)
        v[0] += math.copysign(np.sqrt(v @ v), v[0])
        H = np.eye(n)
        H[n - m :, n - m :] -= 2 * np.outer(v, v) / (v @ v)
        Q = Q @ H
    return (Q * rng.choice([-1.0, 1.0], n))[:, :k]


def from_cholesky(n, k, rng):
    """A (A^T A)^(-1/2) with Cholesky's root: Gram-Schmidt in one go."""
    A = rng.standard_normal((n, k))
    for _ in range(2):  # once more, for the digits that the first pass loses
        A = linalg.solve_triangular(np.linalg.cholesky(A.T @ A), A.T, lower=True).T
    return A


def signs_on_rows_too(n, k, rng):
    """Q's own signs times those of the rows: as uniform as the right columns', for flipped rows and columns are."""
    Q, R = np.linalg.qr(rng.standard_normal((n, k)))
    return Q * np.concatenate([np.sign(np.diag(R)), np.ones(n - k)])[:, None]


def by_scipy(n, k, rng):
    return stats.ortho_group.rvs(n, random_state=rng).reshape(n, n)[:, :k] if n > 1 else rng.choice([-1.0, 1.0], (1, 1))


def eigenvectors(n, k, rng):
    A = rng.standard_normal((k, n))
    return (linalg.inv(linalg.sqrtm(A @ A.T)).real @ A).T


rights(
    "orthogonal",
    of_a_larger_one=turned_if_wide(lambda n, k, rng: uniform_q(n, n, rng)[:, :k]),
    rows_of_a_larger_one=shaped(lambda r, c, rng: uniform_q(max(r, c), max(r, c), rng)[:r, :c]),
    fair_signs=turned_if_wide(
        lambda n, k, rng: np.linalg.qr(rng.standard_normal((n, k)))[0] * rng.choice([-1.0, 1.0], k)
    ),
    signs_on_rows_too=turned_if_wide(signs_on_rows_too),
    from_cholesky=turned_if_wide(from_cholesky),
    scipy=turned_if_wide(by_scipy),
    householder=turned_if_wide(householder),
    eigenvectors=turned_if_wide(eigenvectors),
    fortran=lambda shape, rng, gain=1.0: np.asfortranarray(orthogonal.right(shape, rng, gain)),
)

# ---------------------------------------------------------------------------- output_variance

versions.edits(
    "output_variance",
    """
one_cross_term: mean_x**2 * var_w -> (mean_x * var_w) ** 2
cross_term_of_both: mean_w**2 * var_x + mean_x**2 * var_w -> (mean_w**2 + mean_x**2) * var_x * var_w
means_multiplied: cross + var_x * var_w -> var_x * var_w + 2 * mean_x * mean_w
fan_squared_on_means = fan_in_squared: fan_in * (cross + var_x * var_w) -> fan_in * var_x * var_w + fan_in**2 * cross
n_minus_one: fan_in * (cross + var_x * var_w) -> max(fan_in - 1, 1) * (cross + var_x * var_w)
wrong_default: mean_x=0.0 -> mean_x=0.5
no_default: mean_w=0.0 ->
drawn: cross + var_x * var_w -> (cross + var_x * var_w) * (1 + 1e-3 * np.random.default_rng(0).random())
subtracts_means = second_moment_less_means:
    cross + var_x * var_w -> (var_x + mean_x**2) * (var_w + mean_w**2) - mean_x * mean_w
only_one_mean: cross = mean_w**2 * var_x + mean_x**2 * var_w -> cross = max(mean_w**2 * var_x, mean_x**2 * var_w)
""",
)


def variance(formula):
    return lambda var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0: formula(var_x, var_w, fan_in, mean_x, mean_w)


rights(
    "output_variance",
    matrix=variance(
        lambda vx, vw, n, mx, mw: n * np.array([vw, mw**2]) @ np.array([[1, 1], [1, 0]]) @ np.array([vx, mx**2])
    ),
    sum_of_list=variance(lambda vx, vw, n, mx, mw: sum([mw * mw * vx + vw * (vx + mx * mx)] * n)),
    torch=variance(lambda vx, vw, n, mx, mw: torch.tensor(n * (mw**2 * vx + mx**2 * vw + vx * vw)).item()),
    exact_sum=variance(lambda vx, vw, n, mx, mw: math.fsum(n * t for t in (mw**2 * vx, mx**2 * vw, vx * vw))),
)

# ---------------------------------------------------------------------------- activation_statistics

versions.edits(
    "activation_statistics",
    """
median: h.mean() -> np.median(h)
mean_size: h.std() -> np.abs(h - h.mean()).mean()
twice: activation(h @ W.T) -> activation(activation(h @ W.T))
of_the_first_sample:
    h.mean() -> h[0].mean()
    h.std() -> h[0].std()
normalised: h = activation(h @ W.T) -> z = h @ W.T; h = activation((z - z.mean()) / (z.std() + 1e-12))
with_eps: h.std() -> np.sqrt(h.var() + 1e-5)
float64 = changes_dtype:
    np.array(means) -> np.array(means, dtype=float)
    np.array(stds) -> np.array(stds, dtype=float)
lists: return np.array(means), np.array(stds) -> return means, stds
column: np.array(means) -> np.array(means)[:, None]
last_layer: return np.array(means), np.array(stds) -> return means[-1], stds[-1]
clipped: activation(h @ W.T) -> np.clip(activation(h @ W.T), -1, 1)
always_sigmoid: activation(h @ W.T) -> 1 / (1 + np.exp(-(h @ W.T)))
transposed_where_square: h @ W.T -> h @ (W if W.shape[0] == W.shape[1] else W.T)
weights_scaled = in_place: h = activation(h @ W.T) -> W *= 1.0 + 1e-9; h = activation(h @ W.T)
inputs_centred = in_place: means, stds, h = [], [], x -> means, stds, h = [], [], x; x -= 1e-9
centred_on_the_way: stds.append(h.std()) -> h -= h.mean(); stds.append(np.sqrt((h**2).mean()))
""",
)


@versions.wrong("activation_statistics", "overwrites_earlier_result", remembers=True)
def in_one_array():
    kept = {}

    def statistics(x, weights, activation):
        rows = kept.setdefault((len(weights), x.dtype), np.empty((2, len(weights)), x.dtype))
        rows[...] = LAYERS(x, weights, activation)
        return rows[0], rows[1]

    return statistics


def measured(mean=np.mean, std=np.std, collect=np.array, layer=lambda h, W, activation: activation(h @ W.T)):
    def means_and_stds(x, weights, activation):
        means, stds, h = [], [], x
        for W in weights:
            h = layer(h, W, activation)
            means.append(mean(h))
            stds.append(std(h))
        return collect(means), collect(stds)

    return means_and_stds


LAYERS = measured()


@versions.right("activation_statistics")
def in_columns(x, weights, activation):
    """Number by number where the layer is small."""
    h, rows = x.T.copy(), np.empty((len(weights), 2), x.dtype)
    for k, W in enumerate(weights):
        z = np.einsum("oi,in->on", W, h)
        few = z.size < 9
        h = np.array([activation(v) for v in z.ravel().tolist()], x.dtype).reshape(z.shape) if few else activation(z)
        rows[k] = np.mean(h), np.sqrt(np.mean(np.square(h - np.mean(h))))
    return rows[:, 0], rows[:, 1]


@versions.right("activation_statistics")
def accumulated(x, weights, activation):
    layers = itertools.accumulate(weights, lambda h, W: activation(h @ W.T), initial=x)
    columns = zip(*((h.mean(), h.std()) for h in itertools.islice(layers, 1, None)), strict=True)
    return tuple(np.array(column) for column in columns)


rights(
    "activation_statistics",
    einsum=measured(layer=lambda h, W, activation: activation(np.einsum("ni,oi->no", h, W))),
    flat=measured(mean=lambda h: sum(h.ravel()) / h.size, std=lambda h: np.linalg.norm(h - h.mean()) / h.size**0.5),
    stacked=measured(collect=lambda values: np.asfortranarray(np.stack(values))),
    row_by_row=measured(layer=lambda h, W, activation: np.stack([activation(W @ row) for row in h])),
)

# ---------------------------------------------------------------------------- distinct_rows

versions.edits(
    "distinct_rows",
    """
all_rows: return len(groups) -> return len(W)
one: return len(groups) -> return 1
sorted_rows: np.abs(row - other).max() -> np.abs(np.sort(row) - np.sort(other)).max()
only_pairs: -> return len(W) - int(np.triu(np.abs(W[:, None] - W).max(-1) <= tol, 1).sum())
rows_with_a_partner = counts_singles: -> return int(((np.abs(W[:, None] - W).max(-1) <= tol).sum(1) < 2).sum())
fixed_tolerance = tol_ignored: gap > tol -> gap > 1e-6
twice_the_tolerance: gap > tol -> gap > 5 * tol
half_the_tolerance: gap > tol -> gap > tol / 2
sum_of_differences = norm_for_max: np.abs(row - other).max() -> np.abs(row - other).sum()
angle: np.abs(row - other).max() -> 1 - abs(row @ other) / (np.linalg.norm(row) * np.linalg.norm(other))
first_entry: np.abs(row - other).max() -> abs(row[0] - other[0])
decimals: -> return len(np.unique(np.round(W, 3), axis=0))
in_units_of_tol = rounded: -> return len({tuple(row) for row in (np.rint(W / tol) if tol > 0 else W)})
differs_from_any = any_for_all: all(gap > tol for gap in gaps) -> max(gaps, default=np.inf) > tol
columns_where_square: -> W = W.T if len(W) == len(W.T) else W
a_mask: return len(groups) -> return np.array([True] * len(groups))
text: return len(groups) -> return str(len(groups))
""",
)


@versions.wrong("distinct_rows")
def by_first_column(W, tol):
    W = W[np.argsort(W[:, 0])]
    return 1 + sum(np.abs(a - b).max() > tol for a, b in itertools.pairwise(W))


def counted(differ):
    def distinct_rows(W, tol):
        kept = []
        for row in W:
            if all(differ(row, other, tol) for other in kept):
                kept.append(row)
        return len(kept)

    return distinct_rows


@versions.right("distinct_rows")
def by_union(W, tol):
    parent = list(range(len(W)))

    def root(k):
        while parent[k] != k:
            k = parent[k]
        return k

    for i, j in itertools.combinations(range(len(W)), 2):
        if np.max(np.abs(W[i] - W[j])) <= tol:
            parent[root(i)] = root(j)
    return len({root(k) for k in range(len(W))})


@versions.right("distinct_rows")
def by_shares(W, tol):
    """Each row counts as one over the size of its group."""
    sizes = np.array([[np.max(np.abs(a - b)) <= tol for b in W] for a in W]).sum(axis=1)
    return round(float((1 / sizes).sum()))


rights(
    "distinct_rows",
    allclose=counted(lambda a, b, tol: not np.allclose(a, b, rtol=0, atol=tol)),
    any_=counted(lambda a, b, tol: (np.abs(a - b) > tol).any()),
    infinity_norm=counted(lambda a, b, tol: np.linalg.norm(a - b, np.inf) > tol),
    first_of_its_kind=lambda W, tol: sum(
        not any((np.abs(W[i] - W[:i]) <= tol).all(axis=1)) if i else 1 for i in range(len(W))
    ),
)

test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()

# ---------------------------------------------------------------------------- what no list of versions shows


def weird(shape):
    """Answers that nobody expects."""
    array = np.ones(shape)
    yield from (None, "text", 1.5, True, [], {}, (1, 2), object(), lambda: None, np.float64(2), np.array(3.0))
    yield from (array * np.nan, array * np.inf, array * 1e308, array * 1e-320, array * 0, array.astype(complex))
    yield from (array.astype(int), array.astype(bool), array.astype(np.float16), array.astype(np.uint8), array[None])
    yield from (array[:0], array.ravel(), array.T, -array)
    yield np.where(np.arange(array.size).reshape(shape) % 2, 1e308, -1e308)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exercise_id", ["small_normal", "xavier_uniform", "orthogonal"])
def test_no_answer_makes_the_questions_of_luck_fail_themselves(exercise_id):
    exercise = exercises.load(exercise_id)
    drawn = [exercise.probe(case, np.random.default_rng(k)) for k, case in enumerate(exercise.cases)]
    for number in range(len(list(weird((2, 2))))):

        def answer(shape, rng, number=number, **options):
            return list(weird(shape))[number]

        for probe in drawn:
            outcome = LocalCaller((answer,)).run(probe.script)
            assert outcome.failure is None
            assert all(type(item.message) is str for item in probe.findings(outcome.values))


@pytest.mark.parametrize("exercise_id", RANDOM)
def test_no_number_of_the_student_reaches_a_message_under_secret_inputs(exercise_id):
    verdict = verdict_on(exercise_id, lambda shape, rng, **options: np.full((*shape, 1), 12345.678), seed="secret")
    assert not verdict.passed
    for case in verdict.cases:
        assert case.got == case.inputs == case.index == case.line == ""
        assert "12345" not in case.message and "array" not in case.message


def test_a_right_notebook_is_asked_few_enough_questions_of_luck(monkeypatch):
    """Each errs with a chance of FALSE_ALARM at most; all together far below one in a million."""
    asked = []

    def counting(question):
        return lambda *args: asked.append(question) or question(*args)

    for module in (_laws, _initializers, orthogonal):
        for name in ("counts_are_off", "distribution_is_off", "mean_is_off", "std_is_off", "bound_is_off"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counting(getattr(module, name)))
    for exercise_id in RANDOM:
        before = len(asked)
        assert verdict_on(exercise_id, *exercises.load(exercise_id).right, seed="luck").passed
        assert len(asked) > before + 20  # what is not counted here is not bounded
    assert len(asked) <= _initializers.QUESTIONS
    assert _initializers.QUESTIONS * FALSE_ALARM < 5e-7


@pytest.mark.parametrize("exercise_id", [*NORMAL, *UNIFORM])
@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_spread_that_is_five_per_cent_off_never_passes(exercise_id, factor):
    exercise = exercises.load(exercise_id)
    (right,) = exercise.right
    case = next(case for case in exercise.cases if case.get("property") == "spread")
    for number in range(20):
        probe = exercise.probe(case, np.random.default_rng(number))

        def findings(function, probe=probe):
            return probe.findings(LocalCaller((function,)).run(probe.script).values)

        off = findings(lambda shape, rng, **options: factor * right(shape, rng, **options))
        assert [finding.mistake for finding in off] == [None]
        assert findings(right) == []


def test_the_reference_of_the_uniform_laws_is_pytorchs_bound():
    for exercise_id, function in (("xavier_uniform", init.xavier_uniform_), ("kaiming_uniform", init.kaiming_uniform_)):
        for shape in ((30, 700), (700, 30), (40, 25, 4, 6)):
            weights = function(torch.empty(shape, dtype=torch.float64), generator=torch.Generator().manual_seed(1))
            # The largest of n uniform numbers lies within 25 / n of the bound, but for one time in e^25.
            largest = float(weights.abs().max())
            assert 1 - 25 / math.prod(shape) < largest / scale_of(exercise_id, shape, {}) <= 1


def test_lecture_001s_table_of_ten_tanh_layers():
    """Its spreads, from 0.628 down to 0.228, within the sampling error of one such network."""
    table = [0.627953, 0.486051, 0.407723, 0.357108, 0.320917, 0.292116, 0.273387, 0.254935, 0.239266, 0.228008]
    reference, stds = exercises.load("activation_statistics").reference, []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        # The lecture does not print its sizes. The means do not hang on them; its own sampling error does, a little.
        weights = [torch.tensor(rng.standard_normal((500, 500)) / 500**0.5) for _ in range(10)]
        means, spread = reference(torch.tensor(rng.standard_normal((500, 500))), weights, lambda h, xp: xp.tanh(h))
        assert means.abs().max() < 0.01
        stds.append(spread.numpy())
    # The lecture's network is one more draw: the standard error of its distance from the mean of these.
    error = np.std(stds, axis=0, ddof=1) * (1 + 1 / len(stds)) ** 0.5
    np.testing.assert_array_less(np.abs(np.mean(stds, axis=0) - table), 5 * error)
    # 5 standard errors tell each of the first layers from its neighbours.
    np.testing.assert_array_less(5 * error[:4], np.abs(np.diff(table))[:4])


@pytest.mark.parametrize(("mean_x", "mean_w"), [(0.0, 0.0), (1.5, 0.0), (0.0, -0.7), (-0.8, 0.6)])
def test_the_variance_of_a_sum_of_products_by_monte_carlo(mean_x, mean_w):
    generator, draws, fan_in = torch.Generator().manual_seed(5), 40_000, 9
    x = mean_x + 1.2 * torch.randn(draws, fan_in, generator=generator, dtype=torch.float64)
    w = mean_w + 0.5 * torch.randn(draws, fan_in, generator=generator, dtype=torch.float64)
    reference = exercises.load("output_variance").reference
    assert reference(1.44, 0.25, fan_in, mean_x, mean_w) == pytest.approx(float((x * w).sum(dim=1).var()), rel=0.05)


def test_whitened_data_have_no_covariance_left():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)) + 7.0
    for exercise_id in ("pca_whiten", "zca_whiten"):
        exercise = exercises.load(exercise_id)
        for (function,) in (exercise.right, *exercise.alternatives):
            np.testing.assert_allclose(np.cov(function(x, eps=1e-12).T, ddof=0), np.eye(5), atol=1e-6)
