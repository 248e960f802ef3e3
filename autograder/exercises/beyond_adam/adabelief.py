"""adabelief: Adam that divides not by the size of the gradients but by how far they fall from their average.

m <- beta1 m + (1 - beta1) grad;  s <- beta2 s + (1 - beta2)(grad - m)^2 + eps, with the new m, uncorrected, and an eps
that stays in s;  w <- w - lr m_hat / (sqrt(s_hat) + eps) (Zhuang et al. 2020; lecture 003, Algorithm 2).
Reference: that formula in torch; tests compare it with pytorch_optimizer.AdaBelief, which is the same.
"""

import numpy as np

from autograder.exercises._optimizers import TINY, hard_coded, without
from autograder.exercises.adam._family import SHORT
from autograder.exercises.beyond_adam._family import cases, whole
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, betas, eps):
    (beta1, beta2), t = betas, state.get("t", 0) + 1
    zero = torch.zeros_like(grad)
    m = torch.lerp(state.get("m", zero), grad, 1 - beta1)
    s = beta2 * state.get("s", zero) + (1 - beta2) * (grad - m).square() + eps
    return w - lr * m / (1 - beta1**t) / ((s / (1 - beta2**t)).sqrt() + eps), {"t": t, "m": m, "s": s}


EXERCISE = Optimizer(
    reference=torch_steps(update, lr=1e-3, betas=(0.9, 0.999), eps=1e-16),
    section="4 · AdaBelief: the surprise",
    typical=SHORT,
    cases=cases(
        Case("an eps that has grown up in s", steps=40, sizes=0.1, lr=0.05, betas=(0.8, 0.98), eps=1e-3, weight=2),
        Case("other betas", shape=(2, 3, 2), steps=24, lr=0.02, betas=(0.5, 0.9), eps=TINY),
        defaults="the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-16",
        tiny=1e-6,
    ),
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * (grad - m) ** 2 + eps
    m_hat = m / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(s_hat) + eps)
    return w - step, {"t": t, "m": m, "s": s}


_S = 'beta2 * state.get("s", 0.0) + (1 - beta2) * (grad - m) ** 2'

BELIEF = slips(f"""
squares_of_gradients (core): (grad - m) ** 2 -> grad**2
    This is Adam: s averages the squares of the gradients. It averages the squares of grad - m, their surprise.
old_m: (grad - m) ** 2 -> (grad - state.get("m", 0.0)) ** 2
    The surprise is measured from the old m. It is grad minus the new one, with this gradient already in it.
corrected_m: (grad - m) ** 2 -> (grad - m / (1 - beta1**t)) ** 2
    The surprise is measured from the corrected m. It is grad minus m as it is kept.
old_and_new_m: (grad - m) ** 2 -> (grad - state.get("m", 0.0)) * (grad - m)
    One factor has the old m, as a running variance has. Both have the new one: (grad - m)^2.
size_of_the_surprise (core): (grad - m) ** 2 -> np.abs(grad - m)
    s averages the sizes of the surprise. It averages their squares.

eps_not_in_s (detail): {_S} + eps -> {_S}
    `eps` is not added to s. It is, in each step, and stays there; and it is added to the root as well.

eps_not_kept (detail):
    {_S} + eps -> {_S}
    np.sqrt(s_hat) -> np.sqrt(s_hat + eps)
    or {_S} + eps -> {_S} + (1 - beta2) * eps
    or {_S} + eps -> {_S}
    s / (1 - beta2**t) -> (s + eps) / (1 - beta2**t)
    `eps` does not grow in s: it counts for this step alone, or is averaged with 1 - beta2, which comes to the same. It
    is added to s in every step, in full, and stays there.

eps_at_first_only (detail): {_S} + eps -> {_S} + (0 if state else eps)
    `eps` goes into s in the first step alone. It is added in every step.
eps_not_at_the_root (detail): np.sqrt(s_hat) + eps -> np.sqrt(s_hat)
    `eps` is not added to the root. It is, besides what stays in s.
eps_of_adam (detail): eps=1e-16 -> eps=1e-8
    The default of `eps` is 1e-16: it is added to squares here.
""")
MISTAKES = [
    *BELIEF,
    *without(whole(right, "s", square="(grad - m) ** 2"), "eps_missing", "eps_as_floor", "not_squared"),
]
MISTAKES += hard_coded(lr=[1e-3, 0.01], betas=(0.9, 0.999), eps=[1e-16, 1e-8])


@alternative
def surprise_of_the_old(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    """grad - m is beta1 (grad - old m): the surprise before m has moved."""
    surprise = grad - state.get("m", 0.0)
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = grad - betas[0] * surprise
    state["s"] = betas[1] * state.get("s", 0.0) + ((1 - betas[1]) * betas[0] ** 2 * surprise**2 + eps)
    below = (state["s"] / (1 - betas[1] ** t)) ** 0.5 + eps
    return w - lr * (state["m"] / (1 - betas[0] ** t)) / below, state


@alternative
def eps_apart(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    """What eps has come to in s, as a sum of its own."""
    (b1, b2), (t, m, s, grown) = betas, state.get("all", (0, np.zeros_like(w), np.zeros_like(w), 0.0))
    t, m, grown = t + 1, b1 * m + (1 - b1) * grad, b2 * grown + eps
    s = b2 * s + (1 - b2) * np.square(m - grad)
    s_hat = (s + grown) / (1 - b2**t)
    return [w - lr / (1 - b1**t) * m / (np.sqrt(s_hat) + eps), {"all": (t, m, s, grown)}]


HINTS = [
    "Adam divides by the size of the gradients. On an even slope they may be large, and yet there is nothing to be "
    "careful about. What is small there?",
    "m first. Then s averages the squares of grad - m, with the m that you have just updated, and eps is added to s in "
    "every step, to stay.",
    "`s = beta2 * s + (1 - beta2) * (grad - m) ** 2 + eps`; then Adam's step with s in place of v.",
]
