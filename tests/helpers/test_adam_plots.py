"""The pictures of 03_adam: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import math
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.source import worked
from helpers import data, landscapes, plots, training, widgets
from helpers.plots import adam as pictures
from helpers.plots import optimizers
from helpers.widgets import adam as explorer

from .drawn import in_turns, named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("03_adam", ROOT, also=lambda cell: cell.kind == "setup" and "def " in cell.source, math=math)
RACERS = ("momentum", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad", "nadam")
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "adam_valley": (("sgd", "adagrad"), {}),
    "adam_speed": (("adagrad_by_loop", "adagrad"), {}),
    "adam_effective_rates": (("adagrad", "rmsprop"), {}),
    "adam_adadelta": (("adadelta",), {}),
    "adam_first_steps": (("adam_uncorrected", "first_step_ratio"), {}),
    "adam_correction": (("adam_uncorrected", "adam"), {"long": 100}),
    "adam_wrong_way": (("adam", "amsgrad"), {"steps": 60, "walkers": 10}),
    "adam_decay": (("adam_l2", "adamw"), {"steps": 100}),
    "adam_dead_pixels": (("adam_l2", "adamw"), {"epochs": 1}),
    "adam_nadam": (("adam", "nadam"), {"steps": 30}),
    "adam_denominators": (("adagrad", "rmsprop", "adam"), {}),
    "adam_tiny_gradients": (("adam",), {"epochs": 1, "seeds": range(1)}),
}
# those that take a dict of optimizers
TABLES = {
    "adam_race": (RACERS, {"steps": 20, "lrs": (0.01, 0.1)}),
    "adam_digits": (
        ("sgd", "momentum", "adam"),
        {"epochs": 1, "seeds": range(2), "lrs": (0.01, 0.1), "progress": False},
    ),
}
ALL = CASES | TABLES


@pytest.fixture
def few_digits(monkeypatch):
    whole = data.digits(seed=0)
    few = data.Dataset(*[getattr(whole, part)[:70] for part in whole.__dataclass_fields__])
    monkeypatch.setattr(data, "digits", lambda: few)


def draw(name, functions=None, **options):
    """Draw a picture with the solutions, some of them replaced."""
    ids, quick = ALL[name]
    table = {i: SOLVED[i] for i in ids} | (functions or {})
    arguments = [table] if name in TABLES else list(table.values())
    figure, notes = getattr(plots, name).draw(*arguments, **(quick | options))
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def returning(value):
    return lambda name: named(name, lambda *args, **kwargs: value)


def stepping_to(place):
    """An optimizer, as far as it is called as one, that goes to place(w) at every step."""
    return lambda name: named(name, lambda *args, **kwargs: (place(args[0] if len(args) > 1 else np.zeros(2)), {}))


# what an optimizer may do wrong, and what only a formula can
SILENT = {  # gives nothing that could be drawn
    "raising": lambda name: named(name, lambda *args, **kwargs: 1 / 0),
    "none": returning(None),
    "another_shape": stepping_to(lambda w: np.zeros((2, 7))),
}
WILD = {
    "nan": stepping_to(lambda w: w * np.nan),
    "exploding": stepping_to(lambda w: np.full(np.shape(w), 1e300)),
    "standing_still": stepping_to(lambda w: w),
}
NUMBERS = {"number": math.nan, "huge": 1e300, "zero": 0, "array": np.zeros((3, 1)), "word": "three"}


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("adam_")} == set(ALL)
    assert "adam_explorer" in dir(widgets)


@pytest.mark.parametrize("name", ALL)
def test_with_the_solutions_a_picture_is_full_readable_and_has_nothing_to_complain_of(name):
    figure, notes = solved(name)
    render(figure)
    assert notes == []
    drawn = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for ax in drawn:
        beside = [other for other in drawn if other.get_subplotspec().rowspan == ax.get_subplotspec().rowspan]
        assert ax.get_xlabel() and any(other.get_ylabel() for other in beside)
        assert ax.get_title() or name == "adam_race"
        assert not any("waits" in text.get_text() for text in ax.texts)
    several = [ax for ax in drawn if sum(not label.startswith("_") for label in lines(ax)) > 1]
    assert not several or figure.legends or any(ax.get_legend() for ax in drawn)


@pytest.mark.parametrize("name", ALL)
def test_with_nothing_written_yet_one_sentence_names_all_and_no_axes_pretend(name):
    ids = [i for i in ALL[name][0] if i not in ("sgd", "momentum")]
    figure, notes = draw(name, {i: unwritten(i) for i in ids})
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert all(f"`{i}`" in notes[0] for i in ids)
    if name in ("adam_adadelta", "adam_effective_rates", "adam_first_steps", "adam_wrong_way", "adam_dead_pixels"):
        assert all(any("waits" in text.get_text() for text in ax.texts) for ax in figure.axes)


def students(name):
    """Return the functions of a picture that a student writes; where there is a table of them, one stands for all."""
    return ["adam"] if name in TABLES else [i for i in ALL[name][0] if i != "sgd"]


@pytest.mark.parametrize(("name", "broken"), in_turns(ALL, SILENT))
def test_a_function_that_gives_no_step_is_named_and_stops_no_picture(name, broken, few_digits):
    for i in students(name):
        if (i, broken) != ("first_step_ratio", "another_shape"):
            assert f"`{i}`" in draw(name, {i: SILENT[broken](i)})[1][0]


@pytest.mark.parametrize(("name", "broken"), in_turns(ALL, WILD))
def test_wild_steps_never_stop_a_picture_and_never_warn(name, broken, few_digits):
    for i in students(name):
        figure, _ = draw(name, {i: WILD[broken](i)})
    render(figure)


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_a_wild_ratio_never_stops_its_picture_and_never_warns(value):
    figure, notes = draw("adam_first_steps", {"first_step_ratio": returning(value)("first_step_ratio")})
    render(figure)
    assert bool(notes) is (np.ndim(value) > 0 or isinstance(value, str))


def test_a_function_that_raises_is_quoted():
    def adagrad(w, grad, state, *, lr, eps=1e-10):
        raise KeyError("cache")

    assert draw("adam_valley", {"adagrad": adagrad})[1] == ["`adagrad` stopped with KeyError: 'cache'."]


# ---------------------------------------------------------------------------- what they show


def test_turning_the_valley_costs_adagrad_its_advantage_and_sgd_nothing():
    loss = lines(solved("adam_valley")[0].axes[2])
    np.testing.assert_allclose(loss["sgd, turned"], loss["sgd, straight"], rtol=1e-9)
    assert loss["adagrad, straight"][-1] < 1e-9
    assert loss["adagrad, turned"][-1] > 0.1


def test_the_turned_valley_has_the_gradient_and_the_hessian_of_its_values():
    turned, w, h = pictures._turned(landscapes.bowl(100.0), 30.0), np.array([0.7, -1.3]), 1e-6
    for j, step in enumerate(np.eye(2) * h):
        rise = turned.value(w + step) - turned.value(w - step)
        assert turned.gradient(w)[j] == pytest.approx(rise / (2 * h), rel=1e-6)
        np.testing.assert_allclose(
            turned.hessian(w)[:, j], (turned.gradient(w + step) - turned.gradient(w - step)) / (2 * h), rtol=1e-6
        )


def test_rmsprop_forgets_a_steep_past_and_adagrad_does_not():
    adagrad, rmsprop = (ax.get_lines()[0].get_ydata() for ax in solved("adam_effective_rates")[0].axes)
    assert adagrad[-1] <= adagrad[599]
    assert rmsprop[599] == pytest.approx(0.01, rel=0.01)
    assert rmsprop[-1] == pytest.approx(1.0, rel=0.01)
    assert rmsprop[0] == pytest.approx(0.1)  # ten times what it settles at


def test_adadelta_does_not_see_the_slope_but_its_eps():
    ax = solved("adam_adadelta")[0].axes[0]
    steep, even = (lines(ax)[f"eps = 1e-06, slope = {size:g}"] for size in (100, 1))
    np.testing.assert_allclose(steep, even, rtol=1e-2)
    small, large = (lines(ax)[f"eps = {eps}, slope = 1"] for eps in ("1e-08", "1e-04"))
    assert large[0] / small[0] == pytest.approx(100, rel=0.01)
    assert even[0] == pytest.approx(math.sqrt(1e-6 / 0.1), rel=1e-4)


def test_the_predicted_first_step_lies_on_the_measured_one():
    ax = solved("adam_first_steps")[0].axes[0]
    measured = [line.get_ydata()[0] for line in ax.get_lines() if len(line.get_ydata()) == 10]
    predicted = [float(line.get_ydata()[0]) for line in ax.get_lines() if len(line.get_ydata()) == 1]
    np.testing.assert_allclose(measured, predicted, rtol=1e-5)
    assert measured[0] == pytest.approx(math.sqrt(10), rel=1e-5)


def test_an_inverted_ratio_misses_the_measured_first_step():
    inverted = named("first_step_ratio", lambda betas: math.sqrt(1 - betas[1]) / (1 - betas[0]))
    ax = draw("adam_first_steps", {"first_step_ratio": inverted})[0].axes[0]
    assert float(next(line.get_ydata()[0] for line in ax.get_lines() if len(line.get_ydata()) == 1)) < 1


def test_the_correction_matters_for_more_than_a_thousand_steps():
    _, length, ratio = draw("adam_correction", long=3000)[0].axes
    np.testing.assert_allclose(lines(length)["with correction"], 1, atol=0.02)
    curve = next(
        line for line in ratio.get_lines() if "0.999$" in line.get_label() or line.get_label().endswith("0.999")
    )
    step, values = curve.get_xdata(), curve.get_ydata()
    np.testing.assert_allclose(values, (1 - 0.9**step) / np.sqrt(1 - 0.999**step) / 1.0, rtol=1e-5)
    assert values[step > 1000].max() > 1.2
    assert values[step > 2400].max() < 1.05


def test_adam_walks_the_wrong_way_and_amsgrad_the_right_one():
    left, right = draw("adam_wrong_way", steps=1500, walkers=30)[0].axes
    assert lines(left)["adam"][-1] > 0.9
    assert lines(left)["amsgrad"][-1] < -0.9
    shown = lines(right)
    for C in (3, 20, 50):
        assert shown[f"adam, C = {C}"][0] > 0.5  # a short memory of v
        assert shown[f"adam, C = {C}"][-1] < -0.8  # a long one
        assert max(shown[f"amsgrad, C = {C}"]) < -0.5
    at_ten_steps = [shown[f"adam, C = {C}"][2] for C in (3, 20, 50)]
    assert at_ten_steps == sorted(at_ten_steps)


def test_l2_shrinks_by_the_gradient_and_decoupled_decay_does_not():
    shown = lines(draw("adam_decay", steps=2000)[0].axes[0])
    plain = float(shown["plain SGD, L2 or decay"][0])
    np.testing.assert_allclose(shown["adamw"], plain, atol=0.03)
    assert shown["adam_l2"][0] < 0.05
    assert shown["adam_l2"][-1] > 0.95


def test_the_weights_of_pixels_that_are_never_lit_die_whatever_the_strength():
    scatter, l2_map, adamw_map = draw("adam_dead_pixels", epochs=10)[0].axes[:3]
    never = data.digits().x_train.mean(axis=0) == 0
    assert never.sum() == 3
    shown = lines(scatter)
    weak, strong = (shown[f"adam_l2, weight_decay = {decay:g}"][never] for decay in (1e-4, 1e-2))
    assert max(weak.max(), strong.max()) < 0.02
    np.testing.assert_allclose(shown["adamw, weight_decay = 0.0001"][never], 1, atol=0.01)
    assert l2_map.get_images()[0].get_array().reshape(-1)[never].max() < -1.5
    assert adamw_map.get_images()[0].get_array().min() > -0.1


def test_nadam_turns_round_before_adam():
    answer = lines(solved("adam_nadam")[0].axes[0])
    assert answer["nadam"][30] < 0
    uphill = int(np.argmax(answer["adam"][30:] < 0))
    assert uphill == 6


def test_each_racer_runs_at_a_rate_of_its_own_that_stays_on_the_map():
    figure, _ = draw("adam_race", steps=100, lrs=(1e-3, 0.1, 1.0))
    for ground, rates, track in zip(figure.axes[:4], figure.axes[8:], landscapes.racetracks().values(), strict=False):
        chosen = [float(line.get_xdata()[0]) for line in rates.get_lines() if len(line.get_xdata()) == 1]
        assert len(chosen) == len(RACERS)
        adam = next(line for line in ground.get_lines() if line.get_color() == "C4" and len(line.get_xdata()) > 1)
        assert np.all((track.xlim[0] <= adam.get_xdata()) & (adam.get_xdata() <= track.xlim[1]))


def test_the_denominators_agree_for_large_slopes_and_bend_at_their_own_places():
    for ax, flat in zip(solved("adam_denominators")[0].axes, (1.0, 10.0, 1.0), strict=True):
        size = ax.get_lines()[0].get_xdata()
        shown = lines(ax)
        three = [label for label in shown if "no root" not in label]
        for label in three:
            np.testing.assert_allclose(shown[label][size > 0.1], flat, rtol=1e-3)
        at = np.argmin(np.abs(size - 1e-6))
        inside, outside = shown["eps inside the root (002)"][at], shown["outside, PyTorch's (1e-10 or 1e-8)"][at]
        assert inside < 0.02 * outside
        none = shown["no root (000)"]
        assert none[-1] < 0.1 * none[np.argmin(np.abs(size - 1))]


def test_the_drawn_lecture_forms_are_the_first_steps_of_those_adams():
    size = np.array([1e-6, 1e-3, 2.0])
    forms = pictures._lecture_forms(size**2)
    for step, label in ((pictures._adam_without_root, "no root"), (pictures._adam_inside, "inside")):
        moved, _ = step(np.zeros(3), size, {}, lr=1.0, eps=1e-8)
        denominator = next(values for name, values in forms.items() if label in name)
        np.testing.assert_allclose(-moved, size / denominator)


def test_small_gradients_stop_the_eps_inside_the_root_first():
    shown = lines(draw("adam_tiny_gradients", epochs=2)[0].axes[0])
    factors = list(10.0 ** np.arange(-10, 5, 2))
    at = factors.index(next(f for f in factors if 1e-7 < f < 1e-5))
    assert shown["yours, eps = 1e-8 (PyTorch)"][at] > 0.8
    assert shown["eps = 1e-8 inside the root (002)"][at] < 0.4
    assert shown["yours, eps = 1e-8 (PyTorch)"][-1] > 0.8


def test_uneven_units_are_no_other_information_and_the_same_for_all_images():
    plain, uneven = data.digits(), pictures._in_uneven_units(data.digits())
    lit = plain.x_train.max(axis=0) > 0
    factors = uneven.x_train.max(axis=0)[lit] / plain.x_train.max(axis=0)[lit]
    np.testing.assert_allclose(uneven.x_test[:, lit], plain.x_test[:, lit] * factors)
    assert factors.min() < 0.1
    assert factors.max() > 10
    assert np.array_equal(uneven.y_test, plain.y_test)


def test_adam_wins_where_units_are_uneven():
    figure, notes = draw("adam_digits", uneven=True, epochs=3, lrs=(0.01, 0.03), seeds=range(2))
    assert notes == []
    labels = [tick.get_text() for tick in figure.axes[1].get_xticklabels()]
    accuracy = {label.split("\n")[0]: float(label.split("\n")[2].split()[0]) for label in labels}
    assert accuracy["adam"] > max(accuracy["sgd"], accuracy["momentum"]) + 3


# ---------------------------------------------------------------------------- widget


OPTIMIZERS = {name: SOLVED[name] for name in RACERS}


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that the widget shows; nothing is displayed."""
    figures = []

    def show(figure, alt, handle=None, display_id=False):
        figures.append((figure, handle))
        return "handle" if display_id else None

    monkeypatch.setattr("helpers.widgets.explorer.show_figure", show)
    monkeypatch.setattr("helpers.widgets.explorer.display_with_fallback", lambda *args: None)
    return figures


