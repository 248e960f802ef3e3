"""The pictures of 10_dropout: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.source import worked
from helpers import plots, widgets
from helpers.plots import dropout as pictures
from helpers.widgets import dropout as explorer

from .drawn import in_turns, named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("10_dropout", ROOT) | {"max_norm": worked("09_penalties", ROOT)["max_norm"]}
LAYER = ("dropout_forward", "dropout_backward")
SHORT = {"epochs": 1, "seeds": range(1)}
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "dropout_overfitting": ((), SHORT),
    "dropout_forgotten_scale": (("dropout_vanilla_train", "dropout_vanilla_test"), SHORT | {"ps": (0.3, 0.5)}),
    "dropout_two_modes": (("dropout_vanilla_train", "dropout_vanilla_test", "dropout_forward"), {"passes": 50}),
    "dropout_gradient": (LAYER, {}),
    "dropout_readings": (LAYER, SHORT),
    "dropout_connect": (
        ("dropout_forward", "dropconnect_forward", "dropconnect_backward"),
        {"passes": 20, "draws": 3},
    ),
    "dropout_channels": (("dropout_forward", "spatial_dropout_forward"), {"images": 4}),
    "dropout_gaussian": (("dropout_forward", "gaussian_dropout_forward"), {"draws": 200}),
    "dropout_kl": (("variational_dropout_kl",), {"draws": 1000}),
    "dropout_uncertainty": (("mc_dropout", *LAYER), {"samples": 3, "steps": 20, "epochs": 1}),
    "dropout_linear_penalty": (("dropout_forward", "dropout_penalty"), {"masks": 50}),
    "dropout_ensemble": (("weight_scaling_softmax",), {}),
    "dropout_fisher": (("dropout_forward", "dropout_penalty"), {"masks": 50}),
    "dropout_fence": ((*LAYER, "max_norm"), {"steps": 3, "seeds": 2}),
    "dropout_partners": (LAYER, {"steps": 3, "seeds": 2, "draws": 2}),
    "dropout_before_and_after": (LAYER, SHORT | {"ps": (0.5,), "progress": False}),
}
DRAWN_WITH = [(name, i) for name, (ids, _) in CASES.items() for i in ids]


def draw(name, functions=None, **options):
    """Draw a picture with the solutions, some of them replaced."""
    ids, quick = CASES[name]
    table = {i: SOLVED[i] for i in ids} | (functions or {})
    figure, notes = getattr(plots, name).draw(*table.values(), **(quick | options))
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def returning(value):
    return lambda name: named(name, lambda *args, **kwargs: value)


def spoilt(change):
    """The solution, with every array that it returns changed."""

    def of(name):
        def wrong(*args, **kwargs):
            result = SOLVED[name](*args, **kwargs)
            if isinstance(result, tuple):
                return tuple(change(part) if isinstance(part, np.ndarray) else part for part in result)
            return change(np.asarray(result))

        return named(name, wrong)

    return of


# what no picture can be drawn with, and what only looks strange
SILENT = {
    "none": returning(None),
    "another_shape": returning((np.zeros((3, 7)), np.zeros((3, 7)), np.zeros(2))),
}
WILD = {
    "nan": spoilt(lambda out: out * np.nan),
    "huge": spoilt(lambda out: out * 0 + 1e300),
    "zero": spoilt(lambda out: out * 0),
}


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def starting(ax, start):
    """Return the one line of the axes whose label starts so."""
    (found,) = (line for line in ax.get_lines() if line.get_label().startswith(start))
    return found.get_ydata()


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("dropout_")} == set(CASES)
    assert "dropout_explorer" in dir(widgets)


@pytest.mark.parametrize("name", CASES)
def test_with_the_solutions_a_picture_is_full_and_readable(name):
    figure, notes = solved(name)
    render(figure)
    assert all(note.startswith(("Test accuracy", "Of the wrong")) for note in notes)
    drawn = [ax for ax in figure.axes if ax.get_label() != "<colorbar>" and not ax.get_images()]
    for ax in drawn:
        beside = [other for other in drawn if other.get_subplotspec().rowspan == ax.get_subplotspec().rowspan]
        assert ax.get_xlabel() and any(other.get_ylabel() for other in beside)
        assert ax.get_title()
    assert not any("waits" in text.get_text() for ax in figure.axes for text in ax.texts)
    several = [ax for ax in drawn if sum(not label.startswith("_") for label in lines(ax)) > 1]
    assert not several or figure.legends or any(ax.get_legend() for ax in drawn)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][0]])
def test_with_nothing_written_yet_one_sentence_names_what_is_missing(name):
    figure, notes = draw(name, {i: unwritten(i) for i in CASES[name][0]})
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert any(f"`{i}`" in notes[0] for i in CASES[name][0])
    render(figure)


@pytest.mark.parametrize(("drawn_with", "broken"), in_turns(DRAWN_WITH, SILENT))
def test_a_function_that_gives_nothing_to_draw_is_named_and_stops_no_picture(drawn_with, broken):
    name, i = drawn_with
    assert f"`{i}`" in draw(name, {i: SILENT[broken](i)})[1][0]


@pytest.mark.parametrize(("name", "broken"), in_turns([name for name in CASES if CASES[name][0]], WILD))
def test_wild_numbers_never_stop_a_picture_and_never_warn(name, broken):
    figure, _ = draw(name, {i: WILD[broken](i) for i in CASES[name][0]})
    render(figure)


@pytest.mark.parametrize("result", [("out", "cache"), (np.full((1, 64), 1j), None), (np.zeros((1, 64)),), 3.0])
def test_what_is_no_pair_of_numbers_and_a_cache_is_named(result):
    notes = draw("dropout_gradient", {"dropout_forward": returning(result)("dropout_forward")})[1]
    assert notes[0].startswith("`dropout_forward` gave")


@pytest.mark.parametrize("missing", CASES["dropout_uncertainty"][0])
def test_one_function_that_is_missing_is_named_even_where_another_calls_it(missing):
    notes = draw("dropout_uncertainty", {missing: unwritten(missing)})[1]
    assert notes == [f"`{missing}` is not written yet: do that above, then run this cell again."]


def test_a_function_that_raises_is_quoted():
    def dropout_penalty(x, w, p):
        raise KeyError("w")

    notes = draw("dropout_linear_penalty", {"dropout_penalty": dropout_penalty})[1]
    assert notes == ["`dropout_penalty` stopped with KeyError: 'w'."]


# ---------------------------------------------------------------------------- what they show


def test_few_digits_are_others_for_each_seed_and_wrong_labels_are_wrong():
    right, wrong, other = (pictures._few_digits(s, wrong=w) for s, w in ((0, 0), (0, 20), (1, 0)))
    np.testing.assert_array_equal(right.x_train, wrong.x_train)
    np.testing.assert_array_equal(right.y_train != wrong.y_train, np.arange(200) < 20)
    assert not np.array_equal(right.x_train, other.x_train)


def test_the_network_learns_the_wrong_labels_by_heart():
    loss, share = draw("dropout_overfitting", epochs=40, seeds=range(1))[0].axes
    assert lines(share)["wrong labels: learnt all the same"][-1] > 0.9
    assert lines(loss)["the 200 training images"][-1] < 0.2 * lines(loss)["validation images"][-1]


def test_without_the_scale_the_loss_suffers_and_the_accuracy_hardly():
    figure, _ = draw("dropout_forgotten_scale", ps=(0.5,), epochs=30, seeds=range(1))
    (loss,), (unscaled,) = (starting(figure.axes[0], label) for label in ("scaled", "not scaled"))
    (right,), (still_right,) = (starting(figure.axes[1], label) for label in ("scaled", "not scaled"))
    assert unscaled > 1.5 * loss
    assert abs(right - still_right) < 0.03


def test_training_and_test_agree_on_average_and_vanilla_shrinks():
    vanilla, inverted = draw("dropout_two_modes", passes=2000)[0].axes
    expected = {vanilla: 1 - np.linspace(0, 0.9, 10), inverted: np.ones(10)}
    for ax, mean in expected.items():
        np.testing.assert_allclose(lines(ax)["at test"], mean, atol=1e-9)
        np.testing.assert_allclose(starting(ax, "in training"), mean, atol=0.06)


def test_a_forgotten_scale_in_training_is_seen():
    vanilla_in_disguise = named("dropout_forward", lambda x, p, rng, *, train: (x * (rng.random(x.shape) >= p), None))
    inverted = draw("dropout_two_modes", {"dropout_forward": vanilla_in_disguise})[0].axes[1]
    assert starting(inverted, "in training")[-1] < 0.3


def test_the_backward_is_right_with_its_own_cache_and_half_wrong_with_another():
    axes = solved("dropout_gradient")[0].axes
    assert axes[2].get_xlabel() == "0 of 64 wrong"
    assert 15 < int(axes[3].get_xlabel().split()[0]) < 49
    factors = axes[1].get_images()[0].get_array()
    assert np.isclose(factors, 0).any()
    np.testing.assert_allclose(factors[~np.isclose(factors, 0)], 2, atol=1e-6)


def test_a_mask_drawn_anew_by_the_backward_is_seen():
    rng = np.random.default_rng(1)
    anew = named("dropout_backward", lambda dout, cache: dout * (rng.random(dout.shape) >= 0.5) * 2)
    assert int(draw("dropout_gradient", {"dropout_backward": anew})[0].axes[2].get_xlabel().split()[0]) > 10


def test_the_two_readings_drop_a_fifth_and_four_fifths():
    *images, curve = draw("dropout_readings", epochs=12)[0].axes
    dropped = [float(image.get_xlabel().split()[1]) for image in (images[0], images[4])]
    np.testing.assert_allclose(dropped, [20, 80], atol=1)
    shown = lines(curve)
    assert shown["p = 0.2 to DROP"][-1] > 0.8
    assert shown["p = 0.2 to KEEP"][-1] < 0.5


def test_one_mask_for_the_batch_is_noise_that_no_batch_averages_out():
    pair, noise, error = draw("dropout_connect", passes=200, draws=25)[0].axes
    correlations = [float(label.split()[-1]) for label in lines(pair)]
    assert abs(correlations[0]) < 0.35
    assert correlations[1] > 0.8
    np.testing.assert_allclose(starting(noise, "DropConnect: one mask"), 1, atol=0.15)
    for label in ("dropout", "DropConnect: a mask for each"):
        assert starting(noise, label)[-1] == pytest.approx(1 / 8, rel=0.3)
    assert all(line.get_ydata().max() < 1e-9 for line in error.get_lines())


def test_a_dropconnect_that_forgets_its_mask_in_dw_is_seen():
    def dropconnect_backward(dout, cache):
        x, W, scaled = cache
        return dout @ (W * scaled).T, x.T @ dout, dout.sum(axis=0)

    error = draw("dropout_connect", {"dropconnect_backward": dropconnect_backward})[0].axes[2]
    assert [line.get_ydata().max() > 0.1 for line in error.get_lines()] == [False, True, False]


def test_neighbours_tell_a_dropped_pixel_but_no_dropped_channel():
    ax = draw("dropout_channels", images=12)[0].axes[-1]
    pixels, channels = (starting(ax, start) for start in ("dropout_forward", "spatial_dropout_forward"))
    assert pixels[4] > 0.7
    np.testing.assert_allclose(channels, 0, atol=1e-9)


def test_pixels_dropped_one_by_one_are_no_spatial_dropout():
    pixelwise = named("spatial_dropout_forward", lambda *args, **mode: SOLVED["dropout_forward"](*args, **mode))
    figure, _ = draw("dropout_channels", {"spatial_dropout_forward": pixelwise})
    assert starting(figure.axes[-1], "spatial_dropout_forward")[0] > 0.7


def test_both_kinds_of_noise_have_the_std_of_the_formula():
    spread = draw("dropout_gaussian", draws=6000)[0].axes[1]
    formula, bernoulli, gaussian = (line.get_ydata() for line in spread.get_lines())
    np.testing.assert_allclose(bernoulli, formula, rtol=0.06)
    np.testing.assert_allclose(gaussian, formula, rtol=0.06)


def test_the_sampled_divergence_is_the_integral():
    from scipy.integrate import quad

    def integrand(z):
        return np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * np.log(abs(1 + np.sqrt(alpha) * z))

    for log_alpha in (-2.0, 0.0, 3.0):
        alpha = np.exp(log_alpha)
        pole = -1 / np.sqrt(alpha)
        expected = sum(quad(integrand, *ends, limit=200)[0] for ends in ((-40, pole), (pole, 40)))
        exact = -log_alpha / 2 + expected + (np.log(2) + np.euler_gamma) / 2
        value, uncertain = pictures._sampled_kl(np.array([log_alpha]), 20_000, 0)
        assert abs(value[0] - exact) < 4 * uncertain[0]


def test_the_approximation_is_close_and_weights_that_count_keep_a_low_rate():
    _, error, learnt = draw("dropout_kl", draws=100_000)[0].axes
    assert np.abs(lines(error)["yours"]).max() < 0.02
    counting = [line.get_ydata()[-1] for line in learnt.get_lines() if len(line.get_ydata()) and line.get_lw() > 2]
    idle = [line.get_ydata()[-1] for line in learnt.get_lines() if len(line.get_ydata()) and line.get_lw() < 1.5]
    assert len(counting) == 4
    assert max(counting) < 0.1
    assert np.median(idle) > 0.9


def test_a_divergence_of_the_wrong_sign_is_seen():
    negative = named("variational_dropout_kl", lambda a: -SOLVED["variational_dropout_kl"](a))
    assert np.abs(lines(draw("dropout_kl", {"variational_dropout_kl": negative})[0].axes[1])["yours"]).max() > 1


def test_random_passes_spread_more_away_from_the_data_and_on_turned_digits():
    curve, turned = draw("dropout_uncertainty", samples=40, steps=800, epochs=8)[0].axes
    std, at = lines(curve)["its std"], np.linspace(-5, 5, 201)
    near = std[(np.abs(at) > 1) & (np.abs(at) < 1.8)].mean()
    assert std[np.abs(at) > 4.5].mean() > 1.5 * near
    shown = lines(turned)
    assert shown["std of mc_dropout"][2] > 1.5 * shown["std of mc_dropout"][0]
    assert shown["right answers"][-1] < 0.4 < 0.9 < shown["right answers"][0]


def test_the_formula_is_the_measured_extra_loss_and_shrinks_all_weights_alike():
    extra, left = draw("dropout_linear_penalty", masks=1500)[0].axes
    (predicted,) = (line for line in extra.get_lines() if line.get_label() == "dropout_penalty")
    (measured,) = (container.lines[0] for container in extra.containers)
    at_each = np.interp(measured.get_xdata(), *predicted.get_data())
    np.testing.assert_allclose(measured.get_ydata(), at_each, rtol=0.08)
    for p in (0.2, 0.5):
        np.testing.assert_allclose(lines(left)[f"dropout_penalty, p = {p}"], 1 - p, rtol=1e-6)
    size = np.geomspace(0.1, 10, 9)
    np.testing.assert_allclose(starting(left, r"L2, $\lambda$ = 1"), size**2 / (size**2 + 1), rtol=1e-6)


def test_weight_scaling_is_the_geometric_mean_up_to_one_dropped_layer():
    same, error = solved("dropout_ensemble")[0].axes
    geometric, arithmetic = (
        next(line for line in same.get_lines() if line.get_label() == f"{kind} mean")
        for kind in ("geometric", "arithmetic")
    )
    np.testing.assert_allclose(*geometric.get_data(), rtol=1e-9)
    assert np.abs(np.subtract(*arithmetic.get_data())).max() > 0.05
    linear, hidden, deep = error.get_lines()[0].get_ydata()
    assert max(linear, hidden) < 1e-12
    assert deep > 1e-3


def test_scaling_by_p_in_place_of_1_minus_p_is_seen():
    swapped = named("weight_scaling_softmax", lambda x, W, b, p: SOLVED["weight_scaling_softmax"](x, W, b, 1 - p))
    figure, _ = pictures.dropout_ensemble.draw(swapped)
    linear, hidden, _ = figure.axes[1].get_lines()[0].get_ydata()
    assert min(linear, hidden) > 0.1


def test_dropout_refuses_wrong_labels_and_helps_on_test_images():
    figure, notes = draw("dropout_before_and_after", wrong=20, ps=(0.75,), seeds=range(3), epochs=40)
    gain = float(notes[0].split("seed by seed: ")[1].split()[0])
    assert gain > 1.5
    without, with_it = (float(part.split()[0]) for part in notes[1].removeprefix("Of the wrong labels, ").split(","))
    assert without > 90
    assert with_it < 50
    gaps = [line.get_ydata().mean() for line in figure.axes[2].get_lines() if len(line.get_ydata()) == 3]
    assert gaps[1] < gaps[0] - 5


# ---------------------------------------------------------------------------- widget


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


def running(figure):
    return {k: v for k, v in lines(figure.axes[-1]).items() if k.startswith("pixel")}


def test_the_running_means_arrive_at_the_pixels():
    figure, notes = explorer.many_passes.draw(SOLVED["dropout_forward"], p=0.5, passes=1000)
    assert notes == []
    for label, mean in running(figure).items():
        level = float(label.split("= ")[1])
        assert mean[-1] == pytest.approx(level, abs=0.15)


def test_at_test_every_pass_is_x_itself():
    figure, _ = explorer.many_passes.draw(SOLVED["dropout_forward"], train=False, passes=5)
    assert all(np.ptp(mean) == 0 for mean in running(figure).values())


def test_moving_a_slider_redraws_in_place(shown, monkeypatch):
    sliders = explorer._sliders(0.5, 20)
    monkeypatch.setattr(explorer, "_sliders", lambda *args: sliders)
    widgets.dropout_explorer(SOLVED["dropout_forward"], passes=20)
    for name, value in (("p", 0.9), ("digit", 3), ("passes", 100), ("seed", 2), ("train", False)):
        sliders[name].value = value
    assert [handle for _, handle in shown] == [None] + ["handle"] * 5
    assert "p = 0.9" in shown[1][0].axes[-1].get_title()
    assert "train = False" in shown[-1][0].axes[-1].get_title()
    for figure, _ in shown:
        render(figure)


@pytest.mark.parametrize("p", [0.0, 0.95])
def test_the_explorer_goes_to_the_ends_of_its_slider(p):
    render(explorer.many_passes.draw(SOLVED["dropout_forward"], p=p, passes=3)[0])


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.dropout_explorer(SOLVED["dropout_forward"], passes=5)
    assert len(shown) == 1


@pytest.mark.parametrize("broken", [SILENT["none"], *WILD.values(), unwritten, lambda name: None])
def test_the_explorer_says_what_is_not_ready_and_does_not_crash(broken, shown, capsys):
    widgets.dropout_explorer(broken("dropout_forward"), passes=5)
    render(shown[0][0])


def test_the_explorer_names_what_is_not_written(shown, capsys):
    widgets.dropout_explorer(unwritten("dropout_forward"), passes=5)
    assert "`dropout_forward` is not written yet" in capsys.readouterr().out


def test_units_trained_with_dropout_do_with_fewer_partners_and_are_worth_the_same():
    kept = lines(draw("dropout_partners", steps=300, seeds=2, draws=3)[0].axes[1])
    half = {name: line[2] for name, line in kept.items()}
    assert half["with, as they are"] > half["without, as they are"] + 4
    assert abs(half["with, new last layer"] - half["without, new last layer"]) < 2


def test_the_fisher_form_is_the_measured_extra_loss_unless_weights_are_huge():
    extra = draw("dropout_fisher", masks=600)[0].axes[0]
    form = lines(extra)["Fisher form, by your dropout_penalty"]
    measured = extra.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(form[3:8], measured[3:8], rtol=0.12)
    assert measured[-1] > 1.8 * form[-1]


def test_a_fence_saves_dropout_at_a_large_rate():
    at = lines(draw("dropout_fence", steps=100, seeds=2, rates=(0.05, 0.1))[0].axes[0])
    assert at["dropout and max-norm"][1] > at["dropout"][1] + 5
