"""Facts: what is true of a wrong answer that no mistake of the bank explains.

Each is seen in every answer that it speaks of, and says no more than is seen. None holds a number of the student's, so
that it can be told where the inputs are hidden.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from autograder.judge.compare import agree, difference, tolerance
from autograder.judge.exercise import Exercise
from autograder.judge.recognition import Answers, Drawn, answers_of
from autograder.judge.script import Script, Want
from autograder.judge.wording import GENERAL
from autograder.verdict import CaseResult
from autograder.worker.calls import Outcome
from autograder.worker.wire import Handle

_MOST = 2
_RAISED = {
    "KeyError": "`{f}` raises a KeyError in its first step: the state is `{{}}` before it. Ask with "
    "`state.get(key, 0.0)`.",
    "UnboundLocalError": "`{f}` uses a variable before it is assigned.",
}
# What NumPy says of `if array`.
_AMBIGUOUS = "truth value of an array"


def facts(
    exercise: Exercise,
    drawn: Sequence[Drawn],
    outcomes: Sequence[Outcome],
    results: Sequence[CaseResult],
    ask: Callable[[Script], Outcome],
) -> tuple[str, ...]:
    """What is true of the answers, the most telling first; `ask` runs a script once more."""
    answers = {
        k: found
        for k, (item, out) in enumerate(zip(drawn, outcomes, strict=True))
        if (found := answers_of(item, out)) and not item.case.get("rounding")
    }
    said = [
        *_raising(exercise, drawn, outcomes),
        *(_remembering(exercise, drawn, answers) or _changing(exercise, drawn, outcomes, ask)),
        *_about_cases(drawn, results),
        *_about_results(exercise, answers, drawn),
    ]
    return tuple(dict.fromkeys(said))[:_MOST]


def _raising(exercise: Exercise, drawn: Sequence[Drawn], outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A first step that finds nothing in the state; an array that is asked for one yes or no."""
    failures = [(item, out.failure) for item, out in zip(drawn, outcomes, strict=True) if out.failure]
    for f in dict.fromkeys(
        item.probe.function or exercise.names[-1] for item, f in failures if _AMBIGUOUS in f.message
    ):
        yield (
            f"`{f}` asks a whole array for one yes or no (`if x > 0`, `max(0, x)`). Decide element by element: "
            "`np.where(x > 0, this, that)`, `np.maximum(x, 0)`."
        )
    if failures and len(failures) == len(drawn):
        types = {failure.type_name for _, failure in failures}
        first = all(not item.probe.script.calls.get(f.step, "").startswith("step 2") for item, f in failures)
        if len(types) == 1 and first and (sentence := _RAISED.get(types.pop())):
            yield sentence.format(f=exercise.names[-1])


def _remembering(exercise: Exercise, drawn: Sequence[Drawn], answers: Mapping[int, Answers]) -> list[str]:
    """The same calls made again, whose answers are not the first ones, right or wrong."""
    for k, found in answers.items():
        if drawn[k].case.get("mode") != "again":
            continue
        for pairs in found.results.values():
            first, again = ([pair for pair in pairs if pair[1].role == role] for role in ("value", "again"))
            if any(not agree(now, then, want) for (then, want), (now, _) in zip(first, again, strict=False)):
                return [_gives_another(exercise, drawn[k])]
    return []


def _changing(
    exercise: Exercise, drawn: Sequence[Drawn], outcomes: Sequence[Outcome], ask: Callable[[Script], Outcome]
) -> list[str]:
    """A case that went wrong, asked once more: where it raises, the property that asks twice has nothing to compare."""
    if any(out.failure and out.failure.kind != "raised" for out in outcomes):
        return []
    for item, outcome in zip(drawn, outcomes, strict=True):
        first = answers_of(item, outcome)
        if item.probe.findings or item.probe.script.allowance or not (first and any(map(first.wrong, first.results))):
            continue
        second = answers_of(item, ask(item.probe.script))
        same = second and all(first.equal(second, name) for name in first.results)
        return [] if same else [_gives_another(exercise, item)]
    return []


def _gives_another(exercise: Exercise, item: Drawn) -> str:
    return GENERAL["again"][1].format(f=item.probe.function or exercise.names[-1])