def ends(figure):
    return {label: values[-1] for label, values in lines(figure.axes[1]).items()}


def test_moving_a_slider_redraws_in_place_and_moves_only_those_that_listen(shown, monkeypatch):
    sliders = explorer._sliders(list(landscapes.racetracks()), "Beale", 50)
    monkeypatch.setattr(explorer, "_sliders", lambda *args: sliders)
    widgets.adam_explorer(OPTIMIZERS, steps=50)
    sliders["eps"].value = 100.0
    (first, no_handle), (second, handle) = shown
    assert (no_handle, handle) == (None, "handle")
    before, after = ends(first), ends(second)
    assert all(before[name] == after[name] for name in ("momentum", "adadelta"))
    assert all(before[name] != after[name] for name in ("adagrad", "rmsprop", "adam", "amsgrad", "nadam"))
    assert "eps = 1e+02" in second.axes[0].get_title()


def test_a_large_eps_makes_a_momentum_of_adam():
    track = landscapes.racetracks()["Beale"]
    as_usual, large = (
        ends(explorer.adaptive_race.draw(OPTIMIZERS, track, **dials)[0]) for dials in ({}, {"lr": 5.6, "eps": 100.0})
    )
    assert abs(np.log10(large["adam"] / large["momentum"])) < 0.4
    assert abs(np.log10(as_usual["adam"] / as_usual["momentum"])) > 1


