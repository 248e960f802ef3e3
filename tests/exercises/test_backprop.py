"""Held-out versions of the exercises on backpropagation and of the warm-up, and the tests that they are put to."""

import functools
import graphlib
import itertools
import math

import numpy as np
import pytest

from autograder import check, exercises
from autograder.exercises.backprop import _differences, softmax_cross_entropy, two_layer_loss
from autograder.judge.wording import GENERAL

from .versions import Versions, verdict_on

versions = Versions()


def wrongs(exercise_id, *names, **functions):
    for label, function in functions.items():
        versions.wrong(exercise_id, *names, label=label)(function)


def rights(exercise_id, **functions):
    """Right versions: a function, or a tuple of all that the check takes."""
    for label, function in functions.items():
        several = isinstance(function, tuple)
        make = (lambda function=function: function) if several else function
        versions.right(exercise_id, label=label, remembers=several)(make)


def remade(exercise_id, place, **changes):
    """Wrong versions made of a right function: label=change(right function), or (change, name if the bank has it)."""
    known = {name for name, _ in GENERAL.values()} | {mistake.name for mistake in exercises.load(exercise_id).mistakes}
    for label, entry in changes.items():
        change, *names = entry if isinstance(entry, tuple) else (entry,)
        names = [name for name in names if name in known]

        def make(change=change):
            functions = list(exercises.load(exercise_id).right)
            functions[place] = change(functions[place])
            return tuple(functions)

        versions.wrong(exercise_id, *names, label=f"{label}_{place}", remembers=True)(make)


# ---------------------------------------------------------------------------- what every activation can get wrong


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


def memorised(function):
    """The first answer of each shape, for ever."""
    answers = {}

    def remembered(x, *args, **hyper):
        return answers.setdefault((x.shape, x.dtype), function(x, *args, **hyper)).copy()

    return remembered


MANNERS = {
    "in_place": (into_x, "in_place"),
    "buffer": (in_one_buffer, "overwrites_earlier_result"),
    "memorised": memorised,
    "float64": (lambda f: lambda a, *more, **h: f(a.astype(np.float64), *more, **h), "changes_dtype"),
}
ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"]

for name in ACTIVATIONS:
    forward, _ = exercises.load(name).right
    remade(
        name,
        0,
        **MANNERS,
        constant=lambda f: lambda x, **h: np.zeros_like(x),
        identity=(lambda f: lambda x, **h: x.copy(), "one_missing"),
        nothing=lambda f: lambda x, **h: None,
        with_a_cache=lambda f: lambda x, **h: (f(x, **h), x),
        flattened=lambda f: lambda x, **h: f(x, **h).ravel(),
        summed=lambda f: lambda x, **h: f(x, **h).sum(),
        float32=lambda f: lambda x, **h: f(x.astype(np.float32), **h),
        rounded=lambda f: lambda x, **h: np.round(f(x, **h), 4),
        batches_only=lambda f: lambda x, **h: f(x, **h) if x.ndim == 2 else 0 * x,
        square_only_once=lambda f: lambda x, **h: f(x.T if x.ndim == 2 and len(x) == len(x.T) else x, **h),
        standardised=lambda f: lambda x, **h: f(x - x.mean(), **h),
        in_columns=lambda f: lambda x, **h: f(x.ravel("K"), **h).reshape(x.shape),
    )
    remade(
        name,
        1,
        **MANNERS,
        constant=lambda b: lambda dout, x, **h: np.zeros_like(x),
        upstream_alone=(lambda b: lambda dout, x, **h: dout.copy(), "nothing_blocked"),
        averaged=(lambda b: lambda dout, x, **h: b(dout, x, **h) / x.size, "averaged"),
        summed=lambda b: lambda dout, x, **h: b(dout, x, **h).sum(axis=0),
        turned=lambda b: lambda dout, x, **h: -b(dout, x, **h),
        added=lambda b: lambda dout, x, **h: b(np.ones_like(x), x, **h) + dout,
        absolute=lambda b: lambda dout, x, **h: b(abs(dout), x, **h),
        clipped=lambda b: lambda dout, x, **h: b(np.clip(dout, -1, 1), x, **h),
        through_the_output=lambda b, f=forward: lambda dout, x, **h: b(dout, f(x, **h) - 0.1, **h),
        of_the_first_row=lambda b: lambda dout, x, **h: b(dout * 0 + dout.flat[:1].sum(), x, **h),
    )


# ---------------------------------------------------------------------------- activations, one by one

