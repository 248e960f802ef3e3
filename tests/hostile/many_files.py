# A hundred thousand files, deep folders, no rights.
# base: solved

# %% after check_sgd
import os

try:
    for number in range(30_000):
        open(f"file{number}", "w").close()
    for _ in range(1000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
except OSError:
    pass
os.chmod(".", 0)
