"""The autograder: `check` in a notebook, `autograder` on the command line."""

from autograder.checking import check

__all__ = ["check"]
