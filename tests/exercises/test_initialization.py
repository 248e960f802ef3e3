"""The checks of initialization: wrong solutions that are not in the bank lose points, odd right ones lose none."""

import copy
import functools
import itertools
import math

import numpy as np
import pytest
import torch
from scipy import linalg, special, stats
from torch.nn import init

from autograder import exercises
from autograder.exercises.initialization import (
    _initializers,
    activation_statistics,
    gain,
    orthogonal,
    output_variance,
)
from autograder.judge import judge
from autograder.judge.chance import FALSE_ALARM
from autograder.judge.judging import LocalCaller

NORMAL = ["small_normal", "lecun_normal", "xavier_normal", "kaiming_normal"]
UNIFORM = ["xavier_uniform", "kaiming_uniform"]
RANDOM = [*NORMAL, *UNIFORM, "orthogonal"]
IDS = [
    *("standardize", "pca_whiten", "zca_whiten", "fan_in_and_fan_out", "gain", "zeros"),
    *(*RANDOM, "output_variance", "activation_statistics", "distinct_rows"),
]
WRONG, RIGHT = [], []


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On busy cores PyTorch's threads wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def verdict(exercise_id, function, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller((function,)), points=10, seed=seed)


def wrongs(exercise_id, **functions):
    """Wrong functions; `name=(function, mistake, ...)` where a mistake's name is right."""
    for label, entry in functions.items():
        function, *names = entry if isinstance(entry, tuple) else (entry,)
        WRONG.append(pytest.param(exercise_id, function, names, id=f"{exercise_id}-{label}"))


def rights(exercise_id, **functions):
    for label, function in functions.items():
        RIGHT.append(pytest.param(exercise_id, function, id=f"{exercise_id}-{label}"))


# standardize


def scaled(mean, spread):
    """Both sets, by the statistics of the first."""

    def standardize(x_train, x_test, eps=1e-8):
        m, s = mean(x_train), spread(x_train, eps)
        return (x_train - m) / s, (x_test - m) / s

    return standardize


def column_mean(x):
    return x.mean(0)


def standardize_in_place(x_train, x_test, eps=1e-8):
    mean, std = x_train.mean(0), np.sqrt(x_train.var(0) + eps)
    x_train -= mean
    x_test -= mean
    return x_train / std, x_test / std


def standardize_in_float64(x_train, x_test, eps=1e-8):
    x = np.array(x_train, dtype=float)
    return (x - x.mean(0)) / np.sqrt(x.var(0) + eps), (x_test - x.mean(0)) / np.sqrt(x.var(0) + eps)


def statistics_of_first_call():
    kept = {}

    def standardize(x_train, x_test, eps=1e-8):
        key = x_train.shape, x_train.dtype
        mean, var = kept.setdefault(key, (x_train.mean(0), x_train.var(0)))
        return (x_train - mean) / np.sqrt(var + eps), (x_test - mean) / np.sqrt(var + eps)

    return standardize


wrongs(
    "standardize",
    median=scaled(lambda x: np.median(x, axis=0), lambda x, eps: np.sqrt(x.var(0) + eps)),
    range_=scaled(lambda x: x.min(0), lambda x, eps: x.max(0) - x.min(0) + eps),
    floor=scaled(column_mean, lambda x, eps: np.maximum(x.std(0), eps)),
    floor_of_variance=scaled(column_mean, lambda x, eps: np.sqrt(np.maximum(x.var(0), eps))),
    one_where_constant=(
        scaled(column_mean, lambda x, eps: np.where(x.std(0) == 0, 1, x.std(0))),
        "eps_missing",
    ),
    eps_where_constant=scaled(column_mean, lambda x, eps: np.sqrt(np.where(x.var(0) == 0, eps, x.var(0)))),
    root_of_eps_outside=scaled(column_mean, lambda x, eps: x.std(0) + eps**0.5),
    mean_size=scaled(column_mean, lambda x, eps: np.abs(x - x.mean(0)).mean(0) + eps),
    around_zero=scaled(column_mean, lambda x, eps: np.sqrt((x**2).mean(0) + eps)),
    by_features=scaled(column_mean, lambda x, eps: np.sqrt(((x - x.mean(0)) ** 2).sum(0) / x.shape[1] + eps)),
    clipped=lambda a, b, eps=1e-8: tuple(np.clip(x, -2, 2) for x in scaled_right(a, b, eps)),
    training_twice=lambda a, b, eps=1e-8: (scaled_right(a, b, eps)[0],) * 2,
    swapped=lambda a, b, eps=1e-8: scaled_right(a, b, eps)[::-1],
    in_place=(standardize_in_place, "in_place"),
    float64=(standardize_in_float64, "changes_dtype"),
    statistics_of_first_call=statistics_of_first_call(),
)
scaled_right = scaled(column_mean, lambda x, eps: np.sqrt(x.var(0) + eps))


def welford(x_train, x_test, eps=1e-8):
    mean, squares = np.zeros_like(x_train[0]), np.zeros_like(x_train[0])
    for count, row in enumerate(x_train, start=1):
        delta = row - mean
        mean = mean + delta / count
        squares = squares + delta * (row - mean)
    std = (squares / len(x_train) + eps) ** 0.5
    return (x_train - mean) / std, (x_test - mean) / std


def from_the_first_sample(x_train, x_test, eps=1e-8):
    """One pass is fine around a sample: E[y^2] - E[y]^2 with y = x - x[0]."""
    y = x_train - x_train[0]
    var = np.maximum((y * y).mean(0) - y.mean(0) ** 2, 0)
    return tuple((x - x_train[0] - y.mean(0)) / np.sqrt(var + eps) for x in (x_train, x_test))


rights(
    "standardize",
    welford=welford,
    from_the_first_sample=from_the_first_sample,
    linear_map=lambda a, b, eps=1e-8: [
        (x - a.mean(0)) @ np.diag(1 / np.sqrt(np.mean((a - a.mean(0)) ** 2, 0) + eps)).astype(a.dtype) for x in (a, b)
    ],
    norms=scaled(column_mean, lambda x, eps: np.sqrt(np.linalg.norm(x - x.mean(0), axis=0) ** 2 / len(x) + eps)),
    along_axis=scaled(lambda x: np.apply_along_axis(np.mean, 0, x), lambda x, eps: np.sqrt(np.var(x, axis=0) + eps)),
)


# Whitening


def axes(x, ddof=0):
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh(xc.T @ xc / (len(x) - ddof))
    return xc, lam[::-1], U[:, ::-1]


def pca(x, eps=1e-5):
    xc, lam, U = axes(x)
    return xc @ U / np.sqrt(lam + eps)


