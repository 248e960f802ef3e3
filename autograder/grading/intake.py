"""Intake: from a submitted file to a notebook that is the instructor's but for the student's answers. It runs nothing.

Taken from the student: the sources of solution cells, and of all other code that is theirs, where it stood. All else,
metadata, tags, outputs and side files, is not read.
"""

import json
import os
import stat
from pathlib import Path

from autograder.grading.answers import MAX_TEXT
from autograder.grading.arranging import MAX_SOURCE, Refused, Submission, arrange
from autograder.grading.assignment import Assignment
from autograder.grading.matching import matched

__all__ = ["MAX_SOURCE", "MAX_TEXT", "Refused", "Submission", "read", "rebuild", "refused"]

MAX_BYTES = 20 * 2**20
MAX_CELLS = 2_000


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
    """The notebook that is graded: what the student's kernel had at each check counts.

    Every cell of code that is the student's runs where it stood, whatever its id says; read-only cells and checks are
    the instructor's. A check that stands several times judges at each place, and the best counts.

    Raises
    ------
    Refused : the bytes are no notebook of this assignment
    """
    return arrange(assignment, matched(assignment, _cells(data)))


def refused(assignment: Assignment, reason: str) -> Submission:
    """What is recorded of a file that was refused: the instructor's notebook, nothing answered."""
    # The reason is told once.
    short = "The file was not graded."
    missing = dict.fromkeys(assignment.solutions, short)
    return Submission(assignment.fresh(), missing, (f"The file was not graded: {reason}.",), refused=short)


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
