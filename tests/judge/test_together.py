"""What is compared at once is judged as it is value by value."""

import numpy as np
import pytest

from autograder.judge.compare import difference, is_finite
from autograder.judge.script import Script, Want
from autograder.judge.together import seen
from autograder.worker.calls import Failure, Outcome

EXACT = [
    np.array([[1.0, -2.0], [0.5, 1e-9]]),
    np.zeros((0, 3)),
    np.array(3.0),
    np.array([np.inf, 1.0]),
    np.array([1.0, 2.0, 3.0], np.float32),
    np.zeros(0, np.float32),
]
CHANGES = [
    lambda a: a,
    lambda a: a * (1 + 1e-12),
    lambda a: a * (1 + 3e-6),
    lambda a: -a,
    lambda a: a + np.nan,
    lambda a: a * np.inf,
    lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, 1e300, a).astype(a.dtype),
]


def wanting(wants):
    script = Script()
    script.wants.extend(wants)
    return script


@pytest.mark.parametrize("options", [{}, {"rtol": 1e-2}, {"atol": 2.0}, {"scale": 1e3}, {"scale": 0.0}])
def test_it_refuses_what_is_refused_one_by_one(options):
    wants = [Want(f"w after step {k}", value, **options) for k, value in enumerate(EXACT)]
    script = wanting(wants)
    with np.errstate(all="ignore"):
        for turn in range(len(CHANGES) ** 2):
            values = [
                CHANGES[(turn * (k + 1) + turn // len(CHANGES)) % len(CHANGES)](value) for k, value in enumerate(EXACT)
            ]
            found = seen(script, Outcome(tuple(np.asarray(value) for value in values)))
            assert found
            pairs = list(zip(values, wants, strict=True))
            assert found.wrong == {k for k, pair in enumerate(pairs) if difference(*pair)}
            assert found.infinite == {k for k, value in enumerate(values) if not is_finite(value)}


def test_a_numpy_number_is_an_array_of_no_dimensions():
    script = wanting([Want("w", np.array(float(k))) for k in range(4)])
    found = seen(script, Outcome(tuple(np.float64(k % 3) for k in range(4))))
    assert found and found.wrong == {3}


@pytest.mark.parametrize("value", [1.0, 1, None, "text", [1.0], np.ones(2), np.ones(1, np.float32), np.ones(1, int)])
def test_anything_else_is_compared_value_by_value(value):
    wants = [Want("w", np.ones(1)) for _ in range(5)]
    assert seen(wanting(wants), Outcome((value, *[np.ones(1)] * 4))) is None


@pytest.mark.parametrize("wanted", [None, 1.0, [np.ones(1)], {"W": np.ones(1)}, np.ones(1, int)])
def test_what_is_no_array_of_floats_is_wanted_value_by_value(wanted):
    wants = [Want("w", np.ones(1)) for _ in range(4)] + [Want("other", wanted)]
    assert seen(wanting(wants), Outcome((*[np.ones(1)] * 4, wanted))) is None


def test_few_values_and_a_failure_are_not_compared_at_once():
    wants = [Want("w", np.ones(1)) for _ in range(4)]
    assert seen(wanting(wants[:3]), Outcome((np.ones(1),) * 3)) is None
    assert seen(wanting(wants), Outcome((np.ones(1),) * 2, Failure(2, "raised"))) is None
