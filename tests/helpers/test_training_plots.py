"""The pictures of 12_training: right with right functions, telling with wrong ones, kind with none at all."""

import functools
import inspect
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.course.source import worked
from helpers import plots, training, widgets
from helpers.curves import KINDS, curves
from helpers.plots import averages, diagnosis, search, stacks, transfer
from helpers.plots.ready import NotReady
from helpers.widgets import training as explorers

from .drawn import controls_of, in_turns, named, render, unwritten, watched

ROOT = Path(__file__).parents[2]
SOLVED = worked("12_training", ROOT)
SHORT = tuple(tuple(transfer.Run(run.label, 200, 8, steps=25) for run in runs[:2]) for runs in transfer._SICK)
TRANSFER = {"counts": (2, 5), "seeds": (0, 1)}
# picture: what makes it quick
CASES = {
    "training_first_loss": {},
    "training_guess": {"guess": "overfitting"},
    "training_runs": {},
    "training_cures": {"seeds": range(2), "sick": SHORT},
    "training_samples": {"seeds": range(2), "counts": (100, 200), "widths": (4, 8)},
    "training_range": {"seeds": range(2)},
    "training_draws": {},
    "training_search": {"seeds": range(5)},
    "training_validation_size": {},
    "training_folds": {"seeds": range(2), "n": 60},
    "training_clip": {"seeds": range(1)},
    "training_average": {"seeds": range(1), "steps": 75},
    "training_between": {"models": 2, "points": 3},
    "training_ensemble": {"seeds": 2, "models": 3},
    "training_transfer": TRANSFER,
    "training_layers": {"n": 2, "seeds": (0, 1)},
    "training_before_and_after": {"seeds": range(2), "models": 2, "steps": 40},
}
# Functions without which the rest of the picture is drawn.
WITHOUT = {
    "training_average": ("ema_debiased",),
    "training_ensemble": ("average_checkpoints",),
    "training_before_and_after": ("linear_probe",),
}


@pytest.fixture(autouse=True, scope="module")
def a_small_source():
    """Borrowed features of two alphabets: what the pictures say of ten is measured in the notebook."""
    patch = pytest.MonkeyPatch()
    make = transfer.source
    patch.setattr(transfer, "source", lambda seeds=(0, 1): make(seeds, alphabets=2, each=100, steps=40))
    yield
    patch.undo()


def functions_of(name):
    taken = list(inspect.signature(getattr(plots, name).__wrapped__).parameters)[1:]
    return [each for each in taken if each in SOLVED]


def draw(name, functions=None, **options):
    made = SOLVED | (functions or {})
    return getattr(plots, name).draw(*(made[each] for each in functions_of(name)), **CASES[name] | options)


@functools.cache
def drawn(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def lines(ax):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("training_")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_full_with_the_solutions_and_waits_kindly_for_what_is_not_written(name, monkeypatch):
    figure, notes = drawn(name)
    render(figure)
    assert not any("not written" in note or "gave" in note for note in notes)
    assert not any("waits" in text for text in texts(figure))
    assert all(ax.get_title() or ax.get_ylabel() or ax.get_xlabel() for ax in figure.axes)
    # Nothing is trained for a function that is not there.
    monkeypatch.setattr(stacks, "learn", lambda *args, **kwargs: pytest.fail("it trains"))
    for missing in functions_of(name):
        if missing not in WITHOUT.get(name, ()):
            figure, notes = draw(name, {missing: unwritten(missing)})
            render(figure)
            assert f"`{missing}` is not written yet: do that above, then run this cell again." in notes


ODD = (None, np.nan, np.zeros(7), (1.0, np.full(3, 1e300)), "a word", {"W1": np.zeros(2)}, [])


@pytest.mark.parametrize(("name", "k"), in_turns(CASES, range(len(ODD))))
def test_odd_answers_make_no_picture_fall(name, k):
    broken = {each: named(each, lambda *args, **kwargs: ODD[k]) for each in functions_of(name)}
    figure, notes = draw(name, broken)
    render(figure)
    assert notes


def raising(name):
    return named(name, lambda *args, **kwargs: 1 / 0)


@pytest.mark.parametrize("name", CASES)
def test_a_function_that_stops_is_named_with_its_error(name):
    first = functions_of(name)[0]
    assert any("ZeroDivisionError" in note for note in draw(name, {first: raising(first)})[1])


# ---------------------------------------------------------------------------- networks side by side


def test_networks_side_by_side_have_the_gradients_of_autograd():
    rng = np.random.default_rng(0)
    params = {name: w.astype(float) for name, w in stacks.stacked((5, 4, 3), (1, 2)).items()}
    x, y = rng.standard_normal((2, 6, 5)), rng.integers(3, size=(2, 6))
    grads = stacks.gradients(params, x, y)
    for k in range(2):
        leaves = {name: torch.tensor(w[k], requires_grad=True) for name, w in params.items()}
        hidden = torch.relu(torch.tensor(x[k]) @ leaves["W1"] + leaves["b1"])
        scores = hidden @ leaves["W2"] + leaves["b2"]
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(y[k]))
        loss.backward()
        for name, leaf in leaves.items():
            np.testing.assert_allclose(grads[name][k], leaf.grad, atol=1e-12)
        assert stacks.cross_entropy(stacks.scores(params, x), y)[k] == pytest.approx(loss.item())


