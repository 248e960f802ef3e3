"""population_statistics: mean and variance of the population from K batches of size m.

mean = average of the batch means; var = m / (m - 1) times the average of the biased batch variances (Ioffe and Szegedy
2015, algorithm 2, lines 8 to 10; lecture 004). PyTorch has no such function, it keeps a running average: the reference
is the formula, in torch.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    """The statistics of drawn batches; of batches that drift where the case says so."""
    k, d, m = case.get("k"), case.get("d"), case.get("m")
    centres = rng.uniform(1.0, 3.0, d) * rng.choice([-1.0, 1.0], d)
    batch_means = centres + case.get("drift", 0.3) * rng.standard_normal((k, d))
    batch_vars = rng.uniform(0.5, 4.0, d) * rng.chisquare(3.0, (k, d))
    return {"batch_means": batch_means, "batch_vars": batch_vars}, {"m": m}


def reference(batch_means, batch_vars, m):
    return batch_means.mean(dim=0), batch_vars.mean(dim=0) * m / (m - 1)


def scale(batch_means, batch_vars, m):
    return {"mean": np.abs(batch_means).mean(axis=0)}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("mean", "var"),
    scale=scale,
    section="6 · Population statistics",
    sizes={"k": "batches", "d": "features"},
    wide=("batch_means", "batch_vars"),
    cases=[
        Case("a few batches of 4", k=3, d=2, m=4),
        Case("many batches of 32", k=50, d=5, m=32),
        Case("batches of 2, where the correction is largest", k=6, d=3, m=2),
        Case("batches of 1000, where it is smallest", k=6, d=3, m=1000),
        Case("one batch", k=1, d=4, m=8),
        Case("batch means that differ widely", k=8, d=3, m=8, drift=5.0),
    ],
)


def right(batch_means, batch_vars, m):
    mean = batch_means.mean(axis=0)
    var = m / (m - 1) * batch_vars.mean(axis=0)
    return mean, var


MISTAKES = slips("""
correction_missing: m / (m - 1) * batch_vars.mean(axis=0) -> batch_vars.mean(axis=0)
    The average of the biased variances is itself too small, by the factor (m - 1) / m. Multiply by m / (m - 1).
mean_corrected: batch_means.mean(axis=0) -> m / (m - 1) * batch_means.mean(axis=0)
    The mean is multiplied by m / (m - 1) too. A mean has no such bias: only the variance is corrected.

only_mean_corrected:
    batch_means.mean(axis=0) -> m / (m - 1) * batch_means.mean(axis=0)
    m / (m - 1) * batch_vars.mean(axis=0) -> batch_vars.mean(axis=0)
    m / (m - 1) is at the wrong place: it corrects the variance, not the mean.

correction_inverted: m / (m - 1) -> (m - 1) / m
    The correction is upside down: a biased variance is too small, so the factor m / (m - 1) is larger than 1.
divided_by_m_minus_one: m / (m - 1) * batch_vars.mean(axis=0) -> batch_vars.mean(axis=0) / (m - 1)
    The variances are divided by m - 1, but they have been divided by m already: undo that, times m / (m - 1).

number_of_batches: m / (m - 1) -> len(batch_vars) / max(len(batch_vars) - 1, 1)
    or m / (m - 1) -> len(batch_vars) / (len(batch_vars) - 1)
    The correction uses the number of batches K. Each variance was taken over the m samples of its batch: m / (m - 1).

all_samples: m / (m - 1) -> m * len(batch_vars) / (m * len(batch_vars) - 1)
    The correction uses all K m samples. Each variance is about the mean of its own batch of m: m / (m - 1).
spread_of_means_added: return mean, var -> return mean, var + batch_means.var(axis=0)
    The variance of the batch means is added. m / (m - 1) makes up already for what the batch means took away.
variance_of_means (core): batch_vars.mean(axis=0) -> batch_means.var(axis=0)
    This is the spread of the batch means, which shrinks with m. Average `batch_vars`.

summed:
    batch_means.mean(axis=0) -> batch_means.sum(axis=0)
    batch_vars.mean(axis=0) -> batch_vars.sum(axis=0)
    The statistics are summed over the batches. Average them: divide by K.

deviations_averaged: batch_vars.mean(axis=0) -> np.sqrt(batch_vars).mean(axis=0) ** 2
    Standard deviations are averaged and squared. Average the variances themselves: it is their mean that is unbiased.
deviation_returned: return mean, var -> return mean, np.sqrt(var)
    The second result is a standard deviation. Return the variance: the root comes at inference.

last_batch_only (core):
    batch_means.mean(axis=0) -> batch_means[-1]
    batch_vars.mean(axis=0) -> batch_vars[-1]
    Only the last batch counts. Average over all K batches.

wrong_axis:
    batch_means.mean(axis=0) -> batch_means.mean(axis=1)
    batch_vars.mean(axis=0) -> batch_vars.mean(axis=1)
    The average goes over the features of one batch. Rows are batches: `axis=0`.

all_features:
    batch_means.mean(axis=0) -> batch_means.mean()
    batch_vars.mean(axis=0) -> batch_vars.mean()
    One number for all features: average over the batches only, `axis=0`, so that shape (D,) is left.

keepdims (detail): return mean, var -> return mean[None], var[None]
    The results have shape (1, D). They are one number for each feature, (D,): no `keepdims`.
order_swapped: return mean, var -> return var, mean
    The two come back in the wrong order: first the mean, then the variance.

in_place (detail):
    var = m / (m - 1) * batch_vars.mean(axis=0) -> batch_vars *= m / (m - 1); var = batch_vars.mean(axis=0)
    `batch_vars *= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(batch_means, batch_vars, m):
    mean, var = np.zeros_like(batch_means[0]), np.zeros_like(batch_vars[0])
    for one_mean, one_var in zip(batch_means, batch_vars, strict=True):
        mean = mean + one_mean
        var = var + one_var * m
    return [mean / len(batch_means), var / (len(batch_vars) * (m - 1))]


@alternative
def sums_of_squares(batch_means, batch_vars, m):
    """All squares in one pot, divided by the degrees of freedom."""
    k = batch_vars.shape[0]
    return np.average(batch_means, axis=0), (m * batch_vars).sum(axis=0) / (k * m - k)


HINTS = [
    "One row for each batch. What does averaging over the rows give, and which of the two averages is biased?",
    "Average both over the batches (`axis=0`). The biased variance of m samples is too small on average, by the factor "
    "(m - 1) / m.",
    "`batch_means.mean(axis=0)` and `m / (m - 1) * batch_vars.mean(axis=0)`.",
]
