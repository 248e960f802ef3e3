"""Where no namespace limits what a worker keeps, it is ended when it goes too far, however it hides it."""

import os
import subprocess
import sys

import pytest

from autograder.files import remove_folder
from autograder.sandbox.scratch import Watch

MOST, PROCESSES = 2**20, 16
WAYS = {
    "many files": "for k in range(40): open(str(k), 'wb').write(block)",
    "a closed folder": "os.mkdir('d', 0o700); [open(f'd/{k}', 'wb').write(block) for k in range(40)]; os.chmod('d', 0)",
    "deleted files": """
kept = [open(str(k), 'wb', 0) for k in range(40)]
for file in kept:
    file.write(block)
    os.unlink(file.name)""",
    "mapped files": """
for k in range(2):
    with open(str(k), 'w+b') as file:
        file.write(block)
        file.flush()
        os.unlink(str(k))
        kept = [kept, mmap.mmap(file.fileno(), 4096)]
os.closerange(3, 100)""",
    "mapped files whose names look like lines": r"""
for k, end in enumerate(("\r", "\x0c", "\x1c", "\x85", "\u2028")):
    with open(f"{k}{end}a", 'w+b') as file:
        file.write(block)
        file.flush()
        os.unlink(file.name)
        kept = [kept, mmap.mmap(file.fileno(), 4096)]
os.closerange(3, 100)""",
    "a deep folder": "for _ in range(1100): os.mkdir('d' * 200); os.chdir('d' * 200)",
    "empty files": "for k in range(20_100): open(str(k), 'w').close()",
    "processes": "[os.fork() for _ in range(5)]",
    "threads": "[threading.Thread(target=time.sleep, args=[600], daemon=True).start() for _ in range(20)]",
}


def started(way, folder):
    program = f"import mmap, os, threading, time\nblock, kept = b'x' * 2**15, []\n{way}\nprint('done', flush=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", program + "time.sleep(600)"],
        cwd=folder,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize("way", WAYS)
def test_who_goes_too_far_is_ended(tmp_path, way):
    with started(WAYS[way], tmp_path) as process:
        watch = Watch(tmp_path, process.pid, MOST, PROCESSES)
        try:
            assert process.wait(60) == -9
        finally:
            process.kill()
            watch.stop()
    assert watch.exceeded
    remove_folder(tmp_path)
    assert not tmp_path.exists()


def test_who_does_not_goes_on(tmp_path):
    with started("open('a', 'wb').write(block); kept = open('b', 'w'); os.unlink('b'); os.fork()", tmp_path) as process:
        watch = Watch(tmp_path, process.pid, MOST, PROCESSES)
        try:
            assert process.stdout.readline().startswith(b"done")  # of either process
            for _ in range(3):
                watch.look()
            assert process.poll() is None and not watch.exceeded
        finally:
            watch.stop()
            os.killpg(process.pid, 9)
