"""adam_l2: Adam on the loss plus weight_decay / 2 ||w||^2.

grad + weight_decay w takes the place of grad, in both moments; the rest is Adam. Reference: torch.optim.Adam(weight_decay=
...). The lectures' lambda ||w||^2 has the gradient 2 lambda w. That the penalty is divided by sqrt(v) like every other
gradient is what AdamW does away with (Loshchilov and Hutter 2019, Algorithm 2).
"""

import numpy as np
import torch

from autograder.exercises.adam._adams import adam_with, adams_own, average, counts
from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer

ADAM = adam_with()


def penalized(adam, penalty=lambda w, lr, weight_decay: weight_decay * w):
    """An Adam whose gradient has penalty(w, lr, weight_decay) added."""

    def step(w, grad, state, *, lr=1e-3, weight_decay=0.0, **hyper):
        return adam(w, grad + penalty(w, lr, weight_decay), state, lr=lr, **hyper)

    return step


def decayed(kept, penalty=0.0):
    """An Adam that starts from kept(lr, weight_decay) of w, and has `penalty` weight_decay w in the gradient too."""

    def step(w, grad, state, *, lr=1e-3, weight_decay=0.0, **hyper):
        return ADAM(kept(lr, weight_decay) * w, grad + penalty * weight_decay * w, state, lr=lr, **hyper)

    return step


