# base: solved

# %% layernorm_backward
def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    D = dout.shape[1]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = gamma / (D * std) * (
        D * dout
        - np.sum(dout, axis=1, keepdims=True)
        - x_hat * np.sum(dout * x_hat, axis=1, keepdims=True)
    )
    return dx, dgamma, dbeta

# %% instancenorm_backward
def instancenorm_backward(dout, cache):
    x_hat, std, gamma = cache
    g = gamma.reshape(1, -1, 1, 1)
    dgamma = np.sum(dout * x_hat, axis=(2, 3))
    dbeta = np.sum(dout, axis=(2, 3))
    mean = dout.mean(axis=(2, 3), keepdims=True)
    along = (dout * x_hat).mean(axis=(2, 3), keepdims=True)
    return g / std * (dout - mean - x_hat * along), dgamma, dbeta

# %% groupnorm_backward
def groupnorm_backward(dout, cache):
    x_hat, std, gamma, groups = cache
    n, c, h, w = dout.shape
    d = dout.reshape(n, groups, -1)
    hat = x_hat.reshape(n, groups, -1)
    rest = d - d.mean(axis=2, keepdims=True) - hat * (d * hat).mean(axis=2, keepdims=True)
    dx = (rest / std.reshape(n, groups, 1)).reshape(dout.shape) * gamma[:, None, None]
    return dx, (dout * x_hat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))
