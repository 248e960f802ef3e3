"""The pictures of 01_backprop: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import sys
from pathlib import Path
from unittest import mock

import matplotlib
import numpy as np
import pytest

from autograder.course.source import worked
from helpers import data, plots, widgets
from helpers.plots import backprop as pictures
from helpers.plots.ready import NotReady
from helpers.training import Layers
from helpers.widgets import backprop as playground

from .drawn import in_turns, render, unwritten

matplotlib.use("Agg")
ROOT = Path(__file__).parents[2]
SOLVED = worked(
    "01_backprop", ROOT, also=lambda cell: cell.id in ("by_trial", "twenty_lines"), SEED=0, plots=mock.MagicMock()
)
LINEAR = ("linear_forward", "linear_backward")
NETWORK = (*LINEAR, "relu", "relu_backward", "softmax_cross_entropy")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")
BOTH = tuple(name + end for name in ACTIVATIONS for end in ("", "_backward"))
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "backprop_suspects": ((), {"epochs": 2, "seeds": 2}),
    "backprop_by_trial": (("by_trial",), {"steps": 30}),
    "backprop_graph": (("graph_backward",), {}),
    "backprop_engine": (("backpropagate",), {}),
    "backprop_step_width": (("numerical_gradient", "relative_error"), {}),
    "backprop_cost": (("numerical_gradient", *LINEAR), {"units": (1, 4, 16)}),
    "backprop_gradient_check": (("numerical_gradient", *LINEAR), {}),
    "backprop_collapse": ((*LINEAR, "collapse"), {"epochs": 2}),
    "backprop_activations": (BOTH, {}),
    "backprop_extremes": (("sigmoid", "softplus", "elu"), {}),
    "backprop_depth": (BOTH, {"seeds": 2}),
    "backprop_dead_units": ((), {"epochs": 1}),
    "backprop_maxout": (("maxout_forward", "maxout_backward"), {}),
    "backprop_softmax": (("softmax_cross_entropy",), {}),
    "backprop_hinge": (("multiclass_hinge", "softmax_cross_entropy"), {"epochs": 2}),
    "backprop_two_layer_check": (("numerical_gradient", "two_layer_loss"), {}),
    "backprop_weight_decay": (("two_layer_loss",), {}),
    "backprop_boundary": (("two_layer_loss",), {"steps": 20, "moments": (0, 5, 20)}),
    "backprop_twenty_lines": (("twenty_lines",), {}),
    "backprop_before_and_after": (NETWORK, {"epochs": 2, "seeds": 2, "lrs": (0.3,)}),
}
WITH_FUNCTIONS = [name for name, (ids, _) in CASES.items() if ids]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(pictures, "counted", lambda jobs, **_: list(jobs))
    monkeypatch.setattr(playground, "STEPS", (0, 1, 10, 100))


@pytest.fixture(scope="module")
def few():
    whole = data.digits(seed=0)
    return data.Dataset(*[getattr(whole, part)[:130] for part in whole.__dataclass_fields__])


@pytest.fixture
def few_digits(few, monkeypatch):
    monkeypatch.setattr(pictures, "_digits", lambda seed=0: few)


def broken(name, value):
    """Return a function that answers with value, or with value(the solution's answer)."""

    def function(*args, **kwargs):
        return value(SOLVED[name](*args, **kwargs)) if callable(value) else value

    function.__name__ = name
    return function


def draw(name, functions=None, **kwargs):
    ids, quick = CASES[name]
    functions = list(functions) if functions is not None else [SOLVED[i] for i in ids]
    if ids == BOTH:
        functions = [dict(zip(ACTIVATIONS, zip(functions[::2], functions[1::2], strict=True), strict=True))]
    return getattr(plots, name).draw(*functions, **(quick | kwargs))


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def with_one(name, replaced, function):
    """Draw a picture with one of its functions replaced."""
    return draw(name, [function if i == replaced else SOLVED[i] for i in CASES[name][0]])


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def largest_errors(figure, panels: int) -> list[float]:
    return [float(ax.get_xlabel().split()[-1]) for ax in figure.axes[:panels]]


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("backprop_")} == set(CASES)
    assert "backprop_playground" in dir(widgets)


@pytest.mark.parametrize("name", CASES)
def test_with_the_solutions_a_picture_has_nothing_to_complain_of(name):
    figure, notes = solved(name)
    assert [note for note in notes if not note.startswith(("Test accuracy", "Two layers against"))] == []
    assert_readable(figure)
    render(figure)


