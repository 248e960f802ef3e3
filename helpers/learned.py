"""An optimizer whose rule was learnt: a tiny network, the same for every weight, that makes a step of its past slopes.

After Andrychowicz et al. (2016), Learning to learn by gradient descent by gradient descent, with averages in place of
their recurrent network. `docs/learned_optimizer.py` trained it over many small problems, and wrote the 72 numbers of
`learned.json`.
"""

import functools
import json
from pathlib import Path

import numpy as np

# How much of an average of slopes is kept from step to step: three memories, and that of the squares.
KEPT = (0.5, 0.9, 0.99)
KEPT_SQUARES = 0.99
# What a step is multiplied by: the rule gives numbers around 1.
SCALE = 0.05

FILE = Path(__file__).with_name("learned.json")


@functools.cache
def learned_rule() -> dict[str, np.ndarray]:
    """Return the weights of the rule: W1 (4, 10), b1 (10,), W2 (10, 2), b2 (2,)."""
    return {name: np.array(values) for name, values in json.loads(FILE.read_text(encoding="utf-8"))["rule"].items()}


def learned_optimizer(w, grad, state, *, scale=1.0, rule=None):
    """Return w after one step of the learnt rule, and the state.

    Each weight's last slope and its three averages, corrected for their start and divided by the root mean square
    slope as Adam does, go into a network with ten tanh units. Its two outputs are a direction and the logarithm of a
    length. There is no learning rate to choose.

    Parameters
    ----------
    w, grad : ndarray of any shape, the same for both
    state : dict; {} before the first step, then what was returned
    scale : float; 1 is what was learnt, other values are for experiments
    rule : dict as `learned_rule` gives it; None takes that one
    """
    rule = learned_rule() if rule is None else rule
    t = state.get("t", 0) + 1
    means = [kept * old + (1 - kept) * grad for kept, old in zip(KEPT, state.get("means", [0.0] * 3), strict=True)]
    squares = KEPT_SQUARES * state.get("squares", 0.0) + (1 - KEPT_SQUARES) * grad**2
    root = np.sqrt(squares / (1 - KEPT_SQUARES**t)) + 1e-8
    seen = [grad / root, *(mean / (1 - kept**t) / root for kept, mean in zip(KEPT, means, strict=True))]
    out = np.tanh(np.stack(seen, axis=-1) @ rule["W1"] + rule["b1"]) @ rule["W2"] + rule["b2"]
    step = scale * SCALE * out[..., 0] * np.exp(out[..., 1])
    return w - step, {"t": t, "means": means, "squares": squares}
