"""Batch normalization in pictures: the layer itself, its statistics, and what it does to training.

The networks learn the bundled digits, several side by side: four hidden layers of 64 units, plain SGD, He's weights.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from helpers import data
from helpers.plots.graphs import draw_graph, written
from helpers.plots.pieces import GUESSING, counted
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, describe, name_of, picture
from helpers.plots.side_by_side import Networks, descend
from helpers.plots.stacks import beside, share_right
from helpers.plots.style import COLORS
from helpers.training import BatchNorm

_SIZES = (64, 64, 64, 64, 64, 10)
BLUE, ORANGE, GREEN, RED = COLORS[:4]


# ---------------------------------------------------------------------------- a student's functions


def ask_forward(forward: Callable, x, gamma, beta, *, eps: float = 1e-5) -> tuple[np.ndarray, object]:
    """Return (out, cache) of a student's forward; raise NotReady if out is not of x's shape."""
    result = ask(forward, x, gamma, beta, eps=eps)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(forward), f"gave {describe(result)} where the pair (out, cache) was expected")
    return as_array(forward, result[0], x.shape), result[1]


def ask_backward(backward: Callable, dout, cache, features: int) -> list[np.ndarray]:
    """Return [dx, dgamma, dbeta] of a student's backward; raise NotReady if a shape is wrong."""
    result = ask(backward, dout, cache)
    if not (isinstance(result, (tuple, list)) and len(result) == 3):
        raise NotReady(name_of(backward), f"gave {describe(result)} where (dx, dgamma, dbeta) were expected")
    shapes = (dout.shape, (features,), (features,))
    return [as_array(backward, part, shape) for part, shape in zip(result, shapes, strict=True)]


def ask_pair(function: Callable, *args, shape: tuple[int, ...] | None = None, **kwargs) -> list[np.ndarray]:
    """Return the two arrays that a student's function gives; raise NotReady if it does not."""
    result = ask(function, *args, **kwargs)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(function), f"gave {describe(result)} where a pair was expected")
    return [as_array(function, part, shape) for part in result]


def ready_norm(forward, backward, inference=None, update_running=None) -> BatchNorm:
    """Return the student's layer for an MLP, each function tried once; raise NotReady for the first that fails."""
    x = np.random.default_rng(0).normal(size=(6, 4))
    zeros, ones = np.zeros(4), np.ones(4)
    _, layer_cache = ask_forward(forward, x, ones, zeros)
    ask_backward(backward, x, layer_cache, 4)
    if inference is not None:
        ask_pair(update_running, zeros, ones, x, momentum=0.1, shape=(4,))
        ask_array(inference, x, ones, zeros, zeros, ones, eps=1e-5, shape=x.shape)
    return BatchNorm(forward, backward, inference, update_running)


def _shifting(norm: BatchNorm, strength: float, rng: np.random.Generator) -> BatchNorm:
    """Return the layer followed, in training, by a new random scale and shift of every unit at every call."""

    def forward(x, gamma, beta, *, eps):
        out, layer_cache = norm.forward(x, gamma, beta, eps=eps)
        scale = rng.uniform(1 - strength, 1 + strength, x.shape[1])
        return out * scale + rng.uniform(-strength, strength, x.shape[1]), (layer_cache, scale)

    def backward(dout, kept):
        layer_cache, scale = kept
        return norm.backward(dout * scale, layer_cache)

    return replace(norm, forward=forward, backward=backward)


# ---------------------------------------------------------------------------- training

# Networks that learn side by side: with many more, their arrays no longer fit the cache.
_TOGETHER = 12


@cache
def _digits() -> data.Dataset:
    return data.digits(seed=0)


