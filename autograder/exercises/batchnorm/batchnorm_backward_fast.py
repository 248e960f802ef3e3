"""batchnorm_backward_fast: gradients of batch normalization in closed form.

dx = gamma / sqrt(var + eps) * (dout - dbeta / N - x_hat * dgamma / N): what is left of dout when its mean and its part
along x_hat are taken away. The same gradients as batchnorm_backward. Reference: autograd through
torch.nn.functional.batch_norm(training=True). Speed is shown in the notebook and not graded.
"""

import numpy as np

from autograder.exercises.batchnorm._batches import backward, draw, forward, gradient_scale, reference
from autograder.judge import Case, Layer, Mistake


def sums(dout, cache):
    return (dout * cache[2]).sum(0), dout.sum(0), len(dout)


def n_missing(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, _ = sums(dout, cache)
    return gamma / std * (dout - dbeta - x_hat * dgamma), dgamma, dbeta


def times_n(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (n * dout - dbeta - x_hat * dgamma), dgamma, dbeta


def n_minus_one(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - dbeta / n - x_hat * dgamma / (n - 1)), dgamma, dbeta


def both_n_minus_one(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - dbeta / (n - 1) - x_hat * dgamma / (n - 1)), dgamma, dbeta


def forward_two_variances(x, gamma, beta, *, eps=1e-5):
    out, (x, centred, x_hat, _, gamma) = forward(x, gamma, beta, eps=eps)
    return out, (x, centred, x_hat, np.sqrt(x.var(0, ddof=1) + eps), gamma)


def forward_ddof_one(x, gamma, beta, *, eps=1e-5):
    centred = x - x.mean(0)
    std = np.sqrt(x.var(0, ddof=1) + eps)
    return gamma * centred / std + beta, (x, centred, centred / std, std, gamma)


def divided_by_features(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, _ = sums(dout, cache)
    d = dout.shape[1]
    return gamma / std * (dout - dbeta / d - x_hat * dgamma / d), dgamma, dbeta


def dbeta_forgotten(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - x_hat * dgamma / n), dgamma, dbeta


def dgamma_forgotten(dout, cache):
    _, _, _, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - dbeta / n), dgamma, dbeta


def constant_statistics(dout, cache):
    _, _, _, std, gamma = cache
    dgamma, dbeta, _ = sums(dout, cache)
    return gamma / std * dout, dgamma, dbeta


def divided_by_variance(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx / cache[3], dgamma, dbeta


def centred_for_x_hat(dout, cache):
    _, centred, _, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - dbeta / n - centred * dgamma / n), dgamma, dbeta


def gamma_forgotten(dout, cache):
    _, _, x_hat, std, _ = cache
    dgamma, dbeta, n = sums(dout, cache)
    return (dout - dbeta / n - x_hat * dgamma / n) / std, dgamma, dbeta


def gamma_twice(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return cache[4] * dx, dgamma, dbeta


def plus_sign(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    return gamma / std * (dout - dbeta / n + x_hat * dgamma / n), dgamma, dbeta


def averaged(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma / len(dout), dbeta / len(dout)


def keepdims(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma[None], dbeta[None]


def order_swapped(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dbeta, dgamma


def in_place(dout, cache):
    _, _, x_hat, std, gamma = cache
    dgamma, dbeta, n = sums(dout, cache)
    dout -= dbeta / n + x_hat * dgamma / n
    dout *= gamma / std
    return dout, dgamma, dbeta


def cached_inverse(x, gamma, beta, *, eps=1e-5):
    inverse = 1 / np.sqrt(np.var(x, axis=0) + eps)
    x_hat = (x - np.mean(x, axis=0)) * inverse
    return x_hat * gamma + beta, {"x_hat": x_hat, "inverse": inverse, "gamma": gamma}


def n_in_front(dout, cache):
    """1/N taken out of the bracket."""
    x_hat, n = cache["x_hat"], dout.shape[0]
    dbeta, dgamma = np.sum(dout, axis=0), np.sum(x_hat * dout, axis=0)
    dx = (1.0 / n) * cache["gamma"] * cache["inverse"] * (n * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def cached_names(x, gamma, beta, *, eps=1e-5):
    out, (_, centred, x_hat, std, _) = forward(x, gamma, beta, eps=eps)
    return out, (x_hat, std[None], gamma[None], centred)


def two_projections(dout, cache):
    """The mean and the part along x_hat taken away one after the other."""
    x_hat, std, gamma, _ = cache
    rest = dout - dout.mean(axis=0, keepdims=True)
    rest = rest - x_hat * np.mean(rest * x_hat, axis=0, keepdims=True)
    dgamma = np.einsum("nd,nd->d", dout, x_hat)
    return (rest * gamma / std, dgamma, np.einsum("nd->d", dout))


def cached_inputs(x, gamma, beta, *, eps=1e-5):
    return forward(x, gamma, beta, eps=eps)[0], [x.copy(), gamma.copy(), beta, eps]


def forward_again(dout, cache):
    """Uses the forward once more, and loops over the features."""
    x, gamma, beta, eps = cache
    _, (_, _, x_hat, std, _) = forward(x, gamma, beta, eps=eps)
    columns = []
    for j in range(x.shape[1]):
        g = dout[:, j]
        columns.append(gamma[j] / std[j] * (g - g.mean() - x_hat[:, j] * (g @ x_hat[:, j]) / len(g)))
    return [np.stack(columns, axis=1), (dout * x_hat).sum(0), dout.T.sum(1)]


SECTION = "5 · Backward, in one line"

EXERCISE = Layer(
    functions=("batchnorm_forward", "batchnorm_backward_fast"),
    draw=draw,
    reference=reference,
    gradients=("x", "gamma", "beta"),
    scale=gradient_scale,
    typical={"n": 6, "d": 4},
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=4, d=2, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=6, d=4),
        Case("negative gamma, zero gamma", n=6, d=3, gamma="any sign", weight=2),
        Case("a batch of 64", n=64, d=5),
        Case("two samples", n=2, d=4),
        Case("one feature", n=7, d=1),
        Case("the default eps", n=6, d=3, eps=None),
        Case("another eps, 1e-2", n=6, d=4, eps=1e-2, weight=2),
        Case("features of very different spread", n=10, d=5, spread="very different"),
        Case("a feature that is constant in the batch", n=6, d=3, constant=True),
        Case("a variance of 1e-10, far below eps", n=6, d=3, spread=1e-5),
        Case("a large offset, x + 1e4", n=8, d=4, offset=1e4),
    ],
    mistakes=[
        Mistake(
            "n_missing",
            (forward, n_missing),
            "The two sums are subtracted whole. Divide them by N: it is dout's *mean* that has no say.",
            SECTION,
        ),
        Mistake(
            "n_times_too_large",
            (forward, times_n),
            "dx is N times too large: with N * dout inside the bracket there must be a 1/N in front of it.",
            SECTION,
        ),
        Mistake(
            "divided_by_n_minus_one",
            (forward, n_minus_one),
            "The term with x_hat is divided by N - 1, which belongs to an unbiased variance. The forward normalizes with "
            "the biased one: N.",
            SECTION,
        ),
        Mistake(
            "both_divided_by_n_minus_one",
            (forward, both_n_minus_one),
            "Both sums are divided by N - 1. The forward's mean and its biased variance divide by N, and so must the "
            "backward.",
            SECTION,
        ),
        Mistake(
            "two_variances",
            (forward_two_variances, backward),
            "x_hat and the std in front of the bracket belong to different variances: one divides by N, the other by "
            "N - 1. Keep the std that the forward used (N) in the cache.",
            SECTION,
        ),
        Mistake(
            "ddof_one",
            (forward_ddof_one, backward),
            "The variance in your forward is divided by N - 1, so x_hat and everything after it is a little too small. "
            "BatchNorm normalizes with the biased variance: divide by N.",
            "1 · Make them so",
        ),
        Mistake(
            "divided_by_features",
            (forward, divided_by_features),
            "The sums are divided by the number of features D. They go over the samples: N is `dout.shape[0]`.",
            SECTION,
        ),
        Mistake(
            "dbeta_forgotten",
            (forward, dbeta_forgotten),
            "The mean of dout is not subtracted: dbeta / N is what the road through the mean has become. Each column of dx "
            "must sum to 0.",
            SECTION,
        ),
        Mistake(
            "dgamma_forgotten",
            (forward, dgamma_forgotten),
            "The part of dout along x_hat is not subtracted: x_hat * dgamma / N is what the road through the variance has "
            "become.",
            SECTION,
        ),
        Mistake(
            "constant_statistics",
            (forward, constant_statistics),
            "Both sums are missing: dx is dout * gamma / std, as if mean and variance did not depend on x.",
            SECTION,
        ),
        Mistake(
            "divided_by_variance",
            (forward, divided_by_variance),
            "The factor in front is gamma / (var + eps). One root is missing: gamma / sqrt(var + eps).",
            SECTION,
        ),
        Mistake(
            "centred_for_x_hat",
            (forward, centred_for_x_hat),
            "The last term multiplies dgamma by x - mean. It takes x_hat, which has been divided by std.",
            SECTION,
        ),
        Mistake("gamma_forgotten", (forward, gamma_forgotten), "gamma is missing in front of the bracket.", SECTION),
        Mistake(
            "gamma_twice",
            (forward, gamma_twice),
            "gamma is a factor twice. The bracket takes dout and its two sums; gamma stands in front of it, once.",
            SECTION,
        ),
        Mistake(
            "plus_sign",
            (forward, plus_sign),
            "The term with x_hat is added. Both terms take something away from dout: two minus signs.",
            SECTION,
        ),
        Mistake(
            "averaged_gradients",
            (forward, averaged),
            "dgamma and dbeta are averaged over the batch. Divide by N inside dx only; what is returned are the sums.",
            SECTION,
        ),
        Mistake(
            "keepdims",
            (forward, keepdims),
            "dgamma and dbeta have shape (1, D). A gradient has the shape of its parameter, (D,): sum over `axis=0` "
            "without `keepdims`.",
            SECTION,
        ),
        Mistake(
            "order_swapped",
            (forward, order_swapped),
            "dgamma and dbeta come back in the wrong order: dx, dgamma, dbeta.",
            SECTION,
        ),
        Mistake(
            "in_place",
            (forward, in_place),
            "`dout -= ...` writes into the caller's array. Make a new one.",
            SECTION,
        ),
    ],
    alternatives=[(cached_inverse, n_in_front), (cached_names, two_projections), (cached_inputs, forward_again)],
    hints=[
        "Which two changes of a column does normalization undo? dout in those two directions cannot matter.",
        "Compute dbeta and dgamma first. From dout, subtract its mean (dbeta / N) and its part along x_hat "
        "(x_hat * dgamma / N), then multiply by gamma / std.",
        "`dbeta = dout.sum(axis=0)`, `dgamma = (dout * x_hat).sum(axis=0)`, "
        "`dx = gamma / std * (dout - dbeta / n - x_hat * (dgamma / n))`.",
    ],
)
