"""Starts the worker in a process of its own: a fresh folder, a bare environment, limits, and an end for all of it."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# What keeps a student's code from the machine, in words for the log and the feedback.
ISOLATION = "weak: a separate process with limits, but with this account's files and network"

_PACKAGE = Path(__file__).resolve().parents[1]
# The worker's folder alone is put on the path: `autograder` itself, with its exercises, is not for the student's code.
_BOOTSTRAP = """
import sys
sys.path.insert(0, sys.argv[1])
from worker.main import main
sys.path.pop(0)
main(int(sys.argv[2]), [int(n) for n in sys.argv[3].split(",") if n])
"""


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    call_seconds : wall clock for one call of a student's function
    cell_seconds : wall clock for one cell
    submission_seconds : wall clock for all cells and checks of a submission
    memory_bytes, file_bytes : address space of a process; size of a file it writes
    """

    call_seconds: float = 10.0
    cell_seconds: float = 30.0
    submission_seconds: float = 300.0
    memory_bytes: int = 4 * 2**30
    file_bytes: int = 64 * 2**20


@dataclass
class Sandbox:
    """A running worker: its control socket, a socket for each check, and the way to end it."""

    control: socket.socket
    checks: list[socket.socket]
    process: subprocess.Popen
    folder: Path = field(repr=False)

    def end(self) -> None:
        """End every process of the worker and remove its folder."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for link in (self.control, *self.checks):
            link.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(checks: int, limits: Limits) -> Sandbox:
    """Start a worker with a socket for each of so many checks."""
    folder = Path(tempfile.mkdtemp(prefix="downhill-"))
    pairs = [socket.socketpair() for _ in range(checks + 1)]
    theirs = [pair[1] for pair in pairs]
    numbers = [str(link.fileno()) for link in theirs]
    command = [sys.executable, "-I", "-c", _BOOTSTRAP, str(_PACKAGE), numbers[0], ",".join(numbers[1:])]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[link.fileno() for link in theirs],
        start_new_session=True,
        preexec_fn=lambda: _limit(limits),
    )
    for link in theirs:
        link.close()
    return Sandbox(pairs[0][0], [pair[0] for pair in pairs[1:]], process, folder)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.defpath,
        # Sets and dicts of strings come in the same order each time: the same submission, the same verdict.
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(folder),
    }


def _limit(limits: Limits) -> None:
    """Limits that hold from the worker's first instruction on."""
    for what, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CPU, int(2 * limits.submission_seconds)),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))