def unsorted(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = np.linalg.eig(xc.T @ xc / len(x))
    order = np.argsort(np.abs(U[0]))
    return xc @ U[:, order].real / np.sqrt(lam[order].real + eps)


def dual(x, eps=1e-5):
    """The N x N side, with no word on the axes that have no variance."""
    xc = x - x.mean(0)
    lam, P = np.linalg.eigh(xc @ xc.T / len(x))
    return P[:, ::-1] * np.sqrt(len(x) * lam[::-1] / (lam[::-1] + eps))


def pca_in_place(x, eps=1e-5):
    x -= x.mean(0)
    return pca(x, eps)


def one_buffer_for_results():
    buffers = {}

    def whiten(x, eps=1e-5):
        out = buffers.setdefault(x.shape, np.empty_like(x))
        out[...] = pca(x, eps)
        return out

    return whiten


def axes_of_first_call():
    kept = {}

    def whiten(x, eps=1e-5):
        lam, U = kept.setdefault((x.shape, x.dtype), axes(x)[1:])
        return (x - x.mean(0)) @ U / np.sqrt(lam + eps)

    return whiten


wrongs(
    "pca_whiten",
    nothing=lambda x, eps=1e-5: None,
    axes_alone=lambda x, eps=1e-5: axes(x)[2],
    sizes=lambda x, eps=1e-5: np.abs(pca(x, eps)),
    last_two_swapped=(
        lambda x, eps=1e-5: pca(x, eps)[:, [*range(x.shape[1] - 2), -1, -2][: x.shape[1]]],
        "wrong_order",
    ),
    np_cov=(
        lambda x, eps=1e-5: axes(x)[0] @ axes(x)[2] / np.sqrt(axes(x, 1)[1] + eps) if len(x) > 1 else 0 * x,
        "ddof",
    ),
    unsorted=(unsorted, "wrong_order"),
    dual=(dual, "axes_dropped"),
    eps_on_features=lambda x, eps=1e-5: pca(x, 1e-12) / (1 + eps) ** 0.5,
    eps_in_percent=lambda x, eps=1e-5: axes(x)[0] @ axes(x)[2] / np.sqrt(axes(x)[1] + eps * axes(x)[1].max()),
    two_axes=lambda x, eps=1e-5: pca(x, eps)[:, :2],
    transposed=lambda x, eps=1e-5: pca(x, eps).T,
    samples=lambda x, eps=1e-5: pca(np.ascontiguousarray(x.T), eps).T,
    float64=(lambda x, eps=1e-5: pca(x.astype(float), eps), "changes_dtype"),
    in_place=(pca_in_place, "in_place"),
    buffer=(one_buffer_for_results(), "overwrites_earlier_result"),
    axes_of_first_call=axes_of_first_call(),
)


def pca_by_own_spread(x, eps=1e-5):
    """The variance of the scores is the eigenvalue."""
    xc, _, U = axes(x)
    scores = xc @ U
    return scores / np.sqrt(scores.var(axis=0) + eps)


def pca_of_negative_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh(-(xc.T @ xc) / len(x))
    return np.asfortranarray((xc @ -U) / np.sqrt(eps - lam))


def pca_by_covariance_svd(x, eps=1e-5):
    xc = x - x.mean(axis=0, keepdims=True)
    U, S, _ = np.linalg.svd(np.einsum("ni,nj->ij", xc, xc) / len(x))
    return xc.dot(U).dot(np.diag((S + eps) ** -0.5))


def pca_with_eps_in_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = linalg.eigh(xc.T @ xc / len(x) + eps * np.eye(x.shape[1], dtype=x.dtype))
    return np.flip(xc @ U / np.sqrt(lam), axis=1)


rights(
    "pca_whiten",
    own_spread=pca_by_own_spread,
    negative_covariance=pca_of_negative_covariance,
    covariance_svd=pca_by_covariance_svd,
    eps_in_covariance=pca_with_eps_in_covariance,
)


def zca(x, eps=1e-5):
    xc, lam, U = axes(x)
    return xc @ (U / np.sqrt(lam + eps)) @ U.T


def zca_in_place(x, eps=1e-5):
    x -= x.mean(0)
    return zca(x, eps)


def zca_by_covariance_root_only(x, eps=1e-5):
    """No centring at the end: the covariance alone is centred."""
    _, lam, U = axes(x)
    return (x @ U) / np.sqrt(lam + eps) @ U.T


wrongs(
    "zca_whiten",
    sizes=lambda x, eps=1e-5: np.abs(zca(x, eps)),
    transposed=lambda x, eps=1e-5: zca(x, eps).T,
    samples=lambda x, eps=1e-5: zca(np.ascontiguousarray(x.T), eps).T,
    clipped=lambda x, eps=1e-5: np.clip(zca(x, eps), -2, 2),
    no_eps=lambda x, eps=1e-5: zca(x, 1e-12),
    eps_squared=lambda x, eps=1e-5: zca(x, eps**2),
    root_of_root=lambda x, eps=1e-5: axes(x)[0] @ (axes(x)[2] / (axes(x)[1] + eps) ** 0.25) @ axes(x)[2].T,
    centring=(zca_by_covariance_root_only, "no_centring"),
    from_pca_with_eighs_order=(lambda x, eps=1e-5: pca(x, eps) @ axes(x)[2][:, ::-1].T, "other_order_back"),
    in_place=(zca_in_place, "in_place"),
    float64=(lambda x, eps=1e-5: zca(x.astype(float), eps), "changes_dtype"),
    first_axis_lost=lambda x, eps=1e-5: zca(x, eps) - np.outer(pca(x, eps)[:, 0], axes(x)[2][:, 0]),
    pseudo_inverse=lambda x, eps=1e-5: axes(x)[0] @ np.linalg.pinv(zca_root(x, 0.0)),
    jitter_on_features=lambda x, eps=1e-5: zca(x + eps, eps) if len(x) % 2 else zca(x, 2 * eps),
)


def zca_root(x, eps):
    _, lam, U = axes(x)
    return (U * np.sqrt(np.maximum(lam, 0) + eps)) @ U.T


rights(
    "zca_whiten",
    solved=lambda x, eps=1e-5: np.linalg.solve(zca_root(x, eps), (x - x.mean(0)).T).T,
    inverse=lambda x, eps=1e-5: (np.linalg.inv(zca_root(x, eps)) @ (x - x.mean(0)).T).T,
    sqrtm=lambda x, eps=1e-5: linalg.solve(
        linalg.sqrtm(axes(x)[0].T @ axes(x)[0] / len(x) + eps * np.eye(x.shape[1])), (x - x.mean(0)).T
    ).T.astype(x.dtype),
    from_pca=lambda x, eps=1e-5: pca(x, eps) @ axes(x)[2].T,
)


# fan_in_and_fan_out, gain, zeros


wrongs(
    "fan_in_and_fan_out",
    for_matrices=(lambda shape: shape[::-1] if len(shape) == 2 else (shape[1], shape[0]), "kernel_area_left_out"),
    for_images=lambda shape: (shape[1] * shape[2] * shape[3], shape[0] * shape[2] * shape[3]),
    square_root=lambda shape: (shape[1] * math.prod(shape[2:]) ** 0.5, shape[0] * math.prod(shape[2:]) ** 0.5),
    area_twice=lambda shape: (shape[1] * math.prod(shape[2:]) ** 2, shape[0] * math.prod(shape[2:]) ** 2),
    all_the_rest=lambda shape: (
        (math.prod(shape[1:]), math.prod(shape[:-1])) if len(shape) == 2 else (math.prod(shape[1:]),) * 2
    ),
    one_number=lambda shape: shape[1] * math.prod(shape[2:]),
    three_numbers=lambda shape: (*right_fans(shape), math.prod(shape[2:])),
    as_text=lambda shape: tuple(map(str, right_fans(shape))),
    swapped_when_tall=lambda shape: (min(right_fans(shape)), max(right_fans(shape))),
    mean_of_both=lambda shape: (sum(right_fans(shape)) / 2,) * 2,
    area_of_two_axes=lambda shape: (shape[1] * math.prod(shape[2:4]), shape[0] * math.prod(shape[2:4])),
)


def right_fans(shape):
    return shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])