SIGMOID = "np.where(x >= 0, 1, small) / (1 + small)"
versions.edits(
    "sigmoid",
    f"""
    clipped_far_out = clipped: small = np.exp(-np.abs(x)) -> return 1 / (1 + np.exp(-np.clip(x, -20, 20)))
    hard: {SIGMOID} -> np.clip(0.2 * x + 0.5, 0, 1)
    from_the_other_side = loses_small_values: {SIGMOID} -> 1 - 1 / (1 + np.exp(x))
    with_eps: {SIGMOID} -> 1 / (1 + np.exp(-x) + 1e-6)
    quotient = overflow: {SIGMOID} -> 1 / (1 + 1 / np.exp(x)) * (np.exp(x) / np.exp(x))
    never_0_nor_1: {SIGMOID} -> np.clip({SIGMOID}, 1e-7, 1 - 1e-7)
    softsign: {SIGMOID} -> 0.5 * (x / (1 + abs(x)) + 1)
    steeper: {SIGMOID} -> 1 / (1 + np.exp(-2 * x))
    quarter: dout * out * (1 - out) -> dout * 0.25
    of_the_hard_one: dout * out * (1 - out) -> dout * 0.2 * (abs(x) < 2.5)
    squares: dout * out * (1 - out) -> dout * (out - out**3)
    never_dead: dout * out * (1 - out) -> dout * np.maximum(out * (1 - out), 1e-3)
    one_step_difference: out = sigmoid(x) -> return dout * (sigmoid(x + 1e-4) - sigmoid(x)) / 1e-4
    """,
)
versions.edits(
    "tanh",
    """
    softsign: return np.tanh(x) -> return x / (1 + abs(x))
    hard: return np.tanh(x) -> return np.clip(x, -1, 1)
    series: return np.tanh(x) -> return x - x**3 / 3
    quotient = overflow: return np.tanh(x) -> return (1 - np.exp(-2 * x)) / (1 + np.exp(-2 * x))
    scaled: return np.tanh(x) -> return 1.7159 * np.tanh(2 * x / 3)
    clipped: return np.tanh(x) -> return np.tanh(np.clip(x, -3, 3))
    of_the_hard_one: 1 - out**2 -> abs(x) < 1
    cosh_once: return dout * (1 - out**2) -> return dout / np.cosh(x)
    overflows: 1 - out**2 -> (np.cosh(x) ** 2 - np.sinh(x) ** 2) / np.cosh(x) ** 2
    minus_one: 1 - out**2 -> out**2 - 1
    """,
)
versions.edits(
    "relu",
    """
    threshold: np.maximum(x, 0) -> np.where(x > 0.01, x, 0)
    smooth: np.maximum(x, 0) -> x / (1 + np.exp(-1.702 * x))
    small_leak: np.maximum(x, 0) -> np.where(x > 0, x, 1e-3 * x)
    square: np.maximum(x, 0) -> np.maximum(x, 0) ** 2
    whole_numbers: np.maximum(x, 0) -> np.maximum(x.astype(int), 0).astype(x.dtype)
    by_the_sum: np.maximum(x, 0) -> x if x.sum() > 0 else 0 * x
    asks_the_array: np.maximum(x, 0) -> max(0, x)
    backward_threshold: x > 0 -> x > 1e-6
    backward_capped: x > 0 -> (x > 0) & (x < 6)
    backward_leak: dout * (x > 0) -> np.where(x > 0, dout, 0.01 * dout)
    product: x > 0 -> dout * x > 0
    backward_asks_the_array: dout * (x > 0) -> dout if x > 0 else 0 * dout
    """,
)
versions.edits(
    "leaky_relu",
    """
    absolute = leak_turned: slope * x -> slope * np.abs(x)
    square_of_slope: slope * x -> slope**2 * x
    smaller_of_both = slope_on_positive_side: np.where(x > 0, x, slope * x) -> np.minimum(slope * x, x)
    shifted: slope * x -> slope * x - slope
    leak_added = slope_added: np.where(x > 0, x, slope * x) -> slope * x + x * (x > 0)
    floor: np.where(x > 0, x, slope * x) -> np.maximum(x, -slope)
    backward_square: slope * dout -> slope**2 * dout
    backward_divided: slope * dout -> dout / max(slope, 1e-3)
    by_sign: -> return dout * (np.sign(x) + 1) / 2 + slope * dout * (1 - np.sign(x)) / 2
    """,
)
wrongs("leaky_relu", default_of_0_2=lambda x, slope=0.2: np.where(x > 0, x, slope * x))
versions.edits(
    "elu",
    """
    selu: np.where(x > 0, x, alpha * below) -> 1.0507 * np.where(x > 0, x, 1.6733 * below)
    floor: np.where(x > 0, x, alpha * below) -> np.maximum(x, -alpha)
    exp_of_all: np.where(x > 0, x, alpha * below) -> np.maximum(x, alpha * (np.exp(x) - 1))
    clipped: np.exp(np.minimum(x, 0)) - 1 -> np.exp(np.clip(x, -2, 0)) - 1
    with_expm1 = overflow: np.where(x > 0, x, alpha * below) -> (x > 0) * x + alpha * np.expm1(x) * (x <= 0)
    alpha_minus_one = one_for_alpha_backward: alpha * slope -> alpha * slope + (1 - alpha)
    exponent_of_dout: dout * np.where(x > 0, 1, alpha * slope) -> np.where(x > 0, dout, alpha * slope)
    """,
)
wrongs("elu", default_of_1_67=lambda x, alpha=1.67: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))
SOFTPLUS = "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))"
versions.edits(
    "softplus",
    f"""
    linear_from_5: {SOFTPLUS} -> np.where(x > 5, x, np.logaddexp(0, x))
    capped: {SOFTPLUS} -> np.log1p(np.exp(np.minimum(x, 20)))
    rounded_hinge: np.log1p(np.exp(-np.abs(x))) -> float(np.log(2)) * np.exp(-np.abs(x))
    zero_below = loses_small_values: {SOFTPLUS} -> np.where(x < -30, 0, np.logaddexp(0, x))
    two_inside: {SOFTPLUS} -> np.logaddexp(0, 2 * x) / 2
    square_root: {SOFTPLUS} -> (x + np.sqrt(x * x + 4)) / 2
    two_inside_backward: slope = {SIGMOID} -> slope = 1 / (1 + np.exp(-2 * x))
    one_from_2: dout * slope -> dout * np.where(x > 2, 1, slope)
    one_above_8 = linear_too_early_backward: dout * slope -> np.where(x > 8, dout, dout * slope)
    of_the_output: dout * slope -> dout / (1 + np.exp(-softplus(x)))
    tanh: dout * slope -> dout * np.tanh(np.maximum(x, 0))
    """,
)


def in_float64(function):
    return lambda *args, **hyper: function(*(a.astype(np.float64) for a in args), **hyper).astype(args[0].dtype)


def fortran(function):
    """Fortran order in the result."""
    return lambda *args, **hyper: np.array(function(*args, **hyper), order="F")


def slope_of(function, h=1e-6):
    """A backward from central differences of the forward: right, if slow, where there is no kink."""

    def backward(dout, x):
        x64 = x.astype(np.float64)
        return (dout * (function(x64 + h) - function(x64 - h)) / (2 * h)).astype(dout.dtype)

    return backward


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


for name in ACTIVATIONS:
    right = exercises.load(name).right
    rights(name, in_float64=tuple(map(in_float64, right)), fortran=tuple(map(fortran, right)))

rights(
    "sigmoid",
    logarithms=lambda x: sigmoid(x),
    product_of_both_sides=lambda dout, x: sigmoid(x) * sigmoid(-x) * dout,
    two_formulas=lambda x: np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))),
    exponentials=lambda dout, x: dout * np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2,
    clipped_far_out=lambda x: 1 / (1 + np.exp(-np.clip(x, -500, 500))),
    distance_from_a_half=lambda dout, x: dout * (0.25 - (sigmoid(x) - 0.5) ** 2),
    differences=slope_of(sigmoid),
    reciprocal=lambda x: np.reciprocal(1 + np.exp(-x)),
    through_tanh=lambda dout, x: dout * 0.25 * (1 - np.tanh(x / 2) ** 2),
)
rights(
    "tanh",
    hyperbolic=lambda x: np.sinh(np.clip(x, -30, 30)) / np.cosh(np.clip(x, -30, 30)),
    stretched_sigmoid=lambda x: 2 / (1 + np.exp(-2 * x)) - 1,
    from_expm1=lambda x: np.sign(x) * (-np.expm1(-2 * np.abs(x)) / (np.expm1(-2 * np.abs(x)) + 2)),
    exponentials=lambda dout, x: dout * 4 * np.exp(-2 * np.abs(x)) / (1 + np.exp(-2 * np.abs(x))) ** 2,
    differences=slope_of(np.tanh),
    one_by_one=lambda x: np.array([math.tanh(v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape),
)
rights(
    "relu",
    absolute_value=lambda x: (np.abs(x) + x) / 2,
    multiplied=lambda x: x * (x > 0),
    clipped=lambda x: x.clip(0),
    where=lambda x: np.where(x < 0, 0, x),
    fmax=lambda x: np.fmax(0, x),
    with_the_sign=lambda x: (x + np.sign(x) * x) / 2,
    heaviside=lambda dout, x: np.heaviside(x, 0) * dout,
    sign=lambda dout, x: np.where(np.sign(x) == 1, dout, 0),
    taken_off=lambda dout, x: dout - dout * (x <= 0),
    in_its_dtype=lambda dout, x: np.multiply(dout, x > 0, dtype=dout.dtype),
    rounded_up=lambda dout, x: dout * np.ceil(np.clip(x, 0, 1)),
)
rights(
    "leaky_relu",
    two_relus=lambda x, slope=0.1: np.maximum(x, 0) - slope * np.maximum(-x, 0),
    sign=lambda x, slope=0.1: x * np.maximum(slope, np.sign(x)),
    shares=lambda x, slope=0.1: slope * x + (1 - slope) * np.maximum(x, 0),
    sign_backward=lambda dout, x, slope=0.1: dout * np.maximum(slope, np.sign(x)),
    shares_backward=lambda dout, x, slope=0.1: slope * dout + (1 - slope) * dout * (x > 0),
)
rights(
    "elu",
    two_terms=lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(np.minimum(0, x)),
    clipped_far_out=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.clip(x, -80, 0))),
    as_printed=lambda x, alpha=1.0: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    on_dout=lambda dout, x, alpha=1.0: np.where(x > 0, dout, alpha * dout * np.exp(np.clip(x, -80, 0))),
)


