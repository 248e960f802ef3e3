"""Functions that a student's function is given to call, and that the judge has too: they travel by their name.

For those whose arguments do not travel, such as a generator or a function of the student's; all others are callbacks
that the judge answers. They are NumPy alone and depend on nothing but their arguments, so that the judge's own call
gives what the worker's does. That the student's code could replace them here helps it nowhere: the judge compares with
its own.
"""

from collections.abc import Callable

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


FUNCTIONS = {function.__name__: function for function in (dropout_scores, noisy_copy, error_of)}
