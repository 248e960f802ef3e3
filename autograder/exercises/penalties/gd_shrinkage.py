"""gd_shrinkage: how far descent has come along each axis of a bowl.

1 - (1 - lr h)^steps, the share of w* that is reached from w = 0 on (w - w*) H (w - w*) / 2, h an eigenvalue of H
(Goodfellow et al. 2016, section 7.8; lecture 004). Above lr h = 1 it overshoots. Reference: descent in torch on a
rotated quadratic, read in H's own axes.
"""

import numpy as np

from autograder.exercises.penalties._shrinkage import SIZES, eigenvalues
from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    return {"eigenvalues": eigenvalues(rng, case), "lr": case.get("lr", 0.1), "steps": case.get("steps", 10)}, {}


def reference(eigenvalues, lr, steps):
    """Descent itself, in other axes than the coordinates'."""
    n = len(eigenvalues)
    generator = torch.Generator().manual_seed(0)
    axes, _ = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=generator))
    H, best = axes @ torch.diag(eigenvalues) @ axes.T, axes @ torch.ones(n, dtype=torch.float64)
    w = torch.zeros(n, dtype=torch.float64)
    for _ in range(steps):
        w = w - lr * H @ (w - best)
    return axes.T @ w


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("shares",),
    section="8 · Stopping is a penalty",
    typical={"n": 6, "lr": 0.1, "steps": 10},
    sizes=SIZES,
    # Beyond lr * h = 2 descent diverges, and tiny shares are known to the rounding of 1.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    scale=lambda eigenvalues, lr, steps: {"shares": 1.0},
    cases=[
        Case("some steps", n=6, lr=0.1, steps=10, weight=3),
        Case("one step", n=5, lr=0.5, steps=1, weight=2),
        Case("many steps", n=8, lr=0.05, steps=400),
        Case("overshooting: lr * h between 1 and 2", n=5, lr=0.1, steps=7, most=1.9, weight=5),
        Case("a flat direction: nothing happens", n=5, lr=0.2, steps=20, zero=True),
        Case("no step: nothing", n=4, lr=0.1, steps=0, weight=0.5),
    ],
)


def right(eigenvalues, lr, steps):
    left = (1 - lr * eigenvalues) ** steps
    return 1 - left


MISTAKES = slips("""
what_is_left (core): return 1 - left -> return left
    This is what is left to go. Asked for is the share of w* that is reached: 1 minus that.
one_step_more: (1 - lr * eigenvalues) ** steps -> (1 - lr * eigenvalues) ** (steps + 1)
    One step too many: after no step nothing is reached.
one_step_fewer: (1 - lr * eigenvalues) ** steps -> (1 - lr * eigenvalues) ** max(steps - 1, 0)
    One step too few: after one step lr * h is reached.
twice_the_eigenvalue: lr * eigenvalues -> 2 * lr * eigenvalues
    The eigenvalue is taken twice. The gradient of h (w - w*)^2 / 2 is h (w - w*): the half takes the 2 away.
half_the_eigenvalue: lr * eigenvalues -> lr * eigenvalues / 2
    The eigenvalue is halved. The gradient of h (w - w*)^2 / 2 is h (w - w*).
continuous: (1 - lr * eigenvalues) ** steps -> np.exp(-lr * eigenvalues * steps)
    exp(-lr h steps) is the flow of infinitely small steps. Descent takes finite ones: (1 - lr h)^steps.
clipped: (1 - lr * eigenvalues) ** steps -> np.clip((1 - lr * eigenvalues) ** steps, 0, 1)
    or return 1 - left -> return np.clip(1 - left, 0, 1)
    or lr * eigenvalues -> np.minimum(lr * eigenvalues, 1)
    The shares are cut off at 1. With lr * h above 1 descent overshoots, and the share passes 1.
absolute_value: (1 - lr * eigenvalues) ** steps -> np.abs(1 - lr * eigenvalues) ** steps
    The factor has lost its sign: above lr * h = 1 descent jumps from one side of w* to the other.
logarithm: (1 - lr * eigenvalues) ** steps -> np.exp(steps * np.log1p(-lr * eigenvalues))
    or (1 - lr * eigenvalues) ** steps -> np.exp(steps * np.log(1 - lr * eigenvalues))
    The logarithm has no value where lr * h is above 1. The power has: descent overshoots there.
first_order: (1 - lr * eigenvalues) ** steps -> 1 - lr * eigenvalues * steps
    This is the line that the power begins with: right for a short way alone.
steps_ignored: (1 - lr * eigenvalues) ** steps -> 1 - lr * eigenvalues
    `steps` is not used: this is one step.
""")


@alternative
def stepwise(eigenvalues, lr, steps):
    share = np.zeros_like(eigenvalues)
    for _ in range(steps):
        share = share + lr * eigenvalues * (1 - share)
    return share


@alternative
def as_a_sum(eigenvalues, lr, steps):
    """The geometric sum of the steps."""
    total = np.zeros_like(eigenvalues)
    for k in range(steps):
        total += lr * eigenvalues * np.power(1 - lr * eigenvalues, k)
    return total


HINTS = [
    "One axis: the gradient is h (w - w*). By which factor does one step shrink the distance w* - w?",
    "Every step multiplies what is left by 1 - lr h. What is reached is 1 minus what is left.",
    "`1 - (1 - lr * eigenvalues) ** steps`.",
]
