"""The pictures of 08_normalization: right with right functions, telling with wrong ones, kind with none at all."""

import functools
from pathlib import Path

import numpy as np
import pytest

from autograder.course.source import worked
from helpers import plots, widgets
from helpers.plots import normalized_nets as nets
from helpers.widgets import explorer

from .drawn import named, render, unwritten

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "solutions" / "08_normalization.py").read_text(encoding="utf-8")
SOLVED = worked("08_normalization", ROOT, also=lambda cell: cell.kind == "setup" and "def batchnorm" in cell.source)
FAMILY = tuple(nets._LOOKS)[1:]
BOTH = ("mean_only_batchnorm_forward", "mean_only_batchnorm_backward", "batchnorm_forward", "batchnorm_backward")
TAKES = {
    "norm_rows": ("layernorm_forward",),
    "norm_changes": ("layernorm_forward",),
    "norm_gradient_check": ("layernorm_forward", "layernorm_backward"),
    "norm_roads": BOTH,
    "norm_shared": ("norm_axes",),
    "norm_sharing": ("norm_axes", "groupnorm_forward"),
    "norm_lights": ("instancenorm_forward",),
    "norm_right_angle": ("weightnorm_forward", "weightnorm_backward"),
    "norm_clouds": ("decorrelated_batchnorm_forward",),
    "norm_distances": ("decorrelated_batchnorm_forward",),
    "norm_time": ("layernorm_forward",),
}
# Those that are handed the whole family, in short.
TRAINED = {
    "norm_composition": {"steps": 3, "seeds": 1},
    "norm_batch_sizes": {"steps": 2, "seeds": 1},
    "norm_rates": {"samples": 50, "seeds": 1, "epochs": 4},
    "norm_table": {"samples": 50, "seeds": 2, "choose_by": 1, "epochs": 4},
}


def family(functions):
    return {name: (functions[f"{name}_forward"], functions[f"{name}_backward"]) for name in FAMILY}


def draw(name, functions=None, **options):
    made = SOLVED | (functions or {})
    if name in TRAINED:
        return getattr(plots, name).draw(family(made), **(TRAINED[name] | options))
    if name == "norm_neighbours":
        return plots.norm_neighbours.draw({k: made[f"{k}_forward"] for k in (*FAMILY, "instancenorm")}, **options)
    return getattr(plots, name).draw(*(made[each] for each in TAKES[name]), **options)


@functools.cache
def drawn(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def lines(ax):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


EVERY = (*TAKES, "norm_neighbours", *TRAINED)
WRITTEN_HERE = {name: unwritten(name) for name in SOLVED if name not in ("batchnorm_forward", "batchnorm_backward")}


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("norm_")} == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_is_drawn_without_a_word_and_waits_kindly_for_what_is_not_written(name):
    figure, notes = drawn(name)
    assert all("loss" in note for note in notes) if name == "norm_table" else notes == []
    render(figure)
    figure, notes = draw(name, WRITTEN_HERE)
    render(figure)
    assert any("not written yet" in note for note in notes)


ODD = (None, np.nan, "text", np.zeros(7), (np.zeros(3), None))


@pytest.mark.parametrize(("k", "name"), list(enumerate(EVERY)))
def test_odd_answers_make_no_picture_fall(k, name):
    odd = {each: named(each, lambda *args, **kwargs: ODD[k % 5]) for each in WRITTEN_HERE}
    render(draw(name, odd)[0])


# ---------------------------------------------------------------------------- what they show


def test_rows_have_mean_0_and_deviation_1_and_columns_leave_the_loud_sample_loud():
    _, columns, rows = ([text.get_text() for text in ax.texts] for ax in drawn("norm_rows")[0].axes)
    assert set(rows) == {"0 ± 1.0"}
    assert columns[4] == "2 ± 0.1"


