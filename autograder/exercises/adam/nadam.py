"""nadam: Adam with Nesterov's look-ahead, and a momentum that warms up.

mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), P_t = mu_1 ... mu_t; m and v as in Adam; m_bar = mu_{t+1} m / (1 - P_t
mu_{t+1}) + (1 - mu_t) grad / (1 - P_t);  w <- w - lr m_bar / (sqrt(v / (1 - beta2^t)) + eps) (Dozat 2016, Algorithm 2, who
has mu_t in place of beta1 in m too). Reference: torch.optim.NAdam, in float64 throughout.
"""

import numpy as np
import torch

from autograder.exercises.adam._adams import adam_with, average, betas_swapped, counts
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer

_Torch = torch_optimizer(torch.optim.NAdam, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3)


class Reference(_Torch):
    """PyTorch keeps the product of the mu in the default dtype, float32, whatever the parameters are."""

    def step(self, w, grad, lr):
        usual = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return super().step(w, grad, lr)
        finally:
            torch.set_default_dtype(usual)


def warm(beta1, t, decay):
    return beta1 * (1 - 0.5 * 0.96 ** (t * decay))


def dozat(m, grad, mu, mu_next, product):
    """The look-ahead: the next step's share of m, and this gradient's share."""
    return mu_next * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)


def rooted(v, t, beta2, eps):
    return np.sqrt(v / (1 - beta2**t)) + eps


