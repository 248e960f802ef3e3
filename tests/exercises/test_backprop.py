"""The checks of backpropagation: wrong solutions that are not in the bank lose points, odd right ones lose none.

A wrong solution is called by no mistake's name but those that stand beside it.
"""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import check, exercises
from autograder.exercises.backprop import _activations, _layers, numerical_gradient
from autograder.judge import judge
from autograder.judge.exercise import alternative_functions
from autograder.judge.judging import LocalCaller

IDS = sorted(f.stem for f in Path(_activations.__file__).parent.glob("[a-z]*.py"))
ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"]
SEEDS = ["public", "secret", "a", "b", "c", "d"]
WRONG, RIGHT = [], []


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On busy cores PyTorch's threads wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def verdict(exercise_id, *functions, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller(functions), points=10, seed=seed)


def known_right(exercise_id):
    return alternative_functions(exercises.load(exercise_id).alternatives[0])


def wrong(exercise_id, *, place=0, **functions):
    """Registers wrong functions, `name=(function, mistake, ...)` where a mistake's name is right.

    `place` is that of the function among those of the check; the others are right.
    """
    for label, entry in functions.items():
        function, *names = entry if isinstance(entry, tuple) else (entry,)
        WRONG.append(pytest.param(exercise_id, place, function, set(names), id=f"{exercise_id}-{place}-{label}"))


def right(exercise_id, **entries):
    """Registers right functions: one, or as many as the check takes."""
    for label, entry in entries.items():
        functions = entry if isinstance(entry, tuple) else (entry,)
        RIGHT.append(pytest.param(exercise_id, functions, id=f"{exercise_id}-{label}"))


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softplus(x):
    return np.logaddexp(0, x)


def into_x(function):
    """The same, written over the first argument."""

    def changed(x, *args, **hyper):
        x[...] = function(x, *args, **hyper)
        return x

    return changed


def in_one_buffer(function):
    """The same, in an array that is used again for every call of this shape."""
    buffers = {}

    def reused(x, *args, **hyper):
        out = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[...] = function(x, *args, **hyper)
        return out

    return reused


def remembered(function):
    """The first answer of each shape, for ever."""
    answers = {}

    def memorised(x, *args, **hyper):
        return answers.setdefault((x.shape, x.dtype), function(x, *args, **hyper)).copy()

    return memorised


# What every activation can get wrong


HALVES = {
    "sigmoid": (sigmoid, lambda dout, x: dout * sigmoid(x) * sigmoid(-x)),
    "tanh": (np.tanh, lambda dout, x: dout * (1 - np.tanh(x) ** 2)),
    "relu": (lambda x: np.maximum(x, 0), lambda dout, x: dout * (x > 0)),
    "leaky_relu": (
        lambda x, slope=0.1: np.where(x > 0, x, slope * x),
        lambda dout, x, slope=0.1: np.where(x > 0, dout, slope * dout),
    ),
    "elu": (
        lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda dout, x, alpha=1.0: dout * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))),
    ),
    "softplus": (softplus, lambda dout, x: dout * sigmoid(x)),
}

for _id, (_f, _b) in HALVES.items():
    wrong(
        _id,
        constant=lambda x, **h: np.zeros_like(x),
        identity=lambda x, **h: x.copy(),
        nothing=lambda x, **h: None,
        with_a_cache=lambda x, f=_f, **h: (f(x, **h), x),
        flattened=lambda x, f=_f, **h: f(x, **h).ravel(),
        summed=lambda x, f=_f, **h: f(x, **h).sum(),
        float64=(lambda x, f=_f, **h: f(x.astype(np.float64), **h), "changes_dtype"),
        float32=lambda x, f=_f, **h: f(x.astype(np.float32), **h),
        in_place=(into_x(_f), "in_place"),
        buffer=(in_one_buffer(_f), "overwrites_earlier_result"),
        memorised=remembered(_f),
        rounded=lambda x, f=_f, **h: np.round(f(x, **h), 4),
        batches_only=lambda x, f=_f, **h: f(x, **h) if x.ndim == 2 else 0 * x,
        standardised=lambda x, f=_f, **h: f(x - x.mean(), **h),
    )
    wrong(
        _id,
        place=1,
        constant=lambda dout, x, **h: np.zeros_like(x),
        upstream_alone=(lambda dout, x, **h: dout.copy(), "nothing_blocked"),
        averaged=lambda dout, x, b=_b, **h: b(dout, x, **h) / x.size,
        summed=lambda dout, x, b=_b, **h: b(dout, x, **h).sum(axis=0),
        turned=lambda dout, x, b=_b, **h: -b(dout, x, **h),
        added=lambda dout, x, b=_b, **h: b(np.ones_like(x), x, **h) + dout,
        absolute=lambda dout, x, b=_b, **h: b(abs(dout), x, **h),
        clipped=lambda dout, x, b=_b, **h: b(np.clip(dout, -1, 1), x, **h),
        float64=(lambda dout, x, b=_b, **h: b(dout.astype(np.float64), x, **h), "changes_dtype"),
        in_place=(into_x(_b), "in_place"),
        buffer=(in_one_buffer(_b), "overwrites_earlier_result"),
        memorised=remembered(_b),
        one_step_difference=lambda dout, x, f=_f, **h: dout * (f(x + 1e-4, **h) - f(x, **h)) / 1e-4,
        through_the_output=lambda dout, x, b=_b, f=_f, **h: b(dout, f(x, **h) - 0.1, **h),
    )


# Activations, one by one


