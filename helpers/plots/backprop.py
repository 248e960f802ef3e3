"""Backpropagation in pictures: gradients checked entry by entry, activations, losses, small networks that learn.

The small networks learn points on three spiral arms, the larger ones the bundled digits; all by plain gradient descent.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from helpers import data, gradients
from helpers.plots.pieces import GUESSING, TINY, counted, final_accuracy
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, ask_many, describe, name_of, picture
from helpers.plots.style import COLORS
from helpers.training import BUILT_IN, MLP, History, Layers, train

BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK = COLORS
Pairs = Mapping[str, tuple[Callable, Callable]]


# ---------------------------------------------------------------------------- a student's functions


def ask_number(function: Callable, value: object) -> float:
    """Return a number that the function gave; raise NotReady if it gave anything else."""
    number = as_array(function, value)
    if number.shape != ():
        raise NotReady(name_of(function), f"gave {describe(value)} where a number was expected")
    return float(number)


def ask_forward(forward: Callable, *args, shape: tuple[int, ...]) -> tuple[np.ndarray, object]:
    """Return (out, cache) of a student's forward; raise NotReady if out has another shape."""
    result = ask(forward, *args)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(forward), f"gave {describe(result)} where the pair (out, cache) was expected")
    return as_array(forward, result[0], shape), result[1]


def ask_gradients(backward: Callable, dout: np.ndarray, layer_cache: object, like: Iterable) -> list[np.ndarray]:
    """Return what a student's backward gives, one gradient of the shape of each array in `like`."""
    like = list(like)
    result = ask(backward, dout, layer_cache)
    if not (isinstance(result, (tuple, list)) and len(result) == len(like)):
        raise NotReady(name_of(backward), f"gave {describe(result)} where {len(like)} gradients were expected")
    return [as_array(backward, part, np.shape(array)) for part, array in zip(result, like, strict=True)]


def ask_loss(loss: Callable, scores: np.ndarray, y: np.ndarray, **kwargs) -> tuple[float, np.ndarray]:
    """Return (loss, dscores) of a student's loss; raise NotReady if it is no such pair."""
    result = ask(loss, scores, y, **kwargs)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(loss), f"gave {describe(result)} where the pair (loss, dscores) was expected")
    return ask_number(loss, result[0]), as_array(loss, result[1], scores.shape)


def ask_two_layers(two_layer_loss: Callable, params: dict, x, y, weight_decay: float) -> tuple[float, dict]:
    """Return (loss, grads) of a student's two-layer network; raise NotReady if a gradient is missing."""
    # `ask` copies arrays, but not those inside a dict.
    result = ask(two_layer_loss, {name: w.copy() for name, w in params.items()}, x, y, weight_decay)
    if not (isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], dict)):
        raise NotReady(name_of(two_layer_loss), f"gave {describe(result)} where the pair (loss, grads) was expected")
    loss, grads = result
    for name in params:
        if name not in grads:
            raise NotReady(name_of(two_layer_loss), f"gave no gradient of {name}")
    arrays = {name: as_array(two_layer_loss, grads[name], w.shape) for name, w in params.items()}
    return ask_number(two_layer_loss, loss), arrays


def _ready_layers(linear_forward, linear_backward, activation, activation_backward, loss) -> Layers:
    """Return the student's functions for an MLP, each tried once; raise NotReady for the first that fails."""
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    _, layer_cache = ask_forward(linear_forward, x, W, b, shape=(6, 3))
    ask_gradients(linear_backward, rng.normal(size=(6, 3)), layer_cache, (x, W, b))
    ask_array(activation, x, shape=x.shape)
    ask_array(activation_backward, x, x, shape=x.shape)
    ask_loss(loss, x, np.arange(6) % 4)
    return Layers(linear_forward, linear_backward, activation, activation_backward, loss)


# ---------------------------------------------------------------------------- training


@cache
def _digits(seed: int = 0) -> data.Dataset:
    return data.digits(seed=seed)


@cache
def _spirals(n: int = 300, noise: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the points to learn with their classes, and as many new ones."""
    return (*data.spirals(n, noise=noise, seed=0), *data.spirals(n, noise=noise, seed=1))


@cache
def _one_thread():
    """Return what holds BLAS to one thread: on small matrices two threads that wait for each other are far slower."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def _run(
    layers: Layers, sizes: tuple[int, ...], seed: int, *, lr: float, epochs: int, batch_size: int = 64, dataset=None
) -> tuple[MLP, History]:
    """Return a trained network and its history. The same seed gives the same first weights and batches."""
    network = MLP(sizes, np.random.default_rng(seed), layers=layers)
    try:
        with _one_thread().limit(limits=1), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            history = train(
                network,
                dataset or _digits(),
                step=_sgd,
                lr=lr,
                epochs=epochs,
                batch_size=batch_size,
                rng=np.random.default_rng(1000 + seed),
                progress=False,
            )
    except NotReady:
        raise
    except Exception as error:
        raise NotReady("the network with your functions", f"stopped with {type(error).__name__}: {error}") from error
    return network, history


@picture("Training loss and accuracy of three networks, A, B and C, over the epochs: all three learn.")
def backprop_suspects(notes: Notes, *, epochs: int = 8, seeds: int = 3):
    """Show three networks that differ in the gradient they follow; two of the gradients are wrong."""

    def averaged(dout, layer_cache):
        dx, dW, db = BUILT_IN.linear_backward(dout, layer_cache)
        return dx, dW, db / len(dout)

    suspects = {
        "A": replace(BUILT_IN, activation_backward=lambda dout, x: dout),
        "B": BUILT_IN,
        "C": replace(BUILT_IN, linear_backward=averaged),
    }
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.6))
    left.set(xlabel="epoch", ylabel="training loss", yscale="log", title=f"mean of {seeds} seeds")
    right.set(xlabel="epoch", ylabel="validation accuracy", title="mean, worst and best")
    epoch = np.arange(1, epochs + 1)
    for (name, layers), marker in zip(suspects.items(), "os^", strict=True):
        runs = [_run(layers, (64, 32, 32, 10), seed, lr=0.3, epochs=epochs)[1] for seed in range(seeds)]
        (line,) = left.plot(epoch, np.mean([run.train_loss for run in runs], axis=0), marker=marker, ms=4, label=name)
        accuracies = np.array([run.val_accuracy for run in runs])
        right.plot(epoch, accuracies.mean(axis=0), marker=marker, ms=4, label=name)
        right.fill_between(epoch, accuracies.min(axis=0), accuracies.max(axis=0), color=line.get_color(), alpha=0.12)
    left.legend(title="network")
    right.legend(title="network", loc="lower right")
    return fig


