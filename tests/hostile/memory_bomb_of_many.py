# Many processes take memory together.
# base: solved
# ends: at a limit of memory
# deserved: sgd<5 momentum<6 minibatches<7 double<3

# %% after check_sgd
import os

for _ in range(20):
    if os.fork() == 0:
        try:
            kept = []
            while True:
                kept.append(bytearray(b"x") * 10**8)
        finally:
            os._exit(1)