@cache
def _one_thread():
    """Return what holds BLAS to one thread: on small matrices two threads that wait for each other are far slower."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@dataclass(frozen=True)
class _Run:
    """A network to be trained: of the seed come the first weights (He's) and the batches, whatever the norm."""

    seed: int
    lr: float
    scale: float = 1.0  # of the hidden layers' weights at the start


def _networks(norm: BatchNorm | None, runs: Sequence[_Run]) -> Networks:
    """Return a network for each run, before its first step."""
    running = norm is not None and norm.inference is not None
    networks = Networks(_SIZES, [run.seed for run in runs], norm=norm, running=running)
    scale = np.array([run.scale for run in runs], np.float32)
    for i in range(1, networks.depth):
        networks.params[f"W{i}"] *= beside(scale, networks.params[f"W{i}"])
    return networks


def _batches(runs: Sequence[_Run], steps: int, size: int) -> Iterator[np.ndarray]:
    """Yield the places (networks, size) of each step's images; runs of one seed have the same."""
    rngs = {run.seed: np.random.default_rng(1000 + run.seed) for run in runs}
    for _ in range(steps):
        drawn = {seed: rng.choice(len(_digits().y_train), size, replace=False) for seed, rng in rngs.items()}
        yield np.stack([drawn[run.seed] for run in runs])


def _train(
    norm: BatchNorm | None,
    runs: Sequence[_Run],
    *,
    steps: int,
    batch_size: int = 64,
    parts: int = 1,
    judge: Callable[[Networks], np.ndarray],
    on_step: Callable[[int, Networks], None] | None = None,
    what: str = "",
) -> np.ndarray:
    """Return what `judge(networks)` gives for each network at the end of each part, (networks, parts, ...).

    Plain SGD, side by side; one that diverges goes on with weights that are nan. `on_step(t, networks)` is called
    after step t, counted from 1.
    """
    digits, judged = _digits(), []
    x, y = digits.x_train.astype(np.float32), digits.y_train
    networks, rates = _networks(norm, runs), np.array([run.lr for run in runs])
    try:
        with _one_thread().limit(limits=1), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            places = counted(_batches(runs, steps // parts * parts, batch_size), desc=what, unit="step")
            for t, chosen in enumerate(places, start=1):
                _, grads = networks.loss(x[chosen], y[chosen])
                descend(networks, grads, rates)
                if on_step is not None:
                    on_step(t, networks)
                if t % (steps // parts) == 0:
                    judged.append(judge(networks))
    except NotReady:
        raise
    except Exception as error:
        raise NotReady("the network with your functions", f"stopped with {type(error).__name__}: {error}") from error
    return np.stack(judged, axis=1)


def _on_validation(networks: Networks) -> np.ndarray:
    return _accuracy(networks, _digits().x_val, _digits().y_val)


def _accuracy(networks: Networks, x: np.ndarray, y: np.ndarray, *, by_batch: bool = False) -> np.ndarray:
    """Return the share that each network has right; one that has diverged guesses.

    by_batch : batch norm by the statistics of x
    """
    return share_right(networks.scores(x.astype(np.float32), by_batch=by_batch), y)


def _sweep(
    norm: BatchNorm | None,
    runs: Sequence[_Run],
    what: str,
    *,
    judge: Callable = _on_validation,
    around: Callable | None = None,
    **training,
) -> np.ndarray:
    """Return what `_train` does for all runs, (networks, parts, ...), as many side by side as the layer allows.

    around : function norm -> norm, of the layer that is trained with
    """
    size = _TOGETHER if norm is None or _treats_units_apart(norm) else 1
    size = -(-len(runs) // -(-len(runs) // size))
    groups = [runs[start : start + size] for start in range(0, len(runs), size)]
    norm = norm if around is None else around(norm)
    return np.concatenate(
        [
            _train(norm, group, judge=judge, what=f"{what}, {i} of {len(groups)}", **training)
            for i, group in enumerate(groups, 1)
        ]
    )


def _treats_units_apart(norm: BatchNorm) -> bool:
    """Tell whether units side by side are given what each is given alone; a wrong layer may mix them."""
    rng = np.random.default_rng(0)
    (x, dout), (gamma, beta, mean) = rng.normal(size=(2, 6, 4)), rng.normal(size=(3, 4))
    var = rng.uniform(0.5, 2.0, 4)

    def answers(units: slice) -> list[np.ndarray]:
        out, layer_cache = ask_forward(norm.forward, x[:, units], gamma[units], beta[units])
        found = [out, *ask_backward(norm.backward, dout[:, units], layer_cache, out.shape[1])]
        if norm.inference is not None:
            statistics = mean[units], var[units]
            found += [ask_array(norm.inference, x[:, units], gamma[units], beta[units], *statistics, eps=1e-5)]
            found += ask_pair(norm.update_running, *statistics, x[:, units], momentum=0.1, shape=out.shape[1:])
        return found

    try:
        together, left, right = answers(slice(4)), answers(slice(2)), answers(slice(2, 4))
    except NotReady:  # on two units only
        return False
    alone = [np.concatenate(parts, axis=-1) for parts in zip(left, right, strict=True)]
    return all(np.allclose(a, b, equal_nan=True) for a, b in zip(together, alone, strict=True))


def band(ax, x, results: np.ndarray, label: str, **style) -> None:
    """Draw the mean over seeds (axis 1) and the band from the worst seed to the best."""
    (line,) = ax.plot(x, results.mean(axis=1), label=label, **style)
    ax.fill_between(x, results.min(axis=1), results.max(axis=1), color=line.get_color(), alpha=0.2, lw=0)


# ---------------------------------------------------------------------------- the layer


@picture("Three features before and after normalization, and with gamma and beta: histograms.")
def batchnorm_features(notes, batchnorm_forward, *, seed: int = 0):
    """Show histograms of three features: as they come, normalized, and given another scale and shift."""
    rng = np.random.default_rng(seed)
    spread, offset = np.array([1.0, 4.0, 0.3]), np.array([-6.0, 5.0, 1.0])
    x = offset + spread * rng.normal(size=(500, 3))
    gamma, beta = np.array([0.5, 1.0, 2.0]), np.array([-4.0, 0.0, 6.0])
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.2), sharey=True)
    titles = (
        "x, as it comes",
        "out\ngamma = 1, beta = 0",
        "out\ngamma = (0.5, 1, 2), beta = (-4, 0, 6)",
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="value")
    axes[0].set_ylabel("samples of 500")
    _histograms(axes[0], x, np.linspace(-10, 18, 57))
    with notes.collect():
        out, _ = ask_forward(batchnorm_forward, x, np.ones(3), np.zeros(3))
        _histograms(axes[1], out, np.linspace(-4, 4, 41))
        out, _ = ask_forward(batchnorm_forward, x, gamma, beta)
        _histograms(axes[2], out, np.linspace(-8, 14, 61))
    return fig


def _histograms(ax, x: np.ndarray, bins: np.ndarray) -> None:
    for j, hatch in enumerate(("", "///", "...")):
        label = "feature {}: {:g} ± {:g}".format(j, *np.round([x[:, j].mean(), x[:, j].std()], 1) + 0.0)
        color = COLORS[j]
        finite = x[np.isfinite(x[:, j]), j]
        style = {"histtype": "stepfilled", "hatch": hatch, "lw": 1.2, "ls": "-"}
        if np.any((finite >= bins[0]) & (finite <= bins[-1])):  # Matplotlib warns of a histogram without a bar
            ax.hist(finite, bins, fc=_faded(color), ec=color, label=label, **style)
        else:
            ax.plot([], [], color=color, label=label)
    ax.set_ylim(0, 250)
    ax.legend(fontsize=8.5, loc="upper right")


def _faded(color: str, alpha: float = 0.35):
    from matplotlib.colors import to_rgba

    return to_rgba(color, alpha)


@picture("Output for a constant feature, and for a batch of two samples against their distance.")
def batchnorm_extremes(notes, batchnorm_forward, *, beta: float = 0.7):
    """Show what normalization makes of a constant feature, and of two samples at any distance."""
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10, 3.3))
    left.set(title=f"a constant feature, beta = {beta}", xlabel="sample", ylabel="value", xticks=range(8))
    left.plot(np.full(8, 3.0), "o", ms=8, ls="none", label="x")
    left.set_ylim(-0.5, 3.9)
    distance = np.geomspace(1e-5, 1e5, 121)
    right.set(title="a batch of two samples, beta = 0", xlabel="distance of the two samples", ylabel="out")
    right.set(xscale="log", ylim=(-1.4, 1.4))
    right.axvline(2 * np.sqrt(1e-5), color="0.5", ls=":", label="2 sqrt(eps)")
    with notes.collect():
        out, _ = ask_forward(batchnorm_forward, np.full((8, 1), 3.0), np.ones(1), np.full(1, beta))
        left.plot(out[:, 0], "s", ms=8, ls="none", label="out")
        # One column for each distance: they do not see each other.
        x = np.stack([-distance / 2, distance / 2])
        out, _ = ask_forward(batchnorm_forward, x, np.ones(x.shape[1]), np.zeros(x.shape[1]))
        right.plot(distance, out[1], label="larger sample")
        right.plot(distance, out[0], label="smaller sample")
    left.legend()
    right.legend(loc="center right")
    return fig


# ---------------------------------------------------------------------------- statistics


@picture("Running mean for two momenta, and the average running variance with and without the correction.")
def batchnorm_running(notes, update_running, *, batch_size: int = 8, steps: int = 60, seed: int = 0):
    """Show running statistics on the way to the truth, in both readings of the momentum and of the variance."""
    mean, var, features = 3.0, 4.0, 400
    x = mean + np.sqrt(var) * np.random.default_rng(seed).normal(size=(steps, batch_size, features))
    biased = var * (batch_size - 1) / batch_size
    batches = np.arange(steps + 1)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.5))
    left.axhline(mean, color="0.4", ls=":", label="true mean")
    left.set(title="one feature", xlabel="batches seen", ylabel="running_mean")
    right.axhline(var, color="0.4", ls=":", label="true variance")
    title = f"average of {features} features, batches of {batch_size}"
    right.set(title=title, xlabel="batches seen", ylabel="running_var")
    with notes.collect():
        means, variances = _running(update_running, x, 0.1)
        left.plot(batches, means[:, 0], label="momentum = 0.1 (weight of the new batch)")
        left.plot(batches, _running(update_running, x, 0.9)[0][:, 0], label="momentum = 0.9", lw=1.2)
        right.plot(batches, variances.mean(axis=1), label="yours, momentum = 0.1")
        remembered = np.concatenate([np.ones((1, features)), x.var(axis=1)])
        for t in batches[1:]:
            remembered[t] = 0.9 * remembered[t - 1] + 0.1 * remembered[t]
        label = f"biased variance, as lecture 002 (ends near {biased:g})"
        right.plot(batches, remembered.mean(axis=1), label=label)
    left.legend(fontsize=9)
    right.legend(fontsize=9)
    return fig


