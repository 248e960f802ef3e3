"""activation_statistics: mean and standard deviation of the activations, layer by layer.

h_0 = x, h_l = activation(h_{l-1} W_l^T), W_l in PyTorch's layout (out, in); statistics over all samples and units of
h_1, h_2, ..., the standard deviation biased. Lecture 001 prints such a table for ten tanh layers (its weights are (in,
out), and its table has the input's line too). Reference: torch. The activation is a callback that the judge answers.
"""

import itertools
import math

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch

# Of NumPy's arrays or torch's tensors.
ACTIVATIONS = {
    "tanh": lambda z, m=np: m.tanh(z),
    "relu": lambda z, m=np: z * (z > 0),
    "sigmoid": lambda z, m=np: 1 / (1 + m.exp(-z)),
    "tanh far from 0": lambda z, m=np: 1e6 + m.tanh(z),
    "square": lambda z, m=np: z**2,
}
MOST = 10**6  # numbers in one call of the activation: a thousand times what any case needs


def draw(rng, case):
    """The inputs, and weights of LeCun's spread with a mean of their own, so that no statistic is near 0."""
    widths = case.get("widths")
    x = rng.standard_normal((case.get("n"), widths[0])) + case.get("mean", 0.4)
    weights = [
        (rng.standard_normal((fan_out, fan_in)) + 0.1) * case.get("gain", 1.0) / fan_in**0.5
        for fan_in, fan_out in itertools.pairwise(widths)
    ]
    return {"x": x, "weights": weights, "activation": ACTIVATIONS[case.get("activation", "tanh")]}, {}


def reference(x, weights, activation):
    h, means, stds = x, [], []
    for W in weights:
        h = activation(h @ W.T, torch)
        means.append(h.mean())
        stds.append(h.std(unbiased=False))
    return torch.stack(means), torch.stack(stds)


class WithCallback(Function):
    """A function that is given another one to call."""

    def _call(self, script, drawn, sent, which):
        activation = script.callback(answering(drawn[0]["activation"]))
        return super()._call(script, drawn, {**sent, "activation": activation}, which)


def answering(function):
    """What the student's function is given: it takes numbers and arrays of any shape, and keeps their dtype."""

    def activation(*args):
        z = np.asarray(args[0] if len(args) == 1 else None)
        if z.dtype.kind not in "fiu" or z.size > MOST:
            raise ValueError("activation takes one array of floats, of the size of a layer")
        out = np.asarray(function(z.astype(np.float64)))
        return out.astype(z.dtype if z.dtype.kind == "f" else float) if z.ndim else float(out)

    return activation


EXERCISE = WithCallback(
    draw=draw,
    reference=reference,
    returns=("means", "stds"),
    section="3 · Small random numbers",
    # A layer's mean is known up to rounding in its activations, and those are as large as their spread, or 1.
    scale=lambda x, weights, activation: {"means": 1.0, "stds": 1.0},
    typical={"n": 8, "widths": (5, 7, 2, 4)},
    many="n",
    forms=[{"n": 4, "widths": (4, 4, 4)}, {"n": 1}, {"widths": (1, 3, 1)}, {"n": 1, "widths": (2, 1, 1)}],
    cases=[
        Case("one layer", n=6, widths=(4, 3)),
        Case("three layers of other widths", n=8, widths=(5, 7, 2, 4), weight=2),
        Case("ReLU, whose outputs have a mean", n=12, widths=(6, 10, 8), activation="relu", gain=1.4),
        Case("sigmoid", n=7, widths=(3, 5, 4, 2), activation="sigmoid", gain=3.0),
        Case("another function", n=5, widths=(3, 4, 3), activation="square"),
        Case("ten tanh layers, as in lecture 001", n=30, widths=(24,) * 11, mean=0.0),
        Case("a large mean hides no spread", n=20, widths=(6, 5), activation="tanh far from 0", rounding=True),
    ],
)


def right(x, weights, activation):
    means, stds, h = [], [], x
    for W in weights:
        h = activation(h @ W.T)
        means.append(h.mean())
        stds.append(h.std())
    return np.array(means), np.array(stds)


