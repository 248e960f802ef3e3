"""The pictures of 03_adam: a rate for each weight, first steps, weight decay, eps, and the digits learnt at the end."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from helpers import data, landscapes, training
from helpers.landscapes import Landscape
from helpers.plots.optimizers import learn_digits_of_seeds, walk
from helpers.plots.pieces import above_floor, error_bars, legend, progress_bar, seed_std, stacked, terrain, trail
from helpers.plots.ready import Notes, NotReady, ask, ask_array, ask_step, name_of, picture
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED = COLORS[:4]
_TINY = 1e-17


def responses(step: Callable, slopes: np.ndarray, *, lr: float, **hyper) -> np.ndarray:
    """Return the step that an optimizer takes for each of the slopes (T, ...), whatever the place.

    Every step starts at w = 0, so that even one of 1e-12 is seen with all its digits.
    """
    origin, state, moves = np.zeros(slopes.shape[1:]), {}, []
    for slope in slopes:
        move, state = ask_step(step, origin, slope, state, lr=lr, **hyper)
        moves.append(move)
    return np.array(moves)


def _mark_level(ax, level: float) -> None:
    """Draw a level to compare with, where there is something to compare: alone it would look like a result."""
    if ax.has_data():
        ax.axhline(level, color="0.4", linestyle=":", linewidth=1.2, zorder=1)


def _on_log_axis(values: np.ndarray) -> np.ndarray:
    """Return what a log axis can show of the sizes of some values."""
    return np.maximum(np.abs(values), _TINY)


# ------------------------------------------------------------------------------------ 1: AdaGrad


def _turned(ground: Landscape, degrees: float) -> Landscape:
    """Return a landscape turned about the origin; its axes are no longer those of the weights."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return replace(
        ground,
        name=f"{ground.name}, turned by {degrees:g}°",
        value=lambda w: ground.value(w @ turn),
        gradient=lambda w: ground.gradient(w @ turn) @ turn.T,
        hessian=lambda w: turn @ ground.hessian(w) @ turn.T,
        start=turn @ ground.start,
        xlim=(-10.0, 6.0),
        ylim=(-6.5, 3.5),
    )


@picture("Walks of SGD and AdaGrad in a narrow valley, straight and turned by 30 degrees, and their losses.")
def adam_valley(notes: Notes, sgd: Callable, adagrad: Callable, *, lr: float = 2.0, steps: int = 100):
    """Show SGD at its best step size against AdaGrad, in a valley along the axes and in the same valley turned."""
    straight = landscapes.bowl(100.0)
    grounds = (straight, _turned(straight, 30.0))
    fig, maps, loss = stacked(notes.plt, 2, heights=(1, 2.4), figsize=(10.5, 5.5))
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title="both valleys", ylim=(1e-6, 200))
    runs = ((sgd, 2 / 101, "sgd"), (adagrad, lr, "adagrad"))
    for ax, ground, title in zip(maps, grounds, ("straight", "turned by 30°"), strict=True):
        terrain(ax, ground)
        ax.set_title(f"{title}, {steps} steps")
        for i, (step, rate, name) in enumerate(runs):
            with notes.collect():
                path = walk(step, ground.gradient, ground.start, steps, lr=rate)
                trail(ax, path, color=f"C{i}", linestyle="-", markersize=4, label=f"{name}, lr = {rate:.3g}")
                # SGD does the same in both: the broad line shows from below the dashed one.
                look = {"ls": "-", "lw": 4, "alpha": 0.45} if ground is straight else {"ls": "--", "lw": 1.6}
                loss.plot(above_floor(ground, path), color=f"C{i}", label=f"{name}, {title.split()[0]}", **look)
    legend(maps[1], loc="upper left")
    legend(loss, loc="lower left")
    return fig


# ------------------------------------------------------------------------------------ 2: RMSProp


