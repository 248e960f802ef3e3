"""The wire between judge and worker: length-prefixed frames of a closed set of types.

A frame is four bytes of length (big-endian) and one encoded value. A value is a tag byte and its content:
None, bool, int (64 bits), float, str, list, tuple, dict, ndarray (dtype name, shape, bytes), NumPy scalar, and four
descriptions of things that do not travel: a `Handle` for an object that stays in the worker, an `Rng` by its seed, a
`Callback` that the other side answers, a `Named` function that both sides have. Sizes are checked before memory is
taken; what is malformed is a `WireError`.
"""

import io
import math
import os
import pickle
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

MAX_FRAME = 64 * 2**20
MAX_DEPTH = 16
MAX_NODES = 200_000
MAX_NDIM = 8
DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip

# Bytes of a number, and at most what one takes on the wire: an empty array of many dimensions.
_NUMBER, _MOST_BYTES = 8, 128
_CODE = {np.dtype(name): code for code, name in enumerate(DTYPES)}
_OF_CODE = tuple(map(np.dtype, DTYPES))
_BOOL = DTYPES.index("bool")


class WireError(Exception):
    """A frame or value that the wire does not carry; the text says why."""


class Closed(WireError):
    """The other side is gone."""


class OutOfTime(WireError):
    """No whole frame arrived before the deadline."""


class TooLarge(WireError):
    """More numbers than the receiver has asked for."""


class Purse:
    """How many numbers may still arrive: elements of arrays, however few bytes each has here, and all other values."""

    def __init__(self, left: int):
        self.left = left

    def spend(self, numbers: int) -> None:
        """Take so many; raises TooLarge where there are not as many left."""
        if numbers > self.left:
            raise TooLarge("more numbers than asked for")
        self.left -= numbers


@dataclass(frozen=True)
class Handle:
    """An object that stays where it is; `slot` is its number there."""

    slot: int
    type_name: str = ""
    is_callable: bool = False


@dataclass(frozen=True)
class Rng:
    """Stands for `numpy.random.default_rng(seed)`."""

    seed: int


@dataclass(frozen=True)
class Callback:
    """A function that the judge answers; `number` is its place in the script's list of callbacks."""

    number: int


@dataclass(frozen=True)
class Named:
    """A function of `worker.functions`, by its name there: one that takes what does not travel, such as a generator."""

    name: str


# What travels. The items of a container are such values again: unnamed, for a list[float] is no list[Value].
Value: TypeAlias = (
    bool | int | float | str | list | tuple | dict | np.ndarray | np.generic | Handle | Rng | Callback | Named | None
)


def encode(value: Value) -> bytes:
    """Bytes of one value; raises WireError for what does not travel: then `decode` would refuse it too."""
    parts = _Parts()
    try:
        _encode(value, parts, 0)
    except struct.error as error:
        raise WireError(f"a number that does not fit: {error}") from None
    return b"".join(parts)


class _Parts(list):
    """The pieces of a frame, and how many values they hold."""

    nodes = 0


def _encode(value: Any, parts: _Parts, depth: int) -> None:
    parts.nodes += 1
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    if parts.nodes > MAX_NODES:
        raise WireError(f"more than {MAX_NODES} values in a frame")
    kind = type(value)
    if value is None:
        parts.append(b"N")
    elif kind is bool:
        parts.append(b"T" if value else b"F")
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise WireError("an int of more than 64 bits")
        parts.append(struct.pack(">cq", b"i", value))
    elif kind is float:
        parts.append(struct.pack(">cd", b"d", value))
    elif kind is str:
        raw = value.encode("utf-8", "replace")
        parts.append(struct.pack(">cI", b"s", len(raw)))
        parts.append(raw)
    elif kind is list or kind is tuple:
        parts.append(struct.pack(">cI", b"l" if kind is list else b"t", len(value)))
        for item in value:
            _encode(item, parts, depth + 1)
    elif kind is dict:
        parts.append(struct.pack(">cI", b"m", len(value)))
        for key, item in value.items():
            if type(key) not in (str, int, bool, float):
                raise WireError(f"a dict key of type {type(key).__name__}")
            _encode(key, parts, depth + 1)
            _encode(item, parts, depth + 1)
    elif kind is np.ndarray:
        _encode_array(b"a", value, parts)
    elif isinstance(value, np.generic):
        _encode_array(b"g", np.asarray(value), parts)
    elif kind is Handle:
        parts.append(struct.pack(">cq?", b"h", value.slot, value.is_callable))
        _encode(value.type_name, parts, depth + 1)
    elif kind is Rng:
        parts.append(struct.pack(">cq", b"r", value.seed))
    elif kind is Callback:
        parts.append(struct.pack(">cq", b"c", value.number))
    elif kind is Named:
        parts.append(b"f")
        _encode(value.name, parts, depth + 1)
    else:
        raise WireError(f"the type {kind.__name__} does not travel")