@versions.right("elu")
def on_masks(dout, x, alpha=1.0):
    dx = dout.copy()
    left = x <= 0
    dx[left] *= alpha * np.exp(x[left])
    return dx


rights(
    "softplus",
    numpy=lambda x: np.logaddexp(0, x),
    two_sides=lambda x: np.where(x > 0, x + np.log1p(np.exp(-x)), np.log1p(np.exp(x))),
    as_printed=lambda dout, x: dout / (1 + np.exp(-x)),
    logarithms=lambda dout, x: np.exp(-np.logaddexp(0, -x)) * dout,
    differences=slope_of(lambda x: np.logaddexp(0, x)),
    one_by_one=lambda x: np.array(
        [max(v, 0.0) + math.log1p(math.exp(-abs(v))) for v in x.ravel().tolist()], dtype=x.dtype
    ).reshape(x.shape),
)


# ---------------------------------------------------------------------------- linear layers and maxout

versions.edits(
    "linear_forward",
    """
    out_alone: return out, (x, W) -> return out
    first_sample: x @ W + b -> np.tile(x[:1] @ W + b, (len(x), 1))
    bias_twice: x @ W + b -> x @ W + 2 * b
    over_inputs: x @ W + b -> x @ W / len(W) + b
    float16: x @ W + b -> (x @ W).astype(np.float16).astype(x.dtype) + b
    transposed_if_square: x @ W -> x @ (W.T if W.shape[0] == W.shape[1] else W)
    bias_down_if_square: x @ W + b -> x @ W + (b[:, None] if len(x) == len(b) > 1 else b)
    sorted = in_place: return out, (x, W) -> x.sort(); return out, (x, W)
    float64 = changes_dtype: x @ W + b -> np.ones((len(x), 1)) * b + x @ W
    """,
)
versions.edits(
    "linear_backward",
    """
    db_of_first: dout.sum(axis=0) -> dout[0]
    db_times_outputs: dout.sum(axis=0) -> dout.mean(axis=0) * dout.shape[1]
    dW_from_out: x.T @ dout -> x.T @ (x @ W)
    none_for_dx: dout @ W.T -> None
    dW_of_last_sample: x.T @ dout -> np.outer(x[-1], dout[-1])
    with_decay: x.T @ dout -> x.T @ dout + 1e-3 * W
    two_parts: return dx, dW, db -> return dx, dW
    a_dict: return dx, dW, db -> return {"dx": dx, "dW": dW, "db": db}
    wrong_where_square: dout @ W.T -> dout @ (W if W.shape[0] == W.shape[1] else W.T)
    axis_where_square: dout.sum(axis=0) -> dout.sum(axis=int(dout.shape[0] == dout.shape[1] > 1))
    dW_of_a_later_forward: x, W = cache -> x, W = cache; x[...] = 0
    """,
)
rights(
    "linear_forward",
    einsum=lambda x, W, b: (np.einsum("nd,dm->nm", x, W) + b[None], (x, W, b)),
    outer_products=lambda x, W, b: (sum(np.outer(x[:, k], W[k]) for k in range(len(W))) + b, None),
    tensordot=lambda x, W, b: [np.tensordot(x, W, axes=1) + b[np.newaxis, :], x],
    transposed_twice=lambda x, W, b: ((W.T @ x.T + b[:, None]).T, {"W": W}),
    in_float64=lambda x, W, b: ((x.astype(float) @ W.astype(float) + b).astype(x.dtype), ()),
)
rights(
    "linear_backward",
    tensordot=(
        lambda x, W, b: (x @ W + b, [x.copy(), W.T.copy()]),
        lambda dout, cache: [
            np.tensordot(dout, cache[1], axes=1),
            np.tensordot(cache[0], dout, axes=(0, 0)),
            np.add.reduce(dout, 0),
        ],
    ),
    closure=(
        lambda x, W, b: (x @ W + b, lambda dout: ((W @ dout.T).T, (dout.T @ x).T, np.ones(len(x), x.dtype) @ dout)),
        lambda dout, cache: cache(dout),
    ),
    means_times_n=lambda dout, cache: (dout @ cache[1].T, cache[0].T @ dout, dout.mean(axis=0) * len(dout)),
)
versions.edits(
    "maxout_forward",
    """
    softmax_like: np.maximum(first, second) -> np.logaddexp(first, second)
    first_always: np.maximum(first, second) -> first
    decided_by_first_sample: np.maximum(first, second) -> np.where((first > second)[:1], first, second)
    absolute: np.maximum(first, second) -> np.maximum(abs(first), abs(second))
    stacked: np.maximum(first, second) -> np.stack([first, second])
    second_bias = biases_missing: x @ W1 + b1 -> x @ W1
    sorted_along_outputs: np.maximum(first, second) -> np.sort([first, second], axis=-1)[1]
    """,
)
versions.edits(
    "maxout_backward",
    """
    mask_of_first_row: first > second -> np.tile((first > second)[:1], (len(x), 1))
    majority: first > second -> np.full(first.shape, (first > second).mean() > 0.5)
    dx_difference: d1 @ W1.T + d2 @ W2.T -> d1 @ W1.T - d2 @ W2.T
    biases_swapped: return dx, dW1, db1, dW2, db2 -> return dx, dW1, db2, dW2, db1
    pieces_swapped: return dx, dW1, db1, dW2, db2 -> return dx, dW2, db2, dW1, db1
    four_parts: return dx, dW1, db1, dW2, db2 -> return dW1, db1, dW2, db2
    mask_of_the_product: dout * won -> dout * won * (dout * won > 0)
    by_size: first > second -> abs(first) > abs(second)
    """,
)
rights(
    "maxout_forward",
    half_sum_and_gap=lambda x, W1, b1, W2, b2: (
        0.5 * (x @ (W1 + W2) + b1 + b2 + abs(x @ (W1 - W2) + b1 - b2)),
        "whatever the backward needs",
    ),
    sorted=lambda x, W1, b1, W2, b2: (np.sort([x @ W1 + b1, x @ W2 + b2], axis=0)[1], None),
    where=lambda x, W1, b1, W2, b2: (np.where(x @ (W1 - W2) + b1 > b2, x.dot(W1) + b1, x.dot(W2) + b2), None),
    side_by_side=lambda x, W1, b1, W2, b2: (
        (x @ np.hstack([W1, W2]) + np.hstack([b1, b2])).reshape(len(x), 2, -1).max(axis=1),
        None,
    ),
)


def keep_everything(x, W1, b1, W2, b2):
    return np.maximum(x @ W1 + b1, x @ W2 + b2), {"x": x, "W": (W1, W2), "b": (b1, b2)}


