"""zca_whiten: data whitened with as little change as possible.

out = xc U / sqrt(lambda + eps) U^T = xc (cov + eps I)^(-1/2) (Bell and Sejnowski 1997; lecture 004 writes the inverse root
of the covariance). Reference: torch.linalg.eigh.
"""

import numpy as np

from autograder.exercises.initialization import _whitening
from autograder.exercises.initialization._whitening import SENTENCES, axes_of, centre
from autograder.judge import Case, Function, Mistake


def reference(x, eps=1e-5):
    xc, variances, axes = _whitening.reference(x)
    return xc @ (axes / (variances.clamp(min=0.0) + eps).sqrt()) @ axes.T


def scale(x, eps=1e-5):
    # Whitened data are of size 1; zeros among them, as of a constant feature, are known to that size only.
    return {"out": 1.0}


def whitened(z, variances, axes):
    """z in the axes, divided by the root of the variances, and turned back."""
    with np.errstate(all="ignore"):
        return z @ (axes / np.sqrt(variances)) @ axes.T


def turned(variances, axes, x, eps):
    return centre(x) @ axes / np.sqrt(variances + eps)


def uncentred(x, eps=1e-5):
    variances, axes = axes_of(x, centred=False)
    return whitened(x, variances + eps, axes)


def uncentred_covariance(x, eps=1e-5):
    variances, axes = axes_of(x, centred=False)
    return whitened(centre(x), variances + eps, axes)


def uncentred_product(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(x, variances + eps, axes)


def rotation_left_in(x, eps=1e-5):
    return turned(*axes_of(x), x, eps)


def rotation_left_in_increasing(x, eps=1e-5):
    return turned(*axes_of(x, decreasing=False), x, eps)


def rotation_left_in_by_svd(x, eps=1e-5):
    axes, variances, _ = np.linalg.svd(centre(x).T @ centre(x) / len(x))
    return turned(variances, axes, x, eps)


def turned_twice(x, eps=1e-5):
    variances, axes = axes_of(x, decreasing=False)
    return turned(variances, axes, x, eps) @ axes


def back_in_another_order(x, eps=1e-5):
    return turned(*axes_of(x), x, eps) @ axes_of(x, decreasing=False)[1].T


def transposed_axes(x, eps=1e-5):
    variances, axes = axes_of(x, decreasing=False)
    return whitened(centre(x), variances + eps, axes.T)


def divides_by_lambda(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), (variances + eps) ** 2, axes)


def multiplies_by_root(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), 1 / (variances + eps), axes)


def eps_outside(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), (np.sqrt(np.maximum(variances, 0)) + eps) ** 2, axes)


def eps_as_floor(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), np.maximum(variances, eps), axes)


def other_default(x, eps=1e-8):
    variances, axes = axes_of(x)
    return whitened(centre(x), variances + eps, axes)


def unbiased(x, eps=1e-5):
    variances, axes = axes_of(x, ddof=1)
    return whitened(centre(x), variances + eps, axes)


def sum_for_mean(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), len(x) * variances + eps, axes)


def mean_added_back(x, eps=1e-5):
    variances, axes = axes_of(x)
    return whitened(centre(x), variances + eps, axes) + x.mean(0)


def not_scaled(x, eps=1e-5):
    return centre(x)


def only_features(x, eps=1e-5):
    return centre(x) / np.sqrt(x.var(0) + eps)


def correlation(x, eps=1e-5):
    z = only_features(x, eps)
    variances, axes = axes_of(z)
    return whitened(z, variances + eps, axes)


def cholesky(x, eps=1e-5):
    covariance = centre(x).T @ centre(x) / len(x) + eps * np.eye(x.shape[1])
    return np.linalg.solve(np.linalg.cholesky(covariance), centre(x).T).T


def one_pass_covariance(x, eps=1e-5):
    mean = x.mean(0)
    variances, axes = np.linalg.eigh(x.T @ x / len(x) - np.outer(mean, mean))
    return whitened(centre(x), np.maximum(variances, 0) + eps, axes)


def by_svd_of_the_data(x, eps=1e-5):
    """x = P S V^T has the covariance V S^2 / N V^T; what V leaves out is zero."""
    xc = x - x.mean(axis=0, keepdims=True)
    P, S, Vt = np.linalg.svd(xc, full_matrices=False)
    return (P * (S / np.sqrt(S**2 / len(x) + eps))) @ Vt


