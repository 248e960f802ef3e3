"""The pictures of 04_beyond_adam: right with right functions, telling with wrong ones, kind with none at all."""

import importlib.util
import json
import sys
from functools import cache
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from autograder.course.source import worked
from helpers import data, learned, plots, widgets
from helpers.plots import beyond_adam as pictures
from helpers.widgets import beyond_adam as explorer

from .drawn import named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("04_beyond_adam", ROOT, also=lambda cell: cell.kind == "setup" and "def adam" in cell.source)
PAIRS = ("adam", "adamnorm", "diffgrad", "diffgradnorm", "radam", "radamnorm", "adabelief", "adabeliefnorm")
GIVEN = ("adam", "momentum")
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "beyond_rectification": (("rectification", "radam"), {"steps": 100}),
    "beyond_friction": (("adam", "diffgrad"), {"steps": 20}),
    "beyond_belief": (("adam", "adabelief"), {"steps": 40}),
    "beyond_norms": (("adanorm",), {"steps": 60}),
    "beyond_centred": (("momentum", "moment_centralized_sgd"), {"epochs": 1}),
    "beyond_learned_rate": (("learned_sgd_lr",), {"steps": 40}),
    "beyond_learned_rule": (("adam",), {"epochs": 1, "seeds": range(1)}),
    "beyond_lecture_table": ((), {}),
}
# those that take a dict of optimizers
TABLES = {
    "beyond_overshoot": (("adam", "diffgrad", "adaminject"), {"steps": 20}),
    "beyond_table": (PAIRS, {"epochs": 1, "seeds": 2, "one_rate": True, "progress": False}),
}
ALL = CASES | TABLES
QUIET = [name for name in ALL if name != "beyond_table"]


@pytest.fixture(autouse=True)
def few_digits(monkeypatch):
    whole = data.digits(seed=0)
    few = data.Dataset(*[getattr(whole, part)[:130] for part in whole.__dataclass_fields__])
    monkeypatch.setattr(data, "digits", lambda: few)


@cache
def solved(name):
    """The picture of the solutions, once for all tests that look at it."""
    figure, notes = draw(name, {})
    render(figure)
    return figure, tuple(notes)


def draw(name, functions=None, **options):
    """Draw a picture with the solutions, some of them replaced."""
    ids, quick = ALL[name]
    table = {i: SOLVED[i] for i in ids} | (functions or {})
    arguments = [table] if name in TABLES else list(table.values())
    figure, notes = getattr(plots, name).draw(*arguments, **(quick | options))
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def broken(value):
    return lambda name: named(name, lambda *args, **kwargs: value(*args))


SILENT = {"raising": broken(lambda *args: 1 / 0), "none": broken(lambda *args: None)}
WILD = {
    "nan": broken(lambda *args: (np.asarray(args[0]) * np.nan, {})),
    "exploding": broken(lambda *args: (np.full(np.shape(args[0]), 1e300), {})),
}


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("beyond_")} == set(ALL)
    assert "beyond_explorer" in dir(widgets)


@pytest.mark.parametrize("name", ALL)
def test_with_the_solutions_a_picture_is_full_readable_and_has_nothing_to_complain_of(name):
    figure, notes = solved(name)
    assert not notes or name == "beyond_table"
    for ax in figure.axes:
        beside = [other for other in figure.axes if other.get_subplotspec().rowspan == ax.get_subplotspec().rowspan]
        assert ax.get_xlabel() and any(other.get_ylabel() for other in beside) and ax.get_title()
        assert not any("waits" in text.get_text() for text in ax.texts)


@pytest.mark.parametrize("name", [name for name in ALL if ALL[name][0]])
def test_with_nothing_written_yet_one_sentence_names_all(name):
    ids = [i for i in ALL[name][0] if i not in GIVEN] or ["adam"]
    _, notes = draw(name, {i: unwritten(i) for i in ids})
    assert len(notes) == 1 and "not written yet" in notes[0]
    # Of a pair the first one alone is asked, as long as it is not there.
    assert all(f"`{i}`" in notes[0] for i in ids if name != "beyond_table" or not i.endswith("norm"))


@pytest.mark.parametrize("name", [name for name in QUIET if ALL[name][0]])
def test_a_broken_function_never_stops_a_picture_and_never_warns(name):
    # In one of the two ways to say nothing, and one of the two to say nonsense, by turns.
    for turn, i in enumerate([i for i in ALL[name][0] if i not in GIVEN] or ["adam"], QUIET.index(name)):
        for ways in (SILENT, WILD):
            figure, notes = draw(name, {i: [*ways.values()][turn % 2](i)})
            assert ways is WILD or f"`{i}`" in notes[0]
            render(figure)


# ---------------------------------------------------------------------------- what they show


def test_radams_first_five_steps_have_the_slopes_unit_and_later_ones_none():
    shown = lines(solved("beyond_rectification")[0].axes[1])
    np.testing.assert_allclose(shown["slope 10"][:5] / shown["slope 1"][:5], 10)
    np.testing.assert_allclose(shown["slope 10"][5:], shown["slope 1"][5:], rtol=1e-5)


def test_diffgrad_overshoots_as_adam_at_half_the_rate_and_as_adam_in_larger_units():
    beyond = lines(solved("beyond_overshoot")[0].axes[1])
    np.testing.assert_allclose(beyond["diffgrad"], beyond["adam, half the lr"], atol=0.01)
    assert np.all(beyond["adaminject"] >= beyond["adam, half the lr"])
    shown = lines(draw("beyond_friction", steps=60)[0].axes[1])
    assert shown["diffgrad"][0] == pytest.approx(shown["adam, half the lr"][0], rel=1e-3)
    assert shown["diffgrad"][-1] == pytest.approx(shown["adam"][-1], rel=1e-3)


