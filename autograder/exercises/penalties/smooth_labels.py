"""smooth_labels: targets that leave a little to the other classes.

(1 - eps) one-hot + eps / K (Szegedy et al. 2016, section 7; lecture 002): the true class gets 1 - eps + eps / K, rows
sum to 1. Reference: the targets with which torch's cross entropy equals its own label_smoothing.
"""

import numpy as np

from autograder.exercises.penalties._labels import draw_labels
from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    classes = case.get("classes", 5)
    y = draw_labels(rng, case.get("n"), classes, case.get("integers", "int64"))
    return {"y": y, "classes": classes, "eps": case.get("eps", 0.1)}, {}


def reference(y, classes, eps):
    """The gradient of torch's smoothed loss by the scores tells the targets: n * dscores = softmax - target."""
    scores = torch.zeros(len(y), classes, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(scores, y.long(), label_smoothing=eps, reduction="sum")
    return 1 / classes - torch.autograd.grad(loss, scores)[0]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("targets",),
    section="6 · Doubt",
    typical={"n": 6, "classes": 5},
    forms=[{"n": 4, "classes": 4}, {"n": 1}, {"n": 3, "classes": 2}, {"n": 1, "classes": 2}],
    # Integers go in, whatever their dtype, and float64 comes out.
    standard=("shapes", "layout", "inputs", "again"),
    cases=[
        Case("a few labels", n=6, classes=5, eps=0.1, weight=3),
        Case("two classes", n=6, classes=2, eps=0.3, weight=2),
        Case("as many labels as classes", n=7, classes=7, eps=0.2),
        Case("a large eps", n=5, classes=4, eps=0.9, weight=2),
        Case("eps = 0: one-hot", n=5, classes=4, eps=0.0, weight=0.5),
        Case("eps = 1: all classes alike", n=5, classes=4, eps=1.0, weight=0.5),
        Case("labels of dtype uint8", n=6, classes=5, integers="uint8"),
    ],
)


def right(y, classes, eps):
    hot = np.eye(classes)[y]
    targets = (1 - eps) * hot + eps / classes
    return targets


MISTAKES = slips("""
over_the_others: (1 - eps) * hot + eps / classes -> (1 - eps) * hot + eps / max(classes - 1, 1) * (1 - hot)
    eps is shared by the other classes alone, eps / (K - 1). Here the uniform distribution has the true class too: each
    gets eps / K, and the true one 1 - eps + eps / K.
counted_twice: (1 - eps) * hot + eps / classes -> hot + eps / classes
    The true class keeps all of its 1 and gets a share on top: rows sum to more than 1. Take eps off first.
true_without_its_share: (1 - eps) * hot + eps / classes -> np.where(hot > 0, 1 - eps, eps / classes)
    The true class gets 1 - eps without its own share of eps: rows sum to less than 1.
eps_as_the_label: (1 - eps) * hot + eps / classes -> eps * hot + (1 - eps) / classes
    eps is the weight of the label here. It is what is taken from it.
alpha_as_the_label: (1 - eps) * hot + eps / classes -> eps * hot + (1 - eps) / max(classes - 1, 1) * (1 - hot)
    eps is the share of the true class, as lecture 002's alpha. Here it is what is taken from the label, and shared by
    all classes.
not_smoothed (core): (1 - eps) * hot + eps / classes -> hot
    These are the hard labels: `eps` is not used.
eps_to_each: (1 - eps) * hot + eps / classes -> np.where(hot > 0, 1 - eps, eps)
    Every other class gets all of eps, so that rows sum to more than 1. They share it: eps / K for each.
classes_from_the_labels: np.eye(classes)[y] -> np.eye(int(np.max(y)) + 1)[y]
    or -> classes = int(np.max(y)) + 1
    The number of classes is guessed from the labels. A batch need not have the last class: it is `classes`.
float32: (1 - eps) * hot + eps / classes -> ((1 - eps) * hot + eps / classes).astype(np.float32)
    The targets are float32. Labels say nothing of a precision: float64.
""")


@alternative
def filled(y, classes, eps):
    targets = np.full((len(y), classes), eps / classes)
    targets[np.arange(len(y)), y] += 1 - eps
    return targets


@alternative
def with_loops(y, classes, eps):
    return np.array(
        [[1 - eps + eps / classes if k == int(label) else eps / classes for k in range(classes)] for label in y]
    )


HINTS = [
    "A mixture of two distributions: the label, and the one that knows nothing. How large is each class's share?",
    "1 - eps of the one-hot row, and eps of a row in which every class has 1 / K, the true one too.",
    "`(1 - eps) * np.eye(classes)[y] + eps / classes`.",
]
