"""Which of the instructor's cells a submitted cell is: by nbgrader's id, by its own, by what it says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from nbformat import NotebookNode

from autograder.grading.assignment import Assignment, exercise_of, grade_id, is_check, released_source

_BOUND = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)
_ASKED = re.compile(r"^[^#\n]*\bcheck\(\s*[\"'](\w+)[\"']", re.MULTILINE)


@dataclass(frozen=True)
class Given:
    """A submitted cell.

    Parameters
    ----------
    number : its place, counted from one
    kind : "code", "markdown" or "raw"
    source : what stands in it
    key : the instructor's cell that it is; empty for one of the student's own
    named : an id says so, not only the text
    """

    number: int
    kind: str
    source: str
    key: str = ""
    named: bool = False

    @property
    def is_code(self) -> bool:
        """Whether the kernel ran it."""
        return self.kind == "code"


def key_of(cell: NotebookNode) -> str:
    """What an instructor's cell is called here: nbgrader's id, else the cell's own."""
    return grade_id(cell) or cell.get("id", "")


def matched(assignment: Assignment, cells: list[dict]) -> list[Given]:
    """The submitted cells, each with the instructor's cell that it is.

    A cell without an id that is known here, as editors other than Jupyter leave it, is an instructor's where it says
    the same, word by word.
    """
    keys = {key_of(cell) for cell in assignment.notebook.cells}
    own_ids = {cell.get("id"): key_of(cell) for cell in assignment.notebook.cells}
    given = []
    for number, cell in enumerate(cells, 1):
        kind = cell.get("cell_type")
        key = _named(cell, keys, own_ids)
        given.append(Given(number, kind if isinstance(kind, str) else "", _source(cell), key, bool(key)))
    return _by_text(assignment, given)


def _named(cell: dict, keys: set[str], own_ids: dict[str, str]) -> str:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    if isinstance(name, str) and name in keys:
        return name
    # Colab keeps a cell's id in its metadata.
    for own in (cell.get("id"), metadata.get("id")):
        if isinstance(own, str) and own in own_ids:
            return own_ids[own]
    return ""


def _by_text(assignment: Assignment, given: list[Given]) -> list[Given]:
    there = {cell.key for cell in given}
    lost: dict[str, list[str]] = {}
    for cell in assignment.notebook.cells:
        # An answer's prompt says the same in every answer: it is known by the cells around it.
        is_answer = cell.cell_type == "markdown" and key_of(cell) in assignment.solutions
        if key_of(cell) not in there and not is_answer:
            lost.setdefault(plain(released_source(cell)), []).append(key_of(cell))
    found = []
    for cell in given:
        keys = lost.get(plain(cell.source), []) if not cell.key and cell.source.strip() else []
        # Of cells that say the same, each is the next of the instructor's; a copy of a check is that check again.
        key = (keys.pop(0) if len(keys) > 1 else keys[0]) if keys else ""
        found.append(replace(cell, key=key) if key else cell)
    return found


def plain(source: str) -> str:
    """A source without what editors change: blank lines, and spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in source.splitlines() if line.strip())


def bound(source: str) -> set[str]:
    """Names that a cell binds at its top, as its lines say; nothing is parsed, since anything may stand there."""
    return {name for match in _BOUND.findall(source) for name in match if name}


def asked_for(assignment: Assignment) -> dict[str, set[str]]:
    """By exercise, the functions that its released cell begins."""
    return {
        name: bound(cell.source) or {name} for name, cell in assignment.solutions.items() if cell.cell_type == "code"
    }


def exercises_in(source: str) -> set[str]:
    """Exercises that a cell of code checks."""
    return set(_ASKED.findall(source))


def checks_in(assignment: Assignment, cell: Given) -> Iterator[str]:
    """Ids of the checks that stand in a cell of code: as its text, or within it."""
    text, asked = plain(cell.source), exercises_in(cell.source)
    for check in filter(is_check, assignment.notebook.cells):
        released, exercises = _read_as_check(released_source(check))
        if text == released or exercise_of(check) in exercises & asked:
            yield grade_id(check)


@lru_cache(maxsize=256)
def _read_as_check(source: str) -> tuple[str, set[str]]:
    """An instructor's check, which is compared with every cell of a class: its plain text, and what it checks."""
    return plain(source), exercises_in(source)


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return source.encode("utf-8", "replace").decode("utf-8")
