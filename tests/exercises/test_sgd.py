"""Held-out versions of the exercises on gradient descent, and the tests that they are put to."""

import collections
import copy
import functools
import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.exercises.sgd import _training, training_loop
from autograder.judge import Case

from .versions import Versions, verdict_on

versions = Versions()


def wrongs(exercise_id, *names, **functions):
    for label, function in functions.items():
        versions.wrong(exercise_id, *names, label=label)(function)


def rights(exercise_id, **functions):
    for label, function in functions.items():
        versions.right(exercise_id, label=label)(function)


# ---------------------------------------------------------------------------- sgd

versions.edits(
    "sgd",
    """
    gradient_scaled_in_place = in_place: step = lr * grad -> grad *= lr; step = grad
    on_a_view = in_place: return w - step, state -> new = w[...]; new -= step; return new, state
    without_a_copy = in_place: return w - step, state -> np.subtract(w, step, out=np.asarray(w)); return w.copy(), state
    float64_scalar = changes_dtype: lr * grad -> np.float64(lr) * grad
    to_float64 = changes_dtype: w - step -> w.astype(float) - step
    to_float32: w - step -> w.astype(np.float32) - step.astype(np.float32)
    through_float32: w - step -> (w - step).astype(np.float32).astype(w.dtype)
    normalised: lr * grad -> lr * grad / np.linalg.norm(grad)
    clipped: lr * grad -> lr * grad.clip(-1, 1)
    sign: lr * grad -> lr * np.sign(grad)
    averaged: lr * grad -> lr * grad.mean()
    in_columns: w - step -> (w.ravel() - step.ravel("F")).reshape(w.shape)
    square_only: lr * grad -> lr * (grad.T if grad.ndim == 2 and len(grad) == len(grad.T) else grad)
    first_row: lr * grad -> lr * np.concatenate([grad[:1], 0 * grad[1:]])
    w_alone: return w - step, state -> return w - step
    swapped: return w - step, state -> return state, w - step
    flat: w - step -> w.ravel() - step.ravel()
    at_most_one: lr * grad -> min(lr, 1.0) * grad
    decayed:
        lr * grad -> lr / (1 + state.get("t", 0)) * grad
        w - step, state -> w - step, {"t": state.get("t", 0) + 1}
    weight_decay: lr * grad -> lr * (grad + 1e-4 * w)
    minus_twice = adds_gradient: lr * grad -> -lr * grad
    """,
)


@versions.wrong("sgd", "overwrites_earlier_result", remembers=True)
def one_buffer_for_each_shape():
    buffers = {}

    def step(w, grad, state, *, lr):
        out = buffers.setdefault((w.shape, w.dtype), np.empty_like(w))
        return np.subtract(w, lr * grad, out=out), state

    return step


@versions.wrong("sgd", remembers=True)
def slower_at_each_call():
    calls = itertools.count()
    return lambda w, grad, state, *, lr: (w - lr * 0.999 ** next(calls) * grad, state)


@versions.right("sgd")
def by_recursion(w, grad, state, *, lr):
    if w.ndim == 0 or w.size == 0:
        return w - lr * grad, state
    return np.stack([by_recursion(a, b, state, lr=lr)[0] for a, b in zip(w, grad, strict=True)]), state


@versions.right("sgd")
def on_a_copy(w, grad, state, *, lr):
    w, grad = copy.deepcopy(w), grad.copy()
    grad *= lr
    w -= grad
    return w, state


rights(
    "sgd",
    keyword_by_place=lambda w, grad, state, lr: [w - grad * lr, {}],
    einsum=lambda w, grad, state, *, lr: (np.einsum("k,k...->...", [1.0, -lr], [w, grad]).astype(w.dtype), state),
    stacked=lambda w, grad, state, *, lr: (np.tensordot(np.array([1, -lr], w.dtype), np.stack([w, grad]), 1), "none"),
    fortran=lambda w, grad, state, *, lr: (np.asfortranarray(w - lr * grad).reshape(w.shape), None),
    away_and_back=lambda w, grad, state, *, lr: (-(lr * grad - w), {"last": w}),
    in_double=lambda w, grad, state, *, lr: ((w.astype("g") - np.longdouble(lr) * grad).astype(w.dtype), state),
    strided=lambda w, grad, state, *, lr: (np.repeat((w - lr * grad)[..., None], 2, axis=-1)[..., 0], state),
)


# ---------------------------------------------------------------------------- whatever has a velocity

for _id in ("momentum", "velocity_momentum", "nesterov", "nesterov_lookahead"):
    versions.edits(
        _id,
        """
        velocity_clipped: {"v": v} -> {"v": v.clip(-5 * lr, 5 * lr)}
        velocity_averaged: {"v": v} -> {"v": v.mean() + 0 * v}
        friction_squared: -> momentum = momentum**2
        default_of_0_95: momentum=0.9 -> momentum=0.95
        no_default: momentum=0.9 ->
        float64_velocity = changes_dtype: state.get("v", 0.0) -> state.get("v", 0.0 * w.astype("float64"))
        first_lr_for_ever:
            -> lr = state.get("lr", lr)
            {"v": v} -> {"v": v, "lr": lr}
        forgets_when_lr_changes:
            state.get("v", 0.0) -> (state["v"] if state.get("lr") == lr else 0.0)
            {"v": v} -> {"v": v, "lr": lr}
        """,
    )

    def _made_of(right, exercise_id):
        """Versions that call the right one."""

        @versions.wrong(exercise_id, "in_place")
        def answer_written_into_w(w, grad, state, **hyper):
            new, state = right(w, grad, state, **hyper)
            if isinstance(w, np.ndarray):
                w[...] = new
            return new, state

        @versions.wrong(exercise_id, "overwrites_earlier_result")
        def one_buffer_for_the_answer(w, grad, state, **hyper):
            new, kept = right(w, grad, state, **hyper)
            out = state.get("out", np.empty_like(w))
            out[...] = new
            return out, {**kept, "out": out}

        @versions.right(exercise_id)
        def memory_that_is_no_dict(w, grad, state, lr, momentum=0.9):
            new, kept = right(w, grad, {"v": state[1]} if state else {}, lr=lr, momentum=momentum)
            return [new, ("velocity", kept["v"])]

        @versions.right(exercise_id)
        def object_in_the_state(w, grad, state, **hyper):
            ball = state.setdefault("ball", collections.UserDict())
            new, ball.data = right(w, grad, ball.data, **hyper)
            return np.asfortranarray(new).reshape(w.shape), state

    _made_of(*exercises.load(_id).right, _id)

