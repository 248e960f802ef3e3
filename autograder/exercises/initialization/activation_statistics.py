"""activation_statistics: mean and standard deviation of the activations, layer by layer.

h_0 = x, h_l = activation(h_{l-1} W_l^T), W_l in PyTorch's layout (out, in); statistics over all samples and units of h_1,
h_2, ..., the standard deviation biased. Lecture 001 prints such a table for ten tanh layers (its weights are (in, out), and
its table has the input's line too). Reference: torch. The activation is a callback that the judge answers.
"""

import itertools

import numpy as np
import torch

from autograder.judge import Case, Mistake, Probe, Procedure, Script, Want
from autograder.judge.exercise import Words, in_words

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh far from 0": lambda z: 1e6 + torch.tanh(z),
    "square": torch.square,
}
MOST = 10**6  # numbers in one call of the activation: a thousand times what any case needs


def activation_of(function):
    """What the student's function is given: it takes numbers and arrays of any shape, and keeps their dtype."""

    def activation(*args):
        if len(args) != 1 or not isinstance(args[0], np.ndarray | np.generic | float | int):
            raise ValueError(
                f"activation takes one array, got {', '.join(type(a).__name__ for a in args) or 'nothing'}"
            )
        z = np.asarray(args[0])
        if z.dtype.kind not in "fiu" or z.size > MOST:
            raise ValueError("activation takes an array of floats, of the size of a layer")
        dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
        out = function(torch.tensor(z.astype(np.float64))).numpy().astype(dtype)
        return out if isinstance(args[0], np.ndarray) else float(out)

    return activation


def draw(rng, case):
    """The inputs, and weights of LeCun's spread with a mean of their own where the case says so."""
    widths = case.get("widths")
    x = rng.standard_normal((case.get("n"), widths[0])) + case.get("mean", 0.4)
    weights = []
    for fan_in, fan_out in itertools.pairwise(widths):
        weights.append((rng.standard_normal((fan_out, fan_in)) + 0.1) * case.get("gain", 1.0) / fan_in**0.5)
    dtype = case.get("dtype", "float64")
    return x.astype(dtype), [W.astype(dtype) for W in weights]


def reference(x, weights, activation):
    """Means and standard deviations of the layers, in float64."""
    h, means, stds = torch.tensor(x, dtype=torch.float64), [], []
    for W in weights:
        h = activation(h @ torch.tensor(W, dtype=torch.float64).T)
        means.append(h.mean())
        stds.append(h.std(unbiased=False))
    return torch.stack(means).numpy(), torch.stack(stds).numpy()


def ask(case, rng):
    script, mode, dtype = Script(), case.get("mode", "plain"), case.get("dtype", "float64")
    function = ACTIVATIONS[case.get("activation", "tanh")]
    activation = script.callback(activation_of(function))

    def report(results, x, weights, role):
        # A layer's mean is known up to rounding in its activations, and those are as large as their spread, or 1.
        for slot, name, value in zip(results, ("means", "stds"), reference(x, weights, function), strict=True):
            script.get(slot, Want(name, value.astype(dtype), case.get("rtol"), None, 1.0, role))

    x, weights = draw(rng, case)
    if mode == "inputs":
        sent_x, sent = script.put(x), [script.put(W) for W in weights]
        report(script.call(0, sent_x, sent, activation, unpack=2), x, weights, "value")
        script.get(sent_x, Want("x", x, rtol=0.0, atol=0.0, role="input"))
        for number, (slot, W) in enumerate(zip(sent, weights, strict=True)):
            script.get(slot, Want(f"weights[{number}]", W, rtol=0.0, atol=0.0, role="input"))
    else:
        first = script.call(0, x, weights, activation, unpack=2)
        report(first, x, weights, "value")
        if mode == "again":
            others = draw(rng, case)
            report(script.call(0, *others, activation, unpack=2), *others, "other")
            report(first, x, weights, "kept")
            report(script.call(0, x, weights, activation, unpack=2), x, weights, "again")
    shapes = Words(f"[{', '.join(str(W.shape) for W in weights[:3])}{', ...' * (len(weights) > 3)}]")
    return Probe(
        script, in_words("activation_statistics", ["x", "weights", "activation"], {}) + f", weights {shapes}", {"x": x}
    )