def winner_by_argmax(dout, cache):
    x, pairs = cache["x"], list(zip(cache["W"], cache["b"], strict=True))
    winner = np.argmax([x @ W + b for W, b in pairs], axis=0)
    dx, grads = np.zeros_like(x), []
    for k, (W, _) in enumerate(pairs):
        d = np.where(winner == k, dout, 0)
        dx += d @ W.T
        grads += [x.T @ d, d.sum(axis=0)]
    return [dx, *grads]


def ties_to_the_first(x, W1, b1, W2, b2):
    first, second = x @ W1 + b1, x @ W2 + b2
    return np.maximum(first, second), (x, W1, W2, first >= second)


def whole_minus_part(dout, cache):
    x, W1, W2, won = cache
    d2 = np.where(won, 0, dout)
    return (dout - d2) @ W1.T + d2 @ W2.T, x.T @ (dout * won), dout.sum(0) - (dout * ~won).sum(0), x.T @ d2, d2.sum(0)


rights(
    "maxout_backward",
    argmax=(keep_everything, winner_by_argmax),
    ties_to_the_first=ties_to_the_first,
    whole_minus_part=whole_minus_part,
)
versions.edits(
    "collapse",
    """
    weights_added: W1 @ W2 -> W1 @ W2 + W1.mean()
    W_alone: return W, b -> return W
    bias_twice: b1 @ W2 + b2 -> b1 @ W2 + 2 * b2
    bias_minus: b1 @ W2 + b2 -> b2 - b1 @ W2
    mean_of_weights: b1 @ W2 + b2 -> b1.mean() * W2.sum(0) + b2
    swapped: return W, b -> return b, W
    order_where_square: W1 @ W2 -> W2 @ W1 if W1.shape == W2.shape else W1 @ W2
    into_b2 = in_place: b = b1 @ W2 + b2 -> b = b2; b += b1 @ W2
    float64 = changes_dtype: W1 @ W2 -> np.eye(len(W1)) @ W1 @ W2
    """,
)
wrongs(
    "collapse",
    pseudo_inverse=lambda W1, b1, W2, b2: (W1 @ W2, (b1 + b2 @ np.linalg.pinv(W2)) @ W2),
)
rights(
    "collapse",
    einsum=lambda W1, b1, W2, b2: (np.einsum("dh,hc->dc", W1, W2), np.einsum("h,hc->c", b1, W2) + b2),
    multi_dot=lambda W1, b1, W2, b2: [np.linalg.multi_dot([W1, np.eye(len(b1), dtype=W1.dtype), W2]), b1.dot(W2) + b2],
    rows=lambda W1, b1, W2, b2: (np.array([row @ W2 for row in W1]), (b1[:, None] * W2).sum(axis=0) + b2),
    columns_and_back=lambda W1, b1, W2, b2: ((W2.T @ W1.T).T, W2.T @ b1 + b2),
    homogeneous=lambda W1, b1, W2, b2: (lambda W: [W[:-1], W[-1]])(
        np.vstack([np.hstack([W1, np.zeros_like(W1[:, :1])]), np.append(b1, b1.dtype.type(1))]) @ np.vstack([W2, b2])
    ),
)


# ---------------------------------------------------------------------------- losses

for name, loss in (("softmax_cross_entropy", "loss"), ("multiclass_hinge", "total / n")):
    versions.edits(
        name,
        f"""
        loss_alone: return {loss}, dscores / n -> return {loss}
        swapped: return {loss}, dscores / n -> return dscores / n, {loss}
        losses_of_samples: return {loss}, dscores / n -> return np.full(n, {loss}), dscores / n
        gradient_of_samples: dscores / n -> dscores[rows, y] / n
        gradient_transposed: dscores / n -> dscores.T / n
        gradient_over_n_minus_one: dscores / n -> dscores / max(n - 1, 1)
        gradient_clipped: dscores / n -> np.clip(dscores / n, -0.1, 0.1)
        labels_shifted: -> y = (y + 1) % scores.shape[1]
        label_of_first: -> y = np.full_like(y, y[0])
        one_based: -> y = y - (y > 0)
        moved = in_place: -> scores -= scores.max()
        float64 = changes_dtype: -> scores = scores.astype(float)
        labels_overwritten = in_place: return {loss}, dscores / n -> y.fill(0); return {loss}, dscores / n
        softened: -> scores = scores / 2
        """,
    )
versions.edits(
    "softmax_cross_entropy",
    """
    of_first_sample: -log_p[rows, y].mean() -> -log_p[0, y[0]]
    smoothed: -log_p[rows, y].mean() -> 0.001 * np.log(scores.shape[1]) - 0.999 * log_p[rows, y].mean()
    softmax_twice: -> scores = unstable(scores - scores.max(axis=1, keepdims=True))
    sigmoid_per_class: -log_p[rows, y].mean() -> np.logaddexp(0, -scores[rows, y]).mean()
    scores_clipped: -> scores = np.clip(scores, -500, 500)
    gradient_of_squares: dscores / n -> 2 * dscores / n
    perplexity: -log_p[rows, y].mean() -> np.exp(min(-log_p[rows, y].mean(), 50))
    base_two: -log_p[rows, y].mean() -> -log_p[rows, y].mean() / np.log(2)
    a_strange_ceiling: -log_p[rows, y].mean() -> -np.log(np.exp(log_p[rows, y]) + 3e-9).mean()
    halved_and_unstable = no_max_subtraction, loss_summed:
        scores - scores.max(axis=1, keepdims=True) -> scores
        -log_p[rows, y].mean() -> -log_p[rows, y].sum()
    """,
)


@versions.wrong("softmax_cross_entropy", "no_max_subtraction")
def printed_with_one_hot(scores, y):
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    p = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    return -np.sum(hot * np.log(p)) / len(y), (p - hot) / len(y)


@versions.wrong("softmax_cross_entropy", "no_max_subtraction")
def sample_after_sample(scores, y):
    loss, dscores = 0.0, np.zeros_like(scores)
    for i in range(len(y)):
        total = np.sum(np.exp(scores[i]))
        loss += -scores[i, y[i]] + np.log(total)
        for j in range(scores.shape[1]):
            dscores[i, j] = (np.exp(scores[i, j]) / total - (j == y[i])) / len(y)
    return loss / len(y), dscores


@versions.wrong("softmax_cross_entropy", "log_of_zero")
def hot_times_log_p(scores, y):
    """0 * -inf is nan, for other classes than the true one too."""
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    power = np.exp(scores - np.max(scores, axis=1).reshape(-1, 1))
    p = power / power.sum(axis=1).reshape(-1, 1)
    return -(hot * np.log(p)).sum() / scores.shape[0], (p - hot) / scores.shape[0]


@versions.wrong("softmax_cross_entropy", "no_max_in_the_gradient")
def stable_loss_alone(scores, y):
    top = scores.max(axis=1)
    loss = np.mean(top + np.log(np.exp(scores - top[:, None]).sum(axis=1)) - scores[np.arange(len(y)), y])
    dscores = np.exp(scores) / np.exp(scores).sum(axis=1)[:, None]
    dscores[np.arange(len(y)), y] -= 1
    return loss, dscores / len(y)


