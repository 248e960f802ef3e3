"""What the exercises on dropout share: asking a layer that multiplies by random numbers, and judging those numbers.

They are read off the answer, factor = out / x, and have to be what any right layer gives, never one sequence of draws.
One exercise asks fewer than 60 of the questions whose chance of a false alarm autograder.judge.chance bounds. What is
said to be "all the same" or "never" here would need far more luck than that; `surely` and the sizes see to it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from autograder.judge import Finding, Mistake, Probe, Script, Want
from autograder.judge.chance import (
    FALSE_ALARM,
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    counts_are_off,
    generator_probe,
)
from autograder.judge.compare import RTOL

# From so many numbers on, rows and columns are looked at one by one.
MANY = 10_000
# Factors that lie closer together than this are one number, up to rounding.
SAME = 1e-5
# How often a layer is asked in "often", where every pair of units is compared.
OFTEN = 150

IN_PLACE = (
    "`{f}` writes into its arguments, which the caller still needs: something like `x *= mask` or `x[...] = 0`. Make a new "
    "array instead: `x * mask`."
)
OVERWRITES = "What `{f}` returned earlier is overwritten by a later call. Return a new array each time."
DEPENDENT = "the draws depend on one another: each must be one of its own, of the same probability"
CHANGES_DTYPE = (
    "Float32 goes in and float64 comes out: random numbers are float64 and carry over. Give the mask the dtype of the "
    "input, `.astype(x.dtype)`, before multiplying."
)


@dataclass(frozen=True, kw_only=True)
class Noisy:
    """A layer that multiplies by random numbers: how it is asked, and how these are read and judged.

    Parameters
    ----------
    name : the exercise's id
    sentences : what the student reads, by the mistake's name
    arguments : names of the arrays it takes, in order
    draw : draw(rng, shape, dtype) -> these arrays, without zeros where a factor is to be read
    read : read(arrays, values, p) -> the factors, an array of float64, or a Finding
    judge : judge(layer, factors, p, dtype) -> findings about one call
    often : the same about the factors of many calls, stacked
    ties : the mistake's name, by the axes of the factors along which they are all the same (and the number of axes)
    reports : how many of its two results are looked at
    modes : whether it takes `train`
    """

    name: str
    sentences: Mapping[str, str]
    arguments: tuple[str, ...] = ("x",)
    draw: Callable
    read: Callable
    judge: Callable
    often: Callable
    ties: Callable = lambda axes, ndim: None
    reports: int = 1
    modes: bool = True

    def say(self, mistake: str, otherwise: str = "") -> Finding:
        """A named mistake; `otherwise` is said where the exercise does not know it."""
        known = mistake in self.sentences
        return Finding(self.sentences[mistake], mistake) if known or not otherwise else Finding(otherwise)

    def called(self, p: float, train: bool = True) -> str:
        """A call in the student's words."""
        mode = f", train={train}" if self.modes else ""
        return f"{self.name}({', '.join(self.arguments)}, {p:g}, rng{mode})"

    def call(self, script: Script, arrays: tuple, p: float, rng: object, train: bool = True) -> list:
        """Call it; the handles of what is looked at."""
        mode = {"train": train} if self.modes else {}
        return script.call(0, *arrays, p, rng, unpack=2, **mode)[: self.reports]

    def ask(self, script: Script, arrays: tuple, p: float, rng: object, train: bool = True) -> list:
        """Call it and report."""
        results = self.call(script, arrays, p, rng, train)
        report(script, results)
        return results

    def examine(self, arrays: tuple, values: list, p: float) -> list[Finding]:
        """Everything that is wrong with one call."""
        factors = self.read(arrays, values, p)
        if isinstance(factors, Finding):
            return [factors]
        return self.judge(self, factors, p, arrays[0].dtype.name)


def report(script: Script, handles: list) -> None:
    for handle in handles:
        script.get(handle, Want("out", None))


