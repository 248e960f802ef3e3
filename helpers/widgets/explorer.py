"""A picture that is drawn again whenever one of its controls changes: what the explorers of all assignments do."""

from collections.abc import Callable, Mapping
from typing import Any

from helpers.plots.ready import show_figure


def explore(
    first: tuple[Any, list[str]],
    alt: str,
    controls: Mapping[str, Any] | None,
    panel: Callable,
    words: str,
    again: Callable[..., tuple[Any, list[str]]],
) -> None:
    """Show a picture with its controls; the picture alone where there are none.

    Parameters
    ----------
    first : figure and notes of the first picture, as a picture's `draw` gives them
    alt : the picture in a sentence
    controls : ipywidgets by name; None where there is no ipywidgets
    panel : panel(controls) -> the widget that holds them
    words : what stands in their place without a running notebook
    again : again(**values) -> figure and notes, for the controls' values
    """
    figure, notes = first
    for note in notes:
        print(note)
    if controls is None:
        show_figure(figure, alt)
        return
    display_with_fallback(panel(controls), words)
    handle = show_figure(figure, alt, display_id=True)

    def redraw(_change) -> None:
        values = {name: control.value for name, control in controls.items()}
        show_figure(again(**values)[0], alt, handle=handle)

    for control in controls.values():
        control.observe(redraw, names="value")


def display_with_fallback(widget, text: str) -> None:
    """Display a widget; where none can be shown, the text stands in its place."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return
    bundle = widget._repr_mimebundle_()
    display({**bundle, "text/plain": text}, raw=True)
