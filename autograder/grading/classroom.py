"""Grades a class: every submission of an assignment, in several processes, resuming where it stopped."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.files import write_atomically
from autograder.grading import intake
from autograder.grading.assignment import Assignment
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book
from autograder.grading.grader import Graded, grade, key
from autograder.report.feedback import feedback_html
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits


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
    student: str
    data: bytes | None
    reason: str


def grade_class(
    course: Course,
    name: str,
    secret: str,
    level: Level,
    *,
    students: Sequence[str] = (),
    workers: int | None = None,
    force: bool = False,
    executor: Executor | None = None,
    progress: Callable[[int], object] = lambda total: None,
) -> Iterator[Result]:
    """Grade what lies in the submitted folder, and record each result as soon as it is there.

    Parameters
    ----------
    course, name : the assignment
    secret : what hidden inputs are drawn from
    level : the isolation in force
    students : only these; all where it is empty
    workers : how many processes; the number of cores by default
    force : also where the recorded result still holds
    executor : any of concurrent.futures in place of processes of this machine
    progress : told the number of submissions

    Raises
    ------
    AssignmentError, CourseError : nothing can be graded
    """
    assignment = Assignment.load(course.source, name)
    tasks = _tasks(course, name, students)
    progress(len(tasks))
    book = Book(course.db_url, course.course_id)
    try:
        book.register(assignment)
        waiting = []
        for task in tasks:
            same = book.key_of(name, task.student) == key(assignment, task.data, task.reason, secret)
            if same and not force and (course.autograded(task.student, name) / f"{name}.ipynb").exists():
                yield Result(task.student, None)
            else:
                waiting.append(task)
        if not waiting:
            return
        for task, graded, error in _graded(assignment, waiting, secret, course.limits, level, workers, executor):
            if graded is None:
                yield Result(task.student, None, error)
                continue
            _write_files(course, assignment, task.student, graded)
            timestamp = submitted_at(course.submitted / task.student / name)
            book.record(assignment, task.student, graded, timestamp, course.late_plugin)
            yield Result(task.student, graded)
    finally:
        book.close()


def _tasks(course: Course, name: str, students: Sequence[str]) -> list[_Task]:
    """The submissions' bytes, or why they are refused."""
    submitted = course.submitted
    there = sorted(p.parent.name for p in submitted.glob(f"*/{name}") if not p.parent.name.startswith("."))
    unknown = [student for student in students if student not in there]
    if unknown:
        raise CourseError(f"no submission of {name} by {', '.join(unknown)} in {submitted}")
    if not there:
        raise CourseError(
            f"no submissions of {name} in {submitted}: they lie in {submitted}/STUDENT/{name}/{name}.ipynb"
        )
    tasks = []
    for student in students or there:
        try:
            tasks.append(_Task(student, intake.read(submitted / student / name / f"{name}.ipynb", submitted), ""))
        except intake.Refused as error:
            tasks.append(_Task(student, None, str(error)))
    return tasks


def _graded(
    assignment: Assignment,
    tasks: Sequence[_Task],
    secret: str,
    limits: Limits,
    level: Level,
    workers: int | None,
    executor: Executor | None,
) -> Iterator[tuple[_Task, Graded | None, str]]:
    """Results in the order in which they come."""
    count = min(workers or os.cpu_count() or 1, len(tasks))
    pool = executor or ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = {pool.submit(grade, assignment, t.data, t.reason, secret, limits, level): t for t in tasks}
        for future in as_completed(futures):
            task = futures[future]
            try:
                yield task, future.result(), ""
            except BrokenProcessPool:
                yield task, None, "a grading process was killed (out of memory?): run the same command again"
            except Exception as error:
                yield task, None, f"the grader failed: {type(error).__name__}: {error}"
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_files(course: Course, assignment: Assignment, student: str, graded: Graded) -> None:
    name = assignment.name
    write_atomically(course.autograded(student, name) / f"{name}.ipynb", graded.notebook)
    write_atomically(course.feedback(student, name) / f"{name}.html", feedback_html(name, student, graded))


def submitted_at(folder: Path) -> datetime | None:
    """When a submission came, from nbgrader's timestamp.txt; None where there is none that can be read."""
    path = folder / "timestamp.txt"
    try:
        return parse_utc(intake.read(path, folder)[:200].decode().strip())
    except (intake.Refused, ValueError, OverflowError):
        return None
