"""The checks of adaptive learning rates: wrong and odd right solutions that the bank lacks, mistakes in other words.

A wrong solution loses points and is called by no mistake's name but those beside it; a right one keeps every point; a
listed mistake in other words is still called by its name.
"""

import collections
import dataclasses
import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.judge import Case, judge
from autograder.judge.judging import LocalCaller

ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
DEFAULTS = {
    "adagrad": {"lr": 0.01, "eps": 1e-10},
    "rmsprop": {"lr": 0.01, "alpha": 0.99, "eps": 1e-8},
    "adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    "adam_uncorrected": ADAM,
    "adam": ADAM,
    "amsgrad": ADAM,
    "adam_l2": {**ADAM, "weight_decay": 0.0},
    "adamw": {**ADAM, "weight_decay": 1e-2},
    "nadam": {**ADAM, "lr": 2e-3, "momentum_decay": 4e-3},
}
IDS = [*DEFAULTS, "first_step_ratio"]
SEEDS = ("public", "one", "two", "three", "four", "five")
SLIPPED, WRONG, RIGHT, REWORDED = [], [], [], []


def verdict(exercise_id, function, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller((function,)), points=10, seed=seed)


def wrong(exercise_id, label, make, *names):
    """A maker of a wrong function: made anew for each verdict, so that what it remembers is its own."""
    WRONG.append(pytest.param(exercise_id, make, names, id=f"{exercise_id}-{label}"))


def slipped(exercise_id, label, make):
    """Wrong, and only asked whether it loses points: without the bank, which takes most of the time."""
    SLIPPED.append(pytest.param(exercise_id, make, id=f"{exercise_id}-{label}"))


def right(exercise_id, label, make, seeds=SEEDS):
    RIGHT.append(pytest.param(exercise_id, make, seeds, id=f"{exercise_id}-{label}"))


# The formulas: (w, grad, memory, hyper-parameters) -> (w, memory), memory None at the start


def adagrad(w, g, memory, h):
    cache = (0.0 if memory is None else memory) + g * g
    return w - h["lr"] * g / (cache**0.5 + h["eps"]), cache


def rmsprop(w, g, memory, h):
    cache = h["alpha"] * (0.0 if memory is None else memory) + (1 - h["alpha"]) * g * g
    return w - h["lr"] * g / (cache**0.5 + h["eps"]), cache


def adadelta(w, g, memory, h):
    cache, moved = memory or (0.0, 0.0)
    cache = h["rho"] * cache + (1 - h["rho"]) * g * g
    delta = g * (moved + h["eps"]) ** 0.5 / (cache + h["eps"]) ** 0.5
    return w - h["lr"] * delta, (cache, h["rho"] * moved + (1 - h["rho"]) * delta * delta)


def moments(g, memory, h):
    t, m, v = (memory or (0, 0.0, 0.0))[:3]
    b1, b2 = h["betas"]
    return t + 1, b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g


def adam_uncorrected(w, g, memory, h):
    t, m, v = moments(g, memory, h)
    return w - h["lr"] * m / (v**0.5 + h["eps"]), (t, m, v)


def adam_step(w, m, v, t, h):
    b1, b2 = h["betas"]
    return w - h["lr"] * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + h["eps"])


def adam(w, g, memory, h):
    t, m, v = moments(g, memory, h)
    return adam_step(w, m, v, t, h), (t, m, v)


def amsgrad(w, g, memory, h):
    t, m, v = moments(g, memory, h)
    top = np.maximum(memory[3] if memory else 0 * v, v)
    return adam_step(w, m, top, t, h), (t, m, v, top)


def adam_l2(w, g, memory, h):
    return adam(w, g + h["weight_decay"] * w, memory, h)


def adamw(w, g, memory, h):
    return adam(w - h["lr"] * h["weight_decay"] * w, g, memory, h)


def nadam(w, g, memory, h):
    t, m, v = moments(g, memory, h)
    b1, b2 = h["betas"]
    mu, ahead = (b1 * (1 - 0.5 * 0.96 ** (k * h["momentum_decay"])) for k in (t, t + 1))
    product = (memory[3] if memory else 1.0) * mu
    above = ahead / (1 - product * ahead) * m + (1 - mu) / (1 - product) * g
    return w - h["lr"] * above / ((v / (1 - b2**t)) ** 0.5 + h["eps"]), (t, m, v, product)


FORMULAS = dict(
    zip(DEFAULTS, (adagrad, rmsprop, adadelta, adam_uncorrected, adam, amsgrad, adam_l2, adamw, nadam), strict=True)
)


def optimizer(exercise_id, formula=None, **defaults):
    """A formula as it is asked for: its memory in the state."""
    formula, defaults = formula or FORMULAS[exercise_id], {**DEFAULTS[exercise_id], **defaults}

    def step(w, grad, state, **hyper):
        w, memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        return w, {"memory": memory}

    return step


def test_the_formulas_of_this_file_are_pytorchs():
    """So that a wrong solution below is wrong for its reason alone."""
    kinds = {
        "adagrad": (torch.optim.Adagrad, {}),
        "rmsprop": (torch.optim.RMSprop, {}),
        "adadelta": (torch.optim.Adadelta, {}),
        "adam": (torch.optim.Adam, {}),
        "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
        "adam_l2": (torch.optim.Adam, {"weight_decay": 0.3}),
        "adamw": (torch.optim.AdamW, {}),
    }
    rng = np.random.default_rng(0)
    for exercise_id, (kind, hyper) in kinds.items():
        w = rng.standard_normal(5)
        parameter = torch.nn.Parameter(torch.tensor(w))
        reference, step, state = kind([parameter], **hyper), optimizer(exercise_id), {}
        hyper.pop("amsgrad", None)
        for _ in range(20):
            grad = rng.standard_normal(5)
            parameter.grad = torch.tensor(grad)
            reference.step()
            w, state = step(w, grad, state, **hyper)
        np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=1e-12)


# What every optimizer with a memory can get wrong


def with_gradient(change):
    return lambda f: lambda w, g, memory, h: f(w, change(g), memory, h)


def with_hyper(**changes):
    """Other hyper-parameters than those passed: each a function of what was passed."""
    return lambda f: (
        lambda w, g, memory, h: f(
            w, g, memory, {**h, **{name: change(h[name]) for name, change in changes.items() if name in h}}
        )
    )


def with_result(change):
    def wrap(f):
        def formula(w, g, memory, h):
            new, memory = f(w, g, memory, h)
            return change(w, new), memory

        return formula

    return wrap


def first_lr_for_ever(f):
    def formula(w, g, memory, h):
        lr, memory = memory or (h["lr"], None)
        w, memory = f(w, g, memory, {**h, "lr": lr})
        return w, (lr, memory)

    return formula


def forgets_when_lr_changes(f):
    def formula(w, g, memory, h):
        lr, memory = memory or (h["lr"], None)
        w, memory = f(w, g, memory if lr == h["lr"] else None, h)
        return w, (h["lr"], memory)

    return formula


