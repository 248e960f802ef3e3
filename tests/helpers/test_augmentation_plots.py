"""The pictures and sounds of 11_augmentation: right with right functions, telling with wrong ones, kind with none."""

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
from helpers import data, plots, samples, widgets
from helpers.plots import augmentation as pictures
from helpers.plots import ready
from helpers.widgets import augmentation as explorer

from .drawn import in_turns, named, render, unwritten

ROOT = Path(__file__).parents[2]
SOLVED = worked("11_augmentation", ROOT)


def pipeline_of(compose, random_apply, transform):
    def pipeline(rng):
        return compose([random_apply(transform, 0.5, rng)])

    return pipeline


def recipe_of(transform):
    def recipe(rng):
        return lambda x: transform(x, 1, rng)

    return recipe


# picture: the functions it is drawn with, how they are handed over, and what makes it quick
CASES = {
    "augmentation_shifts": (("horizontal_flip", "shift"), None, {}),
    "augmentation_warps": (("elastic_distort", "zoom", "rotate"), None, {}),
    "augmentation_generations": (("rotate",), None, {"counts": (1, 3, 4, 12)}),
    "augmentation_labels": (("horizontal_flip", "rotate"), None, {}),
    "augmentation_light": (("adjust_brightness", "adjust_contrast", "color_cast", "shade"), None, {}),
    "augmentation_draws": (("random_crop", "cutout"), None, {"images": 500}),
    "augmentation_mixup": (("mixup",), None, {"batches": 2}),
    "augmentation_pipeline": (
        ("compose", "random_apply", "horizontal_flip"),
        lambda compose, apply, flip: (pipeline_of(compose, apply, flip), apply, compose),
        {"images": 200},
    ),
    "augmentation_style": (("gram_matrix", "adain"), None, {}),
    "augmentation_noise": (("add_noise",), None, {}),
    "augmentation_compression": (("compress_dynamic_range",), None, {}),
    "augmentation_stretch": (("time_stretch", "pitch_shift"), None, {}),
    "augmentation_frames": (("time_stretch",), None, {}),
    "augmentation_few_images": (
        ("random_crop",),
        lambda crop: (recipe_of(crop),),
        {"counts": (40, 60), "seeds": range(2), "steps": 6, "progress": False},
    ),
    "augmentation_recipes": (
        ("random_crop", "mixup"),
        lambda crop, mixup: ({"as they are": None, "crop": recipe_of(crop)}, mixup),
        {"n": 40, "seeds": range(2), "steps": 6, "progress": False},
    ),
}
HEARD = {"augmentation_noise": 3, "augmentation_compression": 3, "augmentation_stretch": 5}


def draw(name, functions=None, **options):
    """Draw a picture with the solutions, some of them replaced."""
    ids, hand_over, quick = CASES[name]
    table = [(functions or {}).get(i, SOLVED[i]) for i in ids]
    figure, notes = getattr(plots, name).draw(*(hand_over(*table) if hand_over else table), **(quick | options))
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return draw(name)


def giving(value):
    return lambda name: named(name, lambda *args, **kwargs: value)


SILENT = {  # gives nothing that could be drawn
    "raising": lambda name: named(name, lambda *args, **kwargs: 1 / 0),
    "none": giving(None),
    "another_shape": giving(np.zeros((2, 7))),
}
WILD = {
    "nan": lambda x: x * np.nan,
    "huge": lambda x: np.full(np.shape(x), 1e300),
}


def wild(name, change):
    """A function of right shapes and wild values."""

    def function(*args, **kwargs):
        result = SOLVED[name](*args, **kwargs)
        if callable(result):
            return lambda x: change(result(x))
        return tuple(map(change, result)) if isinstance(result, tuple) else change(result)

    return named(name, function)


def axes_titled(figure, start):
    return next(ax for ax in figure.axes if ax.get_title().startswith(start))


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def sampled(ax):
    return np.asarray(ax.get_images()[0].get_array())


# ---------------------------------------------------------------------------- all of them


def test_every_public_picture_is_tried_here():
    assert {name for name in dir(plots) if name.startswith("augmentation_")} == set(CASES)
    assert "augmentation_gallery" in dir(widgets)


