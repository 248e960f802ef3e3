"""The demo: grades a sample class on the course's notebooks, in a folder of its own."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from autograder.course.build import topics
from autograder.course.sample import samples
from autograder.grading.classroom import grade_class
from autograder.grading.course import Course, CourseError
from autograder.grading.pool import processes
from autograder.grading.secret import secret
from autograder.report.table import class_table
from autograder.sandbox.levels import find_for_samples

_MARK = ".downhill-demo"


def run(root: Path, folder: Path) -> int:
    """Make a class in `folder`, grade it, print what came of it."""
    make_class(root, folder)
    level = find_for_samples()
    print(f"A class of samples lies in {folder}/submitted. Isolation: {level}.\n")
    failed = []
    # One pool for all assignments: a process loads PyTorch once.
    with inside(folder), processes(os.cpu_count() or 1) as pool:
        course = Course.at(Path.cwd())
        for assignment in topics(root):
            bar = tqdm(desc=assignment, unit="submission", disable=None, leave=False, file=sys.stderr)
            results = grade_class(course, assignment, secret(course.root), level, executor=pool, progress=bar.reset)
            for result in results:
                bar.update()
                if result.error:
                    failed.append(f"{result.student}: {result.error}")
            bar.close()
            print(f"── {assignment} " + "─" * (76 - len(assignment)))
            print(class_table(course, assignment), end="\n\n")
    print(*failed, sep="\n", end="")
    print(f"Open one: {folder / 'feedback' / 'unusual_style' / '02_sgd' / '02_sgd.html'}")
    return int(bool(failed))


def make_class(root: Path, folder: Path, assignments: Sequence[str] = (), students: Sequence[str] = ()) -> None:
    """Lay out a course of nbgrader's with the sample submissions; an earlier demo's folder is made anew.

    Parameters
    ----------
    root : the course
    folder : where to
    assignments, students : only these; all where it is empty

    Raises
    ------
    CourseError : there is something else in `folder`
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise CourseError(f"{folder} holds something else: name another with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    shutil.copy(root / "nbgrader_config.py", folder)
    shutil.copytree(root / "solutions", folder / "solutions", ignore=shutil.ignore_patterns("*.kept-*"))
    for assignment in assignments or topics(root):
        for sample in samples(root / "tests" / "submissions", root, assignment, students):
            path = folder / "submitted" / sample.student / assignment / f"{assignment}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(sample.content, encoding="utf-8")


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """nbgrader's settings are relative to where it runs."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
