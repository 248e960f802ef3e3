"""mean_squared_error: the mean of the squared differences, the warm-up of the course.

sum of (prediction - target)^2 over all elements, divided by their number (Gauss 1809 minimises the sum). Reference:
torch.nn.functional.mse_loss.
"""

import numpy as np
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """A target and a prediction of it.

    Options: `shape`; `apart`: the size of the errors; `side`: 1 where all errors are positive; `offset` is added to both.
    """
    shape, apart = case.get("shape"), case.get("apart", 1.0)
    target = rng.standard_normal(shape) + case.get("offset", 0.0)
    error = apart * rng.uniform(0.5, 2.0, shape) * (case.get("side") or rng.choice([-1.0, 1.0], shape))
    return {"prediction": target + error, "target": target}, {}


def reference(prediction, target):
    return F.mse_loss(prediction, target)


def not_squared(prediction, target):
    return np.mean(prediction - target)


def absolute(prediction, target):
    return np.mean(np.abs(prediction - target))


def summed(prediction, target):
    return np.sum((prediction - target) ** 2)


def with_root(prediction, target):
    return np.sqrt(np.mean((prediction - target) ** 2))


def halved(prediction, target):
    return np.mean((prediction - target) ** 2) / 2


def over_rows(prediction, target):
    return np.sum((prediction - target) ** 2) / len(prediction)


def by_column(prediction, target):
    return np.mean((prediction - target) ** 2, axis=0)


def mean_first(prediction, target):
    return np.mean(prediction - target) ** 2


def of_squares(prediction, target):
    return np.mean(prediction**2 - target**2)


def variance(prediction, target):
    return np.var(prediction - target)


def not_reduced(prediction, target):
    return (prediction - target) ** 2


def with_a_loop(prediction, target):
    total = 0.0
    for p, t in zip(np.ravel(prediction).tolist(), np.ravel(target).tolist(), strict=True):
        total += (p - t) ** 2
    return total / np.size(target)


def as_a_product(prediction, target):
    error = np.ravel(target - prediction)
    return error @ error / error.size


def from_variance(prediction, target):
    error = np.subtract(prediction, target)
    return error.var() + error.mean() ** 2


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("error",),
    cases=[
        Case("errors of one sign", shape=(4,), side=1.0),
        Case("errors of both signs", shape=(7,)),
        Case("a matrix: the mean over all its elements", shape=(4, 3)),
        Case("small errors of large numbers", shape=(5,), apart=0.01, offset=100.0),
        Case("a perfect prediction has no error", shape=(3,), apart=0.0),
    ],
    mistakes=[
        Mistake(
            "not_squared",
            not_squared,
            "The differences are not squared, so that errors of both signs cancel: a prediction that is wrong everywhere can "
            "look perfect.",
        ),
        Mistake(
            "absolute_error",
            absolute,
            "This is the mean *absolute* error, `abs`. Squares were asked for: they count a large error more.",
        ),
        Mistake(
            "sum_not_mean", summed, "The squares are added up. Their *mean* does not grow with the number of samples."
        ),
        Mistake("root_taken", with_root, "This is the root of the mean squared error. Leave the root away."),
        Mistake("halved", halved, "The 1/2 of some books, which makes the gradient tidy, is not part of the mean."),
        Mistake(
            "divides_by_rows",
            over_rows,
            "The sum is divided by `len`, the number of rows. A matrix has more elements than rows: `np.mean` or `.size`.",
        ),
        Mistake(
            "mean_of_each_column",
            by_column,
            "A matrix gives one number for each column. One number for all was asked for.",
        ),
        Mistake(
            "mean_before_square",
            mean_first,
            "The mean is taken first, then squared. Square each difference, then average.",
        ),
        Mistake(
            "squares_before_difference",
            of_squares,
            "The two are squared, then subtracted. Subtract first, then square.",
        ),
        Mistake(
            "variance",
            variance,
            "This is the variance of the errors: one that is the same everywhere does not count in it.",
        ),
        Mistake(
            "not_reduced", not_reduced, "An error for each element comes back. Asked for is one number, their mean."
        ),
    ],
    alternatives=[with_a_loop, as_a_product, from_variance],
    hints=[
        "How far is one prediction off, and what makes that positive?",
        "Subtract the arrays, square the result with `** 2`: NumPy does both element by element. Then the mean of all.",
        "`return np.mean((prediction - target) ** 2)`.",
    ],
)
