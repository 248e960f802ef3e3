"""Submissions from an LMS: of each student the one notebook whose cells belong to the assignment, whatever its name.

Collecting passes over what cannot be read and tells it. What lies in the submitted folder is replaced only by what is
newer, in one step; a run that was killed is finished by the next.
"""

import csv
import errno
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path

from autograder.grading import archive, intake, whose
from autograder.grading.archive import Entry, TooLarge, Unreadable
from autograder.grading.assignment import Assignment, AssignmentError, grade_id
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book
from autograder.grading.places import PACKING, Places, Record, Time
from autograder.grading.whose import Label, Owner, Roster

# No other student's file could be written either.
_NO_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
# "02_sgd(2)", "02_sgd-1", "02_sgd-Copy1"
_COPY = re.compile(r"(?:\((\d+)\)|-(?:Copy)?(\d+))$")
_NAMED = 3


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
    time: Time
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
    record = Record(course, name)
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
        places = Places(course, name, record, force)
        lines: dict[str, list[Line]] = defaultdict(list)
        earlier = record.owners()
        matcher = _Matcher(assignment, course.source)
        for student, handed in sorted(theirs.items()):
            owner = handed[0][0]
            called = _called(student, roster, owner)
            try:
                taken, told = _taken(matcher, [(entry, label) for _, entry, label in handed], zone)
                if not taken.answered and not force and matcher.is_worked(places.lying(student)):
                    kind, how = "kept", "it is as it was released, what lies there is not: --force takes this one"
                else:
                    kind, how = places.put(student, whose.key(owner), taken.data, taken.time)
            except Unreadable as error:
                missed.append(Line(called, str(error)))
                continue
            except OSError as error:
                if error.errno in _NO_WRITING:
                    raise
                missed.append(Line(called, f"it cannot be written: {error.strerror or error}"))
                continue
            late = "marked late by the LMS, which does not say when it came" if taken.label.late else ""
            was = earlier.get(whose.key(owner), student)
            moved = f"taken for {was} before, whose folder lies there still" if was != student else ""
            text = "; ".join(filter(None, (_shown(taken.entry), how, *told, remarks[student], late, moved)))
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
            entries = archive.entries(path, stack)
        except Unreadable as error:
            missed.append(Line(str(path), str(error)))
            broken += 1
            continue
        if not entries:
            missed.append(Line(str(path), "there is no file in it"))
        for entry, label in _labelled(entries, 0, name, roster, stack, missed):
            found.setdefault(label.owner, []).append((entry, label))
    return found, broken


def _labelled(
    entries: Sequence[Entry], above: int, name: str, roster: Roster, stack: ExitStack, missed: list[Line]
) -> Iterator[tuple[Entry, Label]]:
    """The files that are somebody's, also in an archive that is nobody's, such as that of a section of the class.

    Parameters
    ----------
    above : how many parts of the paths lead to the archive
    """
    entries = [entry for entry in entries if not entry.is_left_by_others]
    leading = [entry for entry in entries if ".." in entry.parts]
    missed += [Line(_shown(entry), "its name leads out of the archive") for entry in leading]
    entries = [entry for entry in entries if ".." not in entry.parts]
    paths = [entry.parts[above:] for entry in entries]
    for entry, label in zip(entries, whose.labels(paths, name, roster, dict(_receipts(entries))), strict=True):
        if label is not None:
            yield entry, label
            continue
        try:
            if above == 0 and archive.kind(entry) == "zip":
                inner, _ = archive.within(entry, stack, archive.MAX_ARCHIVE_BYTES)
                yield from _labelled(inner, len(entry.parts), name, roster, stack, missed)
                continue
            why = "its name does not say whose it is"
        except Unreadable as error:
            why = str(error)
        missed.append(Line(_shown(entry), why))