def _about_cases(drawn: Sequence[Drawn], results: Sequence[CaseResult]) -> Iterator[str]:
    """Where every ordinary case is right."""
    crosses = [item.case for item, result in zip(drawn, results, strict=True) if result.failed]
    if not crosses or any(result.open for result in results):
        return
    about = {case.about or ("dtype" if case.get("dtype") == "float32" else "") for case in crosses}
    says = {
        "dtype": "In float64 every answer is right; in float32 alone it is not.",
        "shapes": "The numbers are right for ordinary shapes, and wrong where two lengths are equal or one is 1: does "
        "an axis, a mask or a divisor depend on which shape it sees?",
        "layout": "The numbers are right, but not for arrays that lie otherwise in memory (transposed, sliced, "
        "read-only). Index and reshape without writing into a view.",
        "ties": "Ordinary numbers are right; zeros or equal numbers among the inputs are not.",
        "range": "Numbers near 1 are right; much smaller or larger ones beside them, or many, are not.",
    }
    if len(about) == 1 and (sentence := says.get(about.pop())):
        yield sentence


def _about_results(exercise: Exercise, answers: Mapping[int, Answers], drawn: Sequence[Drawn]) -> Iterator[str]:
    names = list(dict.fromkeys(name for found in answers.values() for name in found.results))
    wrong = {name: [k for k, a in answers.items() if name in a.results and a.wrong(name)] for name in names}
    bad = [name for name in names if wrong[name]]
    for name in bad:
        pairs = [(drawn[k], got, want) for k in wrong[name] for got, want in answers[k].results[name]]
        pairs = [(item, got, want) for item, got, want in pairs if difference(got, want)]
        for sentence in (_swapped(name, names, answers), *_about_numbers(exercise, name, pairs)):
            if sentence:
                partly = any(not a.wrong(name) and _is_not_0(a, name) for a in answers.values() if name in a.results)
                yield sentence.replace("everywhere", "wherever it is wrong") if partly else sentence
                break
    good = [name for name in names if name not in bad]
    if good and bad:
        yield f"Right: {_listed(good)}. Wrong: {_listed(bad)}."
    only_square = _only_square(exercise, answers, drawn)
    if only_square:
        yield only_square


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _swapped(name: str, names: Sequence[str], answers: Mapping[int, Answers]) -> str:
    """Two results of different values that stand in each other's place."""
    for other in names:
        if other <= name:
            continue
        both = [a for a in answers.values() if name in a.results and other in a.results]
        pairs = [p for a in both for p in zip(a.results[name], a.results[other], strict=False)]
        told_apart = any(difference(mine[1].value, other_[1]) for mine, other_ in pairs)
        crossed = all(
            not difference(mine[0], other_[1]) and not difference(other_[0], mine[1]) for mine, other_ in pairs
        )
        if pairs and told_apart and crossed:
            return f"`{name}` and `{other}` have changed places."
    return ""


def _about_numbers(exercise: Exercise, name: str, pairs: Sequence[tuple[Drawn, object, Want]]) -> Iterator[str]:
    """What all wrong answers of one result have in common."""
    if pairs and all(_is_dict(got) and isinstance(want.value, np.ndarray) for _, got, want in pairs):
        if any(step[0] == "call" and len(step[1]) > 1 for item, *_ in pairs for step in item.probe.script.steps):
            yield f"`{name}` is a dict where an array is asked for: are the results in another order?"
        return
    arrays = [
        (item, np.asarray(got, np.float64), np.asarray(want.value, np.float64), want)
        for item, got, want in pairs
        if _is_number(got) and _is_number(want.value)
    ]
    if not arrays or len(arrays) < len(pairs):
        return
    if all(got.shape != exact.shape for _, got, exact, _ in arrays):
        if all(got.size == exact.size and _close(got.ravel(), exact.ravel(), want) for _, got, exact, want in arrays):
            yield f"The numbers of `{name}` are right, its shape is not."
        elif all(got.T.shape == exact.shape and _close(got.T, exact, want) for _, got, exact, want in arrays):
            yield f"`{name}` is transposed."
        return
    if any(got.shape != exact.shape for _, got, exact, _ in arrays):
        return
    if all(not got.any() for _, got, _, _ in arrays) and any(exact.any() for _, _, exact, _ in arrays):
        yield f"`{name}` is 0 everywhere."
        return
    if all(_close(-got, exact, want) for _, got, exact, want in arrays):
        yield f"`{name}` has the wrong sign, and is right otherwise."
        return
    if _capped([(got, exact) for _, got, exact, _ in arrays]):
        yield (
            f"`{name}` has a ceiling: where it should be large, it is one and the same smaller number. Does a clip, or "
            "a small number in a logarithm, keep it down?"
        )
        return
    yield from _too_large(exercise, name, arrays)


