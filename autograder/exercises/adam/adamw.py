"""adamw: Adam, and beside it the weights shrink by the share lr weight_decay.

w <- (1 - lr weight_decay) w, then Adam's step from there, whose moments see grad alone (Loshchilov and Hutter 2019,
Algorithm 2, where a schedule's multiplier takes the place of lr in the decay). Reference: torch.optim.AdamW.
"""

import math

import numpy as np

from autograder.exercises._optimizers import TINY, common_cases, hard_coded, manners
from autograder.exercises.adam._family import LARGE_EPS, NOT_PASSED_ON, SHORT, USUAL, adams, counts
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

DECAYING = {**SHORT, "weight_decay": 0.3}

EXERCISE = Optimizer(
    reference=torch_optimizer("AdamW", lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2),
    section="7 · Two ways to shrink a weight",
    typical=DECAYING,
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, weight_decay=0.5, **USUAL),
        Case("two steps: the moments and t carry over", steps=2, shape=(3,), lr=0.1, weight_decay=0.5, **USUAL),
        Case("120 steps with varying gradients", steps=120, lr=0.05, weight_decay=0.2, weight=2, **USUAL),
        Case("other betas", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), eps=TINY, weight_decay=1.5),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, weight_decay=0.3, weight=2, **LARGE_EPS),
        Case("no gradient: the weights still shrink", steps=20, sizes=0.0, lr=0.1, weight_decay=0.5, **SHORT),
        Case("weight_decay=0 is Adam", steps=20, lr=0.1, weight_decay=0.0, **SHORT),
        Case("the defaults of lr, betas and eps", lr=None, steps=12, sizes=1e-8, weight_decay=0.2),
        Case("the default of weight_decay is 1e-2", steps=20, shape=(5,), lr=0.1, **SHORT),
        *common_cases(**DECAYING),
    ],
)


def right(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    w = w - lr * weight_decay * w
    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


MISTAKES = slips("""
coupled (core): w = w - lr * weight_decay * w -> grad = grad + weight_decay * w
    This is Adam with an L2 penalty: weight_decay * w is in the gradient, and so divided by sqrt(v). AdamW leaves grad
    alone and shrinks w itself, by the share lr * weight_decay.

decay_not_times_lr: lr * weight_decay * w -> weight_decay * w
    The weights shrink by weight_decay whatever `lr` is. The share is lr * weight_decay.

decay_after_step (detail):
    w = w - lr * weight_decay * w ->
    w - step -> (1 - lr * weight_decay) * (w - step)
    The decay comes after the step and shrinks the step too. Shrink the old w, then step from there.

decayed_twice: w = w - lr * weight_decay * w -> grad = grad + weight_decay * w; w = w - lr * weight_decay * w
    The weights shrink, and weight_decay * w is in the moments besides. The moments see `grad` alone.
decayed_twice: w = w - lr * weight_decay * w -> w = w - lr * weight_decay * w; grad = grad + weight_decay * w
    The weights shrink, and the penalty of the shrunk weights is in the moments besides. The moments see `grad` alone.
no_decay (core): w = w - lr * weight_decay * w ->
    `weight_decay` changes nothing: this is plain Adam. (If you shrink w, the step has to start from the shrunk one.)
factor_two (detail): lr * weight_decay * w -> 2 * lr * weight_decay * w
    The decay counts twice: w times 1 - lr * weight_decay, without a 2.
factor_two (detail): lr * weight_decay * w -> lr * weight_decay * w / 2
    The decay counts half: w times 1 - lr * weight_decay.
wrong_sign (core): w - lr * weight_decay * w -> w + lr * weight_decay * w
    The weights grow: w times 1 *minus* lr * weight_decay.
lr_twice: lr * weight_decay * w -> lr**2 * weight_decay * w
    The decay is multiplied by `lr` twice: the share is lr * weight_decay.
divides (detail): w - lr * weight_decay * w -> w / (1 + lr * weight_decay)
    w is divided by 1 + lr * weight_decay: nearly the same for small ones. Multiply by 1 - lr * weight_decay.
decay_with_default_lr: lr * weight_decay * w -> 1e-3 * weight_decay * w
    The decay has 1e-3 where it needs `lr`: it has to change when the learning rate does.

decay_normalized:
    w = w - lr * weight_decay * w ->
    lr * m_hat -> lr * (m_hat + weight_decay * w)
    weight_decay * w is divided by the root of v, together with m. It stays outside that quotient: only lr scales it.

l1_decay: lr * weight_decay * w -> lr * weight_decay * np.sign(w)
    The weights shrink by their sign, as an L1 penalty has it. They shrink by a share of themselves, lr * weight_decay.

returns_step (core):
    w = w - lr * weight_decay * w ->
    w - step -> -lr * weight_decay * w - step
    What comes back is the change alone. Return where it leads: w, decayed, minus the step.

in_place (detail): w = w - lr * weight_decay * w -> w -= lr * weight_decay * w
    The caller's array is overwritten: `w *= ...` and `w -= ...` write into it. Make a new one:
    `w = (1 - lr * weight_decay) * w`.
""")
MISTAKES += [*adams(), *counts(right), *manners(right, "memory"), NOT_PASSED_ON]
MISTAKES += hard_coded(lr=[1e-3, 0.01, 0.1, 1.0], weight_decay=[1e-2, 0.1], betas=(0.9, 0.999), eps=[1e-8, 1e-7])


@alternative
def one_subtraction(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    """The paper's line: w minus lr times step and decay together."""
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    root = math.sqrt(1 - betas[1] ** t)
    step = state["m"] * (root / (1 - betas[0] ** t)) / (np.sqrt(state["v"]) + eps * root)
    return w - lr * (step + weight_decay * w), state


@alternative
def step_from_zero(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    """Adam's step alone, taken from 0, and the decayed weights."""
    step, state = right(np.zeros_like(w), grad, state, lr=lr, weight_decay=0.0, **hyper)
    return [step + w * (1 - lr * weight_decay), state]


HINTS = [
    "In `adam_l2` a weight with large gradients is hardly decayed at all. What would you have to keep out of the "
    "moments?",
    "Shrink w first, by the share lr * weight_decay of itself. Then take Adam's step from there, with `grad` as it "
    "came.",
    "One line: your `adam`, called from another w. With lr = 0.1 and weight_decay = 0.5 it starts from 0.95 w.",
]
