"""What is recorded of a graded submission, and what it follows from: for those who write it down, without PyTorch."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.grading.assignment import Assignment
from autograder.verdict import Verdict

VERSION = 1


@dataclass(frozen=True)
class Graded:
    """What is recorded of a submission.

    Parameters
    ----------
    notebook : the notebook that was graded, with outputs, as JSON
    scores : points by graded cell; None for one that waits for a person
    verdicts : by exercise
    notes : what the student should know of how the file was read and run
    isolation : what kept the student's code from the machine
    seconds : how long it took
    key : of all that the result follows from
    file : digest of the submitted file
    """

    notebook: str
    scores: dict[str, float | None]
    verdicts: dict[str, Verdict]
    notes: tuple[str, ...]
    isolation: str
    seconds: float
    key: str
    file: str = ""

    @cached_property
    def cells(self) -> list[NotebookNode]:
        """The notebook's cells: not validated, for we wrote them, or nbgrader did."""
        return nbformat.v4.reads(self.notebook).cells


def notebook_text(notebook: NotebookNode) -> str:
    """A notebook of ours as a file, a line for each cell.

    What nbformat writes it copies and validates first, which takes longer than grading some.
    """
    rest = {name: value for name, value in notebook.items() if name != "cells"}
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False, sort_keys=True) for cell in notebook.cells)
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False, sort_keys=True)[1:]}\n'


# What exercises draw by, outside this package.
DRAWN_BY = ("curves.py", "data.py", "letters.py")


def file_digest(data: bytes | None) -> str:
    """What tells a submitted file from another; that of an empty one where it was refused."""
    return hashlib.sha256(data or b"").hexdigest()


def key(assignment: Assignment, data: bytes | None, reason: str, secret: str) -> str:
    """What a result follows from: submission, assignment, exercises, secret and version."""
    digest = hashlib.sha256()
    for part in (data or b"", reason.encode(), assignment.digest.encode(), _code().encode(), secret.encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@cache
def _code() -> str:
    """Digest of the code that judges: a changed exercise grades anew."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(str(VERSION).encode())
    files = [
        path for folder in ("exercises", "judge", "worker", "grading") for path in (package / folder).rglob("*.py")
    ]
    drawn = [package.parent / "helpers" / name for name in DRAWN_BY]
    for path in sorted([*files, *drawn, package / "verdict.py", package / "checking.py"]):
        digest.update(path.relative_to(package.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
