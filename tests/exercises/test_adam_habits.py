"""What students do with any adaptive optimizer, wrong and right, tried on each of them."""

import collections
import itertools

import numpy as np
import pytest

from autograder import exercises
from autograder.judge import Slip
from autograder.judge.compare import difference
from autograder.judge.judging import draw
from autograder.judge.mistakes import Solution
from autograder.judge.script import LocalCaller

from .versions import Versions

DEFAULTS = {
    "adagrad": {"lr": "0.01", "eps": "1e-10"},
    "rmsprop": {"lr": "0.01", "alpha": "0.99", "eps": "1e-8"},
    "adadelta": {"lr": "1.0", "rho": "0.9", "eps": "1e-6"},
    **{
        name: {"lr": "1e-3", "betas": "(0.9, 0.999)", "eps": "1e-8"} for name in ("adam_uncorrected", "adam", "amsgrad")
    },
    "adam_l2": {"lr": "1e-3", "betas": "(0.9, 0.999)", "eps": "1e-8", "weight_decay": "0.0"},
    "adamw": {"lr": "1e-3", "betas": "(0.9, 0.999)", "eps": "1e-8", "weight_decay": "1e-2"},
    "nadam": {"lr": "2e-3", "betas": "(0.9, 0.999)", "eps": "1e-8", "momentum_decay": "4e-3"},
}
OTHER_DEFAULTS = {
    "lr": "3e-4",
    "eps": "1.1e-7",
    "betas": "(0.9, 0.99)",
    "alpha": "0.9",
    "rho": "0.95",
    "weight_decay": "0.1",
    "momentum_decay": "5e-3",
}
EDITS = {
    "gradient_clipped": {"": "grad = np.clip(grad, -1, 1)"},
    "huge_gradient_clipped": {"": "grad = np.clip(grad, -1e6, 1e6)"},
    "gradient_normalised": {"": "grad = grad / (np.linalg.norm(grad) + 1e-12)"},
    "absolute_gradient": {"": "grad = abs(grad)"},
    "gradient_rounded": {"": "grad = np.round(grad, 6)"},
    "gradient_in_columns": {"": 'grad = grad.ravel("F").reshape(grad.shape)'},
    "tenfold_eps": {"": "eps = 10 * eps"},
    "eps_at_least": {"": "eps = max(eps, 1e-5)"},
    "half_lr": {"": "lr = lr / 2"},
    "lr_at_most": {"": "lr = min(lr, 0.09)"},
    "step_clipped": {"w - step": "w - np.clip(step, -0.02, 0.02)"},
    "result_rounded": {"w - step": "np.round(w - step, 5)"},
    "first_row_only": {"w - step": "w - step * (np.cumsum(np.ones_like(w), axis=0) == 1)"},
    "through_float32": {"w - step": "(w - step).astype(np.float32).astype(w.dtype)"},
    "a_little_decay": {"w - step": "w - step - 1e-5 * w"},
}


# Makers of wrong functions, of a right one


def first_lr_for_ever(right):
    def step(w, grad, state, **hyper):
        first = state.get("first", hyper.get("lr"))
        w, kept = right(w, grad, state, **{**hyper, **({"lr": first} if first else {})})
        return w, {**kept, "first": first}

    return step


def forgets_when_lr_changes(right):
    def step(w, grad, state, **hyper):
        w, kept = right(w, grad, state if state.get("last") == hyper.get("lr") else {}, **hyper)
        return w, {**kept, "last": hyper.get("lr")}

    return step


def stops_after_50_steps(right):
    def step(w, grad, state, **hyper):
        calls = state.get("calls", 0) + 1
        new, kept = right(w, grad, state, **hyper)
        return (new if calls <= 50 else 1.0 * w), {**kept, "calls": calls}

    return step


