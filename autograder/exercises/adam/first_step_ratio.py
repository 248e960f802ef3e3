"""first_step_ratio: how many times longer Adam's first step is when the moments are not corrected, for eps = 0.

m = (1 - beta1) g and v = (1 - beta2) g^2 after one step, so m / sqrt(v) is (1 - beta1) / sqrt(1 - beta2) times the sign of
g, which is what the corrected moments give (Kingma and Ba 2015, section 3). Reference: torch.optim.Adam's own moments
after one step, against the step that it took.
"""

import math

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    if case.get("drawn"):
        return [({"betas": (float(rng.uniform(0, 1)), float(rng.uniform(0, 1)))}, {}) for _ in range(case.get("drawn"))]
    return [({"betas": betas}, {}) for betas in case.get("pairs")]


def reference(betas):
    w = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = torch.optim.Adam([w], lr=1.0, betas=betas, eps=0.0)
    w.grad = torch.ones_like(w)
    optimizer.step()
    state = optimizer.state[w]
    return float((state["exp_avg"] / state["exp_avg_sq"].sqrt() / w.detach().abs()).item())


def without(formula):
    """A formula of beta1 and beta2."""
    return lambda betas: formula(*betas)


def from_two_steps(betas):
    """Both first steps, taken."""
    m, v = (1 - betas[0]) * 3.0, (1 - betas[1]) * 9.0
    return (m / math.sqrt(v)) / ((m / (1 - betas[0])) / math.sqrt(v / (1 - betas[1])))


def in_logarithms(betas):
    return np.exp(np.log1p(-betas[0]) - np.log1p(-betas[1]) / 2)


def root_of_the_squares(betas):
    first, second = np.subtract(1.0, betas)
    return np.sqrt(first * first / second)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("ratio",),
    sweep="betas",
    standard=("again",),
    cases=[
        Case("the paper's betas: more than three times too long", pairs=[(0.9, 0.999)]),
        Case(
            "other betas, some of which make it shorter", pairs=[(0.9, 0.99), (0.9, 0.9), (0.95, 0.99), (0.5, 0.9999)]
        ),
        Case("betas that were drawn", drawn=6),
        Case("without an average: a beta of 0", pairs=[(0.0, 0.999), (0.9, 0.0), (0.0, 0.0)]),
        Case("averages that are very long", pairs=[(0.999, 0.999999), (0.9999, 0.99), (0.5, 0.99999999)]),
    ],
    mistakes=[
        Mistake(
            "ratio_inverted",
            without(lambda b1, b2: (1 - b2) ** 0.5 / (1 - b1)),
            "The fraction is upside down: asked for is the step *without* correction over the step with it.",
        ),
        Mistake(
            "always_one",
            without(lambda b1, b2: 1.0),
            "1 is the *corrected* first step, in units of lr. Without the correction m and v keep their factors 1 - beta1 and "
            "1 - beta2.",
        ),
        Mistake(
            "no_square_root",
            without(lambda b1, b2: (1 - b1) / (1 - b2)),
            "The step is divided by the root of v, so the root of 1 - beta2 is what counts.",
        ),
        Mistake(
            "root_of_both",
            without(lambda b1, b2: ((1 - b1) / (1 - b2)) ** 0.5),
            "The root is over the whole fraction. Only v stands under a root: (1 - beta1) above it has none.",
        ),
        Mistake(
            "betas_swapped",
            without(lambda b1, b2: (1 - b2) / (1 - b1) ** 0.5),
            "The betas have changed places: beta1 belongs to m, above, and beta2 to v, below.",
        ),
        Mistake(
            "root_of_the_wrong_one",
            without(lambda b1, b2: (1 - b1) ** 0.5 / (1 - b2)),
            "The root is taken of 1 - beta1. It is v, with 1 - beta2, that stands under the root.",
        ),
        Mistake(
            "betas_themselves",
            without(lambda b1, b2: b1 / b2**0.5 if b2 else 0.0),
            "After one step the old moments, 0, have the weight beta, and the gradient the weight 1 - beta: that is what "
            "remains.",
        ),
        Mistake(
            "product",
            without(lambda b1, b2: (1 - b1) * (1 - b2) ** 0.5),
            "The root of v divides the step: divide by the root of 1 - beta2.",
        ),
        Mistake(
            "squared",
            without(lambda b1, b2: (1 - b1) ** 2 / (1 - b2)),
            "This is the square of the ratio: take the root.",
        ),
        *(
            Mistake(
                "for_fixed_betas",
                without(lambda b1, b2, number=number: number),
                "The answer is one number whatever the betas are. Compute it from `betas`.",
            )
            for number in (0.1 / 0.001**0.5, 10**0.5, 3.16, 3.162, 3.1623)
        ),
        Mistake(
            "for_fixed_betas",
            without(lambda b1, b2: 0.1 / (1 - b2) ** 0.5),
            "beta1 makes no difference to the answer: 0.1 stands in place of 1 - beta1.",
        ),
        Mistake(
            "for_fixed_betas",
            without(lambda b1, b2: (1 - b1) / 0.001**0.5),
            "beta2 makes no difference to the answer: 0.001 stands in place of 1 - beta2.",
        ),
    ],
    alternatives=[from_two_steps, in_logarithms, root_of_the_squares],
    hints=[
        "Write down m and v after the first step, for a gradient g. What is m / sqrt(v)? And what with both corrected?",
        "m is (1 - beta1) g and v is (1 - beta2) g^2. g cancels, up to its sign; the corrected step is the sign alone.",
        "`(1 - beta1) / np.sqrt(1 - beta2)`.",
    ],
)
