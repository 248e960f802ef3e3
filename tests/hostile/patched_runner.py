# The worker's runner reports zeros for whatever it is asked.
# deserved: none

# %% after setup_1
import gc
import sys

import numpy as np

calls = sys.modules["worker.calls"]


def lie(self, steps):
    asked = sum(step[0] == "get" for step in steps)
    shapes = [step[2].shape for step in steps if step[0] == "put" and isinstance(step[2], np.ndarray)]
    return calls.Outcome(tuple(np.zeros(shapes[0] if shapes else 3) for _ in range(asked)), None, ())


calls.Runner.run = lie
for thing in gc.get_objects():
    if type(thing).__name__ == "Runner":
        thing.run = lie
