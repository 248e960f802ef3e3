"""decorrelated_batchnorm_backward: gradients through the inverse root of a covariance.

With r = sqrt(lambda + eps), dW = xc^T dx_hat made symmetric: dS = U [-(U^T dW U)_ij / (r_i r_j (r_i + r_j))] U^T,
dxc = dx_hat W + 2 xc dS / N, dx = dxc - mean(dxc) (Huang et al. 2018, appendix A, in the form of Higham 2008, section
3.2, which no gap between eigenvalues divides). Reference: autograd through torch.linalg.eigh, at eigenvalues apart.
"""

import numpy as np

from autograder.exercises.normalization import decorrelated_batchnorm_forward
from autograder.exercises.normalization._whitening import draw, reference
from autograder.judge import Case, Layer, alternative, slips


def scale(x, gamma, beta, dout, eps=1e-5):
    """What reaches x is divided by the smallest root; dgamma and dbeta are sums that may cancel."""
    x, dout = x.astype(np.float64), dout.astype(np.float64)
    smallest = np.linalg.eigvalsh(np.cov(x.T, bias=True).reshape(x.shape[1], -1))[0]
    total = np.abs(dout).sum(axis=0)
    largest = np.abs(dout).max() * max(1.0, np.abs(gamma).max())
    return {"dx": largest / np.sqrt(max(smallest, 0) + eps), "dgamma": total, "dbeta": total}


EXERCISE = Layer(
    functions=("decorrelated_batchnorm_forward", "decorrelated_batchnorm_backward"),
    draw=draw,
    reference=reference,
    gradients=("x", "gamma", "beta"),
    scale=scale,
    section="8 · Round clouds",
    typical={"n": 12, "d": 4, "gamma": "any sign", "apart": True},
    forms=[{"n": 5, "d": 4}, {"n": 2, "d": 1}, {"n": 12, "d": 1}, {"n": 3, "d": 2}],
    # More samples than features, as for the forward; PyTorch's eigh has no gradient where eigenvalues are equal.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=8, d=2, gamma="ones", beta="zeros", apart=True, weight=2),
        Case("with a scale and a shift", n=12, d=3, apart=True, weight=2),
        Case("negative gamma, zero gamma", n=12, d=4, gamma="any sign", apart=True, weight=2),
        Case("a batch of 64", n=64, d=4, apart=True),
        Case("the default eps", n=12, d=3, eps=None, spread=1e-2, apart=True),
        Case("a large eps, 0.5", n=12, d=3, eps=0.5, apart=True, weight=2),
    ],
)


def backward(dout, cache):
    centred, U, r, x_hat, gamma = cache
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    dW = centred.T @ dx_hat
    dW = (dW + dW.T) / 2
    turned = U.T @ dW @ U / (r[:, None] * r * (r[:, None] + r))
    dS = -U @ turned @ U.T
    dcentred = dx_hat @ (U / r @ U.T) + 2 * centred @ dS / len(dout)
    dx = dcentred - dcentred.mean(axis=0)
    return dx, dgamma, dbeta


forward = decorrelated_batchnorm_forward.right
right = forward, backward

