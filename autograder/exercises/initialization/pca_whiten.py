"""pca_whiten: data in their principal axes, each with variance 1.

out = xc U / sqrt(lambda + eps), cov = U diag(lambda) U^T, lambda decreasing. The sign of each axis is free, so columns
are compared up to their signs. Reference: torch.linalg.eigh.
"""

import numpy as np

from autograder.exercises.initialization import _whitening
from autograder.judge import Function, alternative, slips
from autograder.worker.functions import signs_settled


def reference(x, eps=1e-5):
    return _whitening.reference(x, eps)[0]


class UpToSigns(Function):
    """A function whose result is a matrix with columns of either sign."""

    def _report(self, script, results, drawn, case, role, which=""):
        # Columns at right angles: each has a sure sign along their sum.
        direction = self.exact(drawn)[0].sum(axis=1)
        settled = script.call(script.named(signs_settled), results[0], direction)
        super()._report(script, [settled], drawn, case, role, which)

    def exact(self, drawn):
        # Whoever says the axes: the same signs.
        (out,) = super().exact(drawn)
        return [signs_settled(out, np.cos(np.arange(len(out))))]


EXERCISE = UpToSigns(
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
    lam, U = lam[::-1], U[:, ::-1]
    return xc @ U / np.sqrt(lam + eps)


MISTAKES = _whitening.WHITENING + slips("""
wrong_order: lam[::-1], U[:, ::-1] -> lam, U
    or np.linalg.eigh(cov) -> np.linalg.eig(cov)
    or np.linalg.eigh(cov) -> np.linalg.eig(cov)
    lam[::-1], U[:, ::-1] -> lam, U
    The axes come in another order: the largest variance is wanted first. np.linalg.eigh gives it last, np.linalg.eig
    anywhere. Reorder eigenvalues and columns of U together.

only_lambda_reversed: U[:, ::-1] -> U
    Only the eigenvalues are put in decreasing order, and each axis is divided by another one's root. Turn the columns
    of U round with them.

only_axes_reversed: lam[::-1] -> lam
    Only the columns of U are put in another order, and each axis is divided by another one's root. Turn the eigenvalues
    round with them.

rows_for_axes: xc @ U -> xc @ U.T
    or U[:, ::-1] -> U[::-1]
    or U[:, ::-1] -> U[::-1].T
    The rows of U are taken for the axes. np.linalg.eigh gives them in the *columns*: `U[:, k]` belongs to `lam[k]`, and
    the data in these axes are xc @ U.

rotated_back: xc @ U / np.sqrt(lam + eps) -> xc @ U / np.sqrt(lam + eps) @ U.T
    The data are turned back into the axes of x: that is ZCA whitening. PCA whitening stays in the principal axes.
mean_added_back: xc @ U / np.sqrt(lam + eps) -> xc @ U / np.sqrt(lam + eps) + x.mean(axis=0)
    The mean is added again in the end. Whitened data have mean 0.
not_scaled (core): xc @ U / np.sqrt(lam + eps) -> xc @ U
    The variances are not made 1: divide each principal axis by sqrt(lambda + eps).
not_turned (core): xc @ U / np.sqrt(lam + eps) -> xc / np.sqrt(x.var(axis=0) + eps)
    Each feature has variance 1, but they still go together: turn the data into their principal axes first, xc @ U.

axes_dropped (detail):
    np.linalg.eigh(cov) -> np.linalg.svd(xc, full_matrices=False)[1:]
    lam[::-1], U[:, ::-1] -> lam**2 / len(x), U.T
    Axes are missing where there are more features than samples: the thin SVD leaves out those without variance. The
    result has shape (N, D).

complex_numbers (detail):
    np.linalg.eigh(cov) -> np.linalg.eig(cov)
    lam, U = lam[::-1], U[:, ::-1] -> order = np.argsort(-lam); lam, U = lam[order], U[:, order]
    Complex numbers come out: np.linalg.eig knows nothing of symmetry, and rounding makes eigenvalues of 0 complex. A
    covariance is symmetric: take np.linalg.eigh.
""")


@alternative
def by_svd_of_the_data(x, eps=1e-5):
    """x = P S V^T: the singular values are in decreasing order already."""
    xc = x - x.mean(axis=0, keepdims=True)
    _, S, Vt = np.linalg.svd(xc)
    lam = np.zeros(x.shape[1], x.dtype)
    lam[: len(S)] = S**2 / len(x)
    return np.einsum("nd,kd->nk", xc, Vt) / np.sqrt(lam + eps)


@alternative
def with_signs_of_its_own(x, eps=1e-5):
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh((xc[:, :, None] * xc[:, None]).mean(0))
    order = sorted(range(len(lam)), key=lambda k: -lam[k])
    out = np.stack([xc @ U[:, k] / np.sqrt(lam[k] + eps) for k in order], axis=1)
    return (out * np.where(out[:1] > 0, -1, 1)).astype(x.dtype)


HINTS = [
    "In which directions do the data vary independently of each other, and how much in each?",
    "`np.linalg.eigh` of the covariance gives variances (increasing: turn them round) and axes in its columns. Turn "
    "the centred x into them, divide by the spread.",
    "`eigh` sorts upwards: reverse `lam`, and the *columns* of U with it, `U[:, ::-1]`. To test yours: with eps = 0 "
    "the covariance of what comes out is the identity.",
]