wrong(
    "sigmoid",
    clipped=lambda x: 1 / (1 + np.exp(-np.clip(x, -20, 20))),
    hard=lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    from_the_other_side=(lambda x: 1 - 1 / (1 + np.exp(x)), "loses_small_values"),
    with_eps=lambda x: 1 / (1 + np.exp(-x) + 1e-6),
    quotient=(lambda x: 1 / (1 + 1 / np.exp(x)) * (np.exp(x) / np.exp(x)), "overflow"),
    never_0_nor_1=lambda x: np.clip(sigmoid(x), 1e-7, 1 - 1e-7),
    softsign=lambda x: 0.5 * (x / (1 + abs(x)) + 1),
)
wrong(
    "sigmoid",
    place=1,
    quarter=lambda dout, x: dout * 0.25,
    of_the_hard_one=lambda dout, x: dout * 0.2 * (abs(x) < 2.5),
    squares=lambda dout, x: dout * (sigmoid(x) - sigmoid(x) ** 3),
    never_dead=lambda dout, x: dout * np.maximum(sigmoid(x) * sigmoid(-x), 1e-3),
)
wrong(
    "tanh",
    softsign=lambda x: x / (1 + abs(x)),
    hard=lambda x: np.clip(x, -1, 1),
    series=lambda x: x - x**3 / 3,
    hyperbolic=lambda x: np.sinh(x) / np.cosh(x),
    scaled=lambda x: 1.7159 * np.tanh(2 * x / 3),
    clipped=lambda x: np.tanh(np.clip(x, -3, 3)),
)
wrong(
    "tanh",
    place=1,
    of_the_hard_one=lambda dout, x: dout * (abs(x) < 1),
    cosh_once=lambda dout, x: dout / np.cosh(x),
    square_of_all=lambda dout, x: dout * (1 - np.tanh(x)) ** 2,
    overflows=lambda dout, x: dout * (np.cosh(x) ** 2 - np.sinh(x) ** 2) / np.cosh(x) ** 2,
)
wrong(
    "relu",
    threshold=lambda x: np.where(x > 0.01, x, 0),
    smooth=lambda x: x * sigmoid(1.702 * x),
    small_leak=lambda x: np.where(x > 0, x, 1e-3 * x),
    square=lambda x: np.maximum(x, 0) ** 2,
    whole_numbers=lambda x: np.maximum(x.astype(int), 0).astype(x.dtype),
    by_the_sum=lambda x: x if x.sum() > 0 else 0 * x,
)
wrong(
    "relu",
    place=1,
    threshold=lambda dout, x: dout * (x > 1e-6),
    capped=lambda dout, x: dout * ((x > 0) & (x < 6)),
    small_leak=lambda dout, x: np.where(x > 0, dout, 0.01 * dout),
    product=lambda dout, x: dout * (dout * x > 0),
    other_side=lambda dout, x: dout * (x < 0),
)
wrong(
    "leaky_relu",
    default_of_0_2=lambda x, slope=0.2: np.where(x > 0, x, slope * x),
    absolute=(lambda x, slope=0.1: np.where(x > 0, x, slope * np.abs(x)), "leak_turned"),
    square_of_slope=lambda x, slope=0.1: np.where(x > 0, x, slope**2 * x),
    smaller_of_both=(lambda x, slope=0.1: np.minimum(slope * x, x), "slope_on_positive_side"),
    shifted=lambda x, slope=0.1: np.where(x > 0, x, slope * x - slope),
    leak_added=(lambda x, slope=0.1: slope * x + x * (x > 0), "slope_added"),
    floor=lambda x, slope=0.1: np.maximum(x, -slope),
)
wrong(
    "leaky_relu",
    place=1,
    slope_alone=lambda dout, x, slope=0.1: np.where(x > 0, dout, slope),
    square_of_slope=lambda dout, x, slope=0.1: np.where(x > 0, dout, slope**2 * dout),
    divided=lambda dout, x, slope=0.1: np.where(x > 0, dout, dout / max(slope, 1e-3)),
    by_sign=lambda dout, x, slope=0.1: dout * (np.sign(x) + 1) / 2 + slope * dout * (1 - np.sign(x)) / 2,
)
wrong(
    "elu",
    selu=lambda x, alpha=1.0: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(np.minimum(x, 0))),
    default_of_1_67=lambda x, alpha=1.67: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    floor=lambda x, alpha=1.0: np.maximum(x, -alpha),
    exp_of_all=lambda x, alpha=1.0: np.maximum(x, alpha * (np.exp(x) - 1)),
    clipped=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.clip(x, -2, 0))),
    minus_alpha=lambda x, alpha=1.0: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - alpha),
)
wrong(
    "elu",
    place=1,
    exp_of_all=(lambda dout, x, alpha=1.0: dout * alpha * np.exp(np.minimum(x, 0)), "alpha_everywhere_backward"),
    at_zero_none=lambda dout, x, alpha=1.0: dout * ((x > 0) + alpha * np.exp(np.minimum(x, 0)) * (x < 0)),
    alpha_minus_one=(
        lambda dout, x, alpha=1.0: dout * (alpha * np.exp(np.minimum(x, 0)) + (1 - alpha)),
        "one_for_alpha_backward",
    ),
    exponent_of_dout=lambda dout, x, alpha=1.0: np.where(x > 0, dout, alpha * np.exp(np.minimum(x, 0))),
)
wrong(
    "softplus",
    linear_from_5=lambda x: np.where(x > 5, x, np.log1p(np.exp(np.minimum(x, 5)))),
    capped=lambda x: np.log1p(np.exp(np.minimum(x, 20))),
    rounded_hinge=lambda x: np.maximum(x, 0) + np.log(2).astype(x.dtype) * np.exp(-np.abs(x)),
    zero_below=(lambda x: np.where(x < -30, 0, np.logaddexp(0, x)), "loses_small_values"),
    two_inside=lambda x: np.logaddexp(0, 2 * x) / 2,
    square_root=lambda x: (x + np.sqrt(x * x + 4)) / 2,
)
wrong(
    "softplus",
    place=1,
    two_inside=lambda dout, x: dout * sigmoid(2 * x),
    linear_from_5=lambda dout, x: dout * np.where(x > 2, 1, sigmoid(x)),
    of_the_output=lambda dout, x: dout * sigmoid(softplus(x)),
    tanh=lambda dout, x: dout * np.tanh(np.maximum(x, 0)),
)


def by_two_formulas(x):
    """Each side of 0 as one writes it, both computed everywhere."""
    return np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def in_float64(function):
    return lambda *args, **hyper: function(*(a.astype(np.float64) for a in args), **hyper).astype(args[0].dtype)


def transposed(function):
    """Fortran order in the result."""
    return lambda *args, **hyper: np.array(function(*args, **hyper), order="F")


def slope_of(function, h=1e-6):
    """A backward from central differences of the forward: right, if slow, where there is no kink."""

    def backward(dout, x, **hyper):
        x64 = x.astype(np.float64)
        slope = (function(x64 + h, **hyper) - function(x64 - h, **hyper)) / (2 * h)
        return (dout * slope).astype(dout.dtype)

    return backward


