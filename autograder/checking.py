"""`check`, as it stands in the notebooks."""

import ast
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder import exercises
from autograder.progress import remember

if TYPE_CHECKING:
    from autograder.verdict import Verdict


def check(exercise_id: str, *functions: Callable, points: float = 1.0) -> "Verdict":
    """The verdict on functions that should solve an exercise.

    Every property of the exercise is tried on inputs drawn from a public seed (from a secret one at grading) and the
    answers are compared with PyTorch's. The verdict shows as a report; `float(check(...))` is the points earned and
    `check(...).mistakes` the names of the recognised mistakes. What the functions do, raising included, is judged and
    never raised here. The best points of each exercise are remembered for `progress`, though not at grading.

    Parameters
    ----------
    exercise_id : the exercise's name, which is its function's
    functions : the function; for a backward pass the forward and the backward
    points : what the exercise is worth

    Raises
    ------
    ValueError : no such exercise, or points that are no positive number
    TypeError : another number of functions than the exercise has, or something that is no function

    Examples
    --------
    >>> def sgd(w, grad, state, *, lr):
    ...     return w - lr * grad, state
    >>> check("sgd", sgd, points=4)
    4.0
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f"check: the exercise's name must be a str, got {type(exercise_id).__name__}")
    try:
        exercise = exercises.load(exercise_id)
    except ValueError as error:
        raise ValueError(f"check: {error}") from None
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise TypeError(f"check({exercise_id!r}): points must be a number, got {type(points).__name__}")
    # Compared, not asked for isfinite: that fails for an int beyond every float.
    if not 0 < points <= sys.float_info.max:
        raise ValueError(f"check({exercise_id!r}): points must be positive and finite, got {points}")
    if len(functions) != len(exercise.names):
        raise TypeError(
            f"check({exercise_id!r}) takes {', '.join(exercise.names)}: "
            f"{len(exercise.names)} function{'s' * (len(exercise.names) > 1)}, got {len(functions)}"
        )
    for name, function in zip(exercise.names, functions, strict=True):
        if not callable(function):
            raise TypeError(f"check({exercise_id!r}): {name} must be a function, got {type(function).__name__}")
    # Imported late: the first check pays for torch, a notebook's import cell does not.
    from autograder.judge.judging import PUBLIC_SEED, LocalCaller, judge

    # Functions of another process exist only where this is loaded already; a student's folder does not even have it.
    remote = sys.modules.get("autograder.grading.remote")
    caller, seed = remote.caller_of(functions) if remote else (LocalCaller(functions), PUBLIC_SEED)
    verdict = judge(exercise, caller, points=float(points), seed=seed)
    if isinstance(caller, LocalCaller):
        if verdict.note and (error := _error_of_the_cell(exercise.names)):
            verdict = replace(verdict, note=f"{verdict.note} (its cell ended with {error}: mend that first)")
        remember(exercise_id, verdict.points, verdict.max_points)
    if os.environ.get("NBGRADER_VALIDATING") and not verdict.passed:
        # nbgrader's Validate shows stderr alone; without it, it says no more than "partial credit".
        print(verdict.to_text(), file=sys.stderr)
    return verdict


def _error_of_the_cell(names: Iterable[str]) -> str:
    """The error by which the cell that last defined one of these functions is no Python; empty where it is.

    Such a cell leaves what was defined before: the stub, while the student looks at code of their own.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    for name in names if shell else ():
        ran = [source for source in shell.user_ns.get("_ih", []) if re.search(rf"^def {name}\b", source, re.MULTILINE)]
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(ran[-1] if ran else "", "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError) as error:
            return type(error).__name__
    return ""
