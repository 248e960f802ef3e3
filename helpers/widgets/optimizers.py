"""The optimizer race with sliders. The picture is an ordinary output, so it also stands where no slider works."""

from collections.abc import Callable, Mapping

from helpers import landscapes
from helpers.plots.optimizers import race_figure
from helpers.plots.ready import picture, show_figure
from helpers.widgets.explorer import Redrawing, display_with_fallback, fitted

_ALT = "Walks of the optimizers on the chosen landscape, and their losses."
_RACE = picture(_ALT)(race_figure)
_NO_SLIDERS = "(Sliders stand here where the notebook runs in Jupyter.)"


def optimizer_race(optimizers: Mapping[str, Callable], *, landscape: str = "Rosenbrock", steps: int = 200) -> None:
    """Show all optimizers on one landscape, with sliders for lr, momentum and the number of steps.

    Without ipywidgets, or without a frontend that shows them, the picture with the landscape's own settings remains.

    Parameters
    ----------
    optimizers : name -> function, ``step(w, grad, state, *, lr[, momentum])``
    landscape : one of `helpers.landscapes.racetracks()`
    steps : int
    """
    tracks = landscapes.racetracks()
    if landscape not in tracks:
        raise ValueError(f"landscape={landscape!r} must be one of {', '.join(tracks)}")
    track = tracks[landscape]
    figure, notes = _RACE.draw(optimizers, [track], steps=steps)
    for note in notes:
        print(note)
    controls = _controls(tracks, track, steps)
    if controls is None:
        show_figure(figure, _ALT)
        return
    box, choice, lr, momentum, length = controls
    fitted({each.description: each for each in (choice, lr, momentum, length)})
    display_with_fallback(box, _NO_SLIDERS)
    handle = show_figure(figure, _ALT, display_id=True)
    settling = False

    def draw():
        dials = {"lr": lr.value, "momentum": momentum.value, "steps": length.value}
        return _RACE.draw(optimizers, [tracks[choice.value]], **dials)[0], _ALT

    redrawing = Redrawing(draw, handle, figure)

    def redraw(change):
        if not settling:
            redrawing(change)

    def change_track(change):
        nonlocal settling
        # Both sliders move to the new landscape's settings, and one picture is drawn, not three.
        settling = True
        try:
            lr.value, momentum.value = tracks[choice.value].lr, tracks[choice.value].momentum
        finally:
            settling = False
        redraw(change)

    choice.observe(change_track, "value")
    for slider in (lr, momentum, length):
        slider.observe(redraw, "value")


def _controls(tracks, track, steps):
    """Return a box and the four controls in it, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    choice = ipywidgets.Dropdown(options=list(tracks), value=track.name, description="landscape")
    lr = ipywidgets.FloatLogSlider(value=track.lr, min=-4.5, max=0.5, step=0.05, description="lr", readout_format=".5f")
    momentum = ipywidgets.FloatSlider(
        value=track.momentum, min=0.0, max=0.99, step=0.01, description="momentum", readout_format=".2f"
    )
    length = ipywidgets.IntSlider(value=steps, min=10, max=1000, step=10, description="steps")
    return ipywidgets.VBox([choice, lr, momentum, length]), choice, lr, momentum, length
