"""The small course of the grading tests with an empty gradebook, and a way to fill that without grading."""

import copy
import json
import shutil
from datetime import datetime, timedelta

import nbformat
import pytest
from nbgrader.api import Grade, GradeCell, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from nbgrader.utils import is_solution
from sqlalchemy import insert, select

from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course
from autograder.grading.gradebook import VERDICTS, Book

from ..grading.conftest import NAME, as_bytes, compiled_once, make_course  # noqa: F401

WORTH = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0, "why": 3.0}
FULL = dict(WORTH)
PLUGIN = """
from nbgrader.plugins import LateSubmissionPlugin


class Given(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return {penalties}.get(student_id)


c.AssignLatePenalties.plugin_class = Given
"""
NOBODY = dict.fromkeys(WORTH, 0.0)


@pytest.fixture(scope="session")
def empty_course(tmp_path_factory):
    root = make_course(tmp_path_factory.mktemp("report") / "course")
    course = Course.at(root)
    book = Book(f"sqlite:///{root}/gradebook.db", course.course_id)
    book.register(Assignment.load(course.source, NAME))
    book.close()
    return root


@pytest.fixture
def course(empty_course, tmp_path, monkeypatch):
    """A course of its own, and the current directory."""
    root = tmp_path / "course"
    shutil.copytree(empty_course, root)
    monkeypatch.chdir(root)
    return Course.at(root)


@pytest.fixture
def notebooks(empty_course):
    """(solved, released)"""
    return [
        nbformat.read(empty_course / folder / NAME / f"{NAME}.ipynb", as_version=4)
        for folder in ("solutions", "notebooks")
    ]


@pytest.fixture
def submit(course, notebooks):
    """submit("ann", sgd="def sgd ...", at="2020-01-01 ..."): the release with these answers, or these bytes."""

    def submit(student, content=None, at=None, solved=False, **answers):
        notebook = copy.deepcopy(notebooks[1])
        right = {grade_id(cell): cell.source for cell in notebooks[0].cells if is_solution(cell)} if solved else {}
        for cell in notebook.cells:
            cell.source = (right | answers).get(grade_id(cell), cell.source)
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(as_bytes(notebook) if content is None else content)
        if at:
            (folder / "timestamp.txt").write_text(at)

    return submit


def known(**mistakes):
    """Verdicts with these named mistakes, by exercise."""
    return {
        exercise: {"note": "", "known": [{"name": name, "sentence": f"`{name}`: so it is.", "section": ""}]}
        for exercise, name in mistakes.items()
    }


@pytest.fixture
def fill(course):
    """fill({"ann": {"points": {cell: auto or (auto, manual)}, ...}}): rows as grading writes them.

    Who has a penalty came late, and the course has a plugin that gives just these.
    """

    def fill(rows, due=None):
        penalties = {student: row["penalty"] for student, row in rows.items() if "penalty" in row}
        if penalties:
            due = due or datetime(2020, 1, 1)
            rows = {s: {"at": due + timedelta(days=1), **row} if s in penalties else row for s, row in rows.items()}
            with open(course.root / "nbgrader_config.py", "a") as file:
                file.write(PLUGIN.format(penalties=penalties))
            course.config.merge(Course.at(course.root).config)
        book = Book(course.db_url, course.course_id)
        gradebook = book.gradebook
        assignment = gradebook.update_or_create_assignment(NAME, duedate=due)
        notebook = gradebook.find_notebook(NAME, NAME)
        cells = dict(gradebook.db.execute(select(GradeCell.name, GradeCell.id)).all())
        tables = {table: [] for table in (Student, SubmittedAssignment, SubmittedNotebook, Grade, VERDICTS)}
        for student, row in rows.items():
            names = dict(zip(("last_name", "first_name", "email", "lms_user_id"), row.get("names", ()), strict=False))
            usual = dict.fromkeys(("last_name", "first_name", "email", "lms_user_id"))
            tables[Student].append({"id": student, **usual, **names})
            if "points" not in row:
                continue
            one, two = new_uuid(), new_uuid()
            tables[SubmittedAssignment].append(
                {
                    "id": one,
                    "assignment_id": assignment.id,
                    "student_id": student,
                    "timestamp": row.get("at"),
                    "extension": row.get("extension"),
                }
            )
            tables[SubmittedNotebook].append(
                {
                    "id": two,
                    "assignment_id": one,
                    "notebook_id": notebook.id,
                    "late_submission_penalty": row.get("penalty"),
                }
            )
            for cell, points in row["points"].items():
                auto, manual = points if isinstance(points, tuple) else (points, None)
                waits = cell in row.get("waits", ()) or (auto is None and manual is None)
                tables[Grade].append(
                    {
                        "id": new_uuid(),
                        "cell_id": cells[cell],
                        "notebook_id": two,
                        "auto_score": auto,
                        "manual_score": manual,
                        "extra_credit": row.get("extra", {}).get(cell),
                        "needs_manual_grade": waits,
                    }
                )
            details = {
                "scores": {},
                "verdicts": row.get("verdicts", {}),
                "notes": row.get("notes", []),
                "isolation": row.get("isolation", "strong (for a test)"),
                "seconds": row.get("seconds", 1.0),
                "file": row.get("file", ""),
            }
            tables[VERDICTS].append(
                {
                    "assignment": NAME,
                    "student": student,
                    "key": "key",
                    "graded_at": datetime(2020, 1, 1),
                    "details": json.dumps(details),
                }
            )
        for table, values in tables.items():
            if values:
                gradebook.db.execute(insert(table), values)
        gradebook.db.commit()
        book.close()

    return fill
