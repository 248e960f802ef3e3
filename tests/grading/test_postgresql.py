"""A gradebook in PostgreSQL, on a server of the test's own."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from autograder.grading.classroom import grade_class
from autograder.grading.course import Course
from autograder.grading.gradebook import Book, GradebookError

from .conftest import NAME, SECRET, as_bytes, level
from .test_classroom import Here

PROGRAMS = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(shutil.which("initdb") or "")])[-1]


def _user():
    """Who runs the server, which refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            return {"user": pwd.getpwnam(name).pw_uid, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
        except KeyError:
            continue
    return pytest.skip("PostgreSQL refuses root, and there is no user postgres or nobody")


@pytest.fixture(scope="module")
def server():
    """The URL of an empty database; its socket's path must be short."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL's programs are not installed (Debian, Ubuntu: apt-get install postgresql)")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        options = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL, **user}
        data = folder / "data"
        subprocess.run(
            [f"{PROGRAMS}/initdb", "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync"], **options
        )
        control = [f"{PROGRAMS}/pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        subprocess.run([*control, "-o", f"-k {folder} -c listen_addresses='' -F", "start"], **options)
        try:
            yield f"postgresql+psycopg://grader@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **options)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def course(course_root, tmp_path, server, write):
    root = tmp_path / "course"
    shutil.copytree(course_root, root)
    uphill = "def sgd(w, grad, state, *, lr):\n    return w + lr * grad, state\n"
    for student, answers in (("ann", {"why": "Words."}), ("bob", {"sgd": uphill})):
        path = root / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(as_bytes(write(**answers)))
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.CourseDirectory.db_url = {server!r}\n")
    return Course.at(root)


def grades(course, student):
    with Gradebook(course.db_url, course.course_id) as book:
        (notebook,) = book.find_submission(NAME, student).notebooks
        return sorted((g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades)


@pytest.mark.slow
def test_a_class_is_recorded_in_postgresql_as_in_sqlite(course):
    def run():
        executor = Here()
        results = list(grade_class(course, NAME, SECRET, level(), executor=executor))
        assert not any(r.error for r in results)
        return executor.done

    assert run() == 2 and run() == 0
    there = {student: grades(course, student) for student in ("ann", "bob")}
    with Gradebook(course.db_url, course.course_id) as book:
        grade = book.find_grade("why", NAME, NAME, "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    path = course.submitted / "ann" / NAME / f"{NAME}.ipynb"
    path.write_bytes(path.read_bytes() + b"\n")
    long = course.submitted / ("l" * 200) / NAME
    long.mkdir(parents=True)
    shutil.copy(path, long)
    results = {r.student: r for r in grade_class(course, NAME, SECRET, level(), executor=Here())}
    assert "value too long" in results["l" * 200].error and not results["ann"].error
    assert {name: manual for name, _, manual, _ in grades(course, "ann")}["why"] == 2.5
    shutil.rmtree(long.parent)

    book = Book(course.db_url, course.course_id)
    assert set(book.details(NAME)) == {"ann", "bob"}
    book.close()
    course.config.CourseDirectory.db_url = f"sqlite:///{course.root}/gradebook.db"
    course = replace(course)  # which read the settings once
    assert run() == 2
    assert {student: grades(course, student) for student in ("ann", "bob")} == there
    engine = create_engine(f"sqlite:///{course.root}/gradebook.db")
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from downhill_verdict")) == 2
    engine.dispose()


def test_a_server_that_is_not_there_is_told_without_the_password(course):
    course.config.CourseDirectory.db_url = "postgresql+psycopg://ann:hunter2@127.0.0.1:1/x"
    with pytest.raises(GradebookError, match="refused") as told:
        list(grade_class(course, NAME, SECRET, level(), executor=Here()))
    assert "hunter2" not in str(told.value)
