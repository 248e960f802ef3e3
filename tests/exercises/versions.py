"""Held-out versions of a topic's exercises, wrong and right, in one format, and the tests that they are put to.

A topic's file registers functions where they stand, and edits of an exercise's right solution as a block of text:

    versions = Versions()

    @versions.wrong("momentum", "keeps_own_w")      # and the mistakes by whose names it may be called; none: no name
    def its_own_w(w, grad, state, *, lr, momentum=0.9): ...

    @versions.right("momentum")
    def one_line(w, grad, state, *, lr, momentum=0.9): ...

    versions.edits("momentum", '''
    clipped: + grad -> + np.clip(grad, -1, 1)
    damped = damped_gradient: + grad -> + (1 - momentum) * grad
    ''')

    test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()

Where the check takes several functions, a version stands for the right one that has the same arguments, or is a
function without arguments, decorated with `remembers=True`, that returns all of them, anew for each verdict.
"""

import re
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from unittest import mock

import pytest

from autograder import exercises
from autograder.judge import Slip, judge, recognition
from autograder.judge.mistakes import Solution, in_place
from autograder.judge.script import LocalCaller
from autograder.verdict import Verdict

SEEDS = ("public", "secret")
_HEADER = re.compile(r"(?P<label>\w+)(?: = (?P<names>\w+(?:, \w+)*))?:(?P<edit> .*)?")


def verdict_on(exercise_id: str, *functions: Callable, seed: str = "public") -> Verdict:
    """The verdict on functions that stand for all that the check takes, worth 10 points."""
    return judge(exercises.load(exercise_id), LocalCaller(functions), points=10, seed=seed)


@dataclass(frozen=True)
class Version:
    """One version: how its functions are made, and the names that a wrong one may be called by."""

    exercise_id: str
    label: str
    make: Callable[[], tuple[Callable, ...]]
    names: tuple[str, ...] = ()
    most: float = 10.0


class Versions:
    """The versions of a topic."""

    def __init__(self) -> None:
        self.wrongs: list[Version] = []
        self.rights: list[Version] = []

    def wrong(
        self, exercise_id: str, *names: str, remembers: bool = False, label: str = "", most: float = 10.0
    ) -> Callable[[Callable], Callable]:
        """Registers a wrong version: it must lose points (keep fewer than `most`) and be called by no other name."""

        def register(function: Callable) -> Callable:
            made = _maker(exercise_id, function, remembers)
            self.wrongs.append(Version(exercise_id, label or function.__name__, made, names, most))
            return function

        return register

    def right(self, exercise_id: str, *, remembers: bool = False, label: str = "") -> Callable[[Callable], Callable]:
        """Registers a right version: it must keep every point."""

        def register(function: Callable) -> Callable:
            self.rights.append(
                Version(exercise_id, label or function.__name__, _maker(exercise_id, function, remembers))
            )
            return function

        return register

    def edits(self, exercise_id: str, text: str, *, right: bool = False) -> None:
        """Registers versions that are edits of the right one, wrong or `right`.

        A block is `label = mistake, mistake: fragment -> other`, or such lines below it.
        """
        for block in re.split(r"\n(?=\w)", textwrap.dedent(text).strip()):
            first, *more = block.splitlines()
            head = _HEADER.fullmatch(first)
            assert head, f"{exercise_id}: {first!r} is no `label: fragment -> other`"
            lines = [*([head["edit"]] if head["edit"] else []), *more]
            pairs = [[side.strip() for side in line.split("->", 1)] for line in lines]
            slip = Slip(head["label"], dict(pairs), "-")
            names = tuple((head["names"] or "").split(", ")) if head["names"] else ()

            def make(slip: Slip = slip) -> tuple[Callable, ...]:
                return Solution(exercises.load(exercise_id).right).bound(slip).functions

            (self.rights if right else self.wrongs).append(Version(exercise_id, head["label"], make, names))

    def tests(self) -> tuple[Callable, Callable]:
        """The two tests of a topic's file."""

        # All versions of an exercise are judged with one of the seeds, in turns: what it draws, what the bank answers
        # and the bank's pairs are made once. A seed is nothing that an exercise knows of.
        ids = list(dict.fromkeys(v.exercise_id for v in (*self.wrongs, *self.rights)))
        turn = {exercise_id: SEEDS[k % 2] for k, exercise_id in enumerate(ids)}
        turns = [(v, SEEDS[0] if len(v.names) > 1 else turn[v.exercise_id]) for v in self.wrongs]

        @pytest.mark.parametrize(("version", "seed"), turns, ids=[f"{_name(v)}-{seed}" for v, seed in turns])
        def test_wrong(version, seed):
            with nullcontext() if seed == SEEDS[0] else without_pairs():
                verdict = verdict_on(version.exercise_id, *version.make(), seed=seed)
            assert not verdict.passed and verdict.points < version.most, str(verdict)
            assert set(verdict.mistakes) <= set(version.names), verdict.mistakes
            assert verdict.mistakes or not version.names, f"not recognised as {version.names}"

        @pytest.mark.parametrize("version", self.rights, ids=_name)
        def test_right(version):
            verdict = verdict_on(version.exercise_id, *version.make(), seed=turn[version.exercise_id])
            assert verdict.passed, [(case.title, case.message, case.line) for case in verdict.cases if not case.passed]

        return test_wrong, test_right


def without_pairs():
    """Recognition without the pairs of slips, whose composing takes a second for each exercise, seed and process."""
    return mock.patch.object(recognition._Bank, "pair", lambda bank, student: None)


def _name(version: Version) -> str:
    return f"{version.exercise_id}-{version.label}"


def _maker(exercise_id: str, function: Callable, remembers: bool) -> Callable[[], tuple[Callable, ...]]:
    def make() -> tuple[Callable, ...]:
        if remembers:
            made = function()
            return made if isinstance(made, tuple) else (made,)
        return in_place(function, exercises.load(exercise_id).right)

    return make