for _id in ("momentum", "velocity_momentum", "nesterov"):
    versions.edits(
        _id,
        """
        absolute_gradient: -> grad = abs(grad)
        gradient_clipped: -> grad = grad.clip(-1, 1)
        gradient_normalised: -> grad = grad / (grad**2).sum() ** 0.5
        first_step_lost: -> grad = grad if state else 0 * grad
        """,
    )

    def _made_of_gradients(right, exercise_id):
        """Versions that call the right one with other gradients or places."""

        @versions.wrong(exercise_id, remembers=True)
        def one_velocity_for_each_size():
            memory = {}

            def step(w, grad, state, **hyper):
                w, memory[w.size] = right(w, grad, memory.get(w.size, {}), **hyper)
                return w, state

            return step

        def replayed(w, past, momentum):
            kept, new = {}, w
            for grad, lr in past:
                new, kept = right(w, grad, kept, lr=lr, momentum=momentum)
            return new

        @versions.wrong(exercise_id)
        def only_the_last_ten_gradients(w, grad, state, *, lr, momentum=0.9):
            past = [*state.get("past", []), (grad, lr)][-10:]
            return replayed(w, past, momentum), {"past": past}

        @versions.right(exercise_id)
        def the_whole_history(w, grad, state, *, lr, momentum=0.9):
            past = state.setdefault("past", collections.deque())
            past.append((grad.copy(), lr))
            return replayed(w, past, momentum), state

        @versions.right(exercise_id)
        def element_by_element(w, grad, state, **hyper):
            each = state.get("each", [{}] * w.size)
            pairs = [right(a, b, s, **hyper) for a, b, s in zip(w.flat, grad.flat, each, strict=True)]
            return np.array([a for a, _ in pairs], w.dtype).reshape(w.shape), {"each": [s for _, s in pairs]}

        @versions.right(exercise_id)
        def float64_inside(w, grad, state, **hyper):
            new, state = right(w.astype(np.float64), grad.astype(np.float64), state, **hyper)
            return new.astype(w.dtype), state

    _made_of_gradients(*exercises.load(_id).right, _id)


# ---------------------------------------------------------------------------- momentum


def rescaled_moves(w, grad, state, *, lr, momentum=0.9):
    """The heavy ball: the last move, rescaled to this step's lr, without a velocity."""
    move = momentum * state.get("move", 0.0) * (lr / state.get("lr", lr)) - lr * grad
    return w + move, {"move": move, "lr": lr}


def last_move_as_velocity(w, grad, state, *, lr, momentum=0.9):
    new = w + momentum * state.get("move", 0.0) - lr * grad
    return new, {"move": new - w}


@versions.right("momentum")
def rescaled_velocity(w, grad, state, *, lr, momentum=0.9):
    """The velocity of lr inside, put right when lr changes, is lr outside."""
    u = state.get("u", 0 * w) * (lr / state.get("lr", lr))
    u = momentum * u + lr * grad
    return w - u, {"u": u, "lr": lr}


@versions.right("momentum")
def state_updated_in_place(w, grad, state, *, lr, momentum=0.9):
    buffer = state.setdefault("buffer", np.zeros(w.shape, w.dtype))
    buffer *= momentum
    buffer += grad
    return w - lr * buffer, state


@versions.wrong("momentum", "in_place")
def first_gradient_becomes_the_velocity(w, grad, state, *, lr, momentum=0.9):
    """v is the caller's first gradient itself, and the second step writes into it."""
    if "v" not in state:
        state["v"] = grad
    else:
        state["v"] *= momentum
        state["v"] += grad
    return w - lr * state["v"], state


versions.edits(
    "momentum",
    """
    bias_corrected:
        momentum * v + grad -> momentum * v + (1 - momentum) * grad
        lr * v -> lr * v / (1 - momentum ** (1 + len(state)))
    velocity_twice: lr * v -> lr * (v + momentum * state.get("v", 0.0))
    no_minus_in_memory: momentum * v + grad -> momentum * abs(v) + grad
    exponential_average = damped_gradient: momentum * v + grad -> v + (1 - momentum) * (grad - v)
    damped_step = damped_gradient: lr * v -> lr * (1 - momentum) * v
    lr_before = lr_inside_velocity:
        momentum * v + grad -> lr * grad + momentum * v
        w - step, {"v": v} -> w - v, {"v": v}
    left_in_the_old_state = velocity_not_kept: state.get("v", 0.0) -> state.get("velocity", 0.0)
    plain_descent = velocity_not_kept: momentum * v + grad -> grad
    its_own_w = keeps_own_w:
        -> w = state.get("w", w)
        {"v": v} -> {"v": v, "w": w - step}
    """,
)
wrongs("momentum", "lr_inside_velocity", last_move=last_move_as_velocity)


# ---------------------------------------------------------------------------- velocity_momentum

versions.edits(
    "velocity_momentum",
    """
    lr_on_both: w + v -> w + momentum * state.get("v", 0.0) - lr * lr * grad
    plus_in_the_velocity = wrong_sign: momentum * v - lr * grad -> momentum * v + lr * grad
    """,
)


@versions.wrong("velocity_momentum", "wrong_sign")
def moves_uphill(w, grad, state, **hyper):
    return last_move_as_velocity(w, -grad, state, **hyper)


@versions.right("velocity_momentum")
def velocity_in_the_old_array(w, grad, state, *, lr, momentum=0.9):
    v = state.setdefault("v", np.zeros(w.shape, w.dtype))
    np.multiply(v, momentum, out=v)
    np.subtract(v, lr * grad, out=v)
    return (v + w, state)


wrongs("velocity_momentum", "lr_outside_velocity", rescaled=rescaled_moves, rescaled_velocity=rescaled_velocity)
rights("momentum", rescaled_moves=rescaled_moves)
rights("velocity_momentum", moves=last_move_as_velocity)


# ---------------------------------------------------------------------------- nesterov

versions.edits(
    "nesterov",
    """
    first_step_plain: grad + momentum * v -> (grad + momentum * v if state else grad)
    double_friction: grad + momentum * v -> grad + momentum**2 * v
    average: grad + momentum * v -> (grad + v) / 2
    old_velocity = plain_momentum: grad + momentum * v -> grad + momentum * state.get("v", 0.0)
    lr_in_both_terms = lr_inside_velocity:
        momentum * v + grad -> momentum * v - lr * grad
        lr * (grad + momentum * v) -> lr * grad - momentum * v
    lecture_001 = lr_inside_velocity:
        momentum * v + grad -> momentum * v + lr * grad
        lr * (grad + momentum * v) -> (1 + momentum) * v - momentum * state.get("v", 0.0)
    """,
)


