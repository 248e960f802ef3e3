"""standardize: training and test set with the training set's mean and spread removed.

x -> (x - mean) / sqrt(var + eps), feature by feature, mean and biased variance of the training set alone (lecture 000,
data normalization). Reference: the formula in torch. Scikit-learn's StandardScaler has no eps and leaves constant
features undivided; with eps inside the root they become 0 by themselves.
"""

import numpy as np

from autograder.judge import Case, Function, Mistake


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


def scale(x_train, x_test, eps=1e-8):
    return {"x_train": 1.0, "x_test": 1.0}


def by(x_train, mean, std, x_test):
    return (x_train - mean) / std, (x_test - mean) / std


def root(x, eps, axis=0, ddof=0):
    return np.sqrt(x.var(axis=axis, ddof=ddof, keepdims=True) + eps)


def own_statistics(x_train, x_test, eps=1e-8):
    return tuple((x - x.mean(0)) / root(x, eps) for x in (x_train, x_test))


def all_data(x_train, x_test, eps=1e-8):
    both = np.vstack([x_train, x_test])
    return by(x_train, both.mean(0), root(both, eps), x_test)


def statistics_of_test(x_train, x_test, eps=1e-8):
    return by(x_train, x_test.mean(0), root(x_test, eps), x_test)


def training_mean_test_spread(x_train, x_test, eps=1e-8):
    mean = x_train.mean(0)
    return (x_train - mean) / root(x_train, eps), (x_test - mean) / root(x_test, eps)


def unbiased(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), root(x_train, eps, ddof=1), x_test)


def no_eps(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), x_train.std(0), x_test)


def one_where_constant(x_train, x_test, eps=1e-8):
    std = x_train.std(0)
    return by(x_train, x_train.mean(0), np.where(std == 0, 1, std), x_test)


def eps_outside(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), x_train.std(0) + eps, x_test)


def eps_squared(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), root(x_train, eps**2), x_test)


def across_features(x_train, x_test, eps=1e-8):
    return tuple((x - x.mean(1, keepdims=True)) / root(x, eps, axis=1) for x in (x_train, x_test))


def one_mean_for_all(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(), np.sqrt(x_train.var() + eps), x_test)


def variance(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), x_train.var(0) + eps, x_test)


def only_training(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), root(x_train, eps), x_test)[0], x_test.copy()


def only_centred(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), 1.0, x_test)


def only_scaled(x_train, x_test, eps=1e-8):
    return by(x_train, 0.0, root(x_train, eps), x_test)


def other_default(x_train, x_test, eps=1e-5):
    return reference_in_numpy(x_train, x_test, eps)


def one_pass(x_train, x_test, eps=1e-8):
    mean = x_train.mean(0)
    var = np.maximum((x_train**2).mean(0) - mean**2, 0)
    return by(x_train, mean, np.sqrt(var + eps), x_test)


def after_centring(x_train, x_test, eps=1e-8):
    """The test set is centred by itself, since the mean was taken again."""
    std = root(x_train, eps)
    return (x_train - x_train.mean(0)) / std, (x_test - x_test.mean(0)) / std


def reference_in_numpy(x_train, x_test, eps=1e-8):
    return by(x_train, x_train.mean(0), root(x_train, eps), x_test)


def with_loops(x_train, x_test, eps=1e-8):
    outs = np.empty_like(x_train), np.empty_like(x_test)
    n = len(x_train)
    for j in range(x_train.shape[1]):
        mean = sum(x_train[:, j]) / n
        var = sum((x_train[i, j] - mean) ** 2 for i in range(n)) / n
        for x, out in zip((x_train, x_test), outs, strict=True):
            out[:, j] = (x[:, j] - mean) * (var + eps) ** -0.5
    return outs


def as_one_array(x_train, x_test, eps=1e-8):
    """Both sets in one go, measured on the first rows, and cut again."""
    n = x_train.shape[0]
    both = np.concatenate([x_train, x_test]) - np.mean(x_train, axis=0)
    both = both / np.sqrt(np.mean(both[:n] ** 2, axis=0) + eps)
    return [both[:n], both[n:]]


