# A reply of many millions of numbers of one byte each, which take eight where they are compared.
# base: solved
# deserved: minibatches=0

# %% minibatches
import numpy as np


def minibatches(n, batch_size, rng):
    for _ in range(10):
        yield np.zeros(6_000_000, np.int8)
