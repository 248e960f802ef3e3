"""What an instructor wants to know of an assignment: how the class did, what it misunderstood, who needs attention.

Statistics are of the submissions that could be read: a refused file says nothing about an exercise.
"""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from nbgrader.utils import is_solution, is_task

from autograder.grading import intake
from autograder.grading.assignment import Assignment, exercise_of, grade_id
from autograder.grading.classroom import submitted_at
from autograder.grading.course import Course
from autograder.grading.gradebook import Book
from autograder.grading.graded import file_digest
from autograder.grading.registration import pending
from autograder.grading.scores import (
    Entry,
    duration,
    entries,
    moment_text,
    outdated,
    points_text,
    reading,
    seconds_late,
    worth,
)
from autograder.report.output import ReportError, csv_text
from autograder.report.table import accuracies

# How intake.refused begins the note of a file that it could not take.
_REFUSED = "The file was not graded: "
# How the grader ends its note on an exercise whose notebook nobody touched.
_UNTOUCHED = "is not written yet."
# Two students always correlate by plus or minus one, or not at all.
_FEWEST_TO_CORRELATE = 3


@dataclass(frozen=True)
class Student:
    """One student's row.

    Parameters
    ----------
    state : "graded", "not graded yet" or "nothing handed in"
    points : by exercise; None for one that waits for a person
    total : what counts: all points less the penalty
    waits : exercises that a person is to look at
    refused : why the file was not graded; empty where it was
    untouched : the notebook is as it was released
    mistakes : (exercise, name) of each that was recognised
    accuracy : share of unseen samples that is right, by exercise that measures it
    notes : what the student was told of how the file was read
    deadline : the student's own, in UTC, where it is another than the due date
    given : exercises whose points everybody gets
    resubmitted : a later submission than the one that is graded lies there, or, where no time is known, another
    """

    id: str
    last_name: str
    first_name: str
    state: str
    points: dict[str, float | None] = dataclasses.field(default_factory=dict)
    penalty: float = 0.0
    total: float = 0.0
    submitted: datetime | None = None
    seconds_late: float = 0.0
    waits: tuple[str, ...] = ()
    refused: str = ""
    untouched: bool = False
    mistakes: tuple[tuple[str, str], ...] = ()
    accuracy: dict[str, float] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    deadline: datetime | None = None
    given: tuple[str, ...] = ()
    resubmitted: bool = False
    seconds: float | None = None
    isolation: str = ""

    @property
    def name(self) -> str:
        """As people say it; empty where the gradebook has none."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def remarks(self) -> list[str]:
        """What there is to say besides the points, in the words of the page and the CSV."""
        lateness = f", {points_text(self.penalty)} points taken off" if self.penalty else ""
        told = {
            self.state: self.state != "graded",
            f"refused: {self.refused}": self.refused,
            f"late: {duration(self.seconds_late)}{lateness}": self.seconds_late,
            f"due for them {moment_text(self.deadline)}": self.deadline,
            f"waits for a person: {', '.join(self.waits)}": self.waits,
            "submitted again since": self.resubmitted,
            "nothing written": self.stuck and self.untouched,
        }
        mistakes = [f"{exercise}: {spaced(name)}" for exercise, name in self.mistakes]
        right = [f"{exercise}: {share:.1%} right" for exercise, share in self.accuracy.items()]
        return (
            [words for words, holds in told.items() if holds]
            + right
            + mistakes
            + [note.rstrip(".") for note in self.notes]
        )

    @property
    def counts(self) -> bool:
        """Whether the submission tells anything about the exercises."""
        return self.state == "graded" and not self.refused

    @property
    def stuck(self) -> bool:
        """Whether nothing has earned a point."""
        return self.counts and not any(p for name, p in self.points.items() if name not in self.given)


@dataclass(frozen=True)
class Mistake:
    """A named mistake, and who made it."""

    exercise: str
    name: str
    sentence: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    """One graded cell, over the class.

    Parameters
    ----------
    id : the exercise's
    cell : nbgrader's id of the graded cell
    by_hand : whether a person gives the points
    judged, solved, partly, nothing : how many have points, all of them, some, none
    waits : for how many a person is to look at it
    mean : share of the points that was earned on average; None where nobody has any yet
    discrimination : correlation of the points here with the share of all other points; None where it is undefined:
        fewer than three students, or all with the same points here or elsewhere
    void : "full" where everybody gets the points, "out" where it does not count
    """

    id: str
    cell: str
    worth: float
    by_hand: bool
    judged: int
    solved: int
    partly: int
    nothing: int
    waits: int
    mean: float | None
    discrimination: float | None
    void: str = ""


@dataclass(frozen=True)
class ClassReport:
    """An assignment, over the class.

    Parameters
    ----------
    possible : points
    due : in UTC; None where the gradebook has none
    students : all that are in the gradebook or have handed in, by id
    isolation : how many were graded at which level
    pending : what was built since and waits for `autograder grade`, in words
    """

    assignment: str
    possible: float
    due: datetime | None
    students: tuple[Student, ...]
    exercises: tuple[Exercise, ...]
    mistakes: tuple[Mistake, ...]
    isolation: tuple[tuple[str, int], ...]
    pending: tuple[str, ...] = ()

    @property
    def counted(self) -> list[Student]:
        """Those whose submission could be read and was graded."""
        return [student for student in self.students if student.counts]

    @property
    def totals(self) -> list[float]:
        """Their points."""
        return [student.total for student in self.counted]

    @property
    def median(self) -> float | None:
        """Of their points."""
        return median(self.totals) if self.totals else None

    @property
    def mean(self) -> float | None:
        """Of their points."""
        return fmean(self.totals) if self.totals else None

    @property
    def seconds(self) -> tuple[float, float] | None:
        """What grading a submission took: median and most."""
        taken = [student.seconds for student in self.students if student.seconds is not None]
        return (median(taken), max(taken)) if taken else None

    def to_csv(self) -> str:
        """A row for each student."""
        exercises = [exercise.id for exercise in self.exercises]
        head = ["student", "last_name", "first_name", "state", *exercises, "late_penalty", "total", "out_of"]
        head += ["submitted_utc", "own_deadline_utc", "seconds_late", "refused", "waits_for_a_person", "mistakes"]
        head += ["grading_seconds", "remarks"]
        rows = []
        for s in self.students:
            graded = s.state == "graded"
            rows.append(
                [s.id, s.last_name, s.first_name, s.state, *(s.points.get(name) for name in exercises)]
                + ([s.penalty, s.total] if graded else [None, None])
                + [self.possible, *(t.isoformat(" ") if t else None for t in (s.submitted, s.deadline)), s.seconds_late]
                + [
                    s.refused,
                    ", ".join(s.waits),
                    "; ".join(f"{name}: {spaced(m)}" for name, m in s.mistakes),
                    s.seconds,
                ]
                + ["; ".join(s.remarks)]
            )
        return csv_text([head, *rows])

    def to_json(self) -> str:
        """All of it, and the statistics of each exercise."""
        data = dataclasses.asdict(self) | {"mean": self.mean, "median": self.median, "counted": len(self.counted)}
        data["grading_seconds"] = dict(zip(("median", "most"), self.seconds or (None, None), strict=True))
        return json.dumps(data, ensure_ascii=True, indent=1, default=lambda moment: moment.isoformat()) + "\n"


def spaced(mistake: str) -> str:
    """A mistake's name in words."""
    return mistake.replace("_", " ")


