"""gain: the factor on the weights that makes up for what a nonlinearity does to the signal's size.

As torch.nn.init.calculate_gain, which is the reference: 1 for linear layers and the sigmoid, 5/3 for tanh, sqrt(2) for
ReLU (He et al. 2015, equation 10), sqrt(2 / (1 + slope^2)) for leaky ReLU (equation 15), 3/4 for SELU. The lectures' leaky
ReLU has a slope of 0.1; PyTorch's default is 0.01.
"""

import torch

from autograder.judge import Case, Function, Mistake, Probe, Script, Want
from autograder.worker.functions import error_of
from autograder.worker.wire import Handle

LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def draw(rng, case):
    """Names alone, or with a param; drawn slopes where the case says how many."""
    calls = [call if isinstance(call, tuple) else (call,) for call in case.get("calls", ())]
    drawn = [
        ({"nonlinearity": "leaky_relu", "param": float(s)}, {}) for s in rng.uniform(0.05, 0.9, case.get("slopes", 0))
    ]
    return drawn + [({"nonlinearity": name}, {"param": param[0]} if param else {}) for name, *param in calls]


class Gain(Function):
    """A function that has to raise ValueError for the names of the case's `unknown`."""

    def probe(self, case, rng):
        if not case.get("unknown"):
            return super().probe(case, rng)
        script = Script()
        for name in case.get("unknown"):
            script.get(
                script.call(script.named(error_of), Handle(0), name), Want(f"gain({name!r}) raises", "ValueError")
            )
        return Probe(script, f"gain({case.get('unknown')[0]!r})")


def reference(nonlinearity, param=None):
    return float(torch.nn.init.calculate_gain(nonlinearity, param))


def slope_not_squared(nonlinearity, param=None):
    if nonlinearity == "leaky_relu":
        return (2 / (1 + (0.01 if param is None else param))) ** 0.5
    return reference(nonlinearity, param)


def slope_left_out(nonlinearity, param=None):
    return reference("relu" if nonlinearity == "leaky_relu" else nonlinearity)


def always_sqrt2(nonlinearity, param=None):
    return 2**0.5


def always_one(nonlinearity, param=None):
    return 1.0


def default_slope(slope):
    return lambda nonlinearity, param=None: reference(nonlinearity, slope if param is None else param)


def zero_is_no_slope(nonlinearity, param=None):
    return reference(nonlinearity, param or 0.01)


def param_ignored(nonlinearity, param=None):
    return reference(nonlinearity)


def square(nonlinearity, param=None):
    return reference(nonlinearity, param) ** 2


def inverted_leaky(nonlinearity, param=None):
    value = reference(nonlinearity, param)
    return 2 / value if nonlinearity == "leaky_relu" else value


def other(**gains):
    return lambda nonlinearity, param=None: gains.get(nonlinearity, reference(nonlinearity, param))


def param_for_all(nonlinearity, param=None):
    if nonlinearity == "relu" and param is not None:
        return reference("leaky_relu", param)
    return reference(nonlinearity, param)


def accepts_unknown(nonlinearity, param=None):
    try:
        return reference(nonlinearity, param)
    except ValueError:
        return 1.0


def none_for_unknown(nonlinearity, param=None):
    try:
        return reference(nonlinearity, param)
    except ValueError:
        return None


def key_error(nonlinearity, param=None):
    try:
        return reference(nonlinearity, param)
    except ValueError:
        raise KeyError(nonlinearity) from None


