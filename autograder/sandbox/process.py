"""Starts a worker in its sandbox, and ends it with all that runs in it."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.files import TemporaryFolder, sweep_folders
from autograder.sandbox import bubblewrap, syscalls
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.scratch import Watch

_PACKAGE = Path(__file__).resolve().parents[1]
# The lock comes before anything else is loaded. Without a sandbox around it, the worker's folder alone is put on the
# path: `autograder` itself, with its exercises, is not for the student's code. Nothing that is loaded is garbage; from
# the student's first line on it is looked for.
_BOOTSTRAP = """
import gc, json, sys
gc.disable()
told = json.loads(sys.argv[1])
sys.path.insert(0, told["path"])
from worker import lockdown
lockdown.apply(told["lockdown"])
if told["bait"] is None:
    from worker.main import main
    if not told["stays"]:
        sys.path.remove(told["path"])
    main(told["control"], told["hidden"])
else:
    from worker.canary import main
    main(told["control"], told["bait"])
"""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys/devices/system/cpu")
# Of the processes, where they are not the sandbox's own: nothing but what the machine is.
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/uptime", "/proc/loadavg")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# The version of Landlock that a level needs: without namespaces, the first that keeps signals in (Linux 6.12).
LANDLOCK = {"strong": 1, "medium": 6}
_ROOM = 4
_numbers = itertools.count()
# User ids of workers: a process's number has 22 bits at most, and each grading process has 32 in turn.
WORKERS = range(0x7000_0000, 0x7000_0000 + (32 << 22))


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    call_seconds : wall clock for one call of a student's function
    cell_seconds : wall clock for one cell
    submission_seconds : wall clock for all cells and checks of a submission
    judge_seconds : processor time that the judge takes for a submission, once its functions have answered
    memory_bytes : memory of the whole sandbox where there are control groups; address space of a process everywhere
    scratch_bytes : what its scratch folder may hold, and one file at most; where the folder is on the disk it is looked
        at ten times a second, and a submission that goes beyond is ended
    processes : how many processes and threads it may have
    hidden : packages that are not there for it, besides those that are there for no submission
    """

    call_seconds: float = 10.0
    cell_seconds: float = 30.0
    submission_seconds: float = 300.0
    judge_seconds: float = 60.0
    memory_bytes: int = 4 * 2**30
    scratch_bytes: int = 64 * 2**20
    processes: int = 128
    hidden: tuple[str, ...] = ()


@dataclass
class Sandbox:
    """A running worker: its control socket, and the way to end it."""

    control: socket.socket
    process: subprocess.Popen
    folder: TemporaryFolder = field(repr=False)
    cgroup: Cgroup | None = None
    watch: Watch | None = None

    @property
    def pid(self) -> int:
        """The process that all others descend from."""
        return self.process.pid

    def went_too_far(self) -> bool:
        """Whether it was ended for what it used: memory, its scratch folder, processes."""
        return bool((self.watch and self.watch.exceeded) or (self.cgroup and self.cgroup.out_of_memory()))

    def was_killed(self) -> bool:
        """Whether it was certainly killed from outside: what runs in bubblewrap cannot reach bubblewrap."""
        return self.watch is None and (self.process.poll() or 0) < 0

    def end(self) -> None:
        """End every process of the worker and remove its folder."""
        if self.watch:
            self.watch.stop()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # bubblewrap is gone, and its namespace of processes goes with it: the last one to go closes the socket.
        _drain(self.control, time.monotonic() + 5.0)
        self.control.close()
        if self.cgroup:
            self.cgroup.end()
        self.folder.remove()


