"""What a person gave, deadlines, and exercises that change: nothing is lost, and everything says the same."""

import csv
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin

from autograder import cli
from autograder.grading.assignment import Assignment, grade_id, void_of, worth_of
from autograder.grading.course import Course, CourseError
from autograder.grading.deadlines import DeadlineError, moment
from autograder.grading.extend import extend
from autograder.grading.feedback import Pages, refresh_pages
from autograder.grading.gradebook import Book, NotRecorded
from autograder.grading.graded import Graded
from autograder.grading.grader import grade
from autograder.grading.preprocessors import FeedbackExporter, HideOutputs, SaveCells
from autograder.grading.scores import entries, worth
from autograder.report.class_report import class_report
from autograder.report.export import CsvExportPlugin, MoodleExportPlugin
from autograder.report.table import class_table
from autograder.verdict import Verdict

from ..report.conftest import course, empty_course  # noqa: F401
from .conftest import LIMITS, NAME, TEXT, level, make_course

FULL = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0, "why": None}
DUE = datetime(2026, 10, 5, 18)


class Quarter(LateSubmissionPlugin):
    """A quarter of the points for each day that has begun."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 4 * (1 + total_seconds_late // 86_400)


@pytest.fixture
def late(monkeypatch):
    monkeypatch.setattr(Course, "late_plugin", property(lambda self: Quarter()))


@pytest.fixture
def book(course):  # noqa: F811
    opened = Book(course.db_url, course.course_id)
    opened.gradebook.update_or_create_assignment(NAME, duedate=DUE)
    yield opened
    opened.close()


@pytest.fixture
def give(course, book):  # noqa: F811
    """give("ann", at=..., check_sgd=2.5, texts={"why": ...}): a result as grading records it, without grading."""

    def give(student, at=None, texts=None, **scores):
        assignment = Assignment.load(course.source, NAME)
        notebook = assignment.fresh()
        for cell in notebook.cells:
            cell.source = {"why": "My own words.", **(texts or {})}.get(grade_id(cell), cell.source)
        there = {name: points for name, points in {**FULL, **scores}.items() if name in assignment_cells(assignment)}
        verdicts = {"sgd": Verdict("sgd", there["check_sgd"], 4.0)} if "check_sgd" in there else {}
        text = nbformat.writes(notebook)
        graded = Graded(text, there, verdicts, (), "strong (for a test)", 1.0, "key")
        path = course.autograded(student, NAME) / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        book.record(assignment, student, graded, at, course.late_plugin)

    return give


@pytest.fixture
def mark(course):  # noqa: F811
    """mark("ann", "why", 2.5, extra=.., comment=..): as formgrader does it."""

    def mark(student, cell, points, extra=None, comment=None):
        with Gradebook(course.db_url, course.course_id) as gradebook:
            grade = gradebook.find_grade(cell, NAME, NAME, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = points, extra, False
            if comment:
                gradebook.find_comment(cell, NAME, NAME, student).manual_comment = comment
            gradebook.db.commit()

    return mark


@pytest.fixture
def change(course):  # noqa: F811
    """change(lambda cells: cells): the source notebook, as `autograder build` would write it."""

    def change(edit):
        path = course.source / NAME / f"{NAME}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = edit(notebook.cells)
        nbformat.write(notebook, path)

    return change


def assignment_cells(assignment):
    return {grade_id(cell) for cell in assignment.notebook.cells}


def without(*names):
    return lambda cells: [cell for cell in cells if grade_id(cell) not in names]


def with_metadata(name, points=None, **downhill):
    def edit(cells):
        for cell in cells:
            if grade_id(cell) == name:
                cell.metadata.nbgrader["points"] = cell.metadata.nbgrader["points"] if points is None else points
                cell.metadata.setdefault("downhill", {}).update(downhill)
        return cells

    return edit


def register(course, book):  # noqa: F811
    return book.register(Assignment.load(course.source, NAME))


def row(course, student, cell):  # noqa: F811
    with Gradebook(course.db_url, course.course_id) as gradebook:
        grade = gradebook.find_grade(cell, NAME, NAME, student)
        return grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade


class _Words(HTMLParser):
    text, skip = "", False

    def handle_starttag(self, tag, attrs):
        self.skip = tag == "style"

    def handle_data(self, data):
        self.text += "" if self.skip else data


def page(course, student):  # noqa: F811
    words = _Words()
    words.feed((course.feedback(student, NAME) / f"{NAME}.html").read_text())
    return " ".join(words.text.split())


def totals(course):  # noqa: F811
    """{where: {student: (total, possible)}}: page, table, report, nbgrader's export, ours, gradebook."""
    refresh_pages(course, NAME)
    report = class_report(course, NAME)
    found = {"report": {s.id: (s.total, report.possible) for s in report.students}}
    found["page"] = {}
    for student in found["report"]:
        points = re.search(r"([\d.]+) of ([\d.]+) points", page(course, student))
        found["page"][student] = (float(points[1]), float(points[2]))
    lines = class_table(course, NAME).splitlines()
    possible = float(next(line.split()[2] for line in lines if line.startswith("out of")))
    rows = [line.split() for line in lines]
    found["table"] = {r[0]: (float(r[1]), possible) for r in rows if r and r[0] in found["report"]}
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for plugin, to in ((CsvExportPlugin(), "stock.csv"), (MoodleExportPlugin(), "moodle.csv")):
            plugin.to = to
            plugin.export(gradebook)
        found["gradebook"] = {
            s.student.id: (max(0.0, s.score - s.late_submission_penalty), s.max_score)
            for s in gradebook.assignment_submissions(NAME)
        }
    with open("stock.csv", newline="") as file:
        found["export"] = {r["student_id"]: (float(r["score"]), float(r["max_score"])) for r in csv.DictReader(file)}
    with open("moodle.csv", newline="") as file:
        found["moodle"] = {r["Username"]: (float(r[NAME]), report.possible) for r in csv.DictReader(file)}
    return found


