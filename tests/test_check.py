"""`check`, as students and instructors call it."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from types import SimpleNamespace

import IPython
import numpy as np
import pytest

from autograder import check, checking, exercises

from .exercises.versions import without_pairs


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def raising(error):
    def function(*args, **kwargs):
        raise error

    return function


class Speechless(BaseException):
    def __str__(self):
        raise RuntimeError("not even that")


def recurse(*args, **kwargs):
    return recurse() + 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sdg", "no exercise is called 'sdg'; did you mean 'sgd'"),
        ("momentun", "did you mean 'momentum'"),
        ("", "there are "),
        ("../sgd", "no exercise is called '../sgd'"),
        ("_schedules", "no exercise is called '_schedules'"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(name, told):
    with pytest.raises(ValueError, match=r"^check: ") as error:
        check(name, sgd)
    assert told in str(error.value)


def test_a_function_in_the_place_of_the_name_is_refused():
    with pytest.raises(TypeError, match="name must be a str, got function"):
        check(sgd, "sgd")


@pytest.mark.parametrize("functions", [(), (sgd, sgd)])
def test_another_number_of_functions_is_refused(functions):
    with pytest.raises(TypeError, match=rf"check\('sgd'\) takes sgd: 1 function, got {len(functions)}"):
        check("sgd", *functions)


def test_a_layers_check_takes_two():
    with pytest.raises(TypeError, match="takes batchnorm_forward, batchnorm_backward: 2 functions, got 1"):
        check("batchnorm_backward", sgd)


@pytest.mark.parametrize("value", [None, 3, "sgd", np.zeros(3)])
def test_what_is_no_function_is_refused(value):
    with pytest.raises(TypeError, match=f"sgd must be a function, got {type(value).__name__}"):
        check("sgd", value)


@pytest.mark.parametrize("points", [0, -1, 0.0, math.nan, math.inf, -math.inf, 10**400])
def test_points_that_are_none_are_refused(points):
    with pytest.raises(ValueError, match="points must be positive and finite"):
        check("sgd", sgd, points=points)


@pytest.mark.parametrize("points", [True, "4", None, 1j, [4]])
def test_points_that_are_no_number_are_refused(points):
    with pytest.raises(TypeError, match="points must be a number"):
        check("sgd", sgd, points=points)


@pytest.mark.parametrize("points", [4, 2.5, 1e-3, np.float64(3)])
def test_a_right_function_earns_its_points(points):
    verdict = check("sgd", sgd, points=points)
    assert float(verdict) == points and verdict.mistakes == [] and verdict.passed
    assert type(float(verdict)) is float


@pytest.mark.parametrize("points", [4, 2.5, 0.01, 1e-3])
@pytest.mark.parametrize(
    "function", [sgd, raising(ValueError()), lambda w, grad, state, *, lr: (w + lr * grad, state), lambda *a, **k: None]
)
def test_the_plain_text_is_a_number_of_points(function, points):
    verdict = check("sgd", function, points=points)
    assert repr(verdict) == repr(float(repr(verdict))) and 0 <= float(repr(verdict)) <= points
    assert verdict.passed == (float(verdict) == points)


def test_a_mistake_is_named():
    assert check("sgd", lambda w, grad, state, *, lr: (w + lr * grad, state)).mistakes == ["adds_gradient"]


@pytest.mark.parametrize(
    "function",
    [
        raising(ValueError("<b>bold</b>")),
        raising(SystemExit(1)),
        raising(GeneratorExit()),
        raising(Speechless()),
        raising(MemoryError()),
        raising(NotImplementedError("sgd: write this function")),
        raising(ExceptionGroup("several", [ValueError(1)])),
        raising(StopIteration()),
        raising(AssertionError()),
        raising(UnicodeDecodeError("utf-8", b"x", 0, 1, "why")),
        recurse,
        sys.exit,
        print,
        dict,
        int,
        lambda: 1,
        lambda *args, **kwargs: kwargs.clear() or args[2].clear(),
        type("Callable", (), {"__call__": raising(KeyError(1))})(),
    ],
)
def test_whatever_a_function_raises_is_judged_quietly(function, capfd):
    verdict = check("sgd", function, points=3)
    assert float(verdict) == 0 and not verdict.passed
    assert "sgd" in verdict.to_text() and "sgd" in verdict.to_html()
    assert capfd.readouterr() == ("", "")


def test_a_right_function_is_judged_quietly_whatever_it_prints(capfd):
    def prints(w, grad, state, *, lr):
        print("noise")
        print("noise", file=sys.stderr)
        np.log(np.zeros(1))
        return sgd(w, grad, state, lr=lr)

    assert check("sgd", prints, points=3).points == 3
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_by_the_student_passes():
    with pytest.raises(KeyboardInterrupt):
        check("sgd", raising(KeyboardInterrupt()))


class Lying:
    """An object that says it is what it is not."""

    @property
    def __class__(self):
        return np.ndarray

    def __array__(self, *args, **kwargs):
        raise SystemError("no")


class Pair(tuple):
    __slots__ = ()

    def __iter__(self):
        raise SystemError("no")


ODD = [
    None,
    True,
    3,
    2.5,
    math.nan,
    "text",
    b"bytes",
    2**70,
    1j,
    object(),
    print,
    Lying(),
    Lying,
    [],
    (),
    {},
    {1},
    [[1, 2], [3]],
    [None],
    (None, None),
    Pair((1, 2)),
    ([], {}),
    np.zeros(0),
    np.zeros((2, 0)),
    np.array(None),
    np.array(["a"]),
    np.zeros(3, complex),
    np.ones(2, bool),
    np.ma.masked,
    np.datetime64("2020"),
    np.full((2, 2), np.nan),
    np.zeros((1,) * 12),
    [np.zeros(2), np.zeros(3)],
    [[np.nan]],
    [3.5],
    [[-1]],
    [[2**63]],
    iter([]),
    range(3),
    {"w": np.zeros(2)},
    (np.zeros(2), {"v": object()}),
    (np.zeros(2), np.zeros(2), np.zeros(2)),
    [np.arange(3)],
    "saddle",
]


# One exercise in five: for all of them, tests/exercises/test_all.py sees that no answer makes the judge fall.
@pytest.mark.parametrize(("turn", "name"), list(enumerate(exercises.ids()[::5])))
def test_no_odd_answer_makes_a_check_raise_or_pass(turn, name):
    """A sixth of them for each exercise, in turns."""
    count = len(exercises.load(name).names)
    for odd in ODD[turn % 6 :: 6]:

        def answers(*args, _odd=odd, **kwargs):
            return _odd

        with without_pairs():
            verdict = check(name, *[answers] * count, points=2)
        assert not verdict.passed and 0 <= float(verdict) < 2, odd
        assert verdict.to_text() and verdict.to_html()


VOID = {"br", "hr", "img", "input", "meta", "link"}


class Balanced(HTMLParser):
    """Whether every tag is closed in order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


