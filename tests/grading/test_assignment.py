"""An assignment on its way to processes that grade, and what its verdicts follow from."""

import ast
import pickle
from pathlib import Path

from autograder import exercises
from autograder.grading.graded import DRAWN_BY


def test_a_process_that_grades_many_unpacks_their_assignment_once(assignment):
    first, second = (pickle.loads(pickle.dumps(assignment)) for _ in range(2))
    assert first is second and first is not assignment
    assert (first.name, first.digest, first.notebook) == (assignment.name, assignment.digest, assignment.notebook)
    assert first.solutions.keys() == assignment.solutions.keys() and first.imports == assignment.imports


def test_what_one_submission_fills_in_is_not_there_for_the_next(assignment):
    arrived = pickle.loads(pickle.dumps(assignment))
    before = [cell.source for cell in arrived.notebook.cells]
    for cell in arrived.fresh().cells:
        cell.source = "filled in"
    assert [cell.source for cell in arrived.fresh().cells] == before


def test_a_verdict_follows_from_every_helper_that_exercises_draw_by():
    imported = set()
    for path in Path(exercises.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "helpers":
                parts = node.module.split(".")[1:2] or [alias.name for alias in node.names]
                imported |= {f"{name}.py" for name in parts}
    assert imported == set(DRAWN_BY)
