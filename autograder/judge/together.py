"""Compares all that a script reports at once, where it is arrays of floats: a trajectory has hundreds of small ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.compare import allowed_error
from autograder.judge.script import Script, Want
from autograder.worker.calls import Outcome

# Fewer are compared one by one as quickly.
_FEWEST = 4
_ARRAYS = frozenset({np.ndarray, np.float64, np.float32})
_DTYPES = frozenset({np.dtype(np.float64), np.dtype(np.float32)})


@dataclass(frozen=True)
class Seen:
    """What is seen of the reported values, by their numbers: those that `difference` refuses, and those not finite."""

    wrong: frozenset[int]
    infinite: frozenset[int]


class _Wanted:
    """The wanted arrays of a script, one after the other, in float64."""

    def __init__(self, wants: Sequence[Want]):
        self.kinds = [(want.value.shape, want.value.dtype) for want in wants]
        self.exact = _joined([want.value for want in wants])
        self.error = _joined([np.broadcast_to(allowed_error(want), want.value.shape) for want in wants])
        self.ends = np.cumsum([want.value.size for want in wants])

    def seen(self, values: Sequence[Any]) -> Seen | None:
        """What is seen of values; None where one is no array of the shape and dtype that is wanted."""
        if len(values) != len(self.kinds) or not all(
            type(value) in _ARRAYS and value.shape == shape and value.dtype == dtype
            for value, (shape, dtype) in zip(values, self.kinds, strict=True)
        ):
            return None
        got = _joined(values)
        with np.errstate(over="ignore", invalid="ignore"):
            right = np.abs(got - self.exact) - self.error <= 0
        return Seen(self._numbers(~right), self._numbers(~np.isfinite(got)))

    def _numbers(self, places: np.ndarray) -> frozenset[int]:
        """The numbers of the arrays that have one of these places."""
        return frozenset(np.searchsorted(self.ends, np.flatnonzero(places), side="right").tolist())


def seen(script: Script, outcome: Outcome) -> Seen | None:
    """What is seen of all that came of a script, each outcome looked at once.

    None where that is to be compared value by value: a few values, other ones than arrays of floats, a failure.
    """
    known = outcome.__dict__
    if "_seen" not in known:
        wanted = _wanted(script) if not outcome.failure else None
        known["_seen"] = wanted.seen(outcome.values) if wanted else None
    return known["_seen"]


def _wanted(script: Script) -> _Wanted | None:
    """Once for each script: a class is compared with the same ones."""
    known = script.__dict__
    if "_wanted" not in known:
        fits = len(script.wants) >= _FEWEST and all(
            type(want.value) is np.ndarray and want.value.dtype in _DTYPES for want in script.wants
        )
        known["_wanted"] = _Wanted(script.wants) if fits else None
    return known["_wanted"]


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays, axis=None).astype(np.float64, copy=False)