def _running(update_running, x: np.ndarray, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the running means and variances before the first and after every batch, (steps + 1, features)."""
    features = x.shape[2]
    trail = [[np.zeros(features), np.ones(features)]]
    for batch in x:
        trail.append(ask_pair(update_running, *trail[-1], batch, momentum=momentum, shape=(features,)))
    means, variances = zip(*trail, strict=True)
    return np.array(means), np.array(variances)


@picture("One sample's output in training mode among random companions, by batch size, and at inference.")
def batchnorm_companions(notes, batchnorm_forward, batchnorm_inference, update_running, *, seed: int = 0):
    """Show how far one sample's output depends on the rest of its batch, and that at inference it does not."""
    rng, mean, std, value, repeats = np.random.default_rng(seed), 5.0, 2.0, 8.0, 300
    sizes = np.array([2, 4, 8, 16, 32, 64, 128, 256])
    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(xlabel="batch size", ylabel="out of the same sample", title=f"{repeats} random batches around one sample")
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(n) for n in sizes])
    with notes.collect():
        for n in sizes:
            # A column is a batch of its own: the sample on top, its companions below.
            x = mean + std * rng.normal(size=(n, repeats))
            x[0] = value
            out, _ = ask_forward(batchnorm_forward, x, np.ones(repeats), np.zeros(repeats))
            jitter = n * 2 ** rng.uniform(-0.22, 0.22, repeats)
            label = "training mode, a dot for each batch" if n == sizes[0] else None
            ax.plot(jitter, out[0], ".", color=BLUE, ms=4, alpha=0.35, label=label)
    with notes.collect():
        running = [np.zeros(1), np.ones(1)]
        for _ in range(200):
            batch = mean + std * rng.normal(size=(64, 1))
            running = ask_pair(update_running, *running, batch, momentum=0.1, shape=(1,))
        out = ask_array(batchnorm_inference, np.full((1, 1), value), np.ones(1), np.zeros(1), *running, shape=(1, 1))
        ax.axhline(out[0, 0], color=RED, ls="--", label="inference, whatever the batch")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower right")
    return fig


@picture("Estimated variance against batch size: with the correction it is right, without it too small.")
def batchnorm_population(notes, population_statistics, *, batches: int = 500, seed: int = 0):
    """Show the estimate of a known variance from many batches of each size, corrected and not."""
    rng, var, features = np.random.default_rng(seed), 4.0, 40
    sizes = np.array([2, 4, 8, 16, 32, 64, 128])
    fig, ax = notes.plt.subplots(figsize=(7.5, 3.6))
    ax.axhline(var, color="0.4", ls=":", label="true variance")
    ax.set(title=f"{batches} batches of each size", xlabel="batch size m", ylabel="estimated variance", ylim=(1.5, 5))
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(m) for m in sizes])
    draws = [np.sqrt(var) * rng.normal(size=(batches, m, features)) for m in sizes]
    statistics = [(x.mean(axis=1), x.var(axis=1)) for x in draws]
    with notes.collect():
        estimates = [
            ask_pair(population_statistics, means, variances, int(m), shape=(features,))[1]
            for m, (means, variances) in zip(sizes, statistics, strict=True)
        ]
        band(ax, sizes, np.array(estimates), "yours", marker="o", color=BLUE, ls="-")
    plain = np.array([variances.mean(axis=0) for _, variances in statistics])
    band(ax, sizes, plain, "average of the biased variances", marker="s", color=ORANGE, ls="--")
    ax.legend(loc="lower right")
    return fig


