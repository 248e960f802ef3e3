# Yields for ever.
# base: solved
# deserved: minibatches=0

# %% minibatches
def minibatches(n, batch_size, rng):
    while True:
        yield rng.permutation(n)[:batch_size]
