"""What a worker uses where no namespace limits it: its scratch folder, a folder of the disk, and its processes.

Both are watched while the worker runs.
"""

import errno
import os
import signal
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_EVERY_SECONDS = 0.1
_MOST_FILES = 20_000
_BLOCK = 512


class Watch:
    """Ends a worker's process group when it goes too far.

    Parameters
    ----------
    folder : the scratch folder
    group : number of the process group, which at the medium level no process can leave
    most : bytes that the folder may hold, with the deleted files that the group keeps open
    processes : how many processes and threads the group may have
    """

    def __init__(self, folder: Path, group: int, most: int, processes: int):
        self.folder, self.group, self.most, self.processes = folder, group, most, processes
        self.exceeded = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch a scratch folder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer: from here on the group's number may be another one's."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """Look once, and end the group where it has gone too far."""
        members = dict(_members(self.group))
        if sum(members.values()) > self.processes or held(self.folder, list(members), self.most) > self.most:
            self.exceeded = True
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signal.SIGKILL)

    def _run(self) -> None:
        while not (self.exceeded or self._stopped.wait(_EVERY_SECONDS)):
            self.look()


def held(folder: Path, processes: Sequence[Path], most: int) -> int:
    """Bytes in a folder and in deleted files that processes keep; no more than just above `most` is counted."""
    size = 0
    try:
        for number, found in enumerate(_files(folder)):
            size += max(found.st_blocks, 1) * _BLOCK
            if size > most or number > _MOST_FILES:
                return most + 1
    except OSError:
        return most + 1
    return size + sum(_deleted(processes, most).values())


def _files(folder: Path) -> Iterator[os.stat_result]:
    folders = [str(folder)]
    while folders:
        place = folders.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
        except PermissionError:
            # Closed by the submission; the next look sees what is in it.
            with suppress(OSError):
                os.chmod(place, 0o700)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                # Deeper than any path leads: nobody can see what it holds.
                raise


def _deleted(processes: Sequence[Path], most: int) -> dict[tuple[int, int], int]:
    """Sizes of files without a name, by device and number.

    What is only mapped does not tell its size: it is as large as one file may be.
    """
    found: dict[tuple[int, int], int] = {}
    for process in processes:
        with suppress(OSError):
            # In bytes: a file's name may hold all but a line feed, also what Python takes for the end of a line.
            for line in (process / "maps").read_bytes().split(b"\n"):
                if not line.endswith(b" (deleted)"):
                    continue
                _, _, _, device, number, name = line.split(maxsplit=5)
                if not name.startswith(b"/dev/zero"):
                    major, minor = device.split(b":")
                    found[os.makedev(int(major, 16), int(minor, 16)), int(number)] = most
        with suppress(OSError):
            for link in (process / "fd").iterdir():
                with suppress(OSError):
                    told = link.stat()
                    if stat.S_ISREG(told.st_mode) and told.st_nlink == 0:
                        found[told.st_dev, told.st_ino] = told.st_blocks * _BLOCK
    return found


def _members(group: int) -> Iterator[tuple[Path, int]]:
    """The processes of a group, by their folder in /proc, and how many threads each has."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError, ValueError, IndexError):
            # Of all others nothing is read: for each file of theirs the kernel would write a text.
            if os.getpgid(int(name)) == group:
                process = Path("/proc", name)
                # After the name, which may hold anything: state, parent, process group, and as the 18th the threads.
                told = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
                yield process, int(told[17])
