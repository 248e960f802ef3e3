"""dropout_backward: the gradient passes where the forward let its unit pass, scaled as there.

dx = dout * mask / (1 - p) with the forward's own mask; dx = dout after a test pass (as autograd gives it through
torch.nn.functional.dropout). The student's forward draws; its factors are read off its answer, out / x, and dx has to be
dout times the same ones.
"""

import numpy as np

from autograder.exercises.dropout._noise import (
    IN_PLACE,
    as_like,
    draw_x,
    factors_of,
    generator,
    report,
    surely,
    unchanged,
)
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script
from autograder.judge.chance import counts_are_off
from autograder.judge.compare import RTOL

SENTENCES = {
    "new_mask": "The backward draws a mask of its own. The gradient passes through the units that the forward kept: put its mask "
    "into the cache.",
    "last_forward": "The backward uses the mask of the latest forward, whichever cache it is given. The mask belongs in the cache, not "
    "in a global variable.",
    "mask_forgotten": "dx is dout, as if nothing had been dropped. Where a unit was dropped, its x had no effect: its gradient is 0.",
    "scale_forgotten": "The mask is right, the scale is missing: out = x * mask / (1 - p), so dx = dout * mask / (1 - p).",
    "scaled_twice": "dout is divided by 1 - p twice: once with the cached mask, once more. Once is enough.",
    "scaled_by_keep": "dout is multiplied by 1 - p where it has to be divided: the backward scales as the forward did.",
    "scaled_without_mask": "dout is scaled but not masked. Where a unit was dropped, its gradient is 0.",
    "opposite_mask": "The gradient passes where the unit was dropped, and not where it was kept: the mask is the wrong way round.",
    "multiplied_by_out": "dout is multiplied by out (or by x and the mask). out = x * mask / (1 - p) is linear in x: its derivative is "
    "mask / (1 - p), without x.",
    "without_dout": "The cached mask comes back, without dout: multiply by the upstream gradient (chain rule).",
    "mask_from_output": "The mask is read off out: a unit of x that is 0 by itself counts as dropped, and its gradient is lost. Cache "
    "the mask that was drawn.",
    "active_at_test": "After a forward with train=False the gradient is still masked. Nothing was dropped there: dx = dout.",
    "scales_at_test": "After a forward with train=False the gradient is still scaled. Nothing was scaled there: dx = dout.",
    "changes_cache": "The backward writes into its cache, and gives another answer when it is called again: something like `mask *= dout`. "
    "Make a new array: `dout * mask`.",
}


def say(mistake):
    return Finding(SENTENCES[mistake], mistake)


def forward_factors(x, out, p, train):
    """What the student's forward multiplied x by, or a finding: who drops nothing has nothing to pass back."""
    factors = factors_of((x,), [out], p)
    if isinstance(factors, Finding):
        return Finding(f"dropout_forward: {factors.message}")
    if not train or p == 0:
        right = (np.abs(factors - 1) < 1e-6).all()
        return factors if right else Finding("dropout_forward has to give x itself here: see its own check")
    kept = factors != 0
    if (kept.all() and surely(kept.size, 1 - p)) or (not kept.any() and surely(kept.size, p)):
        return Finding("dropout_forward drops nothing or everything: see its own check")
    return factors


def same(got, wanted, dtype):
    # Of one size throughout: dout is, and so are the factors.
    return bool((np.abs(got - wanted) <= RTOL[dtype] * np.abs(wanted).max()).all())