def counting(last, then):
    """After `last` steps: "stop", or "restart" the memory."""

    def wrap(f):
        def formula(w, g, memory, h):
            t, memory = memory or (0, None)
            if t >= last and then == "stop":
                return 1.0 * w, (t, memory)
            new, memory = f(w, g, memory if t != last else None, h)
            return new, (t + 1, memory)

        return formula

    return wrap


def first_row_only(w, new):
    out = w.copy()
    out[0] = new[0]
    return out


SLIPS = {
    "gradient_clipped": with_gradient(lambda g: np.clip(g, -1, 1)),
    "huge_gradient_clipped": with_gradient(lambda g: np.clip(g, -1e6, 1e6)),
    "gradient_normalised": with_gradient(lambda g: g / (np.linalg.norm(g) + 1e-12)),
    "absolute_gradient": with_gradient(abs),
    "gradient_rounded": with_gradient(lambda g: np.round(g, 6)),
    "gradient_in_columns": with_gradient(lambda g: g.ravel("F").reshape(g.shape)),
    "tenfold_eps": with_hyper(eps=lambda eps: 10 * eps),
    "eps_at_least": with_hyper(eps=lambda eps: max(eps, 1e-5)),
    "half_lr": with_hyper(lr=lambda lr: lr / 2),
    "lr_at_most": with_hyper(lr=lambda lr: min(lr, 0.09)),
    "step_clipped": with_result(lambda w, new: w + np.clip(new - w, -0.02, 0.02)),
    "result_rounded": with_result(lambda w, new: np.round(new, 5)),
    "first_row_only": with_result(first_row_only),
    "through_float32": with_result(lambda w, new: new.astype(np.float32).astype(w.dtype)),
    "a_little_decay": with_result(lambda w, new: new - 1e-5 * w),
    "first_lr_for_ever": first_lr_for_ever,
    "forgets_when_lr_changes": forgets_when_lr_changes,
    "stops_after_50_steps": counting(50, "stop"),
    "restarts_after_50_steps": counting(50, "restart"),
}
OTHER_DEFAULTS = {
    "lr": 3e-4,
    "eps": 1e-7,
    "betas": (0.9, 0.99),
    "alpha": 0.9,
    "rho": 0.95,
    "weight_decay": 0.1,
    "momentum_decay": 5e-3,
}


def one_memory(formula, defaults):
    memory = {}

    def step(w, grad, state, **hyper):
        w, memory[w.shape] = formula(w, grad, memory.get(w.shape), {**defaults, **hyper})
        return w, state

    return step


def memory_by_place(formula, defaults):
    """As many memories as there are parameters in turn, found by counting: nobody says how many there are."""
    memories, calls = [None, None], itertools.count()

    def step(w, grad, state, **hyper):
        k = next(calls) % 2
        w, memories[k] = formula(w, grad, memories[k] if state else None, {**defaults, **hyper})
        return w, {"started": True}

    return step


def memory_in_float64(formula, defaults):
    def step(w, grad, state, **hyper):
        w, memory = formula(w, grad + np.zeros(w.shape), state.get("memory"), {**defaults, **hyper})
        return w, {"memory": memory}

    return step


def its_own_w(formula, defaults):
    def step(w, grad, state, **hyper):
        w, memory = formula(state.get("w", w), grad, state.get("memory"), {**defaults, **hyper})
        return w, {"memory": memory, "w": w}

    return step


def one_buffer(formula, defaults):
    def step(w, grad, state, **hyper):
        new, memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        out = state.get("out", np.empty_like(w))
        out[...] = new
        return out, {"memory": memory, "out": out}

    return step


def on_w_itself(formula, defaults):
    def step(w, grad, state, **hyper):
        w[...], memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        return w.copy(), {"memory": memory}

    return step


def on_the_gradient(formula, defaults):
    def step(w, grad, state, **hyper):
        new, memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        np.square(grad, out=grad)
        return new, {"memory": memory}

    return step


def w_alone(formula, defaults):
    return lambda w, grad, state, **hyper: formula(w, grad, state.get("memory"), {**defaults, **hyper})[0]


def swapped(formula, defaults):
    return lambda w, grad, state, **hyper: formula(w, grad, state.get("memory"), {**defaults, **hyper})[::-1]


def skips_zero_gradients(formula, defaults):
    def step(w, grad, state, **hyper):
        if not grad.any():
            return w, state
        w, memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        return w, {"memory": memory}

    return step


def only_matrices(formula, defaults):
    """Vectors, such as biases, are left to plain descent."""

    def step(w, grad, state, **hyper):
        if w.ndim < 2:
            return w - {**defaults, **hyper}["lr"] * grad, state
        w, memory = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        return w, {"memory": memory}

    return step


HABITS = {
    one_memory: "shared_memory",
    memory_in_float64: "changes_dtype",
    its_own_w: "keeps_own_w",
    one_buffer: "overwrites_earlier_result",
    on_w_itself: "in_place",
    on_the_gradient: "in_place",
}

for _id, _formula in FORMULAS.items():
    for _label, _wrap in SLIPS.items():
        slipped(_id, _label, functools.partial(optimizer, _id, _wrap(_formula)))
    for _habit, _name in HABITS.items():
        wrong(_id, _habit.__name__, functools.partial(_habit, _formula, DEFAULTS[_id]), _name)
    for _habit in (memory_by_place, w_alone, swapped, only_matrices):
        slipped(_id, _habit.__name__, functools.partial(_habit, _formula, DEFAULTS[_id]))
    for _name in DEFAULTS[_id]:
        slipped(_id, f"another_default_of_{_name}", functools.partial(optimizer, _id, **{_name: OTHER_DEFAULTS[_name]}))
    if _id != "adagrad":
        slipped(_id, "skips_zero_gradients", functools.partial(skips_zero_gradients, _formula, DEFAULTS[_id]))


# Right ones in other styles


def memory_in_a_tuple(formula, defaults):
    def step(w, grad, state, lr=defaults["lr"], **hyper):
        steps, memory = state.get("all", (0, None))
        w, memory = formula(w, grad, memory, {**defaults, "lr": lr, **hyper})
        return [w, {"all": (steps + 1, memory)}]

    return step


def no_dict_at_all(formula, defaults):
    Memory = collections.namedtuple("Memory", "inside")

    def step(w, grad, state, **hyper):
        w, memory = formula(w, grad, state.inside if state else None, {**defaults, **hyper})
        return np.asfortranarray(w), Memory(memory)

    return step


def the_same_dict(formula, defaults):
    def step(w, grad, state, **hyper):
        w, state["memory"] = formula(w, grad, state.get("memory"), {**defaults, **hyper})
        return w, state

    return step


def an_object(formula, defaults):
    class Rule:
        memory = None

        def apply(self, w, grad, **hyper):
            w, self.memory = formula(w, grad, self.memory, {**defaults, **hyper})
            return w

    def step(w, grad, state, **hyper):
        rule = state.get("rule") or Rule()
        return rule.apply(w, grad, **hyper), {"rule": rule}

    return step


