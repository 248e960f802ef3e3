"""nbgrader's autograde by our grader: set in nbgrader_config.py, used by `nbgrader autograde` and formgrader's button.

Stock autograde has two passes, one from submitted/ to a sanitized notebook in autograded/ and one that runs it. Ours
grades and records in the first pass, where the file that was submitted is still at hand, and writes the student's page
in the second. Stock generate_feedback writes that page too.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.preprocessors import SaveCells as StockSaveCells
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool

from autograder.grading import intake
from autograder.grading.assignment import Assignment, grade_id, is_check, released_source
from autograder.grading.classroom import submitted_at
from autograder.grading.course import Course, CourseError
from autograder.grading.feedback import Pages, feedback_html
from autograder.grading.flights import Flights, set_aside
from autograder.grading.gradebook import Book
from autograder.grading.graded import key
from autograder.grading.receipt import leave_receipt
from autograder.grading.secret import SecretError, secret
from autograder.sandbox.levels import Level, NoIsolation, find

_SOLUTION_MARK = re.compile(r"^### (BEGIN|END) SOLUTION$", re.MULTILINE)


def register_assignment(assignment: str, **_: Any) -> None:
    """Enter the assignment in the gradebook as it is now, though it was released with other cells or points.

    nbgrader's generate_assignment does it too, but passes over an assignment that is released already, and refuses
    once submissions have come.
    """
    course = Course.at(Path.cwd())
    with _book(course) as book:
        book.register(Assignment.load(course.source, assignment))
        book.settle(assignment, course.late_plugin, {})


@contextmanager
def _book(course: Course) -> Iterator[Book]:
    book = Book(course.db_url, course.course_id)
    try:
        yield book
    finally:
        book.close()


class SaveCells(NbGraderPreprocessor):
    """In nbgrader's generate_assignment: enters the assignment's cells, where nbgrader refuses to too.

    What a person gave for an exercise that was removed is set aside, and all else stays.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        told = resources["nbgrader"]
        if told["assignment"] != told["notebook"]:
            return StockSaveCells(parent=self.parent).preprocess(nb, resources)
        course = Course.at(Path.cwd())
        with _book(course) as book:
            for change in book.register(Assignment(told["assignment"], nb, "")):
                self.log.warning("%s: %s", told["assignment"], change)
        return nb, resources


class HideTests(NbGraderPreprocessor):
    """Takes the hidden tests' text out of the page that `nbgrader generate_feedback` makes for a student."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        for cell in filter(is_check, nb.cells):
            # Not nbgrader's ClearHiddenTests: it fails where a student's own cell holds its marks.
            cell.source = released_source(cell, "# (hidden tests)\n")
        return nb, resources


class HideOutputs(NbGraderPreprocessor):
    """Takes what the student's own cells put out from the page that a student gets: it could hold a hidden input."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        for cell in nb.cells:
            if cell.cell_type == "code" and not is_check(cell):
                cell.outputs = []
        return nb, resources


class ModelAnswers(NbGraderPreprocessor):
    """Shows who grades by hand what the solution says, above the student's text; on formgrader's page alone."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        # Every HTML of nbgrader's comes through here, the students' feedback too; this id has formgrader's page alone.
        if "submission_id" in resources:
            answers = _model_answers(resources["assignment_id"], resources["notebook_id"])
            cells = []
            for cell in nb.cells:
                if cell.cell_type == "markdown" and is_grade(cell) and grade_id(cell) in answers:
                    text = f"**The solution's answer** (only you see it)\n\n{answers[grade_id(cell)]}"
                    cells.append(new_markdown_cell("\n".join(f"> {line}" for line in text.splitlines())))
                cells.append(cell)
            nb.cells = cells
        return nb, resources


def _model_answers(assignment: str, notebook: str) -> dict[str, str]:
    """The texts of an assignment's solution, by id; none where there is no course to look in."""
    try:
        path = Course.at(Path.cwd()).source / assignment / f"{notebook}.ipynb"
        solved = nbformat.read(path, as_version=4)
    except (CourseError, OSError, ValueError):
        return {}
    return {
        grade_id(cell): _SOLUTION_MARK.sub("", cell.source).strip()
        for cell in solved.cells
        if cell.cell_type == "markdown" and is_solution(cell)
    }


