"""All answers to one question, to read and to mark: a page, a table to fill, and the way back into the gradebook.

Who wrote an answer is hidden behind letters that only the course's secret leads from. Each row bears a version: of the
answer, and of the marks it had. So nothing is written to an answer that has changed, or over marks that somebody gave
elsewhere meanwhile.
"""

import csv
import hashlib
import hmac
import io
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import nbformat
from jinja2 import Template
from markupsafe import Markup
from nbgrader.utils import is_grade, is_solution

from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.grading.marks import ByHand
from autograder.grading.secret import secret
from autograder.grading.whose import Person
from autograder.report.output import ReportError, csv_text, is_guarded
from autograder.report.page import template

# More than this of one answer is not shown.
_MOST = 20_000
_MARKS = "answer", "read", "points", "out_of", "comment"


@dataclass(frozen=True)
class Question:
    """A cell that a person marks.

    Parameters
    ----------
    prompt : as it was released
    model : the solution's answer
    """

    assignment: str
    id: str
    out_of: float
    prompt: str
    model: str


@dataclass(frozen=True)
class Answer:
    """One student's answer.

    Parameters
    ----------
    key : letters that stand for the student
    mark : what the gradebook has
    is_empty : nothing was written
    """

    student: str
    key: str
    text: str
    mark: ByHand
    is_empty: bool

    @property
    def version(self) -> str:
        """Of the text, and of the mark."""
        return f"{_letters(self.text)}-{_version(self.mark)}"


@dataclass(frozen=True)
class Answers:
    """All answers to a question.

    Parameters
    ----------
    people : the roster
    comments : that can be used again, the most frequent first
    """

    question: Question
    answers: tuple[Answer, ...]
    people: Mapping[str, Person]
    comments: tuple[str, ...] = ()

    @property
    def unread(self) -> "Answers":
        """Those that wait for a person."""
        return replace(self, answers=tuple(answer for answer in self.answers if not answer.mark.is_read))


@dataclass(frozen=True)
class Written:
    """What came of reading a table back.

    Parameters
    ----------
    written, same : how many rows changed something, and did not
    refused : (row, why) of those that were not written
    unread : how many answers still wait
    """

    written: int
    same: int
    refused: tuple[tuple[str, str], ...]
    unread: int


def answers(course: Course, name: str, question: str, comments: Sequence[str] = ()) -> Answers:
    """Read all answers that were graded; in no order that tells anything.

    Parameters
    ----------
    question : id of its cell; where it is empty, the one there is
    comments : more that can be used again

    Raises
    ------
    AssignmentError : no such assignment
    ReportError : no such question, or nothing graded yet
    GradebookError : the gradebook cannot be read
    """
    asked = _question(course, name, question)
    nothing = ReportError(f"nothing of {name} is graded yet: `autograder grade {name}` does it")
    if not course.has_gradebook:
        raise nothing
    book = Book(course.db_url, course.course_id)
    try:
        marks = book.by_hand(name, asked.id)
        people = {person.id: person for person in book.people()}
    finally:
        book.close()
    if not marks:
        raise nothing
    key = secret(course.root).encode()
    found = []
    for student, mark in marks.items():
        text = _text(course, student, name, asked)
        hidden = hmac.new(key, f"{name}/{asked.id}/{student}".encode(), hashlib.sha256).digest()
        found.append(Answer(student, _spelled(hidden), text, mark, _plain(text) in ("", _plain(asked.prompt))))
    used = Counter(mark.comment for mark in marks.values() if mark.comment)
    again = dict.fromkeys([*comments, *(comment for comment, _ in used.most_common())])
    return Answers(asked, tuple(sorted(found, key=lambda answer: answer.key)), people, tuple(again))


