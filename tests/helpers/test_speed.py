"""The time of two functions that give the same."""

import numpy as np

from helpers import plots


def slowly(x):
    return sum(float(value) for value in x)


def at_once(x):
    return x.sum()


def test_both_are_timed_and_compared(capsys):
    plots.speed_up(slowly, at_once, np.ones(20_000))
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("slowly") and second.startswith("at_once") and last.endswith("times as fast")
    assert float(first.split()[1]) > float(second.split()[1])


def test_one_that_says_something_else_is_named_in_place_of_a_speed(capsys):
    def at_once(x):
        return x.mean()

    plots.speed_up(slowly, at_once, np.ones(100))
    assert "`at_once` says something else here" in capsys.readouterr().out


def test_one_that_is_not_written_is_named(capsys):
    def at_once(x):
        raise NotImplementedError("at_once: write it")

    plots.speed_up(slowly, at_once, np.ones(100))
    assert "`at_once` is not written yet" in capsys.readouterr().out
