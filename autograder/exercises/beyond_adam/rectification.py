"""rectification: RAdam's factor r_t, 0.0 as long as too few squared gradients have been seen.

rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t);  r_t = sqrt((rho_t - 4)(rho_t - 2)
rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t)) where rho_t > 5, else 0 (Liu et al. 2020, section 4, who switch at 4).
Reference: a step of torch.optim.RAdam along even gradients.
"""

import math

import numpy as np

from autograder.exercises.beyond_adam._family import RECTIFIED
from autograder.judge import Case, Function, alternative, slips, torch, without_compiler


def draw(rng, case):
    pairs = [(t, beta2) for beta2 in case.get("beta2s", ()) for t in case.get("ts")]
    # Memories of which no rho_t lies near 5.
    pairs += [(int(rng.integers(9, 40)), 1 - 1 / float(rng.uniform(15, 3000))) for _ in range(case.get("drawn", 0))]
    return [({"t": t, "beta2": beta2}, {}) for t, beta2 in pairs]


def reference(t, beta2):
    w = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = without_compiler(torch.optim.RAdam, [w], lr=1.0, betas=(0.0, beta2), eps=1e-30)
    # As after t - 1 steps with gradients of 2: a step without the root is 2 long, one with it r_t.
    seen = torch.tensor(4 * (1 - beta2 ** (t - 1)), dtype=torch.float64)
    before = {"step": torch.tensor(float(t - 1)), "exp_avg": torch.tensor(2.0).double(), "exp_avg_sq": seen}
    optimizer.state[w] = before
    w.grad = torch.full_like(w, 2.0)
    optimizer.step()
    length = -float(w.detach())
    return 0.0 if length > 1.5 else length


FIRST = range(1, 13)

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("r",),
    sweep="t",
    scale=lambda t, beta2: {"r": 1.0},
    section="1 · RAdam: when the root is not to be trusted",
    # Two numbers in, one out.
    standard=("again",),
    cases=[
        Case("beta2 = 0.999: 0 for five steps", ts=FIRST, beta2s=(0.999,), weight=2),
        Case("it grows to 1", ts=(20, 100, 1000, 5000, 100_000), beta2s=(0.999,)),
        Case("other memories", ts=FIRST, beta2s=(0.9, 0.99, 0.9999)),
        Case("beta2 = 0.8: 0 for six steps", ts=FIRST, beta2s=(0.8,)),
        Case("a short memory never gets there: always 0", ts=(1, 2, 5, 6, 7, 50, 1000), beta2s=(0.3, 0.5, 0.6)),
        Case("memories that were drawn", drawn=12),
    ],
)


def right(t, beta2):
    rho_inf = 2 / (1 - beta2) - 1
    faded = beta2**t
    rho = rho_inf - 2 * t * faded / (1 - faded)
    if rho > 5:
        return math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    return 0.0


_R = "math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))"

MISTAKES = slips(f"""
rho_inf_wrong: 2 / (1 - beta2) - 1 -> 1 / (1 - beta2)
    or 2 / (1 - beta2) - 1 -> 1 / (1 - beta2) - 1
    rho_inf is 2 / (1 - beta2) - 1: the 2 is missing, so that the switch never comes.

always_one (core): {_R} -> 1.0
    There is no rectification: where rho_t > 5 the answer is r_t, which grows from near 0 to 1.
one_before (core): return 0.0 -> return 1.0
    As long as rho_t <= 5 the answer is 1. It is 0.0: that tells `radam` to do without the root.

t_from_zero: faded = beta2**t -> t = max(t - 1, 1); faded = beta2**t
    t is one behind. It counts from 1: use it as it comes.
t_one_ahead: faded = beta2**t -> t = t + 1; faded = beta2**t
    t is one ahead. It counts from 1: use it as it comes.
rho_itself (core): {_R} -> rho
    What comes back is rho_t. Asked for is r_t, the root of the fraction that is made of it.
""")
MISTAKES += RECTIFIED


@alternative
def weights_summed(t, beta2):
    """The length of the average from its centre of mass, the roots one by one."""
    longest = (1 + beta2) / (1 - beta2)
    length = longest - 2 * t / (beta2**-t - 1) if beta2**t > 0 else longest
    if not length > 5:
        return np.float64(0)
    parts = (length - 4) / (longest - 4), (length - 2) / (longest - 2), longest / length
    return np.prod([part**0.5 for part in parts])


@alternative
def early_return(t, beta2):
    most = 2 / (1 - beta2) - 1
    rho = most - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5.0:
        return 0
    above, below = (rho - 4) * (rho - 2) * most, (most - 4) * (most - 2) * rho
    return above**0.5 / below**0.5


HINTS = [
    "Two lengths: the longest that the memory of v can be, and how long it is by now.",
    "First rho_inf and rho_t, from beta2 and t alone. Then a switch: 0.0 as long as rho_t is 5 or less.",
    "`rho_inf = 2 / (1 - beta2) - 1`, `rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)`; the fraction has "
    "(rho - 4) * (rho - 2) * rho_inf above and (rho_inf - 4) * (rho_inf - 2) * rho below.",
]