def _capped(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether single numbers are too small, and the largest of them, not all, are equal where they should differ."""
    if any(got.size != 1 or not np.isfinite(got).all() or (got >= exact).any() for got, exact in pairs):
        return False
    top = max(got.item() for got, _ in pairs)
    if all(got.item() == top for got, _ in pairs):
        return False
    there = [exact.item() for got, exact in pairs if abs(got.item() - top) <= 1e-6 * abs(top)]
    return max(there) > 1.01 * min(there) > 0


def _too_large(
    exercise: Exercise, name: str, arrays: Sequence[tuple[Drawn, np.ndarray, np.ndarray, Want]]
) -> Iterator[str]:
    """One factor in all places: a fixed one, or a size of the case that is not the same in all of them."""
    if sum(exact.size for _, _, exact, _ in arrays) < 4:
        return

    def fits(factors: Sequence[float | None], inverse: bool) -> bool:
        for factor, (_, got, exact, want) in zip(factors, arrays, strict=True):
            if factor is None:
                return False
            with np.errstate(all="ignore"):
                scaled = got * factor if inverse else got / factor
            if not _close(scaled, exact, want):
                return False
        return True

    for factor in (2, 3, 4):
        if fits([factor] * len(arrays), False):
            yield f"`{name}` is {factor} times too large everywhere."
            return
        if fits([factor] * len(arrays), True):
            yield f"`{name}` is {factor} times too small everywhere."
            return
    # The standard cases call several times with lengths of their own.
    arrays = [entry for entry in arrays if not entry[0].case.about]
    for size, words in exercise.sizes_in_words().items():
        lengths = [item.case.get(size) for item, *_ in arrays]
        if len(set(lengths)) < 2 or None in lengths:
            continue
        for inverse, says in ((False, "large"), (True, "small")):
            if fits(lengths, inverse):
                yield f"`{name}` is {size.upper()} times too {says}, {words}."
                return


def _only_square(exercise: Exercise, answers: Mapping[int, Answers], drawn: Sequence[Drawn]) -> str:
    """Right in the cases all of whose sizes are equal, and in no other."""
    sizes = list(exercise.sizes_in_words())
    square: list[bool] = []
    other: list[bool] = []
    for k, found in answers.items():
        if drawn[k].case.about:
            continue
        lengths = [drawn[k].case.get(size) for size in sizes]
        if len(lengths) < 2 or None in lengths:
            continue
        (square if len(set(lengths)) == 1 and lengths[0] > 1 else other).append(any(map(found.wrong, found.results)))
    if square and other and not any(square) and all(other):
        return f"It is right only where {' = '.join(size.upper() for size in sizes)}."
    return ""


def _is_not_0(found: Answers, name: str) -> bool:
    """Whether another number than 0 is wanted there."""
    return any(_is_number(want.value) and np.any(want.value) for _, want in found.results[name])


def _is_dict(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, Handle) and value.type_name == "dict")


def _is_number(value: object) -> bool:
    return isinstance(value, float | int | np.ndarray | np.generic) and np.asarray(value).dtype.kind in "fiu"


def _close(got: np.ndarray, exact: np.ndarray, want: Want) -> bool:
    rtol, atol = tolerance(want)
    atol = np.max(atol) if np.size(atol) else 0.0
    with np.errstate(all="ignore"):
        return bool((np.abs(got - exact) <= 2 * (atol + rtol * np.abs(exact))).all())
