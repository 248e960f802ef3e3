"""Writes files that are whole or not there."""

import os
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


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
