"""The pictures of 11_augmentation: images bent, lit, cut and blended, styles, sounds, digits learnt from few images."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from helpers import data, samples, training
from helpers.plots import stacks
from helpers.plots.pieces import legend, progress_bar, seed_std
from helpers.plots.ready import Notes, NotReady, as_array, ask, ask_array, describe, name_of, picture, show_figure
from helpers.plots.style import COLORS

BLUE, ORANGE, GREEN, RED, PINK = COLORS[:5]
RATE = samples.SAMPLE_RATE
_CHANCE = {"color": "0.4", "linestyle": ":", "linewidth": 1.2}


# -------------------------------------------------------------------------------------- images


def show_image(ax, image: np.ndarray, title: str = "") -> None:
    """Draw one image (C, H, W) without axes; what is no number is drawn as middle gray."""
    image = np.clip(np.nan_to_num(image.astype(float), nan=0.5), 0, 1)
    if len(image) == 1:
        ax.imshow(image[0], cmap="gray", vmin=0, vmax=1)
    else:
        ax.imshow(image.transpose(1, 2, 0))
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    # An image may be as white as the card.
    ax.spines[:].set(visible=True, color="0.75", linewidth=0.6)
    ax.set_title(title)


def transformed(function: Callable, x: np.ndarray, *args, **kwargs) -> np.ndarray:
    """Return what the student's function makes of a batch; raise NotReady if it is no batch of this shape."""
    return ask_array(function, x, *args, shape=x.shape, **kwargs)


def _made(maker: Callable, *args) -> Callable:
    """Return the function that the student's function makes, under the maker's name."""
    function = ask(maker, *args)
    if not callable(function):
        raise NotReady(name_of(maker), f"gave {describe(function)} where a function was expected")

    def apply(x):
        return function(x)

    apply.__name__ = name_of(maker)
    return apply


# ------------------------------------------------------------------------- 1: flips and shifts


@picture(
    "A photograph, flipped and shifted; accuracy of a network on digits that were shifted by a few pixels.",
    waits="most",
)
def augmentation_shifts(notes: Notes, horizontal_flip: Callable, shift: Callable):
    """Show both functions on a photograph, and what a shift does to a network that learnt unmoved digits."""
    fig = notes.plt.figure(figsize=(11, 3.6))
    grid = fig.add_gridspec(2, 3, width_ratios=(1, 1, 1.9))
    photo = samples.photos()[:1]
    show_image(fig.add_subplot(grid[0, 0]), photo[0], "as it is")
    flipped, moved, back = (fig.add_subplot(grid[place]) for place in ((0, 1), (1, 0), (1, 1)))
    ax = fig.add_subplot(grid[:, 2])
    with notes.collect():
        show_image(flipped, transformed(horizontal_flip, photo)[0], "horizontal_flip(x)")
    with notes.collect():
        once = transformed(shift, photo, 30, 20)
        show_image(moved, once[0], "shift(x, 30, 20)")
        show_image(back, transformed(shift, once, -30, -20)[0], "and back")
        digits, places = data.digits(flat=False), np.arange(-3, 4)
        network = digit_network()
        for j, name in enumerate(("to the right", "down")):
            by = [(k, 0) if j == 0 else (0, k) for k in places]
            right = [_right(network, transformed(shift, digits.x_test, *d), digits.y_test) for d in by]
            ax.plot(places, 100 * np.array(right), f"C{j}", marker="os"[j], label=f"moved {name}")
        ax.axhline(10, label="guessing", **_CHANCE)
        ax.legend()
    ax.set(xlabel="shift of the test images in pixels", ylabel="right answers (%)", ylim=(0, 103))
    ax.set_title("a network that has only seen centred digits")
    return fig


@functools.cache
def digit_network() -> training.MLP:
    """Return a network that has learnt the unchanged digits; about 96 % of the test images are right."""
    rng = np.random.default_rng(0)
    network = training.MLP([64, 32, 10], rng)
    training.train(network, data.digits(), step=_momentum, lr=0.05, epochs=12, rng=rng, progress=False)
    return network


def _momentum(w, grad, state, *, lr):
    v = 0.9 * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


def _right(network: training.MLP, images: np.ndarray, labels: np.ndarray) -> float:
    return network.accuracy(np.nan_to_num(images.reshape(len(images), -1)), labels)


# ---------------------------------------------------------------------- 2: between the pixels


