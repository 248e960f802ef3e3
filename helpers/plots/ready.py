"""Pictures drawn with a student's own functions: one that is not ready is named in a sentence, and never a crash.

A plot function takes a `Notes` first and returns its Figure; `picture` turns it into the helper that a notebook calls::

    @picture("A bowl's contours, and the path that gradient descent takes over them.")
    def descent(notes, sgd):
        plt = notes.plt
        fig, ax = plt.subplots()
        ...                                      # what needs no student function is drawn in any case
        with notes.collect():                    # ends early where a function is not ready, and notes why
            w, state = ask_step(sgd, w, grad, {}, lr=0.1)
            ax.plot(...)
        return fig

In a notebook `descent(sgd)` shows the picture once, with its alternative text, and prints the notes above it.
In a test or a widget `descent.draw(sgd)` returns `(figure, notes)` and shows nothing.
"""

import functools
import html
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import numpy as np

from helpers.plots.style import course_style
from helpers.plots.ticks import ticks_found_once
from helpers.stubs import is_unwritten

_LONGEST = 90
# Pixels of the file per pixel on the page: sharp on fine screens too.
_SHARPNESS = 1.4
_UNSEEN = "position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%);white-space:nowrap"


# In JupyterLab's dark theme black lines on white become white ones on the page's own ground, each colour keeping its
# hue (all have more contrast there than on white); pictures whose shades mean something stay cards, a little dimmed.
_THEMES = """\
<style>
[data-jp-theme-light="false"] .jp-OutputArea-child:has(.dh-lines) + .jp-OutputArea-child img {
  filter: invert(.93) hue-rotate(180deg);
}
[data-jp-theme-light="false"] .jp-OutputArea-child:has(.dh-shades) + .jp-OutputArea-child img {
  filter: brightness(.88); border-radius: .25rem;
}
</style>"""


class NotReady(Exception):
    """A student's function is missing, unwritten, or gave what no picture can be drawn with; the message says which."""

    def __init__(self, name: str, problem: str | None = None):
        self.name, self.problem = name, problem
        super().__init__(f"`{name}` {problem}" if problem else f"`{name}` is not written yet")


class Notes:
    """What a picture has to say about the functions it was drawn with."""

    def __init__(self, plt):
        self.plt = plt
        self._unwritten: list[str] = []
        self._others: list[str] = []

    def add(self, sentence: str) -> None:
        """Keep a sentence, once."""
        if sentence not in self._others:
            self._others.append(sentence)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """End the block quietly where a function in it is not ready, and note why."""
        try:
            yield
        except NotReady as error:
            if error.problem is None:
                if error.name not in self._unwritten:
                    self._unwritten.append(error.name)
            else:
                self.add(f"{error}.")

    def __iter__(self) -> Iterator[str]:
        if self._unwritten:
            *others, last = (f"`{name}`" for name in self._unwritten)
            if others:
                yield f"{', '.join(others)} and {last} are not written yet: do that above, then run this cell again."
            else:
                yield f"{last} is not written yet: do that above, then run this cell again."
        yield from self._others


