"""output_variance: the variance of a sum of products of independent weights and inputs.

Var(sum w_i x_i) = n (E[w]^2 Var(x) + E[x]^2 Var(w) + Var(x) Var(w)) (lecture 000, in full; with means of 0 only the
last term is left, which is what initialisers are made from). Reference: the formula in torch, which the tests confirm
by Monte Carlo.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch

BOTH = ("mean_x", "mean_w")


def draw(rng, case):
    """Several layers a case; `means` that are not 0, `constant` variances that are."""
    calls = []
    for fan_in in case.get("fans", (1, 7, 256)):
        size = case.get("size", 1.0)
        given = {
            "var_x": float(rng.uniform(0.3, 3.0)) * size,
            "var_w": float(rng.uniform(0.02, 0.5)) / size,
            "fan_in": fan_in,
        }
        given.update(dict.fromkeys(case.get("constant", ()), 0.0))
        drawn = {name: float(rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 2.0)) for name in BOTH}
        means = {name: drawn[name] * case.get("shift", 1.0) * (name in case.get("means", ())) for name in BOTH}
        calls.append((given, {} if case.get("left_out") else means))
    return calls


def reference(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    var_x, var_w, mean_x, mean_w = torch.tensor([var_x, var_w, mean_x, mean_w], dtype=torch.float64)
    return float(fan_in * (mean_w.square() * var_x + mean_x.square() * var_w + var_x * var_w))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    drawn=BOTH,
    returns=("variance",),
    section="4 · The variance of a sum",
    # There are no arrays among the arguments.
    standard=("again",),
    typical={"means": BOTH},
    cases=[
        Case("means of 0"),
        Case("means of 0, left out", left_out=True),
        Case("inputs with a mean, as after a ReLU", means=("mean_x",), weight=2),
        Case("weights with a mean", means=("mean_w",)),
        Case("both have a mean", means=BOTH, weight=2),
        Case("small means", means=BOTH, shift=0.1),
        Case("large inputs, small weights", means=("mean_x",), size=1e6),
        Case("inputs that do not vary", means=BOTH, constant=("var_x",)),
        Case("weights that do not vary", means=BOTH, constant=("var_w",)),
        Case("one product", means=BOTH, fans=(1,)),
    ],
)


def right(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    cross = mean_w**2 * var_x + mean_x**2 * var_w
    return fan_in * (cross + var_x * var_w)


MISTAKES = slips("""
zero_means (core): cross + var_x * var_w -> var_x * var_w
    fan_in * var_w * var_x holds for means of 0 only. Behind a ReLU the inputs' mean is not 0: the product has two more
    terms, E[w]^2 Var(x) and E[x]^2 Var(w).

means_swapped: mean_w**2 * var_x + mean_x**2 * var_w -> mean_x**2 * var_x + mean_w**2 * var_w
    The means have changed places: it is the mean of the weights that stretches the inputs' variance, E[w]^2 Var(x), and
    the other way round.

means_not_squared: mean_w**2 * var_x + mean_x**2 * var_w -> mean_w * var_x + mean_x * var_w
    or mean_w**2 * var_x + mean_x**2 * var_w -> abs(mean_w) * var_x + abs(mean_x) * var_w
    The means are not squared: E[w]^2 Var(x) + E[x]^2 Var(w).

second_moment: cross + var_x * var_w -> cross + var_x * var_w + mean_w**2 * mean_x**2
    That is E[(w x)^2], not the variance: E[w]^2 E[x]^2 is in it and has to go.
second_moment_less_means: cross + var_x * var_w -> cross + var_x * var_w + mean_w**2 * mean_x**2 - mean_w * mean_x
    E[w] E[x] is subtracted as it is. The variance is E[(w x)^2] less the *square* of the mean, E[w]^2 E[x]^2.
mean_w_left_out: mean_w**2 * var_x + mean_x**2 * var_w -> mean_x**2 * var_w
    `mean_w` is not used: weights with a mean pass on the inputs' variance, E[w]^2 Var(x).
mean_x_left_out: mean_w**2 * var_x + mean_x**2 * var_w -> mean_w**2 * var_x
    `mean_x` is not used: inputs with a mean pass on the weights' variance, E[x]^2 Var(w).
fan_in_left_out: fan_in * (cross + var_x * var_w) -> cross + var_x * var_w
    That is the variance of one product. The sum has `fan_in` independent ones, and their variances add up.
fan_in_on_last_term: fan_in * (cross + var_x * var_w) -> cross + fan_in * var_x * var_w
    `fan_in` multiplies only Var(x) Var(w). All three terms are there once for each product.
fan_in_on_cross_terms: fan_in * (cross + var_x * var_w) -> fan_in * cross + var_x * var_w
    `fan_in` does not multiply Var(x) Var(w). All three terms are there once for each product: mind the parentheses.

fan_in_squared: fan_in * (cross + var_x * var_w) -> fan_in**2 * (cross + var_x * var_w)
    or fan_in * (cross + var_x * var_w) -> fan_in**2 * cross + fan_in * var_x * var_w
    `fan_in` is squared, as if all products were one and the same. Variances of independent ones just add up.

mean_of_products: fan_in * (cross + var_x * var_w) -> (cross + var_x * var_w) / fan_in
    That is the variance of the mean of the products. A unit adds them up.
standard_deviation: fan_in * (cross + var_x * var_w) -> (fan_in * (cross + var_x * var_w)) ** 0.5
    That is the standard deviation. The variance has no root.

variances_squared:
    mean_w**2 * var_x + mean_x**2 * var_w -> mean_w**2 * var_x**2 + mean_x**2 * var_w**2
    cross + var_x * var_w -> cross + var_x**2 * var_w**2
    The variances are squared. Only the means are.

product_left_out: cross + var_x * var_w -> cross
    Var(x) Var(w) is missing, the term that is left where both means are 0.
""")


@alternative
def by_moments(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    """E[w^2] E[x^2] - E[w]^2 E[x]^2, expanded where it would cancel."""
    power_x = var_x + mean_x**2
    return fan_in * (var_w * power_x + mean_w**2 * var_x)


@alternative
def with_arrays(var_x, var_w, fan_in, mean_x=0, mean_w=0):
    return np.dot([mean_w**2, mean_x**2, var_x], [var_x, var_w, var_w]) * np.float64(fan_in)


HINTS = [
    "Variances of independent terms add up, so think of one product w x, and of Var(z) = E[z^2] - E[z]^2.",
    "E[(w x)^2] = E[w^2] E[x^2], and E[w^2] = Var(w) + E[w]^2. Multiply out, and take E[w]^2 E[x]^2 away.",
    "To test yours by hand: var_x = 2, var_w = 3, fan_in = 5, mean_x = 1, mean_w = -1. One product has 2 + 3 + 6 = 11, "
    "and five have 55.",
]