@picture("Effective rate of two weights over time, for AdaGrad and RMSProp, while their slopes change places.")
def adam_effective_rates(
    notes: Notes, adagrad: Callable, rmsprop: Callable, *, lr: float = 0.01, steps: int = 2000, swap: int = 600
):
    """Show how much two weights move for their slope, while the steep one and the shallow one change places."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(steps, 2))
    sizes = np.where(np.arange(steps)[:, None] < swap, (1.0, 0.01), (0.01, 1.0))
    slopes = signs * sizes
    fig, axes = notes.plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
    axes[0].set_ylabel("effective rate: step / slope")
    labels = (f"weight 1: slope 1, from step {swap} on 0.01", f"weight 2: slope 0.01, from step {swap} on 1")
    for ax, step, title in zip(axes, (adagrad, rmsprop), ("adagrad", "rmsprop, alpha = 0.99"), strict=True):
        ax.set(yscale="log", xlabel="step", title=f"{title}, lr = {lr:g}", ylim=(1e-4, 40))
        with notes.collect():
            rates = _on_log_axis(responses(step, slopes, lr=lr) / slopes)
            for j, label in enumerate(labels):
                ax.plot(np.arange(1, steps + 1), rates[:, j], color=(BLUE, ORANGE)[j], label=label)
            ax.axvline(swap, color="0.4", linestyle=":", linewidth=1.2)
    legend(axes[1] if axes[1].lines[1:] else axes[0], loc="upper right")
    return fig


# ----------------------------------------------------------------------------------- 3: Adadelta


@picture("Length of Adadelta's steps on even slopes, for three slopes and three values of eps; its loss in a valley.")
def adam_adadelta(notes: Notes, adadelta: Callable, *, steps: int = 600):
    """Show what decides the length of Adadelta's steps: not the slope, but eps and the past."""
    fig, (length, loss) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    length.set(xscale="log", yscale="log", xlabel="step", ylabel="length of the step", title="on an even slope")
    length.set_ylim(2e-4, 2)
    valley = landscapes.bowl(100.0)
    loss.set(yscale="log", xlabel="step", ylabel="loss $L$", title="in the straight valley of section 1")
    with notes.collect():
        for size, width, dots in ((100.0, 7, 0.25), (1.0, 4, 0.5), (0.1, 1.5, 1)):
            moves = responses(adadelta, np.full((steps, 1), size), lr=1.0, eps=1e-6)
            label = f"eps = 1e-06, slope = {size:g}"
            length.plot(
                np.arange(1, steps + 1),
                _on_log_axis(moves[:, 0]),
                color=BLUE,
                lw=width,
                alpha=dots,
                ls="-",
                label=label,
            )
        for eps, color, line in ((1e-4, ORANGE, "--"), (1e-8, GREEN, "-.")):
            moves = responses(adadelta, np.ones((steps, 1)), lr=1.0, eps=eps)
            label = f"eps = {eps:.0e}, slope = 1"
            length.plot(np.arange(1, steps + 1), _on_log_axis(moves[:, 0]), color=color, ls=line, label=label)
        for eps, color, line in ((1e-2, RED, ":"), (1e-4, ORANGE, "--"), (1e-6, BLUE, "-"), (1e-8, GREEN, "-.")):
            path = walk(adadelta, valley.gradient, valley.start, steps, lr=1.0, eps=eps)
            loss.plot(above_floor(valley, path), color=color, ls=line, label=f"eps = {eps:.0e}")
    legend(length)
    legend(loss)
    return fig


# -------------------------------------------------------------------------- 4 and 5: Adam's start

_BETAS = ((0.9, 0.999), (0.9, 0.99), (0.9, 0.9))


@picture("Length of the first ten steps without correction for three pairs of betas; the first-step ratio by beta2.")
def adam_first_steps(notes: Notes, adam_uncorrected: Callable, first_step_ratio: Callable, *, lr: float = 0.001):
    """Show the first ten steps of uncorrected Adam on an even slope, and the predicted first one for other betas."""
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.8))
    left.set(xlabel="step", ylabel="length of the step / lr", title="on an even slope", xticks=range(1, 11))
    left.set(yscale="log", yticks=(0.3, 1, 3, 10), yticklabels=("0.3", "1", "3", "10"), ylim=(0.2, 15))
    right.set(xscale="log", yscale="log", xlabel=r"memory of $v$ in steps, $1 / (1 - \beta_2)$")
    right.set(ylabel="first_step_ratio", title="your prediction", ylim=(0.006, 800))
    for ax in (left, right):
        ax.minorticks_off()
    for i, betas in enumerate(_BETAS):
        with notes.collect():
            moves = responses(adam_uncorrected, np.ones((10, 1)), lr=lr, betas=betas)
            left.plot(range(1, 11), _on_log_axis(moves[:, 0] / lr), color=f"C{i}", marker=".", label=f"betas = {betas}")
    with notes.collect():
        for i, betas in enumerate(_BETAS):
            predicted = _ratio(first_step_ratio, betas)
            label = "your first_step_ratio" if betas == _BETAS[-1] else None
            left.plot(
                1, predicted, "o", mfc="none", mec=f"C{i}" if label is None else "black", ms=12, ls="none", label=label
            )
        memories = np.geomspace(1, 1e5, 26)
        for i, beta1 in enumerate((0.0, 0.5, 0.9, 0.99)):
            ratios = [_ratio(first_step_ratio, (beta1, float(1 - 1 / memory))) for memory in memories]
            right.plot(memories, ratios, color=f"C{i}", label=rf"$\beta_1$ = {beta1:g}")
    for ax in (left, right):
        _mark_level(ax, 1.0)
    legend(left, loc="upper left", ncols=2)
    legend(right)
    return fig


