"""The pictures of 02_sgd: drawn with right functions, and never crashing or warning with anything else."""

import functools
import math
import subprocess
import sys

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import landscapes, plots, widgets
from helpers.plots import ready
from helpers.plots.optimizers import walk
from helpers.widgets import optimizers as race_widget

from .drawn import in_turns, named, render, unwritten


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0 * w) + grad
    return w - lr * v, {"v": v}


def velocity_momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0 * w) - lr * grad
    return w + v, {"v": v}


def nesterov_lookahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0 * w)
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + v, {"v": v}


def nesterov(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0 * w) + grad
    return w - lr * (grad + momentum * v), {"v": v}


def minibatches(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


def linear_regression_gradient(w, x, y):
    return x.T @ (x @ w - y) / len(y)


def gradient_by_loop(w, x, y):
    return sum((x_i @ w - y_i) * x_i for x_i, y_i in zip(x, y, strict=True)) / len(y)


def training_loop(params, loss_and_grads, step, batches, schedule):
    params, losses, states = dict(params), [], {name: {} for name in params}
    for t, batch in enumerate(batches):
        loss, grads = loss_and_grads(params, batch)
        for name in params:
            params[name], states[name] = step(params[name], grads[name], states[name], lr=schedule(t))
        losses.append(loss)
    return params, losses


def largest_stable_lr(H):
    return 2 / np.linalg.eigvalsh(H)[-1]


def classify_critical_point(H):
    low, high = np.linalg.eigvalsh(H)
    return "saddle" if low * high < 0 else "degenerate" if low * high == 0 else "minimum" if low > 0 else "maximum"


def step_decay(lr0, t, *, step_size, gamma):
    return lr0 * gamma ** (t // step_size)


def exponential_decay(lr0, t, *, k):
    return lr0 * math.exp(-k * t)


def inverse_time_decay(lr0, t, *, k):
    return lr0 / (1 + k * t)


def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + (lr0 - lr_min) * (1 + math.cos(math.pi * min(t, t_max) / t_max)) / 2


def linear_warmup(lr0, t, *, warmup):
    return lr0 * min(1, (t + 1) / warmup)


def schedule(t, *, lr0, steps):
    return cosine_decay(lr0, t, t_max=steps)


NOWHERE = np.zeros(2)
OPTIMIZERS = (sgd, momentum, velocity_momentum, nesterov_lookahead, nesterov)
# every picture, the functions it takes, and what makes it quick enough to be drawn again and again
PICTURES = {
    "step_sizes": ((sgd,), {}),
    "stability_threshold": ((sgd, largest_stable_lr), {}),
    "critical_points": ((sgd, classify_critical_point), {}),
    "minibatch_jitter": ((sgd, minibatches, linear_regression_gradient), {"epochs": 1, "draws": 20}),
    "momentum_paths": ((sgd, momentum), {}),
    "momentum_wells": ((sgd, momentum), {"steps": 50}),
    "momentum_annealed": ((momentum,), {"steps": 60}),
    "gradient_speed": ((gradient_by_loop, linear_regression_gradient), {}),
    "momentum_forms": ((momentum, velocity_momentum), {}),
    "lookahead_signs": ((nesterov_lookahead,), {}),
    "nesterov_twins": ((nesterov_lookahead, nesterov), {}),
    "schedules": ((step_decay, exponential_decay, inverse_time_decay, cosine_decay, linear_warmup), {}),
    "schedule_floor": ((sgd, minibatches, linear_regression_gradient, cosine_decay), {"epochs": 3, "runs": 2}),
    "digits_before_and_after": (
        (training_loop, sgd, nesterov, minibatches, schedule),
        {"epochs": 1, "seeds": range(2), "lrs": (0.1,), "progress": False},
    ),
}


def raising(name):
    return named(name, lambda *args, **kwargs: 1 / 0)


def returning(value):
    return lambda name: named(name, lambda *args, **kwargs: value)


def stepping_to(place):
    """An optimizer, as far as it is called as one, that goes to place(w) at every step."""
    return lambda name: named(name, lambda *args, **kwargs: (place(args[0] if args else NOWHERE), {}))


BROKEN = {
    "unwritten": unwritten,
    "raising": raising,
    "none": returning(None),
    "huge": returning(1e300),
    "nan": returning(math.nan),
    "array": returning(np.zeros((3, 1))),
    "huge_array": returning(np.full(2, 1e300)),
    "exploding": stepping_to(lambda w: np.full(np.shape(w), 1e300)),
    "standing_still": stepping_to(lambda w: w),
}


def drawn(name, functions, options, *, pixels=True):
    """Draw a picture down to its pixels or its texts, where matplotlib's own complaints would come."""
    figure, notes = getattr(plots, name).draw(*functions, **options)
    if pixels:
        assert ready.png(figure).startswith(b"\x89PNG")
    else:
        render(figure)
    assert plt.get_fignums() == [], "a figure left open would be shown twice"
    return figure, notes


@functools.cache
def solved(name):
    """The picture of the right functions, once for all tests that look at it."""
    return drawn(name, *PICTURES[name])


@pytest.mark.parametrize("name", PICTURES)
def test_right_functions_give_a_full_picture_and_no_complaint(name):
    figure, notes = solved(name)
    assert notes == []
    for ax in figure.axes:
        assert ax.get_xlabel() and ax.has_data()
        assert not any("waits" in text.get_text() for text in ax.texts)
        lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
        assert len(lines) < 2 or ax.get_legend() is not None or ax.get_title().startswith("lr")


@pytest.mark.parametrize(("name", "broken"), in_turns(PICTURES, BROKEN))
def test_a_broken_function_never_crashes_a_picture_and_never_warns(name, broken):
    functions, options = PICTURES[name]
    if name == "digits_before_and_after":
        options = options | {"seeds": range(1)}
    for i, function in enumerate(functions):
        others = list(functions)
        others[i] = BROKEN[broken](function.__name__)
        # What is out of all bounds can be too much for the pixels alone.
        notes = drawn(name, others, options, pixels=broken in ("exploding", "huge_array"))[1]
        if broken in ("unwritten", "raising", "none"):  # gives nothing that could be drawn
            assert f"`{function.__name__}`" in notes[0]


@pytest.mark.parametrize("name", PICTURES)
def test_with_nothing_written_yet_one_sentence_names_functions_and_is_no_traceback(name):
    functions, options = PICTURES[name]
    notes = drawn(name, [unwritten(f.__name__) for f in functions], options)[1]
    assert len(notes) == 1
    assert "not written yet" in notes[0]
    assert "Error" not in notes[0]


def test_the_race_is_on_four_landscapes():
    figure, notes = plots.race.draw({f.__name__: f for f in OPTIMIZERS}, steps=20)
    assert ready.png(figure) and notes == []
    assert len([ax for ax in figure.axes if ax.get_yscale() == "log"]) == 4


@pytest.mark.parametrize("broken", BROKEN)
def test_the_race_goes_on_without_one_that_is_broken(broken, monkeypatch):
    # Two are enough: the same is done on each of the four.
    two = {name: landscapes.racetracks()[name] for name in ("saddle", "Beale")}
    monkeypatch.setattr(landscapes, "racetracks", lambda: two)
    optimizers = {f.__name__: f for f in OPTIMIZERS} | {"nesterov": BROKEN[broken]("nesterov")}
    figure, _ = plots.race.draw(optimizers, steps=20)
    ready.png(figure)
    losses = [ax for ax in figure.axes if ax.get_yscale() == "log"]
    assert len(losses) == 2
    for ax in losses:
        assert {"sgd", "momentum", "velocity_momentum"} <= {line.get_label() for line in ax.get_lines()}


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (None, "`sgd` gave None where the pair (w, state) was expected"),
        (np.zeros(2), "`sgd` gave an array of shape (2,) where the pair (w, state) was expected"),
        ((np.zeros(7), {}), "`sgd` gave an array of shape (7,) where (2,) was expected"),
        ((np.zeros(2) + 1j, {}), "`sgd` gave an array of shape (2,) where numbers were expected"),
        (("downhill", {}), "`sgd` gave a str where numbers were expected"),
        (([], {}), "`sgd` gave an array of shape (0,) where (2,) was expected"),
    ],
)
def test_a_step_that_gives_something_else_is_told_what_it_gave(result, sentence):
    with pytest.raises(ready.NotReady) as caught:
        ready.ask_step(named("sgd", lambda *args, **kwargs: result), np.zeros(2), np.zeros(2), {}, lr=0.1)
    assert str(caught.value) == sentence


