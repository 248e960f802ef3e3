"""classify_critical_point: what a point of zero gradient is, from its Hessian.

All eigenvalues positive: minimum; all negative: maximum; both signs: saddle; else, some zero: degenerate. Those within
1e-8 of the largest in size count as zero. Reference: torch.linalg.eigvalsh.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    calls = []
    for eigenvalues in case.get("spectra"):
        values = np.asarray(eigenvalues, float)
        n = len(values)
        basis = np.eye(n) if case.get("diagonal") else np.linalg.qr(rng.standard_normal((n, n)))[0]
        hessian = basis @ np.diag(values) @ basis.T
        calls.append(({"H": (hessian + hessian.T) / 2}, {}))
    return calls


def classify(eigenvalues, zero):
    positive, negative = bool((eigenvalues > zero).any()), bool((eigenvalues < -zero).any())
    if positive and negative:
        return "saddle"
    if (abs(eigenvalues) <= zero).any():
        return "degenerate"
    return "minimum" if positive else "maximum"


def reference(H):
    eigenvalues = torch.linalg.eigvalsh(H)
    return classify(eigenvalues, 1e-8 * eigenvalues.abs().max())


def sign_of_the_trace(H):
    """What a trace near zero means, students say each in their way: it raises, so that such cases are not compared."""
    return {1.0: "minimum", -1.0: "maximum"}[np.sign(np.round(np.trace(H), 8))]


def determinant(H):
    det = np.linalg.det(H)
    if det < 0:
        return "saddle"
    return "degenerate" if det == 0 else "minimum" if H[0, 0] > 0 else "maximum"


def diagonal_only(H):
    values = np.diag(H)
    return classify(values, 1e-8 * np.abs(values).max())


def no_tolerance(H):
    return classify(np.linalg.eigvalsh(H), 0.0)


def absolute_tolerance(zero):
    return lambda H: classify(np.linalg.eigvalsh(H), zero)


def zero_before_saddle(H):
    values = np.linalg.eigvalsh(H)
    if (np.abs(values) <= 1e-8 * np.abs(values).max()).any():
        return "degenerate"
    return classify(values, 0.0)


def upside_down(H):
    answer = classify(np.linalg.eigvalsh(H), 1e-8 * np.abs(np.linalg.eigvalsh(H)).max())
    return {"minimum": "maximum", "maximum": "minimum"}.get(answer, answer)


def never_degenerate(H):
    values = np.linalg.eigvalsh(H)
    values[np.abs(values) <= 1e-8 * np.abs(values).max()] = 0
    return "minimum" if (values >= 0).all() else "maximum" if (values <= 0).all() else "saddle"


def by_counting(H):
    values = np.linalg.eigvalsh(H)
    signs = np.where(np.abs(values) <= 1e-8 * np.max(np.abs(values)), 0, np.sign(values))
    kinds = set(signs.astype(int).tolist())
    if {1, -1} <= kinds:
        return "saddle"
    return "degenerate" if 0 in kinds else {1: "minimum", -1: "maximum"}[kinds.pop()]


def by_extremes(H):
    values = np.linalg.eigvals(H).real
    low, high = values.min(), values.max()
    zero = 1e-8 * max(abs(low), abs(high))
    if low < -zero and high > zero:
        return "saddle"
    if np.min(np.abs(values)) <= zero:
        return "degenerate"
    return "minimum" if low > 0 else "maximum"


def by_sorting(H):
    curvatures = sorted(np.linalg.eigh(H).eigenvalues.tolist(), key=abs)
    zero = 1e-8 * abs(curvatures[-1])
    signs = {curvature > 0 for curvature in curvatures if abs(curvature) > zero}
    if len(signs) == 2:
        return "saddle"
    if abs(curvatures[0]) <= zero:
        return "degenerate"
    return "minimum" if signs == {True} else "maximum"


SECTION = "Where the slope is zero"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("kind",),
    standard=("inputs", "again"),
    cases=[
        Case(
            "tells minimum, maximum and saddle apart",
            spectra=[(1.0, 2.0), (-1.0, -3.0), (2.0, -1.0), (-2.0, 1.0), (3.0, -1.0, 2.0)],
            diagonal=True,
        ),
        Case(
            "in a basis that lies across the axes",
            spectra=[(0.1, 5.0, 1.0), (-0.2, -4.0, -1.0), (9.0, -0.5, 3.0), (-9.0, 0.5, -3.0), (0.1, -5.0)],
            weight=2,
        ),
        Case(
            "a flat direction is degenerate",
            spectra=[(1.0, 0.0), (-1.0, 0.0, -2.0), (0.0, 3.0, 2.0), (1.0, 2.0), (-2.0, -1.0)],
            diagonal=True,
        ),
        Case(
            "both signs make a saddle, whatever else is flat",
            spectra=[(1.0, 0.0, -2.0), (-3.0, 0.0, 0.0, 1.0), (2.0, 0.0, -1.0, 0.5), (1.0, 0.0, 2.0)],
            diagonal=True,
        ),
        Case(
            "nearly zero is zero, compared with the largest",
            spectra=[(1.0, 1e-11), (-1.0, 3e-13), (1e6, 3e-7, 2.0), (1.0, 1e-5), (1.0, -1e-5)],
        ),
        Case(
            "nearly zero means up to 1e-8 of the largest in size, and no more",
            spectra=[(1.0, 3e-9), (-2.0, -5e-9, -1.0), (1.0, 3e-8), (-1.0, -3e-8), (3.0, -1e-7), (-30.0, -2.0, 1e-7)],
        ),
        Case("a small but regular Hessian", spectra=[(2e-10, 3e-10), (-2e-10, -4e-10), (2e-10, -3e-10)]),
        Case("one dimension", spectra=[(2.0,), (-2.0,)], diagonal=True),
        Case("no curvature at all", spectra=[(0.0,), (0.0, 0.0, 0.0)], diagonal=True),
    ],
    mistakes=[
        Mistake(
            "sign_of_trace",
            sign_of_the_trace,
            "The trace is the sum of the eigenvalues: a saddle with one steep side has a positive one. Look at the sign of "
            "each eigenvalue.",
            SECTION,
        ),
        Mistake(
            "determinant",
            determinant,
            "The sign of the determinant tells the number of negative eigenvalues only as even or odd: from three "
            "dimensions on it cannot tell a saddle.",
            SECTION,
        ),
        Mistake(
            "diagonal_only",
            diagonal_only,
            "Only the diagonal is looked at. It has the eigenvalues' signs only when H is diagonal.",
            SECTION,
        ),
        Mistake(
            "no_tolerance",
            no_tolerance,
            "Only exact zeros, or almost, count as zero here, so rounding decides. Every eigenvalue within 1e-8 of the largest "
            "in size counts as zero.",
            SECTION,
        ),
        *(
            Mistake(
                "absolute_tolerance",
                absolute_tolerance(zero),
                f"Zero is measured with a fixed {zero:g}. A Hessian may be large or small as a whole: compare with 1e-8 of "
                "the largest eigenvalue in size.",
                SECTION,
            )
            for zero in (1e-6, 1e-8, 1e-10, 1e-12)
        ),
        Mistake(
            "zero_before_saddle",
            zero_before_saddle,
            "A zero eigenvalue is looked for first. Where both signs occur it is a saddle, flat directions or not.",
            SECTION,
        ),
        Mistake(
            "upside_down", upside_down, "Minimum and maximum have changed places: a minimum curves upward.", SECTION
        ),
        Mistake(
            "never_degenerate",
            never_degenerate,
            "A flat direction counts as curving upward (or downward). With a zero eigenvalue, and no two signs, the "
            "Hessian cannot tell: degenerate.",
            SECTION,
        ),
    ],
    alternatives=[by_counting, by_extremes, by_sorting],
    hints=[
        "In the basis of its eigenvectors the Hessian is a list of curvatures. What do their signs say?",
        "Compute `np.linalg.eigvalsh(H)` and the size below which a value counts as zero, relative to the largest one in "
        "size. Then ask: both signs? any zero? all positive?",
        "`lam = np.linalg.eigvalsh(H)`, `zero = 1e-8 * np.abs(lam).max()`; saddle if `(lam > zero).any() and "
        "(lam < -zero).any()`; then degenerate if `(np.abs(lam) <= zero).any()`; then by the sign that is left.",
    ],
)
