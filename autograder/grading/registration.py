"""Keeps the gradebook's cells as the assignment has them: points, exercises that were added, removed or voided.

nbgrader refuses that once submissions have come. Nothing that a person gave is lost by it: of an exercise that does
not count any more it is set aside, and counts again when the exercise does.
"""

import json
from typing import Any

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from sqlalchemy import delete, insert, select, update

from autograder.grading.assignment import Assignment, grade_id, is_graded, void_of, worth_of
from autograder.grading.scores import points_text
from autograder.grading.tables import SET_ASIDE, VOIDED

_Cells = dict[tuple[type, str], dict[str, Any]]
# What a new row of a person's marks has, where a mark was set aside.
_KEPT = ("manual_score", "extra_credit")


def register(gradebook: Gradebook, assignment: Assignment, *, whole: bool = True) -> list[str]:
    """Enter the assignment and its cells; what that changed for results that are there already, in words.

    Parameters
    ----------
    whole : also what asks for grading anew: other points, exercises that were added. Otherwise only what does not
        count any more is taken out
    """
    gradebook.update_or_create_assignment(assignment.name)
    try:
        notebook = gradebook.find_notebook(assignment.name, assignment.name)
    except MissingEntry:
        kernel = json.dumps(assignment.notebook.metadata.get("kernelspec", {}))
        notebook = gradebook.add_notebook(assignment.name, assignment.name, kernelspec=kernel)
    return _Registration(gradebook, assignment, notebook, whole).carry_out()


def pending(worth: dict[str, float], assignment: Assignment) -> list[str]:
    """What was built since the assignment was graded last, in words: `autograder grade` takes it over.

    Parameters
    ----------
    worth : points by graded cell, as the gradebook has them
    """
    told = []
    for cell in filter(is_graded, assignment.notebook.cells):
        name, points = grade_id(cell), worth_of(cell)
        if name not in worth:
            told.append(f"{short(name)} was added")
        elif worth[name] != points:
            told.append(f"{short(name)} is worth {points_text(points)}, was {points_text(worth[name])}")
    return told


