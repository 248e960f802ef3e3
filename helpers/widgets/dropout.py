"""Dropout to play with: the draws of single passes, and the mean that they add up to."""

from collections.abc import Callable

import numpy as np

from helpers import data
from helpers.plots.dropout import ask_noise
from helpers.plots.pieces import legend, tiles
from helpers.plots.ready import Notes, picture
from helpers.plots.style import COLORS
from helpers.widgets.explorer import explore

_ALT = "A digit, three passes of it through dropout, their mean and std over many; the running mean of three pixels."
_NO_SLIDERS = (
    "(Sliders for p, passes and digit, and a switch for train, stand here where the notebook runs in Jupyter.)"
)


def dropout_explorer(dropout_forward: Callable, *, p: float = 0.5, passes: int = 50) -> None:
    """Show single passes of a digit through dropout and their mean, with sliders for p, passes and the digit.

    Without ipywidgets, or without a frontend that shows them, the first picture remains.

    Parameters
    ----------
    dropout_forward : the student's function
    p : float in [0, 1)
    passes : int
    """
    explore(
        many_passes.draw(dropout_forward, p=p, passes=passes),
        _ALT,
        _sliders(p, passes),
        _panel,
        _NO_SLIDERS,
        lambda **values: many_passes.draw(dropout_forward, **values),
    )


@picture(_ALT)
def many_passes(
    notes: Notes,
    dropout_forward: Callable,
    *,
    p: float = 0.5,
    passes: int = 50,
    digit: int = 0,
    seed: int = 0,
    train: bool = True,
):
    """Show three passes of a digit through dropout, mean and std over all, and the running mean of three pixels."""
    digits = data.digits()
    x = digits.x_train[digits.y_train == digit][:1]
    top = 1 / (1 - p)
    fig = notes.plt.figure(figsize=(11.8, 5.6))
    above, below = fig.subfigures(2, 1, height_ratios=(1, 1.35))
    images, ax = above.subplots(), below.subplots()
    row = [("x", x[0], 1.0)]
    ax.set(xlabel="passes so far", ylabel="mean of out so far", xlim=(1, passes), ylim=(-0.1, min(top, 3.5) + 0.1))
    ax.set_title(
        f"p = {p:g}, train = {train}: what is kept is multiplied by {top if train else 1:.3g}", fontsize="medium"
    )
    chosen = [int(np.argmin(np.abs(x[0] - height))) for height in (1.0, 0.6, 0.25)]
    with notes.collect():
        rng, outs = np.random.default_rng(seed), []
        for _ in range(passes):
            outs.append(ask_noise(dropout_forward, x, p, rng, train=train)[0][0])
        outs = np.array(outs)
        # Single passes reach 1 / (1 - p), their mean 1: each row of images keeps its own scale.
        row += [(f"pass {k}, up to {top:.2g}", out, top) for k, out in enumerate(outs[:3], start=1)]
        row += [(f"mean of {passes}", outs.mean(axis=0), 1.0)]
        row += [(f"std of {passes}", outs.std(axis=0), max(1.0, np.sqrt(p / (1 - p))))]
        count = np.arange(1, passes + 1)
        running = np.cumsum(outs, axis=0) / count[:, None]
        for i, pixel in enumerate(chosen):
            level, color = float(x[0, pixel]), COLORS[i]
            width = 2 * level * np.sqrt((p if train else 0.0) / (1 - p) / count)
            ax.fill_between(count, level - width, level + width, color=color, alpha=0.12, linewidth=0)
            ax.axhline(level, color=color, ls=":", lw=1.2)
            ax.plot(count, running[:, pixel], color=color, ls="-", label=f"pixel with x = {level:.2g}")
        ax.fill_between([], [], [], color="0.5", alpha=0.25, label=r"$x \pm 2\,x \sqrt{p / (1 - p)} / \sqrt{passes}$")
    scaled = np.array([values.reshape(8, 8) / most for _, values, most in row])
    tiles(images, scaled, [title for title, _, _ in row], columns=6, cmap="cividis", vmin=0, vmax=1)
    legend(ax, loc="upper right", ncols=4)
    return fig


def _sliders(p: float, passes: int) -> dict | None:
    """Return a control for each parameter of `many_passes`, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    counts = sorted({3, 10, 20, 50, 100, 200, 500, 1000, passes})
    return {
        "p": ipywidgets.FloatSlider(value=p, min=0.0, max=0.95, step=0.05, description="p"),
        "passes": ipywidgets.SelectionSlider(value=passes, options=counts, description="passes"),
        "digit": ipywidgets.IntSlider(value=0, min=0, max=9, description="digit"),
        "seed": ipywidgets.IntSlider(value=0, min=0, max=20, description="another draw"),
        "train": ipywidgets.Checkbox(value=True, description="train"),
    }


def _panel(sliders: dict):
    import ipywidgets

    names = list(sliders)
    return ipywidgets.HBox([ipywidgets.VBox([sliders[name] for name in part]) for part in (names[:3], names[3:])])
