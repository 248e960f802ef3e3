"""The pictures of 07_batchnorm: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from autograder.course.source import worked
from helpers import data, plots, widgets
from helpers.plots import batchnorm as pictures
from helpers.widgets import batchnorm as explorer

from .drawn import in_turns, render, unwritten

matplotlib.use("Agg")
ROOT = Path(__file__).parents[2]
SOLVED = worked("07_batchnorm", ROOT)
NETWORK = ("batchnorm_forward", "batchnorm_backward_fast", "batchnorm_inference", "update_running")
QUICK = {"steps": 30, "seeds": 2}
# picture: the functions it is drawn with, and what makes it quick
CASES = {
    "batchnorm_drift": (("batchnorm_forward", "batchnorm_backward"), {"steps": 5}),
    "batchnorm_features": (("batchnorm_forward",), {}),
    "batchnorm_extremes": (("batchnorm_forward",), {}),
    "batchnorm_running": (("update_running",), {}),
    "batchnorm_companions": (("batchnorm_forward", "batchnorm_inference", "update_running"), {}),
    "batchnorm_gradient_check": (("batchnorm_forward", "batchnorm_backward"), {}),
    "batchnorm_timing": (("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_fast"), {"repeats": 3}),
    "batchnorm_population": (("population_statistics",), {}),
    "batchnorm_graph": (("batchnorm_forward", "batchnorm_backward"), {}),
    "batchnorm_folding": (("batchnorm_inference", "fold", "fold_into_linear"), {}),
    "batchnorm_centering": (("naive_centering_step",), {}),
    "batchnorm_scale": (("scale_invariance_gap",), {}),
    "batchnorm_shared": (("spatial_batchnorm_forward",), {}),
    "batchnorm_learning_rates": (NETWORK, QUICK),
    "batchnorm_start_scales": (NETWORK, QUICK),
    "batchnorm_batch_sizes": (NETWORK, QUICK),
    "batchnorm_shifted": (NETWORK, QUICK),
    "batchnorm_smoothness": (NETWORK, {"steps": 4, "every": 2, "seeds": 2}),
    "batchnorm_and_dropout": (NETWORK, {"steps": 4, "seeds": 2}),
    "batchnorm_before_and_after": (NETWORK, {"steps": 40, "seeds": 2}),
}


@pytest.fixture(autouse=True)
def no_progress_bar(monkeypatch):
    monkeypatch.setattr(pictures, "counted", lambda jobs, **_: list(jobs))


@pytest.fixture(scope="module")
def few():
    whole = data.digits(seed=0)
    return data.Dataset(*[getattr(whole, part)[:130] for part in whole.__dataclass_fields__])


@pytest.fixture
def small_network(few, monkeypatch):
    monkeypatch.setattr(pictures, "_digits", lambda: few)
    monkeypatch.setattr(pictures, "_SIZES", (64, 8, 16, 10))


def broken(name, value):
    """Return a function that answers with value, or with value(the solution's answer)."""

    def function(*args, **kwargs):
        return value(SOLVED[name](*args, **kwargs)) if callable(value) else value

    function.__name__ = name
    return function


def draw(name, functions=None, **kwargs):
    ids, quick = CASES[name]
    return getattr(plots, name).draw(*(functions or [SOLVED[i] for i in ids]), **(quick | kwargs))


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    public = {name for name in dir(plots) if name.startswith("batchnorm_")}
    assert public == set(CASES) | {"batchnorm_negative_scale"}
    assert "batchnorm_explorer" in dir(widgets)


@pytest.mark.parametrize("name", CASES)
def test_with_the_solutions_a_picture_has_nothing_to_complain_of(name):
    figure, notes = solved(name)
    assert [note for note in notes if not note.startswith(("Test accuracy", "At a distance"))] == []
    assert_readable(figure)


def assert_readable(figure):
    """Every axis says what it shows (or shares one that does), and where there are several lines there is a legend."""
    drawn = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for ax in drawn:
        if not ax.axison:  # a graph: what stands on it says what it is
            assert ax.get_title()
            continue
        ticks = [tick.get_text() for tick in ax.get_xticklabels() + ax.get_yticklabels()]
        in_words = any(text.strip() and text[0].isalpha() for text in ticks)
        shared = any(other.get_ylabel() for other in ax.get_shared_y_axes().get_siblings(ax))
        rows = any(other.get_ylabel() for other in drawn if other.get_gridspec() is ax.get_gridspec())
        assert ax.get_xlabel() or in_words
        assert ax.get_ylabel() or in_words or shared or rows
    several = [ax for ax in drawn if sum(not name.startswith("_") for name in lines(ax)) > 1]
    assert not several or figure.legends or any(ax.get_legend() for ax in drawn)


@pytest.mark.parametrize("name", CASES)
def test_unwritten_functions_are_named_in_one_sentence(name):
    ids, _ = CASES[name]
    figure, notes = draw(name, [unwritten(i) for i in ids])
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert any(f"`{i}`" in notes[0] for i in ids)
    assert figure.axes


SPOILERS = {
    "none": None,
    "a string": "nonsense",
    "a short tuple": (np.zeros(3),),
    "nan": lambda result: _map_arrays(result, lambda a: a * np.nan),
    "huge": lambda result: _map_arrays(result, lambda a: a * 1e200),
    "another shape": lambda result: _map_arrays(result, lambda a: np.zeros((2, 2, 2))),
    "lists": lambda result: _map_arrays(result, lambda a: a.tolist()),
}


def _map_arrays(result, change):
    if isinstance(result, tuple):
        return tuple(_map_arrays(part, change) for part in result)
    return change(np.asarray(result))


@pytest.mark.parametrize(("name", "spoiler"), in_turns(CASES, SPOILERS))
def test_a_wrong_answer_never_stops_a_picture(name, spoiler, small_network):
    ids, _ = CASES[name]
    # All that train a network hand their functions to it in one way: one picture tries each, the others one.
    shared = ids == NETWORK and name != "batchnorm_learning_rates"
    for spoilt in [ids[list(SPOILERS).index(spoiler) % len(ids)]] if shared else ids:
        functions = [broken(i, SPOILERS[spoiler]) if i == spoilt else SOLVED[i] for i in ids]
        figure, _ = draw(name, functions)
        render(figure)


def test_a_function_that_raises_is_quoted():
    def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
        raise ValueError("operands could not be broadcast")

    _, notes = draw("batchnorm_features", [batchnorm_forward])
    assert notes == ["`batchnorm_forward` stopped with ValueError: operands could not be broadcast."]


def test_a_function_that_fails_only_in_training_is_quoted():
    def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
        if x.shape[1] > 4:
            raise IndexError("too wide")
        return SOLVED["batchnorm_forward"](x, gamma, beta, eps=eps)

    _, notes = draw("batchnorm_drift", [batchnorm_forward, SOLVED["batchnorm_backward"]])
    assert len(notes) == 1
    assert "IndexError: too wide" in notes[0]


# ---------------------------------------------------------------------------- what they show


def test_extremes_show_the_constant_as_beta_and_two_samples_as_signs():
    left, right = solved("batchnorm_extremes")[0].axes
    np.testing.assert_allclose(lines(left)["out"].get_ydata(), 0.7)
    larger = lines(right)["larger sample"].get_ydata()
    assert larger[-1] == pytest.approx(1)
    assert larger[0] < 0.01


def test_running_variance_reaches_the_truth_and_the_biased_one_does_not():
    right = solved("batchnorm_running")[0].axes[1]
    yours, biased = (lines(right)[label].get_ydata()[-1] for label in list(lines(right))[1:3])
    assert yours == pytest.approx(4, rel=0.03)
    assert biased == pytest.approx(3.5, rel=0.03)


def test_a_biased_running_variance_is_seen_in_the_picture():
    def update_running(mean, var, x, *, momentum=0.1):
        return (1 - momentum) * mean + momentum * x.mean(0), (1 - momentum) * var + momentum * x.var(0)

    right = draw("batchnorm_running", [update_running])[0].axes[1]
    yours, biased = (lines(right)[label].get_ydata()[-1] for label in list(lines(right))[1:3])
    assert yours == pytest.approx(biased)


def test_companions_matter_less_in_larger_batches_and_not_at_inference():
    ax = solved("batchnorm_companions")[0].axes[0]
    dots = [line.get_ydata() for line in ax.get_lines() if len(line.get_ydata()) == 300]
    np.testing.assert_allclose(np.abs(dots[0]), 1, atol=0.1)
    assert np.std(dots[-1]) < 0.4 * np.std(dots[1])
    assert lines(ax)["inference, whatever the batch"].get_ydata()[0] == pytest.approx(1.5, abs=0.2)


def largest_errors(figure) -> list[float]:
    return [float(ax.get_xlabel().split()[-1]) for ax in figure.axes[:3]]


def test_the_gradient_check_is_dark_for_a_right_backward_only():
    yours, no_variance, constants = largest_errors(solved("batchnorm_gradient_check")[0])
    assert yours < 1e-7
    assert min(no_variance, constants) > 1e-2


def test_the_gradient_check_shows_a_missing_road():
    def batchnorm_backward(dout, cache):
        x_hat, _, std, gamma = cache
        return gamma * dout / std, (dout * x_hat).sum(0), dout.sum(0)

    figure, _ = draw("batchnorm_gradient_check", [SOLVED["batchnorm_forward"], batchnorm_backward])
    yours, _, constants = largest_errors(figure)
    assert yours == pytest.approx(constants, rel=0.1)
    bright = figure.axes[0].get_images()[0].get_array()
    assert bright[:8].max() > -2
    assert bright[8:].max() < -7


def test_timing_says_how_much_faster_the_closed_form_is():
    title = solved("batchnorm_timing")[0].axes[0].get_title()
    assert "times as fast" in title


def test_the_corrected_population_variance_is_right_for_every_batch_size():
    ax = solved("batchnorm_population")[0].axes[0]
    np.testing.assert_allclose(lines(ax)["yours"].get_ydata(), 4, rtol=0.03)
    assert lines(ax)["average of the biased variances"].get_ydata()[0] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(("sign", "agrees"), [(1, True), (-1, False)])
def test_folding_reports_the_difference(sign, agrees):
    def fold(gamma, beta, mean, var, eps):
        scale = gamma / np.sqrt(var + eps)
        return scale, beta - sign * mean * scale

    functions = [SOLVED["batchnorm_inference"], fold, SOLVED["fold_into_linear"]]
    title = draw("batchnorm_folding", functions)[0].axes[0].get_title()
    assert (float(title.split()[-1]) < 1e-10) is agrees


def test_naive_centring_moves_the_bias_and_nothing_else():
    bias, out, loss = solved("batchnorm_centering")[0].axes
    b = bias.get_lines()[0].get_ydata()
    assert np.all(np.diff(b) > 0)
    assert b[-1] > 15
    np.testing.assert_allclose(np.ptp(out.get_lines()[0].get_ydata()), 0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(loss.get_lines()[0].get_ydata()), 0, atol=1e-12)


def test_the_gradient_falls_as_one_over_the_scale():
    left, right = solved("batchnorm_scale")[0].axes
    yours = lines(right)["with BatchNorm, yours"]
    np.testing.assert_allclose(yours.get_ydata(), 1 / yours.get_xdata())
    assert lines(left)["with BatchNorm, yours"].get_ydata().max() < 1e-12
    assert lines(left)["without BatchNorm"].get_ydata().min() > 1


def test_a_negative_scale_halves_the_gradient_and_turns_the_output(capsys):
    plots.batchnorm_negative_scale(SOLVED["scale_invariance_gap"], a=-2.0)
    assert "gradient_ratio = 0.5" in capsys.readouterr().out
    plots.batchnorm_negative_scale(unwritten("scale_invariance_gap"))
    assert "`scale_invariance_gap` is not written yet" in capsys.readouterr().out


def test_shared_statistics_are_the_channel_and_nothing_else():
    yours, per_pixel, reshaped = (ax.get_images()[-1].get_array() for ax in solved("batchnorm_shared")[0].axes)
    assert np.nansum(yours) == 3 * 25
    assert np.nansum(yours[:, 6:11]) == 3 * 25
    assert np.nansum(per_pixel) == 3
    assert np.nansum(reshaped[:, :5]) > 0


def test_drift_is_stopped_by_batchnorm():
    without, with_norm = draw("batchnorm_drift", steps=60)[0].axes
    wander = [np.ptp(lines(ax)["its median"].get_ydata()) for ax in (without, with_norm)]
    assert wander[1] < 0.5 * wander[0]


# ---------------------------------------------------------------------------- training


def norm():
    return pictures.ready_norm(*[SOLVED[i] for i in NETWORK])


def test_both_networks_start_from_the_same_weights_and_see_the_same_batches():
    runs = [pictures._Run(seed, lr) for seed, lr in ((3, 0.1), (4, 0.1), (3, 1.0))]
    plain, normed = (pictures._networks(layer, runs).params["W3"] for layer in (None, norm()))
    np.testing.assert_array_equal(plain, normed)
    np.testing.assert_array_equal(plain[0], plain[2])
    for chosen in pictures._batches(runs, steps=3, size=5):
        np.testing.assert_array_equal(chosen[0], chosen[2])
        assert len(set(chosen[0])) == 5 and set(chosen[0]) != set(chosen[1])


def test_the_factor_leaves_the_last_layer_alone():
    params = pictures._networks(None, [pictures._Run(0, 0.1, a) for a in (1.0, 10.0)]).params
    np.testing.assert_allclose(params["W1"][1], 10 * params["W1"][0], rtol=1e-6)
    np.testing.assert_array_equal(params["W5"][1], params["W5"][0])


def test_a_diverged_run_counts_as_guessing_and_spoils_no_other():
    runs = [pictures._Run(0, 1e6), pictures._Run(0, 0.1)]
    diverged, other = pictures._sweep(None, runs, "", steps=20)[:, 0]
    assert diverged == 0.1
    assert other == pictures._sweep(None, runs[1:], "", steps=20)[0, 0]


def mixes_units():
    """A layer along the wrong axis: every unit of its output depends on all."""

    def forward(x, gamma, beta, *, eps=1e-5):
        out = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
        return gamma * out + beta, out

    def backward(dout, out):
        return dout, (dout * out).sum(0), dout.sum(0)

    return pictures.ready_norm(forward, backward, *[SOLVED[i] for i in NETWORK[2:]])


@pytest.mark.parametrize("make", [norm, mixes_units])
def test_networks_side_by_side_learn_what_each_learns_alone(make, small_network):
    layer = make()
    runs = [pictures._Run(0, 0.1), pictures._Run(1, 0.5)]

    def judge(networks):
        return networks.scores(pictures._digits().x_val, by_batch=True)

    together = pictures._sweep(layer, runs, "", steps=5, judge=judge)
    alone = [pictures._sweep(layer, [run], "", steps=5, judge=judge)[0] for run in runs]
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-3)


