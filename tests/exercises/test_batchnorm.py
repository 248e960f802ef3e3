"""Batch normalization: held-out versions, wrong and right."""

import numpy as np

from autograder import exercises

from .versions import Versions, verdict_on

versions = Versions()
forward, staged = exercises.load("batchnorm_backward").right
spatial_forward, spatial_backward = exercises.load("spatial_batchnorm_backward").right
_, closed = exercises.load("batchnorm_backward_fast").right

# ---------------------------------------------------------------------------- wrong: edits of the right ones

versions.edits(
    "batchnorm_forward",
    """
largest_of_std_and_eps = eps_as_floor: np.sqrt(var + eps) -> np.maximum(x.std(axis=0), eps)
floor_of_variance = eps_as_floor: np.sqrt(var + eps) -> np.where(var > eps, var, eps) ** 0.5
median: x.mean(axis=0) -> np.median(x, axis=0)
float64_inside = changes_dtype: centred = x - mean -> centred = x * np.ones(x.shape) - mean
out_alone: return out, (x_hat, centred, std, gamma) -> return out
one_pass_clipped = one_pass_variance: (centred**2).mean(axis=0) -> np.maximum((x * x).mean(0) - mean**2, 0)
eps_twice: (centred**2).mean(axis=0) -> (centred**2).mean(axis=0) + eps
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
no_default: eps=1e-5 ->
longer_axis:
    x.mean(axis=0) -> x.mean(axis=int(len(x) < x.shape[1]), keepdims=True)
    (centred**2).mean(axis=0) -> (centred**2).mean(axis=int(len(x) < x.shape[1]), keepdims=True)
axis_of_gamma:
    x.mean(axis=0) -> x.mean(axis=int(len(x) == len(gamma)), keepdims=True)
    (centred**2).mean(axis=0) -> (centred**2).mean(axis=int(len(x) == len(gamma)), keepdims=True)
absolute_deviation: np.sqrt(var + eps) -> np.abs(centred).mean(axis=0) + eps
ddof_and_eps_outside = ddof_one, eps_outside_root:
    (centred**2).mean(axis=0) -> np.var(x, axis=0, ddof=1)
    np.sqrt(var + eps) -> var**0.5 + eps
outliers_clipped: return out, (x_hat, centred, std, gamma) -> return np.clip(out, -6, 6), (x_hat, centred, std, gamma)
""",
)
versions.edits(
    "batchnorm_backward",
    """
dgamma_over_features: (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=1)
dx_times_n: return dx, dgamma, dbeta -> return dx * n, dgamma, dbeta
two_slips = variance_sign, gamma_forgotten:
    -0.5 -> 1 / 2
    dout * gamma -> 1.0 * dout
forward_and_backward = ddof_one, mean_branch_missing:
    (centred**2).mean(axis=0) -> x.var(axis=0, ddof=1)
    dmean = -(dx_hat / std).sum(axis=0) -> dmean = 0
side_by_side = constant_statistics, averaged_gradients:
    dx_hat / std + 2 * centred * dvar / n + dmean / n -> dx_hat / std
    return dx, dgamma, dbeta -> return dx, dgamma / len(dx), dbeta / len(dx)
list_of_columns: return dx, dgamma, dbeta -> return list(dx), dgamma, dbeta
float64_parameters = changes_dtype: return dx, dgamma, dbeta -> return dx, np.float64(1) * dgamma.astype(float), dbeta
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
""",
)
versions.edits(
    "batchnorm_backward_fast",
    """
dx_averaged = averaged_dx: gamma / std -> gamma / std / n
eps_of_training = eps_hard_coded: (x_hat, centred, std, gamma) -> (x_hat, centred, (var + 1e-5) ** 0.5, gamma)
both_signs = plus_sign, sign_of_dbeta:
    dout - dbeta / n - x_hat * (dgamma / n) -> dout + dbeta / n + x_hat * (dgamma / n)
gamma_inside: gamma / std -> 1 / std / gamma
divided_by_the_longer: n = dout.shape[0] -> n = max(dout.shape)
""",
)
versions.edits(
    "update_running",
    """
mean_and_std = momentum_hard_coded:
    (1 - momentum) * running_mean + momentum * batch_mean -> 0.9 * running_mean + 0.1 * batch_mean
    (1 - momentum) * running_var + momentum * batch_var -> 0.9 * running_var + 0.1 * batch_var
biased_and_std = running_std: x.var(axis=0, ddof=1) -> x.var(axis=0) ** 0.5
eps_kept = eps_remembered: x.var(axis=0, ddof=1) -> x.var(axis=0, ddof=1) + 1e-5
biased_and_eps_kept = biased_variance, eps_remembered: x.var(axis=0, ddof=1) -> x.var(axis=0) + 1e-5
rows = keepdims:
    x.mean(axis=0) -> x.mean(axis=0, keepdims=True)
    x.var(axis=0, ddof=1) -> x.var(axis=0, ddof=1, keepdims=True)
keras = momentum_swapped, default_momentum:
    momentum=0.1 -> momentum=0.9
    (1 - momentum) * running_mean + momentum * batch_mean -> momentum * running_mean + (1 - momentum) * batch_mean
    (1 - momentum) * running_var + momentum * batch_var -> momentum * running_var + (1 - momentum) * batch_var
default_one_percent_off: momentum=0.1 -> momentum=0.101
axis_of_the_mean:
    x.mean(axis=0) -> x.mean(axis=int(len(x) == len(running_mean)))
    x.var(axis=0, ddof=1) -> x.var(axis=int(len(x) == len(running_mean)), ddof=1)
""",
)
versions.edits(
    "batchnorm_inference",
    """
default_ten_percent_off: eps=1e-5 -> eps=1.1e-5
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
largest_of_var_and_eps = eps_as_floor: running_var + eps -> np.clip(running_var, eps, None)
nothing_normalized = not_normalized: x_hat = (x - running_mean) / std -> x_hat = x
corrected_again: running_var + eps -> running_var * len(x) / max(len(x) - 1, 1) + eps
statistics_swapped: -> running_mean, running_var = running_var, running_mean
with_a_cache: return gamma * x_hat + beta -> return gamma * x_hat + beta, None
""",
)
versions.edits(
    "population_statistics",
    """
population_of_all = all_samples: m / (m - 1) -> m * len(batch_means) / (m * len(batch_means) - 1)
integer_correction: m / (m - 1) -> m // (m - 1)
root_of_the_correction: m / (m - 1) -> (m / (m - 1)) ** 0.5
median: batch_vars.mean(axis=0) -> np.median(batch_vars, axis=0)
""",
)
versions.edits(
    "fold",
    """
without_minus: mean * scale -> np.abs(mean) * scale
absolute_gamma: gamma / np.sqrt(var + eps) -> np.abs(gamma) / np.sqrt(var + eps)
scale_twice: beta - mean * scale -> beta * scale - mean * scale**2
""",
)
versions.edits(
    "fold_into_linear",
    """
divides_by_the_scale = weights_divided:
    W * scale -> W / scale
    b * scale + shift -> b / scale + shift
product_as_matrices: W * scale -> scale @ W.T
bias_per_input: b * scale + shift -> b * scale + shift * len(W)
rows_where_square: W * scale -> W * (scale[:, None] if len(W) == len(scale) else scale)
""",
)
versions.edits(
    "naive_centering_step",
    """
step_from_zero: b - lr * naive_grad -> -lr * naive_grad - b
absolute_values: naive_grad - through_mean -> np.abs(grad_out - grad_out.mean()).sum()
fixed_rate: b - lr * naive_grad -> b - 0.1 * naive_grad
""",
)
versions.edits(
    "scale_invariance_gap",
    """
gradient_difference: np.linalg.norm(scaled_grad) -> np.linalg.norm(scaled_grad - grad)
absolute_a = hard_coded_gap: layer(a * W, u, dout) -> layer(abs(a) * W, u, dout)
written_down = hard_coded_gap: np.max(np.abs(scaled_out - out)) -> 0
tiny_eps:
    layer(W, u, dout) -> layer(W, u, dout, eps=1e-10)
    layer(a * W, u, dout) -> layer(a * W, u, dout, eps=1e-10)
""",
)
versions.edits(
    "spatial_batchnorm_forward",
    """
mean_of_image_variances: (centred**2).mean(axis=0) -> x.var(axis=(2, 3)).mean(axis=0)
eps_not_passed = eps_not_passed_on: np.sqrt(var + eps) -> (var + 0.00001) ** 0.5
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
axis_of_gamma:
    N, C, H, W = x.shape -> N, C, H, W = x.shape; axis = x.shape.index(len(gamma))
    x.transpose(0, 2, 3, 1).reshape(-1, C) -> np.moveaxis(x, axis, -1).reshape(-1, C)
""",
)

