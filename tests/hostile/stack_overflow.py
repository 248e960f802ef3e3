# Recurses until the stack is full.
# base: solved
# ends: at a limit of time

# %% after check_sgd
import sys

sys.setrecursionlimit(10**9)


def down(x):
    return [down(x)]


down(0)
