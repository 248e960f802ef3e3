"""A picture that moves with a slider: few pixels, and an axis that has been drawn before is copied."""

import gc
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np

from helpers.plots.style import course_style

_SHARPNESS = 0.7  # pixels of the file per pixel on the page
_KEPT = 200


class MovingPictures:
    """Draw figures as PNG bytes, for an eye that follows a slider.

    Ticks, their labels and the grid are most of what a figure costs, and what seldom changes while a slider moves:
    each axis is drawn by itself, once, and pasted into every later picture that has the same one in the same place.
    """

    def __init__(self) -> None:
        self._drawn: dict[Hashable, tuple] = {}
        self._renderer: Any = None  # one for all pictures: it keeps the formulas that it has set

    def __call__(self, figure) -> bytes:
        """Return the figure as PNG bytes."""
        figure.set_dpi(_SHARPNESS * figure.dpi)
        axes = list(_axes_of(figure))
        with course_style():
            for axis in axes:
                axis.set_visible(False)
            whole = self._image(figure, figure)
            for axis in axes:
                axis.set_visible(True)
                look = (whole.size, *_look(axis))
                if look not in self._drawn:
                    if len(self._drawn) >= _KEPT:
                        self._drawn.clear()
                    alone = self._image(axis, figure)
                    box = alone.getbbox() or (0, 0, 1, 1)
                    self._drawn[look] = alone.crop(box), box[:2]
                whole.alpha_composite(*self._drawn[look])
        buffer = BytesIO()
        whole.save(buffer, "png", compress_level=1)
        return buffer.getvalue()

    def _image(self, part, figure):
        """Return an image as large as the figure, with nothing on it but this part."""
        from matplotlib.backends.backend_agg import RendererAgg
        from PIL import Image

        width, height = (int(side) for side in figure.bbox.size)
        if self._renderer is None or (self._renderer.width, self._renderer.height) != (width, height):
            self._renderer = RendererAgg(width, height, figure.dpi)
        self._renderer.clear()
        part.draw(self._renderer)
        return Image.fromarray(np.array(self._renderer.buffer_rgba()))


def _axes_of(figure) -> Iterator:
    """Give each axis that would be drawn."""
    for ax in figure.axes:
        if ax.get_visible() and ax.axison:
            yield from (axis for axis in (ax.xaxis, ax.yaxis) if axis.get_visible())


def _look(axis) -> Iterator[Hashable]:
    """Give all that the looks of an axis follow from."""
    yield axis.axis_name
    yield axis.axes.bbox.bounds
    yield axis.get_scale()
    yield tuple(axis.get_view_interval())
    for which in ("major", "minor"):
        places = getattr(axis, f"get_{which}ticklocs")()
        yield tuple(places)
        yield tuple(getattr(axis, f"get_{which}_formatter")().format_ticks(places))
        yield repr(axis.get_tick_params(which))
    yield axis.label.get_text()
    yield axis.label.get_color()


@contextmanager
def tidy() -> Iterator[None]:
    """Collect no garbage inside the block, and that of the block as it ends.

    A collection that comes while a figure is made finds nothing, and the figure grows old: it would be freed by the
    slow collections only that search all that Python holds.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if was_on:
            gc.enable()
