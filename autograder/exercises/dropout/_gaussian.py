"""Normal noise: what is looked at in it, and which mistake makes what came instead."""

import math

import numpy as np
from scipy import special

from autograder.exercises.dropout._draws import MANY, SAME, close, distinct, idle, own, surely
from autograder.judge import Finding
from autograder.judge.chance import distribution_is_off, mean_is_off, std_is_off


def std_of(p):
    return math.sqrt(p / (1 - p))


def wrong_stds(p):
    """The standard deviation of the noise of each mistake."""
    return {
        "variance_for_std": p / (1 - p),
        "std_is_fourth_root": math.sqrt(std_of(p)),
        "variance_of_mask": math.sqrt(p * (1 - p)),
        "p_is_keep_probability": 1 / std_of(p),
        "std_is_p": p,
        "variance_is_p": math.sqrt(p),
        "variance_over_keep_squared": math.sqrt(p) / (1 - p),
        "always_std_one": 1.0,
    }


def normal(mean, std):
    """The distribution function."""
    return lambda x: special.ndtr((x - mean) / std)


def spread_is_off(noise, mean, std):
    # Of a few hundred numbers the distribution says nothing that the moments do not.
    many = noise.size >= 1000
    return std_is_off(noise, mean, std) or (many and distribution_is_off(noise, normal(mean, std)))


def is_normal(noise, mean, std):
    return not mean_is_off(noise, mean, std) and not spread_is_off(noise, mean, std)


def is_added(noise, x, p, std):
    added = (noise - 1) * x
    return is_normal(added, 0.0, std) or is_normal(added, 1.0, std)


def is_uniform(noise, x, p, std):
    return noise.min() >= 1 - SAME and not distribution_is_off(noise, lambda x: np.clip((x - 1) / std, 0, 1))


def is_clipped(noise, x, p, std):
    """Without its negative part, or with its sign turned there; so few may be negative that it does not tell."""
    rest, cdf = noise[noise != 0], normal(1.0, std)
    if (noise < 0).any() or not surely(noise.size, 1 - cdf(0)):
        return False
    absolute = not distribution_is_off(noise, lambda x: cdf(x) - cdf(-x))
    cut = not distribution_is_off(rest, lambda x: (cdf(x) - cdf(0)) / (1 - cdf(0)))
    return absolute or (rest.size < noise.size and cut)


KINDS = {
    "": lambda noise, x, p, std: is_normal(noise, 1.0, std),
    "mean_zero": lambda noise, x, p, std: is_normal(noise, 0.0, std),
    "scaled_too": lambda noise, x, p, std: is_normal(noise * (1 - p), 1.0, std),
    "added": is_added,
    "uniform_numbers": is_uniform,
    "clipped": is_clipped,
}


def names_of(seen):
    """The mistakes that make such noise, where there are enough numbers to tell."""
    noise, p, (x,) = seen.factors, seen.call.p, seen.call.arrays
    if draws(seen).size < MANY:
        return []
    if np.ptp(rest := noise[noise != 0]) < SAME * rest.max():
        return ["drops"]
    stds = {"": std_of(p), **wrong_stds(p)}
    found = [[kind, name] for name, std in stds.items() for kind, is_kind in KINDS.items() if is_kind(noise, x, p, std)]
    # The right standard deviation comes first; of two wrong ones neither is told.
    certain = found[:1] if found and (len(found) == 1 or not found[0][1]) else []
    return [name for pair in certain for name in pair if name]


def mean(layer, seen):
    """The noise has mean 1."""
    return unreadable(seen) or wrong_mean(seen)


def spread(layer, seen):
    """The noise is normal around its mean, with variance p / (1 - p)."""
    if seen.call.p == 0 or unreadable(seen):
        return unreadable(seen)
    noise, std = draws(seen), std_of(seen.call.p)
    if noise.size == 1 or not spread_is_off(noise, 1.0, std):
        return []
    if wrong_mean(seen) and not spread_is_off(noise, noise.mean(), std):
        return []
    return told(seen, "the noise is not normal with variance p / (1 - p)", f"standard deviation {noise.std():.4g}")


LOOKS = {"mean": mean, "spread": spread, "own": own}


def unreadable(seen):
    """Where there is no noise, or a single number."""
    noise, p = seen.factors, seen.call.p
    if p == 0:
        return [] if close(noise, 1.0, seen.rtol) else [Finding("with p = 0 there must be no noise: out is x")]
    if noise.size == 1 or np.ptp(noise) > SAME:
        return []
    one = Finding("all of x gets the same noise", "one_number", hides=True)
    return [idle(seen) if close(noise, 1.0, SAME) else one]


def wrong_mean(seen):
    noise, p = draws(seen), seen.call.p
    if noise.size == 1 or p == 0 or not mean_is_off(noise, 1.0, max(noise.std(), std_of(p))):
        return []
    return told(seen, "the mean of the noise is not 1", f"{noise.mean():.4g}")


def told(seen, message, got):
    return [Finding(message, name, got) for name in names_of(seen) or [None]]


def draws(seen):
    """The numbers that were drawn: of those that are shared, one."""
    noise = seen.factors
    return distinct(noise, [axis for axis in range(noise.ndim) if np.ptp(noise, axis).max() < SAME])


def ties(axes, ndim):
    names = {tuple(range(1, ndim)): "shared_by_features", (0,): "shared_by_batch", tuple(range(ndim)): "one_number"}
    return names.get(axes)
