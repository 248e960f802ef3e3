# base: released

# %% standardize
def standardize(x_train, x_test, eps=1e-8):
    mean = x_train.mean(axis=0)
    std = np.sqrt(x_train.var(axis=0) + eps)
    return (x_train - mean) / std, (x_test - mean) / std

# %% pca_whiten
def pca_whiten(x, eps=1e-5):
    x = x - x.mean(axis=0)
    cov = x.T @ x / len(x)
    lam, U = np.linalg.eigh(cov)
    return x @ U / np.sqrt(lam + eps)

# %% fan_in_and_fan_out
def fan_in_and_fan_out(shape):
    return shape[1] * np.prod(shape[2:]), shape[0] * np.prod(shape[2:])

# %% zeros
def zeros(shape, rng):
    return np.zeros(shape)

# %% small_normal
def small_normal(shape, rng, std=0.01):
    return std * rng.standard_normal(shape)

# %% kaiming_normal
def kaiming_normal(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return rng.standard_normal(shape) * gain(nonlinearity, a) / np.sqrt(fan_in)

# %% distinct_rows
def distinct_rows(W, tol)
    return len(np.unique(W, axis=0))
