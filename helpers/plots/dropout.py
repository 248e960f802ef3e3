"""The pictures of 10_dropout: what is dropped and what it costs, its relatives, what it estimates, and the digits."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from helpers import data, training
from helpers.plots import stacks
from helpers.plots.pieces import legend, progress_bar, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, describe, name_of, picture
from helpers.plots.side_by_side import Networks, learn
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED = COLORS[:4]
_LARGEST = 1e30
_WIDE, _DEEP = (64, 256, 10), (64, 128, 128, 10)


# ----------------------------------------------------------------------- asking the student's functions


def _showable(function: Callable, values: np.ndarray) -> np.ndarray:
    """Return the values if a picture can show them."""
    if not (np.abs(values) < _LARGEST).all():
        raise NotReady(name_of(function), "gave nan, or numbers too large for any picture")
    return values


def _several(function: Callable, result: object, what: str) -> tuple:
    count = what.count(",") + 1
    if not (isinstance(result, (tuple, list)) and len(result) == count):
        raise NotReady(name_of(function), f"gave {describe(result)} where {what} was expected")
    return tuple(result)


def ask_noise(forward: Callable, x: np.ndarray, *args, shape: tuple[int, ...] | None = None, **mode) -> tuple:
    """Return (out, cache) of a forward pass; raise NotReady if that is not what it gives."""
    out, cache = _several(forward, ask(forward, x, *args, **mode), "the pair (out, cache)")
    return _showable(forward, as_array(forward, out, x.shape if shape is None else shape)), cache


def ask_numbers(function: Callable, *args, shape: tuple[int, ...]) -> np.ndarray:
    return _showable(function, ask_array(function, *args, shape=shape))


def as_layer(forward: Callable, backward: Callable, p: float) -> training.Dropout:
    """Return the student's two functions as a network takes them.

    Asking copies and looks closely, at a price: only what has failed is asked again, to hear why.
    """

    def drop(x, p, rng, *, train):
        try:
            out, cache = forward(x, p, rng, train=train)
            if _are_numbers(out, x.shape):
                return out, cache
        except Exception:
            pass
        return ask_noise(forward, x, p, rng, train=train)

    def pass_back(dout, cache):
        try:
            dx = backward(dout, cache)
            if _are_numbers(dx, dout.shape):
                return dx
        except Exception:
            pass
        return ask_array(backward, dout, cache, shape=dout.shape)

    return training.Dropout(drop, pass_back, p)


def _are_numbers(result: object, shape: tuple[int, ...]) -> bool:
    return isinstance(result, np.ndarray) and result.shape == shape and result.dtype.kind in "biuf"


def side_by_side(layer: training.Dropout, seed: int = 0) -> dict[str, Callable]:
    """Return the `drop` and `at_test` of `Networks`: the layer is given the samples of all networks as rows."""
    rng = np.random.default_rng(seed)

    def drop(x):
        out, cache = layer.forward(_as_rows(x), layer.p, rng, train=True)

        def backward(dout):
            return np.asarray(layer.backward(_as_rows(dout), cache), np.float32).reshape(dout.shape)

        return np.asarray(out, np.float32).reshape(x.shape), backward

    def at_test(x):
        out, _ = layer.forward(_as_rows(x), layer.p, rng, train=False)
        return np.asarray(out, np.float32).reshape(x.shape)

    return {"drop": drop, "at_test": at_test}


def _as_rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


# ------------------------------------------------------------------------------------- few digits


def _few_digits(seed: int, *, images: int = 200, wrong: int = 0) -> data.Dataset:
    """Return the digits with few training images, others for each seed; the first `wrong` labels are false."""
    digits, rng = data.digits(), np.random.default_rng([seed, 10])
    chosen = rng.permutation(len(digits.y_train))[:images]
    labels = digits.y_train[chosen]
    labels[:wrong] = (labels[:wrong] + rng.integers(1, 10, len(labels[:wrong]))) % 10
    held = (digits.x_val, digits.y_val, digits.x_test, digits.y_test)
    return data.Dataset(digits.x_train[chosen], labels, *held)


def _momentum(w, grad, state, *, lr):
    v = 0.9 * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def _learn(digits: data.Dataset, seed: int, layer: training.Dropout, *, epochs: int) -> training.MLP:
    """Return a network after training."""
    rng = np.random.default_rng(seed)
    network = training.MLP(_WIDE, rng, dropout=layer)
    how = {"lr": 0.05, "epochs": epochs, "batch_size": 20, "rng": rng, "progress": False}
    ask(training.train, network, digits, step=_momentum, **how)
    return network


@dataclass(frozen=True)
class _Few:
    """Few digits for each network, and the others that all of them are judged on."""

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def _few_for_each(seeds: Iterable[int], *, wrong: int = 0) -> _Few:
    """Return the few digits of each seed, as `side_by_side.learn` takes them."""
    sets = [_few_digits(seed, wrong=wrong) for seed in seeds]
    x, y = (np.stack([getattr(part, name) for part in sets]) for name in ("x_train", "y_train"))
    x, x_val, x_test = (part.astype(np.float32) for part in (x, sets[0].x_val, sets[0].x_test))
    return _Few(x, y, x_val, sets[0].y_val, x_test, sets[0].y_test)


def _learn_few(
    few: _Few,
    seeds: Iterable[int],
    layer: training.Dropout | None = None,
    *,
    sizes: tuple[int, ...] = _WIDE,
    epochs: int,
    look: Callable[[Networks], object] = lambda networks: None,
    every: int = 1,
) -> tuple[Networks, list]:
    """Return a network for each seed after training, and what look(networks) gives after `every` epochs and the last.

    The same weights and batches with and without a layer.
    """
    networks = Networks(sizes, seeds, **({} if layer is None else side_by_side(layer)))
    batch, looks = 20, []
    in_an_epoch = few.x.shape[1] // batch

    def after_epochs(t, x, y):
        if t and t % (every * in_an_epoch) == 0:
            looks.append(look(networks))

    rng = np.random.default_rng(0)
    how = {"lr": 0.05, "momentum": 0.9, "steps": epochs * in_an_epoch, "batch": batch, "on_step": after_epochs}
    ask(learn, networks, few.x, few.y, rng=rng, **how)
    return networks, [*looks, look(networks)]


def _softmax(scores: np.ndarray) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def _band(ax, x, runs: np.ndarray, label: str, **style) -> None:
    """Draw the mean over the runs (first axis), and the range from the lowest to the highest."""
    ax.plot(x, runs.mean(axis=0), label=label, **style)
    ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=style["color"], alpha=0.15, linewidth=0)


def _image(ax, values: np.ndarray, title: str, *, top: float = 2.0, low: float = 0.0, cmap: str = "cividis"):
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize="medium")
    ax.grid(False)
    return ax.imshow(values, cmap=cmap, vmin=low, vmax=top)


@picture("Loss and share of believed wrong labels over the epochs, for a network that learns 200 digits by heart.")
def dropout_overfitting(notes: Notes, *, wrong: int = 20, epochs: int = 40, seeds: Iterable[int] = range(3)):
    """Show a large network learn 200 images, a tenth of them with a wrong label, by heart."""
    from threadpoolctl import threadpool_limits

    seeds = list(seeds)
    few = _few_for_each(seeds, wrong=wrong)

    def look(networks):
        held, shown = networks.scores(few.x_val), networks.scores(few.x)
        right = shown.argmax(axis=-1) == few.y
        return (
            stacks.cross_entropy(shown, few.y),
            stacks.cross_entropy(held, few.y_val),
            right[:, :wrong].mean(axis=1),
            np.mean(held.argmax(axis=-1) == few.y_val, axis=1),
        )

    with threadpool_limits(1):
        _, looks = _learn_few(few, seeds, epochs=epochs, look=look)
    losses, held, believed, right = np.array(looks).transpose(1, 2, 0)
    fig, (loss, share) = notes.plt.subplots(1, 2, figsize=(11, 3.7))
    epoch = np.arange(1, epochs + 1)
    loss.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title="the loss, mean and range of 3 seeds")
    _band(loss, epoch, held, "validation images", color=ORANGE, ls="--")
    _band(loss, epoch, losses, "the 200 training images", color=BLUE, ls="-")
    share.set(xlabel="epoch", ylabel="share", ylim=(0, 1.03), title=f"{wrong} of the 200 labels are wrong")
    _band(share, epoch, right, "validation images: right label", color=ORANGE, ls="--")
    _band(share, epoch, believed, "wrong labels: learnt all the same", color=RED, ls="-.")
    legend(loss)
    legend(share, loc="lower right")
    return fig


# ------------------------------------------------------------------------------- 1 and 2: two modes


def _vanilla_layer(vanilla_train: Callable, vanilla_test: Callable, p: float) -> training.Dropout:
    def forward(x, p, rng, *, train):
        if train:
            out, mask = ask_noise(vanilla_train, x, p, rng)
            return out, as_array(vanilla_train, mask, x.shape)
        return ask_numbers(vanilla_test, x, p, shape=x.shape), None

    return training.Dropout(forward, lambda dout, mask: dout * mask, p)


@picture("Test loss and accuracy of networks trained with vanilla dropout, against p, with and without the scale.")
def dropout_forgotten_scale(
    notes: Notes,
    dropout_vanilla_train: Callable,
    dropout_vanilla_test: Callable,
    *,
    ps: Iterable[float] = (0.1, 0.3, 0.5, 0.7),
    seeds: Iterable[int] = range(3),
    epochs: int = 30,
):
    """Show what a network trained with vanilla dropout loses where the scale at test time is forgotten."""
    from threadpoolctl import threadpool_limits

    ps, seeds = list(ps), list(seeds)
    fig, (loss, accuracy) = notes.plt.subplots(1, 2, figsize=(10.5, 3.7))
    loss.set(xlabel="$p$", ylabel="test cross-entropy", yscale="log", ylim=(0.1, 10), title="the loss")
    accuracy.set(xlabel="$p$", ylabel="test accuracy", ylim=(0.6, 1), title="the accuracy")
    with threadpool_limits(1), notes.collect():
        few = _few_for_each(seeds)
        scores = np.zeros((2, 2, len(seeds), len(ps)))  # loss or accuracy, with the scale or without
        for j, p in enumerate(ps):
            layer = _vanilla_layer(dropout_vanilla_train, dropout_vanilla_test, p)
            networks, _ = _learn_few(few, seeds, layer, sizes=_DEEP, epochs=epochs)
            unscaled = stacks.scores(networks.params, few.x_test)
            for k, out in enumerate((networks.scores(few.x_test), unscaled)):
                scores[0, k, :, j] = stacks.cross_entropy(out, few.y_test)
                scores[1, k, :, j] = np.mean(out.argmax(axis=-1) == few.y_test, axis=-1)
        for ax, both in zip((loss, accuracy), scores, strict=True):
            _band(ax, ps, both[0], "scaled by your dropout_vanilla_test", color=BLUE, ls="-", marker="o")
            _band(ax, ps, both[1], "not scaled", color=RED, ls="--", marker="s")
    legend(loss, loc="upper left")
    legend(accuracy, loc="lower left")
    return fig


@picture("What a unit of the next layer is given in training and at test, against p: vanilla and inverted dropout.")
def dropout_two_modes(
    notes: Notes,
    dropout_vanilla_train: Callable,
    dropout_vanilla_test: Callable,
    dropout_forward: Callable,
    *,
    passes: int = 1500,
    seed: int = 0,
):
    """Show what a unit in the next layer is given in training and at test, for vanilla and for inverted dropout."""
    rng = np.random.default_rng(seed)
    x = data.digits().x_train[:1]
    weights = rng.uniform(size=64)
    weights /= x[0] @ weights
    many = np.repeat(x, passes, axis=0)
    ps = np.linspace(0, 0.9, 10)
    fig, axes = notes.plt.subplots(1, 2, figsize=(10.5, 3.7), sharey=True)
    axes[0].set(ylabel="input of the next unit", ylim=(-0.2, 2.4))
    kinds = (
        ("vanilla", lambda p: (dropout_vanilla_train, many, p, rng), {}, lambda p: _given(dropout_vanilla_test, x, p)),
        (
            "inverted",
            lambda p: (dropout_forward, many, p, rng),
            {"train": True},
            lambda p: ask_noise(dropout_forward, x, p, rng, train=False)[0],
        ),
    )
    for ax, (name, training_pass, mode, test_pass) in zip(axes, kinds, strict=True):
        ax.set(xlabel="$p$", title=name)
        with notes.collect():
            drawn = np.array([ask_noise(*training_pass(p), **mode)[0] @ weights for p in ps.tolist()])
            test = np.array([(test_pass(p) @ weights).item() for p in ps.tolist()])
            mean, std = drawn.mean(axis=1), drawn.std(axis=1)
            ax.fill_between(ps, mean - std, mean + std, color=BLUE, alpha=0.2, linewidth=0, label="± its std")
            ax.plot(ps, mean, color=BLUE, ls="-", label=f"in training, mean of {passes} passes")
            ax.plot(ps, test, color=RED, ls="--", marker="s", ms=5, label="at test")
            ax.axhline(1.0, color="0.4", ls=":", lw=1.2, label="without dropout")
        legend(ax, loc="upper left")
    return fig


def _given(vanilla_test: Callable, x: np.ndarray, p: float) -> np.ndarray:
    return ask_numbers(vanilla_test, x, p, shape=x.shape)


# ------------------------------------------------------------------------------------ 3: backward


@picture("A digit with dropped pixels, and dx / dout: by central differences, by dropout_backward, by a new mask.")
def dropout_gradient(notes: Notes, dropout_forward: Callable, dropout_backward: Callable, *, seed: int = 3):
    """Show the gradient through one draw against central differences, and what a mask drawn anew would give."""
    x, p, h = data.digits().x_train[2:3], 0.5, 1e-4
    dout = np.random.default_rng(seed).uniform(0.5, 1.5, x.shape)

    def forward(x, draw=seed):
        return ask_noise(dropout_forward, x, p, np.random.default_rng(draw), train=True)

    fig, axes = notes.plt.subplots(1, 4, figsize=(11.5, 3.2))
    titles = ("out, on the scale of x / (1 − p)", "dx / dout by differences", "yours", "with a mask drawn anew")
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize="medium")
        ax.set(xlabel="column", ylabel="row" if ax is axes[0] else "")
    shown = None
    with notes.collect():
        out, cache = forward(x)
        slopes = np.zeros(64)
        for j, nudge in enumerate(np.eye(64) * h):
            slopes[j] = np.sum(dout * (forward(x + nudge)[0] - forward(x - nudge)[0])) / (2 * h)
        _, other = forward(x, seed + 1)
        _image(axes[0], out.reshape(8, 8), titles[0])
        shown = _image(axes[1], (slopes / dout[0]).reshape(8, 8), titles[1])
        for ax, kept in ((axes[2], cache), (axes[3], other)):
            dx = _showable(dropout_backward, ask_array(dropout_backward, dout, kept, shape=dout.shape))
            _image(ax, (dx / dout).reshape(8, 8), ax.get_title())
            wrong = np.argwhere(~np.isclose((dx[0] / dout[0]), slopes / dout[0], atol=1e-6).reshape(8, 8))
            if len(wrong):
                ax.plot(wrong[:, 1], wrong[:, 0], "x", color=RED, ls="none", ms=6, mew=1.6, label="wrong")
                ax.set_xlabel(f"{len(wrong)} of 64 wrong")
            else:
                ax.set_xlabel("0 of 64 wrong")
    if shown is not None:
        fig.colorbar(shown, ax=axes, ticks=[0, 1, 2], shrink=0.8)
    return fig


# ----------------------------------------------------------------------------- 4: two readings of p


@picture("Digits after dropout with p = 0.2 read as drop and as keep; validation accuracy of a network under each.")
def dropout_readings(
    notes: Notes,
    dropout_forward: Callable,
    dropout_backward: Callable,
    *,
    p: float = 0.2,
    epochs: int = 30,
    seeds: Iterable[int] = range(4),
):
    """Show the same p under both readings: on images, as a share that is counted, and in a network."""
    from threadpoolctl import threadpool_limits

    x, rng, seeds = data.digits().x_train[:4], np.random.default_rng(0), list(seeds)
    fig = notes.plt.figure(figsize=(12, 3.9))
    left, right = fig.subfigures(1, 2, width_ratios=(1.25, 1))
    images = left.subplots(2, 4)
    ax = right.subplots()
    ax.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1))
    ax.set_title(f"two hidden layers, 200 images, {len(seeds)} seeds")
    few = _few_for_each(seeds)

    def look(networks):
        return networks.accuracy(few.x_val, few.y_val)

    readings = ((p, f"p = {p:g} to DROP", BLUE, "-"), (round(1 - p, 10), f"p = {p:g} to KEEP", RED, "--"))
    with threadpool_limits(1):
        for row, (rate, name, color, line) in zip(images, readings, strict=True):
            for image in row:
                image.set(xticks=[], yticks=[])
                image.grid(False)
            row[0].set_ylabel(name)
            with notes.collect():
                out, _ = ask_noise(dropout_forward, x, rate, rng, train=True)
                many, _ = ask_noise(dropout_forward, np.ones((300, 400)), rate, rng, train=True)
                row[0].set_xlabel(f"dropped: {100 * np.mean(many == 0):.1f} %")
                row[1].set_xlabel(f"kept ones times {many.max():.3g}")
                for image, one in zip(row, out, strict=True):
                    image.imshow(one.reshape(8, 8) * (1 - rate), cmap="cividis", vmin=0, vmax=1)
                layer = as_layer(dropout_forward, dropout_backward, rate)
                _, looks = _learn_few(few, seeds, layer, sizes=_DEEP, epochs=epochs, look=look)
                _band(ax, np.arange(1, epochs + 1), np.transpose(looks), name, color=color, ls=line)
    legend(ax, loc="center right")
    return fig


# ---------------------------------------------------------------------------------- 5: DropConnect


@picture("Noise that two samples get in one pass; noise of the gradient against batch size; errors of the backward.")
def dropout_connect(
    notes: Notes,
    dropout_forward: Callable,
    dropconnect_forward: Callable,
    dropconnect_backward: Callable,
    *,
    p: float = 0.5,
    passes: int = 250,
    draws: int = 40,
    seed: int = 0,
):
    """Show dropped units beside dropped weights: noise of two samples, noise of the gradient, and its errors."""
    rng = np.random.default_rng(seed)
    digits = data.digits()
    zeros = digits.x_train[digits.y_train == 0]
    W, b = training.he((64, 8), rng), np.zeros(8)
    units, connect = "dropout: a draw for each unit", "DropConnect: one mask for the batch"
    alone = "DropConnect: a mask for each sample (paper)"

    def connected(x, rng=rng):
        return ask_noise(dropconnect_forward, x, W, b, p, rng, shape=(len(x), 8), train=True)

    def slopes(x, dout, cache):
        given = ask(dropconnect_backward, dout, cache)
        parts = _several(dropconnect_backward, given, "the triple (dx, dW, db)")
        shapes = (x.shape, W.shape, b.shape)
        read = [as_array(dropconnect_backward, part, s) for part, s in zip(parts, shapes, strict=True)]
        return [_showable(dropconnect_backward, part) for part in read]

    fig, (pair, noise, error) = notes.plt.subplots(1, 3, figsize=(12.6, 4.1), width_ratios=(1, 1.2, 0.8))
    pair.set(xlabel="noise of one image of a 0", ylabel="noise of another 0", title="one unit, the same pass")
    pair.set(xlim=(-2.5, 2.5), ylim=(-2.5, 2.5))
    noise.set(xscale="log", yscale="log", xlabel="batch size", ylabel="noise of dW / dW", title="the gradient dW")
    noise.set(ylim=(0.05, 4))
    sizes = np.array([1, 2, 4, 8, 16, 32, 64])
    noise.set_xticks(sizes, [str(size) for size in sizes])
    error.set(yscale="log", ylabel="error / largest entry", title="your backward", xlim=(-0.6, 2.6), ylim=(1e-17, 10))
    error.set_xticks(range(3), ["dx", "dW", "db"])
    error.set_xlabel("against central differences")
    two = zeros[:2]
    for ax in (pair, noise):
        ax.minorticks_off()

    def show_pair(layer, color, marker, label):
        out = np.array([layer()[:, 0] for _ in range(passes)]) - (two @ W)[:, 0]
        correlation = _correlation(out[:, 0], out[:, 1])
        style = {"color": color, "ms": 3, "ls": "none", "alpha": 0.6}
        pair.plot(out[:, 0], out[:, 1], marker, label=f"{label.split(':')[0]}, correlation {correlation:.2f}", **style)

    def show_noise(gradient, color, line, marker, label):
        relative = []
        for size in sizes.tolist():
            x, dout = zeros[:size], np.full((size, 8), 1 / size)
            drawn = np.array([gradient(x, dout) for _ in range(draws)])
            relative.append(np.linalg.norm(drawn.std(axis=0)) / max(np.linalg.norm(drawn.mean(axis=0)), 1e-12))
        noise.plot(sizes, relative, color=color, ls=line, marker=marker, ms=5, label=label)

    with notes.collect():
        show_pair(lambda: ask_noise(dropout_forward, two, p, rng, train=True)[0] @ W, ORANGE, "s", units)
        show_noise(lambda x, d: ask_noise(dropout_forward, x, p, rng, train=True)[0].T @ d, ORANGE, "--", "s", units)
    with notes.collect():
        show_pair(lambda: connected(two)[0], BLUE, "o", connect)
        show_noise(lambda x, d: slopes(x, d, connected(x)[1])[1], BLUE, "-", "o", connect)

        def sample_by_sample(x, dout):
            one = [slopes(x[i : i + 1], dout[i : i + 1], connected(x[i : i + 1])[1])[1] for i in range(len(x))]
            return np.sum(one, axis=0)

        show_noise(sample_by_sample, GREEN, "-.", "^", alone)
        x, dout = zeros[:4], rng.normal(size=(4, 8))
        yours = slopes(x, dout, connected(x, np.random.default_rng(9))[1])
        numeric = _differences(dropconnect_forward, (x, W, b), dout, p)
        for i, (mine, true) in enumerate(zip(yours, numeric, strict=True)):
            off = np.maximum(np.abs(mine - true).ravel() / np.abs(true).max(initial=1e-12), 1e-16)
            shown = off[:: max(1, len(off) // 60)]
            places = i + np.linspace(-0.25, 0.25, len(shown))
            error.plot(places, shown, "o", color=BLUE, ls="none", ms=3, alpha=0.6)
    handles, labels = noise.get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    legend(pair, loc="upper left")
    return fig


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0


def _differences(forward: Callable, arguments: tuple, dout: np.ndarray, p: float, h: float = 1e-3) -> list[np.ndarray]:
    """Return the slopes of sum(dout * out) in every argument by central differences, with the same draws each time.

    The layer is linear in each of its arguments, so that even a wide h has no error of its own.
    """

    def total(values):
        out, _ = ask_noise(forward, *values, p, np.random.default_rng(9), shape=dout.shape, train=True)
        return float(np.sum(dout * out))

    slopes = []
    for k, argument in enumerate(arguments):
        slope = np.zeros(argument.size)
        for j in range(argument.size):
            ends = []
            for sign in (1, -1):
                moved = argument.copy()
                moved.flat[j] += sign * h
                ends.append(total((*arguments[:k], moved, *arguments[k + 1 :])))
            slope[j] = (ends[0] - ends[1]) / (2 * h)
        slopes.append(slope.reshape(argument.shape))
    return slopes


# ------------------------------------------------------------------------------------- 6: channels


def _channels(images: int) -> np.ndarray:
    """Return digits (N, 4, 24, 24) as a first convolution might see them: the image, its edges, its background."""
    x = np.kron(data.digits(flat=False).x_train[:images, 0], np.ones((1, 3, 3)))
    for _ in range(2):
        x = _neighbourhood(x)
    across, down = np.abs(np.gradient(x, axis=2)), np.abs(np.gradient(x, axis=1))
    # No pixel is 0 by itself: what is 0 afterwards has been dropped.
    return 0.02 + 0.98 * np.stack([x, 4 * across, 4 * down, 1 - x], axis=1).clip(0, 1)


def _neighbourhood(x: np.ndarray, *, centre: bool = True) -> np.ndarray:
    """Return the mean over 3 x 3 pixels, or over the eight around the centre; border pixels repeat."""
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    h, w = x.shape[-2:]
    shifts = [(i, j) for i in range(3) for j in range(3) if centre or (i, j) != (1, 1)]
    return sum(wide[..., i : i + h, j : j + w] for i, j in shifts) / len(shifts)


@picture("Four channels of an image with pixels dropped and with channels dropped; what the neighbours give away.")
def dropout_channels(
    notes: Notes, dropout_forward: Callable, spatial_dropout_forward: Callable, *, images: int = 24, seed: int = 1
):
    """Show dropped pixels beside dropped channels, and how well their neighbours tell what was dropped."""
    x, p = _channels(images), 0.5
    fig = notes.plt.figure(figsize=(12.4, 4.6))
    left, right = fig.subfigures(1, 2, width_ratios=(1.15, 1))
    grid, ax = left.subplots(3, 4), right.subplots()
    ax.set(xlabel="$p$", ylabel="correlation with what was dropped", ylim=(-0.1, 1.05))
    ax.set_title("how well the 8 neighbours tell a dropped pixel")
    for image, name in zip(grid[0], ("image", "edges |", "edges —", "background"), strict=True):
        _image(image, x[0, list(grid[0]).index(image)], name, top=1.0)
    for row, name in zip(grid, ("x", "pixels", "channels"), strict=True):
        row[0].set_ylabel(name)
        for image in row:
            image.set(xticks=[], yticks=[])
            image.grid(False)
    ps = np.linspace(0.1, 0.9, 9)
    kinds = (
        (dropout_forward, "dropout_forward, pixels", ORANGE, "--", "s"),
        (spatial_dropout_forward, "spatial_dropout_forward, channels", BLUE, "-", "o"),
    )
    for row, (forward, label, color, line, marker) in zip(grid[1:], kinds, strict=True):
        with notes.collect():
            rng = np.random.default_rng(seed)
            out, _ = ask_noise(forward, x, p, rng, train=True)
            for image, channel in zip(row, out[0], strict=True):
                image.imshow(channel * (1 - p), cmap="cividis", vmin=0, vmax=1)
            told = []
            for rate in ps.tolist():
                out, _ = ask_noise(forward, x, rate, rng, train=True)
                gone = out == 0
                around = _neighbourhood(out, centre=False)
                told.append(_correlation(around[gone], x[gone]) if gone.sum() > 1 else np.nan)
            ax.plot(ps, told, color=color, ls=line, marker=marker, ms=5, label=label)
    legend(ax, loc="center left", bbox_to_anchor=(0.0, 0.35))
    return fig


# ------------------------------------------------------------------------------------- 7: Gaussian


@picture("Bernoulli and Gaussian noise of the same variance: the factors, their std against p, and a sum of 64 units.")
def dropout_gaussian(
    notes: Notes,
    dropout_forward: Callable,
    gaussian_dropout_forward: Callable,
    *,
    p: float = 0.5,
    draws: int = 6000,
    seed: int = 0,
):
    """Show the factors of both kinds of noise, how they spread, and what is left of the difference in a sum."""
    rng = np.random.default_rng(seed)
    ps = np.linspace(0, 0.9, 10)
    x = data.digits().x_train[:1]
    weights = rng.uniform(size=64)
    weights /= x[0] @ weights
    fig, (factor, spread, total) = notes.plt.subplots(1, 3, figsize=(12.4, 3.8))
    factor.set(xlabel="factor on a unit", ylabel="density", title=f"the noise, p = {p:g}", xlim=(-3, 5), ylim=(0, 5.2))
    spread.set(xlabel="$p$", ylabel="std of the factor", title="its std", ylim=(0, 3.4))
    spread.plot(ps, np.sqrt(ps / (1 - ps)), color="0.4", ls=":", lw=1.5, label=r"$\sqrt{p / (1 - p)}$")
    total.set(xlabel="input of the next unit", ylabel="density", title="a sum over 64 pixels", xlim=(0, 2))
    total.set_ylim(0, 2.4)
    kinds = (
        (dropout_forward, {"train": True}, "dropout_forward", ORANGE, "--", "s", 9),
        (gaussian_dropout_forward, {}, "gaussian_dropout_forward", BLUE, "-", "o", 5),
    )
    for forward, mode, label, color, line, marker, size in kinds:
        with notes.collect():
            ones = np.ones(4 * draws)
            drawn, _ = ask_noise(forward, ones, p, rng, **mode)
            stds = [ask_noise(forward, ones, rate, rng, **mode)[0].std() for rate in ps.tolist()]
            sums = ask_noise(forward, np.repeat(x, draws, axis=0), p, rng, **mode)[0] @ weights
            for ax, values, bins in (
                (factor, drawn, np.linspace(-3, 5, 81) + 0.05),
                (total, sums, np.linspace(0, 2, 41)),
            ):
                heights = np.histogram(values, bins)[0] / len(values) / np.diff(bins)
                style = {"color": color, "ls": line, "lw": 1.8, "label": label}
                ax.stairs(heights, bins, **style)
            look = {"color": color, "mfc": "none", "ls": "none", "ms": size, "label": label}
            spread.plot(ps, stds, marker, **look)
    for ax in (spread, total):
        legend(ax, loc="upper left")
    return fig


# ---------------------------------------------------------------------------------- 8: variational


def _sampled_kl(log_alpha: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the divergence by sampling, and its standard error; 0 for alpha -> infinity.

    KL(N(theta, alpha theta^2) || log-uniform) = -log(alpha) / 2 + E log|1 + sqrt(alpha) z| + constant, z ~ N(0, 1)
    (Kingma, Salimans and Welling 2015, appendix C). For a large alpha the expectation is log(alpha) / 2 + E log|z|,
    which sets the constant: -E log|z| = (log 2 + Euler's gamma) / 2.
    """
    z = np.random.default_rng(seed).standard_normal(draws)
    logs = np.array([np.log(np.abs(1 + np.exp(a / 2) * z)) for a in log_alpha])
    constant = (np.log(2) + np.euler_gamma) / 2
    return -log_alpha / 2 + logs.mean(axis=1) + constant, logs.std(axis=1) / np.sqrt(draws)


