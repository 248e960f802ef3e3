"""Judging: points, named mistakes, and nothing of a hidden input in a verdict."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import exercises
from autograder.judge.judging import PUBLIC_SEED, judge
from autograder.judge.script import LocalCaller, Script
from autograder.rendering import verdict_html, verdict_text
from autograder.verdict import Verdict, earned
from autograder.worker.calls import Failure, Outcome

SOME = ("sgd", "momentum", "minibatches", "linear_regression_gradient", "cosine_decay")


def verdict_on(name, *functions, points=10, seed=PUBLIC_SEED) -> Verdict:
    return judge(exercises.load(name), LocalCaller(functions), points=points, seed=seed)


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def minibatches(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


def linear_regression_gradient(w, x, y):
    return x.T @ (x @ w - y) / len(y)


def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * min(t / t_max, 1))) / 2


RIGHT = dict(
    zip(SOME, (sgd, momentum, minibatches, linear_regression_gradient, cosine_decay), strict=True)
)  # fmt: skip


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a", "secret:b"])
def test_a_right_function_earns_everything_on_any_seed(name, seed):
    verdict = verdict_on(name, RIGHT[name], seed=seed)
    assert verdict.passed and verdict.points == verdict.max_points == 10
    assert verdict.mistakes == [] and verdict.advice == () and verdict.note == ""


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a"])
def test_each_mistake_of_the_bank_is_named_and_no_other(name, seed):
    for mistake in exercises.load(name).mistakes:
        verdict = verdict_on(name, *mistake.functions, seed=seed)
        assert verdict.mistakes == [mistake.name]
        assert verdict.points < 10


def test_points_go_by_weight_and_are_full_only_for_everything():
    exercise = exercises.load("momentum")
    weights = [case.weight for case in exercise.all_cases()]
    inside = next(m for m in exercise.mistakes if m.name == "lr_inside_velocity")
    verdict = verdict_on("momentum", *inside.functions)
    failed = [case.weight for case in verdict.cases if not case.passed]
    assert failed and [case.weight for case in verdict.cases] == weights
    assert verdict.points == round(10 * (sum(weights) - sum(failed)) / sum(weights), 2)


@given(st.floats(1e-3, 1e3), st.lists(st.tuples(st.floats(0.1, 5), st.booleans()), min_size=1, max_size=30))
def test_earned_points_are_full_only_when_all_passed(points, cases):
    total = sum(weight for weight, _ in cases)
    passed = sum(weight for weight, ok in cases if ok)
    got = earned(points, passed, total)
    if all(ok for _, ok in cases):
        assert got == points
    else:
        assert 0 <= got < points and abs(got - points * passed / total) <= 0.005 + 1e-9


def test_the_last_hundredth_is_not_given_away():
    assert earned(0.01, 9, 10) < 0.01 and earned(1, 299, 300) < 1


# Bugs that no bank knows: a name would be a false one.
def signs(w, grad, state, *, lr):
    return w - lr * np.sign(grad), state


def squares(w, grad, state, *, lr):
    return w - lr**2 * grad, state


def first_element_only(w, grad, state, *, lr):
    new = w.copy()
    new.flat[0] -= lr * grad.flat[0]
    return new, state


def flattened(w, grad, state, *, lr):
    return (w - lr * grad).ravel(), state


def normalised(w, grad, state, *, lr):
    return w - lr * grad / np.linalg.norm(grad), state


def nothing(*args, **kwargs):
    return None


def zeros(w, grad, state, *, lr, momentum=0.9):
    return np.zeros_like(w), state


def unchanged(w, grad, state, *, lr, momentum=0.9):
    return w, state


def raises_late(w, grad, state, *, lr):
    state = {"t": state.get("t", 0) + 1} if state else {"t": 1}
    if state["t"] > 30:
        raise ValueError("late")
    return w - lr * grad, state


def not_a_number(w, grad, state, *, lr, momentum=0.9):
    return w * np.nan, state


def half_momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum / 2 * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def clipped_velocity(w, grad, state, *, lr, momentum=0.9):
    v = np.clip(momentum * state.get("v", 0.0) + grad, -1, 1)
    return w - lr * v, {"v": v}


def float32_inside(w, grad, state, *, lr, momentum=0.9):
    return w.astype(np.float32) - np.float32(lr) * grad.astype(np.float32), state


def too_small_batches(n, batch_size, rng):
    return minibatches(n, max(1, batch_size - 1), rng)


def pairs_of_samples(n, batch_size, rng):
    return [(k, k) for k in range(n)]


def one_based(n, batch_size, rng):
    return [batch + 1 for batch in minibatches(n, batch_size, rng)]


def lists_of_floats(n, batch_size, rng):
    return [batch.astype(float) for batch in minibatches(n, batch_size, rng)]


def one_dropped(n, batch_size, rng):
    return [batch[batch != 1] for batch in minibatches(n, batch_size, rng)]


def without_targets(w, x, y):
    return x.T @ (x @ w) / len(y)


def absolute_residuals(w, x, y):
    return x.T @ np.sign(x @ w - y) / len(y)


def transposed(w, x, y):
    return x @ (x.T @ y)[:1]


def with_a_penalty(w, x, y):
    return linear_regression_gradient(w, x, y) + 0.1 * w


def column(w, x, y):
    return linear_regression_gradient(w, x, y)[:, None]


def sine(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.sin(math.pi * min(t / t_max, 1))) / 2


def degrees(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.cos(180 * min(t / t_max, 1))) / 2


def linear(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 - min(t / t_max, 1))


def array_of_one(lr0, t, *, t_max, lr_min=0.0):
    return np.array([cosine_decay(lr0, t, t_max=t_max, lr_min=lr_min)])


UNRELATED = [
    *[("sgd", f) for f in (signs, squares, first_element_only, flattened, normalised, nothing, zeros, unchanged)],
    *[("sgd", f) for f in (raises_late, not_a_number)],
    *[("momentum", f) for f in (zeros, unchanged, not_a_number, half_momentum, clipped_velocity, nothing)],
    *[("minibatches", f) for f in (too_small_batches, one_based, lists_of_floats, one_dropped, nothing)],
    *[("linear_regression_gradient", f) for f in (without_targets, absolute_residuals, transposed, with_a_penalty)],
    *[("linear_regression_gradient", f) for f in (column, nothing)],
    *[("cosine_decay", f) for f in (sine, degrees, linear, array_of_one, nothing)],
]


@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a"])
@pytest.mark.parametrize(("name", "function"), UNRELATED, ids=lambda x: getattr(x, "__name__", x))
def test_an_unrelated_bug_is_wrong_and_gets_no_false_name(name, function, seed):
    verdict = verdict_on(name, function, seed=seed)
    assert not verdict.passed and verdict.points < 10
    right = {
        "too_small_batches": ["wrong_batch_size"],
        "without_targets": ["targets_forgotten"],
        "degrees": ["degrees"],
    }
    assert verdict.mistakes == right.get(function.__name__, [])


# The general mistakes, which no bank needs to hold.
def gradient_in_place(w, x, y):
    y -= x @ w
    return -x.T @ y / len(y)


_OUT = {}


def one_output_array(w, x, y):
    out = _OUT.setdefault((w.shape, w.dtype), np.zeros_like(w))
    out[:] = linear_regression_gradient(w, x, y)
    return out


_CALLS = []


def counts_its_calls(w, x, y):
    _CALLS.append(len(y))
    late = len(_CALLS) > 1 and _CALLS[-2] == len(y)
    return linear_regression_gradient(w, x, y) * (1 + late * (len(_CALLS) % 3 == 0))


def through_float64(w, x, y):
    return linear_regression_gradient(w, x.astype(np.float64), y)


def through_float32(w, x, y):
    return linear_regression_gradient(w, x, y).astype(np.float32)


@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a"])
@pytest.mark.parametrize(
    ("function", "names"),
    [
        (gradient_in_place, ["in_place"]),
        (one_output_array, ["overwrites_earlier_result"]),
        (through_float64, ["changes_dtype"]),
        (through_float32, []),
    ],
)
def test_general_mistakes_are_named(function, names, seed):
    verdict = verdict_on("linear_regression_gradient", function, seed=seed)
    assert verdict.mistakes == names and not verdict.passed


def test_memory_between_calls_is_named():
    seen = []

    def remembers(w, x, y):
        again = any(np.array_equal(w, other) for other in seen)
        seen.append(w.copy())
        return linear_regression_gradient(w, x, y) * (2 if again else 1)

    assert verdict_on("linear_regression_gradient", remembers).mistakes == ["remembers_earlier_calls"]


def test_a_general_mistake_is_told_once_and_in_the_banks_words():
    def in_place(w, grad, state, *, lr):
        w -= lr * grad
        return w, state

    verdict = verdict_on("sgd", in_place)
    assert verdict.mistakes == ["in_place"]
    bank = next(m for m in exercises.load("sgd").mistakes if m.name == "in_place")
    assert verdict.known[0].sentence == bank.sentence


def test_a_stub_is_not_written_yet():
    def stub(*args, **kwargs):
        raise NotImplementedError("sgd: write this function")

    verdict = verdict_on("sgd", stub)
    assert verdict.points == 0 and verdict.note == "sgd: not written yet" and verdict.mistakes == []
    assert {case.message.split(" (")[0] for case in verdict.cases} == {"not written yet"}


def test_what_is_raised_is_told_with_the_students_own_line():
    def wrong(w, grad, state, *, lr):
        return w - lr * missing_name  # noqa: F821

    case = verdict_on("sgd", wrong).cases[0]
    assert case.message == "raised NameError: name 'missing_name' is not defined (step 1)"
    assert case.line.endswith("return w - lr * missing_name  # noqa: F821") and case.line.startswith("line ")


def test_a_public_verdict_tells_call_inputs_index_got_and_expected():
    case = verdict_on("sgd", lambda w, grad, state, *, lr: (w + lr * grad, state)).cases[0]
    assert case.called == "sgd(w, grad, state, lr=0.1)"
    assert case.inputs.startswith("w = [") and "grad = [" in case.inputs
    assert case.index and float(case.got) != float(case.expected) and case.got in case.message


# Functions that try to get a hidden input into the verdict, all named by what they use.
def says(data):
    return "_".join(repr(float(x)) for x in np.ravel(data))


def raises_it(w, x, y):
    raise ValueError(says(w))


def raises_its_own(w, x, y):
    raise type(f"E{says(w)}", (Exception,), {})(says(w))


def raises_under_a_builtins_name(w, x, y):
    raise type("ValueError", (Exception,), {"__str__": lambda self: says(w)})


def raises_not_implemented(w, x, y):
    raise NotImplementedError(says(w))


def warns_it(w, x, y):
    warnings.warn(says(w), RuntimeWarning, stacklevel=1)
    return w


def warns_as_numpy(w, x, y):
    text = says(w).replace(".", "_").replace("-", "_")
    warnings.warn(f"overflow encountered in {text}"[:200], RuntimeWarning, stacklevel=1)
    warnings.warn(f"Mean of empty slice {text}", RuntimeWarning, stacklevel=1)
    return w


def type_named_after_it(w, x, y):
    return type(f"T{says(w)}", (), {})()


def text_of_it(w, x, y):
    return says(w)


def dict_of_it(w, x, y):
    return {says(w): w}


def tuple_of_it(w, x, y):
    return (w, says(w))


def wrong_by_it(w, x, y):
    return linear_regression_gradient(w, x, y) + np.arange(len(w)) * w


def nan_and_it(w, x, y):
    return np.where(np.arange(len(w)) > 0, np.nan, w)


def shape_of_it(w, x, y):
    digits = int("".join(c for c in says(w) if c.isdigit())[:9])
    return np.zeros((0, digits % 10_000, digits // 10_000))


def changes_its_input(w, x, y):
    result = linear_regression_gradient(w, x, y)
    w *= 2
    return result


LEAKY = [
    raises_it, raises_its_own, raises_under_a_builtins_name, raises_not_implemented, warns_it, warns_as_numpy,
    type_named_after_it, text_of_it, dict_of_it, tuple_of_it, wrong_by_it, nan_and_it, shape_of_it, changes_its_input,
]  # fmt: skip


def constant_parts(verdict):
    """All that may stand in a verdict: what does not depend on the inputs."""
    return json.dumps({**verdict.to_dict(), "points": 0})


@pytest.mark.parametrize("function", LEAKY, ids=lambda f: f.__name__)
def test_a_hidden_input_changes_no_letter_of_the_verdict(function):
    first, second = (verdict_on("linear_regression_gradient", function, seed=f"secret:{k}") for k in "ab")
    assert not first.passed or function is changes_its_input
    assert constant_parts(first) == constant_parts(second)
    for case in first.cases:
        assert case.inputs == case.index == case.got == case.expected == case.line == ""


@pytest.mark.parametrize("function", LEAKY[:12], ids=lambda f: f.__name__)
def test_the_public_verdict_would_tell(function):
    if function in (raises_not_implemented, shape_of_it):
        return
    first, second = (verdict_on("linear_regression_gradient", function, seed=seed) for seed in (PUBLIC_SEED, "b"))
    assert constant_parts(first) != constant_parts(second)


def test_what_comes_in_the_place_of_several_values_carries_nothing_out():
    def one(w, grad, state, *, lr):
        return type(f"T{says(w)}", (), {})()

    def three(w, grad, state, *, lr):
        return type(f"T{says(w)}", (tuple,), {})((1, 2, 3))

    for function in (one, three):
        first, second = (verdict_on("sgd", function, seed=seed) for seed in ("a", "b"))
        assert first.cases[0].message.startswith("must return 2 values")
        assert constant_parts(first) == constant_parts(second)


def test_a_shape_of_batches_carries_nothing_out():
    def shapes(n, batch_size, rng):
        return [np.zeros((0, int(rng.integers(2**20))), int)]

    public, first, second = (verdict_on("minibatches", shapes, seed=seed) for seed in (PUBLIC_SEED, "a", "b"))
    assert "got an array of shape (0, " in public.cases[0].message
    assert constant_parts(first) == constant_parts(second)


def test_the_type_of_an_exception_is_told_where_python_has_it():
    message = verdict_on("linear_regression_gradient", raises_it, seed="secret:a").cases[0].message
    assert message == "raised ValueError"
    message = verdict_on("linear_regression_gradient", raises_its_own, seed="secret:a").cases[0].message
    assert message == "raised an exception of its own"


def test_the_type_that_came_is_told_where_it_is_one_of_a_few():
    def message(result):
        return verdict_on("linear_regression_gradient", lambda w, x, y: result(x), seed="secret:a").cases[0].message

    label = message(lambda x: None).partition(" must be ")[0]
    assert message(lambda x: None) == f"{label} must be a NumPy array, got None (is the return statement missing?)"
    assert message(lambda x: x.tolist()) == f"{label} must be a NumPy array, got list"
    own = type("E123", (), {})
    assert message(lambda x: own()) == f"{label} must be a NumPy array, got an object of another class"
    parts = [
        verdict_on("sgd", returns, seed="secret:a").cases[0].message
        for returns in (
            lambda w, grad, state, *, lr: w,
            lambda w, grad, state, *, lr: (w,) * 3,
            lambda w, grad, state, *, lr: (w,) * 123,
        )
    ]
    assert [part.partition(", got ")[2] for part in parts] == [
        "one ndarray (step 1)",
        "one tuple of 3 (step 1)",
        "something else (step 1)",
    ]


def test_numpys_own_warnings_become_advice_that_costs_nothing():
    def overflows(w, x, y):
        np.exp(np.full(3, 1e5))
        np.float64(1e300) * np.float64(1e300)
        np.log(np.zeros(2))
        return linear_regression_gradient(w, x, y)

    public, hidden = (verdict_on("linear_regression_gradient", overflows, seed=s) for s in (PUBLIC_SEED, "secret:a"))
    assert public.passed and public.points == 10 and hidden.passed
    told = [text.removeprefix("NumPy warns: ").split(". It costs")[0] for text in public.advice]
    assert told == [
        "divide by zero encountered in log",
        "overflow encountered in exp",
        "overflow encountered in scalar multiply",
    ]
    told = [text.removeprefix("NumPy warns: ").split(". It costs")[0] for text in hidden.advice]
    assert told == ["divide by zero encountered", "overflow encountered"]


@pytest.mark.parametrize("name", SOME)
def test_the_same_seed_asks_the_same_and_another_asks_another(name):
    def asked(seed):
        scripts = []

        class Listens:
            def run(self, script):
                scripts.append(repr(script.steps) + repr([want.value for want in script.wants]))
                return Outcome(failure=Failure(0, "raised", "ValueError"))

        exercise = exercises.load(name)
        exercise._cache.clear()
        judge(exercise, Listens(), points=1, seed=seed)
        return scripts

    assert asked("secret:a") == asked("secret:a")
    assert asked("secret:a") != asked("secret:b") != asked(PUBLIC_SEED)


@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a"])
@pytest.mark.parametrize("name", SOME)
def test_the_same_function_gets_the_same_verdict(name, seed):
    wrong = exercises.load(name).mistakes[0].functions
    first = verdict_on(name, *wrong, seed=seed)
    exercises.load(name)._cache.clear()
    assert verdict_on(name, *wrong, seed=seed) == first


class Lost:
    """A caller whose worker is lost at the second script."""

    def __init__(self, kind, message=""):
        self.asked, self.failure = 0, Failure(5, kind, message=message)

    def run(self, script: Script) -> Outcome:
        self.asked += 1
        if self.asked == 2:
            return Outcome(failure=self.failure)
        return LocalCaller([sgd]).run(script)


@pytest.mark.parametrize(
    ("kind", "message", "told"),
    [
        ("time", "the limit for one call is 10 s", "no answer in time: the limit for one call is 10 s"),
        ("died", "", "the process ended during the call (exit, or out of memory)"),
    ],
)
def test_after_a_function_hung_or_died_the_rest_is_not_asked(kind, message, told):
    lost = Lost(kind, message)
    verdict = judge(exercises.load("sgd"), lost, points=10)
    assert lost.asked == 2
    assert [case.passed for case in verdict.cases] == [True] + [False] * (len(verdict.cases) - 1)
    assert verdict.cases[1].message.startswith(told)
    assert {case.message for case in verdict.cases[2:]} == {"not tried after that"}
    assert 0 < verdict.points < 10 and verdict.mistakes == []


@pytest.mark.parametrize("kind", ["unpack", "not_callable", "missing", "large", "wire", "raised"])
def test_every_failure_has_its_words(kind):
    class Fails:
        def run(self, script):
            step = next((k for k, step in enumerate(script.steps) if step[0] == "call"), 0)
            return Outcome(failure=Failure(step, kind, "NoneType", "more than 9 items"))

    for seed in (PUBLIC_SEED, "secret:a"):
        verdict = judge(exercises.load("sgd"), Fails(), points=10, seed=seed)
        assert verdict.points == 0 and all(len(case.message) > 10 for case in verdict.cases)
    assert "sgd" in verdict.cases[0].message or kind not in ("missing", "not_callable")


def test_a_missing_return_is_told_in_words():
    message = verdict_on("sgd", nothing).cases[0].message
    assert message == "must return 2 values, got None (is the return statement missing?) (step 1)"
    message = verdict_on("linear_regression_gradient", nothing).cases[0].message
    assert message == "grad must be a NumPy array, got None (is the return statement missing?)"


@pytest.mark.parametrize("function", [sgd, signs, nothing, raises_late, not_a_number])
@pytest.mark.parametrize("seed", [PUBLIC_SEED, "secret:a"])
def test_a_verdict_travels_as_json(function, seed):
    verdict = verdict_on("sgd", function, seed=seed)
    back = Verdict.from_dict(json.loads(verdict.to_json()))
    assert back == verdict and back.secret == verdict.secret == (seed != PUBLIC_SEED)
    assert (verdict_html(back), verdict_text(back), repr(back)) == (
        verdict_html(verdict),
        verdict_text(verdict),
        repr(verdict),
    )