def test_what_is_no_function_is_told_so():
    with pytest.raises(ready.NotReady, match="`None` is not a function"):
        ready.ask(None)


def test_a_stub_called_inside_another_function_is_the_one_that_is_named():
    def calls_it(t, *, lr0, steps):
        return unwritten("cosine_decay")(lr0, t)

    functions, options = PICTURES["digits_before_and_after"]
    assert "`cosine_decay`" in drawn("digits_before_and_after", [*functions[:4], calls_it], options)[1][0]


def test_the_ball_leaves_the_shallow_well_that_gradient_descent_ends_in():
    _, ends = drawn("momentum_wells", (sgd, momentum), {})[0].axes
    low = {line.get_label(): line.get_xydata() for line in ends.get_lines()}
    assert low["sgd"][-1][1] > 0.5 and low["momentum"][-1][1] < 1e-3
    # From far out on the other side it is the other way round.
    assert low["sgd"][2][1] < 1e-3 and low["momentum"][2][1] > 0.5


def test_momentum_that_rises_beats_two_constants_in_both_valleys_and_the_third_in_one():
    last = [
        [line.get_ydata()[-1] for line in ax.get_lines()] for ax in drawn("momentum_annealed", (momentum,), {})[0].axes
    ]
    for half, _, ninety_nine, rising in last:
        assert rising < half and rising < ninety_nine
    assert last[0][3] > last[0][1] and last[1][3] < last[1][1]


