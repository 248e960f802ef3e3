"""The canary: tries in the sandbox what a student's code must not be able to do, and tells what succeeded.

Each act stands for a claim of the table in docs/security.md. What it changes, where it can, it changes to what it was.
"""

import ctypes
import errno
import fcntl
import os
import platform
import resource
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from . import wire

# Numbers of system calls that Python has no function for: on (x86-64, ARM), or the same everywhere.
_IOPRIO_SET, _ADD_KEY, _SHMGET, _SETXATTRAT, _IO_URING_SETUP = (251, 30), (248, 217), (29, 194), 463, 425
_FS_GETFLAGS, _FS_SETFLAGS = 0x80086601, 0x40086602
_PTRACE_SEIZE, _CLONE_NEWUSER, _RWF_NOWAIT = 0x4206, 0x10000000, 0x8


def main(control: int, bait: Mapping[str, Any]) -> None:
    """Attempt each act and report those that succeeded.

    Parameters
    ----------
    control : number of the socket to answer on
    bait : what the judge laid out: a `file` of its own, a `folder`, a `socket` in a file and one without (`abstract`),
        a `port` at which it listens, the `pid` of a process with the `marker` among its arguments, the same `marker` in
        its own environment, and the `namespaces` that it is in, by their names in /proc
    """
    link = socket.socket(fileno=control)
    file, pid, marker = bait["file"], bait["pid"], bait["marker"]
    acts: dict[str, Callable[[], bool]] = {
        "read a file of this account": lambda: bool(Path(file).read_bytes()),
        "list a folder of this account": lambda: os.listdir(bait["folder"]) is not None,
        "write outside its scratch folder": lambda: _writes(bait["folder"]),
        "change a file of this account": lambda: _changes(file),
        "change the attributes of a file of this account": lambda: _sets_attributes(file),
        "reach a port of this machine": lambda: _connects(bait["port"]),
        "open an internet socket": lambda: _opens(socket.AF_INET),
        "reach a socket of this account": lambda: _sends(bait["socket"], bait["abstract"]),
        "load the judge or torch": _loads_the_judge,
        "see other processes": lambda: _arguments(pid).count(marker) > 0,
        "signal other processes": lambda: _signals(pid, marker),
        "limit or slow down other processes": lambda: _holds_up(pid, marker),
        "read the grader's environment": lambda: _reads_environment(marker),
        "attach to another process": lambda: _traces(pid),
        "leave a process behind": lambda: _leaves(bait["namespaces"]),
        "leave shared memory behind": lambda: _shares_memory(bait["namespaces"]),
        "leave locks or marks on the system's files": _marks,
        "be the administrator": lambda: os.geteuid() == 0 and not _is_mapped(),
        "make new namespaces": lambda: ctypes.CDLL(None).unshare(_CLONE_NEWUSER) == 0,
        "make dangerous system calls": _calls_the_kernel,
        "go without limits of time, memory or space": lambda: _unlimited("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE"),
        "have any number of processes": lambda: _unlimited("RLIMIT_NPROC"),
    }
    succeeded = [name for name, act in acts.items() if _any(act)]
    wire.send(link, {"succeeded": succeeded, "attempted": list(acts)})


def _any(*ways: Callable[[], Any]) -> bool:
    """Whether one of several ways to do it succeeds: it ends without an exception, and not with False."""
    for way in ways:
        with suppress(Exception):
            if way() is not False:
                return True
    return False


def _system_call(number: int | tuple[int, int], *arguments: Any) -> bool:
    """Whether a system call gets as far as to look at its arguments."""
    if isinstance(number, tuple):
        number = number[{"x86_64": 0, "aarch64": 1}[platform.machine()]]
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(number, *arguments) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES)


def _writes(folder: str) -> bool:
    for place in (folder, "/", "/usr", "/etc", "/dev/shm", os.path.dirname(__file__), os.path.dirname(os.__file__)):
        with suppress(OSError):
            path = os.path.join(place, f"canary-{os.getpid()}")
            with open(path, "w"):
                pass
            os.unlink(path)
            return True
    return False


def _changes(file: str) -> bool:
    def renames() -> None:
        os.rename(file, f"{file}.moved")
        os.rename(f"{file}.moved", file)

    def links() -> None:
        os.link(file, "canary-link")
        os.unlink("canary-link")

    size = os.stat(file).st_size
    return _any(lambda: open(file, "r+b").close(), lambda: os.truncate(file, size), renames, links)


