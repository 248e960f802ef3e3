"""The landscapes are what their formulas say: gradients and Hessians against autograd, minima and starts."""

import dataclasses

import numpy as np
import pytest
import torch

from helpers import landscapes
from helpers.landscapes import Landscape

FORMULAS = {
    "bowl": (landscapes.bowl(25.0), lambda x, y: (x**2 + 25 * y**2) / 2),
    "flat": (landscapes.quadratic((0.0, 3.0)), lambda x, y: 1.5 * y**2 + 0 * x),
    "two_wells": (landscapes.two_wells(), lambda x, y: (x**2 - 1) ** 2 + 0.3 * x + y**2),
    "saddle": (landscapes.saddle(), lambda x, y: (x**2 - y**2) / 2 + y**4 / 4),
    "rosenbrock": (landscapes.rosenbrock(), lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2),
    "beale": (
        landscapes.beale(),
        lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
    ),
    "himmelblau": (landscapes.himmelblau(), lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2),
}
CASES = [pytest.param(*case, id=name) for name, case in FORMULAS.items()]
ALL = [pytest.param(case[0], id=name) for name, case in FORMULAS.items()]


def points(landscape: Landscape, n: int = 25) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(*np.transpose([landscape.xlim, landscape.ylim]), size=(n, 2))


@pytest.mark.parametrize(("landscape", "formula"), CASES)
def test_value_and_gradient_are_those_of_autograd(landscape, formula):
    w = points(landscape)
    t = torch.tensor(w, requires_grad=True)
    value = formula(t[:, 0], t[:, 1])
    value.sum().backward()
    np.testing.assert_allclose(landscape.value(w), value.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(landscape.gradient(w), t.grad.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("landscape", "formula"), CASES)
def test_hessian_is_that_of_autograd(landscape, formula):
    for w in points(landscape, 5):
        H = torch.autograd.functional.hessian(lambda t: formula(t[0], t[1]), torch.tensor(w))
        np.testing.assert_allclose(landscape.hessian(w), H.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("landscape", ALL)
def test_a_grid_is_filled_by_one_call_and_has_rows_along_y(landscape):
    x, y, values = landscape.grid(7)
    assert values.shape == (7, 7)
    assert values[5, 2] == pytest.approx(float(landscape.value(np.array([x[2], y[5]]))))


@pytest.mark.parametrize("landscape", ALL)
def test_minima_are_flat_lie_on_the_floor_curve_upwards_and_in_the_picture(landscape):
    for w in landscape.minima:
        assert np.abs(landscape.gradient(w)).max() < 1e-9
        assert landscape.value(w) == pytest.approx(landscape.floor, abs=1e-12)
        assert np.linalg.eigvalsh(landscape.hessian(w)).min() > 0
        assert landscape.xlim[0] < w[0] < landscape.xlim[1]
        assert landscape.ylim[0] < w[1] < landscape.ylim[1]


@pytest.mark.parametrize("landscape", ALL)
def test_nothing_in_the_picture_lies_below_the_floor(landscape):
    assert landscape.grid(101)[2].min() >= landscape.floor


@pytest.mark.parametrize("landscape", [*landscapes.racetracks().values(), landscapes.bowl()])
def test_gradient_descent_gets_down_from_the_start_with_the_suggested_rate(landscape):
    assert landscape.xlim[0] < landscape.start[0] < landscape.xlim[1]
    assert landscape.ylim[0] < landscape.start[1] < landscape.ylim[1]
    w = landscape.start
    for _ in range(200):
        w = w - landscape.lr * landscape.gradient(w)
    assert landscape.value(w) - landscape.floor < 0.5 * (landscape.value(landscape.start) - landscape.floor)


def test_the_bowl_has_the_condition_it_is_asked_for():
    assert np.linalg.cond(landscapes.bowl(40.0).hessian(np.zeros(2))) == pytest.approx(40.0)
    with pytest.raises(ValueError, match=r"condition=0\.5 must be at least 1"):
        landscapes.bowl(0.5)


def test_the_saddle_really_has_one_at_the_origin():
    saddle = landscapes.saddle()
    assert not saddle.gradient(np.zeros(2)).any()
    assert sorted(np.sign(np.linalg.eigvalsh(saddle.hessian(np.zeros(2))))) == [-1, 1]


def test_a_landscape_cannot_be_changed_by_whoever_draws_it():
    bowl = landscapes.bowl()
    with pytest.raises(dataclasses.FrozenInstanceError):
        bowl.lr = 1.0
    with pytest.raises(ValueError, match="read-only"):
        bowl.start += 1
    with pytest.raises(ValueError, match="read-only"):
        bowl.minima[0] = 1
