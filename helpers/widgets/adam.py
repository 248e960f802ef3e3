"""The race of 03_adam with sliders for lr, both betas and eps. Where no slider works, its first picture remains."""

import functools
from collections.abc import Callable, Mapping

from helpers import landscapes
from helpers.landscapes import Landscape
from helpers.plots.optimizers import race_figure
from helpers.plots.pieces import takes
from helpers.plots.ready import Notes, name_of, picture
from helpers.widgets.explorer import explore

_ALT = "Walks of the adaptive optimizers on the chosen landscape with the chosen betas and eps, and their losses."
_NO_SLIDERS = "(Sliders for landscape, lr, beta1, beta2, eps and steps stand here where the notebook runs in Jupyter.)"
_BETA1 = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
_BETA2 = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)
_LR, _EPS = 0.1, 1e-8


def adam_explorer(optimizers: Mapping[str, Callable], *, landscape: str = "Beale", steps: int = 200) -> None:
    """Show the optimizers on one landscape, with sliders for lr, beta1, beta2, eps and the number of steps.

    `momentum` and `adadelta` hear nothing of them: the first runs at the landscape's own setting, the second has no
    rate to choose. Without ipywidgets, or without a frontend that shows them, the first picture remains.

    Parameters
    ----------
    optimizers : name -> function, ``step(w, grad, state, *, lr, ...)``
    landscape : one of `helpers.landscapes.racetracks()`
    steps : int
    """
    tracks = landscapes.racetracks()
    if landscape not in tracks:
        raise ValueError(f"landscape={landscape!r} must be one of {', '.join(tracks)}")
    explore(
        adaptive_race.draw(optimizers, tracks[landscape], steps=steps),
        _ALT,
        _sliders(list(tracks), landscape, steps),
        _panel,
        _NO_SLIDERS,
        lambda landscape, **values: adaptive_race.draw(optimizers, tracks[landscape], **values),
    )


@picture(_ALT)
def adaptive_race(
    notes: Notes,
    optimizers: Mapping[str, Callable],
    track: Landscape,
    *,
    lr: float = _LR,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = _EPS,
    steps: int = 200,
):
    """Show the optimizers on one landscape, with the same lr, betas and eps for all that have them."""
    dials = {"lr": lr, "betas": (beta1, beta2), "alpha": beta2, "eps": eps}
    tuned = {}
    for name, step in optimizers.items():
        own = _OWN.get(name)
        settings = dials if own is None else own(track)
        tuned[name] = with_settings(step, settings)
    figure = race_figure(notes, tuned, [track], lr=lr, steps=steps)
    settings = rf"lr = {lr:.3g}, $\beta_1$ = {beta1:g}, $\beta_2$ = {beta2:g}, eps = {eps:.0e}"
    figure.axes[0].set_title(f"{track.name}\n{settings}", fontsize="medium")
    return figure


# Those that the sliders leave alone, with the settings that they keep.
_OWN = {
    "sgd": lambda track: {"lr": track.lr},
    "momentum": lambda track: {"lr": track.lr, "momentum": track.momentum},
    "adadelta": lambda track: {"lr": 1.0},
}


def with_settings(step: Callable, settings: dict) -> Callable:
    """Return the optimizer with those of the settings that it takes; it keeps its name, and its own signature."""

    @functools.wraps(step)
    def tuned(w, grad, state, **given):
        return step(w, grad, state, **{**given, **taken})

    tuned.__name__ = name_of(step)
    taken = {name: value for name, value in settings.items() if name == "lr" or takes(step, name)}
    return tuned


def _sliders(tracks: list[str], landscape: str, steps: int) -> dict | None:
    """Return a control for each parameter of `adaptive_race`, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    log, choose = ipywidgets.FloatLogSlider, ipywidgets.SelectionSlider
    return {
        "landscape": ipywidgets.Dropdown(options=tracks, value=landscape, description="landscape"),
        "lr": log(value=_LR, min=-4, max=1, step=0.25, description="lr", readout_format=".2g"),
        "beta1": choose(options=_BETA1, value=0.9, description="beta1"),
        "beta2": choose(options=_BETA2, value=0.999, description="beta2, alpha"),
        "eps": log(value=_EPS, min=-10, max=3, step=1, description="eps", readout_format=".0e"),
        "steps": ipywidgets.IntSlider(value=steps, min=10, max=1000, step=10, description="steps"),
    }


def _panel(sliders: dict):
    import ipywidgets

    names = list(sliders)
    columns = [ipywidgets.VBox([sliders[name] for name in part]) for part in (names[:3], names[3:])]
    return ipywidgets.HBox(columns)
