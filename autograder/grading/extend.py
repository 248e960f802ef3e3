"""A deadline of a student's own."""

from datetime import datetime

from nbgrader.api import Assignment as NbgraderAssignment
from sqlalchemy import select

from autograder.grading.assignment import Assignment
from autograder.grading.classroom import submitted_at
from autograder.grading.course import Course
from autograder.grading.deadlines import DeadlineError, own_deadline
from autograder.grading.feedback import Pages
from autograder.grading.gradebook import Book
from autograder.grading.scores import duration, entries, moment_text, points_text, reading, seconds_late

_SHOWN = 8


def extend(course: Course, name: str, student: str, until: datetime | None, seconds: float | None) -> str:
    """Give a student another deadline, with the penalty and the page that follow from it; what holds now, in words.

    Parameters
    ----------
    name : the assignment
    until : in UTC; or
    seconds : after the due date, wherever that is moved; neither for the due date itself

    Raises
    ------
    AssignmentError : no such assignment
    DeadlineError : nobody knows the student, or it would be due earlier than for the others
    """
    assignment = Assignment.load(course.source, name)
    book = Book(course.db_url, course.course_id)
    try:
        with reading(book.gradebook):
            due = book.gradebook.db.scalar(select(NbgraderAssignment.duedate).where(NbgraderAssignment.name == name))
            known = {s.id for s in book.gradebook.students}
        known |= {path.name for path in course.submitted.glob("*") if path.is_dir() and not path.name.startswith(".")}
        if student not in known:
            there = ", ".join(sorted(known)[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
            raise DeadlineError(
                f"nobody knows a student {student!r}; there are {there or 'none yet'}. Before they hand anything in: "
                f"`nbgrader db student add {student}`"
            )
        if until is not None and due is not None and until < due:
            raise DeadlineError(f"{moment_text(until)} is earlier than {name} is due, {moment_text(due)}")
        changed = book.extend(name, student, until, seconds, course.late_plugin)
        entry = entries(book.gradebook, name).get(student)
        Pages(course, assignment, book).write([student])
    finally:
        book.close()
    deadline = own_deadline(due, until, seconds)
    if deadline is None:
        return f"{name} has no due date, so nobody is late. What was given to {student} holds once it has one."
    own = f", {duration((deadline - due).total_seconds())} after the due date" if due and deadline > due else ""
    told = [f"{name} is due for {student} {moment_text(deadline)}{own}."]
    submitted = entry.submitted if entry is not None else submitted_at(course.submitted / student / name)
    if submitted is not None:
        late = seconds_late(submitted, deadline)
        told.append(f"Handed in {moment_text(submitted)}: {f'{duration(late)} late' if late else 'in time'}.")
    if student in changed:
        before, now = map(points_text, changed[student])
        told.append(f"The penalty was {before} and is {now} points.")
    return " ".join(told)
