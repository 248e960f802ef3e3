"""Judges one exercise: draws the cases, asks the student's functions, compares, recognises mistakes."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autograder.judge import wording
from autograder.judge.compare import Difference, difference
from autograder.judge.exercise import Case, Exercise
from autograder.judge.facts import facts
from autograder.judge.mistakes import DETAIL_COSTS
from autograder.judge.recognition import Drawn, Recognised, recognise
from autograder.judge.references import INSTEAD, by_solution
from autograder.judge.script import Caller, Elsewhere, Finding, Hurried, LocalCaller, Want
from autograder.judge.together import seen
from autograder.verdict import CaseResult, KnownMistake, Verdict, earned
from autograder.worker.calls import Failure, Outcome, Runner
from autograder.worker.wire import Handle

PUBLIC_SEED = "public"

# What NumPy says by itself. Of a warning with hidden inputs only this much is told, without the operation: the
# student's code can warn too, and would write an input there.
_NUMPY_WARNING = re.compile(
    r"((?:overflow|underflow|divide by zero|invalid value) encountered)(?: in [a-z_0-9 ]+)?|(Mean of empty slice)\.?"
    r"|(Degrees of freedom <= 0 for slice)\.?|(Casting complex values to real discards the imaginary part)"
)


@dataclass(frozen=True)
class _Assessed:
    """One case: what came of it, the mistakes that show there in general, and which roles were wrong."""

    result: CaseResult
    named: dict[str, str]
    roles: frozenset[str] = frozenset()
    accounted: bool = False


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
    if whole := exercise.whole(caller, points, seed, secret):
        return whole
    drawn = draw(exercise, seed)
    caller, outcomes, assessed, results = _asked(exercise, drawn, caller, secret)
    passed = all(result.passed for result in results)
    explains = not passed and _in_time(caller)
    found = recognise(exercise, drawn, outcomes, seed) if explains else Recognised()
    specific = {mistake.name for mistake in found.known}
    general = {
        name: sentence
        for number, item in enumerate(assessed)
        for name, sentence in item.named.items()
        # A shared memory shows in a repeated run too, or in what came back: that is the same mistake, told once.
        if name not in specific and not (item.roles <= {"other", "again", "kept"} and found.explains(number))
    }
    known = (*found.known, *(_in_its_words(exercise, *item) for item in general.items()))
    explained = all(
        found.explains(number) or item.accounted
        for number, (item, result) in enumerate(zip(assessed, results, strict=True))
        if result.failed
    )
    share = earned(points, sum(r.weight for r in results if r.passed), sum(r.weight for r in results))
    least = _least(points, known) if explained else 0.0
    return Verdict(
        exercise=exercise.id,
        points=float(points) if passed else max(share, least),
        max_points=float(points),
        cases=tuple(results),
        known=known,
        facts=facts(exercise, drawn, outcomes, results, caller.run)
        if explains and all(k.partial for k in known)
        else (),
        advice=(*_advice(outcomes, secret), *([INSTEAD] if by_solution() else [])),
        note=_not_written(exercise, outcomes),
        eased=not passed and least > share,
        secret=secret,
    )


def _in_time(caller: Caller) -> bool:
    return not isinstance(caller, Hurried) or caller.in_time()


def draw(exercise: Exercise, seed: str) -> list[Drawn]:
    """All cases with what is drawn for them; once per seed and process, since the reference is most of the work."""
    return [_draw(exercise, number, case, seed) for number, case in enumerate(exercise.all_cases())]


def _draw(exercise: Exercise, number: int, case: Case, seed: str) -> Drawn:
    key = (seed, number, by_solution())
    if key not in exercise._cache:
        digest = hashlib.sha256(f"{seed}:{exercise.id}:{number}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        exercise._cache[key] = Drawn(case, exercise.probe(case, rng))
    return exercise._cache[key]


def _asked(
    exercise: Exercise, drawn: Sequence[Drawn], caller: Caller, secret: bool
) -> tuple[Caller, list[Outcome], list[_Assessed], list[CaseResult]]:
    """Who answered in the end, what the functions answer, case by case, and what came of it."""
    outcomes: list[Outcome] = []
    assessed: list[_Assessed] = []
    if isinstance(caller, Elsewhere) and caller.is_touched:
        # What other checks have left there may spoil an answer. A pass stands, for nothing in there knows a right
        # answer, and so does that nothing is written yet; anything else is asked anew.
        for item, outcome in zip(drawn, caller.run_all([item.probe.script for item in drawn]), strict=True):
            found = _assess(exercise, item, outcome, secret)
            unwritten = outcome.failure and outcome.failure.type_name == "NotImplementedError"
            if not found.result.passed and not unwritten:
                break
            outcomes.append(outcome)
            assessed.append(found)
        else:
            return caller, outcomes, assessed, _opened(drawn, outcomes, assessed)
        caller = caller.untouched()
    outcomes, assessed = _outcomes(drawn, caller), []
    for number, item in enumerate(drawn):
        if not _in_time(caller):
            outcomes[number] = Outcome(failure=Failure(0, "skipped"))
        assessed.append(_assess(exercise, item, outcomes[number], secret))
    return caller, outcomes, assessed, _opened(drawn, outcomes, assessed)


def _outcomes(drawn: Sequence[Drawn], caller: Caller) -> list[Outcome]:
    """What the functions answer; after one that hangs or ends its process, nothing more is asked."""
    scripts = [item.probe.script for item in drawn]
    outcomes: list[Outcome] = []
    for outcome in caller.run_all(scripts) if isinstance(caller, Elsewhere) else map(caller.run, scripts):
        outcomes.append(outcome)
        if outcome.failure and outcome.failure.kind in ("time", "died"):
            break
    return outcomes + [Outcome(failure=Failure(0, "skipped"))] * (len(scripts) - len(outcomes))


def _least(points: float, known: Sequence[KnownMistake]) -> float:
    """What is left at least where everything that is wrong is known, and a detail, or another function's."""
    if not known or any(mistake.partial or mistake.degree not in ("detail", "elsewhere") for mistake in known):
        return 0.0
    details = sum(mistake.degree == "detail" for mistake in known)
    return round(points * max(0.0, 1 - DETAIL_COSTS * details), 2)


