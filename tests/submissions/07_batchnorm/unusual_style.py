# base: solved

# %% batchnorm_forward
from types import SimpleNamespace


def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    n = len(x)
    columns, kept = [], []
    for column, g, b in zip(x.T, gamma, beta):
        centre = column - sum(column.tolist()) / n
        scale = (centre @ centre / n + eps) ** -0.5
        normal = centre * scale
        columns.append(g * normal + b)
        kept.append(SimpleNamespace(normal=normal, scale=scale, g=g))
    return np.stack(columns, axis=1).astype(x.dtype), kept

# %% batchnorm_backward
def batchnorm_backward(dout, cache):
    n = dout.shape[0]
    dx, dgamma, dbeta = np.zeros_like(dout), [], []
    for j, c in enumerate(cache):
        project = np.eye(n) - 1 / n - np.outer(c.normal, c.normal) / n
        dx[:, j] = c.g * c.scale * (project @ dout[:, j])
        dgamma.append(dout[:, j] @ c.normal)
        dbeta.append(dout[:, j].sum())
    return [dx, np.array(dgamma, dout.dtype), np.array(dbeta, dout.dtype)]

# %% batchnorm_backward_fast
def batchnorm_backward_fast(dout, cache):
    normal = np.stack([c.normal for c in cache], axis=1)
    scale = np.array([c.g * c.scale for c in cache], dout.dtype)
    dbeta, dgamma = dout.sum(0), np.einsum("nd,nd->d", dout, normal)
    return (scale * (dout - (dbeta + normal * dgamma) / len(dout))).astype(dout.dtype), dgamma, dbeta

# %% spatial_batchnorm_forward
def spatial_batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    mean = x.mean((0, 2, 3), keepdims=True)
    rstd = 1 / np.sqrt(x.var((0, 2, 3), keepdims=True) + eps)
    normal = (x - mean) * rstd
    wide = gamma[:, None, None]
    return wide * normal + beta[:, None, None], (normal, wide * rstd)

# %% spatial_batchnorm_backward
def spatial_batchnorm_backward(dout, cache):
    normal, scale = cache
    area, axes = dout.size // dout.shape[1], (0, 2, 3)
    dbeta = dout.sum(axes)
    dgamma = (dout * normal).sum(axes)
    inner = dbeta[:, None, None] + normal * dgamma[:, None, None]
    return scale * (dout - inner / area), dgamma, dbeta

# %% why_it_works
With my batches the loss fell faster at every learning rate I tried, and the difference was largest at 1.0.
