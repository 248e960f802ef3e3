"""Recognition: which mistakes give the student's own answers.

A *result* is one returned value ("loss", "dx", grads["W1"]; of an optimizer, its whole trajectory), in all cases. A
mistake *changes* the results that it gets wrong in some case. It is a candidate where every result that it changes is
the student's, right or wrong, in every case that can be compared, and where that explains at least one wrong answer.
Results that it does not change are free: another mistake may explain them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from autograder.judge.compare import agree, allowed_error, difference, entry, is_finite
from autograder.judge.exercise import Case, Exercise
from autograder.judge.mistakes import Edited, Mistake
from autograder.judge.script import ANSWERS, LocalCaller, Probe, Script, Want
from autograder.judge.together import seen
from autograder.verdict import KnownMistake
from autograder.worker.calls import Outcome

# Pairs of slips that are tried where nothing else explains the answers: the first ones, which are the commonest.
MOST_PAIRS = 2000


@dataclass(frozen=True)
class Drawn:
    """A case and what was drawn for it."""

    case: Case
    probe: Probe


class _Pairs(Sequence[tuple[Any, Want]]):
    """Some of the values of an outcome, each with what was wanted.

    The pairs are made as they are looked at: a bank's are a million, most of which nobody looks at.
    """

    def __init__(self, values: Sequence[Any], wants: Sequence[Want], numbers: Sequence[int]):
        self.values, self.wants, self.numbers = values, wants, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: Any) -> Any:
        number = self.numbers[place]
        return self.values[number], self.wants[number]


@dataclass(frozen=True)
class Answers:
    """What a function answered in one case, result by result: pairs of what came and what was wanted."""

    results: Mapping[str, Sequence[tuple[Any, Want]]]
    _known: dict[tuple[str, str], bool] = field(default_factory=dict, repr=False)

    def wrong(self, result: str) -> bool:
        """Whether this result is not the reference's."""
        if ("wrong", result) not in self._known:
            # From the end: what goes wrong along a trajectory shows there first.
            self._known["wrong", result] = any(_differs(value, want) for value, want in reversed(self.results[result]))
        return self._known["wrong", result]

    def finite(self, result: str) -> bool:
        """Whether all of this result's numbers are finite."""
        if ("finite", result) not in self._known:
            self._known["finite", result] = all(is_finite(value) for value, _ in self.results[result])
        return self._known["finite", result]

    def equal(self, other: "Answers", result: str) -> bool:
        """Whether two functions gave the same."""
        if self is other:
            return True
        # From the end: there trajectories part.
        pairs = zip(reversed(self.results[result]), reversed(other.results[result]), strict=True)
        return all(agree(mine, theirs, want) for (mine, want), (theirs, _) in pairs)

    def meets(self, other: "Answers", result: str) -> bool:
        """Whether another function with the same answers is wrong where this one is: not nan here, a number there."""
        if self.finite(result) and other.finite(result):
            return True
        pairs = zip(self.results[result], other.results[result], strict=True)
        return any(_wrong_alike(mine, theirs, want) for (mine, want), (theirs, _) in pairs)


def _wrong_alike(mine: Any, theirs: Any, want: Want) -> bool:
    """Whether some place is wrong in mine, and finite in both or in neither."""
    if not all(isinstance(value, float | int | np.ndarray | np.generic) for value in (mine, theirs, want.value)):
        return True
    a, b, exact = (np.asarray(value) for value in (mine, theirs, want.value))
    if not a.shape == b.shape == exact.shape or any(value.dtype.kind not in "fiub" for value in (a, b, exact)):
        return True
    off = ~(np.abs(a.astype(np.float64) - exact) <= allowed_error(want))
    return bool((off & (np.isfinite(a) == np.isfinite(b))).any())


def _differs(value: Any, want: Want) -> bool:
    """Whether an answer is wrong; of a float32 that comes back as float64 the judge knows without the bank."""
    found = difference(value, want)
    return found is not None and not (found.kind == "dtype" and getattr(want.value, "dtype", None) == np.float32)


