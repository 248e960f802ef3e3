"""adamw: Adam, and beside it the weights shrink by the share lr weight_decay.

w <- (1 - lr weight_decay) w, then Adam's step from there, whose moments see grad alone (Loshchilov and Hutter 2019,
Algorithm 2, where a schedule's multiplier takes the place of lr in the decay). Reference: torch.optim.AdamW.
"""

import math

import numpy as np
import torch

from autograder.exercises.adam._adams import adam_with, adams_own, average, counts
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer

ADAM = adam_with()


def decayed(adam, kept=lambda lr, decay: 1 - lr * decay, penalty=0.0):
    """An Adam that starts from kept(lr, weight_decay) of w, and has `penalty` weight_decay w in the gradient too."""

    def step(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
        return adam(kept(lr, weight_decay) * w, grad + penalty * weight_decay * w, state, lr=lr, **hyper)

    return step


def after_the_step(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    w, state = ADAM(w, grad, state, lr=lr, **hyper)
    return (1 - lr * weight_decay) * w, state


def grad_of_the_decayed(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    decayed = (1 - lr * weight_decay) * w
    return ADAM(decayed, grad + weight_decay * decayed, state, lr=lr, **hyper)


def in_the_quotient(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    t = state.get("t", 0) + 1
    m = average(state.get("m", 0.0 * w), grad, betas[0])
    v = average(state.get("v", 0.0 * w), grad**2, betas[1])
    above = m / (1 - betas[0] ** t) + weight_decay * w
    return w - lr * above / (np.sqrt(v / (1 - betas[1] ** t)) + eps), {"t": t, "m": m, "v": v}


def in_place(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    w *= 1 - lr * weight_decay
    return ADAM(w, grad, state, lr=lr, **hyper)


def one_subtraction(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    """The paper's line: w minus lr times step and decay together."""
    state["t"] = t = state.get("t", 0) + 1
    state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    root = math.sqrt(1 - betas[1] ** t)
    step = state["m"] * (root / (1 - betas[0] ** t)) / (np.sqrt(state["v"]) + eps * root)
    return w - lr * (step + weight_decay * w), state


def decay_added_after(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    """Adam's step does not depend on w, so the decay of the old w can come after it."""
    new, state = ADAM(w, grad, state, lr=lr, **hyper)
    return new - lr * weight_decay * w, state


def step_from_zero(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    """Adam's step alone, taken from 0, and the decayed weights."""
    step, state = ADAM(np.zeros_like(w), grad, state, lr=lr, **hyper)
    return [step + w * (1 - lr * weight_decay), state]


RIGHT = decayed(ADAM)

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.AdamW, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2),
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.5),
        Case("two steps: the moments and t carry over", steps=2, shape=(3,), lr=0.1, eps=1e-8, weight_decay=0.5),
        Case("120 steps with varying gradients", steps=120, lr=0.05, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.2),
        Case("other betas, another shape", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), weight_decay=1.5),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, weight_decay=0.3),
        Case("no gradient: the weights still shrink, by lr * weight_decay", steps=20, sizes=0.0, weight_decay=0.5),
        Case("the defaults of lr, betas and eps", lr=None, steps=12, sizes=1e-8, weight_decay=0.2),
        Case("the default of weight_decay is 1e-2", steps=20, shape=(5,), lr=0.1),
        Case("weight_decay=0 is Adam", steps=20, lr=0.1, weight_decay=0.0),
        Case("lr changes on the way, and the decay with it", shape=(1,), lr=(0.1, 0.003, 0.05), weight_decay=0.4),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15), weight_decay=0.1),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9), weight_decay=0.3),
        Case("several parameters in turn, each with its state", mode="several", steps=12, weight_decay=0.6),
    ],
    mistakes=[
        Mistake(
            "coupled",
            decayed(ADAM, lambda lr, decay: 1.0, penalty=1.0),
            "This is Adam with an L2 penalty: weight_decay * w is in the gradient, and so divided by sqrt(v). AdamW leaves "
            "grad alone and shrinks w itself, by the share lr * weight_decay.",
        ),
        Mistake(
            "decay_not_times_lr",
            decayed(ADAM, lambda lr, decay: 1 - decay),
            "The weights shrink by weight_decay whatever `lr` is. The share is lr * weight_decay.",
        ),
        Mistake(
            "decay_after_step",
            after_the_step,
            "The decay comes after the step and shrinks the step too. Shrink the old w, then step from there.",
        ),
        Mistake(
            "decayed_twice",
            decayed(ADAM, penalty=1.0),
            "The weights shrink, and weight_decay * w is in the moments besides. The moments see `grad` alone.",
        ),
        Mistake(
            "decayed_twice",
            grad_of_the_decayed,
            "The weights shrink, and the penalty of the shrunk weights is in the moments besides. The moments see `grad` alone.",
        ),
        Mistake(
            "no_decay",
            decayed(ADAM, lambda lr, decay: 1.0),
            "`weight_decay` changes nothing: this is plain Adam. (If you shrink w, the step has to start from the shrunk one.)",
        ),
        Mistake(
            "factor_two",
            decayed(ADAM, lambda lr, decay: 1 - 2 * lr * decay),
            "The decay counts twice: w times 1 - lr * weight_decay, without a 2.",
        ),
        Mistake(
            "factor_two",
            decayed(ADAM, lambda lr, decay: 1 - lr * decay / 2),
            "The decay counts half: w times 1 - lr * weight_decay.",
        ),
        Mistake(
            "wrong_sign",
            decayed(ADAM, lambda lr, decay: 1 + lr * decay),
            "The weights grow: w times 1 *minus* lr * weight_decay.",
        ),
        Mistake(
            "lr_twice",
            decayed(ADAM, lambda lr, decay: 1 - lr**2 * decay),
            "The decay is multiplied by `lr` twice: the share is lr * weight_decay.",
        ),
        Mistake(
            "divides",
            decayed(ADAM, lambda lr, decay: 1 / (1 + lr * decay)),
            "w is divided by 1 + lr * weight_decay: nearly the same for small ones. Multiply by 1 - lr * weight_decay.",
        ),
        Mistake(
            "decay_with_default_lr",
            decayed(ADAM, lambda lr, decay: 1 - 1e-3 * decay),
            "The decay has 1e-3 where it needs `lr`: it has to change when the learning rate does.",
        ),
        Mistake(
            "decay_normalized",
            in_the_quotient,
            "weight_decay * w is divided by the root of v, together with m. It stays outside that quotient: only lr scales it.",
        ),
        Mistake(
            "in_place",
            in_place,
            "The caller's array is overwritten: `w *= ...` and `w -= ...` write into it. Make a new one: "
            "`w = (1 - lr * weight_decay) * w`.",
        ),
        Mistake(
            "betas_and_eps_not_passed_on",
            decayed(lambda w, grad, state, *, lr, **hyper: ADAM(w, grad, state, lr=lr)),
            "`betas` and `eps` make no difference: whoever calls `adam` has to pass them on, `betas=betas, eps=eps`.",
        ),
        *(Mistake(name, decayed(wrong), sentence) for name, wrong, sentence in adams_own()),
        *counts(RIGHT),
        *slips(RIGHT, "memory", lr=1e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7], weight_decay=1e-2),
    ],
    alternatives=[one_subtraction, decay_added_after, step_from_zero],
    hints=[
        "In `adam_l2` a weight with large gradients is hardly decayed at all. What would you have to keep out of the moments?",
        "Shrink w first, by the share lr * weight_decay of itself. Then take Adam's step from there, with `grad` as it came.",
        "`adam((1 - lr * weight_decay) * w, grad, state, lr=lr, betas=betas, eps=eps)`.",
    ],
)