# ---------------------------------------------------------------------------- wrong: functions


@versions.wrong("spatial_batchnorm_forward")
def pixels_of_the_first_image(x, gamma, beta, *, eps=1e-5):
    first = x[:1]
    mean, var = first.mean((0, 2, 3), keepdims=True), first.var((0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None], None


@versions.wrong("spatial_batchnorm_backward")
def turned_images(dout, cache):
    dx, dgamma, dbeta = spatial_backward(dout, cache)
    n, c, h, w = dout.shape
    return dx.transpose(0, 2, 3, 1).reshape(n, w, h, c).transpose(0, 3, 2, 1), dgamma, dbeta


@versions.wrong("batchnorm_backward", "remembers_earlier_calls", remembers=True)
def cache_in_a_global():
    shared = {}

    def remembering(x, gamma, beta, *, eps=1e-5):
        out, shared["cache"] = forward(x, gamma, beta, eps=eps)
        return out, None

    return remembering, lambda dout, cache: staged(dout, shared["cache"])


@versions.wrong("batchnorm_backward", remembers=True)
def x_hat_from_the_output():
    """Divides by gamma, which may be 0."""

    def cached_output(x, gamma, beta, *, eps=1e-5):
        out, (_, _, std, gamma) = forward(x, gamma, beta, eps=eps)
        return out, (out, std, gamma, beta)

    def backward(dout, cache):
        out, std, gamma, beta = cache
        return closed(dout, ((out - beta) / gamma, None, std, gamma))

    return cached_output, backward


# ---------------------------------------------------------------------------- right: forwards


@versions.right("batchnorm_forward")
def welford(x, gamma, beta, *, eps=1e-5):
    """Mean and variance in one pass, the stable way."""
    mean, squares = np.zeros_like(x[0]), np.zeros_like(x[0])
    for count, row in enumerate(x, start=1):
        delta = row - mean
        mean = mean + delta / count
        squares = squares + delta * (row - mean)
    return (x - mean) * gamma / np.sqrt(squares / len(x) + eps) + beta, None


@versions.right("batchnorm_forward")
def pairwise_variance(x, gamma, beta, *, eps=1e-5):
    """The variance as half the mean squared difference of all pairs."""
    differences = x[:, None] - x[None]
    var = (differences**2).mean((0, 1)) / 2
    return gamma * differences.mean(1) / np.sqrt(var + eps) + beta, {"var": var}


@versions.right("batchnorm_forward")
def shifted_one_pass(x, gamma, beta, *, eps=1e-5):
    """E[x^2] - E[x]^2 is fine once a sample has been subtracted."""
    y = x - x[0]
    var = np.mean(y * y, axis=0) - np.mean(y, axis=0) ** 2
    return np.add((y - y.mean(0)) / (var + eps) ** 0.5 * gamma, beta), y


@versions.right("batchnorm_forward")
def fortran_order(x, gamma, beta, *, eps=1e-5):
    return np.asfortranarray(forward(x, gamma, beta, eps=eps)[0]), ()


@versions.right("batchnorm_forward")
def transposed(x, gamma, beta, *, eps=1e-5):
    """Features along the rows, and another memory layout."""
    rows = x.T - x.T.mean(axis=1, keepdims=True)
    rows = rows / np.sqrt((rows * rows).mean(axis=1, keepdims=True) + eps)
    return (rows * gamma[:, None] + beta[:, None]).T, None


@versions.right("spatial_batchnorm_forward")
def channels_first(x, gamma, beta, *, eps=1e-5):
    """A row for each channel: (C, N*H*W)."""
    swapped = np.swapaxes(x, 0, 1)
    rows = swapped.reshape(x.shape[1], -1)
    rows = rows - rows.mean(1)[:, None]
    rows = rows * (gamma / np.sqrt(np.einsum("cp,cp->c", rows, rows) / rows.shape[1] + eps))[:, None] + beta[:, None]
    return rows.reshape(swapped.shape).swapaxes(0, 1), lambda: rows


@versions.right("spatial_batchnorm_forward")
def through_columns(x, gamma, beta, *, eps=1e-5):
    columns = np.moveaxis(x, 1, -1)
    out, cache = forward(columns.reshape(-1, columns.shape[-1]), gamma, beta, eps=eps)
    return np.moveaxis(out.reshape(columns.shape), -1, 1), {"shape": x.shape, "columns": cache}


# ------------------------------------------------------------------------- right: backwards, with caches of their own


@versions.right("batchnorm_backward")
@versions.right("batchnorm_backward_fast")
def rounding_where_nothing_is_left(dout, cache):
    """Of a gamma of 0, of a feature that is constant, and of two samples."""
    x_hat, centred, std, gamma = cache
    return closed(dout, (x_hat + 1e-14 * std, centred, std, gamma + np.float32(1e-17)))


@versions.right("batchnorm_backward", remembers=True)
def gate_by_gate():
    """The sums undone by a matrix of ones."""

    def cached_graph(x, gamma, beta, *, eps=1e-5):
        xmu = x - 1.0 / len(x) * np.sum(x, axis=0)
        var = 1.0 / len(x) * np.sum(xmu**2, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1.0 / sqrtvar
        xhat = xmu * ivar
        return gamma * xhat + beta, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)

    def graph_backward(dout, cache):
        xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
        n, d = dout.shape
        ones = np.ones((n, d), dtype=dout.dtype)
        dxhat = dout * gamma
        divar = np.sum(dxhat * xmu, axis=0)
        dsqrtvar = -1.0 / (sqrtvar**2) * divar
        dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
        dx1 = dxhat * ivar + 2 * xmu * (1.0 / n * ones * dvar)
        dmu = -1 * np.sum(dx1, axis=0)
        return dx1 + 1.0 / n * ones * dmu, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)

    return cached_graph, graph_backward


