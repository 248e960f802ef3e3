"""What the two Kaiming initialisers share: cases, and mistakes in the lines of both:

fan_in, fan_out = fan_in_and_fan_out(shape)
fan = fan_in if mode == "fan_in" else fan_out
std = gain(nonlinearity, a) / np.sqrt(fan)

(He et al. 2015, equations 10, 14 and 15), as in torch.nn.init.
"""

from autograder.exercises.initialization import gain
from autograder.exercises.initialization._initializers import spread
from autograder.exercises.initialization._laws import COLUMN, KERNEL, ROW, SIGNAL, SQUARE, TALL, WIDE, fans
from autograder.judge import in_torch, slips, torch

DEFAULTS = {"a": 0.0, "mode": "fan_in", "nonlinearity": "leaky_relu"}
USUAL = {"a": 0.6}
RELU, TANH, LINEAR = ({"a": 0.7, "nonlinearity": name} for name in ("relu", "tanh", "linear"))
FLAT, OUT, ALL = {"a": 0.0}, {"mode": "fan_out"}, {"a": 0.8, "mode": "fan_out"}
SPREADS = [
    spread("the spread of a dense layer", (WIDE, FLAT), (TALL, FLAT), SQUARE, weight=4),
    spread("the spread of a layer with one unit, or one input", ROW, COLUMN, weight=3),
    spread("the spread of kernels", KERNEL, SIGNAL, weight=3.5),
    spread("mode chooses the fan", (TALL, OUT), (KERNEL, OUT), (KERNEL, {"mode": "fan_in"}), weight=12),
    spread("a leaky ReLU of slope a", (WIDE, {"a": 0.5}), (TALL, {"a": 1.5}), (TALL, TANH), weight=12),
    spread("nonlinearity chooses the gain", (WIDE, TANH), (TALL, LINEAR), (KERNEL, RELU), weight=12),
    spread("all of them at once", (KERNEL, ALL), (WIDE, {**ALL, "nonlinearity": "selu"}), weight=14),
]


@in_torch(otherwise=gain.right)
def gain_of(nonlinearity, a):
    return torch.nn.init.calculate_gain(nonlinearity, a)


def std(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return gain_of(nonlinearity, a) / fans(shape)[mode == "fan_out"] ** 0.5


KAIMING = slips("""
variance_for_std: gain(nonlinearity, a) / np.sqrt(fan) -> gain(nonlinearity, a) ** 2 / fan
    The variance is taken for the standard deviation: gain^2 / fan is the variance, its root gain / sqrt(fan) is the
    spread.

fan_not_rooted: np.sqrt(fan) -> fan
    The gain is divided by the fan. It is the fan's root: the standard deviation is gain / sqrt(fan).

fan_out_for_fan_in: fan_in if mode == "fan_in" else fan_out -> fan_out if mode == "fan_in" else fan_in
    or fan_in if mode == "fan_in" else fan_out -> fan_out
    The wrong fan: mode="fan_in" (the default) divides by sqrt(fan_in), mode="fan_out" by sqrt(fan_out), as
    `fan_in_and_fan_out` gives them.

mode_ignored: fan_in if mode == "fan_in" else fan_out -> fan_in
    `mode` is not used: with mode="fan_out" the weights are divided by sqrt(fan_out), which keeps the gradient's size on
    the way back.

gain_left_out (core): gain(nonlinearity, a) / np.sqrt(fan) -> 1 / np.sqrt(fan)
    The gain is left out: a ReLU lets half of the signal's power through, and gain(nonlinearity, a), sqrt(2) for it,
    makes up for that.

gain_squared: gain(nonlinearity, a) -> gain(nonlinearity, a) ** 2
    The gain arrives squared, 2 for a ReLU. It is sqrt(2) that multiplies the standard deviation: `gain` has the root in
    it already.

nonlinearity_ignored: gain(nonlinearity, a) -> gain("leaky_relu", a)
    `nonlinearity` is not used: hand it to `gain`, with `a`.
always_sqrt2: gain(nonlinearity, a) -> np.sqrt(2)
    The gain is sqrt(2), whatever `a` and `nonlinearity` say. That is a ReLU's: ask gain(nonlinearity, a).

a_ignored: gain(nonlinearity, a) -> gain(nonlinearity, 0.0)
    or gain(nonlinearity, a) -> gain(nonlinearity)
    The slope `a` is not used: a leaky ReLU lets more of the signal through, so gain(nonlinearity, a) is smaller.

slope_not_squared: gain(nonlinearity, a) -> gain(nonlinearity, a**0.5)
    The slope is not squared: a leaky ReLU's gain is sqrt(2 / (1 + a^2)).
xavier: np.sqrt(fan) -> np.sqrt((fan_in + fan_out) / 2)
    Both fans are used, which is Xavier's way. Kaiming divides by one of them: `mode` says which.
area_on_one_fan: fan_in_and_fan_out(shape) -> np.prod(shape[1:]), shape[0]
    The kernel's area multiplies fan_in only. fan_out has it too: take both from `fan_in_and_fan_out`.
kernel_area_left_out: fan_in_and_fan_out(shape) -> shape[1], shape[0]
    The kernel's area is left out of the fan: take it from `fan_in_and_fan_out`.

not_scaled (core): gain(nonlinearity, a) / np.sqrt(fan) -> gain(nonlinearity, a)
    or gain(nonlinearity, a) / np.sqrt(fan) -> 1.0
    The weights know nothing of the layer's size. Divide them by the root of the fan.

default_slope (detail): a=0.0 -> a=5**0.5
    or a=0.0 -> a=0.01
    The default of `a` is 0, a plain ReLU. (sqrt(5) is what torch.nn.Linear passes to it.)

default_mode (detail): mode="fan_in" -> mode="fan_out"
    The default of `mode` is "fan_in", which keeps the signal's size on the way forward.

default_nonlinearity (detail): nonlinearity="leaky_relu" -> nonlinearity="relu"
    or nonlinearity="leaky_relu" -> nonlinearity="tanh"
    The default of `nonlinearity` is "leaky_relu", so that `a` alone is enough.
""")