def by_svd_of_the_covariance(x, eps=1e-5):
    xc = x - x.mean(0)
    U, S, _ = np.linalg.svd(np.cov(x, rowvar=False, ddof=0).reshape(x.shape[1], -1) if len(x) > 1 else 0 * xc.T @ xc)
    return (U @ np.diag(1 / np.sqrt(S + eps)) @ U.T @ xc.T).T.astype(x.dtype)


def axis_by_axis(x, eps=1e-5):
    xc = x - np.mean(x, axis=0)
    out = np.zeros_like(xc)
    variances, axes = np.linalg.eigh(np.einsum("ni,nj->ij", xc, xc) / x.shape[0])
    for value, u in zip(variances, axes.T, strict=True):
        out += np.outer(xc @ u, u) / np.sqrt(value + eps)
    return out


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Function(
    draw=_whitening.draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    cases=[
        Case("two features", n=12, d=2),
        Case("six features", n=40, d=6),
        Case("one feature", n=8, d=1, eps=0.1),
        Case("a large eps shows where it stands", n=20, d=4, eps=0.5),
        Case("eps is 1e-5 where it is left out", n=20, d=3, smallest=2e-5, eps=None),
        Case("a constant feature becomes 0", n=20, d=4, constant=True),
        Case("more features than samples", n=5, d=9, eps=1e-3, weight=2),
        Case("one sample: nothing is left of it", n=1, d=3),
        Case("a large offset, x + 1e6", n=30, d=4, offset=1e6),
        Case("variances from 1e4 to 1e-2", n=30, d=4, largest=1e4, smallest=1e-2),
    ],
    mistakes=[
        mistake("no_centring", uncentred),
        mistake("no_centring", uncentred_covariance),
        mistake("no_centring", uncentred_product),
        *(
            Mistake(
                "rotation_left_in",
                wrong,
                "The data are left in their principal axes: that is PCA whitening. Turn them back with `@ U.T`.",
            )
            for wrong in (rotation_left_in, rotation_left_in_increasing, rotation_left_in_by_svd)
        ),
        Mistake(
            "turned_twice",
            turned_twice,
            "The data are turned by U a second time. The way back into the axes of x is `@ U.T`.",
        ),
        Mistake(
            "other_order_back",
            back_in_another_order,
            "On the way back the axes stand in another order than on the way in: pca_whiten puts the largest variance "
            "first, np.linalg.eigh last. Take the same U for both.",
        ),
        Mistake(
            "transposed_axes",
            transposed_axes,
            "U and U.T have changed places: np.linalg.eigh gives the axes in the *columns* of U, so it is "
            "xc @ U / sqrt(lambda + eps) @ U.T.",
        ),
        mistake("divides_by_lambda", divides_by_lambda),
        mistake("multiplies_by_root", multiplies_by_root),
        mistake("eps_outside_root", eps_outside),
        mistake("eps_as_floor", eps_as_floor),
        mistake("default_eps", other_default),
        mistake("ddof", unbiased),
        mistake("sum_for_mean", sum_for_mean),
        mistake("mean_added_back", mean_added_back),
        mistake("not_scaled", not_scaled),
        mistake("correlation", correlation),
        Mistake(
            "only_standardized",
            only_features,
            "Each feature has variance 1, but they still go together: take the covariance's axes, not the features.",
        ),
        Mistake(
            "another_whitening",
            cholesky,
            "The covariance is 1, but by another way (Cholesky's): any whitening can be turned. ZCA's is the one with a "
            "symmetric matrix, U / sqrt(lambda + eps) U.T.",
        ),
        mistake("one_pass_covariance", one_pass_covariance),
    ],
    alternatives=[by_svd_of_the_data, by_svd_of_the_covariance, axis_by_axis],
    hints=[
        "PCA whitening turns the data into their principal axes and evens them out there. What is left to undo?",
        "A rotation U is undone by its transpose: after dividing by sqrt(lam + eps), multiply by `U.T` from the right. The "
        "order of the eigenvalues no longer matters.",
        "`lam, U = np.linalg.eigh(xc.T @ xc / len(x))`, then `xc @ U / np.sqrt(lam + eps) @ U.T`.",
    ],
)
