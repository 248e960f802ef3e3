"""The laws of the random initialisers: what is asked of weights, and what is wrong with those that do not obey.

Weights are judged by what luck explains (autograder.judge.chance). A law is a family, "normal" or "uniform", and a
scale that torch.nn.init says: the standard deviation or the bound. Whatever is asked of uniform weights is asked of the
normal ones that they stand for, ndtri((w / bound + 1) / 2), so that every bound is exact.

A mistake in the scale is named when the weights of all calls of a case fit what it predicts, and no other one does.
What it predicts is seen by calling it with a generator that draws nothing but 1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from types import SimpleNamespace

import numpy as np
from scipy import special

from autograder import exercises
from autograder.exercises.initialization import fan_in_and_fan_out
from autograder.judge import Case, Finding, in_torch, torch
from autograder.judge.chance import FALSE_ALARM, distribution_is_off, mean_is_off, std_is_off
from autograder.judge.exercise import in_words
from autograder.judge.mistakes import Edited

Call = tuple[tuple[int, ...], dict]

# 32,000 weights each: a standard deviation that is off by 5 % is 12 standard errors away. No two fans are alike, but
# for the square.
WIDE, TALL, SQUARE = (80, 400), (400, 80), (180, 180)
KERNEL, SIGNAL = (100, 8, 5, 8), (25, 160, 8)
ROW, COLUMN = (1, 32_000), (32_000, 1)
SMALL = [(3, 5), (5, 3), (4, 4), (1, 7), (6, 1), (1, 1), (4, 3, 5, 2), (3, 3, 3, 3), (2, 3, 5), (2, 3, 2, 1, 4)]


@in_torch(otherwise=fan_in_and_fan_out.right)
def fans(shape) -> tuple[int, int]:
    """PyTorch's fan_in and fan_out of a shape (out, in, *kernel)."""
    return torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta"))


@dataclass(frozen=True, eq=False)
class Law:
    """What the weights have to be distributed like.

    Parameters
    ----------
    name : the exercise's id
    family : "normal" or "uniform"
    scale : scale(shape, **options), the standard deviation or the bound
    defaults : the options and their defaults
    usual : the options of a call that says nothing of them, which are passed all the same; the defaults if left out
    """

    name: str
    family: str
    scale: Callable[..., float]
    defaults: Mapping[str, object] = field(default_factory=dict)
    usual: Mapping[str, object] = field(default_factory=dict)

    def call(self, shape, options: Mapping[str, object] | None = None) -> Call:
        """A call with all its options, so that a missing default costs nothing but the case about defaults."""
        return tuple(shape), {**self.defaults, **self.usual, **(options or {})}

    def calls(self, case: Case) -> list[Call]:
        """The calls of a case: shapes, or pairs of a shape and options."""
        return [self.call(*call) if isinstance(call[-1], dict) else self.call(call) for call in case.get("calls", ())]

    def scale_of(self, call: Call) -> float:
        return self.scale(call[0], **call[1])


# What a mistake predicts


# In a generator's place: the weights come out as their standard deviation, or as their bound.
_ONES = {
    "normal": SimpleNamespace(standard_normal=lambda size: 1.0),
    "uniform": SimpleNamespace(uniform=lambda low, high, size: high),
}


def predicted(function: Callable, law: Law, call: Call) -> float | None:
    """The scale of a function's weights; None where it does more to what it draws than scale it."""
    try:
        scale = function(call[0], _ONES[law.family], **call[1])
    except Exception:
        return None
    return float(scale) if np.ndim(scale) == 0 and scale > 0 else None


@cache
def scalings(law: Law) -> list[tuple[tuple[str, ...], Callable]]:
    """The mistakes that change the scale of some case, then pairs of them: names and function."""
    exercise = exercises.load(law.name)
    calls = [call for case in exercise.cases for call in law.calls(case)]
    right = [law.scale_of(call) for call in calls]

    def changes(function: Callable) -> bool:
        scales = [predicted(function, law, call) for call in calls]
        return None not in scales and not np.allclose(scales, right, rtol=1e-6, atol=0.0)

    found = [m for m in exercise.mistakes if isinstance(m, Edited) and changes(m.functions[0])]
    pairs = [(a, b, a.with_too(b)) for a, b in combinations(found, 2) if a.name != b.name]
    return [((m.name,), m.functions[0]) for m in found] + [((a.name, b.name), f[0]) for a, b, f in pairs if f]


