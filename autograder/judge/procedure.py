"""The kind Procedure: an exercise that writes its own script, for iterators, callbacks and random functions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autograder.judge.exercise import Case, Exercise
from autograder.judge.script import Probe


@dataclass(frozen=True, kw_only=True, eq=False)
class Procedure(Exercise):
    """An exercise whose file writes the script.

    Parameters
    ----------
    ask : ask(case, rng) -> Probe; random functions are judged by the probe's `findings`, which name properties that
        any correct implementation has, never one sequence of draws
    """

    ask: Callable[[Case, np.random.Generator], Probe]

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        return self.ask(case, rng)
