"""elastic_distort: every pixel fetched from where a flow points (Simard et al. 2003; lectures 003, 004: distortion).

out[n, c, i, j] = x[n, c] at column j + flow[n, 0, i, j] and row i + flow[n, 1, i, j]: backward, bilinear, pixels
outside count as 0. Reference: torch.nn.functional.grid_sample(padding_mode="zeros", align_corners=False).
"""

import numpy as np

from autograder.exercises.augmentation import _images
from autograder.judge import Case, alternative, slips, torch


def draw(rng, case):
    n, _, h, w = case.get("shape")
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
    return {"x": _images.images(rng, case), "flow": flow}, {}


def reference(x, flow):
    h, w = x.shape[2:]
    px = torch.arange(w, dtype=x.dtype) + flow[:, 0]
    py = torch.arange(h, dtype=x.dtype)[:, None] + flow[:, 1]
    return _images.bilinear(x, torch.stack([(2 * px + 1) / w - 1, (2 * py + 1) / h - 1], dim=-1))


EXERCISE = _images.ImageFunction(
    draw=draw,
    reference=reference,
    section="2 · Between the pixels",
    typical={"shape": (2, 3, 5, 6), "framed": True},
    cases=[
        Case("a flow of 0 changes nothing", shape=(2, 3, 4, 5), flow="even", by=(0.0, 0.0), weight=0.5),
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
)


def right(x, flow):
    n, _, h, w = x.shape
    image = np.arange(n)[:, None, None]
    px = np.arange(w) + flow[:, 0]
    py = np.arange(h)[:, None] + flow[:, 1]
    left, top = np.floor(px).astype(int), np.floor(py).astype(int)
    out = np.zeros_like(x)
    for i, j in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        row, column = top + i, left + j
        weight = (1 - abs(py - row)) * (1 - abs(px - column))
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        pixel = x[image, :, row.clip(0, h - 1), column.clip(0, w - 1)]
        out += (weight * inside)[:, None] * np.moveaxis(pixel, -1, 1)
    return out


MISTAKES = _images.SAMPLING + slips("""
rows_first: -> flow = flow[:, ::-1]
    The parts of the flow are taken for (rows, columns). flow[:, 0] goes right, along the columns; flow[:, 1] goes
    down.

against_the_flow: -> flow = -flow
    The pixel is fetched from the other side, minus flow. out at (i, j) shows x at column j + flow[:, 0] and row i +
    flow[:, 1].

forward_mapping: return out -> return _images.pushed(x, px, py)
    Pixels are sent where the flow points, which leaves holes and collisions. Fetch instead: for each pixel of the
    result, ask where it comes from.

flow_is_position:
    np.arange(w) + flow[:, 0] -> flow[:, 0]
    np.arange(h)[:, None] + flow[:, 1] -> flow[:, 1]
    The flow is taken for the place itself. It is counted from the pixel's own place: column j + flow[:, 0], row i +
    flow[:, 1].

flow_in_half_widths:
    flow[:, 0] -> flow[:, 0] * w / 2
    flow[:, 1] -> flow[:, 1] * h / 2
    The flow is taken as torch's grid is, from -1 to 1 across the image. It is in pixels here.

flow_of_the_first: -> flow = np.repeat(flow[:1], len(x), axis=0)
    All images are distorted by the first one's flow. flow[n] belongs to image n.
image_of_the_first: image = np.arange(n)[:, None, None] -> image = 0
    All results are the first image, distorted. flow[n] belongs to image n.
columns_only: np.arange(h)[:, None] + flow[:, 1] -> np.arange(h)[:, None] + 0 * flow[:, 1]
    flow[:, 1] is not used: nothing moves up or down.
rows_only: np.arange(w) + flow[:, 0] -> np.arange(w) + 0 * flow[:, 0]
    flow[:, 0] is not used: nothing moves left or right.

rows_and_columns_swapped: py = np.arange(h)[:, None] + flow[:, 1] -> py, px = px, np.arange(h)[:, None] + flow[:, 1]
    The image comes out turned over: the place's column is used as a row. Index x as [..., row, column], that is [...,
    y, x].
""")


@alternative
def tents(x, flow):
    """Each pixel is a tent, one wide and one high, and the value is the sum of all tents there."""
    h, w = x.shape[2:]
    px, py = np.arange(w) + flow[:, 0], np.arange(h)[:, None] + flow[:, 1]
    across = np.maximum(0, 1 - np.abs(px[..., None] - np.arange(w)))
    down = np.maximum(0, 1 - np.abs(py[..., None] - np.arange(h)))
    return np.einsum("nijb,nija,ncba->ncij", down, across, x).astype(x.dtype)


@alternative
def framed(x, flow):
    """A frame of zeros around the image, and every point moved into it."""
    n, _, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    px, py = np.arange(w) + flow[:, 0], np.arange(h)[:, None] + flow[:, 1]
    px, py = np.clip(px, -1, w) + 1, np.clip(py, -1, h) + 1
    left, top = np.minimum(px, w).astype(int), np.minimum(py, h).astype(int)
    k = np.arange(n)[:, None, None]
    a, b = (px - left)[..., None], (py - top)[..., None]
    upper = padded[k, :, top, left] * (1 - a) + padded[k, :, top, left + 1] * a
    lower = padded[k, :, top + 1, left] * (1 - a) + padded[k, :, top + 1, left + 1] * a
    return np.moveaxis(upper + b * (lower - upper), 3, 1).astype(x.dtype)


HINTS = [
    "Take one pixel (i, j) of the result. From which column px and row py of x does it come, and which four pixels lie "
    "around that place?",
    "`np.floor` gives the left column and the upper row. Each of the four counts (1 - |px - column|) * "
    "(1 - |py - row|); where it lies outside, its weight is 0 and its index is clipped to be a valid one.",
    "`px = np.arange(w) + flow[:, 0]`, `left = np.floor(px).astype(int)`, the same for rows; add the four, each "
    "`weight * inside` times `x[image, :, row.clip(0, h - 1), column.clip(0, w - 1)]`, whose channels come last.",
]
