"""Compares what a student's function gave with the reference, and says in words where they part."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.judge.script import Want
from autograder.worker.wire import Handle

_NUMBERS = {"bool", "int", "float", "complex", "ndarray"}
_CONTAINERS = {"NoneType", "str", "bytes", "list", "tuple", "dict", "set", "range", "map", "filter", "zip"}
_PLAIN = _NUMBERS | _CONTAINERS | {"type", "function", "method", "generator", "module"}
RTOL = {"float64": 1e-7, "float32": 1e-4}


@dataclass(frozen=True)
class Difference:
    """Where a value is not what was wanted.

    `kind` is one of "type", "keys", "shape", "dtype", "not finite", "value"; `got` and `expected` are numbers at the
    worst element, or short texts; `relative` is its error relative to the larger of expected value and scale; `label`
    names the entry of a dict; `kinds` are the types (asked for, came) in words that hold nothing of the student's.
    """

    kind: str
    message: str
    index: tuple[int, ...] | None = None
    got: str = ""
    expected: str = ""
    relative: float | None = None
    label: str = ""
    kinds: tuple[str, str] | None = None


def tolerance(want: Want) -> tuple[float, float | np.ndarray]:
    """Relative and absolute tolerance of a wanted number or array.

    Float64 starts at 1e-7 and float32 at 1e-4, relative; the absolute one is as much of the problem's scale, which is
    the largest element unless the exercise knows better.
    """
    value = np.asarray(want.value)
    base = RTOL["float32" if value.dtype in (np.float32, np.float16) else "float64"]
    rtol = base if want.rtol is None else want.rtol
    if want.atol is not None:
        return rtol, want.atol
    scale = want.scale
    if scale is None:
        scale = float(np.max(np.abs(value))) if value.size else 0.0
    return rtol, rtol * np.asarray(scale, np.float64)


@dataclass(frozen=True)
class _Allowed:
    """A wanted array in float64 and how far from it an answer may be."""

    exact: np.ndarray
    rtol: float
    atol: float | np.ndarray
    error: np.ndarray


def _allowed(want: Want) -> _Allowed:
    """Once for each want: a class is compared with the same ones."""
    found = want.__dict__.get("_allowed")
    if found is None:
        rtol, atol = tolerance(want)
        exact = np.asarray(want.value).astype(np.float64)
        with np.errstate(over="ignore"):
            found = _Allowed(exact, rtol, atol, atol + rtol * np.abs(exact))
        want.__dict__["_allowed"] = found
    return found


def allowed_error(want: Want) -> np.ndarray:
    """How far from a wanted array or number an answer may be, element by element."""
    return _allowed(want).error


def difference(got: Any, want: Want) -> Difference | None:
    """What is wrong with `got`; None when it is right."""
    expected = want.value
    if expected is None:
        return None
    if isinstance(expected, list | tuple):
        return _sequence(got, want)
    if isinstance(expected, dict):
        return _mapping(got, want)
    if isinstance(expected, str | bool):
        got = bool(got) if isinstance(got, np.bool_) else got
        if type(got) is type(expected) and got == expected:
            return None
        return Difference(
            "value", f"{want.label} is {show(got)}, expected {expected!r}", None, show(got), repr(expected)
        )
    return _numbers(got, np.asarray(expected), want)


def _sequence(got: Any, want: Want) -> Difference | None:
    if not isinstance(got, list | tuple):
        return _of_another_type(want.label, "a list" if isinstance(want.value, list) else "a tuple", got)
    if len(got) != len(want.value):
        return Difference("shape", f"{want.label} must have {len(want.value)} parts, got {len(got)}")
    for number, (part, expected) in enumerate(zip(got, want.value, strict=True)):
        wrong = difference(part, replace(want, label=f"{want.label}[{number}]", value=expected))
        if wrong:
            return replace(wrong, label=wrong.label or f"{want.label}[{number}]")
    return None


def _of_another_type(label: str, asked: str, got: Any) -> Difference:
    return Difference("type", f"{label} must be {asked}, got {kind_of(got)}", kinds=(asked, plain_kind_of(got)))


def _mapping(got: Any, want: Want) -> Difference | None:
    """The first thing that is wrong with a dict: its keys, then its entries one by one."""
    if not isinstance(got, dict):
        return _of_another_type(want.label, "a dict", got)
    missing = [key for key in want.value if key not in got]
    extra = [key for key in got if key not in want.value]
    if missing or extra:
        says = f"lacks the key {missing[0]!r}" if missing else f"has a key that is not asked for, {show(extra[0])}"
        return Difference("keys", f"{want.label} {says}", None, show(list(got)), show(list(want.value)))
    for key in want.value:
        one = entry(want, key)
        wrong = difference(got[key], one)
        if wrong:
            return replace(wrong, label=wrong.label or one.label)
    return None


def entry(want: Want, key: str) -> Want:
    """What one entry of a dict has to be; nothing is known of one that is not asked for."""
    scale = want.scale.get(key) if isinstance(want.scale, dict) else want.scale
    return replace(want, label=f"{want.label}[{key!r}]", value=want.value.get(key), scale=scale)


def _numbers(got: Any, expected: np.ndarray, want: Want) -> Difference | None:
    label = want.label
    scalar = expected.ndim == 0
    if scalar and isinstance(got, float | int) and not isinstance(got, bool):
        # Not in the expected dtype: an int there would cut off the fraction that is wrong.
        array = np.asarray(got)
    elif isinstance(got, np.ndarray | np.generic):
        array = np.asarray(got)
    else:
        what = "a number" if scalar else "a NumPy array"
        return _of_another_type(label, what, got)
    if array.shape != expected.shape:
        return Difference(
            "shape",
            f"{label} has shape {array.shape}, expected {expected.shape}",
            None,
            str(array.shape),
            str(expected.shape),
        )
    if array.dtype.kind not in ("fiub" if expected.dtype.kind == "b" else "fiu"):
        return Difference("dtype", f"{label} has dtype {array.dtype}, expected {expected.dtype}")
    wrong = _values(array, expected, want)
    # Labels may be of any integer dtype.
    integers = array.dtype.kind in "iu" and expected.dtype.kind in "iu"
    if wrong is None and not scalar and array.dtype != expected.dtype and not integers:
        return Difference(
            "dtype",
            f"{label} has dtype {array.dtype}, expected {expected.dtype}",
            None,
            str(array.dtype),
            str(expected.dtype),
        )
    return wrong


def _values(array: np.ndarray, expected: np.ndarray, want: Want) -> Difference | None:
    allowed = _allowed(want)
    # In float64, so that an integer or float16 answer cannot wrap around or overflow here.
    got, exact = array.astype(np.float64), allowed.exact
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(got - exact)
        excess = error - allowed.error
    # NaN is not at most anything: what is right is finite too.
    if not excess.size or excess.max() <= 0:
        return None
    rtol = allowed.rtol
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        bad, good = array[index], expected[index]
        count = int((~finite).sum())
        more = f" ({count} elements are not finite)" if count > 1 else ""
        message = f"{placed(want.label, index)} is {bad}, expected {number(good)}{more}"
        return Difference("not finite", message, index, str(bad), number(good))
    atol = np.broadcast_to(allowed.atol, expected.shape)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
    wrong = int((excess > 0).sum())
    size = max(abs(exact[index]), atol[index] / rtol if rtol else 0.0, 1e-300)
    with np.errstate(over="ignore"):
        relative = float(error[index] / size)
    share = "" if excess.size == 1 else f"; {wrong} of {excess.size} elements differ"
    message = f"{placed(want.label, index)} is {number(got[index])}, expected {number(exact[index])}{share}"
    return Difference("value", message, index, number(got[index]), number(exact[index]), relative)


def agree(mine: Any, theirs: Any, want: Want) -> bool:
    """Whether a student's answer and a mistake's are one and the same, up to the tolerance of `want`.

    Numbers must agree where both are finite: of what is not, neither sign nor pattern counts, which differ between two
    ways to write one formula. Where no place is finite in both, the places that are not must be the same. Dtypes may
    differ.
    """
    if isinstance(mine, Handle) or isinstance(theirs, Handle):
        return isinstance(mine, Handle) and isinstance(theirs, Handle) and mine.type_name == theirs.type_name
    if isinstance(mine, dict) and isinstance(theirs, dict):
        each = entry if isinstance(want.value, dict) else lambda want, key: want
        return mine.keys() == theirs.keys() and all(agree(mine[key], theirs[key], each(want, key)) for key in mine)
    if isinstance(mine, list | tuple) or isinstance(theirs, list | tuple):
        return (
            isinstance(mine, list | tuple)
            and isinstance(theirs, list | tuple)
            and len(mine) == len(theirs)
            and all(agree(a, b, want) for a, b in zip(mine, theirs, strict=True))
        )
    if mine is None or theirs is None or isinstance(mine, str | bool | dict) or isinstance(theirs, str | bool | dict):
        return type(mine) is type(theirs) and mine == theirs
    a, b = np.asarray(mine), np.asarray(theirs)
    if a.dtype.kind == b.dtype.kind == "c":
        return agree(a.real, b.real, want) and agree(a.imag, b.imag, want)
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    if a is b or bool((a == b).all()):
        # Most are, to the last bit, and this takes a tenth of the time.
        return True
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        return False
    return _numbers_agree(a.astype(np.float64), b.astype(np.float64), want)


def _numbers_agree(a: np.ndarray, b: np.ndarray, want: Want) -> bool:
    atol: float | np.ndarray
    if want.value is None or isinstance(want.value, str | bool | list | tuple | dict):
        rtol, atol = RTOL["float64"], 0.0
    else:
        allowed = _allowed(want)
        rtol, atol = allowed.rtol, allowed.atol
        # The scale has the wanted shape; two answers of one wrong shape have none.
        if a.shape != np.shape(want.value):
            atol = 0.0
    finite = np.isfinite(b)
    both = np.isfinite(a) & finite
    if not both.any():
        return bool((np.isfinite(a) == finite).all())
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= np.maximum(atol, rtol * _largest(b, finite)) + rtol * np.abs(b)
    return bool(close[both].all())


def is_finite(value: Any) -> bool:
    """Whether all numbers of an answer are finite; what is no number has none."""
    if isinstance(value, dict):
        return all(is_finite(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_finite(item) for item in value)
    array = np.asarray(value) if isinstance(value, np.ndarray | np.generic | float) else np.zeros(0)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _largest(array: np.ndarray, finite: np.ndarray) -> float:
    """The largest number of those that are finite."""
    return float(np.abs(array[finite]).max(initial=0.0))


def kind_of(value: Any) -> str:
    """A value's type in words."""
    if isinstance(value, Handle):
        return value.type_name or "something that is no data"
    if value is None:
        return "None (is the return statement missing?)"
    return {"ndarray": "a NumPy array"}.get(type(value).__name__, type(value).__name__)


