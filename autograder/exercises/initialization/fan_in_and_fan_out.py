"""fan_in_and_fan_out: how many inputs feed a unit, and how many units an input feeds.

PyTorch's layout (out, in, *kernel): fan_in = in * area, fan_out = out * area. Reference: torch.nn.init. The course's own
dense layers hold (in, out), so their shape has to be turned round first.
"""

import math

import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    return [({"shape": shape}, {}) for shape in case.get("shapes")]


def reference(shape):
    return torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta"))


def swapped(shape):
    fan_in, fan_out = reference(shape)
    return fan_out, fan_in


def no_area(shape):
    return shape[1], shape[0]


def no_area_swapped(shape):
    return shape[0], shape[1]


def area_on_fan_in_only(shape):
    return shape[1] * math.prod(shape[2:]), shape[0]


def first_kernel_size(shape):
    area = shape[2] if len(shape) > 2 else 1
    return shape[1] * area, shape[0] * area


def square_kernel(shape):
    area = shape[2] ** (len(shape) - 2) if len(shape) > 2 else 1
    return shape[1] * area, shape[0] * area


def sum_of_kernel(shape):
    area = sum(shape[2:]) or 1
    return shape[1] * area, shape[0] * area


def first_and_last(shape):
    return shape[-1], shape[0]


def all_but_one_end(shape):
    return math.prod(shape[1:]), math.prod(shape[:-1])


def channels_last(shape):
    area = math.prod(shape[:-2])
    return shape[-2] * area, shape[-1] * area


def channels_last_turned(shape):
    area = math.prod(shape[:-2])
    return shape[-1] * area, shape[-2] * area


def everything(shape):
    return math.prod(shape), math.prod(shape)


def with_a_loop(shape):
    fan_out, fan_in, *kernel = shape
    for size in kernel:
        fan_in, fan_out = fan_in * size, fan_out * size
    return [fan_in, fan_out]


def by_division(shape):
    size = math.prod(shape)
    return size // shape[0], size // shape[1]


def by_counting(shape):
    import numpy as np

    weights = np.empty(shape, dtype=bool)
    return weights[0].size, weights[:, 0].size


SWAP = (
    "The two fans have changed places: `shape` is (out, in, *kernel), so fan_in is made of `shape[1]`. (The course's own "
    "layers hold (in, out); PyTorch's do not.)"
)

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("fan_in", "fan_out"),
    sweep="shape",
    standard=("again",),
    cases=[
        Case("dense layers", shapes=[(3, 5), (100, 784), (7, 2)]),
        Case("one unit, one input", shapes=[(1, 9), (8, 1), (1, 1)]),
        Case("square kernels", shapes=[(16, 3, 5, 5), (8, 32, 3, 3)], weight=2),
        Case("kernels that are not square", shapes=[(6, 4, 3, 7), (4, 6, 5, 2)]),
        Case("sound: kernels of one axis", shapes=[(4, 2, 9), (2, 10, 5)]),
        Case("video: kernels of three axes", shapes=[(4, 3, 2, 5, 7)]),
        Case("kernels of one pixel", shapes=[(6, 4, 1, 1), (2, 3, 1)]),
    ],
    mistakes=[
        Mistake("swapped", swapped, SWAP),
        Mistake("swapped", no_area_swapped, SWAP),
        Mistake(
            "kernel_area_left_out",
            no_area,
            "The kernel's area is left out: a unit of a convolution sums over every input channel at every place of its "
            "kernel. Multiply both fans by the product of `shape[2:]`.",
        ),
        Mistake(
            "area_on_one_fan",
            area_on_fan_in_only,
            "The kernel's area multiplies fan_in only. Each input is seen by every output channel at every place of the "
            "kernel too: both fans have it.",
        ),
        Mistake(
            "first_kernel_size",
            first_kernel_size,
            "Only the first size of the kernel is used. Its area is the product of all of `shape[2:]`.",
        ),
        Mistake(
            "square_kernel",
            square_kernel,
            "The kernel is taken for a square. Its area is the product of all of `shape[2:]`.",
        ),
        Mistake("sum_of_kernel", sum_of_kernel, "The kernel's sizes are added up. Its area is their product."),
        Mistake(
            "last_axis",
            first_and_last,
            "The last axis is taken for the inputs. In (out, in, *kernel) they are `shape[1]`, and the kernel follows.",
        ),
        Mistake(
            "wrong_axis_dropped",
            all_but_one_end,
            "fan_in is right, but fan_out leaves out the last axis, which is the kernel's. It is everything but `shape[1]`.",
        ),
        Mistake(
            "channels_last",
            channels_last,
            "The shape is read as (*kernel, in, out), as Keras has it. PyTorch's layout is (out, in, *kernel).",
        ),
        Mistake(
            "kernel_first",
            channels_last_turned,
            "The last two axes are taken for out and in. They come first, (out, in, *kernel), and the kernel follows.",
        ),
        Mistake(
            "everything",
            everything,
            "That is the number of all weights. fan_in counts those of *one* unit, fan_out those that *one* input meets.",
        ),
    ],
    alternatives=[with_a_loop, by_division, by_counting],
    hints=[
        "Think of one output number: how many input numbers are multiplied by a weight and added up to make it?",
        "For a dense layer `shape[1]`. A convolution looks at a whole patch of each input channel: times the kernel's area.",
        "`area = int(np.prod(shape[2:]))` (1 where nothing is left), then `shape[1] * area, shape[0] * area`.",
    ],
)
