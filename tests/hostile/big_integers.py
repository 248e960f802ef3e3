# Integers of a million digits, for indices.
# base: solved
# deserved: minibatches=0

# %% minibatches
def minibatches(n, batch_size, rng):
    return [[10**5000] * batch_size] * (n // batch_size)
