"""A worker that somebody else ends costs the student nothing; one that its own submission ends loses what it must."""

import signal

import psutil
import pytest

from autograder.grading import grader
from autograder.grading.link import Worker, WorkerLost

from .conftest import LIMITS, level, said

FULL = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0}


def kill(worker, which):
    """End a worker's sandbox as somebody outside would: all of it, or a process that runs the cells."""
    top = psutil.Process(worker.sandbox.process.pid)
    below = top.children(recursive=True)
    for process in [top] if which == "sandbox" else below[-1:]:
        process.send_signal(signal.SIGKILL)


@pytest.fixture
def killing(monkeypatch):
    """killing("run" or "caller", which, times): at such a call, the first so many workers are killed."""

    def killing(method, which, times=1):
        killed = []
        own = getattr(Worker, method)

        def patched(self, argument):
            if len(killed) < times and self not in killed:
                killed.append(self)
                kill(self, which)
            return own(self, argument)

        monkeypatch.setattr(Worker, method, patched)
        return killed

    return killing


@pytest.mark.skipif(level().name == "none", reason="there is no sandbox around a worker here")
@pytest.mark.parametrize("which", ["sandbox", "cells"])
@pytest.mark.parametrize("method", ["run", "keep", "caller"])
def test_a_worker_that_is_killed_once_costs_nothing(write, grade_it, killing, method, which):
    killed = killing(method, which)
    graded = grade_it(write(after={"sgd": ["print('said', 'once')"]}))
    assert killed
    assert {name: graded.scores[name] for name in FULL} == FULL
    assert "Stopped" not in said(graded) and said(graded).count("said once") <= 1


@pytest.mark.skipif(level().name != "strong", reason="only bubblewrap is out of a submission's reach for certain")
def test_a_sandbox_that_is_killed_again_and_again_is_nobodys_zero(write, grade_it, killing):
    killing("run", "sandbox", times=100)
    with pytest.raises(WorkerLost, match="killed from outside"):
        grade_it(write())


def test_a_worker_that_does_not_start_is_started_again(write, grade_it, monkeypatch):
    started = []

    class Late(Worker):
        def __init__(self, *arguments):
            started.append(arguments)
            if len(started) == 1:
                raise WorkerLost("the worker did not start")
            super().__init__(*arguments)

    monkeypatch.setattr(grader, "Worker", Late)
    assert grade_it(write()).scores["check_sgd"] == 4 and len(started) == 2


def test_what_ends_the_process_twice_is_the_submissions_own(write, grade_it):
    exits = "def sgd(w, grad, state, *, lr):\n    import os\n    os._exit(0)\n"
    graded = grade_it(write(sgd=exits, after={"check_sgd": ["import os; os._exit(0)"]}))
    assert {name: graded.scores[name] for name in FULL} == {**FULL, "check_sgd": 0.0}
    assert "the process ended" in said(graded) and "the process ended" in str(graded.verdicts["sgd"].cases)


def test_only_the_first_run_of_a_cell_is_shown(write, grade_it):
    # What the first run leaves behind, it could have read from a check's process, of this submission or of another.
    tells = "import os, pathlib\nnote = pathlib.Path(__import__('tempfile').gettempdir(), 'note')\nprint('told')"
    graded = grade_it(write(after={"sgd": [tells], "check_sgd": ["import os; os._exit(0)"]}))
    assert said(graded).count("told") == 1
    # The cells below the one that ends the process have their first run once a check has been asked.
    graded = grade_it(write(after={"check_sgd": ["import os; os._exit(0)", "print('told')"]}))
    assert "told" not in said(graded)


def test_the_judges_time_is_limited_and_its_end_is_this_submissions_loss(write, grade_it):
    graded = grade_it(write(), LIMITS.__class__(**{**vars(LIMITS), "judge_seconds": 0.0}))
    assert graded.scores["check_sgd"] == 0
    assert "the limit for judging a submission is 0 s" in said(graded)
    assert grade_it(write()).scores["check_sgd"] == 4


def test_more_numbers_than_were_asked_for_lose_that_check_alone(write, grade_it):
    much = "def sgd(w, grad, state, *, lr):\n    return np.zeros(60_000_000, np.int8), state\n"
    graded = grade_it(write(sgd=much))
    assert {name: graded.scores[name] for name in FULL} == {**FULL, "check_sgd": 0.0}
    assert "too large" in str(graded.verdicts["sgd"].cases)
