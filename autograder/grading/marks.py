"""What a person gives for a cell, in nbgrader's gradebook, and who is in it: for all students at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from autograder.grading.whose import Person


@dataclass(frozen=True)
class ByHand:
    """What a person gave for a cell.

    Parameters
    ----------
    points : theirs, else the grader's; None where there are none
    is_read : whether nobody needs to look at it any more
    """

    points: float | None
    comment: str
    is_read: bool


def people(gradebook: Gradebook) -> list[Person]:
    """The roster, by id."""
    return [
        Person(s.id, s.last_name or "", s.first_name or "", s.email or "", s.lms_user_id or "")
        for s in sorted(gradebook.students, key=lambda student: student.id)
    ]


def by_hand(gradebook: Gradebook, assignment: str, cell: str) -> dict[str, ByHand]:
    """What stands of a cell, by student."""
    notebooks = (
        select(SubmittedNotebook.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .where(Assignment.name == assignment)
    )
    of_it = BaseCell.name == cell, SubmittedNotebook.id.in_(notebooks)
    # nbgrader has a cell of its own for the points, and one for the comment.
    comments = (
        select(SubmittedNotebook.id, Comment.manual_comment)
        .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Comment.cell_id)
        .where(*of_it)
    )
    grades = (
        select(SubmittedAssignment.student_id, SubmittedNotebook.id, Grade)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .where(*of_it)
    )
    said = dict(gradebook.db.execute(comments).all())
    return {
        student: ByHand(
            grade.manual_score if grade.manual_score is not None else grade.auto_score,
            said.get(notebook) or "",
            not grade.needs_manual_grade,
        )
        for student, notebook, grade in gradebook.db.execute(grades)
    }


def mark(gradebook: Gradebook, assignment: str, cell: str, marks: Mapping[str, ByHand]) -> None:
    """Enter what a person gave for a cell, by student, as formgrader does."""
    for student, given in marks.items():
        grade = gradebook.find_grade(cell, assignment, assignment, student)
        if given.points != grade.auto_score or grade.manual_score is not None:
            grade.manual_score = given.points
        has_points = grade.manual_score is not None or grade.auto_score is not None
        grade.needs_manual_grade = not (given.is_read and has_points)
        gradebook.find_comment(cell, assignment, assignment, student).manual_comment = given.comment or None
