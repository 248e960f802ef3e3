"""A picture that is drawn again whenever one of its controls changes: what the explorers of all assignments do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.plots.ready import show_figure

# The name of an ipywidget, and what it is made with.
Control = tuple[str, dict[str, Any]]
_WORDS = "(Sliders for {} stand here where the notebook runs in Jupyter.)"


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


# ------------------------------------------------------------------- controls told in data, for options of a picture


def choice(description: str, options: Sequence, value: Any) -> Control:
    """Return a slider over a few values."""
    return "SelectionSlider", {"description": description, "options": options, "value": value}


def whole(description: str, low: int, high: int, value: int, step: int = 1) -> Control:
    """Return a slider over integers."""
    return "IntSlider", {"description": description, "min": low, "max": high, "step": step, "value": value}


def slide(description: str, low: float, high: float, step: float, value: float) -> Control:
    """Return a slider over numbers."""
    return "FloatSlider", {"description": description, "min": low, "max": high, "step": step, "value": value}


def explore_picture(picture: Callable, functions: Sequence, controls: Mapping[str, Control], **kept: Any) -> None:
    """Show a picture with a control for each of these options of its own.

    Parameters
    ----------
    picture : one of helpers.plots
    functions : the student's, that it is drawn with
    controls : control by option
    kept : further options, handed over at every drawing
    """

    def again(**values):
        return picture.draw(*functions, **kept, **values)

    names = ", ".join(options["description"] for _, options in controls.values())
    first = again(**{name: options["value"] for name, (_, options) in controls.items()})
    explore(first, picture.alt, made(controls), _panel, _WORDS.format(names), again)


def made(controls: Mapping[str, Control]) -> dict[str, Any] | None:
    """Return the ipywidgets, or None where there are none."""
    try:
        import ipywidgets
    except ImportError:
        return None
    look = {"style": {"description_width": "110px"}, "layout": ipywidgets.Layout(width="340px")}
    return {
        name: getattr(ipywidgets, kind)(continuous_update=False, **options, **look)
        for name, (kind, options) in controls.items()
    }


def _panel(sliders: dict):
    import ipywidgets

    return ipywidgets.HBox(list(sliders.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
