"""fan_in_and_fan_out: how many inputs feed a unit, and how many units an input feeds.

PyTorch's layout (out, in, *kernel): fan_in = in * area, fan_out = out * area. Reference: torch.nn.init. The course's
own dense layers hold (in, out), so their shape has to be turned round first.
"""

import math

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch

EXERCISE = Function(
    draw=lambda rng, case: [({"shape": shape}, {}) for shape in case.get("shapes")],
    reference=lambda shape: torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta")),
    returns=("fan_in", "fan_out"),
    sweep="shape",
    section="5 · Calibrated",
    # There are no arrays among the arguments.
    standard=("again",),
    cases=[
        Case("dense layers", shapes=[(3, 5), (100, 784), (7, 2), (4, 4)]),
        Case("one unit, one input", shapes=[(1, 9), (8, 1), (1, 1)]),
        Case("square kernels", shapes=[(16, 3, 5, 5), (8, 32, 3, 3), (3, 3, 3, 3)], weight=2),
        Case("kernels that are not square", shapes=[(6, 4, 3, 7), (4, 6, 5, 2)], weight=2),
        Case("sound: kernels of one axis", shapes=[(4, 2, 9), (2, 10, 5)]),
        Case("video: kernels of three axes", shapes=[(4, 3, 2, 5, 7), (2, 2, 2, 2, 2)]),
        Case("kernels of one pixel", shapes=[(6, 4, 1, 1), (2, 3, 1)], weight=0.5),
    ],
)


def right(shape):
    area = math.prod(shape[2:])
    fan_in = shape[1] * area
    fan_out = shape[0] * area
    return fan_in, fan_out


MISTAKES = slips("""
swapped: fan_in, fan_out -> fan_out, fan_in
    or math.prod(shape[2:]) -> 1
    fan_in, fan_out -> fan_out, fan_in
    The two fans have changed places: `shape` is (out, in, *kernel), so fan_in is made of `shape[1]`. (The course's own
    layers hold (in, out); PyTorch's do not.)

kernel_area_left_out: math.prod(shape[2:]) -> 1
    The kernel's area is left out: a unit of a convolution sums over every input channel at every place of its kernel.
    Multiply both fans by the product of `shape[2:]`.

area_on_one_fan: shape[0] * area -> shape[0]
    or shape[1] * area -> shape[1]
    The kernel's area multiplies one of the fans only. A unit sees each input channel at every place of its kernel, and
    an input is seen by each output channel at every place: both fans have it.

first_kernel_size: math.prod(shape[2:]) -> math.prod(shape[2:3])
    Only the first size of the kernel is used. Its area is the product of all of `shape[2:]`.
two_kernel_sizes (detail): math.prod(shape[2:]) -> math.prod(shape[2:4])
    A kernel of three axes has a third size. Its area is the product of all of `shape[2:]`.

square_kernel: math.prod(shape[2:]) -> shape[-1] ** (len(shape) - 2)
    or math.prod(shape[2:]) -> shape[min(2, len(shape) - 1)] ** (len(shape) - 2)
    The kernel is taken for a square. Its area is the product of all of `shape[2:]`.

sum_of_kernel: math.prod(shape[2:]) -> (sum(shape[2:]) or 1)
    or math.prod(shape[2:]) -> sum(shape[2:])
    The kernel's sizes are added up. Its area is their product (1 for a dense layer, which has no kernel).

last_axis (core): shape[1] * area -> shape[-1]
    shape[0] * area -> shape[0]
    The last axis is taken for the inputs. In (out, in, *kernel) they are `shape[1]`, and the kernel follows.

wrong_axis_dropped: shape[0] * area -> math.prod(shape[:-1])
    fan_in is right, but fan_out leaves out the last axis, which is the kernel's. It is everything but `shape[1]`.

channels_last:
    math.prod(shape[2:]) -> math.prod(shape[:-2])
    shape[1] -> shape[-2]
    shape[0] -> shape[-1]
    The shape is read as (*kernel, in, out), as Keras has it. PyTorch's layout is (out, in, *kernel).

kernel_first:
    math.prod(shape[2:]) -> math.prod(shape[:-2])
    shape[1] -> shape[-1]
    shape[0] -> shape[-2]
    The last two axes are taken for out and in. They come first, (out, in, *kernel), and the kernel follows.

everything (core):
    shape[1] * area -> math.prod(shape)
    shape[0] * area -> math.prod(shape)
    That is the number of all weights. fan_in counts those of *one* unit, fan_out those that *one* input meets.
""")


@alternative
def with_a_loop(shape):
    fan_out, fan_in, *kernel = shape
    for size in kernel:
        fan_in, fan_out = fan_in * size, fan_out * size
    return [fan_in, fan_out]


@alternative
def by_counting(shape):
    weights = np.empty(shape, dtype=bool)
    return weights[0].size, weights[:, 0].size


HINTS = [
    "Think of one output number: how many input numbers are multiplied by a weight and added up to make it?",
    "For a dense layer `shape[1]`. A convolution looks at a whole patch of each channel: times the kernel's area.",
    "`area = int(np.prod(shape[2:]))` (1 where nothing is left), then `shape[1] * area, shape[0] * area`.",
]
