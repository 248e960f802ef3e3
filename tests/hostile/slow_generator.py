# Yields one batch, and never the next.
# base: solved
# ends: at a limit of time
# deserved: minibatches=0

# %% minibatches
def minibatches(n, batch_size, rng):
    import time

    yield rng.permutation(n)[:batch_size]
    while True:
        time.sleep(1)