@picture("The KL divergence against log alpha, sampled and approximated; its error; and rates learnt weight by weight.")
def dropout_kl(notes: Notes, variational_dropout_kl: Callable, *, draws: int = 100_000, seed: int = 0):
    """Show the approximate divergence against samples of the true one, and what it does to weights nobody needs."""
    fig, (kl, error, learnt) = notes.plt.subplots(1, 3, figsize=(12.6, 3.9))
    at = np.linspace(-8, 8, 33)
    kl.set(xlabel=r"$\log\,\alpha$", ylabel="KL divergence", title="the price of knowing a weight", ylim=(-0.3, 5.2))
    error.set(xlabel=r"$\log\,\alpha$", ylabel="approximation − sampled", title="its error", ylim=(-0.04, 0.04))
    learnt.set(xlabel="round", ylabel=r"$p = \alpha / (1 + \alpha)$", title="a drop rate for each weight")
    learnt.set_ylim(-0.03, 1.03)
    sampled, uncertain = _sampled_kl(at, draws, seed)
    kl.plot(at, sampled, "o", color=ORANGE, ls="none", ms=6, mfc="none", label="sampled")
    error.axhline(0, color="0.4", ls=":", lw=1.2)
    label = "± 2 standard errors of the samples"
    error.fill_between(at, -2 * uncertain, 2 * uncertain, color=ORANGE, alpha=0.3, linewidth=0, label=label)
    with notes.collect():
        values = ask_numbers(variational_dropout_kl, at, shape=at.shape)
        kl.plot(at, values, color=BLUE, ls="-", label="variational_dropout_kl")
        error.plot(at, values - sampled, color=BLUE, ls="-", label="yours")
        rates, useful = _learnt_rates(variational_dropout_kl, seed)
        for rate, used in zip(rates.T, useful, strict=True):
            style = {"color": BLUE, "ls": "-", "lw": 2.2} if used else {"color": RED, "ls": "--", "lw": 1.1}
            learnt.plot(rate, **style)
        for kind, style in ((True, {"color": BLUE, "ls": "-"}), (False, {"color": RED, "ls": "--"})):
            learnt.plot([], [], label=f"{np.sum(useful == kind)} weights that {'count' if kind else 'do not'}", **style)
    kl.axvline(3, color="0.4", ls=":", lw=1.2)
    kl.text(3.2, 2.5, "p > 0.95:\nprune", va="top", color="0.3")
    legend(kl, loc="upper right")
    legend(error, loc="lower left")
    if learnt.has_data():
        legend(learnt, loc="center right", bbox_to_anchor=(1.0, 0.6))
    return fig