def _ratio(first_step_ratio: Callable, betas: tuple[float, float]) -> float:
    return float(_on_log_axis(ask_array(first_step_ratio, betas, shape=())))


@picture("The first ten steps with and without correction: in a valley, their lengths, and the ratio in the long run.")
def adam_correction(
    notes: Notes, adam_uncorrected: Callable, adam: Callable, *, lr: float = 0.1, steps: int = 10, long: int = 5000
):
    """Show the first steps with and without correction, and for how long the correction changes anything."""
    valley = landscapes.bowl(25.0)
    fig, (ground, length, ratio) = notes.plt.subplots(1, 3, figsize=(12.6, 3.7), width_ratios=(1, 0.85, 1.15))
    terrain(ground, valley)
    ground.set_title(f"the first {steps} steps, lr = {lr:g}")
    length.set(xlabel="step", ylabel="length of the step / lr", title="along $w_1$", xticks=range(2, steps + 1, 2))
    runs = ((adam_uncorrected, "without", ORANGE, "--"), (adam, "with correction", BLUE, "-"))
    for step, label, color, line in runs:
        with notes.collect():
            path = walk(step, valley.gradient, valley.start, steps, lr=lr)
            trail(ground, path, color=color, linestyle="-", label=label)
            along = np.abs(np.diff(path[:, 0])) / lr
            length.plot(np.arange(1, len(path)), along, color=color, ls=line, marker=".", label=label)
    ratio.set(xscale="log", xlabel="step", ylabel="length without / with", title=r"in the long run, $\beta_1$ = 0.9")
    ratio.set_yticks([1, 5, 10, 15, 20])
    with notes.collect():
        # Dense where it matters, and every step is taken: only the drawing is sparse.
        shown = np.unique(np.geomspace(1, long, 120).astype(int))
        for i, beta2 in enumerate((0.99, 0.999, 0.9999)):
            slopes, betas = np.ones((long, 1)), (0.9, beta2)
            without, corrected = (responses(step, slopes, lr=lr, betas=betas) for step in (adam_uncorrected, adam))
            quotient = (without / corrected)[shown - 1, 0]
            ratio.plot(shown, quotient, color=f"C{i + 2}", label=rf"$\beta_2$ = {beta2:g}")
    _mark_level(ratio, 1.0)
    for ax in (ground, ratio):
        legend(ax, loc="upper right")
    return fig


# ------------------------------------------------------------------------------------ 6: AMSGrad


