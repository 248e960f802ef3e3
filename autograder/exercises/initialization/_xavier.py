"""What the two Xavier initialisers share: cases, and mistakes in the lines of both:

fan_in, fan_out = fan_in_and_fan_out(shape)
std = gain * np.sqrt(2 / (fan_in + fan_out))

Var(w) = gain^2 * 2 / (fan_in + fan_out) (Glorot and Bengio 2010, equation 12), as in torch.nn.init.
"""

from autograder.exercises.initialization._initializers import spread
from autograder.exercises.initialization._laws import COLUMN, KERNEL, ROW, SIGNAL, SQUARE, TALL, WIDE, fans
from autograder.judge import slips

DEFAULTS = {"gain": 1.0}
SPREADS = [
    spread("the spread of a dense layer", WIDE, TALL, SQUARE, weight=11),
    spread("the spread of a layer with one unit, or one input", ROW, COLUMN, weight=9),
    spread("the spread of kernels", KERNEL, SIGNAL, weight=13.5),
    spread("gain multiplies the spread", (WIDE, {"gain": 5 / 3}), (KERNEL, {"gain": 0.5}), weight=27),
]


def std(shape, gain=1.0):
    return gain * (2 / sum(fans(shape))) ** 0.5


XAVIER = slips("""
variance_for_std: gain * np.sqrt(2 / (fan_in + fan_out)) -> gain**2 * 2 / (fan_in + fan_out)
    or gain * np.sqrt(2 / (fan_in + fan_out)) -> gain * 2 / (fan_in + fan_out)
    The variance is taken for the standard deviation: the root is missing. gain^2 * 2 / (fan_in + fan_out) is the
    variance; its root, gain * sqrt(2 / (fan_in + fan_out)), is the spread.

gain_left_out: gain * np.sqrt(2 / (fan_in + fan_out)) -> np.sqrt(2 / (fan_in + fan_out))
    `gain` is not used: it multiplies the spread of the weights.
gain_inside_root: gain * np.sqrt(2 / (fan_in + fan_out)) -> np.sqrt(gain * 2 / (fan_in + fan_out))
    `gain` is inside the root, so only its root arrives. It multiplies the standard deviation, not the variance.
gain_squared: gain * np.sqrt(2 / (fan_in + fan_out)) -> gain**2 * np.sqrt(2 / (fan_in + fan_out))
    `gain` is squared. It multiplies the spread once; it is the variance that gets gain^2.
gain_divides: gain * np.sqrt(2 / (fan_in + fan_out)) -> np.sqrt(2 / (fan_in + fan_out)) / gain
    The spread is divided by `gain`. It makes up for what the activation takes away: multiply.

one_fan: 2 / (fan_in + fan_out) -> 1 / fan_in
    or 2 / (fan_in + fan_out) -> 1 / fan_out
    or 2 / (fan_in + fan_out) -> 2 / fan_in
    or 2 / (fan_in + fan_out) -> 2 / fan_out
    Only one of the two fans is used. Xavier weighs the way forward and the way back: fan_in + fan_out, for a variance
    of 2 / (fan_in + fan_out).

sum_for_mean: 2 / (fan_in + fan_out) -> 1 / (fan_in + fan_out)
    The 2 is missing: the variance is one over the *mean* of the fans, 2 / (fan_in + fan_out).
product_of_fans: 2 / (fan_in + fan_out) -> 1 / np.sqrt(fan_in * fan_out)
    The fans are multiplied. Xavier takes one over their arithmetic mean, 2 / (fan_in + fan_out).
area_on_one_fan: fan_in_and_fan_out(shape) -> np.prod(shape[1:]), shape[0]
    The kernel's area multiplies fan_in only. fan_out has it too: take both from `fan_in_and_fan_out`.
kernel_area_left_out: fan_in_and_fan_out(shape) -> shape[1], shape[0]
    The kernel's area is left out of the fans: take both from `fan_in_and_fan_out`.
not_scaled (core): np.sqrt(2 / (fan_in + fan_out)) -> 1.0
    The weights know nothing of the layer's size. Multiply them by sqrt(2 / (fan_in + fan_out)).

default_gain (detail): gain=1.0 -> gain=2**0.5
    or gain=1.0 -> gain=5 / 3
    The default of `gain` is 1.
""")