def restarts_after_50_steps(right):
    def step(w, grad, state, **hyper):
        calls = state.get("calls", 0) + 1
        w, kept = right(w, grad, state if calls != 51 else {}, **hyper)
        return w, {**kept, "calls": calls}

    return step


def memory_by_place(right):
    """As many memories as there are parameters in turn, found by counting: nobody says how many there are."""
    memories, calls = [{}, {}], itertools.count()

    def step(w, grad, state, **hyper):
        k = next(calls) % 2
        w, memories[k] = right(w, grad, memories[k] if state else {}, **hyper)
        return w, {"started": True}

    return step


def only_matrices(right):
    """Vectors, such as biases, are left to plain descent."""

    def step(w, grad, state, *, lr=0.01, **hyper):
        return right(w, grad, state, lr=lr, **hyper) if w.ndim > 1 else (w - lr * grad, state)

    return step


def skips_zero_gradients(right):
    def step(w, grad, state, **hyper):
        return right(w, grad, state, **hyper) if grad.any() else (w, state)

    return step


def w_alone(right):
    return lambda w, grad, state, **hyper: right(w, grad, state, **hyper)[0]


def swapped(right):
    return lambda w, grad, state, **hyper: right(w, grad, state, **hyper)[::-1]


def nothing_returned(right):
    def step(w, grad, state, **hyper):
        right(w, grad, state, **hyper)

    return step


HABITS = (
    first_lr_for_ever,
    forgets_when_lr_changes,
    stops_after_50_steps,
    restarts_after_50_steps,
    memory_by_place,
    only_matrices,
    skips_zero_gradients,
    w_alone,
    swapped,
    nothing_returned,
)


def slipped():
    """What is only asked whether it loses points: recognition takes most of the time."""
    for exercise_id, defaults in DEFAULTS.items():
        right = exercises.load(exercise_id).right
        others = {f"default_of_{k}": {f"{k}={v}": f"{k}={OTHER_DEFAULTS[k]}"} for k, v in defaults.items()}
        for label, edits in {**EDITS, **others}.items():
            made = Solution(right).bound(Slip(label, edits, "-")).functions
            yield pytest.param(exercise_id, made[0], id=f"{exercise_id}-{label}")
        for habit in HABITS:
            if (exercise_id, habit) != ("adagrad", skips_zero_gradients):
                yield pytest.param(exercise_id, habit(right[0]), id=f"{exercise_id}-{habit.__name__}")


@pytest.mark.parametrize(("exercise_id", "function"), list(slipped()))
def test_a_slip_loses_points(exercise_id, function):
    drawn = draw(exercises.load(exercise_id), "secret")
    lost, all_points = 0.0, sum(item.case.weight for item in drawn)
    for item in drawn:
        outcome = LocalCaller((function,)).run(item.probe.script)
        wants = item.probe.script.wants
        if outcome.failure or any(map(difference, outcome.values, wants)):
            lost += item.case.weight
        if lost > 0.04 * all_points:
            return
    pytest.fail(f"it loses only {lost} of {all_points}")


# Makers of functions that are wrong and known


def shares_its_memory(right):
    memory = {}

    def step(w, grad, state, **hyper):
        w, memory[w.shape] = right(w, grad, memory.get(w.shape, {}), **hyper)
        return w, state

    return step


def computes_in_float64(right):
    def step(w, grad, state, **hyper):
        return right(w, grad + np.zeros(w.shape), state, **hyper)

    return step


def starts_from_its_own_w(right):
    def step(w, grad, state, **hyper):
        w, kept = right(state.get("w", w), grad, state, **hyper)
        return w, {**kept, "w": w}

    return step


def writes_into_one_buffer(right):
    def step(w, grad, state, **hyper):
        new, kept = right(w, grad, state, **hyper)
        out = state.get("out", np.empty_like(w))
        out[...] = new
        return out, {**kept, "out": out}

    return step


def writes_into_w(right):
    def step(w, grad, state, **hyper):
        w[...], kept = right(w, grad, state, **hyper)
        return w.copy(), kept

    return step


