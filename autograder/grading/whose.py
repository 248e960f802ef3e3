"""Whose a file is, by the name that an LMS gives it in the zip file of all submissions.

Canvas : `doejane_LATE_501_90210_02_sgd-1.ipynb`: sortable name, LATE, number of the user, number of the upload, file;
    `anon_k3x9Q_90210_02_sgd.ipynb` where it grades anonymously (lib/content_zipper.rb)
Moodle : `Jane Doe_1234_assignsubmission_file/02_sgd.ipynb`, as a folder or all in one name, where 1234 is the number of
    the participant in this assignment alone; `Participant_1234_...` where it marks blindly (mod/assign/downloader.php)
Blackboard : `Homework 2_jdoe_attempt_2026-10-05-17-30-00_02_sgd.ipynb`, and a text file of each attempt
Folders : `jdoe/02_sgd.ipynb`, also within folders that all have in common
"""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

_MOODLE = re.compile(r"(?P<name>.*?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?$", re.DOTALL)
_BLACKBOARD = re.compile(r"(?P<user>.+)_attempt_(?P<came>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)?$", re.DOTALL)
_UPLOAD = r"_(?:(?P<upload>\d+)_(?P<file>.+)|(?:text|link)\.html)$"
_CANVAS = re.compile(rf"_(?=(?P<late>LATE_)?(?P<number>\d+){_UPLOAD})", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(rf"(?P<late>LATE_)?(?P<number>anon_[A-Za-z0-9]+){_UPLOAD}", re.DOTALL)
# nbgrader's patterns of file names, and what no folder can be called.
_NO_FOLDER = re.compile(r"^\.|[/\\*?\[\]\x00-\x1f\x7f]|^\s|\s$")
_LONGEST = 128

_Path = tuple[str, ...]


@dataclass(frozen=True)
class Owner:
    """Who handed in a file, as the LMS calls them.

    Parameters
    ----------
    system : "Canvas", "Moodle", "Blackboard", "folder", "file"
    login : the LMS's number of the user or participant, their login, or the folder's name
    name : as far as the file's name holds one
    """

    system: str
    login: str
    name: str = ""

    def __str__(self) -> str:
        number = f" {self.login}" if self.name not in ("", self.login) else ""
        return f"{self.name or self.login} ({self.system}{number})"


@dataclass(frozen=True)
class Label:
    """What the path of a file tells.

    Parameters
    ----------
    late : whether the LMS marks it as late
    came : when it was handed in, by the clock of the LMS
    upload : number of the upload, which grows
    """

    owner: Owner
    late: bool = False
    came: datetime | None = None
    upload: int = 0


@dataclass(frozen=True)
class Person:
    """One of the roster."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        """First name, last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Roster:
    """Who takes part, and what is said of who is who.

    Parameters
    ----------
    people : by id
    said : the instructor's own table, as `read_who` gives it
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def by_login(self, login: str) -> str:
        """Who has this id, number, address or login; empty where nobody has, or more than one."""
        if login in self.people:
            return login
        wanted = login.casefold()
        for key in (
            lambda p: p.lms_user_id,
            lambda p: p.email.casefold(),
            lambda p: p.id.casefold(),
            lambda p: p.email.casefold().partition("@")[0],
        ):
            found = [person.id for person in self.people.values() if key(person) in (login, wanted) and login]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""

    def by_name(self, name: str) -> list[str]:
        """All who are called so, whatever the order of their names."""
        wanted = _bare(name)
        found = []
        for person in self.people.values():
            last, first = (_joined(part) for part in (person.last_name, person.first_name))
            # Canvas writes them as one word.
            is_one_word = bool(last and first) and last + first == _joined(name)
            if wanted and (_bare(person.name) == wanted or is_one_word):
                found.append(person.id)
        return found

    def told(self, owner: Owner) -> str:
        """Who it is by the instructor's table; empty where that does not say."""
        cells: Sequence[str] = ()
        for key in (owner.login, f"{owner.name}_{owner.login}", owner.name):
            cells = cells or (self.said.get(key.casefold(), ()) if key else ())
        known = [found for cell in cells if (found := self.by_login(cell))]
        if known:
            return known[0]
        # A table of two columns names whom it means, in the roster or not.
        addresses = [cell for cell in cells if "@" in cell and not self.people]
        return cells[0] if len(cells) == 1 else (addresses or [""])[0]


def _bare(name: str) -> tuple[str, ...]:
    """The words of a name, whatever an LMS leaves out of it or puts first."""
    return tuple(sorted(filter(None, map(_joined, re.split(r"[\s,_]+", name)))))


def _joined(name: str) -> str:
    """The letters alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def read_who(text: str) -> dict[str, list[str]]:
    """An instructor's table of who is who: what the LMS calls somebody, and in further columns who it is.

    Moodle's grading worksheet is one: `Participant 1234`, full name, address.
    """
    sample = text.removeprefix("\ufeff")
    delimiter = max(",;\t", key=sample.partition("\n")[0].count)
    said = {}
    for row in csv.reader(io.StringIO(sample), delimiter=delimiter):
        cells = [cell.strip() for cell in row]
        if len(cells) > 1 and cells[0]:
            rest = [cell for cell in cells[1:] if cell] if len(cells) > 2 else cells[1:2]
            said[cells[0].casefold()] = rest
            if participant := re.fullmatch(r"\D+ (\d+)", cells[0]):
                said.setdefault(participant[1], rest)
    return said


def labels(paths: Sequence[_Path], assignment: str, roster: Roster, receipts: Mapping[str, str]) -> list[Label | None]:
    """What the path of each file tells; None where it does not say whose it is.

    Parameters
    ----------
    paths : of all files of one archive, as folders and name
    receipts : the logins that Blackboard's text files tell, by the beginning of their names
    """
    depth = _common(paths, assignment, roster)
    users = _Users(paths, assignment, roster, receipts)
    return [_label(path, depth, assignment, roster, users) for path in paths]


def _label(parts: _Path, depth: int, assignment: str, roster: Roster, users: "_Users") -> Label | None:
    for part in parts:
        if found := _MOODLE.match(part):
            return Label(Owner("Moodle", found["number"], found["name"].strip()))
        if found := _BLACKBOARD.match(part):
            came = _moment(found["came"])
            if came:
                return Label(Owner("Blackboard", users.of(found["user"])), came=came)
    if len(parts) == depth + 1:
        return _canvas(parts[-1], assignment, roster) or _file(parts[-1], assignment, roster)
    known = [part for part in parts[:-1] if part in roster.people or part.casefold() in roster.said]
    folder = known[0] if known else parts[depth] if depth >= 0 else assignment
    return None if folder == assignment else Label(Owner("folder", folder, folder))


def _canvas(name: str, assignment: str, roster: Roster) -> Label | None:
    way, who = _CANVAS_ANONYMOUS.match(name), ""
    if not way and name[:1].isalpha():
        # A name can end in a number of its own, so that there are several ways to read it.
        ways = list(_CANVAS.finditer(name))
        by_number = [found for found in ways if roster.by_login(found["number"])]
        by_file = [found for found in ways if (found["file"] or "").startswith(assignment)]
        way = next(iter(by_number or by_file or ways), None)
        who = name[: way.start()] if way else ""
    if not way:
        return None
    return Label(Owner("Canvas", way["number"], who), bool(way["late"]), upload=int(way["upload"] or 0))


def _file(name: str, assignment: str, roster: Roster) -> Label | None:
    """A file that bears a student's id, alone or beside the assignment's name."""
    stem = name.rpartition(".")[0] or name
    ids = {who.casefold(): who for who in (*roster.said, *roster.people)}
    for text in (stem, stem.removeprefix(assignment).strip("_- "), stem.removesuffix(assignment).strip("_- ")):
        if text.casefold() in ids:
            return Label(Owner("file", ids[text.casefold()]))
    return None


def _common(paths: Sequence[_Path], assignment: str, roster: Roster) -> int:
    """How many folders lie around those of the students; -1 where that cannot be seen."""
    folders = [path[:-1] for path in paths]
    depth = 0
    while folders and all(len(parts) > depth for parts in folders):
        names = {parts[depth] for parts in folders}
        name = next(iter(names))
        if len(names) > 1 or name in roster.people:
            break
        below = {parts[depth + 1] if len(parts) > depth + 1 else "" for parts in folders}
        is_around = name.casefold() in _AROUND or _names_somebody(paths, depth + 1)
        # The folder is the one student's, where nothing but the assignment's folder, or none, lies in it.
        if below <= {"", assignment} and not is_around:
            break
        # One folder in one folder: either may be the student's.
        if len(below) == 1 and not is_around and not below & roster.people.keys():
            return -1
        depth += 1
    return depth


_AROUND = frozenset({"submissions", "submitted", "submission", "downloads", "archive", "extracted"})


def _names_somebody(paths: Sequence[_Path], depth: int) -> bool:
    """Whether the files at this depth have names that an LMS gives."""
    names = [path[depth] for path in paths if len(path) == depth + 1]
    return bool(names) and any(pattern.search(name) for name in names for pattern in (_CANVAS, _BLACKBOARD, _MOODLE))


class _Users:
    """The logins in Blackboard's names, whose first part is the column in its table of grades.

    Both may hold underscores. What a text file of the attempt says counts, then the roster, then what all have in
    common, then what stands behind the last underscore.
    """

    def __init__(self, paths: Iterable[_Path], assignment: str, roster: Roster, receipts: Mapping[str, str]):
        self.roster, self.receipts = roster, receipts
        names = {found["user"] for path in paths for part in path if (found := _BLACKBOARD.match(part))}
        self.column = ""
        for user in names:
            if login := receipts.get(user):
                self.column = user.removesuffix(login)
        if not self.column and names and all(user.startswith(f"{assignment}_") for user in names):
            self.column = f"{assignment}_"

    def of(self, user: str) -> str:
        """The login."""
        if user in self.receipts:
            return self.receipts[user]
        if self.column and user.startswith(self.column) and user != self.column:
            return user.removeprefix(self.column)
        words = user.split("_")
        for start in range(1, len(words)):
            if self.roster.by_login("_".join(words[start:])):
                return "_".join(words[start:])
        return words[-1]


def receipt(name: str, text: str) -> tuple[str, str] | None:
    """(beginning of the name, login) that Blackboard's text file of an attempt tells: `Name: Jane Doe (jdoe)`."""
    named = _BLACKBOARD.match(name)
    found = re.search(r"^[^\n:]{1,40}:[^\n]*\(([^()\n]+)\)\s*$", text, re.MULTILINE)
    if named and found and named["user"].endswith(f"_{found[1]}"):
        return named["user"], found[1]
    return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None


@dataclass(frozen=True)
class Student:
    """The student whom an owner is here; `problem` says why there is none, `remark` what to know."""

    id: str = ""
    problem: str = ""
    remark: str = ""


def students(owners: Iterable[Owner], roster: Roster, before: Mapping[str, str]) -> dict[Owner, Student]:
    """Who each owner is here.

    Parameters
    ----------
    before : student's id by owner's key, of earlier collections: who was taken for whom stays so
    """
    owners = list(dict.fromkeys(owners))
    namesakes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for owner in owners:
        namesakes[owner.system, owner.name.casefold()].add(owner.login)
    taken = {student: key for key, student in before.items()}
    found = {owner: _student(owner, roster, namesakes, before, taken) for owner in owners}
    # Two of the LMS's for one student here, both by name: neither is certain.
    sharers: dict[str, set[str]] = defaultdict(set)
    for owner, student in found.items():
        if student.id:
            sharers[student.id].add(f"{owner.system} {owner.login}")
    for owner, student in found.items():
        others = sharers.get(student.id, set())
        if len({key for key in others if key.startswith(f"{owner.system} ")}) > 1 and not roster.told(owner):
            found[owner] = Student(
                problem=f"{', '.join(sorted(others))} would all be {student.id}: --who says who is who"
            )
    return found


def key(owner: Owner) -> str:
    """What an owner is recorded by."""
    return f"{owner.system} {owner.login}"


def _student(
    owner: Owner,
    roster: Roster,
    namesakes: Mapping[tuple[str, str], set[str]],
    before: Mapping[str, str],
    taken: Mapping[str, str],
) -> Student:
    told = roster.told(owner)
    if told:
        return _fit(told, roster)
    if owner.system != "Moodle":
        # Moodle's number is no number of a person.
        login = roster.by_login(owner.login)
        names = [] if login else roster.by_name(owner.name)
        same = namesakes[owner.system, owner.name.casefold()]
        if not login and len(names) == 1 and len(same) == 1:
            login = names[0]
        return _fit(login or owner.login, roster)
    names = [owner.name] if owner.name in roster.people else roster.by_name(owner.name)
    same = namesakes["Moodle", owner.name.casefold()]
    if len(names) > 1 or (names and len(same) > 1):
        several = f"several are called {owner.name}"
        return Student(problem=f"{several}: --who, with Moodle's grading worksheet, says who is who")
    if names:
        return _fit(names[0], roster)
    if before.get(key(owner)):
        return _fit(before[key(owner)], roster)
    if len(same) > 1 or taken.get(owner.name, key(owner)) != key(owner) or owner.name.casefold() in _BLIND:
        fitting = _fit(f"{owner.name}_{owner.login}", roster)
        is_blind = owner.name.casefold() in _BLIND
        remark = "" if is_blind else "several have this name: the number tells them apart, in this assignment alone"
        return Student(fitting.id, fitting.problem, "; ".join(filter(None, (fitting.remark, remark))))
    return _fit(owner.name, roster)


# What Moodle calls those whom it does not name, in some of its languages (string "participant" of mod_assign).
_BLIND = frozenset(
    {"participant", "teilnehmerin", "teilnehmer", "teilnehmer/in", "participante", "participant(e)", "partecipante"}
    | {"deelnemer", "participante na avaliação", "uczestnik", "deltagare", "deltaker", "deltager", "účastník"}
    | {"参加者", "参与者", "참가자", "участник", "katılımcı", "osallistuja", "учасник", "participante en la tarea"}
)


def _fit(student: str, roster: Roster) -> Student:
    if _NO_FOLDER.search(student) or not student or len(student.encode()) > _LONGEST:
        return Student(problem=f"{student!r} cannot be a student's folder: --who says who it is")
    remark = "not in the roster" if roster.people and student not in roster.people else ""
    return Student(student, remark=remark)
