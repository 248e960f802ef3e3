"""A control group around a sandbox, where this account may make one: memory, processes and time of all together."""

import itertools
import os
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TOP = Path("/sys/fs/cgroup")
_numbers = itertools.count()


@dataclass(frozen=True)
class Cgroup:
    """Folders of one control group, one for each controller in version 1, one for all in version 2."""

    folders: tuple[Path, ...]

    @classmethod
    def make(cls, memory_bytes: int, processes: int) -> "Cgroup | None":
        """A new group with limits; None where none can be made."""
        name = f"downhill-{os.getpid()}-{next(_numbers)}"
        if (_TOP / "cgroup.controllers").exists():
            wanted = {_own_group() / name: {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": processes}}
        else:
            wanted = {
                _TOP / "memory" / name: {"memory.limit_in_bytes": memory_bytes},
                _TOP / "pids" / name: {"pids.max": processes},
            }
        made: list[Path] = []
        try:
            for folder, values in wanted.items():
                folder.mkdir()
                made.append(folder)
                for file, value in values.items():
                    if (folder / file).exists():
                        (folder / file).write_text(str(value))
                if not (folder / next(iter(values))).exists():
                    raise OSError("the controller is not delegated")
        except OSError:
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()
            return None
        # In version 2 every group counts time.
        with suppress(OSError):
            folder = _TOP / "cpuacct" / name
            folder.mkdir()
            made.append(folder)
        return cls(tuple(made))

    @staticmethod
    def sweep() -> None:
        """Remove the groups of graders that are gone: one that was killed could not."""
        for folder in (*_TOP.glob("*/downhill-*"), *_TOP.glob("downhill-*")):
            pid = folder.name.split("-")[1]
            if pid.isdigit() and not Path("/proc", pid).exists():
                with suppress(OSError):
                    folder.rmdir()

    def joined(self, command: Sequence[str]) -> list[str]:
        """A command that puts itself into the group and then runs another; without the group it does not.

        Not Popen's preexec_fn: with one, Python copies the tables of the judge's memory, torch and all, for 20 ms.
        """
        joins = [f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in self.folders]
        return ["/bin/sh", "-c", " && ".join([*joins, 'exec "$0" "$@"']), *command]

    def take(self, pid: int) -> None:
        """Put a process into the group, with all that it will make."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def out_of_memory(self) -> bool:
        """Whether the kernel has ended one of its processes for going beyond its memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    words = (folder / name).read_text().split()
                    return words[words.index("oom_kill") + 1] != "0"
        return False

    def seconds(self) -> float | None:
        """Processor time of all that has been in the group; None where the kernel does not count it."""
        for folder in self.folders:
            with suppress(OSError):
                return int((folder / "cpuacct.usage").read_text()) / 1e9
            with suppress(OSError, ValueError):
                words = (folder / "cpu.stat").read_text().split()
                return int(words[words.index("usage_usec") + 1]) / 1e6
        return None

    def end(self) -> None:
        """Remove the group; its last processes may take a moment to be gone."""
        for folder in self.folders:
            for attempt in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(min(0.001 * 2**attempt, 0.02))


def _own_group() -> Path:
    """The group of this process, in version 2."""
    path = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2]
    return _TOP / path.lstrip("/")
