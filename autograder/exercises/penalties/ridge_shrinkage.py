"""ridge_shrinkage: how much of each axis a penalty leaves.

h / (h + lam), the share of w* in the minimum of (w - w*) H (w - w*) / 2 + lam |w|^2 / 2 (Goodfellow et al. 2016,
equation 7.13; lecture 004): the textbook's lam, twice that of `l2_penalty`. Reference: torch.linalg.solve on a rotated
quadratic.
"""

import numpy as np

from autograder.exercises.penalties._shrinkage import SIZES, eigenvalues
from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    return {"eigenvalues": eigenvalues(rng, case), "lam": case.get("lam", 0.5)}, {}


def reference(eigenvalues, lam):
    n = len(eigenvalues)
    generator = torch.Generator().manual_seed(0)
    axes, _ = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=generator))
    H, best = axes @ torch.diag(eigenvalues) @ axes.T, axes @ torch.ones(n, dtype=torch.float64)
    return axes.T @ torch.linalg.solve(H + lam * torch.eye(n, dtype=torch.float64), H @ best)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("shares",),
    section="8 · Stopping is a penalty",
    typical={"n": 6, "lam": 0.5},
    sizes=SIZES,
    # Eigenvalues are not negative.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    scale=lambda eigenvalues, lam: {"shares": 1.0},
    cases=[
        Case("some eigenvalues", n=6, lam=0.5, weight=3),
        Case("a weak penalty", n=6, lam=0.01, weight=2),
        Case("a strong one", n=6, lam=40.0, weight=2),
        Case("a flat direction: nothing is left", n=5, lam=0.3, zero=True),
    ],
)


def right(eigenvalues, lam):
    return eigenvalues / (eigenvalues + lam)


MISTAKES = slips("""
twice_lam: eigenvalues + lam -> eigenvalues + 2 * lam
    lam is taken twice, as it is for `l2_penalty`. With lam |w|^2 / 2, the textbook's form, it is h / (h + lam).
half_lam: eigenvalues + lam -> eigenvalues + lam / 2
    lam is halved. With lam |w|^2 / 2 it is h / (h + lam).
what_is_lost (core): eigenvalues / (eigenvalues + lam) -> lam / (eigenvalues + lam)
    This is the share that is lost. What is left is h / (h + lam).
squared: eigenvalues / (eigenvalues + lam) -> eigenvalues**2 / (eigenvalues**2 + lam)
    The eigenvalues are squared, as those of X are for the singular values. Here h is already the curvature.
inverse_alone (core): eigenvalues / (eigenvalues + lam) -> 1 / (eigenvalues + lam)
    1 / (h + lam) is the inverse. It is multiplied by H w*: h / (h + lam).
root: eigenvalues / (eigenvalues + lam) -> np.sqrt(eigenvalues / (eigenvalues + lam))
    The root is taken, which nobody asked for.
not_penalised (core): eigenvalues + lam -> eigenvalues + 1e-300
    `lam` is not used: everything is left.
same_for_all: eigenvalues / (eigenvalues + lam) -> np.full_like(eigenvalues, 1 / (1 + lam))
    All directions shrink alike, by 1 / (1 + lam). The flat ones shrink most: h / (h + lam).
""")


@alternative
def with_a_loop(eigenvalues, lam):
    return np.array([h / (h + lam) for h in eigenvalues], dtype=eigenvalues.dtype)


@alternative
def one_minus_the_loss(eigenvalues, lam):
    return 1 - lam / (lam + eigenvalues)


HINTS = [
    "One axis: where is h (w - w*)^2 / 2 + lam w^2 / 2 lowest?",
    "Set the slope to zero: h (w - w*) + lam w = 0.",
    "`eigenvalues / (eigenvalues + lam)`.",
]