def test_adabeliefs_steps_grow_where_nothing_surprises():
    noisy, even = draw("beyond_belief", steps=400)[0].axes
    assert lines(even)["adabelief"][-1] > 10 > lines(even)["adabelief"][99] > 4.5
    assert lines(noisy)["adabelief"][-1] == pytest.approx(lines(noisy)["adam"][-1], rel=0.15)


def test_what_adanorm_lengthens_lies_on_its_history():
    figure, _ = solved("beyond_norms")
    history, share = figure.axes
    drawn = {line.get_label(): line for line in history.get_lines()}
    longer = drawn["yours, where it is longer"]
    e = drawn[r"$e$: its history, $\gamma$ = 0.95"].get_ydata()
    np.testing.assert_allclose(longer.get_ydata(), e[longer.get_xdata() - 1])
    assert share.get_lines()[0].get_ydata()[0] == 0


def test_centred_steps_leave_the_means_of_rows_where_they_are():
    shown = lines(solved("beyond_centred")[0].axes[0])
    assert shown["moment_centralized_sgd"].max() < 1e-14 < 1e-4 < shown["momentum"].max()


def test_rates_from_four_starts_end_in_one_place_below_the_threshold():
    rate = draw("beyond_learned_rate", steps=200)[0].axes[0]
    ends = [lines(rate)[f"start {start:g}"][-1] for start in (1e-4, 1e-3, 1e-2)]
    assert max(ends) / min(ends) < 1.1 and max(ends) < 0.08


def test_the_lectures_arrows_are_relative_and_the_means_are_those_of_the_text():
    means = {name: np.mean([b - a for a, b in rows]) for name, rows in pictures.LECTURE.items()}
    assert {name: round(float(mean), 2) for name, mean in means.items()} == {
        "Adam": 2.03,
        "diffGrad": 0.58,
        "Radam": 0.57,
        "AdaBelief": 0.36,
    }
    assert round(100 * (54.44 - 48.98) / 48.98, 2) == 11.15
    assert sum(b < a for rows in pictures.LECTURE.values() for a, b in rows) == 1


def test_both_of_a_pair_start_alike_and_the_last_row_is_one_optimizer_against_itself():
    same = dict.fromkeys(PAIRS, SOLVED["adam"])
    figure, notes = draw("beyond_table", same)
    rows = figure.axes[0].get_yticklabels()
    assert [row.get_text().split("\n")[0] for row in rows] == [*PAIRS[1::2], "radam"]
    assert all("+0.00 ± 0.00" in note for note in notes[:4]) and "against itself" in notes[4]


# ---------------------------------------------------------------------------- the learnt rule


def test_the_learnt_rule_is_small_and_moves_as_the_script_that_trained_it_says():
    spec = importlib.util.spec_from_file_location("learned_optimizer", ROOT / "docs" / "learned_optimizer.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert learned.FILE.stat().st_size < 20_000
    assert sum(value.size for value in learned.learned_rule().values()) == 72
    rule = {name: torch.tensor(value) for name, value in json.loads(learned.FILE.read_text())["rule"].items()}
    draw = torch.Generator().manual_seed(5)
    # Better after 20 steps than where it began, on each kind of problem: the mean logarithm of the loss falls.
    for problem in (script.quadratics, script.regressions, script.networks):
        assert float(script.unrolled(rule, problem, draw, 20).detach()) < -0.5


def test_a_step_of_the_learnt_rule_has_no_unit_of_the_loss():
    w, grad = np.zeros(3), np.array([0.1, -1.0, 3.0])
    one, _ = learned.learned_optimizer(w, grad, {})
    other, _ = learned.learned_optimizer(w, 1000 * grad, {})
    np.testing.assert_allclose(one, other, rtol=1e-5)
    assert np.all(np.sign(one) == -np.sign(grad))


# ---------------------------------------------------------------------------- widget

EVERYBODY = {name: SOLVED[name] for name in (*PAIRS, "adaminject", "moment_centralized_sgd")}


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that the widget shows; nothing is displayed."""
    figures = []

    def show(figure, alt, handle=None, display_id=False):
        figures.append(figure)
        return "handle" if display_id else None

    monkeypatch.setattr("helpers.widgets.explorer.show_figure", show)
    monkeypatch.setattr("helpers.widgets.explorer.display_with_fallback", lambda *args: None)
    return figures


def test_the_controls_draw_anew_those_that_are_chosen(shown, monkeypatch):
    controls = explorer._sliders(["Beale", "saddle"], list(EVERYBODY), "Beale", 20)
    monkeypatch.setattr(explorer, "_sliders", lambda *args: controls)
    widgets.beyond_explorer(EVERYBODY, steps=20)
    controls["shown"].value = ("radamnorm", "adam")
    controls["gamma"].value = 0.5
    controls["landscape"].value = "saddle"
    assert len(shown) == 4 and shown[-1].axes[0].get_title().startswith("saddle")
    assert {"adam", "radamnorm"} == {label for label in lines(shown[-1].axes[1]) if not label.startswith("_")}


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.beyond_explorer(EVERYBODY | {"adamnorm": unwritten("adamnorm")}, steps=20)
    assert len(shown) == 1


def test_an_unknown_landscape_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"'Everest' must be one of .*Rosenbrock"):
        widgets.beyond_explorer(EVERYBODY, landscape="Everest")