@pytest.mark.parametrize("name", CASES)
def test_with_the_solutions_a_picture_is_full_and_has_nothing_to_complain_of(name):
    figure, notes = solved(name)
    render(figure)
    assert notes == []
    assert getattr(plots, name).alt
    for ax in figure.axes:
        assert not any("waits" in text.get_text() for text in ax.texts)
        if len(ax.get_xticks()):
            assert ax.get_xlabel() or ax.get_ylabel() or ax.get_images()
        if sum(not label.startswith("_") for label in lines(ax)) > 1:
            assert ax.get_legend() or figure.legends


@pytest.mark.parametrize("name", CASES)
def test_with_nothing_written_yet_one_sentence_names_what_is_missing(name):
    ids = CASES[name][0]
    notes = draw(name, {i: unwritten(i) for i in ids})[1]
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    expected = ids if name != "augmentation_pipeline" else ("random_apply",)
    assert all(f"`{i}`" in notes[0] for i in expected)


@pytest.mark.parametrize(("name", "broken"), in_turns(CASES, SILENT))
def test_a_function_that_gives_nothing_to_draw_is_spoken_of_and_stops_no_picture(name, broken):
    assert draw(name, {i: SILENT[broken](i) for i in CASES[name][0]})[1]


@pytest.mark.parametrize(("name", "change"), in_turns(CASES, WILD.values()))
def test_wild_values_never_stop_a_picture_and_never_warn(name, change):
    figure, _ = draw(name, {i: wild(i, change) for i in CASES[name][0]})
    render(figure)


# ---------------------------------------------------------------------------- what they show


def test_one_pixel_costs_the_network_half_of_the_digits():
    right = lines(solved("augmentation_shifts")[0].axes[-1])["moved to the right"]
    assert right[3] > 90
    assert max(right[2], right[4]) < 60


def test_the_arrows_of_a_turn_are_those_of_its_equation():
    figure, _ = solved("augmentation_warps")
    (turn,) = (c for c in axes_titled(figure, "rotate").collections if hasattr(c, "U"))
    u, v, a = turn.X - 7.5, turn.Y - 5.5, math.radians(30)
    np.testing.assert_allclose(turn.U, math.cos(a) * u - math.sin(a) * v - u, atol=1e-9)
    np.testing.assert_allclose(turn.V, math.sin(a) * u + math.cos(a) * v - v, atol=1e-9)
    (zoom,) = (c for c in axes_titled(figure, "zoom").collections if hasattr(c, "U"))
    np.testing.assert_allclose(zoom.U, -(zoom.X - 7.5) / 3, atol=1e-9)


def test_right_angles_cost_nothing_and_others_blur():
    once, three, four, twelve = solved("augmentation_generations")[0].axes[3].get_lines()[0].get_ydata()
    assert max(once, four) < 1e-9
    assert twelve > three > 0.02


def test_a_turned_six_is_read_as_a_nine():
    figure, _ = solved("augmentation_labels")
    share = sampled(axes_titled(figure, "turned"))
    assert share[6, 9] > 60
    assert share[9, 6] > 40
    np.testing.assert_allclose(share.sum(axis=1), 100)


def test_shade_clips_nothing_and_contrast_most():
    titles = [ax.get_title() for ax in solved("augmentation_light")[0].axes[5:]]
    lost = [float(title.split()[0]) for title in titles]
    assert lost[4] == lost[0] == 0
    assert max(lost) == lost[2]


def test_offsets_are_even_and_the_middle_is_hidden_most():
    figure, _ = draw("augmentation_draws", images=6000)
    offsets = sampled(axes_titled(figure, "offsets"))
    assert offsets.sum() == pytest.approx(100)
    np.testing.assert_allclose(offsets, 4, atol=1.5)
    hidden = sampled(axes_titled(figure, "how often"))
    assert hidden[6, 6] == pytest.approx(25, abs=3)
    assert hidden[0, 0] == pytest.approx(100 / 9, abs=2.5)
    assert hidden[11, 11] == pytest.approx(100 / 16, abs=2)


def test_a_crop_that_is_drawn_once_for_the_batch_shows_a_single_offset():
    def random_crop(x, padding, rng):
        top, left = rng.integers(0, 2 * padding + 1, 2)
        h, w = x.shape[2:]
        frame = (padding, padding)
        return np.pad(x, ((0, 0), (0, 0), frame, frame))[:, :, top : top + h, left : left + w]

    figure, _ = draw("augmentation_draws", {"random_crop": random_crop})
    assert np.count_nonzero(sampled(axes_titled(figure, "offsets"))) == 1


