"""What the tests of the pictures draw with."""

import pytest

from helpers.plots import style


@pytest.fixture(autouse=True)
def _drawn_quickly(monkeypatch):
    """Where matplotlib puts the parts of a figure takes as long as all else; the runs of the notebooks do it.

    There all ticks are drawn, too, and all pixels: here an axis has the few ticks that large labels leave it.
    """
    quick = {"constrained_layout.use": False, "dpi": 30}
    for name, value in quick.items():
        monkeypatch.setitem(style._RC, f"figure.{name}", value)
    for axis in "xy":
        monkeypatch.setitem(style._RC, f"{axis}tick.labelsize", 20)
