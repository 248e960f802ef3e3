"""The checks of dropout: wrong solutions that are not in the bank lose points, odd right ones lose none.

A wrong solution is called by no mistake's name but those beside it. Random functions are asked with several seeds: a
wrong one is wrong for all of them, a right one for none.
"""

import importlib
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.exercises.dropout import _noise
from autograder.judge import chance, judge
from autograder.judge.exercise import alternative_functions
from autograder.judge.judging import LocalCaller
from autograder.worker.calls import Outcome
from autograder.worker.wire import Handle

IDS = sorted(f.stem for f in Path(_noise.__file__).parent.glob("[a-z]*.py"))
RANDOM = [i for i in IDS if i.endswith(("_forward", "_train"))]
SEEDS = ["public", "secret:1", "secret:2", "secret:3", "secret:4", "secret:5"]
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


def wrong(exercise_id, label, *functions, names=(), may=(), most=9.9):
    """A wrong solution, the mistakes that are named, those that may be named too, and the most points that it gets."""
    WRONG.append(pytest.param(exercise_id, functions, set(names), set(may), most, id=f"{exercise_id}-{label}"))


def right(exercise_id, label, *functions):
    RIGHT.append(pytest.param(exercise_id, functions, id=f"{exercise_id}-{label}"))


def solved(function):
    """The solution's dropout_forward with another mask: function(shape, p, rng, dtype) -> the factors."""

    def forward(x, p, rng, *, train):
        if not train:
            return x, None
        factors = function(x.shape, p, rng, x.dtype)
        return x * factors, factors

    return forward


def factors(kept, p, dtype):
    return kept.astype(dtype) / (1 - p)


def right_factors(shape, p, rng, dtype):
    return factors(rng.random(shape) >= p, p, dtype)


# dropout_forward


def off_by(share):
    """p times 1 + share."""
    return solved(lambda s, p, rng, t: factors(rng.random(s) >= min(p * (1 + share), 1), p, t))


def keep_off_by(share):
    return solved(lambda s, p, rng, t: factors(rng.random(s) < (1 - p) * (1 + share), p, t))


