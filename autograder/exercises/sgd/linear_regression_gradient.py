"""linear_regression_gradient: gradient of half the mean squared error of a linear model.

L(w) = sum_i (x_i . w - y_i)^2 / (2 N);  grad = x^T (x w - y) / N (lectures 000, 003: the mean over the batch, so that a
mini-batch's gradient is an unbiased estimate). Reference: autograd.
"""

import numpy as np

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    x = rng.standard_normal((n, d)) * case.get("size", 1.0) + case.get("offset", 0.3)
    w, y = rng.standard_normal(d), rng.standard_normal(n) + 0.5
    return {"w": w, "x": x, "y": x @ w if case.get("fits") else y}, {}


def reference(w, x, y):
    import torch

    leaf = w.clone().requires_grad_()
    loss = 0.5 * ((x @ leaf - y) ** 2).mean()
    return torch.autograd.grad(loss, leaf)[0]


def scale(w, x, y):
    # The gradient cancels where the model fits: rounding is as large as the terms of its sum.
    return {"grad": np.abs(x).T @ (np.abs(x) @ np.abs(w) + np.abs(y)) / len(y)}


def sums(w, x, y):
    return x.T @ (x @ w - y)


def twice(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)


def flipped(w, x, y):
    return x.T @ (y - x @ w) / len(y)


def divides_by_features(w, x, y):
    return x.T @ (x @ w - y) / x.shape[1]


def twice_the_sum(w, x, y):
    return 2 * x.T @ (x @ w - y)


def forgets_inputs(w, x, y):
    return np.full_like(w, (x @ w - y).mean())


def with_loops(w, x, y):
    grad = np.zeros_like(w)
    for x_i, y_i in zip(x, y, strict=True):
        grad += (float(x_i @ w) - y_i) * x_i
    return grad / x.shape[0]


def mean_of_rows(w, x, y):
    residual = np.einsum("nd,d->n", x, w) - y
    return np.mean(residual[:, None] * x, axis=0)


def through_the_normal_equations(w, x, y):
    n = len(x)
    return (x.T @ x) @ w / n - (x.T @ y) / n


SECTION = "Mini-batches: a cheap, noisy slope"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grad",),
    scale=scale,
    cases=[
        Case("a few samples", n=4, d=2),
        Case("a batch of 64", n=64, d=5),
        Case("more features than samples", n=3, d=8),
        Case("one sample", n=1, d=3),
        Case("one feature", n=7, d=1),
        Case("large inputs", n=16, d=3, size=1e3),
        Case("zero where the model fits", n=12, d=3, fits=True),
    ],
    mistakes=[
        Mistake(
            "sum_not_mean",
            sums,
            "The gradient is summed over the batch. Divide by N: else the step grows with the batch size and a "
            "mini-batch is no estimate of the whole.",
            SECTION,
        ),
        Mistake(
            "half_missing",
            twice,
            "The result is twice too large: this is the gradient of the mean squared error, and the loss here is half "
            "of it, so the 2 cancels.",
            SECTION,
        ),
        Mistake("sign", flipped, "The sign is turned: the residual is prediction minus target, x @ w - y.", SECTION),
        Mistake(
            "divides_by_features",
            divides_by_features,
            "The sum is divided by the number of features D. The mean goes over the N samples.",
            SECTION,
        ),
        Mistake(
            "sum_and_half_missing",
            twice_the_sum,
            "Two factors are missing: divide by N (mean over the batch), and the loss has a 1/2 that cancels the 2.",
            SECTION,
        ),
        Mistake(
            "inputs_forgotten",
            forgets_inputs,
            "Every element is the mean residual: the chain rule multiplies each residual by its own input, x.T @ residual.",
            SECTION,
        ),
    ],
    alternatives=[with_loops, mean_of_rows, through_the_normal_equations],
    hints=[
        "Start with one sample: what is the derivative of (x . w - y)^2 / 2 with respect to w?",
        "Each sample gives its residual times its input. The batch's gradient is the mean of these, shape (D,).",
        "`residual = x @ w - y`, then `x.T @ residual / len(y)`.",
    ],
)
