"""Hessians with given eigenvalues, for the exercises that look at curvature."""

import numpy as np

# A Hessian with another number in one place is another Hessian, or none: zeros, ties and sizes are asked for by the
# eigenvalues, and the answer is a number or a word, which has no precision to keep.
STANDARD = ("layout", "inputs", "again")


def draw(rng, case):
    """One call for each of `spectra`, in a basis drawn for it; `diagonal`: along the axes.

    Eigenvalues in a drawn basis are known to rounding alone: none is 0 or twice the same there, so that no verdict
    hangs on the last bits (of `eigvals`, two equal ones can be complex).
    """
    calls = []
    for eigenvalues in case.get("spectra"):
        n = len(eigenvalues)
        basis = np.eye(n) if case.get("diagonal") else np.linalg.qr(rng.standard_normal((n, n)))[0]
        hessian = basis @ np.diag(np.asarray(eigenvalues, float)) @ basis.T
        calls.append(({"H": (hessian + hessian.T) / 2}, {}))
    return calls
