"""A picture that trains for long waits for the functions that it needs, and says which."""

import pytest

from helpers.plots.ready import ask_array, picture
from helpers.stubs import is_unwritten

from .drawn import named, unwritten

DRAWN = []


def _draw(notes, *functions, table=()):
    DRAWN.append(functions)
    figure, ax = notes.plt.subplots()
    ax.plot([0, 1])
    return figure


ANY, MOST = picture("Lines.", waits="any")(_draw), picture("Lines.", waits="most")(_draw)
A, B, C = unwritten("a"), unwritten("b"), named("c", lambda: 3)


@pytest.mark.parametrize(
    ("shown", "functions", "table", "missing"),
    [
        (ANY, (A, C), {}, ["a"]),
        (ANY, (C, None, 3), {"c": C}, []),
        (ANY, (C,), {"a": A, "c": C, "d": None}, ["a"]),
        (MOST, (A, C), {}, []),
        (MOST, (A, B, C), {}, ["a", "b"]),
        (MOST, (), {"pair": (C, A), "b": B, "c": C}, ["a", "b"]),
        (MOST, (), {"pair": (A, B), "c": C}, []),
        (picture("Lines.")(_draw), (A, B), {}, []),
    ],
)
def test_nothing_is_drawn_where_stubs_are_waited_for_and_they_are_named(shown, functions, table, missing):
    DRAWN.clear()
    figure, notes = shown.draw(*functions, table=table)
    assert bool(DRAWN) == (not missing)
    names = " and ".join(f"`{name}`" for name in missing)
    verb = "are" if len(missing) > 1 else "is"
    assert notes == ([f"{names} {verb} not written yet: do that above, then run this cell again."] if missing else [])
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert texts == (["waits for your function"] if missing else [])


@pytest.mark.parametrize(("ready", "parts"), [([], 1), ([1], 3)])
def test_where_every_part_waits_there_is_one_that_says_so(ready, parts):
    def draw(notes):
        figure, axes = notes.plt.subplots(1, 3)
        for number in ready:
            axes[number].plot([0, 1])
        return figure

    figure, _ = picture("Parts.")(draw).draw()
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert len(figure.axes) == parts and texts == ["waits for your function"] * (parts - len(ready))


@pytest.mark.parametrize("function", [A, lambda: None, C])
def test_a_part_with_nothing_but_marks_waits_for_a_function_that_gives_no_numbers(function):
    def draw(notes, function):
        figure, (left, right) = notes.plt.subplots(1, 2, sharey=True)
        left.axvline(1)
        left.axhline(3)
        right.plot([1, 10])
        right.set_yscale("log")
        with notes.collect():
            left.axhline(ask_array(function))
        return figure

    figure, notes = picture("Parts.")(draw).draw(function)
    assert bool(notes) == (function is not C)
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert texts == [["waits for your function"] if notes else [], []]
    assert figure.axes[1].get_yscale() == "log" and len(figure.axes[1].get_yticks()), "of the part that is drawn"


def test_a_function_that_does_more_than_raise_is_no_stub():
    def refuses(x):
        if x < 0:
            raise NotImplementedError("below zero")
        return x

    def calls(x):
        print(x)
        raise NotImplementedError("later")

    assert [is_unwritten(each) for each in (refuses, calls, print, None, A)] == [False, False, False, False, True]
