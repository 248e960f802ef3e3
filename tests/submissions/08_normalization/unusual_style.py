# base: released

# %% after setup_1
from functools import partial


def whiten(rows, eps):
    """Rows with mean 0 and variance 1, and their deviations."""
    middle = rows - np.average(rows, axis=-1)[:, None]
    spread = np.sqrt(np.einsum("nd,nd->n", middle, middle) / rows.shape[-1] + eps)
    return middle / spread[:, None], spread[:, None]


def back(rows, hats, spread):
    inner = np.einsum("nd,nd->n", rows, hats)[:, None] / rows.shape[-1]
    return (rows - np.average(rows, axis=-1)[:, None] - hats * inner) / spread


def lined_up(vector):
    return vector.reshape(1, -1, 1, 1)

# %% layernorm_forward
def layernorm_forward(x, gamma, beta, *, eps=1e-5):
    hats, spread = whiten(x, eps)
    return np.multiply(hats, gamma) + beta, {"hats": hats, "spread": spread, "gamma": gamma}

# %% layernorm_backward
def layernorm_backward(dout, cache):
    dx = back(dout * cache["gamma"], cache["hats"], cache["spread"])
    return [dx, np.einsum("nd,nd->d", dout, cache["hats"]), np.einsum("nd->d", dout)]

# %% norm_axes
def norm_axes(kind):
    match kind:
        case "batch":
            return [-1, -2, 0]
        case "layer":
            return [-1, -2, -3]
        case "instance":
            return [-1, -2]
    raise ValueError("batch, layer, instance")

# %% instancenorm_forward
def instancenorm_forward(x, gamma, beta, *, eps=1e-5, groups=None):
    hats, spread = whiten(x.reshape(len(x) * (groups or x.shape[1]), -1), eps)
    hats = hats.reshape(x.shape)
    return lined_up(gamma) * hats + lined_up(beta), (hats, spread, gamma)

# %% instancenorm_backward
def instancenorm_backward(dout, cache):
    hats, spread, gamma = cache
    dx_hat = (dout * lined_up(gamma)).reshape(len(spread), -1)
    dx = back(dx_hat, hats.reshape(dx_hat.shape), spread).reshape(dout.shape)
    return dx, np.einsum("nchw,nchw->c", dout, hats), np.einsum("nchw->c", dout)

# %% groupnorm_forward
def groupnorm_forward(x, gamma, beta, groups, *, eps=1e-5):
    return instancenorm_forward(x, gamma, beta, eps=eps, groups=groups)

# %% groupnorm_backward
groupnorm_backward = instancenorm_backward

# %% weightnorm_forward
def weightnorm_forward(v, g):
    lengths = np.hypot.reduce(v, axis=1)
    unit = (v.T / lengths).T
    return np.einsum("o,oi->oi", g, unit), (unit, g, lengths)

# %% weightnorm_backward
def weightnorm_backward(dw, cache):
    unit, g, lengths = cache
    dg = np.einsum("oi,oi->o", dw, unit)
    return ((g / lengths) * (dw - dg[:, None] * unit).T).T, dg

# %% mean_only_batchnorm_forward
def mean_only_batchnorm_forward(x, beta):
    n = len(x)
    return x - np.add.reduce(x) / n + beta, n

# %% mean_only_batchnorm_backward
def mean_only_batchnorm_backward(dout, n):
    total = np.add.reduce(dout)
    return dout - total / n, total

# %% decorrelated_batchnorm_forward
def decorrelated_batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    centred = x - np.average(x, axis=0)
    lam, axes = np.linalg.eigh(centred.T @ centred / len(x))
    roots = np.sqrt(lam + eps)
    root = sum(np.outer(u, u) / r for u, r in zip(axes.T, roots))
    hats = centred @ root
    return gamma * hats + beta, (centred, axes, roots, root, hats, gamma)

# %% decorrelated_batchnorm_backward
def decorrelated_batchnorm_backward(dout, cache):
    centred, axes, roots, root, hats, gamma = cache
    dhats = dout * gamma
    inner = axes.T @ centred.T @ dhats @ axes
    weights = 1 / (np.outer(roots, roots) * np.add.outer(roots, roots))
    dcov = -axes @ ((inner + inner.T) * weights) @ axes.T
    dcentred = dhats @ root + centred @ dcov / len(dout)
    return dcentred - np.average(dcentred, axis=0), np.sum(dout * hats, axis=0), np.sum(dout, axis=0)

# %% four_images
GroupNorm, since one image is enough for it.
