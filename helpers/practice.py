"""Practice for the capstone: what a `train` is worth on alphabets that anybody may see, with its spread."""

import functools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from helpers import arguments, data, letters

# What `python -m bench.ladder --arc` measured of each step, with many samples and with few.
ARC = Path(__file__).with_name("arc.json")
MANY, FEW = 800, 200
MEASURES = ("accuracy", "shifted", "noisy", "ECE", "seconds")


@dataclass(frozen=True, eq=False)
class Practice:
    """What came of it: a row for each alphabet, a column for each of MEASURES."""

    alphabets: tuple[int, ...]
    rows: np.ndarray

    def __str__(self) -> str:
        head = f"{'alphabet':>12}" + "".join(f"{name:>10}" for name in MEASURES)
        lines = [head, *(_line(str(name), row) for name, row in zip(self.alphabets, self.rows, strict=True))]
        if len(self.rows) > 1:
            lines += [_line("mean", self.rows.mean(0)), _line("± spread", self.rows.std(0, ddof=1))]
        return "\n".join(lines)

    __repr__ = __str__


def practice(
    train: Callable,
    *,
    alphabets: Sequence[int] = (1, 2, 3),
    samples: int = 800,
    test: int = 1000,
    seed: int = 0,
) -> Practice:
    """Return what predictions are worth after `train(x, y, rng)`, on each of some alphabets.

    Measured as the check does, on fewer images: accuracy on unseen samples, on the same ones moved by up to 2 pixels,
    and with noise of standard deviation 0.3; the expected calibration error (Guo et al. 2017, 15 bins); seconds of
    processor time.

    Parameters
    ----------
    train : train(x, y, rng) -> predict, and predict(images) -> probabilities of shape (N, 10)
    alphabets : sequence of int; seeds of `helpers.data.script`
    samples, test : int; images to train on and to be measured on
    seed : int; of the generator that `train` is given
    """
    arguments.function("train", train)
    arguments.whole("samples", samples, 1)
    arguments.whole("test", test, 1)
    if not len(alphabets):
        raise ValueError("alphabets is empty: name at least one")
    rows = []
    for number in alphabets:
        d = data.script(number, train=samples, test=test)
        rng = np.random.default_rng([number, seed])
        shown = d.x_test, letters.shifted(d.x_test, rng), letters.noisy(d.x_test, rng)
        # One thread, as the check has it: those that wait for each other take processor time, too.
        with threadpool_limits(1):
            began = time.process_time()
            predict = train(d.x_train.copy(), d.y_train.copy(), np.random.default_rng(seed))
            seconds = time.process_time() - began
        arguments.function("what train returns", predict)
        answers = [_probabilities(predict(images.copy()), len(images)) for images in shown]
        right = [(p.argmax(1) == d.y_test).mean() for p in answers]
        rows.append([*right, calibration_error(answers[0], d.y_test), seconds])
    return Practice(tuple(alphabets), np.array(rows))


@functools.cache
def arc(samples: int = MANY) -> dict[str, np.ndarray]:
    """Return what each step of the capstone's arc was worth: a row for each alphabet, a column for each of MEASURES.

    Parameters
    ----------
    samples : int; MANY, or FEW, with which a step takes seconds
    """
    told = json.loads(ARC.read_text(encoding="utf-8"))["samples"][str(samples)]
    return {name: np.array(rows) for name, rows in told.items()}


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error of probabilities (N, C): how far sure and right lie apart.

    Guo, Pleiss, Sun and Weinberger (2017), equation 3: over equal bins of the top probability, the mean distance of its
    mean from the share that is right, weighted by how many there are.
    """
    y = arguments.labels("y", y, len(p))
    top, right = p.max(1), p.argmax(1) == y
    place = np.minimum((top * bins).astype(int), bins - 1)
    sums = [abs(np.sum(top[place == k] - right[place == k])) for k in range(bins)]
    return float(np.sum(sums) / len(y))


def _probabilities(answer, n: int) -> np.ndarray:
    p = arguments.numbers("predict(images)", answer)
    if p.shape != (n, letters.LETTERS):
        raise ValueError(f"predict(images) has shape {p.shape}, it must be {(n, letters.LETTERS)}")
    return p


def _line(name: str, row: np.ndarray) -> str:
    *shares, error, seconds = row
    return f"{name:>12}" + "".join(f"{100 * share:>9.1f}%" for share in shares) + f"{error:>10.3f}{seconds:>10.1f}"
