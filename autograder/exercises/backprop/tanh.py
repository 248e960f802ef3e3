"""tanh and tanh_backward: out = tanh(x), dx = dout * (1 - out^2).

Lecture 001. NumPy has it, and may be used; what it takes care of are large x, where the exponentials overflow, and x
near 0, where their difference cancels. Reference: torch.tanh and autograd.
"""

import math

import numpy as np
import torch

from autograder.exercises.backprop._activations import SHAPES, backward_mistakes
from autograder.judge import Activation, Case, Mistake, any_function


def backward(dout, x):
    return dout * (1 - np.tanh(x) ** 2)


def overflows(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def quotient_overflows(x):
    return (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1)


def stretched_sigmoid(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


def half_as_steep(x):
    out = np.expm1(-np.abs(x))
    return -np.sign(x) * out / (2 + out)


def is_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def x_is_the_output(dout, x):
    return dout * (1 - x**2)


def square_missing(dout, x):
    return dout * (1 - np.tanh(x))


def derivative_of_sigmoid(dout, x):
    out = np.tanh(x)
    return dout * out * (1 - out)


def plus(dout, x):
    return dout * (1 + np.tanh(x) ** 2)


def twice_through(dout, x):
    return dout * (1 - np.tanh(np.tanh(x)) ** 2)


def from_numpy(x):
    return np.tanh(x)


def two_factors(dout, x):
    out = np.tanh(x)
    return (dout - dout * out) * (1 + out)


def from_expm1(x):
    part = np.expm1(-2 * np.abs(x))
    return np.sign(x) * (-part / (part + 2))


def with_cosh(dout, x):
    return dout / np.square(np.cosh(np.clip(x, -40, 40)))


def one_by_one(x):
    return np.array([math.tanh(v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


def one_by_one_backward(dout, x):
    pairs = zip(dout.ravel().tolist(), x.ravel().tolist(), strict=True)
    return np.reshape([d * (1.0 - math.tanh(v) ** 2) for d, v in pairs], x.shape).astype(dout.dtype)


EXERCISE = Activation(
    functions=("tanh", "tanh_backward"),
    reference=torch.tanh,
    cases=[
        *SHAPES,
        Case("exactly 0", near=(0.0, -0.0, 0.5, -0.5)),
        Case("x = 1000 and x = -1000", near=(1000.0, -1000.0, 400.0, -400.0)),
        Case("x = 100 and x = -100 in float32", near=(100.0, -100.0, 50.0, -50.0), dtype="float32"),
        Case("about x, not 0, at x = 1e-18", near=(1e-18, -1e-18, 1e-17), relative=True, only="forward"),
    ],
    mistakes=[
        Mistake(
            "overflow",
            (overflows, any_function),
            "Not finite for large x: exp(1000) is inf, and inf / inf is nan. Use exponentials of -|x| alone and put the sign "
            "back, or np.tanh.",
        ),
        Mistake(
            "overflow",
            (quotient_overflows, any_function),
            "Not finite for large x: exp(2000) is inf, and inf / inf is nan. Use exponentials of -|x| alone and put the sign "
            "back, or np.tanh.",
        ),
        Mistake(
            "loses_small_values",
            (stretched_sigmoid, any_function),
            "Near 0 the result is exactly 0 where it should be about x: two numbers near 1 are subtracted, and the digits "
            "of x are gone before that. Use np.expm1, or np.tanh.",
        ),
        Mistake(
            "half_as_steep",
            (half_as_steep, any_function),
            "This is tanh(x / 2): in terms of the sigmoid, tanh(x) = 2 sigmoid(2x) - 1, with a 2 inside as well.",
        ),
        Mistake(
            "is_sigmoid",
            (is_sigmoid, any_function),
            "This is the sigmoid, from 0 to 1. tanh goes from -1 to 1, and is 0 at 0.",
        ),
        Mistake(
            "output_for_input",
            (any_function, x_is_the_output),
            "The backward takes x for the output: 1 - x^2. It is given the input; 1 - out^2 needs out = tanh(x).",
        ),
        Mistake(
            "square_missing",
            (any_function, square_missing),
            "The derivative is 1 - out^2: the square is missing.",
        ),
        Mistake(
            "derivative_of_sigmoid",
            (any_function, derivative_of_sigmoid),
            "out * (1 - out) is the derivative of the sigmoid. That of tanh is 1 - out^2.",
        ),
        Mistake(
            "sign",
            (any_function, plus),
            "The derivative has a plus where a minus belongs: 1 - out^2, at most 1.",
        ),
        Mistake(
            "tanh_twice",
            (any_function, twice_through),
            "tanh is taken twice in the backward. `x` is the input: apply tanh to it once.",
        ),
        *backward_mistakes(backward),
    ],
    alternatives=[
        (from_numpy, backward),
        (from_numpy, two_factors),
        (from_expm1, with_cosh),
        (one_by_one, one_by_one_backward),
    ],
    hints=[
        "NumPy has the function itself. For the derivative: what does it become when you write it with the output?",
        "The derivative of tanh is 1 - tanh(x)^2. `dout` comes in, dx goes out: multiply element by element.",
        "`np.tanh(x)`; backward: `dout * (1 - np.tanh(x) ** 2)`.",
    ],
)
