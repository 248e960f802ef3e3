"""weightnorm_backward: gradients of length and direction.

dg_i = dw_i . v_i / |v_i| and dv_i = g_i / |v_i| dw_i - g_i dg_i / |v_i|^2 v_i, which is at right angles to v_i
(Salimans and Kingma 2016, equation 3; lecture 004). Reference: autograd through w = g v / |v|.
"""

import numpy as np

from autograder.exercises.normalization import weightnorm_forward
from autograder.exercises.normalization._weights import draw
from autograder.judge import Case, Layer, alternative, slips, torch


def reference(v, g):
    return g[:, None] * v / torch.linalg.vector_norm(v, dim=1, keepdim=True)


def scale(v, g, dout):
    """dv is a difference that may cancel (all of it, for one input), dg a sum that may."""
    v, g, dout = (array.astype(np.float64) for array in (v, g, dout))
    norms = np.linalg.norm(v, axis=1, keepdims=True)
    largest = np.abs(dout).max(axis=1, keepdims=True)
    return {
        "dv": largest * np.maximum(np.abs(g)[:, None], 1e-3) / norms * max(1.0, v.shape[1] ** 0.5),
        "dg": np.abs(dout * v).sum(axis=1) / norms[:, 0],
    }


EXERCISE = Layer(
    functions=("weightnorm_forward", "weightnorm_backward"),
    draw=draw,
    reference=reference,
    gradients=("v", "g"),
    scale=scale,
    section="6 · Length and direction",
    typical=weightnorm_forward.EXERCISE.typical,
    sizes=weightnorm_forward.EXERCISE.sizes,
    tied=("g",),
    cases=[
        Case("a few units", out=3, d=4, weight=2),
        Case("lengths that are the rows' own", out=4, d=6, g="norms"),
        Case("lengths of 1", out=5, d=3, g="ones"),
        Case("negative lengths, a length of 0", out=4, d=3, g="any", weight=2),
        Case("as many units as inputs", out=4, d=4, g="any", weight=2),
        Case("one input: nothing comes back to v", out=5, d=1),
        Case("rows from 1e-3 to 1e3", out=6, d=5, norms=(1e-3, 1e3), weight=2),
    ],
)


def backward(dw, cache):
    v, g, norms = cache
    dg = (dw * v).sum(axis=1) / norms[:, 0]
    along = g[:, None] * dg[:, None] / norms**2 * v
    dv = g[:, None] / norms * dw - along
    return dv, dg


forward = weightnorm_forward.right
right = forward, backward

MISTAKES = slips("""
projection_missing (core): g[:, None] / norms * dw - along -> g[:, None] / norms * dw
    The norm is treated as a constant: dv is g / |v| * dw. It depends on v: take away what points along v.
projection_without_g: g[:, None] * dg[:, None] -> dg[:, None]
    The part that is taken away lacks the factor g.

projection_divided_once: norms**2 -> norms
    or norms**2 -> norms**3
    The part along v is divided by another power of the norm: dg has one |v| below it already, and v / |v|^2 brings two
    more.

projection_added: g[:, None] / norms * dw - along -> g[:, None] / norms * dw + along
    The part along v is added. Taken away, it leaves dv at right angles to v.
norm_forgotten: g[:, None] / norms * dw - along -> g[:, None] * dw - along
    dw is not divided by the norm in dv: g / |v| * dw.
g_forgotten: g[:, None] / norms * dw - along -> dw / norms - along
    g is missing in dv: g / |v| * dw.

norm_of_everything: v, g, norms = cache -> v, g, norms = cache; norms = np.full_like(norms, np.sqrt((v**2).sum()))
    The norm is that of all of v. Each unit has its own: sum over its row.

dg_not_divided: (dw * v).sum(axis=1) / norms[:, 0] -> (dw * v).sum(axis=1)
    or return dv, dg -> return dv, (dw * v).sum(axis=1)
    dg is not divided by the norm: what g multiplies is v / |v|.
dg_of_w: return dv, dg -> return dv, g * dg
    dg multiplies dw by w, which has g in it already. What g multiplies is v / |v|.

keepdims (detail): return dv, dg -> return dv, dg[:, None]
    dg has shape (out, 1). A gradient has the shape of its parameter: (out,).
one_number: return dv, dg -> return dv, dg.sum()
    dg is one number. Each unit has its own length: sum over its row alone.
over_the_units: (dw * v).sum(axis=1) / norms[:, 0] -> (dw * v).sum(axis=1).mean() / norms[:, 0]
    dg averages over the units. Each has its own: sum over its row alone.
averaged_dg: return dv, dg -> return dv, dg / v.shape[1]
    dg is averaged over the inputs. It is a sum: each of the row's weights changes with g.
order_swapped: return dv, dg -> return dg, dv
    The gradients come back in another order than asked for: dv, dg.
in_place (detail): -> given = dw; dw = dw.copy(); given *= 2
    `dw *= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_jacobians(dw, cache):
    """Row by row, the whole (in, in) Jacobian of v / |v|."""
    v, g, norms = cache
    dv, dg = np.zeros_like(v), np.zeros_like(g)
    for i, row in enumerate(v):
        unit = row / norms[i]
        dg[i] = dw[i] @ unit
        dv[i] = (g[i] / norms[i] * (np.eye(len(row), dtype=v.dtype) - np.outer(unit, unit))) @ dw[i]
    return [dv, dg]


@alternative
def projected(dw, cache):
    """dw with what lies along the direction taken away."""
    v, g, norms = cache
    unit = v / norms
    dg = np.einsum("oi,oi->o", dw, unit)
    return (dw - dg[:, None] * unit) * (g / norms[:, 0])[:, None], dg


HINTS = [
    "Two roads lead from v to w: v itself, and the norm below it. And what exactly does g multiply?",
    "dg is dw times the unit vector, summed over the row. For dv, scale dw by g / |v| and take away its part along "
    "v: moving along v changes only the length, and that is g's business.",
    "`dg = (dw * v).sum(axis=1) / norms[:, 0]`, `dv = g[:, None] / norms * dw - g[:, None] * dg[:, None] / norms**2 "
    "* v`.",
]
