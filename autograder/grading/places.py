"""Where submissions lie: each is replaced only by a newer one, in one step, and what was collected is written down.

A run that is killed leaves whole files; the next one does what it left undone.
"""

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from nbgrader.utils import parse_utc

from autograder.files import remove_leftovers, write_atomically
from autograder.grading import intake
from autograder.grading.archive import Unreadable
from autograder.grading.course import Course
from autograder.grading.graded import file_digest

# A zip file counts in two seconds, and packing takes its time.
PACKING = timedelta(seconds=2)


@dataclass(frozen=True)
class Time:
    """What tells which of two files is the newer one.

    Parameters
    ----------
    came : when it was handed in, in UTC
    upload : the LMS's number of the upload
    modified : the file's time in the archive, by a clock that is the same for all archives of an LMS
    downloaded : the archive's own time, in seconds
    """

    came: datetime | None = None
    upload: int = 0
    modified: datetime | None = None
    downloaded: float = 0.0

    def is_after(self, other: "Time") -> bool | None:
        """Whether it is newer; None where nothing tells."""
        pairs: list[tuple[Any, Any]] = [(self.came, other.came), (self.upload, other.upload)]
        if self.modified and other.modified and abs(self.modified - other.modified) > PACKING:
            pairs.append((self.modified, other.modified))
        pairs.append((self.downloaded, other.downloaded))
        return next((a > b for a, b in pairs if a and b and a != b), None)


class Record:
    """What was collected: for each student from whom, which file, and when; it lies in `.autograder/collected`."""

    def __init__(self, course: Course, name: str):
        # The secret will lie there too.
        (course.root / ".autograder").mkdir(mode=0o700, exist_ok=True)
        self.path = course.root / ".autograder" / "collected" / f"{name}.json"
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = {}
        self.told: dict[str, dict[str, Any]] = {
            student: row for student, row in (told.items() if isinstance(told, dict) else ()) if isinstance(row, dict)
        }
        remove_leftovers(self.path.parent)

    def owners(self) -> dict[str, str]:
        """Students by whom the LMS calls so."""
        return {str(row.get("from")): student for student, row in self.told.items()}

    def time(self, student: str, digest: str) -> Time | None:
        """The time of a file that was collected; None where another lies there."""
        row = self.told.get(student, {})
        if row.get("file") != digest:
            return None
        try:
            came, modified = (datetime.fromisoformat(row[key]) if row[key] else None for key in ("came", "modified"))
            return Time(came, int(row["upload"]), modified, float(row["downloaded"]))
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, student: str, owner: str, digest: str, time: Time) -> None:
        """Record a file that lies in its place."""
        row = {
            "from": owner,
            "file": digest,
            "came": time.came.isoformat() if time.came else "",
            "upload": time.upload,
            "modified": time.modified.isoformat() if time.modified else "",
            "downloaded": time.downloaded,
        }
        if self.told.get(student) != row:
            self.told[student] = row
            write_atomically(self.path, json.dumps(self.told, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


class Places:
    """The students' places in the submitted folder."""

    def __init__(self, course: Course, name: str, record: Record, force: bool):
        self.course, self.name, self.record, self.force = course, name, record, force
        _remove_half_made(course.submitted)

    def lying(self, student: str) -> bytes | None:
        """What lies in a student's place; None where there is no file."""
        try:
            return intake.read(
                self.course.submitted / student / self.name / f"{self.name}.ipynb", self.course.submitted
            )
        except intake.Refused:
            return None

    def put(self, student: str, owner: str, data: bytes, time: Time) -> tuple[str, str]:
        """Put a notebook in its place: (what of the list it is, more of it).

        Raises
        ------
        Unreadable : something else lies there
        """
        folder = self.course.submitted / student / self.name
        digest = file_digest(data)
        try:
            there = intake.read(folder / f"{self.name}.ipynb", self.course.submitted)
        except intake.Refused as error:
            if os.path.lexists(folder / f"{self.name}.ipynb") or folder.is_symlink() or folder.parent.is_symlink():
                raise Unreadable(f"what lies in {folder} is in the way: {error}") from None
            self._write_new(folder, data, time)
            self.record.write(student, owner, digest, time)
            return "new", ""
        remove_leftovers(folder)
        before = file_digest(there)
        if before == digest:
            known = self.record.told.get(student, {}).get("file")
            # A run that was killed between the file and its record has more to write. Else the time that lies there
            # stays: it may be the instructor's.
            killed = bool(known) and known != digest
            is_needed = killed or not (folder / "timestamp.txt").exists()
            told = self._write_time(folder, time, is_new=killed) if is_needed else ""
            known_time = self.record.time(student, digest)
            if known_time is None or time.is_after(known_time):
                self.record.write(student, owner, digest, time)
            return "unchanged", told
        after = time.is_after(self.record.time(student, before) or _time_of(folder, self.name))
        if not after and not self.force:
            why = "what lies there is newer" if after is False else "nothing says which is newer"
            return "kept", f"{why}: --force takes this one"
        write_atomically(folder / f"{self.name}.ipynb", data)
        told = self._write_time(folder, time, is_new=True)
        self.record.write(student, owner, digest, time)
        return "replaced", told

    def _write_new(self, folder: Path, data: bytes, time: Time) -> None:
        """A folder that is there with all it holds, or not."""
        if folder.exists():
            self._write_time(folder, time, is_new=False)
            write_atomically(folder / f"{self.name}.ipynb", data)
            return
        self.course.submitted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".collect-{os.getpid()}-", dir=self.course.submitted) as half:
            made = Path(half) / self.name
            write_atomically(made / f"{self.name}.ipynb", data)
            self._write_time(made, time, is_new=False)
            folder.parent.mkdir(exist_ok=True)
            made.rename(folder)

    def _write_time(self, folder: Path, time: Time, is_new: bool) -> str:
        """Write when it came; of a file whose time nobody knows, an older one's time does not hold."""
        path = folder / "timestamp.txt"
        if time.came is not None:
            text = f"{time.came:%Y-%m-%d %H:%M:%S} UTC"
            if _time_in(path) != time.came:
                write_atomically(path, text)
            return ""
        if is_new and (path.exists() or path.is_symlink()):
            text = path.read_text(errors="replace").strip()[:40] if path.is_file() else ""
            path.unlink()
            return f"the time in timestamp.txt ({text}) was the earlier one's and is gone"
        return ""


def _time_in(path: Path) -> datetime | None:
    """The time in nbgrader's timestamp.txt, in UTC."""
    try:
        return parse_utc(intake.read(path, path.parent)[:200].decode().strip()).replace(tzinfo=UTC)
    except (intake.Refused, ValueError, OverflowError):
        return None


def _time_of(folder: Path, name: str) -> Time:
    """When what nobody has recorded came there: by nbgrader's timestamp.txt, else by the file's own time."""
    came = _time_in(folder / "timestamp.txt")
    written = (folder / f"{name}.ipynb").stat().st_mtime
    modified = came.astimezone().replace(tzinfo=None) if came else datetime.fromtimestamp(written)
    return Time(came, 0, modified)


def _remove_half_made(submitted: Path) -> None:
    """Remove what collecting that was killed left behind."""
    for path in submitted.glob(".collect-*"):
        found = re.fullmatch(r"\.collect-(\d+)-.+", path.name)
        if found and not psutil.pid_exists(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)
