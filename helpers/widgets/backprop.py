"""A two-layer network to play with: how it bends its border, unit by unit and step by step."""

from collections.abc import Callable
from functools import cache

import numpy as np

from helpers import data
from helpers.plots.backprop import descend, start, two_layer_scores
from helpers.plots.ready import Notes, picture
from helpers.plots.style import COLORS
from helpers.widgets.explorer import explore

_NO_SLIDERS = "Sliders (they need a running notebook): hidden units, weight decay, steps, start."
STEPS = (0, 1, 3, 10, 30, 100, 300, 1000, 2000)
_MIDDLE = np.array([0.5, 0.25])
_WIDE, _HIGH, _FINE = 2.4, 1.9, 120
_FEW = 10  # the lines of more hidden units would hide the picture


def backprop_playground(two_layer_loss: Callable, *, interactive: bool = True) -> None:
    """Show a network that learns two noisy half circles, with sliders for its size, penalty, steps and start.

    Without widgets the picture alone is shown.

    Parameters
    ----------
    two_layer_loss : the student's function
    interactive : bool; False leaves the sliders out
    """
    runs = _Runs(two_layer_loss)
    explore(
        border.draw(runs),
        border.alt,
        _sliders() if interactive else None,
        _panel,
        _NO_SLIDERS,
        lambda **values: border.draw(runs, **values),
    )


def _sliders() -> dict | None:
    """Return a slider for each parameter of `border`, or None where there are no widgets."""
    try:
        import ipywidgets as widgets
    except ImportError:
        return None
    decays = [("0", 0.0), *((f"{decay:g}", decay) for decay in (1e-4, 1e-3, 1e-2, 1e-1))]
    return {
        "hidden": widgets.SelectionSlider(value=10, options=[1, 2, 3, 5, 10, 30, 100], description="hidden units"),
        "weight_decay": widgets.SelectionSlider(value=0.0, options=decays, description="weight decay"),
        "step": widgets.SelectionSlider(value=100, options=STEPS, description="steps"),
        "seed": widgets.IntSlider(value=0, min=0, max=9, description="another start"),
    }


def _panel(sliders: dict):
    import ipywidgets as widgets

    return widgets.HBox(
        [
            widgets.VBox([sliders["hidden"], sliders["weight_decay"]]),
            widgets.VBox([sliders["step"], sliders["seed"]]),
        ]
    )


class _Runs:
    """Training runs of the student's function, each carried out once."""

    def __init__(self, two_layer_loss: Callable) -> None:
        self.two_layer_loss = two_layer_loss
        self._known: dict = {}

    def run(self, hidden: int, weight_decay: float, seed: int) -> tuple[np.ndarray, dict[int, dict]]:
        """Return the losses, and the parameters after each of `STEPS`."""
        key = hidden, weight_decay, seed
        if key not in self._known:
            x, y, _, _ = _moons()
            first = start(hidden, 2, seed)
            how = {"weight_decay": weight_decay, "steps": STEPS[-1], "keep": STEPS}
            self._known[key] = descend(self.two_layer_loss, first, x, y, **how)
        return self._known[key]


@cache
def _moons() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return 60 points to learn, and 2000 new ones to be judged by."""
    (x, y), (x_new, y_new) = (data.two_moons(n, noise=0.35, seed=seed) for seed, n in enumerate((60, 2000)))
    return x - _MIDDLE, y, x_new - _MIDDLE, y_new


@picture("The border of a two-layer network among the points of two classes, and its loss over the steps.")
def border(notes: Notes, runs: _Runs, *, hidden: int = 10, weight_decay: float = 0.0, step: int = 100, seed: int = 0):
    """Show how sure the network is where, the lines along which its hidden units bend, and the loss on the way."""
    x, y, x_new, y_new = _moons()
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(10.5, 4.2), width_ratios=(1.25, 1))
    for label, marker in zip(range(2), "os", strict=True):
        of_class = x[y == label]
        style = {"color": COLORS[label], "ms": 5.5, "ls": "none", "mec": "white", "mew": 0.5}
        left.plot(of_class[:, 0], of_class[:, 1], marker, label=f"class {label}", **style)
    left.set(xlim=(-_WIDE, _WIDE), ylim=(-_HIGH, _HIGH), xlabel="$x_1$", ylabel="$x_2$")
    left.grid(False)
    right.set(xlabel="step", ylabel="loss, without the penalty", ylim=(0, 0.85), title="on the 60 points")
    right.set_xscale("symlog", linthresh=1)
    right.set_xlim(0, STEPS[-1])
    right.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
    right.minorticks_off()
    with notes.collect():
        _, kept = runs.run(hidden, weight_decay, seed)
        if step not in kept:
            step = max(kept)
            notes.add(f"The training broke off: this is step {step}.")
        params = kept[step]
        _draw_border(left, params)
        shares = [np.mean(two_layer_scores(params, a).argmax(axis=1) == b) for a, b in ((x, y), (x_new, y_new))]
        left.set_title(f"step {step}: {shares[0]:.0%} of these points, {shares[1]:.0%} of new ones")
        for (a, b), name, color, ls in (((x, y), "these", COLORS[0], "-"), ((x_new, y_new), "new", COLORS[3], "--")):
            losses = [_cross_entropy(two_layer_scores(params, a), b) for params in kept.values()]
            right.plot(list(kept), np.minimum(losses, 10), color=color, ls=ls, marker="o", ms=4, label=f"{name} points")
        right.set_title(f"largest weight: {max(np.abs(params[name]).max() for name in ('W1', 'W2')):.2g}")
        right.axvline(step, color="0.5", ls=":", lw=1.2)
        right.legend(fontsize=9, loc="lower left")
    left.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
    return fig


def _cross_entropy(scores: np.ndarray, y: np.ndarray) -> float:
    lead = scores[np.arange(len(y)), y] - scores[np.arange(len(y)), 1 - y]
    return float(np.mean(np.logaddexp(0, -lead)))


def _draw_border(ax, params: dict) -> None:
    """Shade the plane by the network's probability, and draw each hidden unit's kink, w x + b = 0."""
    from matplotlib.colors import LinearSegmentedColormap

    across, up = np.linspace(-_WIDE, _WIDE, _FINE), np.linspace(-_HIGH, _HIGH, _FINE)
    scores = two_layer_scores(params, np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2))
    lead = (scores[:, 1] - scores[:, 0]).reshape(_FINE, _FINE)
    shades = LinearSegmentedColormap.from_list("classes", ["#9ccae6", "#ffffff", "#f6d28c"])
    extent = (-_WIDE, _WIDE, -_HIGH, _HIGH)
    sure = np.tanh(np.nan_to_num(lead) / 2)
    ax.imshow(sure, origin="lower", extent=extent, cmap=shades, vmin=-1, vmax=1, aspect="auto", zorder=0)
    if lead.min() < 0 < lead.max():
        ax.contour(across, up, lead, [0.0], colors="black", linewidths=1.6)
    if params["W1"].shape[1] > _FEW:
        return
    for unit, (w, b) in enumerate(zip(params["W1"].T, params["b1"], strict=True)):
        if np.abs(w).max() > 1e-6:
            label = "kinks of the hidden units" if unit == 0 else None
            at = -b * w / (w @ w)
            ax.axline(at, at + np.array([-w[1], w[0]]), color="0.35", ls=":", lw=1.1, label=label)