def _encode_array(tag: bytes, array: np.ndarray, parts: _Parts) -> None:
    code = _CODE.get(array.dtype)
    if code is None:
        code = _CODE.get(array.dtype.newbyteorder("="))
    if code is None:
        raise WireError(f"arrays of dtype {array.dtype} do not travel")
    if array.ndim > MAX_NDIM:
        raise WireError(f"an array of {array.ndim} dimensions")
    if _extent(array.shape, array.dtype) > MAX_FRAME:
        raise WireError(f"an array of {array.nbytes} bytes, of shape {array.shape}")
    head = struct.pack(f">cBB{array.ndim}Q", tag, code, array.ndim, *array.shape)
    parts.append(head)
    parts.append(np.ascontiguousarray(array, dtype=_OF_CODE[code]).tobytes())


def _extent(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Bytes of an array, an empty axis counted as one: NumPy refuses an empty array of absurd shape too."""
    return math.prod(max(n, 1) for n in shape) * dtype.itemsize


def decode(data: bytes, purse: Purse | None = None) -> Value:
    """The value of `encode`d bytes, paid for from the purse; raises WireError for anything else."""
    reader = _Reader(data, purse or Purse(MAX_FRAME))
    try:
        value = reader.value(0)
    except (struct.error, UnicodeDecodeError, OverflowError) as error:
        raise WireError(f"malformed value: {error}") from None
    if reader.at != len(data):
        raise WireError(f"{len(data) - reader.at} bytes too many")
    return value


class _Reader:
    def __init__(self, data: bytes, purse: Purse):
        self.data = data
        self.purse = purse
        self.at = 0
        self.nodes = 0

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise WireError("a value ends before its length")
        self.at += n
        return self.data[self.at - n : self.at]

    def unpack(self, form: str) -> tuple:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def value(self, depth: int) -> Value:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH}")
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in a frame")
        self.purse.spend(1)
        tag = self.take(1)
        if tag == b"N":
            return None
        if tag in (b"T", b"F"):
            return tag == b"T"
        if tag == b"i":
            return self.unpack(">q")[0]
        if tag == b"d":
            return self.unpack(">d")[0]
        if tag == b"s":
            raw = self.take(self.unpack(">I")[0])
            self.purse.spend(len(raw) // _NUMBER)
            return raw.decode("utf-8")
        if tag in (b"l", b"t"):
            items = [self.value(depth + 1) for _ in range(self.length())]
            return items if tag == b"l" else tuple(items)
        if tag == b"m":
            pairs: dict[Any, Value] = {}
            for _ in range(self.length()):
                key = self.value(depth + 1)
                if type(key) not in (str, int, bool, float):
                    raise WireError("a dict key of another type than str, int, bool, float")
                pairs[key] = self.value(depth + 1)
            return pairs
        if tag in (b"a", b"g"):
            return self.array(scalar=tag == b"g")
        if tag == b"h":
            slot, is_callable = self.unpack(">q?")
            name = self.value(depth + 1)
            if type(name) is not str:
                raise WireError("a handle without a name")
            return Handle(slot, name[:200], is_callable)
        if tag == b"r":
            return Rng(self.unpack(">q")[0])
        if tag == b"c":
            return Callback(self.unpack(">q")[0])
        if tag == b"f":
            name = self.value(depth + 1)
            if type(name) is not str:
                raise WireError("a function without a name")
            return Named(name[:200])
        raise WireError(f"unknown tag {tag!r}")

    def length(self) -> int:
        (n,) = self.unpack(">I")
        # Every item takes a byte at least: a longer list cannot be in the frame.
        if n > len(self.data) - self.at:
            raise WireError("a container ends before its length")
        return n

    def array(self, *, scalar: bool) -> np.ndarray | np.generic:
        code, ndim = self.unpack(">BB")
        if code >= len(DTYPES) or ndim > MAX_NDIM or (scalar and ndim):
            raise WireError("an array of unknown dtype or too many dimensions")
        shape = self.unpack(f">{ndim}Q")
        dtype = _OF_CODE[code]
        if _extent(shape, dtype) > MAX_FRAME:
            raise WireError("an array of absurd shape")
        self.purse.spend(math.prod(shape) * (2 if dtype.kind == "c" else 1))
        raw = self.take(math.prod(shape) * dtype.itemsize)
        if code == _BOOL:
            array = np.frombuffer(raw, np.uint8).reshape(shape).astype(bool)
        else:
            array = np.frombuffer(raw, dtype).reshape(shape).copy()
        return array[()] if scalar else array


def send(sock: socket.socket, value: Value, deadline: float | None = None) -> None:
    """Send one value as a frame.

    Parameters
    ----------
    sock : a connected stream socket
    deadline : a `time.monotonic()` moment, or None to wait without end for the other side to read

    Raises
    ------
    OutOfTime, Closed, WireError
    """
    data = encode(value)
    if len(data) > MAX_FRAME:
        raise WireError(f"a frame of {len(data)} bytes (at most {MAX_FRAME})")
    try:
        # A tiny positive timeout where the time is over: zero would mean "do not block" and another exception.
        sock.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-3))
        sock.sendall(struct.pack(">I", len(data)) + data)
    except TimeoutError as error:
        raise OutOfTime("the other side does not read") from error
    except OSError as error:
        raise Closed(str(error)) from error


def receive(sock: socket.socket, deadline: float | None = None, purse: Purse | None = None) -> Value:
    """The next frame's value.

    Parameters
    ----------
    sock : a connected stream socket
    deadline : a `time.monotonic()` moment, or None to wait without end
    purse : what it is paid for from; without one it may be as large as a frame

    Raises
    ------
    OutOfTime, Closed, TooLarge, WireError
    """
    (length,) = struct.unpack(">I", _exactly(sock, 4, deadline))
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes (at most {MAX_FRAME})")
    if purse and length > _MOST_BYTES * purse.left:
        raise TooLarge("more numbers than asked for")
    return decode(_exactly(sock, length, deadline), purse)


def send_with_files(sock: socket.socket, value: Value, descriptors: Sequence[int], deadline: float) -> None:
    """Send one small value as a frame, and descriptors with it.

    Raises
    ------
    OutOfTime, Closed, WireError
    """
    data = encode(value)
    try:
        sock.settimeout(max(deadline - time.monotonic(), 1e-3))
        socket.send_fds(sock, [struct.pack(">I", len(data)) + data], descriptors)
    except TimeoutError as error:
        raise OutOfTime("the other side does not read") from error
    except OSError as error:
        raise Closed(str(error)) from error


def receive_with_files(sock: socket.socket) -> tuple[Value, list[int]]:
    """The next frame's value, and the descriptors that came with it: what the judge sends, which is believed.

    Raises
    ------
    Closed, WireError
    """
    try:
        sock.settimeout(None)
        head, descriptors, _, _ = socket.recv_fds(sock, 4, 2)
    except OSError as error:
        raise Closed(str(error)) from error
    if not head:
        raise Closed("the other side closed the connection")
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    (length,) = struct.unpack(">I", head + _exactly(sock, 4 - len(head), None))
    return decode(_exactly(sock, length, None)), descriptors


# The judge is believed by the worker, never the other way round: scripts are pickled, once for a whole class.
_PICKLED = b"P"
_PICKLED_NAMES = {"Handle", "Rng", "Callback", "Named"}


def encode_script(steps: Sequence[tuple]) -> bytes:
    """Bytes of a script of the judge's own, to be kept for `send_scripts`; raises WireError for what is no plain data.

    Quicker than `encode` to read, and only ever read by a worker.
    """
    try:
        return _PICKLED + pickle.dumps(list(steps), 5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise WireError(f"a script that does not travel: {error}") from None


class _Unpickler(pickle.Unpickler):
    """Finds this module's classes, which the judge knows by a longer name."""

    def find_class(self, module: str, name: str) -> Any:
        if module.endswith("worker.wire") and name in _PICKLED_NAMES:
            return globals()[name]
        return super().find_class(module, name)


def send_scripts(sock: socket.socket, scripts: Iterable[bytes], deadline: float) -> None:
    """Send scripts in one frame, each as `encode_script` or `encode` gives it.

    Raises
    ------
    OutOfTime, Closed, WireError
    """
    data = b"".join(part for script in scripts for part in (struct.pack(">I", len(script)), script))
    if len(data) > MAX_FRAME:
        raise WireError(f"a frame of {len(data)} bytes (at most {MAX_FRAME})")
    try:
        sock.settimeout(max(deadline - time.monotonic(), 1e-3))
        sock.sendall(struct.pack(">I", len(data)) + data)
    except TimeoutError as error:
        raise OutOfTime("the other side does not read") from error
    except OSError as error:
        raise Closed(str(error)) from error


def receive_scripts(sock: socket.socket) -> list[list[tuple]]:
    """The judge's next scripts; raises Closed where there will be none."""
    (length,) = struct.unpack(">I", _exactly(sock, 4, None))
    data = _exactly(sock, length, None)
    scripts, at = [], 0
    while at < length:
        (size,) = struct.unpack_from(">I", data, at)
        part = data[at + 4 : at + 4 + size]
        at += 4 + size
        steps: Any = _Unpickler(io.BytesIO(part[1:])).load() if part[:1] == _PICKLED else decode(part)
        scripts.append(steps)
    return scripts


PROGRESS_BYTES = 8


def progress(script: int, step: int) -> bytes:
    """How far a fork is, as it stands in the file that it shares with the judge: it only grows.

    Parameters
    ----------
    script : how many it has begun
    step : which of its steps it is at
    """
    return struct.pack("<Q", script << 32 | step + 1)


def read_progress(data: bytes) -> int:
    """A number that only grows; 0 for what is none."""
    return struct.unpack("<Q", data)[0] if len(data) == PROGRESS_BYTES else 0


class Frames:
    """Frames out of the bytes that have arrived."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Take bytes in."""
        self._data += data

    def next(self, purse: Purse) -> Value | type["Frames"]:
        """The next frame's value, paid for from the purse; this class where it is not whole yet.

        Raises
        ------
        TooLarge, WireError
        """
        if len(self._data) < 4:
            return Frames
        (length,) = struct.unpack_from(">I", self._data)
        if length > MAX_FRAME:
            raise WireError(f"a frame of {length} bytes (at most {MAX_FRAME})")
        if length > _MOST_BYTES * purse.left:
            raise TooLarge("more numbers than asked for")
        if len(self._data) < 4 + length:
            return Frames
        frame = bytes(memoryview(self._data)[4 : 4 + length])
        del self._data[: 4 + length]
        return decode(frame, purse)


def _exactly(sock: socket.socket, n: int, deadline: float | None) -> bytes:
    # One buffer, not a list of what came: a frame in pieces of a byte would take fifty times its size.
    data = bytearray()
    while len(data) < n:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise OutOfTime("no answer in time")
        try:
            sock.settimeout(left)
            part = sock.recv(min(n - len(data), 2**20))
        except TimeoutError:
            raise OutOfTime("no answer in time") from None
        except OSError as error:
            raise Closed(str(error)) from error
        if not part:
            raise Closed("the other side closed the connection")
        data += part
    return bytes(data)
