# base: solved

# %% minibatches
def minibatches(n, batch_size, rng):
    order = rng.permutation(n)
    for i in range(n // batch_size):
        yield order[i * batch_size:(i + 1) * batch_size]

# %% largest_stable_lr
def largest_stable_lr(H):
    return 1 / np.linalg.eigvalsh(H)[-1]