@picture("A weight that Adam takes to the wrong end and AMSGrad to the right one; and the end by the memory of v.")
def adam_wrong_way(
    notes: Notes, adam: Callable, amsgrad: Callable, *, steps: int = 1500, walkers: int = 100, seed: int = 0
):
    """Show Reddi, Kale and Kumar's example: a rare steep slope that outweighs many shallow ones, and Adam forgets it.

    On the left every third slope is 3 and the others are -1, as in their Theorem 1; on the right a slope of C comes at
    random. The weight is kept in [-1, 1], lr falls like 1 / sqrt(t), and beta1 is 0.
    """
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11.5, 3.9), width_ratios=(1, 1.1))
    left.set(xlabel="step", ylabel="$w$", title=r"slopes 3, −1, −1, ...; $\beta_2$ = 0.1")
    right.set(xscale="log", xlabel=r"memory of $v$ in steps, $1 / (1 - \beta_2)$", ylabel="mean $w$ at the end")
    right.set(title=f"a random slope of C, {walkers} walkers, {steps} steps")
    for ax in (left, right):
        ax.set(ylim=(-1.2, 2.1), yticks=(-1, -0.5, 0, 0.5, 1))
    every_third = np.where(np.arange(400) % 3 == 0, 3.0, -1.0)[:, None]
    for step, label, color, line in ((adam, "adam", RED, "--"), (amsgrad, "amsgrad", BLUE, "-")):
        with notes.collect():
            trail = _within_walls(step, every_third, lr=0.3, betas=(0.0, 0.1))
            left.plot(trail[:, 0], color=color, ls=line, lw=1.4, label=label)
    beta2s = np.array([0.5, 0.8, 0.9, 0.97, 0.99, 0.999])
    rng = np.random.default_rng(seed)
    for C, share, marker in ((3.0, 1 / 3, "o"), (20.0, 0.08, "s"), (50.0, 0.04, "^")):
        slopes = np.where(rng.random((steps, walkers)) < share, C, -1.0)
        for step, label, color, line in ((adam, "adam", RED, "--"), (amsgrad, "amsgrad", BLUE, "-")):
            with notes.collect():
                ends = [_within_walls(step, slopes, lr=1.0, betas=(0.0, b))[-1].mean() for b in beta2s.tolist()]
                style = {"color": color, "ls": line, "lw": 1.2, "marker": marker, "ms": 6}
                right.plot(1 / (1 - beta2s), ends, label=f"{label}, C = {C:g}", **style)
    for ax in (left, right):
        _mark_level(ax, -1.0)
        legend(ax, loc="upper left", ncols=2)
    if left.has_data():
        left.text(390, -0.96, "best $w$", ha="right", va="bottom", color="0.3")
    return fig


def _within_walls(step: Callable, slopes: np.ndarray, *, lr: float, betas: tuple[float, float]) -> np.ndarray:
    """Return the places in [-1, 1] (T + 1, ...) of a walk on the given slopes, with lr / sqrt(t)."""
    w, state = np.zeros(slopes.shape[1:]), {}
    places = [w]
    for t, slope in enumerate(slopes, start=1):
        w, state = ask_step(step, w, slope, state, lr=lr / np.sqrt(t).item(), betas=betas)
        w = np.clip(w, -1, 1)
        places.append(w)
    return np.array(places)


# ------------------------------------------------------------------------------- 7: weight decay


@picture("What is left of a weight after 2000 steps, by the size of its gradient, for L2 and for decoupled decay.")
def adam_decay(notes: Notes, adam_l2: Callable, adamw: Callable, *, lr: float = 1e-3, steps: int = 2000, seed: int = 0):
    """Show how much a weight shrinks under L2 and under decoupled decay, by the size of its gradient."""
    weight_decay, copies = 0.1, 40
    sizes = np.geomspace(1e-5, 100, 22)
    noise = np.random.default_rng(seed).normal(size=(steps, len(sizes), copies)) * sizes[:, None]
    fig, ax = notes.plt.subplots(figsize=(8, 3.8))
    ax.set(xscale="log", xlabel="size of the gradient (pure noise around 0)", ylabel="share of the weight that is left")
    ax.set(xlim=(5e-6, 200), ylim=(-0.05, 1.15), title=f"lr = {lr:g}, weight_decay = {weight_decay:g}, {steps} steps")
    plain = (1 - lr * weight_decay) ** steps
    ax.axhline(plain, color="0.4", ls=":", lw=1.5, label="plain SGD, L2 or decay")
    for step, color, line, marker in ((adam_l2, ORANGE, "--", "s"), (adamw, BLUE, "-", "o")):
        with notes.collect():
            w, state = np.ones((len(sizes), copies)), {}
            for grad in noise:
                w, state = ask_step(step, w, grad, state, lr=lr, weight_decay=weight_decay)
            ax.plot(sizes, w.mean(axis=1), color=color, ls=line, marker=marker, ms=5, label=name_of(step))
    legend(ax, loc="center left", bbox_to_anchor=(0.0, 0.6))
    return fig


