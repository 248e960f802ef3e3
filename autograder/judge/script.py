"""Scripts: what the judge asks of a student's functions, in one round trip, and what it wants back."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from threadpoolctl import threadpool_limits

from autograder.worker.calls import Failure, Outcome, Runner
from autograder.worker.functions import FUNCTIONS
from autograder.worker.wire import Callback, Handle, Named, Rng, Value, encode_script

# A script's own slots lie below; above, a grading session keeps the student's names.
SCRIPT_SLOTS = 1_000_000
# The roles of a `Want` that is the answer to a call.
ANSWERS = ("value", "other", "again")


@dataclass(frozen=True)
class Want:
    """What one reported value has to be.

    Parameters
    ----------
    label : what the value is, in the student's words ("w after step 3")
    value : the reference's value; None where any value will do
    rtol, atol : allowed error, relative to each element and absolute; None for the dtype's default
    scale : what the absolute tolerance is relative to, a number or an array that broadcasts; None for the largest
        element of `value`
    role : "value" for an answer; "again" for the answer to a call that was made before, "other" for one in between;
        "input" for an argument that must be as it was, "kept" for an earlier answer that must not be overwritten
    result : the returned value that this is one of ("dx"; of an optimizer "w", whatever the step); the label where it
        is left out
    """

    label: str
    value: Any
    rtol: float | None = None
    atol: float | None = None
    scale: Any = None
    role: str = "value"
    result: str = ""

    @property
    def part(self) -> str:
        """The result that this value belongs to."""
        return self.result or self.label


@dataclass(frozen=True)
class Finding:
    """One thing that a property's own check found wrong.

    Parameters
    ----------
    message : a sentence that holds nothing of the student's answer: it is told where the inputs are secret too; the
        mistake's own in the bank where it is left out
    mistake : the mistake's name if it is a known one
    got : what came instead, told only where the inputs are public: a shape can carry a hidden input out
    hides : whether this is another property's fault, which hides the one that was asked for: it is "not judged yet"
    called : the call that it is about, in the student's words, where that is another than the probe's
    """

    message: str = ""
    mistake: str | None = None
    got: str = ""
    hides: bool = False
    called: str = ""


@dataclass(frozen=True)
class Allowance:
    """What a script may take, where it is not a call's wall clock that is limited.

    Parameters
    ----------
    seconds : of processor time, of the student's process and its children
    patience : wall clock for each call, for what waits and takes no processor time
    """

    seconds: float
    patience: float


class Script:
    """Steps for a `worker.calls.Runner`, written as if the functions were called here.

    Parameters
    ----------
    first : the first free slot; the student's functions stand before it
    """

    def __init__(self, first: int = 8):
        self.steps: list[tuple] = [("free", first, SCRIPT_SLOTS)]
        self.calls: dict[int, str] = {}
        self.wants: list[Want] = []
        self.callbacks: list[Callable[..., Value]] = []
        self.allowance: Allowance | None = None
        self._next = first

    @cached_property
    def encoded(self) -> bytes:
        """The steps as they travel; asked for when the script is whole, and the same for a whole class."""
        return encode_script(self.steps)

    @cached_property
    def numbers(self) -> int:
        """How many numbers it sends and wants, elements of arrays above all; asked for when it is complete."""
        return _numbers(self.steps) + sum(_numbers(want.value) for want in self.wants)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The numbers of the answers that are wanted, by result; asked for when it is complete."""
        found: dict[str, list[int]] = {}
        for number, want in enumerate(self.wants):
            if want.role in ANSWERS:
                found.setdefault(want.part, []).append(number)
        return found

    def _slot(self) -> Handle:
        self._next += 1
        return Handle(self._next - 1)

    def put(self, value: Value, layout: str = "") -> Handle:
        """Keep a value in the worker: the same object can then be passed to several calls.

        `layout` is one of `worker.calls.LAYOUTS`: how its arrays lie in memory.
        """
        slot = self._slot()
        self.steps.append(("put", slot.slot, value, layout) if layout else ("put", slot.slot, value))
        return slot

    def copy(self, source: Handle) -> Handle:
        """A deep copy of an object as it is now."""
        slot = self._slot()
        self.steps.append(("copy", slot.slot, source.slot))
        return slot

    def scribble(self, source: Handle) -> None:
        """Write over the arrays of a result, as its caller may."""
        self.steps.append(("scribble", source.slot))

    def fill(self, source: Handle, value: Value) -> None:
        """Write new numbers into an array that was `put`, as a caller may that uses its arrays again."""
        self.steps.append(("fill", source.slot, value))

    def rng(self, seed: int) -> Handle:
        """A `numpy.random.Generator` that the calls share."""
        return self.put(Rng(seed))

    def callback(self, function: Callable[..., Value]) -> Callback:
        """An argument that the student's function can call; the judge answers."""
        self.callbacks.append(function)
        return Callback(len(self.callbacks) - 1)

    def named(self, function: Callable) -> Handle:
        """A function of `worker.functions`, that the student's function can call and the script too."""
        if FUNCTIONS.get(function.__name__) is not function:
            raise ValueError(f"{function.__name__} is no function of worker.functions")
        return self.put(Named(function.__name__))

    def call(
        self,
        function: int | Handle,
        *args: Value,
        unpack: int | None = None,
        note: str = "",
        **kwargs: Value,
    ) -> Any:
        """Call a function; the handle of its result, or `unpack` handles of a result of that many parts.

        `function` is the place of a student's function in the check, or a handle; `note` is shown when it fails.
        """
        handle = Handle(function) if isinstance(function, int) else function
        slots = [self._slot() for _ in range(unpack or 1)]
        self.calls[len(self.steps)] = note
        self.steps.append(("call", [s.slot for s in slots], handle, list(args), kwargs))
        return slots if unpack else slots[0]

    def items(self, source: Handle, most: int = 10_000) -> Handle:
        """The items of an iterable, as a list."""
        slot = self._slot()
        self.calls[len(self.steps)] = "reading its items"
        self.steps.append(("items", slot.slot, source.slot, most))
        return slot

    def get(self, source: Handle, want: Want) -> None:
        """Report an object as it is now, and compare it with what is wanted."""
        self.steps.append(("get", source.slot))
        self.wants.append(want)

    def measured(self, outcome: Outcome, seconds: float) -> Outcome:
        """The outcome with the processor time that it took; a failure where that is more than is allowed."""
        assert self.allowance
        if seconds <= self.allowance.seconds:
            return replace(outcome, seconds=seconds)
        return Outcome(failure=Failure(0, "time", message=self.too_long), seconds=seconds)

    @property
    def too_long(self) -> str:
        """What is said where it takes more processor time than is allowed."""
        assert self.allowance
        return f"the limit is {self.allowance.seconds:.0f} s of processor time"