def _sets_attributes(file: str) -> bool:
    # What may be read can be opened, and attributes changed without the name.
    readable = os.open(__file__, os.O_RDONLY)
    ways: list[Callable[[], Any]] = [lambda: _system_call(_SETXATTRAT, -100, file.encode(), 0, 0, 0, 0)]
    for place in (file, readable):
        with suppress(OSError):
            _ways_to_set(place, os.stat(place), ways)
    try:
        return _any(*ways)
    finally:
        os.close(readable)


def _ways_to_set(place: str | int, now: os.stat_result, ways: list[Callable[[], Any]]) -> None:
    ways += [
        lambda: os.chmod(place, now.st_mode & 0o7777),
        lambda: os.chown(place, now.st_uid, now.st_gid),
        lambda: os.utime(place, ns=(now.st_atime_ns, now.st_mtime_ns)),
        lambda: os.setxattr(place, "user.canary", b"1"),
    ]
    if isinstance(place, int):
        ways.append(lambda: fcntl.ioctl(place, _FS_SETFLAGS, fcntl.ioctl(place, _FS_GETFLAGS, bytes(8))))


def _connects(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return True


def _opens(family: int) -> bool:
    socket.socket(family, socket.SOCK_DGRAM).close()
    return True


def _sends(*addresses: str) -> bool:
    def directly(address: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.sendto(b"canary", address)

    def from_a_pair(address: str) -> None:
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with one, other:
            one.sendto(b"canary", address)

    return _any(*(partial(way, address) for way in (directly, from_a_pair) for address in addresses))


def _arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _is_another(pid: int, marker: str) -> bool:
    """Whether a number means the bait, as far as can be seen: in a namespace of its own it is another process's."""
    try:
        return marker in _arguments(pid)
    except PermissionError:
        return True
    except OSError:
        return False


def _signals(pid: int, marker: str) -> bool:
    os.kill(pid, 0)
    return _is_another(pid, marker)


def _holds_up(pid: int, marker: str) -> bool:
    return _is_another(pid, marker) and _any(
        lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64)),
        lambda: os.setpriority(os.PRIO_PROCESS, pid, 5),
        lambda: os.sched_setaffinity(pid, os.sched_getaffinity(0)),
        lambda: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)),
        lambda: _system_call(_IOPRIO_SET, 1, pid, 3 << 13),
        lambda: Path(f"/proc/{pid}/oom_score_adj").write_text("1000"),
    )


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
    for name in ("autograder.judge", "torch.nn", "nbgrader.api"):
        with suppress(ImportError):
            __import__(name)
            return True
    return False


def _traces(pid: int) -> bool:
    # PTRACE_SEIZE, which does not stop the other one, as PTRACE_ATTACH would.
    return any(ctypes.CDLL(None).ptrace(_PTRACE_SEIZE, other, 0, 0) == 0 for other in (pid, os.getppid()))


def _is_shared(kind: str, namespaces: Mapping[str, str]) -> bool:
    """Whether a namespace of this process is the grader's."""
    return kind not in namespaces or os.readlink(f"/proc/self/ns/{kind}") == namespaces[kind]


def _leaves(namespaces: Mapping[str, str]) -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0 if _any(os.setsid) or _any(lambda: os.setpgid(0, 0)) else 1)
    _, status = os.waitpid(child, 0)
    return status == 0 and _is_shared("pid", namespaces)


def _shares_memory(namespaces: Mapping[str, str]) -> bool:
    # A size of 0 is an error that only who may ask learns of.
    return _system_call(_SHMGET, 0, 0, 0) and _is_shared("ipc", namespaces)


def _marks() -> bool:
    """Whether what all sandboxes see can carry a mark from one to another, or to the next one."""
    file = os.open(os.__file__, os.O_RDONLY)
    lock = struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 1, 0)
    try:
        return _any(
            lambda: fcntl.flock(file, fcntl.LOCK_SH),
            lambda: fcntl.fcntl(file, fcntl.F_SETLK, lock),
            lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
            lambda: os.preadv(file, [bytearray(1)], 0, _RWF_NOWAIT),
            lambda: ctypes.CDLL(None).inotify_add_watch(ctypes.CDLL(None).inotify_init(), b"/usr", 1) >= 0,
        )
    finally:
        os.close(file)


def _calls_the_kernel() -> bool:
    return _any(lambda: _system_call(_IO_URING_SETUP, 0, 0), lambda: _system_call(_ADD_KEY, 0, 0, 0, 0, 0))


def _unlimited(*names: str) -> bool:
    return any(resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY for name in names)
