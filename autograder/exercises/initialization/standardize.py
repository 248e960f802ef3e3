"""standardize: training and test set with the training set's mean and spread removed.

x -> (x - mean) / sqrt(var + eps), feature by feature, mean and biased variance of the training set alone (lecture 000,
data normalization). Reference: the formula in torch. Scikit-learn's StandardScaler has no eps and leaves constant
features undivided; with eps inside the root they become 0 by themselves.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    n, m, d = case.get("n"), case.get("m", 6), case.get("d")
    spread = case.get("spread", 1.0) * rng.uniform(0.5, 2.0, d)
    spread = spread * np.logspace(-2, 2, d) if case.get("units") else spread
    mean = rng.uniform(0.5, 2.0, d) * rng.choice([-1.0, 1.0], d) * spread + case.get("offset", 0.0)
    x_train = mean + spread * rng.standard_normal((n, d))
    # The test set comes from elsewhere, so that its own statistics are others.
    x_test = mean + spread * (1.5 * rng.standard_normal((m, d)) + 0.7)
    if case.get("constant"):
        x_train[:, 0] = x_test[:, 0] = 3.0
        if case.get("constant") == "in training":
            x_test[0, 0] = 3.0 + 2.0**-12
    eps = case.get("eps", 1e-8)
    return {"x_train": x_train, "x_test": x_test}, {} if eps is None else {"eps": eps}


def reference(x_train, x_test, eps=1e-8):
    std = (x_train.var(dim=0, unbiased=False) + eps).sqrt()
    mean = x_train.mean(dim=0)
    return (x_train - mean) / std, (x_test - mean) / std


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("x_train", "x_test"),
    section="1 · Round data",
    scale=lambda x_train, x_test, eps=1e-8: {"x_train": 1.0, "x_test": 1.0},
    sizes={"n": "training samples", "m": "test samples", "d": "features"},
    wide=("x_train", "x_test"),
    typical={"n": 20, "m": 6, "d": 3},
    cases=[
        Case("mean 0 and spread 1 in training", n=20, d=3),
        Case("one training sample: nothing varies", n=1, d=3, spread=1e-3),
        Case("features in very different units", n=16, d=5, units=True, weight=2),
        Case("a constant feature becomes 0", n=8, d=3, constant=True, weight=3),
        Case("a feature that is constant only in training", n=8, d=3, constant="in training", eps=1e-2),
        Case("a large eps shows where it stands", n=10, d=6, eps=1.5),
        Case("eps is 1e-8 where it is left out", n=10, d=3, spread=1e-4, eps=None),
        Case("a large offset, x + 1e6", n=16, d=3, offset=1e6, rounding=True),
        # float32 has seven digits: of x + 1e4 three are left after the mean is taken away.
        Case("a large offset in float32, x + 1e4", n=16, d=3, offset=1e4, dtype="float32", rtol=5e-3, rounding=True),
    ],
)


def right(x_train, x_test, eps=1e-8):
    mean = x_train.mean(axis=0)
    var = x_train.var(axis=0)
    std = np.sqrt(var + eps)
    return (x_train - mean) / std, (x_test - mean) / std


MISTAKES = slips("""
test_statistics (core): (x_test - mean) / std -> (x_test - x_test.mean(axis=0)) / np.sqrt(x_test.var(axis=0) + eps)
    The test set is standardised by its own statistics: it leaks into its own treatment, and one x gives two answers.
    Use the training set's mean and spread for both.

all_data (core):
    x_train.mean(axis=0) -> np.concatenate([x_train, x_test]).mean(axis=0)
    x_train.var(axis=0) -> np.concatenate([x_train, x_test]).var(axis=0)
    Mean and spread are those of both sets together: the test set leaks into training. Measure on x_train alone.

statistics_of_test (core):
    x_train.mean(axis=0) -> x_test.mean(axis=0)
    x_train.var(axis=0) -> x_test.var(axis=0)
    Everything is measured on the test set. Measure on x_train alone: the test set is not known yet.

test_spread: (x_test - mean) / std -> (x_test - mean) / np.sqrt(x_test.var(axis=0) + eps)
    The test set is divided by its own spread. Divide both sets by the training set's.
test_mean: x_test - mean -> x_test - x_test.mean(axis=0)
    The test set's own mean is taken away from it. Subtract the training set's mean from both.
