"""The autograder: `check` and `progress` in a notebook, `autograder` on the command line."""

from autograder.checking import check
from autograder.progress import progress

__all__ = ["check", "progress"]