def nadam_with(
    above=dozat,
    *,
    mu_of=warm,
    product_of=lambda kept, mu, t, beta1: kept * mu,
    below=rooted,
    m_with_mu=False,
    squares=lambda grad, m: grad,
    t_of=lambda t: t,
):
    """A Nadam with another line.

    above(m, grad, mu, mu_next, product) and below(v, t, beta2, eps) make the step; mu_of(beta1, t, momentum_decay);
    product_of(kept, mu, t, beta1); m_with_mu: m decays with mu_t.
    """

    def step(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
        count = state.get("t", 0) + 1
        t, beta1 = t_of(count), betas[0]
        mu, mu_next = mu_of(beta1, t, momentum_decay), mu_of(beta1, t + 1, momentum_decay)
        product = product_of(state.get("product", 1.0), mu, t, beta1)
        m = average(state.get("m", 0.0 * w), grad, mu if m_with_mu else beta1)
        v = average(state.get("v", 0.0 * w), squares(grad, m) ** 2, betas[1])
        new = w - lr * above(m, grad, mu, mu_next, product) / below(v, t, betas[1], eps)
        return new, {"t": count, "product": product, "m": m, "v": v}

    return step


def without_decay(adam):
    """Another optimizer of the family, which has no momentum_decay."""

    def step(w, grad, state, *, lr=2e-3, momentum_decay=4e-3, **hyper):
        return adam(w, grad, state, lr=lr, **hyper)

    return step


def simplified(t, m, v, grad, betas, eps):
    """The form without a schedule: beta1 m_hat + (1 - beta1) grad / (1 - beta1^t)."""
    ahead = (betas[0] * m + (1 - betas[0]) * grad) / (1 - betas[0] ** t)
    return ahead / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


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


def mu_of_the_next_step_kept(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    """Each mu computed once: this step's next is the next one's this."""
    fresh = {
        "t": 0,
        "mu": warm(betas[0], 1, momentum_decay),
        "product": 1.0,
        "m": np.zeros_like(w),
        "v": np.zeros_like(w),
    }
    s = {**fresh, **state}
    t, mu, product = s["t"] + 1, s["mu"], s["product"] * s["mu"]
    mu_next = warm(betas[0], t + 1, momentum_decay)
    m, v = average(s["m"], grad, betas[0]), average(s["v"], np.square(grad), betas[1])
    m_bar = m * (mu_next / (1 - product * mu_next)) + grad * ((1 - mu) / (1 - product))
    root = (1 - betas[1] ** t) ** 0.5
    return [
        w - lr * root * m_bar / (np.sqrt(v) + eps * root),
        {"t": t, "mu": mu_next, "product": product, "m": m, "v": v},
    ]


def state_updated_in_place(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
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


RIGHT = nadam_with()


def next_mu_kept(w, grad, state, *, betas=(0.9, 0.999), momentum_decay=4e-3, **hyper):
    """The product with mu_{t+1} in it goes into the state."""
    new, kept = RIGHT(w, grad, state, betas=betas, momentum_decay=momentum_decay, **hyper)
    return new, {**kept, "product": kept["product"] * warm(betas[0], kept["t"] + 1, momentum_decay)}


KEPT = "It takes the product of all mu so far, mu_1 * ... * mu_t: keep it in the state, and multiply this step's mu in."

EXERCISE = Optimizer(
    reference=Reference,
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3),
        Case("two steps: moments, product and t carry over", steps=2, shape=(3,), lr=0.1, momentum_decay=4e-3),
        Case("60 steps with varying gradients", lr=0.05, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3),
        Case(
            "a fast warm-up, other betas, another shape",
            shape=(2, 3, 2),
            lr=0.02,
            betas=(0.7, 0.95),
            momentum_decay=2.0,
            weight=2,
        ),
        Case("momentum_decay=0: half of beta1 for ever", steps=20, lr=0.05, betas=(0.8, 0.9), momentum_decay=0.0),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, momentum_decay=0.1, weight=2),
        Case("the defaults of lr, betas, eps and momentum_decay", lr=None, steps=20, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05)),
        Case("gradients of 0, at first and on the way: no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0)),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15)),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9), momentum_decay=0.5),
        Case("several parameters in turn, each with its state", mode="several", steps=12, momentum_decay=0.5),
    ],
    mistakes=[
        Mistake(
            "plain_adam",
            without_decay(adam_with()),
            "This is plain Adam. Nadam puts mu_{t+1} of m and 1 - mu_t of the gradient itself above the root, each with its "
            "own correction.",
        ),
        Mistake(
            "product_not_kept",
            nadam_with(product_of=lambda kept, mu, t, beta1: mu),
            "Only this step's mu is in the correction. " + KEPT,
        ),
        Mistake(
            "product_not_kept",
            nadam_with(product_of=lambda kept, mu, t, beta1: mu**t),
            "The correction has this step's mu to the power t. " + KEPT,
        ),
        Mistake(
            "next_mu_kept",
            next_mu_kept,
            "The product in the state has mu_{t+1} in it already, and the next step multiplies the same mu in again. Keep "
            "mu_1 * ... * mu_t; mu_{t+1} is for this step's m alone.",
        ),
        Mistake(
            "product_of_betas",
            nadam_with(product_of=lambda kept, mu, t, beta1: beta1**t),
            "The correction has Adam's beta1^t. " + KEPT,
        ),
        Mistake(
            "adams_correction",
            nadam_with(
                lambda m, grad, mu, mu_next, product: (
                    mu_next * m / (1 - product[1]) + (1 - mu) * grad / (1 - product[0])
                ),
                product_of=lambda kept, mu, t, beta1: (beta1**t, beta1 ** (t + 1)),
            ),
            "Both parts have Adam's correction, with powers of beta1. " + KEPT,
        ),
        Mistake(
            "no_correction",
            nadam_with(lambda m, grad, mu, mu_next, product: mu_next * m + (1 - mu) * grad),
            "m and the gradient are not corrected: divide the first by 1 - P_t mu_{t+1}, the second by 1 - P_t.",
        ),
        Mistake(
            "gradient_not_corrected",
            nadam_with(lambda m, grad, mu, mu_next, product: mu_next * m / (1 - product * mu_next) + (1 - mu) * grad),
            "The gradient's part is not corrected: divide it by 1 - P_t.",
        ),
        Mistake(
            "one_correction",
            nadam_with(lambda m, grad, mu, mu_next, product: (mu_next * m + (1 - mu) * grad) / (1 - product)),
            "Both parts are divided by 1 - P_t. m belongs to the next step already: divide it by 1 - P_t mu_{t+1}.",
        ),
        Mistake(
            "one_correction",
            nadam_with(lambda m, grad, mu, mu_next, product: (mu_next * m + (1 - mu) * grad) / (1 - product * mu_next)),
            "Both parts are divided by 1 - P_t mu_{t+1}. The gradient belongs to this step: divide it by 1 - P_t.",
        ),
        Mistake(
            "same_mu_for_both",
            nadam_with(
                lambda m, grad, mu, mu_next, product: mu * m / (1 - product * mu) + (1 - mu) * grad / (1 - product)
            ),
            "m has this step's mu, and so has its correction. It looks ahead: mu_{t+1}.",
        ),
        Mistake(
            "same_mu_for_both",
            nadam_with(lambda m, grad, mu, mu_next, product: (mu * m + (1 - mu) * grad) / (1 - product)),
            "m has this step's mu, and the correction of this step. It looks ahead: mu_{t+1}, and 1 - P_t mu_{t+1}.",
        ),
        Mistake(
            "same_mu_for_both",
            nadam_with(
                lambda m, grad, mu, mu_next, product: mu * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)
            ),
            "m is multiplied by this step's mu. It looks ahead: mu_{t+1}.",
        ),
        Mistake(
            "same_mu_for_both",
            nadam_with(
                lambda m, grad, mu, mu_next, product: (
                    mu_next * m / (1 - product * mu_next) + (1 - mu_next) * grad / (1 - product)
                )
            ),
            "The gradient has the share 1 - mu_{t+1}. Its share is this step's, 1 - mu_t.",
        ),
        Mistake(
            "no_warm_up",
            nadam_with(mu_of=lambda beta1, t, decay: beta1),
            "mu is beta1 from the start. It warms up: beta1 * (1 - 0.5 * 0.96**(t * momentum_decay)).",
        ),
        Mistake(
            "no_warm_up",
            without_decay(adam_with(simplified)),
            "This is Nadam without its schedule, with beta1 in place of every mu. Here mu_t warms up: beta1 * (1 - 0.5 * "
            "0.96**(t * momentum_decay)).",
        ),
        Mistake(
            "mu_one_behind",
            nadam_with(mu_of=lambda beta1, t, decay: warm(beta1, t - 1, decay)),
            "Every mu is one step behind. The first step takes mu_1, with 0.96**(1 * momentum_decay), and mu_2.",
        ),
        Mistake(
            "mu_one_ahead",
            nadam_with(mu_of=lambda beta1, t, decay: warm(beta1, t + 1, decay)),
            "Every mu is one step ahead. The first step takes mu_1, with 0.96**(1 * momentum_decay), and mu_2.",
        ),
        Mistake(
            "no_half",
            nadam_with(mu_of=lambda beta1, t, decay: beta1 * (1 - 0.96 ** (t * decay))),
            "The half is missing: mu_t = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay)) starts near beta1 / 2, not near 0.",
        ),
        Mistake(
            "power_before_product",
            nadam_with(mu_of=lambda beta1, t, decay: beta1 * (1 - 0.5 * 0.96**t * decay)),
            "0.96**t * momentum_decay is the power times momentum_decay. The product is the exponent: 0.96**(t * "
            "momentum_decay).",
        ),
        Mistake(
            "m_decays_with_mu",
            nadam_with(m_with_mu=True),
            "m is averaged with mu_t, as the paper has it. Here, as in PyTorch, m is Adam's: averaged with beta1.",
        ),
        Mistake(
            "v_not_corrected",
            nadam_with(below=lambda v, t, beta2, eps: np.sqrt(v) + eps),
            "v is not corrected: divide it by 1 - beta2^t, as in Adam.",
        ),
        Mistake(
            "v_times_beta2",
            nadam_with(below=lambda v, t, beta2, eps: np.sqrt(beta2 * v / (1 - beta2**t)) + eps),
            "The corrected v is multiplied by beta2, as the paper prints it. Here, as in PyTorch, it is Adam's: v / (1 - "
            "beta2^t).",
        ),
        Mistake(
            "eps_inside_root",
            nadam_with(below=lambda v, t, beta2, eps: np.sqrt(v / (1 - beta2**t) + eps)),
            "`eps` is inside the root. Here, as in PyTorch, it is added to the root.",
        ),
        Mistake(
            "eps_before_correction",
            nadam_with(below=lambda v, t, beta2, eps: (np.sqrt(v) + eps) / (1 - beta2**t) ** 0.5),
            "`eps` is added before the correction, which then makes it larger. Correct v first: sqrt(v_hat) + eps.",
        ),
        Mistake(
            "no_square_root",
            nadam_with(below=lambda v, t, beta2, eps: v / (1 - beta2**t) + eps),
            "The step is divided by the second moment itself. Take its square root.",
        ),
        Mistake(
            "squares_the_average",
            nadam_with(squares=lambda grad, m: m),
            "v averages the square of m. It averages the squares of the gradients themselves, grad**2.",
        ),
        Mistake(
            "t_from_zero",
            nadam_with(t_of=lambda t: t - 1),
            "In the first step t is 0, and v's correction divides by 1 - beta2^0 = 0. Count first: t is 1 in the first step.",
        ),
        Mistake(
            "t_one_ahead",
            nadam_with(t_of=lambda t: t + 1),
            "t is one step ahead: it is 1 in the first step, 2 in the second.",
        ),
        Mistake(
            "t_fixed_at_one",
            nadam_with(t_of=lambda t: 1),
            "t is 1 in every step: keep it in the state and raise it by one each time.",
        ),
        *counts(RIGHT),
        betas_swapped(RIGHT),
        *slips(RIGHT, "memory", lr=2e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7], momentum_decay=4e-3),
    ],
    alternatives=[all_the_mus, mu_of_the_next_step_kept, state_updated_in_place],
    hints=[
        "`nesterov` stepped along grad + momentum * v in place of v. What would that be for Adam's m, if the momentum of the "
        "next step is known already?",
        "m and v are Adam's. New are mu_t, mu_{t+1} and the product of all mu so far, one number that the state keeps. Then "
        "m_bar has two parts, each with its own share and its own correction.",
        '`product = state.get("product", 1.0) * mu`, `m_bar = mu_next * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - '
        "product)`, then Adam's step with m_bar in place of m_hat.",
    ],
)
