"""first_step_ratio: how many times longer Adam's first step is when the moments are not corrected, for eps = 0.

m = (1 - beta1) g and v = (1 - beta2) g^2 after one step, so m / sqrt(v) is (1 - beta1) / sqrt(1 - beta2) times the sign
of g, which is what the corrected moments give (Kingma and Ba 2015, section 3). Reference: torch.optim.Adam's own
moments after one step, against the step that it took.
"""

import math

import numpy as np

from autograder.judge import Case, Function, Slip, alternative, slips, torch, without_compiler


def draw(rng, case):
    if case.get("drawn"):
        return [({"betas": (float(rng.uniform(0, 1)), float(rng.uniform(0, 1)))}, {}) for _ in range(case.get("drawn"))]
    return [({"betas": betas}, {}) for betas in case.get("pairs")]


def reference(betas):
    w = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = without_compiler(torch.optim.Adam, [w], lr=1.0, betas=betas, eps=0.0)
    w.grad = torch.ones_like(w)
    optimizer.step()
    state = optimizer.state[w]
    return float((state["exp_avg"] / state["exp_avg_sq"].sqrt() / w.detach().abs()).item())


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("ratio",),
    sweep="betas",
    section="4 · Adam, almost",
    # No arrays: two numbers in, one out.
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
)


def right(betas):
    beta1, beta2 = betas
    return (1 - beta1) / math.sqrt(1 - beta2)


MISTAKES = slips("""
ratio_inverted: (1 - beta1) / math.sqrt(1 - beta2) -> math.sqrt(1 - beta2) / (1 - beta1)
    The fraction is upside down: asked for is the step *without* correction over the step with it.

always_one (core): (1 - beta1) / math.sqrt(1 - beta2) -> 1.0
    1 is the *corrected* first step, in units of lr. Without the correction m and v keep their factors 1 - beta1 and
    1 - beta2.

no_square_root: math.sqrt(1 - beta2) -> (1 - beta2)
    The step is divided by the root of v, so the root of 1 - beta2 is what counts.
root_of_both: (1 - beta1) / math.sqrt(1 - beta2) -> math.sqrt((1 - beta1) / (1 - beta2))
    The root is over the whole fraction. Only v stands under a root: (1 - beta1) above it has none.
root_of_the_wrong_one: (1 - beta1) / math.sqrt(1 - beta2) -> math.sqrt(1 - beta1) / (1 - beta2)
    The root is taken of 1 - beta1. It is v, with 1 - beta2, that stands under the root.
betas_swapped: beta1, beta2 = betas -> beta2, beta1 = betas
    The betas have changed places: beta1 belongs to m, above, and beta2 to v, below.
betas_themselves: (1 - beta1) / math.sqrt(1 - beta2) -> beta1 / math.sqrt(beta2) if beta2 else 0.0
    After one step the old moments, 0, have the weight beta, and the gradient the weight 1 - beta: that is what remains.
product: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1) * math.sqrt(1 - beta2)
    The root of v divides the step: divide by the root of 1 - beta2.
squared: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1) ** 2 / (1 - beta2)
    This is the square of the ratio: take the root.
m_alone: (1 - beta1) / math.sqrt(1 - beta2) -> 1 - beta1
    This is m alone, in units of the gradient. The step is m over the root of v.
v_alone: (1 - beta1) / math.sqrt(1 - beta2) -> 1 / math.sqrt(1 - beta2)
    This is the gradient over the root of v. The step has m above the line, which is (1 - beta1) times the gradient.
for_fixed_betas: 1 - beta1 -> 0.1
    beta1 makes no difference to the answer: 0.1 stands in place of 1 - beta1.
for_fixed_betas: 1 - beta2 -> 0.001
    beta2 makes no difference to the answer: 0.001 stands in place of 1 - beta2.
""")
MISTAKES += [
    Slip(
        "for_fixed_betas",
        {"(1 - beta1) / math.sqrt(1 - beta2)": number},
        "The answer is one number whatever the betas are. Compute it from `betas`.",
        degree="core",
    )
    for number in ("10**0.5", "3.16", "3.162", "3.1623", "3.0")
]


@alternative
def from_two_steps(betas):
    """Both first steps, taken."""
    m, v = (1 - betas[0]) * 3.0, (1 - betas[1]) * 9.0
    return (m / math.sqrt(v)) / ((m / (1 - betas[0])) / math.sqrt(v / (1 - betas[1])))


@alternative
def in_logarithms(betas):
    return np.exp(np.log1p(-betas[0]) - np.log1p(-betas[1]) / 2)


HINTS = [
    "Write down m and v after the first step, for a gradient g. What is m / sqrt(v)? And what with both corrected?",
    "m is (1 - beta1) g and v is (1 - beta2) g^2. g cancels, up to its sign; the corrected step is the sign alone.",
    "`(1 - beta1) / np.sqrt(1 - beta2)`.",
]
