"""The pictures of 06_initialization: right with right functions, telling with wrong ones, kind with none at all."""

import math
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.source import worked
from helpers import data, plots, widgets
from helpers.plots import initialization as pictures
from helpers.training import MLP, train
from helpers.widgets import initialization as explorer

from .drawn import in_turns, named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("06_initialization", ROOT)
LEARN = {"epochs": 1, "seeds": range(2)}
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "initialization_clouds": (("standardize", "pca_whiten", "zca_whiten"), {}),
    "initialization_digits": (("pca_whiten", "zca_whiten"), {"images": 2}),
    "initialization_symmetry": (("zeros", "small_normal", "distinct_rows"), {"epochs": 1}),
    "initialization_layers": (("small_normal", "activation_statistics"), {"width": 30, "layers": 4}),
    "initialization_variance": (("output_variance", "small_normal"), {"width": 50}),
    "initialization_table": (
        ("lecun_normal", "small_normal", "activation_statistics"),
        {"samples": 20, "width": 30, "seeds": range(2)},
    ),
    "initialization_gain": (
        ("gain", "lecun_normal", "kaiming_normal", "kaiming_uniform", "activation_statistics"),
        {"width": 30, "layers": 6},
    ),
    "initialization_both_ways": (
        ("lecun_normal", "xavier_uniform", "xavier_normal", "kaiming_normal"),
        {"widths": (40, 20, 10), "draws": 2},
    ),
    "initialization_orthogonal": (("orthogonal", "lecun_normal"), {"width": 20, "draws": 50}),
    "initialization_training": (
        ("small_normal", "lecun_normal", "xavier_uniform", "kaiming_normal", "orthogonal"),
        {"depth": 2, "lrs": (0.1,), **LEARN},
    ),
    "initialization_depth": (("small_normal", "lecun_normal", "kaiming_normal"), {"depths": (1, 2), **LEARN}),
    "initialization_before_and_after": (
        ("standardize", "small_normal", "lecun_normal", "kaiming_normal"),
        {"depth": 2, **LEARN},
    ),
}


DIGITS = data.digits(seed=0)
FEW = data.Dataset(*[getattr(DIGITS, part)[:70] for part in DIGITS.__dataclass_fields__])


@pytest.fixture(autouse=True)
def digits_read_once(monkeypatch):
    monkeypatch.setattr(data, "digits", lambda: DIGITS)


@pytest.fixture
def few_digits(digits_read_once, monkeypatch):
    monkeypatch.setattr(data, "digits", lambda: FEW)


def draw(name, functions=None, **options):
    """Draw a picture with the solutions, some of them replaced."""
    ids, quick = CASES[name]
    table = {i: SOLVED[i] for i in ids} | (functions or {})
    figure, notes = getattr(plots, name).draw(*table.values(), **(quick | options))
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


def giving(make):
    """A function of any of this notebook's kinds, whose answer is made of the right one."""

    def broken(name):
        def change(value):
            if isinstance(value, tuple):
                return tuple(change(part) for part in value)
            return make(np.asarray(value, dtype=float))

        return named(name, lambda *args, **kwargs: change(SOLVED[name](*args, **kwargs)))

    return broken


SILENT = {  # gives nothing that could be drawn
    "raising": lambda name: named(name, lambda *args, **kwargs: 1 / 0),
    "none": lambda name: named(name, lambda *args, **kwargs: None),
    "another_shape": giving(lambda value: np.zeros((*value.shape, 2))),
}
WILD = {
    "nan": giving(lambda value: value * np.nan),
    "huge": giving(lambda value: value * 1e99 + 1),
    "beyond": giving(lambda value: value + 1e300),
    "zero": giving(lambda value: value * 0),
    "negative": giving(lambda value: -np.abs(value)),
}


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def line(ax, part):
    return next(values for label, values in lines(ax).items() if part in label)


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("initialization_")} == set(CASES)
    assert "initialization_explorer" in dir(widgets)


