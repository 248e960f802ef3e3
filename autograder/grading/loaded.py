"""What a grading process needs, loaded once, and in the process that others are forks of.

Only loaded: what runs PyTorch would leave threads behind, and a process with threads cannot be forked safely. The one
that NumPy's OpenBLAS starts as it is loaded is ended by OpenBLAS at each fork.
"""

import gc
import os

from autograder import lean

lean.enter()
# PyTorch's own switch: it would look through all packages for other devices than the processor, a tenth of its start.
os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
# What is loaded is hardly ever garbage: looking through it takes time, and would copy the memory that forks share.
gc.disable()
from autograder.grading import grader  # noqa: E402, F401
from autograder.judge import references  # noqa: E402

references.load(what="Grading")
gc.freeze()
gc.enable()
