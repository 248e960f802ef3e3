# base: solved

# %% step_decay
def step_decay(lr0, t, *, step_size, gamma):
    lr = lr0
    while t >= step_size:
        lr = lr * gamma
    return lr
