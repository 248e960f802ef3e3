"""dropconnect_backward: gradients of a dense layer some of whose weights were dropped.

With S = mask / (1 - p): dx = dout @ (W * S).T, dW = (x.T @ dout) * S, db = sum of dout over the batch (Wan et al. 2013,
section 3). Reference: autograd through x @ (W * S) + b, where S is read off the answer of the student's own forward.
"""

import numpy as np

from autograder.exercises.dropout import _draws, _gradients, _noise, _weights
from autograder.judge import Case, Procedure, in_torch, remembering, slips, torch, vjp


def draw(rng, shape, dtype):
    x, W, b = _weights.draw(rng, shape, dtype)
    return x, W, b, _draws.draw_x(rng, (len(x), len(b)), dtype)[0]


def solution(call, dout, factors):
    x, W, _ = (array.astype(np.float64) for array in call.arrays)
    return backward(dout.astype(np.float64), (x, W, factors, 1.0))


@in_torch(otherwise=solution)
def gradients(call, dout, factors):
    """dx, dW, db by autograd."""
    x, W, b = (torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in call.arrays)
    out = x @ (W * torch.tensor(factors)) + b
    return [g.numpy() for g in vjp(out, (x, W, b), torch.tensor(dout, dtype=torch.float64))]


def terms(call, dout, factors):
    """Sums over the batch cancel: rounding is as large as the largest sum of sizes."""
    x, W, _ = (np.abs(array.astype(np.float64)) for array in call.arrays)
    dout, factors = np.abs(dout.astype(np.float64)), np.maximum(factors, 1.0)
    return [(dout @ (W * factors).T).max(), ((x.T @ dout) * factors).max(), dout.sum(axis=0).max()]


OF = _gradients.Gradients(
    name="dropconnect_backward",
    layer=_weights.LAYER,
    draw=draw,
    arguments=("x", "W", "b", "dout"),
    zeroed=1,
    reports=4,
    returns=("dx", "dW", "db"),
    exact=gradients,
    terms=terms,
    masked="dW",
    unmasked=lambda call, dout: call.arrays[0].T.astype(np.float64) @ dout,
    cache=lambda call, mask, scale: (*call.arrays[:2], mask, scale),
    from_zeros="mask_from_weights",
    asked_of_forward=("same", "bias"),
)
USUAL = ((8, 60), 0.4)
SHAPES = [((20, 20), 0.4), ((1, 300), 0.4), ((80, 1), 0.4), ((1, 1), 0.4)]
CALLS = [USUAL, ((12, 40), 0.8)]

EXERCISE = Procedure(
    functions=("dropconnect_forward", "dropconnect_backward"),
    section="5 · DropConnect: dropping weights",
    ask=_gradients.asking(OF),
    cases=[
        Case("dx goes through the weights that were kept", asks=["dx"], calls=CALLS, weight=3),
        Case("dW is that of the weights that were kept", asks=["dW"], calls=CALLS, weight=3),
        Case("db is the sum of dout", asks=["db"], calls=CALLS, weight=1.5),
        Case("after a test pass: a plain dense layer", calls=[((8, 60), 0.4, False), ((5, 70), 0.8, False)], weight=2),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=[((50, 200), 0.99), ((5, 70), 0.0)], weight=0.5),
        _gradients.in_turns((8, 60), 0.4),
        *_noise.manners(USUAL, SHAPES, "any shape: square, one sample, one input, one output"),
    ],
)


def forward(x, W, b, p, rng, *, train):
    p = p if train else 0.0
    mask = (rng.random(W.shape) >= p).astype(W.dtype)
    scale = 1 / (1 - p)
    out = x @ (W * mask * scale) + b
    return out, (x, W, mask, scale)


def backward(dout, cache):
    x, W, mask, scale = cache
    dx = dout @ (W * mask * scale).T
    dW = x.T @ dout * mask * scale
    db = dout.sum(axis=0)
    return dx, dW, db


right = forward, backward