@picture(
    "What is left of the weights from each pixel after training: against its brightness, and as maps of pixels.",
    waits="any",
)
def adam_dead_pixels(notes: Notes, adam_l2: Callable, adamw: Callable, *, lr: float = 3e-3, epochs: int = 10):
    """Show what L2 and decoupled decay leave of the weights from each pixel of the digits, dark pixels included."""
    from threadpoolctl import threadpool_limits

    digits = data.digits()
    brightness, mapped = digits.x_train.mean(axis=0), 1e-3
    never = 2e-5  # where the axis shows what is never lit
    fig = notes.plt.figure(figsize=(12.4, 3.9))
    scatter, *maps = fig.subplots(1, 3, width_ratios=(1.5, 1, 1))
    scatter.set(
        xscale="log", yscale="log", xlabel="mean brightness of the pixel", ylabel="norm of its weights, after / before"
    )
    scatter.set(xlim=(5e-6, 2), ylim=(4e-4, 5), title=f"first layer, {epochs} epochs, lr = {lr:g}")
    scatter.set_xticks([never, 1e-3, 1e-2, 1e-1, 1], ["never lit", "0.001", "0.01", "0.1", "1"])
    scatter.set_yticks([1e-3, 1e-2, 1e-1, 1], ["≤ 0.001", "0.01", "0.1", "1"])
    for ax, step in zip(maps, (adam_l2, adamw), strict=True):
        ax.set_title(f"{name_of(step)}, weight_decay = {mapped:g}", fontsize="medium")
        ax.set(xlabel="column of pixels", ylabel="row of pixels", xticks=range(0, 8, 2), yticks=range(0, 8, 2))
        ax.grid(False)
    image = None
    with threadpool_limits(1):
        for decay, marker, aside in ((1e-4, "v", 0.6), (1e-3, "o", 1.0), (1e-2, "^", 1.7)):
            shown_at = np.where(brightness > 0, brightness, never * aside)
            for ax, step, color in zip(maps, (adam_l2, adamw), (ORANGE, BLUE), strict=True):
                with notes.collect():
                    left = np.maximum(_pixel_norms(step, digits, decay, lr, epochs), 1e-3)
                    label = f"{name_of(step)}, weight_decay = {decay:g}"
                    style = {"color": color, "mec": "white", "mew": 0.5, "ms": 6, "ls": "none"}
                    scatter.plot(shown_at, left, marker, label=label, **style)
                    if decay == mapped:
                        shown = np.log10(left.reshape(8, 8))
                        image = ax.imshow(shown, cmap="cividis", vmin=-3, vmax=0.5)
    if image is not None:
        bar = fig.colorbar(image, ax=maps, shrink=0.85, ticks=[-3, -2, -1, 0])
        bar.ax.set_yticklabels(["0.001", "0.01", "0.1", "1"])
    legend(scatter, loc="lower right", fontsize=8)
    return fig


def _pixel_norms(step: Callable, digits: data.Dataset, weight_decay: float, lr: float, epochs: int) -> np.ndarray:
    """Return the norm of the weights from each pixel after training, over that before."""
    rng = np.random.default_rng(0)
    network = training.MLP([64, 32, 10], rng)
    before = np.linalg.norm(network.params["W1"], axis=1)

    def decayed(w, grad, state, *, lr):
        # Biases are left alone, as usual: there is nothing in them to shrink.
        return ask_step(step, w, grad, state, lr=lr, weight_decay=weight_decay if w.ndim > 1 else 0.0)

    history = ask(training.train, network, digits, step=decayed, lr=lr, epochs=epochs, rng=rng, progress=False)
    if history.diverged:
        raise NotReady(name_of(step), f"did not come through {epochs} epochs with weight_decay = {weight_decay:g}")
    return np.linalg.norm(network.params["W1"], axis=1) / before


# -------------------------------------------------------------------------------------- 8: Nadam


