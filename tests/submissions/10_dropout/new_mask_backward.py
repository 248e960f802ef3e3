# base: solved

# %% dropout_forward
def dropout_forward(x, p, rng, *, train):
    if not train:
        return x, None
    mask = rng.random(x.shape) >= p
    return x * mask / (1 - p), (p, rng)

# %% dropout_backward
def dropout_backward(dout, cache):
    if cache is None:
        return dout
    p, rng = cache
    mask = rng.random(dout.shape) >= p
    return dout * mask / (1 - p)

# %% dropconnect_backward
def dropconnect_backward(dout, cache):
    x, W, S = cache
    return dout @ (W * S).T, x.T @ dout, dout.sum(axis=0)