def test_the_two_layers_notice_opposite_changes():
    said = [text.get_text() for text in drawn("norm_changes")[0].axes[0].texts]
    batch, layer = np.array(said, dtype=float).reshape(2, 5)
    assert ((batch > 0.01) == [1, 1, 0, 0, 1]).all()
    assert ((layer > 0.01) == [0, 0, 1, 1, 0]).all()
    told = " ".join(TEXT.replace("\n# ", " ").split())
    assert f"moves BatchNorm's output by {said[4]}, LayerNorm's by {said[9]}" in told


def test_gamma_outside_the_means_is_bright_where_a_right_backward_is_dark():
    yours, outside, constant = (float(ax.get_xlabel().split()[-1]) for ax in drawn("norm_gradient_check")[0].axes[:3])
    assert yours < 1e-7 < 1e-2 < min(outside, constant)


@pytest.mark.parametrize("ax", [0, 1])
def test_both_roads_together_sum_to_nothing(ax):
    shown = drawn("norm_roads")[0].axes[ax]
    assert shown.get_xlabel().endswith("sum of dout -3.87, sum of dx 0.00")
    heights = np.array([[bar.get_height() for bar in bars] for bars in shown.containers])
    np.testing.assert_allclose(heights[1] + heights[2], lines(shown)["dx, their sum"])
    if ax == 0:
        np.testing.assert_allclose(heights[2], 3.87 / 8, atol=1e-3)


def test_a_forgotten_road_is_seen():
    figure, _ = draw("norm_roads", {"mean_only_batchnorm_backward": lambda dout, cache: (dout, dout.sum(0))})
    assert "sum of dx -3.87" in figure.axes[0].get_xlabel()


def test_axes_are_counted_as_they_are_named():
    assert [title.split(", ")[-1] for title in titles(drawn("norm_shared")[0])] == [
        "48 share a mean",
        "64 share a mean",
        "16 share a mean",
    ]


@pytest.mark.parametrize(("groups", "moved"), [(1, 72), (2, 36), (4, 18), (8, 9)])
def test_groups_are_measured(groups, moved):
    assert f"{moved} move together" in titles(draw("norm_sharing", groups=groups)[0])[3]


def test_interleaved_groups_are_striped():
    def groupnorm_forward(x, gamma, beta, groups, *, eps=1e-5):
        out = x.copy()
        for k in range(groups):
            part = x[:, k::groups]
            out[:, k::groups] = part - part.mean(axis=(1, 2, 3), keepdims=True)
        return out, None

    figure, _ = draw("norm_sharing", {"groupnorm_forward": groupnorm_forward})
    row = np.asarray(figure.axes[3].get_images()[-1].get_array())[0]
    np.testing.assert_array_equal(row[::4], [0, 1] * 4)


def test_three_lights_are_one_after_instancenorm_alone():
    apart = [float(ax.get_xlabel().split()[-1]) for ax in drawn("norm_lights")[0].axes if ax.get_xlabel()]
    assert min(apart[2:4]) > 0.5
    assert max(apart[4:]) < 0.002


def test_the_direction_turns_at_right_angles_sixteen_times_slower_where_v_is_four_times_as_long():
    plane, lengths, angles = drawn("norm_right_angle")[0].axes
    assert plane.get_title() == "v and dv at 90 degrees"
    for values in lines(lengths).values():
        assert (np.diff(values) >= 0).all()
    turned = {name: values[0] - values[1] for name, values in lines(angles).items()}
    slow, quick = np.tan(np.deg2rad([turned["started 4 times as long"], turned["this v"]]))
    assert quick / slow == pytest.approx(16)
    assert lines(angles)["started 4 times as long"][-1] == pytest.approx(43, abs=0.5)
    far = draw("norm_right_angle", lr=10.0)[0].axes
    assert lines(far[1])["this v"][-1] == pytest.approx(9.5, abs=0.05)
    assert lines(far[2])["this v"][1] == pytest.approx(14, abs=0.1)
    assert lines(draw("norm_right_angle", momentum=0.9)[0].axes[1])["this v"][-1] == pytest.approx(6.0, abs=0.05)


