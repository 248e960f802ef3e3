"""What nbgrader does for a release of this course: its own steps, stubs that name their function, and a stamp."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

# nbgrader's own steps from source to release, but for the three that are the course's.
_STEPS = (
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "autograder.grading.stubs.NameStubs",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "autograder.grading.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.course.stamp.Stamp",
)


class Stamp(NbGraderPreprocessor):
    """Records in the notebook what its cells were when it was built."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        stamp(nb)
        return nb, resources


def release_preprocessors() -> list[str]:
    """Names of nbgrader's own steps from source to release, with the course's among them.

    By name: who reads the settings and releases nothing need not load them.
    """
    return list(_STEPS)


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
