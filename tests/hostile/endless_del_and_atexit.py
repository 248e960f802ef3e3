# Things that never end when they end.
# base: solved

# %% after check_sgd
import atexit
import weakref


class Endless:
    def __del__(self):
        while True:
            pass


def loop(*args):
    while True:
        pass


kept = Endless()
weakref.finalize(kept, loop)
atexit.register(loop)
