# base: solved

# %% fan_in_and_fan_out
def fan_in_and_fan_out(shape):
    area = int(np.prod(shape[2:]))
    return shape[0] * area, shape[1] * area

# %% activation_statistics
def activation_statistics(x, weights, activation):
    means, stds = [], []
    for W in weights:
        z = x @ W.T
        means.append(z.mean())
        stds.append(z.std())
        x = activation(z)
    return np.array(means), np.array(stds)