@picture("Steps of Adam and Nadam around a turn of the slope, and their loss in two landscapes for a range of rates.")
def adam_nadam(notes: Notes, adam: Callable, nadam: Callable, *, turn: int = 30, steps: int = 200):
    """Show how fast Adam and Nadam answer to a slope that turns, and what that is worth, for a range of rates."""
    fig, (answer, *losses) = notes.plt.subplots(1, 3, figsize=(12.6, 3.7), width_ratios=(1.1, 1, 1))
    slopes = np.where(np.arange(turn + 25) < turn, 1.0, -1.0)[:, None]
    times = np.arange(1, len(slopes) + 1)
    answer.set(xlabel="step", ylabel="step / −lr", title=f"the slope turns after step {turn}", ylim=(-1.35, 1.35))
    answer.plot(times, slopes[:, 0], color="0.4", ls=":", lw=1.5, drawstyle="steps-mid", label="slope")
    rates = 10.0 ** np.arange(-2, 0.6, 0.25)
    grounds = (landscapes.bowl(100.0), landscapes.rosenbrock())
    for ax, ground in zip(losses, grounds, strict=True):
        ax.set(xscale="log", yscale="log", xlabel="lr", ylabel=f"loss after {steps} steps", title=ground.name)
    for step, color, line, marker in ((adam, BLUE, "-", "o"), (nadam, ORANGE, "--", "s")):
        with notes.collect():
            moves = responses(step, slopes, lr=0.1)
            answer.plot(times, -moves[:, 0] / 0.1, color=color, ls=line, marker=marker, ms=3, label=name_of(step))
            for ax, ground in zip(losses, grounds, strict=True):
                ends = [_end(step, ground, lr, steps) for lr in rates.tolist()]
                ax.plot(rates, ends, color=color, ls=line, marker=marker, ms=4, label=name_of(step))
    legend(answer)
    for ax in losses:
        legend(ax)
    return fig


def _end(step: Callable, ground: Landscape, lr: float, steps: int) -> float:
    """Return the height above the floor at the end of a walk, nan if it is lost."""
    path = walk(step, ground.gradient, ground.start, steps, lr=lr)
    return float(above_floor(ground, path)[-1]) if len(path) > steps else np.nan


# --------------------------------------------------------------------------------------- 9: race


@picture(
    "Walks of the optimizers on four landscapes, each at its best rate; their losses; and how they fare at others.",
    waits="most",
)
def adam_race(
    notes: Notes, optimizers: Mapping[str, Callable], *, steps: int = 300, lrs: Iterable[float] | None = None
):
    """Show all optimizers on four landscapes, each at the rate that is best for it there, and at all the others.

    The best rate is the one with the lowest mean of log10 of the height above the minimum, over the steps, among
    those with which the walk stays on the map.
    """
    lrs = [float(lr) for lr in (10.0 ** np.arange(-3.5, 0.1, 0.5) if lrs is None else lrs)]
    tracks = list(landscapes.racetracks().values())[:4]
    fig, axes = notes.plt.subplots(3, 4, figsize=(12.6, 8.8), height_ratios=(1, 1, 0.9))
    for track, (ground, loss, rates) in zip(tracks, axes.T, strict=True):
        terrain(ground, track)
        ground.set_title(track.name)
        loss.set(yscale="log", xlabel="step", ylabel="$L$ above its minimum", ylim=(1e-11, 1e3))
        rates.set(xscale="log", xlabel="lr", ylabel="mean $\\log_{10}$ of it", ylim=(-11, 3))
    for i, (name, step) in enumerate(optimizers.items()):
        with notes.collect():
            for track, (ground, loss, rates) in zip(tracks, axes.T, strict=True):
                paths = [walk(step, track.gradient, track.start, steps, lr=lr) for lr in lrs]
                scores = [_score(track, path, steps) for path in paths]
                best = _best(track, paths, scores)
                look = {"color": f"C{i}", "linewidth": 2.6 if i % 2 else 1.4}
                trail(ground, paths[best], dots=False, **look)
                loss.plot(above_floor(track, paths[best]), label=name, **look)
                rates.plot(lrs, scores, marker=".", **look)
                rates.plot(lrs[best], scores[best], "o", color=f"C{i}", mec="black", ms=7)
    for row in axes:
        for ax in row[1:]:
            ax.set_ylabel("")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    return fig


def _best(track: Landscape, paths: list[np.ndarray], scores: list[float]) -> int:
    """Return the number of the walk with the lowest score; those that leave the map come last."""
    low, high = np.transpose([track.xlim, track.ylim])
    leaves = [not ((low <= path) & (path <= high)).all() for path in paths]
    return min(range(len(paths)), key=lambda i: (leaves[i], np.nan_to_num(scores[i], nan=np.inf)))


def _score(track: Landscape, path: np.ndarray, steps: int) -> float:
    """Return the mean of log10 of the height above the floor, nan for a walk that is lost."""
    if len(path) <= steps:
        return np.nan
    return float(np.log10(np.maximum(above_floor(track, path), 1e-10)).mean())