@cache
def predictions(law: Law, calls: tuple) -> list[tuple[tuple[str, ...], list[float]]]:
    """What each of them predicts for some calls, where that is not right."""
    asked = [(shape, dict(options)) for shape, options in calls]
    right = [law.scale_of(call) for call in asked]
    found = []
    for names, function in scalings(law):
        scales = [predicted(function, law, call) for call in asked]
        factors = np.divide(scales, right) if None not in scales else np.ones(1)
        # One factor in all calls is too little to tell two mistakes by.
        if not np.allclose(factors, 1.0, rtol=1e-9) and (len(names) == 1 or np.ptp(factors) > 0.1):
            found.append((names, scales))
    return found


def that_predict(law: Law, calls: Sequence[Call], fit: Callable[[list[float]], bool]) -> list[str]:
    """Names of the mistake, or of the two, whose scales fit, where no other does."""
    known = predictions(law, tuple((shape, tuple(options.items())) for shape, options in calls))
    for number in (1, 2):
        fitting = {names for names, scales in known if len(names) == number and fit(scales)}
        if fitting:
            return list(fitting.pop()) if len(fitting) == 1 else []
    return []


# Reading what came


def array_or_finding(value, shape, float64: bool = False) -> np.ndarray | Finding:
    """An array of that shape, finite, in float64; else the finding that says what came instead.

    `float64`: whether it has to be of that dtype already.
    """
    if not isinstance(value, np.ndarray):
        return Finding(f"must return a NumPy array of shape {shape}", got=type(value).__name__)
    if value.shape != tuple(shape):
        turned = value.shape == tuple(shape)[::-1]
        message = "" if turned else f"the weights must have shape {shape}"
        return Finding(message, "transposed_shape" if turned else None, str(value.shape))
    if value.dtype.kind not in "fiu" or (float64 and value.dtype != np.float64):
        return Finding(mistake="not_float64", got=str(value.dtype))
    return value.astype(np.float64) if np.isfinite(value).all() else Finding("a weight is not finite")


def read(values, shapes, float64: bool = False) -> tuple[list, list[Finding]]:
    """All arrays, and the first finding about one that is none: the case about that tells of it, all others wait."""
    arrays = [array_or_finding(value, shape, float64) for value, shape in zip(values, shapes, strict=True)]
    return arrays, [replace(item, hides=not float64) for item in arrays if isinstance(item, Finding)][:1]


# What is asked of weights


def bound_is_off(sample: np.ndarray, bound: float) -> bool:
    """Whether uniform draws on (-bound, bound) cannot have this largest one: n draws below q * bound come with q^n."""
    largest = float(np.abs(sample).max())
    # Weights in float32 may lie this much further out.
    return not (0 < largest <= bound * (1 + 1e-6) and sample.size * math.log(largest / bound) >= math.log(FALSE_ALARM))


def fits(family: str, sample: np.ndarray, scale: float) -> bool:
    """Whether a sample can be of the family, with mean 0 and that scale."""
    if family == "normal":
        return not (std_is_off(sample, 0.0, scale) or mean_is_off(sample, 0.0, scale))
    return not (bound_is_off(sample, scale) or distribution_is_off(sample / scale, uniform))


def uniform(x):
    """The distribution function of draws from (-1, 1)."""
    return np.clip((x + 1) / 2, 0.0, 1.0)


def own_scale(family: str, sample: np.ndarray) -> float:
    """The scale that the weights have."""
    scale = np.sqrt(np.mean(sample**2)) if family == "normal" else np.abs(sample).max()
    return float(scale) or 1.0


def looks(family: str, sample: np.ndarray) -> bool:
    """Whether the weights are of the family at their own scale: asked only to name what is wrong already."""
    z = sample / own_scale(family, sample)
    if family == "uniform":
        return not distribution_is_off(z, uniform)
    return float(np.abs(z).max()) > 3.0 and not distribution_is_off(z, special.ndtr)


