"""log_uniform: random numbers that are spread evenly on the logarithmic scale.

exp of U(ln low, ln high), float64, 0 < low < high (Bergstra and Bengio 2012): each decade is as likely. Reference:
scipy.stats.loguniform. Judged by what any right function gives, never by one sequence of draws.
"""

from dataclasses import replace

import numpy as np

from autograder.exercises.training._laws import findings
from autograder.judge import Case, Finding, Probe, Procedure, Script, Want, alternative, mistake, slips
from autograder.judge.chance import counts_are_off, generator_probe

MANY = 4000


def ask(case, rng):
    """`ranges`: MANY numbers between these ends; `sizes`: what comes; or a `property` of its own."""
    if case.get("property") == "rng":
        return generator_probe(
            "log_uniform(1e-4, 1.0, rng, 8)",
            lambda script, generator: script.call(0, 1e-4, 1.0, generator, 8),
            rng,
        )
    script = Script()
    generator = script.rng(int(rng.integers(2**31)))
    calls = [(low, high, MANY) for low, high in case.get("ranges", ())]
    calls += [(1e-3, 10.0, size) for size in case.get("sizes", ())]
    calls += [(1e-3, 10.0, 30)] * case.get("repeats", 0)
    for low, high, size in calls:
        script.get(script.call(0, low, high, generator, size), Want("numbers", None))

    def judged(values):
        for value, call in zip(values, calls, strict=True):
            if found := _form(value, call[2]):
                return found if case.get("sizes") else [replace(finding, hides=True) for finding in found]
        if case.get("ranges"):
            told = [findings(value, *call[:2]) for value, call in zip(values, calls, strict=True)]
            return next((found for found in told if found), [])
        return _draws(values) if case.get("repeats") else _in_range(values, calls)

    return Probe(script, "log_uniform({!r}, {!r}, rng, {!r})".format(*calls[0]), findings=judged)


def _form(value, size):
    """What is wrong with the shape and type of an answer."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        return [Finding("an array of floats must come back", got=type(value).__name__)]
    if value.shape != shape:
        return [Finding("the array has another shape than `size`", got=str(value.shape))]
    return [] if value.dtype == np.float64 else [Finding("the array is not float64", got=str(value.dtype))]


def _in_range(values, calls):
    for value, (low, high, _) in zip(values, calls, strict=True):
        if not ((value >= low * (1 - 1e-9)) & (value <= high * (1 + 1e-9))).all():
            return [Finding("some numbers lie outside low and high", hides=True)]
    return []


def _draws(values):
    """Many calls of 30 numbers each: none is a grid, each place of the array is as likely everywhere."""
    calls = np.array(values)
    u = np.log(np.maximum(calls, 1e-300) / 1e-3) / np.log(1e4)
    if np.ptp(calls) == 0 or (np.ptp(calls, axis=1) <= 1e-12 * np.abs(calls[:, 0])).all():
        return [Finding(mistake="one_value")]
    if len(np.unique(calls, axis=0)) < len(calls):
        return [Finding("the same numbers come again", hides=True)]
    if np.allclose(np.sort(calls, axis=1), np.sort(calls[0]), rtol=1e-9):
        return [Finding(mistake="shuffled_grid")]
    # 30 independent numbers leave some of 30 equal parts empty; one number in each part has a chance of 1e-12.
    full = [len(np.unique((30 * row).astype(int))) == 30 for row in np.clip(u, 0, 1 - 1e-12)]
    if np.mean(full) > 0.5:
        return [Finding(mistake="shuffled_grid")]
    ordered = (np.diff(calls, axis=1) >= 0).all(axis=1) | (np.diff(calls, axis=1) <= 0).all(axis=1)
    if ordered.all():
        return [Finding(mistake="sorted")]
    low_half = (u < 0.5).sum(axis=0)
    if counts_are_off(low_half, len(calls), 0.5):
        return [Finding("the places of the array differ in how likely numbers are", hides=True)]
    return []


EXERCISE = Procedure(
    ask=ask,
    section="4 · Where to look",
    cases=[
        Case("four decades, each as likely", ranges=[(1e-4, 1.0)], weight=4),
        Case("any ends", ranges=[(0.02, 0.5), (3.0, 700.0), (1e-9, 1e-2)], weight=3),
        Case("numbers of their own: no grid, no order", repeats=60, weight=5),
        Case("size: a number or a shape", sizes=[7, 1, (3, 4), (2, 1, 3), 0], weight=1.5),
        Case("all randomness comes from rng, anew at each call", property="rng", weight=5),
    ],
)


def right(low, high, rng, size):
    exponents = rng.uniform(np.log(low), np.log(high), size)
    return np.exp(exponents)


MISTAKES = slips("""
uniform (core): return np.exp(exponents) -> return rng.uniform(low, high, size)
    The numbers themselves are uniform: nine of ten lie in the largest decade. Draw their logarithms, then take exp.
