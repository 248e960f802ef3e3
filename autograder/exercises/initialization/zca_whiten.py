"""zca_whiten: data whitened with as little change as possible.

out = xc U / sqrt(lambda + eps) U^T = xc (cov + eps I)^(-1/2) (Bell and Sejnowski 1997; lecture 004 writes the inverse
root of the covariance). Reference: torch.linalg.eigh.
"""

import numpy as np

from autograder.exercises.initialization import _whitening
from autograder.judge import Function, alternative, slips


def reference(x, eps=1e-5):
    scores, axes = _whitening.reference(x, eps)
    return scores @ axes.T


EXERCISE = Function(
    draw=_whitening.draw,
    reference=reference,
    returns=("out",),
    section="1 · Round data",
    # Whitened data are of size 1; zeros among them, as of a constant feature, are known to that size only.
    scale=lambda x, eps=1e-5: {"out": 1.0},
    sizes=_whitening.SIZES,
    typical=_whitening.TYPICAL,
    cases=_whitening.CASES,
)


def right(x, eps=1e-5):
    xc = x - x.mean(axis=0)
    cov = xc.T @ xc / len(x)
    lam, U = np.linalg.eigh(cov)
    return xc @ U / np.sqrt(lam + eps) @ U.T


MISTAKES = _whitening.WHITENING + slips("""
rotation_left_in (core): xc @ U / np.sqrt(lam + eps) @ U.T -> xc @ U / np.sqrt(lam + eps)
    or xc @ U / np.sqrt(lam + eps) @ U.T -> (xc @ U / np.sqrt(lam + eps))[:, ::-1]
    or np.linalg.eigh(cov) -> np.linalg.svd(cov)[1::-1]
    xc @ U / np.sqrt(lam + eps) @ U.T -> xc @ U / np.sqrt(lam + eps)
    The data are left in their principal axes: that is PCA whitening. Turn them back with `@ U.T`.

turned_twice: U.T -> U
    The data are turned by U a second time. The way back into the axes of x is `@ U.T`.

other_order_back: U.T -> U[:, ::-1].T
    On the way back the axes stand in another order than on the way in: pca_whiten puts the largest variance first,
    np.linalg.eigh last. Take the same U for both.

transposed_axes: xc @ U / np.sqrt(lam + eps) @ U.T -> xc @ U.T / np.sqrt(lam + eps) @ U
    U and U.T have changed places: np.linalg.eigh gives the axes in the *columns* of U, so it is
    xc @ U / sqrt(lambda + eps) @ U.T.

mean_added_back: xc @ U / np.sqrt(lam + eps) @ U.T -> xc @ U / np.sqrt(lam + eps) @ U.T + x.mean(axis=0)
    The mean is added again in the end. Whitened data have mean 0.
not_scaled (core): xc @ U / np.sqrt(lam + eps) @ U.T -> xc
    The variances are not made 1: divide each principal axis by sqrt(lambda + eps).
only_standardized (core): xc @ U / np.sqrt(lam + eps) @ U.T -> xc / np.sqrt(x.var(axis=0) + eps)
    Each feature has variance 1, but they still go together: take the covariance's axes, not the features.

another_whitening:
    np.linalg.eigh(cov) -> 1.0, np.linalg.cholesky(cov + eps * np.eye(len(cov)))
    xc @ U / np.sqrt(lam + eps) @ U.T -> np.linalg.solve(U, xc.T).T
    The covariance is 1, but by another way (Cholesky's): any whitening can be turned. ZCA's is the one with a symmetric
    matrix, U / sqrt(lambda + eps) U.T.

complex_numbers (detail): np.linalg.eigh(cov) -> np.linalg.eig(cov)
    Complex numbers come out: np.linalg.eig knows nothing of symmetry, and rounding makes eigenvalues of 0 complex. A
    covariance is symmetric: take np.linalg.eigh.
""")


@alternative
def by_svd_of_the_data(x, eps=1e-5):
    """x = P S V^T has the covariance V S^2 / N V^T; what V leaves out is zero."""
    xc = x - x.mean(axis=0, keepdims=True)
    P, S, Vt = np.linalg.svd(xc, full_matrices=False)
    return (P * (S / np.sqrt(S**2 / len(x) + eps))) @ Vt


@alternative
def axis_by_axis(x, eps=1e-5):
    xc = x - np.mean(x, axis=0)
    out = np.zeros_like(xc)
    variances, axes = np.linalg.eigh(np.einsum("ni,nj->ij", xc, xc) / x.shape[0])
    for value, u in zip(variances, axes.T, strict=True):
        out += np.outer(xc @ u, u) / np.sqrt(value + eps)
    return out


HINTS = [
    "PCA whitening turns the data into their principal axes and evens them out there. What is left to undo?",
    "A rotation U is undone by its transpose: after dividing by sqrt(lam + eps), multiply by `U.T` from the right. The "
    "order of the eigenvalues no longer matters.",
    "Of `pca_whiten` all but the last factor is there, and no order is needed. To test yours: with eps = 0, data that "
    "have the covariance I already come back as they were, centred.",
]
