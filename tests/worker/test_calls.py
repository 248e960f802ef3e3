"""The runner: every step of a script, and every way in which a student's function can answer."""

import collections
import sys
import warnings

import numpy as np
import pytest

from autograder.worker import functions, wire
from autograder.worker.calls import MAX_ITEMS, Outcome, Runner, snapshot
from autograder.worker.wire import MAX_NDIM, Callback, Handle, Named, Rng


def no_answer(number, arguments):
    raise AssertionError("nobody called back")


def run(function, *steps, names=None, answer=no_answer) -> Outcome:
    """Run steps with a function in slot 0."""
    runner = Runner(names or {}, answer)
    runner.slots[0] = function
    return runner.run(list(steps))


def result_of(function, *args, **kwargs) -> Outcome:
    return run(function, ("call", [1], Handle(0), list(args), kwargs), ("get", 1))


def test_a_call_gives_its_result():
    assert result_of(lambda a, *, b: a - b, 5, b=3) == Outcome((2,))


def test_put_keeps_one_object_for_several_calls():
    def append(items):
        items.append(len(items))
        return items

    outcome = run(
        append,
        ("put", 1, []),
        ("call", [2], Handle(0), [Handle(1)], {}),
        ("call", [3], Handle(0), [Handle(1)], {}),
        ("get", 1),
    )
    assert outcome.values == ([0, 1],)


def test_arguments_and_put_values_are_copies():
    sent = np.zeros(3), [np.zeros(2)], {"k": np.zeros(1)}

    def writes(*args):
        args[0][:] = 1
        args[1][0][:] = 1
        args[2]["k"][:] = 1
        args[2]["new"] = 1

    for steps in (
        [("call", [1], Handle(0), list(sent), {})],
        [("put", n, value) for n, value in enumerate(sent, 1)]
        + [("call", [9], Handle(0), [Handle(1), Handle(2), Handle(3)], {})],
    ):
        assert run(writes, *steps).failure is None
        assert not sent[0].any() and not sent[1][0].any()
        assert list(sent[2]) == ["k"] and not sent[2]["k"].any()


def test_what_was_reported_does_not_change_afterwards():
    def writes(w):
        w += 1
        return w

    outcome = run(
        writes,
        ("put", 1, np.zeros(2)),
        ("get", 1),
        ("call", [2], Handle(0), [Handle(1)], {}),
        ("get", 1),
        ("get", 2),
    )
    np.testing.assert_array_equal(outcome.values, [[0, 0], [1, 1], [1, 1]])


def test_names_are_those_of_the_students_cells():
    names = {"sgd": lambda: 4}
    steps = [("name", 3, "sgd"), ("call", [1], Handle(3), [], {}), ("get", 1), ("get", 3)]
    outcome = run(None, *steps, names=names)
    assert outcome.values == (4, Handle(3, "function", True))
    missing = run(None, ("name", 3, "adam"), names=names).failure
    assert (missing.kind, missing.message) == ("missing", "adam")


def test_free_forgets_slots_from_first_up_to_end():
    runner = Runner({}, no_answer)
    runner.slots = dict.fromkeys(range(10))
    runner.run([("free", 3, 7)])
    assert sorted(runner.slots) == [0, 1, 2, 7, 8, 9]


def test_slots_outlive_a_script():
    runner = Runner({}, no_answer)
    runner.run([("put", 5, "kept")])
    assert runner.run([("get", 5)]).values == ("kept",)


@pytest.mark.parametrize("result", [(1, 2), [1, 2], collections.namedtuple("Pair", "a b")(1, 2)])
def test_tuples_lists_and_named_tuples_unpack(result):
    assert run(lambda: result, ("call", [1, 2], Handle(0), [], {}), ("get", 2), ("get", 1)).values == (2, 1)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (None, "NoneType"),
        (np.zeros(2), "ndarray"),
        ("ab", "str"),
        ({1: 2, 3: 4}, "dict"),
        ((1, 2, 3), "tuple of 3"),
        ([1], "list of 1"),
        ((), "tuple of 0"),
    ],
)
def test_another_number_of_parts_is_told(result, told):
    failure = run(lambda: result, ("call", [1, 2], Handle(0), [], {})).failure
    assert (failure.step, failure.kind, failure.type_name) == (0, "unpack", told)


