"""The pictures of 06_initialization: data made round, signals through deep stacks of random layers, and the digits.

The student's initialisers give PyTorch's layout (out, in), so a deep stack is h = f(h @ W.T); the networks of
`helpers.training` hold (in, out) and are given the transpose.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from helpers import data
from helpers.plots import stacks
from helpers.plots.batchnorm import ask_pair
from helpers.plots.pieces import GUESSING, legend, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, describe, name_of, picture
from helpers.plots.style import COLORS
from helpers.training import MLP, Params, init_mlp, shuffled_minibatches, train

BLUE, ORANGE, GREEN, RED, PINK = COLORS[:5]
_TINY, _HUGE = 1e-30, 1e30
# Hidden units of every network that learns the digits here.
_WIDTH = 64
# Lecture 001: standard deviation of the activations of hidden layers 1 to 10, tanh, 500 units each.
LECTURE_TABLE = (0.627953, 0.486051, 0.407723, 0.357108, 0.320917, 0.292116, 0.273387, 0.254935, 0.239266, 0.228008)

# name -> (the activation, its derivative, where its outputs lie)
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def _relu(z):
    return np.maximum(z, 0)


def _leaky_relu(z):
    return np.where(z > 0, z, 0.2 * z)


def _selu(z):
    return _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def _linear(z):
    return z + 0.0


ACTIVATIONS = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, (-1, 1)),
    "relu": (_relu, lambda z: (z > 0) * 1.0, (0, 3)),
    "leaky_relu": (_leaky_relu, lambda z: np.where(z > 0, 1.0, 0.2), (-1, 3)),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z)), (0, 1)),
    "linear": (_linear, np.ones_like, (-3, 3)),
}


# ---------------------------------------------------------------------------- a student's functions


def _finite(function: Callable, values: np.ndarray) -> np.ndarray:
    """Return the values; raise NotReady if one is nan or infinite, or too large to be worked with."""
    if not np.all(np.abs(values) < 1e100):  # nan is not smaller either
        raise NotReady(name_of(function), "gave numbers that are not finite, or far too large")
    return values


def ask_data(function: Callable, x: np.ndarray, **kwargs) -> np.ndarray:
    """Return whitened data of the shape of x."""
    return _finite(function, ask_array(function, x, shape=x.shape, **kwargs))


def ask_weights(init: Callable, shape: tuple[int, ...], rng: np.random.Generator, **hyper) -> np.ndarray:
    """Return the weights that a student's initialiser gives; raise NotReady for another shape, nan and infinity."""
    return _finite(init, ask_array(init, shape, rng, shape=shape, **hyper))


def ask_statistics(activation_statistics: Callable, x, weights, activation) -> tuple[np.ndarray, np.ndarray]:
    """Return (means, stds) of each layer, as the student's function gives them."""
    copies = [W.copy() for W in weights]
    means, stds = ask_pair(activation_statistics, x, copies, activation, shape=(len(weights),))
    return np.clip(means, -_HUGE, _HUGE), np.clip(stds, 0, _HUGE)


def _number(function: Callable, *args, **kwargs) -> float:
    return float(_finite(function, ask_array(function, *args, shape=(), **kwargs)))


def _stack(init: Callable, widths: Iterable[int], rng: np.random.Generator, **hyper) -> list[np.ndarray]:
    """Return the weights (out, in) of a stack of layers."""
    return [ask_weights(init, (b, a), rng, **hyper) for a, b in pairwise(widths)]


def _on_log_axis(values) -> np.ndarray:
    return np.clip(np.abs(values), _TINY, _HUGE)


# ------------------------------------------------------------------------------------- 1, 2: data