def standard(law: Law, z: np.ndarray) -> np.ndarray:
    """Standard normal draws, if z are draws of the family with scale 1."""
    return z if law.family == "normal" else special.ndtri(np.clip((z + 1) / 2, 1e-16, 1 - 1e-16))


def as_normal(law: Law, sample: np.ndarray, scale: float) -> np.ndarray:
    """Standard normal draws, if the law holds; at the weights' own scale where that is wrong, as is told elsewhere."""
    right = fits("normal", sample, scale) if law.family == "normal" else not bound_is_off(sample, scale)
    return standard(law, sample / (scale if right else own_scale(law.family, sample)))


def by_rank(sample: np.ndarray) -> np.ndarray:
    """Standard normal draws, if the weights are independent, whatever their law is."""
    ranks = sample.ravel().argsort().argsort()
    return special.ndtri((ranks + 0.5) / sample.size).reshape(sample.shape)


def has_copies(weights: np.ndarray) -> bool:
    """Whether many weights are alike in size; by luck, floats of 32 bits too are so in fewer than one in a hundred."""
    return np.unique(np.abs(weights)).size < 0.9 * weights.size


def repeated(weights: np.ndarray) -> bool:
    """Whether a unit's weights, more than one, come twice."""
    rows = weights.reshape(len(weights), -1)
    return rows.shape[1] > 1 and len({row.tobytes() for row in rows}) < len(rows)


def copies(weights: np.ndarray) -> Finding:
    """What to say of weights that come more than once."""
    if repeated(weights) or repeated(weights.reshape(len(weights), -1).T):
        return Finding(mistake="repeated_rows")
    return Finding("the same values come again and again: draw every weight by itself")


def of_another_kind(law: Law, samples: Sequence[np.ndarray]) -> Finding | None:
    """Weights that are all of one sign, of the other family, or without tails."""
    if all(not (sample < 0).any() and (sample > 0).any() for sample in samples):
        return Finding(mistake="one_sided")
    other = "uniform" if law.family == "normal" else "normal"
    if all(looks(other, s) and not looks(law.family, s) for s in samples):
        return Finding(mistake=f"{other}_for_{law.family}")
    # Of so many normal numbers the largest is 4, and never below 3.3.
    largest = [float(np.abs(sample).max()) / own_scale("normal", sample) for sample in samples]
    if law.family == "normal" and 1.9 < min(largest) <= max(largest) < 3.3:
        return Finding(mistake="tails_cut")
    return None


def of_another_scale(law: Law, samples: Sequence[np.ndarray], calls: Sequence[Call]) -> list[Finding]:
    """What is wrong with weights of which some do not fit."""
    kind = of_another_kind(law, samples)
    right = [law.scale_of(call) for call in calls]
    name = kind.mistake if kind else ""
    # Normal weights where uniform ones are asked for are of another scale too, or only of another family.
    family, factor = ("normal", 3**-0.5) if name == "normal_for_uniform" else (law.family, 1.0)

    def fit(scales: Sequence[float]) -> bool:
        return all(fits(family, sample, factor * scale) for sample, scale in zip(samples, scales, strict=True))

    cut = name == "tails_cut" and all(
        0.7 < own_scale("normal", s) / c < 1.1 for s, c in zip(samples, right, strict=True)
    )
    if kind and (cut or name == "one_sided" or fit(right)):
        return [kind]
    known = that_predict(law, calls, fit) if family == law.family else []
    if known:
        return [Finding(mistake=name) for name in known]
    what = "standard deviation" if law.family == "normal" else "bound"
    sample, scale, call = next(x for x in zip(samples, right, calls, strict=True) if not fits(law.family, *x[:2]))
    if family == "uniform" and not any(map(bound_is_off, samples, right)):
        return [Finding("the weights reach as far as they should, but they are not uniform", hides=True)]
    got = f"{what} {own_scale(law.family, sample):.4g} and mean {sample.mean():.2g}"
    return [Finding(f"the weights must have mean 0 and the {what} {scale:.4g}", got=got, called=called(law, call))]


def called(law: Law, call: Call) -> str:
    """A call in the student's words."""
    return in_words(law.name, [str(call[0]), "rng"], call[1])
