"""elastic_distort: every pixel fetched from where a flow points (Simard et al. 2003; lectures 003, 004: distortion).

out[n, c, i, j] = x[n, c] at column j + flow[n, 0, i, j] and row i + flow[n, 1, i, j]: backward, bilinear, pixels outside
count as 0. Reference: torch.nn.functional.grid_sample(padding_mode="zeros", align_corners=False).
"""

import numpy as np
import torch

from autograder.exercises.augmentation._images import bilinear, images, nearest, sample, sampling_mistakes, scale
from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n, c, h, w = case.get("shape")
    kind, size = case.get("flow", "any"), case.get("size", 1.5)
    flow = rng.normal(0.0, size, (n, 2, h, w))
    if kind == "whole":
        flow = np.rint(flow)
    elif kind == "even":
        flow = np.broadcast_to(np.reshape(case.get("by"), (1, 2, 1, 1)), flow.shape).copy()
    elif kind == "smooth":
        # Sines along the image, another one for each: what elastic distortions look like.
        angle = np.pi * (np.arange(w) / w + np.arange(h)[:, None] / h) + rng.uniform(0.0, np.pi, (n, 2, 1, 1))
        flow = size * np.sin(angle)
    return {"x": images(rng, (n, c, h, w)), "flow": flow}, {}


def reference(x, flow):
    h, w = x.shape[2:]
    px = torch.arange(w, dtype=x.dtype) + flow[:, 0]
    py = torch.arange(h, dtype=x.dtype)[:, None] + flow[:, 1]
    return bilinear(x, torch.stack([(2 * px + 1) / w - 1, (2 * py + 1) / h - 1], dim=-1))


def positions(x, flow):
    h, w = x.shape[2:]
    return np.arange(w) + flow[:, 0], np.arange(h)[:, None] + flow[:, 1]


def rows_first(x, flow):
    return sample(x, *positions(x, flow[:, ::-1]))


def against_the_flow(x, flow):
    return sample(x, *positions(x, -flow))


def flow_is_position(x, flow):
    return sample(x, flow[:, 0], flow[:, 1])


def in_half_widths(x, flow):
    h, w = x.shape[2:]
    return sample(x, *positions(x, flow * np.reshape([w / 2, h / 2], (1, 2, 1, 1))))


def flow_of_the_first(x, flow):
    return sample(x, *positions(x, np.repeat(flow[:1], len(x), axis=0)))


def columns_only(x, flow):
    px, _ = positions(x, flow)
    return sample(x, px, np.arange(x.shape[2])[:, None])


def pixel_below(x, flow):
    px, py = positions(x, flow)
    return nearest(x, np.floor(px), np.floor(py))


def weights_swapped(x, flow):
    px, py = positions(x, flow)
    return sample(x, 2 * np.floor(px) + 1 - px, 2 * np.floor(py) + 1 - py)


def transposed(x, flow):
    """Rows and columns of the image change places, which shows in square images only by the values."""
    px, py = positions(x, flow)
    return sample(x, py, px)


def forward_mapping(x, flow):
    out = np.zeros_like(x)
    n, _, h, w = x.shape
    px, py = (np.rint(p).astype(int) for p in positions(x, flow))
    for k in range(n):
        for i in range(h):
            for j in range(w):
                if 0 <= py[k, i, j] < h and 0 <= px[k, i, j] < w:
                    out[k, :, py[k, i, j], px[k, i, j]] = x[k, :, i, j]
    return out


def pixel_by_pixel(x, flow):
    n, _, h, w = x.shape
    out = np.zeros_like(x)
    for k in range(n):
        for i in range(h):
            for j in range(w):
                px, py = j + float(flow[k, 0, i, j]), i + float(flow[k, 1, i, j])
                for row in range(max(0, int(np.floor(py))), min(h, int(np.floor(py)) + 2)):
                    for column in range(max(0, int(np.floor(px))), min(w, int(np.floor(px)) + 2)):
                        out[k, :, i, j] += (1 - abs(px - column)) * (1 - abs(py - row)) * x[k, :, row, column]
    return out


def tents(x, flow):
    """Each pixel is a tent, one wide and one high, and the value is the sum of all tents there."""
    h, w = x.shape[2:]
    px, py = positions(x, flow)
    across = np.maximum(0, 1 - np.abs(px[..., None] - np.arange(w)))
    down = np.maximum(0, 1 - np.abs(py[..., None] - np.arange(h)))
    return np.einsum("nijb,nija,ncba->ncij", down, across, x).astype(x.dtype)


