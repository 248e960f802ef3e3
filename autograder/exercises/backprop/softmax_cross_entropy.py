"""softmax_cross_entropy: mean over the batch of -log softmax(scores)[y], and its gradient (softmax - one-hot) / N.

Lectures 001 and 002. exp overflows for scores of some hundreds, and the probability of a hopeless class is rounded to
0: both go away when the row's largest score is subtracted and the logarithm is taken before the exponential's
rounding. Reference: torch.nn.functional.cross_entropy and autograd.
"""

import numpy as np

from autograder.judge import Case, F, Function, Slip, alternative, slips, torch


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


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "dscores"),
    scale=scale,
    section="7 · What a mistake costs",
    typical={"n": 5, "c": 4},
    sizes={"n": "samples", "c": "classes"},
    cases=[
        Case("a few samples", n=4, c=3),
        Case("a batch of 64 with ten classes", n=64, c=10),
        Case("as many samples as classes", n=4, c=4),
        Case("equal scores: the loss is log C", n=5, c=7, size=0.0),
        Case("the same class everywhere", n=6, c=4, label=2),
        Case("labels of dtype uint8", n=6, c=4, kind="uint8"),
        Case("all scores moved up by 1000: nothing changes", n=5, c=4, offset=1000.0, weight=3),
        Case("all scores moved down by 1000: nothing changes", n=5, c=4, offset=-1000.0),
        Case("rows 1000 apart from one another", n=6, c=4, apart=1000.0),
        Case("a hopeless class: a large loss, not infinity", n=5, c=4, lead=-1000.0, weight=3),
        Case("a hopeless class of two", n=4, c=2, lead=-300.0),
        Case("a certain class: almost no loss", n=5, c=4, lead=60.0),
        Case("scores of some hundreds in float32", n=6, c=4, size=150.0, dtype="float32"),
    ],
)


def right(scores, y):
    n = len(y)
    rows = np.arange(n)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, y].mean()
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    return loss, dscores / n


def unstable(scores):
    """The softmax as it is printed."""
    power = np.exp(scores)
    return power / power.sum(axis=1, keepdims=True)


