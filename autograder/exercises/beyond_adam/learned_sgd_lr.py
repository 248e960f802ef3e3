"""learned_sgd_lr: SGD that learns its own rate by gradient descent on it.

rate_1 = lr;  rate_t = rate_{t-1} + hyper_lr sum(g_t g_{t-1}), over all entries;  w <- w - rate_t g_t, with the new
rate. dL/drate = -g_t . g_{t-1}, since the last step was -rate g_{t-1} (Baydin et al. 2018, SGD-HD). `lr` is the start,
read in the first step alone; the rate may become negative. Reference: the hyper-gradient by autograd.
"""

import numpy as np

from autograder.exercises._optimizers import STEP, hard_coded, manners
from autograder.judge import Case, Mistake, Optimizer, alternative, slips, torch, torch_steps


def update(w, grad, state, *, lr, hyper_lr):
    if not state:
        return w - lr * grad, {"rate": lr, "last": grad}
    # How the loss of this place, of slope `grad`, depends on the rate of the step that led here.
    rate = torch.tensor(float(state["rate"]), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad((grad * (w - rate * state["last"])).sum(), rate)
    new = state["rate"] - hyper_lr * float(slope)
    return w - new * grad, {"rate": new, "last": grad}


TURNING = {"sizes": (1.0, 3.0), "lr": 0.01, "hyper_lr": 0.02}

EXERCISE = Optimizer(
    reference=torch_steps(update, lr=0.01, hyper_lr=1e-4),
    section="11 · A rate that is learnt",
    typical={"hyper_lr": 0.01},
    cases=[
        Case("one step is SGD's", steps=1, shape=(3,), lr=0.1, hyper_lr=0.01),
        Case("two steps: the new rate makes the step", steps=2, shape=(3,), lr=0.1, hyper_lr=0.05, weight=2),
        Case("40 steps", steps=40, lr=0.05, hyper_lr=1e-3, weight=3),
        Case("rates that cross 0", shape=(6,), steps=40, weight=6, **TURNING),
        Case("a large matrix: the sum is over all entries", shape=(12, 9), steps=12, lr=0.1, hyper_lr=1e-3, weight=2),
        Case("hyper_lr=0 is SGD", steps=6, lr=0.1, hyper_lr=0.0),
        Case("the defaults are lr=0.01 and hyper_lr=1e-4", lr=None, steps=12, sizes=3.0),
        Case("a later lr does not count", steps=18, shape=(3,), lr=(0.1, 0.003, 0.5), hyper_lr=0.01, weight=2),
        Case("gradients of 0, at first and on the way", steps=16, sizes=(0.0, 1.0, 0.0, 1.0), lr=0.1, hyper_lr=0.01),
        Case("gradients from 1e-12 to 1e3", steps=12, shape=(5,), sizes=(1e-12, 1.0, 1e3), lr=0.1, hyper_lr=1e-3),
        Case("the caller changes w on the way", steps=24, mode="moved", lr=0.1, hyper_lr=0.01),
        Case(
            "several parameters in turn, each with its state", mode="several", steps=12, lr=0.1, hyper_lr=0.01, weight=3
        ),
        Case(
            "the caller's arrays are filled anew after each step",
            mode="refilled",
            steps=12,
            lr=0.1,
            hyper_lr=0.01,
            weight=2,
        ),
    ],
)


def right(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    rate = state.get("rate", lr) + hyper_lr * np.sum(grad * state.get("g", 0.0))
    step = rate * grad
    return w - step, {"rate": rate, "g": grad.copy()}


_SUM = 'np.sum(grad * state.get("g", 0.0))'
_NEW = f'state.get("rate", lr) + hyper_lr * {_SUM}'

MISTAKES = slips(
    f"""
plain_sgd (core): {_NEW} -> lr
    or {_NEW} -> state.get("rate", lr)
    This is plain SGD: the rate does not learn. Keep it in the state, with a copy of the gradient, and add hyper_lr
    times the sum of g_t g_(t-1) to it.

wrong_sign: {_NEW} -> state.get("rate", lr) - hyper_lr * {_SUM}
    The rate learns uphill: dL/dlr is minus the sum of g_t g_(t-1), so that sum is *added*.

old_rate_used: rate * grad -> state.get("rate", lr) * grad
    The step is made with the old rate, one step late. Learn first: the new rate makes the step.

rate_not_kept: state.get("rate", lr) -> lr
    The rate starts at `lr` in every step. Keep it in the state: it is what learns.
later_lr_counts (detail):
    state.get("rate", lr) -> (lr + state.get("rate", 0.0))
    {{"rate": rate, "g": grad.copy()}} -> {{"rate": rate - lr, "g": grad.copy()}}
    Each step reads `lr` anew. It is the start alone: after the first step the rate in the state counts.

mean_for_sum: {_SUM} -> np.mean(grad * state.get("g", 0.0)) if grad.size else 0.0
    The product is averaged over the entries. It is their sum, the inner product.
rate_for_each (core): {_SUM} -> grad * state.get("g", 0.0)
    Each weight learns a rate of its own. There is one for the whole array: the sum over its entries.
cosine: {_SUM} -> {_SUM} / (np.linalg.norm(grad) * np.linalg.norm(state.get("g", 0.0)) or 1)
    or {_SUM} -> {_SUM} / (np.linalg.norm(grad) * np.linalg.norm(state.get("g", 0.0)) + 1e-8)
    The rate learns from the cosine of the two gradients. It is their inner product, with their sizes.
sign_alone: {_SUM} -> np.sign({_SUM})
    The rate learns from the sign of the inner product. It is the inner product itself.
multiplied: {_NEW} -> state.get("rate", lr) * (1 + hyper_lr * {_SUM})
    or {_NEW} -> state.get("rate", lr) * np.exp(np.clip(hyper_lr * {_SUM}, -50, 50)).item()
    The rate is multiplied by 1 + hyper_lr times the sum. hyper_lr times the sum is added to it.
gradient_with_itself: grad * state.get("g", 0.0) -> grad * (grad if state else 0.0)
    or grad * state.get("g", 0.0) -> grad * grad
    The gradient is multiplied by itself, so that the rate only grows. It is this one times the last.
last_with_itself: grad * state.get("g", 0.0) -> state.get("g", 0.0) * state.get("g", 0.0) + 0 * grad
    The last gradient is multiplied by itself, so that the rate only grows. It is this one times the last.

clipped: rate * grad -> max(rate, 0.0) * grad
    or {_NEW} -> max({_NEW}, 0.0)
    The rate is clipped at 0. It may become negative: then the last steps went too far.
absolute_rate: rate * grad -> abs(rate) * grad
    The rate has lost its sign. It may become negative.
kept_as_an_alias (detail): grad.copy() -> grad
    The state keeps the caller's own array of gradients. Filled with new ones it is no longer the last gradient: this
    one is multiplied by itself. Keep `grad.copy()`.
"""
)


def _one_rate():
    rate: list = []

    def step(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
        old = rate[0] if rate else lr
        w, kept = right(w, grad, {"rate": old, **({"g": state["g"]} if state else {})}, lr=lr, hyper_lr=hyper_lr)
        rate[:] = [kept["rate"]]
        return w, {"g": kept["g"]}

    return step


MISTAKES += [
    *STEP,
    Mistake(
        "shared_rate",
        _one_rate,
        "All parameters share one learnt rate, in a global variable. Each has its own: keep it in the `state`.",
        remembers=True,
    ),
    *(m for m in manners(right, "memory") if m.name != "memory_not_kept"),
]
MISTAKES += hard_coded(lr=[0.01, 0.1], hyper_lr=[1e-4, 0.01])


@alternative
def by_dot_product(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    """The state written to; the inner product of what is flat."""
    if "last" in state:
        state["rate"] += hyper_lr * float(np.dot(grad.ravel(), state["last"].ravel()))
    else:
        state["rate"] = lr
    state["last"] = np.array(grad)
    return w - state["rate"] * grad, state


@alternative
def learnt_apart(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    """The start and what has been learnt, apart."""
    start, learnt, last = state.get("all", (lr, 0.0, np.zeros_like(grad)))
    learnt = learnt + hyper_lr * float((grad * last).sum())
    return [w - (start * grad + learnt * grad), {"all": (start, learnt, grad + 0)}]


HINTS = [
    "The last step was -rate times the last gradient. If the slope here still points the same way, should it have been "
    "longer or shorter?",
    "The first step is SGD's. Then the rate in the state grows by hyper_lr times the inner product of this gradient "
    "and the last one, and the new rate makes the step. Keep a *copy* of grad.",
    '`rate = state.get("rate", lr) + hyper_lr * np.sum(grad * state.get("g", 0.0))`, then `w - rate * grad`, and '
    '`{"rate": rate, "g": grad.copy()}`.',
]
