"""The warm process of a sandbox: it has loaded what a worker needs, and makes one for each submission by forks.

It never runs a student's code and is told only what a worker has to be: uid, limits, paths, system calls. Around it
are bubblewrap's walls; around each submission it puts another one, of the same kinds: namespaces and a scratch folder
of its own, so that nothing of one submission is there for the next. What it asks of the kernel it asks by unshare and
setns: of a bare clone the C library would not know.

The network is bubblewrap's, which has none: a new one for each submission is what would cost.
"""

import ctypes
import gc
import json
import os
import random
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

# The wire, and NumPy with it, for the canary too: it comes first.
from . import lockdown, wire

if TYPE_CHECKING:
    from .cells import Shell

# For so long it waits for the next submission.
_IDLE_SECONDS = 300.0
_CONTROL = 3

_NEW_MOUNTS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEW_USER, _NEW_PIDS = 0x10000000, 0x20000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 0x20, 0x1000
_RECURSIVE, _PRIVATE = 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def main(number: int, nested: bool) -> None:
    """Make workers until the grader hangs up.

    Parameters
    ----------
    number : of the inherited socket (SOCK_SEQPACKET) on which it asks: a request as JSON, with the worker's control
        socket; the answer is a pidfd of the submission's first process, or text that says why there is none
    nested : whether a submission gets a user namespace too, in which it may have the others: that of an ordinary user
    """
    shell: Shell | None = None
    made = 0
    link = socket.socket(fileno=number)
    link.settimeout(_IDLE_SECONDS)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    link.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(link, 2**18, 1)
        if not request:
            return
        _reap()
        make = _make_nested if nested else _make
        told = json.loads(request)
        # The canary needs none of it: who only tries the walls need not wait.
        if told["bait"] is None:
            made += 1
            if shell is None:
                shell = _loaded()
            elif made == 2:
                _load_for_errors(shell)
        try:
            make(told, descriptors[0], link, own, shell)
        except OSError as error:
            link.send(str(error).encode())
        os.close(descriptors[0])


def _loaded() -> "Shell":
    """The shell, with what the cells of a notebook load and what IPython loads at its first cells."""
    from .main import prepared

    shell = prepared()
    # What a worker loads to lock itself in.
    lockdown.landlock_version()
    for name in ("helpers.plots", "helpers.widgets", "numpy.random", "numpy.linalg", "traceback", "linecache"):
        __import__(name)
    _run(shell, "def f(x):\n    return x", "print(f(1))")
    return shell


def _load_for_errors(shell: "Shell") -> None:
    """Load what IPython loads at its first error: not every submission has one, so for a single one it is left out."""
    _run(shell, "1 / 0")


def _run(shell: "Shell", *cells: str) -> None:
    """Run cells of our own, of which nothing stays but what they have loaded."""
    before = dict(shell.user_ns)
    for cell in cells:
        shell.run(cell)
    shell.user_ns.clear()
    shell.user_ns.update(before)
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("a library has started a thread: what has threads cannot be forked")
    gc.collect()
    gc.freeze()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _make(told: Mapping[str, Any], control: int, link: socket.socket, own: int, shell: "Shell | None") -> None:
    """As root: a namespace of processes for the next fork alone; the others the fork makes for itself."""
    _call("unshare", _NEW_PIDS)
    try:
        pid = os.fork()
        if pid == 0:
            _first(told, control, _NEW_MOUNTS | _NEW_IPC | _NEW_UTS, shell)
    finally:
        _call("setns", own, _NEW_PIDS)
    _hand_over(pid, link)