def agree(course):  # noqa: F811
    """What all say alike: {student: (total, possible)}."""
    found = totals(course)
    first = {student: pytest.approx(said, abs=1e-4) for student, said in found.pop("gradebook").items()}
    for where, said in found.items():
        assert said == first, where
    return first


def test_everything_says_the_same(course, give, mark, late):  # noqa: F811
    give("ann")
    give("bob", at=DUE + timedelta(hours=2), check_sgd=1.33)
    give("cyd", at=DUE + timedelta(days=9), why=0.0)
    assert agree(course) == {"ann": (11, 14), "bob": (0.75 * 8.33, 14), "cyd": (0, 14)}
    mark("ann", "why", 2.5, comment="Well said.")
    mark("bob", "check_sgd", 3.0, extra=0.5)
    mark("bob", "why", 1.0)
    assert agree(course) == {"ann": (13.5, 14), "bob": (0.75 * 11.5, 14), "cyd": (0, 14)}
    assert "Comment" in page(course, "ann") and "Well said." in page(course, "ann")
    assert "2.875 of 11.5 points are taken off" in page(course, "bob")


def test_pages_are_written_where_something_changed_and_nowhere_else(course, give, mark):  # noqa: F811
    for student in ("ann", "bob"):
        give(student)
    assert refresh_pages(course, NAME)[1] == ["ann", "bob"] and refresh_pages(course, NAME)[1] == []
    mark("bob", "why", 2.0)
    assert refresh_pages(course, NAME)[1] == ["bob"]
    path = course.feedback("ann", NAME) / f"{NAME}.html"
    path.write_text("<html>nbgrader's own")
    (course.feedback("bob", NAME) / f"{NAME}.html").unlink()
    assert refresh_pages(course, NAME, ["ann"])[1] == ["ann"] and refresh_pages(course, NAME)[1] == ["bob"]
    path.unlink()
    path.mkdir()
    assert "cannot be written" in refresh_pages(course, NAME)[2]["ann"]


def test_pages_of_nobody_are_told(course, give):  # noqa: F811
    with pytest.raises(CourseError, match="nothing of 01_steps is graded yet"):
        refresh_pages(course, NAME)
    give("ann")
    with pytest.raises(CourseError, match="is graded of zoe"):
        refresh_pages(course, NAME, ["zoe"])
    assert cli.main(["feedback", NAME, "--student", "ann"]) == 0 and cli.main(["feedback", "09_none"]) == 1


def test_nbgraders_feedback_is_this_page(course, give):  # noqa: F811
    give("ann")
    refresh_pages(course, NAME)
    told = {"nbgrader": {"assignment": NAME, "student": "ann", "notebook": NAME}, "unique_key": NAME}
    written, resources = FeedbackExporter().from_filename(str(course.autograded("ann", NAME)), resources=told)
    assert written == (course.feedback("ann", NAME) / f"{NAME}.html").read_text()
    assert resources["output_extension"] == ".html"


