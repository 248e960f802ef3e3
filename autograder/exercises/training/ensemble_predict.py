"""ensemble_predict: the label that several models together find most likely.

probs (models, N, classes): the mean over the models, then the most likely class, the lowest label at ties (lecture 001:
ensembles). Reference: torch, mean(0).argmax(1).
"""

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips


def draw(rng, case):
    """Probabilities whose mean is clear-cut, none below 1e-3. Options: `models`, `n`, `classes`; `ties`; `sure`.

    `sure`: one model in the wrong is surer than all others together are. With `ties` all are multiples of 1/16, which
    add up without rounding, and in many rows two classes are as likely.
    """
    models, n, classes = case.get("models", 3), case.get("n", 40), case.get("classes", 4)
    if case.get("ties"):
        p = rng.multinomial(16, np.full(classes, 1 / classes), (models, n)) / 16
        p[:, : n // 2] = p[:1, : n // 2].mean(axis=0, keepdims=True)
        low, high = np.sort(rng.permuted(np.tile(np.arange(classes), (n, 1)), axis=1)[:, :2], axis=1).T
        rows = np.arange(n)
        p[:, rows], p[0, rows, low], p[1, rows, high] = 0.0, 1.0, 1.0
        p[2:, rows, low] = p[2:, rows, high] = 0.5
        return {"probs": p}, {}
    found = np.empty((models, 0, classes))
    while found.shape[1] < n:
        sharp = rng.choice([0.3, 1.0, 3.0], size=(models, 4 * n, 1)) if classes > 1 else 1.0
        p = rng.dirichlet(np.ones(classes), (models, 4 * n)) ** sharp + 2e-3
        p = p / p.sum(axis=2, keepdims=True)
        best = np.sort(p.mean(axis=0), axis=1)
        clear = best[:, -1] - best[:, -2] > 1e-2 if classes > 1 else np.ones(4 * n, bool)
        found = np.concatenate([found, p[:, clear]], axis=1)
    return {"probs": found[:, :n]}, {}


def reference(probs):
    return probs.mean(0).argmax(1)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("labels",),
    section="8 · Several models",
    typical={"models": 3, "n": 40, "classes": 4},
    forms=[
        {"models": 4, "n": 4, "classes": 4},
        {"models": 5, "n": 1, "classes": 3},
        {"models": 1, "n": 6, "classes": 3},
        {"models": 3, "n": 5, "classes": 2},
        {"models": 2, "n": 3, "classes": 1},
    ],
    # Labels come out whatever the precision; numbers of any size are no probabilities.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("three models", models=3, n=80, classes=4, weight=2),
        Case("five models, ten classes", models=5, n=80, classes=10, weight=2),
        Case("four models, two classes", models=4, n=60, classes=2),
        Case("as many models as samples and classes", models=5, n=5, classes=5),
        Case("one model", models=1, n=10, classes=4, weight=0.5),
        Case("at ties the lowest label", models=4, n=30, classes=5, ties=True, weight=0.5),
    ],
)


def right(probs):
    mean = probs.mean(axis=0)
    labels = mean.argmax(axis=1)
    return labels


