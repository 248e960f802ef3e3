"""What the random initialisers share: how weights are judged, and the mistakes that all of them know.

Weights are judged by what luck explains (autograder.judge.chance). An initialiser is a family, "normal" or "uniform", and
a scale that torch.nn.init says: the standard deviation or the bound. Whatever is asked of uniform weights is asked of
the normal ones that they stand for, ndtri((w / bound + 1) / 2), so that every bound below is exact.

A mistake in the scale (a `Slip`) is named when the weights of all calls of a case fit what it predicts, and no other
slip predicts the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import special, stats

from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.chance import (
    FALSE_ALARM,
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    counts_are_off,
    distribution_is_off,
    generator_probe,
    mean_is_off,
    std_is_off,
)
from autograder.judge.exercise import in_words

# At most so many questions are asked of a right notebook's seven random functions (the tests count them), each with a
# chance of FALSE_ALARM = 1e-9 to err: a right one is wronged less than once in three million gradings. That many weights
# are copies, or of one sign, or that 250 signs agree, is less likely still.
QUESTIONS = 280

# 32,000 weights each: a standard deviation that is off by 5 % is 12 standard errors away. No two sizes are alike.
WIDE, TALL, KERNEL, SIGNAL = (80, 400), (400, 80), (100, 8, 5, 8), (25, 160, 8)
ROW, COLUMN = (1, 32_000), (32_000, 1)
SMALL_SHAPES = [(3, 5), (5, 3), (1, 7), (6, 1), (1, 1), (4, 3, 5, 2), (2, 3, 5), (2, 3, 2, 1, 4)]
MANY, FEW = 300, (2, 3)  # many layers, each of few weights

SENTENCES = {
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
    "overwrites_earlier_result": "Weights that were returned earlier change with the next call: one array is filled again "
    "and again. Make a new one each time.",
    "not_float64": "The weights are of another dtype: initialisers return float64, which is what `rng` gives by itself.",
    "transposed_shape": "The weights come transposed. `shape` is the shape of the array to return, (out, in, *kernel).",
    "one_sided": "No weight is negative. `rng.random` gives numbers from 0 to 1; the weights have mean 0.",
    "uniform_for_normal": "The weights are uniform. A normal distribution is asked for: `rng.standard_normal(shape)` times "
    "the standard deviation.",
    "normal_for_uniform": "The weights are normal. A uniform distribution is asked for: `rng.uniform(-bound, bound, shape)`.",
    "tails_cut": "The tails are cut off: a normal distribution has 5 % of its weights beyond two standard deviations. Draw "
    "without clipping or truncation.",
    "repeated_rows": "Rows or columns are copies of one another, so units start alike and stay alike. Draw every weight by "
    "itself: hand the whole `shape` to `rng`.",
    "standardised": "Each array is shifted and rescaled until its own mean and spread are exact. Then its weights hang "
    "together, in small layers most of all. Draw, scale, and leave it at that.",
}


def named(name: str) -> Finding:
    """The finding of a mistake that all initialisers know."""
    return Finding(SENTENCES[name], name)


def fans(shape) -> tuple[int, int]:
    """PyTorch's fan_in and fan_out of a shape (out, in, *kernel)."""
    return torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta"))


@dataclass(frozen=True)
class Slip:
    """A wrong scale: scale(shape, **options), with the exercise's own options."""

    name: str
    scale: Callable[..., float]
    sentence: str


@dataclass(frozen=True)
class Law:
    """What the weights have to be distributed like.

    Parameters
    ----------
    name : the exercise's id
    family : "normal" or "uniform"
    scale : scale(shape, **options), the standard deviation or the bound
    slips : wrong scales with a name
    """

    name: str
    family: str
    scale: Callable[..., float]
    slips: tuple[Slip, ...]

    @property
    def wrong_family(self) -> str:
        return "uniform" if self.family == "normal" else "normal"


def draw(family: str, scale: float, shape, rng) -> np.ndarray:
    """Weights of a family, for the mistakes."""
    return rng.normal(0.0, scale, shape) if family == "normal" else rng.uniform(-scale, scale, shape)


# Reading what came


def array_or_finding(value, shape):
    """An array of that shape in float64, finite; else the finding that says what came instead."""
    if not isinstance(value, np.ndarray):
        return Finding(f"must return a NumPy array of shape {shape}", got=type(value).__name__)
    if value.shape != tuple(shape):
        if value.shape == tuple(shape)[::-1]:
            return named("transposed_shape")
        return Finding(f"the weights must have shape {shape}", got=str(value.shape))
    if value.dtype != np.float64:
        return Finding(SENTENCES["not_float64"], "not_float64", got=str(value.dtype))
    if not np.isfinite(value).all():
        return Finding("a weight is not finite")
    return value