@versions.right("nesterov")
def expanded(w, grad, state, *, lr, momentum=0.9):
    v = momentum**2 * state.get("v", 0.0)
    new = {"v": momentum * state.get("v", 0.0) + grad}
    return w - lr * v - lr * (1 + momentum) * grad, new


# ---------------------------------------------------------------------------- nesterov_lookahead

versions.edits(
    "nesterov_lookahead",
    """
    first_gradient:
        grad_fn(ahead) -> state.get("g", grad_fn(w))
        {"v": v} -> {"v": v, "g": grad}
    late_gradient:
        grad = grad_fn(ahead) -> new = grad_fn(ahead); grad = state.get("g", new)
        {"v": v} -> {"v": v, "g": new}
    looks_by_0_9: w + momentum * v -> w + 0.9 * v
    rolls_by_0_9: momentum * v - lr * grad -> 0.9 * v - lr * grad
    lr_in_the_look_ahead: w + momentum * v -> w + lr * momentum * v
    two_steps_ahead: w + momentum * v -> w + 2 * momentum * v
    clipped: lr * grad -> lr * grad.clip(-1, 1)
    one_for_all: w + momentum * v -> w + momentum * np.mean(v)
    number: grad_fn(ahead) -> grad_fn(ahead.tolist())
    there_and_back = gradient_at_w: w + momentum * v -> (w + momentum * v) - momentum * v
    uphill_velocity = look_ahead_sign:
        momentum * v - lr * grad -> momentum * v + lr * grad
        w + v -> w - v
    """,
)


@versions.wrong("nesterov_lookahead", "in_place")
def moves_w_to_the_look_ahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", np.zeros_like(w))
    w += momentum * v
    grad = grad_fn(w)
    w -= lr * grad
    return w.copy(), {"v": momentum * v - lr * grad}


@versions.wrong("nesterov_lookahead", "gradient_at_w")
def moves_of_plain_momentum(w, grad_fn, state, **hyper):
    return last_move_as_velocity(w, grad_fn(w), state, **hyper)


@versions.right("nesterov_lookahead")
def in_a_closure(w, grad_fn, state, *, lr, momentum=0.9):
    roll = state.get("roll", lambda: 0 * w)()
    v = roll * momentum - np.asarray(grad_fn((w + roll * momentum).copy())) * lr
    return [w + v, {"roll": lambda: v}]


@versions.right("nesterov_lookahead")
def asked_three_times(w, grad_fn, state, lr, momentum=0.9):
    v = state.get("v") if state else np.zeros(w.shape, w.dtype)
    point = np.asfortranarray(w + momentum * v).reshape(w.shape)
    grad = (grad_fn(point) + grad_fn(point) + grad_fn(point)) / 3
    np.multiply(v, momentum, out=v)
    v -= lr * grad
    state["v"] = v
    return v + w, state


@versions.right("nesterov_lookahead")
def elementwise(w, grad_fn, state, *, lr, momentum=0.9):
    v = np.array(state.get("v", [0.0] * w.size), w.dtype).reshape(w.shape)
    grad = grad_fn(w + momentum * v)
    v = [momentum * a - lr * b for a, b in zip(v.ravel().tolist(), grad.ravel().tolist(), strict=True)]
    return (w.ravel() + np.array(v, w.dtype)).reshape(w.shape), {"v": v}


@versions.right("nesterov_lookahead")
def gradient_written_over(w, grad_fn, state, *, lr, momentum=0.9):
    """What grad_fn returned is the asker's own."""
    step = momentum * state.get("step", w - w)
    grad = grad_fn(w + step)
    grad *= -lr
    grad += step
    return np.add(w, grad), {"step": grad}


# ---------------------------------------------------------------------------- minibatches


def cut(order, size):
    return [order[k : k + size] for k in range(0, len(order), size)]


def swapping(partner):
    """A shuffle from the end to the beginning, that swaps each place with `partner(k, n, rng)`."""

    def epoch(n, batch_size, rng):
        order = np.arange(n)
        for k in range(n - 1, 0, -1):
            j = partner(k, n, rng)
            order[[k, j]] = order[[j, k]]
        return cut(order, batch_size)

    return epoch