def test_a_tuple_with_an_iterator_of_its_own_cannot_raise_out_of_the_runner():
    class Pair(tuple):
        __slots__ = ()

        def __len__(self):
            raise ZeroDivisionError

        __iter__ = __len__

    outcome = run(lambda: Pair((1, 2)), ("call", [1, 2], Handle(0), [], {}), ("get", 2))
    assert outcome.values == (2,)


@pytest.mark.parametrize("value", [3, None, "sgd", np.zeros(2)])
def test_what_cannot_be_called_is_told(value):
    failure = result_of(value).failure
    assert (failure.kind, failure.type_name) == ("not_callable", type(value).__name__)


def endless():
    number = 0
    while True:
        yield number
        number += 1


def test_items_of_a_generator_come_as_a_list_up_to_a_cap():
    steps = [("call", [1], Handle(0), [], {}), ("items", 2, 1, 5), ("get", 2)]
    assert run(lambda: iter(range(5)), *steps).values == ([0, 1, 2, 3, 4],)
    assert run(lambda: (), *steps).values == ([],)
    failure = run(endless, *steps).failure
    assert (failure.step, failure.kind, failure.message) == (1, "large", "more than 5 items")
    assert run(lambda: range(6), *steps).failure == failure


def test_a_generator_that_raises_and_what_is_no_iterable_are_told():
    def breaks():
        yield 1
        raise LookupError("lost")

    steps = [("call", [1], Handle(0), [], {}), ("items", 2, 1, 5)]
    failure = run(breaks, *steps).failure
    assert (failure.kind, failure.type_name, failure.source) == ("raised", "LookupError", 'raise LookupError("lost")')
    assert run(lambda: 3, *steps).failure.type_name == "TypeError"


class Speechless(Exception):
    def __str__(self):
        raise SystemExit("not even that")


def recurse():
    return recurse() + 1


def raises(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "type_name"),
    [
        (raises(ValueError("why")), "ValueError"),
        (raises(SystemExit(1)), "SystemExit"),
        (raises(GeneratorExit()), "GeneratorExit"),
        (raises(MemoryError()), "MemoryError"),
        (raises(Speechless()), "Speechless"),
        (raises(ExceptionGroup("several", [ValueError(1)])), "ExceptionGroup"),
        (raises(BaseException()), "BaseException"),
        (sys.exit, "SystemExit"),
        (recurse, "RecursionError"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda missing: 1, "TypeError"),
    ],
)
def test_whatever_is_raised_is_an_answer(function, type_name):
    failure = result_of(function).failure
    assert (failure.step, failure.kind, failure.type_name) == (0, "raised", type_name)


def test_a_keyboard_interrupt_passes():
    with pytest.raises(KeyboardInterrupt):
        result_of(raises(KeyboardInterrupt()))


def test_a_long_message_is_cut():
    assert len(result_of(raises(ValueError("x" * 10**6))).failure.message) == 500


def test_the_line_told_is_the_last_of_the_students_own():
    def inner(w):
        return np.linalg.inv(w)  # the student's own last line

    def outer(w):
        return inner(w)

    failure = result_of(outer, np.zeros((2, 2))).failure
    assert failure.type_name == "LinAlgError"
    assert failure.line == inner.__code__.co_firstlineno + 1
    assert failure.source == "return np.linalg.inv(w)  # the student's own last line"


