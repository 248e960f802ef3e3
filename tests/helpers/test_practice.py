"""Practice measures what the check measures."""

import json

import numpy as np
import pytest

from autograder.exercises.capstone._script import of_samples
from autograder.judge.contest import measures
from bench import arc as steps_of_the_arc
from bench.ladder import class_mean
from helpers import data, plots
from helpers.practice import ARC, FEW, MANY, arc, calibration_error, practice


def test_practice_and_check_agree_on_unseen_images():
    told = practice(class_mean, alphabets=(1, 2), test=600)
    assert told.rows.shape == (2, 5) and "± spread" in str(told)
    for number, row in zip((1, 2), told.rows, strict=True):
        d = data.script(number, test=600)
        task = of_samples(d.x_train, d.y_train, d.x_test, d.y_test, 0, {})
        found = measures(task, class_mean(task.x, task.y, np.random.default_rng(0))(task.images))
        assert row[0] == pytest.approx(found.accuracy) and row[3] == pytest.approx(found.ece)
        # Other shifts and other noise of the same kind.
        assert row[1] == pytest.approx(found.shifted, abs=0.08) and row[2] == pytest.approx(found.noisy, abs=0.08)


def test_who_is_always_sure_and_right_half_of_the_time_is_off_by_half():
    assert calibration_error(np.eye(10), np.where(np.arange(10) < 5, np.arange(10), 0)) == 0.5


def test_the_script_is_drawn_letter_by_letter():
    figure, notes = plots.capstone_script.draw()
    assert not list(notes) and [ax.get_title() for ax in figure.axes] == ["data.script(0)", "data.script(1)"]
    assert figure.axes[0].images[0].get_array().shape == (160, 192)


def test_the_table_of_the_arc_is_of_the_steps_that_its_script_measures():
    for samples in (MANY, FEW):
        table = arc(samples)
        assert list(table) == list(steps_of_the_arc.steps({}))
        assert {rows.shape for rows in table.values()} == {(len(json.loads(ARC.read_text())["alphabets"]), 5)}


@pytest.mark.parametrize("samples", [MANY, FEW])
def test_the_first_row_of_the_arc_is_what_practice_measures_today(samples):
    told = practice(steps_of_the_arc.nearest_mean, alphabets=(1, 2), samples=samples, test=2000)
    np.testing.assert_allclose(arc(samples)["nearest mean"][:2, :4], told.rows[:, :4], atol=2e-4)


def test_the_staircase_shows_the_table_and_the_own_step_as_stars():
    figure, notes = plots.capstone_arc.draw(class_mean)
    above, _, _, below = figure.axes
    means = [line for line in above.lines if len(line.get_xdata()) == len(arc(MANY)) and line.get_linestyle() == "-"]
    np.testing.assert_allclose(means[0].get_ydata(), [100 * rows[:, 0].mean() for rows in arc(MANY).values()])
    assert [line.get_marker() for line in below.lines].count("*") == 1
    assert notes[0].startswith("Yours, on 200 samples of alphabet 1: 7")


def test_the_staircase_waits_for_a_stub():
    def train(x, y, rng):
        raise NotImplementedError("train: write this function")

    assert plots.capstone_arc.draw(train)[1] == ["`train` is not written yet: do that above, then run this cell again."]
