# base: solved

# %% layernorm_forward
def layernorm_forward(x, gamma, beta, *, eps=1e-5):
    mean, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)

# %% layernorm_backward
def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma / std * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, dgamma, dbeta

# %% norm_axes
def norm_axes(kind):
    if kind == "batch":
        return (0, 2, 3)
    if kind == "layer":
        return (1, 2, 3)
    return (2, 3)
