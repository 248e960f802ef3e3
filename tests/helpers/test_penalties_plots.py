"""The pictures of 09_penalties: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import inspect
from pathlib import Path

import numpy as np
import pytest

from autograder.course.source import worked
from helpers import plots, training, widgets
from helpers.plots import penalised_digits as digits
from helpers.plots import stopping
from helpers.plots.penalties import MoonRuns, as_penalty, ball_minimum
from helpers.plots.ready import NotReady, png
from helpers.widgets import penalties as explorers

from .drawn import controls_of, named, render, unwritten, watched

ROOT = Path(__file__).parents[2]
SOLVED = worked("09_penalties", ROOT, also=lambda cell: cell.kind == "setup" and "def " in cell.source)
QUICK = {"progress": False, "seeds": range(1)}
# picture: what makes it quick
CASES = {
    "penalties_boundary": {"runs": "moons", "sizes": (3, 6), "lams": (0.0, 0.001)},
    "penalties_curvature": {"steps": 5},
    "penalties_line": {},
    "penalties_ball": {},
    "penalties_sparsity": {},
    "penalties_fence": {},
    "penalties_decay": {"steps": 60},
    "penalties_fence_rates": QUICK | {"epochs": 1, "cs": (1.0,), "lrs": (0.1, 0.3)},
    "penalties_smoothing": {"runs": "smoothed"},
    "penalties_patience": {},
    "penalties_retrain": QUICK | {"epochs": 3, "seeds": range(2)},
    "penalties_stopping": {},
    "penalties_two_heads": QUICK | {"steps": 5, "weights": (0.0, 1.0), "seeds": range(2)},
    "penalties_adversarial": {"runs": "attacked"},
    "penalties_pruning": {"runs": "pruned", "steps": 2},
    "penalties_more_data": QUICK | {"counts": (50, 100), "widths": (10, 30), "steps": 4},
    "penalties_digits": {"progress": False, "seeds": 2, "epochs": 1},
}


def functions_of(name):
    taken = list(inspect.signature(getattr(plots, name).__wrapped__).parameters)[1:]
    return [each for each in taken if each in SOLVED]


def draw(name, functions=None, **options):
    made = SOLVED | (functions or {})
    short = CASES[name] | options
    kinds = {
        "moons": lambda: MoonRuns(made["l2_penalty"], range(2)),
        "smoothed": lambda: digits.SmoothedRuns(made["label_smoothing_loss"], images=40, epochs=2),
        "attacked": lambda: digits.AttackedRuns(made["adversarial_loss"], images=80, epochs=1),
        "pruned": lambda: digits.PrunedRuns(
            made["magnitude_prune"], made["soft_threshold"], made["l2_penalty"], epochs=1
        ),
    }
    if "runs" in short:
        short["runs"] = kinds[short["runs"]]()
    return getattr(plots, name).draw(*(made[each] for each in functions_of(name)), **short)


@functools.cache
def drawn(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def lines(ax):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("penalties_")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_full_with_the_solutions_and_waits_kindly_for_what_is_not_written(name):
    figure, notes = drawn(name)
    render(figure)
    assert not any(word in note for note in notes for word in ("not written", "gave", "stopped with"))
    axes = [ax for ax in figure.axes if not ax.get_images()]
    assert all(ax.get_title() or ax.get_ylabel() for ax in axes)
    assert not any("waits" in text.get_text() for ax in figure.axes for text in ax.texts)
    figure, notes = draw(name, {each: unwritten(each) for each in functions_of(name)})
    render(figure)
    assert any("not written yet" in note for note in notes)


ODD = (None, np.nan, np.zeros(7), (1.0, np.full(3, 1e300)))


@pytest.mark.parametrize(("name", "answer"), [(name, ODD[k % 4]) for k, name in enumerate(CASES)])
def test_odd_answers_make_no_picture_fall(name, answer):
    broken = {each: named(each, lambda *args, **kwargs: answer) for each in functions_of(name)}
    render(draw(name, broken)[0])


# ---------------------------------------------------------------------------- what the text says of them


def test_the_condition_falls_from_100_to_34_and_the_flat_weight_pays():
    figure, _ = drawn("penalties_curvature")
    assert figure.axes[0].get_title().endswith("condition 34")
    (minimum,) = (line for line in figure.axes[0].get_lines() if line.get_label() == "minimum with it")
    np.testing.assert_allclose(minimum.get_xydata()[0], [-1, 10 / 10.2], rtol=1e-9)


def test_lecture_003s_two_weights_cost_what_the_text_says():
    peaky, spread = np.array([1.0, 0, 0, 0]), np.full(4, 0.25)
    assert [SOLVED["l2_penalty"](w, 1.0)[0] for w in (peaky, spread)] == [1, 0.25]
    assert [SOLVED["l1_penalty"](w, 1.0)[0] for w in (peaky, spread)] == [1, 1]
    assert np.array_equal(SOLVED["max_norm"](spread, 0.5, 0), spread)
    assert not np.array_equal(SOLVED["max_norm"](peaky, 0.5, 0), peaky)


def test_a_network_that_was_not_trained_is_pruned_beside_those_that_were():
    assert {"L1", "L2", "untrained"} <= lines(drawn("penalties_pruning")[0].axes[-1]).keys()


@pytest.mark.parametrize(("beta", "size", "where"), [(0.0, 1.0, 0.3673), (0.5, 1.0, 0.5248)])
def test_a_weight_is_gone_from_the_lam_on_that_can_be_computed(beta, size, where):
    """Where the loss's pull at w_2 = 0 equals lam: h21 (w1 - 1.2) - 0.6 * 0.5 = -lam, w1 by the first equation."""
    two = [ball_minimum(SOLVED["l2_penalty"], SOLVED["soft_threshold"], where * k, beta, size)[1] for k in (0.98, 1.02)]
    assert two[0] > 0 == two[1]


