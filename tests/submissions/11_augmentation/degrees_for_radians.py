# base: solved

# %% horizontal_flip
def horizontal_flip(x):
    return x[:, :, ::-1, :].copy()

# %% rotate
def rotate(x, degrees):
    n, _, h, w = x.shape
    a = degrees
    u = np.arange(w) - (w - 1) / 2
    v = np.arange(h)[:, None] - (h - 1) / 2
    flow = np.zeros((n, 2, h, w))
    flow[:, 0] = np.cos(a) * u - np.sin(a) * v - u
    flow[:, 1] = np.sin(a) * u + np.cos(a) * v - v
    return elastic_distort(x, flow)

# %% zoom
def zoom(x, factor):
    n, _, h, w = x.shape
    flow = np.zeros((n, 2, h, w))
    flow[:, 0] = (np.arange(w) - (w - 1) / 2) * (factor - 1)
    flow[:, 1] = ((np.arange(h) - (h - 1) / 2) * (factor - 1))[:, None]
    return elastic_distort(x, flow)