@pytest.mark.parametrize("name", CASES)
def test_with_the_solutions_a_picture_is_full_labelled_and_has_nothing_to_complain_of(name, few_digits):
    figure, notes = draw(name)
    render(figure)
    assert notes == []
    assert all(ax.has_data() for ax in figure.axes)
    assert not any("waits" in text.get_text() for ax in figure.axes for text in ax.texts)
    if name in ("initialization_digits", "initialization_layers"):  # many small axes, labelled by row
        assert sum(bool(ax.get_ylabel()) for ax in figure.axes) >= 3
        return
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title()
    several = [ax for ax in figure.axes if sum(not label.startswith("_") for label in lines(ax)) > 1]
    assert not several or figure.legends or any(ax.get_legend() for ax in figure.axes)


@pytest.mark.parametrize("name", CASES)
def test_with_nothing_written_yet_one_sentence_names_the_functions_and_no_axes_pretend(name, few_digits):
    ids = CASES[name][0]
    figure, notes = draw(name, {i: unwritten(i) for i in ids})
    render(figure)
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert any(f"`{i}`" in notes[0] for i in ids)
    waiting = [any("waits" in text.get_text() for text in ax.texts) for ax in figure.axes]
    # The cloud and the digits are there before anything is written.
    assert all(waiting) or name in ("initialization_clouds", "initialization_digits")
    assert any(waiting)


@pytest.mark.parametrize("name", CASES)
def test_a_stub_deep_inside_is_the_one_that_is_named(name, few_digits):
    if "lecun_normal" in CASES[name][0]:

        def lecun_normal(shape, rng):
            return unwritten("fan_in_and_fan_out")(shape)

        assert "`fan_in_and_fan_out` is not written yet" in draw(name, {"lecun_normal": lecun_normal})[1][0]


DRAWN_WITH = [(name, i) for name, (ids, _) in CASES.items() for i in ids]


@pytest.mark.parametrize(("drawn_with", "broken"), in_turns(DRAWN_WITH, SILENT))
def test_a_function_that_gives_nothing_to_draw_is_named_and_stops_no_picture(drawn_with, broken, few_digits):
    name, i = drawn_with
    assert f"`{i}`" in draw(name, {i: SILENT[broken](i)})[1][0]


@pytest.mark.parametrize(("k", "name"), list(enumerate(CASES)))
def test_wild_answers_never_stop_a_picture_and_never_warn(k, name, few_digits):
    """All functions of a picture are wild at once, each in its own way; one alone gives nothing to draw above."""
    wild = list(WILD.values())
    render(draw(name, {i: wild[(k + j) % len(wild)](i) for j, i in enumerate(CASES[name][0])})[0])


# ---------------------------------------------------------------------------- what they show


def test_whitening_makes_the_loss_round_and_standardizing_only_helps():
    loss = draw("initialization_clouds")[0].axes[-1]
    assert line(loss, "as it is")[60] > 0.5
    assert 1e-8 < line(loss, "standardize")[60] < 1e-3
    for whitened in ("pca_whiten", "zca_whiten"):
        assert line(loss, whitened)[2] < 1e-8


def test_test_points_keep_their_distance_unless_they_are_measured_themselves():
    def leaking(x_train, x_test, eps=1e-8):
        return tuple(SOLVED["standardize"](x, x, eps)[0] for x in (x_train, x_test))

    crosses = line(draw("initialization_clouds")[0].axes[1], "test")
    leaked = line(draw("initialization_clouds", {"standardize": leaking})[0].axes[1], "test")
    assert crosses.mean() > 0.7
    assert abs(leaked.mean()) < 1e-6


def test_whitened_digits_have_no_covariance_left():
    axes = draw("initialization_digits")[0].axes
    pixels, pca, zca, soft = (ax.get_images()[0].get_array() for ax in axes if ax.get_ylabel() == "64 features")
    covariances = (np.asarray(cov) for cov in (pixels, pca, zca, soft))
    beside = [np.abs(cov - np.diag(np.diag(cov))).sum() / np.diag(cov).sum() for cov in covariances]
    assert beside[1] < 1e-8 < beside[2] < 0.1 < beside[3] < beside[0]
    assert np.median(np.diag(np.asarray(pca))) == pytest.approx(1, abs=0.01)