MISTAKES = slips("""
constant_matrix (core):
    dx_hat @ (U / r @ U.T) + 2 * centred @ dS / len(dout) -> dx_hat @ (U / r @ U.T)
    The whitening matrix is treated as a constant. It is made of the covariance, which every sample moves: a second road
    leads through dS.

covariance_without_two: 2 * centred @ dS -> centred @ dS
    The road through the covariance is half as strong as it should be: centred stands in it twice.
covariance_not_averaged: 2 * centred @ dS / len(dout) -> 2 * centred @ dS
    1/N is missing in the road through the covariance, which is a mean.
covariance_sign: 2 * centred @ dS / len(dout) -> -2 * centred @ dS / len(dout)
    The road through the covariance has the wrong sign: a larger covariance makes x_hat smaller.
constant_mean: dcentred - dcentred.mean(axis=0) -> dcentred
    The mean is treated as a constant: each column of dx must sum to 0.
mean_over_features: dcentred.mean(axis=0) -> dcentred.mean(axis=1, keepdims=True)
    The mean is taken away over the features. The forward's went over the samples, `axis=0`.
not_symmetric: (dW + dW.T) / 2 -> dW
    dW is not made symmetric. The root of a symmetric matrix moves among symmetric ones alone: (dW + dW.T) / 2.
symmetric_without_half: (dW + dW.T) / 2 -> dW + dW.T
    dW + dW.T is twice the symmetric part: the half is missing.

only_the_eigenvalues: U.T @ dW @ U -> np.diag(np.diag(U.T @ dW @ U))
    or r[:, None] * r * (r[:, None] + r) -> np.where(np.eye(len(r)) > 0, r[:, None] * r * (r[:, None] + r), np.inf)
    Only the eigenvalues move, the axes stand still: take all of U^T dW U, not its diagonal alone.

not_turned_back: -U @ turned @ U.T -> -turned
    dS stays in the principal axes: turn it back, U (...) U^T.
turned_the_other_way: U.T @ dW @ U -> U @ dW @ U.T
    U and U.T have changed places on the way into the principal axes: U^T dW U.

wrong_weights: r[:, None] * r * (r[:, None] + r) -> r[:, None] * r
    or r[:, None] * r * (r[:, None] + r) -> r[:, None] + r
    or r[:, None] * r * (r[:, None] + r) -> r[:, None] ** 2 * r**2 * (r[:, None] + r)
    dS is divided by other powers of the roots: r_i r_j (r_i + r_j) for its entry i, j.

gamma_forgotten: dout * gamma -> dout
    gamma is missing in dx: the chain goes through it first, dx_hat = dout * gamma.
gamma_forgotten_on_a_road: centred.T @ dx_hat -> centred.T @ dout
    or dx_hat @ (U / r @ U.T) -> dout @ (U / r @ U.T)
    One of the two roads starts from dout. Both start from dx_hat = dout * gamma.

only_the_diagonal: dx_hat @ (U / r @ U.T) -> dx_hat / r
    The direct road divides by the roots alone. It is the whole symmetric matrix that x was multiplied by,
    U / r U^T.

averaged_gradients: return dx, dgamma, dbeta -> return dx, dgamma / len(dout), dbeta / len(dout)
    dgamma and dbeta are averaged. All samples use the same gamma and beta, so their contributions add up.
keepdims (detail): (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=0, keepdims=True)
    or dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    or return dx, dgamma, dbeta -> return dx, dgamma[None], dbeta[None]
    A gradient keeps an axis of length 1. It has the shape of its parameter, (D,).

gamma_in_dgamma: return dx, dgamma, dbeta -> return dx, gamma * dgamma, dbeta
    or return dx, dgamma, dbeta -> return dx, gamma * dgamma, gamma * dbeta
    gamma is a factor of its own gradient. dgamma and dbeta are sums of dout, not of dx_hat = dout * gamma.

order_swapped: return dx, dgamma, dbeta -> return dx, dbeta, dgamma
    or return dx, dgamma, dbeta -> return dgamma, dbeta, dx
    The gradients come back in another order than asked for: dx, dgamma, dbeta.

eps_forgotten: (centred, U, r, x_hat, gamma) -> (centred, U, np.sqrt(np.maximum(lam, 1e-12)), x_hat, gamma)
    The forward's roots are of lambda + eps, the backward's of lambda: keep those that the forward used in the cache.
in_place (detail): dx_hat = dout * gamma -> dout *= gamma; dx_hat = dout
    `dout *= ...` writes into the caller's array. Make a new one.
""")


@alternative
def by_the_eigenvectors(dout, cache):
    """As autograd goes: gradients of eigenvectors and eigenvalues, with the gaps between them."""
    centred, U, r, x_hat, gamma = cache
    g = dout * gamma
    dW = centred.T @ g
    lam = (r * r).astype(np.float64)
    gaps = lam - lam[:, None]
    with np.errstate(divide="ignore"):
        inverse = np.where(np.eye(len(lam)) > 0, 0.0, 1 / gaps)
    dU = (dW + dW.T) @ U / r
    dlam = -0.5 * np.einsum("ij,ik,kj->j", U, dW, U) / r**3
    dS = U @ (np.diag(dlam) + inverse * (U.T @ dU)) @ U.T
    dS = ((dS + dS.T) / 2).astype(dout.dtype)
    dx = g @ (U / r) @ U.T + 2 / len(g) * centred @ dS
    dx = dx - dx.mean(axis=0)
    return [dx.astype(dout.dtype), (dout * x_hat).sum(0), dout.sum(0)]


@alternative
def entry_by_entry(dout, cache):
    centred, U, r, x_hat, gamma = cache
    n, d = dout.shape
    g = dout * gamma
    part = U.T @ (centred.T @ g) @ U
    dS = np.zeros_like(part)
    for i in range(d):
        for j in range(d):
            dS[i, j] = -(part[i, j] + part[j, i]) / 2 / (r[i] * r[j] * (r[i] + r[j]))
    dS = U @ dS @ U.T
    dx = g @ U @ np.diag(1 / r) @ U.T + (centred @ dS + centred @ dS.T) / n
    return dx - np.ones((n, 1), dout.dtype) * dx.mean(0), np.einsum("nd,nd->d", dout, x_hat), np.add.reduce(dout)


HINTS = [
    "x_hat = xc W, and W is made of xc too: two roads. For the second, find the gradient of W, then of the "
    "covariance S.",
    "dW = xc^T dx_hat, made symmetric. In the axes of U the inverse root is entry by entry: divide U^T dW U by -r_i "
    "r_j (r_i + r_j) and turn it back. S = xc^T xc / N gives 2 xc dS / N; centring at the end takes a mean away.",
    "`dW = centred.T @ dx_hat`, `dW = (dW + dW.T) / 2`, `dS = -U @ (U.T @ dW @ U / (r[:, None] * r * (r[:, None] + "
    "r))) @ U.T`, `dc = dx_hat @ (U / r @ U.T) + 2 * centred @ dS / n`, `dx = dc - dc.mean(axis=0)`.",
]
