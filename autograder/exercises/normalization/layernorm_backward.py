"""layernorm_backward: gradients of layer normalization.

dx = (dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / std with dx_hat = dout * gamma, the means over each sample's
features; dgamma and dbeta are sums over the samples (Ba, Kiros and Hinton 2016). gamma stands inside the means: in
BatchNorm it is constant along them and may be taken out, here it is not. Reference: autograd through
torch.nn.functional.layer_norm.
"""

import numpy as np

from autograder.exercises.normalization import layernorm_forward
from autograder.exercises.normalization._parts import draw, gradient_scale
from autograder.judge import Case, Layer, alternative, slips

EXERCISE = Layer(
    functions=("layernorm_forward", "layernorm_backward"),
    draw=draw,
    reference=layernorm_forward.reference,
    gradients=("x", "gamma", "beta"),
    scale=lambda x, gamma, beta, dout, eps=1e-5: gradient_scale(x, gamma, beta, dout, 1, eps),
    section="2 · LayerNorm, backward",
    typical=layernorm_forward.EXERCISE.typical,
    sizes=layernorm_forward.EXERCISE.sizes,
    many="d",
    cases=[
        Case("a few samples, gamma 1 and beta 0", n=3, d=4, gamma="ones", beta="zeros"),
        Case("with a scale and a shift", n=4, d=6, weight=2),
        Case("negative gamma, zero gamma", n=4, d=6, gamma="any sign", weight=2),
        Case("as many samples as features", n=5, d=5, gamma="any sign", weight=2),
        Case("one sample alone", n=1, d=6),
        Case("one feature: nothing comes back to x", n=4, d=1, weight=0.5),
        Case("the default eps", n=4, d=6, eps=None, spread=1e-2),
        Case("another eps, 1e-2", n=4, d=6, eps=1e-2, weight=2),
        Case("samples of very different spread", n=5, d=10, spread="very different"),
        Case("a sample whose features are all equal", n=3, d=6, constant=True),
        Case("a variance of 1e-11, far below eps", n=3, d=6, spread=3e-6),
        Case("a large offset, x + 1e4", n=4, d=8, offset=1e4, rounding=True),
    ],
)


def backward(dout, cache):
    x_hat, std, gamma = cache
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    through_mean = dx_hat.mean(axis=1, keepdims=True)
    through_var = x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = (dx_hat - through_mean - through_var) / std
    return dx, dgamma, dbeta


forward = layernorm_forward.right
right = forward, backward

