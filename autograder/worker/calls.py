"""Carries out a script of calls on a student's functions and reports what came of it.

A script is a list of steps, plain tuples that travel on the wire:

    ("name", slot, name)                      the object that a student's cell left under this name
    ("bind", slot, source)                    the object of another slot under this number too
    ("put", slot, value)                      a value of the judge; a fourth item says how its arrays lie in memory
    ("copy", slot, source)                    a deep copy of an object as it is now
    ("scribble", slot)                        write over the arrays of a result, as its caller may
    ("fill", slot, value)                     write new numbers into an array that was put, as a training loop does
    ("call", slots, function, args, kwargs)   call; one slot takes the result, several unpack it
    ("items", slot, source, most)             the items of an iterable, at most so many
    ("get", slot)                             report the object as it is now
    ("free", first, end)                      forget the slots from `first` up to `end`

`Handle`s among the arguments stand for slots. The same runner serves the sandbox and, in a notebook, the student's own
kernel, so that both judge alike.
"""

import contextlib
import copy
import io
import linecache
import os
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .functions import FUNCTIONS
from .wire import DTYPES, MAX_NDIM, Callback, Handle, Named, Rng, Value

MAX_ITEMS = 20_000
MAX_TEXT = 10_000
MAX_PRINTED = 2_000
_NATIVE = tuple(np.dtype(name) for name in DTYPES)
_ATOMS = frozenset({float, int, str, bool, type(None)})
_COMMON = frozenset({np.dtype(np.float64), np.dtype(np.float32)})
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

    values: tuple[Value, ...] = ()
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    # What the student's code printed; it stays in the process that ran it.
    printed: str = ""
    # Processor time that it took, where that is limited.
    seconds: float = 0.0


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
        answer: Callable[[int, tuple[Value, ...]], Value],
        before_step: Callable[[int], None] = lambda step: None,
    ):
        self.names = names
        self.answer = answer
        self.before_step = before_step
        self.slots: dict[int, Any] = {}

    def run(self, steps: Sequence[tuple]) -> Outcome:
        values: list[Value] = []
        failure = None
        printed = _Printed()
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(printed),
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
        return Outcome(tuple(values), failure, tuple(said)[:3], printed.getvalue())

    def _step(self, number: int, step: tuple, values: list[Value]) -> Failure | None:
        verb = step[0]
        if verb == "put":
            value = self.resolve(step[2])
            self.slots[step[1]] = laid_out(value, step[3]) if len(step) > 3 else value
        elif verb == "name":
            if step[2] not in self.names:
                return Failure(number, "missing", message=step[2])
            self.slots[step[1]] = self.names[step[2]]
        elif verb == "bind":
            self.slots[step[1]] = self.slots[step[2]]
        elif verb == "call":
            return self._call(number, *step[1:])
        elif verb == "items":
            return self._items(number, *step[1:])
        elif verb == "get":
            try:
                values.append(snapshot(self.slots[step[1]], step[1]))
            except Exception as error:  # an object that pretends to be data, and raises when it is looked at
                return _raised(number, error)
        elif verb == "copy":
            self.before_step(number)
            try:
                self.slots[step[1]] = copy.deepcopy(self.slots[step[2]])
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return _raised(number, error)
        elif verb == "scribble":
            scribble(self.slots[step[1]])
        elif verb == "fill":
            # What was made read-only, or of another shape, stays as it is: the next answer shows it.
            with contextlib.suppress(ValueError):
                self.slots[step[1]][...] = self.resolve(step[2])
        elif verb == "free":
            for slot in [slot for slot in self.slots if step[1] <= slot < step[2]]:
                del self.slots[slot]
        else:
            raise ValueError(f"unknown step {verb!r}")
        return None

    def _call(
        self, number: int, slots: Sequence[int], function: Handle, args: Sequence[Value], kwargs: Mapping[str, Value]
    ) -> Failure | None:
        called = self.slots[function.slot]
        if not callable(called):
            return Failure(number, "not_callable", type_name=type(called).__name__)
        # Looked up here where they are what most are: a trajectory makes thousands of calls.
        positional = [self.slots[arg.slot] if type(arg) is Handle else self.resolve(arg) for arg in args]
        named = {name: arg if type(arg) in _ATOMS else self.resolve(arg) for name, arg in kwargs.items()}
        self.before_step(number)
        try:
            result = called(*positional, **named)
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

    def _items(self, number: int, slot: int, source: int, most: int) -> Failure | None:
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

    def resolve(self, value: Value) -> object:
        # The commonest first.
        if type(value) is np.ndarray:
            # A fresh copy each time: what a student's function does to it reaches nobody else.
            return value.copy()
        if type(value) is Handle:
            return self.slots[value.slot]
        if type(value) in _ATOMS:
            return value
        if type(value) is tuple:
            # What nobody can change needs no copy.
            return value if _ATOMS.issuperset(map(type, value)) else tuple([self.resolve(item) for item in value])
        if type(value) is list:
            return [self.resolve(item) for item in value]
        if type(value) is dict:
            return {key: self.resolve(item) for key, item in value.items()}
        if type(value) is Rng:
            return np.random.default_rng(value.seed)
        if type(value) is Callback:
            return lambda *args: self.answer(value.number, tuple(snapshot(a, -1) for a in args))
        return FUNCTIONS[value.name] if type(value) is Named else value


class _Printed(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MAX_PRINTED - self.tell())])
        return len(text)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _every_second(array: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fortran": lambda array: np.asfortranarray(array) if array.ndim > 1 else array,
    "sliced": _every_second,
    "backwards": lambda array: array[::-1].copy()[::-1] if array.ndim else array,
    "read-only": _read_only,
}


def laid_out(value: object, layout: str) -> object:
    """The same value, its arrays lying otherwise in memory."""
    if type(value) is np.ndarray:
        return LAYOUTS[layout](value)
    if type(value) is dict:
        return {key: laid_out(item, layout) for key, item in value.items()}
    return [laid_out(item, layout) for item in value] if type(value) is list else value


def scribble(value: Any, depth: int = 0) -> None:
    """Write over the arrays of plain data: what a function returned belongs to its caller."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "fiub":
        # What cannot be written to needs no protection.
        with contextlib.suppress(ValueError):
            value[...] = 1
    elif kind in (list, tuple, dict) and depth < 4 and len(value) <= MAX_ITEMS:
        for item in list(value.values()) if kind is dict else list(value):
            scribble(item, depth + 1)


def snapshot(value: Any, slot: int, depth: int = 0) -> Value:
    """A copy of plain data as it is now; a `Handle` for everything else."""
    kind = type(value)
    if kind is np.ndarray and value.dtype in _COMMON and value.ndim <= MAX_NDIM:
        # Nearly all there is: every step of a trajectory comes through here.
        return np.array(value)
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
            if line and frame.filename.startswith(_HERE):
                break  # from here on it is what the judge answers, to a function that it gave
            if not frame.filename.startswith((_HERE, *_LIBRARIES)):
                line = frame.lineno or 0
                source = (frame.line or linecache.getline(frame.filename, line)).strip()
    return Failure(number, "raised", type(error).__name__, said_by(error)[:500], line, source[:200])


def said_by(error: BaseException | str) -> str:
    """What an exception or a warning says; nothing where saying it raises."""
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""
