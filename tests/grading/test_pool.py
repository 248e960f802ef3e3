"""Grading processes: what they start with, and what others do without. How they end is in test_resume.py."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.grading.pool import processes

LOADED = """
import os
from autograder.grading.pool import processes
with processes(2) as pool:
    print(pool.submit(eval, "'torch' in __import__('sys').modules").result())
    loader = pool.submit(os.getppid).result()
    print(loader != os.getpid(), os.listdir(f"/proc/{loader}/task") == [str(loader)])
"""


def test_processes_have_the_graders_environment_as_it_is_when_they_start(monkeypatch):
    for word in ("first", "second"):
        monkeypatch.setenv("DOWNHILL_TEST_WORD", word)
        with processes(1) as pool:
            assert pool.submit(os.getenv, "DOWNHILL_TEST_WORD").result() == word


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process loads for itself")
def test_they_are_forks_of_a_process_without_threads_that_has_loaded_pytorch():
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"] * 3, done.stderr


KINDS = """
import threading, time
from autograder.grading.pool import _context
print(_context(1).get_start_method(), _context(2).get_start_method())
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(_context(1).get_start_method())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process loads for itself")
def test_a_single_one_is_a_fork_of_the_grader_unless_that_has_threads():
    done = subprocess.run([sys.executable, "-c", KINDS], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["fork", "forkserver", "forkserver"], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no socket")
@pytest.mark.parametrize("length", [75, 76, 120])
def test_a_temporary_folder_too_deep_for_a_socket_is_no_hindrance(length, tmp_path):
    code = "from autograder.grading.pool import processes\nwith processes(2) as pool: print(pool.submit(int).result())"
    # What grading needs is of no account here: the first that it would load fails.
    (tmp_path / "numpy.py").write_text("raise ImportError")
    with tempfile.TemporaryDirectory(dir="/tmp") as top:
        folder = Path(top, "x" * (length - len(top) - 1))
        folder.mkdir()
        assert len(str(folder)) == length
        environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
    assert done.stdout == "0\n", done.stderr


def test_who_does_not_grade_itself_loads_no_pytorch():
    modules = ["autograder.cli", "autograder.grading.classroom", "autograder.grading.preprocessors"]
    code = "\n".join(f"import sys, {module}; print({module!r}, 'torch' in sys.modules)" for module in modules)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"{module} False" for module in modules], done.stderr
