"""Dropout with a fence around the weights, in a logistic model, and what its units are worth without their partners."""

from collections.abc import Callable

import numpy as np

from helpers import data
from helpers.plots.dropout import as_layer, ask_noise, ask_numbers, side_by_side
from helpers.plots.penalised_digits import few_digits, one_thread
from helpers.plots.pieces import legend, seed_std
from helpers.plots.ready import Notes, ask_array, picture
from helpers.plots.side_by_side import Networks, learn
from helpers.plots.style import COLORS
from helpers.training import Params

BLUE, ORANGE, GREEN, RED = COLORS[:4]


def _images(seeds: int, images: int, wrong: int) -> tuple[np.ndarray, np.ndarray, data.Dataset]:
    """Return images and labels to learn, others for each seed, and the digits that hold the test images."""
    sets = [few_digits(seed, images=images, wrong=wrong) for seed in range(seeds)]
    return (
        np.stack([part.x_train for part in sets]).astype(np.float32),
        np.stack([part.y_train for part in sets]),
        sets[0],
    )


def _shared(x: np.ndarray, networks: int) -> np.ndarray:
    return np.broadcast_to(x.astype(np.float32), (networks, *x.shape))


# ---------------------------------------------------------------------------------- 10: the fence


@picture("Test accuracy by learning rate without and with dropout, each without and with max-norm.")
@one_thread
def dropout_fence(
    notes: Notes,
    dropout_forward: Callable,
    dropout_backward: Callable,
    max_norm: Callable,
    *,
    p: float = 0.5,
    c: float = 1.0,
    rates: tuple[float, ...] = (0.02, 0.05, 0.1),
    steps: int = 200,
    seeds: int = 4,
):
    """Show 200 digits, 20 labels wrong, learnt by momentum at three rates, without and with dropout and max-norm."""
    x, y, digits = _images(seeds, 200, 20)
    x, y = (np.tile(part, (len(rates),) + (1,) * (part.ndim - 1)) for part in (x, y))
    lr = np.repeat(rates, seeds)
    x_test = _shared(digits.x_test, len(lr))
    fig, ax = notes.plt.subplots(figsize=(8.5, 4.0))
    ax.set(xscale="log", xlabel="lr", ylabel="test accuracy (%)", ylim=(0, 100))
    ax.set_title(f"200 images, 20 labels wrong, {steps} steps; mean, worst and best of {seeds} seeds")
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()

    said = ["Test accuracy by lr:"]

    def fence(params: Params) -> Params:
        return {
            name: ask_array(max_norm, w, c, 1, shape=w.shape).astype(np.float32) if name.startswith("W") else w
            for name, w in params.items()
        }

    def draw(name: str, color: str, line: str, marker: str, *, dropped: bool, fenced: bool) -> None:
        layer = side_by_side(as_layer(dropout_forward, dropout_backward, p)) if dropped else {}
        networks = Networks((64, 64, 64, 10), list(range(seeds)) * len(rates), **layer)
        how = {"steps": steps, "batch": 20, "momentum": 0.9, "rng": np.random.default_rng(0)}
        learn(networks, x, y, lr=lr, change=fence if fenced else None, **how)
        found = 100 * networks.accuracy(x_test, digits.y_test).reshape(len(rates), seeds)
        ax.plot(rates, found.mean(axis=1), color=color, ls=line, marker=marker, ms=5, label=name)
        ax.fill_between(rates, found.min(axis=1), found.max(axis=1), color=color, alpha=0.15, lw=0)
        each = ", ".join(
            f"{row.mean():.1f} ± {seed_std(row):.1f} % at {rate:g}" for rate, row in zip(rates, found, strict=True)
        )
        said.append(f"{name:21} {each}")

    draw("neither", ORANGE, "--", "s", dropped=False, fenced=False)
    with notes.collect():
        draw("dropout", BLUE, "-", "o", dropped=True, fenced=False)
        draw("max-norm", GREEN, ":", "D", dropped=False, fenced=True)
        draw("dropout and max-norm", RED, "-.", "^", dropped=True, fenced=True)
        notes.add("\n".join(said))
    legend(ax, loc="lower left")
    return fig


# --------------------------------------------------------------------------------- 10: the Fisher form


def _log_partition(z: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, z)


