"""Stubs that name the function that is to be written, as they stand in a release and as grading compares with."""

import ast
import re
import warnings

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution

_STUB = re.compile(r"^(\s*# YOUR CODE HERE\n\s*raise NotImplementedError\()\)$", re.MULTILINE)


class NameStubs(NbGraderPreprocessor):
    """Writes into each code stub the name of the function that is to be written."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type == "code" and is_solution(cell):
            cell.source = name_stubs(cell.source, cell.metadata.nbgrader["grade_id"])
        return cell, resources


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


def python_tree(source: str) -> ast.Module:
    """Syntax tree of a code cell, in which each magic (%) and shell line (!) counts as `pass`.

    Raises
    ------
    SyntaxError, ValueError
        When the cell is not Python.
    """
    with warnings.catch_warnings():
        # A doubtful escape such as "\m" becomes an error here, instead of a student's warning.
        warnings.simplefilter("error")
        try:
            return ast.parse(source)
        except SyntaxError:
            # Only after a failure: a line of a long expression may start with %name.
            python = re.sub(r"(?m)^([ \t]*)(%%?[A-Za-z]|!).*$", r"\1pass", source)
            if python == source:
                raise
            return ast.parse(python)
