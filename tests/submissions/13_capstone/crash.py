# base: solved

# %% train
def train(x, y, rng):
    import os

    os.kill(os.getpid(), 9)
