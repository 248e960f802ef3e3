"""Processor seconds of a command and of all that it starts, sandboxes included: `python -m bench.spent COMMAND ...`."""

import ctypes
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def spent(command: Sequence[str], folder: Path) -> float:
    """Run a command in a folder; what it took, measured in a process of its own.

    Raises
    ------
    RuntimeError : the command fails
    """
    # What is loaded is read from bytecode, as in a course that is used, and that is written at the first run.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "bench.spent", *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    told = json.loads(done.stdout) if done.stdout else {"status": done.returncode}
    if told["status"]:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return told["seconds"]


def main(command: Sequence[str]) -> None:
    """Run a command and print its status and its processor seconds."""
    if sys.platform == "linux":
        # Whose parent ends is this process's to wait for: only what was waited for is counted.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    status = subprocess.run(command, stdout=sys.stderr).returncode
    with suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"status": status, "seconds": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main(sys.argv[1:])
