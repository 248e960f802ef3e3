# base: solved

# %% batchnorm_forward
def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=0)
    var = x.var(axis=0, ddof=1)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, (x_hat, x - mean, np.sqrt(var + eps), gamma)