@versions.right("batchnorm_backward", remembers=True)
@versions.right("batchnorm_backward_fast", remembers=True)
def forward_again():
    def cached_inputs(x, gamma, beta, *, eps=1e-5):
        return forward(x, gamma, beta, eps=eps)[0], {"x": x.copy(), "gamma": gamma, "eps": eps}

    def backward(dout, cache):
        x, gamma, eps = cache["x"], cache["gamma"], cache["eps"]
        return [*closed(dout, forward(x, gamma, 0 * gamma, eps=eps)[1])]

    return cached_inputs, backward


@versions.right("batchnorm_backward", remembers=True)
def closure():
    """The cache is a function; all three roads, keepdims inside."""

    def cached_closure(x, gamma, beta, *, eps=1e-5):
        out, cache = forward(x, gamma, beta, eps=eps)
        return [out, lambda dout: three_roads(dout, cache)]

    def three_roads(dout, cache):
        x_hat, centred, std, gamma = cache
        dx_hat = np.einsum("nd,d->nd", dout, gamma)
        dvar = np.einsum("nd,nd->d", dx_hat, centred)[None] * -0.5 * std**-3
        direct = dx_hat / std
        dmean = -direct.sum(axis=0, keepdims=True) - 2 * dvar * centred.mean(axis=0, keepdims=True)
        dgamma = np.einsum("nd,nd->d", dout, x_hat)
        return direct + (2 * centred * dvar + dmean) / dout.shape[0], dgamma, np.add.reduce(dout)

    return cached_closure, lambda dout, cache: cache(dout)