@picture("A network of sixteen weights bends its curve to points; its loss falls over the steps.")
def backprop_by_trial(notes: Notes, by_trial: Callable, *, steps: int = 300, lr: float = 0.1):
    """Show a small network learn points on a curve; `by_trial(loss, w, steps, lr)` returns all its weights."""
    rng, units = np.random.default_rng(0), 5
    x = np.linspace(-2, 2, 25)
    y = np.sin(2 * x) + 0.1 * rng.normal(size=x.size)
    start = rng.normal(size=3 * units + 1)

    def curve(w, x):
        inner, shift, outer = w[:-1].reshape(3, units)
        return np.tanh(x[:, None] * inner + shift) @ outer + w[-1]

    def loss(w) -> float:
        return float(np.mean((curve(w, x) - y) ** 2))

    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.6))
    left.set(xlabel="x", ylabel="y", title=f"a network with {start.size} weights, and {x.size} points")
    right.set(xlabel="step", ylabel="loss", yscale="log", title="its mean squared error")
    left.plot(x, y, "o", color="0.6", label="points")
    with notes.collect():
        walk = [as_array(by_trial, w, start.shape) for w in ask_many(by_trial, loss, start, steps, lr)]
        if not walk:
            raise NotReady(name_of(by_trial), "gave no weights at all")
        fine = np.linspace(-2, 2, 200)
        for step in sorted({0, min(20, len(walk) - 1), len(walk) - 1}):
            left.plot(fine, curve(walk[step], fine), label=f"after {step} steps")
        right.plot([loss(w) for w in walk], color=BLUE, ls="-")
    left.legend()
    return fig


# ---------------------------------------------------------------------------- gradient checks


@picture("Relative error of the numerical gradient against the step width h, one-sided and central.")
def backprop_step_width(notes: Notes, numerical_gradient, relative_error):
    """Show the student's error against the step width: a slope of 2, a floor of rounding, and the one-sided slope."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, size=5)
    widths = 10.0 ** np.arange(-12, 0.01, 0.25)

    def f(x) -> float:
        return float(np.sum(np.exp(x) * np.sin(x)))

    exact = np.exp(x) * (np.sin(x) + np.cos(x))
    one_sided = []
    for h in widths:
        ahead = np.array([f(x + h * e) for e in np.eye(len(x))])
        one_sided.append(gradients.relative_error((ahead - f(x)) / h, exact))
    fig, ax = notes.plt.subplots(figsize=(8, 4))
    ax.set(xscale="log", yscale="log", xlabel="step width h", ylabel="relative_error to the exact gradient")
    ax.set(ylim=(1e-13, 3), title="how wrong a numerical gradient is")
    ax.plot(widths, one_sided, "s", color=ORANGE, ms=4, ls="--", lw=1.2, label="one-sided: (f(x + h) - f(x)) / h")
    with notes.collect():
        yours = []
        for h in widths:
            numerical = ask_array(numerical_gradient, f, x, h, shape=x.shape)
            yours.append(ask_number(relative_error, ask(relative_error, numerical, exact)))
        ax.plot(widths, np.maximum(yours, TINY), "o", color=BLUE, ms=4.5, ls="-", label="yours")
    wide = widths[widths > 1e-6]
    ax.plot(wide, 0.4 * wide**2, color="0.45", ls=":", lw=1.3, label="slope 2: ten times the h, a hundred the error")
    ax.axvline(1e-5, color="0.45", ls="-.", lw=1, label="h = 1e-5, the default")
    ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return fig


@picture("Time for one gradient against the number of weights: numerical, and by backpropagation.")
def backprop_cost(
    notes: Notes, numerical_gradient, linear_forward, linear_backward, *, units=(1, 2, 4, 8, 16, 32, 64, 128)
):
    """Show the time that the gradient in W takes, by central differences and by the student's backward."""
    rng, n, features, units = np.random.default_rng(0), 32, 16, np.array(units)
    fig, ax = notes.plt.subplots(figsize=(8, 3.6))
    ax.set(xscale="log", yscale="log", xlabel="number of weights", ylabel="time for one gradient (ms)")
    ax.set_title(f"one linear layer, a batch of {n}; measured here and now")
    problems = [(rng.normal(size=(n, features)), rng.normal(size=(features, m)), np.zeros(m)) for m in units]

    def by_differences(x, W, b):
        dout = np.ones((len(x), W.shape[1]))
        ask(numerical_gradient, lambda W: float(np.sum(dout * ask(linear_forward, x, W, b)[0])), W)

    def by_backprop(x, W, b):
        dout = np.ones((len(x), W.shape[1]))
        _, layer_cache = ask_forward(linear_forward, x, W, b, shape=dout.shape)
        ask_gradients(linear_backward, dout, layer_cache, (x, W, b))

    ways = (
        (
            "numerical: two forward passes for each weight",
            by_differences,
            1,
            {"marker": "s", "color": ORANGE, "ls": "--"},
        ),
        ("your forward and backward, once", by_backprop, 7, {"marker": "o", "color": BLUE, "ls": "-"}),
    )
    taken = []
    with _one_thread().limit(limits=1):
        for label, way, repeats, style in ways:
            with notes.collect():
                by_backprop(*problems[0])
                seconds = [_seconds(way, problem, repeats) for problem in problems]
                taken.append(1e3 * np.array(seconds))
                ax.plot(units * features, taken[-1], label=label, **style)
    if len(taken) == 2:
        ratio = f"{taken[0][-1] / taken[1][-1]:,.0f} times"
        ends = units[-1] * features, taken[1][-1]
        ax.annotate("", xy=ends, xytext=(ends[0], taken[0][-1]), arrowprops={"arrowstyle": "<->", "color": "0.4"})
        ax.text(0.93 * ends[0], np.sqrt(taken[0][-1] * taken[1][-1]), ratio, ha="right", va="center", color="0.25")
    if ax.has_data():
        ax.legend(loc="upper left")
    return fig


