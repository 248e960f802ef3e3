"""Compares what a student's function gave with the reference, and says in words where they part."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.judge.script import Want
from autograder.worker.wire import Handle

RTOL = {"float64": 1e-7, "float32": 1e-4}


@dataclass(frozen=True)
class Difference:
    """Where a value is not what was wanted.

    `kind` is one of "type", "keys", "shape", "dtype", "not finite", "value"; `got` and `expected` are numbers at the
    worst element, or short texts; `relative` is its error relative to the larger of expected value and scale; `label`
    names the entry of a dict.
    """

    kind: str
    message: str
    index: tuple[int, ...] | None = None
    got: str = ""
    expected: str = ""
    relative: float | None = None
    label: str = ""


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
        return Difference("type", f"{want.label} must be a tuple, got {kind_of(got)}")
    if len(got) != len(want.value):
        return Difference("shape", f"{want.label} must have {len(want.value)} parts, got {len(got)}")
    return None


def _mapping(got: Any, want: Want) -> Difference | None:
    """The first thing that is wrong with a dict: its keys, then its entries one by one."""
    if not isinstance(got, dict):
        return Difference("type", f"{want.label} must be a dict, got {kind_of(got)}")
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
        return Difference("type", f"{label} must be {what}, got {kind_of(got)}")
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
    if wrong is None and not scalar and array.dtype != expected.dtype:
        return Difference(
            "dtype",
            f"{label} has dtype {array.dtype}, expected {expected.dtype}",
            None,
            str(array.dtype),
            str(expected.dtype),
        )
    return wrong


def _values(array: np.ndarray, expected: np.ndarray, want: Want) -> Difference | None:
    rtol, atol = tolerance(want)
    # In float64, so that an integer or float16 answer cannot wrap around or overflow here.
    got, exact = array.astype(np.float64), expected.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(got - exact)
        excess = error - (atol + rtol * np.abs(exact))
    # NaN is not at most anything: what is right is finite too.
    if not excess.size or excess.max() <= 0:
        return None
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        bad, good = array[index], expected[index]
        count = int((~finite).sum())
        more = f" ({count} elements are not finite)" if count > 1 else ""
        message = f"{want.label}{place(index)} is {bad}, expected {number(good)}{more}"
        return Difference("not finite", message, index, str(bad), number(good))
    atol = np.broadcast_to(atol, expected.shape)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
    wrong = int((excess > 0).sum())
    size = max(abs(exact[index]), atol[index] / rtol if rtol else 0.0, 1e-300)
    with np.errstate(over="ignore"):
        relative = float(error[index] / size)
    share = "" if excess.size == 1 else f"; {wrong} of {excess.size} elements differ"
    message = f"{want.label}{place(index)} is {number(got[index])}, expected {number(exact[index])}{share}"
    return Difference("value", message, index, number(got[index]), number(exact[index]), relative)


def same(got: Any, other: Any, want: Want) -> bool:
    """Whether two answers are one and the same up to the tolerance of `want`; dtypes may differ.

    Compares a student's answer with a mistake's: both may hold NaN or infinity, in the same places.
    """
    if isinstance(got, Handle) or isinstance(other, Handle):
        return isinstance(got, Handle) and isinstance(other, Handle) and got.type_name == other.type_name
    if isinstance(got, dict) and isinstance(other, dict):
        each = entry if isinstance(want.value, dict) else lambda want, key: want
        return got.keys() == other.keys() and all(same(got[key], other[key], each(want, key)) for key in got)
    if isinstance(got, list | tuple) or isinstance(other, list | tuple):
        return (
            isinstance(got, list | tuple)
            and isinstance(other, list | tuple)
            and len(got) == len(other)
            and all(same(a, b, want) for a, b in zip(got, other, strict=True))
        )
    if got is None or other is None or isinstance(got, str | bool | dict) or isinstance(other, str | bool | dict):
        return type(got) is type(other) and got == other
    a, b = np.asarray(got), np.asarray(other)
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    if np.array_equal(a, b):
        # Most are, to the last bit, and this takes a tenth of the time.
        return True
    if want.value is None or isinstance(want.value, str | bool | list | tuple | dict):
        rtol, atol = RTOL["float64"], 0.0
    else:
        rtol, atol = tolerance(want)
        # The scale has the wanted shape; two answers of one wrong shape have none.
        atol = atol if a.shape == np.shape(want.value) else 0.0
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=rtol, atol=np.maximum(atol, rtol * _largest(b)), equal_nan=True))


def _largest(array: np.ndarray) -> float:
    finite = array[np.isfinite(array)]
    return float(np.max(np.abs(finite))) if finite.size else 0.0


def kind_of(value: Any) -> str:
    """A value's type in words."""
    if isinstance(value, Handle):
        return value.type_name or "something that is no data"
    if value is None:
        return "None (is the return statement missing?)"
    return {"ndarray": "a NumPy array"}.get(type(value).__name__, type(value).__name__)


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


def number(value: float) -> str:
    """Nine digits: enough to see what a tolerance of 1e-7 sees."""
    return f"{float(value):.9g}"


def place(index: tuple[int, ...]) -> str:
    """An index as it is written in code: [2, 0], or nothing for a number."""
    return f"[{', '.join(map(str, index))}]" if index else ""
