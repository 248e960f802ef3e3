"""The gradebook of an assignment as a table for the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.grading.registration import short
from autograder.grading.scores import Entry, entries, outdated, points_text, reading, worth


def class_table(course: Course, name: str, students: Sequence[str] = ()) -> str:
    """Student by exercise: points, late penalties, the mistakes that were named, and where the feedback lies.

    `students`: only these; all where it is empty.
    """
    book = Book(course.db_url, course.course_id)
    try:
        details, possible, voided = book.details(name), worth(book.gradebook, name), book.voided(name)
        with reading(book.gradebook):
            names = {s.id: f"{s.first_name or ''} {s.last_name or ''}".strip() for s in book.gradebook.students}
        recorded = {
            student: entry
            for student, entry in entries(book.gradebook, name).items()
            if (not students or student in students) and (student in details or entry.is_graded)
        }
    finally:
        book.close()
    cells = [grade_id(cell) for cell in Assignment.load(course.source, name).notebook.cells]
    possible = {cell: possible[cell] for cell in cells if cell in possible}
    old = [who for who, entry in recorded.items() if outdated(entry, details.get(who, {}), possible, voided)]
    told = _told(course, name, {_who(who, names): details[who] for who in recorded if who in details})
    if old:
        told.insert(0, f"Judged when points were others, `autograder grade {name}` judges again: {', '.join(old)}")
    table = points_table(possible, {_who(who, names): entry for who, entry in recorded.items()})
    return "\n".join([table, "", *told])


def points_table(worth: Mapping[str, float], recorded: Mapping[str, Entry]) -> str:
    """One line for each student, one column for each graded cell; … for what waits for a person."""
    late = any(entry.penalty for entry in recorded.values())
    header = ["student", "total", *(short(cell) for cell in worth)]
    possible = ["out of", points_text(sum(worth.values())), *map(points_text, worth.values())]
    rows = [possible]
    for student in sorted(recorded):
        entry = recorded[student]
        points = [entry.marks[cell].points if cell in entry.marks else None for cell in worth]
        rows.append([student, points_text(entry.total), *("…" if p is None else points_text(p) for p in points)])
        if late:
            rows[-1].append(f"−{points_text(entry.points - entry.total)}" if entry.penalty else "")
    if late:
        header.append("penalty for handing in late")
        possible.append("")
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


def _who(student: str, names: Mapping[str, str]) -> str:
    """A student's id, and the name where the gradebook has one."""
    name = names.get(student)
    return printable(f"{student} ({name})" if name else student)


def _told(course: Course, name: str, details: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The mistakes and notes of each student who has any, and the place of the feedback."""
    lines = []
    for student in sorted(details):
        said = []
        verdicts = details[student]["verdicts"]
        right = accuracies(verdicts)
        for exercise, verdict in verdicts.items():
            said += [f"{exercise}: {right[exercise]:.1%} right"] if exercise in right else []
            said += [f"{exercise}: {known['name'].replace('_', ' ')}" for known in verdict["known"]]
        said += details[student]["notes"]
        if said:
            lines.append(f"{student}: " + "; ".join(said))
    return [*lines, "", f"Feedback: {feedback_place(course, name)}"]


def accuracies(verdicts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The share of unseen samples that is right, by exercise that measures it; `verdicts` as they are recorded."""
    measured = {exercise: verdict.get("measured", {}) for exercise, verdict in verdicts.items()}
    return {exercise: found["accuracy"] for exercise, found in measured.items() if "accuracy" in found}


def feedback_place(course: Course, name: str) -> Path:
    """Where the students' pages lie."""
    return (course.feedback("STUDENT", name) / f"{name}.html").relative_to(course.root)
