"""rmsprop: each weight's step is divided by the root of a running average of its squared gradients.

cache <- alpha * cache + (1 - alpha) * grad^2;  w <- w - lr * grad / (sqrt(cache) + eps) (Tieleman and Hinton 2012;
lectures 001, 003, with eps 1e-7). Reference: torch.optim.RMSprop. Lecture 000 prints no root, lecture 002 has eps inside
it. The average starts at 0 and is not corrected, so the first step is lr / sqrt(1 - alpha) long.
"""

import numpy as np
import torch

from autograder.exercises.adam._slips import slips
from autograder.judge import Case, Mistake, Optimizer, torch_optimizer


def right(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    cache = alpha * state.get("cache", 0.0 * w) + (1 - alpha) * grad**2
    return w - lr * grad / (np.sqrt(cache) + eps), {"cache": cache}


def average(cache, grad, alpha):
    return alpha * cache + (1 - alpha) * grad**2


def root(cache, eps):
    return np.sqrt(cache) + eps


def variant(divisor=root, *, update=average, old=False, first=None):
    """An RMSProp with another line: divisor(cache, eps), update(cache, grad, alpha), the first cache."""

    def wrong(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
        before = state.get("cache", 0.0 * w)
        cache = first(grad) if first and not state else update(before, grad, alpha)
        return w - lr * grad / divisor(before if old else cache, eps), {"cache": cache}

    return wrong


def centered(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    mean = alpha * state.get("mean", 0.0 * w) + (1 - alpha) * grad
    cache = average(state.get("cache", 0.0 * w), grad, alpha)
    return w - lr * grad / (np.sqrt(np.maximum(cache - mean**2, 0)) + eps), {"mean": mean, "cache": cache}


def corrected(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    t = state.get("t", 0) + 1
    cache = average(state.get("cache", 0.0 * w), grad, alpha)
    return w - lr * grad / (np.sqrt(cache / (1 - alpha**t)) + eps), {"t": t, "cache": cache}


def with_momentum(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    cache = average(state.get("cache", 0.0 * w), grad, alpha)
    mean = 0.9 * state.get("mean", 0.0 * w) + 0.1 * grad
    return w - lr * mean / (np.sqrt(cache) + eps), {"mean": mean, "cache": cache}


def towards_the_new_square(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """The average as a step towards the new square."""
    cache = state.get("cache", np.zeros_like(w))
    cache = cache + (1 - alpha) * (grad * grad - cache)
    return w - lr * (grad / (cache**0.5 + eps)), {"cache": cache}


def weighted_history(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """The average written out: the square of k steps ago counts (1 - alpha) alpha^k."""
    past = [*state.get("past", ()), grad.copy()]
    cache = sum((1 - alpha) * alpha**k * g * g for k, g in enumerate(reversed(past)))
    return w - lr * grad / (np.sqrt(cache) + eps), {"past": past}


def share_taken_out(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """The sum without 1 - alpha, which stands in front of the root."""
    state["sum"] = alpha * state.get("sum", 0.0) + grad**2
    scale = (1 - alpha) ** 0.5
    return w - lr * grad / (scale * np.sqrt(state["sum"]) + eps), state


EXERCISE = Optimizer(
    reference=torch_optimizer(torch.optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8),
    cases=[
        Case("one step from an empty cache", steps=1, shape=(3,), lr=0.01, alpha=0.99, eps=1e-8),
        Case("two steps: the average carries over", steps=2, shape=(3,), lr=0.01, alpha=0.9, eps=1e-8),
        Case("60 steps with varying gradients", shape=(4, 3), lr=0.05, alpha=0.9, eps=1e-8),
        Case("another average and shape", shape=(2, 3, 2), steps=20, lr=0.1, alpha=0.3, eps=1e-6),
        Case("a large eps shows where it stands", lr=0.1, alpha=0.95, eps=1e-2, weight=2),
        Case("the defaults are lr=0.01, alpha=0.99 and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        Case("the learning rate changes on the way", shape=(1,), lr=(0.1, 0.003, 0.05), alpha=0.9),
        Case("gradients of 0, at first and on the way: no step, no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0), lr=0.01),
        Case("gradients of every size, from 1e-12 to 1e15", steps=30, sizes=(1e-12, 1.0, 1e15), lr=0.01),
        Case("the caller changes w on the way", mode="moved", lr=0.05, alpha=0.9),
        Case("several parameters in turn, each with its state", mode="several", steps=12, lr=0.05, alpha=0.8),
    ],
    mistakes=[
        Mistake(
            "alpha_swapped",
            variant(update=lambda cache, grad, alpha: (1 - alpha) * cache + alpha * grad**2),
            "`alpha` and `1 - alpha` have changed places: `alpha` is the share of the old average that is kept, "
            "`1 - alpha` the weight of the new square.",
        ),
        Mistake(
            "eps_inside_root",
            variant(lambda cache, eps: np.sqrt(cache + eps)),
            "`eps` is inside the root, as lecture 002 has it: sqrt(cache + eps) is at least sqrt(eps). Here, as in PyTorch, "
            "it is added to the root.",
        ),
        Mistake(
            "sum_for_average",
            variant(update=lambda cache, grad, alpha: cache + grad**2),
            "The squares are summed, as in AdaGrad: the steps get ever shorter. RMSProp averages: alpha * cache + "
            "(1 - alpha) * grad**2.",
        ),
        Mistake(
            "sum_for_average",
            variant(update=lambda cache, grad, alpha: alpha * cache + grad**2),
            "The new square counts in full: this is a fading sum, 1 / (1 - alpha) times too large. Weight the square with "
            "`1 - alpha`.",
        ),
        Mistake(
            "sum_for_average",
            variant(update=lambda cache, grad, alpha: cache + (1 - alpha) * grad**2),
            "The old average is kept whole, so it only grows. Multiply it by `alpha`.",
        ),
        Mistake(
            "no_square_root",
            variant(lambda cache, eps: cache + eps),
            "The gradient is divided by the mean square itself, as lecture 000 prints it. Divide by its square root: only "
            "then does the size of the gradient cancel.",
        ),
        Mistake(
            "not_squared",
            variant(update=lambda cache, grad, alpha: alpha * cache + (1 - alpha) * abs(grad)),
            "The cache averages the sizes of the gradients, not their squares: grad**2.",
        ),
        Mistake(
            "old_cache",
            variant(old=True),
            "The step is divided by the cache from before this gradient, which is 0 in the first step. Update it first.",
        ),
        Mistake(
            "bias_corrected",
            corrected,
            "The average is divided by 1 - alpha^t. That correction is Adam's; RMSProp, in the lectures and in PyTorch, has "
            "none.",
        ),
        Mistake(
            "first_square_in_full",
            variant(first=lambda grad: grad**2),
            "The cache starts with the whole first square. It starts at 0, so the first one is (1 - alpha) * grad**2.",
        ),
        Mistake(
            "centered",
            centered,
            "The mean is taken off, so the step is divided by the standard deviation (PyTorch's `centered=True`). Asked for "
            "is the root mean square.",
        ),
        Mistake(
            "averaged_gradient",
            with_momentum,
            "The gradient is averaged too: that is almost Adam. RMSProp steps along this step's gradient.",
        ),
        Mistake(
            "one_rate_for_all",
            variant(update=lambda cache, grad, alpha: alpha * cache + (1 - alpha) * np.mean(grad**2)),
            "All weights share one cache, the mean over elements. Each weight has its own average, over time.",
        ),
        Mistake(
            "eps_as_floor",
            variant(lambda cache, eps: np.maximum(np.sqrt(cache), eps)),
            "`eps` is a lower bound of the root here. It has to be added to it.",
        ),
        *slips(right, "cache", lr=0.01, alpha=[0.99, 0.9], eps=[1e-8, 1e-7]),
    ],
    alternatives=[towards_the_new_square, weighted_history, share_taken_out],
    hints=[
        "AdaGrad never forgets, so its steps die away. How would you keep the recent squares only, with one number for each "
        "weight?",
        "Let the cache be a running average: `alpha` of the old cache, `1 - alpha` of the new square. The step is AdaGrad's.",
        '`cache = alpha * state.get("cache", 0.0) + (1 - alpha) * grad**2`, then `w - lr * grad / (np.sqrt(cache) + eps)`.',
    ],
)
