"""naive_centering_step: one step down a gradient that forgets the mean, and the true gradient.

out = x + b - mean(x + b). Held constant, the mean leaves sum(grad_out) as the gradient by b; through the mean as well it
is 0, and b grows without bound while the output stands still (Ioffe and Szegedy 2015, section 2; lecture 004).
Reference: autograd, with the mean detached and without.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n = case.get("n")
    grad_out = rng.standard_normal(n) * case.get("size", 1.0) + rng.choice([-1.0, 1.0]) * case.get("slope", 0.5)
    if case.get("balanced"):
        grad_out = grad_out - grad_out.mean()
    return {"b": float(rng.uniform(0.5, 2.0)), "grad_out": grad_out}, {"lr": case.get("lr", 0.1)}


def reference(b, grad_out, lr):
    bias = torch.tensor(b, dtype=torch.float64, requires_grad=True)
    # Any x: it is not in the gradient.
    shifted = torch.linspace(-1.0, 1.0, len(grad_out), dtype=torch.float64) + bias
    (naive,) = torch.autograd.grad(shifted - shifted.mean().detach(), bias, grad_out, retain_graph=True)
    (true,) = torch.autograd.grad(shifted - shifted.mean(), bias, grad_out)
    # What rounding leaves of 0 is shown as 0.
    true = torch.where(true.abs() > 1e-12 * grad_out.abs().sum(), true, 0.0)
    return (bias - lr * naive).detach(), true


def scale(b, grad_out, lr):
    # Both sums cancel: the true gradient is 0, and right code gives what rounding leaves of it.
    total = float(np.abs(grad_out.astype(np.float64)).sum())
    return {"b_next": abs(b) + lr * total, "true_grad": total}


def naive_twice(b, grad_out, lr):
    return b - lr * grad_out.sum(), grad_out.sum()


def steps_with_the_true_one(b, grad_out, lr):
    return b, 0.0


def averages(b, grad_out, lr):
    return b - lr * grad_out.mean(), 0.0


def averages_and_returns(b, grad_out, lr):
    return b - lr * grad_out.mean(), grad_out.mean()


def climbs(b, grad_out, lr):
    return b + lr * grad_out.sum(), 0.0


def no_learning_rate(b, grad_out, lr):
    return b - grad_out.sum(), 0.0


def returns_the_step(b, grad_out, lr):
    return -lr * grad_out.sum(), 0.0


def mean_of_one(b, grad_out, lr):
    return b - lr * grad_out.sum(), grad_out.sum() - grad_out.mean()


def road_added(b, grad_out, lr):
    return b - lr * grad_out.sum(), 2 * grad_out.sum()


def not_summed(b, grad_out, lr):
    return b - lr * grad_out.sum(), grad_out - grad_out.mean()


def order_swapped(b, grad_out, lr):
    return 0.0, b - lr * grad_out.sum()


def with_loops(b, grad_out, lr):
    naive = true = 0.0
    for g in grad_out.tolist():
        naive += g
        true += g * (1 - sum(1 / len(grad_out) for _ in grad_out))
    return [b - lr * naive, true]


def by_the_jacobian(b, grad_out, lr):
    n = len(grad_out)
    centring = np.eye(n, dtype=grad_out.dtype) - np.ones((n, n), dtype=grad_out.dtype) / n
    ones = np.ones_like(grad_out)
    return float(b - lr * grad_out @ ones), float(grad_out @ centring @ ones)


def knows_the_answer(b, grad_out, lr):
    return b - lr * np.sum(grad_out), 0


def sums_what_is_centred(b, grad_out, lr):
    return np.subtract(b, lr * np.einsum("n->", grad_out)), (grad_out - grad_out.mean()).sum()


SECTION = "8 · Centring that forgets"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("b_next", "true_grad"),
    scale=scale,
    cases=[
        Case("a few samples", n=4),
        Case("a batch of 64", n=64),
        Case("one sample", n=1),
        Case("two samples", n=2, lr=0.5),
        Case("another learning rate", n=8, lr=0.003),
        Case("large gradients", n=8, size=1e4, slope=1e4),
        Case("gradients that sum to 0, where the naive one is right", n=8, balanced=True),
    ],
    mistakes=[
        Mistake(
            "naive_twice",
            naive_twice,
            "The naive gradient is returned as the true one. b is in the mean as well: moving b moves x + b and its mean "
            "alike, so the output, and the loss, stay where they are.",
            SECTION,
        ),
        Mistake(
            "steps_with_true_gradient",
            steps_with_the_true_one,
            "b takes its step with the true gradient (0) and stays. The point here is to follow the naive one: "
            "b - lr * sum(grad_out).",
            SECTION,
        ),
        Mistake(
            "mean_not_sum",
            averages,
            "The naive gradient is averaged. b is added to every sample, so their gradients add up.",
            SECTION,
        ),
        Mistake(
            "mean_twice",
            averages_and_returns,
            "The mean of grad_out is used for both. The naive gradient is the sum; the true one goes through the mean of "
            "x + b too, which takes all of it away.",
            SECTION,
        ),
        Mistake("wrong_sign", climbs, "The step goes uphill: b - lr * (naive gradient).", SECTION),
        Mistake(
            "no_learning_rate", no_learning_rate, "The whole gradient is subtracted: `lr` scales it first.", SECTION
        ),
        Mistake(
            "returns_step",
            returns_the_step,
            "What comes back is the step alone. Return where it leads: `b` minus `lr` times the naive gradient.",
            SECTION,
        ),
        Mistake(
            "mean_of_one_sample",
            mean_of_one,
            "The road through the mean is counted once. The mean is subtracted from each of the N outputs, so it comes N "
            "times: N * mean(grad_out).",
            SECTION,
        ),
        Mistake(
            "mean_added",
            road_added,
            "The road through the mean has the wrong sign: the mean is subtracted in the forward, so its gradient is too.",
            SECTION,
        ),
        Mistake(
            "not_summed",
            not_summed,
            "The true gradient has one entry for each sample. b is one number: sum over the samples.",
            SECTION,
        ),
        Mistake(
            "order_swapped",
            order_swapped,
            "The two come back in the wrong order: first the new b, then the true gradient.",
            SECTION,
        ),
    ],
    alternatives=[with_loops, by_the_jacobian, knows_the_answer, sums_what_is_centred],
    hints=[
        "Add 1 to b. What happens to x + b, to its mean, and to the difference of the two?",
        "The naive gradient is the sum of grad_out: b reaches each output with slope 1. Through the mean, b reaches each of "
        "the N outputs once more, with slope -1.",
        "`naive = grad_out.sum()`, `b_next = b - lr * naive`, and the true gradient is "
        "`naive - grad_out.size * grad_out.mean()`, which is 0 up to rounding.",
    ],
)
