"""Submissions from an LMS: of each student the one notebook whose cells belong to the assignment, whatever its name.

Collecting passes over what cannot be read and tells it. What lies in the submitted folder is replaced only by what is
newer, in one step; a run that was killed is finished by the next.
"""

import csv
import errno
import json
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import psutil
from nbgrader.utils import parse_utc
from sqlalchemy import make_url

from autograder.files import remove_leftovers, write_atomically
from autograder.grading import archive, intake, whose
from autograder.grading.archive import Entry, TooLarge, Unreadable
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book
from autograder.grading.graded import file_digest
from autograder.grading.whose import Label, Owner, Roster

# No other student's file could be written either.
_NO_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
# "02_sgd(2)", "02_sgd-1", "02_sgd-Copy1"
_COPY = re.compile(r"(?:\((\d+)\)|-(?:Copy)?(\d+))$")
_NAMED = 3
_PACKING = timedelta(seconds=2)


@dataclass(frozen=True)
class Line:
    """One line of the list.

    Parameters
    ----------
    who : the student's id, or what the LMS calls them, or the archive
    what : the file that was taken, or why none was
    """

    who: str
    what: str


@dataclass(frozen=True)
class Collected:
    """What came of collecting.

    Parameters
    ----------
    new, replaced, unchanged : students whose file was taken, took the place of an older one, lay there already
    kept : students whose file lies there as before, though another came
    missed : what was not collected, and why
    nothing : who of the roster has handed in nothing
    has_roster : whether anybody is in the gradebook
    broken : how many archives could not be read at all
    """

    assignment: str
    new: tuple[Line, ...] = ()
    replaced: tuple[Line, ...] = ()
    unchanged: tuple[Line, ...] = ()
    kept: tuple[Line, ...] = ()
    missed: tuple[Line, ...] = ()
    nothing: tuple[Line, ...] = ()
    has_roster: bool = False
    broken: int = 0


@dataclass(frozen=True)
class _Time:
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

    def is_after(self, other: "_Time") -> bool | None:
        """Whether it is newer; None where nothing tells."""
        pairs: list[tuple[Any, Any]] = [(self.came, other.came), (self.upload, other.upload)]
        # A zip file counts in two seconds, and packing takes its time.
        if self.modified and other.modified and abs(self.modified - other.modified) > _PACKING:
            pairs.append((self.modified, other.modified))
        pairs.append((self.downloaded, other.downloaded))
        return next((a > b for a, b in pairs if a and b and a != b), None)


@dataclass(frozen=True)
class _Candidate:
    """A notebook of the assignment.

    Parameters
    ----------
    inner : its own time, within an archive that was handed in
    answered : how many cells are not as they were released
    """

    entry: Entry
    label: Label
    data: bytes
    time: _Time
    inner: datetime | None
    answered: int

    @property
    def copy(self) -> int:
        """The number that a browser or Jupyter gives a further copy."""
        found = _COPY.search(self.entry.parts[-1].partition(".")[0])
        return int(found[1] or found[2]) if found else 0