ddof (detail): x_train.var(axis=0) -> x_train.var(axis=0, ddof=1)
    The variance divides by N - 1 (`ddof=1`). Asked for here is the mean square, over N.
eps_missing: var + eps -> var
    `eps` is not used, so a constant feature gives 0 / 0. Divide by sqrt(var + eps).
eps_missing: np.sqrt(var + eps) -> np.where(var == 0, 1, np.sqrt(var))
    `eps` is not used: a constant feature is divided by 1 in its place. Divide all by sqrt(var + eps).
eps_outside_root (detail): np.sqrt(var + eps) -> np.sqrt(var) + eps
    `eps` is added to the standard deviation. It belongs to the variance, inside the root: sqrt(var + eps).

eps_as_floor (detail): var + eps -> np.maximum(var, eps)
    or np.sqrt(var + eps) -> np.maximum(np.sqrt(var), eps)
    `eps` is a lower bound here. It is added to the variance, whatever that is: sqrt(var + eps).

eps_squared (detail): var + eps -> var + eps**2
    `eps` is squared. It is added to the variance as it is: sqrt(var + eps).
eps_hard_coded (detail): var + eps -> var + 1e-8
    A fixed 1e-8 stands where `eps` should: the caller may pass another one.
default_eps (detail): eps=1e-8 -> eps=1e-5
    The default of `eps` is not 1e-8.

axis (core):
    (x_train - mean) / std -> (x_train - x_train.mean(1, keepdims=True)) / np.sqrt(x_train.var(1, keepdims=True) + eps)
    (x_test - mean) / std -> (x_test - x_test.mean(1, keepdims=True)) / np.sqrt(x_test.var(1, keepdims=True) + eps)
    Each sample is standardised across its features (`axis=1`). Each *feature* has its mean and spread: `axis=0`.

one_mean_for_all (core):
    x_train.mean(axis=0) -> x_train.mean()
    x_train.var(axis=0) -> x_train.var()
    One mean and one spread for all features: give `mean` and `var` the axis of the samples, `axis=0`.

variance_for_std: np.sqrt(var + eps) -> var + eps
    The data are divided by the variance. The spread is its root, sqrt(var + eps).
test_untouched: (x_test - mean) / std -> x_test.copy()
    The test set comes back as it was. A model trained on standardised data needs the same treatment at test time.
only_centred: std = np.sqrt(var + eps) -> std = 1.0
    Only the mean is removed. Divide by sqrt(var + eps) as well.
only_scaled: mean = x_train.mean(axis=0) -> mean = 0.0
    The mean is left in. Subtract the training set's before dividing.

to_the_unit_interval (core):
    x_train.mean(axis=0) -> x_train.min(axis=0)
    np.sqrt(var + eps) -> np.ptp(x_train, axis=0) + eps
    The data are squeezed between 0 and 1 by their smallest and largest values. Asked for is mean 0 and spread 1.

one_pass_variance (detail): x_train.var(axis=0) -> np.maximum((x_train**2).mean(axis=0) - mean**2, 0)
    or x_train.var(axis=0) -> (x_train**2).mean(axis=0) - mean**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset. Subtract the mean first,
    then square (`x.var` does).
""")


@alternative
def with_loops(x_train, x_test, eps=1e-8):
    outs = np.empty_like(x_train), np.empty_like(x_test)
    n = len(x_train)
    for j in range(x_train.shape[1]):
        mean = sum(x_train[:, j]) / n
        var = sum((x_train[i, j] - mean) ** 2 for i in range(n)) / n
        for x, out in zip((x_train, x_test), outs, strict=True):
            out[:, j] = (x[:, j] - mean) * (var + eps) ** -0.5
    return outs


@alternative
def as_one_array(x_train, x_test, eps=1e-8):
    """Both sets in one go, measured on the first rows, and cut again."""
    n = x_train.shape[0]
    both = np.concatenate([x_train, x_test]) - np.mean(x_train, axis=0)
    both = both / np.sqrt(np.mean(both[:n] ** 2, axis=0) + eps)
    return [both[:n], both[n:]]


HINTS = [
    "Which data may you look at before the test? Measure there, and treat both sets alike.",
    "Mean and variance per feature, `axis=0`, of `x_train`; `eps` keeps a constant feature from 0 / 0.",
    "Two numbers for each feature, found once, on `x_train`. To test yours: from 0 and 2 in training, 5 in the test "
    "set becomes 4.",
]
