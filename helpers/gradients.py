"""Gradients by finite differences, and how far an analytic gradient is from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers import arguments

TINY = 1e-8  # below this, a difference of two gradients is judged absolutely


def numerical_gradient(
    f: Callable[[np.ndarray], float | np.ndarray],
    x: np.ndarray,
    h: float = 1e-5,
    *,
    dout: np.ndarray | None = None,
) -> np.ndarray:
    """Return the gradient of f at x by central differences.

    ``(f(x + h e_i) - f(x - h e_i)) / (2 h)`` for each entry i; the error is of order h^2.

    Parameters
    ----------
    f : function of an array like x; is given float64 copies, so x itself is never changed
    x : ndarray of any shape, integers too
    h : float, positive; half the distance between the two points
    dout : ndarray of the shape of f(x); gradient of the loss in f(x), needed if f(x) is no scalar

    Returns
    -------
    ndarray of the shape of x, float64
        Gradient of f, or of ``sum(dout * f(x))``.

    Raises
    ------
    ValueError
        If h is not positive, or f(x) and dout differ in shape.
    TypeError
        If f is no function, or what it returns, x, h or dout are no numbers.

    Examples
    --------
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([1, 2, 3])).round(6)
    array([2., 4., 6.])
    """
    arguments.function("f", f)
    arguments.positive("h", h)
    x = arguments.numbers("x", x)
    weight = arguments.numbers("dout", 1.0 if dout is None else dout)
    grad = np.empty_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        # Copied, because f may give back its argument, or a buffer that its next call overwrites.
        upper, lower = (arguments.numbers("f(x)", f(point)) for point in (above, below))
        if dout is None and upper.size == 1:
            upper, lower = upper.reshape(()), lower.reshape(())
        if upper.shape != weight.shape:
            needed = "dout is needed" if dout is None else f"dout has shape {weight.shape}"
            raise ValueError(f"f(x) has shape {upper.shape}: {needed}")
        # Subtracted before the sum: entries that do not depend on x cancel exactly.
        grad[index] = np.sum(weight * (upper - lower)) / (2 * h)
    return grad


def _relative_errors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = arguments.numbers("a", a), arguments.numbers("b", b)
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} differ")
    with np.errstate(invalid="ignore"):  # inf - inf is nan, and that is the answer
        return np.abs(a - b) / np.maximum(TINY, np.abs(a) + np.abs(b))


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest relative difference between two arrays.

    ``max_i |a_i - b_i| / max(1e-8, |a_i| + |b_i|)``: 0 for equal arrays, 1 where the signs differ
    or one of the two is 0, nan where one is not finite.

    Parameters
    ----------
    a, b : ndarray of the same shape

    Raises
    ------
    ValueError
        If the shapes differ: (D,) and (1, D) would be compared entry with entry of another row.

    Examples
    --------
    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.2])).__round__(4)
    0.0476
    """
    return float(np.max(_relative_errors(a, b), initial=0.0))


@dataclass(frozen=True)
class GradientReport:
    """Where an analytic gradient is farthest from the numerical one.

    Attributes
    ----------
    name : str; what the gradient is taken in
    shape : tuple of int; of the gradient
    index : tuple of int; the worst entry
    analytic, numerical : float; the two gradients there
    error : float; their relative error
    """

    name: str
    shape: tuple[int, ...]
    index: tuple[int, ...]
    analytic: float
    numerical: float
    error: float

    def __str__(self) -> str:
        where = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return (
            f"gradient in {self.name}, shape {self.shape}: worst at {self.name}{where}\n"
            f"  analytic       {self.analytic: .10g}\n"
            f"  numerical      {self.numerical: .10g}\n"
            f"  relative error {self.error: .1e}: {self._verdict()}"
        )

    def _verdict(self) -> str:
        if not np.isfinite(self.error):
            return "not finite"
        if max(abs(self.analytic), abs(self.numerical)) < TINY:
            return "both are 0 up to rounding, here and everywhere"
        if self.error < 1e-6:
            return "they agree"
        if self.error < 1e-3:
            return "close: rounding, a kink (as of ReLU at 0), or a small mistake; try another h"
        return "they differ"


def gradient_report(
    f: Callable[[np.ndarray], float | np.ndarray],
    x: np.ndarray,
    grad: np.ndarray,
    *,
    h: float = 1e-5,
    name: str = "x",
    dout: np.ndarray | None = None,
) -> GradientReport:
    """Return where the gradient grad of f at x is farthest from the numerical one; print it to read.

    Entries where both gradients are below 1e-8 are only looked at if there are no others: what
    differs there is rounding, and must not hide a mistake elsewhere.

    Parameters
    ----------
    f, x, h, dout
        As in `numerical_gradient`.
    grad : ndarray of the shape of x; the analytic gradient under test
    name : str; what to call x

    Raises
    ------
    ValueError
        If grad has another shape than x, or x has no entries.

    Examples
    --------
    >>> w = np.array([1.0, 2.0])
    >>> print(gradient_report(lambda w: np.sum(w**2), w, np.array([2.0, 2.0]), name="w"))
    gradient in w, shape (2,): worst at w[1]
      analytic        2
      numerical       4
      relative error  3.3e-01: they differ
    """
    x, grad = arguments.numbers(name, x), arguments.numbers("grad", grad)
    if grad.shape != x.shape:
        raise ValueError(f"grad has shape {grad.shape}, {name} has {x.shape}")
    if x.size == 0:
        raise ValueError(f"{name} has no entries (shape {x.shape})")
    numerical = numerical_gradient(f, x, h, dout=dout)
    errors = _relative_errors(grad, numerical)
    rounding = np.maximum(np.abs(grad), np.abs(numerical)) < TINY
    ranked = errors if rounding.all() else np.where(rounding, -1.0, errors)
    worst = np.unravel_index(np.argmax(ranked), x.shape)
    return GradientReport(
        name=name,
        shape=x.shape,
        index=tuple(int(i) for i in worst),
        analytic=float(grad[worst]),
        numerical=float(numerical[worst]),
        error=float(errors[worst]),
    )