right(
    "sigmoid",
    two_formulas=(by_two_formulas, lambda dout, x: dout * np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2),
    clipped_far_out=(
        lambda x: 1 / (1 + np.exp(-np.clip(x, -500, 500))),
        lambda dout, x: dout * (0.25 - (sigmoid(x) - 0.5) ** 2),
    ),
    in_float64=tuple(map(in_float64, HALVES["sigmoid"])),
    differences=(sigmoid, slope_of(sigmoid)),
    reciprocal=(lambda x: np.reciprocal(1 + np.exp(-x)), lambda dout, x: dout * 0.25 * (1 - np.tanh(x / 2) ** 2)),
)
right(
    "tanh",
    fortran=tuple(map(transposed, HALVES["tanh"])),
    in_float64=tuple(map(in_float64, HALVES["tanh"])),
    hyperbolic=(
        lambda x: np.sinh(np.clip(x, -30, 30)) / np.cosh(np.clip(x, -30, 30)),
        lambda dout, x: dout * 4 * np.exp(-2 * np.abs(x)) / (1 + np.exp(-2 * np.abs(x))) ** 2,
    ),
    differences=(np.tanh, slope_of(np.tanh)),
)
right(
    "relu",
    clipped=(lambda x: x.clip(0), lambda dout, x: np.where(np.sign(x) == 1, dout, 0)),
    where=(lambda x: np.where(x < 0, 0, x), lambda dout, x: dout - dout * (x <= 0)),
    fmax=(lambda x: np.fmax(0, x), lambda dout, x: np.multiply(dout, x > 0, dtype=dout.dtype)),
    root=(lambda x: (x + np.sign(x) * x) / 2, lambda dout, x: dout * np.ceil(np.clip(x, 0, 1))),
)
right(
    "leaky_relu",
    sign=(
        lambda x, slope=0.1: x * np.maximum(slope, np.sign(x)),
        lambda dout, x, slope=0.1: dout * np.maximum(slope, np.sign(x)),
    ),
    shares=(
        lambda x, slope=0.1: slope * x + (1 - slope) * np.maximum(x, 0),
        lambda dout, x, slope=0.1: slope * dout + (1 - slope) * dout * (x > 0),
    ),
    in_float64=tuple(map(in_float64, HALVES["leaky_relu"])),
)
right(
    "elu",
    from_the_output=(
        HALVES["elu"][0],
        lambda dout, x, alpha=1.0: dout * np.where(x > 0, 1, HALVES["elu"][0](x, alpha) + alpha),
    ),
    clipped_far_out=(
        lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.clip(x, -80, 0))),
        lambda dout, x, alpha=1.0: np.where(x > 0, dout, alpha * dout * np.exp(np.clip(x, -80, 0))),
    ),
    in_float64=tuple(map(in_float64, HALVES["elu"])),
)
right(
    "softplus",
    two_sides=(
        lambda x: np.where(x > 0, x + np.log1p(np.exp(-x)), np.log1p(np.exp(x))),
        lambda dout, x: dout / (1 + np.exp(-x)),
    ),
    in_float64=tuple(map(in_float64, HALVES["softplus"])),
    differences=(lambda x: np.logaddexp(x, 0), slope_of(softplus)),
)


# Linear layers and maxout


def linear_cache(x, W, b):
    return x @ W + b, (x, W)


def linear_grads(dout, cache, dx=None, dW=None, db=None):
    x, W = cache
    return (
        dout @ W.T if dx is None else dx(dout, x, W),
        x.T @ dout if dW is None else dW(dout, x, W),
        dout.sum(0) if db is None else db(dout, x, W),
    )


wrong(
    "linear_forward",
    out_alone=lambda x, W, b: x @ W + b,
    first_sample=lambda x, W, b: (np.tile(x[:1] @ W + b, (len(x), 1)), None),
    mean_bias=lambda x, W, b: (x @ W + b.mean(), None),
    bias_twice=lambda x, W, b: (x @ W + 2 * b, None),
    divided=lambda x, W, b: (x @ W / len(W) + b, None),
    float16=lambda x, W, b: ((x @ W).astype(np.float16).astype(x.dtype) + b, None),
    transposed_if_square=(
        lambda x, W, b: (x @ (W.T if W.shape[0] == W.shape[1] else W) + b, None),
        "W_transposed",
    ),
    in_place=(lambda x, W, b: (np.add(b, x @ W), x.sort()), "in_place"),
    float64=(lambda x, W, b: (np.ones((len(x), 1)) * b + x @ W, None), "changes_dtype"),
)
wrong(
    "linear_backward",
    place=1,
    db_of_first=lambda dout, cache: linear_grads(dout, cache, db=lambda d, x, W: d[0]),
    db_as_mean_over_outputs=lambda dout, cache: linear_grads(dout, cache, db=lambda d, x, W: d.mean(0) * d.shape[1]),
    dx_averaged=lambda dout, cache: linear_grads(dout, cache, dx=lambda d, x, W: d @ W.T / len(d)),
    dW_from_dx=lambda dout, cache: linear_grads(dout, cache, dW=lambda d, x, W: x.T @ (x @ W)),
    none_for_dx=lambda dout, cache: linear_grads(dout, cache, dx=lambda d, x, W: None),
    dW_of_last_sample=lambda dout, cache: linear_grads(dout, cache, dW=lambda d, x, W: np.outer(x[-1], d[-1])),
    with_decay=lambda dout, cache: linear_grads(dout, cache, dW=lambda d, x, W: x.T @ d + 1e-3 * W),
    two_parts=lambda dout, cache: linear_grads(dout, cache)[:2],
    a_dict=lambda dout, cache: dict(zip(("dx", "dW", "db"), linear_grads(dout, cache), strict=True)),
    wrong_where_square=(
        lambda dout, cache: linear_grads(dout, cache, dx=lambda d, x, W: d @ (W if W.shape[0] == W.shape[1] else W.T)),
        "dx_without_transpose",
    ),
)
right(
    "linear_forward",
    outer_products=lambda x, W, b: (sum(np.outer(x[:, k], W[k]) for k in range(len(W))) + b, None),
    tensordot=lambda x, W, b: [np.tensordot(x, W, axes=1) + b[np.newaxis, :], x],
    transposed_twice=lambda x, W, b: ((W.T @ x.T + b[:, None]).T, {"W": W}),
    in_float64=lambda x, W, b: ((x.astype(float) @ W.astype(float) + b).astype(x.dtype), ()),
)
right(
    "linear_backward",
    tensordot=(
        lambda x, W, b: (x @ W + b, [x.copy(), W.T.copy()]),
        lambda dout, cache: [
            np.tensordot(dout, cache[1], axes=1),
            np.tensordot(cache[0], dout, axes=(0, 0)),
            np.add.reduce(dout, 0),
        ],
    ),
    means_times_n=(
        linear_cache,
        lambda dout, cache: linear_grads(dout, cache, db=lambda d, x, W: d.mean(axis=0) * len(d)),
    ),
    with_ones=(
        linear_cache,
        lambda dout, cache: linear_grads(dout, cache, db=lambda d, x, W: (np.ones((1, len(d)), d.dtype) @ d)[0]),
    ),
)


