"""variational_dropout_kl: the KL divergence of variational dropout, approximated, one value per weight.

KL = -(k1 sigmoid(k2 + k3 log_alpha) - log(1 + 1/alpha) / 2 - k1), k1 = 0.63576, k2 = 1.87320, k3 = 1.48695 (Molchanov,
Ashukha and Vetrov 2017, equation 14, whose left side is -KL; lecture 004 names the method). Up to the constant that
makes it 0 for alpha -> infinity. Reference: the formula in torch, in an order that neither overflows nor cancels.
"""

import math

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips, torch

K1, K2, K3 = 0.63576, 1.87320, 1.48695


def draw(rng, case):
    if case.get("at") is not None:
        return {"log_alpha": np.array(case.get("at")) + rng.uniform(-0.1, 0.1, len(case.get("at")))}, {}
    low, high = case.get("between", (-4.0, 4.0))
    return {"log_alpha": rng.uniform(low, high, case.get("shape"))}, {}


def reference(log_alpha):
    return K1 * torch.sigmoid(-(K2 + K3 * log_alpha)) + 0.5 * F.softplus(-log_alpha)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("kl",),
    # k1 - k1 sigmoid cancels where KL is nearly 0; rounding is that of k1.
    scale=lambda log_alpha: {"kl": np.maximum(K1, np.abs(log_alpha))},
    section="8 · Variational dropout: learn the rate",
    typical={"shape": (4, 3)},
    forms=[{"shape": (4, 4)}, {"shape": (1, 5)}, {"shape": (3, 1)}, {"shape": (1,)}, {"shape": (3, 2, 2, 3)}],
    cases=[
        Case("a few weights", shape=(5,), weight=2),
        Case("a matrix of weights, one value each", shape=(6, 4), weight=2),
        Case("little noise, log_alpha from -12 to -6", shape=(3, 4), between=(-12.0, -6.0)),
        Case("much noise, log_alpha from 4 to 12", shape=(3, 4), between=(4.0, 12.0)),
        Case("log_alpha near 0, alpha near 1", shape=(7,), between=(-0.1, 0.1)),
        Case("finite for any log_alpha: -1000 and 1000", at=(-1000.0, -50.0, 0.0, 50.0, 1000.0), weight=2),
        Case("finite in float32 too: -120 and 120", at=(-120.0, -50.0, 0.0, 50.0, 120.0), dtype="float32"),
    ],
)


def right(log_alpha):
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    z = k2 + k3 * log_alpha
    sigmoid = (1 + np.tanh(z / 2)) / 2
    log_term = np.logaddexp(0, -log_alpha) / 2
    return -(k1 * sigmoid - log_term - k1)