rights(
    "fan_in_and_fan_out",
    torch=lambda shape: init._calculate_fan_in_and_fan_out(torch.empty(shape)),
    floats=lambda shape: [float(f) for f in right_fans(shape)],
    reduce=lambda shape: tuple(functools.reduce(lambda a, b: a * b, shape[2:], shape[k]) for k in (1, 0)),
    arrays=lambda shape: (np.prod(shape[1:]), np.prod(shape) // shape[1]),
    slices=lambda shape: (np.ones(shape)[0].sum(), np.ones(shape).swapaxes(0, 1)[0].sum()),
)

TORCH_GAIN = gain.reference
wrongs(
    "gain",
    rounded=lambda nonlinearity, param=None: round(TORCH_GAIN(nonlinearity, param), 4),
    relu_as_leaky=lambda nonlinearity, param=None: TORCH_GAIN(
        "leaky_relu" if nonlinearity == "relu" else nonlinearity, param
    ),
    two_for_relu=lambda nonlinearity, param=None: 2.0 if nonlinearity == "relu" else TORCH_GAIN(nonlinearity, param),
    sum_of_slopes=lambda nonlinearity, param=None: (
        (2 / (1 + (0.01 if param is None else param)) ** 2) ** 0.5
        if nonlinearity == "leaky_relu"
        else TORCH_GAIN(nonlinearity, param)
    ),
    one_minus=lambda nonlinearity, param=None: (
        (2 * (1 - (0.01 if param is None else param) ** 2 / 2)) ** 0.5
        if nonlinearity == "leaky_relu"
        else TORCH_GAIN(nonlinearity, param)
    ),
    conv_like_relu=lambda nonlinearity, param=None: TORCH_GAIN(
        "relu" if "conv" in nonlinearity else nonlinearity, param
    ),
    no_transposed_conv=lambda nonlinearity, param=None: (
        {}[nonlinearity] if "trans" in nonlinearity else TORCH_GAIN(nonlinearity, param)
    ),
    positive_slopes=lambda nonlinearity, param=None: TORCH_GAIN(
        nonlinearity, param if param is None or param > 0 else None
    ),
    param_multiplies=lambda nonlinearity, param=None: TORCH_GAIN(nonlinearity, param) * (param or 1),
    text=lambda nonlinearity, param=None: str(TORCH_GAIN(nonlinearity, param)),
)
rights(
    "gain",
    torch=lambda nonlinearity, param=None: init.calculate_gain(nonlinearity, param),
    exponent=lambda nonlinearity, param=None: np.exp(np.log(TORCH_GAIN(nonlinearity, param))),
    positional=lambda *args, **keywords: np.float64(TORCH_GAIN(*args, **keywords)),
    table=lambda nonlinearity, param=None: dict(
        dict.fromkeys((*gain.LINEAR, "sigmoid"), 1),
        tanh=10 / 6,
        selu=0.75,
        relu=math.sqrt(2),
        leaky_relu=math.sqrt(2) * (1 + (0.01 if param is None else param) ** 2) ** -0.5,
    )[gain.known(nonlinearity)],
)

wrongs(
    "zeros",
    drawn_and_cancelled=lambda shape, rng: 0 * rng.random(shape),
    float32=lambda shape, rng: np.zeros(shape, np.float32),
    integers=lambda shape, rng: np.zeros(shape, int),
    nearly=lambda shape, rng: np.full(shape, 1e-300),
    number=lambda shape, rng: 0.0,
    a_list=lambda shape, rng: np.zeros(shape).tolist(),
    matrices_only=(lambda shape, rng: np.zeros((shape[0], shape[1])), "kernel_left_out"),
    more_axes=lambda shape, rng: np.zeros((1, *shape)),
    nothing=lambda shape, rng: None,
)
rights(
    "zeros",
    cancelled=lambda shape, rng: np.arange(math.prod(shape), dtype=float).reshape(shape) * 0,
    like=lambda shape, rng: np.zeros_like(np.ones(shape)),
    torch=lambda shape, rng: torch.zeros(shape, dtype=torch.float64).numpy(),
    fortran=lambda shape, rng: np.zeros(shape, order="F"),
)


# The random initialisers: one law each, drawn rightly in the standard form


LAWS = {
    "small_normal": lambda shape, std=0.01: std,
    "lecun_normal": lambda shape: right_fans(shape)[0] ** -0.5,
    "xavier_normal": lambda shape, gain=1.0: gain * (2 / sum(right_fans(shape))) ** 0.5,
    "kaiming_normal": lambda shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu": (
        TORCH_GAIN(nonlinearity, a) / right_fans(shape)[mode == "fan_out"] ** 0.5
    ),
}
LAWS["xavier_uniform"] = lambda shape, **options: 3**0.5 * LAWS["xavier_normal"](shape, **options)
LAWS["kaiming_uniform"] = lambda shape, **options: 3**0.5 * LAWS["kaiming_normal"](shape, **options)


def by(exercise_id, standard):
    """An initialiser that scales what standard(shape, rng) draws."""
    return lambda shape, rng, **options: LAWS[exercise_id](shape, **options) * standard(shape, rng)


def plain(exercise_id):
    return standard_normal if exercise_id in NORMAL else standard_uniform


def standard_normal(shape, rng):
    return rng.standard_normal(shape)


def standard_uniform(shape, rng):
    return rng.uniform(-1, 1, shape)


def with_tied_rows(draw):
    def standard(shape, rng):
        weights = draw(shape, rng)
        weights[-1] = weights[0]
        return weights

    return standard


def mirrored(draw):
    """The second half of the units is the first with the other sign: a symmetric start."""

    def standard(shape, rng):
        weights = draw(shape, rng)
        half = len(weights) // 2
        weights[len(weights) - half :] = -weights[:half]
        return weights

    return standard


def first_unit_zero(draw):
    def standard(shape, rng):
        weights = draw(shape, rng)
        weights[0] = 0
        return weights

    return standard


