"""multiclass_hinge: each wrong class that comes within the margin of the true one costs what it lacks.

loss_i = sum over j != y_i of max(0, s_ij - s_iy + margin), averaged over the N samples (Weston and Watkins 1999;
lecture 002). torch.nn.functional.multi_margin_loss divides by the number of classes as well. Where the margin is met
exactly, the slope is a matter of taste: such scores are not drawn. Reference: F.multi_margin_loss times C, and
autograd.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """Scores and labels, no class within rounding of the margin.

    Options: `n`, `c`; `size` multiplies the scores, `offset` is added; `lead` is added to the true class; `margin`,
    where it is passed; `label`: the same class everywhere; `kind`: the labels' dtype.
    """
    n, c, margin = case.get("n"), case.get("c"), case.get("margin")
    rows = np.arange(n)
    while True:
        scores = case.get("size", 1.0) * rng.standard_normal((n, c)) + case.get("offset", 0.0)
        y = rng.integers(c, size=n) if case.get("label") is None else np.full(n, case.get("label"))
        scores[rows, y] += case.get("lead", 0.0)
        lacking = scores - scores[rows, y][:, None] + (1.0 if margin is None else margin)
        if np.abs(lacking).min() > 1e-3:
            break
    return {"scores": scores, "y": y.astype(case.get("kind", "int64"))}, {} if margin is None else {"margin": margin}


def reference(scores, y, margin=1.0):
    leaf = scores.clone().requires_grad_()
    loss = F.multi_margin_loss(leaf, y.long(), margin=margin) * scores.shape[1]
    return loss, torch.autograd.grad(loss, leaf)[0]


def scale(scores, y, margin=1.0):
    # The loss is a sum over classes of differences, the gradient a count.
    return {"loss": scores.shape[1] * (margin + float(np.ptp(scores, axis=1).max())), "dscores": 1 / len(y)}


def lacking_and_rows(scores, y, margin):
    """What each class lacks to the margin, 0 for the true one."""
    rows = np.arange(len(y))
    lacking = scores - scores[rows, y][:, None] + margin
    lacking[rows, y] = 0
    return lacking, rows


def right(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    dscores = (lacking > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    return np.maximum(lacking, 0).sum() / len(y), dscores / len(y)


def counts_true_class(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss + margin, dscores


def counts_true_class_in_gradient(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    dscores[np.arange(len(y)), y] -= 1 / len(y)
    return loss, dscores


def counts_true_class_in_both(scores, y, margin=1.0):
    return counts_true_class(scores, y, margin)[0], counts_true_class_in_gradient(scores, y, margin)[1]


def one_kept_at_true_class(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    dscores[np.arange(len(y)), y] += 1 / len(y)
    return loss + margin, dscores


def divides_by_classes(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss / scores.shape[1], dscores / scores.shape[1]


def loss_over_classes(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss / scores.shape[1], dscores


def divides_by_wrong_classes(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss / (scores.shape[1] - 1), dscores / (scores.shape[1] - 1)


def one_for_true_class(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    dscores = (lacking > 0).astype(scores.dtype)
    dscores[rows, y] = -(lacking > 0).any(axis=1).astype(scores.dtype)
    return np.maximum(lacking, 0).sum() / len(y), dscores / len(y)


def always_one_for_true_class(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    dscores = (lacking > 0).astype(scores.dtype)
    dscores[rows, y] = -1
    return np.maximum(lacking, 0).sum() / len(y), dscores / len(y)


def nothing_for_true_class(scores, y, margin=1.0):
    lacking, _ = lacking_and_rows(scores, y, margin)
    return np.maximum(lacking, 0).sum() / len(y), (lacking > 0).astype(scores.dtype) / len(y)


def margin_ignored(scores, y, margin=1.0):
    return right(scores, y)


def no_margin(scores, y, margin=1.0):
    return right(scores, y, 0.0)


def margin_turned(scores, y, margin=1.0):
    return right(scores, y, -margin)


def gradient_not_divided(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss, dscores * len(y)


def loss_summed(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss * len(y), dscores


def both_summed(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss * len(y), dscores * len(y)


def worst_only(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    worst = lacking.argmax(axis=1)
    counts = (lacking[rows, worst] > 0).astype(scores.dtype)
    dscores = np.zeros_like(scores)
    dscores[rows, worst] = counts
    dscores[rows, y] -= counts
    return np.maximum(lacking, 0).max(axis=1).mean(), dscores / len(y)


def squared(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    short = np.maximum(lacking, 0)
    dscores = 2 * short
    dscores[rows, y] = -dscores.sum(axis=1)
    return (short**2).sum() / len(y), dscores / len(y)


def sides_swapped(scores, y, margin=1.0):
    loss, dscores = right(-scores, y, margin)
    return loss, -dscores


def gradient_turned(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss, -dscores


def gradient_by_size(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    dscores = np.maximum(lacking, 0)
    loss = dscores.sum() / len(y)
    dscores[rows, y] = -dscores.sum(axis=1)
    return loss, dscores / len(y)


def no_maximum(scores, y, margin=1.0):
    lacking, rows = lacking_and_rows(scores, y, margin)
    dscores = np.ones_like(scores)
    dscores[rows, y] = 1 - scores.shape[1]
    return lacking.sum() / len(y), dscores / len(y)


def counts_in_float64(scores, y, margin=1.0):
    loss, dscores = right(scores, y, margin)
    return loss, dscores.astype(np.float64)


def with_loops(scores, y, margin=1.0):
    n, c = scores.shape
    loss, dscores = 0.0, np.zeros_like(scores)
    for i in range(n):
        for j in range(c):
            if j != y[i] and (short := float(scores[i, j] - scores[i, y[i]] + margin)) >= 0:
                loss += short / n
                dscores[i, j] += 1 / n
                dscores[i, y[i]] -= 1 / n
    return loss, dscores


def with_the_true_class_taken_off(scores, y, margin=1.0):
    n = y.size
    true = np.take_along_axis(scores, y[:, None].astype(int), 1)
    short = np.clip(scores - true + margin, 0, None)
    hit = np.sign(short)
    hot = (np.arange(scores.shape[1]) == y[:, None]).astype(scores.dtype)
    return (short.sum() - n * margin) / n, (hit - hot * hit.sum(axis=1, keepdims=True)) / n


def with_a_mask(scores, y, margin=1.0):
    others = np.ones(scores.shape, bool)
    others[np.arange(len(y)), y] = False
    lacking = scores + margin - scores[~others][:, None]
    hit = others & (lacking >= 0)
    dscores = hit / np.asarray(len(y), scores.dtype)
    dscores[~others] -= hit.sum(1) / np.asarray(len(y), scores.dtype)
    return [(lacking * hit).sum(axis=1).mean(), dscores]


COUNTS = (
    "The true class is counted as well: against itself it always lacks exactly the margin. Leave j = y out of the sum, in "
    "the loss and in the gradient."
)
OVER_CLASSES = (
    "The result is divided by the number of classes, as F.multi_margin_loss does. Here it is a sum over the classes, and a "
    "mean over the N samples alone."
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
        Case("one sample", n=1, c=6),
        Case("two classes", n=6, c=2),
        Case("as many samples as classes", n=4, c=4),
        Case("another margin, 0.5", n=6, c=4, margin=0.5),
        Case("another margin, 3", n=6, c=5, margin=3.0),
        Case("all right with room to spare: no loss, no gradient", n=5, c=4, lead=20.0),
        Case("all wrong by far", n=5, c=4, lead=-20.0),
        Case("the same class everywhere", n=6, c=4, label=2),
        Case("labels of dtype uint8", n=6, c=4, kind="uint8"),
        Case("all scores moved up by 1000: nothing changes", n=5, c=4, offset=1000.0),
        Case("scores of some hundreds", n=5, c=4, size=200.0),
    ],
    mistakes=[
        Mistake("counts_true_class", counts_true_class, COUNTS),
        Mistake("counts_true_class", counts_true_class_in_gradient, COUNTS),
        Mistake("counts_true_class", counts_true_class_in_both, COUNTS),
        Mistake("counts_true_class", one_kept_at_true_class, COUNTS),
        Mistake("divides_by_classes", divides_by_classes, OVER_CLASSES),
        Mistake("divides_by_classes", loss_over_classes, OVER_CLASSES),
        Mistake("divides_by_classes", divides_by_wrong_classes, OVER_CLASSES),
        Mistake(
            "true_class_misses_count",
            one_for_true_class,
            "The true class's gradient is -1 however many classes come too close. Its score stands in every one of those "
            "terms: minus their number.",
        ),
        Mistake(
            "true_class_misses_count",
            always_one_for_true_class,
            "The true class's gradient is -1 always. Its score stands in each term that is not cut off: minus the number of "
            "classes that come too close, 0 where none does.",
        ),
        Mistake(
            "true_class_without_gradient",
            nothing_for_true_class,
            "The true class has no gradient. Its score stands in every term of its row, with a minus.",
        ),
        Mistake(
            "margin_ignored",
            margin_ignored,
            "`margin` makes no difference: 1 is written where the argument belongs.",
        ),
        Mistake(
            "no_margin",
            no_margin,
            "The margin is missing: a class costs something before it is ahead, max(0, s_j - s_y + margin).",
        ),
        Mistake(
            "margin_sign",
            margin_turned,
            "The margin is subtracted. It is added, so that being ahead by less than it still costs.",
        ),
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
            "Loss and gradient are sums over the batch. Asked for is the mean over the N samples: divide both by N.",
        ),
        Mistake(
            "worst_class_only",
            worst_only,
            "Only the worst class of each sample counts. Here all that come too close do: a sum over j != y, no maximum.",
        ),
        Mistake("squared", squared, "The hinge is squared. Asked for is its first power: the gradient is a count."),
        Mistake(
            "sides_swapped",
            sides_swapped,
            "The difference is the wrong way round, s_y - s_j: being right costs. It is s_j - s_y + margin.",
        ),
        Mistake(
            "gradient_sign",
            gradient_turned,
            "The gradient has the wrong sign: raising a wrong class's score raises the loss, so its entry is +1/N.",
        ),
        Mistake(
            "gradient_is_the_shortfall",
            gradient_by_size,
            "The gradient holds how much each class lacks. max(0, z) has slope 1 wherever z > 0: the mask counts, not z.",
        ),
        Mistake(
            "no_maximum",
            no_maximum,
            "Classes that are far behind are counted with a minus. The maximum with 0 is missing.",
        ),
        Mistake(
            "changes_dtype",
            counts_in_float64,
            "Float32 goes in and float64 comes out: a bool mask times 1.0, np.eye(C) and np.zeros(shape) are float64. Take "
            "`mask.astype(scores.dtype)` or np.zeros_like(scores).",
        ),
    ],
    alternatives=[right, with_loops, with_the_true_class_taken_off, with_a_mask],
    hints=[
        "For one sample: by how much does each wrong class come too close to the true one? Those that do not cost nothing.",
        "`scores - scores[np.arange(n), y][:, None] + margin` is what all classes lack; set the true class's entry to 0. In the "
        "gradient each positive one counts +1, and the true class minus their number.",
        "`d = (lacking > 0).astype(scores.dtype)`; `d[np.arange(n), y] = -d.sum(axis=1)`; "
        "`np.maximum(lacking, 0).sum() / n, d / n`.",
    ],
)
