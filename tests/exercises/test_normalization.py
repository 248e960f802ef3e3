"""The other normalizations: held-out versions, wrong and right, and what other libraries say."""

import numpy as np
import pytest
import scipy.linalg
import torch

from autograder import exercises

from .versions import Versions, verdict_on

versions = Versions()

# ---------------------------------------------------------------------------- wrong

versions.edits(
    "layernorm_forward",
    """
floor_of_variance = eps_as_floor: np.sqrt(var + eps) -> np.where(var > eps, var, eps) ** 0.5
median: x.mean(axis=1, keepdims=True) -> np.median(x, axis=1, keepdims=True)
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
no_default: eps=1e-5 ->
out_alone: return out, (x_hat, std, gamma) -> return out
longer_axis:
    x.mean(axis=1, keepdims=True) -> x.mean(axis=int(x.shape[1] > len(x)), keepdims=True)
    (centred**2).mean(axis=1, keepdims=True) -> (centred**2).mean(axis=int(x.shape[1] > len(x)), keepdims=True)
absolute_deviation: np.sqrt(var + eps) -> np.abs(centred).mean(axis=1, keepdims=True) + eps
float64_inside = changes_dtype: centred = x - mean -> centred = x * np.ones(x.shape) - mean
ddof_and_eps_outside = ddof_one, eps_outside_root:
    (centred**2).mean(axis=1, keepdims=True) -> np.var(x, axis=1, ddof=1, keepdims=True)
    np.sqrt(var + eps) -> var**0.5 + eps
gamma_along_rows: gamma * x_hat -> (gamma[:, None] if len(x) == len(gamma) else gamma) * x_hat
scale_only = rms_norm: centred = x - mean -> centred = x.copy()
outliers_clipped: return out, (x_hat, std, gamma) -> return np.clip(out, -5, 5), (x_hat, std, gamma)
written_into_x = in_place: return out, (x_hat, std, gamma) -> x[:] = out; return x.copy(), (x_hat, std, gamma)
""",
)
versions.edits(
    "layernorm_backward",
    """
closed_form_of_batchnorm = gamma_outside_the_means:
    dout * gamma -> dout
    return dx, dgamma, dbeta -> return gamma * dx, dgamma, dbeta
dx_times_d: return dx, dgamma, dbeta -> return dx * dx.shape[1], dgamma, dbeta
both_sums_over_features = over_features:
    (dout * x_hat).sum(axis=0) -> np.einsum("nd,nd->n", dout, x_hat)
    dout.sum(axis=0) -> dout.sum(1)
two_slips = mean_branch_missing, averaged_dgamma:
    dx_hat - through_mean - through_var -> dx_hat - through_var
    (dout * x_hat).sum(axis=0) -> (dout * x_hat).mean(axis=0)
batchnorm_all_along = batch_statistics, means_over_the_batch:
    x.mean(axis=1, keepdims=True) -> x.mean(axis=0)
    (centred**2).mean(axis=1, keepdims=True) -> x.var(axis=0)
    dx_hat.mean(axis=1, keepdims=True) -> dx_hat.mean(axis=0)
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).mean(axis=0)
unbiased_means:
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).sum(1, keepdims=True) / max(dout.shape[1] - 1, 1)
dgamma_of_x = dgamma_with_centred: (dout * x_hat).sum(axis=0) -> (dout * x_hat * std).sum(axis=0)
""",
)
versions.edits(
    "instancenorm_forward",
    """
floor_of_variance = eps_as_floor: np.sqrt(var + eps) -> np.maximum(x.std(axis=(2, 3), keepdims=True), eps)
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
mean_of_the_image: x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(1, 2, 3), keepdims=True)
variance_of_the_batch: (centred**2).mean(axis=(2, 3), keepdims=True) -> (centred**2).mean(axis=(0, 2, 3), keepdims=True)
gamma_where_square = affine_along_columns:
    gamma[:, None, None] * x_hat + beta[:, None, None] -> gamma * x_hat + beta
batch_where_one_image:
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(2, 3) if len(x) > 1 else (1, 2, 3), keepdims=True)
absolute_gamma: gamma[:, None, None] * x_hat -> np.abs(gamma)[:, None, None] * x_hat
""",
)
versions.edits(
    "instancenorm_backward",
    """
sums_per_image = gradients_of_each_image:
    (dout * x_hat).sum(axis=(0, 2, 3)) -> np.einsum("nchw,nchw->nc", dout, x_hat)
    dout.sum(axis=(0, 2, 3)) -> dout.sum((2, 3))
as_columns = keepdims:
    return dx, dgamma, dbeta -> return dx, dgamma.reshape(1, -1, 1, 1), dbeta.reshape(1, -1, 1, 1)
first_image_alone: (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat)[0].sum(axis=(1, 2))
batchnorm_all_along = batch_too, means_over_the_batch:
    x.mean(axis=(2, 3), keepdims=True) -> x.mean(axis=(0, 2, 3), keepdims=True)
    (centred**2).mean(axis=(2, 3), keepdims=True) -> x.var((0, 2, 3), keepdims=True)
    dx_hat.mean(axis=(2, 3), keepdims=True) -> dx_hat.mean((0, 2, 3), keepdims=True)
    (dx_hat * x_hat).mean(axis=(2, 3), keepdims=True) -> (dx_hat * x_hat).mean((0, 2, 3), keepdims=True)
twice = constant_statistics, gamma_in_dgamma:
    dx_hat - through_mean - through_var -> dx_hat + 0
    (dout * x_hat).sum(axis=(0, 2, 3)) -> gamma * (dout * x_hat).sum(axis=(0, 2, 3))
""",
)


