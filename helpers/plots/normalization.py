"""The pictures of 08_normalization: who shares a mean, what comes back, directions and lengths, round clouds."""

from collections.abc import Callable, Mapping

import numpy as np

from helpers import data, samples
from helpers.plots.batchnorm import (
    ask_backward,
    ask_forward,
    central_differences,
    error_map,
    error_scale,
    mosaic,
    moved,
)
from helpers.plots.pieces import legend
from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK = COLORS
KINDS = ("batch", "layer", "instance")


# ---------------------------------------------------------------------------- a student's functions


def ask_parts(function: Callable, *args, parts: int, **kwargs) -> list:
    """Return what the function gives, a tuple of so many parts; raise NotReady if it is none."""
    result = ask(function, *args, **kwargs)
    if not (isinstance(result, (tuple, list)) and len(result) == parts):
        raise NotReady(name_of(function), f"gave {describe(result)} where {parts} results were expected")
    return list(result)


def ask_out(forward: Callable, x: np.ndarray, *args, **kwargs) -> tuple[np.ndarray, object]:
    """Return (out, cache) of any forward; raise NotReady if out is not of x's shape."""
    out, cache = ask_parts(forward, x, *args, parts=2, **kwargs)
    return as_array(forward, out, x.shape), cache


def ask_axes(norm_axes: Callable, kind: str) -> tuple[int, ...]:
    """Return the axes of a kind, counted from the front; raise NotReady if they are none of (N, C, H, W)."""
    value = np.atleast_1d(as_array(norm_axes, ask(norm_axes, kind)))
    axes = {int(axis) % 4 for axis in value.ravel() if np.isfinite(axis) and axis == int(axis) and -4 <= axis < 4}
    if len(axes) != value.size or not axes:
        raise NotReady(name_of(norm_axes), f"gave no axes of (N, C, H, W) for {kind!r}")
    return tuple(sorted(axes))


def batchnorm(x: np.ndarray) -> np.ndarray:
    """Return BatchNorm of (N, D) without gamma and beta, for comparison."""
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


# ---------------------------------------------------------------------------- rows and columns


@picture("A batch as a table of numbers: as it comes, after BatchNorm, after LayerNorm, with the spread of each row.")
def norm_rows(notes, layernorm_forward, *, seed: int = 0):
    """Show a batch whose samples differ in brightness and contrast, normalized by columns and by rows."""
    rng = np.random.default_rng(seed)
    n, d = 6, 10
    x = rng.normal(size=(n, d)) + rng.normal(size=d)
    x[1], x[4] = 4 * x[1], x[4] + 6
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.4), sharey=True)
    titles = ("x: sample 1 times 4, sample 4 plus 6", "BatchNorm: columns", "your LayerNorm: rows")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="feature", xticks=range(0, d, 3))
        ax.grid(False)
    axes[0].set(ylabel="sample\n(mean ± deviation at its end)", yticks=range(n))
    _table(axes[0], x)
    _table(axes[1], batchnorm(x))
    with notes.collect():
        out, _ = ask_forward(layernorm_forward, x, np.ones(d), np.zeros(d))
        _table(axes[2], out)
    return fig


def _table(ax, x: np.ndarray) -> None:
    ax.imshow(x, cmap="cividis", vmin=-3, vmax=3, aspect="auto")
    for i, row in enumerate(x):
        ax.text(x.shape[1] - 0.3, i, f"{round(row.mean(), 1) + 0.0:g} ± {row.std():.1f}", va="center", fontsize=9)
    ax.set_xlim(-0.5, x.shape[1] + 3.2)


