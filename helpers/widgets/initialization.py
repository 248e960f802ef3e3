"""Ten random layers to play with: a start, an activation, a factor; the signal forward and the gradient back."""

from collections.abc import Callable, Mapping

import numpy as np

from helpers.plots.initialization import ACTIVATIONS, _on_log_axis, _stack, ask_statistics, histogram_row, row_of_axes
from helpers.plots.ready import Notes, picture
from helpers.plots.style import COLORS
from helpers.widgets.explorer import explore

BLUE, ORANGE = COLORS[:2]
_ALT = "Histograms of the activations of ten random layers, and the size of the signal and of the gradient by layer."
_NO_SLIDERS = "(Controls for start, activation, factor, width and draw stand here where the notebook runs in Jupyter.)"
_LAYERS, _SAMPLES = 10, 200


def initialization_explorer(
    initializers: Mapping[str, Callable], activation_statistics: Callable, *, start: str = "small_normal"
) -> None:
    """Show ten layers at the start of training, with controls for weights, activation and width.

    Without ipywidgets, or without a frontend that shows them, the first picture remains.

    Parameters
    ----------
    initializers : name -> function, ``init(shape, rng)``, PyTorch's layout
    activation_statistics : the student's function
    start : one of the names
    """
    if start not in initializers:
        raise ValueError(f"start={start!r} must be one of {', '.join(initializers)}")
    explore(
        ten_layers.draw(initializers, activation_statistics, start=start),
        _ALT,
        _controls(list(initializers), start),
        _panel,
        _NO_SLIDERS,
        lambda **values: ten_layers.draw(initializers, activation_statistics, **values),
    )


@picture(_ALT)
def ten_layers(
    notes: Notes,
    initializers: Mapping[str, Callable],
    activation_statistics: Callable,
    *,
    start: str = "small_normal",
    activation: str = "tanh",
    factor: float = 1.0,
    width: int = 200,
    draw: int = 0,
):
    """Show each layer's activations as a histogram; below, signal and gradient from layer to layer."""
    rng = np.random.default_rng(draw)
    x, dout = rng.standard_normal((2, _SAMPLES, width))
    fig = notes.plt.figure(figsize=(13.2, 4.6))
    grid = fig.add_gridspec(2, _LAYERS, height_ratios=(1, 1.25))
    sizes = fig.add_subplot(grid[1, :])
    times = f"{factor:.3g} times " if factor != 1 else ""
    fig.suptitle(f"{times}{start}, {activation}, {width} units a layer", fontsize=11.5)
    sizes.set(yscale="log", xlabel="layer", ylabel="size", xlim=(0.5, _LAYERS + 0.5), ylim=(1e-10, 1e6))
    sizes.set_xticks(range(1, _LAYERS + 1))
    stds = None
    with notes.collect():
        weights = [factor * W for W in _stack(initializers[start], [width] * (_LAYERS + 1), rng)]
        _, stds = ask_statistics(activation_statistics, x, weights, ACTIVATIONS[activation][0])
        layer = np.arange(1, _LAYERS + 1)
        sizes.plot(layer, _on_log_axis(stds), "o-", color=BLUE, label="signal: std of the activations (yours)")
        back = _gradients(x, dout, weights, activation)
        sizes.plot(layer, _on_log_axis(back), "s--", color=ORANGE, label="gradient: root mean square, 1 at the top")
        sizes.axhline(1, color="0.4", ls=":", lw=1.2)
        sizes.legend(loc="upper center", fontsize="small", ncols=2)
    histograms = row_of_axes(fig, grid, 0, _LAYERS if stds is not None else 1)
    histograms[0].set_ylabel("share")
    if stds is not None:
        histogram_row(histograms, x, weights, activation, stds, BLUE)
    return fig


def _gradients(x: np.ndarray, dout: np.ndarray, weights: list[np.ndarray], kind: str) -> np.ndarray:
    """Return the root mean square of the gradient at each layer's activations, that at the last layer being dout."""
    activation, derivative, _ = ACTIVATIONS[kind]
    slopes, h = [], x
    for W in weights:
        z = h @ W.T
        slopes.append(derivative(z))
        h = activation(z)
    sizes = [dout]
    for W, slope in zip(weights[:0:-1], slopes[:0:-1], strict=True):
        sizes.append((sizes[-1] * slope) @ W)
    return np.array([np.sqrt(np.mean(dh**2)) for dh in sizes[::-1]])


def _controls(names: list[str], start: str) -> dict | None:
    """Return a control for each parameter of `ten_layers`, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    return {
        "start": ipywidgets.Dropdown(options=names, value=start, description="start"),
        "activation": ipywidgets.Dropdown(options=list(ACTIVATIONS), value="tanh", description="activation"),
        "factor": ipywidgets.FloatLogSlider(
            value=1.0, min=-2, max=2, step=0.05, description="times", readout_format=".3g"
        ),
        "width": ipywidgets.SelectionSlider(options=(25, 50, 100, 200, 400), value=200, description="width"),
        "draw": ipywidgets.IntSlider(value=0, min=0, max=20, description="another draw"),
    }


def _panel(controls: dict):
    import ipywidgets

    names = list(controls)
    return ipywidgets.HBox([ipywidgets.VBox([controls[name] for name in part]) for part in (names[:3], names[3:])])