def generator(script: Script, rng: np.random.Generator) -> object:
    return script.rng(int(rng.integers(2**31)))


def asking(layer: Noisy) -> Callable:
    """The `ask` of a Procedure; a case's `property` says what is asked."""
    properties = {
        "each": ask_each,
        "often": ask_often,
        "rng": ask_rng,
        "test": ask_test,
        "zeros": ask_zeros,
        "inputs": ask_inputs,
        "kept": ask_kept,
    }
    return lambda case, rng: properties[case.get("property")](layer, case, rng)


def ask_each(layer, case, rng):
    """One call for each shape and p."""
    script, calls, drawn = Script(), case.get("calls"), []
    for shape, p in calls:
        arrays = layer.draw(rng, shape, case.get("dtype", "float64"))
        layer.ask(script, arrays, p, generator(script, rng))
        drawn.append((arrays, p))

    def findings(values):
        for (arrays, p), result in zip(drawn, split(values, layer.reports), strict=True):
            found = layer.examine(arrays, result, p)
            if found:
                return [with_rate(finding, p, calls[0][1]) for finding in found]
        return []

    return Probe(script, layer.called(calls[0][1]), findings=findings)


def with_rate(finding, p, shown):
    """The report shows the first call alone: where another one failed, the finding says with which p."""
    if p == shown or finding.mistake:
        return finding
    which = "in another call" if "p = " in finding.message else f"for p = {p:g}"
    return replace(finding, message=f"{which}: {finding.message}")


def ask_often(layer, case, rng):
    """Many calls of one generator on one input: which numbers go together, and which never change."""
    script, p = Script(), case.get("p")
    arrays, shared = layer.draw(rng, case.get("shape"), "float64"), generator(script, rng)
    for _ in range(OFTEN):
        layer.ask(script, arrays, p, shared)

    def findings(values):
        factors = []
        for result in split(values, layer.reports):
            factors.append(layer.read(arrays, result, p))
            if isinstance(factors[-1], Finding):
                return factors[-1:]
        return layer.often(layer, np.array(factors), p)

    return Probe(script, f"{layer.called(p)}, {OFTEN} times", findings=findings)


def ask_rng(layer, case, rng):
    p = case.get("p")
    arrays = layer.draw(rng, case.get("shape"), "float64")
    probe = generator_probe(layer.called(p), lambda script, rng: layer.call(script, arrays, p, rng), rng)

    def findings(values):
        # Of what is no noise at all nobody needs to hear that it is always the same.
        factors = layer.read(arrays, values[: layer.reports], p)
        if isinstance(factors, Finding):
            return [factors]
        return idle(layer, factors) or probe.findings(values)

    return replace(probe, findings=findings)


def idle(layer, factors):
    """Whether there is no noise at all, where there should be."""
    if np.ptp(factors) > SAME:
        return []
    return [layer.say("never_drops") if close(factors, 1.0, SAME) else Finding("all numbers are treated alike")]


def ask_test(layer, case, rng):
    """train=False, in two shapes; and train=True, since who does nothing at all is right at test time only."""
    script, drawn = Script(), []
    for (shape, p), train in zip(case.get("calls"), (False, False, True), strict=True):
        arrays = layer.draw(rng, shape, "float64")
        layer.ask(script, arrays, p, generator(script, rng), train)
        drawn.append((arrays, p, train))

    def findings(values):
        for (arrays, p, train), result in zip(drawn, split(values, layer.reports), strict=True):
            factors = layer.read(arrays, result, p)
            if isinstance(factors, Finding):
                return [factors]
            found = idle(layer, factors) if train else at_test(layer, factors)
            if found:
                return found
        return []

    return Probe(script, layer.called(case.get("calls")[0][1], train=False), findings=findings)