MISTAKES = slips("""
geometric_mean: probs.mean(axis=0) -> np.log(np.maximum(probs, 1e-300)).mean(axis=0)
    or probs.mean(axis=0) -> np.prod(probs, axis=0)
    or probs.mean(axis=0) -> np.log(probs + 1e-12).mean(axis=0)
    The logarithms are averaged (or the probabilities multiplied): a geometric mean, in which one model that is sure
    outvotes the others. Average the probabilities.
most_confident: probs.mean(axis=0) -> probs.max(axis=0)
    The most confident model decides alone. Average the probabilities over the models.
least_confident: probs.mean(axis=0) -> probs.min(axis=0)
    The smallest probability of each class is compared. Average over the models.
mean_over_samples (core): probs.mean(axis=0) -> probs.mean(axis=1)
    The mean runs over the samples. It runs over the models, axis 0.
over_samples_last (core): mean.argmax(axis=1) -> mean.argmax(axis=0)
    The largest is looked for along the samples. It is looked for along the classes, axis 1 of the mean.
last_label (detail): mean.argmax(axis=1) -> mean.shape[1] - 1 - mean[:, ::-1].argmax(axis=1)
    or mean.argmax(axis=1) -> mean.argsort(axis=1, kind="stable")[:, -1]
    or mean.argmax(axis=1) -> mean.argsort(axis=1)[:, -1]
    At ties the last label comes back. `argmax` takes the lowest.
least_likely (core): mean.argmax(axis=1) -> mean.argmin(axis=1)
    The least likely class comes back.
probabilities: return labels -> return mean
    The mean probabilities come back. Labels are asked for, the class with the largest of them.
largest_probability: mean.argmax(axis=1) -> mean.max(axis=1)
    The largest probability comes back, not the class that has it: argmax.
first_model (core): probs.mean(axis=0) -> probs[0]
    or probs.mean(axis=0) -> probs[-1]
    One model alone decides.
median: probs.mean(axis=0) -> np.median(probs, axis=0)
    This is the median. The mean is asked for.
labels_from_one: return labels -> return labels + 1
    The labels are counted from 1. The first one is 0.
as_floats (detail): return labels -> return labels.astype(float)
    The labels come back as floats. They are integers.
squared: probs.mean(axis=0) -> (probs**2).mean(axis=0)
    The probabilities are squared, so that sure models count more. Average them as they are.
""")


@mistake("Each model votes, and the votes are counted: how sure a model is does not count. Average the probabilities.")
def majority_vote(probs):
    votes = probs.argmax(axis=2)
    return np.array([np.bincount(column).argmax() for column in votes.T])


@mistake(
    "Each model votes, and the votes are counted: how sure a model is does not count. Average the probabilities.",
    name="majority_vote",
)
def first_among_votes(probs):
    votes = probs.argmax(axis=2).T.tolist()
    return np.array([max(column, key=column.count) for column in votes])


@mistake("The labels are averaged: between 3 and 9 lies 6. Average the probabilities, then take the label.")
def mean_of_labels(probs):
    return np.round(probs.argmax(axis=2).mean(axis=0)).astype(int)


@mistake(
    "The labels are averaged: between 3 and 9 lies 6. Average the probabilities, then take the label.",
    name="mean_of_labels",
)
def mean_of_labels_cut_off(probs):
    return probs.argmax(axis=2).mean(axis=0).astype(int)


@mistake(
    "The labels are averaged: between 3 and 9 lies 6. Average the probabilities, then take the label.",
    name="mean_of_labels",
)
def mean_of_labels_as_it_is(probs):
    return probs.argmax(axis=2).mean(axis=0)


@mistake("The median of the labels is taken. Labels have no order: average the probabilities, then take the label.")
def median_of_labels(probs):
    return np.median(probs.argmax(axis=2), axis=0).astype(int)


@mistake(
    "For each sample the surest model decides alone. Average the probabilities over the models.", name="most_confident"
)
def the_surest_model(probs):
    surest = probs.max(axis=2).argmax(axis=0)
    return probs.argmax(axis=2)[surest, np.arange(probs.shape[1])]


@mistake("The model that is surest on the whole decides alone. Average over the models.", name="most_confident")
def the_surest_on_the_whole(probs):
    return probs[probs.max(axis=2).mean(axis=1).argmax()].argmax(axis=1)


@alternative
def added_up(probs):
    total = 0
    for each in probs:
        total = total + each
    return np.argmax(total, axis=-1).astype(np.int32)


@alternative
def row_by_row(probs):
    means = np.einsum("mnc->nc", probs)
    return np.array([list(row).index(max(row)) for row in means])


HINTS = [
    "What do several opinions say together, if each model tells how sure it is?",
    "Average the probabilities over the models (axis 0): the rows still sum to 1. Then take the largest in each row.",
    "`probs.mean(axis=0).argmax(axis=1)`.",
]
