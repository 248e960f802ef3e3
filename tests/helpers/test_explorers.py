"""What holds for the controls of every explorer, and how a picture moves with them."""

import asyncio
import gc
import inspect
from importlib import import_module
from io import BytesIO

import ipywidgets
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from PIL import Image

from helpers import widgets
from helpers.plots.style import course_style
from helpers.widgets import explorer
from helpers.widgets.moving import MovingPictures

from .drawn import named, unwritten


@pytest.fixture
def undrawn(monkeypatch):
    """Let the explorers show their controls, and no picture; give what they show."""
    shown = []

    def show(widget, _words):
        shown.extend(_controls_in(widget))

    for name in set(widgets._TABLE.values()):
        module = import_module(f"helpers.widgets.{name}")
        for part in [module, *filter(inspect.ismodule, vars(module).values())]:
            for value in vars(part).values():
                if hasattr(value, "draw") and hasattr(value, "alt"):
                    monkeypatch.setattr(value, "draw", lambda *args, **kwargs: (None, []))
        for told in ("show_figure", "display_with_fallback"):
            if hasattr(module, told):
                monkeypatch.setattr(module, told, show if told.startswith("display") else lambda *args, **kwargs: None)
    monkeypatch.setattr(explorer, "show_figure", lambda *args, **kwargs: None)
    monkeypatch.setattr(explorer, "display_with_fallback", show)
    return shown


def _controls_in(widget):
    return (
        [each for child in widget.children for each in _controls_in(child)] if hasattr(widget, "children") else [widget]
    )


def _arguments(show):
    for name, parameter in inspect.signature(show).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            continue
        if "Mapping" not in str(parameter.annotation):
            yield unwritten(name)
        elif name == "transforms":
            yield {each: unwritten(each) for each in import_module("helpers.widgets.augmentation").DIALS}
        else:
            yield {each: named(each, unwritten(each)) for each in ("small_normal", "adam", "sgd")}


@pytest.mark.parametrize("name", dir(widgets))
def test_every_control_says_in_full_what_it_turns_reads_out_values_and_moves(name, undrawn):
    show = getattr(widgets, name)
    show(*_arguments(show))
    assert undrawn
    for control in undrawn:
        if control.layout.display == "none" and not control.description:
            continue  # of a transform without a strength, which stays hidden
        assert control.description and control.tooltip == control.description
        # A letter of the page's 13 pixels is at most 8 wide.
        assert float(control.style.description_width.removesuffix("px")) >= 8 * len(control.description)
        assert float(control.layout.width.removesuffix("px")) >= 8 * len(control.description) + 200
        if "Slider" not in type(control).__name__:
            continue
        assert control.readout and control.continuous_update
        if isinstance(control, (ipywidgets.FloatSlider, ipywidgets.FloatLogSlider)):
            log = isinstance(control, ipywidgets.FloatLogSlider)
            ends = [control.base**at if log else at for at in (control.min, control.min + control.step)]
            assert len({format(end, control.readout_format) for end in ends}) == 2, "two places with one readout"


def _figure():
    with course_style() as plt:
        figure, ax = plt.subplots()
        ax.set_ylabel("a\nlabel\nof\nlines")
        plt.close(figure)
    return figure


def test_a_picture_moves_coarsely_and_is_drawn_in_full_once_the_slider_rests(monkeypatch):
    monkeypatch.setattr(explorer, "_REST", 0.02)
    shown = []
    monkeypatch.setattr(
        explorer, "show_figure", lambda figure, alt, handle, drawn=None: shown.append((figure, drawn is not None))
    )
    first = _figure()
    first.draw_without_rendering()

    async def drag(redraw):
        for _ in range(3):
            redraw()
        await asyncio.sleep(0.3)

    asyncio.run(drag(explorer.Redrawing(lambda: (_figure(), "alt"), "handle", first)))
    assert [coarse for _, coarse in shown] == [True, True, True, False]
    assert shown[0][0].axes[0].get_position().x0 == pytest.approx(first.axes[0].get_position().x0)


def test_a_picture_that_takes_long_waits_until_the_slider_rests(monkeypatch):
    monkeypatch.setattr(explorer, "_REST", 0.02)
    monkeypatch.setattr(explorer, "QUICK", -1.0)
    shown = []
    monkeypatch.setattr(
        explorer, "show_figure", lambda figure, alt, handle, drawn=None: shown.append(drawn is not None)
    )

    async def drag(redraw):
        for _ in range(3):
            redraw()
        await asyncio.sleep(0.3)

    asyncio.run(drag(explorer.Redrawing(lambda: (_figure(), "alt"), "handle", _figure())))
    assert shown == [False]


def _plot(height, top=2.0):
    with course_style() as plt:
        figure, ax = plt.subplots(figsize=(4, 3), dpi=100)
        ax.tick_params(labelsize="medium")
        ax.plot([0, 1], [0, height], color="C1", linestyle="-", linewidth=4)
        ax.set(xlim=(0, 1), ylim=(0, top), xlabel="$w_1$", ylabel="a\nlabel")
        plt.close(figure)
    figure.set_layout_engine("none")
    ax.set_position((0.2, 0.2, 0.75, 0.75))
    return figure


def _pixels(data):
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"), dtype=float)


def test_an_axis_is_drawn_again_where_it_has_changed_and_a_moving_picture_is_like_a_full_one(monkeypatch):
    drawn, draw = [], Axis.draw

    def note(axis, renderer):
        if axis.get_visible():
            drawn.append(axis.axis_name)
        draw(axis, renderer)

    moving = MovingPictures()
    for height, top, changed in ((1.0, 2.0, ["x", "y"]), (1.5, 2.0, []), (1.5, 4.0, ["y"]), (0.5, 2.0, [])):
        figure, whole = _plot(height, top), BytesIO()
        with course_style():
            figure.savefig(whole, dpi=70)
        with monkeypatch.context() as patched:
            patched.setattr(Axis, "draw", note)
            picture = moving(figure)
        assert drawn == changed
        drawn.clear()
        distance = np.abs(_pixels(picture) - _pixels(whole.getvalue()))
        assert distance.mean() < 0.5
        assert distance.max() < 100, "a tick, a letter or a line is missing"


def test_no_figure_outlives_its_turn(monkeypatch):
    monkeypatch.setattr(explorer, "_REST", 60.0)
    monkeypatch.setattr(explorer, "show_figure", lambda figure, alt, handle, drawn=None: None)

    def figures():
        # By type: asked for its class, an object of PyTorch's warns that it is deprecated.
        return sum(issubclass(type(each), Figure) for each in gc.get_objects())

    async def drag(redraw):
        before = figures()
        for _ in range(10):
            redraw()
        return figures() - before

    assert asyncio.run(drag(explorer.Redrawing(lambda: (_figure(), "alt"), "handle", _figure()))) <= 0