def test_one_random_layer_parts_the_units_and_none_never_does():
    units, accuracy = draw("initialization_symmetry", epochs=10)[0].axes
    ends = {label: values[-1] for label, values in lines(units).items()}
    assert ends == {
        "zeros in both layers": 1,
        "0.1 in both layers": 1,
        "0.1, then small_normal": 16,
        "small_normal, then zeros": 16,
        "small_normal in both": 16,
    }
    best = {label: values.max() for label, values in lines(accuracy).items()}
    assert best["zeros in both layers"] < 0.15 < best["0.1 in both layers"] < 0.3
    assert min(best["0.1, then small_normal"], best["small_normal, then zeros"], best["small_normal in both"]) > 0.8


def test_counting_columns_shows_at_once(few_digits):
    columns = named("distinct_rows", lambda W, tol: SOLVED["distinct_rows"](W.T, tol))
    units = draw("initialization_symmetry", {"distinct_rows": columns})[0].axes[0]
    assert line(units, "small_normal in both")[0] == 64


def test_small_weights_starve_the_layers_and_large_ones_saturate_them():
    axes = np.array(draw("initialization_layers", width=300, layers=6)[0].axes).reshape(3, 6)
    stds = [[float(ax.get_title().split("std ")[1]) for ax in row] for row in axes]
    assert stds[0][-1] < 1e-4
    assert 0.05 < stds[1][-1] < stds[1][0]
    assert min(stds[2]) > 0.8
    values, *_ = axes[2, -1].patches[0].get_data()
    assert values[0] + values[-1] > 0.4  # in the two outermost bars of forty
    assert sum(values) == pytest.approx(1)


def test_predicted_variances_are_the_measured_ones():
    sums, stack = draw("initialization_variance", width=400)[0].axes
    yours = next(item for item in sums.get_lines() if item.get_label() == "your output_variance")
    np.testing.assert_allclose(yours.get_xdata(), yours.get_ydata(), rtol=0.12)
    curves = [item.get_ydata() for item in stack.get_lines() if len(item.get_ydata()) == 11]
    for predicted, measured in zip(curves[::2], curves[1::2], strict=True):
        np.testing.assert_allclose(measured, predicted, rtol=0.35)
    assert curves[2][-1] == pytest.approx(1)


