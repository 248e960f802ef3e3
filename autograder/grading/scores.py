"""What the gradebook holds of an assignment, for the whole class in a few queries.

nbgrader's own objects ask the database anew for each student and each cell. Page, table, report and export all read
here, and nowhere else.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError


@dataclass(frozen=True)
class Mark:
    """A graded cell of one student.

    Parameters
    ----------
    points : nbgrader's score: a person's before the grader's, with extra credit; None while there is neither
    waits : whether a person is to look at it
    by_grader, by_person, extra : what the score is made of
    """

    points: float | None
    waits: bool
    by_grader: float | None = None
    by_person: float | None = None
    extra: float | None = None


@dataclass(frozen=True)
class Entry:
    """What is recorded of one student's submission.

    Parameters
    ----------
    submitted : when, in UTC; None where nobody knows
    seconds_late : after the student's own deadline
    penalty : points taken off for that
    marks : by id of the graded cell
    comments : a person's, by id of the cell
    deadline : the student's own, in UTC; None where nothing is due
    """

    submitted: datetime | None
    seconds_late: float
    penalty: float
    marks: dict[str, Mark] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    deadline: datetime | None = None

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


def points_text(points: float) -> str:
    """Points as every page and table writes them: as few digits as they have, and no more than four."""
    return f"{round(points, 4) + 0.0:.10g}"


def duration(seconds: float) -> str:
    """In the largest unit that fits."""
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else "less than a second"


def moment_text(when: datetime | None) -> str:
    """To the minute, in UTC."""
    return "–" if when is None else when.strftime("%Y-%m-%d %H:%M UTC")


def worth(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """What each graded cell is worth in the gradebook, by id."""
    found: dict[str, float] = {}
    with reading(gradebook):
        for kind in (GradeCell, TaskCell):
            query = select(kind.name, kind.max_score).join(Notebook, Notebook.id == kind.notebook_id)
            query = query.where(Notebook.assignment.has(name=assignment))
            found |= {name: float(points or 0.0) for name, points in gradebook.db.execute(query)}
    return found


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
            late = seconds_late(submitted, until)
            made[student] = Entry(submitted, late, penalties.get(number) or 0.0, deadline=until)
        query = (
            select(
                SubmittedAssignment.student_id,
                BaseCell.name,
                Grade.auto_score,
                Grade.manual_score,
                Grade.extra_credit,
                Grade.score,
                Grade.needs_manual_grade,
            )
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .where(of_it)
        )
        for student, cell, by_grader, by_person, extra, score, waits in gradebook.db.execute(query):
            points = None if by_grader is None and by_person is None else float(score)
            made[student].marks[cell] = Mark(points, bool(waits), by_grader, by_person, extra)
        query = (
            select(SubmittedAssignment.student_id, BaseCell.name, Comment.manual_comment)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Comment.cell_id)
            .where(of_it, Comment.manual_comment.is_not(None))
        )
        for student, cell, comment in gradebook.db.execute(query):
            if comment.strip():
                made[student].comments[cell] = comment
        return made


def outdated(
    entry: Entry, details: Mapping[str, Any], worth: Mapping[str, float], voided: Collection[str]
) -> dict[str, float]:
    """Points that cells were worth when the grader judged them, where they are worth others now and nobody gave any.

    Parameters
    ----------
    details : what grading recorded of the student
    worth : points by graded cell, now
    voided : cells whose points follow from no judgement
    """
    judged = details.get("worth", {})
    return {
        cell: judged[cell]
        for cell, points in worth.items()
        if cell not in voided
        and judged.get(cell, points) != points
        and (mark := entry.marks.get(cell)) is not None
        and mark.by_grader
        and mark.by_person is None
    }


def seconds_late(submitted: datetime | None, due: datetime | None) -> float:
    """How long after the deadline; zero in time, and where one of the two is not known."""
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
