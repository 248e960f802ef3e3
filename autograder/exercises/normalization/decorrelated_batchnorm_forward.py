"""decorrelated_batchnorm_forward: batch normalization that takes the correlations away too.

x_hat = xc (S + eps I)^(-1/2), S = xc^T xc / N, the symmetric root (ZCA), out = gamma x_hat + beta (Huang et al. 2018,
section 3; lecture 004 writes Cov^(-1/2)). Reference: torch.linalg.eigh; scipy.linalg.sqrtm agrees, in the tests.
"""

import numpy as np

from autograder.exercises.batchnorm._slips import AFFINE, DEFAULT_EPS
from autograder.exercises.normalization._slips import AFFINE_FIRST
from autograder.exercises.normalization._whitening import draw, reference
from autograder.judge import Case, Function, alternative, slips

EXERCISE = Function(
    draw=draw,
    reference=lambda x, gamma, beta, eps=1e-5: (reference(x, gamma, beta, eps), None),
    returns=("out", None),
    section="8 · Round clouds",
    typical={"n": 12, "d": 4, "gamma": "any sign"},
    sizes={"n": "samples", "d": "features"},
    least={"n": 2},
    # Where nothing varies, 1/sqrt(eps) multiplies what rounding leaves, and of features of very different size the
    # small ones are known to the rounding of the large ones.
    standard=("float32", "shapes", "layout", "ties", "inputs", "again"),
    scale=lambda x, gamma, beta, eps=1e-5: {"out": max(1.0, np.abs(gamma).max())},
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=12, d=3, gamma="ones", beta="zeros", weight=2),
        Case("with a scale and a shift", n=20, d=4, weight=2),
        Case("negative gamma, zero gamma", n=16, d=4, gamma="any sign", weight=2),
        Case("as many samples as features", n=5, d=5, gamma="any sign"),
        Case("more features than samples", n=4, d=7, eps=1e-3),
        Case("a large eps shows where it stands", n=12, d=3, eps=0.5, weight=2),
        Case("the default eps is 1e-5", n=12, d=3, eps=None, spread=1e-2),
        Case("all features are one", n=8, d=3, same=True, eps=1e-3),
        Case("a large offset, x + 1e4", n=16, d=3, offset=1e4, rounding=True),
    ],
)


def right(x, gamma, beta, *, eps=1e-5):
    n = len(x)
    mean = x.mean(axis=0)
    centred = x - mean
    cov = centred.T @ centred / n
    lam, U = np.linalg.eigh(cov)
    r = np.sqrt(lam + eps)
    x_hat = centred @ (U / r @ U.T)
    out = gamma * x_hat + beta
    return out, (centred, U, r, x_hat, gamma)


MISTAKES = slips("""
not_rotated_back (core): centred @ (U / r @ U.T) -> centred @ (U / r)
    or centred @ (U / r @ U.T) -> centred @ (U / r)[:, ::-1]
    The data are left in their principal axes: that is PCA whitening, whose features change places from batch to batch.
    Turn them back with `@ U.T`.

cholesky (core):
    np.sqrt(lam + eps) -> np.linalg.cholesky(cov + eps * np.eye(len(cov), dtype=x.dtype))
    centred @ (U / r @ U.T) -> np.linalg.solve(r, centred.T).T
    The covariance becomes 1, but by another root, Cholesky's triangular one. Asked for is the symmetric one,
    U / sqrt(lambda + eps) U.T.

only_the_diagonal (core): centred @ (U / r @ U.T) -> centred / np.sqrt(np.diag(cov) + eps)
    Each feature is divided by its own deviation, and they still go together: that is BatchNorm. Take the whole
    covariance's inverse root.

not_whitened (core): centred @ (U / r @ U.T) -> centred
    x is centred and no more: multiply by (S + eps I)^(-1/2).

divided_by_eigenvalues: np.sqrt(lam + eps) -> lam + eps
    The division is by the eigenvalues, which are variances. Divide by their roots: the exponent is -1/2.

sample_covariance (detail): centred.T @ centred / n -> centred.T @ centred / (n - 1)
    The covariance is divided by N - 1. It is the batch's own, biased one: divide by N.
not_divided_by_n: centred.T @ centred / n -> centred.T @ centred
    The covariance is not divided by N.

not_centred: x - mean -> x
    x is not centred: the covariance is about the mean, and the mean is taken away.
mean_added_back: gamma * x_hat + beta -> gamma * (x_hat + mean) + beta
    The mean is added again. It stays away: beta shifts instead.
transposed_axes: U / r @ U.T -> U.T / r @ U
    U and U.T have changed places: np.linalg.eigh gives the axes in the *columns* of U.

eps_outside_root (detail): np.sqrt(lam + eps) -> np.sqrt(np.maximum(lam, 0)) + eps
    `eps` is added to the root. It belongs to the variances, inside: sqrt(lambda + eps).
eps_missing: np.sqrt(lam + eps) -> np.sqrt(np.maximum(lam, 1e-12))
    `eps` is not used: where nothing varies, this divides by 0, or nearly. Divide by sqrt(lambda + eps).
eps_ignored (detail): np.sqrt(lam + eps) -> np.sqrt(lam + 1e-5)
    A fixed 1e-5 stands where `eps` should: the caller may pass another one.
eps_as_floor (detail): np.sqrt(lam + eps) -> np.sqrt(np.maximum(lam, eps))
    `eps` is a lower bound here. It is added to the variances: sqrt(lambda + eps).

in_place (detail): centred = x - mean -> x -= mean; centred = x
    `x -= ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*AFFINE, *AFFINE_FIRST, *DEFAULT_EPS]


@alternative
def by_singular_values(x, gamma, beta, *, eps=1e-5):
    centred = x - x.mean(axis=0, keepdims=True)
    P, S, Vt = np.linalg.svd(centred, full_matrices=False)
    return gamma * ((P * (S / np.sqrt(S**2 / len(x) + eps))) @ Vt) + beta, None


@alternative
def axis_by_axis(x, gamma, beta, *, eps=1e-5):
    centred = x - np.mean(x, axis=0)
    x_hat = np.zeros_like(centred)
    variances, axes = np.linalg.eigh(np.einsum("ni,nj->ij", centred, centred) / x.shape[0])
    for value, u in zip(variances, axes.T, strict=True):
        x_hat += np.outer(centred @ u, u) / np.sqrt(value + eps)
    return [x_hat * gamma + beta, {"axes": axes}]


HINTS = [
    "BatchNorm makes each feature's variance 1; here the whole covariance becomes the identity. You wrote the matrix "
    "that does it in 06: `zca_whiten`.",
    "Centre, covariance over N, `np.linalg.eigh`, then the symmetric inverse root U / sqrt(lam + eps) U.T; gamma and "
    "beta as ever. The backward will want the centred x, U, the roots, x_hat and gamma.",
    "`lam, U = np.linalg.eigh(centred.T @ centred / n)`, `r = np.sqrt(lam + eps)`, `x_hat = centred @ (U / r @ "
    "U.T)`, `out = gamma * x_hat + beta`.",
]
