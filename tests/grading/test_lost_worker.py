"""A worker that somebody else ends costs the student nothing; one that its own submission ends loses what it must."""

import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from autograder.grading import grader
from autograder.grading.link import State, Worker, WorkerLost
from autograder.sandbox.warm import WarmSandbox

from .conftest import LIMITS, SECRET, as_bytes, level, said

FULL = {"check_sgd": 4.0, "check_momentum": 5.0, "check_double": 2.0}


def kill(sandbox, which):
    """End processes as somebody outside would: the whole sandbox, one submission in it, or what runs its cells."""
    warm = isinstance(sandbox, WarmSandbox)
    if which == "sandbox":
        (sandbox.zygote if warm else sandbox).process.kill()
    elif which == "submission":
        signal.pidfd_send_signal(sandbox.first, signal.SIGKILL)
    else:
        first = status_of(sandbox.first)["Pid"] if warm else sandbox.process.pid
        psutil.Process(int(first)).children(recursive=True)[-1].kill()


def status_of(pidfd):
    lines = Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


@pytest.fixture
def killing(monkeypatch):
    """killing("run", "keep" or "call", which, times): at such a moment, the first so many workers are killed."""
    workers, killed = [], []
    begin = Worker.__init__

    def begun(self, *arguments):
        workers.append(self)
        begin(self, *arguments)

    def killing(moment, which, times=1):
        owner, method = (State, "caller") if moment == "call" else (Worker, moment)
        own = getattr(owner, method)

        def patched(self, *arguments, **named):
            if len(killed) < times and workers[-1] not in killed:
                killed.append(workers[-1])
                kill(workers[-1].sandbox, which)
            return own(self, *arguments, **named)

        monkeypatch.setattr(Worker, "__init__", begun)
        monkeypatch.setattr(owner, method, patched)
        return killed

    return killing


STARTS = [(True, which) for which in ("sandbox", "submission", "cells")] + [(False, w) for w in ("sandbox", "cells")]
# A cell that is more than a definition: the check above it gets a state of its own.
SPEAKS = {"sgd": ["print('said', 'once')"]}


@pytest.fixture
def grade_at(assignment):
    """Grade at the level of this machine, by the warm process or by a sandbox for each submission."""
    if level().name == "none":
        pytest.skip("there is no sandbox around a worker here")

    def grade_at(notebook, warm):
        if warm and not level().warm:
            pytest.skip("there is no warm sandbox here")
        return grader.grade(assignment, as_bytes(notebook), "", SECRET, LIMITS, replace(level(), warm=warm))

    return grade_at


@pytest.mark.parametrize(("warm", "which"), STARTS)
@pytest.mark.parametrize("moment", ["run", "keep", "call"])
def test_a_worker_that_is_killed_once_costs_nothing(write, grade_at, killing, moment, warm, which):
    killed = killing(moment, which)
    graded = grade_at(write(after=SPEAKS | {"momentum": ["steps = 3"]}), warm)
    assert killed
    assert {name: graded.scores[name] for name in FULL} == FULL
    assert "Stopped" not in said(graded) and said(graded).count("said once") <= 1


@pytest.mark.skipif(level().name != "strong", reason="only bubblewrap is out of a submission's reach for certain")
@pytest.mark.parametrize(("warm", "which"), [start for start in STARTS if start[1] != "cells"])
@pytest.mark.parametrize("moment", ["run", "call"])
def test_what_is_killed_from_outside_again_and_again_is_nobodys_zero(write, grade_at, killing, moment, warm, which):
    killing(moment, which, times=100)
    with pytest.raises(WorkerLost, match="killed from outside"):
        grade_at(write(), warm)


ENDS_ALL = """
import contextlib, os, signal
for process in (1, -1, os.getppid()):
    with contextlib.suppress(OSError):
        os.kill(process, signal.SIGKILL)
os._exit(0)
"""


@pytest.mark.skipif(not level().warm, reason="there is no warm sandbox here")
def test_no_submission_can_pass_for_one_that_is_killed_from_outside(write, grade_at):
    graded = grade_at(write(after={"sgd": [ENDS_ALL]}), True)
    assert {name: graded.scores[name] for name in FULL} == FULL
    assert "was passed over: the process ended" in " ".join(graded.notes)


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