def test_networks_side_by_side_do_what_each_does_alone():
    d = diagnosis.digits()
    how = {"steps": 30, "batch": 20}
    lr, decay = np.array([0.05, 0.1]), np.array([0.0, 0.01])
    start = stacks.stacked((64, 8, 10), (3, 4))
    both = stacks.learn(start, d.x_train, d.y_train, lr=lr, weight_decay=decay, rng=np.random.default_rng(0), **how)
    for k in range(2):
        network = training.MLP([64, 8, 10], np.random.default_rng(3 + k), weight_decay=decay[k])
        rng = np.random.default_rng(0)

        def momentum(w, grad, state, *, lr):
            v = 0.9 * state.get("v", 0.0) + grad
            return w - lr * v, {"v": v}

        passes = (rng.permutation(1079)[: 53 * 20].reshape(53, 20)[:30] for _ in range(1))
        training.train(
            network,
            d,
            step=momentum,
            lr=lr[k],
            epochs=1,
            rng=rng,
            minibatches=lambda *_, p=passes: next(p),
            progress=False,
        )
        for name, w in network.params.items():
            np.testing.assert_allclose(both[name][k], w, atol=2e-5)


# ---------------------------------------------------------------------------- what the text says of them


def test_three_of_the_broken_programs_are_given_away():
    found = diagnosis.first_losses(range(5))
    expected = SOLVED["initial_loss"](10)
    assert [abs(values.mean() - expected) > 0.05 for values in found.values()] == [False] + 3 * [True] + 3 * [False]


def test_six_runs_in_a_row_show_every_kind_once_and_are_told_apart():
    for first in (0, 6, 12):
        kinds = [diagnosis.guessed(first + k) for k in range(6)]
        assert sorted(kinds) == sorted(KINDS)
        for k, kind in enumerate(kinds):
            assert SOLVED["diagnose"](curves(kind, np.random.default_rng([first + k, 3]))) == kind


def test_a_guess_is_compared_with_the_verdict():
    kind = diagnosis.guessed(3)
    assert "as you guessed" in " ".join(t.get_text() for t in subtexts(draw("training_guess", number=3, guess=kind)[0]))
    other = next(each for each in KINDS if each != kind)
    assert f"your guess: {other}" in [t.get_text() for t in subtexts(draw("training_guess", number=3, guess=other)[0])]


def subtexts(figure):
    return [text for part in figure.subfigs for text in part.texts]


def test_the_rate_that_destroys_at_once_passes_for_underfitting():
    verdicts = texts(drawn("training_runs")[0])
    assert verdicts[:3] == ["rate too low", "rate too high", "underfitting"]
    assert verdicts[3:] == ["overfitting", "underfitting", "validation set too small"]


def test_a_range_test_meets_the_edge_and_a_tenth_of_it_is_safe():
    label = next(label for label in lines(drawn("training_range")[0].axes[0]) if label.startswith("a tenth"))
    assert 0.03 < float(label.split(": ")[1]) < 0.2


def test_a_grid_has_three_rates_and_random_search_nine():
    titles = [ax.get_title() for ax in drawn("training_search")[0].axes]
    assert titles[:2] == ["grid: 3 different rates", "random_search: 9 different rates"]


def test_errors_between_networks_lie_halfway_on_both_logarithmic_scales():
    table = search.landscape()
    at = search.error_at(search._LRS[20], search._DECAYS[3])
    assert at == pytest.approx(table[20, 3])
    assert search.error_at(1e-9, search._DECAYS[0]) == pytest.approx(table[0, 0])
    halfway = np.sqrt(search._LRS[29] * search._LRS[30]), np.sqrt(search._DECAYS[5] * search._DECAYS[6])
    four = table[29:31, 5:7]
    assert np.ptp(four, axis=0).min() > 0 and np.ptp(four, axis=1).min() > 0
    assert search.error_at(*halfway) == pytest.approx(four.mean())