def parsed(fragment):
    parser = Balanced()
    parser.feed(fragment)
    parser.close()
    assert parser.open == []
    return parser


MARKUP = "<b>bold</b><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;<!-- <style>"


class Markup:
    pass


Markup.__name__ = MARKUP


@pytest.mark.parametrize(
    "function",
    [
        raising(ValueError(MARKUP)),
        raising(type(MARKUP, (Exception,), {})()),
        lambda *args, **kwargs: MARKUP,
        lambda *args, **kwargs: (MARKUP, {}),
        lambda *args, **kwargs: (Markup(), {}),
        lambda w, grad, state, *, lr: (w + lr * grad, state),
        raising(NotImplementedError()),
        sgd,
    ],
)
def test_the_report_is_whole_html_and_the_students_words_are_text(function):
    verdict = check("sgd", function, points=3)
    for fragment in (verdict._repr_html_(), verdict.to_html()):
        page = parsed(fragment)
        assert not {"script", "b", "img"} & set(page.tags) - {"b"} and page.tags.count("b") == 1
        assert not any(name.startswith("on") for name in page.attributes)
        assert "<script" not in fragment.lower() and "<!--" not in fragment


def test_the_students_words_are_shown_as_they_are():
    verdict = check("sgd", raising(ValueError("a <b> & 'c'")))
    assert "a <b> & 'c'" in "".join(parsed(verdict.to_html()).text)
    assert "a <b> & 'c'" in verdict.to_text()


