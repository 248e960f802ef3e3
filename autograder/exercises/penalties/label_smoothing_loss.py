"""label_smoothing_loss: softmax cross-entropy against smoothed labels, and its gradient.

loss = -mean sum_k target_k log softmax(scores)_k, dscores = (softmax - target) / N (Szegedy et al. 2016, section 7).
Reference: torch.nn.functional.cross_entropy(label_smoothing=eps) and autograd.
"""

import numpy as np

from autograder.exercises.penalties._labels import draw_labels
from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    n, classes = case.get("n"), case.get("classes", 5)
    scores = rng.standard_normal((n, classes)) * case.get("sizes", 2.0)
    if case.get("apart"):
        scores = scores + 1000.0 * rng.permutation(n)[:, None]
    if case.get("hopeless"):
        scores[:, 0] += 900.0
    y = draw_labels(rng, n, classes, case.get("integers", "int64"))
    return {"scores": scores, "y": y, "eps": case.get("eps", 0.1)}, {}


def reference(scores, y, eps):
    scores = scores.clone().requires_grad_()
    loss = F.cross_entropy(scores, y.long(), label_smoothing=eps)
    return loss.detach(), torch.autograd.grad(loss, scores)[0]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss", "dscores"),
    section="6 · Doubt",
    typical={"n": 6, "classes": 5},
    sizes={"n": "samples", "classes": "classes"},
    least={"classes": 2},
    scale=lambda scores, y, eps: {"dscores": 1 / len(scores)},
    cases=[
        Case("a few samples", n=5, classes=4, eps=0.1, weight=3),
        Case("a batch of 64", n=64, classes=10, eps=0.2),
        Case("two classes", n=6, classes=2, eps=0.3, weight=2),
        Case("as many samples as classes", n=5, classes=5, eps=0.1),
        Case("a large eps", n=6, classes=4, eps=0.9, weight=2),
        Case("eps = 0: the loss of hard labels", n=5, classes=4, eps=0.0, weight=0.5),
        Case("eps = 1: nothing of the label is left", n=5, classes=4, eps=1.0, weight=0.5),
        Case("rows 1000 apart from one another", n=6, classes=4, eps=0.1, apart=True, weight=6),
        Case("a class that wins by 900", n=5, classes=4, eps=0.1, hopeless=True, weight=3),
        Case("labels of dtype uint8", n=6, classes=5, integers="uint8", weight=0.5),
    ],
)


def right(scores, y, eps):
    n, classes = scores.shape
    targets = ((1 - eps) * np.eye(classes)[y] + eps / classes).astype(scores.dtype)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -(targets * log_p).sum() / n
    dscores = (np.exp(log_p) - targets) / n
    return loss, dscores


