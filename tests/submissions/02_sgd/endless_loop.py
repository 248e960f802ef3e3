# base: solved

# %% step_decay
import time


def step_decay(lr0, t, *, step_size, gamma):
    lr = lr0
    while t >= step_size:
        lr = lr * gamma
        time.sleep(0.1)  # to watch it fall
    return lr