def _brief(text: str) -> str:
    text = " ".join(str(text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe(value: object) -> str:
    """Name a value in a few words, for a sentence.

    >>> describe(None), describe([1, 2]), describe(np.zeros((2, 3)))
    ('None', 'a list', 'an array of shape (2, 3)')
    """
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def name_of(function: object) -> str:
    """Return the name that a sentence uses for a function."""
    return getattr(function, "__name__", None) or describe(function)


def ask(function: Callable, *args, **kwargs):
    """Return `function(*args, **kwargs)`; raise NotReady, which names the function, where that fails.

    Arrays are handed over as copies, so that a function that works in place spoils no picture, and NumPy's
    warnings are kept quiet: it is the check that speaks about them.
    """
    name = name_of(function)
    if not callable(function):
        raise NotReady(name, "is not a function")
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)
    except NotReady:
        raise
    except NotImplementedError as error:
        # A stub names itself ("adam: ..."): it may be called from within the function that was asked.
        stub, colon, _ = str(error).partition(":")
        raise NotReady(stub if colon and stub.isidentifier() else name) from None
    except Exception as error:
        raise NotReady(name, f"stopped with {type(error).__name__}: {_brief(error)}") from error


def ask_array(function: Callable, *args, shape: tuple[int, ...] | None = None, **kwargs) -> np.ndarray:
    """Return what the function gives as a float array; raise NotReady if it is none, or not of this shape."""
    return as_array(function, ask(function, *args, **kwargs), shape)


def as_array(function: Callable, value: object, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a value that the function gave as a float array; raise NotReady if it is none, or not of this shape."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise NotReady(name_of(function), f"gave {describe(value)} where numbers were expected")
    array = array.astype(float)
    if shape is not None and array.shape != tuple(shape):
        raise NotReady(name_of(function), f"gave an array of shape {array.shape} where {tuple(shape)} was expected")
    return array


def ask_step(step: Callable, w: np.ndarray, grad, state: dict, **kwargs) -> tuple[np.ndarray, dict]:
    """Return (w, state) of one optimizer step; raise NotReady if the function gives anything else."""
    result = ask(step, w, grad, state, **kwargs)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise NotReady(name_of(step), f"gave {describe(result)} where the pair (w, state) was expected")
    return as_array(step, result[0], np.shape(w)), result[1]


def ask_many(function: Callable, *args, limit: int = 100_000, **kwargs) -> list:
    """Return as a list what a generator (or a function that returns a list) gives, `limit` items at most."""
    return ask(_listed(function, limit), *args, **kwargs)


def _listed(function: Callable, limit: int) -> Callable:
    @functools.wraps(function, assigned=("__name__",), updated=())
    def listed(*args, **kwargs):
        return list(itertools.islice(iter(function(*args, **kwargs)), limit))

    return listed


def _unwritten(arguments: Iterable, waits: str) -> list:
    """Return the stubs among what a picture is given, where it waits for them."""
    given = [list(argument.values()) if isinstance(argument, Mapping) else [argument] for argument in arguments]
    entries = [entry if isinstance(entry, (tuple, list)) else (entry,) for entry in itertools.chain(*given)]
    entries = [entry for entry in entries if any(map(callable, entry))]
    stubs = [[function for function in entry if is_unwritten(function)] for entry in entries]
    waiting = any(stubs) if waits == "any" else 2 * sum(map(bool, stubs)) > len(stubs)
    return list(itertools.chain(*stubs)) if waiting else []


def _waiting(plt):
    """Return the figure of a picture that waits as a whole: an empty part, which will say so."""
    return plt.subplots(figsize=(6, 1.2))[0]


def picture(alt: str, *, waits: str = "") -> Callable:
    """Turn `draw(notes, ...) -> Figure` into a helper that shows the figure once and returns nothing.

    Parameters
    ----------
    alt : one sentence for those who cannot see the picture
    waits : of a picture that trains for seconds: it is not drawn at all while "any" of the functions that it is given
        is a stub, or "most" of them are (those of a tuple, such as forward and backward, count as one)

    The helper's `draw` attribute gives (figure, list of notes) without showing anything.
    """

    def decorate(draw: Callable) -> Callable:
        def build(*args, **kwargs):
            with course_style() as plt:
                before = set(plt.get_fignums())
                notes = Notes(plt)
                try:
                    # What wild numbers of a student's function overflow here is drawn as a gap, not warned of.
                    with np.errstate(all="ignore"):
                        stubs = _unwritten([*args, *kwargs.values()], waits) if waits else []
                        for stub in stubs:
                            with notes.collect():
                                raise NotReady(name_of(stub))
                        figure = _waiting(plt) if stubs else draw(notes, *args, **kwargs)
                        if not any(ax.has_data() for ax in figure.axes):
                            figure = _waiting(plt)  # not several parts that all wait
                        _mark_empty(figure, notes)
                finally:
                    # Figures that pyplot still holds would be shown a second time at the end of the cell.
                    for number in set(plt.get_fignums()) - before:
                        plt.close(number)
                return figure, list(notes)

        @functools.wraps(draw)
        def show(*args, **kwargs) -> None:
            figure, notes = build(*args, **kwargs)
            for note in notes:
                print(note)
            show_figure(figure, alt)

        show.draw, show.alt = build, alt
        # `?` tells what a notebook passes: not the notes.
        wanted = inspect.signature(draw)
        show.__signature__ = wanted.replace(parameters=list(wanted.parameters.values())[1:])
        return show

    return decorate


def _mark_empty(figure, notes: Notes) -> None:
    """Say so in every part of the figure that stayed empty, in place of axes that mean nothing.

    Where a function is not ready, a part is as good as empty if it has nothing but lines from side to side.
    """
    lacking = any(notes)
    for ax in figure.axes:
        if not ax.has_data() or (lacking and _has_marks_only(ax)):
            for name, sharing in (("x", ax.get_shared_x_axes()), ("y", ax.get_shared_y_axes())):
                if len(sharing.get_siblings(ax)) == 1:
                    ax.set(**{f"{name}scale": "linear"})  # first: it brings ticks back
                    ax.set(**{f"{name}ticks": []})
                else:  # another part's scale and ticks, too
                    ax.tick_params(name, which="both", length=0, labelcolor="none", grid_alpha=0)
            where = {"transform": ax.transAxes, "ha": "center", "va": "center"}
            card = {"facecolor": "white", "edgecolor": "none", "pad": 2}
            ax.text(0.5, 0.5, "waits for your function", color="0.4", bbox=card, **where)


def _has_marks_only(ax) -> bool:
    drawn = [*ax.images, *ax.collections, *ax.patches]
    return not drawn and all(line.get_transform() is not ax.transData for line in ax.lines)


def png(figure) -> bytes:
    """Return the figure as PNG bytes.

    Drawn once: `savefig` draws twice, the first time for the layout, which a canvas finds as it draws.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer, dpi = BytesIO(), figure.dpi
    with course_style():
        figure.set_dpi(_SHARPNESS * dpi)
        canvas = FigureCanvasAgg(figure)
        # Its own one would begin with an empty memory, and take 10⁻² and its like apart in each picture anew.
        canvas.get_renderer().mathtext_parser = _mathtext()
        with ticks_found_once(figure):
            # Half the time of the usual compression, for a tenth more bytes.
            canvas.print_png(buffer, pil_kwargs={"compress_level": 3})
        figure.set_dpi(dpi)
    return buffer.getvalue()


@functools.cache
def _mathtext():
    """The reader of formulas of all pictures, which remembers those that it has read."""
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, 100).mathtext_parser


def _has_shades(figure) -> bool:
    """Tell whether a figure shows an image or colours that stand for numbers; the grey grounds of walks are neither."""
    return any(
        ax.images
        or any(part.get_array() is not None and getattr(part, "colors", None) is None for part in ax.collections)
        for ax in figure.axes
    )


class Shown:
    """A picture on the page, with the words for those who cannot see it; both can be changed in place."""

    def __init__(self, words, image):
        self._words, self._image = words, image

    def update(self, bundle: dict, metadata: dict, words: dict) -> None:
        """Put another picture and its words where they stand."""
        self._words.update(words, raw=True)
        self._image.update(bundle, raw=True, metadata=metadata)


def show_figure(
    figure, alt: str, handle: Shown | None = None, display_id: bool = False, drawn: Callable = png
) -> Shown | None:
    """Display a figure in a notebook with its alternative text; update it in place if `handle` is given.

    `drawn` makes PNG bytes of a figure. Returns what can be updated if `display_id` is true.
    Outside IPython nothing is shown.
    """
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return None
    bundle = {"image/png": drawn(figure), "text/plain": alt}
    metadata = {"image/png": {"width": int(figure.get_figwidth() * 100), "alt": alt}}
    # JupyterLab gives an image no alternative text: a screen reader finds it in front of the image, the eye does not.
    kind = "dh-shades" if _has_shades(figure) else "dh-lines"
    words = {"text/html": f'<p class="{kind}" style="{_UNSEEN}">Picture: {html.escape(alt)}</p>{_THEMES}'}
    if handle is not None:
        handle.update(bundle, metadata, words)
        return handle
    shown = Shown(
        display(words, raw=True, display_id=display_id or None),
        display(bundle, raw=True, metadata=metadata, display_id=display_id or None),
    )
    return shown if display_id else None