logs_mixed: np.exp(exponents) -> 10**exponents
    or rng.uniform(np.log(low), np.log(high), size) -> rng.uniform(np.log10(low), np.log10(high), size)
    or np.exp(exponents) -> 2**exponents
    Two logarithms are mixed: `np.exp` belongs to `np.log`, `10 **` to `np.log10`.
ends_are_exponents: np.exp(exponents) -> 10 ** rng.uniform(low, high, size)
    or np.exp(exponents) -> np.exp(rng.uniform(low, high, size))
    low and high are taken for exponents. They are the smallest and the largest number: take their logarithms.
whole_decades: np.exp(exponents) -> 10.0 ** np.round(exponents / np.log(10))
    or np.exp(exponents) -> 10.0 ** np.floor(exponents / np.log(10))
    Only whole powers of ten (or steps of whole decades) come. Everything between them is as good: draw real exponents.
one_value (core): np.exp(exponents) -> np.full(size, np.exp(rng.uniform(np.log(low), np.log(high))))
    One number is drawn and repeated. Draw `size` numbers.
shuffled_grid: np.exp(exponents) -> rng.permutation(np.geomspace(low, high, int(np.prod(size)))).reshape(size)
    The numbers are an even grid, shuffled. Draw each of them by itself: random search lives on values of its own.
sorted: np.exp(exponents) -> np.sort(np.exp(exponents), axis=None).reshape(size)
    The numbers come sorted. Each is drawn by itself.
reciprocal: np.exp(exponents) -> 1 / rng.uniform(1 / high, 1 / low, size)
    The reciprocals are uniform: nearly all numbers are small. Draw the logarithms.
root_scale: np.exp(exponents) -> rng.uniform(np.sqrt(low), np.sqrt(high), size) ** 2
    The square roots are uniform. Draw the logarithms.
logs_returned: return np.exp(exponents) -> return exponents
    The logarithms come back. Take exp of them.
global_generator: rng.uniform(np.log(low), np.log(high), size) -> np.random.uniform(np.log(low), np.log(high), size)
    or rng.uniform(np.log(low), np.log(high), size) -> np.random.default_rng().uniform(np.log(low), np.log(high), size)
    Two generators with the same seed give different numbers: the randomness does not come from `rng` alone.
same_draw_each_call: -> rng = np.random.default_rng(0)
    or -> rng = __import__("copy").deepcopy(rng)
    A second call gives the same numbers. Draw from `rng` itself: no new generator with a fixed seed, no copy.
""")


@mistake(
    "The numbers come in equal parts of the range, one in each. Draw each of them by itself.", name="shuffled_grid"
)
def one_in_each_part(low, high, rng, size):
    n = int(np.prod(size))
    u = (rng.permutation(n) + rng.random(n)) / max(n, 1)
    return (low * (high / low) ** u).reshape(size)


@alternative
def by_powers(low, high, rng, size):
    return low * (high / low) ** rng.random(size)


@alternative
def one_by_one(low, high, rng, size):
    out = np.empty(size)
    for index in np.ndindex(out.shape):
        out[index] = 10 ** (np.log10(low) + rng.random() * (np.log10(high) - np.log10(low)))
    return out


HINTS = [
    "Between 0.0001 and 1 lie four decades. How likely should each be, and how likely is it if you draw uniformly?",
    "Draw the logarithms uniformly between log(low) and log(high), `size` of them, with `rng`; then undo the log.",
    "`np.exp(rng.uniform(np.log(low), np.log(high), size))`.",
]
