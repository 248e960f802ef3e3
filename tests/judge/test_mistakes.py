"""Mistakes as edits: fragments are found by structure, applied alone and in pairs, refused where they do not fit."""

import numpy as np
import pytest

from autograder import exercises
from autograder.judge import Mistake, Slip, alternative, mistake, remembering, slips
from autograder.judge.mistakes import EditError, Solution, bank


def right(x, scale, *, eps=1e-5, axis=0):
    """A function to edit."""
    mean = x.mean(axis=0)
    centred = x - mean
    if eps > 1:
        centred = centred * 2
    var = (centred**2).mean(axis=0)
    return scale * centred / np.sqrt(var + eps)


def helper(x, dout):
    return x + dout


def edited(edits):
    (function, *_) = Solution((right,)).bound(Slip("a_slip", edits, "A sentence.")).functions
    return function


X = np.random.default_rng(0).standard_normal((6, 3))
CENTRED = X - X.mean(0)
STD = np.sqrt((CENTRED**2).mean(0) + 1e-5)

EDITS = {
    "an expression": ({"np.sqrt(var + eps)": "(var + eps)"}, lambda: CENTRED / STD**2),
    "spacing and brackets do not matter": ({"(  np.sqrt( ((var))+eps ) )": "1"}, lambda: CENTRED),
    "a statement": ({"centred = x - mean": "centred = x"}, lambda: X / np.sqrt((X**2).mean(0) + 1e-5)),
    "two statements": ({"mean = x.mean(axis=0); centred = x - mean": "centred = 1 * x"}, lambda: X / RMS),
    "into two statements": ({"centred = x - mean": "centred = x - mean; centred = -centred"}, lambda: -CENTRED / STD),
    "a statement deleted": ({"mean = x.mean(axis=0)": "mean = 0.0"}, lambda: X / RMS),
    "a statement deleted in a block": ({"centred = centred * 2": ""}, lambda: CENTRED / STD),
    "a default": ({"eps=1e-5": "eps=1e-2"}, lambda: CENTRED / np.sqrt((CENTRED**2).mean(0) + 1e-2)),
    "a keyword of a call": ({"(centred**2).mean(axis=0)": "(centred**2).sum(axis=0)"}, lambda: CENTRED / SUM),
    "inserted at the beginning": ({"": "scale = 3.0"}, lambda: 3 * CENTRED / STD),
    "two edits": ({"x - mean": "x + mean", "scale * centred": "centred"}, lambda: (X + X.mean(0)) / PLUS),
    "the whole return": ({"return scale * centred / np.sqrt(var + eps)": "return x"}, lambda: X),
}
RMS = np.sqrt((X**2).mean(0) + 1e-5)
SUM = np.sqrt((CENTRED**2).sum(0) + 1e-5)
PLUS = np.sqrt(((X + X.mean(0)) ** 2).mean(0) + 1e-5)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_what_it_names_and_nothing_else(name):
    edits, expected = EDITS[name]
    np.testing.assert_allclose(edited(edits)(X, 1.0), expected(), rtol=1e-12)
    np.testing.assert_allclose(right(X, 1.0), CENTRED / STD, rtol=1e-12)


def test_a_default_can_be_taken_away():
    function = edited({"eps=1e-5": ""})
    with pytest.raises(TypeError, match="eps"):
        function(X, 1.0)
    np.testing.assert_allclose(function(X, 1.0, eps=1e-5), CENTRED / STD)


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"x.std(axis=0)": "1"}, "occurs 0 times"),
        ({"centred": "x"}, r"occurs \d times .*take a larger fragment"),
        ({"np.sqrt(var + eps": "1"}, "is no Python"),
        ({"x - mean": "y = 1"}, "part of a line"),
        ({"x - mean": ""}, "part of a line"),
        ({"eps=1e-5": "eps"}, "a default of the signature"),
        ({"x - mean": "x", "centred = x - mean": "centred = 1"}, "meet in one place"),
    ],
)
def test_an_edit_that_does_not_fit_says_what_to_do(edits, says):
    with pytest.raises(EditError, match=says):
        edited(edits)


def test_a_fragment_is_looked_for_in_all_right_functions():
    solution = Solution((right, helper))
    first, second = solution.bound(Slip("other", {"x + dout": "x - dout"}, "-")).functions
    assert first is right and second(3, 1) == 2
    with pytest.raises(EditError, match="occurs 2 times"):
        Solution((right, right)).bound(Slip("twice", {"x - mean": "x"}, "-"))