def assert_readable(figure):
    """Every axis says what it shows (or shares one that does), and where there are several lines there is a legend."""
    drawn = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for ax in drawn:
        assert ax.has_data()
        if not ax.axison:  # a graph: what stands on it says what it is
            assert ax.get_title()
            continue
        if ax.get_images() and not ax.get_ylabel():  # maps under each other, with their names beside the first column
            assert ax.get_xlabel()
            assert ax.get_title()
            continue
        ticks = [tick.get_text() for tick in ax.get_xticklabels() + ax.get_yticklabels()]
        in_words = any(text.strip() and text[0].isalpha() for text in ticks)
        neighbours = [other for other in drawn if other.get_gridspec() is ax.get_gridspec()]
        assert ax.get_xlabel() or in_words or any(other.get_xlabel() for other in neighbours)
        assert ax.get_ylabel() or in_words or any(other.get_ylabel() for other in neighbours)
    several = [ax for ax in drawn if sum(not name.startswith("_") for name in lines(ax)) > 1]
    assert not several or figure.legends or any(ax.get_legend() for ax in drawn)


@pytest.mark.parametrize("name", WITH_FUNCTIONS)
def test_unwritten_functions_are_named_in_one_sentence(name):
    ids = CASES[name][0]
    figure, notes = draw(name, [unwritten(i) for i in ids])
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert any(f"`{i}`" in notes[0] for i in ids)
    render(figure)


SPOILERS = {
    "none": None,
    "nan": lambda result: _map_arrays(result, lambda a: a * np.nan),
    "huge": lambda result: _map_arrays(result, lambda a: a * 1e200),
    "another shape": lambda result: _map_arrays(result, lambda a: np.zeros((2, 2, 2))),
    "all zero": lambda result: _map_arrays(result, lambda a: 0 * a),
}


def _map_arrays(result, change):
    if isinstance(result, (tuple, list)):
        return type(result)(_map_arrays(part, change) for part in result)
    if isinstance(result, dict):
        return {name: _map_arrays(part, change) for name, part in result.items()}
    return change(np.asarray(result)) if np.asarray(result).dtype.kind == "f" else result


@pytest.mark.parametrize(("name", "spoiler"), in_turns(WITH_FUNCTIONS, SPOILERS))
def test_a_wrong_answer_never_stops_a_picture(name, spoiler, few_digits):
    ids = CASES[name][0]
    for spoilt in ids if ids != BOTH else ("sigmoid", "elu_backward"):
        figure, _ = with_one(name, spoilt, broken(spoilt, SPOILERS[spoiler]))
        if spoiler in ("nan", "huge", "all zero"):  # of the others nothing is drawn
            render(figure)


@pytest.mark.parametrize("value", [None, "nonsense", 3.0, (np.zeros(3),), (None, None), ("a", "b"), ({}, {})])
def test_an_answer_of_another_kind_is_told(value):
    x, y, params = np.zeros((2, 3)), np.zeros(2, dtype=int), {"W1": np.zeros((3, 2))}
    asked = (
        lambda f: pictures.ask_forward(f, x, shape=(2, 3)),
        lambda f: pictures.ask_gradients(f, x, None, (x, y)),
        lambda f: pictures.ask_loss(f, x, y),
        lambda f: pictures.ask_two_layers(f, params, x, y, 0.0),
    )
    for ask in asked:
        with pytest.raises(NotReady, match=r"^`twelve` gave "):
            ask(broken("twelve", value))


@pytest.mark.parametrize("name", WITH_FUNCTIONS)
def test_a_function_that_raises_is_quoted(name, few_digits):
    first = CASES[name][0][-1]

    def function(*args, **kwargs):
        raise ValueError("operands could not be broadcast")

    function.__name__ = first
    assert f"`{first}` stopped with ValueError: operands could not be broadcast." in with_one(name, first, function)[1]


def test_a_function_that_fails_only_in_training_is_quoted(few_digits):
    def relu(x):
        if len(x) > 10:
            raise IndexError("too many")
        return SOLVED["relu"](x)

    _, notes = with_one("backprop_before_and_after", "relu", relu)
    assert notes == ["`the network with your functions` stopped with IndexError: too many."]


# ---------------------------------------------------------------------------- what they show


