"""Which submissions are being graded, noted on the disk: when the grader itself is killed, the next run knows on which.

A submission that takes the grader down would take every run down that comes to it. So it is graded after all others and
alone, and where that ends the grader too, it is set aside by its name and the class goes on.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

FOLDER = Path(".autograder") / "flights"
_MOST_DEATHS = 2


@dataclass(frozen=True)
class _Note:
    """What is known of a submission that is being graded.

    Parameters
    ----------
    key : of what its result follows from: another submission, or another version, begins anew
    pid, started : the process that grades it, and when that began
    alone : whether nothing else is graded meanwhile
    deaths : how many graders were killed on it before
    alone_deaths : how many of these while it was alone
    """

    key: str
    pid: int
    started: float
    alone: bool
    deaths: int = 0
    alone_deaths: int = 0

    def seen(self) -> "_Note":
        """The same, its own grader's death counted."""
        if _started(self.pid) == self.started:
            return self
        return replace(self, deaths=self.deaths + 1, alone_deaths=self.alone_deaths + self.alone)


class Flights:
    """The notes on one assignment. Where nothing can be written there are none, and grading goes on without.

    Parameters
    ----------
    root : the course's directory
    assignment : its name
    """

    def __init__(self, root: Path, assignment: str):
        self.folder = root / FOLDER / assignment
        self._mine: set[str] = set()

    def deaths(self, student: str, key: str) -> int:
        """How many graders were killed while they graded this very submission."""
        note = self._read(student, key)
        return note.deaths if note else 0

    def is_set_aside(self, student: str, key: str) -> bool:
        """Whether it is not to be tried again unasked."""
        note = self._read(student, key)
        return note is not None and note.deaths >= _MOST_DEATHS and note.alone_deaths > 0

    def begin(self, student: str, key: str, *, alone: bool) -> None:
        """Note that it is being graded."""
        before = self._read(student, key)
        note = _Note(key, os.getpid(), _started(os.getpid()), alone)
        if before:
            note = replace(note, deaths=before.deaths, alone_deaths=before.alone_deaths)
        with suppress(OSError, UnicodeEncodeError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / student).write_text(json.dumps(asdict(note)))
            self._mine.add(student)

    def end(self, student: str) -> None:
        """Note that it is graded, or that grading was stopped in an orderly way."""
        if student in self._mine:
            self._mine.discard(student)
            with suppress(OSError):
                (self.folder / student).unlink()

    def close(self) -> None:
        """End all that this process has begun."""
        for student in list(self._mine):
            self.end(student)

    def _read(self, student: str, key: str) -> _Note | None:
        try:
            note = _Note(**json.loads((self.folder / student).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return note.seen() if note.key == key else None


def _started(pid: int) -> float:
    """When a process began; 0 where there is none of this number."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def set_aside(assignment: str, student: str) -> str:
    """What is said of a submission that is set aside."""
    return (
        "it is set aside: the grader was killed each time while it graded this submission (out of memory?); "
        f"`autograder grade {assignment} --student {student}` tries it again"
    )
