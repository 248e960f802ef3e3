"""Judges one exercise: draws the cases, asks the student's functions, compares, recognises mistakes."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from autograder.judge.compare import Difference, difference, same, show
from autograder.judge.exercise import Case, Exercise
from autograder.judge.script import Caller, Probe, Script, Want
from autograder.verdict import CaseResult, KnownMistake, Verdict, earned
from autograder.worker.calls import Failure, Outcome, Runner

PUBLIC_SEED = "public"

# The references are small: a second thread costs more than it gives, and a class is graded in several processes.
torch.set_num_threads(1)

# What NumPy says by itself. Of a warning with hidden inputs only this much is told, without the operation: the
# student's code can warn too, and would write an input there.
_NUMPY_WARNING = re.compile(
    r"((?:overflow|underflow|divide by zero|invalid value) encountered)(?: in [a-z_0-9 ]+)?|(Mean of empty slice)\.?"
    r"|(Degrees of freedom <= 0 for slice)\.?|(Casting complex values to real discards the imaginary part)"
)

_GENERAL = {
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
        "variable, a mutable default argument). Memory belongs in what is passed in and returned.",
    ),
    "dtype": (
        "changes_dtype",
        "Float32 goes in and another dtype comes out: a float64 array or NumPy scalar slips into the computation "
        "(`np.zeros(shape)`, `np.eye(n)`, `mask * 1.0`, `np.sqrt(2)`). Make new arrays in the dtype of what came in "
        "(`np.zeros_like(x)`, `.astype(x.dtype)`), and keep numbers as Python floats.",
    ),
}


class LocalCaller:
    """Calls functions of this process: in a notebook, and for the mistakes of the bank."""

    def __init__(self, functions: Sequence[Callable]):
        self.functions = tuple(functions)

    def run(self, script: Script) -> Outcome:
        """Run a script here."""
        runner = Runner({}, lambda number, args: script.callbacks[number](*args))
        runner.slots.update(enumerate(self.functions))
        return runner.run(script.steps)


@dataclass(frozen=True)
class _Drawn:
    case: Case
    probe: Probe


def judge(exercise: Exercise, caller: Caller, *, points: float, seed: str = PUBLIC_SEED) -> Verdict:
    """Judge a student's functions.

    Parameters
    ----------
    exercise : which one
    caller : runs scripts; the student's functions stand in its slots 0, 1, ... in the order of `exercise.names`
    points : what all properties together are worth
    seed : what the inputs are drawn from; with any other than the public one they are hidden, and nothing that the
        student's code could have put a hidden input into reaches the verdict
    """
    secret = seed != PUBLIC_SEED
    drawn = [_draw(exercise, number, case, seed) for number, case in enumerate(exercise.all_cases())]
    results, outcomes, general, lost = [], [], {}, None
    for item in drawn:
        outcome = Outcome(failure=lost) if lost else caller.run(item.probe.script)
        if outcome.failure and outcome.failure.kind in ("time", "died"):
            lost = Failure(0, "skipped")
        result, named = _assess(exercise, item, outcome, secret)
        results.append(result)
        outcomes.append(outcome)
        general.update(named)
    known = [] if all(r.passed for r in results) else _recognise(exercise, drawn, outcomes, results, seed)
    matches = [_NUMPY_WARNING.fullmatch(text) for outcome in outcomes for text in outcome.warnings]
    advice = {match[match.lastindex] if secret else match[0].rstrip(".") for match in matches if match}
    weights = [case.weight for case in exercise.all_cases()]
    gained = sum(w for w, r in zip(weights, results, strict=True) if r.passed)
    specific = {mistake.name for mistake in known}
    return Verdict(
        exercise=exercise.id,
        points=earned(points, gained, sum(weights)) if not all(r.passed for r in results) else float(points),
        max_points=float(points),
        cases=tuple(results),
        known=(*known, *(_in_its_words(exercise, *item) for item in general.items() if item[0] not in specific)),
        advice=tuple(
            f"NumPy warns: {text}. It costs nothing, but look where it comes from." for text in sorted(advice)
        ),
        note=_not_written(exercise, outcomes),
        secret=secret,
    )


def _draw(exercise: Exercise, number: int, case: Case, seed: str) -> _Drawn:
    """The case's probe; drawn once per seed and process, since the reference is most of the work."""
    key = (seed, number)
    if key not in exercise._cache:
        digest = hashlib.sha256(f"{seed}:{exercise.id}:{number}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        exercise._cache[key] = _Drawn(case, exercise.probe(case, rng))
    return exercise._cache[key]


def _assess(exercise: Exercise, item: _Drawn, outcome: Outcome, secret: bool) -> tuple[CaseResult, dict[str, str]]:
    case, probe = item.case, item.probe
    wants = probe.script.wants
    base = {
        "title": case.title,
        "weight": case.weight,
        "called": probe.called,
        "inputs": "" if secret else _shown(probe),
    }
    if outcome.failure:
        message, line = _failure(exercise, probe, outcome.failure, secret)
        return CaseResult(**base, passed=False, message=message, line=line), {}
    if probe.findings:
        found = probe.findings(outcome.values)
        named = {f.mistake: f.message for f in found if f.mistake}
        message = found[0].message if found else ""
        if found and found[0].got and not secret:
            message += f", got {found[0].got}"
        return CaseResult(**base, passed=not found, message=message), named
    named: dict[str, str] = {}
    first = None
    roles = set()
    for value, want in zip(outcome.values, wants, strict=True):
        wrong = difference(value, want)
        if wrong:
            first = first or (wrong, want)
            # A wrong dtype is wrong in every answer, the repeated and the kept ones too, and says nothing about them.
            roles.add("dtype" if wrong.kind == "dtype" else want.role)
    if first is None:
        return CaseResult(**base, passed=True), {}
    if "value" not in roles:
        # Only when every answer itself is right: else the same bug would be told twice.
        for role in roles - {"other", *(["kept"] if "input" in roles else [])}:
            if role == "dtype" and not _is_float32(first[1].value):
                continue  # the sentence is about float32, and the case's own message says it all
            name, sentence = _GENERAL[role]
            labels = [
                w.label for v, w in zip(outcome.values, wants, strict=True) if w.role == role and difference(v, w)
            ]
            function = probe.function or exercise.names[-1]
            named[name] = sentence.format(f=function, label=labels[0] if labels else "")
    told = _told(first[0], first[1], secret)
    if case.get("mode") in ("inputs", "again") and "value" in roles and "input" not in roles:
        # A cross at "leaves its arguments as they were" would accuse a function that only calculates wrongly.
        told["message"] = f"not seen while the answer itself is wrong: {told['message']}"
    return CaseResult(**base, passed=False, **told), named


def _is_float32(value: object) -> bool:
    """Whether an array, or the first one of a dict, is of float32."""
    first = next(iter(value.values()), None) if isinstance(value, dict) else value
    return np.asarray(first).dtype == np.float32


def _told(wrong: Difference, want: Want, secret: bool) -> dict[str, str]:
    if not secret:
        return {
            "message": wrong.message,
            "index": str(list(wrong.index)) if wrong.index else "",
            "got": wrong.got,
            "expected": wrong.expected,
        }
    label = wrong.label or want.label
    if want.role == "input":
        return {"message": f"the argument {label} is changed by the call"}
    if want.role == "kept":
        return {"message": f"{label}, returned earlier, is overwritten by a later call"}
    says = {
        "keys": "has other keys than expected",
        "type": "is of another type than asked for",
        "shape": "has another shape than expected",
        "dtype": "has another dtype than expected",
        "not finite": "is not finite where it should be",
        "value": "differs from the reference",
    }
    return {"message": f"{label} {says[wrong.kind]}"}


def _shown(probe: Probe) -> str:
    parts = []
    for name, value in probe.inputs.items():
        if isinstance(value, np.ndarray):
            parts.append(f"{name} = {show(value)}")
    return "; ".join(parts)


def _failure(exercise: Exercise, probe: Probe, failure: Failure, secret: bool) -> tuple[str, str]:
    """The message and the student's line, for a script that stopped."""
    script = probe.script
    note = script.calls.get(failure.step, "") if failure.kind != "skipped" else ""
    where = f" ({note})" if note else ""
    name = probe.function or exercise.names[-1]
    line = ""
    if failure.kind == "raised":
        if failure.type_name == "NotImplementedError":
            return f"not written yet{where}", ""
        if secret:
            type_name = failure.type_name if is_builtin_error(failure.type_name) else "an exception of its own"
            return f"raised {type_name}{where}", ""
        if failure.source:
            line = f"line {failure.line}: {failure.source}"
        return f"raised {failure.type_name}: {failure.message}{where}", line
    if failure.kind == "unpack":
        parts = _parts(script, failure.step)
        got = "something else" if secret else _article(failure.type_name)
        return f"must return {parts} values, got {got}{where}", ""
    says = {
        "not_callable": f"{name} must be a function",
        "missing": f"{name} is not defined",
        "time": f"no answer in time: {failure.message}",
        "died": "the process ended during the call (exit, or out of memory)",
        "skipped": "not tried after that",
        "large": "yields far too many items" if secret else f"yields {failure.message}",
        "wire": "the answer is too large or of a kind that cannot be judged",
    }
    return says[failure.kind] + where, ""


def _parts(script: Script, step: int) -> int:
    steps = script.steps
    return len(steps[step][1]) if step < len(steps) and steps[step][0] == "call" else 0


def _article(type_name: str) -> str:
    return "None (is the return statement missing?)" if type_name == "NoneType" else f"one {type_name}"


def is_builtin_error(name: str) -> bool:
    """Whether an exception's name is one of Python's own: the student's own may hold anything."""
    import builtins

    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _not_written(exercise: Exercise, outcomes: Sequence[Outcome]) -> str:
    unwritten = all(o.failure and o.failure.type_name == "NotImplementedError" for o in outcomes)
    return f"{' and '.join(exercise.names)}: not written yet" if unwritten else ""


def _in_its_words(exercise: Exercise, name: str, sentence: str) -> KnownMistake:
    """A mistake that was recognised in general, told as the exercise tells it where its bank has it."""
    own = next((mistake for mistake in exercise.mistakes if mistake.name == name), None)
    return KnownMistake(name, own.sentence, own.section) if own else KnownMistake(name, sentence)


def _recognise(
    exercise: Exercise, drawn: Sequence[_Drawn], outcomes: Sequence[Outcome], results: Sequence[CaseResult], seed: str
) -> list[KnownMistake]:
    """The mistakes of the bank that give the student's own answers, in every case that can be compared."""
    answered = [not item.probe.findings and not outcome.failure for item, outcome in zip(drawn, outcomes, strict=True)]
    comparable = [number for number, has_answer in enumerate(answered) if has_answer]
    if all(results[number].passed for number in comparable):
        return []
    known: dict[str, KnownMistake] = {}
    for number, mistake in enumerate(exercise.mistakes):
        key = (seed, "mistake", number)
        wrong = exercise._cache.setdefault(key, _Wrong(LocalCaller(mistake.functions)))
        explained = False
        for place in comparable:
            item, student, other = drawn[place], outcomes[place], wrong.outcome(place, drawn[place].probe.script)
            if other.failure:
                continue
            if not _same_answers(item, student, other):
                break
            explained = explained or (not results[place].passed and _fails_by_value(item, other))
        else:
            if explained:
                known.setdefault(mistake.name, KnownMistake(mistake.name, mistake.sentence, mistake.section))
    return list(known.values())


@dataclass
class _Wrong:
    """A mistake of the bank, asked case by case: most part from the student's answers in the first."""

    caller: Caller
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def outcome(self, place: int, script: Script) -> Outcome:
        if place not in self.outcomes:
            self.outcomes[place] = self.caller.run(script)
        return self.outcomes[place]


def _answers(item: _Drawn, outcome: Outcome) -> list[tuple]:
    wants = item.probe.script.wants
    return [(v, w) for v, w in zip(outcome.values, wants, strict=True) if w.role in ("value", "other", "again")]


def _fails_by_value(item: _Drawn, outcome: Outcome) -> bool:
    return any(difference(v, w) for v, w in _answers(item, outcome))


def _same_answers(item: _Drawn, student: Outcome, wrong: Outcome) -> bool:
    pairs = zip(_answers(item, student), _answers(item, wrong), strict=True)
    return all(same(a, b, want) for (a, want), (b, _) in pairs)