# ---------------------------------------------------------------------------- backward


_ROADS = {
    "x": (0, 1),
    "mean": (0.9, 2),
    "centred": (1.9, 1),
    "var": (2.8, 2),
    "std": (3.8, 2),
    "x_hat": (4.8, 1),
    "out": (6.6, 1),
    "gamma": (5.5, 2),
    "beta": (5.5, 0.1),
}
_NAMES = {
    "x": "$x$",
    "mean": r"$\mu_B$",
    "centred": r"$c = x - \mu_B$",
    "var": r"$\sigma_B^2$",
    "std": r"$s = \sqrt{\sigma_B^2 + \epsilon}$",
    "x_hat": r"$\hat x = c\,/\,s$",
    "gamma": r"$\gamma$",
    "beta": r"$\beta$",
    "out": r"out $= \gamma \hat x + \beta$",
}
_SLOPES = {
    ("x", "mean"): "$1/N$",
    ("x", "centred"): "$1$",
    ("mean", "centred"): "$-1$",
    ("centred", "var"): "$2c/N$",
    ("var", "std"): "$1/(2s)$",
    ("centred", "x_hat"): "$1/s$",
    ("std", "x_hat"): "$-c/s^2$",
    ("x_hat", "out"): r"$\gamma$",
    ("gamma", "out"): r"$\hat x$",
    ("beta", "out"): "$1$",
}


@picture("The graph of batch normalization for three samples: values along its edges, and your gradients at its ends.")
def batchnorm_graph(notes: Notes, batchnorm_forward: Callable, batchnorm_backward: Callable):
    """Show the student's gradients at the ends of the graph, for one feature and three samples."""
    x, dout, gamma, beta = np.array([1.0, 2.0, 6.0]), np.array([0.0, 0.0, 1.0]), 2.0, 1.0
    centred = x - x.mean()
    var = np.mean(centred**2)
    std = np.sqrt(var + 1e-5)
    values = {"x": x, "mean": x.mean(), "centred": centred, "var": var, "std": std, "x_hat": centred / std}
    values |= {"gamma": gamma, "beta": beta}
    grads: dict[str, object] = {"x": None, "gamma": None, "beta": None}
    with notes.collect():
        _, layer_cache = ask_forward(batchnorm_forward, x[:, None], np.array([gamma]), np.array([beta]))
        dx, dgamma, dbeta = ask_backward(batchnorm_backward, dout[:, None], layer_cache, 1)
        grads = {"x": dx[:, 0], "gamma": dgamma[0], "beta": dbeta[0]}
    edges = {edge: (written(values[edge[0]]), slope) for edge, slope in _SLOPES.items()}
    signs = {"x": "dx", "gamma": r"d$\gamma$", "beta": r"d$\beta$"}
    below = {name: f"{signs[name]} = {written(grad)}" for name, grad in grads.items()}
    below["out"] = f"dout = {written(dout)}"
    fig, ax = notes.plt.subplots(figsize=(12.4, 4.4))
    draw_graph(ax, _ROADS, _NAMES, edges=edges, below=below, returned_in="0.35")
    ax.set_title("one feature, three samples")
    fig.supxlabel(
        "above an edge: the value that goes along it; below: its local gradient; bold: dout, and your three gradients",
        fontsize="small",
    )
    return fig


@picture("Heat maps of the error of dx: yours, and with roads of the gradient left out.")
def batchnorm_gradient_check(notes, batchnorm_forward, batchnorm_backward, *, seed: int = 0):
    """Show the backward pass against central differences of the forward, entry by entry, on a log scale."""
    rng, n, d = np.random.default_rng(seed), 8, 6
    x, dout = rng.normal(2.0, 3.0, (n, d)), rng.normal(size=(n, d))
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.normal(size=d)
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.9), sharey=True)
    titles = ("yours", "if the variance were a constant", "if both were constants")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="feature")
        ax.set_yticks(range(n + 2), [*range(n), "dgamma", "dbeta"])
        ax.set_xticks(range(d))
        ax.grid(False)
    axes[0].set_ylabel("dx of sample")
    with notes.collect():
        numeric = central_differences(batchnorm_forward, x, gamma, beta, dout)
        constants = gamma * dout / x.std(axis=0)
        for ax, wrong in zip(axes[1:], (constants - constants.mean(axis=0), constants), strict=True):
            error_map(ax, [wrong, *numeric[1:]], numeric)
        _, layer_cache = ask_forward(batchnorm_forward, x, gamma, beta)
        grads = ask_backward(batchnorm_backward, dout, layer_cache, d)
        error_map(axes[0], grads, numeric)
    fig.colorbar(error_scale(), ax=axes, label="log10 of error / largest entry")
    return fig


def central_differences(forward, x, gamma, beta, dout, h: float = 1e-5) -> list[np.ndarray]:
    """Return dx, dgamma, dbeta of sum(dout * out), by moving every entry by h both ways."""
    args, grads = [x, gamma, beta], []
    for which, start in enumerate(args):
        grad = np.zeros_like(start)
        for index in np.ndindex(start.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in args]
                moved[which][index] += sign * h
                ends.append(np.sum(dout * ask_forward(forward, *moved)[0]))
            grad[index] = (ends[0] - ends[1]) / (2 * h)
        grads.append(grad)
    return grads


