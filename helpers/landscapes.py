"""Functions of two variables to walk down on: value, gradient, Hessian, minima, where to look and where to start.

All take `w` of shape (..., 2), the two coordinates in the last axis, so that one call also fills a grid.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from helpers import arguments

Field = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Landscape:
    """A loss over two parameters.

    Attributes
    ----------
    name : as it stands over a picture
    value : ``value(w)``, (..., 2) -> (...)
    gradient : ``gradient(w)``, (..., 2) -> (..., 2)
    hessian : ``hessian(w)``, (2,) -> (2, 2)
    minima : ndarray of shape (M, 2); all global minima, M = 0 where the function has none
    floor : float; the value there, or that which a picture may count as the floor
    start : ndarray of shape (2,); a start from which the walk is worth seeing
    xlim, ylim : the part worth drawing
    lr, momentum : setting under which SGD and momentum both get somewhere from `start`
    log_levels : bool; contours evenly spaced in log(value - floor), for functions that are very steep outside
    """

    name: str
    value: Field = field(repr=False)
    gradient: Field = field(repr=False)
    hessian: Field = field(repr=False)
    minima: np.ndarray
    floor: float
    start: np.ndarray
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    lr: float
    momentum: float = 0.9
    log_levels: bool = True

    def grid(self, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return x (n,), y (n,) and the values (n, n) over the part worth drawing, rows along y."""
        arguments.whole("n", n, 2)
        x, y = np.linspace(*self.xlim, n), np.linspace(*self.ylim, n)
        return x, y, self.value(np.stack(np.meshgrid(x, y), axis=-1))


def _points(*points: tuple[float, float]) -> np.ndarray:
    array = np.array(points, dtype=float).reshape(-1, 2)
    array.flags.writeable = False
    return array


