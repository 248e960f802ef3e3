"""Grades a class: every submission of an assignment, in several processes, resuming where it stopped."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.utils import parse_utc

from autograder.files import remove_leftovers, write_atomically
from autograder.grading import intake
from autograder.grading.assignment import Assignment
from autograder.grading.course import Course, CourseError
from autograder.grading.feedback import NO_WRITING, Pages
from autograder.grading.flights import Flights, set_aside
from autograder.grading.gradebook import Book, NotRecorded
from autograder.grading.graded import Graded, key
from autograder.grading.receipt import leave_receipt
from autograder.grading.scores import points_text
from autograder.sandbox.process import Limits

if TYPE_CHECKING:
    from autograder.sandbox.levels import Level

# Submissions and results wait in memory: a submission has up to 20 MB.
_FLYING_BYTES = 256 * 2**20
# The next submission lies ready while a result is written.
_FLYING_EACH = 2


@dataclass(frozen=True)
class Result:
    """What came of one student's submission.

    Parameters
    ----------
    graded : None where the recorded result still holds, or grading failed
    error : why it could not be graded at all; a fault of the grader or the machine, never the student's
    """

    student: str
    graded: Graded | None
    error: str = ""


@dataclass(frozen=True)
class _Task:
    """A submission's bytes, or why they are refused.

    `kills` counts the processes that were killed beside or on it; `alone` says that a whole grader was.
    """

    student: str
    data: bytes | None
    reason: str
    key: str
    kills: int = 0
    alone: bool = False

    @property
    def is_suspect(self) -> bool:
        """Whether nothing else may be graded meanwhile."""
        return self.alone or self.kills > 0


class Stopped(Exception):
    """The run cannot go on; the text says why."""


def grade_class(
    course: Course,
    name: str,
    secret: str,
    level: "Level | Callable[[], Level]",
    *,
    students: Sequence[str] = (),
    workers: int | None = None,
    force: bool = False,
    former: Sequence[str] = (),
    executor: Executor | None = None,
    progress: Callable[[int], object] = lambda total: None,
    tell: Callable[[str], object] = lambda text: None,
) -> Generator[Result, None, None]:
    """Grade what lies in the submitted folder, and record each result as soon as it is there.

    However many submissions there are, no more than a few are in memory.

    Parameters
    ----------
    course, name : the assignment
    secret : what hidden inputs are drawn from
    level : the isolation in force, or what finds it, in a process that grades
    students : only these; all where it is empty
    workers : how many processes; the number of cores by default
    force : also where the recorded result still holds
    former : secrets that were in use before: what was graded with them still holds
    executor : any of concurrent.futures in place of processes of this machine; it may tell its changing `size()`
    progress : told the number of submissions
    tell : told what else has changed: exercises that were removed or voided, penalties

    Raises
    ------
    AssignmentError, CourseError : nothing can be graded
    DeadlineError : the late penalty's plugin fails; the rest is done
    GradebookError, OSError, Stopped : nothing more can be recorded, or graded; what is recorded stays
    """
    assignment = Assignment.load(course.source, name)
    names = _students(course, name, students)
    progress(len(names))
    flights = Flights(course.root, name)
    book = Book(course.db_url, course.course_id)
    try:
        for change in book.register(assignment):
            tell(change)
        times: dict[str, datetime | None] = {}
        waiting = _Waiting(course, assignment, (secret, *former), book, flights, force, set(students))
        count, tasks = _ahead(waiting.tasks(names), workers or os.cpu_count() or 1)
        grader = _Grader(
            flights,
            (assignment, secret, course.limits),
            level,
            (lambda: _processes(count)) if executor is None else (lambda: nullcontext(executor)),
            getattr(executor, "size", lambda: count),
            here=executor is None,
        )
        with closing(grader.run(tasks)) as answers:
            for task, graded, error in answers:
                if graded is not None and graded.key != task.key:
                    graded, error = None, "it was graded by another version of autograder: install this one there"
                if graded is not None:
                    error = _record(course, assignment, task.student, graded, book)
                elif not error:
                    times[task.student] = submitted_at(course.submitted / task.student / name)
                flights.end(task.student)
                yield Result(task.student, None if error else graded, error)
        yield from _publish(course, assignment, book, times, tell)
    finally:
        flights.close()
        book.close()


def _students(course: Course, name: str, students: Sequence[str]) -> Sequence[str]:
    """Who is graded."""
    submitted = course.submitted
    there = sorted(p.parent.name for p in submitted.glob(f"*/{name}") if not p.parent.name.startswith("."))
    unknown = [student for student in students if student not in there]
    if unknown:
        raise CourseError(f"no submission of {name} by {', '.join(unknown)} in {submitted}")
    if not there:
        raise CourseError(
            f"no submissions of {name} in {submitted}: they lie in {submitted}/STUDENT/{name}/{name}.ipynb"
        )
    return list(dict.fromkeys(students)) or there


_Answer = tuple[_Task, Graded | None, str]


def _ahead(tasks: Iterator[_Task | _Answer], most: int) -> tuple[int, Iterator[_Task | _Answer]]:
    """How many are to be graded, `most` at most: more processes would have nothing to do; and all tasks."""
    seen: list[_Task | _Answer] = []
    count = 0
    while count < most and (task := next(tasks, None)) is not None:
        seen.append(task)
        count += isinstance(task, _Task)
    return count, chain(seen, tasks)


@dataclass(frozen=True)
class _Waiting:
    """Finds what is to be graded.

    Parameters
    ----------
    secrets : the one in use, and former ones
    named : the students who were asked for by name
    """

    course: Course
    assignment: Assignment
    secrets: tuple[str, ...]
    book: Book
    flights: Flights
    force: bool
    named: set[str]

    def tasks(self, students: Sequence[str]) -> Iterator[_Task | _Answer]:
        """Tasks, read when they are asked for, the dangerous ones last; an answer where there is nothing to do."""
        suspects = []
        for student in students:
            found = self._task(student)
            if isinstance(found, _Task) and found.alone:
                suspects.append(student)
            else:
                yield found
        # Read again: however many they are, no more than a few are in memory.
        for student in suspects:
            yield self._task(student)

    def _task(self, student: str) -> _Task | _Answer:
        name = self.assignment.name
        unfit = intake.unfit_name(student)
        if unfit:
            return _Task(student.encode(errors="backslashreplace").decode(), None, "", ""), None, unfit
        data, reason = None, ""
        try:
            data = intake.read(self.course.submitted / student / name / f"{name}.ipynb", self.course.submitted)
        except intake.Refused as error:
            reason = str(error)
        keys = (key(self.assignment, data, reason, secret) for secret in self.secrets)
        task = _Task(student, data, reason, next(keys))
        recorded = self.book.key_of(name, student)
        there = _graded_file(self.course, student, name).exists()
        if there and not self.force and recorded in (task.key, *keys):
            return replace(task, data=None), None, ""
        if self.flights.is_set_aside(student, task.key) and student not in self.named and not self.force:
            return replace(task, data=None), None, set_aside(name, student)
        return replace(task, alone=self.flights.deaths(student, task.key) > 0)


def _grade(assignment: Assignment, data: bytes | None, reason: str, secret: str, limits: Limits, level: Any) -> Graded:
    """Grade in this process; the isolation is that of the machine it is on."""
    # Here: who hands out the work needs no PyTorch.
    from autograder.grading.grader import grade

    return grade(assignment, data, reason, secret, limits, level() if callable(level) else level)


def _processes(count: int) -> AbstractContextManager[Executor]:
    if not count:
        return nullcontext(Executor())
    # Here: where there is nothing to grade, nothing of it is needed.
    from autograder.grading.pool import processes

    return processes(count)


def _try(pool: Executor) -> None:
    """See whether processes that do nothing at all are killed too."""
    try:
        pool.submit(int).result()
    except BrokenExecutor:
        raise Stopped("grading processes end as soon as they start (out of memory?)") from None


class _Grader:
    """Hands out tasks to processes and hands on what comes back.

    Parameters
    ----------
    flights : where it is noted what is being graded
    arguments : of `grade` but for the submission and the level: assignment, secret, limits
    level : as for `grade_class`
    pool : makes an executor; anew where its processes were killed
    size : how many processes grade at this moment
    here : whether all processes are of this machine: then the level that one finds is that of all
    """

    def __init__(
        self,
        flights: Flights,
        arguments: tuple,
        level: "Level | Callable[[], Level]",
        pool: Callable[[], AbstractContextManager[Executor]],
        size: Callable[[], int],
        *,
        here: bool,
    ):
        self.flights, self.arguments, self.level, self.pool, self.size = flights, arguments, level, pool, size
        self.here = here
        self.flying: dict[Future, _Task] = {}
        self.suspects: deque[_Task] = deque()

    def run(self, tasks: Iterable[_Task | _Answer]) -> Generator[_Answer, None, None]:
        """Answers in the order in which they come."""
        tasks = iter(tasks)
        with self.pool() as pool:
            broken = yield from self._until_broken(pool, tasks)
        while broken:
            with self.pool() as pool:
                _try(pool)
                broken = yield from self._until_broken(pool, tasks)

    def _until_broken(self, pool: Executor, tasks: Iterator[_Task | _Answer]) -> Generator[_Answer, None, bool]:
        """Answers until there are no more, or a process of the pool was killed; whether it was."""
        try:
            while True:
                broken = yield from self._submit(pool, tasks)
                if not self.flying:
                    return broken
                # In a broken pool all tasks fail, one after the other.
                done, _ = wait(self.flying, return_when=FIRST_COMPLETED)
                while done:
                    future = done.pop()
                    task = self.flying.pop(future)
                    answer = self._answer(future, task)
                    del future
                    if answer:
                        yield answer
                    else:
                        broken = True
                    del answer
                if broken:
                    for future in list(self.flying):
                        answer = self._answer(future, self.flying.pop(future))
                        if answer:
                            yield answer
                    return True
        finally:
            for future in self.flying:
                future.cancel()

    def _submit(self, pool: Executor, tasks: Iterator[_Task | _Answer]) -> Generator[_Answer, None, bool]:
        """Fill up what is in flight; whether the pool turned out to be broken."""
        while self._has_room():
            task = self.suspects.popleft() if self.suspects else next(tasks, None)
            if task is None:
                break
            if not isinstance(task, _Task):
                yield task
                continue
            if task.alone and self.flying:
                self.suspects.append(task)
                continue
            self.flights.begin(task.student, task.key, alone=task.is_suspect)
            assignment, secret, limits = self.arguments
            level = self._found(pool)
            try:
                future = pool.submit(_grade, assignment, task.data, task.reason, secret, limits, level)
            except BrokenExecutor:
                self.suspects.appendleft(task)
                return True
            self.flying[future] = task
        return False

    def _found(self, pool: Executor) -> "Level | Callable[[], Level]":
        """The level that one process has found for all of them; elsewhere each finds its own."""
        if self.here and callable(self.level):
            try:
                self.level = pool.submit(self.level).result()
            except BrokenExecutor:
                raise Stopped("a grading process was killed as it tried the isolation (out of memory?)") from None
        return self.level

    def _has_room(self) -> bool:
        flying = self.flying.values()
        if not flying:
            return True
        if self.suspects or any(task.is_suspect for task in flying):
            return False
        held = sum(len(task.data or b"") for task in flying)
        return len(flying) < _FLYING_EACH * max(self.size(), 1) and held < _FLYING_BYTES

    def _answer(self, future: Future, task: _Task) -> _Answer | None:
        """What came of a task; None where it is to be tried again, alone."""
        try:
            return task, future.result(), ""
        except BrokenExecutor:
            # Once among others, whose fault it may have been, and twice alone.
            if task.kills == 2:
                return task, None, "the grading process was killed twice on this submission alone (out of memory?)"
            self.suspects.append(replace(task, kills=task.kills + 1))
            return None
        except CancelledError:
            raise Stopped("the grading task was cancelled: the scheduler is gone, or somebody stopped it") from None
        except Exception as error:
            return task, None, f"the grader failed: {type(error).__name__}: {error}"


def _record(course: Course, assignment: Assignment, student: str, graded: Graded, book: Book) -> str:
    """Write the graded notebook, then the gradebook: a result that is recorded is there in full; what went wrong."""
    try:
        file = _graded_file(course, student, assignment.name)
        remove_leftovers(file.parent)
        write_atomically(file, graded.notebook)
        submission = course.submitted / student / assignment.name
        timestamp = submitted_at(submission)
        leave_receipt(submission, timestamp, [file.parent])
        book.record(assignment, student, graded, timestamp, course.late_plugin)
    except NotRecorded as error:
        return f"the gradebook does not take it: {error}"
    except OSError as error:
        if error.errno in NO_WRITING:
            raise
        return f"its files cannot be written: {error}"
    return ""


def _publish(
    course: Course,
    assignment: Assignment,
    book: Book,
    times: Mapping[str, datetime | None],
    tell: Callable[[str], object],
) -> Iterator[Result]:
    """Penalties and pages of the whole class as they are now; whose page could not be written.

    Parameters
    ----------
    times : when the submissions came whose result still holds
    """
    name = assignment.name
    try:
        changed = book.settle(name, course.late_plugin, times)
        if changed:
            each = (f"{who} {points_text(then)} → {points_text(now)}" for who, (then, now) in sorted(changed.items()))
            tell(f"penalties changed for {len(changed)}: {', '.join(each)}")
        for student, when in times.items():
            leave_receipt(course.submitted / student / name, when, [course.autograded(student, name)])
    finally:
        _, failed = Pages(course, assignment, book).write()
    for student, why in failed.items():
        yield Result(student, None, why)


def _graded_file(course: Course, student: str, name: str) -> Path:
    return course.autograded(student, name) / f"{name}.ipynb"


def submitted_at(folder: Path) -> datetime | None:
    """When a submission came, from nbgrader's timestamp.txt; None where there is none that can be read."""
    path = folder / "timestamp.txt"
    try:
        return parse_utc(intake.read(path, folder)[:200].decode().strip())
    except (intake.Refused, ValueError, OverflowError):
        return None