@picture("How much one sample's output changes when it, a feature or a neighbour is changed, by two layers.")
def norm_changes(notes, layernorm_forward, *, seed: int = 0):
    """Show how far one sample's output moves for five changes of the batch, by BatchNorm and by the student's layer."""
    rng, n, d = np.random.default_rng(seed), 8, 12
    x = rng.normal(size=(n, d)) + rng.normal(size=d)

    def changed(rows, columns, factor, shift) -> np.ndarray:
        other = x.copy()
        other[rows, columns] = factor * other[rows, columns] + shift
        return other

    everything = slice(None)
    changes = {
        "this sample\ntimes 10": changed(0, everything, 10, 0),
        "this sample\nplus 5": changed(0, everything, 1, 5),
        "one feature\ntimes 10": changed(everything, 0, 10, 0),
        "one feature\nplus 5": changed(everything, 0, 1, 5),
        "a neighbour\ntimes 10": changed(1, everything, 10, 0),
    }
    fig, ax = notes.plt.subplots(figsize=(8.6, 2.7))
    ax.set_xticks(range(len(changes)), list(changes))
    ax.set_yticks([0, 1], ["BatchNorm", "your LayerNorm"])
    ax.set_title(f"largest change in the output of this sample, one of {n}")
    ax.grid(False)
    _changes(ax, 0, batchnorm, x, changes)
    with notes.collect():
        ones, zeros = np.ones(d), np.zeros(d)
        _changes(ax, 1, lambda batch: ask_forward(layernorm_forward, batch, ones, zeros)[0], x, changes)
    return fig


def _changes(ax, row: int, layer: Callable, x: np.ndarray, changes: Mapping[str, np.ndarray]) -> None:
    from matplotlib.colors import ListedColormap

    before = layer(x)[0]
    change = np.array([np.abs(layer(other)[0] - before).max() for other in changes.values()])
    ends = (-0.5, len(change) - 0.5, row + 0.45, row - 0.45)
    ax.imshow([change < 0.01], cmap=ListedColormap([SKY, "0.93"]), vmin=0, vmax=1, extent=ends, aspect="auto")
    for column, value in enumerate(change):
        words = f"{value:.2f}" if value >= 0.01 else "0" if value < 1e-9 else f"{value:.0e}"
        ax.text(column, row, words, ha="center", va="center")
    ax.set(xlim=(-0.5, len(change) - 0.5), ylim=(1.5, -0.5))


# ---------------------------------------------------------------------------- backward


@picture("Heat maps of the error of LayerNorm's dx: yours, gamma outside the means, statistics as constants.")
def norm_gradient_check(notes, layernorm_forward, layernorm_backward, *, seed: int = 0):
    """Show the backward pass against central differences of the forward, entry by entry, on a log scale."""
    rng, n, d = np.random.default_rng(seed), 6, 8
    x, dout = rng.normal(2.0, 3.0, (n, d)), rng.normal(size=(n, d))
    gamma, beta = rng.uniform(0.5, 2.0, d), rng.normal(size=d)
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.9), sharey=True)
    titles = ("yours", "gamma outside the means", "mean and variance constant")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="feature", xticks=range(d))
        ax.set_yticks(range(n + 2), [*range(n), "dgamma", "dbeta"])
        ax.grid(False)
    axes[0].set_ylabel("dx of sample")
    with notes.collect():
        numeric = central_differences(layernorm_forward, x, gamma, beta, dout)
        std = x.std(axis=1, keepdims=True)
        hat = (x - x.mean(axis=1, keepdims=True)) / std
        rest = dout - dout.mean(axis=1, keepdims=True) - hat * (dout * hat).mean(axis=1, keepdims=True)
        for ax, wrong in zip(axes[1:], (gamma * rest / std, gamma * dout / std), strict=True):
            error_map(ax, [wrong, *numeric[1:]], numeric)
        _, cache = ask_forward(layernorm_forward, x, gamma, beta)
        error_map(axes[0], ask_backward(layernorm_backward, dout, cache, d), numeric)
    fig.colorbar(error_scale(), ax=axes, label="log10 of error / largest entry")
    return fig