class Memory:
    """A cache that is an object of the student's own."""

    def __init__(self, x, gamma, beta, eps):
        self.out, (self.x_hat, _, self.std, self.gamma) = forward(x, gamma, beta, eps=eps)


def cached_object(x, gamma, beta, *, eps=1e-5):
    memory = Memory(x, gamma, beta, eps)
    return memory.out, memory


@versions.right("batchnorm_backward", remembers=True)
def least_squares():
    """dx as the residual of dout fitted by a constant and x_hat (orthogonal columns)."""

    def backward(dout, cache):
        columns, g = [], dout * cache.gamma
        for j in range(dout.shape[1]):
            basis = np.stack([np.ones_like(g[:, j]), cache.x_hat[:, j]], axis=1)
            columns.append(g[:, j] - basis @ (basis.T @ g[:, j] / len(g)))
        return np.stack(columns, axis=1) / cache.std, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)

    return cached_object, backward


@versions.right("batchnorm_backward_fast", remembers=True)
def pairs():
    """Each dx_i as a sum over what each sample does to each."""

    def backward(dout, cache):
        dx, n = np.zeros_like(dout), len(dout)
        for i in range(n):
            slopes = (np.arange(n) == i)[:, None] - (1 + cache.x_hat[i] * cache.x_hat) / n
            dx[i] = (dout * slopes.astype(dout.dtype)).sum(axis=0) * cache.gamma / cache.std
        return [dx, np.einsum("nd,nd->d", dout, cache.x_hat), dout.sum(axis=0)]

    return cached_object, backward


