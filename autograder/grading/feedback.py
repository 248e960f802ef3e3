"""The feedback page of one submission: a single file without scripts or external loads.

It says what the gradebook says: a person's points and comments, penalties, the final total. It is written anew
whenever these change, from what was recorded; no student's code runs for it, and no output of theirs is shown.
"""

import errno
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from markupsafe import Markup, escape
from nbformat import NotebookNode
from nbgrader.utils import is_solution, is_task

from autograder.files import remove_leftovers, write_atomically
from autograder.grading.assignment import Assignment, answers_of, exercise_of, grade_id, is_graded
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book
from autograder.grading.receipt import leave_receipt
from autograder.grading.scores import Entry, Mark, duration, entries, moment_text, outdated, points_text, worth
from autograder.rendering import verdict_html
from autograder.verdict import Verdict

if TYPE_CHECKING:
    from jinja2 import Template

# No other student's page could be written either.
NO_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_HEAD = "<!DOCTYPE html>\n<!-- from "


@dataclass(frozen=True)
class Record:
    """What a student's page is made of.

    Parameters
    ----------
    entry : what the gradebook has
    details : what grading recorded: verdicts, notes, isolation
    notebook : the notebook that was graded, as JSON; empty where it is lost
    worth : points possible by graded cell
    voided : "full" or "out" by graded cell that is voided
    """

    assignment: str
    student: str
    entry: Entry
    details: Mapping[str, Any]
    notebook: str
    worth: Mapping[str, float]
    voided: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What tells a page that is current from one that is not."""
        parts = (self.assignment, self.student, repr(self.entry), json.dumps(self.details, sort_keys=True))
        made = hashlib.sha256(_code())
        for part in (*parts, self.notebook, repr(self.worth), repr(self.voided)):
            made.update(hashlib.sha256(part.encode(errors="backslashreplace")).digest())
        return made.hexdigest()


@dataclass(frozen=True)
class _Row:
    id: str
    exercise: str
    points: str
    summary: str
    remarks: tuple[str, ...]
    report: str
    code: str
    comment: str
    missing: bool
    again: bool


class Pages:
    """The pages of a class, from what the gradebook holds at this moment."""

    def __init__(self, course: Course, assignment: Assignment, book: Book):
        self.course, self.assignment = course, assignment
        self.details, self.voided = book.details(assignment.name), book.voided(assignment.name)
        self.worth = worth(book.gradebook, assignment.name)
        self.entries = {
            student: entry
            for student, entry in entries(book.gradebook, assignment.name).items()
            if student in self.details or entry.is_graded
        }

    def record(self, student: str) -> Record:
        """What a student's page is made of.

        Raises
        ------
        CourseError : nothing of theirs was graded
        """
        name = self.assignment.name
        if student not in self.entries:
            raise CourseError(f"nothing of {name} is graded of {student}")
        entry, details = self.entries[student], self.details.get(student, {})
        path = self.course.autograded(student, name) / f"{name}.ipynb"
        try:
            notebook = path.read_text(encoding="utf-8")
            json.loads(notebook)["cells"]
        except (OSError, ValueError, LookupError, TypeError):
            notebook = ""
        return Record(name, student, entry, details, notebook, self.worth, self.voided)

    def write(self, students: Collection[str] = ()) -> tuple[list[str], dict[str, str]]:
        """Write the pages that are not current; (whose were written, why by student whose could not be).

        Parameters
        ----------
        students : only these; all that were graded where it is empty

        Raises
        ------
        OSError : nothing can be written at all, as on a full disk
        """
        name = self.assignment.name
        written, failed = [], {}
        for student in self.entries:
            if students and student not in students:
                continue
            record = self.record(student)
            path = self.course.feedback(student, name) / f"{name}.html"
            try:
                if _is_current(path, record.digest):
                    continue
                remove_leftovers(path.parent)
                leave_receipt(self.course.submitted / student / name, record.entry.submitted, [path.parent])
                write_atomically(path, feedback_html(record))
                written.append(student)
            except OSError as error:
                if error.errno in NO_WRITING:
                    raise
                failed[student] = f"its page cannot be written: {error}"
        return written, failed


def refresh_pages(
    course: Course, name: str, students: Collection[str] = ()
) -> tuple[list[str], list[str], dict[str, str]]:
    """Write the pages of an assignment as the gradebook is now; (all, those written anew, why for those that failed).

    Raises
    ------
    AssignmentError : no such assignment
    CourseError : nothing is graded yet, or nothing of a student who is named
    DeadlineError : the late penalty's plugin fails
    """
    assignment = Assignment.load(course.source, name)
    book = Book(course.db_url, course.course_id)
    try:
        book.follow(assignment, course.late_plugin)
        pages = Pages(course, assignment, book)
        if not pages.entries:
            raise CourseError(f"nothing of {name} is graded yet: `autograder grade {name}` does it")
        unknown = [student for student in students if student not in pages.entries]
        if unknown:
            raise CourseError(f"nothing of {name} is graded of {', '.join(unknown)}")
        written, failed = pages.write(students)
        return [student for student in pages.entries if not students or student in students], written, failed
    finally:
        book.close()


def feedback_html(record: Record) -> str:
    """The page for a student."""
    cells = nbformat.v4.reads(record.notebook).cells if record.notebook else []
    graded = {grade_id(cell): cell for cell in cells if is_graded(cell)}
    answers = answers_of(cells)
    # In the notebook's order; what was added since it was graded comes last.
    names = [name for name in graded if name in record.worth] + [name for name in record.worth if name not in graded]
    rows = [_row(record, name, graded.get(name), answers.get(name, "")) for name in names]
    entry, shown = record.entry, {row.exercise for row in rows} | set(names)
    return _template().render(
        digest=record.digest,
        assignment=record.assignment,
        student=record.student,
        total=points_text(entry.total),
        points=points_text(entry.points),
        possible=points_text(sum(record.worth.values())),
        penalty=points_text(entry.points - entry.total) if entry.penalty else "",
        late=duration(entry.seconds_late) if entry.seconds_late > 0 else "",
        deadline=moment_text(entry.deadline),
        submitted=moment_text(entry.submitted),
        waiting=", ".join(row.exercise for row in rows if row.missing),
        open=points_text(sum(record.worth[name] for name, row in zip(names, rows, strict=True) if row.missing)),
        again=", ".join(row.exercise for row in rows if row.again),
        notes=record.details.get("notes", ()),
        rows=rows,
        comments=[(name, _words(text)) for name, text in entry.comments.items() if name not in shown],
        isolation=record.details.get("isolation", ""),
    )


def _row(record: Record, name: str, cell: NotebookNode | None, answer: str) -> _Row:
    by_hand = cell is not None and bool(is_solution(cell) or is_task(cell))
    exercise = exercise_of(cell) if cell is not None and not by_hand else name.removeprefix("check_")
    possible, void = record.worth[name], record.voided.get(name, "")
    mark = record.entry.marks.get(name, Mark(None, True))
    told = record.details.get("verdicts", {}).get(exercise) if not by_hand else None
    verdict = Verdict.from_dict(told) if told else None
    report: str
    if verdict:
        report = Markup(verdict_html(verdict))
        summary = ", ".join(m.replace("_", " ") for m in verdict.mistakes) or verdict.note
        summary = summary or ("" if verdict.passed else "not solved yet")
    else:
        report = _plain(cell) if cell is not None and not by_hand else ""
        summary = _told(mark, possible, by_hand)
    if void:
        summary = "does not count" if void == "out" else "full points for everybody"
    comments = [record.entry.comments[key] for key in dict.fromkeys((name, exercise)) if key in record.entry.comments]
    shown = "…" if mark.points is None else points_text(mark.points)
    return _Row(
        id=f"cell-{name}",
        exercise=exercise,
        points=f"{shown} / {points_text(possible)}",
        summary=summary,
        remarks=tuple(_remarks(record, name, mark, verdict, void)),
        report=report,
        code=answer,
        comment=Markup("<br>").join(_words(text) for text in comments),
        missing=mark.points is None and not void,
        again=mark.points is not None and mark.waits,
    )


def _told(mark: Mark, possible: float, by_hand: bool) -> str:
    """What the table says of a cell of which there is no verdict."""
    if mark.points is None:
        return "waits for a person" if by_hand else "not judged yet"
    if by_hand:
        return "read by a person" if mark.by_person is not None else "no answer"
    return "" if mark.points >= possible else "a test failed"


def _remarks(record: Record, name: str, mark: Mark, verdict: Verdict | None, void: str) -> list[str]:
    """How the points came about, where they are not just what the check gave."""
    told = []
    if void == "out":
        told.append("This exercise does not count: it was taken out of the total.")
    elif void == "full":
        told.append(f"Everybody gets the {points_text(record.worth[name])} points of this exercise.")
    if mark.by_person is not None and verdict is not None:
        told.append(f"A person gave {points_text(mark.by_person)} points, in place of the check's.")
    if mark.points is not None and mark.extra:
        told.append(f"{points_text(mark.extra)} points of these are extra credit.")
    if mark.points is not None and mark.waits:
        told.append("A person looks at this once more.")
    judged = outdated(record.entry, record.details, record.worth, record.voided)
    if name in judged:
        told.append(
            f"It was worth {points_text(judged[name])} points when it was judged, and is worth "
            f"{points_text(record.worth[name])} now: it will be judged again."
        )
    return told


def _plain(cell: NotebookNode) -> str:
    """What an instructor's own test said, as escaped text; its source stays hidden."""
    said = []
    for output in cell.outputs:
        said.append(f"{output.ename}: {output.evalue}" if output.output_type == "error" else output.get("text", ""))
    text = "\n".join(line for line in said if line)
    return Markup("<pre>{}</pre>").format(text) if text else ""


def _words(comment: str) -> Markup:
    """A person's comment, its lines kept and `code` as code."""
    lines = (re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(line))) for line in comment.strip().splitlines())
    return Markup("<br>").join(map(Markup, lines))


def _is_current(path: Path, digest: str) -> bool:
    head = _HEAD + digest
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return not path.is_symlink() and file.read(len(head)) == head
    except OSError:
        return False


@cache
def _code() -> bytes:
    """What draws a page: a page of another version is written anew."""
    folder = Path(__file__).parent
    files = folder / "feedback.html", Path(__file__), folder.parent / "rendering.py", folder.parent / "charts.py"
    return b"".join(path.read_bytes() for path in files)


@cache
def _template() -> "Template":
    # Here: where every page is current, none is drawn.
    from jinja2 import Environment, PackageLoader, select_autoescape

    return Environment(loader=PackageLoader("autograder.grading", "."), autoescape=select_autoescape()).get_template(
        "feedback.html"
    )
