# base: solved

# %% update_running
def update_running(running_mean, running_var, x, *, momentum=0.1):
    running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)
    running_var = momentum * running_var + (1 - momentum) * x.var(axis=0, ddof=1)
    return running_mean, running_var

# %% population_statistics
def population_statistics(batch_means, batch_vars, m):
    return batch_means.mean(axis=0), batch_vars.mean(axis=0)
