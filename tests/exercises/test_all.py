"""What holds for every exercise: its file is whole, no answer makes the judge fall, nothing hidden is told."""

import ast

import numpy as np
import pytest

from autograder import exercises
from autograder.judge import judge
from autograder.judge.judging import PUBLIC_SEED, draw
from autograder.judge.script import LocalCaller
from autograder.worker.calls import Outcome
from autograder.worker.wire import Handle

from .versions import without_pairs

pytestmark = pytest.mark.usefixtures("machine_measured_once")

IDS = exercises.ids()
MOST_WORDS, MOST_LINES = 48, 320


@pytest.mark.parametrize("exercise_id", IDS)
def test_a_file_is_whole_and_reads_from_what_is_asked_to_the_hints(exercise_id):
    exercise = exercises.load(exercise_id)
    text = exercises.path(exercise_id).read_text(encoding="utf-8")
    body = ast.parse(text).body
    assert ast.get_docstring(ast.parse(text)).startswith((f"{exercise_id}: ", f"{exercise_id} and "))
    places = {}
    for number, node in enumerate(body):
        for target in getattr(node, "targets", []):
            places.setdefault(getattr(target, "id", ""), number)
        places.setdefault(getattr(node, "name", ""), number)
    assert places["EXERCISE"] < places["right"] < places.get("MISTAKES", len(body)) and places["HINTS"] == len(body) - 1
    assert len(exercise.hints) == 3 and exercise.alternatives and exercise.right
    assert len({mistake.name for mistake in exercise.mistakes}) >= 3
    long = [m.name for m in exercise.mistakes if len(m.sentence.split()) > MOST_WORDS or not m.sentence.strip()]
    assert long == []
    assert len(text.splitlines()) <= MOST_LINES


