"""What the capstone is about: an alphabet of the invented script, its spoilt copies, and who else has tried."""

import time
from collections.abc import Callable

import numpy as np

from autograder.exercises.capstone._neighbours import NEIGHBOURS
from autograder.judge import Task
from helpers import data, letters


def task(number: int) -> Task:
    """Eight hundred samples of an alphabet to train on, four thousand to be graded on."""
    d = data.script(number)
    return of_samples(d.x_train, d.y_train, d.x_test, d.y_test, number, NEIGHBOURS)


def neat_task(number: int) -> Task:
    """Letters in a neat hand, which need no network: on them the judge is proved."""
    rng = np.random.default_rng(number)
    alphabet, labels = letters.alphabet(rng), np.arange(600) % letters.LETTERS
    images = letters.written(alphabet, labels, rng, untidy=0.35)
    return of_samples(images[:200], labels[:200], images[200:], labels[200:], number, {})


def of_samples(
    x: np.ndarray, y: np.ndarray, clean: np.ndarray, labels: np.ndarray, number: int, others: dict[str, Callable]
) -> Task:
    """A task of these samples.

    Parameters
    ----------
    x, y : to train on
    clean, labels : to be graded on
    number : decides on shifts, noise and order
    others : other solutions, which are tried too
    """
    rng = np.random.default_rng([number, 1])
    noisy = letters.noisy(clean, rng)
    tried = {}
    for name, train in others.items():
        began = time.thread_time()
        right = train(x, y, np.random.default_rng(0))(clean).argmax(1) == labels
        tried[name] = (round(float(right.mean()), 4), round(time.thread_time() - began, 2))
    return Task(x, y, clean, labels, letters.shifted(clean, rng), noisy, rng, int(rng.integers(2**31)), tried)
