"""What is said of batch normalization, measured: that it smooths the loss, and that it makes dropout superfluous."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from helpers import data
from helpers.plots.batchnorm import ready_norm
from helpers.plots.penalised_digits import few_digits, one_thread
from helpers.plots.pieces import seed_std
from helpers.plots.ready import NotReady, picture
from helpers.plots.side_by_side import Networks, inverted_dropout, learn
from helpers.plots.style import COLORS
from helpers.training import BatchNorm, Params

BLUE, ORANGE, GREEN, RED = COLORS[:4]
_DEEP = (64, 64, 64, 64, 64, 10)


def _guarded(norm: BatchNorm) -> BatchNorm:
    """Return the layer, whose functions raise NotReady where they fail in the middle of a training."""

    def guard(function: Callable) -> Callable:
        def call(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except Exception as error:
                where = "the networks with your functions"
                raise NotReady(where, f"stopped with {type(error).__name__}: {error}") from error

        return call

    return replace(norm, forward=guard(norm.forward), backward=guard(norm.backward), inference=guard(norm.inference))


# ---------------------------------------------------------------------------- along the gradient


class _Shifts:
    """A random scale and shift of every unit of every layer behind batch norm, the same until they are drawn anew."""

    def __init__(self, norm: BatchNorm, strength: float, layers: int, units: int, rng: np.random.Generator) -> None:
        self.norm, self.strength, self.shape, self.rng = norm, strength, (layers, units), rng
        self.draw()

    def draw(self) -> None:
        self.scale = self.rng.uniform(1 - self.strength, 1 + self.strength, self.shape).astype(np.float32)
        self.shift = self.rng.uniform(-self.strength, self.strength, self.shape).astype(np.float32)
        self.calls = 0

    def layer(self) -> BatchNorm:
        return replace(self.norm, forward=self._forward, backward=self._backward)

    def _forward(self, x, gamma, beta, *, eps):
        out, cache = self.norm.forward(x, gamma, beta, eps=eps)
        # Every pass calls all layers, from the first to the last.
        layer = self.calls % len(self.scale)
        self.calls += 1
        return out * self.scale[layer] + self.shift[layer], (cache, layer)

    def _backward(self, dout, kept):
        cache, layer = kept
        return self.norm.backward(dout * self.scale[layer], cache)


def _dot(a: Params, b: Params) -> np.ndarray:
    """Return each network's product of two gradients, over all its parameters."""
    return sum(np.sum(a[name].astype(float) * b[name], axis=tuple(range(1, b[name].ndim))) for name in b)


@dataclass(frozen=True)
class _Along:
    """What a walk along the gradient finds, (steps, distances, networks)."""

    change: np.ndarray  # of the loss
    promised: np.ndarray  # by the slope
    cosine: np.ndarray  # between the gradient there and here


def _walk(networks: Networks, x: np.ndarray, y: np.ndarray, distances: np.ndarray) -> list[np.ndarray]:
    """Return change of the loss, promise and cosine for each distance along the batch's gradient."""
    start, (loss, grads) = dict(networks.params), networks.loss(x, y)
    square = _dot(grads, grads)
    found = []
    for far in distances:
        networks.params = start | {name: start[name] - np.float32(far) * grads[name] for name in grads}
        there, turned = networks.loss(x, y)
        cosine = _dot(grads, turned) / np.sqrt(square * _dot(turned, turned))
        found.append((there - loss, -far * square, cosine))
    networks.params = start
    return np.swapaxes(found, 0, 1)


def _along(
    norm: BatchNorm | None, shifts: _Shifts | None, distances: np.ndarray, steps: int, every: int, seeds: int
) -> _Along:
    digits = data.digits(seed=0)
    x = np.broadcast_to(digits.x_train.astype(np.float32), (seeds, *digits.x_train.shape))
    y = np.broadcast_to(digits.y_train, (seeds, len(digits.y_train)))
    networks = Networks(_DEEP, range(seeds), norm=norm if shifts is None else shifts.layer())
    found = []

    def look(t: int, x: np.ndarray, y: np.ndarray) -> None:
        if shifts is not None:
            shifts.draw()
        if t % every == 0:
            found.append(_walk(networks, x, y, distances))

    learn(networks, x, y, lr=0.03, steps=steps, batch=64, rng=np.random.default_rng(0), on_step=look)
    return _Along(*np.swapaxes(found, 0, 1))