def test_each_property_has_words_beside_its_mark():
    def half(w, grad, state, *, lr):
        w -= lr * grad
        return w, state

    verdict = check("sgd", half)
    text = "".join(parsed(verdict.to_html()).text)
    for case in verdict.cases:
        says = "holds: " if case.passed else "not judged yet: " if case.open else "fails: "
        assert says + case.title in text
    assert 'role="group" aria-label="check sgd"' in verdict.to_html()
    assert verdict.to_html().count('aria-hidden="true"') == len(verdict.cases) + 1


def test_the_text_tells_points_properties_call_and_mistake():
    text = check("sgd", lambda w, grad, state, *, lr: (w + lr * grad, state), points=4).to_text()
    lines, section = text.splitlines(), exercises.load("sgd").mistakes[0].section
    assert lines[0] == "sgd: 0 / 4 points"
    assert lines[1].startswith("  → The gradient points uphill") and lines[1].endswith(f"(see {section})")
    assert lines[2] == "  ✗ one step"
    assert lines[3].split() == ["called", "sgd(w,", "grad,", "state,", "lr=0.1)"]
    assert lines[4].strip().startswith("with") and lines[5].strip().startswith("result")
    assert str(check("sgd", sgd)).count("✓") == len(exercises.load("sgd").all_cases())


def test_a_stub_is_not_written_yet_in_every_form():
    verdict = check("sgd", raising(NotImplementedError("sgd: write this function")), points=4)
    assert verdict.to_text() == "sgd: 0 / 4 points\n  … sgd: not written yet"
    assert "not written yet" in verdict.to_html() and "✗" in verdict.to_html()


