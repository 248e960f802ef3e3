"""The kind of the exercises on images that draw a place: a row and a column, for each image anew.

Judged by what any right solution has: every image is what some place makes of it, and the places are uniform,
independent, and drawn from `rng` alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from autograder.exercises.augmentation._images import FORMS
from autograder.judge import Case, Exercise, Finding, Probe, Script, Slip, Want, slips
from autograder.judge.chance import (
    FALSE_ALARM,
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    counts_are_off,
    identical,
)
from autograder.judge.variants import LAYOUT_TITLE, with_ties
from autograder.judge.wording import GENERAL
from autograder.worker.calls import LAYOUTS

# Copied or blackened pixels have no rounding to speak of; the drawn values lie 1e-3 and more apart.
SAME = 1e-6
# Fewer images can look like another mistake than the one that made them; more tell nothing new.
FEW, MANY = 30, 200

# Of a loop that uses rows[k] and columns[k] for image k.
DRAWS = [
    *slips("""
same_draw_for_batch:
    rows[k] -> rows[0]
    columns[k] -> columns[0]
    One place is drawn for the whole batch. Draw a row and a column for each image: `rng.integers(..., size=n)`.

one_axis_only: rows[k] -> rows[0]
    or columns[k] -> columns[0]
    All images of a batch have the same row, or all the same column. Draw both for each image.

rows_equal_columns: columns[k] -> rows[k]
    Row and column of a place are always the same number, so all lie on the diagonal. Draw them independently.
