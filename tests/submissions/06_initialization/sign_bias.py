# base: solved

# %% gain
def gain(nonlinearity, param=None):
    if nonlinearity == "relu":
        return np.sqrt(2)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return np.sqrt(2 / (1 + slope))
    if nonlinearity == "tanh":
        return 5 / 3
    if nonlinearity == "selu":
        return 3 / 4
    if nonlinearity in ("linear", "sigmoid") or nonlinearity.startswith("conv"):
        return 1.0
    raise ValueError(nonlinearity)

# %% orthogonal
def orthogonal(shape, rng, gain=1.0):
    rows, cols = shape[0], int(np.prod(shape[1:]))
    A = rng.standard_normal((rows, cols))
    Q, _ = np.linalg.qr(A.T if rows < cols else A)
    Q = Q.T if rows < cols else Q
    return gain * Q.reshape(shape)

# %% small_normal
def small_normal(shape, rng, std=0.01):
    return np.random.randn(*shape) * std