def test_the_shifting_layer_has_the_gradient_of_its_own_forward():
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(2, 5, 3))
    gamma, beta = rng.uniform(1, 2, 3), rng.normal(size=3)

    def shifting():
        return pictures._shifting(norm(), 0.5, np.random.default_rng(7))

    out, kept = (layer := shifting()).forward(x, gamma, beta, eps=1e-5)
    assert not np.allclose(out, layer.forward(x, gamma, beta, eps=1e-5)[0])
    dx, _, _ = layer.backward(dout, kept)
    h = 1e-6
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        ends = [np.sum(dout * shifting().forward(x + s * step, gamma, beta, eps=1e-5)[0]) for s in (1, -1)]
        assert dx[index] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-6)


def test_batchnorm_widens_the_range_of_learning_rates():
    ax = draw("batchnorm_learning_rates", steps=60)[0].axes[0]
    with_norm = lines(ax)["with your BatchNorm"].get_ydata()
    without = lines(ax)["without BatchNorm"].get_ydata()
    assert with_norm[4] > 0.9  # lr = 1
    assert without[4] < 0.5


def test_before_and_after_reports_the_gain_on_test_images():
    _, notes = draw("batchnorm_before_and_after", steps=60)
    assert len(notes) == 1
    without, with_norm = (float(word.strip("%")) for word in notes[0].split() if word.endswith("%"))
    assert with_norm > without + 2


