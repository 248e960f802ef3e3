"""dropout_backward: the gradient passes where the forward let its unit pass, scaled as there.

dx = dout * mask / (1 - p) with the forward's own mask; dx = dout after a test pass (as autograd gives it through
torch.nn.functional.dropout). The student's forward draws; its factors are read off its answer, out / x, and dx has to
be dout times the same ones.
"""

import numpy as np

from autograder.exercises.dropout import _draws, _gradients, _noise, dropout_forward
from autograder.judge import Case, Procedure, remembering, slips

OF = _gradients.Gradients(
    name="dropout_backward",
    layer=dropout_forward.LAYER,
    draw=lambda rng, shape, dtype: _draws.draw_x(rng, shape, dtype) * 2,
    arguments=("x", "dout"),
    reports=2,
    returns=("dx",),
    exact=lambda call, dout, factors: [dout.astype(np.float64) * factors],
    terms=lambda call, dout, factors: [np.abs(dout).max() * np.maximum(factors.max(), 1.0)],
    masked="dx",
    unmasked=lambda call, dout: dout.astype(np.float64),
    cache=lambda call, mask, scale: (mask, scale, call.arrays[0] * mask * scale),
    from_zeros="mask_from_output",
)
USUAL = ((15, 20), 0.4)
SHAPES = [((18, 18), 0.4), ((5, 4, 5, 3), 0.4), ((300,), 0.4), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.4)]

EXERCISE = Procedure(
    functions=("dropout_forward", "dropout_backward"),
    section="3 · Backward",
    ask=_gradients.asking(OF),
    cases=[
        Case("dx is dout times what the forward multiplied x by", calls=[USUAL, ((40, 30), 0.8)], weight=4),
        Case("gradients pass where units were kept", asks=["mask"], calls=[USUAL, ((40, 30), 0.8)], weight=2),
        Case("after a test pass dx is dout", calls=[((15, 20), 0.4, False), ((3, 4, 5, 6), 0.8, False)], weight=2),
        Case("p = 0 passes all, p = 0.99 nearly nothing", calls=[((80, 125), 0.99), ((3, 5), 0.0)], weight=0.5),
        _gradients.in_turns((15, 20), 0.4),
        *_noise.manners(USUAL, SHAPES, "any shape: vectors, images, a square, lengths of 1"),
    ],
)


def forward(x, p, rng, *, train):
    p = p if train else 0.0
    mask = (rng.random(x.shape) >= p).astype(x.dtype)
    scale = 1 / (1 - p)
    out = x * mask * scale
    return out, (mask, scale, out)


def backward(dout, cache):
    mask, scale, _ = cache
    return dout * mask * scale


right = forward, backward

MISTAKES = slips("""
new_mask (core):
    return out, (mask, scale, out) -> return out, (p, scale, rng)
    mask, scale, _ = cache -> p, scale, rng = cache; mask = (rng.random(dout.shape) >= p).astype(dout.dtype)
    The backward draws a mask of its own. The gradient passes through the units that the forward kept: put its mask into
    the cache.

mask_forgotten (core): dout * mask * scale -> dout
    dx is dout, as if nothing had been dropped. Where a unit was dropped, its x had no effect: its gradient is 0.
scale_forgotten: dout * mask * scale -> dout * mask
    The mask is right, the scale is missing: out = x * mask / (1 - p), so dx = dout * mask / (1 - p).
scaled_twice: dout * mask * scale -> dout * mask * scale**2
    dout is divided by 1 - p twice: once with the cached mask, once more. Once is enough.
scaled_by_keep: dout * mask * scale -> dout * mask / scale
    dout is multiplied by 1 - p where it has to be divided: the backward scales as the forward did.
scaled_without_mask (core): dout * mask * scale -> dout * scale
    dout is scaled but not masked. Where a unit was dropped, its gradient is 0.
opposite_mask (core): dout * mask * scale -> dout * (1 - mask) * scale
    The gradient passes where the unit was dropped, and not where it was kept: the mask is the wrong way round.

multiplied_by_out: dout * mask * scale -> dout * cache[2]
    dout is multiplied by out (or by x and the mask). out = x * mask / (1 - p) is linear in x: its derivative is mask /
    (1 - p), without x.

without_dout (core): dout * mask * scale -> mask * scale
    The cached mask comes back, without dout: multiply by the upstream gradient (chain rule).
wrong_sign: dout * mask * scale -> -dout * mask * scale
    The sign is turned. out grows with x where a unit was kept: dx = dout * mask / (1 - p).

mask_from_output (detail): dout * mask * scale -> dout * (cache[2] != 0) * scale
    The mask is read off out: a unit of x that is 0 by itself counts as dropped, and its gradient is lost. Cache the
    mask that was drawn.

active_at_test:
    p = p if train else 0.0 ->
    out = x * mask * scale -> out = x * mask * scale if train else x
    After a forward with train=False the gradient is still masked. Nothing was dropped there: dx = dout.

scales_at_test:
    p = p if train else 0.0 -> keep, p = 1 - p, p if train else 0.0
    (mask, scale, out) -> (mask, 1 / keep, out)
    After a forward with train=False the gradient is still scaled. Nothing was scaled there: dx = dout.

changes_cache (detail): return dout * mask * scale -> mask *= dout; return mask * scale
    The backward writes into its cache, and gives another answer when it is called again: something like `mask *= dout`.
    Make a new array: `dout * mask`.

in_place (detail): return dout * mask * scale -> dout *= mask * scale; return dout
    `dout *= mask` writes into the caller's array. Make a new one: `dout * mask`.
changes_dtype (detail): dout * mask * scale -> dout * (mask * np.full(mask.shape, scale))
    Float32 goes in and float64 comes out: the cached mask is float64. Give it the dtype of x in the forward.
""")


@remembering(
    "The backward uses the mask of the latest forward, whichever cache it is given. The mask belongs in the cache, not "
    "in a global variable."
)
def last_forward():
    latest = {}

    def keeps(x, p, rng, *, train):
        out, latest["cache"] = forward(x, p, rng, train=train)
        return out, None

    return keeps, lambda dout, cache: backward(dout, latest["cache"])


def of_a_closure(x, p, rng, *, train):
    """The cache is the backward itself."""
    kept = rng.random(x.shape) < 1 - p if train else np.ones(x.shape, bool)
    by = 1 - p if train else 1

    def back(dout):
        return np.where(kept, dout / by, np.zeros_like(dout))

    return np.where(kept, x / by, np.zeros_like(x)), back


ALTERNATIVES = [(of_a_closure, lambda dout, cache: cache(dout))]

HINTS = [
    "For fixed draws, out is x times a constant array. What is the derivative of that?",
    "The same array: mask / (1 - p). The forward has it; the cache brings it here. What does a test pass multiply by?",
    "`return dout if cache is None else dout * cache`, when the forward returns `None` at test time and its scaled "
    "mask in training.",
]
