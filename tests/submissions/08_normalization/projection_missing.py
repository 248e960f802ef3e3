# base: solved

# %% weightnorm_forward
def weightnorm_forward(v, g):
    norms = np.linalg.norm(v, axis=1, keepdims=True) + 1e-8
    return g[:, None] * v / norms, (v, g, norms)

# %% weightnorm_backward
def weightnorm_backward(dw, cache):
    v, g, norms = cache
    dg = np.sum(dw * v, axis=1) / norms.ravel()
    dv = g[:, None] * dw / norms
    return dv, dg

# %% mean_only_batchnorm_backward
def mean_only_batchnorm_backward(dout, cache):
    return dout.copy(), dout.sum(axis=0)

# %% four_images
BatchNorm, it is the standard.
