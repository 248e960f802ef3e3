# base: solved

# %% dropout_vanilla_train
def dropout_vanilla_train(x, p, rng):
    mask = rng.random(x.shape) < p
    return x * mask, mask

# %% dropout_vanilla_test
def dropout_vanilla_test(x, p):
    return x * p

# %% dropout_forward
def dropout_forward(x, p, rng, *, train):
    if not train:
        return x, None
    mask = (rng.random(x.shape) < p).astype(x.dtype) / (1 - p)
    return x * mask, mask

# %% dropout_penalty
def dropout_penalty(x, w, p):
    return p * (1 - p) * np.mean(np.sum((x * w) ** 2, axis=1))
