"""inject: half of the gradient, and half of what the last step says about the slope's change.

In the first step the gradient itself; then (grad + dw grad^2) / k, element by element, with dw = the w given to the
last step minus the w given to this one (Dubey et al. 2022, whose code has k = 2; lecture 003, AdamInject). Reference:
that formula in torch.
"""

import numpy as np

from autograder.exercises._optimizers import hard_coded, manners, only
from autograder.exercises.beyond_adam._family import INJECTED
from autograder.judge import Case, Transform, alternative, slips, torch, torch_steps


def update(w, grad, state, *, k):
    if not state:
        return grad, {"before": w}
    return (grad + torch.square(grad) * (state["before"] - w)) / k, {"before": w}


EXERCISE = Transform(
    reference=torch_steps(update, k=2.0),
    takes=("w", "grad"),
    returns="injected",
    section="7 · AdaInject: what the last step says",
    typical={"k": 1.5},
    cases=[
        Case("the first step: the gradient itself", steps=1, shape=(3,), lr=None, k=2.0),
        Case("the second step: the change of w is known", steps=2, shape=(3,), lr=None, weight=2, k=2.0),
        Case("40 steps", steps=40, lr=None, weight=2, k=2.0),
        Case("another k", steps=12, shape=(2, 3, 2), lr=None, weight=3, k=5.0),
        Case("k=1", steps=8, lr=None, k=1.0),
        Case("gradients of 0, at first and on the way", steps=12, sizes=(0.0, 1.0, 0.0, 1.0), lr=None, k=3.0),
        Case("gradients from 1e-12 to 1e15", steps=12, shape=(5,), sizes=(1e-12, 1.0, 1e15), lr=None, k=2.5),
        Case("the default is k=2", steps=6, lr=None),
        Case("several parameters in turn, each with its state", mode="several", steps=8, lr=None, weight=2, k=1.5),
        Case("the caller's arrays are filled anew after each step", mode="refilled", steps=8, lr=None, weight=2, k=1.5),
    ],
)


def right(w, grad, state, *, k=2.0):
    injected = (grad + (state["w"] - w) * grad * grad) / k if "w" in state else grad
    return injected, {"w": w.copy()}


MISTAKES = [*INJECTED, *hard_coded(k=[2.0])]
MISTAKES += slips("""
injected_from_the_third (detail):
    "w" in state -> state.get("t", 0) > 1
    {"w": w.copy()} -> {"w": w.copy(), "t": state.get("t", 0) + 1}
    The injection begins in the third step, as in the published code of RadamInject. It begins in the second.
first_w_kept: {"w": w.copy()} -> {"w": state.get("w", w.copy())}
    The change is measured from the very first w. Keep the w of this step: the next one measures from it.
in_place (detail): return injected, {"w": w.copy()} -> grad[...] = injected; return grad, {"w": w.copy()}
    The caller's array of gradients is overwritten. Make a new one.
""")


MISTAKES += only(manners(right, "memory"), "shared_memory")


@alternative
def two_parts(w, grad, state, *, k=2.0):
    """Both parts divided, the state written to."""
    before, state["before"] = state.get("before"), np.array(w)
    if before is None:
        return grad.copy(), state
    return grad / k - np.square(grad) * (w - before) / k, state


@alternative
def factored(w, grad, state, *, k=2.0):
    places = [*state.get("places", []), w + 0]
    if len(places) == 1:
        return [grad, {"places": places}]
    return [grad * (1 + grad * (places[-2] - places[-1])) / k, {"places": places}]


HINTS = [
    "What has the state to keep, so that the next step can see how far w has moved?",
    "In the first step nothing is known: give back the gradient. From then on, dw is the w kept minus the w given. "
    "Keep a *copy* of w.",
    '`(grad + (state["w"] - w) * grad**2) / k`, and `{"w": w.copy()}` in every step.',
]