def maxout_cache(x, W1, b1, W2, b2):
    first, second = x @ W1 + b1, x @ W2 + b2
    return np.maximum(first, second), (x, W1, W2, first > second)


def maxout_grads(dout, cache, mask=None, share=lambda dx1, dx2: dx1 + dx2):
    x, W1, W2, won = cache
    won = won if mask is None else mask(x, won, dout)
    d1, d2 = dout * won, dout * ~won
    return share(d1 @ W1.T, d2 @ W2.T), x.T @ d1, d1.sum(0), x.T @ d2, d2.sum(0)


wrong(
    "maxout_forward",
    softmax_like=lambda x, W1, b1, W2, b2: (np.logaddexp(x @ W1 + b1, x @ W2 + b2), None),
    mean=lambda x, W1, b1, W2, b2: ((x @ W1 + b1 + x @ W2 + b2) / 2, None),
    first_always=lambda x, W1, b1, W2, b2: (x @ W1 + b1, None),
    second_bias=lambda x, W1, b1, W2, b2: (np.maximum(x @ W1, x @ W2 + b2), None),
    biases_swapped=lambda x, W1, b1, W2, b2: (np.maximum(x @ W1 + b2, x @ W2 + b1), None),
    decided_by_first_sample=lambda x, W1, b1, W2, b2: (
        np.where((x @ W1 + b1 > x @ W2 + b2)[:1], x @ W1 + b1, x @ W2 + b2),
        None,
    ),
    absolute=lambda x, W1, b1, W2, b2: (np.maximum(abs(x @ W1 + b1), abs(x @ W2 + b2)), None),
    stacked=lambda x, W1, b1, W2, b2: (np.stack([x @ W1 + b1, x @ W2 + b2]), None),
)
wrong(
    "maxout_backward",
    place=1,
    mask_of_first_row=lambda dout, cache: maxout_grads(dout, cache, lambda x, won, d: np.tile(won[:1], (len(x), 1))),
    majority=lambda dout, cache: maxout_grads(dout, cache, lambda x, won, d: np.full_like(won, won.mean() > 0.5)),
    dx_mean=lambda dout, cache: maxout_grads(dout, cache, share=lambda a, b: (a + b) / 2),
    dx_difference=lambda dout, cache: maxout_grads(dout, cache, share=lambda a, b: a - b),
    biases_swapped=lambda dout, cache: tuple(maxout_grads(dout, cache)[k] for k in (0, 1, 4, 3, 2)),
    pieces_swapped=lambda dout, cache: tuple(maxout_grads(dout, cache)[k] for k in (0, 3, 4, 1, 2)),
    four_parts=lambda dout, cache: maxout_grads(dout, cache)[1:],
    dx_averaged=lambda dout, cache: maxout_grads(dout, cache, share=lambda a, b: (a + b) / len(a)),
)
right(
    "maxout_forward",
    half_sum_and_gap=lambda x, W1, b1, W2, b2: (
        0.5 * (x @ (W1 + W2) + b1 + b2 + abs(x @ (W1 - W2) + b1 - b2)),
        "whatever the backward needs",
    ),
    sorted=lambda x, W1, b1, W2, b2: (np.sort([x @ W1 + b1, x @ W2 + b2], axis=0)[1], None),
    side_by_side=lambda x, W1, b1, W2, b2: (
        (x @ np.hstack([W1, W2]) + np.hstack([b1, b2])).reshape(len(x), 2, -1).max(axis=1),
        None,
    ),
)
right(
    "maxout_backward",
    ties_to_the_first=(
        lambda x, W1, b1, W2, b2: (
            np.maximum(x @ W1 + b1, x @ W2 + b2),
            (x, W1, W2, x @ W1 + b1 >= x @ W2 + b2),
        ),
        maxout_grads,
    ),
    whole_minus_part=(
        maxout_cache,
        lambda dout, cache: (
            maxout_grads(dout, cache)[0],
            cache[0].T @ (dout * cache[3]),
            dout.sum(0) - (dout * ~cache[3]).sum(0),
            cache[0].T @ np.where(cache[3], 0, dout),
            np.where(cache[3], 0, dout).sum(axis=0),
        ),
    ),
)


# Losses


def losses(scores, y):
    """Mean cross-entropy and its gradient."""
    return _layers.cross_entropy(scores, y)


def hinge(scores, y, margin=1.0):
    rows = np.arange(len(y))
    short = np.maximum(scores - scores[rows, y][:, None] + margin, 0)
    short[rows, y] = 0
    hit = (short > 0).astype(scores.dtype)
    hit[rows, y] = -hit.sum(1)
    return short.sum() / len(y), hit / len(y)


def balanced(p, y):
    """Each row of the gradient sums to 0: the true class's entry is minus all others."""
    rows = np.arange(len(y))
    p[rows, y] = 0
    p[rows, y] = -p.sum(axis=1)
    return p / len(y)


def log_softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def balanced_loss(log_p, y):
    """Loss and gradient from logarithms, however they were made."""
    rows, dscores = np.arange(len(y)), np.exp(log_p)
    dscores[rows, y] -= 1
    return -log_p[rows, y].mean(), dscores / len(y)


def minus_columns(scores, y):
    p = np.exp(log_softmax(scores))
    p[:, y] -= 1
    return losses(scores, y)[0], p / len(y)


def only(part, function, change):
    """The function with one of its two results changed: change(result, scores, y)."""

    def changed(scores, y, **hyper):
        results = list(function(scores, y, **hyper))
        results[part] = change(results[part], scores, y)
        return tuple(results)

    return changed