def known(nonlinearity):
    """The name itself, if there is such a nonlinearity."""
    if nonlinearity not in (*LINEAR, "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        raise UnicodeError("a kind of ValueError")
    return nonlinearity


def with_a_match(nonlinearity, param=None):
    import math

    match nonlinearity:
        case "tanh":
            return 5 / 3
        case "selu":
            return 3 / 4
        case "relu":
            return math.sqrt(2)
        case "leaky_relu":
            return math.sqrt(2) / math.hypot(1, 0.01 if param is None else param)
        case "sigmoid" | "linear":
            return 1
    if nonlinearity.startswith("conv"):
        return 1
    raise ValueError(nonlinearity)


def with_arrays(nonlinearity, param=None):
    import numpy as np

    if nonlinearity in (*LINEAR, "sigmoid"):
        return np.float64(1.0)
    slopes = {"relu": 0.0, "leaky_relu": np.float64(0.01 if param is None else param)}
    if nonlinearity in slopes:
        return np.sqrt(2.0 / (1.0 + np.square(slopes[nonlinearity])))
    return {"tanh": np.float64(5) / 3, "selu": np.float64(0.75)}[known(nonlinearity)]


def by_power_let_through(nonlinearity, param=None):
    """A leaky ReLU lets half of the power through, and slope^2 of the other half."""
    slope = {"relu": 0, "leaky_relu": 0.01 if param is None else param}.get(known(nonlinearity), 1)
    return {"tanh": 1.0 + 2.0 / 3.0, "selu": 1 - 0.25}.get(nonlinearity, (0.5 + 0.5 * slope**2) ** -0.5)


EXERCISE = Gain(
    draw=draw,
    reference=reference,
    returns=("gain",),
    sweep="nonlinearity",
    standard=("again",),
    cases=[
        Case("1 for linear layers", calls=LINEAR),
        Case("1 for the sigmoid", calls=["sigmoid"]),
        Case("tanh", calls=["tanh"]),
        Case("ReLU", calls=["relu"]),
        Case("leaky ReLU with a slope", slopes=4, weight=2),
        Case("leaky ReLU, special slopes", calls=[("leaky_relu", 0.0), ("leaky_relu", 1), ("leaky_relu", -0.5)]),
        Case("leaky ReLU: the default slope is 0.01", calls=["leaky_relu", ("leaky_relu", None)]),
        Case("SELU", calls=["selu"]),
        Case("the others do not look at param", calls=[("relu", 0.5), ("tanh", 0.5), ("linear", 0.5), ("selu", 0.0)]),
        Case("an unknown name raises ValueError", unknown=("swish", "Tanh", "")),
    ],
    mistakes=[
        Mistake(
            "slope_not_squared",
            slope_not_squared,
            "The slope is not squared. The variance that comes through has slope^2 in it: sqrt(2 / (1 + slope^2)).",
        ),
        Mistake(
            "slope_left_out",
            slope_left_out,
            "A leaky ReLU gets the gain of a ReLU. What it lets through below zero counts too: sqrt(2 / (1 + slope^2)).",
        ),
        Mistake(
            "always_sqrt2",
            always_sqrt2,
            "sqrt(2) for everything: that makes up for the half of the signal that a ReLU cuts off. Others cut off less, "
            "or nothing.",
        ),
        Mistake(
            "always_one", always_one, "1 for everything: a ReLU halves the signal's power, which its gain makes up for."
        ),
        *(
            Mistake(
                "default_slope",
                default_slope(slope),
                f"A leaky ReLU without `param` has the slope {slope:g} here. The default is 0.01, as in PyTorch"
                + (" (the lectures' is 0.1)." if slope == 0.1 else "."),
            )
            for slope in (0.1, 0.0, 0.2, 0.3)
        ),
        Mistake(
            "zero_slope",
            zero_is_no_slope,
            "A slope of 0 counts as none (`param or 0.01`, `if param`). Ask `param is None`: 0 is a slope, a ReLU's.",
        ),
        Mistake("param_ignored", param_ignored, "`param` is not used: it is the slope of the leaky ReLU."),
        Mistake(
            "square", square, "The root is missing: the gain multiplies the weights, and only its square the variance."
        ),
        Mistake(
            "inverted",
            inverted_leaky,
            "The leaky ReLU's gain is upside down: the more it lets through, the smaller, sqrt(2 / (1 + slope^2)).",
        ),
        Mistake("tanh_is_one", other(tanh=1.0), "tanh gets no gain. PyTorch's is 5/3: it squashes what it is given."),
        Mistake("selu_is_one", other(selu=1.0), "SELU's gain is 3/4 in PyTorch."),
        Mistake("sigmoid", other(sigmoid=4.0), "The sigmoid's gain is 1 in PyTorch, though its slope is 1/4."),
        *(
            Mistake(
                "accepts_unknown",
                wrong,
                "An unknown name gets an answer, or another error. Raise ValueError: a misspelt name would train badly, and "
                "nobody would know why.",
            )
            for wrong in (accepts_unknown, none_for_unknown, key_error)
        ),
        Mistake(
            "param_for_all",
            param_for_all,
            "`param` changes the gain of a plain ReLU. It is the slope of a leaky one only.",
        ),
    ],
    alternatives=[with_a_match, with_arrays, by_power_let_through],
    hints=[
        "A ReLU sets half of a symmetric signal to zero, and with it half of its mean square. What factor on the weights "
        "makes up for it?",
        "A leaky ReLU keeps the upper half, and slope^2 of the lower one's mean square: (1 + slope^2) / 2 in all. The gain is "
        "one over its root.",
        "A dict from names to gains is enough: `(2 / (1 + slope**2)) ** 0.5` for leaky_relu, where "
        "`slope = 0.01 if param is None else param`; a name that is not in it raises ValueError.",
    ],
)