def read(values, shapes):
    """All arrays, and the first finding about those that are none."""
    arrays = [array_or_finding(value, shape) for value, shape in zip(values, shapes, strict=True)]
    return arrays, [item for item in arrays if isinstance(item, Finding)][:1]


# The questions


def bound_is_off(sample: np.ndarray, bound: float) -> bool:
    """Whether uniform draws on (-bound, bound) cannot have this largest one: n draws below q * bound come with q^n."""
    largest = float(np.abs(sample).max())
    return not (0 < largest <= bound * (1 + 1e-9) and sample.size * math.log(largest / bound) >= math.log(FALSE_ALARM))


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
    # Of 32,000 normal numbers the largest is 4, and never below 3: a triangle's is 2.4.
    return float(np.abs(z).max()) > 3.0 and not distribution_is_off(z, special.ndtr)


def as_normal(law: Law, sample: np.ndarray, scale: float) -> np.ndarray:
    """Standard normal draws, if the law holds; at the weights' own scale where theirs is wrong, which is told elsewhere."""
    right = fits("normal", sample, scale) if law.family == "normal" else not bound_is_off(sample, scale)
    z = sample / (scale if right else own_scale(law.family, sample))
    return z if law.family == "normal" else special.ndtri(np.clip((z + 1) / 2, 1e-16, 1 - 1e-16))


def diagnosis(law: Law, samples, calls, names: bool = True) -> Finding:
    """What is wrong with weights whose law is not the wanted one; `names`: whether the calls can tell slips apart."""
    if any(has_copies(sample) for sample in samples):
        return next(copies(sample) for sample in samples if has_copies(sample))
    if all(not (sample < 0).any() and (sample > 0).any() for sample in samples):
        return named("one_sided")
    if all(looks(law.wrong_family, s) and not looks(law.family, s) for s in samples):
        return named(f"{law.wrong_family}_for_{law.family}")
    right = [law.scale(shape, **options) for shape, options in calls]
    slips = {}
    for slip in law.slips if names else ():
        scales = [slip.scale(shape, **options) for shape, options in calls]
        fit = all(fits(law.family, s, scale) for s, scale in zip(samples, scales, strict=True))
        if fit and not np.allclose(scales, right, rtol=1e-9, atol=0.0):
            slips[slip.name] = slip
    if len(slips) == 1:
        (slip,) = slips.values()
        return Finding(slip.sentence, slip.name)
    what = "standard deviation" if law.family == "normal" else "bound"
    for sample, scale, (shape, options) in zip(samples, right, calls, strict=True):
        if not fits(law.family, sample, scale):
            got = f"{own_scale(law.family, sample):.4g} and mean {sample.mean():.2g}"
            call = in_words(law.name, [str(shape), "rng"], options)
            return Finding(f"{call} must have mean 0 and the {what} {scale:.4g}", got=f"{what} {got}")
    return Finding(f"the {what} is wrong")


# The properties


def ask_shape(law: Law, case: Case, rng) -> Probe:
    """Shape, dtype and finiteness of small arrays."""
    script, shapes = Script(), case.get("shapes", SMALL_SHAPES)
    for shape in shapes:
        script.get(script.call(0, shape, script.rng(seed(rng)), note=f"shape={shape}"), Want("weights", None))

    def findings(values):
        return read(values, shapes)[1]

    return Probe(script, f"{law.name}({shapes[0]}, rng)", findings=findings)


def ask_spread(law: Law, case: Case, rng) -> Probe:
    """The scale, in large arrays."""
    script, calls = Script(), [call if isinstance(call[-1], dict) else (call, {}) for call in case.get("calls")]
    for shape, options in calls:
        weights = script.call(0, shape, script.rng(seed(rng)), note=f"shape={shape}", **options)
        script.get(weights, Want("weights", None))

    def findings(values):
        samples, wrong = read(values, [shape for shape, _ in calls])
        if wrong:
            return wrong
        if all(fits(law.family, s, law.scale(c[0], **c[1])) for s, c in zip(samples, calls, strict=True)):
            return []
        return [diagnosis(law, samples, calls, case.get("names", True))]

    return Probe(script, in_words(law.name, [str(calls[0][0]), "rng"], calls[0][1]), findings=quietly(findings))


