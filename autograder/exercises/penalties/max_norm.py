"""max_norm: no unit's incoming weights longer than c.

Each vector along `axis` that is longer than c gets length c, the others stay (Srivastava et al. 2014, section 5.1;
lecture 004). Exactly c: torch.renorm, which divides by norm + 1e-7 and whose dim is the axis that is kept, is off by
1e-7 / norm, so the reference is the formula in torch, and the tests compare both.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips, torch


def draw(rng, case):
    """Vectors along `axis` of lengths on both sides of c, none near it unless `at` puts one on it."""
    shape, axis, c = case.get("shape", (5, 4)), case.get("axis", 0), case.get("c", 2.0)
    w = rng.standard_normal(shape)
    norms = np.sqrt((w**2).sum(axis, keepdims=True))
    factor = np.where(
        rng.random(norms.shape) < 0.5, rng.uniform(0.1, 0.9, norms.shape), rng.uniform(1.1, 5.0, norms.shape)
    )
    if case.get("far"):
        factor = 10 ** rng.uniform(-3, 3, norms.shape)
    w = w / norms * factor * c
    if case.get("zero"):
        np.moveaxis(w, axis, 0)[(slice(None), *[0] * (w.ndim - 1))] = 0.0
    return {"w": w, "c": c, "axis": axis}, {}


def reference(w, c, axis):
    norms = torch.linalg.vector_norm(w, dim=axis, keepdim=True)
    return torch.where(norms > c, w / norms.clamp(min=1e-300) * c, w)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("w",),
    section="4 · A fence instead of a price",
    typical={"shape": (5, 4), "axis": 0, "c": 2.0},
    forms=[
        {"shape": (4, 4)},
        {"shape": (4, 4), "axis": 1},
        {"shape": (1, 5)},
        {"shape": (5, 1)},
        {"shape": (6,), "axis": 0},
        {"shape": (2, 3, 4), "axis": 1},
    ],
    # Lengths would come to lie anywhere, also on c.
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("columns, the incoming weights of (in, out)", shape=(6, 4), axis=0, c=2.0, weight=3),
        Case("rows", shape=(4, 6), axis=1, c=0.5, weight=2),
        Case("a square matrix, its columns", shape=(5, 5), axis=0, c=1.0, weight=2),
        Case("a negative axis", shape=(4, 6), axis=-1, c=1.5),
        Case("short vectors, c = 1e-3", shape=(6, 5), axis=0, c=1e-3),
        Case("three axes", shape=(3, 4, 2), axis=1, c=3.0),
        Case("a vector of zeros stays", shape=(5, 4), axis=0, c=1.0, zero=True, weight=6),
        Case("lengths from 1e-3 c to 1e3 c", shape=(5, 8), axis=0, c=2.0, far=True),
    ],
)


def right(w, c, axis):
    norms = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    factor = c / np.maximum(norms, c)
    return w * factor


MISTAKES = slips("""
other_axis (core): (w**2).sum(axis=axis, keepdims=True) -> (w**2).sum(axis=1 - axis % w.ndim, keepdims=True)
    The norms are taken over the other axis. `axis` is the one that is summed over: axis=0 for the incoming weights of
    (in, out). (torch.renorm's dim is the axis that is kept.)

all_scaled (core): c / np.maximum(norms, c) -> c / np.maximum(norms, 1e-300)
    Short vectors are made longer: all come to length c. Those that are within c stay as they are.
whole_array (core): (w**2).sum(axis=axis, keepdims=True) -> (w**2).sum()
    The norm is that of the whole array. Each unit's weights have their own: sum along `axis`.
each_entry (core): return w * factor -> return np.clip(w, -c, c)
    Each entry is clipped by itself, which also turns the vector. Scale the whole vector, so that its direction stays.
nan_for_zeros: c / np.maximum(norms, c) -> np.where(norms / norms * norms > c, c / norms, norms / norms)
    A vector of zeros becomes nan: 0 / 0. It stays 0.
root_forgotten: np.sqrt((w**2).sum(axis=axis, keepdims=True)) -> (w**2).sum(axis=axis, keepdims=True)
    The squared length is compared with c: the root is missing.
sum_of_sizes: np.sqrt((w**2).sum(axis=axis, keepdims=True)) -> np.abs(w).sum(axis=axis, keepdims=True)
    The length is the sum of sizes. It is the Euclidean one: the root of the sum of squares.
set_to_one: c / np.maximum(norms, c) -> np.where(norms > c, 1 / np.maximum(norms, 1e-300), 1.0).astype(w.dtype)
    Long vectors get length 1. They get length c.
zeroed: c / np.maximum(norms, c) -> np.where(norms > c, 0.0, 1.0).astype(w.dtype)
    Long vectors become 0. They are made as long as c.
eps_added (detail): c / np.maximum(norms, c) -> np.where(norms > c, c / (norms + 1e-6), 1.0).astype(w.dtype)
    or c / np.maximum(norms, c) -> np.where(norms > c, c / (norms + 1e-7), 1.0).astype(w.dtype)
    or c / np.maximum(norms, c) -> np.where(norms > c, c / (norms + 1e-8), 1.0).astype(w.dtype)
    An eps is added to the length, as torch.renorm does: what comes out is a little too short. Here it is c exactly.
in_place (detail): -> given = w; w = w.copy(); given *= 0.5
    The caller's weights are overwritten: `w *= ...`. Make a new array.
""")


@alternative
def with_loops(w, c, axis):
    out = np.moveaxis(w.copy(), axis, -1)
    for place in np.ndindex(out.shape[:-1]):
        length = np.sqrt(sum(value * value for value in out[place]))
        if length > c:
            out[place] = out[place] * (c / length)
    return np.moveaxis(out, -1, axis)


@alternative
def by_a_mask(w, c, axis):
    norms = np.linalg.norm(w, axis=axis, keepdims=True)
    safe = np.where(norms > c, norms, c)
    return np.where(norms > c, w / safe * c, w).astype(w.dtype)


HINTS = [
    "One vector after the other: is it longer than c? Then what has to be done to all of its entries?",
    "The Euclidean norms along `axis` with `keepdims=True`; the factor is c / norm for the long ones, 1 for the "
    "others. Mind a vector of zeros.",
    "`norms = np.sqrt((w**2).sum(axis=axis, keepdims=True))`, `w * (c / np.maximum(norms, c))`.",
]
