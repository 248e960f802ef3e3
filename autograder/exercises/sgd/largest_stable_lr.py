"""largest_stable_lr: the step size up to which gradient descent on a quadratic does not diverge.

Along an eigenvector of the Hessian with eigenvalue lambda a step multiplies the error by 1 - lr lambda, so lr must stay
below 2 / lambda_max. Reference: torch.linalg.eigvalsh.
"""

import numpy as np

from autograder.exercises.sgd._hessians import STANDARD, draw
from autograder.judge import Case, Function, alternative, slips, torch

EXERCISE = Function(
    draw=draw,
    reference=lambda H: 2.0 / torch.linalg.eigvalsh(H).max().item(),
    returns=("lr",),
    section="2 · How large is too large?",
    standard=STANDARD,
    typical={"spectra": [(0.2, 3.0, 50.0), (1.0, 2.0, 3.0, 4.0)]},
    cases=[
        Case("axes along the valley", spectra=[(1.0, 10.0), (4.0, 0.5, 2.0), (5.0, 5.0, 1.0)], diagonal=True),
        Case("a valley that lies across the axes", spectra=[(1.0, 10.0), (0.2, 3.0, 50.0), (1.0, 2.0, 3.0, 4.0)]),
        Case("one dimension", spectra=[(8.0,)], diagonal=True),
        Case("very steep and very shallow", spectra=[(1e6, 1.0, 3.0), (1e-6, 2e-7)]),
        Case("nearly flat in some directions", spectra=[(0.01, 2.5, 0.02), (0.02, 0.01, 7.0, 6.0)]),
    ],
)


def right(H):
    steepest = np.linalg.eigvalsh(H).max()
    return 2.0 / steepest


MISTAKES = slips("""
one_over_lambda_max: 2.0 / steepest -> 1.0 / steepest
    1 / lambda_max is the step that lands in the bottom at once, along the steepest axis. Up to twice as far still does
    not diverge: |1 - lr lambda| < 1 up to 2 / lambda_max.

fastest_lr: 2.0 / steepest -> 2.0 / (steepest + np.linalg.eigvalsh(H).min())
    2 / (lambda_max + lambda_min) is the step that converges fastest. Larger ones still converge, up to 2 / lambda_max.
smallest_eigenvalue: np.linalg.eigvalsh(H).max() -> np.linalg.eigvalsh(H).min()
    The limit is set by the steepest direction, the largest eigenvalue; the smallest one sets how slow it is.
mean_eigenvalue: np.linalg.eigvalsh(H).max() -> np.linalg.eigvalsh(H).mean()
    The mean of the eigenvalues is no direction's curvature. The steepest direction alone sets the limit.
trace (core): np.linalg.eigvalsh(H).max() -> np.trace(H)
    The trace is the sum of all eigenvalues. The steepest direction alone sets the limit.
diagonal_only (core): np.linalg.eigvalsh(H).max() -> np.diag(H).max()
    Only the diagonal is looked at: right when the valley lies along the axes, wrong when it is turned.
row_sums (core): np.linalg.eigvalsh(H).max() -> np.abs(H).sum(axis=1).max()
    The largest row sum only bounds the eigenvalues (Gershgorin): too careful when the valley is turned.
frobenius_norm (core): np.linalg.eigvalsh(H).max() -> np.linalg.norm(H)
    This norm mixes all eigenvalues. Take the largest one.
lambda_max: 2.0 / steepest -> steepest
    This is lambda_max itself; the limit is 2 / lambda_max.
upside_down: 2.0 / steepest -> steepest / 2.0
    The fraction is upside down: 2 / lambda_max.
all_of_them: return 2.0 / steepest -> return 2.0 / np.linalg.eigvalsh(H)
    This is a limit for each direction. The smallest of them holds for the whole: 2 / lambda_max, one number.
""")


@alternative
def spectral_norm(H):
    return float(2.0 / np.linalg.norm(H, 2))


@alternative
def general_eigenvalues(H):
    return min(2.0 / np.real(np.linalg.eigvals(H)))


HINTS = [
    "Along one eigenvector the error is multiplied by 1 - lr * lambda in each step. When does it not grow?",
    "|1 - lr * lambda| < 1 means lr < 2 / lambda, and it has to hold for every eigenvalue.",
    "`2 / np.linalg.eigvalsh(H).max()`.",
]
