"""The hostile class at the medium level, graded by an ordinary user: the sandbox alone keeps it from the account."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.grading.course import Course

from .as_user import UID, as_a_user, needs_root
from .hostile_course import ATTACKS, FULL, HONEST, SECRET, Class, deserved, hidden_digits, own_output, revealed

pytestmark = [pytest.mark.slow, needs_root]

PROGRAM = """
import json, sys
from pathlib import Path

import pytest
from autograder.sandbox.levels import Level
from tests import hostile_course as hostile

if __name__ == "__main__":
    root, patch = Path(sys.argv[1]), pytest.MonkeyPatch()
    course = hostile.course_at(root / "course")
    for name in hostile.ATTACKS:
        hostile.submit(course, name, (hostile.HOSTILE / f"{name}.py").read_text(encoding="utf-8"))
    graded = hostile.run(course, patch, root / "tmp", Level("medium"))
    told = {"pids": graded.pids, "errors": graded.errors, "rows": graded.rows, "changed": graded.changed}
    (root / "told.json").write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def graded():
    # Not in pytest's folder, which every run of pytest closes to others.
    home = Path(tempfile.mkdtemp(prefix="downhill-user-"))
    shutil.chown(home, UID, UID)
    program = home / "grade.py"
    program.write_text(PROGRAM)
    project = str(Path(__file__).parents[1])
    try:
        done = as_a_user("env", f"PYTHONPATH={project}", sys.executable, program, home, home=home, timeout=1200)
        assert done.returncode == 0, done.stderr[-3000:]
        yield Class(Course.at(home / "course"), **json.loads((home / "told.json").read_text()))
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def hidden():
    return hidden_digits()


@pytest.mark.parametrize("name", ATTACKS)
def test_it_earns_no_more_than_it_deserves(graded, name):
    # Its own other checks may be lost with it: without namespaces it can end the states that are kept.
    assert name not in graded.errors, graded.errors.get(name)
    scores = graded.scores(name)
    exact, below = deserved(name)
    assert all(scores[exercise] <= most for exercise, most in exact.items()), scores
    assert all(scores[exercise] < most for exercise, most in below.items()), scores


@pytest.mark.parametrize("name", ATTACKS)
def test_it_reaches_nothing_and_tells_nothing_that_is_hidden(graded, hidden, name):
    shown = own_output(graded.notebook(name))
    assert "REACHED" not in shown
    for text in (shown, graded.feedback(name)):
        assert not revealed(text, hidden)
        assert SECRET not in text


def test_honest_students_have_all_their_points(graded):
    assert not graded.errors
    for student in HONEST:
        assert {name: graded.scores(student)[name] for name in FULL} == FULL


def test_nothing_is_left_and_nothing_else_has_changed(graded):
    assert graded.changed == {}
