"""The canary: tries in the sandbox what a student's code must not be able to do, and tells what succeeded."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import wire


def main(control: int, bait: Mapping[str, Any]) -> None:
    """Attempt each act and report those that succeeded.

    Parameters
    ----------
    control : number of the socket to answer on
    bait : what the judge laid out: a `file` of its own, a `folder`, a `port` at which it listens, its `pid`, and a
        `marker` in its environment
    """
    link = socket.socket(fileno=control)
    acts: dict[str, Callable[[], bool]] = {
        "read a file of this account": lambda: bool(Path(bait["file"]).read_bytes()),
        "list a folder of this account": lambda: os.listdir(bait["folder"]) is not None,
        "write outside its scratch folder": lambda: _writes(bait["folder"]),
        "reach a port of this machine": lambda: _connects(bait["port"]),
        "open an internet socket": lambda: _opens(socket.AF_INET),
        "see the grader's process": lambda: _sees(bait["pid"]),
        "read the grader's environment": lambda: _reads_environment(bait["marker"]),
        "be the administrator": lambda: os.geteuid() == 0 and not _is_mapped(),
        "load the judge or torch": _loads_the_judge,
        "attach to another process": _traces,
        "make new namespaces": _unshares,
    }
    succeeded = []
    for name, act in acts.items():
        with suppress(Exception):
            if act():
                succeeded.append(name)
    wire.send(link, {"succeeded": succeeded, "attempted": list(acts)})


def _writes(folder: str) -> bool:
    for place in (folder, "/", "/usr", "/etc", "/dev/shm", os.path.dirname(__file__), os.path.dirname(os.__file__)):
        with suppress(OSError):
            path = os.path.join(place, f"canary-{os.getpid()}")
            with open(path, "w"):
                pass
            os.unlink(path)
            return True
    return False


def _connects(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


def _opens(family: int) -> bool:
    socket.socket(family, socket.SOCK_DGRAM).close()
    return True


def _sees(pid: int) -> bool:
    # In a namespace of its own the number means another process, or none.
    return Path(f"/proc/{pid}/cmdline").read_bytes().find(b"autograder") >= 0 or _signals(pid)


def _signals(pid: int) -> bool:
    if pid == os.getpid() or os.getppid() <= 1:
        return False
    os.kill(pid, 0)
    return True


def _reads_environment(marker: str) -> bool:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                if marker.encode() in Path("/proc", entry, "environ").read_bytes():
                    return True
    return marker in os.environ.values()


def _is_mapped() -> bool:
    """Whether uid 0 is only the name that a user namespace gives to somebody else."""
    return Path("/proc/self/uid_map").read_text().split()[1:] != ["0", "4294967295"]


def _loads_the_judge() -> bool:
    for name in ("torch.nn", "autograder.judge", "nbgrader.api"):
        with suppress(ImportError):
            __import__(name)
            return True
    return False


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _traces() -> bool:
    # PTRACE_SEIZE, which does not stop the other one, as PTRACE_ATTACH would.
    return _libc().ptrace(0x4206, os.getppid(), 0, 0) == 0


def _unshares() -> bool:
    return _libc().unshare(0x10000000) == 0  # CLONE_NEWUSER
