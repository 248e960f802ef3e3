"""nbgrader's exporters for Canvas and Moodle: `nbgrader export --exporter=autograder.report.export.CanvasExportPlugin`.

Points are nbgrader's, late penalties taken off, as in its own export. Options stand in nbgrader_config.py or on the
command line: `--CanvasExportPlugin.columns="02_sgd=Homework 2 (4711)"`.
"""

from pathlib import Path
from typing import Any, NoReturn

from nbgrader.api import Gradebook, Student
from nbgrader.plugins import CsvExportPlugin as NbgraderCsvExportPlugin
from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Enum, Unicode

from autograder.grading.course import Course, CourseError
from autograder.grading.deadlines import DeadlineError
from autograder.grading.gradebook import GradebookError, follow
from autograder.grading.scores import Entry, entries, reading
from autograder.report.output import ReportError, csv_text, is_guarded, write

_FIELDS = ("id", "email", "lms_user_id", "none")
_WARNED = 5


class _LmsExportPlugin(ExportPlugin):
    """What both have in common; the options of --assignment, --student and --to are nbgrader's."""

    columns = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="What an assignment is called over there, where that is not its name here.",
    ).tag(config=True)

    missing = Unicode(help="What stands where nothing was handed in; `0` gives zero points.").tag(config=True)
    # Rows above the students'.
    _HEAD = 1

    def export(self, gradebook: Gradebook) -> None:
        """Write the file."""
        to = Path(self.to or "grades.csv")
        _follow(self, gradebook)
        with reading(gradebook):
            assignments = {a.name: float(a.max_score or 0.0) for a in gradebook.assignments}
            students = gradebook.students
        if strangers := sorted(set(self.columns) - set(assignments)):
            self.log.warning("columns: no assignment in the gradebook is called %s", self._some(strangers))
        assignments = self._chosen("assignment", self.assignment, assignments)
        students.sort(key=lambda s: (s.last_name or "", s.first_name or "", s.id))
        known = self._chosen("student", self.student, {student.id: student for student in students})
        recorded = {name: entries(gradebook, name) for name in assignments}
        for name, submitted in recorded.items():
            theirs = [entry for student, entry in submitted.items() if student in known]
            ungraded = sum(not entry.is_graded for entry in theirs)
            waiting = sum(entry.is_graded and any(m.waits for m in entry.marks.values()) for entry in theirs)
            if ungraded:
                self.log.warning("%s: %d not graded yet: they count as not handed in", name, ungraded)
            if waiting:
                self.log.warning("%s: %d wait for a person: their points are those so far", name, waiting)
        points = {student: [self._points(recorded[name].get(student)) for name in assignments] for student in known}
        rows = self.table(assignments, list(known.values()), points)
        guarded = sorted({text for row in rows for text in row if isinstance(text, str) and is_guarded(text)})
        if guarded:
            self.log.warning(
                "An apostrophe was put before what a spreadsheet would take for a formula; the import will not know it "
                "as an identifier: %s",
                self._some(guarded),
            )
        try:
            write(to, csv_text(rows))
        except ReportError as error:
            self._fail(str(error))
        written = len(rows) - self._HEAD
        self.log.info("Exported %d of %d students (%s) to %s", written, len(known), ", ".join(assignments), to)

    def table(
        self, assignments: dict[str, float], students: list[Student], points: dict[str, list[Any]]
    ) -> list[list[Any]]:
        """The rows of the file.

        Parameters
        ----------
        assignments : points possible by name
        points : by student, in the order of the assignments
        """
        raise NotImplementedError

    def _chosen(self, what: str, wanted: list[Any], there: dict[str, Any]) -> dict[str, Any]:
        """Those that are asked for; all where none is named."""
        names = [str(name) for name in wanted]
        unknown = [name for name in names if name not in there]
        if unknown:
            self._fail(f"no {what} {unknown[0]!r} in the gradebook; there are {self._some(sorted(there))}")
        return {name: value for name, value in there.items() if not names or name in names}

    def _points(self, entry: Entry | None) -> float | str:
        return round(entry.total, 6) if entry is not None and entry.is_graded else self.missing

    def _fail(self, message: str) -> NoReturn:
        self.log.error("%s", message)
        raise SystemExit(1)

    @staticmethod
    def _some(names: list[str]) -> str:
        more = f" and {len(names) - _WARNED} more" if len(names) > _WARNED else ""
        return ", ".join(map(repr, names[:_WARNED])) + more

    def _field(self, student: Student, field: str) -> str:
        return "" if field == "none" else getattr(student, field) or ""


