# base: solved

# %% decorrelated_batchnorm_forward
def decorrelated_batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    xc = x - x.mean(axis=0)
    lam, U = np.linalg.eigh(xc.T @ xc / x.shape[0])
    r = np.sqrt(lam + eps)
    x_hat = (xc @ U) / r
    return gamma * x_hat + beta, (xc, U, r, x_hat, gamma)

# %% decorrelated_batchnorm_backward
def decorrelated_batchnorm_backward(dout, cache):
    xc, U, r, x_hat, gamma = cache
    dx_hat = dout * gamma
    dxc = dx_hat @ (U / r @ U.T)
    return dxc - dxc.mean(axis=0), (dout * x_hat).sum(axis=0), dout.sum(axis=0)
