"""The kind Activation: forward and backward are judged apart, and told apart."""

import numpy as np
import pytest
import torch

from autograder.judge import Activation, Case, judge, slips
from autograder.judge.exercise import assembled
from autograder.judge.script import LocalCaller


def reference(x, beta=1.0):
    return x * torch.sigmoid(beta * x)


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def swish(x, beta=1.0):
    return x * sigmoid(beta * x)


def swish_backward(dout, x, beta=1.0):
    s = sigmoid(beta * x)
    return dout * (s + beta * x * s * (1 - s))


def beta_ignored(x, beta=1.0):
    return swish(x)


def beta_ignored_backward(dout, x, beta=1.0):
    return swish_backward(dout, x)


ASKED = Activation(
    functions=("swish", "swish_backward"),
    reference=reference,
    cases=[
        Case("a batch", shape=(4, 3)),
        Case("one number", shape=()),
        Case("another beta", shape=(2, 3, 4, 5), beta=2.0, weight=3.0),
        Case("exactly 0", near=(0.0, -0.0, 1.0), only="backward"),
        Case("large", near=(1000.0, -1000.0), only="forward"),
    ],
)
MISTAKES = slips("""
beta_ignored: return x * sigmoid(beta * x) -> return x * sigmoid(x)
    beta makes no difference.
beta_ignored_backward: -> beta = 1.0
    beta makes no difference backward.
""")
EXERCISE = assembled(
    {"__name__": __name__, "EXERCISE": ASKED, "right": (swish, swish_backward), "MISTAKES": MISTAKES}, "swish"
)


def verdict(forward=swish, backward=swish_backward, seed="public", exercise=EXERCISE):
    return judge(exercise, LocalCaller((forward, backward)), points=10, seed=seed)


def failed(result):
    return [case.title for case in result.cases if not case.passed]


def crosses(result):
    return [case.title for case in result.cases if case.failed]


def test_every_case_asks_both_functions_the_forward_first():
    titles = [case.title for case in EXERCISE.all_cases()]
    half = len(titles) // 2
    assert titles[:4] == ["swish: a batch", "swish: one number", "swish: another beta", "swish: large"]
    assert all(title.startswith("swish: ") for title in titles[:half])
    assert all(title.startswith("swish_backward: ") for title in titles[half:])
    assert "swish_backward: exactly 0" in titles and "swish: exactly 0" not in titles
    assert "swish_backward: large" not in titles
    for name in ("swish", "swish_backward"):
        assert f"{name}: float32 in, float32 out" in titles
        assert f"{name}: leaves its arguments as they were" in titles
        assert f"{name}: gives the same answer when it is called again, in arrays that are yours" in titles


@pytest.mark.parametrize("seed", ["public", "secret:a", "secret:b"])
def test_right_functions_earn_everything(seed):
    result = verdict(seed=seed)
    assert result.passed and result.points == 10 and not result.mistakes and not result.advice, str(result)


def test_the_calls_are_written_as_they_are_made():
    calls = {case.title: case.called for case in verdict().cases}
    assert calls["swish: a batch"] == "swish(x)"
    assert calls["swish_backward: a batch"] == "swish_backward(dout, x)"
    assert calls["swish_backward: another beta"] == "swish_backward(dout, x, beta=2.0)"


def test_a_backward_that_is_not_written_leaves_the_forwards_points():
    def unwritten(*args, **kwargs):
        raise NotImplementedError

    result = verdict(backward=unwritten)
    assert result.points == 5 and result.note == "" and not result.mistakes
    told = {case.message for case in result.cases if case.title.startswith("swish_backward")}
    assert told == {"not written yet"}
    both = verdict(unwritten, unwritten)
    assert both.points == 0 and both.note == "swish and swish_backward: not written yet"


def test_a_wrong_backward_leaves_the_forwards_points_and_the_other_way_round():
    assert verdict(backward=lambda dout, x, beta=1.0: dout + 7).points == 5
    assert verdict(forward=lambda x, beta=1.0: x + 7).points == 5
    assert verdict(backward=beta_ignored_backward).points == pytest.approx(10 * (1 - 3 / 22), abs=0.01)


@pytest.mark.parametrize("seed", ["public", "secret:a"])
def test_a_mistake_is_named_whatever_the_other_function_does(seed):
    assert verdict(beta_ignored, swish_backward, seed).mistakes == ["beta_ignored"]
    assert verdict(beta_ignored, lambda dout, x, beta=1.0: None, seed).mistakes == ["beta_ignored"]
    assert verdict(swish, beta_ignored_backward, seed).mistakes == ["beta_ignored_backward"]
    both = verdict(beta_ignored, beta_ignored_backward, seed)
    assert both.mistakes == ["beta_ignored", "beta_ignored_backward"]
    assert verdict(lambda x, beta=1.0: 2 * swish(x), beta_ignored_backward, seed).mistakes == ["beta_ignored_backward"]


