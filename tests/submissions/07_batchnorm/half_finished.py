# base: released

# %% batchnorm_forward
def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, None

# %% update_running
def update_running(running_mean, running_var, x, *, momentum=0.1):
    new_mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
    new_var = (1 - momentum) * running_var + momentum * x.varr(axis=0)
    return new_mean, new_var