def test_the_zero_mean_formula_misses_where_there_are_means():
    def output_variance(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
        return fan_in * var_x * var_w

    sums = draw("initialization_variance", {"output_variance": output_variance})[0].axes[0]
    yours = next(item for item in sums.get_lines() if item.get_label() == "your output_variance")
    assert np.max(yours.get_ydata() / yours.get_xdata()) > 5


def test_the_lectures_table_is_met_within_its_luck():
    spread, difference = draw("initialization_table", samples=500, width=500)[0].axes
    np.testing.assert_allclose(line(spread, "your lecun_normal"), pictures.LECTURE_TABLE, rtol=0.03)
    assert np.abs(line(difference, "seed 1")).max() < 3
    assert line(spread, "std = 0.01")[-1] < 1e-5


def test_relu_layers_halve_the_mean_square_and_the_gain_pays_for_it():
    relu, kinds = draw("initialization_gain", width=200, layers=20)[0].axes
    assert math.log2(line(relu, "lecun_normal")[-1]) == pytest.approx(-10, abs=1)
    for init in ("kaiming_normal", "kaiming_uniform"):
        assert abs(math.log2(line(relu, init)[-1])) < 1.2
    connections = [
        item.get_ydata() for item in kinds.get_lines() if len(item.get_ydata()) == 2 and item.get_zorder() == 1
    ]
    linear, tanh, relu_ends, leaky, selu = connections[:5]
    assert linear[0] == linear[1]
    assert tanh[0] < 0.3 < tanh[1]
    assert relu_ends[0] < 3e-3 < 0.4 < relu_ends[1]
    assert leaky[0] < 3e-3 < 0.4 < leaky[1]
    assert selu[1] < 0.5 < selu[0]


def test_each_xavier_changes_signal_and_gradient_by_its_own_factor():
    weights, forward, backward = draw("initialization_both_ways", widths=(512, 256, 128, 64), draws=4)[0].axes
    for part, there, back in (("lecture's", 1, 1 / 2), ("PyTorch's", 4 / 3, 2 / 3), ("fan_out", 2, 1)):
        assert line(forward, part)[-1] == pytest.approx(there**3, rel=0.2)
        assert line(backward, part)[0] == pytest.approx(back**3, rel=0.2)
    assert [text.get_text()[-6:] for text in weights.get_legend().get_texts()] == ["0.0511", "0.0510"]


def _angles(figure):
    return [patch.get_data().values for patch in figure.axes[1].patches]


def test_orthogonal_layers_stretch_nothing_and_favour_no_angle():
    figure, _ = draw("initialization_orthogonal", width=100, draws=500)
    shown = figure.axes[0].get_lines()
    for item in shown[3:]:
        np.testing.assert_allclose(item.get_ydata(), 1, rtol=1e-9)
    assert shown[2].get_ydata()[50] < 1e-3
    yours, plain = _angles(figure)
    assert yours.max() < 0.3 < plain.max()
    assert plain.min() == 0 < yours.min()


def test_qr_without_the_signs_is_seen_in_the_angles():
    biased = named("orthogonal", lambda shape, rng, gain=1.0: gain * np.linalg.qr(rng.standard_normal(shape))[0])
    figure, _ = draw("initialization_orthogonal", {"orthogonal": biased}, draws=300)
    yours, plain = _angles(figure)
    np.testing.assert_allclose(yours, plain, atol=0.25)
    assert yours.min() == 0


def test_calibrated_starts_learn_and_the_small_one_does_not():
    loss, valid = draw("initialization_training", depth=6, epochs=4)[0].axes
    small, lecun, kaiming = (line(loss, name)[-1] for name in ("small_normal", "lecun_normal", "kaiming_normal"))
    assert small == pytest.approx(math.log(10), abs=0.01)
    assert kaiming < lecun < small
    assert len(valid.get_lines()) == 5


def test_depth_undoes_the_small_start_first():
    ax = draw("initialization_depth", depths=(1, 4), epochs=3)[0].axes[0]
    small, lecun, kaiming = (line(ax, name) for name in ("small_normal", "lecun_normal", "kaiming_normal"))
    assert small[1] < 0.15 < lecun[1] < kaiming[1]
    assert kaiming[1] > 0.6


def test_every_step_of_the_notebook_improves_the_network():
    figure, notes = draw("initialization_before_and_after", depth=6, epochs=5, seeds=range(3))
    assert notes == []
    labels = [tick.get_text() for tick in figure.axes[1].get_xticklabels()]
    means = [float(label.split("\n")[-1].split(" ±")[0]) for label in labels]
    assert means == sorted(means)
    assert means[0] < 15 < 80 < means[-1]


def test_the_networks_get_the_transpose_of_what_the_student_draws():
    asked = []

    def recording(shape, rng):
        asked.append(shape)
        return SOLVED["lecun_normal"](shape, rng)

    params = pictures._start(recording, {}, 0, depth=1)
    assert asked == [(64, 64), (10, 64)]
    assert params["W2"].shape == (64, 10)
    rng = np.random.default_rng(0)
    first = SOLVED["lecun_normal"]((64, 64), rng)
    np.testing.assert_array_equal(params["W1"], first.T)


def test_networks_side_by_side_learn_what_each_learns_alone():
    starts = [pictures._start(SOLVED["kaiming_normal"], {}, seed, depth=2) for seed in (0, 1)]
    curves = pictures._learn(DIGITS, [*starts, starts[0]], [0, 1, 0], [0.1, 0.1, 0.3], epochs=2)
    for k, (seed, lr) in enumerate([(0, 0.1), (1, 0.1), (0, 0.3)]):
        network = MLP([64, 64, 64, 10], np.random.default_rng(0))
        network.params = starts[seed]
        rng = np.random.default_rng([seed, 1])
        history = train(network, DIGITS, step=pictures._sgd, lr=lr, epochs=2, batch_size=64, rng=rng, progress=False)
        np.testing.assert_allclose(curves.train_loss[k], history.train_loss, rtol=0.01)
        np.testing.assert_allclose(curves.val_accuracy[k], history.val_accuracy, atol=0.01)
        test_accuracy = network.accuracy(DIGITS.x_test, DIGITS.y_test)
        assert curves.test_accuracy[k] == pytest.approx(test_accuracy, abs=0.01)


def test_a_network_that_is_lost_on_the_way_guesses():
    starts = [pictures._start(SOLVED["kaiming_normal"], {}, 0, depth=2)] * 2
    curves = pictures._learn(DIGITS, starts, [0, 0], [1e30, 0.1], epochs=2)
    assert curves.val_accuracy[0, -1] == curves.test_accuracy[0] == 0.1
    assert curves.val_accuracy[1, -1] > 0.5


# ---------------------------------------------------------------------------- widget


NAMES = ("zeros", "small_normal", "lecun_normal", "kaiming_normal", "orthogonal")
INITIALIZERS = {name: SOLVED[name] for name in NAMES}


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


def sizes(figure):
    signal, gradient = next(ax for ax in figure.axes if ax.get_xlabel()).get_lines()[:2]
    return signal.get_ydata(), gradient.get_ydata()


def test_a_control_redraws_in_place(shown, monkeypatch):
    controls = explorer._controls(list(INITIALIZERS), "small_normal")
    monkeypatch.setattr(explorer, "_controls", lambda *args: controls)
    widgets.initialization_explorer(INITIALIZERS, SOLVED["activation_statistics"])
    controls["factor"].value = 10 ** (17 / 20)
    (first, no_handle), (second, handle) = shown
    assert (no_handle, handle) == (None, "handle")
    assert sizes(first)[0][-1] < 1e-6 < 0.2 < sizes(second)[0][-1]
    assert "7.08 times small_normal, tanh" in second.get_suptitle()
    assert explorer._panel(controls) is not None


@pytest.mark.parametrize("activation", pictures.ACTIVATIONS)
def test_the_gradient_is_that_of_the_layers(activation):
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 3, 4))
    weights = [rng.standard_normal((4, 4)) for _ in range(2)]
    f = pictures.ACTIVATIONS[activation][0]
    h1 = f(x @ weights[0].T)
    numeric = np.empty_like(h1)
    for index in np.ndindex(h1.shape):
        step = np.zeros_like(h1)
        step[index] = 1e-6
        rise = f((h1 + step) @ weights[1].T) - f((h1 - step) @ weights[1].T)
        numeric[index] = np.sum(dout * rise) / 2e-6
    expected = [np.sqrt(np.mean(numeric**2)), np.sqrt(np.mean(dout**2))]
    np.testing.assert_allclose(explorer._gradients(x, dout, weights, activation), expected, rtol=1e-6)


