"""nadam: Adam with Nesterov's look-ahead, and a momentum that warms up.

mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), P_t = mu_1 ... mu_t; m and v as in Adam; m_bar = mu_{t+1} m / (1 - P_t
mu_{t+1}) + (1 - mu_t) grad / (1 - P_t);  w <- w - lr m_bar / (sqrt(v / (1 - beta2^t)) + eps) (Dozat 2016, Algorithm 2,
who has mu_t in place of beta1 in m too). Reference: torch.optim.NAdam, in float64 throughout.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, common_cases, denominator, hard_coded, manners, only, without
from autograder.exercises.adam._family import CORRECTION, LARGE_EPS, MOMENTS, SHORT, USUAL, counts
from autograder.judge import Case, Optimizer, alternative, slips, torch, torch_optimizer

_Torch = torch_optimizer("NAdam", lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3)


class Reference(_Torch):
    """PyTorch keeps the product of the mu in the default dtype, float32, whatever the parameters are."""

    def step(self, w, grad, lr):
        usual = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return super().step(w, grad, lr)
        finally:
            torch.set_default_dtype(usual)


SLOWLY = {**USUAL, "momentum_decay": 4e-3}
FAST = {**SHORT, "momentum_decay": 0.5}

EXERCISE = Optimizer(
    reference=Reference,
    section="8 · Nadam: Nesterov again",
    typical=FAST,
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, **SLOWLY),
        Case("two steps: moments, product and t carry over", steps=2, shape=(3,), lr=0.1, **SLOWLY),
        Case("120 steps with varying gradients", steps=120, lr=0.05, weight=2, **SLOWLY),
        Case("the momentum warms up fast", shape=(2, 3, 2), lr=0.02, **SHORT, momentum_decay=2.0, weight=2),
        Case("momentum_decay=0: half of beta1 for ever", steps=20, lr=0.05, **SHORT, momentum_decay=0.0),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, momentum_decay=0.1, weight=2, **LARGE_EPS),
        Case("the defaults of lr, betas, eps and momentum_decay", lr=None, steps=20, sizes=1e-8),
        *common_cases(**FAST),
    ],
)


def right(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    product = state.get("product", 1.0) * mu
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_part = mu_next * m / (1 - product * mu_next)
    grad_part = (1 - mu) * grad / (1 - product)
    v_hat = v / (1 - beta2**t)
    step = lr * (m_part + grad_part) / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "product": product, "m": m, "v": v}


MISTAKES = slips("""
plain_adam (core): m_part + grad_part -> m / (1 - beta1**t)
    This is plain Adam. Nadam puts mu_{t+1} of m and 1 - mu_t of the gradient itself above the root, each with its own
    correction.

product_not_kept: state.get("product", 1.0) * mu -> mu
    or state.get("product", 1.0) * mu -> mu**t
    The correction is made of this step's mu alone. It takes the product of all mu so far, mu_1 * ... * mu_t: keep it in
    the state, and multiply this step's mu in.

product_of_betas: state.get("product", 1.0) * mu -> beta1**t
    The correction has Adam's beta1^t. It takes the product of all mu so far: keep it in the state.

adams_correction:
    1 - product * mu_next -> 1 - beta1 ** (t + 1)
    1 - product -> 1 - beta1**t
    Both parts have Adam's correction, with powers of beta1. Theirs has the product of all mu so far: keep it in the
    state.

next_mu_kept: {"t": t, "product": product, "m": m, "v": v} -> {"t": t, "product": product * mu_next, "m": m, "v": v}
    The product in the state has mu_{t+1} in it already, and the next step multiplies the same mu in again. Keep
    mu_1 * ... * mu_t; mu_{t+1} is for this step's m alone.

no_correction:
    1 - product * mu_next -> 1
    1 - product -> 1
    m and the gradient are not corrected: divide the first by 1 - P_t mu_{t+1}, the second by 1 - P_t.

gradient_not_corrected: 1 - product -> 1
    The gradient's part is not corrected: divide it by 1 - P_t.
m_not_corrected: 1 - product * mu_next -> 1
    The part of m is not corrected: divide it by 1 - P_t mu_{t+1}.
one_correction: 1 - product * mu_next -> 1 - product
    Both parts are divided by 1 - P_t. m belongs to the next step already: divide it by 1 - P_t mu_{t+1}.
one_correction: 1 - product -> 1 - product * mu_next
    Both parts are divided by 1 - P_t mu_{t+1}. The gradient belongs to this step: divide it by 1 - P_t.

same_mu_for_both: mu_next * m -> mu * m
    or mu_next * m / (1 - product * mu_next) -> mu * m / (1 - product)
    or mu_next * m / (1 - product * mu_next) -> mu * m / (1 - product * mu)
    m has this step's mu. It looks ahead: mu_{t+1} m / (1 - P_t mu_{t+1}).

same_mu_for_both: 1 - mu -> 1 - mu_next
    The gradient has the share 1 - mu_{t+1}. Its share is this step's, 1 - mu_t.

no_warm_up:
    1 - 0.5 * 0.96 ** (t * momentum_decay) -> 1
    1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay) -> 1
    or m_part + grad_part -> (beta1 * m + (1 - beta1) * grad) / (1 - beta1**t)
    mu is beta1 from the start, as in a Nadam without a schedule. Here it warms up: beta1 * (1 - 0.5 * 0.96**(t *
    momentum_decay)).

