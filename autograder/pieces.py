"""A learner's own functions from other notebooks, brought into a cell below: `pieces("adam", "minibatches")`."""

import ast
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[^\n]*\n?", re.MULTILINE)
_HEAD = "# Brought here by `pieces`: change what you like."
_IMPORTS = "import math\n\nimport numpy as np"


@dataclass(frozen=True)
class Pieces:
    """What was found.

    Parameters
    ----------
    source : of a cell that defines the pieces
    own : names of those of the learner's own, with their notebooks
    lent : names of those that are the course's
    missing : names of those that are nowhere
    """

    source: str
    own: Mapping[str, str]
    lent: Mapping[str, str]
    missing: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        if self.own:
            lines.append("yours: " + _listed(self.own))
        if self.lent:
            lines.append("the course's, for yours is not written: " + _listed(self.lent))
        if self.missing:
            lines.append(f"not written, and no solution here: {', '.join(self.missing)}")
        if self.own or self.lent:
            lines.append("They are in the new cell below: run it, and keep it when you hand in.")
        return "\n".join(lines)

    __repr__ = __str__


def pieces(*names: str, folder: Path | None = None) -> Pieces:
    """Bring functions that were written in other notebooks into a new cell below this one.

    What a function needs of its own notebook's other exercises comes along. Where one is not written yet, the course's
    solution stands in, if it is there; the result says which is which. Nothing is run: what counts at grading is what
    this notebook holds.

    Parameters
    ----------
    names : exercises, such as "adam"; several in one string, parted by spaces, are several names
    folder : of the notebooks; that which the running one's folder lies in where it is None

    Raises
    ------
    ValueError : no name is given
    """
    asked = " ".join(names).split()
    if not asked:
        raise ValueError('pieces: name the functions, such as pieces("adam", "minibatches")')
    place = Path.cwd().parent if folder is None else folder
    own, course = _written(place), _written(place.parent / "solutions")
    wanted, seen = asked, []
    sources: list[str] = []
    mine: dict[str, str] = {}
    lent: dict[str, str] = {}
    missing: list[str] = []
    while wanted:
        name = wanted.pop(0)
        if name in seen:
            continue
        seen.append(name)
        found = own.get(name) or course.get(name)
        if found is None:
            missing.append(name)
            continue
        notebook, source = found
        (mine if name in own else lent)[name] = notebook
        sources.append(source)
        there = own if name in own else course
        wanted += sorted(other for other in _used(source) if there.get(other, ("",))[0] == notebook)
    text = "\n\n\n".join([f"{_HEAD}\n{_IMPORTS}", *reversed(sources)]) + "\n"
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and sources:
        shell.set_next_input(text.rstrip("\n"))
    return Pieces(text, mine, lent, tuple(missing))


def _written(folder: Path) -> dict[str, tuple[str, str]]:
    """Notebook and source of each exercise that is written, in the notebooks of a folder."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*/[0-9][0-9]_*.ipynb")):
        try:
            cells = json.loads(path.read_bytes())["cells"]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        for cell in cells:
            told = cell.get("metadata", {}).get("nbgrader", {})
            source = "".join(cell.get("source", []))
            name = told.get("grade_id", "")
            if cell.get("cell_type") == "code" and told.get("solution") and _defines(source, name):
                found[name] = path.stem, _MARKS.sub("", source).rstrip()
    return found


def _used(source: str) -> set[str]:
    """Names that a cell takes from elsewhere: neither arguments nor its own."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return {node.id for node in names} - own


def _defines(source: str, name: str) -> bool:
    """Whether a cell is Python that defines a function of that name, and not a stub."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    stubs = [node for node in ast.walk(tree) if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node)]
    return bool(functions) and not stubs


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({notebook})" for name, notebook in found.items())
