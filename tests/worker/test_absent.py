"""Packages that are hidden from a student's code are not there, as if they were not installed."""

import time

import pytest

from autograder.grading.link import Worker
from autograder.sandbox.levels import Level, find_for_samples
from autograder.sandbox.process import Limits

LEVELS = [Level("none"), found] if (found := find_for_samples()).name != "none" else [found]
TRIES = """
import importlib.util
for name in {names}:
    try:
        __import__(name)
        print(name, "is there")
    except Exception as error:
        print(type(error).__name__, error)
    print(importlib.util.find_spec(name.partition(".")[0]))
"""


def said(level, hidden, names, more=""):
    worker = Worker(Limits(hidden=hidden), level, time.monotonic() + 60)
    try:
        outputs, _ = worker.run(TRIES.format(names=names) + more)
        return "".join(output.get("text", repr(output)) for output in outputs)
    finally:
        worker.end()


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_torch_is_not_there_and_neither_is_what_an_exercise_hides(level):
    names = ["torch", "nbgrader", "sklearn", "scipy.optimize"]
    text = said(level, ("sklearn", "scipy"), names, "from helpers import data\nprint(data.digits())")
    missing = [f"ModuleNotFoundError No module named {name.partition('.')[0]!r}\nNone\n" for name in names]
    assert text.startswith("".join(missing))
    assert text.endswith("Dataset(1079 train, 359 val, 359 test, each sample (64,))\n")


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_where_no_exercise_hides_it_scikit_learn_is_there(level):
    assert "sklearn is there" in said(level, (), ["sklearn"])


@pytest.mark.skipif(len(LEVELS) == 1, reason="no wall here")
def test_the_files_are_away_too():
    """A student's code can put Python's own search back: there is nothing to be found."""
    back = "import importlib.machinery as m, sys\nsys.meta_path[:] = [*sys.meta_path[:2], m.PathFinder]\n"
    text = said(LEVELS[-1], ("sklearn",), [], back + "from sklearn.svm import SVC")
    assert "ImportError" in text or "ModuleNotFoundError" in text or "PermissionError" in text