def test_runtime_warnings_are_collected_once_and_others_are_not():
    def warns():
        np.log(np.zeros(2))
        np.log(np.zeros(2))
        np.array(1e300) * np.array(1e300)
        warnings.warn("mine", UserWarning, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert result_of(warns).warnings == (
        "divide by zero encountered in log",
        "overflow encountered in multiply",
    )


def test_a_warning_that_cannot_say_anything_does_no_harm():
    class Mute(RuntimeWarning):
        asked = 0

        def __str__(self):  # Python itself asks first, and then the runner
            self.asked += 1
            if self.asked > 1:
                raise ValueError
            return "first"

    assert result_of(lambda: warnings.warn(Mute(), stacklevel=1)) == Outcome((None,), warnings=("",))


def test_at_most_three_warnings_are_told():
    def warns():
        for k in range(10):
            warnings.warn(str(k) * 1000, RuntimeWarning, stacklevel=1)

    told = result_of(warns).warnings
    assert len(told) == 3 and max(map(len, told)) == 200


def test_a_students_filters_do_not_leak_out():
    before = list(warnings.filters)
    result_of(lambda: warnings.simplefilter("ignore"))
    assert warnings.filters == before


def test_prints_are_swallowed(capfd):
    def prints():
        print("to stdout")
        print("to stderr", file=sys.stderr)
        return 1

    assert result_of(prints).values == (1,)
    assert capfd.readouterr() == ("", "")


def test_a_failure_keeps_what_was_reported_before_it():
    steps = [("put", 1, "first"), ("get", 1), ("call", [2], Handle(0), [], {}), ("get", 2)]
    outcome = run(raises(ValueError()), *steps)
    assert outcome.values == ("first",) and outcome.failure.step == 2


def test_a_generator_of_random_numbers_travels_by_its_seed():
    outcome = run(lambda rng: rng.random(), ("call", [1], Handle(0), [Rng(7)], {}), ("get", 1))
    assert outcome.values == (np.random.default_rng(7).random(),)


def test_a_shared_generator_goes_on_and_its_twin_starts_anew():
    draw = ("call", [2], Handle(0), [Handle(1)], {})
    outcome = run(lambda rng: rng.random(), ("put", 1, Rng(7)), draw, ("get", 2), draw, ("get", 2))
    rng = np.random.default_rng(7)
    assert outcome.values == (rng.random(), rng.random())


def test_callbacks_are_answered_with_plain_copies():
    asked = []

    def answer(number, arguments):
        asked.append((number, arguments))
        return float(np.sum(arguments[0])) + arguments[1]

    def uses(f):
        w = np.ones(1)
        first = f(w, 2)
        w[:] = 5
        return first

    outcome = run(uses, ("call", [1], Handle(0), [Callback(3)], {}), ("get", 1), answer=answer)
    assert outcome.values == (3.0,)
    assert asked[0][0] == 3 and asked[0][1][0] == np.ones(1)


def test_a_callback_is_given_handles_for_what_is_no_data():
    asked = []
    step = ("call", [1], Handle(0), [Callback(0)], {})
    run(lambda f: f(object(), print), step, answer=lambda n, args: asked.append(args))
    assert asked == [(Handle(-1, "object"), Handle(-1, "builtin_function_or_method", True))]


@pytest.mark.parametrize("name", ["dropout_scores", "noisy_copy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_named_function_takes_what_does_not_travel(name, dtype):
    x = np.linspace(-1, 1, 12, dtype=dtype).reshape(4, 3)
    steps = [("put", 1, Named(name)), ("put", 2, Rng(7))]
    steps += [("call", [3], Handle(0), [Handle(1), x, Handle(2)], {}), ("get", 3), ("get", 1)]
    steps += [("call", [4], Handle(1), [x, Handle(2)], {}), ("get", 4)]
    steps = wire.decode(wire.encode(steps))
    first, itself, second = run(lambda function, x, rng: function(x, rng), *steps).values
    rng = np.random.default_rng(7)
    for got in (first, second):
        np.testing.assert_array_equal(got, functions.FUNCTIONS[name](x, rng), strict=True)
        assert got.dtype == dtype and len(got) == 4
    assert itself == Handle(1, "function", True)


def raising(kind):
    def function(*args):
        raise kind("no")

    return function


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (raising(ValueError), "ValueError"),
        (raising(UnicodeError), "ValueError"),
        (raising(KeyError), "KeyError"),
        (lambda *args: 1.0, "no error"),
    ],
)
def test_a_case_can_ask_for_an_error(function, told):
    steps = [("put", 1, Named("error_of")), ("call", [2], Handle(1), [Handle(0), "x", 3], {}), ("get", 2)]
    assert run(function, *steps).values == (told,)


def test_a_stub_that_is_asked_for_an_error_is_still_a_stub():
    steps = [("put", 1, Named("error_of")), ("call", [2], Handle(1), [Handle(0)], {}), ("get", 2)]
    assert run(raising(NotImplementedError), *steps).failure.type_name == "NotImplementedError"


def test_an_error_in_a_named_function_is_told_with_the_students_line():
    def forgets(f):
        return f(np.ones((2, 2)), None)  # no generator

    failure = result_of(forgets, Named("noisy_copy")).failure
    assert failure.type_name == "AttributeError"
    assert failure.source == "return f(np.ones((2, 2)), None)  # no generator"


def test_the_watcher_is_told_before_each_call():
    told = []
    runner = Runner({}, no_answer, before_step=told.append)
    runner.slots[0] = lambda: [1]
    runner.run([("put", 1, 1), ("call", [2], Handle(0), [], {}), ("items", 3, 2, 9), ("get", 3)])
    assert told == [1, 2]


def test_an_unknown_step_is_the_judges_own_mistake():
    with pytest.raises(ValueError, match="unknown step"):
        run(None, ("eval", "1"))


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "text", [1, (2, {"k": 3})], np.float32(1), np.arange(3), np.array(5.0)]
)
def test_plain_data_is_reported_as_it_is(value):
    seen = snapshot(value, 1)
    assert type(seen) is type(value)
    np.testing.assert_equal(seen, value)