def error_scale():
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(-12, 0), "cividis")


def error_map(ax, grads: list[np.ndarray], numeric: list[np.ndarray]) -> None:
    rows = []
    for grad, true in zip(grads, numeric, strict=True):
        rows.append(np.abs(np.atleast_2d(grad - true)) / max(np.abs(true).max(), 1e-300))
    error = np.nan_to_num(np.concatenate(rows), nan=1.0, posinf=1.0)
    scale = error_scale()
    ax.imshow(np.log10(np.maximum(error, 1e-16)), norm=scale.norm, cmap=scale.cmap, aspect="auto")
    ax.axhline(len(grads[0]) - 0.5, color="white", lw=3, ls="-")
    ax.set_xlabel(f"feature\nlargest error {error.max():.0e}")


@picture("Measured time of the two backward functions on a batch of 512 by 512.")
def batchnorm_timing(notes, batchnorm_forward, batchnorm_backward, batchnorm_backward_fast, *, repeats: int = 25):
    """Show how long the two backward functions take, here and now."""
    rng, n = np.random.default_rng(0), 512
    x, dout = rng.normal(size=(2, n, n))
    fig, ax = notes.plt.subplots(figsize=(8, 2.4))
    ax.set(xlabel="milliseconds", title=f"one backward pass of a batch ({n}, {n})")
    functions = (batchnorm_backward, batchnorm_backward_fast)
    ax.set_yticks([1, 0], ["staged", "closed form"])
    ax.set_ylim(-0.6, 1.6)
    medians = []
    with notes.collect():
        _, layer_cache = ask_forward(batchnorm_forward, x, np.ones(n), np.zeros(n))
        for row, backward in zip((1, 0), functions, strict=True):
            with notes.collect():
                ask_backward(backward, dout, layer_cache, n)
                took = 1e3 * _seconds(lambda f=backward: f(dout, layer_cache), repeats)
                medians.append(np.median(took))
                ax.barh(row, medians[-1], 0.5, color=(BLUE, ORANGE)[row], alpha=0.35)
                ax.plot(took, np.full(repeats, row), "|", color=(BLUE, ORANGE)[row], ms=12)
    if len(medians) == 2:
        ax.set_title(f"{ax.get_title()}: the closed form is {medians[0] / medians[1]:.1f} times as fast")
        ax.set_xlim(0, 2.5 * max(medians))
    return fig


def _seconds(call: Callable[[], object], repeats: int) -> np.ndarray:
    """Return the seconds that each of `repeats` calls took."""
    took = np.empty(repeats)
    with _one_thread().limit(limits=1), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for i in range(repeats):
            start = time.perf_counter()
            call()
            took[i] = time.perf_counter() - start
    return took


# ---------------------------------------------------------------------------- folding, centring, scale


@picture("Outputs of linear plus BatchNorm against the folded layer, and the time of both.")
def batchnorm_folding(notes, batchnorm_inference, fold, fold_into_linear, *, seed: int = 0):
    """Show that one linear layer does what linear and BatchNorm did, and how long each takes."""
    rng, n, d = np.random.default_rng(seed), 256, 128
    u, W, b = rng.normal(size=(n, d)), rng.normal(size=(d, d)) / np.sqrt(d), rng.normal(size=d)
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.normal(size=d)
    mean, var, eps = rng.normal(size=d), rng.uniform(0.3, 3.0, d), 1e-5
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10, 3.5), width_ratios=(1, 1.3))
    left.set(xlabel="linear, then batchnorm_inference", ylabel="folded linear", title="the same outputs?")
    right.set(xlabel="microseconds for 256 inputs (median of 200)", title="measured here")
    right.set_yticks([1, 0], ["linear, then\nBatchNorm", "folded"])
    right.set_ylim(-0.6, 1.6)
    with notes.collect():
        out = ask_array(batchnorm_inference, u @ W + b, gamma, beta, mean, var, eps=eps, shape=(n, d))
        times = [_seconds(lambda: batchnorm_inference(u @ W + b, gamma, beta, mean, var, eps=eps), 200)]
        scale, shift = ask_pair(fold, gamma, beta, mean, var, eps, shape=(d,))
        W_folded, b_folded = ask(_two(fold_into_linear), W, b, scale, shift)
        W_folded, b_folded = as_array(fold_into_linear, W_folded, (d, d)), as_array(fold_into_linear, b_folded, (d,))
        folded = u @ W_folded + b_folded
        times.append(_seconds(lambda: u @ W_folded + b_folded, 200))
        left.axline((0, 0), slope=1, color="0.5", lw=1, ls="--")
        left.plot(out[:, :8].ravel(), folded[:, :8].ravel(), ".", ms=4)
        left.set_title(f"largest difference {np.abs(out - folded).max():.0e}")
        for row, took in zip((1, 0), times, strict=True):
            median = 1e6 * np.median(took)
            right.barh(row, median, 0.5, color=(BLUE, ORANGE)[row], alpha=0.6)
            right.annotate(f" {median:.0f}", (median, row), va="center")
        right.margins(x=0.12)
    return fig


def _two(function: Callable) -> Callable:
    def pair(*args):
        result = function(*args)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            raise NotReady(name_of(function), f"gave {describe(result)} where a pair was expected")
        return result

    pair.__name__ = name_of(function)
    return pair