def writes_into_the_gradient(right):
    def step(w, grad, state, **hyper):
        new, kept = right(w, grad, state, **hyper)
        np.square(grad, out=grad)
        return new, kept

    return step


# Makers of right functions in other styles


def memory_in_a_tuple(right):
    def step(w, grad, state, **hyper):
        steps, memory = state.get("all", (0, {}))
        w, memory = right(w, grad, memory, **hyper)
        return [w, {"all": (steps + 1, memory)}]

    return step


def no_dict_at_all(right):
    Memory = collections.namedtuple("Memory", "inside")

    def step(w, grad, state, **hyper):
        w, memory = right(w, grad, state.inside if state else {}, **hyper)
        return np.array(w, order="F"), Memory(memory)

    return step


def the_same_dict(right):
    def step(w, grad, state, **hyper):
        w, kept = right(w, grad, state, **hyper)
        state.update(kept)
        return w, state

    return step


def an_object(right):
    class Rule:
        memory = {}

        def apply(self, w, grad, **hyper):
            w, self.memory = right(w, grad, self.memory, **hyper)
            return w

    def step(w, grad, state, **hyper):
        rule = state.get("rule") or Rule()
        return rule.apply(w, grad, **hyper), {"rule": rule}

    return step


def float64_inside(right):
    def step(w, grad, state, **hyper):
        new, kept = right(w.astype(np.float64), grad.astype(np.float64), state, **hyper)
        return new.astype(w.dtype), kept

    return step


def in_two_halves(right):
    def step(w, grad, state, **hyper):
        parts = np.array_split(w.ravel(), 2), np.array_split(grad.ravel(), 2)
        done = [right(a, g, state.get(k, {}), **hyper) for k, (a, g) in enumerate(zip(*parts, strict=True))]
        return np.concatenate([new for new, _ in done]).reshape(w.shape), {k: s for k, (_, s) in enumerate(done)}

    return step


def number_by_number(right):
    def step(w, grad, state, **hyper):
        pairs = zip(w.ravel().astype(float), grad.ravel().astype(float), strict=True)
        done = [right(a, g, state.get(k, {}), **hyper) for k, (a, g) in enumerate(pairs)]
        new = np.array([float(a) for a, _ in done], dtype=w.dtype).reshape(w.shape)
        return new, {k: memory for k, (_, memory) in enumerate(done)}

    return step


def from_the_beginning(right):
    """The whole history replayed in each step: of past gradients, and of the w and lr that they met."""

    def step(w, grad, state, **hyper):
        past, memory = [*state.get("past", ()), (w, grad, hyper)], {}
        for old, g, passed in past:
            new, memory = right(old, g, memory, **passed)
        return new, {"past": past}

    return step


versions = Versions()
WRONG = {
    shares_its_memory: "shared_memory",
    computes_in_float64: "changes_dtype",
    starts_from_its_own_w: "keeps_own_w",
    writes_into_one_buffer: "overwrites_earlier_result",
    writes_into_w: "in_place",
    writes_into_the_gradient: "in_place",
}
RIGHT = (
    memory_in_a_tuple,
    no_dict_at_all,
    the_same_dict,
    an_object,
    float64_inside,
    in_two_halves,
    number_by_number,
    from_the_beginning,
)
for _id in DEFAULTS:
    _right = exercises.load(_id).right[0]
    for _make, _name in WRONG.items():
        versions.wrong(_id, _name, label=_make.__name__, remembers=True)(lambda m=_make, f=_right: m(f))
    for _make in (*RIGHT, *([skips_zero_gradients] if _id == "adagrad" else [])):
        versions.right(_id, label=_make.__name__, remembers=True)(lambda m=_make, f=_right: m(f))

test_a_known_habit_is_called_by_its_name, test_a_right_version_in_another_style_passes = versions.tests()
