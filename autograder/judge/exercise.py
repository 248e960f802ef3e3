"""What an exercise file states: cases, mistakes, alternatives, hints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judge.script import Probe

Functions = Callable | tuple[Callable, ...]


@dataclass(frozen=True, init=False)
class Case:
    """A property that a right solution has, worth a share of the points.

    Parameters
    ----------
    title : the property, in the student's words
    weight : its share, relative to the other cases
    options : what the exercise's kind draws from: shapes, steps, hyper-parameters
    """

    title: str
    weight: float
    options: Mapping[str, Any]

    def __init__(self, title: str, *, weight: float = 1.0, **options: Any):
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "weight", float(weight))
        object.__setattr__(self, "options", options)

    def get(self, name: str, default: Any = None) -> Any:
        """An option, or the default."""
        return self.options.get(name, default)


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that students write, and the sentence that helps them.

    Parameters
    ----------
    name : its id, reported by `check(...).mistakes`
    wrong : the wrong function; several where the check takes several
    sentence : what the student reads
    section : where in the notebook to look
    """

    name: str
    wrong: Functions
    sentence: str
    section: str = ""

    @property
    def functions(self) -> tuple[Callable, ...]:
        """The wrong functions, in the order of the check's."""
        return self.wrong if isinstance(self.wrong, tuple) else (self.wrong,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """One exercise. The kinds (Optimizer, Function, Layer, Procedure) know how to draw and compare.

    Parameters
    ----------
    cases : the properties, from simple to hard
    mistakes : wrong solutions to reject and to name
    hints : three, from gentle to nearly the answer
    alternatives : right solutions in other words, that must pass
    functions : names of the functions that the check takes; the id alone where this is left out
    id : set by the loader, from the file's name
    """

    cases: Sequence[Case]
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    alternatives: Sequence[Functions] = ()
    functions: tuple[str, ...] = ()
    id: str = ""
    _cache: dict = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the functions that the check takes."""
        return self.functions or (self.id,)

    def all_cases(self) -> tuple[Case, ...]:
        """The file's cases and those that the kind adds to every exercise."""
        return (*self.cases, *self.standard_cases())

    def standard_cases(self) -> tuple[Case, ...]:
        """Cases that every exercise of this kind has."""
        return ()

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        """Draw a case: what to ask, and what to want."""
        raise NotImplementedError


def alternative_functions(alternative: Functions) -> tuple[Callable, ...]:
    """The functions of an alternative, in the order of the check's."""
    return alternative if isinstance(alternative, tuple) else (alternative,)


class Words(str):
    """A text that stands in a call as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def in_words(name: str, positional: Sequence[str], keywords: Mapping[str, Any]) -> str:
    """A call as it is written: "sgd(w, grad, state, lr=0.1)"."""
    parts = [*positional, *(f"{key}={value!r}" for key, value in keywords.items())]
    return f"{name}({', '.join(parts)})"
