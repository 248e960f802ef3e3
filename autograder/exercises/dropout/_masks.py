"""Masks: factors that are 0, or one number for all that is kept. How they are judged, and what goes wrong with them.

The mistakes are edits of the lines that every right layer with a mask has:

kept = rng.random(shape) >= p
scale = 1 / (1 - p)
mask = (kept * scale).astype(x.dtype)
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from autograder.exercises.dropout._draws import SAME, close, distinct, idle, own, surely, tied
from autograder.judge import Finding, Mistake, Slip, slips
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL, counts_are_off

# From so many units on, a share tells p from other wrong shares too.
TELLING = 3_000


def coin(factors, p):
    return factors != 0, 1 - p


def wrong_scales(p):
    """What the kept ones are multiplied by instead of 1 / (1 - p)."""
    return {
        "not_scaled": 1.0,
        "scaled_twice": 1 / (1 - p) ** 2,
        "scaled_by_keep": 1 - p,
        "root_of_keep": 1 / (1 - p) ** 0.5,
        "divided_by_p": 1 / p,
    }


def looks(scale: Callable = lambda p: 1 / (1 - p), wrong: Callable = wrong_scales) -> dict[str, Callable]:
    """What is looked at in the factors of a mask; each of them for itself."""

    def scaled(layer, seen):
        p, factors, kept = seen.call.p, seen.factors, seen.factors != 0
        if p == 0:
            right = close(factors, 1.0, seen.rtol)
            return [] if right else [Finding("with p = 0 nothing must be dropped or scaled")]
        if not kept.any():
            return [Finding("everything is dropped")] if surely(kept.size, p) else []
        if kept.all() and surely(kept.size, 1 - p):
            return [idle(seen)] if np.ptp(factors) < SAME else [Finding("nothing is dropped")]
        numbers = factors[kept]
        if close(numbers, scale(p), seen.rtol):
            return []
        names = [name for name, number in wrong(p).items() if close(numbers, number, seen.rtol)]
        if measured(factors, seen.rtol):
            # Of a few units just the expected share may be kept by luck: it may be either.
            names = [] if names or kept.size < TELLING else ["measured_rate"]
        if names == ["divided_by_p"]:
            # With the share that is right it is the scale, with the other one p is taken for the probability to keep.
            both = {"divided_by_p": 1 - p, "p_is_keep_probability": p}
            names = [name for name, chance in both.items() if is_share(kept, chance)]
        return [Finding(f"what is kept is not multiplied by {scale(p):g}", *names[:1])]

    def rate(layer, seen):
        p, kept = seen.call.p, seen.factors != 0
        if p == 0 or not counts_are_off(int(kept.sum()), kept.size, 1 - p):
            return []
        message, got = f"the share of what is dropped is not p = {p:g}", f"{1 - kept.mean():.4f}"
        if kept.all() or not kept.any():
            return [Finding(message, idle(seen).mistake, got)]
        kept = distinct(kept, tied(kept, 1 - p))
        if not counts_are_off(int(kept.sum()), kept.size, 1 - p):
            return []
        names = [name for name, chance in wrong_shares(p).items() if is_share(kept, chance)]
        if names == ["keep_and_drop_swapped"] and "divided_by_p" in wrong(p):
            by_p = close(seen.factors[seen.factors != 0], 1 / p, seen.rtol)
            names = ["p_is_keep_probability"] if by_p else names
        return [Finding(message, names[0] if len(names) == 1 else None, got)]

    return {"scale": scaled, "rate": rate, "own": own}


def wrong_shares(p):
    """How many are kept instead of 1 - p."""
    shares = {"keep_and_drop_swapped": p, "always_half": 0.5, "normal_numbers": float(special.ndtr(-p))}
    return {name: share for name, share in shares.items() if abs(share - (1 - p)) > 0.05}


def is_share(kept, chance):
    n = kept.size
    return n >= TELLING and abs(kept.sum() - n * chance) < 4.5 * math.sqrt(n * chance * (1 - chance))


def measured(factors, rtol):
    """Whether the scale makes the mean exactly 1: of all, or of each row or column that keeps anything."""
    rows = factors.reshape(len(factors), -1)
    means = [view.mean(axis=1) for view in (factors.reshape(1, -1), rows, rows.T) if view.shape[1] > 1]
    return any(close(mean[mean > 0], 1.0, rtol) for mean in means)


def buffered(right: Callable) -> Mistake:
    """A right layer that writes each answer into one array."""

    def made():
        buffers: dict = {}

        def layer(*args, **modes):
            out, more = right(*args, **modes)
            buffer = buffers.setdefault((out.shape, out.dtype), np.empty_like(out))
            buffer[...] = out
            return buffer, more

        return layer

    return Mistake(
        "overwrites_earlier_result",
        made,
        "The answer is written into an array that the next call uses again, while the caller still has it. Return a "
        "new array each time.",
        degree="detail",
        remembers=True,
    )


# ---------------------------------------------------------------------------- mistakes, of units, channels or weights


def draws(one: str, shape: str) -> list[Slip]:
    """What goes wrong with the draws; `shape` is that of the mask, as it is written."""
    return slips(f"""