@versions.right("batchnorm_backward_fast", remembers=True)
def two_projections():
    """The mean and the part along x_hat taken away one after the other; what is cached has an axis of length 1."""

    def cached_names(x, gamma, beta, *, eps=1e-5):
        inverse = 1 / np.sqrt(np.var(x, axis=0, keepdims=True) + eps)
        x_hat = (x - np.mean(x, axis=0)) * inverse
        return x_hat * gamma + beta, {"x_hat": x_hat, "inverse": inverse, "gamma": gamma[None]}

    def backward(dout, cache):
        x_hat = cache["x_hat"]
        rest = dout - dout.mean(axis=0, keepdims=True)
        rest = rest - x_hat * np.mean(rest * x_hat, axis=0, keepdims=True)
        return rest * cache["gamma"] * cache["inverse"], np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)

    return cached_names, backward


@versions.right("batchnorm_backward_fast", remembers=True)
def as_columns_of_an_image():
    def image(x, gamma, beta, *, eps=1e-5):
        out, cache = spatial_forward(x[:, :, None, None], gamma, beta, eps=eps)
        return out[:, :, 0, 0], cache

    def backward(dout, cache):
        dx, dgamma, dbeta = spatial_backward(dout[:, :, None, None], cache)
        return dx[:, :, 0, 0], dgamma[:], 1.0 * dbeta

    return image, backward


@versions.right("spatial_batchnorm_forward")
def by_einsum(x, gamma, beta, *, eps=1e-5):
    count = x.shape[0] * x.shape[2] * x.shape[3]
    centred = x - np.einsum("nchw->c", x).reshape(1, -1, 1, 1) / count
    std = np.sqrt(np.einsum("nchw,nchw->c", centred, centred) / count + eps).reshape(1, -1, 1, 1)
    return (centred / std) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1), (centred / std, std, gamma)


