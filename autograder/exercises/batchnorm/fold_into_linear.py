"""fold_into_linear: a linear layer, scale and shift as one linear layer.

scale * (u @ W + b) + shift = u @ (W * scale) + (b * scale + shift), with W (in, out). Reference:
torch.nn.utils.fuse_linear_bn_weights, whose W is (out, in), for statistics of mean 0 and variance 1.
"""

import numpy as np
import torch

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    n_in, n_out = case.get("shape")
    scale = rng.uniform(0.3, 3.0, n_out)
    if case.get("any_sign"):
        scale[0], scale[-1] = -scale[0], 0.0
    shift, b = (rng.uniform(0.3, 1.5, n_out) * rng.choice([-1.0, 1.0], n_out) for _ in range(2))
    if case.get("no_bias"):
        b = np.zeros(n_out)
    return {"W": rng.standard_normal((n_in, n_out)), "b": b, "scale": scale, "shift": shift}, {}


def reference(W, b, scale, shift):
    zeros, ones = torch.zeros_like(b), torch.ones_like(b)
    fused, bias = torch.nn.utils.fuse_linear_bn_weights(W.T, b, zeros, ones, 0.0, scale, shift)
    return fused.T, bias


def tolerance_scale(W, b, scale, shift):
    return {"b": np.abs(b * scale) + np.abs(shift)}


def rows_scaled(W, b, scale, shift):
    return W * scale[:, None], b * scale + shift


def weights_not_scaled(W, b, scale, shift):
    return W.copy(), b * scale + shift


def bias_not_scaled(W, b, scale, shift):
    return W * scale, b + shift


def shift_scaled(W, b, scale, shift):
    return W * scale, (b + shift) * scale


def shift_left_out(W, b, scale, shift):
    return W * scale, b * scale


def bias_left_out(W, b, scale, shift):
    return W * scale, shift.copy()


def shift_subtracted(W, b, scale, shift):
    return W * scale, b * scale - shift


def shift_in_weights(W, b, scale, shift):
    return W * scale + shift, b * scale + shift


def transposed(W, b, scale, shift):
    return (W * scale).T, b * scale + shift


def in_place(W, b, scale, shift):
    W *= scale
    b *= scale
    b += shift
    return W, b


def with_loops(W, b, scale, shift):
    new_W, new_b = np.empty_like(W), np.empty_like(b)
    for j in range(W.shape[1]):
        new_W[:, j] = scale[j] * W[:, j]
        new_b[j] = scale[j] * b[j] + shift[j]
    return [new_W, new_b]


def as_a_matrix(W, b, scale, shift):
    diagonal = np.diag(scale)
    return W @ diagonal, b @ diagonal + shift


def by_probing(W, b, scale, shift):
    """Asks the two layers at 0 and along each unit vector."""

    def layers(u):
        return scale * (u @ W) + (scale * b + shift) * (u.sum(axis=1, keepdims=True) * 0 + 1)

    bias = layers(np.zeros_like(W[:, :1].T))[0]
    slopes = [scale * (row @ W) for row in np.eye(len(W), dtype=W.dtype)]
    return np.stack(slopes), bias


def with_einsum(W, b, scale, shift):
    return np.einsum("io,o->io", W, scale), np.einsum("o,o->o", b, scale) + shift


SECTION = "7 · Folding it away"

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("W", "b"),
    scale=tolerance_scale,
    standard=("float32", "again"),
    cases=[
        Case("more inputs than outputs", shape=(4, 3)),
        Case("more outputs than inputs", shape=(2, 5)),
        Case("a square layer, where rows and columns are easily confused", shape=(4, 4), weight=2),
        Case("one output", shape=(5, 1)),
        Case("one input", shape=(1, 3)),
        Case("negative scale, zero scale", shape=(3, 4), any_sign=True),
        Case("a linear layer whose bias is 0", shape=(6, 3), no_bias=True),
        Case("leaves its arguments as they were", shape=(4, 3), mode="inputs", weight=2),
    ],
    mistakes=[
        Mistake(
            "rows_scaled",
            rows_scaled,
            "The rows of W are scaled (as for PyTorch's (out, in)). Here W is (in, out): an output is a column, and "
            "`W * scale` scales columns.",
            SECTION,
        ),
        Mistake(
            "weights_not_scaled",
            weights_not_scaled,
            "W comes back as it was: the scale multiplies u @ W as well as b.",
            SECTION,
        ),
        Mistake(
            "bias_not_scaled",
            bias_not_scaled,
            "The old bias is not scaled. It is added before the scale, so it becomes b * scale.",
            SECTION,
        ),
        Mistake(
            "shift_scaled",
            shift_scaled,
            "The shift is scaled. It is added after the scale: b * scale + shift.",
            SECTION,
        ),
        Mistake("shift_left_out", shift_left_out, "The shift is not used: it belongs to the new bias.", SECTION),
        Mistake(
            "bias_left_out",
            bias_left_out,
            "The old bias is gone. At inference the mean is a fixed number and does not take it away: b * scale + shift.",
            SECTION,
        ),
        Mistake(
            "shift_subtracted", shift_subtracted, "The shift is subtracted. It is added: b * scale + shift.", SECTION
        ),
        Mistake(
            "shift_in_weights",
            shift_in_weights,
            "The shift is added to W too, where it would be multiplied by the input. It belongs to the bias alone.",
            SECTION,
        ),
        Mistake(
            "transposed",
            transposed,
            "W comes back transposed. It stays (in, out), as the course's layers have it.",
            SECTION,
        ),
        Mistake("in_place", in_place, "`W *= ...` writes into the caller's array. Make a new one.", SECTION),
    ],
    alternatives=[with_loops, as_a_matrix, by_probing, with_einsum],
    hints=[
        "Multiply out scale * (u @ W + b) + shift. Which part has u in it, and which has not?",
        "Each output has its own scale. In W, (in, out), an output is a column; and the old bias is scaled too.",
        "`W * scale` (broadcasting scales the columns) and `b * scale + shift`.",
    ],
)
