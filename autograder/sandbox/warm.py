"""Workers that are there at once: forks of a process that stands ready in a sandbox, each behind a wall of its own.

A grading process keeps such a sandbox for as long as it grades; one submission at a time is in it.
"""

import atexit
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from autograder.sandbox import bubblewrap
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.process import Limits, lockdown, spawn

_START_SECONDS = 120.0
_END_SECONDS = 5.0
# Between the end of a worker that is killed with its first process and the end of that.
_LAST_SECONDS = 0.2
_BOOTSTRAP = """
import gc, json, sys
gc.disable()
told = json.loads(sys.argv[1])
sys.path.insert(0, told["path"])
from worker.zygote import main
main(told["link"], told["nested"])
"""


class Zygote:
    """The warm process in its sandbox.

    Raises
    ------
    OSError : there is no bubblewrap, or it does not start
    """

    def __init__(self) -> None:
        program = bubblewrap.find()
        if program is None:
            raise FileNotFoundError("bubblewrap is not installed")
        self.link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        administrator = os.geteuid() == 0
        told = {"path": bubblewrap.INSIDE, "link": theirs.fileno(), "nested": not administrator}
        inner = [sys.executable, "-s", "-P", "-c", _BOOTSTRAP, json.dumps(told)]
        try:
            with theirs:
                command = bubblewrap.command(
                    program, inner, scratch_bytes=Limits().scratch_bytes, administrator=administrator, warm=True
                )
                self.process = spawn(command, "/", bubblewrap.SCRATCH, theirs)
        except BaseException:
            self.link.close()
            raise
        try:
            self.link.settimeout(_START_SECONDS)
            if self.link.recv(100) != b"ready":
                raise OSError("the warm process does not start")
        except BaseException:
            self.end()
            raise

    def make(self, told: Mapping[str, Any]) -> tuple[socket.socket, int]:
        """A submission's control socket, and a pidfd of its first process.

        Raises
        ------
        OSError : none could be made
        """
        ours, theirs = socket.socketpair()
        try:
            self.link.settimeout(_START_SECONDS)
            with theirs:
                socket.send_fds(self.link, [json.dumps(told).encode()], [theirs.fileno()])
            answer, descriptors, _, _ = socket.recv_fds(self.link, 2**16, 1)
            if not descriptors:
                raise OSError(answer.decode(errors="replace") or "the warm process has ended")
            os.set_inheritable(descriptors[0], False)
        except BaseException:
            ours.close()
            raise
        return ours, descriptors[0]

    @property
    def is_there(self) -> bool:
        """Whether it still runs: before all that it has made, it hangs up."""
        self.link.settimeout(0)
        try:
            return self.link.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def end(self) -> None:
        """End it, with all that it has made."""
        with suppress(OSError):
            self.process.kill()
        self.process.wait()
        self.link.close()


@dataclass
class WarmSandbox:
    """A submission's processes: their control socket, and the way to end them."""

    control: socket.socket
    first: int = field(repr=False)
    zygote: Zygote = field(repr=False)
    cgroup: Cgroup | None = None

    @property
    def pid(self) -> int:
        """The process that all others descend from; 0 where it has ended."""
        try:
            return _pid(self.first)
        except ProcessLookupError:
            return 0

    def went_too_far(self) -> bool:
        """Whether it was ended for what it used: memory."""
        return self.cgroup is not None and self.cgroup.out_of_memory()

    def was_killed(self) -> bool:
        """Whether the sandbox around it, or its first process, has ended: what runs inside cannot reach them.

        Asked of one whose worker has ended: its first process is the last to go.
        """
        return not self.zygote.is_there or self._has_ended(_LAST_SECONDS)

    def end(self) -> None:
        """End every process of the submission; its files are gone with them."""
        with suppress(OSError):
            signal.pidfd_send_signal(self.first, signal.SIGKILL)
        ended = self._has_ended(_END_SECONDS)
        os.close(self.first)
        self.control.close()
        if ended and self.zygote.is_there:
            _idle.append(self.zygote)
        else:
            self.zygote.end()
        if self.cgroup:
            self.cgroup.end()

    def _has_ended(self, seconds: float) -> bool:
        """Whether the first process of the namespace has ended within this time, which it does when all others have."""
        poll = select.poll()
        poll.register(self.first, select.POLLIN)
        return bool(poll.poll(1000 * seconds))


# Those of this process that have nothing to do: only of this one, for a fork must not ask another's.
_idle: list[Zygote] = []
_owner = 0


def start(limits: Limits, bait: Mapping[str, Any] | None = None) -> WarmSandbox:
    """A worker at the strong level, as `process.start` would start it.

    Raises
    ------
    OSError : it cannot be had here
    """
    global _owner
    if _owner != os.getpid():
        _owner = os.getpid()
        _idle.clear()
        atexit.register(end_idle)
    told = {
        "lockdown": lockdown("strong", limits, None, bubblewrap.SCRATCH),
        "scratch": bubblewrap.SCRATCH,
        "scratch_bytes": limits.scratch_bytes,
        "bait": bait,
    }
    zygote, control, first = _made(told)
    sandbox = WarmSandbox(control, first, zygote, Cgroup.make(limits.memory_bytes, limits.processes))
    try:
        # Where its wall could not be built it has ended already, and has left word why.
        with suppress(ProcessLookupError, BrokenPipeError):
            if sandbox.cgroup:
                sandbox.cgroup.take(_pid(first))
            control.send(b"!")
    except BaseException:
        sandbox.end()
        raise
    return sandbox


def _made(told: Mapping[str, Any]) -> tuple[Zygote, socket.socket, int]:
    """From one that stands ready, or, where it is gone, from another."""
    if _idle:
        zygote = _idle.pop()
        try:
            return zygote, *zygote.make(told)
        except OSError:
            zygote.end()
    zygote = Zygote()
    try:
        return zygote, *zygote.make(told)
    except BaseException:
        zygote.end()
        raise


def _pid(pidfd: int) -> int:
    """The process of a pidfd, as this one's namespace counts; raises ProcessLookupError where it has ended."""
    with open(f"/proc/self/fdinfo/{pidfd}") as file:
        number = next(int(line.split()[1]) for line in file if line.startswith("Pid:"))
    if number <= 0:
        raise ProcessLookupError(f"the process of pidfd {pidfd} has ended")
    return number


def end_idle() -> None:
    """End those that wait for a submission."""
    if _owner == os.getpid():
        while _idle:
            _idle.pop().end()
