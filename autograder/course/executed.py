"""Notebooks as they are after a run; solved ones are kept, by everything that decides what they show."""

import asyncio
import hashlib
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_solution

from autograder.course import kernels
from autograder.course.binder import KERNEL_MB, peak_mb
from autograder.course.build import solved
from autograder.files import write_atomically
from autograder.grading.assignment import grade_id, is_check, void_of
from autograder.progress import VARIABLE as PROGRESS

if TYPE_CHECKING:
    from nbclient import NotebookClient

# In the course's directory, and ignored by git.
KEPT = Path("build", "executed")

_COURSE = Path(__file__).resolve().parents[2]
_PACKAGES = ("autograder", "helpers")


def execute(notebook: NotebookNode) -> NotebookNode:
    """The notebook after running every cell in a kernel, as a student does; cells may raise."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=180, allow_errors=True, resources={"metadata": {"path": folder}})
        if kernels.CAN_FORK:
            client.kernel_manager_class = kernels.ForkedKernel
        # What the course solves is no learner's progress. The name is shown on the site: no folder of this run.
        environment = {**os.environ, PROGRESS: "progress.jsonl"}
        client.on_cell_executed = lambda **_: _note_peak(client)
        # A loop that ends with the run: threads run notebooks too. Stderr is the kernel's own log of its local ports.
        return asyncio.run(client.async_execute(stderr=subprocess.DEVNULL, env=environment))


def run_solved(root: Path, topic: str) -> NotebookNode:
    """The solved notebook after a run; it is kept for `kept_solved`."""
    # Before the run: what changes meanwhile must not pass for what has run.
    path = _place(root, topic)
    notebook = execute(nbformat.reads(solved(root, topic), as_version=4))
    for old in path.parent.glob(f"{topic}-*.ipynb"):
        old.unlink(missing_ok=True)
    write_atomically(path, nbformat.writes(notebook))
    return notebook


def kept_solved(root: Path, topic: str) -> NotebookNode | None:
    """The solved notebook after an earlier run of the same text, code and packages; None where there was none."""
    path = _place(root, topic)
    return nbformat.read(path, as_version=4) if path.exists() else None


def shortcomings(notebook: NotebookNode) -> Iterator[str]:
    """What a run shows that no solved notebook may: lost points, errors, warnings, more memory than Binder has."""
    if (peak := notebook.metadata.get("peak_mb", 0)) > KERNEL_MB:
        yield f"its kernel takes {peak} MB, but of a session on Binder {KERNEL_MB} MB are left for it"
    for cell in notebook.cells:
        name = grade_id(cell) or cell["id"]
        if is_check(cell) and not void_of(cell) and (lost := _lost(cell)):
            yield f"{name} gives {lost}"
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"the cell {name} raises {output.ename}: {output.evalue}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"the cell {name} warns: {output.text.strip()[:200]}"


def shown_points(cell: NotebookNode) -> float:
    """Points of a check after a run, as nbgrader gives them: an error gives none, no output all."""
    return float(determine_grade(cell)[0] or 0.0)


def _lost(cell: NotebookNode) -> str:
    earned, possible = shown_points(cell), float(cell.metadata.nbgrader["points"])
    return "" if earned == possible and not is_solution(cell) else f"{earned} of {possible} points"


def _note_peak(client: "NotebookClient") -> None:
    """Write down what the kernel has held at most: after the last cell there is nobody to ask."""
    from jupyter_client.provisioning import LocalProvisioner

    provisioner = client.km.provisioner if client.km else None
    assert isinstance(provisioner, LocalProvisioner) and provisioner.pid is not None
    if peak := peak_mb(provisioner.pid):
        client.nb.metadata["peak_mb"] = round(peak + (kernels.shared_mb() if kernels.CAN_FORK else 0))


def _place(root: Path, topic: str) -> Path:
    return root / KEPT / f"{topic}-{_key(root, topic)}.ipynb"


def _key(root: Path, topic: str) -> str:
    """A digest of the notebook's text, of all code of the course, and of what is installed."""
    digest = hashlib.sha256(solved(root, topic).encode())
    for package in _PACKAGES:
        for path in sorted((_COURSE / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"\0{path.relative_to(_COURSE).as_posix()}\0".encode() + path.read_bytes())
    # A set: the course itself is found twice by a process that starts in its directory.
    installed = sorted({f"{found.name}=={found.version}" for found in distributions()})
    digest.update("\0".join([platform.python_version(), platform.platform(), *installed]).encode())
    return digest.hexdigest()[:20]