@picture("Naive centring: the bias grows step by step while outputs and loss stand still.")
def batchnorm_centering(notes, naive_centering_step, *, lr: float = 0.05, steps: int = 200, seed: int = 0):
    """Show the bias, the outputs and the loss while following the gradient that forgets the mean."""
    rng, n = np.random.default_rng(seed), 16
    x, target = rng.normal(size=n), 2.0
    names = ("bias b", "out of three samples", "loss and true gradient")
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.3))
    for ax, name in zip(axes, names, strict=True):
        ax.set(title=name, xlabel="step", xlim=(0, steps))
    axes[0].set_ylabel("b")
    axes[1].set_ylabel("out = x + b - mean(x + b)")
    axes[2].set_ylabel("value")
    b, trail = 0.0, []
    with notes.collect():
        for _ in range(steps):
            out = x + b - np.mean(x + b)
            grad_out = (out - target) / n
            b_next, true_grad = (float(v) for v in ask_pair(naive_centering_step, b, grad_out, lr, shape=()))
            trail.append([b, *out[:3], np.mean((out - target) ** 2) / 2, true_grad])
            b = b_next
        trail = np.array(trail)
        axes[0].plot(trail[:, 0])
        for i in range(3):
            axes[1].plot(trail[:, 1 + i], label=f"sample {i}")
        axes[2].plot(trail[:, 4], label="loss")
        axes[2].plot(trail[:, 5], label="true gradient by b")
        axes[1].legend(fontsize=9)
        axes[2].legend(fontsize=9, loc="center right")
        axes[2].set_ylim(-0.5, 1.2 * trail[0, 4])
        # The same height for every lr, so that two pictures can be compared.
        seen = trail[np.isfinite(trail[:, 0]), 0]
        axes[0].set_ylim(min(-1, *seen), max(22, *seen))
        axes[1].margins(y=0.15)
    return fig


@picture("Output gap and gradient ratio against the scale of the weights, with BatchNorm and without.", waits="any")
def batchnorm_scale(notes, scale_invariance_gap, *, seed: int = 0):
    """Show what a factor on the weights does to the output and to the gradient."""
    W, u, dout = _scale_problem(seed)
    factors = np.geomspace(0.01, 100, 12)  # an even number leaves out a = 1, where no gap is no news
    z = u @ W
    plain_gap = np.abs(np.outer(factors - 1, z)).max(axis=1)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.6))
    left.set(title="how far the output moves", ylabel="output gap (at least 1e-17)")
    right.set(title="how much the gradient changes", ylabel="gradient ratio")
    for ax in (left, right):
        ax.set(xscale="log", yscale="log", xlabel="a, the factor on W")
    with notes.collect():
        pairs = [ask_pair(scale_invariance_gap, W, u, dout, float(a), shape=()) for a in factors]
        gap, ratio = np.array(pairs, dtype=float).T
        left.plot(factors, np.maximum(gap, 1e-17), "o-", label="with BatchNorm, yours")
        right.plot(factors, ratio, "o", ls="none", label="with BatchNorm, yours")
    right.plot(factors, 1 / factors, color=GREEN, ls="-.", label="1 / a")
    for ax, values in ((left, np.maximum(plain_gap, 1e-17)), (right, np.ones_like(factors))):
        ax.plot(factors, values, "s--", color=ORANGE, ms=5, label="without BatchNorm")
        ax.legend(fontsize=9)
    return fig


def _scale_problem(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(20, 10)), rng.normal(size=(32, 20)), rng.normal(size=(32, 10))


def batchnorm_negative_scale(scale_invariance_gap, *, a: float = -2.0, seed: int = 0) -> None:
    """Print the output gap and the gradient ratio for a negative factor."""
    W, u, dout = _scale_problem(seed)
    notes = Notes(None)
    with notes.collect():
        gap, ratio = ask_pair(scale_invariance_gap, W, u, dout, a, shape=())
        notes.add(f"a = {a:g}: output_gap = {gap:.3g}, gradient_ratio = {ratio:.3g}")
    for note in notes:
        print(note)


# ---------------------------------------------------------------------------- images


@picture("Which outputs move when one pixel is changed: yours, statistics per pixel, reshape without transpose.")
def batchnorm_shared(notes, spatial_batchnorm_forward, *, seed: int = 0):
    """Show which outputs share statistics with one pixel: those that move when it is changed."""
    x = np.random.default_rng(seed).normal(size=(3, 3, 5, 5))
    pixel = (0, 1, 2, 3)
    ones, zeros = np.ones(3), np.zeros(3)
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 4.0))
    titles = ("yours", "a trap: statistics per pixel", "a trap: reshape(-1, C), no transpose")
    for ax, title in zip(axes, titles, strict=True):
        mosaic(ax, np.zeros(x.shape), pixel)
        ax.set_title(title)
    axes[0].set_ylabel("image n")
    mosaics = {
        1: lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
        2: lambda x: _normalized_rows(x.reshape(-1, 3)).reshape(x.shape),
    }
    for i, normalize in mosaics.items():
        mosaic(axes[i], moved(normalize, x, pixel), pixel)
    with notes.collect():
        yours = moved(lambda x: ask_forward(spatial_batchnorm_forward, x, ones, zeros)[0], x, pixel)
        mosaic(axes[0], yours, pixel)
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [Patch(fc=BLUE), Patch(fc="0.9"), Line2D([], [], marker="*", ms=12, color=ORANGE, ls="none")]
    fig.legend(handles, ["moved", "stood still", "the pixel that was changed"], loc="outside lower center", ncols=3)
    return fig


