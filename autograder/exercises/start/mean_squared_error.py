"""mean_squared_error: the mean of the squared differences, the warm-up of the course.

sum of (prediction - target)^2 over all elements, divided by their number (Gauss 1809 minimises the sum). Reference:
torch.nn.functional.mse_loss.
"""

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips


def draw(rng, case):
    """A target and a prediction of it.

    Options: `shape`; `apart`: the size of the errors; `side`: 1 where all are positive; `offset` is added to both.
    """
    shape, apart = case.get("shape"), case.get("apart", 1.0)
    target = np.asarray(rng.standard_normal(shape) + case.get("offset", 0.0))
    error = apart * rng.uniform(0.5, 2.0, shape) * (case.get("side") or rng.choice([-1.0, 1.0], shape))
    return {"prediction": np.asarray(target + error), "target": target}, {}


EXERCISE = Function(
    draw=draw,
    reference=lambda prediction, target: F.mse_loss(prediction, target),
    returns=("error",),
    section="1 · Write, run, check",
    forms=[{"shape": shape} for shape in ((4, 4), (1, 5), (3, 1), (1,), (), (2, 3, 2))],
    cases=[
        Case("errors of one sign", shape=(4,), side=1.0),
        Case("errors of both signs", shape=(7,), weight=2),
        Case("a matrix: the mean over all its elements", shape=(4, 3), weight=3),
        Case("small errors of large numbers", shape=(5,), apart=0.01, offset=100.0),
        Case("a perfect prediction has no error", shape=(3,), apart=0.0),
    ],
)


def right(prediction, target):
    error = prediction - target
    return np.mean(error**2)


MISTAKES = slips("""
not_squared (core): error**2 -> error
    The differences are not squared, so that errors of both signs cancel: a prediction that is wrong everywhere can look
    perfect.

absolute_error: error**2 -> np.abs(error)
    This is the mean *absolute* error, `abs`. Squares were asked for: they count a large error more.
doubled: error**2 -> error * 2
    `error * 2` doubles the differences. Their square is `error ** 2`.
sum_not_mean: np.mean(error**2) -> np.sum(error**2)
    The squares are added up. Their *mean* does not grow with the number of samples.
root_taken: np.mean(error**2) -> np.sqrt(np.mean(error**2))
    This is the root of the mean squared error. Leave the root away.
halved: np.mean(error**2) -> np.mean(error**2) / 2
    The 1/2 of some books, which makes the gradient tidy, is not part of the mean.

divides_by_rows: np.mean(error**2) -> np.sum(error**2) / len(error)
    or np.mean(error**2) -> np.sum(error**2) / (error.shape or (1,))[0]
    The sum is divided by `len`, the number of rows. A matrix has more elements than rows: `np.mean` or `.size`.

mean_of_each_column: np.mean(error**2) -> np.mean(error**2, axis=0)
    A matrix gives one number for each column. One number for all was asked for.
mean_before_square: np.mean(error**2) -> np.mean(error) ** 2
    The mean is taken first, then squared. Square each difference, then average.
squares_before_difference: np.mean(error**2) -> np.mean(prediction**2 - target**2)
    The two are squared, then subtracted. Subtract first, then square.
variance: np.mean(error**2) -> np.var(error)
    This is the variance of the errors: one that is the same everywhere does not count in it.
not_reduced: np.mean(error**2) -> error**2
    An error for each element comes back. Asked for is one number, their mean.
""")


@alternative
def with_a_loop(prediction, target):
    total = 0.0
    for p, t in zip(np.ravel(prediction).tolist(), np.ravel(target).tolist(), strict=True):
        total += (p - t) ** 2
    return total / np.size(target)


@alternative
def as_a_product(prediction, target):
    error = np.ravel(target - prediction)
    return error @ error / error.size


@alternative
def from_variance(prediction, target):
    error = np.subtract(prediction, target)
    return error.var() + error.mean() ** 2


HINTS = [
    "How far is one prediction off, and what makes that positive?",
    "Subtract the arrays, square the result with `** 2`: NumPy does both element by element. Then the mean of all.",
    "`return np.mean((prediction - target) ** 2)`.",
]
