"""The capstone's ladder: what plain solutions earn, by the judge that grades; `python -m bench.ladder`.

Eleven solutions, from a constant to three convolutional networks, each on several alphabets that no notebook has, and
two of them once more, trained for longer: mean and spread of every measure. The rungs in
`autograder/exercises/capstone/train.py` are chosen by this table, which docs/authors.md holds. It ends in an error
where a solution earns what it should not; of the eleven `tests/exercises/test_capstone.py` asks that on one alphabet.
`--only` names rows. `--arc` measures instead the steps of the notebook, made of the course's own exercises
(`bench/arc.py`).
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from autograder import exercises
from autograder.exercises.capstone._neighbours import five_neighbours, rows, softmax, softmax_regression, two_layers
from autograder.judge import Verdict, judge
from autograder.judge.script import LocalCaller
from bench import arc
from bench.networks import network
from helpers.letters import LETTERS

Array = np.ndarray
Predict = Callable[[Array], Array]


class Solution(NamedTuple):
    """One row of the ladder.

    Parameters
    ----------
    train : train(x, y, rng) -> predict
    least, most : points that it earns, whatever the alphabet
    """

    train: Callable[..., Predict]
    least: float
    most: float


def constant(x: Array, y: Array, rng: np.random.Generator) -> Predict:
    """Every letter as likely as any other."""
    return lambda images: np.full((len(images), LETTERS), 1 / LETTERS)


def class_mean(x: Array, y: Array, rng: np.random.Generator) -> Predict:
    """The nearest mean of a class, surer the nearer."""
    means = np.stack([rows(x[y == k]).mean(0) for k in range(LETTERS)])
    return lambda images: softmax(1.5 * (rows(images) @ means.T - (means**2).sum(1) / 2))


_CNN = {"channels": (12, 24), "hidden": (96,), "batch": 50, "lr": 1e-2}
_SMALL = {"channels": (8, 16), "hidden": (64,), "batch": 50, "lr": 1e-2, "decay": 0.98}
SOLUTIONS: dict[str, Solution] = {
    "constant": Solution(constant, 0, 0),
    "class mean": Solution(class_mean, 38, 50),
    "softmax regression": Solution(softmax_regression, 43, 52),
    "five neighbours": Solution(five_neighbours, 50, 62),
    "two layers, SGD": Solution(two_layers, 45, 54),
    "+ Adam, BatchNorm, dropout": Solution(partial(network, epochs=30, drop=0.5, augment=False), 50, 60),
    "+ augmentation, EMA": Solution(network, 93, 98),
    "the same with noise augmentation": Solution(partial(network, noise=0.4), 94, 100),
    "CNN, no augmentation": Solution(partial(network, **_CNN, epochs=20, augment=False), 63, 75),
    "CNN + augmentation, EMA": Solution(partial(network, **_CNN, epochs=25), 80, 92),
    "three CNNs + noise augmentation": Solution(partial(network, **_SMALL, members=3, epochs=20, noise=0.4), 92, 100),
}
# Two of them, trained for longer than a test may take.
LONG: dict[str, Solution] = {
    "CNN + augmentation, EMA, 90 epochs": Solution(partial(network, **_CNN, epochs=90), 86, 92),
    "three CNNs + noise augmentation, 50 epochs": Solution(
        partial(network, **_SMALL, members=3, epochs=50, noise=0.4), 95, 100
    ),
}


def verdict(name: str, seed: str) -> Verdict:
    """The capstone's verdict on one of the solutions."""
    return judge(exercises.load("train"), LocalCaller([(SOLUTIONS | LONG)[name].train]), points=100, seed=seed)


def line(name: str, found: Sequence[Verdict]) -> str:
    """A row of the table: means over alphabets, and how far they lie apart."""
    told = []
    for key, scale, digits in (
        ("accuracy", 100, 1), ("shifted", 100, 1), ("noisy", 100, 1), ("ece", 1, 3), ("nll", 1, 2),
        ("train_seconds", 1, 1),
    ):  # fmt: skip
        values = [scale * one.measured[key] for one in found]
        told.append(f"{np.mean(values):.{digits}f}")
        if key == "accuracy":
            told[-1] += f" ± {np.std(values):.1f}"
    points = sorted(one.points for one in found)
    return f"| {name} | {' | '.join(told)} | {points[0]:g}-{points[-1]:g} |"


def table(names: Iterable[str], alphabets: int) -> list[str]:
    """Print a line for each solution; the names of those that earn what they should not."""
    print("| solution | clean % | shifted | noisy | ECE | NLL | CPU s | points |\n|---|---|---|---|---|---|---|---|")
    wrong = []
    for name in names:
        found = [verdict(name, f"ladder {k}") for k in range(alphabets)]
        print(line(name, found), flush=True)
        _, least, most = (SOLUTIONS | LONG)[name]
        if not all(least <= one.points <= most for one in found):
            wrong.append(f"{name}: {least:g} to {most:g} points are its own")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[*SOLUTIONS, *LONG], help="names of solutions")
    parser.add_argument("--alphabets", type=int, default=3)
    parser.add_argument("--arc", action="store_true", help="measure the notebook's steps, and write helpers/arc.json")
    arguments = parser.parse_args()
    if arguments.arc:
        arc.measure()
    elif wrong := table(arguments.only, arguments.alphabets):
        sys.exit("\n".join(wrong))