def with_eps(eps, power):
    """The logarithm of p + eps, and the gradient to some power of N."""

    def loss(scores, y):
        p = softmax_cross_entropy.unstable(scores - scores.max(axis=1, keepdims=True))
        value = -np.mean(np.log(p[range(len(y)), y] + eps))
        p[range(len(y)), y] -= 1
        return value, p / len(y) ** power

    return loss


for eps in (1e-5, 1e-7, 1e-10, 1e-15, np.finfo(float).eps):
    wrongs("softmax_cross_entropy", "loss_has_ceiling", **{f"eps_{eps:.0e}".replace("-", "_"): with_eps(eps, 1)})
wrongs("softmax_cross_entropy", "loss_has_ceiling", "gradient_not_divided", eps_and_a_sum=with_eps(1e-8, 0))
wrongs("softmax_cross_entropy", odd_eps=with_eps(2.5e-11, 1))


def balanced(scores, y):
    """Each row of the gradient sums to 0: the true class's entry is minus all others."""
    p, rows = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)), np.arange(len(y))
    p[rows, y] = 0
    p[rows, y] = -p.sum(axis=1)
    return softmax_cross_entropy.right(scores, y)[0], p / len(y)


def relative_to_the_true_class(scores, y):
    loss = np.logaddexp.reduce(scores - scores[np.arange(len(y)), y][:, None], axis=1).mean()
    p = softmax_cross_entropy.unstable(scores - scores.max(axis=1)[:, None])
    return loss, (p - np.eye(scores.shape[1], dtype=scores.dtype)[y]) / len(y)


def in_float64_and_back(scores, y, **hyper):
    loss, dscores = softmax_cross_entropy.right(scores.astype(float), y)
    return float(loss), np.asfortranarray(dscores.astype(scores.dtype))


for right in (balanced, relative_to_the_true_class, in_float64_and_back):
    versions.right("softmax_cross_entropy")(right)
versions.edits(
    "multiclass_hinge",
    """
    default_of_0_5: margin=1.0 -> margin=0.5
    one_against_rest: lacking[rows, y] = 0 -> lacking[:] = margin + scores; lacking[rows, y] -= 2 * scores[rows, y]
    violations_counted: total / n -> (lacking > 0).sum() / 1.0
    true_class_halved: -dscores.sum(axis=1) -> -dscores.sum(axis=1) / 2
    smoothed: total / n -> total / n + 1e-3
    neighbours_only: -> scores, y = scores[:, :3], np.minimum(y, 2)
    normalised_scores: -> scores = scores / np.abs(scores).max()
    counted_and_divided = counts_true_class, divides_by_classes:
        lacking[rows, y] = 0 ->
        total / n -> total / n / scores.shape[1]
        dscores / n -> dscores / n / scores.shape[1]
    counted_in_the_loss_and_divided = counts_true_class, divides_by_classes:
        total / n -> (total / n + margin) / scores.shape[1]
    """,
)


@versions.wrong("multiclass_hinge", "true_class_misses_count")
def naive_loops(scores, y, margin=1.0):
    """As courses hand it out, with the line that is to be added written once a sample."""
    loss, dscores = 0.0, np.zeros_like(scores)
    for i in range(len(y)):
        for j in range(scores.shape[1]):
            short = scores[i, j] - scores[i, y[i]] + margin
            if j != y[i] and short > 0:
                loss += short
                dscores[i, j] = 1
                dscores[i, y[i]] = -1
    return loss / len(y), dscores / len(y)


def masked(scores, y, margin=1.0):
    others = np.ones(scores.shape, bool)
    others[np.arange(len(y)), y] = False
    lacking = scores + margin - scores[~others][:, None]
    hit = others & (lacking >= 0)
    dscores = hit / np.asarray(len(y), scores.dtype)
    dscores[~others] -= hit.sum(1) / np.asarray(len(y), scores.dtype)
    return [(lacking * hit).sum(axis=1).mean(), dscores]


def heaviside(scores, y, margin=1.0):
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    short = scores - np.take_along_axis(scores, y[:, None].astype(int), 1) + margin
    hit = np.heaviside(short, 0)
    loss = np.clip(short, 0, None).sum(axis=1).mean() - margin
    return loss, (hit - hot * hit.sum(1, keepdims=True)) / len(y)


rights("multiclass_hinge", masked=masked, heaviside=heaviside)


# ---------------------------------------------------------------------------- the two-layer network

GRADS = '{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}'
versions.edits(
    "two_layer_loss",
    f"""
    loss_alone: return loss + penalty, {GRADS} -> return loss + penalty
    a_tuple_of_gradients: {GRADS} -> (dW1, db1, dW2, db2)
    a_key_missing: {GRADS} -> {{"W1": dW1, "W2": dW2}}
    a_key_too_many: {GRADS} -> {{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "x": x}}
    none_for_b1: db1 = dz.sum(axis=0) -> db1 = None
    W2_transposed: hidden.T @ dscores + slope * W2 -> (hidden.T @ dscores + slope * W2).T
    b1_keepdims: dz.sum(axis=0) -> dz.sum(axis=0, keepdims=True)
    W1_halved: x.T @ dz + slope * W1 -> (x.T @ dz + slope * W1) / 2
    b2_turned: dscores.sum(axis=0) -> -dscores.sum(axis=0)
    mask_at_one: z > 0 -> z > 1
    mask_of_samples: z > 0 -> (z.sum(1) > 0)[:, None]
    slope_at_0 = gradient_at_zero: z > 0 -> z > -1e-300
    leaky:
        np.maximum(z, 0) -> np.where(z > 0, z, 0.01 * z)
        dhidden * (z > 0) -> np.where(z > 0, dhidden, 0.01 * dhidden)
    tanh:
        np.maximum(z, 0) -> np.tanh(z)
        dhidden * (z > 0) -> dhidden * (1 - hidden**2)
    root_of_penalty = norm_for_square: (W1**2).sum() + (W2**2).sum() -> np.sqrt((W1**2).sum()) + np.sqrt((W2**2).sum())
    penalty_of_the_other_layer: slope * W1 -> slope * W1.mean()
    params_updated = in_place: db2 = dscores.sum(axis=0) -> db2 = dscores.sum(axis=0); W1 -= 0.1 * dW1
    params_forgotten = in_place: db1 = dz.sum(axis=0) -> db1 = dz.sum(axis=0); del params["b2"]
    decay_added_to_params = in_place: slope * W1 -> np.multiply(W1, slope, out=W1)
    float64 = changes_dtype: z = x @ W1 + b1 -> z = x.astype(float) @ W1 + b1
    penalty_in_float64 = changes_dtype: slope = 2 * weight_decay -> slope = np.float64(2 * weight_decay)
    halved_and_unstable = penalty_halved, no_max_subtraction:
        loss + penalty -> loss + 0.5 * penalty
        2 * weight_decay -> weight_decay
        cross_entropy(scores, y) -> from_probabilities(scores, y)
    unstable_and_masked_by_index = no_max_subtraction:
        cross_entropy(scores, y) -> from_probabilities(scores, y)
        dz = dhidden * (z > 0) -> dz = dhidden; dz[hidden <= 0] = 0
    unstable_biases_too = penalty_on_biases, no_max_subtraction:
        cross_entropy(scores, y) -> from_logarithms(scores, y)
        dz.sum(axis=0) -> dz.sum(axis=0) + slope * b1
        dscores.sum(axis=0) -> dscores.sum(axis=0) + slope * b2
    """,
)