def answers_of(item: Drawn, outcome: Outcome) -> Answers | None:
    """The answers of a case that can be compared; None where there are none."""
    if item.probe.findings or outcome.failure:
        return None
    # Once for each outcome: what a mistake of the bank answers as a submission, the bank looks at too.
    if found := outcome.__dict__.get("_answers"):
        return found
    script = item.probe.script
    if at_once := seen(script, outcome):
        places = script.places
        found = Answers(
            {name: _Pairs(outcome.values, script.wants, numbers) for name, numbers in places.items()},
            {
                **{("wrong", name): not at_once.wrong.isdisjoint(numbers) for name, numbers in places.items()},
                **{("finite", name): at_once.infinite.isdisjoint(numbers) for name, numbers in places.items()},
            },
        )
    else:
        results: dict[str, list[tuple[Any, Want]]] = {}
        for value, want in zip(outcome.values, script.wants, strict=True):
            if want.role in ANSWERS:
                for name, part, wanted in _parts(value, want):
                    results.setdefault(name, []).append((part, wanted))
        found = Answers(results)
    outcome.__dict__["_answers"] = found
    return found


def _parts(value: Any, want: Want) -> Iterator[tuple[str, Any, Want]]:
    """A dict's entries one by one: each is a result of its own."""
    if isinstance(want.value, dict) and isinstance(value, dict) and value.keys() == want.value.keys():
        for key in want.value:
            one = entry(want, key)
            yield f"{want.part}[{key!r}]", value[key], one
    else:
        yield want.part, value, want


Place = tuple[int, str]


@dataclass(frozen=True)
class _Student:
    """The student's answers, and what is wrong with them."""

    drawn: Sequence[Drawn]
    answers: dict[int, Answers]
    failing: frozenset[Place]
    # Those of them that a wrong formula explains, not overflow or rounding.
    finite: frozenset[Place]


@dataclass(frozen=True)
class _Candidate:
    """A mistake, or two at once, that gives the student's answers as far as it goes."""

    mistakes: tuple[Mistake, ...]
    explained: frozenset[Place]
    excused: frozenset[Place]
    asked: "_Asked"

    def whole(self, student: _Student) -> frozenset[str]:
        """The results all of whose finite failures it explains."""
        names = {name for _, name in self.explained}
        return frozenset(n for n in names if {p for p in student.finite if p[1] == n} <= self.explained)


@dataclass(frozen=True)
class Recognised:
    """What was recognised, and the places that it explains."""

    known: tuple[KnownMistake, ...] = ()
    explained: frozenset[Place] = frozenset()
    failing: frozenset[Place] = frozenset()

    def explains(self, number: int) -> bool:
        """Whether all that is wrong in this case is explained."""
        here = {place for place in self.failing if place[0] == number}
        return bool(here) and here <= self.explained


def recognise(exercise: Exercise, drawn: Sequence[Drawn], outcomes: Sequence[Outcome], seed: str) -> Recognised:
    """The mistakes that explain the student's answers: one, several side by side, two in one result, or a part."""
    answers = {
        number: found
        for number, (item, outcome) in enumerate(zip(drawn, outcomes, strict=True))
        if (found := answers_of(item, outcome))
    }
    failing = frozenset((k, name) for k, found in answers.items() for name in found.results if found.wrong(name))
    if not failing:
        return Recognised()
    finite = frozenset(
        (k, name) for k, name in failing if answers[k].finite(name) and not drawn[k].case.get("rounding")
    )
    student = _Student(drawn, answers, failing, finite)
    bank = _bank(exercise, drawn, seed)
    candidates = _maximal(one for number in range(len(exercise.mistakes)) if (one := bank.single(number, student)))
    chosen, partial = _choice(candidates, student, bank)
    known = {m.name: KnownMistake(m.name, m.sentence, m.section, partial, m.degree) for c in chosen for m in c.mistakes}
    explained = frozenset().union(*(c.explained | c.excused for c in chosen))
    # Where the function raises, and the mistake does too, that is accounted for.
    raised = {
        (k, "")
        for k, (item, out) in enumerate(zip(drawn, outcomes, strict=True))
        if not item.probe.findings and out.failure and out.failure.kind == "raised"
    }
    explained |= {(k, name) for k, name in raised if any(c.asked.answers(k) is None for c in chosen)}
    return Recognised(tuple(known.values()), frozenset() if partial else explained, failing | raised)


