"""One grader in a process of its own, warm, that grades whom it is told to: `python -m bench.contender KIND FOLDER`.

It reads a list of students (JSON, one line) and answers with a line for each one and a last one for all.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from autograder import lean
from bench import TOPIC

Grader = Callable[[Sequence[str]], Iterator[str]]


def main(kind: str, folder: str) -> None:
    """Grade until there is nobody left to ask."""
    os.chdir(folder)
    # nbgrader calls the commands alembic and jupyter by name.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    stages: dict[str, float] = {}
    with ExitStack() as stack:
        grade = stock() if kind == "stock" else ours(int(kind), stages, stack)
        for line in sys.stdin:
            stages.clear()
            began = time.perf_counter()
            for student in grade(json.loads(line)):
                print(json.dumps({"student": student, "at": time.perf_counter() - began}), file=answers)
            print(json.dumps({"seconds": time.perf_counter() - began, "stages": stages}), file=answers)


def stock() -> Grader:
    """nbgrader as it comes, by the same calls as formgrader's button: autograde, then generate_feedback."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=".").load_config()
    api = NbGraderAPI(coursedir=CourseDirectory(config=config, root=os.getcwd()), config=config)
    _must(api.generate_assignment(TOPIC))

    def grade(students: Sequence[str]) -> Iterator[str]:
        for student in students:
            _must(api.autograde(TOPIC, student, force=True))
            _must(api.generate_feedback(TOPIC, student, force=True))
            yield student

    return grade


def _must(result: dict[str, Any]) -> None:
    if not result["success"]:
        raise RuntimeError(f"nbgrader failed: {result.get('error')}\n{result.get('log')}")


def ours(workers: int, stages: dict[str, float], stack: ExitStack) -> Grader:
    """What `autograder grade` calls, its processes kept; with 0 workers in this one, noting where the time goes."""
    lean.enter()
    from autograder.grading.classroom import grade_class
    from autograder.grading.course import Course
    from autograder.grading.pool import processes
    from autograder.grading.secret import secret
    from autograder.sandbox.levels import find

    course = Course.at(Path.cwd())
    level = find(allow_weak=True)
    if workers:
        executor: Executor = stack.enter_context(processes(workers))
    else:
        executor = _Here()
        _note(stages)

    def grade(students: Sequence[str]) -> Iterator[str]:
        for result in grade_class(
            course, TOPIC, secret(course.root), level, students=students, force=True, executor=executor
        ):
            if result.error:
                raise RuntimeError(f"{result.student}: {result.error}")
            yield result.student

    return grade


class _Here(Executor):
    """Runs a task at once, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _note(stages: dict[str, float]) -> None:
    """Wrap the stages of grading in stopwatches."""
    from autograder.grading import classroom, feedback, gradebook, grader, link

    for owner, name, stage in (
        (link.Worker, "__init__", "sandbox start"),
        (link.Worker, "run", "student's cells"),
        (grader._Run, "_judge", "checks"),
        (link.Worker, "end", "sandbox end"),
        (gradebook.Book, "record", "gradebook"),
        (feedback.Pages, "write", "feedback"),
        (classroom, "write_atomically", "writing files"),
    ):
        setattr(owner, name, _timed(getattr(owner, name), stages, stage))


def _timed(function: Callable, stages: dict[str, float], stage: str) -> Callable:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            stages[stage] = stages.get(stage, 0.0) + time.perf_counter() - began

    return wrapped


if __name__ == "__main__":
    main(*sys.argv[1:])