def _advice(outcomes: Sequence[Outcome], secret: bool) -> tuple[str, ...]:
    matches = [_NUMPY_WARNING.fullmatch(text) for outcome in outcomes for text in outcome.warnings]
    said = {match[match.lastindex or 0] if secret else match[0].rstrip(".") for match in matches if match}
    return tuple(f"NumPy warns: {text}. It costs nothing, but look where it comes from." for text in sorted(said))


def _assess(exercise: Exercise, item: Drawn, outcome: Outcome, secret: bool) -> _Assessed:
    case, probe = item.case, item.probe
    wants = probe.script.wants
    base: dict[str, Any] = {
        "title": case.title,
        "weight": case.weight,
        "called": probe.called,
        "inputs": "" if secret else wording.inputs(probe),
        "printed": "" if secret else outcome.printed,
    }
    if outcome.failure:
        message, line = wording.failure(exercise, probe, outcome.failure, secret)
        waits = "not tried after that" if outcome.failure.kind == "skipped" else ""
        return _Assessed(CaseResult(**base, passed=False, message=message, line=line, open=waits), {})
    if probe.findings:
        found = [_worded(exercise, finding) for finding in probe.findings(outcome.values)]
        named = {f.mistake: f.message for f in found if f.mistake}
        message = found[0].message if found else ""
        if found and found[0].got and not secret:
            message += f", got {found[0].got}"
        if found and found[0].called:
            base["called"] = found[0].called
        waits = wording.HIDDEN if found and all(f.hides for f in found) else ""
        result = CaseResult(**base, passed=not found, message=message, open=waits)
        return _Assessed(result, named, accounted=bool(found) and all(f.mistake for f in found))
    wrong: list[tuple[Want, Difference]] = []
    roles: set[str] = set()
    at_once = seen(probe.script, outcome)
    for number in range(len(wants)) if at_once is None else sorted(at_once.wrong):
        want = wants[number]
        # Of a trajectory's wrong steps the first is told; to look at the others is most of the time.
        if want.role == "value" and "value" in roles:
            continue
        if diff := difference(outcome.values[number], want):
            wrong.append((want, diff))
            # A wrong dtype is wrong in every answer, the repeated and kept ones too, and says nothing about them.
            roles.add("dtype" if diff.kind == "dtype" else want.role)
    if not wrong:
        return _Assessed(CaseResult(**base, passed=True), {})
    named = {} if "value" in roles else _general(exercise, item, wrong, roles)
    want, first = wrong[0]
    result = CaseResult(**base, passed=False, **wording.told(first, want, secret))
    return _Assessed(result, named, frozenset(roles), accounted=bool(named))


def _worded(exercise: Exercise, finding: Finding) -> Finding:
    """A finding with the sentence of its mistake, where it has none of its own."""
    if finding.message:
        return finding
    known = [m.sentence for m in exercise.mistakes if m.name == finding.mistake]
    # Relatives share what looks for mistakes, and not every one of them can make each.
    return replace(finding, message=known[0]) if known else replace(finding, message=wording.UNLIKE, mistake=None)


def _general(
    exercise: Exercise, item: Drawn, wrong: Sequence[tuple[Want, Difference]], roles: set[str]
) -> dict[str, str]:
    """The mistakes that have nothing to do with the formula; only where every answer is right in itself."""
    named = {}
    for role in sorted(roles - {"other", *(["kept"] if "input" in roles else [])}):
        if role == "dtype" and not _is_float32(wrong[0][0].value):
            continue  # the sentence is about float32, and the case's own message says it all
        name, sentence = wording.GENERAL[role]
        label = next((want.label for want, _ in wrong if want.role == role), "")
        named[name] = sentence.format(f=item.probe.function or exercise.names[-1], label=label)
    return named


def _is_float32(value: object) -> bool:
    """Whether an array, or the first one of a dict, is of float32."""
    first = next(iter(value.values()), None) if isinstance(value, dict) else value
    return np.asarray(first).dtype == np.float32


