"""Carries out a script of calls on a student's functions and reports what came of it.

A script is a list of steps, plain tuples that travel on the wire:

    ("name", slot, name)                      the object that a student's cell left under this name
    ("put", slot, value)                      a value of the judge
    ("call", slots, function, args, kwargs)   call; one slot takes the result, several unpack it
    ("items", slot, source, most)             the items of an iterable, at most so many
    ("get", slot)                             report the object as it is now
    ("free", first, end)                      forget the slots from `first` up to `end`

`Handle`s among the arguments stand for slots. The same runner serves the sandbox and, in a notebook, the student's own
kernel, so that both judge alike.
"""

import contextlib
import io
import linecache
import os
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .functions import FUNCTIONS
from .wire import DTYPES, MAX_NDIM, Callback, Handle, Named, Rng

MAX_ITEMS = 20_000
MAX_TEXT = 10_000
_NATIVE = tuple(np.dtype(name) for name in DTYPES)
_LIBRARIES = tuple({sysconfig.get_path(key) for key in ("stdlib", "purelib", "platlib")})
_HERE = os.path.dirname(__file__) + os.sep


@dataclass(frozen=True)
class Failure:
    """Why a script stopped: at which step, and what the student can be told."""

    step: int
    kind: str  # "raised", "unpack", "not_callable", "missing", "time", "died", "wire", "large"
    type_name: str = ""
    message: str = ""
    line: int = 0
    source: str = ""


@dataclass(frozen=True)
class Outcome:
    """What the `get` steps reported, as far as the script went."""

    values: tuple = ()
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()


class Runner:
    """Runs scripts on numbered slots.

    Parameters
    ----------
    names : the namespace of the student's cells
    answer : called with a callback's number and its arguments
    before_step : called with each call step's number, so that a watcher knows where time goes
    """

    def __init__(
        self,
        names: Mapping[str, object],
        answer: Callable[[int, tuple], object],
        before_step: Callable[[int], None] = lambda step: None,
    ):
        self.names = names
        self.answer = answer
        self.before_step = before_step
        self.slots: dict[int, object] = {}

    def run(self, steps: Sequence[tuple]) -> Outcome:
        values: list[object] = []
        failure = None
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("always")
            for number, step in enumerate(steps):
                failure = self._step(number, step, values)
                if failure:
                    break
        said = dict.fromkeys(
            said_by(item.message)[:200]
            for item in caught
            if issubclass(item.category, RuntimeWarning | np.exceptions.ComplexWarning)
        )
        return Outcome(tuple(values), failure, tuple(said)[:3])

    def _step(self, number: int, step: tuple, values: list) -> Failure | None:
        verb = step[0]
        if verb == "put":
            self.slots[step[1]] = self._resolve(step[2])
        elif verb == "name":
            if step[2] not in self.names:
                return Failure(number, "missing", message=step[2])
            self.slots[step[1]] = self.names[step[2]]
        elif verb == "call":
            return self._call(number, *step[1:])
        elif verb == "items":
            return self._items(number, *step[1:])
        elif verb == "get":
            try:
                values.append(snapshot(self.slots[step[1]], step[1]))
            except Exception as error:  # an object that pretends to be data, and raises when it is looked at
                return _raised(number, error)
        elif verb == "free":
            for slot in [slot for slot in self.slots if step[1] <= slot < step[2]]:
                del self.slots[slot]
        else:
            raise ValueError(f"unknown step {verb!r}")
        return None

    def _call(self, number, slots, function, args, kwargs) -> Failure | None:
        called = self.slots[function.slot]
        if not callable(called):
            return Failure(number, "not_callable", type_name=type(called).__name__)
        args = [self._resolve(arg) for arg in args]
        kwargs = {name: self._resolve(arg) for name, arg in kwargs.items()}
        self.before_step(number)
        try:
            result = called(*args, **kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: whatever a student's code raises is an answer
            return _raised(number, error)
        if len(slots) == 1:
            self.slots[slots[0]] = result
            return None
        kind = type(result)
        if kind is not list and not issubclass(kind, tuple):
            return Failure(number, "unpack", type_name=kind.__name__)
        # A named tuple is of a class that the student wrote: its own iterator could do anything.
        parts = result if kind is list else tuple(tuple.__iter__(result))
        if len(parts) != len(slots):
            return Failure(number, "unpack", type_name=f"{kind.__name__} of {len(parts)}")
        self.slots.update(zip(slots, parts, strict=True))
        return None

    def _items(self, number, slot, source, most) -> Failure | None:
        found: list[object] = []
        self.before_step(number)
        try:
            for item in self.slots[source]:
                if len(found) >= most:
                    return Failure(number, "large", message=f"more than {most} items")
                found.append(item)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return _raised(number, error)
        self.slots[slot] = found
        return None

    def _resolve(self, value: object) -> object:
        kind = type(value)
        if kind is Handle:
            return self.slots[value.slot]
        if kind is Rng:
            return np.random.default_rng(value.seed)
        if kind is Callback:
            return lambda *args: self.answer(value.number, tuple(snapshot(a, -1) for a in args))
        if kind is Named:
            return FUNCTIONS[value.name]
        if kind in (list, tuple):
            return kind(self._resolve(item) for item in value)
        if kind is dict:
            return {key: self._resolve(item) for key, item in value.items()}
        # A fresh copy each time: what a student's function does to it reaches nobody else.
        return value.copy() if kind is np.ndarray else value


def snapshot(value: object, slot: int, depth: int = 0) -> object:
    """A copy of plain data as it is now; a `Handle` for everything else."""
    kind = type(value)
    if value is None or kind in (bool, float):
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**63 else Handle(slot, "int of more than 64 bits")
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    if isinstance(value, np.ndarray | np.generic):
        array = np.array(value, copy=True, subok=False)
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        if array.dtype not in _NATIVE or array.ndim > MAX_NDIM:
            return Handle(slot, f"array of dtype {array.dtype}")
        return array[()] if isinstance(value, np.generic) else array
    if kind in (list, tuple, dict) and depth < 4 and len(value) <= MAX_ITEMS:
        if kind is dict:
            if all(type(key) in (str, int) for key in value):
                return {key: snapshot(item, -1, depth + 1) for key, item in value.items()}
        else:
            return kind(snapshot(item, -1, depth + 1) for item in value)
    return Handle(slot, kind.__name__, callable(value))


def _raised(number: int, error: BaseException) -> Failure:
    """What the student is told of an exception: its type, its text, and the last line of their own."""
    line, source = 0, ""
    with contextlib.suppress(Exception):
        for frame in traceback.extract_tb(error.__traceback__):
            if not frame.filename.startswith((_HERE, *_LIBRARIES)):
                line = frame.lineno or 0
                source = (frame.line or linecache.getline(frame.filename, line)).strip()
    return Failure(number, "raised", type(error).__name__, said_by(error)[:500], line, source[:200])


def said_by(error: BaseException) -> str:
    """What an exception or a warning says; nothing where saying it raises."""
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""