@pytest.mark.parametrize(
    ("loop", "words"),
    [
        (lambda p, f, s, b, r: training_loop(p, f, s, b, r)[0], "gave a dict where the pair (params, losses)"),
        (lambda p, f, s, b, r: (training_loop(p, f, s, b, r)[0], [1.0]), "a loss for each batch"),
        (lambda p, f, s, b, r: training_loop({"W1": p["W1"]}, f, s, b, r), "where the parameters' dict was expected"),
        (
            lambda p, f, s, b, r: training_loop({n: w[:1] for n, w in p.items()}, f, s, b, r),
            "has a W1 of shape (1, 32)",
        ),
    ],
)
def test_a_loop_that_gives_something_else_is_told_so(loop, words):
    (_, *functions), options = PICTURES["digits_before_and_after"]
    assert words in drawn("digits_before_and_after", [named("training_loop", loop), *functions], options)[1][0]


def test_a_function_that_works_in_place_spoils_nobody_elses_picture():
    def in_place(w, grad, state, *, lr):
        w -= lr * grad
        return w, state

    start = landscapes.bowl().start.copy()
    path = walk(in_place, landscapes.bowl().gradient, start, 5, lr=0.01)
    np.testing.assert_array_equal(path[0], landscapes.bowl().start)
    np.testing.assert_array_equal(start, landscapes.bowl().start)
    assert len(np.unique(path[:, 0])) == 6


def test_a_walk_ends_where_it_is_lost():
    path = walk(sgd, landscapes.bowl(25.0).gradient, landscapes.bowl(25.0).start, 10_000, lr=1.0)
    assert len(path) < 20
    assert np.isfinite(path).all()


def test_the_picture_of_the_threshold_shows_convergence_below_and_divergence_above():
    figure, _ = solved("stability_threshold")
    below, at, above = (line.get_ydata() for line in figure.axes[0].get_lines())
    assert below[-1] < 1e-3 * below[0]
    assert above[-1] > 1e3 * above[0]
    assert at[-1] == pytest.approx(at[-50], rel=1e-6)


def test_the_picture_of_the_two_momentum_forms_shows_them_part_only_when_lr_changes():
    figure, _ = solved("momentum_forms")
    cut, constant = (line.get_ydata() for line in figure.axes[1].get_lines()[1:])
    assert cut[:40].max() < 1e-13 and cut[41:].min() > 1e-3
    assert constant.max() < 1e-13


def test_the_picture_of_the_twins_shows_the_same_walk_and_tells_plain_momentum_apart():
    figure, _ = solved("nesterov_twins")
    assert figure.axes[1].get_lines()[1].get_ydata().max() < 1e-12
    figure, _ = plots.nesterov_twins.draw(nesterov_lookahead, named("nesterov", lambda *a, **k: momentum(*a, **k)))
    assert figure.axes[1].get_lines()[1].get_ydata().max() > 1e-3


def test_the_picture_of_the_signs_shows_that_looking_behind_diverges():
    figure, _ = solved("lookahead_signs")
    ahead, spot, behind = (line.get_ydata() for line in figure.axes[1].get_lines())
    assert ahead[-1] < 1 and spot[-1] < 1
    assert behind.max() > 1e5
    plain = walk(momentum, landscapes.bowl(100.0).gradient, landscapes.bowl(100.0).start, 150, lr=0.002)
    np.testing.assert_allclose(spot, landscapes.bowl(100.0).value(plain), rtol=1e-9)