def float64_inside(formula, defaults):
    def step(w, grad, state, **hyper):
        exact = w.astype(np.float64), grad.astype(np.float64)
        new, memory = formula(*exact, state.get("memory"), {**defaults, **hyper})
        return new.astype(w.dtype), {"memory": memory}

    return step


def in_two_halves(formula, defaults):
    def step(w, grad, state, **hyper):
        parts, half = [], w.size // 2
        for k, part in enumerate((slice(None, half), slice(half, None))):
            parts.append(formula(w.ravel()[part], grad.ravel()[part], state.get(k), {**defaults, **hyper}))
        new = np.concatenate([part for part, _ in parts]).reshape(w.shape)
        return new, {k: memory for k, (_, memory) in enumerate(parts)}

    return step


def number_by_number(formula, defaults):
    def step(w, grad, state, **hyper):
        pairs = zip(w.ravel().tolist(), grad.ravel().tolist(), strict=True)
        done = [formula(a, b, state.get(k), {**defaults, **hyper}) for k, (a, b) in enumerate(pairs)]
        new = np.array([float(a) for a, _ in done], dtype=w.dtype).reshape(w.shape)
        return new, {k: memory for k, (_, memory) in enumerate(done)}

    return step


def from_the_beginning(formula, defaults):
    """The whole history replayed in each step: of past gradients, and of the w and lr that they met."""

    def step(w, grad, state, **hyper):
        past, memory = [*state.get("past", ()), (w, grad, hyper)], None
        for old, g, passed in past:
            new, memory = formula(old, g, memory, {**defaults, **passed})
        return new, {"past": past}

    return step


for _id, _formula in FORMULAS.items():
    for _style in (memory_in_a_tuple, no_dict_at_all, the_same_dict, an_object, float64_inside, in_two_halves):
        right(_id, _style.__name__, functools.partial(_style, _formula, DEFAULTS[_id]), SEEDS[:2])
    right(_id, "number_by_number", functools.partial(number_by_number, _formula, DEFAULTS[_id]), ("public", "one"))
    right(_id, "from_the_beginning", functools.partial(from_the_beginning, _formula, DEFAULTS[_id]), ("two",))
right("adagrad", "skips_zero_gradients", functools.partial(skips_zero_gradients, adagrad, DEFAULTS["adagrad"]))


# Each exercise's own


def wrongs(exercise_id, **entries):
    """Formulas, or whole functions; `name=(function, mistake, ...)` where a mistake's name is right."""
    for label, entry in entries.items():
        function, *names = entry if isinstance(entry, tuple) else (entry,)
        wrong(exercise_id, label, functools.partial(made, exercise_id, function), *names)


def rights(exercise_id, **functions):
    for label, function in functions.items():
        right(exercise_id, label, functools.partial(made, exercise_id, function))


def reworded(exercise_id, name, *functions):
    for number, function in enumerate(functions):
        make = functools.partial(made, exercise_id, function)
        REWORDED.append(pytest.param(exercise_id, name, make, id=f"{exercise_id}-{name}-{number}"))


def made(exercise_id, function):
    """A student's function: from a formula (four arguments), from a maker (none), or as it stands."""
    arguments = function.__code__.co_argcount
    return optimizer(exercise_id, function) if arguments == 4 else function() if arguments == 0 else function


def rate(divisor, cache_of):
    """Of AdaGrad's kind: cache_of(cache or None, g, h), divisor(cache, h)."""

    def formula(w, g, memory, h):
        cache = cache_of(memory, g, h)
        return w - h["lr"] * g / divisor(cache, h), cache

    return formula


def root(cache, h):
    return np.sqrt(cache) + h["eps"]


def summed(cache, g, h):
    return g * g if cache is None else cache + g * g


def averaged(cache, g, h):
    return (1 - h["alpha"]) * g * g + (0.0 if cache is None else h["alpha"] * cache)


wrongs(
    "adagrad",
    no_eps=rate(lambda c, h: np.sqrt(c), summed),
    zero_where_nothing_came=lambda w, g, memory, h: (
        w - h["lr"] * np.divide(g, np.sqrt(c := summed(memory, g, h)), out=np.zeros_like(g), where=c > 0),
        c,
    ),
    largest_square=rate(root, lambda c, g, h: np.maximum(0.0 if c is None else c, g * g)),
    bounded_cache=rate(root, lambda c, g, h: np.minimum(summed(c, g, h), 1e12)),
    decayed_by_0_95=rate(root, lambda c, g, h: g * g if c is None else 0.95 * c + g * g),
    squared_eps_inside=rate(lambda c, h: np.sqrt(c + h["eps"] ** 2), summed),
    eps_twice=rate(lambda c, h: np.sqrt(c + h["eps"]) + h["eps"], summed),
    third_root=rate(lambda c, h: c ** (1 / 3) + h["eps"], summed),
    first_square_twice=rate(root, lambda c, g, h: 2 * g * g if c is None else c + g * g),
    eps_of_a_tensor=rate(lambda c, h: np.sqrt(c) + h["eps"] * c.size**0.5, summed),
)
rights(
    "adagrad",
    norm_of_the_stack=lambda w, g, memory, h: (
        w - h["lr"] * g / (np.linalg.norm(past := [*(memory or []), g], axis=0) + h["eps"]),
        past,
    ),
    rate_first=lambda w, g, memory, h: (w - (h["lr"] / root(c := summed(memory, g, h), h)) * g, c),
    reciprocal=lambda w, g, memory, h: (w + np.reciprocal(root(c := summed(memory, g, h), h)) * -h["lr"] * g, c),
)
reworded(
    "adagrad",
    "eps_inside_root",
    rate(lambda c, h: np.sqrt(c), lambda c, g, h: h["eps"] + g * g if c is None else c + g * g),
    rate(lambda c, h: (h["eps"] + c) ** 0.5, summed),
)
reworded("adagrad", "no_square_root", rate(lambda c, h: (np.sqrt(c + h["eps"])) ** 2, summed))
reworded(
    "adagrad",
    "cache_not_kept",
    lambda w, grad, state, *, lr=0.01, eps=1e-10: (w - lr * grad / (abs(grad) + eps), {}),
    rate(root, lambda c, g, h: g * g),
)
reworded("adagrad", "decayed_cache", rate(root, lambda c, g, h: g * g if c is None else 0.9 * c + g * g))


def root_kept(w, g, memory, h):
    old, new = h["alpha"] ** 0.5, (1 - h["alpha"]) ** 0.5
    size = np.hypot(old * (0 * g if memory is None else memory), new * g)
    return w - h["lr"] * g / (size + h["eps"]), size