@pytest.mark.parametrize("seed", ["public", "secret:a"])
def test_changed_arguments_are_told_of_the_function_that_changes_them(seed):
    def forward(x, beta=1.0):
        out = swish(x, beta)
        x *= 0
        return out

    def backward(dout, x, beta=1.0):
        dout *= swish_backward(np.ones_like(x), x, beta)
        return dout

    result = verdict(forward=forward, seed=seed)
    assert crosses(result) == ["swish: leaves its arguments as they were"]
    assert result.mistakes == ["in_place"] and "`swish` changes its argument `x`" in result.known[0].sentence
    result = verdict(backward=backward, seed=seed)
    assert crosses(result) == ["swish_backward: leaves its arguments as they were"]
    assert "`swish_backward` changes its argument `dout`" in result.known[0].sentence


def test_memory_and_buffers_are_told_of_the_function_that_has_them():
    buffers = {}

    def forward(x, beta=1.0):
        out = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        out[...] = swish(x, beta)
        return out

    def backward(dout, x, beta=1.0):
        buffers["calls"] = buffers.get("calls", 0) + 1
        return swish_backward(dout, x, beta) + 1e-3 * (buffers["calls"] - 1)

    result = verdict(forward=forward)
    assert result.mistakes == ["overwrites_earlier_result"] and "`swish` returned" in result.known[0].sentence
    assert failed(result) == ["swish: gives the same answer when it is called again, in arrays that are yours"]
    result = verdict(backward=backward)
    assert set(failed(result)) >= {
        "swish_backward: gives the same answer when it is called again, in arrays that are yours"
    }


def test_float64_for_float32_is_seen_in_each():
    result = verdict(forward=lambda x, beta=1.0: swish(x.astype(np.float64), beta))
    assert failed(result) == ["swish: float32 in, float32 out"] and result.mistakes == ["changes_dtype"]
    result = verdict(backward=lambda dout, x, beta=1.0: swish_backward(dout.astype(np.float64), x, beta))
    assert failed(result) == ["swish_backward: float32 in, float32 out"]


def test_the_backward_is_called_without_its_forward():
    seen = {}

    def forward(x, beta=1.0):
        seen["x"] = x
        return swish(x, beta)

    result = verdict(forward, lambda dout, x, beta=1.0: swish_backward(dout, seen["x"], beta))
    assert result.points == 5


@pytest.mark.parametrize(
    "hostile", [None, "x", (), [1.0], {}, np.array(["a"]), 1j, np.array([[1j]]), np.zeros((4, 3, 1))]
)
def test_no_answer_crashes_the_judge(hostile):
    result = verdict(lambda x, beta=1.0: hostile, lambda dout, x, beta=1.0: hostile, seed="secret:a")
    assert result.points == 0


def tanh_exercise(**options):
    return Activation(
        id="tanh",
        functions=("tanh", "tanh_backward"),
        reference=torch.tanh,
        cases=[Case("here", **options)],
    )


def test_near_draws_around_the_values_and_keeps_0():
    exercise = tanh_exercise(near=(0.0, 1000.0, -1000.0, 5.0))
    for case in exercise.all_cases()[:1]:
        for seed in range(20):
            x = np.sort(exercise.probe(case, np.random.default_rng(seed)).inputs["x"])
            assert -1100 <= x[0] <= -900 and x[1] == 0 and 4.5 <= x[2] <= 5.5 and 900 <= x[3] <= 1100


def test_relative_asks_for_the_digits_of_small_elements():
    def rounded(x):
        return 2 / (1 + np.exp(-2 * x)) - 1

    def backward(dout, x):
        return dout * (1 - np.tanh(x) ** 2)

    small = {"near": (1e-12, -1e-12, 1.0)}
    assert verdict(rounded, backward, exercise=tanh_exercise(**small)).passed
    strict = verdict(rounded, backward, exercise=tanh_exercise(**small, relative=True, only="forward"))
    assert failed(strict) == ["tanh: here"]


def test_a_derivative_near_0_may_be_rounded_but_not_wrong():
    exercise = tanh_exercise(near=(30.0, -30.0))
    for backward, right in ((lambda d, x: d * (1 - np.tanh(x) ** 2), True), (lambda d, x: d * 1e-5, False)):
        cases = {case.title: case for case in verdict(np.tanh, backward, exercise=exercise).cases}
        assert cases["tanh_backward: here"].passed is right
