"""The autograder: `check`, `own_tests`, `pieces`, `progress` in a notebook, `autograder` on the command line."""

from autograder.checking import check, own_tests
from autograder.pieces import pieces
from autograder.progress import progress

__all__ = ["check", "own_tests", "pieces", "progress"]
