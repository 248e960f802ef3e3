"""What nbgrader adds to a release for this course: stubs that name their function, and a stamp."""

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from nbgrader.utils import is_solution

from autograder.course.source import python_tree

_STUB = re.compile(r"^(\s*# YOUR CODE HERE\n\s*raise NotImplementedError\()\)$", re.MULTILINE)


class NameStubs(NbGraderPreprocessor):
    """Writes into each code stub the name of the function that is to be written."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type == "code" and is_solution(cell):
            cell.source = name_stubs(cell.source, cell.metadata.nbgrader["grade_id"])
        return cell, resources


class Stamp(NbGraderPreprocessor):
    """Records in the notebook what its cells were when it was built."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        stamp(nb)
        return nb, resources


def release_preprocessors() -> list[type]:
    """nbgrader's own steps from source to release, with the course's two among them.

    Examples
    --------
    >>> names = [step.__name__ for step in release_preprocessors()]
    >>> names[names.index("ClearSolutions") + 1], names[-1]
    ('NameStubs', 'Stamp')
    """
    steps = list(GenerateAssignment.class_traits()["preprocessors"].default())
    after = steps.index(ClearSolutions) + 1
    return [*steps[:after], NameStubs, *steps[after:], Stamp]


def name_stubs(source: str, exercise: str) -> str:
    """Source whose code stubs say which function to write.

    The name is that of the function or method around the stub, else the exercise's id.

    Examples
    --------
    >>> stub = "    # YOUR CODE HERE\\n    raise NotImplementedError()"
    >>> print(name_stubs("def sgd(w):\\n" + stub, "sgd"))
    def sgd(w):
        # YOUR CODE HERE
        raise NotImplementedError("sgd: write this function")
    """
    try:
        body = python_tree(source).body
    except (SyntaxError, ValueError):
        body = []

    def named(match: re.Match[str]) -> str:
        line = source.count("\n", 0, match.end()) + 1
        return f'{match[1]}"{_function_at(body, line) or exercise}: write this function")'

    return _STUB.sub(named, source)


def _function_at(body: list[ast.stmt], line: int) -> str | None:
    """The outermost function that holds the line, since that is what students are asked for."""
    for node in body:
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.name
        if isinstance(node, ast.ClassDef):
            method = _function_at(node.body, line)
            return f"{node.name}.{method}" if method else node.name
    return None


def stamp(notebook: NotebookNode) -> None:
    """Writes the fingerprint of the notebook into its metadata."""
    notebook.metadata["downhill"] = {"build": fingerprint(notebook)}


def fingerprint(notebook: Mapping[str, Any]) -> str:
    """Hash of what a reader can lose: the cells' type, id, text, outputs and attachments.

    Metadata and execution counts are left out, because Jupyter rewrites them on saving.
    """
    cells = [
        [
            cell["cell_type"],
            cell.get("id"),
            # A file may hold the text as a list of lines.
            "".join(cell["source"]),
            cell.get("outputs") or [],
            cell.get("attachments") or {},
        ]
        for cell in notebook["cells"]
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def is_as_built(content: bytes) -> bool:
    """Whether a notebook file holds just what a build wrote, however it is laid out."""
    try:
        notebook = json.loads(content)
        return notebook["metadata"]["downhill"]["build"] == fingerprint(notebook)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