versions.edits(
    "minibatches",
    """
    overlapping: start + batch_size -> start + batch_size + 1
    one_short: start + batch_size -> start + batch_size - 1
    last_full_batch_lost = drops_last_batch: range(0, n, batch_size) -> range(0, n - batch_size, batch_size)
    empty_batch: range(0, n, batch_size) -> range(0, n + 1, batch_size)
    copied_generator = same_order_each_epoch:
        rng.permutation(n) -> np.random.default_rng(rng.bit_generator.seed_seq).permutation(n)
    sorted_inside = not_uniform: order[start:end] -> np.sort(order[start:end])
    sorted_after = no_shuffle: rng.permutation(n) -> np.sort(rng.permutation(n))
    reversed = no_shuffle: rng.permutation(n) -> np.arange(n)[::-1]
    floats: order[start:end] -> order[start:end] * 1.0
    counted_from_one: rng.permutation(n) -> rng.permutation(n) + 1
    columns: order[start:end] -> order[start:end, None]
    masks: order[start:end] -> np.isin(np.arange(n), order[start:end])
    last_batch_joined = wrong_batch_size:
        range(0, n, batch_size) -> range(0, max(n - n % batch_size, 1), batch_size)
        order[start:end] -> order[start : end if end + batch_size <= n else n]
    one_buffer = reuses_buffer:
        order = rng.permutation(n) -> order, batch = rng.permutation(n), np.empty(batch_size, int)
        yield order[start:end] -> m = min(batch_size, n - start); batch[:m] = order[start:end]; yield batch[:m]
    """,
)
wrongs(
    "minibatches",
    "not_uniform",
    swaps_anywhere=swapping(lambda k, n, rng: int(rng.random() * n)),
    sattolo=swapping(lambda k, n, rng: rng.integers(0, k)),
    never_the_first=swapping(lambda k, n, rng: rng.integers(1, k + 1)),
    random_sort_key=lambda n, b, rng: cut(np.array(sorted(range(n), key=lambda _: rng.integers(0, 2))), b),
    all_but_the_first=lambda n, b, rng: cut(np.append(0, 1 + rng.permutation(n - 1)), b),
    cut_the_deck=lambda n, b, rng: cut(np.roll(np.arange(n), rng.integers(n, size=3).sum()), b),
)
wrongs(
    "minibatches",
    "with_replacement",
    choice=lambda n, b, rng: cut(rng.choice(n, n), b),
    choice_each=lambda n, b, rng: [rng.choice(n, min(b, n - k)) for k in range(0, n, b)],
    rounded_down=lambda n, b, rng: cut((rng.random(n) * n).astype(int), b),
)
wrongs(
    "minibatches",
    "global_generator",
    pythons=lambda n, b, rng: cut(random.sample(range(n), n), b),
    numpys=lambda n, b, rng: cut(np.random.choice(n, n, replace=False), b),  # noqa: NPY002
)
wrongs(
    "minibatches",
    "same_order_each_epoch",
    fixed=lambda n, b, _: cut(np.random.default_rng(42).permutation(n), b),
    copied=lambda n, b, rng: cut(copy.deepcopy(rng).permutation(n), b),
    global_seed=lambda n, b, rng: np.random.seed(0) or cut(np.random.permutation(n), b),  # noqa: NPY002
)
wrongs(
    "minibatches",
    "drops_last_batch",
    by_zip=lambda n, b, rng: list(zip(*[iter(rng.permutation(n).tolist())] * b, strict=False)),
    as_rows=lambda n, b, rng: rng.permutation(n)[: n // b * b].reshape(-1, b),
)
wrongs(
    "minibatches",
    "fills_last_batch",
    at_random=lambda n, b, rng: cut(np.append(rng.permutation(n), rng.integers(0, n, -n % b)), b),
)
wrongs("minibatches", "wrong_batch_size", equal=lambda n, b, rng: np.array_split(rng.permutation(n), -(-n // b)))
wrongs("minibatches", one_by_one=lambda n, b, rng: rng.permutation(n), nothing=lambda n, b, rng: None)


@versions.wrong("minibatches", "same_order_each_epoch")
def state_put_back(n, batch_size, rng):
    before = rng.bit_generator.state
    order = rng.permutation(n)
    rng.bit_generator.state = before
    return cut(order, batch_size)


@versions.wrong("minibatches", "same_order_each_epoch", remembers=True)
def shuffled_once():
    orders = {}
    return lambda n, b, rng: cut(orders.setdefault(n, rng.permutation(n)), b)


@versions.wrong("minibatches", "overwrites_earlier_result", remembers=True)
def kept_for_each_generator():
    """Only who writes into a batch sees that it comes back."""
    orders = {}
    return lambda n, b, rng: cut(orders.setdefault((str(rng.bit_generator.state), n), rng.permutation(n)), b)


@versions.wrong("minibatches", "global_generator", remembers=True)
def first_epoch_only():
    seen = collections.Counter()

    def epoch(n, batch_size, rng):
        seen[n] += 1
        return cut(rng.permutation(n) if seen[n] < 2 else np.arange(n), batch_size)

    return epoch


@versions.right("minibatches", label="a_class")
class Epoch:
    def __init__(self, n, batch_size, rng):
        self.order, self.size = rng.permuted(np.arange(n, dtype=np.uint16)), batch_size

    def __iter__(self):
        return iter(cut(self.order, self.size))


@versions.right("minibatches")
def recursion(n, batch_size, rng, order=None):
    order = rng.permutation(n).tolist() if order is None else order
    return (order[:batch_size], *recursion(n, batch_size, rng, order[batch_size:])) if order else ()


@versions.right("minibatches")
def batched(n, batch_size, rng):
    order = iter(rng.permutation(n))
    return itertools.takewhile(len, (list(itertools.islice(order, batch_size)) for _ in itertools.count()))


@versions.right("minibatches")
def from_a_hat(n, batch_size, rng):
    hat = list(range(n))
    while hat:
        batch = [hat.pop(int(rng.integers(len(hat)))) for _ in range(min(batch_size, len(hat)))]
        yield np.array(batch, dtype=np.int32)


rights(
    "minibatches",
    fisher_yates=swapping(lambda k, n, rng: rng.integers(0, k + 1)),
    choice=lambda n, b, rng: cut(rng.choice(n, size=n, replace=False), b),
    child_generator=lambda n, b, rng: cut(np.random.default_rng(rng.integers(2**60)).permutation(n), b),
    spawned=lambda n, b, rng: cut(rng.spawn(1)[0].permutation(n), b),
    by_normal_keys=lambda n, b, rng: iter(cut(rng.standard_normal(n).argsort(), b)),
    pythons_random=lambda n, b, rng: cut(random.Random(int(rng.integers(2**60))).sample(range(n), n), b),
    array_split=lambda n, b, rng: np.array_split(rng.permutation(n), np.arange(b, n, b)),
)


@pytest.mark.parametrize("seed", range(20))
def test_no_right_order_is_unlucky(seed):
    assert verdict_on("minibatches", *exercises.load("minibatches").right, seed=f"class {seed}").passed


# ---------------------------------------------------------------------------- linear_regression_gradient

versions.edits(
    "linear_regression_gradient",
    """
    residual_in_place = in_place: residual = x @ w - y -> y -= x @ w; residual = -y
    sum_in_float64 = changes_dtype: total / len(y) -> total / np.float64(len(y))
    column: total / len(y) -> total[:, None] / len(y)
    broadcast:
        x @ w - y -> (x @ w)[:, None] - y
        total / len(y) -> total.mean(axis=1) / len(y)
    squeezed: x.T @ residual -> np.squeeze(x).T @ residual
    axis_by_shape: x.T @ residual -> (residual @ x if len(x) != len(w) else x @ residual)
    n_by_shape: len(y) -> max(x.shape)
    by_n_minus_one_and_nan = n_minus_one: total / len(y) -> total / (len(y) - 1 or 1)
    floored: total / len(y) -> total // len(y)
    centred: x.T @ residual -> (x - x.mean(0)).T @ residual
    absolute_error: x.T @ residual -> x.T @ np.sign(residual)
    clipped: x.T @ residual -> x.T @ np.clip(residual, -1, 1)
    normalised: total / len(y) -> total / np.linalg.norm(total)
    mean_of_products: total / len(y) -> x.mean(0) * residual.mean()
    hidden_bias: x @ w - y -> x @ w + 1e-3 - y
    ridge: total / len(y) -> total / len(y) + 1e-4 * w
    root_of_n: len(y) -> np.sqrt(len(y))
    first_32: -> x, y = x[:32], y[:32]
    sum_of_rows = sum_not_mean: total / len(y) -> (residual[:, None] * x).sum(axis=0)
    sum_of_samples = sum_not_mean: total / len(y) -> sum(r * row for r, row in zip(residual, x))
    mean_of_rows = half_missing: total / len(y) -> 2 * np.mean(residual[:, None] * x, axis=0)
    minus_two = half_missing: total / len(y) -> -2 / len(y) * (y - x @ w) @ x
    """,
)


@versions.wrong("linear_regression_gradient", "overwrites_earlier_result", remembers=True)
def gradient_into_one_buffer():
    buffers = {}

    def gradient(w, x, y):
        return np.divide(x.T @ (x @ w - y), len(y), out=buffers.setdefault((w.shape, w.dtype), np.empty_like(w)))

    return gradient


@versions.wrong("linear_regression_gradient", remembers=True)
def gram_matrix_kept_for_each_shape():
    kept = {}

    def gradient(w, x, y):
        gram = kept.setdefault(x.shape, x.T @ x)
        return (gram @ w - x.T @ y) / len(y)

    return gradient


@versions.right("linear_regression_gradient")
def in_pure_python(w, x, y):
    errors = [sum(a * b for a, b in zip(row, w, strict=True)) - target for row, target in zip(x, y, strict=True)]
    return np.array([math.fsum(e * v for e, v in zip(errors, column, strict=True)) / len(x) for column in x.T], x.dtype)


rights(
    "linear_regression_gradient",
    normal_equations=lambda w, x, y: (x.T @ x) @ w / len(x) - (x.T @ y) / len(x),
    einsum=lambda w, x, y: np.einsum("nd,n->d", x, np.einsum("nd,d->n", x, w) - y) / y.shape[0],
    average=lambda w, x, y: np.average(x * (x @ w - y).reshape(-1, 1), axis=0),
    vecmat=lambda w, x, y: (x @ w - y) @ x / x.shape[0],
    outer=lambda w, x, y: np.array([np.dot(col, np.dot(x, w) - y) / col.size for col in x.T], dtype=w.dtype),
    minus=lambda w, x, y: -(x.T / len(y)) @ (y - np.matmul(x, w)),
    bordered=lambda w, x, y: (np.c_[x, y].T @ np.c_[x, y] @ np.append(w, -w.dtype.type(1)))[:-1] / len(x),
    halves=lambda w, x, y: 0.5 * (2 / len(y)) * (x @ w - y) @ x,
)


# ---------------------------------------------------------------------------- largest_stable_lr


def lam(H):
    return np.linalg.eigvalsh(H)


def power_iteration(H, steps=500):
    v = np.cos(np.arange(len(H)) + 1.0)
    for _ in range(steps):
        v = H @ v
        v /= np.linalg.norm(v)
    return 2.0 / float(v @ H @ v)


@versions.right("largest_stable_lr")
def bisection(H):
    """The largest lr for which 2/lr I - H is positive definite."""
    low, high = 0.0, 4 * float(np.trace(H))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if lam(H - middle * np.eye(len(H)))[-1] > 0 else (low, middle)
    return 2 / high


@versions.wrong("largest_stable_lr", remembers=True)
def kept_for_each_size():
    kept = {}
    return lambda H: kept.setdefault(H.shape, 2 / lam(H)[-1])


versions.edits(
    "largest_stable_lr",
    """
    scaled_in_place = in_place: return 2.0 / steepest -> H /= steepest; return 2.0 / steepest
    last_of_eigvals: np.linalg.eigvalsh(H).max() -> np.linalg.eigvals(H)[-1].real
    first_of_eigvals: np.linalg.eigvalsh(H).max() -> np.linalg.eigvals(H)[0].real
    safe_below: 2.0 / steepest -> 2.0 / (steepest + 1e-8)
    squared: np.linalg.eigvalsh(H) -> np.linalg.eigvalsh(H @ H)
    clipped: 2.0 / steepest -> min(1e3, 2.0 / steepest)
    four: 2.0 / steepest -> 4.0 / steepest
    second: np.linalg.eigvalsh(H).max() -> np.sort(np.linalg.eigvalsh(H))[-min(2, len(H))]
    of_a_vector: np.linalg.eigvalsh(H).max() -> np.linalg.norm(H, axis=0).max()
    rounded: 2.0 / steepest -> round(float(2.0 / steepest), 6)
    of_the_sum = one_over_lambda_max: np.linalg.eigvalsh(H) -> np.linalg.eigvalsh(H + H.T)
    one_over_the_norm = one_over_lambda_max: 2.0 / steepest -> 1.0 / np.linalg.norm(H, 2)
    """,
)
wrongs("largest_stable_lr", few_iterations=functools.partial(power_iteration, steps=5))
rights(
    "largest_stable_lr",
    power_iteration=power_iteration,
    singular_values=lambda H: 2 / np.linalg.svd(H, compute_uv=False)[0],
    per_eigenvalue=lambda H: float((2 / lam(H)).min()),
    zero_d=lambda H: np.array(2 / np.sort(np.linalg.eigvals(H).real)[-1]),
    per_axis=lambda H: min(2 / value for value in np.linalg.eigh(H).eigenvalues.tolist()),
    root_of_square=lambda H: 2 / math.sqrt(lam(H @ H.T).max()),
    real_or_not=lambda H: 2 / np.linalg.eigvals(H).max(),
)


# ---------------------------------------------------------------------------- classify_critical_point


def kind(values, zero):
    up, down = (values > zero).any(), (values < -zero).any()
    if up and down:
        return "saddle"
    return "minimum" if (values > zero).all() else "maximum" if (values < -zero).all() else "degenerate"


def size(H):
    return np.abs(lam(H)).max()


def is_definite(H):
    try:
        return np.linalg.cholesky(H) is not None
    except np.linalg.LinAlgError:
        return False


def by_trace(zero_answer, tolerance=0.0):
    def classify(H):
        total = sum(H[i, i] for i in range(len(H)))
        return zero_answer if abs(total) <= tolerance else "minimum" if total > 0 else "maximum"

    return classify


versions.edits(
    "classify_critical_point",
    """
    shifted_in_place = in_place: return "minimum" if up else "maximum" -> H -= H; return "minimum" if up else "maximum"
    strictly_below: np.abs(curvatures) <= zero -> np.abs(curvatures) < zero
    tolerance_of_1e_4: 1e-8 * np.abs(curvatures).max() -> 1e-4 * np.abs(curvatures).max()
    product_of_extremes: up and down -> curvatures[0] * curvatures[-1] < -zero
    of_the_smallest = no_tolerance: np.abs(curvatures).max() -> np.abs(curvatures).min()
    condition = zero_before_saddle: if up and down: return "saddle" -> if np.linalg.cond(H) >= 1e8: return "degenerate"
        if (np.abs(curvatures) <= zero).any(): return "degenerate" -> if up and down: return "saddle"
    """,
)
wrongs(
    "classify_critical_point",
    first_and_last=lambda H: kind(np.linalg.eigvals(H).real[[0, -1]], 1e-8 * size(H)),
    capital=lambda H: kind(lam(H), 1e-8 * size(H)).capitalize(),
    bytes_=lambda H: kind(lam(H), 1e-8 * size(H)).encode(),
    row_sums=lambda H: kind(H.sum(axis=1), 1e-8 * np.abs(H).max()),
)
wrongs(
    "classify_critical_point",
    "absolute_tolerance",
    isclose=lambda H: kind(np.where(np.isclose(lam(H), 0), 0, lam(H)), 0.0),
    rounded=lambda H: kind(np.round(lam(H), 8), 0.0),
    fixed=lambda H: kind(lam(H), 1e-10),
)
wrongs(
    "classify_critical_point",
    "sign_of_trace",
    trace_or_saddle=by_trace("saddle"),
    trace_or_degenerate=by_trace("degenerate"),
    sum_of_eigenvalues=lambda H: by_trace("saddle")(np.diag(lam(H))),
    trace_with_tolerance=by_trace("degenerate", 1e-8),
    trace_alone=lambda H: "minimum" if np.trace(H) > 0 else "maximum",
)
wrongs(
    "classify_critical_point",
    "absolute_tolerance",
    "zero_before_saddle",
    determinant_is_zero=lambda H: "degenerate" if abs(np.linalg.det(H)) <= 1e-8 else kind(lam(H), 0.0),
)
wrongs(
    "classify_critical_point",
    "no_tolerance",
    "flat_is_saddle",
    cholesky=lambda H: "minimum" if is_definite(H) else "maximum" if is_definite(-H) else "saddle",
)


@versions.wrong("classify_critical_point", "no_tolerance")
def by_rank(H):
    if np.linalg.matrix_rank(H) < len(H):
        return "degenerate" if (lam(H) > -1e-12).all() or (lam(H) < 1e-12).all() else "saddle"
    return kind(lam(H), 0.0)


@versions.wrong("classify_critical_point", remembers=True)
def kind_kept_for_each_size():
    kept = {}
    return lambda H: kept.setdefault(H.shape, kind(lam(H), 1e-8 * size(H)))


@versions.right("classify_critical_point")
def by_sets(H):
    found = {0 if abs(v) <= 1e-8 * size(H) else math.copysign(1, v) for v in np.linalg.eigh(H)[0].tolist()}
    if found >= {1, -1}:
        return "saddle"
    return {frozenset({1.0}): "minimum", frozenset({-1.0}): "maximum"}.get(frozenset(found), "degenerate")


@versions.right("classify_critical_point")
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


@versions.right("classify_critical_point")
def by_sorting(H):
    curvatures = sorted(np.linalg.eigh(H).eigenvalues.tolist(), key=abs)
    signs = {curvature > 0 for curvature in curvatures if abs(curvature) > 1e-8 * abs(curvatures[-1])}
    if len(signs) == 2:
        return "saddle"
    return (
        "degenerate" if abs(curvatures[0]) <= 1e-8 * abs(curvatures[-1]) else "minimum" if True in signs else "maximum"
    )


class Kind(str):
    __slots__ = ()


rights(
    "classify_critical_point",
    a_string_of_its_own=lambda H: Kind(kind(lam(H), 1e-8 * size(H))),
    numpys_string=lambda H: np.str_(kind(lam(H), 1e-8 * size(H))),
    scaled=lambda H: kind(lam(H / size(H)), 1e-8) if H.any() else "degenerate",
    rotated=lambda H: kind(np.diag((Q := np.linalg.eigh(H).eigenvectors).T @ H @ Q), 1e-8 * size(H)),
    norm=lambda H: kind(lam(H)[::-1], 1e-8 * np.linalg.norm(lam(H), np.inf)),
)


@pytest.mark.parametrize("exercise_id", ["classify_critical_point", "largest_stable_lr"])
def test_no_verdict_hangs_on_the_last_bits_of_a_hessian(exercise_id):
    """Another processor rounds otherwise: as if the Hessian were another one, by some 1e-16 of each number."""
    rng = np.random.default_rng(0)

    def rounded_otherwise(function):
        def classify(H):
            noise = rng.uniform(-1e-15, 1e-15, H.shape)
            return function(H * (1 + noise + noise.T))

        return classify

    exercise = exercises.load(exercise_id)
    for functions in (exercise.right, *exercise.alternatives):
        assert verdict_on(exercise_id, rounded_otherwise(*functions)).passed
    for mistake in exercise.mistakes:
        assert verdict_on(exercise_id, rounded_otherwise(*mistake.functions)).mistakes == [mistake.name]


# ---------------------------------------------------------------------------- schedules

SCHEDULES = ["step_decay", "exponential_decay", "inverse_time_decay", "cosine_decay", "linear_warmup"]

for _id in SCHEDULES:

    def _made_of_schedule(right, exercise_id):
        @versions.wrong(exercise_id, remembers=True)
        def counts_its_calls():
            calls = itertools.count()
            return lambda lr0, t, **keywords: right(lr0, next(calls), **keywords)

        @versions.wrong(exercise_id, remembers=True)
        def remembers_each_t():
            rates = {}
            return lambda lr0, t, **keywords: rates.setdefault(t, right(lr0, t, **keywords))

        wrongs(
            exercise_id,
            rounded=lambda lr0, t, **keywords: round(right(lr0, t, **keywords), 3),
            at_least=lambda lr0, t, **keywords: max(right(lr0, t, **keywords), 0.05 * lr0),
            in_a_list=lambda lr0, t, **keywords: [right(lr0, t, **keywords)],
            in_a_vector=lambda lr0, t, **keywords: np.array([right(lr0, t, **keywords)]),
            up_to_7=lambda lr0, t, **keywords: right(lr0, min(t, 7), **keywords),
            at_most_0_04=lambda lr0, t, **keywords: min(right(lr0, t, **keywords), 0.04),
        )
        rights(
            exercise_id,
            float64=lambda lr0, t, **keywords: np.float64(right(lr0, t, **keywords)),
            zero_d=lambda lr0, t, **keywords: np.asarray(right(lr0, t, **keywords)),
            by_place=lambda lr0, t, **keywords: right(lr0=lr0, t=float(t) // 1, **keywords),
        )

    _made_of_schedule(*exercises.load(_id).right, _id)


def running(rate):
    """A schedule as a running product, one factor a step."""
    return lambda lr0, t, **keywords: functools.reduce(lambda lr, s: lr * rate(s, **keywords), range(1, t + 1), lr0)


versions.edits(
    "step_decay",
    """
    one_stair_down: t // step_size -> t // step_size + 1
    gamma_of_0_7: -> gamma = 0.7
    subtracts: lr0 * gamma**stairs -> lr0 - lr0 * (1 - gamma) * stairs
    exponential: gamma**stairs -> math.exp(-gamma * stairs)
    with_a_logarithm = no_staircase: gamma**stairs -> math.exp(math.log(gamma) * t / step_size)
    factor_of_a_step = no_staircase: gamma**stairs -> (gamma ** (1 / step_size)) ** t
    counted_edges = one_step_early: t // step_size -> len(range(step_size, t + 2, step_size))
    early_product = one_step_early: gamma**stairs -> math.prod(gamma for s in range(1, t + 2) if s % step_size == 0)
    late_product = one_step_late: gamma**stairs -> math.prod(gamma for s in range(1, t) if s % step_size == 0)
    divides = grows: lr0 * gamma**stairs -> lr0 / gamma**stairs
    """,
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

versions.edits(
    "exponential_decay",
    """
    squared: -k * t -> -k * t * t
    added: lr0 * share -> share - 1 + lr0
    series: math.exp(-k * t) -> max(0, 1 - k * t + (k * t) ** 2 / 2)
    to_the_lr0: -k * t -> -k * t * lr0
    power = k_as_factor: lr0 * share -> np.multiply(lr0, np.power(k, float(t)))
    product = k_as_factor: math.exp(-k * t) -> math.prod([k] * t)
    one_more = off_by_one: math.exp(-k * t) -> math.exp(-k) ** (1 + t)
    one_less = off_by_one: -k * t -> -k * (t - 1)
    one_less_from_1 = off_by_one: -k * t -> -k * max(t - 1, 0)
    """,
)
wrongs("exponential_decay", "k_as_factor", running=running(lambda s, k: k))
rights(
    "exponential_decay",
    running_product=running(lambda s, k: math.exp(-k)),
    power_of_e=lambda lr0, t, *, k: lr0 * math.e ** -(k * t),
    expm1=lambda lr0, t, *, k: lr0 + lr0 * math.expm1(-k * t),
    inverse=lambda lr0, t, *, k: lr0 / math.exp(k) ** t,
    hyperbolic=lambda lr0, t, *, k: lr0 * (math.cosh(k * t) - math.sinh(k * t)) if k * t < 3 else lr0 * np.exp(-t * k),
    recursion=(recursive := lambda lr0, t, *, k: lr0 if t == 0 else math.exp(-k) * recursive(lr0, t - 1, k=k)),
)

versions.edits(
    "inverse_time_decay",
    """
    squared: lr0 / slowdown -> lr0 / slowdown**2
    k_plus_t: 1 + k * t -> 1 + k + t
    one_over_k: 1 + k * t -> 1 + (t / k if k else 0)
    floored: 1 + k * t -> 1 + int(k * t)
    one_more = off_by_one: 1 + k * t -> 1 + k + k * t
    one_less_from_1 = off_by_one: 1 + k * t -> 1 + k * max(t - 1, 0)
    one_less = off_by_one: 1 + k * t -> 1 + k * (t - 1)
    """,
)
wrongs("inverse_time_decay", "compounded", running=running(lambda s, k: 1 / (1 + k * s)))
rights(
    "inverse_time_decay",
    what_is_lost=lambda lr0, t, *, k: lr0 - lr0 * k * t / (1 + k * t),
    power=lambda lr0, t, *, k: lr0 * (1.0 + k * t) ** -1,
    fraction=lambda lr0, t, *, k: float(Fraction(lr0) / (1 + Fraction(k) * t)),
    reciprocal=lambda lr0, t, *, k: lr0 * np.reciprocal(1.0 + k * t),
    recursion=lambda lr0, t, *, k: functools.reduce(lambda lr, _: lr / (1 + k * lr / lr0), range(t), lr0),
)

versions.edits(
    "cosine_decay",
    """
    default_of_0_002: lr_min=0.0 -> lr_min=0.002
    sine: share = (1 + math.cos(math.pi * t / t_max)) / 2 -> share = 1 - math.sin(math.pi / 2 * t / t_max)
    linear: (1 + math.cos(math.pi * t / t_max)) / 2 -> 1 - t / t_max
    whole_t: math.pi * t / t_max -> math.pi * (t // t_max)
    minimum_of_lr0: (lr0 - lr_min) * share -> lr0 * (lr_min + (1 - lr_min) * share) - lr_min
    minimum_twice: -> lr_min = 2 * lr_min
    half_of_minimum: lr_min + (lr0 - lr_min) * share -> (lr0 + lr_min) * share
    squared_cosine = climbs_after_t_max:
        t = min(t, t_max) ->
        (1 + math.cos(math.pi * t / t_max)) / 2 -> math.cos(math.pi * t / t_max / 2) ** 2
    there_and_back = climbs_after_t_max: min(t, t_max) -> min(t % (2 * t_max), -t % (2 * t_max))
    remainder = restarts: min(t, t_max) -> t - t // t_max * t_max
    one_more = off_by_one: min(t, t_max) -> min(t + 1, t_max)
    one_less = off_by_one: min(t, t_max) -> min(t - 1, t_max)
    one_less_from_1 = off_by_one: min(t, t_max) -> min(max(t - 1, 0), t_max)
    """,
)


def falling(share):
    """A schedule from lr0 to lr_min by a share of the way, which is 0 at the start and 1 from t_max on."""
    return lambda lr0, t, *, t_max, lr_min=0.0: lr_min + (lr0 - lr_min) * share(min(1, t / t_max))


rights(
    "cosine_decay",
    clipped=falling(lambda u: 0.5 + 0.5 * np.cos(np.pi * np.clip(u, 0, 1))),
    interpolated=falling(lambda u: np.interp(np.cos(np.pi * u), [-1, 1], [0, 1])),
    complex_=falling(lambda u: abs(1 + np.exp(1j * np.pi * u)) ** 2 / 4),
    mean_of_both=lambda lr0, t, *, t_max, lr_min=0.0: (
        (lr0 + lr_min) / 2 + (lr0 - lr_min) / 2 * math.sin(math.pi / 2 - math.pi * min(t / t_max, 1))
    ),
    weights=lambda lr0, t, *, t_max, lr_min=0.0: (
        lr_min if t > t_max else lr0 * (c := math.cos(math.pi * t / t_max / 2) ** 2) + lr_min * (1 - c)
    ),
)

versions.edits(
    "linear_warmup",
    """
    squared: min(1.0, share) -> min(1.0, share**2)
    two_ahead: t + 1 -> t + 2
    exponential: min(1.0, share) -> 1 - np.exp(-share)
    cosine: min(1.0, share) -> (1 - np.cos(np.pi * min(1.0, share))) / 2
    tenth: (t + 1) / warmup -> 0.1 + 0.9 * t / warmup
    falls: min(1.0, share) -> max(0.0, 1 - t / warmup)
    branch = starts_at_zero: lr0 * min(1.0, share) -> lr0 * t / warmup if t < warmup else lr0
    table = starts_at_zero: lr0 * min(1.0, share) -> np.linspace(0, lr0, warmup + 1)[min(t, warmup)]
    guarded = zero_to_full: (t + 1) / warmup -> t / max(warmup - 1, 1)
    slope = no_ceiling: lr0 * min(1.0, share) -> lr0 / warmup * (1 + t)
    """,
)
rights(
    "linear_warmup",
    with_a_branch=lambda lr0, t, *, warmup: lr0 if t + 1 >= warmup else lr0 / warmup + t * lr0 / warmup,
    interp=lambda lr0, t, *, warmup: np.interp(t + 1, [0, warmup], [0, lr0]),
    repeated=lambda lr0, t, *, warmup: sum(lr0 / warmup for _ in range(min(t + 1, warmup))),
    branch=lambda lr0, t, *, warmup: lr0 * (t + 1) / warmup if t < warmup else lr0,
    sorted_=lambda lr0, t, *, warmup: sorted([0.0, lr0 * (t + 1) / warmup, lr0])[1],
    positive_part=lambda lr0, t, *, warmup: lr0 - lr0 * max(0, warmup - t - 1) / warmup,
)

# ---------------------------------------------------------------------------- training_loop

versions.edits(
    "training_loop",
    """
    clipped: step(w, grad, state, lr=lr) -> step(w, np.clip(grad, -0.1, 0.1), state, lr=lr)
    added_up:
        losses = [] -> losses, total = [], dict.fromkeys(params, 0.0)
        params[name], grads[name], states[name] -> params[name], total[name] + grads[name], states[name]
        losses.append(loss) -> losses.append(loss); total = {n: total[n] + g for n, g in grads.items()}
    first_batch_left_out: losses.append(loss) -> losses.append(loss) if t else None
    loss_before_alone = last_loss_alone: losses.append(loss) -> losses = [loss]
    rate_of_the_end: schedule(t) -> schedule(max(t, 1))
    state_of_the_start: states[name] = state -> states[name] = states[name] or state
    into_the_arrays = in_place: params[name] = w -> params[name][...] = w
    shapes_share: states[name] = state -> states.update({n: state for n in states if params[n].shape == w.shape})
    at_most_five: enumerate(batches) -> zip(range(5), batches)
    losses_in_an_array: return params, losses -> return params, np.array(losses)
    params_alone: return params, losses -> return params
    reversed_batches: enumerate(batches) -> enumerate(list(batches)[::-1])
    """,
)


def by_next(params, loss_and_grads, step, batches, schedule):
    params, losses, memory, batches = {**params}, [], collections.defaultdict(dict), iter(batches)
    while (batch := next(batches, None)) is not None:
        loss, grads = loss_and_grads(params, batch)
        lr = schedule(len(losses))
        for name in sorted(params):
            params[name], memory[name] = step(params[name], grads[name], memory[name], lr=lr)
        losses += [loss]
    return params, losses


def by_reduce(params, loss_and_grads, step, batches, schedule):
    def one(so_far, numbered):
        (params, states, losses), (t, batch) = so_far, numbered
        loss, grads = loss_and_grads(params, batch)
        new = {name: step(w, grads[name], states[name], lr=schedule(t)) for name, w in params.items()}
        return {n: w for n, (w, _) in new.items()}, {n: state for n, (_, state) in new.items()}, (*losses, loss)

    params, _, losses = functools.reduce(one, enumerate(batches), (dict(params), {name: {} for name in params}, ()))
    return params, losses


def deep_copies(params, loss_and_grads, step, batches, schedule):
    now, losses, states = copy.deepcopy(params), [], [{} for _ in params]
    for t, batch in enumerate(batches):
        loss, grads = loss_and_grads(copy.deepcopy(now), batch)
        losses.append(float(loss))
        for k, name in enumerate(now):
            w, states[k] = step(now[name], grads[name], states[k], lr=schedule(t))
            now[name] = w.copy()
    return [now, losses]


rights("training_loop", by_next=by_next, by_reduce=by_reduce, deep_copies=deep_copies)


def test_what_the_training_loop_is_compared_with_is_pytorchs_own_and_learns():
    problem = _training.Problem(np.random.default_rng(0), Case("", batches=20, step="heavy"))
    params, losses = training_loop.trained(problem)
    tensors = [{name: torch.tensor(w) for name, w in each.items()} for each in (problem.params, params)]
    before, after = (float(problem.loss(each, np.arange(24))) for each in tensors)
    assert len(losses) == 20 and after < 0.8 * before


def test_gradients_by_hand_are_those_of_autograd():
    problem = _training.Problem(np.random.default_rng(0), Case("", batches=1))
    ours = _training.by_hand(problem, problem.params, problem.batches[0])
    theirs = _training.slopes(problem, problem.params, problem.batches[0])
    assert ours[0] == pytest.approx(theirs[0], rel=1e-12)
    for name in problem.params:
        np.testing.assert_allclose(ours[1][name], theirs[1][name], rtol=1e-10)


def test_what_is_no_batch_and_no_parameters_is_refused_by_name():
    problem = _training.Problem(np.random.default_rng(0), Case("", batches=2))
    for args, words in (
        ((problem.params,), "two arguments"),
        (({"W": problem.params["W"]}, problem.batches[0]), "keys"),
        ((problem.params | {"b": np.zeros(3)}, problem.batches[0]), "shape"),
        ((problem.params, np.array([0])), "one of those in batches"),
    ):
        with pytest.raises(ValueError, match=words):
            problem.loss_and_grads(*args)
    with pytest.raises(ValueError, match="steps taken so far"):
        problem.schedule(-1)


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()