"""),
    Slip("global_generator", {"": "rng = np.random.default_rng()"}, GLOBAL_GENERATOR),
    Slip("same_draw_each_call", {"": "rng = np.random.default_rng(0)"}, SAME_DRAW_EACH_CALL),
    # A copy of the generator as it is.
    Slip("same_draw_each_call", {"": "rng = np.random.Generator(rng.bit_generator.jumped())"}, SAME_DRAW_EACH_CALL),
]


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomPlaces(Exercise):
    """An exercise whose function(x, argument, rng) draws a row and a column for each image.

    Options of its cases: `calls`, pairs of the images' shape and the argument, made with one generator; `draws`,
    "named" or "sharp" where the places are judged too; `mode`, set by the standard cases.

    Parameters
    ----------
    places : places(out, x, argument) -> which places each image can have had, of shape (N, rows, columns)
    otherwise : what is said of images that no place makes
    wrong_images : wrong_images(out, x, argument) -> the mistakes that they look like
    wrong_places : wrong_places(rows, columns, x, argument) -> the mistake in the draws, or None
    wrong_shape : wrong_shape(shape, x, argument) -> the mistake that gives an array of another shape, or None
    typical : the argument of the standard cases
    """

    places: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    otherwise: str
    wrong_images: Callable[[np.ndarray, np.ndarray, int], Iterable[str]]
    wrong_places: Callable[[np.ndarray, np.ndarray, np.ndarray, int], str | None]
    wrong_shape: Callable[[tuple, np.ndarray, int], str | None] = lambda shape, x, argument: None
    typical: int

    def standard_cases(self) -> tuple[Case, ...]:
        few, more = ([((n, 3, 4, 5), self.typical)] for n in (8, 60))
        shapes = [(form["shape"], argument) for form in FORMS for argument in (1, self.typical)]
        return (
            Case("all randomness comes from rng, anew at each call", mode="rng", weight=6),
            Case("float32 in, float32 out", about="dtype", mode="float32", calls=few),
            Case("any shape: all lengths equal, lengths of 1", about="shapes", calls=shapes),
            Case(LAYOUT_TITLE, about="layout", mode="layout", calls=more + few * len(LAYOUTS), weight=0.5),
            Case("zeros and equal numbers", about="ties", mode="ties", calls=more + few * 3, weight=0.5),
            Case("leaves its arguments as they were", about="inputs", mode="inputs", calls=few + shapes),
            Case("a result is yours: no later call changes it, or is changed by it", about="again", mode="kept"),
        )

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        mode = case.get("mode", "plain")
        if mode == "rng":
            return self._from_rng_alone(rng)
        return self._kept(rng) if mode == "kept" else self._calls(case, rng, mode)

    def _calls(self, case: Case, rng: np.random.Generator, mode: str) -> Probe:
        script, asked = Script(), []
        generator = script.rng(int(rng.integers(2**31)))
        for number, (shape, argument) in enumerate(case.get("calls")):
            x = distinct_images(rng, shape).astype("float32" if mode == "float32" else "float64")
            # The first call is an ordinary one, to compare with.
            x = with_ties(x, rng) if mode == "ties" and number else x
            sent = script.put(x, list(LAYOUTS)[number - 1] if mode == "layout" and number else "")
            out = script.call(0, sent, argument, generator)
            if mode == "inputs":
                script.get(sent, Want("x", x, rtol=0.0, atol=0.0, role="input"))
            else:
                script.get(out, Want("out", None))
            asked.append((x, argument))

        def findings(values):
            found = []
            for out, call in zip(values, asked, strict=True):
                read = self._read(out, *call)
                if isinstance(read, np.ndarray):
                    read = self._wrong_draws(read, out, *call, case.get("draws")) if mode == "plain" else None
                found.append(replace(read, called=self._called(call[1])) if read else None)
            # What is wrong with an ordinary call too is no fault of layouts or ties; of float32 is the dtype alone.
            other = bool(mode in ("layout", "ties") and found[0])
            wrong = [one for one in found if one]
            return [
                replace(one, hides=other or (mode == "float32" and one.mistake != "changes_dtype")) for one in wrong
            ]

        return Probe(script, self._called(asked[0][1]), findings=None if mode == "inputs" else findings)

    def _called(self, argument: int) -> str:
        return f"{self.names[0]}(x, {argument}, rng)"

    def _read(self, value: object, x: np.ndarray, argument: int) -> np.ndarray | Finding:
        """The places that each image can have had, or what is wrong with the images."""
        if (found := self._no_images(value, x, argument)) is not None:
            return found
        out, x = value.astype(np.float64), x.astype(np.float64)
        table = self.places(out, x, argument)
        if table.any(axis=(1, 2)).all():
            return table
        names = set(self.wrong_images(out[:MANY], x[:MANY], argument)) if len(x) >= FEW and out.any() else set()
        return Finding(mistake=names.pop()) if len(names) == 1 else Finding(self.otherwise)

    def _no_images(self, value: object, x: np.ndarray, argument: int) -> Finding | None:
        """What came where no images like x came."""
        name = self.names[0]
        if not isinstance(value, np.ndarray):
            return Finding(f"{name} must return a NumPy array", got=type(value).__name__)
        if value.shape != x.shape:
            known = self.wrong_shape(value.shape, x, argument)
            says = f"{name} must return an array of the shape of x, {x.shape}"
            return Finding(mistake=known) if known else Finding(says, got=str(value.shape))
        if value.dtype != x.dtype:
            if x.dtype == np.float32 and value.dtype == np.float64:
                return Finding(GENERAL["dtype"][1], "changes_dtype")
            return Finding(f"{name} must keep the dtype of x, {x.dtype}", got=str(value.dtype))
        return None if np.isfinite(value).all() else Finding(f"{name} gives values that are not finite")

    def _wrong_draws(self, table, out, x, argument, draws) -> Finding | None:
        """What is wrong with the places of right images."""
        sizes, (rows, columns) = table.shape[1:], places_of(table)
        if float(table[0].size) ** -len(x) < FALSE_ALARM and np.abs(out - x).max() <= SAME:
            # Without a name: one place for the whole batch gives this too, now and then.
            return Finding("all images of a batch come back as they were")
        # The sharp question has names for nothing: what has one shows in fewer images.
        if draws == "named" and (name := self._named(rows, columns, x, argument, sizes)):
            return Finding(mistake=name)
        if draws and are_uneven(rows, columns, sizes):
            return Finding("some places come more often than others")
        if draws and are_repeated(rows, columns, sizes):
            return Finding("the places of one image and the next depend on one another")
        return None

    def _named(self, rows, columns, x, argument, sizes) -> str | None:
        still = [len(np.unique(one)) == 1 for one in (rows, columns)]
        if any(still):
            return "same_draw_for_batch" if all(still) else "one_axis_only"
        if (rows == columns).all():
            return "rows_equal_columns"
        known = self.wrong_places(rows, columns, x, argument)
        return known or ("not_uniform" if are_uneven(rows, columns, sizes) else None)

    def _from_rng_alone(self, rng: np.random.Generator) -> Probe:
        """Same generator, same draws; each call draws anew."""
        x, argument, script = distinct_images(rng, (64, 1, 4, 5)), self.typical, Script()
        seed = int(rng.integers(2**31))
        generator, twin = script.rng(seed), script.rng(seed)
        # So many that even one draw for a whole batch cannot be the same by luck each time.
        for one in [generator] * 6 + [twin] * 6:
            script.get(script.call(0, x, argument, one), Want("out", None))

        def findings(values):
            if all(isinstance(out, np.ndarray) and identical(out, x) for out in values):
                return [Finding(mistake="unchanged")]
            tables = [self._read(out, x, argument) for out in values]
            wrong = next((one for one in tables if isinstance(one, Finding)), None)
            # Rows and columns each for themselves, where they can be read.
            for drawn in [values] if wrong else zip(*map(places_of, tables), strict=True):
                calls, twins = drawn[:6], drawn[6:]
                if all(identical(calls[0], other) for other in calls):
                    if wrong:
                        # Nothing is drawn, maybe, and answers are alike for another reason.
                        return [replace(wrong, hides=True)]
                    if len(np.unique(calls[0])) > 1:
                        return [Finding(mistake="same_draw_each_call")]
                elif not all(map(identical, calls, twins)):
                    return [Finding(mistake="global_generator")]
            return []

        return Probe(script, self._called(argument), findings=findings)

    def _kept(self, rng: np.random.Generator) -> Probe:
        """An earlier result stays as it was; written over by its caller, it leaves later ones as they should be."""
        script, argument = Script(), self.typical
        x, other = (distinct_images(rng, (64, 1, 4, 5)) for _ in range(2))
        generator = script.rng(int(rng.integers(2**31)))
        first = script.call(0, x, argument, generator)
        script.get(first, Want("out", None))
        second = script.call(0, other, argument, generator)
        script.get(first, Want("out", None))
        for result in (first, second):
            script.scribble(result)
        script.get(script.call(0, x, argument, generator), Want("out", None))

        def findings(values):
            before, after, again = values
            if isinstance(wrong := self._read(before, x, argument), Finding):
                return [replace(wrong, hides=True)]
            if not identical(before, after):
                return [Finding(GENERAL["kept"][1].format(f=self.names[0]), "overwrites_earlier_result")]
            if isinstance(self._read(again, x, argument), Finding):
                return [Finding(GENERAL["again"][1].format(f=self.names[0]), "remembers_earlier_calls")]
            return []

        return Probe(script, f"{self._called(argument)}, three times", findings=findings)


def distinct_images(rng, shape):
    """Images in which no value comes twice, none of them 0 or 1: each pixel tells where it came from."""
    n, pixels = shape[0], int(np.prod(shape[1:]))
    return (rng.permuted(np.tile(np.arange(pixels), (n, 1)), axis=1).reshape(shape) + 1.0) / (pixels + 1)


def places_of(table):
    """The row and the column that each image drew: the first place that it can have had."""
    return np.divmod(table.reshape(len(table), -1).argmax(axis=1), table.shape[2])


# What independent, uniform draws, a row and a column for each image, cannot look like; the questions of both functions
# together have one chance of a false alarm.


def are_uneven(rows, columns, sizes):
    """Whether a row, a column or a pair of them comes too often, or not often enough."""
    n, (height, width), questions = len(rows), sizes, _questions(sizes)
    return (
        counts_are_off(
            np.bincount(rows * width + columns, minlength=height * width), n, 1 / (height * width), questions
        )
        or counts_are_off(np.bincount(rows, minlength=height), n, 1 / height, questions)
        or counts_are_off(np.bincount(columns, minlength=width), n, 1 / width, questions)
    )


def are_repeated(rows, columns, sizes):
    """Whether two images in succession have the same row, or column, too often or not often enough."""
    same = [(drawn[:-1:2] == drawn[1::2]).sum() for drawn in (rows, columns)]
    return any(
        counts_are_off(count, len(rows) // 2, 1 / size, _questions(sizes))
        for count, size in zip(same, sizes, strict=True)
    )


def _questions(sizes):
    return sizes[0] * sizes[1] + sum(sizes) + 2
