"""Whether numbers are log-uniform, and what else they are: questions that luck bounds (autograder.judge.chance).

A position is where a number lies between its ends, 0 to 1, on the scale of a law: of a log-uniform number ln(x / low) /
ln(high / low). A mistake's law is named where the numbers fit it and the right one they cannot be.
"""

import math

import numpy as np

from autograder.judge import Finding
from autograder.judge.chance import distribution_is_off

# What else they may be, by the mistake's name: ends of a uniform distribution, and what is uniform there.
OTHERS = {
    "uniform": [(lambda low, high: (low, high), lambda x: x)],
    "logs_mixed": [
        (lambda low, high: (math.log(low), math.log(high)), np.log10),
        (lambda low, high: (math.log10(low), math.log10(high)), np.log),
        (lambda low, high: (math.log2(low), math.log2(high)), np.log),
        (lambda low, high: (math.log(low), math.log(high)), np.log2),
        (lambda low, high: (math.log10(low), math.log10(high)), np.log2),
    ],
    "ends_are_exponents": [
        (lambda low, high: (low, high), np.log10),
        (lambda low, high: (low, high), np.log),
        (lambda low, high: (low, high), np.log2),
    ],
    "reciprocal": [(lambda low, high: (1 / high, 1 / low), lambda x: 1 / x)],
    "root_scale": [(lambda low, high: (math.sqrt(low), math.sqrt(high)), np.sqrt)],
    "logs_returned": [
        (lambda low, high: (math.log(low), math.log(high)), lambda x: x),
        (lambda low, high: (math.log10(low), math.log10(high)), lambda x: x),
    ],
}


def positions(x, low, high):
    """Where numbers lie on the logarithmic scale; nan for those that have no logarithm."""
    with np.errstate(all="ignore"):
        return np.log(x / low) / math.log(high / low)


def _even(u):
    return np.clip(u, 0, 1)


def fits(u):
    """Whether positions are uniform on [0, 1], as far as luck goes."""
    return bool(np.isfinite(u).all() and u.min() >= -1e-9 and u.max() <= 1 + 1e-9 and not distribution_is_off(u, _even))


def findings(x, low, high):
    """What is wrong with many numbers that should be log-uniform between low and high."""
    x = np.ravel(x).astype(np.float64)
    if not np.isfinite(x).all():
        return [Finding("some numbers are not finite", _named(x, low, high))]
    if np.ptp(x) <= 1e-12 * abs(x[0]):
        return [Finding(mistake="one_value")]
    u = positions(x, low, high)
    if len(np.unique(np.round(np.log(x), 12) if x.min() > 0 else x)) < 0.3 * len(x):
        decades = np.log10(np.abs(x[x != 0])) if x.any() else x
        whole = np.abs(decades - np.round(decades)).max() < 1e-6
        shifted = np.abs(decades - decades.min() - np.round(decades - decades.min())).max() < 1e-6
        return [Finding("few numbers come, and each many times", "whole_decades" if whole or shifted else None)]
    if fits(u):
        return []
    name = _named(x, low, high)
    if name is None and (x.min() < low * (1 - 1e-9) or x.max() > high * (1 + 1e-9)):
        return [Finding("some numbers lie outside low and high")]
    return [Finding("the numbers are not spread evenly on the logarithmic scale", name)]


def _named(x, low, high):
    with np.errstate(all="ignore"):
        for name, laws in OTHERS.items():
            for ends, scale in laws:
                first, last = ends(low, high)
                if first != last and fits((scale(x) - first) / (last - first)):
                    return name
    return None
