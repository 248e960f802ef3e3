"""The picture of 00_start: right with a right function, telling with a wrong one, kind with none at all."""

import matplotlib
import numpy as np

from helpers.plots import start_error

matplotlib.use("Agg")


def test_the_valley_is_lowest_at_the_least_squares_slope():
    figure, notes = start_error.draw(lambda p, t: np.mean((p - t) ** 2))
    left, right = figure.axes
    (x, y), (slopes, errors) = left.lines[0].get_data(), right.lines[0].get_data()
    assert notes == []
    assert abs(slopes[np.argmin(errors)] - x @ y / (x @ x)) <= slopes[1] - slopes[0]
    assert left.get_legend() and all(ax.get_xlabel() and ax.get_ylabel() and ax.get_title() for ax in figure.axes)


def test_what_is_not_ready_is_said_and_waits():
    def mean_squared_error(prediction, target):
        raise NotImplementedError("mean_squared_error: write this function")

    figure, notes = start_error.draw(mean_squared_error)
    assert notes == ["`mean_squared_error` is not written yet: do that above, then run this cell again."]
    assert "waits for your function" in [text.get_text() for text in figure.axes[1].texts]
    for wrong in (lambda p, t: None, lambda p, t: p - t, lambda p, t: "0.5"):
        assert len(start_error.draw(wrong)[1]) == 1
