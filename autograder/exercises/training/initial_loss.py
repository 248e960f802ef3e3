"""initial_loss: what softmax cross-entropy is before anything has been learnt.

Equal scores give each class 1 / classes: -ln(1 / classes) = ln(classes), 2.3026 for ten (lecture 001). Reference:
torch.nn.functional.cross_entropy of equal scores. The lectures' hinge loss starts at classes - 1.
"""

import math

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    """`classes`: a call each; `drawn`: so many besides, between 20 and 2,000."""
    drawn = rng.choice(np.arange(20, 2000), case.get("drawn", 0), replace=False)
    return [({"classes": int(classes)}, {}) for classes in (*case.get("classes", ()), *drawn)]


def reference(classes):
    return float(F.cross_entropy(torch.zeros(1, classes, dtype=torch.float64), torch.tensor([classes - 1])))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("loss",),
    sweep="classes",
    section="1 · Before the first step",
    # A number in, a number out.
    standard=("again",),
    cases=[
        Case("ten classes", classes=[10]),
        Case("two classes", classes=[2]),
        Case("a few classes", classes=[3, 4, 5, 7, 20], weight=3),
        Case("a thousand, as ImageNet", classes=[1000]),
        Case("any number of classes", drawn=4, weight=2),
    ],
)


def right(classes):
    return float(np.log(classes))


MISTAKES = slips("""
log_base: np.log(classes) -> np.log2(classes)
    or np.log(classes) -> np.log10(classes)
    The logarithm has base 2 or 10. Cross-entropy is made with the natural one, `np.log`.
hinge_loss: np.log(classes) -> classes - 1
    This is where the multiclass hinge loss starts. Softmax cross-entropy is the logarithm of a probability.
probability (core): np.log(classes) -> 1 / classes
    This is the probability of the right class. The loss is minus its logarithm.
ten_classes (core): np.log(classes) -> 2.3026
    or np.log(classes) -> np.log(10)
    or np.log(classes) -> 2.302585
    or np.log(classes) -> 2.302585093
    or np.log(classes) -> 2.303
    or np.log(classes) -> 2.3
    The loss of ten classes comes back, however many there are.
sign: np.log(classes) -> -np.log(classes)
    or np.log(classes) -> np.log(1 / classes)
    The sign is lost: log(1 / classes) is negative, and the loss is minus that.
one_class_less: np.log(classes) -> np.log(classes - 1)
    or np.log(classes) -> np.log(max(classes - 1, 1e-12))
    One class too few: the right class has its share too.
one_class_more: np.log(classes) -> np.log(classes + 1)
    or np.log(classes) -> np.log1p(classes)
    One class too many: `log1p(classes)` is log(1 + classes).
entropy_over_classes: np.log(classes) -> np.log(classes) / classes
    It is divided by the number of classes. The loss is that of the right class alone, averaged over the samples.
summed_over_classes: np.log(classes) -> np.log(classes) * classes
    It is summed over the classes. Only the right class's probability is in the loss.
accuracy: np.log(classes) -> 1 - 1 / classes
    This is the error rate of guessing. The loss is minus the logarithm of the right class's probability.
rounded (detail): float(np.log(classes)) -> round(float(np.log(classes)), 4)
    or float(np.log(classes)) -> round(float(np.log(classes)), 3)
    or float(np.log(classes)) -> round(float(np.log(classes)), 2)
    It is rounded. Leave it as it is.
two_classes (core): np.log(classes) -> np.log(2)
    The loss of two classes comes back, however many there are.
""")


@alternative
def from_scores(classes):
    p = np.exp(np.zeros(classes))
    p /= p.sum()
    return -np.log(p)[0]


@alternative
def minus_log_of_the_share(classes):
    return -math.log(1 / classes)


HINTS = [
    "Small weights give nearly equal scores. What does softmax make of equal scores?",
    "Each class has probability 1 / classes, the right one too. Cross-entropy is minus the natural logarithm of that.",
    "`-np.log(1 / classes)`, which is `np.log(classes)`.",
]
