"""The wire: what goes in comes out, and whatever else comes in is a WireError, soon and cheaply."""

import contextlib
import math
import socket
import struct
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.worker import wire
from autograder.worker.wire import Callback, Closed, Handle, Named, OutOfTime, Rng, WireError, decode, encode

LONG = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.one_of(
    st.none(), st.booleans(), LONG, st.floats(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
ARRAYS = st.sampled_from(wire.DTYPES).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
DESCRIBED = st.one_of(
    st.builds(Handle, LONG, st.text("abc", max_size=9), st.booleans()),
    st.builds(Rng, LONG),
    st.builds(Callback, LONG),
    st.builds(Named, st.text("abc", max_size=9)),
)
KEYS = st.one_of(st.booleans(), LONG, st.floats(allow_nan=False), st.text("kλ", max_size=5))
VALUES = st.recursive(
    st.one_of(SCALARS, ARRAYS, ARRAYS.filter(lambda a: a.ndim == 0).map(lambda a: a[()]), DESCRIBED),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


def alike(a, b):
    """Equal in type and in every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return alike(list(a.items()), list(b.items()))
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    return a == b


@pytest.fixture
def pair():
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


@given(VALUES)
def test_every_value_comes_out_as_it_went_in(value):
    assert alike(decode(encode(value)), value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, -(2**63), 2**63 - 1, "", "\0", "Größe"])
def test_the_odd_ones_come_out_as_they_went_in(value):
    assert alike(decode(encode(value)), value)


def test_arrays_hold_nan_infinity_and_minus_zero():
    array = np.array([np.nan, np.inf, -np.inf, -0.0])
    assert alike(decode(encode(array)), array)


@pytest.mark.parametrize("dtype", wire.DTYPES)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4), ()])
def test_empty_and_zero_dimensional_arrays_keep_their_shape(shape, dtype):
    array = np.zeros(shape, dtype)
    assert alike(decode(encode(array)), array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(4, 6)[::2, ::-3],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.broadcast_to(np.float32(3), (2, 2)),
        np.arange(5, dtype=">f8"),
        np.arange(5, dtype=">i2"),
    ],
    ids=["strided", "fortran", "broadcast", "big-endian floats", "big-endian ints"],
)
def test_layout_and_byte_order_do_not_change_the_numbers(array):
    got = decode(encode(array))
    assert got.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(got, array)


def test_a_decoded_array_can_be_written_to():
    array = decode(encode(np.zeros(3)))
    array[0] = 1.0
    assert array[0] == 1.0


def test_lone_surrogates_become_question_marks():
    assert decode(encode("a\ud800b")) == "a?b"


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        b"bytes",
        2j,
        Text("x"),
        2**63,
        Rng(2**63),
        Handle(2**70),
        {(1, 2): 3},
        {None: 3},
        np.array([object()]),
        np.array(["text"]),
        np.zeros(2, [("a", float)]),
        np.datetime64("2020-01-01"),
        np.zeros((1,) * 9),
        np.zeros((0, 2**40)),
        np.broadcast_to(0.0, (2**24, 2)),
        [[]] * (wire.MAX_NODES + 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_does_not_travel_is_refused_by_the_sender(value):
    with pytest.raises(WireError):
        encode(value)


def test_a_list_within_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(WireError, match="nested"):
        encode(loop)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_limited_on_both_ends():
    assert decode(encode(nested(wire.MAX_DEPTH))) == nested(wire.MAX_DEPTH)
    with pytest.raises(WireError, match="nested"):
        encode(nested(wire.MAX_DEPTH + 1))
    with pytest.raises(WireError, match="nested"):
        decode(struct.pack(">cI", b"l", 1) * 50_000 + b"N")


def test_the_number_of_values_is_limited():
    most = wire.MAX_NODES - 1
    assert len(decode(encode([None] * most))) == most
    with pytest.raises(WireError, match="more than"):
        decode(struct.pack(">cI", b"l", most + 1) + b"N" * (most + 1))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_value_or_a_wire_error(data):
    try:
        value = decode(data)
    except WireError:
        return
    decode(encode(value))


@settings(max_examples=300)
@given(VALUES, st.data())
def test_a_damaged_frame_is_a_value_or_a_wire_error(value, data):
    frame = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(frame)))
        what = data.draw(st.sampled_from(["change", "cut", "insert", "drop"]))
        if what == "insert":
            frame[place:place] = data.draw(st.binary(min_size=1, max_size=9))
        elif what == "drop":
            del frame[place : place + data.draw(st.integers(1, 9))]
        elif what == "cut":
            del frame[place:]
        elif place < len(frame):
            frame[place] = data.draw(st.sampled_from([0, 1, 2, 8, 127, 128, 254, 255, *b"NTFidsltmaghrcf"]))
    with contextlib.suppress(WireError):
        decode(bytes(frame))


@pytest.mark.parametrize(
    "data",
    [
        b"s" + b"\xff" * 4,
        b"l" + b"\xff" * 4,
        b"m" + b"\xff" * 4 + b"N",
        b"a" + bytes([11, 1]) + struct.pack(">Q", 2**40),
        b"a" + bytes([11, 2]) + struct.pack(">QQ", 2**63, 2**63),
        b"a" + bytes([11, 3]) + struct.pack(">QQQ", 0, 2**40, 1),
        b"a" + bytes([11, 4]) + struct.pack(">QQQQ", 0, 2**26, 2**26, 2**26),
        b"a" + bytes([11, 255]) + bytes(2040),
        b"a" + bytes([200, 0]) + bytes(8),
        b"g" + bytes([11, 1]) + struct.pack(">Q", 1) + bytes(8),
        b"l" + struct.pack(">I", 100) + (b"l" + struct.pack(">I", 90)) * 20,
        b"h" + bytes(9) + b"i" + bytes(8),
        b"f" + b"i" + bytes(8),
        b"m" + struct.pack(">I", 1) + b"NN",
        b"NN",
        b"",
        b"s" + struct.pack(">I", 1) + b"\xff",
    ],
    ids=range(17),
)
def test_a_lie_about_size_or_type_is_refused_before_memory_is_taken(data):
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "frame",
    [
        encode(np.zeros(2**20)),
        encode("x" * 2**23),
        encode(np.ones(2**23, bool)),
        encode(np.zeros(2**20)) + b"N",
        encode([np.zeros(2**17)] * 8)[:-1],
    ],
    ids=["array", "text", "bools", "trailing byte", "cut off"],
)
def test_decoding_takes_a_small_multiple_of_the_frame(frame):
    tracemalloc.start()
    try:
        with contextlib.suppress(WireError):
            decode(frame)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(frame) + 10_000
    finally:
        tracemalloc.stop()


def test_values_travel_over_a_socket_in_order(pair):
    left, right = pair
    for value in ("one", {"two": np.arange(3)}, None):
        wire.send(left, value)
    assert wire.receive(right) == "one"
    np.testing.assert_array_equal(wire.receive(right)["two"], [0, 1, 2])
    assert wire.receive(right, time.monotonic() + 5) is None


def test_a_frame_larger_than_any_buffer_travels(pair):
    left, right = pair
    array = np.arange(2**19, dtype=float)
    sender = threading.Thread(target=wire.send, args=(left, array))
    sender.start()
    np.testing.assert_array_equal(wire.receive(right, time.monotonic() + 20), array)
    sender.join()


def test_a_claimed_length_beyond_the_cap_is_refused_unread(pair):
    left, right = pair
    left.sendall(struct.pack(">I", wire.MAX_FRAME + 1))
    with pytest.raises(WireError, match="a frame of"):
        wire.receive(right, time.monotonic() + 5)


def test_a_value_beyond_the_cap_is_not_sent(pair, monkeypatch):
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    with pytest.raises(WireError, match="at most 1000"):
        wire.send(pair[0], "x" * 1000)


def test_a_large_claim_takes_no_memory_before_the_bytes_are_there(pair):
    left, right = pair
    left.sendall(struct.pack(">I", wire.MAX_FRAME) + b"few")
    tracemalloc.start()
    try:
        with pytest.raises(OutOfTime):
            wire.receive(right, time.monotonic() + 0.05)
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


def test_silence_ends_at_the_deadline(pair):
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        wire.receive(pair[1], began + 0.1)
    assert time.monotonic() - began > 0.09


def test_a_trickle_does_not_move_the_deadline(pair):
    left, right = pair
    done = threading.Event()

    def trickle():
        left.sendall(struct.pack(">I", 10_000))
        while not done.wait(0.02):
            left.sendall(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    with pytest.raises(OutOfTime):
        wire.receive(right, time.monotonic() + 0.2)
    done.set()
    thread.join()


def test_a_passed_deadline_is_out_of_time_at_once(pair):
    wire.send(pair[0], 1)
    with pytest.raises(OutOfTime):
        wire.receive(pair[1], time.monotonic() - 1)


def test_sending_to_one_who_does_not_read_ends_at_the_deadline(pair):
    with pytest.raises(OutOfTime):
        wire.send(pair[0], np.zeros(2**20), time.monotonic() + 0.1)


def test_a_deadline_holds_for_its_own_message_only(pair):
    left, right = pair
    with pytest.raises(OutOfTime):
        wire.receive(right, time.monotonic() + 0.01)
    thread = threading.Timer(0.1, wire.send, (left, "late"))
    thread.start()
    assert wire.receive(right) == "late"
    thread.join()


def test_a_closed_socket_is_closed(pair):
    left, right = pair
    left.close()
    with pytest.raises(Closed):
        wire.receive(right)
    with pytest.raises(Closed):
        wire.send(right, 1)
    right.close()
    with pytest.raises(Closed):
        wire.receive(right, time.monotonic() + 1)


def test_an_end_in_the_middle_of_a_frame_is_closed(pair):
    left, right = pair
    left.sendall(struct.pack(">I", 100) + b"half")
    left.close()
    with pytest.raises(Closed):
        wire.receive(right)


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (None, 1),
        ([1.0, 2.0, "x" * 80], 1 + 2 + 1 + 10),
        (np.zeros(1000, np.int8), 1 + 1000),
        (np.zeros(1000, bool), 1 + 1000),
        (np.zeros(1000, np.complex64), 1 + 2000),
        ({"a": np.zeros((3, 4))}, 1 + 1 + 1 + 12),
    ],
)
def test_what_arrives_is_paid_for_by_its_numbers_not_its_bytes(value, numbers):
    purse = wire.Purse(numbers)
    assert alike(decode(encode(value), purse), value)
    assert purse.left == 0
    with pytest.raises(wire.TooLarge):
        decode(encode(value), wire.Purse(numbers - 1))


def test_a_frame_too_long_for_the_purse_is_refused_unread(pair):
    ours, theirs = pair
    theirs.sendall(struct.pack(">I", 10_000))
    with pytest.raises(wire.TooLarge):
        wire.receive(ours, None, wire.Purse(10))