def _processor_seconds() -> float:
    """What this process and its children have taken."""
    taken = os.times()
    return taken.user + taken.system + taken.children_user + taken.children_system


def _numbers(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, dict):
        return sum(map(_numbers, value.values()))
    return sum(map(_numbers, value)) if isinstance(value, list | tuple) else 1


@dataclass(frozen=True)
class Probe:
    """One case, drawn: the script, how the student is told of it, and a property's own check if it has one.

    Parameters
    ----------
    script : the steps and what they have to report
    called : the call in the student's words: "sgd(w, grad, state, lr=0.1)"
    inputs : the drawn arguments, shown in a notebook where they are small
    findings : judges the reported values where they are not compared one by one
    function : the function that the case is about; the last of the check's where this is left out
    """

    script: Script
    called: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    findings: Callable[[Sequence[Value]], list[Finding]] | None = None
    function: str = ""


class Caller(Protocol):
    """Runs scripts on a student's functions: in this process, or in a worker."""

    def run(self, script: Script) -> Outcome: ...


@runtime_checkable
class Hurried(Protocol):
    """A caller whose judge has not all the time there is."""

    def in_time(self) -> bool: ...


@runtime_checkable
class Elsewhere(Caller, Protocol):
    """A caller in another process, that saves round trips and can begin anew."""

    def run_all(self, scripts: Sequence[Script]) -> Iterator[Outcome]:
        """Run scripts, one after the other."""
        ...

    @property
    def is_touched(self) -> bool:
        """Whether other checks have called there before."""
        ...

    def untouched(self) -> Caller:
        """A caller of the same functions as the student's cells have left them; answers on the way here are lost."""
        ...


class LocalCaller:
    """Calls functions of this process: in a notebook, and for the mistakes of the bank."""

    def __init__(self, functions: Sequence[Callable]):
        self.functions = tuple(functions)
        # What is running, for whoever watches.
        self.running: Script | None = None
        self.step = 0
        self._runner = Runner({}, lambda number, args: None, self._at)

    def run(self, script: Script) -> Outcome:
        """Run a script here."""
        self.running = script
        runner = self._runner
        runner.answer = lambda number, args: script.callbacks[number](*args)
        runner.slots.update(enumerate(self.functions))
        if not script.allowance:
            return runner.run(script.steps)
        # As in a sandbox: threads of BLAS that wait for each other take processor time, too.
        with threadpool_limits(1):
            before = _processor_seconds()
            return script.measured(runner.run(script.steps), _processor_seconds() - before)

    def _at(self, step: int) -> None:
        self.step = step
