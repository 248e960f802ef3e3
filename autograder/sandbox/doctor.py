"""What this machine can isolate, what is missing, and how to get it."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import bubblewrap
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.levels import attempt
from autograder.worker.lockdown import landlock_version

_INSTALL = {
    "apt-get": "apt-get install bubblewrap libseccomp2",
    "dnf": "dnf install bubblewrap libseccomp",
    "pacman": "pacman -S bubblewrap libseccomp",
    "zypper": "zypper install bubblewrap libseccomp2",
    "apk": "apk add bubblewrap libseccomp",
}


@dataclass(frozen=True)
class Findings:
    """The doctor's words, and whether the strong level holds."""

    lines: tuple[str, ...]
    sound: bool


def examine() -> Findings:
    """Look at what there is, and try every level."""
    lines = [*_parts(), ""]
    sound = False
    for name in ("strong", "medium", "weak"):
        trial = attempt(name)
        # With the strongest, the others are not needed.
        cross = "–" if sound else "✗"
        if trial.error:
            lines.append(f"{cross} {name}: {trial.error}{_why(name)}")
        elif trial.holds:
            could = f", though the canary could {', '.join(trial.succeeded)}" if trial.succeeded else ""
            lines.append(f"✓ {name}: holds{could}")
        else:
            lines.append(f"{cross} {name}: the canary could {', '.join(trial.succeeded)}")
        sound |= name == "strong" and trial.holds
        if name == "strong" and trial.holds:
            lines.append(_warm())
    lines += ["", *_advice()] if not sound else ["", "Grading uses strong; the others are for machines without it."]
    return Findings(tuple(lines), sound)


def _warm() -> str:
    trial = attempt("strong", warm=True)
    if trial.holds:
        return "✓ strong, warm: holds; submissions are forks of a process that stands ready"
    why = trial.error or f"the canary could {', '.join(trial.succeeded)}"
    return f"– strong, warm: {why}; each submission gets a bubblewrap of its own, which takes three times as long"


def _parts() -> Iterator[str]:
    program = bubblewrap.find()
    yield _line(program is not None, f"bubblewrap: {program or 'not installed'}")
    yield _line(_landlock() > 0, f"Landlock: {f'version {_landlock()}' if _landlock() else 'not in this kernel'}")
    yield _line(_seccomp(), f"seccomp: {'libseccomp loads' if _seccomp() else 'libseccomp is not installed'}")
    group = Cgroup.make(2**30, 64)
    if group:
        group.end()
    yield "✓ control groups: may be made" if group else "– control groups: not for this account (optional)"
    who = "root: workers run as another user" if os.geteuid() == 0 else f"user {os.geteuid()}"
    yield _line(True, f"this account: {who}")


def _why(level: str) -> str:
    """What keeps the workers' account from starting Python, where that is so; bubblewrap lets it in."""
    if level == "strong" or os.geteuid() != 0:
        return ""
    python = Path(sys.executable).resolve()
    closed = [folder for folder in python.parents if not folder.stat().st_mode & 0o001]
    if not closed:
        return ""
    return f"; workers run as another user, who cannot reach {python}: {closed[-1]} is root's alone"


def _line(good: bool, text: str) -> str:
    return f"{'✓' if good else '✗'} {text}"


def _landlock() -> int:
    try:
        return landlock_version()
    except (ImportError, OSError):
        return 0


def _seccomp() -> bool:
    from autograder.sandbox import syscalls

    try:
        return bool(syscalls.program(own_processes=True))
    except (ImportError, OSError, RuntimeError):
        return False


def _advice() -> Iterator[str]:
    if platform.system() != "Linux":
        yield "Submissions are isolated on Linux (or WSL2) only. Grade there, or on a machine that holds nothing else."
        return
    if bubblewrap.find() is None or not _seccomp():
        tool = next((name for name in _INSTALL if shutil.which(name)), None)
        yield (
            f"Install it: {_INSTALL[tool]}" if tool else "Install bubblewrap and libseccomp with your package manager."
        )
    limit = Path("/proc/sys/user/max_user_namespaces")
    if limit.exists() and limit.read_text().strip() == "0":
        yield "User namespaces are switched off: sysctl user.max_user_namespaces=15000"
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() == "1":
        yield "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile"
    yield "In a container, start it with user namespaces allowed; without them the medium level is what there is."
