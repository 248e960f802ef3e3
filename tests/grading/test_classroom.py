"""A class: each submission on its own, each result written whole, nothing done twice, no person's work undone."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import LateSubmissionPlugin

from autograder.grading import gradebook, grader, preprocessors
from autograder.grading.assignment import Assignment, AssignmentError
from autograder.grading.classroom import grade_class, submitted_at
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book, quiet_flushes
from autograder.grading.graded import key
from autograder.report.table import class_table

from .conftest import NAME, SECRET, as_bytes, cells_of, level, said

SGD = "def sgd(w, grad, state, *, lr):\n"
ODD = ("*", "a?n", "[ab]nn")
UPHILL = SGD + "    return w + lr * grad, state\n"


class Here(Executor):
    """Does the work at once, in this process."""

    def __init__(self):
        self.done = 0

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.done += 1
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="session")
def with_gradebook(course_root, tmp_path_factory):
    """The course with an empty gradebook: making one takes nbgrader seconds."""
    root = tmp_path_factory.mktemp("gradebook") / "course"
    shutil.copytree(course_root, root)
    course = Course.at(root)
    Book(course.db_url, course.course_id).close()
    return root


@pytest.fixture
def course(with_gradebook, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(with_gradebook, root)
    return Course.at(root)


@pytest.fixture
def submit(course, write):
    """submit(student, notebook or bytes, at="2020-01-01 ...")"""

    def submit(student, notebook=None, at=None, **answers):
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True, exist_ok=True)
        notebook = write(**answers) if notebook is None else notebook
        (folder / f"{NAME}.ipynb").write_bytes(notebook if isinstance(notebook, bytes) else as_bytes(notebook))
        if at:
            (folder / "timestamp.txt").write_text(at)

    return submit


@pytest.fixture
def run(course):
    """Grade, and tell (results by student, how many were graded)."""

    def run(**options):
        executor = Here()
        results = {r.student: r for r in grade_class(course, NAME, SECRET, level(), executor=executor, **options)}
        return results, executor.done

    return run


def open_gradebook(course):
    return Gradebook(course.db_url, course.course_id)


def score_of(course, student):
    with open_gradebook(course) as book:
        return book.find_submission(NAME, student).score


def grade_of(course, student, cell):
    with open_gradebook(course) as book:
        grade = book.find_grade(cell, NAME, NAME, student)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade


def everything(course):
    """All rows of all tables but for moments of time."""
    connection = sqlite3.connect(course.db_url.removeprefix("sqlite:///"))
    try:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {name: sorted(map(str, connection.execute(f"select * from {name}"))) for name in tables}
    finally:
        connection.close()


def test_a_class_is_graded_and_recorded(course, submit, run):
    submit("ann", why="My own words.")
    submit("bob", sgd=UPHILL)
    results, done = run()
    assert done == 2 and set(results) == {"ann", "bob"} and not any(r.error for r in results.values())
    assert score_of(course, "ann") == 11
    assert 7 <= score_of(course, "bob") < 11
    assert grade_of(course, "ann", "why") == (None, None, True)
    assert course.feedback("ann", NAME).joinpath(f"{NAME}.html").read_text().startswith("<!DOCTYPE html>")
    assert course.autograded("bob", NAME).joinpath(f"{NAME}.ipynb").exists()
    table = class_table(course, NAME)
    assert "bob: sgd: adds gradient" in table and "ann" in table


def test_a_persons_points_stand_in_the_table(course, submit, run):
    submit("ann", why="My own words.")
    run()
    row = next(line for line in class_table(course, NAME).splitlines() if line.startswith("ann"))
    assert row.split()[1] == "11" and "…" in row
    with open_gradebook(course) as book:
        grade = book.find_grade("why", NAME, NAME, "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    row = next(line for line in class_table(course, NAME).splitlines() if line.startswith("ann"))
    assert row.split()[1] == "13.5" and "…" not in row


def test_the_graded_file_is_known_again(course, submit, run):
    submit("ann")
    data = (course.submitted / "ann" / NAME / f"{NAME}.ipynb").read_bytes()
    assert run()[0]["ann"].graded.file == hashlib.sha256(data).hexdigest()


def test_a_second_run_grades_nothing_and_changes_nothing(course, submit, run):
    submit("ann")
    submit("bob", sgd=UPHILL)
    run()
    before = everything(course)
    results, done = run()
    assert done == 0 and [r.graded for r in results.values()] == [None, None]
    assert everything(course) == before


def test_a_forced_run_grades_again_with_the_same_scores(course, submit, run):
    submit("bob", sgd=UPHILL)
    run()
    before = everything(course)["grade"]
    _, done = run(force=True)
    assert done == 1 and everything(course)["grade"] == before


def test_only_a_changed_submission_is_graded_again(course, submit, run):
    submit("ann")
    submit("bob")
    run()
    submit("bob", sgd=UPHILL)
    results, done = run()
    assert done == 1 and results["ann"].graded is None
    assert grade_of(course, "bob", "check_sgd")[0] < 4


def test_another_secret_grades_again(course, submit):
    submit("ann")
    for secret, done in ((SECRET, 1), (SECRET + "!", 1), (SECRET + "!", 0)):
        executor = Here()
        list(grade_class(course, NAME, secret, level(), executor=executor))
        assert executor.done == done


def test_a_lost_notebook_is_graded_again(course, submit, run):
    submit("ann")
    run()
    shutil.rmtree(course.autograded("ann", NAME))
    assert run()[1] == 1


def test_a_resubmission_lowers_the_old_score(course, submit, run, released):
    submit("ann", why="My own words.")
    run()
    for cell in released.cells:
        cell.metadata.clear()
    submit("ann", released)
    run()
    assert score_of(course, "ann") == 0


def test_a_persons_score_and_comment_survive_and_are_looked_at_again(course, submit, run):
    submit("ann", why="My own words.", sgd=UPHILL)
    run()
    with open_gradebook(course) as book:
        for name, score, extra in (("why", 2.5, None), ("check_sgd", 3.0, 0.5)):
            grade = book.find_grade(name, NAME, NAME, "ann")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, extra, False
        book.find_comment("why", NAME, NAME, "ann").manual_comment = "Well said."
        book.db.commit()
    submit("ann", why="Other words.")
    run()
    assert grade_of(course, "ann", "why") == (None, 2.5, True)
    assert grade_of(course, "ann", "check_sgd") == (4.0, 3.0, True)
    assert grade_of(course, "ann", "check_momentum") == (5.0, None, False)
    with open_gradebook(course) as book:
        assert book.find_comment("why", NAME, NAME, "ann").manual_comment == "Well said."
        assert book.find_grade("check_sgd", NAME, NAME, "ann").extra_credit == 0.5
        assert book.find_submission(NAME, "ann").needs_manual_grade


def test_an_unchanged_answer_is_zero_and_said_so(course, submit, run, write):
    submit("ann", write(solved=False, sgd=SGD + "    return w - lr * grad, state\n"))
    run()
    assert grade_of(course, "ann", "why") == (0.0, None, False)
    with open_gradebook(course) as book:
        assert book.find_comment("why", NAME, NAME, "ann").comment == "No response."


class Half(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        assert total_seconds_late == 3600.0
        return score / 2


class TooMuch(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 10**6


@pytest.mark.parametrize(
    ("plugin", "at", "penalty"),
    [
        (Half, "2020-01-01 01:00:00 UTC", 5.5),
        (Half, "2019-12-31 23:00:00 UTC", 0.0),
        (Half, None, 0.0),
        (TooMuch, "2020-01-01 01:00:00 UTC", 11.0),
    ],
)
def test_the_late_penalty_is_the_plugins(course, submit, run, monkeypatch, plugin, at, penalty):
    monkeypatch.setattr(Course, "late_plugin", property(lambda self: plugin()))
    with open_gradebook(course) as book:
        book.update_or_create_assignment(NAME, duedate=datetime(2020, 1, 1))
    submit("ann", at=at, why="")
    run()
    with open_gradebook(course) as book:
        submission = book.find_submission(NAME, "ann")
        assert (submission.score, submission.late_submission_penalty or 0.0) == (11.0, penalty)


def test_penalties_follow_times_and_due_dates_and_nothing_is_graded_for_it(course, submit, run, monkeypatch):
    monkeypatch.setattr(Course, "late_plugin", property(lambda self: TooMuch()))
    submit("ann", at="2020-01-01 01:00:00 UTC", why="")
    stamp = course.submitted / "ann" / NAME / "timestamp.txt"
    due = datetime(2020, 1, 1)
    steps = (
        (None, None, 0),
        (due, None, 11),
        (due, "2019-12-31 01:00:00 UTC", 0),
        (due, "2020-01-01 00:00:01 UTC", 11),
        (datetime(2020, 1, 2), None, 0),
        (due, None, 11),
        (due, "", 0),
    )
    for number, (due, at, penalty) in enumerate(steps):
        with open_gradebook(course) as book:
            book.update_or_create_assignment(NAME, duedate=due)
        if at:
            stamp.write_text(at)
        elif at is not None:
            stamp.unlink()
        told = []
        _, done = run(tell=told.append)
        with open_gradebook(course) as book:
            assert (book.find_submission(NAME, "ann").late_submission_penalty or 0.0) == penalty, number
        assert done == (number == 0)
        assert number == 0 or told[0].startswith("penalties changed for 1: ann ")
        page = course.feedback("ann", NAME).joinpath(f"{NAME}.html").read_text()
        assert ("11 of 11 points are taken off" in page) == bool(penalty)
        came = course.autograded("ann", NAME).joinpath("timestamp.txt").read_text()
        assert came[:13] == (stamp.read_text()[:13] if stamp.exists() else "")


def test_a_late_plugin_is_read_from_the_config(course):
    course.config.AssignLatePenalties.plugin_class = Half
    assert isinstance(course.late_plugin, Half)


def test_a_failure_in_the_middle_writes_nothing(course, submit, run, monkeypatch):
    submit("ann")
    run()
    before = everything(course)
    submit("ann", sgd=UPHILL)
    submit("zoe")

    def breaks(*args):
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(gradebook, "_details", breaks)
        with pytest.raises(RuntimeError, match="in the middle"):
            run()
    assert everything(course) == before
    run()
    assert grade_of(course, "ann", "check_sgd")[0] < 4 and score_of(course, "zoe") == 11


def test_a_run_that_was_killed_goes_on_where_it_stopped(course, submit, run):
    for student in ("ann", "bob", "cyd"):
        submit(student)
    results = grade_class(course, NAME, SECRET, level(), executor=Here())
    next(results)
    results.close()
    assert len(everything(course)["downhill_verdict"]) == 1
    assert run()[1] == 2


def killed(course, how, *students):
    """A grader that was killed while it graded these, as it is in `test_flights`."""
    assignment = Assignment.load(course.source, NAME)
    paths = [course.submitted / student / NAME / f"{NAME}.ipynb" for student in students]
    keys = [key(assignment, path.read_bytes(), "", SECRET) for path in paths]
    program = f"""