class CsvExportPlugin(NbgraderCsvExportPlugin):
    """nbgrader's own export, of a gradebook whose penalties and removed exercises are as they are now."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the file."""
        _follow(self, gradebook)
        super().export(gradebook)


def _follow(plugin: ExportPlugin, gradebook: Gradebook) -> None:
    """Bring the gradebook up to date, and say what it waits for."""
    directory = getattr(plugin.parent, "coursedir", None)
    try:
        course = Course.at(Path(directory.root) if directory else Path.cwd())
    except CourseError:
        return
    try:
        waiting = follow(gradebook, course)
    except (DeadlineError, GradebookError) as error:
        plugin.log.error("%s", error)
        raise SystemExit(1) from error
    for name, changes in waiting.items():
        if changes:
            told = "; ".join(changes)
            plugin.log.warning("%s was built anew since it was graded (%s): autograder grade %s", name, told, name)


class CanvasExportPlugin(_LmsExportPlugin):
    """Grades as Canvas imports them (Grades, then Import).

    Canvas finds a student by ID, else by SIS User ID, else by SIS Login ID, else by name; an assignment by the number
    in brackets at the end of its column's name, else by its name. It asks what to do with those that it does not find.
    """

    id_field = Enum(_FIELDS, "lms_user_id", help="What Canvas has as ID: its own number of the student.").tag(
        config=True
    )
    sis_user_id_field = Enum(_FIELDS, "none", help="What Canvas has as SIS User ID.").tag(config=True)
    sis_login_id_field = Enum(_FIELDS, "id", help="What Canvas has as SIS Login ID.").tag(config=True)
    section = Unicode(help="What stands in the column Section, which Canvas does not read.").tag(config=True)
    _HEAD = 2

    def table(
        self, assignments: dict[str, float], students: list[Student], points: dict[str, list[Any]]
    ) -> list[list[Any]]:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        head += [self.columns.get(name, name) for name in assignments]
        # With four spaces, as Canvas writes it, so that sorting keeps it on top.
        rows: list[list[Any]] = [head, ["    Points Possible", "", "", "", "", *assignments.values()]]
        fields = self.id_field, self.sis_user_id_field, self.sis_login_id_field
        for student in students:
            name = ", ".join(filter(None, (student.last_name, student.first_name))) or student.id
            rows.append([name, *(self._field(student, field) for field in fields), self.section, *points[student.id]])
        return rows


class MoodleExportPlugin(_LmsExportPlugin):
    """Grades as Moodle imports them (Grades, Import, CSV file).

    Moodle asks which column to find students by, and which grade item each other column is. It refuses the whole file
    for one student that it does not know, so those without an identifier are left out.
    """

    identifier = Enum(("id", "email", "lms_user_id"), "id", help="What of a student Moodle knows.").tag(config=True)
    identifier_column = Unicode(
        help="The first column's name; by default Username, Email address or ID number, after the identifier."
    ).tag(config=True)
    missing = Unicode("-", help="What stands where nothing was handed in: `-` is Moodle's no grade.").tag(config=True)

    def table(
        self, assignments: dict[str, float], students: list[Student], points: dict[str, list[Any]]
    ) -> list[list[Any]]:
        usual = {"id": "Username", "email": "Email address", "lms_user_id": "ID number"}[self.identifier]
        rows = [[self.identifier_column or usual, *(self.columns.get(name, name) for name in assignments)]]
        without = sorted(student.id for student in students if not self._field(student, self.identifier))
        if without:
            self.log.warning("Left out, without %s in the gradebook: %s", self.identifier, self._some(without))
        for student in students:
            if self._field(student, self.identifier):
                rows.append([self._field(student, self.identifier), *points[student.id]])
        return rows
