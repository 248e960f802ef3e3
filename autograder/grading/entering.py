"""A student's submission in nbgrader's gradebook, as nbgrader itself enters it, by statements of SQL.

Its own objects take ten times as long: for each of them it asks the database again.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update

_assignment: Table = Assignment.__table__
_notebook: Table = Notebook.__table__
_cell: Table = BaseCell.__table__
_student: Table = Student.__table__
_submission: Table = SubmittedAssignment.__table__
_submitted: Table = SubmittedNotebook.__table__
_grade: Table = Grade.__table__
_comment: Table = Comment.__table__

# Which cells have a grade, and which a comment.
_GRADED, _COMMENTED = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")


def enter(database: Connection, assignment: str, student: str, timestamp: datetime | None) -> str:
    """Enter that a student has submitted an assignment that is registered; the id of their notebook.

    Parameters
    ----------
    timestamp : when, in UTC
    """
    if database.scalar(select(_student.c.id).where(_student.c.id == student)) is None:
        database.execute(insert(_student).values(id=student))
    of = database.execute(select(_assignment.c.id).where(_assignment.c.name == assignment)).scalar_one()
    query = select(_submission.c.id, _submission.c.timestamp)
    found = database.execute(
        query.where(_submission.c.assignment_id == of, _submission.c.student_id == student)
    ).first()
    if found is None:
        return _new(database, of, assignment, student, timestamp)
    if found.timestamp != timestamp:
        database.execute(update(_submission).where(_submission.c.id == found.id).values(timestamp=timestamp))
    query = select(_submitted.c.id).join(_notebook, _notebook.c.id == _submitted.c.notebook_id)
    return database.execute(
        query.where(_submitted.c.assignment_id == found.id, _notebook.c.name == assignment)
    ).scalar_one()


def _new(database: Connection, of: str, assignment: str, student: str, timestamp: datetime | None) -> str:
    submission, made = new_uuid(), {}
    row = {"id": submission, "assignment_id": of, "student_id": student, "timestamp": timestamp}
    database.execute(insert(_submission).values(row))
    query = select(_notebook.c.id, _notebook.c.name).where(_notebook.c.assignment_id == of)
    for notebook in database.execute(query).all():
        made[notebook.name] = number = new_uuid()
        database.execute(
            insert(_submitted).values(id=number, assignment_id=submission, notebook_id=notebook.id, flagged=False)
        )
        cells = database.execute(select(_cell.c.id, _cell.c.type).where(_cell.c.notebook_id == notebook.id)).all()
        for table, types in ((_grade, _GRADED), (_comment, _COMMENTED)):
            rows = [{"cell_id": cell.id, "notebook_id": number} for cell in cells if cell.type in types]
            if rows:
                database.execute(insert(table), rows)
    return made[assignment]


def grades_of(database: Connection, notebook: str) -> list[Row]:
    """Of each graded cell of a student's notebook `id`, `name`, `auto_score`, `manual_score`, `extra_credit` and
    `needs_manual_grade`."""
    query = select(
        _grade.c.id,
        _cell.c.name,
        _grade.c.auto_score,
        _grade.c.manual_score,
        _grade.c.extra_credit,
        _grade.c.needs_manual_grade,
    )
    return list(
        database.execute(query.join(_cell, _cell.c.id == _grade.c.cell_id).where(_grade.c.notebook_id == notebook))
    )


def enter_grades(database: Connection, changed: Mapping[str, tuple[float | None, bool]]) -> None:
    """Enter (points of the grader, whether a person is to look) by id of the grade."""
    rows = [{"number": number, "points": points, "waits": waits} for number, (points, waits) in changed.items()]
    if rows:
        change = update(_grade).where(_grade.c.id == bindparam("number"))
        database.execute(change.values(auto_score=bindparam("points"), needs_manual_grade=bindparam("waits")), rows)


def enter_comments(database: Connection, notebook: str, unanswered: Collection[str]) -> None:
    """Enter which cells of a student's notebook are still as they were released."""
    query = select(_comment.c.id, _cell.c.name, _comment.c.auto_comment)
    query = query.join(_cell, _cell.c.id == _comment.c.cell_id).where(_comment.c.notebook_id == notebook)
    rows: list[dict[str, Any]] = []
    for comment in database.execute(query):
        text = "No response." if comment.name in unanswered else None
        if comment.auto_comment != text:
            rows.append({"number": comment.id, "text": text})
    if rows:
        change = update(_comment).where(_comment.c.id == bindparam("number"))
        database.execute(change.values(auto_comment=bindparam("text")), rows)