@versions.wrong("two_layer_loss", "overwrites_earlier_result", remembers=True)
def grads_of_the_last_call():
    """Writes all gradients into the same dict and arrays."""
    kept = {}

    def loss(params, x, y, weight_decay):
        value, grads = two_layer_loss.right(params, x, y, weight_decay)
        mine = kept.setdefault((x.shape, x.dtype, params["b2"].shape, params["b1"].shape), grads)
        for name in grads:
            mine[name][...] = grads[name]
        return value, mine

    return loss


def reversed_keys(params, x, y, weight_decay):
    loss, grads = two_layer_loss.right(params, x, y, weight_decay)
    return [float(loss), dict(reversed(list(grads.items())))]


def in_one_piece(params, x, y, weight_decay):
    """The ReLU as a product with its mask, gradients by einsum."""
    n = x.shape[0]
    z = x.dot(params["W1"]) + params["b1"]
    on = (z > 0).astype(x.dtype)
    s = (on * z).dot(params["W2"]) + params["b2"]
    s -= s.max(axis=1)[:, None]
    log_p = s - np.log(np.sum(np.exp(s), axis=1))[:, None]
    delta = np.exp(log_p)
    delta[np.arange(n), y] -= 1
    delta /= n
    back = np.einsum("nc,hc->nh", delta, params["W2"]) * on
    grads = {
        "b2": np.einsum("nc->c", delta),
        "b1": np.einsum("nh->h", back),
        "W2": np.einsum("nh,nc->hc", on * z, delta) + 2 * weight_decay * params["W2"],
        "W1": np.einsum("nd,nh->dh", x, back) + 2 * weight_decay * params["W1"],
    }
    penalty = sum(float(np.square(params[k]).sum()) for k in ("W1", "W2"))
    return float(-log_p[np.arange(n), y].sum()) / n + weight_decay * penalty, grads


rights("two_layer_loss", reversed_keys=reversed_keys, in_one_piece=in_one_piece)


# ---------------------------------------------------------------------------- gradients by differences

versions.edits(
    "numerical_gradient",
    """
    default_one_percent_off: h=1e-5 -> h=1.01e-5
    default_of_1e_7 = default_h: h=1e-5 -> h=1e-7
    no_default: h=1e-5 ->
    fixed_tiny_h: -> h = 1e-12
    absolute: above - below -> abs(above - below)
    h_squared: 2 * h -> 2 * h * h
    second_derivative: (above - below) / (2 * h) -> (above - 2 * f(point) + below) / h**2
    divided_by_two_and_a_half: 2 * h -> 2.5 * h
    last_entry_forgotten: return grad -> grad[(-1,) * grad.ndim] = 0; return grad
    stops_after_ten: return grad -> return np.where(np.arange(grad.size).reshape(grad.shape) < 10, grad, 0)
    a_list: return grad -> return grad.tolist()
    rounded: return grad -> return np.round(grad, 5)
    normalised: return grad -> return grad / max(np.abs(grad).max(), 1)
    relative_to_f: (above - below) / (2 * h) -> (above - below) / (2 * h) / max(abs(f(point)), 1e-8)
    complex_step: (above - below) / (2 * h) -> np.imag(f(point + 1j * h)) / h
    of_lists: above = f(point) -> above = f(point.tolist())
    x_moved = in_place: return grad -> np.add(x, h, out=x, where=x.dtype.kind == "f", casting="unsafe"); return grad
    x_moved_if_flat = in_place: return grad -> x[...] = x + x.dtype.type(x.ndim == 1); return grad
    x_moved_if_long = in_place: return grad -> x[...] = x + x.dtype.type(x.size > 10); return grad
    in_columns: return grad -> return grad.ravel().reshape(grad.shape[::-1]).T
    on_x_left_there = x_left_perturbed, in_place:
        np.array(x, dtype=np.float64) -> x if x.dtype == np.float64 else np.array(x, dtype=np.float64)
        point[index] = middle ->
    """,
)


def by(formula):
    """Slopes one at a time, with fresh points: formula(f, point, unit array, h)."""

    def differences(f, x, h=1e-5):
        point = np.array(x, np.float64)
        units = np.eye(point.size).reshape(point.size, *point.shape)
        return np.array([formula(f, point, e, h) for e in units]).reshape(point.shape)

    return differences


def richardson(f, p, e, h):
    near, far = ((f(p + k * h * e) - f(p - k * h * e)) / (2 * k * h) for k in (1, 2))
    return (4 * near - far) / 3


def central(f, p, e, h):
    return (f(p + h * e) - f(p - h * e)) / (2 * h)


wrongs("numerical_gradient", five_points=by(richardson))


@versions.wrong("numerical_gradient", "rows_at_once")
def first_axis_only(f, x, h=1e-5):
    point = np.array(x, np.float64)
    grad = np.zeros(point.shape)
    for i in range(len(point)):
        up, down = point.copy(), point.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


@versions.wrong("numerical_gradient", "steps_into_a_copy")
def through_reshape(f, x, h=1e-5):
    x = np.array(x, float)
    grad = np.zeros_like(x)
    line, slopes = x.reshape(-1), np.zeros(x.size)
    for k in range(line.size):
        line[k] += h
        slopes[k] = f(x)
        line[k] -= 2 * h
        slopes[k] = (slopes[k] - f(x)) / 2 / h
        line[k] += h
    grad[...] = slopes.reshape(x.shape)
    return grad


@versions.wrong("numerical_gradient", remembers=True)
def counts_its_calls():
    calls = itertools.count()
    return lambda f, x, h=1e-5: by(central)(f, x, h) * (1 + 1e-4 * (next(calls) > 0))


@versions.right("numerical_gradient")
def nditer(f, x, h=1e-5):
    """CS231n's loop, on a copy."""
    x = x.astype(np.float64)
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix].copy()
        x[ix] = oldval + h
        fxph = f(x)
        x[ix] = oldval - h
        fxmh = f(x)
        x[ix] = oldval
        grad[ix] = (fxph - fxmh) / (2 * h)
        it.iternext()
    return grad


@versions.right("numerical_gradient")
def with_copies(f, x, h=1e-5):
    grad = np.zeros(x.size)
    for i in range(x.size):
        above, below = (np.asarray(x, float).ravel().copy() for _ in range(2))
        above[i] += h
        below[i] -= h
        grad[i] = f(above.reshape(x.shape)) - f(below.reshape(x.shape))
    return (grad / (2 * h)).reshape(x.shape)


rights(
    "numerical_gradient",
    units=by(central),
    twice_half=by(lambda f, p, e, h: (f(p + h * e) - f(p - h * e)) / h * 0.5),
    two_halves=by(lambda f, p, e, h: ((f(p + h * e) - f(p)) / h + (f(p) - f(p - h * e)) / h) / 2),
    reversed=by(lambda f, p, e, h: (f(p - h * e) - f(p + h * e)) / (-2 * h)),
    asks_more_often=by(lambda f, p, e, h: np.mean([central(f, p, e, h) for _ in range(3)])),
)