for _id, _loss in {"softmax_cross_entropy": losses, "multiclass_hinge": hinge}.items():
    wrong(
        _id,
        loss_alone=lambda s, y, f=_loss, **h: f(s, y, **h)[0],
        losses_of_samples=only(0, _loss, lambda loss, s, y: np.full(len(y), loss)),
        of_first_sample=lambda s, y, f=_loss, **h: (f(s[:1], y[:1], **h)[0], f(s, y, **h)[1]),
        gradient_of_samples=only(1, _loss, lambda d, s, y: d[np.arange(len(y)), y]),
        gradient_transposed=only(1, _loss, lambda d, s, y: d.T),
        gradient_over_n_minus_one=only(1, _loss, lambda d, s, y: d * len(y) / max(len(y) - 1, 1)),
        gradient_clipped=only(1, _loss, lambda d, s, y: np.clip(d, -0.1, 0.1)),
        labels_shifted=lambda s, y, f=_loss, **h: f(s, (y + 1) % s.shape[1], **h),
        label_of_first=lambda s, y, f=_loss, **h: f(s, np.full_like(y, y[0]), **h),
        one_based=lambda s, y, f=_loss, **h: f(s, y - (y > 0), **h),
        in_place=(lambda s, y, f=_loss, **h: (*f(s, y, **h), s.__isub__(s.max()))[:2], "in_place"),
        float64=(lambda s, y, f=_loss, **h: f(s.astype(float), y, **h), "changes_dtype"),
        labels_overwritten=(lambda s, y, f=_loss, **h: (*f(s, y, **h), y.fill(0))[:2], "in_place"),
    )

wrong(
    "softmax_cross_entropy",
    smoothed=lambda s, y: (0.999 * losses(s, y)[0] + 0.001 * np.log(s.shape[1]), losses(s, y)[1]),
    softmax_twice=lambda s, y: losses(_layers.softmax(s), y),
    sigmoid_per_class=lambda s, y: (softplus(-s[np.arange(len(y)), y]).mean(), losses(s, y)[1]),
    scores_clipped=lambda s, y: losses(np.clip(s, -500, 500), y),
    gradient_of_squares=only(1, losses, lambda d, s, y: 2 * d),
    perplexity=only(0, losses, lambda loss, s, y: np.exp(min(loss, 50))),
    max_of_batch_in_loss=lambda s, y: (
        (np.log(np.exp(s - s.max()).sum(1)) + s.max() - s[np.arange(len(y)), y]).mean(),
        losses(s, y)[1],
    ),
    base_two=only(0, losses, lambda loss, s, y: loss / math.log(2)),
    columns_in_the_gradient=(minus_columns, "columns_of_labels"),
    columns_in_the_loss=(only(0, losses, lambda loss, s, y: -log_softmax(s)[:, y].mean()), "columns_of_labels"),
    columns_in_both=(
        lambda s, y: (-log_softmax(s)[:, y].mean(), minus_columns(s, y)[1]),
        "columns_of_labels",
    ),
    logarithm_without_max=(
        lambda s, y: balanced_loss(s - np.log(np.sum(np.exp(s), axis=1, keepdims=True)), y),
        "no_max_subtraction",
    ),
    one_hot_of_eye=(
        lambda s, y: (losses(s, y)[0], (np.exp(log_softmax(s)) - np.eye(s.shape[1])[y]) / len(y)),
        "changes_dtype",
    ),
    softened=lambda s, y: losses(s / 2, y),
)
wrong(
    "multiclass_hinge",
    default_of_0_5=lambda s, y, margin=0.5: hinge(s, y, margin),
    one_against_rest=lambda s, y, margin=1.0: (
        np.maximum(margin - np.where(np.eye(s.shape[1])[y] > 0, s, -s), 0).sum() / len(y),
        hinge(s, y, margin)[1],
    ),
    mask_times_one=(
        lambda s, y, margin=1.0: (hinge(s, y, margin)[0], 1.0 * hinge(s.astype(float), y, margin)[1]),
        "changes_dtype",
    ),
    violations_counted=lambda s, y, margin=1.0: ((hinge(s, y, margin)[1] > 0).sum() / 1.0, hinge(s, y, margin)[1]),
    true_class_halved=only(1, hinge, lambda d, s, y: np.where(d < 0, d / 2, d)),
    counts_only_those_ahead=lambda s, y, margin=1.0: (hinge(s, y, margin)[0], hinge(s, y, 0.0)[1]),
    smoothed=lambda s, y, margin=1.0: (hinge(s, y, margin)[0] + 1e-3, hinge(s, y, margin)[1]),
    neighbours_only=lambda s, y, margin=1.0: hinge(s[:, :3], np.minimum(y, 2), margin),
    normalised_scores=lambda s, y, margin=1.0: hinge(s / np.abs(s).max(), y, margin),
)
right(
    "softmax_cross_entropy",
    relative_to_the_true_class=lambda s, y: (
        np.logaddexp.reduce(s - s[np.arange(len(y)), y][:, None], axis=1).mean(),
        (_layers.softmax(s) - np.eye(s.shape[1], dtype=s.dtype)[y]) / len(y),
    ),
    python_floats=lambda s, y: [float(losses(s, y)[0]), losses(s, y)[1]],
    fortran=lambda s, y: (np.array(losses(s, y)[0]), np.asfortranarray(losses(s, y)[1])),
    in_float64=lambda s, y: (losses(s.astype(float), y)[0], losses(s.astype(float), y)[1].astype(s.dtype)),
    true_class_from_the_others=lambda s, y: (losses(s, y)[0], balanced(_layers.softmax(s), y)),
)
right(
    "multiclass_hinge",
    positional_margin=lambda s, y, margin=1.0: list(hinge(s, y, margin)),
    heaviside=lambda s, y, margin=1.0: (
        hinge(s, y, margin)[0],
        (lambda hit, hot: (hit - hot * hit.sum(1, keepdims=True)) / len(y))(
            np.heaviside(s - np.take_along_axis(s, y[:, None].astype(int), 1) + margin, 0),
            np.eye(s.shape[1], dtype=s.dtype)[y],
        ),
    ),
    relu_of_all_minus_margin=lambda s, y, margin=1.0: (
        np.clip(s - s[range(len(y)), y][:, None] + margin, 0, None).sum(axis=1).mean() - margin,
        hinge(s, y, margin)[1],
    ),
)


# The two-layer network


def two_layers(params, x, y, weight_decay, *, relu=lambda z: np.maximum(z, 0), dz=None, extra=None):
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    z = x @ W1 + b1
    hidden = relu(z)
    loss, d = losses(hidden @ W2 + b2, y)
    dh = d @ W2.T
    dh = dh * (z > 0) if dz is None else dz(dh, z)
    grads = {"W1": x.T @ dh, "b1": dh.sum(0), "W2": hidden.T @ d, "b2": d.sum(0)}
    for name in ("W1", "W2"):
        loss = loss + weight_decay * (params[name] ** 2).sum()
        grads[name] = grads[name] + 2 * weight_decay * params[name]
    return (loss, grads) if extra is None else extra(loss, grads, params)