def test_two_slips_compose_unless_one_leaves_nothing_of_the_others_place():
    solution = Solution((right,))
    centring, root, formula, halved = (
        solution.bound(Slip(name, edits, "-"))
        for name, edits in (
            ("centring", {"x - mean": "x"}),
            ("root", {"np.sqrt(var + eps)": "(var + eps)"}),
            ("formula", {"scale * centred / np.sqrt(var + eps)": "x"}),
            ("halved", {"scale * centred / np.sqrt(var + eps)": "scale * centred / np.sqrt(var + eps) / 2"}),
        )
    )
    (both,) = centring.with_too(root)
    np.testing.assert_allclose(both(X, 1.0), X / RMS**2)
    assert root.with_too(formula) is None and formula.with_too(root) is None
    # One place lies in the other.
    for functions in (root.with_too(halved), halved.with_too(root)):
        np.testing.assert_allclose(functions[0](X, 1.0), CENTRED / STD**2 / 2)


def test_a_block_of_text_says_names_edits_variants_degrees_and_sections():
    found = slips("""
    one (detail): a -> b
        A sentence
        on two lines.

    two:
        a -> b
        c -> d
        or e -> f
        Another sentence.
        see: Elsewhere
    gone: a ->
        A statement less.
    """)
    assert found == [
        Slip("one", {"a": "b"}, "A sentence on two lines.", "", "detail"),
        Slip("two", {"a": "b", "c": "d"}, "Another sentence.", "Elsewhere"),
        Slip("two", {"e": "f"}, "Another sentence.", "Elsewhere"),
        Slip("gone", {"a": ""}, "A statement less."),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a -> b", "no sentence"),
        ("name:\n    Only a sentence.", "no edit"),
        ("    a -> b\nname: c -> d\n    Words.", "stands under no name"),
        ("two words: a -> b\n    Words.", "is no `name: fragment"),
        ("name (grave): a -> b\n    Words.", r"not \(grave\)"),
    ],
)
def test_a_block_that_makes_no_sense_is_refused(text, says):
    with pytest.raises(EditError, match=says):
        slips(text)


def namespace(**names):
    return {"__name__": __name__, "right": right, **names}


def test_what_is_registered_where_it_stands_is_in_the_bank():
    @mistake("A sentence.", degree="core")
    def wrong_function(x, scale, *, eps=1e-5, axis=0):
        return x

    @remembering("It remembers.", name="another_name")
    def made():
        seen = []
        return lambda x, scale: seen.append(1) or len(seen)

    @alternative
    def other_words(x, scale, *, eps=1e-5, axis=0):
        return right(x, scale)

    found = bank(
        namespace(a=wrong_function, b=made, c=other_words, MISTAKES=slips("edit: x - mean -> x\n    Words.")),
        names=("f",),
        section="Here",
    )
    assert [m.name for m in found.mistakes] == ["edit", "wrong_function", "another_name"]
    assert {m.section for m in found.mistakes} == {"Here"} and found.mistakes[1].degree == "core"
    assert found.alternatives == ((other_words,),)
    # Anew for each judging.
    (first,), (second,) = found.mistakes[2].functions, found.mistakes[2].functions
    assert first(0, 0) == 1 and first(0, 0) == 2 and second(0, 0) == 1


def test_a_function_that_another_file_registered_is_not_this_files():
    @mistake("A sentence.")
    def wrong_function(x, scale, *, eps=1e-5, axis=0):
        return x

    wrong_function.__module__ = "another.file"
    assert bank(namespace(a=wrong_function), names=("f",)).mistakes == ()


def test_a_function_stands_for_the_right_one_with_its_arguments():
    @mistake("A sentence.")
    def wrong_helper(x, dout):
        return x

    @mistake("A sentence.")
    def neither(a, b):
        return a

    found = bank(namespace(right=(right, helper), a=wrong_helper), names=("f", "g"))
    assert found.mistakes[0].functions == (right, wrong_helper)
    with pytest.raises(EditError, match="the arguments of 0 right functions"):
        bank(namespace(right=(right, helper), a=neither), names=("f", "g"))
    with pytest.raises(EditError, match="the check takes f"):
        bank(namespace(right=(right, helper)), names=("f",))


def test_every_slip_of_the_course_fits_its_right_solution():
    for name in exercises.ids():
        for known in exercises.load(name).mistakes:
            assert isinstance(known, Mistake) and all(callable(function) for function in known.functions)


def test_an_edit_can_be_read_as_text_without_the_function_that_it_leaves_alone():
    found = Solution((right, helper)).bound(Slip("a_slip", {"scale * centred": "7 * centred"}, "A sentence."))
    assert found.source.startswith("def right(x, scale") and "return 7 * centred" in found.source
    assert "helper" not in found.source