def sum_of_rows_and_columns(shape, rng):
    rest = math.prod(shape[1:])
    weights = (rng.standard_normal((shape[0], 1)) + rng.standard_normal((1, rest))) / 2**0.5
    return weights.reshape(shape)


def scaled_units(shape, rng):
    """Every other unit is larger: the mean square is right."""
    sizes = np.where(np.arange(shape[0]) % 2, 1.2, (2 - 1.2**2) ** 0.5) if shape[0] % 2 == 0 else np.ones(shape[0])
    return rng.standard_normal(shape) * sizes.reshape(-1, *[1] * (len(shape) - 1))


def remembered(draw):
    """One array for each shape."""
    kept = {}

    def standard(shape, rng):
        if shape not in kept:
            kept[shape] = draw(shape, rng)
        return kept[shape].copy()

    return standard


def in_one_buffer(draw):
    buffers = {}

    def standard(shape, rng):
        buffer = buffers.setdefault(shape, np.empty(shape))
        buffer[...] = draw(shape, rng)
        return buffer

    return standard


def buffered(exercise_id, draw):
    buffer_of = in_one_buffer(draw)

    def weights(shape, rng, **options):
        buffer = buffer_of(shape, rng)
        buffer *= LAWS[exercise_id](shape, **options)
        return buffer

    return weights


def seeded_by_shape(draw):
    return lambda shape, rng: draw(shape, np.random.default_rng(list(shape)))


def half_global(draw):
    return lambda shape, rng: draw(shape, rng) * np.random.choice([-1.0, 1.0], shape)  # noqa: NPY002


def copied(draw):
    return lambda shape, rng: draw(shape, copy.deepcopy(rng))


def seeded_globally(shape, rng):
    np.random.seed(0)  # noqa: NPY002
    return np.random.standard_normal(shape)  # noqa: NPY002


# What is wrong in all of them is judged by the same code: some of it stands for the rest in most exercises.
EVERYWHERE = ["five_per_cent_more", "five_per_cent_less", "shifted", "remembered", "half_global", "mirrored", "laplace"]


def wrongs_of_all(exercise_id, **functions):
    thorough = exercise_id in ("lecun_normal", "xavier_uniform")
    wrongs(exercise_id, **{name: f for name, f in functions.items() if thorough or name in EVERYWHERE})


for _id in [*NORMAL, *UNIFORM]:
    _draw = plain(_id)
    wrongs_of_all(
        _id,
        five_per_cent_more=by(_id, lambda shape, rng, f=_draw: 1.05 * f(shape, rng)),
        five_per_cent_less=by(_id, lambda shape, rng, f=_draw: 0.95 * f(shape, rng)),
        shifted=by(_id, lambda shape, rng, f=_draw: f(shape, rng) + 0.08),
        sizes=(by(_id, lambda shape, rng, f=_draw: np.abs(f(shape, rng))), "one_sided"),
        unseeded=(by(_id, lambda shape, rng, f=_draw: f(shape, np.random.default_rng())), "global_generator"),
        half_global=(by(_id, half_global(_draw)), "global_generator"),
        copied=(by(_id, copied(_draw)), "same_draw_each_call"),
        remembered=(by(_id, remembered(_draw)), "same_draw_each_call"),
        seeded_by_shape=(by(_id, seeded_by_shape(_draw)), "same_draw_each_call"),
        buffer=(buffered(_id, _draw), "overwrites_earlier_result"),
        signs_only=by(_id, lambda shape, rng: rng.choice([-1.0, 1.0], shape)),
        mirrored=by(_id, mirrored(_draw)),
        sorted_=by(_id, lambda shape, rng, f=_draw: np.sort(f(shape, rng), axis=-1)),
        number=(lambda shape, rng, **options: 0.01, "same_draw_each_call"),
        a_list=lambda shape, rng, **options: rng.standard_normal(shape).tolist(),
        tied_rows=(by(_id, with_tied_rows(_draw)), "repeated_rows"),
        first_unit_zero=by(_id, first_unit_zero(_draw)),
        matrices_only=by(_id, lambda shape, rng, f=_draw: f(shape[:2], rng)),
        zeros=(lambda shape, rng, **options: np.zeros(shape), "repeated_rows", "same_draw_each_call"),
    )

for _id in NORMAL:
    wrongs_of_all(
        _id,
        laplace=by(_id, lambda shape, rng: rng.laplace(0, 0.5**0.5, shape)),
        student_t=by(_id, lambda shape, rng: rng.standard_t(5, shape) * 0.6**0.5),
        three_uniforms=(by(_id, lambda shape, rng: rng.uniform(-1, 1, (3, *shape)).sum(0)), "tails_cut"),
        clipped=(by(_id, lambda shape, rng: np.clip(rng.standard_normal(shape), -2, 2)), "tails_cut"),
        scipy_truncated=(
            by(_id, lambda shape, rng: special.ndtri(rng.uniform(*special.ndtr([-2.0, 2.0]), shape))),
            "tails_cut",
        ),
        seeded_globally=(by(_id, seeded_globally), "same_draw_each_call"),
        rows_and_columns=by(_id, sum_of_rows_and_columns),
        scaled_units=by(_id, scaled_units),
    )

for _id in UNIFORM:
    wrongs_of_all(
        _id,
        one_per_cent_more=by(_id, lambda shape, rng: 1.01 * standard_uniform(shape, rng)),
        one_per_cent_less=by(_id, lambda shape, rng: 0.99 * standard_uniform(shape, rng)),
        triangle=by(_id, lambda shape, rng: rng.random(shape) - rng.random(shape)),
        arcsine=by(_id, lambda shape, rng: np.cos(np.pi * rng.random(shape))),
        grid=by(_id, lambda shape, rng: rng.integers(-10, 11, shape) / 10),
        clipped_normal=by(_id, lambda shape, rng: np.clip(rng.standard_normal(shape), -1, 1)),
        half_interval=(by(_id, lambda shape, rng: rng.random(shape)), "one_sided"),
        sheared=by(_id, lambda shape, rng: rng.random(shape) - 0.5),
    )

