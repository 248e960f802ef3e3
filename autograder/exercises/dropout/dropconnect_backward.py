"""dropconnect_backward: gradients of a dense layer some of whose weights were dropped.

With S = mask / (1 - p): dx = dout @ (W * S).T, dW = (x.T @ dout) * S, db = sum of dout over the batch (Wan et al. 2013,
section 3). Reference: autograd through x @ (W * S) + b, where S is read off the answer of the student's own forward.
"""

import numpy as np
import torch

from autograder.exercises.dropout import _weights
from autograder.exercises.dropout._noise import (
    IN_PLACE,
    as_like,
    bernoulli,
    draw_x,
    generator,
    report,
    surely,
    unchanged,
)
from autograder.exercises.dropout.dropconnect_forward import LAYER, draw
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script
from autograder.judge.compare import RTOL

NAMES = ("dx", "dW", "db")
SENTENCES = {
    "dx_with_all_weights": "dx goes through all of W. The signal went through the masked weights: dx = dout @ (W * mask / (1 - p)).T.",
    "dx_not_scaled": "dx goes through the masked weights, but without 1 / (1 - p): the forward scaled them.",
    "dW_not_masked": "dW is not masked. A dropped weight had no effect: its gradient is 0, and the others' is scaled by 1 / (1 - p).",
    "dW_not_scaled": "dW is masked but not scaled: W was multiplied by mask / (1 - p), so its gradient is too.",
    "dW_scaled_not_masked": "dW is scaled but not masked. A dropped weight had no effect: its gradient is 0.",
    "dW_scaled_twice": "dW is divided by 1 - p twice. Once is enough.",
    "backward_without_mask": "dx and dW are those of a plain dense layer. The weights were masked and scaled: dx goes through W * mask / "
    "(1 - p), and dW is multiplied by mask / (1 - p).",
    "scale_forgotten": "dx and dW are masked, but 1 / (1 - p) is missing in both: the forward scaled the weights.",
    "new_mask": "The backward draws a mask of its own. Put the forward's into the cache.",
    "last_forward": "The backward uses what the latest forward left, whichever cache it is given. All it needs belongs in the cache, "
    "not in a global variable.",
    "db_scaled": "db is scaled by 1 / (1 - p). b was added as it is: db is the sum of dout over the batch.",
    "averaged": "dW and db are averaged over the batch. Every sample uses the same W and b: their contributions add up; a 1/N, if there "
    "is one, comes with dout.",
    "db_averaged": "db is averaged over the batch. Every sample uses the same b: sum.",
    "active_at_test": "After a forward with train=False the gradients are still masked. No weight was dropped there.",
    "changes_cache": "The backward writes into its cache, and gives another answer when it is called again. Make new arrays.",
}


def say(mistake):
    return Finding(SENTENCES[mistake], mistake)


def factors_of(arrays, out, p, train):
    """What the student's forward multiplied W by, or a finding."""
    factors = _weights.read(LAYER, arrays, [out], p)
    if isinstance(factors, Finding):
        return Finding("dropconnect_forward is not right yet: see its own check")
    if not train or p == 0:
        right = (np.abs(factors - 1) < 1e-5).all()
        return (
            np.ones_like(factors)
            if right
            else Finding("dropconnect_forward has to use all of W here: see its own check")
        )
    kept = factors != 0
    if (kept.all() and surely(kept.size, 1 - p)) or (not kept.any() and surely(kept.size, p)):
        return Finding("dropconnect_forward drops nothing or everything: see its own check")
    # One number for all that are kept, without the rounding of having been read off.
    return np.where(kept, np.median(factors[kept]), 0.0) if kept.any() else factors


def gradients(x, W, b, dout, factors):
    """dx, dW, db by autograd."""
    x, W, b = (torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in (x, W, b))
    out = x @ (W * torch.tensor(factors)) + b
    return [g.numpy() for g in torch.autograd.grad(out, (x, W, b), torch.tensor(dout, dtype=torch.float64))]