def gradient_findings(value, dout, factors, out, p, train):
    """What is wrong with one dx."""
    dx = as_like(value, dout, "dx", "dout")
    if isinstance(dx, Finding):
        return [dx]
    dtype, dout = dout.dtype.name, dout.astype(np.float64)
    if same(dx, dout * factors, dtype):
        return []
    if not train:
        ratio = dx / dout
        if (ratio == 0).any() and ratio.any():
            return [say("active_at_test")]
        scaled = ratio.all() and np.ptp(ratio) < 1e-4
        return [say("scales_at_test") if scaled else Finding("dx is not dout")]
    kept = factors != 0
    if kept.any() and not kept.all():
        scale = np.abs(factors).max()
        answers = {
            "mask_forgotten": dout,
            "scale_forgotten": dout * kept,
            "scaled_twice": dout * factors * scale,
            "scaled_by_keep": dout * kept / scale,
            "scaled_without_mask": dout * scale,
            "opposite_mask": dout * ~kept * scale,
            "multiplied_by_out": dout * out,
            "without_dout": factors,
        }
        for name, answer in answers.items():
            if same(dx, answer, dtype):
                return [say(name)]
        ratio = dx / dout
        if ((ratio == 0) | (np.abs(ratio - scale) < 1e-4 * scale)).all() and ratio.any() and dx.size >= 100:
            return [say("new_mask")]
    return [Finding("dx is not dout times what the forward multiplied x by")]


def forward(script, x, p, rng, train=True):
    return script.call(0, x, p, rng, train=train, unpack=2, note="in dropout_forward")


def called(p, train=True):
    return f"dropout_forward(x, {p:g}, rng, train={train}), then dropout_backward(dout, cache)"


def drawn(rng, shape, dtype):
    """x and dout, neither with zeros."""
    return draw_x(rng, shape, dtype)[0], draw_x(rng, shape, dtype)[0]


def ask_each(case, rng):
    script, dtype, arrays = Script(), case.get("dtype", "float64"), []
    train = case.get("train", True)
    for shape, p in case.get("calls"):
        x, dout = drawn(rng, shape, dtype)
        out, cache = forward(script, x, p, generator(script, rng), train)
        report(script, [out, script.call(1, dout, cache)])
        arrays.append((x, dout, p))

    def findings(values):
        for (x, dout, p), out, dx in zip(arrays, values[::2], values[1::2], strict=True):
            factors = forward_factors(x, out, p, train)
            if isinstance(factors, Finding):
                return [factors]
            found = gradient_findings(dx, dout, factors, out, p, train)
            if found:
                return found
        return []

    return Probe(script, called(case.get("calls")[0][1], train), findings=findings)


def ask_turns(case, rng):
    """Two forwards, then their backwards, the first one's a second time."""
    script, (shape, p) = Script(), case.get("calls")[0]
    shared = generator(script, rng)
    arrays = [drawn(rng, shape, "float64") for _ in range(2)]
    (out1, cache1), (out2, cache2) = (forward(script, x, p, shared) for x, _ in arrays)
    first = script.call(1, arrays[0][1], cache1)
    report(script, [out1, out2, first])
    report(script, [script.call(1, arrays[1][1], cache2), first, script.call(1, arrays[0][1], cache1)])

    def findings(values):
        outs, (first, second, later, again) = values[:2], values[2:]
        factors = [forward_factors(x, out, p, True) for (x, _), out in zip(arrays, outs, strict=True)]
        for one in factors:
            if isinstance(one, Finding):
                return [one]
        (_, dout1), (_, dout2) = arrays
        if found := gradient_findings(first, dout1, factors[0], outs[0], p, True):
            mixed = gradient_findings(first, dout1, factors[1], outs[1], p, True)
            return found if mixed else [say("last_forward")]
        if found := gradient_findings(second, dout2, factors[1], outs[1], p, True):
            return found
        if not unchanged(later, first):
            return [Finding("a later call overwrites the dx that was returned before", "overwrites_earlier_result")]
        return [say("changes_cache")] if gradient_findings(again, dout1, factors[0], outs[0], p, True) else []

    return Probe(script, called(p), findings=findings)


def ask_inputs(case, rng):
    script, (shape, p) = Script(), case.get("calls")[0]
    x, dout = drawn(rng, shape, "float64")
    sent = script.put(x), script.put(dout)
    out, cache = forward(script, sent[0], p, generator(script, rng))
    report(script, [out, script.call(1, sent[1], cache), *sent])

    def findings(values):
        out, dx, *after = values
        if not unchanged(after[1], dout):
            return [Finding(IN_PLACE.format(f="dropout_backward"), "in_place")]
        if not unchanged(after[0], x):
            return [Finding("x is changed by the calls")]
        factors = forward_factors(x, out, p, True)
        return [factors] if isinstance(factors, Finding) else gradient_findings(dx, dout, factors, out, p, True)

    return Probe(script, called(p), findings=findings)


