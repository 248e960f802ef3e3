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
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.grading import intake
from autograder.grading.assignment import Assignment, is_check
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.grading.grader import grade
from autograder.grading.secret import secret
from autograder.sandbox.levels import Level, find

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


class SubmissionExporter(NotebookExporter):
    """Reads a submitted file as intake does: a broken one becomes a notebook that says so, and is graded zero."""

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs: Any) -> tuple[str, dict]:
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


class Grade(NbGraderPreprocessor):
    """Puts the graded notebook in the place of the submitted one."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        course = Course.at(Path.cwd())
        assignment = Assignment.load(course.source, resources["nbgrader"]["assignment"])
        _remove_side_files(course, resources["nbgrader"]["student"], assignment.name)
        data, reason = resources.pop("submitted")
        graded = grade(
            assignment, data, reason, secret(course.root), course.limits, _level(course.allow_weak_isolation)
        )
        self.log.info("Graded in isolation (%s)", graded.isolation)
        return nbformat.reads(graded.notebook, as_version=4), resources