MISTAKES = slips("""
dx_with_all_weights: dout @ (W * mask * scale).T -> dout @ W.T
    dx goes through all of W. The signal went through the masked weights: dx = dout @ (W * mask / (1 - p)).T.
dx_not_scaled: dout @ (W * mask * scale).T -> dout @ (W * mask).T
    dx goes through the masked weights, but without 1 / (1 - p): the forward scaled them.
dW_not_masked: x.T @ dout * mask * scale -> x.T @ dout
    dW is not masked. A dropped weight had no effect: its gradient is 0, and the others' is scaled by 1 / (1 - p).
dW_not_scaled: x.T @ dout * mask * scale -> x.T @ dout * mask
    dW is masked but not scaled: W was multiplied by mask / (1 - p), so its gradient is too.
dW_scaled_not_masked: x.T @ dout * mask * scale -> x.T @ dout * scale
    dW is scaled but not masked. A dropped weight had no effect: its gradient is 0.
dW_scaled_twice: x.T @ dout * mask * scale -> x.T @ dout * mask * scale**2
    dW is divided by 1 - p twice. Once is enough.

backward_without_mask (core):
    dout @ (W * mask * scale).T -> dout @ W.T
    x.T @ dout * mask * scale -> x.T @ dout
    dx and dW are those of a plain dense layer. The weights were masked and scaled: dx goes through W * mask / (1 - p),
    and dW is multiplied by mask / (1 - p).

scale_forgotten:
    dout @ (W * mask * scale).T -> dout @ (W * mask).T
    x.T @ dout * mask * scale -> x.T @ dout * mask
    dx and dW are masked, but 1 / (1 - p) is missing in both: the forward scaled the weights.

new_mask (core):
    return out, (x, W, mask, scale) -> return out, (x, W, p, rng)
    x, W, mask, scale = cache -> x, W, p, rng = cache; mask = rng.random(W.shape) >= p; scale = 1 / (1 - p)
    The backward draws a mask of its own. Put the forward's into the cache.

db_scaled: dout.sum(axis=0) -> dout.sum(axis=0) * scale
    db is scaled by 1 / (1 - p). b was added as it is: db is the sum of dout over the batch.

averaged:
    x.T @ dout * mask * scale -> x.T @ dout * mask * scale / len(x)
    dout.sum(axis=0) -> dout.mean(axis=0)
    dW and db are averaged over the batch. Every sample uses the same W and b: their contributions add up; a 1/N, if
    there is one, comes with dout.

db_averaged: dout.sum(axis=0) -> dout.mean(axis=0)
    db is averaged over the batch. Every sample uses the same b: sum.
order_swapped (detail): return dx, dW, db -> return dW, dx, db
    The gradients come in another order: it is dx, dW, db.

active_at_test:
    p = p if train else 0.0 ->
    out = x @ (W * mask * scale) + b -> out = x @ (W * mask * scale if train else W) + b
    After a forward with train=False the gradients are still masked. No weight was dropped there.

mask_from_weights (detail):
    return out, (x, W, mask, scale) -> return out, (x, W, W * mask, scale)
    x, W, mask, scale = cache -> x, W, mask, scale = cache; mask = (mask != 0).astype(W.dtype)
    The mask is read off the masked weights: a weight that is 0 by itself counts as dropped, and its gradient is lost.
    Cache the mask that was drawn.

changes_cache (detail): dW = x.T @ dout * mask * scale -> mask *= x.T @ dout; dW = mask * scale
    The backward writes into its cache, and gives another answer when it is called again. Make new arrays.
""")


@remembering(
    "The backward uses what the latest forward left, whichever cache it is given. All it needs belongs in the cache, "
    "not in a global variable."
)
def last_forward():
    latest = {}

    def keeps(x, W, b, p, rng, *, train):
        out, latest["cache"] = forward(x, W, b, p, rng, train=train)
        return out, None

    return keeps, lambda dout, cache: backward(dout, latest["cache"])


def caching_a_closure(x, W, b, p, rng, *, train):
    kept = rng.random(W.shape) >= p if train else np.full(W.shape, True)
    by = 1 - p if train else 1.0
    used = np.where(kept, W / by, np.zeros_like(W))

    def back(dout):
        dW = np.where(kept, (dout.T @ x).T / by, np.zeros_like(W))
        return (used @ dout.T).T, dW, np.add.reduce(dout, axis=0)

    return x @ used + b, back


ALTERNATIVES = [(caching_a_closure, lambda dout, cache: cache(dout))]

HINTS = [
    "Call the weights that were used V = W * mask / (1 - p). What are the gradients of x @ V + b in x, V and b?",
    "dx = dout @ V.T, dV = x.T @ dout, db sums dout over the batch. The last step is from V to W: V is W times a "
    "constant array.",
    "`x, W, scaled = cache`; `dx = dout @ (W * scaled).T`; `dW = (x.T @ dout) * scaled`; `db = dout.sum(axis=0)`.",
]
