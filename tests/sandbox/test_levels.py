"""Isolation is found by trying, and the canary that tries can sing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap, doctor, levels
from autograder.sandbox.doctor import examine
from autograder.sandbox.levels import Level, NoIsolation, Trial, attempt, find, find_for_samples

ROOT = Path(__file__).parents[2]
strong_here = pytest.mark.skipif(not attempt("strong").holds, reason="this machine has no strong isolation")
root_with_bubblewrap = pytest.mark.skipif(
    os.geteuid() != 0 or bubblewrap.find() is None or shutil.which("setpriv") is None,
    reason="becoming an unprivileged user takes root, bubblewrap and setpriv",
)


def as_a_user(*command):
    """Run a command as an unprivileged user who can read this Python, wherever it lies."""
    words = [bubblewrap.find(), "--dev-bind", "/", "/"]
    for place in bubblewrap.python_places():
        top = Path("/", *Path(place).parts[1:2])
        if top.stat().st_mode & 0o005 != 0o005:
            words += ["--perms", "0755", "--tmpfs", str(top)]
            for parent in sorted(set(Path(place).parents) - {Path("/"), top}):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--ro-bind", place, place]
    words += ["--cap-add", "ALL", "--chdir", "/tmp", "setpriv", "--reuid=61000", "--regid=61000", "--clear-groups"]
    words += ["--inh-caps=-all", "--bounding-set=-all", "env", "HOME=/tmp"]
    environment = {key: value for key, value in os.environ.items() if key != levels.VARIABLE}
    return subprocess.run([*words, *command], capture_output=True, text=True, timeout=120, env=environment, check=False)


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
        "see the grader's process",
        "load the judge or torch",
    } <= managed


def test_the_canary_leaves_the_grader_running():
    attempt("none")
    assert Path("/proc/self/status").read_text().split("TracerPid:")[1].split()[0] == "0"


def test_the_best_level_that_holds_is_taken(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    holding = {"medium", "weak"}
    monkeypatch.setattr(levels, "attempt", lambda name: Trial(name, error="" if name in holding else "no"))
    assert find().name == "medium"


def test_a_level_with_a_hole_is_not_taken(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    trials = {
        "strong": Trial("strong", ("open an internet socket",)),
        "medium": Trial("medium", ("read a file of this account",)),
        "weak": Trial("weak", ("read a file of this account",)),
    }
    monkeypatch.setattr(levels, "attempt", trials.__getitem__)
    with pytest.raises(NoIsolation, match=r"strong: the canary could open an internet socket(.|\n)*--allow-weak"):
        find()
    assert find(allow_weak=True) == Level("weak", ("read a file of this account",), levels._has_group())


def test_without_any_level_samples_are_graded_and_submissions_are_not(monkeypatch):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    monkeypatch.setattr(levels, "attempt", lambda name: Trial(name, error="not here"))
    assert find_for_samples().name == "none"
    with pytest.raises(NoIsolation):
        find(allow_weak=True)


def test_without_bubblewrap_the_strong_level_says_so(monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    assert attempt("strong").error == "bubblewrap is not installed"
    lines = "\n".join(examine().lines)
    assert "✗ bubblewrap: not installed" in lines
    assert "bubblewrap" in lines.split("✗ strong")[1]


@root_with_bubblewrap
def test_a_python_that_workers_cannot_reach_is_told(monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(sys, "executable", str(closed / "python3"))
    monkeypatch.setattr(doctor, "attempt", lambda name: Trial(name, error="no answer"))
    lines = {line.split(":")[0]: line for line in examine().lines}
    assert lines["✗ strong"] == "✗ strong: no answer"
    for level in ("medium", "weak"):
        assert f"cannot reach {closed / 'python3'}" in lines[f"✗ {level}"]


@pytest.mark.parametrize("strong", [True, False])
def test_only_what_is_needed_has_a_cross(monkeypatch, strong):
    monkeypatch.setattr(doctor, "attempt", lambda name: Trial(name, error="" if name == "strong" and strong else "no"))
    monkeypatch.setattr(doctor.Cgroup, "make", lambda *limits: None)
    lines = examine().lines
    assert "– control groups: not for this account (optional)" in lines
    mark = "–" if strong else "✗"
    assert {line[0] for line in lines if line[2:].startswith(("medium", "weak"))} == {mark}
    assert ("✗ strong: no" in lines) is not strong


@root_with_bubblewrap
def test_an_unprivileged_user_has_strong_and_medium():
    done = as_a_user(sys.executable, "-m", "autograder.cli", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ strong: holds\n" in done.stdout
    assert "✓ medium: holds" in done.stdout


@root_with_bubblewrap
@pytest.mark.parametrize("level", ["strong", "medium", "weak"])
def test_an_unprivileged_user_grades_the_same_at_every_level(level):
    program = f"""
from pathlib import Path
from autograder.grading.assignment import Assignment
from autograder.grading.grader import grade
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits

root = Path({str(ROOT)!r})
data = (root / "solutions/02_sgd/02_sgd.ipynb").read_bytes()
graded = grade(Assignment.load(root / "solutions", "02_sgd"), data, "", "s" * 20, Limits(), Level({level!r}))
print(sum(points or 0 for points in graded.scores.values()), graded.notes)
"""
    done = as_a_user(sys.executable, "-c", program)
    assert done.stdout == "46.0 ()\n", done.stderr
