"""The checks of batch normalization: wrong solutions that are not in the bank lose points, odd right ones lose none."""

from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import check, exercises
from autograder.exercises.batchnorm import _batches
from autograder.judge import judge
from autograder.judge.judging import LocalCaller

ROOT = Path(__file__).parents[2]
IDS = sorted(f.stem for f in Path(_batches.__file__).parent.glob("[a-z]*.py"))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On busy cores PyTorch's threads wait for one another: 0.1 s for a batch norm of six samples."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def verdict(exercise_id, *functions, seed="public"):
    return judge(exercises.load(exercise_id), LocalCaller(functions), points=10, seed=seed)


# Wrong solutions


def largest_of_std_and_eps(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / np.maximum(x.std(0), eps) + beta, None


def eps_squared(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps**2) + beta, None


def median(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - np.median(x, axis=0)) / np.sqrt(x.var(0) + eps) + beta, None


def float64_inside(x, gamma, beta, *, eps=1e-5):
    ones = np.ones(x.shape)
    return _batches.forward(x * ones, gamma, beta, eps=eps)


def out_alone(x, gamma, beta, *, eps=1e-5):
    return _batches.forward(x, gamma, beta, eps=eps)[0]


def one_pass_clipped(x, gamma, beta, *, eps=1e-5):
    var = np.maximum((x * x).mean(0) - x.mean(0) ** 2, 0)
    return gamma * (x - x.mean(0)) / np.sqrt(var + eps) + beta, None


SHARED = {}


def cache_in_a_global(x, gamma, beta, *, eps=1e-5):
    out, SHARED["cache"] = _batches.forward(x, gamma, beta, eps=eps)
    return out, None


def backward_of_the_global(dout, cache):
    return _batches.backward(dout, SHARED["cache"])


def cached_output(x, gamma, beta, *, eps=1e-5):
    out, (_, _, _, std, _) = _batches.forward(x, gamma, beta, eps=eps)
    return out, (out, std, gamma, beta)


def x_hat_from_the_output(dout, cache):
    """Divides by gamma, which may be 0."""
    out, std, gamma, beta = cache
    x_hat = (out - beta) / gamma
    return _batches.backward(dout, (None, None, x_hat, std, gamma))


def gamma_in_dgamma(dout, cache):
    dx, dgamma, dbeta = _batches.backward(dout, cache)
    return dx, cache[4] * dgamma, dbeta


def dx_averaged(dout, cache):
    dx, dgamma, dbeta = _batches.backward(dout, cache)
    return dx / len(dout), dgamma, dbeta


def eps_of_training_hard_coded(x, gamma, beta, *, eps=1e-5):
    out, (x, centred, x_hat, _, gamma) = _batches.forward(x, gamma, beta, eps=eps)
    return out, (x, centred, x_hat, np.sqrt((centred**2).mean(0) + 1e-5), gamma)


def mean_and_std(running_mean, running_var, x, *, momentum=0.1):
    return 0.9 * running_mean + 0.1 * x.mean(0), 0.9 * running_var + 0.1 * x.var(0, ddof=1)


def population_of_all(batch_means, batch_vars, m):
    n = m * len(batch_means)
    return batch_means.mean(0), batch_vars.mean(0) * n / (n - 1)


def integer_correction(batch_means, batch_vars, m):
    return batch_means.mean(0), m // (m - 1) * batch_vars.mean(0)


def fold_without_minus(gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return scale, beta - np.abs(mean) * scale


def absolute_gamma(gamma, beta, mean, var, eps):
    scale = np.abs(gamma) / np.sqrt(var + eps)
    return scale, beta - mean * scale


def divides_by_the_scale(W, b, scale, shift):
    return W / scale, b / scale + shift


def product_as_matrices(W, b, scale, shift):
    return scale @ W.T, b * scale + shift


def bias_per_input(W, b, scale, shift):
    return W * scale, b * scale + shift * len(W)


def step_from_zero(b, grad_out, lr):
    return -lr * grad_out.sum() - b, 0.0


def true_gradient_of_absolute_values(b, grad_out, lr):
    return b - lr * grad_out.sum(), np.abs(grad_out - grad_out.mean()).sum()


def gradient_difference(W, u, dout, a):
    from autograder.exercises.batchnorm.scale_invariance_gap import layer

    (out, grad), (scaled, scaled_grad) = layer(W, u, dout), layer(a * W, u, dout)
    return np.abs(scaled - out).max(), np.linalg.norm(scaled_grad - grad) / np.linalg.norm(grad)


def absolute_a(W, u, dout, a):
    from autograder.exercises.batchnorm.scale_invariance_gap import gap_and_ratio

    return gap_and_ratio(W, u, dout, abs(a))


def pixels_of_the_first_image(x, gamma, beta, *, eps=1e-5):
    first = x[:1]
    mean, var = first.mean((0, 2, 3), keepdims=True), first.var((0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None], None


def mean_of_image_variances(x, gamma, beta, *, eps=1e-5):
    mean = x.mean((0, 2, 3), keepdims=True)
    var = x.var((2, 3), keepdims=True).mean(0, keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None], None


def spatial_forward(x, gamma, beta, *, eps=1e-5):
    out, cache = _batches.forward(_batches.to_columns(x), gamma, beta, eps=eps)
    return _batches.to_images(out, x.shape), (cache, x.shape)


def turned_images(dout, cache):
    dx, dgamma, dbeta = _batches.backward(_batches.to_columns(dout), cache[0])
    n, c, h, w = dout.shape
    return dx.reshape(n, w, h, c).transpose(0, 3, 2, 1), dgamma, dbeta


WRONG = [
    ("batchnorm_forward", largest_of_std_and_eps),
    ("batchnorm_forward", eps_squared),
    ("batchnorm_forward", median),
    ("batchnorm_forward", float64_inside),
    ("batchnorm_forward", out_alone),
    ("batchnorm_forward", one_pass_clipped),
    ("batchnorm_backward", cache_in_a_global, backward_of_the_global),
    ("batchnorm_backward", cached_output, x_hat_from_the_output),
    ("batchnorm_backward", _batches.forward, gamma_in_dgamma),
    ("batchnorm_backward_fast", _batches.forward, dx_averaged),
    ("batchnorm_backward_fast", eps_of_training_hard_coded, _batches.backward),
    ("update_running", mean_and_std),
    ("population_statistics", population_of_all),
    ("population_statistics", integer_correction),
    ("fold", fold_without_minus),
    ("fold", absolute_gamma),
    ("fold_into_linear", divides_by_the_scale),
    ("fold_into_linear", product_as_matrices),
    ("fold_into_linear", bias_per_input),
    ("naive_centering_step", step_from_zero),
    ("naive_centering_step", true_gradient_of_absolute_values),
    ("scale_invariance_gap", gradient_difference),
    ("scale_invariance_gap", absolute_a),
    ("spatial_batchnorm_forward", pixels_of_the_first_image),
    ("spatial_batchnorm_forward", mean_of_image_variances),
    ("spatial_batchnorm_backward", spatial_forward, turned_images),
]


# Right solutions


def welford(x, gamma, beta, *, eps=1e-5):
    """Mean and variance in one pass, the stable way."""
    mean, squares = np.zeros_like(x[0]), np.zeros_like(x[0])
    for count, row in enumerate(x, start=1):
        delta = row - mean
        mean = mean + delta / count
        squares = squares + delta * (row - mean)
    return (x - mean) * gamma / np.sqrt(squares / len(x) + eps) + beta, None


def pairwise_variance(x, gamma, beta, *, eps=1e-5):
    """The variance as half the mean squared difference of all pairs."""
    differences = x[:, None] - x[None]
    var = (differences**2).mean((0, 1)) / 2
    return gamma * differences.mean(1) / np.sqrt(var + eps) + beta, {"var": var}


def shifted_one_pass(x, gamma, beta, *, eps=1e-5):
    """E[x^2] - E[x]^2 is fine once a sample has been subtracted."""
    y = x - x[0]
    var = np.mean(y * y, axis=0) - np.mean(y, axis=0) ** 2
    return np.add((y - y.mean(0)) / (var + eps) ** 0.5 * gamma, beta), y


def fortran_order(x, gamma, beta, *, eps=1e-5):
    return np.asfortranarray(_batches.forward(x, gamma, beta, eps=eps)[0]), ()


class Memory:
    """A cache that is an object of the student's own."""

    def __init__(self, **parts):
        self.__dict__.update(parts)


def cached_object(x, gamma, beta, *, eps=1e-5):
    out, (_, _, x_hat, std, gamma) = _batches.forward(x, gamma, beta, eps=eps)
    return out, Memory(x_hat=x_hat, std=std, gamma=gamma)


def least_squares(dout, cache):
    """dx as the residual of dout fitted by a constant and x_hat (orthogonal columns)."""
    n, d = dout.shape
    columns, g = [], dout * cache.gamma
    for j in range(d):
        basis = np.stack([np.ones_like(g[:, j]), cache.x_hat[:, j]], axis=1)
        columns.append(g[:, j] - basis @ (basis.T @ g[:, j] / n))
    return np.stack(columns, axis=1) / cache.std, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


def pairs(dout, cache):
    """Each dx_i as a double sum over what each sample does to each."""
    dx = np.zeros_like(dout)
    n = len(dout)
    for i in range(n):
        for k in range(n):
            slope = (i == k) - (1 + cache.x_hat[i] * cache.x_hat[k]) / n
            dx[i] += dout[k] * slope * cache.gamma / cache.std
    return [dx, np.einsum("nd,nd->d", dout, cache.x_hat), dout.sum(axis=0)]


def as_columns_of_an_image(x, gamma, beta, *, eps=1e-5):
    out, cache = spatial_forward(x[:, :, None, None], gamma, beta, eps=eps)
    return out[:, :, 0, 0], cache


def through_images(dout, cache):
    dx, dgamma, dbeta = _batches.backward(dout, cache[0])
    return dx, dgamma[:], 1.0 * dbeta


def exponential_weights(running_mean, running_var, x, *, momentum=0.1):
    stacked = np.stack([running_mean, x.mean(0)]), np.stack([running_var, np.var(x, 0) * (len(x) / (len(x) - 1))])
    return tuple(np.average(s, axis=0, weights=[1 - momentum, momentum]).astype(x.dtype) for s in stacked)


def inference_by_rows(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return np.stack([beta + gamma * (row - running_mean) / np.sqrt(eps + running_var) for row in x])


def population_of_samples(batch_means, batch_vars, m):
    return np.sum(batch_means, 0) / len(batch_means), np.mean(batch_vars * (1 + 1 / (m - 1)), 0)


def fold_by_probing(gamma, beta, mean, var, eps):
    at = lambda x: gamma * (x - mean) / np.sqrt(var + eps) + beta  # noqa: E731
    return gamma * (var + eps) ** -0.5, at(np.zeros_like(mean))


def linear_with_a_row_of_ones(W, b, scale, shift):
    both = np.vstack([W, b]) * scale
    return both[:-1], both[-1] + shift


def constant_true_gradient(b, grad_out, lr):
    total = np.float64(0)
    for value in grad_out:
        total += value
    return np.array(b - lr * total), np.array(0.0)


def spatial_by_einsum(x, gamma, beta, *, eps=1e-5):
    count = x.shape[0] * x.shape[2] * x.shape[3]
    centred = x - np.einsum("nchw->c", x).reshape(1, -1, 1, 1) / count
    std = np.sqrt(np.einsum("nchw,nchw->c", centred, centred) / count + eps).reshape(1, -1, 1, 1)
    return (centred / std) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1), (centred / std, std, gamma)


def spatial_backward_by_einsum(dout, cache):
    x_hat, std, gamma = cache
    count = dout.size / len(gamma)
    dbeta, dgamma = np.einsum("nchw->c", dout), np.einsum("nchw,nchw->c", dout, x_hat)
    lay = lambda v: v[None, :, None, None]  # noqa: E731
    return lay(gamma) / std * (dout - lay(dbeta / count) - x_hat * lay(dgamma / count)), dgamma, dbeta


RIGHT = [
    ("batchnorm_forward", welford),
    ("batchnorm_forward", pairwise_variance),
    ("batchnorm_forward", shifted_one_pass),
    ("batchnorm_forward", fortran_order),
    ("batchnorm_backward", cached_object, least_squares),
    ("batchnorm_backward_fast", cached_object, pairs),
    ("batchnorm_backward_fast", as_columns_of_an_image, through_images),
    ("update_running", exponential_weights),
    ("batchnorm_inference", inference_by_rows),
    ("population_statistics", population_of_samples),
    ("fold", fold_by_probing),
    ("fold_into_linear", linear_with_a_row_of_ones),
    ("naive_centering_step", constant_true_gradient),
    ("spatial_batchnorm_forward", spatial_by_einsum),
    ("spatial_batchnorm_backward", spatial_by_einsum, spatial_backward_by_einsum),
]


def label(entry):
    return f"{entry[0]}-{entry[-1].__name__}"


@pytest.mark.parametrize("entry", WRONG, ids=label)
@pytest.mark.parametrize("seed", ["public", "secret"])
def test_a_wrong_solution_loses_points(entry, seed):
    result = verdict(*entry, seed=seed)
    assert not result.passed
    assert result.points < 9.5


@pytest.mark.parametrize("entry", RIGHT, ids=label)
@pytest.mark.parametrize("seed", ["public", "secret", "another"])
def test_a_right_solution_in_another_style_gets_full_points(entry, seed):
    result = verdict(*entry, seed=seed)
    assert result.passed, str(result)
    assert result.points == 10


def test_a_wrong_forward_shows_in_the_backward_as_a_value_that_differs():
    def forward_over_features(x, gamma, beta, *, eps=1e-5):
        out, cache = _batches.forward(x.T, np.ones_like(x[:, 0]), np.zeros_like(x[:, 0]), eps=eps)
        return gamma * out.T + beta, (None, None, out.T, cache[3].mean(), gamma)

    result = verdict("batchnorm_backward", forward_over_features, _batches.backward)
    assert result.points == 0
    assert not result.mistakes
    assert "dx[" in result.cases[0].message


def test_the_one_pass_variance_fails_by_its_offset_alone():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("batchnorm_forward").mistakes}
    result = check("batchnorm_forward", *mistakes["one_pass_variance"], points=10)
    assert [case.title for case in result.cases if not case.passed] == [
        "a large offset, x + 1e6",
        "a large offset in float32, x + 1e4",
    ]