def at_test(layer, factors):
    if close(factors, 1.0, 1e-7):
        return []
    if (factors == 0).any():
        return [layer.say("active_at_test")]
    constant = np.ptp(factors) <= SAME
    return [layer.say("scales_at_test") if constant else Finding("with train=False the answer is not what went in")]


def ask_zeros(layer, case, rng):
    """Every second column of x is 0, as behind a ReLU: nothing can be read off there, nor mistaken for dropping."""
    script, p = Script(), case.get("p")
    (x,) = layer.draw(rng, case.get("shape"), "float64")
    x[:, ::2] = 0
    layer.ask(script, (x,), p, generator(script, rng))

    def findings(values):
        for value, name in zip(values, ("out", "mask"), strict=False):
            if not isinstance(value, np.ndarray) or value.shape != x.shape:
                return [Finding(f"{name} must be an array of the shape of x")]
        zeros, others = [value[:, ::2] for value in values], [value[:, 1::2] for value in values]
        if not (zeros[0] == 0).all():
            return [Finding("where x is 0, out must be 0")]
        if len(values) > 1 and np.isin(others[1], (0, 1)).all() and others[1].any() and not zeros[1].any():
            return [layer.say("mask_from_output")]
        return layer.examine((x[:, 1::2],), others, p)

    return Probe(script, layer.called(p), findings=findings)


def ask_inputs(layer, case, rng):
    script, (shape, p) = Script(), case.get("calls")[0]
    arrays = layer.draw(rng, shape, "float64")
    sent = tuple(script.put(array) for array in arrays)
    layer.ask(script, sent, p, generator(script, rng))
    report(script, sent)

    def findings(values):
        after = values[layer.reports :]
        if not all(unchanged(a, b) for a, b in zip(after, arrays, strict=True)):
            return [Finding(IN_PLACE.format(f=layer.name), "in_place")]
        return layer.examine(arrays, values[: layer.reports], p)

    return Probe(script, layer.called(p), findings=findings)


def ask_kept(layer, case, rng):
    script, (shape, p) = Script(), case.get("calls")[0]
    arrays, shared = layer.draw(rng, shape, "float64"), generator(script, rng)
    first = layer.ask(script, arrays, p, shared)
    layer.call(script, layer.draw(rng, shape, "float64"), p, shared)
    report(script, first)

    def findings(values):
        before, after = split(values, layer.reports)
        found = layer.examine(arrays, before, p)
        if not found and not all(unchanged(a, b) for a, b in zip(after, before, strict=True)):
            return [Finding(OVERWRITES.format(f=layer.name), "overwrites_earlier_result")]
        return found

    return Probe(script, layer.called(p), findings=findings)


def split(values, size):
    """The reported values, call by call."""
    return [values[k : k + size] for k in range(0, len(values), size)]


def unchanged(value, array):
    return isinstance(value, np.ndarray) and value.dtype == array.dtype and np.array_equal(value, array)


def as_like(value, like, name="out", of="x"):
    """What came as a float64 array of the shape of `like`, or the finding that says what else came."""
    if not isinstance(value, np.ndarray):
        return Finding(f"{name} must be a NumPy array", got=type(value).__name__)
    if value.shape != like.shape:
        return Finding(f"{name} must have the shape of {of}, {like.shape}", got=str(value.shape))
    if value.dtype != like.dtype:
        if like.dtype == np.float32 and value.dtype == np.float64:
            return Finding(CHANGES_DTYPE, "changes_dtype")
        return Finding(f"{name} must have the dtype of {of}, {like.dtype}", got=str(value.dtype))
    if not np.isfinite(value).all():
        return Finding(f"{name} holds numbers that are not finite")
    return value.astype(np.float64)


def close(a, b, rtol):
    with np.errstate(over="ignore"):
        return bool((np.abs(a - b) <= rtol * np.abs(b)).all())


def draw_x(rng, shape, dtype):
    """x of both signs and no zeros, so that a factor can be read off each of them."""
    return ((rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2.0, shape)).astype(dtype),)