def class_report(course: Course, name: str) -> ClassReport:
    """The report of an assignment, from the gradebook and the folder of submissions.

    What needs no grading is brought up to date in the gradebook first: penalties, and what was removed or voided.

    Raises
    ------
    AssignmentError : no such assignment
    ReportError : nothing is graded yet
    DeadlineError : the late penalty's plugin fails
    GradebookError : the gradebook cannot be read
    """
    assignment = Assignment.load(course.source, name)
    nothing = ReportError(f"nothing of {name} is graded yet: `autograder grade {name}` does it")
    if not course.has_gradebook:
        raise nothing
    book = Book(course.db_url, course.course_id)
    try:
        book.follow(assignment, course.late_plugin)
        recorded = entries(book.gradebook, name)
        possible, voided = worth(book.gradebook, name), book.voided(name)
        details, deadlines = book.details(name), book.deadlines(name)
        with reading(book.gradebook):
            roster = {s.id: (s.last_name or "", s.first_name or "") for s in book.gradebook.students}
            due = next((a.duedate for a in book.gradebook.assignments if a.name == name), None)
    finally:
        book.close()
    if not any(entry.is_graded for entry in recorded.values()):
        raise nothing
    folders = [path for path in course.submitted.glob(f"*/{name}") if not path.parent.name.startswith(".")]
    # A folder's name need not be text.
    there = {path.parent.name.encode(errors="backslashreplace").decode(): path for path in folders}
    cells = {grade_id(cell): cell for cell in assignment.notebook.cells if grade_id(cell) in possible}
    labels = _labels(cells)
    given = tuple(labels[cell] for cell, kind in voided.items() if cell in labels and kind == "full")
    students = []
    for student in sorted({*roster, *recorded, *there}):
        entry = recorded.get(student)
        now = submitted_at(there[student]) if student in there else None
        last, first = roster.get(student, ("", ""))
        if entry is not None and entry.is_graded:
            told = details.get(student, {})
            row = _graded(student, last, first, entry, told, labels)
            old = outdated(entry, told, possible, voided)
            notes = (*row.notes, *(_judged_at(labels[cell], points) for cell, points in old.items() if cell in labels))
            row = dataclasses.replace(row, notes=notes, given=given)
            if now is not None and entry.submitted is not None:
                later = now > entry.submitted
            else:
                later = student in there and _is_another(there[student], course, name, details.get(student, {}))
            students.append(dataclasses.replace(row, resubmitted=later))
        elif entry is not None or student in there:
            late = entry.seconds_late if entry is not None else seconds_late(now, deadlines.get(student) or due)
            when = entry.submitted if entry is not None else now
            students.append(Student(student, last, first, "not graded yet", submitted=when, seconds_late=late))
        else:
            students.append(Student(student, last, first, "nothing handed in"))
    own = {who: deadline for who, deadline in deadlines.items() if deadline != due}
    own |= {who: entry.deadline for who, entry in recorded.items() if entry.deadline != due}
    students = [dataclasses.replace(s, deadline=own[s.id]) if s.id in own else s for s in students]
    points = {labels[name]: possible[name] for name in cells}
    kinds = {labels[name]: voided.get(name, "") for name in cells}
    # What is the same for everybody says nothing of anybody.
    judged = {label: value for label, value in points.items() if not kinds[label]}
    counted = [student for student in students if student.counts]
    return ClassReport(
        assignment=name,
        possible=sum(possible.values()),
        due=due,
        students=tuple(students),
        exercises=tuple(
            _exercise(labels[name], cell, counted, points[labels[name]], judged, kinds[labels[name]])
            for name, cell in cells.items()
        ),
        mistakes=_mistakes(counted, details, list(points)),
        isolation=tuple(Counter(s.isolation for s in students if s.isolation).most_common()),
        pending=tuple(pending(possible, assignment)),
    )


