"""Deadlines and late penalties: from the due date, a student's own deadline, their time and the plugin alone."""

import math
import re
from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import delete, insert, select, update

from autograder.grading.scores import seconds_late
from autograder.grading.tables import EXTENSIONS

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# Before the end of a day that is named alone.
_LAST = time(23, 59, 59)


class DeadlineError(Exception):
    """A time, a student or a late penalty that makes no sense; the text says why."""


def moment(text: str) -> datetime:
    """A time as it is typed, in UTC and without a zone, as nbgrader keeps it.

    Not nbgrader's own reading, which passes over a zone that it does not know. Without one it is UTC, as all of
    nbgrader's are; a day alone is its end.

    Raises
    ------
    DeadlineError : no time, or a zone that nobody knows

    Examples
    --------
    >>> str(moment("2026-10-07 18:00 Europe/Berlin")), str(moment("2026-10-07T18:00-04:00"))
    ('2026-10-07 16:00:00', '2026-10-07 22:00:00')
    >>> str(moment("2026-10-07"))
    '2026-10-07 23:59:59'
    """
    words = re.sub(r" (?=[+-]\d\d:?\d\d$)", "", " ".join(text.split()))
    zone: tzinfo = UTC
    if found := re.fullmatch(r"(.*\d) ([A-Za-z][A-Za-z0-9_+/-]*)", words):
        words = found[1]
        try:
            zone = UTC if found[2] in ("UTC", "GMT", "Z") else ZoneInfo(found[2])
        except (KeyError, ValueError, OSError):
            raise DeadlineError(
                f"nobody knows the time zone {found[2]!r}: write UTC, or a name such as Europe/Berlin"
            ) from None
    try:
        when = datetime.fromisoformat(words)
        if _DAY.fullmatch(words):
            when = datetime.combine(when, _LAST)
        return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise DeadlineError(
            f"{text!r} is no time: write it as '2026-10-07 18:00 UTC', '2026-10-07 18:00 Europe/Berlin' or '2026-10-07'"
        ) from None


def own_deadline(due: datetime | None, until: datetime | None, seconds: float | None) -> datetime | None:
    """A student's deadline, never before the due date; None where nothing is due."""
    if due is None:
        return None
    return max(due, until or due + timedelta(seconds=seconds or 0.0))


def own_deadlines(gradebook: Gradebook, assignment: str) -> dict[str, datetime | None]:
    """The deadlines that were given to students of an assignment, whether or not they have handed in."""
    due = gradebook.db.scalar(select(Assignment.duedate).where(Assignment.name == assignment))
    query = select(EXTENSIONS).where(EXTENSIONS.c.assignment == assignment)
    return {row.student: own_deadline(due, row.until, row.seconds) for row in gradebook.db.execute(query)}


def extend(
    gradebook: Gradebook, assignment: str, student: str, until: datetime | None, seconds: float | None = None
) -> None:
    """Give a student a deadline in place of any other: a time, or seconds after the due date, wherever that moves."""
    where = (EXTENSIONS.c.assignment == assignment) & (EXTENSIONS.c.student == student)
    gradebook.db.execute(delete(EXTENSIONS).where(where))
    if until is None and seconds is None:
        query = select(SubmittedAssignment).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        where = (Assignment.name == assignment) & (SubmittedAssignment.student_id == student)
        for submission in gradebook.db.scalars(query.where(where)):
            submission.extension = None
        gradebook.db.flush()
        return
    row = {"assignment": assignment, "student": student, "until": until, "seconds": seconds, "written": None}
    gradebook.db.execute(insert(EXTENSIONS).values(row))


def settle(
    gradebook: Gradebook, assignment: str, late: Any, students: Collection[str] = ()
) -> dict[str, tuple[float, float]]:
    """Bring deadlines and penalties up to date; (before, now) of each student whose penalty changed.

    Parameters
    ----------
    late : nbgrader's late submission plugin
    students : only these; all where it is empty

    Raises
    ------
    DeadlineError : the plugin fails, or gives no number
    """
    found = gradebook.db.execute(select(Assignment.id, Assignment.duedate).where(Assignment.name == assignment)).first()
    if found is None:
        return {}
    number, due = found
    where = SubmittedAssignment.assignment_id == number
    if students:
        where &= SubmittedAssignment.student_id.in_(list(students))
    _enter_extensions(gradebook, assignment, where, due)
    query = (
        select(
            SubmittedNotebook.id,
            SubmittedNotebook.late_submission_penalty,
            SubmittedNotebook.score,
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
        )
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(where)
    )
    changed: dict[str, tuple[float, float]] = {}
    for notebook, before, score, student, submitted, extension in gradebook.db.execute(query).all():
        until = due + extension if due is not None and extension is not None else due
        now = _penalty(late, student, float(score), seconds_late(submitted, until))
        # PostgreSQL keeps it with fewer digits than it was given.
        if (before is None) != (now is None) or not math.isclose(before or 0.0, now or 0.0, rel_tol=1e-6):
            where = SubmittedNotebook.id == notebook
            gradebook.db.execute(update(SubmittedNotebook).where(where).values(late_submission_penalty=now))
            if not math.isclose(before or 0.0, now or 0.0, rel_tol=1e-6):
                changed[student] = (before or 0.0, now or 0.0)
    return changed


def _enter_extensions(gradebook: Gradebook, assignment: str, where: Any, due: datetime | None) -> None:
    """Put the deadlines that we keep where nbgrader looks for them: as a distance from the due date."""
    query = select(EXTENSIONS).where(EXTENSIONS.c.assignment == assignment)
    ours = {row.student: row for row in gradebook.db.execute(query)}
    if not ours:
        return
    for submission in gradebook.db.scalars(select(SubmittedAssignment).where(where)):
        row = ours.get(submission.student_id)
        if row is None:
            continue
        this = (EXTENSIONS.c.assignment == assignment) & (EXTENSIONS.c.student == row.student)
        there = None if submission.extension is None else submission.extension.total_seconds()
        if there is not None and row.written is not None and there != row.written:
            # Somebody gave another since, by nbgrader's grant_extension.
            gradebook.db.execute(delete(EXTENSIONS).where(this))
            continue
        until = own_deadline(due, row.until, row.seconds)
        # nbgrader fails on an extension of what is never due.
        wanted = None if due is None or until is None or until == due else (until - due).total_seconds()
        if wanted != there:
            submission.extension = None if wanted is None else timedelta(seconds=wanted)
        if wanted != row.written:
            gradebook.db.execute(update(EXTENSIONS).where(this).values(written=wanted))
    gradebook.db.flush()


def _penalty(late: Any, student: str, score: float, seconds: float) -> float | None:
    """The late penalty as nbgrader's AssignLatePenalties gives it: between 0 and the score."""
    if seconds <= 0:
        return None
    name = f"{type(late).__module__}.{type(late).__name__}"
    try:
        penalty = late.late_submission_penalty(student, score, seconds)
    except Exception as error:
        message = f"the late penalty of {student}: {name} fails with {type(error).__name__}: {error}"
        raise DeadlineError(message) from error
    if penalty is None:
        return None
    try:
        number = float(penalty)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise DeadlineError(f"the late penalty of {student}: {name} gives {penalty!r}, which is no number")
    return min(max(number, 0.0), max(score, 0.0))