def collect(
    course: Course, name: str, archives: Sequence[Path], roster: Roster, zone: tzinfo | None = None, force: bool = False
) -> Collected:
    """Put submissions where they are graded.

    Parameters
    ----------
    archives : zip files of Canvas, Moodle, Blackboard, or of a folder for each student; or such a folder
    zone : of the times that stand in names; this machine's by default
    force : also in place of what may be newer

    Raises
    ------
    AssignmentError, CourseError : nothing can be collected
    OSError : nothing more can be written; what was collected stays
    """
    assignment = Assignment.load(course.source, name)
    if absent := [str(path) for path in archives if not path.exists()]:
        raise CourseError(f"there is no {', '.join(absent)}")
    record = _Record(course, name)
    missed: list[Line] = []
    with ExitStack() as stack:
        found, broken = _read(archives, name, roster, stack, missed)
        who = whose.students(found, roster, record.owners())
        theirs: dict[str, list[tuple[Owner, Entry, Label]]] = defaultdict(list)
        remarks: dict[str, str] = {}
        for owner, files in found.items():
            if who[owner].problem:
                missed.append(Line(str(owner), who[owner].problem))
            else:
                theirs[who[owner].id] += [(owner, entry, label) for entry, label in files]
                remarks[who[owner].id] = who[owner].remark
        places = _Places(course, name, record, force)
        lines: dict[str, list[Line]] = defaultdict(list)
        for student, handed in sorted(theirs.items()):
            called = _called(student, roster, handed[0][0])
            try:
                taken, told = _taken(assignment, [(entry, label) for _, entry, label in handed], zone)
                kind, how = places.put(student, whose.key(handed[0][0]), taken)
            except Unreadable as error:
                missed.append(Line(called, str(error)))
                continue
            except OSError as error:
                if error.errno in _NO_WRITING:
                    raise
                missed.append(Line(called, f"it cannot be written: {error.strerror or error}"))
                continue
            late = "marked late by the LMS, which does not say when it came" if taken.label.late else ""
            text = "; ".join(filter(None, (_shown(taken.entry), how, *told, remarks[student], late)))
            lines[kind].append(Line(called, text))
    nothing = [
        Line(person.id, person.name)
        for person in roster.people.values()
        if not (course.submitted / person.id / name / f"{name}.ipynb").exists()
    ]
    return Collected(
        name,
        **{kind: tuple(told) for kind, told in lines.items()},
        missed=tuple(missed),
        nothing=tuple(nothing),
        has_roster=bool(roster.people),
        broken=broken,
    )


def _called(student: str, roster: Roster, owner: Owner) -> str:
    person = roster.people.get(student)
    name = person.name if person else owner.name
    return f"{student} ({name})" if name and name not in student else student


def _shown(entry: Entry) -> str:
    return f"{entry.archive.name}: {entry.name}"


def _read(
    archives: Sequence[Path], name: str, roster: Roster, stack: ExitStack, missed: list[Line]
) -> tuple[dict[Owner, list[tuple[Entry, Label]]], int]:
    """The files of each owner, and how many archives could not be read."""
    found: dict[Owner, list[tuple[Entry, Label]]] = {}
    broken = 0
    for path in archives:
        try:
            entries = [entry for entry in archive.entries(path, stack) if not entry.is_left_by_others]
        except Unreadable as error:
            missed.append(Line(str(path), str(error)))
            broken += 1
            continue
        leading = [entry for entry in entries if ".." in entry.parts]
        missed += [Line(_shown(entry), "its name leads out of the archive") for entry in leading]
        entries = [entry for entry in entries if ".." not in entry.parts]
        if not entries:
            missed.append(Line(str(path), "there is no file in it"))
        labels = whose.labels([entry.parts for entry in entries], name, roster, dict(_receipts(entries)))
        for entry, label in zip(entries, labels, strict=True):
            if label is None:
                missed.append(Line(_shown(entry), "its name does not say whose it is"))
            else:
                found.setdefault(label.owner, []).append((entry, label))
    return found, broken