def _seconds(way: Callable, arguments: tuple, repeats: int) -> float:
    """Return the shortest of several runs: what is longer was the machine's other business."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        way(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


@picture("Maps of the relative error of dx, dW and db, entry by entry: yours, and two mistakes.")
def backprop_gradient_check(notes: Notes, numerical_gradient, linear_forward, linear_backward, *, seed: int = 0):
    """Show a gradient check of the linear layer entry by entry, and what two mistakes look like in it."""
    rng = np.random.default_rng(seed)
    x, W, b, dout = (rng.normal(size=shape) for shape in ((4, 7), (7, 7), (7,), (4, 7)))
    fig, axes = notes.plt.subplots(1, 3, figsize=(10.5, 4.6), sharey=True)
    titles = ("your linear_backward", "a mistake: W for W.T", "a mistake: db averaged")
    exact = (dout @ W.T, x.T @ dout, dout.sum(axis=0))
    faces = ((dout @ W, *exact[1:]), (*exact[:2], dout.mean(axis=0)))
    blocks = ("dx", "dW", "db")
    image = None
    for ax, wrong in zip(axes[1:], faces, strict=True):
        image = _error_map(ax, blocks, [_errors(a, e) for a, e in zip(wrong, exact, strict=True)])
    with notes.collect():
        _, layer_cache = ask_forward(linear_forward, x, W, b, shape=dout.shape)
        analytic = ask_gradients(linear_backward, dout, layer_cache, (x, W, b))
        numerical = [
            _numerical(
                numerical_gradient, lambda x: ask_forward(linear_forward, x, W, b, shape=dout.shape)[0], x, dout
            ),
            _numerical(
                numerical_gradient, lambda W: ask_forward(linear_forward, x, W, b, shape=dout.shape)[0], W, dout
            ),
            _numerical(
                numerical_gradient, lambda b: ask_forward(linear_forward, x, W, b, shape=dout.shape)[0], b, dout
            ),
        ]
        _error_map(axes[0], blocks, [_errors(a, e) for a, e in zip(analytic, numerical, strict=True)])
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    _error_bar(fig, image, axes)
    return fig


def _numerical(numerical_gradient: Callable, f: Callable, x: np.ndarray, dout: np.ndarray, **kwargs) -> np.ndarray:
    return ask_array(numerical_gradient, lambda x: float(np.sum(dout * f(x))), x, shape=x.shape, **kwargs)


def _errors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the relative error of every entry."""
    with np.errstate(all="ignore"):
        return np.abs(a - b) / np.maximum(gradients.TINY, np.abs(a) + np.abs(b))


def _error_map(ax, names: Iterable[str], errors: Iterable[np.ndarray]):
    """Draw maps of relative errors under each other, as the decimal logarithm; return the image."""
    errors = [np.atleast_2d(e) for e in errors]
    width = max(e.shape[1] for e in errors)
    rows, ticks, top = [], [], 0
    for block in errors:
        padded = np.full((len(block), width), np.nan)
        padded[:, : block.shape[1]] = np.log10(np.maximum(np.nan_to_num(block, nan=1.0), 1e-16))
        rows += [padded, np.full((1, width), np.nan)]
        ticks.append(top + (len(block) - 1) / 2)
        top += len(block) + 1
    image = ax.imshow(np.concatenate(rows[:-1]), cmap="cividis", vmin=-12, vmax=0, aspect="equal")
    ax.set_yticks(ticks, list(names))
    ax.set_xticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xlabel(f"largest: {max(np.nan_to_num(e, nan=1.0).max() for e in errors):.1e}")
    return image


def _error_bar(fig, image, axes) -> None:
    bar = fig.colorbar(image, ax=list(axes), shrink=0.85, extend="min", ticks=range(-12, 1, 3))
    bar.ax.set_yticklabels([f"$10^{{{power}}}$" if power else "1" for power in range(-12, 1, 3)])
    bar.set_label("relative error")
    bar.ax.grid(False)


# ---------------------------------------------------------------------------- regions in the plane

_PLANE = 1.25


@cache
def _plane(points: int = 150) -> np.ndarray:
    ticks = np.linspace(-_PLANE, _PLANE, points)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def _regions(ax, scores: np.ndarray) -> None:
    """Colour the plane by the class with the highest score."""
    from matplotlib.colors import ListedColormap

    side = round(len(scores) ** 0.5)
    labels = np.argmax(np.nan_to_num(scores), axis=1).reshape(side, side)
    extent = (-_PLANE, _PLANE, -_PLANE, _PLANE)
    cmap = ListedColormap(["#b9d9ea", "#f8dfb0", "#b5e0d2"])
    ax.imshow(labels, origin="lower", extent=extent, cmap=cmap, vmin=0, vmax=2, interpolation="nearest", zorder=0)