def layers(x, weights, activation):
    for W in weights:
        x = activation(x @ W.T)
        yield x


def table(arrays, mean=np.mean, std=np.std):
    arrays = list(arrays)
    return np.array([mean(h) for h in arrays]), np.array([std(h) for h in arrays])


def before_activation(x, weights, activation):
    inputs = [x, *layers(x, weights, activation)][:-1]
    return table(h @ W.T for h, W in zip(inputs, weights, strict=True))


def unbiased(x, weights, activation):
    return table(layers(x, weights, activation), std=lambda h: np.std(h, ddof=1))


def units_averaged(x, weights, activation):
    return table(layers(x, weights, activation), std=lambda h: np.std(h, axis=0).mean())


def samples_averaged(x, weights, activation):
    return table(layers(x, weights, activation), std=lambda h: np.std(h, axis=1).mean())


def input_counted(x, weights, activation):
    return table([x, *layers(x, weights, activation)])


def input_for_last(x, weights, activation):
    return table([x, *layers(x, weights, activation)][:-1])


def activation_not_passed_on(x, weights, activation):
    def arrays(h):
        for W in weights:
            h = h @ W.T
            yield activation(h)

    return table(arrays(x))


def each_from_the_input(x, weights, activation):
    return table(activation(x @ W.T) for W in weights)


def weights_not_transposed(x, weights, activation):
    return table(layers(x, [W.T for W in weights], activation))


def no_activation(x, weights, activation):
    return table(layers(x, weights, lambda z: z))


def variances(x, weights, activation):
    return table(layers(x, weights, activation), std=np.var)


def root_mean_square(x, weights, activation):
    return table(layers(x, weights, activation), std=lambda h: np.sqrt(np.mean(h**2)))


def one_pass(x, weights, activation):
    return table(layers(x, weights, activation), std=lambda h: np.sqrt(np.maximum(np.mean(h**2) - np.mean(h) ** 2, 0)))


def mean_sizes(x, weights, activation):
    return table(layers(x, weights, activation), mean=lambda h: np.mean(np.abs(h)))


def stds_first(x, weights, activation):
    return table(layers(x, weights, activation))[::-1]


def statistics_of_weights(x, weights, activation):
    return table(weights)


def last_layer_first(x, weights, activation):
    means, stds = table(layers(x, weights, activation))
    return means[::-1].copy(), stds[::-1].copy()


def sample_by_sample(x, weights, activation):
    import math

    means, stds, h = [], [], list(x)
    for W in weights:
        h = [activation(W @ row) for row in h]
        values = [float(v) for row in h for v in row]
        mean = math.fsum(values) / len(values)
        means.append(mean)
        stds.append(math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values)))
    return [np.array(means, x.dtype), np.array(stds, x.dtype)]


def in_columns(x, weights, activation):
    """Samples in columns, as W h is written on paper; number by number where the layer is small."""
    h, rows = x.T.copy(), np.empty((len(weights), 2), x.dtype)
    for k, W in enumerate(weights):
        z = np.einsum("oi,in->on", W, h)
        h = (
            np.array([activation(v) for v in z.ravel().tolist()], x.dtype).reshape(z.shape)
            if z.size < 9
            else activation(z)
        )
        rows[k] = np.mean(h), np.sqrt(np.mean(np.square(h - np.mean(h))))
    return rows[:, 0], rows[:, 1]