def test_the_drawn_shares_of_mixup_follow_their_density():
    ax = draw("augmentation_mixup", batches=10)[0].axes[-1]
    even = next(p for p in ax.patches if p.get_label() == "alpha = 1").get_data()
    np.testing.assert_allclose(even.values, 1, atol=0.35)
    peaked = next(p for p in ax.patches if p.get_label() == "alpha = 5").get_data()
    assert np.sum(peaked.values * np.diff(peaked.edges)) == pytest.approx(1)
    assert 2 < peaked.values[11:14].mean() < 3
    one, five = (line.get_ydata() for line in ax.get_lines()[1:])
    np.testing.assert_allclose(one, 1)
    assert np.mean(five) == pytest.approx(1, abs=0.01)


def test_labels_of_blends_name_both_parts():
    assert pictures._recipe(np.array([0.0, 0.3, 0.7])) == "0.70 of “2”\n0.30 of “1”"
    assert pictures._recipe(np.array([0.0, 1.0, 0.0])) == "1.00 of “1”"


def test_three_coins_give_one_to_three_to_three_to_one():
    bars = [bar.get_height() for bar in draw("augmentation_pipeline", images=4000)[0].axes[-1].patches]
    np.testing.assert_allclose(bars, [12.5, 37.5, 37.5, 12.5], atol=4)


def test_a_coin_for_the_whole_batch_shows():
    def random_apply(transform, p, rng):
        return lambda x: transform(x) if rng.random() < p else x

    bars = [
        bar.get_height() for bar in draw("augmentation_pipeline", {"random_apply": random_apply})[0].axes[-1].patches
    ]
    assert sorted(bars) == [0, 0, 0, 100]


def test_shuffling_changes_no_gram_matrix_and_adain_gives_the_diagonal_of_the_style():
    axes = solved("augmentation_style")[0].axes
    content, style, shuffled, stylised, back = (sampled(ax) for ax in axes[5:])
    np.testing.assert_allclose(shuffled, content)
    np.testing.assert_allclose(np.diag(stylised), np.diag(style), rtol=1e-3)
    assert np.abs(stylised - style).max() > 0.005
    np.testing.assert_allclose(back, content, rtol=1e-2)


def test_noise_has_the_power_that_was_asked_for_and_a_wrong_decibel_shows():
    measured = lines(solved("augmentation_noise")[0].axes[0])
    np.testing.assert_allclose(measured["yours"], measured["as asked"], atol=0.3)

    def add_noise(x, snr_db, rng):
        return x + np.sqrt(np.mean(x**2) / 10 ** (snr_db / 20)) * rng.standard_normal(x.shape)

    half = lines(draw("augmentation_noise", {"add_noise": add_noise})[0].axes[0])
    np.testing.assert_allclose(half["yours"], half["as asked"] / 2, atol=0.3)


def test_the_compressors_curve_bends_at_the_threshold_and_a_pure_tone_gets_odd_harmonics():
    curve, _, tone = solved("augmentation_compression")[0].axes
    ratio_2 = next(line for line in curve.get_lines() if line.get_label() == "ratio 2")
    before, after = ratio_2.get_data()
    np.testing.assert_allclose(after, np.where(before > -20, -20 + (before + 20) / 2, before), atol=1e-9)
    squeezed = next(line for line in tone.get_lines() if line.get_label() == "after")
    frequency, level = squeezed.get_data()
    assert level[np.argmin(np.abs(frequency - 900))] > -40
    assert level[np.argmin(np.abs(frequency - 600))] < -70


def test_the_tape_has_both_the_length_of_the_stretch_and_the_pitch_of_the_shift():
    sounds = solved("augmentation_stretch")[0].sounds
    sizes = {label: len(sound) for label, sound in sounds.items()}
    assert sizes["a tape, 1.5 times as fast"] == sizes["time_stretch(x, 1.5)"] == 8000
    assert sizes["pitch_shift(x, 7.02)"] == sizes["the melody"] == 12000


