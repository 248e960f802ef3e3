"""Tests of an author's own: each a share of the points, hidden or not, beside `check` or alone, as in authors.md."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest

from autograder.course.build import build
from autograder.course.proofs import prove
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.grader import grade

from ..grading.conftest import LIMITS, SECRET, as_bytes, hints, level

AUTHORS = Path(__file__).parents[2] / "docs" / "authors.md"
# An assignment that `progress` knows.
TOPIC = "02_sgd"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A course that is the document's example."""
    root = tmp_path_factory.mktemp("own")
    section = AUTHORS.read_text(encoding="utf-8").split("## Tests of your own", 1)[1]
    (root / "solutions").mkdir()
    (root / "solutions" / f"{TOPIC}.py").write_text(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1])
    shutil.copy(AUTHORS.parents[1] / "nbgrader_config.py", root)

    def of_files(exercise):
        if exercise != "sgd":
            raise LookupError(exercise)
        return hints(exercise)

    build(root, hints=of_files)
    return root


@pytest.fixture(scope="module")
def grade_with(root):
    """grade_with(sgd="def ...", double="def ...") -> what is recorded of the release with these functions."""
    assignment = Assignment.load(root / "solutions", TOPIC)

    def grade_with(**answers):
        notebook = nbformat.read(root / "notebooks" / TOPIC / f"{TOPIC}.ipynb", as_version=4)
        for cell in notebook.cells:
            cell.source = answers.get(grade_id(cell), cell.source)
        return grade(assignment, as_bytes(notebook), "", SECRET, LIMITS, level())

    return grade_with


def titles(graded):
    return {case.title: case.passed for case in graded.verdicts["sgd"].cases}


SGD = "def sgd(w, grad, state, *, lr):\n"
DOUBLE = "def double(x):\n    return 2 * x\n"


def test_the_example_proves_itself_solved_and_untouched(root):
    for only in ("complete", "solved", "untouched", "clean"):
        (proof,) = prove(root, TOPIC, only)
        assert proof.complaints == () or only == "complete", proof.complaints
        # The small course has no exercise files of its own: sgd's lies in this repository.
        assert not any("double" in complaint for complaint in proof.complaints)


def test_the_release_has_no_hidden_test_and_still_ends_in_its_score(root):
    cells = nbformat.read(root / "notebooks" / TOPIC / f"{TOPIC}.ipynb", as_version=4).cells
    (check,) = (cell for cell in cells if grade_id(cell) == "check_sgd")
    assert "-7" not in check.source and check.source.splitlines()[-1].startswith('check("sgd"')
    assert "hints_sgd" in [cell["id"] for cell in cells] and "hints_double" not in [cell["id"] for cell in cells]


def test_a_right_function_has_all_points_and_all_properties(grade_with):
    graded = grade_with(sgd=SGD + "    return w - lr * grad, state\n", double=DOUBLE)
    assert graded.scores == {"check_sgd": 5, "check_double": 2}
    assert len(titles(graded)) > 2 and all(titles(graded).values())
    assert {"a step of length 0 stays where it is", "a long step"} <= set(titles(graded))


def test_each_test_costs_its_own_share(grade_with):
    # Wrong for the long step alone, which `check` does not take.
    graded = grade_with(
        sgd=SGD + "    return w - min(lr, 7.0) * grad, state\n", double="def double(x):\n    return x\n"
    )
    assert graded.scores == {"check_sgd": 4, "check_double": 0}
    (failed,) = (case for case in graded.verdicts["sgd"].cases if not case.passed)
    assert failed.title == "a long step" and failed.message.startswith("a hidden test failed (line ")
    assert "-7" not in str(graded.verdicts) and "assert_allclose" not in str(graded.verdicts)


def test_a_wrong_function_keeps_what_the_tests_give_and_is_told_why(grade_with):
    graded = grade_with(sgd=SGD + "    return w + lr * grad, state\n", double=DOUBLE)
    verdict = graded.verdicts["sgd"]
    assert verdict.mistakes == ["adds_gradient"] and verdict.max_points == 5
    assert 1 <= graded.scores["check_sgd"] == verdict.points < 3
    assert titles(graded)["a step of length 0 stays where it is"]


def test_stubs_earn_nothing_and_are_told_so(grade_with):
    graded = grade_with(double=DOUBLE)
    assert graded.scores == {"check_sgd": 0, "check_double": 2}
    assert "not written yet" in graded.verdicts["sgd"].note
    graded = grade_with(sgd=SGD + "    return w - lr * grad, state\n")
    assert graded.scores == {"check_sgd": 5, "check_double": 0}
    assert graded.verdicts["double"].note == "`double` is not written yet."


def test_hidden_inputs_do_not_come_out_by_the_tests_messages(grade_with):
    # What `check` asks is kept where a later call finds it, and the open test shows what comes back.
    keeps = (
        "seen = []\n" + SGD + "    import os\n    seen.append(w.size)\n    open('kept', 'a').write('x')\n"
        "    return (w + os.path.getsize('kept') * 1000 if lr == 0 else w - lr * grad), state\n"
    )
    graded = grade_with(sgd=keeps)
    (failed,) = (case for case in graded.verdicts["sgd"].cases if not case.passed)
    assert "[1001. 1001. 1001.]" in failed.message  # the first call of all