import os, signal
from pathlib import Path
from autograder.grading.flights import Flights
for student, key in {list(zip(students, keys, strict=True))!r}:
    Flights(Path({str(course.root)!r}), {NAME!r}).begin(student, key, alone={how == "alone"})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)


def test_who_took_the_grader_down_is_graded_last_then_set_aside(course, submit, run, monkeypatch):
    for student in ("ann", "bob", "eve"):
        submit(student)
    killed(course, "together", "ann", "eve")
    results, _ = run()
    assert list(results) == ["bob", "ann", "eve"] and not any(r.error for r in results.values())
    # Another submission of eve's: a new beginning.
    submit("eve", sgd=UPHILL)
    killed(course, "together", "eve")
    killed(course, "alone", "eve")
    results, done = run()
    assert done == 0 and set(results) == {"ann", "bob", "eve"}
    assert "set aside" in results["eve"].error and f"grade {NAME} --student eve" in results["eve"].error
    with pytest.raises(preprocessors.SetAside, match="eve: it is set aside"):
        as_stock_grades(course, "eve", monkeypatch)
    assert not run(students=["eve"])[0]["eve"].error
    assert run()[1] == 0


def as_stock_grades(course, student, monkeypatch):
    """What `nbgrader autograde` calls."""
    monkeypatch.chdir(course.root)
    data = (course.submitted / student / NAME / f"{NAME}.ipynb").read_bytes()
    resources = {"nbgrader": {"assignment": NAME, "student": student}, "submitted": (data, "")}
    with monkeypatch.context() as patch:
        patch.setattr(preprocessors, "secret", lambda root: SECRET)
        preprocessors.Grade().preprocess(nbformat.v4.new_notebook(), resources)


