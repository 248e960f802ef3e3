"""fold_into_linear: a linear layer, scale and shift as one linear layer.

scale * (u @ W + b) + shift = u @ (W * scale) + (b * scale + shift), with W (in, out). Reference:
torch.nn.utils.fuse_linear_bn_weights, whose W is (out, in), for statistics of mean 0 and variance 1.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    n_in, n_out = case.get("n_in"), case.get("n_out")
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


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("W", "b"),
    scale=tolerance_scale,
    section="7 · Folding it away",
    sizes={"n_in": "inputs", "n_out": "outputs"},
    cases=[
        Case("more inputs than outputs", n_in=4, n_out=3),
        Case("more outputs than inputs", n_in=2, n_out=5),
        Case("a square layer, where rows and columns are easily confused", n_in=4, n_out=4, weight=2),
        Case("negative scale, zero scale", n_in=3, n_out=4, any_sign=True),
        Case("a linear layer whose bias is 0", n_in=6, n_out=3, no_bias=True),
    ],
)


def right(W, b, scale, shift):
    W = W * scale
    b = b * scale + shift
    return W, b


MISTAKES = slips("""
rows_scaled: W * scale -> W * scale[:, None]
    The rows of W are scaled (as for PyTorch's (out, in)). Here W is (in, out): an output is a column, and `W * scale`
    scales columns.

weights_not_scaled: W * scale -> W.copy()
    W comes back as it was: the scale multiplies u @ W as well as b.
weights_divided: W * scale -> W / scale
    W is divided by the scale. The scale multiplies u @ W: `W * scale`.
bias_not_scaled: b * scale + shift -> b + shift
    The old bias is not scaled. It is added before the scale, so it becomes b * scale.
shift_scaled: b * scale + shift -> (b + shift) * scale
    The shift is scaled. It is added after the scale: b * scale + shift.
shift_left_out: b * scale + shift -> b * scale
    The shift is not used: it belongs to the new bias.
bias_left_out: b * scale + shift -> shift.copy()
    The old bias is gone. At inference the mean is a fixed number and does not take it away: b * scale + shift.
bias_unchanged: b * scale + shift -> b.copy()
    The bias comes back as it was. It is scaled, and the shift is added: b * scale + shift.
shift_subtracted: b * scale + shift -> b * scale - shift
    The shift is subtracted. It is added: b * scale + shift.
shift_in_weights: W * scale -> W * scale + shift
    The shift is added to W too, where it would be multiplied by the input. It belongs to the bias alone.

scale_and_shift_swapped:
    W * scale -> W * shift
    b * scale + shift -> b * shift + scale
    scale and shift have changed places: the scale multiplies, the shift is added.

transposed: return W, b -> return W.T, b
    W comes back transposed. It stays (in, out), as the course's layers have it.
keepdims (detail): return W, b -> return W, b[None]
    The bias comes back with shape (1, out). It keeps its shape (out,).
order_swapped: return W, b -> return b, W
    The two come back in the wrong order: first W, then b.

in_place (detail): W = W * scale -> W *= scale
    or b = b * scale + shift -> b *= scale; b += shift
    `W *= ...` or `b += ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(W, b, scale, shift):
    new_W, new_b = np.empty_like(W), np.empty_like(b)
    for j in range(W.shape[1]):
        new_W[:, j] = scale[j] * W[:, j]
        new_b[j] = scale[j] * b[j] + shift[j]
    return [new_W, new_b]


@alternative
def by_probing(W, b, scale, shift):
    """Asks the two layers at 0 and along each unit vector."""
    slopes = [scale * (row @ W) for row in np.eye(len(W), dtype=W.dtype)]
    return np.stack(slopes), scale * (np.zeros_like(W[:, 0]) @ W + b) + shift


HINTS = [
    "Multiply out scale * (u @ W + b) + shift. Which part has u in it, and which has not?",
    "Each output has its own scale. In W, (in, out), an output is a column; and the old bias is scaled too.",
    "`W * scale` (broadcasting scales the columns) and `b * scale + shift`.",
]