class SubmissionExporter(NotebookExporter):
    """Reads a submitted file as intake does: a broken one becomes a notebook that says so, and is graded zero."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # nbgrader makes its exporter when it has found what to grade, and before it grades any of it.
        if isinstance(self.parent, Autograde):
            _prepare(self.parent)

    # Any: text, as of every exporter of notebooks, where nbconvert's own annotation says a notebook.
    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: Any) -> tuple[Any, dict]:
        path = Path(filename)
        course = Course.at(Path.cwd())
        if not path.is_absolute():
            path = Path.cwd() / path
        if not path.is_relative_to(course.submitted):
            return super().from_filename(filename, resources=resources, **kwargs)
        resources = dict(resources or {})
        try:
            resources["submitted"] = intake.read(path, course.submitted), ""
        except intake.Refused as error:
            resources["submitted"] = None, str(error)
        return self.from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **kwargs)


def _prepare(converter: Autograde) -> None:
    """What stops all grading is told once, in a line; a folder that nbgrader would mistake for others is left out."""
    try:
        course = Course.at(Path(converter.coursedir.root))
        secret(course.root)
        _level(course.allow_weak_isolation)
    except (CourseError, SecretError, NoIsolation) as error:
        converter.log.error("%s", error)
        raise NbGraderException(str(error)) from None
    for folder in course.submitted.glob(f"*/{converter.coursedir.assignment_id}"):
        student = folder.parent.name
        unfit = intake.unfit_name(student)
        if unfit and fnmatchcase(student, converter.coursedir.student_id):
            converter.log.error("%s is not graded: %s", ascii(student), unfit)
            converter.assignments.pop(str(folder), None)


class FeedbackExporter(HTMLExporter):
    """Makes of a graded notebook the page that `autograder grade` and `autograder feedback` write."""

    whole_notebook = Bool(
        False,
        help="nbgrader's own page of the whole notebook, in place of the course's; until the next one is written.",
    ).tag(config=True)

    # Any: text, as of every exporter to text.
    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: Any) -> tuple[Any, dict]:
        if self.whole_notebook:
            return super().from_filename(filename, resources=resources, **kwargs)
        resources = self._init_resources(dict(resources or {}))
        told = resources["nbgrader"]
        return feedback_html(self._pages(told["assignment"]).record(told["student"])), resources

    def _pages(self, assignment: str) -> Pages:
        """Read once: nbgrader makes an exporter for each run."""
        if self._read is None or self._read.assignment.name != assignment:
            course = Course.at(Path.cwd())
            loaded = Assignment.load(course.source, assignment)
            with _book(course) as book:
                book.follow(loaded, course.late_plugin)
                self._read = Pages(course, loaded, book)
        return self._read

    _read: Pages | None = None


class WritePage(NbGraderPreprocessor):
    """Writes the student's page, once the graded notebook lies where it belongs."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        told = resources["nbgrader"]
        course = Course.at(Path.cwd())
        with _book(course) as book:
            assignment = Assignment.load(course.source, told["assignment"])
            _, failed = Pages(course, assignment, book).write([told["student"]])
        for student, why in failed.items():
            self.log.error("%s: %s", student, why)
        return nb, resources


@cache
def _level(allow_weak: bool) -> Level:
    return find(allow_weak=allow_weak)


def _remove_side_files(course: Course, student: str, assignment: str) -> None:
    """Take away what nbgrader copied from a submission beside the notebook, links followed: feedback would get it too.

    Files that the instructor's folder has, in the instructor's version, stay.
    """
    folder = course.autograded(student, assignment)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.suffix != ".ipynb" and not (course.source / assignment / path.relative_to(folder)).exists():
            path.unlink()


class SetAside(Exception):
    """A submission that is not graded, for it has taken the grader down; nbgrader goes on with the next one."""


class Grade(NbGraderPreprocessor):
    """Puts the graded notebook in the place of the submitted one, and its result into the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        # Here: formgrader imports this module in every JupyterLab of an instructor, which needs no PyTorch for it.
        from autograder.grading.grader import grade

        course = Course.at(Path.cwd())
        assignment = Assignment.load(course.source, resources["nbgrader"]["assignment"])
        student = resources["nbgrader"]["student"]
        _remove_side_files(course, student, assignment.name)
        submission = course.submitted / student / assignment.name
        timestamp = submitted_at(submission)
        leave_receipt(submission, timestamp, [course.autograded(student, assignment.name)])
        data, reason = resources.pop("submitted")
        drawn_from = secret(course.root)
        its_key = key(assignment, data, reason, drawn_from)
        flights = Flights(course.root, assignment.name)
        if flights.is_set_aside(student, its_key):
            raise SetAside(f"{student}: {set_aside(assignment.name, student)}")
        flights.begin(student, its_key, alone=True)
        try:
            graded = grade(assignment, data, reason, drawn_from, course.limits, _level(course.allow_weak_isolation))
        finally:
            flights.end(student)
        self.log.info("Graded in isolation (%s)", graded.isolation)
        with _book(course) as book:
            book.record(assignment, student, graded, timestamp, course.late_plugin)
        return nbformat.reads(graded.notebook, as_version=4), resources
