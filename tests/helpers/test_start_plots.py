"""The picture of 00_start: right with a right function, telling with a wrong one, kind with none at all."""

import matplotlib
import numpy as np

from autograder.progress import contents
from helpers.plots import start_error
from helpers.plots.ready import picture
from helpers.plots.start import TWO_WEEKS, draw_map, needs_in_words

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


def test_the_map_shows_what_needs_what_and_says_it_in_words():
    table = {name: about for name, about in contents().items() if not name.startswith("00")}
    figure, notes = picture("")(draw_map).draw(table)
    boxes = {text.get_text()[:2]: text for text in figure.axes[0].texts if text.get_text()}
    assert sorted(boxes) == [name[:2] for name in table]
    for name, about in table.items():
        x, _ = boxes[name[:2]].get_position()
        assert all(boxes[need].get_position()[0] < x for need in about["needs"] if need in boxes)
        assert (boxes[name[:2]].get_bbox_patch().get_linewidth() > 2) == (name[:2] in TWO_WEEKS)
    hours = sum(about["minutes"] for about in table.values()) / 60
    assert f"{hours:.0f} hours" in notes[1]
    assert "04 beyond adam needs 03." in needs_in_words(table)


def test_who_goes_the_way_of_two_weeks_has_met_what_each_assignment_needs():
    table = contents()
    for name in table:
        if name[:2] in TWO_WEEKS:
            assert {*table[name]["needs"]} <= {*TWO_WEEKS}
