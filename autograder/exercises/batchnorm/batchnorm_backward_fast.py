"""batchnorm_backward_fast: gradients of batch normalization in closed form.

dx = gamma / sqrt(var + eps) * (dout - dbeta / N - x_hat * dgamma / N): what is left of dout when its mean and its part
along x_hat are taken away. The same gradients as batchnorm_backward. Reference: autograd through
torch.nn.functional.batch_norm(training=True). Speed is shown in the notebook and not graded.
"""

from dataclasses import replace

import numpy as np

from autograder.exercises.batchnorm import batchnorm_backward, batchnorm_forward
from autograder.exercises.batchnorm._slips import CACHE, PARAMETERS
from autograder.judge import alternative, slips

# The same gradients are asked for.
EXERCISE = replace(
    batchnorm_backward.EXERCISE,
    functions=("batchnorm_forward", "batchnorm_backward_fast"),
    section="5 · Backward, in one line",
)


def backward(dout, cache):
    x_hat, _, std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma / std * (dout - dbeta / n - x_hat * (dgamma / n))
    return dx, dgamma, dbeta


forward = batchnorm_forward.right
right = forward, backward

MISTAKES = slips("""
n_missing:
    dbeta / n -> dbeta
    dgamma / n -> dgamma
    The two sums are subtracted whole. Divide them by N: it is dout's *mean* that has no say.

n_missing_once: dbeta / n -> dbeta
    or dgamma / n -> dgamma
    One of the two sums is subtracted whole. Divide both by N.

n_times_too_large: dout - dbeta / n - x_hat * (dgamma / n) -> n * dout - dbeta - x_hat * dgamma
    dx is N times too large: with N * dout inside the bracket there must be a 1/N in front of it.

divided_by_n_minus_one: dgamma / n -> dgamma / (n - 1)
    The term with x_hat is divided by N - 1, which belongs to an unbiased variance. The forward normalizes with the
    biased one: N.

both_divided_by_n_minus_one:
    dbeta / n -> dbeta / (n - 1)
    dgamma / n -> dgamma / (n - 1)
    Both sums are divided by N - 1. The forward's mean and its biased variance divide by N, and so must the backward.

two_variances: (x_hat, centred, std, gamma) -> (x_hat, centred, np.sqrt(x.var(axis=0, ddof=1) + eps), gamma)
    x_hat and the std in front of the bracket belong to different variances: one divides by N, the other by N - 1. Keep
    the std that the forward used (N) in the cache.

divided_by_features: n = dout.shape[0] -> n = dout.shape[1]
    or n = dout.shape[0] -> n = dout.size
    The sums go over the samples, so N is `dout.shape[0]`, not the number of features or of all entries.

dbeta_forgotten: dbeta / n -> 0
    The mean of dout is not subtracted: dbeta / N is what the road through the mean has become. Each column of dx must
    sum to 0.

dgamma_forgotten: x_hat * (dgamma / n) -> 0
    The part of dout along x_hat is not subtracted: x_hat * dgamma / N is what the road through the variance has become.
constant_statistics (core): dout - dbeta / n - x_hat * (dgamma / n) -> dout
    Both sums are missing: dx is dout * gamma / std, as if mean and variance did not depend on x.
divided_by_variance: gamma / std -> gamma / std**2
    The factor in front is gamma / (var + eps). One root is missing: gamma / sqrt(var + eps).
not_divided_by_std: gamma / std -> gamma
    The division by std is missing in front of the bracket: gamma / sqrt(var + eps).
centred_for_x_hat: x_hat * (dgamma / n) -> x_hat * std * (dgamma / n)
    The last term multiplies dgamma by x - mean. It takes x_hat, which has been divided by std.
x_hat_missing: x_hat * (dgamma / n) -> dgamma / n
    The last term is dgamma / N alone. What is taken away is the part along x_hat: x_hat * dgamma / N.

sums_changed_places:
    dbeta / n -> dgamma / n
    dgamma / n -> dbeta / n
    dbeta and dgamma have changed places in dx: x_hat goes with dgamma.

gamma_forgotten: gamma / std -> 1 / std
    gamma is missing in front of the bracket.
gamma_twice: gamma / std -> gamma**2 / std
    gamma is a factor twice. The bracket takes dout and its two sums; gamma stands in front of it, once.
plus_sign: dout - dbeta / n - x_hat * (dgamma / n) -> dout - dbeta / n + x_hat * (dgamma / n)
    The term with x_hat is added. Both terms take something away from dout: two minus signs.
sign_of_dbeta: dout - dbeta / n -> dout + dbeta / n
    dbeta / N is added. Both terms take something away from dout: two minus signs.

averaged_gradients:
    dout.sum(axis=0) -> dout.mean(axis=0)
    (dout * x_hat).sum(axis=0) -> (dout * x_hat).mean(axis=0)
    dgamma and dbeta are averaged, and dx divides them by N once more. What is returned are the sums; divide by N inside
    dx only.

in_place (detail): return dx, dgamma, dbeta -> dout[...] = dx; return dout, dgamma, dbeta
    `dout -= ...` or `dout[...] = ...` writes into the caller's array. Make a new one.
""")
MISTAKES += [*PARAMETERS, *CACHE]


@alternative
def n_in_front(dout, cache):
    """1/N taken out of the bracket."""
    x_hat, _, std, gamma = cache
    n = dout.shape[0]
    dbeta, dgamma = np.sum(dout, axis=0), np.sum(x_hat * dout, axis=0)
    return (1.0 / n) * gamma / std * (n * dout - dbeta - x_hat * dgamma), dgamma, dbeta


@alternative
def column_by_column(dout, cache):
    x_hat, _, std, gamma = cache
    columns = []
    for j in range(dout.shape[1]):
        g = dout[:, j]
        columns.append(gamma[j] / std[j] * (g - g.mean() - x_hat[:, j] * (g @ x_hat[:, j]) / len(g)))
    return [np.stack(columns, axis=1), (dout * x_hat).sum(0), dout.T.sum(1)]


HINTS = [
    "Which two changes of a column does normalization undo? dout in those two directions cannot matter.",
    "Compute dbeta and dgamma first. From dout, subtract its mean (dbeta / N) and its part along x_hat "
    "(x_hat * dgamma / N), then multiply by gamma / std.",
    "`dbeta = dout.sum(axis=0)`, `dgamma = (dout * x_hat).sum(axis=0)`, "
    "`dx = gamma / std * (dout - dbeta / n - x_hat * (dgamma / n))`.",
]
