"""What all tests share."""

import gc
import os
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings

# Code that students could have written, one of them as test_statistics.py.
collect_ignore = ["submissions", "hostile"]

# A check of the tests is no learner's: nothing is kept, in nobody's home.
os.environ["DOWNHILL_PROGRESS"] = ""

# Several tests run at once: threads of one that wait for each other would take the time of the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A machine that is busy is slow, not wrong.
settings.register_profile("downhill", deadline=None)
settings.load_profile("downhill")


@pytest.fixture(scope="module")
def machine_measured_once():
    """How slow the machine is, which the capstone asks for every verdict: a fixed loop of a tenth of a second."""
    from autograder.judge import contest

    with mock.patch.object(contest, "slowness", cache(contest.slowness)):
        yield


def pytest_xdist_auto_num_workers():
    """One more than there are cores: tests wait for sandboxes, kernels and browsers a third of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """Tests of the whole and of sandboxes first: they take long, and at the end one process would be at them alone."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.parent not in (here, here / "sandbox"))


def pytest_collection_finish():
    """Thousands of tests and the libraries stay to the end: looking for garbage among them would take seconds."""
    gc.collect()
    gc.freeze()