def texts(ax):
    """What stands on a graph, by the place it was drawn for."""
    return {text.get_gid(): text.get_text() for text in ax.texts if text.get_gid()}


def test_a_graph_shows_what_the_students_function_gave_right_or_wrong():
    y_larger, z_larger = map(texts, solved("backprop_graph")[0].axes)
    assert (y_larger["dy"], y_larger["y>a"], y_larger["y>b"], y_larger["z>b"]) == ("dy = 7", "3", "4", "0")
    assert (z_larger["dz"], z_larger["y>b"], z_larger["z>b"]) == ("dz = 4", "0", "4")
    wrong = with_one("backprop_graph", "graph_backward", broken("graph_backward", lambda grads: grads | {"y": -1.5}))
    assert texts(wrong[0].axes[0])["dy"] == "dy = −1.5"


def test_a_graph_whose_gradients_are_not_written_stands_there_with_its_values():
    figure, _ = draw("backprop_graph", [unwritten("graph_backward")])
    shown = texts(figure.axes[0])
    assert shown["dy"] == "dy = ?" and shown["y>b"] == "?" and shown["f"] == "f = a · b = 12"


def test_the_engines_graph_adds_up_what_two_samples_hand_back():
    shown = texts(solved("backprop_engine")[0].axes[0])
    assert (shown["dw"], shown["w>m1"], shown["w>m2"], shown["db"]) == ("dw = 14", "2", "12", "db = 6")


@pytest.mark.parametrize("value", [None, 3.0, {"x": 1.0}, [1, 2]])
def test_gradients_that_are_no_dict_of_all_nodes_are_told(value):
    for name, function in (("backprop_graph", "graph_backward"), ("backprop_engine", "backpropagate")):
        assert with_one(name, function, broken(function, value))[1][0].startswith(f"`{function}` gave ")


def test_a_network_learns_by_trial():
    loss = draw("backprop_by_trial", steps=300)[0].axes[1].get_lines()[0].get_ydata()
    assert loss[-1] < 0.1 * loss[0]


def test_all_three_suspects_learn_though_two_follow_a_wrong_gradient():
    loss, accuracy = draw("backprop_suspects", epochs=8)[0].axes
    for name in "ABC":
        assert lines(loss)[name].get_ydata()[-1] < 0.2 * lines(loss)[name].get_ydata()[0]
        assert lines(accuracy)[name].get_ydata()[-1] > 0.85


def test_the_central_difference_is_of_second_order_down_to_its_rounding():
    ax = solved("backprop_step_width")[0].axes[0]
    width, yours = lines(ax)["yours"].get_data()
    one_sided = next(line.get_ydata() for label, line in lines(ax).items() if label.startswith("one-sided"))
    wide = (width > 9e-4) & (width < 0.11)
    assert np.polyfit(np.log(width[wide]), np.log(yours[wide]), 1)[0] == pytest.approx(2, abs=0.1)
    assert np.polyfit(np.log(width[wide]), np.log(one_sided[wide]), 1)[0] == pytest.approx(1, abs=0.1)
    assert 1e-6 < width[np.argmin(yours)] < 1e-4
    assert yours[0] > 1e-6


def test_a_one_sided_numerical_gradient_is_seen_in_the_picture():
    def numerical_gradient(f, x, h=1e-5):
        return np.array([(f(x + h * e) - f(x)) / h for e in np.eye(len(x))])

    ax = with_one("backprop_step_width", "numerical_gradient", numerical_gradient)[0].axes[0]
    theirs, one_sided = (line.get_ydata() for line in ax.get_lines()[1::-1])
    np.testing.assert_allclose(theirs, one_sided)


def test_backprop_is_far_cheaper_than_trial_for_many_weights():
    ax = draw("backprop_cost", units=(1, 128))[0].axes[0]
    trial, back = (line.get_ydata() for line in ax.get_lines()[:2])
    assert trial[-1] > 100 * back[-1]


def test_the_gradient_check_is_dark_for_a_right_backward_only():
    yours, transposed, averaged = largest_errors(solved("backprop_gradient_check")[0], 3)
    assert yours < 1e-6
    assert min(transposed, averaged) > 0.1


