"""Mistakes of the lines that the right solutions of this topic share:

std = np.sqrt(var + eps)
x_hat = centred / std
out = gamma * x_hat + beta

dgamma = (dout * x_hat).sum(axis=0)
dbeta = dout.sum(axis=0)
return dx, dgamma, dbeta
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from autograder.judge import Slip, slips

DDOF = slips("""
ddof_one (detail): (centred**2).mean(axis=0) -> (centred**2).sum(axis=0) / (len(centred) - 1)
    The variance is divided by N - 1. In training BatchNorm normalizes with the batch's own, biased variance: divide by
    N (`ddof=0`).
""")

EPS = slips("""
eps_outside_root (detail): np.sqrt(var + eps) -> np.sqrt(var) + eps
    `eps` is added to the standard deviation. It belongs to the variance, inside the root: sqrt(var + eps).
eps_missing: var + eps -> var
    `eps` is not used: where the variance is 0, this divides by 0. Divide by sqrt(var + eps).
eps_ignored (detail): var + eps -> var + 1e-5
    A fixed 1e-5 stands where `eps` should: the caller may pass another one.

eps_as_floor (detail): var + eps -> np.maximum(var, eps)
    or np.sqrt(var + eps) -> np.maximum(np.sqrt(var), eps)
    `eps` is a lower bound here. It is added to the variance: sqrt(var + eps).

eps_squared (detail): var + eps -> var + eps**2
    `eps` is squared, as if it were a deviation. It is added to the variance as it is: sqrt(var + eps).
variance_not_rooted: np.sqrt(var + eps) -> var + eps
    The division is by the variance. The spread is its root: sqrt(var + eps).
""")

DEFAULT_EPS = slips("""
default_eps (detail): eps=1e-5 -> eps=1e-8
    or eps=1e-5 -> eps=1e-6
    or eps=1e-5 -> eps=1e-3
    The default of `eps` is another number. It is 1e-5, as in PyTorch.
""")

AFFINE = slips("""
gamma_missing: gamma * x_hat -> x_hat
    `gamma` is not used: it scales x_hat before beta is added.
beta_missing: gamma * x_hat + beta -> gamma * x_hat
    `beta` is not used: it shifts the scaled x_hat.
affine_missing: gamma * x_hat + beta -> x_hat
    This is x_hat. gamma and beta, which were learned, give back a scale and a shift: gamma * x_hat + beta.
beta_scaled: gamma * x_hat + beta -> gamma * (x_hat + beta)
    `beta` is scaled by gamma. First the scale, then the shift: gamma * x_hat + beta.
gamma_and_beta_swapped: gamma * x_hat + beta -> beta * x_hat + gamma
    gamma and beta have changed places: gamma scales x_hat, beta shifts it.
""")

PARAMETERS = slips("""
averaged_gradients: return dx, dgamma, dbeta -> return dx, dgamma / n, dbeta / n
    dgamma and dbeta are averaged. The whole batch uses the same gamma and beta, so its contributions add up; a 1/N, if
    there is one, comes with dout from the loss.

averaged_dgamma: return dx, dgamma, dbeta -> return dx, dgamma / n, dbeta
    dgamma is averaged. The whole batch uses the same gamma: sum its contributions.
averaged_dbeta: return dx, dgamma, dbeta -> return dx, dgamma, dbeta / n
    dbeta is averaged. The whole batch uses the same beta: sum its contributions.
averaged_dx: return dx, dgamma, dbeta -> return dx / n, dgamma, dbeta
    dx is divided by N once more. If the loss is an average, its 1/N is in dout already.

keepdims (detail): (dout * x_hat).sum(axis=0) -> (dout * x_hat).sum(axis=0, keepdims=True)
    or dout.sum(axis=0) -> dout.sum(axis=0, keepdims=True)
    or return dx, dgamma, dbeta -> return dx, dgamma[None], dbeta[None]
    A gradient keeps an axis of length 1. It has the shape of its parameter: sum over `axis=0` without `keepdims`.

not_summed: return dx, dgamma, dbeta -> return dx, dout * x_hat, dout
    dgamma and dbeta still have a row for everything in the batch, which shares one gamma and one beta: sum over
    `axis=0`.

one_number: return dx, dgamma, dbeta -> return dx, dgamma.sum(), dbeta.sum()
    dgamma and dbeta are one number each: say `axis=0`, so that every feature keeps its own.
dgamma_with_centred: return dx, dgamma, dbeta -> return dx, dgamma * std, dbeta
    dgamma multiplies dout by x - mean, before the division. What gamma was multiplied by is x_hat.

gamma_in_dgamma: return dx, dgamma, dbeta -> return dx, gamma * dgamma, dbeta
    or return dx, dgamma, dbeta -> return dx, gamma * dgamma, gamma * dbeta
    gamma is a factor of its own gradient. dgamma and dbeta are sums of dout, not of dx_hat = dout * gamma.

order_swapped: return dx, dgamma, dbeta -> return dx, dbeta, dgamma
    or return dx, dgamma, dbeta -> return dgamma, dbeta, dx
    or return dx, dgamma, dbeta -> return dbeta, dgamma, dx
    The gradients come back in another order than asked for: dx, dgamma, dbeta.
""")

CACHE = slips("""
eps_forgotten: (x_hat, centred, std, gamma) -> (x_hat, centred, np.sqrt(var), gamma)
    The forward divides by sqrt(var + eps), the backward by sqrt(var): a constant feature gives nan. Keep the std that
    the forward used in the cache.

eps_hard_coded (detail): (x_hat, centred, std, gamma) -> (x_hat, centred, np.sqrt(var + 1e-5), gamma)
    The backward has a fixed 1e-5 where the forward had `eps`: keep the std that the forward used in the cache.
""")


def renamed(found: Sequence[Slip], name: str, new: str) -> list[Slip]:
    """The same slips where a variable has another name."""

    def other(text: str) -> str:
        return re.sub(rf"\b{name}\b", new, text)

    return [
        replace(slip, edits={other(a): other(b) for a, b in slip.edits.items()}, sentence=other(slip.sentence))
        for slip in found
    ]
