"""Which isolation this machine offers: found by trying, with a canary in the student's place."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from autograder.files import TemporaryFolder, sweep_folders
from autograder.sandbox import bubblewrap
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.process import LANDLOCK, Limits, Sandbox, start, sweep
from autograder.sandbox.warm import WarmSandbox
from autograder.sandbox.warm import start as start_warm
from autograder.worker.lockdown import landlock_version

_MADE_OF = {
    "strong": "bubblewrap, Landlock, seccomp, limits",
    "medium": "Landlock, seccomp, limits, a watch over the scratch folder",
    "weak": "a separate process with limits, but with this account's files and network",
    "none": "a separate process of this account's: for submissions that are trusted",
}
# For the course's own samples and tests on a machine without a sandbox: "none" trusts what is submitted.
VARIABLE = "AUTOGRADER_ISOLATION"
_BAIT = "DOWNHILL_BAIT"
# Which Linux has a version of Landlock first.
_LINUX = {1: "5.13", 6: "6.12"}


class NoIsolation(Exception):
    """No level that may be used can be had; the text says why, and what to do."""


@dataclass(frozen=True)
class Level:
    """An isolation level in force.

    Parameters
    ----------
    name : "strong", "medium", "weak", or "none" where submissions are trusted
    open : forbidden acts that the canary managed all the same
    group : whether there is a control group around it
    warm : whether submissions are forks of a process that stands ready in a sandbox, each behind a wall of its own
    """

    name: str
    open: tuple[str, ...] = ()
    group: bool = False
    warm: bool = False

    def start(self, limits: Limits) -> Sandbox | WarmSandbox:
        """Start a worker; raises OSError where the level cannot be had here.

        Where a fork cannot be had that could be when the level was tried, it gets a sandbox of its own: no less strong.
        So does one that has less than others: what is hidden is hidden by the outer wall.
        """
        if self.warm and not limits.hidden:
            with suppress(OSError):
                return start_warm(limits)
        return start(limits, self.name)

    def __str__(self) -> str:
        name = f"{self.name}, warm" if self.warm else self.name
        words = f"{name} ({_MADE_OF[self.name]}{', control group' if self.group else ''})"
        return words if not self.open else f"{words}; the canary could {', '.join(self.open)}"


@dataclass(frozen=True)
class Trial:
    """What came of trying one level: what the canary managed, or why it did not even start."""

    name: str
    succeeded: tuple[str, ...] = ()
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether the level keeps what it promises."""
        return not self.error and (self.name not in ("strong", "medium") or not self.succeeded)


def find(*, allow_weak: bool = False) -> Level:
    """The best level that holds here.

    Raises
    ------
    NoIsolation : only the weak one, and it is not allowed; or not even that
    """
    if os.environ.get(VARIABLE) == "none":
        return Level("none")
    sweep()
    sweep_folders(["bait"], _account_folder())
    if attempt("strong", warm=True).holds:
        return Level("strong", group=_has_group(), warm=True)
    trials = []
    for name in ("strong", "medium", "weak"):
        trial = attempt(name)
        trials.append(trial)
        if trial.holds and (name != "weak" or allow_weak):
            return Level(name, trial.succeeded, _has_group())
    raise NoIsolation(_refusal(trials, allow_weak))


def find_for_samples() -> Level:
    """The best level that there is, be it none: for submissions that come with the course itself."""
    try:
        return find(allow_weak=True)
    except NoIsolation:
        return Level("none")


def attempt(name: str, *, warm: bool = False) -> Trial:
    """Start a canary at a level and listen to what it managed.

    Parameters
    ----------
    warm : of the strong level, whether it is a fork of a process that stands ready
    """
    missing = _missing(name)
    if missing:
        return Trial(name, error=missing)
    # Here: who only hears of a level needs no NumPy.
    from autograder.worker import wire

    with _bait() as bait:
        before = os.environ.get(_BAIT)
        os.environ[_BAIT] = bait["marker"]
        try:
            sandbox = start_warm(Limits(), bait) if warm else start(Limits(), name, bait)
        except (OSError, ImportError) as error:
            return Trial(name, error=str(error))
        finally:
            _restore(_BAIT, before)
        try:
            told = wire.receive(sandbox.control, time.monotonic() + 30.0)
            if isinstance(told, str):
                return Trial(name, error=told[:300])
            if not isinstance(told, dict):
                raise wire.WireError("an answer of no known form")
            return Trial(name, tuple(str(act) for act in told["succeeded"]))
        except (wire.WireError, TypeError, KeyError) as error:
            return Trial(name, error=f"the canary does not answer ({error})")
        finally:
            sandbox.end()


def _missing(name: str) -> str:
    """What this kernel lacks for a level; where it lacks more, the canary says what it could do."""
    needed = LANDLOCK.get(name, 0)
    try:
        version = landlock_version() if needed else 0
    except (OSError, ImportError) as error:
        return str(error)
    if version >= needed:
        return ""
    has = f"has version {version}" if version else "has none"
    return f"it needs Landlock of version {needed} (Linux {_LINUX[needed]}), and this kernel {has}"


@contextmanager
def _bait() -> Iterator[dict[str, Any]]:
    """What the canary goes for: a file, sockets, a process, a mark in the environment."""
    marker = secrets.token_hex(16)
    with (
        TemporaryFolder("bait", _account_folder()) as folder,
        _port() as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as in_file,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as without_file,
        # It ends when this process does, which closes its input.
        subprocess.Popen(["/bin/sh", "-c", "read _", marker], stdin=subprocess.PIPE, env={_BAIT: marker}) as process,
    ):
        file, path, abstract = folder / "bait", str(folder / "socket"), ""
        file.write_text("a secret of the grader's")
        with suppress(OSError):
            in_file.bind(path)
            os.chmod(path, 0o777)
        if sys.platform == "linux":
            abstract = f"\0downhill-{marker}"
            without_file.bind(abstract)
        yield {
            "file": str(file),
            "folder": str(folder),
            "socket": path,
            "abstract": abstract,
            "port": listener.getsockname()[1],
            "pid": process.pid,
            "marker": marker,
            "namespaces": {
                kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "ipc") if os.path.exists("/proc/self/ns")
            },
        }


def _account_folder() -> str | None:
    """A folder of this account's that is not the shared temporary one, where there is one to write to."""
    home = os.path.expanduser("~")
    return home if os.access(home, os.W_OK) else None


def _port() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def _restore(name: str, value: str | None) -> None:
    if value is None:
        with suppress(KeyError):
            del os.environ[name]
    else:
        os.environ[name] = value


def _has_group() -> bool:
    group = Cgroup.make(2**30, 64)
    if group:
        group.end()
    return group is not None


def _refusal(trials: Sequence[Trial], allow_weak: bool) -> str:
    lines = []
    for trial in trials:
        why = trial.error or (f"the canary could {', '.join(trial.succeeded)}" if not trial.holds else "not allowed")
        lines.append(f"  {trial.name}: {why}")
    if bubblewrap.find() is None:
        lines.append("Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap), or see `autograder doctor`.")
    if not allow_weak:
        lines.append("--allow-weak-isolation grades with limits only; do so where nothing else is at stake.")
    return "\n".join(["no isolation that keeps submissions from this account:", *lines])