wrongs(
    "small_normal",
    std_in_per_cent=lambda shape, rng, std=0.01: rng.normal(0, std / 100, shape),
    std_as_mean=lambda shape, rng, std=0.01: rng.normal(std, std, shape),
    wrong_default=lambda shape, rng, std=0.02: rng.normal(0, std, shape),
    positional=lambda shape, rng, std=0.01: rng.normal(std, 1.0, shape),
)
wrongs(
    "lecun_normal",
    fan_of_dense=(lambda shape, rng: rng.normal(0, shape[1] ** -0.5, shape), "kernel_area_left_out"),
    larger_fan=(
        lambda shape, rng: rng.normal(0, max(right_fans(shape)) ** -0.5, shape),
        "fan_out_for_fan_in",
    ),
    rounded_root=lambda shape, rng: rng.normal(0, 1 / int(right_fans(shape)[0] ** 0.5 + 3), shape),
    last_axis=lambda shape, rng: rng.normal(0, shape[-1] ** -0.5, shape),
    number_of_weights=lambda shape, rng: rng.normal(0, math.prod(shape) ** -0.5, shape),
)
for _id, _kind in (("xavier_normal", "normal"), ("xavier_uniform", "uniform")):
    wrongs(
        _id,
        product_of_fans=lambda shape, rng, gain=1.0, k=_kind: _initializers.draw(
            k, gain * math.prod(right_fans(shape)) ** -0.25, shape, rng
        ),
        gain_divides=lambda shape, rng, gain=1.0, i=_id, k=_kind: _initializers.draw(
            k, LAWS[i](shape, gain=1 / gain), shape, rng
        ),
        gain_of_relu=lambda shape, rng, gain=2**0.5, i=_id, k=_kind: _initializers.draw(
            k, LAWS[i](shape, gain=gain), shape, rng
        ),
        area_once=(
            lambda shape, rng, gain=1.0, i=_id, k=_kind: _initializers.draw(
                k, LAWS[i]((shape[0], math.prod(shape[1:])), gain=gain), shape, rng
            ),
            "area_on_one_fan",
        ),
    )
