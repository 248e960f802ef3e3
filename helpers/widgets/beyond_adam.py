"""The race of 04_beyond_adam with sliders, over all its optimizers. Where none works, its first picture remains."""

from collections.abc import Callable, Mapping, Sequence

from helpers import landscapes
from helpers.landscapes import Landscape
from helpers.plots.optimizers import race_figure
from helpers.plots.ready import Notes, picture
from helpers.widgets.adam import with_settings
from helpers.widgets.explorer import explore

_ALT = "Walks of the chosen optimizers on the chosen landscape with the same dials, and their losses."
_NO_SLIDERS = "(Controls for landscape, optimizers, lr, betas, gamma, k and steps stand here where it runs in Jupyter.)"
_BETA1 = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
_BETA2 = (0.5, 0.9, 0.99, 0.999, 0.9999)
_GAMMA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
_K = (1.0, 1.5, 2.0, 3.0, 5.0)
_LR = 0.1
_SHOWN = 4


def beyond_explorer(optimizers: Mapping[str, Callable], *, landscape: str = "Beale", steps: int = 200) -> None:
    """Show the chosen optimizers on one landscape, with sliders for lr, both betas, gamma, k and the number of steps.

    Each hears those of the dials that it has. Without ipywidgets, or without a frontend that shows them, the first
    picture remains, with the first optimizers.

    Parameters
    ----------
    optimizers : name -> function, ``step(w, grad, state, *, lr, ...)``
    landscape : one of `helpers.landscapes.racetracks()`
    steps : int
    """
    tracks = landscapes.racetracks()
    if landscape not in tracks:
        raise ValueError(f"landscape={landscape!r} must be one of {', '.join(tracks)}")
    shown = list(optimizers)[:_SHOWN]
    explore(
        dialled_race.draw(optimizers, tracks[landscape], shown=shown, steps=steps),
        _ALT,
        _sliders(list(tracks), list(optimizers), landscape, steps),
        _panel,
        _NO_SLIDERS,
        lambda landscape, **values: dialled_race.draw(optimizers, tracks[landscape], **values),
    )


@picture(_ALT)
def dialled_race(
    notes: Notes,
    optimizers: Mapping[str, Callable],
    track: Landscape,
    *,
    shown: Sequence[str],
    lr: float = _LR,
    beta1: float = 0.9,
    beta2: float = 0.999,
    gamma: float = 0.95,
    k: float = 2.0,
    steps: int = 200,
):
    """Show some of the optimizers on one landscape, with the same dials for all that have them."""
    dials = {"lr": lr, "betas": (beta1, beta2), "gamma": gamma, "k": k}
    # In the order of the optimizers, whatever the order of the clicks: each keeps its colour while others come and go.
    tuned = {name: with_settings(step, dials) for name, step in optimizers.items() if name in shown}
    figure = race_figure(notes, tuned, [track], lr=lr, steps=steps)
    settings = rf"lr = {lr:.3g}, $\beta_1$ = {beta1:g}, $\beta_2$ = {beta2:g}, $\gamma$ = {gamma:g}, k = {k:g}"
    figure.axes[0].set_title(f"{track.name}\n{settings}", fontsize="medium")
    return figure


def _sliders(tracks: list[str], names: list[str], landscape: str, steps: int) -> dict | None:
    """Return a control for each parameter of `dialled_race`, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    choose = ipywidgets.SelectionSlider
    return {
        "landscape": ipywidgets.Dropdown(options=tracks, value=landscape, description="landscape"),
        "shown": ipywidgets.SelectMultiple(options=names, value=names[:_SHOWN], description="optimizers", rows=7),
        "lr": ipywidgets.FloatLogSlider(value=_LR, min=-4, max=1, step=0.25, description="lr", readout_format=".2g"),
        "beta1": choose(options=_BETA1, value=0.9, description="beta1"),
        "beta2": choose(options=_BETA2, value=0.999, description="beta2"),
        "gamma": choose(options=_GAMMA, value=0.95, description="gamma (Norm)"),
        "k": choose(options=_K, value=2.0, description="k (Inject)"),
        "steps": ipywidgets.IntSlider(value=steps, min=10, max=1000, step=10, description="steps"),
    }


def _panel(sliders: dict):
    import ipywidgets

    names = list(sliders)
    columns = [ipywidgets.VBox([sliders[name] for name in part]) for part in (names[:2], names[2:5], names[5:])]
    return ipywidgets.HBox(columns)
