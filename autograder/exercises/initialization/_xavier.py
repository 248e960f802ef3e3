"""What the two Xavier initialisers share.

Var(w) = gain^2 * 2 / (fan_in + fan_out) (Glorot and Bengio 2010, equation 12), as in torch.nn.init.
"""

from autograder.exercises.initialization._initializers import COLUMN, KERNEL, ROW, SIGNAL, TALL, WIDE, Slip, fans
from autograder.judge import Case

VARIANCE = (
    "The variance is taken for the standard deviation: the root is missing. gain^2 * 2 / (fan_in + fan_out) is the "
    "variance; its root, gain * sqrt(2 / (fan_in + fan_out)), is the spread."
)
ONE_FAN = (
    "Only one of the two fans is used. Xavier weighs the way forward and the way back: fan_in + fan_out, for a "
    "variance of 2 / (fan_in + fan_out)."
)


def std(shape, gain=1.0):
    return gain * (2 / sum(fans(shape))) ** 0.5


def slips(factor):
    """The slips in the standard deviation; `factor` makes the family's scale of it."""
    return (
        Slip("variance_for_std", lambda shape, gain=1.0: factor * std(shape, gain) ** 2, VARIANCE),
        Slip("variance_for_std", lambda shape, gain=1.0: factor * gain * std(shape) ** 2, VARIANCE),
        Slip(
            "gain_left_out",
            lambda shape, gain=1.0: factor * std(shape),
            "`gain` is not used: it multiplies the spread of the weights.",
        ),
        Slip(
            "gain_inside_root",
            lambda shape, gain=1.0: factor * std(shape, gain**0.5),
            "`gain` is inside the root, so only its root arrives. It multiplies the standard deviation, not the variance.",
        ),
        Slip(
            "gain_squared",
            lambda shape, gain=1.0: factor * std(shape, gain**2),
            "`gain` is squared. It multiplies the spread once; it is the variance that gets gain^2.",
        ),
        Slip("one_fan", lambda shape, gain=1.0: factor * gain * fans(shape)[0] ** -0.5, ONE_FAN),
        Slip("one_fan", lambda shape, gain=1.0: factor * gain * fans(shape)[1] ** -0.5, ONE_FAN),
        Slip("one_fan", lambda shape, gain=1.0: factor * gain * (2 / fans(shape)[0]) ** 0.5, ONE_FAN),
        Slip("one_fan", lambda shape, gain=1.0: factor * gain * (2 / fans(shape)[1]) ** 0.5, ONE_FAN),
        Slip(
            "sum_for_mean",
            lambda shape, gain=1.0: factor * gain * sum(fans(shape)) ** -0.5,
            "The 2 is missing: the variance is one over the *mean* of the fans, 2 / (fan_in + fan_out).",
        ),
        Slip(
            "area_on_one_fan",
            lambda shape, gain=1.0: factor * gain * (2 / (shape[0] + fans(shape)[0])) ** 0.5,
            "The kernel's area multiplies fan_in only. fan_out has it too: take both from `fan_in_and_fan_out`.",
        ),
        Slip(
            "kernel_area_left_out",
            lambda shape, gain=1.0: factor * gain * (2 / (shape[0] + shape[1])) ** 0.5,
            "The kernel's area is left out of the fans: take both from `fan_in_and_fan_out`.",
        ),
    )


SPREADS = [
    Case("the spread of a dense layer", property="spread", calls=[WIDE, TALL]),
    Case("the spread of a layer with one unit, or one input", property="spread", calls=[ROW, COLUMN]),
    Case("the spread of kernels", property="spread", calls=[KERNEL, SIGNAL]),
    Case(
        "gain multiplies the spread",
        property="spread",
        calls=[(WIDE, {"gain": 5 / 3}), (KERNEL, {"gain": 0.5})],
        weight=2,
    ),
]