@picture("Extra logistic loss under many masks against the Fisher form; what a sample pays, by its score.")
@one_thread
def dropout_fisher(
    notes: Notes,
    dropout_forward: Callable,
    dropout_penalty: Callable,
    *,
    p: float = 0.3,
    masks: int = 600,
    seed: int = 0,
):
    """Show what dropout adds to a logistic loss, measured and by Wager et al.'s (2013) quadratic form.

    The form is the student's `dropout_penalty` with each sample scaled by the root of half its Fisher weight.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((60, 8)) * np.geomspace(0.3, 1.5, 8)
    w = rng.standard_normal(8) / np.sqrt(8)
    sizes = np.geomspace(0.3, 30, 11)
    fig, (extra, pays) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    extra.set(xscale="log", yscale="log", xlabel="size of the weights (times)", ylabel="extra loss")
    extra.set(title=f"what dropout adds to a logistic loss, p = {p:g}", ylim=(1e-4, 30))
    pays.set(xlabel="score of the sample, $x_i \\cdot w$", ylabel="factor on its part of the penalty")
    pays.set_title("who pays")
    score = np.linspace(-8, 8, 200)
    pays.axhline(1, color=ORANGE, ls="--", label="squared loss: everybody the same")
    chance = 1 / (1 + np.exp(-score))
    pays.plot(score, chance * (1 - chance) / 2, color=BLUE, ls="-", label=r"logistic: $\frac{1}{2}\, s\,(1 - s)$")
    many = np.tile(x, (masks, 1, 1))
    with notes.collect():
        out, _ = ask_noise(dropout_forward, many, p, rng, train=True)
        measured = []
        for size in sizes:
            losses = np.mean(_log_partition(out @ (size * w)) - _log_partition(x @ (size * w)), axis=1)
            measured.append((losses.mean(), 2 * losses.std() / np.sqrt(masks)))
        mean, twice = np.transpose(measured)
        style = {"color": ORANGE, "marker": "o", "mfc": "none", "ms": 7, "ls": "none", "capsize": 3}
        extra.errorbar(sizes, mean, twice, label=f"measured, {masks} masks (± 2 standard errors)", **style)
    with notes.collect():
        predicted, plain = [], []
        for size in sizes:
            s = 1 / (1 + np.exp(-x @ (size * w)))
            scaled = x * np.sqrt(s * (1 - s) / 2)[:, None]
            predicted.append(float(ask_numbers(dropout_penalty, scaled, size * w, p, shape=())))
            plain.append(float(ask_numbers(dropout_penalty, x, size * w, p, shape=())) / 8)
        extra.plot(sizes, predicted, color=BLUE, ls="-", label="Fisher form, by your dropout_penalty")
        extra.plot(
            sizes, plain, color=GREEN, ls=":", label=r"every sample at $\frac{1}{8}$: plain L2 on scaled features"
        )
    legend(extra, loc="upper left")
    legend(pays, loc="center right")
    return fig


# ------------------------------------------------------------------------------ 10: with whom it works


def _roughness(filters: np.ndarray) -> np.ndarray:
    """Return how much neighbours differ in each filter (..., 8, 8), relative to its size: 3.5 for noise."""
    differences = sum(np.sum(np.diff(filters, axis=axis) ** 2, axis=(-2, -1)) for axis in (-2, -1))
    return differences / np.sum(filters**2, axis=(-2, -1))


def _tiled(filters: np.ndarray, columns: int) -> np.ndarray:
    """Return filters (n, 8, 8) side by side, each from -1 to 1, with gaps between them."""
    scaled = filters / np.abs(filters).max(axis=(1, 2), keepdims=True)
    framed = np.pad(scaled, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    rows = framed.reshape(-1, columns, *framed.shape[1:])
    return rows.transpose(0, 2, 1, 3).reshape(len(rows) * framed.shape[1], -1)


def _refitted(h: np.ndarray, y: np.ndarray, h_test: np.ndarray, y_test: np.ndarray) -> float:
    """Return the accuracy of a new linear layer by ridge regression on these units alone."""
    ones = [np.column_stack([part, np.ones(len(part))]).astype(float) for part in (h, h_test)]
    gram = ones[0].T @ ones[0]
    ridge = 0.01 * len(h) * np.mean(ones[0] ** 2)
    weights = np.linalg.solve(gram + ridge * np.eye(len(gram)), ones[0].T @ np.eye(10)[y])
    return float(np.mean((ones[1] @ weights).argmax(axis=1) == y_test))


@picture(
    "First-layer filters without and with dropout; accuracy with fewer units, as they are and with a new last layer."
)
@one_thread
def dropout_partners(
    notes: Notes,
    dropout_forward: Callable,
    dropout_backward: Callable,
    *,
    p: float = 0.5,
    units: int = 100,
    steps: int = 600,
    seeds: int = 6,
    draws: int = 4,
):
    """Show whether hidden units depend on their partners: some are removed, with the last layer as it is or made anew.

    One hidden layer, 1,000 digits, SGD with momentum; the same first weights and batches without and with dropout.
    """
    x, y, digits = _images(seeds, 1000, 0)
    x_test, y_test = _shared(digits.x_test, seeds), digits.y_test
    left = np.array([1.0, 0.7, 0.5, 0.3, 0.1])
    panels = [["without", "kept", "rough", "quiet"], ["with", "kept", "rough", "quiet"]]
    fig, axes = notes.plt.subplot_mosaic(panels, figsize=(12.6, 4.4), width_ratios=(1.15, 1.6, 0.55, 0.55))
    ax, rough, quiet = axes["kept"], axes["rough"], axes["quiet"]
    for name in ("without", "with"):
        axes[name].set(xticks=[], yticks=[], ylabel=f"{name} dropout")
        axes[name].grid(False)
    axes["without"].set_title("filters of the same 18 units", fontsize="medium")
    ax.set(xlabel="share of the hidden units that is left", ylabel="test accuracy (%)", ylim=(0, 100), xlim=(1.05, 0))
    ax.set_title("some units removed", fontsize="medium")
    rough.set_title("filters", fontsize="medium")
    rough.set_ylabel("roughness")
    quiet.set_title("activations", fontsize="medium")
    quiet.set_ylabel("silent (%)")
    for part in (rough, quiet):
        part.set(xlim=(-0.6, 1.6), xlabel="dropout")
        part.set_xticks([0, 1], ["without", "with"])

    said = ["Test accuracy as units are removed, and what units do:"]

    def draw(place: int, name: str, color: str, layer: dict[str, Callable]) -> None:
        networks = Networks((64, units, 10), range(seeds), **layer)
        learn(networks, x, y, lr=0.05, steps=steps, batch=20, momentum=0.9, rng=np.random.default_rng(0))
        patches = networks.params["W1"].transpose(0, 2, 1).reshape(seeds, units, 8, 8)
        axes[name].imshow(_tiled(patches[0][:18], 6), cmap="PuOr", vmin=-1, vmax=1)
        h, h_test = networks.hidden(x), networks.hidden(x_test)
        whole, rng = networks.params["W2"], np.random.default_rng(1)
        as_is, anew = np.empty((2, len(left), draws, seeds))
        for k, share in enumerate(left):
            for draw_ in range(draws):
                chosen = np.argsort(rng.random((seeds, units)), axis=1)[:, : round(share * units)]
                mask = np.zeros((seeds, units, 1), np.float32)
                np.put_along_axis(mask, chosen[..., None], 1, axis=1)
                networks.params["W2"] = whole * mask
                as_is[k, draw_] = networks.accuracy(x_test, y_test)
                anew[k, draw_] = [
                    _refitted(h[s][:, chosen[s]], y[s], h_test[s][:, chosen[s]], y_test) for s in range(seeds)
                ]
        for values, line, marker, what in ((as_is, "-", "o", "as they are"), (anew, ":", "s", "new last layer")):
            found = 100 * values.mean(axis=1)
            ax.plot(left, found.mean(axis=1), color=color, ls=line, marker=marker, ms=4, label=f"{name}, {what}")
            ax.fill_between(left, found.min(axis=1), found.max(axis=1), color=color, alpha=0.15, lw=0)
            half = found[list(left).index(0.5)]
            said.append(
                f"{name:7} dropout, {what:14}: {found[0].mean():.1f} ± {seed_std(found[0]):.1f} % with all units, "
                f"{half.mean():.1f} ± {seed_std(half):.1f} % with half"
            )
        roughness, silent = _roughness(patches).mean(axis=1), 100 * np.mean(h_test == 0, axis=(1, 2))
        for part, value in ((rough, roughness), (quiet, silent)):
            part.plot(np.full(seeds, place), value, "o", color=color, ls="none", ms=5, alpha=0.7)
            part.plot([place - 0.3, place + 0.3], [value.mean()] * 2, color=color, ls="-", lw=2.5)
        said.append(
            f"{name:7} dropout: roughness {roughness.mean():.2f} ± {seed_std(roughness):.2f}, "
            f"silent {silent.mean():.0f} ± {seed_std(silent):.0f} %"
        )

    draw(0, "without", ORANGE, {})
    with notes.collect():
        draw(1, "with", BLUE, side_by_side(as_layer(dropout_forward, dropout_backward, p)))
        notes.add("\n".join(said))
    legend(ax, loc="lower left")
    return fig
