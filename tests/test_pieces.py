"""Pieces of other notebooks: a learner's own come first, what they need comes along, a stub is nobody's."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from autograder.pieces import pieces

ROOT = Path(__file__).parents[1]
STUB = 'def {0}(x):\n    """Doc."""\n    raise NotImplementedError("{0}: not yet")'


def notebook(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"solution": True, "grade_id": name}},
            "source": source.splitlines(keepends=True),
        }
        for name, source in cells.items()
    ]
    path.write_text(json.dumps({"cells": made}))


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "notebooks"
    own = {
        "double": "def double(x):\n    return 2 * x  # mine",
        "four_times": "def four_times(x):\n    return double(double(x))",
        "half": STUB.format("half"),
        "switched": "def switched(x, *, double):\n    third = x\n    return third if double else 0",
        "broken": "def broken(x:\n    return",
        "third": STUB.format("third"),
    }
    notebook(folder / "02_sgd" / "02_sgd.ipynb", own)
    solutions = {
        name: f"def {name}(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"
        for name in ("double", "half", "broken")
    }
    notebook(tmp_path / "solutions" / "02_sgd" / "02_sgd.ipynb", solutions)
    (folder / "03_adam").mkdir()
    (folder / "03_adam" / "03_adam.ipynb").write_text("no notebook")
    return folder


def test_a_learners_own_come_with_what_they_need_and_run(course):
    found = pieces("four_times", folder=course)
    names = {}
    exec(found.source, names)
    assert names["four_times"](np.ones(2)).tolist() == [4, 4] and "# mine" in found.source
    assert found.own == {"four_times": "02_sgd", "double": "02_sgd"} and not found.lent


def test_an_argument_of_the_name_of_an_exercise_brings_nothing_along(course):
    assert pieces("switched", folder=course).own == {"switched": "02_sgd"}


def test_what_is_not_written_is_lent_by_the_course_and_said_so(course):
    found = pieces("half", "broken", "double", folder=course)
    assert set(found.lent) == {"half", "broken"} and set(found.own) == {"double"}
    assert "the course's, for yours is not written: half (02_sgd), broken (02_sgd)" in str(found)
    assert "SOLUTION" not in found.source and "NotImplementedError" not in found.source


def test_what_is_nowhere_is_named(course):
    found = pieces("third", "nothing", folder=course)
    assert found.missing == ("third", "nothing")
    assert "no solution here: third, nothing" in str(found) and "new cell" not in str(found)


def test_the_pieces_that_the_capstone_asks_for_are_all_in_the_course():
    text = (ROOT / "solutions" / "13_capstone.py").read_text()
    (call,) = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "pieces"
    ]
    asked = {name for argument in call.args for name in argument.value.split()}
    found = pieces(*asked, folder=ROOT / "notebooks")
    names = {}
    exec(found.source, names)
    assert not found.missing and not found.own and asked <= set(names)


def test_names_may_share_a_string(course):
    assert pieces("half double", folder=course).source == pieces("half", "double", folder=course).source


def test_no_name_is_refused():
    with pytest.raises(ValueError, match="name the functions"):
        pieces()
