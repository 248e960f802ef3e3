"""Writes files that are whole or not there, and makes folders that do not stay."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file by way of a temporary one beside it; an existing file is replaced in one step."""
    _write(path, content, os.replace)


def write_new(path: Path, content: str | bytes) -> None:
    """Write a file that is not there yet; where somebody else was first, theirs stays."""
    _write(path, content, _move_unless_there)


def _move_unless_there(source: str, path: Path) -> None:
    try:
        with suppress(FileExistsError):
            os.link(source, path)
        os.unlink(source)
    except OSError:
        if path.exists():
            raise
        # Not every file system has links.
        os.replace(source, path)


def _write(path: Path, content: str | bytes, move: Callable[[str, Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process is part of the name, so that what a killed one left behind is known from what another is writing.
    prefix = f".{path.stem}-{os.getpid()}-"
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        # mkstemp lets only the owner read, but releases and feedback are for others too.
        os.chmod(temporary, 0o644)
        move(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            found = re.fullmatch(r"\..+-(\d+)-[^-]+\.tmp", path.name)
            if found and not _is_writing(int(found[1]), path):
                path.unlink(missing_ok=True)


def _is_writing(process: int, path: Path) -> bool:
    if process == os.getpid():
        return True
    if os.name != "posix":
        # Windows has no signal 0 to ask with.
        return time.time() - path.stat().st_mtime < 60
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


class TemporaryFolder:
    """A folder that is locked by its process, so that one whose process was killed is known, and swept by the next.

    Parameters
    ----------
    purpose : a word of its name
    parent : where it lies; the system's temporary folder by default
    """

    def __init__(self, purpose: str, parent: str | None = None):
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"downhill-{purpose}-", dir=parent))
            self._lock = _locked(self.path, fcntl.LOCK_EX) if fcntl else None
            # A sweep may have been quicker than the lock.
            if not fcntl or self._lock is not None:
                return

    def remove(self) -> None:
        """Remove it with all that is in it, as far as that can be done."""
        remove_folder(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()


def remove_folder(folder: Path) -> None:
    """Remove a folder, whatever a submission left in it: closed folders, and deeper ones than Python can follow."""
    try:
        os.rmdir(folder)
        return
    except OSError:
        if os.name != "posix":
            shutil.rmtree(folder, ignore_errors=True)
            return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*command, "--", folder], stderr=subprocess.DEVNULL, check=False)


def sweep_folders(purposes: Sequence[str], parent: str | None = None, strangers: range = range(0)) -> None:
    """Remove the temporary folders of processes that were killed.

    Parameters
    ----------
    purposes, parent : as for `TemporaryFolder`
    strangers : other users' ids whose folders are this account's to remove, too
    """
    if not fcntl:
        return
    name = re.compile(rf"downhill-({'|'.join(purposes)})-[a-z0-9_]{{8}}")
    for path in Path(parent or tempfile.gettempdir()).glob("downhill-*"):
        with suppress(OSError):
            found = path.lstat()
            ours = found.st_uid == os.geteuid() or found.st_uid in strangers
            if name.fullmatch(path.name) and stat.S_ISDIR(found.st_mode) and ours:
                lock = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if lock is not None:
                    remove_folder(path)
                    os.close(lock)


def _locked(path: Path, how: int) -> int | None:
    """A descriptor that holds the folder's lock; None where another has it, or the folder is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, how)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
