"""rmsprop: each weight's step is divided by the root of a running average of its squared gradients.

cache <- alpha * cache + (1 - alpha) * grad^2;  w <- w - lr * grad / (sqrt(cache) + eps) (Tieleman and Hinton 2012;
lectures 001, 003, with eps 1e-7). Reference: torch.optim.RMSprop. Lecture 000 prints no root, lecture 002 has eps
inside it. The average starts at 0 and is not corrected, so the first step is lr / sqrt(1 - alpha) long.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, TINY, common_cases, denominator, hard_coded, manners
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("RMSprop", lr=0.01, alpha=0.99, eps=1e-8),
    section="2 · RMSProp: a memory that forgets",
    typical={"alpha": 0.9, "eps": TINY},
    cases=[
        Case("one step from an empty cache", steps=1, shape=(3,), lr=0.01, alpha=0.99, eps=TINY),
        Case("two steps: the average carries over", steps=2, shape=(3,), lr=0.01, alpha=0.9, eps=TINY),
        Case("60 steps with varying gradients", lr=0.05, alpha=0.9, eps=TINY, weight=2),
        Case("another average and shape", shape=(2, 3, 2), steps=20, lr=0.1, alpha=0.3, eps=TINY),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.1, alpha=0.95, eps=1e-2, weight=2),
        Case("the defaults are lr=0.01, alpha=0.99 and eps=1e-8", lr=None, steps=12, sizes=1e-8),
        *common_cases(lr=0.05, alpha=0.8, eps=TINY),
    ],
)


def right(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    cache = alpha * state.get("cache", 0.0) + (1 - alpha) * grad**2
    step = lr * grad / (np.sqrt(cache) + eps)
    return w - step, {"cache": cache}


MISTAKES = [*STEP, *denominator("cache")]
MISTAKES += slips("""
sum_for_average: alpha * state.get("cache", 0.0) + (1 - alpha) * grad**2 -> state.get("cache", 0.0) + grad**2
    The squares are summed, as in AdaGrad: the steps get ever shorter. RMSProp averages: alpha * cache + (1 - alpha) *
    grad**2.

sum_for_average: (1 - alpha) * grad**2 -> grad**2
    The new square counts in full: this is a fading sum, 1 / (1 - alpha) times too large. Weight the square with
    `1 - alpha`.

sum_for_average: alpha * state.get("cache", 0.0) -> state.get("cache", 0.0)
    The old average is kept whole, so it only grows. Multiply it by `alpha`.

alpha_swapped:
    alpha * state.get("cache", 0.0) + (1 - alpha) * grad**2 -> (1 - alpha) * state.get("cache", 0.0) + alpha * grad**2
    `alpha` and `1 - alpha` have changed places: `alpha` is the share of the old average that is kept, `1 - alpha` the
    weight of the new square.

not_squared: grad**2 -> abs(grad)
    or grad**2 -> abs(grad)
    np.sqrt(cache) -> cache
    The cache averages the sizes of the gradients. It has to average their squares, and the root is taken of that.

one_rate_for_all (core): grad**2 -> np.mean(grad**2)
    or grad**2 -> np.sum(grad**2)
    All weights share one cache, over all elements. Each weight has its own average, over time.

old_cache: np.sqrt(cache) -> np.sqrt(state.get("cache", 0 * cache))
    The step is divided by the cache from before this gradient, which is 0 in the first step. Update it first.
first_square_in_full (detail): state.get("cache", 0.0) -> state.get("cache", grad**2)
    The cache starts with the whole first square. It starts at 0, so the first one is (1 - alpha) * grad**2.
initial_accumulator (detail): state.get("cache", 0.0) -> state.get("cache", 1.0)
    The cache starts at 1. Here, as in PyTorch, it starts at 0.

bias_corrected:
    -> t = state.get("t", 0) + 1
    np.sqrt(cache) -> np.sqrt(cache / (1 - alpha**t))
    {"cache": cache} -> {"cache": cache, "t": t}
    The average is divided by 1 - alpha^t. That correction is Adam's; RMSProp, in the lectures and in PyTorch, has none.

centered:
    -> mean = alpha * state.get("mean", 0.0) + (1 - alpha) * grad
    np.sqrt(cache) -> np.sqrt(np.maximum(cache - mean**2, 0))
    {"cache": cache} -> {"cache": cache, "mean": mean}
    The mean is taken off, so the step is divided by the standard deviation (PyTorch's `centered=True`). Asked for is
    the root mean square.

averaged_gradient:
    -> mean = 0.9 * state.get("mean", 0.0) + 0.1 * grad
    lr * grad -> lr * mean
    {"cache": cache} -> {"cache": cache, "mean": mean}
    The gradient is averaged too: that is almost Adam. RMSProp steps along this step's gradient.
""")
MISTAKES += manners(right, "cache")
MISTAKES += hard_coded(lr=[0.01, 1e-3, 0.1, 1.0], alpha=[0.99, 0.9], eps=[1e-8, 1e-7])


@alternative
def weighted_history(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """The average written out: the square of k steps ago counts (1 - alpha) alpha^k."""
    past = [*state.get("past", ()), grad.copy()]
    cache = sum((1 - alpha) * alpha**k * g * g for k, g in enumerate(reversed(past)))
    return w - lr * grad / (np.sqrt(cache) + eps), {"past": past}


@alternative
def share_taken_out(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    """The sum without 1 - alpha, which stands in front of the root."""
    state["sum"] = alpha * state.get("sum", 0.0) + grad**2
    scale = (1 - alpha) ** 0.5
    return w - lr * grad / (scale * np.sqrt(state["sum"]) + eps), state


HINTS = [
    "AdaGrad never forgets, so its steps die away. How would you keep the recent squares only, with one number for "
    "each weight?",
    "Let the cache be a running average: `alpha` of the old cache, `1 - alpha` of the new square. The step is "
    "AdaGrad's.",
    "With alpha = 0.9 and a gradient of 2 at each step the cache is 0.4, 0.76, 1.084, and the steps are 3.16, 2.29, "
    "1.92 times lr. If your first one is enormous, the cache was empty when you divided by its root.",
]