def test_zca_is_round_and_moves_the_points_least():
    moved = {}
    for title in titles(drawn("norm_clouds")[0])[1:]:
        name, numbers = title.split("\nmoved by ")
        moved[name], together = (float(number) for number in numbers.split(", correlation "))
        assert together == (0.9 if name == "BatchNorm" else 0)
    assert [moved[name] for name in ("ZCA: yours", "Cholesky", "PCA")] == [0.78, 1.06, 1.27]
    assert titles(draw("norm_clouds", eps=1.0)[0])[4].endswith("correlation 0.76")


def test_a_small_batch_is_a_simplex():
    assert [title.split(": ")[-1] for title in titles(drawn("norm_distances")[0])[1:]] == [
        "6.17 to 16.57",
        "7.98 to 8.00",
    ]


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ({}, ["batchnorm", "mean_only_batchnorm", "decorrelated_batchnorm"]),
        ({"feature": 5}, ["decorrelated_batchnorm"]),
    ],
)
def test_only_layers_of_the_batch_move_neighbours(options, who):
    said = [title.split("\n") for title in titles(draw("norm_neighbours", **options)[0])]
    assert [name for name, words in said if "move" in words] == who


def test_a_recurrent_layer_needs_other_statistics_at_every_step():
    shown = lines(drawn("norm_time")[0].axes[0])
    assert [round(shown["as it comes"][t], 2) for t in (0, -1)] == [0.48, 1.53]
    np.testing.assert_allclose(shown["after your LayerNorm"], 1, atol=1e-3)


def test_the_table_starts_all_five_ways_alike():
    """A network in directions and lengths computes at first what one in weights does."""
    ways = family(SOLVED)
    x = nets._digits().x_test
    first = [
        nets.MLP(nets._SIZES, np.random.default_rng(0), **nets._options(ways, *names)).scores(x)
        for names in (nets.WAYS["normal"], nets.WAYS["weight norm"])
    ]
    np.testing.assert_allclose(*first, atol=1e-12)


# ---------------------------------------------------------------------------- widgets

EXPLORERS = {
    "sharing_explorer": (("norm_axes", "groupnorm_forward"), "groups", 8),
    "weightnorm_explorer": (("weightnorm_forward", "weightnorm_backward"), "lr", 10.0),
    "whitening_explorer": (("decorrelated_batchnorm_forward",), "eps", 1.0),
    "neighbours_explorer": (None, "feature", 5),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_moving_a_slider_redraws_in_place(name, monkeypatch):
    figures, made = [], []
    monkeypatch.setattr(
        "helpers.widgets.explorer.show_figure", lambda f, alt, handle=None, display_id=False: figures.append(f) or "h"
    )
    monkeypatch.setattr("helpers.widgets.explorer.display_with_fallback", lambda *args: None)
    original = explorer.made
    monkeypatch.setattr(explorer, "made", lambda *told: made.append(original(*told)) or made[-1])
    takes, slider, value = EXPLORERS[name]
    forwards = {each: SOLVED[f"{each}_forward"] for each in (*FAMILY, "instancenorm")}
    getattr(widgets, name)(*([forwards] if takes is None else [SOLVED[each] for each in takes]))
    made[0][slider].value = value
    assert len(figures) == 2
    texts = [titles(figure) + [ax.get_xlabel() for ax in figure.axes] for figure in figures]
    assert texts[0] != texts[1] or name == "weightnorm_explorer"
    if name == "weightnorm_explorer":
        assert figures[1].axes[1].get_ylim()[1] > figures[0].axes[1].get_ylim()[1]


def test_without_ipywidgets_the_picture_remains(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    shown = []
    monkeypatch.setattr("helpers.widgets.explorer.show_figure", lambda figure, alt, **_: shown.append(alt))
    widgets.whitening_explorer(SOLVED["decorrelated_batchnorm_forward"])
    assert len(shown) == 1