@picture("One feature's gradient in a batch of eight: what comes directly and through the batch.")
def norm_roads(notes, mean_only_forward, mean_only_backward, batchnorm_forward, batchnorm_backward, *, seed: int = 0):
    """Show both roads of the gradient, dNorm/dx and dNorm/dX of lecture 004, for mean-only BatchNorm and BatchNorm."""
    rng, n = np.random.default_rng(seed), 8
    x, dout = rng.normal(1.0, 1.5, (n, 1)), rng.normal(0.4, 1.0, (n, 1))
    one, zero = np.ones(1), np.zeros(1)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(11, 3.7), sharey=True)
    left.set(title="your mean-only BatchNorm", ylabel="gradient by x")
    right.set(title="BatchNorm")
    for ax in (left, right):
        ax.set(xlabel="sample of the batch", xticks=range(n))
        ax.axhline(0, color="black", lw=0.8, ls="-")
    with notes.collect():
        out, cache = ask_out(mean_only_forward, x, zero)
        dx = as_array(mean_only_backward, ask_parts(mean_only_backward, dout, cache, parts=2)[0], (n, 1))
        _roads(left, x, out, dout, dx)
    with notes.collect():
        out, cache = ask_forward(batchnorm_forward, x, one, zero)
        _roads(right, x, out, dout, ask_backward(batchnorm_backward, dout, cache, 1)[0])
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _roads(ax, x, out, dout, dx) -> None:
    # With the statistics held still the layer is a straight line through its own points.
    first, last = np.argmin(x), np.argmax(x)
    slope = (out[last, 0] - out[first, 0]) / (x[last, 0] - x[first, 0])
    direct = slope * dout
    bars = {"dout": (dout, "0.75"), "through x itself": (direct, SKY), "through the batch": (dx - direct, ORANGE)}
    place = np.arange(len(x))
    for k, (name, (height, color)) in enumerate(bars.items()):
        ax.bar(place + 0.22 * (k - 1), height[:, 0], 0.2, color=color, label=name)
    ax.plot(place, dx[:, 0], "D", color=BLACK, ms=5, ls="none", label="dx, their sum")
    ax.set_xlabel(f"sample of the batch\nsum of dout {dout.sum():.2f}, sum of dx {round(dx.sum(), 2) + 0.0:.2f}")


# ---------------------------------------------------------------------------- who shares a mean


@picture("Which pixels share a mean with one pixel, for the three kinds of axes: images as rows, channels as columns.")
def norm_shared(notes, norm_axes):
    """Show for each kind which pixels of (3, 4, 4, 4) are averaged with a pixel, by the axes that the student gives."""
    shape, pixel = (3, 4, 4, 4), (0, 1, 1, 2)
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.5))
    for ax, kind in zip(axes, KINDS, strict=True):
        mosaic(ax, np.zeros(shape), pixel)
        ax.set_title(kind)
    axes[0].set_ylabel("image n")
    for ax, kind in zip(axes, KINDS, strict=True):
        with notes.collect():
            found = ask_axes(norm_axes, kind)
            shares = averaged(shape, pixel, found)
            mosaic(ax, shares, pixel)
            ax.set_title(f"{kind}: axes {found}, {int(shares.sum())} share a mean")
    _key(fig)
    return fig


