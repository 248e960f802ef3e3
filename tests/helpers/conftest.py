"""What the tests of the pictures draw with."""

import pytest

from helpers.plots import style


@pytest.fixture(autouse=True)
def _without_layout(monkeypatch):
    """Where matplotlib puts the parts of a figure takes as long as all else; the runs of the notebooks do it."""
    monkeypatch.setitem(style._RC, "figure.constrained_layout.use", False)
