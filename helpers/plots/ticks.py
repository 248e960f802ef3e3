"""Pictures in less time: matplotlib finds the ticks of an axis some ten times as it draws a figure once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What an axis asks itself, of matplotlib's own: under other names in another version, it is slower and no more.
_ASKED = ("_update_ticks", "_get_ticklabel_bboxes")


@contextmanager
def ticks_found_once(figure) -> Iterator[None]:
    """Draw in the block as ever, the ticks and the boxes of their labels found once for each place of an axis.

    What they hang on must not change otherwise meanwhile: data, fonts and ticks set by hand.
    """
    axes = [axis for ax in figure.axes if ax.name == "rectilinear" for axis in (ax.xaxis, ax.yaxis)]
    own = [(axis, name, getattr(axis, name)) for axis in axes for name in _ASKED if hasattr(axis, name)]
    for axis, name, asked in own:
        setattr(axis, name, _kept(axis, asked))
    try:
        yield
    finally:
        for axis, name, _ in own:
            delattr(axis, name)


def _kept(axis, asked: Callable) -> Callable:
    """Return a method that answers as before while the axes lie where they lay and show what they showed."""
    place = answer = None

    def kept(*arguments):
        nonlocal place, answer
        now = (*axis.axes.bbox.bounds, *axis.axes.viewLim.bounds)
        if now != place:
            place, answer = now, asked(*arguments)
        return answer

    return kept
