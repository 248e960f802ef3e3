"""Random factors: what any noise is asked, and how arrays are read.

Each question is whether luck explains what came (`autograder.judge.chance`). What is said to be "the same" or "never"
would need far more luck than that: `surely` and the sizes of what is asked see to it.
"""

import math
from dataclasses import replace

import numpy as np
from scipy import special

from autograder.judge import Finding
from autograder.judge.chance import FALSE_ALARM, counts_are_off

# From so many numbers on, rows and columns are looked at one by one.
MANY = 10_000
# Factors that lie closer together than this are one number, up to rounding.
SAME = 1e-5

DEPENDENT = Finding("the draws depend on one another: each must be one of its own, of the same probability")
RATE = Finding("not as many are dropped as should be", hides=True)


def at_test(seen):
    """With train=False every factor is 1."""
    factors = seen.factors
    if close(factors, 1.0, seen.rtol):
        return []
    if 0 < np.count_nonzero(factors) < factors.size:
        return [Finding("with train=False numbers are dropped", "active_at_test")]
    if factors.any() and np.ptp(factors) <= SAME:
        return [Finding("with train=False the numbers are scaled", "scales_at_test")]
    return [Finding("with train=False the answer is not what it is without noise")]


def idle(seen):
    """There is no noise at all, where there should be."""
    if close(seen.factors, 1.0, SAME):
        return Finding("nothing happens: the answer is what it is without noise", "never_drops")
    return Finding("all numbers are multiplied by the same one")


def own(layer, seen):
    """Every unit has draws of its own: none is shared; of many, rows and columns are as often, and independent."""
    factors, p = seen.factors, seen.call.p
    if p == 0:
        return []
    found = dependent(layer, factors, p, 0)
    return found or (dependent(layer, factors.T, p, 0) if factors.size >= MANY and factors.ndim == 2 else [])


def dependent(layer, factors, p, first):
    """Whether draws are shared along an axis, or many go together; with `first` 1 the first axis is that of calls."""
    coins, chance = layer.coin(factors, p)
    if coins.all() or not coins.any():
        return [RATE] if first else []
    axes = [axis - first for axis in tied(coins, chance)]
    if -1 in axes:
        return [RATE]
    if axes:
        name = layer.ties(tuple(axes), coins.ndim - first)
        return [Finding("some draws are shared: each must be one of its own", name)]
    if not first and coins.size < MANY:
        return []
    many = coins.reshape(len(coins), -1)
    if first and np.ptp(many.sum(1)) == 0:
        return [replace(DEPENDENT, mistake="fixed_number" if "rate" in layer.looks else None)]
    if counts_are_off(int(coins.sum()), coins.size, chance):
        return [RATE]
    calls, n = many.shape
    signs = 2.0 * many - 1
    same = (calls + signs.T @ signs)[np.triu_indices(n, 1)] / 2
    wrong = (
        counts_are_off(many.sum(0), calls, chance)
        or counts_are_off(same, calls, agreement(chance))
        or spread_is_off(many.sum(1), n, chance)
    )
    return [DEPENDENT] if wrong else []


def tied(coins, chance):
    """The axes along which coins are all the same, where that is no luck."""
    n, most = coins.size, max(chance, 1 - chance)
    return tuple(
        axis
        for axis, length in enumerate(coins.shape)
        if length > 1 and surely(n - n // length, most) and (coins == coins.take([0], axis)).all()
    )


def agreement(chance):
    """How often two independent coins agree."""
    return chance**2 + (1 - chance) ** 2


def distinct(array, axes):
    """One of those that are the same along these axes."""
    return array[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(array.ndim))]


def spread_is_off(counts, trials, chance):
    """Whether binomial counts fall into the middle half of their distribution more or less often than luck explains."""
    cdf = special.bdtr(np.arange(trials + 1), trials, chance)
    low, high = np.searchsorted(cdf, [0.25, 0.75])
    middle = cdf[high] - (cdf[low - 1] if low else 0)
    return counts_are_off(int(((counts >= low) & (counts <= high)).sum()), counts.size, float(middle))


def surely(n, chance):
    """Whether n units that each do something with that chance never all do it."""
    return n * math.log(chance) < math.log(FALSE_ALARM)


def as_like(value, like, name="out", of="x"):
    """What came as a float64 array of the shape of `like`, or the finding that says what else came."""
    if not isinstance(value, np.ndarray):
        return Finding(f"{name} must be a NumPy array", got=type(value).__name__)
    if value.shape != like.shape:
        return Finding(f"{name} must have the shape of {of}, {like.shape}", got=str(value.shape))
    if value.dtype != like.dtype:
        widened = like.dtype == np.float32 and value.dtype == np.float64
        message = f"{name} must have the dtype of {of}, {like.dtype}"
        return Finding(message, "changes_dtype" if widened else None, str(value.dtype))
    if not np.isfinite(value).all():
        return Finding(f"{name} holds numbers that are not finite")
    return value.astype(np.float64)


def close(a, b, rtol):
    with np.errstate(over="ignore"):
        return bool((np.abs(a - b) <= rtol * np.abs(b)).all())


def draw_x(rng, shape, dtype):
    """x of both signs and no zeros, so that a factor can be read off each of them."""
    return ((rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 4.0, shape)).astype(dtype),)


def factors_of(call, values):
    """What each element of x was multiplied by."""
    (x,) = call.arrays
    out = as_like(values[0], x)
    return out if isinstance(out, Finding) else out / x.astype(np.float64)
