"""The properties that are asked of all random initialisers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from autograder.exercises.initialization._laws import (
    KERNEL,
    SMALL,
    WIDE,
    Call,
    Law,
    as_normal,
    by_rank,
    called,
    copies,
    fits,
    has_copies,
    looks,
    of_another_kind,
    of_another_scale,
    own_scale,
    read,
    repeated,
    standard,
)
from autograder.judge import Case, Finding, Probe, Procedure, Script, Want
from autograder.judge.chance import counts_are_off, distribution_is_off, generator_probe, mean_is_off, std_is_off

# At most so many questions are asked of a right notebook's seven random functions (the tests count them), each with a
# chance of FALSE_ALARM = 1e-9 to err: a right one is wronged less than once in three million gradings. That many
# weights are copies, or of one sign, or that 250 signs agree, is less likely still.
QUESTIONS = 280

MANY, FEW = 300, (2, 3)  # many layers, each of few weights
LAYER = (40, 100)  # enough to compare two arrays number by number


def question(calls: Callable[[Law, Case], list[Call]], one_generator: bool = False, about_arrays: bool = False):
    """Makes a property of a function that judges the weights of some calls: judged(law, arrays, calls, rng).

    `one_generator`: whether the calls share theirs; `about_arrays`: whether shape and dtype are what is asked.
    """

    def register(judged: Callable[..., list[Finding]]) -> Callable[[Law, Case, np.random.Generator], Probe]:
        def ask(law, case, rng):
            script, asked, own = Script(), calls(law, case), seed(rng)
            shared = script.rng(seed(rng)) if one_generator else None
            for shape, options in asked:
                weights = script.call(0, shape, shared or script.rng(seed(rng)), note=f"shape={shape}", **options)
                script.get(weights, Want("weights", None))

            def findings(values):
                arrays, wrong = read(values, [shape for shape, _ in asked], about_arrays)
                if wrong:
                    unread = next(k for k, array in enumerate(arrays) if isinstance(array, Finding))
                    return [replace(wrong[0], called=called(law, asked[unread]))]
                with np.errstate(all="ignore"):  # a student's weights may be huge
                    return judged(law, arrays, asked, np.random.default_rng(own))

            return Probe(script, called(law, asked[0]), findings=findings)

        return ask

    return register


def seed(rng: np.random.Generator) -> int:
    """A generator's seed."""
    return int(rng.integers(2**31))


@question(lambda law, case: [law.call(shape) for shape in case.get("shapes")], about_arrays=True)
def ask_shape(law, arrays, calls, rng):
    """Shape, dtype and finiteness of small arrays."""
    return []


@question(lambda law, case: law.calls(case))
def ask_spread(law, samples, calls, rng):
    """The scale, in large arrays."""
    if any(repeated(sample) for sample in samples):
        return [Finding(mistake="repeated_rows", hides=True)]
    if all(fits(law.family, s, law.scale_of(call)) for s, call in zip(samples, calls, strict=True)):
        return []
    return of_another_scale(law, samples, calls)


@question(lambda law, case: [law.call(WIDE)])
def ask_law(law, samples, calls, rng):
    """The form of the distribution, with the tails: what a clipped or truncated normal lacks."""
    z = as_normal(law, samples[0], law.scale_of(calls[0])).ravel()
    tails = any(counts_are_off(np.count_nonzero(np.abs(z) > x), z.size, 2 * special.ndtr(-x)) for x in (2.1, 3.1))
    if not tails and not distribution_is_off(z, special.ndtr):
        return []
    if len(np.unique(np.abs(samples[0]))) < 100:
        return [Finding("the weights take a few values only")]
    if has_copies(samples[0]):
        return [replace(copies(samples[0]), hides=True)]
    kind = of_another_kind(law, samples)
    return [kind or Finding(f"the weights are not distributed like a {law.family} distribution")]


@question(lambda law, case: [law.call(KERNEL)])
def ask_independent(law, samples, calls, rng):
    """Every weight is drawn by itself: no copies, no rows or columns that move together."""
    (weights,) = samples
    if has_copies(weights) or repeated(weights):
        return [copies(weights)]
    # Weights of another law, which is told elsewhere, may still be independent.
    off = hanging_together(as_normal(law, weights, law.scale_of(calls[0])))
    return off and hanging_together(by_rank(weights))


def hanging_together(z: np.ndarray) -> list[Finding]:
    """What is wrong with standard normal numbers whose rows or columns are not independent."""
    z = z.reshape(len(z), -1)
    rows, columns = z.shape
    if any(std_is_off(sums, 0.0, 1.0) for sums in (z.sum(1) / columns**0.5, z.sum(0) / rows**0.5)):
        return [Finding("the weights of one row (or column) hang together: draw every weight by itself")]
    for squares, n in (((z**2).sum(1), columns), ((z**2).sum(0), rows)):
        if distribution_is_off(squares, lambda x, n=n: special.chdtr(n, x)):
            return [Finding("some rows (or columns) are spread more widely than others")]
    return []


