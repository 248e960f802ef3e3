"""The checks of gradient descent: wrong and odd right solutions that are not in the bank, mistakes in other words.

A wrong solution loses points and is called by no mistake's name but those beside it; a right one keeps every point; a
listed mistake in other words is still called by its name.
"""

import collections
import copy
import functools
import itertools
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from autograder import exercises
from autograder.judge import judge
from autograder.judge.judging import LocalCaller

ROOT = Path(__file__).parents[2]
SCHEDULES = ["step_decay", "exponential_decay", "inverse_time_decay", "cosine_decay", "linear_warmup"]
IDS = [
    *("sgd", "minibatches", "linear_regression_gradient", "momentum", "velocity_momentum", "nesterov_lookahead"),
    *("nesterov", *SCHEDULES, "largest_stable_lr", "classify_critical_point"),
]
WRONG, RIGHT, REWORDED = [], [], []


def verdict(exercise_id, function, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller((function,)), points=10, seed=seed)


def wrong(exercise_id, *names, marks=()):
    """Registers a maker of a wrong function: made anew for each verdict, so that its globals are its own."""
    return lambda make: WRONG.append(
        pytest.param(exercise_id, make, names, id=f"{exercise_id}-{make.__name__}", marks=marks)
    )


def right(exercise_id):
    return lambda make: RIGHT.append(pytest.param(exercise_id, make, id=f"{exercise_id}-{make.__name__}"))


def reworded(exercise_id, name, *functions):
    for number, function in enumerate(functions):
        REWORDED.append(pytest.param(exercise_id, name, function, id=f"{exercise_id}-{name}-{number}"))


def wrongs(exercise_id, **functions):
    """Wrong functions without memory; `name=(function, mistake, ...)` where a mistake's name is right."""
    for label, entry in functions.items():
        function, *names = entry if isinstance(entry, tuple) else (entry,)
        make = functools.partial(lambda f: f, function)
        WRONG.append(pytest.param(exercise_id, make, tuple(names), id=f"{exercise_id}-{label}"))


def rights(exercise_id, **functions):
    for label, function in functions.items():
        make = functools.partial(lambda f: f, function)
        RIGHT.append(pytest.param(exercise_id, make, id=f"{exercise_id}-{label}"))


def stepper(velocity, move, *, default=0.9, keep=lambda v, old, grad, lr, mu: v, first=None):
    """An optimizer from its formulas: velocity(v, grad, lr, mu), move(v, old_v, grad, lr, mu), and what is kept."""

    def step(w, grad, state, *, lr, momentum=default):
        old = state["v"] if "v" in state else np.zeros_like(w)
        v = first(grad, lr, momentum) if first and "v" not in state else velocity(old, grad, lr, momentum)
        return w + move(v, old, grad, lr, momentum), {"v": keep(v, old, grad, lr, momentum)}

    return step


def ahead(place, *, pull=lambda v, g, lr, mu: mu * v - lr * g, move=lambda v, old, mu: v, default=0.9, start="w"):
    """A look-ahead optimizer: the gradient at place(w, v, lr, mu), the velocity, the move."""

    def step(w, grad_fn, state, *, lr, momentum=default):
        old = state["v"] if "v" in state else np.zeros_like(w)
        v = pull(old, grad_fn(place(w, old, lr, momentum)), lr, momentum)
        return w + move(v, old, momentum), {"v": v}

    return step


# What every optimizer with a velocity can get wrong: (new velocity, move) of each


OUTSIDE = (lambda v, g, lr, mu: mu * v + g), (lambda v, old, g, lr, mu: -lr * v)
INSIDE = (lambda v, g, lr, mu: mu * v - lr * g), (lambda v, old, g, lr, mu: v)
REARRANGED = (lambda v, g, lr, mu: mu * v + g), (lambda v, old, g, lr, mu: -lr * (g + mu * v))
FORMS = {"momentum": OUTSIDE, "velocity_momentum": INSIDE, "nesterov": REARRANGED}