def changed(**by_key):
    """The right gradients with some replaced: key=lambda grad: ..."""

    def loss(params, x, y, weight_decay):
        value, grads = two_layers(params, x, y, weight_decay)
        return value, {name: by_key.get(name, lambda grad: grad)(grad) for name, grad in grads.items()}

    return loss


def params_updated(params, x, y, weight_decay):
    loss, grads = two_layers(params, x, y, weight_decay)
    for name, grad in grads.items():
        params[name] -= 0.1 * grad
    return loss, grads


def params_forgotten(params, x, y, weight_decay):
    result = two_layers(params, x, y, weight_decay)
    del params["b2"]
    return result


def decay_added_to_params(params, x, y, weight_decay):
    loss, grads = two_layers(params, x, y, 0.0)
    for name in ("W1", "W2"):
        loss += weight_decay * (params[name] ** 2).sum()
        params[name] *= 2 * weight_decay
        grads[name] = grads[name] + params[name]
    return loss, grads


LATE = {}


def grads_of_the_last_call(params, x, y, weight_decay):
    """Writes all gradients into the same dict and arrays."""
    loss, grads = two_layers(params, x, y, weight_decay)
    kept = LATE.setdefault((x.shape, x.dtype, params["b2"].shape, params["b1"].shape), grads)
    for name in grads:
        kept[name][...] = grads[name]
    return loss, kept


wrong(
    "two_layer_loss",
    loss_alone=lambda p, x, y, wd: two_layers(p, x, y, wd)[0],
    a_tuple_of_gradients=lambda p, x, y, wd: (two_layers(p, x, y, wd)[0], tuple(two_layers(p, x, y, wd)[1].values())),
    a_key_missing=lambda p, x, y, wd: two_layers(
        p, x, y, wd, extra=lambda v, g, p: (v, {"W1": g["W1"], "W2": g["W2"]})
    ),
    a_key_too_many=lambda p, x, y, wd: two_layers(p, x, y, wd, extra=lambda v, g, p: (v, {**g, "x": x})),
    none_for_b1=changed(b1=lambda grad: None),
    W2_transposed=changed(W2=lambda grad: grad.T),
    b1_keepdims=changed(b1=lambda grad: grad[None]),
    W1_halved=changed(W1=lambda grad: grad / 2),
    b2_turned=changed(b2=lambda grad: -grad),
    mask_at_one=lambda p, x, y, wd: two_layers(p, x, y, wd, dz=lambda dh, z: dh * (z > 1)),
    mask_of_samples=lambda p, x, y, wd: two_layers(p, x, y, wd, dz=lambda dh, z: dh * (z.sum(1) > 0)[:, None]),
    leaky=lambda p, x, y, wd: two_layers(
        p, x, y, wd, relu=lambda z: np.where(z > 0, z, 0.01 * z), dz=lambda dh, z: np.where(z > 0, dh, 0.01 * dh)
    ),
    tanh=lambda p, x, y, wd: two_layers(p, x, y, wd, relu=np.tanh, dz=lambda dh, z: dh * (1 - np.tanh(z) ** 2)),
    forward_without_relu=lambda p, x, y, wd: two_layers(p, x, y, wd, relu=lambda z: z),
    absolute_penalty=lambda p, x, y, wd: (
        two_layers(p, x, y, 0.0)[0] + wd * (abs(p["W1"]).sum() + abs(p["W2"]).sum()),
        two_layers(p, x, y, wd)[1],
    ),
    root_of_penalty=(
        lambda p, x, y, wd: (
            two_layers(p, x, y, 0.0)[0] + wd * (np.sqrt((p["W1"] ** 2).sum()) + np.sqrt((p["W2"] ** 2).sum())),
            two_layers(p, x, y, wd)[1],
        ),
        "norm_for_square",
    ),
    arguments_of_relu_backward_swapped=(
        lambda p, x, y, wd: two_layers(p, x, y, wd, dz=lambda dh, z: HALVES["relu"][1](z, dh)),
        "arguments_swapped",
    ),
    mean_of_squares=lambda p, x, y, wd: (
        two_layers(p, x, y, 0.0)[0] + wd * ((p["W1"] ** 2).mean() + (p["W2"] ** 2).mean()),
        two_layers(p, x, y, wd)[1],
    ),
    params_updated=(params_updated, "in_place"),
    params_forgotten=(params_forgotten, "in_place"),
    decay_added_to_params=(decay_added_to_params, "in_place"),
    same_dict_again=(grads_of_the_last_call, "overwrites_earlier_result"),
    float64=(lambda p, x, y, wd: two_layers(p, x.astype(float), y, wd), "changes_dtype"),
    penalty_in_float64=(lambda p, x, y, wd: two_layers(p, x, y, np.float64(wd)), "changes_dtype"),
)
right(
    "two_layer_loss",
    plain=two_layers,
    dead_units_left_out=lambda p, x, y, wd: two_layers(p, x, y, wd, dz=lambda dh, z: np.where(z <= 0, 0, dh)),
    keys_in_reverse=lambda p, x, y, wd: [
        two_layers(p, x, y, wd)[0],
        dict(reversed(list(two_layers(p, x, y, wd)[1].items()))),
    ],
    python_float=lambda p, x, y, wd: (float(two_layers(p, x, y, wd)[0]), two_layers(p, x, y, wd)[1]),
)


# Collapse


wrong(
    "collapse",
    weights_added=lambda W1, b1, W2, b2: (W1 @ W2 + W1.mean(), b1 @ W2 + b2),
    W_alone=lambda W1, b1, W2, b2: W1 @ W2,
    bias_twice=lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W2 + 2 * b2),
    bias_of_sum=lambda W1, b1, W2, b2: (W1 @ W2, b1.sum() + b2),
    bias_minus=lambda W1, b1, W2, b2: (W1 @ W2, b2 - b1 @ W2),
    mean_of_weights=lambda W1, b1, W2, b2: (W1 @ W2, b1.mean() * W2.sum(0) + b2),
    b2_through_the_pseudo_inverse=lambda W1, b1, W2, b2: (W1 @ W2, (b1 + b2 @ np.linalg.pinv(W2)) @ W2),
    swapped=lambda W1, b1, W2, b2: (b1 @ W2 + b2, W1 @ W2),
    in_place=(lambda W1, b1, W2, b2: (W1 @ W2, b2.__iadd__(b1 @ W2)), "in_place"),
    float64=(lambda W1, b1, W2, b2: (np.eye(len(W1)) @ W1 @ W2, b1 @ W2 + b2), "changes_dtype"),
)
right(
    "collapse",
    einsum=lambda W1, b1, W2, b2: (np.einsum("dh,hc->dc", W1, W2), np.einsum("h,hc->c", b1, W2) + b2),
    multi_dot=lambda W1, b1, W2, b2: [np.linalg.multi_dot([W1, np.eye(len(b1), dtype=W1.dtype), W2]), b1.dot(W2) + b2],
    rows=lambda W1, b1, W2, b2: (np.array([row @ W2 for row in W1]), (b1[:, None] * W2).sum(axis=0) + b2),
)