def _choice(candidates: Sequence[_Candidate], student: _Student, bank: "_Bank") -> tuple[list[_Candidate], bool]:
    """What is told, and whether it is only a part of what is wrong."""
    telling = [candidate for candidate in candidates if candidate.explained & student.finite]
    if not student.finite:
        return list(candidates), False
    chosen = [candidate for candidate in telling if student.finite <= candidate.explained][:1]
    if not chosen:
        chosen = _side_by_side(telling, student)
    if not chosen:
        chosen = [found for found in [bank.pair(student)] if found]
    if chosen:
        left = student.failing - frozenset().union(*(c.explained for c in chosen)) - student.finite
        # What shows in overflow alone is told beside it, where something is left to explain.
        return chosen + [c for c in candidates if c not in telling and c.explained & left], False
    whole = [candidate for candidate in telling if candidate.whole(student)]
    return whole[:1], True


def _side_by_side(candidates: Sequence[_Candidate], student: _Student) -> list[_Candidate]:
    """Several mistakes, each for whole results of its own, that explain everything together; else none."""
    open_results = {name for _, name in student.finite}
    chosen: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -len(c.whole(student))):
        whole = candidate.whole(student)
        if whole and whole <= open_results:
            chosen.append(candidate)
            open_results -= whole
    return chosen if not open_results else []