MISTAKES = slips("""
no_max_subtraction: shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) -> np.log(unstable(scores))
    or scores - scores.max(axis=1, keepdims=True) -> scores
    or scores - scores.max(axis=1, keepdims=True) -> scores
    np.exp(log_p) -> unstable(scores)
    or loss = -log_p[rows, y].mean() -> loss = (np.log(np.exp(scores).sum(axis=1)) - scores[rows, y]).mean()
    or loss = -log_p[rows, y].mean() -> loss = -np.log(unstable(scores))[rows, y].mean()
    Not finite for large scores: exp(1000) is inf. The largest score of each row can be subtracted first; the
    probabilities stay the same.

no_max_in_the_gradient: np.exp(log_p) -> unstable(scores)
    The loss is stable, its gradient is not: exp(1000) is inf there. Make the probabilities of the gradient from the
    scores minus their row's largest too, or as exp(log p).

one_max_for_all (detail): scores.max(axis=1, keepdims=True) -> scores.max()
    or scores - scores.max(axis=1, keepdims=True) -> scores - scores.max()
    np.exp(log_p) -> unstable(scores - scores.max())
    The largest score of the whole batch is subtracted. A row far below it is rounded to 0 altogether, and 0 / 0 is nan:
    subtract each row's own largest.

keepdims_missing: scores.max(axis=1, keepdims=True) -> scores.max(axis=1)
    or np.exp(shifted).sum(axis=1, keepdims=True) -> np.exp(shifted).sum(axis=1)
    A number for each row, of shape (N,), is taken along the columns. With `keepdims=True` it has the shape (N, 1), and
    goes with its row.

log_of_zero (detail): shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) -> np.log(unstable(shifted))
    or loss = -log_p[rows, y].mean() -> loss = -np.log(np.exp(log_p[rows, y])).mean()
    or loss = -log_p[rows, y].mean() -> loss = -(np.eye(scores.shape[1])[y] * np.log(np.exp(log_p))).sum() / n
    The loss of a hopeless class is wrong: its probability is rounded to 0, and log(0) is -inf. Take the logarithm
    first: log p = s - log(sum(exp(s))), with s the scores minus their largest.

gradient_not_divided: dscores / n -> dscores
    The loss is a mean over the batch, its gradient a sum: divide dscores by N too.
loss_summed: -log_p[rows, y].mean() -> -log_p[rows, y].sum()
    The loss is summed over the batch, while its gradient is that of the mean. Divide the loss by N.

both_summed:
    -log_p[rows, y].mean() -> -log_p[rows, y].sum()
    dscores / n -> dscores
    Loss and gradient are sums over the batch. Asked for is the mean: divide both by N.

gradient_divided_by_classes: dscores / n -> dscores / scores.shape[1]
    The gradient is divided by the number of classes. The mean goes over the N samples.
gradient_divided_by_classes: dscores / n -> dscores / scores.size
    The gradient is divided by the number of classes as well. The mean goes over the N samples alone.
divided_twice: dscores / n -> dscores / n**2
    The gradient is divided by N twice. Once, as the loss.

averaged_over_classes:
    -log_p[rows, y].mean() -> -log_p[rows, y].mean() / scores.shape[1]
    dscores / n -> dscores / scores.size
    or -log_p[rows, y].mean() -> -log_p[rows, y].mean() / scores.shape[1]
    The result is divided by the number of classes as well. The mean goes over the N samples alone.

columns_of_labels: dscores[rows, y] -= 1 -> dscores[:, y] -= 1
    or -log_p[rows, y].mean() -> -log_p[:, y].mean()
    or -log_p[rows, y].mean() -> -np.log(np.exp(log_p))[:, y].mean()
    or -log_p[rows, y].mean() -> -log_p[:, y].mean()
    dscores[rows, y] -= 1 -> dscores[:, y] -= 1
    `p[:, y]` are whole columns, those of all labels. Of each row one entry is meant, that of its own class:
    `p[np.arange(n), y]`.

one_not_subtracted: dscores[rows, y] -= 1 ->
    The gradient is softmax / N. The true class's entry has a 1 less: (softmax - one-hot) / N.
gradient_sign: dscores / n -> -dscores / n
    The gradient has the wrong sign: raising the true class's score lowers the loss, so its entry is negative, p - 1.
loss_sign: -log_p[rows, y].mean() -> log_p[rows, y].mean()
    The loss is negative: the minus in -log p is missing.

softmax_over_samples:
    scores.max(axis=1, keepdims=True) -> scores.max(axis=0)
    np.exp(shifted).sum(axis=1, keepdims=True) -> np.exp(shifted).sum(axis=0)
    The softmax goes down the batch. Each sample's probabilities sum to 1: axis 1, with keepdims.

softmax_over_all: np.exp(shifted).sum(axis=1, keepdims=True) -> np.exp(shifted).sum()
    The sum under the fraction goes over the whole batch. Each sample's probabilities sum to 1: axis 1, with keepdims.

gradient_in_probabilities:
    np.exp(log_p) -> np.zeros_like(scores)
    dscores[rows, y] -= 1 -> dscores[rows, y] = -np.exp(-log_p[rows, y])
    dscores is -1/p, the gradient in the probabilities. One more step of the chain rule leads to the scores, and the two
    together are softmax - one-hot.

only_true_class: np.exp(log_p) -> np.exp(log_p) * np.eye(scores.shape[1], dtype=scores.dtype)[y]
    Only the true class has a gradient. The others share in the sum below the fraction: theirs is p.
base_ten: -log_p[rows, y].mean() -> -log_p[rows, y].mean() / np.log(10)
    The logarithm has base 10. It is the natural one, np.log.
no_logarithm: -log_p[rows, y].mean() -> -np.exp(log_p[rows, y]).mean()
    The loss is -p of the true class. It is the logarithm that is averaged: -log p.

changes_dtype (detail): dscores[rows, y] -= 1 -> dscores = dscores - np.eye(scores.shape[1])[y]
    Float32 goes in and float64 comes out: np.eye(C) and np.zeros(shape) are float64. Give them the dtype of scores, or
    subtract the 1 in place: `dscores[np.arange(n), y] -= 1`.
""")

CEILING = (
    "The loss has a ceiling, since a small number keeps the logarithm away from 0. No such number is needed: "
    "log p = s - log(sum(exp(s))), with s the scores minus their largest."
)
MISTAKES += [
    Slip("loss_has_ceiling", {"-log_p[rows, y].mean()": f"-np.log({kept}).mean()"}, CEILING, degree="detail")
    for eps in (*(10.0**-k for k in range(5, 21)), 2.0**-23, 2.0**-52, 1e-30, 1e-100, 1e-300, 2.0**-1022)
    for kept in (f"np.exp(log_p[rows, y]) + {eps}", f"np.maximum(np.exp(log_p[rows, y]), {eps})")
]


@alternative
def log_sum_exp(scores, y):
    n, top = scores.shape[0], scores.max(axis=1)
    logsumexp = top + np.log(np.sum(np.exp(scores.T - top), axis=0))
    p = np.exp(scores - logsumexp[:, None])
    hot = np.zeros_like(scores)
    np.put_along_axis(hot, y[:, None].astype(np.int64), 1, axis=1)
    return float(np.mean(logsumexp - np.sum(scores * hot, axis=1))), (p - hot) / n


@alternative
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


HINTS = [
    "Adding one number to all scores of a row changes no probability. Which number makes exp harmless? And do you "
    "need p itself to know log p?",
    "s = scores - their row's largest; log p = s - log(sum(exp(s))). The loss picks one entry of each row, "
    "`log_p[np.arange(n), y]`. For the gradient, exp(log p) minus 1 in the same places, over N.",
    "`log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))`; `loss = -log_p[np.arange(n), y].mean()`; `dscores = "
    "np.exp(log_p)`; `dscores[np.arange(n), y] -= 1`; `dscores / n`.",
]
