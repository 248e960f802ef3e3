"""adadelta: the step is the gradient in units of its own size, times the size of the recent steps.

cache <- rho * cache + (1 - rho) * grad^2;  delta = sqrt(moved + eps) / sqrt(cache + eps) * grad;
moved <- rho * moved + (1 - rho) * delta^2;  w <- w - lr * delta (Zeiler 2012, Algorithm 1, which has no lr). Reference:
torch.optim.Adadelta. eps is inside the roots here, and lr outside the average of steps.
"""

import numpy as np
import torch

from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def average(old, new, rho):
    return rho * old + (1 - rho) * new**2


def ratio(moved, cache, eps):
    return np.sqrt(moved + eps) / np.sqrt(cache + eps)


def variant(scale=ratio, *, squares=average, kept=average, lr_kept=False, order="right"):
    """An Adadelta with another line.

    scale(moved, cache, eps) times the gradient is delta; squares(cache, grad, rho) and kept(moved, delta, rho) are the
    averages; `order` "moved first": the new average of steps is used, "old cache": the one from before the gradient.
    """

    def wrong(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
        moved, before = state.get("moved", 0.0 * w), state.get("cache", 0.0 * w)
        cache = squares(before, grad, rho)
        delta = scale(moved, before if order == "old cache" else cache, eps) * grad
        moved = kept(moved, lr * delta if lr_kept else delta, rho)
        if order == "moved first":
            delta = scale(moved, cache, eps) * grad
        return w - lr * delta, {"cache": cache, "moved": moved}

    return wrong


def one_root(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """One root of the quotient."""
    cache, moved = state.get("both", (np.zeros_like(w), np.zeros_like(w)))
    cache = cache + (1 - rho) * (grad**2 - cache)
    delta = grad * np.sqrt((moved + eps) / (cache + eps))
    moved = moved + (1 - rho) * (delta**2 - moved)
    return [w - lr * delta, {"both": [cache, moved]}]


def eps_kept_in_the_averages(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """Both averages with eps already in them: the average of x + eps is the average of x, and eps."""
    u, x = state.get("u", eps + 0 * w), state.get("x", eps + 0 * w)
    u = rho * u + (1 - rho) * (grad**2 + eps)
    step = -grad * x**0.5 / u**0.5
    return w + lr * step, {"u": u, "x": rho * x + (1 - rho) * (step**2 + eps)}


def state_updated_in_place(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    for name in ("cache", "moved"):
        state.setdefault(name, np.zeros_like(w))
    state["cache"] *= rho
    state["cache"] += (1 - rho) * grad * grad
    delta = np.sqrt(state["moved"] + eps)
    delta /= np.sqrt(state["cache"] + eps)
    delta *= grad
    state["moved"] *= rho
    state["moved"] += (1 - rho) * delta * delta
    return w - lr * delta, state


RIGHT = variant()

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.Adadelta, lr=1.0, rho=0.9, eps=1e-6),
    cases=[
        Case("one step from rest: eps lets it move", steps=1, shape=(3,), lr=1.0, rho=0.9, eps=1e-6),
        Case("two steps: both averages carry over", steps=2, shape=(3,), lr=1.0, rho=0.9, eps=1e-6),
        Case("60 steps with varying gradients", shape=(4, 3), lr=1.0, rho=0.9, eps=1e-6),
        Case("another average and shape", shape=(2, 3, 2), steps=20, lr=1.0, rho=0.5, eps=1e-4),
        Case("a large eps shows where it stands", lr=1.0, rho=0.95, eps=1e-2, weight=2),
        Case("the defaults are lr=1.0, rho=0.9 and eps=1e-6", lr=None, steps=20),
        Case("lr scales the step and not the average of steps", lr=0.3, rho=0.9, eps=1e-3),
        Case("the learning rate changes on the way", shape=(1,), lr=(1.0, 0.03, 3.0), eps=1e-3),
        Case("gradients of 0, at first and on the way: no step, no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0), lr=1.0),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15), lr=1.0, eps=1e-4),
        Case("the caller changes w on the way", mode="moved", lr=1.0, eps=1e-3),
        Case("several parameters in turn, each with its state", mode="several", steps=12, lr=1.0, rho=0.8, eps=1e-3),
    ],
    mistakes=[
        Mistake(
            "no_accumulated_updates",
            variant(kept=lambda moved, delta, rho: moved),
            "The average of squared steps stays 0, so the numerator is sqrt(eps) for ever. After each step: moved = rho * "
            "moved + (1 - rho) * delta**2, into the state.",
        ),
        Mistake(
            "no_accumulated_updates",
            variant(lambda moved, cache, eps: 1 / np.sqrt(cache + eps)),
            "The numerator is missing: this is RMSProp. Multiply by sqrt(moved + eps), the size of the recent steps.",
        ),
        Mistake(
            "eps_outside_root",
            variant(lambda moved, cache, eps: (np.sqrt(moved) + eps) / (np.sqrt(cache) + eps)),
            "`eps` is added to the roots, as in RMSProp. Adadelta has it inside: sqrt(moved + eps) / sqrt(cache + eps), and "
            "from rest the numerator is sqrt(eps), not eps.",
        ),
        Mistake(
            "eps_outside_root",
            variant(lambda moved, cache, eps: np.sqrt(moved + eps) / (np.sqrt(cache) + eps)),
            "In the denominator `eps` is added to the root. It is inside both: sqrt(moved + eps) / sqrt(cache + eps).",
        ),
        Mistake(
            "never_starts",
            variant(lambda moved, cache, eps: np.sqrt(moved) / np.sqrt(cache + eps)),
            "The numerator has no `eps`: it starts at 0, so no step is ever taken. sqrt(moved + eps) lets it start.",
        ),
        Mistake(
            "eps_in_numerator_only",
            variant(lambda moved, cache, eps: np.sqrt(moved + eps) / np.sqrt(np.maximum(cache, 1e-300))),
            "The denominator has no `eps`: it belongs into both roots.",
        ),
        Mistake(
            "lr_inside_average",
            variant(lr_kept=True),
            "The average of steps takes in lr * delta. Keep delta itself; `lr` only scales what is subtracted from w.",
        ),
        Mistake(
            "new_average_used",
            variant(order="moved first"),
            "The step uses the average of steps after its own square came in. Compute delta from the old average, then "
            "update it.",
        ),
        Mistake(
            "old_cache",
            variant(order="old cache"),
            "Every step is lr * grad, as in SGD: both averages are the same and cancel. That happens when the cache is "
            "updated after the step. Update it first.",
        ),
        Mistake(
            "steps_not_squared",
            variant(kept=lambda moved, delta, rho: rho * moved + (1 - rho) * abs(delta)),
            "The average of steps takes in their size, not its square: delta**2.",
        ),
        Mistake(
            "upside_down",
            variant(lambda moved, cache, eps: np.sqrt(cache + eps) / np.sqrt(moved + eps)),
            "The quotient is upside down: the size of the steps above, the size of the gradients below.",
        ),
        Mistake(
            "no_square_root",
            variant(lambda moved, cache, eps: (moved + eps) / (cache + eps)),
            "Mean squares are divided as they are. Take the root of both.",
        ),
        Mistake(
            "rho_swapped",
            variant(
                squares=lambda old, new, rho: (1 - rho) * old + rho * new**2,
                kept=lambda old, new, rho: (1 - rho) * old + rho * new**2,
            ),
            "`rho` and `1 - rho` have changed places: `rho` is the share of the old average that is kept.",
        ),
        Mistake(
            "sum_for_average",
            variant(squares=lambda old, new, rho: old + new**2, kept=lambda old, new, rho: old + new**2),
            "The squares are summed, as in AdaGrad. Both are running averages: rho * old + (1 - rho) * new.",
        ),
        Mistake(
            "sum_for_average",
            variant(squares=lambda old, new, rho: rho * old + new**2, kept=lambda old, new, rho: rho * old + new**2),
            "The new squares count in full. Weight them with `1 - rho`.",
        ),
        *slips(RIGHT, "averages", lr=1.0, rho=[0.9, 0.95], eps=[1e-6, 1e-8]),
    ],
    alternatives=[one_root, eps_kept_in_the_averages, state_updated_in_place],
    hints=[
        "RMSProp's quotient has no unit, so its `lr` has to bring one. What here is as large as a step should be?",
        "Two running averages, of squared gradients and of squared steps, both `np.zeros_like(w)` at the start. The new "
        "gradient goes into its average before the step, the new step into its own after it.",
        "`delta = np.sqrt(moved + eps) / np.sqrt(cache + eps) * grad` with the new cache and the old moved; then `moved = rho "
        "* moved + (1 - rho) * delta**2`, and `w - lr * delta`.",
    ],
)
