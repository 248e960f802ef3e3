"""The transforms of 11_augmentation with a slider for their strength. Where none works, a gallery of all remains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from helpers import data, samples
from helpers.plots.augmentation import digit_network, show_image, transformed
from helpers.plots.pieces import tiles
from helpers.plots.ready import Notes, picture, show_figure
from helpers.widgets.explorer import Redrawing, display_with_fallback, fitted

_ALL = "all of them"
# A 4 among the test images: flipped or turned, it is seen to be.
_SHOWN = 1
_NO_SLIDERS = "(A list of the transforms and sliders for their strength stand here where the notebook runs in Jupyter.)"


@dataclass(frozen=True)
class Dial:
    """How a transform is turned by one number; a share is of the image's width, so that it fits photographs and digits.

    Attributes
    ----------
    call : function (x, strength, rng) -> the arguments that follow x
    low, high, start, step : float; range of the slider, and the strength in the gallery
    unit : what the strength is called
    """

    call: Callable
    low: float
    high: float
    start: float
    step: float
    unit: str


def _width(x: np.ndarray, share: float) -> int:
    return round(share * x.shape[3])


DIALS = {
    "horizontal_flip": Dial(lambda x, s, rng: (), 0, 0, 0, 1, ""),
    "shift": Dial(lambda x, s, rng: (_width(x, s), 0), -0.5, 0.5, 0.25, 0.125, "to the right, of the width"),
    "elastic_distort": Dial(
        lambda x, s, rng: (samples.bends(x.shape, s * x.shape[3], rng),), 0, 0.3, 0.08, 0.02, "of the width"
    ),
    "zoom": Dial(lambda x, s, rng: (s,), 0.4, 3, 1.6, 0.1, "factor"),
    "rotate": Dial(lambda x, s, rng: (s,), -180, 180, 30, 10, "degrees"),
    "random_crop": Dial(lambda x, s, rng: (_width(x, s), rng), 0, 0.5, 0.25, 0.125, "padding, of the width"),
    "adjust_brightness": Dial(lambda x, s, rng: (s,), -1, 1, 0.3, 0.1, "delta"),
    "adjust_contrast": Dial(lambda x, s, rng: (s,), 0, 4, 2, 0.1, "factor"),
    "color_cast": Dial(lambda x, s, rng: (np.linspace(s, -s, x.shape[1]),), -0.5, 0.5, 0.25, 0.05, "cast"),
    "shade": Dial(lambda x, s, rng: (s,), 0, 1, 0.8, 0.1, "strength"),
    "cutout": Dial(lambda x, s, rng: (max(_width(x, s), 1), rng), 0.125, 1, 0.375, 0.125, "size, of the width"),
}


def augmentation_gallery(transforms: Mapping[str, Callable]) -> None:
    """Show all transforms, and each of them with a slider for its strength beside what a network still reads.

    Without ipywidgets, or without a frontend that shows them, the gallery of all remains.

    Parameters
    ----------
    transforms : name -> the student's function, names of `DIALS`
    """
    unknown = [name for name in transforms if name not in DIALS]
    if unknown:
        raise ValueError(f"transforms has {unknown[0]!r}: it must be one of {', '.join(DIALS)}")
    figure, notes = gallery.draw(transforms)
    for note in notes:
        print(note)
    controls = _controls(list(transforms))
    if controls is None:
        show_figure(figure, gallery.alt)
        return
    fitted(controls)
    display_with_fallback(_panel(controls), _NO_SLIDERS)
    handle = show_figure(figure, gallery.alt, display_id=True)

    def draw():
        name, seed = controls["transform"].value, controls["draw"].value
        if name == _ALL:
            return gallery.draw(transforms, seed=seed)[0], gallery.alt
        return one.draw(transforms[name], name, controls[name].value, seed=seed)[0], one.alt

    def show_dial(change) -> None:
        for name in transforms:
            controls[name].layout.display = None if name == change.new and DIALS[name].unit else "none"

    controls["transform"].observe(show_dial, names="value")
    redraw = Redrawing(draw, handle, figure)
    for control in controls.values():
        control.observe(redraw, names="value")


@picture(
    "For each transform: a photograph; one digit at five strengths; and how many digits a network still reads at every "
    "strength, in percent."
)
def gallery(notes: Notes, transforms: Mapping[str, Callable], *, seed: int = 0):
    """Show a photograph and a digit through each of the transforms, and what a network still reads, by strength."""
    rows = -(-(len(transforms) + 1) // 4)
    fig = notes.plt.figure(figsize=(11, 2.9 * rows))
    parts = iter(fig.subfigures(rows, 4, squeeze=False).flat)
    photo, (digits, labels) = samples.photos()[:1], _digits()
    _part(next(parts), "as it is", photo[0], [digits], labels)
    for part, (name, function) in zip(parts, transforms.items(), strict=False):
        dial = DIALS[name]
        title = f"{name} {dial.start:g}" if dial.unit else name

        def through(x, strength, function=function, dial=dial):
            return transformed(function, x, *dial.call(x, strength, np.random.default_rng(seed)))

        strengths = np.linspace(dial.low, dial.high, 17 if dial.unit else 1)
        with notes.collect():
            batches = [through(digits, strength) for strength in strengths]
            _part(part, title, through(photo, dial.start)[0], batches, labels, strengths, dial.unit)
        if not part.axes:
            part.subplots().set_title(title)
    return fig


def _part(
    part, title: str, photo: np.ndarray, batches: list, labels: np.ndarray, strengths=None, unit: str = ""
) -> None:
    """Draw one transform: a photograph, a digit at some of the strengths, the share of digits read at all of them."""
    image, strip, read = part.subplots(3, height_ratios=(2.1, 0.75, 1.2))
    show_image(image, photo, title)
    some = batches[::4]
    between = np.ones((1, some[0].shape[2], 3))
    show_image(strip, np.concatenate([piece for x in some for piece in (x[_SHOWN], between)][:-1], axis=2))
    right = [_read(x, labels) for x in batches]
    read.set(ylim=(0, 103), yticks=(0, 50, 100), ylabel="read (%)")
    read.axhline(50, color="0.4", linestyle=":", linewidth=1.2)
    if unit:
        read.plot(strengths, right, ".-", markersize=4, linewidth=1.4)
        read.set_xlabel(unit)
    else:
        read.axhline(right[0], linewidth=1.4)
        read.set(xticks=[], xlabel=f"{right[0]:.0f} %")


def _digits() -> tuple[np.ndarray, np.ndarray]:
    digits = data.digits(flat=False)
    return digits.x_test, digits.y_test


def _read(images: np.ndarray, labels: np.ndarray) -> float:
    """Return the percentage of digits that are read by a network which has never seen a transform."""
    return 100 * digit_network().accuracy(np.nan_to_num(images.reshape(len(images), -1)), labels)


@picture("A photograph and eight digits through one transform, and how many digits a network still reads.")
def one(notes: Notes, function: Callable, name: str, strength: float, *, seed: int = 0):
    """Show a photograph and digits through one transform, and the accuracy of a network that has never seen it."""
    fig = notes.plt.figure(figsize=(11, 3.9))
    left, right = fig.subfigures(1, 2, width_ratios=(1, 1))
    small, photo, dial = right.subplots(), samples.photos()[:1], DIALS[name]
    large = left.subplots()
    small.set_axis_off()
    title = f"{name}, {strength:g} ({dial.unit})" if dial.unit else name
    large.set_title(title)
    digits, labels = _digits()
    with notes.collect():
        rng = np.random.default_rng(seed)
        show_image(large, transformed(function, photo, *dial.call(photo, strength, rng))[0], title)
        x = transformed(function, digits, *dial.call(digits, strength, rng))
        words = [f"label {label}" for label in labels[:8]]
        tiles(small, np.nan_to_num(x[:8, 0], nan=0.5), words, columns=4, cmap="gray", vmin=0, vmax=1)
        before, after = _read(digits, labels), _read(x, labels)
        right.suptitle(f"a network reads {after:.0f} % (unchanged: {before:.0f} %)")
    return fig


def _controls(names: list[str]) -> dict | None:
    """Return the list of transforms, a slider for each, and one for the random draw; None without ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    controls = {"transform": ipywidgets.Dropdown(options=[_ALL, *names], description="transform")}
    for name in names:
        dial = DIALS[name]
        bounds = {"min": dial.low, "max": dial.high, "step": dial.step, "value": dial.start}
        controls[name] = ipywidgets.FloatSlider(**bounds, description=dial.unit, readout_format=".3g")
        controls[name].layout.display = "none"
    controls["draw"] = ipywidgets.IntSlider(value=0, min=0, max=20, description="draw (where there is chance)")
    return controls


def _panel(controls: dict):
    import ipywidgets

    return ipywidgets.VBox(list(controls.values()))
