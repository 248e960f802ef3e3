"""What a student reads of one case: the message of a cross, the call, the inputs."""

import builtins
from typing import TypedDict

import numpy as np

from autograder.judge.compare import Difference, is_plain, show
from autograder.judge.exercise import Exercise
from autograder.judge.script import Probe, Script, Want
from autograder.worker.calls import Failure

UNLIKE = "no right function gives such numbers"
HIDDEN = "not judged yet: what is wrong hides it"

# Mistakes that have nothing to do with an exercise's formula: name and sentence, by the role of what was wrong.
GENERAL = {
    "input": (
        "in_place",
        "`{f}` changes its argument `{label}`, which the caller still needs: something like `{label} -= ...` or "
        "`{label}[...] = ...` writes into it. Make a new array instead.",
    ),
    "kept": (
        "overwrites_earlier_result",
        "An array that `{f}` returned earlier is overwritten by a later call. Return a new array each time.",
    ),
    "again": (
        "remembers_earlier_calls",
        "`{f}` gives another answer when the same calls are made again: something survives between them (a global "
        "variable, a mutable default argument, a returned array that is used again). Memory belongs in what is passed "
        "in and returned.",
    ),
    "dtype": (
        "changes_dtype",
        "Float32 goes in and another dtype comes out: a float64 array or NumPy scalar slips into the computation "
        "(`np.zeros(shape)`, `np.eye(n)`, `mask * 1.0`, `np.sqrt(2)`). Make new arrays in the dtype of what came in "
        "(`np.zeros_like(x)`, `.astype(x.dtype)`), and keep numbers as Python floats.",
    ),
}

_SECRET = {
    "keys": "has other keys than expected",
    "type": "is of another type than asked for",
    "shape": "has another shape than expected",
    "dtype": "has another dtype than expected",
    "not finite": "is not finite where it should be",
    "value": "differs from the reference",
}


class Told(TypedDict, total=False):
    """The fields of a `CaseResult` that say what a cross means."""

    message: str
    index: str
    got: str
    expected: str


def told(wrong: Difference, want: Want, secret: bool) -> Told:
    """What a cross says: all where the inputs are public, only what was wrong where they are hidden."""
    if want.role == "input":
        return {"message": f"the argument {wrong.label or want.label} is changed by the call"}
    if want.role == "kept":
        return {"message": f"{wrong.label or want.label}, returned earlier, is overwritten by a later call"}
    if secret and wrong.kinds:
        asked, came = wrong.kinds
        return {"message": f"{wrong.label or want.label} must be {asked}, got {came}"}
    if secret:
        return {"message": f"{wrong.label or want.label} {_SECRET[wrong.kind]}"}
    return {
        "message": wrong.message,
        "index": str(list(wrong.index)) if wrong.index else "",
        "got": wrong.got,
        "expected": wrong.expected,
    }


def inputs(probe: Probe) -> str:
    """The drawn arguments, where they are small."""
    shown = [f"{name} = {show(value)}" for name, value in probe.inputs.items() if isinstance(value, np.ndarray)]
    return "; ".join(shown)


def failure(exercise: Exercise, probe: Probe, failed: Failure, secret: bool) -> tuple[str, str]:
    """The message and the student's line, for a script that stopped."""
    script = probe.script
    note = script.calls.get(failed.step, "") if failed.kind != "skipped" else ""
    where = f" ({note})" if note else ""
    name = probe.function or exercise.names[-1]
    line = ""
    if failed.kind == "raised":
        if failed.type_name == "NotImplementedError":
            return f"not written yet{where}", ""
        if secret:
            type_name = failed.type_name if is_builtin_error(failed.type_name) else "an exception of its own"
            return f"raised {type_name}{where}", ""
        if failed.source:
            line = f"line {failed.line}: {failed.source}"
        return f"raised {failed.type_name}: {failed.message}{where}", line
    if failed.kind == "unpack":
        parts = _parts(script, failed.step)
        got = _article(failed.type_name) if not secret or _tells_nothing(failed.type_name) else "something else"
        return f"must return {parts} values, got {got}{where}", ""
    says = {
        "not_callable": f"{name} must be a function",
        "missing": f"{name} is not defined",
        "time": f"no answer in time: {failed.message}",
        "died": "the process ended during the call (exit, or out of memory)",
        "skipped": "not tried after that",
        "large": "yields far too many items" if secret else f"yields {failed.message}",
        "wire": "the answer is too large or of a kind that cannot be judged",
    }
    return says[failed.kind] + where, ""


def _parts(script: Script, step: int) -> int:
    steps = script.steps
    return len(steps[step][1]) if step < len(steps) and steps[step][0] == "call" else 0


def _article(type_name: str) -> str:
    return "None (is the return statement missing?)" if type_name == "NoneType" else f"one {type_name}"


def _tells_nothing(type_name: str) -> bool:
    """Whether what came in place of several values may be told: a name or a number could carry a hidden input."""
    kind, _, parts = type_name.partition(" of ")
    return is_plain(kind) and (not parts or parts in set("0123456789"))


def is_builtin_error(name: str) -> bool:
    """Whether an exception's name is one of Python's own: the student's own may hold anything."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)
