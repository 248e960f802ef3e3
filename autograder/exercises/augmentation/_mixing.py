"""What the exercises on mixing and on sound share: answers read with care, and what all of them are asked.

A check of answers raises `Wrong` where it finds something; `probe` makes a finding of it.
"""

import numpy as np

from autograder.judge import Case, Finding, Probe, Script, Slip, Want
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL, generator_probe
from autograder.worker.calls import LAYOUTS

LAYOUT_TITLE = "arrays that lie otherwise in memory: transposed, sliced, read-only"

OVERWRITES = "An array that an earlier call returned is overwritten by a later one. Make a new array each time."

REMEMBERS = (
    "The same call gives another answer when it is made again: something survives between calls (a global variable, a "
    "mutable default argument, a returned array that is used again)."
)

# At the beginning of any function that is given `rng`.
GENERATOR = [
    Slip("global_generator", {"": "rng = np.random"}, GLOBAL_GENERATOR, degree="detail"),
    Slip("global_generator", {"": "rng = np.random.default_rng()"}, GLOBAL_GENERATOR, degree="detail"),
    Slip("same_draw_each_call", {"": "rng = np.random.default_rng(0)"}, SAME_DRAW_EACH_CALL),
]


class Wrong(Exception):
    """Something that is wrong with the answers: what is told, as for `Finding`, and what it is about, as for `Case`."""

    def __init__(self, message="", mistake=None, got="", *, about=""):
        super().__init__(message or mistake)
        self.finding, self.about = Finding(message, mistake, got), about


def probe(script, called, check, about=""):
    """A probe whose answers are judged by check(values), which raises `Wrong` or returns nothing.

    about : what the case is about besides the values, if anything: a finding of something else only hides that
    """

    def findings(values):
        try:
            check(values)
        except Wrong as wrong:
            hides = about != "" and wrong.about != about
            return [Finding("what another property says", hides=True) if hides else wrong.finding]
        return []

    return Probe(script, called, findings=findings)


def as_array(value, like, label="the result"):
    """What came as a float64 array, if it has the shape and dtype of another one."""
    if not isinstance(value, np.ndarray):
        raise Wrong(f"{label} must be a NumPy array", got=type(value).__name__)
    if value.shape != like.shape:
        raise Wrong(f"{label} must have shape {like.shape}", got=str(value.shape))
    return as_floats(value, like.dtype, label)


def as_floats(array, dtype, label="the result"):
    """An array's numbers in float64, if it has the dtype that is asked for and holds nothing odd."""
    if array.dtype != dtype:
        if array.dtype == np.float64:
            raise Wrong(mistake="changes_dtype", about="dtype")
        raise Wrong(f"{label} must have the dtype of x, {np.dtype(dtype)}", got=str(array.dtype), about="dtype")
    if not np.isfinite(array).all():
        raise Wrong(f"{label} is not finite")
    if array.size and np.abs(array).max() > 1e6:
        raise Wrong(f"{label} holds far too large values")
    return array.astype(np.float64)


def seeded(script, rng):
    """A generator for the student's function."""
    return script.rng(int(rng.integers(2**31)))


def manner_cases(called, call, given, *, arguments="x", made=lambda script, generator, arrays: 0, repeats=False):
    """The cases on memory that all these exercises have.

    Parameters
    ----------
    call : call(script, function, sent, generator) -> the results of one call, `sent` being the arguments' handles
    given : given(rng) -> the arguments of some calls, each a dict of arrays
    made : made(script, generator, arrays) -> the function that is called; the student's own where it is left out
    repeats : whether the same call must give the same again, what it gave before written over by its caller
    """

    def layouts(case, rng):
        script, seed, arrays = Script(), int(rng.integers(2**31)), given(rng)[0]
        for layout in ("", "", *LAYOUTS):
            generator = script.rng(seed)
            sent = {name: script.put(array, layout) for name, array in arrays.items()}
            report(script, call(script, made(script, generator, arrays), sent, generator))

        def check(values):
            count = len(values) // (2 + len(LAYOUTS))
            usual, again, *others = (values[k : k + count] for k in range(0, len(values), count))
            if not all(map(_nearly, usual, again)):
                raise Wrong("the same call gives another answer")
            if not all(all(map(_nearly, usual, other)) for other in others):
                raise Wrong("the same numbers, lying otherwise in memory, give another answer", about="layout")

        return probe(script, called, check, about="layout")

    def manners(case, rng):
        script, asked = Script(), given(rng)
        for arrays in asked:
            generator = seeded(script, rng)
            function = made(script, generator, arrays)
            sent = {name: script.put(array) for name, array in arrays.items()}
            first = call(script, function, sent, generator)
            report(script, first)
            call(script, function, {name: script.put(array[::-1]) for name, array in arrays.items()}, generator)
            report(script, [*first, *sent.values()])
            for handle in first:
                script.scribble(handle)
            report(script, call(script, function, sent, generator))

        def check(values):
            count = len(values) // len(asked)
            for k, arrays in enumerate(asked):
                mine = values[k * count : (k + 1) * count]
                results = (count - len(arrays)) // 3
                first, kept, again = mine[:results], mine[results : 2 * results], mine[-results:]
                if not all(isinstance(value, np.ndarray) and value.dtype.kind == "f" for value in first):
                    raise Wrong("the result must be an array of floats")
                if not all(map(_same, mine[2 * results : -results], arrays.values())):
                    raise Wrong(mistake="in_place", about="inputs")
                if not all(map(_same, first, kept)):
                    raise Wrong(OVERWRITES, "overwrites_earlier_result", about="inputs")
                if repeats and not all(map(_nearly, first, again)):
                    raise Wrong(REMEMBERS, "remembers_earlier_calls", about="inputs")

        return probe(script, called, check, about="inputs")

    title = f"leaves {arguments} and earlier results as they were"
    return [
        Case(LAYOUT_TITLE, about="layout", property=layouts, weight=0.25),
        Case(title, about="inputs", property=manners, weight=0.75),
    ]


def draws_probe(called, ask, rng, is_random):
    """The property that all randomness comes from `rng`, as `generator_probe` has it, where there is any.

    is_random : is_random(values) -> whether anything was drawn: of who draws nothing other properties say so
    """
    asked = generator_probe(called, ask, rng)

    def check(values):
        if not is_random(values):
            raise Wrong("nothing is drawn")
        for finding in asked.findings(values):
            raise Wrong(finding.message, finding.mistake, about="draws")

    return probe(asked.script, called, check, about="draws")


def transform_of(shape, change):
    """A transform for images of shape (C, H, W): `change` where images come, an error where anything else does."""

    def transform(images, *more):
        if more or not isinstance(images, np.ndarray) or images.ndim != 4 or images.shape[1:] != shape:
            got = f"{1 + len(more)} arguments" if more else getattr(images, "shape", type(images).__name__)
            raise ValueError(f"a transform takes one array of images, (k, {', '.join(map(str, shape))}); got {got}")
        return change(images)

    return transform


def report(script, handles):
    for handle in handles:
        script.get(handle, Want("result", None))


def _same(one, other):
    return isinstance(one, np.ndarray) and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def _nearly(one, other):
    """Whether two answers are one and the same, up to rounding."""
    if not all(isinstance(value, np.ndarray) and value.dtype.kind == "f" for value in (one, other)):
        return False
    return one.shape == other.shape and np.allclose(one, other, 1e-9, 1e-9, equal_nan=True)
