# Forks for ever, in a cell; where there is no room it waits for some.
# base: solved
# ends: at a limit of time
# deserved: sgd<5

# %% after check_sgd
import os
import time

while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.5)
