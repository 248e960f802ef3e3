# A process that stays behind and answers all later checks.
# ends: at a limit of time
# deserved: none

# %% after setup_1
import os
import sys
import time

import numpy as np

wire = sys.modules["worker.wire"]
links = {}
for descriptor in range(3, 64):
    try:
        links[descriptor] = __import__("socket").socket(fileno=os.dup(descriptor))
    except OSError:
        pass
if os.fork() == 0:
    while True:
        for link in links.values():
            try:
                steps = wire.receive(link, time.monotonic() + 0.01)
                asked = sum(step[0] == "get" for step in steps)
                wire.send(link, ("done", tuple(np.zeros(3) for _ in range(asked)), None, ()))
            except Exception:
                pass