def _points(ax, x: np.ndarray, y: np.ndarray) -> None:
    for label, marker in zip(range(3), "os^", strict=True):
        of_class = x[y == label]
        style = {"color": COLORS[label], "ms": 4.2, "ls": "none", "mec": "white", "mew": 0.3}
        ax.plot(of_class[:, 0], of_class[:, 1], marker, label=f"class {label}", **style)
    ax.set(xlim=(-_PLANE, _PLANE), ylim=(-_PLANE, _PLANE), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.grid(False)


@picture("Regions of the three classes for one, two and five linear layers, and for two with a ReLU between them.")
def backprop_collapse(notes: Notes, linear_forward, linear_backward, collapse, *, epochs: int = 60):
    """Show what linear layers in a row can tell apart, and that the collapsed layer says the same as two."""
    x, y, x_new, y_new = _spirals()
    points = data.Dataset(x, y, x_new, y_new, x_new, y_new)
    fig, axes = notes.plt.subplots(1, 4, figsize=(12.6, 4.0), sharey=True)
    for ax, title in zip(axes, ("one layer", "two layers", "five layers", "two, a ReLU between"), strict=True):
        _points(ax, x, y)
        ax.set_title(title)
    for ax in axes[1:]:
        ax.set_ylabel("")
    _, accuracy = _learn_spirals(axes[3], BUILT_IN, (2, 30, 3), points, epochs)
    axes[3].set_title(f"two, a ReLU between: {accuracy:.0%}")
    with notes.collect():
        nothing = (lambda x: x, lambda dout, x: dout)
        layers = _ready_layers(linear_forward, linear_backward, *nothing, BUILT_IN.loss)
        nets = {}
        for i, sizes in enumerate([(2, 3), (2, 30, 3), (2, 30, 30, 30, 30, 3)]):
            nets[i], accuracy = _learn_spirals(axes[i], layers, sizes, points, epochs)
            axes[i].set_title(f"{axes[i].get_title()}: {accuracy:.0%}")
        params = nets[1].params
        result = ask(collapse, *[params[name] for name in ("W1", "b1", "W2", "b2")])
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            raise NotReady(name_of(collapse), f"gave {describe(result)} where the pair (W, b) was expected")
        W, b = (as_array(collapse, part, shape) for part, shape in zip(result, ((2, 3), (3,)), strict=True))
        scores, two = _plane() @ W + b, nets[1].scores(_plane())
        if np.isfinite(scores).all():
            _borders(axes[1], scores)
        axes[1].plot([], [], color="black", ls="--", lw=1.4, label="border of your single layer")
        gap = np.max(np.abs(scores - two)) if np.isfinite(scores).all() else np.inf
        notes.add(f"Two layers against your single one: the scores differ by {gap:.1e} at most.")
    handles, labels = axes[1].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=4)
    return fig


def _borders(ax, scores: np.ndarray) -> None:
    """Draw where the two highest of three scores are level."""
    side = round(len(scores) ** 0.5)
    ticks = np.linspace(-_PLANE, _PLANE, side)
    for third in range(3):
        first, second = (scores[:, label] for label in range(3) if label != third)
        level = np.where(scores[:, third] > np.maximum(first, second), np.nan, first - second)
        if np.nanmin(level, initial=0.0) < 0 < np.nanmax(level, initial=0.0):
            level = level.reshape(side, side)
            ax.contour(ticks, ticks, level, [0.0], colors="black", linestyles="--", linewidths=1.4)


def _learn_spirals(ax, layers, sizes, points, epochs) -> tuple[MLP, float]:
    """Train a network on the spirals and colour its regions; return it with its accuracy on new points."""
    network, history = _run(layers, sizes, 0, lr=0.1, epochs=epochs, batch_size=32, dataset=points)
    if not history.diverged:
        _regions(ax, network.scores(_plane()))
    return network, final_accuracy(network, history, points.x_test, points.y_test)


# ---------------------------------------------------------------------------- activations