@versions.right("spatial_batchnorm_backward", remembers=True)
def both_by_einsum():
    def backward(dout, cache):
        x_hat, std, gamma = cache
        count = dout.size / len(gamma)
        dbeta, dgamma = np.einsum("nchw->c", dout), np.einsum("nchw,nchw->c", dout, x_hat)
        lay = lambda v: v[None, :, None, None]  # noqa: E731
        return lay(gamma) / std * (dout - lay(dbeta / count) - x_hat * lay(dgamma / count)), dgamma, dbeta

    return by_einsum, backward


@versions.right("spatial_batchnorm_backward", remembers=True)
def without_columns():
    """All on four axes, keepdims inside, squeezed at the end."""

    def backward(dout, cache):
        x_hat, std, gamma = cache
        axes = (0, 2, 3)
        dx_hat = dout * gamma.reshape(1, -1, 1, 1)
        rest = dx_hat - dx_hat.mean(axes, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axes, keepdims=True)
        dgamma = (dout * x_hat).sum(axes, keepdims=True)
        return rest / std, dgamma.squeeze(axis=axes), np.einsum("nchw->c", dout)

    return by_einsum, backward


@versions.right("spatial_batchnorm_backward", remembers=True)
def a_cache_for_each_channel():
    def cached_channels(x, gamma, beta, *, eps=1e-5):
        out, caches = np.empty_like(x), []
        for c in range(x.shape[1]):
            y, cache = forward(x[:, c].reshape(-1, 1), gamma[c : c + 1], beta[c : c + 1], eps=eps)
            out[:, c] = y.reshape(x[:, c].shape)
            caches.append(cache)
        return out, tuple(caches)

    def backward(dout, cache):
        found = [staged(dout[:, c].reshape(-1, 1), one) for c, one in enumerate(cache)]
        dx = np.stack([d.reshape(dout[:, 0].shape) for d, _, _ in found], axis=1)
        return dx, np.concatenate([g for _, g, _ in found]), np.concatenate([b for _, _, b in found])

    return cached_channels, backward


# ---------------------------------------------------------------------------- right: the others


@versions.right("update_running")
def exponential_weights(running_mean, running_var, x, *, momentum=0.1):
    stacked = np.stack([running_mean, x.mean(0)]), np.stack([running_var, np.var(x, 0) * (len(x) / (len(x) - 1))])
    return tuple(np.average(s, axis=0, weights=[1 - momentum, momentum]).astype(x.dtype) for s in stacked)


@versions.right("update_running")
def from_the_covariance(running_mean, running_var, x, *, momentum=0.1):
    centred = x - x.mean(axis=0)
    new = np.diag(centred.T @ centred / (len(x) - 1))
    old = running_mean.copy()
    old += momentum * (x.mean(axis=0, keepdims=True).squeeze(0) - running_mean)
    return old, (1 - momentum) * running_var + momentum * new


