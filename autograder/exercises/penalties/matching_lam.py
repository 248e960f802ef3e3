"""matching_lam: the penalty that shrinks as stopping does.

For each eigenvalue the lam with h / (h + lam) = 1 - (1 - lr h)^steps: h q / (1 - q) with q = (1 - lr h)^steps, and its
limit 1 / (lr steps) at h = 0, which is the textbook's rule for small lr h (Goodfellow et al. 2016, equation 7.45;
lecture 004). Reference: decimal arithmetic of 50 digits.
"""

from decimal import Decimal, localcontext

import numpy as np

from autograder.exercises.penalties._shrinkage import SIZES, eigenvalues
from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    return {"eigenvalues": eigenvalues(rng, case), "lr": case.get("lr", 0.1), "steps": case.get("steps", 10)}, {}


def reference(eigenvalues, lr, steps):
    def one(h):
        with localcontext() as context:
            context.prec = 60
            h, rate = Decimal(h), Decimal(lr)
            q = (1 - rate * h) ** steps
            return float(h * q / (1 - q)) if h else float(1 / (rate * steps))

    return torch.tensor([one(float(h)) for h in eigenvalues], dtype=torch.float64)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("lam",),
    section="8 · Stopping is a penalty",
    typical={"n": 6, "lr": 0.1, "steps": 10, "most": 0.5},
    sizes=SIZES,
    standard=("shapes", "layout", "inputs", "again"),
    # Of a tiny h the plain formula knows 1 - q to the rounding of 1.
    scale=lambda eigenvalues, lr, steps: {"lam": 1 / (lr * steps)},
    cases=[
        Case("some steps", n=6, lr=0.1, steps=10, most=0.5, weight=3),
        Case("one step", n=5, lr=0.5, steps=1, most=0.8, weight=2),
        Case("many steps", n=6, lr=0.05, steps=60, most=0.2, weight=2),
        Case("axes that are nearly flat", n=8, lr=0.1, steps=10, most=0.5, small=True, weight=0.5),
        Case("an eigenvalue of 0: the limit 1 / (lr * steps)", n=5, lr=0.2, steps=8, most=0.5, zero=True, weight=4),
    ],
)


def right(eigenvalues, lr, steps):
    q = (1 - lr * eigenvalues) ** steps
    limit = 1 / (lr * steps)
    safe = np.where(eigenvalues > 0, 1 - q, 1)
    return np.where(eigenvalues > 0, eigenvalues * q / safe, limit)


MISTAKES = slips("""
rule_of_thumb: -> return np.full_like(eigenvalues, 1 / (lr * steps))
    1 / (lr * steps) for all is the rule for small lr * h. Each eigenvalue has its own lam: h q / (1 - q).
half_of_it:
    eigenvalues * q / safe -> eigenvalues * q / safe / 2
    limit = 1 / (lr * steps) -> limit = 1 / (2 * lr * steps)
    This is half of it: the lam of `l2_penalty`. Here lam is the textbook's, as in `ridge_shrinkage`.
upside_down: eigenvalues * q / safe -> eigenvalues * (1 - q) / np.maximum(q, 1e-300)
    The fraction is upside down: lam = h q / (1 - q).
zero_at_zero: limit = 1 / (lr * steps) -> limit = 0.0
    At an eigenvalue of 0 it gives 0. The limit there is 1 / (lr * steps).
nan_at_zero:
    np.where(eigenvalues > 0, 1 - q, 1) -> 1 - q
    np.where(eigenvalues > 0, eigenvalues * q / safe, limit) -> eigenvalues * q / safe
    At an eigenvalue of 0 it gives nan, 0 / 0. The limit there is 1 / (lr * steps).
one_step_more: (1 - lr * eigenvalues) ** steps -> (1 - lr * eigenvalues) ** (steps + 1)
    One step too many in q.
one_step_fewer: (1 - lr * eigenvalues) ** steps -> (1 - lr * eigenvalues) ** max(steps - 1, 0)
    One step too few in q.
share_itself (core): eigenvalues * q / safe -> 1 - q
    This is the share that descent reaches. Solve h / (h + lam) = share for lam.
continuous: (1 - lr * eigenvalues) ** steps -> np.exp(-lr * eigenvalues * steps)
    exp(-lr h steps) is the flow of infinitely small steps. Descent takes finite ones: (1 - lr h)^steps.
""")


@alternative
def solved_for_lam(eigenvalues, lr, steps):
    """From the share."""
    with np.errstate(all="ignore"):
        share = -np.expm1(steps * np.log1p(-lr * eigenvalues))
        lam = eigenvalues / share - eigenvalues
    return np.where(eigenvalues == 0, 1 / (lr * steps), lam)


@alternative
def with_a_loop(eigenvalues, lr, steps):
    lam = np.empty_like(eigenvalues)
    for k, h in enumerate(eigenvalues):
        q = (1 - lr * h) ** steps
        lam[k] = h * q / (1 - q) if h else 1 / (lr * steps)
    return lam


HINTS = [
    "Set ridge_shrinkage(h, lam) equal to gd_shrinkage(h, lr, steps), and solve for lam. What happens at h = 0?",
    "With q = (1 - lr h)^steps it is lam = h q / (1 - q). For h -> 0, q is about 1 - lr h steps.",
    "`np.where(h > 0, h * q / (1 - q), 1 / (lr * steps))`, with the division guarded where h is 0.",
]