def test_the_gradient_check_shows_where_the_mistake_is():
    def linear_backward(dout, cache):
        dx, dW, db = SOLVED["linear_backward"](dout, cache)
        return dx, dW / len(dout), db

    ax = with_one("backprop_gradient_check", "linear_backward", linear_backward)[0].axes[0]
    bright = np.nan_to_num(ax.get_images()[0].get_array(), nan=-99.0) > -2
    assert bright[5:12].all() and bright.sum() == 7 * 7


def test_linear_layers_draw_straight_borders_and_the_collapsed_one_the_same():
    figure, notes = draw("backprop_collapse", epochs=30)
    one, two, five, bent = (float(ax.get_title().split(": ")[1].strip("%")) for ax in figure.axes)
    assert max(one, two, five) < 60 < bent
    assert float(notes[0].split()[-3]) < 1e-12


def test_a_collapse_that_forgets_b1_is_measured():
    _, notes = with_one("backprop_collapse", "collapse", lambda W1, b1, W2, b2: (W1 @ W2, b2))
    assert float(notes[0].split()[-3]) > 1e-4


def test_dashed_slopes_and_dots_agree_for_right_activations_off_the_kink():
    for ax in solved("backprop_activations")[0].axes:
        x, slope = lines(ax)["slope, by your backward"].get_data()
        spots, dots = lines(ax)["slope, by differences of your out"].get_data()
        off = np.abs(spots) > 0.1
        np.testing.assert_allclose(np.interp(spots, x, slope)[off], dots[off], atol=1e-3)


def test_the_dot_on_the_kink_of_relu_lies_half_way():
    ax = solved("backprop_activations")[0].axes[2]
    spots, dots = lines(ax)["slope, by differences of your out"].get_data()
    assert ax.get_title() == "relu" and dots[np.argmin(np.abs(spots))] == pytest.approx(0.5)


def test_a_backward_that_is_given_the_output_is_seen():
    def sigmoid_backward(dout, x):
        return dout * x * (1 - x)

    ax = with_one("backprop_activations", "sigmoid_backward", sigmoid_backward)[0].axes[0]
    slope = lines(ax)["slope, by your backward"].get_ydata()
    assert np.abs(slope).max() > 10


def test_the_printed_formulas_break_where_the_picture_says_and_right_ones_do_not():
    for ax, broken_from in zip(solved("backprop_extremes")[0].axes, (710, -37, None), strict=True):
        printed, yours = (line.get_data() for line in ax.get_lines())
        assert np.isfinite(yours[1]).all() and (yours[1] > 0).all()
        if broken_from == 710:
            assert np.isnan(printed[1][printed[0] > 710]).all()
        elif broken_from == -37:
            assert np.isnan(printed[1][printed[0] < -37]).all()
        else:
            assert np.abs(printed[1] - 1).max() > 0.5 and np.abs(yours[1] - 1).max() < 0.01


def test_the_gradient_vanishes_through_sigmoids_and_not_through_relus():
    ax = solved("backprop_depth")[0].axes[0]
    assert lines(ax)["sigmoid"].get_ydata()[-1] < 1e-8
    assert 0.1 < lines(ax)["relu"].get_ydata()[-1] < 10


def test_a_rate_that_is_too_large_kills_units():
    few, many = (int(ax.get_title().split()[3]) for ax in draw("backprop_dead_units", epochs=5)[0].axes)
    assert few < 15 < 30 < many


def test_maxout_shows_a_relu_a_leaky_relu_and_an_absolute_value():
    for ax, (left, right) in zip(solved("backprop_maxout")[0].axes, ((0, 1), (0.1, 1), (-1, 1)), strict=True):
        x, out = lines(ax)["out"].get_data()
        slope = lines(ax)["dx for dout = 1"].get_ydata()
        np.testing.assert_allclose(out, np.where(x > 0, right, left) * x)
        np.testing.assert_allclose(slope, np.where(x > 0, right, left))


def test_softmax_shows_a_finite_loss_at_1000_and_what_the_classes_win_and_lose():
    left, right = solved("backprop_softmax")[0].axes
    yours = lines(left)["yours"].get_ydata()
    assert yours[0] == pytest.approx(1000 + np.log(2)) and yours[-1] == pytest.approx(0, abs=1e-12)
    heights = [bar.get_height() for bar in right.patches]
    assert sum(heights[-5:]) == pytest.approx(0, abs=1e-12)
    assert sum(heights[-10:-5]) == pytest.approx(1)