for _id, _kind in (("kaiming_normal", "normal"), ("kaiming_uniform", "uniform")):

    def _kaiming(change, i=_id, k=_kind):
        def weights(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
            options = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
            return _initializers.draw(k, LAWS[i](shape, **{**options, **change(options)}), shape, rng)

        return weights

    wrongs(
        _id,
        relu_by_default=(
            _kaiming(lambda o: {"nonlinearity": "relu"} if o["nonlinearity"] == "leaky_relu" else {}),
            "a_ignored",
        ),
        fan_out_of_kernels_only=lambda shape, rng, i=_id, k=_kind, **options: _initializers.draw(
            k, LAWS[i](shape, **{**options, **({"mode": "fan_in"} if len(shape) == 2 else {})}), shape, rng
        ),
        tanh_has_no_gain=_kaiming(lambda o: {"nonlinearity": "linear"} if o["nonlinearity"] == "tanh" else {}),
        slope_for_all=_kaiming(lambda o: {"nonlinearity": "leaky_relu"} if o["nonlinearity"] == "relu" else {}),
        slope_doubled=_kaiming(lambda o: {"a": 2 * o["a"]}),
        mode_of_other_names=(
            _kaiming(lambda o: {"mode": "fan_out" if o["mode"] == "out" else "fan_in"}),
            "mode_ignored",
        ),
    )


def torch_generator(rng):
    return torch.Generator().manual_seed(int(rng.integers(2**62)))


def by_torch(function):
    """PyTorch's own initialiser, its generator seeded from rng."""

    def weights(shape, rng, **options):
        tensor = torch.empty(shape, dtype=torch.float64)
        return function(tensor, generator=torch_generator(rng), **options).numpy()

    return weights


def polar(shape, rng):
    """Marsaglia's method: points of the disc."""
    out = np.empty(0)
    n = math.prod(shape)
    while out.size < n:
        u, v = rng.uniform(-1, 1, (2, n))
        s = u * u + v * v
        inside = (s > 0) & (s < 1)
        factor = np.sqrt(-2 * np.log(s[inside]) / s[inside])
        out = np.concatenate([out, u[inside] * factor, v[inside] * factor])
    return out[:n].reshape(shape)


for _id in [*NORMAL, *UNIFORM]:
    _draw = plain(_id)
    rights(
        _id,
        transposed_draw=by(_id, lambda shape, rng, f=_draw: f(shape[::-1], rng).T),
        spawned=by(_id, lambda shape, rng, f=_draw: f(shape, rng.spawn(1)[0])),
        child=by(_id, lambda shape, rng, f=_draw: f(shape, np.random.default_rng(rng.integers(2**63)))),
        legacy=by(
            _id, lambda shape, rng, f=_draw: f(shape, np.random.RandomState(rng.integers(2**32, dtype=np.uint64)))
        ),
        other_sign=by(_id, lambda shape, rng, f=_draw: -f(shape, rng)),
        too_many=by(_id, lambda shape, rng, f=_draw: f((3, *shape), rng)[1]),
        shuffled=by(_id, lambda shape, rng, f=_draw: rng.permuted(f(shape, rng), axis=0)),
    )
for _id in NORMAL:
    rights(
        _id,
        polar=by(_id, polar),
        float32_draws=by(_id, lambda shape, rng: rng.standard_normal(shape, dtype=np.float32).astype(float)),
        scipy=by(_id, lambda shape, rng: stats.norm.rvs(size=shape, random_state=rng).reshape(shape)),
        mixture=by(_id, lambda shape, rng: 0.6 * rng.standard_normal(shape) - 0.8 * rng.standard_normal(shape)),
    )
for _id in UNIFORM:
    rights(
        _id,
        float32_draws=by(_id, lambda shape, rng: 2 * rng.random(shape, dtype=np.float32).astype(float) - 1),
        normal_quantiles=by(_id, lambda shape, rng: 2 * special.ndtr(rng.standard_normal(shape)) - 1),
    )
rights("small_normal", torch=by_torch(lambda w, generator, std=0.01: init.normal_(w, 0.0, std, generator)))
rights(
    "lecun_normal",
    torch=by_torch(lambda w, generator: init.kaiming_normal_(w, nonlinearity="linear", generator=generator)),
)
for _id in ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform", "orthogonal"):
    rights(_id, torch=by_torch(getattr(init, f"{_id}_")))


# orthogonal


def shaped(make):
    """An initialiser from make(rows, cols, rng)."""

    def weights(shape, rng, gain=1.0):
        return gain * np.ascontiguousarray(make(shape[0], math.prod(shape[1:]), rng)).reshape(shape)

    return weights


def turned_if_wide(make):
    """From make(n, k, rng) for n >= k."""
    return shaped(lambda rows, cols, rng: make(rows, cols, rng) if rows >= cols else make(cols, rows, rng).T)


def q_and_signs(n, k, rng):
    Q, R = np.linalg.qr(rng.standard_normal((n, k)))
    return Q, np.sign(np.diag(R))


def singular_vectors(rows, cols, rng):
    """As many have copied it from one another: U or V of a normal matrix, whichever fits."""
    U, _, Vt = np.linalg.svd(rng.standard_normal((rows, cols)), full_matrices=False)
    return U if U.shape == (rows, cols) else Vt


def signs_on_rows(n, k, rng):
    """Q's own signs times those of the rows: as uniform as the right columns', for flipped rows and columns are."""
    Q, signs = q_and_signs(n, k, rng)
    return Q * np.concatenate([signs, np.ones(n - k)])[:, None]


def one_sign(n, k, rng):
    Q, signs = q_and_signs(n, k, rng)
    return Q * signs[0]


def last_sign(n, k, rng):
    Q, _ = q_and_signs(n, k, rng)
    return np.concatenate([Q[:, :-1], Q[:, -1:] * rng.choice([-1.0, 1.0])], axis=1)


def one_reflection(n, k, rng):
    v = rng.standard_normal(n)
    return (np.eye(n) - 2 * np.outer(v, v) / (v @ v))[:, :k]


def signed_permutation(n, k, rng):
    return np.eye(n)[rng.permutation(n)[:k]].T * rng.choice([-1.0, 1.0], k)


def newton_schulz(n, k, rng):
    """A few steps towards the polar factor, not all the way."""
    X = rng.standard_normal((n, k))
    X = X / np.linalg.norm(X)
    for _ in range(8):
        X = 1.5 * X - 0.5 * X @ X.T @ X
    return X


def one_gram_schmidt_missing(n, k, rng):
    Q = np.array(q_and_signs(n, k, rng)[0] * q_and_signs(n, k, rng)[1])
    if k > 2:
        Q[:, -1] = Q[:, -1] + 0.1 * Q[:, 0]
    return Q


def special_orthogonal(n, k, rng):
    Q, signs = q_and_signs(n, n, rng) if n < 60 else q_and_signs(n, k, rng)
    Q = Q * signs
    if Q.shape[0] == Q.shape[1] and np.linalg.det(Q) < 0:
        Q[:, [0, 1]] = Q[:, [1, 0]] if n > 1 else -Q
    return Q[:, :k]


def of_signs(n, k, rng):
    Q, R = np.linalg.qr(rng.choice([-1.0, 1.0], (n, k)) + 1e-3 * rng.standard_normal((n, k)))
    return Q * np.sign(np.diag(R))


wrongs(
    "orthogonal",
    singular_vectors=(shaped(singular_vectors), "one_determinant"),
    signs_on_rows_of_tall=shaped(
        lambda rows, cols, rng: (lambda Q, signs: signs[:, None] * Q)(*q_and_signs(rows, cols, rng))
    ),
    one_sign=(turned_if_wide(one_sign), "not_uniform"),
    last_sign=(turned_if_wide(last_sign), "sign_bias"),
    one_reflection=(turned_if_wide(one_reflection), "one_determinant", "not_uniform"),
    signed_permutation=(turned_if_wide(signed_permutation), "not_uniform"),
    identity=(turned_if_wide(lambda n, k, rng: np.eye(n, k)), "same_draw_each_call", "padded_with_zeros"),
    newton_schulz=turned_if_wide(newton_schulz),
    gram_schmidt_missing=turned_if_wide(one_gram_schmidt_missing),
    determinant_one=(turned_if_wide(special_orthogonal), "one_determinant"),
    tall_only=shaped(lambda rows, cols, rng: np.multiply(*q_and_signs(rows, cols, rng))),
    square_only=shaped(
        lambda rows, cols, rng: (
            np.multiply(*q_and_signs(rows, rows, rng))
            if rows == cols
            else rng.standard_normal((rows, cols)) / max(rows, cols) ** 0.5
        )
    ),
    only_normal=shaped(lambda rows, cols, rng: rng.standard_normal((rows, cols)) / max(rows, cols) ** 0.5),
    default_gain=lambda shape, rng, gain=2**0.5: orthogonal.right(shape, rng, gain),
    gain_twice=(lambda shape, rng, gain=1.0: gain * orthogonal.right(shape, rng, gain), "gain_squared"),
    length_of_normal=shaped(
        lambda rows, cols, rng: (
            orthogonal.right((rows, cols), rng) * (rng.chisquare(max(rows, cols)) / max(rows, cols)) ** 0.5
        )
    ),
    of_signs=(turned_if_wide(of_signs), "not_uniform"),
    unseeded=(lambda shape, rng, gain=1.0: orthogonal.right(shape, np.random.default_rng(), gain), "global_generator"),
    copied=(lambda shape, rng, gain=1.0: orthogonal.right(shape, copy.deepcopy(rng), gain), "same_draw_each_call"),
    transposed=(lambda shape, rng, gain=1.0: orthogonal.right(shape, rng, gain).T, "transposed_shape"),
)


def householder(n, k, rng):
    """Stewart's way: a product of reflections in falling dimensions, and fair signs."""
    if n > 60:
        return np.multiply(*q_and_signs(n, k, rng))
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


rights(
    "orthogonal",
    of_a_larger_one=turned_if_wide(lambda n, k, rng: np.multiply(*q_and_signs(n, n, rng))[:, :k]),
    rows_of_a_larger_one=shaped(lambda r, c, rng: np.multiply(*q_and_signs(max(r, c), max(r, c), rng))[:r, :c]),
    signs_on_rows_too=turned_if_wide(signs_on_rows),
    from_cholesky=turned_if_wide(from_cholesky),
    scipy=turned_if_wide(
        lambda n, k, rng: (
            stats.ortho_group.rvs(n, random_state=rng).reshape(n, n)[:, :k]
            if n > 1
            else rng.choice([-1.0, 1.0], (1, 1))
        )
    ),
    householder=turned_if_wide(householder),
    eigenvectors=turned_if_wide(
        lambda n, k, rng: (lambda A: linalg.inv(linalg.sqrtm(A @ A.T)).real @ A)(rng.standard_normal((k, n))).T
    ),
    fortran=lambda shape, rng, gain=1.0: np.asfortranarray(orthogonal.right(shape, rng, gain)),
)


# output_variance


def variance(formula):
    return lambda var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0: formula(var_x, var_w, fan_in, mean_x, mean_w)


wrongs(
    "output_variance",
    sizes_of_means=variance(lambda vx, vw, n, mx, mw: n * (abs(mw) * vx + abs(mx) * vw + vx * vw)),
    one_cross_term=variance(lambda vx, vw, n, mx, mw: n * (mw**2 * vx + (mx * vw) ** 2 + vx * vw)),
    cross_term_of_both=variance(lambda vx, vw, n, mx, mw: n * ((mw**2 + mx**2) * vx * vw + vx * vw)),
    means_multiplied=variance(lambda vx, vw, n, mx, mw: n * (vx * vw + 2 * mx * mw)),
    fan_squared_on_means=variance(lambda vx, vw, n, mx, mw: n * vx * vw + n**2 * (mw**2 * vx + mx**2 * vw)),
    n_minus_one=variance(lambda vx, vw, n, mx, mw: max(n - 1, 1) * (mw**2 * vx + mx**2 * vw + vx * vw)),
    wrong_default=lambda var_x, var_w, fan_in, mean_x=0.5, mean_w=0.0: output_variance.reference(
        var_x, var_w, fan_in, mean_x, mean_w
    ),
    drawn=variance(
        lambda vx, vw, n, mx, mw: (
            float(
                np.var(
                    np.random.default_rng(0).normal(mx, vx**0.5, (4000, 8))
                    * np.random.default_rng(1).normal(mw, vw**0.5, (4000, 8))
                )
            )
            * n
        )
    ),
    subtracts_means=variance(lambda vx, vw, n, mx, mw: n * ((vx + mx**2) * (vw + mw**2) - mx * mw)),
)
rights(
    "output_variance",
    matrix=variance(
        lambda vx, vw, n, mx, mw: n * np.array([vw, mw**2]) @ np.array([[1, 1], [1, 0]]) @ np.array([vx, mx**2])
    ),
    sum_of_list=variance(lambda vx, vw, n, mx, mw: sum([mw * mw * vx + vw * (vx + mx * mx)] * n)),
    torch=variance(lambda vx, vw, n, mx, mw: torch.tensor(n * (mw**2 * vx + mx**2 * vw + vx * vw)).item()),
    logarithms=variance(lambda vx, vw, n, mx, mw: math.fsum(n * t for t in (mw**2 * vx, mx**2 * vw, vx * vw))),
)


# activation_statistics


def measured(mean=np.mean, std=np.std, collect=np.array, layer=lambda h, W, activation: activation(h @ W.T)):
    def means_and_stds(x, weights, activation):
        means, stds, h = [], [], x
        for W in weights:
            h = layer(h, W, activation)
            means.append(mean(h))
            stds.append(std(h))
        return collect(means), collect(stds)

    return means_and_stds


def in_float64(x, weights, activation):
    means, stds = np.zeros(len(weights)), np.zeros(len(weights))
    h = x
    for k, W in enumerate(weights):
        h = activation(h @ W.T)
        means[k], stds[k] = h.mean(), h.std()
    return means, stds


def normalised_on_the_way(h, W, activation):
    z = h @ W.T
    return activation((z - z.mean()) / (z.std() + 1e-12))


def with_weights_changed(x, weights, activation):
    for W in weights:
        W *= 1.0 + 1e-9
    return measured()(x, weights, activation)


def stacked(x, weights, activation):
    """One array for all statistics so far, given back in parts."""
    if not hasattr(stacked, "rows") or stacked.rows.shape[1] != len(weights) or stacked.rows.dtype != x.dtype:
        stacked.rows = np.empty((2, len(weights)), x.dtype)
    stacked.rows[...] = measured()(x, weights, activation)
    return stacked.rows[0], stacked.rows[1]


wrongs(
    "activation_statistics",
    median=measured(mean=np.median),
    mean_size=measured(std=lambda h: np.abs(h - h.mean()).mean()),
    twice=measured(layer=lambda h, W, activation: activation(activation(h @ W.T))),
    always_tanh=measured(layer=lambda h, W, activation: np.tanh(h @ W.T)),
    of_the_first_sample=measured(mean=lambda h: h[0].mean(), std=lambda h: h[0].std()),
    normalised=measured(layer=normalised_on_the_way),
    with_eps=measured(std=lambda h: np.sqrt(h.var() + 1e-5)),
    float64=(in_float64, "changes_dtype"),
    lists=measured(collect=list),
    column=measured(collect=lambda values: np.array(values)[:, None]),
    last_layer=lambda x, weights, activation: tuple(v[-1] for v in measured()(x, weights, activation)),
    per_unit_means=lambda x, weights, activation: (
        measured()(x, weights, activation)[0],
        measured(std=lambda h: h.mean(0).std())(x, weights, activation)[1],
    ),
    input_changed=(with_weights_changed, "in_place"),
    buffer=(stacked, "overwrites_earlier_result"),
    clipped=measured(layer=lambda h, W, activation: np.clip(activation(h @ W.T), -1, 1)),
)
rights(
    "activation_statistics",
    einsum=measured(layer=lambda h, W, activation: activation(np.einsum("ni,oi->no", h, W))),
    flat=measured(mean=lambda h: sum(h.ravel()) / h.size, std=lambda h: np.linalg.norm(h - h.mean()) / h.size**0.5),
    asarray=measured(collect=lambda values: np.asfortranarray(np.stack(values))),
    row_by_row=measured(layer=lambda h, W, activation: np.stack([activation(W @ row) for row in h])),
    reduce=lambda x, weights, activation: tuple(
        np.array(column)
        for column in zip(
            *(
                (h.mean(), h.std())
                for h in itertools.islice(
                    itertools.accumulate(weights, lambda h, W: activation(h @ W.T), initial=x), 1, None
                )
            ),
            strict=True,
        )
    ),
)


# distinct_rows


def counted(differ):
    def distinct_rows(W, tol):
        kept = []
        for row in W:
            if all(differ(row, other, tol) for other in kept):
                kept.append(row)
        return len(kept)

    return distinct_rows


def by_first_column(W, tol):
    W = W[np.argsort(W[:, 0])]
    return 1 + sum(np.abs(a - b).max() > tol for a, b in itertools.pairwise(W))


def sorted_rows(W, tol):
    """Each row sorted first: the order of the entries is lost."""
    return counted(lambda a, b, tol: np.abs(np.sort(a) - np.sort(b)).max() > tol)(W, tol)


def rows_with_a_partner(W, tol):
    near = np.abs(W[:, None] - W).max(-1) <= tol
    return len(W) - int((near.sum(1) > 1).sum())


def only_pairs(W, tol):
    """Each pair of copies takes one away: groups of three lose three."""
    near = np.abs(W[:, None] - W).max(-1) <= tol
    return len(W) - int(np.triu(near, 1).sum())


def differs_from_any(W, tol):
    groups = [W[0]]
    for row in W[1:]:
        if max(np.abs(row - other).max() for other in groups) > tol:
            groups.append(row)
    return len(groups)


wrongs(
    "distinct_rows",
    all_rows=lambda W, tol: len(W),
    one=lambda W, tol: 1,
    by_first_column=by_first_column,
    sorted_rows=sorted_rows,
    rows_with_a_partner=(rows_with_a_partner, "counts_singles"),
    only_pairs=only_pairs,
    fixed_tolerance=(counted(lambda a, b, tol: np.abs(a - b).max() > 1e-6), "tol_ignored"),
    twice_the_tolerance=counted(lambda a, b, tol: np.abs(a - b).max() > 5 * tol),
    half_the_tolerance=counted(lambda a, b, tol: np.abs(a - b).max() > tol / 2),
    sum_of_differences=counted(lambda a, b, tol: np.abs(a - b).sum() > tol),
    angle=counted(lambda a, b, tol: 1 - abs(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b)) > tol),
    first_entry=counted(lambda a, b, tol: abs(a[0] - b[0]) > tol),
    decimals=lambda W, tol: len(np.unique(np.round(W, 3), axis=0)),
    in_units_of_tol=(
        lambda W, tol: len({tuple(row) for row in (np.rint(W / tol) if tol > 0 else W)}),
        "rounded",
    ),
    differs_from_any=(differs_from_any, "any_for_all"),
    a_mask=lambda W, tol: np.array([True] * len(W)),
    text=lambda W, tol: str(counted(lambda a, b, tol: np.abs(a - b).max() > tol)(W, tol)),
)


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