def ask_zeros(case, rng):
    """Every second column of x is 0, as behind a ReLU: units are dropped and kept there too."""
    script, (shape, p) = Script(), case.get("calls")[0]
    x, dout = drawn(rng, shape, "float64")
    x[:, ::2] = 0
    out, cache = forward(script, x, p, generator(script, rng))
    report(script, [out, script.call(1, dout, cache)])

    def findings(values):
        out, dx = (as_like(value, x, name) for value, name in zip(values, ("out", "dx"), strict=True))
        if isinstance(out, Finding) or isinstance(dx, Finding):
            return [item for item in (out, dx) if isinstance(item, Finding)]
        factors = forward_factors(x[:, 1::2], out[:, 1::2], p, True)
        if isinstance(factors, Finding):
            return [factors]
        if found := gradient_findings(dx[:, 1::2], dout[:, 1::2], factors, out[:, 1::2], p, True):
            return found
        ratio, scale = dx[:, ::2] / dout[:, ::2], np.abs(factors).max()
        if not ratio.any():
            return [say("mask_from_output")]
        if not ((ratio == 0) | (np.abs(ratio - scale) < 1e-6 * scale)).all():
            return [Finding("where x is 0, dx is neither 0 nor dout / (1 - p)")]
        off = counts_are_off(int((ratio != 0).sum()), ratio.size, 1 - p)
        return [Finding("where x is 0, gradients are not dropped with probability p")] if off else []

    return Probe(script, called(p), findings=findings)


ASK = {"each": ask_each, "turns": ask_turns, "inputs": ask_inputs, "zeros": ask_zeros}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def remembering(x, p, rng, *, train):
    """A right forward that caches all there is."""
    mask = rng.random(x.shape) >= (p if train else 0.0)
    scale = 1 / (1 - p) if train else 1.0
    out = x * (mask * scale).astype(x.dtype)
    return out, {"mask": mask, "scale": scale, "train": train, "out": out, "rng": rng, "p": p}


def draws_at_test_too(x, p, rng, *, train):
    _, cache = remembering(x, p, rng, train=True)
    return (cache["out"] if train else x), cache


LATEST = {}


def remembering_globally(x, p, rng, *, train):
    out, LATEST["cache"] = remembering(x, p, rng, train=train)
    return out, None


def right(dout, cache):
    return (dout * cache["mask"] * cache["scale"]).astype(dout.dtype)


def new_mask(dout, cache):
    if not cache["train"]:
        return dout
    return right(dout, {**cache, "mask": cache["rng"].random(dout.shape) >= cache["p"]})


def of_the_latest(dout, cache):
    return right(dout, LATEST["cache"])


def mask_forgotten(dout, cache):
    return dout


def scale_forgotten(dout, cache):
    return dout * cache["mask"]


def scaled_twice(dout, cache):
    return right(dout, cache) * cache["scale"]


def scaled_by_keep(dout, cache):
    return dout * cache["mask"] / cache["scale"]


def scaled_without_mask(dout, cache):
    return dout * cache["scale"]


def opposite_mask(dout, cache):
    return right(dout, {**cache, "mask": ~cache["mask"]}) if cache["train"] else dout


def multiplied_by_out(dout, cache):
    return dout * cache["out"] if cache["train"] else dout


def without_dout(dout, cache):
    return right(np.ones_like(dout), cache) if cache["train"] else dout


def mask_from_output(dout, cache):
    return right(dout, {**cache, "mask": cache["out"] != 0}) if cache["train"] else dout


def scales_at_test(dout, cache):
    return right(dout, {**cache, "scale": 1 / (1 - cache["p"])})


def caching_the_mask(x, p, rng, *, train):
    mask = np.ones_like(x) if not train else (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)
    return x * mask, mask


def into_the_mask(dout, mask):
    mask *= dout
    return mask.copy()


def of_a_closure(x, p, rng, *, train):
    """The cache is the backward itself."""
    kept = rng.random(x.shape) < 1 - p if train else np.ones(x.shape, bool)
    by = 1 - p if train else 1

    def back(dout):
        return np.where(kept, dout / by, np.zeros_like(dout))

    return np.where(kept, x / by, np.zeros_like(x)), back


