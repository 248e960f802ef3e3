"""linear_regression_gradient: gradient of half the mean squared error of a linear model.

L(w) = sum_i (x_i . w - y_i)^2 / (2 N);  grad = x^T (x w - y) / N (lectures 000, 003: the mean over the batch, so that a
mini-batch's gradient is an unbiased estimate). Reference: autograd.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    x = rng.standard_normal((n, d)) * case.get("size", 1.0) + 0.3
    w, y = rng.standard_normal(d), rng.standard_normal(n) + 0.5
    return {"w": w, "x": x, "y": x @ w if case.get("fits") else y}, {}


def reference(w, x, y):
    leaf = w.clone().requires_grad_()
    loss = 0.5 * ((x @ leaf - y) ** 2).mean()
    return torch.autograd.grad(loss, leaf)[0]


def scale(w, x, y):
    # The gradient cancels where the model fits: rounding is as large as the terms of its sum.
    return {"grad": np.abs(x).T @ (np.abs(x) @ np.abs(w) + np.abs(y)) / len(y)}


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grad",),
    scale=scale,
    section="4 · Mini-batches: a cheap, noisy slope",
    sizes={"n": "samples", "d": "features"},
    typical={"n": 6, "d": 3},
    cases=[
        Case("a few samples", n=4, d=2),
        Case("a batch of 64", n=64, d=5),
        Case("more features than samples", n=3, d=8),
        Case("large inputs", n=16, d=3, size=1e3),
        Case("zero where the model fits", n=12, d=3, fits=True),
    ],
)


def right(w, x, y):
    residual = x @ w - y
    total = x.T @ residual
    return total / len(y)


MISTAKES = slips("""
sum_not_mean: total / len(y) -> total
    The gradient is summed over the batch. Divide by N: else the step grows with the batch size.
half_missing: total / len(y) -> 2 * total / len(y)
    The result is twice too large: the loss is *half* the mean squared error, so the 2 of the derivative cancels.
sum_and_half_missing: total / len(y) -> 2 * total
    Two factors are missing: divide by N (mean over the batch), and the loss has a 1/2 that cancels the 2.
half_twice: total / len(y) -> total / (2 * len(y))
    The result is half of what it should be: the derivative of the square brings a 2, which cancels the 1/2.
sign (core): x @ w - y -> y - x @ w
    The sign is turned: the residual is prediction minus target, x @ w - y.
divides_by_features: total / len(y) -> total / x.shape[1]
    The sum is divided by the number of features D. The mean goes over the N samples.
divides_by_size: total / len(y) -> total / x.size
    The sum is divided by N times D, all numbers in x. The mean goes over the N samples.
n_minus_one: total / len(y) -> total / max(len(y) - 1, 1)
    The sum is divided by N - 1. A mean over the batch divides by N.
targets_forgotten: x @ w - y -> x @ w
    The targets `y` are not used: each sample gives its residual, prediction minus target, times its input.

inputs_forgotten (core): total / len(y) -> np.full_like(w, residual.mean())
    or x.T @ residual -> residual.sum()
    Every element is the mean residual: the chain rule multiplies each residual by its own input, x.T @ residual.

one_number (core): total / len(y) -> (residual[:, None] * x).mean()
    or total / len(y) -> np.mean(residual**2) / 2
    One number comes out, a mean over everything. The gradient has one entry for each weight.
""")


@alternative
def with_loops(w, x, y):
    grad = np.zeros_like(w)
    for x_i, y_i in zip(x, y, strict=True):
        grad += (float(x_i @ w) - y_i) * x_i
    return grad / x.shape[0]


@alternative
def mean_of_rows(w, x, y):
    residual = np.einsum("nd,d->n", x, w) - y
    return np.mean(residual[:, None] * x, axis=0)


HINTS = [
    "Start with one sample: what is the derivative of (x . w - y)^2 / 2 with respect to w?",
    "Each sample gives its residual times its input. The batch's gradient is the mean of these, shape (D,).",
    "`residual = x @ w - y`, then `x.T @ residual / len(y)`.",
]
