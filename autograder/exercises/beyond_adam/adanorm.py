"""adanorm: a gradient that is shorter than its history is lengthened to it.

n = ||grad||, the L2 norm of the whole array;  e <- gamma e + (1 - gamma) n, e = 0 before the first step and not
corrected for it;  where e > n > 0 the corrected gradient is (e / n) grad, else grad (Dubey et al. 2023; lecture 003,
AdamNorm). Reference: that formula in torch; tests compare it with pytorch_optimizer.AdaNorm.
"""

import math

import numpy as np

from autograder.exercises._optimizers import hard_coded
from autograder.exercises.beyond_adam._family import scaled
from autograder.judge import Case, Mistake, Transform, alternative, slips, torch, torch_steps


def update(w, grad, state, *, gamma):
    n = torch.linalg.vector_norm(grad)
    e = torch.lerp(n, torch.as_tensor(state.get("e", 0.0)).double(), gamma)
    return torch.where((e > n) & (n > 0), grad * e / torch.where(n > 0, n, 1), grad), {"e": e}


EXERCISE = Transform(
    reference=torch_steps(update, gamma=0.95),
    takes=("grad",),
    returns="corrected_grad",
    section="5 · AdaNorm: a memory of lengths",
    typical={"gamma": 0.5},
    cases=[
        Case("the first step: e is below the norm, nothing changes", steps=1, shape=(3,), lr=None, gamma=0.9),
        Case("norms that fall tenfold are lifted", steps=6, sizes=(3.0, 0.3), lr=None, weight=2, gamma=0.6),
        Case("norms that fall and rise", steps=40, sizes=(1.0, 0.1, 2.0, 0.02, 1.0), lr=None, weight=3, gamma=0.8),
        Case("a long history", steps=60, sizes=(1.0, 0.3, 0.1), lr=None, gamma=0.98),
        Case("gamma=0: no history, nothing changes", steps=6, sizes=(1.0, 0.1), lr=None, gamma=0.0),
        Case("matrices, and arrays with more axes", steps=12, shape=(2, 3, 2), sizes=(1.0, 0.1), lr=None, gamma=0.7),
        Case("gradients of 0, at first and on the way", steps=16, sizes=(0.0, 1.0, 0.0, 0.1), lr=None, gamma=0.6),
        Case("gradients from 1e15 to 1e-12", steps=18, shape=(5,), sizes=(1e15, 1.0, 1e-12), lr=None, gamma=0.3),
        Case("the default is gamma=0.95", steps=30, sizes=(1.0, 0.1), lr=None),
        Case("several parameters in turn, each with its state", mode="several", steps=12, lr=None, weight=2, gamma=0.5),
    ],
)


def right(grad, state, *, gamma=0.95):
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    corrected = grad * (e / n) if e > n > 0 else grad
    return corrected, {"e": e}


MISTAKES = scaled('{"e": e}', right)
MISTAKES += slips("""
in_place (detail): corrected = grad * (e / n) if e > n > 0 else grad -> grad *= max(e / (n or 1), 1.0); corrected = grad
    The caller's array is overwritten: `grad *= ...` writes into it. Make a new one: `grad * (e / n)`.
history_returned (core): return corrected, {"e": e} -> return e + 0 * grad, {"e": e}
    What comes back is the history itself. Return the gradient, corrected.
factor_returned (core): return corrected, {"e": e} -> return (e / n if e > n > 0 else 1.0) + 0 * grad, {"e": e}
    What comes back is the factor alone. Return the gradient, times it.
""")
MISTAKES += hard_coded(gamma=[0.95, 0.9])


def _shared_by_shape():
    memory: dict = {}

    def step(grad, state, *, gamma=0.95):
        new, memory[grad.shape] = right(grad, memory.get(grad.shape, {}), gamma=gamma)
        return new, state

    return step


MISTAKES += [
    Mistake(
        "shared_history",
        _shared_by_shape,
        "Parameters of one shape share their history, in a global variable. Each has its own: keep e in the `state`.",
        remembers=True,
    )
]


@alternative
def at_least_its_history(grad, state, *, gamma=0.95):
    """Direction times the larger of the two lengths."""
    n = math.sqrt(float(np.vdot(grad, grad)))
    state["e"] = n + gamma * (state.get("e", 0.0) - n)
    return (grad / n * max(n, state["e"]) if n else grad.copy()).astype(grad.dtype), state


@alternative
def all_norms(grad, state, *, gamma=0.95):
    """The average written out over all norms so far."""
    norms = [*state.get("norms", []), float(np.sqrt(np.square(grad).sum()))]
    e = (1 - gamma) * sum(norm * gamma**age for age, norm in enumerate(reversed(norms)))
    factor = e / norms[-1] if 0 < norms[-1] < e else 1
    return [factor * grad, {"norms": norms}]


HINTS = [
    "One number says how long a gradient is. How would you remember how long they usually are?",
    "n is the norm of the whole array, e its running average, which starts at 0. Where e is larger than n, make the "
    "gradient e long without turning it. Mind a gradient of 0.",
    '`n = np.linalg.norm(grad)`, `e = gamma * state.get("e", 0.0) + (1 - gamma) * n`, then '
    "`grad * (e / n) if e > n > 0 else grad`.",
]
