"""What lbfgs_minimize is given to minimise, and the way down: dense BFGS in torch, with gradients by autograd.

Where PyTorch is not installed: by the right solution of lbfgs_direction and the problems' own gradients.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autograder.exercises.second_order import lbfgs_direction
from autograder.exercises.second_order._curvature import symmetric
from autograder.exercises.second_order._pairs import CURVED, direction
from autograder.judge import in_torch, torch, without_compiler
from autograder.judge.references import by_solution

SMALL = 1e-6
ARRIVED = 1e-5
MOST_CALLS = 400


@dataclass
class Problem:
    """A function to minimise and where to start; it counts what it is asked.

    Parameters
    ----------
    value : of arrays or tensors alike; the second argument is numpy or torch
    gradient : of arrays; None: by autograd
    w0 : ndarray of shape (n,)
    """

    value: Callable[..., Any]
    gradient: Callable[[np.ndarray], np.ndarray]
    w0: np.ndarray
    points: list[bytes] = field(default_factory=list)
    arrived: int = 0

    def reset(self) -> None:
        self.points, self.arrived = [], 0

    def f_and_grad(self, *args: Any) -> tuple[float, np.ndarray]:
        """What the student's function is given: it refuses what is no point, and stops what never ends."""
        w = args[0] if len(args) == 1 else None
        if not isinstance(w, np.ndarray) or w.shape != self.w0.shape or w.dtype.kind != "f":
            raise ValueError(f"f_and_grad takes one array of floats, of shape {self.w0.shape} like w0")
        if len(self.points) >= MOST_CALLS:
            raise RuntimeError(f"f_and_grad has been asked {MOST_CALLS} times")
        with np.errstate(all="ignore"):
            point = w.astype(np.float64)
            value, grad = float(self.value(point, np)), self.gradient(point)
        self.points.append(point.tobytes())
        if not self.arrived and np.abs(grad).max() <= self.small_enough:
            self.arrived = len(self.points)
        return value, grad.astype(self.w0.dtype)

    @cached_property
    def small_enough(self) -> float:
        """The gradient with which one has arrived."""
        with np.errstate(all="ignore"):
            return ARRIVED * max(1.0, float(np.abs(self.gradient(self.w0.astype(np.float64))).max()))


def bowl(rng, w0, curvatures=(0.5, 4.0), turned=True):
    sizes = np.geomspace(*curvatures, len(w0)) if len(w0) > 1 else np.array(curvatures[:1])
    H = symmetric(rng, sizes) if turned else np.diag(sizes)
    return Problem(lambda w, m: w @ m.asarray(H) @ w / 2, lambda w: H @ w, w0)


def steep(curvature, w0):
    return Problem(lambda w, m: curvature * (w**2).sum() / 2, lambda w: curvature * w, w0)


