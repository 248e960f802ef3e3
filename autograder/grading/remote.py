"""The student's names in the judge's process: functions that are called over the wire, values fetched from it.

Check cells are the instructor's own code and run in the judge's process; what they see of the student's work is this.
"""

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from autograder.grading.link import RemoteCaller
from autograder.judge.judging import PUBLIC_SEED
from autograder.judge.script import SCRIPT_SLOTS, Caller, LocalCaller, Script
from autograder.judge.wording import is_builtin_error
from autograder.worker.calls import Failure, Outcome
from autograder.worker.wire import Handle, encode

# Slots of the names themselves, and of what instructors' own calls leave; a check's scripts use those in between.
_NAMES = SCRIPT_SLOTS
_OWN = 2 * SCRIPT_SLOTS


class StudentError(Exception):
    """A student's function raised, hung or ended its process in an instructor's own call."""


class RemoteFunction:
    """A student's function, or one that it returned, as the judge's process sees it."""

    def __init__(self, session: "Session", handle: Handle, name: str):
        self.session, self.handle, self.__name__ = session, handle, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.session.call(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<the student's function {self.__name__}>"


class Opaque:
    """An object of the student's that stays in the worker and can be passed back to it."""

    def __init__(self, handle: Handle):
        self.handle = handle

    def __repr__(self) -> str:
        return "<an object of the student's>"


class Session:
    """One check's view of the student's namespace.

    Parameters
    ----------
    caller : reaches the state kept for this check
    seed : what the check's inputs are drawn from
    """

    def __init__(self, caller: RemoteCaller, seed: str):
        self.caller, self.seed = caller, seed
        self._next = _OWN
        self.is_first = caller.begin_check()

    def untouched(self) -> "Session":
        """A session with the state as the cells left it; this one ends."""
        return Session(self.caller.state.caller(), self.seed)

    def lookup(self, names: Sequence[str]) -> dict[str, Any]:
        """What the student's cells left under these names; those they did not define are absent.

        Raises
        ------
        StudentError : there is no answer
        """
        scripts = []
        for number, name in enumerate(names):
            scripts.append(_Bare([("name", _NAMES + number, name), ("get", _NAMES + number)]))
        found = {}
        # All of them: what is not read would be taken for the next answer.
        for name, outcome in zip(names, list(self.caller.run_all(scripts)), strict=True):
            if outcome.failure is None:
                found[name] = self.seen(outcome.values[0], name)
            elif outcome.failure.kind != "missing":
                # Not "is not defined", which would send the student looking for a mistake that is not there.
                raise StudentError(f"{name}: {_why(outcome.failure)}")
        return found

    def seen(self, value: Any, name: str) -> Any:
        """A reported value as the judge's process sees it."""
        if isinstance(value, Handle):
            return RemoteFunction(self, value, name) if value.is_callable else Opaque(value)
        return value

    def call(self, function: RemoteFunction, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        """Call a function there; raises StudentError where it gives no answer."""
        slot, self._next = self._next, self._next + 1
        sent = [_sent(arg) for arg in args], {name: _sent(arg) for name, arg in kwargs.items()}
        outcome = self.caller.run(_Bare([("call", [slot], function.handle, *sent), ("get", slot)]))
        if outcome.failure:
            raise StudentError(f"{function.__name__}: {_why(outcome.failure)}")
        return self.seen(outcome.values[0], f"what {function.__name__} returned")


class _Bare(Script):
    """A script whose slots outlive it; it may hold anything that an instructor's own test passes on."""

    def __init__(self, steps: Sequence[tuple] = ()) -> None:
        super().__init__()
        self.steps = list(steps)

    @cached_property
    def encoded(self) -> bytes:
        return encode(self.steps)


class _Bound:
    """A caller whose first slots are the functions of a check."""

    def __init__(self, session: Session, functions: Sequence[RemoteFunction]):
        self.session, self.functions = session, functions

    def in_time(self) -> bool:
        return self.session.caller.in_time()

    def run(self, script: Script) -> Outcome:
        if script.allowance:
            list(self.run_all([]))
            return self.session.caller.run(script)
        (outcome,) = self.run_all([script])
        return outcome

    def run_all(self, scripts: Sequence[Script]) -> Iterator[Outcome]:
        bind = _Bare([("bind", place, function.handle.slot) for place, function in enumerate(self.functions)])
        outcomes = self.session.caller.run_all([bind, *scripts])
        next(outcomes)
        return outcomes

    @property
    def is_touched(self) -> bool:
        return not self.session.is_first

    def untouched(self) -> Caller:
        session = self.session.untouched()
        names = [function.__name__ for function in self.functions]
        try:
            found = session.lookup(names)
        except StudentError:
            found = {}
        functions = [found.get(name) for name in names]
        theirs = [function for function in functions if isinstance(function, RemoteFunction)]
        return _Bound(session, theirs) if len(theirs) == len(names) else _Nobody()


class _Nobody:
    """Answers for functions that are not there where no other check has called."""

    def run(self, script: Script) -> Outcome:
        return Outcome(failure=Failure(0, "missing"))


def caller_of(functions: Sequence[Callable]) -> tuple[Caller, str]:
    """How to reach functions given to `check`, and the seed of their inputs."""
    theirs = [function for function in functions if isinstance(function, RemoteFunction)]
    if len(theirs) == len(functions):
        return _Bound(theirs[0].session, theirs), theirs[0].session.seed
    return LocalCaller(functions), PUBLIC_SEED


def student_names(source: str, known: Mapping[str, Any]) -> list[str]:
    """Names that a check cell uses and neither it nor the judge defines."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return sorted(name for name in used if name not in known and not hasattr(builtins, name))


def _sent(value: Any) -> Any:
    return value.handle if isinstance(value, RemoteFunction | Opaque) else value


def _why(failure: Failure) -> str:
    if failure.kind == "raised":
        # The student names classes, and could name one by an argument of a hidden test.
        return f"raised {failure.type_name if is_builtin_error(failure.type_name) else 'an exception of its own'}"
    return {"time": failure.message, "died": "the process ended"}.get(failure.kind, "gave no answer")
