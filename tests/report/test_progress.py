"""How far grading is, told where there is no terminal."""

import io

import pytest

from autograder.report import progress


@pytest.mark.parametrize(
    ("graded", "seconds", "told"),
    [
        (8, 2.0, "8 of 30 graded, 4.00 per second, 00:05 left"),
        (2, 120.0, "2 of 30 graded, 60 seconds each, 28:00 left"),
    ],
)
def test_quick_ones_are_told_by_the_second_and_slow_ones_by_what_each_takes(monkeypatch, graded, seconds, told):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = io.StringIO()
    bar = progress.Progress(file=shown, seconds=seconds)
    bar.start(30)
    for _ in range(graded):
        now[0] += seconds / graded
        bar.step()
    assert shown.getvalue() == told + "\n"


def test_what_needs_no_grading_counts_for_neither_rate_nor_remaining_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress.Progress(file=io.StringIO())
    bar.start(30)
    for _ in range(10):
        bar.skip()
    now[0] = 60.0
    bar.step()
    assert bar.line() == "1 of 20 graded, 60 seconds each, 19:00 left"