def _maximal(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Without those that explain less than another one."""
    found = list(candidates)
    return [c for c in found if not any(c.explained < other.explained for other in found)]


def _bank(exercise: Exercise, drawn: Sequence[Drawn], seed: str) -> "_Bank":
    """The bank on what a seed drew, made once."""
    key = (seed, "bank")
    if key not in exercise._cache:
        exercise._cache[key] = _Bank(exercise, drawn)
    return exercise._cache[key]


class _Bank:
    """The mistakes of an exercise, asked on what one seed drew; each case once, when it is first needed."""

    def __init__(self, exercise: Exercise, drawn: Sequence[Drawn]):
        self.exercise, self.drawn = exercise, drawn
        self.asked = [_Asked(m.functions, drawn, in_order=m.remembers) for m in exercise.mistakes]
        self._pairs: list[tuple[tuple[Edited, Edited], _Asked]] | None = None
        self._tables: dict[int, list[np.ndarray | None]] = {}
        sizes = [(sum(_size(w.value) for w in item.probe.script.wants), number) for number, item in enumerate(drawn)]
        # What is quickest to compare first: most mistakes part from the student's answers there.
        self.order = [number for _, number in sorted(sizes)]

    def single(self, number: int, student: _Student) -> _Candidate | None:
        """The mistake of that number as a candidate."""
        return self._candidate((self.exercise.mistakes[number],), self.asked[number], student)

    def pair(self, student: _Student) -> _Candidate | None:
        """Two slips at once that give every one of the student's answers."""
        if self._pairs is None:
            self._pairs = list(self._composed())
        for number in self._near(student):
            mistakes, asked = self._pairs[number]
            found = self._candidate(mistakes, asked, student, everything=True)
            if found and student.finite <= found.explained:
                return found
        return None

    def _near(self, student: _Student) -> list[int]:
        """Numbers of the pairs whose answers lie near the student's, in the first case where these are all finite."""
        assert self._pairs is not None
        first = next((k for k in self.order if k in student.answers and _is_finite(student.answers[k])), None)
        if first is None:
            return []
        if first not in self._tables:
            self._tables[first] = [
                (_flat(found) if (found := asked.answers(first)) else None) for _, asked in self._pairs
            ]
        mine, rows = _flat(student.answers[first]), self._tables[first]
        if mine is None:
            return [number for number, row in enumerate(rows) if row is None]
        numbers = [number for number, row in enumerate(rows) if row is not None and row.shape == mine.shape]
        if not numbers or not mine.size:
            return numbers
        with np.errstate(all="ignore"):
            # What is not finite says nothing.
            far = np.abs(np.array([rows[number] for number in numbers]) - mine) > 1e-2 * np.abs(mine).max()
        return [number for number, is_far in zip(numbers, far.any(axis=1), strict=True) if not is_far]

    def _composed(self) -> Iterator[tuple[tuple[Edited, Edited], "_Asked"]]:
        edited = [mistake for mistake in self.exercise.mistakes if isinstance(mistake, Edited)]
        # Every name's first edit before the second ones.
        names = [mistake.name for mistake in edited]
        edited = [edited[k] for k in sorted(range(len(edited)), key=lambda k: names[:k].count(names[k]))]
        pairs = sorted(combinations(range(len(edited)), 2), key=sum)
        made = 0
        for a, b in pairs:
            functions = edited[a].with_too(edited[b]) if edited[a].name != edited[b].name else None
            if functions:
                yield (edited[a], edited[b]), _Asked(functions, self.drawn)
                made += 1
            if made == MOST_PAIRS:
                return

    def _candidate(
        self, mistakes: tuple[Mistake, ...], asked: "_Asked", student: _Student, everything: bool = False
    ) -> _Candidate | None:
        explained: set[Place] = set()
        excused: set[Place] = set()
        left = len(student.failing)
        for k in self.order:
            if k not in student.answers:
                continue
            # Most of what could be compared must be explained, not excused by overflow.
            if len(explained) + left < max(1, len(excused)):
                return None
            mine = student.answers[k]
            left -= sum((k, name) in student.failing for name in mine.results)
            theirs = asked.answers(k)
            if theirs is None or theirs.results.keys() != mine.results.keys():
                # It raises, or returns something else, where the student's function answers.
                if any((k, name) not in student.failing for name in mine.results):
                    return None
                continue
            for name in mine.results:
                fails = (k, name) in student.failing
                if mine.equal(theirs, name):
                    if fails and theirs.wrong(name):
                        (explained if mine.meets(theirs, name) else excused).add((k, name))
                    elif not fails and theirs.wrong(name) and not theirs.finite(name):
                        return None  # the student is right where it overflows
                    continue
                rounding = self.drawn[k].case.get("rounding")
                if fails and (rounding or not mine.finite(name) or not theirs.finite(name)):
                    excused.add((k, name))
                elif everything or theirs.wrong(name) or asked.changes(name, self.order):
                    return None
        if len(explained) < max(1, len(excused)):
            return None
        return _Candidate(mistakes, frozenset(explained), frozenset(excused), asked)


def _size(value: Any) -> int:
    return sum(map(_size, value)) if isinstance(value, list | tuple) else np.size(value)


def _flat(answers: Answers) -> np.ndarray | None:
    """The last value of each result, one after the other; None where one is no array of numbers."""
    last = [pairs[-1][0] for pairs in answers.results.values() if pairs]
    if not last or not all(isinstance(value, float | int | np.ndarray | np.generic) for value in last):
        return None
    values = [np.asarray(value) for value in last]
    if any(value.dtype.kind not in "fiu" for value in values):
        return None
    return np.concatenate([value.ravel().astype(np.float64) for value in values])


def _is_finite(answers: Answers) -> bool:
    return all(answers.finite(name) for name in answers.results)


@dataclass
class _Asked:
    """Wrong functions and what they answer, case by case; in the cases' order where they remember earlier calls."""

    functions: tuple[Callable, ...]
    drawn: Sequence[Drawn]
    in_order: bool = False
    _outcomes: dict[int, Outcome] = field(default_factory=dict)
    _answers: dict[int, Answers | None] = field(default_factory=dict)
    _changed: dict[str, bool] = field(default_factory=dict)

    def outcome(self, number: int) -> Outcome:
        """What came of a case, run when it is first asked for."""
        if number not in self._outcomes:
            caller = LocalCaller(self.functions)
            for k in range(len(self.drawn)) if self.in_order else [number]:
                self._outcomes[k] = caller.run(self.drawn[k].probe.script)
        return self._outcomes[number]

    def answers(self, number: int) -> Answers | None:
        """The answers of a case that can be compared."""
        if number not in self._answers:
            item = self.drawn[number]
            # Asked where nothing is compared, too, by one that remembers: the next answers hang on it.
            skipped = item.probe.findings and not self.in_order
            self._answers[number] = None if skipped else answers_of(item, self.outcome(number))
        return self._answers[number]

    def changes(self, result: str, order: Sequence[int]) -> bool:
        """Whether it gets this result wrong in some case."""
        if result not in self._changed:
            found = (self.answers(k) for k in order)
            self._changed[result] = any(a is not None and result in a.results and a.wrong(result) for a in found)
        return self._changed[result]


class OfTheBank(LocalCaller):
    """A caller of a mistake of the bank: what it answers to the judge, recognition does not ask it once more."""

    def __init__(self, exercise: Exercise, drawn: Sequence[Drawn], seed: str, number: int):
        self._asked = _bank(exercise, drawn, seed).asked[number]
        super().__init__(self._asked.functions)

    def run(self, script: Script) -> Outcome:
        for k, item in enumerate(self._asked.drawn):
            if item.probe.script is script:
                return self._asked.outcome(k)
        return super().run(script)
