"""The feedback page of one submission: a single file without scripts or external loads."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, Template, select_autoescape
from markupsafe import Markup
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.grading.assignment import exercise_of, grade_id
from autograder.rendering import verdict_html

if TYPE_CHECKING:
    from autograder.grading.graded import Graded


@dataclass(frozen=True)
class _Row:
    id: str
    exercise: str
    points: str
    summary: str
    report: str
    code: str


def feedback_html(assignment: str, student: str, graded: "Graded") -> str:
    """The page for a student.

    Parameters
    ----------
    assignment, student : their ids
    graded : what was recorded
    """
    # The students' own cells alone: the others hold hidden tests.
    sources = {grade_id(cell): cell.source for cell in graded.cells if is_solution(cell)}
    worth = {grade_id(cell): float(cell.metadata.nbgrader["points"]) for cell in graded.cells if is_grade(cell)}
    rows, waiting = [], []
    for cell in graded.cells:
        if not is_grade(cell):
            continue
        points = graded.scores.get(grade_id(cell))
        if points is None:
            waiting.append(grade_id(cell))
        rows.append(_row(cell, points, graded, sources))
    return _template().render(
        assignment=assignment,
        student=student,
        total=_number(sum(points or 0.0 for points in graded.scores.values())),
        possible=_number(sum(worth.values())),
        waiting=_number(sum(worth[name] for name in waiting)) if waiting else "",
        waiting_cells=", ".join(waiting),
        notes=graded.notes,
        rows=rows,
        isolation=graded.isolation,
    )


def _row(cell: NotebookNode, points: float | None, graded: "Graded", sources: dict[str, str]) -> _Row:
    worth = _number(float(cell.metadata.nbgrader["points"]))
    name = grade_id(cell) if is_solution(cell) else exercise_of(cell)
    verdict = graded.verdicts.get(name)
    report: str
    if verdict:
        report, code = Markup(verdict_html(verdict)), sources.get(name, "")
        summary = ", ".join(m.replace("_", " ") for m in verdict.mistakes) or verdict.note
        summary = summary or ("" if verdict.passed else "not solved yet")
    elif is_solution(cell):
        report, code = "", cell.source
        summary = "waits for a person" if points is None else "no answer"
    else:
        report, code = _plain(cell), sources.get(name, "")
        summary = "" if points == float(cell.metadata.nbgrader["points"]) else "a test failed"
    shown = "…" if points is None else _number(points)
    return _Row(f"cell-{grade_id(cell)}", name, f"{shown} / {worth}", summary, report, code)


def _plain(cell: NotebookNode) -> str:
    """What an instructor's own test said, as escaped text; its source stays hidden."""
    said = []
    for output in cell.outputs:
        said.append(f"{output.ename}: {output.evalue}" if output.output_type == "error" else output.get("text", ""))
    text = "\n".join(line for line in said if line)
    return Markup("<pre>{}</pre>").format(text) if text else ""


def _number(value: float) -> str:
    return f"{value:.10g}"


@cache
def _template() -> Template:
    return Environment(loader=PackageLoader("autograder.grading", "."), autoescape=select_autoescape()).get_template(
        "feedback.html"
    )