def plain_kind_of(value: Any) -> str:
    """A value's type in words for a reader who may not see the inputs."""
    return (
        kind_of(value) if not isinstance(value, Handle) or is_plain(value.type_name) else "an object of another class"
    )


def is_plain(type_name: str) -> bool:
    """Whether a type's name is one of a few: a class of the student's own could be named after a hidden input."""
    return type_name in _PLAIN


def show(value: Any) -> str:
    """A value in one short line."""
    if isinstance(value, Handle):
        return value.type_name
    if isinstance(value, np.ndarray):
        if value.size <= 6:
            return np.array2string(value, precision=4, separator=", ").replace("\n", "")
        return f"array of shape {value.shape}, {value.dtype}"
    if isinstance(value, float | np.floating):
        return number(value)
    return repr(value)[:80]


def number(value: float | np.floating) -> str:
    """Nine digits: enough to see what a tolerance of 1e-7 sees."""
    return f"{float(value):.9g}"


def placed(label: str, index: tuple[int, ...]) -> str:
    """What a value is, with the place in it as it is written in code: "w[1, 2] after step 21"."""
    if not index:
        return label
    name, *rest = re.split(r"(?= after | for | \()", label, maxsplit=1)
    return f"{name}[{', '.join(map(str, index))}]{''.join(rest)}"
