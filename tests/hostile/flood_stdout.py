# More text than memory.
# base: solved
# ends: at a limit of time

# %% after check_sgd
import os

line = "x" * 10**6
try:
    while True:
        print(line)
        os.write(1, line.encode())
        os.write(2, line.encode())
except OSError:
    pass
