"""population_statistics: mean and variance of the population from K batches of size m.

mean = average of the batch means; var = m / (m - 1) times the average of the biased batch variances (Ioffe and Szegedy
2015, algorithm 2, lines 8 to 10; lecture 004). PyTorch has no such function, it keeps a running average: the reference is
the formula, in torch.
"""

import numpy as np

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """The statistics of drawn batches; of batches that drift where the case says so."""
    k, d, m = case.get("k"), case.get("d"), case.get("m")
    centres = rng.uniform(1.0, 3.0, d) * rng.choice([-1.0, 1.0], d) + case.get("drift", 0.3) * rng.standard_normal(
        (k, d)
    )
    variances = rng.uniform(0.5, 4.0, d) * rng.chisquare(3.0, (k, d))
    return {"batch_means": centres, "batch_vars": variances}, {"m": m}


def reference(batch_means, batch_vars, m):
    return batch_means.mean(dim=0), batch_vars.mean(dim=0) * m / (m - 1)


def scale(batch_means, batch_vars, m):
    return {"mean": np.abs(batch_means).mean(axis=0)}


def correction_missing(batch_means, batch_vars, m):
    return batch_means.mean(0), batch_vars.mean(0)


def mean_corrected(batch_means, batch_vars, m):
    return m / (m - 1) * batch_means.mean(0), m / (m - 1) * batch_vars.mean(0)


def only_mean_corrected(batch_means, batch_vars, m):
    return m / (m - 1) * batch_means.mean(0), batch_vars.mean(0)


def correction_inverted(batch_means, batch_vars, m):
    return batch_means.mean(0), (m - 1) / m * batch_vars.mean(0)


def divided_by_m_minus_one(batch_means, batch_vars, m):
    return batch_means.mean(0), batch_vars.mean(0) / (m - 1)


def number_of_batches(batch_means, batch_vars, m):
    k = len(batch_vars)
    return batch_means.mean(0), k / max(k - 1, 1) * batch_vars.mean(0)


def spread_of_means_added(batch_means, batch_vars, m):
    return batch_means.mean(0), m / (m - 1) * batch_vars.mean(0) + batch_means.var(0)


def variance_of_means(batch_means, batch_vars, m):
    return batch_means.mean(0), m / (m - 1) * batch_means.var(0)


def summed(batch_means, batch_vars, m):
    return batch_means.sum(0), m / (m - 1) * batch_vars.sum(0)


def deviations_averaged(batch_means, batch_vars, m):
    return batch_means.mean(0), m / (m - 1) * np.sqrt(batch_vars).mean(0) ** 2


def wrong_axis(batch_means, batch_vars, m):
    return batch_means.mean(1), m / (m - 1) * batch_vars.mean(1)


def all_features(batch_means, batch_vars, m):
    return batch_means.mean(), m / (m - 1) * batch_vars.mean()


def with_loops(batch_means, batch_vars, m):
    mean, var = np.zeros_like(batch_means[0]), np.zeros_like(batch_vars[0])
    for one_mean, one_var in zip(batch_means, batch_vars, strict=True):
        mean = mean + one_mean
        var = var + one_var * m
    return [mean / len(batch_means), var / (len(batch_vars) * (m - 1))]


def sums_of_squares(batch_means, batch_vars, m):
    """All squares in one pot, divided by the degrees of freedom."""
    k = batch_vars.shape[0]
    return np.average(batch_means, axis=0), (m * batch_vars).sum(axis=0) / (k * m - k)


def with_einsum(batch_means, batch_vars, m):
    k = len(batch_means)
    return np.einsum("kd->d", batch_means) / k, np.einsum("kd->d", batch_vars) / (k * (1 - 1 / m))


SECTION = "6 · Population statistics"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("mean", "var"),
    scale=scale,
    cases=[
        Case("a few batches of 4", k=3, d=2, m=4),
        Case("many batches of 32", k=50, d=5, m=32),
        Case("batches of 2, where the correction is largest", k=6, d=3, m=2),
        Case("batches of 1000, where it is smallest", k=6, d=3, m=1000),
        Case("one batch", k=1, d=4, m=8),
        Case("one feature", k=7, d=1, m=16),
        Case("batch means that differ widely", k=8, d=3, m=8, drift=5.0),
    ],
    mistakes=[
        Mistake(
            "correction_missing",
            correction_missing,
            "The average of the biased variances is itself too small, by the factor (m - 1) / m. Multiply by m / (m - 1).",
            SECTION,
        ),
        Mistake(
            "mean_corrected",
            mean_corrected,
            "The mean is multiplied by m / (m - 1) too. A mean has no such bias: only the variance is corrected.",
            SECTION,
        ),
        Mistake(
            "only_mean_corrected",
            only_mean_corrected,
            "m / (m - 1) is at the wrong place: it corrects the variance, not the mean.",
            SECTION,
        ),
        Mistake(
            "correction_inverted",
            correction_inverted,
            "The correction is upside down: a biased variance is too small, so the factor m / (m - 1) is larger than 1.",
            SECTION,
        ),
        Mistake(
            "divided_by_m_minus_one",
            divided_by_m_minus_one,
            "The variances are divided by m - 1, but they have been divided by m already: undo that, times m / (m - 1).",
            SECTION,
        ),
        Mistake(
            "number_of_batches",
            number_of_batches,
            "The correction uses the number of batches K. Each variance was taken over the m samples of its batch: "
            "m / (m - 1).",
            SECTION,
        ),
        Mistake(
            "spread_of_means_added",
            spread_of_means_added,
            "The variance of the batch means is added. m / (m - 1) makes up already for what the batch means took away.",
            SECTION,
        ),
        Mistake(
            "variance_of_means",
            variance_of_means,
            "This is the spread of the batch means, which shrinks with m. Average `batch_vars`.",
            SECTION,
        ),
        Mistake("summed", summed, "The statistics are summed over the batches. Average them: divide by K.", SECTION),
        Mistake(
            "deviations_averaged",
            deviations_averaged,
            "Standard deviations are averaged and squared. Average the variances themselves: it is their mean that is "
            "unbiased.",
            SECTION,
        ),
        Mistake(
            "wrong_axis",
            wrong_axis,
            "The average goes over the features of one batch. Rows are batches: `axis=0`.",
            SECTION,
        ),
        Mistake(
            "all_features",
            all_features,
            "One number for all features: average over the batches only, `axis=0`, so that shape (D,) is left.",
            SECTION,
        ),
    ],
    alternatives=[with_loops, sums_of_squares, with_einsum],
    hints=[
        "One row for each batch. What does averaging over the rows give, and which of the two averages is biased?",
        "Average both over the batches (`axis=0`). The biased variance of m samples is too small on average, by the factor "
        "(m - 1) / m.",
        "`batch_means.mean(axis=0)` and `m / (m - 1) * batch_vars.mean(axis=0)`.",
    ],
)