wrongs(
    "rmsprop",
    no_eps=rate(lambda c, h: np.sqrt(c), averaged),
    starts_at_one=rate(root, lambda c, g, h: averaged(1.0 if c is None else c, g, h)),
    eps_twice=rate(lambda c, h: np.sqrt(c + h["eps"]) + h["eps"], averaged),
    largest=rate(root, lambda c, g, h: np.maximum(0.0 if c is None else c, averaged(c, g, h))),
    alpha_of_half_the_squares=rate(root, lambda c, g, h: averaged(c, g, {"alpha": h["alpha"] ** 2})),
    one_rate=rate(root, lambda c, g, h: averaged(c, np.sqrt(np.sum(g * g)), h)),
)
rights(
    "rmsprop",
    rate_first=lambda w, g, memory, h: (w - (h["lr"] / root(c := averaged(memory, g, h), h)) * g, c),
    difference=rate(root, lambda c, g, h: averaged(None, g, h) if c is None else c - (1 - h["alpha"]) * (c - g * g)),
    root_kept=root_kept,
)
reworded(
    "rmsprop",
    "alpha_swapped",
    rate(root, lambda c, g, h: averaged(c, g, {"alpha": 1 - h["alpha"]})),
    rate(root, lambda c, g, h: h["alpha"] * g * g if c is None else c + h["alpha"] * (g * g - c)),
)
reworded("rmsprop", "not_squared", rate(root, lambda c, g, h: averaged(c, np.sqrt(abs(g)), h)))
reworded(
    "rmsprop",
    "sum_for_average",
    rate(lambda c, h: np.sqrt(c / (1 - h["alpha"])) + h["eps"], averaged),
    rate(root, summed),
    rate(root, lambda c, g, h: g * g + (0 if c is None else c * h["alpha"])),
)
reworded("rmsprop", "eps_inside_root", rate(lambda c, h: (h["eps"] + c) ** 0.5, averaged))


def adam_without_m(w, g, memory, h):
    """RMSProp with bias correction is Adam with beta1 = 0."""
    return adam(w, g, memory, {**h, "betas": (0.0, h["alpha"])})


reworded("rmsprop", "bias_corrected", adam_without_m)
reworded(
    "rmsprop",
    "alpha_hard_coded",
    rate(root, lambda c, g, h: averaged(c, g, {"alpha": 0.9})),
    rate(root, lambda c, g, h: averaged(c, g, {"alpha": 0.99})),
)


def delta(scale, kept=lambda moved, d, h: h["rho"] * moved + (1 - h["rho"]) * d * d, lr=lambda d, h: h["lr"] * d):
    """Of Adadelta's kind."""

    def formula(w, g, memory, h):
        cache, moved = memory or (0.0, 0.0)
        cache = h["rho"] * cache + (1 - h["rho"]) * g * g
        d = scale(moved, cache, h) * g
        return w - lr(d, h), (cache, kept(moved, d, h))

    return formula


def quotient(moved, cache, h):
    return np.sqrt((moved + h["eps"]) / (cache + h["eps"]))


wrongs(
    "adadelta",
    eps_above_outside=delta(lambda moved, cache, h: (np.sqrt(moved) + h["eps"]) / np.sqrt(cache + h["eps"])),
    eps_above_as_root=delta(lambda moved, cache, h: (np.sqrt(moved) + h["eps"] ** 0.5) / np.sqrt(cache + h["eps"])),
    lr_squared=delta(quotient, lr=lambda d, h: h["lr"] ** 2 * d),
    lr_of_a_tenth=delta(quotient, lr=lambda d, h: 0.1 * h["lr"] * d),
    last_step_only=delta(quotient, kept=lambda moved, d, h: d * d),
    fourth_root=delta(lambda moved, cache, h: quotient(moved, cache, h) ** 0.5),
)
rights(
    "adadelta",
    one_root=delta(quotient),
    difference=delta(quotient, kept=lambda moved, d, h: moved - (1 - h["rho"]) * (moved - d * d)),
    reciprocal=delta(lambda moved, cache, h: (cache + h["eps"]) ** -0.5 * (h["eps"] + moved) ** 0.5),
)
reworded("adadelta", "no_accumulated_updates", delta(lambda moved, cache, h: (h["eps"] / (cache + h["eps"])) ** 0.5))
reworded(
    "adadelta", "eps_outside_root", delta(lambda moved, cache, h: (moved**0.5 + h["eps"]) / (h["eps"] + cache**0.5))
)
reworded(
    "adadelta",
    "lr_inside_average",
    delta(lambda moved, cache, h: h["lr"] * quotient(moved, cache, h), lr=lambda d, h: d),
)
reworded("adadelta", "old_cache", lambda w, g, memory, h: (w - h["lr"] * g, memory))
reworded(
    "adadelta",
    "eps_in_numerator_only",
    delta(lambda moved, cache, h: (moved + h["eps"]) ** 0.5 / np.sqrt(cache + 1e-300)),
)
reworded("adadelta", "no_square_root", delta(lambda moved, cache, h: quotient(moved, cache, h) ** 2))
reworded("adadelta", "lr_hard_coded", delta(quotient, lr=lambda d, h: d))


def of_adam(direction, keep=lambda t, m, v, h: (t, m, v)):
    """Of Adam's kind: direction(t, m, v, g, h) -> the step in units of lr."""

    def formula(w, g, memory, h):
        t, m, v = moments(g, memory, h)
        return w - h["lr"] * direction(t, m, v, g, h), keep(t, m, v, h)

    return formula


def hats(t, m, v, h):
    return m / (1 - h["betas"][0] ** t), v / (1 - h["betas"][1] ** t)


def step_of(m, v, h):
    return m / (np.sqrt(v) + h["eps"])


def numpy_scalars(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """Right, but for np.sqrt of a Python float: a float64 scalar that float32 arrays give way to."""
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    root = np.sqrt(1 - betas[1] ** t)
    return w - lr / (1 - betas[0] ** t) * m / (np.sqrt(v) / root + eps), {"t": t, "m": m, "v": v}


def moments_from_the_first_gradient(w, grad, state, **hyper):
    if not state:
        state = {"t": 0, "m": grad, "v": grad**2}
    memory = tuple(state[name] for name in "tmv")
    w, (t, m, v) = adam(w, grad, memory, {**ADAM, **hyper})
    return w, {"t": t, "m": m, "v": v}


def make_count_in_a_global():
    t = 0

    def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        nonlocal t
        t += 1
        m = betas[0] * state.get("m", np.zeros_like(w)) + (1 - betas[0]) * grad
        v = betas[1] * state.get("v", np.zeros_like(w)) + (1 - betas[1]) * np.square(grad)
        step = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        return w - lr * step, {"m": m, "v": v}

    return adam


def make_count_in_a_default():
    def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, calls=[0]):  # noqa: B006
        calls[0] += 1
        h = {"lr": lr, "betas": betas, "eps": eps}
        w, memory = FORMULAS["adam"](w, grad, (calls[0] - 1, *state["mv"]) if state else (calls[0] - 1, 0.0, 0.0), h)
        return w, {"mv": memory[1:]}

    adam.__kwdefaults__["calls"] = [0]
    return adam


