"""gain: the factor on the weights that makes up for what a nonlinearity does to the signal's size.

As torch.nn.init.calculate_gain, which is the reference: 1 for linear layers and the sigmoid, 5/3 for tanh, sqrt(2) for
ReLU (He et al. 2015, equation 10), sqrt(2 / (1 + slope^2)) for leaky ReLU (equation 15), 3/4 for SELU. The lectures'
leaky ReLU has a slope of 0.1; PyTorch's default is 0.01.
"""

import math

import numpy as np

from autograder.judge import Case, Function, Probe, Script, Want, alternative, slips, torch
from autograder.worker.functions import error_of
from autograder.worker.wire import Handle

CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def draw(rng, case):
    """Names alone, or with a param; drawn slopes where the case says how many."""
    slopes = rng.uniform(0.05, 0.9, case.get("slopes", 0))
    calls = [call if isinstance(call, tuple) else (call,) for call in case.get("calls", ())]
    return [({"nonlinearity": "leaky_relu", "param": float(slope)}, {}) for slope in slopes] + [
        ({"nonlinearity": name}, {"param": param[0]} if param else {}) for name, *param in calls
    ]


class Gain(Function):
    """A function that has to raise ValueError for the names of the case's `unknown`."""

    def probe(self, case, rng):
        if not case.get("unknown"):
            return super().probe(case, rng)
        script = Script()
        for name in case.get("unknown"):
            raised = script.call(script.named(error_of), Handle(0), name)
            script.get(raised, Want(f"gain({name!r}) raises", "ValueError"))
        return Probe(script, f"gain({case.get('unknown')[0]!r})")


EXERCISE = Gain(
    draw=draw,
    reference=lambda nonlinearity, param=None: float(torch.nn.init.calculate_gain(nonlinearity, param)),
    returns=("gain",),
    sweep="nonlinearity",
    section="6 · What the activation takes",
    # There are no arrays among the arguments.
    standard=("again",),
    typical={"slopes": 2, "calls": ("relu", "tanh")},
    cases=[
        Case("1 for linear layers", calls=("linear", *CONVOLUTIONS)),
        Case("1 for the sigmoid", calls=["sigmoid"], weight=0.5),
        Case("tanh", calls=["tanh"]),
        Case("ReLU", calls=["relu"], weight=3),
        Case("leaky ReLU with a slope", slopes=4, weight=3),
        Case("leaky ReLU, special slopes", calls=[("leaky_relu", 0.0), ("leaky_relu", 1), ("leaky_relu", -0.5)]),
        Case("leaky ReLU: the default slope is 0.01", calls=["leaky_relu", ("leaky_relu", None)]),
        Case("SELU", calls=["selu"]),
        Case("the others do not look at param", calls=[("relu", 0.5), ("tanh", 0.5), ("linear", 0.5), ("selu", 0.0)]),
        Case("an unknown name raises ValueError", unknown=("swish", "Tanh", "")),
    ],
)


def right(nonlinearity, param=None):
    slope = 0.01 if param is None else param
    gains = dict.fromkeys(["linear", *CONVOLUTIONS], 1.0)
    gains["sigmoid"] = 1.0
    gains["tanh"] = 5 / 3
    gains["relu"] = math.sqrt(2)
    gains["leaky_relu"] = math.sqrt(2 / (1 + slope**2))
    gains["selu"] = 3 / 4
    if nonlinearity not in gains:
        raise ValueError(f"nonlinearity={nonlinearity!r}: not in {[*gains]}")
    return gains[nonlinearity]