mu_one_behind (detail):
    t * momentum_decay -> (t - 1) * momentum_decay
    (t + 1) * momentum_decay -> t * momentum_decay
    Every mu is one step behind. The first step takes mu_1, with 0.96**(1 * momentum_decay), and mu_2.

mu_one_ahead (detail):
    t * momentum_decay -> (t + 1) * momentum_decay
    (t + 1) * momentum_decay -> (t + 2) * momentum_decay
    Every mu is one step ahead. The first step takes mu_1, with 0.96**(1 * momentum_decay), and mu_2.

no_half:
    0.5 * 0.96 ** (t * momentum_decay) -> 0.96 ** (t * momentum_decay)
    0.5 * 0.96 ** ((t + 1) * momentum_decay) -> 0.96 ** ((t + 1) * momentum_decay)
    The half is missing: mu_t = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay)) starts near beta1 / 2, not near 0.

power_before_product:
    0.96 ** (t * momentum_decay) -> (0.96**t * momentum_decay)
    0.96 ** ((t + 1) * momentum_decay) -> (0.96 ** (t + 1) * momentum_decay)
    0.96**t * momentum_decay is the power times momentum_decay. The product is the exponent: 0.96**(t * momentum_decay).

m_decays_with_mu (detail):
    beta1 * state.get("m", 0.0) + (1 - beta1) * grad -> mu * state.get("m", 0.0) + (1 - mu) * grad
    m is averaged with mu_t, as the paper has it. Here, as in PyTorch, m is Adam's: averaged with beta1.

v_not_corrected: 1 - beta2**t -> 1
    v is not corrected: divide it by 1 - beta2^t, as in Adam.
v_times_beta2 (detail): v / (1 - beta2**t) -> beta2 * v / (1 - beta2**t)
    The corrected v is multiplied by beta2, as the paper prints it. Here, as in PyTorch, v is Adam's: v / (1 - beta2^t)
t_from_zero: state.get("t", 0) -> state.get("t", -1)
    In the first step t is 0, and v's correction divides by 1 - beta2^0 = 0. Count first: t is 1 in the first step.
t_one_ahead (detail): state.get("t", 0) -> state.get("t", 1)
    t is one step ahead: it is 1 in the first step, 2 in the second.
t_fixed_at_one: state.get("t", 0) + 1 -> 1
    t is 1 in every step: keep it in the state and raise it by one each time.
""")
MISTAKES += [*STEP, *denominator("v_hat"), *only(CORRECTION, "eps_before_correction", "correction_outside_root")]
MISTAKES += [*without(MOMENTS, "no_first_moment"), *counts(right), *manners(right, "memory")]
MISTAKES += hard_coded(lr=[2e-3, 1e-3, 0.1, 1.0], betas=(0.9, 0.999), eps=[1e-8, 1e-7], momentum_decay=4e-3)


@alternative
def all_the_mus(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    """The product anew in each step."""
    t = state["t"] = state.get("t", 0) + 1
    mus = [betas[0] - betas[0] / 2 * 0.96 ** (k * momentum_decay) for k in range(1, t + 2)]
    product = 1.0
    for mu in mus[:-1]:
        product *= mu
    state["m"] = state.get("m", 0.0) + (1 - betas[0]) * (grad - state.get("m", 0.0))
    state["v"] = state.get("v", 0.0) + (1 - betas[1]) * (grad * grad - state.get("v", 0.0))
    below = (state["v"] / (1 - betas[1] ** t)) ** 0.5 + eps
    ahead, here = lr * mus[-1] / (1 - product * mus[-1]), lr * (1 - mus[-2]) / (1 - product)
    return w - ahead * state["m"] / below - here * grad / below, state


@alternative
def in_place_of_the_state(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    if not state:
        state.update(t=0, left=1.0, m=np.zeros_like(w), v=np.zeros_like(w))
    state["t"] += 1
    mu, mu_next = (betas[0] * (1 - 0.96 ** (k * momentum_decay) / 2) for k in (state["t"], state["t"] + 1))
    state["left"] *= mu
    state["m"] *= betas[0]
    state["m"] += (1 - betas[0]) * grad
    state["v"] *= betas[1]
    state["v"] += (1 - betas[1]) * grad * grad
    m_hat, g_hat = state["m"] / (1 - state["left"] * mu_next), grad / (1 - state["left"])
    below = np.sqrt(state["v"] / (1 - betas[1] ** state["t"])) + eps
    return w - lr * (mu_next * m_hat + (1 - mu) * g_hat) / below, state


HINTS = [
    "`nesterov` stepped along grad + momentum * v in place of v. What would that be for Adam's m, if the momentum of "
    "the next step is known already?",
    "m and v are Adam's. New are mu_t, mu_{t+1} and the product of all mu so far, one number that the state keeps. "
    "Then m_bar has two parts, each with its own share and its own correction.",
    "With the defaults mu_1 is 0.45007, mu_2 is 0.45015 and their product 0.2026. Whatever the gradient, the first "
    "step is 1.0565 times lr: 0.0565 of it comes from m, 1 from the gradient itself.",
]