def test_the_divided_hinge_needs_ten_times_the_rate_for_the_very_same_training():
    left, middle, right = draw("backprop_hinge", epochs=4)[0].axes
    assert lines(left)["hinge"].get_ydata()[-1] == 0 < lines(left)["softmax"].get_ydata()[-1]
    summed, divided = (line.get_ydata() for line in middle.get_lines())
    np.testing.assert_allclose(summed / divided, [2, 3, 5, 10, 20, 50, 100])
    yours, slow, same = (lines(right)[label].get_ydata() for label in lines(right))
    np.testing.assert_allclose(same, yours, atol=0.006)
    assert slow[-1] < yours[-1] - 0.2


def test_the_wide_step_lights_up_the_unit_by_its_kink_and_nothing_else():
    figure, _ = solved("backprop_two_layer_check")
    narrow, wide = (np.nan_to_num(ax.get_images()[0].get_array(), nan=-99.0) for ax in figure.axes[:2])
    assert narrow.max() < -6
    rows, units = np.nonzero(wide > -3)
    assert set(units) == {5} and len(rows) == 5


def test_a_mask_from_the_wrong_layer_lights_up_both_checks():
    def two_layer_loss(params, x, y, weight_decay):
        loss, grads = SOLVED["two_layer_loss"](params, x, y, weight_decay)
        return loss, grads | {"W1": grads["W1"] * 1.5}

    figure, _ = with_one("backprop_two_layer_check", "two_layer_loss", two_layer_loss)
    assert min(largest_errors(figure, 2)) > 0.1


@pytest.mark.parametrize(("factor", "slope"), [(1.0, 2), (0.5, 1)])
def test_the_penalty_is_measured_for_every_parameter(factor, slope):
    def two_layer_loss(params, x, y, weight_decay):
        return SOLVED["two_layer_loss"](params, x, y, factor * weight_decay)

    ax = draw("backprop_weight_decay", [two_layer_loss])[0].axes[0]
    for name, expected in (("W1", slope), ("W2", slope), ("b1", 0), ("b2", 0)):
        given, added = lines(ax)[f"yours: {name}"].get_data()
        np.testing.assert_allclose(added, expected * given, atol=1e-12)


def test_the_border_bends_while_the_network_learns():
    figure, _ = draw("backprop_boundary", steps=150, moments=(0, 150))
    before, after = (float(ax.get_title().split()[2].strip("%")) for ax in figure.axes[:2])
    assert before < 50 < 85 < after
    loss = figure.axes[2].get_lines()[0].get_ydata()
    assert len(loss) == 150 and loss[-1] < 0.4 * loss[0]


def test_the_twenty_lines_learn_their_targets_by_heart():
    losses = solved("backprop_twenty_lines")[0].axes[0].get_lines()[0].get_ydata()
    assert losses[0] > 1 and losses[-1] < 1e-3


def test_two_layers_beat_one_on_digits_that_nobody_has_seen():
    figure, notes = draw("backprop_before_and_after", epochs=12, seeds=3, lrs=(1.0,))
    gain = float(notes[0].split("gain ")[1].split()[0])
    assert gain > 0.3
    assert len(figure.axes[1].get_lines()) == 2 + 3


def test_both_networks_are_made_of_the_students_functions_and_start_alike():
    layers = pictures._ready_layers(*[SOLVED[name] for name in NETWORK])
    assert isinstance(layers, Layers)
    first, second = (pictures._run(layers, (64, 8, 10), 3, lr=0.0, epochs=1)[0].params for _ in range(2))
    np.testing.assert_array_equal(first["W1"], second["W1"])


def test_a_diverged_run_counts_as_guessing():
    digits = pictures._digits()
    run = pictures._run(pictures.BUILT_IN, (64, 8, 10), 0, lr=1e200, epochs=1)
    assert run[1].diverged
    assert pictures.final_accuracy(*run, digits.x_test, digits.y_test) == 0.1


def test_a_descent_that_diverges_ends_early_and_one_that_never_starts_is_told():
    x, y = np.ones((4, 2)), np.array([0, 1, 2, 0])
    first = pictures.start(3, 3, 0)

    def explodes(params, x, y, weight_decay):
        return 1.0, {name: w * -1e40 for name, w in params.items()}

    losses, kept = pictures.descend(explodes, first, x, y, weight_decay=0.0, steps=10, keep=(0, 1, 10))
    assert len(losses) == 2 and list(kept) == [0, 1]
    with pytest.raises(NotReady, match="`two_layer_loss` gave a loss or a gradient that is infinite or nan"):
        nan = broken("two_layer_loss", SPOILERS["nan"])
        pictures.descend(nan, first, x, y, weight_decay=0.0, steps=10, keep=(0,))