@versions.wrong("groupnorm_forward", "interleaved")
def every_so_many(x, gamma, beta, groups, *, eps=1e-5):
    out = np.empty_like(x)
    for k in range(groups):
        part = x[:, k::groups]
        mean, var = part.mean((1, 2, 3), keepdims=True), part.var((1, 2, 3), keepdims=True)
        out[:, k::groups] = (part - mean) / np.sqrt(var + eps)
    return out * gamma[:, None, None] + beta[:, None, None], None


@versions.wrong("groupnorm_forward", "channels_for_groups")
def size_of_a_group(x, gamma, beta, groups, *, eps=1e-5):
    rows = x.reshape(len(x) * (x.shape[1] // groups), -1)
    rows = (rows - rows.mean(1, keepdims=True)) / np.sqrt(rows.var(1, keepdims=True) + eps)
    return rows.reshape(x.shape) * gamma[:, None, None] + beta[:, None, None], None


versions.edits(
    "groupnorm_forward",
    """
always_two_groups: x.reshape(N, groups, C // groups, H, W) -> x.reshape(N, 2 - C % 2, C // (2 - C % 2), H, W)
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
floor_of_variance = eps_as_floor: np.sqrt(var + eps) -> np.where(var > eps, var, eps) ** 0.5
mean_of_a_channel: parts.mean(axis=(2, 3, 4), keepdims=True) -> parts.mean(axis=(3, 4), keepdims=True)
groups_of_the_batch = batch_statistics:
    parts.mean(axis=(2, 3, 4), keepdims=True) -> parts.mean((0, 2, 3, 4), keepdims=True)
    (centred**2).mean(axis=(2, 3, 4), keepdims=True) -> parts.var((0, 2, 3, 4), keepdims=True)
""",
)
versions.edits(
    "groupnorm_backward",
    """
two_groups_assumed: x_hat, std, gamma, groups = cache -> x_hat, std, gamma, _ = cache; groups = 2
gradient_per_group = one_gradient_per_group:
    (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat).sum(axis=(0, 2, 3)).reshape(groups, -1).sum(axis=1)
    dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(0, 2, 3)).reshape(groups, -1).sum(axis=1)
divides_by_pixels = divided_by_pixels:
    grads.mean(axis=(2, 3, 4), keepdims=True) -> grads.mean((2, 3, 4), keepdims=True) * (C // groups)
    (grads * hats).mean(axis=(2, 3, 4), keepdims=True) -> (grads * hats).mean((2, 3, 4), keepdims=True) * (C // groups)
two = gamma_forgotten, gradients_of_each_image:
    dout * gamma[:, None, None] -> dout.copy()
    dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(2, 3))
""",
)


@versions.wrong("groupnorm_backward", "remembers_earlier_calls", remembers=True)
def groups_in_a_global():
    forward, backward = exercises.load("groupnorm_backward").right
    last = []

    def keeping(x, gamma, beta, groups, *, eps=1e-5):
        out, cache = forward(x, gamma, beta, groups, eps=eps)
        last[:] = [groups]
        return out, cache

    def of_the_last(dout, cache):
        x_hat, std, gamma, _ = cache
        n, c = dout.shape[:2]
        std = np.repeat(std[:, :, 0], c // std.shape[1], axis=1)[:, :: c // last[0]].reshape(n, last[0], 1, 1, 1)
        return backward(dout, (x_hat, std, gamma, last[0]))

    return keeping, of_the_last


@versions.wrong("norm_axes", "batch_and_layer_swapped")
def of_the_other_figure(kind):
    return exercises.load("norm_axes").right[0]({"batch": "layer", "layer": "batch"}.get(kind, kind))


@versions.wrong("norm_axes", "unknown_accepted")
def group_as_layer(kind):
    return {"batch": (0, 2, 3), "layer": (1, 2, 3), "group": (1, 2, 3), "instance": (2, 3)}[kind]


@versions.wrong("norm_axes", "unknown_accepted")
def as_words(kind):
    return {"batch": "NHW", "layer": "CHW", "instance": "HW"}[kind]


@versions.wrong("norm_axes", "unknown_accepted")
def a_mask(kind):
    return {"batch": [1, 0, 1, 1], "layer": [0, 1, 1, 1], "instance": [0, 0, 1, 1]}[kind]


versions.edits(
    "weightnorm_forward",
    """
norm_and_eps = eps_added:
    np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.linalg.norm(v, axis=1, keepdims=True) + 1e-6
least_length: np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.maximum(np.sqrt((v**2).sum(axis=1, keepdims=True)), 0.01)
largest_entry: np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.abs(v).max(axis=1, keepdims=True)
rows_where_square: g[:, None] * v / norms -> (g if len(v) == v.shape[1] else g[:, None]) * v / norms
""",
)
versions.edits(
    "weightnorm_backward",
    """
one_norm: norms[:, 0] -> norms.mean()
half_projected: g[:, None] / norms * dw - along -> g[:, None] / norms * dw - along / 2
absolute_g: g[:, None] / norms * dw - along -> (g[:, None] / norms * dw - along) * np.sign(g)[:, None]
column = keepdims: return dv, dg -> return dv, dg.reshape(-1, 1)
two = projection_missing, dg_not_divided:
    g[:, None] / norms * dw - along -> g[:, None] / norms * dw
    (dw * v).sum(axis=1) / norms[:, 0] -> (dw * v).sum(axis=1)
""",
)
versions.edits(
    "mean_only_batchnorm_forward",
    """
half_the_mean: x - mean + beta -> x - mean / 2 + beta
without_the_first: x.mean(axis=0) -> x[1:].mean(axis=0) if len(x) > 1 else x[0]
rows_where_square: x.mean(axis=0) -> x.mean(axis=0) if len(x) != x.shape[1] else x.mean(axis=1, keepdims=True)
""",
)
versions.edits(
    "mean_only_batchnorm_backward",
    """
unbiased: dout.mean(axis=0) -> dout.sum(axis=0) / max(len(dout) - 1, 1)
two = constant_mean, dbeta_averaged:
    dout - dout.mean(axis=0) -> dout + 0
    dout.sum(axis=0) -> dout.mean(axis=0)
""",
)
versions.edits(
    "decorrelated_batchnorm_forward",
    """
largest_first: np.linalg.eigh(cov) -> (lambda lam, U: (lam[::-1], U))(*np.linalg.eigh(cov))
two_eps: lam + eps -> lam + 2 * eps
default_one_percent_off: eps=1e-5 -> eps=1.01e-5
correlation_only: centred @ (U / r @ U.T) -> centred @ (U / r @ U.T) * np.sqrt(np.diag(cov))
in_the_axes = not_rotated_back: centred @ (U / r @ U.T) -> (centred @ U) / r
""",
)
versions.edits(
    "decorrelated_batchnorm_backward",
    """
gaps_in_the_weights: r[:, None] * r * (r[:, None] + r) -> r[:, None] * r * (r[:, None] + r) + 0.01
two = constant_mean, averaged_gradients:
    dcentred - dcentred.mean(axis=0) -> dcentred
    return dx, dgamma, dbeta -> return dx, dgamma / len(dx), dbeta / len(dx)
no_direct_road: dx_hat @ (U / r @ U.T) + 2 * centred @ dS / len(dout) -> 2 * centred @ dS / len(dout)
""",
)


@versions.wrong("groupnorm_forward")
def gamma_of_the_groups_first(x, gamma, beta, groups, *, eps=1e-5):
    size = x.shape[1] // groups
    return exercises.load("groupnorm_forward").right[0](x, np.repeat(gamma[::size], size), beta, groups, eps=eps)


@versions.wrong("weightnorm_forward")
def largest_singular_value(v, g):
    return g[:, None] * v / np.linalg.norm(v, 2), None


@versions.wrong("decorrelated_batchnorm_forward")
def root_of_the_correlations(x, gamma, beta, *, eps=1e-5):
    """ZCA-cor (Kessy et al. 2018): features of variance 1 first, then the root of their correlations."""
    centred = x - x.mean(axis=0)
    z = centred / np.sqrt(centred.var(axis=0) + eps)
    lam, U = np.linalg.eigh(z.T @ z / len(x))
    return gamma * (z @ (U / np.sqrt(np.maximum(lam, 0) + eps) @ U.T)) + beta, None


# ---------------------------------------------------------------------------- right


@versions.right("layernorm_forward")
def scaled_and_shifted(x, gamma, beta, *, eps=1e-5):
    """As one scale and one shift for each row."""
    scale = 1 / np.sqrt(np.var(x, axis=-1) + eps)
    shift = -np.mean(x, axis=-1) * scale
    return (x * scale[:, None] + shift[:, None]) * gamma + beta, None


@versions.right("layernorm_backward")
def with_sums(dout, cache):
    x_hat, std, gamma = cache
    d = dout.shape[1]
    g = gamma * dout
    dx = (d * g - g.sum(1, keepdims=True) - x_hat * (g * x_hat).sum(1, keepdims=True)) / (d * std)
    return dx, np.add.reduce(dout * x_hat), np.ones(len(dout), dout.dtype) @ dout


@versions.right("layernorm_backward")
def by_the_jacobian(dout, cache):
    x_hat, std, gamma = cache
    d = dout.shape[1]
    rest = [
        g - g.mean() - np.outer(hat, hat).astype(g.dtype) @ g / d for g, hat in zip(dout * gamma, x_hat, strict=True)
    ]
    return np.array(rest) / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@versions.right("decorrelated_batchnorm_backward")
def the_first_road_centred_first(dout, cache):
    """The second needs no centring: its columns sum to 0 as they are."""
    centred, U, r, x_hat, gamma = cache
    g = dout * gamma
    inner = U.T @ (centred.T @ g) @ U
    dS = -U @ ((inner + inner.T) / (r[:, None] * r * (r[:, None] + r))) @ U.T
    return (g - g.mean(axis=0)) @ (U / r @ U.T) + centred @ dS / len(g), (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@versions.right("instancenorm_forward")
def channels_in_front(x, gamma, beta, *, eps=1e-5):
    turned = x.transpose(2, 3, 0, 1)
    hat = (turned - turned.mean((0, 1))) / (turned.var((0, 1)) + eps) ** 0.5
    return (hat * gamma + beta).transpose(2, 3, 0, 1), None


@versions.right("instancenorm_backward")
def flattened(dout, cache):
    x_hat, std, gamma = cache
    n, c = dout.shape[:2]
    g, hat = dout.reshape(n, c, -1), x_hat.reshape(n, c, -1)
    rest = g - g.mean(2, keepdims=True) - hat * (g * hat).mean(2, keepdims=True)
    dx = (gamma[:, None] / std.reshape(n, c, 1) * rest).reshape(dout.shape)
    return dx, (g * hat).sum((0, 2)), g.sum((0, 2))


@versions.right("groupnorm_forward")
def by_repeating(x, gamma, beta, groups, *, eps=1e-5):
    n, c = x.shape[:2]
    rows = x.reshape(n, groups, -1)
    mean, var = (np.repeat(s, c // groups, axis=1)[:, :, None, None] for s in (rows.mean(2), rows.var(2)))
    return (x - mean) / np.sqrt(var + eps) * gamma[None, :, None, None] + beta[None, :, None, None], None


@versions.right("groupnorm_forward")
def split_and_joined(x, gamma, beta, groups, *, eps=1e-5):
    parts = [
        (p - p.mean((1, 2, 3), keepdims=True)) / np.sqrt(p.var((1, 2, 3), keepdims=True) + eps)
        for p in np.split(x, groups, axis=1)
    ]
    return np.concatenate(parts, axis=1) * gamma.reshape(-1, 1, 1) + beta.reshape(-1, 1, 1), None


@versions.right("norm_axes")
def as_a_set_of_numpy_numbers(kind):
    if kind not in ("batch", "layer", "instance"):
        raise ValueError
    return tuple(
        np.flatnonzero(np.array({"batch": [1, 0, 1, 1], "layer": [0, 1, 1, 1], "instance": [0, 0, 1, 1]}[kind]))
    )


@versions.right("weightnorm_forward")
def unit_rows(v, g):
    return (v.T * (g / np.sqrt(np.einsum("oi,oi->o", v, v)))).T, (v, g, np.linalg.norm(v, axis=1, keepdims=True))


@versions.right("weightnorm_backward")
def from_the_weights(dw, cache):
    v, g, norms = cache
    unit = v / norms
    dg = (dw * unit).sum(axis=1)
    return (g[:, None] / norms) * (dw - dg[:, None] * unit), dg


@versions.right("mean_only_batchnorm_forward")
def with_a_shift(x, beta):
    return x + (beta - x.mean(0)), None


@versions.right("decorrelated_batchnorm_forward")
def by_a_matrix_root(x, gamma, beta, *, eps=1e-5):
    """The root by Denman and Beavers' iteration, without eigenvectors."""
    centred = x - x.mean(axis=0)
    matrix = (centred.T @ centred / len(x)).astype(np.float64) + eps * np.eye(x.shape[1])
    size = np.trace(matrix)
    root, inverse = matrix / size, np.eye(len(matrix))
    for _ in range(60):
        root, inverse = (root + np.linalg.inv(inverse)) / 2, (inverse + np.linalg.inv(root)) / 2
    return (gamma * (centred @ (inverse / np.sqrt(size))) + beta).astype(x.dtype), None


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


# ---------------------------------------------------------------------------- what others say


def test_the_symmetric_root_is_that_of_scipy():
    exercise = exercises.load("decorrelated_batchnorm_forward")
    rng = np.random.default_rng(3)
    x = rng.standard_normal((20, 4)) @ rng.standard_normal((4, 4))
    centred = x - x.mean(0)
    root = scipy.linalg.inv(scipy.linalg.sqrtm(centred.T @ centred / 20 + 1e-5 * np.eye(4)))
    expected = exercise.reference(*(torch.from_numpy(a) for a in (x, np.ones(4), np.zeros(4))))[0].numpy()
    np.testing.assert_allclose(centred @ root, expected, rtol=1e-9, atol=1e-9)


def test_the_gradient_of_the_root_holds_where_eigenvalues_are_equal():
    """Where autograd's eigh has none: against differences of the forward."""
    forward, backward = exercises.load("decorrelated_batchnorm_backward").right
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0]
    x = turn[:, :3] - turn[:, :3].mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x)).T
    dout = np.random.default_rng(1).standard_normal(x.shape)
    gamma, beta = np.array([1.5, -0.5, 2.0]), np.zeros(3)
    _, cache = forward(x, gamma, beta, eps=0.1)
    assert np.ptp(cache[2]) < 1e-12
    dx = backward(dout, cache)[0]
    numeric = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * 1e-6
            numeric[place] += sign * (forward(moved, gamma, beta, eps=0.1)[0] * dout).sum() / 2e-6
    np.testing.assert_allclose(dx, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("norms", [0.001, 1.0, 1000.0])
def test_the_gradient_of_a_direction_is_at_right_angles_to_it(norms):
    forward, backward = exercises.load("weightnorm_backward").right
    rng = np.random.default_rng(2)
    v, g = norms * rng.standard_normal((4, 6)), rng.standard_normal(4)
    dv, _ = backward(rng.standard_normal(v.shape), forward(v, g)[1])
    assert np.abs((dv * v).sum(1)).max() < 1e-12


def test_layernorm_with_the_closed_form_of_batchnorm_is_told_where_gamma_stands():
    def backward(dout, cache):
        x_hat, std, gamma = cache
        rest = dout - dout.mean(1, keepdims=True) - x_hat * (dout * x_hat).mean(1, keepdims=True)
        return gamma * rest / std, (dout * x_hat).sum(0), dout.sum(0)

    forward = exercises.load("layernorm_backward").right[0]
    assert verdict_on("layernorm_backward", forward, backward).mistakes == ["gamma_outside_the_means"]