def _receipts(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """The logins that Blackboard's text files tell."""
    for entry in entries:
        if entry.parts[-1].endswith(".txt"):
            with suppress(Unreadable):
                text = entry.head(4_000).decode(errors="replace")
                if told := whose.receipt(entry.parts[-1], text):
                    yield told


def _taken(
    assignment: Assignment, files: Sequence[tuple[Entry, Label]], zone: tzinfo | None
) -> tuple[_Candidate, list[str]]:
    """The notebook that counts of a student's files, and what to say of the others.

    Raises
    ------
    Unreadable : there is none, or nothing says which
    """
    found: list[_Candidate] = []
    reasons: list[str] = []
    for entry, label in files:
        with ExitStack() as stack:
            _look(_Upload(assignment, entry, label, zone), stack, found, reasons)
    if not found:
        # What is said of a notebook first: Blackboard and students put other files beside it.
        reasons.sort(key=lambda reason: ": " not in reason)
        more = f", and {len(reasons) - _NAMED} files more" if len(reasons) > _NAMED else ""
        raise Unreadable("; ".join(reasons[:_NAMED]) + more if reasons else "nothing was handed in")
    latest = [a for a in found if not any(_is_later(b, a) for b in found)] or found
    most = max(candidate.answered for candidate in latest)
    latest = [candidate for candidate in latest if candidate.answered == most]
    number = max(candidate.copy for candidate in latest)
    latest = [candidate for candidate in latest if candidate.copy == number]
    if len({candidate.data for candidate in latest}) > 1:
        names = ", ".join(candidate.entry.name for candidate in latest)
        raise Unreadable(f"several notebooks belong to this assignment, and nothing says which counts: {names}")
    others = [candidate.entry.parts[-1] for candidate in found if candidate.data != latest[0].data]
    return latest[0], [f"not {', '.join(others)}, which is older or holds less"] if others else []


def _is_later(one: _Candidate, other: _Candidate) -> bool:
    # Somebody who handed in the notebook as it was released, beside their own, means their own.
    if one.time.came == other.time.came and bool(one.answered) != bool(other.answered):
        return one.answered > other.answered
    after = one.time.is_after(other.time)
    if after is None and one.inner and other.inner and abs(one.inner - other.inner) > _PACKING:
        return one.inner > other.inner
    return bool(after)


@dataclass(frozen=True)
class _Upload:
    """A file that somebody handed in."""

    assignment: Assignment
    entry: Entry
    label: Label
    zone: tzinfo | None

    @property
    def time(self) -> _Time:
        """When."""
        came = self.label.came
        if came is not None:
            came = (came.replace(tzinfo=self.zone) if self.zone else came.astimezone()).astimezone(UTC)
        return _Time(came, self.label.upload, self.entry.modified, self.entry.archive.stat().st_mtime)


def _look(upload: _Upload, stack: ExitStack, found: list[_Candidate], reasons: list[str]) -> None:
    """Look for notebooks of the assignment in what was handed in, archives within it too; why the rest is none."""
    waiting = [(upload.entry, 0)]
    left, files = archive.MAX_READ_BYTES, 0
    while waiting:
        file, depth = waiting.pop(0)
        if file.is_left_by_others:
            continue
        files += 1
        if left <= 0 or files > archive.MAX_FILES_WITHIN:
            reasons.append(f"{upload.entry.parts[-1]}: not all of it was read, for it is too large when unpacked")
            return
        last = file.parts[-1].lower()
        name = file.name if depth else file.parts[-1]
        try:
            kind = archive.kind(file)
            if kind == "zip" and not last.endswith(_DOCUMENTS):
                if depth == archive.MAX_DEPTH:
                    reasons.append(f"{name}: archives lie in archives more than {depth} deep")
                    continue
                inner, size = archive.within(file, stack, left)
                left -= size
                waiting += [(entry, depth + 1) for entry in inner]
            elif kind == "text" or last.endswith(".ipynb"):
                data = file.read()
                left -= len(data)
                answered = _answered(upload.assignment, data)
                inner_time = file.modified if depth else None
                found.append(_Candidate(file, upload.label, data, upload.time, inner_time, answered))
            elif kind == "archive":
                reasons.append(f"{name}: an archive of a kind that is not opened here, only zip files are")
            else:
                reasons.append(f"{name} is no notebook")
        except (Unreadable, intake.Refused) as error:
            left -= error.read if isinstance(error, TooLarge) else 0
            reasons.append(f"{name}: {error}")


# Office programs pack theirs in zip files.
_DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".pages", ".numbers", ".epub", ".jar", ".npz")


def _answered(assignment: Assignment, data: bytes) -> int:
    """How many cells are not as they were released.

    Raises
    ------
    Refused : no notebook, or none of this assignment
    """
    submission = intake.rebuild(assignment, data)
    solutions = assignment.solutions
    if solutions and len(submission.missing) >= len(solutions):
        raise intake.Refused("it is a notebook, but none of its cells belong to this assignment")
    changed = {
        grade_id(cell)
        for cell in submission.notebook.cells
        if grade_id(cell) in solutions and cell.source.strip() != solutions[grade_id(cell)].source.strip()
    }
    return len(changed) if not submission.untouched else 0


class _Record:
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

    def time(self, student: str, digest: str) -> _Time | None:
        """The time of a file that was collected; None where another lies there."""
        row = self.told.get(student, {})
        if row.get("file") != digest:
            return None
        try:
            came, modified = (datetime.fromisoformat(row[key]) if row[key] else None for key in ("came", "modified"))
            return _Time(came, int(row["upload"]), modified, float(row["downloaded"]))
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, student: str, owner: str, digest: str, time: _Time) -> None:
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