def test_with_a_new_secret_what_is_recorded_stays(course, submit):
    def graded(secret, *former):
        executor = Here()
        list(grade_class(course, NAME, secret, level(), former=former, executor=executor))
        return executor.done

    submit("ann")
    assert graded(SECRET) == 1
    assert graded("another secret, drawn anew", SECRET) == 0
    submit("bob")
    assert graded("another secret, drawn anew", SECRET) == 1
    assert graded("and a third one after that", SECRET, "another secret, drawn anew") == 0
    submit("ann", sgd=UPHILL)
    assert graded("and a third one after that", SECRET, "another secret, drawn anew") == 1


def test_only_the_named_students_are_graded(course, submit, run):
    for student in ("ann", "bob", "cyd"):
        submit(student)
    results, done = run(students=["bob"])
    assert done == 1 and set(results) == {"bob"}
    assert len(everything(course)["submitted_assignment"]) == 1


def test_what_is_not_there_is_told(course, submit, run):
    with pytest.raises(CourseError, match=f"no submissions of {NAME}"):
        run()
    submit("ann")
    with pytest.raises(CourseError, match=f"no submission of {NAME} by zoe, yan"):
        run(students=["ann", "zoe", "yan"])
    with pytest.raises(AssignmentError, match=f"there are {NAME}"):
        list(grade_class(course, "09_none", SECRET, level()))
    with pytest.raises(CourseError, match=r"holds no nbgrader_config\.py"):
        Course.at(course.root / "solutions")


