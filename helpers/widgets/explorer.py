"""A picture that is drawn again whenever one of its controls changes: what the explorers of all assignments do."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.plots.ready import show_figure
from helpers.widgets.moving import MovingPictures, tidy

# The name of an ipywidget, and what it is made with.
Control = tuple[str, dict[str, Any]]
# CPU seconds that a picture may take while a slider moves; a slower one waits until the slider rests. The page sends
# the latest value only, once the last picture is there: pictures never queue up.
QUICK = 0.4
_REST = 0.25  # seconds without a change
_LETTER, _TRACK = 8, 240  # pixels: of a letter, at most, and of a slider with its readout
# ipywidgets gives a slider's handle no name, and the number of a place on the slider for its value: a screen reader
# is told what the eye reads beside it. Where no script runs, all else is as it was.
_SPOKEN = """
<script>
(() => {
  const area = document.currentScript?.closest(".jp-OutputArea");
  if (!area) return;
  const set = (node, name, text) => { if (node.getAttribute(name) !== text) node.setAttribute(name, text); };
  const tell = () => area.querySelectorAll(".widget-slider").forEach(slider => {
    const part = name => slider.querySelector(name), handle = part(".noUi-handle");
    if (!handle || !part(".widget-label") || !part(".widget-readout")) return;
    set(handle, "aria-label", part(".widget-label").textContent);
    set(handle, "aria-valuetext", part(".widget-readout").textContent);
  });
  new MutationObserver(tell).observe(area, {
    subtree: true, childList: true, characterData: true, attributeFilter: ["aria-valuetext"],
  });
  tell();
})();
</script>
"""
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
    fitted(controls)
    display_with_fallback(panel(controls), words)
    handle = show_figure(figure, alt, display_id=True)

    def draw() -> tuple[Any, str]:
        return again(**{name: control.value for name, control in controls.items()})[0], alt

    redraw = Redrawing(draw, handle, figure)
    for control in controls.values():
        control.observe(redraw, names="value")


class Redrawing:
    """Draw a picture again: coarsely and at once while a slider moves, in full when it rests.

    Where no event loop runs, and so nothing can be done later, each picture is drawn in full.

    Parameters
    ----------
    draw : draw() -> figure and its alternative text, for what the controls say
    handle : what `show_figure` gave for the first picture
    figure : that picture, as it was shown: coarse ones take its layout, whose search is most of their time
    """

    def __init__(self, draw: Callable[[], tuple[Any, str]], handle: Any, figure: Any) -> None:
        self._draw, self._handle, self._last = draw, handle, figure
        self._moving = MovingPictures()
        self._waiting: asyncio.TimerHandle | None = None
        self._cost = 0.0

    def __call__(self, _change: Any = None) -> None:
        """Draw again, now or when the slider rests."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._full()
            return
        if self._waiting is not None:
            self._waiting.cancel()
        if self._cost <= QUICK:
            begun = time.process_time()
            self._coarse()
            self._cost = time.process_time() - begun
        self._waiting = loop.call_later(_REST, self._full)

    def _full(self) -> None:
        begun = time.process_time()
        self._last, alt = self._draw()
        # Without the PNG: a picture that was slow once, for a run that is kept or a busy machine, may move again.
        self._cost = time.process_time() - begun
        show_figure(self._last, alt, handle=self._handle)

    def _coarse(self) -> None:
        with tidy():
            figure, alt = self._draw()
            _lay_out_like(figure, self._last)
            show_figure(figure, alt, handle=self._handle, drawn=self._moving)
            del figure


def _lay_out_like(figure, model) -> None:
    """Put the parts of a figure where those of another are, where it has the same parts."""
    if len(figure.axes) != len(model.axes) or len(figure.subfigs) != len(model.subfigs):
        return
    figure.set_layout_engine("none")
    for part, other in zip((figure, *figure.subfigs), (model, *model.subfigs), strict=True):
        if part is not figure:
            part.bbox_relative.p0, part.bbox_relative.p1 = other.bbox_relative.p0, other.bbox_relative.p1
        for text, placed in zip(part.texts, other.texts, strict=False):
            text.set_position(placed.get_position())
    for ax, placed in zip(figure.axes, model.axes, strict=True):
        ax.set_position(placed.get_position(original=True))


def fitted(controls: Mapping[str, Any]) -> None:
    """Give the controls of an explorer a common width in which each description stands in full, and let them move."""
    widest = max(len(control.description) for control in controls.values())
    for control in controls.values():
        control.style.description_width = f"{_LETTER * widest + 10}px"
        control.layout.width = f"{_LETTER * widest + 10 + _TRACK}px"
        control.tooltip = control.description
        if control.has_trait("continuous_update"):
            control.continuous_update = True


def display_with_fallback(widget, text: str) -> None:
    """Display a widget; where none can be shown, the text stands in its place."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return
    bundle = widget._repr_mimebundle_()
    display({**bundle, "text/plain": text}, raw=True)
    display({"text/html": _SPOKEN}, raw=True)


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
    return {name: getattr(ipywidgets, kind)(**options) for name, (kind, options) in controls.items()}


def _panel(sliders: dict):
    import ipywidgets

    return ipywidgets.HBox(list(sliders.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
