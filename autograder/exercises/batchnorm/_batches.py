"""What the batch normalization exercises share: drawn batches, PyTorch's answers, and NumPy pieces for the mistakes."""

import numpy as np
import torch.nn.functional as F


def draw(rng, case):
    """A batch with gamma and beta.

    Options: `n`, `d`; or `shape`, of images. `offset` is added to x, `spread` multiplies it ("very different": each
    feature another one), `constant` makes the first feature the same in all samples; `gamma` "ones" or "any sign" (one
    negative, one zero), `beta` "zeros"; `eps` None: not passed.
    """
    shape = case.get("shape") or (case.get("n"), case.get("d"))
    d = shape[1]
    spread = case.get("spread", 1.0)
    spread = np.logspace(-3, 3, d) if spread == "very different" else spread
    x = rng.standard_normal(shape)
    lay = (d,) + (1,) * (len(shape) - 2)
    x = (x * rng.uniform(1.0, 2.0, lay) + rng.uniform(-1.0, 1.0, lay)) * np.reshape(spread * np.ones(d), lay)
    x = x + case.get("offset", 0.0)
    if case.get("constant"):
        x[:, 0] = 3.0
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.uniform(0.3, 1.5, d) * rng.choice([-1.0, 1.0], d)
    if case.get("gamma") == "ones":
        gamma = np.ones(d)
    elif case.get("gamma") == "any sign":
        gamma[0], gamma[-1] = -gamma[0], 0.0
    if case.get("beta") == "zeros":
        beta = np.zeros(d)
    eps = case.get("eps", 1e-5)
    return {"x": x, "gamma": gamma, "beta": beta}, {} if eps is None else {"eps": eps}


def reference(x, gamma, beta, eps=1e-5):
    """PyTorch's output in training mode, of (N, D) and of (N, C, H, W)."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def gradient_scale(x, gamma, beta, dout, eps=1e-5):
    """What rounding in the gradients is relative to, feature by feature.

    dx is what is left of dout * gamma / std when two projections are taken away: nothing at all where the batch has
    nothing to say (N = 2). dgamma and dbeta are sums that may cancel.
    """
    axes = (0, *range(2, x.ndim))
    x, dout = x.astype(np.float64), dout.astype(np.float64)
    std = np.sqrt(x.var(axes, keepdims=True) + eps)
    x_hat = (x - x.mean(axes, keepdims=True)) / std
    size = np.abs(dout).max(axes, keepdims=True) * np.abs(gamma).reshape(std[:1].shape) / std
    return {"dx": size, "dgamma": np.abs(dout * x_hat).sum(axes), "dbeta": np.abs(dout).sum(axes)}


def forward(x, gamma, beta, *, eps=1e-5):
    """A right forward for wrong backwards."""
    centred = x - x.mean(axis=0)
    std = np.sqrt(np.mean(centred**2, axis=0) + eps)
    x_hat = centred / std
    return gamma * x_hat + beta, (x, centred, x_hat, std, gamma)


def backward(dout, cache):
    """The right backward that belongs to `forward`."""
    _, _, x_hat, std, gamma = cache
    dbeta, dgamma = dout.sum(axis=0), (dout * x_hat).sum(axis=0)
    return gamma / std * (dout - dbeta / len(dout) - x_hat * dgamma / len(dout)), dgamma, dbeta


def to_columns(x):
    """Images (N, C, H, W) as a matrix (N*H*W, C)."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def to_images(columns, shape):
    """The inverse of `to_columns`."""
    n, c, h, w = shape
    return columns.reshape(n, h, w, c).transpose(0, 3, 1, 2)
