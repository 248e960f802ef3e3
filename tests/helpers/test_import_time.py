"""Importing the helpers is cheap: what is heavy is imported by the functions that use it."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "sklearn", "scipy", "pooch", "requests", "matplotlib", "tqdm", "IPython", "ipywidgets", "autograder")


def loaded(code):
    """Return which heavy modules a fresh interpreter has loaded after running code."""
    script = f"{code}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["data", "gradients", "training"])
def test_importing_a_module_loads_nothing_heavy(module):
    assert loaded(f"import helpers\nfrom helpers import {module}") == set()


def test_training_without_a_bar_on_synthetic_data_loads_nothing_heavy():
    code = """
import numpy as np
from helpers import data, training
rng = np.random.default_rng(0)
training.train(
    training.MLP([2, 4, 3], rng), data.split(*data.spirals(60)), rng=rng, progress=False,
    step=lambda w, grad, state, *, lr: (w - lr * grad, state), lr=0.1, epochs=1,
)
"""
    assert loaded(code) == set()


def test_digits_load_neither_torch_nor_matplotlib():
    assert loaded("from helpers import data\ndata.digits()") == set()
    assert "scipy" in loaded("import scipy")  # the probe does see what is loaded