MISTAKES = slips("""
before_activation:
    h = activation(h @ W.T) -> z = h @ W.T; h = activation(z)
    h.mean() -> z.mean()
    h.std() -> z.std()
    These are the statistics of the sums, before the activation. Take those of what the layer hands on:
    h = activation(h @ W.T).

ddof (detail): h.std() -> h.std(ddof=1)
    The standard deviation divides by one less (`ddof=1`). Asked for is the plain mean square.
units_averaged: h.std() -> h.std(axis=0).mean()
    A standard deviation is taken for each unit, then averaged. Take one over all samples and units: `h.std()`.
samples_averaged: h.std() -> h.std(axis=1).mean()
    A standard deviation is taken for each sample, then averaged. Take one over all samples and units: `h.std()`.

spread_of_means: h.std() -> h.mean(axis=0).std()
    or h.std() -> h.mean(axis=1).std()
    This is the spread of the units' (or samples') means. Take that of all activations: `h.std()`.

input_counted: means, stds, h = [], [], x -> means, stds, h = [x.mean()], [x.std()], x
    The input has a line of its own. The first statistics are those of layer 1.

one_layer_late:
    h = activation(h @ W.T) -> z = h @ W.T
    stds.append(h.std()) -> stds.append(h.std()); h = activation(z)
    The table begins with the input, and the last layer is missing. Compute the layer first, then its statistics.

activation_not_passed_on:
    h = activation(h @ W.T) -> h = h @ W.T; out = activation(h)
    h.mean() -> out.mean()
    h.std() -> out.std()
    The next layer gets the sums without the activation. Hand on what you have measured: h = activation(h @ W.T).

each_from_the_input: h @ W.T -> x @ W.T
    Every layer is fed with x. A layer's input is the output of the one before.
weights_not_transposed: h @ W.T -> h @ W
    The product is h @ W, which fits square weights only. They are (out, in): h @ W.T.
no_activation (core): activation(h @ W.T) -> h @ W.T
    The activation is never called: h = activation(h @ W.T).

activation_hard_coded: activation(h @ W.T) -> np.tanh(h @ W.T)
    or activation(h @ W.T) -> np.maximum(h @ W.T, 0)
    `activation` is not used: one function stands in its place. Call what is passed in.

variances: h.std() -> h.var()
    The variances are given. Take the root, or `h.std()`.
root_mean_square: h.std() -> np.sqrt((h**2).mean())
    The root of the mean square is given. A standard deviation is taken around the mean.

one_pass_variance (detail): h.std() -> np.sqrt(np.maximum((h**2).mean() - h.mean() ** 2, 0))
    or h.std() -> np.sqrt((h**2).mean() - h.mean() ** 2)
    E[h^2] - E[h]^2 loses its digits where the mean is large. Subtract the mean first, then square (`h.std` does).

mean_sizes: h.mean() -> abs(h).mean()
    The means are those of the sizes, |h|. Take the mean of h itself.
stds_first: return np.array(means), np.array(stds) -> return np.array(stds), np.array(means)
    Means and standard deviations have changed places: means come first.

statistics_of_weights (core):
    h.mean() -> W.mean()
    h.std() -> W.std()
    These are the statistics of the weights. Send x through the layers, and measure what comes out of each.

last_layer_first:
    np.array(means) -> np.array(means[::-1])
    np.array(stds) -> np.array(stds[::-1])
    The table is upside down: the first layer comes first.
""")


@alternative
def sample_by_sample(x, weights, activation):
    means, stds, h = [], [], list(x)
    for W in weights:
        h = [activation(W @ row) for row in h]
        values = [float(v) for row in h for v in row]
        mean = math.fsum(values) / len(values)
        means.append(mean)
        stds.append(math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values)))
    return [np.array(means, x.dtype), np.array(stds, x.dtype)]


@alternative
def by_recursion(x, weights, activation):
    """Samples in columns, as W h is written on paper."""
    if not weights:
        return np.empty(0, x.dtype), np.empty(0, x.dtype)
    h = activation(np.einsum("oi,in->on", weights[0], x.T.copy())).T
    means, stds = by_recursion(h, weights[1:], activation)
    return tuple(np.r_[first, rest].astype(x.dtype) for first, rest in ((h.mean(), means), (h.std(), stds)))


HINTS = [
    "Send x through the network, layer by layer, and write down two numbers of each layer's output.",
    "`h = activation(h @ W.T)` is one layer; start from `h = x`, and measure h, not the sum inside.",
    "In a loop over `weights`: `h = activation(h @ W.T)`, append `h.mean()` and `h.std()`; then `np.array` of both.",
]
