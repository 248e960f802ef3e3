"""Sample submissions: short texts that say how a student's notebook differs from the release or from the solution.

    # base: solved                  or: released; what the cells below replace
    # double: check_sgd             this cell stands twice in the notebook
    # drop: momentum                this cell was deleted

    # %% sgd                        the new source of a cell, by id
    # %% after sgd                  a cell of the student's own, behind that one

A file that ends in .ipynb is submitted as it is.
"""

import copy
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.utils import is_solution

from autograder.grading.assignment import grade_id

_CELL = re.compile(r"^# %% (after )?(\S+)$", re.MULTILINE)
_ORDER = re.compile(r"^# (base|double|drop): (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One student's submission of an assignment."""

    student: str
    assignment: str
    content: str


def samples(folder: Path, root: Path, assignment: str, students: Collection[str] = ()) -> Iterator[Sample]:
    """The sample submissions of an assignment, from `folder`/ASSIGNMENT: these students', all where it is empty."""
    solved = nbformat.read(root / "solutions" / assignment / f"{assignment}.ipynb", as_version=4)
    released = nbformat.read(root / "notebooks" / assignment / f"{assignment}.ipynb", as_version=4)
    # Files: Python may have left a folder of bytecode there.
    for path in sorted(filter(Path.is_file, (folder / assignment).iterdir())):
        if students and path.stem not in students:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            text = nbformat.writes(compose(text, solved, released)) + "\n"
        yield Sample(path.stem, assignment, text)


def compose(text: str, solved: NotebookNode, released: NotebookNode) -> NotebookNode:
    """The notebook that a sample's text describes.

    Raises
    ------
    ValueError : the text names a cell that the assignment does not have
    """
    orders = _ORDER.findall(text[: next((m.start() for m in _CELL.finditer(text)), len(text))])
    notebook = copy.deepcopy(released)
    places = {grade_id(cell): cell for cell in notebook.cells if grade_id(cell)}
    answers = {grade_id(cell): cell.source for cell in solved.cells if is_solution(cell)}
    own: dict[str, list[str]] = {}
    if ("base", "solved") in orders:
        for name, source in answers.items():
            places[name].source = source
    for after, name, source in _cells(text):
        if name not in places:
            raise ValueError(f"no cell is called {name!r}")
        if after:
            own.setdefault(name, []).append(source)
        else:
            places[name].source = source
    cells = []
    for cell in notebook.cells:
        name = grade_id(cell)
        if ("drop", name) in orders:
            continue
        cells.append(cell)
        if ("double", name) in orders:
            # As JupyterLab pastes a cell: another id, the same metadata of nbgrader's.
            cells.append(NotebookNode({**copy.deepcopy(cell), "id": f"{cell['id']}_copy"}))
        cells += [new_code_cell(source) for source in own.get(name, [])]
    notebook.cells = cells
    return notebook


def _cells(text: str) -> Iterator[tuple[bool, str, str]]:
    found = list(_CELL.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=False):
        yield bool(match[1]), match[2], text[match.end() : end].strip("\n")
