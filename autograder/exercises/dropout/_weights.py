"""What the exercises on dropconnect share: a batch from which the mask of the weights can be read, and reading it.

Most samples have a single input that is not 0, every input twice: such a sample's output is one row of the masked weights.
The first samples are 0, so that their output is b; the last ones are dense, so that a mask of outputs shows.
"""

import math

import numpy as np

from autograder.exercises.dropout._noise import as_like, close, draw_x, tied
from autograder.judge import Finding
from autograder.judge.chance import FALSE_ALARM
from autograder.judge.compare import RTOL

DENSE = 4


def draw(rng, shape, dtype):
    """x, W, b for W of the given shape."""
    inputs, outputs = shape
    one = np.eye(inputs, dtype=dtype)
    (scales,), (W,), (b,) = (draw_x(rng, s, dtype) for s in ((2 * inputs, 1), shape, (outputs,)))
    dense = draw_x(rng, (DENSE if inputs > 1 else 0, inputs), dtype)[0]
    return np.vstack([np.zeros((1, inputs), dtype), np.vstack([one, one]) * scales, dense]), W, b


def one_sample(rng, shape, dtype):
    """A batch of one sample with one input."""
    return tuple(draw_x(rng, s, dtype)[0] for s in ((1, 1), shape, (shape[1],)))


def read(layer, arrays, values, p):
    """What each weight was multiplied by, (D, M), or a finding."""
    x, W, b = (array.astype(np.float64) for array in arrays)
    rtol = RTOL[arrays[0].dtype.name]
    out = as_like(values[0], np.empty((len(x), W.shape[1]), arrays[0].dtype), "out", "x @ W")
    if isinstance(out, Finding):
        return out
    if len(x) == 1:
        return snapped((out - b) / (x * W))
    inputs = len(W)
    dense = slice(len(x) - DENSE, len(x)) if inputs > 1 else slice(0, 0)
    # So few outputs can each lose all of their weights or none by luck; then nothing can be said of outputs.
    telling = p > 0 and len(b) * math.log(p**inputs + (1 - p) ** inputs) < math.log(FALSE_ALARM)
    found = telling and outputs_dropped(layer, out[dense], (x @ W)[dense], b)
    found = found or bias(layer, out[0], b, telling, rtol)
    if found:
        return found
    first, second = (
        snapped((out[rows] - b) / (x[rows].sum(1, keepdims=True) * W))
        for rows in (slice(1, inputs + 1), slice(inputs + 1, 2 * inputs + 1))
    )
    if tied(first != 0, p or 0.5):
        return first
    if not np.array_equal(first != 0, second != 0):
        return layer.say("mask_per_sample") if W.size >= 300 else Finding("the samples do not all see the same weights")
    wanted, size = x @ (W * first) + b, np.abs(x) @ np.abs(W * first) + np.abs(b)
    if (np.abs(out - wanted) > 10 * rtol * size).any():
        return Finding("the samples do not all see the same weights")
    return first


def snapped(factors):
    """Differences leave rounding where a weight was dropped: make it 0."""
    return np.where(np.abs(factors) < 1e-5, 0.0, factors)


def outputs_dropped(layer, out, full, b):
    """Whether each output of the dense samples is missing as a whole or there with all of its weights."""
    for part, whole in ((out - b, full), (out, full + b)):
        ratio = snapped(part / whole)
        there = ratio[ratio != 0]
        if ratio.size > there.size > 0 and close(there, there[0], 1e-3):
            return layer.say("drops_outputs")
    return None


def bias(layer, out, b, telling, rtol):
    """The output for x = 0 is b."""
    if close(out, b, rtol):
        return None
    ratio = snapped(out / b)
    there = ratio[ratio != 0]
    if telling and there.size and close(there, there[0], 1e-3):
        return layer.say("bias_dropped" if there.size < ratio.size else "bias_scaled")
    return Finding("where x is 0, out must be b")