def framed(x, flow):
    """A frame of zeros around the image, and every point moved into it."""
    n, _, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    px, py = positions(x, flow)
    px, py = np.clip(px, -1, w) + 1, np.clip(py, -1, h) + 1
    left, top = np.minimum(px, w).astype(int), np.minimum(py, h).astype(int)
    k = np.arange(n)[:, None, None]
    a, b = (px - left)[..., None], (py - top)[..., None]
    upper = padded[k, :, top, left] * (1 - a) + padded[k, :, top, left + 1] * a
    lower = padded[k, :, top + 1, left] * (1 - a) + padded[k, :, top + 1, left + 1] * a
    return np.moveaxis(upper + b * (lower - upper), 3, 1).astype(x.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={"shape": (2, 3, 5, 6)},
    cases=[
        Case("a flow of 0 changes nothing", shape=(2, 3, 4, 5), flow="even", by=(0.0, 0.0)),
        Case("a whole column to the right: flow (1, 0)", shape=(2, 1, 4, 5), flow="even", by=(1.0, 0.0)),
        Case("whole pixels, each another way", shape=(2, 3, 5, 6), flow="whole", size=1.0),
        Case("between two columns: flow (0.3, 0)", shape=(1, 1, 4, 5), flow="even", by=(0.3, 0.0)),
        Case("between four pixels: flow (0.4, 0.7)", shape=(2, 2, 5, 4), flow="even", by=(0.4, 0.7)),
        Case("beyond the left and upper border the image fades", shape=(2, 2, 4, 4), flow="even", by=(-0.6, -1.3)),
        Case("a smooth flow, another one for each image", shape=(3, 3, 6, 8), flow="smooth", weight=2),
        Case("any flow, images wider than high", shape=(3, 3, 5, 8), weight=2),
        Case("any flow, images higher than wide", shape=(2, 1, 7, 4)),
        Case("a flow that leads far outside", shape=(2, 2, 5, 6), size=40.0),
        Case("one row of pixels", shape=(2, 3, 1, 6), size=0.8),
    ],
    mistakes=[
        Mistake(
            "rows_first",
            rows_first,
            "The parts of the flow are taken for (rows, columns). flow[:, 0] goes right, along the columns; flow[:, 1] "
            "goes down.",
        ),
        Mistake(
            "against_the_flow",
            against_the_flow,
            "The pixel is fetched from the other side, minus flow. out at (i, j) shows x at column j + flow[:, 0] and row "
            "i + flow[:, 1].",
        ),
        Mistake(
            "forward_mapping",
            forward_mapping,
            "Pixels are sent where the flow points, which leaves holes and collisions. Fetch instead: for each pixel of "
            "the result, ask where it comes from.",
        ),
        Mistake(
            "flow_is_position",
            flow_is_position,
            "The flow is taken for the place itself. It is counted from the pixel's own place: column j + flow[:, 0], row "
            "i + flow[:, 1].",
        ),
        Mistake(
            "flow_in_half_widths",
            in_half_widths,
            "The flow is taken as torch's grid is, from -1 to 1 across the image. It is in pixels here.",
        ),
        Mistake(
            "flow_of_the_first",
            flow_of_the_first,
            "All images are distorted by the first one's flow. flow[n] belongs to image n.",
        ),
        Mistake("columns_only", columns_only, "flow[:, 1] is not used: nothing moves up or down."),
        Mistake(
            "rows_and_columns_swapped",
            transposed,
            "The image comes out turned over: the place's column is used as a row. Index x as [..., row, column], that "
            "is [..., y, x].",
        ),
        Mistake(
            "pixel_below",
            pixel_below,
            "Each pixel is copied from the one to the upper left of its place, the fraction cut off. Take the weighted "
            "mean of the four around.",
        ),
        Mistake(
            "weights_swapped",
            weights_swapped,
            "The weights are the wrong way round: the nearer a pixel, the more it counts. The left one has 1 - (px - "
            "left).",
        ),
        *sampling_mistakes(positions),
    ],
    alternatives=[pixel_by_pixel, tents, framed],
    hints=[
        "Take one pixel (i, j) of the result. From which column px and row py of x does it come, and which four pixels lie "
        "around that place?",
        "`np.floor` gives the left column and the upper row. Each of the four counts (1 - |px - column|) * "
        "(1 - |py - row|); where it lies outside, its weight is 0 and its index is clipped to be a valid one.",
        "`px = np.arange(w) + flow[:, 0]`, `left = np.floor(px).astype(int)`, the same for rows; add the four, each "
        "`weight * inside` times `x[image, :, row.clip(0, h - 1), column.clip(0, w - 1)]`, whose channels come last.",
    ],
)