class _Registration:
    def __init__(self, gradebook: Gradebook, assignment: Assignment, notebook: Notebook, whole: bool):
        self.db, self.assignment, self.notebook, self.whole = gradebook.db, assignment, notebook, whole
        self.there: dict[tuple[type, str], Any] = {
            (type(cell), cell.name): cell
            for cells in (notebook.grade_cells, notebook.solution_cells, notebook.task_cells, notebook.source_cells)
            for cell in cells
        }
        self.wanted = _wanted(assignment)
        self.submissions = dict(
            self.db.execute(
                select(SubmittedNotebook.id, SubmittedNotebook.assignment_id).where(
                    SubmittedNotebook.notebook_id == notebook.id
                )
            ).all()
        )
        self.told: list[str] = []

    def carry_out(self) -> list[str]:
        for key in [key for key in self.there if key not in self.wanted]:
            self._remove(key)
        if self.whole:
            for key, values in self.wanted.items():
                if key in self.there:
                    self._update(key, values)
                else:
                    self._add(key, values)
        self.db.flush()
        self._void()
        self.db.flush()
        return self.told

    def _remove(self, key: tuple[type, str]) -> None:
        kind, name = key
        cell = self.there.pop(key)
        if kind is not SourceCell:
            count = self._set_aside(cell, grades=True, comments=True)
            if kind is not SolutionCell and self.submissions:
                self.told.append(f"{short(name)} was removed: nothing of it counts any more{_kept(count)}")
            self.db.execute(delete(Grade).where(Grade.cell_id == cell.id))
            self.db.execute(delete(Comment).where(Comment.cell_id == cell.id))
        if kind in (GradeCell, TaskCell):
            self.db.execute(delete(VOIDED).where(self._is(VOIDED, name)))
        self.db.delete(cell)

    def _add(self, key: tuple[type, str], values: dict[str, Any]) -> None:
        kind, name = key
        cell = self.there[key] = kind(name=name, notebook=self.notebook, **values)
        self.db.add(cell)
        if not self.submissions:
            return
        self.db.flush()
        for submission in self.submissions if kind is not SourceCell else ():
            if kind in (GradeCell, TaskCell):
                self.db.add(Grade(cell_id=cell.id, notebook_id=submission))
            if kind in (SolutionCell, TaskCell):
                self.db.add(Comment(cell_id=cell.id, notebook_id=submission))
        self.db.flush()
        if kind is not SourceCell:
            count = self._bring_back(cell)
            if kind is not SolutionCell:
                back = f"; {count} marks by hand are back" if count else ""
                self.told.append(f"{short(name)} was added: it is judged when a submission is graded{back}")

    def _update(self, key: tuple[type, str], values: dict[str, Any]) -> None:
        kind, name = key
        cell = self.there[key]
        before = getattr(cell, "max_score", None)
        for attribute, value in values.items():
            if getattr(cell, attribute) != value:
                setattr(cell, attribute, value)
        if kind is SourceCell or kind is SolutionCell or before == cell.max_score or not self.submissions:
            return
        # To or from nothing is voiding.
        if before and cell.max_score:
            self.told.append(f"{short(name)} is worth {points_text(cell.max_score)}, was {points_text(before)}")
            by_hand = Grade.manual_score.is_not(None) | Grade.extra_credit.is_not(None)
            found = self.db.execute(
                update(Grade).where(Grade.cell_id == cell.id, by_hand).values(needs_manual_grade=True)
            )
            if found.rowcount:
                self.told[-1] += f": {found.rowcount} that were marked by hand wait for another look"

    def _void(self) -> None:
        """Bring what is voided in line with the assignment."""
        kinds = {grade_id(cell): void_of(cell) for cell in filter(is_graded, self.assignment.notebook.cells)}
        query = select(VOIDED.c.cell, VOIDED.c.kind).where(VOIDED.c.assignment == self.assignment.name)
        before = dict(self.db.execute(query).all())
        for (kind, name), cell in self.there.items():
            if kind not in (GradeCell, TaskCell):
                continue
            now = kinds.get(name, "")
            if now != before.get(name, "") and (now or self.whole):
                if name in before:
                    self._revive(cell)
                if now:
                    self._lay_down(cell, now)
            if now == "full":
                where = (Grade.cell_id == cell.id) & Grade.auto_score.is_distinct_from(cell.max_score)
                self.db.execute(update(Grade).where(where).values(auto_score=cell.max_score))

    def _lay_down(self, cell: Any, kind: str) -> None:
        self.db.execute(insert(VOIDED).values({"assignment": self.assignment.name, "cell": cell.name, "kind": kind}))
        if kind == "out":
            cell.max_score = 0.0
        self.db.flush()
        of_it = Grade.cell_id == cell.id
        # What a person gave beyond the full points stays.
        less = of_it if kind == "out" else of_it & (Grade.manual_score < cell.max_score)
        count = self._set_aside(cell, grades=True, comments=False, where=less)
        cleared: dict[str, Any] = {"manual_score": None}
        if kind == "out":
            cleared["extra_credit"] = None
        self.db.execute(update(Grade).where(less).values(cleared))
        points = cell.max_score if kind == "full" else 0.0
        self.db.execute(update(Grade).where(of_it).values(auto_score=points, needs_manual_grade=False))
        if self.submissions:
            what = "does not count" if kind == "out" else f"gives everybody its {points_text(points)} points"
            self.told.append(f"{short(cell.name)} {what}{_kept(count)}")

    def _revive(self, cell: Any) -> None:
        self.db.execute(delete(VOIDED).where(self._is(VOIDED, cell.name)))
        # Judged again when a submission is graded, which the changed assignment asks for.
        values = {"auto_score": None, "needs_manual_grade": True}
        self.db.execute(update(Grade).where(Grade.cell_id == cell.id).values(values))
        count = self._bring_back(cell)
        if self.submissions:
            back = f"; {count} marks by hand are back" if count else ""
            self.told.append(f"{short(cell.name)} counts again{back}")

    def _set_aside(self, cell: Any, *, grades: bool, comments: bool, where: Any = True) -> int:
        """Keep what a person gave for a cell; for how many students."""
        students = self._students()
        rows: dict[str, dict[str, Any]] = {}
        if grades:
            for grade in self.db.scalars(select(Grade).where(Grade.cell_id == cell.id, where)):
                if grade.manual_score is not None or grade.extra_credit is not None:
                    kept = {name: getattr(grade, name) for name in _KEPT}
                    rows[students[grade.notebook_id]] = kept | {"waits": grade.needs_manual_grade}
        if comments:
            for comment in self.db.scalars(select(Comment).where(Comment.cell_id == cell.id)):
                if comment.manual_comment:
                    rows.setdefault(students[comment.notebook_id], {})["comment"] = comment.manual_comment
        for student, values in rows.items():
            found = self._is(SET_ASIDE, cell.name) & (SET_ASIDE.c.student == student)
            if not self.db.execute(update(SET_ASIDE).where(found).values(values)).rowcount:
                key = {"assignment": self.assignment.name, "student": student, "cell": cell.name}
                self.db.execute(insert(SET_ASIDE).values(key | values))
        return sum(any(name in values for name in _KEPT) for values in rows.values())

    def _bring_back(self, cell: Any) -> int:
        """Give back what was set aside, but where a person has decided anew; for how many students."""
        kept = {row.student: row for row in self.db.execute(select(SET_ASIDE).where(self._is(SET_ASIDE, cell.name)))}
        if not kept:
            return 0
        students = self._students()
        count = 0
        for grade in self.db.scalars(select(Grade).where(Grade.cell_id == cell.id)):
            row = kept.get(students[grade.notebook_id])
            if row is not None and (row.manual_score is not None or row.extra_credit is not None):
                count += 1
                if grade.manual_score is None:
                    grade.manual_score = row.manual_score
                if grade.extra_credit is None:
                    grade.extra_credit = row.extra_credit
                grade.needs_manual_grade = grade.manual_score is None or bool(row.waits)
        for comment in self.db.scalars(select(Comment).where(Comment.cell_id == cell.id)):
            row = kept.get(students[comment.notebook_id])
            if row is not None and not comment.manual_comment:
                comment.manual_comment = row.comment
        self.db.flush()
        # A reflection's points and its comment belong to two cells of one name.
        back = {"comment": None} if isinstance(cell, SolutionCell) else dict.fromkeys(_KEPT)
        self.db.execute(update(SET_ASIDE).where(self._is(SET_ASIDE, cell.name)).values(back))
        empty = [SET_ASIDE.c[name].is_(None) for name in (*_KEPT, "comment")]
        self.db.execute(delete(SET_ASIDE).where(self._is(SET_ASIDE, cell.name), *empty))
        return count

    def _students(self) -> dict[str, str]:
        """Who handed in a submitted notebook, by nbgrader's id of it."""
        owners = dict(self.db.execute(select(SubmittedAssignment.id, SubmittedAssignment.student_id)).all())
        return {notebook: owners[submission] for notebook, submission in self.submissions.items()}

    def _is(self, table: Any, cell: str) -> Any:
        return (table.c.assignment == self.assignment.name) & (table.c.cell == cell)


def _wanted(assignment: Assignment) -> _Cells:
    """The cells as nbgrader's SaveCells enters them."""
    cells: _Cells = {}
    for cell in assignment.notebook.cells:
        name = grade_id(cell)
        if is_grade(cell):
            cells[GradeCell, name] = {"max_score": worth_of(cell), "cell_type": cell.cell_type}
        if is_solution(cell):
            cells[SolutionCell, name] = {}
        if is_task(cell):
            cells[TaskCell, name] = {"max_score": worth_of(cell), "cell_type": cell.cell_type}
        if is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell):
            cells[SourceCell, name] = {
                "cell_type": cell.cell_type,
                "locked": bool(is_locked(cell)),
                "source": cell.source,
                "checksum": cell.metadata.nbgrader.get("checksum"),
            }
    return cells


def short(cell: str) -> str:
    """A graded cell's id as people read it: a check's is its exercise's."""
    return cell.removeprefix("check_")


def _kept(count: int) -> str:
    return f" ({count} mark{'s' * (count > 1)} by hand set aside)" if count else ""