def make_count_of_the_first_parameter():
    """Only one of the parameters raises t: the step count of a whole sweep, students say."""
    first, t = [], [0]

    def adam(w, grad, state, **hyper):
        if not state and not first:
            first.append(w.shape)
        t[0] += w.shape == first[0]
        w, memory = FORMULAS["adam"](w, grad, (t[0] - 1, *state.get("mv", (0.0, 0.0))), {**ADAM, **hyper})
        return w, {"mv": memory[1:]}

    return adam


wrongs(
    "adam",
    numpy_scalars=(numpy_scalars, "changes_dtype"),
    moments_from_the_first_gradient=moments_from_the_first_gradient,
    count_of_the_first_parameter=make_count_of_the_first_parameter,
    counts_by_two=of_adam(lambda t, m, v, g, h: step_of(*hats(2 * t, m, v, h), h)),
    count_capped=of_adam(lambda t, m, v, g, h: step_of(*hats(min(t, 100), m, v, h), h)),
    nan_guarded=of_adam(lambda t, m, v, g, h: np.nan_to_num(step_of(*hats(t - 1, m, v, h), h)) if t > 1 else 0 * g),
    exponential_correction=of_adam(lambda t, m, v, g, h: step_of(m / (1 - math.exp(-t)), hats(t, m, v, h)[1], h)),
    eps_twice=of_adam(lambda t, m, v, g, h: hats(t, m, v, h)[0] / (np.sqrt(hats(t, m, v, h)[1] + h["eps"]) + h["eps"])),
    no_eps=of_adam(lambda t, m, v, g, h: hats(t, m, v, h)[0] / np.sqrt(hats(t, m, v, h)[1])),
    nesterov=of_adam(lambda t, m, v, g, h: step_of(h["betas"][0] * m + (1 - h["betas"][0]) * g, v, h)),
    amsgrad=amsgrad,
    adamw=lambda w, g, memory, h: adamw(w, g, memory, {**h, "weight_decay": 1e-2}),
    sqrt_t_schedule=of_adam(lambda t, m, v, g, h: step_of(*hats(t, m, v, h), h) / math.sqrt(t)),
    centered=of_adam(
        lambda t, m, v, g, h: step_of(m / (1 - h["betas"][0] ** t), abs(v - m * m) / (1 - h["betas"][1] ** t), h)
    ),
    m_of_signs=lambda w, g, memory, h: (
        adam(w, g, memory, h) if memory is None else (w - h["lr"] * np.sign(memory[1]), moments(g, memory, h))
    ),
    memorised=lambda w, grad, state, **hyper: (np.full_like(w, 0.1), state),
    no_step=lambda w, grad, state, **hyper: (w.copy(), state),
)
rights(
    "adam",
    log_of_beta=of_adam(
        lambda t, m, v, g, h: step_of(
            *(x / -math.expm1(t * math.log(beta)) for x, beta in zip((m, v), h["betas"], strict=True)), h
        )
    ),
    geometric_sums=of_adam(
        lambda t, m, v, g, h: step_of(
            *(x / ((1 - beta) * sum(beta**k for k in range(t))) for x, beta in zip((m, v), h["betas"], strict=True)), h
        )
    ),
    eps_below_scaled=of_adam(
        lambda t, m, v, g, h: (
            (c := (1 - h["betas"][1] ** t) ** 0.5) / (1 - h["betas"][0] ** t) * m / (v**0.5 + c * h["eps"])
        )
    ),
    corrected_average=lambda w, g, memory, h: corrected_average(w, g, memory, h),
)


def corrected_average(w, g, memory, h):
    """The corrected moments averaged directly, with a share that falls from 1 to 1 - beta."""
    t, m, v = memory or (0, 0.0, 0.0)
    shares = [(1 - beta) / (1 - beta ** (t + 1)) for beta in h["betas"]]
    m, v = m + shares[0] * (g - m), v + shares[1] * (g * g - v)
    return w - h["lr"] * step_of(m, v, h), (t + 1, m, v)


reworded("adam", "no_bias_correction", adam_uncorrected)
reworded("adam", "shared_t", make_count_in_a_global, make_count_in_a_default)
reworded(
    "adam",
    "eps_before_correction",
    of_adam(lambda t, m, v, g, h: (1 - h["betas"][1] ** t) ** 0.5 / (1 - h["betas"][0] ** t) * step_of(m, v, h)),
)
reworded(
    "adam",
    "eps_inside_root",
    of_adam(lambda t, m, v, g, h: hats(t, m, v, h)[0] * (hats(t, m, v, h)[1] + h["eps"]) ** -0.5),
)
reworded(
    "adam",
    "t_fixed_at_one",
    of_adam(lambda t, m, v, g, h: step_of(m / (1 - h["betas"][0]), v / (1 - h["betas"][1]), h)),
)
reworded("adam", "t_from_zero", of_adam(lambda t, m, v, g, h: step_of(*hats(t - 1, m, v, h), h)))
reworded(
    "adam",
    "correction_dropped",
    of_adam(lambda t, m, v, g, h: step_of(*hats(t if t < 11 else math.inf, m, v, h), h)),
    of_adam(lambda t, m, v, g, h: step_of(*(hats(t, m, v, h) if t <= 100 else (m, v)), h)),
)
reworded(
    "adam", "betas_swapped", lambda w, g, memory, h: adam(w, g, memory, {**h, "betas": (h["betas"][1], h["betas"][0])})
)
reworded("adam", "power_of_difference", of_adam(lambda t, m, v, g, h: power_of_difference(t, m, v, h)))
reworded("adam", "sign_of_gradient", lambda w, g, memory, h: (w - h["lr"] * ((g > 0) * 1.0 - (g < 0)), memory))
reworded(
    "adam",
    "keeps_corrected_moments",
    of_adam(lambda t, m, v, g, h: step_of(*hats(t, m, v, h), h), keep=lambda t, m, v, h: (t, *hats(t, m, v, h))),
)
reworded("adam", "squares_the_average", lambda w, g, memory, h: squares_the_average(w, g, memory, h))


def power_of_difference(t, m, v, h):
    """(1 - beta)**t for 1 - beta**t."""
    with np.errstate(all="ignore"):
        return step_of(m / (1 - h["betas"][0]) ** t, v / (1 - h["betas"][1]) ** t, h)


def squares_the_average(w, g, memory, h):
    t, m, v = memory or (0, 0.0, 0.0)
    m = m + (1 - h["betas"][0]) * (g - m)
    v = v + (1 - h["betas"][1]) * (m * m - v)
    return adam_step(w, m, v, t + 1, h), (t + 1, m, v)