def _learnt_rates(kl: Callable, seed: int, rounds: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return the rate of every weight of a linear regression after each round (rounds + 1, D), and which ones count.

    Minimised is the expected squared error / (2 sigma^2) + sum of KL. Given the rates, the best weights are those of a
    ridge regression whose penalty is `dropout_penalty`'s; given the weights, the best rate is looked up on a grid.
    """
    rng = np.random.default_rng(seed)
    n, d, sigma = 60, 15, 0.5
    x = rng.standard_normal((n, d))
    useful = np.arange(d) < 4
    y = x @ np.where(useful, (1.5, -1.0, 0.7, 0.5) + (0.0,) * (d - 4), 0.0) + sigma * rng.standard_normal(n)
    grid = np.linspace(-10, 10, 401)
    price = ask_numbers(kl, grid, shape=grid.shape)
    log_alpha = np.full(d, -2.0)
    rates = [1 / (1 + np.exp(-log_alpha))]
    squares = np.sum(x**2, axis=0)
    for _ in range(rounds):
        theta = np.linalg.solve(x.T @ x + np.diag(np.exp(log_alpha) * squares), x.T @ y)
        cost = np.exp(grid) * (squares * theta**2)[:, None] / (2 * sigma**2) + price
        log_alpha = grid[cost.argmin(axis=1)]
        rates.append(1 / (1 + np.exp(-log_alpha)))
    return np.array(rates), useful


# --------------------------------------------------------------------------------------- 9: MC dropout


def _ask_mc(
    mc_dropout: Callable, predict: Callable, x: np.ndarray, samples: int, rng, shape: tuple
) -> list[np.ndarray]:
    parts = _several(mc_dropout, ask(mc_dropout, predict, x, samples, rng), "the pair (mean, std)")
    return [_showable(mc_dropout, as_array(mc_dropout, part, shape)) for part in parts]


def _squared_error(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    off = scores[:, 0] - y
    return float(np.mean(off**2)), 2 * off[:, None] / len(y)


def _fit_curve(layer: training.Dropout, x: np.ndarray, y: np.ndarray, steps: int, seed: int) -> training.MLP:
    """Return a network (1 - 64 - 64 - 1) after `steps` full-batch steps of Adam on the squared error."""
    from dataclasses import replace

    layers = replace(training.BUILT_IN, loss=_squared_error)
    network = training.MLP((1, 64, 64, 1), np.random.default_rng(seed), layers=layers, dropout=layer)
    first = dict.fromkeys(network.params, 0.0)
    second = dict(first)
    for t in range(1, steps + 1):
        _, grads = network.loss(x, y)
        for name, grad in grads.items():
            first[name] = 0.9 * first[name] + 0.1 * grad
            second[name] = 0.999 * second[name] + 0.001 * grad**2
            root = np.sqrt(second[name] / (1 - 0.999**t)) + 1e-8
            network.params[name] = network.params[name] - 0.005 * first[name] / (1 - 0.9**t) / root
    return network


def _rotated(x: np.ndarray, degrees: float) -> np.ndarray:
    from scipy.ndimage import rotate

    images = rotate(x.reshape(-1, 8, 8), degrees, axes=(1, 2), reshape=False, order=1)
    return images.reshape(len(x), -1).clip(0, 1)


@picture("MC dropout in a regression with a gap in its data, and on digits that are turned step by step.")
def dropout_uncertainty(
    notes: Notes,
    mc_dropout: Callable,
    dropout_forward: Callable,
    dropout_backward: Callable,
    *,
    samples: int = 60,
    steps: int = 1200,
    epochs: int = 12,
    seed: int = 0,
):
    """Show what MC dropout says away from its data: in one dimension, and on turned digits."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    fig, (curve, turned) = notes.plt.subplots(1, 2, figsize=(12, 4), width_ratios=(1.1, 1))
    x = np.concatenate([rng.uniform(-2, -0.7, 20), rng.uniform(0.7, 2, 20)])[:, None]
    y = np.sin(2 * x[:, 0]) + 0.05 * rng.standard_normal(40)
    line = np.linspace(-5, 5, 201)[:, None]
    curve.set(xlabel="$x$", ylabel="$y$", ylim=(-5, 5), title=f"mean ± 2 std of {samples} passes, p = 0.1")
    curve.plot(line, np.sin(2 * line), color="0.4", ls=":", lw=1.5, label="truth")
    curve.plot(x, y, "o", color="black", ms=4, ls="none", label="data")
    turned.set(xlabel="images turned by (degrees)", ylabel="mean over test images", ylim=(0, 1.03))
    turned.set_title(f"digits, p = 0.5, {samples} passes")
    turned.set_xticks(range(0, 91, 15))
    with threadpool_limits(1):
        with notes.collect():
            network = _fit_curve(as_layer(dropout_forward, dropout_backward, 0.1), x, y, steps, seed)

            def height(x, rng):
                return network.scores(x, drop_with=rng)[:, 0]

            mean, std = _ask_mc(mc_dropout, height, line, samples, rng, (len(line),))
            curve.fill_between(line[:, 0], mean - 2 * std, mean + 2 * std, color=BLUE, alpha=0.2, linewidth=0)
            curve.plot(line, mean, color=BLUE, ls="-", label="mean of mc_dropout")
            curve.plot(line, std, color=RED, ls="--", label="its std")
        with notes.collect():
            digits = data.digits()
            layer = as_layer(dropout_forward, dropout_backward, 0.5)
            classifier = _learn(digits, seed, layer, epochs=epochs)

            def chances(x, rng):
                return _softmax(classifier.scores(x, drop_with=rng))

            images, labels = digits.x_test[:120], digits.y_test[:120]
            rows = []
            for degrees in range(0, 91, 15):
                image = _rotated(images, degrees)
                single = _softmax(classifier.scores(image))
                mean, std = _ask_mc(mc_dropout, chances, image, samples, rng, single.shape)
                best = mean.argmax(axis=1)
                of_best = std[np.arange(len(best)), best]
                rows.append(
                    (np.mean(best == labels), single.max(axis=1).mean(), mean.max(axis=1).mean(), of_best.mean())
                )
            styles = (
                ("right answers", "black", ":", "o"),
                ("confidence of a single pass at test", ORANGE, "--", "s"),
                ("confidence of the mean", BLUE, "-", "o"),
                ("std of mc_dropout", RED, "-.", "^"),
            )
            for values, (label, color, line_style, marker) in zip(np.transpose(rows), styles, strict=True):
                turned.plot(range(0, 91, 15), values, color=color, ls=line_style, marker=marker, ms=5, label=label)
    legend(curve, loc="upper right")
    legend(turned)
    return fig


# --------------------------------------------------------------------------------------- 10: penalty


@picture("Extra loss under many masks against dropout_penalty; what L2 and the penalty leave of each weight.")
def dropout_linear_penalty(
    notes: Notes, dropout_forward: Callable, dropout_penalty: Callable, *, masks: int = 1500, seed: int = 0
):
    """Show the extra loss that dropout costs a linear model, measured and predicted; and the weights it leads to."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((40, 6)) * np.geomspace(0.2, 2, 6)
    w = rng.standard_normal(6)
    y = x @ w + rng.standard_normal(40)
    fig, (extra, left) = notes.plt.subplots(1, 2, figsize=(11, 3.9))
    extra.set(xlabel="$p$", ylabel="extra squared loss", yscale="log", title="what dropout adds to the loss")
    extra.set(ylim=(0.05, 200))
    left.set(xscale="log", xlabel="size of the feature (rms)", ylabel="share of the weight that is left")
    left.set(ylim=(-0.05, 1.15), title="the best weights under each penalty")
    many = np.tile(x, (masks, 1, 1))
    sizes = np.geomspace(0.1, 10, 9)
    columns = np.linalg.qr(rng.standard_normal((60, 9)))[0] * np.sqrt(60) * sizes  # uncorrelated
    with notes.collect():
        ps = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        measured = []
        for p in ps.tolist():
            out, _ = ask_noise(dropout_forward, many, p, rng, train=True)
            losses = np.mean((y - out @ w) ** 2, axis=1) - np.mean((y - x @ w) ** 2)
            measured.append((losses.mean(), 2 * losses.std() / np.sqrt(masks)))
        mean, twice = np.transpose(measured)
        style = {"color": ORANGE, "marker": "o", "mfc": "none", "ms": 8, "ls": "none", "capsize": 3}
        extra.errorbar(ps, mean, twice, label=f"measured, {masks} masks (± 2 standard errors)", **style)
    with notes.collect():
        fine = np.linspace(0.05, 0.92, 60)
        predicted = [float(ask_numbers(dropout_penalty, x, w, p, shape=())) for p in fine.tolist()]
        extra.plot(fine, predicted, color=BLUE, ls="-", label="dropout_penalty")
        for p, marker in ((0.2, "o"), (0.5, "^")):
            penalty = _quadratic_form(lambda v, p=p: ask_numbers(dropout_penalty, columns, v, p, shape=()), 9)
            label = f"dropout_penalty, p = {p:g}"
            left.plot(sizes, _left(columns, penalty), color=BLUE, ls="-", marker=marker, ms=5, label=label)
    for strength, marker in ((0.25, "s"), (1.0, "D")):
        label = rf"L2, $\lambda$ = {strength:g}"
        kept = _left(columns, strength * np.eye(9))
        left.plot(sizes, kept, color=ORANGE, ls="--", marker=marker, ms=5, label=label)
    legend(extra, loc="upper left")
    legend(left, loc="lower right")
    return fig


def _quadratic_form(penalty: Callable, d: int) -> np.ndarray:
    """Return Q of a penalty w' Q w, from its values at the axes and between them."""
    axes = np.eye(d)
    own = np.array([float(penalty(axis)) for axis in axes])
    form = np.diag(own)
    for i, j in itertools.combinations(range(d), 2):
        form[i, j] = form[j, i] = (float(penalty(axes[i] + axes[j])) - own[i] - own[j]) / 2
    return form


def _left(x: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Return the share of weights of 1 that is left where mean squared error + w' form w is smallest."""
    gram = x.T @ x / len(x)
    return np.linalg.lstsq(gram + form, gram @ np.ones(len(gram)), rcond=None)[0]


# --------------------------------------------------------------------------------------- 11: ensemble


def _all_masks(n: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Return all 2^n masks (2^n, n) and their probabilities."""
    masks = np.array(list(itertools.product((0.0, 1.0), repeat=n)))
    return masks, np.prod(np.where(masks == 1, 1 - p, p), axis=1)


def _geometric(log_probs: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Return the weighted geometric mean over the first axis, rows normalised to sum 1."""
    return _softmax(np.tensordot(chances, log_probs, axes=1))


@picture("weight_scaling_softmax against the mean of all masks; its error where more than one layer is dropped.")
def dropout_ensemble(notes: Notes, weight_scaling_softmax: Callable, *, p: float = 0.3, seed: int = 0):
    """Show one pass with scaled weights against both means over all thinned networks, linear and not.

    At p = 0.5 scaling by p looks like scaling by 1 - p.
    """
    rng = np.random.default_rng(seed)
    n, classes = 8, 3
    x, W, b = rng.standard_normal((25, n)), rng.standard_normal((n, classes)), rng.standard_normal(classes)
    masks, chances = _all_masks(n, p)
    thinned = np.log(_softmax((x * masks[:, None]) @ W + b))
    fig, (same, error) = notes.plt.subplots(1, 2, figsize=(11.5, 4), width_ratios=(1, 1.25))
    same.set(xlabel="weight_scaling_softmax", ylabel=f"mean over all {2**n} masks")
    same.set(xlim=(0, 1), ylim=(0, 1), title=f"a linear softmax, p = {p:g}")
    same.plot([0, 1], [0, 1], color="0.4", ls=":", lw=1.2)
    error.set(
        ylabel="largest error", yscale="log", ylim=(1e-17, 3), title="against the geometric mean", xlim=(-0.5, 2.5)
    )
    error.set_xlabel("what is dropped")
    error.set_xticks(
        range(3), ["inputs of a\nlinear softmax", "hidden units\nbefore the softmax", "inputs and\nhidden units"]
    )
    with notes.collect():
        yours = ask_numbers(weight_scaling_softmax, x, W, b, p, shape=(25, classes))
        arithmetic = np.tensordot(chances, np.exp(thinned), axes=1)
        geometric = _geometric(thinned, chances)
        style = {"ls": "none", "ms": 5}
        same.plot(yours.ravel(), arithmetic.ravel(), "s", color=ORANGE, mfc="none", label="arithmetic mean", **style)
        same.plot(yours.ravel(), geometric.ravel(), "o", color=BLUE, label="geometric mean", **style)
        errors = [np.abs(yours - geometric).max(), *_errors_in_depth(weight_scaling_softmax, p, rng)]
        error.plot(range(3), np.maximum(errors, 1e-16), "o", color=BLUE, ls="none", ms=10)
        for i, value in enumerate(errors):
            error.annotate(f"{value:.0e}", (i, max(value, 1e-16)), (10, 6), textcoords="offset points")
    legend(same, loc="upper left")
    return fig


def _errors_in_depth(scaling: Callable, p: float, rng: np.random.Generator) -> list[float]:
    """Return the largest error of weight scaling with a hidden layer dropped, and with the inputs dropped too."""
    n, hidden, classes = 5, 6, 3
    x = rng.standard_normal((25, n))
    W1, b1 = rng.standard_normal((n, hidden)), rng.standard_normal(hidden)
    W2, b2 = rng.standard_normal((hidden, classes)), rng.standard_normal(classes)
    (inputs, of_inputs), (units, of_units) = _all_masks(n, p), _all_masks(hidden, p)
    errors = []
    for input_masks, input_chances, scale in ((np.ones((1, n)), np.ones(1), 1.0), (inputs, of_inputs, 1 - p)):
        h = np.maximum((x * input_masks[:, None]) @ W1 + b1, 0)  # (input masks, samples, hidden)
        logs = np.log(_softmax((h[:, None] * units[None, :, None]) @ W2 + b2))
        logs = logs.reshape(-1, *logs.shape[2:])
        truth = _geometric(logs, np.outer(input_chances, of_units).ravel())
        yours = ask_numbers(scaling, np.maximum(scale * x @ W1 + b1, 0), W2, b2, p, shape=truth.shape)
        errors.append(np.abs(yours - truth).max())
    return errors


# -------------------------------------------------------------------------------- 12: the digits


@dataclass(frozen=True)
class _Result:
    """What is kept of one setting: an entry for each seed."""

    val_loss: np.ndarray  # (seeds, epochs / 2)
    val: np.ndarray
    train: np.ndarray
    test: np.ndarray
    believed: np.ndarray  # share of the wrong labels


def _judged(few: _Few, wrong: int, seeds: list[int], layer: training.Dropout | None, epochs: int) -> _Result:
    def look(networks):
        return stacks.cross_entropy(networks.scores(few.x_val), few.y_val)

    networks, losses = _learn_few(few, seeds, layer, epochs=epochs, look=look, every=2)
    right = networks.scores(few.x).argmax(axis=-1) == few.y
    return _Result(
        np.transpose(losses),
        networks.accuracy(few.x_val, few.y_val),
        right.mean(axis=1),
        networks.accuracy(few.x_test, few.y_test),
        right[:, :wrong].mean(axis=1) if wrong else np.full(len(seeds), np.nan),
    )


@picture(
    "Validation loss without and with dropout; test accuracy and the gap to the training accuracy, against p.",
    waits="any",
)
def dropout_before_and_after(
    notes: Notes,
    dropout_forward: Callable,
    dropout_backward: Callable,
    *,
    wrong: int = 0,
    ps: Iterable[float] = (0.25, 0.5, 0.75),
    seeds: Iterable[int] = range(8),
    epochs: int = 40,
    progress: bool = True,
):
    """Show 200 digits learnt without and with the student's dropout; p is chosen on validation images."""
    from threadpoolctl import threadpool_limits

    seeds, ps = list(seeds), list(ps)
    fig, (loss, test, gap) = notes.plt.subplots(1, 3, figsize=(12.6, 4), width_ratios=(1.25, 1, 1))
    epoch = [*range(2, epochs, 2), epochs]
    labels = f"{wrong} labels wrong" if wrong else "all labels right"
    loss.set(xlabel="epoch", ylabel="validation cross-entropy", title=f"200 images, {labels}", ylim=(0, 1.0))
    test.set(xlabel="$p$", ylabel="test accuracy (%)", title=f"a dot for each of {len(seeds)} seeds")
    gap.set(xlabel="$p$", ylabel="training − test accuracy (points)", title="the gap")
    few = _few_for_each(seeds, wrong=wrong)

    def draw(p, run, color, marker) -> None:
        for ax, values in ((test, 100 * run.test), (gap, 100 * (run.train - run.test))):
            ax.plot(np.full(len(seeds), p), values, marker, color=color, ls="none", ms=4, alpha=0.6)
            ax.plot([p - 0.06, p + 0.06], [values.mean()] * 2, color=color, ls="-", lw=2.5)

    with threadpool_limits(1), progress_bar((len(ps) + 1) * len(seeds), progress) as tick:

        def learnt(layer) -> _Result:
            run = _judged(few, wrong, seeds, layer, epochs)
            for _ in seeds:
                tick()
            return run

        plain = learnt(None)
        draw(0.0, plain, ORANGE, "s")
        _band(loss, epoch, plain.val_loss, "without dropout", color=ORANGE, ls="--")
        with notes.collect():
            tried = {p: learnt(as_layer(dropout_forward, dropout_backward, p)) for p in ps}
            for p, run in tried.items():
                draw(p, run, BLUE, "o")
            best = max(tried, key=lambda p: np.mean(tried[p].val))
            _band(loss, epoch, tried[best].val_loss, f"with yours, p = {best:g}", color=BLUE, ls="-")
            notes.add(_verdict(100 * plain.test, 100 * tried[best].test, best))
            if wrong:
                shares = [100 * np.mean(run.believed) for run in (plain, tried[best])]
                notes.add("Of the wrong labels, {:.0f} % are learnt without, {:.0f} % with.".format(*shares))
    for ax in (test, gap):
        ax.set_xticks([0.0, *ps], ["without", *(f"{p:g}" for p in ps)])
        ax.set_xlim(-0.13, max(ps) + 0.13)
    legend(loss, loc="upper right")
    return fig


def _verdict(without: np.ndarray, yours: np.ndarray, p: float) -> str:
    gain = yours - without
    return (
        f"Test accuracy: {without.mean():.1f} ± {seed_std(without):.1f} % without, "
        f"{yours.mean():.1f} ± {seed_std(yours):.1f} % with p = {p:g} (chosen on validation images).\n"
        f"The difference, seed by seed: {gain.mean():+.1f} ± {seed_std(gain):.1f} points; "
        f"better for {np.sum(gain > 0)} of {len(gain)} seeds."
    )
