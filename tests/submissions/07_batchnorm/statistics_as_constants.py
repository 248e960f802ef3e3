# base: solved

# %% batchnorm_forward
def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    mu, var = x.mean(0), x.var(0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (xhat, var, gamma, eps)

# %% batchnorm_backward
def batchnorm_backward(dout, cache):
    xhat, var, gamma, eps = cache
    dx = dout * gamma / np.sqrt(var + eps)
    return dx, (dout * xhat).sum(0), dout.sum(0)

# %% batchnorm_backward_fast
def batchnorm_backward_fast(dout, cache):
    xhat, var, gamma, eps = cache
    N = dout.shape[0]
    dxhat = dout * gamma
    dx = (N * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0)) / (N * np.sqrt(var + eps))
    return dx, (dout * xhat).sum(0), dout.sum(0)