def test_the_explorer_changes_landscape(shown, monkeypatch):
    sliders = explorer._sliders(list(landscapes.racetracks()), "Beale", 20)
    monkeypatch.setattr(explorer, "_sliders", lambda *args: sliders)
    widgets.adam_explorer(OPTIMIZERS, steps=20)
    sliders["landscape"].value = "saddle"
    assert shown[-1][0].axes[0].get_title().startswith("saddle")


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.adam_explorer(OPTIMIZERS, steps=20)
    assert len(shown) == 1


def test_an_unknown_landscape_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"'Everest' must be one of .*Rosenbrock"):
        widgets.adam_explorer(OPTIMIZERS, landscape="Everest")


@pytest.mark.parametrize("broken", [SILENT["none"], WILD["nan"], unwritten, lambda name: None])
def test_the_explorer_goes_on_without_one_that_is_broken(broken, shown, capsys):
    widgets.adam_explorer(OPTIMIZERS | {"adam": broken("adam")}, steps=20)
    figure = shown[0][0]
    render(figure)
    assert {"momentum", "adagrad", "nadam"} <= set(lines(figure.axes[1]))


def test_the_explorer_names_what_is_not_written(shown, capsys):
    widgets.adam_explorer(OPTIMIZERS | {name: unwritten(name) for name in ("adam", "nadam")}, steps=20)
    assert "`adam` and `nadam` are not written yet" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["each weight", "norm"])
def test_seeds_side_by_side_are_the_runs_of_each(kind):
    def step(w, grad, state, *, lr):
        v = 0.9 * state.get("v", 0 * w) + grad
        return w - lr * v / (np.linalg.norm(v) if kind == "norm" else 1), {"v": v}

    digits, seeds = data.digits(), [0, 1]
    how = {"lr": 0.1, "epochs": 1, "tick": lambda: None}
    shuffled = training.shuffled_minibatches
    alone = [optimizers.learn_digits(digits, step, None, shuffled, seed=seed, **how) for seed in seeds]
    together = optimizers.learn_digits_of_seeds(digits, step, seeds=seeds, **how)
    assert [(run.val_accuracy, run.test_accuracy) for run in together] == [
        (run.val_accuracy, run.test_accuracy) for run in alone
    ]