def test_a_stub_is_told_without_pytorch_and_without_drawing_anything():
    """As a student meets it first; of one that does more before it raises, the judge finds it out."""
    code = """
import sys
from autograder import check

def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    raise NotImplementedError("adam: write this function")

verdict = check("adam", adam, points=8)
assert verdict.note == "adam: not written yet" and verdict.points == 0 and verdict.max_points == 8
assert len(verdict.cases) > 10 and not any(case.passed for case in verdict.cases)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("source", ["def sgd(w):\nreturn w", "def sgd(w, grad state):\n    return w"])
def test_a_stub_that_stayed_since_its_cell_is_no_python_is_told(monkeypatch, source):
    stub, other = "def sgd(w):\n    raise NotImplementedError", "def sgd_of_mine(w):\nreturn w"
    shell = SimpleNamespace(user_ns={"_ih": ["", stub]})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    unwritten = raising(NotImplementedError("sgd: write this function"))
    assert check("sgd", unwritten).note == "sgd: not written yet"
    shell.user_ns["_ih"] += [other, source, "print(sgd)"]
    assert "its cell ended with" in check("sgd", unwritten).to_html()
    for sound in (stub, f"await later()\n{stub}", f"'\\d'\n{stub}"):
        shell.user_ns["_ih"] += [source, sound]
        assert check("sgd", unwritten).note == "sgd: not written yet"


def test_the_names_of_all_exercises_are_known():
    assert exercises.ids() == sorted(exercises.ids()) and {"sgd", "momentum"} <= set(exercises.ids())


# --- to look for oneself -------------------------------------------------------------------------


def test_the_arguments_of_the_first_call_that_went_wrong_can_be_used_again():
    def damped(w, grad, state, *, lr, momentum=0.9):
        v = momentum * state.get("v", 0.0) + (1 - momentum) * grad
        return w - lr * v, {"v": v}

    args, kwargs = check("momentum", damped).example()
    w, grad, state = args
    assert w.shape == grad.shape == (3,) and state == {} and set(kwargs) == {"lr", "momentum"}
    np.testing.assert_allclose(damped(*args, **kwargs)[0], w - kwargs["lr"] * (1 - kwargs["momentum"]) * grad)


def test_the_call_of_a_later_step_is_given_with_the_students_own_state():
    def late(w, grad, state, *, lr, momentum=0.9):
        t = state.get("t", 0) + 1
        v = momentum * state.get("v", 0.0) + grad * (1 + (t == 3))
        return w - lr * v, {"v": v, "t": t}

    args, _ = check("momentum", late).example("60 steps with varying gradients")
    assert args[2]["t"] == 2


def test_an_example_of_a_backward_has_the_students_own_cache():
    def forward(x, W, b):
        return x @ W + b, {"mine": (x, W)}

    def backward(dout, cache):
        x, W = cache["mine"]
        return dout @ W.T, x.T @ dout, dout.mean(axis=0)

    (dout, cache), kwargs = check("linear_backward", forward, backward).example()
    assert set(cache) == {"mine"} and dout.shape[0] == cache["mine"][0].shape[0] and kwargs == {}


def test_a_callback_and_a_generator_can_be_called_in_an_example():
    args, _ = check("numerical_gradient", lambda f, x, h=1e-5: x * 0.0).example()
    assert np.isfinite(args[0](args[1]))
    args, _ = check("dropout_forward", lambda x, p, rng, *, train: (x, None)).example()
    assert args[2].random() < 1


def test_an_example_is_refused_where_there_is_none():
    with pytest.raises(LookupError, match="every property holds"):
        check("sgd", sgd).example()
    with pytest.raises(LookupError, match="no property is called 'nonsense'; there are 'one step'"):
        check("sgd", sgd).example("nonsense")


def test_what_was_printed_is_shown_once_and_nothing_of_it_reaches_the_cell(capsys):
    def talks(w, grad, state, *, lr):
        print("here I am", lr)
        return w + lr * grad, state

    text = check("sgd", talks).to_text()
    assert text.count("here I am") == 1 and "printed  here I am 0.1" in text
    assert capsys.readouterr() == ("", "")
    talks_much = check("sgd", lambda w, grad, state, *, lr: print("x" * 10_000) or (w, state))
    assert len(talks_much.to_text()) < 8_000


# --- loading, and calls that do not end ----------------------------------------------------------

INTERRUPTED = """
import os, signal, threading, time
from autograder import check
def sgd(w, grad, state, *, lr):
    return w - lr * grad, state
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    check("sgd", sgd)
except KeyboardInterrupt:
    print("interrupted", float(check("sgd", sgd, points=3)))
"""


def test_an_interrupt_while_pytorch_is_loaded_leaves_it_usable():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120)
    assert done.stdout == "interrupted 3.0\n", done.stderr


def test_a_call_that_never_ends_can_be_interrupted():
    def endless(w, grad, state, *, lr):
        while True:
            time.sleep(0.01)

    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        check("sgd", endless)
    assert check("sgd", sgd).passed


def test_a_notebooks_check_says_which_call_takes_so_long(monkeypatch, capsys):
    monkeypatch.setattr(checking, "_shell", lambda: object())
    monkeypatch.setattr(checking, "_error_of_the_cell", lambda names: "")
    monkeypatch.setattr(checking, "_LONG_SECONDS", 0.2)
    slept = []

    def slow(w, grad, state, *, lr):
        # Once, long enough for a busy machine to tell of it.
        while not slept:
            time.sleep(0.3)
            slept.append("running for" in capsys.readouterr().out)
            slept[:] = [True] if any(slept) else []
        return w - lr * grad, state

    assert check("sgd", slow).passed and slept == [True]