def test_no_output_of_the_students_stands_on_nbgraders_own_page(course):  # noqa: F811
    notebook = Assignment.load(course.source, NAME).fresh()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="said")]
    HideOutputs().preprocess(notebook, {})
    assert {grade_id(c) for c in notebook.cells if c.get("outputs")} == {"check_sgd", "check_momentum", "check_double"}


def test_a_person_looks_again_only_where_the_students_text_changed(course, give, mark):  # noqa: F811
    give("ann", texts={"sgd": "def sgd(): 1"})
    for cell in ("why", "check_sgd"):
        mark("ann", cell, 2.0)
    mark("ann", "check_momentum", None, extra=1.0)
    give("ann", texts={"sgd": "def sgd(): 1", "double": "def double(x): 2"}, check_sgd=3.0)
    assert row(course, "ann", "why") == (None, 2.0, None, False)
    assert row(course, "ann", "check_sgd") == (3.0, 2.0, None, False)
    give("ann", texts={"sgd": "def sgd(): 2", "why": "Other words.", "momentum": "def momentum(): 3"})
    assert [row(course, "ann", cell)[3] for cell in FULL] == [True, True, False, True]
    # Until a person has looked, it waits.
    give("ann", texts={"sgd": "def sgd(): 2", "why": "Other words.", "momentum": "def momentum(): 3"})
    assert [row(course, "ann", cell)[3] for cell in FULL] == [True, True, False, True]


def test_of_an_exercise_that_was_removed_nothing_counts_and_no_other_mark_is_lost(course, book, give, mark, change):  # noqa: F811
    for student in ("ann", "bob"):
        give(student)
        mark(student, "why", 2.0, comment="Read.")
    mark("ann", "check_momentum", 4.5, extra=1.0, comment=None)
    source = (course.source / NAME / f"{NAME}.ipynb").read_bytes()
    change(without("momentum", "check_momentum"))
    # Without grading anew, report and export leave it out already.
    assert agree(course) == {"ann": (8, 9), "bob": (8, 9)}
    assert register(course, book) == [] and "momentum" not in page(course, "ann")
    give("ann")
    assert agree(course) == {"ann": (8, 9), "bob": (8, 9)} and row(course, "ann", "why") == (None, 2.0, None, False)
    (course.source / NAME / f"{NAME}.ipynb").write_bytes(source)
    assert any("added" in text and "1 marks by hand are back" in text for text in register(course, book))
    assert row(course, "ann", "check_momentum")[1:3] == (4.5, 1.0) and row(course, "bob", "check_momentum")[3]
    assert agree(course) == {"ann": (13.5, 14), "bob": (8, 14)}


def test_a_removed_reflection_comes_back_with_its_comment(course, book, give, mark, change):  # noqa: F811
    give("ann")
    mark("ann", "why", 2.0, comment="Read.")
    source = (course.source / NAME / f"{NAME}.ipynb").read_bytes()
    change(without("why"))
    assert register(course, book) == ["why was removed: nothing of it counts any more (1 mark by hand set aside)"]
    assert agree(course) == {"ann": (11, 11)}
    (course.source / NAME / f"{NAME}.ipynb").write_bytes(source)
    register(course, book)
    assert agree(course) == {"ann": (13, 14)} and "Read." in page(course, "ann")


@pytest.mark.parametrize("as_zero", [True, False])
def test_an_exercise_is_taken_out_of_the_total_and_put_back(course, book, give, mark, change, as_zero):  # noqa: F811
    give("ann", check_sgd=1.0)
    give("bob")
    mark("ann", "check_sgd", 3.0, extra=1.0)
    change(with_metadata("check_sgd", points=0) if as_zero else with_metadata("check_sgd", void="out"))
    assert agree(course) == {"ann": (7, 10), "bob": (7, 10)}
    assert "taken out of the total" in page(course, "ann")
    register(course, book)
    give("ann", check_sgd=0.0)
    assert agree(course)["ann"] == (7, 10)
    exercise = next(e for e in class_report(course, NAME).exercises if e.id == "sgd")
    assert (exercise.void, exercise.judged, exercise.mean) == ("out", 0, None)
    change(with_metadata("check_sgd", points=4, void=""))
    assert register(course, book) == ["sgd counts again; 1 marks by hand are back"]
    give("bob")
    assert agree(course) == {"ann": (11, 14), "bob": (11, 14)}