@picture("Activations with the slopes that their backward functions give, and numerical slopes as dots.")
def backprop_activations(notes: Notes, pairs: Pairs):
    """Show each activation, the slope its backward says it has, and the slope it has.

    Parameters
    ----------
    pairs : name -> (forward, backward)
    """
    x = np.linspace(-4, 4, 161)
    spots = np.linspace(-3.9, 3.9, 21)
    columns = 3
    rows = -(-len(pairs) // columns)
    fig, axes = notes.plt.subplots(rows, columns, figsize=(10.8, 3.0 * rows), sharex=True, squeeze=False)
    for ax in axes.ravel()[len(pairs) :]:
        ax.remove()
    for ax, (name, (forward, backward)) in zip(axes.ravel(), pairs.items(), strict=False):
        ax.set_title(name)
        ax.axhline(0, color="0.75", lw=0.8)
        ax.axvline(0, color="0.75", lw=0.8)
        ax.set_ylim(-1.4, 4.2)
        with notes.collect():
            ax.plot(x, ask_array(forward, x, shape=x.shape), color=BLUE, ls="-", label="out")
            h = 1e-5
            ends = [ask_array(forward, spots + step, shape=spots.shape) for step in (h, -h)]
            slope = ask_array(backward, np.ones_like(x), x, shape=x.shape)
            ax.plot(x, slope, color=RED, ls="--", label="slope, by your backward")
            style = {"color": BLACK, "ms": 3.5, "ls": "none", "zorder": 5}
            ax.plot(spots, (ends[0] - ends[1]) / (2 * h), "o", label="slope, by differences of your out", **style)
    for ax in axes[-1]:
        ax.set_xlabel("x")
    for ax in axes[:, 0]:
        ax.set_ylabel("out, slope")
    told = next((ax for ax in axes.ravel()[: len(pairs)] if len(ax.get_legend_handles_labels()[0]) == 3), None)
    if told is not None:
        fig.legend(*told.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


@picture("The printed formulas of sigmoid, softplus and ELU where they fail, and yours.")
def backprop_extremes(notes: Notes, sigmoid, softplus, elu):
    """Show where formulas typed as they are printed overflow or lose their digits, beside the student's functions."""
    fig, axes = notes.plt.subplots(1, 3, figsize=(11.5, 3.5))
    far, low, near = np.linspace(600, 800, 81), np.linspace(-60, -20, 161), -np.geomspace(1e-18, 1e-2, 97)
    naive = (
        (far, lambda x: np.exp(x) / (1 + np.exp(x)), sigmoid, "exp(x) / (1 + exp(x))"),
        (low, lambda x: np.log(1 + np.exp(x)), softplus, "log(1 + exp(x))"),
        (-near, lambda x: -(np.exp(-x) - 1) / x, lambda x: -ask_array(elu, -x, shape=x.shape) / x, "exp(x) - 1"),
    )
    axes[0].set(title="sigmoid far right", xlabel="x", ylabel="out", ylim=(0, 1.3))
    axes[1].set(title="softplus far left", xlabel="x", ylabel="out", yscale="log", ylim=(1e-27, 1e-8))
    axes[2].set(
        title="ELU just left of 0", xlabel="-x", ylabel="out / x  (should be 1)", xscale="log", ylim=(-0.1, 2.2)
    )
    for ax, (x, formula, yours, text) in zip(axes, naive, strict=True):
        with np.errstate(all="ignore"):
            printed = formula(x)
        if ax is axes[1]:
            printed = np.where(printed > 0, printed, np.nan)
        ax.plot(x, printed, color=ORANGE, ls="--", lw=2.6, label=text)
        with notes.collect():
            ax.plot(x, ask_array(yours, x, shape=x.shape), color=BLUE, ls="-", lw=1.4, label="yours")
        ax.legend(fontsize=9, loc="lower left" if ax is axes[0] else "lower right")
        ax.minorticks_off()
    axes[0].axvspan(709.8, 800, color="0.9", lw=0)
    axes[0].text(755, 0.62, "the formula\ngives nan", ha="center", color="0.35", fontsize=9)
    axes[1].axvspan(-60, -36.7, color="0.9", lw=0)
    axes[1].text(-48, 1e-11, "the formula gives 0", ha="center", color="0.35", fontsize=9)
    return fig


@picture("Size of the gradient on its way back through twenty layers, for each activation.")
def backprop_depth(notes: Notes, pairs: Pairs, *, depth: int = 20, seeds: int = 5):
    """Show how large the gradient still is in each layer of a deep network, for each activation.

    Parameters
    ----------
    pairs : name -> (forward, backward)
    """
    fig, ax = notes.plt.subplots(figsize=(8.4, 4))
    ax.set(yscale="log", xlabel="layer, counted from the loss", ylabel="size of the gradient (rms)")
    ax.set_title(f"100 units a layer, He's weights; mean and range of {seeds} seeds")
    ax.set_xticks(range(0, depth + 1, 5))
    for i, (name, (forward, backward)) in enumerate(pairs.items()):
        with notes.collect():
            sizes = np.array([_way_back(forward, backward, depth, seed) for seed in range(seeds)])
            sizes = np.where(sizes > 0, sizes, np.nan)
            if not np.isfinite(sizes).any():
                raise NotReady(name_of(backward), "gave no slope other than 0 or nan")
            mean = np.exp(np.mean(np.log(sizes), axis=0))
            style = {"marker": "os^DvP*"[i % 7], "ms": 4.5, "markevery": (i % 5, 5)}
            (line,) = ax.plot(range(depth + 1), mean, label=name, **style)
            ax.fill_between(range(depth + 1), sizes.min(axis=0), sizes.max(axis=0), color=line.get_color(), alpha=0.15)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def _way_back(forward, backward, depth: int, seed: int, width: int = 100) -> np.ndarray:
    """Return the root mean square of the gradient at the end of a deep network and before each of its layers."""
    rng = np.random.default_rng(seed)
    x, trace = rng.normal(size=(32, width)), []
    for _ in range(depth):
        W = rng.normal(size=(width, width)) * np.sqrt(2 / width)
        z = x @ W
        trace.append((W, z))
        x = ask_array(forward, z, shape=z.shape)
    dout = rng.normal(size=x.shape)
    sizes = [np.sqrt(np.mean(dout**2))]
    for W, z in reversed(trace):
        dout = ask_array(backward, dout, z, shape=z.shape) @ W.T
        sizes.append(np.sqrt(np.mean(dout**2)))
    return np.array(sizes)


# ---------------------------------------------------------------------------- maxout


@picture("Share of images on which each hidden ReLU fires, after training with a small and a large learning rate.")
def backprop_dead_units(notes: Notes, *, lrs: tuple[float, ...] = (0.3, 1.5), epochs: int = 5):
    """Show for each hidden unit on how many of the training images it fires, for two learning rates."""
    digits = _digits()
    fig, axes = notes.plt.subplots(1, len(lrs), figsize=(10, 3.2), sharey=True)
    for ax, lr in zip(axes, lrs, strict=True):
        network, _ = _run(BUILT_IN, (64, 100, 10), 0, lr=lr, epochs=epochs)
        fires = np.sort((network.activations(digits.x_train)[0] > 0).mean(axis=0))
        dead = int(np.sum(fires == 0))
        ax.bar(range(len(fires)), fires, width=1.0, color=BLUE)
        ax.axvspan(-0.5, dead - 0.5, color=RED, alpha=0.25, lw=0)
        ax.set(title=f"lr = {lr:g}: {dead} of 100 units never fire", xlabel="hidden units, sorted", xlim=(-0.5, 99.5))
        ax.set_ylim(0, 1)
    axes[0].set_ylabel("share of images with out > 0")
    return fig


_SHAPES = {"a ReLU": (1.0, 0.0), "a leaky ReLU": (1.0, 0.1), "an absolute value": (1.0, -1.0)}


@picture("Three shapes that one maxout unit can take, with the slope that its backward gives.")
def backprop_maxout(notes: Notes, maxout_forward, maxout_backward):
    """Show three activations that maxout contains, and one that it can learn, with slopes by the student's backward."""
    x = np.linspace(-2, 2, 82)[:, None]  # an even number: 0, where two pieces are level, is left out
    fig, axes = notes.plt.subplots(1, 3, figsize=(10.8, 3.4), sharey=True)
    for ax, (name, (w1, w2)) in zip(axes, _SHAPES.items(), strict=True):
        ax.set(title=name, xlabel="x", ylim=(-1.3, 2.3))
        for w, ls, label in ((w1, ":", "first piece"), (w2, "-.", "second piece")):
            ax.plot(x[:, 0], w * x[:, 0], color="0.55", ls=ls, lw=1.2, label=f"{label}, w = {w:g}")
        with notes.collect():
            pieces = (np.array([[w1]]), np.zeros(1), np.array([[w2]]), np.zeros(1))
            out, layer_cache = ask_forward(maxout_forward, x, *pieces, shape=x.shape)
            ax.plot(x[:, 0], out[:, 0], color=BLUE, ls="-", label="out")
            dx, *_ = ask_gradients(maxout_backward, np.ones_like(x), layer_cache, (x, *pieces))
            ax.plot(x[:, 0], dx[:, 0], color=RED, ls="--", label="dx for dout = 1")
        ax.legend(fontsize=8.5, loc="upper center")
    axes[0].set_ylabel("out, slope")
    return fig


# ---------------------------------------------------------------------------- losses


@picture("Softmax loss for scores up to 1000 in size, and the gradient of one sample's scores.")
def backprop_softmax(notes: Notes, softmax_cross_entropy):
    """Show the loss for scores of any size beside the printed formula, and the gradient of five scores."""
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.8, 3.8), width_ratios=(1.3, 1))
    lead = np.linspace(-1000, 1000, 201)
    left.set(xlabel="score of the true class, the others are 0", ylabel="loss", ylim=(-60, 1100))
    left.set_title("scores of any size")
    with np.errstate(all="ignore"):
        e = np.exp(lead)
        printed = -np.log(e / (e + 2))
    left.plot(lead, printed, color=ORANGE, lw=3.2, ls="--", label="-log(exp(s) / sum exp(s)), as printed")
    left.axvspan(709.8, 1000, color="0.9", lw=0)
    left.axvspan(-1000, -745.1, color="0.9", lw=0)
    left.text(855, 300, "nan", ha="center", color="0.35")
    left.text(-872, 300, "inf", ha="center", color="0.35")
    right.set(title="five scores, class 1 is true", xlabel="class", ylabel="value", xticks=range(5))
    scores = np.array([[1.0, 0.5, -0.5, 2.0, 0.0]])
    width = 0.27
    place = np.arange(5)
    right.axhline(0, color="0.6", lw=0.8)
    right.bar(place - width, scores[0] / 4, width, color="0.75", label="score / 4")
    with notes.collect():
        losses = [ask_loss(softmax_cross_entropy, np.array([[s, 0.0, 0.0]]), np.array([0]))[0] for s in lead]
        left.plot(lead, losses, color=BLUE, ls="-", lw=1.5, label="yours")
        loss, dscores = ask_loss(softmax_cross_entropy, scores, np.array([1]))
        dscores = np.where(np.isfinite(dscores), dscores, 0.0)
        p = dscores[0] + (place == 1)
        right.bar(place, p, width, color=BLUE, hatch="//", ec="white", label="p = dscores + one-hot")
        right.bar(place + width, dscores[0], width, color=RED, label="dscores")
        right.set_title(f"five scores, class 1 is true: loss {loss:.2f}")
    left.legend(fontsize=9, loc="upper right", bbox_to_anchor=(0.86, 1.0))
    right.legend(fontsize=9, loc="lower right", bbox_to_anchor=(1.0, 0.02))
    return fig