def test_a_recipe_says_how_much_it_gains():
    figure, _ = solved("augmentation_recipes")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 3
    assert texts[0][0] not in "+-"
    assert all(text[0] in "+-" for text in texts[1:])


def test_bends_and_now_and_then_a_crop_help_where_images_are_few():
    def recipe(rng):
        crop = SOLVED["random_apply"](lambda x: SOLVED["random_crop"](x, 1, rng), 0.25, rng)
        return SOLVED["compose"]([crop, lambda x: SOLVED["elastic_distort"](x, samples.bends(x.shape, 0.5, rng))])

    learnt = [pictures._accuracies(how, None, (60, 60), (0, 1), 300, lambda: None) for how in (None, recipe)]
    (plain, moved), (augmented, augmented_moved) = np.mean(learnt, axis=2)
    assert augmented > plain
    assert augmented_moved > moved + 10


def test_the_test_images_of_the_arc_are_no_training_images():
    pool = pictures._pool()
    assert (len(pool.x_train), len(pool.x_test)) == (1079, 718)
    train = {image.tobytes() for image in pool.x_train}
    assert sum(image.tobytes() in train for image in pool.x_test) == 0


def test_each_network_is_shown_digits_of_its_own_and_each_of_them_as_often():
    places = [pictures._places(50, seed, batch=20, steps=5) for seed in (0, 1)]
    for own in places:
        assert own.shape == (5, 20)
        assert np.all(np.unique(own, return_counts=True)[1] == 2)
    assert len(np.intersect1d(*places)) < 10


def test_the_recipe_augments_all_networks_at_once_and_mixup_each_with_its_own_digits():
    seen, pool = [], pictures._pool()

    def recipe(rng):
        return lambda x: seen.append(x.shape) or np.zeros_like(x)

    def mixup(x, y, alpha, rng):
        seen.append((x.shape, y.shape, np.abs(x).max()))
        return x, y

    pictures._learn(recipe, mixup, (50, 60), (0, 1), 2, lambda: None)
    assert seen == 2 * [(64, 1, 8, 8), *2 * [((32, 1, 8, 8), (32, 10), 0)]]
    assert pool.x_train.max() > 0, "the recipe must not spoil the pool"


# ---------------------------------------------------------------------------- samples and sound


def test_photographs_are_small_images_between_zero_and_one():
    photos = samples.photos()
    assert photos.shape == (2, 3, 96, 128)
    assert 0 <= photos.min() < 0.1 < 0.9 < photos.max() <= 1
    photos[:] = 0
    assert samples.photos().max() > 0.9, "they are everyone's own"


def test_a_melody_is_the_same_for_the_same_seed_and_fits_into_a_notebook():
    sound = samples.melody()
    assert np.array_equal(sound, samples.melody())
    assert not np.array_equal(sound, samples.melody(seed=1))
    assert np.abs(sound).max() == pytest.approx(0.9)
    assert len(sound) == 1.5 * samples.SAMPLE_RATE


def test_bends_are_smooth_of_the_size_asked_and_another_for_each_image():
    flow = samples.bends((400, 1, 9, 9), 2.0, np.random.default_rng(0))
    assert flow.shape == (400, 2, 9, 9)
    assert flow[:, :, 0, 0].std() == pytest.approx(2.0, rel=0.1)
    assert np.abs(np.diff(flow, axis=3)).mean() < 0.5 * np.abs(flow).mean()
    assert np.abs(flow[0] - flow[1]).max() > 0.1


@pytest.mark.parametrize("name", HEARD)
def test_a_sound_has_a_player_each_at_the_stated_rate(name, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda bundle, **kwargs: shown.append(bundle))
    pictures.play(solved(name)[0].sounds)
    (bundle,) = shown
    assert bundle["text/html"].count("<audio") == HEARD[name]
    assert "8000 Hz" in bundle["text/plain"]
    assert len(bundle["text/html"]) < 400_000


def test_without_a_notebook_and_without_sounds_nothing_plays(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: shown.append(args))
    pictures.play({"one": samples.melody()})
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    pictures.play({})
    assert shown == []