def _tilted_cloud(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return points of a long cloud, turned by 35 degrees and away from the origin."""
    angle = np.deg2rad(35)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return rng.standard_normal((n, 2)) * (3.0, 0.6) @ turn + (7.0, 3.0)


def _descent(x: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """Return the excess loss of a linear model with a bias at its best lr, and the condition number of the loss."""
    features = np.column_stack([x, np.ones(len(x))])
    hessian = features.T @ features / len(x)
    curvatures = np.linalg.eigvalsh(hessian)
    lr = 2 / (curvatures[0] + curvatures[-1])
    error, losses = np.ones(3), []
    for _ in range(steps + 1):
        losses.append(error @ hessian @ error / 2)
        error = error - lr * hessian @ error
    return np.maximum(losses, 1e-12) / max(losses[0], _TINY), curvatures[-1] / max(curvatures[0], _TINY)


@picture("A tilted cloud as it is, standardized, PCA- and ZCA-whitened, and the loss of a linear model on each.")
def initialization_clouds(
    notes: Notes, standardize: Callable, pca_whiten: Callable, zca_whiten: Callable, *, seed: int = 0, steps: int = 60
):
    """Show a tilted cloud after each kind of preprocessing, and gradient descent on each at its best lr."""
    rng = np.random.default_rng(seed)
    x, test = _tilted_cloud(300, rng), _tilted_cloud(60, rng) + np.array([0.0, 2.0])
    fig, axes = notes.plt.subplots(1, 5, figsize=(14.2, 3.2), width_ratios=(1, 1, 1, 1, 1.35))
    *clouds, loss = axes
    loss.set(yscale="log", xlabel="step", ylabel="loss / loss at the start", ylim=(1e-8, 3))
    loss.set_title("a linear model, best lr of each")
    landmarks = [int(np.argmin(np.abs(x - corner).sum(axis=1))) for corner in ((12, 7), (2, 0), (6, 4))]

    def standardized() -> tuple[np.ndarray, np.ndarray]:
        result = ask(standardize, x, test)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            raise NotReady(name_of(standardize), f"gave {describe(result)} where (x_train, x_test) was expected")
        pairs = zip(result, (x, test), strict=True)
        return tuple(_finite(standardize, as_array(standardize, part, given.shape)) for part, given in pairs)

    kinds = (
        ("as it is", lambda: (x, test)),
        ("standardize", standardized),
        ("pca_whiten", lambda: (ask_data(pca_whiten, x), None)),
        ("zca_whiten", lambda: (ask_data(zca_whiten, x), None)),
    )
    for i, (ax, (title, make)) in enumerate(zip(clouds, kinds, strict=True)):
        ax.set(title=title, xlabel="axis 1" if title == "pca_whiten" else "$x_1$", aspect="equal")
        ax.set_ylabel("axis 2" if title == "pca_whiten" else "$x_2$", labelpad=1)
        window = ((-3, 17), (-6, 14)) if i == 0 else ((-4.5, 4.5), (-4.5, 4.5))
        ax.set(xlim=window[0], ylim=window[1], xticks=(0, 5, 10, 15) if i == 0 else (-4, -2, 0, 2, 4))
        ax.set_yticks((-5, 0, 5, 10) if i == 0 else (-4, -2, 0, 2, 4))
        with notes.collect():
            train_part, test_part = make()
            points, others = np.clip(train_part, -99, 99), test_part
            ax.axhline(0, color="0.6", lw=0.8, ls="-")
            ax.axvline(0, color="0.6", lw=0.8, ls="-")
            ax.plot(*points.T, ".", color=BLUE, ms=3.5, alpha=0.55, ls="none", label="train")
            if others is not None:
                ax.plot(*np.clip(others, -99, 99).T, "x", color=ORANGE, ms=4, ls="none", label="test")
            for number, at in enumerate(landmarks, start=1):
                box = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "black", "lw": 0.8}
                ax.annotate(
                    str(number), points[at], ha="center", va="center", fontsize=9, bbox=box, annotation_clip=True
                )
            losses, condition = _descent(points, steps)
            look = {"color": f"C{i}", "lw": 4 if title == "pca_whiten" else 1.8}
            loss.plot(losses, label=f"{title}: $\\kappa$ = {condition:,.3g}", **look)
    legend(clouds[0], loc="lower right", handletextpad=0.1, borderpad=0.1)
    legend(loss, loc="lower left", bbox_to_anchor=(0.06, 0))
    return fig


@picture("Eight digits as pixels, PCA-whitened and ZCA-whitened for two eps, and the covariance of each.")
def initialization_digits(notes: Notes, pca_whiten: Callable, zca_whiten: Callable, *, images: int = 8):
    """Show digits as they are, whitened by PCA, and by ZCA with a small and a large eps; and the covariances."""
    x = data.digits().x_train
    rows = (
        ("pixels", lambda: x),
        ("pca_whiten\neps = 1e-5", lambda: ask_data(pca_whiten, x, eps=1e-5)),
        ("zca_whiten\neps = 1e-5", lambda: ask_data(zca_whiten, x, eps=1e-5)),
        ("zca_whiten\neps = 0.1", lambda: ask_data(zca_whiten, x, eps=0.1)),
    )
    fig = notes.plt.figure(figsize=(11.2, 5.2))
    grid = fig.add_gridspec(len(rows), images + 2, width_ratios=[1] * images + [0.15, 1.25])
    for row, (title, make) in enumerate(rows):
        out = None
        with notes.collect():
            out = np.clip(make(), -1e6, 1e6)
        # A row that is not ready is one empty frame: it says so itself.
        cells = [grid[row, column] for column in range(images)] if out is not None else [grid[row, :images]]
        axes = [_bare(fig.add_subplot(cell)) for cell in cells]
        axes[0].set_ylabel(title, rotation=0, ha="right", va="center", labelpad=8)
        if out is None:
            continue
        for ax, image in zip(axes, out, strict=False):
            # One glaring pixel must not darken all the others.
            size = max(float(np.quantile(np.abs(image), 0.97)), 1e-6)
            low, high = (0, 1) if row == 0 else (-size, size)
            ax.imshow(image.reshape(8, 8), cmap="gray", vmin=low, vmax=high)
        covariance = _bare(fig.add_subplot(grid[row, -1]))
        centred = out - out.mean(axis=0)
        cov = centred.T @ centred / len(out)
        size = max(float(np.abs(cov).max()), 1e-9)
        covariance.imshow(cov, cmap="PuOr", vmin=-size, vmax=size)
        covariance.set_ylabel("64 features", fontsize=8)
        if row == 0:
            covariance.set_title("covariance")
    return fig


def _bare(ax):
    """Return axes without ticks, grid and frame: a place for an image."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return ax


# ---------------------------------------------------------------------------------- 3: symmetry


def _sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def _one_thread():
    """Matrices this small are several times as fast on one thread, above all where others use the cores too."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


@picture("How many hidden units differ while a small network trains from five starts, and its validation accuracy.")
def initialization_symmetry(
    notes: Notes,
    zeros: Callable,
    small_normal: Callable,
    distinct_rows: Callable,
    *,
    seed: int = 0,
    hidden: int = 16,
    epochs: int = 10,
    lr: float = 0.3,
):
    """Show how many of the hidden units differ, step by step, from starts with and without symmetry."""
    digits = data.digits()
    fig, (units, accuracy) = notes.plt.subplots(1, 2, figsize=(11, 3.8))
    units.set(xlabel="step", ylabel="distinct_rows of the first layer", ylim=(0, hidden + 6))
    units.set_title(f"{hidden} hidden units, ReLU, tol = 1e-6")
    units.set_yticks([1, 4, 8, 12, 16] if hidden == 16 else [1, hidden])
    accuracy.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1.02), title=f"plain SGD, lr = {lr:g}")

    def constant(shape, rng):
        return np.full(shape, 0.1)

    rng = np.random.default_rng(seed)
    starts = (
        ("zeros in both layers", zeros, zeros, "-", 5),
        ("0.1 in both layers", constant, constant, "--", 2.2),
        ("0.1, then small_normal", constant, small_normal, "-.", 3.2),
        ("small_normal, then zeros", small_normal, zeros, ":", 2.6),
        ("small_normal in both", small_normal, small_normal, "-", 1.2),
    )
    for i, (label, first, second, line, width) in enumerate(starts):
        with notes.collect(), _one_thread():
            W1, W2 = ask_weights(first, (hidden, 64), rng), ask_weights(second, (10, hidden), rng)
            network = MLP([64, hidden, 10], np.random.default_rng(seed))
            network.params |= {"W1": W1.T.copy(), "W2": W2.T.copy()}
            steps, counts = [0], [_number(distinct_rows, W1, 1e-6)]

            def count(t, network, counts=counts, steps=steps):
                # In every step at the start, where it matters, and seldom later.
                if t < 20 or t % 10 == 0:
                    counts.append(_number(distinct_rows, network.params["W1"].T, 1e-6))
                    steps.append(t + 1)

            options = {"step": _sgd, "lr": lr, "epochs": epochs, "rng": np.random.default_rng(seed), "progress": False}
            history = train(network, digits, on_step=count, **options)
            look = {"color": f"C{i}", "ls": line, "lw": width}
            units.plot(steps, np.clip(counts, -1e6, 1e6), label=label, **look)
            accuracy.plot(np.arange(1, epochs + 1), history.val_accuracy, label=label, **look)
    units.set_xscale("symlog", linthresh=1)
    units.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    legend(units, loc="upper right", ncols=2)
    return fig


# --------------------------------------------------------------------------- 4: through the layers


def row_of_axes(fig, grid, row: int, count: int) -> list:
    """Return the axes of a row of the grid; a single one fills it, for what is not ready, and says so itself."""
    if count == 1:
        return [fig.add_subplot(grid[row, :])]
    return [fig.add_subplot(grid[row, column]) for column in range(count)]


def histogram_row(axes, x: np.ndarray, weights: list[np.ndarray], kind: str, stds: np.ndarray, color: str) -> None:
    """Draw a histogram of each layer's activations, with the standard deviation that the student's function gives."""
    activation, _, (low, high) = ACTIVATIONS[kind]
    edges = np.linspace(low, high, 41)
    h = x
    for layer, (ax, W, std) in enumerate(zip(axes, weights, stds, strict=True), start=1):
        h = activation(h @ W.T)
        # What lies outside is counted in the outermost bar: nothing disappears.
        share = np.histogram(np.clip(h, low, high), edges)[0] / h.size
        ax.stairs(share, edges, fill=True, color=color)
        ax.set(xlim=(low, high), ylim=(0, 0.25), xticks=[low, high], yticks=[])
        ax.set_title(f"layer {layer}\nstd {std:.2g}", fontsize=9.5)
        ax.grid(False)


@picture("Histograms of the activations of ten tanh layers for three sizes of random weights, and their spreads.")
def initialization_layers(
    notes: Notes,
    small_normal: Callable,
    activation_statistics: Callable,
    *,
    seed: int = 0,
    stds: Iterable[float] = (0.01, 0.05, 0.2),
    width: int = 300,
    layers: int = 10,
):
    """Show what ten tanh layers make of a standard normal input, for three standard deviations of the weights."""
    stds = list(stds)
    x = np.random.default_rng(seed).standard_normal((300, width))
    fig = notes.plt.figure(figsize=(13.6, 1.75 * len(stds) + 0.3))
    grid = fig.add_gridspec(len(stds), layers)
    for row, (std, color) in enumerate(zip(stds, (ORANGE, BLUE, RED), strict=True)):
        found = None
        with notes.collect():
            weights = _stack(small_normal, [width] * (layers + 1), np.random.default_rng(seed + 1), std=std)
            _, found = ask_statistics(activation_statistics, x, weights, np.tanh)
        axes = row_of_axes(fig, grid, row, layers if found is not None else 1)
        axes[0].set_ylabel(f"std = {std:g}\nshare")
        if found is not None:
            histogram_row(axes, x, weights, "tanh", found, color)
    if len(fig.axes) > len(stds):
        fig.supxlabel("activation (the bars are cut off at a share of 0.25)", fontsize=10)
    return fig


# --------------------------------------------------------------------------------- 5: the variance


@picture(
    "Measured variance of a sum of products against the predicted one, and the variance through ten linear layers."
)
def initialization_variance(
    notes: Notes,
    output_variance: Callable,
    small_normal: Callable,
    *,
    seed: int = 0,
    width: int = 400,
    layers: int = 10,
):
    """Show predicted variances on measured ones: single sums with means of all kinds, and a stack of linear layers."""
    rng = np.random.default_rng(seed)
    fig, (sums, stack) = notes.plt.subplots(1, 2, figsize=(11, 4))
    sums.set(xscale="log", yscale="log", xlabel="predicted variance", ylabel="measured variance")
    sums.set_title("sums of fan_in products")
    stack.set(yscale="log", xlabel="layer", ylabel="variance of the activations", ylim=(1e-9, 1e9))
    stack.set_title(f"linear layers of {width} units")
    settings = [
        (fan_in, mean_x, mean_w, sd_x, sd_w)
        for fan_in in (4, 64)
        for mean_x, mean_w in ((0, 0), (1, 0), (0, 0.5), (1, 0.5), (3, 0.1))
        for sd_x, sd_w in ((1, 1), (0.3, 0.1))
    ]
    with notes.collect():
        predicted, measured, centred = [], [], []
        for fan_in, mean_x, mean_w, sd_x, sd_w in settings:
            x = mean_x + sd_x * rng.standard_normal((4000, fan_in))
            w = mean_w + sd_w * rng.standard_normal((4000, fan_in))
            measured.append((w * x).sum(axis=1).var())
            spreads = (sd_x**2, sd_w**2, fan_in)
            predicted.append(_number(output_variance, *spreads, mean_x=mean_x, mean_w=mean_w))
            centred.append(_number(output_variance, *spreads))
        ends = [min(measured) / 2, max(measured) * 2]
        sums.plot(ends, ends, color="0.4", ls=":", lw=1.2, label="predicted = measured")
        label = "your formula without the means"
        sums.plot(_on_log_axis(centred), measured, "x", color=ORANGE, ls="none", ms=6, label=label)
        sums.plot(_on_log_axis(predicted), measured, "o", color=BLUE, ls="none", ms=6, label="your output_variance")
    for i, std in enumerate((0.02, width**-0.5, 0.1)):
        with notes.collect():
            h = rng.standard_normal((300, width))
            found, expected = [h.var()], [1.0]
            for W in _stack(small_normal, [width] * (layers + 1), rng, std=std):
                h = h @ W.T
                found.append(h.var())
                expected.append(np.clip(_number(output_variance, expected[-1], std**2, width), 0, _HUGE))
            exact = f"$1/\\sqrt{{{width}}}$ = {std:g}" if i == 1 else f"{std:g}"
            stack.plot(_on_log_axis(expected), color=f"C{i}", label=f"predicted, std = {exact}")
            stack.plot(_on_log_axis(found), "o", color=f"C{i}", ms=6, mfc="none", ls="none")
    if stack.has_data():
        stack.plot([], [], "o", color="0.3", mfc="none", ls="none", label="measured")
    legend(sums, loc="upper left")
    legend(stack, loc="upper left")
    return fig


# ------------------------------------------------------------------------------ 6: the lecture's table


@picture("Spread of ten tanh layers: the lecture's table, yours, and two simpler starts; the difference in per cent.")
def initialization_table(
    notes: Notes,
    lecun_normal: Callable,
    small_normal: Callable,
    activation_statistics: Callable,
    *,
    seeds: Iterable[int] = range(3),
    samples: int = 1000,
    width: int = 500,
):
    """Show lecture 001's table of ten tanh layers beside what the student's functions give, for several seeds."""
    seeds, layer = list(seeds), np.arange(1, len(LECTURE_TABLE) + 1)
    fig, (spread, difference) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    spread.set(xlabel="layer", ylabel="std of the activations", ylim=(0, 1.05), xticks=layer)
    spread.set_title(f"ten tanh layers of {width} units")
    difference.set(xlabel="layer", ylabel="yours against the lecture's (%)", ylim=(-3, 3), xticks=layer)
    difference.set_title(f"{len(seeds)} seeds of lecun_normal")

    def found(init, seed, samples=samples, **hyper):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((samples, width))
        weights = _stack(init, [width] * (len(layer) + 1), rng, **hyper)
        return ask_statistics(activation_statistics, x, weights, np.tanh)[1]

    for std, color, line in ((0.01, ORANGE, "--"), (0.2, RED, ":")):
        with notes.collect():
            stds = found(small_normal, 0, samples=samples // 5, std=std)
            spread.plot(layer, stds, color=color, ls=line, label=f"small_normal, std = {std:g}")
    with notes.collect():
        runs = np.array([found(lecun_normal, seed) for seed in seeds])
        spread.plot(layer, runs.mean(axis=0), color=BLUE, ls="-", marker=".", label="your lecun_normal")
        for run, seed in zip(runs, seeds, strict=True):
            off = np.clip(100 * (run / np.array(LECTURE_TABLE) - 1), -1e6, 1e6)
            difference.plot(layer, off, color=BLUE, ls="-", lw=1.2, marker=".", label=f"seed {seed}")
        difference.axhline(0, color="0.4", ls=":", lw=1.2)
    if spread.has_data():
        spread.plot(layer, LECTURE_TABLE, "o", mfc="none", mec="black", ms=10, ls="none", label="lecture 001")
    legend(spread, loc="center right", bbox_to_anchor=(1, 0.66))
    return fig


# --------------------------------------------------------------------------------------- 7: the gain


def _sizes(activation_statistics: Callable, x, weights, activation) -> np.ndarray:
    """Return the root mean square of each layer's activations, of the student's means and standard deviations."""
    means, stds = ask_statistics(activation_statistics, x, weights, activation)
    return np.sqrt(means**2 + stds**2)


@picture("Size of the signal through thirty ReLU layers for three starts; and with and without gain by activation.")
def initialization_gain(
    notes: Notes,
    gain: Callable,
    lecun_normal: Callable,
    kaiming_normal: Callable,
    kaiming_uniform: Callable,
    activation_statistics: Callable,
    *,
    seed: int = 0,
    width: int = 400,
    layers: int = 30,
):
    """Show what thirty layers leave of a signal: ReLUs from three starts, and each activation with and without gain."""
    x = np.random.default_rng(seed).standard_normal((64, width))
    fig, (relu, kinds) = notes.plt.subplots(1, 2, figsize=(11.4, 4))
    depth = np.arange(1, layers + 1)
    relu.set(yscale="log", xlabel="layer", ylabel="root mean square", ylim=(1e-6, 30), title="ReLU layers")
    kinds.set(yscale="log", ylabel=f"root mean square in layer {layers}", ylim=(1e-6, 30), xlabel="activation")
    kinds.set_title("weights of lecun_normal, times your gain")
    starts = (
        (lecun_normal, "lecun_normal", ORANGE, "--", 1.8),
        (kaiming_normal, "kaiming_normal", BLUE, "-", 4),
        (kaiming_uniform, "kaiming_uniform", GREEN, "-.", 1.6),
    )
    for init, label, color, line, thick in starts:
        with notes.collect():
            weights = _stack(init, [width] * (layers + 1), np.random.default_rng(seed + 1))
            size = _sizes(activation_statistics, x, weights, _relu)
            relu.plot(depth, _on_log_axis(size), color=color, ls=line, lw=thick, label=label)
    functions = {"linear": _linear, "tanh": np.tanh, "relu": _relu, "leaky_relu": _leaky_relu, "selu": _selu}
    with notes.collect():
        plain = _stack(lecun_normal, [width] * (layers + 1), np.random.default_rng(seed + 1))
        for i, (name, function) in enumerate(functions.items()):
            param = 0.2 if name == "leaky_relu" else None
            factor = _number(gain, name, param) if param else _number(gain, name)
            without = _sizes(activation_statistics, x, plain, function)[-1]
            scaled = [np.clip(factor, -1e3, 1e3) * W for W in plain]
            with_gain = _sizes(activation_statistics, x, scaled, function)[-1]
            ends = _on_log_axis([without, with_gain])
            kinds.plot([i, i], ends, color="0.6", ls="-", lw=1.2, zorder=1)
            names = ("gain 1", "your gain") if i == 0 else (None, None)
            kinds.plot(i, ends[0], "s", color=ORANGE, ms=7, ls="none", label=names[0])
            kinds.plot(i, ends[1], "o", color=BLUE, ms=7, ls="none", label=names[1])
            kinds.annotate(
                f"{factor:.3g}", (i, ends[1]), xytext=(9, 0), textcoords="offset points", va="center", size=9
            )
        kinds.set_xticks(range(len(functions)), [n + ("\nslope 0.2" if "leaky" in n else "") for n in functions])
        kinds.set_xlim(-0.4, len(functions) - 0.3)
    for ax in (relu, kinds):
        if ax.has_data():
            ax.axhline(1, color="0.4", ls=":", lw=1.2, zorder=1)
    legend(relu, loc="lower left")
    legend(kinds, loc="lower left")
    return fig


# ------------------------------------------------------------------------------------- 8: both ways


@picture("Weights of both Xaviers, and the size of signal and gradient through narrowing layers for three starts.")
def initialization_both_ways(
    notes: Notes,
    lecun_normal: Callable,
    xavier_uniform: Callable,
    xavier_normal: Callable,
    kaiming_normal: Callable,
    *,
    seed: int = 0,
    widths: Iterable[int] = (1024, 512, 256, 128, 64, 32),
    draws: int = 5,
):
    """Show the signal on its way forward and the gradient on its way back through linear layers that halve in width."""
    widths = list(widths)
    fig, (weights, forward, backward) = notes.plt.subplots(1, 3, figsize=(13, 3.9), width_ratios=(1, 1.1, 1.1))
    weights.set(xlabel="weight", ylabel="density", title="shape (256, 512)", xlim=(-0.2, 0.2))
    layer = np.arange(len(widths))
    for ax, title in ((forward, "signal, forward"), (backward, "gradient, backward")):
        ax.set(yscale="log", xlabel="width of the layer", ylabel="variance / variance at the start", title=title)
        ax.set_xticks(layer, [str(width) for width in widths])
        ax.set_ylim(0.01, 100)
    edges = np.linspace(-0.2, 0.2, 81)
    for init, label, color, style in (
        (xavier_normal, "xavier_normal", BLUE, {"ls": "-", "lw": 1.8}),
        (xavier_uniform, "xavier_uniform", PINK, {"ls": "--", "lw": 1.8}),
    ):
        with notes.collect():
            W = ask_weights(init, (256, 512), np.random.default_rng(seed))
            share = np.histogram(W, edges)[0] / W.size / (edges[1] - edges[0])
            weights.stairs(share, edges, color=color, label=f"{label}, std {W.std():.4f}", **style)
            weights.set_ylim(0, 10.5)
    starts = (
        (lecun_normal, {}, "lecun_normal: the lecture's Xavier", ORANGE, "--", "s"),
        (xavier_normal, {}, "xavier_normal: PyTorch's", BLUE, "-", "o"),
        (
            kaiming_normal,
            {"mode": "fan_out", "nonlinearity": "linear"},
            "kaiming_normal, mode fan_out, linear",
            GREEN,
            "-.",
            "^",
        ),
    )
    for init, hyper, label, color, line, marker in starts:
        with notes.collect():
            rng = np.random.default_rng(seed)
            there, back = np.zeros((2, len(widths)))
            for _ in range(draws):
                stack = _stack(init, widths, rng, **hyper)
                h, dh = rng.standard_normal((100, widths[0])), rng.standard_normal((100, widths[-1]))
                there += _variances(h, [W.T for W in stack])
                back += _variances(dh, stack[::-1])[::-1]
            look = {"color": color, "ls": line, "marker": marker, "ms": 5}
            forward.plot(layer, _on_log_axis(there / draws), label=label, **look)
            backward.plot(layer, _on_log_axis(back / draws), label=label, **look)
    for ax in (forward, backward):
        if ax.has_data():
            ax.axhline(1, color="0.4", ls=":", lw=1.2, zorder=1)
    legend(weights, loc="upper center")
    handles, labels = forward.get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return fig


def _variances(signal: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
    """Return the mean square of a signal before and after each factor, relative to the first."""
    sizes = [np.mean(signal**2)]
    for factor in factors:
        signal = signal @ factor
        sizes.append(np.mean(signal**2))
    return np.array(sizes) / sizes[0]


# ------------------------------------------------------------------------------------- 9: orthogonal


@picture(
    "Singular values of products of random layers, Gaussian and orthogonal; angles of an orthogonal W's eigenvalues."
)
def initialization_orthogonal(
    notes: Notes, orthogonal: Callable, lecun_normal: Callable, *, seed: int = 0, width: int = 100, draws: int = 1000
):
    """Show how unevenly a stack of layers stretches, and whether all orthogonal matrices are equally likely."""
    fig, (spectrum, angles) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    spectrum.set(yscale="log", xlabel="singular values, largest first", ylabel="stretched by", ylim=(1e-11, 1e3))
    spectrum.set_title(f"products of linear layers of {width} units")
    angles.set(xlabel="angle of the eigenvalues", ylabel="density", ylim=(0, 0.62))
    angles.set_title(f"{draws} matrices of shape (4, 4)")
    angles.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["$-\\pi$", "$-\\pi/2$", "0", "$\\pi/2$", "$\\pi$"])
    for init, label, colors, line in (
        (lecun_normal, "lecun_normal", (ORANGE, RED, PINK), "--"),
        (orthogonal, "orthogonal", (BLUE, BLUE, BLUE), "-"),
    ):
        with notes.collect():
            rng, product = np.random.default_rng(seed), np.eye(width)
            for depth in range(1, 31):
                product = _finite(init, product @ ask_weights(init, (width, width), rng))
                if depth in (1, 10, 30):
                    values = np.linalg.svd(product, compute_uv=False)
                    i = (1, 10, 30).index(depth)
                    layers = f"{depth} layer{'s' * (depth > 1)}"
                    text = (
                        f"{label}, {layers}"
                        if init is lecun_normal
                        else (None, None, "orthogonal, 1, 10, 30 layers")[i]
                    )
                    look = {"color": colors[i], "ls": line, "lw": (1.2, 2, 3)[i] if line == "--" else 2.2}
                    spectrum.plot(np.arange(1, width + 1), _on_log_axis(values), label=text, **look)
    edges = np.linspace(-np.pi, np.pi, 33)

    def density(draw) -> np.ndarray:
        found = np.concatenate([np.angle(np.linalg.eigvals(draw())) for _ in range(draws)])
        # Real eigenvalues, 1 or -1, have a bar of their own in every such matrix: not what is looked for here.
        found = found[(np.abs(found) > 1e-6) & (np.abs(found) < np.pi - 1e-6)]
        return np.histogram(found, edges, density=True)[0]

    rng = np.random.default_rng(seed)
    with notes.collect():
        yours = density(lambda: ask_weights(orthogonal, (4, 4), rng))
        angles.stairs(np.nan_to_num(yours), edges, color=BLUE, fill=True, alpha=0.35, label="your orthogonal")
        plain = density(lambda: np.linalg.qr(rng.standard_normal((4, 4)))[0])
        angles.stairs(plain, edges, color=RED, lw=1.8, label="np.linalg.qr's Q as it comes")
    legend(spectrum, loc="lower left")
    legend(angles, loc="upper center", ncols=2)
    return fig


# ---------------------------------------------------------------------------- 11, 12: the digits


@dataclass(frozen=True)
class _Curves:
    """How networks trained side by side did: after each epoch (networks, epochs), and on the test images at the end."""

    train_loss: np.ndarray
    val_accuracy: np.ndarray
    test_accuracy: np.ndarray


def _start(init: Callable, hyper: dict, seed: int, depth: int) -> Params:
    """Return the first weights of a network of `depth` hidden layers, as the student draws them."""

    def turned(shape, rng):
        # The network's weights are (in, out), the student's (out, in).
        return ask_weights(init, shape[::-1], rng, **hyper).T

    return init_mlp([64] + [_WIDTH] * depth + [10], np.random.default_rng(seed), init=turned)


@np.errstate(all="ignore")
def _learn(digits, starts: list[Params], seeds: list[int], lrs: Iterable[float] | float, epochs: int) -> _Curves:
    """Return what the networks learn from their starts, side by side; those of one seed see the same batches."""
    params = {name: np.stack([start[name] for start in starts]).astype(np.float32) for name in starts[0]}
    rngs = {seed: np.random.default_rng([seed, 1]) for seed in seeds}
    rates = np.broadcast_to(np.asarray(lrs, np.float32), len(starts))
    x_train, x_val, x_test = (x.astype(np.float32) for x in (digits.x_train, digits.x_val, digits.x_test))
    losses, accuracies = [], []
    for _ in range(epochs):
        orders = {seed: list(shuffled_minibatches(len(x_train), 64, rng)) for seed, rng in rngs.items()}
        for chosen in zip(*(orders[seed] for seed in seeds), strict=True):
            grads = stacks.gradients(params, x_train[np.stack(chosen)], digits.y_train[np.stack(chosen)])
            params = {name: w - stacks.beside(rates, w) * grads[name] for name, w in params.items()}
        losses.append(stacks.cross_entropy(stacks.scores(params, x_train), digits.y_train))
        accuracies.append(stacks.share_right(stacks.scores(params, x_val), digits.y_val))
    test = stacks.share_right(stacks.scores(params, x_test), digits.y_test)
    return _Curves(np.stack(losses, axis=1), np.stack(accuracies, axis=1), test)


@picture("Training loss of deep networks from five starts, each at its best rate, and the accuracy at every rate.")
def initialization_training(
    notes: Notes,
    small_normal: Callable,
    lecun_normal: Callable,
    xavier_uniform: Callable,
    kaiming_normal: Callable,
    orthogonal: Callable,
    *,
    depth: int = 6,
    epochs: int = 6,
    lrs: Iterable[float] = (0.03, 0.1, 0.3),
    seeds: Iterable[int] = range(3),
):
    """Show a deep ReLU network learn the digits from each of the student's starts, at several rates."""
    seeds, lrs, digits = list(seeds), list(lrs), data.digits()
    fig, (loss, valid) = notes.plt.subplots(1, 2, figsize=(11.4, 4), width_ratios=(1.3, 1))
    loss.set(xlabel="epoch", ylabel="training loss", ylim=(0, 2.6), title=f"at the best lr of each, {len(seeds)} seeds")
    valid.set(xscale="log", xlabel="lr", ylabel="validation accuracy", ylim=(0, 1.02))
    valid.set_title(f"after {epochs} epochs, {depth} hidden layers")
    valid.minorticks_off()
    valid.set_xticks(lrs, [f"{lr:g}" for lr in lrs])
    starts = (
        ("small_normal", small_normal, {}, ORANGE, "--", "s"),
        ("lecun_normal", lecun_normal, {}, GREEN, "-.", "^"),
        ("xavier_uniform", xavier_uniform, {}, PINK, ":", "v"),
        ("kaiming_normal", kaiming_normal, {}, BLUE, "-", "o"),
        ("orthogonal, gain = $\\sqrt{2}$", orthogonal, {"gain": 2**0.5}, RED, (0, (5, 1)), "D"),
    )
    epoch = np.arange(1, epochs + 1)
    rates, each = np.repeat(lrs, len(seeds)), seeds * len(lrs)
    for label, init, hyper, color, line, marker in starts:
        with notes.collect(), _one_thread():
            first = [_start(init, hyper, seed, depth) for seed in seeds]
            learnt = _learn(digits, first * len(lrs), each, rates, epochs)
            found = learnt.val_accuracy[:, -1].reshape(len(lrs), -1)
            best = int(np.argmax(found.mean(axis=1)))
            curves = np.clip(learnt.train_loss.reshape(len(lrs), len(seeds), -1)[best], 0, 1e6)
            _band(loss, epoch, curves.T, color, marker, f"{label}, lr = {lrs[best]:g}", ls=line)
            _band(valid, lrs, found, color, marker, ls=line)
    if loss.has_data():
        loss.axhline(np.log(10), color="0.4", ls=":", lw=1.2, label="guessing: log 10")
        fig.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize="small")
    return fig