def test_kaiming_keeps_both_ways_level_under_relu_and_lecun_does_not():
    for start, low, high in (("kaiming_normal", 0.5, 2), ("lecun_normal", 0, 0.1)):
        figure, notes = explorer.ten_layers.draw(
            INITIALIZERS, SOLVED["activation_statistics"], start=start, activation="relu"
        )
        assert notes == []
        signal, gradient = sizes(figure)
        assert low <= signal[-1] / signal[0] < high
        assert low <= gradient[0] / gradient[-1] < high


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.initialization_explorer(INITIALIZERS, SOLVED["activation_statistics"])
    assert len(shown) == 1
    assert all(ax.has_data() for ax in shown[0][0].axes)


def test_an_unknown_start_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"'glorot' must be one of zeros, .*orthogonal"):
        widgets.initialization_explorer(INITIALIZERS, SOLVED["activation_statistics"], start="glorot")


@pytest.mark.parametrize("broken", [SILENT["none"], WILD["beyond"], unwritten])
def test_the_explorer_goes_on_with_what_is_broken(broken, shown, capsys):
    statistics = SOLVED["activation_statistics"]
    widgets.initialization_explorer({"small_normal": broken("small_normal")}, statistics)
    assert "`small_normal`" in capsys.readouterr().out
    widgets.initialization_explorer(INITIALIZERS, broken("activation_statistics"))
    for figure, _ in shown:
        render(figure)