def test_a_missing_gradient_is_named():
    function = broken("two_layer_loss", lambda result: (result[0], {"W1": result[1]["W1"]}))
    assert with_one("backprop_weight_decay", "two_layer_loss", function)[1] == [
        "`two_layer_loss` gave no gradient of b1."
    ]


def test_a_function_that_works_in_place_spoils_nobody_elses_picture():
    def two_layer_loss(params, x, y, weight_decay):
        result = SOLVED["two_layer_loss"](params, x, y, weight_decay)
        for w in params.values():
            w *= 0
        return result

    figures = [
        with_one("backprop_boundary", "two_layer_loss", f)[0] for f in (SOLVED["two_layer_loss"], two_layer_loss)
    ]
    np.testing.assert_array_equal(*[figure.axes[-1].get_lines()[0].get_ydata() for figure in figures])


# ---------------------------------------------------------------------------- widget


def shares(**values) -> tuple[float, float]:
    """Return the shares of old and new points that the playground's title names."""
    figure, notes = playground.border.draw(playground._Runs(SOLVED["two_layer_loss"]), **values)
    assert notes == []
    old, new = (float(word.strip("%")) for word in figure.axes[0].get_title().split() if word.endswith("%"))
    return old, new


def test_more_steps_fit_the_points_better():
    assert shares(step=0)[0] < 80 < 90 < shares(step=100)[0]


def test_a_heavy_penalty_keeps_weights_small():
    runs = playground._Runs(SOLVED["two_layer_loss"])
    free, held = (runs.run(10, decay, 0)[1][100] for decay in (0.0, 0.1))
    assert np.abs(held["W1"]).max() < 0.5 * np.abs(free["W1"]).max()


def test_one_unit_is_dead_at_start_0_and_learns_at_start_1():
    assert shares(hidden=1, seed=0)[0] == 50
    assert shares(hidden=1, seed=1)[0] > 80


def test_a_run_is_carried_out_once():
    calls = []

    def two_layer_loss(*args):
        calls.append(args)
        return SOLVED["two_layer_loss"](*args)

    runs = playground._Runs(two_layer_loss)
    for step in (0, 10, 100):
        playground.border.draw(runs, step=step)
    assert len(calls) == 100


def test_the_kinks_of_few_units_are_drawn_and_those_of_many_are_not():
    def kinks(hidden):
        figure, _ = playground.border.draw(playground._Runs(SOLVED["two_layer_loss"]), hidden=hidden)
        return sum(line.get_linestyle() == ":" for line in figure.axes[0].get_lines())

    assert (kinks(3), kinks(30)) == (3, 0)


def test_a_training_that_breaks_off_is_told():
    def two_layer_loss(params, x, y, weight_decay):
        loss, grads = SOLVED["two_layer_loss"](params, x, y, weight_decay)
        return loss, {name: grad * 1e60 for name, grad in grads.items()}

    figure, notes = playground.border.draw(playground._Runs(two_layer_loss))
    assert len(notes) == 1 and "broke off" in notes[0]
    render(figure)


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


def test_moving_a_slider_redraws_in_place(shown, monkeypatch):
    sliders = playground._sliders()
    monkeypatch.setattr(playground, "_sliders", lambda: sliders)
    widgets.backprop_playground(SOLVED["two_layer_loss"])
    sliders["hidden"].value = 3
    (first, no_handle), (second, handle) = shown
    assert (no_handle, handle) == (None, "handle")
    assert len(first.axes[0].get_lines()) > len(second.axes[0].get_lines())


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.backprop_playground(SOLVED["two_layer_loss"])
    assert len(shown) == 1


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_wrong_answer_never_stops_the_playground(spoiler, shown):
    widgets.backprop_playground(broken("two_layer_loss", SPOILERS[spoiler]), interactive=False)
    render(shown[0][0])


def test_the_playground_names_what_is_not_written(shown, capsys):
    widgets.backprop_playground(unwritten("two_layer_loss"), interactive=False)
    assert "`two_layer_loss` is not written yet" in capsys.readouterr().out
    assert len(shown) == 1