def _band(ax, x, values: np.ndarray, color: str, marker: str, label: str | None = None, **look) -> None:
    """Draw the mean over the last axis, with the range from the lowest to the highest."""
    ax.plot(x, values.mean(axis=-1), color=color, marker=marker, ms=5, label=label, **look)
    ax.fill_between(x, values.min(axis=-1), values.max(axis=-1), color=color, alpha=0.15, lw=0)


@picture("Validation accuracy against the number of hidden layers, for three starts.")
def initialization_depth(
    notes: Notes,
    small_normal: Callable,
    lecun_normal: Callable,
    kaiming_normal: Callable,
    *,
    depths: Iterable[int] = (1, 2, 4, 8, 12),
    lr: float = 0.1,
    epochs: int = 5,
    seeds: Iterable[int] = range(3),
):
    """Show how deep a network can be and still begin to learn, from each of three starts."""
    seeds, depths, digits = list(seeds), list(depths), data.digits()
    fig, ax = notes.plt.subplots(figsize=(8.2, 3.8))
    ax.set(xlabel="hidden layers", ylabel="validation accuracy", ylim=(0, 1.02), xticks=depths)
    ax.set_title(f"{epochs} epochs of SGD, lr = {lr:g}; mean, worst and best of {len(seeds)} seeds")
    starts = (
        ("small_normal", small_normal, ORANGE, "--", "s"),
        ("lecun_normal", lecun_normal, GREEN, "-.", "^"),
        ("kaiming_normal", kaiming_normal, BLUE, "-", "o"),
    )
    for label, init, color, line, marker in starts:
        with notes.collect(), _one_thread():
            found = []
            for depth in depths:
                first = [_start(init, {}, seed, depth) for seed in seeds]
                found.append(_learn(digits, first, seeds, lr, epochs).val_accuracy[:, -1])
            _band(ax, depths, np.array(found), color, marker, label, ls=line)
    if ax.has_data():
        ax.axhline(GUESSING, color="0.4", ls=":", lw=1.2, label="guessing")
    legend(ax, loc="upper right", bbox_to_anchor=(1, 1.02))
    return fig


