"""The checks of 11_augmentation's mixing, style and sound: held-out wrong solutions lose points, odd right ones do not.

A wrong solution is called by no mistake's name but those beside it.
"""

import functools
import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from autograder import exercises
from autograder.exercises.augmentation import _sound, mixup, time_stretch
from autograder.judge import judge
from autograder.judge.judging import LocalCaller

IDS = (
    "mixup",
    "random_apply",
    "compose",
    "gram_matrix",
    "adain",
    "add_noise",
    "compress_dynamic_range",
    "time_stretch",
    "pitch_shift",
)
SLOW = ("time_stretch", "pitch_shift", "mixup")
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


# mixup


def mix(x, y, lam, perm, lam_y=None):
    lam = np.asarray(lam).astype(x.dtype)
    lam_y = lam if lam_y is None else np.asarray(lam_y).astype(x.dtype)
    a, b = lam.reshape(-1, 1, 1, 1), lam_y.reshape(-1, 1)
    return a * x + (1 - a) * x[perm], b * y + (1 - b) * y[perm]


def mixing(draw_lam, draw_perm=lambda n, rng: rng.permutation(n)):
    def function(x, y, alpha, rng):
        return mix(x, y, draw_lam(alpha, len(x), rng), draw_perm(len(x), rng))

    return function


def mixup_in_place(x, y, alpha, rng):
    x_new, y_new = mix(x, y, rng.beta(alpha, alpha, len(x)), rng.permutation(len(x)))
    x[:], y[:] = x_new, y_new
    return x_new, y_new


def mixup_in_float64(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, (len(x), 1)), rng.permutation(len(x))
    images = lam[:, :, None, None] * x + (1 - lam[:, :, None, None]) * x[perm]
    return images, lam * y + (1 - lam) * y[perm]


def mixup_into_a_buffer():
    kept = {}

    def function(x, y, alpha, rng):
        for name, new in zip("xy", mix(x, y, rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))), strict=True):
            kept.setdefault((name, new.shape, new.dtype), np.empty_like(new))[...] = new
        return kept["x", x.shape, x.dtype], kept["y", y.shape, y.dtype]

    return function


def mixup_without_self(x, y, alpha, rng):
    perm = (np.arange(len(x)) + rng.integers(1, max(len(x), 2), size=1)) % len(x)
    return mix(x, y, rng.beta(alpha, alpha, len(x)), perm)


