"""batchnorm_backward: gradients of batch normalization, staged along the graph.

dout -> dx_hat -> dvar -> dmean -> dx, and dgamma, dbeta as sums over the batch (Ioffe and Szegedy 2015, section 3;
lecture 004). Reference: autograd through torch.nn.functional.batch_norm(training=True).
"""

import numpy as np

from autograder.exercises.batchnorm._batches import backward, draw, forward, gradient_scale, reference
from autograder.judge import Case, Layer, Mistake


def forward_ddof_one(x, gamma, beta, *, eps=1e-5):
    centred = x - x.mean(0)
    std = np.sqrt(x.var(0, ddof=1) + eps)
    return gamma * centred / std + beta, (x, centred, centred / std, std, gamma)


def forward_keeping_var(x, gamma, beta, *, eps=1e-5):
    out, (x, centred, x_hat, _, gamma) = forward(x, gamma, beta, eps=eps)
    return out, (x, centred, x_hat, np.sqrt((centred**2).mean(0)), gamma)


def staged(dx_hat, cache, *, by_var=1.0, by_mean=1.0, power=3):
    """dx from dx_hat, with the three roads weighed."""
    _, centred, _, std, _ = cache
    n = len(dx_hat)
    dvar = -0.5 * (dx_hat * centred).sum(0) / std**power
    dmean = -(dx_hat / std).sum(0)
    return dx_hat / std + by_var * 2 * centred * dvar / n + by_mean * dmean / n


def no_mean_branch(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_mean=0), dgamma, dbeta


def no_variance_branch(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_var=0), dgamma, dbeta


def constant_statistics(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_var=0, by_mean=0), dgamma, dbeta


def variance_sign(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_var=-1), dgamma, dbeta


def mean_sign(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_mean=-1), dgamma, dbeta


def variance_factor_two(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_var=0.5), dgamma, dbeta


def variance_power(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, power=1), dgamma, dbeta


def branches_not_divided(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout * cache[4], cache, by_var=len(dout), by_mean=len(dout)), dgamma, dbeta


def gamma_forgotten(dout, cache):
    _, dgamma, dbeta = backward(dout, cache)
    return staged(dout, cache), dgamma, dbeta


