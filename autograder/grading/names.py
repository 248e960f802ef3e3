"""Names that a notebook uses and nowhere defines, found by reading it: what a NameError is about.

The error's own words come from the student's process, and could carry a hidden input.
"""

import ast
import builtins
import symtable
import warnings
from collections.abc import Iterator, Sequence

from autograder.grading.stubs import python_tree

# What IPython adds.
_SHELL = {"get_ipython", "display", "In", "Out", "exit", "quit"}
_SHOWN = 3
# Characters of all cells that are read: notebooks that people write have a tenth of it.
_MOST = 500_000


def undefined(cells: Sequence[str], cell: str) -> list[str]:
    """Names that a cell refers to and none of the cells defines, in alphabetical order.

    Parameters
    ----------
    cells : the sources of all code cells that ran, this one among them
    cell : the source to read; one that is not Python refers to nothing

    Examples
    --------
    >>> undefined(["import numpy as np", "def f(x):\\n    return nump.sum(x)"], "def f(x):\\n    return nump.sum(x)")
    ['nump']
    """
    if sum(map(len, cells)) > _MOST:
        return []
    defined = set(dir(builtins)) | _SHELL
    for source in cells:
        table = _table(source)
        if table is None:
            continue
        if any(
            isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(python_tree(source))
        ):
            # It may define anything.
            return []
        for scope in _scopes(table):
            defined |= {s.get_name() for s in scope.get_symbols() if _binds(scope, s)}
    table = _table(cell)
    if table is None:
        return []
    used = {
        s.get_name() for scope in _scopes(table) for s in scope.get_symbols() if s.is_referenced() and _outer(scope, s)
    }
    return sorted(name for name in used - defined if not name.startswith("_"))


def told(names: Sequence[str]) -> str:
    """Words about names that are not defined; empty where there are none."""
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"{shown} {'is' if len(names) == 1 else 'are'} not defined" if names else ""


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Without magics, which Python does not know.
            return symtable.symtable(ast.unparse(python_tree(source)), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def _outer(scope: symtable.SymbolTable, symbol: symtable.Symbol) -> bool:
    """Whether a name means one of the notebook's."""
    return scope.get_type() == "module" or symbol.is_global()


def _binds(scope: symtable.SymbolTable, symbol: symtable.Symbol) -> bool:
    return _outer(scope, symbol) and (symbol.is_assigned() or symbol.is_imported())