@question(lambda law, case: [law.call(WIDE), *[law.call(FEW)] * MANY], one_generator=True)
def ask_small(law, samples, calls, rng):
    """Many small layers from one generator: their sums and sums of squares have to vary as they would by chance."""
    wide, small = samples[0], np.array(samples[1:])
    if (small == small[0]).all():
        return [Finding(mistake="same_draw_each_call")]
    if all(repeated(sample) for sample in small):
        return [Finding(mistake="repeated_rows", hides=True)]
    if has_copies(small):
        return [Finding("the same values come again and again: draw every weight by itself")]
    if np.ptp(small.sum((1, 2))) < 1e-6 * own_scale("normal", small):
        return [Finding(mistake="standardised")]
    z = standard(law, small / law.scale_of(calls[1]))
    if not (varying_oddly(z) or distribution_is_off(z, special.ndtr)):
        return []
    # Where large layers are wrong too, that is told elsewhere, and only whether small ones vary is asked.
    if fits(law.family, wide, law.scale_of(calls[0])) and looks(law.family, wide):
        return [Finding("small layers are distributed otherwise than large ones")]
    return [Finding("small layers do not vary as chance has it")] if varying_oddly(by_rank(small)) else []


def varying_oddly(z: np.ndarray) -> bool:
    """Whether layers of standard normal numbers have sums, or sums of squares, that chance does not give."""
    n = z[0].size
    sums, squares = z.sum((1, 2)) / math.sqrt(n), (z**2).sum((1, 2))
    off = std_is_off(sums, 0.0, 1.0) or mean_is_off(sums, 0.0, 1.0)
    return off or distribution_is_off(squares, lambda x: special.chdtr(n, x))


def ask_defaults(law: Law, case: Case, rng: np.random.Generator) -> Probe:
    """The same weights, to the last bits, with an option left out and with its default; else the same spread."""
    script, start, shape = Script(), seed(rng), case.get("shape", LAYER)
    for name, value in law.defaults.items():
        others = {other: given for other, given in law.call(shape)[1].items() if other != name}
        for options in ({**others, name: value}, others):
            script.get(script.call(0, shape, script.rng(start), **options), Want("weights", None))

    def findings(values):
        arrays, wrong = read(values, [shape] * len(values))
        for name, given, left_out in zip(law.defaults, arrays[::2], arrays[1::2], strict=True):
            if not wrong and differ(given, left_out):
                return [Finding(mistake={"a": "default_slope"}.get(name, f"default_{name}"))]
        return wrong

    return Probe(script, called(law, (shape, {})), findings=findings)


def differ(given: np.ndarray, left_out: np.ndarray) -> bool:
    """Whether weights have another scale where an option is left out."""
    with np.errstate(all="ignore"):
        if np.allclose(left_out, given, rtol=1e-9, atol=0.0):
            return False
        if np.allclose(left_out, given * (left_out.flat[0] / given.flat[0]), rtol=1e-9, atol=0.0):
            return True
        # What a seed does not settle is told where the generator is asked about.
        return std_is_off(left_out, 0.0, own_scale("normal", given)) and not repeated(given)


def ask_kept(law: Law, case: Case, rng: np.random.Generator) -> Probe:
    """An array that was returned stays as it was, whatever comes later and whatever is done to that."""
    script, (shape, options) = Script(), law.call((6, 4))
    generator = script.rng(seed(rng))
    first = script.call(0, shape, generator, **options)
    script.get(first, Want("weights", None))
    script.scribble(script.call(0, shape, generator, **options))
    script.get(first, Want("weights, later", None))

    def findings(values):
        arrays, wrong = read(values, [shape] * 2)
        return wrong or ([] if np.array_equal(*arrays) else [Finding(mistake="overwrites_earlier_result")])

    return Probe(script, f"{called(law, (shape, options))}, twice", findings=findings)


def ask_generator(law: Law, case: Case, rng: np.random.Generator) -> Probe:
    """All randomness comes from `rng`."""
    shape, options = call = law.call((8, 8))
    return generator_probe(called(law, call), lambda script, g: script.call(0, shape, g, **options), rng)


ASK = {
    "shape": ask_shape,
    "spread": ask_spread,
    "defaults": ask_defaults,
    "law": ask_law,
    "independent": ask_independent,
    "small": ask_small,
    "kept": ask_kept,
    "generator": ask_generator,
}


def initializer(law: Law, *, section: str, spreads: Sequence[Case], shapes=SMALL) -> Procedure:
    """An exercise on a random initialiser.

    The weights are in percent. The scale is what it is about: the cases on it, `spreads`, make 60.5.
    """
    words = ", ".join(f"{name}={value!r}" for name, value in law.defaults.items())
    cases = [
        Case("an array of the given shape, float64", property="shape", shapes=shapes, weight=1.5),
        *spreads,
        Case(f"the default{'s are' if len(law.defaults) > 1 else ' is'} {words}", property="defaults", weight=2.5),
        Case(f"a {law.family} distribution, tails and all", property="law", weight=7.5),
        Case("every weight drawn by itself", property="independent", weight=1.25),
        Case("many small layers vary as chance has it", property="small", weight=14),
        Case("earlier weights stay as they were", property="kept", about="again", weight=1.25),
        Case("all randomness comes from rng", property="generator", weight=11.5),
    ]
    return Procedure(
        ask=lambda case, rng: ASK[case.get("property")](law, case, rng),
        section=section,
        cases=[case for case in cases if law.defaults or case.get("property") != "defaults"],
    )


def spread(title: str, *calls, weight: float) -> Case:
    """A case on the scale: calls are shapes, or pairs of a shape and options."""
    return Case(title, property="spread", calls=calls, weight=weight)