def test_the_files_are_short():
    """An exercise is about a hundred lines: what is asked, a right solution, what goes wrong, hints."""
    lengths = sorted(len(exercises.path(name).read_text(encoding="utf-8").splitlines()) for name in IDS)
    assert lengths[len(lengths) // 2] <= 140


# What an answer may be: the judge says what is wrong with it, and does not fall

ODD = [
    None,
    True,
    3,
    -0.5,
    2**62,
    "text",
    b"bytes",
    [],
    [1, [2, None]],
    (1.0, 2.0),
    ((1.0, 2.0), 3.0),
    {"a": 1},
    {"W1": None, "b1": "x", "W2": 1j, "b2": []},
    Handle(-1, "object"),
    Handle(-1, "function", True),
    np.float32(2),
    np.complex128(1j),
    np.array(1.0),
    np.zeros(0),
    np.zeros((0, 5)),
    np.zeros((1,) * 8),
    np.full((4, 3), np.nan),
    np.full((4, 3), np.inf),
    np.full((4, 3), 1e308),
    np.full((4, 3), 1 + 2j),
    np.ones((4, 3), bool),
    np.ones((4, 3), np.uint8),
    np.ones((4, 3), np.float16),
    np.full(5, 2**63, np.uint64),
    np.zeros((4, 3)),
    np.array(["a", "b"]),
    [np.zeros(3), np.array(1), None],
]


class Says:
    """A worker that reports whatever it likes."""

    def __init__(self, value):
        self.value = value

    def run(self, script):
        return Outcome(tuple(self.value(k) for k, _ in enumerate(script.wants)))


class Once(LocalCaller):
    """Functions that are asked once, however often they are judged."""

    def __init__(self, functions):
        super().__init__(functions)
        self.known = {}

    def run(self, script):
        if id(script) not in self.known:
            self.known[id(script)] = script, super().run(script)
        return self.known[id(script)][1]


class Spoilt:
    """A right function's answers, changed: all sorts of numbers where the judge divides and counts."""

    def __init__(self, right, change):
        self.right, self.change = right, change

    def run(self, script):
        return Outcome(tuple(self.spoilt(value) for value in self.right.run(script).values))

    def spoilt(self, value):
        if isinstance(value, dict):
            return {key: self.spoilt(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.spoilt(item) for item in value]
        return self.change(value) if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size else value


SPOIL = [
    lambda a: a * 0,
    lambda a: a * 1e200,
    lambda a: a * 1e-200,
    lambda a: np.where(a == a.flat[0], a, 1e300),
    lambda a: np.full_like(a, np.nan),
    lambda a: a.astype(np.float16),
    lambda a: a[None],
]


# What gives no arrays of floats, or zeros.
UNSPOILT = (
    *("backpropagate", "classify_critical_point", "cosine_decay", "distinct_rows", "early_stopping", "equivalent_l2"),
    *("exponential_decay", "fan_in_and_fan_out"),
    *("diagnose", "ensemble_predict", "initial_loss", "kfold", "random_search", "transfer_plan"),
    *(
        "first_step_ratio",
        "gain",
        "inverse_time_decay",
        "linear_warmup",
        "minibatches",
        "norm_axes",
        "output_variance",
        "rectification",
        "step_decay",
    ),
    "zeros",
    # Probabilities, of any dtype.
    "train",
)


def looks_itself(exercise):
    """Whether an exercise's own code looks at answers, not only the one that compares all others'."""
    return not exercise.goes_by_cases or any(item.probe.findings for item in draw(exercise, PUBLIC_SEED))


@pytest.mark.parametrize(("turn", "exercise_id"), list(enumerate(IDS)))
def test_no_answer_makes_the_judge_fall_or_is_right(turn, exercise_id):
    """A third of the odd ones, in turns, and all that is spoilt, where an exercise's own code looks at answers.

    Where all answers are compared with the reference's one code looks at them: a ninth and a third, in turns.
    """
    exercise = exercises.load(exercise_id).rehearsed()
    right = Once(exercise.right)
    odd, spoilt = (ODD[turn % 3 :: 3], SPOIL) if looks_itself(exercise) else (ODD[turn % 9 :: 9], SPOIL[turn % 3 :: 3])
    with np.errstate(all="ignore"), without_pairs():
        for value in odd:
            assert judge(exercise, Says(lambda k, v=value: v), points=10).points < 10
        assert judge(exercise, Says(lambda k: ODD[(k + turn) % len(ODD)]), points=10).points < 10
        for change in spoilt:
            verdict = judge(exercise, Spoilt(right, change), points=10)
            assert verdict.points < 10 or exercise_id in UNSPOILT


@pytest.mark.parametrize(("turn", "exercise_id"), list(enumerate(IDS)))
def test_no_number_of_the_students_reaches_a_message_where_the_inputs_are_hidden(turn, exercise_id):
    """All values where an exercise's own code looks at answers, else two of the five, in turns."""
    exercise = exercises.load(exercise_id).rehearsed()
    values = [np.full((4, 3, 1), 12345.678), 12345.678, "12345 says", [12345.678] * 3, {"12345": 12345.678}]
    for value in values if looks_itself(exercise) else (values * 2)[turn % 5 :][:2]:
        with without_pairs():
            verdict = judge(exercise, Says(lambda k, v=value: v), points=10, seed="secret")
        assert not verdict.passed
        assert "12345" not in repr(verdict.to_dict())
        for case in verdict.cases:
            assert case.got == case.inputs == case.index == case.line == case.printed == ""


@pytest.mark.parametrize("exercise_id", IDS)
def test_no_call_in_words_holds_a_drawn_number(exercise_id):
    """Here, where both seeds' cases are drawn already."""

    def stub(*args, **kwargs):
        raise NotImplementedError

    exercise = exercises.load(exercise_id).rehearsed()
    stubs = LocalCaller([stub] * len(exercise.names))
    first, second = (judge(exercise, stubs, points=10, seed=seed) for seed in (PUBLIC_SEED, "secret"))
    assert [case.called for case in first.cases] == [case.called for case in second.cases]