def factors_of(arrays, values, p):
    """What each element of x was multiplied by."""
    out = as_like(values[0], arrays[0])
    return out if isinstance(out, Finding) else out / arrays[0].astype(np.float64)


# Masks: factors that are 0, or 1 / (1 - p)


def surely(n, chance):
    """Whether n units that each do something with that chance never all do it."""
    return n * math.log(chance) < math.log(FALSE_ALARM)


def wrong_scales(p):
    """What the kept ones are multiplied by instead of 1 / (1 - p)."""
    return {"not_scaled": 1.0, "scaled_twice": 1 / (1 - p) ** 2, "scaled_by_keep": 1 - p, "divided_by_p": 1 / p}


def mask_findings(layer, factors, p, dtype, scale=lambda p: 1 / (1 - p), scales=wrong_scales):
    """What is wrong with the factors of one call."""
    kept, n = factors != 0, factors.size
    if p == 0:
        return [] if close(factors, 1.0, RTOL[dtype]) else [Finding("with p = 0 nothing must be dropped or scaled")]
    if kept.all() and surely(n, 1 - p):
        return idle(layer, factors) or [Finding("nothing is dropped")]
    if not kept.any():
        return [Finding("everything is dropped")] if surely(n, p) else []
    axes = tied(kept, p)
    if axes:
        return [tie(layer, axes, kept.ndim)]
    found = rate_findings(layer, factors, p, RTOL[dtype], scale(p), scales(p))
    return found or (crowd_findings(layer, kept.reshape(len(kept), -1), p) if n >= MANY else [])


def tie(layer, axes, ndim):
    name = layer.ties(axes, ndim)
    return layer.say(name) if name else Finding("some of the mask is shared: each draw must be one of its own")