def test_the_picture_of_the_noise_shows_the_law_that_the_text_asks_about():
    figure, _ = plots.minibatch_jitter.draw(sgd, minibatches, linear_regression_gradient, epochs=1)
    measured, _, without_replacement = (line.get_ydata() for line in figure.axes[3].get_lines())
    np.testing.assert_allclose(measured, without_replacement, rtol=0.12)


def test_a_generator_and_a_list_of_batches_give_the_same_picture():
    def generator(n, batch_size, rng):
        yield from minibatches(n, batch_size, rng)

    paths = [
        plots.minibatch_jitter.draw(sgd, f, linear_regression_gradient, epochs=1)[0].axes[1].get_lines()[1].get_xydata()
        for f in (minibatches, generator)
    ]
    np.testing.assert_array_equal(*paths)


def test_a_picture_shown_outside_a_notebook_returns_nothing_and_prints_the_note(capsys):
    assert plots.step_sizes(unwritten("sgd")) is None
    assert capsys.readouterr().out == "`sgd` is not written yet: do that above, then run this cell again.\n"
    assert plots.step_sizes.alt


def test_all_public_names_of_the_packages_can_be_had():
    for name in (*PICTURES, "race"):
        assert name in dir(plots)
        assert callable(getattr(plots, name))
    assert callable(widgets.optimizer_race)
    with pytest.raises(AttributeError, match="no attribute 'pie_chart'"):
        _ = plots.pie_chart


def test_importing_the_packages_imports_neither_matplotlib_nor_ipywidgets():
    code = (
        "import sys; from helpers import plots, widgets; import helpers.plots.optimizers, helpers.widgets.optimizers;"
        "print([m for m in ('matplotlib', 'ipywidgets', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------------------- the widget


@pytest.fixture
def notebook(monkeypatch):
    """Collect what would be displayed, as a notebook's frontend would get it."""
    shown, updates = [], []

    class Handle:
        def update(self, bundle, raw, metadata=None):
            if "image/png" in bundle:
                updates.append(bundle)

    def display(bundle, raw=False, metadata=None, display_id=None):
        shown.append(bundle)
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", display)
    return shown, updates


def controls_of(monkeypatch):
    made = []

    def build(*args):
        made.append(original(*args))
        return made[-1]

    original = race_widget._controls
    monkeypatch.setattr(race_widget, "_controls", build)
    return made


def test_the_race_shows_its_picture_as_an_ordinary_output_below_the_sliders(notebook):
    shown, _ = notebook
    widgets.optimizer_race({"sgd": sgd})
    sliders, script, words, image = shown
    assert "Jupyter" in sliders["text/plain"]
    assert "aria-label" in script["text/html"]
    assert ">Picture: Walks of the optimizers" in words["text/html"]
    assert image["image/png"].startswith(b"\x89PNG")


def test_moving_a_slider_draws_the_picture_anew_and_once(notebook, monkeypatch):
    _, updates = notebook
    made = controls_of(monkeypatch)
    widgets.optimizer_race({"sgd": sgd, "momentum": momentum})
    _, choice, lr, mu, _ = made[0]
    lr.value = 0.0005
    assert len(updates) == 1
    choice.value = "saddle"
    assert len(updates) == 2
    assert (lr.value, mu.value) == pytest.approx((0.1, 0.8))
    assert updates[0]["image/png"] != updates[1]["image/png"]


def test_sliders_at_their_ends_never_crash_the_race(notebook, monkeypatch):
    _, updates = notebook
    made = controls_of(monkeypatch)
    widgets.optimizer_race({"sgd": sgd, "nesterov": nesterov}, steps=50)
    _, choice, lr, mu, _ = made[0]
    for name in landscapes.racetracks():
        choice.value = name
        lr.value, mu.value = 10**0.5, 0.99
    assert len(updates) == 3 * len(landscapes.racetracks())


def test_without_ipywidgets_the_picture_alone_is_shown(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    shown, _ = notebook
    widgets.optimizer_race({"sgd": sgd})
    words, image = shown
    assert "Picture: " in words["text/html"]
    assert "image/png" in image


def test_the_race_says_which_landscapes_there_are():
    with pytest.raises(ValueError, match=r"landscape='moon' must be one of .*Rosenbrock"):
        widgets.optimizer_race({"sgd": sgd}, landscape="moon")
