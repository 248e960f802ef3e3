"""A worker ends with the process that started it, at each level, however that process ends."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from autograder.files import TemporaryFolder, sweep_folders
from autograder.sandbox.levels import find_for_samples
from autograder.sandbox.process import WORKERS

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
def test_a_worker_ends_when_its_grader_is_killed_and_its_folder_is_swept(level, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", GRADER, level], stdout=subprocess.PIPE, env=environment) as grader:
        try:
            assert grader.stdout.readline() == b"ready\n"
            below = psutil.Process(grader.pid).children(recursive=True)
            assert below
            sweep_folders(["sandbox"], str(tmp_path), WORKERS)
            (folder,) = tmp_path.glob("downhill-sandbox-*")
            time.sleep(0.2)
        finally:
            grader.kill()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    assert folder.exists()
    sweep_folders(["sandbox"], str(tmp_path), WORKERS)
    assert not folder.exists()


def test_nothing_else_is_swept(tmp_path):
    others = [tmp_path / name for name in ("downhill-students", "downhill-sandbox-notes", "downhill-sandbox-12345678x")]
    for folder in others:
        folder.mkdir()
    link, file = tmp_path / "downhill-sandbox-abcdefgh", tmp_path / "downhill-sandbox-ijklmnop"
    link.symlink_to(others[0])
    file.write_text("a file")
    with TemporaryFolder("sandbox", str(tmp_path)) as ours:
        # Another open file, as another process has it.
        sweep_folders(["sandbox"], str(tmp_path))
        assert ours.is_dir()
    assert sorted(tmp_path.iterdir()) == sorted([*others, link, file])


@pytest.mark.skipif(os.geteuid() != 0, reason="another account's folder takes root")
def test_the_folder_of_another_account_is_not_swept(tmp_path):
    theirs = tmp_path / "downhill-sandbox-abcdefgh"
    theirs.mkdir()
    os.chown(theirs, 61000, 61000)
    sweep_folders(["sandbox"], str(tmp_path), WORKERS)
    assert theirs.exists()
    os.chown(theirs, WORKERS.start + 7, -1)
    sweep_folders(["sandbox"], str(tmp_path), WORKERS)
    assert not theirs.exists()