def answers(x, W, b, dout, factors):
    """What each mistake gives, by its name."""
    dx, dW, db = gradients(x, W, b, dout, factors)
    plain_dx, plain_dW, _ = gradients(x, W, b, dout, np.ones_like(factors))
    kept, scale, n = factors != 0, np.abs(factors).max(), len(x)
    return {
        "dx_with_all_weights": (plain_dx, dW, db),
        "dx_not_scaled": (dx / scale, dW, db),
        "dW_not_masked": (dx, plain_dW, db),
        "dW_not_scaled": (dx, plain_dW * kept, db),
        "dW_scaled_not_masked": (dx, plain_dW * scale, db),
        "dW_scaled_twice": (dx, dW * scale, db),
        "backward_without_mask": (plain_dx, plain_dW, db),
        "scale_forgotten": (dx / scale, plain_dW * kept, db),
        "db_scaled": (dx, dW, db * scale),
        "averaged": (dx, dW / n, db / n),
        "db_averaged": (dx, dW, db / n),
    }


def gradient_findings(values, arrays, dout, factors, train=True):
    """What is wrong with dx, dW and db."""
    x, W, b = arrays
    read = [as_like(value, like, name, name[1:]) for value, like, name in zip(values, arrays, NAMES, strict=True)]
    for got in read:
        if isinstance(got, Finding):
            return [got]
    rtol = RTOL[x.dtype.name]
    x, W, b, dout = (array.astype(np.float64) for array in (x, W, b, dout))
    # Sums over the batch cancel: rounding is as large as their terms.
    terms = gradients(np.abs(x), np.abs(W), b, np.abs(dout), np.maximum(factors, 1.0))

    def same(wanted):
        pairs = zip(read, wanted, terms, strict=True)
        return [bool((np.abs(got - w) <= rtol * size.max()).all()) for got, w, size in pairs]

    right = same(gradients(x, W, b, dout, factors))
    if all(right):
        return []
    if len(x) > 1 and not (factors == 0).all():
        names = [name for name, wanted in answers(x, W, b, dout, factors).items() if all(same(wanted))]
        if len(names) == 1:
            return [say(names[0])]
        ratio = read[1] / (x.T @ dout)
        others = ratio[ratio != 0]
        masked = ratio.size > others.size > 0 and np.ptp(others) < 1e-3 * abs(others[0])
        if masked and ratio.size >= 100 and right[2] and not np.array_equal(ratio != 0, factors != 0):
            return [say("new_mask" if train else "active_at_test")]
    wrong = NAMES[right.index(False)]
    return [Finding(f"{wrong} is not the gradient of what the forward did")]


def ask(case, rng):
    """Forwards, then their backwards; with `turns` of two forwards, and the first backward a second time."""
    script, dtype, train = Script(), case.get("dtype", "float64"), case.get("train", True)
    turns, watch, calls = case.get("turns"), case.get("inputs"), case.get("calls")
    shared = generator(script, rng)
    drawn, outs, caches, sent = [], [], [], []
    for shape, p in calls:
        arrays = draw(rng, shape, dtype)
        dout = draw_x(rng, (len(arrays[0]), shape[1]), dtype)[0]
        drawn.append((arrays, dout, p))
        sent.append([script.put(array) for array in (*arrays, dout)] if watch else [*arrays, dout])
        out, cache = script.call(0, *sent[-1][:3], p, shared, train=train, unpack=2, note="in dropconnect_forward")
        outs.append(out)
        caches.append(cache)
    report(script, outs)
    results = [script.call(1, given[3], cache, unpack=3) for given, cache in zip(sent, caches, strict=True)]
    for result in results:
        report(script, result)
    if turns:
        report(script, script.call(1, sent[0][3], caches[0], unpack=3))
    if watch:
        report(script, sent[0])

    def findings(values):
        outs, rest = values[: len(drawn)], values[len(drawn) :]
        factors = [factors_of(arrays, out, p, train) for (arrays, _, p), out in zip(drawn, outs, strict=True)]
        for one in factors:
            if isinstance(one, Finding):
                return [one]
        for k, (arrays, dout, _) in enumerate(drawn):
            found = gradient_findings(rest[3 * k : 3 * k + 3], arrays, dout, factors[k], train)
            if found and turns and k == 0:
                x, W, b = drawn[1][0]
                if not gradient_findings(rest[:3], (x, W, b), dout, factors[1]):
                    return [say("last_forward")]
            if found:
                return found
        rest = rest[3 * len(drawn) :]
        arrays, dout, _ = drawn[0]
        if turns and gradient_findings(rest, arrays, dout, factors[0]):
            return [say("changes_cache")]
        if watch and not unchanged(rest[3], dout):
            return [Finding(IN_PLACE.format(f="dropconnect_backward"), "in_place")]
        if watch and not all(unchanged(after, array) for after, array in zip(rest, arrays, strict=False)):
            return [Finding("x, W or b is changed by the calls: make new arrays", "in_place")]
        return []

    text = f"dropconnect_forward(x, W, b, {calls[0][1]:g}, rng, train={train}), then dropconnect_backward(dout, cache)"
    return Probe(script, text, findings=findings)


