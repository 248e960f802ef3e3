"""What a grading process needs, loaded once in the process that the others are forks of.

Only loaded: what runs PyTorch would leave threads behind, and a process with threads cannot be forked safely. The one
that NumPy's OpenBLAS starts as it is loaded is ended by OpenBLAS at each fork.
"""

import gc

from autograder.grading import grader  # noqa: F401
from autograder.judge import references

references.load(what="Grading")
# What is loaded is never garbage: looking through it would copy the memory that forks share.
gc.collect()
gc.freeze()
