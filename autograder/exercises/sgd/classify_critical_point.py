"""classify_critical_point: what a point of zero gradient is, from its Hessian.

All eigenvalues positive: minimum; all negative: maximum; both signs: saddle; else, some zero: degenerate. Those within
1e-8 of the largest in size count as zero. Reference: torch.linalg.eigvalsh.
"""

import numpy as np

from autograder.exercises.sgd._hessians import STANDARD, draw
from autograder.judge import Case, Function, alternative, slips, torch

ACROSS = [(0.1, 5, 1), (-0.2, -4, -1), (9, -0.5, 3), (-9, 0.5, -3), (0.1, -5)]


def reference(H):
    curvatures = torch.linalg.eigvalsh(H)
    curvatures[curvatures.abs() <= 1e-8 * curvatures.abs().max()] = 0
    low, high = curvatures.min(), curvatures.max()
    if low < 0 < high:
        return "saddle"
    if 0 in curvatures:
        return "degenerate"
    return "minimum" if low > 0 else "maximum"


def along_the_axes(title, *spectra, weight=1.0):
    return Case(title, spectra=spectra, diagonal=True, weight=weight)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("kind",),
    section="3 · Where the slope is zero",
    standard=STANDARD,
    typical={"spectra": ACROSS},
    cases=[
        along_the_axes(
            "tells minimum, maximum and saddle apart", (1, 2), (-1, -3), (2, -1), (-2, 1), (3, -1, 2), (3, 3)
        ),
        along_the_axes("one dimension", (2,), (-2,), weight=0.5),
        Case("in a basis that lies across the axes", spectra=ACROSS, weight=4),
        along_the_axes("a flat direction is degenerate", (1, 0), (-1, 0, -2), (0, 3, 2), (1, 2), (-2, -1), weight=1.5),
        along_the_axes("both signs make a saddle, flat or not", (1, 0, -2), (-3, 0, 0, 1), (2, 0, -1, 0.5), (1, 0, 2)),
        along_the_axes("no curvature at all is degenerate", (0,), (0, 0, 0), weight=0.5),
        # Below, no size lies near a threshold that a student may take (1e-5, 1e-6, ..., 5e-9 of `round(..., 8)`; of the
        # largest or not), and all lie far above rounding, so that no verdict hangs on the last bits.
        Case("nearly zero is zero", spectra=[(1, 2e-11), (-1, 3e-13), (1e6, 3e-7, 2), (1, 2e-5), (1, -2e-5)]),
        Case("up to 1e-8 of the largest in size is zero", spectra=[(1, 3e-9), (-2, -4e-9, -1), (3, 7e-5), (-2, -3e-5)]),
        Case("more than that is not", spectra=[(1, 3e-8), (-1, -3e-8), (3, -2e-7), (-30, -2, 9e-7)]),
        Case("a small but regular Hessian", spectra=[(2e-10, 3e-10), (-2e-10, -4e-10), (2e-10, -3e-10)]),
    ],
)


def right(H):
    curvatures = np.linalg.eigvalsh(H)
    zero = 1e-8 * np.abs(curvatures).max()
    up, down = (curvatures > zero).any(), (curvatures < -zero).any()
    if up and down:
        return "saddle"
    if (np.abs(curvatures) <= zero).any():
        return "degenerate"
    return "minimum" if up else "maximum"