def ask_law(law: Law, case: Case, rng) -> Probe:
    """The form of the distribution, with the tails: what a clipped or truncated normal lacks."""
    script, shape = Script(), WIDE
    script.get(script.call(0, shape, script.rng(seed(rng))), Want("weights", None))

    def findings(values):
        samples, wrong = read(values, [shape])
        if wrong:
            return wrong
        z = as_normal(law, samples[0], law.scale(shape)).ravel()
        beyond = [np.count_nonzero(np.abs(z) > limit) for limit in (2.0, 3.0)]
        chances = [2 * stats.norm.sf(limit) for limit in (2.0, 3.0)]
        tails = any(counts_are_off(count, z.size, chance) for count, chance in zip(beyond, chances, strict=True))
        if not tails and not distribution_is_off(z, special.ndtr):
            return []
        if len(np.unique(np.abs(samples[0]))) < 100:
            return [Finding("the weights take a few values only")]
        general = diagnosis(law, samples, [(shape, {})], names=False)
        if general.mistake:
            return [general]
        if law.family == "normal" and beyond[1] == 0:
            return [named("tails_cut")]
        return [Finding(f"the weights are not distributed like a {law.family} distribution")]

    return Probe(script, f"{law.name}({shape}, rng)", findings=quietly(findings))


def ask_independent(law: Law, case: Case, rng) -> Probe:
    """Every weight is drawn by itself: no copies, no rows or columns that move together, no array used again."""
    script, shape = Script(), KERNEL
    generator = script.rng(seed(rng))
    first = script.call(0, shape, generator)
    script.get(first, Want("weights", None))
    script.call(0, shape, generator)
    script.get(first, Want("weights, later", None))

    def findings(values):
        (weights, later), wrong = read(values, [shape, shape])
        if wrong:
            return wrong
        if not np.array_equal(weights, later):
            return [named("overwrites_earlier_result")]
        if has_copies(weights) or repeated(weights.reshape(len(weights), -1)):
            return [copies(weights)]
        z = as_normal(law, weights, law.scale(shape)).reshape(len(weights), -1)
        rows, columns = z.shape
        for sums in (z.sum(1) / math.sqrt(columns), z.sum(0) / math.sqrt(rows)):
            if std_is_off(sums, 0.0, 1.0):
                return [Finding("the weights of one row (or column) hang together: draw every weight by itself")]
        for squares, n in (((z**2).sum(1), columns), ((z**2).sum(0), rows)):
            if distribution_is_off(squares, lambda x, n=n: stats.chi2.cdf(x, n)):
                return [Finding("some rows (or columns) are spread more widely than others")]
        return []

    return Probe(script, f"{law.name}({shape}, rng), twice", findings=quietly(findings))


def has_copies(weights: np.ndarray) -> bool:
    """Whether many weights are alike in size; by luck, floats of 32 bits too are so in fewer than one in a hundred."""
    return np.unique(np.abs(weights)).size < 0.9 * weights.size


def copies(weights: np.ndarray) -> Finding:
    """What to say of weights that come more than once."""
    flat = weights.reshape(len(weights), -1)
    if repeated(flat) or repeated(flat.T):
        return named("repeated_rows")
    return Finding("the same values come again and again: draw every weight by itself")


def repeated(rows: np.ndarray) -> bool:
    """Whether a row of more than one number comes twice."""
    return rows.shape[1] > 1 and len({row.tobytes() for row in rows}) < len(rows)


def ask_small(law: Law, case: Case, rng) -> Probe:
    """Many small layers from one generator: their sums and sums of squares have to vary as they would by chance."""
    script = Script()
    generator = script.rng(seed(rng))
    for _ in range(MANY):
        script.get(script.call(0, FEW, generator), Want("weights", None))

    def findings(values):
        samples, wrong = read(values, [FEW] * MANY)
        if wrong:
            return wrong
        z = as_normal(law, np.array(samples), law.scale(FEW))
        n = math.prod(FEW)
        sums, squares = z.sum((1, 2)) / math.sqrt(n), (z**2).sum((1, 2))
        if all(np.array_equal(sample, samples[0]) for sample in samples):
            return [named("same_draw_each_call")]
        if has_copies(np.array(samples)):
            return [Finding("the same values come again and again: draw every weight by itself")]
        if np.ptp(sums) < 1e-6 or np.ptp(squares) < 1e-6:
            return [named("standardised")]
        if (
            std_is_off(sums, 0.0, 1.0)
            or mean_is_off(sums, 0.0, 1.0)
            or distribution_is_off(squares, lambda x: stats.chi2.cdf(x, n))
            or distribution_is_off(z, special.ndtr)
        ):
            return [Finding("small layers are distributed otherwise than large ones")]
        return []

    return Probe(script, f"{law.name}({FEW}, rng), {MANY} times", findings=quietly(findings))