# Gradients by differences


def differences(f, x, h=1e-5, *, formula=lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / (2 * h)):
    point = np.array(x, np.float64)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        e = np.zeros(point.shape)
        e[index] = 1
        grad[index] = formula(f, point, e, h)
    return grad


def by(formula):
    return lambda f, x, h=1e-5: differences(f, x, h, formula=formula)


def first_axis_only(f, x, h=1e-5):
    point = np.array(x, np.float64)
    grad = np.zeros(point.shape)
    for i in range(len(point)):
        up, down = point.copy(), point.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


def last_entry_forgotten(f, x, h=1e-5):
    grad = differences(f, x, h)
    grad[(-1,) * grad.ndim] = 0
    return grad


def stops_after_ten(f, x, h=1e-5):
    grad = differences(f, x, h)
    return np.where(np.arange(grad.size).reshape(grad.shape) < 10, grad, 0)


CALLS = []


def counts_its_calls(f, x, h=1e-5):
    CALLS.append(h)
    return differences(f, x, h) * (1 + 1e-4 * (len(CALLS) > 1))


def x_moved(f, x, h=1e-5):
    grad = differences(f, x, h)
    if x.dtype.kind == "f" and x.ndim:
        x += h
    return grad


def richardson(f, p, e, h):
    near, far = ((f(p + k * h * e) - f(p - k * h * e)) / (2 * k * h) for k in (1, 2))
    return (4 * near - far) / 3


wrong(
    "numerical_gradient",
    default_of_1e_3=lambda f, x, h=1e-3: differences(f, x, h),
    default_of_1e_6=lambda f, x, h=1e-6: differences(f, x, h),
    default_of_1e_7=lambda f, x, h=1e-7: differences(f, x, h),
    five_points=by(richardson),
    fixed_tiny_h=lambda f, x, h=1e-5: differences(f, x, 1e-12),
    absolute=lambda f, x, h=1e-5: abs(differences(f, x, h)),
    h_squared=by(lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / (2 * h * h)),
    second_derivative=by(lambda f, p, e, h: (f(p + h * e) - 2 * f(p) + f(p - h * e)) / h**2),
    divided_by_two_and_a_half=by(lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / (2.5 * h)),
    sum_of_both=by(lambda f, p, e, h: (f(p + h * e) + f(p - h * e)) / (2 * h)),
    first_axis_only=first_axis_only,
    last_entry_forgotten=last_entry_forgotten,
    stops_after_ten=stops_after_ten,
    a_list=lambda f, x, h=1e-5: differences(f, x, h).tolist(),
    rounded=lambda f, x, h=1e-5: np.round(differences(f, x, h), 5),
    normalised=lambda f, x, h=1e-5: differences(f, x, h) / max(np.abs(differences(f, x, h)).max(), 1),
    relative_to_f=by(lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / (2 * h) / max(abs(f(p)), 1e-8)),
    complex_step=by(lambda f, p, e, h: np.imag(f(p + 1j * h * e)) / h),
    x_moved=(x_moved, "in_place"),
    remembers=(counts_its_calls,),
    f_of_lists=by(lambda f, p, e, h: (f((p + h * e).tolist()) - f((p - h * e).tolist())) / (2 * h)),
)
right(
    "numerical_gradient",
    vectors=differences,
    twice_half=by(lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / h * 0.5),
    reversed=by(lambda f, p, e, h: (f(p - h * e) - f(p + h * e)) / (-2 * h)),
    asks_more_often=by(lambda f, p, e, h: np.mean([(f(p + h * e) - f(p - h * e)) / (2 * h) for _ in range(3)])),
    arithmetic_in_float64=lambda f, x, h=1e-5: differences(lambda p: np.float64(f(p)), x.astype(np.float64), h),
)


def errors(a, b):
    return np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))


wrong(
    "relative_error",
    median=lambda a, b: np.median(errors(a, b)),
    smallest=lambda a, b: np.min(errors(a, b)),
    first=lambda a, b: np.ravel(errors(a, b))[0],
    factor_two=lambda a, b: 2 * np.max(errors(a, b)),
    half=lambda a, b: np.max(np.abs(a - b) / np.maximum(1e-8, (np.abs(a) + np.abs(b)) / 2)),
    capped=lambda a, b: min(np.max(errors(a, b)), 0.5),
    rounded=lambda a, b: round(float(np.max(errors(a, b))), 6),
    floor_on_each=lambda a, b: np.max(np.abs(a - b) / (np.maximum(1e-8, np.abs(a)) + np.maximum(1e-8, np.abs(b)))),
    zero_where_small=lambda a, b: np.max(np.where(np.abs(a) + np.abs(b) < 1e-8, 0, errors(a, b))),
    nan_to_zero=(lambda a, b: np.nanmax(np.append(np.abs(a - b) / (np.abs(a) + np.abs(b)), 0)), "other_floor"),
    of_rows=lambda a, b: errors(a, b).max(axis=-1) if np.ndim(a) else errors(a, b),
    a_bool=lambda a, b: bool(np.max(errors(a, b)) < 1e-6),
    percent=lambda a, b: 100 * np.max(errors(a, b)),
    squared=lambda a, b: np.max(np.abs(a - b) / np.maximum(1e-8, np.hypot(a, b))),
    arrays_only=lambda a, b: errors(a, b).reshape(-1)[a.argmax()],
    in_place=(lambda a, b: (np.max(errors(a, b)), isinstance(a, np.ndarray) and a.fill(0))[0], "in_place"),
)
right(
    "relative_error",
    python_float=lambda a, b: float(np.amax(errors(np.asarray(a, float), np.asarray(b, float)))),
    infinity_norm=lambda a, b: np.linalg.norm(np.ravel(errors(a, b)), np.inf),
    array_of_shape_0=lambda a, b: np.array(np.max(errors(a, b))),
    reduced=lambda a, b: np.maximum.reduce(errors(a, b), axis=None),
)


# The proofs