wrongs(
    "adam_uncorrected",
    numpy_scalar=(
        lambda w, g, memory, h: (
            adam_uncorrected(w, g, memory, h)[0] + np.float64(0),
            adam_uncorrected(w, g, memory, h)[1],
        ),
        "changes_dtype",
    ),
    ratio_taken_out=of_adam(lambda t, m, v, g, h: step_of(m, v, h) / (0.1 / 0.001**0.5)),
    corrected_on_the_first_step=of_adam(lambda t, m, v, g, h: step_of(*(hats(t, m, v, h) if t == 1 else (m, v)), h)),
    eps_scaled=of_adam(lambda t, m, v, g, h: m / (np.sqrt(v) + h["eps"] * (1 - h["betas"][1] ** t) ** 0.5)),
    eps_twice=of_adam(lambda t, m, v, g, h: m / (np.sqrt(v + h["eps"]) + h["eps"])),
    moments_from_the_first_gradient=moments_from_the_first_gradient,
    momentum=of_adam(lambda t, m, v, g, h: m),
)
rights(
    "adam_uncorrected",
    minus_power=of_adam(lambda t, m, v, g, h: m * (v**0.5 + h["eps"]) ** -1.0),
    undone=of_adam(
        lambda t, m, v, g, h: (
            (x := hats(t, m, v, h))[0]
            * (1 - h["betas"][0] ** t)
            / ((x[1] * (1 - h["betas"][1] ** t)) ** 0.5 + h["eps"])
        )
    ),
)
reworded("adam_uncorrected", "corrected", adam, of_adam(lambda t, m, v, g, h: step_of(*hats(t, m, v, h), h)))
reworded("adam_uncorrected", "m_corrected", of_adam(lambda t, m, v, g, h: step_of(hats(t, m, v, h)[0], v, h)))
reworded("adam_uncorrected", "v_corrected", of_adam(lambda t, m, v, g, h: step_of(m, hats(t, m, v, h)[1], h)))
reworded("adam_uncorrected", "eps_inside_root", of_adam(lambda t, m, v, g, h: m * (v + h["eps"]) ** -0.5))


def of_amsgrad(maximum):
    """maximum(top, v, v_hat, t) -> (what is divided by, what is kept)."""

    def formula(w, g, memory, h):
        t, m, v = moments(g, memory, h)
        m_hat, v_hat = hats(t, m, v, h)
        used, top = maximum(memory[3] if memory else 0 * v, v, v_hat, 1 - h["betas"][1] ** t)
        return w - h["lr"] * step_of(m_hat, used, h), (t, m, v, top)

    return formula


wrongs(
    "amsgrad",
    from_the_tenth_step=lambda w, g, memory, h: (amsgrad if memory and memory[0] >= 10 else with_top(adam))(
        w, g, memory, h
    ),
    largest_gradient=lambda w, g, memory, h: of_amsgrad(
        lambda top, v, v_hat, c: (np.maximum(top, g * g), np.maximum(top, g * g))
    )(w, g, memory, h),
    maximum_fades=of_amsgrad(lambda top, v, v_hat, c: (np.maximum(0.999 * top, v) / c, np.maximum(0.999 * top, v))),
    never_below_the_first=of_amsgrad(lambda top, v, v_hat, c: (np.maximum(x := top if np.any(top) else v, v) / c, x)),
    starts_at_eps=of_amsgrad(lambda top, v, v_hat, c: (np.maximum(np.maximum(top, 1e-8), v) / c, np.maximum(top, v))),
)
rights(
    "amsgrad",
    maximum_of_three=of_amsgrad(lambda top, v, v_hat, c: (np.maximum.reduce([top, v, 0 * v]) / c, np.maximum(v, top))),
    positive_part=of_amsgrad(lambda top, v, v_hat, c: ((x := top + (v - top) * (v > top)) / c, x)),
    uncorrected_again=of_amsgrad(lambda top, v, v_hat, c: ((x := np.maximum(top, v_hat * c)) / c, x)),
)


def with_top(formula):
    def other(w, g, memory, h):
        w, memory = formula(w, g, memory, h)
        return w, (*memory[:3], memory[2])

    return other


reworded("amsgrad", "no_maximum", adam, of_amsgrad(lambda top, v, v_hat, c: (v_hat, top)))
reworded(
    "amsgrad", "maximum_of_corrected", of_amsgrad(lambda top, v, v_hat, c: (x := np.where(v_hat > top, v_hat, top), x))
)
reworded("amsgrad", "maximum_averaged_on", lambda w, g, memory, h: averaged_on(w, g, memory, h))
reworded(
    "amsgrad",
    "one_maximum_for_all",
    of_amsgrad(lambda top, v, v_hat, c: ((x := np.maximum(top, np.max(v)) + 0 * v) / c, x)),
)


def without_corrections(w, g, memory, h):
    """Algorithm 2 of the paper."""
    t, m, v = moments(g, memory, h)
    top = np.maximum(memory[3] if memory else 0 * v, v)
    return w - h["lr"] * step_of(m, top, h), (t, m, v, top)


reworded("amsgrad", "no_bias_correction", without_corrections)


def averaged_on(w, g, memory, h):
    t, m, v = moments(g, memory, h)
    v = np.maximum(v, memory[2] if memory else 0 * v)
    return adam_step(w, m, v, t, h), (t, m, v)


def penalty(of, formula=adam):
    return lambda w, g, memory, h: formula(w, g + of(w, h), memory, h)


def adam_at_its_defaults(w, g, memory, h):
    return adam(w, g, memory, {**ADAM, "lr": h["lr"]})


def l2_in_place(w, grad, state, *, weight_decay=0.0, **hyper):
    np.add(grad, weight_decay * w, out=grad)
    w, memory = adam(w, grad, state.get("memory"), {**ADAM, **hyper})
    return w, {"memory": memory}


wrongs(
    "adam_l2",
    default_of_adamw=lambda w, g, memory, h: adam_l2(w, g, memory, {**h, "weight_decay": h["weight_decay"] or 0.01}),
    matrices_only=penalty(lambda w, h: h["weight_decay"] * w * (w.ndim > 1)),
    normalised=penalty(lambda w, h: h["weight_decay"] * w / np.linalg.norm(w)),
    mean=penalty(lambda w, h: h["weight_decay"] * w / w.size),
    squared=penalty(lambda w, h: h["weight_decay"] * w * abs(w)),
    root=penalty(lambda w, h: h["weight_decay"] ** 0.5 * w),
    large_weights_only=penalty(lambda w, h: h["weight_decay"] * np.where(abs(w) > 0.1, w, 0)),
    after_the_step=lambda w, g, memory, h: ((x := adam(w, g, memory, h))[0] * (1 - h["lr"] * h["weight_decay"]), x[1]),
    last_w=lambda w, g, memory, h: (
        (x := adam(w, g + h["weight_decay"] * (memory[1] if memory else w), memory and memory[0], h))[0],
        (x[1], w),
    ),
)
rights(
    "adam_l2",
    as_a_gradient=penalty(lambda w, h: h["weight_decay"] * 0.5 * (w + w)),
    einsum=penalty(lambda w, h: np.einsum("...,->...", w, h["weight_decay"]).astype(w.dtype)),
    if_there_is_one=lambda w, g, memory, h: (adam_l2 if h["weight_decay"] else adam)(w, g, memory, h),
)
reworded(
    "adam_l2",
    "decoupled",
    adamw,
    lambda w, g, memory, h: ((x := adam(w, g, memory, h))[0] - h["lr"] * h["weight_decay"] * w, x[1]),
)
reworded("adam_l2", "in_place", l2_in_place)
reworded("adam_l2", "betas_and_eps_not_passed_on", penalty(lambda w, h: h["weight_decay"] * w, adam_at_its_defaults))
reworded("adam_l2", "no_decay", adam)
reworded(
    "adam_l2",
    "factor_two",
    penalty(lambda w, h: h["weight_decay"] * (w + w)),
    penalty(lambda w, h: 0.5 * h["weight_decay"] * w),
)
reworded("adam_l2", "decay_times_lr", penalty(lambda w, h: h["lr"] * h["weight_decay"] * w))
reworded("adam_l2", "no_bias_correction", penalty(lambda w, h: h["weight_decay"] * w, adam_uncorrected))
reworded("adam_l2", "weight_decay_hard_coded", penalty(lambda w, h: 0.01 * w))


