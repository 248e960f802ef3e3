"""output_variance: the variance of a sum of products of independent weights and inputs.

Var(sum w_i x_i) = n (E[w]^2 Var(x) + E[x]^2 Var(w) + Var(x) Var(w)) (lecture 000, in full; with means of 0 only the last term
is left, which is what initialisers are made from). Reference: the formula in torch, which the tests confirm by Monte Carlo.
"""

import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """Several layers a case; variances and means are powers of drawn numbers, so that no two terms are alike."""
    calls = []
    for fan_in in case.get("fans", (1, 7, 256)):
        size = case.get("size", 1.0)
        given = {
            "var_x": float(rng.uniform(0.3, 3.0)) * size,
            "var_w": float(rng.uniform(0.02, 0.5)) / size,
            "fan_in": fan_in,
        }
        means = {
            name: float(rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 2.0)) * case.get("shift", 1.0)
            for name in case.get("means", ())
        }
        if case.get("given") == "zero":
            means = {"mean_x": 0.0, "mean_w": 0.0}
        for name in case.get("constant", ()):
            given[name] = 0.0
        calls.append((given, means))
    return calls


def reference(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    var_x, var_w, mean_x, mean_w = torch.tensor([var_x, var_w, mean_x, mean_w], dtype=torch.float64)
    return float(fan_in * (mean_w.square() * var_x + mean_x.square() * var_w + var_x * var_w))


def zero_means(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * var_x * var_w


def means_swapped(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * (mean_x**2 * var_x + mean_w**2 * var_w + var_x * var_w)


def means_not_squared(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * (mean_w * var_x + mean_x * var_w + var_x * var_w)


def second_moment(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * (var_x + mean_x**2) * (var_w + mean_w**2)


def second_moment_of_x(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * var_w * (var_x + mean_x**2)


def second_moment_of_w(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * var_x * (var_w + mean_w**2)


def fan_left_out(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return reference(var_x, var_w, 1, mean_x, mean_w)


def fan_on_last_term(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return mean_w**2 * var_x + mean_x**2 * var_w + fan_in * var_x * var_w


def fan_on_cross_terms(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * (mean_w**2 * var_x + mean_x**2 * var_w) + var_x * var_w


def fan_squared(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * reference(var_x, var_w, fan_in, mean_x, mean_w)


def mean_of_products(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return reference(var_x, var_w, 1, mean_x, mean_w) / fan_in


def standard_deviation(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return reference(var_x, var_w, fan_in, mean_x, mean_w) ** 0.5


def variances_squared(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return reference(var_x**2, var_w**2, fan_in, mean_x, mean_w)


def product_left_out(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    return fan_in * (mean_w**2 * var_x + mean_x**2 * var_w)


def by_moments(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    """E[w^2] E[x^2] - E[w]^2 E[x]^2, expanded where it would cancel."""
    power_x = var_x + mean_x**2
    return fan_in * (var_w * power_x + mean_w**2 * var_x)


def term_by_term(var_x, var_w, fan_in, mean_x=0, mean_w=0):
    total = 0.0
    for _ in range(fan_in):
        total += var_x * var_w
        total += mean_x * mean_x * var_w
        total += mean_w * mean_w * var_x
    return total


def with_arrays(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    import numpy as np

    return np.dot([mean_w**2, mean_x**2, var_x], [var_x, var_w, var_w]) * np.float64(fan_in)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    drawn=("mean_x", "mean_w"),
    returns=("variance",),
    standard=("again",),
    typical={"means": ("mean_x", "mean_w")},
    cases=[
        Case("means of 0, left out"),
        Case("means of 0, given", given="zero"),
        Case("inputs with a mean, as after a ReLU", means=("mean_x",), weight=2),
        Case("weights with a mean", means=("mean_w",)),
        Case("both have a mean", means=("mean_x", "mean_w"), weight=2),
        Case("small means", means=("mean_x", "mean_w"), shift=0.1),
        Case("large inputs, small weights", means=("mean_x",), size=1e6),
        Case("inputs that do not vary", means=("mean_x", "mean_w"), constant=("var_x",)),
        Case("weights that do not vary", means=("mean_x", "mean_w"), constant=("var_w",)),
        Case("one product", means=("mean_x", "mean_w"), fans=(1,)),
    ],
    mistakes=[
        Mistake(
            "zero_means",
            zero_means,
            "fan_in * var_w * var_x holds for means of 0 only. Behind a ReLU the inputs' mean is not 0: the product has two "
            "more terms, E[w]^2 Var(x) and E[x]^2 Var(w).",
        ),
        Mistake(
            "means_swapped",
            means_swapped,
            "The means have changed places: it is the mean of the weights that stretches the inputs' variance, E[w]^2 Var(x), "
            "and the other way round.",
        ),
        Mistake("means_not_squared", means_not_squared, "The means are not squared: E[w]^2 Var(x) + E[x]^2 Var(w)."),
        Mistake(
            "second_moment",
            second_moment,
            "That is E[(w x)^2], not the variance: E[w]^2 E[x]^2 is in it and has to go.",
        ),
        Mistake(
            "mean_w_left_out",
            second_moment_of_x,
            "`mean_w` is not used: weights with a mean pass on the inputs' variance, E[w]^2 Var(x).",
        ),
        Mistake(
            "mean_x_left_out",
            second_moment_of_w,
            "`mean_x` is not used: inputs with a mean pass on the weights' variance, E[x]^2 Var(w).",
        ),
        Mistake(
            "fan_in_left_out",
            fan_left_out,
            "That is the variance of one product. The sum has `fan_in` independent ones, and their variances add up.",
        ),
        Mistake(
            "fan_in_on_last_term",
            fan_on_last_term,
            "`fan_in` multiplies only Var(x) Var(w). All three terms are there once for each product.",
        ),
        Mistake(
            "fan_in_on_cross_terms",
            fan_on_cross_terms,
            "`fan_in` does not multiply Var(x) Var(w). All three terms are there once for each product: mind the parentheses.",
        ),
        Mistake(
            "fan_in_squared",
            fan_squared,
            "`fan_in` is squared, as if all products were one and the same. Variances of independent ones just add up.",
        ),
        Mistake(
            "mean_of_products",
            mean_of_products,
            "That is the variance of the mean of the products. A unit adds them up.",
        ),
        Mistake("standard_deviation", standard_deviation, "That is the standard deviation. The variance has no root."),
        Mistake("variances_squared", variances_squared, "The variances are squared. Only the means are."),
        Mistake(
            "product_left_out",
            product_left_out,
            "Var(x) Var(w) is missing, the term that is left where both means are 0.",
        ),
    ],
    alternatives=[by_moments, term_by_term, with_arrays],
    hints=[
        "Variances of independent terms add up, so think of one product w x, and of Var(z) = E[z^2] - E[z]^2.",
        "E[(w x)^2] = E[w^2] E[x^2], and E[w^2] = Var(w) + E[w]^2. Multiply out, and take E[w]^2 E[x]^2 away.",
        "`fan_in * (mean_w**2 * var_x + mean_x**2 * var_w + var_x * var_w)`.",
    ],
)