def half_of_the_batch_shared(s, p, rng, t):
    """The second half of the samples repeats the masks of the first."""
    half = rng.random(((s[0] + 1) // 2, *s[1:])) >= p
    return factors(np.concatenate([half, half])[: s[0]], p, t)


def pairs_of_samples_shared(s, p, rng, t):
    return factors(np.repeat(rng.random(((s[0] + 1) // 2, *s[1:])) >= p, 2, axis=0)[: s[0]], p, t)


def pairs_of_features_shared(s, p, rng, t):
    if len(s) == 1:
        return right_factors(s, p, rng, t)
    return factors(np.repeat(rng.random((s[0], (s[1] + 1) // 2, *s[2:])) >= p, 2, axis=1)[:, : s[1]], p, t)


def rolled_by_the_sample(s, p, rng, t):
    """One mask, rolled on by one for each sample."""
    row = rng.random(s[1:]) >= p
    return factors(np.array([np.roll(row, n) for n in range(s[0])]).reshape(s), p, t)


def fixed_number_in_each_row(s, p, rng, t):
    order = np.argsort(rng.random((s[0], math.prod(s[1:]))), axis=1)
    return factors((order >= round(p * order.shape[1])).reshape(s), p, t)


def stratified(s, p, rng, t):
    """Numbers from strata: about a fixed number in each call."""
    n = math.prod(s)
    u = (rng.permutation(n) + rng.random(n)) / n
    return factors((u >= p).reshape(s), p, t)


def first_unit_never_dropped(s, p, rng, t):
    mask = rng.random(s) >= p
    mask[..., 0] = True
    return factors(mask, p, t)


def each_row_from_one_seed(s, p, rng, t):
    seed = int(rng.integers(2**31))
    return factors(np.array([np.random.default_rng(seed).random(s[1:]) >= p for _ in range(s[0])]).reshape(s), p, t)


def rounded_numbers(s, p, rng, t):
    """Ten levels only: right for p = 0.4, wrong in between."""
    return factors(rng.integers(0, 10, s) >= math.floor(10 * p), p, t)


def integer_mask(s, p, rng, t):
    """rng.integers for a coin: p is ignored."""
    return factors(rng.integers(0, 2, s), p, t)


def rate_per_row(s, p, rng, t):
    mask = rng.random(s) >= p
    rows = mask.reshape(s[0], -1)
    share = np.maximum(rows.mean(axis=1), 1e-9).reshape((-1,) + (1,) * (len(s) - 1))
    return (mask / share).astype(t)


def normal_numbers(s, p, rng, t):
    return factors(rng.standard_normal(s) >= p, p, t)


def gaussian_noise(s, p, rng, t):
    return (1 + (p / (1 - p)) ** 0.5 * rng.standard_normal(s)).astype(t)


def uniform_noise(s, p, rng, t):
    return rng.uniform(0, 2, s).astype(t)


def partly_global(s, p, rng, t):
    return factors((rng.random(s) + np.random.random(s)) % 1 >= p, p, t)  # noqa: NPY002


def rng_in_a_default():
    own = np.random.default_rng(3)
    return solved(lambda s, p, rng, t: right_factors(s, p, own, t))


def kept_mask():
    masks = {}

    def mask(s, p, rng, t):
        if (s, p) not in masks:
            masks[s, p] = rng.random(s) >= p
        return factors(masks[s, p], p, t)

    return solved(mask)


def in_place(x, p, rng, *, train):
    if train:
        x *= right_factors(x.shape, p, rng, x.dtype)
    return x, None


def one_buffer():
    buffers = {}

    def forward(x, p, rng, *, train):
        if not train:
            return x, None
        out = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[...] = x * right_factors(x.shape, p, rng, x.dtype)
        return out, None

    return forward


def float64(x, p, rng, *, train):
    return (x * ((rng.random(x.shape) >= p) / (1 - p)), None) if train else (x, None)


def out_alone(x, p, rng, *, train):
    return x * right_factors(x.shape, p, rng, x.dtype) if train else x


def turned_round(x, p, rng, *, train):
    return (x, None) if train else (x * right_factors(x.shape, p, rng, x.dtype), None)


def mean_at_test(x, p, rng, *, train):
    """Vanilla dropout under the other name."""
    return (x * (rng.random(x.shape) >= p), None) if train else (x * (1 - p), None)


def matrices_only(x, p, rng, *, train):
    n, d = x.shape
    return (x * right_factors((n, d), p, rng, x.dtype), None) if train else (x, None)


def torch_layout(x, p, rng, *, train):
    """1 / (1 - p) left to NumPy's nan_to_num, for p = 1 as it thinks: kills large factors."""
    return (x * np.clip(right_factors(x.shape, p, rng, x.dtype), 0, 10), None) if train else (x, None)


for _share in (0.1, -0.1):
    wrong("dropout_forward", f"rate_off_by_{_share}", off_by(_share))
    wrong("dropout_forward", f"keep_off_by_{_share}", keep_off_by(_share))
for _mask, _names in [
    (half_of_the_batch_shared, ()),
    (pairs_of_samples_shared, ()),
    (pairs_of_features_shared, ()),
    (fixed_number_in_each_row, ("fixed_number",)),
    (stratified, ()),
    (first_unit_never_dropped, ()),
    (each_row_from_one_seed, ("shared_by_batch",)),
    (rounded_numbers, ()),
    (integer_mask, ()),
    (rate_per_row, ("measured_rate",)),
    (normal_numbers, ()),
    (gaussian_noise, ()),
    (uniform_noise, ()),
    (partly_global, ("global_generator",)),
]:
    wrong("dropout_forward", _mask.__name__, solved(_mask), names=_names)
wrong("dropout_forward", "rolled_by_the_sample", solved(rolled_by_the_sample), may=["fixed_number"])
wrong("dropout_forward", "rng_in_a_default", rng_in_a_default(), names=["global_generator"])
wrong("dropout_forward", "kept_mask", kept_mask(), names=["same_draw_each_call"])
wrong("dropout_forward", "in_place", in_place, names=["in_place"])
wrong("dropout_forward", "one_buffer", one_buffer(), names=["overwrites_earlier_result"])
wrong("dropout_forward", "float64", float64, names=["changes_dtype"])
wrong("dropout_forward", "out_alone", out_alone, most=0)
wrong("dropout_forward", "turned_round", turned_round, names=["never_drops", "active_at_test"], most=0)
wrong("dropout_forward", "mean_at_test", mean_at_test, names=["not_scaled", "scales_at_test"], most=2)
wrong("dropout_forward", "matrices_only", matrices_only)
wrong("dropout_forward", "torch_layout", torch_layout)
wrong("dropout_forward", "constant", lambda x, p, rng, *, train: (x * (1 - p), None), names=["scales_at_test"], most=0)
wrong(
    "dropout_forward", "zeros", lambda x, p, rng, *, train: (np.zeros_like(x), None), names=["active_at_test"], most=0
)
wrong("dropout_forward", "nothing", lambda x, p, rng, *, train: None, most=0)


def in_blocks(s, p, rng, t):
    """Drawn in blocks of seven, the last one cut."""
    n = math.prod(s)
    parts = [rng.random(7) for _ in range(0, n, 7)]
    return factors((np.concatenate(parts)[:n] >= p).reshape(s), p, t)


def bits(s, p, rng, t):
    """Integers of 32 bits against a threshold."""
    return factors(rng.integers(0, 2**32, s) >= int(p * 2**32), p, t)


def exponential_clocks(s, p, rng, t):
    return factors(rng.exponential(size=s) < -math.log(p) if p else np.ones(s, bool), p, t)


def fortran_order(s, p, rng, t):
    return np.asfortranarray(right_factors(s[::-1], p, rng, t).T)


def float32_draws(s, p, rng, t):
    return factors(rng.random(s, dtype=np.float32) >= p, p, t)


for _mask in (in_blocks, bits, exponential_clocks, fortran_order, float32_draws):
    right("dropout_forward", _mask.__name__, solved(_mask))
right(
    "dropout_forward",
    "spawned",
    solved(lambda s, p, rng, t: right_factors(s, p, rng.spawn(1)[0], t)),
)
right(
    "dropout_forward",
    "no_branch",
    lambda x, p, rng, *, train: [x * right_factors(x.shape, p * train, rng, x.dtype), {"train": train}],
)


# dropout_vanilla_train


def vanilla(kept, mask_of=lambda mask, x: mask):
    def train(x, p, rng):
        mask = kept(x.shape, p, rng)
        return x * mask, mask_of(mask, x)

    return train


for _share in (0.1, -0.1):
    wrong(
        "dropout_vanilla_train", f"rate_off_by_{_share}", vanilla(lambda s, p, r, e=_share: r.random(s) >= p * (1 + e))
    )
wrong(
    "dropout_vanilla_train",
    "mask_as_text",
    vanilla(lambda s, p, rng: rng.random(s) >= p, lambda mask, x: "mask"),
    most=0,
)
wrong("dropout_vanilla_train", "mask_missing", lambda x, p, rng: x * (rng.random(x.shape) >= p), most=0)
wrong("dropout_vanilla_train", "order", lambda x, p, rng: (rng.random(x.shape) >= p, x), most=0)
wrong(
    "dropout_vanilla_train",
    "mask_of_one_row",
    vanilla(lambda s, p, rng: rng.random(s) >= p, lambda mask, x: mask[:1]),
)
wrong(
    "dropout_vanilla_train",
    "indices",
    vanilla(lambda s, p, rng: rng.random(s) >= p, lambda mask, x: np.flatnonzero(mask)),
    most=0,
)
wrong(
    "dropout_vanilla_train",
    "masked_input",
    vanilla(lambda s, p, rng: rng.random(s) >= p, lambda mask, x: x * mask),
    most=0.8,
)
wrong(
    "dropout_vanilla_train",
    "exactly_p",
    vanilla(lambda s, p, rng: _noise.fixed_number(s, p, rng)),
    names=["fixed_number"],
)
wrong(
    "dropout_vanilla_train",
    "one_mask_for_pairs",
    vanilla(lambda s, p, rng: pairs_of_samples_shared(s, 0.0 if p == 0 else p, rng, float) > 0),
)
right("dropout_vanilla_train", "integers", vanilla(lambda s, p, rng: rng.binomial(1, 1 - p, s).astype(np.int8)))
right("dropout_vanilla_train", "float32_mask", lambda x, p, rng: [x * (m := (rng.random(x.shape) > p)), m.astype("f4")])
right(
    "dropout_vanilla_train",
    "negated",
    vanilla(lambda s, p, rng: ~(rng.random(s) < p)),
)


# dropout_vanilla_test

wrong("dropout_vanilla_test", "float64", lambda x, p: x * np.full(x.shape, 1 - p), names=["changes_dtype"])
wrong("dropout_vanilla_test", "rounded", lambda x, p: x * round(1 - p, 2))
wrong("dropout_vanilla_test", "pair", lambda x, p: (x * (1 - p), None), most=0)
wrong("dropout_vanilla_test", "at_most_half", lambda x, p: x * max(1 - p, 0.5))
wrong("dropout_vanilla_test", "in_place", lambda x, p: np.multiply(x, 1 - p, out=x), names=["in_place"])
wrong("dropout_vanilla_test", "mean_of_all", lambda x, p: np.full_like(x, (1 - p) * x.mean()), most=4)
right("dropout_vanilla_test", "power", lambda x, p: x * math.exp(math.log1p(-p)))
right("dropout_vanilla_test", "expectation", lambda x, p: p * np.zeros_like(x) + (1 - p) * x)
right("dropout_vanilla_test", "divided", lambda x, p: x / (1 / (1 - p)))


# dropout_backward


def scaled_forward(x, p, rng, *, train):
    cached = right_factors(x.shape, p, rng, x.dtype) if train else np.ones_like(x)
    return x * cached, cached


def identity_forward(x, p, rng, *, train):
    return x, None


def ratio_forward(x, p, rng, *, train):
    out = x * right_factors(x.shape, p, rng, x.dtype) if train else x
    return out, (x, out)


def seeded_forward(x, p, rng, *, train):
    return scaled_forward(x, p, np.random.default_rng(0), train=train)


def times(dout, cached):
    return dout * cached


def wrong_backward(label, backward, forward=scaled_forward, **more):
    wrong("dropout_backward", label, forward, backward, **more)


wrong_backward("identity", lambda dout, cache: dout, identity_forward, most=2)
wrong_backward("squared", lambda dout, cached: dout * cached**2, names=["scaled_twice"])
wrong_backward("sign_of_dout", lambda dout, cached: np.abs(dout) * cached)
wrong_backward("pair", lambda dout, cached: (dout * cached, None), most=0)
wrong_backward("summed", lambda dout, cached: (dout * cached).sum(0), most=2)
wrong_backward("in_place", lambda dout, cached: np.multiply(dout, cached, out=dout), names=["in_place"])
wrong_backward("float64", lambda dout, cached: dout * cached.astype(float), names=["changes_dtype"])
wrong_backward("divided", lambda dout, cached: dout / np.where(cached == 0, 1, cached))
wrong_backward("clipped", lambda dout, cached: np.clip(dout * cached, -1, 1))
wrong_backward(
    "ratio_of_out_and_x",
    lambda dout, cache: dout * np.divide(cache[1], cache[0], out=np.zeros_like(dout), where=cache[0] != 0),
    ratio_forward,
    names=["mask_from_output"],
)
wrong_backward("zero", lambda dout, cached: 0 * dout, most=0)
right("dropout_backward", "cached_factors", scaled_forward, times)
right("dropout_backward", "seeded_forward", seeded_forward, times)
right(
    "dropout_backward",
    "masked_writes",
    scaled_forward,
    lambda dout, c: np.where(c == 0, 0, dout * c.max()).astype(dout.dtype),
)
right("dropout_backward", "as_einsum", scaled_forward, lambda dout, c: np.einsum("...,...->...", c, dout))
right(
    "dropout_backward",
    "forward_that_does_not_scale",
    lambda x, p, rng, *, train: (x * (m := rng.random(x.shape) >= p * train), m),
    lambda dout, mask: mask * dout,
)


# dropconnect


def connected(mask, after=lambda product, b, p, rng, train: product + b):
    def forward(x, W, b, p, rng, *, train):
        cached = mask(W.shape, p, rng, W.dtype) if train else np.ones_like(W)
        return after(x @ (W * cached), b, p, rng, train), (x, W, cached)

    return forward


def paper(x, W, b, p, rng, *, train):
    """A mask for each sample, the test pass scaled, as in the paper."""
    if not train:
        return x @ W * (1 - p) + b, None
    return np.stack([row @ (W * (rng.random(W.shape) >= p)) for row in x]).astype(x.dtype) + b, None


for _share in (0.1, -0.1):
    wrong(
        "dropconnect_forward",
        f"rate_off_by_{_share}",
        connected(lambda s, p, r, t, e=_share: factors(r.random(s) >= p * (1 + e), p, t)),
    )
wrong("dropconnect_forward", "paper", paper, names=["mask_per_sample", "scales_at_test"], most=2.5)
wrong("dropconnect_forward", "no_bias", connected(right_factors, lambda y, b, p, rng, train: y), most=0)
wrong(
    "dropconnect_forward",
    "rectified",
    connected(right_factors, lambda y, b, p, rng, train: np.maximum(y + b, 0)),
    may=["bias_dropped", "drops_outputs"],
    most=0,
)
wrong("dropconnect_forward", "pairs_of_rows", connected(pairs_of_samples_shared))
wrong("dropconnect_forward", "pairs_of_columns", connected(pairs_of_features_shared))
wrong("dropconnect_forward", "fixed_in_each_row", connected(fixed_number_in_each_row), names=["fixed_number"])
wrong("dropconnect_forward", "gaussian", connected(gaussian_noise))
wrong("dropconnect_forward", "first_weight", connected(first_unit_never_dropped))
wrong(
    "dropconnect_forward",
    "float64",
    connected(lambda s, p, rng, t: right_factors(s, p, rng, float)),
    names=["changes_dtype"],
)
wrong(
    "dropconnect_forward",
    "in_place",
    lambda x, W, b, p, rng, *, train: (
        x @ np.multiply(W, right_factors(W.shape, p * train, rng, W.dtype), out=W) + b,
        None,
    ),
    names=["in_place"],
)
wrong(
    "dropconnect_forward",
    "first_half_of_the_batch_alone",
    lambda x, W, b, p, rng, *, train: (
        np.vstack([part @ (W * right_factors(W.shape, p * train, rng, W.dtype)) for part in np.array_split(x, 2)]) + b,
        None,
    ),
    names=["mask_per_sample"],
)
right("dropconnect_forward", "plain", connected(right_factors))
right("dropconnect_forward", "bits", connected(bits))
right("dropconnect_forward", "spawned", connected(lambda s, p, rng, t: right_factors(s, p, rng.spawn(1)[0], t)))
right(
    "dropconnect_forward",
    "by_columns",
    lambda x, W, b, p, rng, *, train: [
        np.stack(
            [x @ (w * right_factors(w.shape, p * train, rng, w.dtype)) + c for w, c in zip(W.T, b, strict=True)], 1
        ),
        None,
    ],
)


def plain_gradients(dout, cache):
    x, W, cached = cache
    return dout @ (W * cached).T, (x.T @ dout) * cached, dout.sum(0)


def wrong_gradients(label, change, **more):
    wrong(
        "dropconnect_backward",
        label,
        connected(right_factors),
        lambda d, c: change(*plain_gradients(d, c), d, c),
        **more,
    )


wrong_gradients("order", lambda dx, dW, db, dout, cache: (dW, dx, db), most=1)
wrong_gradients("keepdims", lambda dx, dW, db, dout, cache: (dx, dW, db[None]), most=0)
wrong_gradients("dx_masked_by_zeros_of_x", lambda dx, dW, db, dout, cache: (dx * (cache[0] != 0), dW, db), most=3)
wrong_gradients("db_of_one_sample", lambda dx, dW, db, dout, cache: (dx, dW, dout[0]), most=2)
wrong_gradients(
    "dW_squared_mask", lambda dx, dW, db, dout, cache: (dx, dW * cache[2], db), names=["dW_scaled_twice"], most=4
)
wrong_gradients("dx_alone", lambda dx, dW, db, dout, cache: dx, most=0)
wrong_gradients("sign", lambda dx, dW, db, dout, cache: (-dx, -dW, -db), most=0)
wrong(
    "dropconnect_backward",
    "forward_that_drops_nothing",
    lambda x, W, b, p, rng, *, train: (x @ W + b, (x, W, np.ones_like(W))),
    plain_gradients,
    most=2.5,
)
right("dropconnect_backward", "plain", connected(right_factors), plain_gradients)
right(
    "dropconnect_backward",
    "list_and_einsum",
    connected(bits),
    lambda d, c: [
        np.einsum("nm,dm,dm->nd", d, c[1], c[2]),
        np.einsum("nd,nm->dm", c[0], d) * c[2],
        np.einsum("nm->m", d),
    ],
)
right(
    "dropconnect_backward",
    "weights_alone",
    lambda x, W, b, p, rng, *, train: (
        x @ (V := W * (f := right_factors(W.shape, p * train, rng, W.dtype))) + b,
        (x, V, f),
    ),
    lambda d, c: (np.dot(d, c[1].T), np.dot(d.T, c[0]).T * c[2], d.sum(axis=0)),
)


# spatial_dropout_forward


def channels(mask):
    def forward(x, p, rng, *, train):
        return (x * mask(x.shape, p, rng, x.dtype), None) if train else (x, None)

    return forward


def of_channels(kept):
    return channels(lambda s, p, rng, t: factors(kept(s[:2], p, rng)[:, :, None, None], p, t))


for _share in (0.1, -0.1):
    wrong(
        "spatial_dropout_forward",
        f"rate_off_by_{_share}",
        of_channels(lambda s, p, r, e=_share: r.random(s) >= p * (1 + e)),
    )
wrong(
    "spatial_dropout_forward",
    "pairs_of_channels",
    of_channels(lambda s, p, rng: pairs_of_features_shared(s, p, rng, float) > 0),
)
wrong(
    "spatial_dropout_forward",
    "pairs_of_samples",
    of_channels(lambda s, p, rng: pairs_of_samples_shared(s, p, rng, float) > 0),
)
wrong(
    "spatial_dropout_forward",
    "fixed_number_of_channels",
    of_channels(lambda s, p, rng: fixed_number_in_each_row(s, p, rng, float) > 0),
    names=["fixed_number"],
)
wrong(
    "spatial_dropout_forward",
    "channels_last",
    channels(lambda s, p, rng, t: right_factors((s[0], 1, 1, s[3]), p, rng, t)),
    most=2,
)
wrong(
    "spatial_dropout_forward",
    "first_pixel_stays",
    channels(lambda s, p, rng, t: first_pixel(s, p, rng, t)),
    may=["single_pixels"],
    most=3,
)
wrong(
    "spatial_dropout_forward",
    "drops_nothing_for_one_channel",
    channels(lambda s, p, rng, t: one_channel_spared(s, p, rng, t)),
    may=["never_drops"],
)
wrong("spatial_dropout_forward", "plain_dropout", solved(right_factors), names=["single_pixels"], most=3)


def first_pixel(s, p, rng, t):
    mask = np.broadcast_to(right_factors((*s[:2], 1, 1), p, rng, t), s).copy()
    mask[:, :, 0, 0] = 1
    return mask


def one_channel_spared(s, p, rng, t):
    return np.ones(s, t) if s[1] == 1 else right_factors((*s[:2], 1, 1), p, rng, t)


right("spatial_dropout_forward", "bits", of_channels(lambda s, p, rng: bits(s, p, rng, float) > 0))
right(
    "spatial_dropout_forward",
    "flat",
    lambda x, p, rng, *, train: (
        (
            x.reshape(x.shape[0] * x.shape[1], -1)
            * right_factors((x.shape[0] * x.shape[1], 1), p * train, rng, x.dtype)
        ).reshape(x.shape),
        None,
    ),
)
right(
    "spatial_dropout_forward",
    "channels_first",
    channels(lambda s, p, rng, t: np.swapaxes(right_factors((s[1], s[0], 1, 1), p, rng, t), 0, 1)),
)


# gaussian_dropout_forward


def gauss(noise):
    return lambda x, p, rng: (x * noise(x.shape, p, rng).astype(x.dtype), None)


def std(p):
    return (p / (1 - p)) ** 0.5


for _share in (0.05, -0.05):
    wrong(
        "gaussian_dropout_forward",
        f"std_off_by_{_share}",
        gauss(lambda s, p, r, e=_share: 1 + (1 + e) * std(p) * r.standard_normal(s)),
    )
wrong("gaussian_dropout_forward", "mean_off", gauss(lambda s, p, rng: 1.05 + std(p) * rng.standard_normal(s)))
wrong("gaussian_dropout_forward", "uniform", gauss(lambda s, p, rng: 1 + std(p) * 3**0.5 * rng.uniform(-1, 1, s)))
wrong("gaussian_dropout_forward", "laplace", gauss(lambda s, p, rng: rng.laplace(1, std(p) / 2**0.5, s)))
wrong("gaussian_dropout_forward", "log_normal", gauss(lambda s, p, rng: rng.lognormal(0, std(p), s)))
wrong(
    "gaussian_dropout_forward", "absolute", gauss(lambda s, p, rng: np.abs(rng.normal(1, std(p), s))), names=["clipped"]
)
wrong(
    "gaussian_dropout_forward",
    "cut_at_two_std",
    gauss(lambda s, p, rng: 1 + std(p) * np.clip(rng.standard_normal(s), -2, 2)),
)
wrong(
    "gaussian_dropout_forward",
    "standardised",
    gauss(lambda s, p, rng: 1 + std(p) * standardised(rng.standard_normal(s))),
)
wrong("gaussian_dropout_forward", "antithetic", gauss(lambda s, p, rng: 1 + std(p) * antithetic(s, rng)))
wrong(
    "gaussian_dropout_forward",
    "pairs_of_samples",
    gauss(lambda s, p, rng: 1 + std(p) * np.repeat(rng.standard_normal(((s[0] + 1) // 2, *s[1:])), 2, axis=0)[: s[0]]),
)
wrong("gaussian_dropout_forward", "a_mask", gauss(lambda s, p, rng: (rng.random(s) >= p) / (1 - p)), names=["drops"])
wrong("gaussian_dropout_forward", "std_of_keep", gauss(lambda s, p, rng: 1 + (1 - p) * rng.standard_normal(s)))
wrong(
    "gaussian_dropout_forward",
    "float64",
    lambda x, p, rng: (x * (1 + std(p) * rng.standard_normal(x.shape)), None),
    names=["changes_dtype"],
)
wrong(
    "gaussian_dropout_forward", "out_alone", lambda x, p, rng: x * (1 + std(p) * rng.standard_normal(x.shape)), most=0
)


def standardised(z):
    """Mean 0 and standard deviation 1 exactly, in each column."""
    return (z - z.mean(0)) / z.std(0) if len(z) > 2 else z


def antithetic(s, rng):
    half = rng.standard_normal(((s[0] + 1) // 2, *s[1:]))
    return np.concatenate([half, -half])[: s[0]]


right("gaussian_dropout_forward", "normal", gauss(lambda s, p, rng: rng.normal(1, std(p), s)))
right(
    "gaussian_dropout_forward",
    "sum_of_two",
    gauss(lambda s, p, rng: 1 + std(p) * (rng.standard_normal(s) + rng.standard_normal(s)) / 2**0.5),
)
right("gaussian_dropout_forward", "minus", gauss(lambda s, p, rng: 1 - std(p) * rng.standard_normal(s)))
right("gaussian_dropout_forward", "transposed", gauss(lambda s, p, rng: rng.normal(1, std(p), s[::-1]).T))


# variational_dropout_kl

KL = (0.63576, 1.87320, 1.48695)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def kl(a):
    return KL[0] - KL[0] * sigmoid(KL[1] + KL[2] * a) + 0.5 * np.logaddexp(0, -a)


wrong(
    "variational_dropout_kl",
    "log10",
    lambda a: KL[0] - KL[0] * sigmoid(KL[1] + KL[2] * a) + 0.5 * np.logaddexp(0, -a) / math.log(10),
    most=1,
)
wrong(
    "variational_dropout_kl",
    "rounded_constants",
    lambda a: 0.64 - 0.64 * sigmoid(1.87 + 1.49 * a) + 0.5 * np.logaddexp(0, -a),
    most=1,
)
wrong(
    "variational_dropout_kl",
    "sigmoid_times_k3",
    lambda a: KL[0] - KL[0] * sigmoid(KL[2] * (KL[1] + a)) + 0.5 * np.logaddexp(0, -a),
    most=1,
)
wrong("variational_dropout_kl", "vectors_only", lambda a: np.array([kl(v) for v in a.ravel()]), most=7)
wrong("variational_dropout_kl", "float64", lambda a: kl(a.astype(float)), names=["changes_dtype"])
wrong("variational_dropout_kl", "positive_part", lambda a: np.maximum(kl(a), 0.01))
wrong("variational_dropout_kl", "log_term_alone", lambda a: 0.5 * np.logaddexp(0, -a), most=1)
wrong(
    "variational_dropout_kl",
    "eps_in_the_log",
    lambda a: (
        KL[0]
        - KL[0] * sigmoid(KL[1] + KL[2] * a)
        - 0.5 * np.log(1 - 1 / (1 + np.exp(-np.clip(a, -700, 700))) + 1e-8)
        - 0.5 * a
    ),
    most=8,
)
right(
    "variational_dropout_kl",
    "alpha_by_cases",
    lambda a: np.where(
        a < 0,
        KL[0] * sigmoid(-KL[1] - KL[2] * a) + 0.5 * (np.log1p(np.exp(np.minimum(a, 0))) - a),
        KL[0] * sigmoid(-KL[1] - KL[2] * a) + 0.5 * np.log1p(np.exp(-np.maximum(a, 0))),
    ).astype(a.dtype),
)
right(
    "variational_dropout_kl",
    "as_in_the_paper",
    lambda a: -(KL[0] * sigmoid(KL[1] + KL[2] * a) - 0.5 * np.logaddexp(0, -a) - KL[0]),
)
right("variational_dropout_kl", "row_by_row", lambda a: np.array([kl(row) for row in a], dtype=a.dtype))


# mc_dropout


def monte_carlo(mean=lambda y: y.mean(0), spread=lambda y: y.std(0), draw=None):
    def mc(predict, x, samples, rng):
        y = np.stack([predict(x, rng) for _ in range(samples)]) if draw is None else draw(predict, x, samples, rng)
        return mean(y), spread(y)

    return mc


def ten_samples(predict, x, samples, rng):
    return np.stack([predict(x, rng) for _ in range(10)])


def reversed_rows(predict, x, samples, rng):
    return np.stack([predict(x[::-1], rng)[::-1] for _ in range(samples)])


def spawned_generators(predict, x, samples, rng):
    return np.stack([predict(x, child) for child in rng.spawn(samples)])


def draws_first(predict, x, samples, rng):
    rng.random()
    return np.stack([predict(x, rng) for _ in range(samples)])


def noise_added(predict, x, samples, rng):
    return np.stack([predict(x + 1e-3, rng) for _ in range(samples)])


for _draw in (ten_samples, reversed_rows, spawned_generators, draws_first, noise_added):
    wrong("mc_dropout", _draw.__name__, monte_carlo(draw=_draw), most=4)
wrong("mc_dropout", "range", monte_carlo(spread=lambda y: np.ptp(y, 0)), most=2)
wrong("mc_dropout", "mean_deviation", monte_carlo(spread=lambda y: np.abs(y - y.mean(0)).mean(0)), most=3)
wrong("mc_dropout", "float64", monte_carlo(lambda y: y.astype(float).mean(0)), names=["changes_dtype"])
wrong(
    "mc_dropout", "stacked", lambda predict, x, samples, rng: np.stack(monte_carlo()(predict, x, samples, rng)), most=0
)
wrong("mc_dropout", "mean_alone", lambda predict, x, samples, rng: monte_carlo()(predict, x, samples, rng)[0], most=0)
wrong(
    "mc_dropout",
    "no_rng",
    lambda predict, x, samples, rng: monte_carlo(draw=lambda f, x, n, r: np.stack([f(x) for _ in range(n)]))(
        predict, x, samples, rng
    ),
    most=0,
)
wrong("mc_dropout", "eps_in_the_root", monte_carlo(spread=lambda y: np.sqrt(y.var(0) + 1e-5).astype(y.dtype)), most=3)
right("mc_dropout", "plain", monte_carlo())
right(
    "mc_dropout",
    "deviations",
    monte_carlo(lambda y: sum(y) / len(y), lambda y: np.linalg.norm(y - y.mean(0), axis=0) / len(y) ** 0.5),
)
right("mc_dropout", "keywords", monte_carlo(draw=lambda f, x, n, r: np.array([f(rng=r, x=x) for _ in range(n)])))


# dropout_penalty and weight_scaling_softmax


def penalty(x, w, p):
    return p / (1 - p) * np.mean(np.sum((x * w) ** 2, axis=1))


wrong("dropout_penalty", "twice", lambda x, w, p: 2 * penalty(x, w, p), most=2)
wrong("dropout_penalty", "array", lambda x, w, p: p / (1 - p) * ((x * w) ** 2).mean(0), most=2)
wrong("dropout_penalty", "per_sample", lambda x, w, p: p / (1 - p) * ((x * w) ** 2).sum(1), most=2)
wrong("dropout_penalty", "centred", lambda x, w, p: penalty(x - x.mean(0), w, p), names=["variance_of_x"], most=3)
wrong(
    "dropout_penalty", "absolute_products", lambda x, w, p: p / (1 - p) * np.mean(np.sum(np.abs(x * w), 1) ** 2), most=3
)
wrong("dropout_penalty", "n_minus_one", lambda x, w, p: penalty(x, w, p) * len(x) / max(len(x) - 1, 1), most=4)
wrong("dropout_penalty", "eps", lambda x, w, p: penalty(x, w, p) + 1e-8)
wrong("dropout_penalty", "text", lambda x, w, p: str(penalty(x, w, p)), most=0)
right(
    "dropout_penalty", "odds", lambda x, w, p: float(np.einsum("ij,ij,j,j->", x, x, w, w) / len(x) * (1 / (1 - p) - 1))
)
right("dropout_penalty", "diagonal", lambda x, w, p: p * np.mean(x * x, axis=0).dot(w**2) / (1 - p))
right("dropout_penalty", "array_of_no_axes", lambda x, w, p: np.array(penalty(x, w, p)))


def softmax(scores):
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


wrong("weight_scaling_softmax", "scores_scaled_after", lambda x, W, b, p: softmax(softmax((1 - p) * x @ W + b)), most=0)
wrong(
    "weight_scaling_softmax",
    "sampled",
    lambda x, W, b, p: np.mean(
        [softmax((x * (np.random.default_rng(k).random(x.shape) >= p)) @ W + b) for k in range(50)], axis=0
    ),
    most=3,
)
wrong("weight_scaling_softmax", "root", lambda x, W, b, p: softmax((1 - p) ** 0.5 * x @ W + b), most=3)
wrong("weight_scaling_softmax", "clipped_scores", lambda x, W, b, p: softmax(np.clip((1 - p) * x @ W + b, -50, 50)))
wrong(
    "weight_scaling_softmax",
    "float64",
    lambda x, W, b, p: softmax(x @ W * np.full(len(b), 1 - p) + b),
    names=["changes_dtype"],
)
wrong(
    "weight_scaling_softmax",
    "eps_in_the_sum",
    lambda x, W, b, p: (
        (e := np.exp((s := (1 - p) * x @ W + b) - s.max(1, keepdims=True))) / (e.sum(1, keepdims=True) + 1e-4)
    ),
    most=1,
)
wrong(
    "weight_scaling_softmax",
    "each_class_sums_to_1",
    lambda x, W, b, p: (
        (e := np.exp((s := (1 - p) * x @ W + b) - np.max(s, axis=1, keepdims=True))) / np.sum(e, axis=0, keepdims=True)
    ),
    names=["softmax_over_samples"],
    most=1,
)
wrong("weight_scaling_softmax", "one_sample", lambda x, W, b, p: softmax((1 - p) * x[:1] @ W + b), most=2.5)
right("weight_scaling_softmax", "scaled_x", lambda x, W, b, p: softmax((x - p * x).dot(W) + b))
right("weight_scaling_softmax", "torch_order", lambda x, W, b, p: softmax((W.T * (1 - p) @ x.T).T + b))
right(
    "weight_scaling_softmax",
    "through_logs",
    lambda x, W, b, p: np.exp(
        (s := (1 - p) * (x @ W) + b) - s.max(1)[:, None] - np.log(np.exp(s - s.max(1)[:, None]).sum(1))[:, None]
    ),
)


@pytest.mark.parametrize(("exercise_id", "functions", "names", "may", "most"), WRONG)
@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_wrong_solution_loses_points(exercise_id, functions, names, may, most, seed):
    with np.errstate(all="ignore"):
        result = verdict(exercise_id, *functions, seed=seed)
    assert not result.passed
    assert result.points <= most
    assert names <= set(result.mistakes) <= names | may


@pytest.mark.parametrize(("exercise_id", "functions"), RIGHT)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, functions, seed):
    result = verdict(exercise_id, *functions, seed=seed)
    assert result.passed, str(result)
    assert result.points == 10


def test_every_exercise_has_held_out_solutions():
    for entries, least in ((WRONG, 5), (RIGHT, 3)):
        for exercise_id in IDS:
            assert sum(entry.values[0] == exercise_id for entry in entries) >= least, exercise_id


@pytest.mark.parametrize("exercise_id", IDS)
def test_a_sentence_is_short_and_there_are_three_hints(exercise_id):
    exercise = exercises.load(exercise_id)
    assert len(exercise.hints) == 3
    assert all(len(mistake.sentence.split()) <= 45 for mistake in exercise.mistakes)


# What a hostile answer may be: the judge says what is wrong with it, and does not fall.

ODD = [
    None,
    True,
    3,
    -0.5,
    "text",
    [],
    [1, [2, None]],
    (1.0, 2.0),
    {"a": 1},
    Handle(-1, "object"),
    np.float32(2),
    np.array(1.0),
    np.zeros(0),
    np.zeros((0, 5)),
    np.full((15, 20), np.nan),
    np.full((15, 20), np.inf),
    np.full((15, 20), 1e308),
    np.full((15, 20), 1 + 2j),
    np.ones((15, 20), bool),
    np.ones((15, 20), np.uint8),
    np.ones((15, 20), np.float16),
    np.zeros((15, 20)),
    np.ones((20, 15)),
]


class Says:
    """A worker that reports whatever it likes."""

    def __init__(self, value):
        self.value = value

    def run(self, script):
        return Outcome(tuple(self.value(k) for k, _ in enumerate(script.wants)))


@pytest.mark.parametrize("exercise_id", IDS)
def test_no_answer_makes_the_judge_fall(exercise_id):
    exercise = exercises.load(exercise_id)
    with np.errstate(all="ignore"):
        for value in ODD:
            assert judge(exercise, Says(lambda k, v=value: v), points=10).points < 10
        for shift in range(3):
            assert judge(exercise, Says(lambda k, s=shift: ODD[(k + s) % len(ODD)]), points=10).points < 10


class Spoilt(LocalCaller):
    """A right function's answers, changed."""

    def __init__(self, functions, change):
        super().__init__(functions)
        self.change = change

    def run(self, script):
        values = super().run(script).values
        return Outcome(
            tuple(self.change(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for v in values)
        )


@pytest.mark.parametrize("exercise_id", RANDOM)
def test_answers_of_the_right_shape_and_any_value_do_not_make_it_fall(exercise_id):
    """What a right function gave, changed: all sorts of numbers where the judge divides and counts."""
    exercise = exercises.load(exercise_id)
    alternative = alternative_functions(exercise.alternatives[0])
    spoil = [
        lambda a: a * 0,
        lambda a: -a,
        lambda a: a * 1e200,
        lambda a: a * 1e-200,
        lambda a: a + 1,
        lambda a: np.where(a == a.flat[0], a, 1e300),
        lambda a: np.sign(a),
        lambda a: np.round(a, 1),
    ]

    for change in spoil:
        with np.errstate(all="ignore"):
            assert judge(exercise, Spoilt(alternative, change), points=10).points < 10


# The bounds


@pytest.mark.parametrize("exercise_id", [*RANDOM, "dropout_backward", "dropconnect_backward"])
def test_one_exercise_asks_fewer_questions_than_it_says(exercise_id, monkeypatch):
    asked = []
    exercise = exercises.load(exercise_id)
    for name in ("counts_are_off", "mean_is_off", "std_is_off", "distribution_is_off"):
        original = getattr(chance, name)

        def counted(*args, original=original, **kwargs):
            asked.append(original)
            return original(*args, **kwargs)

        for module in (_noise, importlib.import_module(f"autograder.exercises.dropout.{exercise_id}")):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counted)
    assert judge(exercise, LocalCaller(alternative_functions(exercise.alternatives[0])), points=10).passed
    assert len(asked) < 60
    assert asked or exercise_id == "dropconnect_backward"


def test_of_several_calls_the_report_says_which_one_failed():
    """The call that it shows is the first."""

    def of_inputs(x, W, b, p, rng, *, train):
        kept = factors(rng.random((len(W), 1)) >= p, p, W.dtype) if train else 1
        return x @ (W * kept) + b, None

    report = str(verdict("dropconnect_forward", of_inputs))
    assert "for p = 0.99: everything is dropped" in report

    def rounded_up(x, p, rng):
        mask = rng.random(x.shape) >= (p if p == 0.4 else min(2 * p, 1))
        return x * mask, mask

    report = str(verdict("dropout_vanilla_train", rounded_up))
    assert "in another call: the share of what is dropped is not p = 0.2" in report


def test_what_is_called_never_needs_more_luck_than_the_bound():
    assert _noise.surely(300, 0.6) and not _noise.surely(30, 0.6)
    # The smallest probability of what is "all the same" in the cases: 300 units that are all kept with p = 0.2.
    assert 300 * math.log(0.8) < math.log(chance.FALSE_ALARM)


@pytest.mark.parametrize("p", [0.1, 0.4, 0.8])
def test_binomial_counts_do_not_spread_too_much_nor_too_little(p):
    rng = np.random.default_rng(5)
    assert not any(_noise.spread_is_off(rng.binomial(100, 1 - p, 200), 100, 1 - p) for _ in range(200))
    assert _noise.spread_is_off(np.full(200, round(100 * (1 - p))), 100, 1 - p)
    assert _noise.spread_is_off(100 * rng.binomial(1, 1 - p, 200), 100, 1 - p)


# The formulas against what they stand for


NODES = np.polynomial.legendre.leggauss(300)


def true_kl(log_alpha):
    """KL(N(1, alpha) | log-uniform) up to its constant, by quadrature: -log(alpha)/2 + E log|1 + sqrt(alpha) z|.

    The logarithm's pole is at z = -1/std; with z = pole + t^2 and pole - t^2 what is integrated is smooth.
    """
    std = math.exp(log_alpha / 2)
    pole, total = -1 / std, 0.0
    nodes, weights = NODES
    for sign in (1, -1):
        # Beyond 12 standard deviations there is nothing.
        end = math.sqrt(max(12 - sign * pole, 0))
        t = end * (nodes + 1) / 2
        density = np.exp(-((pole + sign * t**2) ** 2) / 2) / math.sqrt(2 * math.pi)
        total += end / 2 * (weights @ (density * np.log(std * t**2) * 2 * t)) if end else 0.0
    return total - log_alpha / 2


def test_the_approximation_is_the_kl_divergence_up_to_a_constant():
    """Molchanov et al. (2017), figure 1: it lies within about 0.01 of the true one everywhere."""
    at = np.linspace(-8, 8, 33)
    limit = true_kl(16.0)
    exact = np.array([true_kl(a) for a in at]) - limit
    reference = exercises.load("variational_dropout_kl").reference(torch.tensor(at)).numpy()
    np.testing.assert_allclose(reference, exact, atol=0.012)
    assert (reference > 0).all() and (np.diff(reference) < 0).all()


def test_the_penalty_is_what_random_masks_add_on_average():
    rng = np.random.default_rng(0)
    x, w, y, p = rng.standard_normal((6, 4)), rng.standard_normal(4), rng.standard_normal(6), 0.3
    dropped = torch.nn.functional.dropout
    torch.manual_seed(0)
    batch = torch.tensor(x).expand(40_000, 6, 4)
    losses = ((torch.tensor(y) - dropped(batch, p) @ torch.tensor(w)) ** 2).mean(1)
    added = losses.mean().item() - ((y - x @ w) ** 2).mean()
    reference = exercises.load("dropout_penalty").reference(torch.tensor(x), torch.tensor(w), p).item()
    assert added == pytest.approx(reference, abs=6 * losses.std().item() / 200)


def test_the_geometric_mean_is_that_of_all_thinned_networks():
    """By products of probabilities, mask by mask, as it is defined."""
    rng = np.random.default_rng(0)
    x, W, b, p = rng.standard_normal((3, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3), 0.3
    product = np.ones((3, 3))
    for mask in itertools.product((0, 1), repeat=4):
        weight = math.prod(1 - p if kept else p for kept in mask)
        product *= softmax((x * np.array(mask)) @ W + b) ** weight
    reference = exercises.load("weight_scaling_softmax").reference(*map(torch.tensor, (x, W, b)), p).numpy()
    np.testing.assert_allclose(reference, product / product.sum(1, keepdims=True), rtol=1e-12)