MISTAKES = slips("""
slope_not_squared: slope**2 -> slope
    The slope is not squared. The variance that comes through has slope^2 in it: sqrt(2 / (1 + slope^2)).
slope_left_out: math.sqrt(2 / (1 + slope**2)) -> math.sqrt(2)
    A leaky ReLU gets the gain of a ReLU. What it lets through below zero counts too: sqrt(2 / (1 + slope^2)).

always_sqrt2 (core): -> return 2**0.5
    or return gains[nonlinearity] -> return 2**0.5
    sqrt(2) for everything: that makes up for the half of the signal that a ReLU cuts off. Others cut off less, or
    nothing.

always_one (core): -> return 1.0
    or return gains[nonlinearity] -> return 1.0
    1 for everything: a ReLU halves the signal's power, which its gain makes up for.

default_slope (detail): 0.01 -> 0.1
    or 0.01 -> 0.0
    or 0.01 -> 0.2
    or 0.01 -> 0.3
    A leaky ReLU without `param` has another slope here. The default is 0.01, as in PyTorch (the lectures' is 0.1).

zero_slope (detail): 0.01 if param is None else param -> param or 0.01
    A slope of 0 counts as none (`param or 0.01`, `if param`). Ask `param is None`: 0 is a slope, a ReLU's.
param_ignored: 0.01 if param is None else param -> 0.01
    `param` is not used: it is the slope of the leaky ReLU.
square: return gains[nonlinearity] -> return gains[nonlinearity] ** 2
    The root is missing: the gain multiplies the weights, and only its square the variance.

inverted: 2 / (1 + slope**2) -> 2 * (1 + slope**2)
    or 2 / (1 + slope**2) -> (1 + slope**2) / 2
    The leaky ReLU's gain is upside down: the more it lets through, the smaller, sqrt(2 / (1 + slope^2)).

relu_is_two (detail): math.sqrt(2) -> 2.0
    A ReLU gets 2: that is the factor on the variance. The gain multiplies the weights: sqrt(2).
tanh_is_one (detail): 5 / 3 -> 1.0
    tanh gets no gain. PyTorch's is 5/3: it squashes what it is given.
selu_is_one (detail): 3 / 4 -> 1.0
    SELU's gain is 3/4 in PyTorch.
sigmoid (detail): gains["sigmoid"] = 1.0 -> gains["sigmoid"] = 4.0
    The sigmoid's gain is 1 in PyTorch, though its slope is 1/4.

rounded (detail): math.sqrt(2) -> 1.414
    or 5 / 3 -> 1.667
    or 5 / 3 -> 1.67
    A gain is rounded to a few digits. Write it as a formula: `2**0.5`, `5 / 3`.

accepts_unknown (detail): nonlinearity not in gains -> False
    or ValueError -> KeyError
    or nonlinearity not in gains -> False
    gains[nonlinearity] -> gains.get(nonlinearity)
    or nonlinearity not in gains -> False
    gains[nonlinearity] -> gains.get(nonlinearity, 1.0)
    An unknown name gets an answer, or another error. Raise ValueError: a misspelt name would train badly, and nobody
    would know why.

param_for_all (detail): math.sqrt(2) -> math.sqrt(2 / (1 + (param or 0) ** 2))
    `param` changes the gain of a plain ReLU. It is the slope of a leaky one only.
""")


@alternative
def with_arrays(nonlinearity, param=None):
    if nonlinearity in ("relu", "leaky_relu"):
        slope = 0.0 if nonlinearity == "relu" else np.float64(0.01 if param is None else param)
        return np.sqrt(2.0 / (1.0 + np.square(slope)))
    others = {"tanh": np.float64(5) / 3, "selu": np.float64(0.75), **dict.fromkeys(["linear", "sigmoid"], 1)}
    if nonlinearity not in (*others, *CONVOLUTIONS):
        raise UnicodeError("a kind of ValueError")
    return others.get(nonlinearity, 1)


@alternative
def by_power_let_through(nonlinearity, param=None):
    """A leaky ReLU lets half of the power through, and slope^2 of the other half."""
    if nonlinearity not in ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu", *CONVOLUTIONS):
        raise ValueError(nonlinearity)
    slope = {"relu": 0, "leaky_relu": 0.01 if param is None else param}.get(nonlinearity, 1)
    return {"tanh": 1.0 + 2.0 / 3.0, "selu": 1 - 0.25}.get(nonlinearity, (0.5 + 0.5 * slope**2) ** -0.5)


HINTS = [
    "A ReLU sets half of a symmetric signal to zero, and with it half of its mean square. What factor on the weights "
    "makes up for it?",
    "A leaky ReLU keeps the upper half, and slope^2 of the lower one's mean square: (1 + slope^2) / 2 in all. The gain "
    "is one over its root.",
    "To test yours: slope 1 changes nothing, so its gain is 1, and slope 0 is a ReLU. A dict from names to gains is "
    "enough; `param` stands for the slope, 0.01 where it is None, and any other name raises ValueError.",
]
