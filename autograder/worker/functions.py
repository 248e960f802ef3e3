"""Functions that a student's function is given to call, and that the judge has too: they travel by their name.

For those whose arguments do not travel, such as a generator or a function of the student's, or whose result has to
share memory with them; all others are callbacks that the judge answers. They are NumPy alone and depend on nothing but
their arguments, so that the judge's own call gives what the worker's does. That the student's code could replace them
here helps it nowhere: the judge compares with its own.
"""

from collections.abc import Callable, Iterator

import numpy as np


def dropout_scores(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores of shape (N, 3) for x of shape (N, D): a network that drops half of its inputs and of its hidden units."""
    for units in (4, 3):
        weights = np.cos(np.arange(x.shape[1] * units, dtype=x.dtype)).reshape(-1, units)
        x = np.tanh((2 * x * (rng.random(x.shape) < 0.5)) @ weights)
    return x


def noisy_copy(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """x with standard normal noise, whatever its shape."""
    return x + rng.standard_normal(x.shape).astype(x.dtype)


def mirrored(images: np.ndarray) -> np.ndarray:
    """Images mirrored left to right, as a view: what is written into it is written into them."""
    return images[..., ::-1]


def turned_rows(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """x itself, or its rows in reverse order: a prediction that shares its memory with x."""
    return x if rng.random() < 0.5 else x[::-1]


def error_of(function: Callable, *args: object) -> str:
    """What `function(*args)` raises, "ValueError" for all of its kind; a stub's own error is not caught."""
    try:
        function(*args)
    except NotImplementedError:
        raise
    except ValueError:
        return "ValueError"
    except Exception as error:
        return type(error).__name__
    return "no error"


def signs_settled(out: object, direction: np.ndarray) -> object:
    """A matrix with each column turned so that it points along `direction`; what is no such matrix, as it is."""
    if type(out) is not np.ndarray or out.dtype.kind not in "fiu" or out.ndim != 2 or out.shape[:1] != direction.shape:
        return out
    return out * np.where(direction @ out < 0, -1, 1).astype(out.dtype)


def plain_step(w: np.ndarray, grad: np.ndarray, state: dict, *, lr: float) -> tuple[np.ndarray, dict]:
    """A step of gradient descent, which has nothing to remember."""
    return w - lr * grad, state


def heavy_step(w: np.ndarray, grad: np.ndarray, state: dict, *, lr: float) -> tuple[np.ndarray, dict]:
    """A step of gradient descent with momentum 0.9, its velocity in the state."""
    v = 0.9 * state.get("v", np.zeros_like(w)) + grad
    return w - lr * v, {"v": v}


def read_once(items: list) -> Iterator:
    """The items one after the other, as a generator gives them: a second time there are none."""
    return iter(items)


FUNCTIONS: dict[str, Callable] = {
    f.__name__: f
    for f in (
        dropout_scores,
        noisy_copy,
        turned_rows,
        mirrored,
        error_of,
        signs_settled,
        plain_step,
        heavy_step,
        read_once,
    )
}
