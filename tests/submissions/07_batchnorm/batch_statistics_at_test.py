# base: solved

# %% batchnorm_inference
def batchnorm_inference(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta

# %% fold
def fold(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return scale, beta + mean * scale
