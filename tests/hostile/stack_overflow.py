# Recurses until the stack is full.
# base: solved

# %% after check_sgd
import sys

sys.setrecursionlimit(10**9)


def down(x):
    return [down(x)]


down(0)