class _Places:
    """The students' places in the submitted folder."""

    def __init__(self, course: Course, name: str, record: _Record, force: bool):
        self.course, self.name, self.record, self.force = course, name, record, force
        _remove_half_made(course.submitted)

    def put(self, student: str, owner: str, taken: _Candidate) -> tuple[str, str]:
        """Put a notebook in its place: (what of the list it is, more of it).

        Raises
        ------
        Unreadable : something else lies there
        """
        folder = self.course.submitted / student / self.name
        digest = file_digest(taken.data)
        try:
            there = intake.read(folder / f"{self.name}.ipynb", self.course.submitted)
        except intake.Refused as error:
            if os.path.lexists(folder / f"{self.name}.ipynb") or folder.is_symlink() or folder.parent.is_symlink():
                raise Unreadable(f"what lies in {folder} is in the way: {error}") from None
            self._write_new(folder, taken)
            self.record.write(student, owner, digest, taken.time)
            return "new", ""
        remove_leftovers(folder)
        before = file_digest(there)
        if before == digest:
            known = self.record.told.get(student, {}).get("file")
            # A run that was killed between the file and its record has more to write. Else the time that lies there
            # stays: it may be the instructor's.
            killed = bool(known) and known != digest
            is_needed = killed or not (folder / "timestamp.txt").exists()
            told = self._write_time(folder, taken.time, is_new=killed) if is_needed else ""
            known_time = self.record.time(student, digest)
            if known_time is None or taken.time.is_after(known_time):
                self.record.write(student, owner, digest, taken.time)
            return "unchanged", told
        after = taken.time.is_after(self.record.time(student, before) or _time_of(folder, self.name))
        if not after and not self.force:
            why = "what lies there is newer" if after is False else "nothing says which is newer"
            return "kept", f"{why}: --force takes this one"
        write_atomically(folder / f"{self.name}.ipynb", taken.data)
        told = self._write_time(folder, taken.time, is_new=True)
        self.record.write(student, owner, digest, taken.time)
        return "replaced", told

    def _write_new(self, folder: Path, taken: _Candidate) -> None:
        """A folder that is there with all it holds, or not."""
        if folder.exists():
            self._write_time(folder, taken.time, is_new=False)
            write_atomically(folder / f"{self.name}.ipynb", taken.data)
            return
        self.course.submitted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".collect-{os.getpid()}-", dir=self.course.submitted) as half:
            made = Path(half) / self.name
            write_atomically(made / f"{self.name}.ipynb", taken.data)
            self._write_time(made, taken.time, is_new=False)
            folder.parent.mkdir(exist_ok=True)
            made.rename(folder)

    def _write_time(self, folder: Path, time: _Time, is_new: bool) -> str:
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


def _time_of(folder: Path, name: str) -> _Time:
    """When what nobody has recorded came there: by nbgrader's timestamp.txt, else by the file's own time."""
    came = _time_in(folder / "timestamp.txt")
    written = (folder / f"{name}.ipynb").stat().st_mtime
    modified = came.astimezone().replace(tzinfo=None) if came else datetime.fromtimestamp(written)
    return _Time(came, 0, modified)


def _remove_half_made(submitted: Path) -> None:
    """Remove what collecting that was killed left behind."""
    for path in submitted.glob(".collect-*"):
        found = re.fullmatch(r"\.collect-(\d+)-.+", path.name)
        if found and not psutil.pid_exists(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def roster(course: Course, who: Path | None = None) -> Roster:
    """Who is in the gradebook, and what the instructor's table says.

    Raises
    ------
    CourseError : the table cannot be read
    GradebookError : the gradebook cannot be read
    """
    said = {}
    if who is not None:
        try:
            said = whose.read_who(who.read_bytes().decode("utf-8-sig"))
        except (OSError, ValueError, csv.Error) as error:
            raise CourseError(f"{who} cannot be read as a table (CSV, UTF-8): {error}") from None
    url = make_url(course.db_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        # To open a gradebook that is not there makes it.
        return Roster({}, said)
    book = Book(course.db_url, course.course_id)
    try:
        return Roster({person.id: person for person in book.people()}, said)
    finally:
        book.close()
