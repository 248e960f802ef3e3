"""The exercises: one file each, found by name at autograder/exercises/<topic>/<exercise>.py."""

import difflib
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.judge.exercise import Exercise

_HERE = Path(__file__).parent


class UnknownExercise(ValueError, LookupError):
    """No exercise has this id; the text names the nearest ones."""


@cache
def _modules() -> dict[str, str]:
    files = sorted(_HERE.glob("*/*.py"))
    return {f.stem: f"{__name__}.{f.parent.name}.{f.stem}" for f in files if not f.stem.startswith("_")}


def ids() -> list[str]:
    """Ids of all exercises, sorted."""
    return sorted(_modules())


def path(exercise_id: str) -> Path:
    """The file of an exercise.

    Raises
    ------
    UnknownExercise
    """
    _require(exercise_id)
    return _HERE.joinpath(*_modules()[exercise_id].split(".")[-2:]).with_suffix(".py")


@cache
def load(exercise_id: str) -> "Exercise":
    """The exercise of that id.

    Raises
    ------
    UnknownExercise
    """
    _require(exercise_id)
    module = importlib.import_module(_modules()[exercise_id])
    # Imported late: NumPy and all of the judge come with it.
    from autograder.judge.exercise import assembled

    return assembled(vars(module), exercise_id)


def is_released(exercise_id: str) -> bool:
    """Whether its file is one that `autograder release` has packed, for a class."""
    return bool(getattr(importlib.import_module(_modules()[exercise_id]), "RELEASED", False))


def _require(exercise_id: str) -> None:
    if exercise_id in _modules():
        return
    near = difflib.get_close_matches(str(exercise_id), ids(), n=3)
    hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else f"; there are {', '.join(ids())}"
    raise UnknownExercise(f"no exercise is called {exercise_id!r}{hint}")