def remembering(x, W, b, p, rng, *, train):
    """A right forward that caches all there is."""
    mask = bernoulli(W.shape, p if train else 0.0, rng).astype(W.dtype)
    scale = 1 / (1 - p) if train else 1.0
    return x @ (W * mask * scale) + b, (x, W, mask, scale, rng, p)


def masked_at_test_too(x, W, b, p, rng, *, train):
    out, (_, _, mask, *_) = remembering(x, W, b, p, rng, train=True)
    return (out if train else x @ W + b), (x, W, mask, 1 / (1 - p), rng, p)


LATEST = {}


def remembering_globally(x, W, b, p, rng, *, train):
    out, LATEST["cache"] = remembering(x, W, b, p, rng, train=train)
    return out, None


def right(dout, cache):
    x, W, mask, scale, *_ = cache
    return dout @ (W * mask * scale).T, (x.T @ dout) * mask * scale, dout.sum(0)


def of_the_latest(dout, cache):
    return right(dout, LATEST["cache"])


def dx_with_all_weights(dout, cache):
    return dout @ cache[1].T, *right(dout, cache)[1:]


def dx_not_scaled(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx / cache[3], dW, db


def dW_not_masked(dout, cache):
    dx, _, db = right(dout, cache)
    return dx, cache[0].T @ dout, db


def dW_not_scaled(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW / cache[3], db


def dW_scaled_not_masked(dout, cache):
    dx, _, db = right(dout, cache)
    return dx, cache[0].T @ dout * cache[3], db


def dW_scaled_twice(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW * cache[3], db


def backward_without_mask(dout, cache):
    return dout @ cache[1].T, cache[0].T @ dout, dout.sum(0)


def scale_forgotten(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx / cache[3], dW / cache[3], db


def new_mask(dout, cache):
    x, W, _, scale, rng, p = cache
    mask = bernoulli(W.shape, p if scale != 1 else 0.0, rng).astype(W.dtype)
    return right(dout, (x, W, mask, scale))


def db_scaled(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW, db * cache[3]


def averaged(dout, cache):
    dx, dW, db = right(dout, cache)
    return dx, dW / len(dout), db / len(dout)


def db_averaged(dout, cache):
    dx, dW, _ = right(dout, cache)
    return dx, dW, dout.mean(0)


def into_the_mask(dout, cache):
    x, W, mask, scale, *_ = cache
    dx, db = dout @ (W * mask * scale).T, dout.sum(0)
    mask *= x.T @ dout
    return dx, mask * scale, db


def caching_weights(x, W, b, p, rng, *, train):
    """The cache a dict of x, the weights that were used, and the factors."""
    factors = np.ones_like(W)
    if train:
        factors[rng.uniform(size=W.shape) < p] = 0
        factors *= 1 / (1 - p)
    weights = factors * W
    return [x @ weights + b, {"x": x, "weights": weights, "factors": factors}]


def from_weights(dout, cache):
    dW = np.einsum("nd,nm,dm->dm", cache["x"], dout, cache["factors"])
    return [np.inner(dout, cache["weights"]), dW, np.ones(len(dout), dout.dtype) @ dout]


def caching_a_closure(x, W, b, p, rng, *, train):
    kept = rng.random(W.shape) >= p if train else np.full(W.shape, True)
    by = 1 - p if train else 1.0
    used = np.where(kept, W / by, np.zeros_like(W))

    def back(dout):
        dW = np.where(kept, (dout.T @ x).T / by, np.zeros_like(W))
        return (used @ dout.T).T, dW, np.add.reduce(dout, axis=0)

    return x @ used + b, back


def call_the_closure(dout, cache):
    return cache(dout)


def caching_a_copy(x, W, b, p, rng, *, train):
    p = p if train else 0.0
    kept = (rng.random(W.shape) >= p).astype(W.dtype)
    return np.dot(x, kept * W) / (1 - p) + b, (x.copy(), W.copy(), kept, p)


def sample_by_sample(dout, cache):
    x, W, kept, p = cache
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(dout[0])
    for n in range(len(x)):
        dx[n] = (kept * W) @ dout[n] / (1 - p)
        dW += np.outer(x[n], dout[n])
        db += dout[n]
    return dx, dW * kept / (1 - p), db


WRONG = {
    "dx_with_all_weights": (remembering, dx_with_all_weights),
    "dx_not_scaled": (remembering, dx_not_scaled),
    "dW_not_masked": (remembering, dW_not_masked),
    "dW_not_scaled": (remembering, dW_not_scaled),
    "dW_scaled_not_masked": (remembering, dW_scaled_not_masked),
    "dW_scaled_twice": (remembering, dW_scaled_twice),
    "backward_without_mask": (remembering, backward_without_mask),
    "scale_forgotten": (remembering, scale_forgotten),
    "new_mask": (remembering, new_mask),
    "last_forward": (remembering_globally, of_the_latest),
    "db_scaled": (remembering, db_scaled),
    "averaged": (remembering, averaged),
    "db_averaged": (remembering, db_averaged),
    "active_at_test": (masked_at_test_too, right),
    "changes_cache": (remembering, into_the_mask),
}
BATCH = (8, 60)

EXERCISE = Procedure(
    functions=("dropconnect_forward", "dropconnect_backward"),
    ask=ask,
    cases=[
        Case("dx, dW and db with the forward's mask", calls=[(BATCH, 0.4)], weight=3),
        Case("other shapes and rates", calls=[((20, 25), 0.2), ((12, 40), 0.8)], weight=2),
        Case("one sample with one input", calls=[((1, 300), 0.4)]),
        Case("after a test pass: a plain dense layer", calls=[(BATCH, 0.4), ((5, 70), 0.8)], train=False, weight=2),
        Case("p = 0 drops nothing, p = 0.99 nearly all", calls=[((20, 500), 0.99), ((5, 70), 0.0)]),
        Case(
            "forward, forward, backward, backward: each backward belongs to its forward",
            calls=[(BATCH, 0.4), (BATCH, 0.4)],
            turns=True,
            weight=2,
        ),
        Case("float32 in, float32 out", calls=[(BATCH, 0.4)], dtype="float32"),
        Case("leaves x, W, b and dout as they were", calls=[(BATCH, 0.4)], inputs=True),
    ],
    mistakes=[Mistake(name, functions, SENTENCES[name]) for name, functions in WRONG.items()],
    alternatives=[
        (caching_weights, from_weights),
        (caching_a_closure, call_the_closure),
        (caching_a_copy, sample_by_sample),
    ],
    hints=[
        "Call the weights that were used V = W * mask / (1 - p). What are the gradients of x @ V + b in x, V and b?",
        "dx = dout @ V.T, dV = x.T @ dout, db sums dout over the batch. The last step is from V to W: V is W times a constant "
        "array.",
        "`x, W, scaled = cache`; `dx = dout @ (W * scaled).T`; `dW = (x.T @ dout) * scaled`; `db = dout.sum(axis=0)`.",
    ],
)
