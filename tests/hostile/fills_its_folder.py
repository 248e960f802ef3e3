# More in its folder than it may hold, in files none of which is too large, in closed folders, and without names.
# base: solved
# deserved: sgd<5

# %% after check_sgd
import mmap
import os

block = os.urandom(2**20)
kept = []
try:
    for number in range(400):
        folder = f"closed{number % 4}"
        os.makedirs(folder, 0o300, exist_ok=True)
        path = f"{folder}/{number}"
        with open(path, "w+b") as file:
            for _ in range(8):
                file.write(block)
            file.flush()
            if number % 4 == 1:
                os.unlink(path)
                kept.append(os.dup(file.fileno()))
            elif number % 4 == 2:
                os.unlink(path)
                kept.append(mmap.mmap(file.fileno(), 4096))
    print("REACHED")
except OSError:
    pass
