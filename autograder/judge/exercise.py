"""What an exercise file states: cases, mistakes, alternatives, hints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.judge.mistakes import Mistake, bank
from autograder.judge.references import TorchMissing
from autograder.judge.script import Caller, Probe
from autograder.verdict import Verdict


@dataclass(frozen=True, init=False)
class Case:
    """A property that a right solution has, worth a share of the points.

    Parameters
    ----------
    title : the property, in the student's words
    weight : its share, relative to the other cases
    about : what is asked besides the values ("dtype", "inputs", "again", "shapes", "layout", "ties", "range"); empty
        for an ordinary case
    options : what the exercise's kind draws from: shapes, steps, hyper-parameters. `rounding=True` marks a case whose
        numbers are mostly rounding where they are wrong (large offsets): two ways to make one mistake differ there
    """

    title: str
    weight: float
    about: str
    options: Mapping[str, Any]

    def __init__(self, title: str, *, weight: float = 1.0, about: str = "", **options: Any):
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "weight", float(weight))
        object.__setattr__(self, "about", about)
        object.__setattr__(self, "options", options)

    def get(self, name: str, default: Any = None) -> Any:
        """An option, or the default."""
        return self.options.get(name, default)


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """One exercise. The kinds (Optimizer, Function, Layer, Procedure) know how to draw and compare.

    Parameters
    ----------
    cases : the properties, from simple to hard
    section : where in the notebook to look after a mistake that names no other section
    functions : names of the functions that the check takes; the id alone where this is left out
    hidden : packages that a submission with this exercise does not have
    submission_seconds : wall clock that a submission with this exercise may take, where it is more than others may
    memory_bytes : memory that it may take, where it is less
    id, right, mistakes, alternatives, hints : set by `assembled`, from the file's name and what else stands in it
    """

    cases: Sequence[Case]
    section: str = ""
    functions: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    submission_seconds: float = 0.0
    memory_bytes: int | None = None
    id: str = ""
    right: tuple[Callable, ...] = ()
    mistakes: Sequence[Mistake] = ()
    alternatives: Sequence[tuple[Callable, ...]] = ()
    hints: Sequence[str] = ()
    _cache: dict = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the functions that the check takes."""
        return self.functions or (self.id,)

    @property
    def solution(self) -> tuple[Callable, ...]:
        """The right solution's functions, where they answer for the reference.

        Raises
        ------
        TorchMissing : the file has no right solution
        """
        if not self.right:
            raise TorchMissing(f"The check of {self.id}, whose file has no right solution,")
        return self.right

    def all_cases(self) -> tuple[Case, ...]:
        """The file's cases and those that the kind adds to every exercise."""
        return (*self.cases, *self.standard_cases())

    def standard_cases(self) -> tuple[Case, ...]:
        """Cases that every exercise of this kind has."""
        return ()

    def sizes_in_words(self) -> dict[str, str]:
        """The options of cases that are lengths, with what each is: "N being the number of samples"."""
        return {}

    def rehearsed(self) -> "Exercise":
        """The exercise as its bank is tried on it: an easier one, where right solutions take long."""
        return self

    def whole(self, caller: Caller, points: float, seed: str, secret: bool) -> Verdict | None:
        """The verdict, of an exercise that is not judged case by case; None for all others."""
        return None

    @property
    def goes_by_cases(self) -> bool:
        """Whether it is judged case by case."""
        return type(self).whole is Exercise.whole

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        """Draw a case: what to ask, and what to want."""
        raise NotImplementedError


def assembled(namespace: Mapping[str, Any], exercise_id: str) -> Exercise:
    """The exercise that a file states, with the mistakes, alternatives and hints that stand in it.

    Parameters
    ----------
    namespace : the file's names: `EXERCISE`, `right`, `MISTAKES`, `HINTS`, and what is registered there
    exercise_id : the file's name

    Raises
    ------
    EditError : a mistake is an edit that does not fit `right`
    """
    exercise = replace(namespace["EXERCISE"], id=exercise_id, _cache={})
    found = bank(namespace, names=exercise.names, section=exercise.section)
    right = namespace.get("right", ())
    return replace(
        exercise,
        right=right if isinstance(right, tuple) else (right,),
        mistakes=found.mistakes or exercise.mistakes,
        alternatives=found.alternatives or tuple(a if isinstance(a, tuple) else (a,) for a in exercise.alternatives),
        hints=tuple(namespace.get("HINTS", exercise.hints)),
    )


class Words(str):
    """A text that stands in a call as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def in_words(name: str, positional: Sequence[str], keywords: Mapping[str, Any]) -> str:
    """A call as it is written: "sgd(w, grad, state, lr=0.1)"."""
    parts = [*positional, *(f"{key}={value!r}" for key, value in keywords.items())]
    return f"{name}({', '.join(parts)})"