for _id, (_v, _move) in FORMS.items():
    wrongs(
        _id,
        default_of_0_99=stepper(_v, _move, default=0.99),
        friction_hard_coded=stepper(lambda v, g, lr, mu, f=_v: f(v, g, lr, 0.9), _move),
        absolute_gradient=stepper(lambda v, g, lr, mu, f=_v: f(v, abs(g), lr, mu), _move),
        gradient_clipped=stepper(lambda v, g, lr, mu, f=_v: f(v, np.clip(g, -1, 1), lr, mu), _move),
        velocity_clipped=stepper(lambda v, g, lr, mu, f=_v: np.clip(f(v, g, lr, mu), -5 * lr, 5 * lr), _move),
        gradient_normalised=stepper(lambda v, g, lr, mu, f=_v: f(v, g / np.linalg.norm(g), lr, mu), _move),
        first_step_lost=stepper(_v, _move, first=lambda g, lr, mu: 0 * g),
        friction_squared=stepper(lambda v, g, lr, mu, f=_v: f(v, g, lr, mu * mu), _move),
        velocity_averaged=stepper(lambda v, g, lr, mu, f=_v: f(v, g, lr, mu).mean() + 0 * g, _move),
    )

    @wrong(_id)
    def one_velocity_for_all(v_of=_v, move=_move):
        memory = {}

        def step(w, grad, state, *, lr, momentum=0.9):
            old = memory.get("v", 0.0)
            memory["v"] = v_of(old, grad, lr, momentum)
            return w + move(memory["v"], old, grad, lr, momentum), state

        return step

    @wrong(_id)
    def a_velocity_for_each_shape(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9, memory={}):  # noqa: B006
            old = memory.get((id(memory), w.shape), 0.0)
            memory[id(memory), w.shape] = v = v_of(old, grad, lr, momentum)
            return w + move(v, old, grad, lr, momentum), {}

        step.__kwdefaults__["memory"] = {}
        return step

    @wrong(_id, "changes_dtype")
    def velocity_in_float64(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.get("v", np.zeros(w.shape))
            v = v_of(old, grad, lr, momentum)
            return w + move(v, old, grad, lr, momentum), {"v": v}

        return step

    @wrong(_id, "keeps_own_w")
    def its_own_w(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            w, old = state.get("w", w), state.get("v", 0.0)
            v = v_of(old, grad, lr, momentum)
            w = w + move(v, old, grad, lr, momentum)
            return w, {"w": w, "v": v}

        return step

    @wrong(_id)
    def forgets_when_lr_changes(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state["v"] if state.get("lr") == lr else 0.0
            v = v_of(old, grad, lr, momentum)
            return w + move(v, old, grad, lr, momentum), {"v": v, "lr": lr}

        return step

    @wrong(_id)
    def the_first_lr_for_ever(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            lr, old = state.get("lr", lr), state.get("v", 0.0)
            v = v_of(old, grad, lr, momentum)
            return w + move(v, old, grad, lr, momentum), {"v": v, "lr": lr}

        return step

    @wrong(_id)
    def only_the_last_ten_gradients(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            past = [*state.get("past", []), (grad, lr)][-10:]
            old = v = 0.0
            for g, rate in past:
                old, v = v, v_of(v, g, rate, momentum)
            return w + move(v, old, grad, lr, momentum), {"past": past}

        return step

    @wrong(_id, "in_place")
    def steps_on_w_itself(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.get("v", 0.0)
            v = v_of(old, grad, lr, momentum)
            np.add(w, move(v, old, grad, lr, momentum), out=w)
            return w.copy(), {"v": v}

        return step

    @wrong(_id, "overwrites_earlier_result")
    def one_buffer_for_the_answer(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.get("v", 0.0)
            v = v_of(old, grad, lr, momentum)
            new = w + move(v, old, grad, lr, momentum)
            out = state.get("out", np.empty_like(w))
            out[...] = new
            return out, {"v": v, "out": out}

        return step

    @right(_id)
    def velocity_in_a_tuple(v_of=_v, move=_move):
        def step(w, grad, state, lr, momentum=0.9):
            steps, old = state.get("memory", (0, np.zeros_like(grad)))
            v = v_of(old, grad, lr, momentum)
            return [w + move(v, old, grad, lr, momentum), {"memory": (steps + 1, v)}]

        return step

    @right(_id)
    def the_whole_history(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            history = state.setdefault("history", collections.deque())
            history.append((grad.copy(), lr))
            pairs = itertools.accumulate(history, lambda v, item: v_of(v, item[0], item[1], momentum), initial=0.0 * w)
            old, v = collections.deque(pairs, maxlen=2)
            return w + move(v, old, grad, lr, momentum), state

        return step

    @right(_id)
    def element_by_element(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.get("v", [0.0] * w.size)
            g = grad.ravel().tolist()
            v = [float(v_of(a, b, lr, momentum)) for a, b in zip(old, g, strict=True)]
            moved = [x + move(a, b, c, lr, momentum) for x, a, b, c in zip(w.ravel().tolist(), v, old, g, strict=True)]
            return np.array(moved, dtype=w.dtype).reshape(w.shape), {"v": v}

        return step

    @right(_id)
    def object_in_the_state(v_of=_v, move=_move):
        class Ball:
            def __init__(self, w):
                self.v = np.zeros_like(w, order="F")

            def roll(self, w, grad, lr, mu):
                old = self.v.copy()
                self.v[...] = v_of(self.v, grad, lr, mu)
                return np.asfortranarray(w + move(self.v, old, grad, lr, mu))

        def step(w, grad, state, **hyper):
            ball = state.get("ball") or Ball(w)
            return ball.roll(w, grad, hyper["lr"], hyper.get("momentum", 0.9)), {"ball": ball}

        return step

    @right(_id)
    def float64_inside(v_of=_v, move=_move):
        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.get("v", np.float64(0))
            v = v_of(old, grad.astype(np.float64), lr, momentum)
            return (w + move(v, old, grad, lr, momentum)).astype(w.dtype), {"v": v}

        return step

    @right(_id)
    def a_class_that_is_no_dict(v_of=_v, move=_move):
        Memory = collections.namedtuple("Memory", "v")

        def step(w, grad, state, *, lr, momentum=0.9):
            old = state.v if state else np.zeros_like(w)
            v = v_of(old, grad, lr, momentum)
            return w + move(v, old, grad, lr, momentum), Memory(v)

        return step


# sgd


def sgd_on_a_view(w, grad, state, *, lr):
    new = w[...]
    new -= lr * grad
    return new, state


def sgd_without_a_copy(w, grad, state, *, lr):
    new = np.asarray(w)
    np.subtract(new, lr * grad, out=new)
    return new.copy(), state


def sgd_on_the_gradient(w, grad, state, *, lr):
    grad *= lr
    return w - grad, state


def sgd_in_columns(w, grad, state, *, lr):
    return (w.ravel() - lr * grad.ravel("F")).reshape(w.shape), state


def sgd_first_row(w, grad, state, *, lr):
    new = w.copy()
    new[0] -= lr * grad[0]
    return new, state


def sgd_by_recursion(w, grad, state, *, lr):
    if w.ndim == 0:
        return w - lr * grad, state
    return np.stack([sgd_by_recursion(a, b, state, lr=lr)[0] for a, b in zip(w, grad, strict=True)]), state


def sgd_on_a_copy(w, grad, state, *, lr):
    w, grad = copy.deepcopy(w), grad.copy()
    grad *= lr
    w -= grad
    return w, state


wrongs(
    "sgd",
    changes_the_gradient=(sgd_on_the_gradient, "in_place"),
    float64_scalar=(lambda w, grad, state, *, lr: (w - np.float64(lr) * grad, state), "changes_dtype"),
    to_float64=(lambda w, grad, state, *, lr: (w.astype(float) - lr * grad, state), "changes_dtype"),
    to_float32=lambda w, grad, state, *, lr: (w.astype(np.float32) - lr * grad.astype(np.float32), state),
    through_float32=lambda w, grad, state, *, lr: ((w - lr * grad).astype(np.float32).astype(w.dtype), state),
    normalised=lambda w, grad, state, *, lr: (w - lr * grad / np.linalg.norm(grad), state),
    clipped=lambda w, grad, state, *, lr: (w - lr * grad.clip(-1, 1), state),
    sign=lambda w, grad, state, *, lr: (w - lr * np.sign(grad), state),
    averaged=lambda w, grad, state, *, lr: (w - lr * grad.mean(), state),
    in_columns=sgd_in_columns,
    first_row=sgd_first_row,
    w_alone=lambda w, grad, state, *, lr: w - lr * grad,
    swapped=lambda w, grad, state, *, lr: (state, w - lr * grad),
    flat=lambda w, grad, state, *, lr: (w.ravel() - lr * grad.ravel(), state),
    at_most_one=lambda w, grad, state, *, lr: (w - min(lr, 1.0) * grad, state),
    decayed=lambda w, grad, state, *, lr: (w - lr / (1 + state.get("t", 0)) * grad, {"t": state.get("t", 0) + 1}),
    own_w=(lambda w, grad, state, *, lr: (v := state.get("w", w) - lr * grad, {"w": v}), "keeps_own_w"),
    weight_decay=lambda w, grad, state, *, lr: (w - lr * (grad + 1e-4 * w), state),
)


@wrong("sgd", "overwrites_earlier_result")
def one_buffer_for_each_shape():
    buffers = {}

    def step(w, grad, state, *, lr):
        out = buffers.setdefault((w.shape, w.dtype), np.empty_like(w))
        return np.subtract(w, lr * grad, out=out), state

    return step


@wrong("sgd")
def slower_at_each_call():
    calls = itertools.count()
    return lambda w, grad, state, *, lr: (w - lr * 0.999 ** next(calls) * grad, state)


rights(
    "sgd",
    recursion=sgd_by_recursion,
    on_a_copy=sgd_on_a_copy,
    keyword_by_place=lambda w, grad, state, lr: [w - grad * lr, {}],
    einsum=lambda w, grad, state, *, lr: (np.einsum("k,k...->...", [1.0, -lr], [w, grad]).astype(w.dtype), state),
    stacked=lambda w, grad, state, *, lr: (np.tensordot(np.array([1, -lr], w.dtype), np.stack([w, grad]), 1), "none"),
    fortran=lambda w, grad, state, *, lr: (np.asfortranarray(w - lr * grad), None),
    away_and_back=lambda w, grad, state, *, lr: (-(lr * grad - w), {"last": w}),
    in_double=lambda w, grad, state, *, lr: (
        (w.astype(np.longdouble) - np.longdouble(lr) * grad).astype(w.dtype),
        state,
    ),
    strided=lambda w, grad, state, *, lr: (np.repeat((w - lr * grad)[..., None], 2, axis=-1)[..., 0], state),
)
reworded(
    "sgd",
    "adds_gradient",
    lambda w, grad, state, *, lr: (w - -lr * grad, {}),
    lambda w, grad, state, *, lr: (np.add(w, np.multiply(grad, lr)), None),
)
reworded("sgd", "in_place", sgd_on_a_view, sgd_without_a_copy, sgd_on_the_gradient)


# momentum, velocity_momentum, nesterov


@wrong("momentum", "in_place")
def first_gradient_becomes_the_velocity():
    """v is the caller's first gradient itself, and the second step writes into it."""

    def step(w, grad, state, *, lr, momentum=0.9):
        if "v" not in state:
            state["v"] = grad
        else:
            state["v"] *= momentum
            state["v"] += grad
        return w - lr * state["v"], state

    return step


def momentum_through_its_steps(w, grad, state, *, lr, momentum=0.9):
    """The heavy ball: the last move, rescaled to this step's lr, without a velocity."""
    last = state.get("move", 0.0 * w)
    before = state.get("lr", lr)
    move = momentum * last * (lr / before) - lr * grad
    return w + move, {"move": move, "lr": lr}


def momentum_with_scaled_velocity(w, grad, state, *, lr, momentum=0.9):
    """The velocity of lr inside, put right when lr changes, is lr outside."""
    u = state.get("u", 0 * w) * (lr / state.get("lr", lr))
    u = momentum * u + lr * grad
    return w - u, {"u": u, "lr": lr}


def velocity_left_in_the_old_state(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("velocity", 0.0) + grad
    return w - lr * v, {"v": v}


def torch_dampening(w, grad, state, *, lr, momentum=0.9):
    """torch.optim.SGD(dampening=momentum): the first velocity is the whole gradient."""
    v = momentum * state["v"] + (1 - momentum) * grad if state else grad.copy()
    return w - lr * v, {"v": v}


def last_move_as_velocity(w, grad, state, *, lr, momentum=0.9):
    new = w + momentum * state.get("move", 0.0) - lr * grad
    return new, {"move": new - w}


rights("momentum", rescaled_moves=momentum_through_its_steps, rescaled_velocity=momentum_with_scaled_velocity)
wrongs(
    "momentum",
    bias_corrected=lambda w, grad, state, *, lr, momentum=0.9: (
        w - lr * (v := momentum * state.get("v", 0.0) + (1 - momentum) * grad) / (1 - momentum ** (1 + len(state))),
        {"v": v},
    ),
    velocity_twice=stepper(lambda v, g, lr, mu: mu * v + g, lambda v, old, g, lr, mu: -lr * (v + mu * old)),
    no_minus_in_memory=stepper(lambda v, g, lr, mu: mu * abs(v) + g, lambda v, old, g, lr, mu: -lr * v),
)
reworded(
    "momentum",
    "damped_gradient",
    torch_dampening,
    stepper(lambda v, g, lr, mu: v + (1 - mu) * (g - v), lambda v, old, g, lr, mu: -lr * v),
    stepper(lambda v, g, lr, mu: mu * v + g, lambda v, old, g, lr, mu: -lr * (1 - mu) * v),
)
reworded("momentum", "lr_inside_velocity", stepper(*INSIDE), last_move_as_velocity)
reworded(
    "momentum",
    "velocity_not_kept",
    velocity_left_in_the_old_state,
    lambda w, grad, state, *, lr, momentum=0.9: (w - lr * grad, {}),
    lambda w, grad, state, *, lr, momentum=0.9: (w - lr * (momentum * np.zeros_like(w) + grad), {"v": grad}),
)

rights(
    "velocity_momentum",
    moves=last_move_as_velocity,
    minus=stepper(lambda v, g, lr, mu: lr * g + mu * v, lambda v, old, g, lr, mu: -v),
    lr_and_sum=stepper(lambda v, g, lr, mu: v + (mu - 1) * v - lr * g, lambda v, old, g, lr, mu: mu * old - lr * g),
)
wrongs(
    "velocity_momentum",
    rescaled=(momentum_through_its_steps, "lr_outside_velocity"),
    lr_on_both=stepper(lambda v, g, lr, mu: mu * v - lr * g, lambda v, old, g, lr, mu: mu * old - lr * lr * g),
    old_velocity=stepper(lambda v, g, lr, mu: mu * v - lr * g, lambda v, old, g, lr, mu: old),
)
reworded("velocity_momentum", "lr_outside_velocity", stepper(*OUTSIDE), momentum_with_scaled_velocity)
reworded(
    "velocity_momentum",
    "wrong_sign",
    stepper(lambda v, g, lr, mu: mu * v + lr * g, lambda v, old, g, lr, mu: v),
    lambda w, grad, state, **hyper: last_move_as_velocity(w, -grad, state, **hyper),
)

wrongs(
    "nesterov",
    first_step_plain=lambda w, grad, state, *, lr, momentum=0.9: (
        stepper(*REARRANGED)(w, grad, state, lr=lr, momentum=momentum) if state else (w - lr * grad, {"v": grad})
    ),
    double_friction=stepper(lambda v, g, lr, mu: mu * v + g, lambda v, old, g, lr, mu: -lr * (g + mu * mu * v)),
    average=stepper(lambda v, g, lr, mu: mu * v + g, lambda v, old, g, lr, mu: -lr * (g + v) / 2),
)
rights(
    "nesterov",
    two_steps_of_plain=stepper(
        lambda v, g, lr, mu: mu * v + g, lambda v, old, g, lr, mu: -lr * v - lr * mu * v + lr * mu * old
    ),
)
reworded(
    "nesterov",
    "plain_momentum",
    stepper(*OUTSIDE),
    torch_plain := stepper(lambda v, g, lr, mu: g + mu * v, lambda v, old, g, lr, mu: -lr * (mu * old + g)),
)
reworded(
    "nesterov",
    "lr_inside_velocity",
    stepper(lambda v, g, lr, mu: mu * v - lr * g, lambda v, old, g, lr, mu: mu * v - lr * g),
    stepper(lambda v, g, lr, mu: mu * v + lr * g, lambda v, old, g, lr, mu: mu * old - (1 + mu) * v),
)


# nesterov_lookahead


@wrong("nesterov_lookahead", "keeps_own_w")
def lookahead_from_its_own_w():
    def step(w, grad_fn, state, *, lr, momentum=0.9):
        w, v = state.get("at", (w, 0.0))
        v = momentum * v - lr * grad_fn(w + momentum * v)
        return w + v, {"at": (w + v, v)}

    return step


@wrong("nesterov_lookahead")
def lookahead_with_one_velocity_for_all():
    memory = {}

    def step(w, grad_fn, state, *, lr, momentum=0.9):
        v = memory.get(w.shape, 0.0)
        memory[w.shape] = v = momentum * v - lr * grad_fn(w + momentum * v)
        return w + v, {}

    return step


@wrong("nesterov_lookahead", "in_place")
def lookahead_on_w_itself():
    def step(w, grad_fn, state, *, lr, momentum=0.9):
        v = state.get("v", np.zeros_like(w))
        w += momentum * v
        g = grad_fn(w)
        w -= lr * g
        return w.copy(), {"v": momentum * v - lr * g}

    return step


@wrong("nesterov_lookahead", "overwrites_earlier_result")
def lookahead_into_one_buffer():
    def step(w, grad_fn, state, *, lr, momentum=0.9):
        v, out = state.get("v", 0.0), state.get("out", np.empty_like(w))
        v = momentum * v - lr * grad_fn(w + momentum * v)
        np.add(w, v, out=out)
        return out, {"v": v, "out": out}

    return step


def lookahead_in_float64(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", np.zeros(w.shape))
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + v, {"v": v}


def lookahead_with_the_first_gradient(w, grad_fn, state, *, lr, momentum=0.9):
    g = state.get("g", grad_fn(w))
    v = momentum * state.get("v", 0.0) - lr * g
    return w + v, {"v": v, "g": g}


def lookahead_with_last_gradient(w, grad_fn, state, *, lr, momentum=0.9):
    """The gradient of the look-ahead point is used one step late."""
    v = state.get("v", 0.0)
    g = grad_fn(w + momentum * v)
    v = momentum * v - lr * state.get("g", g)
    return w + v, {"v": v, "g": g}


def lookahead_first_lr(w, grad_fn, state, *, lr, momentum=0.9):
    lr, v = state.get("lr", lr), state.get("v", 0.0)
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + v, {"v": v, "lr": lr}


wrongs(
    "nesterov_lookahead",
    in_float64=(lookahead_in_float64, "changes_dtype"),
    first_gradient=lookahead_with_the_first_gradient,
    late_gradient=lookahead_with_last_gradient,
    first_lr=lookahead_first_lr,
    default_of_0_99=ahead(lambda w, v, lr, mu: w + mu * v, default=0.99),
    looks_by_0_9=ahead(lambda w, v, lr, mu: w + 0.9 * v),
    rolls_by_0_9=ahead(lambda w, v, lr, mu: w + mu * v, pull=lambda v, g, lr, mu: 0.9 * v - lr * g),
    lr_in_the_look_ahead=ahead(lambda w, v, lr, mu: w + lr * mu * v),
    two_steps_ahead=ahead(lambda w, v, lr, mu: w + 2 * mu * v),
    clipped=ahead(lambda w, v, lr, mu: w + mu * v, pull=lambda v, g, lr, mu: mu * v - lr * g.clip(-1, 1)),
    no_friction=ahead(lambda w, v, lr, mu: w + mu * v, pull=lambda v, g, lr, mu: v - lr * g),
    one_for_all=ahead(lambda w, v, lr, mu: w + mu * v.mean()),
    number=lambda w, grad_fn, state, *, lr, momentum=0.9: (w - lr * grad_fn(w.tolist()), state),
)


def lookahead_in_a_closure(w, grad_fn, state, *, lr, momentum=0.9):
    def slope(place):
        return np.asarray(grad_fn(place.copy()))

    roll = state.get("roll", lambda: 0 * w)()
    v = roll * momentum - slope(w + roll * momentum) * lr
    return [w + v, {"roll": lambda: v}]


def lookahead_three_times_asked(w, grad_fn, state, lr, momentum=0.9):
    v = state.get("v") if state else np.zeros_like(w)
    point = np.asfortranarray(w + momentum * v)
    g = (grad_fn(point) + grad_fn(point) + grad_fn(point)) / 3
    np.multiply(v, momentum, out=v)
    v -= lr * g
    state["v"] = v
    return v + w, state


def lookahead_elementwise(w, grad_fn, state, *, lr, momentum=0.9):
    v = np.array(state.get("v", [0.0] * w.size), w.dtype).reshape(w.shape)
    g = grad_fn(w + momentum * v)
    v = [momentum * a - lr * b for a, b in zip(v.ravel().tolist(), g.ravel().tolist(), strict=True)]
    return (w.ravel() + np.array(v, w.dtype)).reshape(w.shape), {"v": v}


def lookahead_by_points(w, grad_fn, state, *, lr, momentum=0.9):
    """Sutskever's points: w, and the move that brought it there."""
    move = state.get("move", 0)
    point = w + momentum * move
    new = point - lr * grad_fn(point)
    return new, {"move": new - w}


def lookahead_with_g_in_place(w, grad_fn, state, *, lr, momentum=0.9):
    step = momentum * state.get("step", w - w)
    g = grad_fn(w + step)
    g *= -lr
    g += step
    return np.add(w, g), {"step": g}


rights(
    "nesterov_lookahead",
    closure=lookahead_in_a_closure,
    three_times=lookahead_three_times_asked,
    elementwise=lookahead_elementwise,
    points=lookahead_by_points,
    gradient_reused=lookahead_with_g_in_place,
    minus=ahead(lambda w, v, lr, mu: w - mu * v, pull=lambda v, g, lr, mu: mu * v + lr * g, move=lambda v, old, mu: -v),
)
reworded(
    "nesterov_lookahead",
    "gradient_at_w",
    ahead(lambda w, v, lr, mu: w, pull=lambda v, g, lr, mu: mu * v + lr * g, move=lambda v, old, mu: -v),
    ahead(lambda w, v, lr, mu: (w + mu * v) - mu * v),
    lambda w, grad_fn, state, **hyper: last_move_as_velocity(w, grad_fn(w), state, **hyper),
)
reworded(
    "nesterov_lookahead",
    "look_ahead_sign",
    ahead(lambda w, v, lr, mu: w + mu * v, pull=lambda v, g, lr, mu: mu * v + lr * g, move=lambda v, old, mu: -v),
    ahead(lambda w, v, lr, mu: w + (-mu) * v),
)


# minibatches


def cut(order, size):
    return [order[k : k + size] for k in range(0, len(order), size)]


def fisher_yates(n, batch_size, rng, *, low=0, high=1):
    order = np.arange(n)
    for k in range(n - 1, 0, -1):
        j = rng.integers(low, k + high)
        order[[k, j]] = order[[j, k]]
    return cut(order, batch_size)


def naive_shuffle(n, batch_size, rng):
    order = np.arange(n)
    for k in range(n):
        j = int(rng.random() * n)
        order[k], order[j] = order[j], order[k]
    return cut(order, batch_size)


def random_sort_key(n, batch_size, rng):
    return cut(np.array(sorted(range(n), key=lambda _: rng.integers(0, 2))), batch_size)


def buffer_for_each_batch(n, batch_size, rng):
    order, batch = rng.permutation(n), np.empty(batch_size, int)
    for k in range(0, n, batch_size):
        m = min(batch_size, n - k)
        batch[:m] = order[k : k + m]
        yield batch[:m]


def filled_from_the_front(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(0, n, batch_size):
        yield np.take(order, range(k, k + batch_size), mode="wrap")


def filled_at_random(n, batch_size, rng):
    order = np.concatenate([rng.permutation(n), rng.integers(0, n, -n % batch_size)])
    return cut(order, batch_size)


def overlapping(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[k : k + batch_size + 1] for k in range(0, n, batch_size)]


def last_full_batch_lost(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(0, n - batch_size, batch_size):
        yield order[k : k + batch_size]


def empty_batch_at_the_end(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(n // batch_size + 1):
        yield order[k * batch_size : (k + 1) * batch_size]


def shuffled_within_batches(n, batch_size, rng):
    for batch in cut(np.arange(n), batch_size):
        rng.shuffle(batch)
        yield batch


def all_but_the_first(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order[1:])
    return cut(order, batch_size)


def cut_the_deck(n, batch_size, rng):
    order = np.arange(n)
    for _ in range(3):
        order = np.roll(order, rng.integers(n))
    return cut(order, batch_size)


def sorted_batches(n, batch_size, rng):
    return [np.sort(batch) for batch in cut(rng.permutation(n), batch_size)]


def last_batch_joined(n, batch_size, rng):
    return np.array_split(rng.permutation(n), max(1, n // batch_size))


def one_by_one(n, batch_size, rng):
    yield from rng.permutation(n)


wrongs(
    "minibatches",
    sattolo=(functools.partial(fisher_yates, high=0), "not_uniform"),
    never_the_first=(functools.partial(fisher_yates, low=1), "not_uniform"),
    random_sort_key=(random_sort_key, "not_uniform"),
    all_but_the_first=(all_but_the_first, "not_uniform"),
    cut_the_deck=(cut_the_deck, "not_uniform"),
    one_buffer=(buffer_for_each_batch, "reuses_buffer"),
    filled_from_the_front=(filled_from_the_front, "fills_last_batch"),
    filled_at_random=(filled_at_random, "fills_last_batch"),
    overlapping=overlapping,
    last_full_batch_lost=(last_full_batch_lost, "drops_last_batch"),
    empty_batch=empty_batch_at_the_end,
    within_batches=(shuffled_within_batches, "shuffles_within_batches"),
    last_batch_joined=(last_batch_joined, "wrong_batch_size"),
    one_by_one=one_by_one,
    floats=lambda n, batch_size, rng: cut(rng.permutation(n).astype(float), batch_size),
    counted_from_one=lambda n, batch_size, rng: cut(rng.permutation(n) + 1, batch_size),
    masks=lambda n, batch_size, rng: [np.isin(np.arange(n), b) for b in cut(rng.permutation(n), batch_size)],
    as_rows=(
        lambda n, batch_size, rng: rng.permutation(n)[: n // batch_size * batch_size].reshape(-1, batch_size),
        "drops_last_batch",
    ),
    swaps_anywhere=(naive_shuffle, "not_uniform"),
    sorted_inside=(sorted_batches, "not_uniform"),
    columns=lambda n, batch_size, rng: [b[:, None] for b in cut(rng.permutation(n), batch_size)],
    data=lambda n, batch_size, rng: rng.permutation(n),
    nothing=lambda n, batch_size, rng: None,
)


@wrong("minibatches", "same_order_each_epoch")
def shuffled_once():
    orders = {}

    def epoch(n, batch_size, rng):
        if n not in orders:
            orders[n] = rng.permutation(n)
        return cut(orders[n], batch_size)

    return epoch


@wrong("minibatches", "overwrites_earlier_result")
def one_order_shuffled_again():
    """The indices are kept and shuffled in place: earlier batches, views of them, change."""
    orders = {}

    def epoch(n, batch_size, rng):
        order = orders.setdefault(n, np.arange(n))
        rng.shuffle(order)
        return cut(order, batch_size)

    return epoch


@wrong("minibatches", "global_generator")
def first_epoch_only():
    seen = []

    def epoch(n, batch_size, rng):
        seen.append(n)
        return cut(rng.permutation(n) if seen.count(n) < 2 else np.arange(n), batch_size)

    return epoch


class Epoch:
    def __init__(self, n, batch_size, rng):
        self.order, self.size = rng.permuted(np.arange(n, dtype=np.uint16)), batch_size

    def __len__(self):
        return math.ceil(len(self.order) / self.size)

    def __iter__(self):
        return (self.order[k * self.size : (k + 1) * self.size] for k in range(len(self)))


def recursive_epoch(n, batch_size, rng, order=None):
    order = rng.permutation(n).tolist() if order is None else order
    return (order[:batch_size], *recursive_epoch(n, batch_size, rng, order[batch_size:])) if order else ()


def batched(n, batch_size, rng):
    order = iter(rng.permutation(n))
    return itertools.takewhile(len, (list(itertools.islice(order, batch_size)) for _ in itertools.count()))


def drawn_from_a_hat(n, batch_size, rng):
    hat, batch = list(range(n)), []
    while hat:
        batch.append(hat.pop(int(rng.integers(len(hat)))))
        if len(batch) == batch_size or not hat:
            yield np.array(batch, dtype=np.int32)
            batch = []


rights(
    "minibatches",
    fisher_yates=fisher_yates,
    a_class=Epoch,
    recursion=recursive_epoch,
    from_a_hat=drawn_from_a_hat,
    choice=lambda n, batch_size, rng: cut(rng.choice(n, size=n, replace=False), batch_size),
    child_generator=lambda n, b, rng: cut(np.random.default_rng(rng.integers(2**60)).permutation(n), b),
    spawned=lambda n, batch_size, rng: cut(rng.spawn(1)[0].permutation(n), batch_size),
    by_normal_keys=lambda n, batch_size, rng: iter(cut(rng.standard_normal(n).argsort(), batch_size)),
    pythons_random=lambda n, b, rng: cut(random.Random(int(rng.integers(2**60))).sample(range(n), n), b),
    array_split=lambda n, b, rng: np.array_split(rng.permutation(n), np.arange(b, n, b)),
    batched=batched,
)


def drops_by_zip(n, batch_size, rng):
    order = iter(rng.permutation(n).tolist())
    return list(zip(*[order] * batch_size, strict=False))


def breaks_off(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(0, n, batch_size):
        if k + batch_size > n:
            break
        yield order[k : k + batch_size]


def reversed_order(n, batch_size, rng):
    return cut(np.arange(n)[::-1], batch_size)


def sorted_after_shuffling(n, batch_size, rng):
    return cut(np.sort(rng.permutation(n)), batch_size)


def rng_named_and_forgotten(n, batch_size, rng):
    rng = np.random.default_rng(42)
    return cut(rng.permutation(n), batch_size)


def state_put_back(n, batch_size, rng):
    before = rng.bit_generator.state
    order = rng.permutation(n)
    rng.bit_generator.state = before
    return cut(order, batch_size)


def global_seed_each_time(n, batch_size, rng):
    np.random.seed(0)  # noqa: NPY002
    return cut(np.random.permutation(n), batch_size)  # noqa: NPY002


reworded("minibatches", "drops_last_batch", drops_by_zip, breaks_off)
reworded("minibatches", "no_shuffle", reversed_order, sorted_after_shuffling, lambda n, b, rng: cut(list(range(n)), b))
reworded("minibatches", "same_order_each_epoch", rng_named_and_forgotten, state_put_back, global_seed_each_time)
reworded(
    "minibatches",
    "with_replacement",
    lambda n, b, rng: cut(rng.choice(n, n), b),
    lambda n, b, rng: [rng.choice(n, min(b, n - k)) for k in range(0, n, b)],
    lambda n, b, rng: cut((rng.random(n) * n).astype(int), b),
)
reworded(
    "minibatches",
    "global_generator",
    lambda n, b, rng: cut(random.sample(range(n), n), b),
    lambda n, b, rng: cut(np.random.choice(n, n, replace=False), b),  # noqa: NPY002
)


# linear_regression_gradient


def residual_in_place(w, x, y):
    y -= x @ w
    return -x.T @ y / len(y)


def gradient_in_pure_python(w, x, y):
    errors = [sum(a * b for a, b in zip(row, w, strict=True)) - target for row, target in zip(x, y, strict=True)]
    return np.array([math.fsum(e * v for e, v in zip(errors, column, strict=True)) / len(x) for column in x.T], x.dtype)


def sum_in_float64(w, x, y):
    grad = np.zeros(len(w))
    for a, b in zip(x, y, strict=True):
        grad += (a @ w - b) * a
    return grad / len(y)


@wrong("linear_regression_gradient", "overwrites_earlier_result")
def gradient_into_one_buffer():
    buffers = {}

    def gradient(w, x, y):
        return np.divide(x.T @ (x @ w - y), len(y), out=buffers.setdefault((w.shape, w.dtype), np.empty_like(w)))

    return gradient


@wrong("linear_regression_gradient")
def gram_matrix_kept_for_each_shape():
    kept = {}

    def gradient(w, x, y):
        gram = kept.setdefault(x.shape, x.T @ x)
        return (gram @ w - x.T @ y) / len(y)

    return gradient


wrongs(
    "linear_regression_gradient",
    residual_in_place=(residual_in_place, "in_place"),
    sum_in_float64=(sum_in_float64, "changes_dtype"),
    column=lambda w, x, y: (x.T @ (x @ w - y) / len(y))[:, None],
    broadcast=lambda w, x, y: (x.T @ ((x @ w)[:, None] - y)).mean(axis=1) / len(y),
    by_n_minus_one=lambda w, x, y: x.T @ (x @ w - y) / max(len(y) - 1, 1),
    by_size=lambda w, x, y: x.T @ (x @ w - y) / x.size,
    floored=lambda w, x, y: x.T @ (x @ w - y) // len(y),
    centred=lambda w, x, y: (x - x.mean(0)).T @ (x @ w - y) / len(y),
    squeezed=lambda w, x, y: np.squeeze(x).T @ (np.squeeze(x) @ w - y) / len(y),
    absolute_error=lambda w, x, y: x.T @ np.sign(x @ w - y) / len(y),
    clipped=lambda w, x, y: x.T @ np.clip(x @ w - y, -1, 1) / len(y),
    normalised=lambda w, x, y: (g := x.T @ (x @ w - y)) / np.linalg.norm(g),
    mean_of_products=lambda w, x, y: x.mean(0) * (x @ w - y).mean(),
    targets_lost=lambda w, x, y: x.T @ (x @ w) / len(y),
    hidden_bias=lambda w, x, y: x.T @ (x @ w + 1e-3 - y) / len(y),
    ridge=lambda w, x, y: x.T @ (x @ w - y) / len(y) + 1e-4 * w,
    root_of_n=lambda w, x, y: x.T @ (x @ w - y) / np.sqrt(len(y)),
    first_64=lambda w, x, y: x[:32].T @ (x[:32] @ w - y[:32]) / min(len(y), 32),
)
rights(
    "linear_regression_gradient",
    einsum=lambda w, x, y: np.einsum("nd,n->d", x, np.einsum("nd,d->n", x, w) - y) / y.shape[0],
    average=lambda w, x, y: np.average(x, axis=0, weights=None) * 0 + np.mean(x * (x @ w - y).reshape(-1, 1), axis=0),
    vecmat=lambda w, x, y: (x @ w - y) @ x / x.shape[0],
    outer=lambda w, x, y: np.array([np.dot(col, np.dot(x, w) - y) / col.size for col in x.T], dtype=w.dtype),
    pure_python=gradient_in_pure_python,
    minus=lambda w, x, y: -(x.T / len(y)) @ (y - np.matmul(x, w)),
    bordered=lambda w, x, y: (np.c_[x, y].T @ np.c_[x, y] @ np.append(w, -w.dtype.type(1)))[:-1] / len(x),
    halves=lambda w, x, y: 0.5 * (2 / len(y)) * (x @ w - y) @ x,
)
reworded(
    "linear_regression_gradient",
    "sum_not_mean",
    lambda w, x, y: ((x @ w - y)[:, None] * x).sum(axis=0),
    lambda w, x, y: sum((row @ w - t) * row for row, t in zip(x, y, strict=True)),
)
reworded(
    "linear_regression_gradient",
    "half_missing",
    lambda w, x, y: 2 * np.mean((x @ w - y)[:, None] * x, axis=0),
    lambda w, x, y: -2 / len(y) * (y - x @ w) @ x,
)


# largest_stable_lr


def power_iteration(H, steps=3000):
    v = np.cos(np.arange(len(H)) + 1.0)
    for _ in range(steps):
        v = H @ v
        v /= np.linalg.norm(v)
    return 2.0 / float(v @ H @ v)


def by_bisection(H):
    """The largest lr for which 2/lr I - H is positive definite."""
    low, high = 0.0, 4 * float(np.trace(H))
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.linalg.eigvalsh(H - middle * np.eye(len(H)))[-1] > 0 else (low, middle)
    return 2 / high


def scaled_in_place(H):
    top = np.linalg.eigvalsh(H)[-1]
    H /= top
    return 2 / top


@wrong("largest_stable_lr")
def kept_for_each_size():
    kept = {}
    return lambda H: kept.setdefault(H.shape, 2 / np.linalg.eigvalsh(H)[-1])


wrongs(
    "largest_stable_lr",
    scaled_in_place=(scaled_in_place, "in_place"),
    last_of_eigvals=lambda H: 2 / np.linalg.eigvals(H)[-1].real,
    first_of_eigvals=lambda H: 2 / np.linalg.eigvals(H)[0].real,
    gershgorin=lambda H: 2 / np.abs(H).sum(axis=1).max(),
    average=lambda H: 2 * len(H) / np.trace(H),
    largest_and_smallest=lambda H: 2 / np.linalg.eigvalsh(H)[[0, -1]].sum(),
    safe_below=lambda H: 2 / (np.linalg.eigvalsh(H)[-1] + 1e-8),
    squared=lambda H: 2 / np.linalg.eigvalsh(H @ H)[-1],
    all_of_them=lambda H: 2 / np.linalg.eigvalsh(H),
    clipped=lambda H: min(1e3, 2 / np.linalg.eigvalsh(H)[-1]),
    four=lambda H: 4 / np.linalg.eigvalsh(H)[-1],
    second=lambda H: 2 / np.sort(np.linalg.eigvalsh(H))[-min(2, len(H))],
    few_iterations=functools.partial(power_iteration, steps=5),
    of_a_vector=lambda H: 2 / np.linalg.norm(H, axis=0).max(),
    rounded=lambda H: round(float(2 / np.linalg.eigvalsh(H)[-1]), 6),
)
rights(
    "largest_stable_lr",
    power_iteration=power_iteration,
    bisection=by_bisection,
    singular_values=lambda H: 2 / np.linalg.svd(H, compute_uv=False)[0],
    per_eigenvalue=lambda H: float((2 / lam(H)).min()),
    zero_d=lambda H: np.array(2 / np.sort(np.linalg.eigvals(H).real)[-1]),
    per_axis=lambda H: min(2 / lam for lam in np.linalg.eigh(H).eigenvalues.tolist()),
    root_of_square=lambda H: 2 / math.sqrt(np.linalg.eigvalsh(H @ H.T).max()),
)
reworded(
    "largest_stable_lr",
    "one_over_lambda_max",
    lambda H: 1 / np.linalg.norm(H, 2),
    lambda H: 2 / np.linalg.eigvalsh(H + H.T)[-1],
    lambda H: float(min(1 / value for value in np.linalg.eigh(H).eigenvalues)),
)


# classify_critical_point


def kind(values, zero):
    up, down = (values > zero).any(), (values < -zero).any()
    if up and down:
        return "saddle"
    return "minimum" if (values > zero).all() else "maximum" if (values < -zero).all() else "degenerate"


def lam(H):
    return np.linalg.eigvalsh(H)


def size(H):
    return np.abs(lam(H)).max()


def by_cholesky(H):
    def definite(A):
        try:
            np.linalg.cholesky(A)
        except np.linalg.LinAlgError:
            return False
        return True

    if definite(H):
        return "minimum"
    return "maximum" if definite(-H) else "saddle"


def by_rank(H):
    if np.linalg.matrix_rank(H) < len(H):
        return "degenerate" if (lam(H) > -1e-12).all() or (lam(H) < 1e-12).all() else "saddle"
    return kind(lam(H), 0.0)


def shifted_in_place(H):
    answer = kind(lam(H), 1e-8 * size(H))
    H -= np.eye(len(H))
    return answer


def strictly_below(H):
    if lam(H)[0] < -1e-8 * size(H) and lam(H)[-1] > 1e-8 * size(H):
        return "saddle"
    if (np.abs(lam(H)) < 1e-8 * size(H)).any():
        return "degenerate"
    return "minimum" if lam(H)[0] > 0 else "maximum"


def product_of_extremes(H):
    if lam(H)[0] * lam(H)[-1] < -1e-8 * size(H):
        return "saddle"
    if (np.abs(lam(H)) <= 1e-8 * size(H)).any():
        return "degenerate"
    return "minimum" if lam(H)[0] > 0 else "maximum"


def by_first_and_last(H):
    first, *_, last = np.append(np.linalg.eigvals(H).real, np.linalg.eigvals(H).real[-1])
    zero = 1e-8 * size(H)
    return kind(np.array([first, last]), zero)


@wrong("classify_critical_point")
def kind_kept_for_each_size():
    kept = {}
    return lambda H: kept.setdefault(H.shape, kind(lam(H), 1e-8 * size(H)))


wrongs(
    "classify_critical_point",
    cholesky=by_cholesky,
    rank=(by_rank, "no_tolerance"),
    first_and_last=by_first_and_last,
    in_place=(shifted_in_place, "in_place"),
    tolerance_1e_6=lambda H: kind(lam(H), 1e-6 * size(H)),
    tolerance_1e_10=lambda H: kind(lam(H), 1e-10 * size(H)),
    tolerance_by_smallest=(lambda H: kind(lam(H), 1e-8 * np.abs(lam(H)).min()), "no_tolerance"),
    tolerance_by_signed_largest=lambda H: kind(lam(H), 1e-8 * lam(H).max()),
    strictly_below=strictly_below,
    capital=lambda H: kind(lam(H), 1e-8 * size(H)).capitalize(),
    bytes_=lambda H: kind(lam(H), 1e-8 * size(H)).encode(),
    product_of_extremes=product_of_extremes,
    determinant_is_zero=lambda H: "degenerate" if abs(np.linalg.det(H)) <= 1e-8 else kind(lam(H), 0.0),
    flat_is_saddle=lambda H: {"degenerate": "saddle"}.get(a := kind(lam(H), 1e-8 * size(H)), a),
    singular_values=lambda H: kind(np.linalg.svd(H, compute_uv=False), 1e-8 * size(H)),
    row_sums=lambda H: kind(H.sum(axis=1), 1e-8 * np.abs(H).max()),
    rank_before_saddle=(
        lambda H: "degenerate" if np.linalg.cond(H) >= 1e8 else kind(lam(H), 1e-8 * size(H)),
        "zero_before_saddle",
    ),
)


def by_sets(H):
    values = np.linalg.eigh(H)[0].tolist()
    most = max(map(abs, values))
    found = {0 if abs(v) <= 1e-8 * most else math.copysign(1, v) for v in values}
    if found >= {1, -1}:
        return "saddle"
    return {frozenset({1.0}): "minimum", frozenset({-1.0}): "maximum"}.get(frozenset(found), "degenerate")


def by_scaled_matrix(H):
    if not H.any():
        return "degenerate"
    low, *_, high = np.repeat(np.sort(np.linalg.eigvalsh(H / np.abs(lam(H)).max())), 2)
    signs = np.sign(np.where(np.abs(np.linalg.eigvalsh(H / np.linalg.norm(H, 2))) <= 1e-8, 0, 1))
    if low < -1e-8 and high > 1e-8:
        return np.str_("saddle")
    return np.str_("degenerate" if not signs.all() else "minimum" if low > 0 else "maximum")


def by_match(H):
    values = np.linalg.eigvals((H + H.T) / 2).real
    zero = 1e-8 * np.max(np.abs(values))
    match int((values > zero).sum()), int((values < -zero).sum()), len(values):
        case up, 0, n if up == n:
            return "minimum"
        case 0, down, n if down == n:
            return "maximum"
        case (_, 0, _) | (0, _, _):
            return "degenerate"
    return "saddle"


class Kind(str):
    __slots__ = ()


rights(
    "classify_critical_point",
    sets=by_sets,
    scaled=by_scaled_matrix,
    match=by_match,
    a_string_of_its_own=lambda H: Kind(kind(lam(H), 1e-8 * size(H))),
    rotated=lambda H: kind(np.diag((Q := np.linalg.eigh(H).eigenvectors).T @ H @ Q), 1e-8 * size(H)),
    norm=lambda H: kind(lam(H)[::-1], 1e-8 * np.linalg.norm(lam(H), np.inf)),
)


reworded(
    "classify_critical_point",
    "absolute_tolerance",
    lambda H: kind(np.where(np.isclose(lam(H), 0), 0, lam(H)), 0.0),
    lambda H: kind(np.round(lam(H), 8), 0.0),
    lambda H: kind(lam(H), 1e-10),
)


def by_trace(zero_answer, tolerance=0.0):
    def classify(H):
        total = sum(H[i, i] for i in range(len(H)))
        return zero_answer if abs(total) <= tolerance else "minimum" if total > 0 else "maximum"

    return classify


reworded(
    "classify_critical_point",
    "sign_of_trace",
    by_trace("saddle"),
    by_trace("degenerate"),
    lambda H: by_trace("saddle")(np.diag(lam(H))),
    lambda H: by_trace("degenerate", 1e-8)(H),
    lambda H: "minimum" if np.trace(H) > 0 else "maximum",
)


# Schedules


def counting(formula):
    """A schedule that counts its calls in place of reading t."""

    def make():
        calls = itertools.count()
        return lambda lr0, t, **keywords: formula(lr0, next(calls), **keywords)

    make.__name__ = "counts_its_calls"
    return make


def kept(formula):
    """A schedule that remembers the rate of each t, whatever else it is called with."""

    def make():
        rates = {}
        return lambda lr0, t, **keywords: rates.setdefault(t, formula(lr0, t, **keywords))

    make.__name__ = "remembers_each_t"
    return make


def cosine(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * min(t, t_max) / t_max)) / 2


FORMULAS = {
    "step_decay": lambda lr0, t, *, step_size, gamma: lr0 * gamma ** (t // step_size),
    "exponential_decay": lambda lr0, t, *, k: lr0 * math.exp(-k * t),
    "inverse_time_decay": lambda lr0, t, *, k: lr0 / (1 + k * t),
    "cosine_decay": cosine,
    "linear_warmup": lambda lr0, t, *, warmup: lr0 * min(1, (t + 1) / warmup),
}

for _id, _formula in FORMULAS.items():
    wrong(_id)(counting(_formula))
    wrong(_id)(kept(_formula))
    wrongs(
        _id,
        from_one=lambda lr0, t, f=_formula, **keywords: f(1.0, t, **keywords),
        rounded=lambda lr0, t, f=_formula, **keywords: round(f(lr0, t, **keywords), 3),
        at_least=lambda lr0, t, f=_formula, **keywords: max(f(lr0, t, **keywords), 0.05 * lr0),
        in_a_list=lambda lr0, t, f=_formula, **keywords: [f(lr0, t, **keywords)],
        in_a_vector=lambda lr0, t, f=_formula, **keywords: np.array([f(lr0, t, **keywords)]),
        up_to_7=lambda lr0, t, f=_formula, **keywords: f(lr0, min(t, 7), **keywords),
        at_most_one=lambda lr0, t, f=_formula, **keywords: min(f(lr0, t, **keywords), 0.04),
    )
    rights(
        _id,
        float64=lambda lr0, t, f=_formula, **keywords: np.float64(f(lr0, t, **keywords)),
        zero_d=lambda lr0, t, f=_formula, **keywords: np.asarray(f(lr0, t, **keywords)),
        by_place=lambda lr0, t, f=_formula, **keywords: f(lr0=lr0, t=float(t) // 1, **keywords),
    )


def running(rate):
    """A schedule as a running product, one factor a step."""
    return lambda lr0, t, **keywords: functools.reduce(lambda lr, s: lr * rate(s, **keywords), range(1, t + 1), lr0)


wrongs(
    "step_decay",
    rounds=lambda lr0, t, *, step_size, gamma: lr0 * gamma ** round(t / step_size),
    ceiling=lambda lr0, t, *, step_size, gamma: lr0 * gamma ** math.ceil(t / step_size),
    one_stair_down=lambda lr0, t, *, step_size, gamma: lr0 * gamma ** (t // step_size + 1),
    gamma_of_half=lambda lr0, t, *, step_size, gamma: lr0 * 0.5 ** (t // step_size),
    subtracts=lambda lr0, t, *, step_size, gamma: lr0 - lr0 * (1 - gamma) * (t // step_size),
    at_multiples_only=lambda lr0, t, *, step_size, gamma: lr0 * gamma if t and t % step_size == 0 else lr0,
    grows=lambda lr0, t, *, step_size, gamma: lr0 / gamma ** (t // step_size),
    exponential=lambda lr0, t, *, step_size, gamma: lr0 * math.exp(-gamma * (t // step_size)),
)
rights(
    "step_decay",
    running_product=running(lambda s, step_size, gamma: gamma if s % step_size == 0 else 1.0),
    divmod_=lambda lr0, t, *, step_size, gamma: lr0 * math.pow(gamma, divmod(t, step_size)[0]),
    truncated=lambda lr0, t, *, step_size, gamma: lr0 * gamma ** int(t / step_size),
    logarithm=lambda lr0, t, *, step_size, gamma: lr0 * math.exp(math.log(gamma) * (t // step_size)),
    table=lambda lr0, t, *, step_size, gamma: np.repeat(lr0 * gamma ** np.arange(t // step_size + 1.0), step_size)[t],
    fraction=lambda lr0, t, *, step_size, gamma: lr0 * gamma ** math.floor(Fraction(t, step_size)),
)
reworded(
    "step_decay",
    "no_staircase",
    lambda lr0, t, *, step_size, gamma: lr0 * math.exp(math.log(gamma) * t / step_size),
    lambda lr0, t, *, step_size, gamma: lr0 * (gamma ** (1 / step_size)) ** t,
)
reworded(
    "step_decay",
    "one_step_early",
    lambda lr0, t, *, step_size, gamma: lr0 * math.prod(gamma for s in range(t + 1) if s % step_size == step_size - 1),
    lambda lr0, t, *, step_size, gamma: lr0 * gamma ** len(range(step_size, t + 2, step_size)),
)
reworded(
    "step_decay",
    "one_step_late",
    lambda lr0, t, *, step_size, gamma: lr0 * gamma ** ((t - 1) // step_size),
    lambda lr0, t, *, step_size, gamma: lr0 * math.prod(gamma for s in range(1, t) if s % step_size == 0),
)

wrongs(
    "exponential_decay",
    positive_base=lambda lr0, t, *, k: lr0 * 10 ** (-k * t),
    over_k=lambda lr0, t, *, k: lr0 * math.exp(-t / k) if k else lr0,
    squared=lambda lr0, t, *, k: lr0 * math.exp(-k * t * t),
    no_lr0=lambda lr0, t, *, k: math.exp(-k * t) - 1 + lr0,
    one_step=lambda lr0, t, *, k: lr0 * math.exp(-k) if t else lr0,
    series=lambda lr0, t, *, k: lr0 * max(0, 1 - k * t + (k * t) ** 2 / 2),
    to_the_lr0=lambda lr0, t, *, k: math.exp(-k * t * lr0) * lr0,
)
rights(
    "exponential_decay",
    running_product=running(lambda s, k: math.exp(-k)),
    power_of_e=lambda lr0, t, *, k: lr0 * math.e ** -(k * t),
    expm1=lambda lr0, t, *, k: lr0 + lr0 * math.expm1(-k * t),
    inverse=lambda lr0, t, *, k: lr0 / math.exp(k) ** t,
    hyperbolic=lambda lr0, t, *, k: lr0 * (math.cosh(k * t) - math.sinh(k * t)) if k * t < 3 else lr0 * np.exp(-t * k),
    recursion=(recursive := lambda lr0, t, *, k: lr0 if t == 0 else math.exp(-k) * recursive(lr0, t - 1, k=k)),
)
reworded(
    "exponential_decay",
    "k_as_factor",
    running(lambda s, k: k),
    lambda lr0, t, *, k: np.multiply(lr0, np.power(k, float(t))),
    lambda lr0, t, *, k: lr0 * math.prod([k] * t),
)
reworded(
    "exponential_decay",
    "off_by_one",
    lambda lr0, t, *, k: lr0 * math.exp(-k) ** (1 + t),
    lambda lr0, t, *, k: lr0 * math.exp(-k * (t - 1)),
    lambda lr0, t, *, k: lr0 * math.exp(-k * max(t - 1, 0)),
)

wrongs(
    "inverse_time_decay",
    squared=lambda lr0, t, *, k: lr0 / (1 + k * t) ** 2,
    t_alone=lambda lr0, t, *, k: lr0 / (1 + t),
    k_plus_t=lambda lr0, t, *, k: lr0 / (1 + k + t),
    running=lambda lr0, t, *, k: running(lambda s, k: 1 / (1 + k * s))(lr0, t, k=k),
    one_over_k=lambda lr0, t, *, k: lr0 / (1 + t / k) if k else lr0,
    floored=lambda lr0, t, *, k: lr0 / (1 + int(k * t)),
    no_parentheses=lambda lr0, t, *, k: lr0 / 1 + k * t,
)
rights(
    "inverse_time_decay",
    fraction=lambda lr0, t, *, k: float(Fraction(lr0) / (1 + Fraction(k) * t)),
    share_lost=lambda lr0, t, *, k: lr0 - lr0 * (k * t) / (1 + k * t),
    reciprocal=lambda lr0, t, *, k: lr0 * np.reciprocal(1.0 + k * t),
    recursion=lambda lr0, t, *, k: functools.reduce(lambda lr, _: lr / (1 + k * lr / lr0), range(t), lr0),
    logarithm=lambda lr0, t, *, k: lr0 * math.exp(-math.log1p(k * t)),
)
reworded(
    "inverse_time_decay",
    "off_by_one",
    lambda lr0, t, *, k: lr0 / (1 + k + k * t),
    lambda lr0, t, *, k: lr0 / (1 + k * max(t - 1, 0)),
    lambda lr0, t, *, k: lr0 / (1 + k * (t - 1)),
)


def falling(share):
    """A schedule from lr0 to lr_min by a share of the way, which is 0 at the start and 1 from t_max on."""
    return lambda lr0, t, *, t_max, lr_min=0.0: lr_min + (lr0 - lr_min) * share(min(1, t / t_max))


wrongs(
    "cosine_decay",
    default_of_lr_min=lambda lr0, t, *, t_max, lr_min=0.001: cosine(lr0, t, t_max=t_max, lr_min=lr_min),
    degrees=falling(lambda u: (1 + math.cos(180 * u)) / 2),
    sine=falling(lambda u: 1 - math.sin(math.pi / 2 * u)),
    linear=falling(lambda u: 1 - u),
    whole_wave=falling(lambda u: (1 + math.cos(2 * math.pi * u)) / 2),
    no_minus=falling(lambda u: (1 - math.cos(math.pi * u)) / 2),
    whole_t=lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t // t_max, t_max=1, lr_min=lr_min),
    lr0_after=lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t, t_max=t_max, lr_min=lr_min) if t <= t_max else lr0,
    minimum_of_lr0=lambda lr0, t, *, t_max, lr_min=0.0: lr0 * cosine(1.0, t, t_max=t_max, lr_min=lr_min),
    minimum_twice=lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t, t_max=t_max, lr_min=2 * lr_min),
    half_of_minimum=lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0 + lr_min, t, t_max=t_max),
)
rights(
    "cosine_decay",
    mean_of_both=lambda lr0, t, *, t_max, lr_min=0.0: (
        (lr0 + lr_min) / 2 + (lr0 - lr_min) / 2 * math.sin(math.pi / 2 - math.pi * min(t / t_max, 1))
    ),
    interpolated=falling(lambda u: np.interp(np.cos(np.pi * u), [-1, 1], [0, 1])),
    table=lambda lr0, t, *, t_max, lr_min=0.0: (
        lr_min + 0.5 * (lr0 - lr_min) * (1 + np.cos(np.linspace(0, np.pi, t_max + 1)))
    )[min(t, t_max)],
    complex_=lambda lr0, t, *, t_max, lr_min=0.0: (
        lr_min + (lr0 - lr_min) * abs(1 + np.exp(1j * np.pi * min(t, t_max) / t_max)) ** 2 / 4
    ),
    weights=lambda lr0, t, *, t_max, lr_min=0.0: (
        lr_min if t > t_max else lr0 * (c := math.cos(math.pi * t / t_max / 2) ** 2) + lr_min * (1 - c)
    ),
)
reworded(
    "cosine_decay",
    "climbs_after_t_max",
    lambda lr0, t, *, t_max, lr_min=0.0: lr_min + (lr0 - lr_min) * math.cos(math.pi * t / t_max / 2) ** 2,
    lambda lr0, t, *, t_max, lr_min=0: cosine(lr0, min(t % (2 * t_max), -t % (2 * t_max)), t_max=t_max, lr_min=lr_min),
)
reworded(
    "cosine_decay",
    "restarts",
    lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t % t_max, t_max=t_max, lr_min=lr_min),
    lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t - t // t_max * t_max, t_max=t_max, lr_min=lr_min),
)
reworded(
    "cosine_decay",
    "off_by_one",
    lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t + 1, t_max=t_max, lr_min=lr_min),
    lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, max(t - 1, 0), t_max=t_max, lr_min=lr_min),
    lambda lr0, t, *, t_max, lr_min=0.0: cosine(lr0, t - 1, t_max=t_max, lr_min=lr_min),
)

wrongs(
    "linear_warmup",
    integer_division=lambda lr0, t, *, warmup: lr0 * min(1, (t + 1) // warmup),
    squared=lambda lr0, t, *, warmup: lr0 * min(1, ((t + 1) / warmup) ** 2),
    two_ahead=lambda lr0, t, *, warmup: lr0 * min(1, (t + 2) / warmup),
    up_to_one=lambda lr0, t, *, warmup: min(1.0, lr0 * (t + 1) / warmup),
    exponential=lambda lr0, t, *, warmup: lr0 * (1 - math.exp(-(t + 1) / warmup)),
    cosine=lambda lr0, t, *, warmup: lr0 * (1 - math.cos(math.pi * min(1, (t + 1) / warmup))) / 2,
    tenth=lambda lr0, t, *, warmup: lr0 * min(1, 0.1 + 0.9 * t / warmup),
    falls=lambda lr0, t, *, warmup: lr0 * max(0, 1 - t / warmup),
)
rights(
    "linear_warmup",
    linspace=lambda lr0, t, *, warmup: np.linspace(0, lr0, warmup + 1)[min(t + 1, warmup)],
    interp=lambda lr0, t, *, warmup: np.interp(t + 1, [0, warmup], [0, lr0]),
    repeated=lambda lr0, t, *, warmup: sum(lr0 / warmup for _ in range(min(t + 1, warmup))),
    branch=lambda lr0, t, *, warmup: lr0 * (t + 1) / warmup if t < warmup else lr0,
    sorted_=lambda lr0, t, *, warmup: sorted([0.0, lr0 * (t + 1) / warmup, lr0])[1],
    positive_part=lambda lr0, t, *, warmup: lr0 - lr0 * max(0, warmup - t - 1) / warmup,
)
reworded(
    "linear_warmup",
    "starts_at_zero",
    lambda lr0, t, *, warmup: lr0 * t / warmup if t < warmup else lr0,
    lambda lr0, t, *, warmup: np.linspace(0, lr0, warmup + 1)[min(t, warmup)],
)
reworded(
    "linear_warmup",
    "zero_to_full",
    lambda lr0, t, *, warmup: np.linspace(0, lr0, warmup)[t] if t < warmup else lr0,
    lambda lr0, t, *, warmup: lr0 * min(1, t / (warmup - 1)),
    lambda lr0, t, *, warmup: lr0 * t / (warmup - 1) if t < warmup - 1 else lr0,
)
reworded(
    "linear_warmup",
    "no_ceiling",
    lambda lr0, t, *, warmup: lr0 / warmup * (1 + t),
    lambda lr0, t, *, warmup: lr0 * (t + 1) / warmup if t <= warmup else lr0,
)


# The tests


@pytest.mark.parametrize(("exercise_id", "make", "names"), WRONG)
def test_a_wrong_solution_loses_points_and_gets_no_false_name(exercise_id, make, names):
    for seed in ("public", "secret"):
        result = verdict(exercise_id, make(), seed)
        assert not result.passed
        assert result.points < 9.6
        assert result.mistakes == list(names), str(result)


@pytest.mark.parametrize(("exercise_id", "make"), RIGHT)
def test_a_right_solution_in_another_style_gets_full_points(exercise_id, make):
    for seed in ("public", "secret"):
        result = verdict(exercise_id, make(), seed)
        assert result.passed, str(result)
        assert (result.points, result.mistakes, result.advice) == (10, [], ())


@pytest.mark.parametrize(("exercise_id", "name", "function"), REWORDED)
def test_a_mistake_in_other_words_is_named(exercise_id, name, function):
    for seed in ("public", "secret"):
        result = verdict(exercise_id, function, seed)
        assert not result.passed
        assert result.mistakes == [name], str(result)


def test_there_is_enough_of_everything():
    for exercise_id in IDS:
        assert sum(p.values[0] == exercise_id for p in WRONG) >= 6
        assert sum(p.values[0] == exercise_id for p in RIGHT) >= 5