# ----------------------------------------------------------------------------- 10: denominators


def _lecture_forms(cache: np.ndarray, eps: float = 1e-8) -> dict[str, np.ndarray]:
    """Return the denominators that no eps of the student's functions can give."""
    return {"no root (000)": cache + eps, "eps inside the root (002)": np.sqrt(cache + eps)}


@picture("Length of the first step against the size of the slope, for four ways to write the denominator.")
def adam_denominators(notes: Notes, adagrad: Callable, rmsprop: Callable, adam: Callable):
    """Show the first step for slopes of every size: the student's functions, and the lectures' other denominators."""
    size = np.geomspace(1e-14, 1e3, 120)
    fig, axes = notes.plt.subplots(1, 3, figsize=(12.6, 4.1), sharey=True)
    axes[0].set_ylabel("length of the first step / lr")
    kinds = (
        (adagrad, "adagrad", size**2, 1e-10),
        (rmsprop, "rmsprop, alpha = 0.99", 0.01 * size**2, 1e-8),
        # Adam's corrected moments after one step are the slope and its square.
        (adam, "adam", size**2, 1e-8),
    )
    forms = {}
    for ax, (step, title, cache, own_eps) in zip(axes, kinds, strict=True):
        ax.set(xscale="log", yscale="log", xlabel="size of the slope", title=title, ylim=(1e-7, 1e5))
        other = _lecture_forms(cache)
        lines = [("no root (000)", size / other["no root (000)"], RED, ":")]
        lines += [("eps inside the root (002)", size / other["eps inside the root (002)"], GREEN, "-.")]
        with notes.collect():
            for eps, label, color, line in (
                (1e-7, "outside, 1e-7 (001, 003)", ORANGE, "--"),
                (own_eps, "outside, PyTorch's (1e-10 or 1e-8)", BLUE, "-"),
            ):
                lines.append((label, _on_log_axis(responses(step, size[None], lr=1.0, eps=eps)[0]), color, line))
        for label, values, color, line in lines:
            (forms[label],) = ax.plot(size, values, color=color, ls=line, label=label)
    fig.legend(forms.values(), forms.keys(), loc="outside lower center", ncols=4)
    return fig