def test_a_heard_picture_prints_its_notes_and_shows_itself_before_it_plays(monkeypatch, capsys):
    order = []
    monkeypatch.setattr(pictures, "show_figure", lambda *args: order.append("figure"))
    monkeypatch.setattr(pictures, "play", lambda sounds: order.append(list(sounds)))
    plots.augmentation_noise(unwritten("add_noise"))
    assert order == ["figure", ["the melody"]]
    assert "`add_noise` is not written yet" in capsys.readouterr().out


# ---------------------------------------------------------------------------- widget

TRANSFORMS = {name: SOLVED[name] for name in explorer.DIALS}
FEW = {name: TRANSFORMS[name] for name in ("shift", "rotate", "shade")}


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that the widget shows; nothing is displayed."""
    figures = []

    def show(figure, alt, handle=None, display_id=False):
        figures.append((figure, handle))
        return "handle" if display_id else None

    monkeypatch.setattr(explorer, "show_figure", show)
    monkeypatch.setattr("helpers.widgets.explorer.show_figure", show)
    monkeypatch.setattr(explorer, "display_with_fallback", lambda *args: None)
    return figures


def test_every_dial_works_over_its_whole_range():
    rng = np.random.default_rng(0)
    for x in (samples.photos()[:1], data.digits(flat=False).x_test[:3]):
        for name, dial in explorer.DIALS.items():
            for strength in (dial.low, dial.start, dial.high):
                pictures.transformed(SOLVED[name], x, *dial.call(x, strength, rng))


def test_the_gallery_shows_every_transform_and_then_the_chosen_one_in_place(shown, monkeypatch):
    controls = explorer._controls(list(TRANSFORMS))
    monkeypatch.setattr(explorer, "_controls", lambda names: controls)
    widgets.augmentation_gallery(TRANSFORMS)
    assert len(shown[0][0].axes) == 3 * (1 + len(TRANSFORMS))
    controls["transform"].value = "rotate"
    assert controls["rotate"].layout.display is None
    assert controls["shift"].layout.display == "none"
    controls["rotate"].value = 180
    figure, handle = shown[-1]
    assert handle == "handle"
    assert "rotate, 180 (degrees)" in [ax.get_title() for ax in figure.axes]
    controls["transform"].value = "all of them"
    assert len(shown[-1][0].axes) == 3 * (1 + len(TRANSFORMS))


def test_the_gallery_alone_answers_what_is_asked_of_the_dials():
    figure, notes = explorer.gallery.draw({name: SOLVED[name] for name in ("rotate", "shade")})
    assert notes == []
    turn, shade = (next(ax for ax in figure.axes if ax.get_xlabel() == unit) for unit in ("degrees", "strength"))
    degrees, right = turn.get_lines()[-1].get_data()
    assert right[degrees == 0] > 90
    assert right[degrees == 22.5] > 50 > right[degrees == 45]
    assert min(shade.get_lines()[-1].get_ydata()) > 75


def test_unchanged_digits_are_read_as_before():
    figure, _ = explorer.one.draw(SOLVED["rotate"], "rotate", 0)
    words = figure.subfigs[1].get_suptitle().split()
    assert words[words.index("reads") + 1] == words[words.index("(unchanged:") + 1]


def test_without_ipywidgets_the_gallery_stands_alone(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    widgets.augmentation_gallery(FEW)
    assert len(shown) == 1


def test_an_unknown_transform_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"'mixup': it must be one of .*rotate"):
        widgets.augmentation_gallery({"mixup": SOLVED["mixup"]})


@pytest.mark.parametrize(
    "broken", [SILENT["another_shape"], unwritten, lambda name: wild(name, WILD["nan"]), lambda name: None]
)
def test_the_gallery_goes_on_with_one_that_is_broken(broken, shown, monkeypatch, capsys):
    controls = explorer._controls(list(FEW))
    monkeypatch.setattr(explorer, "_controls", lambda names: controls)
    widgets.augmentation_gallery(FEW | {"rotate": broken("rotate")})
    controls["transform"].value = "rotate"
    render(shown[-1][0])


def test_the_digits_network_has_learnt_the_digits():
    digits = data.digits()
    assert pictures.digit_network().accuracy(digits.x_test, digits.y_test) > 0.92


def test_a_maker_that_makes_no_function_is_named():
    with pytest.raises(ready.NotReady, match="`compose` gave None where a function was expected"):
        pictures._made(giving(None)("compose"), [])
