# base: solved

# %% lecun_normal
def lecun_normal(shape, rng):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return rng.normal(0, 1 / fan_in, size=shape)

# %% xavier_uniform
def xavier_uniform(shape, rng, gain=1.0):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    a = gain * np.sqrt(2 / (fan_in + fan_out))
    return rng.uniform(-a, a, size=shape)

# %% xavier_normal
def xavier_normal(shape, rng, gain=1.0):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return rng.normal(0, gain**2 * 2 / (fan_in + fan_out), size=shape)
