"""weightnorm_forward: weights by their length and direction.

w_i = g_i v_i / |v_i|, a length for each row of v, which are the units' incoming weights (Salimans and Kingma 2016,
equation 2; lecture 004). Reference: torch.nn.utils.parametrizations.weight_norm(dim=0).
"""

import numpy as np

from autograder.exercises.normalization._weights import draw
from autograder.judge import Case, Function, alternative, slips, torch


def torch_weight(v, g):
    """PyTorch's own parametrization, with these numbers in it."""
    layer = torch.nn.utils.parametrizations.weight_norm(
        torch.nn.Linear(v.shape[1], v.shape[0], bias=False, dtype=torch.float64), dim=0
    )
    lengths, directions = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
    with torch.no_grad():
        lengths.copy_(g[:, None])
        directions.copy_(v)
    return layer.weight.detach()


EXERCISE = Function(
    draw=draw,
    reference=lambda v, g: (torch_weight(v, g), None),
    returns=("w", None),
    section="6 · Length and direction",
    typical={"out": 3, "d": 5, "g": "any"},
    sizes={"out": "units", "d": "inputs"},
    # A row of zeros has no direction.
    tied=("g",),
    cases=[
        Case("a few units", out=3, d=4, weight=2),
        Case("lengths that are the rows' own: nothing changes", out=4, d=6, g="norms"),
        Case("lengths of 1", out=5, d=3, g="ones"),
        Case("negative lengths, a length of 0", out=4, d=3, g="any", weight=2),
        Case("as many units as inputs", out=4, d=4, g="any", weight=2),
        Case("one input: only its sign is left", out=5, d=1),
        Case("rows from 1e-3 to 1e3", out=6, d=5, norms=(1e-3, 1e3), weight=2),
    ],
)


def right(v, g):
    norms = np.sqrt((v**2).sum(axis=1, keepdims=True))
    w = g[:, None] * v / norms
    return w, (v, g, norms)


MISTAKES = slips("""
norm_of_everything (core): (v**2).sum(axis=1, keepdims=True) -> (v**2).sum()
    The norm is that of all of v. Each unit has a direction and a length of its own: sum over its row, `axis=1`.
norm_of_the_columns (core): (v**2).sum(axis=1, keepdims=True) -> (v**2).sum(axis=0, keepdims=True)
    The norms are those of the columns. A unit's incoming weights are a row of v: sum over `axis=1`.
root_forgotten: np.sqrt((v**2).sum(axis=1, keepdims=True)) -> (v**2).sum(axis=1, keepdims=True)
    v is divided by the square of its length: the root is missing.

eps_added (detail): np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True) + 1e-5)
    or np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True) + 1e-8)
    or np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True) + 1e-6)
    or np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True)) + 1e-5
    or np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True)) + 1e-6
    or np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).sum(axis=1, keepdims=True)) + 1e-8
    An eps is added to the norm, so short rows come out too short. Here w has the length g exactly: no eps.

not_divided (core): g[:, None] * v / norms -> g[:, None] * v
    v is not divided by its length: then g is no length, only another factor.
g_missing (core): g[:, None] * v / norms -> v / norms
    `g` is not used: it is the length of each row.
g_along_the_inputs: g[:, None] * v / norms -> g * v / norms
    `g * v` lines g up with the inputs: an error, or wrong numbers where there are as many units. It belongs to the
    rows: `g[:, None]`.
absolute_length: g[:, None] * v / norms -> np.abs(g)[:, None] * v / norms
    The sign of g is lost: a negative one turns the row round.
sum_of_sizes: np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.abs(v).sum(axis=1, keepdims=True)
    The length is the sum of absolute values. It is the Euclidean one: the root of the sum of squares.
root_mean_square: np.sqrt((v**2).sum(axis=1, keepdims=True)) -> np.sqrt((v**2).mean(axis=1, keepdims=True))
    The mean of the squares stands where their sum belongs: then |w| is g sqrt(in), not g.
in_place (detail): -> given = v; v = v.copy(); given *= g[:, None]
    `v /= ...` writes into the caller's array. Make a new one.
""")


@alternative
def with_loops(v, g):
    w = np.zeros_like(v)
    for i, row in enumerate(v):
        w[i] = g[i] / sum(value * value for value in row) ** 0.5 * row
    return [w, None]


@alternative
def unit_vectors(v, g):
    directions = v / np.linalg.norm(v, axis=1)[:, np.newaxis]
    return np.einsum("o,oi->oi", g, directions), {"directions": directions}


HINTS = [
    "A row of v is the direction of one unit's weights. How does a vector get length 1, and then length g?",
    "The Euclidean norm of each row, with `keepdims=True`; g has one number for each row. Keep v, g and the norms in "
    "the cache.",
    "`norms = np.sqrt((v**2).sum(axis=1, keepdims=True))`, `w = g[:, None] * v / norms`, `cache = (v, g, norms)`.",
]