def _judged_at(label: str, points: float) -> str:
    return f"{label} was worth {points_text(points)} points when it was judged: grade again"


def _is_another(folder: Path, course: Course, name: str, told: dict[str, Any]) -> bool:
    """Whether the file that lies there is another than the one that was graded."""
    try:
        data = intake.read(folder / f"{name}.ipynb", course.submitted)
    except intake.Refused:
        data = None
    return bool(told.get("file")) and told["file"] != file_digest(data)


def _labels(graded: Mapping[str, Any]) -> dict[str, str]:
    """The exercise's id for each graded cell; the cell's own where two cells check one exercise."""
    names = {name: name if is_solution(c) or is_task(c) else exercise_of(c) for name, c in graded.items()}
    often = Counter(names.values())
    return {cell: name if often[name] == 1 else cell for cell, name in names.items()}


def _graded(
    student: str, last: str, first: str, entry: Entry, told: Mapping[str, Any], labels: Mapping[str, str]
) -> Student:
    notes = [str(note) for note in told.get("notes", ())]
    verdicts = told.get("verdicts", {})
    refused = next((note.removeprefix(_REFUSED) for note in notes if note.startswith(_REFUSED)), "")
    return Student(
        student,
        last,
        first,
        "graded",
        points={label: entry.marks[cell].points if cell in entry.marks else None for cell, label in labels.items()},
        penalty=entry.penalty,
        total=entry.total,
        submitted=entry.submitted,
        seconds_late=entry.seconds_late,
        waits=tuple(labels.get(cell, cell) for cell, mark in entry.marks.items() if mark.waits and not refused),
        refused=refused.removesuffix("."),
        untouched=bool(verdicts) and all(v.get("note", "").endswith(_UNTOUCHED) for v in verdicts.values()),
        mistakes=tuple((name, known["name"]) for name, v in verdicts.items() for known in v.get("known", ())),
        accuracy=accuracies(verdicts),
        notes=tuple(note for note in notes if not note.startswith(_REFUSED)),
        seconds=told.get("seconds"),
        isolation=told.get("isolation", ""),
    )