@picture(
    "Accuracy on the digits of a network of six hidden layers, before and after: while it trains, and on test data."
)
def initialization_before_and_after(
    notes: Notes,
    standardize: Callable,
    small_normal: Callable,
    lecun_normal: Callable,
    kaiming_normal: Callable,
    *,
    depth: int = 6,
    lr: float = 0.1,
    epochs: int = 8,
    seeds: Iterable[int] = range(5),
):
    """Show one deep network learn the digits, from the worst start to the best, and its accuracy on test images."""
    seeds, raw = list(seeds), data.digits()
    fig, (valid, test) = notes.plt.subplots(1, 2, figsize=(11.8, 4.1), width_ratios=(1, 1.1))
    valid.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1.02))
    valid.set_title(f"{depth} hidden layers, plain SGD, lr = {lr:g}")
    test.set(ylabel="test accuracy (%)", title=f"at the end, {len(seeds)} seeds", ylim=(0, 103))
    test.set(xlabel="start", xlim=(-0.5, 3.5))
    kinds = (
        ("small_normal", small_normal, lambda: raw, ORANGE, "--", "s"),
        ("lecun_normal", lecun_normal, lambda: raw, GREEN, "-.", "^"),
        ("kaiming_normal", kaiming_normal, lambda: raw, BLUE, "-", "o"),
        ("standardize,\nkaiming_normal", kaiming_normal, lambda: _standardized(standardize, raw), RED, ":", "D"),
    )
    names = [label for label, *_ in kinds]
    epoch = np.arange(1, epochs + 1)
    for i, (label, init, prepare, color, line, marker) in enumerate(kinds):
        with notes.collect(), _one_thread():
            learnt = _learn(prepare(), [_start(init, {}, seed, depth) for seed in seeds], seeds, lr, epochs)
            found = 100 * learnt.test_accuracy
            _band(valid, epoch, learnt.val_accuracy.T, color, marker, label.replace("\n", " "), ls=line)
            names[i] += f"\n{found.mean():.1f} ± {seed_std(found):.1f} %"
            test.plot(np.full(len(seeds), i), found, marker, color=color, ls="none", alpha=0.7)
            test.plot([i - 0.25, i + 0.25], [found.mean()] * 2, color=color, ls="-", lw=2)
    test.set_xticks(range(len(names)), names, fontsize=9)
    legend(valid, loc="lower right", bbox_to_anchor=(1, 0.1))
    return fig


def _standardized(standardize: Callable, digits: data.Dataset) -> data.Dataset:
    """Return the digits as the student's function gives them: all parts by the training images' statistics."""
    held = np.concatenate([digits.x_val, digits.x_test])
    # eps of the size of a pixel's grey levels: those lit in one image only would be blown up else.
    x_train, held_out = ask_pair(standardize, digits.x_train, held, eps=1e-2)
    x_train = _finite(standardize, as_array(standardize, x_train, digits.x_train.shape))
    held_out = _finite(standardize, as_array(standardize, held_out, held.shape))
    x_val, x_test = np.split(held_out, [len(digits.x_val)])
    return replace(digits, x_train=x_train, x_val=x_val, x_test=x_test)