def _opened(drawn: Sequence[Drawn], outcomes: Sequence[Outcome], assessed: Sequence[_Assessed]) -> list[CaseResult]:
    """The results, those not judged yet that a wrong answer hides.

    "Leaves its arguments as they were" says nothing of a function that calculates wrongly, or raises: a cross there
    would accuse it of what it does not do.
    """
    ordinary = [k for k, item in enumerate(drawn) if not item.case.about]
    lost = sum(drawn[k].case.weight for k in ordinary if not assessed[k].result.passed)
    mostly = 2 * lost >= sum(drawn[k].case.weight for k in ordinary)
    broken = bool(ordinary) and (mostly or not assessed[ordinary[0]].result.passed)
    raised = {_kind_of(outcomes[k].failure) for k in ordinary}
    writes = any("in_place" in item.named for item in assessed)
    results = []
    for item, outcome, found in zip(drawn, outcomes, assessed, strict=True):
        result = found.result
        if result.failed and item.case.about:
            hidden = outcome.failure and _kind_of(outcome.failure) in raised
            # What cannot be written to stops a function that writes into its arguments: one mistake, told once.
            hidden = hidden or (outcome.failure and item.case.about == "layout" and writes)
            asks_more = item.case.about in ("inputs", "again")
            hidden = hidden or ("value" in found.roles and "input" not in found.roles and (broken or asks_more))
            if hidden:
                result = CaseResult(**{**vars(result), "open": wording.HIDDEN})
        results.append(result)
    return results


def _kind_of(failure: Failure | None) -> tuple[str, str]:
    return (failure.kind, failure.type_name) if failure else ("", "")


def unwritten(exercise: Exercise, points: float) -> Verdict:
    """The verdict on stubs, which need not be asked."""
    cases = [CaseResult(case.title, case.weight, False, "not written yet") for case in exercise.all_cases()]
    return Verdict(exercise.id, 0.0, points, tuple(cases), note=_waiting(exercise))


def _not_written(exercise: Exercise, outcomes: Sequence[Outcome]) -> str:
    raising = all(o.failure and o.failure.type_name == "NotImplementedError" for o in outcomes)
    return _waiting(exercise) if raising else ""


def _waiting(exercise: Exercise) -> str:
    return f"{' and '.join(exercise.names)}: not written yet"


def _in_its_words(exercise: Exercise, name: str, sentence: str) -> KnownMistake:
    """A mistake that was recognised in general, told as the exercise tells it where its bank has it."""
    own = next((mistake for mistake in exercise.mistakes if mistake.name == name), None)
    general = {general for general, _ in wording.GENERAL.values()}
    degree = own.degree if own else ""
    degree = degree or ("detail" if name in general else "")
    return KnownMistake(name, own.sentence if own else sentence, own.section if own else "", degree=degree)


class Example(NamedTuple):
    """The arguments of a call, to make it again by hand: `args, kwargs = check(...).example()`."""

    args: tuple
    kwargs: dict


def example(exercise: Exercise, functions: Sequence[Callable], title: str = "") -> Example:
    """The arguments of the first call that went wrong, as the public seed draws them.

    Parameters
    ----------
    functions : the student's
    title : of a property; the first with a cross where it is empty

    Raises
    ------
    LookupError : no property has this title, or none has a cross
    """
    drawn = draw(exercise, PUBLIC_SEED)
    caller = LocalCaller(functions)
    for item in drawn:
        if title not in ("", item.case.title):
            continue
        outcome = caller.run(item.probe.script)
        found = _assess(exercise, item, outcome, False).result
        if title or not found.passed:
            return _arguments(item, functions, outcome)
    titles = "; ".join(repr(item.case.title) for item in drawn)
    raise LookupError(f"no property is called {title!r}; there are {titles}" if title else "every property holds")


def _arguments(item: Drawn, functions: Sequence[Callable], outcome: Outcome) -> Example:
    """What the call that went wrong was given; the first call where none did."""
    script = item.probe.script
    calls = [number for number, step in enumerate(script.steps) if step[0] == "call"]
    # Not those of the judge's own functions, by which a result is looked at.
    calls = [number for number in calls if script.steps[number][2].slot < len(functions)] or calls
    stop = outcome.failure.step if outcome.failure else calls[0]
    if not outcome.failure:
        gets = [step[1] for step in script.steps if step[0] == "get"]
        for value, want, slot in zip(outcome.values, script.wants, gets, strict=True):
            if difference(value, want):
                made = [number for number in calls if slot in script.steps[number][1]]
                stop = made[0] if made else calls[0]
                break
    runner = Runner({}, lambda number, args: script.callbacks[number](*args))
    runner.slots.update(enumerate(functions))
    runner.run(script.steps[:stop])
    _, _, function, args, kwargs = script.steps[stop]
    assert isinstance(function, Handle)
    return Example(tuple(runner.resolve(arg) for arg in args), {k: runner.resolve(v) for k, v in kwargs.items()})
