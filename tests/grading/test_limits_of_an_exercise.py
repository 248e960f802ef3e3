"""What an exercise sets for itself: processor time, its children's too, and packages that are not there."""

import inspect
import os
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from unittest import mock

import pytest
from nbformat import v4

from autograder import exercises
from autograder.grading.grader import _as_asked
from autograder.grading.link import Worker
from autograder.grading.remote import Session, caller_of
from autograder.judge import contest, judge
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.levels import find_for_samples
from autograder.sandbox.process import Limits

TRAIN = exercises.load("train")
SOURCE = "import numpy as np, os, time\n" + inspect.getsource(TRAIN.right[0])
RIGHT = "train = right"
A_CHILD_WORKS = """
def train(x, y, rng):
    child = os.fork()
    if child == 0:
        while True:
            pass
    os.waitpid(child, 0)
"""
NOBODY_WAITS = """
def train(x, y, rng):
    for _ in range(3):
        if os.fork() == 0:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                pass
            os._exit(0)
    time.sleep(30)
    return right(x, y, rng)
"""
SHORT_LIVED = """
import signal

def train(x, y, rng):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        end, their_end = os.pipe()
        if os.fork() == 0:
            began = time.process_time()
            while time.process_time() < began + 0.03:
                pass
            os._exit(0)
        os.close(their_end)
        os.read(end, 1)
        os.close(end)
"""
REMEMBERS = """
kept = {}

def train(x, y, rng):
    if len(x) not in kept:
        kept[len(x)] = right(x + 1e-3 * np.random.default_rng().standard_normal(x.shape), y, rng)
    return kept[len(x)]
"""

# Two thirds of a budget of 0.4 s.
NEAR_ITS_BUDGET = """
def train(x, y, rng):
    end = time.process_time() + (0.27 if len(x) > 120 else 0)
    while time.process_time() < end:
        pass
    return right(x, y, rng)
"""


def verdict_on(source, beside=nullcontext):
    worker = Worker(Limits(), find_for_samples(), time.monotonic() + 300)
    try:
        worker.run(SOURCE + source)
        function = Session(worker.state.caller(), "secret: x").lookup(["train"])["train"]
        caller, seed = caller_of([function])
        with beside():
            return judge(TRAIN.rehearsed(), caller, points=100, seed=seed)
    finally:
        worker.end()


@contextmanager
def busy_processes():
    """Two for each core, and all of them at work."""
    words = [sys.executable, "-S", "-c", "print('busy', flush=True)\nwhile True: pass"]
    busy = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        assert all(process.stdout.readline() == b"busy\n" for process in busy)
        yield
    finally:
        for process in busy:
            process.kill()
            process.communicate()


def test_a_submission_is_asked_and_its_processor_time_is_measured():
    verdict = verdict_on(RIGHT)
    assert verdict.points == 100
    assert 0 <= verdict.measured["train_seconds"] < verdict.measured["train_budget"]


def test_a_loaded_machine_gives_the_same_points_as_a_quiet_one():
    """And is told the same, but for how long it took. By the wall clock it would be far beyond its budget."""
    with mock.patch.multiple(contest, _TRAIN_SECONDS=0.4, _PATIENCE=100.0):
        quiet, loaded = (verdict_on(NEAR_ITS_BUDGET, beside) for beside in (nullcontext, busy_processes))
    assert quiet.points == loaded.points == 100
    assert quiet.cases == loaded.cases and quiet.mistakes == loaded.mistakes
    told = [{name: m for name, m in one.measured.items() if "seconds" not in name and "budget" not in name}
            for one in (quiet, loaded)]  # fmt: skip
    assert told[0] == told[1] and told[0]["accuracy"] > 0.9


@pytest.mark.parametrize("source", [A_CHILD_WORKS, NOBODY_WAITS, SHORT_LIVED])
@pytest.mark.parametrize("group", [True, False], ids=["control group", "no control group"])
def test_the_time_of_children_counts(source, group):
    none = nullcontext() if group else mock.patch.object(Cgroup, "make", lambda *limits: None)
    budget = mock.patch.multiple(contest, _TRAIN_SECONDS=0.6, slowness=lambda: 1.0, _PATIENCE=100.0)
    with none, budget:
        verdict = verdict_on(source)
    assert verdict.points == 0
    assert verdict.cases[0].message == "no answer in time: the limit is 1 s of processor time"
    assert verdict.measured["train_seconds"] >= 0.6


def test_who_remembers_the_first_training_is_not_taken_for_reproducible():
    verdict = verdict_on(REMEMBERS)
    assert verdict.mistakes == ["not_reproducible"] and verdict.points == 97.5


def assignment(*names):
    cells = [
        v4.new_code_cell("", metadata={"nbgrader": {"grade": True, "solution": False, "grade_id": f"check_{name}"}})
        for name in names
    ]
    return SimpleNamespace(notebook=v4.new_notebook(cells=cells))


def test_limits_are_those_that_exercises_of_the_assignment_ask_for():
    limits = _as_asked(assignment("sgd", "train", "no_exercise"), Limits())
    assert limits.hidden == ("scipy", "sklearn")
    assert (limits.submission_seconds, limits.memory_bytes) == (1800.0, 2 * 2**30)
    assert _as_asked(assignment("sgd"), Limits()) == Limits()
    assert _as_asked(assignment("train"), Limits(submission_seconds=4000.0)).submission_seconds == 4000.0
