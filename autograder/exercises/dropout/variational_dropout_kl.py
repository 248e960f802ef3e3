"""variational_dropout_kl: the KL divergence of variational dropout, approximated, one value per weight.

KL = -(k1 sigmoid(k2 + k3 log_alpha) - log(1 + 1/alpha) / 2 - k1), k1 = 0.63576, k2 = 1.87320, k3 = 1.48695 (Molchanov,
Ashukha and Vetrov 2017, equation 14, whose left side is -KL; lecture 004 names the method). Up to the constant that makes
it 0 for alpha -> infinity. Reference: the formula in torch, in an order that neither overflows nor cancels.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake

K1, K2, K3 = 0.63576, 1.87320, 1.48695


def draw(rng, case):
    if case.get("at") is not None:
        return {"log_alpha": np.array(case.get("at")) + rng.uniform(-0.1, 0.1, len(case.get("at")))}, {}
    low, high = case.get("between", (-4.0, 4.0))
    return {"log_alpha": rng.uniform(low, high, case.get("shape"))}, {}


def reference(log_alpha):
    return K1 * torch.sigmoid(-(K2 + K3 * log_alpha)) + 0.5 * F.softplus(-log_alpha)


def scale(log_alpha):
    # k1 - k1 sigmoid cancels where KL is nearly 0; rounding is that of k1.
    return {"kl": np.maximum(K1, np.abs(log_alpha))}


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def formula(log_alpha, k1=K1, k2=K2, k3=K3, log_factor=0.5, constant=K1, sign=-1.0):
    """Right where nothing is said."""
    return sign * (k1 * sigmoid(k2 + k3 * log_alpha) - log_factor * np.logaddexp(0, -log_alpha) - constant)


def minus(log_alpha):
    return formula(log_alpha, sign=1.0)


def without_constant(log_alpha):
    return formula(log_alpha, constant=0.0)


def without_half(log_alpha):
    return formula(log_alpha, log_factor=1.0)


def log_of_alpha(log_alpha):
    return -(K1 * sigmoid(K2 + K3 * log_alpha) - 0.5 * np.logaddexp(0, log_alpha) - K1)


def log_alpha_for_log1p(log_alpha):
    return -(K1 * sigmoid(K2 + K3 * log_alpha) + 0.5 * log_alpha - K1)


def alpha_in_sigmoid(log_alpha):
    with np.errstate(over="ignore"):
        alpha = np.exp(log_alpha)
    return -(K1 * sigmoid(K2 + K3 * alpha) - 0.5 * np.logaddexp(0, -log_alpha) - K1)


def log_of_log_alpha(log_alpha):
    with np.errstate(all="ignore"):
        return -(K1 * sigmoid(K2 + K3 * np.log(log_alpha)) - 0.5 * np.log1p(1 / log_alpha) - K1)


def constants_swapped(log_alpha):
    return formula(log_alpha, k2=K3, k3=K2)


def tanh_for_sigmoid(log_alpha):
    return -(K1 * np.tanh(K2 + K3 * log_alpha) - 0.5 * np.logaddexp(0, -log_alpha) - K1)


def summed(log_alpha):
    return np.array(formula(log_alpha).sum())


def averaged(log_alpha):
    return np.array(formula(log_alpha).mean())


def log_term_sign(log_alpha):
    return formula(log_alpha, log_factor=-0.5)


def overflows(log_alpha):
    with np.errstate(all="ignore"):
        sigma = 1 / (1 + np.exp(-(K2 + K3 * log_alpha)))
        return -(K1 * sigma - 0.5 * np.log1p(np.exp(-log_alpha)) - K1)


def clipped(log_alpha):
    return formula(np.clip(log_alpha, -8, 8))


def with_logs_split(log_alpha):
    """log(1 + 1/alpha) by cases, the sigmoid by cases."""
    z = K2 + K3 * log_alpha
    small = np.exp(-np.abs(z))
    sigma = np.where(z >= 0, 1 / (1 + small), small / (1 + small))
    log_term = np.maximum(-log_alpha, 0) + np.log1p(np.exp(-np.abs(log_alpha)))
    return K1 * (1 - sigma) + log_term / 2


def from_the_other_side(log_alpha):
    """1 - sigmoid(z) is sigmoid(-z); nothing cancels."""
    return K1 * sigmoid(-K2 - K3 * log_alpha) - 0.5 * np.minimum(log_alpha, 0) + 0.5 * np.log1p(np.exp(-abs(log_alpha)))


def one_by_one(log_alpha):
    import math

    kl = np.empty_like(log_alpha)
    for index, a in np.ndenumerate(log_alpha):
        a = float(a)
        log_term = -a if a < -30 else math.log1p(math.exp(-a))
        kl[index] = K1 - K1 * (1 + math.tanh((K2 + K3 * a) / 2)) / 2 + log_term / 2
    return kl


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("kl",),
    scale=scale,
    typical={"shape": (4, 3)},
    cases=[
        Case("a few weights", shape=(5,), weight=2),
        Case("a matrix of weights, one value each", shape=(6, 4), weight=2),
        Case("little noise, log_alpha from -12 to -6", shape=(3, 4), between=(-12.0, -6.0)),
        Case("much noise, log_alpha from 4 to 12", shape=(3, 4), between=(4.0, 12.0)),
        Case("one weight", shape=(1, 1)),
        Case("four axes, as of a convolution", shape=(3, 2, 2, 3)),
        Case("log_alpha near 0, alpha near 1", shape=(7,), between=(-0.1, 0.1)),
        Case("finite for any log_alpha: -1000 and 1000", at=(-1000.0, -50.0, 0.0, 50.0, 1000.0), weight=2),
        Case("finite in float32 too: -120 and 120", at=(-120.0, -50.0, 0.0, 50.0, 120.0), dtype="float32"),
    ],
    mistakes=[
        Mistake(
            "sign",
            minus,
            "The sign is turned: equation 14 of the paper approximates -KL. The KL divergence is positive, and largest for "
            "little noise.",
        ),
        Mistake(
            "constant_missing",
            without_constant,
            "The constant k1 is missing: KL goes to 0 for alpha -> infinity, so -(k1 sigmoid - log term - k1).",
        ),
        Mistake("half_missing", without_half, "The logarithm's factor 1/2 is missing: log(1 + 1/alpha) / 2."),
        Mistake(
            "alpha_not_inverted",
            log_of_alpha,
            "The logarithm is that of 1 + alpha. It is log(1 + 1/alpha), and 1/alpha is exp(-log_alpha).",
        ),
        Mistake(
            "log_alpha_for_log1p",
            log_alpha_for_log1p,
            "log(1 + 1/alpha) is taken for -log_alpha. They agree for tiny alpha only: log1p(exp(-log_alpha)).",
        ),
        Mistake(
            "alpha_in_sigmoid",
            alpha_in_sigmoid,
            "The sigmoid gets alpha. It is a function of its logarithm, k2 + k3 * log_alpha.",
        ),
        Mistake(
            "log_of_the_argument",
            log_of_log_alpha,
            "The argument is taken for alpha. It is log_alpha already: alpha is exp(log_alpha), and log_alpha may be "
            "negative.",
        ),
        Mistake("constants_swapped", constants_swapped, "k2 and k3 are swapped: sigmoid(k2 + k3 * log_alpha)."),
        Mistake("tanh_for_sigmoid", tanh_for_sigmoid, "tanh stands where the sigmoid 1 / (1 + exp(-z)) belongs."),
        Mistake("summed", summed, "The values are summed. Return one value per entry; the sum belongs to the loss."),
        Mistake("averaged", averaged, "The values are averaged. Return one value per entry."),
        Mistake(
            "log_term_sign",
            log_term_sign,
            "The logarithm has the wrong sign: within the brackets it is subtracted, so KL grows with log(1 + 1/alpha) / 2.",
        ),
        Mistake(
            "overflow",
            overflows,
            "For very negative log_alpha, exp(-log_alpha) overflows and KL is infinite. log(1 + exp(z)) is "
            "`np.logaddexp(0, z)`, which does not overflow.",
        ),
        Mistake(
            "clipped",
            clipped,
            "log_alpha is clipped (the paper does that in training). This is the bare formula: use an order of computing that "
            "does not overflow, such as `np.logaddexp(0, -log_alpha)`.",
        ),
    ],
    alternatives=[with_logs_split, from_the_other_side, one_by_one],
    hints=[
        "Write it term by term: a sigmoid, a logarithm, a constant. What is 1/alpha in terms of log_alpha?",
        "log(1 + 1/alpha) = log(1 + exp(-log_alpha)) = `np.logaddexp(0, -log_alpha)`, which stays finite. "
        "sigmoid(z) = (1 + tanh(z / 2)) / 2 does too.",
        "`k1 - k1 * sigmoid + 0.5 * np.logaddexp(0, -log_alpha)` with "
        "`sigmoid = 0.5 * (1 + np.tanh(0.5 * (k2 + k3 * log_alpha)))`.",
    ],
)
