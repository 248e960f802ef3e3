"""Comparison: what is right passes, what is wrong is found, and the words say where."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.judge.compare import agree, difference, tolerance
from autograder.judge.script import Want
from autograder.worker.wire import Callback, Handle, Rng


def want(value, **options):
    return Want("x", value, **options)


def kind(got, value, **options):
    found = difference(got, want(value, **options))
    return found and found.kind


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-7), ("float32", 1e-4)])
def test_each_dtype_has_its_tolerance(dtype, rtol):
    value = np.array([1.0, 2.0, 4.0], dtype)
    assert tolerance(want(value)) == (rtol, rtol * 4)
    assert kind(value + np.array([0, 0, 7.9 * rtol], dtype), value) is None
    assert kind(value + np.array([0, 0, 8.5 * rtol], dtype), value) == "value"


def test_the_absolute_tolerance_follows_the_largest_element_or_the_scale():
    value = np.array([1e3, 0.0])
    assert kind(np.array([1e3, 0.9e-4]), value) is None
    assert kind(np.array([1e3, 1.1e-4]), value) == "value"
    assert kind(np.array([1e3, 1e-6]), value, scale=1.0) == "value"
    assert kind(np.array([1e3, 1e-6]), value, scale=np.array([1.0, 20.0])) is None
    assert kind(np.array([1e3, 1e-6]), value, atol=0.0) == "value"
    assert kind(np.array([1e3, 1.0]), value, atol=1.0) is None
    assert kind(np.array([1e3 * (1 + 1e-6), 0.0]), value, rtol=1e-5) is None


def test_zero_is_exact_where_there_is_nothing_else():
    assert kind(np.zeros(3), np.zeros(3)) is None
    assert kind(np.array([0, 0, 1e-300]), np.zeros(3)) == "value"


def test_nothing_is_asked_of_a_value_that_may_be_any():
    assert difference(Handle(1, "x"), want(None)) is None


@pytest.mark.parametrize("got", [2.0, 2, np.float64(2), np.float32(2), np.array(2.0), np.int64(2)])
def test_a_number_may_be_of_any_kind_of_number(got):
    assert kind(got, 2.0) is None and kind(got, np.float64(2.0)) is None and kind(got, 2) is None


@pytest.mark.parametrize("got", [2.9, 1.1, np.float64(2.5), math.nan, math.inf, 10**400 * 0 + 3])
def test_a_fraction_is_not_cut_off_where_a_whole_number_is_wanted(got):
    assert kind(got, 2) in ("value", "not finite")


def test_a_number_beyond_float32_is_wrong_without_a_warning():
    assert kind(1e300, np.float32(2.0)) == "value"


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (None, "None (is the return statement missing?)"),
        (True, "bool"),
        ("2", "str"),
        ([2.0], "list"),
        ((2.0,), "tuple"),
        ({}, "dict"),
        (Handle(1, "function", True), "function"),
        (Handle(1), "something that is no data"),
        (Rng(1), "Rng"),
        (Callback(1), "Callback"),
    ],
)
def test_what_is_no_number_and_no_array_is_named(got, words):
    for value, what in ((2.0, "a number"), (np.ones(1), "a NumPy array")):
        found = difference(got, want(value))
        assert (found.kind, found.message) == ("type", f"x must be {what}, got {words}")


def test_a_number_for_an_array_is_another_type():
    assert kind(2.0, np.full(1, 2.0)) == "type"


@pytest.mark.parametrize("shape", [(), (3,), (3, 2), (1, 6), (2, 3, 1), (0,)])
def test_another_shape_is_told_and_never_broadcast(shape):
    found = difference(np.ones(shape), want(np.ones((2, 3))))
    assert (found.kind, found.got, found.expected) == ("shape", str(shape), "(2, 3)")


def test_an_array_of_one_is_no_number():
    assert kind(np.ones(1), 1.0) == "shape"


def test_labels_may_be_of_any_integer_dtype_and_of_no_other():
    wanted = Want("labels", np.array([0, 2, 1]))
    for dtype in ("int64", "int32", "uint8"):
        assert difference(np.array([0, 2, 1], dtype), wanted) is None
        assert difference(np.array([0, 2, 2], dtype), wanted).kind == "value"
    assert difference(np.array([0.0, 2.0, 1.0]), wanted).kind == "dtype"


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8"])
def test_the_right_numbers_in_another_dtype_are_told_so(dtype):
    found = difference(np.array([1, 2], dtype), want(np.array([1.0, 2.0])))
    assert (found.kind, found.got, found.expected) == ("dtype", dtype, "float64")


@pytest.mark.parametrize("dtype", ["complex128", "bool"])
def test_what_is_no_real_number_is_another_dtype(dtype):
    assert kind(np.ones(2, dtype), np.ones(2)) == "dtype"
    assert kind(np.ones((), dtype)[()], 1.0) == "dtype"


def test_wrong_numbers_go_before_a_wrong_dtype():
    assert kind(np.array([1, 3], "float32"), np.array([1.0, 2.0])) == "value"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_wrong_whatever_the_tolerance(bad):
    got = np.array([[1.0, 2.0], [bad, bad]])
    found = difference(got, want(np.ones((2, 2)), atol=math.inf))
    assert (found.kind, found.index, found.expected) == ("not finite", (1, 0), "1")
    assert found.message == f"x[1, 0] is {bad}, expected 1 (2 elements are not finite)"
    assert kind(bad, 1.0) == "not finite"


def test_the_worst_element_is_told_with_its_place():
    got = np.arange(6.0).reshape(2, 3)
    got[1, 0] += 0.5
    got[0, 2] += 0.1
    found = difference(got, want(np.arange(6.0).reshape(2, 3)))
    assert found.index == (1, 0) and (found.got, found.expected) == ("3.5", "3")
    assert found.message == "x[1, 0] is 3.5, expected 3; 2 of 6 elements differ"
    assert found.relative == pytest.approx(0.1)


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e3, 1e3)),
    st.data(),
)
def test_the_worst_index_is_where_the_one_error_is(value, data):
    index = tuple(data.draw(st.integers(0, n - 1)) for n in value.shape)
    got = value.copy()
    got[index] += 1.0
    assert difference(value.copy(), want(value)) is None
    assert difference(got, want(value)).index == index


def test_integers_do_not_wrap_around():
    assert kind(np.array([0, 255], np.uint8), np.array([1, 255], np.uint8)) == "value"
    assert kind(np.array([255], np.uint8), np.array([-1.0])) == "value"
    assert kind(np.array([-(2**63)]), np.array([2.0**63])) == "value"
    assert kind(np.array([2**64 - 1], np.uint64), np.array([-1])) == "value"


def test_half_precision_does_not_overflow():
    assert kind(np.array([60000], np.float16), np.array([-60000], np.float16)) == "value"


def test_the_largest_numbers_do_not_overflow_into_right():
    assert kind(np.array([-1.7e308]), np.array([1.7e308])) == "value"


def test_words_and_truth_are_compared_as_they_are():
    assert kind("saddle", "saddle") is None and kind("Saddle", "saddle") == "value"
    assert kind(True, True) is None and kind(np.True_, True) is None
    assert kind(1, True) == "value" and kind("True", True) == "value" and kind(np.False_, True) == "value"
    assert kind(np.zeros(3), "saddle") == "value"


def test_arrays_of_truth_are_compared():
    mask = np.array([True, False])
    assert kind(mask.copy(), mask) is None
    assert kind(~mask, mask) == "value"
    assert kind(mask.astype(float), mask) == "dtype"


def test_empty_arrays_agree():
    assert kind(np.zeros((0, 3)), np.zeros((0, 3))) is None


def test_sequences_need_their_length():
    assert kind([1, 2], (1, 2)) is None and kind((1,), (1, 2)) == "shape" and kind(np.ones(2), (1, 2)) == "type"


ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(max_size=4),
        st.builds(Handle, st.integers(0, 9), st.text("ab", max_size=3)),
        st.builds(Rng, st.integers(0, 9)),
        st.sampled_from(["float64", "float32", "int64", "uint64", "bool", "complex64", "float16"]).flatmap(
            lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.dictionaries(st.text("ab"), inner)
    ),
    max_leaves=4,
)
WANTED = st.sampled_from(
    [1.5, 2, np.float32(1), "word", True, (1, 2), None, np.ones(3), np.ones((2, 3), "float32"), np.zeros(0)]
)


@given(ANY, ANY, WANTED)
def test_whatever_a_worker_says_is_compared_without_an_exception(got, other, value):
    found = difference(got, want(value))
    assert found is None or isinstance(found.message, str)
    assert agree(got, other, want(value)) in (True, False)


@given(ANY, WANTED)
def test_an_answer_is_the_same_as_itself(got, value):
    numbers = np.asarray(got).dtype.kind if isinstance(got, np.ndarray) else ""
    if numbers != "c" and not isinstance(got, list | tuple | dict | Rng):
        assert agree(got, got, want(value))


def test_the_same_wrong_answers_are_the_agree():
    value = want(np.ones(3))
    assert agree(np.full(3, np.nan), np.full(3, np.nan), value)
    assert agree(np.full(3, 5.0), np.full(3, 5.0 + 1e-9), value)
    assert agree(np.full(3, 5.0, "float32"), np.full(3, 5.0), value)
    assert not agree(np.full(3, 5.0), np.full(3, 5.1), value)
    assert not agree(np.full(3, np.nan), np.full(3, 5.0), value)
    assert not agree(np.full(2, 5.0), np.full(3, 5.0), value)
    assert agree(np.ones((2, 2)), np.ones((2, 2)), want(np.ones(3), scale=np.ones(3)))
    assert not agree([1.0], np.ones(1), value) and not agree(np.ones(1), [1.0], value)
    assert agree([1.0, "a"], (1.0, "a"), want((1, 2))) and not agree([1.0], [1.0, 2.0], want((1, 2)))
    assert agree(Handle(1, "A"), Handle(2, "A"), value) and not agree(Handle(1, "A"), None, value)
    assert agree({"a": np.ones(2)}, {"a": np.ones(2)}, want(None))
    assert not agree({"a": np.ones(2)}, {"b": np.ones(2)}, want(None))


DICT = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}


@pytest.mark.parametrize(
    ("got", "expected_kind", "words"),
    [
        ({"W": DICT["W"], "b": DICT["b"]}, None, ""),
        ({"b": DICT["b"], "W": DICT["W"]}, None, ""),
        ([DICT["W"], DICT["b"]], "type", "x must be a dict, got list"),
        (None, "type", "return statement"),
        ({"W": DICT["W"]}, "keys", "x lacks the key 'b'"),
        ({**DICT, "c": 1.0}, "keys", "x has a key that is not asked for, 'c'"),
        ({**DICT, 3: 1.0}, "keys", "not asked for, 3"),
        ({**DICT, "b": None}, "type", "x['b'] must be a NumPy array"),
        ({**DICT, "b": DICT["W"]}, "shape", "x['b'] has shape (1, 2), expected (1,)"),
        ({**DICT, "b": np.array([3.1])}, "value", "x['b'][0] is 3.1, expected 3"),
        ({**DICT, "W": DICT["W"].astype(np.float32)}, "dtype", "x['W'] has dtype float32"),
        ({**DICT, "W": DICT["W"] * np.nan}, "not finite", "x['W'][0, 0] is nan"),
    ],
)
def test_a_dict_is_compared_by_its_keys(got, expected_kind, words):
    found = difference(got, want(DICT))
    assert (found and found.kind) == expected_kind
    assert words in (found.message if found else "")


def test_each_entry_of_a_dict_has_its_own_scale():
    value = {"a": np.array([1e6, 0.0]), "b": np.array([1.0, 0.0])}
    assert kind({"a": value["a"] + 0.05, "b": value["b"]}, value) is None
    assert kind({"a": value["a"], "b": value["b"] + 0.05}, value) == "value"
    assert kind({"a": value["a"], "b": value["b"] + 0.05}, value, scale={"b": np.array(1e6)}) is None


def test_dicts_are_the_same_by_their_entries():
    close = {"W": DICT["W"] * (1 + 1e-9), "b": DICT["b"]}
    assert agree(close, DICT, want(DICT))
    assert not agree({**DICT, "b": DICT["b"] + 1e-3}, DICT, want(DICT))
    assert not agree({"W": DICT["W"]}, DICT, want(DICT)) and not agree([1.0], DICT, want(DICT))
    renamed = {f"d{key}": value for key, value in DICT.items()}
    assert agree(renamed, dict(renamed), want(DICT)) and not agree(renamed, DICT, want(DICT))
    rounded = {key: value.astype(np.float32) * np.float32(1 + 1e-6) for key, value in DICT.items()}
    single = {key: value.astype(np.float32) for key, value in DICT.items()}
    assert agree(rounded, single, want(single))


def test_an_enormous_answer_where_nothing_is_expected_warns_nobody():
    wrong = difference(np.array([1e300]), Want("out", np.zeros(1)))
    assert wrong.kind == "value"


@pytest.mark.parametrize(("value", "asked"), [([1.0], "a list"), ((1.0,), "a tuple")])
def test_what_is_no_sequence_is_asked_for_as_the_one_that_it_should_be(value, asked):
    assert difference(3.0, Want("losses", value)).message == f"losses must be {asked}, got float"