def averaged(shape: tuple[int, ...], pixel: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    """Return which entries go into the same mean over `axes` as one pixel."""
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    places = np.indices(shape)
    return np.all([places[axis] == pixel[axis] for axis in kept], axis=0) if kept else np.ones(shape, bool)


def _key(fig, words: str = "share its mean") -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [Line2D([], [], marker="*", ms=12, color=ORANGE, ls="none"), Patch(fc=BLUE), Patch(fc="0.9")]
    fig.legend(handles, ["one pixel", words, "do not"], loc="outside lower center", ncols=3)


@picture("The pixels that share a mean with one pixel, by axes or by groups of channels, and their number.")
def norm_sharing(
    notes: Notes,
    norm_axes,
    groupnorm_forward,
    *,
    groups: int = 2,
    image: int = 0,
    channel: int = 1,
    row: int = 1,
    column: int = 2,
):
    """Show who shares a mean with a pixel: by the student's axes for three kinds, measured for the student's groups."""
    shape, pixel = (3, 8, 3, 3), (image, channel, row, column)
    fig, axes = notes.plt.subplots(2, 2, figsize=(11, 5.4))
    panels = dict(zip((*KINDS, "group"), axes.ravel(), strict=True))
    for kind, ax in panels.items():
        mosaic(ax, np.zeros(shape), pixel)
        ax.set(title=kind, xlabel="channel c" if kind in ("instance", "group") else "")
    for ax in axes[:, 0]:
        ax.set_ylabel("image n")
    for kind in KINDS:
        with notes.collect():
            found = ask_axes(norm_axes, kind)
            shares = averaged(shape, pixel, found)
            mosaic(panels[kind], shares, pixel)
            panels[kind].set(title=f"{kind}: {int(shares.sum())} share a mean", xlabel="")
    with notes.collect():
        gamma, beta = np.ones(shape[1]), np.zeros(shape[1])
        x = np.random.default_rng(0).normal(size=shape)
        shares = moved(lambda x: ask_out(groupnorm_forward, x, gamma, beta, groups)[0], x, pixel)
        mosaic(panels["group"], shares, pixel)
        what = f"{groups} groups" if groups > 1 else "1 group"
        panels["group"].set_title(f"your groupnorm_forward, {what}: {int(shares.sum())} move together")
    for kind in ("batch", "layer"):
        panels[kind].set_xlabel("")
    _key(fig)
    return fig


# ---------------------------------------------------------------------------- images


@picture(
    "A photograph under three lights, as it comes and after InstanceNorm, and how far the three are apart.", waits="any"
)
def norm_lights(notes, instancenorm_forward):
    """Show one photograph under three lights; InstanceNorm takes the light away, BatchNorm keeps it."""
    photo = samples.photos()[1]
    lights = {
        "as it was taken": photo,
        "dark, less contrast": 0.35 * photo + 0.1,
        "evening": photo * np.array([0.95, 0.6, 0.35])[:, None, None] + np.array([0.05, 0.0, 0.0])[:, None, None],
    }
    x = np.stack(list(lights.values()))
    ones, zeros = np.ones(3), np.zeros(3)
    fig, axes = notes.plt.subplots(3, 3, figsize=(9, 7.2))
    for ax in axes.ravel():
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for ax, name in zip(axes[0], lights, strict=True):
        ax.set_title(name)
    _gallery(axes[0], x, "x", scale=1.0, shift=0.0)
    mean, std = x.mean(axis=(0, 2, 3), keepdims=True), x.std(axis=(0, 2, 3), keepdims=True)
    _gallery(axes[1], (x - mean) / std, "BatchNorm")
    axes[2, 0].set_ylabel("your InstanceNorm")
    with notes.collect():
        out, _ = ask_out(instancenorm_forward, x, ones, zeros)
        _gallery(axes[2], out, "your InstanceNorm")
    return fig


def _gallery(axes, images: np.ndarray, name: str, scale: float = 0.2, shift: float = 0.45) -> None:
    """Draw images in a row, brought into [0, 1], and say how far the first is from the others."""
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(np.clip(np.nan_to_num(image) * scale + shift, 0, 1).transpose(1, 2, 0))
    axes[0].set_ylabel(name)
    for ax, image in zip(axes[1:], images[1:], strict=True):
        ax.set_xlabel(f"differs from the first by {np.abs(image - images[0]).mean():.3f}")


# ---------------------------------------------------------------------------- weights


@picture("A weight vector and its gradient in the plane, its walk, its length and its direction step by step.")
def norm_right_angle(
    notes: Notes,
    weightnorm_forward,
    weightnorm_backward,
    *,
    lr: float = 0.3,
    steps: int = 30,
    angle: int = 70,
    length: float = 1.0,
    momentum: float = 0.0,
):
    """Show steps of SGD on v for a fixed dw: dv is at right angles, |v| grows, the angle turns ever less.

    Parameters
    ----------
    lr, momentum : float; of SGD on v
    steps : int
    angle : int; degrees between v and the direction that would lower the loss at once
    length : float; length of v at the start
    """
    turn = np.deg2rad(angle)
    v, g, dw = np.array([[length, 0.0]]), np.ones(1), -np.array([[np.cos(turn), np.sin(turn)]])
    fig, (plane, lengths, angles) = notes.plt.subplots(1, 3, figsize=(11.5, 3.9))
    plane.set(title="the plane of v", xlabel="$v_1$", ylabel="$v_2$", aspect="equal")
    lengths.set(title="length of v", xlabel="step", ylabel="$|v|$")
    angles.set(title="what is left to turn", xlabel="step", ylabel="angle to $-dw$, degrees")

    def walk(v) -> tuple[np.ndarray, np.ndarray]:
        path, first, velocity = [v], None, np.zeros_like(v)
        for _ in range(steps):
            _, cache = ask_parts(weightnorm_forward, v, g, parts=2)
            dv = as_array(weightnorm_backward, ask_parts(weightnorm_backward, dw, cache, parts=2)[0], v.shape)
            first = dv[0] if first is None else first
            velocity = momentum * velocity + dv
            v = v - lr * velocity
            path.append(v)
        return np.concatenate(path), first

    with notes.collect():
        path, first = walk(v)
        plane.plot(*path.T, ".-", color=BLUE, ms=5, lw=1, label="v, step by step")
        _arrow(plane, np.zeros(2), path[0], BLACK, "first v")
        _arrow(plane, path[0], path[0] - lr * first, ORANGE, "first step, -lr dv")
        _arrow(plane, np.zeros(2), -dw[0], GREEN, "-dw")
        reach = 1.15 * max(1.0, float(np.abs(path[np.isfinite(path).all(axis=1)]).max()))
        plane.set(xlim=(-0.25 * reach, reach), ylim=(-0.25 * reach, reach))
        size = max(float(np.linalg.norm(path[0]) * np.linalg.norm(first)), 1e-300)
        between = np.degrees(np.arccos(np.clip(path[0] @ first / size, -1, 1)))
        plane.set_title(f"v and dv at {between:.0f} degrees")
        for start, style, words in ((path, "-", "this v"), (walk(4 * v)[0], "--", "started 4 times as long")):
            long = np.linalg.norm(start, axis=1)
            left = np.degrees(np.arccos(np.clip(-(start @ dw[0]) / np.maximum(long, 1e-300), -1, 1)))
            for ax, values in ((lengths, long), (angles, left)):
                ax.plot(values, style, color=BLUE if start is path else RED, label=words)
        lengths.set_ylim(bottom=0)
        angles.set_ylim(bottom=0)
        angles.legend(fontsize=9)
        plane.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(-0.2, -0.2), ncols=2)
    return fig