def test_the_threshold_makes_twenty_zeros_and_the_subgradient_none():
    labels = {line.get_label() for line in drawn("penalties_sparsity")[0].axes[0].get_lines()}
    assert labels == {"l1_penalty: subgradient: 0", "soft_threshold: 20"}


def test_penalty_and_decay_are_the_same_for_plain_sgd_alone():
    shown = lines(drawn("penalties_decay")[0].axes[0])
    assert shown["SGD, lr = 0.1"].max() < 1e-13
    assert min(values.max() for label, values in shown.items() if label != "SGD, lr = 0.1") > 0.3


def test_patience_misses_what_the_text_says():
    shown = lines(drawn("penalties_patience")[0].axes[1])
    missed = shown["a better one came in the next 50 epochs (%)"]
    assert [missed[k] for k in (3, 6, 7)] == pytest.approx([90, 14, 3])
    with_delta = draw("penalties_patience", min_delta=0.03)[0].axes[1]
    assert lines(with_delta)["a better one came in the next 50 epochs (%)"][6] == pytest.approx(52)


def test_one_lam_for_all_is_too_harsh_on_steep_axes_and_an_own_one_is_not():
    shown = lines(drawn("penalties_stopping")[0].axes[0])
    reached, own = shown["gd_shrinkage"], shown["ridge_shrinkage, lam of matching_lam"]
    np.testing.assert_allclose(own, reached[::6], rtol=1e-9)
    assert reached[-1] - shown["ridge_shrinkage, lam = 1 for all"][-1] > 0.09


def test_a_stop_that_is_no_epoch_is_no_stop():
    with pytest.raises(NotReady, match="no epochs of the curve"):
        stopping.ask_stop(named("early_stopping", lambda losses, **_: (len(losses), 0)), np.ones(5), patience=2)


def test_an_attacked_network_follows_the_gradient_of_the_students_loss():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.3, 0.7, (4, 64)), np.array([1, 2, 3, 4])
    network = digits.AttackedMLP([64, 5, 10], rng, adversarial_loss=SOLVED["adversarial_loss"], eps=0.01, alpha=0.3)
    _, grads = network.loss(x, y)
    attacked = SOLVED["fgsm"](x, network.input_gradient(x, y), 0.01)

    def loss():
        return 0.3 * training.MLP.loss(network, x, y)[0] + 0.7 * training.MLP.loss(network, attacked, y)[0]

    w, h = network.params["W2"], 1e-6
    w[2, 3] += h
    up = loss()
    w[2, 3] -= 2 * h
    assert grads["W2"][2, 3] == pytest.approx((up - loss()) / (2 * h), rel=1e-5)


def test_a_penalty_is_paid_by_weights_and_not_by_biases():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6, 5)), rng.integers(3, size=6)
    priced = training.MLP([5, 4, 3], np.random.default_rng(2), penalty=as_penalty(SOLVED["l2_penalty"], 0.1))
    decayed = training.MLP([5, 4, 3], np.random.default_rng(2), weight_decay=0.1)
    (a, first), (b, second) = priced.loss(x, y), decayed.loss(x, y)
    assert a == pytest.approx(b)
    for name in first:
        np.testing.assert_allclose(first[name], second[name])


# ---------------------------------------------------------------------------- sliders


def test_every_explorer_is_public_and_its_controls_are_options_of_its_picture(monkeypatch):
    assert len(controls_of(explorers, SOLVED, monkeypatch)) == 8


def test_moving_a_slider_redraws_in_place(monkeypatch):
    figures, made = watched(monkeypatch)
    widgets.patience_explorer(SOLVED["early_stopping"])
    made["patience"].value = 12
    assert len(figures) == 2
    assert figures[1].axes[0].get_title().startswith("patience = 12")


def test_an_explorer_says_what_is_not_written(capsys):
    widgets.pruning_explorer(*(unwritten(name) for name in ("magnitude_prune", "soft_threshold", "l2_penalty")))
    assert "not written yet" in capsys.readouterr().out


def test_no_picture_is_hidden_by_the_module_of_its_name():
    assert set(dir(plots)).isdisjoint(plots._TABLE.values())


def test_twelve_small_pictures_that_wait_leave_room_for_the_large_ones():
    """matplotlib warns where a part of the figure has no room left."""
    assert png(draw("penalties_pruning", {"magnitude_prune": unwritten("magnitude_prune")})[0])
