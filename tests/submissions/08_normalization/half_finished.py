# base: released

# %% layernorm_forward
def layernorm_forward(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=1, keepdims=True)
    std = np.std(x, axis=1, keepdims=True, ddof=1)
    return gamma * (x - mean) / np.sqrt(std**2 + eps) + beta, None

# %% layernorm_backward
def layernorm_backward(dout, cache):
    dgamma = ...

# %% norm_axes
def norm_axes(kind):
    axes = {"batch": (1,), "layer": (0,), "instance": (0, 1)}
    if kind not in axes:
        raise ValueError(kind)
    return axes[kind]

# %% weightnorm_forward
def weightnorm_forward(v, g):
    norms = np.linalg.norm(v, axis=1, keepdims=True)
    return g[:, None] * (v / norms), (v, g, norms)

# %% mean_only_batchnorm_forward
def mean_only_batchnorm_forward(x, beta):
    x = x + beta
    return x - x.mean(axis=0), None