@picture("Hinge and softmax loss against the lead of the true class; and hinge loss against the number of classes.")
def backprop_hinge(notes: Notes, multiclass_hinge, softmax_cross_entropy, *, seed: int = 0, epochs: int = 6):
    """Show what the two losses ask for, what dividing by the number of classes changes, and what it does to lr."""
    fig, (left, middle, right) = notes.plt.subplots(1, 3, figsize=(12.6, 3.8))
    lead = np.linspace(-3, 4, 141)
    left.set(xlabel="lead of the true class over the other", ylabel="loss, slope", title="two classes, one sample")
    left.axhline(0, color="0.75", lw=0.8)
    scores, y = np.column_stack([lead, np.zeros_like(lead)]), np.zeros(1, dtype=int)
    for function, name, color, ls in (
        (multiclass_hinge, "hinge", BLUE, "-"),
        (softmax_cross_entropy, "softmax", ORANGE, "--"),
    ):
        with notes.collect():
            asked = [ask_loss(function, row[None], y) for row in scores]
            left.plot(lead, [loss for loss, _ in asked], color=color, ls=ls, label=name)
            slope = [dscores[0, 0] for _, dscores in asked]
            left.plot(lead, slope, color=color, ls=(0, (1, 1.5)), lw=1.3, label=f"{name}: slope")
    if left.get_legend_handles_labels()[0]:
        left.legend(fontsize=9)
    rng, classes = np.random.default_rng(seed), np.array([2, 3, 5, 10, 20, 50, 100])
    middle.set(xscale="log", yscale="log", xlabel="number of classes C", ylabel="mean loss", title="random scores")
    middle.set_xticks(classes, [str(c) for c in classes])
    middle.minorticks_off()
    with notes.collect():
        losses = []
        for c in classes:
            asked = ask_loss(multiclass_hinge, rng.normal(size=(400, c)), rng.integers(0, c, 400))
            losses.append(asked[0] if asked[0] > 0 else np.nan)
        middle.plot(classes, losses, "o", color=BLUE, ls="-", label="yours: a sum over classes")
        middle.plot(classes, losses / classes, "s", color=GREEN, ls="--", label="PyTorch's: divided by C too")
        middle.legend(fontsize=9)
    right.set(xlabel="epoch", ylabel="validation accuracy", title="a linear classifier of the digits")
    with notes.collect():
        ask_loss(multiclass_hinge, rng.normal(size=(3, 4)), np.arange(3))
        ways = (
            ("yours, lr = 0.05", 1.0, 0.05, {"marker": "o", "color": BLUE, "ls": "-", "lw": 1.4}),
            ("divided by C, lr = 0.05", 10.0, 0.05, {"marker": "s", "color": GREEN, "ls": "--"}),
            (
                "divided by C, lr = 0.5",
                10.0,
                0.5,
                {"marker": "o", "color": GREEN, "ls": "none", "ms": 11, "mfc": "none"},
            ),
        )
        for label, divisor, lr, style in ways:
            layers = replace(BUILT_IN, loss=_divided(multiclass_hinge, divisor))
            _, history = _run(layers, (64, 10), seed, lr=lr, epochs=epochs)
            right.plot(np.arange(1, epochs + 1), history.val_accuracy, label=label, **style)
    if right.get_legend_handles_labels()[0]:
        right.legend(fontsize=9, loc="lower right")
    return fig


