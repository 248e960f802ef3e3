"""What the exercises of this topic share: drawn samples, the size of rounding in gradients.

LayerNorm, InstanceNorm and GroupNorm take the statistics of one part of one sample: all of it, one channel, one group
of channels. So each is GroupNorm, with one group, with as many groups as channels, or with some.
"""

import numpy as np

from autograder.exercises.batchnorm._batches import draw_affine


def draw(rng, case):
    """Samples whose parts differ in mean and spread, with gamma and beta.

    Options: the lengths `n`, `d`, or of images `n`, `c`, `h`, `w`; `groups`; `offset` is added to x, `spread`
    multiplies it ("very different": each sample another one), `constant` makes the first sample one number; `gamma`
    "ones" or "any sign" (one negative, one zero), `beta` "zeros"; `eps` None: not passed.
    """
    shape = [case.get(axis) for axis in ("n", "d", "c", "h", "w") if case.get(axis)]
    n, d = shape[:2]
    spread = case.get("spread", 1.0)
    spread = np.logspace(-3, 3, n) if spread == "very different" else spread * np.ones(n)
    lay = (n, 1) if len(shape) == 2 else (n, d, 1, 1)
    x = rng.standard_normal(shape) * rng.uniform(1.0, 2.0, lay) + rng.uniform(-1.0, 1.0, lay)
    x = x * spread.reshape(n, *[1] * (len(shape) - 1)) + case.get("offset", 0.0)
    if case.get("constant"):
        x[0] = 3.0
    gamma, beta = draw_affine(rng, d, case.get("gamma"))
    if case.get("beta") == "zeros":
        beta = np.zeros(d)
    positional = {"x": x, "gamma": gamma, "beta": beta}
    if case.get("groups"):
        positional["groups"] = case.get("groups")
    eps = case.get("eps", 1e-5)
    return positional, {} if eps is None else {"eps": eps}


def gradient_scale(x, gamma, beta, dout, groups, eps=1e-5):
    """What rounding in the gradients is relative to, part by part.

    As in BatchNorm, dx is what is left when two projections are taken away, and may be nothing at all; dgamma and dbeta
    are sums that may cancel.
    """
    parts = x.astype(np.float64).reshape(len(x), groups, -1)
    std = np.sqrt(parts.var(-1, keepdims=True) + eps)
    x_hat = ((parts - parts.mean(-1, keepdims=True)) / std).reshape(x.shape)
    dout = dout.astype(np.float64)
    largest = np.abs(dout).reshape(parts.shape).max(-1, keepdims=True) * max(1.0, np.abs(gamma).max()) / std
    axes = (0, *range(2, x.ndim))
    total = np.abs(dout).sum(axes)
    return {
        "dx": np.broadcast_to(largest, parts.shape).reshape(x.shape),
        "dgamma": np.maximum(np.abs(dout * x_hat).sum(axes), 1e-3 * total),
        "dbeta": total,
    }