def tied(kept, p):
    """The axes along which a mask, or noise up to rounding, is the same, where that is no luck."""
    n, kept = kept.size, kept.astype(np.float64)
    return tuple(
        axis
        for axis, length in enumerate(kept.shape)
        if length > 1 and surely(n - n // length, max(p, 1 - p)) and np.ptp(kept, axis).max() < SAME
    )


def rate_findings(layer, factors, p, rtol, scale, scales):
    """How many are dropped, and what the others are multiplied by."""
    kept = factors != 0
    count, n, numbers = int(kept.sum()), kept.size, factors[kept]
    off = counts_are_off(count, n, 1 - p)
    swapped = off and not counts_are_off(count, n, p)
    found = []
    if not close(numbers, scale, rtol):
        if swapped and close(numbers, 1 / p, rtol) and "p_is_keep_probability" in layer.sentences:
            return [layer.say("p_is_keep_probability")]
        names = [name for name, number in scales.items() if close(numbers, number, rtol)]
        if names == ["divided_by_p"] and (off or not counts_are_off(count, n, p)):
            names = []  # too few to tell whether p was taken for the probability to keep
        if measured(factors, rtol):
            names = [] if names else ["measured_rate"]  # by luck just the expected share is kept: it may be either
        found = [layer.say(name) for name in names if name in layer.sentences]
        found = found or [Finding(f"what is kept is not multiplied by {scale:g}")]
    # Named where the count tells p from other wrong shares too.
    if swapped and n >= 3000 and abs(count - n * p) < 4.5 * math.sqrt(n * p * (1 - p)):
        found.append(layer.say("keep_and_drop_swapped"))
    elif off:
        found.append(Finding(f"the share of what is dropped is not p = {p:g}", got=f"{1 - count / n:.4f}"))
    return found


def measured(factors, rtol):
    """Whether the scale makes the mean exactly 1: of all, or of each row or column that keeps anything."""
    rows = factors.reshape(len(factors), -1)
    means = [view.mean(axis=1) for view in (factors.reshape(1, -1), rows, rows.T) if view.shape[1] > 1]
    return any(close(mean[mean > 0], 1.0, rtol) for mean in means)


def crowd_findings(layer, kept, p):
    """Rows and columns of a large mask: all as often, neighbours independent, counts that spread as they should."""
    if np.ptp(kept.sum(0)) == 0 or np.ptp(kept.sum(1)) == 0:
        return [layer.say("fixed_number", DEPENDENT)]
    for mask in (kept, kept.T):
        half = len(mask) // 2
        pairs = [mask[0 : 2 * half : 2] == mask[1 : 2 * half : 2], mask[:half] == mask[half : 2 * half]]
        if (
            counts_are_off(mask.sum(0), len(mask), 1 - p)
            or any(counts_are_off(same.sum(), same.size, agreement(p)) for same in pairs)
            or spread_is_off(mask.sum(0), len(mask), 1 - p)
        ):
            return [Finding(DEPENDENT)]
    return []


def agreement(p):
    """How often two independent draws agree."""
    return p**2 + (1 - p) ** 2


def spread_is_off(counts, trials, chance):
    """Whether binomial counts fall into the middle half of their distribution more or less often than luck explains."""
    low, high = stats.binom.ppf([0.25, 0.75], trials, chance)
    middle = stats.binom.cdf(high, trials, chance) - stats.binom.cdf(low - 1, trials, chance)
    return counts_are_off(int(((counts >= low) & (counts <= high)).sum()), counts.size, float(middle))


def often_masks(layer, factors, p, scale=lambda p: 1 / (1 - p), scales=wrong_scales):
    """What is wrong with the factors of many calls, stacked."""
    kept = factors != 0
    if kept.all():
        return idle(layer, factors) or [Finding("nothing is dropped")]
    if not kept.any():
        return [Finding("everything is dropped")]
    return (
        often_ties(layer, kept, p)
        or rate_findings(layer, factors, p, RTOL["float64"], scale(p), scales(p))
        or often_counts(layer, kept.reshape(len(kept), -1), p)
    )


def often_ties(layer, kept, p):
    axes = tied(kept, p)
    if 0 in axes:
        return [layer.say("same_draw_each_call")]
    return [tie(layer, tuple(axis - 1 for axis in axes), kept.ndim - 1)] if axes else []


def often_counts(layer, kept, p):
    """Each place as often as the others, no two places together, and counts that spread as they should."""
    calls, n = kept.shape
    totals = kept.sum(1)
    if np.ptp(totals) == 0:
        return [layer.say("fixed_number", DEPENDENT)]
    same = np.array([(kept[:, i] == kept[:, j]).sum() for i in range(n) for j in range(i)])
    if (
        counts_are_off(kept.sum(0), calls, 1 - p)
        or counts_are_off(same, calls, agreement(p))
        or spread_is_off(totals, n, 1 - p)
    ):
        return [Finding(DEPENDENT)]
    return []


# The sentences, for a unit, a weight or a channel


def mask_sentences(one, drop="rng.random(x.shape)"):
    """What the student reads of a mask whose every `one` is drawn."""
    return {
        "never_drops": f"Nothing is dropped in training: what comes out is what went in. (Is `train` turned round?) Each {one} "
        "is dropped with probability p.",
        "keep_and_drop_swapped": f"Keep and drop are swapped: each {one} is kept with probability p. Here p is the probability "
        f"to DROP: keep where `{drop} >= p`.",
        "p_is_keep_probability": f"p is taken for the probability to KEEP (lecture 003 does): kept with probability p, divided by "
        f"p. Here p is the probability to DROP: keep where `{drop} >= p`, and divide by 1 - p.",
        "not_scaled": f"The mask is right, but what is kept is not scaled. Inverted dropout divides it by 1 - p, so that each {one} "
        "keeps its mean and test time has nothing to do.",
        "scaled_twice": "What is kept is divided by 1 - p twice: once with the mask and once more. Once is enough.",
        "scaled_by_keep": "What is kept is multiplied by 1 - p. It has to grow, to make up for what is dropped: divide by 1 - p.",
        "divided_by_p": "What is kept is divided by p. It is there with probability 1 - p: divide by 1 - p.",
        "measured_rate": "The scale is the share that happened to be kept (`mask.mean()`). It is the probability, 1 - p, the same in "
        f"each call: else each {one} depends on the others' luck.",
        "fixed_number": f"Each time exactly as many are dropped: a fixed number is chosen. Each {one} decides for itself, with a "
        f"draw of its own: compare `{drop}` with p.",
        "active_at_test": "With train=False there is still dropping. At test time nothing is random: all is as if there were no "
        "dropout.",
        "scales_at_test": "With train=False there is scaling. Inverted dropout has scaled in training; at test time nothing is left "
        "to do.",
        "global_generator": GLOBAL_GENERATOR,
        "same_draw_each_call": SAME_DRAW_EACH_CALL,
    }


# Wrong and right forwards, for the bank


def bernoulli(shape, p, rng):
    return rng.random(shape) >= p


def fixed_number(shape, p, rng):
    """As many as make the share right, at places in random order."""
    n = math.prod(shape)
    return rng.permutation(np.arange(n) >= round(p * n)).reshape(shape)


def global_state(shape, p, rng):
    return np.random.random(shape) >= p  # noqa: NPY002


def fixed_seed(shape, p, rng):
    return np.random.default_rng(0).random(shape) >= p


def copied_generator(shape, p, rng):
    import copy

    return copy.deepcopy(rng).random(shape) >= p


def forward(
    kept=bernoulli,
    scale=lambda p, kept: 1 / (1 - p),
    test=lambda x, p: x,
    shape=lambda x: x.shape,
    ignores_train=False,
):
    """A forward in its pieces, right where they are left out.

    Parameters
    ----------
    kept : kept(shape, p, rng) -> the mask
    scale : scale(p, mask) -> what it is multiplied by
    test : test(x, p) -> out at test time
    shape : shape(x) -> shape of the mask
    ignores_train : whether `train` is ignored
    """

    def forward(x, p, rng, *, train=True):
        if not train and not ignores_train:
            return test(x, p), None
        mask = kept(shape(x), p, rng)
        with np.errstate(divide="ignore", invalid="ignore"):
            mask = (mask * scale(p, mask)).astype(x.dtype)
        return x * mask, mask

    return forward


def never(x, p, rng, *, train=True):
    return x, None


def mask_mistakes(layer, shape=lambda x: x.shape):
    """The mistakes that every inverted mask can have."""
    wrong = {
        "keep_and_drop_swapped": forward(lambda shape, p, rng: rng.random(shape) < p, shape=shape),
        "p_is_keep_probability": forward(
            lambda shape, p, rng: rng.random(shape) < p, lambda p, kept: 1 / np.float64(p), shape=shape
        ),
        "not_scaled": forward(scale=lambda p, kept: 1.0, shape=shape),
        "scaled_twice": forward(scale=lambda p, kept: 1 / (1 - p) ** 2, shape=shape),
        "scaled_by_keep": forward(scale=lambda p, kept: 1 - p, shape=shape),
        "divided_by_p": forward(scale=lambda p, kept: 1 / np.float64(p), shape=shape),
        "measured_rate": forward(scale=lambda p, kept: 1 / np.mean(kept), shape=shape),
        "fixed_number": forward(fixed_number, shape=shape),
        "never_drops": never,
        "active_at_test": forward(ignores_train=True, shape=shape),
        "scales_at_test": forward(test=lambda x, p: x * (1 - p), shape=shape),
        "global_generator": forward(global_state, shape=shape),
        "same_draw_each_call": forward(fixed_seed, shape=shape),
    }
    return [Mistake(name, function, layer.sentences[name]) for name, function in wrong.items()]
