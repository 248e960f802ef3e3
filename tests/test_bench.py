"""`make bench` on a class of one: it runs and prints its tables. What the clock says is not asserted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.spent import spent

pytest.importorskip("psutil")

ROOT = Path(__file__).resolve().parents[1]


# A process that is left behind works on when the command is over, as a sandbox may.
WORK = "from time import process_time as spent; any(spent() > 0.4 for _ in iter(int, 1))"
ORPHAN = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WORK!r}], start_new_session=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what is left behind is not counted")
def test_what_a_command_costs_is_that_of_all_its_processes(tmp_path):
    assert spent([sys.executable, "-c", ORPHAN], tmp_path) > 0.4
    with pytest.raises(RuntimeError, match="failed:"):
        spent([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


@pytest.mark.slow
def test_bench_prints_its_tables():
    options = ["--size", "1", "--rounds", "1", "--workers", "1", "--scale", "1", "--notebooks", "00_start"]
    command = [sys.executable, "-m", "bench", *options]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr[-3000:]
    graders = ("stock nbgrader", "ours, 1 worker", "2 workers", "sandbox start", "gradebook", "grader, MB")
    for words in (*graders, "beside PyTorch", "adam step"):
        assert words in done.stdout
    if hasattr(os, "sched_setaffinity"):
        for pattern in (r"JupyterLab takes (\d+) MB", r"00_start .* s +(\d+) MB"):
            assert 50 < int(re.search(pattern, done.stdout)[1]) < 2048