keep_and_drop_swapped: rng.random(shape) >= p -> rng.random(shape) < p
    Keep and drop are swapped: each {one} is kept with probability p. Here p is the probability to DROP: keep where
    `rng.random({shape}) >= p`.

always_half: rng.random(shape) >= p -> rng.random(shape) >= 0.5
    Half of all is dropped whatever p is. Compare with p: `rng.random({shape}) >= p`.

normal_numbers: rng.random(shape) >= p -> rng.standard_normal(shape) >= p
    The numbers that are compared with p are normal ones (`randn` for `rand`). Uniform numbers on [0, 1) lie below p
    with probability p: `rng.random({shape})`.

fixed_number (detail):
    rng.random(shape) >= p -> rng.permutation(int(np.prod(shape))).reshape(shape) >= p * np.prod(shape)
    Each time exactly as many are dropped: a fixed number is chosen. Each {one} decides for itself, with a draw of its
    own: compare `rng.random({shape})` with p.

global_generator (detail): rng.random(shape) -> np.random.random(shape)
    or rng.random(shape) -> np.random.default_rng().random(shape)
    {GLOBAL_GENERATOR}

same_draw_each_call: rng.random(shape) -> np.random.default_rng(0).random(shape)
    or rng.random(shape) -> __import__("copy").deepcopy(rng).random(shape)
    {SAME_DRAW_EACH_CALL}
""")


def scales(one: str, shape: str) -> list[Slip]:
    """What goes wrong with the scale."""
    return slips(f"""
p_is_keep_probability:
    rng.random(shape) >= p -> rng.random(shape) < p
    1 / (1 - p) -> 1 / p
    p is taken for the probability to KEEP (lecture 003 does): kept with probability p, divided by p. Here p is the
    probability to DROP: keep where `rng.random({shape}) >= p`, and divide by 1 - p.

not_scaled: 1 / (1 - p) -> 1.0
    The mask is right, but what is kept is not scaled. Inverted dropout divides it by 1 - p, so that each {one} keeps
    its mean and test time has nothing to do.

scaled_twice: 1 / (1 - p) -> 1 / (1 - p) ** 2
    What is kept is divided by 1 - p twice. Once is enough.

scaled_by_keep: 1 / (1 - p) -> 1 - p
    What is kept is multiplied by 1 - p. It has to grow, to make up for what is dropped: divide by 1 - p.

root_of_keep: 1 / (1 - p) -> 1 / (1 - p) ** 0.5
    What is kept is divided by sqrt(1 - p), which keeps the mean square. Dropout keeps the mean: divide by 1 - p.

divided_by_p: 1 / (1 - p) -> 1 / p
    What is kept is divided by p. It is there with probability 1 - p: divide by 1 - p.

measured_rate: 1 / (1 - p) -> 1 / kept.mean()
    The scale is the share that happened to be kept (`mask.mean()`). It is the probability, 1 - p, the same in each
    call: else each {one} depends on the others' luck.

changes_dtype (detail): (kept * scale).astype(x.dtype) -> kept * np.full(shape, scale)
    Float32 goes in and float64 comes out: random numbers are float64 and carry over. Give the mask the dtype of the
    input, `.astype(x.dtype)`, before multiplying.
""")


def modes(one: str) -> list[Slip]:
    """What goes wrong with `train`, and the caller's x."""
    return slips(f"""
never_drops (core): -> return x, None
    Nothing is dropped in training: what comes out is what went in. (Is `train` turned round?) Each {one} is dropped
    with probability p.

active_at_test (core): if not train: return x, None ->
    With train=False there is still dropping. At test time nothing is random: out is x.

scales_at_test: return x, None -> return x * (1 - p), None
    With train=False there is scaling. Inverted dropout has scaled in training; at test time nothing is left to do.

in_place (detail): return x * mask, mask -> x *= mask; return x, mask
    `x *= mask` writes into the caller's array. Make a new one: `x * mask`.
""")


SHARED = slips("""
shared_by_batch: shape = x.shape -> shape = x.shape[1:]
    All samples of the batch share one mask. Every sample draws its own: the mask has the shape of x,
    `rng.random(x.shape)`.

shared_by_features: shape = x.shape -> shape = x.shape[:1] + (1,) * (x.ndim - 1)
    All units of a sample are dropped together, or none. Every unit draws for itself: the mask has the shape of x,
    `rng.random(x.shape)`.

whole_channels (detail): shape = x.shape -> shape = x.shape[:2] + (1,) * (x.ndim - 2)
    Whole channels are dropped: that is spatial dropout, a later exercise. Here every single unit draws for itself: the
    mask has the shape of x.
""")


BY_SHAPE = tuple(slip.name for slip in SHARED)


def shared(axes, ndim):
    """The name of a mistake by the axes along which the mask of units is all the same."""
    names = {
        tuple(range(2, ndim)): "whole_channels",
        tuple(range(1, ndim)): "shared_by_features",
        (0,): "shared_by_batch",
    }
    return names.get(axes)
