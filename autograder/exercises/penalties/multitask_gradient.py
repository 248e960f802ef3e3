"""multitask_gradient: what a shared trunk hears of its tasks.

sum_k weights[k] grads[k], the gradient of the weighted sum of losses (Caruana 1997; lecture 002's auxiliary tasks). A
negative weight reverses a gradient (Ganin and Lempitsky 2015). Reference: autograd of the weighted sum.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    tasks, shape = case.get("tasks", 3), case.get("shape", (4, 3))
    grads = [np.asarray(rng.standard_normal(shape)) for _ in range(tasks)]
    weights = case.get("weights") or [float(round(x, 3)) for x in rng.uniform(0.2, 2.0, tasks)]
    return {"grads": grads, "weights": list(weights)}, {}


def reference(grads, weights):
    """The gradient at w of the weighted sum of losses that have these gradients."""
    w = torch.zeros(grads[0].shape, dtype=torch.float64, requires_grad=True)
    total = sum(weight * (grad * w).sum() for weight, grad in zip(weights, grads, strict=True))
    return torch.autograd.grad(total, w)[0]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grad",),
    section="9 · More than one task",
    typical={"tasks": 3, "shape": (4, 3)},
    forms=[
        {"shape": (3, 3)},
        {"shape": (1, 4)},
        {"shape": (2, 1)},
        {"shape": (1,)},
        {"shape": ()},
        {"tasks": 1},
        {"tasks": 4, "shape": (4, 4)},
    ],
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("two tasks", tasks=2, shape=(5,), weight=2),
        Case("three tasks, a matrix", tasks=3, shape=(4, 5), weight=2),
        Case("as many tasks as rows and columns", tasks=4, shape=(4, 4), weight=2),
        Case("weights that do not add up to 1", tasks=2, shape=(3, 4), weights=[2.0, 1.5], weight=2),
        Case("a negative weight: the gradient reversed", tasks=3, shape=(3, 4), weights=[1.0, -0.5, 0.3], weight=2),
        Case("a weight of 0", tasks=3, shape=(3, 4), weights=[1.0, 0.0, 0.5]),
        Case("one task", tasks=1, shape=(3, 4), weights=[0.7]),
    ],
)


def right(grads, weights):
    terms = [weight * grad for weight, grad in zip(weights, grads, strict=True)]
    return sum(terms)


MISTAKES = slips("""
mean: sum(terms) -> sum(terms) / len(terms)
    It is divided by the number of tasks. It is the sum.
weighted_mean: sum(terms) -> sum(terms) / sum(weights)
    It is divided by the sum of the weights, so that they act as if they added up to 1. They count as they are.
weights_ignored (core): weight * grad -> 1.0 * grad
    `weights` is not used: each task's gradient counts as much as its weight says.
main_task_alone (core): sum(terms) -> terms[0]
    or sum(terms) -> 1.0 * grads[0]
    Only the first task is heard. The trunk hears all of them.
absolute_weights (detail): weight * grad -> abs(weight) * grad
    The sign of the weights is lost: a negative one reverses a gradient.
last_task_alone: sum(terms) -> terms[-1]
    Only the last task is heard: add up.
weights_squared: weight * grad -> weight**2 * grad
    The weights are squared.
in_place (detail): return sum(terms) -> out = grads[0]; out *= weights[0]; return sum(terms[1:], out.copy())
    The first gradient is changed in place: `total = grads[0]; total += ...` writes into the caller's array. Make a new
    one.
""")


@alternative
def with_a_loop(grads, weights):
    total = np.zeros_like(grads[0])
    for k in range(len(grads)):
        total += weights[k] * grads[k]
    return total


@alternative
def as_a_product(grads, weights):
    stacked = np.stack(grads)
    return np.tensordot(np.array(weights, dtype=stacked.dtype), stacked, axes=1)


HINTS = [
    "The loss of the trunk is a weighted sum of losses. What is the gradient of a sum?",
    "Every gradient times its weight, added up in a new array.",
    "`sum(weight * grad for weight, grad in zip(weights, grads))`.",
]
