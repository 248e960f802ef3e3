"""The autograder: `check`, `own_tests` and `progress` in a notebook, `autograder` on the command line."""

from autograder.checking import check, own_tests
from autograder.progress import progress

__all__ = ["check", "own_tests", "progress"]