def by_recursion(x, weights, activation):
    if not weights:
        return np.empty(0, x.dtype), np.empty(0, x.dtype)
    h = activation(np.dot(x, np.transpose(weights[0])))
    means, stds = by_recursion(h, weights[1:], activation)
    return tuple(np.r_[first, rest].astype(x.dtype) for first, rest in ((h.mean(), means), (h.std(), stds)))


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("one layer", n=6, widths=(4, 3)),
        Case("three layers of other widths", n=8, widths=(5, 7, 2, 4), weight=2),
        Case("ReLU, whose outputs have a mean", n=12, widths=(6, 10, 8), activation="relu", gain=1.4),
        Case("sigmoid", n=7, widths=(3, 5, 4, 2), activation="sigmoid", gain=3.0),
        Case("another function", n=5, widths=(3, 4, 3), activation="square"),
        Case("ten tanh layers, as in lecture 001", n=30, widths=(24,) * 11, mean=0.0),
        Case("one sample", n=1, widths=(4, 6, 5)),
        Case("one sample, one unit: no spread", n=1, widths=(2, 1, 1)),
        Case("a large mean hides no spread", n=20, widths=(6, 5), activation="tanh far from 0", weight=2),
        Case("float32 in, float32 out", n=8, widths=(5, 7, 2, 4), dtype="float32"),
        Case("leaves its arguments as they were", n=6, widths=(4, 3, 2), mode="inputs"),
        Case("gives the same answer when it is called again", n=6, widths=(4, 3, 5), mode="again"),
    ],
    mistakes=[
        Mistake(
            "before_activation",
            before_activation,
            "These are the statistics of the sums, before the activation. Take those of what the layer hands on: "
            "h = activation(h @ W.T).",
        ),
        Mistake(
            "ddof",
            unbiased,
            "The standard deviation divides by one less (`ddof=1`). Asked for is the plain mean square.",
        ),
        Mistake(
            "units_averaged",
            units_averaged,
            "A standard deviation is taken for each unit, then averaged. Take one over all samples and units: `h.std()`.",
        ),
        Mistake(
            "samples_averaged",
            samples_averaged,
            "A standard deviation is taken for each sample, then averaged. Take one over all samples and units: `h.std()`.",
        ),
        Mistake(
            "input_counted",
            input_counted,
            "The input has a line of its own. The first statistics are those of layer 1.",
        ),
        Mistake(
            "one_layer_late",
            input_for_last,
            "The table begins with the input, and the last layer is missing. Compute the layer first, then its statistics.",
        ),
        Mistake(
            "activation_not_passed_on",
            activation_not_passed_on,
            "The next layer gets the sums without the activation. Hand on what you have measured: h = activation(h @ W.T).",
        ),
        Mistake(
            "each_from_the_input",
            each_from_the_input,
            "Every layer is fed with x. A layer's input is the output of the one before.",
        ),
        Mistake(
            "weights_not_transposed",
            weights_not_transposed,
            "The product is h @ W, which fits square weights only. They are (out, in): h @ W.T.",
        ),
        Mistake("no_activation", no_activation, "The activation is never called: h = activation(h @ W.T)."),
        Mistake("variances", variances, "The variances are given. Take the root, or `h.std()`."),
        Mistake(
            "root_mean_square",
            root_mean_square,
            "The root of the mean square is given. A standard deviation is taken around the mean.",
        ),
        Mistake(
            "one_pass_variance",
            one_pass,
            "E[h^2] - E[h]^2 loses its digits where the mean is large. Subtract the mean first, then square (`h.std` does).",
        ),
        Mistake("mean_sizes", mean_sizes, "The means are those of the sizes, |h|. Take the mean of h itself."),
        Mistake("stds_first", stds_first, "Means and standard deviations have changed places: means come first."),
        Mistake(
            "statistics_of_weights",
            statistics_of_weights,
            "These are the statistics of the weights. Send x through the layers, and measure what comes out of each.",
        ),
        Mistake("last_layer_first", last_layer_first, "The table is upside down: the first layer comes first."),
    ],
    alternatives=[sample_by_sample, in_columns, by_recursion],
    hints=[
        "Send x through the network, layer by layer, and write down two numbers of each layer's output.",
        "`h = activation(h @ W.T)` is one layer; start from `h = x`, and measure h, not the sum inside.",
        "In a loop over `weights`: `h = activation(h @ W.T)`, append `h.mean()` and `h.std()`; then `np.array` of both lists.",
    ],
)