@pytest.mark.parametrize(("exercise_id", "place", "function", "names"), WRONG)
@pytest.mark.parametrize("seed", ["public", "secret"])
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_solution_loses_points(exercise_id, place, function, names, seed):
    functions = list(known_right(exercise_id))
    functions[place] = function
    CALLS.clear()
    result = verdict(exercise_id, *functions, seed=seed)
    assert not result.passed and result.points < 10
    assert set(result.mistakes) <= names, result.mistakes


@pytest.mark.parametrize(("exercise_id", "functions"), RIGHT)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, functions, seed):
    result = verdict(exercise_id, *functions, seed=seed)
    assert result.passed, str(result)
    assert result.points == 10


@pytest.mark.parametrize("exercise_id", IDS)
def test_every_exercise_has_its_function_three_hints_and_short_sentences(exercise_id):
    exercise = exercises.load(exercise_id)
    assert exercise.names[-1] == (f"{exercise_id}_backward" if exercise_id in ACTIVATIONS else exercise_id)
    assert len(exercise.hints) == 3
    assert len({mistake.name for mistake in exercise.mistakes}) >= 3
    assert max(len(mistake.sentence.split()) for mistake in exercise.mistakes) <= 42


def test_there_are_sixteen_exercises():
    assert len(IDS) == 16 and set(ACTIVATIONS) <= set(IDS)


# What single properties show


@pytest.mark.parametrize("exercise_id", ["sigmoid", "tanh", "elu", "softplus"])
def test_what_overflows_fails_where_x_is_large_and_is_called_by_its_name(exercise_id):
    overflowing = [m for m in exercises.load(exercise_id).mistakes if m.name in ("overflow", "backward_overflow")]
    assert overflowing
    for mistake in overflowing:
        place = 0 if mistake.name == "overflow" else 1
        functions = list(known_right(exercise_id))
        functions[place] = mistake.functions[place]
        result = check(exercise_id, *functions, points=10)
        assert result.mistakes == [mistake.name]
        large = [case for case in result.cases if "1000" in case.title]
        assert not large[place].passed and large[1 - place].passed


def test_a_warning_about_what_np_where_throws_away_costs_nothing():
    def elu(x, alpha=1.0):
        return np.where(x > 0, x, alpha * np.expm1(x))

    result = check("elu", elu, HALVES["elu"][1], points=10)
    assert result.passed and result.advice == (
        "NumPy warns: overflow encountered in expm1. It costs nothing, but look where it comes from.",
    )


@pytest.mark.parametrize("exercise_id", ["relu", "leaky_relu", "elu"])
def test_the_derivative_at_0_is_pytorchs_and_costs_one_property(exercise_id):
    for mistake in exercises.load(exercise_id).mistakes:
        if mistake.name == "gradient_at_zero":
            result = check(exercise_id, HALVES[exercise_id][0], mistake.functions[1], points=10)
            assert [case.title for case in result.cases if not case.passed] == [
                case.title for case in result.cases if "exactly 0: " in case.title
            ]
            assert result.mistakes == ["gradient_at_zero"]


def test_two_mistakes_of_two_functions_are_both_named():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("elu").mistakes}
    result = check("elu", mistakes["loses_small_values"][0], mistakes["output_for_input"][1], points=10)
    assert result.mistakes == ["loses_small_values", "output_for_input"]


@pytest.mark.parametrize("seed", ["public", "secret"])
def test_a_gradient_is_told_by_its_key(seed):
    def first(*arguments):
        return verdict("two_layer_loss", lambda p, x, y, wd: arguments[0](p, x, y, wd), seed=seed).cases[0].message

    assert "grads['W1']" in first(changed(W1=lambda grad: grad + 1))
    missing = first(lambda p, x, y, wd: two_layers(p, x, y, wd, extra=lambda v, g, p: (v, {"W1": g["W1"]})))
    assert missing == ("grads lacks the key 'b1'" if seed == "public" else "grads has other keys than expected")
    surplus = first(lambda p, x, y, wd: two_layers(p, x, y, wd, extra=lambda v, g, p: (v, {**g, str(x[0, 0]): x})))
    assert surplus.startswith("grads has") and ("." not in surplus or seed == "public")
    kind = first(lambda p, x, y, wd: (two_layers(p, x, y, wd)[0], 5))
    assert kind == ("grads must be a dict, got int" if seed == "public" else "grads is of another type than asked for")


@pytest.mark.parametrize("hostile", [None, {}, {1: {}}, {"W1": {"W1": None}}, {"W1": "x", "b1": 1, "W2": (), "b2": 1j}])
def test_no_dict_crashes_the_judge(hostile):
    assert verdict("two_layer_loss", lambda p, x, y, wd: (0.0, hostile), seed="secret").points == 0


def test_changed_parameters_are_told_by_their_key():
    result = check("two_layer_loss", params_updated, points=10)
    case = next(case for case in result.cases if case.title == "leaves its arguments as they were")
    assert case.message.startswith("params['W1'][")
    assert "`two_layer_loss` changes its argument `params`" in result.known[0].sentence


def test_halving_h_quarters_the_error_of_what_is_wanted():
    """The property itself: what numerical_gradient is compared with has an error of order h^2, by autograd."""
    x = np.array([0.7, -1.1, 0.4])
    for name in ("mixed", "quartic", "cubic"):
        function = numerical_gradient.FUNCTIONS[name]
        exact = numerical_gradient.gradient(function, x)
        coarse, fine = (np.abs(numerical_gradient.quotients(function, x, h) - exact).max() for h in (0.02, 0.01))
        assert coarse / fine == pytest.approx(4, rel=1e-2)


def test_f_refuses_what_is_no_point():
    f = numerical_gradient.f_of(numerical_gradient.squares, (2,), False)
    assert f(np.array([1.0, 1.0])) == 5.0 and f(np.array([1, 1])) == 5.0
    for odd in (np.zeros(3), np.zeros((2, 1)), [1.0, 1.0], None, 1.0, np.zeros(2, complex), np.zeros(2, bool)):
        with pytest.raises(ValueError, match="takes one array"):
            f(odd)
    with pytest.raises(ValueError, match="takes one array"):
        f()
    alone = numerical_gradient.f_of(numerical_gradient.squares, (), True)
    assert alone(np.array(2.0)) == alone(np.float64(2)) == alone(2.0) == alone(2) == 6.0


def test_integers_cost_the_integer_cases_alone():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("numerical_gradient").mistakes}
    failed = [
        case.title for case in check("numerical_gradient", *mistakes["integer_gradient"]).cases if not case.passed
    ]
    assert set(failed) == {
        "whole numbers in x",
        "a matrix of whole numbers",
        "x in float32: the work is done in float64",
    }