def test_an_exercise_gives_everybody_its_points(course, book, give, mark, change):  # noqa: F811
    give("ann", check_sgd=1.0)
    give("bob", check_sgd=0.0)
    mark("ann", "check_sgd", 3.0)
    mark("bob", "why", 3.0)
    change(with_metadata("check_sgd", void="full"))
    assert agree(course) == {"ann": (11, 14), "bob": (14, 14)}
    assert "Everybody gets the 4 points" in page(course, "bob")
    change(with_metadata("check_sgd", void=""))
    register(course, book)
    give("bob", check_sgd=0.0)
    assert row(course, "ann", "check_sgd")[1] == 3.0 and agree(course) == {"ann": (10, 14), "bob": (10, 14)}


def test_a_header_voids_and_the_students_call_stays(tmp_path):
    text = TEXT.replace('"sgd" points=4', '"sgd" points=4 void="full"').replace(
        '"momentum" points=5', '"momentum" points=0'
    )
    root = make_course(tmp_path / "course", text)
    assignment = Assignment.load(root / "solutions", NAME)
    cells = {grade_id(cell): cell for cell in assignment.notebook.cells}
    assert [void_of(cells[name]) for name in FULL] == ["full", "out", "", ""]
    assert [worth_of(cells[name]) for name in FULL] == [4, 0, 2, 3]
    assert cells["check_momentum"].source == 'check("momentum", momentum, points=5)'
    untouched = (root / "notebooks" / NAME / f"{NAME}.ipynb").read_bytes()
    scores = grade(assignment, untouched, "", "a secret", LIMITS, level()).scores
    assert scores == {"check_sgd": 4.0, "check_momentum": 0.0, "check_double": 0.0, "why": 0.0}


def test_other_points_are_told_until_it_is_judged_again(course, book, give, mark, change):  # noqa: F811
    give("ann")
    give("bob")
    mark("ann", "why", 3.0)
    change(with_metadata("check_momentum", points=8))
    # Built, not graded: all stand at the old points, and it is told.
    assert agree(course) == {"ann": (14, 14), "bob": (11, 14)}
    assert class_report(course, NAME).pending == ("momentum is worth 8, was 5",)
    assert register(course, book) == ["momentum is worth 8, was 5"]
    give("ann", check_momentum=8.0)
    assert agree(course) == {"ann": (17, 17), "bob": (11, 17)}
    assert "worth 5 points when it was judged, and is worth 8 now" in page(course, "bob")
    assert "worth 5" not in page(course, "ann") and row(course, "ann", "why")[3] is False
    assert "judges again: bob" in class_table(course, NAME)
    assert any("momentum was worth 5" in note for s in class_report(course, NAME).students for note in s.notes)
    change(with_metadata("why", points=6))
    assert register(course, book) == ["why is worth 6, was 3: 1 that were marked by hand wait for another look"]
    assert row(course, "ann", "why") == (None, 3.0, None, True)


def test_nbgraders_generate_assignment_removes_an_exercise_too(course, book, give, mark, change):  # noqa: F811
    give("ann")
    mark("ann", "why", 2.0)
    change(without("double", "check_double"))
    notebook = Assignment.load(course.source, NAME).fresh()
    SaveCells().preprocess(notebook, {"nbgrader": {"assignment": NAME, "notebook": NAME, "db_url": course.db_url}})
    assert set(worth(book.gradebook, NAME)) == {"check_sgd", "check_momentum", "why"}
    assert agree(course) == {"ann": (11, 12)}


def test_a_deadline_of_ones_own_holds_before_and_after_handing_in(course, book, give, late):  # noqa: F811
    book.gradebook.add_student("kim")
    assert "2 days after the due date" in extend(course, NAME, "kim", DUE + timedelta(days=2), None)
    assert not entries(book.gradebook, NAME)
    give("kim", at=DUE + timedelta(days=1))
    give("lee", at=DUE + timedelta(days=1))
    assert {s: e.penalty for s, e in entries(book.gradebook, NAME).items()} == {"kim": 0, "lee": 5.5}
    assert "The penalty was 5.5 and is 0 points" in extend(course, NAME, "lee", None, 86_400.0)
    # The due date moves: a time stays, days move with it.
    for days, penalties in ((-1, {"kim": 0, "lee": 5.5}), (3, {"kim": 0, "lee": 0}), (0, {"kim": 0, "lee": 0})):
        book.gradebook.update_or_create_assignment(NAME, duedate=DUE + timedelta(days=days))
        report = class_report(course, NAME)
        assert {s.id: s.penalty for s in report.students} == penalties, days
        submission = book.gradebook.find_submission(NAME, "kim")
        assert submission.duedate == max(DUE + timedelta(days=2), DUE + timedelta(days=days))
        book.gradebook.db.rollback()
    assert "due for lee 2026-10-05 18:00 UTC" in extend(course, NAME, "lee", None, None)
    assert entries(book.gradebook, NAME)["lee"].penalty == 5.5 and agree(course)