def ask_generator(law: Law, case: Case, rng) -> Probe:
    """All randomness comes from `rng`."""
    return generator_probe(f"{law.name}((8, 8), rng)", lambda script, generator: script.call(0, (8, 8), generator), rng)


ASK = {
    "shape": ask_shape,
    "spread": ask_spread,
    "law": ask_law,
    "independent": ask_independent,
    "small": ask_small,
    "generator": ask_generator,
}


def seed(rng) -> int:
    """A generator's seed."""
    return int(rng.integers(2**31))


def quietly(findings):
    """The same findings without NumPy's warnings: a student's weights may be huge."""

    def judged(values):
        with np.errstate(all="ignore"):
            return findings(values)

    return judged


# The exercises


def initializer(law: Law, *, spreads, alternatives, hints, shapes=SMALL_SHAPES, extra=()) -> Procedure:
    """An exercise on a random initialiser.

    Parameters
    ----------
    law : what its weights are
    spreads : cases on the scale
    alternatives, hints : as ever
    shapes : what small shapes are tried
    extra : mistakes that only this exercise knows
    """
    return Procedure(
        ask=lambda case, rng: ASK[case.get("property")](law, case, rng),
        cases=[
            Case("an array of the given shape, float64", property="shape", shapes=shapes),
            *spreads,
            Case(f"a {law.family} distribution, tails and all", property="law"),
            Case("every weight drawn by itself", property="independent"),
            Case("many small layers vary as chance has it", property="small"),
            Case("all randomness comes from rng", property="generator"),
        ],
        mistakes=[
            *(Mistake(slip.name, wrong_scale(law, slip), slip.sentence) for slip in law.slips),
            *known(law),
            *extra,
        ],
        alternatives=alternatives,
        hints=hints,
    )


def wrong_scale(law: Law, slip: Slip):
    """The initialiser that makes a slip."""
    return lambda shape, rng, **options: draw(law.family, slip.scale(shape, **options), shape, rng)


def known(law: Law) -> list[Mistake]:
    """The mistakes that every initialiser of a family knows."""

    def right(shape, rng, **options):
        return draw(law.family, law.scale(shape, **options), shape, rng)

    def from_the_global_state(shape, rng, **options):
        return law.scale(shape, **options) * special.ndtri(np.random.random(shape))  # noqa: NPY002

    def from_the_global_state_uniform(shape, rng, **options):
        return law.scale(shape, **options) * (2 * np.random.random(shape) - 1)  # noqa: NPY002

    def with_a_fixed_seed(shape, rng, **options):
        return right(shape, np.random.default_rng(0), **options)

    def in_float32(shape, rng, **options):
        return right(shape, rng, **options).astype(np.float32)

    def transposed(shape, rng, **options):
        return right(shape, rng, **options).T

    def not_negative(shape, rng, **options):
        return law.scale(shape, **options) * rng.random(shape)

    def of_the_other_family(shape, rng, **options):
        scale = law.scale(shape, **options)
        return draw(law.wrong_family, scale * 3**0.5 if law.family == "normal" else scale / 3**0.5, shape, rng)

    def each_row_the_same(shape, rng, **options):
        scale = law.scale(shape, **options)
        return np.zeros(shape) + draw(law.family, scale, shape[1:], rng)

    def made_exact(shape, rng, **options):
        weights = right(shape, rng, **options)
        spread = weights.std()
        return (weights - weights.mean()) / (spread if spread else 1.0) * law.scale(shape, **options)

    def truncated(shape, rng, **options):
        # TensorFlow's: cut at two standard deviations, and widened to the standard deviation asked for.
        low, high = stats.norm.cdf([-2.0, 2.0])
        return law.scale(shape, **options) / 0.87962566103423978 * special.ndtri(rng.uniform(low, high, shape))

    def clipped(shape, rng, **options):
        scale = law.scale(shape, **options)
        return np.clip(right(shape, rng, **options), -2.5 * scale, 2.5 * scale)

    normal = law.family == "normal"
    bank = [
        ("global_generator", from_the_global_state if normal else from_the_global_state_uniform),
        ("same_draw_each_call", with_a_fixed_seed),
        ("not_float64", in_float32),
        ("transposed_shape", transposed),
        ("one_sided", not_negative),
        (f"{law.wrong_family}_for_{law.family}", of_the_other_family),
        ("repeated_rows", each_row_the_same),
    ]
    if normal:
        bank += [("standardised", made_exact), ("tails_cut", truncated), ("tails_cut", clipped)]
    return [Mistake(name, wrong, SENTENCES[name]) for name, wrong in bank]
