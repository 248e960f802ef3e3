"""Grading neither reads nor leaves anybody's progress."""

from dataclasses import replace

from autograder.grading.assignment import grade_id
from autograder.progress import best, remember

from .conftest import said

LOCAL = """
def of_the_instructor(w, grad, state, *, lr):
    return w - lr * grad, state
check("sgd", of_the_instructor)
assert double(2) == 4
"""


def test_a_check_of_an_instructors_own_function_is_not_remembered(write, grade_it, assignment, tmp_path, monkeypatch):
    monkeypatch.setenv("DOWNHILL_PROGRESS", str(tmp_path / "progress.jsonl"))
    own = replace(assignment, notebook=assignment.fresh())
    next(cell for cell in own.notebook.cells if grade_id(cell) == "check_double").source = LOCAL
    graded = grade_it(write(), of=own)
    assert graded.scores["check_sgd"] == 4 and graded.scores["check_double"] == 2
    assert list(tmp_path.iterdir()) == []


def test_in_the_sandbox_there_is_no_progress_to_see(write, grade_it, tmp_path, monkeypatch):
    monkeypatch.setenv("DOWNHILL_PROGRESS", str(tmp_path / "progress.jsonl"))
    remember("momentum", 5, 5)
    cell = (
        "from autograder import check, progress\nprint(progress())\nprint(progress('02_sgd'), float(check('sgd', sgd)))"
    )
    graded = grade_it(write(after={"sgd": [cell]}))
    assert said(graded).count("shown in your own notebook") == 2 and "ImportError" not in said(graded)
    assert graded.scores["check_sgd"] == 4
    assert best() == {"momentum": 1.0}