@picture(
    "Arrows from each pixel to the place that its value is fetched from, and a photograph warped in the same ways."
)
def augmentation_warps(notes: Notes, elastic_distort: Callable, zoom: Callable, rotate: Callable):
    """Show where each pixel's value comes from, measured on images of their own coordinates, and a photograph."""
    fig, axes = notes.plt.subplots(2, 3, figsize=(11, 6.4), height_ratios=(1.15, 1))
    h, w = 12, 16
    column, row = np.meshgrid(np.arange(w), np.arange(h))
    # An image of ramps is what bilinear sampling reads exactly: each value is the place that it was fetched from.
    ramps = np.stack([column, row])[None] / 16
    photo = samples.photos()[:1]
    rng = np.random.default_rng(7)
    flows = [samples.bends(image.shape, size, rng) for image, size in ((ramps, 1.0), (photo, 9))]
    kinds = (
        (elastic_distort, flows, "elastic_distort(x, flow)"),
        (zoom, (1.5, 1.5), "zoom(x, 1.5)"),
        (rotate, (30, 30), "rotate(x, 30)"),
    )
    for (arrows, image), (function, arguments, title) in zip(axes.T, kinds, strict=True):
        arrows.set_title(title)
        with notes.collect():
            place = 16 * transformed(function, ramps, arguments[0])[0]
            show_image(image, transformed(function, photo, arguments[1])[0])
            _draw_arrows(arrows, place)
    axes[0, 0].set_ylabel("row $i$")
    if axes[0, 0].has_data():
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _draw_arrows(ax, place: np.ndarray) -> None:
    """Draw an arrow from each pixel in the middle of the image to where its value was fetched."""
    h, w = place.shape[1:]
    rows, columns = slice(h // 2 - 3, h // 2 + 3), slice(w // 2 - 4, w // 2 + 4)
    j, i = np.meshgrid(np.arange(w)[columns], np.arange(h)[rows])
    x, y = place[:, rows, columns]
    ax.plot(j.ravel(), i.ravel(), "o", ls="none", ms=4, color=BLUE, label="pixel")
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006, "headwidth": 5, "color": ORANGE}
    ax.quiver(j, i, x - j, y - i, label="where its value comes from", **look)
    ax.plot((w - 1) / 2, (h - 1) / 2, "+", ms=11, mew=2, color=RED, label="centre")
    ax.set(xlim=(3.5, 11.5), ylim=(8.5, 2.5), aspect="equal", xlabel="column $j$")
    ax.set(xticks=np.arange(4, 12), yticks=np.arange(3, 9))
    ax.set_xticks(np.arange(3.5, 12), minor=True)
    ax.set_yticks(np.arange(2.5, 9), minor=True)
    ax.grid(False)
    ax.grid(True, which="minor", color="0.8", alpha=1)
    ax.tick_params(which="minor", length=0)


