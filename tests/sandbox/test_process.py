"""A worker ends with the process that started it, at each level, however that process ends."""

import subprocess
import sys
import time

import psutil
import pytest

from autograder.sandbox.levels import find_for_samples

# Starts a worker and a cell that never ends, says so, and waits to be killed.
GRADER = """
import sys, time
from autograder.grading.link import Worker
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits

worker = Worker(Limits(), Level(sys.argv[1]), time.monotonic() + 600)
worker.keep()
print("ready", flush=True)
worker.run("while True: pass")
"""


@pytest.mark.parametrize("level", sorted({"none", find_for_samples().name}))
def test_a_worker_ends_when_its_grader_is_killed(level):
    with subprocess.Popen([sys.executable, "-c", GRADER, level], stdout=subprocess.PIPE) as grader:
        try:
            assert grader.stdout.readline() == b"ready\n"
            below = psutil.Process(grader.pid).children(recursive=True)
            assert below
            time.sleep(0.2)
        finally:
            grader.kill()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