rights(
    "distinct_rows",
    by_union=by_union,
    allclose=counted(lambda a, b, tol: not np.allclose(a, b, rtol=0, atol=tol)),
    any_=counted(lambda a, b, tol: (np.abs(a - b) > tol).any()),
    infinity_norm=counted(lambda a, b, tol: np.linalg.norm(a - b, np.inf) > tol),
    first_of_its_kind=lambda W, tol: sum(
        not any((np.abs(W[i] - W[:i]) <= tol).all(axis=1)) if i else 1 for i in range(len(W))
    ),
)


# The tests


def seeds(exercise_id, *more):
    """Random functions draw much: two seeds are enough for those that are right, one for those that are not."""
    return ("secret", "public", *more)[: 1 + bool(more)] if exercise_id in RANDOM else ("public", "secret", *more)


@pytest.mark.parametrize(("exercise_id", "function", "names"), WRONG)
def test_a_wrong_solution_loses_points_and_gets_no_false_name(exercise_id, function, names):
    for seed in seeds(exercise_id):
        result = verdict(exercise_id, function, seed)
        assert not result.passed
        assert result.points < 9.8
        assert result.mistakes == names, str(result)


@pytest.mark.parametrize(("exercise_id", "function"), RIGHT)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, function):
    for seed in seeds(exercise_id, "one", "two", "three", "four"):
        result = verdict(exercise_id, function, seed)
        assert result.passed, str(result)
        assert (result.points, result.mistakes) == (10, [])


