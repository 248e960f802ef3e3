"""A small course of two real exercises, a test of the instructor's own and a question."""

import copy
import shutil
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from nbgrader import api
from nbgrader.utils import is_solution
from sqlalchemy import create_engine
from sqlalchemy.util import LRUCache

from autograder.course.build import build
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.grader import grade
from autograder.sandbox.levels import find_for_samples
from autograder.sandbox.process import Limits

REPOSITORY = Path(__file__).parents[2]
NAME = "01_steps"
SECRET = "a secret for the tests alone"
# For what ends by itself, however slow the machine is, and for what does not.
LIMITS = Limits(call_seconds=60.0, cell_seconds=60.0, submission_seconds=300.0)
SHORT = Limits(call_seconds=1.0, cell_seconds=2.0, submission_seconds=30.0)

TEXT = '''\
# %% [markdown]
# # Steps

# %%
import numpy as np

from autograder import check

SEED = 3

# %% exercise="sgd"
def sgd(w, grad, state, *, lr):
    """New w, and the state."""
    ### BEGIN SOLUTION
    return w - lr * grad, state
    ### END SOLUTION


# %% check="sgd" points=4
check("sgd", sgd, points=4)

# %% demo="race"
raise RuntimeError("demos are not run at grading")

# %% [markdown]
# More.

# %% exercise="momentum"
def momentum(w, grad, state, *, lr, momentum=0.9):
    """New w, and the state."""
    ### BEGIN SOLUTION
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}
    ### END SOLUTION


# %% check="momentum" points=5
check("momentum", momentum, points=5)

# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double" points=2
check("double", double, points=2)

# %% [markdown] answer="why" points=3
# Why?
#
# ### BEGIN SOLUTION
# The model answer.
# ### END SOLUTION
'''

# An instructor's own tests, as they are written in nbgrader's own courses.
OPEN_TESTS = "assert double(2) == 4"
HIDDEN_TESTS = """
### BEGIN HIDDEN TESTS
np.testing.assert_allclose(double(np.ones(3)), 2 * np.ones(3))
hidden_constant = 12345678
assert double(hidden_constant) == 2 * hidden_constant
### END HIDDEN TESTS"""


def hints(exercise):
    return ("one", "two", "three")


def make_course(root, text=TEXT, name=NAME):
    """A course with one assignment, built, with this repository's settings."""
    root.mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    (root / "solutions").mkdir()
    (root / "solutions" / f"{name}.py").write_text(text, encoding="utf-8")
    build(root, hints=hints)
    for folder, tests in (("solutions", OPEN_TESTS + HIDDEN_TESTS), ("notebooks", OPEN_TESTS)):
        path = root / folder / name / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) == "check_double":
                cell.source = tests
        nbformat.write(notebook, path)
    return root


class Compiled(LRUCache):
    """Statements as they were compiled for any gradebook in SQLite, whose dialect is the first part of each key."""

    def get(self, key, default=None):
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key, value):
        super().__setitem__((key[0].name, *key[1:]), value)


@pytest.fixture(scope="session", autouse=True)
def compiled_once():
    """Gradebooks are opened by the hundred, and each would compile the same statements anew."""
    compiled = Compiled(2000)

    def create(url, **options):
        shared = {"compiled_cache": compiled} if url.startswith("sqlite:") else {}
        return create_engine(url, execution_options=shared, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "create_engine", create)
        yield


@cache
def level():
    """The isolation of this machine, tried once."""
    return find_for_samples()


@pytest.fixture(scope="session")
def course_root(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="session")
def assignment(course_root):
    return Assignment.load(course_root / "solutions", NAME)


@pytest.fixture(scope="session")
def notebooks(course_root):
    """(solved, released)"""
    places = [course_root / folder / NAME / f"{NAME}.ipynb" for folder in ("solutions", "notebooks")]
    return [nbformat.read(path, as_version=4) for path in places]


@pytest.fixture
def released(notebooks):
    return copy.deepcopy(notebooks[1])


@pytest.fixture
def write(notebooks):
    """write(sgd="def ...", after={"sgd": ["cell", ...]}) -> a notebook: the solution but for these cells."""

    def write(solved=True, after=None, **answers):
        notebook = copy.deepcopy(notebooks[1])
        right = {grade_id(cell): cell.source for cell in notebooks[0].cells if is_solution(cell)}
        cells = []
        for cell in notebook.cells:
            name = grade_id(cell)
            if solved and name in right:
                cell.source = right[name]
            cell.source = answers.get(name, cell.source)
            cells += [cell, *map(new_code_cell, (after or {}).get(name, []))]
        notebook.cells = cells
        return notebook

    return write


@pytest.fixture
def grade_it(assignment):
    """Grade a notebook, or bytes, or nothing."""

    def grade_it(notebook, limits=LIMITS, of=assignment, reason=""):
        data = notebook if isinstance(notebook, bytes | None) else as_bytes(notebook)
        return grade(of, data, reason, SECRET, limits, level())

    return grade_it


def as_bytes(notebook):
    """The file, without nbformat's repairs: students' notebooks have none."""
    return nbformat.v4.writes_json(notebook).encode()


def cells_of(graded):
    """The recorded notebook's cells, by nbgrader's id."""
    cells = nbformat.reads(graded.notebook, as_version=4).cells
    return {grade_id(cell): cell for cell in cells if grade_id(cell)}


def said(graded):
    """All that the student's and the judge's cells put out."""
    cells = nbformat.reads(graded.notebook, as_version=4).cells
    return "\n".join(str(output) for cell in cells for output in cell.get("outputs", []))
