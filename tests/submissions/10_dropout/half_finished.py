# base: released

# %% dropout_vanilla_train
def dropout_vanilla_train(x, p, rng):
    mask = rng.random(x.shape) > p
    return x * mask, mask

# %% dropout_vanilla_test
def dropout_vanilla_test(x, p):
    return (1 - p) * x

# %% dropout_forward
def dropout_forward(x, p, rng, *, train):
    if train:
        mask = (rng.random(x.shape) > p) / (1 - p)
        return x * mask.astype(x.dtype), mask

# %% spatial_dropout_forward
def spatial_dropout_forward(x, p, rng, *, train):
    if not train:
        return x, None
    N, C = x.shape[:2]
    mask = rng.random((N, C)) >= p
    return x * mask[:, :, None, None] / (1 - p), mask

# %% gaussian_dropout_forward
def gaussian_dropout_forward(x, p, rng):
    return x * rng.normal(1, sigma, x.shape)

# %% dropout_penalty
def dropout_penalty(x, w, p):
    pass