def _exercise(
    label: str, cell: Any, students: Sequence[Student], worth: float, judged: Mapping[str, float], void: str
) -> Exercise:
    """One exercise; `judged`: what those are worth that are not voided, by label."""
    has = [(student, p) for student in students if not void and (p := student.points[label]) is not None]
    points = [p for _, p in has]
    solved = sum(p >= worth - 1e-9 for p in points)
    nothing = sum(p <= 0 < worth for p in points)
    return Exercise(
        id=label,
        cell=grade_id(cell),
        worth=worth,
        by_hand=bool(is_solution(cell) or is_task(cell)),
        judged=len(points),
        solved=solved,
        partly=len(points) - solved - nothing,
        nothing=nothing,
        waits=sum(label in student.waits for student in students),
        mean=fmean(points) / worth if points and worth else None,
        discrimination=_correlation(points, [_rest(student, label, judged) for student, _ in has]),
        void=void,
    )


def _rest(student: Student, label: str, worths: Mapping[str, float]) -> float | None:
    """The share earned of all other exercises; those that wait for a person would count as lost otherwise."""
    others = {other: p for other, p in student.points.items() if other != label and other in worths and p is not None}
    possible = sum(worths[other] for other in others)
    return sum(others.values()) / possible if possible else None


def _correlation(here: Sequence[float], elsewhere: Sequence[float | None]) -> float | None:
    known = [share for share in elsewhere if share is not None]
    if len(here) < _FEWEST_TO_CORRELATE or len(known) < len(here) or min(np.ptp(here), np.ptp(known)) < 1e-9:
        return None
    return float(np.corrcoef(here, known)[0, 1])


def _mistakes(
    students: Sequence[Student], details: Mapping[str, Mapping[str, Any]], labels: Sequence[str]
) -> tuple[Mistake, ...]:
    """The most frequent first, then in the notebook's order."""
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    sentences: dict[tuple[str, str], str] = {}
    for student in students:
        for exercise, verdict in details.get(student.id, {}).get("verdicts", {}).items():
            for known in verdict.get("known", ()):
                who[exercise, known["name"]].append(student.id)
                sentences[exercise, known["name"]] = known.get("sentence", "")
    place = {label: number for number, label in enumerate(labels)}
    order = sorted(who, key=lambda key: (-len(who[key]), place.get(key[0], len(place)), key))
    return tuple(Mistake(*key, sentences[key], tuple(who[key])) for key in order)
