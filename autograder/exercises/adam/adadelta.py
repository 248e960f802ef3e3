"""adadelta: the step is the gradient in units of its own size, times the size of the recent steps.

cache <- rho * cache + (1 - rho) * grad^2;  delta = sqrt(moved + eps) / sqrt(cache + eps) * grad;
moved <- rho * moved + (1 - rho) * delta^2;  w <- w - lr * delta (Zeiler 2012, Algorithm 1, which has no lr). Reference:
torch.optim.Adadelta. eps is inside the roots here, and lr outside the average of steps.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, common_cases, hard_coded, manners, without
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("Adadelta", lr=1.0, rho=0.9, eps=1e-6),
    section="3 · Adadelta: where did the learning rate go?",
    typical={"rho": 0.9, "eps": 1e-3},
    cases=[
        Case("one step from rest: eps lets it move", steps=1, shape=(3,), lr=1.0, rho=0.9, eps=1e-6),
        Case("two steps: both averages carry over", steps=2, shape=(3,), lr=1.0, rho=0.9, eps=1e-6),
        Case("60 steps with varying gradients", lr=1.0, rho=0.9, eps=1e-6, weight=2),
        Case("another average and shape", shape=(2, 3, 2), steps=20, lr=1.0, rho=0.5, eps=1e-4),
        Case("a large eps shows where it stands", lr=1.0, rho=0.95, eps=1e-2),
        Case("the defaults are lr=1.0, rho=0.9 and eps=1e-6", lr=None, steps=20),
        Case("lr scales the step and not the average of steps", lr=0.3, rho=0.9, eps=1e-3, weight=2),
        *common_cases(lr=1.0, rates=(1.0, 0.03, 3.0), rho=0.8, eps=1e-3),
    ],
)


def right(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    cache = state.get("cache", np.zeros_like(w))
    moved = state.get("moved", np.zeros_like(w))
    cache = rho * cache + (1 - rho) * grad**2
    delta = np.sqrt(moved + eps) / np.sqrt(cache + eps) * grad
    step = lr * delta
    moved = rho * moved + (1 - rho) * delta**2
    return w - step, {"cache": cache, "moved": moved}


MISTAKES = without(STEP, "no_step")  # a step that never starts looks the same
MISTAKES += slips("""
no_accumulated_updates (core): moved = rho * moved + (1 - rho) * delta**2 ->
    The average of squared steps stays 0, so the numerator is sqrt(eps) for ever. After each step: moved = rho * moved +
    (1 - rho) * delta**2, into the state.

no_accumulated_updates (core): np.sqrt(moved + eps) -> 1
    The numerator is missing: this is RMSProp. Multiply by sqrt(moved + eps), the size of the recent steps.

eps_outside_root (detail):
    np.sqrt(moved + eps) -> (np.sqrt(moved) + eps)
    np.sqrt(cache + eps) -> (np.sqrt(cache) + eps)
    `eps` is added to the roots, as in RMSProp. Adadelta has it inside: sqrt(moved + eps) / sqrt(cache + eps), and from
    rest the numerator is sqrt(eps), not eps.

eps_outside_root (detail): np.sqrt(cache + eps) -> (np.sqrt(cache) + eps)
    In the denominator `eps` is added to the root. It is inside both: sqrt(moved + eps) / sqrt(cache + eps).
eps_outside_root (detail): np.sqrt(moved + eps) -> (np.sqrt(moved) + eps)
    In the numerator `eps` is added to the root. It is inside both: sqrt(moved + eps) / sqrt(cache + eps).
never_starts: np.sqrt(moved + eps) -> np.sqrt(moved)
    The numerator has no `eps`: it starts at 0, so no step is ever taken. sqrt(moved + eps) lets it start.

eps_in_numerator_only: np.sqrt(cache + eps) -> np.sqrt(cache)
    or np.sqrt(cache + eps) -> np.sqrt(cache + 1e-300)
    The denominator has no `eps`: it belongs into both roots.

lr_inside_average: delta**2 -> step**2
    The average of steps takes in lr * delta. Keep delta itself; `lr` only scales what is subtracted from w.

old_cache: np.sqrt(cache + eps) -> np.sqrt(state.get("cache", 0 * cache) + eps)
    Every step is lr * grad, as in SGD: both averages are the same and cancel. That happens when the cache is updated
    after the step. Update it first.

new_average_used: lr * delta -> lr * np.sqrt(rho * moved + (1 - rho) * delta**2 + eps) / np.sqrt(cache + eps) * grad
    The step uses the average of steps after its own square came in. Compute delta from the old average, then update it.
steps_not_squared: delta**2 -> abs(delta)
    The average of steps takes in their size, not its square: delta**2.
not_squared: grad**2 -> abs(grad)
    The cache averages the sizes of the gradients, not their squares: grad**2.
upside_down: np.sqrt(moved + eps) / np.sqrt(cache + eps) -> np.sqrt(cache + eps) / np.sqrt(moved + eps)
    The quotient is upside down: the size of the steps above, the size of the gradients below.
no_square_root (core): np.sqrt(moved + eps) / np.sqrt(cache + eps) -> (moved + eps) / (cache + eps)
    Mean squares are divided as they are. Take the root of both.

rho_swapped:
    rho * cache + (1 - rho) * grad**2 -> (1 - rho) * cache + rho * grad**2
    rho * moved + (1 - rho) * delta**2 -> (1 - rho) * moved + rho * delta**2
    `rho` and `1 - rho` have changed places: `rho` is the share of the old average that is kept.

sum_for_average:
    rho * cache + (1 - rho) * grad**2 -> cache + grad**2
    rho * moved + (1 - rho) * delta**2 -> moved + delta**2
    The squares are summed, as in AdaGrad. Both are running averages: rho * old + (1 - rho) * new.

sum_for_average:
    (1 - rho) * grad**2 -> grad**2
    (1 - rho) * delta**2 -> delta**2
    The new squares count in full. Weight them with `1 - rho`.
""")
MISTAKES += [*manners(right, "averages"), *hard_coded(lr=[1.0, 0.1], rho=[0.9, 0.95], eps=[1e-6, 1e-8])]


@alternative
def one_root(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """One root of the quotient, and averages as steps towards the new."""
    cache, moved = state.get("both", (np.zeros_like(w), np.zeros_like(w)))
    cache = cache + (1 - rho) * (grad**2 - cache)
    delta = grad * np.sqrt((moved + eps) / (cache + eps))
    moved = moved + (1 - rho) * (delta**2 - moved)
    return [w - lr * delta, {"both": [cache, moved]}]


@alternative
def eps_kept_in_the_averages(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """Both averages with eps already in them: the average of x + eps is the average of x, and eps."""
    u, x = state.get("u", eps + 0 * w), state.get("x", eps + 0 * w)
    u = rho * u + (1 - rho) * (grad**2 + eps)
    step = -grad * x**0.5 / u**0.5
    return w + lr * step, {"u": u, "x": rho * x + (1 - rho) * (step**2 + eps)}


HINTS = [
    "RMSProp's quotient has no unit, so its `lr` has to bring one. What here is as large as a step should be?",
    "Two running averages, of squared gradients and of squared steps, both `np.zeros_like(w)` at the start. The new "
    "gradient goes into its average before the step, the new step into its own after it.",
    "With the defaults and a gradient of 1 at each step the steps are 0.00316, 0.00324: above the line stands the "
    "*old* average, below it the *new* one.",
]