def _divided(loss: Callable, divisor: float) -> Callable:
    def divided(scores, y):
        value, dscores = loss(scores, y)
        return value / divisor, dscores / divisor

    return divided


# ---------------------------------------------------------------------------- the two-layer network


def start(hidden: int, classes: int, seed: int) -> dict[str, np.ndarray]:
    """Return the first parameters of a two-layer network for points in the plane."""
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(size=(2, hidden)),
        "b1": np.zeros(hidden),
        "W2": rng.normal(size=(hidden, classes)) / np.sqrt(2 * hidden),
        "b2": np.zeros(classes),
    }


def two_layer_scores(params: dict, x: np.ndarray) -> np.ndarray:
    """Return the scores (N, classes) of a two-layer network."""
    with np.errstate(all="ignore"):
        return np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]


def descend(
    two_layer_loss: Callable,
    params: dict,
    x,
    y,
    *,
    weight_decay: float,
    steps: int,
    lr: float = 1.0,
    keep: Iterable[int],
) -> tuple[np.ndarray, dict[int, dict]]:
    """Return the losses of gradient descent, and the parameters after each number of steps in `keep`.

    Ends early where the loss or a parameter is no longer finite.
    """
    losses, kept, keep = [], {}, set(keep)
    with _one_thread().limit(limits=1):
        for t in range(steps + 1):
            if t in keep:
                kept[t] = params
            if t == steps:
                break
            loss, grads = ask_two_layers(two_layer_loss, params, x, y, weight_decay)
            moved = {name: w - lr * grads[name] for name, w in params.items()}
            if not (np.isfinite(loss) and all((np.abs(w) < 1e100).all() for w in moved.values())):
                break
            losses.append(loss)
            params = moved
    if not losses:
        raise NotReady(name_of(two_layer_loss), "gave a loss or a gradient that is infinite or nan at once")
    return np.array(losses), kept


_BY_A_KINK = 5


@picture("Gradient check of W1, b1, W2 and b2 for a narrow and for a wide step: one unit lights up for the wide one.")
def backprop_two_layer_check(notes: Notes, numerical_gradient, two_layer_loss, *, widths=(1e-5, 1e-3), seed: int = 1):
    """Show the gradient check of a whole network, and the same one with a step so wide that it crosses a kink."""
    x, y, params = _small_network(seed)
    # One sample stands 3e-4 from the kink of one unit: the wide step takes it across, the narrow one does not.
    x[0] = np.copysign(1.0, x[0])
    params["b1"][_BY_A_KINK] = 3e-4 - x[0] @ params["W1"][:, _BY_A_KINK]
    fig, axes = notes.plt.subplots(1, len(widths), figsize=(9.6, 4.4), sharey=True)
    image = None
    for ax, h in zip(axes, widths, strict=True):
        ax.set_title(f"h = {h:g}")
        with notes.collect():
            _, analytic = ask_two_layers(two_layer_loss, params, x, y, 0.01)
            errors = {}
            for name, w in params.items():

                def loss(w, name=name) -> float:
                    return ask_two_layers(two_layer_loss, params | {name: w}, x, y, 0.01)[0]

                numerical = ask_array(numerical_gradient, loss, w, h, shape=w.shape)
                errors[name] = _errors(analytic[name], numerical)
            # Transposed, so that a column is a hidden unit in every block but the last.
            errors["W2"] = errors["W2"].T
            image = _error_map(ax, ("dW1", "db1", "dW2.T", "db2"), errors.values())
            ax.set_xticks(range(8))
            ax.set_xlabel(f"hidden unit (db2: class); {ax.get_xlabel()}")
    if image is not None:
        _error_bar(fig, image, axes)
    return fig