def partly(in_m, in_v, after=0.0):
    """The penalty in some places only; `after`: added to the corrected m."""

    def step(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        t = state.get("t", 0) + 1
        m = average(state.get("m", 0.0 * w), grad + in_m * weight_decay * w, betas[0])
        v = average(state.get("v", 0.0 * w), (grad + in_v * weight_decay * w) ** 2, betas[1])
        m_hat = m / (1 - betas[0] ** t) + after * weight_decay * w
        return w - lr * m_hat / (np.sqrt(v / (1 - betas[1] ** t)) + eps), {"t": t, "m": m, "v": v}

    return step


def in_place(w, grad, state, *, weight_decay=0.0, **hyper):
    grad += weight_decay * w
    return ADAM(w, grad, state, **hyper)


def written_out(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    g = np.add(grad, np.multiply(w, weight_decay))
    state["t"] = state.get("t", 0) + 1
    rates = [1 - beta ** state["t"] for beta in betas]
    state["m"] = state.get("m", 0.0) + (g - state.get("m", 0.0)) * (1 - betas[0])
    state["v"] = state.get("v", 0.0) + (g * g - state.get("v", 0.0)) * (1 - betas[1])
    return w - lr * (state["m"] / rates[0]) / ((state["v"] / rates[1]) ** 0.5 + eps), state


def on_a_copy(w, grad, state, *, weight_decay=0.0, **hyper):
    grad = grad.copy()
    if weight_decay:
        grad += weight_decay * w
    w, state = ADAM(w, grad, state, **hyper)
    return [w, state]


def moments_of_both_parts(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """The average of the loss's gradients and that of the penalty's, apart: a mean of sums is the sum of means."""
    t, m, p, v = state.get("parts", (0, 0 * w, 0 * w, 0 * w))
    t, m, p = t + 1, average(m, grad, betas[0]), average(p, weight_decay * w, betas[0])
    v = average(v, (grad + weight_decay * w) ** 2, betas[1])
    return w - lr * (m + p) / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps), {"parts": (t, m, p, v)}


RIGHT = penalized(ADAM)

DECOUPLED = (
    "That is AdamW. Here the penalty is part of the gradient: weight_decay * w is added to grad, before the moments."
)

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.Adam, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0),
    cases=[
        Case("one step", steps=1, shape=(3,), lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.5),
        Case("two steps: the moments have seen the penalty", steps=2, shape=(3,), lr=0.1, eps=1e-8, weight_decay=0.5),
        Case("120 steps with varying gradients", steps=120, lr=0.05, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.2),
        Case("other betas, another shape", shape=(2, 3, 2), steps=30, lr=0.02, betas=(0.5, 0.9), weight_decay=1.5),
        Case("a large eps shows where it stands", lr=0.1, betas=(0.8, 0.99), eps=1e-2, weight_decay=0.3),
        Case("no gradient: the penalty alone, at full speed", steps=20, lr=0.05, sizes=0.0, weight_decay=0.01),
        Case("the defaults: weight_decay=0 is Adam", lr=None, steps=12, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05), weight_decay=0.4),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15), weight_decay=0.1),
        Case("the caller changes w on the way", mode="moved", betas=(0.8, 0.9), weight_decay=0.3),
        Case("several parameters in turn, each with its state", mode="several", steps=12, weight_decay=0.6),
        # The standard case has the default, 0: an array that 0 was added to is as it was.
        Case("adds the penalty to a copy of grad", mode="inputs", steps=4, lr=0.05, weight_decay=0.5),
    ],
    mistakes=[
        Mistake(
            "decoupled",
            decayed(lambda lr, decay: 1 - lr * decay),
            "The weights are shrunk beside the step. " + DECOUPLED,
        ),
        Mistake(
            "decoupled",
            decayed(lambda lr, decay: 1 - decay),
            "The weights are shrunk by weight_decay beside the step. Here the penalty is part of the gradient: weight_decay * "
            "w is added to grad, before the moments.",
        ),
        Mistake(
            "decayed_twice",
            decayed(lambda lr, decay: 1 - lr * decay, penalty=1.0),
            "The penalty is in the gradient, and the weights are shrunk besides (AdamW). Only the first is asked for.",
        ),
        Mistake(
            "no_decay",
            penalized(ADAM, lambda w, lr, decay: 0 * w),
            "`weight_decay` changes nothing: this is plain Adam. Add weight_decay * w to the gradient, before the moments.",
        ),
        Mistake(
            "factor_two",
            penalized(ADAM, lambda w, lr, decay: 2 * decay * w),
            "The penalty counts twice. The lectures' lambda ||w||^2 has the gradient 2 lambda w; weight_decay, as in PyTorch, "
            "adds weight_decay * w.",
        ),
        Mistake(
            "factor_two",
            penalized(ADAM, lambda w, lr, decay: decay * w / 2),
            "The penalty counts half. The gradient of weight_decay / 2 ||w||^2 is weight_decay * w.",
        ),
        Mistake(
            "decay_times_lr",
            penalized(ADAM, lambda w, lr, decay: lr * decay * w),
            "The penalty in the gradient is multiplied by `lr`, which scales the whole step already. Add weight_decay * w.",
        ),
        Mistake(
            "wrong_sign",
            penalized(ADAM, lambda w, lr, decay: -decay * w),
            "The penalty has the wrong sign: the weights grow. Its gradient is plus weight_decay * w.",
        ),
        Mistake(
            "l1_penalty",
            penalized(ADAM, lambda w, lr, decay: decay * np.sign(w)),
            "This is the gradient of an L1 penalty, the sign of w. L2's is weight_decay * w.",
        ),
        Mistake(
            "value_for_gradient",
            penalized(ADAM, lambda w, lr, decay: decay / 2 * np.sum(w**2)),
            "The penalty's value is added to the gradient. Add its gradient, weight_decay * w.",
        ),
        Mistake(
            "value_for_gradient",
            penalized(ADAM, lambda w, lr, decay: decay * np.sum(w**2)),
            "The penalty's value is added to the gradient. Add its gradient, weight_decay * w.",
        ),
        Mistake(
            "penalty_in_m_only",
            partly(1, 0),
            "The penalty is in m only. v has to square the same gradient: grad + weight_decay * w.",
        ),
        Mistake(
            "penalty_in_v_only",
            partly(0, 1),
            "The penalty is in v only. m has to average the same gradient: grad + weight_decay * w.",
        ),
        Mistake(
            "penalty_after_moments",
            partly(0, 0, 1),
            "weight_decay * w is added to the corrected m. It belongs to the gradient, before both moments.",
        ),
        Mistake(
            "in_place",
            in_place,
            "The caller's array is overwritten: `grad += ...` writes into it, and each further use of that gradient has the "
            "penalty in it. Make a new one: `grad + weight_decay * w`.",
        ),
        Mistake(
            "betas_and_eps_not_passed_on",
            penalized(lambda w, grad, state, *, lr, **hyper: ADAM(w, grad, state, lr=lr)),
            "`betas` and `eps` make no difference: whoever calls `adam` has to pass them on, `betas=betas, eps=eps`.",
        ),
        *(Mistake(name, penalized(wrong), sentence) for name, wrong, sentence in adams_own()),
        *counts(RIGHT),
        *slips(RIGHT, "memory", lr=1e-3, betas=(0.9, 0.999), eps=[1e-8, 1e-7], weight_decay=1e-2),
    ],
    alternatives=[written_out, on_a_copy, moments_of_both_parts],
    hints=[
        "An L2 penalty adds weight_decay / 2 ||w||^2 to the loss. What does that add to the gradient?",
        "Adam does not have to know: give it another gradient. You have written Adam already.",
        "`adam(w, grad + weight_decay * w, state, lr=lr, betas=betas, eps=eps)`. (`grad += ...` would change the caller's.)",
    ],
)
