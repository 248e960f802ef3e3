"""Cells that may run before the checks above them are asked: none that those could tell from its absence."""

import pytest

from autograder.grading.unnoticed import Story

BEFORE = """
import numpy as np
STEPS = 3
def sgd(w, grad, state, *, lr):
    \"\"\"As momentum does, but without.\"\"\"
    return helper(w) - lr * grad.mean(), state
"""
CHECK = 'check("sgd", sgd, points=4)'


def story(*more):
    story = Story()
    for source in (BEFORE, CHECK, *more):
        story.add(source)
    return story


@pytest.mark.parametrize(
    "source",
    [
        "def momentum(w, grad, state, *, lr, momentum=0.9):\n    return w",
        '''def adam(w: np.ndarray, betas: tuple = (0.9, -1), out: "x" = None) -> tuple[np.ndarray, dict]:
    """Adam."""
    while True:
        w = open("file")''',
        "# nothing",
        "",
        '"""Only a text."""',
        "def one(): pass\ndef two(): return one()",
    ],
)
def test_new_functions_are_not_noticed(source):
    assert story().hides(source)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "print(1)",
        "import math",
        "sgd",
        "%matplotlib inline",
        "!ls",
        "def (",
        "class A: pass",
        "for k in range(3):\n    def f(): pass",
        "@np.vectorize\ndef f(x): return x",
        "def f(x=np.zeros(3)): return x",
        "def f(x, *, y=[k for k in range(3)]): return x",
        "def f(x: print(1)): return x",
        "def f(x) -> print(1): return x",
        "def f(*a: print(1)): return a",
        "def f(x=(y := 3)): return x",
        "def f(x=lambda: 1): return x",
        # A builtin's name, and names that the cells before mention.
        "def sum(x): return x",
        "def open(x): return x",
        "def sgd(w, grad, state, *, lr): return w, state",
        "def helper(w): return w",
        "def STEPS(): pass",
        "def np(): pass",
        "def mean(x): return x",
        "def __getattr__(name): return 1",
        "def _(x): return x",
        "(" * 300,
        "def f():\n" + "    pass\n" * 10_000,
    ],
)
def test_all_else_is(source):
    assert not story().hides(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return 'momentum' in globals()",
        "def f(): return eval('momentum')",
        "def f(): return get_ipython().user_ns",
        "import sys\nsys.modules",
        "import __main__",
        "%run x",
        "def f(): return f.__globals__",
    ],
)
def test_after_code_that_can_look_at_all_names_everything_is(source):
    assert story().hides("def momentum(): pass")
    assert not story(source).hides("def momentum(): pass")


def test_a_name_counts_wherever_it_stands_but_in_a_docstring():
    assert story().hides("def momentum(): pass")
    for source in (
        "x.momentum",
        "f(momentum=1)",
        "text = 'a momentum b'",
        "from a import momentum",
        "def f(momentum): pass",
    ):
        assert not story(source).hides("def momentum(): pass"), source
    assert not story("def f():\n    global momentum").hides("def momentum(): pass")


def test_a_function_that_a_check_asks_for_and_that_comes_later_is_noticed():
    assert not story("check('adam', adam, points=4)").hides("def adam(): pass")
