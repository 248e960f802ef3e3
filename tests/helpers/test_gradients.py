"""Finite differences agree with autograd, and the report points at the worst entry."""

import numpy as np
import pytest
import torch

from helpers.gradients import gradient_report, numerical_gradient, relative_error


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def autograd(f, x, dout=None):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    out = f(x)
    out.backward(torch.ones_like(out) if dout is None else torch.tensor(dout))
    return x.grad.numpy()


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 2), (2, 3, 2)])
def test_gradient_of_a_scalar_function_is_autograds(rng, shape):
    x = rng.standard_normal(shape)
    grad = numerical_gradient(lambda x: np.sum(np.sin(x) * x**2), x)
    assert grad.shape == shape
    np.testing.assert_allclose(grad, autograd(lambda x: (torch.sin(x) * x**2).sum(), x), rtol=1e-7, atol=1e-9)


def test_gradient_of_an_array_function_is_weighted_by_dout(rng):
    x, w, dout = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.standard_normal((4, 2))
    grad = numerical_gradient(lambda x: np.tanh(x @ w), x, dout=dout)
    expected = autograd(lambda x: torch.tanh(x @ torch.tensor(w)), x, dout)
    np.testing.assert_allclose(grad, expected, rtol=1e-7, atol=1e-9)


def test_error_falls_with_the_square_of_h():
    errors = [abs(numerical_gradient(np.exp, np.array(1.0), h) - np.e) for h in (1e-2, 1e-3)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_integers_and_float32_are_differentiated_in_float64(dtype):
    x = np.array([1, 2, 3], dtype=dtype)
    grad = numerical_gradient(lambda x: np.sum(x**2), x)
    assert grad.dtype == np.float64
    np.testing.assert_allclose(grad, [2, 4, 6], rtol=1e-9)


def test_x_is_untouched_even_if_f_writes_to_its_argument_or_raises():
    x = np.array([1.0, 2.0])

    def vandal(x):
        x += 1e6
        return 0.0

    def broken(x):
        raise RuntimeError("halfway")

    numerical_gradient(vandal, x)
    with pytest.raises(RuntimeError, match="halfway"):
        numerical_gradient(broken, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_f_may_return_its_argument_or_a_buffer_it_reuses(rng):
    x, dout, buffer = rng.standard_normal(3), rng.standard_normal(3), np.empty(3)
    np.testing.assert_allclose(numerical_gradient(lambda x: x, x, dout=dout), dout, rtol=1e-9)
    grad = numerical_gradient(lambda x: np.multiply(x, 2, out=buffer), x, dout=dout)
    np.testing.assert_allclose(grad, 2 * dout, rtol=1e-9)


def test_entries_that_do_not_depend_on_x_cost_no_precision():
    # 1e12 + x would lose all but four digits of x if the entries were summed first.
    grad = numerical_gradient(lambda x: np.array([1e12, x[0]]), np.array([3.0]), dout=np.ones(2))
    np.testing.assert_allclose(grad, [1.0], rtol=1e-9)


def test_an_array_function_without_a_fitting_dout_is_refused():
    with pytest.raises(ValueError, match=r"f\(x\) has shape \(2,\): dout is needed"):
        numerical_gradient(lambda x: x, np.ones(2))
    with pytest.raises(ValueError, match=r"dout has shape \(1, 2\)"):
        numerical_gradient(lambda x: x, np.ones(2), dout=np.ones((1, 2)))


@pytest.mark.parametrize("h", [0.0, -1e-5, np.nan])
def test_h_must_be_positive(h):
    with pytest.raises(ValueError, match="must be positive"):
        numerical_gradient(np.sum, np.ones(2), h)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0], [1.0, 3.0], 0.2),
        ([1.0], [-1.0], 1.0),
        ([0.0], [5.0], 1.0),
        ([0.0], [0.0], 0.0),
        ([1e-10], [0.0], 1e-2),  # judged against 1e-8
        ([1], [3], 0.5),  # integers
        ([], [], 0.0),
    ],
)
def test_relative_error_is_the_largest_by_its_definition(a, b, expected):
    assert relative_error(np.array(a), np.array(b)) == pytest.approx(expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_relative_error_of_what_is_not_finite_is_nan(bad):
    assert np.isnan(relative_error(np.array([bad, 1.0]), np.array([bad, 1.0])))
    assert np.isnan(relative_error(np.array([bad]), np.array([1.0])))


def test_relative_error_does_not_broadcast():
    with pytest.raises(ValueError, match=r"\(3,\) and \(1, 3\) differ"):
        relative_error(np.ones(3), np.ones((1, 3)))


def test_report_points_at_the_one_wrong_entry(rng):
    w = rng.uniform(1, 2, (4, 3))
    grad = 3 * w**2
    grad[2, 1] *= 1.5
    report = gradient_report(lambda w: np.sum(w**3), w, grad, name="W1")
    assert report.index == (2, 1)
    assert report.analytic == grad[2, 1]
    assert report.numerical == pytest.approx(grad[2, 1] / 1.5)
    assert report.error == pytest.approx(0.2)
    text = str(report)
    assert "W1[2, 1]" in text and "2.0e-01" in text and "they differ" in text
    assert len(text.splitlines()) == 4


def test_report_on_a_right_gradient_says_so(rng):
    w, dout = rng.standard_normal(5), rng.standard_normal(5)
    report = gradient_report(np.tanh, w, dout * (1 - np.tanh(w) ** 2), dout=dout)
    assert report.error < 1e-6
    assert "they agree" in str(report)


def test_report_does_not_hide_a_mistake_behind_rounding():
    # Entry 0 has the larger relative error, 0.8, but only because 8e-9 is not 0; entry 1 is wrong by 10 %.
    report = gradient_report(lambda w: 8e-9 * w[0] + w[1], np.ones(2), np.array([0.0, 1.1]), h=0.1)
    assert report.index == (1,)
    only_rounding = gradient_report(lambda w: 8e-9 * w[1], np.ones(2), np.zeros(2), h=0.1)
    assert only_rounding.index == (1,) and "0 up to rounding" in str(only_rounding)


def test_report_finds_nan():
    report = gradient_report(lambda w: np.sum(w**2), np.ones(3), np.array([2.0, np.nan, 7.0]))
    assert report.index == (1,)
    assert "not finite" in str(report)


def test_report_refuses_a_gradient_of_another_shape():
    with pytest.raises(ValueError, match=r"grad has shape \(1, 2\), b has \(2,\)"):
        gradient_report(np.sum, np.ones(2), np.ones((1, 2)), name="b")
    with pytest.raises(ValueError, match="no entries"):
        gradient_report(np.sum, np.ones(0), np.ones(0))


def test_report_works_on_a_single_number():
    report = gradient_report(lambda w: w**2, np.array(3.0), np.array(6.0), name="b")
    assert report.index == () and "worst at b\n" in str(report)
