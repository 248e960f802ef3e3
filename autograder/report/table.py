"""The gradebook of an assignment as a table for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from autograder.grading.assignment import Source
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.report.scores import entries


def class_table(course: Course, name: str) -> str:
    """Student by exercise: points, the mistakes that were named, and where the feedback lies."""
    book = Book(course.db_url, course.course_id)
    try:
        details = book.details(name)
        # A person's points count, whatever the grader gave.
        for student, entry in entries(book.gradebook, name).items():
            if student in details:
                points = {cell: mark.points for cell, mark in entry.marks.items() if mark.points is not None}
                details[student]["scores"] |= points
    finally:
        book.close()
    details = {printable(student): told for student, told in details.items()}
    worth = Source.read(course.source, name).worth
    return "\n".join([points_table(worth, details), "", *_told(course, name, details)])


def points_table(worth: Mapping[str, float], details: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each student, one column for each graded cell; … for what waits for a person."""
    header = ["student", "total", *(_short(cell) for cell in worth)]
    possible = ["out of", f"{sum(worth.values()):g}", *(f"{points:g}" for points in worth.values())]
    rows = [possible]
    for student in sorted(details):
        scores = details[student]["scores"]
        cells = ["…" if scores.get(cell) is None else f"{scores[cell]:g}" for cell in worth]
        rows.append([student, f"{sum(points or 0 for points in scores.values()):g}", *cells])
    return _upright(header, rows)


def _upright(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Long column names stand above narrow columns, numbered."""
    names = [f"{number:>3}  {name}" for number, name in enumerate(header[2:], 1)]
    top = [*header[:2], *(str(number) for number in range(1, len(names) + 1))]
    table = [top, *rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(top))]
    lines = [
        row[0].ljust(widths[0])
        + "  "
        + "  ".join(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in table
    ]
    half = (len(names) + 1) // 2
    left = max(map(len, names), default=0)
    second = [*names[half:], ""][:half]
    columns = [f"{a.ljust(left)}   {b}".rstrip() for a, b in zip(names[:half], second, strict=True)]
    return "\n".join([*columns, "", lines[0], "─" * len(lines[0]), *lines[1:]])


def printable(student: str) -> str:
    """A student's id, which is a folder's name, without what would steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in student)


def _short(cell: str) -> str:
    return cell.removeprefix("check_")


def _told(course: Course, name: str, details: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The mistakes and notes of each student who has any, and the place of the feedback."""
    lines = []
    for student in sorted(details):
        said = []
        for exercise, verdict in details[student]["verdicts"].items():
            said += [f"{exercise}: {known['name'].replace('_', ' ')}" for known in verdict["known"]]
        said += details[student]["notes"]
        if said:
            lines.append(f"{student}: " + "; ".join(said))
    where = course.feedback("STUDENT", name) / f"{name}.html"
    return [*lines, "", f"Feedback: {where.relative_to(course.root)}"]
