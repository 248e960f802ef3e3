"""multiclass_hinge: each wrong class that comes within the margin of the true one costs what it lacks.

loss_i = sum over j != y_i of max(0, s_ij - s_iy + margin), averaged over the N samples (Weston and Watkins 1999;
lecture 002). torch.nn.functional.multi_margin_loss divides by the number of classes as well. Where the margin is met
exactly, the slope is a matter of taste: such scores are not drawn. Reference: F.multi_margin_loss times C, and
autograd.
"""

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    """Scores and labels, no class within rounding of the margin.

    Options: `n`, `c`; `offset` is added to the scores, `lead` to those of the true class; `margin`, None where it is
    not passed; `label`: the same class everywhere; `kind`: the labels' dtype.
    """
    n, c, margin = case.get("n"), case.get("c"), case.get("margin", 1.0)
    rows = np.arange(n)
    while True:
        scores = rng.standard_normal((n, c)) + case.get("offset", 0.0)
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


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "dscores"),
    scale=scale,
    section="8 · A loss that can be satisfied",
    typical={"n": 5, "c": 4},
    sizes={"n": "samples", "c": "classes"},
    cases=[
        Case("a few samples", n=4, c=3),
        Case("a batch of 64 with ten classes", n=64, c=10),
        Case("as many samples as classes", n=4, c=4),
        Case("the default margin is 1", n=5, c=3, margin=None),
        Case("another margin, 0.5", n=6, c=4, margin=0.5, weight=3),
        Case("another margin, 3", n=6, c=5, margin=3.0, weight=3),
        Case("all right with room to spare: no loss, no gradient", n=5, c=4, lead=20.0),
        Case("all wrong by far", n=5, c=4, lead=-20.0),
        Case("the same class everywhere", n=6, c=4, label=2),
        Case("labels of dtype uint8", n=6, c=4, kind="uint8"),
        Case("all scores moved up by 1000: nothing changes", n=5, c=4, offset=1000.0),
    ],
)


