"""Batch normalization to play with: where training and inference agree, and what pulls them apart."""

from collections.abc import Callable

import numpy as np

from helpers.plots.batchnorm import ask_forward, ask_pair
from helpers.plots.ready import Notes, ask_array, picture
from helpers.plots.style import COLORS
from helpers.widgets.explorer import explore

_NO_SLIDERS = "Sliders (they need a running notebook): gamma, beta, batch size, offset, draw."
BLUE, ORANGE, GREEN, RED = COLORS[:4]
_MEAN, _STD, _SAMPLE = 5.0, 2.0, 7.0


def batchnorm_explorer(
    batchnorm_forward: Callable, batchnorm_inference: Callable, update_running: Callable, *, interactive: bool = True
) -> None:
    """Show one batch in training mode and at inference, with sliders for gamma, beta, batch size and offset.

    The running statistics come from 200 batches with mean 5 and standard deviation 2. The batch that is shown has
    the offset on top: data that has moved since the training. Without widgets the picture alone is shown.

    Parameters
    ----------
    batchnorm_forward, batchnorm_inference, update_running : the student's functions
    interactive : bool; False leaves the sliders out
    """
    functions = (batchnorm_forward, batchnorm_inference, update_running)
    explore(
        two_modes.draw(*functions),
        two_modes.alt,
        _sliders() if interactive else None,
        _panel,
        _NO_SLIDERS,
        lambda **values: two_modes.draw(*functions, **values),
    )


def _sliders() -> dict | None:
    """Return a slider for each parameter of `two_modes`, or None where there are no widgets."""
    try:
        import ipywidgets as widgets
    except ImportError:
        return None
    sizes = [2, 4, 8, 16, 32, 64, 128, 256]
    return {
        "gamma": widgets.FloatSlider(value=1.0, min=0.1, max=3.0, step=0.1, description="gamma"),
        "beta": widgets.FloatSlider(value=0.0, min=-3.0, max=3.0, step=0.1, description="beta"),
        "batch_size": widgets.SelectionSlider(value=8, options=sizes, description="batch size"),
        "offset": widgets.FloatSlider(value=0.0, min=-6.0, max=6.0, step=0.5, description="offset of x"),
        "draw": widgets.IntSlider(value=0, min=0, max=20, description="another draw"),
    }


def _panel(sliders: dict):
    import ipywidgets as widgets

    return widgets.HBox(
        [
            widgets.VBox([sliders["gamma"], sliders["beta"]]),
            widgets.VBox([sliders["batch_size"], sliders["offset"], sliders["draw"]]),
        ]
    )


@picture("A batch through BatchNorm in training mode and at inference: out against x, and its histograms.")
def two_modes(
    notes: Notes,
    batchnorm_forward,
    batchnorm_inference,
    update_running,
    *,
    gamma: float = 1.0,
    beta: float = 0.0,
    batch_size: int = 8,
    offset: float = 0.0,
    draw: int = 0,
):
    """Show out against x for one batch in both modes, and where the same sample ends up."""
    rng = np.random.default_rng(draw)
    x = (offset + _MEAN + _STD * rng.normal(size=(batch_size, 1))).round(6)
    x[0] = _SAMPLE
    scale, shift = np.full(1, gamma), np.full(1, beta)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 3.9), width_ratios=(1.4, 1))
    left.set(xlabel="x", ylabel="out", xlim=(-6, 16), ylim=(-9, 9), title=f"one batch of {batch_size}")
    left.axvline(_SAMPLE, color="0.6", ls=":", lw=1.2, label=f"the same sample in every draw, x = {_SAMPLE:g}")
    right.set(xlabel="out", ylabel="share of the batch", xlim=(-8, 8), title="histograms")
    right.set_ylim(0, 1.15 if batch_size < 8 else 0.65)
    bins = np.linspace(-8, 8, 33)
    said = []

    def show(name, out, color, marker, ls, filled) -> None:
        # The slope through the batch's own points: the affine map that this mode applies to x.
        slope = (out[-1, 0] - out[0, 0]) / (x[-1, 0] - x[0, 0])
        left.axline((x[0, 0], out[0, 0]), slope=slope, color=color, ls=ls, lw=1)
        left.plot(x[:, 0], out[:, 0], marker, color=color, ms=6, ls="none", label=name)
        left.plot(x[0, 0], out[0, 0], marker, color=color, ms=11, mfc="none", ls="none")
        face = {"histtype": "stepfilled", "alpha": 0.35} if filled else {"histtype": "step", "lw": 1.8}
        weights = np.full(batch_size, 1 / batch_size)
        right.hist(np.clip(out[:, 0], -7.99, 7.99), bins, weights=weights, color=color, ls=ls, **face)
        right.plot(out[0, 0], 0.02, marker, color=color, ms=11, mfc="none", ls="none", clip_on=False)
        said.append(f"{name}: {out[0, 0]:.2f}")

    with notes.collect():
        out, _ = ask_forward(batchnorm_forward, x, scale, shift)
        show("training mode", out, BLUE, "o", "-", True)
    with notes.collect():
        running = _running_statistics(update_running)
        out = ask_array(batchnorm_inference, x, scale, shift, *running, eps=1e-5, shape=x.shape)
        show("inference", out, RED, "s", "--", False)
    left.legend(loc="lower right", fontsize=9)
    if said:
        right.set_title("out of the ringed sample\n" + ", ".join(said), fontsize=10)
    return fig


def _running_statistics(update_running) -> list[np.ndarray]:
    """Return the running mean and variance after 200 batches of 64 of the training data."""
    rng = np.random.default_rng(1)
    running = [np.zeros(1), np.ones(1)]
    for _ in range(200):
        batch = _MEAN + _STD * rng.normal(size=(64, 1))
        running = ask_pair(update_running, *running, batch, momentum=0.1, shape=(1,))
    return running