def test_a_deadline_survives_an_assignment_that_is_not_due(course, book, give, late):  # noqa: F811
    give("kim", at=DUE + timedelta(days=1))
    extend(course, NAME, "kim", DUE + timedelta(days=2), None)
    book.gradebook.update_or_create_assignment(NAME, duedate=None)
    assert class_report(course, NAME).students[0].seconds_late == 0
    assert book.gradebook.find_submission(NAME, "kim").extension is None
    book.gradebook.db.rollback()
    assert "no due date" in extend(course, NAME, "kim", DUE + timedelta(days=2), None)
    book.gradebook.update_or_create_assignment(NAME, duedate=DUE)
    assert class_report(course, NAME).students[0].penalty == 0


def test_an_extension_by_nbgraders_own_api_is_the_later_word(course, book, give, late):  # noqa: F811
    give("kim", at=DUE + timedelta(days=3))
    extend(course, NAME, "kim", DUE + timedelta(days=1), None)
    book.gradebook.grant_extension(NAME, "kim", days=4)
    assert class_report(course, NAME).students[0].penalty == 0
    assert book.deadlines(NAME) == {}


def test_a_deadline_for_nobody_or_in_the_past_is_refused(course, book, capsys):  # noqa: F811
    book.gradebook.add_student("kim")
    with pytest.raises(DeadlineError, match="nobody knows a student 'kmi'; there are kim"):
        extend(course, NAME, "kmi", DUE, None)
    with pytest.raises(DeadlineError, match="is earlier than 01_steps is due"):
        extend(course, NAME, "kim", DUE - timedelta(days=1), None)
    assert cli.main(["extend", NAME, "kim", "--until", "2026-10-07 18:00 Europe/Berlin"]) == 0
    assert "2026-10-07 16:00 UTC" in capsys.readouterr().out
    assert cli.main(["extend", NAME, "kim", "--days", "1.5"]) == 0 and cli.main(["extend", NAME, "kim", "--none"]) == 0
    assert cli.main(["extend", NAME, "kim", "--until", "soon"]) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-10-07 18:00", datetime(2026, 10, 7, 18)),
        ("2026-10-07 18:00 UTC", datetime(2026, 10, 7, 18)),
        ("2026-10-07  18:00:30 America/New_York", datetime(2026, 10, 7, 22, 0, 30)),
        ("2026-10-07 18:00 +0200", datetime(2026, 10, 7, 16)),
        ("2026-10-07T18:00Z", datetime(2026, 10, 7, 18)),
        ("2026-10-07 Europe/Berlin", datetime(2026, 10, 7, 21, 59, 59)),
    ],
)
def test_a_time_is_read(text, found):
    assert moment(text) == found


@pytest.mark.parametrize("text", ["", "soon", "18:00", "7.10.2026", "2026-13-01", "2026-10-07 18:00 Mars"])
def test_a_time_that_is_none_is_told(text):
    with pytest.raises(DeadlineError, match=r"is no time|nobody knows the time zone"):
        moment(text)


@pytest.mark.parametrize("given", [float("nan"), "much", ZeroDivisionError("by zero")])
def test_a_late_plugin_that_fails_is_named(course, give, monkeypatch, given):  # noqa: F811
    class Broken(LateSubmissionPlugin):
        def late_submission_penalty(self, student_id, score, total_seconds_late):
            if isinstance(given, Exception):
                raise given
            return given

    give("ann", at=DUE + timedelta(days=1))
    monkeypatch.setattr(Course, "late_plugin", property(lambda self: Broken()))
    with pytest.raises(NotRecorded, match=r"the late penalty of bob: .*Broken"):
        give("bob", at=DUE + timedelta(days=1))
    with pytest.raises(DeadlineError, match=r"the late penalty of ann: .*Broken"):
        class_report(course, NAME)


def test_a_page_without_the_graded_notebook_still_tells_the_points(course, book, give):  # noqa: F811
    give("ann")
    (course.autograded("ann", NAME) / f"{NAME}.ipynb").write_text("{ broken")
    Pages(course, Assignment.load(course.source, NAME), book).write()
    assert "11 of 14 points" in page(course, "ann")