def swap_pairs(n, rng):
    order, perm = rng.permutation(n), np.arange(n)
    perm[order[: n // 2 * 2 : 2]], perm[order[1 : n // 2 * 2 : 2]] = (
        order[1 : n // 2 * 2 : 2],
        order[: n // 2 * 2 : 2],
    )
    return perm


def sattolo(n, rng):
    order = np.arange(n)
    for k in range(n - 1, 0, -1):
        j = rng.integers(k)
        order[[k, j]] = order[[j, k]]
    return order


def beta(alpha, n, rng):
    return rng.beta(alpha, alpha, n)


def columns_of_their_own(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, x.shape[-1]).astype(x.dtype)
    perm = rng.permutation(len(x))
    return lam * x + (1 - lam) * x[perm], lam.mean() * y + (1 - lam.mean()) * y[perm]


def labels_normalised_by_rounding(x, y, alpha, rng):
    images, labels = mix(x, y, rng.beta(alpha, alpha, len(x)), rng.permutation(len(x)))
    return images, np.round(labels, 1)


wrongs(
    "mixup",
    alpha_off_by_a_tenth=mixing(lambda a, n, rng: rng.beta(1.1 * a, 1.1 * a, n)),
    alpha_less_by_a_tenth=mixing(lambda a, n, rng: rng.beta(0.9 * a, 0.9 * a, n)),
    beta_with_one=mixing(lambda a, n, rng: rng.beta(a, 1.0, n)),
    alpha_of_the_paper=mixing(lambda a, n, rng: rng.beta(0.2, 0.2, n)),
    inverse_alpha=mixing(lambda a, n, rng: rng.beta(1 / a, 1 / a, n)),
    clipped_normal=mixing(lambda a, n, rng: np.clip(rng.normal(0.5, 0.5 / math.sqrt(2 * a + 1), n), 0, 1)),
    sorted_for_the_batch=(mixing(lambda a, n, rng: np.tile(rng.beta(a, a, 1), n)), "one_lam"),
    uniform_between=(mixing(lambda a, n, rng: rng.uniform(0, 1, n)), "uniform_lam"),
    at_least_half=(mixing(lambda a, n, rng: 0.5 + np.abs(rng.beta(a, a, n) - 0.5)), "lam_folded"),
    rolled_by_any=(mixup_without_self, "not_uniform"),
    pairs_that_swap=(mixing(beta, swap_pairs), "not_uniform"),
    never_alone=(mixing(beta, sattolo), "not_uniform"),
    choice=(mixing(beta, lambda n, rng: rng.choice(n, n)), "with_replacement"),
    own_seed=(lambda x, y, a, rng: mixing(beta)(x, y, a, np.random.default_rng(7)), "same_draw_each_call"),
    in_place=(mixup_in_place, "in_place"),
    in_float64=(mixup_in_float64, "changes_dtype"),
    buffer=(mixup_into_a_buffer(), "overwrites_earlier_result"),
    rounded_labels=(labels_normalised_by_rounding, "labels_of_another_lam"),
    images_alone=lambda x, y, a, rng: mixing(beta)(x, y, a, rng)[0],
    swapped_results=lambda x, y, a, rng: mixing(beta)(x, y, a, rng)[::-1],
    nothing=(lambda x, y, a, rng: (x, y), "images_not_mixed"),
    half_and_half=(mixing(lambda a, n, rng: np.full(n, 0.5) + 0 * rng.random()), "one_lam"),
    lam_of_the_columns=(columns_of_their_own, "weights_do_not_add_up", "one_lam"),
)


def mixup_recursive_draws(x, y, alpha, rng):
    n = len(x)
    gammas = rng.standard_gamma(alpha, (n, 2))
    weights = (gammas / gammas.sum(axis=1, keepdims=True)).astype(x.dtype)
    order = list(range(n))
    rng.shuffle(order)
    out = [weights[i, 0] * x[i] + weights[i, 1] * x[j] for i, j in enumerate(order)]
    labels = [weights[i, 0] * y[i] + weights[i, 1] * y[j] for i, j in enumerate(order)]
    return np.stack(out), np.stack(labels)


def mixup_by_a_matrix(x, y, alpha, rng):
    n = len(x)
    if n > 1000:  # The matrix would be too large.
        return mixup_recursive_draws(x, y, alpha, rng)
    lam = rng.beta(alpha, alpha, n)
    weights = np.diag(lam)
    weights[np.arange(n), rng.permutation(n)] += 1 - lam
    weights = weights.astype(x.dtype)
    return np.tensordot(weights, x, 1), weights @ y


rights(
    "mixup",
    gammas_and_loops=mixup_recursive_draws,
    matrix=mixup_by_a_matrix,
    inverse_permutation=mixing(beta, lambda n, rng: np.argsort(rng.permutation(n))),
    one_at_a_time=mixing(lambda a, n, rng: [1 - rng.beta(a, a) for _ in range(n)]),
    fortran=lambda x, y, a, rng: [np.asfortranarray(part) for part in mixing(beta)(x, y, a, rng)],
    spawned=lambda x, y, a, rng: mixing(beta)(x, y, a, np.random.default_rng(rng.integers(2**62))),
)


# random_apply and compose


def applying(choose):
    """random_apply by choose(n, p, rng)."""

    def random_apply(transform, p, rng):
        def apply(x):
            chosen = np.asarray(choose(len(x), p, rng)).reshape(-1, 1, 1, 1)
            return np.where(chosen, transform(x), x)

        return apply

    return random_apply


def applies_in_place(transform, p, rng):
    def apply(x):
        chosen = rng.random(len(x)) < p
        if chosen.any():
            x[chosen] = transform(x[chosen])
        return x

    return apply


def applies_into_float64(transform, p, rng):
    def apply(x):
        out = np.empty(x.shape)
        for i, yes in enumerate(rng.random(len(x)) < p):
            out[i] = transform(x[i : i + 1])[0] if yes else x[i]
        return out

    return apply


def applies_into_a_buffer(transform, p, rng):
    kept = {}

    def apply(x):
        chosen = rng.random(len(x)) < p
        out = kept.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[...] = np.where(chosen[:, None, None, None], transform(x), x)
        return out

    return apply


def one_image_without_batch(transform, p, rng):
    return lambda x: np.stack([transform(image) if rng.random() < p else image for image in x])


def chosen_first(transform, p, rng):
    def apply(x):
        chosen = rng.random(len(x)) < p
        return np.concatenate([transform(x[chosen]), x[~chosen]])

    return apply


def first_images(n, p, rng):
    return np.arange(n) < rng.binomial(n, p)


def neighbours_alike(n, p, rng):
    return np.repeat(rng.random(-(-n // 2)) < p, 2)[:n]


def reverses_the_batch(transform, p, rng):
    """Whose transform sees the images in another order than their decisions."""

    def apply(x):
        chosen = rng.random(len(x)) < p
        out = x.copy()
        out[chosen] = transform(x[chosen])[::-1]
        return out

    return apply


wrongs(
    "random_apply",
    rate_a_tenth_less=applying(lambda n, p, rng: rng.random(n) < 0.9 * p),
    rate_a_tenth_more=applying(lambda n, p, rng: rng.random(n) < 1.1 * p),
    square_of_p=applying(lambda n, p, rng: rng.random(n) < p * p),
    normal=applying(lambda n, p, rng: rng.standard_normal(n) < p),
    tenths=applying(lambda n, p, rng: rng.integers(0, 10, n) <= 10 * p),
    kept_with_p=(applying(lambda n, p, rng: rng.random(n) >= p), "p_swapped"),
    first_ones=applying(first_images),
    pairs=applying(neighbours_alike),
    one_number=(applying(lambda n, p, rng: np.full(n, rng.random() < p)), "decides_for_batch"),
    by_share=(applying(lambda n, p, rng: rng.permutation(n) < round(p * n)), "exact_share"),
    in_place=(applies_in_place, "in_place"),
    in_float64=(applies_into_float64, "changes_dtype"),
    buffer=(applies_into_a_buffer, "overwrites_earlier_result"),
    images_without_batch=one_image_without_batch,
    chosen_first=chosen_first,
    mixed_up=reverses_the_batch,
    own_generator=(
        lambda transform, p, rng: (
            lambda x: applying(lambda n, p, g: g.random(n) < p)(transform, p, np.random.default_rng(0))(x)
        ),
        "same_draw_each_call",
    ),
    applied_at_once=(lambda transform, p, rng: transform, "always_applied"),
    nothing_returned=lambda transform, p, rng: None,
)


def a_generator_of_its_own(transform, p, rng):
    (child,) = rng.spawn(1)
    return applying(lambda n, p, rng: child.random(n) < p)(transform, p, rng)


def split_and_joined(transform, p, rng):
    def apply(x):
        parts = np.split(x, len(x))
        return np.concatenate([transform(part) if rng.uniform(0, 1) <= p else part for part in parts])

    return apply


def by_arithmetic(transform, p, rng):
    def apply(x):
        chosen = (rng.random((len(x), 1, 1, 1)) < p).astype(x.dtype)
        return chosen * transform(x) + (1 - chosen) * x

    return apply


rights(
    "random_apply",
    own_child=a_generator_of_its_own,
    split=split_and_joined,
    arithmetic=by_arithmetic,
    complement=applying(lambda n, p, rng: ~(rng.random(n) < 1 - p)),
    nested=lambda transform, p, rng: applying(lambda n, q, g: np.ones(n, bool))(
        applying(lambda n, q, g: g.random(n) < q)(transform, p, rng), p, rng
    ),
)


def composed_in_place(transforms):
    def apply(x):
        for transform in transforms:
            x[:] = transform(x)
        return x.copy()

    return apply


def composed_popping(transforms):
    def apply(x):
        while transforms:
            x = transforms.pop(0)(x)
        return x

    return apply


def pairs_only(transforms):
    return lambda x: transforms[1](transforms[0](x)) if len(transforms) == 2 else transforms[0](x) if transforms else x


def sorted_transforms(transforms):
    return lambda x: functools.reduce(lambda y, f: f(y), dict.fromkeys(transforms), x)


def in_float64(transforms):
    return lambda x: functools.reduce(lambda y, f: f(y), transforms, x).astype(np.float64)


def remembers_the_result(transforms):
    kept = {}
    return lambda x: kept.setdefault(x.shape, functools.reduce(lambda y, f: f(y), transforms, x))


def buffered(transforms):
    kept = {}

    def apply(x):
        y = functools.reduce(lambda y, f: f(y), transforms, x)
        out = kept.setdefault((y.shape, y.dtype), np.empty_like(y))
        out[...] = y
        return out

    return apply


wrongs(
    "compose",
    in_place=(composed_in_place, "in_place"),
    popping=(composed_popping, "remembers_earlier_calls"),
    two_at_most=pairs_only,
    last_comes_first=(
        lambda transforms: lambda x: functools.reduce(lambda y, f: f(y), transforms[::-1], x),
        "last_first",
    ),
    in_float64=(in_float64, "changes_dtype"),
    first_result=remembers_the_result,
    buffered=(buffered, "overwrites_earlier_result"),
    sum_of_all=lambda transforms: lambda x: sum(f(x) for f in transforms),
    difference=lambda transforms: lambda x: x + sum(f(x) - x for f in transforms),
    twice=lambda transforms: lambda x: functools.reduce(lambda y, f: f(y), [*transforms, *transforms], x),
    identity=(lambda transforms: lambda x: x, "never_kept"),
    all_results=lambda transforms: lambda x: list(itertools.accumulate(transforms, lambda y, f: f(y), initial=x)),
    applied_to_the_list=lambda transforms: functools.reduce(lambda y, f: f(y), transforms),
)


def pairwise(transforms):
    """A balanced tree of compositions."""
    if len(transforms) < 2:
        return transforms[0] if transforms else lambda x: x
    half = len(transforms) // 2
    first, second = pairwise(transforms[:half]), pairwise(transforms[half:])
    return lambda x: second(first(x))


rights(
    "compose",
    tree=pairwise,
    accumulate=lambda transforms: (
        lambda x: list(itertools.accumulate(transforms, lambda y, f: f(y), initial=x))[-1].copy()
    ),
    index=lambda transforms: (
        lambda x: x if not transforms else [x := transforms[k](x) for k in range(len(transforms))][-1]
    ),
    deep_copy=lambda transforms: lambda x: functools.reduce(lambda y, f: f(y.copy()), tuple(transforms), x.copy()),
)


# gram_matrix and adain


def normalised_gram(f):
    n, c = f.shape[:2]
    flat = f.reshape(n, c, -1)
    return flat @ flat.transpose(0, 2, 1) / (c * f.shape[2] ** 2)


wrongs(
    "gram_matrix",
    square_pictures_only=normalised_gram,
    half=lambda f: gram(f) / 2,
    root_of_size=lambda f: gram(f) * math.sqrt(f[0].size),
    diagonal=lambda f: gram(f) * np.eye(f.shape[1], dtype=f.dtype),
    upper_triangle=lambda f: np.triu(gram(f)),
    absolute=lambda f: gram(np.abs(f)),
    rows_only=lambda f: np.einsum("nahw,nbhw->nab", f[:, :, :1], f[:, :, :1]) / f[0].size,
    outer_of_means=lambda f: np.einsum("na,nb->nab", f.mean((2, 3)), f.mean((2, 3))) / f.shape[1],
    channels_last=lambda f: gram(f.transpose(0, 3, 1, 2)),
    first_sample=lambda f: np.repeat(gram(f)[:1], len(f), axis=0),
    epsilon=lambda f: gram(f) + 1e-6,
    float64=(lambda f: gram(f.astype(np.float64)), "changes_dtype"),
    flat=lambda f: gram(f).reshape(len(f), -1),
    squeezed=lambda f: gram(f).squeeze(),
    clipped=lambda f: gram(np.maximum(f, 0)),
)


def gram(f):
    return np.einsum("nahw,nbhw->nab", f, f) / f[0].size


rights(
    "gram_matrix",
    einsum=gram,
    einsum_with_path=lambda f: np.einsum("nahw,nbhw->nab", f, f, optimize=True) / np.float32(f[0].size),
    in_double=lambda f: gram(f.astype(np.float64)).astype(f.dtype),
    strided=lambda f: np.ascontiguousarray(gram(f).transpose(1, 2, 0)).transpose(2, 0, 1),
    polarised=lambda f: (
        np.stack([np.cov(s.reshape(s.shape[0], -1), bias=True).reshape(s.shape[0], -1) for s in f]).astype(f.dtype)
        / f.shape[1]
        + np.einsum("na,nb->nab", f.mean((2, 3)), f.mean((2, 3))) / f.shape[1]
    ),
)


def restyle(content, style, eps=1e-5, *, var=lambda f: f.var((2, 3), keepdims=True)):
    mean_c, mean_s = (f.mean((2, 3), keepdims=True) for f in (content, style))
    return (content - mean_c) / np.sqrt(var(content) + eps) * np.sqrt(var(style) + eps) + mean_s


def naive_variance(f):
    return (f**2).mean((2, 3), keepdims=True) - f.mean((2, 3), keepdims=True) ** 2


wrongs(
    "adain",
    naive_variance=lambda c, s, eps=1e-5: restyle(c, s, eps, var=lambda f: np.maximum(naive_variance(f), 0)),
    eps_on_style_only=lambda c, s, eps=1e-5: restyle(c, s, 0.0) if eps == 0 else style_only(c, s, eps),
    no_eps=lambda c, s, eps=1e-5: restyle(c, s, 1e-30),
    default_of_1e_6=lambda c, s, eps=1e-6: restyle(c, s, eps),
    eps_squared=lambda c, s, eps=1e-5: restyle(c, s, eps**2),
    one_size_only=lambda c, s, eps=1e-5: restyle(c, s[..., : c.shape[2], : c.shape[3]], eps),
    first_sample_of_style=lambda c, s, eps=1e-5: restyle(c, np.repeat(s[:1], len(s), axis=0), eps),
    positional_style=lambda c, s, eps=1e-5: s,
    content=lambda c, s, eps=1e-5: c,
    half_way=lambda c, s, eps=1e-5: 0.5 * c + 0.5 * restyle(c, s, eps),
    float64=(lambda c, s, eps=1e-5: restyle(c.astype(np.float64), s, eps), "changes_dtype"),
    in_place=(lambda c, s, eps=1e-5: np.copyto(c, restyle(c, s, eps)) or c.copy(), "in_place"),
    clipped=lambda c, s, eps=1e-5: np.clip(restyle(c, s, eps), 0, 1),
    standardised_twice=lambda c, s, eps=1e-5: restyle(restyle(c, s, eps), s, eps),
)


def style_only(c, s, eps):
    mean, std = c.mean((2, 3), keepdims=True), c.std((2, 3), keepdims=True)
    centred = (c - mean) / np.where(std > 0, std, 1)
    return centred * np.sqrt(s.var((2, 3), keepdims=True) + eps) + s.mean((2, 3), keepdims=True)


rights(
    "adain",
    plain=restyle,
    affine=lambda c, s, eps=1e-5: (
        lambda gain, mean_c, mean_s: (
            gain * c + (mean_s - gain * mean_c) if np.abs(c).max() < 1e3 else restyle(c, s, eps)
        )
    )(
        np.sqrt((s.var((2, 3), keepdims=True) + eps) / (c.var((2, 3), keepdims=True) + eps)),
        c.mean((2, 3), keepdims=True),
        s.mean((2, 3), keepdims=True),
    ),
    by_sample=lambda c, s, eps=1e-5: np.concatenate(
        [restyle(a[None], b[None], eps) for a, b in zip(c, s, strict=True)]
    ),
    power=lambda c, s, eps=1e-5: (
        (c - c.mean((2, 3))[:, :, None, None])
        * ((s.var((2, 3)) + eps) ** 0.5 * (c.var((2, 3)) + eps) ** -0.5)[:, :, None, None]
        + s.mean((2, 3))[:, :, None, None]
    ),
)


# add_noise


def noisy(
    power=lambda x, snr: np.mean(x.astype(float) ** 2) / 10 ** (snr / 10), draw=lambda rng, n: rng.normal(size=n)
):
    def add_noise(x, snr_db, rng):
        return (x + math.sqrt(power(x, snr_db)) * draw(rng, len(x))).astype(x.dtype)

    return add_noise


def power(x, snr_db):
    return np.mean(x.astype(float) ** 2) / 10 ** (snr_db / 10)


def smoothed(rng, n):
    white = rng.normal(size=n + 1)
    return (white[1:] + 0.3 * white[:-1]) / math.sqrt(1.09)


def soft_clipped(x, snr_db, rng):
    return np.tanh(noisy()(x, snr_db, rng)).astype(x.dtype)


def kept_within_one(x, snr_db, rng):
    out = noisy()(x, snr_db, rng)
    return (out / max(1.0, float(np.abs(out).max()))).astype(x.dtype)


def noise_where_sound_is(x, snr_db, rng):
    noise = noisy()(x, snr_db, rng) - x
    return np.where(x != 0, x + noise, x)


def floor_of_noise(x, snr_db, rng):
    return (x + math.sqrt(max(power(x, snr_db), 1e-8)) * rng.normal(size=len(x))).astype(x.dtype)


def added_in_place(x, snr_db, rng):
    x += math.sqrt(power(x, snr_db)) * rng.normal(size=len(x))
    return x.copy()


wrongs(
    "add_noise",
    a_twentieth_more=noisy(lambda x, snr: 1.05**2 * power(x, snr)),
    a_twentieth_less=noisy(lambda x, snr: 0.95**2 * power(x, snr)),
    over_twenty=(noisy(lambda x, snr: np.mean(x.astype(float) ** 2) / 10 ** (snr / 20)), "ratio_of_amplitudes"),
    times_the_ratio=(noisy(lambda x, snr: np.mean(x.astype(float) ** 2) * 10 ** (snr / 10)), "sign_of_snr"),
    loudest=(noisy(lambda x, snr: np.abs(x).max().astype(float) ** 2 / 10 ** (snr / 10)), "peak_for_power"),
    amplitude_by_the_ratio=(
        lambda x, snr, rng: (x + rng.normal(0, np.sqrt(np.mean(x**2)) / 10 ** (snr / 10), len(x))).astype(x.dtype),
        "powers_for_amplitudes",
    ),
    natural_base=noisy(lambda x, snr: np.mean(x.astype(float) ** 2) / math.exp(snr / 10)),
    laplace=noisy(draw=lambda rng, n: rng.laplace(0, 1 / math.sqrt(2), n)),
    signs=noisy(draw=lambda rng, n: rng.choice([-1.0, 1.0], n)),
    triangular=noisy(draw=lambda rng, n: rng.triangular(-math.sqrt(6), 0, math.sqrt(6), n)),
    positive=noisy(draw=lambda rng, n: np.abs(rng.normal(size=n))),
    smoothed=noisy(draw=smoothed),
    tiled=(noisy(draw=lambda rng, n: np.full(n, rng.normal())), "one_draw"),
    soft_clipped=soft_clipped,
    scaled_to_one=kept_within_one,
    only_where_sound_is=(noise_where_sound_is, "noise_follows_sound"),
    floor=floor_of_noise,
    in_place=(added_in_place, "in_place"),
    float64=(lambda x, snr, rng: x + math.sqrt(power(x, snr)) * rng.normal(size=len(x)), "changes_dtype"),
    subtracted=noisy(draw=lambda rng, n: 0 * rng.normal(size=n)),
    own_seed=(lambda x, snr, rng: noisy()(x, snr, np.random.default_rng(3)), "same_draw_each_call"),
)


def demeaned(x, snr_db, rng):
    if not x.any() or len(x) < 3:
        return noisy()(x, snr_db, rng)
    noise = rng.standard_normal(len(x))
    noise -= noise.mean()
    return (x + noise / noise.std() * math.sqrt(power(x, snr_db))).astype(x.dtype)


rights(
    "add_noise",
    plain=noisy(),
    demeaned_and_rescaled=demeaned,
    norms=lambda x, snr, rng: (
        x + (np.linalg.norm(x) / math.sqrt(len(x)) * 10 ** (-snr / 20) * rng.standard_normal(len(x))).astype(x.dtype)
    ),
    box_muller=noisy(draw=lambda rng, n: np.sqrt(-2 * np.log(1 - rng.random(n))) * np.cos(2 * np.pi * rng.random(n))),
    with_deviation=lambda x, snr, rng: (x + rng.normal(0, math.sqrt(power(x, snr)), x.shape)).astype(x.dtype),
    subtracted=lambda x, snr, rng: (x - rng.normal(0, math.sqrt(power(x, snr)), x.size)).astype(x.dtype),
    float32_draws=lambda x, snr, rng: (
        x + rng.standard_normal(len(x), dtype=np.float32).astype(x.dtype) * float(np.sqrt(power(x, snr)))
    ),
)


# compress_dynamic_range


def compressor(change):
    """By change(level, threshold, ratio) of the level above the threshold."""

    def compress(x, threshold_db, ratio):
        size = np.abs(x).astype(np.float64)
        level = 20 * np.log10(np.maximum(size, 1e-320))
        new = 10 ** (change(level, threshold_db, ratio) / 20)
        return np.where(level > threshold_db, np.sign(x) * new, x).astype(x.dtype)

    return compress


def kneed(level, threshold, ratio, width=6.0):
    over = level - threshold
    soft = level + (1 / ratio - 1) * (over + width / 2) ** 2 / (2 * width)
    return np.where(over > width / 2, threshold + over / ratio, np.where(over > -width / 2, soft, level))


def soft_knee(x, threshold_db, ratio):
    size = np.maximum(np.abs(x), 1e-320)
    return (np.sign(x) * 10 ** (kneed(20 * np.log10(size), threshold_db, ratio) / 20)).astype(x.dtype)


def smoothed_level(x, threshold_db, ratio):
    size = np.convolve(np.abs(x), np.ones(3) / 3, "same")
    excess = np.maximum(20 * np.log10(np.maximum(size, 1e-320)) - threshold_db, 0)
    return (x * 10 ** (excess * (1 / ratio - 1) / 20)).astype(x.dtype)


def with_a_floor(x, threshold_db, ratio):
    level = 20 * np.log10(np.abs(x) + 1e-6)
    excess = np.maximum(level - threshold_db, 0)
    return (x * 10 ** (excess * (1 / ratio - 1) / 20)).astype(x.dtype)


def power_level(x, threshold_db, ratio):
    """Right, but for samples whose square is 0."""
    level = 10 * np.log10(np.maximum(x.astype(np.float64) ** 2, 1e-12))
    excess = np.maximum(level - threshold_db, 0)
    return (np.sign(x) * np.sqrt(x.astype(np.float64) ** 2) * 10 ** (excess * (1 / ratio - 1) / 20)).astype(x.dtype)


wrongs(
    "compress_dynamic_range",
    soft_knee=soft_knee,
    smoothed=smoothed_level,
    floor=with_a_floor,
    squares=power_level,
    whole_ratio=compressor(lambda level, t, r: t + (level - t) / int(r)),
    ratio_of_four=compressor(lambda level, t, r: t + (level - t) / 4),
    threshold_of_20=compressor(lambda level, t, r: -20 + (level + 20) / r),
    limiter=(compressor(lambda level, t, r: t + 0 * level), "hard_limit"),
    multiplied=(compressor(lambda level, t, r: t + (level - t) * r), "excess_multiplied"),
    ratio_less_one=compressor(lambda level, t, r: t + (level - t) / (r + 1)),
    root=compressor(lambda level, t, r: t + np.sqrt(np.maximum(level - t, 0))),
    nan_for_zero=lambda x, t, r: x / np.where(x == 0, 0 * x, 1 + 0 * x) if (x == 0).any() else x,
    absolute=(lambda x, t, r: np.abs(compressor(lambda level, t, r: t + (level - t) / r)(x, t, r)), "sign_lost"),
    in_place=(
        lambda x, t, r: np.copyto(x, compressor(lambda level, t, r: t + (level - t) / r)(x, t, r)) or x.copy(),
        "in_place",
    ),
    float64=(
        lambda x, t, r: compressor(lambda level, t, r: t + (level - t) / r)(x.astype(np.float64), t, r),
        "changes_dtype",
    ),
)
rights(
    "compress_dynamic_range",
    levels=compressor(lambda level, t, r: t + (level - t) / r),
    blended_levels=compressor(lambda level, t, r: (1 - 1 / r) * t + level / r),
    division=lambda x, t, r: (x / np.maximum(np.abs(x.astype(np.float64)) / 10.0 ** (t / 20), 1) ** (1 - 1 / r)).astype(
        x.dtype
    ),
    two_masks=lambda x, t, r: np.piecewise(
        x,
        [x > 10 ** (t / 20), x < -(10 ** (t / 20))],
        [
            lambda v: 10 ** ((t + (20 * np.log10(v) - t) / r) / 20),
            lambda v: -(10 ** ((t + (20 * np.log10(-v) - t) / r) / 20)),
            lambda v: v,
        ],
    ),
)


# time_stretch and pitch_shift


def unwrapped(x, rate, n_fft=1024, hop=256, *, centre="constant", steps=None):
    """Magnitudes and phases between the frames of a grid, as librosa takes them."""
    window = np.hanning(n_fft + 1)[:-1]
    padded = np.pad(x.astype(float), n_fft // 2, mode=centre)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    grid = np.pad(np.fft.rfft(window * frames, axis=1), ((0, 2), (0, 0)))
    bins = np.linspace(0, np.pi * hop, n_fft // 2 + 1)
    phase, out = np.angle(grid[0]), []
    for step in np.arange(0, len(frames), rate):
        first, share = int(step), step % 1
        size = (1 - share) * np.abs(grid[first]) + share * np.abs(grid[first + 1])
        out.append(window * np.fft.irfft(size * np.exp(1j * phase)))
        off = np.angle(grid[first + 1]) - np.angle(grid[first]) - bins
        phase = phase + bins + off - 2 * np.pi * np.round(off / (2 * np.pi))
    samples = round(len(x) / rate)
    return overlapped(out, window, hop, samples + n_fft)[n_fft // 2 :][:samples].astype(x.dtype)


def overlapped(frames, window, hop, least):
    n_fft = len(window)
    out, weight = np.zeros((2, max(hop * len(frames) + n_fft, least)))
    for k, frame in enumerate(frames):
        out[k * hop : k * hop + n_fft] += frame
        weight[k * hop : k * hop + n_fft] += window**2
    return out / np.where(weight > 1e-8, weight, 1)


def input_frames(x, rate, n_fft=1024, hop=256):
    """The advance between the frames that are put out, told per sample about each bin's own (DAFX)."""
    window, bins = np.hanning(n_fft + 1)[:-1], 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft
    samples = round(len(x) / rate)
    padded = np.pad(x.astype(float), (n_fft // 2, 3 * n_fft + 4 * hop))
    out, phase, last, end = [], None, None, 0
    for k in range((samples + n_fft // 2) // hop + 1):
        at = min(round(k * hop * rate), len(padded) - n_fft)
        spectrum = np.fft.rfft(window * padded[at : at + n_fft])
        angle = np.angle(spectrum)
        if phase is None or at == end:
            phase = angle if phase is None else phase
        else:
            off = (angle - last - bins * (at - end) + np.pi) % (2 * np.pi) - np.pi
            phase = phase + hop * (bins + off / (at - end))
        last, end = angle, at
        out.append(window * np.fft.irfft(np.abs(spectrum) * np.exp(1j * phase)))
    return overlapped(out, window, hop, samples + n_fft)[n_fft // 2 :][:samples].astype(x.dtype)


def by_ratios(x, rate, n_fft=1024, hop=256):
    """Unit spectra multiplied instead of phases added, edges in front, a window without zeros."""
    window = np.hanning(n_fft + 2)[1:-1]
    samples = round(len(x) / rate)
    starts = range(0, samples + n_fft // 2, hop)
    padded = np.pad(x.astype(float), (n_fft // 2 + hop, 3 * n_fft + int(2 * hop * rate)))
    turn, out = None, []
    for start in starts:
        at = int(start * rate + 0.5)
        before, now = (np.fft.rfft(window * padded[k : k + n_fft]) for k in (at, at + hop))
        if turn is None:
            turn = np.exp(1j * np.angle(now))
        else:
            step = now * before.conj()
            turn = turn * np.where(np.abs(step) > 0, step / np.maximum(np.abs(step), 1e-300), 1)
        out.append(np.fft.irfft(np.abs(now) * turn) * window)
    return overlapped(out, window, hop, samples + n_fft)[n_fft // 2 :][:samples].astype(x.dtype)


def mirrored_ends(x, rate, n_fft=1024, hop=256):
    return unwrapped(x, rate, n_fft, hop, centre="reflect")


def places_added_up(x, rate, n_fft=1024, hop=256):
    """Frames that begin at t, as the equation says, with t a float that is cut down anew each time it is used."""
    window, samples = np.hanning(n_fft), round(len(x) / rate)
    padded = np.concatenate([x, np.zeros(2 * n_fft + hop)])

    def spectrum(t):
        return np.fft.rfft(window * padded[int(t) : int(t) + n_fft])

    t, phase, out = 0.0, np.angle(spectrum(0)), []
    while len(out) * hop < samples and t <= len(x):
        out.append(window * np.fft.irfft(np.abs(spectrum(t)) * np.exp(1j * phase)))
        phase = phase + np.angle(spectrum(t + hop)) - np.angle(spectrum(t))
        t += rate * hop
    return overlapped(out, window, hop, samples)[:samples].astype(x.dtype)


rights(
    "time_stretch",
    places_added_up=places_added_up,
    as_librosa=unwrapped,
    ends_mirrored=mirrored_ends,
    advance_of_the_input=input_frames,
    ratios=by_ratios,
    locked_to_neighbours=time_stretch.phase_locked,
)

stretch = _sound.vocoder


def repeated_frames(x, rate, n_fft=1024, hop=256):
    """Pieces of the sound, faded over, some of them twice."""
    window, samples = np.hanning(n_fft + 1)[:-1], round(len(x) / rate)
    padded = np.pad(x.astype(float), (n_fft // 2, 3 * n_fft))
    pieces = [
        padded[at : at + n_fft] * window**2
        for at in (min(int(start * rate), len(padded) - n_fft) for start in range(0, samples + n_fft // 2, hop))
    ]
    return overlapped(pieces, window, hop, samples + n_fft)[n_fft // 2 :][:samples].astype(x.dtype)


def looped(x, rate, n_fft=1024, hop=256):
    return np.resize(x, round(len(x) / rate))


def frames_of_the_grid(x, rate, n_fft=1024, hop=256):
    """The nearest frame's own phase."""
    window, samples = np.hanning(n_fft + 1)[:-1], round(len(x) / rate)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x.astype(float), n_fft // 2), n_fft)[::hop]
    picked = [frames[min(int(k), len(frames) - 1)] * window**2 for k in np.arange(0, len(frames), rate)]
    return overlapped(picked, window, hop, samples + n_fft)[n_fft // 2 :][:samples].astype(x.dtype)


def half_a_frame_late(x, rate, n_fft=1024, hop=256):
    """The padding in front is not cut off again."""
    out = stretch(x, rate, n_fft, hop)
    return np.pad(out, (n_fft // 2, 0))[: len(out)]


def faster_only(x, rate, n_fft=1024, hop=256):
    return stretch(x, max(rate, 1.0), n_fft, hop)


wrongs(
    "time_stretch",
    repeated_frames=(repeated_frames, "phases_not_carried"),
    frames_of_the_grid=(frames_of_the_grid, "phases_not_carried"),
    looped=(looped, "cut_not_stretched"),
    tape=(
        lambda x, rate, n_fft=1024, hop=256: x[(np.arange(round(len(x) / rate)) * rate).astype(int) % len(x)],
        "naive_resampling",
    ),
    upside_down_rate=(lambda x, rate, n_fft=1024, hop=256: stretch(x, 1 / rate, n_fft, hop), "inverse_rate"),
    faster_only=faster_only,
    half_a_frame_late=half_a_frame_late,
    one_sample_more=lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop, length=lambda n: round(n) + 1),
    rounded_up=lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop, length=math.ceil),
    silent=lambda x, rate, n_fft=1024, hop=256: np.zeros(round(len(x) / rate), x.dtype),
    complex_=lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop).astype(complex),
    float64=(lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop).astype(float), "changes_dtype"),
    half_as_loud=(lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop) / 2, "window_not_divided"),
    backwards=lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop)[::-1],
    in_place=(
        lambda x, rate, n_fft=1024, hop=256: (stretch(x, rate, n_fft, hop), np.multiply(x, 0.5, out=x))[0],
        "in_place",
    ),
    half_the_advance=(
        lambda x, rate, n_fft=1024, hop=256: stretch(x, rate, n_fft, hop, advance=half_the_advance),
        "phases_not_carried",
    ),
)


def half_the_advance(now, before, hop):
    return (np.angle(now) - np.angle(before)) / 2


def raised(x, factor, stretcher=stretch):
    longer = stretcher(x, 1 / factor)
    return np.interp(np.arange(len(x)) * factor, np.arange(len(longer)), longer).astype(x.dtype)


def nearest_samples(x, semitones):
    factor = 2 ** (semitones / 12)
    longer = unwrapped(x, 1 / factor)
    return longer[np.minimum(np.rint(np.arange(len(x)) * factor).astype(int), len(longer) - 1)]


def shifted_bins(x, semitones):
    """Bins moved within each frame: in tune only where a bin lands on a bin."""
    factor, n_fft, hop = 2 ** (semitones / 12), 1024, 256
    window = np.hanning(n_fft + 1)[:-1]
    padded = np.pad(x.astype(float), (n_fft // 2, 2 * n_fft))
    out = []
    for at in range(0, len(x) + n_fft, hop):
        spectrum, moved = np.fft.rfft(window * padded[at : at + n_fft]), np.zeros(n_fft // 2 + 1, complex)
        places = np.rint(np.arange(n_fft // 2 + 1) * factor).astype(int)
        np.add.at(moved, places[places <= n_fft // 2], spectrum[places <= n_fft // 2])
        out.append(window * np.fft.irfft(moved))
    return overlapped(out, window, hop, 0)[n_fft // 2 :][: len(x)].astype(x.dtype)


wrongs(
    "pitch_shift",
    tape_padded=(
        lambda x, s: np.interp(np.arange(len(x)) * 2 ** (s / 12), np.arange(len(x)), x, right=0.0).astype(x.dtype),
        "only_resampled",
    ),
    natural_exponent=lambda x, s: raised(x, math.exp(s / 12)),
    cents=lambda x, s: raised(x, 2 ** (s / 1200)),
    whole_semitones=lambda x, s: raised(x, 2 ** (int(s) / 12)),
    a_tenth_more=lambda x, s: raised(x, 2 ** (1.1 * s / 12)),
    down=(lambda x, s: raised(x, 2 ** (-s / 12)), "sign"),
    up_only=lambda x, s: raised(x, 2 ** (abs(s) / 12)),
    plus_a_share=(lambda x, s: raised(x, 1 + s / 12) if s > -12 else x, "not_a_power"),
    unchanged=(lambda x, s: x.copy(), "only_stretched"),
    bins_moved=shifted_bins,
    nearest=(nearest_samples, "nearest_sample"),
    tape_that_ends=(
        lambda x, s: np.interp(np.arange(len(x)) * 2 ** (s / 12), np.arange(len(x)), x).astype(x.dtype),
        "only_resampled",
    ),
    one_sample_less=(lambda x, s: raised(x, 2 ** (s / 12))[:-1], "length_changed"),
    float64=(lambda x, s: raised(x, 2 ** (s / 12)).astype(float), "changes_dtype"),
    silent=lambda x, s: 0 * x,
    in_place=(lambda x, s: (raised(x, 2 ** (s / 12)), np.negative(x, out=x))[0], "in_place"),
)
rights(
    "pitch_shift",
    another_vocoder=lambda x, s: raised(x, 2 ** (s / 12), unwrapped),
    ratios=lambda x, s: raised(x, math.pow(2, s / 12), by_ratios),
    locked=lambda x, s: raised(x, np.exp2(s / 12), time_stretch.phase_locked),
    two_halves=lambda x, s: raised(raised(x, 2 ** (s / 24)), 2 ** (s / 24)),
)


# The tests


@pytest.mark.parametrize(("exercise_id", "function", "names"), WRONG)
def test_a_wrong_solution_loses_points_and_gets_no_false_name(exercise_id, function, names):
    for seed in ("public", "secret")[: 1 if exercise_id in SLOW else 2]:
        result = verdict(exercise_id, function, seed)
        assert not result.passed
        assert result.points < 9.6
        assert result.mistakes == names, str(result)


@pytest.mark.parametrize(("exercise_id", "function"), RIGHT)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, function):
    for seed in ("public", "a", "b", "c", "d", "e")[: 3 if exercise_id in SLOW else 6]:
        result = verdict(exercise_id, function, seed)
        assert result.passed, str(result)
        assert (result.points, result.mistakes) == (10, [])


@pytest.mark.parametrize(
    ("exercise_id", "function"),
    [
        ("mixup", lambda x, y, alpha, rng: (x, y)),
        ("random_apply", lambda transform, p, rng: lambda x: x),
        ("compose", lambda transforms: lambda x: x),
        ("gram_matrix", lambda f: np.zeros((len(f), f.shape[1], f.shape[1]), f.dtype)),
        ("adain", lambda content, style, eps=1e-5: content),
        ("add_noise", lambda x, snr_db, rng: x),
        ("compress_dynamic_range", lambda x, threshold_db, ratio: x),
        ("time_stretch", lambda x, rate, n_fft=1024, hop=256: np.zeros(round(len(x) / rate), x.dtype)),
        ("pitch_shift", lambda x, semitones: x),
    ],
)
def test_doing_nothing_earns_less_than_half(exercise_id, function):
    assert verdict(exercise_id, function).points < 5


def full(value, dtype=None):
    return lambda x: np.full(x.shape, value, dtype or x.dtype)


ODD = {
    **{repr(value): lambda x, value=value: value for value in (None, 3, "text", {}, math.nan)},
    "tuple": lambda x: (x,),
    "list": lambda x: x.tolist(),
    "function": lambda x: math.sin,
    "empty": lambda x: x[:0],
    "first": lambda x: x[:1],
    "one_axis_more": lambda x: x[None],
    "objects": lambda x: x.astype(object),
    "booleans": lambda x: x > 0,
    "complex": lambda x: x + 0j,
    "whole_numbers": full(1, int),
    "half_precision": full(0.5, np.float16),
    "single_precision": full(0.3, np.float32),
    **{f"all_{value}": full(value) for value in (np.nan, np.inf, 1e308, 1e-310, 1e5, 0.0, 1.0)},
    "some_nan": lambda x: np.where(x > x.mean(), np.nan, x),
    "tiny": lambda x: 1e-300 * x,
    "nearly_x": lambda x: x + 1e-13,
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_no_answer_stops_the_judge(answer):
    answers = {
        "mixup": (lambda x, y, alpha, rng: (answer(x), y), lambda x, y, alpha, rng: (x, answer(y))),
        "random_apply": (lambda t, p, rng: lambda x: answer(x), lambda t, p, rng: answer(np.zeros(2))),
        "add_noise": (lambda x, snr_db, rng: answer(x),),
        "time_stretch": (lambda x, rate, n_fft=1024, hop=256: answer(np.resize(x, round(len(x) / rate))),),
        "pitch_shift": (lambda x, semitones: answer(x),),
    }
    for exercise_id, functions in answers.items():
        for function in functions:
            result = verdict(exercise_id, function, "secret")
            assert not result.passed
            assert all("got" not in case.message for case in result.cases)


def test_no_lam_is_called_off_that_a_right_function_gives_too_often():
    """The bound of `spread_is_off` against the exact tails, where draws are close to normal."""
    n, alpha = 400, 300.0
    ratios = np.linspace(0.3, 2.5, 400)
    deviation = 0.5 / math.sqrt(2 * alpha + 1)
    signs = np.tile([-1.0, 1.0], n // 2)
    off = np.array([mixup.spread_is_off(0.5 + signs * deviation * math.sqrt(r), alpha) for r in ratios])
    assert off[0]
    assert off[-1]
    low, high = ratios[off & (ratios < 1)].max(), ratios[off & (ratios > 1)].min()
    assert stats.chi2.cdf(n * low, n) + stats.chi2.sf(n * high, n) < 1e-9


def test_a_tone_is_heard_to_a_thousandth_of_a_bin():
    for frequency in (0.03, 0.0517, 0.2):
        assert abs(_sound.pitch(_sound.tone(4096, frequency)) - frequency) < 1e-3 / 1024


def test_at_rate_1_the_vocoders_of_torch_and_of_numpy_give_the_sound_back():
    x = 0.1 * np.random.default_rng(0).standard_normal(8192)
    assert np.abs(_sound.vocoder(x, 1.0) - x).max() < 1e-9
    assert np.abs(time_stretch.with_torch(x, 1.0) - x).max() < 1e-9


def test_there_is_enough_of_everything():
    for exercise_id in IDS:
        exercise = exercises.load(exercise_id)
        assert sum(p.values[0] == exercise_id for p in WRONG) >= 10
        assert sum(p.values[0] == exercise_id for p in RIGHT) >= 4
        assert len({mistake.name for mistake in exercise.mistakes}) >= 6
        assert len(exercise.hints) == 3
        assert len(exercise.alternatives) >= 3
