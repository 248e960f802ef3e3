"""The instructor's side of an assignment: the cells that grading starts from."""

import ast
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution


class AssignmentError(Exception):
    """An assignment that cannot be graded; the text says what to do."""


@dataclass(frozen=True)
class Assignment:
    """An assignment's notebook as the instructor wrote it.

    Parameters
    ----------
    name : "02_sgd", the notebook's name too
    notebook : stubs in the solution cells, hidden tests in the check cells, nbgrader's checksums
    digest : of the source notebook's bytes
    """

    name: str
    notebook: NotebookNode
    digest: str

    @classmethod
    def load(cls, source_directory: Path, name: str) -> "Assignment":
        """Read an assignment from nbgrader's source directory.

        Raises
        ------
        AssignmentError : no such assignment, or one that nbgrader could not release either
        """
        return Source.read(source_directory, name).assignment

    def fresh(self) -> NotebookNode:
        """A copy to fill in: of the notebook and its cells, whose metadata it shares."""
        cells = [_node(cell, outputs=[]) if "outputs" in cell else _node(cell) for cell in self.notebook.cells]
        return _node(self.notebook, cells=cells)

    @cached_property
    def solutions(self) -> dict[str, NotebookNode]:
        """The cells that students fill in, by id."""
        return {grade_id(cell): cell for cell in self.notebook.cells if is_solution(cell)}

    @cached_property
    def checks(self) -> list[str]:
        """Ids of the check cells, in order."""
        return [grade_id(cell) for cell in self.notebook.cells if is_check(cell)]

    @cached_property
    def imports(self) -> str:
        """The import statements of the instructor's own cells: check cells may use what they bind."""
        lines = []
        for cell in self.notebook.cells:
            if cell.cell_type == "code" and not is_solution(cell) and not is_check(cell):
                try:
                    body = ast.parse(cell.source).body
                except SyntaxError:
                    continue
                lines += [ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        return "\n".join(dict.fromkeys(lines))


@dataclass(frozen=True)
class Source:
    """An assignment's notebook as it lies in nbgrader's source directory, not looked into before somebody asks.

    Parameters
    ----------
    name : the assignment's
    path : the file's
    raw : its bytes
    """

    name: str
    path: Path
    raw: bytes

    @classmethod
    def read(cls, source_directory: Path, name: str) -> "Source":
        """Read an assignment's file; raises AssignmentError where there is none."""
        path = source_directory / name / f"{name}.ipynb"
        try:
            return cls(name, path, path.read_bytes())
        except OSError:
            there = sorted(p.parent.name for p in source_directory.glob("*/*.ipynb"))
            names = f"there are {', '.join(there)}" if there else "run `autograder build` first"
            raise AssignmentError(f"no assignment {name!r} ({path} cannot be read): {names}") from None

    @cached_property
    def digest(self) -> str:
        """Of the file's bytes."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def assignment(self) -> Assignment:
        """What grading starts from; raises AssignmentError for what nbgrader could not release either."""
        # Here: they load all that nbgrader and nbconvert can do, for longer than a class takes that is graded already.
        from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

        from autograder.grading.stubs import NameStubs

        # From source to what nbgrader stores in the gradebook: stubs for solutions, hidden tests still there.
        steps = (LockCells, ClearSolutions, NameStubs, ClearOutput, CheckCellMetadata, ComputeChecksums)
        try:
            notebook = nbformat.reads(self.raw.decode(), as_version=4)
            resources: dict[str, Any] = {}
            for step in steps:
                notebook, resources = step().preprocess(notebook, resources)
        except Exception as error:
            raise AssignmentError(f"{self.path} is no notebook that nbgrader can release: {error}") from error
        return Assignment(self.name, notebook, self.digest)

    @cached_property
    def worth(self) -> dict[str, float]:
        """Points of each graded cell, by id."""
        try:
            cells = [nbformat.from_dict(cell) for cell in json.loads(self.raw)["cells"]]
            return {grade_id(cell): float(cell.metadata.nbgrader["points"]) for cell in cells if is_grade(cell)}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise AssignmentError(f"{self.path} is no notebook that nbgrader can release: {error}") from error


def _node(node: NotebookNode, **changed: Any) -> NotebookNode:
    copy = NotebookNode()
    # Not by its own update, which looks for dicts to convert.
    dict.update(copy, node, **changed)
    return copy


def grade_id(cell: NotebookNode) -> str:
    """The cell's id in nbgrader's metadata; empty where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell is a check: graded code that students do not write."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def is_demo(cell: NotebookNode) -> bool:
    """Whether a cell draws with the student's functions, for the student alone."""
    return "demo" in cell.metadata.get("downhill", {})


def exercise_of(check: NotebookNode) -> str:
    """The id of the solution cell that a check cell is about."""
    return check.metadata.get("downhill", {}).get("check") or grade_id(check).removeprefix("check_")
