"""What the two Kaiming initialisers share.

std = gain(nonlinearity, a) / sqrt(fan) (He et al. 2015, equations 10, 14 and 15), as in torch.nn.init.
"""

from torch.nn.init import calculate_gain

from autograder.exercises.initialization._initializers import COLUMN, KERNEL, ROW, SIGNAL, TALL, WIDE, Slip, fans
from autograder.judge import Case

VARIANCE = (
    "The variance is taken for the standard deviation: gain^2 / fan is the variance, its root gain / sqrt(fan) is the "
    "spread."
)
OTHER_FAN = (
    'The wrong fan: mode="fan_in" (the default) divides by sqrt(fan_in), mode="fan_out" by sqrt(fan_out), as '
    "`fan_in_and_fan_out` gives them."
)


def fan(shape, mode):
    return fans(shape)[mode == "fan_out"]


def std(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return calculate_gain(nonlinearity, a) / fan(shape, mode) ** 0.5


def of_default_a(shape, a=5**0.5, mode="fan_in", nonlinearity="leaky_relu"):
    return std(shape, a, mode, nonlinearity)


def slips(factor):
    """The slips in the standard deviation; `factor` makes the family's scale of it."""

    def slip(name, scale, sentence):
        def wrong(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
            return factor * scale(shape, a, mode, nonlinearity)

        return Slip(name, wrong, sentence)

    return (
        slip("variance_for_std", lambda shape, *options: std(shape, *options) ** 2, VARIANCE),
        slip(
            "fan_out_for_fan_in",
            lambda shape, a, mode, kind: std(shape, a, "fan_in" if mode == "fan_out" else "fan_out", kind),
            OTHER_FAN,
        ),
        slip("fan_out_for_fan_in", lambda shape, a, mode, kind: std(shape, a, "fan_out", kind), OTHER_FAN),
        slip(
            "mode_ignored",
            lambda shape, a, mode, kind: std(shape, a, "fan_in", kind),
            '`mode` is not used: with mode="fan_out" the weights are divided by sqrt(fan_out), which keeps the gradient\'s '
            "size on the way back.",
        ),
        slip(
            "gain_left_out",
            lambda shape, a, mode, kind: fan(shape, mode) ** -0.5,
            "The gain is left out: a ReLU lets half of the signal's power through, and gain(nonlinearity, a), sqrt(2) for "
            "it, makes up for that.",
        ),
        slip(
            "gain_squared",
            lambda shape, a, mode, kind: calculate_gain(kind, a) ** 2 / fan(shape, mode) ** 0.5,
            "The gain arrives squared, 2 for a ReLU. It is sqrt(2) that multiplies the standard deviation: `gain` has the "
            "root in it already.",
        ),
        slip(
            "nonlinearity_ignored",
            lambda shape, a, mode, kind: std(shape, a, mode),
            "`nonlinearity` is not used: hand it to `gain`, with `a`.",
        ),
        slip(
            "always_sqrt2",
            lambda shape, a, mode, kind: std(shape, 0.0, mode),
            "The gain is sqrt(2), whatever `a` and `nonlinearity` say. That is a ReLU's: ask gain(nonlinearity, a).",
        ),
        slip(
            "a_ignored",
            lambda shape, a, mode, kind: std(shape, 0.0, mode, kind),
            "The slope `a` is not used: a leaky ReLU lets more of the signal through, so gain(nonlinearity, a) is smaller.",
        ),
        slip(
            "slope_not_squared",
            lambda shape, a, mode, kind: std(shape, a**0.5 if kind == "leaky_relu" else a, mode, kind),
            "The slope is not squared: a leaky ReLU's gain is sqrt(2 / (1 + a^2)).",
        ),
        Slip(
            "default_slope",
            lambda shape, **options: factor * of_default_a(shape, **options),
            "The default of `a` is 0, a plain ReLU. (sqrt(5) is what torch.nn.Linear passes to it.)",
        ),
        slip(
            "xavier",
            lambda shape, a, mode, kind: calculate_gain(kind, a) * (2 / sum(fans(shape))) ** 0.5,
            "Both fans are used, which is Xavier's way. Kaiming divides by one of them: `mode` says which.",
        ),
        slip(
            "kernel_area_left_out",
            lambda shape, a, mode, kind: calculate_gain(kind, a) * shape[mode == "fan_in"] ** -0.5,
            "The kernel's area is left out of the fan: take it from `fan_in_and_fan_out`.",
        ),
    )


SPREADS = [
    Case("the spread of a dense layer before a ReLU", property="spread", calls=[WIDE, TALL]),
    Case("the spread of a layer with one unit, or one input", property="spread", calls=[ROW, COLUMN]),
    Case("the spread of kernels", property="spread", calls=[KERNEL, SIGNAL]),
    Case(
        "mode chooses the fan",
        property="spread",
        calls=[(TALL, {"mode": "fan_out"}), (KERNEL, {"mode": "fan_out"}), (KERNEL, {"mode": "fan_in"})],
    ),
    Case(
        "a leaky ReLU of slope a",
        property="spread",
        calls=[(WIDE, {"a": 0.5}), (TALL, {"a": 1.5}), (TALL, {"a": 0.7, "nonlinearity": "tanh"})],
    ),
    Case(
        "nonlinearity chooses the gain",
        property="spread",
        calls=[
            (WIDE, {"nonlinearity": "tanh"}),
            (TALL, {"nonlinearity": "linear"}),
            (KERNEL, {"nonlinearity": "relu", "a": 0.7}),
        ],
    ),
    Case(
        "all of them at once",
        property="spread",
        calls=[
            (KERNEL, {"a": 0.8, "mode": "fan_out", "nonlinearity": "leaky_relu"}),
            (WIDE, {"a": 0.8, "mode": "fan_out", "nonlinearity": "selu"}),
        ],
    ),
]
