"""The instructor's side of an assignment: the cells that grading starts from."""

import ast
import hashlib
import pickle
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.nbgraderformat.common import jsonschema
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells
from nbgrader.utils import is_grade, is_solution, is_task

from autograder.grading.stubs import NameStubs


class _CheckMetadata(CheckCellMetadata):
    """nbgrader's, which tries its schema itself anew for each cell: ten times the work."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        usual = jsonschema.validate
        jsonschema.validate = _validate
        try:
            return super().preprocess(nb, resources)
        finally:
            jsonschema.validate = usual


def _validate(instance: Any, schema: Any) -> None:
    jsonschema.validators.validator_for(schema)(schema).validate(instance)


# nbgrader's steps from source to what it stores in the gradebook: stubs for solutions, hidden tests still there.
_STEPS = (LockCells, ClearSolutions, NameStubs, ClearOutput, _CheckMetadata, ComputeChecksums)

_HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS.*?(?:### END HIDDEN TESTS[^\n]*\n?|\Z)", re.DOTALL | re.MULTILINE)


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
        path = source_directory / name / f"{name}.ipynb"
        try:
            raw = path.read_bytes()
        except OSError:
            there = sorted(p.parent.name for p in source_directory.glob("*/*.ipynb"))
            names = f"there are {', '.join(there)}" if there else "run `autograder build` first"
            raise AssignmentError(f"no assignment {name!r} ({path} cannot be read): {names}") from None
        return _loaded(path, name, raw)

    def __reduce__(self) -> tuple[Any, ...]:
        # Grading processes get it with each submission: it is packed once, and unpacked once in each of them.
        return _unpacked, (self._packed,)

    @cached_property
    def _packed(self) -> bytes:
        return pickle.dumps((self.name, self.notebook, self.digest))

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


@lru_cache(maxsize=4)
def _loaded(path: Path, name: str, raw: bytes) -> Assignment:
    try:
        # nbformat's own `reads` validates besides, and only logs what it finds.
        notebook = nbformat.convert(nbformat.reader.reads(raw.decode()), 4)
        resources: dict[str, Any] = {}
        for step in _STEPS:
            notebook, resources = step().preprocess(notebook, resources)
    except Exception as error:
        raise AssignmentError(f"{path} is no notebook that nbgrader can release: {error}") from error
    return Assignment(name, notebook, hashlib.sha256(raw).hexdigest())


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> Assignment:
    return Assignment(*pickle.loads(packed))


def _node(node: NotebookNode, **changed: Any) -> NotebookNode:
    copy = NotebookNode()
    # Not by its own update, which looks for dicts to convert.
    dict.update(copy, node, **changed)
    return copy


def grade_id(cell: NotebookNode) -> str:
    """The cell's id in nbgrader's metadata; empty where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def released_source(cell: NotebookNode, instead: str = "") -> str:
    """What students get of one of the instructor's cells: all but hidden tests, with something in their place."""
    return _HIDDEN.sub(instead, cell.source)


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell is a check: graded code that students do not write."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def is_graded(cell: NotebookNode) -> bool:
    """Whether a cell has points: a check, an answer, or one of nbgrader's tasks."""
    return bool(is_grade(cell) or is_task(cell))


def void_of(cell: NotebookNode) -> str:
    """How a graded cell is voided: "full" for all its points to everybody, "out" of the total, or not at all."""
    if not float(cell.metadata.nbgrader["points"]):
        return "out"
    return cell.metadata.get("downhill", {}).get("void", "")


def worth_of(cell: NotebookNode) -> float:
    """The points that a graded cell adds to the total."""
    return 0.0 if void_of(cell) == "out" else float(cell.metadata.nbgrader["points"])


def is_own(cell: NotebookNode) -> bool:
    """Whether a cell of a graded notebook is the student's: an answer, or one that they added."""
    return bool(is_solution(cell) or cell.metadata.get("downhill", {}).get("extra"))


def answers_of(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """What the student wrote for each graded cell of a graded notebook, by its id.

    Of a check: the exercise's cell with its copies and halves, and the cells of their own that stand above the check
    and below the last one.
    """
    found: dict[str, str] = {}
    answers: dict[str, str] = {}
    checks: dict[str, str] = {}
    own: list[str] = []
    for cell in cells:
        of = cell.metadata.get("downhill", {}).get("of")
        if is_graded(cell) and is_solution(cell):
            found[grade_id(cell)] = cell.source
        elif is_graded(cell):
            answer = answers.get(exercise_of(cell), "").rstrip()
            checks[exercise_of(cell)] = grade_id(cell)
            found[grade_id(cell)] = "\n\n\n".join(filter(None, (answer, *own)))
            own = []
        elif of and of in checks:
            found[checks[of]] = "\n\n\n".join(filter(None, (found[checks[of]], cell.source.rstrip())))
        elif of or is_solution(cell):
            name = of or grade_id(cell)
            answers[name] = "\n\n\n".join(filter(None, (answers.get(name, "").rstrip(), cell.source)))
        elif is_own(cell):
            own.append(cell.source.rstrip())
    return found


def is_demo(cell: NotebookNode) -> bool:
    """Whether a cell draws with the student's functions, for the student alone."""
    return "demo" in cell.metadata.get("downhill", {})


def exercise_of(check: NotebookNode) -> str:
    """The id of the solution cell that a check cell is about."""
    return check.metadata.get("downhill", {}).get("check") or grade_id(check).removeprefix("check_")
