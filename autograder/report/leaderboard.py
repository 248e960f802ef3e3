"""Who is how good, where an exercise measures that: accuracy by place, without names unless they are asked for."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.report.output import ReportError, csv_text
from autograder.report.page import template
from autograder.report.table import accuracies, printable

_COLUMNS = ("place", "who", "accuracy", "shifted", "noisy", "ece", "seconds", "points")


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard.

    Parameters
    ----------
    place : 1 for the best; those who are as good share one. None for a solution to compare with
    who : the student's name or id where names are shown; empty where they are not
    accuracy, shifted, noisy : shares of the unseen images that are right
    ece : expected calibration error
    seconds : processor time of the training
    points : the check's
    """

    place: int | None
    who: str
    accuracy: float
    shifted: float | None = None
    noisy: float | None = None
    ece: float | None = None
    seconds: float | None = None
    points: float | None = None

    @property
    def shown(self) -> list[str]:
        """Its cells as text."""
        shares = ["" if v is None else f"{v:.1%}" for v in (self.accuracy, self.shifted, self.noisy)]
        others = ("" if v is None else form.format(v) for v, form in ((self.ece, "{:.3f}"), (self.seconds, "{:.1f}")))
        points = "" if self.points is None else f"{self.points:.10g}"
        return ["" if self.place is None else str(self.place), self.who, *shares, *others, points]


def leaderboard(course: Course, assignment: str, *, names: bool = False) -> list[Standing]:
    """The standings of an assignment, the best first, with the plain solutions that were measured beside them.

    Without `names` no line says whose it is; students know theirs by the numbers of their feedback.

    Raises
    ------
    ReportError : nothing was measured
    """
    book = Book(course.db_url, course.course_id)
    try:
        details = book.details(assignment)
        people = {person.id: person.name for person in book.people()}
    finally:
        book.close()
    found = [(student, verdict) for student, told in details.items() if (verdict := measured(told))]
    if not found:
        raise ReportError(f"{assignment}: no graded submission has a measured accuracy: is this the capstone?")
    # Among equals the order must not be that of the names.
    found.sort(key=lambda one: (-one[1]["measured"]["accuracy"], hashlib.sha256(one[0].encode()).digest()))
    standings = []
    for student, verdict in found:
        m = verdict["measured"]
        place = 1 + sum(other["measured"]["accuracy"] > m["accuracy"] for _, other in found)
        who = people.get(student) or student
        who = f"{student} ({who})" if names and who != student else student if names else ""
        numbers = (m["accuracy"], m["shifted"], m["noisy"], m["ece"], m["train_seconds"], verdict["points"])
        standings.append(Standing(place, who, *numbers))
    others = found[0][1]["measured"]["neighbours"]
    standings += [Standing(None, name, told[0], seconds=told[1]) for name, told in others.items()]
    return sorted(standings, key=lambda one: -one.accuracy)


def measured(details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The verdict of a student's recorded details that has a measured accuracy."""
    verdicts = details.get("verdicts", {})
    return next((verdicts[exercise] for exercise in accuracies(verdicts)), None)


def leaderboard_text(standings: Sequence[Standing]) -> str:
    """The standings for a terminal."""
    table = [list(_COLUMNS), *([printable(cell) for cell in standing.shown] for standing in standings)]
    widths = [max(len(row[k]) for row in table) for k in range(len(_COLUMNS))]
    lines = []
    for row in table:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        cells[1] = row[1].ljust(widths[1])
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def leaderboard_csv(standings: Sequence[Standing]) -> str:
    """A row for each standing, numbers as numbers."""
    rows: list[Sequence[str | float | None]] = [_COLUMNS]
    for one in standings:
        rows.append([one.place, one.who, one.accuracy, one.shifted, one.noisy, one.ece, one.seconds, one.points])
    return csv_text(rows)


def leaderboard_page(standings: Sequence[Standing], assignment: str) -> str:
    """The page: nothing is loaded from elsewhere, and no script runs."""
    named = any(one.place and one.who for one in standings)
    return template("leaderboard_page.html").render(standings=standings, assignment=assignment, named=named)
