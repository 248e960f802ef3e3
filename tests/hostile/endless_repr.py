# A result that never becomes text.
# base: solved
# ends: at a limit of time

# %% after check_sgd
import time


class Endless:
    def __repr__(self):
        while True:
            time.sleep(1)


Endless()