def shrunk(by, formula=adam):
    """w by a factor by(h, w), then Adam's step."""
    return lambda w, g, memory, h: formula(by(h, w) * w, g, memory, h)


def decay_on_w_itself(w, grad, state, *, lr=1e-3, weight_decay=1e-2, **hyper):
    w -= lr * weight_decay * w
    w, memory = adam(w, grad, state.get("memory"), {**ADAM, **hyper, "lr": lr})
    return w, {"memory": memory}


wrongs(
    "adamw",
    exponential=shrunk(lambda h, w: math.exp(-h["lr"] * h["weight_decay"])),
    root_of_lr=shrunk(lambda h, w: 1 - h["lr"] ** 0.5 * h["weight_decay"]),
    matrices_only=shrunk(lambda h, w: 1 - h["lr"] * h["weight_decay"] * (w.ndim > 1)),
    only_where_it_moves=lambda w, g, memory, h: adam(w - h["lr"] * h["weight_decay"] * w * (g != 0), g, memory, h),
    once=lambda w, g, memory, h: (adamw if memory is None else adam)(w, g, memory, h),
    from_the_second_step=lambda w, g, memory, h: (adamw if memory else adam)(w, g, memory, h),
    l1=lambda w, g, memory, h: adam(w - h["lr"] * h["weight_decay"] * np.sign(w), g, memory, h),
    half_and_half=lambda w, g, memory, h: adam_l2(
        w * (1 - h["lr"] * h["weight_decay"] / 2), g, memory, {**h, "weight_decay": h["weight_decay"] / 2}
    ),
    first_lr=lambda w, g, memory, h: (
        (x := adam(w - (memory or (h["lr"],))[0] * h["weight_decay"] * w, g, memory and memory[1], h))[0],
        ((memory or (h["lr"],))[0], x[1]),
    ),
)
rights(
    "adamw",
    old_w_subtracted=lambda w, g, memory, h: ((x := adam(w, g, memory, h))[0] - h["weight_decay"] * h["lr"] * w, x[1]),
    fraction=shrunk(lambda h, w: float(1 - Fraction(h["lr"]) * Fraction(h["weight_decay"]))),
    two_subtractions=lambda w, g, memory, h: adam(w - w * h["weight_decay"] * h["lr"], g, memory, h),
)
reworded("adamw", "coupled", adam_l2)
reworded("adamw", "decay_not_times_lr", lambda w, g, memory, h: adam(w - h["weight_decay"] * w, g, memory, h))
reworded(
    "adamw",
    "decay_after_step",
    lambda w, g, memory, h: ((x := adam(w, g, memory, h))[0] - h["lr"] * h["weight_decay"] * x[0], x[1]),
)
reworded(
    "adamw", "betas_and_eps_not_passed_on", shrunk(lambda h, w: 1 - h["lr"] * h["weight_decay"], adam_at_its_defaults)
)
reworded("adamw", "no_decay", adam)
reworded("adamw", "in_place", decay_on_w_itself)
reworded(
    "adamw",
    "decayed_twice",
    lambda w, g, memory, h: adam(w - h["lr"] * h["weight_decay"] * w, g + h["weight_decay"] * w, memory, h),
)
reworded(
    "adamw",
    "only_m_corrected",
    shrunk(
        lambda h, w: 1 - h["lr"] * h["weight_decay"], of_adam(lambda t, m, v, g, h: step_of(hats(t, m, v, h)[0], v, h))
    ),
)


def of_nadam(above, mu_of=lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** (t * psi)), start=1.0):
    """above(m, g, mu, ahead, product, t, b1)."""

    def formula(w, g, memory, h):
        t, m, v = moments(g, memory, h)
        b1, psi = h["betas"][0], h["momentum_decay"]
        mu, ahead = mu_of(b1, t, psi), mu_of(b1, t + 1, psi)
        product = (memory[3] if memory else start) * mu
        direction = above(m, g, mu, ahead, product, t, b1)
        return w - h["lr"] * step_of(direction, hats(t, m, v, h)[1], h), (t, m, v, product)

    return formula


def keeps_the_next_mu(w, g, memory, h):
    w, (t, m, v, product) = nadam(w, g, memory, h)
    return w, (t, m, v, product * h["betas"][0] * (1 - 0.5 * 0.96 ** ((t + 1) * h["momentum_decay"])))


def bar(m, g, mu, ahead, product, t, b1):
    return ahead * m / (1 - product * ahead) + (1 - mu) * g / (1 - product)


wrongs(
    "nadam",
    other_base=of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.95 ** (t * psi))),
    nothing_before_the_second=lambda w, g, memory, h: (of_nadam(bar) if memory else of_nadam(lambda m, g, *rest: g))(
        w, g, memory, h
    ),
    product_of_the_next=of_nadam(
        lambda m, g, mu, ahead, product, t, b1: ahead * m / (1 - product * ahead**2) + (1 - mu) * g / (1 - product)
    ),
    product_starts_at_half=of_nadam(bar, start=0.5),
    gradient_in_full=of_nadam(lambda m, g, mu, ahead, product, t, b1: ahead * m / (1 - product * ahead) + g),
    minus=of_nadam(
        lambda m, g, mu, ahead, product, t, b1: ahead * m / (1 - product * ahead) - (1 - mu) * g / (1 - product)
    ),
    decay_forgotten_after_50=of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** (min(t, 40) * psi))),
    rates_from_lr=of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** (t * max(psi, 4e-3)))),
)
rights(
    "nadam",
    logarithms=of_nadam(bar, lambda b1, t, psi: b1 * (1 - math.exp(t * psi * math.log(0.96)) / 2)),
    one_fraction=of_nadam(
        lambda m, g, mu, ahead, product, t, b1: (
            (ahead * m * (1 - product) + (1 - mu) * g * (1 - product * ahead)) / ((1 - product) * (1 - product * ahead))
        )
    ),
)
reworded("nadam", "mu_one_behind", of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** ((t - 1) * psi))))
reworded("nadam", "mu_one_ahead", of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** (psi + t * psi))))
reworded("nadam", "next_mu_kept", keeps_the_next_mu)
reworded("nadam", "plain_adam", adam)
reworded("nadam", "momentum_decay_hard_coded", of_nadam(bar, lambda b1, t, psi: b1 * (1 - 0.5 * 0.96 ** (t / 250))))
reworded(
    "nadam",
    "no_warm_up",
    of_nadam(lambda m, g, mu, ahead, product, t, b1: (b1 * m + (1 - b1) * g) / (1 - b1**t)),
    of_nadam(bar, lambda b1, t, psi: b1),
)
reworded(
    "nadam",
    "product_not_kept",
    of_nadam(lambda m, g, mu, ahead, product, t, b1: bar(m, g, mu, ahead, mu, t, b1)),
    of_nadam(lambda m, g, mu, ahead, product, t, b1: bar(m, g, mu, ahead, mu**t, t, b1)),
)
reworded(
    "nadam", "product_of_betas", of_nadam(lambda m, g, mu, ahead, product, t, b1: bar(m, g, mu, ahead, b1**t, t, b1))
)
reworded(
    "nadam", "same_mu_for_both", of_nadam(lambda m, g, mu, ahead, product, t, b1: bar(m, g, mu, mu, product, t, b1))
)


