"""Pictures whose ticks are found once are those that matplotlib draws."""

from contextlib import nullcontext

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg

from helpers.plots import ready, style, ticks


def _lines(plt):
    """Scales, a title, two scales of one part, parts that share theirs, and one that is upside down."""
    figure, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(7, 5), sharex="col")
    a.plot(np.exp(-np.arange(40)), label="$w_1$")
    a.set(yscale="log", ylabel="loss", title="a title")
    a.legend()
    other = a.twinx()
    other.plot(np.arange(40) * 1e5)
    b.plot([1e-9, 2e-9])
    c.set(xlabel="step", ylabel="$\\eta$", xscale="log")
    d.invert_yaxis()
    d.spines["left"].set_position(("data", 0.4))
    return figure


def _shades(plt):
    figure, ax = plt.subplots()
    figure.colorbar(ax.imshow(np.arange(12).reshape(3, 4)), label="a number")
    figure.suptitle("above")
    return figure


def _surface(plt):
    figure = plt.figure()
    figure.add_subplot(projection="3d").plot([0, 1], [0, 2], [0, 3])
    return figure


@pytest.mark.parametrize("draw", [_lines, _shades, _surface])
def test_the_picture_is_the_same_and_its_axes_are_left_as_they_were(draw, monkeypatch):
    # As in a notebook: it is the layout that asks again and again.
    monkeypatch.setitem(style._RC, "figure.constrained_layout.use", True)
    with style.course_style() as plt:
        figure, again = draw(plt), draw(plt)
        plt.close(figure)
        plt.close(again)
    mine = ready.png(figure)
    assert not any(name in vars(ax.xaxis) for ax in figure.axes for name in ticks._ASKED)
    monkeypatch.setattr(ready, "ticks_found_once", lambda figure: nullcontext())
    monkeypatch.setattr(ready, "_mathtext", lambda: RendererAgg(1, 1, 100).mathtext_parser)
    assert ready.png(again) == mine


def test_ticks_are_found_once_for_each_place(monkeypatch):
    monkeypatch.setitem(style._RC, "figure.constrained_layout.use", True)
    with style.course_style() as plt:
        figure, ax = plt.subplots()
        plt.close(figure)
    asked = []
    find = ax.xaxis.get_majorticklocs
    ax.xaxis.get_majorticklocs = lambda: asked.append(1) or find()
    ready.png(figure)
    # Two of the layout's, and the last.
    assert 1 <= len(asked) <= 3
