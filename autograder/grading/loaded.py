"""What a grading process needs, loaded once, and in the process that others are forks of.

Only loaded: what runs PyTorch would leave threads behind, and a process with threads cannot be forked safely. The one
that NumPy's OpenBLAS starts as it is loaded is ended by OpenBLAS at each fork.
"""

import gc

from autograder import lean

lean.enter()
# What is loaded is hardly ever garbage: looking through it takes time, and would copy the memory that forks share.
gc.disable()
from autograder.grading import grader  # noqa: E402, F401
from autograder.judge import references  # noqa: E402

references.load(what="Grading")
gc.freeze()
gc.enable()
