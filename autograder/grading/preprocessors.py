"""nbgrader's autograde by our grader: set in nbgrader_config.py, used by `nbgrader autograde` and formgrader's button.

Stock autograde has two passes, one from submitted/ to a sanitized notebook in autograded/ and one that runs it. Ours
grades in the first pass, where the file that was submitted is still at hand, and records in the second.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from autograder.grading import intake
from autograder.grading.assignment import Assignment, grade_id, is_check
from autograder.grading.classroom import submitted_at
from autograder.grading.course import Course, CourseError
from autograder.grading.flights import Flights, set_aside
from autograder.grading.gradebook import Book
from autograder.grading.graded import key
from autograder.grading.receipt import leave_receipt
from autograder.grading.secret import secret
from autograder.sandbox.levels import Level, find

_SOLUTION_MARK = re.compile(r"^### (BEGIN|END) SOLUTION$", re.MULTILINE)
_HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS.*?(?:### END HIDDEN TESTS[^\n]*\n?|\Z)", re.DOTALL | re.MULTILINE)


def register_assignment(assignment: str, **_: Any) -> None:
    """Enter the assignment in the gradebook where it is not, for a course whose notebooks came ready made.

    nbgrader's generate_assignment does it too, but passes over an assignment that is released already.
    """
    course = Course.at(Path.cwd())
    book = Book(course.db_url, course.course_id)
    try:
        if not book.has(assignment):
            book.register(Assignment.load(course.source, assignment))
    finally:
        book.close()


class HideTests(NbGraderPreprocessor):
    """Takes the hidden tests' text out of the page that `nbgrader generate_feedback` makes for a student."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        for cell in filter(is_check, nb.cells):
            # Not nbgrader's ClearHiddenTests: it fails where a student's own cell holds its marks.
            cell.source = _HIDDEN.sub("# (hidden tests)\n", cell.source)
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
    """Puts the graded notebook in the place of the submitted one."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        # Here: formgrader imports this module in every JupyterLab of an instructor, which needs no PyTorch for it.
        from autograder.grading.grader import grade

        course = Course.at(Path.cwd())
        assignment = Assignment.load(course.source, resources["nbgrader"]["assignment"])
        student = resources["nbgrader"]["student"]
        _remove_side_files(course, student, assignment.name)
        submission = course.submitted / student / assignment.name
        leave_receipt(submission, submitted_at(submission), [course.autograded(student, assignment.name)])
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
        return nbformat.reads(graded.notebook, as_version=4), resources
