"""adagrad: each weight's step is divided by the root of its summed squared gradients.

cache <- cache + grad^2;  w <- w - lr * grad / (sqrt(cache) + eps) (Duchi, Hazan and Singer 2011; lectures 001, 003, with
eps 1e-7). Reference: torch.optim.Adagrad. Lecture 000 prints no root, lecture 002 has eps inside it.
"""

import numpy as np
import torch

from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def right(w, grad, state, *, lr=0.01, eps=1e-10):
    cache = state.get("cache", 0.0 * w) + grad**2
    return w - lr * grad / (np.sqrt(cache) + eps), {"cache": cache}


def variant(divisor, *, add=lambda cache, grad, t: cache + grad**2, start=0.0, old=False):
    """An AdaGrad with another line: divisor(cache, eps, t), add(cache, grad, t), the first cache."""

    def wrong(w, grad, state, *, lr=0.01, eps=1e-10):
        t = state.get("t", 0) + 1
        before = state.get("cache", start + 0.0 * w)
        cache = add(before, grad, t)
        return w - lr * grad / divisor(before if old else cache, eps, t), {"t": t, "cache": cache}

    return wrong


def root(cache, eps, t):
    return np.sqrt(cache) + eps


def decayed(decay, share=1.0):
    return variant(root, add=lambda cache, grad, t: decay * cache + share * grad**2)


def list_of_squares(w, grad, state, *, lr=0.01, eps=1e-10):
    """The sum written out."""
    squares = [*state.get("squares", []), np.square(grad)]
    return w - lr / (eps + sum(squares) ** 0.5) * grad, {"squares": squares}


def root_of_the_cache_kept(w, grad, state, *, lr=0.01, eps=1e-10):
    """The length of the vector of all gradients so far, one more at a time."""
    length = np.hypot(state.get("length", np.zeros_like(w)), grad)
    return w - lr * (grad / (length + eps)), {"length": length}


def state_updated_in_place(w, grad, state, *, lr=0.01, eps=1e-10):
    if not state:
        state["cache"] = np.zeros_like(w)
    state["cache"] += grad * grad
    rates = lr / (np.sqrt(state["cache"]) + eps)
    return w - rates * grad, state


DECAYED = "The cache fades: old squares are multiplied by a number below 1. That is RMSProp; AdaGrad forgets nothing."

EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.Adagrad, lr=0.01, eps=1e-10),
    cases=[
        Case("one step goes lr far, however steep it is", steps=1, shape=(3,), lr=0.1, eps=1e-10),
        Case("two steps: the squares add up", steps=2, shape=(3,), lr=0.1, eps=1e-10),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.5, eps=1e-10),
        Case("another shape", shape=(2, 3, 2), steps=20, lr=0.05, eps=1e-8),
        Case("a large eps shows where it stands", lr=0.3, eps=1e-2, weight=2),
        Case("the defaults are lr=0.01 and eps=1e-10", lr=None, steps=12, sizes=1e-10),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05)),
        Case("gradients of 0, at first and on the way: no step, no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0)),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15)),
        Case("the caller changes w on the way", mode="moved", lr=0.3),
        Case("several parameters in turn, each with its state", mode="several", steps=12, lr=0.3),
    ],
    mistakes=[
        Mistake(
            "no_square_root",
            variant(lambda cache, eps, t: cache + eps),
            "The gradient is divided by the sum of squares itself, as lecture 000 prints it. Divide by its square root: only "
            "then does the size of the gradient cancel.",
        ),
        Mistake(
            "eps_inside_root",
            variant(lambda cache, eps, t: np.sqrt(cache + eps)),
            "`eps` is inside the root, as lecture 002 has it: sqrt(cache + eps) is at least sqrt(eps). Here, as in PyTorch, "
            "it is added to the root.",
        ),
        Mistake("decayed_cache", decayed(0.9), DECAYED),
        Mistake("decayed_cache", decayed(0.99), DECAYED),
        Mistake("decayed_cache", decayed(0.9, 0.1), DECAYED),
        Mistake("decayed_cache", decayed(0.99, 0.01), DECAYED),
        Mistake(
            "initial_accumulator",
            variant(root, start=0.1),
            "The cache starts at 0.1 (as TensorFlow has it). Here, as in PyTorch and in the paper, it starts at 0.",
        ),
        Mistake(
            "initial_accumulator",
            variant(root, start=1.0),
            "The cache starts at 1. Here, as in PyTorch and in the paper, it starts at 0.",
        ),
        Mistake(
            "mean_not_sum",
            variant(lambda cache, eps, t: np.sqrt(cache / t) + eps),
            "The squares are averaged over the steps. AdaGrad sums them, so that its steps shorten with time.",
        ),
        Mistake(
            "old_cache",
            variant(root, old=True),
            "The step is divided by the cache from before this gradient, which is 0 in the first step. Add the new square "
            "first.",
        ),
        Mistake(
            "not_squared",
            variant(lambda cache, eps, t: cache + eps, add=lambda cache, grad, t: cache + abs(grad)),
            "The cache sums the sizes of the gradients. It has to sum their squares, and the root is taken of the sum.",
        ),
        Mistake(
            "not_squared",
            variant(root, add=lambda cache, grad, t: cache + abs(grad)),
            "The cache sums the sizes of the gradients, not their squares: grad**2.",
        ),
        Mistake(
            "sum_squared",
            variant(lambda cache, eps, t: abs(cache) + eps, add=lambda cache, grad, t: cache + grad),
            "The gradients are summed first and squared after: ups and downs cancel. Square each gradient, then sum.",
        ),
        Mistake(
            "one_rate_for_all",
            variant(root, add=lambda cache, grad, t: cache + np.sum(grad**2)),
            "All weights share one cache, the squared length of the gradient. Each weight has its own: no sum over elements.",
        ),
        Mistake(
            "eps_as_floor",
            variant(lambda cache, eps, t: np.maximum(np.sqrt(cache), eps)),
            "`eps` is a lower bound of the root here. It has to be added to it.",
        ),
        *slips(right, "cache", lr=0.01, eps=[1e-10, 1e-8, 1e-7]),
    ],
    alternatives=[list_of_squares, root_of_the_cache_kept, state_updated_in_place],
    hints=[
        "Steep directions should take smaller steps, flat ones larger. What would you have to remember, for each weight, to "
        "know how steep it has been so far?",
        '`state.get("cache", 0.0)` is the sum of squared gradients so far. Add this one\'s square, then divide the step by '
        "the root. What happens where all gradients were 0?",
        '`cache = state.get("cache", 0.0) + grad**2`, then `w - lr * grad / (np.sqrt(cache) + eps)` and `{"cache": cache}`.',
    ],
)
