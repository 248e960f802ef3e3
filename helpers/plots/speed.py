"""How much faster arrays are than a loop in Python, and how long two functions take that give the same."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from helpers.plots.ready import Notes, NotReady, ask, ask_array, ask_step, name_of, picture


@picture("Time of a loop over the samples and of your arrays against the number of samples.")
def gradient_speed(notes: Notes, by_loop: Callable, linear_regression_gradient: Callable):
    """Show the time that the gradient takes by the given loop and by the student's function."""
    rng, features = np.random.default_rng(0), 10
    problems = {}
    for n in (10, 30, 100, 300, 1000, 3000, 10_000):
        problems[n] = rng.normal(size=features), rng.normal(size=(n, features)), rng.normal(size=n)
    fig, ax = notes.plt.subplots(figsize=(8, 3.6))
    ax.set(xlabel="number of samples $N$", title=f"one gradient for {features} weights; measured here and now")

    def asked(gradient):
        return lambda w, x, y: ask_array(gradient, w, x, y, shape=w.shape)

    _race(
        notes, ax, problems, (by_loop, asked(by_loop)), (linear_regression_gradient, asked(linear_regression_gradient))
    )
    return fig


@picture("Time of a loop over the weights and of your arrays against the number of weights.")
def adam_speed(notes: Notes, by_loop: Callable, adagrad: Callable):
    """Show the time that a step takes by the given loop and by the student's function."""
    rng = np.random.default_rng(0)
    problems = {n: tuple(rng.normal(size=(2, n))) for n in (10, 30, 100, 300, 1000, 3000, 10_000)}
    fig, ax = notes.plt.subplots(figsize=(8, 3.6))
    ax.set(xlabel="number of weights", title="one step of AdaGrad; measured here and now")

    def asked(step):
        return lambda w, grad: ask_step(step, w, grad, {}, lr=0.1)

    _race(notes, ax, problems, (by_loop, asked(by_loop)), (adagrad, asked(adagrad)))
    return fig


def speed_up(slow: Callable, fast: Callable, *args) -> None:
    """Print how long both functions take for the same arguments, where they say the same of them."""
    notes = Notes(None)
    with notes.collect():
        took = [_milliseconds(lambda *args, function=function: ask(function, *args), args) for function in (slow, fast)]
        for function, milliseconds in zip((slow, fast), took, strict=True):
            notes.add(f"{name_of(function):24} {milliseconds:8.2f} ms")
        if not np.array_equal(ask(slow, *args), ask(fast, *args)):
            raise NotReady(name_of(fast), "says something else here than the slow form")
        notes.add(f"{took[0] / took[1]:.0f} times as fast")
    for note in notes:
        print(note)


def _race(notes: Notes, ax, problems: Mapping[int, tuple], *ways: tuple[Callable, Callable]) -> None:
    """Draw the time of both ways for each problem, and the ratio at the largest."""
    ax.set(xscale="log", yscale="log", ylabel="time (ms)")
    taken = []
    for i, (function, call) in enumerate(ways):
        with notes.collect():
            times = [_milliseconds(call, problem) for problem in problems.values()]
            taken.append(times[-1])
            ax.plot(list(problems), times, "os"[i] + "-", color=f"C{i}", label=name_of(function))
    if len(taken) == len(ways):
        ax.set_title(
            f"{ax.get_title()}\nat the right end yours is {taken[0] / taken[1]:,.3g} times as fast as the loop"
        )
    if ax.has_data():
        ax.legend(loc="upper left")


def _milliseconds(call: Callable, arguments: tuple, times: int = 5) -> float:
    """Return the shortest of a few runs, or of one that takes long: what is longer was the machine's other business."""
    shortest = np.inf
    for _ in range(times):
        begun = time.perf_counter()
        call(*arguments)
        shortest = min(shortest, 1000 * (time.perf_counter() - begun))
        if shortest > 30:
            break
    return shortest