def _stack(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.stack([first, second], axis=-1)


def quadratic(
    curvatures: tuple[float, float],
    *,
    name: str = "quadratic",
    start: tuple[float, float] = (-9.0, 1.0),
    xlim: tuple[float, float] = (-10.0, 10.0),
    ylim: tuple[float, float] = (-2.0, 2.0),
    lr: float = 0.01,
    momentum: float = 0.9,
) -> Landscape:
    """Return (a x^2 + b y^2) / 2 for curvatures (a, b): its Hessian is diag(a, b) everywhere.

    Parameters
    ----------
    curvatures : the eigenvalues of the Hessian, along x and along y
    """
    scale = arguments.numbers("curvatures", curvatures)
    if scale.shape != (2,):
        raise ValueError(f"curvatures={curvatures!r} must be two numbers, along x and along y")
    lowest = _points((0.0, 0.0)) if scale.min() > 0 else _points()
    return Landscape(
        name=name,
        value=lambda w: np.sum(scale * np.square(w), axis=-1) / 2,
        gradient=lambda w: scale * w,
        hessian=lambda w: np.diag(scale),
        minima=lowest,
        floor=0.0,
        start=_points(start)[0],
        xlim=xlim,
        ylim=ylim,
        lr=lr,
        momentum=momentum,
        log_levels=False,
    )


def bowl(condition: float = 25.0) -> Landscape:
    """Return the ill-conditioned bowl (x^2 + condition y^2) / 2: shallow along x, steep along y.

    Gradient descent is stable below lr = 2 / condition, and fastest at lr = 2 / (1 + condition).

    Parameters
    ----------
    condition : largest over smallest curvature, at least 1

    Examples
    --------
    >>> bowl(25.0).hessian(np.zeros(2))
    array([[ 1.,  0.],
           [ 0., 25.]])
    """
    arguments.number("condition", condition, lambda value: 1 <= value < np.inf, "be at least 1")
    # The start has as much loss along x as along y, whatever the condition, so that neither is a side issue.
    side = 9.0 / np.sqrt(condition)
    return quadratic(
        (1.0, condition),
        name=f"bowl, condition {condition:g}",
        start=(-9.0, side),
        ylim=(-2.2 * side, 2.2 * side),
        lr=1.0 / condition,
    )


def saddle() -> Landscape:
    """Return (x^2 - y^2) / 2 + y^4 / 4: a saddle at the origin, minima at (0, 1) and (0, -1).

    The quartic gives the way down an end, so that leaving the saddle is not falling for ever.
    """

    def value(w):
        x, y = w[..., 0], w[..., 1]
        return (x**2 - y**2) / 2 + y**4 / 4

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        return _stack(x, y**3 - y)

    return Landscape(
        name="saddle",
        value=value,
        gradient=gradient,
        hessian=lambda w: np.diag([1.0, 3 * w[1] ** 2 - 1]),
        minima=_points((0.0, 1.0), (0.0, -1.0)),
        floor=-0.25,
        start=_points((-1.6, 0.001))[0],
        xlim=(-1.8, 1.8),
        ylim=(-1.5, 1.5),
        lr=0.1,
        momentum=0.8,
        log_levels=False,
    )


def two_wells(tilt: float = 0.3) -> Landscape:
    """Return (x^2 - 1)^2 + tilt x + y^2: a deep well on the left, a shallow one, a local minimum, on the right.

    Parameters
    ----------
    tilt : positive, below 1.5, where the shallow well is gone
    """
    if not 0 < tilt < 1.5:
        raise ValueError(f"tilt={tilt} must lie between 0 and 1.5")

    def value(w):
        x, y = w[..., 0], w[..., 1]
        return (x**2 - 1) ** 2 + tilt * x + y**2

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        return _stack(4 * x * (x**2 - 1) + tilt, 2 * y)

    lowest = _points((float(np.roots([4, 0, -4, tilt]).real.min()), 0.0))
    return Landscape(
        name="two wells",
        value=value,
        gradient=gradient,
        hessian=lambda w: np.diag([12 * w[0] ** 2 - 4, 2.0]),
        minima=lowest,
        floor=float(value(lowest[0])),
        start=_points((2.0, 0.8))[0],
        xlim=(-2.2, 2.2),
        ylim=(-1.2, 1.2),
        lr=0.01,
        momentum=0.9,
        log_levels=False,
    )


def rosenbrock() -> Landscape:
    """Return (1 - x)^2 + 100 (y - x^2)^2, minimum 0 at (1, 1): a curved canyon with a nearly flat floor.

    Rosenbrock (1960), An automatic method for finding the greatest or least value of a function.
    """

    def value(w):
        x, y = w[..., 0], w[..., 1]
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        slope = 200 * (y - x**2)
        return _stack(-2 * (1 - x) - 2 * x * slope, slope)

    def hessian(w):
        x, y = w
        return np.array([[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200.0]])

    return Landscape(
        name="Rosenbrock",
        value=value,
        gradient=gradient,
        hessian=hessian,
        minima=_points((1.0, 1.0)),
        floor=0.0,
        start=_points((-1.2, 1.0))[0],
        xlim=(-1.8, 1.8),
        ylim=(-0.8, 2.2),
        lr=1e-3,
        momentum=0.9,
    )


def beale() -> Landscape:
    """Return (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2, minimum 0 at (3, 0.5).

    Beale (1958), On an iterative method for finding a local minimum of a function of more than one variable.
    """
    targets = (1.5, 2.25, 2.625)

    def residuals(x, y):
        return [c - x * (1 - y**i) for i, c in enumerate(targets, start=1)]

    def value(w):
        return sum(r**2 for r in residuals(w[..., 0], w[..., 1]))

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        rs = residuals(x, y)
        along_x = sum(2 * r * (y**i - 1) for i, r in enumerate(rs, start=1))
        along_y = sum(2 * r * i * x * y ** (i - 1) for i, r in enumerate(rs, start=1))
        return _stack(along_x, along_y)

    def hessian(w):
        x, y = w
        H = np.zeros((2, 2))
        for i, r in enumerate(residuals(x, y), start=1):
            slope = np.array([y**i - 1, i * x * y ** (i - 1)])
            bend_xy = i * y ** (i - 1)
            bend_yy = i * (i - 1) * x * y ** (i - 2) if i > 1 else 0.0
            H += 2 * (np.outer(slope, slope) + r * np.array([[0.0, bend_xy], [bend_xy, bend_yy]]))
        return H

    return Landscape(
        name="Beale",
        value=value,
        gradient=gradient,
        hessian=hessian,
        minima=_points((3.0, 0.5)),
        floor=0.0,
        start=_points((0.6, 1.5))[0],
        xlim=(-0.5, 4.2),
        ylim=(-1.0, 1.9),
        lr=5e-3,
        momentum=0.9,
    )


def himmelblau() -> Landscape:
    """Return (x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima, all 0; the start decides which is found.

    Himmelblau (1972), Applied Nonlinear Programming.
    """

    def value(w):
        x, y = w[..., 0], w[..., 1]
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        first, second = x**2 + y - 11, x + y**2 - 7
        return _stack(4 * x * first + 2 * second, 2 * first + 4 * y * second)

    def hessian(w):
        x, y = w
        cross = 4 * (x + y)
        return np.array([[12 * x**2 + 4 * y - 42, cross], [cross, 12 * y**2 + 4 * x - 26]])

    return Landscape(
        name="Himmelblau",
        value=value,
        gradient=gradient,
        hessian=hessian,
        minima=_points(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
        floor=0.0,
        start=_points((0.0, -0.5))[0],
        xlim=(-5.5, 5.5),
        ylim=(-5.5, 5.5),
        lr=5e-3,
        momentum=0.9,
    )


def racetracks() -> dict[str, Landscape]:
    """Return the landscapes of the race by name: a narrow bowl, the saddle, Rosenbrock, Beale and Himmelblau."""
    tracks = [bowl(100.0), saddle(), rosenbrock(), beale(), himmelblau()]
    return {track.name: track for track in tracks}
