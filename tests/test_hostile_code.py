"""Hostile code: each submission in tests/hostile earns what it deserves, and touches nothing but itself."""

import re

import nbformat
import pytest

from autograder.grading.assignment import grade_id
from autograder.report.table import class_table

from .hostile_course import (
    ATTACKS,
    FULL,
    HONEST,
    HOSTILE,
    NAME,
    PATIENT,
    SECRET,
    WHY_NOT,
    course_at,
    deserved,
    hidden_digits,
    own_output,
    revealed,
    run,
    strong,
    submit,
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not strong, reason=WHY_NOT)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All of them in one class, between students who are honest."""
    course = course_at(tmp_path_factory.mktemp("hostile") / "course")
    for name in ATTACKS:
        submit(course, name, (HOSTILE / f"{name}.py").read_text(encoding="utf-8"))
    patch = pytest.MonkeyPatch()
    try:
        yield run(course, patch, course.root.parent / "tmp")
    finally:
        patch.undo()


@pytest.fixture(scope="module")
def hidden():
    return hidden_digits()


@pytest.mark.parametrize("name", ATTACKS)
def test_it_earns_what_it_deserves(graded, name):
    assert name not in graded.errors, graded.errors.get(name)
    scores = graded.scores(name)
    exact, below = deserved(name)
    assert {exercise: scores[exercise] for exercise in exact} == exact
    assert all(0 <= scores[exercise] < most for exercise, most in below.items()), scores


@pytest.mark.parametrize("name", ATTACKS)
def test_it_reaches_nothing_and_tells_nothing_that_is_hidden(graded, hidden, name):
    page, notebook = graded.feedback(name), graded.notebook(name)
    nbformat.validate(nbformat.reads(notebook, as_version=4))
    shown = own_output(notebook)
    assert "REACHED" not in shown
    for text in (shown, page, str(graded.rows[name])):
        assert not revealed(text, hidden)
        # The instructor's hidden test, its constant and the secret.
        assert "12345678" not in text and "HIDDEN TESTS" not in text and SECRET not in text
    assert len(notebook) < 12 * 2**20 and len(page) < 2**20


@pytest.mark.parametrize("name", ATTACKS)
def test_its_pages_hold_no_script(graded, name):
    page = re.sub(r"<pre>.*?</pre>", "", graded.feedback(name), flags=re.DOTALL)
    assert not re.search(r"<script|<img|<iframe|<svg|\son\w+=|javascript:|src=", page, re.IGNORECASE)
    for cell in nbformat.reads(graded.notebook(name), as_version=4).cells:
        if grade_id(cell) == "why":
            assert not re.search(r"<[a-zA-Z/!?]", cell.source)
        for output in cell.get("outputs", []):
            kinds = set(output.get("data", {}))
            assert kinds <= {"text/plain", "image/png", "image/jpeg"} or "dh-report" in output.data["text/html"]


def test_honest_students_have_all_their_points(graded):
    assert not graded.errors
    for student in HONEST:
        assert {name: graded.scores(student)[name] for name in FULL} == FULL
        assert graded.scores(student)["why"] is None
        assert "EVIL" not in graded.notebook(student) + graded.feedback(student)


def test_nothing_is_left_and_nothing_else_has_changed(graded):
    assert graded.changed == {}


def test_the_table_of_the_class_steers_no_terminal(graded):
    assert not set(class_table(graded.course, NAME)) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))


def test_what_ends_at_a_limit_of_time_says_so(graded):
    # Whose file does not say it would be waited for, and for long.
    waited = re.compile(f"(within|one call is) {PATIENT.call_seconds:g} s")
    assert not [name for name in ATTACKS if waited.search(graded.feedback(name))]


def test_there_are_sixty_at_least():
    assert len(ATTACKS) >= 60
