"""The bounds by which random functions are judged: right ones pass, and errors of the size we promise are seen."""

import numpy as np
import pytest
from scipy import special

from autograder.judge import Case, Procedure, judge
from autograder.judge.chance import (
    FALSE_ALARM,
    counts_are_off,
    distribution_is_off,
    generator_probe,
    mean_is_off,
    std_is_off,
)
from autograder.judge.script import LocalCaller


@pytest.mark.parametrize(("trials", "chance"), [(50, 0.5), (400, 0.1), (1000, 0.9), (20_000, 0.25)])
def test_no_count_is_called_off_that_a_right_function_gives_too_often(trials, chance):
    counts = np.arange(trials + 1)
    off = np.array([counts_are_off(count, trials, chance) for count in counts])
    assert off.any()
    pmf = np.diff(special.bdtr(counts, trials, chance), prepend=0.0)
    assert pmf[off].sum() <= FALSE_ALARM


def test_a_count_that_cannot_be_is_off():
    assert counts_are_off(100, 100, 0.5)
    assert counts_are_off(0, 100, 0.5)
    assert not counts_are_off(np.array([40, 50, 60]), 100, 0.5)


@pytest.mark.parametrize("chance", [0.3, 0.5, 0.8])
def test_a_rate_that_is_off_by_a_tenth_is_seen(chance):
    rng = np.random.default_rng(0)
    trials = 60_000
    assert all(counts_are_off(rng.binomial(trials, factor * chance), trials, chance) for factor in (0.9, 1.1))
    assert not counts_are_off(rng.binomial(trials, chance), trials, chance)


def test_a_deviation_that_is_off_by_a_twentieth_and_a_mean_that_is_not_zero_are_seen():
    draws = np.random.default_rng(1).normal(size=30_000)
    assert not mean_is_off(3 + 2 * draws, 3.0, 2.0)
    assert not std_is_off(3 + 2 * draws, 3.0, 2.0)
    assert std_is_off(0.95 * draws, 0.0, 1.0)
    assert std_is_off(1.05 * draws, 0.0, 1.0)
    assert mean_is_off(draws + 0.08, 0.0, 1.0)


def test_another_distribution_is_seen():
    rng = np.random.default_rng(2)
    uniform = rng.uniform(-np.sqrt(3), np.sqrt(3), 5_000)
    assert distribution_is_off(uniform, special.ndtr)
    assert not distribution_is_off(uniform, lambda x: 0.5 + x / np.sqrt(12))
    assert distribution_is_off(np.full(50, np.nan), special.ndtr)


@pytest.mark.parametrize("question", [mean_is_off, std_is_off])
def test_what_is_not_finite_is_off(question):
    for value in (np.nan, np.inf):
        assert question(np.full(50, value), 0.0, 1.0)


def judged(function):
    exercise = Procedure(
        ask=lambda case, rng: generator_probe("draw(rng)", lambda script, g: script.call(0, g), rng),
        cases=[Case("all draws come from rng")],
        mistakes=[],
        hints=[],
        functions=("draw",),
        id="draw",
    )
    return judge(exercise, LocalCaller([function]), points=1)


@pytest.mark.parametrize(
    ("function", "mistakes"),
    [
        (lambda rng: rng.random(2), []),
        (lambda rng: [rng.random(2), (rng.integers(2**60),)], []),
        (lambda rng: np.random.default_rng().random(2), ["global_generator"]),
        (lambda rng: np.random.default_rng(0).random(2), ["same_draw_each_call"]),
        (lambda rng: rng.spawn(1)[0].random(2), []),
        (lambda rng: None, ["same_draw_each_call"]),
    ],
)
def test_where_draws_come_from(function, mistakes):
    result = judged(function)
    assert result.mistakes == mistakes
    assert result.passed == (not mistakes)