def with_hypot(x_train, x_test, eps=1e-8):
    """sqrt(std^2 + sqrt(eps)^2), and lists for tuples."""
    mean, std = np.mean(x_train, 0, keepdims=True), np.std(x_train, 0, keepdims=True)
    std = np.hypot(std, eps**0.5).astype(x_train.dtype)
    return [np.divide(np.subtract(x, mean), std) for x in (x_train, x_test)]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("x_train", "x_test"),
    scale=scale,
    cases=[
        Case("mean 0 and spread 1 in training", n=20, d=3),
        Case("as many features as samples", n=4, m=4, d=4),
        Case("a test set of one sample", n=12, m=1, d=5),
        Case("one training sample: nothing varies", n=1, d=3, spread=1e-3),
        Case("one feature", n=9, m=4, d=1),
        Case("features in very different units", n=16, d=5, units=True),
        Case("a constant feature becomes 0", n=8, d=3, constant=True),
        Case("a feature that is constant only in training", n=8, d=3, constant="in training", eps=1e-2),
        Case("a large eps shows where it stands", n=10, d=3, eps=0.5),
        Case("eps is 1e-8 where it is left out", n=10, d=3, spread=1e-4, eps=None),
        Case("a large offset, x + 1e6", n=16, d=3, offset=1e6),
        # float32 has seven digits: of x + 1e4 three are left after the mean is taken away.
        Case("a large offset in float32, x + 1e4", n=16, d=3, offset=1e4, dtype="float32", rtol=5e-3),
    ],
    mistakes=[
        Mistake(
            "test_statistics",
            own_statistics,
            "The test set is standardised by its own statistics: it leaks into its own treatment, and one x gives two "
            "answers. Use the training set's mean and spread for both.",
        ),
        Mistake(
            "all_data",
            all_data,
            "Mean and spread are those of both sets together: the test set leaks into training. Measure on x_train alone.",
        ),
        Mistake(
            "statistics_of_test",
            statistics_of_test,
            "Everything is measured on the test set. Measure on x_train alone: the test set is not known yet.",
        ),
        Mistake(
            "test_spread",
            training_mean_test_spread,
            "The test set is divided by its own spread. Divide both sets by the training set's.",
        ),
        Mistake(
            "test_mean",
            after_centring,
            "The test set's own mean is taken away from it. Subtract the training set's mean from both.",
        ),
        Mistake(
            "ddof",
            unbiased,
            "The variance divides by N - 1 (`ddof=1`). Asked for here is the mean square, over N.",
        ),
        Mistake(
            "eps_missing",
            no_eps,
            "`eps` is not used, so a constant feature gives 0 / 0. Divide by sqrt(var + eps).",
        ),
        Mistake(
            "eps_missing",
            one_where_constant,
            "`eps` is not used: a constant feature is divided by 1 in its place. Divide all by sqrt(var + eps).",
        ),
        Mistake(
            "eps_outside_root",
            eps_outside,
            "`eps` is added to the standard deviation. It belongs to the variance, inside the root: sqrt(var + eps).",
        ),
        Mistake("eps_squared", eps_squared, "`eps` is squared. It is added to the variance as it is: sqrt(var + eps)."),
        Mistake(
            "axis",
            across_features,
            "Each sample is standardised across its features (`axis=1`). Each *feature* has its mean and spread: `axis=0`.",
        ),
        Mistake(
            "one_mean_for_all",
            one_mean_for_all,
            "One mean and one spread for all features: give `mean` and `var` the axis of the samples, `axis=0`.",
        ),
        Mistake(
            "variance_for_std",
            variance,
            "The data are divided by the variance. The spread is its root, sqrt(var + eps).",
        ),
        Mistake(
            "test_untouched",
            only_training,
            "The test set comes back as it was. A model trained on standardised data needs the same treatment at test "
            "time.",
        ),
        Mistake("only_centred", only_centred, "Only the mean is removed. Divide by sqrt(var + eps) as well."),
        Mistake("only_scaled", only_scaled, "The mean is left in. Subtract the training set's before dividing."),
        Mistake("default_eps", other_default, "The default of `eps` is not 1e-8."),
        Mistake(
            "one_pass_variance",
            one_pass,
            "E[x^2] - E[x]^2 subtracts two large numbers that nearly agree when x has a large offset. Subtract the mean "
            "first, then square (`x.var` does).",
        ),
    ],
    alternatives=[with_loops, as_one_array, with_hypot],
    hints=[
        "Which data may you look at before the test? Measure there, and treat both sets alike.",
        "Mean and variance per feature, `axis=0`, of `x_train`; `eps` keeps a constant feature from 0 / 0.",
        "`std = np.sqrt(x_train.var(axis=0) + eps)`, then `(x - x_train.mean(axis=0)) / std` for both sets.",
    ],
)
