"""Packages that are not there for a student's code: Python does not find them, as if they were not installed.

The wall around the worker keeps their files away; without this, an empty folder would be imported in their place.
"""

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# What no student's code has any business with: the judge's libraries, and nbgrader with its gradebook.
HIDDEN = ("torch", "torchgen", "functorch", "nbgrader", "pip", "sympy", "jupyterlab", "notebook")


def hide(names: Iterable[str]) -> None:
    """Let Python's search of its path pass over these top-level packages."""
    hidden = frozenset(names)

    class Finder(PathFinder):
        @classmethod
        def find_spec(
            cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            return None if fullname.partition(".")[0] in hidden else super().find_spec(fullname, path, target)

    sys.meta_path[:] = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