def averaged(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma / len(dout), dbeta / len(dout)


def averaged_dgamma(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma / len(dout), dbeta


def keepdims(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dgamma[None], dbeta[None]


def dgamma_with_x(dout, cache):
    dx, _, dbeta = backward(dout, cache)
    return dx, (dout * cache[0]).sum(0), dbeta


def dgamma_with_centred(dout, cache):
    dx, _, dbeta = backward(dout, cache)
    return dx, (dout * cache[1]).sum(0), dbeta


def order_swapped(dout, cache):
    dx, dgamma, dbeta = backward(dout, cache)
    return dx, dbeta, dgamma


def not_summed(dout, cache):
    dx, _, _ = backward(dout, cache)
    return dx, dout * cache[2], dout


def in_place(dout, cache):
    _, centred, x_hat, std, gamma = cache
    n, dgamma, dbeta = len(dout), (dout * x_hat).sum(0), dout.sum(0)
    dout *= gamma
    dvar = -0.5 * (dout * centred).sum(0) / std**3
    return dout / std + 2 * centred * dvar / n - (dout / std).mean(0), dgamma, dbeta


def cached_graph(x, gamma, beta, *, eps=1e-5):
    n = len(x)
    mu = 1.0 / n * np.sum(x, axis=0)
    xmu = x - mu
    var = 1.0 / n * np.sum(xmu**2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    return gamma * xhat + beta, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)


def graph_backward(dout, cache):
    """Gate by gate, the sums undone by a matrix of ones."""
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    n, d = dout.shape
    ones = np.ones((n, d), dtype=dout.dtype)
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / n * ones * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / n * ones * dmu
    return dx1 + dx2, dgamma, dbeta


def cached_inputs(x, gamma, beta, *, eps=1e-5):
    return forward(x, gamma, beta, eps=eps)[0], {"x": x, "gamma": gamma, "eps": eps}


def with_jacobians(dout, cache):
    """The whole (N, N) Jacobian of each feature; everything computed again from x."""
    x, gamma, eps = cache["x"], cache["gamma"], cache["eps"]
    n, d = x.shape
    dx = np.zeros_like(x)
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    identity = np.eye(n, dtype=x.dtype)
    for j in range(d):
        std = np.sqrt(np.var(x[:, j]) + eps)
        x_hat = (x[:, j] - np.mean(x[:, j])) / std
        jacobian = gamma[j] / std * (identity - 1 / n - np.outer(x_hat, x_hat) / n)
        dx[:, j] = jacobian.T @ dout[:, j]
        dgamma[j], dbeta[j] = dout[:, j] @ x_hat, dout[:, j].sum()
    return [dx, dgamma, dbeta]


def cached_closure(x, gamma, beta, *, eps=1e-5):
    out, cache = forward(x, gamma, beta, eps=eps)
    return [out, lambda dout: three_roads(dout, cache)]


def three_roads(dout, cache):
    _, centred, x_hat, std, gamma = cache
    dx_hat = np.einsum("nd,d->nd", dout, gamma)
    dvar = np.einsum("nd,nd->d", dx_hat, centred)[None] * -0.5 * std**-3
    direct = dx_hat / std
    dmean = -direct.sum(axis=0, keepdims=True) - 2 * dvar * centred.mean(axis=0, keepdims=True)
    dgamma = np.einsum("nd,nd->d", dout, x_hat)
    return direct + (2 * centred * dvar + dmean) / dout.shape[0], dgamma, np.add.reduce(dout)


def call_the_closure(dout, cache):
    return cache(dout)


def cached_list(x, gamma, beta, *, eps=1e-5):
    mean, var = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, [x_hat, (var + eps) ** 0.5, gamma]


def squeezed(dout, cache):
    """keepdims inside, squeezed at the end; centring as a projection, done twice."""
    x_hat, std, gamma = cache
    g = dout * gamma / std
    dx = g - g.mean(axis=0, keepdims=True)
    dx = dx - x_hat * (g * x_hat).mean(axis=0, keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)
    return dx, dgamma.squeeze(0), np.sum(dout, axis=0, keepdims=True).squeeze(0)


SECTION = "4 · Backward, node by node"

EXERCISE = Layer(
    functions=("batchnorm_forward", "batchnorm_backward"),
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
            "mean_branch_missing",
            (forward, no_mean_branch),
            "The road through the mean is missing: every x_i moves the mean, and with it all of x_hat. Add dmean / N; "
            "each column of dx must sum to 0.",
            SECTION,
        ),
        Mistake(
            "variance_branch_missing",
            (forward, no_variance_branch),
            "The road through the variance is missing: every x_i changes the spread that all of the column is divided by. "
            "Add 2 (x_i - mean) / N * dvar.",
            SECTION,
        ),
        Mistake(
            "constant_statistics",
            (forward, constant_statistics),
            "Mean and variance are treated as constants: dx is dout * gamma / std. They depend on x, so two more roads "
            "lead from x to the loss.",
            SECTION,
        ),
        Mistake(
            "averaged_gradients",
            (forward, averaged),
            "dgamma and dbeta are averaged over the batch. Every sample uses the same gamma and beta, so their "
            "contributions add up; a 1/N, if there is one, comes with dout from the loss.",
            SECTION,
        ),
        Mistake(
            "averaged_dgamma",
            (forward, averaged_dgamma),
            "dgamma is averaged over the batch. Every sample uses the same gamma: sum its contributions.",
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
            "not_summed",
            (forward, not_summed),
            "dgamma and dbeta have one row for each sample. gamma and beta serve the whole batch: sum over the samples.",
            SECTION,
        ),
        Mistake(
            "dgamma_with_x",
            (forward, dgamma_with_x),
            "dgamma multiplies dout by x. What gamma was multiplied by is x_hat.",
            SECTION,
        ),
        Mistake(
            "dgamma_with_centred",
            (forward, dgamma_with_centred),
            "dgamma multiplies dout by x - mean, before the division. What gamma was multiplied by is x_hat.",
            SECTION,
        ),
        Mistake(
            "order_swapped",
            (forward, order_swapped),
            "dgamma and dbeta come back in the wrong order: dx, dgamma, dbeta.",
            SECTION,
        ),
        Mistake(
            "gamma_forgotten",
            (forward, gamma_forgotten),
            "dx is computed from dout. The chain goes through gamma first: dx_hat = dout * gamma.",
            SECTION,
        ),
        Mistake(
            "variance_sign",
            (forward, variance_sign),
            "The road through the variance has the wrong sign: a larger variance makes x_hat smaller, "
            "dvar = -1/2 (var + eps)^(-3/2) * ...",
            SECTION,
        ),
        Mistake(
            "mean_sign",
            (forward, mean_sign),
            "The road through the mean has the wrong sign: the mean is subtracted, so dmean = -sum(dx_hat / std).",
            SECTION,
        ),
        Mistake(
            "variance_factor_two",
            (forward, variance_factor_two),
            "The road through the variance is half as strong as it should be: the square's derivative is 2 (x_i - mean) / N.",
            SECTION,
        ),
        Mistake(
            "variance_power",
            (forward, variance_power),
            "The exponent in dvar is off: the derivative of (var + eps)^(-1/2) is -1/2 (var + eps)^(-3/2), which is "
            "divided by std cubed.",
            SECTION,
        ),
        Mistake(
            "branches_not_divided",
            (forward, branches_not_divided),
            "1/N is missing where dmean and dvar reach x: each x_i is one N-th of the mean and of the variance.",
            SECTION,
        ),
        Mistake(
            "eps_forgotten",
            (forward_keeping_var, backward),
            "The forward divides by sqrt(var + eps), the backward by sqrt(var): a constant feature gives nan. Keep the std "
            "that the forward used in the cache.",
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
            "in_place",
            (forward, in_place),
            "`dout *= ...` writes into the caller's array. Make a new one.",
            SECTION,
        ),
    ],
    alternatives=[
        (cached_graph, graph_backward),
        (cached_inputs, with_jacobians),
        (cached_closure, call_the_closure),
        (cached_list, squeezed),
    ],
    hints=[
        "Draw the graph: x goes into the mean, into the variance (through x - mean), and into x_hat directly. How many "
        "roads lead from one x_i to the loss?",
        "Walk back one node at a time, each gradient with the shape of its node: dx_hat (N, D), dvar (D,), dmean (D,), "
        "dx (N, D). Where the forward summed over the batch, the gradient goes to all N samples; where it broadcast, sum.",
        "`dx_hat = dout * gamma`; `dvar = -0.5 * (dx_hat * centred).sum(axis=0) / std**3`; "
        "`dmean = -(dx_hat / std).sum(axis=0)`; `dx = dx_hat / std + 2 * centred * dvar / n + dmean / n`.",
    ],
)