# ---------------------------------------------------------------------------- widget


FUNCTIONS = [SOLVED[i] for i in ("batchnorm_forward", "batchnorm_inference", "update_running")]


def outputs_of_the_sample(**values) -> list[float]:
    """Return out of the ringed sample in training mode and at inference."""
    figure, notes = explorer.two_modes.draw(*FUNCTIONS, **values)
    assert notes == []
    words = figure.axes[1].get_title().replace(",", "").split()
    return [float(words[words.index(name) + 1]) for name in ("mode:", "inference:")]


def test_an_offset_moves_the_sample_in_training_mode_and_not_at_inference():
    before, after = (outputs_of_the_sample(batch_size=128, offset=offset) for offset in (0.0, 4.0))
    assert after[0] < before[0] - 1
    assert after[1] == before[1]


def test_a_batch_of_two_says_only_which_is_larger():
    for number in range(5):
        assert abs(outputs_of_the_sample(batch_size=2, draw=number)[0]) == pytest.approx(1, abs=0.02)


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
    made = {}
    sliders = explorer._sliders()
    monkeypatch.setattr(explorer, "_sliders", lambda: made.setdefault("sliders", sliders))
    widgets.batchnorm_explorer(*FUNCTIONS)
    sliders["offset"].value = 4.0
    (first, no_handle), (second, handle) = shown
    assert (no_handle, handle) == (None, "handle")
    assert first.axes[1].get_title() != second.axes[1].get_title()


def test_without_ipywidgets_the_picture_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.batchnorm_explorer(*FUNCTIONS)
    assert len(shown) == 1


def test_the_explorer_names_what_is_not_written(shown, capsys):
    ids = ("batchnorm_forward", "batchnorm_inference", "update_running")
    widgets.batchnorm_explorer(*[unwritten(i) for i in ids], interactive=False)
    assert "`batchnorm_forward` and `update_running` are not written yet" in capsys.readouterr().out
    assert len(shown) == 1


def test_with_shifts_behind_it_the_loss_is_as_smooth_as_without():
    share = lines(draw("batchnorm_smoothness", steps=31, every=10)[0].axes[1])
    steady, shifted = (share[name].get_ydata() for name in ("BatchNorm", "BatchNorm then shifts"))
    assert steady[0] > 0.95 and (np.abs(steady - shifted) < 0.2).all()


def test_batch_norm_learns_wrong_labels_by_heart_where_dropout_refuses_them():
    axes = draw("batchnorm_and_dropout", steps=300, seeds=2)[0].axes
    bars = [line.get_ydata() for line in axes[1].get_lines() if line.get_linewidth() == 6]
    _, dropout, batch_norm, _ = (train - test for train, test in bars)
    assert batch_norm > dropout + 5
