"""Newton's step from any place, with sliders for place and damping. Where no slider works, a picture remains."""

from collections.abc import Callable

import numpy as np

from helpers import landscapes
from helpers.landscapes import Landscape
from helpers.plots.pieces import legend, terrain, trail
from helpers.plots.ready import Notes, as_array, ask, name_of, picture
from helpers.plots.second_order import newton_walk
from helpers.widgets.explorer import explore

_ALT = "A landscape with the bowl that slope and curvature describe at one place, Newton's step and the steps after it."
_NO_SLIDERS = "(Sliders for landscape, place and damping stand here where the notebook runs in Jupyter.)"


def newton_explorer(quadratic_model: Callable, newton_step: Callable, *, landscape: str = "Himmelblau") -> None:
    """Show the local bowl and Newton's step into it, with sliders for the place and the damping.

    Parameters
    ----------
    quadratic_model, newton_step : the student's
    landscape : one of `helpers.landscapes.racetracks()`
    """
    tracks = landscapes.racetracks()
    if landscape not in tracks:
        raise ValueError(f"landscape={landscape!r} must be one of {', '.join(tracks)}")
    explore(
        local_bowl.draw(quadratic_model, newton_step, tracks[landscape]),
        _ALT,
        _sliders(list(tracks), landscape),
        _panel,
        _NO_SLIDERS,
        lambda landscape, **values: local_bowl.draw(quadratic_model, newton_step, tracks[landscape], **values),
    )


@picture(_ALT)
def local_bowl(
    notes: Notes,
    quadratic_model: Callable,
    newton_step: Callable,
    track: Landscape,
    *,
    across: float = 0.88,
    up: float = 0.84,
    damping: float = 0.0,
    steps: int = 1,
):
    """Show the bowl at a place, given as shares of the map's width and height, and Newton's steps from there."""
    w = np.array([np.interp(across, (0, 1), track.xlim), np.interp(up, (0, 1), track.ylim)])
    f0, grad, H = float(track.value(w)), track.gradient(w), track.hessian(w)
    curvatures = np.linalg.eigvalsh(H)
    fig, ax = notes.plt.subplots(figsize=(6.4, 5.2))
    terrain(ax, track)
    damped = "" if damping == 0 else f", damping {damping:.3g}"
    ax.set_title(f"{track.name}: curvatures {curvatures[0]:.3g} and {curvatures[1]:.3g} at the dot{damped}")
    with notes.collect():
        x, y = np.linspace(*track.xlim, 40), np.linspace(*track.ylim, 40)
        bowl = np.array(
            [[float(as_array(quadratic_model, ask(quadratic_model, f0, grad, H, np.array([a, b]) - w), ()))
              for a in x] for b in y]
        )  # fmt: skip
        if np.isfinite(bowl).all() and np.ptp(bowl) > 0:
            levels = np.quantile(bowl, np.linspace(0.02, 0.6, 7))
            ax.contour(x, y, bowl, np.unique(levels), colors="#0072B2", linewidths=1, linestyles="--")
            ax.plot([], [], color="#0072B2", linestyle="--", linewidth=1, label="levels of your bowl")
    with notes.collect():
        path = newton_walk(newton_step, track, w, steps, damping)
        trail(ax, path, color="C1", linestyle="-", label=f"{name_of(newton_step)}, {steps} step{'s' * (steps > 1)}")
    length = 0.12 * (track.xlim[1] - track.xlim[0])
    if np.linalg.norm(grad) > 0:
        ends = np.array([w, w - length * grad / np.linalg.norm(grad)])
        ax.plot(*ends.T, color="black", linestyle="-", linewidth=1.5, label="downhill")
    ax.plot(*w, "o", color="black", markersize=7, zorder=6)
    # Downhill is at right angles to the contours only where both axes have one scale.
    ax.set(xlim=track.xlim, ylim=track.ylim, aspect="equal")
    flat = max(1.0, 0.8 * np.ptp(track.xlim) / np.ptp(track.ylim))
    legend(ax, loc="upper left", bbox_to_anchor=(0, -0.12 * flat), ncols=3)
    return fig


def _sliders(tracks: list[str], landscape: str) -> dict | None:
    """Return a control for each parameter of `local_bowl`, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    share = {"min": 0.0, "max": 1.0, "step": 0.01, "readout_format": ".2f"}
    dampings = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    return {
        "landscape": ipywidgets.Dropdown(options=tracks, value=landscape, description="landscape"),
        "across": ipywidgets.FloatSlider(value=0.88, description="left to right", **share),
        "up": ipywidgets.FloatSlider(value=0.84, description="bottom to top", **share),
        "damping": ipywidgets.SelectionSlider(options=dampings, value=0.0, description="damping"),
        "steps": ipywidgets.IntSlider(value=1, min=1, max=12, description="steps"),
    }


def _panel(sliders: dict):
    import ipywidgets

    names = list(sliders)
    columns = [ipywidgets.VBox([sliders[name] for name in part]) for part in (names[:3], names[3:])]
    return ipywidgets.HBox(columns)
