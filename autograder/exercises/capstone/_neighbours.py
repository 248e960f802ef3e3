"""Plain solutions of the capstone, for a student to compare with: the first rungs of its ladder."""

from collections.abc import Callable

import numpy as np

from helpers.letters import LETTERS

Predict = Callable[[np.ndarray], np.ndarray]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of scores, row by row."""
    exponents = np.exp(scores - scores.max(1, keepdims=True))
    return exponents / exponents.sum(1, keepdims=True)


def rows(images: np.ndarray) -> np.ndarray:
    """Images as rows."""
    return images.reshape(len(images), -1)


def softmax_regression(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Predict:
    """Logistic regression with ten classes, by gradient descent on all samples."""
    x, wanted = rows(x), np.eye(LETTERS, dtype=x.dtype)[y]
    w, b = np.zeros((x.shape[1], LETTERS), x.dtype), np.zeros(LETTERS, x.dtype)
    for _ in range(300):
        off = (softmax(x @ w + b) - wanted) / len(x)
        w, b = w - 0.5 * (x.T @ off + 1e-3 * w), b - 0.5 * off.sum(0)
    return lambda images: softmax(rows(images) @ w + b)


def five_neighbours(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Predict:
    """The letters of the five samples that are nearest, each class counted a tenth more than it was found."""
    x = rows(x)

    def predict(images: np.ndarray) -> np.ndarray:
        distances = (x**2).sum(1) - 2 * rows(images) @ x.T
        nearest = np.argpartition(distances, 5, axis=1)[:, :5]
        votes = np.eye(LETTERS)[y[nearest]].sum(1) + 0.1
        return votes / votes.sum(1, keepdims=True)

    return predict


def two_layers(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Predict:
    """A network with one hidden layer of 64, by plain SGD."""
    x, wanted = rows(x), np.eye(LETTERS, dtype=x.dtype)[y]
    shapes = ((x.shape[1], 64), (64, LETTERS))
    w1, w2 = (rng.standard_normal(shape).astype(x.dtype) * np.float32((2 / shape[0]) ** 0.5) for shape in shapes)
    b1, b2 = np.zeros(64, x.dtype), np.zeros(LETTERS, x.dtype)
    for _ in range(60):
        for batch in np.array_split(rng.permutation(len(x)), max(len(x) // 50, 1)):
            hidden = np.maximum(x[batch] @ w1 + b1, 0)
            off = (softmax(hidden @ w2 + b2) - wanted[batch]) / len(batch)
            back = off @ w2.T * (hidden > 0)
            w2, b2 = w2 - 0.3 * hidden.T @ off, b2 - 0.3 * off.sum(0)
            w1, b1 = w1 - 0.3 * x[batch].T @ back, b1 - 0.3 * back.sum(0)
    return lambda images: softmax(np.maximum(rows(images) @ w1 + b1, 0) @ w2 + b2)


NEIGHBOURS: dict[str, Callable] = {
    "softmax regression": softmax_regression,
    "five neighbours": five_neighbours,
    "two layers, SGD": two_layers,
}
