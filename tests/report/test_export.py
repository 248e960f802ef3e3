"""Grades for Canvas and Moodle, by `nbgrader export`: the columns they import, everybody once, no formula."""

import csv
import logging

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from traitlets.config import Config

from autograder.report.export import CanvasExportPlugin, MoodleExportPlugin

from ..grading.conftest import NAME
from .conftest import FULL, NOBODY, WORTH

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
CLASS = {
    "ann": {"points": FULL, "penalty": 4.0, "names": ("Ant", 'Ann "A"', "ann@example.org", "501")},
    "bob": {"points": {**NOBODY, "check_sgd": (1.0, 3.5)}, "names": (None, None, "bob@example.org", None)},
    "cyd": {"names": ("Ärger, von", "Cyd")},
}


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def export(course, caplog):
    """export(plugin, option=...) -> rows, in this process."""

    def export(plugin, **options):
        caplog.clear()
        to = course.root / "out.csv"
        names = {name: options.pop(name) for name in ("student", "assignment", "to") if name in options}
        config = Config({plugin.__name__: options, "ExportPlugin": {"to": str(to)} | names})
        with Gradebook(course.db_url, course.course_id) as gradebook, caplog.at_level(logging.INFO):
            made = plugin(config=config)
            made.log = logging.getLogger("export")
            made.export(gradebook)
        return rows_of(to)

    return export


def test_nbgrader_exports_for_canvas(course, fill):
    fill(CLASS)
    app = ExportApp()
    app.initialize(
        [
            "--exporter=autograder.report.export.CanvasExportPlugin",
            "--to=canvas.csv",
            f"--CanvasExportPlugin.columns={NAME}=Homework 1 (4711)",
            f"--assignment={NAME}",
        ]
    )
    app.start()
    assert rows_of(course.root / "canvas.csv") == [
        [*CANVAS, "Homework 1 (4711)"],
        ["    Points Possible", "", "", "", "", "14"],
        ["bob", "", "", "bob", "", "3.5"],
        ['Ant, Ann "A"', "501", "", "ann", "", "10"],
        ["Ärger, von, Cyd", "", "", "cyd", "", ""],
    ]


def test_moodle_gets_who_has_the_identifier_and_the_others_are_told(fill, export, caplog):
    fill(CLASS)
    assert export(MoodleExportPlugin, identifier="email", assignment=[NAME]) == [
        ["Email address", NAME],
        ["bob@example.org", "3.5"],
        ["ann@example.org", "10"],
    ]
    assert "Left out, without email in the gradebook: 'cyd'" in caplog.text
    assert f"Exported 2 of 3 students ({NAME}) to " in caplog.text


def test_options_say_which_identifier_stands_where(fill, export):
    fill(CLASS)
    rows = export(CanvasExportPlugin, id_field="none", sis_user_id_field="lms_user_id", sis_login_id_field="email")
    assert rows[3][1:5] == ["", "501", "ann@example.org", ""]
    assert export(CanvasExportPlugin, section="A")[2][4] == "A"
    assert export(MoodleExportPlugin)[0] == ["Username", NAME]
    assert export(MoodleExportPlugin, identifier="lms_user_id")[:2] == [["ID number", NAME], ["501", "10"]]
    assert export(MoodleExportPlugin, identifier_column="Benutzername")[0][0] == "Benutzername"


def test_nobodys_submission_is_no_grade_or_what_the_instructor_says(fill, export, caplog):
    fill({**CLASS, "dan": {"points": dict.fromkeys(WORTH)}})
    assert {row[0]: row[1] for row in export(MoodleExportPlugin)[1:]}["cyd"] == "-"
    assert {row[3]: row[5] for row in export(CanvasExportPlugin)[2:]}["cyd"] == ""
    assert "1 not graded yet" in caplog.text
    given = {row[0]: row[1] for row in export(MoodleExportPlugin, missing="0")[1:]}
    assert given == {"ann": "10", "bob": "3.5", "cyd": "0", "dan": "0"}


def test_a_column_for_no_assignment_is_warned_of_and_all_rows_are_counted(fill, export, caplog):
    fill(CLASS)
    assert export(CanvasExportPlugin, columns={NAME: "Homework"})[0][5] == "Homework"
    assert "columns" not in caplog.text and "Exported 3 of 3 students" in caplog.text
    export(CanvasExportPlugin, columns={f"'{NAME}": "Homework"})
    assert "no assignment in the gradebook is called" in caplog.text


def test_what_waits_for_a_person_is_warned_of(fill, export, caplog):
    fill({"ann": {"points": {**FULL, "why": None}}})
    assert export(CanvasExportPlugin)[2][5] == "11"
    assert "1 wait for a person" in caplog.text


def test_students_and_assignments_are_chosen_by_nbgraders_options(course, fill, export, caplog):
    fill(CLASS)
    with Gradebook(course.db_url, course.course_id) as book:
        book.add_assignment("02_more")
    assert sorted(export(MoodleExportPlugin)[0]) == sorted(["Username", NAME, "02_more"])
    assert export(MoodleExportPlugin, assignment=["02_more"], student=["bob"]) == [
        ["Username", "02_more"],
        ["bob", "-"],
    ]
    for option in ({"assignment": ["09_none"]}, {"student": ["zoe"]}):
        with pytest.raises(SystemExit):
            export(MoodleExportPlugin, **option)
        assert "in the gradebook; there are" in caplog.text
    with pytest.raises(SystemExit):
        export(MoodleExportPlugin, to=str(course.root))
    assert "is a folder" in caplog.text


def test_no_cell_is_a_formula_and_who_it_concerns_is_told(fill, export, caplog):
    evil = ["=cmd|'/C calc'!A1", "+1", "-2", "@SUM(1)", "\t=1"]
    fill({name: {"points": FULL, "names": (name, name, name, name)} for name in evil})
    for plugin in (CanvasExportPlugin, MoodleExportPlugin):
        rows = export(plugin)
        assert len(rows) == len(evil) + (2 if plugin is CanvasExportPlugin else 1)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)
        assert "An apostrophe was put" in caplog.text and "'+1'" in caplog.text


def test_points_are_what_nbgraders_own_export_says(course, fill, export):
    fill({**CLASS, "dan": {"points": NOBODY, "penalty": 5.0, "extra": {"why": 1.0}}})
    with Gradebook(course.db_url, course.course_id) as book:
        for row in export(MoodleExportPlugin, missing="0")[1:]:
            if row[0] != "cyd":
                submission = book.find_submission(NAME, row[0])
                assert float(row[1]) == max(0.0, submission.score - submission.late_submission_penalty)