@picture(
    "Validation accuracy on the digits against the size of the loss, for four ways to write Adam's denominator.",
    waits="any",
)
def adam_tiny_gradients(
    notes: Notes, adam: Callable, *, lr: float = 0.01, epochs: int = 3, seeds: Iterable[int] = range(3)
):
    """Show the accuracy on the digits with the loss multiplied by a constant, for Adam's four denominators."""
    from threadpoolctl import threadpool_limits

    digits, seeds = data.digits(), list(seeds)
    factors = 10.0 ** np.arange(-10, 5, 2)
    fig, ax = notes.plt.subplots(figsize=(8.6, 4))
    ax.set(
        xscale="log",
        xlabel="factor on the loss, and so on every gradient",
        ylabel="validation accuracy",
        ylim=(0, 1.05),
    )
    ax.set_title(f"{epochs} epochs, lr = {lr:g}; mean, worst and best of {len(seeds)} seeds")
    kinds = (
        (functools.partial(_adam_without_root, eps=1e-8), "no root (000)", RED, ":", "v"),
        (functools.partial(_adam_inside, eps=1e-8), "eps = 1e-8 inside the root (002)", GREEN, "-.", "^"),
        (_with(adam, eps=1e-7), "yours, eps = 1e-7 (001, 003)", ORANGE, "--", "s"),
        (_with(adam, eps=1e-8), "yours, eps = 1e-8 (PyTorch)", BLUE, "-", "o"),
    )
    with threadpool_limits(1):
        for step, label, color, line, marker in kinds:
            with notes.collect():
                accuracy = np.array([_accuracies_at(step, digits, lr, factor, seeds, epochs) for factor in factors])
                ax.plot(factors, accuracy.mean(axis=1), color=color, ls=line, marker=marker, ms=5, label=label)
                band = {"color": color, "alpha": 0.15, "linewidth": 0}
                ax.fill_between(factors, accuracy.min(axis=1), accuracy.max(axis=1), **band)
    legend(ax, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def _with(step: Callable, **fixed) -> Callable:
    """Return an optimizer with some of its parameters fixed; it keeps its name."""

    @functools.wraps(step)
    def fixed_step(w, grad, state, **others):
        return step(w, grad, state, **(others | fixed))

    return fixed_step


def _accuracies_at(step: Callable, digits, lr: float, factor: float, seeds: list[int], epochs: int) -> list[float]:
    def scaled(w, grad, state, *, lr):
        return step(w, factor * grad, state, lr=lr)

    scaled.__name__ = name_of(step)
    runs = learn_digits_of_seeds(digits, scaled, lr, seeds, epochs, lambda: None)
    return [run.val_accuracy for run in runs]


def _corrected_moments(grad: np.ndarray, state: dict, beta1: float = 0.9, beta2: float = 0.999):
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    return m / (1 - beta1**t), v / (1 - beta2**t), {"t": t, "m": m, "v": v}


def _adam_inside(w, grad, state, *, lr, eps):
    m, v, state = _corrected_moments(grad, state)
    return w - lr * m / np.sqrt(v + eps), state


def _adam_without_root(w, grad, state, *, lr, eps):
    m, v, state = _corrected_moments(grad, state)
    return w - lr * m / (v + eps), state


# ------------------------------------------------------------------------------- 11: the digits


@picture(
    "Validation error on the digits for a range of rates, and test accuracy at each optimizer's best rate.", waits="any"
)
def adam_digits(
    notes: Notes,
    optimizers: Mapping[str, Callable],
    *,
    uneven: bool = False,
    seeds: Iterable[int] = range(5),
    lrs: Iterable[float] = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0),
    epochs: int = 5,
    progress: bool = True,
):
    """Show a network learn the digits with each optimizer at every rate, and the test accuracy at the best one.

    The best rate is chosen by the validation accuracy. `uneven` gives every pixel a unit of its own: a factor from
    about 1/30 to 30.
    """
    from threadpoolctl import threadpool_limits

    seeds, lrs = list(seeds), list(lrs)
    digits = _in_uneven_units(data.digits()) if uneven else data.digits()
    fig, (error, test) = notes.plt.subplots(1, 2, figsize=(11.5, 4), width_ratios=(1.5, 1))
    error.set(xscale="log", yscale="log", xlabel="lr", ylabel="validation error", ylim=(0.02, 1.3))
    error.set_yticks([0.03, 0.1, 0.3, 1], ["3 %", "10 %", "30 %", "100 %"])
    units = "every pixel in a unit of its own" if uneven else "pixels as they are"
    error.set_title(f"{units}, {epochs} epochs (bar: lowest to highest)")
    test.set(ylabel="test accuracy (%)", title=f"at the best lr of each, {len(seeds)} seeds")
    test.set(xlim=(-0.6, len(optimizers) - 0.4), xlabel="optimizer")
    names = list(optimizers)
    with threadpool_limits(1), progress_bar(len(optimizers) * len(lrs) * len(seeds), progress) as tick:
        for i, (name, step) in enumerate(optimizers.items()):
            with notes.collect():
                runs = [learn_digits_of_seeds(digits, step, lr, seeds, epochs, tick) for lr in lrs]
                valid = np.array([[run.val_accuracy for run in at_lr] for at_lr in runs])
                error_bars(error, lrs, 1 - valid, f"C{i}", name)
                best = int(np.argmax(valid.mean(axis=1)))
                accuracy = 100 * np.array([run.test_accuracy for run in runs[best]])
                names[i] = f"{name}\nlr = {lrs[best]:g}\n{accuracy.mean():.1f} ± {seed_std(accuracy):.1f} %"
                test.plot(np.full(len(seeds), i), accuracy, "o", color=f"C{i}", ls="none", alpha=0.7)
                test.plot([i - 0.2, i + 0.2], [accuracy.mean()] * 2, color=f"C{i}", ls="-", lw=2)
    test.set_xticks(range(len(optimizers)), names)
    legend(error, loc="lower left")
    return fig


def _in_uneven_units(digits: data.Dataset) -> data.Dataset:
    """Return the digits with every pixel multiplied by a factor of its own, from 10^-1.5 to 10^1.5."""
    factors = 10.0 ** np.random.default_rng(0).uniform(-1.5, 1.5, digits.x_train.shape[1])
    parts = ("x_train", "x_val", "x_test")
    return replace(digits, **{part: getattr(digits, part) * factors for part in parts})