def _normalized_rows(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def moved(normalize: Callable, x: np.ndarray, pixel: tuple[int, ...]) -> np.ndarray:
    changed = x.copy()
    changed[pixel] += 1.0
    return np.abs(normalize(changed) - normalize(x)) > 1e-10


def mosaic(ax, moved: np.ndarray, pixel: tuple[int, ...]) -> None:
    """Draw images (N, C, H, W) as N rows and C columns of small maps."""
    from matplotlib.colors import ListedColormap

    n, c, h, w = moved.shape
    canvas = np.full((n * (h + 1) - 1, c * (w + 1) - 1), np.nan)
    for i, j in np.ndindex(n, c):
        canvas[i * (h + 1) : i * (h + 1) + h, j * (w + 1) : j * (w + 1) + w] = moved[i, j]
    ax.imshow(canvas, cmap=ListedColormap(["0.9", BLUE]), vmin=0, vmax=1)
    i, j, row, column = pixel
    ax.plot(j * (w + 1) + column, i * (h + 1) + row, "*", color=ORANGE, ms=12)
    ax.set_xticks([j * (w + 1) + (w - 1) / 2 for j in range(c)], range(c))
    ax.set_yticks([i * (h + 1) + (h - 1) / 2 for i in range(n)], range(n))
    ax.set_xlabel("channel c")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


# ---------------------------------------------------------------------------- in a network


@picture("Distribution of a hidden unit's input while the network trains, without and with BatchNorm.")
def batchnorm_drift(notes, batchnorm_forward=None, batchnorm_backward=None, *, steps: int = 200, lr: float = 0.1):
    """Show what the units of the last hidden layer are given, on the same images, while the network learns."""
    with_norm = batchnorm_forward is not None
    fig, axes = notes.plt.subplots(1, 1 + with_norm, figsize=(11 if with_norm else 7, 3.6), sharey=True, squeeze=False)
    axes = axes[0]
    axes[0].set_ylabel("input of the ReLU")
    for ax, title in zip(axes, ("without BatchNorm", "with your BatchNorm"), strict=False):
        ax.set(title=title, xlabel="step", xlim=(0, steps))
    _draw_drift(axes[0], _watched_inputs(None, steps, lr))
    if with_norm:
        with notes.collect():
            norm = ready_norm(batchnorm_forward, batchnorm_backward)
            _draw_drift(axes[1], _watched_inputs(norm, steps, lr))
    # Twelve medians leave no room between them.
    where = {} if with_norm else {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 3}
    axes[-1].legend(*axes[0].get_legend_handles_labels(), fontsize=9, **where)
    return fig


def _watched_inputs(norm: BatchNorm | None, steps: int, lr: float) -> np.ndarray:
    """Return what the last hidden layer's ReLUs are given for 256 fixed images, (steps + 1, 256, units)."""
    images = _digits().x_train[:256].astype(np.float32)
    [inputs] = _train(
        norm, [_Run(0, lr)], steps=steps, parts=steps, judge=lambda networks: networks.relu_inputs(images)[-1]
    )
    return inputs


def _draw_drift(ax, inputs: np.ndarray) -> None:
    quantiles = np.quantile(inputs[:, :, :13], (0.15, 0.5, 0.85), axis=1)
    step = np.arange(1, inputs.shape[0] + 1)
    ax.plot(step, quantiles[1, :, 1:], color="0.6", lw=0.7, ls="-", zorder=1)
    ax.plot([], [], color="0.6", lw=0.7, ls="-", label="medians of twelve others")
    ax.fill_between(step, *quantiles[::2, :, 0], color=BLUE, alpha=0.25, lw=0, label="one unit: 15% to 85%")
    ax.plot(step, quantiles[1, :, 0], color=BLUE, label="its median")


@picture("Validation accuracy against the learning rate, without and with BatchNorm.", waits="any")
def batchnorm_learning_rates(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=100, seeds=3
):
    """Show the accuracy after a short training for learning rates over three decades, with and without."""
    rates = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

    def accuracies(norm, what) -> np.ndarray:
        runs = [_Run(seed, lr) for lr in rates for seed in range(seeds)]
        return _sweep(norm, runs, what, steps=steps).reshape(-1, seeds)

    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(xscale="log", xlabel="lr", ylabel="validation accuracy", ylim=(0, 1.02))
    ax.set_title(f"after {steps} steps of SGD; mean, worst and best of {seeds} seeds")
    band(ax, rates, accuracies(None, "without"), "without BatchNorm", marker="s", color=ORANGE, ls="--")
    with notes.collect():
        norm = ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running)
        band(ax, rates, accuracies(norm, "with"), "with your BatchNorm", marker="o", color=BLUE, ls="-")
    ax.axhline(GUESSING, color="0.5", ls=":", lw=1, label="guessing (diverged runs count as this)")
    ax.legend(loc="lower left", bbox_to_anchor=(0.02, 0.14), fontsize=9)
    return fig


@picture("Validation accuracy against the scale of the first weights, without and with BatchNorm.", waits="any")
def batchnorm_start_scales(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=100, seeds=3
):
    """Show the accuracy after a short training, the hidden layers starting from He's weights times a factor."""
    factors = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)

    def accuracies(norm, what) -> np.ndarray:
        runs = [_Run(seed, 0.1, factor) for factor in factors for seed in range(seeds)]
        return _sweep(norm, runs, what, steps=steps).reshape(-1, seeds)

    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(
        xscale="log", xlabel="a, the factor on the hidden layers' weights at the start", ylabel="validation accuracy"
    )
    ax.set(ylim=(0, 1.02), title=f"{steps} steps of SGD, lr = 0.1; mean, worst and best of {seeds} seeds")
    band(ax, factors, accuracies(None, "without"), "without BatchNorm", marker="s", color=ORANGE, ls="--")
    with notes.collect():
        norm = ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running)
        band(ax, factors, accuracies(norm, "with"), "with your BatchNorm", marker="o", color=BLUE, ls="-")
    ax.axhline(GUESSING, color="0.5", ls=":", lw=1, label="guessing (diverged runs count as this)")
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 0.75), fontsize=9)
    return fig