def test_an_assignment_that_nbgrader_cannot_release_is_told(tmp_path):
    path = tmp_path / "01_x" / "01_x.ipynb"
    path.parent.mkdir()
    for content in ("{", '{"cells": [], "nbformat": 7}', '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}'):
        path.write_text(content)
        with pytest.raises(AssignmentError, match="no notebook that nbgrader can release"):
            Assignment.load(tmp_path, "01_x")


def test_broken_submissions_disturb_nobody(course, submit, run, tmp_path):
    submit("ann")
    submit("bob", b"\xff{")
    submit("eve", b"{}")
    os.mkfifo(course.submitted / "eve" / NAME / "timestamp.txt")
    folders = {name: course.submitted / name / NAME for name in ("cyd", "dan", "fay", "gus")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    (folders["cyd"] / f"{NAME}.ipynb").symlink_to(course.submitted / "ann" / NAME / f"{NAME}.ipynb")
    (folders["dan"] / f"{NAME}.ipynb").mkdir()
    (folders["gus"] / f"{NAME}.ipynb").symlink_to("/dev/zero")
    (folders["gus"] / "timestamp.txt").write_text("9" * 100)
    results, _ = run()
    assert set(results) == {"ann", "bob", "cyd", "dan", "eve", "fay", "gus"}
    assert not any(r.error for r in results.values())
    assert score_of(course, "ann") == 11
    for student, reason in {
        "bob": "UTF-8",
        "cyd": "is a link",
        "dan": "no ordinary file",
        "fay": "there is no",
    }.items():
        assert score_of(course, student) == 0
        assert reason in course.feedback(student, NAME).joinpath(f"{NAME}.html").read_text()


def test_a_grader_that_fails_is_told_and_the_others_are_graded(course, submit, run, monkeypatch):
    submit("ann")
    submit("bob", sgd=UPHILL)
    grade = grader.grade

    def fails(assignment, data, *rest):
        if b"w + lr" in data:
            raise OSError("no more processes")
        return grade(assignment, data, *rest)

    monkeypatch.setattr(grader, "grade", fails)
    results, _ = run()
    assert results["bob"].error == "the grader failed: OSError: no more processes" and score_of(course, "ann") == 11
    monkeypatch.undo()
    assert run()[0]["bob"].error == ""


def test_the_progress_is_told_how_many_there_are(submit, run):
    submit("ann")
    submit("bob")
    told = []
    run(progress=told.append)
    assert told == [2]


@pytest.mark.slow
def test_processes_give_what_this_process_gives(course, submit, run):
    submit("ann", sgd=UPHILL)
    submit("bob")
    there = {r.student: r.graded.scores for r in grade_class(course, NAME, SECRET, level(), workers=1)}
    here = {student: r.graded.scores for student, r in run(force=True)[0].items()}
    assert there == here


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-01-01 12:00:00 UTC", datetime(2020, 1, 1, 12)),
        ("2020-01-01 12:00:00.5 America/New_York", datetime(2020, 1, 1, 17, 0, 0, 500_000)),
        ("2020-01-01T12:00:00+02:00\n", datetime(2020, 1, 1, 10)),
        ("yesterday", None),
        ("", None),
        ("9" * 100, None),
        ("\0", None),
        ("2020-01-01 12:00:00 UTC" + " " * 10**6, datetime(2020, 1, 1, 12)),
    ],
)
def test_the_moment_of_a_submission_is_read_or_unknown(tmp_path, text, moment):
    (tmp_path / "timestamp.txt").write_text(text)
    assert submitted_at(tmp_path) == moment


