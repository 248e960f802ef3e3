"""What a helper is given, looked at before it is used: an error names the argument, its value and what is allowed."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np


def function(name: str, value: Any) -> None:
    """Raise TypeError where value is no function."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {_kind(value)}")


def generator(name: str, value: Any) -> None:
    """Raise TypeError where value is no generator of random numbers."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name} must be a numpy.random.Generator, as np.random.default_rng(0) is, got {_kind(value)}")


def whole(name: str, value: Any, least: int) -> None:
    """Raise where value is no whole number, or below least."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {_kind(value)}")
    if value < least:
        raise ValueError(f"{name}={value} must be at least {least}")


def number(name: str, value: Any, allowed: Callable[[float], bool], words: str) -> None:
    """Raise where value is no number, or none of those that the words describe; nan never is."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {_kind(value)}")
    if not allowed(float(value)):
        raise ValueError(f"{name}={value} must {words}")


def positive(name: str, value: Any) -> None:
    """Raise where value is no number above 0."""
    number(name, value, lambda v: 0 < v < np.inf, "be positive and finite")


def not_negative(name: str, value: Any) -> None:
    """Raise where value is no number from 0 on."""
    number(name, value, lambda v: 0 <= v < np.inf, "not be negative, and be finite")


def share(name: str, value: Any) -> None:
    """Raise where value is no number in [0, 1)."""
    number(name, value, lambda v: 0 <= v < 1, "lie in [0, 1)")


def numbers(name: str, value: Any) -> np.ndarray:
    """Return an array of float64, copied; None and text are refused, where NumPy would make nan of the one."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got {_kind(value)}")
    return np.array(array, dtype=np.float64)


def samples(name: str, value: Any) -> np.ndarray:
    """Return an array whose first axis counts samples; lists are made one."""
    array = np.asarray(value)
    if array.ndim == 0:
        raise TypeError(f"{name} must be an array of samples, got {_kind(value)}")
    return array


def labels(name: str, value: Any, n: int, classes: int | None = None) -> np.ndarray:
    """Return labels (n,): whole numbers from 0 on, below classes where that is known.

    NumPy would take -1 for the last class, and make a matrix of one-hot rows without a word.
    """
    array = np.asarray(value)
    if array.ndim == 2:
        raise ValueError(f"{name} has shape {array.shape}: of one-hot rows take the labels, {name}.argmax(axis=1)")
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}: labels have shape (N,)")
    if len(array) != n:
        raise ValueError(f"x has {n} samples, {name} has {len(array)}: they must be as many")
    if len(array) and array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold whole numbers, got {array.dtype}: {name}.astype(int), if they are labels")
    if len(array) and array.min() < 0:
        raise ValueError(f"{name} holds {array.min()}: labels count from 0")
    if len(array) and classes is not None and array.max() >= classes:
        raise ValueError(f"{name} holds {array.max()}: for {classes} classes the last label is {classes - 1}")
    return array.astype(int) if not len(array) else array


def _kind(value: Any) -> str:
    """What came, in few words."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"{type(value).__name__} ({value!r:.40})" if np.isscalar(value) else type(value).__name__