@picture(
    "A flower after a full turn in one rotation and in 36, and the error of a full turn against the number of steps."
)
def augmentation_generations(notes: Notes, rotate: Callable, *, counts: Iterable[int] = (1, 2, 3, 4, 6, 12, 24, 36)):
    """Show what is left of an image that was turned by 360 degrees in many small steps."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(11, 3), width_ratios=(1, 1, 1, 1.9))
    flower = samples.photos()[1:, :, 16:80, 32:96]
    away = np.arange(64) - 31.5
    disc = away[:, None] ** 2 + away**2 < 28**2
    show_image(axes[0], flower[0] * disc, "as it is")
    counts, errors = list(counts), []
    with notes.collect():
        for count in counts:
            turned = flower
            for _ in range(count):
                turned = transformed(rotate, turned, 360 / count)
            errors.append(np.sqrt(np.mean((turned - flower)[..., disc] ** 2)))
            if count in (4, counts[-1]):
                title = f"{count} times {360 / count:g}°"
                show_image(axes[1 if count == 4 else 2], turned[0] * disc, title)
        axes[3].plot(counts, errors, "o-", color=BLUE)
    axes[3].set(xlabel="steps of one full turn", ylabel="error (root mean square)", ylim=(-0.005, None))
    axes[3].set_title("what interpolation costs")
    return fig


# ----------------------------------------------------------------------- 3: when labels break


@picture("Confusion matrices of a network that is shown flipped digits, and digits turned by 180 degrees.")
def augmentation_labels(notes: Notes, horizontal_flip: Callable, rotate: Callable):
    """Show what a network that reads digits well answers when they are flipped, and when they are upside down."""
    fig = notes.plt.figure(figsize=(11, 4.2))
    grid = fig.add_gridspec(2, 5, width_ratios=(0.5, 0.5, 1.5, 1.5, 0.07))
    digits, network = data.digits(flat=False), digit_network()
    six, nine = (np.flatnonzero(digits.y_train == k)[1] for k in (6, 9))
    two = digits.x_train[[six, nine]]
    for k in range(2):
        show_image(fig.add_subplot(grid[k, 0]), two[k], ("a 6", "a 9")[k])
    turned = [fig.add_subplot(grid[k, 1]) for k in range(2)]
    maps = [fig.add_subplot(grid[:, k]) for k in (2, 3)]
    kinds = ((horizontal_flip, (), "flipped"), (rotate, (180,), "turned by 180°"))
    for ax, (function, arguments, title) in zip(maps, kinds, strict=True):
        with notes.collect():
            if function is rotate:
                for one, image in zip(turned, transformed(rotate, two, 180), strict=True):
                    show_image(one, image, "rotate 180")
            x = np.concatenate([digits.x_val, digits.x_test])
            y = np.concatenate([digits.y_val, digits.y_test])
            images = np.nan_to_num(transformed(function, x, *arguments).reshape(len(x), -1))
            answers = np.zeros((10, 10))
            np.add.at(answers, (y, network.predict(images)), 1)
            share = 100 * answers / answers.sum(axis=1, keepdims=True)
            shown = ax.imshow(share, cmap="cividis", vmin=0, vmax=100)
            ax.grid(False)
            ax.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="label")
            fig.colorbar(shown, cax=_fresh(fig, grid[:, 4]), label="images of this label (%)")
            title += f": {100 * np.trace(answers) / len(y):.0f} % right"
        ax.set_title(title)
    return fig


def _fresh(fig, place):
    """Return the axes for the colour bar, made once."""
    for ax in fig.axes:
        if ax.get_label() == "<colorbar>":
            ax.clear()
            return ax
    return fig.add_subplot(place, label="<colorbar>")


# ------------------------------------------------------------------------ 4: light and colour


@picture("A photograph brighter, with more contrast, tinted and shaded, each with the histogram of its channels.")
def augmentation_light(
    notes: Notes, adjust_brightness: Callable, adjust_contrast: Callable, color_cast: Callable, shade: Callable
):
    """Show the four changes of light on a photograph, the histograms of its channels, and how much was clipped."""
    fig, axes = notes.plt.subplots(2, 5, figsize=(12, 3.9), height_ratios=(1.15, 1), sharey="row")
    photo = samples.photos()[:1]
    cast = np.array([0.25, 0.0, -0.25])
    kinds = (
        (lambda x: x, (), "as it is"),
        (adjust_brightness, (0.35,), "brightness, 0.35"),
        (adjust_contrast, (2.0,), "contrast, 2"),
        (color_cast, (cast,), "cast, (0.25, 0, -0.25)"),
        (shade, (0.8,), "shade, 0.8"),
    )
    bins = np.linspace(0, 1, 33)
    for (image, counts), (function, arguments, title) in zip(axes.T, kinds, strict=True):
        image.set_title(title)
        with notes.collect():
            out = transformed(function, photo, *arguments)[0]
            show_image(image, out, title)
            for channel, color, line, name in zip(out, (RED, GREEN, BLUE), ("-", "--", ":"), "RGB", strict=True):
                share, _ = np.histogram(channel, bins)
                counts.stairs(100 * share / channel.size, bins, color=color, ls=line, lw=1.6, label=name)
            lost = 100 * np.mean((out <= 0) | (out >= 1))
            counts.set_title(f"{lost:.0f} % black or white", fontsize="medium")
            counts.set(xlabel="value", xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    axes[1, 0].set(ylabel="pixels (%)", ylim=(0, 20))
    axes[1, 0].legend(loc="upper left", ncols=3, fontsize="small", handlelength=1, columnspacing=0.8)
    return fig


# ------------------------------------------------------------------------ 5: crops and holes


@picture("Examples of random crops and holes, how often each offset is drawn, and how often each pixel is hidden.")
def augmentation_draws(notes: Notes, random_crop: Callable, cutout: Callable, *, images: int = 6000, seed: int = 0):
    """Show crops and holes, and where they fall over thousands of images."""
    fig, axes = notes.plt.subplots(2, 4, figsize=(11.5, 4.4), width_ratios=(1.15, 1.15, 1.15, 1.0))
    rng = np.random.default_rng(seed)
    photo = np.repeat(samples.photos()[:1], 3, axis=0)
    for ax, title in zip(axes[:, 3], ("offsets that were drawn", "how often a pixel is hidden"), strict=True):
        ax.set_title(title)
    with notes.collect():
        for ax, image in zip(axes[0], transformed(random_crop, photo, 24, rng), strict=False):
            show_image(ax, image, "random_crop(x, 24, rng)")
        _heat_map(fig, axes[0, 3], _offsets(random_crop, images, rng), "images (%)")
        axes[0, 3].set(xlabel="column", ylabel="row", xticks=range(5), yticks=range(5))
    with notes.collect():
        for ax, image in zip(axes[1], transformed(cutout, photo, 48, rng), strict=False):
            show_image(ax, image, "cutout(x, 48, rng)")
        hidden = np.mean(transformed(cutout, np.ones((images, 1, 12, 12)), 6, rng)[:, 0] == 0, axis=0)
        _heat_map(fig, axes[1, 3], 100 * hidden, "images (%)")
        axes[1, 3].set(xlabel="column", ylabel="row", xticks=range(0, 12, 2), yticks=range(0, 12, 2))
    return fig


def _offsets(random_crop: Callable, images: int, rng: np.random.Generator, padding: int = 2) -> np.ndarray:
    """Return how often each offset was drawn, in percent: every pixel of the images holds its own number."""
    side = 2 * padding + 1
    numbered = np.arange(1.0, side**2 + 1).reshape(1, 1, side, side)
    out = transformed(random_crop, np.repeat(numbered / side**2, images, axis=0), padding, rng)
    # The middle pixel of the result comes from one of side x side places, and says from which.
    number = np.rint(np.nan_to_num(out[:, 0, padding, padding]) * side**2) - 1
    number = number[(number >= 0) & (number < side**2)].astype(int)
    return 100 * np.bincount(number, minlength=side**2).reshape(side, side) / images


def _heat_map(fig, ax, values: np.ndarray, label: str) -> None:
    shown = ax.imshow(values, cmap="cividis", vmin=0)
    ax.grid(False)
    fig.colorbar(shown, ax=ax, label=label)


# -------------------------------------------------------------------------------- 6: mixup


@picture(
    "Eight blended digits with their blended labels, and the distribution of the weight for three values of alpha."
)
def augmentation_mixup(notes: Notes, mixup: Callable, *, batches: int = 15, seed: int = 0):
    """Show blended digits with what their labels say, and how lam is distributed for small and large alpha."""
    fig = notes.plt.figure(figsize=(11.5, 3.6))
    left, right = fig.subfigures(1, 2, width_ratios=(1.25, 1))
    digits = data.digits(flat=False)
    first = [np.flatnonzero(digits.y_train == k)[0] for k in range(10)]
    x, y = digits.x_train[first], np.eye(10)
    axes = left.subplots(2, 4)
    ax = right.subplots()
    ax.set(xlabel=r"$\lambda$, the weight of the image itself", ylabel="density", xlim=(0, 1), ylim=(0, 4))
    with notes.collect():
        rng = np.random.default_rng(seed)
        x_mixed, y_mixed = _blend(mixup, x, y, 1.0, rng)
        for one, image, label in zip(axes.flat, x_mixed, y_mixed, strict=False):
            show_image(one, image, _recipe(label))
        bins = np.linspace(0, 1, 26)
        many = np.zeros((400, 1, 1, 1))
        for i, alpha in enumerate((0.2, 1.0, 5.0)):
            lam = [np.diag(_blend(mixup, many, np.eye(400), alpha, rng)[1]) for _ in range(batches)]
            share = np.histogram(np.nan_to_num(np.concatenate(lam), nan=-1), bins)[0]
            density = share / (batches * 400) / np.diff(bins)
            ax.stairs(density, bins, color=f"C{i}", ls=("-", "--", "-.")[i], lw=1.8, label=f"alpha = {alpha:g}")
            middle = np.linspace(0.002, 0.998, 400)
            beta = math.gamma(2 * alpha) / math.gamma(alpha) ** 2 * (middle * (1 - middle)) ** (alpha - 1)
            ax.plot(middle, beta, color=f"C{i}", ls="-", lw=1, alpha=0.6)
        legend(ax, loc="upper center", title="thin: Beta(alpha, alpha)")
    return fig


def _blend(mixup: Callable, x, y, alpha, rng) -> tuple[np.ndarray, np.ndarray]:
    """Return what mixup gives; raise NotReady if it is no pair of the right shapes."""
    result = ask(mixup, x, y, alpha, rng)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(mixup), f"gave {describe(result)} where the pair (x, y) was expected")
    return as_array(mixup, result[0], x.shape), as_array(mixup, result[1], y.shape)


def _recipe(label: np.ndarray) -> str:
    """Name the parts of a blended label: "0.7 of 3, 0.3 of 5"."""
    order = np.argsort(-np.nan_to_num(label))[:2]
    return "\n".join(f"{label[k]:.2f} of “{k}”" for k in order if not label[k] < 0.005)


# ------------------------------------------------------------------------------ 7: pipelines


@picture("A photograph through a pipeline eight times, and how many of three transforms each of many images met.")
def augmentation_pipeline(
    notes: Notes, pipeline: Callable, random_apply: Callable, compose: Callable, *, images: int = 4000, seed: int = 0
):
    """Show eight passes of one photograph through a pipeline, and count how many of three transforms are applied."""
    fig = notes.plt.figure(figsize=(11.5, 3.6))
    left, right = fig.subfigures(1, 2, width_ratios=(2.3, 1))
    axes, ax = left.subplots(2, 4), right.subplots()
    rng = np.random.default_rng(seed)
    photo = np.repeat(samples.photos()[:1], 4, axis=0)
    with notes.collect():
        apply = _made(pipeline, rng)
        for k, row in enumerate(axes):
            for one, image in zip(row, transformed(apply, photo), strict=True):
                show_image(one, image, f"call {k + 1}")
    with notes.collect():
        one_more = [_made(random_apply, lambda x: x + 1, 0.5, rng) for _ in range(3)]
        count = ask_array(_made(compose, one_more), np.zeros((images, 1, 1, 1)), shape=(images, 1, 1, 1))
        share = [100 * np.mean(np.rint(count) == k) for k in range(4)]
        ax.bar(range(4), share, color=BLUE, width=0.6, label="yours")
        ax.plot(range(4), [12.5, 37.5, 37.5, 12.5], "_", ms=30, mew=2.5, ls="none", color=ORANGE, label="three coins")
        ax.legend(loc="upper left", fontsize="small", markerscale=0.6)
    ax.set(xlabel="transforms that met an image", ylabel="images (%)", xticks=range(4), ylim=(0, 62))
    ax.set_title("three transforms, p = 0.5 each")
    return fig


# ---------------------------------------------------------------------------------- 8: style


@picture("Content, style, shuffled pixels, AdaIN there and back, each above its Gram matrix of the colour channels.")
def augmentation_style(notes: Notes, gram_matrix: Callable, adain: Callable, *, seed: int = 0):
    """Show what Gram matrices keep of an image, and what AdaIN does to its colours."""
    fig, axes = notes.plt.subplots(2, 5, figsize=(12, 4.5), height_ratios=(1, 1.15))
    content, style = samples.photos()[:1], samples.photos()[1:]
    shuffled = np.random.default_rng(seed).permutation(content.reshape(3, -1), axis=1).reshape(content.shape)
    columns = [("content", lambda: content), ("style", lambda: style), ("content, pixels shuffled", lambda: shuffled)]
    columns += [
        ("adain(content, style)", lambda: transformed(adain, content, style)),
        ("and back", lambda: transformed(adain, transformed(adain, content, style), content)),
    ]
    for (above, below), (title, make) in zip(axes.T, columns, strict=True):
        above.set_title(title)
        with notes.collect():
            image = make()
            show_image(above, image[0], title)
            gram = ask_array(gram_matrix, image, shape=(1, 3, 3))[0]
            below.imshow(gram, cmap="cividis", vmin=0, vmax=0.15)
            below.grid(False)
            below.set(xticks=range(3), yticks=range(3), xticklabels="RGB", yticklabels="RGB")
            for (a, b), value in np.ndenumerate(gram):
                ink = "black" if value > 0.09 else "white"
                below.text(b, a, f"{1000 * value:.0f}", ha="center", va="center", color=ink)
    axes[1, 0].set_ylabel("Gram matrix\ntimes 1000")
    return fig


# ---------------------------------------------------------------------------------- 9, 10: sound


def heard(alt: str) -> Callable:
    """As `picture`, for a draw function that also leaves sounds: `figure.sounds`, label -> array, get a player each."""

    def decorate(draw: Callable) -> Callable:
        pictured = picture(alt)(draw)

        @functools.wraps(pictured)
        def show(*args, **kwargs) -> None:
            figure, notes = pictured.draw(*args, **kwargs)
            for note in notes:
                print(note)
            show_figure(figure, alt)
            play(figure.sounds)

        show.draw, show.alt = pictured.draw, alt
        return show

    return decorate


def play(sounds: Mapping[str, np.ndarray]) -> None:
    """Show a player for each sound, all as loud as they are: what leaves [-1, 1] is cut. Outside IPython: nothing."""
    from IPython import get_ipython
    from IPython.display import Audio, display

    if get_ipython() is None or not sounds:
        return
    rows = []
    for label, sound in sounds.items():
        player = Audio(np.clip(np.nan_to_num(sound), -1, 1), rate=RATE, normalize=False)
        named = player._repr_html_().replace("<audio ", f'<audio aria-label="{label}" ')
        rows.append(f'<tr><th scope="row">{label}</th><td>{named}</td></tr>')
    page = f"<table>{''.join(rows)}</table>"
    display({"text/html": page, "text/plain": f"Sounds at {RATE} Hz: {', '.join(sounds)}"}, raw=True)


def spectrogram(ax, sound: np.ndarray, title: str, *, size: int = 512, hop: int = 64) -> None:
    """Draw how strong each frequency is at each time, in dB below a full-scale tone."""
    padded = np.pad(np.nan_to_num(sound), size // 2)
    window = np.hanning(size + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    level = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(frames)) / (size / 4), 1e-9)).T
    extent = (0, len(sound) / RATE, 0, RATE / 2)
    ax.imshow(level, cmap="magma", vmin=-70, vmax=-5, origin="lower", aspect="auto", extent=extent)
    ax.grid(False)
    ax.set(xlabel="time (s)", ylim=(0, 2500), title=title)


@heard("The signal-to-noise ratio that was asked for and the measured one; spectrograms with little and much noise.")
def augmentation_noise(notes: Notes, add_noise: Callable, *, seed: int = 0):
    """Show the noise that comes for each signal-to-noise ratio, and how it looks; players let hear it."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(12, 3.3), width_ratios=(1.25, 1, 1, 1))
    sound, rng = samples.melody(), np.random.default_rng(seed)
    fig.sounds = {"the melody": sound}
    spectrogram(axes[1], sound, "the melody")
    axes[1].set_ylabel("frequency (Hz)")
    ax = axes[0]
    asked = np.arange(-10, 41, 5)
    ax.plot(asked, asked, color="0.6", ls="-", lw=5, alpha=0.5, label="as asked")
    ax.set(xlabel="snr_db, asked", ylabel="measured (dB)", ylim=(-22, 45), title="power of sound to noise")
    with notes.collect():
        noises = [ask_array(add_noise, sound, float(snr), rng, shape=sound.shape) - sound for snr in asked]
        power = np.maximum([np.mean(noise**2) for noise in noises], 1e-30)
        ax.plot(asked, 10 * np.log10(np.mean(sound**2) / power), "o", color=BLUE, ls="none", label="yours")
        ax.legend(loc="upper left")
        for one, snr in zip(axes[2:], (20, 0), strict=True):
            noisy = ask_array(add_noise, sound, float(snr), rng, shape=sound.shape)
            spectrogram(one, noisy, f"snr_db = {snr}")
            fig.sounds[f"snr_db = {snr}"] = noisy
    return fig


