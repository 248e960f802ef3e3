"""Classes of any size from the sample submissions, for stock nbgrader and for ours."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.utils import is_solution

from autograder.course.sample import Sample, samples
from autograder.grading.assignment import is_demo
from bench import TOPIC

# They take as long as the limits say, and stock nbgrader waits longer than that.
_LEFT_OUT = ("endless_loop", "crash")
# Stock cannot grade the broken file and the doubled cells; ours has nothing to run for the untouched notebook.
_CHEAP = ("broken_file", "doubled_cells", "untouched")

_STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
"""


@dataclass(frozen=True)
class Class:
    """Students by what they submitted.

    Parameters
    ----------
    full : students whose notebooks stock nbgrader can grade and which ours has to run
    others : the rest of the mix
    """

    full: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def students(self) -> tuple[str, ...]:
        """All of them, mixed."""
        return tuple(sorted(self.full + self.others))


def make(root: Path, folder: Path, size: int, *, stock: bool = False) -> Class:
    """Lay out a class of nbgrader's in which the sample submissions take turns.

    Parameters
    ----------
    root : the course
    folder : where to
    size : how many students
    stock : a plain course: nbgrader's own settings, the checks run in the student's kernel
    """
    source, config = ("source", None) if stock else ("solutions", root / "nbgrader_config.py")
    (folder / source / TOPIC).mkdir(parents=True)
    if config:
        shutil.copy(config, folder)
    else:
        (folder / "nbgrader_config.py").write_text(_STOCK_CONFIG)
    name = f"{TOPIC}.ipynb"
    (folder / source / TOPIC / name).write_text(_without_demos((root / "solutions" / TOPIC / name).read_text()))
    mix = [s for s in samples(root / "tests" / "submissions", root, TOPIC) if s.student not in _LEFT_OUT]
    # Full ones first, so that a small class is made of them.
    mix.sort(key=lambda sample: sample.student in _CHEAP)
    full, others = [], []
    for number in range(size):
        sample = mix[number % len(mix)]
        student = f"s{number:04d}_{sample.student}"
        path = folder / "submitted" / student / TOPIC / name
        path.parent.mkdir(parents=True)
        path.write_text(_own_copy(sample, student))
        (others if sample.student in _CHEAP else full).append(student)
    return Class(tuple(full), tuple(others))


def kinds(students: Sequence[str]) -> list[str]:
    """The first student of each kind."""
    first = {student.partition("_")[2]: student for student in reversed(students)}
    return sorted(first.values())


def _own_copy(sample: Sample, student: str) -> str:
    """The sample with a line of this student's, so that no two submissions are the same."""
    if "untouched" in student:
        return _without_demos(sample.content)
    if "broken_file" in student:
        return sample.content
    notebook = nbformat.reads(_without_demos(sample.content), as_version=4)
    answer = next(cell for cell in notebook.cells if is_solution(cell) and cell.cell_type == "code")
    answer.source += f"\n# {student}"
    return nbformat.writes(notebook) + "\n"


def _without_demos(text: str) -> str:
    """Demo cells marked so that stock nbgrader passes over them as ours does: some train for half a minute."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if is_demo(cell):
            cell.metadata["tags"] = ["skip-execution"]
    return nbformat.writes(notebook) + "\n"