def _make_nested(told: Mapping[str, Any], control: int, link: socket.socket, own: int, shell: "Shell | None") -> None:
    """As an ordinary user: one more fork, for there is no way back out of a user namespace."""
    helper = os.fork()
    if helper:
        os.waitpid(helper, 0)
        return
    try:
        uid, gid = os.getuid(), os.getgid()
        _call("unshare", _NEW_USER | _NEW_PIDS | _NEW_MOUNTS | _NEW_IPC | _NEW_UTS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(text)
        pid = os.fork()
        if pid == 0:
            _first(told, control, 0, shell)
        _hand_over(pid, link)
    except OSError as error:
        link.send(str(error).encode())
    finally:
        os._exit(0)


def _hand_over(pid: int, link: socket.socket) -> None:
    descriptor = os.pidfd_open(pid)
    socket.send_fds(link, [b"made"], [descriptor])
    os.close(descriptor)


def _first(told: Mapping[str, Any], control: int, namespaces: int, shell: "Shell | None") -> NoReturn:
    """The first process of a submission: it builds the wall, forks the worker, and keeps the namespace alive.

    It never runs a student's code: a cell that exits would end the states that are kept for the checks above it.
    """
    try:
        os.dup2(control, _CONTROL, inheritable=False)
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            if descriptor > _CONTROL:
                with suppress(OSError):
                    os.close(descriptor)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setsid()
        if namespaces:
            _call("unshare", namespaces)
        _mount_its_own(told["scratch"], told["scratch_bytes"])
        # The grader puts this process into its control group first.
        if os.read(_CONTROL, 1):
            with suppress(OSError):
                _call("unshare", _NEW_CGROUP)
            _fork_worker(told, shell)
            while True:
                _wait()
    except OSError as error:
        with suppress(OSError):
            socket.socket(fileno=_CONTROL).send(_as_frame(f"the inner wall: {error}"))
    finally:
        os._exit(1)


def _mount_its_own(scratch: str, size: int) -> None:
    """Fresh and empty: the scratch folder and what shows processes; nothing else can be written to."""
    nothing = _NO_SUID | _NO_DEVICES
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", scratch, "tmpfs", nothing, f"size={size},mode=1777")
    _mount("proc", "/proc", "proc", nothing | _NO_EXEC)
    _mount("tmpfs", "/dev/shm", "tmpfs", nothing | _READ_ONLY, "size=4k,mode=0555")
    _mount(None, "/dev", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)
    os.chdir(scratch)


def _fork_worker(told: Mapping[str, Any], shell: "Shell | None") -> None:
    """Fork the worker, which goes on when this process has given up what it could do."""
    wait, go = os.pipe()
    if os.fork() == 0:
        os.close(go)
        try:
            os.read(wait, 1)
            os.close(wait)
            _work(told, shell)
        finally:
            os._exit(1)
    os.close(wait)
    os.close(_CONTROL)
    lockdown.keep_nothing()
    os.write(go, b"!")
    os.close(go)


def _work(told: Mapping[str, Any], shell: "Shell | None") -> None:
    """What a worker does in a sandbox of its own, but for all that is loaded already."""
    # Of a submission that takes too much memory this goes, not what keeps its states.
    Path("/proc/self/oom_score_adj").write_text("500")
    lockdown.apply(told["lockdown"])
    gc.enable()
    if told["bait"] is not None:
        from .canary import main as sing

        return sing(_CONTROL, told["bait"])
    assert shell is not None
    import numpy as np

    from .main import serve

    # Forks share what random numbers they would draw.
    random.seed()
    np.random.seed()  # noqa: NPY002 (the old generator, which students may use)
    serve(socket.socket(fileno=_CONTROL), shell)


def _wait() -> None:
    """Take in processes that have lost their parent."""
    try:
        os.wait()
    except ChildProcessError:
        signal.pause()


def _as_frame(text: str) -> bytes:
    value = wire.encode(text)
    return len(value).to_bytes(4, "big") + value


def _mount(what: str | None, where: str, kind: str | None, flags: int, options: str = "") -> None:
    words = [None if word is None else word.encode() for word in (what, where, kind)]
    _call("mount", *words, ctypes.c_ulong(flags), options.encode() or None, name=f"mount {where}")


def _call(function: str, *arguments: Any, name: str = "") -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name or function}: {os.strerror(number)}")