def _arrow(ax, tail: np.ndarray, head: np.ndarray, color: str, label: str) -> None:
    ax.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.8, "shrinkA": 0, "shrinkB": 0})
    ax.plot([], [], color=color, ls="-", label=label)


# ---------------------------------------------------------------------------- clouds


@picture("A slanted cloud of points and what BatchNorm, PCA, Cholesky and ZCA make of it; four points are numbered.")
def norm_clouds(notes: Notes, decorrelated_batchnorm_forward, *, correlation: float = 0.9, eps: float = 1e-5):
    """Show a cloud normalized in four ways: which make it round, and which keep the points in their places."""
    n = 300
    z = np.random.default_rng(3).normal(size=(n, 2))
    z = _uncorrelated(z)
    x = np.stack([z[:, 0], correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]], axis=1)
    lam, U = np.linalg.eigh(x.T @ x / n)
    # PCA's axes have no sign: here each is turned so that it stays near where it was.
    U = U[:, ::-1] * np.sign(np.diag(U[:, ::-1]) + 1e-300)
    lam = lam[::-1]
    factor = np.linalg.cholesky(x.T @ x / n + eps * np.eye(2))
    shown = {
        "BatchNorm": x / np.sqrt(x.var(axis=0) + eps),
        "PCA": x @ U / np.sqrt(lam + eps),
        "Cholesky": np.linalg.solve(factor, x.T).T,
    }
    fig, axes = notes.plt.subplots(1, 5, figsize=(13, 3.4), sharex=True, sharey=True)
    for ax, name in zip(axes, ("x", *shown, "ZCA: yours"), strict=True):
        ax.set(title=name, xlabel="feature 1", aspect="equal", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    axes[0].set_ylabel("feature 2")
    # In the cloud's own axes: two along it, two beside it.
    places = np.array([(2, 0), (-2, 0), (0, 2), (0, -2)])
    marked = [int(np.argmin(np.linalg.norm(x @ U / np.sqrt(lam) - place, axis=1))) for place in places]
    _cloud(axes[0], x, x, marked)
    for ax, (name, out) in zip(axes[1:], shown.items(), strict=False):
        _cloud(ax, x, out, marked, name)
    with notes.collect():
        out, _ = ask_forward(decorrelated_batchnorm_forward, x, np.ones(2), np.zeros(2), eps=eps)
        _cloud(axes[4], x, out, marked, "ZCA: yours")
    return fig


def _uncorrelated(z: np.ndarray) -> np.ndarray:
    """Return points with mean 0 and exactly no correlation, so that what is asked for is what is shown."""
    z = z - z.mean(axis=0)
    return np.linalg.solve(np.linalg.cholesky(z.T @ z / len(z)), z.T).T


def _cloud(ax, x: np.ndarray, out: np.ndarray, marked: list[int], name: str = "") -> None:
    ax.plot(*out.T, ".", color="0.7", ms=3, ls="none")
    for k, i in enumerate(marked):
        ax.plot(*np.stack([x[i], out[i]]).T, color=ORANGE, lw=1.2, ls="-")
        ax.text(*np.clip(out[i], -3.4, 3.4), str(k + 1), ha="center", va="center", fontsize=9, color="white",
                bbox={"boxstyle": "circle,pad=0.15", "fc": COLORS[k], "ec": "none"})  # fmt: skip
    if name:
        way = np.sqrt(np.mean(np.sum((out - x) ** 2, axis=1)))
        cov = np.cov(out.T, bias=True)
        together = cov[0, 1] / np.sqrt(max(cov[0, 0] * cov[1, 1], 1e-300))
        ax.set_title(f"{name}\nmoved by {way:.2f}, correlation {round(together, 2) + 0.0:.2f}", fontsize=10)


@picture("Distances between 32 digits, as they come and after decorrelated BatchNorm, which makes them all the same.")
def norm_distances(notes, decorrelated_batchnorm_forward, *, seed: int = 0):
    """Show what decorrelated BatchNorm leaves of the distances in a batch with fewer samples than features."""
    digits = data.digits(seed=seed)
    fig, axes = notes.plt.subplots(1, 3, figsize=(11, 3.3))
    for ax, n in zip(axes[1:], (500, 32), strict=True):
        ax.set(title=f"a batch of {n}", xlabel="distance of two of them", ylabel="pairs")
    axes[0].set(title="as they come", xlabel="distance of two of 32 digits", ylabel="pairs")
    axes[0].hist(_distances(digits.x_train[:32]), 30, color=SKY)
    with notes.collect():
        for ax, n in zip(axes[1:], (500, 32), strict=True):
            x = digits.x_train[:n]
            out, _ = ask_forward(decorrelated_batchnorm_forward, x, np.ones(64), np.zeros(64), eps=1e-5)
            far = _distances(out[:32])
            if np.isfinite(far).all():
                ax.hist(far, np.linspace(0, max(20.0, far.max()), 61), color=BLUE)
                ax.set_title(f"yours, a batch of {n}\n32 of them: {far.min():.2f} to {far.max():.2f}")
    return fig


def _distances(x: np.ndarray) -> np.ndarray:
    rows, columns = np.triu_indices(len(x), 1)
    return np.linalg.norm(x[rows] - x[columns], axis=1)


# ---------------------------------------------------------------------------- neighbours


@picture("What one sample that runs away does to the outputs of the others: six panels, one for each layer.")
def norm_neighbours(
    notes: Notes,
    family: Mapping[str, Callable],
    *,
    batch_size: int = 8,
    feature: int = 0,
    distance: float = 20.0,
    draw: int = 0,
):
    """Show one feature of all samples while one sample is dragged away along some feature.

    Parameters
    ----------
    family : name -> forward; names as in `NEIGHBOURS`
    batch_size : int
    feature : int; the one of 12 that is dragged. Outputs are those of feature 0
    distance : float; how far
    draw : int; another batch
    """
    x = np.random.default_rng(draw).normal(size=(batch_size, 12))
    far = np.linspace(0, max(distance, 1.0), 41)
    fig, axes = notes.plt.subplots(2, 3, figsize=(11, 5.4), sharex=True, sharey=True)
    for ax, (name, run) in zip(axes.ravel(), NEIGHBOURS.items(), strict=True):
        ax.set(title=name, ylim=(-4, 4), xlim=(0, far[-1]))
        forward = family.get(name)
        if forward is None:
            continue
        with notes.collect():
            outs = []
            for d in far:
                dragged = x.copy()
                dragged[0, feature] += d
                outs.append(run(forward, dragged)[:, 0])
            outs = np.array(outs)
            ax.plot(far, outs[:, 1:], color=BLUE, lw=1, ls="-")
            ax.plot(far, outs[:, 0], color=RED, lw=1.8, ls="--")
            most = np.abs(outs[:, 1:] - outs[0, 1:]).max()
            ax.set_title(f"{name}\nothers {'stand' if most < 1e-6 else f'move by up to {most:.2f}'}", fontsize=10)
    for ax in axes[1]:
        ax.set_xlabel(f"how far sample 0 is dragged\n(along feature {feature})")
    for ax in axes[:, 0]:
        ax.set_ylabel("out, feature 0")
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=RED, ls="--"), Line2D([], [], color=BLUE, lw=1, ls="-")]
    fig.legend(lines, ["the sample that is dragged", "its neighbours"], loc="outside lower center", ncols=2)
    return fig