def call_the_closure(dout, cache):
    return cache(dout)


def of_indices(x, p, rng, *, train):
    """The cache lists where units were dropped."""
    if not train:
        return x, ("test",)
    dropped = np.flatnonzero(rng.uniform(size=x.size) < p)
    out = (x / (1 - p)).ravel()
    out[dropped] = 0
    return out.reshape(x.shape), ("train", dropped, p)


def by_indices(dout, cache):
    if cache[0] == "test":
        return dout.copy()
    dx = (dout / (1 - cache[2])).ravel()
    dx[cache[1]] = 0
    return dx.reshape(dout.shape)


def of_a_seed(x, p, rng, *, train):
    """The cache is a seed: the backward draws the same mask again."""
    seed = int(rng.integers(2**62))
    drop = p if train else 0.0
    mask = (np.random.default_rng(seed).random(x.shape) >= drop).astype(x.dtype)
    return x * mask * (1 / (1 - drop)), [seed, drop]


def drawn_again(dout, cache):
    seed, drop = cache
    mask = (np.random.default_rng(seed).random(dout.shape) >= drop).astype(dout.dtype)
    return mask / (1 - drop) * dout


WRONG = {
    "new_mask": (remembering, new_mask),
    "last_forward": (remembering_globally, of_the_latest),
    "mask_forgotten": (remembering, mask_forgotten),
    "scale_forgotten": (remembering, scale_forgotten),
    "scaled_twice": (remembering, scaled_twice),
    "scaled_by_keep": (remembering, scaled_by_keep),
    "scaled_without_mask": (remembering, scaled_without_mask),
    "opposite_mask": (remembering, opposite_mask),
    "multiplied_by_out": (remembering, multiplied_by_out),
    "without_dout": (remembering, without_dout),
    "mask_from_output": (remembering, mask_from_output),
    "active_at_test": (draws_at_test_too, right),
    "scales_at_test": (remembering, scales_at_test),
    "changes_cache": (caching_the_mask, into_the_mask),
}
TYPICAL = [((15, 20), 0.4)]

EXERCISE = Procedure(
    functions=("dropout_forward", "dropout_backward"),
    ask=ask,
    cases=[
        Case(
            "dx is dout times what the forward multiplied x by",
            property="each",
            calls=[*TYPICAL, ((40, 30), 0.8)],
            weight=3,
        ),
        Case(
            "any shape: vectors, images, one sample, one feature",
            property="each",
            calls=[((300,), 0.4), ((5, 4, 5, 3), 0.4), ((1, 300), 0.3), ((300, 1), 0.3), ((1, 1), 0.4)],
        ),
        Case(
            "after a test pass dx is dout",
            property="each",
            calls=[*TYPICAL, ((3, 4, 5, 6), 0.8)],
            train=False,
            weight=2,
        ),
        Case("p = 0 passes all, p = 0.99 nearly nothing", property="each", calls=[((100, 100), 0.99), ((3, 5), 0.0)]),
        Case("units whose x is 0 are dropped and kept like all others", property="zeros", calls=[((30, 60), 0.4)]),
        Case(
            "forward, forward, backward, backward: each backward belongs to its forward",
            property="turns",
            calls=TYPICAL,
            weight=2,
        ),
        Case("float32 in, float32 out", property="each", calls=TYPICAL, dtype="float32"),
        Case("leaves dout as it was", property="inputs", calls=TYPICAL),
    ],
    mistakes=[Mistake(name, functions, SENTENCES[name]) for name, functions in WRONG.items()],
    alternatives=[(of_a_closure, call_the_closure), (of_indices, by_indices), (of_a_seed, drawn_again)],
    hints=[
        "For fixed draws, out is x times a constant array. What is the derivative of that?",
        "The same array: mask / (1 - p). The forward has it; the cache brings it here. What does a test pass multiply by?",
        "`return dout if cache is None else dout * cache`, when the forward returns `None` at test time and its scaled mask "
        "in training.",
    ],
)
