"""adagrad: each weight's step is divided by the root of its summed squared gradients.

cache <- cache + grad^2;  w <- w - lr * grad / (sqrt(cache) + eps) (Duchi, Hazan and Singer 2011; lectures 001, 003,
with eps 1e-7). Reference: torch.optim.Adagrad. Lecture 000 prints no root, lecture 002 has eps inside it.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, TINY, common_cases, denominator, hard_coded, manners
from autograder.judge import Case, Optimizer, alternative, slips, torch_optimizer

EXERCISE = Optimizer(
    reference=torch_optimizer("Adagrad", lr=0.01, eps=1e-10),
    section="1 · AdaGrad: every weight its own rate",
    cases=[
        Case("one step goes lr far, however steep it is", steps=1, shape=(3,), lr=0.1, eps=TINY),
        Case("two steps: the squares add up", steps=2, shape=(3,), lr=0.1, eps=TINY),
        Case("60 steps with varying gradients", lr=0.5, eps=TINY, weight=2),
        Case("another shape", shape=(2, 3, 2), steps=20, lr=0.05, eps=TINY),
        Case("a large eps shows where it stands", sizes=(1e-5, 1.0), lr=0.3, eps=1e-2, weight=2),
        Case("the defaults are lr=0.01 and eps=1e-10", lr=None, steps=12, sizes=1e-10),
        *common_cases(lr=0.3, eps=TINY),
    ],
)


def right(w, grad, state, *, lr=0.01, eps=1e-10):
    cache = state.get("cache", 0.0) + grad**2
    step = lr * grad / (np.sqrt(cache) + eps)
    return w - step, {"cache": cache}


MISTAKES = [*STEP, *denominator("cache")]
MISTAKES += slips("""
decayed_cache: state.get("cache", 0.0) -> 0.9 * state.get("cache", 0.0)
    or state.get("cache", 0.0) -> 0.99 * state.get("cache", 0.0)
    or state.get("cache", 0.0) + grad**2 -> 0.9 * state.get("cache", 0.0) + 0.1 * grad**2
    or state.get("cache", 0.0) + grad**2 -> 0.99 * state.get("cache", 0.0) + 0.01 * grad**2
    The cache fades: old squares are multiplied by a number below 1. That is RMSProp; AdaGrad forgets nothing.

not_squared: grad**2 -> abs(grad)
    or grad**2 -> abs(grad)
    np.sqrt(cache) -> cache
    The cache sums the sizes of the gradients. It has to sum their squares, and the root is taken of the sum.

sum_squared:
    grad**2 -> grad
    np.sqrt(cache) -> abs(cache)
    The gradients are summed first and squared after: ups and downs cancel. Square each gradient, then sum.

old_cache: np.sqrt(cache) -> np.sqrt(state.get("cache", 0 * cache))
    The step is divided by the cache from before this gradient, which is 0 in the first step. Add the new square first.

mean_not_sum:
    -> t = state.get("t", 0) + 1
    np.sqrt(cache) -> np.sqrt(cache / t)
    {"cache": cache} -> {"cache": cache, "t": t}
    The squares are averaged over the steps. AdaGrad sums them, so that its steps shorten with time.

one_rate_for_all (core): grad**2 -> np.sum(grad**2)
    or grad**2 -> np.mean(grad**2)
    All weights share one cache, the squared length of the gradient. Each weight has its own: no sum over elements.

initial_accumulator (detail): state.get("cache", 0.0) -> state.get("cache", 0.1)
    or state.get("cache", 0.0) -> state.get("cache", 1.0)
    The cache starts at a number above 0 (at 0.1, as TensorFlow has it). Here, as in PyTorch and in the paper, it starts
    at 0.
""")
MISTAKES += [*manners(right, "cache"), *hard_coded(lr=[0.01, 1e-3, 0.1, 1.0], eps=[1e-10, 1e-8, 1e-7])]


@alternative
def list_of_squares(w, grad, state, *, lr=0.01, eps=1e-10):
    """The sum written out."""
    squares = [*state.get("squares", []), np.square(grad)]
    return w - lr / (eps + sum(squares) ** 0.5) * grad, {"squares": squares}


@alternative
def length_kept(w, grad, state, *, lr=0.01, eps=1e-10):
    """The length of the vector of all gradients so far, one more at a time."""
    length = np.hypot(state.get("length", np.zeros_like(w)), grad)
    return w - lr * (grad / (length + eps)), {"length": length}


HINTS = [
    "Steep directions should take smaller steps, flat ones larger. What would you have to remember, for each weight, "
    "to know how steep it has been so far?",
    '`state.get("cache", 0.0)` is the sum of squared gradients so far. Add this one\'s square, then divide the step by '
    "the root. What happens where all gradients were 0?",
    "With a gradient of 2 at each step the cache is 4, 8, 12, and the steps are 1, 0.707, 0.577 times lr. Where all "
    "gradients were 0 the step is 0 / (0 + eps), and that is 0.",
]