def _of_rows(forward: Callable, x: np.ndarray) -> np.ndarray:
    d = x.shape[1]
    return ask_forward(forward, x, np.ones(d), np.zeros(d), eps=1e-5)[0]


def _of_means(forward: Callable, x: np.ndarray) -> np.ndarray:
    return ask_out(forward, x, np.zeros(x.shape[1]))[0]


def _of_images(forward: Callable, x: np.ndarray, *more) -> np.ndarray:
    """Twelve features as four channels of three pixels."""
    images = x.reshape(len(x), 4, 1, 3)
    return ask_out(forward, images, np.ones(4), np.zeros(4), *more)[0].reshape(x.shape)


NEIGHBOURS: dict[str, Callable] = {
    "batchnorm": _of_rows,
    "mean_only_batchnorm": _of_means,
    "decorrelated_batchnorm": _of_rows,
    "layernorm": _of_rows,
    "instancenorm": _of_images,
    "groupnorm": lambda forward, x: _of_images(forward, x, 2),
}


@picture("A recurrent layer over twelve steps: spread of its input at each step, and how many sequences are left.")
def norm_time(notes, layernorm_forward, *, seed: int = 0):
    """Show what statistics of the batch a recurrent layer would need: others at every step, from fewer sequences."""
    rng, n, d, steps = np.random.default_rng(seed), 64, 48, 12
    W, U = 1.4 * rng.normal(size=(d, d)) / np.sqrt(d), rng.normal(size=(16, d)) / 4
    lengths = rng.integers(2, steps + 1, n)
    h, spread, even, alive = np.zeros((n, d)), [], [], []
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.5))
    left.set(title="what the ReLU is given", xlabel="step t", ylabel="spread over units and sequences")
    right.set(title=f"a batch of {n} sequences", xlabel="step t", ylabel="still running")
    inputs = []
    for t in range(1, steps + 1):
        a = np.maximum(h, 0) @ W + 0.5 * rng.normal(size=(n, 16)) @ U
        running = lengths >= t
        inputs.append(a[running])
        spread.append(a[running].std())
        alive.append(running.sum())
        h = a
    t = np.arange(1, steps + 1)
    left.plot(t, spread, "o-", color=ORANGE, label="as it comes")
    right.bar(t, alive, color=SKY)
    for at, count in zip(t, alive, strict=True):
        right.text(at, count, str(count), ha="center", va="bottom", fontsize=9)
    with notes.collect():
        for a in inputs:
            even.append(ask_forward(layernorm_forward, a, np.ones(d), np.zeros(d))[0].std())
        left.plot(t, even, "s--", color=BLUE, label="after your LayerNorm")
    left.set_ylim(bottom=0)
    legend(left)
    return fig