def right(scores, y, margin=1.0):
    n = len(y)
    rows = np.arange(n)
    lacking = scores - scores[rows, y][:, None] + margin
    lacking[rows, y] = 0
    total = np.maximum(lacking, 0).sum()
    dscores = (lacking > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    return total / n, dscores / n


MISTAKES = slips("""
counts_true_class: lacking[rows, y] = 0 ->
    or np.maximum(lacking, 0).sum() -> np.maximum(lacking, 0).sum() + n * margin
    or -dscores.sum(axis=1) -> -dscores.sum(axis=1) - 1
    or lacking[rows, y] = 0 ->
    -dscores.sum(axis=1) -> 2 - dscores.sum(axis=1)
    The true class is counted as well: against itself it always lacks exactly the margin. Leave j = y out of the sum, in
    the loss and in the gradient.

divides_by_classes:
    total / n -> total / scores.size
    dscores / n -> dscores / scores.size
    or total / n -> total / scores.size
    or total / n -> total / n / max(scores.shape[1] - 1, 1)
    dscores / n -> dscores / n / max(scores.shape[1] - 1, 1)
    The result is divided by the number of classes, as F.multi_margin_loss does. Here it is a sum over the classes, and
    a mean over the N samples alone.

divided_by_classes_for_samples:
    total / n -> total / scores.shape[1]
    dscores / n -> dscores / scores.shape[1]
    The sum is divided by the number of classes in the place of that of samples. The mean goes over the N samples.

true_class_misses_count: -dscores.sum(axis=1) -> -dscores.max(axis=1)
    The true class's gradient is -1 however many classes come too close. Its score stands in every one of those terms:
    minus their number.

true_class_misses_count: -dscores.sum(axis=1) -> -1
    The true class's gradient is -1 always. Its score stands in each term that is not cut off: minus the number of
    classes that come too close, 0 where none does.

true_class_without_gradient: dscores[rows, y] = -dscores.sum(axis=1) ->
    The true class has no gradient. Its score stands in every term of its row, with a minus.
margin_ignored: -> margin = 1.0
    `margin` makes no difference: 1 is written where the argument belongs.

margin_missing_in_the_gradient: lacking > 0 -> lacking > margin
    The gradient counts only classes that are ahead of the true one. Those that come closer than the margin count too:
    s_j - s_y + margin > 0.

no_margin: -> margin = 0.0
    The margin is missing: a class costs something before it is ahead, max(0, s_j - s_y + margin).
margin_sign: -> margin = -margin
    The margin is subtracted. It is added, so that being ahead by less than it still costs.
gradient_not_divided: dscores / n -> dscores
    The loss is a mean over the batch, its gradient a sum: divide dscores by N too.
loss_summed: total / n -> total
    The loss is summed over the batch, while its gradient is that of the mean. Divide the loss by N.

both_summed:
    total / n -> total
    dscores / n -> dscores
    Loss and gradient are sums over the batch. Asked for is the mean over the N samples: divide both by N.

worst_class_only:
    np.maximum(lacking, 0).sum() -> np.maximum(lacking, 0).max(axis=1).sum()
    lacking > 0 -> (lacking > 0) & (lacking.argmax(axis=1)[:, None] == np.arange(lacking.shape[1]))
    Only the worst class of each sample counts. Here all that come too close do: a sum over j != y, no maximum.

squared:
    np.maximum(lacking, 0).sum() -> (np.maximum(lacking, 0) ** 2).sum()
    (lacking > 0).astype(scores.dtype) -> 2 * np.maximum(lacking, 0)
    or np.maximum(lacking, 0).sum() -> (np.maximum(lacking, 0) ** 2).sum()
    The hinge is squared. Asked for is its first power: the gradient is a count.

sides_swapped:
    scores - scores[rows, y][:, None] -> scores[rows, y][:, None] - scores
    (lacking > 0).astype(scores.dtype) -> -(lacking > 0).astype(scores.dtype)
    or scores - scores[rows, y][:, None] -> scores[rows, y][:, None] - scores
    The difference is the wrong way round, s_y - s_j: being right costs. It is s_j - s_y + margin.

gradient_sign: dscores / n -> -dscores / n
    The gradient has the wrong sign: raising a wrong class's score raises the loss, so its entry is +1/N.
gradient_is_the_shortfall: (lacking > 0).astype(scores.dtype) -> np.maximum(lacking, 0)
    The gradient holds how much each class lacks. max(0, z) has slope 1 wherever z > 0: the mask counts, not z.

no_maximum:
    np.maximum(lacking, 0).sum() -> lacking.sum()
    (lacking > 0).astype(scores.dtype) -> np.ones_like(scores)
    -dscores.sum(axis=1) -> 1 - dscores.sum(axis=1)
    or np.maximum(lacking, 0).sum() -> lacking.sum()
    Classes that are far behind are counted with a minus. The maximum with 0 is missing.

changes_dtype (detail): (lacking > 0).astype(scores.dtype) -> (lacking > 0) * 1.0
    Float32 goes in and float64 comes out: a bool mask times 1.0, np.eye(C) and np.zeros(shape) are float64. Take
    `mask.astype(scores.dtype)` or np.zeros_like(scores).
""")


@alternative
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


@alternative
def with_the_true_class_taken_off(scores, y, margin=1.0):
    n = y.size
    true = np.take_along_axis(scores, y[:, None].astype(int), 1)
    short = np.clip(scores - true + margin, 0, None)
    hit = np.sign(short)
    hot = (np.arange(scores.shape[1]) == y[:, None]).astype(scores.dtype)
    return (short.sum() - n * margin) / n, (hit - hot * hit.sum(axis=1, keepdims=True)) / n


HINTS = [
    "For one sample: by how much does each wrong class come too close to the true one? Those that do not cost nothing.",
    "`scores - scores[np.arange(n), y][:, None] + margin` is what all classes lack; set the true class's entry to 0. "
    "In the gradient each positive one counts +1, and the true class minus their number.",
    "`d = (lacking > 0).astype(scores.dtype)`; `d[np.arange(n), y] = -d.sum(axis=1)`; `np.maximum(lacking, 0).sum() / "
    "n, d / n`.",
]
