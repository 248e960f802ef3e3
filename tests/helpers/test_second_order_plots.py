"""The pictures of 05_second_order: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.course.source import worked
from helpers import landscapes, plots, widgets
from helpers.plots import second_order as pictures
from helpers.widgets import second_order as explorer

from .drawn import named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("05_second_order", ROOT, also=lambda cell: cell.kind == "setup" and "def adam" in cell.source)
TAKES = {
    "second_order_model": ("quadratic_model",),
    "second_order_newton": ("newton_step",),
    "second_order_inverse": ("newton_step",),
    "second_order_bfgs": ("bfgs_update",),
    "second_order_memory": ("lbfgs_direction",),
    "second_order_backtracking": ("backtracking",),
    "second_order_valleys": ("newton_step", "bfgs_update", "backtracking", "lbfgs_minimize"),
    "second_order_stall": ("lbfgs_direction", "backtracking", "lbfgs_minimize"),
    "second_order_noise": ("lbfgs_minimize",),
    "second_order_digits": ("lbfgs_minimize", "adam"),
}
# Those that take long, in short.
SHORT = {"second_order_noise": {"draws": 20}, "second_order_digits": {"passes": 4, "lrs": (0.01,)}}

# Where one that is missing comes before another is asked.
PARTLY = ("second_order_valleys", "second_order_stall")


def draw(name, functions=None, **options):
    made = SOLVED | (functions or {})
    return getattr(plots, name).draw(*(made[each] for each in TAKES[name]), **(SHORT.get(name, {}) | options))


@functools.cache
def drawn(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def lines(ax):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}


@pytest.mark.parametrize("name", TAKES)
def test_a_picture_is_drawn_without_a_word_and_waits_kindly_for_what_is_not_written(name):
    figure, notes = drawn(name)
    assert notes == []
    render(figure)
    figure, notes = draw(name, {each: unwritten(each) for each in TAKES[name]})
    render(figure)
    assert len(notes) == 1
    assert all(f"`{each}`" in notes[0] for each in TAKES[name] if name not in PARTLY)


ODD = (None, np.nan, "text", np.zeros(7))


@pytest.mark.parametrize(("name", "answer"), [(name, ODD[k % 4]) for k, name in enumerate(TAKES) if name not in SHORT])
def test_odd_answers_make_no_picture_fall(name, answer):
    broken = {each: named(each, lambda *args, **kwargs: answer) for each in TAKES[name]}
    render(draw(name, broken)[0])


def test_the_bowls_error_falls_with_the_third_power_and_the_planes_with_the_second():
    shown = lines(drawn("second_order_model")[0].axes[1])
    assert np.log10(shown["plane"][8] / shown["plane"][0]) == pytest.approx(2, abs=0.05)
    assert np.log10(shown["your bowl"][8] / shown["your bowl"][0]) == pytest.approx(3, abs=0.05)


def test_newton_needs_one_step_and_six_and_is_drawn_to_the_saddle():
    titles = [ax.get_title() for ax in drawn("second_order_newton")[0].axes]
    assert titles[0].endswith("1 step")
    assert titles[1].endswith("6 steps")
    step, ground = SOLVED["newton_step"], landscapes.saddle()
    undamped, damped = (pictures.newton_walk(step, ground, np.array([-0.8, 0.35]), 12, d)[-1] for d in (0.0, 2.0))
    np.testing.assert_allclose(undamped, 0, atol=1e-9)
    np.testing.assert_allclose(damped, [0, 1], atol=0.05)
    values = [float(ground.value(w)) for w in pictures.newton_walk(step, ground, np.array([1.0, -0.4]), 12, 2.0)]
    assert values == sorted(values, reverse=True)


def test_an_inverse_leaves_more_over_than_a_solution():
    shown = lines(drawn("second_order_inverse")[0].axes[0])
    assert shown["yours"].max() < 1e-14 < 1e-10 < shown["inverse, then product"][-3]


def test_the_inverse_is_known_after_n_updates():
    for label, errors in lines(drawn("second_order_bfgs")[0].axes[1]).items():
        assert errors[-1] < 1e-9 < 1e-4 < errors[-2] if label != "n = 2" else errors[-1] < 1e-9


def test_the_tries_are_three_three_and_four():
    titles = [ax.get_title() for ax in drawn("second_order_backtracking")[0].axes]
    assert [title.split("after ")[1] for title in titles] == ["3 tries", "3 tries", "4 tries"]


def test_the_counted_evaluations_are_those_that_the_text_tells():
    text = (ROOT / "solutions" / "05_second_order.py").read_text(encoding="utf-8")
    assert "Valley: Newton 2, BFGS 11, L-BFGS 20" in text
    assert "Canyon: 28, 53, 63" in text
    figure, _ = drawn("second_order_valleys")
    valley, canyon = ({line.get_label() for line in figure.axes[k].get_lines()} for k in (1, 3))
    assert {"Newton: 2", "BFGS: 11", "L-BFGS: 20"} <= valley
    assert {"Newton: 28", "BFGS: 53", "L-BFGS: 63"} <= canyon
    assert all(any("gradient descent: more than" in label for label in shown) for shown in (valley, canyon))


def test_the_memory_that_is_kept_stalls_and_the_emptied_one_arrives():
    shown = lines(drawn("second_order_stall")[0].axes[0])
    assert shown["refused pairs left out"][-1] > 2
    assert shown["yours: the memory is emptied"][45] < 1e-10


def test_another_batch_at_each_end_breaks_pairs_and_one_for_both_does_not():
    shown = lines(drawn("second_order_noise")[0].axes[0])
    assert shown["|s| = 0.03, another batch each"].mean() > shown["|s| = 0.3, another batch each"].mean() + 10
    assert max(shown[f"|s| = {length}, one batch for both"].max() for length in ("0.3", "0.03")) == 0


def test_moving_a_slider_redraws_in_place(monkeypatch):
    figures = []
    monkeypatch.setattr(
        "helpers.widgets.explorer.show_figure", lambda f, alt, handle=None, display_id=False: figures.append(f) or "h"
    )
    monkeypatch.setattr("helpers.widgets.explorer.display_with_fallback", lambda *args: None)
    sliders = explorer._sliders(list(landscapes.racetracks()), "Himmelblau")
    monkeypatch.setattr(explorer, "_sliders", lambda *args: sliders)
    widgets.newton_explorer(SOLVED["quadratic_model"], SOLVED["newton_step"])
    sliders["damping"].value = 100.0
    sliders["landscape"].value = "saddle"
    assert len(figures) == 3
    assert "damping 100" in figures[1].axes[0].get_title()
    assert figures[2].axes[0].get_title().startswith("saddle")
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.undo()


def test_the_explorer_lands_near_a_maximum_where_all_curves_down_and_says_what_is_not_written(capsys):
    ground = landscapes.himmelblau()
    w = np.array([np.interp(0.45, (0, 1), ground.xlim), np.interp(0.5, (0, 1), ground.ylim)])
    assert np.linalg.eigvalsh(ground.hessian(w)).max() < 0
    up, down = (pictures.newton_walk(SOLVED["newton_step"], ground, w, 1, d)[-1] for d in (0.0, 100.0))
    assert ground.value(up) > ground.value(w) > ground.value(down)
    widgets.newton_explorer(unwritten("quadratic_model"), unwritten("newton_step"))
    assert "`quadratic_model` and `newton_step` are not written yet" in capsys.readouterr().out


def test_an_unknown_landscape_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"'Everest' must be one of .*Rosenbrock"):
        widgets.newton_explorer(SOLVED["quadratic_model"], SOLVED["newton_step"], landscape="Everest")