# first_step_ratio


def ratios(**formulas):
    """name=(formula of beta1 and beta2, mistake, ...)."""
    for label, entry in formulas.items():
        formula, *names = entry if isinstance(entry, tuple) else (entry,)
        wrong("first_step_ratio", label, functools.partial(lambda f: lambda betas: f(*betas), formula), *names)


ratios(
    rounded=lambda b1, b2: round((1 - b1) / math.sqrt(1 - b2), 4),
    second_step=lambda b1, b2: (1 - b1**2) / math.sqrt(1 - b2**2),
    at_least_one=lambda b1, b2: max(1.0, (1 - b1) / math.sqrt(1 - b2)),
    with_eps=lambda b1, b2: (
        (1 - b1) / (math.sqrt(1 - b2) + 1e-8) if b2 < 0.9999 else (1 - b1) / (math.sqrt(1 - b2) + 1e-4)
    ),
    in_percent=lambda b1, b2: 100 * (1 - b1) / math.sqrt(1 - b2),
    text=lambda b1, b2: str((1 - b1) / math.sqrt(1 - b2)),
    pair=lambda b1, b2: ((1 - b1), math.sqrt(1 - b2)),
    vector=lambda b1, b2: np.array([(1 - b1) / math.sqrt(1 - b2)]),
    difference=lambda b1, b2: (1 - b1) - math.sqrt(1 - b2),
    plus=lambda b1, b2: (1 + b1) / math.sqrt(1 + b2),
)
for _label, _formula in {
    "power": lambda b1, b2: (1 - b1) * (1 - b2) ** -0.5,
    "zero_d": lambda b1, b2: np.array((1 - b1) / (1 - b2) ** 0.5),
    "fraction": lambda b1, b2: float(1 - Fraction(b1)) / math.sqrt(1 - Fraction(b2)),
    "hypot": lambda b1, b2: math.hypot(1 - b1, 0) / math.hypot(math.sqrt(1 - b2), 0),
    "of_steps": lambda b1, b2: abs(
        optimizer("adam_uncorrected")(np.zeros(1), np.ones(1), {}, lr=1.0, betas=(b1, b2), eps=0.0)[0].item()
    ),
}.items():
    right("first_step_ratio", _label, functools.partial(lambda f: lambda betas: f(*betas), _formula))
for _name, _formula in {
    "ratio_inverted": lambda b1, b2: math.sqrt(1 - b2) / (1 - b1),
    "always_one": lambda b1, b2: 1,
    "no_square_root": lambda b1, b2: (1 - b1) / abs(1 - b2),
    "betas_swapped": lambda b1, b2: (1 - b2) * (1 - b1) ** -0.5,
    "for_fixed_betas": lambda b1, b2: math.sqrt(10),
}.items():
    _make = functools.partial(lambda f: lambda betas: f(*betas), _formula)
    REWORDED.append(pytest.param("first_step_ratio", _name, _make, id=f"first_step_ratio-{_name}"))


# The tests


@pytest.mark.parametrize(("exercise_id", "make", "names"), WRONG)
def test_a_wrong_solution_loses_points_and_gets_no_false_name(exercise_id, make, names):
    result = verdict(exercise_id, make(), "secret")
    assert not result.passed
    assert result.points < 9.6
    assert result.mistakes == list(names), str(result)


@pytest.mark.parametrize(("exercise_id", "make"), SLIPPED)
def test_a_slip_loses_points(exercise_id, make):
    exercise = dataclasses.replace(exercises.load(exercise_id), mistakes=())
    result = judge(exercise, LocalCaller((make(),)), points=10, seed="secret")
    assert not result.passed
    assert result.points < 9.6


@pytest.mark.parametrize(("exercise_id", "make", "seeds"), RIGHT)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, make, seeds):
    for seed in seeds:
        result = verdict(exercise_id, make(), seed)
        assert result.passed, str(result)
        assert (result.points, result.mistakes, result.advice) == (10, [], ())


@pytest.mark.parametrize(("exercise_id", "name", "make"), REWORDED)
def test_a_mistake_in_other_words_is_named(exercise_id, name, make):
    result = verdict(exercise_id, make(), "secret")
    assert not result.passed
    assert result.mistakes == [name], str(result)


def test_nadams_reference_leaves_pytorchs_default_dtype_as_it_was():
    dtype = torch.get_default_dtype()
    stepper = exercises.load("nadam").reference(np.zeros(2), betas=(0.9, 0.99))
    stepper.step(np.zeros(2), np.ones(2), 0.1)
    assert torch.get_default_dtype() == dtype == torch.float32
    product = stepper.optimizer.state[stepper.w]["mu_product"]
    assert product.dtype == torch.float64


def test_a_case_can_leave_lr_out_and_set_the_size_of_the_gradients():
    exercise = exercises.load("adam")
    rng = np.random.default_rng(0)
    default = exercise.probe(Case("defaults", lr=None, steps=3), rng)
    assert default.called == "adam(w, grad, state)"
    assert all("lr" not in step[4] for step in default.script.steps if step[0] == "call")
    sized = exercise.probe(Case("sizes", lr=(0.1, 0.2), sizes=(0.0, 1e6), steps=4), rng)
    assert sized.called == "adam(w, grad, state, lr=0.1 then 0.2)"
    largest = [np.abs(step[3][1]).max() for step in sized.script.steps if step[0] == "call"]
    assert largest[:2] == [0.0, 0.0] and min(largest[2:]) > 1e4


def test_there_is_enough_of_everything():
    for exercise_id in IDS:
        assert sum(p.values[0] == exercise_id for p in [*WRONG, *SLIPPED]) >= 10
        assert sum(p.values[0] == exercise_id for p in RIGHT) >= 5
        assert sum(p.values[0] == exercise_id for p in REWORDED) >= 4
