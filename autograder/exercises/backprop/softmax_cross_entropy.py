"""softmax_cross_entropy: mean over the batch of -log softmax(scores)[y], and its gradient (softmax - one-hot) / N.

Lectures 001 and 002. exp overflows for scores of some hundreds, and the probability of a hopeless class is rounded to
0: both go away when the row's largest score is subtracted and the logarithm is taken before the exponential's
rounding. Reference: torch.nn.functional.cross_entropy and autograd.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.exercises.backprop._layers import cross_entropy, softmax
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """Scores and labels.

    Options: `n`, `c`; `size` multiplies the scores, `offset` is added; `apart`: a multiple of it is added to each row;
    `lead` is added to the true class; `label`: the same class everywhere; `kind`: the labels' dtype.
    """
    n, c = case.get("n"), case.get("c")
    scores = case.get("size", 1.5) * rng.standard_normal((n, c)) + case.get("offset", 0.0)
    scores = scores + case.get("apart", 0.0) * (np.arange(n) % 3 - 1.0)[:, None]
    y = rng.integers(c, size=n) if case.get("label") is None else np.full(n, case.get("label"))
    scores[np.arange(n), y] += case.get("lead", 0.0)
    return {"scores": scores, "y": y.astype(case.get("kind", "int64"))}, {}


def reference(scores, y):
    leaf = scores.clone().requires_grad_()
    loss = F.cross_entropy(leaf, y.long())
    return loss, torch.autograd.grad(loss, leaf)[0]


def scale(scores, y):
    # The loss is a difference of scores, and the gradient one of probabilities.
    return {"loss": 1 + float(np.ptp(scores, axis=1).max()), "dscores": 1 / len(y)}


def one_hot(scores, y):
    return np.eye(scores.shape[1], dtype=scores.dtype)[y]


def of_probabilities(p, y, eps=0.0):
    """Loss and gradient as they follow from probabilities."""
    n = len(y)
    return -np.log(p[np.arange(n), y] + eps).mean(), (p - one_hot(p, y)) / n


def no_max(scores, y):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return of_probabilities(p, y)


def no_max_in_logarithms(scores, y):
    n, power = len(y), np.exp(scores)
    loss = (np.log(power.sum(axis=1)) - scores[np.arange(n), y]).mean()
    return loss, (power / power.sum(axis=1, keepdims=True) - one_hot(scores, y)) / n


def no_max_at_last(scores, y):
    """The gradient from the logarithms: exp(-inf) is 0, where inf / inf is nan."""
    n = len(y)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -log_p[np.arange(n), y].mean(), (np.exp(log_p) - one_hot(scores, y)) / n


def one_max_for_all(scores, y):
    power = np.exp(scores - scores.max())
    return of_probabilities(power / power.sum(axis=1, keepdims=True), y)


def log_of_zero(scores, y):
    return of_probabilities(softmax(scores), y)


def with_eps(eps):
    return lambda scores, y: of_probabilities(softmax(scores), y, eps)


def clipped(eps):
    def loss(scores, y):
        p = softmax(scores)
        return of_probabilities(np.clip(p, eps, 1), y)[0], of_probabilities(p, y)[1]

    return loss


def gradient_not_divided(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss, dscores * len(y)


def loss_summed(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss * len(y), dscores


def both_summed(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss * len(y), dscores * len(y)


def divided_by_classes(scores, y):
    loss, dscores = cross_entropy(scores, y)
    n, c = scores.shape
    return loss, dscores * n / c


def divided_by_size(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss, dscores / scores.shape[1]


def averaged_over_all(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss / scores.shape[1], dscores / scores.shape[1]


def columns_of_labels(scores, y):
    """The 1 is taken from the columns p[:, y] in every row."""
    p = softmax(scores)
    p[:, y] -= 1
    return cross_entropy(scores, y)[0], p / len(y)


def loss_of_columns(scores, y):
    with np.errstate(divide="ignore"):
        log_p = np.log(softmax(scores))
    return -log_p[:, y].mean(), cross_entropy(scores, y)[1]


def loss_of_columns_in_logarithms(scores, y):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[:, y].mean(), cross_entropy(scores, y)[1]


def both_of_columns(scores, y):
    return loss_of_columns_in_logarithms(scores, y)[0], columns_of_labels(scores, y)[1]


def one_hot_of_float64(scores, y):
    return cross_entropy(scores, y)[0], (softmax(scores) - np.eye(scores.shape[1])[y]) / len(y)


def one_not_subtracted(scores, y):
    return cross_entropy(scores, y)[0], softmax(scores) / len(y)


def gradient_turned(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss, -dscores


def loss_turned(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return -loss, dscores


def over_samples(scores, y):
    p = softmax(scores.T).T
    return of_probabilities(p, y)


def gradient_in_probabilities(scores, y):
    with np.errstate(divide="ignore"):
        return cross_entropy(scores, y)[0], -one_hot(scores, y) / softmax(scores) / len(y)


def only_true_class(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss, dscores * one_hot(scores, y)


def base_ten(scores, y):
    loss, dscores = cross_entropy(scores, y)
    return loss / np.log(10), dscores


def probabilities_not_logarithms(scores, y):
    p = softmax(scores)
    return -p[np.arange(len(y)), y].mean(), cross_entropy(scores, y)[1]


def log_sum_exp(scores, y):
    n, top = scores.shape[0], scores.max(axis=1)
    logsumexp = top + np.log(np.sum(np.exp(scores.T - top), axis=0))
    p = np.exp(scores - logsumexp[:, None])
    hot = np.zeros_like(scores)
    np.put_along_axis(hot, y[:, None].astype(np.int64), 1, axis=1)
    return float(np.mean(logsumexp - np.sum(scores * hot, axis=1))), (p - hot) / n


def row_by_row(scores, y):
    total, dscores = 0.0, np.zeros(scores.shape, dtype=scores.dtype)
    for i, (row, label) in enumerate(zip(scores, y, strict=True)):
        relative = row - row[label]
        top = max(relative.max(), 0)
        log_total = top + np.log(sum(np.exp(relative - top)))
        total += log_total
        for j in range(len(row)):
            dscores[i, j] = (np.exp(relative[j] - log_total) - (j == label)) / len(y)
    return [total / len(y), dscores]


def reduced(scores, y):
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    picked = np.take_along_axis(log_p, y.reshape(-1, 1).astype(int), axis=1)
    grad = np.exp(log_p)
    grad[range(len(y)), y] -= 1.0
    grad /= len(y)
    return -picked.sum() / picked.size, grad


UNLIKELY = (
    "The loss of a hopeless class is wrong: its probability is rounded to 0, and log(0) is -inf. Take the logarithm first: "
    "log p = s - log(sum(exp(s))), with s the scores minus their largest."
)
CAPPED = (
    "The loss has a ceiling, since a small number keeps the logarithm away from 0. No such number is needed: "
    "log p = s - log(sum(exp(s))), with s the scores minus their largest."
)
OVERFLOW = (
    "Not finite for large scores: exp(1000) is inf. The largest score of each row can be subtracted first; the "
    "probabilities stay the same."
)
COLUMNS = (
    "`p[:, y]` are whole columns, those of all labels. Of each row one entry is meant, that of its own class: "
    "`p[np.arange(n), y]`."
)

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "dscores"),
    scale=scale,
    typical={"n": 5, "c": 4},
    cases=[
        Case("a few samples", n=4, c=3),
        Case("a batch of 64 with ten classes", n=64, c=10),
        Case("one sample", n=1, c=5),
        Case("two classes", n=6, c=2),
        Case("as many samples as classes", n=4, c=4),
        Case("equal scores: the loss is log C", n=5, c=7, size=0.0),
        Case("the same class everywhere", n=6, c=4, label=2),
        Case("labels of dtype uint8", n=6, c=4, kind="uint8"),
        Case("all scores moved up by 1000: nothing changes", n=5, c=4, offset=1000.0, weight=2.0),
        Case("all scores moved down by 1000: nothing changes", n=5, c=4, offset=-1000.0),
        Case("rows 1000 apart from one another", n=6, c=4, apart=1000.0),
        Case("a hopeless class: a large loss, not infinity", n=5, c=4, lead=-1000.0, weight=2.0),
        Case("a certain class: almost no loss", n=5, c=4, lead=60.0),
        Case("scores of some hundreds in float32", n=6, c=4, size=150.0, dtype="float32"),
    ],
    mistakes=[
        Mistake("no_max_subtraction", no_max, OVERFLOW),
        Mistake("no_max_subtraction", no_max_in_logarithms, OVERFLOW),
        Mistake("no_max_subtraction", no_max_at_last, OVERFLOW),
        Mistake(
            "one_max_for_all",
            one_max_for_all,
            "The largest score of the whole batch is subtracted. A row far below it is rounded to 0 altogether, and 0 / 0 is "
            "nan: subtract each row's own largest.",
        ),
        Mistake("log_of_zero", log_of_zero, UNLIKELY),
        *[Mistake("loss_has_ceiling", with_eps(eps), CAPPED) for eps in (1e-8, 1e-9, 1e-10, 1e-12, 1e-15)],
        *[Mistake("loss_has_ceiling", clipped(eps), CAPPED) for eps in (1e-8, 1e-10, 1e-12, 1e-15)],
        Mistake(
            "gradient_not_divided",
            gradient_not_divided,
            "The loss is a mean over the batch, its gradient a sum: divide dscores by N too.",
        ),
        Mistake(
            "loss_summed",
            loss_summed,
            "The loss is summed over the batch, while its gradient is that of the mean. Divide the loss by N.",
        ),
        Mistake(
            "both_summed",
            both_summed,
            "Loss and gradient are sums over the batch. Asked for is the mean: divide both by N.",
        ),
        Mistake(
            "gradient_divided_by_classes",
            divided_by_classes,
            "The gradient is divided by the number of classes. The mean goes over the N samples.",
        ),
        Mistake(
            "gradient_divided_by_classes",
            divided_by_size,
            "The gradient is divided by the number of classes as well. The mean goes over the N samples alone.",
        ),
        Mistake(
            "averaged_over_classes",
            averaged_over_all,
            "Loss and gradient are divided by the number of classes as well. The mean goes over the N samples alone.",
        ),
        *[
            Mistake("columns_of_labels", wrong, COLUMNS)
            for wrong in (columns_of_labels, loss_of_columns, loss_of_columns_in_logarithms, both_of_columns)
        ],
        Mistake(
            "one_not_subtracted",
            one_not_subtracted,
            "The gradient is softmax / N. The true class's entry has a 1 less: (softmax - one-hot) / N.",
        ),
        Mistake(
            "gradient_sign",
            gradient_turned,
            "The gradient has the wrong sign: raising the true class's score lowers the loss, so its entry is negative, p - 1.",
        ),
        Mistake(
            "loss_sign",
            loss_turned,
            "The loss is negative: the minus in -log p is missing.",
        ),
        Mistake(
            "softmax_over_samples",
            over_samples,
            "The softmax goes down the batch. Each sample's probabilities sum to 1: axis 1, with keepdims.",
        ),
        Mistake(
            "gradient_in_probabilities",
            gradient_in_probabilities,
            "dscores is -1/p, the gradient in the probabilities. One more step of the chain rule leads to the scores, and the "
            "two together are softmax - one-hot.",
        ),
        Mistake(
            "only_true_class",
            only_true_class,
            "Only the true class has a gradient. The others share in the sum below the fraction: theirs is p.",
        ),
        Mistake("base_ten", base_ten, "The logarithm has base 10. It is the natural one, np.log."),
        Mistake(
            "no_logarithm",
            probabilities_not_logarithms,
            "The loss is -p of the true class. It is the logarithm that is averaged: -log p.",
        ),
        Mistake(
            "changes_dtype",
            one_hot_of_float64,
            "Float32 goes in and float64 comes out: np.eye(C) and np.zeros(shape) are float64. Give them the dtype of "
            "scores, or subtract the 1 in place: `dscores[np.arange(n), y] -= 1`.",
        ),
    ],
    alternatives=[cross_entropy, log_sum_exp, row_by_row, reduced],
    hints=[
        "Adding one number to all scores of a row changes no probability. Which number makes exp harmless? And do you need "
        "p itself to know log p?",
        "s = scores - their row's largest; log p = s - log(sum(exp(s))). The loss picks one entry of each row, "
        "`log_p[np.arange(n), y]`. For the gradient, exp(log p) minus 1 in the same places, over N.",
        "`log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))`; `loss = -log_p[np.arange(n), y].mean()`; "
        "`dscores = np.exp(log_p)`; `dscores[np.arange(n), y] -= 1`; `dscores / n`.",
    ],
)