MISTAKES = slips("""
sign (core): -(k1 * sigmoid - log_term - k1) -> k1 * sigmoid - log_term - k1
    The sign is turned: equation 14 of the paper approximates -KL. The KL divergence is positive, and largest for little
    noise.

constant_missing: k1 * sigmoid - log_term - k1 -> k1 * sigmoid - log_term
    The constant k1 is missing. KL goes to 0 as alpha goes to infinity: -(k1 sigmoid - log term - k1).
half_missing: np.logaddexp(0, -log_alpha) / 2 -> np.logaddexp(0, -log_alpha)
    The logarithm's factor 1/2 is missing: log(1 + 1/alpha) / 2.
alpha_not_inverted: np.logaddexp(0, -log_alpha) -> np.logaddexp(0, log_alpha)
    The logarithm is that of 1 + alpha. It is log(1 + 1/alpha), and 1/alpha is exp(-log_alpha).
log_alpha_for_log1p: np.logaddexp(0, -log_alpha) -> -log_alpha
    log(1 + 1/alpha) is taken for -log_alpha. They agree for tiny alpha only: log1p(exp(-log_alpha)).
alpha_in_sigmoid: k2 + k3 * log_alpha -> k2 + k3 * np.exp(log_alpha)
    The sigmoid gets alpha. It is a function of its logarithm, k2 + k3 * log_alpha.

log_of_the_argument (core):
    k2 + k3 * log_alpha -> k2 + k3 * np.log(log_alpha)
    np.logaddexp(0, -log_alpha) -> np.log1p(1 / log_alpha)
    The argument is taken for alpha. It is log_alpha already: alpha is exp(log_alpha), and log_alpha may be negative.

constants_swapped: k1, k2, k3 = 0.63576, 1.87320, 1.48695 -> k1, k3, k2 = 0.63576, 1.87320, 1.48695
    k2 and k3 are swapped: sigmoid(k2 + k3 * log_alpha).
constants_rounded (detail): k1, k2, k3 = 0.63576, 1.87320, 1.48695 -> k1, k2, k3 = 0.64, 1.87, 1.49
    The constants are rounded: k1 = 0.63576, k2 = 1.87320, k3 = 1.48695.
k3_times_the_sum: k2 + k3 * log_alpha -> k3 * (k2 + log_alpha)
    k3 multiplies k2 too. It multiplies log_alpha alone: k2 + k3 * log_alpha.
tanh_for_sigmoid: (1 + np.tanh(z / 2)) / 2 -> np.tanh(z)
    tanh stands where the sigmoid 1 / (1 + exp(-z)) belongs.
summed: return -(k1 * sigmoid - log_term - k1) -> return np.sum(-(k1 * sigmoid - log_term - k1))
    The values are summed. Return one value per entry; the sum belongs to the loss.
averaged: return -(k1 * sigmoid - log_term - k1) -> return np.mean(-(k1 * sigmoid - log_term - k1))
    The values are averaged. Return one value per entry.
log_term_sign: k1 * sigmoid - log_term - k1 -> k1 * sigmoid + log_term - k1
    The logarithm has the wrong sign: within the brackets it is subtracted, so KL grows with log(1 + 1/alpha) / 2.
log_term_missing (core): k1 * sigmoid - log_term - k1 -> k1 * sigmoid - k1
    The logarithm is missing: log(1 + 1/alpha) / 2 is subtracted within the brackets.
sigmoid_missing (core): k1 * sigmoid - log_term - k1 -> -log_term
    This is the logarithm alone. k1 times the sigmoid, and k1, belong to it.

overflow (detail): np.logaddexp(0, -log_alpha) -> np.log(1 + np.exp(-log_alpha))
    or np.logaddexp(0, -log_alpha) -> np.log1p(np.exp(-log_alpha))
    or np.logaddexp(0, -log_alpha) -> np.log1p(1 / np.exp(log_alpha))
    For very negative log_alpha, exp(-log_alpha) overflows and KL is infinite. log(1 + exp(z)) is `np.logaddexp(0, z)`,
    which does not overflow.

clipped (detail): -> log_alpha = np.clip(log_alpha, -8, 8)
    or -> log_alpha = np.clip(log_alpha, -10, 10)
    or -> log_alpha = np.clip(log_alpha, -20, 20)
    log_alpha is clipped (the paper does that in training). This is the bare formula: use an order of computing that
    does not overflow, such as `np.logaddexp(0, -log_alpha)`.
""")


@alternative
def with_logs_split(log_alpha):
    """log(1 + 1/alpha) by cases, the sigmoid by cases."""
    z = K2 + K3 * log_alpha
    small = np.exp(-np.abs(z))
    sigma = np.where(z >= 0, 1 / (1 + small), small / (1 + small))
    log_term = np.maximum(-log_alpha, 0) + np.log1p(np.exp(-np.abs(log_alpha)))
    return K1 * (1 - sigma) + log_term / 2


@alternative
def one_by_one(log_alpha):
    kl = np.empty_like(log_alpha)
    for index, a in np.ndenumerate(log_alpha):
        a = float(a)
        log_term = -a if a < -30 else math.log1p(math.exp(-a))
        kl[index] = K1 - K1 * (1 + math.tanh((K2 + K3 * a) / 2)) / 2 + log_term / 2
    return kl


HINTS = [
    "Write it term by term: a sigmoid, a logarithm, a constant. What is 1/alpha in terms of log_alpha?",
    "log(1 + 1/alpha) = log(1 + exp(-log_alpha)) = `np.logaddexp(0, -log_alpha)`, which stays finite. "
    "sigmoid(z) = (1 + tanh(z / 2)) / 2 does too.",
    "`k1 - k1 * sigmoid + 0.5 * np.logaddexp(0, -log_alpha)` with "
    "`sigmoid = 0.5 * (1 + np.tanh(0.5 * (k2 + k3 * log_alpha)))`.",
]