@picture("Along the gradient: the range of the loss by step, the share of the promised fall, and how the slope turns.")
@one_thread
def batchnorm_smoothness(
    notes, batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, *, steps=120, every=10, seeds=4
):
    """Show how loss and gradient change along the gradient, without BatchNorm, with it, and with shifts behind it.

    At every tenth step of a training, from the weights of that step; the means over the steps, worst and best seed.
    After Santurkar et al. (2018), figure 4.
    """
    distances = np.geomspace(0.01, 1, 5)
    near = distances <= 0.33
    fig, (range_, fall, turn) = notes.plt.subplots(1, 3, figsize=(12.6, 3.9))
    range_.set(xlabel="step", ylabel="change of the loss", yscale="symlog", title="range up to a distance of 0.3")
    range_.set_yscale("symlog", linthresh=0.1)
    fall.set(xscale="log", xlabel="distance along the gradient (lr)", ylabel="share of the promised fall")
    fall.set(title="what the slope promised", ylim=(-1.1, 1.1))
    turn.set(xscale="log", xlabel="distance along the gradient (lr)", ylabel="cosine", ylim=(-1.1, 1.1))
    turn.set_title("the gradient there and here")

    rows = ["At a distance of 0.1:"]

    def draw(name: str, color: str, line: str, norm: BatchNorm | None, shifts: _Shifts | None = None) -> None:
        found = _along(norm, shifts, distances, steps, every, seeds)
        at = np.arange(len(found.change)) * every
        low, high = (limit(found.change[:, near], axis=1).mean(axis=1) for limit in (np.min, np.max))
        range_.fill_between(at, low, np.maximum(high, 0), color=color, alpha=0.3, lw=0)
        range_.plot(at, high, color=color, ls=line, label=name)
        # Over the steps the median: close to the minimum a slope of nearly 0 promises nearly nothing.
        share, cosine = (np.median(value, axis=0) for value in (found.change / found.promised, found.cosine))
        for ax, values in ((fall, share), (turn, cosine)):
            ax.plot(distances, values.mean(axis=1), color=color, ls=line, marker="o", ms=4, label=name)
            ax.fill_between(distances, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, lw=0)
        k = int(np.argmin(np.abs(distances - 0.1)))
        rows.append(
            f"{name:21} {100 * share[k].mean():3.0f} ± {100 * seed_std(share[k]):2.0f} % of the promised fall, "
            f"cosine {cosine[k].mean():+.2f} ± {seed_std(cosine[k]):.2f}"
        )

    draw("without", ORANGE, "--", None)
    with notes.collect():
        norm = _guarded(ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running))
        draw("BatchNorm", BLUE, "-", norm)
        draw("BatchNorm then shifts", RED, "-.", norm, _Shifts(norm, 0.5, 4, 64 * seeds, np.random.default_rng(0)))
        notes.add("\n".join(rows))
    for ax in (fall, turn):
        ax.axhline(0, color="0.4", ls=":", lw=1.2)
    turn.legend(fontsize=9, loc="lower left")
    return fig


# ---------------------------------------------------------------------------- in place of dropout

_WAYS = ("nothing", "dropout", "BatchNorm", "BatchNorm\nand dropout")


@picture("Training and test accuracy on 200 digits with BatchNorm, with dropout, with both and with neither.")
@one_thread
def batchnorm_and_dropout(
    notes,
    batchnorm_forward,
    batchnorm_backward,
    batchnorm_inference,
    update_running,
    *,
    p=0.5,
    steps=400,
    batch=20,
    seeds=8,
):
    """Show the gap between training and test with BatchNorm, dropout, both, neither; all labels right, then 20 wrong.

    Two hidden layers of 64 units, SGD at lr = 0.1; evaluated by the statistics of all training images.
    """
    fig, axes = notes.plt.subplots(1, 2, figsize=(11, 4.0), sharey=True)
    axes[0].set(ylabel="accuracy (%)")
    panels = [_Panel(ax, wrong) for ax, wrong in zip(axes, (0, 20), strict=True)]
    sets = [few_digits(seed, wrong=panel.wrong) for panel in panels for seed in range(seeds)]
    x, y = np.stack([part.x_train for part in sets]).astype(np.float32), np.stack([part.y_train for part in sets])
    digits = sets[0]
    x_test = np.broadcast_to(digits.x_test.astype(np.float32), (len(sets), *digits.x_test.shape))

    def run(place: int, norm: BatchNorm | None, *, dropped: bool) -> None:
        drop = inverted_dropout(p, np.random.default_rng(1)) if dropped else None
        networks = Networks((64, 64, 64, 10), [*range(seeds)] * 2, norm=norm, drop=drop)
        learn(networks, x, y, lr=0.1, steps=steps, batch=batch, rng=np.random.default_rng(0))
        train = 100 * networks.accuracy(x, y, seen=x)
        test = 100 * networks.accuracy(x_test, digits.y_test, seen=x)
        for k, panel in enumerate(panels):
            mine = slice(k * seeds, (k + 1) * seeds)
            panel.draw(place, train[mine], test[mine], GREEN if norm is None else BLUE)

    run(0, None, dropped=False)
    run(1, None, dropped=True)
    with notes.collect():
        norm = _guarded(ready_norm(batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running))
        run(2, norm, dropped=False)
        run(3, norm, dropped=True)
        notes.add("\n".join(["Test accuracy and gap:", *(row for panel in panels for row in panel.rows)]))
    axes[0].plot([], [], "^", color="0.4", ls="none", label="training")
    axes[0].plot([], [], "o", color="0.4", ls="none", label="test, a dot for each seed")
    axes[0].legend(fontsize=9, loc="lower right")
    return fig


class _Panel:
    """One set of labels, and what each way makes of it beside the first."""

    def __init__(self, ax, wrong: int) -> None:
        self.ax, self.wrong = ax, wrong
        self.rows: list[str] = []
        ax.set(title=f"200 images, {wrong or 'no'} labels wrong", xlim=(-0.5, 3.5))
        ax.set_xticks(range(4), _WAYS)

    def draw(self, place: int, train: np.ndarray, test: np.ndarray, color: str) -> None:
        means = train.mean(), test.mean()
        self.ax.plot([place] * 2, means, color=color, ls="-", lw=6, alpha=0.25, solid_capstyle="butt")
        self.ax.plot(place, means[0], "^", color=color, ms=8)
        self.ax.plot(np.full(len(test), place), test, "o", color=color, ls="none", ms=4, alpha=0.6)
        self.ax.plot([place - 0.2, place + 0.2], [means[1]] * 2, color=color, ls="-", lw=2.5)
        self.plain = test if place == 0 else self.plain
        apart = test - self.plain
        said = f", to nothing {apart.mean():+.1f} ± {seed_std(apart) / len(apart) ** 0.5:.1f}" if place else ""
        name = _WAYS[place].replace("\n", " ")
        self.rows.append(
            f"{self.wrong:2} wrong, {name:21} {means[1]:.1f} ± {seed_std(test):.1f} %, "
            f"gap {means[0] - means[1]:4.1f} points{said}"
        )