MISTAKES = slips("""
means_over_the_batch:
    dx_hat.mean(axis=1, keepdims=True) -> dx_hat.mean(axis=0)
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).mean(axis=0)
    or dx_hat.mean(axis=1, keepdims=True) -> dx_hat.mean(axis=0)
    or (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).mean(axis=0)
    A mean inside dx goes over the samples, as in BatchNorm. The statistics were taken over each sample's features, and
    so are these means: `axis=1`.

constant_statistics (core): dx_hat - through_mean - through_var -> dx_hat
    Mean and variance are treated as constants: dx is dout * gamma / std. They depend on all features of the sample, so
    two more roads lead from x to the loss.

mean_branch_missing: dx_hat - through_mean - through_var -> dx_hat - through_var
    The road through the mean is missing: every feature moves the sample's mean. Each row of dx must sum to 0.
variance_branch_missing: dx_hat - through_mean - through_var -> dx_hat - through_mean
    The road through the variance is missing: subtract what dx_hat has along x_hat, x_hat * mean(dx_hat * x_hat).

gamma_outside_the_means:
    dx_hat.mean(axis=1, keepdims=True) -> gamma * dout.mean(axis=1, keepdims=True)
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> gamma * (dout * x_hat).mean(axis=1, keepdims=True)
    gamma is taken out of the means, as in BatchNorm's closed form. There it is one number along them; here each feature
    of the row has its own: average dx_hat = dout * gamma.

gamma_forgotten: dout * gamma -> dout
    dx is computed from dout. The chain goes through gamma first: dx_hat = dout * gamma.

gamma_forgotten_on_a_road:
    dx_hat.mean(axis=1, keepdims=True) -> dout.mean(axis=1, keepdims=True)
    or (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dout * x_hat).mean(axis=1, keepdims=True)
    or dx_hat - through_mean - through_var -> dout - through_mean - through_var
    One of the roads starts from dout. All of them start from dx_hat = dout * gamma.

sums_for_means:
    dx_hat.mean(axis=1, keepdims=True) -> dx_hat.sum(axis=1, keepdims=True)
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).sum(axis=1, keepdims=True)
    or dx_hat.mean(axis=1, keepdims=True) -> dx_hat.sum(axis=1, keepdims=True)
    or (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).sum(axis=1, keepdims=True)
    A sum stands where a mean belongs: each feature is one D-th of the mean and of the variance.

divided_by_the_samples:
    dx_hat.mean(axis=1, keepdims=True) -> dx_hat.sum(axis=1, keepdims=True) / len(dout)
    (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).sum(axis=1, keepdims=True) / len(dout)
    The sums over the features are divided by N, the number of samples. There are D of them.

plus_sign: dx_hat - through_mean - through_var -> dx_hat - through_mean + through_var
    or dx_hat - through_mean - through_var -> dx_hat + through_mean - through_var
    or dx_hat - through_mean - through_var -> dx_hat + through_mean + through_var
    A term is added. Both take something away from dx_hat: two minus signs.

x_hat_missing: x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True) -> (dx_hat * x_hat).mean(axis=1, keepdims=True)
    The road through the variance lacks the factor x_hat: x_hat * mean(dx_hat * x_hat).

not_divided_by_std: (dx_hat - through_mean - through_var) / std -> dx_hat - through_mean - through_var
    The division by std is missing in dx.
divided_by_variance: (dx_hat - through_mean - through_var) / std -> (dx_hat - through_mean - through_var) / std**2
    dx is divided by var + eps. One root is missing: divide by std.

over_features:
    (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=1)
    dout.sum(axis=0) -> dout.sum(axis=1)
    or (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=1)
    or dout.sum(axis=0) -> dout.sum(axis=1)
    A parameter's gradient is summed over the features. The statistics go along the rows, but gamma and beta belong to
    the columns: sum over the samples, `axis=0`.

averaged_gradients: return dx, dgamma, dbeta -> return dx, dgamma / len(dout), dbeta / len(dout)
    dgamma and dbeta are averaged. All samples use the same gamma and beta, so their contributions add up; a 1/N, if
    there is one, comes with dout from the loss.
averaged_dgamma: return dx, dgamma, dbeta -> return dx, dgamma / len(dout), dbeta
    dgamma is averaged. All samples use the same gamma: sum their contributions.
averaged_dbeta: return dx, dgamma, dbeta -> return dx, dgamma, dbeta / len(dout)
    dbeta is averaged. All samples use the same beta: sum their contributions.

keepdims (detail):
    (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=0, keepdims=True)
    dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    or (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=0, keepdims=True)
    or dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    A parameter's gradient has shape (1, D). It has the shape of its parameter, (D,): no `keepdims`.

dgamma_with_centred: (dout * x_hat).sum(axis=0) -> (dout * x_hat * std).sum(axis=0)
    dgamma multiplies dout by x - mean, before the division. What gamma was multiplied by is x_hat.
not_summed: return dx, dgamma, dbeta -> return dx, dout * x_hat, dout
    dgamma and dbeta still have a row for each sample, which share one gamma and one beta: sum over `axis=0`.
gamma_in_dgamma: return dx, dgamma, dbeta -> return dx, gamma * dgamma, dbeta
    or return dx, dgamma, dbeta -> return dx, gamma * dgamma, gamma * dbeta
    gamma is a factor of its own gradient. dgamma and dbeta are sums of dout, not of dx_hat = dout * gamma.

order_swapped: return dx, dgamma, dbeta -> return dx, dbeta, dgamma
    or return dx, dgamma, dbeta -> return dgamma, dbeta, dx
    or return dx, dgamma, dbeta -> return dbeta, dgamma, dx
    The gradients come back in another order than asked for: dx, dgamma, dbeta.

eps_forgotten: (x_hat, std, gamma) -> (x_hat, np.sqrt(var), gamma)
    The forward divides by sqrt(var + eps), the backward by sqrt(var): equal features give nan. Keep the std that the
    forward used in the cache.

eps_hard_coded (detail): (x_hat, std, gamma) -> (x_hat, np.sqrt(var + 1e-5), gamma)
    The backward has a fixed 1e-5 where the forward had `eps`: keep the std that the forward used in the cache.

in_place (detail): dx_hat = dout * gamma -> dout *= gamma; dx_hat = dout
    `dout *= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_jacobians(dout, cache):
    """The whole (D, D) Jacobian of each sample."""
    x_hat, std, gamma = cache
    dx, d = np.zeros_like(dout), dout.shape[1]
    for i, row in enumerate(x_hat):
        jacobian = (np.eye(d, dtype=dout.dtype) - 1 / d - np.outer(row, row) / d) / std[i]
        dx[i] = jacobian @ (gamma * dout[i])
    return [dx, np.einsum("nd,nd->d", dout, x_hat), np.add.reduce(dout)]


@alternative
def staged(dout, cache):
    """Node by node: the variance, the mean, then x."""
    x_hat, std, gamma = cache
    d = dout.shape[1]
    g = dout * gamma
    dvar = -0.5 * (g * x_hat).sum(1) / std[:, 0] ** 2
    dmean = -g.sum(1) / std[:, 0]
    dx = g / std + 2 * x_hat * std * dvar[:, None] / d + dmean[:, None] / d
    return dx, (dout * x_hat).sum(0), dout.sum(0)


HINTS = [
    "The graph is BatchNorm's, turned: x goes into its row's mean, into its row's variance, and into x_hat directly. "
    "Which axis do the sums go along now, and which one for dgamma and dbeta?",
    "Begin with dx_hat = dout * gamma and keep gamma in it: along a row gamma is not constant, so it cannot be taken "
    "out of a mean. Then take away the mean of dx_hat and what it has along x_hat, and divide by std.",
    "`dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)) / "
    "std`; `dgamma = (dout * x_hat).sum(axis=0)`, `dbeta = dout.sum(axis=0)`.",
]