class Length(float):
    pass


class Sneaky:
    """Pretends to be a text, and raises when it is read."""

    @property
    def __class__(self):
        return str

    def __str__(self):
        raise SystemError("boo")


class Always(type):
    """Classes that are equal to everything."""

    def __eq__(cls, other):
        return True

    __hash__ = type.__hash__


class Chameleon(metaclass=Always):
    def __len__(self):
        raise SystemError("boo")


@pytest.mark.parametrize(
    "value",
    [
        object(),
        2**63,
        1j,
        Length(2),
        {1, 2},
        b"bytes",
        np.array([None]),
        np.array(["x"]),
        np.zeros((1,) * (MAX_NDIM + 1)),
        [0] * (MAX_ITEMS + 1),
        {(1, 2): 3},
        print,
    ],
    ids=lambda value: type(value).__name__,
)
def test_all_else_is_reported_as_a_handle(value):
    seen = snapshot(value, 7)
    assert isinstance(seen, Handle) and seen.slot == 7 and seen.is_callable == callable(value)


def test_subclasses_of_arrays_and_texts_are_reported_as_plain_ones():
    class Mine(np.ndarray):
        def __eq__(self, other):
            return True

        __hash__ = None

    class Text(str):
        __slots__ = ()

    assert type(snapshot(np.zeros(2).view(Mine), 1)) is np.ndarray
    assert type(snapshot(np.ma.masked_array([1.0], [True]), 1)) is np.ndarray
    assert type(snapshot(Text("x"), 1)) is str


def test_big_endian_and_unaligned_arrays_are_reported_as_native_ones():
    seen = snapshot(np.arange(3, dtype=">f4"), 1)
    assert seen.dtype == np.float32 and seen.dtype.isnative


def test_deep_nesting_ends_in_a_handle():
    loop = []
    loop.append(loop)
    assert isinstance(snapshot(loop, 1)[0][0][0][0], Handle)


@pytest.mark.parametrize("kind", [Sneaky, Chameleon])
def test_an_object_that_pretends_and_raises_is_a_failure_of_its_call(kind):
    outcome = result_of(kind)
    assert outcome.failure is None or outcome.failure.kind == "raised"


def test_a_long_text_is_cut():
    assert len(snapshot("x" * 10**6, 1)) == 10_000