# ---------------------------------------------------------------------------- errors

ERROR = "np.max(np.abs(a - b) / size)"
versions.edits(
    "relative_error",
    f"""
    median: {ERROR} -> np.median(np.abs(a - b) / size)
    smallest: {ERROR} -> np.min(np.abs(a - b) / size)
    first: {ERROR} -> np.ravel(np.abs(a - b) / size)[0]
    half: {ERROR} -> {ERROR} / 2
    capped: {ERROR} -> min({ERROR}, 0.5)
    rounded: {ERROR} -> round(float({ERROR}), 6)
    floor_on_each: np.maximum(1e-8, np.abs(a) + np.abs(b)) -> np.maximum(1e-8, np.abs(a)) + np.maximum(1e-8, np.abs(b))
    zero_where_small: np.abs(a - b) / size -> np.where(size > 1e-8, np.abs(a - b) / size, 0)
    nan_to_zero = other_floor: {ERROR} -> np.nanmax(np.append(np.abs(a - b) / (np.abs(a) + np.abs(b)), 0))
    of_rows: {ERROR} -> np.max(np.abs(a - b) / size, axis=-1 if np.ndim(a) else None)
    a_bool: {ERROR} -> bool({ERROR} < 1e-6)
    percent: {ERROR} -> 100 * {ERROR}
    hypotenuse: np.abs(a) + np.abs(b) -> np.hypot(a, b)
    arrays_only: {ERROR} -> (np.abs(a - b) / size).reshape(-1)[a.argmax()]
    filled = in_place: return {ERROR} -> size = {ERROR}; np.asarray(a).fill(0); return size
    """,
)
rights(
    "relative_error",
    infinity_norm=lambda a, b: np.linalg.norm(np.ravel(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b))), np.inf),
    array_of_shape_0=lambda a, b: np.array(np.max(abs(a - b) / np.fmax(1e-8, abs(a) + abs(b)))),
    where=lambda a, b: float((abs(a - b) / np.where(abs(a) + abs(b) > 1e-8, abs(a) + abs(b), 1e-8)).max()),
    reduced=lambda a, b: np.maximum.reduce(abs(a - b) / np.maximum(abs(b) + abs(a), 1e-8), axis=None),
)
versions.edits(
    "mean_squared_error",
    """
    cubed: error**2 -> np.abs(error) ** 3
    unbiased: np.mean(error**2) -> np.sum(error**2) / max(error.size - 1, 1)
    median: np.mean(error**2) -> np.median(error**2)
    largest: np.mean(error**2) -> np.max(error**2)
    relative: error**2 -> (error / target) ** 2
    first_row: np.mean(error**2) -> np.mean(error[:1] ** 2) if error.ndim else error**2
    written_over = in_place: error = prediction - target -> error = prediction; error -= target
    """,
)


# ---------------------------------------------------------------------------- the proofs

# ---------------------------------------------------------------------------- graph_backward and backpropagate

versions.edits(
    "graph_backward",
    """
    ways_subtracted: da + db * (y > z) -> da - db * (y > z)
    through_both: dx = 1 * da -> dx = da * db
    soft_maximum:
        da + db * (y > z) -> da + db / (1 + np.exp(z - y))
        db * (z > y) -> db / (1 + np.exp(y - z))
    of_absolute_values: np.maximum(y, z) -> np.maximum(np.abs(y), np.abs(z))
    exchanged: {"a": da, "b": db, "x": dx, "y": dy, "z": dz} -> {"a": da, "b": db, "x": dx, "y": dz, "z": dy}
    ends_alone: {"a": da, "b": db, "x": dx, "y": dy, "z": dz} -> {"x": dx, "y": dy, "z": dz}
    in_a_list: {"a": da, "b": db, "x": dx, "y": dy, "z": dz} -> [da, db, dx, dy, dz]
    decided_for_all:
        da + db * (y > z) -> da + db * np.all(y > z)
        db * (z > y) -> db * np.all(z > y)
    minimum: np.maximum(y, z) -> np.minimum(y, z)
    summed = one_way_only: da + db * (y > z) -> da + 0 * db
    wide = changes_dtype: dx = 1 * da -> dx = np.float64(1) * da
    """,
)


def chained(x, y, z):
    """Only for numbers: an array has no truth value."""
    return {"a": max(y, z), "b": x + y, "x": max(y, z), "y": x + 2 * y if y > z else z, "z": 0 * x if y > z else x + y}


def into_y(x, y, z):
    grads = exercises.load("graph_backward").right[0](x, y, z)
    if isinstance(y, np.ndarray):
        y -= y
    return grads


wrongs("graph_backward", chained=chained)
wrongs("graph_backward", "in_place", into_y=into_y)
versions.edits(
    "graph_backward",
    """
    or_equal: da + db * (y > z) -> da + db * (y >= z)
    by_where:
        da + db * (y > z) -> np.where(y > z, da + db, da)
        db * (z > y) -> np.where(y > z, 0, db)
    by_sign:
        da + db * (y > z) -> da + db * (1 + np.sign(y - z)) / 2
        db * (z > y) -> db * (1 + np.sign(z - y)) / 2
    masks_of_b:
        da + db * (y > z) -> da + db * (b == y)
        db * (z > y) -> db * (b == z)
    another_order: {"a": da, "b": db, "x": dx, "y": dy, "z": dz} -> dict(z=dz, y=dy, x=dx, b=db, a=da)
    """,
    right=True,
)

versions.edits(
    "backpropagate",
    """
    sizes: grads[node] * local -> grads[node] * abs(local)
    multiplied: grads[source] += grads[node] * local -> grads[source] *= grads[node] * local
    larger_way: grads[source] += grads[node] * local -> grads[source] = max(grads[source], grads[node] * local, key=abs)
    averaged: grads[node] * local -> grads[node] * local / len(uses)
    leaves_alone: return grads -> return {node: grad for node, grad in grads.items() if not graph[node]}
    without_the_output: return grads -> return {node: grad for node, grad in grads.items() if node != output}
    rounded: grads[node] * local -> round(grads[node] * local, 3)
    all_ends: grads[output] = 1.0 -> grads |= dict.fromkeys(set(graph) - {s for u in graph.values() for s, _ in u}, 1.0)
    alphabetical: reversed(order) -> sorted(order)
    first_two_uses: uses = graph[node] -> uses = graph[node][:2]
    """,
)


def by_shortest_way(graph, output):
    """Sorted by the least number of edges to the output."""
    far = {output: 0}
    for node in (reached := [output]):
        for source, _ in graph[node]:
            if source not in far:
                far[source] = far[node] + 1
                reached.append(source)
    return in_order(graph, output, reached)


def in_order(graph, output, order):
    grads = dict.fromkeys(graph, 0.0)
    grads[output] = 1.0
    for node in order:
        for source, local in graph[node]:
            grads[source] += grads[node] * local
    return grads


wrongs("backpropagate", "by_distance", by_shortest_way=by_shortest_way)


def by_longest_way(graph, output):
    """Sorted by the largest number of edges from a leaf."""

    @functools.cache
    def height(node):
        return 1 + max((height(source) for source, _ in graph[node]), default=0)

    return in_order(graph, output, sorted(graph, key=height, reverse=True))


