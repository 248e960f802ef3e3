"""largest_stable_lr: the step size up to which gradient descent on a quadratic does not diverge.

Along an eigenvector of the Hessian with eigenvalue lambda a step multiplies the error by 1 - lr lambda, so lr must stay
below 2 / lambda_max. Reference: torch.linalg.eigvalsh.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    calls = []
    for eigenvalues in case.get("spectra"):
        values = np.asarray(eigenvalues, float)
        n = len(values)
        if case.get("diagonal"):
            basis = np.eye(n)
        else:
            basis, _ = np.linalg.qr(rng.standard_normal((n, n)))
        hessian = basis @ np.diag(values) @ basis.T
        calls.append(({"H": (hessian + hessian.T) / 2}, {}))
    return calls


def reference(H):
    return 2.0 / torch.linalg.eigvalsh(H).max().item()


def one_over(H):
    return 1.0 / np.linalg.eigvalsh(H).max()


def smallest(H):
    return 2.0 / np.linalg.eigvalsh(H).min()


def trace(H):
    return 2.0 / np.trace(H)


def diagonal(H):
    return 2.0 / np.diag(H).max()


def frobenius(H):
    return 2.0 / np.linalg.norm(H)


def largest_eigenvalue(H):
    return np.linalg.eigvalsh(H).max()


def half(H):
    return np.linalg.eigvalsh(H).max() / 2.0


def spectral_norm(H):
    return float(2.0 / np.linalg.norm(H, 2))


def general_eigenvalues(H):
    return 2.0 / max(np.real(np.linalg.eigvals(H)))


def smallest_over_all_axes(H):
    return min(2.0 / curvature for curvature in np.linalg.eigh(H).eigenvalues.tolist())


SECTION = "How large is too large?"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lr",),
    standard=("inputs", "again"),
    cases=[
        Case("axes along the valley", spectra=[(1.0, 10.0), (4.0, 0.5, 2.0)], diagonal=True),
        Case("a valley that lies across the axes", spectra=[(1.0, 10.0), (0.2, 3.0, 50.0), (1.0, 2.0, 3.0, 4.0)]),
        Case("one dimension", spectra=[(8.0,)], diagonal=True),
        Case("very steep and very shallow", spectra=[(1e6, 1.0, 3.0), (1e-6, 2e-7)]),
        Case("nearly flat in some directions", spectra=[(0.01, 2.5, 0.02), (0.02, 0.01, 7.0, 6.0)]),
    ],
    mistakes=[
        Mistake(
            "one_over_lambda_max",
            one_over,
            "1 / lambda_max is the step that lands in the bottom at once, along the steepest axis. Up to twice as far still "
            "does not diverge: |1 - lr lambda| < 1 up to 2 / lambda_max.",
            SECTION,
        ),
        Mistake(
            "smallest_eigenvalue",
            smallest,
            "The limit is set by the steepest direction, the largest eigenvalue; the smallest one sets how slow it is.",
            SECTION,
        ),
        Mistake(
            "trace",
            trace,
            "The trace is the sum of all eigenvalues. The steepest direction alone sets the limit.",
            SECTION,
        ),
        Mistake(
            "diagonal_only",
            diagonal,
            "Only the diagonal is looked at: right when the valley lies along the axes, wrong when it is turned. Take "
            "eigenvalues.",
            SECTION,
        ),
        Mistake("frobenius_norm", frobenius, "This norm mixes all eigenvalues. Take the largest one.", SECTION),
        Mistake("lambda_max", largest_eigenvalue, "This is lambda_max itself; the limit is 2 / lambda_max.", SECTION),
        Mistake("upside_down", half, "The fraction is upside down: 2 / lambda_max.", SECTION),
    ],
    alternatives=[spectral_norm, general_eigenvalues, smallest_over_all_axes],
    hints=[
        "Along one eigenvector the error is multiplied by 1 - lr * lambda in each step. When does it not grow?",
        "|1 - lr * lambda| < 1 means lr < 2 / lambda, and it has to hold for every eigenvalue.",
        "`2 / np.linalg.eigvalsh(H).max()`.",
    ],
)