def comments_in(path: Path) -> list[str]:
    """The comments of a file, one in a line.

    Raises
    ------
    ReportError : it cannot be read
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read as text in UTF-8: {error}") from None
    return [line.strip() for line in lines if line.strip()]


def _question(course: Course, name: str, question: str) -> Question:
    assignment = Assignment.load(course.source, name)
    asked = {grade_id(cell): cell for cell in assignment.notebook.cells if is_grade(cell) and is_solution(cell)}
    if not question and len(asked) == 1:
        question = next(iter(asked))
    if question not in asked:
        there = f"there are {', '.join(asked)}" if asked else "none is marked by a person"
        raise ReportError(f"{name} has no question {question!r}: {there}")
    solved = nbformat.read(course.source / name / f"{name}.ipynb", as_version=4)
    model = next((cell.source for cell in solved.cells if grade_id(cell) == question), "")
    model = "\n".join(line for line in model.split("\n") if line.strip() not in _MARKERS).strip()
    cell = asked[question]
    return Question(name, question, float(cell.metadata.nbgrader["points"]), cell.source, model)


_MARKERS = "### BEGIN SOLUTION", "### END SOLUTION"


def _text(course: Course, student: str, name: str, question: Question) -> str:
    """What stands in the graded notebook, which formgrader shows."""
    path = course.autograded(student, name) / f"{name}.ipynb"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = next(c["source"] for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == question.id)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return "(the graded notebook cannot be read: grade it again)"
    text = source if isinstance(source, str) else "".join(source)
    return text if len(text) <= _MOST else f"{text[:_MOST]} … ({len(text)} characters)"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _spelled(digest: bytes) -> str:
    """Letters alone: spreadsheets make numbers and dates of anything else."""
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:8])


def _letters(text: str) -> str:
    return _spelled(hashlib.sha256(text.encode(errors="replace")).digest())


def _version(mark: ByHand) -> str:
    points = "" if mark.points is None else f"{mark.points:.10g}"
    return _letters(f"{points}\0{_clean(mark.comment)}\0{mark.is_read}")


def _clean(comment: str) -> str:
    return "\n".join(line.rstrip() for line in comment.splitlines()).strip()


def answers_csv(found: Answers, names: bool) -> str:
    """The table to fill: change `points` and `comment`, or `read` to `yes`.

    Parameters
    ----------
    names : whether it says who wrote an answer
    """
    who = ["student", "last_name", "first_name"] if names else []
    rows: list[Sequence[str | float | None]] = [[*_MARKS, *who, "text", "version"]]
    for answer in found.answers:
        person = found.people.get(answer.student, Person(answer.student))
        is_read = "yes" if answer.mark.is_read else "no"
        row = [answer.key, is_read, answer.mark.points, found.question.out_of, _clean(answer.mark.comment)]
        row += [person.id, person.last_name, person.first_name] if names else []
        rows.append([*row, answer.text, answer.version])
    # Spreadsheets know by the mark at the beginning that it is UTF-8.
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + csv_text(rows)


def answers_page(found: Answers, names: bool, file: str) -> str:
    """The page: it loads nothing, and its one script keeps what is typed and saves the table.

    Parameters
    ----------
    names : whether it says who wrote an answer
    file : the table's name
    """
    digest = b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return _template().render(
        found=found, question=found.question, names=names, file=file, script=Markup(_script()), digest=digest
    )


@cache
def _script() -> str:
    return (Path(__file__).parent / "answers_page.js").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    return template("answers_page.html", clean=_clean, number=lambda value: "" if value is None else f"{value:.10g}")


@dataclass(frozen=True)
class _Row:
    """A row of a table that was filled."""

    key: str
    mark: ByHand
    text_version: str
    mark_version: str

    @property
    def is_filled(self) -> bool:
        """Whether anything in it is not as it was given out."""
        return _version(self.mark) != self.mark_version


def has_marks(path: Path, found: Answers) -> bool:
    """Whether a table holds marks that are not in the gradebook yet, so that it must not be overwritten."""
    marks = {answer.key: answer.mark for answer in found.answers}
    try:
        rows = _rows(path)
    except ReportError:
        # It is none of ours, or somebody has made something else of it.
        return path.exists()
    return any(row.is_filled and _version(marks.get(row.key, row.mark)) != _version(_given(row)) for row, _ in rows)


def _given(row: _Row) -> ByHand:
    """The mark that a row gives: who changes points or a comment has read the answer."""
    return replace(row.mark, is_read=row.mark.points is not None and (row.mark.is_read or row.is_filled))


def read_back(course: Course, name: str, question: str, path: Path, force: bool = False) -> Written:
    """Write the marks of a table into the gradebook, where formgrader shows them.

    Parameters
    ----------
    force : also over marks that somebody gave elsewhere since; never to an answer that has changed

    Raises
    ------
    ReportError : it is no such table; nothing is written
    """
    found = answers(course, name, question)
    by_key = {answer.key: answer for answer in found.answers}
    marks: dict[str, ByHand] = {}
    refused = []
    same = 0
    for row, problem in _rows(path):
        answer = by_key.get(row.key)
        if answer is None:
            problem = problem or "there is no such answer: is the table of another question?"
        elif not problem and row.is_filled:
            problem = _problem(row, answer, found.question, force)
        if problem:
            refused.append((row.key, problem))
        elif answer is None or not row.is_filled or _version(_given(row)) == _version(answer.mark):
            same += 1
        elif answer.student in marks and marks[answer.student] != _given(row):
            refused.append((row.key, "it stands in the table twice, with other marks"))
        else:
            marks[answer.student] = _given(row)
    if marks:
        book = Book(course.db_url, course.course_id)
        try:
            book.mark(name, found.question.id, marks)
        finally:
            book.close()
    unread = sum(not marks.get(answer.student, answer.mark).is_read for answer in found.answers)
    return Written(len(marks), same, tuple(refused), unread)


def _problem(row: _Row, answer: Answer, question: Question, force: bool) -> str:
    points = row.mark.points
    if points is not None and not 0 <= points <= question.out_of:
        return f"{points:g} points are not between 0 and {question.out_of:g}"
    if row.text_version != _letters(answer.text):
        return "the answer has changed since: read it again"
    if row.mark_version != _version(answer.mark) and _version(_given(row)) != _version(answer.mark) and not force:
        now = "nothing" if answer.mark.points is None else f"{answer.mark.points:g} points"
        return f"somebody has marked it since ({now}): --force writes over that"
    if points is None and row.mark.is_read and answer.mark.points is None:
        return "it has no points"
    return ""


def _rows(path: Path) -> list[tuple[_Row, str]]:
    """The rows of a table, each with what is wrong with it.

    Raises
    ------
    ReportError : it is no such table
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise ReportError(f"{path} is not in UTF-8: save it as “CSV UTF-8”") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ReportError(f"{path} is no table: {error}") from None
    head = [cell.strip().lower() for cell in table[0]] if table else []
    if missing := [name for name in ("answer", "points", "comment", "read", "version") if name not in head]:
        raise ReportError(f"{path} has no column {', '.join(missing)}")
    rows = []
    for cells in table[1:]:
        row = dict(zip(head, [*cells, *[""] * len(head)], strict=False))
        if any(cells):
            rows.append(_row(row))
    return rows


def _row(row: Mapping[str, str]) -> tuple[_Row, str]:
    comment, problem, points = _clean(row["comment"]), "", None
    if comment.startswith("'") and is_guarded(comment[1:]):
        comment = comment[1:]
    given = row["points"].strip().replace(",", ".")
    if given:
        try:
            points = float(given)
        except ValueError:
            problem = f"{given!r} is no number of points"
    is_read = row["read"].strip().lower() in ("yes", "y", "true", "1", "x")
    text_version, _, mark_version = row["version"].strip().partition("-")
    return _Row(row["answer"].strip(), ByHand(points, comment, is_read), text_version, mark_version), problem
