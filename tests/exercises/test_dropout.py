"""Dropout and its relatives: held-out versions, wrong and right; formulas against what they stand for; luck."""

import importlib
import itertools
import math

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.exercises.dropout import _draws, _gaussian, _masks
from autograder.judge import chance, judge
from autograder.judge.script import LocalCaller
from autograder.worker.calls import Outcome
from autograder.worker.wire import Handle

from .versions import Versions, verdict_on

versions = Versions()
LAYERS = ["dropout_vanilla_train", "dropout_forward", "dropconnect_forward", "spatial_dropout_forward"]
LAYERS += ["gaussian_dropout_forward"]
RANDOM = [*LAYERS, "dropout_backward", "dropconnect_backward"]

# ---------------------------------------------------------------------------- masks of all kinds


def half_of_the_batch_shared(s, p, rng):
    """The second half of the samples repeats the masks of the first."""
    half = rng.random(((s[0] + 1) // 2, *s[1:])) >= p
    return np.concatenate([half, half])[: s[0]]


def pairs_of_samples_shared(s, p, rng):
    return np.repeat(rng.random(((s[0] + 1) // 2, *s[1:])) >= p, 2, axis=0)[: s[0]]


def pairs_of_features_shared(s, p, rng):
    if len(s) == 1:
        return rng.random(s) >= p
    return np.repeat(rng.random((s[0], (s[1] + 1) // 2, *s[2:])) >= p, 2, axis=1)[:, : s[1]]


def fixed_number_in_each_row(s, p, rng):
    order = np.argsort(rng.random((s[0], math.prod(s[1:]))), axis=1)
    return (order >= round(p * order.shape[1])).reshape(s)


def first_unit_never_dropped(s, p, rng):
    mask = rng.random(s) >= p
    mask[..., 0] = True
    return mask


def rolled_by_the_sample(s, p, rng):
    """One mask, rolled on by one for each sample."""
    row = rng.random(s[1:]) >= p
    return np.array([np.roll(row, n) for n in range(s[0])]).reshape(s)


def stratified(s, p, rng):
    """Numbers from strata: about a fixed number in each call."""
    n = math.prod(s)
    return ((rng.permutation(n) + rng.random(n)) / n >= p).reshape(s)


def each_row_from_one_seed(s, p, rng):
    seed = int(rng.integers(2**31))
    return np.array([np.random.default_rng(seed).random(s[1:]) >= p for _ in range(s[0])]).reshape(s)


def repeated(s, p, rng):
    """A mask of which only 64 numbers are drawn, then repeated."""
    return np.resize(rng.random(64) >= p, s)


SHARED = [half_of_the_batch_shared, pairs_of_samples_shared, pairs_of_features_shared, first_unit_never_dropped]
DEPENDENT = [*SHARED, stratified, repeated]
NAMED = [(rolled_by_the_sample, []), (fixed_number_in_each_row, ["fixed_number"])]
NAMED += [(each_row_from_one_seed, ["shared_by_batch"])]


def in_blocks(s, p, rng):
    """Drawn in blocks of seven, the last one cut."""
    n = math.prod(s)
    return (np.concatenate([rng.random(7) for _ in range(0, n, 7)])[:n] >= p).reshape(s)


def bits(s, p, rng):
    """Integers of 32 bits against a threshold."""
    return rng.integers(0, 2**32, s) >= int(p * 2**32)


def clocks(s, p, rng):
    """Lifetimes."""
    return rng.exponential(size=s) < -math.log(p) if p else np.ones(s, bool)


def fortran_order(s, p, rng):
    return np.asfortranarray((rng.random(s[::-1]) >= p).T)


def float32_draws(s, p, rng):
    return rng.random(s, dtype=np.float32) >= p


def spawned(s, p, rng):
    return rng.spawn(1)[0].random(s) >= p


INDEPENDENT = [in_blocks, bits, clocks, fortran_order, float32_draws, spawned]


def dropping(kept):
    """dropout_forward with another mask."""

    def forward(x, p, rng, *, train):
        return (x * (kept(x.shape, p, rng).astype(x.dtype) / (1 - p)), None) if train else (x, None)

    return forward


def vanilla(kept):
    def train(x, p, rng):
        mask = kept(x.shape, p, rng)
        return x * mask, mask

    return train


def of_channels(kept):
    return dropping(lambda s, p, rng: kept(s[:2], p, rng)[:, :, None, None])


def connecting(kept):
    def forward(x, W, b, p, rng, *, train):
        factors = kept(W.shape, p, rng).astype(W.dtype) / (1 - p) if train else np.ones_like(W)
        return x @ (W * factors) + b, (x, W, factors)

    return forward


for _id, _layer in zip(LAYERS, [vanilla, dropping, connecting, of_channels], strict=False):
    for _mask in DEPENDENT:
        versions.wrong(_id, label=_mask.__name__)(_layer(_mask))
    for _mask in INDEPENDENT:
        versions.right(_id, label=_mask.__name__)(_layer(_mask))
for _mask, _names in NAMED:
    versions.wrong("dropout_forward", *_names, label=_mask.__name__)(dropping(_mask))
versions.wrong("dropconnect_forward", "fixed_number", label="rows")(connecting(fixed_number_in_each_row))
versions.wrong("spatial_dropout_forward", "fixed_number", label="rows")(of_channels(fixed_number_in_each_row))

OFF = """
drop_more: rng.random(shape) >= p -> rng.random(shape) >= min(1.1 * p, 1)
drop_less: rng.random(shape) >= p -> rng.random(shape) >= 0.9 * p
keep_more: rng.random(shape) >= p -> rng.random(shape) < (1 - p) * 1.1
keep_less: rng.random(shape) >= p -> rng.random(shape) < (1 - p) * 0.9
ten_levels: rng.random(shape) >= p -> rng.integers(0, 10, shape) >= int(10 * p)
a_coin = always_half: rng.random(shape) >= p -> rng.integers(0, 2, shape) > 0
partly_global = global_generator: rng.random(shape) -> (rng.random(shape) + np.random.random(shape)) % 1
"""
for _id in LAYERS[:4]:
    versions.edits(_id, OFF)

# ---------------------------------------------------------------------------- dropout_forward, dropout_vanilla_train

versions.edits(
    "dropout_forward",
    """
gaussian: mask = (kept * scale).astype(x.dtype) -> mask = 1 + (p * scale) ** 0.5 * rng.standard_normal(shape)
uniform: mask = (kept * scale).astype(x.dtype) -> mask = rng.uniform(0, 2, shape).astype(x.dtype)
large_factors_cut: kept * scale -> np.minimum(kept * scale, 20)
turned_round = never_drops, active_at_test: not train -> train
vanilla = not_scaled, scales_at_test:
    1 / (1 - p) -> 1.0
    return x, None -> return x * (1 - p), None
cs231n = p_is_keep_probability, global_generator:
    rng.random(shape) >= p -> np.random.random(shape) < p
    1 / (1 - p) -> 1 / p
mean = scales_at_test: -> return x * (1 - p), None
zeros: -> return np.zeros_like(x), None
nothing: -> return None
out_alone: return x * mask, mask -> return x * mask
axis_by_its_length = shared_by_batch: shape = x.shape -> shape = x.shape[1:] if len(x) == x.shape[-1] else x.shape
test_scaled_a_little = scales_at_test: return x, None -> return x * 1.000001, None
""",
)


@versions.wrong("dropout_forward")
def matrices_only(x, p, rng, *, train):
    n, d = x.shape
    return (x * (rng.random((n, d)) >= p).astype(x.dtype) / (1 - p), None) if train else (x, None)


@versions.wrong("dropout_forward")
def zeros_in_a_copy(x, p, rng, *, train):
    """What ravel() gives is another copy where the array is not contiguous."""
    out = x / (1 - p) if train else x
    if train:
        out.ravel()[rng.random(x.size) < p] = 0
    return out, None


@versions.wrong("dropout_forward", "measured_rate")
def rate_per_row(x, p, rng, *, train):
    mask = rng.random(x.shape) >= p
    share = np.maximum(mask.reshape(len(x), -1).mean(axis=1), 1e-9).reshape((-1,) + (1,) * (x.ndim - 1))
    return (x * (mask / share).astype(x.dtype), None) if train else (x, None)


@versions.wrong("dropout_forward", "global_generator", remembers=True)
def rng_in_a_default():
    own = np.random.default_rng(3)
    return lambda x, p, rng, *, train: dropping(spawned)(x, p, own, train=train)


@versions.wrong("dropout_forward", "same_draw_each_call", remembers=True)
def kept_mask():
    masks = {}

    def forward(x, p, rng, *, train):
        mask = masks.setdefault((x.shape, p), rng.random(x.shape) >= p)
        return (x * mask.astype(x.dtype) / (1 - p), None) if train else (x, None)

    return forward


@versions.wrong("dropout_forward", "never_drops", "remembers_earlier_calls", remembers=True)
def off_after_a_test():
    """The call after one at test time drops nothing."""
    before = [True]

    def forward(x, p, rng, *, train):
        was, before[0] = before[0], train
        return dropping(bits)(x, p, rng, train=train and was)

    return forward


@versions.right("dropout_forward")
def no_branch(x, p, rng, *, train):
    p = p * train
    return [x * ((rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)), {"train": train}]


@versions.right("dropout_forward")
def from_a_generator_of_its_own(x, p, rng, *, train):
    own, drop = np.random.default_rng(rng.integers(2**63)), p if train else 0
    return np.where(own.random(x.shape) < drop, 0, x / (1 - drop)).astype(x.dtype), own


@versions.right("dropout_forward")
def binomial(x, p, rng, *, train):
    if train:
        scaled = rng.binomial(1, 1 - p, x.shape) / (1 - p)
        return np.multiply(x, scaled, dtype=x.dtype, casting="same_kind"), (scaled, p)
    return x.copy(), (np.ones(x.shape), 0)


versions.edits(
    "dropout_vanilla_train",
    """
text: return x * mask, mask -> return x * mask, "mask"
missing: return x * mask, mask -> return x * mask
order: return x * mask, mask -> return mask, x * mask
one_row: return x * mask, mask -> return x * mask, mask[:1]
indices: return x * mask, mask -> return x * mask, np.flatnonzero(mask)
masked_input: return x * mask, mask -> return x * mask, x * mask
zeros_dropped = mask_from_output: return x * mask, mask -> return x * mask, mask & (x != 0)
keep = keep_and_drop_swapped:
    rng.random(shape) >= p -> rng.random(shape) < p
    x * mask -> x * mask / p
""",
)


@versions.right("dropout_vanilla_train")
def float32_mask(x, p, rng):
    mask = rng.random(x.shape) > p
    return [x * mask, mask.astype("f4")]


versions.right("dropout_vanilla_train", label="negated")(vanilla(lambda s, p, rng: ~(rng.random(s) < p)))


@versions.right("dropout_vanilla_train")
def integers(x, p, rng):
    mask = rng.binomial(1, 1 - p, x.shape).astype(np.int8)
    return x * mask, mask


versions.edits(
    "dropout_vanilla_test",
    """
float64 = changes_dtype: x * (1 - p) -> x * np.full(x.shape, 1 - p)
rounded: 1 - p -> round(1 - p, 2)
pair: return x * (1 - p) -> return x * (1 - p), None
at_most_half: 1 - p -> max(1 - p, 0.5)
in_place = in_place: x * (1 - p) -> np.multiply(x, 1 - p, out=x)
mean_of_all: x * (1 - p) -> np.full_like(x, (1 - p) * x.mean())
""",
)
versions.right("dropout_vanilla_test", label="power")(lambda x, p: x * math.exp(math.log1p(-p)))
versions.right("dropout_vanilla_test", label="expectation")(lambda x, p: p * np.zeros_like(x) + (1 - p) * x)
versions.right("dropout_vanilla_test", label="divided")(lambda x, p: x / (1 / (1 - p)))
versions.right("dropout_vanilla_test", label="subtracted")(lambda x, p: x - p * x)

# ---------------------------------------------------------------------------- spatial_dropout_forward, dropconnect

versions.edits(
    "spatial_dropout_forward",
    """
channels_last: shape = (*x.shape[:2], 1, 1) -> shape = (len(x), 1, 1, x.shape[3])
plain = single_pixels: (kept * scale).astype(x.dtype) -> ((rng.random(x.shape) >= p) * scale).astype(x.dtype)
one_channel_spared: kept * scale -> np.ones(shape) if x.shape[1] == 1 else kept * scale
where_square: x * mask -> x * (mask.T if len(set(x.shape)) < 2 else mask)
""",
)


@versions.wrong("spatial_dropout_forward")
def first_pixel_stays(x, p, rng, *, train):
    mask = np.broadcast_to((rng.random((*x.shape[:2], 1, 1)) >= p) / (1 - p), x.shape).astype(x.dtype)
    mask[:, :, 0, 0] = 1
    return (x * mask, None) if train else (x, None)


@versions.right("spatial_dropout_forward")
def flat(x, p, rng, *, train):
    rows = x.reshape(x.shape[0] * x.shape[1], -1)
    return dropping(lambda s, p, rng: rng.random((s[0], 1)) >= p)(rows, p, rng, train=train)[0].reshape(x.shape), None


@versions.right("spatial_dropout_forward")
def by_einsum(x, p, rng, *, train):
    drop = p if train else 0.0
    scale = np.where(rng.random(x.shape[:2]) < drop, 0.0, 1 / (1 - drop)).astype(x.dtype)
    return np.einsum("nchw,nc->nchw", x, scale), scale


versions.edits(
    "dropconnect_forward",
    """
gaussian: kept * scale -> 1 + (p * scale) ** 0.5 * rng.standard_normal(shape)
test_without_bias: return x @ W + b, None -> return x @ W, None
paper = mask_per_sample, scales_at_test:
    x @ W + b -> x @ W * (1 - p) + b
    shape = W.shape -> shape = (len(x), *W.shape)
    x @ (W * mask) -> np.einsum("nd,ndm->nm", x, W * mask)
two_parts = mask_per_sample:
    x @ (W * mask) -> np.vstack([part @ (W * (rng.random(shape) >= p) * scale) for part in np.array_split(x, 2)])
""",
)


@versions.wrong("dropconnect_forward")
def rectified(x, W, b, p, rng, *, train):
    return np.maximum(connecting(bits)(x, W, b, p, rng, train=train)[0], 0), None


@versions.right("dropconnect_forward")
def by_columns(x, W, b, p, rng, *, train):
    columns = zip(W.T, b, strict=True)
    p = p * train
    return [np.stack([x @ (w * (rng.random(len(w)) >= p).astype(w.dtype)) / (1 - p) + c for w, c in columns], 1), None]


@versions.right("dropconnect_forward")
def sample_by_sample(x, W, b, p, rng, *, train):
    p = p if train else 0.0
    kept = rng.choice([0.0, 1.0], W.shape, p=[p, 1 - p]).astype(W.dtype)
    rows = [sum(value * row for value, row in zip(sample, W * kept, strict=True)) / (1 - p) + b for sample in x]
    return np.array(rows, dtype=x.dtype), kept


# ---------------------------------------------------------------------------- backward passes

versions.edits(
    "dropout_backward",
    """
squared = scaled_twice: dout * mask * scale -> dout * (mask * scale) ** 2
sign_of_dout: dout * mask * scale -> np.abs(dout) * mask * scale
pair: return dout * mask * scale -> return dout * mask * scale, None
summed: dout * mask * scale -> (dout * mask * scale).sum(0)
divided: dout * mask * scale -> dout / np.where(mask == 0, 1, mask * scale)
clipped: dout * mask * scale -> np.clip(dout * mask * scale, -1, 1)
zero: dout * mask * scale -> 0 * dout
transposed_where_square: dout * mask * scale -> dout * (mask.T if len(mask) == mask.shape[-1] else mask) * scale
in_a_view: return dout * mask * scale -> dout = dout.copy("A"); dout.ravel()[mask.ravel() == 0] = 0; return dout * scale
""",
)


def pair(exercise_id, register, *names, **options):
    """Registers a forward and a backward."""

    def both(function):
        register(exercise_id, *names, remembers=True, **options)(function)

    return both


@pair("dropout_backward", versions.wrong, most=2.5)
def identity():
    return (lambda x, p, rng, *, train: (x, None)), lambda dout, cache: dout


@pair("dropout_backward", versions.wrong, "mask_from_output")
def ratio_of_out_and_x():
    def forward(x, p, rng, *, train):
        out, _ = dropping(bits)(x, p, rng, train=train)
        return out, (x, out)

    return forward, lambda dout, c: dout * np.divide(c[1], c[0], out=np.zeros_like(dout), where=c[0] != 0)


def factors(x, p, rng, *, train):
    """A forward that caches its factors."""
    cached = (rng.random(x.shape) >= p * train).astype(x.dtype) / (1 - p * train)
    return x * cached, cached


@pair("dropout_backward", versions.right)
def cached_factors():
    return factors, lambda dout, cached: dout * cached


@pair("dropout_backward", versions.right)
def seeded_forward():
    def forward(x, p, rng, *, train):
        return factors(x, p, np.random.default_rng(0), train=train)

    return forward, lambda dout, cached: np.einsum("...,...->...", cached, dout)


@pair("dropout_backward", versions.right)
def masked_writes():
    return factors, lambda dout, c: np.where(c == 0, 0, dout * c.max()).astype(dout.dtype)


@pair("dropout_backward", versions.right)
def forward_that_does_not_scale():
    """What it does wrong is its own loss; the backward belongs to it."""

    def forward(x, p, rng, *, train):
        mask = rng.random(x.shape) >= p * train
        return x * mask, mask

    return forward, lambda dout, mask: mask * dout


@pair("dropout_backward", versions.right)
def formula_after_a_forward_that_does_not_scale():
    def forward(x, p, rng, *, train):
        mask = rng.random(x.shape) >= p * train
        return x * mask, mask / (1 - p * train)

    return forward, lambda dout, cached: (cached * dout).astype(dout.dtype)


@pair("dropout_backward", versions.right)
def forward_that_drops_at_test():
    def forward(x, p, rng, *, train):
        out, cached = factors(x, p, rng, train=True)
        return out, cached if train else np.ones_like(x)

    return forward, lambda dout, cached: dout * cached


@pair("dropout_backward", versions.right)
def of_a_seed():
    """The cache is a seed: the backward draws the same mask again."""

    def forward(x, p, rng, *, train):
        seed, drop = int(rng.integers(2**62)), p if train else 0.0
        mask = (np.random.default_rng(seed).random(x.shape) >= drop).astype(x.dtype)
        return x * mask * (1 / (1 - drop)), [seed, drop]

    def backward(dout, cache):
        seed, drop = cache
        mask = (np.random.default_rng(seed).random(dout.shape) >= drop).astype(dout.dtype)
        return mask / (1 - drop) * dout

    return forward, backward


@pair("dropout_backward", versions.right)
def of_indices():
    """The cache lists where units were dropped."""

    def forward(x, p, rng, *, train):
        dropped = np.flatnonzero(rng.uniform(size=x.size) < p * train)
        out = (x / (1 - p * train)).ravel()
        out[dropped] = 0
        return out.reshape(x.shape), (dropped, p * train)

    def backward(dout, cache):
        dx = (dout / (1 - cache[1])).ravel()
        dx[cache[0]] = 0
        return dx.reshape(dout.shape)

    return forward, backward


versions.edits(
    "dropconnect_backward",
    """
keepdims: dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
dx_masked_by_zeros_of_x: dout @ (W * mask * scale).T -> dout @ (W * mask * scale).T * (x != 0)
db_of_one_sample: dout.sum(axis=0) -> dout[0]
squared = dW_scaled_twice: x.T @ dout * mask * scale -> x.T @ dout * (mask * scale) ** 2
dx_alone: return dx, dW, db -> return dx
sign: return dx, dW, db -> return -dx, -dW, -db
not_transposed_where_square:
    dout @ (W * mask * scale).T -> dout @ (W * mask * scale if len(W) == W.shape[1] else (W * mask * scale).T)
side_by_side = dx_not_scaled, db_scaled:
    dout @ (W * mask * scale).T -> dout @ (W * mask).T
    dout.sum(axis=0) -> dout.sum(axis=0) / (1 / scale)
zeros_of_W = mask_from_weights: x.T @ dout * mask * scale -> x.T @ dout * (W * mask != 0) * scale
""",
)


def plain_gradients(dout, cache):
    x, W, cached = cache
    return dout @ (W * cached).T, (x.T @ dout) * cached, dout.sum(0)


@pair("dropconnect_backward", versions.wrong, most=2.5)
def forward_that_drops_nothing():
    return (lambda x, W, b, p, rng, *, train: (x @ W + b, (x, W, np.ones_like(W)))), plain_gradients


@pair("dropconnect_backward", versions.wrong)
def x_in_a_global_variable():
    latest = {}

    def forward(x, W, b, p, rng, *, train):
        out, (latest["x"], *cache) = connecting(bits)(x, W, b, p, rng, train=train)
        return out, cache

    return forward, lambda dout, cache: plain_gradients(dout, (latest["x"], *cache))


@pair("dropconnect_backward", versions.right)
def list_and_einsum():
    def backward(dout, c):
        dx, dW = np.einsum("nm,dm,dm->nd", dout, c[1], c[2]), np.einsum("nd,nm->dm", c[0], dout) * c[2]
        return [dx, dW, np.einsum("nm->m", dout)]

    return connecting(bits), backward


@pair("dropconnect_backward", versions.right)
def weights_alone():
    def forward(x, W, b, p, rng, *, train):
        out, (x, W, factors) = connecting(in_blocks)(x, W, b, p, rng, train=train)
        return out, {"x": x, "V": W * factors, "factors": factors}

    def backward(dout, c):
        return np.dot(dout, c["V"].T), np.dot(dout.T, c["x"]).T * c["factors"], dout.sum(axis=0)

    return forward, backward


@pair("dropconnect_backward", versions.right)
def loops():
    def backward(dout, cache):
        x, W, factors = cache
        dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(dout[0])
        for n in range(len(x)):
            dx[n] = (factors * W) @ dout[n]
            dW += np.outer(x[n], dout[n])
            db += dout[n]
        return dx, dW * factors, db

    return connecting(clocks), backward


# ---------------------------------------------------------------------------- gaussian_dropout_forward

versions.edits(
    "gaussian_dropout_forward",
    """
std_more: (p / (1 - p)) ** 0.5 -> (p / (1 - p)) ** 0.5 * 1.05
std_less: (p / (1 - p)) ** 0.5 -> (p / (1 - p)) ** 0.5 * 0.95
mean_off: 1 + std * rng.standard_normal(shape) -> 1.05 + std * rng.standard_normal(shape)
std_of_keep: (p / (1 - p)) ** 0.5 -> 1 - p
uniform: rng.standard_normal(shape) -> rng.uniform(-(3**0.5), 3**0.5, shape)
laplace: rng.standard_normal(shape) -> rng.laplace(0, 0.5**0.5, shape)
log_normal: 1 + std * rng.standard_normal(shape) -> rng.lognormal(0, std, shape)
cut_at_two_std: rng.standard_normal(shape) -> np.clip(rng.standard_normal(shape), -2, 2)
a_mask = drops: 1 + std * rng.standard_normal(shape) -> rng.binomial(1, 1 - p, shape) / (1 - p)
out_alone: return x * noise, noise -> return x * noise
tensorflow = variance_for_std, clipped:
    (p / (1 - p)) ** 0.5 -> p / (1 - p)
    x * noise -> x * np.maximum(0, noise)
added_too_wide = variance_for_std, added:
    (p / (1 - p)) ** 0.5 -> p / (1 - p)
    x * noise -> x + noise
randn_in_a_list = global_generator: rng.standard_normal(shape) -> np.random.normal(0, 1, shape)
""",
)


def noisy(draw):
    return lambda x, p, rng: (x * (1 + (p / (1 - p)) ** 0.5 * draw(x.shape, rng)).astype(x.dtype), None)


@versions.wrong("gaussian_dropout_forward", label="standardised")
@noisy
def _standardised(s, rng):
    z = rng.standard_normal(s)
    return (z - z.mean(0)) / z.std(0) if len(z) > 2 else z


@versions.wrong("gaussian_dropout_forward", label="antithetic")
@noisy
def _antithetic(s, rng):
    half = rng.standard_normal(((s[0] + 1) // 2, *s[1:]))
    return np.concatenate([half, -half])[: s[0]]


@versions.wrong("gaussian_dropout_forward", label="pairs")
@noisy
def _pairs(s, rng):
    return np.repeat(rng.standard_normal(((s[0] + 1) // 2, *s[1:])), 2, axis=0)[: s[0]]


for _label, _draw in {
    "normal": lambda s, rng: rng.normal(0, 1, s),
    "sum_of_two": lambda s, rng: (rng.standard_normal(s) + rng.standard_normal(s)) / 2**0.5,
    "minus": lambda s, rng: -rng.standard_normal(s),
    "transposed": lambda s, rng: rng.normal(0, 1, s[::-1]).T,
}.items():
    versions.right("gaussian_dropout_forward", label=_label)(noisy(_draw))


@versions.right("gaussian_dropout_forward")
def one_by_one(x, p, rng):
    out = [value * rng.normal(1.0, math.sqrt(p / (1.0 - p))) for value in x.ravel().tolist()]
    return [np.array(out, dtype=x.dtype).reshape(x.shape), None]


@versions.right("gaussian_dropout_forward")
def single_precision(x, p, rng):
    z = rng.standard_normal(x.shape, dtype=x.dtype)
    return x * (1 + float(np.sqrt(1 / (1 - p) - 1)) * z), {"z": z}


# ---------------------------------------------------------------------------- variational_dropout_kl

versions.edits(
    "variational_dropout_kl",
    """
log10: np.logaddexp(0, -log_alpha) -> np.logaddexp(0, -log_alpha) / math.log(10)
digits_swapped: k1, k2, k3 = 0.63576, 1.87320, 1.48695 -> k1, k2, k3 = 0.63567, 1.87320, 1.48695
vectors_only: return -(k1 * sigmoid - log_term - k1) -> return -(k1 * sigmoid - log_term - k1).ravel()
float64 = changes_dtype: -> log_alpha = log_alpha.astype(float)
positive_part: return -(k1 * sigmoid - log_term - k1) -> return np.maximum(-(k1 * sigmoid - log_term - k1), 0.01)
clipped_at_16: -> log_alpha = np.clip(log_alpha, -16, 16)
constant_without_k1: k1 * sigmoid - log_term - k1 -> k1 * sigmoid - log_term - 0.64
""",
)
K1, K2, K3 = 0.63576, 1.87320, 1.48695


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def kl(a):
    return K1 - K1 * sigmoid(K2 + K3 * a) + 0.5 * np.logaddexp(0, -a)


@versions.wrong("variational_dropout_kl")
def eps_in_the_logarithm(log_alpha):
    share = 1 / (1 + np.exp(-np.clip(log_alpha, -700, 700)))
    return K1 - K1 * sigmoid(K2 + K3 * log_alpha) - 0.5 * np.log(1 - share + 1e-8) - 0.5 * log_alpha


@versions.right("variational_dropout_kl")
def alpha_by_cases(log_alpha):
    a = log_alpha
    below = K1 * sigmoid(-K2 - K3 * a) + 0.5 * (np.log1p(np.exp(np.minimum(a, 0))) - a)
    above = K1 * sigmoid(-K2 - K3 * a) + 0.5 * np.log1p(np.exp(-np.maximum(a, 0)))
    return np.where(a < 0, below, above).astype(a.dtype)


@versions.right("variational_dropout_kl")
def from_the_other_side(log_alpha):
    """1 - sigmoid(z) is sigmoid(-z); nothing cancels."""
    log_term = np.log1p(np.exp(-abs(log_alpha))) - np.minimum(log_alpha, 0)
    return K1 * sigmoid(-K2 - K3 * log_alpha) + 0.5 * log_term


versions.right("variational_dropout_kl", label="other_order")(kl)
versions.right("variational_dropout_kl", label="rows")(lambda a: np.array([kl(row) for row in a], dtype=a.dtype))

# ---------------------------------------------------------------------------- mc_dropout

versions.edits(
    "mc_dropout",
    """
reversed_rows: predict(x, rng) -> predict(x[::-1], rng)[::-1]
spawned: [predict(x, rng) for _ in range(samples)] -> [predict(x, child) for child in rng.spawn(samples)]
draws_first: -> rng.random()
noise_added: predict(x, rng) -> predict(x + 1e-3, rng)
x_copied_and_rounded: predict(x, rng) -> predict(x.round(6), rng)
range: drawn.std(axis=0) -> np.ptp(drawn, axis=0)
mean_deviation: drawn.std(axis=0) -> np.abs(drawn - mean).mean(axis=0)
float64 = changes_dtype: drawn.mean(axis=0) -> drawn.astype(float).mean(axis=0)
stacked: return mean, std -> return np.stack([mean, std])
mean_alone: return mean, std -> return mean
no_rng: predict(x, rng) -> predict(x)
eps_in_the_root: drawn.std(axis=0) -> np.sqrt(drawn.var(axis=0) + 1e-5)
centred_in_place = writes_into_prediction:
    [predict(x, rng) for _ in range(samples)] -> (kept := [predict(x, rng) for _ in range(samples)])
    return mean, std -> kept[0] -= mean; return mean, std
axis_of_that_length:
    drawn.mean(axis=0) -> drawn.mean(axis=drawn.shape.index(samples))
    drawn.std(axis=0) -> drawn.std(axis=drawn.ndim - 1 - drawn.shape[::-1].index(samples))
x_in_place = in_place: return mean, std -> x -= mean.max(); return mean, std
""",
)


@versions.right("mc_dropout")
def deviations(predict, x, samples, rng):
    drawn = np.array([predict(rng=rng, x=x) for _ in range(samples)])
    return sum(drawn) / samples, np.linalg.norm(drawn - drawn.mean(0), axis=0) / samples**0.5


@versions.right("mc_dropout")
def filled(predict, x, samples, rng):
    first = predict(x, rng)
    drawn = np.empty((*first.shape, samples), first.dtype)
    drawn[..., 0] = first
    for k in range(1, samples):
        drawn[..., k] = predict(x.copy(), rng)
    return np.mean(drawn, axis=-1), np.sqrt(np.mean(np.abs(drawn - drawn.mean(-1, keepdims=True)) ** 2, axis=-1))


# ---------------------------------------------------------------------------- dropout_penalty, weight_scaling_softmax

versions.edits(
    "dropout_penalty",
    """
twice: p / (1 - p) -> 2 * p / (1 - p)
array: terms.sum(axis=1).mean() -> terms.mean(axis=0)
per_sample: terms.sum(axis=1).mean() -> terms.sum(axis=1)
absolute_products: terms.sum(axis=1).mean() -> (np.abs(x * w).sum(1) ** 2).mean()
n_minus_one: terms.sum(axis=1).mean() -> terms.sum() / max(len(x) - 1, 1)
eps: return factor * terms.sum(axis=1).mean() -> return factor * terms.sum(axis=1).mean() + 1e-8
text: return factor * terms.sum(axis=1).mean() -> return str(factor * terms.sum(axis=1).mean())
axis_where_square: terms.sum(axis=1).mean() -> terms.sum() / (x.shape[1] + 1 if len(x) == x.shape[1] else len(x))
clipped: (x * w) ** 2 -> np.minimum((x * w) ** 2, 1e6)
""",
)


@versions.right("dropout_penalty")
def odds(x, w, p):
    return float(np.einsum("ij,ij,j,j->", x, x, w, w) / len(x) * (1 / (1 - p) - 1))


@versions.right("dropout_penalty")
def array_of_no_axes(x, w, p):
    return np.array(odds(x, w, p))


@versions.right("dropout_penalty")
def by_columns_of_x(x, w, p):
    return p * np.mean(x * x, axis=0).dot(w**2) / (1 - p)


versions.edits(
    "weight_scaling_softmax",
    """
clipped_scores: scores = (1 - p) * x @ W + b -> scores = np.clip((1 - p) * x @ W + b, -50, 50)
float64 = changes_dtype: (1 - p) * x @ W -> x @ W * np.full(len(b), 1 - p)
eps_in_the_sum: powers.sum(axis=1, keepdims=True) -> (powers.sum(axis=1, keepdims=True) + 1e-4)
one_sample: (1 - p) * x @ W -> (1 - p) * x[:1] @ W
log_of_the_mean: powers / powers.sum(axis=1, keepdims=True) -> np.log1p(powers / powers.sum(axis=1, keepdims=True))
transposed_where_square: (1 - p) * x @ W -> (1 - p) * x @ (W.T if len(W) == len(b) else W)
""",
)


@versions.wrong("weight_scaling_softmax")
def sampled(x, W, b, p):
    masks = [np.random.default_rng(k).random(x.shape) >= p for k in range(50)]
    return np.mean([softmax((x * mask) @ W + b) for mask in masks], axis=0)


@versions.wrong("weight_scaling_softmax")
def softmax_of_softmax(x, W, b, p):
    return softmax(softmax((1 - p) * x @ W + b))


def softmax(scores):
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@versions.right("weight_scaling_softmax")
def scaled_weights(x, W, b, p):
    scores = np.dot(x, W * (1 - p)) + b
    shifted = scores - np.max(scores, axis=-1)[:, None]
    return np.exp(shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True)))


@versions.right("weight_scaling_softmax")
def rows(x, W, b, p):
    return np.stack([softmax((sample * (1 - p) @ W + b)[None])[0] for sample in x])


versions.right("weight_scaling_softmax", label="x_scaled")(lambda x, W, b, p: softmax((x - p * x).dot(W) + b))
versions.right("weight_scaling_softmax", label="transposed")(lambda x, W, b, p: softmax((W.T * (1 - p) @ x.T).T + b))

test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()

# ---------------------------------------------------------------------------- luck


@pytest.mark.parametrize("exercise_id", RANDOM)
def test_right_solutions_of_random_exercises_need_no_luck(exercise_id):
    exercise = exercises.load(exercise_id)
    for functions in (exercise.right, *exercise.alternatives):
        for seed in ("1", "2", "3", "4"):
            assert verdict_on(exercise_id, *functions, seed=seed).passed


@pytest.mark.parametrize("exercise_id", LAYERS)
def test_one_exercise_asks_fewer_questions_than_it_says(exercise_id, monkeypatch):
    asked = []
    exercise = exercises.load(exercise_id)
    own = importlib.import_module(f"autograder.exercises.dropout.{exercise_id}")
    for name in ("counts_are_off", "mean_is_off", "std_is_off", "distribution_is_off"):
        original = getattr(chance, name)

        def counted(*args, original=original, **kwargs):
            asked.append(original)
            return original(*args, **kwargs)

        for module in (_draws, _masks, _gaussian, own):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counted)
    assert judge(exercise, LocalCaller(exercise.right), points=10).passed
    assert 0 < len(asked) < 60


def test_what_is_called_never_needs_more_luck_than_the_bound():
    assert _draws.surely(300, 0.6) and not _draws.surely(30, 0.6)
    # The smallest probability of what is "all the same" in the cases: 300 units that are all kept with p = 0.2.
    assert 300 * math.log(0.8) < math.log(chance.FALSE_ALARM)


@pytest.mark.parametrize("p", [0.1, 0.4, 0.8])
def test_binomial_counts_do_not_spread_too_much_nor_too_little(p):
    rng = np.random.default_rng(5)
    assert not any(_draws.spread_is_off(rng.binomial(100, 1 - p, 200), 100, 1 - p) for _ in range(200))
    assert _draws.spread_is_off(np.full(200, round(100 * (1 - p))), 100, 1 - p)
    assert _draws.spread_is_off(100 * rng.binomial(1, 1 - p, 200), 100, 1 - p)


def test_of_several_calls_the_report_says_which_one_failed():
    def rounded_up(x, p, rng):
        mask = rng.random(x.shape) >= (p if p == 0.3 else min(2 * p, 1))
        return x * mask, mask

    failed = [case for case in verdict_on("dropout_vanilla_train", rounded_up).cases if case.failed]
    assert any("not p = 0.8 (x of shape (240, 240))" in case.message for case in failed)
    assert any(case.called == "dropout_vanilla_train(x, 0.8, rng)" for case in failed)


# ---------------------------------------------------------------------------- properties are judged for themselves


def open_and_failed(exercise_id, *functions):
    cases = verdict_on(exercise_id, *functions).cases
    return [case.title for case in cases if case.open], [case.title for case in cases if case.failed]


def test_a_property_that_holds_is_not_crossed_out_for_another_ones_fault():
    """Vanilla dropout for inverted: the mask, its rate, `rng`, the dtype and the arguments are as they should be."""
    slip = next(m for m in exercises.load("dropout_forward").mistakes if m.name == "not_scaled")
    waits, crosses = open_and_failed("dropout_forward", *slip.functions)
    assert crosses == ["each unit is 0 or x / (1 - p)", "p = 0 drops nothing, p = 0.99 nearly all"]
    assert "float32 in, float32 out" in waits and "leaves its arguments as they were" in waits


def test_what_a_forward_does_wrong_is_no_cross_of_what_it_hides():
    forward = dropping(lambda s, p, rng: np.ones(s, bool))
    _, crosses = open_and_failed("dropout_backward", forward, lambda dout, cache: dout)
    verdict = verdict_on("dropout_backward", forward, lambda dout, cache: dout)
    said = {case.message for case in verdict.cases if case.title in crosses}
    assert all(message.startswith("dropout_forward is not right yet") for message in said)
    assert not verdict.mistakes


# ---------------------------------------------------------------------------- hostile answers

ODD = [None, True, 3, "text", [], [1, [2, None]], {"a": 1}, Handle(-1, "object"), np.float32(2), np.array(1.0)]
ODD += [np.zeros(0), np.zeros((0, 5)), np.zeros((15, 20)), np.ones((20, 15)), np.ones((15, 20), np.float16)]
ODD += [np.full((15, 20), value) for value in (np.nan, np.inf, 1e308, 1 + 2j, True)]


class Says:
    """A worker that reports whatever it likes."""

    def __init__(self, value):
        self.value = value

    def run(self, script):
        return Outcome(tuple(self.value(k) for k, _ in enumerate(script.wants)))


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
def test_no_answer_makes_the_judge_of_random_numbers_fall(exercise_id):
    exercise = exercises.load(exercise_id)
    spoil = [lambda a: a * 0, lambda a: -a, lambda a: a * 1e200, lambda a: a * 1e-200, lambda a: a + 1]
    spoil += [np.sign, lambda a: np.round(a, 1), lambda a: np.where(a == a.flat[0], a, 1e300) if a.size else a]
    with np.errstate(all="ignore"):
        for value in ODD:
            assert judge(exercise, Says(lambda k, v=value: v), points=10).points < 10
        for shift in range(3):
            assert judge(exercise, Says(lambda k, s=shift: ODD[(k + s) % len(ODD)]), points=10).points < 10
        for change in spoil:
            assert judge(exercise, Spoilt(exercise.right, change), points=10).points < 10


# ---------------------------------------------------------------------------- the formulas against what they stand for

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
