# base: solved

# %% dropout_forward
def dropout_forward(x, p, rng, *, train):
    if not train:
        return x, 1
    mask = (rng.random(x.shape[1:]) >= p).astype(x.dtype) / (1 - p)
    return x * mask, mask

# %% dropout_backward
def dropout_backward(dout, cache):
    return dout * cache

# %% spatial_dropout_forward
def spatial_dropout_forward(x, p, rng, *, train):
    return dropout_forward(x, p, rng, train=train)

# %% gaussian_dropout_forward
def gaussian_dropout_forward(x, p, rng):
    noise = rng.normal(1, p / (1 - p), x.shape).astype(x.dtype)
    return x * noise, noise