def rosenbrock(w0):
    def gradient(w):
        bend = w[1:] - w[:-1] ** 2
        grad = np.zeros_like(w)
        grad[1:] += 200 * bend
        grad[:-1] += -400 * w[:-1] * bend - 2 * (1 - w[:-1])
        return grad

    return Problem(lambda w, m: (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum(), gradient, w0)


def wells(w0):
    return Problem(lambda w, m: (w**4 / 4 - w**2 / 2).sum(), lambda w: w**3 - w, w0)


def barrier(w0, height=1.0):
    """w - log w: what is not positive has no value."""
    return Problem(lambda w, m: height * (w - m.log(w)).sum(), lambda w: height * (1 - 1 / w), w0)


def logistic(rng, w0):
    x = rng.standard_normal((40, len(w0))) * np.linspace(0.5, 3.0, len(w0))
    y = np.sign(x @ rng.standard_normal(len(w0)) + rng.standard_normal(40))
    rows = y[:, None] * x

    def gradient(w):
        margins = rows @ w
        return -(rows / (1 + np.exp(margins))[:, None]).mean(axis=0) + 0.02 * w

    return Problem(lambda w, m: m.log1p(m.exp(-(m.asarray(rows) @ w))).mean() + 0.01 * (w @ w), gradient, w0)


def skewed(w0, cosine=3e-11, turn=30.0):
    """A first step of size 5 along which the slope only turns: s.y is `cosine` |s||y|, however one adds."""

    def value(w, m):
        return 5 * w[0] + turn * (cosine * w[0] ** 2 / 2 + w[0] * w[1] + w[1] ** 2 / 2)

    return Problem(value, lambda w: np.array([5 + turn * (cosine * w[0] + w[1]), turn * (w[0] + w[1])]), w0)


def kink(w0):
    """The sum of absolute values from its lowest point, where the slope claims to lead down and does not."""
    return Problem(lambda w, m: abs(w).sum(), lambda w: np.where(w >= 0, 1.0, -1.0), w0)


@dataclass(frozen=True)
class Walk:
    """The way down: w after 0, 1, 2, ... iterations; how clear its closest decision was; calls until it had arrived."""

    iterates: list[np.ndarray]
    margin: float
    calls: int
    steepest: list[float]


def walked(problem: Problem, history: int, iterations: int) -> Walk:
    """The procedure as it is asked for, with the dense matrix of the pairs that are kept."""

    def evaluate(w):
        if m is np:
            with np.errstate(all="ignore"):
                return problem.value(w, np), problem.gradient(w)
        leaf = w.clone().requires_grad_()
        value = problem.value(leaf, torch)
        return value.detach(), torch.autograd.grad(value, leaf)[0]

    m, direction_of = (np, lbfgs_direction.right) if by_solution() else (torch, direction)
    w = m.asarray(problem.w0.astype(np.float64))
    f, grad = evaluate(w)
    pairs: list[tuple] = []
    iterates, steepest, margin, calls, arrived = [np.asarray(w)], [float(abs(grad).max())], np.inf, 1, 0
    for _ in range(iterations):
        if not arrived and abs(grad).max() <= problem.small_enough:
            arrived = calls
        if abs(grad).max() <= SMALL:
            break
        d = direction_of(grad, [s for s, _ in pairs], [y for _, y in pairs])
        slope, step = grad @ d, 1.0
        for _ in range(51):
            new, most = w + step * d, f + 1e-4 * step * slope
            f_new, grad_new = evaluate(new)
            calls += 1
            if m.isfinite(f_new):
                margin = min(margin, float(abs(f_new - most) / (abs(f) + abs(f_new) + 1e-300)))
            if f_new <= most:
                break
            step /= 2
        else:
            break
        s, y = new - w, grad_new - grad
        sizes = m.linalg.norm(s) * m.linalg.norm(y)
        margin = min(margin, float(abs(s @ y - CURVED * sizes) / sizes) * 1e-3) if sizes > 0 else margin
        pairs = [*pairs, (s, y)][-history:] if s @ y > CURVED * sizes else []
        w, f, grad = new, f_new, grad_new
        iterates.append(np.asarray(w))
        steepest.append(float(abs(grad).max()))
    return Walk(iterates, margin, arrived or calls, steepest)


class _ArrivedError(Exception):
    """Ends a walk of torch's where it has arrived."""


# torch asks 0.4 to 1.2 times as often as the procedure, of the drawn problems; 140 to 200 times on "lowest" alone.
@in_torch(otherwise=lambda problem: 0.7 * walked(problem, 10, 100).calls)
def calls_of_torch(problem: Problem) -> float:
    """How often torch.optim.LBFGS with strong Wolfe steps asks until it has arrived."""
    w = torch.tensor(problem.w0, dtype=torch.float64, requires_grad=True)
    limits = {"max_iter": 500, "max_eval": 2000, "tolerance_grad": 1e-9, "tolerance_change": 0.0}
    optimizer = without_compiler(torch.optim.LBFGS, [w], **limits, line_search_fn="strong_wolfe")
    calls = 0

    def closure():
        nonlocal calls
        optimizer.zero_grad()
        value = problem.value(w, torch)
        value.backward()
        calls += 1
        if w.grad.abs().max() <= problem.small_enough:
            raise _ArrivedError
        return value

    with suppress(_ArrivedError):
        optimizer.step(closure)
    return calls
