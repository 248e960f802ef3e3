"""The lock that a worker puts on itself."""

import subprocess
import sys

import pytest

WATCHED = """
import sys
started = []
sys.addaudithook(lambda event, what: started.append(event) if event in ("subprocess.Popen", "os.posix_spawn") else None)
from autograder.worker import lockdown
lockdown._landlock(0, [], ["/"], [])
print(started)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_landlock_starts_no_programs():
    # landlockpy would look for libc with ldconfig, a compiler and a linker, in every sandbox.
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
