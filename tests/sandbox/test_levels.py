"""Isolation is found by trying, and the canary that tries can sing."""

import json
import sys
from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap, doctor, levels
from autograder.sandbox.doctor import examine
from autograder.sandbox.levels import Level, NoIsolation, Trial, attempt, find, find_for_samples

from ..as_user import as_a_user, needs_root

ROOT = Path(__file__).parents[2]
strong_here = pytest.mark.skipif(not attempt("strong").holds, reason="this machine has no strong isolation")


@strong_here
def test_in_the_strong_level_the_canary_manages_nothing():
    assert attempt("strong") == Trial("strong")


def test_without_a_sandbox_the_canary_manages_what_the_others_prevent():
    managed = set(attempt("none").succeeded)
    assert {
        "read a file of this account",
        "list a folder of this account",
        "write outside its scratch folder",
        "reach a port of this machine",
        "open an internet socket",
        "change a file of this account",
        "change the attributes of a file of this account",
        "reach a socket of this account",
        "see other processes",
        "signal other processes",
        "limit or slow down other processes",
        "leave a process behind",
        "leave locks or marks on the system's files",
        "make dangerous system calls",
        "load the judge or torch",
    } <= managed
    # And it leaves the grader running.
    assert Path("/proc/self/status").read_text().split("TracerPid:")[1].split()[0] == "0"


def test_the_best_level_that_holds_is_taken(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    holding = {"medium", "weak"}
    monkeypatch.setattr(levels, "attempt", lambda name, warm=False: Trial(name, error="" if name in holding else "no"))
    assert find().name == "medium"


def test_a_level_with_a_hole_is_not_taken(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    trials = {
        "strong": Trial("strong", ("open an internet socket",)),
        "medium": Trial("medium", ("read a file of this account",)),
        "weak": Trial("weak", ("read a file of this account",)),
    }
    monkeypatch.setattr(levels, "attempt", lambda name, warm=False: trials[name])
    with pytest.raises(NoIsolation, match=r"strong: the canary could open an internet socket(.|\n)*--allow-weak"):
        find()
    assert find(allow_weak=True) == Level("weak", ("read a file of this account",), levels._has_group())


def test_without_any_level_samples_are_graded_and_submissions_are_not(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    monkeypatch.setattr(levels, "attempt", lambda name, warm=False: Trial(name, error="not here"))
    assert find_for_samples().name == "none"
    with pytest.raises(NoIsolation):
        find(allow_weak=True)


def test_without_bubblewrap_the_strong_level_says_so(monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    assert attempt("strong").error == "bubblewrap is not installed"
    lines = "\n".join(examine().lines)
    assert "✗ bubblewrap: not installed" in lines
    assert "bubblewrap" in lines.split("✗ strong")[1]


@needs_root
def test_a_python_that_workers_cannot_reach_is_told(monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(sys, "executable", str(closed / "python3"))
    monkeypatch.setattr(doctor, "attempt", lambda name, warm=False: Trial(name, error="no answer"))
    lines = {line.split(":")[0]: line for line in examine().lines}
    assert lines["✗ strong"] == "✗ strong: no answer"
    for level in ("medium", "weak"):
        assert f"cannot reach {closed / 'python3'}" in lines[f"✗ {level}"]


@pytest.mark.parametrize("strong", [True, False])
def test_only_what_is_needed_has_a_cross(monkeypatch, strong):
    monkeypatch.setattr(
        doctor, "attempt", lambda name, warm=False: Trial(name, error="" if name == "strong" and strong else "no")
    )
    monkeypatch.setattr(doctor.Cgroup, "make", lambda *limits: None)
    lines = examine().lines
    assert "– control groups: not for this account (optional)" in lines
    mark = "–" if strong else "✗"
    assert {line[0] for line in lines if line[2:].startswith(("medium", "weak"))} == {mark}
    assert ("✗ strong: no" in lines) is not strong


@needs_root
def test_an_unprivileged_user_has_strong_and_medium():
    done = as_a_user(sys.executable, "-m", "autograder.cli", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ strong: holds\n" in done.stdout
    assert "✓ medium: holds\n" in done.stdout


# The medium level with one of its defences taken away, each time: {what is taken away: what the canary can do}
HOLES = """
import json
from autograder.sandbox import process, syscalls
from autograder.sandbox.levels import attempt

lock, bootstrap, program = 'lockdown.apply(told["lockdown"])', process._BOOTSTRAP, syscalls.program
old = "import landlockpy.ruleset\\nlandlockpy.ruleset._syscall.abi_version = lambda: 2\\n"

def without(part, value):
    process._BOOTSTRAP = bootstrap.replace(lock, f'told["lockdown"][{part!r}] = {value!r}; {lock}')
    return attempt("medium").succeeded

found = {"nothing": attempt("medium").succeeded}
syscalls.program = lambda own_processes: program(own_processes=True)
found["what stands for namespaces"] = attempt("medium").succeeded
syscalls.program = program
process._BOOTSTRAP = old + bootstrap
found["old, seen by the worker"] = attempt("medium").error
process.LANDLOCK = {"medium": 0}
found["Landlock 2"] = attempt("medium").succeeded
found["seccomp"] = without("seccomp", "")
found["Landlock"] = without("landlock", None)
found["limits"] = without("rlimits", {})
print(json.dumps(found))
"""


@needs_root
def test_the_canary_sees_each_defence_of_medium_that_is_gone():
    done = as_a_user(sys.executable, "-c", HOLES)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["nothing"] == []
    assert "the canary does not answer" in found["old, seen by the worker"]
    assert set(found["what stands for namespaces"]) == {
        "change the attributes of a file of this account",
        "reach a socket of this account",
        "limit or slow down other processes",
        "leave a process behind",
        "leave shared memory behind",
    }
    assert set(found["Landlock 2"]) == {"change a file of this account", "signal other processes"}
    assert {"leave locks or marks on the system's files", "make dangerous system calls"} <= set(found["seccomp"])
    assert {
        "read a file of this account",
        "list a folder of this account",
        "write outside its scratch folder",
        "change a file of this account",
        "load the judge or torch",
        "see other processes",
        "signal other processes",
        "read the grader's environment",
    } <= set(found["Landlock"])
    assert "go without limits of time, memory or space" in found["limits"]


@pytest.mark.parametrize(("version", "says"), [(0, "has none"), (1, "version 1"), (2, "version 2"), (5, "version 5")])
def test_medium_is_not_for_an_old_kernel(monkeypatch, version, says):
    monkeypatch.setattr(levels, "landlock_version", lambda: version)
    trial = attempt("medium")
    assert not trial.holds
    assert says in trial.error and "Linux 6.12" in trial.error


@needs_root
def test_an_unprivileged_user_grades_the_same_at_every_level():
    program = f"""
from pathlib import Path
from autograder.grading.assignment import Assignment
from autograder.grading.grader import grade
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits

root = Path({str(ROOT)!r})
data = (root / "solutions/02_sgd/02_sgd.ipynb").read_bytes()
assignment = Assignment.load(root / "solutions", "02_sgd")
for name in ("strong", "medium", "weak"):
    graded = grade(assignment, data, "", "s" * 20, Limits(), Level(name))
    print(name, sum(points or 0 for points in graded.scores.values()), graded.notes, flush=True)
"""
    done = as_a_user(sys.executable, "-c", program)
    assert done.stdout.splitlines() == ["strong 51.0 ()", "medium 51.0 ()", "weak 51.0 ()"], done.stderr