def _receipts(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """The logins that Blackboard's text files tell."""
    for entry in entries:
        if entry.parts[-1].endswith(".txt"):
            with suppress(Unreadable):
                text = entry.head(4_000).decode(errors="replace")
                if told := whose.receipt(entry.parts[-1], text):
                    yield told


def _taken(
    matcher: "_Matcher", files: Sequence[tuple[Entry, Label]], zone: tzinfo | None
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
            _look(_Upload(matcher, entry, label, zone), stack, found, reasons)
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
    if after is None and one.inner and other.inner and abs(one.inner - other.inner) > PACKING:
        return one.inner > other.inner
    return bool(after)


@dataclass(frozen=True)
class _Upload:
    """A file that somebody handed in."""

    matcher: "_Matcher"
    entry: Entry
    label: Label
    zone: tzinfo | None

    @property
    def time(self) -> Time:
        """When."""
        came = self.label.came
        if came is not None:
            came = (came.replace(tzinfo=self.zone) if self.zone else came.astimezone()).astimezone(UTC)
        return Time(came, self.label.upload, self.entry.modified, self.entry.archive.stat().st_mtime)


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
                answered = upload.matcher.answered(data)
                inner_time = file.modified if depth else None
                found.append(_Candidate(file, upload.label, data, upload.time, inner_time, answered))
            elif kind == "archive":
                reasons.append(f"{name}: an archive of a kind that is not opened here, only zip files are")
            else:
                reasons.append(f"{name} is no notebook")
        except (Unreadable, intake.Refused, _Another) as error:
            left -= error.read if isinstance(error, TooLarge) else 0
            reasons.append(f"{name}: {error}")


# Office programs pack theirs in zip files.
_DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".pages", ".numbers", ".epub", ".jar", ".npz")


class _Matcher:
    """Tells whether a notebook is one of the assignment.

    Parameters
    ----------
    source : the folder of all assignments
    """

    def __init__(self, assignment: Assignment, source: Path):
        self.assignment, self.source = assignment, source

    def answered(self, data: bytes) -> int:
        """How many cells are not as they were released.

        Raises
        ------
        Refused, _Another : no notebook, or none of this assignment
        """
        submission = intake.rebuild(self.assignment, data)
        solutions = self.assignment.solutions
        share = _share(submission, self.assignment)
        # Assignments may have an exercise, or the names of their first cells, in common.
        if share < 1:
            for other in self.others:
                with suppress(intake.Refused):
                    if _share(intake.rebuild(other, data), other) > share:
                        raise _Another(f"it is a notebook of {other.name}, not of this assignment")
        if not share:
            raise intake.Refused("it is a notebook, but none of its cells belong to this assignment")
        changed = {
            grade_id(cell)
            for cell in submission.notebook.cells
            if grade_id(cell) in solutions and cell.source.strip() != solutions[grade_id(cell)].source.strip()
        }
        return len(changed) if not submission.untouched else 0

    def is_worked(self, data: bytes | None) -> bool:
        """Whether it is a notebook of this assignment that somebody has worked in."""
        with suppress(intake.Refused, _Another):
            return data is not None and self.answered(data) > 0
        return False

    @cached_property
    def others(self) -> list[Assignment]:
        """The other assignments of the course."""
        found = []
        for path in sorted(self.source.glob("*/*.ipynb")):
            if path.stem == path.parent.name != self.assignment.name:
                with suppress(AssignmentError):
                    found.append(Assignment.load(self.source, path.stem))
        return found


class _Another(Exception):
    """A notebook of another assignment."""


def _share(submission: intake.Submission, assignment: Assignment) -> float:
    """Of the cells that students fill in, how many are there."""
    count = len(assignment.solutions)
    return (count - len(submission.missing)) / count if count else 1.0


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
    if not course.has_gradebook:
        return Roster({}, said)
    book = Book(course.db_url, course.course_id)
    try:
        return Roster({person.id: person for person in book.people()}, said)
    finally:
        book.close()
