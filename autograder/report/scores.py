"""What the gradebook holds of an assignment, for the whole class in three queries.

nbgrader's own objects ask the database anew for each student and each cell.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from nbgrader.api import BaseCell, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError


@dataclass(frozen=True)
class Mark:
    """A graded cell of one student.

    Parameters
    ----------
    points : nbgrader's score: a person's before the grader's, with extra credit; None while there is neither
    waits : whether a person is to look at it
    """

    points: float | None
    waits: bool


@dataclass(frozen=True)
class Entry:
    """What is recorded of one student's submission.

    Parameters
    ----------
    submitted : when, in UTC; None where nobody knows
    seconds_late : after the student's own due date, extensions counted
    penalty : points taken off for that
    marks : by id of the graded cell
    """

    submitted: datetime | None
    seconds_late: float
    penalty: float
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points of all cells, before the penalty."""
        return sum(mark.points or 0.0 for mark in self.marks.values())

    @property
    def total(self) -> float:
        """Points that count, as nbgrader exports them."""
        return max(0.0, self.points - self.penalty)

    @property
    def is_graded(self) -> bool:
        """Whether anybody has given any points yet."""
        return any(mark.points is not None for mark in self.marks.values())


def entries(gradebook: Gradebook, assignment: str) -> dict[str, Entry]:
    """The submissions of an assignment that the gradebook knows, by student; none where it does not know it."""
    with reading(gradebook):
        try:
            found = gradebook.find_assignment(assignment)
        except MissingEntry:
            return {}
        due, of_it = found.duedate, SubmittedAssignment.assignment_id == found.id
        penalties = dict(
            gradebook.db.execute(
                select(SubmittedAssignment.id, func.sum(SubmittedNotebook.late_submission_penalty))
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .where(of_it)
                .group_by(SubmittedAssignment.id)
            ).all()
        )
        made = {}
        query = select(
            SubmittedAssignment.id,
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
        ).where(of_it)
        for number, student, submitted, extension in gradebook.db.execute(query):
            until = due + extension if due is not None and extension is not None else due
            made[student] = Entry(submitted, seconds_late(submitted, until), penalties.get(number) or 0.0)
        query = (
            select(
                SubmittedAssignment.student_id,
                BaseCell.name,
                Grade.auto_score,
                Grade.manual_score,
                Grade.score,
                Grade.needs_manual_grade,
            )
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .where(of_it)
        )
        for student, cell, by_grader, by_person, score, waits in gradebook.db.execute(query):
            points = None if by_grader is None and by_person is None else float(score)
            made[student].marks[cell] = Mark(points, bool(waits))
        return made


def seconds_late(submitted: datetime | None, due: datetime | None) -> float:
    """How long after the due date; zero in time, and where one of the two is not known."""
    return 0.0 if submitted is None or due is None else max(0.0, (submitted - due).total_seconds())


@contextmanager
def reading(gradebook: Gradebook) -> Iterator[None]:
    """Read, and let others write again: with SQLite a transaction keeps them out until it ends."""
    try:
        yield
    except SQLAlchemyError as error:
        # It knows the grader, and that knows PyTorch: seconds that an export need not wait.
        from autograder.grading.gradebook import GradebookError

        raise GradebookError(f"the gradebook cannot be read: {getattr(error, 'orig', None) or error}") from error
    finally:
        gradebook.db.rollback()