def test_a_timestamp_that_is_no_file_is_unknown(tmp_path):
    path = tmp_path / "timestamp.txt"
    assert submitted_at(tmp_path) is None
    path.mkdir()
    assert submitted_at(tmp_path) is None
    path.rmdir()
    os.mkfifo(path)
    assert submitted_at(tmp_path) is None
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert submitted_at(tmp_path) is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(
    st.one_of(st.text(max_size=30), st.from_regex(r"[0-9]{1,5}[-:/. ][0-9]{1,9}[-:/. T][0-9]{1,3} ?[A-Z+0-9:-]{0,9}"))
)
def test_any_text_is_a_moment_or_unknown(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("at")
    (folder / "timestamp.txt").write_text(text, encoding="utf-8", errors="replace")
    moment = submitted_at(folder)
    assert moment is None or moment.tzinfo is None


def test_the_record_tells_verdicts_notes_and_isolation(course, submit, run):
    submit("bob", sgd=UPHILL)
    results, _ = run()
    book = Book(course.db_url, course.course_id)
    try:
        details = book.details(NAME)["bob"]
        assert book.has(NAME) and not book.has("09_none")
        assert book.key_of(NAME, "bob") == results["bob"].graded.key and book.key_of(NAME, "zoe") is None
    finally:
        book.close()
    assert details["scores"] == results["bob"].graded.scores and details["isolation"]
    assert details["verdicts"]["sgd"]["known"][0]["name"] == "adds_gradient"
    json.dumps(details)


@pytest.mark.slow
def test_stock_nbgrader_gives_the_same_points_and_keeps_the_secret(course, submit, run, monkeypatch):
    keeps = "kept = []\n" + SGD + "    kept.append(w)\n    w -= lr * grad\n    return w, state\n"
    submit("ann", why="My own words.", sgd=keeps, after={"check_sgd": ["print(kept)"]}, at="2020-01-01 12:00:00 UTC")
    submit("bob", b"{ broken")
    # By its glob, nbgrader would grade ann's and bob's files as these students'.
    for student in ODD:
        submit(student)
    results, _ = run()
    assert {student for student, result in results.items() if "rename it" in result.error} == set(ODD)
    with open_gradebook(course) as book:
        ours = {s: [g.auto_score for g in book.find_submission(NAME, s).notebooks[0].grades] for s in ("ann", "bob")}
    shutil.rmtree(course.root / "autograded")
    Path(course.db_url.removeprefix("sqlite:///")).unlink()
    monkeypatch.chdir(course.root)
    monkeypatch.setenv("AUTOGRADER_SECRET", SECRET)
    with quiet_flushes():
        done = NbGraderAPI(config=course.config).autograde(NAME, "*")
    assert done["success"], done
    for student in ODD:
        assert f"'{student}' is not graded: the folder's name holds" in done["log"]
    with open_gradebook(course) as book:
        assert [student.id for student in book.students] == ["ann", "bob"]
        stock = {s: [g.auto_score for g in book.find_submission(NAME, s).notebooks[0].grades] for s in ("ann", "bob")}
        assert book.find_submission(NAME, "ann").timestamp == datetime(2020, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    assert stock == ours and 0 < sum(filter(None, stock["ann"])) < 11 and not any(stock["bob"])
    recorded = course.autograded("ann", NAME).joinpath(f"{NAME}.ipynb").read_text()
    assert SECRET not in recorded

    class Recorded:
        notebook = recorded

    assert "[]" in said(Recorded)
    assert cells_of(Recorded)["check_sgd"].outputs == cells_of(results["ann"].graded)["check_sgd"].outputs
