"""What the exercises on dropconnect share: a batch from which the mask of the weights can be read, and reading it.

Most samples have a single input that is not 0, every input twice: such a sample's output is one row of the masked
weights. The first sample is 0, so that its output is b; the last ones are dense, so that a mask of outputs shows.
"""

import math

import numpy as np

from autograder.exercises.dropout import _masks
from autograder.exercises.dropout._draws import as_like, close, draw_x, surely, tied
from autograder.exercises.dropout._noise import Noisy
from autograder.judge import Finding
from autograder.judge.chance import FALSE_ALARM
from autograder.judge.compare import RTOL

DENSE = 4
UNEQUAL = Finding("the samples do not all see the same weights")


def draw(rng, shape, dtype):
    """x, W, b for W of the given shape; where W is square or has one input, as many samples as inputs."""
    inputs, outputs = shape
    one = np.eye(inputs, dtype=dtype)
    scales, W, b, dense = (draw_x(rng, s, dtype)[0] for s in ((2 * inputs, 1), shape, (outputs,), (DENSE, inputs)))
    if inputs in (1, outputs):
        return one * scales[:inputs], W, b
    return np.vstack([np.zeros((1, inputs), dtype), np.vstack([one, one]) * scales, dense]), W, b


def read(call, values):
    """What each weight was multiplied by, (D, M), or a finding."""
    x, W, b = (array.astype(np.float64) for array in call.arrays)
    out = as_like(values[0], np.empty((len(x), W.shape[1]), call.arrays[0].dtype), "out", "x @ W")
    if isinstance(out, Finding):
        return out
    full, rtol = x @ W + b, RTOL[call.arrays[0].dtype.name]
    if not call.train and (np.abs(out - full) <= rtol * (np.abs(x) @ np.abs(W) + np.abs(b))).all():
        return np.ones(W.shape)
    if len(x) == len(W):
        factors = snapped((out - b) / (x.sum(1, keepdims=True) * W))
    elif bias_of(call, out[0]) is None:
        return Finding("where x is 0, out is not b")
    elif outputs_are_dropped(call, out, full - b, b):
        return Finding("each output is there as a whole, or not at all", "drops_outputs")
    else:
        factors = rows(call, out - out[0], 1)
    if not call.train and close(factors, 1.0, rtol):
        return Finding("with train=False out is not x @ W + b")
    return factors


def rows(call, products, first):
    """The factors as the samples from `first` on see them, one for each input."""
    x, W, _ = (array.astype(np.float64) for array in call.arrays)
    part = slice(first, first + len(W))
    return snapped(products[part] / (x[part].sum(1, keepdims=True) * W))


def snapped(factors):
    """Differences leave rounding where a weight was dropped: make it 0."""
    return np.where(np.abs(factors) < 1e-5, 0.0, factors)


def is_telling(call):
    """Whether all weights of an output, or none, are never dropped by luck; then outputs that are missing say it."""
    p, (inputs, outputs) = call.p, call.arrays[1].shape
    return p > 0 and outputs * math.log(p**inputs + (1 - p) ** inputs) < math.log(FALSE_ALARM)


def outputs_are_dropped(call, out, products, b):
    """Whether each output of the dense samples is missing as a whole or there with all of its weights."""
    found = []
    for part, whole in ((out - b, products), (out, products + b)):
        ratio = snapped(part[-DENSE:] / whole[-DENSE:])
        there = ratio[ratio != 0]
        found.append(ratio.size > there.size > 0 and close(there, there[0], 1e-3))
    return is_telling(call) and any(found)


def bias_of(call, out):
    """What came of b where x is 0: nothing if it is b, else the mistake's name, or None where that is unknown."""
    b = call.arrays[2].astype(np.float64)
    if close(out, b, RTOL[call.arrays[0].dtype.name]):
        return ""
    ratio = snapped(out / b)
    there = ratio[ratio != 0]
    if not there.size:
        return "bias_missing" if surely(b.size, call.p or 0.5) else None
    # A ReLU drops what is negative.
    if not is_telling(call) or not close(there, there[0], 1e-3) or np.array_equal(ratio == 0, b < 0):
        return None
    return "bias_dropped" if there.size < ratio.size else "bias_scaled"


def bias(layer, seen):
    """The output for x = 0 is b."""
    name = "" if seen.call.arrays[0][0].any() else bias_of(seen.call, seen.values[0][0].astype(np.float64))
    return [Finding("where x is 0, out is not b", name)] if name else []


def same(layer, seen):
    """All samples see the weights that the first ones saw."""
    call, factors = seen.call, seen.factors
    x, W, b = (array.astype(np.float64) for array in call.arrays)
    if len(x) == len(W):
        return []
    if call.p and tied(factors != 0, 1 - call.p):
        return [Finding("inputs or outputs are dropped", hides=True)]
    products = seen.values[0].astype(np.float64) - seen.values[0][0]
    if not np.array_equal(factors != 0, rows(call, products, 1 + len(W)) != 0):
        return [Finding(UNEQUAL.message, "mask_per_sample" if W.size >= 300 and is_telling(call) else None)]
    size = np.abs(x) @ np.abs(W * factors) + np.abs(b)
    return [UNEQUAL] if (np.abs(products - x @ (W * factors)) > 10 * seen.rtol * size).any() else []


def at_zeros(call, values):
    """Outputs all of whose weights are 0 are b."""
    b = call.arrays[2]
    return [] if close(values[0], b, RTOL[b.dtype.name]) else [Finding("where W is 0, out is not b")]


LAYER = Noisy(
    name="dropconnect_forward",
    arguments=("x", "W", "b"),
    draw=draw,
    read=read,
    looks={**_masks.looks(), "bias": bias, "same": same},
    coin=_masks.coin,
    ties=lambda axes, ndim: {(0,): "drops_outputs", (1,): "drops_inputs"}.get(axes),
    at_zeros=at_zeros,
    zeroed=1,
)
