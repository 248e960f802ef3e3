"""adam_l2: Adam on the loss plus weight_decay / 2 ||w||^2.

grad + weight_decay w takes the place of grad, in both moments; the rest is Adam. Reference: torch.optim.Adam(
weight_decay=...). The lectures' lambda ||w||^2 has the gradient 2 lambda w. That the penalty is divided by sqrt(v) like
every other gradient is what AdamW does away with (Loshchilov and Hutter 2019, Algorithm 2).
"""

import numpy as np

from autograder.exercises._optimizers import TINY, common_cases, hard_coded, manners
from autograder.exercises.adam._family import LARGE_EPS, NOT_PASSED_ON, SHORT, USUAL, adams, counts
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

DECAYING = {**SHORT, "weight_decay": 0.3}

EXERCISE = Optimizer(
    reference=torch_optimizer("Adam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0),
    section="7 · Two ways to shrink a weight",
    typical=DECAYING,
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, weight_decay=0.5, **USUAL),
        Case("two steps: the moments have seen the penalty", steps=2, shape=(3,), lr=0.1, weight_decay=0.5, **USUAL),
        Case("120 steps with varying gradients", steps=120, lr=0.05, weight_decay=0.2, weight=2, **USUAL),
        Case("other betas", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), eps=TINY, weight_decay=1.5),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, weight_decay=1e-3, weight=2, **LARGE_EPS),
        Case("no gradient: the penalty alone, at full speed", steps=20, sizes=0.0, lr=0.05, weight_decay=0.01, **SHORT),
        Case("weight_decay=0 is Adam", steps=20, lr=0.1, weight_decay=0.0, **SHORT),
        Case("the defaults: weight_decay=0 too", lr=None, steps=12, sizes=1e-8),
        *common_cases(**DECAYING),
    ],
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    grad = grad + weight_decay * w
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


MISTAKES = slips("""
decoupled (core): grad = grad + weight_decay * w -> w = w - lr * weight_decay * w
    or grad = grad + weight_decay * w -> w = w - weight_decay * w
    or grad = grad + weight_decay * w ->
    w - step -> (1 - lr * weight_decay) * (w - step)
    The weights are shrunk beside the step, as in AdamW. Here the penalty is part of the gradient: weight_decay * w is
    added to grad, before the moments.

decayed_twice: w - step -> w - step - lr * weight_decay * w
    The penalty is in the gradient, and the weights are shrunk besides (AdamW). Only the first is asked for.
no_decay (core): grad = grad + weight_decay * w ->
    `weight_decay` changes nothing: this is plain Adam. Add weight_decay * w to the gradient, before the moments.

factor_two (detail): weight_decay * w -> 2 * weight_decay * w
    The penalty counts twice. The lectures' lambda ||w||^2 has the gradient 2 lambda w; weight_decay, as in PyTorch,
    adds weight_decay * w.

factor_two (detail): weight_decay * w -> weight_decay * w / 2
    The penalty counts half. The gradient of weight_decay / 2 ||w||^2 is weight_decay * w.
decay_times_lr: weight_decay * w -> lr * weight_decay * w
    The penalty in the gradient is multiplied by `lr`, which scales the whole step already. Add weight_decay * w.
wrong_sign (core): grad + weight_decay * w -> grad - weight_decay * w
    The penalty has the wrong sign: the weights grow. Its gradient is plus weight_decay * w.
l1_penalty: weight_decay * w -> weight_decay * np.sign(w)
    This is the gradient of an L1 penalty, the sign of w. L2's is weight_decay * w.

value_for_gradient: weight_decay * w -> weight_decay / 2 * np.sum(w**2)
    or weight_decay * w -> weight_decay * np.sum(w**2)
    or weight_decay * w -> weight_decay * w**2
    The penalty's value is added to the gradient. Add its gradient, weight_decay * w.

penalty_in_m_only:
    grad = grad + weight_decay * w ->
    (1 - beta1) * grad -> (1 - beta1) * (grad + weight_decay * w)
    The penalty is in m only. v has to square the same gradient: grad + weight_decay * w.

penalty_in_v_only:
    grad = grad + weight_decay * w ->
    grad**2 -> (grad + weight_decay * w) ** 2
    The penalty is in v only. m has to average the same gradient: grad + weight_decay * w.

penalty_after_moments:
    grad = grad + weight_decay * w ->
    lr * m_hat -> lr * (m_hat + weight_decay * w)
    weight_decay * w is added to the corrected m. It belongs to the gradient, before both moments.

in_place (detail): grad = grad + weight_decay * w -> grad += weight_decay * w
    The caller's array is overwritten: `grad += ...` writes into it, and each further use of that gradient has the
    penalty in it. Make a new one: `grad + weight_decay * w`.
""")
MISTAKES += [*adams(), *counts(right), *manners(right, "memory"), NOT_PASSED_ON]
MISTAKES += hard_coded(lr=[1e-3, 0.01, 0.1, 1.0], weight_decay=[1e-2, 0.1], betas=(0.9, 0.999), eps=[1e-8, 1e-7])


@alternative
def written_out(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    g = np.add(grad, np.multiply(w, weight_decay))
    state["t"] = state.get("t", 0) + 1
    rates = [1 - beta ** state["t"] for beta in betas]
    state["m"] = state.get("m", 0.0) + (g - state.get("m", 0.0)) * (1 - betas[0])
    state["v"] = state.get("v", 0.0) + (g * g - state.get("v", 0.0)) * (1 - betas[1])
    return w - lr * (state["m"] / rates[0]) / ((state["v"] / rates[1]) ** 0.5 + eps), state


@alternative
def moments_of_both_parts(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """The average of the loss's gradients and that of the penalty's, apart: a mean of sums is the sum of means."""
    (b1, b2), (t, m, p, v) = betas, state.get("parts", (0, 0 * w, 0 * w, 0 * w))
    t, m, p = t + 1, b1 * m + (1 - b1) * grad, b1 * p + (1 - b1) * weight_decay * w
    v = b2 * v + (1 - b2) * (grad + weight_decay * w) ** 2
    return w - lr * (m + p) / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps), {"parts": (t, m, p, v)}


HINTS = [
    "An L2 penalty adds weight_decay / 2 ||w||^2 to the loss. What does that add to the gradient?",
    "Adam does not have to know: give it another gradient. You have written Adam already.",
    "One line: your `adam`, called with another gradient. Make that a new array: `grad += ...` would change the "
    "caller's.",
]
