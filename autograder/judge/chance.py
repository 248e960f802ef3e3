"""What luck explains: bounds by which random functions are judged.

A random function is judged by properties that any correct one has, never by one sequence of draws. Each question here
answers whether what came is too unlikely for a correct function: FALSE_ALARM bounds the chance that a correct one is
called wrong by one question (the bounds are exact or one-sided, not asymptotic). No notebook asks more than 500, so
grading wrongs a right submission with a probability below one in a million.

How sharp: to see an error of d standard errors with the same certainty, d must be about 12. A rate of 0.5 that is off
by 10 % needs 15,000 draws, a standard deviation that is off by 5 % needs 30,000.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from autograder.judge.script import Finding, Probe, Script, Want
from autograder.worker.wire import Handle, Value

FALSE_ALARM = 1e-9

GLOBAL_GENERATOR = (
    "Two generators with the same seed give different results: the randomness does not come from `rng` alone. "
    "(`np.random.rand` and its kind draw from a state that all code shares; so does a generator made without a seed.)"
)
SAME_DRAW_EACH_CALL = (
    "A second call with the same generator, or a call with another one, gives the same draw. Draw from `rng` itself at "
    "each call: no new generator with a fixed seed, no copy."
)


def counts_are_off(counts: Any, trials: int, chance: float, questions: int | None = None) -> bool:
    """Whether any of the counts is further from `trials * chance` than luck explains.

    Chernoff: a count of at least (at most) q * trials has a probability of at most exp(-trials * KL(q, chance)), also
    for counts drawn without replacement (Hoeffding 1963, section 6). Both sides of all counts together stay below
    FALSE_ALARM.

    Parameters
    ----------
    counts : number or array of numbers; of successes in `trials` each
    chance : probability of a success, in (0, 1)
    questions : how many counts are asked about in all; as many as `counts` has where it is left out
    """
    share = np.atleast_1d(np.asarray(counts, float)) / trials
    limit = math.log(2 * (questions or share.size) / FALSE_ALARM)
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0 log 0 is 0.
        kl = np.where(share > 0, share * np.log(share / chance), 0.0)
        kl = kl + np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - chance)), 0.0)
    return bool((trials * kl > limit).any())


def mean_is_off(sample: np.ndarray, mean: float, std: float) -> bool:
    """Whether normal draws with that mean and standard deviation cannot have this average (exact); so for nan."""
    with np.errstate(all="ignore"):
        z = abs(float(np.mean(sample)) - mean) / (std / math.sqrt(np.size(sample)))
    return not 2 * special.ndtr(-z) >= FALSE_ALARM


def std_is_off(sample: np.ndarray, mean: float, std: float) -> bool:
    """Whether normal draws with that mean and standard deviation cannot spread like this (chi-square, exact)."""
    n = np.size(sample)
    with np.errstate(all="ignore"):
        total = float(np.sum((np.asarray(sample, float) - mean) ** 2)) / std**2
    return not 2 * min(special.chdtr(n, total), special.chdtrc(n, total)) >= FALSE_ALARM


def distribution_is_off(sample: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether independent draws from `cdf`, a continuous distribution function, cannot look like this.

    Kolmogorov-Smirnov, by the bound of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990): a distance of e
    has a probability of at most 2 exp(-2 n e^2).
    """
    x = np.sort(np.ravel(sample))
    n = x.size
    value = cdf(x)
    steps = np.arange(n + 1) / n
    distance = max(np.max(steps[1:] - value), np.max(value - steps[:-1]))
    return not 2 * math.exp(-2 * n * float(distance) ** 2) >= FALSE_ALARM


def generator_probe(
    called: str,
    ask: Callable[[Script, Handle], Sequence[Handle] | Handle],
    rng: np.random.Generator,
    *,
    global_generator: str = GLOBAL_GENERATOR,
    same_draw_each_call: str = SAME_DRAW_EACH_CALL,
) -> Probe:
    """The property that all randomness comes from `rng`: same seed, same draws; and that each call draws anew.

    Parameters
    ----------
    called : the call in the student's words
    ask : ask(script, generator) -> what to report of one call, which must draw enough that two calls never agree by
        luck (64 bits or more)
    rng : what seeds are drawn from
    global_generator, same_draw_each_call : the sentences of the mistakes of these names
    """
    script, seed, parts = Script(), int(rng.integers(2**31)), 0
    first, twin, other = script.rng(seed), script.rng(seed), script.rng(seed + 1)
    for generator in (first, first, twin, other):
        handles = ask(script, generator)
        handles = [handles] if isinstance(handles, Handle) else list(handles)
        parts = len(handles)
        for handle in handles:
            script.get(handle, Want("draw", None))

    def findings(values: Sequence[Value]) -> list[Finding]:
        calls = [values[k : k + parts] for k in range(0, 4 * parts, parts)]
        one, again, same_seed, other_seed = calls
        if _equal(one, again) or _equal(one, other_seed):
            return [Finding(same_draw_each_call, "same_draw_each_call")]
        if not _equal(one, same_seed):
            return [Finding(global_generator, "global_generator")]
        return []

    return Probe(script, called, findings=findings)


def _equal(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(identical(a, b) for a, b in zip(one, other, strict=True))


def identical(a: Any, b: Any) -> bool:
    """Whether two reported values are one and the same, to the last bit, whatever they are."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and _equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b
