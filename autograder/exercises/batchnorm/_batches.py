"""What the batch normalization exercises share: drawn batches, PyTorch's answers, the size of rounding."""

import numpy as np

from autograder.judge import F


def draw(rng, case):
    """A batch with gamma and beta.

    Options: the lengths `n`, `d`; of images `n`, `c`, `h`, `w`. `offset` is added to x, `spread` multiplies it ("very
    different": each feature another one), `constant` makes the first feature the same in all samples; `gamma` "ones" or
    "any sign" (one negative, one zero), `beta` "zeros"; `eps` None: not passed.
    """
    shape = [case.get(axis) for axis in ("n", "d", "c", "h", "w") if case.get(axis)]
    d = shape[1]
    spread = case.get("spread", 1.0)
    spread = np.logspace(-3, 3, d) if spread == "very different" else spread
    x = rng.standard_normal(shape)
    lay = (d,) + (1,) * (len(shape) - 2)
    x = (x * rng.uniform(1.0, 2.0, lay) + rng.uniform(-1.0, 1.0, lay)) * np.reshape(spread * np.ones(d), lay)
    x = x + case.get("offset", 0.0)
    if case.get("constant"):
        x[:, 0] = 3.0
    gamma, beta = draw_affine(rng, d, case.get("gamma"))
    if case.get("beta") == "zeros":
        beta = np.zeros(d)
    eps = case.get("eps", 1e-5)
    return {"x": x, "gamma": gamma, "beta": beta}, {} if eps is None else {"eps": eps}


def draw_affine(rng, d, kind=None):
    """Scale and shift of d features."""
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.uniform(0.3, 1.5, d) * rng.choice([-1.0, 1.0], d)
    if kind == "ones":
        gamma = np.ones(d)
    elif kind == "any sign":
        gamma[0], gamma[-1] = -gamma[0], 0.0
    return gamma, beta


def reference(x, gamma, beta, eps=1e-5):
    """PyTorch's output in training mode, of (N, D) and of (N, C, H, W)."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def output_and_cache(x, gamma, beta, eps=1e-5):
    """The output, and that the cache is the student's own."""
    return reference(x, gamma, beta, eps), None


def gradient_scale(x, gamma, beta, dout, eps=1e-5):
    """What rounding in the gradients is relative to, feature by feature.

    dx is what is left of dout * gamma / std when two projections are taken away: nothing at all where the batch has
    nothing to say (N = 2). dgamma and dbeta are sums that may cancel. Where gamma or x_hat is 0, right code may still
    give what rounding leaves of numbers of the usual size.
    """
    axes = (0, *range(2, x.ndim))
    x, dout = x.astype(np.float64), dout.astype(np.float64)
    std = np.sqrt(x.var(axes, keepdims=True) + eps)
    x_hat = (x - x.mean(axes, keepdims=True)) / std
    total = np.abs(dout).sum(axes)
    return {
        "dx": np.abs(dout).max(axes, keepdims=True) * max(1.0, np.abs(gamma).max()) / std,
        "dgamma": np.maximum(np.abs(dout * x_hat).sum(axes), 1e-3 * total),
        "dbeta": total,
    }
