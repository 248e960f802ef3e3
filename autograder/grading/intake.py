"""Intake: from a submitted file to a notebook that is the instructor's but for the student's answers. It runs nothing.

Taken from the student: the sources of solution cells, by their id, and their own extra code cells where they stood. All
else, metadata, tags, outputs and side files, is not read.
"""

import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.grading.assignment import Assignment, grade_id

MAX_BYTES = 20 * 2**20
MAX_CELLS = 2_000
MAX_SOURCE = 200_000
# Characters of a text answer, some 3,000 words: Markdown takes time by the square of what looks like its marks.
MAX_TEXT = 20_000

# Where Markdown passes raw HTML on, and where it makes a link or a picture of a target that is no web page.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_TARGET = re.compile(r"\](?=\(|:)(?![(:]\s*https?://)", re.IGNORECASE)


class Refused(Exception):
    """A file that is not graded; the text is for the student."""


@dataclass(frozen=True)
class Submission:
    """What is graded of a submission.

    Parameters
    ----------
    notebook : the instructor's cells with the student's answers; extra cells are marked in metadata.downhill
    missing : solution cells without an answer, and why
    notes : what the student should know of how the file was read
    untouched : nothing was written: neither an answer nor a cell
    """

    notebook: NotebookNode
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    untouched: bool = False


def unfit_name(student: str) -> str:
    """Why a student's folder cannot be graded under this name; empty where it can."""
    try:
        student.encode()
    except UnicodeEncodeError:
        return "the folder's name is no text in UTF-8: rename it"
    if set(student) & set("*?[]"):
        return "the folder's name holds *, ?, [ or ], by which nbgrader's commands take others' files: rename it"
    return ""


def read(path: Path, within: Path) -> bytes:
    """The bytes of a submitted file.

    Parameters
    ----------
    path : the file
    within : the directory that holds all submissions; no link may lie between the two

    Raises
    ------
    Refused : missing, a link, no ordinary file, unreadable, or too large
    """
    place = within
    for part in path.relative_to(within).parts:
        place = place / part
        if place.is_symlink():
            raise Refused(f"{part} is a link: submit the file itself")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Refused(f"there is no {path.name}") from None
    except OSError as error:
        raise Refused(f"{path.name} cannot be opened: {error.strerror}") from None
    try:
        # First: a folder cannot even be opened as a file.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{path.name} is no ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise Refused(f"{path.name} is larger than {MAX_BYTES // 2**20} MB: clear its outputs and submit again")
    return data


def rebuild(assignment: Assignment, data: bytes) -> Submission:
    """The notebook that is graded.

    Raises
    ------
    Refused : the bytes are no notebook of this assignment
    """
    cells = _cells(data)
    instructor = {grade_id(cell): cell for cell in assignment.notebook.cells if grade_id(cell)}
    positions = {cell.get("id"): grade_id(cell) for cell in assignment.notebook.cells}
    answers: dict[str, list[str]] = {}
    turned: set[str] = set()
    extras: dict[str, list[str]] = {}
    notes: list[str] = []
    anchor = ""
    for cell in cells:
        name = _name(cell, instructor, positions)
        source = _source(cell)
        if name in instructor:
            anchor = name
            if name in assignment.solutions:
                if instructor[name].cell_type == "code" and cell.get("cell_type") != "code":
                    turned.add(name)
                else:
                    answers.setdefault(name, []).append(source)
        elif name:
            anchor = name
        elif cell.get("cell_type") == "code" and source.strip():
            extras.setdefault(anchor, []).append(source)
    if not answers and not anchor:
        raise Refused("none of its cells belong to this assignment: was another notebook submitted?")
    missing: dict[str, str] = {}
    for name in assignment.solutions:
        found = answers.get(name, [])
        if not found and name in turned:
            missing[name] = f"The cell of `{name}` was turned into text, so there is no code to run."
        elif not found:
            missing[name] = f"The cell of `{name}` is missing from the notebook."
        elif max(map(len, found)) > MAX_SOURCE:
            missing[name] = f"The cell of `{name}` is longer than {MAX_SOURCE} characters."
        if len(found) > 1:
            notes.append(f"The cell of `{name}` occurs {len(found)} times: the first that is not empty was graded.")
    notes += missing.values()
    chosen = {
        name: next((text for text in found if text.strip()), found[0])
        for name, found in answers.items()
        if name not in missing
    }
    notes += [
        f"The answer `{name}` is longer than {MAX_TEXT:,} characters: the rest was cut off."
        for name, text in chosen.items()
        if assignment.solutions[name].cell_type != "code" and len(text) > MAX_TEXT
    ]
    notebook = assignment.fresh()
    rebuilt = _extra_cells(extras.get("", []), 0)
    for cell in notebook.cells:
        name = grade_id(cell)
        if name in assignment.solutions:
            # Without an answer the stub stays, and says so to whoever calls it.
            answer = chosen.get(name, cell.source)
            cell.source = answer if cell.cell_type == "code" or answer == cell.source else inert(answer)
        rebuilt.append(cell)
        rebuilt += _extra_cells(extras.get(name or cell.get("id", ""), []), len(rebuilt))
    notebook.cells = rebuilt
    same = all(chosen.get(name, "").strip() == cell.source.strip() for name, cell in assignment.solutions.items())
    return Submission(notebook, missing, tuple(notes), same and not extras and not missing)


def refused(assignment: Assignment, reason: str) -> Submission:
    """What is recorded of a file that was refused: the instructor's notebook, nothing answered."""
    # The reason is told once.
    missing = dict.fromkeys(assignment.solutions, "The file was not graded.")
    return Submission(assignment.fresh(), missing, (f"The file was not graded: {reason}.",))


def inert(text: str) -> str:
    """A text answer whose HTML, scripts' links and pictures are words to read, in nbgrader's pages as in ours.

    A space in the right place does it, in whatever way a page reads Markdown; mathematics and code stay as they are to
    the eye. What is beyond MAX_TEXT characters is cut off.
    """
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n\n… (cut off here: a text answer has {MAX_TEXT:,} characters at most)"
    return _TARGET.sub("] ", _TAG.sub("< ", text)).replace("![", "! [")


def _cells(data: bytes) -> list[dict]:
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refused("it is no text in UTF-8, so no notebook") from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused(f"it is no whole notebook: the file is broken or cut off{where}") from None
    if not isinstance(content, dict) or content.get("nbformat") != 4 or not isinstance(content.get("cells"), list):
        raise Refused("it is no notebook of format 4: save it with a current Jupyter")
    cells = content["cells"]
    if len(cells) > MAX_CELLS:
        raise Refused(f"it has more than {MAX_CELLS} cells")
    return [cell for cell in cells if isinstance(cell, dict)]


def _name(cell: dict, instructor: dict[str, Any], positions: dict[str, str]) -> str:
    """The id that a cell has here: nbgrader's, else the cell's own; empty for one of the student's."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    if isinstance(name, str) and name in instructor:
        return name
    own = cell.get("id")
    if isinstance(own, str) and own in positions:
        # A text cell of the instructor's has a place but no id of nbgrader's.
        return positions[own] or own
    return ""


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return source.encode("utf-8", "replace").decode("utf-8")


def _extra_cells(sources: list[str], number: int) -> list[NotebookNode]:
    cells = []
    for place, source in enumerate(sources):
        if len(source) <= MAX_SOURCE:
            cell = new_code_cell(source, metadata={"downhill": {"extra": True}})
            cell["id"] = f"extra_{number + place}"
            cells.append(cell)
    return cells