MISTAKES = slips("""
over_the_others:
    -> others = max(scores.shape[1] - 1, 1)
    (1 - eps) * np.eye(classes)[y] + eps / classes -> (1 - eps - eps / others) * np.eye(classes)[y] + eps / others
    eps is shared by the other classes alone, eps / (K - 1). Each class gets eps / K, the true one too.
counted_twice: (1 - eps) * np.eye(classes)[y] -> np.eye(classes)[y]
    The true class keeps all of its 1 and gets a share on top: targets sum to more than 1. Take eps off first.
true_without_its_share:
    (1 - eps) * np.eye(classes)[y] + eps / classes -> np.where(np.eye(classes)[y] > 0, 1 - eps, eps / classes)
    The true class gets 1 - eps without its own share of eps: targets sum to less than 1.
eps_as_the_label: (1 - eps) * np.eye(classes)[y] + eps / classes -> eps * np.eye(classes)[y] + (1 - eps) / classes
    eps is the weight of the label here. It is what is taken from it.
not_smoothed (core): (1 - eps) * np.eye(classes)[y] + eps / classes -> np.eye(classes)[y]
    These are loss and gradient of the hard labels: `eps` is not used.
gradient_of_hard_labels: np.exp(log_p) - targets -> np.exp(log_p) - np.eye(classes, dtype=scores.dtype)[y]
    The gradient is that of the hard labels: softmax minus the smoothed targets.
loss_of_hard_labels: targets * log_p -> np.eye(classes, dtype=scores.dtype)[y] * log_p
    The loss is that of the hard labels: weigh all classes' log-probabilities with the smoothed targets.
loss_not_averaged: -(targets * log_p).sum() / n -> -(targets * log_p).sum()
    The loss is a sum over the samples. It is their mean: divide by N.
averaged_over_everything: -(targets * log_p).sum() / n -> -(targets * log_p).mean()
    The loss is divided by N * K. It is a mean over the samples, and a sum over the classes.
gradient_not_averaged: (np.exp(log_p) - targets) / n -> np.exp(log_p) - targets
    The gradient is not divided by N, though the loss is a mean over the samples.
no_max: scores.max(axis=1, keepdims=True) -> 0
    The largest score is not taken away before `exp`: scores of 1000 overflow.
max_of_the_batch (detail): scores.max(axis=1, keepdims=True) -> scores.max()
    The largest score of the whole batch is taken away: rows far below it underflow. Take each row's own.
loss_sign: -(targets * log_p).sum() / n -> (targets * log_p).sum() / n
    The loss has the wrong sign: log-probabilities are negative.
gradient_sign: np.exp(log_p) - targets -> targets - np.exp(log_p)
    The gradient has the wrong sign: softmax minus targets.
log_of_zero (detail):
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) -> p = np.exp(shifted); p /= p.sum(1)[:, None]
    targets * log_p -> targets * np.log(p)
    np.exp(log_p) -> p
    The logarithm is taken of a probability that rounds to 0. Take it before dividing: shifted - log(sum(exp(shifted))).
capped_log (detail):
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) -> p = np.exp(shifted); p /= p.sum(1)[:, None]
    targets * log_p -> targets * np.log(p + 1e-12)
    np.exp(log_p) -> p
    Something is added to the probability before the logarithm, which is a ceiling for the loss. Take the logarithm
    before dividing: shifted - log(sum(exp(shifted))).
in_place (detail): -> given = scores; scores = scores.copy(); given -= given.max(axis=1, keepdims=True)
    The caller's scores are overwritten: `scores -= ...`. Make a new array.
""")


@alternative
def as_two_losses(scores, y, eps):
    """The label's loss and the mean over all classes, mixed."""
    rows = np.arange(len(scores))
    top = scores.max(1)
    total = np.log(np.exp(scores - top[:, None]).sum(1)) + top
    hard = (total - scores[rows, y]).mean()
    uniform = (total - scores.mean(1)).mean()
    p = np.exp(scores - total[:, None])
    p[rows, y] -= 1 - eps
    return (1 - eps) * hard + eps * uniform, (p - eps / scores.shape[1]) / len(scores)


@alternative
def with_loops(scores, y, eps):
    n, k = scores.shape
    loss, grad = 0.0, np.zeros_like(scores)
    for i in range(n):
        shifted = scores[i] - max(scores[i])
        log_p = shifted - np.log(sum(np.exp(shifted)))
        for j in range(k):
            target = eps / k + (1 - eps) * (j == y[i])
            loss -= target * log_p[j] / n
            grad[i, j] = (np.exp(log_p[j]) - target) / n
    return [loss, grad]


HINTS = [
    "The loss of 01's `softmax_cross_entropy` looks at one class of each row. Here every class has a target.",
    "log-probabilities in the stable way (take each row's maximum away), targets as in `smooth_labels`; minus their "
    "product, summed over the classes, averaged over the samples. The gradient is softmax minus targets, over N.",
    "`log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))`, `loss = -(targets * log_p).sum() / n`, "
    "`dscores = (np.exp(log_p) - targets) / n`.",
]