@picture(
    "Validation accuracy against the batch size, without BatchNorm, with it, and with batch statistics.", waits="any"
)
def batchnorm_batch_sizes(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=100, seeds=3
):
    """Show the accuracy after as many steps with batches of 2 to 128, evaluated in two ways."""
    sizes = (2, 4, 8, 16, 32, 64, 128)
    digits = _digits()

    def judge(networks) -> np.ndarray:
        both = [_accuracy(networks, digits.x_val, digits.y_val, by_batch=by_batch) for by_batch in (False, True)]
        return np.stack(both, axis=-1)

    def accuracies(norm, what) -> np.ndarray:
        runs, training = [_Run(seed, 0.03) for seed in range(seeds)], {"steps": steps, "judge": judge}
        found = [_sweep(norm, runs, f"{what}, {size} images", batch_size=size, **training) for size in sizes]
        return np.stack(found)[:, :, 0]

    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(xlabel="batch size in training", ylabel="validation accuracy", ylim=(0, 1.02))
    ax.set_title(f"{steps} steps, lr = 0.03; mean, worst and best of {seeds} seeds")
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(n) for n in sizes])
    band(ax, sizes, accuracies(None, "without")[..., 0], "without BatchNorm", marker="s", color=ORANGE, ls="--")
    with notes.collect():
        norm = ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running)
        yours = accuracies(norm, "with")
        band(ax, sizes, yours[..., 0], "with yours, at inference", marker="o", color=BLUE, ls="-")
        label = "with yours, statistics of the 359 validation images"
        band(ax, sizes, yours[..., 1], label, marker="^", color=GREEN, ls="-.")
    ax.legend(loc="lower right", fontsize=9)
    return fig


@picture(
    "Accuracy while training, and how far the units' means jump: plain, BatchNorm, BatchNorm with random shifts.",
    waits="any",
)
def batchnorm_shifted(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=150, seeds=4
):
    """Show training with random scales and shifts after BatchNorm, and how much each network's inputs jump."""
    parts, lr, strength = 15, 0.03, 0.5
    images = _digits().x_train[:256].astype(np.float32)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.7), width_ratios=(1.5, 1))
    left.set(xlabel="step", ylabel="validation accuracy", ylim=(0, 1.02))
    left.set_title(f"lr = {lr}; mean, worst and best of {seeds} seeds")
    right.set(yscale="log", ylabel="jump of a unit's mean, per step", title="how unsteady the inputs are")
    step = (np.arange(parts) + 1) * steps // parts
    names = ("without", "BatchNorm", "BatchNorm\nthen shifts")

    def means(networks) -> np.ndarray:
        return np.concatenate([z.mean(axis=1) for z in networks.relu_inputs(images)], axis=1)

    def draw(i, norm, **layer) -> None:
        before = np.empty(0)

        def look(t, networks) -> None:
            nonlocal before
            if (t + 1) % (steps // parts) == 0:
                before = means(networks)

        def judge(networks) -> np.ndarray:
            jump = np.abs(means(networks) - before).mean(axis=1)
            return np.stack([_on_validation(networks), jump], axis=-1)

        runs, name = [_Run(seed, lr) for seed in range(seeds)], names[i].replace("\n", " ")
        found = _sweep(norm, runs, name, steps=steps, parts=parts, on_step=look, judge=judge, **layer)
        curves, jumps = found[..., 0], found[..., 1].mean(axis=1)
        style = {"color": (ORANGE, BLUE, RED)[i], "marker": "so^"[i], "ls": ("--", "-", "-.")[i]}
        band(left, step, curves.T, name, **style)
        right.plot(np.full(seeds, i), np.maximum(jumps, 1e-6), color=style["color"], marker=style["marker"], ls="none")

    right.set_xticks(range(3), names)
    right.set_xlim(-0.5, 2.5)
    draw(0, None)
    with notes.collect():
        norm = ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running)
        draw(1, norm)
        draw(2, norm, around=partial(_shifting, strength=strength, rng=np.random.default_rng(0)))
    left.legend(loc="lower right")
    return fig


@picture(
    "Accuracy on the digits with and without BatchNorm, each with its best learning rate, over the seeds.", waits="any"
)
def batchnorm_before_and_after(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=300, seeds=3
):
    """Show the digits learnt without and with BatchNorm, each at its best learning rate, judged on test data."""
    rates, parts = (0.1, 0.3, 1.0), 20
    digits = _digits()
    step = (np.arange(parts) + 1) * steps // parts

    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.8), width_ratios=(1.5, 1))
    left.set(xlabel="step", ylabel="validation accuracy", ylim=(0, 1.02))
    left.set_title(f"mean, worst and best of {seeds} seeds")
    right.set(ylabel="test accuracy", title="at the end, a dot for each seed", xlim=(-0.5, 1.5))
    right.set_xticks([0, 1], ["without", "with yours"])

    def draw(i, norm, name) -> np.ndarray:
        runs = [_Run(seed, lr) for lr in rates for seed in range(seeds)]
        tests: list[np.ndarray] = []

        def judge_at_the_end(t, networks) -> None:
            if t == steps:
                tests.append(_accuracy(networks, digits.x_test, digits.y_test))

        found = _sweep(norm, runs, name, steps=steps, parts=parts, on_step=judge_at_the_end)
        found, at_the_end = found.reshape(-1, seeds, parts), np.concatenate(tests).reshape(-1, seeds)
        best = int(np.argmax(found[:, :, -1].mean(axis=1)))
        style = {"color": (ORANGE, BLUE)[i], "marker": "so"[i], "ls": ("--", "-")[i]}
        test = at_the_end[best]
        band(left, step, found[best].T, f"{name}, lr = {rates[best]:g}", ms=4, **style)
        right.plot(np.full(seeds, i), test, color=style["color"], marker=style["marker"], ls="none")
        return test

    without = draw(0, None, "without BatchNorm")
    with notes.collect():
        norm = ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running)
        yours = draw(1, norm, "with your BatchNorm")
        right.plot([0, 1], np.stack([without, yours]), color="0.6", lw=0.8, ls="-", zorder=1)
        gain = 100 * (yours - without)
        notes.add(
            f"Test accuracy: {100 * without.mean():.1f}% without, {100 * yours.mean():.1f}% with; the difference is "
            f"{gain.mean():+.1f} ± {gain.std(ddof=1):.1f} points (mean and standard deviation of {seeds} seeds)."
        )
    left.legend(loc="lower right")
    return fig
