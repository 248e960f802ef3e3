"""How long two functions take that give the same."""

import time
from collections.abc import Callable

import numpy as np

from helpers.plots.ready import Notes, NotReady, ask, name_of


def speed_up(slow: Callable, fast: Callable, *args) -> None:
    """Print what both functions say of the same arguments, and how long each takes: the best of a few calls."""
    notes = Notes(None)
    with notes.collect():
        answers, took = [], []
        for function, calls in ((slow, 2), (fast, 5)):
            seconds = []
            for _ in range(calls):
                start = time.perf_counter()
                answer = ask(function, *args)
                seconds.append(time.perf_counter() - start)
            answers.append(answer)
            took.append(min(seconds))
            notes.add(f"{name_of(function):24} {1e3 * took[-1]:8.2f} ms")
        if not np.array_equal(*answers):
            raise NotReady(name_of(fast), "says something else here than the slow form")
        notes.add(f"{took[0] / took[1]:.0f} times as fast")
    for note in notes:
        print(note)