def start(limits: Limits, level: str, bait: Mapping[str, Any] | None = None) -> Sandbox:
    """Start a worker in a sandbox of its own.

    Parameters
    ----------
    limits : of the submission
    level : "strong", "medium", "weak", or "none" for trusted code
    bait : for the canary in the worker's place

    Raises
    ------
    OSError : the level cannot be had here
    """
    strong = level == "strong"
    program = bubblewrap.find() if strong else None
    if strong and program is None:
        raise FileNotFoundError("bubblewrap is not installed")
    temporary = TemporaryFolder("sandbox")
    folder = temporary.path
    ours, theirs = socket.socketpair()
    scratch = bubblewrap.SCRATCH if strong else str(folder)
    told = {
        "path": bubblewrap.INSIDE if strong else str(_PACKAGE),
        "stays": strong,
        "lockdown": lockdown(level, limits, folder, scratch),
        "control": theirs.fileno(),
        "hidden": list(limits.hidden),
        "bait": bait,
    }
    # Not -I, which is -s, -P and -E: with -E the hash seed of the environment would be ignored.
    command = [sys.executable, "-s", "-P", "-c", _BOOTSTRAP, json.dumps(told)]
    if program is not None:
        command = bubblewrap.command(
            program,
            command,
            scratch_bytes=limits.scratch_bytes,
            administrator=os.geteuid() == 0,
            hidden=limits.hidden,
        )
    cgroup = Cgroup.make(limits.memory_bytes, limits.processes)
    if cgroup:
        command = cgroup.joined(command)
    try:
        process = spawn(command, folder, scratch, theirs)
    except BaseException:
        ours.close()
        temporary.remove()
        raise
    finally:
        theirs.close()
    watch = None
    if level in ("medium", "weak"):
        watch = Watch(folder, process.pid, limits.scratch_bytes, limits.processes)
    return Sandbox(ours, process, temporary, cgroup, watch)


def sweep() -> None:
    """Remove what graders that were killed left behind: control groups and scratch folders."""
    Cgroup.sweep()
    sweep_folders(["sandbox", "gradebook"], strangers=WORKERS if os.geteuid() == 0 else range(0))


def lockdown(level: str, limits: Limits, folder: Path | None, scratch: str) -> dict[str, Any]:
    """What the worker does to itself first of all."""
    administrator = os.geteuid() == 0
    # A user of its own for each sandbox: limits count by user, and no two sandboxes at a time share one.
    uid = uids(os.getpid())[next(_numbers) % 32] if administrator and level != "none" else None
    if uid is not None and folder is not None and level != "strong":
        os.chown(folder, uid, uid)
    locked = level in ("strong", "medium")
    packages = [] if level == "strong" else bubblewrap.visible_packages(limits.hidden)
    here = [bubblewrap.INSIDE] if level == "strong" else [str(_PACKAGE / "worker"), str(_PACKAGE.parent / "helpers")]
    processes = ["/proc"] if level == "strong" else _MACHINE
    read = [
        *_SYSTEM,
        *processes,
        *here,
        *(bubblewrap.python_places() if level == "strong" else bubblewrap.library_places()),
    ]
    # Counted for the whole account, with the workers beside this one: what takes all that its own limit leaves must not
    # leave them none. The watch ends it where it has too many.
    others = 0 if administrator or level == "strong" else _own_processes() + _ROOM * limits.processes
    return {
        "trusted": level == "none",
        "uid": uid,
        "rlimits": {
            "RLIMIT_AS": limits.memory_bytes,
            "RLIMIT_CORE": 0,
            "RLIMIT_CPU": int(2 * limits.submission_seconds),
            "RLIMIT_FSIZE": limits.scratch_bytes,
            "RLIMIT_NOFILE": 256,
            **({"RLIMIT_NPROC": others + limits.processes} if locked or uid is not None else {}),
        },
        "landlock": LANDLOCK.get(level),
        "list": bubblewrap.listed_places(),
        "read": [*read, *packages, *_DEVICES],
        "write": [scratch, "/dev/null"],
        "seccomp": syscalls.program(own_processes=level == "strong").hex() if locked else "",
    }


def uids(grader: int) -> list[int]:
    """The user ids that workers of a grading process have in turn, where that process is root's."""
    return [WORKERS.start + grader + (number << 22) for number in range(32)]


def _own_processes() -> int:
    """How many threads this user has already: outside a user namespace they count."""
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                if os.stat(f"/proc/{entry}").st_uid == os.getuid():
                    count += len(os.listdir(f"/proc/{entry}/task"))
    return count


def spawn(command: Sequence[str], folder: str | Path, home: str, link: socket.socket) -> subprocess.Popen:
    """A process that has one socket, and neither terminal nor environment of the grader's."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[link.fileno()],
        start_new_session=True,
    )


def _environment(home: str) -> dict[str, str]:
    """What a worker's process is told by its environment, and nothing else of the grader's."""
    return {
        "HOME": home,
        "IPYTHONDIR": f"{home}/ipython",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.defpath,
        # Sets and dicts of strings come in the same order each time: the same submission, the same verdict.
        "PYTHONHASHSEED": "0",
        "TMPDIR": home,
    }


def _drain(link: socket.socket, deadline: float) -> None:
    """Read until the other end is closed everywhere."""
    with suppress(OSError):
        while time.monotonic() < deadline:
            link.settimeout(max(deadline - time.monotonic(), 0.01))
            if not link.recv(2**16):
                return