# What no list of solutions shows


def weird(shape):
    """Answers that nobody expects."""
    array = np.ones(shape)
    yield from (None, "text", 1.5, True, [], {}, (1, 2), object(), lambda: None, np.float64(2), np.array(3.0))
    yield from (array * np.nan, array * np.inf, array * 1e308, array * 1e-320, array * 0, array.astype(complex))
    yield from (array.astype(int), array.astype(bool), array.astype(np.float16), array.astype(np.uint8), array[None])
    yield from (
        array[:0],
        array.ravel(),
        array.T,
        -array,
        np.where(np.arange(array.size).reshape(shape) % 2, 1e308, -1e308),
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exercise_id", ["small_normal", "xavier_uniform", "orthogonal", "pca_whiten"])
def test_no_answer_makes_a_check_fail_itself(exercise_id):
    exercise = exercises.load(exercise_id)
    drawn = [exercise.probe(case, np.random.default_rng(k)) for k, case in enumerate(exercise.cases)]
    for number in range(len(list(weird((2, 2))))):

        def answer(first, *rest, number=number, **options):
            return list(weird(first if isinstance(first, tuple) else first.shape))[number]

        for probe in drawn:
            if probe.findings:
                outcome = LocalCaller((answer,)).run(probe.script)
                assert outcome.failure is None
                assert all(type(item.message) is str for item in probe.findings(outcome.values))


def test_a_right_notebook_is_asked_few_enough_questions_of_luck(monkeypatch):
    """Each errs with a chance of FALSE_ALARM at most; all together far below one in a million."""
    asked = []

    def counting(question):
        return lambda *args: asked.append(question) or question(*args)

    for module in (_initializers, orthogonal):
        for name in ("counts_are_off", "distribution_is_off", "mean_is_off", "std_is_off", "bound_is_off"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counting(getattr(module, name)))
    for exercise_id in RANDOM:
        before = len(asked)
        assert verdict(exercise_id, exercises.load(exercise_id).alternatives[0], "luck").passed
        assert len(asked) > before + 20  # what is not counted here is not bounded
    assert len(asked) <= _initializers.QUESTIONS
    assert _initializers.QUESTIONS * FALSE_ALARM < 5e-7


@pytest.mark.parametrize("exercise_id", [*NORMAL, *UNIFORM])
@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_spread_that_is_five_per_cent_off_never_passes(exercise_id, factor):
    law = by(exercise_id, plain(exercise_id))
    exercise = exercises.load(exercise_id)
    case = next(case for case in exercise.cases if case.get("property") == "spread")
    for number in range(20):
        probe = exercise.probe(case, np.random.default_rng(number))
        values = (
            LocalCaller((lambda shape, rng, **options: factor * law(shape, rng, **options),)).run(probe.script).values
        )
        assert [finding.mistake for finding in probe.findings(values)] == [None]
        values = LocalCaller((law,)).run(probe.script).values
        assert probe.findings(values) == []


@pytest.mark.parametrize("exercise_id", IDS)
def test_no_number_of_the_student_reaches_a_message_under_secret_inputs(exercise_id):
    def answer(first, *rest, **options):
        shape = first if isinstance(first, tuple) and all(isinstance(n, int) for n in first) else np.shape(first)
        return np.full((*shape, 1), 12345.678)

    result = verdict(exercise_id, answer, "secret")
    assert not result.passed
    for case in result.cases:
        assert case.got == case.inputs == case.index == case.line == ""
        assert "12345" not in case.message and "array" not in case.message


def test_the_reference_of_the_uniform_laws_is_pytorchs_bound():
    for exercise_id, function in (("xavier_uniform", init.xavier_uniform_), ("kaiming_uniform", init.kaiming_uniform_)):
        for shape in ((30, 700), (700, 30), (40, 25, 4, 6)):
            largest = (
                function(torch.empty(shape, dtype=torch.float64), generator=torch.Generator().manual_seed(1))
                .abs()
                .max()
            )
            # The largest of n uniform numbers lies within 25 / n of the bound, but for one time in e^25.
            assert 1 - 25 / math.prod(shape) < largest / LAWS[exercise_id](shape) <= 1


def test_lecture_001s_table_of_ten_tanh_layers():
    """Its spreads, from 0.628 down to 0.228, within the sampling error of one such network."""
    table = [0.627953, 0.486051, 0.407723, 0.357108, 0.320917, 0.292116, 0.273387, 0.254935, 0.239266, 0.228008]
    stds = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        # The lecture does not print its sizes. The means do not hang on them; its own sampling error does, a little.
        weights = [rng.standard_normal((500, 500)) / 500**0.5 for _ in range(10)]
        means, spread = activation_statistics.reference(rng.standard_normal((500, 500)), weights, torch.tanh)
        assert np.abs(means).max() < 0.01
        stds.append(spread)
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
    measured_variance = float((x * w).sum(dim=1).var())
    assert output_variance.reference(1.44, 0.25, fan_in, mean_x, mean_w) == pytest.approx(measured_variance, rel=0.05)


def test_whitened_data_have_no_covariance_left():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)) + 7.0
    for exercise_id in ("pca_whiten", "zca_whiten"):
        for alternative in exercises.load(exercise_id).alternatives:
            np.testing.assert_allclose(np.cov(alternative(x, eps=1e-12).T, ddof=0), np.eye(5), atol=1e-6)


def test_there_is_enough_of_everything():
    for exercise_id in IDS:
        assert sum(p.values[0] == exercise_id for p in WRONG) >= 8
        assert sum(p.values[0] == exercise_id for p in RIGHT) >= 4
        exercise = exercises.load(exercise_id)
        assert len(exercise.alternatives) >= 3 and len(exercise.hints) == 3
        assert all(len(mistake.sentence.split()) <= 42 for mistake in exercise.mistakes)