def _small_network(seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return x, y and the parameters of a two-layer network in which nothing is 0."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    shapes = {"W1": (4, 8), "b1": (8,), "W2": (8, 3), "b2": (3,)}
    return x, y, {name: rng.normal(size=shape) for name, shape in shapes.items()}


@picture("What weight_decay adds to each gradient, against weight_decay times the parameter.")
def backprop_weight_decay(notes: Notes, two_layer_loss, *, weight_decay: float = 0.1, seed: int = 0):
    """Show what the penalty adds to the gradient of each parameter, and what PyTorch's weight_decay adds."""
    x, y, params = _small_network(seed)
    fig, ax = notes.plt.subplots(figsize=(7.4, 4.2))
    ax.set(xlabel="weight_decay × parameter", ylabel="added to its gradient", title=f"weight_decay = {weight_decay:g}")
    ends = np.array([-0.27, 0.27])
    ax.plot(ends, 2 * ends, color="0.6", lw=1, ls="-", label="2 ×: the slope of the square")
    ax.plot(ends, ends, color=ORANGE, lw=1.6, ls="--", label="1 ×: PyTorch's weight_decay, biases too")
    with notes.collect():
        _, without = ask_two_layers(two_layer_loss, params, x, y, 0.0)
        _, with_penalty = ask_two_layers(two_layer_loss, params, x, y, weight_decay)
        for name, marker, color in zip(params, "osDv", (BLUE, RED, GREEN, PINK), strict=True):
            added = (with_penalty[name] - without[name]).ravel()
            style = {"color": color, "ms": 6, "ls": "none", "alpha": 0.8}
            ax.plot(weight_decay * params[name].ravel(), added, marker, label=f"yours: {name}", **style)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


@picture("Regions of the three classes at four moments of the training, and the loss on the way.")
def backprop_boundary(notes: Notes, two_layer_loss, *, hidden: int = 30, steps: int = 1000, moments=(0, 30, 150, 1000)):
    """Show how a two-layer network bends its borders while it learns the spirals."""
    x, y, x_new, y_new = _spirals()
    moments = [t for t in moments if t <= steps]
    fig, axes = notes.plt.subplots(1, len(moments) + 1, figsize=(13.2, 3.3))
    for ax, t in zip(axes, moments, strict=False):
        _points(ax, x, y)
        ax.set_title(f"step {t}")
    for ax in axes[1:-1]:
        ax.set_ylabel("")
        ax.set_yticklabels([])
    axes[-1].set_xscale("symlog", linthresh=10)
    axes[-1].set(xlabel="step", ylabel="loss", title="loss", xlim=(0, steps))
    axes[-1].set_xticks([0, 10, 100, 1000], ["0", "10", "100", "1000"])
    with notes.collect():
        first = start(hidden, 3, seed=0)
        losses, kept = descend(two_layer_loss, first, x, y, weight_decay=0.0, steps=steps, keep=moments)
        for ax, t in zip(axes, moments, strict=False):
            if t in kept:
                _regions(ax, two_layer_scores(kept[t], _plane()))
                right = np.mean(np.argmax(two_layer_scores(kept[t], x_new), axis=1) == y_new)
                ax.set_title(f"step {t}\n{100 * right:.0f} % of new points")
        axes[-1].plot(np.arange(len(losses)), losses, color=BLUE, ls="-")
        axes[-1].axhline(np.log(3), color="0.5", ls=":", label="log 3: guessing")
        axes[-1].legend(fontsize=9)
    return fig


# ---------------------------------------------------------------------------- the end


@picture("Loss of the twenty-line network over its steps.")
def backprop_twenty_lines(notes: Notes, twenty_lines):
    """Show the losses that a function of twenty lines returns."""
    fig, ax = notes.plt.subplots(figsize=(7.6, 3.4))
    ax.set(xlabel="step", ylabel="loss", yscale="log", title="twenty lines, plain gradient descent")
    with notes.collect():
        losses = ask_array(twenty_lines)
        if losses.ndim != 1 or not len(losses):
            raise NotReady(name_of(twenty_lines), "gave no list of losses")
        # A logarithmic axis overflows where a diverging run leads it.
        ax.plot(np.where((losses > 0) & (losses < 1e100), losses, np.nan), color=BLUE, ls="-", label="yours")
        ax.legend()
    return fig


# Of the seeds, those by which a learning rate is chosen.
_TRIED = 2


@picture("Accuracy on the digits of a linear classifier and of a two-layer network, each at its best learning rate.")
def backprop_before_and_after(
    notes: Notes,
    linear_forward,
    linear_backward,
    relu,
    relu_backward,
    softmax_cross_entropy,
    *,
    hidden: int = 64,
    epochs: int = 30,
    seeds: int = 5,
    lrs: tuple[float, ...] = (0.3, 1.0, 3.0),
):
    """Show the digits learnt by one layer and by two, each at its best lr by validation, judged on test images.

    The lr is chosen by the first two seeds.
    """
    epoch = np.arange(1, epochs + 1)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.9), width_ratios=(1.5, 1))
    left.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0.75, 1.005))
    left.set_title(f"mean, worst and best of {seeds} seeds")
    right.set(ylabel="test accuracy", title="at the end, a dot for each seed", xlim=(-0.5, 1.5))
    right.set_xticks([0, 1], ["one layer", f"two layers,\n{hidden} hidden units"])
    with notes.collect():
        layers = _ready_layers(linear_forward, linear_backward, relu, relu_backward, softmax_cross_entropy)
        kinds = (("one layer", (64, 10)), ("two layers", (64, hidden, 10)))
        done: dict[tuple, tuple[MLP, History]] = {}

        def learn(jobs: list[tuple], what: str) -> None:
            for sizes, lr, seed in counted(jobs, desc=what, unit="run"):
                done[sizes, lr, seed] = _run(layers, sizes, seed, lr=lr, epochs=epochs, dataset=_digits(seed))

        def curves(sizes: tuple[int, ...], lr: float, seeds: Iterable[int]) -> np.ndarray:
            return np.nan_to_num([done[sizes, lr, seed][1].val_accuracy for seed in seeds], nan=GUESSING)

        # All rates with the first seeds, and all seeds with the best rate.
        tried, others = range(seeds)[:_TRIED], range(seeds)[_TRIED:]
        learn([(sizes, lr, seed) for _, sizes in kinds for lr in lrs for seed in tried], "every lr")
        best = {sizes: lrs[np.argmax([curves(sizes, lr, tried)[:, -1].mean() for lr in lrs])] for _, sizes in kinds}
        learn([(sizes, best[sizes], seed) for _, sizes in kinds for seed in others], "the best lr")
        tests = []
        for i, (name, sizes) in enumerate(kinds):
            lr, found = best[sizes], curves(sizes, best[sizes], range(seeds))
            style = {"color": (ORANGE, BLUE)[i], "ls": ("--", "-")[i]}
            left.plot(epoch, found.mean(axis=0), label=f"{name}, lr = {lr:g}", **style)
            left.fill_between(epoch, found.min(axis=0), found.max(axis=0), color=style["color"], alpha=0.2, lw=0)
            judged = [(*done[sizes, lr, seed], _digits(seed)) for seed in range(seeds)]
            tests.append([final_accuracy(*run, digits.x_test, digits.y_test) for *run, digits in judged])
            right.plot(np.full(seeds, i), tests[i], marker="so"[i], color=style["color"], ls="none", zorder=3)
        right.plot([0, 1], tests, color="0.7", lw=0.9, ls="-", zorder=1)
        left.legend(loc="lower right")
        one, two = np.array(tests)
        gain = 100 * (two - one)
        said = [f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}%" for values in (one, two)]
        notes.add(
            f"Test accuracy, mean ± standard deviation of {seeds} seeds: {said[0]} with one layer, {said[1]} with two."
            f" Seed by seed, two layers gain {gain.mean():+.1f} ± {gain.std(ddof=1):.1f} points."
        )
    return fig