MISTAKES = slips("""
sign_of_trace (core): np.linalg.eigvalsh(H) -> np.trace(H)
    or np.linalg.eigvalsh(H) -> np.trace(H)
    "degenerate" -> "saddle"
    or np.linalg.eigvalsh(H) -> np.trace(H)
    1e-8 * np.abs(curvatures).max() -> 1e-8
    or np.linalg.eigvalsh(H) -> np.trace(H)
    if (np.abs(curvatures) <= zero).any(): return "degenerate" ->
    The trace is the sum of the eigenvalues: that of a saddle with one steep side is positive. Look at each one's sign.

diagonal_only (core): np.linalg.eigvalsh(H) -> np.diag(H)
    Only the diagonal is looked at. It has the eigenvalues' signs only when H is diagonal.
singular_values (core): np.linalg.eigvalsh(H) -> np.linalg.svd(H, compute_uv=False)
    Singular values are the *sizes* of the eigenvalues: their signs, which are asked for, are lost.
no_tolerance (detail): 1e-8 * np.abs(curvatures).max() -> 0.0
    Only exact zeros, or almost, count as zero: rounding decides. What is within 1e-8 of the largest in size is zero.

absolute_tolerance (detail): 1e-8 * np.abs(curvatures).max() -> 1e-8
    or 1e-8 * np.abs(curvatures).max() -> 1e-6
    or 1e-8 * np.abs(curvatures).max() -> 1e-10
    or 1e-8 * np.abs(curvatures).max() -> 1e-12
    Zero is a fixed number here. A Hessian may be large or small as a whole: compare with 1e-8 of its largest size.

other_tolerance (detail): 1e-8 * np.abs(curvatures).max() -> 1e-6 * np.abs(curvatures).max()
    or 1e-8 * np.abs(curvatures).max() -> 1e-10 * np.abs(curvatures).max()
    or 1e-8 * np.abs(curvatures).max() -> 1e-12 * np.abs(curvatures).max()
    Zero is measured against the largest eigenvalue, as it should be, but not with 1e-8 of it.

signed_largest (detail): np.abs(curvatures).max() -> curvatures.max()
    The largest eigenvalue may be negative: zero is 1e-8 of the largest in *size*, `np.abs(...).max()`.

zero_before_saddle (detail):
    if up and down: return "saddle" -> if (np.abs(curvatures) <= zero).any(): return "degenerate"
    if (np.abs(curvatures) <= zero).any(): return "degenerate" -> if up and down: return "saddle"
    A zero eigenvalue is looked for first. Where both signs occur it is a saddle, flat directions or not.

flat_is_saddle: "degenerate" -> "saddle"
    All else is called a saddle. A saddle needs both signs: with a zero and one sign it is degenerate, H cannot tell.

never_degenerate: if (np.abs(curvatures) <= zero).any(): return "degenerate" ->
    or if (np.abs(curvatures) <= zero).any(): return "degenerate" ->
    "minimum" if up else "maximum" -> "maximum" if down else "minimum"
    A flat direction counts as curving upward (or downward). With a zero and one sign it is degenerate: H cannot tell.

determinant:
    up and down -> np.linalg.det(H) < 0
    (np.abs(curvatures) <= zero).any() -> np.linalg.det(H) == 0
    "minimum" if up else "maximum" -> "minimum" if H[0, 0] > 0 else "maximum"
    The determinant cannot tell: with the curvatures 3, -1 and -2 it is positive, and the point is a saddle.

upside_down: "minimum" if up else "maximum" -> "maximum" if up else "minimum"
    Minimum and maximum have changed places: a minimum curves upward.
""")


@alternative
def by_counting(H):
    values = np.linalg.eigvalsh(H)
    signs = set(np.where(np.abs(values) <= 1e-8 * np.max(np.abs(values)), 0, np.sign(values)))
    if {1, -1} <= signs:
        return "saddle"
    return "degenerate" if 0 in signs else "minimum" if 1 in signs else "maximum"


@alternative
def by_extremes(H):
    values = np.linalg.eigvals(H).real
    low, high = values.min(), values.max()
    zero = 1e-8 * max(abs(low), abs(high))
    if low < -zero and high > zero:
        return "saddle"
    if np.min(np.abs(values)) <= zero:
        return "degenerate"
    return "minimum" if low > 0 else "maximum"


HINTS = [
    "In the basis of its eigenvectors the Hessian is a list of curvatures. What do their signs say?",
    "Compute `np.linalg.eigvalsh(H)` and the size below which a value counts as zero, relative to the largest one in "
    "size. Then ask: both signs? any zero? all positive?",
    "`lam = np.linalg.eigvalsh(H)`, `zero = 1e-8 * np.abs(lam).max()`; saddle if `(lam > zero).any() and "
    "(lam < -zero).any()`; then degenerate if `(np.abs(lam) <= zero).any()`; then by the sign that is left.",
]