@heard(
    "Output level against input level for three ratios; the melody before and after; the spectrum of a compressed tone."
)
def augmentation_compression(notes: Notes, compress_dynamic_range: Callable):
    """Show the compressor's curve in dB, what it does to loud and soft notes, and what it adds to a pure tone."""
    fig, (curve, wave, tone) = notes.plt.subplots(1, 3, figsize=(12, 3.6), width_ratios=(1, 1.25, 1.05))
    sound = samples.melody()
    fig.sounds = {"the melody": sound}
    levels = np.linspace(-50, 0, 101)
    curve.set(xlabel="level before (dB)", ylabel="level after (dB)", aspect="equal", title="threshold -20 dB")
    curve.axvline(-20, **_CHANCE)
    wave.set(xlabel="time (s)", ylabel="sound", ylim=(-1, 1), title="threshold -20 dB, ratio 8")
    tone.set(xlabel="frequency (Hz)", ylabel="level (dB)", ylim=(-80, 0), title="a pure tone of 300 Hz")
    with notes.collect():
        for i, ratio in enumerate((1.0, 2.0, 8.0)):
            out = ask_array(compress_dynamic_range, 10 ** (levels / 20), -20.0, ratio, shape=levels.shape)
            curve.plot(levels, _decibels(out), color=f"C{i}", label=f"ratio {ratio:g}")
        curve.legend(loc="upper left", fontsize="small")
        small = ask_array(compress_dynamic_range, sound, -20.0, 8.0, shape=sound.shape)
        time = np.arange(len(sound)) / RATE
        wave.plot(time, sound, color=BLUE, ls="-", lw=0.7, label="before")
        wave.plot(time, small, color=ORANGE, ls="-", lw=0.7, label="after")
        wave.legend(loc="lower right", ncols=2, fontsize="small")
        fig.sounds["compressed"] = small
        louder = np.nan_to_num(small * np.abs(sound).max() / np.maximum(np.abs(small).max(), 1e-9))
        fig.sounds["compressed, turned up to the old peak"] = louder
        pure = 0.9 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
        window = np.hanning(RATE + 1)[:-1]
        squeezed = ask_array(compress_dynamic_range, pure, -20.0, 8.0, shape=pure.shape)
        for sine, color, label in ((squeezed, ORANGE, "after"), (pure, BLUE, "before")):
            size = np.abs(np.fft.rfft(sine * window)) / (RATE / 4)
            level = _decibels(size).reshape(-1)[: 4 * (len(size) // 4)].reshape(-1, 4).max(axis=1)
            tone.plot(np.arange(len(level)) * 4, level, color=color, ls="-", lw=1.3, label=label)
        tone.set(xlim=(0, 2800))
        tone.legend(fontsize="small")
    return fig


def _decibels(size: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(np.nan_to_num(size)), 1e-9))


@heard("Spectrograms of a melody: as it is, read faster like a tape, stretched in time, and shifted in pitch.")
def augmentation_stretch(notes: Notes, time_stretch: Callable, pitch_shift: Callable):
    """Show (and let hear) a melody read faster, stretched in time, and shifted in pitch."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(12, 3.5), sharey=True)
    sound = samples.melody()
    faster = np.interp(np.arange(round(len(sound) / 1.5)) * 1.5, np.arange(len(sound)), sound)
    fig.sounds = {"the melody": sound, "a tape, 1.5 times as fast": faster}
    spectrogram(axes[0], sound, "the melody")
    spectrogram(axes[1], faster, "a tape, 1.5 times as fast")
    axes[0].set_ylabel("frequency (Hz)")
    seven = "pitch_shift(x, 7.02)"
    axes[2].set_title("time_stretch(x, 1.5)")
    axes[3].set_title(seven)
    with notes.collect():
        fast = ask_array(time_stretch, sound, 1.5, shape=(round(len(sound) / 1.5),))
        spectrogram(axes[2], fast, "time_stretch(x, 1.5)")
        fig.sounds["time_stretch(x, 1.5)"] = fast
        slow = ask_array(time_stretch, sound, 0.7, shape=(round(len(sound) / 0.7),))
        fig.sounds["time_stretch(x, 0.7)"] = slow
    with notes.collect():
        high = ask_array(pitch_shift, sound, 7.02, shape=sound.shape)
        spectrogram(axes[3], high, seven)
        fig.sounds[seven] = high
    for ax in axes:
        ax.set_xlim(0, 1.5)
    return fig


@picture("A click and two close tones, stretched to twice their length with frames of four sizes.")
def augmentation_frames(notes: Notes, time_stretch: Callable):
    """Show what the size of a frame does: a click is smeared by long ones, close tones run together in short ones."""
    fig, axes = notes.plt.subplots(1, 4, figsize=(12, 3.2), sharey=True)
    time = np.arange(RATE) / RATE
    sound = 0.25 * (np.sin(2 * np.pi * 600 * time) + np.sin(2 * np.pi * 660 * time)) * (time < 0.55)
    sound[round(0.75 * RATE)] = 1.0
    spectrogram(axes[0], sound, "as it is")
    axes[0].set_ylabel("frequency (Hz)")
    for ax, n_fft in zip(axes[1:], (128, 1024, 4096), strict=True):
        ax.set_title(f"n_fft = {n_fft}")
        with notes.collect():
            out = ask_array(time_stretch, sound, 0.5, n_fft=n_fft, hop=n_fft // 4, shape=(2 * RATE,))
            spectrogram(ax, out, f"n_fft = {n_fft}: {1000 * n_fft / RATE:g} ms")
    return fig


# ------------------------------------------------------------------------- 11: before and after


@functools.cache
def _pool() -> data.Dataset:
    """The digits: 1079 to draw training images from; the other 718 chose nothing, and are all test images."""
    digits = data.digits(flat=False)
    x, y = np.concatenate([digits.x_val, digits.x_test]), np.concatenate([digits.y_val, digits.y_test])
    return replace(digits, x_val=x[:0].reshape(0, 64), y_val=y[:0], x_test=x, y_test=y)


def _learn(
    recipe: Callable | None,
    mixup: Callable | None,
    counts: Sequence[int],
    seeds: Sequence[int],
    steps: int,
    tick: Callable[[], None],
) -> stacks.Params:
    """Return networks, side by side, each after learning so many digits, and others for each seed.

    `recipe(rng)` gives the function that augments: it is given the batches of all networks at once, `mixup` each by
    itself.
    """
    batch, networks, rng = 32, len(seeds), np.random.default_rng(0)
    apply = None if recipe is None else _made(recipe, rng)
    pool = _pool()
    places = np.stack([_places(n, seed, batch, steps) for n, seed in zip(counts, seeds, strict=True)], axis=1)
    params = stacks.stacked((64, 128, 10), seeds)
    speed = {name: np.zeros_like(w) for name, w in params.items()}
    for t, chosen in enumerate(places):
        x, y = pool.x_train[chosen.ravel()], np.eye(10)[pool.y_train[chosen]]
        if apply is not None:
            x = _augmented(apply, x)
        x = x.reshape(networks, batch, 1, 8, 8)
        if mixup is not None:
            x, y = map(np.stack, zip(*(_blend(mixup, *own, 1.0, rng) for own in zip(x, y, strict=True)), strict=True))
        x, y = (part.astype(np.float32) for part in (x.reshape(networks, batch, 64), y))
        # The rate ends at 0: gradients of ever new images are noisy, and at a steady rate that noise hides the gain.
        lr = np.float32(0.05 * (1 + math.cos(math.pi * t / steps)))
        for name, grad in stacks.gradients(params, x, y).items():
            speed[name] *= 0.9
            speed[name] += grad
            params[name] -= lr * speed[name]
        for _ in range((t + 1) * networks // steps - t * networks // steps):
            tick()
    return params


def _places(n: int, seed: int, batch: int, steps: int) -> np.ndarray:
    """Return which images of the pool are shown at each step, (steps, batch): n of them, in a new order each time."""
    rng = np.random.default_rng([seed, 11])
    few = rng.permutation(len(_pool().x_train))[:n]
    passes = math.ceil(steps * batch / n)
    return np.concatenate([rng.permutation(few) for _ in range(passes)])[: steps * batch].reshape(steps, batch)


def _augmented(apply: Callable, images: np.ndarray) -> np.ndarray:
    # `transformed` copies and looks closely, at a price: only what has failed is asked again, to hear why.
    try:
        result = apply(images)
        if isinstance(result, np.ndarray) and result.shape == images.shape and result.dtype == float:
            return result
    except Exception:
        pass
    return transformed(apply, images)


@picture(
    "Test accuracy on the digits by number of training images, with augmentation and without, over several seeds.",
)
def augmentation_few_images(
    notes: Notes,
    recipe: Callable,
    *,
    counts: Iterable[int] = (50, 150, 400, 1000),
    seeds: Iterable[int] = range(4),
    steps: int = 400,
    progress: bool = True,
):
    """Show the test accuracy of a network that learns few digits, with `recipe` and without."""
    from threadpoolctl import threadpool_limits

    counts, seeds = list(counts), list(seeds)
    fig, ax = notes.plt.subplots(figsize=(7.5, 4))
    ax.set(xscale="log", xlabel="training images", ylabel="test accuracy (%)")
    ax.set_xticks(counts, counts, minor=False)
    ax.set_xticks([], minor=True)
    ax.set_title(f"{steps} steps each; mean, worst and best of {len(seeds)} seeds")
    with threadpool_limits(1), progress_bar(2 * len(counts) * len(seeds), progress) as tick:
        for i, (name, how) in enumerate((("as they are", None), ("augmented", recipe))):
            with notes.collect():
                each = [n for n in counts for _ in seeds]
                right, _ = _accuracies(how, None, each, seeds * len(counts), steps, tick)
                right = right.reshape(len(counts), len(seeds))
                ax.plot(counts, right.mean(axis=1), color=f"C{i}", marker="os"[i], label=name)
                ax.fill_between(counts, right.min(axis=1), right.max(axis=1), color=f"C{i}", alpha=0.15, lw=0)
        legend(ax, loc="lower right")
    return fig


def _accuracies(recipe, mixup, counts, seeds, steps, tick) -> np.ndarray:
    """Return each network's accuracy in percent on test images, and on test images that are moved by one pixel."""
    params, pool = _learn(recipe, mixup, counts, seeds, steps, tick), _pool()
    framed = np.pad(pool.x_test.astype(np.float32), ((0, 0), (0, 0), (1, 1), (1, 1)))
    plain, *moved = (
        stacks.accuracy(params, framed[:, :, i : i + 8, j : j + 8].reshape(-1, 64), pool.y_test)
        for i, j in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    )
    return 100 * np.array([plain, np.mean(moved, axis=0)])


@picture(
    "Test accuracy with 100 training images for several recipes of augmentation, on plain and on moved digits.",
)
def augmentation_recipes(
    notes: Notes,
    recipes: Mapping[str, Callable | None],
    mixup: Callable | None = None,
    *,
    n: int = 100,
    seeds: Iterable[int] = range(4),
    steps: int = 500,
    progress: bool = True,
):
    """Show for each recipe the test accuracy on digits as they are, and on digits moved by one pixel.

    The numbers beside them: for the first recipe its accuracy, for the others the gain on it, seed by seed.
    """
    from threadpoolctl import threadpool_limits

    seeds = list(seeds)
    rows = [(name, recipe and _titled(name, recipe), None) for name, recipe in recipes.items()]
    rows += [("mixup", None, mixup)] if mixup is not None else []
    fig, axes = notes.plt.subplots(1, 2, figsize=(12, 0.42 * len(rows) + 1.5), sharey=True)
    for ax, title in zip(axes, ("tested on digits as they are", "tested on digits moved by one pixel"), strict=True):
        ax.set(xlabel="test accuracy (%)", title=title, ylim=(len(rows) - 0.5, -0.5))
        ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    with threadpool_limits(1), progress_bar(len(rows) * len(seeds), progress) as tick:
        plain = None
        for i, (_, recipe, blend) in enumerate(rows):
            with notes.collect():
                right = _accuracies(recipe, blend, [n] * len(seeds), seeds, steps, tick)
                plain = right if plain is None else plain
                # The same seed has the same training images: differences tell more than the two means.
                for ax, values, gain in zip(axes, right, right - plain, strict=True):
                    ax.plot(values, [i] * len(values), "o", color=BLUE, alpha=0.5, ls="none")
                    ax.plot([values.mean()] * 2, [i - 0.28, i + 0.28], color=RED, ls="-", lw=2.5)
                    text = (
                        f"{gain.mean():+.1f} ± {seed_std(gain):.1f}"
                        if i
                        else f"{values.mean():.1f} ± {seed_std(values):.1f}"
                    )
                    ax.annotate(text, (1.01, i), xycoords=("axes fraction", "data"), va="center", fontsize="small")
    return fig


def _titled(name: str, recipe: Callable) -> Callable:
    """Return the recipe under the name of its row: what is a lambda has none of its own."""

    def titled(rng):
        return recipe(rng)

    titled.__name__ = name
    return titled