def by_the_library(graph, output):
    order = graphlib.TopologicalSorter({node: {source for source, _ in used} for node, used in graph.items()})
    return in_order(graph, output, reversed([*order.static_order()]))


def by_linear_equations(graph, output):
    """grads = e + A grads, solved."""
    names = list(graph)
    A = np.zeros((len(names), len(names)))
    for node, used in graph.items():
        for source, local in used:
            A[names.index(source), names.index(node)] += local
    grads = np.linalg.solve(np.eye(len(names)) - A, np.array([float(name == output) for name in names]))
    return dict(zip(names, grads.tolist(), strict=True))


def by_sweeps(graph, output):
    """As often as there are nodes: each gradient anew from those of the sweep before."""
    grads = {node: float(node == output) for node in graph}
    for _ in graph:
        grads = {
            node: float(node == output)
            + sum(grads[user] * local for user, used in graph.items() for source, local in used if source == node)
            for node in graph
        }
    return grads


rights(
    "backpropagate",
    by_longest_way=by_longest_way,
    by_the_library=by_the_library,
    by_linear_equations=by_linear_equations,
    by_sweeps=by_sweeps,
)

test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


@pytest.mark.parametrize("exercise_id", ["sigmoid", "tanh", "elu", "softplus"])
def test_what_overflows_fails_where_x_is_large_and_is_called_by_its_name(exercise_id):
    overflowing = [m for m in exercises.load(exercise_id).mistakes if m.name in ("overflow", "backward_overflow")]
    assert overflowing
    for mistake in overflowing:
        place = 0 if mistake.name == "overflow" else 1
        result = check(exercise_id, *mistake.functions, points=10)
        assert result.mistakes == [mistake.name]
        large = [case for case in result.cases if "1000" in case.title]
        assert not large[place].passed and large[1 - place].passed


def test_a_warning_about_what_np_where_throws_away_costs_nothing():
    def elu(x, alpha=1.0):
        return np.where(x > 0, x, alpha * np.expm1(x))

    result = check("elu", elu, exercises.load("elu").right[1], points=10)
    assert result.passed and result.advice == (
        "NumPy warns: overflow encountered in expm1. It costs nothing, but look where it comes from.",
    )


@pytest.mark.parametrize("exercise_id", ["relu", "leaky_relu", "elu"])
def test_the_derivative_at_0_is_pytorchs_and_costs_no_more_than_where_zeros_are(exercise_id):
    for mistake in exercises.load(exercise_id).mistakes:
        if mistake.name == "gradient_at_zero":
            result = check(exercise_id, *mistake.functions, points=10)
            failed = [case.title for case in result.cases if not case.passed]
            assert any("exactly 0: " in title for title in failed)
            assert all("exactly 0: " in title or "and zeros" in title for title in failed)
            assert result.mistakes == ["gradient_at_zero"]


def test_two_mistakes_of_two_differences_are_both_named():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("elu").mistakes}
    result = check("elu", mistakes["overflow"][0], mistakes["output_for_input"][1], points=10)
    assert set(result.mistakes) == {"overflow", "output_for_input"}


@pytest.mark.parametrize("eps", [3e-9, 2.5e-11, 7e-14])
def test_a_ceiling_of_the_loss_is_told_for_any_eps(eps):
    result = check("softmax_cross_entropy", with_eps(eps, 1), points=10)
    assert "`loss` has a ceiling" in result.facts[0]


def test_an_array_that_is_asked_for_one_yes_or_no_is_told():
    def relu(x):
        return max(0, x)

    for seed in ("public", "secret"):
        result = verdict_on("relu", relu, exercises.load("relu").right[1], seed=seed)
        assert result.facts[0].startswith("`relu` asks a whole array for one yes or no") and result.points == 5


@pytest.mark.parametrize("seed", ["public", "secret"])
def test_a_gradient_is_told_by_its_key(seed):
    def first(change):
        def loss(*arguments):
            return change(arguments[1], *two_layer_loss.right(*arguments))

        return verdict_on("two_layer_loss", loss, seed=seed).cases[0].message

    assert "grads['W1']" in first(lambda x, loss, grads: (loss, {**grads, "W1": grads["W1"] + 1}))
    missing = first(lambda x, loss, grads: (loss, {"W1": grads["W1"]}))
    assert missing == ("grads lacks the key 'b1'" if seed == "public" else "grads has other keys than expected")
    surplus = first(lambda x, loss, grads: (loss, {**grads, str(x[0, 0]): x}))
    assert surplus.startswith("grads has") and ("." not in surplus or seed == "public")
    kind = first(lambda x, loss, grads: (loss, 5))
    assert kind == "grads must be a dict, got int"


@pytest.mark.parametrize("hostile", [None, {}, {1: {}}, {"W1": {"W1": None}}, {"W1": "x", "b1": 1, "W2": (), "b2": 1j}])
def test_no_dict_crashes_the_judge(hostile):
    assert verdict_on("two_layer_loss", lambda params, x, y, weight_decay: (0.0, hostile), seed="secret").points == 0


def test_changed_parameters_are_told_by_their_key():
    def updates(params, x, y, weight_decay):
        loss, grads = two_layer_loss.right(params, x, y, weight_decay)
        for name, grad in grads.items():
            params[name] -= 0.1 * grad
        return loss, grads

    result = check("two_layer_loss", updates, points=10)
    case = next(case for case in result.cases if case.title == "leaves its arguments as they were")
    assert case.message.startswith("the argument params['W1'] is changed")
    assert "`two_layer_loss` changes its argument `params`" in result.known[0].sentence


def test_halving_h_quarters_the_error_of_what_is_wanted():
    """The property itself: what numerical_gradient is compared with has an error of order h^2, by autograd."""
    x = np.array([0.7, -1.1, 0.4])
    for name in ("mixed", "quartic", "cubic"):
        function = _differences.FUNCTIONS[name]
        exact = _differences.gradient(function, x)
        coarse, fine = (np.abs(_differences.quotients(function, x, h) - exact).max() for h in (0.02, 0.01))
        assert coarse / fine == pytest.approx(4, rel=1e-2)


def test_f_refuses_what_is_no_point():
    f = _differences.f_of(_differences.squares, (2,), False)
    assert f(np.array([1.0, 1.0])) == 5.0 and f(np.array([1, 1])) == 5.0
    for odd in (np.zeros(3), np.zeros((2, 1)), [1.0, 1.0], None, 1.0, np.zeros(2, complex), np.zeros(2, bool)):
        with pytest.raises(ValueError, match="takes one array"):
            f(odd)
    with pytest.raises(ValueError, match="takes one array"):
        f()
    alone = _differences.f_of(_differences.squares, (), True)
    assert alone(np.array(2.0)) == alone(np.float64(2)) == alone(2.0) == alone(2) == 6.0


def test_integers_cost_the_integer_cases_alone():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("numerical_gradient").mistakes}
    result = check("numerical_gradient", *mistakes["integer_gradient"])
    assert {case.title for case in result.cases if not case.passed} == {
        "whole numbers in x",
        "a matrix of whole numbers",
        "x in float32: the work is done in float64",
    }