def test_jumps_on_other_samples_follow_the_binomial_law_and_on_the_same_ones_are_smaller():
    shown = lines(drawn("training_validation_size")[0].axes[1])
    same, fresh = shown["the same samples every epoch"], shown["other ones every epoch"]
    np.testing.assert_allclose(fresh[:5], shown[r"$\sqrt{2 p (1 - p) / n}$"][:5], rtol=0.15)
    assert (same[:5] < 0.8 * fresh[:5]).all()


def test_each_array_clipped_alone_turns_the_gradient_and_the_whole_does_not():
    labels = drawn("training_clip")[0].axes[1].get_legend_handles_labels()[1]
    assert labels == ["before", "as a whole: 0° off", "each alone: 36° off"]


def test_a_cliff_throws_far_what_is_not_clipped():
    def clip(grads):
        return SOLVED["clip_grad_norm"](grads, 1.0)[0]

    assert search._cliff_path(60, 0.2, None)[:, 0].max() > 3
    assert search._cliff_path(60, 0.2, clip)[:, 0].max() <= 1.6


def test_the_slope_of_the_cliff_is_that_of_its_height():
    for w in (np.array([1.0, 0.3]), np.array([0.004, -1.0]), np.array([-0.02, 2.0])):
        _, grads = search.cliff(w)
        for k, name in enumerate(("w1", "w2")):
            step = 1e-6 * np.eye(2)[k]
            slope = (search.cliff(w + step)[0] - search.cliff(w - step)[0]) / 2e-6
            assert grads[name][0] == pytest.approx(slope, rel=1e-4)


def test_checkpoints_of_one_run_average_and_those_of_two_do_not():
    labels = [label for label in lines(draw("training_between", models=4)[0].axes[0]) if label.startswith("your mean")]
    one, two = (float(label.split()[2]) for label in labels)
    assert one > 75 > 65 > two


def test_a_sample_is_shown_that_the_vote_has_wrong():
    figure, _ = draw("training_ensemble", seeds=1, models=3)
    label, rest = figure.axes[1].get_title().removeprefix("label ").split("; majority ")
    vote, yours = rest.split(", ensemble_predict ")
    assert label == yours != vote


def test_frozen_layers_stay_and_the_others_move(monkeypatch):
    kept = []
    learn = stacks.learn
    monkeypatch.setattr(stacks, "learn", lambda *args, **kwargs: kept.append(learn(*args, **kwargs)) or kept[-1])
    run = transfer.Transfer("similar", 2, (0, 1))
    run.finetuned(SOLVED["freeze"], ["W1", "b1"])
    assert all(np.array_equal(kept[-1][name], run.source[name]) for name in ("W1", "b1"))
    assert not np.array_equal(kept[-1]["W2"], run.source["W2"])


def test_a_layer_that_is_probed_is_the_sources():
    run = transfer.Transfer("different", 2, (0, 1))
    pixels, _ = run.features(0)
    first, _ = run.features(1)
    expected = np.maximum(pixels[1] @ run.source["W1"][1] + run.source["b1"][1], 0)
    np.testing.assert_allclose(first[1], expected, rtol=1e-5)


def test_few_of_each_class_are_as_many_of_each():
    y = np.arange(100) % 10
    chosen = transfer.few_of_each(y, 3, np.random.default_rng(0))
    assert np.array_equal(np.bincount(y[chosen]), np.full(10, 3))
    assert len(np.unique(chosen)) == 30


def test_folds_with_an_index_that_is_none_are_no_folds():
    with pytest.raises(NotReady, match="no indices"):
        search.ask_folds(named("kfold", lambda n, k, rng: [(np.arange(1, n + 1), np.arange(n))] * k), 10, 5, 0)


def test_labels_beyond_the_classes_are_no_labels():
    with pytest.raises(NotReady, match="none of 0 to 3"):
        averages.ask_labels(named("ensemble_predict", lambda probs: np.full(probs.shape[1], 4)), np.ones((2, 3, 4)) / 4)


# ---------------------------------------------------------------------------- sliders


def test_every_explorer_is_public_and_its_controls_are_options_of_its_picture(monkeypatch):
    assert len(controls_of(explorers, SOLVED, monkeypatch)) == 5


def test_a_guess_redraws_in_place(monkeypatch):
    figures, made = watched(monkeypatch)
    widgets.guess_explorer(SOLVED["diagnose"])
    assert "Choose a guess" in subtexts(figures[0])[0].get_text()
    made["guess"].value = diagnosis.guessed(0)
    assert "as you guessed" in [text.get_text() for text in subtexts(figures[1])]


def test_an_explorer_says_what_is_not_written(capsys):
    widgets.range_explorer(unwritten("lr_range_test"))
    assert "`lr_range_test` is not written yet" in capsys.readouterr().out