@versions.right("batchnorm_inference")
def inference_by_rows(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return np.stack([beta + gamma * (row - running_mean) / np.sqrt(eps + running_var) for row in x])


@versions.right("batchnorm_inference")
def as_a_matrix(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return (x - running_mean[np.newaxis, :]) @ np.diag(gamma * (running_var + eps) ** -0.5) + beta.reshape(1, -1)


@versions.right("population_statistics")
def population_of_samples(batch_means, batch_vars, m):
    return np.sum(batch_means, 0) / len(batch_means), np.mean(batch_vars * (1 + 1 / (m - 1)), 0)


@versions.right("population_statistics")
def population_by_einsum(batch_means, batch_vars, m):
    k = len(batch_means)
    return np.einsum("kd->d", batch_means) / k, np.einsum("kd->d", batch_vars) / (k * (1 - 1 / m))


@versions.right("fold")
def fold_by_probing(gamma, beta, mean, var, eps):
    at = lambda x: gamma * (x - mean) / np.sqrt(var + eps) + beta  # noqa: E731
    return gamma * (var + eps) ** -0.5, at(np.zeros_like(mean))


@versions.right("fold")
def through_the_inverse_root(gamma, beta, mean, var, eps):
    inverse = np.power(var + eps, -0.5)
    return gamma * inverse, beta - gamma * mean * inverse


@versions.right("fold_into_linear")
def with_a_row_of_ones(W, b, scale, shift):
    both = np.vstack([W, b]) * scale
    return both[:-1], both[-1] + shift


@versions.right("fold_into_linear")
def with_a_diagonal(W, b, scale, shift):
    diagonal = np.diag(scale)
    return W @ diagonal, np.einsum("o,op->p", b, diagonal) + shift


@versions.right("naive_centering_step")
def constant_true_gradient(b, grad_out, lr):
    total = np.float64(0)
    for value in grad_out:
        total += value
    return np.array(b - lr * total), np.array(0.0)


@versions.right("naive_centering_step")
def counted_by_hand(b, grad_out, lr):
    naive = true = 0.0
    for g in grad_out.tolist():
        naive += g
        true += g * (1 - sum(1 / len(grad_out) for _ in grad_out))
    return [b - lr * naive, true]


@versions.right("naive_centering_step")
def sums_what_is_centred(b, grad_out, lr):
    return np.subtract(b, lr * np.einsum("n->", grad_out)), (grad_out - grad_out.mean()).sum()


@versions.right("scale_invariance_gap")
def with_loops(W, u, dout, a):
    gap, squares = 0.0, {1.0: 0.0, a: 0.0}
    for j in range(W.shape[1]):
        outs = []
        for factor in (1.0, a):
            z = sum(u[:, i] * (factor * W[i, j]) for i in range(len(W)))
            std = float(np.mean((z - z.mean()) ** 2)) ** 0.5
            x_hat = (z - z.mean()) / std
            dz = (dout[:, j] - dout[:, j].mean() - x_hat * (dout[:, j] @ x_hat) / len(z)) / std
            squares[factor] += sum(float(u[:, i] @ dz) ** 2 for i in range(len(W)))
            outs.append(x_hat)
        gap = max(gap, *(abs(float(s) - float(o)) for o, s in zip(*outs, strict=True)))
    return [gap, (squares[a] / squares[1.0]) ** 0.5 if a != 1.0 else 1.0]


@versions.right("scale_invariance_gap")
def layer_of_the_notebook(W, u, dout, a):
    ones = np.ones_like(W[0])
    (out, cache), (scaled, scaled_cache) = (forward(u @ w, ones, 0 * ones, eps=0.0) for w in (W, a * W))
    grad, scaled_grad = u.T @ staged(dout, cache)[0], u.T @ staged(dout, scaled_cache)[0]
    return np.linalg.norm((scaled - out).ravel(), np.inf), np.linalg.norm(scaled_grad) / np.linalg.norm(grad)


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()

# ---------------------------------------------------------------------------- what is special here


def test_a_wrong_forward_shows_in_the_backward_as_a_value_that_differs():
    def over_features(x, gamma, beta, *, eps=1e-5):
        out, (_, _, std, _) = forward(x.T, np.ones_like(x[:, 0]), np.zeros_like(x[:, 0]), eps=eps)
        return gamma * out.T + beta, (out.T, None, std.mean(), gamma)

    verdict = verdict_on("batchnorm_backward", over_features, closed)
    assert verdict.points == 0
    assert not verdict.mistakes
    assert "dx[" in verdict.cases[0].message


def test_the_one_pass_variance_fails_by_its_offset_alone():
    mistakes = {mistake.name: mistake.functions for mistake in exercises.load("batchnorm_forward").mistakes}
    verdict = verdict_on("batchnorm_forward", *mistakes["one_pass_variance"])
    crosses = [case.title for case in verdict.cases if not case.passed]
    assert crosses == ["a large offset, x + 1e6", "a large offset in float32, x + 1e4"]


def test_a_default_that_is_missing_costs_its_own_case_alone():
    def no_default(x, gamma, beta, *, eps):
        return forward(x, gamma, beta, eps=eps)

    verdict = verdict_on("batchnorm_forward", no_default)
    assert [case.title for case in verdict.cases if not case.passed] == ["the default eps is 1e-5"]
