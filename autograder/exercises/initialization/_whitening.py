"""What the two whitenings share: drawn data, their principal axes in torch and NumPy, and sentences.

The spectrum of what is drawn is exact and well separated: only then are the principal axes, their signs apart, a matter
of the data and not of rounding.
"""

import numpy as np
import torch


def draw(rng, case):
    """Centred scores of exactly the wanted variances, turned, and moved.

    Options: `n`, `d`; `largest`, `smallest` variance; `offset`; `constant`: one feature that never changes.
    """
    n, d = case.get("n"), case.get("d")
    free = d - bool(case.get("constant"))
    rank = min(n - 1, free)
    scores = rng.standard_normal((n, rank))
    scores = np.sqrt(n) * np.linalg.qr(scores - scores.mean(axis=0))[0]
    variances = np.geomspace(case.get("largest", 9.0), case.get("smallest", 0.25), max(rank, 2))[:rank]
    axes = np.linalg.qr(rng.standard_normal((free, free)))[0][:, :rank]
    x = scores * np.sqrt(variances) @ axes.T
    mean = rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d) + case.get("offset", 0.0)
    if case.get("constant"):
        x = np.insert(x, 1, 0.0, axis=1)
        mean[1] = 3.0
    eps = case.get("eps", 1e-5)
    return {"x": x + mean}, {} if eps is None else {"eps": eps}


def reference(x, eps=1e-5):
    """The centred data, the variances in decreasing order, and the axes in the columns."""
    xc = x - x.mean(dim=0)
    variances, axes = torch.linalg.eigh(xc.T @ xc / len(x))
    return xc, variances.flip(0), axes.flip(1)


def axes_of(x, *, centred=True, ddof=0, decreasing=True):
    """The same in NumPy, for the mistakes."""
    z = x - x.mean(axis=0) if centred else x
    with np.errstate(all="ignore"):
        covariance = z.T @ z / float(len(x) - ddof)
    covariance = np.where(np.isfinite(covariance), covariance, 0.0)
    variances, axes = np.linalg.eigh(covariance)
    return (variances[::-1], axes[:, ::-1]) if decreasing else (variances, axes)


def centre(x):
    return x - x.mean(axis=0)


SENTENCES = {
    "no_centring": "The mean is not taken away everywhere: a covariance is that of x minus its mean, and it is the centred x "
    "that is turned and scaled.",
    "divides_by_lambda": "The axes are divided by the variance lambda. It is the standard deviation that becomes 1: divide by "
    "sqrt(lambda + eps).",
    "multiplies_by_root": "The axes are multiplied by sqrt(lambda + eps), which stretches what is long already. Divide.",
    "eps_outside_root": "`eps` is added to sqrt(lambda). It belongs to lambda, inside the root: sqrt(lambda + eps).",
    "eps_missing": "`eps` is not used. Data without spread in some direction (more features than samples, a constant one) "
    "have lambda = 0 there: divide by sqrt(lambda + eps).",
    "eps_as_floor": "`eps` is the least value of lambda here. It is added to each: sqrt(lambda + eps).",
    "default_eps": "The default of `eps` is not 1e-5.",
    "ddof": "The covariance divides by N - 1, as np.cov does by itself. Asked for here is the mean over the N samples.",
    "sum_for_mean": "The covariance is not divided by N: xc.T @ xc is a sum over the samples.",
    "mean_added_back": "The mean is added again in the end. Whitened data have mean 0.",
    "not_scaled": "The variances are not made 1: divide each principal axis by sqrt(lambda + eps).",
    "one_pass_covariance": "E[x x^T] - mean mean^T loses its digits when x has a large offset. Subtract the mean first.",
    "correlation": "The features are standardised first, so the correlation is whitened. Use the covariance of x as it is.",
}
