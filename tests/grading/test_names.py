"""Names that a notebook uses and nowhere defines are found by reading it."""

import pytest

from autograder.grading.names import told, undefined

SET_UP = "import numpy as np\nfrom math import sqrt as root\nSEED = 0"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    return nump.sum(x) + SEED", ["nump"]),
        ("def f(x):\n    y = x\n    def g():\n        return y + z\n    return g", ["z"]),
        ("def f(x):\n    return [a + b for a in x]", ["b"]),
        ("def f(x, *rest, k=default, **more):\n    return len(rest), more, root(x)", ["default"]),
        ("class A(Base):\n    n = 1\n    def m(self):\n        return n", ["Base", "n"]),
        ("def f():\n    global made\n    made = 1\ndef g():\n    return made", []),
        ("%matplotlib inline\nfor k in range(3):\n    pass\nk + np.pi + get_ipython() + _", []),
        ("try:\n    pass\nexcept ValueError as error:\n    print(error, eror)", ["eror"]),
        ("f = lambda x: x + (y := 3)\nimport os.path\nos.sep", []),
        ("def broken(:\n", []),
        ("a\0b", []),
    ],
)
def test_they_are_those_that_python_would_not_find(source, names):
    assert undefined([SET_UP, source], source) == names


def test_what_another_cell_defines_is_defined():
    source = "def f(x):\n    return helper(x)"
    assert undefined([source], source) == ["helper"]
    assert undefined([source, "def helper(x):\n    return x"], source) == []
    # A local name of another function is no name of the notebook's.
    assert undefined([source, "def g():\n    helper = 1\n    return helper"], source) == ["helper"]


def test_a_star_may_define_anything():
    source = "sin(x)"
    assert undefined([source, "from math import *"], source) == []


@pytest.mark.parametrize("deep", ["-" * 50_000 + "x", "(" * 5_000, "[" * 90 + "]" * 90, "x" + ".a" * 50_000, "f(" * 80])
def test_what_cannot_be_read_names_nothing(deep):
    source = "def f(x):\n    return helper(x)"
    assert undefined([deep, source], source) == ["helper"]
    assert undefined(["#" * 600_000, source], source) == []


def test_words_name_the_first_three():
    assert told([]) == ""
    assert told(["a"]) == "`a` is not defined"
    assert told(["a", "b", "c", "d"]) == "`a`, `b`, `c` are not defined"
